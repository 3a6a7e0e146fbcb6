#include "ets_pass.hpp"

#include <algorithm>
#include <cmath>

#include "clones.hpp"

namespace forecasting::ets {
namespace {

constexpr int kRows = 4;  // rows of J that are kept before they are added to the Gram matrix

FORECASTING_INLINE Lanes4 load(const double *x) {
    Lanes4 v;
    std::memcpy(&v, x, sizeof v);
    return v;
}
FORECASTING_INLINE void store(double *x, Lanes4 v) { std::memcpy(x, &v, sizeof v); }

// gram += sum_r rows[r] rows[r]', slope += sum_r errors[r] rows[r]: upper blocks of four.
FORECASTING_INLINE void add_rows(int width, const double *__restrict rows, const double *__restrict errors,
                                 double *__restrict gram, double *__restrict slope) {
    for (int c = 0; c < width; c += kLanes4) {
        const Lanes4 r0 = load(rows + c), r1 = load(rows + width + c), r2 = load(rows + 2 * width + c),
                     r3 = load(rows + 3 * width + c);
        for (int i = 0; i < c + kLanes4; ++i) {
            double *const target = gram + i * width + c;
            Lanes4 sum = load(target);
            sum += rows[i] * r0;
            sum += rows[width + i] * r1;
            sum += rows[2 * width + i] * r2;
            sum += rows[3 * width + i] * r3;
            store(target, sum);
        }
        Lanes4 sum = load(slope + c);
        sum += errors[0] * r0;
        sum += errors[1] * r1;
        sum += errors[2] * r2;
        sum += errors[3] * r3;
        store(slope + c, sum);
    }
}

// A product of means, kept apart from its power of two, so that one logarithm serves many means.
struct LogProduct {
    double product = 1.0;
    std::int64_t exponent = 0;

    FORECASTING_INLINE void multiply(double x) {
        product *= x;
        if (!(product < 1e100 && product > 1e-100)) {
            int e;
            product = std::frexp(product, &e);
            exponent += e;
        }
    }
    double log() const {
        return std::log(product) + static_cast<double>(exponent) * 0.69314718055994530942;
    }
};

// The recursions of mathematics.py, for one combination of components. In the notation there:
// q = l + phi b, and a lane holds the derivatives by one parameter: dl/dz_j, db/dz_j, ds/dz_j, dq/dz_j.
template <bool kTrend, Season kSeason, bool kRelative>
FORECASTING_INLINE void run(const Model &f, const double *__restrict z, const double *__restrict y,
                            const std::int64_t *__restrict stops, std::int64_t n_stops,
                            Sums *__restrict sums, double *__restrict work) {
    constexpr bool kSeasonal = kSeason != Season::none, kRatio = kSeason == Season::multiplicative;
    const int width = f.width, m = f.m;
    double *const gram = work;                       // (width, width)
    double *const slope = gram + width * width;      // (width)
    double *const drift = slope + width;             // (width)
    double *const rows = drift + width;              // (kRows, width): of J, until they are added to gram
    double *const d_level = rows + kRows * width;    // (width)
    double *const d_trend = d_level + width;         // (width)
    double *const d_season = d_trend + width;        // (m, width)
    double *const state = d_season + m * width;      // l, b, s
    double *const season = state + 2;
    std::fill(work, state, 0.0);

    const double alpha = z[0];
    const double beta = kTrend ? z[f.beta] : 0.0;
    const double gamma = kSeasonal ? z[f.gamma] : 0.0;
    const double phi = f.damped ? z[f.phi] : 1.0;
    initial_state(f, z, state);
    double level = state[0], trend = state[1];
    d_level[f.level] = 1.0;
    if (kTrend) d_trend[f.slope] = 1.0;
    for (int j = 0; kSeasonal && j < m - 1; ++j) {
        d_season[j * width + f.first_season + j] = 1.0;
        d_season[(m - 1) * width + f.first_season + j] = -1.0;
    }
    // Where a parameter stands in its own equation: lanes of block 0, since smoothing parameters come first.
    Lanes4 is_alpha{}, is_beta{}, is_gamma{}, is_phi{};
    is_alpha[0] = 1.0;
    if (kTrend) is_beta[f.beta] = 1.0;
    if (kSeasonal) is_gamma[f.gamma] = 1.0;
    if (f.damped) is_phi[f.phi] = 1.0;

    double errors[kRows] = {0.0, 0.0, 0.0, 0.0};
    double squares = 0.0;
    LogProduct means;
    std::int64_t n = 0, t = 0;
    int row = 0, next = 0;
    bool valid = true;
    for (std::int64_t k = 0; k < n_stops; ++k) {
        for (; t < stops[k] && valid; ++t) {
            const int now = next;
            if (kSeasonal) next = now + 1 == m ? 0 : now + 1;
            double *const ds_now = d_season + now * width;
            const double carried = kTrend ? phi * trend : 0.0;
            const double q = kTrend ? level + carried : level;
            const double s = kSeasonal ? season[now] : 0.0;
            const double mu = kRatio ? q * s : kSeasonal ? q + s : q;
            if (std::isnan(y[t])) {  // no error is seen: the states follow their trend
                for (int c = 0; kTrend && c < width; c += kLanes4) {
                    Lanes4 db = phi * load(d_trend + c);
                    if (c == 0) db += trend * is_phi;
                    store(d_level + c, load(d_level + c) + db);
                    store(d_trend + c, db);
                }
                level = q;
                trend = carried;
                continue;
            }
            valid = (!kRelative || mu > 0.0) && (!kRatio || (q > 0.0 && s > 0.0));
            if (!valid) break;
            const double e = y[t] - mu;
            const double over_s = kRatio ? 1.0 / s : 1.0, over_q = kRatio ? 1.0 / q : 1.0;
            const double in_level = kRatio ? e * over_s : e;   // E, the error as the level takes it
            const double in_season = kRatio ? e * over_q : e;  // F, as the season takes it
            const double level_by_s = y[t] * over_s * over_s, season_by_q = y[t] * over_q * over_q;
            const double over_mu = kRelative ? 1.0 / mu : 1.0;
            const double weight = kRelative ? -y[t] * over_mu * over_mu : -1.0;  // d error / d mu
            const double error = kRelative ? e * over_mu : e;
            if (kRelative) means.multiply(mu);
            double *const j_row = rows + row * width;
            for (int c = 0; c < width; c += kLanes4) {
                Lanes4 dq = load(d_level + c), db{}, d_mu, d_in_level, d_in_season{};
                if constexpr (kTrend) {
                    db = phi * load(d_trend + c);
                    if (c == 0) db += trend * is_phi;
                    dq += db;
                }
                Lanes4 ds{};
                if constexpr (kSeasonal) ds = load(ds_now + c);
                if constexpr (kRatio) {
                    d_mu = s * dq + q * ds;
                    d_in_level = -dq - level_by_s * ds;
                    d_in_season = -season_by_q * dq - ds;
                } else {
                    d_mu = kSeasonal ? dq + ds : dq;
                    d_in_level = d_in_season = -d_mu;
                }
                Lanes4 dl = dq + alpha * d_in_level;
                if (c == 0) dl += in_level * is_alpha;
                store(d_level + c, dl);
                if constexpr (kTrend) {
                    db += beta * d_in_level;
                    if (c == 0) db += in_level * is_beta;
                    store(d_trend + c, db);
                }
                if constexpr (kSeasonal) {
                    ds += gamma * d_in_season;
                    if (c == 0) ds += in_season * is_gamma;
                    store(ds_now + c, ds);
                }
                if constexpr (kRelative) store(drift + c, load(drift + c) + over_mu * d_mu);
                store(j_row + c, weight * d_mu);
            }
            level = q + alpha * in_level;
            if (kTrend) trend = carried + beta * in_level;
            if (kSeasonal) season[now] = s + gamma * in_season;
            squares += error * error;
            errors[row] = error;
            ++n;
            if (++row == kRows) {
                add_rows(width, rows, errors, gram, slope);
                row = 0;
            }
        }
        Sums &out = sums[k];
        out.valid = valid && std::isfinite(squares);
        out.n = n;
        if (!out.valid) continue;
        std::copy(gram, gram + width * width, out.gram);
        std::copy(slope, slope + width, out.slope);
        if (row > 0) {  // the rows that wait: added to the copy, so that later sums keep their order
            std::fill(rows + row * width, rows + kRows * width, 0.0);
            add_rows(width, rows, errors, out.gram, out.slope);
        }
        std::copy(drift, drift + width, out.drift);
        out.squares = squares;
        out.log_means = kRelative ? means.log() : 0.0;
        std::copy(state, state + f.n_state(), out.state);
        out.state[0] = level;
        out.state[1] = trend;
    }
}

template <bool kTrend, Season kSeason>
FORECASTING_INLINE void run(const Model &f, const double *z, const double *y, const std::int64_t *stops,
                            std::int64_t n_stops, Sums *sums, double *work) {
    if (f.relative) {
        run<kTrend, kSeason, true>(f, z, y, stops, n_stops, sums, work);
    } else {
        run<kTrend, kSeason, false>(f, z, y, stops, n_stops, sums, work);
    }
}

template <bool kTrend>
FORECASTING_INLINE void run(const Model &f, const double *z, const double *y, const std::int64_t *stops,
                            std::int64_t n_stops, Sums *sums, double *work) {
    switch (f.season) {
        case Season::none: return run<kTrend, Season::none>(f, z, y, stops, n_stops, sums, work);
        case Season::additive: return run<kTrend, Season::additive>(f, z, y, stops, n_stops, sums, work);
        case Season::multiplicative:
            return run<kTrend, Season::multiplicative>(f, z, y, stops, n_stops, sums, work);
    }
}

}  // namespace

FORECASTING_CLONES
void pass(const Model &f, const double *z, const double *y, const std::int64_t *stops, std::int64_t n_stops,
          Sums *sums, double *work) {
    if (f.trend) {
        run<true>(f, z, y, stops, n_stops, sums, work);
    } else {
        run<false>(f, z, y, stops, n_stops, sums, work);
    }
}

bool filter(const Model &f, double alpha, double beta, double gamma, double phi, const double *y,
            std::int64_t n, std::int64_t phase, double *state, double *means) {
    double level = state[0], trend = state[1];
    double *const season = state + 2;
    for (std::int64_t t = 0; t < n; ++t) {
        double &s = season[(phase + t) % f.m];
        const double q = f.trend ? level + phi * trend : level;
        const double mu = f.season == Season::multiplicative ? q * s : q + s;
        if (means != nullptr) means[t] = mu;
        if (f.trend) trend *= phi;
        level = q;
        if (std::isnan(y[t])) continue;
        if ((f.relative && !(mu > 0.0)) || (f.season == Season::multiplicative && !(q > 0.0 && s > 0.0))) {
            return false;
        }
        const double e = y[t] - mu;
        const bool ratio = f.season == Season::multiplicative;
        const double in_level = ratio ? e / s : e;
        if (f.seasonal()) s += gamma * (ratio ? e / q : e);
        level += alpha * in_level;
        if (f.trend) trend += beta * in_level;
    }
    state[0] = level;
    state[1] = trend;
    return true;
}

}  // namespace forecasting::ets
