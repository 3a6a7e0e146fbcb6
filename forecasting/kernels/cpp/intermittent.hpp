// Forecasts of intermittent demand for every window of a ragged batch. The methods, their formulas and
// sources stand in forecasting/kernels/intermittent.py.
#pragma once

#include "ses.hpp"
#include "windows.hpp"

namespace forecasting {

// out: (S, K) demand rate per period.
void croston(const Windows &w, double alpha_size, double alpha_interval, double *out);
void tsb(const Windows &w, double alpha_size, double alpha_probability, double *out);
void croston_optimised(const Windows &w, Bounds bounds, double *out);
void adida(const Windows &w, Bounds bounds, double *out);
void imapa(const Windows &w, Bounds bounds, double *out);

// out: (S, K, 2) level and weight.
void ses_optimised(const Windows &w, Bounds bounds, double *out);

}  // namespace forecasting
