// A Gauss-Newton step under bounds: a few bounded parameters, any number of free ones.
#pragma once

#include <cstdint>

#include "lanes.hpp"

namespace forecasting {

constexpr int kMaxBounded = 4;

// sum_j a_j x_j <= room on the step x of the bounded parameters; room >= 0, so that no step is feasible.
struct Constraint {
    double a[kMaxBounded];
    double room;
};

// Minimise g'd + d'Md/2 over the step d of `size` parameters, the first `n_bounded` (at most 4) under
// constraints. M is symmetric, rows `size` apart; its upper triangle is read. Returns the predicted decrease, or a
// negative number if M is not positive definite. A parameter whose diagonal is zero does not move. `work` holds
// step_size(size) doubles.
double bounded_step(int size, int n_bounded, const double *matrix, const double *gradient,
                    const Constraint *constraints, int n_constraints, double *step, double *work);

constexpr std::int64_t step_size(int size) {
    return static_cast<std::int64_t>(size + 1) * padded(size + 1) + size;
}

}  // namespace forecasting
