#include "arima_fit.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "arima_search.hpp"
#include "arima_series.hpp"
#include "parallel.hpp"

namespace forecasting::arima {
namespace {

constexpr double kRough = 1e-2;  // tolerance at an anchor
constexpr double kStale = 1.0;   // a rise of the objective per value after which a window searches for itself

constexpr int kRich = 4;  // coefficients from which on every window is looked at anew, too
constexpr int kTurns[2][4] = {{1, 3, 0, 2},
                              {0, 2, 1, 3}};  // in which models grow: moving averages first, or last

class Fitter {
public:
    Fitter(const Order &order, const Options &options)
        : order_(order),
          options_(options),
          series_(Limits::of(order), options.anchor_ratio),
          width_(Limits::of(order).record_size()) {
        Search::generic_starts(order_, generic_);
        coefficients_.resize(order.n_arma());
    }

    // Fit the windows values[0:stops[k]) of one series.
    void series(const double *values, const double *regressors, const std::int64_t *stops, std::int64_t n_stops,
                double *out) {
        values_ = values;
        regressors_ = regressors;
        for_blocks(
            series_, values, stops, n_stops, width_, out,
            [this](const double *y, std::int64_t anchor, const std::vector<std::int64_t> &lengths, double *to,
                   std::vector<std::int64_t> &anew) { block(y, anchor, lengths, to, anew); });
    }

private:
    // The windows that share an anchor: search there, then go down in each.
    void block(const double *values, std::int64_t anchor, const std::vector<std::int64_t> &stops, double *out,
               std::vector<std::int64_t> &anew) {
        series_.load(values, regressors_ + (values - values_) * order_.regressors, stops.back(), anchor);
        tracks_.clear();
        anchor_ = anchor;
        const Sample &sample = series_.sample(order_.d, order_.D);
        if (possible(sample, anchor) && !series_.flat(order_, anchor) && search_.load(order_, sample, anchor)) {
            starts_ = generic_;
            if (order_.n_arma() > 1) {
                for (const auto &turn : kTurns) {
                    search_.grow(sample, anchor, turn, grown_);
                    starts_.push_back(grown_);
                }
            }
            search_.descend(starts_, kRough, kInfinity, tracks_);
        }
        for (std::size_t k = 0; k < stops.size(); ++k) {
            double *const to = out + static_cast<std::int64_t>(k) * width_;
            if (!window(sample, stops[k], to) && anchor < stops[k])
                anew.push_back(static_cast<std::int64_t>(k));
        }
    }

    bool possible(const Sample &sample, std::int64_t stop) const {
        return order_.ma_span() + sample.n_missing(stop) <= kMostUnknown;
    }

    // Returns false if there is no fit, or a doubtful one.
    bool window(const Sample &sample, std::int64_t stop, double *out) {
        if (stop - order_.lost() - sample.n_missing(stop) < order_.needs()) {
            series_.blank(Outcome::too_short, out);
            return true;
        }
        if (!possible(sample, stop)) {
            series_.blank(Outcome::too_many_missing, out);
            return true;
        }
        if (series_.regressors_fail(order_, stop, out)) return true;
        if (series_.flat(order_, stop)) {
            series_.write_flat(order_, stop, out);
            return true;
        }
        series_.blank(Outcome::undetermined, out);
        if (!search_.load(order_, sample, stop)) return false;
        Point best, at;
        best.shape(order_.n_arma());
        at.shape(order_.n_arma());
        const Track *from = nullptr;
        for (const Track &track : tracks_) {
            at.z = track.z;
            at.objective = search_.value(at.z.data());
            if (!(at.objective < kInfinity)) continue;
            const double share = static_cast<double>(search_.pass().n()) / static_cast<double>(track.n);
            curvature_ = track.curvature;
            for (double &c : curvature_) c *= share;
            search_.evaluate(at);
            if (!search_.polish(options_.tolerance, best.objective, curvature_.data(), at)) continue;
            if (at.objective < best.objective) {
                std::swap(best, at);
                from = &track;
            }
        }
        if (from == nullptr || stale(best, *from)) return false;
        if (stop != anchor_ && order_.n_arma() >= kRich) look_again(sample, stop, best);
        best.objective = search_.value(best.z.data());
        search_.coefficients(best.z.data(), coefficients_.data());
        series_.write(order_, search_.pass(), coefficients_.data(), best.objective, stop, out);
        return true;
    }

    // Many coefficients have many optima: grow the model on all of the window, and follow where that leads
    // elsewhere.
    void look_again(const Sample &sample, std::int64_t stop, Point &best) {
        search_.grow(sample, stop, kTurns[0], grown_);
        Point at;
        at.shape(order_.n_arma());
        at.z = grown_;
        at.objective = search_.value(at.z.data());
        if (!(at.objective < kInfinity)) return;
        search_.evaluate(at);
        curvature_.assign(at.matrix.size(), 0.0);
        const std::vector<Track> known = {{best.z, {}, best.objective, search_.pass().n()}};
        if (!search_.polish(options_.tolerance, best.objective, curvature_.data(), at, &known)) return;
        if (at.objective < best.objective) std::swap(best, at);
    }

    // Whether a value costs so much more than up to the anchor that what was found there may say little.
    bool stale(const Point &at, const Track &track) {
        const auto a_value = [](double objective, std::int64_t n) {
            return objective / static_cast<double>(n);
        };
        const std::int64_t n = search_.pass().n();
        return n != track.n && a_value(at.objective, n) > a_value(track.objective, track.n) + kStale;
    }

    Order order_;
    Options options_;
    Series series_;
    std::int64_t width_, anchor_ = 0;
    const double *values_ = nullptr, *regressors_ = nullptr;
    Search search_{kThorough};
    std::vector<Track> tracks_;
    std::vector<std::vector<double>> generic_, starts_;
    std::vector<double> grown_, curvature_, coefficients_;
};

}  // namespace

void fit(const Windows &w, const double *regressors, const Order &order, const Options &options,
         std::int64_t n_threads, double *out) {
    const std::int64_t width = Limits::of(order).record_size();
    parallel_for(w.n_series, n_threads, [&] {
        return
            [&, fitter = Fitter(order, options), stops = std::vector<std::int64_t>()](std::int64_t i) mutable {
                stops.assign(w.stops + i * w.n_stops, w.stops + (i + 1) * w.n_stops);
                for (std::int64_t &stop : stops) stop -= w.starts[i];
                fitter.series(w.values + w.starts[i], regressors + w.starts[i] * order.regressors, stops.data(),
                              w.n_stops, out + i * w.n_stops * width);
            };
    });
}

}  // namespace forecasting::arima
