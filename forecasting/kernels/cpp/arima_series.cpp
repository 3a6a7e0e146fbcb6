#include "arima_series.hpp"

#include <algorithm>
#include <cmath>

namespace forecasting::arima {
namespace {

// Shorter windows search for themselves: with few values the landscape changes from one to the next.
constexpr std::int64_t kFirstAnchor = 48;
constexpr double kRounding = 1e-13;  // differences this small, of the values, are rounding
constexpr double kLog2 = 0.69314718055994530942, kLog2Pi = 1.8378770664093454836;

}  // namespace

Series::Series(const Limits &limits, double anchor_ratio)
    : limits_(limits), anchor_ratio_(anchor_ratio), first_(kFirstAnchor), width_(limits.record_size()) {}

std::int64_t Series::anchor_of(std::int64_t stop) const {
    if (anchor_ratio_ <= 1.0 || stop < first_) return stop;
    std::int64_t anchor = first_;
    for (;;) {
        const auto next = static_cast<std::int64_t>(std::ceil(static_cast<double>(anchor) * anchor_ratio_));
        if (next > stop) return anchor;
        anchor = next;
    }
}

void Series::load(const double *values, const double *regressors, std::int64_t n, std::int64_t anchor) {
    double largest = 0.0;
    for (std::int64_t t = 0; t < anchor; ++t) largest = std::fmax(largest, std::fabs(values[t]));
    exponent_ = 0;
    if (largest > 0.0) std::frexp(largest, &exponent_);
    anchor_ = anchor;
    const auto size = static_cast<std::size_t>(n);
    y_.resize(size);
    seen_.assign(size + 1, 0);
    lowest_.assign(size + 1, kInfinity);
    highest_.assign(size + 1, -kInfinity);
    for (std::size_t t = 0; t < size; ++t) {
        const double y = y_[t] = std::ldexp(values[t], -exponent_);
        seen_[t + 1] = seen_[t] + !std::isnan(y);
        lowest_[t + 1] = std::fmin(lowest_[t], y);
        highest_[t + 1] = std::fmax(highest_[t], y);
    }
    samples_.clear();
    const int n_x = limits_.regressors;
    x_exponents_.assign(static_cast<std::size_t>(n_x), 0);
    x_.resize(static_cast<std::size_t>(n * n_x));
    lacking_at_ = n;
    for (int j = 0; j < n_x; ++j) {
        largest = 0.0;
        for (std::int64_t t = 0; t < anchor; ++t) {
            largest = std::fmax(largest, std::fabs(regressors[t * n_x + j]));
        }
        if (largest > 0.0) std::frexp(largest, &x_exponents_[j]);
        for (std::int64_t t = 0; t < n; ++t) {
            const double x = regressors[t * n_x + j];
            // Beside a missing value a regressor says nothing, so that it may be anything.
            x_[t * n_x + j] = std::isnan(x) ? 0.0 : std::ldexp(x, -x_exponents_[j]);
            if (std::isnan(x) && !std::isnan(y_[t]) && t < lacking_at_) {
                lacking_at_ = t;
                lacking_ = j;
            }
        }
    }
}

bool Series::regress(std::int64_t stop, Pass &pass) {
    const Order plain{0, 0, 0, 0, 0, 0, limits_.m, true, limits_.regressors};
    return pass.load(plain, sample(0, 0), stop) && pass.value(nullptr) < kInfinity;
}

int Series::redundant(const Order &order, std::int64_t stop) {
    if (limits_.regressors == 0) return -1;
    const Order plain{0, order.d, 0, 0, order.D, 0, limits_.m, order.constant, limits_.regressors};
    if (!plain_.load(plain, sample(order.d, order.D), stop)) return -1;
    plain_.value(nullptr);
    return plain_.redundant();
}

bool Series::regressors_fail(const Order &order, std::int64_t stop, double *out) {
    if (limits_.regressors == 0) return false;
    const bool lacking = lacking_at_ < stop;
    const int j = lacking ? lacking_ : redundant(order, stop);
    if (j < 0) return false;
    std::fill(out, out + width_, kNaN);
    out[kOutcome] = static_cast<double>(static_cast<int>(Outcome::regressor) + 2 * j + (lacking ? 0 : 1));
    return true;
}

const Sample &Series::sample(int d, int D) {
    const auto found = samples_.find({d, D});
    if (found != samples_.end()) return found->second;
    Sample &made = samples_[{d, D}];
    made.make({0, d, 0, 0, D, 0, limits_.m, false, limits_.regressors}, y_.data(), x_.data(), n(), anchor_);
    return made;
}

bool Series::flat(const Order &order, std::int64_t stop) {
    const Sample &s = sample(order.d, order.D);
    const std::int64_t rows = stop - order.lost();
    if (rows <= 0) return false;
    const auto ends = std::minmax_element(s.w.begin(), s.w.begin() + rows);
    const double size = std::max(std::fabs(lowest_[stop]), std::fabs(highest_[stop]));
    const double rounding = kRounding * size * static_cast<double>(1 << (order.d + order.D));
    return order.constant ? *ends.second - *ends.first <= rounding
                          : std::max(std::fabs(*ends.first), std::fabs(*ends.second)) <= rounding;
}

void Series::blank(Outcome why, double *out) const {
    std::fill(out, out + width_, kNaN);
    out[kOutcome] = static_cast<double>(why);
}

void Series::write_common(const Order &order, std::int64_t stop, double *out) const {
    std::fill(out, out + width_, 0.0);
    out[kOutcome] = static_cast<double>(Outcome::fitted);
    const int orders[6] = {order.p, order.d, order.q, order.P, order.D, order.Q};
    std::copy(orders, orders + 6, out + kOrder);
    out[kConstant] = order.constant ? 1.0 : 0.0;
    out[kRange] = std::ldexp(highest_[stop] - lowest_[stop], exponent_);
}

void Series::write_flat(const Order &order, std::int64_t stop, double *out) {
    write_common(order, stop, out);
    const Sample &s = sample(order.d, order.D);
    out[kCount] = static_cast<double>(stop - order.lost() - s.n_missing(stop));
    out[kObjective] = kNaN;
    std::fill(out + limits_.contenders_at(), out + limits_.slopes_at(), kNaN);
    out[kMean] = order.constant ? std::ldexp(s.w[0], exponent_) : 0.0;
}

void Series::write(const Order &order, const Pass &pass, const double *coefficients, double objective,
                   std::int64_t stop, double *out) {
    write_common(order, stop, out);
    const double n = static_cast<double>(pass.n());
    out[kCount] = n;
    out[kObjective] = objective + n * (1.0 + kLog2Pi) + 2.0 * n * exponent_ * kLog2;
    out[kRms] = pass.exact() ? 0.0 : std::ldexp(std::sqrt(pass.squares() / n), exponent_);
    out[kMean] = order.constant ? std::ldexp(pass.mean(), exponent_) : 0.0;
    for (int j = 0; j < limits_.regressors; ++j) {
        out[limits_.slopes_at() + j] = std::ldexp(pass.slope(j), exponent_ - x_exponents_[j]);
    }
    double *to = out + kCoefficients;
    const double *from = coefficients;
    const int sizes[4] = {order.p, order.q, order.P, order.Q};
    const int rooms[4] = {limits_.p, limits_.q, limits_.P, limits_.Q};
    for (int factor = 0; factor < 4; ++factor) {
        const double sign = factor % 2 == 1 ? -1.0 : 1.0;
        for (int i = 0; i < sizes[factor]; ++i) to[i] = sign * from[i];
        from += sizes[factor];
        to += rooms[factor];
    }
}

}  // namespace forecasting::arima
