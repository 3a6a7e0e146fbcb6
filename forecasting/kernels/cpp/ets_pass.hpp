// One pass of the filter and its sensitivities over a series: what every fit is made of.
#pragma once

#include <cstdint>

#include "ets_model.hpp"

namespace forecasting::ets {

// Sums over the values up to a stop. J_t is the derivative of the error (relative error, for M) by the
// parameters. The upper blocks of four of `gram` are filled, row by row of `width` numbers.
struct Sums {
    double *gram;   // sum J_t J_t', (width, width)
    double *slope;  // sum J_t e_t, (width)
    double *drift;  // sum (d mu_t / dz) / mu_t, (width); multiplicative error only
    double *state;  // l, b, s after the stop; s_j still lies where it will be used, j = t mod m
    double squares;    // sum e_t^2
    double log_means;  // sum log mu_t; multiplicative error only
    std::int64_t n;    // values that were not missing
    bool valid;        // false if a mean, level or season was not positive before the stop and must be
};

// How many doubles the arrays of one Sums take.
inline std::int64_t sums_size(const Model &f) {
    return static_cast<std::int64_t>(f.width) * f.width + 2 * f.width + padded(f.n_state());
}

inline Sums place_sums(const Model &f, double *memory) {
    Sums sums{};
    sums.gram = memory;
    sums.slope = sums.gram + static_cast<std::int64_t>(f.width) * f.width;
    sums.drift = sums.slope + f.width;
    sums.state = sums.drift + f.width;
    return sums;
}

// How many doubles a pass works in.
inline std::int64_t pass_size(const Model &f) {
    return static_cast<std::int64_t>(f.width) * (f.width + 4 + 2 + 2 + f.m) + padded(f.n_state());
}

// Filter y[0:stops[n_stops - 1]] at z and fill sums[k] with what was seen in y[0:stops[k]]; stops ascend.
// Missing values (NaN) leave the states to their trend and add nothing. What is in sums[k] has the same
// bits whatever the other stops are.
void pass(const Model &f, const double *z, const double *y, const std::int64_t *stops, std::int64_t n_stops,
          Sums *sums, double *work);

// The filter alone: moves `state` over y[0:n] (s_j is used at times j, j + m, ... counted from `phase`), and
// writes the one-step means if `means` is not null. Returns false if a mean that must be positive is not.
bool filter(const Model &f, double alpha, double beta, double gamma, double phi, const double *y,
            std::int64_t n, std::int64_t phase, double *state, double *means);

}  // namespace forecasting::ets
