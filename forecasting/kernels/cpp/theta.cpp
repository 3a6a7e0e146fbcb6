#include "theta.hpp"

#include <algorithm>
#include <cmath>

#include "parallel.hpp"
#include "theta_search.hpp"
#include "theta_season.hpp"

namespace forecasting::theta {
namespace {

// Numbers estimated beside the line: the weight, and first level and omega where they are free.
double n_parameters(int model, bool free_level) {
    return 1.0 + (free_level ? 1.0 : 0.0) + (is_optimised(model) ? 1.0 : 0.0);
}

struct Worker {
    const Windows &windows;
    const Options &options;
    double *out;
    Seasonal seasonal{};
    Path path{};
    std::vector<double> scaled{}, adjusted{};

    void operator()(std::int64_t i) {
        const std::int64_t size = record_size(options.season_length);
        for (std::int64_t k = 0; k < windows.n_stops; ++k) {
            const std::int64_t cell = i * windows.n_stops + k, start = windows.starts[i];
            fit_one(windows.values + start, windows.stops[cell] - start, out + cell * size);
        }
    }

    void fit_one(const double *y, std::int64_t n, double *record) {
        std::fill(record, record + record_size(options.season_length), kNaN);
        record[kOutcome] = n <= 0 ? kEmpty : kTooShort;
        if (n <= kBurnIn) return;
        double largest = 0.0, probe = 0.0;
        for (std::int64_t t = 0; t < n; ++t) {
            largest = std::max(largest, std::fabs(y[t]));
            probe += y[t] * 0.0;  // NaN if any value is
        }
        record[kOutcome] = kNotFinite;
        if (!(probe == 0.0)) return;
        // A power of two rounds nothing; with it squares of the largest and the smallest doubles stay numbers.
        const int exponent = largest > 0.0 ? std::clamp(std::ilogb(largest), -1000, 1000) : 0;
        const double factor = std::ldexp(1.0, -exponent);
        scaled.resize(static_cast<std::size_t>(n + 4));
        adjusted.resize(static_cast<std::size_t>(n + 4));
        for (std::int64_t t = 0; t < n; ++t) scaled[static_cast<std::size_t>(t)] = factor * y[t];
        record[kSeason] = seasonal.adjust(scaled.data(), n, options, adjusted.data(), record + kIndices);

        double least = std::numeric_limits<double>::infinity();
        for (int model = kStandard; model <= kDynamicOptimised; ++model) {
            if (!(options.models >> model & 1u)) continue;
            path.read(adjusted.data(), n, is_dynamic(model));
            const Solution best = search(path, {options.free_level, is_optimised(model)});
            if (!(best.sse < least)) continue;
            least = best.sse;
            write(best, model, record);
        }
        const auto unscale = [&](double &x) { x = std::ldexp(x, exponent); };
        for (int column : {kFirstLevel, kLevel, kMean, kIntercept, kSlope, kSigma}) unscale(record[column]);
        record[kSse] = std::ldexp(record[kSse], 2 * exponent);
        if (record[kSeason] == kAdditive) {
            std::for_each(record + kIndices, record + kIndices + options.season_length, unscale);
        }
        const bool finite = std::isfinite(record[kLevel]) && std::isfinite(record[kSlope]) &&
                            std::isfinite(record[kIntercept]) && std::isfinite(record[kSigma]);
        record[kOutcome] = finite ? kFitted : kNotFinite;
    }

    void write(const Solution &best, int model, double *record) const {
        const auto n = static_cast<double>(path.n);
        const double w = 1.0 - best.alpha, gone = power(w, path.n);
        const double *y = adjusted.data();
        record[kModel] = model;
        record[kCount] = n;
        record[kAlpha] = best.alpha;
        record[kOmega] = best.omega;
        record[kFirstLevel] = y[0] - best.first_error - best.omega * path.origin;
        record[kLevel] = y[path.n - 1] - w * best.last_error - best.omega * path.origin * gone;
        record[kMean] = path.mean;
        record[kIntercept] = path.intercept;
        record[kSlope] = path.last_slope;
        record[kSse] = best.sse > path.noise ? best.sse : 0.0;
        const double freedom = std::max(1.0, n - kBurnIn - n_parameters(model, options.free_level));
        record[kSigma] = std::sqrt(record[kSse] / freedom);
    }
};

// The states of one record, and what a new value does to them.
struct State {
    double alpha, w, omega, level, mean, intercept, slope, count, gone;  // gone = w^count
    double per_alpha, share, next_share;  // 1 / alpha, 1 / (count + 1), 1 / (count + 2)
    bool dynamic;

    explicit State(const double *r)
        : alpha(r[kAlpha]), w(1.0 - r[kAlpha]), omega(r[kOmega]), level(r[kLevel]), mean(r[kMean]),
          intercept(r[kIntercept]), slope(r[kSlope]), count(r[kCount]), gone(power(w, static_cast<std::int64_t>(count))), per_alpha(1.0 / alpha),
          share(1.0 / (count + 1.0)), next_share(1.0 / (count + 2.0)),
          dynamic(is_dynamic(static_cast<int>(r[kModel]))) {}

    double expected() const {
        return level + omega * (intercept * gone + slope * (1.0 - w * gone) * per_alpha);
    }

    void see(double y) {
        level = alpha * y + w * level;
        const double before = mean;
        mean += (y - mean) * share;
        if (dynamic) {
            slope = ((count - 1.0) * slope + 6.0 * (y - before) * share) * next_share;
            intercept = mean - 0.5 * (count + 2.0) * slope;
        }
        count += 1.0;
        gone *= w;
        share = next_share;
        next_share = 1.0 / (count + 2.0);
    }

    void write(double *r) const {
        r[kLevel] = level;
        r[kMean] = mean;
        r[kIntercept] = intercept;
        r[kSlope] = slope;
        r[kCount] = count;
    }
};

// How an error of unit variance at each step ahead spreads: the covariance of (level, mean, slope) by the
// linear recursions of State::see, the intercept written as mean - (count + 1) / 2 slope.
struct Spread {
    double ll = 0.0, lm = 0.0, lb = 0.0, mm = 0.0, mb = 0.0, bb = 0.0;

    // Variance of the next value, and the step to it.
    double next(const State &s) {
        if (!s.dynamic) {
            const double variance = 1.0 + ll;
            ll += s.alpha * s.alpha;
            return variance;
        }
        const double gm = s.omega * s.gone;
        const double gb = s.omega * ((1.0 - s.w * s.gone) * s.per_alpha - 0.5 * (s.count + 1.0) * s.gone);
        const double cl = ll + gm * lm + gb * lb, cm = lm + gm * mm + gb * mb, cb = lb + gm * mb + gb * bb;
        const double variance = 1.0 + cl + gm * cm + gb * cb;
        // level' = w level + a y;  mean' = f mean + g y;  slope' = u slope - v mean + v y
        const double a = s.alpha, w = s.w, g = s.share, f = s.count * g;
        const double u = (s.count - 1.0) * s.next_share, v = 6.0 * g * s.next_share;
        const double ulb = u * lb - v * lm, umb = u * mb - v * mm;  // slope' without y, against level and mean
        const double ubb = u * u * bb - 2.0 * u * v * mb + v * v * mm, ucb = u * cb - v * cm;
        ll = w * w * ll + 2.0 * w * a * cl + a * a * variance;
        lm = w * f * lm + w * g * cl + a * f * cm + a * g * variance;
        lb = w * ulb + w * v * cl + a * ucb + a * v * variance;
        mb = f * umb + f * v * cm + g * ucb + g * v * variance;
        mm = f * f * mm + 2.0 * f * g * cm + g * g * variance;
        bb = ubb + 2.0 * v * ucb + v * v * variance;
        return variance;
    }
};

}  // namespace

void fit(const Windows &windows, const Options &options, std::int64_t n_threads, double *out) {
    parallel_for(windows.n_series, n_threads, [&] { return Worker{windows, options, out}; });
}

void project(const double *records, std::int64_t n, int season_length, std::int64_t h, double *mean,
             double *sd) {
    for (std::int64_t j = 0; j < n; ++j) {
        const double *record = records + j * record_size(season_length), *indices = record + kIndices;
        if (record[kOutcome] != kFitted) {
            std::fill(mean + j * h, mean + (j + 1) * h, kNaN);
            std::fill(sd + j * h, sd + (j + 1) * h, kNaN);
            continue;
        }
        State state(record);
        Spread spread;
        const int season = static_cast<int>(record[kSeason]);
        std::int64_t phase = static_cast<std::int64_t>(record[kCount]) % season_length;
        for (std::int64_t step = 0; step < h; ++step) {
            double centre = state.expected();
            double width = record[kSigma] * std::sqrt(spread.next(state));
            state.see(centre);
            if (season == kMultiplicative) {
                centre *= indices[phase];
                width *= indices[phase];
            } else if (season == kAdditive) {
                centre += indices[phase];
            }
            mean[j * h + step] = centre;
            sd[j * h + step] = width;
            if (++phase == season_length) phase = 0;
        }
    }
}

void advance(double *records, std::int64_t n, int season_length, const double *values, const std::int64_t *lo,
             const std::int64_t *hi) {
    for (std::int64_t j = 0; j < n; ++j) {
        double *record = records + j * record_size(season_length);
        if (record[kOutcome] != kFitted) continue;
        State state(record);
        const int season = static_cast<int>(record[kSeason]);
        std::int64_t phase = static_cast<std::int64_t>(record[kCount]) % season_length;
        for (std::int64_t t = lo[j]; t < hi[j]; ++t) {
            const double index = record[kIndices + phase];
            const double y = values[t];
            state.see(season == kMultiplicative ? y / index : season == kAdditive ? y - index : y);
            if (++phase == season_length) phase = 0;
        }
        state.write(record);
    }
}

double filter(const double *y, std::int64_t n, int model, double alpha, double omega, double first_level,
              double *means, double *record) {
    Path path;
    path.read(y, n, is_dynamic(model));
    record[kOutcome] = kFitted;
    record[kModel] = model;
    record[kAlpha] = alpha;
    record[kOmega] = omega;
    record[kFirstLevel] = record[kLevel] = first_level;
    record[kMean] = 0.0;
    record[kCount] = 0.0;
    record[kIntercept] = is_dynamic(model) ? y[0] : path.intercept;
    record[kSlope] = is_dynamic(model) ? 0.0 : path.last_slope;
    record[kSeason] = kNone;
    State state(record);
    double sse = 0.0;
    for (std::int64_t i = 0; i < n; ++i) {
        means[i] = state.expected();
        if (i >= kBurnIn) sse += (y[i] - means[i]) * (y[i] - means[i]);
        if (i == 0) {
            const double intercept = state.intercept, slope = state.slope;
            state.see(y[0]);
            state.intercept = intercept;  // the line through one value is that value
            state.slope = slope;
        } else {
            state.see(y[i]);
        }
    }
    state.write(record);
    record[kSse] = sse;
    record[kSigma] = std::sqrt(sse / std::max(1.0, static_cast<double>(n) - kBurnIn - n_parameters(model, true)));
    return sse;
}

}  // namespace forecasting::theta
