// Forecasts from records and the values of their windows: the conditional mean and its exact variance at the
// parameters of the record.
#include <algorithm>
#include <cmath>
#include <vector>

#include "arima_fit.hpp"
#include "arima_pass.hpp"
#include "parallel.hpp"

namespace forecasting::arima {
namespace {

Order order_of(const double *record, int m) {
    const auto at = [&](int i) { return static_cast<int>(record[kOrder + i]); };
    return {at(0), at(1), at(2), at(3), at(4), at(5), m, record[kConstant] > 0.0};
}

class Forecaster {
public:
    Forecaster(const Limits &limits, std::int64_t h)
        : limits_(limits), h_(h), open_(static_cast<std::size_t>(h)) {}

    void operator()(const double *values, std::int64_t n, const double *record, double *mean, double *sd) {
        while (n > 0 && std::isnan(*values)) {
            ++values;
            --n;
        }
        double largest = 0.0;
        for (std::int64_t t = 0; t < n; ++t) largest = std::fmax(largest, std::fabs(values[t]));
        int exponent = 0;
        if (largest > 0.0) std::frexp(largest, &exponent);
        scaled_.assign(values, values + n);
        for (double &y : scaled_) y = std::ldexp(y, -exponent);
        const Order order = order_of(record, limits_.m);
        sample_.make(order, scaled_.data(), nullptr, n, n);
        const double centre = std::ldexp(record[kMean], -exponent);
        coefficients_.clear();
        const double *from = record + kCoefficients;
        const int sizes[4] = {order.p, order.q, order.P, order.Q};
        const int rooms[4] = {limits_.p, limits_.q, limits_.P, limits_.Q};
        for (int factor = 0; factor < 4; ++factor) {
            for (int i = 0; i < sizes[factor]; ++i)
                coefficients_.push_back(factor % 2 == 1 ? -from[i] : from[i]);
            from += rooms[factor];
        }
        const bool flat = std::isnan(record[kObjective]);
        if (flat || !known_mean(order, n, centre, mean)) {
            std::fill(open_.begin(), open_.end(), 0.0);
            line(order, n, centre, mean);
        }
        const double count = record[kCount];
        const double sigma = record[kRms] * std::sqrt(count / (count - order.n_counted() - limits_.regressors + 1.0));
        weigh(order, sd);
        double sum = 0.0;
        for (std::int64_t j = 0; j < h_; ++j) {
            sum += sd[j] * sd[j];
            sd[j] = sigma > 0.0 ? sigma * std::sqrt(sum + open_[j]) : 0.0;
            mean[j] = std::ldexp(mean[j], exponent);
        }
    }

private:
    // At the mean of the record: taken off, it is no unknown any more.
    bool known_mean(Order order, std::int64_t n, double centre, double *mean) {
        order.constant = false;
        for (double &w : sample_.w) w -= centre;
        if (!pass_.load(order, sample_, n) || !(pass_.value(coefficients_.data()) < kInfinity)) return false;
        pass_.ahead(h_, centre, mean, open_.data());
        return true;
    }

    // Where nothing is left to explain, the differences go on at their mean.
    void line(const Order &order, std::int64_t n, double centre, double *mean) const {
        std::vector<double> y(sample_.y.begin() + (n - order.lost()), sample_.y.end());
        for (std::int64_t j = 0; j < h_; ++j) {
            double level = centre;
            for (int k = 1; k <= order.lost(); ++k) {
                if (sample_.weights[k] != 0.0)
                    level -= sample_.weights[k] * y[y.size() - static_cast<std::size_t>(k)];
            }
            y.push_back(level);
            mean[j] = level;
        }
    }

    // psi weights: theta*(B) over phi*(B) and the differences.
    void weigh(const Order &order, double *psi) {
        const double *const ar = coefficients_.data(), *const ma = ar + order.p, *const far_ar = ma + order.q,
                            *const far_ma = far_ar + order.P;
        multiply(ar, order.p, far_ar, order.P, order.m, terms_);
        const int lost = order.lost(), span = order.ar_span() + lost;
        std::vector<double> whole(static_cast<std::size_t>(span) + 1, 0.0);
        for (int k = 0; k <= lost; ++k) whole[k] = sample_.weights[k];
        for (const Term &term : terms_) {
            for (int k = 0; k <= lost; ++k) whole[term.lag + k] -= term.weight * sample_.weights[k];
        }
        std::fill(psi, psi + h_, 0.0);
        if (h_ > 0) psi[0] = 1.0;
        multiply(ma, order.q, far_ma, order.Q, order.m, terms_);
        for (const Term &term : terms_) {
            if (term.lag < h_) psi[term.lag] -= term.weight;
        }
        for (std::int64_t j = 1; j < h_; ++j) {
            for (std::int64_t l = 1; l <= std::min<std::int64_t>(j, span); ++l) psi[j] -= whole[l] * psi[j - l];
        }
    }

    Limits limits_;
    std::int64_t h_;
    std::vector<double> open_, scaled_, coefficients_;
    std::vector<Term> terms_;
    Sample sample_;
    Pass pass_;
};

}  // namespace

void project(const double *values, const std::int64_t *starts, const std::int64_t *stops, const double *records,
             std::int64_t n, const Limits &limits, std::int64_t h, std::int64_t n_threads, double *mean,
             double *sd) {
    const std::int64_t width = limits.record_size();
    parallel_for(n, n_threads, [&] {
        return [&, forecaster = Forecaster(limits, h)](std::int64_t i) mutable {
            forecaster(values + starts[i], stops[i] - starts[i], records + i * width, mean + i * h, sd + i * h);
        };
    });
}

}  // namespace forecasting::arima
