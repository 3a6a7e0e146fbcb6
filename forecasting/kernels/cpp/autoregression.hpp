// Autoregression by ridge on seasonal differences. Formulas: forecasting/models/autoregression.py.
#pragma once

#include <cstdint>
#include <vector>

#include "windows.hpp"

namespace forecasting::autoregression {

enum Logs : int { kNever = 0, kAlways = 1, kWherePositive = 2 };
enum Outcome : int { kEmpty = -1, kFitted = 0, kTooShort = 1, kNotFinite = 2, kNotPositive = 3, kBadRegressor = 4 };

constexpr std::int64_t kLeastRows = 4;

struct Options {
    int season_length;
    int n_lags;
    int logs;
    int n_regressors;
};

// Lags of the regression, ascending: 1 .. n_lags, m, m + 1.
std::vector<int> lags(const Options &options);

// What is learned at a window: one row of doubles. Behind the columns: a coefficient per lag, one per regressor
// (in units of z), the last m + (largest lag) values of z, the regressors of the last m rows (m, n_regressors).
enum Column : int { kOutcome, kLogs, kCount, kScale, kPenalty, kSigma, kLowest, kHighest, kIntercept, kCoefficients };

std::int64_t record_size(const Options &options);

// Fit every window; regressors: (rows, n_regressors), of the same rows as the values. out: (S, K, record_size).
void fit(const Windows &windows, const double *regressors, const Options &options, std::int64_t n_threads,
         double *out);

// Forecast h steps after each of n records; ahead: (n, h, n_regressors). mean: (n, h).
void project(const double *records, std::int64_t n, const Options &options, const double *ahead, std::int64_t h,
             double *mean);

// Move record j over the rows [lo[j], hi[j]), estimating nothing.
void advance(double *records, std::int64_t n, const Options &options, const double *values, const double *regressors,
             const std::int64_t *lo, const std::int64_t *hi);

}  // namespace forecasting::autoregression
