// The Theta family: four models, each the exact optimum of its window. Notation and sources:
// forecasting/kernels/mathematics.py, THETA.
#pragma once

#include <cstdint>

#include "windows.hpp"

namespace forecasting::theta {

enum Model : int { kStandard = 0, kOptimised = 1, kDynamicStandard = 2, kDynamicOptimised = 3 };

constexpr bool is_optimised(int model) { return model % 2 == 1; }
constexpr bool is_dynamic(int model) { return model >= 2; }

enum Deseasonalise : int { kNever = 0, kAlways = 1, kIfSignificant = 2 };
enum Season : int { kNone = 0, kAdditive = 1, kMultiplicative = 2 };
enum Outcome : int { kEmpty = -1, kFitted = 0, kTooShort = 1, kNotFinite = 2 };

// Bounds of the smoothing weight, and of omega = 1 - 1 / theta for theta in [1, 1e10]; as in statsforecast.
constexpr double kLowestAlpha = 0.1, kHighestAlpha = 0.99, kHighestOmega = 1.0 - 1e-10;

// The objective leaves out the first errors, as in statsforecast: the line through one or two values of the
// dynamic models is no line yet.
constexpr std::int64_t kBurnIn = 3;

struct Options {
    int season_length;
    std::uint32_t models;  // bit j: try model j; the one with the least objective is kept
    int deseasonalise;     // Deseasonalise
    int decomposition;     // Season: kAdditive or kMultiplicative
    bool free_level;       // estimate the first level; else the first mean is the first value
};

// What is learned at a window: one row of doubles, the seasonal indices behind the columns. Index j belongs
// to the times j, j + m, ... counted from the start of the window.
enum Column : int {
    kOutcome, kModel, kCount, kAlpha, kOmega, kFirstLevel, kLevel, kMean, kIntercept, kSlope, kSse, kSigma,
    kSeason, kIndices
};

constexpr std::int64_t record_size(int season_length) { return kIndices + season_length; }

// Fit every window; out: (S, K, record_size).
void fit(const Windows &windows, const Options &options, std::int64_t n_threads, double *out);

// Forecast h steps after each of n records: mean and standard deviation, (n, h).
void project(const double *records, std::int64_t n, int season_length, std::int64_t h, double *mean,
             double *sd);

// Move the states of record j over values[lo[j] : hi[j]), estimating nothing.
void advance(double *records, std::int64_t n, int season_length, const double *values, const std::int64_t *lo,
             const std::int64_t *hi);

// The filter at given parameters over y[0:n]: one-step means, and a record without season. For tests and
// fitted values. Returns sum e_i^2 over i >= kBurnIn.
double filter(const double *y, std::int64_t n, int model, double alpha, double omega, double first_level,
              double *means, double *record);

}  // namespace forecasting::theta
