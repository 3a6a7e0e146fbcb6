// Exponentially weighted empirical quantiles, several curves averaged. Formulas:
// forecasting/models/weighted_quantiles.py.
#pragma once

#include <cstdint>

#include "windows.hpp"

namespace forecasting::quantiles {

// Steps after an inner origin that its forecasts are scored on, at most; fewer where the history is short.
constexpr std::int64_t kOrigins = 4, kScored = 28;
// Pinball losses of the probabilities (2 i + 1) / (2 kScores).
constexpr int kScores = 20;

struct Options {
    std::int64_t season_length;
    std::int64_t longest;         // rows before a stop that count
    const double *alphas;         // (n_alphas)
    std::int64_t n_alphas;
    const double *season_weights;  // (n_season_weights), of the values at the same point of the season
    std::int64_t n_season_weights;
    double floor, power;  // a curve's weight: (loss / mean loss + floor)^-power

    std::int64_t n_curves() const { return n_alphas * n_season_weights; }
};

// weights: (S, K, n_curves), curve (a, s) at a * n_season_weights + s; mean: (S, K, h); found: (S, K, h, n_probs).
// A window in which nothing was seen is NaN.
void forecast(const Windows &windows, const Options &options, std::int64_t h, const double *probs,
              std::int64_t n_probs, std::int64_t n_threads, double *weights, double *mean, double *found);

}  // namespace forecasting::quantiles
