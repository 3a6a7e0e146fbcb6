#include "ets_search.hpp"

#include <algorithm>
#include <cmath>

#include "bounded_step.hpp"
#include "clones.hpp"

namespace forecasting::ets {
namespace {

constexpr double kTrackWithin = 10.0;  // optima this much worse than the best are not followed
constexpr double kSameOptimum = 1e-3;  // objectives this close are one optimum
constexpr double kRough = 0.1;         // a search has to find the valley, not its bottom
constexpr int kPolished = 4;           // starts that are gone down from
constexpr double kNear = 0.03;         // this close to an optimum, and on the way down: bound for it
constexpr double kApart = 0.08;        // starts this close are one
constexpr int kConsidered = 12;        // starts of the additive errors that other models look at
constexpr int kNeighbours = 1;         // optima of a neighbouring model that are set out from
constexpr int kMaxPasses = 60;

// Sums of squares of values near 1 (see Fitter::load) below this share of n are rounding.
constexpr double kExact = 1e-24;

double dot(const double *a, const double *b, int n) {
    double sum = 0.0;
    for (int i = 0; i < n; ++i) sum += a[i] * b[i];
    return sum;
}

}  // namespace

void Point::shape(const Model &f) {
    const auto size = static_cast<std::size_t>(f.size);
    z.resize(size);
    gradient.resize(size);
    matrix.resize(size * size);
    memory.resize(static_cast<std::size_t>(sums_size(f)));
    sums = place_sums(f, memory.data());
}

void read_sums(const Model &f, const Sums &sums, Point &at) {
    at.objective = kInfinity;
    at.exact = false;
    if (!sums.valid || sums.n == 0) return;
    const double n = static_cast<double>(sums.n);
    at.exact = sums.squares <= kExact * n;
    const double squares = at.exact ? kExact * n : sums.squares;
    const double objective = n * std::log(squares) + 2.0 * sums.log_means;
    if (!std::isfinite(objective)) return;
    at.objective = objective;
    const double scale = 2.0 * n / squares;
    for (int i = 0; i < f.size; ++i) {
        at.gradient[i] = scale * sums.slope[i];
        if (f.relative) at.gradient[i] += 2.0 * sums.drift[i];
        for (int j = i; j < f.size; ++j) {
            double a = sums.gram[i * f.width + j];
            if (f.relative) {
                a += (sums.drift[i] * sums.slope[j] + sums.slope[i] * sums.drift[j]) / n +
                     sums.drift[i] * sums.drift[j] * (squares / (n * n));
            }
            at.matrix[i * f.size + j] = at.matrix[j * f.size + i] = scale * a;
        }
    }
}

Search::Search(const Options &options) : options_(options) {
    std::int64_t pass_most = 0, step_most = 0;
    std::size_t widest = 0;
    for (int q = 0; q < kModels; ++q) {
        const Model &f = models_[static_cast<std::size_t>(q)] = make_model(q, options.season_length);
        pass_most = std::max(pass_most, pass_size(f));
        step_most = std::max(step_most, step_size(f.size));
        widest = std::max(widest, static_cast<std::size_t>(f.size));
    }
    pass_work_.resize(static_cast<std::size_t>(pass_most));
    step_work_.resize(static_cast<std::size_t>(step_most));
    damped_.resize(widest * widest);
    curvature_.resize(widest * widest);
    move_.resize(widest);
    change_.resize(widest);
}

void Search::evaluate(const Model &f, std::int64_t stop, Point &at) {
    pass(f, at.z.data(), y_, &stop, 1, &at.sums, pass_work_.data());
    read_sums(f, at.sums, at);
}

double Search::step(const Model &f, const Point &at, const double *curvature, double lambda, double *move) {
    const int n = f.size;
    const double *matrix = at.matrix.data();
    if (curvature != nullptr || lambda > 0.0) {
        for (int i = 0; i < n * n; ++i) damped_[i] = matrix[i] + (curvature != nullptr ? curvature[i] : 0.0);
        for (int i = 0; i < n; ++i) damped_[i * n + i] += lambda * matrix[i * n + i];
        matrix = damped_.data();
    }
    Constraint constraints[4 * kMaxBounded];
    int n_constraints = 0;
    const auto keep = [&](double up, int i, double of_alpha, double room) {  // up z_i + of_alpha alpha
        Constraint &c = constraints[n_constraints++];
        std::fill(c.a, c.a + kMaxBounded, 0.0);
        c.a[0] = of_alpha;
        c.a[i] += up;
        c.room = std::max(0.0, room);
    };
    const std::array<int, 4> place = f.smoothing();
    for (int p = 0; p < 4; ++p) {
        if (place[p] < 0) continue;
        keep(1.0, place[p], 0.0, options_.upper[p] - at.z[place[p]]);
        keep(-1.0, place[p], 0.0, at.z[place[p]] - options_.lower[p]);
    }
    if (options_.tied && f.beta >= 0) keep(1.0, f.beta, -1.0, at.z[0] - at.z[f.beta]);
    if (options_.tied && f.gamma >= 0) keep(1.0, f.gamma, 1.0, 1.0 - at.z[0] - at.z[f.gamma]);
    return bounded_step(n, f.n_smoothing, matrix, at.gradient.data(), constraints, n_constraints, move,
                        step_work_.data());
}

void Search::clip(const Model &f, double *z) const {
    const std::array<int, 4> place = f.smoothing();
    for (int p = 0; p < 4; ++p) {
        if (place[p] >= 0) z[place[p]] = std::clamp(z[place[p]], options_.lower[p], options_.upper[p]);
    }
}

void Search::learn(const Model &f, const double *gradient_before, const Point &after, const double *move,
                   double *curvature) {
    const int n = f.size;
    double along = 0.0, bend = 0.0;
    for (int i = 0; i < n; ++i) {
        const double known = dot(after.matrix.data() + i * n, move, n);
        change_[i] = after.gradient[i] - gradient_before[i] - known - dot(curvature + i * n, move, n);
        along += change_[i] * move[i];
        bend += known * move[i];
    }
    if (!(std::fabs(along) > 1e-4 * bend)) return;
    for (int i = 0; i < n; ++i) {
        const double factor = change_[i] / along;
        for (int j = 0; j < n; ++j) curvature[i * n + j] += factor * change_[j];
    }
}

double Search::distance(const Model &f, const double *z, const double *other) const {
    const std::array<int, 4> place = f.smoothing();
    double most = 0.0;
    for (int p = 0; p < 4; ++p) {
        const double low = std::sqrt(options_.lower[p]), range = std::sqrt(options_.upper[p]) - low;
        if (place[p] < 0 || !(range > 0.0)) continue;
        most = std::max(most, std::fabs(std::sqrt(z[place[p]]) - std::sqrt(other[place[p]])) / range);
    }
    return most;
}

// Whether `at` is on its way to an optimum that is known.
bool Search::near(const Model &f, const Point &at, double expected, const Found &known) const {
    for (int i = 0; i < known.n_tracks; ++i) {
        const Track &track = known.tracks[i];
        if (at.objective - 3.0 * expected > track.objective || at.objective < track.objective) continue;
        if (distance(f, at.z.data(), track.z.data()) < kNear) return true;
    }
    return false;
}

bool Search::polish(const Model &f, std::int64_t stop, double tolerance, double hopeless, double *curvature,
                    Point &at, const Found *known) {
    const int n = f.size;
    double lambda = 0.0;
    bool bent = true;      // whether `curvature` is used
    bool refused = false;  // whether the plain step from here was tried and led up
    trial_.shape(f);
    for (int passes = 0; passes < kMaxPasses;) {
        if (at.exact) return true;
        const double expected = step(f, at, bent ? curvature : nullptr, lambda, move_.data());
        if (expected < 0.0) {
            if (bent) {
                bent = false;
                std::fill(curvature, curvature + n * n, 0.0);
            } else {
                lambda = std::max(10.0 * lambda, 1e-3);
                if (lambda > 1e8) return true;
            }
            continue;
        }
        if (expected < tolerance) {
            if (!bent) return true;
            // A stale curvature, or much damping, looks like a bottom: ask Gauss-Newton alone, and where its step
            // led up, shorter ones.
            if (!refused) lambda = 0.0;
            if (step(f, at, nullptr, lambda, move_.data()) < 100.0 * tolerance) return true;
            bent = false;
            std::fill(curvature, curvature + n * n, 0.0);
            continue;
        }
        if (at.objective - 3.0 * expected - 1.0 > hopeless) return false;
        if (known != nullptr && expected < 1.0 && near(f, at, expected, *known)) return false;
        for (int i = 0; i < n; ++i) trial_.z[i] = at.z[i] + move_[i];
        clip(f, trial_.z.data());
        evaluate(f, stop, trial_);
        ++passes;
        if (!(trial_.objective < kInfinity)) {
            lambda = std::max(10.0 * lambda, 1e-1);
            if (lambda > 1e8) return true;
            continue;
        }
        learn(f, at.gradient.data(), trial_, move_.data(), curvature);
        const bool plain = !bent && lambda == 0.0;
        bent = true;
        if (trial_.objective <= at.objective + 1e-12 * std::fabs(at.objective)) {
            const double gained = at.objective - trial_.objective;
            std::swap(at, trial_);
            refused = false;
            if (gained > 0.5 * expected) lambda = lambda < 1e-4 ? 0.0 : 0.1 * lambda;
        } else {
            refused |= plain;
            lambda = std::max(10.0 * lambda, 1e-3);
            if (lambda > 1e8) return true;
        }
    }
    return true;
}

// --- where to start -----------------------------------------------------------------------------------

void Search::add_track(const Model &f, std::int64_t stop, const Point &at, const double *curvature,
                       Found &found) {
    if (!(at.objective < kInfinity)) return;
    int place = 0;
    for (; place < found.n_tracks; ++place) {
        const double known = found.tracks[place].objective;
        if (std::fabs(at.objective - known) < kSameOptimum) return;
        if (at.objective < known) break;
    }
    if (place == kTracks) return;
    for (int i = std::min(found.n_tracks, kTracks - 1); i > place; --i) {
        std::swap(found.tracks[i], found.tracks[i - 1]);
    }
    found.n_tracks = std::min(found.n_tracks + 1, kTracks);
    Track &track = found.tracks[place];
    track.z = at.z;
    track.curvature.assign(curvature, curvature + f.size * f.size);
    track.objective = at.objective;
    track.stop = stop;
    track.exact = at.exact;
    while (found.n_tracks > 1 &&
           found.tracks[found.n_tracks - 1].objective > found.tracks[0].objective + kTrackWithin) {
        --found.n_tracks;
    }
}

// Without a multiplicative component the errors are linear in the first states: for any smoothing parameters
// the best states are one step away, and the objective there is known before it is evaluated. So starts are
// many smoothing parameters with their best states.
const std::vector<Search::Start> &Search::starts(const Model &f, std::int64_t stop) {
    Starts &known = starts_[static_cast<std::size_t>(f.trend + f.damped)][f.seasonal() ? 1 : 0];
    if (known.made) return known.list;
    known.made = true;
    known.list.clear();
    const double first_level = first_mean(f.m + 2, stop);
    at_.shape(f);
    double *const z = at_.z.data();
    const int s = f.n_smoothing, n_free = f.size - s;
    std::vector<double> block(static_cast<std::size_t>(n_free) * n_free);
    const auto add = [&](double alpha, double beta_share, double gamma_share, double phi) {
        std::fill(z, z + f.size, 0.0);
        z[0] = std::clamp(alpha, options_.lower[0], options_.upper[0]);
        const double highest_beta = options_.tied ? std::min(z[0], options_.upper[1]) : options_.upper[1];
        if (f.trend) z[f.beta] = beta_share * highest_beta;
        if (f.seasonal()) z[f.gamma] = gamma_share * (options_.tied ? 1.0 - z[0] : options_.upper[2]);
        if (f.damped) z[f.phi] = phi;
        clip(f, z);
        z[f.level] = first_level;
        evaluate(f, stop, at_);
        if (!(at_.objective < kInfinity)) return;
        for (int i = 0; i < n_free; ++i) {
            const double *const row = at_.matrix.data() + (s + i) * f.size + s;
            std::copy(row, row + n_free, block.begin() + i * n_free);
        }
        const double gain = bounded_step(n_free, 0, block.data(), at_.gradient.data() + s, nullptr, 0,
                                         move_.data(), step_work_.data());
        double objective = at_.objective;
        if (gain >= 0.0) {
            const double seen = static_cast<double>(at_.sums.n);
            objective += seen * std::log(std::max(1e-30, 1.0 - gain / seen));
            for (int i = 0; i < n_free; ++i) z[s + i] += move_[i];
        }
        known.list.push_back({objective, at_.z});
    };
    for (const double alpha : {0.02, 0.15, 0.4, 0.7, 0.95}) {
        for (const double gamma_share : {0.03, 0.3, 0.8}) {
            add(alpha, 0.05, gamma_share, 0.97);
            if (f.trend) add(alpha, 0.5, gamma_share, 0.9);
            if (f.damped) add(alpha, 0.9, gamma_share, 0.82);
            if (!f.seasonal()) break;
        }
    }
    std::stable_sort(known.list.begin(), known.list.end(), better);
    return known.list;
}

// Go down from the most promising starts, and keep the distinct bottoms.
void Search::descend(const Model &f, std::int64_t stop, std::vector<Start> &from, Found &found) {
    std::stable_sort(from.begin(), from.end(), better);
    at_.shape(f);
    std::vector<const Start *> taken;
    for (const Start &start : from) {
        if (taken.size() == kPolished) break;
        // Starts that lie together lead to one bottom: take the best of them.
        const bool near_one = std::any_of(taken.begin(), taken.end(), [&](const Start *other) {
            return distance(f, start.z.data(), other->z.data()) < kApart;
        });
        if (near_one) continue;
        taken.push_back(&start);
        at_.z = start.z;
        evaluate(f, stop, at_);
        if (!(at_.objective < kInfinity)) continue;
        std::fill(curvature_.begin(), curvature_.end(), 0.0);
        const double hopeless = found.n_tracks > 0 ? found.tracks[0].objective + kTrackWithin : kInfinity;
        if (polish(f, stop, kRough, hopeless, curvature_.data(), at_, &found)) {
            add_track(f, stop, at_, curvature_.data(), found);
        }
    }
}

const Found &Search::optima(int q, std::int64_t stop) {
    Found &found = found_[static_cast<std::size_t>(q)];
    if (found.searched) return found;
    found.searched = true;
    found.n_tracks = 0;
    const Model &f = model(q);
    std::vector<Start> from;
    const auto neighbour = [&](int other) {
        const Found &there = optima(other, stop);
        for (int i = 0; i < std::min(there.n_tracks, kNeighbours); ++i) {
            consider(f, stop, recast(model(other), there.tracks[i].z, f), from);
        }
    };
    const bool ratios = f.season == Season::multiplicative;
    if (ratios) neighbour(q - 1);                              // the season additive, all else the same
    if (f.relative && !ratios) neighbour(q - 9);               // the error additive
    if (f.damped || (f.trend && ratios)) neighbour(q - 3);     // the trend not damped, or none
    const Model &additive = ratios ? model(q - 1) : f;
    const std::vector<Start> &list = starts(additive, stop);
    if (f.relative || ratios) {
        const std::size_t n = std::min<std::size_t>(list.size(), kConsidered);
        for (std::size_t i = 0; i < n; ++i) consider(f, stop, recast(additive, list[i].z, f), from);
    } else {
        from = list;
    }
    if (f.needs_positive()) consider(f, stop, plain(f, stop), from);
    descend(f, stop, from, found);
    return found;
}

void Search::consider(const Model &f, std::int64_t stop, const std::vector<double> &z,
                      std::vector<Start> &from) {
    at_.shape(f);
    at_.z = z;
    evaluate(f, stop, at_);
    if (at_.objective < kInfinity) from.push_back({at_.objective, z});
}

// A start whose path is positive wherever the values are: hardly any trend, every season alike.
std::vector<double> Search::plain(const Model &f, std::int64_t stop) const {
    std::vector<double> z(static_cast<std::size_t>(f.size), 0.0);
    const double usual[4] = {0.2, 1e-4, 0.05, 0.9};
    const std::array<int, 4> place = f.smoothing();
    for (int p = 0; p < 4; ++p) {
        if (place[p] >= 0) z[place[p]] = usual[p];
    }
    clip(f, z.data());
    z[f.level] = first_mean(f.m + 2, stop);
    for (int j = 0; f.season == Season::multiplicative && j < f.m - 1; ++j) z[f.first_season + j] = 1.0;
    return z;
}

// The mean of the first n values that are not missing.
double Search::first_mean(std::int64_t n, std::int64_t stop) const {
    double sum = 0.0;
    std::int64_t seen = 0;
    for (std::int64_t t = 0; t < stop && seen < n; ++t) {
        if (std::isnan(y_[t])) continue;
        sum += y_[t];
        ++seen;
    }
    return sum / static_cast<double>(seen);
}

// The parameters of one model as those of another that differs in a component: a trend that begins with
// nothing, a season of differences divided by the level that it stands on.
std::vector<double> Search::recast(const Model &f, const std::vector<double> &z, const Model &to) const {
    std::vector<double> w(static_cast<std::size_t>(to.size), 0.0);
    const std::array<int, 4> from_place = f.smoothing(), place = to.smoothing();
    const double fresh[4] = {0.0, 0.01 * z[0], 0.01, 0.97};
    for (int p = 0; p < 4; ++p) {
        if (place[p] >= 0) w[place[p]] = from_place[p] >= 0 ? z[from_place[p]] : fresh[p];
    }
    clip(to, w.data());
    w[to.level] = z[f.level];
    const double trend = f.trend ? z[f.slope] : 0.0;
    if (to.trend) w[to.slope] = trend;
    const bool divide = f.season == Season::additive && to.season == Season::multiplicative;
    for (int j = 0; f.seasonal() && j < f.m - 1; ++j) {
        const double s = z[f.first_season + j];
        w[to.first_season + j] = divide ? 1.0 + s / (z[f.level] + trend * (j + 1)) : s;
    }
    return w;
}

}  // namespace forecasting::ets
