#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "ets_fit.hpp"
#include "ets_pass.hpp"

namespace forecasting::ets {
namespace {

double present(double x, double otherwise) { return std::isnan(x) ? otherwise : x; }

// The standard deviation of a relative error around a multiplicative season: class 3 of Hyndman et al. (2008,
// section 6.4), exact up to one season ahead and close beyond it. In units of the last level or trend, so that
// squares neither overflow nor vanish.
void seasonal_spread(const double *r, const Model &f, const double *state, std::int64_t h, double *work,
                     double *spread) {
    const double alpha = r[kAlpha], beta = present(r[kBeta], 0.0), gamma = r[kGamma];
    const double phi = present(r[kPhi], 1.0), freedom = r[kCount] - f.size;
    const double variance = r[kRms] * (r[kCount] / freedom) * r[kRms];
    double *const q = work, *const response = q + h, *const second = response + h;
    const double unit = std::fmax(std::fabs(state[0]), std::fabs(state[1]));
    double power = 1.0, sum = 0.0;
    for (std::int64_t j = 0; j < h; ++j) {
        power *= phi;
        sum += power;
        q[j] = unit > 0.0 ? (state[0] + (f.trend ? sum * state[1] : 0.0)) / unit : 0.0;
        response[j] = alpha + (f.trend ? beta * sum : 0.0);
    }
    double seasonal = 1.0;
    for (std::int64_t j = 0; j < h; ++j) {
        if (j > 0 && j % f.m == 0) seasonal *= 1.0 + gamma * gamma * variance;
        second[j] = q[j] * q[j];
        for (std::int64_t k = 0; k < j; ++k) second[j] += variance * response[k] * response[k] * second[j - 1 - k];
        const double square = (1.0 + variance) * seasonal * second[j] - q[j] * q[j];
        spread[j] = unit * std::fabs(state[2 + j % f.m]) * std::sqrt(std::fmax(0.0, square));
    }
}

}  // namespace

void project(const double *records, const Records &shape, std::int64_t h, double *mean, double *sd) {
    const auto [n, width, season_length] = shape;
    std::vector<double> response(static_cast<std::size_t>(h)), second(static_cast<std::size_t>(h));
    for (std::int64_t i = 0; i < n; ++i) {
        const double *const r = records + i * width;
        double *const mu = mean + i * h, *const spread = sd + i * h;
        if (r[kOutcome] != 0.0) {
            std::fill(mu, mu + h, kNaN);
            std::fill(spread, spread + h, kNaN);
            continue;
        }
        const Model f = make_model(static_cast<int>(r[kModel]), season_length);
        const double *const state = r + shape.last_states();
        const double alpha = r[kAlpha], beta = present(r[kBeta], 0.0), gamma = present(r[kGamma], 0.0);
        const double phi = present(r[kPhi], 1.0);
        // Damping adds up: phi + phi^2 + .. + phi^j is what the trend has added after j steps, and
        // c_j = alpha + beta (phi + .. + phi^j) + gamma [m divides j] is the answer to an error j steps ago.
        double power = 1.0, sum = 0.0;
        for (std::int64_t j = 0; j < h; ++j) {
            power *= phi;
            sum += power;
            const double q = state[0] + (f.trend ? sum * state[1] : 0.0);
            const double s = state[2 + j % f.m];
            mu[j] = f.season == Season::multiplicative ? q * s : f.seasonal() ? q + s : q;
            response[j] = alpha + (f.trend ? beta * sum : 0.0) +
                          (f.seasonal() && (j + 1) % f.m == 0 ? gamma : 0.0);
        }
        if (f.season == Season::multiplicative) {
            std::fill(spread, spread + h, kNaN);
            continue;
        }
        const double freedom = r[kCount] - f.size;
        const double variance = r[kRms] * (r[kCount] / freedom) * r[kRms];
        if (!f.relative) {
            const double sigma = r[kRms] * std::sqrt(r[kCount] / freedom);
            double total = 1.0;
            for (std::int64_t j = 0; j < h; ++j) {
                spread[j] = sigma * std::sqrt(total);
                total += response[j] * response[j];
            }
            continue;
        }
        // In a power of two near the level or trend, which is exact, so that squares neither overflow nor vanish.
        int exponent = 0;
        std::frexp(std::fmax(std::fabs(state[0]), std::fabs(state[1])), &exponent);
        for (std::int64_t j = 0; j < h; ++j) {
            const double mean = std::ldexp(mu[j], -exponent);
            second[j] = mean * mean;
            for (std::int64_t k = 0; k < j; ++k) {
                second[j] += variance * response[k] * response[k] * second[j - 1 - k];
            }
            const double square = std::fmax(0.0, (1.0 + variance) * second[j] - mean * mean);
            spread[j] = std::ldexp(std::sqrt(square), exponent);
        }
    }
}

void advance(double *records, const Records &shape, const double *values, const std::int64_t *lo,
             const std::int64_t *hi) {
    const auto [n, width, season_length] = shape;
    std::vector<double> turned(static_cast<std::size_t>(season_length));
    for (std::int64_t i = 0; i < n; ++i) {
        double *const r = records + i * width;
        if (r[kOutcome] != 0.0) continue;
        const Model f = make_model(static_cast<int>(r[kModel]), season_length);
        double *const state = r + shape.last_states();
        const std::int64_t steps = hi[i] - lo[i];
        if (!filter(f, r[kAlpha], present(r[kBeta], 0.0), present(r[kGamma], 0.0), present(r[kPhi], 1.0),
                    values + lo[i], steps, 0, state, nullptr)) {
            r[kOutcome] = static_cast<double>(Outcome::no_path);
            continue;
        }
        for (int j = 0; j < f.m; ++j) turned[j] = state[2 + (steps + j) % f.m];
        std::copy(turned.begin(), turned.begin() + f.m, state + 2);
    }
}

void weigh(const double *records, const Records &shape, std::int64_t group, Criterion criterion,
           double temperature, double *weights) {
    std::vector<double> reached(static_cast<std::size_t>(group));
    for (std::int64_t i = 0; i < shape.n; ++i) {
        double least = std::numeric_limits<double>::infinity(), sum = 0.0;
        for (std::int64_t j = 0; j < group; ++j) {
            const double *const r = records + (i * group + j) * shape.width;
            reached[j] = kNaN;
            if (r[kOutcome] != 0.0) continue;
            const Model f = make_model(static_cast<int>(r[kModel]), shape.season_length);
            reached[j] = r[kObjective] + penalty(f, static_cast<std::int64_t>(r[kCount]), criterion);
            least = std::fmin(least, reached[j]);
        }
        double *const w = weights + i * group;
        for (std::int64_t j = 0; j < group; ++j) {
            w[j] = std::isnan(reached[j]) ? 0.0 : std::exp(-(reached[j] - least) / temperature);
            sum += w[j];
        }
        for (std::int64_t j = 0; j < group; ++j) w[j] /= sum;
    }
}

void mix(const double *records, const double *weights, const Records &shape, std::int64_t group,
         std::int64_t h, double *mean, double *sd) {
    const auto steps = static_cast<std::size_t>(h);
    std::vector<double> means(static_cast<std::size_t>(group) * steps), spreads(means.size()), work(3 * steps);
    const Records one{group, shape.width, shape.season_length};
    for (std::int64_t i = 0; i < shape.n; ++i) {
        const double *const r = records + i * group * shape.width, *const w = weights + i * group;
        project(r, one, h, means.data(), spreads.data());
        for (std::int64_t j = 0; j < group; ++j) {
            const double *const at = r + j * shape.width;
            if (!(w[j] > 0.0)) continue;
            const Model f = make_model(static_cast<int>(at[kModel]), shape.season_length);
            if (f.relative && f.season == Season::multiplicative) {
                seasonal_spread(at, f, at + shape.last_states(), h, work.data(), spreads.data() + j * h);
            }
        }
        const bool known = std::any_of(w, w + group, [](double share) { return share > 0.0; });
        for (std::int64_t t = 0; t < h; ++t) {
            double mu = known ? 0.0 : kNaN, unit = 0.0, square = 0.0;
            for (std::int64_t j = 0; j < group; ++j) {
                if (w[j] > 0.0) mu += w[j] * means[j * h + t];
            }
            for (std::int64_t j = 0; j < group; ++j) {
                if (!(w[j] > 0.0)) continue;
                unit = std::max({unit, spreads[j * h + t], std::fabs(means[j * h + t] - mu)});
            }
            for (std::int64_t j = 0; unit > 0.0 && j < group; ++j) {
                if (!(w[j] > 0.0)) continue;
                const double within = spreads[j * h + t] / unit, between = (means[j * h + t] - mu) / unit;
                square += w[j] * (within * within + between * between);
            }
            mean[i * h + t] = mu;
            sd[i * h + t] = known ? unit * std::sqrt(square) : kNaN;
        }
    }
}

}  // namespace forecasting::ets
