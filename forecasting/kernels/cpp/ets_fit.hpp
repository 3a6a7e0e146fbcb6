// Maximum likelihood for every window of a ragged batch, and forecasts from what was found. What is found at a
// window is a function of the values in that window alone, bit for bit: "Anchors" in mathematics.py.
#pragma once

#include <cstdint>

#include "ets_model.hpp"
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
    bool every;           // answer every candidate within the margin of the best, not the best alone
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

// A record without the first states; the last ones are the tail of both.
constexpr std::int64_t short_size(int season_length) { return kStates + 2 + season_length; }

// out: (S, K, record_size); with `every`, (S, K, candidates, short_size), candidates by their number.
void fit(const Windows &w, const Options &options, std::int64_t n_threads, double *out);

// Records in a row, of either size.
struct Records {
    std::int64_t n, width;
    int season_length;

    std::int64_t last_states() const { return width - 2 - season_length; }
};

// mean, sd: (n, h), from n records. sd is NaN where it has no closed form.
void project(const double *records, const Records &shape, std::int64_t h, double *mean, double *sd);

// Move the last states of n records over values[lo[i]:hi[i]), parameters kept.
void advance(double *records, const Records &shape, const double *values, const std::int64_t *lo,
             const std::int64_t *hi);

// What a candidate of n groups of records weighs in its group, (n, group): exp(-d / temperature), d the
// criterion less the least one of the group, divided by their sum; 0 where it was not fitted.
void weigh(const double *records, const Records &shape, std::int64_t group, Criterion criterion,
           double temperature, double *weights);

// mean, sd: (n, h) of the mixtures of n groups of records.
void mix(const double *records, const double *weights, const Records &shape, std::int64_t group,
         std::int64_t h, double *mean, double *sd);

// What an information criterion adds to -2 log L.
double penalty(const Model &f, std::int64_t n, Criterion criterion);

}  // namespace forecasting::ets
