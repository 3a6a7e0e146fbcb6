#include "stl.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "parallel.hpp"
#include "windows.hpp"

namespace forecasting::stl {
namespace {

constexpr double kSame = 8.0 * std::numeric_limits<double>::epsilon();
// Remainders below this are rounding errors; data are scaled to at most 1. Their median must not decide what is
// an outlier, as where two seasons are fitted exactly.
constexpr double kRounding = 1e4 * std::numeric_limits<double>::epsilon();
constexpr int kRounds = 2;  // over several seasons (Bandara et al. 2021)

// Means of `width` values in a row, by sums that run; returns how many there are.
std::int64_t moving_mean(const double *y, std::int64_t n, std::int64_t width, double *out) {
    const double share = static_cast<double>(width);
    double sum = 0.0;
    for (std::int64_t t = 0; t < width; ++t) sum += y[t];
    out[0] = sum / share;
    for (std::int64_t t = width; t < n; ++t) {
        sum += y[t] - y[t - width];
        out[t - width + 1] = sum / share;
    }
    return n - width + 1;
}

bool repeats(const double *y, std::int64_t n, std::int64_t m, double largest) {
    for (std::int64_t t = m; t < n; ++t)
        if (std::fabs(y[t] - y[t - m]) > kSame * largest) return false;
    return true;
}

// The mean of the last season; exact where all values are one.
double level_of(const double *y, std::int64_t n, std::int64_t m) {
    if (std::all_of(y, y + n, [y](double value) { return value == y[0]; })) return y[0];
    double sum = 0.0;
    for (std::int64_t t = n - m; t < n; ++t) sum += y[t];
    return sum / static_cast<double>(m);
}

void mean_of_cycles(double *season, std::int64_t n, std::int64_t m) {
    for (std::int64_t j = 0; j < m; ++j) {
        double sum = 0.0;
        std::int64_t count = 0;
        for (std::int64_t t = j; t < n; t += m, ++count) sum += season[t];
        for (std::int64_t t = j; t < n; t += m) season[t] = sum / static_cast<double>(count);
    }
}

}  // namespace

// The inner loop, once: seasonal smoothing, its low-pass part taken out, trend smoothing.
void Decomposition::pass(const Season &season, Smoothers &by, const double *y, std::int64_t n, double *out,
                         double *trend) {
    const std::int64_t m = season.length;
    for (std::int64_t t = 0; t < n; ++t) rest_[t] = y[t] - trend[t];
    by.seasonal.smooth(rest_.data(), cycles_.data());
    std::int64_t length = moving_mean(cycles_.data(), n + 2 * m, m, first_.data());
    length = moving_mean(first_.data(), length, m, second_.data());
    moving_mean(second_.data(), length, 3, first_.data());
    by.low_pass.smooth(first_.data(), low_.data());
    for (std::int64_t t = 0; t < n; ++t) {
        out[t] = cycles_[t + m] - low_[t];
        rest_[t] = y[t] - out[t];
    }
    by.trend.smooth(rest_.data(), trend);
}

// Bisquare weights of the remainder, at six times its median.
void Decomposition::weigh(const double *y, std::int64_t n, const double *season, const Parts &to) {
    for (std::int64_t t = 0; t < n; ++t) rest_[t] = std::fabs(y[t] - (season[t] + to.trend[t]));
    std::copy(rest_.begin(), rest_.begin() + n, first_.begin());
    const auto middle = first_.begin() + n / 2;
    std::nth_element(first_.begin(), middle, first_.begin() + n);
    const double upper = *middle, lower = n % 2 == 1 ? upper : *std::max_element(first_.begin(), middle);
    const double far = std::max(3.0 * (lower + upper), kRounding);
    for (std::int64_t t = 0; t < n; ++t) {
        const double r = rest_[t];
        if (r <= 0.001 * far) {
            to.weights[t] = 1.0;
        } else if (r <= 0.999 * far) {
            const double u = r / far, v = 1.0 - u * u;
            to.weights[t] = v * v;
        } else {
            to.weights[t] = 0.0;
        }
    }
}

void Decomposition::one_season(const Season &season, Smoothers &by, const double *y, std::int64_t n, const Parts &to,
                               double *out) {
    const std::int64_t m = season.length;
    const Options &o = season.options;
    Smoother seasonal = o.seasonal;
    if (o.periodic) seasonal = {10 * n + 1, 0, 1};
    by.seasonal.lay_out(seasonal, n, m, true);
    by.trend.lay_out(o.trend, n, 1, false);
    by.low_pass.lay_out(o.low_pass, n, 1, false);
    by.seasonal.weigh(nullptr);
    by.trend.weigh(nullptr);
    std::fill(to.trend, to.trend + n, 0.0);
    std::fill(to.weights, to.weights + n, 1.0);
    for (int round = 0; round <= o.outer; ++round) {
        if (round > 0) {
            weigh(y, n, out, to);
            by.seasonal.weigh(to.weights);
            by.trend.weigh(to.weights);
        }
        for (int i = 0; i < o.inner; ++i) pass(season, by, y, n, out, to.trend);
    }
    if (o.periodic) mean_of_cycles(out, n, m);
}

void Decomposition::decompose(const double *y, std::int64_t n, const Parts &to) {
    const auto count = static_cast<std::int64_t>(seasons_.size());
    double largest = 0.0;
    std::int64_t longest = 0;
    bool finite = true;
    for (std::int64_t t = 0; t < n; ++t) {
        finite = finite && std::isfinite(y[t]);
        largest = std::max(largest, std::fabs(y[t]));
    }
    for (const Season &season : seasons_) longest = std::max(longest, season.length);
    if (!finite) {
        for (std::int64_t s = 0; s < count; ++s) std::fill_n(to.season + s * to.stride, n, kNaN);
        std::fill_n(to.trend, n, kNaN);
        std::fill_n(to.weights, n, kNaN);
        return;
    }
    for (std::int64_t s = 0; s < count; ++s) {
        if (!repeats(y, n, seasons_[s].length, largest)) continue;
        // Exactly a level and a season; loess would leave rounding errors for somebody to model.
        for (std::int64_t other = 0; other < count; ++other) std::fill_n(to.season + other * to.stride, n, 0.0);
        const double level = level_of(y, n, seasons_[s].length);
        for (std::int64_t t = 0; t < n; ++t) {
            to.season[s * to.stride + t] = y[t] - level;
            to.trend[t] = level;
            to.weights[t] = 1.0;
        }
        return;
    }
    // A power of two changes no bit of the result, and keeps sums and squares in range.
    int exponent = 0;
    std::frexp(largest, &exponent);
    const auto size = static_cast<std::size_t>(n), longer = size + 2 * static_cast<std::size_t>(longest);
    scaled_.resize(size);
    rest_.resize(size);
    low_.resize(size);
    cycles_.resize(longer);
    first_.resize(longer);
    second_.resize(longer);
    for (std::int64_t t = 0; t < n; ++t) scaled_[t] = std::ldexp(y[t], -exponent);
    for (std::int64_t s = 0; s < count; ++s) std::fill_n(to.season + s * to.stride, n, 0.0);
    for (int round = 0; round < (count > 1 ? kRounds : 1); ++round) {
        for (std::int64_t s = 0; s < count; ++s) {
            double *season = to.season + s * to.stride;
            for (std::int64_t t = 0; t < n; ++t) scaled_[t] += season[t];
            one_season(seasons_[s], loess_[s], scaled_.data(), n, to, season);
            for (std::int64_t t = 0; t < n; ++t) scaled_[t] -= season[t];
        }
    }
    for (std::int64_t t = 0; t < n; ++t) {
        for (std::int64_t s = 0; s < count; ++s)
            to.season[s * to.stride + t] = std::ldexp(to.season[s * to.stride + t], exponent);
        to.trend[t] = std::ldexp(to.trend[t], exponent);
    }
}

void decompose(const double *values, const std::int64_t *lo, const std::int64_t *hi, const std::int64_t *offsets,
               std::int64_t n_windows, const std::vector<Season> &seasons, std::int64_t n_threads, std::int64_t total,
               double *season, double *trend, double *weights) {
    parallel_for(n_windows, n_threads, [&] {
        return [&, work = Decomposition(seasons)](std::int64_t w) mutable {
            const std::int64_t at = offsets[w];
            work.decompose(values + lo[w], hi[w] - lo[w], {season + at, total, trend + at, weights + at});
        };
    });
}

}  // namespace forecasting::stl
