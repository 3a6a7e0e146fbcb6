#include "autoregression.hpp"

#include <algorithm>
#include <cmath>

#include "parallel.hpp"
#include "ridge.hpp"

namespace forecasting::autoregression {
namespace {

// How far a forecast may leave what was seen: in logarithms, and in ranges of the values.
constexpr double kLogRoom = 2.0, kRangeRoom = 3.0;

// Root mean square; the largest is taken out first, so that no square overflows or vanishes.
double rms_of(const double *x, std::int64_t n, std::int64_t stride) {
    double largest = 0.0;
    for (std::int64_t t = 0; t < n; ++t) {
        if (std::isnan(x[t * stride])) return kNaN;
        largest = std::max(largest, std::fabs(x[t * stride]));
    }
    if (largest == 0.0 || std::isinf(largest)) return largest;
    double sum = 0.0;
    for (std::int64_t t = 0; t < n; ++t) sum += (x[t * stride] / largest) * (x[t * stride] / largest);
    return largest * std::sqrt(sum / static_cast<double>(n));
}

// Places of a record that depend on the options.
struct Layout {
    std::vector<int> lag;
    int m, q;
    std::int64_t n_lags, longest, regression, tail, tail_size, rows, size;

    explicit Layout(const Options &o) : lag(lags(o)), m(o.season_length), q(o.n_regressors) {
        n_lags = static_cast<std::int64_t>(lag.size());
        longest = lag.back();
        regression = kCoefficients + n_lags;
        tail = regression + q;
        tail_size = m + longest;
        rows = tail + tail_size;
        size = rows + static_cast<std::int64_t>(m) * q;
    }
};

class Worker {
public:
    Worker(const Windows &windows, const double *regressors, const Options &options, double *out)
        : windows_(windows), regressors_(regressors), layout_(options), logs_(options.logs), out_(out) {}

    void operator()(std::int64_t i) {
        const std::int64_t start = windows_.starts[i];
        const double *const y = windows_.values + start;
        const double *const x = regressors_ + start * layout_.q;
        std::int64_t positive = 0;  // values before the first that has no logarithm
        log_.clear();
        for (std::int64_t k = 0; k < windows_.n_stops; ++k) {
            const std::int64_t n = windows_.stops[i * windows_.n_stops + k] - start;
            double *const record = out_ + (i * windows_.n_stops + k) * layout_.size;
            std::fill(record, record + layout_.size, 0.0);
            if (n <= 0) {
                record[kOutcome] = kEmpty;
                continue;
            }
            if (n < layout_.tail_size + kLeastRows) {
                record[kOutcome] = kTooShort;
                continue;
            }
            if (logs_ != kNever) {
                for (; positive < n && y[positive] > 0.0; ++positive) log_.push_back(std::log(y[positive]));
            }
            const bool in_logs = logs_ != kNever && positive >= n;
            if (logs_ == kAlways && !in_logs) {
                record[kOutcome] = kNotPositive;
                continue;
            }
            record[kLogs] = in_logs ? 1.0 : 0.0;
            record[kOutcome] = window(in_logs ? log_.data() : y, x, n, record);
        }
    }

private:
    Outcome window(const double *z, const double *x, std::int64_t n, double *record) {
        const int m = layout_.m, q = layout_.q;
        const std::int64_t n_changes = n - m, n_rows = n_changes - layout_.longest;
        change_.resize(static_cast<std::size_t>(n_changes));
        for (std::int64_t t = 0; t < n_changes; ++t) change_[t] = z[t + m] - z[t];
        const double scale = rms_of(change_.data(), n_changes, 1);
        if (!std::isfinite(scale)) return kNotFinite;

        x_change_.resize(static_cast<std::size_t>(n_changes * q));
        x_scale_.assign(static_cast<std::size_t>(q), 0.0);
        for (std::int64_t t = 0; t < n_changes * q; ++t) x_change_[t] = x[t + m * q] - x[t];
        for (int j = 0; j < q; ++j) {
            x_scale_[j] = rms_of(x_change_.data() + j, n_changes, q);
            if (!std::isfinite(x_scale_[j])) return kBadRegressor;
        }
        record[kCount] = static_cast<double>(n);
        record[kScale] = scale;
        record[kLowest] = *std::min_element(z, z + n);
        record[kHighest] = *std::max_element(z, z + n);
        std::copy(z + n - layout_.tail_size, z + n, record + layout_.tail);
        std::copy(x + (n - m) * q, x + n * q, record + layout_.rows);
        if (scale == 0.0) return kFitted;  // every season is the last one

        const int d = static_cast<int>(layout_.n_lags) + q + 1, width = padded(d);
        for (double &change : change_) change /= scale;
        design_.assign(static_cast<std::size_t>(n_rows * width), 0.0);
        for (std::int64_t t = 0; t < n_rows; ++t) {
            double *row = design_.data() + t * width;
            for (const int lag : layout_.lag) *row++ = change_[t + layout_.longest - lag];
            for (int j = 0; j < q; ++j) {
                const double by = x_scale_[j];
                *row++ = by > 0.0 ? x_change_[(t + layout_.longest) * q + j] / by : 0.0;
            }
            *row = 1.0;
        }
        found_.resize(static_cast<std::size_t>(d));
        const ridge::Choice choice =
            fitter_.fit(design_.data(), change_.data() + layout_.longest, n_rows, d, found_.data());
        record[kPenalty] = choice.penalty;
        record[kSigma] = choice.rms * scale;
        record[kIntercept] = found_[d - 1] * scale;
        std::copy(found_.begin(), found_.begin() + layout_.n_lags, record + kCoefficients);
        for (int j = 0; j < q; ++j) {
            const double by = x_scale_[j];
            record[layout_.regression + j] = by > 0.0 ? found_[layout_.n_lags + j] * (scale / by) : 0.0;
        }
        return std::isfinite(record[kSigma]) ? kFitted : kNotFinite;
    }

    Windows windows_;
    const double *regressors_;
    Layout layout_;
    int logs_;
    double *out_;
    ridge::Fitter fitter_;
    std::vector<double> log_, change_, x_change_, x_scale_, design_, found_;
};

}  // namespace

std::vector<int> lags(const Options &options) {
    std::vector<int> found;
    for (int lag = 1; lag <= options.n_lags; ++lag) found.push_back(lag);
    for (const int lag : {options.season_length, options.season_length + 1}) {
        if (lag > options.n_lags) found.push_back(lag);
    }
    return found;
}

std::int64_t record_size(const Options &options) { return Layout(options).size; }

void fit(const Windows &windows, const double *regressors, const Options &options, std::int64_t n_threads,
         double *out) {
    parallel_for(windows.n_series, n_threads, [&] { return Worker(windows, regressors, options, out); });
}

void project(const double *records, std::int64_t n, const Options &options, const double *ahead, std::int64_t h,
             double *mean) {
    const Layout layout(options);
    const int m = layout.m, q = layout.q;
    std::vector<double> z(static_cast<std::size_t>(layout.tail_size + h));
    std::vector<double> change(static_cast<std::size_t>(layout.longest + h));
    for (std::int64_t i = 0; i < n; ++i) {
        const double *const record = records + i * layout.size, *const x = ahead + i * h * q;
        const bool in_logs = record[kLogs] > 0.0;
        const double room = in_logs ? kLogRoom : kRangeRoom * (record[kHighest] - record[kLowest]);
        const double floor = record[kLowest] - room, ceiling = record[kHighest] + room;
        std::copy(record + layout.tail, record + layout.rows, z.begin());
        for (std::int64_t t = 0; t < layout.longest; ++t) change[t] = z[t + m] - z[t];
        for (std::int64_t step = 0; step < h; ++step) {
            const std::int64_t at = layout.longest + step;
            double moved = record[kIntercept];
            for (std::int64_t j = 0; j < layout.n_lags; ++j) moved += record[kCoefficients + j] * change[at - layout.lag[j]];
            for (int j = 0; j < q; ++j) {
                const double before = step < m ? record[layout.rows + step * q + j] : x[(step - m) * q + j];
                moved += record[layout.regression + j] * (x[step * q + j] - before);
            }
            const double free = z[at] + moved, kept = std::min(std::max(free, floor), ceiling);
            z[at + m] = kept;
            change[at] = kept == free ? moved : kept - z[at];
            mean[i * h + step] = in_logs ? std::exp(kept) : kept;
        }
    }
}

void advance(double *records, std::int64_t n, const Options &options, const double *values, const double *regressors,
             const std::int64_t *lo, const std::int64_t *hi) {
    const Layout layout(options);
    const std::int64_t season = static_cast<std::int64_t>(layout.m) * layout.q;
    std::vector<double> z;
    for (std::int64_t i = 0; i < n; ++i) {
        double *const record = records + i * layout.size;
        if (record[kOutcome] != kFitted) continue;
        z.assign(record + layout.tail, record + layout.rows);
        for (std::int64_t t = lo[i]; t < hi[i]; ++t) {
            const bool in_logs = record[kLogs] > 0.0;
            if (in_logs && !(values[t] > 0.0)) {
                record[kOutcome] = kNotPositive;
                break;
            }
            const double value = in_logs ? std::log(values[t]) : values[t];
            z.push_back(value);
            record[kLowest] = std::min(record[kLowest], value);
            record[kHighest] = std::max(record[kHighest], value);
            record[kCount] += 1.0;
            double *const rows = record + layout.rows;
            for (std::int64_t j = 0; j < layout.q; ++j) {
                if (!std::isfinite(regressors[t * layout.q + j])) record[kOutcome] = kBadRegressor;
            }
            std::copy(rows + layout.q, rows + season, rows);
            std::copy(regressors + t * layout.q, regressors + (t + 1) * layout.q, rows + season - layout.q);
        }
        std::copy(z.end() - layout.tail_size, z.end(), record + layout.tail);
    }
}

}  // namespace forecasting::autoregression
