// From records to forecasts, and records moved on over new values.
#include <algorithm>
#include <cmath>
#include <vector>

#include "seasonal_ridge.hpp"

namespace forecasting::ridge {
namespace {

// x'b of one row, whose regressors are as they came.
double regression(const Design &d, const double *record, std::int64_t t, std::int64_t ordinal, const double *x,
                  double *row) {
    const int fixed = d.n_seasonal + d.n_days, p = d.size(), q = d.n_regressors;
    const double *b = record + kCoefficients, *shift = b + p, *scale = shift + q;
    seasonal_row(d, t, row);
    double sum = 0.0;
    for (int c = 0; c < d.n_seasonal; ++c) sum += row[c] * b[c];
    if (d.n_days > 0) {
        const double *day = d.days + (ordinal - d.first_day) * d.n_days;
        for (int c = 0; c < d.n_days; ++c) sum += day[c] * b[d.n_seasonal + c];
    }
    for (int j = 0; j < q; ++j) sum += (x[j] - shift[j]) * scale[j] * b[fixed + j];
    return sum;
}

void move(double *record, const Design &d, const double *y, const double *X, std::int64_t n, std::int64_t first,
          double *row) {
    const int q = d.n_regressors;
    auto t = static_cast<std::int64_t>(record[kLength]);
    for (std::int64_t i = 0; i < n; ++i, ++t) {
        bool seen = !std::isnan(y[i]);
        for (int j = 0; j < q; ++j) seen = seen && !std::isnan(X[i * q + j]);
        if (!seen) {
            for (int a = 0; a < kAlphas; ++a) record[kRests + a] *= record[kPhis + a];
            continue;
        }
        if (record[kLogged] != 0.0 && !(y[i] > 0.0)) {
            record[kOutcome] = kNotPositive;
            return;
        }
        const double z = (record[kLogged] != 0.0 ? std::log(y[i]) : y[i]) - record[kShift];
        const double rest = z - regression(d, record, t, first + i, X + i * q, row);
        for (int a = 0; a < kAlphas; ++a) {
            record[kLevels + a] += kAlpha[a] * (rest - record[kLevels + a]);
            record[kRests + a] = rest - record[kLevels + a];
        }
        record[kCount] += 1.0;
        if (!std::isfinite(rest)) {
            record[kOutcome] = kNotFinite;
            return;
        }
    }
    record[kLength] = static_cast<double>(t);
}

}  // namespace

void project(const double *records, std::int64_t n, const std::int64_t *first, const double *X, const Design &d,
             std::int64_t h, double *mean) {
    std::vector<double> row(static_cast<std::size_t>(d.n_seasonal));
    for (std::int64_t i = 0; i < n; ++i) {
        const double *record = records + i * d.record();
        const auto t = static_cast<std::int64_t>(record[kLength]);
        double rests[kAlphas];
        std::copy(record + kRests, record + kRests + kAlphas, rests);
        for (std::int64_t s = 0; s < h; ++s) {
            double sum = 0.0;
            for (int a = 0; a < kAlphas; ++a) {
                rests[a] *= record[kPhis + a];
                sum += record[kWeights + a] * (record[kLevels + a] + rests[a]);
            }
            const double *x = X + (i * h + s) * d.n_regressors;
            sum += regression(d, record, t + s, first[i] + s, x, row.data());
            sum += record[kShift];
            if (record[kLogged] != 0.0) sum = std::exp(sum);
            mean[i * h + s] =
                std::isnan(sum) ? sum : std::min(record[kHigh], std::max(record[kLow], sum));
        }
    }
}

void advance(double *records, std::int64_t n, const double *values, const double *X, const std::int64_t *lo,
             const std::int64_t *hi, const std::int64_t *first, const Design &d) {
    std::vector<double> row(static_cast<std::size_t>(d.n_seasonal));
    for (std::int64_t i = 0; i < n; ++i) {
        double *record = records + i * d.record();
        if (record[kOutcome] != kFitted) continue;
        move(record, d, values + lo[i], X + lo[i] * d.n_regressors, std::max<std::int64_t>(hi[i] - lo[i], 0),
             first[i], row.data());
    }
}

}  // namespace forecasting::ridge
