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

constexpr double kMost = 1.0 - 1e-6, kStep = 1e-4;  // of a partial autocorrelation, and towards zero
constexpr double kBounded = 3.0;                    // one over the variance of a number between -1 and 1

Order order_of(const double *record, int m) {
    const auto at = [&](int i) { return static_cast<int>(record[kOrder + i]); };
    return {at(0), at(1), at(2), at(3), at(4), at(5), m, record[kConstant] > 0.0};
}

class Forecaster {
public:
    Forecaster(const Limits &limits, std::int64_t h)
        : limits_(limits), h_(h), open_(static_cast<std::size_t>(h)) {}

    void project(const double *values, std::int64_t n, const double *record, double *mean, double *sd) {
        load(values, n, record);
        const bool flat = std::isnan(record[kObjective]);
        if (flat || !known_mean(mean, open_.data())) {
            std::fill(open_.begin(), open_.end(), 0.0);
            line(mean);
        }
        const double sigma = sigma_of(record);
        weigh(sd);
        double sum = 0.0;
        for (std::int64_t j = 0; j < h_; ++j) {
            sum += sd[j] * sd[j];
            sd[j] = sigma > 0.0 ? sigma * std::sqrt(sum + open_[j]) : 0.0;
            mean[j] = std::ldexp(mean[j], exponent_);
        }
    }

    void widen(const double *values, std::int64_t n, const double *record, double *ratio) {
        std::fill(ratio, ratio + h_, 1.0);
        load(values, n, record);
        const double sigma = std::ldexp(sigma_of(record), -exponent_);
        const auto steps = static_cast<std::size_t>(h_);
        std::vector<double> mean(steps), psi(steps), known(steps), added(steps, 0.0);
        if (std::isnan(record[kObjective]) || !(sigma > 0.0) || !known_mean(mean.data(), open_.data())) return;
        weigh(psi.data());
        double sum = 0.0;
        for (std::size_t j = 0; j < steps; ++j) {
            sum += psi[j] * psi[j];
            known[j] = sum + open_[j];
        }
        if (order_.n_arma() > 0) add_coefficients(sigma, mean, psi, added);
        if (order_.constant) add_constant(added);
        // All values say more than those that it was estimated from, if it has moved on.
        const double moved = static_cast<double>(n_seen_) / record[kCount];
        for (std::size_t j = 0; j < steps; ++j) {
            const double by = 1.0 + moved * added[j] / known[j];
            if (by > 1.0 && by < kInfinity) ratio[j] = by;
        }
    }

private:
    void load(const double *values, std::int64_t n, const double *record) {
        while (n > 0 && std::isnan(*values)) {
            ++values;
            --n;
        }
        n_ = n;
        double largest = 0.0;
        for (std::int64_t t = 0; t < n; ++t) largest = std::fmax(largest, std::fabs(values[t]));
        exponent_ = 0;
        if (largest > 0.0) std::frexp(largest, &exponent_);
        scaled_.assign(values, values + n);
        for (double &y : scaled_) y = std::ldexp(y, -exponent_);
        order_ = order_of(record, limits_.m);
        sample_.make(order_, scaled_.data(), nullptr, n, n);
        centre_ = std::ldexp(record[kMean], -exponent_);
        coefficients_.clear();
        const double *from = record + kCoefficients;
        const int sizes[4] = {order_.p, order_.q, order_.P, order_.Q};
        const int rooms[4] = {limits_.p, limits_.q, limits_.P, limits_.Q};
        for (int factor = 0; factor < 4; ++factor) {
            for (int i = 0; i < sizes[factor]; ++i)
                coefficients_.push_back(factor % 2 == 1 ? -from[i] : from[i]);
            from += rooms[factor];
        }
    }

    double sigma_of(const double *record) const {
        const double count = record[kCount], free = count - order_.n_counted() - limits_.regressors + 1.0;
        return record[kRms] * std::sqrt(count / free);
    }

    // At the mean of the record: taken off, it is no unknown any more.
    bool known_mean(double *mean, double *open) {
        Order order = order_;
        order.constant = false;
        for (double &w : sample_.w) w -= centre_;
        if (!pass_.load(order, sample_, n_) || !(pass_.value(coefficients_.data()) < kInfinity)) return false;
        n_seen_ = pass_.n();
        pass_.ahead(h_, centre_, mean, open);
        return true;
    }

    // After known_mean(): what the variance of the coefficients does to mean and psi weights, in units of
    // sigma^2.
    void add_coefficients(double sigma, const std::vector<double> &mean, const std::vector<double> &psi,
                          std::vector<double> &added) {
        const int k = order_.n_arma();
        const auto size = static_cast<std::size_t>(k), steps = mean.size();
        std::vector<double> gradient(size), matrix(size * size), unused(steps);
        pass_.gradient(gradient.data(), matrix.data());
        const std::vector<double> at = coefficients_;
        std::vector<double> z(size), jacobian(size * size, 0.0), block(size * size), part(size);
        int first = 0;
        for (const int n : {order_.p, order_.q, order_.P, order_.Q}) {
            partial_autocorrelations(at.data() + first, n, z.data() + first);
            durbin_levinson(z.data() + first, n, part.data(), block.data());
            for (int i = 0; i < n; ++i) {
                for (int j = 0; j < n; ++j) jacobian[(first + i) * k + first + j] = block[i * n + j];
            }
            first += n;
        }
        // Information on the partial autocorrelations, half the Gauss-Newton matrix of -2 log L, and that they
        // lie between -1 and 1.
        std::vector<double> information(size * size, 0.0);
        for (int i = 0; i < k; ++i) {
            for (int j = 0; j < k; ++j) {
                for (int a = 0; a < k; ++a) {
                    double sum = 0.0;
                    for (int b = 0; b < k; ++b) sum += matrix[a * k + b] * jacobian[b * k + j];
                    information[i * k + j] += 0.5 * jacobian[a * k + i] * sum;
                }
            }
            information[i * k + i] += kBounded;
        }
        std::vector<std::vector<double>> by_mean, by_psi;
        for (int i = 0; i < k; ++i) {
            std::vector<double> means = mean, weights = psi, there = z;
            there[i] += z[i] > 0.0 ? -kStep : kStep;
            first = 0;
            for (const int n : {order_.p, order_.q, order_.P, order_.Q}) {
                durbin_levinson(there.data() + first, n, coefficients_.data() + first, nullptr);
                first += n;
            }
            if (pass_.value(coefficients_.data()) < kInfinity) {
                pass_.ahead(h_, centre_, means.data(), unused.data());
                weigh(weights.data());
            }
            const double over = 1.0 / (there[i] - z[i]);
            for (std::size_t j = 0; j < steps; ++j) {
                means[j] = (means[j] - mean[j]) * over / sigma;
                weights[j] = (weights[j] - psi[j]) * over;
            }
            by_mean.push_back(means);
            by_psi.push_back(weights);
        }
        coefficients_ = at;
        // x' information^-1 x by Cholesky, a column of x a step.
        std::vector<double> root = information;
        for (int i = 0; i < k; ++i) {
            for (int j = 0; j <= i; ++j) {
                double sum = root[i * k + j];
                for (int a = 0; a < j; ++a) sum -= root[i * k + a] * root[j * k + a];
                root[i * k + j] = i == j ? std::sqrt(std::max(sum, kBounded)) : sum / root[j * k + j];
            }
        }
        const auto length = [&](const std::vector<std::vector<double>> &x, std::size_t step) {
            double total = 0.0;
            for (int i = 0; i < k; ++i) {
                double sum = x[i][step];
                for (int a = 0; a < i; ++a) sum -= root[i * k + a] * part[a];
                part[i] = sum / root[i * k + i];
                total += part[i] * part[i];
            }
            return total;
        };
        double weights = 0.0;
        for (std::size_t j = 0; j < steps; ++j) {
            weights += length(by_psi, j);
            added[j] += length(by_mean, j) + weights;
        }
    }

    // After known_mean(): the constant as an unknown.
    void add_constant(std::vector<double> &added) {
        sample_.centre = 0.0;
        std::vector<double> mean(added.size()), open(added.size());
        if (!pass_.load(order_, sample_, n_) || !(pass_.value(coefficients_.data()) < kInfinity)) return;
        pass_.ahead(h_, centre_, mean.data(), open.data());
        for (std::size_t j = 0; j < added.size(); ++j) added[j] += std::max(open[j] - open_[j], 0.0);
    }

    static void partial_autocorrelations(const double *coefficients, int n, double *r) {
        std::vector<double> a(coefficients, coefficients + n), below;
        for (int k = n; k >= 1; --k) {
            r[k - 1] = std::min(std::max(a[k - 1], -kMost), kMost);
            const double left = 1.0 - r[k - 1] * r[k - 1];
            below.assign(static_cast<std::size_t>(k - 1), 0.0);
            for (int i = 0; i < k - 1; ++i) below[i] = (a[i] + r[k - 1] * a[k - 2 - i]) / left;
            a = below;
        }
    }

    // Where nothing is left to explain, the differences go on at their mean.
    void line(double *mean) const {
        std::vector<double> y(sample_.y.begin() + (n_ - order_.lost()), sample_.y.end());
        for (std::int64_t j = 0; j < h_; ++j) {
            double level = centre_;
            for (int k = 1; k <= order_.lost(); ++k) {
                if (sample_.weights[k] != 0.0)
                    level -= sample_.weights[k] * y[y.size() - static_cast<std::size_t>(k)];
            }
            y.push_back(level);
            mean[j] = level;
        }
    }

    // psi weights: theta*(B) over phi*(B) and the differences.
    void weigh(double *psi) {
        const double *const ar = coefficients_.data(), *const ma = ar + order_.p, *const far_ar = ma + order_.q,
                            *const far_ma = far_ar + order_.P;
        multiply(ar, order_.p, far_ar, order_.P, order_.m, terms_);
        const int lost = order_.lost(), span = order_.ar_span() + lost;
        std::vector<double> whole(static_cast<std::size_t>(span) + 1, 0.0);
        for (int k = 0; k <= lost; ++k) whole[k] = sample_.weights[k];
        for (const Term &term : terms_) {
            for (int k = 0; k <= lost; ++k) whole[term.lag + k] -= term.weight * sample_.weights[k];
        }
        std::fill(psi, psi + h_, 0.0);
        if (h_ > 0) psi[0] = 1.0;
        multiply(ma, order_.q, far_ma, order_.Q, order_.m, terms_);
        for (const Term &term : terms_) {
            if (term.lag < h_) psi[term.lag] -= term.weight;
        }
        for (std::int64_t j = 1; j < h_; ++j) {
            for (std::int64_t l = 1; l <= std::min<std::int64_t>(j, span); ++l) psi[j] -= whole[l] * psi[j - l];
        }
    }

    Limits limits_;
    std::int64_t h_, n_ = 0, n_seen_ = 0;
    Order order_{};
    int exponent_ = 0;
    double centre_ = 0.0;
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
            forecaster.project(values + starts[i], stops[i] - starts[i], records + i * width, mean + i * h,
                               sd + i * h);
        };
    });
}

void widen(const double *values, const std::int64_t *starts, const std::int64_t *stops, const double *records,
           std::int64_t n, const Limits &limits, std::int64_t h, std::int64_t n_threads, double *ratio) {
    const std::int64_t width = limits.record_size();
    parallel_for(n, n_threads, [&] {
        return [&, forecaster = Forecaster(limits, h)](std::int64_t i) mutable {
            forecaster.widen(values + starts[i], stops[i] - starts[i], records + i * width, ratio + i * h);
        };
    });
}

}  // namespace forecasting::arima
