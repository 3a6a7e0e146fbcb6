#include "theta_search.hpp"

#include <algorithm>
#include <cmath>

#include "clones.hpp"
#include "lanes.hpp"

namespace forecasting::theta {
namespace {

constexpr int kGrid = 12;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kSpacing = (kHighestAlpha - kLowestAlpha) / (kGrid - 1);
constexpr double kTolerance = 1e-7;  // of the weight
constexpr double kFinest = 1e-4;     // closer together, four sums of squares differ by rounding
constexpr double kDeepest = 1.05;    // a valley of the grid this much above the best may reach below it
constexpr int kMostPolishes = 12;
constexpr double kNegligible = 1e-14;  // share of the first mean that is left when it is no longer carried
constexpr double kCollinear = 1e-11;   // share of the line that the first mean does not explain

struct Four {
    double alpha[kLanes4], omega[kLanes4], first_error[kLanes4], last_error[kLanes4], sse[kLanes4];

    Solution at(int j) const { return {alpha[j], omega[j], first_error[j], last_error[j], sse[j]}; }
};

// How many steps the weight w^i of the first mean is worth carrying: the bits of the answer, from the highest,
// by products alone. A logarithm may round differently on another machine.
std::int64_t carried_steps(const double *alpha, std::int64_t n) {
    constexpr int kBits = 9;  // 0.9^511 is far below what is negligible
    double power[kBits];
    power[0] = 1.0 - *std::min_element(alpha, alpha + kLanes4);
    for (int j = 1; j < kBits; ++j) power[j] = power[j - 1] * power[j - 1];
    double left = 1.0;
    std::int64_t steps = kBurnIn + 1;
    for (int j = kBits - 1; j >= 0; --j) {
        if (left * power[j] < kNegligible) continue;
        left *= power[j];
        steps += std::int64_t{1} << j;
    }
    return std::min(steps, n);
}

// Four weights at once. With w = 1 - alpha and p_i = w^i the errors are
//     e_i = s_i - k q_i,   s_i = y_i - y_{i-1} + w s_{i-1},   k = omega / alpha,
//     q_i = b_i + (alpha height_i - b_i) p_i
// and a change of the first mean by x and of k by d changes them by -x p_i - d q_i: two columns of a least
// squares problem. The errors are taken at a solution that is known already (first_error, omega), so that
// nothing cancels in their squares.
struct Sums {
    Lanes4 ee, ep, pp, eq, pq, qq;  // over i >= kBurnIn
    Lanes4 s, p;                    // the last
};

// first + first * ratio + ..., up to but without `behind`.
FORECASTING_INLINE Lanes4 geometric(Lanes4 first, Lanes4 behind, Lanes4 ratio) {
    return (first - behind) / (1.0 - ratio);
}

template <bool free_level, bool free_omega>
FORECASTING_INLINE Sums sum_dynamic(const Path &path, double first_error, double omega, std::int64_t carried,
                                    Lanes4 alpha) {
    const Lanes4 w = 1.0 - alpha, k = omega / alpha;
    const double *step = path.step.data(), *slope = path.slope.data(), *height = path.height.data();
    Lanes4 s = w * (step[1] + w * first_error) + step[2];
    Lanes4 p = w * w * w, q = slope[kBurnIn] + (alpha * height[kBurnIn] - slope[kBurnIn]) * p;
    const Lanes4 first = p;
    Lanes4 ee = {}, ep = {}, eq = {}, pq = {}, qq = {};
    std::int64_t i = kBurnIn;
    for (; i < carried; ++i) {
        s = step[i] + w * s;
        const Lanes4 e = s - k * q;
        ee += e * e;
        if (free_level) ep += e * p;
        if (free_omega) {
            eq += e * q;
            qq += q * q;
        }
        if (free_level && free_omega) pq += p * q;
        p = w * p;  // and q, for the next step: nothing waits for them there
        q = slope[i + 1] + (alpha * height[i + 1] - slope[i + 1]) * p;
    }
    const Lanes4 pp = geometric(first * first, p * p, w * w);
    const Lanes4 last = i < path.n ? Lanes4{} : p / w;  // p_i is zero behind the steps that carried it
    double squares = 0.0;
    for (; i < path.n; ++i) {
        const double b = slope[i];
        s = step[i] + w * s;
        const Lanes4 e = s - k * b;
        ee += e * e;
        if (free_omega) {
            eq += e * b;
            squares += b * b;
        }
    }
    qq += squares;
    return {ee, ep, pp, eq, pq, qq, s, last};
}

// With a line that stays the same q_i = b (1 - p_i): smoothing with a drift, e_i = y_i - y_{i-1} - omega b + w e_{i-1}.
FORECASTING_INLINE Sums sum_static(const Path &path, double first_error, double omega, std::int64_t carried,
                                   Lanes4 alpha) {
    const Lanes4 w = 1.0 - alpha;
    const double *step = path.step.data(), b = path.last_slope, drift = omega * b;
    Lanes4 e = w * ((step[1] - drift) + w * first_error) + (step[2] - drift);
    Lanes4 p = w * w * w;
    const Lanes4 first = p;
    Lanes4 ee = {}, ep = {}, e1 = {};
    std::int64_t i = kBurnIn;
    for (; i < carried; ++i) {
        e = (step[i] - drift) + w * e;
        ee += e * e;
        ep += e * p;
        e1 += e;
        p = w * p;
    }
    const Lanes4 pp = geometric(first * first, p * p, w * w), p1 = geometric(first, p, w);
    const Lanes4 last = i < path.n ? Lanes4{} : p / w;
    for (; i < path.n; ++i) {
        e = (step[i] - drift) + w * e;
        ee += e * e;
        e1 += e;
    }
    const auto count = static_cast<double>(path.n - kBurnIn);
    const Lanes4 s = e + omega / alpha * b * (1.0 - last);
    return {ee, ep, pp, b * (e1 - ep), b * (p1 - pp), b * b * (count - 2.0 * p1 + pp), s, last};
}

FORECASTING_INLINE void solve(const Sums &sums, Free free, double noise, double first_error, double omega,
                              Lanes4 alpha, Four &four) {
    const Lanes4 k = omega / alpha;
    const Lanes4 share = free.level ? 1.0 / sums.pp : Lanes4{};
    Lanes4 d = {};
    Lanes4 sse = sums.ee - sums.ep * sums.ep * share;
    if (free.omega) {
        const Lanes4 overlap = sums.pq * share;
        const Lanes4 own = sums.qq - overlap * sums.pq, gain = sums.eq - overlap * sums.ep;
        const Lanes4 zero = {}, highest = kHighestOmega / alpha;
        Lanes4 to = k + gain / own;
        to = to > zero ? to : zero;
        to = to < highest ? to : highest;
        d = own > kCollinear * sums.qq ? to - k : zero;
        sse -= d * (2.0 * gain - d * own);
    }
    const Lanes4 x = (sums.ep - d * sums.pq) * share;
    const Lanes4 floor = noise + Lanes4{};
    sse = sse > floor ? sse : floor;
    const Lanes4 best_omega = (k + d) * alpha, first = first_error - x, last = sums.s - x * sums.p;
    std::memcpy(four.omega, &best_omega, sizeof best_omega);
    std::memcpy(four.first_error, &first, sizeof first);
    std::memcpy(four.last_error, &last, sizeof last);
    std::memcpy(four.sse, &sse, sizeof sse);
}

FORECASTING_CLONES
void evaluate(const Path &path, Free free, double first_error, double omega, std::int64_t carried, Four &four) {
    Lanes4 alpha;
    std::memcpy(&alpha, four.alpha, sizeof alpha);
    Sums sums;
    if (!path.dynamic) {
        sums = sum_static(path, first_error, omega, carried, alpha);
    } else if (free.level && free.omega) {
        sums = sum_dynamic<true, true>(path, first_error, omega, carried, alpha);
    } else if (free.level) {
        sums = sum_dynamic<true, false>(path, first_error, omega, carried, alpha);
    } else if (free.omega) {
        sums = sum_dynamic<false, true>(path, first_error, omega, carried, alpha);
    } else {
        sums = sum_dynamic<false, false>(path, first_error, omega, carried, alpha);
    }
    solve(sums, free, path.noise, first_error, omega, alpha, four);
}

// Where the cubic through four values at 0, 1, 2, 3 is least; NaN if it has no minimum.
double cubic_minimum(const double *f) {
    const double d1 = f[1] - f[0], d2 = f[2] - 2.0 * f[1] + f[0], d3 = f[3] - 3.0 * (f[2] - f[1]) - f[0];
    const double a = 0.5 * d3, b = d2 - d3, c = d1 - 0.5 * d2 + d3 / 3.0;  // a t^2 + b t + c is its slope
    const double root = b * b - 4.0 * a * c;
    if (!(root >= 0.0)) return kNaN;
    const double below = b + std::sqrt(root);
    return below > 0.0 ? -2.0 * c / below : kNaN;
}

}  // namespace

double power(double base, std::int64_t exponent) {
    double product = 1.0;
    for (; exponent > 0; exponent >>= 1) {
        if (exponent & 1) product *= base;
        base *= base;
    }
    return product;
}

void Path::need(std::int64_t size) {
    const auto known = static_cast<std::int64_t>(inverse_.size());
    if (size < known) return;
    const std::int64_t bigger = std::max<std::int64_t>(size + 1, 2 * known);
    for (std::int64_t j = known; j < bigger; ++j) {
        const auto x = static_cast<double>(j);
        inverse_.push_back(j > 0 ? 1.0 / x : 0.0);
        spread_.push_back(j > 1 ? 12.0 / (x * (x * x - 1.0)) : 0.0);
    }
    for (std::vector<double> *array : {&step, &slope, &height}) array->resize(static_cast<std::size_t>(bigger));
}

// The line through j values z_1 .. z_j at times 1 .. j has slope 12 / (j (j^2 - 1)) (sum t z_t - (j + 1) / 2 sum z_t)
// and passes through (mean time, mean value); z = y - y_0.
void Path::read(const double *y, std::int64_t size, bool moving) {
    need(size);
    n = size;
    dynamic = moving;
    const double base = y[0];
    double sum = 0.0, moment = 0.0, squares = base * base;
    slope[0] = height[0] = step[0] = 0.0;
    for (std::int64_t i = 1; i < n; ++i) {
        if (dynamic) {
            const auto count = static_cast<double>(i), at = spread_[static_cast<std::size_t>(i)];
            const auto j = static_cast<std::size_t>(i);
            slope[j] = at * (moment - 0.5 * (count + 1.0) * sum);
            height[j] = sum * inverse_[j] - 0.5 * (count - 1.0) * slope[j];
        }
        const auto j = static_cast<std::size_t>(i);
        const double z = y[i] - base;
        step[j] = y[i] - y[i - 1];
        sum += z;
        moment += static_cast<double>(i + 1) * z;
        squares += y[i] * y[i];
    }
    const auto count = static_cast<double>(n);
    const auto j = static_cast<std::size_t>(n);
    last_slope = spread_[j] * (moment - 0.5 * (count + 1.0) * sum);
    mean = base + sum * inverse_[j];
    intercept = mean - 0.5 * (count + 1.0) * last_slope;
    noise = 1e-28 * squares;
    origin = base;
    if (!dynamic) origin = intercept + last_slope;
}

namespace {

// Go down from a guess: the next guess is where a cubic through four weights is least, each time closer together.
Solution descend(const Path &path, Free free, double guess, Solution best) {
    double spacing = kSpacing / 8.0;
    for (int polish = 0; polish < kMostPolishes; ++polish) {
        Four four;
        const double first = std::clamp(guess - spacing, kLowestAlpha, kHighestAlpha - 3.0 * spacing);
        for (int j = 0; j < kLanes4; ++j) four.alpha[j] = std::min(first + spacing * j, kHighestAlpha);
        evaluate(path, free, best.first_error, best.omega, carried_steps(four.alpha, path.n), four);
        for (int j = 0; j < kLanes4; ++j) {
            if (four.sse[j] < best.sse) best = four.at(j);
        }
        const double place = cubic_minimum(four.sse);
        if (!(place == place)) break;
        guess = std::clamp(first + spacing * place, std::max(kLowestAlpha, first - 2.0 * spacing),
                           std::min(kHighestAlpha, first + 5.0 * spacing));
        if (std::fabs(guess - best.alpha) <= kTolerance) break;
        if (place > 0.0 && place < 3.0) spacing = std::max(spacing / 16.0, kFinest);
    }
    return best;
}

}  // namespace

Solution search(const Path &path, Free free) {
    Four blocks[kGrid / kLanes4];
    double sse[kGrid];
    for (int b = 0; b < kGrid / kLanes4; ++b) {
        for (int j = 0; j < kLanes4; ++j) blocks[b].alpha[j] = kLowestAlpha + kSpacing * (b * kLanes4 + j);
        evaluate(path, free, 0.0, 0.5, carried_steps(blocks[b].alpha, path.n), blocks[b]);
        for (int j = 0; j < kLanes4; ++j) sse[b * kLanes4 + j] = blocks[b].sse[j];
    }
    // Where the objective does not depend on the weight, the middle of the grid is as good as any.
    int lowest = kGrid / 2 - 1;
    for (int j = 0; j < kGrid; ++j) lowest = sse[j] < sse[lowest] ? j : lowest;
    Solution best = blocks[lowest / kLanes4].at(lowest % kLanes4);
    for (int round = 0; round < kGrid; ++round) {  // the lowest valley, then others that may be deeper
        const int at = (lowest + round) % kGrid;
        const double before = at > 0 ? sse[at - 1] : kInfinity, after = at + 1 < kGrid ? sse[at + 1] : kInfinity;
        if (sse[at] > before || sse[at] > after || (round > 0 && !(sse[at] < kDeepest * best.sse))) continue;
        const int left = std::clamp(before < after ? at - 2 : at - 1, 0, kGrid - kLanes4);
        const double place = cubic_minimum(sse + left);
        const double guess = place == place ? std::clamp(left + place, at - 1.0, at + 1.0) : at;
        const double alpha = std::clamp(kLowestAlpha + kSpacing * guess, kLowestAlpha, kHighestAlpha);
        const Solution found = descend(path, free, alpha, blocks[at / kLanes4].at(at % kLanes4));
        if (round == 0 || found.sse < best.sse) best = found;
    }
    return best;
}

}  // namespace forecasting::theta
