// An exponential smoothing model: which components it has, and where its parameters lie in one flat vector.
// The mathematics stand in forecasting/kernels/mathematics.py.
#pragma once

#include <array>

#include "lanes.hpp"

namespace forecasting::ets {

enum class Season : int { none = 0, additive = 1, multiplicative = 2 };

// Parameters: [alpha (beta) (gamma) (phi) | l_0 (b_0) s_0 .. s_{m-2}]; those in brackets only if the model has
// the component. s_j is the seasonal state that is used at times j, j + m, ...; the last one is m (or 0,
// additive) less the others. beta and gamma are those of R: b <- phi b + beta e, s <- s + gamma e.
struct Model {
    bool relative;  // multiplicative error: e_t / mu_t is what has constant variance
    bool trend;
    bool damped;
    Season season;
    int m;  // season length, 1 without a season

    int n_smoothing;  // 1 to 4
    int beta, gamma, phi, slope, first_season;  // index, or -1; alpha is at 0
    int level;
    int size;   // parameters in all
    int width;  // size, padded to whole lanes

    // Indices of alpha, beta, gamma, phi; -1 for those the model does not have.
    std::array<int, 4> smoothing() const { return {0, beta, gamma, phi}; }
    bool seasonal() const { return season != Season::none; }
    // States before the first value: l, b, s_0 .. s_{m-1} in a fixed layout, whatever the model has.
    int n_state() const { return 2 + m; }
    // Parameters that an information criterion counts: smoothing, free states, and the variance.
    int n_counted() const { return size + 1; }
    // Whether a value of zero or less can be had.
    bool needs_positive() const { return relative || season == Season::multiplicative; }
};

// Model number: error (A 0, M 9) + trend (N 0, A 3, Ad 6) + season (N 0, A 1, M 2).
constexpr int kModels = 18;

inline Model make_model(int number, int season_length) {
    Model f{};
    f.relative = number >= 9;
    const int trend = number % 9 / 3;
    f.trend = trend > 0;
    f.damped = trend == 2;
    f.season = static_cast<Season>(number % 3);
    f.m = f.seasonal() ? season_length : 1;
    int at = 1;
    f.beta = f.trend ? at++ : -1;
    f.gamma = f.seasonal() ? at++ : -1;
    f.phi = f.damped ? at++ : -1;
    f.n_smoothing = at;
    f.level = at++;
    f.slope = f.trend ? at++ : -1;
    f.first_season = f.seasonal() ? at : -1;
    f.size = at + (f.seasonal() ? f.m - 1 : 0);
    f.width = padded(f.size);
    return f;
}

// The states before the first value that a parameter vector stands for: state[0] = l, [1] = b, [2..] = s.
inline void initial_state(const Model &f, const double *z, double *state) {
    state[0] = z[f.level];
    state[1] = f.trend ? z[f.slope] : 0.0;
    if (!f.seasonal()) {
        state[2] = 0.0;
        return;
    }
    double rest = f.season == Season::multiplicative ? f.m : 0.0;
    for (int j = 0; j < f.m - 1; ++j) rest -= state[2 + j] = z[f.first_season + j];
    state[2 + f.m - 1] = rest;
}

}  // namespace forecasting::ets
