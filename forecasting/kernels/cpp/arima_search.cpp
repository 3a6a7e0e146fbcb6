#include "arima_search.hpp"

#include <algorithm>
#include <cmath>

#include "bounded_step.hpp"

namespace forecasting::arima {
namespace {

constexpr double kLongest = 0.6;  // of a step, by coordinate
constexpr int kMaxPasses = 60;    // of one descent
constexpr int kMaxRounds = 10;    // of going down again from nearer to the edge, or farther from it
constexpr double kFine = 1e-3;    // a tolerance that asks for it
constexpr double kNearEdge = 0.05, kProbe = 5.0, kInside = 0.025, kBetween = 1e-3;
constexpr double kSameOptimum = 1e-2;  // objectives of one optimum, found roughly
constexpr double kSame = 0.02;         // and its angle
constexpr double kGrown = 0.1;         // a new coefficient begins here
constexpr double kEmbedded = 0.98;     // the farthest that a coefficient of another order begins
constexpr double kGrowing = 0.05;      // tolerance while growing

std::size_t square(int n) { return static_cast<std::size_t>(n) * static_cast<std::size_t>(n); }

}  // namespace

void Point::shape(int n) {
    z.resize(static_cast<std::size_t>(n));
    gradient.resize(z.size());
    matrix.resize(square(n));
}

double distance(const std::vector<double> &a, const std::vector<double> &b) {
    double largest = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        largest = std::max(largest, std::fabs(std::asin(a[i]) - std::asin(b[i])));
    }
    return largest;
}

std::vector<double> embed(const Order &from, const std::vector<double> &z, const Order &to) {
    std::vector<double> out;
    const int old[4] = {from.p, from.q, from.P, from.Q}, anew[4] = {to.p, to.q, to.P, to.Q};
    int at = 0;
    for (int factor = 0; factor < 4; ++factor) {
        for (int i = 0; i < anew[factor]; ++i) {
            const double r = i < old[factor] ? z[at + i] : factor % 2 == 0 ? kGrown : -kGrown;
            out.push_back(std::min(std::max(r, -kEmbedded), kEmbedded));
        }
        at += old[factor];
    }
    return out;
}

void keep_track(const Point &at, const double *curvature, std::int64_t n, std::vector<Track> &tracks) {
    if (!(at.objective < kInfinity)) return;
    std::size_t place = 0;
    for (; place < tracks.size(); ++place) {
        Track &known = tracks[place];
        if (std::fabs(at.objective - known.objective) < kSameOptimum && distance(at.z, known.z) < 10.0 * kSame)
            return;
        if (at.objective < known.objective) break;
    }
    if (place == kTracks) return;
    tracks.insert(tracks.begin() + static_cast<std::ptrdiff_t>(place),
                  {at.z, std::vector<double>(curvature, curvature + at.matrix.size()), at.objective, n});
    if (tracks.size() > kTracks) tracks.pop_back();
}

bool Search::load(const Order &order, const Sample &sample, std::int64_t stop) {
    order_ = order;
    const int n = order.n_arma();
    const auto size = static_cast<std::size_t>(n);
    coefficients_.resize(size);
    by_coefficient_.resize(size);
    move_.resize(size);
    jacobian_.resize(square(n));
    matrix_.resize(square(n));
    reduced_.resize(square(n));
    part_.resize(size);
    part_step_.resize(size);
    work_.resize(static_cast<std::size_t>(step_size(n)));
    trial_.shape(n);
    return pass_.load(order, sample, stop);
}

void Search::coefficients(const double *z, double *to) const {
    int at = 0;
    for (const int n : {order_.p, order_.q, order_.P, order_.Q}) {
        durbin_levinson(z + at, n, to + at, nullptr);
        at += n;
    }
}

double Search::value(const double *z) {
    coefficients(z, coefficients_.data());
    return pass_.value(coefficients_.data());
}

// The last value() was at this point.
void Search::evaluate(Point &at) {
    const int n = order_.n_arma();
    at.exact = pass_.exact();
    pass_.gradient(by_coefficient_.data(), matrix_.data());
    std::vector<double> &jacobian = jacobian_;
    std::fill(jacobian.begin(), jacobian.end(), 0.0);
    std::vector<double> &block = reduced_, &unused = part_;
    int first = 0;
    for (const int k : {order_.p, order_.q, order_.P, order_.Q}) {
        durbin_levinson(at.z.data() + first, k, unused.data(), block.data());
        for (int i = 0; i < k; ++i) {
            for (int j = 0; j < k; ++j) jacobian[(first + i) * n + first + j] = block[i * k + j];
        }
        first += k;
    }
    // gradient = J' g, matrix = J' M J.
    std::fill(at.gradient.begin(), at.gradient.end(), 0.0);
    std::fill(block.begin(), block.end(), 0.0);
    for (int i = 0; i < n; ++i) {
        const double *const row = jacobian.data() + i * n;
        for (int j = 0; j < n; ++j) {
            at.gradient[j] += row[j] * by_coefficient_[i];
            for (int k = 0; k < n; ++k) block[k * n + j] += matrix_[k * n + i] * row[j];
        }
    }
    std::fill(at.matrix.begin(), at.matrix.end(), 0.0);
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
            const double by = jacobian[i * n + j];
            if (by == 0.0) continue;
            for (int k = 0; k < n; ++k) at.matrix[j * n + k] += by * block[i * n + k];
        }
    }
    // sum log f_t has no Gauss-Newton form; of one factor alone it is -sum k log(1 - r_k^2), which matters at
    // the edge.
    const auto barrier = [&](int from, int size, int step) {
        for (int k = 0; k < size; ++k) {
            const double r2 = at.z[from + k] * at.z[from + k], left = 1.0 - r2;
            at.matrix[(from + k) * n + from + k] += 2.0 * step * (k + 1) * (1.0 + r2) / (left * left);
        }
    };
    barrier(0, order_.p, 1);
    barrier(order_.p + order_.q, order_.P, order_.m);
}

// Minimise g'd + d'Md/2 in the box, M = Gauss-Newton plus curvature, damped. Coordinates that a step would take
// out of it are held at its side, the worst first. Into move_; returns the predicted decrease, negative if
// there is none.
double Search::step(const Point &at, const double *curvature, double lambda) {
    const int n = order_.n_arma();
    std::vector<double> &m = matrix_;
    m = at.matrix;
    for (std::size_t i = 0; curvature != nullptr && i < m.size(); ++i) m[i] += curvature[i];
    for (int i = 0; i < n; ++i) m[i * n + i] += lambda * std::fabs(at.matrix[i * n + i]);
    std::vector<int> free;
    std::vector<double> &d = move_;
    std::fill(d.begin(), d.end(), 0.0);
    const auto lower = [&](int i) { return std::max(-kEdge - at.z[i], -kLongest); };
    const auto upper = [&](int i) { return std::min(kEdge - at.z[i], kLongest); };
    for (int i = 0; i < n; ++i) {
        const double g = at.gradient[i];
        if ((g > 0.0 && lower(i) >= 0.0) || (g < 0.0 && upper(i) <= 0.0)) continue;
        free.push_back(i);
    }
    while (!free.empty()) {
        const int k = static_cast<int>(free.size());
        for (int a = 0; a < k; ++a) {
            const int i = free[a];
            double g = at.gradient[i];
            for (int j = 0; j < n; ++j) {
                if (std::find(free.begin(), free.end(), j) == free.end()) g += m[i * n + j] * d[j];
            }
            part_[a] = g;
            for (int b = 0; b < k; ++b) {
                reduced_[a * k + b] = m[i * n + free[b]];
            }
        }
        if (bounded_step(k, 0, reduced_.data(), part_.data(), nullptr, 0, part_step_.data(), work_.data()) <
            0.0)
            return -1.0;
        int worst = -1;
        double by = 1.0 + 1e-12;
        for (int a = 0; a < k; ++a) {
            const int i = free[a];
            const double move = part_step_[a], side = move > 0.0 ? upper(i) : lower(i);
            const double ratio = side == 0.0 ? (move == 0.0 ? 0.0 : kInfinity) : move / side;
            if (ratio > by) {
                by = ratio;
                worst = a;
            }
        }
        if (worst < 0) {
            for (int a = 0; a < k; ++a) d[free[a]] = part_step_[a];
            break;
        }
        const int i = free[worst];
        d[i] = part_step_[worst] > 0.0 ? upper(i) : lower(i);
        free.erase(free.begin() + worst);
    }
    double decrease = 0.0;
    for (int i = 0; i < n; ++i) {
        double pulled = at.gradient[i];
        for (int j = 0; j < n; ++j) pulled += 0.5 * m[i * n + j] * d[j];
        decrease -= d[i] * pulled;
    }
    return decrease;
}

// Symmetric rank one: what the step did to the gradient and Gauss-Newton does not explain.
void Search::learn(const Point &before, const Point &after, double *curvature) const {
    const auto n = static_cast<std::size_t>(order_.n_arma());
    std::vector<double> left(n), d(n);
    double along = 0.0, size = 0.0;
    for (std::size_t i = 0; i < n; ++i) d[i] = after.z[i] - before.z[i];
    for (std::size_t i = 0; i < n; ++i) {
        double pulled = 0.0;
        for (std::size_t j = 0; j < n; ++j) {
            pulled += (after.matrix[i * n + j] + curvature[i * n + j]) * d[j];
            size += d[i] * after.matrix[i * n + j] * d[j];
        }
        left[i] = after.gradient[i] - before.gradient[i] - pulled;
        along += left[i] * d[i];
    }
    if (!(std::fabs(along) > 1e-4 * size)) return;
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) curvature[i * n + j] += left[i] * left[j] / along;
    }
}

bool Search::go_down(double tolerance, double hopeless, double *curvature, Point &at,
                     const std::vector<Track> *known) {
    const auto n = at.z.size();
    double lambda = 0.0;
    bool bent = true;      // whether `curvature` is used
    bool refused = false;  // whether the plain step from here was tried and led up
    const auto straighten = [&] {
        bent = false;
        std::fill(curvature, curvature + n * n, 0.0);
    };
    for (int passes = 0; passes < kMaxPasses;) {
        if (at.exact) return true;
        const double expected = step(at, bent ? curvature : nullptr, lambda);
        if (expected < 0.0) {
            if (bent) {
                straighten();
            } else {
                lambda = std::max(10.0 * lambda, 1e-3);
                if (lambda > 1e8) return true;
            }
            continue;
        }
        if (expected < tolerance) {
            if (!bent) return true;
            // A stale curvature, or much damping, looks like a bottom: ask Gauss-Newton alone.
            if (!refused) lambda = 0.0;
            if (step(at, nullptr, lambda) < 100.0 * tolerance) return true;
            straighten();
            continue;
        }
        if (at.objective - pace_.spare * expected - pace_.at_least > hopeless) return false;
        for (std::size_t i = 0; i < n; ++i) {
            trial_.z[i] = std::min(std::max(at.z[i] + move_[i], -kEdge), kEdge);
        }
        if (known != nullptr && expected < 1.0) {
            for (const Track &track : *known) {
                if (at.objective + 0.1 > track.objective && distance(trial_.z, track.z) < kSame) return false;
            }
        }
        trial_.objective = value(trial_.z.data());
        ++passes;
        const double gained = at.objective - trial_.objective;
        if (tolerance > kFine && lambda == 0.0 && expected < pace_.last_step * tolerance &&
            gained > 0.5 * expected && gained < 2.0 * expected) {
            at.z = trial_.z;  // as foretold, so little is left: no gradient any more
            at.objective = trial_.objective;
            return true;
        }
        if (trial_.objective <= at.objective + 1e-12 * std::fabs(at.objective)) {
            evaluate(trial_);
            learn(at, trial_, curvature);
            bent = true;
            refused = false;
            std::swap(at, trial_);
            if (gained > 0.5 * expected) lambda = lambda < 1e-4 ? 0.0 : 0.1 * lambda;
        } else {
            refused |= !bent && lambda == 0.0;
            if (bent) straighten();
            lambda = std::max(10.0 * lambda, trial_.objective < kInfinity ? 1e-2 : 1e-1);
            if (lambda > 1e8) return true;
        }
    }
    return true;
}

// Near a unit root valleys are long or double, and the objective is flat at it whether it is lowest or highest
// there: look some way towards the edge and some way back.
bool Search::leave_edge(double tolerance, Point &at) {
    std::vector<std::size_t> near;
    for (std::size_t i = 0; i < at.z.size(); ++i) {
        if (1.0 - std::fabs(at.z[i]) < kNearEdge) near.push_back(i);
    }
    const auto move = [&](std::size_t i, double by) {
        const double left = (1.0 - std::fabs(at.z[i])) * by;
        trial_.z[i] = std::copysign(std::min(1.0 - std::min(left, 0.5), kEdge), at.z[i]);
    };
    const auto better = [&] {
        trial_.objective = value(trial_.z.data());
        if (!(trial_.objective < at.objective - tolerance)) return false;
        evaluate(trial_);
        std::swap(at, trial_);
        return true;
    };
    for (const std::size_t i : near) {
        const double left = 1.0 - std::fabs(at.z[i]);
        for (const double by : {1.0 / kProbe, kProbe, kInside / left, kBetween / left}) {
            if (by == kBetween / left && by < kProbe * kProbe) continue;
            trial_.z = at.z;
            move(i, by);
            if (better()) return true;
        }
    }
    if (near.size() < 2) return false;
    // Factors that nearly cancel move together, the nearest to the edge the most.
    const std::size_t first = *std::max_element(near.begin(), near.end(), [&](std::size_t i, std::size_t j) {
        return std::fabs(at.z[i]) < std::fabs(at.z[j]);
    });
    for (const double by : {0.5, 2.0, 0.25, 4.0}) {
        trial_.z = at.z;
        for (const std::size_t i : near) move(i, i == first ? by : std::sqrt(by));
        if (better()) return true;
    }
    return false;
}

bool Search::polish(double tolerance, double hopeless, double *curvature, Point &at,
                    const std::vector<Track> *known) {
    if (at.z.empty()) return true;
    for (int rounds = 0; rounds < kMaxRounds; ++rounds) {
        if (!go_down(tolerance, hopeless, curvature, at, known)) return false;
        if (at.exact || tolerance > kFine || !leave_edge(tolerance, at)) return true;
        std::fill(curvature, curvature + at.matrix.size(), 0.0);
    }
    return true;
}

void Search::descend(const std::vector<std::vector<double>> &starts, double tolerance, double hopeless,
                     std::vector<Track> &tracks) {
    struct Start {
        double objective;
        const std::vector<double> *z;
    };
    std::vector<Start> from;
    for (const std::vector<double> &z : starts) {
        const double f = value(z.data());
        if (f < kInfinity) from.push_back({f, &z});
    }
    std::stable_sort(from.begin(), from.end(),
                     [](const Start &a, const Start &b) { return a.objective < b.objective; });
    Point at;
    std::vector<double> curvature(square(order_.n_arma()));
    for (const Start &start : from) {
        at.shape(order_.n_arma());
        at.z = *start.z;
        at.objective = value(at.z.data());
        evaluate(at);
        std::fill(curvature.begin(), curvature.end(), 0.0);
        if (polish(tolerance, hopeless, curvature.data(), at, &tracks)) {
            keep_track(at, curvature.data(), pass_.n(), tracks);
        }
    }
}

void Search::generic_starts(const Order &order, std::vector<std::vector<double>> &starts) {
    // First two coefficients of ar and ma, first of the seasonal ar and ma. The last two are a long and a short
    // cycle, which nearly cancels: a valley of its own.
    constexpr double firsts[6][6] = {{0.3, 0.0, 0.3, 0.0, 0.2, 0.5},   {0.85, 0.0, 0.5, 0.0, 0.7, 0.5},
                                     {-0.4, 0.0, -0.3, 0.0, 0.2, 0.1}, {-0.3, 0.0, 0.4, 0.0, -0.3, 0.5},
                                     {0.8, -0.8, 0.7, -0.6, 0.2, 0.5}, {-0.5, -0.85, -0.4, -0.7, -0.2, 0.4}};
    const int sizes[4] = {order.p, order.q, order.P, order.Q};
    const int kinds = order.p > 1 && order.q > 1 ? 6 : 4;
    for (int kind = 0; kind < kinds; ++kind) {
        const double *const first = firsts[kind];
        std::vector<double> z(static_cast<std::size_t>(order.n_arma()), 0.0);
        int at = 0;
        for (int factor = 0; factor < 4; ++factor) {
            const double *const from = first + (factor < 2 ? 2 * factor : factor + 2);
            for (int i = 0; i < std::min(sizes[factor], factor < 2 ? 2 : 1); ++i) z[at + i] = from[i];
            at += sizes[factor];
        }
        if (std::find(starts.begin(), starts.end(), z) == starts.end()) starts.push_back(z);
    }
}

void Search::grow(const Sample &sample, std::int64_t stop, const int *factors, std::vector<double> &z) {
    const Order whole = order_;
    Order part = whole;
    part.p = part.q = part.P = part.Q = 0;
    Point at;
    std::vector<double> curvature;
    z.clear();
    const int sizes[4] = {whole.p, whole.q, whole.P, whole.Q};
    for (bool more = true; more;) {
        more = false;
        for (int f = 0; f < 4; ++f) {
            const int factor = factors[f];
            int *const grown[4] = {&part.p, &part.q, &part.P, &part.Q};
            if (*grown[factor] == sizes[factor]) continue;
            int place = 0;
            for (int i = 0; i <= factor; ++i) place += *grown[i];
            ++*grown[factor];
            z.insert(z.begin() + place, kGrown);
            more = true;
            if (!load(part, sample, stop)) continue;
            at.shape(part.n_arma());
            at.z = z;
            at.objective = value(at.z.data());
            if (!(at.objective < kInfinity)) continue;
            evaluate(at);
            curvature.assign(at.matrix.size(), 0.0);
            polish(kGrowing, kInfinity, curvature.data(), at);
            z = at.z;
            for (double &r : z) r = std::min(std::max(r, -0.98), 0.98);
        }
    }
    load(whole, sample, stop);
}

}  // namespace forecasting::arima
