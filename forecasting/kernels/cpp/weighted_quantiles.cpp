#include "weighted_quantiles.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "parallel.hpp"

namespace forecasting::quantiles {
namespace {

// A cumulated weight that falls short of p by this share is p: sums of weights round.
constexpr double kRounding = 1e-12;
// No weight vanishes, so that what was seen has a distribution however long ago it was.
constexpr double kLeastWeight = 1e-200;

class Worker {
public:
    Worker(const Windows &windows, const Options &options, std::int64_t h, const double *probs, std::int64_t n_probs,
           double *weights, double *mean, double *found)
        : windows_(windows), options_(options), h_(h), probs_(probs), n_probs_(n_probs), weights_(weights),
          mean_(mean), found_(found), scores_(kScores) {
        for (int i = 0; i < kScores; ++i) scores_[i] = (2.0 * i + 1.0) / (2.0 * kScores);
        curves_.resize(options.n_curves() * std::max<std::int64_t>(kScores, n_probs));
        losses_.resize(options.n_curves());
    }

    void operator()(std::int64_t i) {
        for (std::int64_t k = 0; k < windows_.n_stops; ++k) {
            const std::int64_t cell = i * windows_.n_stops + k, stop = windows_.stops[cell];
            const std::int64_t first = std::max(windows_.starts[i], stop - options_.longest);
            double *const weights = weights_ + cell * options_.n_curves();
            double *const mean = mean_ + cell * h_, *const found = found_ + cell * h_ * n_probs_;
            if (first < stop && read(windows_.values + first, stop - first)) {
                weigh(weights);
                answer(weights, mean, found);
            } else {
                std::fill(weights, weights + options_.n_curves(), kNaN);
                std::fill(mean, mean + h_, kNaN);
                std::fill(found, found + h_ * n_probs_, kNaN);
            }
        }
    }

private:
    // Rank every value that is there; false if there is none.
    bool read(const double *y, std::int64_t n) {
        y_ = y;
        n_ = n;
        order_.clear();
        for (std::int64_t t = 0; t < n; ++t) {
            if (!std::isnan(y[t])) order_.push_back(t);
        }
        std::sort(order_.begin(), order_.end(), [y](std::int64_t a, std::int64_t b) { return y[a] < y[b]; });
        rank_.assign(n, -1);
        support_.clear();
        for (const std::int64_t t : order_) {
            if (support_.empty() || y[t] > support_.back()) support_.push_back(y[t]);
            rank_[t] = static_cast<std::int64_t>(support_.size()) - 1;
        }
        age_.resize(n * options_.n_alphas);
        for (std::int64_t a = 0; a < options_.n_alphas; ++a) {
            double weight = 1.0;
            for (std::int64_t t = n - 1; t >= 0; --t) {
                age_[a * n + t] = weight;
                weight = std::max(weight * (1.0 - options_.alphas[a]), kLeastWeight);
            }
        }
        mass_.assign(options_.n_alphas * support_.size(), 0.0);
        seen_ = 0;
        return !support_.empty();
    }

    // Let the rows before `stop` count.
    void see(std::int64_t stop) {
        const auto size = static_cast<std::int64_t>(support_.size());
        for (std::int64_t a = 0; a < options_.n_alphas; ++a) {
            for (std::int64_t t = seen_; t < stop; ++t) {
                if (rank_[t] >= 0) mass_[a * size + rank_[t]] += age_[a * n_ + t];
            }
        }
        seen_ = stop;
    }

    // Quantiles and mean of what was seen, by the weights of alpha `a` and those of the season of row `target`.
    // Returns false where nothing counts.
    bool curve(std::int64_t a, double season_weight, std::int64_t target, const double *probs, std::int64_t n_probs,
               double *found, double *mean) {
        const auto size = static_cast<std::int64_t>(support_.size());
        cumulated_.assign(mass_.begin() + a * size, mass_.begin() + (a + 1) * size);
        if (season_weight != 1.0) {
            const std::int64_t m = options_.season_length;
            for (std::int64_t t = target % m; t < seen_; t += m) {
                if (rank_[t] >= 0) cumulated_[rank_[t]] += (season_weight - 1.0) * age_[a * n_ + t];
            }
        }
        double total = 0.0, moment = 0.0;
        for (std::int64_t v = 0; v < size; ++v) {
            if (mean != nullptr) moment += support_[v] * cumulated_[v];
            total += cumulated_[v];
            cumulated_[v] = total;
        }
        if (!(total > 0.0)) return false;
        if (mean != nullptr) *mean = moment / total;
        for (std::int64_t j = 0; j < n_probs; ++j) {
            const double goal = probs[j] * total * (1.0 - kRounding);
            const auto at = std::lower_bound(cumulated_.begin(), cumulated_.end() - 1, goal);
            found[j] = support_[at - cumulated_.begin()];
        }
        return true;
    }

    // The weight of each curve, from its pinball losses after the inner origins.
    void weigh(double *weights) {
        const std::int64_t scored = std::max<std::int64_t>(1, std::min(kScored, n_ / (2 * kOrigins)));
        const std::int64_t n_curves = options_.n_curves(), m = options_.season_length;
        std::fill(losses_.begin(), losses_.end(), 0.0);
        for (std::int64_t j = kOrigins; j >= 1; --j) {
            const std::int64_t origin = n_ - j * scored;
            if (origin <= 0) continue;
            see(origin);
            for (std::int64_t c = 0; c < n_curves; ++c) {
                const std::int64_t a = c / options_.n_season_weights;
                const double season_weight = options_.season_weights[c % options_.n_season_weights];
                const std::int64_t phases = season_weight == 1.0 ? 1 : std::min(m, scored);
                for (std::int64_t phase = 0; phase < phases; ++phase) {
                    if (!curve(a, season_weight, origin + phase, scores_.data(), kScores, curves_.data(), nullptr)) break;
                    for (std::int64_t t = origin + phase; t < origin + scored; t += season_weight == 1.0 ? 1 : m) {
                        if (rank_[t] >= 0) losses_[c] += pinball(y_[t]) / static_cast<double>(kOrigins * scored);
                    }
                }
            }
        }
        const double mean = std::accumulate(losses_.begin(), losses_.end(), 0.0) / static_cast<double>(n_curves);
        double sum = 0.0;
        for (std::int64_t c = 0; c < n_curves; ++c) {
            weights[c] = mean > 0.0 ? std::pow(losses_[c] / mean + options_.floor, -options_.power) : 1.0;
            sum += weights[c];
        }
        for (std::int64_t c = 0; c < n_curves; ++c) weights[c] /= sum;
    }

    // Mean pinball loss of the quantiles in curves_ for one value; not doubled.
    double pinball(double y) const {
        double sum = 0.0;
        for (int i = 0; i < kScores; ++i) {
            const double error = y - curves_[i];
            sum += error >= 0.0 ? scores_[i] * error : (scores_[i] - 1.0) * error;
        }
        return sum / kScores;
    }

    void answer(const double *weights, double *mean, double *found) {
        see(n_);
        std::fill(mean, mean + h_, 0.0);
        std::fill(found, found + h_ * n_probs_, 0.0);
        const std::int64_t m = options_.season_length, phases = std::min(m, h_);
        for (std::int64_t c = 0; c < options_.n_curves(); ++c) {
            const std::int64_t a = c / options_.n_season_weights;
            const double season_weight = options_.season_weights[c % options_.n_season_weights];
            double centre = 0.0;
            for (std::int64_t step = 0; step < phases; ++step) {
                if (step == 0 || season_weight != 1.0) {
                    curve(a, season_weight, n_ + step, probs_, n_probs_, curves_.data(), &centre);
                }
                mean[step] += weights[c] * centre;
                for (std::int64_t p = 0; p < n_probs_; ++p) found[step * n_probs_ + p] += weights[c] * curves_[p];
            }
        }
        for (std::int64_t step = phases; step < h_; ++step) {
            mean[step] = mean[step - m];
            std::copy(found + (step - m) * n_probs_, found + (step - m + 1) * n_probs_, found + step * n_probs_);
        }
    }

    Windows windows_;
    Options options_;
    std::int64_t h_;
    const double *probs_;
    std::int64_t n_probs_;
    double *weights_, *mean_, *found_;
    const double *y_ = nullptr;
    std::int64_t n_ = 0, seen_ = 0;
    std::vector<std::int64_t> order_, rank_;
    std::vector<double> support_;    // distinct values, ascending
    std::vector<double> age_;        // (n_alphas, n): weight by age, 1 at the last row
    std::vector<double> mass_;       // (n_alphas, support): weight of what was seen
    std::vector<double> cumulated_;  // (support)
    std::vector<double> curves_, losses_, scores_;
};

}  // namespace

void forecast(const Windows &windows, const Options &options, std::int64_t h, const double *probs,
              std::int64_t n_probs, std::int64_t n_threads, double *weights, double *mean, double *found) {
    parallel_for(windows.n_series, n_threads,
                 [&] { return Worker(windows, options, h, probs, n_probs, weights, mean, found); });
}

}  // namespace forecasting::quantiles
