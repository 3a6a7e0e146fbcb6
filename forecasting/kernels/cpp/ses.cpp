#include "ses.hpp"

#include <algorithm>

#include "clones.hpp"

namespace forecasting {
namespace {

// Sixteen weights are tried in one pass over the data: the recursion waits for its own last result, so the
// lanes fill time in which a single one would idle. Each round keeps the two neighbours of the best, 2/15 of
// the bracket; eight rounds leave 1e-7 of it. A least-squares minimum is known no better than the square
// root of the rounding error, 1.5e-8, so more rounds would only polish noise.
constexpr std::size_t kLanes = 16;
constexpr int kRounds = 8;

struct Lanes {
    double alpha[kLanes];
    double level[kLanes];
    double sse[kLanes];
};

FORECASTING_CLONES
void run_lanes(const double *__restrict x, std::size_t n, Lanes &__restrict lanes) {
    double alpha[kLanes], level[kLanes], sse[kLanes];
    for (std::size_t j = 0; j < kLanes; ++j) {
        alpha[j] = lanes.alpha[j];
        level[j] = x[0];
        sse[j] = 0.0;
    }
    for (std::size_t t = 1; t < n; ++t) {
        const double seen = x[t];
        for (std::size_t j = 0; j < kLanes; ++j) {
            const double error = seen - level[j];
            level[j] += alpha[j] * error;
            sse[j] += error * error;
        }
    }
    for (std::size_t j = 0; j < kLanes; ++j) {
        lanes.level[j] = level[j];
        lanes.sse[j] = sse[j];
    }
}

void spread(Bounds bracket, double *alpha) {
    const double step = (bracket.high - bracket.low) / (kLanes - 1);
    for (std::size_t j = 0; j < kLanes; ++j) alpha[j] = bracket.low + step * static_cast<double>(j);
    alpha[kLanes - 1] = bracket.high;
}

double level_at(const double *x, std::size_t n, double alpha) {
    double level = x[0];
    for (std::size_t t = 1; t < n; ++t) level += alpha * (x[t] - level);
    return level;
}

}  // namespace

SesFit fit_ses(const double *x, std::size_t n, Bounds bounds) {
    Lanes lanes;
    Bounds bracket = bounds;
    std::size_t best = 0;
    for (int round = 0; round < kRounds; ++round) {
        spread(bracket, lanes.alpha);
        run_lanes(x, n, lanes);
        const auto range = std::minmax_element(lanes.sse, lanes.sse + kLanes);
        if (round == 0 && !(*range.first < *range.second)) {  // flat, or NaN in the data
            const double middle = 0.5 * (bounds.low + bounds.high);
            return {level_at(x, n, middle), middle};
        }
        best = static_cast<std::size_t>(range.first - lanes.sse);
        bracket = {lanes.alpha[best == 0 ? 0 : best - 1],
                   lanes.alpha[best == kLanes - 1 ? best : best + 1]};
    }
    return {lanes.level[best], lanes.alpha[best]};
}

}  // namespace forecasting
