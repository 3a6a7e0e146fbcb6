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
    if (!stl_ || season_length_ != m) {
        const stl::Smoother seasonal{kSeasonalWindow, 0, 1}, low_pass{next_odd(m), 1, 1};
        const stl::Smoother trend{next_odd(1.5 * m / (1.0 - 1.5 / kSeasonalWindow)), 1, 1};
        stl_.emplace(std::vector<stl::Season>{{m, {seasonal, trend, low_pass, kInner, 0, false}}});
        season_length_ = m;
    }
    const auto size = static_cast<std::size_t>(n);
    season_.resize(size);
    trend_.resize(size);
    weights_.resize(size);
    stl_->decompose(y, n, {season_.data(), n, trend_.data(), weights_.data()});
    for (std::int64_t t = 0; t < n; ++t) {
        trend_[t] = y[t] - trend_[t];         // remainder and season
        season_[t] = trend_[t] - season_[t];  // remainder
    }
    const double whole = variance(trend_, n);
    return whole > 0.0 ? 1.0 - variance(season_, n) / whole : 0.0;
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
