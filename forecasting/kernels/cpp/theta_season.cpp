#include "theta_season.hpp"

#include <algorithm>
#include <cmath>

#include "clones.hpp"
#include "lanes.hpp"

namespace forecasting::theta {
namespace {

constexpr double kNinetyPercent = 1.6448536269514722;  // normal quantile at 0.95: two-sided 10 %
constexpr double kSmallestIndex = 0.01;                // a smaller multiplicative index makes it additive
constexpr double kRounding = 1e-26;                    // relative sum of squares that is rounding noise

FORECASTING_INLINE Lanes4 load(const double *from) {
    Lanes4 lanes;
    std::memcpy(&lanes, from, sizeof lanes);
    return lanes;
}

// sums[k] = sum_t z_t z_{t+k} for k in [0, n_lags), four lags at a time; z is zero behind z[n - 1].
FORECASTING_CLONES
void lag_products(const double *__restrict z, std::int64_t n, std::int64_t n_lags, double *__restrict sums) {
    for (std::int64_t k = 0; k < n_lags; k += 2 * kLanes4) {
        Lanes4 near = {}, far = {};
        for (std::int64_t t = 0; t + k < n; ++t) {
            near += z[t] * load(z + t + k);
            far += z[t] * load(z + t + k + kLanes4);
        }
        std::memcpy(sums + k, &near, sizeof near);
        std::memcpy(sums + k + kLanes4, &far, sizeof far);
    }
}

// Centred moving mean over one season; trend[t] belongs to x[t + m / 2]. For even m the ends count half.
// Writes n - m (even) or n - m + 1 (odd) means, rounded up to a multiple of four.
FORECASTING_CLONES
void moving_mean(const double *__restrict x, std::int64_t n_means, int m, double *__restrict trend) {
    const double share = 1.0 / m;
    const int inner = m % 2 == 0 ? m - 1 : m;
    const int first = m % 2 == 0 ? 1 : 0;
    for (std::int64_t t = 0; t < n_means; t += kLanes4) {
        Lanes4 sum = {};
        if (first) sum = 0.5 * (load(x + t) + load(x + t + m));
        for (int j = 0; j < inner; ++j) sum += load(x + t + first + j);
        sum *= share;
        std::memcpy(trend + t, &sum, sizeof sum);
    }
}

FORECASTING_CLONES
void remove_trend(const double *__restrict x, std::int64_t n, bool ratio, double *__restrict trend) {
    if (ratio) {
        for (std::int64_t t = 0; t < n; ++t) trend[t] = x[t] / trend[t];
    } else {
        for (std::int64_t t = 0; t < n; ++t) trend[t] = x[t] - trend[t];
    }
}

}  // namespace

bool Seasonal::significant(const double *x, std::int64_t n, int m) {
    double sum = 0.0, squares = 0.0;
    for (std::int64_t t = 0; t < n; ++t) {
        sum += x[t];
        squares += x[t] * x[t];
    }
    const double mean = sum / static_cast<double>(n);
    // lag_products reads up to 2 * kLanes4 places behind the longest lag.
    work_.assign(static_cast<std::size_t>(n + 3 * kLanes4), 0.0);
    for (std::int64_t t = 0; t < n; ++t) work_[static_cast<std::size_t>(t)] = x[t] - mean;
    lags_.resize(static_cast<std::size_t>(m + 1 + 2 * kLanes4));
    lag_products(work_.data(), n, m + 1, lags_.data());
    if (!(lags_[0] > kRounding * squares)) return false;
    double earlier = 0.0;
    for (int k = 1; k < m; ++k) {
        const double r = lags_[static_cast<std::size_t>(k)] / lags_[0];
        earlier += r * r;
    }
    const double limit = kNinetyPercent * std::sqrt((1.0 + 2.0 * earlier) / static_cast<double>(n));
    return std::fabs(lags_[static_cast<std::size_t>(m)] / lags_[0]) > limit;
}

// False where a multiplicative index comes out too small to divide by.
bool Seasonal::decompose(const double *x, std::int64_t n, int m, Season kind, double *indices) {
    const bool ratio = kind == kMultiplicative;
    const std::int64_t half = m / 2, n_means = n - 2 * half;
    work_.resize(static_cast<std::size_t>(n + 3 * kLanes4));
    moving_mean(x, n_means, m, work_.data());
    remove_trend(x + half, n_means, ratio, work_.data());
    std::fill(indices, indices + m, 0.0);
    counts_.assign(static_cast<std::size_t>(m), 0.0);
    std::int64_t phase = half % m;
    for (std::int64_t t = 0; t < n_means; ++t) {
        indices[phase] += work_[static_cast<std::size_t>(t)];
        counts_[static_cast<std::size_t>(phase)] += 1.0;
        if (++phase == m) phase = 0;
    }
    double sum = 0.0;
    for (int j = 0; j < m; ++j) {
        indices[j] /= counts_[static_cast<std::size_t>(j)];
        sum += indices[j];
    }
    const double centre = sum / m;
    for (int j = 0; j < m; ++j) {
        indices[j] = ratio ? indices[j] / centre : indices[j] - centre;
        if (ratio && !(indices[j] >= kSmallestIndex)) return false;
    }
    return true;
}

Season Seasonal::adjust(const double *x, std::int64_t n, const Options &options, double *y, double *indices) {
    const int m = options.season_length;
    const bool possible = m > 1 && n >= 2 * m && options.deseasonalise != kNever;
    // The test needs lags before the season's: seasons of two or three steps are not looked for.
    if (!possible || (options.deseasonalise == kIfSignificant && (m < 4 || !significant(x, n, m)))) {
        std::fill(indices, indices + m, options.decomposition == kMultiplicative ? 1.0 : 0.0);
        if (y != x) std::copy(x, x + n, y);
        return kNone;
    }
    Season kind = static_cast<Season>(options.decomposition);
    if (kind == kMultiplicative && !(*std::min_element(x, x + n) > 0.0)) kind = kAdditive;
    if (!decompose(x, n, m, kind, indices)) {
        kind = kAdditive;
        decompose(x, n, m, kind, indices);
    }
    std::int64_t t = 0;
    while (t < n) {
        const std::int64_t end = std::min<std::int64_t>(m, n - t);
        if (kind == kMultiplicative) {
            for (std::int64_t j = 0; j < end; ++j) y[t + j] = x[t + j] / indices[j];
        } else {
            for (std::int64_t j = 0; j < end; ++j) y[t + j] = x[t + j] - indices[j];
        }
        t += end;
    }
    return kind;
}

}  // namespace forecasting::theta
