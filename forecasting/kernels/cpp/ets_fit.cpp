#include "ets_fit.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <cmath>
#include <vector>

#include "ets_search.hpp"
#include "parallel.hpp"

namespace forecasting::ets {

double penalty(const Model &f, std::int64_t n, Criterion criterion) {
    const double k = f.n_counted(), rest = static_cast<double>(n) - k - 1.0;
    switch (criterion) {
        case Criterion::aicc: return rest > 0.0 ? 2.0 * k + 2.0 * k * (k + 1.0) / rest : kInfinity;
        case Criterion::aic: return 2.0 * k;
        case Criterion::bic: return k * std::log(static_cast<double>(n));
    }
    return kInfinity;
}

namespace {

// Shorter windows search for themselves: with few values the landscape changes from one to the next, and a
// search costs little, less so where the season is long.
constexpr std::int64_t first_anchor(int season_length) { return season_length <= 6 ? 48 : 24; }

// What a model may gain, beside the margin, from the anchor's optimum to that of a window.
constexpr double kHope = 20.0;

// The first step of a window foretells what is to be had; to spare, this share of its gain and as much in itself.
constexpr double kSpare = 0.5;
constexpr double kSame = 0.01;  // smoothing parameters this close are the same (Search::distance)

// Where every candidate is fitted, bottoms of one model that look worse than its best by more are left, as where
// it is the only candidate.
constexpr double kOwnMargin = 8.0;

// There a model far behind counts, too, and a first step from a short anchor foretells little: more is hoped for,
// and a model is given up only if it is unlikely to come this near to the margin.
constexpr double kHopeOfEvery = 60.0, kSlack = 4.0;

// A rise of the objective per value, from the anchor to the window, after which a window searches for itself:
// the logarithm of a ratio of error variances, 2.7.
constexpr double kStale = 1.0;

// One optimum of one model, seen from a window: where its first step leads, and how good that is likely to be.
struct Lead {
    int model;
    const Track *track;
    double before;           // objective in this window at the anchor's optimum
    double expected;         // criterion after the first step
    const double *gradient;  // at the anchor's optimum, (size)
    const double *target;    // where the step leads, (size)
};

std::int64_t count(std::uint32_t bits) { return static_cast<std::int64_t>(std::bitset<32>(bits).count()); }

class Fitter {
public:
    explicit Fitter(const Options &options)
        : options_(options), width_(answer_size(options)), first_(first_anchor(options.season_length)),
          search_(options), record_(static_cast<std::size_t>(record_size(options.season_length))) {}

    // How many doubles the answer to one window takes.
    static std::int64_t answer_size(const Options &options) {
        if (!options.every) return record_size(options.season_length);
        return count(options.models) * short_size(options.season_length);
    }

    // Fit the windows values[0:stops[k]) of one series.
    void series(const double *values, const std::int64_t *stops, std::int64_t n_stops, double *out) {
        values_ = values;
        for (std::int64_t k = 0; k < n_stops;) {
            if (stops[k] <= 0) {
                blank(Outcome::empty, out + k++ * width_);
                continue;
            }
            const std::int64_t anchor = anchor_of(stops[k]);
            std::int64_t end = k + 1;
            while (end < n_stops && anchor_of(stops[end]) == anchor) ++end;
            anew_.clear();
            block(anchor, stops + k, end - k, out + k * width_);
            const std::vector<std::int64_t> anew = anew_;  // windows that the anchor says nothing of
            for (const std::int64_t j : anew) block(stops[k + j], stops + k + j, 1, out + (k + j) * width_);
            k = end;
        }
    }

private:
    // The longest of a, a r, a r^2, ... that fits; shorter windows are their own.
    std::int64_t anchor_of(std::int64_t stop) const {
        if (options_.anchor_ratio <= 1.0 || stop < first_) return stop;
        std::int64_t anchor = first_;
        for (;;) {
            const double longer = std::ceil(static_cast<double>(anchor) * options_.anchor_ratio);
            const auto next = static_cast<std::int64_t>(longer);
            if (next > stop) return anchor;
            anchor = next;
        }
    }

    // The windows that share an anchor: search there, look at all of them in one pass a model, then go down.
    void block(std::int64_t anchor, const std::int64_t *stops, std::int64_t n_stops, double *out) {
        load(anchor, stops[n_stops - 1]);
        search_.begin(y_.data());
        const bool useless = flat(anchor);
        look_ahead(anchor, stops, useless ? 0 : n_stops);
        for (std::int64_t k = 0; k < n_stops; ++k) {
            const bool done = (!useless || anchor == stops[k]) &&
                              window(stops[k], leads_[static_cast<std::size_t>(k)], out + k * width_);
            if (!done && anchor < stops[k]) anew_.push_back(k);
        }
    }

    // Take in the values, divided by a power of two (which is exact) so that those up to the anchor are near 1;
    // and for each length what it holds.
    void load(std::int64_t anchor, std::int64_t n) {
        double largest = 0.0;
        for (std::int64_t t = 0; t < anchor; ++t) largest = std::max(largest, std::fabs(values_[t]));
        exponent_ = 0;
        if (largest > 0.0) std::frexp(largest, &exponent_);
        const auto size = static_cast<std::size_t>(n);
        y_.resize(size);
        seen_.assign(size + 1, 0);
        lowest_.assign(size + 1, kInfinity);
        highest_.assign(size + 1, -kInfinity);
        for (std::size_t t = 0; t < size; ++t) {
            const double y = y_[t] = std::ldexp(values_[t], -exponent_);
            seen_[t + 1] = seen_[t] + !std::isnan(y);
            lowest_[t + 1] = std::fmin(lowest_[t], y);
            highest_[t + 1] = std::fmax(highest_[t], y);
        }
    }

    bool flat(std::int64_t stop) const { return !(highest_[stop] > lowest_[stop]); }
    double hope() const { return options_.every ? kHopeOfEvery : kHope; }
    bool candidate(int q) const { return (options_.models >> q & 1U) != 0; }
    // One more than leaves AICc finite.
    static std::int64_t needs(const Model &f) { return f.n_counted() + 2; }
    bool allowed(const Model &f, std::int64_t stop) const {
        return seen_[stop] >= needs(f) && !(f.needs_positive() && lowest_[stop] <= 0.0);
    }

    void look_ahead(std::int64_t anchor, const std::int64_t *stops, std::int64_t n_stops) {
        leads_.assign(static_cast<std::size_t>(std::max<std::int64_t>(n_stops, 1)), {});
        least_.assign(leads_.size(), kInfinity);
        pool_.clear();
        if (n_stops == 0) return;
        const std::int64_t last = stops[n_stops - 1];
        // Pointers into the pool must hold: reserve what it may need.
        std::size_t room = 0;
        for (int q = 0; q < kModels; ++q) {
            if (candidate(q)) room += static_cast<std::size_t>(2 * kTracks * n_stops * search_.model(q).size);
        }
        pool_.reserve(room);
        for (int q = 0; q < kModels; ++q) {
            const Model &f = search_.model(q);
            if (!candidate(q) || seen_[last] < needs(f)) continue;
            const auto enough = std::lower_bound(seen_.begin(), seen_.end(), needs(f));
            const std::int64_t from = std::max<std::int64_t>(anchor, enough - seen_.begin());
            const std::int64_t *first = std::lower_bound(stops, stops + n_stops, from);
            const std::int64_t *end = stops + n_stops;
            while (end > first && !allowed(f, end[-1])) --end;
            if (first == end) continue;
            const Found &found = search_.optima(q, from);
            for (int i = 0; i < found.n_tracks; ++i) {
                look_along(q, found.tracks[static_cast<std::size_t>(i)], first, end - first, first - stops);
            }
        }
    }

    // One pass from a track's optimum over all windows, and the first step of each.
    void look_along(int q, const Track &track, const std::int64_t *stops, std::int64_t n_stops,
                    std::int64_t first) {
        const Model &f = search_.model(q);
        const auto size = static_cast<std::size_t>(f.size);
        sums_memory_.resize(static_cast<std::size_t>(n_stops * sums_size(f)));
        sums_.resize(static_cast<std::size_t>(n_stops));
        for (std::int64_t k = 0; k < n_stops; ++k) {
            sums_[k] = place_sums(f, sums_memory_.data() + k * sums_size(f));
        }
        search_.pass_over(f, track.z.data(), stops, n_stops, sums_.data());
        seen_from_.shape(f);
        for (std::int64_t k = 0; k < n_stops; ++k) {
            read_sums(f, sums_[k], seen_from_);
            if (!(seen_from_.objective < kInfinity)) break;
            const double extra = penalty(f, seen_[stops[k]], options_.criterion);
            double &least = least_[static_cast<std::size_t>(first + k)];
            if (seen_from_.objective + extra > least + options_.margin + hope()) continue;
            least = std::min(least, seen_from_.objective + extra);
            seen_from_.z = track.z;
            const double *gradient = pool_.data() + pool_.size();
            pool_.insert(pool_.end(), seen_from_.gradient.begin(), seen_from_.gradient.end());
            const double *target = pool_.data() + pool_.size();
            pool_.insert(pool_.end(), track.z.begin(), track.z.end());
            double gain = 0.0;
            if (!track.exact) {
                scale_curvature(track, size, stops[k]);
                move_.resize(size);
                gain = search_.step(f, seen_from_, curvature_.data(), 0.0, move_.data());
                if (gain < 0.0) gain = search_.step(f, seen_from_, nullptr, 0.0, move_.data());
                if (gain < 0.0) {
                    gain = 0.0;
                } else {
                    for (std::size_t j = 0; j < size; ++j) pool_[pool_.size() - size + j] += move_[j];
                }
            }
            const double expected = seen_from_.objective - gain + extra;
            leads_[static_cast<std::size_t>(first + k)].push_back(
                {q, &track, seen_from_.objective, expected, gradient, target});
        }
    }

    // The curvature is a sum over observations: it grows with their number.
    void scale_curvature(const Track &track, std::size_t size, std::int64_t stop) {
        const double ratio = static_cast<double>(seen_[stop]) / static_cast<double>(seen_[track.stop]);
        curvature_.resize(size * size);
        for (std::size_t j = 0; j < size * size; ++j) curvature_[j] = ratio * track.curvature[j];
    }

    // Fit one window from its leads, the most promising first. Returns false if there is no fit.
    bool window(std::int64_t stop, std::vector<Lead> &leads, double *out) {
        blank(outcome(stop), out);
        if (flat(stop)) return constant(stop, out);
        std::stable_sort(leads.begin(), leads.end(),
                         [](const Lead &a, const Lead &b) { return a.expected < b.expected; });
        if (options_.every) return all(stop, leads, out);
        double best = kInfinity;
        int best_model = -1;
        for (const Lead &lead : leads) {
            if (lead.expected > best + options_.margin) break;
            const Model &f = search_.model(lead.model);
            const double extra = penalty(f, seen_[stop], options_.criterion);
            const double gain = lead.before + extra - lead.expected;
            if (lead.expected - kSpare * gain - kSpare > best) continue;
            if (lead.model == best_model && search_.distance(f, lead.target, best_.z.data()) < kSame) continue;
            known_.n_tracks = lead.model == best_model ? 1 : 0;
            if (!go_down(f, lead, stop, best - extra, known_)) continue;
            if (at_.objective + extra < best) {
                best = at_.objective + extra;
                best_model = lead.model;
                std::swap(at_, best_);
                known_.tracks[0].z = best_.z;
                known_.tracks[0].objective = best_.objective;
            }
        }
        if (best_model < 0 || stale(stop, best_model, best_)) return false;
        write(best_model, best_, stop, out);
        return true;
    }

    // The same for every candidate within the margin, the models with the most promising leads first. Each goes
    // down from its own leads as if it were alone, unless it is unlikely to come within the margin.
    bool all(std::int64_t stop, const std::vector<Lead> &leads, double *out) {
        std::array<double, kModels> reached;
        reached.fill(kInfinity);
        double best = kInfinity;
        int best_model = -1;
        std::uint32_t done = 0;
        for (const Lead &first : leads) {
            const int q = first.model;
            if ((done >> q & 1U) != 0) continue;
            done |= 1U << q;
            double &own = reached[static_cast<std::size_t>(q)];
            own = deepest(q, leads, stop, best + options_.margin + kSlack, bottoms_[static_cast<std::size_t>(q)]);
            if (own < best) {
                best = own;
                best_model = q;
            }
        }
        if (best_model < 0 || stale(stop, best_model, bottoms_[static_cast<std::size_t>(best_model)])) return false;
        for (int q = 0; q < kModels; ++q) {
            if (!candidate(q)) continue;
            const bool kept = reached[static_cast<std::size_t>(q)] <= best + options_.margin;
            if (kept) {
                write(q, bottoms_[static_cast<std::size_t>(q)], stop, slot(q, out));
            } else {
                slot(q, out)[kOutcome] = static_cast<double>(Outcome::empty);
            }
        }
        return true;
    }

    // The deepest bottom of one model that its leads go to; its criterion, or infinity where that is unlikely
    // to be less than `hopeless`.
    double deepest(int q, const std::vector<Lead> &leads, std::int64_t stop, double hopeless, Point &bottom) {
        const Model &f = search_.model(q);
        const double extra = penalty(f, seen_[stop], options_.criterion);
        double own = kInfinity;
        for (const Lead &lead : leads) {
            if (lead.model != q) continue;
            const bool found = own < kInfinity;
            if (found && lead.expected > own + kOwnMargin) break;
            const double gain = lead.before + extra - lead.expected;
            const double least = found ? own : hopeless;
            if (lead.expected - kSpare * gain - kSpare > least) continue;
            if (found && search_.distance(f, lead.target, bottom.z.data()) < kSame) continue;
            known_.n_tracks = found ? 1 : 0;
            if (!go_down(f, lead, stop, least - extra, known_)) continue;
            if (at_.objective + extra < own) {
                own = at_.objective + extra;
                std::swap(at_, bottom);
                known_.tracks[0].z = bottom.z;
                known_.tracks[0].objective = bottom.objective;
            }
        }
        return own;
    }

    // Where the answer to a candidate begins in that to a window.
    double *slot(int q, double *out) const {
        if (!options_.every) return out;
        return out + count(options_.models & ((1U << q) - 1U)) * short_size(options_.season_length);
    }

    // Whether a value costs so much more than up to the anchor that what was found there may say little.
    bool stale(std::int64_t stop, int q, const Point &at) {
        const Track &track = search_.optima(q, stop).tracks[0];
        if (track.stop == stop || track.exact) return false;
        const auto a_value = [](double objective, std::int64_t n) {
            return objective / static_cast<double>(n) - std::log(static_cast<double>(n));
        };
        return a_value(at.objective, at.sums.n) > a_value(track.objective, seen_[track.stop]) + kStale;
    }

    bool go_down(const Model &f, const Lead &lead, std::int64_t stop, double hopeless, const Found &known) {
        const auto size = static_cast<std::size_t>(f.size);
        scale_curvature(*lead.track, size, stop);
        at_.shape(f);
        at_.z.assign(lead.target, lead.target + size);
        search_.evaluate(f, stop, at_);
        if (at_.objective <= lead.before) {
            move_.resize(size);
            for (std::size_t j = 0; j < size; ++j) move_[j] = lead.target[j] - lead.track->z[j];
            search_.learn(f, lead.gradient, at_, move_.data(), curvature_.data());
        } else {
            at_.z = lead.track->z;
            search_.evaluate(f, stop, at_);
        }
        return search_.polish(f, stop, options_.tolerance, hopeless, curvature_.data(), at_, &known);
    }

    Outcome outcome(std::int64_t stop) const {
        bool long_enough = false, positive = false;
        for (int q = 0; q < kModels; ++q) {
            if (!candidate(q)) continue;
            const Model &f = search_.model(q);
            long_enough |= seen_[stop] >= needs(f);
            positive |= !(f.needs_positive() && lowest_[stop] <= 0.0);
        }
        return !positive ? Outcome::not_positive : !long_enough ? Outcome::too_short : Outcome::no_path;
    }

    void blank(Outcome why, double *out) const {
        std::fill(out, out + width_, kNaN);
        for (int q = 0; q < kModels; ++q) {
            if (candidate(q)) slot(q, out)[kOutcome] = static_cast<double>(why);
        }
    }

    // All values the same: the smallest model, without error. Nothing else can be told from them.
    bool constant(std::int64_t stop, double *out) {
        int chosen = -1;
        for (int q = kModels - 1; q >= 0; --q) {
            if (!candidate(q) || !allowed(search_.model(q), stop)) continue;
            if (chosen < 0 || search_.model(q).size <= search_.model(chosen).size) chosen = q;
        }
        if (chosen < 0) return true;
        const Model &f = search_.model(chosen);
        at_.shape(f);
        std::fill(at_.z.begin(), at_.z.end(), 0.0);
        const std::array<int, 4> place = f.smoothing();
        for (int p = 0; p < 4; ++p) {
            if (place[p] >= 0) at_.z[place[p]] = options_.lower[p];
        }
        at_.z[f.level] = lowest_[stop];
        if (f.season == Season::multiplicative) {
            std::fill(at_.z.begin() + f.first_season, at_.z.end(), 1.0);
        }
        search_.evaluate(f, stop, at_);
        for (int q = 0; options_.every && q < kModels; ++q) {
            if (candidate(q)) slot(q, out)[kOutcome] = static_cast<double>(Outcome::empty);
        }
        write(chosen, at_, stop, slot(chosen, out));
        return true;
    }

    void write(int q, const Point &at, std::int64_t stop, double *out) {
        if (!options_.every) {
            write_record(q, at, stop, out);
            return;
        }
        double *const record = record_.data();
        std::fill(record_.begin(), record_.end(), kNaN);
        write_record(q, at, stop, record);
        std::copy(record, record + kStates, out);
        std::copy(record_.end() - (2 + options_.season_length), record_.end(), out + kStates);
    }

    void write_record(int q, const Point &at, std::int64_t stop, double *out) {
        const Model &f = search_.model(q);
        const double n = static_cast<double>(at.sums.n);
        const int m = options_.season_length;
        out[kOutcome] = static_cast<double>(Outcome::fitted);
        out[kModel] = q;
        out[kCount] = n;
        out[kObjective] = at.objective + 2.0 * n * exponent_ * 0.69314718055994530942;
        const double rms = at.exact ? 0.0 : std::sqrt(at.sums.squares / n);
        out[kRms] = f.relative ? rms : std::ldexp(rms, exponent_);
        out[kRange] = std::ldexp(highest_[stop] - lowest_[stop], exponent_);
        const std::array<int, 4> place = f.smoothing();
        for (int p = 0; p < 4; ++p) {
            if (place[p] >= 0) out[kAlpha + p] = at.z[place[p]];
        }
        double *const before = out + kStates, *const after = before + 2 + m;
        std::fill(before, after + 2 + m, 0.0);
        initial_state(f, at.z.data(), before);
        if (!f.relative && f.season == Season::multiplicative) out[kRatioRms] = ratio_rms(f, at, stop, before);
        after[0] = at.sums.state[0];
        after[1] = at.sums.state[1];
        for (int j = 0; j < f.m; ++j) after[2 + j] = at.sums.state[2 + (stop + j) % f.m];
        const int scaled = f.season == Season::additive ? 2 + f.m : 2;
        for (int j = 0; j < scaled; ++j) {
            before[j] = std::ldexp(before[j], exponent_);
            after[j] = std::ldexp(after[j], exponent_);
        }
    }

    double ratio_rms(const Model &f, const Point &at, std::int64_t stop, const double *before) {
        std::vector<double> state(before, before + f.n_state()), means(static_cast<std::size_t>(stop));
        const std::array<int, 4> place = f.smoothing();
        double by[4] = {0.0, 0.0, 0.0, 1.0};
        for (int p = 0; p < 4; ++p) {
            if (place[p] >= 0) by[p] = at.z[place[p]];
        }
        filter(f, by[0], by[1], by[2], by[3], y_.data(), stop, 0, state.data(), means.data());
        double sum = 0.0;
        for (std::int64_t t = 0; t < stop; ++t) {
            const double e = (y_[t] - means[t]) / means[t];
            if (!std::isnan(e)) sum += e * e;
        }
        return std::sqrt(sum / static_cast<double>(at.sums.n));
    }

    Options options_;
    std::int64_t width_, first_;
    Search search_;
    const double *values_ = nullptr;
    int exponent_ = 0;
    std::vector<double> y_, lowest_, highest_, pool_, sums_memory_, curvature_, move_, least_;
    std::vector<std::int64_t> seen_, anew_;
    std::vector<std::vector<Lead>> leads_;
    std::vector<Sums> sums_;
    std::vector<double> record_;              // one, before its first states are left away
    std::array<Point, kModels> bottoms_;      // of each candidate, where all are answered
    Point at_, best_, seen_from_;
    Found known_;  // the best of the model at hand, where another track need not end again
};

}  // namespace

void fit(const Windows &w, const Options &options, std::int64_t n_threads, double *out) {
    const std::int64_t width = Fitter::answer_size(options);
    parallel_for(w.n_series, n_threads, [&] {
        return [&, fitter = Fitter(options), stops = std::vector<std::int64_t>()](std::int64_t i) mutable {
            stops.assign(w.stops + i * w.n_stops, w.stops + (i + 1) * w.n_stops);
            for (std::int64_t &stop : stops) stop -= w.starts[i];
            fitter.series(w.values + w.starts[i], stops.data(), w.n_stops, out + i * w.n_stops * width);
        };
    });
}

}  // namespace forecasting::ets
