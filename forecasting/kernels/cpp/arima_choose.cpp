// The choice of an order, Hyndman and Khandakar (2008): "Choice of the order" in mathematics.py.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "arima_differences.hpp"
#include "arima_search.hpp"
#include "arima_series.hpp"
#include "parallel.hpp"

namespace forecasting::arima {
namespace {

constexpr double kRough = 1e-2;  // tolerance while orders are compared
constexpr double kRoot = 1.01;   // a root nearer to the unit circle is not admitted
// Generic starts of an order beside that from the best one: all of the first model, the most promising of the
// others, none of an order that is new in a window, where the best one is near.
constexpr std::size_t kAll = 99, kGeneric = 2, kGenericInWindow = 0;
constexpr double kHope = 6.0;                  // what an order may gain from where it was found at the anchor
constexpr int kMostModels = 94;                // of one stepwise search
constexpr int kStart = 2, kSeasonalStart = 1;  // p = q and P = Q of the largest of the first models

// Steps of (P, Q), then of (p, q), in the order in which they are tried.
constexpr int kMoves[8][2] = {{-1, 0}, {0, -1}, {1, 0}, {0, 1}, {-1, -1}, {-1, 1}, {1, -1}, {1, 1}};

enum class State { reached, abandoned, inadmissible, impossible };

struct Entry {
    Order order{};
    State state = State::impossible;
    std::vector<double> z, curvature;
    double objective = kInfinity, criterion = kInfinity;
    std::int64_t n = 0;
};

bool same(const Order &a, const Order &b) {
    return a.p == b.p && a.q == b.q && a.P == b.P && a.Q == b.Q && a.constant == b.constant;
}

// What was tried at one length, by (d, D).
struct Table {
    std::vector<Entry> entries;
    int best = -1;

    int find(const Order &order) const {
        for (std::size_t i = 0; i < entries.size(); ++i) {
            if (same(entries[i].order, order)) return static_cast<int>(i);
        }
        return -1;
    }
    double least() const { return best < 0 ? kInfinity : entries[best].criterion; }
};

double penalty(const Order &order, std::int64_t n) {
    const double k = order.n_counted(), left = static_cast<double>(n) - k - 1.0;
    return left > 0.0 ? 2.0 * k + 2.0 * k * (k + 1.0) / left : kInfinity;
}

// Whether 1 - sum c_i B^{i step} has no root within kRoot.
bool far_roots(const double *c, int n, int step) {
    std::vector<double> a(c, c + n);
    for (int i = 0; i < n; ++i) a[i] *= std::pow(kRoot, (i + 1) * step);
    for (int k = n; k >= 1; --k) {
        const double r = a[k - 1], left = 1.0 - r * r;
        if (!(left > 0.0)) return false;
        std::vector<double> below(k - 1);
        for (int i = 0; i < k - 1; ++i) below[i] = (a[i] + r * a[k - 2 - i]) / left;
        a = below;
    }
    return true;
}

class Chooser {
public:
    Chooser(const Limits &limits, const Choice &choice)
        : limits_(limits),
          choice_(choice),
          series_(limits, choice.anchor_ratio),
          width_(limits.record_size()) {}

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
    void block(const double *values, std::int64_t anchor, const std::vector<std::int64_t> &stops, double *out,
               std::vector<std::int64_t> &anew) {
        series_.load(values, regressors_ + (values - values_) * limits_.regressors, stops.back(), anchor);
        if (limits_.regressors == 0) fill(series_.y(), series_.n());
        tables_.clear();
        anchor_ = anchor;
        for (std::size_t k = 0; k < stops.size(); ++k) {
            double *const to = out + static_cast<std::int64_t>(k) * width_;
            if (!window(stops[k], to)) anew.push_back(static_cast<std::int64_t>(k));
        }
    }

    // For the test of the season only: missing values on the line between their neighbours.
    void fill(const double *y, std::int64_t n) {
        filled_.assign(y, y + n);
        std::size_t last = 0;
        for (std::size_t t = 1; t < filled_.size(); ++t) {
            if (std::isnan(filled_[t])) continue;
            for (std::size_t j = last + 1; j < t; ++j) {
                const double share = static_cast<double>(j - last) / static_cast<double>(t - last);
                filled_[j] = filled_[last] + share * (filled_[t] - filled_[last]);
            }
            last = t;
        }
    }

    // d and D of the first `stop` values.
    std::pair<int, int> differences(std::int64_t stop) {
        std::int64_t seen = stop;  // a gap at the end has no other side
        while (seen > 0 && std::isnan(series_.y()[seen - 1])) --seen;
        if (limits_.regressors > 0) {
            if (!residuals(stop)) return {0, 0};
            fill(residuals_.data(), stop);
        }
        int D = limits_.D > 0 ? differences_.seasonal(filled_.data(), seen, limits_.m) : 0;
        if (D > 0 && redundant(0, D, stop)) D = 0;
        std::vector<double> w;
        if (limits_.regressors > 0) {
            const std::int64_t lag = D * limits_.m;
            w.assign(residuals_.begin() + std::min(lag, stop), residuals_.end());
            for (std::int64_t t = lag; lag > 0 && t < stop; ++t) w[t - lag] -= residuals_[t - lag];
        } else {
            const Sample *sample = &series_.sample(0, D);
            w.assign(sample->w.begin(), sample->w.begin() + std::max<std::int64_t>(stop - D * limits_.m, 0));
            for (const Sample::Effect &effect : sample->effects) {
                if (effect.row < static_cast<std::int64_t>(w.size())) w[effect.row] = kNaN;
            }
        }
        int d = differences_.plain(w.data(), static_cast<std::int64_t>(w.size()), limits_.d);
        while (d > 0 && redundant(d, D, stop)) --d;
        // Too short for so many: fewer.
        for (;;) {
            const Order least{0, d, 0, 0, D, 0, limits_.m, false, limits_.regressors};
            if (stop - least.lost() - series_.sample(d, D).n_missing(stop) >= least.needs() + 1) break;
            if (D > 0) {
                D = 0;
            } else if (d > 0) {
                --d;
            } else {
                break;
            }
        }
        return {d, D};
    }

    // Whether differences leave nothing of a regressor beside a constant: there are fewer then, as in R.
    bool redundant(int d, int D, std::int64_t stop) {
        return series_.redundant({0, d, 0, 0, D, 0, limits_.m, true}, stop) >= 0;
    }

    // What least squares leave of the first `stop` values, NaN where they are missing; false if it cannot be
    // done.
    bool residuals(std::int64_t stop) {
        if (!series_.regress(stop, plain_)) return false;
        const int n_x = limits_.regressors;
        residuals_.assign(series_.y(), series_.y() + stop);
        for (std::int64_t t = 0; t < stop; ++t) {
            for (int j = 0; j < n_x; ++j) residuals_[t] -= plain_.slope(j) * series_.x()[t * n_x + j];
        }
        return true;
    }

    // Returns false if the anchor says nothing, and the window has to search for itself.
    bool window(std::int64_t stop, double *out) {
        if (series_.regressors_fail({0, 0, 0, 0, 0, 0, limits_.m, true}, stop, out)) return true;
        const auto [d, D] = differences(stop);
        const Sample &sample = series_.sample(d, D);
        const Order least{0, d, 0, 0, D, 0, limits_.m, d + D <= 1, limits_.regressors};
        if (stop - least.lost() - sample.n_missing(stop) < least.needs()) {
            series_.blank(Outcome::too_short, out);
            return true;
        }
        if (series_.flat(least, stop)) {
            series_.write_flat(least, stop, out);
            return true;
        }
        if (sample.n_missing(stop) > kMostUnknown) {
            series_.blank(Outcome::too_many_missing, out);
            return true;
        }
        Table table;
        if (anchor_ == stop) {
            search(table, nullptr, sample, d, D, stop);
        } else {
            const Table &before = anchor_table(d, D);
            if (before.best < 0) return false;
            search(table, &before, sample, d, D, stop);
            if (table.best < 0) return false;
        }
        if (table.best < 0) {
            series_.blank(Outcome::undetermined, out);
            return true;
        }
        write(table, sample, stop, out);
        return true;
    }

    const Table &anchor_table(int d, int D) {
        const auto found = tables_.find({d, D});
        if (found != tables_.end()) return found->second;
        Table &table = tables_[{d, D}];
        const Sample &sample = series_.sample(d, D);
        if (!series_.flat({0, d, 0, 0, D, 0, limits_.m, d + D <= 1}, anchor_))
            search(table, nullptr, sample, d, D, anchor_);
        return table;
    }

    // The largest orders at a length, (p, q, P, Q).
    std::array<int, 4> most(std::int64_t stop) const {
        const auto third = static_cast<int>(series_.seen(stop) / 3);
        const int m = limits_.m;
        std::array<int, 4> top = {std::min(limits_.p, third), std::min(limits_.q, third), 0, 0};
        if (m > 1) {
            top[2] = std::min(limits_.P, third / m);
            top[3] = std::min(limits_.Q, third / m);
            if (top[2] > 0) top[0] = std::min(top[0], m - 1);
            if (top[3] > 0) top[1] = std::min(top[1], m - 1);
        }
        return top;
    }

    // From nothing.
    void search(Table &table, const Table *before, const Sample &sample, int d, int D, std::int64_t stop) {
        const auto top = most(stop);
        const bool constant = d + D <= 1;
        const auto order = [&](int p, int q, int P, int Q, bool with) {
            return Order{std::min(p, top[0]), d,   std::min(q, top[1]),
                         std::min(P, top[2]), D,   std::min(Q, top[3]),
                         limits_.m,           with, limits_.regressors};
        };
        if (!choice_.stepwise) {
            for (int with = constant ? 1 : 0; with >= 0; --with) {
                for (int sum = 0; sum <= top[0] + top[1] + top[2] + top[3]; ++sum) {
                    each_of(sum, top, [&](int p, int q, int P, int Q) {
                        visit(table, order(p, q, P, Q, with > 0), sample, stop, before);
                    });
                }
            }
            return;
        }
        visit(table, order(0, 0, 0, 0, constant), sample, stop, before);
        visit(table, order(1, 0, 1, 0, constant), sample, stop, before);
        visit(table, order(0, 1, 0, 1, constant), sample, stop, before);
        const bool tiny = stop < 10;
        visit(table,
              order(tiny ? 1 : kStart, tiny ? 1 : kStart, tiny ? 0 : kSeasonalStart, tiny ? 0 : kSeasonalStart,
                    constant),
              sample, stop, before);
        if (constant) visit(table, order(0, 0, 0, 0, false), sample, stop, before);
        step(table, before, sample, stop);
    }

    template <class Visit>
    static void each_of(int sum, const std::array<int, 4> &top, const Visit &visit) {
        for (int p = 0; p <= std::min(top[0], sum); ++p) {
            for (int q = 0; q <= std::min(top[1], sum - p); ++q) {
                for (int P = 0; P <= std::min(top[2], sum - p - q); ++P) {
                    const int Q = sum - p - q - P;
                    if (Q <= top[3]) visit(p, q, P, Q);
                }
            }
        }
    }

    // The neighbourhood of the best, again and again; the first that is better is the next centre.
    void step(Table &table, const Table *before, const Sample &sample, std::int64_t stop) {
        const auto top = most(stop);
        while (table.best >= 0 && table.entries.size() < static_cast<std::size_t>(kMostModels)) {
            const Order centre = table.entries[table.best].order;
            const double least = table.least();
            const auto better = [&](const Order &order) {
                if (order.p < 0 || order.q < 0 || order.P < 0 || order.Q < 0) return false;
                if (order.p > top[0] || order.q > top[1] || order.P > top[2] || order.Q > top[3]) return false;
                if (table.find(order) >= 0) return false;
                visit(table, order, sample, stop, before);
                return table.least() < least;
            };
            bool moved = false;
            for (int i = 0; i < 16 && !moved; ++i) {
                Order order = centre;
                const auto &move = kMoves[i % 8];
                (i < 8 ? order.P : order.p) += move[0];
                (i < 8 ? order.Q : order.q) += move[1];
                moved = better(order);
            }
            if (!moved && centre.d + centre.D <= 1) {
                Order order = centre;
                order.constant = !order.constant;
                moved = better(order);
            }
            if (!moved) return;
        }
    }

    // Fit an order and enter it, from where it was found before, or from the best and from a point of its own.
    void visit(Table &table, const Order &order, const Sample &sample, std::int64_t stop, const Table *before) {
        if (table.find(order) >= 0) return;
        const int known = before == nullptr ? -1 : before->find(order);
        const Entry *const from = known < 0 ? nullptr : &before->entries[known];
        Entry entry;
        entry.order = order;
        if (order.ma_span() + sample.n_missing(stop) <= kMostUnknown && search_.load(order, sample, stop)) {
            fit(table, from, before != nullptr, entry);
        }
        table.entries.push_back(std::move(entry));
        const int at = static_cast<int>(table.entries.size()) - 1;
        if (table.entries[at].state == State::reached && table.entries[at].criterion < table.least())
            table.best = at;
    }

    void fit(const Table &table, const Entry *from, bool before, Entry &entry) {
        const Order &order = entry.order;
        const std::int64_t n = entry.n = search_.pass().n();
        const double extra = penalty(order, n), hopeless = table.least() + choice_.margin - extra;
        starts_.clear();
        const bool warm = from != nullptr && !from->z.empty();
        if (warm || (from != nullptr && order.n_arma() == 0)) starts_.push_back(from->z);
        if (!warm) {
            if (table.best >= 0) {
                const Entry &best = table.entries[table.best];
                starts_.push_back(embed(best.order, best.z, order));
            }
            add_generic(order, table.best < 0 ? kAll : before ? kGenericInWindow : kGeneric);
        }
        const auto size = static_cast<std::size_t>(order.n_arma());
        Point at;
        tracks_.clear();
        bool reached = false;
        for (const std::vector<double> &z : starts_) {
            at.shape(order.n_arma());
            at.z = z;
            at.objective = search_.value(z.data());
            if (!(at.objective < kInfinity)) continue;
            if (warm && at.objective - kHope > hopeless) {
                entry.objective = at.objective;
                entry.z = at.z;
                continue;
            }
            search_.evaluate(at);
            curvature_.assign(size * size, 0.0);
            if (warm && from->curvature.size() == curvature_.size() && from->n > 0) {
                const double share = static_cast<double>(n) / static_cast<double>(from->n);
                for (std::size_t i = 0; i < curvature_.size(); ++i) curvature_[i] = share * from->curvature[i];
            }
            const bool bottom = search_.polish(kRough, hopeless, curvature_.data(), at, &tracks_);
            if (bottom) keep_track(at, curvature_.data(), n, tracks_);
            if (at.objective < entry.objective) {
                entry.objective = at.objective;
                entry.z = at.z;
                entry.curvature = curvature_;
                reached = bottom;
            }
        }
        if (!(entry.objective < kInfinity)) return;
        entry.criterion = entry.objective + extra;
        entry.state = reached ? State::reached : State::abandoned;
        if (entry.state == State::reached && !admissible(order, entry.z)) entry.state = State::inadmissible;
    }

    // The most promising of the generic starts.
    void add_generic(const Order &order, std::size_t many) {
        generic_.clear();
        Search::generic_starts(order, generic_);
        std::vector<std::pair<double, std::size_t>> ranked;
        for (std::size_t i = 0; i < generic_.size(); ++i)
            ranked.emplace_back(search_.value(generic_[i].data()), i);
        std::sort(ranked.begin(), ranked.end());
        for (std::size_t i = 0; i < std::min(many, ranked.size()); ++i)
            starts_.push_back(generic_[ranked[i].second]);
    }

    bool admissible(const Order &order, const std::vector<double> &z) {
        coefficients_.resize(z.size());
        search_.coefficients(z.data(), coefficients_.data());
        const double *c = coefficients_.data();
        return far_roots(c, order.p, 1) && far_roots(c + order.p, order.q, 1) &&
               far_roots(c + order.p + order.q, order.P, order.m) &&
               far_roots(c + order.p + order.q + order.P, order.Q, order.m);
    }

    // Go down the last bit, if that leaves the roots where they may be.
    void write(const Table &table, const Sample &sample, std::int64_t stop, double *out) {
        const Entry &entry = table.entries[table.best];
        const Order &order = entry.order;
        search_.load(order, sample, stop);
        Point at;
        at.shape(order.n_arma());
        at.z = entry.z;
        at.objective = search_.value(at.z.data());
        search_.evaluate(at);
        curvature_ = entry.curvature;
        search_.polish(choice_.tolerance, kInfinity, curvature_.data(), at);
        if (!admissible(order, at.z)) at.z = entry.z;
        at.objective = search_.value(at.z.data());
        coefficients_.resize(at.z.size());
        search_.coefficients(at.z.data(), coefficients_.data());
        series_.write(order, search_.pass(), coefficients_.data(), at.objective, stop, out);
        std::vector<int> others;
        for (std::size_t i = 0; i < table.entries.size(); ++i) {
            const bool told = table.entries[i].state == State::reached && static_cast<int>(i) != table.best;
            if (told) others.push_back(static_cast<int>(i));
        }
        std::stable_sort(others.begin(), others.end(),
                         [&](int a, int b) { return table.entries[a].criterion < table.entries[b].criterion; });
        const double shift = out[kObjective] - at.objective;  // constants, and the scale
        double *to = out + limits_.contenders_at();
        for (int i = 0; i < limits_.contenders; ++i, to += kContender) {
            if (i >= static_cast<int>(others.size())) {
                std::fill(to, to + kContender, kNaN);
                continue;
            }
            const Entry &other = table.entries[others[i]];
            const Order &o = other.order;
            const double told[kContender] = {static_cast<double>(o.p), static_cast<double>(o.q),
                                             static_cast<double>(o.P), static_cast<double>(o.Q),
                                             o.constant ? 1.0 : 0.0,   other.criterion + shift};
            std::copy(told, told + kContender, to);
        }
    }

    Limits limits_;
    Choice choice_;
    Series series_;
    std::int64_t width_, anchor_ = 0;
    Search search_{kBrisk};
    Differences differences_;
    std::map<std::pair<int, int>, Table> tables_;
    std::vector<std::vector<double>> starts_, generic_;
    std::vector<Track> tracks_;
    std::vector<double> curvature_, coefficients_, filled_, residuals_;
    const double *values_ = nullptr, *regressors_ = nullptr;
    Pass plain_;
};

}  // namespace

void choose(const Windows &w, const double *regressors, const Limits &limits, const Choice &choice,
            std::int64_t n_threads, double *out) {
    const std::int64_t width = limits.record_size();
    parallel_for(w.n_series, n_threads, [&] {
        return [&, chooser = Chooser(limits, choice),
                stops = std::vector<std::int64_t>()](std::int64_t i) mutable {
            stops.assign(w.stops + i * w.n_stops, w.stops + (i + 1) * w.n_stops);
            for (std::int64_t &stop : stops) stop -= w.starts[i];
            chooser.series(w.values + w.starts[i], regressors + w.starts[i] * limits.regressors, stops.data(),
                           w.n_stops, out + i * w.n_stops * width);
        };
    });
}

}  // namespace forecasting::arima
