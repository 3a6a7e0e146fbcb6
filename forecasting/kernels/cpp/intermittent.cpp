#include "intermittent.hpp"

#include <cmath>
#include <vector>

namespace forecasting {
namespace {

// Exponential smoothing that starts at the first value it sees.
struct Smoother {
    double alpha;
    double level = 0.0;
    bool started = false;

    void see(double x) {
        level = started ? level + alpha * (x - level) : x;
        started = true;
    }
};

// Demand is any value other than zero; NaN counts as demand and so spoils every later answer, visibly.
struct Croston {
    Smoother size;
    Smoother interval;
    double gap = 0.0;  // periods since the last demand

    void see(double y) {
        gap += 1.0;
        if (y != 0.0) {
            size.see(y);
            interval.see(gap);
            gap = 0.0;
        }
    }
    void answer(double *out) const { *out = size.started ? size.level / interval.level : 0.0; }
};

struct Tsb {
    Smoother size;
    Smoother probability;

    void see(double y) {
        probability.see(y != 0.0 ? 1.0 : 0.0);
        if (y != 0.0) size.see(y);
    }
    void answer(double *out) const { *out = size.started ? size.level * probability.level : 0.0; }
};

struct CrostonOptimised {
    Bounds bounds;
    std::vector<double> sizes{};
    std::vector<double> intervals{};
    double gap = 0.0;
    std::size_t answered = 0;  // demands behind `rate`: nothing to do again until one more is seen
    double rate = 0.0;

    void see(double y) {
        gap += 1.0;
        if (y != 0.0) {
            sizes.push_back(y);
            intervals.push_back(gap);
            gap = 0.0;
        }
    }
    void answer(double *out) {
        if (answered != sizes.size()) {
            answered = sizes.size();
            rate = fit_ses(sizes.data(), answered, bounds).level /
                   fit_ses(intervals.data(), answered, bounds).level;
        }
        *out = rate;
    }
};

struct History {
    std::vector<double> y{};
    void see(double value) { y.push_back(value); }
};

// What aggregation needs: the past, and the mean interval between demands, which is the place of the last
// demand (counted from 1) over the number of demands, since the intervals add up to that place.
struct Demand : History {
    double last = 0.0;
    double count = 0.0;
    std::vector<double> sums{};

    void see(double value) {
        History::see(value);
        if (value != 0.0) {
            last = static_cast<double>(y.size());
            count += 1.0;
        }
    }
    // Half to even, as R and Python round; at least 1 and at most the length.
    std::size_t mean_interval() const { return static_cast<std::size_t>(std::nearbyint(last / count)); }

    // Forecast per period from sums over blocks of `width` periods. The last block ends at the stop, and the
    // oldest values that fill no block are left out.
    double aggregated(std::size_t width, Bounds bounds) {
        const std::size_t n_blocks = y.size() / width;
        sums.assign(n_blocks, 0.0);
        const double *value = y.data() + (y.size() - n_blocks * width);
        for (std::size_t b = 0; b < n_blocks; ++b) {
            for (std::size_t j = 0; j < width; ++j) sums[b] += *value++;
        }
        return fit_ses(sums.data(), n_blocks, bounds).level / static_cast<double>(width);
    }
};

struct Adida : Demand {
    Bounds bounds;
    explicit Adida(Bounds b) : bounds(b) {}
    void answer(double *out) { *out = count > 0.0 ? aggregated(mean_interval(), bounds) : 0.0; }
};

struct Imapa : Demand {
    Bounds bounds;
    explicit Imapa(Bounds b) : bounds(b) {}
    void answer(double *out) {
        *out = 0.0;
        if (count == 0.0) return;
        const std::size_t widest = mean_interval();
        for (std::size_t width = 1; width <= widest; ++width) *out += aggregated(width, bounds);
        *out /= static_cast<double>(widest);
    }
};

struct SesOptimised : History {
    Bounds bounds;
    explicit SesOptimised(Bounds b) : bounds(b) {}
    void answer(double *out) const {
        const SesFit fit = fit_ses(y.data(), y.size(), bounds);
        out[0] = fit.level;
        out[1] = fit.alpha;
    }
};

}  // namespace

void croston(const Windows &w, double alpha_size, double alpha_interval, double *out) {
    sweep(w, Croston{{alpha_size}, {alpha_interval}}, 1, out);
}

void tsb(const Windows &w, double alpha_size, double alpha_probability, double *out) {
    sweep(w, Tsb{{alpha_size}, {alpha_probability}}, 1, out);
}

void croston_optimised(const Windows &w, Bounds bounds, double *out) {
    sweep(w, CrostonOptimised{bounds}, 1, out);
}

void adida(const Windows &w, Bounds bounds, double *out) { sweep(w, Adida{bounds}, 1, out); }

void imapa(const Windows &w, Bounds bounds, double *out) { sweep(w, Imapa{bounds}, 1, out); }

void ses_optimised(const Windows &w, Bounds bounds, double *out) {
    sweep(w, SesOptimised{bounds}, 2, out);
}

}  // namespace forecasting
