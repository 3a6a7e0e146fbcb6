// The best smoothing weight of one window: everything else is a closed form of it.
#pragma once

#include <cstdint>
#include <vector>

#include "theta.hpp"

namespace forecasting::theta {

// A solution: the weight, the best omega and first mean there, and the state they end in.
struct Solution {
    double alpha;
    double omega;
    double first_error;  // y_0 - mu_0
    double last_error;   // y_{n-1} - (level before it), the line left out; see Path
    double sse;          // sum e_i^2 over i >= kBurnIn
};

// What the filter reads of a series, whatever the weight. With a_i, b_i the line known before y_i:
struct Path {
    std::int64_t n = 0;
    bool dynamic = false;
    double origin = 0.0;          // what `height` is counted from: a_0 + b_0
    double noise = 0.0;           // sums of squares below this are rounding
    std::vector<double> step{};   // y_i - y_{i-1}; step[0] is not read
    std::vector<double> slope{};  // b_i; dynamic models only
    std::vector<double> height{};  // a_i + b_i - origin; dynamic models only
    double mean = 0.0, intercept = 0.0, last_slope = 0.0;  // of the line known after y_{n-1}

    // Read y[0:size], size >= 4, for a model whose line moves on with the data, or stays.
    void read(const double *y, std::int64_t size, bool moving);

  private:
    void need(std::int64_t n);
    std::vector<double> inverse_{}, spread_{};  // 1 / k and 12 / (k (k^2 - 1)), the same for all windows
};

// What is estimated beside the weight. What is not stays at mu_0 = y_0, at omega = 1/2.
struct Free {
    bool level;
    bool omega;
};

// base^exponent by products, which every machine rounds alike.
double power(double base, std::int64_t exponent);

// The best of all weights.
Solution search(const Path &path, Free free);

}  // namespace forecasting::theta
