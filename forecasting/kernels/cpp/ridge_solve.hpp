// Sums of products of rows, and the ridge regressions of several right-hand sides that are solved from them.
//
// A matrix has p columns of the regression, then m right-hand sides; `width` doubles a row. What is computed of one
// right-hand side has the same bits whatever the others are.
#pragma once

#include <cstdint>

namespace forecasting::ridge {

// Rows that are added to a matrix, or taken off it, in one sweep over it.
constexpr int kBlock = 8;
// Right-hand sides at most.
constexpr int kSides = 16;

// upper[i][j] += sum_r rows[r][i] rows[r][j] for i < p, i <= j < p + m, row by row in their order: the bits do not
// depend on how the rows are cut into blocks. rows: (n_rows, width), n_rows <= kBlock.
void add_products(const double *rows, int n_rows, int p, int m, int width, double *upper);

// From [A G] with A positive definite, its upper half given, to [U U'^-1 G], U'U = A. A pivot that is rounding noise
// takes its column out: inverse, 1 / U_kk, is zero there, and so is its coefficient.
void factorise(double *upper, int p, int m, int width, double *inverse);

// From [U U'^-1 G] to [U A^-1 G].
void substitute(double *upper, const double *inverse, int p, int m, int width);

// to += from * times, n numbers.
void add_scaled(const double *from, double times, std::int64_t n, double *to);

// error = row - level; level += alpha * error: one step of the filter that whitens, n columns. A level nearer to zero
// than `least` becomes zero: one that fades for years would end in numbers that a processor is slow with.
void whiten(const double *row, double alpha, double least, std::int64_t n, double *level, double *error);

}  // namespace forecasting::ridge
