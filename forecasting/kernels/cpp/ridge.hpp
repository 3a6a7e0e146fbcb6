// Ridge regression whose penalty is chosen by leave-one-out, all penalties in one pass over the rows.
#pragma once

#include <cstdint>
#include <vector>

#include "lanes.hpp"

namespace forecasting::ridge {

// Penalties 0.1 * 2.5^k, k = 0..9, in three blocks of lanes; the last two lanes repeat the largest.
constexpr int kPenalties = 10, kBlocks = 3, kPenaltyLanes = kBlocks * kLanes4;

struct Choice {
    double penalty;
    double rms;  // of the leave-one-out errors
};

// min sum (y - x b)^2 + penalty b'b over the columns of x, the penalty with the least sum of squared
// leave-one-out errors (y_t - x_t b) / (1 - h_t), h_t = x_t' (X'X + penalty)^-1 x_t.
//
// X'X = H T H' with T tridiagonal (Householder) serves every penalty: what is left of a fit, and of the
// leverage of a row H'x_t, is one forward pass through the factors of T + penalty.
class Fitter {
public:
    // x: (n_rows, width), columns d .. width - 1 are zero; width = padded(d). coefficients: (d).
    Choice fit(const double *x, const double *y, std::int64_t n_rows, int d, double *coefficients);

private:
    void tridiagonal(int d, int width);

    std::vector<double> gram_, slope_, turn_, diagonal_, off_, v_, w_, rows_, factors_;
};

}  // namespace forecasting::ridge
