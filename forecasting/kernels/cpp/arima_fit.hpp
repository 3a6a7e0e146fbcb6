// Maximum likelihood of ARIMA models for every window of a ragged batch, and forecasts from what was found.
// What is found at a window is a function of the values in that window alone, bit for bit: "Anchors" in
// mathematics.py.
#pragma once

#include <cstdint>

#include "arima_model.hpp"
#include "windows.hpp"

namespace forecasting::arima {

// From `regressor` on: 2 j says that regressor j is missing somewhere, 2 j + 1 that it tells nothing that the
// others, the constant and the differences do not.
enum class Outcome : int {
    fitted = 0,
    empty = -1,
    too_short = 1,
    too_many_missing = 2,
    undetermined = 3,
    regressor = 16
};

struct Options {
    double anchor_ratio;  // a window is at most this many times longer than its anchor; 1: search each anew
    double tolerance;     // of -2 log L
};

// One record of the answer; named again in forecasting/kernels/arima.py.
enum Column : int {
    kOutcome,
    kOrder,  // p, d, q, P, D, Q
    kConstant = kOrder + 6,
    kCount,         // differenced values, less the missing ones
    kObjective,     // -2 log L
    kRms,           // sqrt(S / n)
    kRange,         // largest value less smallest
    kMean,          // of the differenced series
    kCoefficients,  // ar, ma, seasonal ar, seasonal ma in the usual signs, each as long as the largest order
};

constexpr int kContender = 6;

// The largest orders that records hold.
struct Limits {
    int p, d, q, P, D, Q, m;
    int contenders = 0;  // of a choice, kept behind the coefficients: p, q, P, Q, constant, AICc each
    int regressors = 0;  // their slopes are last

    static Limits of(const Order &o) { return {o.p, o.d, o.q, o.P, o.D, o.Q, o.m, 0, o.regressors}; }
    std::int64_t contenders_at() const { return kCoefficients + p + q + P + Q; }
    std::int64_t slopes_at() const { return contenders_at() + kContender * contenders; }
    std::int64_t record_size() const { return slopes_at() + regressors; }
};

// One order for every window; regressors: (values, order.regressors). out: (S, K, record_size).
void fit(const Windows &w, const double *regressors, const Order &order, const Options &options,
         std::int64_t n_threads, double *out);

struct Choice {
    double anchor_ratio, tolerance;
    double margin;  // orders that will stay worse than the best by more are given up on the way
    bool stepwise;  // else every order within the limits
};

// The order with the least AICc for every window, differenced as tests say: "Choice of the order" in
// mathematics.py. out: (S, K, record_size).
void choose(const Windows &w, const double *regressors, const Limits &limits, const Choice &choice,
            std::int64_t n_threads, double *out);

// mean, sd: (n, h), from n records and the values of their windows, values[starts[i]:stops[i]), less the slopes
// times the regressors.
void project(const double *values, const std::int64_t *starts, const std::int64_t *stops, const double *records,
             std::int64_t n, const Limits &limits, std::int64_t h, std::int64_t n_threads, double *mean,
             double *sd);

// By how much the variances of project() grow because coefficients and constant are estimated, (n, h):
// "Estimation" in mathematics.py.
void widen(const double *values, const std::int64_t *starts, const std::int64_t *stops, const double *records,
           std::int64_t n, const Limits &limits, std::int64_t h, std::int64_t n_threads, double *ratio);

}  // namespace forecasting::arima
