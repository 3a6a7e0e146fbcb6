// Whitened seasonal ridge regression: every window of a batch, from sums of products that windows share.
// The mathematics stand in kernels/mathematics.py. Columns of a record: kernels/seasonal_ridge.py.
#pragma once

#include <cstdint>

#include "windows.hpp"

namespace forecasting::ridge {

constexpr int kAlphas = 7, kLambdas = 3, kPairs = kAlphas * kLambdas;
constexpr double kAlpha[kAlphas] = {0.01, 0.03, 0.07, 0.15, 0.3, 0.5, 0.75};
constexpr double kLambda[kLambdas] = {0.3, 3.0, 30.0};

enum Column : int {
    kOutcome = 0,   // Outcome
    kCount,         // values that are not missing
    kLength,        // rows: the time of the next one, counted from the start of the window
    kLogged,        // 1: the regression is of log y
    kShift,         // the first value (its log), taken off before
    kLow,           // bounds that a forecast is clipped to
    kHigh,
    kSigma,         // root mean square of the one-step errors
    kStrength,      // 1 - var(errors) / var(errors + regression)
    kJudged,        // values that the weights were judged on
    kPenalty,       // geometric mean of lambda under the weights
    kWeights,                          // (kAlphas)
    kLevels = kWeights + kAlphas,      // (kAlphas)
    kRests = kLevels + kAlphas,        // (kAlphas) what the last value was off its level, decayed over a gap
    kPhis = kRests + kAlphas,          // (kAlphas) already times 0.8
    kCoefficients = kPhis + kAlphas,   // (columns), then shift and scale of each regressor
};

enum Outcome : int { kEmpty = -1, kFitted = 0, kTooShort = 1, kNotPositive = 2, kNotFinite = 3 };
enum Logs : int { kNever = 0, kAlways = 1, kIfPositive = 2 };

// The columns of a row: seasonal (the first is the constant), then days of the calendar, then regressors.
struct Design {
    const double *period;         // (n_seasonal), 0: the constant
    const std::int64_t *harmonic; // (n_seasonal)
    const std::int64_t *is_sine;  // (n_seasonal)
    const double *penalty;        // (n_seasonal + n_days)
    const double *needed;         // (n_seasonal + n_days) rows that a window must have for the column
    const double *grows;          // (n_seasonal + n_days) period whose shortness adds to the penalty, or 0
    const double *days;           // (n_rows, n_days)
    std::int64_t first_day;       // ordinal of the first row of days
    int n_seasonal, n_days, n_regressors;
    int size() const { return n_seasonal + n_days + n_regressors; }
    int record() const { return kCoefficients + size() + 2 * n_regressors; }
};

struct Options {
    Logs logs;
    std::int64_t horizon;  // steps that the weights are judged on
    std::int64_t stride;   // between the origins of the judging
    std::int64_t origins;  // at most
    std::int64_t least;    // values that a window needs
};

// The seasonal columns of one row, t steps after the start of the window.
void seasonal_row(const Design &d, std::int64_t t, double *out);

// first: ordinal of the row at starts[i]. X: (n, n_regressors). out: (S, K, record).
void fit(const Windows &w, const std::int64_t *first, const double *X, const Design &d, const Options &o,
         std::int64_t n_threads, double *out);

// first: ordinal of the first step. X: (n, h, n_regressors). mean: (n, h).
void project(const double *records, std::int64_t n, const std::int64_t *first, const double *X, const Design &d,
             std::int64_t h, double *mean);

// Move each record over values[lo[i] : hi[i]); first: ordinal of the row lo[i].
void advance(double *records, std::int64_t n, const double *values, const double *X, const std::int64_t *lo,
             const std::int64_t *hi, const std::int64_t *first, const Design &d);

}  // namespace forecasting::ridge
