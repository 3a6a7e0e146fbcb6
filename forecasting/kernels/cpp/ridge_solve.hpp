// Sums of products of rows, and ridge regressions that are solved from them.
#pragma once

#include <cstdint>

namespace forecasting::ridge {

// Rows that are added to a Gram matrix in one sweep over it.
constexpr int kBlock = 8;

// upper[i * width + j] += sum_r rows[r * width + i] * rows[r * width + j], j >= i, row by row in their order: the bits
// do not depend on how the rows are cut into blocks.
void add_products(const double *rows, int n_rows, int p, int width, double *upper);

// U'U = A in place, A positive definite, its upper half given. A pivot that is rounding noise takes its column out:
// inverse, 1 / U_kk, is zero there, and so is its coefficient.
void factorise(double *upper, int p, int width, double *inverse);

// Solve U'U b = g in place.
void solve(const double *upper, const double *inverse, int p, int width, double *g);

}  // namespace forecasting::ridge
