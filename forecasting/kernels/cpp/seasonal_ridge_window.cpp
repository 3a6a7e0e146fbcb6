#include "seasonal_ridge_window.hpp"

#include <algorithm>
#include <cmath>

namespace forecasting::ridge {
namespace {

constexpr double kSharpness = 20.0;                    // of the weights: exp(-20 (MAE / least MAE - 1))
constexpr double kLowestPhi = -0.3, kHighestPhi = 0.9;  // of the autoregression of what is left
constexpr double kPhiShare = 0.8;                      // of it that is believed
constexpr double kRanges = 3.0;

// Sums of deviations from a running mean: the variance of what was added.
struct Spread {
    double count = 0.0, mean = 0.0, sum = 0.0;
    void add(double x) {
        count += 1.0;
        const double off = x - mean;
        mean += off / count;
        sum += off * (x - mean);
    }
};

}  // namespace

Bounds bounds_of(double least, double most) {
    const double range = kRanges * (most - least);
    const double low = least - range;
    return {least >= 0.0 ? std::max(low, 0.0) : low, most + range};
}

void weigh(const double *errors, std::int64_t judged, double *weights) {
    double least = HUGE_VAL;
    for (int j = 0; j < kPairs; ++j) least = std::min(least, errors[j]);
    double total = 0.0;
    for (int j = 0; j < kPairs; ++j) {
        if (judged == 0 || least == HUGE_VAL) {
            weights[j] = 1.0;
        } else if (least == 0.0) {
            weights[j] = errors[j] == 0.0 ? 1.0 : 0.0;
        } else {
            weights[j] = errors[j] < HUGE_VAL ? std::exp(-kSharpness * (errors[j] / least - 1.0)) : 0.0;
        }
        total += weights[j];
    }
    for (int j = 0; j < kPairs; ++j) weights[j] /= total;
}

bool finish(const Design &d, const Series &s, std::int64_t n, const double *coefficients, const double *weights,
            std::vector<double> &work, double *record) {
    const int p = d.size();
    double *b = record + kCoefficients;
    std::fill(b, b + p, 0.0);
    double log_penalty = 0.0, weight[kAlphas] = {};
    for (int j = 0; j < kPairs; ++j) {
        for (int c = 0; c < p; ++c) b[c] += weights[j] * coefficients[static_cast<std::int64_t>(j) * p + c];
        log_penalty += weights[j] * std::log(kLambda[j % kLambdas]);
        weight[j / kLambdas] += weights[j];
    }
    record[kPenalty] = std::exp(log_penalty);

    work.resize(static_cast<std::size_t>(2 * n));
    double *rest = work.data(), *fitted = rest + n, largest = 0.0;
    for (std::int64_t t = 0; t < n; ++t) {
        if (!s.seen[t]) continue;
        const double *row = s.rows + t * s.width;
        double sum = 0.0;
        for (int c = 1; c < p; ++c) sum += row[c] * b[c];
        fitted[t] = sum;
        rest[t] = s.z[t] - (sum + b[0]);
        largest = std::max(largest, std::max(std::fabs(rest[t]), std::fabs(sum)));
        if (!std::isfinite(rest[t])) return false;
    }
    // A power of two changes no bit and keeps squares within a double's range.
    int exponent = 0;
    if (largest > 0.0) std::frexp(largest, &exponent);
    const double scale = std::ldexp(1.0, -std::min(1000, std::max(exponent, -1000))), back = 1.0 / scale;

    double level[kAlphas] = {}, off[kAlphas] = {}, product[kAlphas] = {}, square[kAlphas] = {};
    std::int64_t gap = 0;
    double squares = 0.0, count = 0.0;
    Spread errors, whole;
    for (std::int64_t t = 0; t < n; ++t) {
        if (!s.seen[t]) {
            ++gap;
            continue;
        }
        const double value = rest[t] * scale;
        double mean = 0.0;
        for (int a = 0; a < kAlphas; ++a) {
            mean += weight[a] * level[a];
            const double error = value - level[a];
            level[a] += kAlpha[a] * error;
            const double now = value - level[a];
            if (count > 0.0 && gap == 0) {
                product[a] += now * off[a];
                square[a] += off[a] * off[a];
            }
            off[a] = now;
        }
        const double error = value - mean;
        squares += error * error;
        errors.add(error);
        whole.add(error + fitted[t] * scale);
        count += 1.0;
        gap = 0;
    }
    record[kSigma] = std::sqrt(squares / count) * back;
    record[kStrength] = whole.sum > 0.0 ? std::max(0.0, 1.0 - errors.sum / whole.sum) : 0.0;
    for (int a = 0; a < kAlphas; ++a) {
        const double ratio = square[a] > 0.0 ? product[a] / square[a] : 0.0;
        const double phi = kPhiShare * std::min(kHighestPhi, std::max(kLowestPhi, ratio));
        double now = off[a] * back;
        for (std::int64_t j = 0; j < gap; ++j) now *= phi;
        record[kWeights + a] = weight[a];
        record[kLevels + a] = level[a] * back;
        record[kRests + a] = now;
        record[kPhis + a] = phi;
    }
    for (int c = kSigma; c < kCoefficients + p; ++c) {
        if (c != kJudged && !std::isfinite(record[c])) return false;
    }
    return true;
}

}  // namespace forecasting::ridge
