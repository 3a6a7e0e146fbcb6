// Loops over rows of lanes that the pass is made of. A row is `width` doubles, a multiple of four; `stride` is
// the way to the next row, negative to go backwards in time.
#pragma once

#include <cstdint>

#include "arima_model.hpp"

namespace forecasting::arima {

// row t += sum_k weight_k row (t - lag_k), for t = 0 .. n - 1; rows before `x` are read.
void recurse(double *x, std::int64_t stride, std::int64_t n, int width, const Term *terms, int n_terms);

// out row t += x row t - sum_k weight_k x row (t - lag_k).
void filter(const double *x, double *out, std::int64_t stride, std::int64_t n, int width, const Term *terms,
            int n_terms);

// v row t = (x row t - sum_{i=1..t} predictors[t * span + i - 1] x row (t - i)) * scale[t], t = 0 .. n - 1.
void predict_head(const double *x, double *v, std::int64_t n, int width, const double *predictors, int span,
                  const double *scale);

// out (n_left, width) = left' right, over n rows of `left_width` and `width`; `triangle` leaves out what lies
// left of the block of the diagonal.
void cross(const double *left, int n_left, int left_width, const double *right, int width, std::int64_t n,
           bool triangle, double *out);

// out row t = by[t] * shared + sum_{i < n_inner} x[t][i] * matrix row i.
void spread_rows(const double *x, std::int64_t n, int width, int n_inner, const double *matrix,
                 const double *by, const double *shared, double *out);

// Symmetric elimination of the upper triangle g (size rows of width) into u = D L'.
void eliminate(const double *g, int size, int width, double *u);

// row i -= sum_{k < i} (u_ki / u_kk) row k: L^-1 times the rows.
void substitute(const double *u, int u_width, int size, double *rows, int width);

double dot(const double *a, const double *b, std::int64_t n);

// out[k] = a . (x, lag_k rows earlier), over n doubles.
void dots(const double *a, const double *x, int width, std::int64_t n, const Term *terms, int n_terms,
          double *out);

// out[t] = row t . by, for n rows.
void project_rows(const double *x, std::int64_t n, int width, const double *by, double *out);

}  // namespace forecasting::arima
