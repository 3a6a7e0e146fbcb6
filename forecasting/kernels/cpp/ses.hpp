// Simple exponential smoothing with the smoothing weight chosen by least squares.
#pragma once

#include <cstddef>

namespace forecasting {

struct Bounds {
    double low;
    double high;
};

struct SesFit {
    double level;  // forecast after the last value
    double alpha;
};

// Level l_1 = x_1, l_t = l_{t-1} + alpha (x_t - l_{t-1}); alpha in the bounds minimises
// sum_{t=2..n} (x_t - l_{t-1})^2. Where the sum does not depend on alpha (n <= 2, constant x), the middle
// of the bounds. Needs n >= 1.
SesFit fit_ses(const double *x, std::size_t n, Bounds bounds);

}  // namespace forecasting
