#include "arima_model.hpp"

#include <algorithm>
#include <cmath>

namespace forecasting::arima {

void multiply(const double *near, int n_near, const double *far, int n_far, int m, std::vector<Term> &terms) {
    terms.clear();
    for (int i = 0; i < n_near; ++i) terms.push_back({i + 1, near[i], i, -1});
    for (int j = 0; j < n_far; ++j) {
        terms.push_back({(j + 1) * m, far[j], -1, j});
        for (int i = 0; i < n_near; ++i) terms.push_back({(j + 1) * m + i + 1, -near[i] * far[j], i, j});
    }
}

void durbin_levinson(const double *r, int n, double *coefficients, double *jacobian) {
    double *const a = coefficients;
    if (jacobian != nullptr) std::fill(jacobian, jacobian + n * n, 0.0);
    for (int k = 0; k < n; ++k) {
        // a_i <- a_i - r_k a_{k-1-i}, in pairs from both ends.
        for (int i = 0, j = k - 1; i <= j; ++i, --j) {
            if (jacobian != nullptr) {
                double *const at_i = jacobian + i * n, *const at_j = jacobian + j * n;
                for (int l = 0; l < k; ++l) {
                    const double di = at_i[l], dj = at_j[l];
                    at_i[l] = di - r[k] * dj;
                    at_j[l] = dj - r[k] * di;
                }
                at_i[k] = -a[j];
                at_j[k] = -a[i];
            }
            const double ai = a[i], aj = a[j];
            a[i] = ai - r[k] * aj;
            a[j] = aj - r[k] * ai;
        }
        a[k] = r[k];
        if (jacobian != nullptr) jacobian[k * n + k] = 1.0;
    }
}

void difference_weights(const Order &order, std::vector<double> &weights) {
    weights.assign(static_cast<std::size_t>(order.lost()) + 1, 0.0);
    weights[0] = 1.0;
    const auto apply = [&](std::size_t lag) {
        for (std::size_t k = weights.size(); k-- > lag;) weights[k] -= weights[k - lag];
    };
    for (int i = 0; i < order.d; ++i) apply(1);
    for (int i = 0; i < order.D; ++i) apply(static_cast<std::size_t>(order.m));
}

void Sample::make(const Order &order, const double *values, const double *regressors, std::int64_t n,
                  std::int64_t anchor) {
    difference_weights(order, weights);
    const std::int64_t lost = order.lost(), rows = std::max<std::int64_t>(n - lost, 0);
    y.assign(values, values + n);
    missing.clear();
    effects.clear();
    for (std::int64_t t = 0; t < n; ++t) {
        if (!std::isnan(y[t])) continue;
        y[t] = t > 0 ? y[t - 1] : 0.0;
        for (std::int64_t k = 0; k <= lost; ++k) {
            const double weight = weights[k];
            const std::int64_t row = t + k - lost;
            if (weight == 0.0 || row < 0 || row >= rows) continue;
            effects.push_back({row, static_cast<int>(missing.size()), weight});
        }
        missing.push_back(t);
    }
    std::stable_sort(effects.begin(), effects.end(),
                     [](const Effect &a, const Effect &b) { return a.row < b.row; });
    w.assign(static_cast<std::size_t>(rows), 0.0);
    for (std::int64_t k = 0; k <= lost; ++k) {
        const double weight = weights[k];
        if (weight == 0.0) continue;
        const double *const from = y.data() + (lost - k);
        for (std::int64_t t = 0; t < rows; ++t) w[t] += weight * from[t];
    }
    centre = 0.0;
    const std::int64_t first = std::min(rows, std::max<std::int64_t>(anchor - lost, 1));
    for (std::int64_t t = 0; t < first; ++t) centre += w[t] / static_cast<double>(first);
    const int n_x = order.regressors;
    x.assign(static_cast<std::size_t>(rows * n_x), 0.0);
    for (std::int64_t k = 0; k <= lost && n_x > 0; ++k) {
        const double weight = weights[k];
        if (weight == 0.0) continue;
        const double *const from = regressors + (lost - k) * n_x;
        for (std::int64_t i = 0; i < rows * n_x; ++i) x[i] += weight * from[i];
    }
    x_centres.assign(static_cast<std::size_t>(n_x), 0.0);
    x_sizes.assign(static_cast<std::size_t>(n * n_x), 0.0);
    for (int j = 0; j < n_x; ++j) {
        for (std::int64_t t = 0; t < first; ++t) x_centres[j] += x[t * n_x + j] / static_cast<double>(first);
        double largest = 0.0;
        for (std::int64_t t = 0; t < n; ++t) {
            x_sizes[t * n_x + j] = largest = std::fmax(largest, std::fabs(regressors[t * n_x + j]));
        }
    }
}

int Sample::n_missing(std::int64_t stop) const {
    return static_cast<int>(std::lower_bound(missing.begin(), missing.end(), stop) - missing.begin());
}

}  // namespace forecasting::arima
