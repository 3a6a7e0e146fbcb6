#include "arima_differences.hpp"

#include <algorithm>
#include <cmath>

namespace forecasting::arima {
namespace {

constexpr double kStrong = 0.64;  // seasonal strength above which the season is differenced (Wang et al. 2006)
constexpr double kKpss = 0.463;   // 5 % of the KPSS statistic around a level (Kwiatkowski et al. 1992, table 1)
constexpr int kSeasonalWindow = 11, kInner = 2;  // of stl in R, for one season

std::int64_t next_odd(double x) {
    const auto n = static_cast<std::int64_t>(std::ceil(x));
    return n % 2 == 0 ? n + 1 : n;
}

double tricube(double r, double h) {
    if (r > 0.999 * h) return 0.0;
    if (r <= 0.001 * h) return 1.0;
    const double u = r / h, v = 1.0 - u * u * u;
    return v * v * v;
}

// The local constant or line through y[left..right] at x (Cleveland et al. 1990).
double local(const double *y, std::int64_t n, std::int64_t window, int degree, std::int64_t left,
             std::int64_t right, double x) {
    double h = std::max(x - static_cast<double>(left), static_cast<double>(right) - x);
    if (window > n) h += static_cast<double>((window - n) / 2);
    double total = 0.0, centre = 0.0;
    for (std::int64_t j = left; j <= right; ++j) {
        const double w = tricube(std::fabs(static_cast<double>(j) - x), h);
        total += w;
        centre += w * static_cast<double>(j);
    }
    if (!(total > 0.0)) return y[std::min(std::max(static_cast<std::int64_t>(x), left), right)];
    centre /= total;
    double spread = 0.0;
    if (degree > 0) {
        for (std::int64_t j = left; j <= right; ++j) {
            const double d = static_cast<double>(j) - centre;
            spread += tricube(std::fabs(static_cast<double>(j) - x), h) * d * d;
        }
        spread /= total;
    }
    const bool line = degree > 0 && std::sqrt(spread) > 0.001 * static_cast<double>(n - 1);
    double sum = 0.0;
    for (std::int64_t j = left; j <= right; ++j) {
        double w = tricube(std::fabs(static_cast<double>(j) - x), h) / total;
        if (line) w *= 1.0 + (x - centre) * (static_cast<double>(j) - centre) / spread;
        sum += w * y[j];
    }
    return sum;
}

// Loess at every point of y.
void loess(const double *y, std::int64_t n, std::int64_t window, int degree, double *out) {
    const std::int64_t q = std::min(window, n), half = q / 2;
    std::vector<double> weights;  // of a full, centred window, where a line and a constant are the same
    if (window <= n) {
        double total = 0.0;
        for (std::int64_t j = -half; j <= half; ++j) {
            weights.push_back(tricube(std::fabs(static_cast<double>(j)), static_cast<double>(half)));
            total += weights.back();
        }
        for (double &w : weights) w /= total;
    }
    for (std::int64_t t = 0; t < n; ++t) {
        if (!weights.empty() && t >= half && t + half < n) {
            double sum = 0.0;
            for (std::int64_t j = 0; j < q; ++j) sum += weights[j] * y[t - half + j];
            out[t] = sum;
        } else {
            const std::int64_t left = std::min(std::max<std::int64_t>(t - half, 0), n - q);
            out[t] = local(y, n, window, degree, left, left + q - 1, static_cast<double>(t));
        }
    }
}

// Means of `width` values in a row; returns how many there are.
std::int64_t moving_mean(const double *y, std::int64_t n, std::int64_t width, double *out) {
    double sum = 0.0;
    for (std::int64_t t = 0; t < width; ++t) sum += y[t];
    out[0] = sum / static_cast<double>(width);
    for (std::int64_t t = width; t < n; ++t) {
        sum += y[t] - y[t - width];
        out[t - width + 1] = sum / static_cast<double>(width);
    }
    return n - width + 1;
}

double variance(const std::vector<double> &x, std::int64_t n) {
    double mean = 0.0, sum = 0.0;
    for (std::int64_t t = 0; t < n; ++t) mean += x[t];
    mean /= static_cast<double>(n);
    for (std::int64_t t = 0; t < n; ++t) sum += (x[t] - mean) * (x[t] - mean);
    return sum;
}

}  // namespace

// 1 - var(remainder) / var(remainder + season) of a decomposition by STL.
double Differences::strength(const double *y, std::int64_t n, int m) {
    const std::int64_t trend_window = next_odd(1.5 * m / (1.0 - 1.5 / kSeasonalWindow)),
                       low_window = next_odd(m);
    const auto size = static_cast<std::size_t>(n), longer = static_cast<std::size_t>(n + 2 * m);
    trend_.assign(size, 0.0);
    season_.resize(size);
    smooth_.resize(size);
    cycle_.resize(longer);
    first_.resize(longer);
    second_.resize(longer);
    part_.resize(longer);
    for (int round = 0; round < kInner; ++round) {
        for (std::int64_t j = 0; j < m; ++j) {  // each season of its own, one step further at both ends
            std::int64_t k = 0;
            for (std::int64_t t = j; t < n; t += m) part_[k++] = y[t] - trend_[t];
            loess(part_.data(), k, kSeasonalWindow, 0, first_.data());
            const std::int64_t q = std::min<std::int64_t>(kSeasonalWindow, k);
            cycle_[j] = local(part_.data(), k, kSeasonalWindow, 0, 0, q - 1, -1.0);
            for (std::int64_t i = 0; i < k; ++i) cycle_[j + (i + 1) * m] = first_[i];
            cycle_[j + (k + 1) * m] =
                local(part_.data(), k, kSeasonalWindow, 0, k - q, k - 1, static_cast<double>(k));
        }
        std::int64_t length = moving_mean(cycle_.data(), n + 2 * m, m, first_.data());
        length = moving_mean(first_.data(), length, m, second_.data());
        moving_mean(second_.data(), length, 3, first_.data());
        loess(first_.data(), n, low_window, 1, second_.data());
        for (std::int64_t t = 0; t < n; ++t) {
            season_[t] = cycle_[t + m] - second_[t];
            smooth_[t] = y[t] - season_[t];
        }
        loess(smooth_.data(), n, trend_window, 1, trend_.data());
    }
    for (std::int64_t t = 0; t < n; ++t) {
        smooth_[t] = y[t] - trend_[t];        // remainder and season
        first_[t] = smooth_[t] - season_[t];  // remainder
    }
    const double whole = variance(smooth_, n);
    return whole > 0.0 ? 1.0 - variance(first_, n) / whole : 0.0;
}

int Differences::seasonal(const double *y, std::int64_t n, int m) {
    return m > 1 && n > 2 * m && strength(y, n, m) > kStrong ? 1 : 0;
}

int Differences::plain(const double *y, std::int64_t n, int most) {
    kept_.clear();
    for (std::int64_t t = 0; t < n; ++t) {
        if (!std::isnan(y[t])) kept_.push_back(y[t]);
    }
    for (int d = 0; d < most; ++d) {
        const auto size = static_cast<double>(kept_.size());
        if (kept_.size() < 3) return d;
        double mean = 0.0, sum = 0.0, above = 0.0, long_run = 0.0;
        for (const double x : kept_) mean += x / size;
        part_.clear();
        for (const double x : kept_) part_.push_back(x - mean);
        for (const double x : part_) {
            sum += x;
            above += sum * sum;
            long_run += x * x;
        }
        const auto lags = static_cast<std::size_t>(3.0 * std::sqrt(size) / 13.0);
        for (std::size_t l = 1; l <= lags; ++l) {
            double product = 0.0;
            for (std::size_t t = l; t < part_.size(); ++t) product += part_[t] * part_[t - l];
            long_run += 2.0 * (1.0 - static_cast<double>(l) / static_cast<double>(lags + 1)) * product;
        }
        if (!(above / (size * long_run) > kKpss)) return d;
        for (std::size_t t = 0; t + 1 < kept_.size(); ++t) kept_[t] = kept_[t + 1] - kept_[t];
        kept_.pop_back();
        const auto ends = std::minmax_element(kept_.begin(), kept_.end());
        if (*ends.first == *ends.second) return d + 1;
    }
    return most;
}

}  // namespace forecasting::arima
