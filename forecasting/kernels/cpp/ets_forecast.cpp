#include <cmath>
#include <vector>

#include "ets_fit.hpp"
#include "ets_pass.hpp"

namespace forecasting::ets {
namespace {

double present(double x, double otherwise) { return std::isnan(x) ? otherwise : x; }

}  // namespace

void project(const double *records, std::int64_t n, int season_length, std::int64_t h, double *mean,
             double *sd) {
    const std::int64_t width = record_size(season_length);
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
        const double *const state = r + kStates + 2 + season_length;
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
        for (std::int64_t j = 0; j < h; ++j) {
            second[j] = mu[j] * mu[j];
            for (std::int64_t k = 0; k < j; ++k) {
                second[j] += variance * response[k] * response[k] * second[j - 1 - k];
            }
            spread[j] = std::sqrt(std::fmax(0.0, (1.0 + variance) * second[j] - mu[j] * mu[j]));
        }
    }
}

void advance(double *records, std::int64_t n, int season_length, const double *values,
             const std::int64_t *lo, const std::int64_t *hi) {
    const std::int64_t width = record_size(season_length);
    std::vector<double> turned(static_cast<std::size_t>(season_length));
    for (std::int64_t i = 0; i < n; ++i) {
        double *const r = records + i * width;
        if (r[kOutcome] != 0.0) continue;
        const Model f = make_model(static_cast<int>(r[kModel]), season_length);
        double *const state = r + kStates + 2 + season_length;
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

}  // namespace forecasting::ets
