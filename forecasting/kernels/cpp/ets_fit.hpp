// Maximum likelihood for every window of a ragged batch, and forecasts from what was found. What is found at a
// window is a function of the values in that window alone, bit for bit: "Anchors" in mathematics.py.
#pragma once

#include <cstdint>

#include "windows.hpp"

namespace forecasting::ets {

enum class Criterion : int { aicc = 0, aic = 1, bic = 2 };

struct Options {
    int season_length;
    std::uint32_t models;  // bit q: model number q is a candidate
    double lower[4];       // alpha, beta, gamma, phi
    double upper[4];
    bool tied;  // beta <= alpha and gamma <= 1 - alpha besides
    Criterion criterion;
    double anchor_ratio;  // a window is at most this many times longer than its anchor; 1: search each anew
    double tolerance;     // of -2 log L
    double margin;        // models whose criterion looks worse than the best by more are not polished
};

enum class Outcome : int { fitted = 0, empty = -1, too_short = 1, not_positive = 2, no_path = 3 };

// One record of the answer; named again in forecasting/kernels/ets.py.
enum Column : int {
    kOutcome,
    kModel,
    kCount,      // values seen
    kObjective,  // -2 log L without constants
    kRms,        // root mean square of the errors (relative, for M), divisor n
    kRatioRms,   // the same of e_t / mu_t, for additive errors around a multiplicative season
    kRange,      // largest value less smallest
    kAlpha,
    kBeta,
    kGamma,
    kPhi,
    kStates,  // l_0, b_0, s_0 .. s_{m-1}; then l, b, s after the last value, the next season first
};

constexpr std::int64_t record_size(int season_length) { return kStates + 2 * (2 + season_length); }

// out: (S, K, record_size).
void fit(const Windows &w, const Options &options, std::int64_t n_threads, double *out);

// mean, sd: (n, h), from n records. sd is NaN where it has no closed form.
void project(const double *records, std::int64_t n, int season_length, std::int64_t h, double *mean,
             double *sd);

// Move the last states of n records over values[lo[i]:hi[i]), parameters kept.
void advance(double *records, std::int64_t n, int season_length, const double *values, const std::int64_t *lo,
             const std::int64_t *hi);

}  // namespace forecasting::ets
