#include "arima_rows.hpp"

#include <algorithm>
#include <cstring>

#include "clones.hpp"
#include "lanes.hpp"

namespace forecasting::arima {
namespace {

FORECASTING_INLINE Lanes4 load(const double *from) {
    Lanes4 lanes;
    std::memcpy(&lanes, from, sizeof lanes);
    return lanes;
}

FORECASTING_INLINE void store(double *to, const Lanes4 &lanes) { std::memcpy(to, &lanes, sizeof lanes); }

FORECASTING_INLINE double sum(const Lanes4 &x) { return (x[0] + x[1]) + (x[2] + x[3]); }

FORECASTING_INLINE double dot_lanes(const double *a, const double *b, std::int64_t n) {
    Lanes4 s0 = {0, 0, 0, 0}, s1 = s0, s2 = s0, s3 = s0;
    std::int64_t i = 0;
    for (; i + 16 <= n; i += 16) {
        s0 += load(a + i) * load(b + i);
        s1 += load(a + i + 4) * load(b + i + 4);
        s2 += load(a + i + 8) * load(b + i + 8);
        s3 += load(a + i + 12) * load(b + i + 12);
    }
    for (; i < n; i += 4) s0 += load(a + i) * load(b + i);
    return sum((s0 + s1) + (s2 + s3));
}

}  // namespace

FORECASTING_CLONES
void recurse(double *x, std::int64_t stride, std::int64_t n, int width, const Term *terms, int n_terms) {
    for (std::int64_t t = 0; t < n; ++t) {
        double *const row = x + t * stride;
        for (int b = 0; b < width; b += kLanes4) {
            Lanes4 acc = load(row + b);
            for (int k = 0; k < n_terms; ++k) acc += terms[k].weight * load(row + b - terms[k].lag * stride);
            store(row + b, acc);
        }
    }
}

FORECASTING_CLONES
void filter(const double *x, double *out, std::int64_t stride, std::int64_t n, int width, const Term *terms,
            int n_terms) {
    for (std::int64_t t = 0; t < n; ++t) {
        const double *const row = x + t * stride;
        double *const to = out + t * stride;
        for (int b = 0; b < width; b += kLanes4) {
            Lanes4 acc = load(to + b) + load(row + b);
            for (int k = 0; k < n_terms; ++k) acc -= terms[k].weight * load(row + b - terms[k].lag * stride);
            store(to + b, acc);
        }
    }
}

FORECASTING_CLONES
void predict_head(const double *x, double *v, std::int64_t n, int width, const double *predictors, int span,
                  const double *scale) {
    for (std::int64_t t = 0; t < n; ++t) {
        const double *const a = predictors + t * span;
        for (int b = 0; b < width; b += kLanes4) {
            Lanes4 acc = load(x + t * width + b), other = {0, 0, 0, 0};
            std::int64_t i = 1;
            for (; i + 1 <= t; i += 2) {
                acc -= a[i - 1] * load(x + (t - i) * width + b);
                other -= a[i] * load(x + (t - i - 1) * width + b);
            }
            if (i <= t) acc -= a[i - 1] * load(x + (t - i) * width + b);
            store(v + t * width + b, scale[t] * (acc + other));
        }
    }
}

FORECASTING_CLONES
void cross(const double *left, int n_left, int left_width, const double *right, int width, std::int64_t n,
           bool triangle, double *out) {
    std::fill(out, out + static_cast<std::int64_t>(n_left) * width, 0.0);
    std::int64_t t = 0;
    for (; t + 4 <= n; t += 4) {
        const double *const l = left + t * left_width, *const r = right + t * width;
        for (int b = 0; b < width; b += kLanes4) {
            const Lanes4 r0 = load(r + b), r1 = load(r + width + b), r2 = load(r + 2 * width + b),
                         r3 = load(r + 3 * width + b);
            const int last = triangle ? std::min(n_left, b + kLanes4) : n_left;
            for (int i = 0; i < last; ++i) {
                double *const to = out + static_cast<std::int64_t>(i) * width + b;
                const Lanes4 pair = l[i] * r0 + l[left_width + i] * r1;
                const Lanes4 other = l[2 * left_width + i] * r2 + l[3 * left_width + i] * r3;
                store(to, load(to) + (pair + other));
            }
        }
    }
    for (; t < n; ++t) {
        for (int i = 0; i < n_left; ++i) {
            double *const to = out + static_cast<std::int64_t>(i) * width;
            const double by = left[t * left_width + i];
            for (int b = triangle ? i / kLanes4 * kLanes4 : 0; b < width; b += kLanes4) {
                store(to + b, load(to + b) + by * load(right + t * width + b));
            }
        }
    }
}

FORECASTING_CLONES
void spread_rows(const double *x, std::int64_t n, int width, int n_inner, const double *matrix,
                 const double *by, const double *shared, double *out) {
    std::int64_t t = 0;
    for (; t + 4 <= n; t += 4) {
        const double *const r0 = x + t * width, *const r1 = r0 + width, *const r2 = r1 + width,
                            *const r3 = r2 + width;
        for (int b = 0; b < width; b += kLanes4) {
            const Lanes4 common = load(shared + b);
            Lanes4 s0 = by[t] * common, s1 = by[t + 1] * common, s2 = by[t + 2] * common,
                   s3 = by[t + 3] * common;
            for (int i = 0; i < n_inner; ++i) {
                const Lanes4 m = load(matrix + static_cast<std::int64_t>(i) * width + b);
                s0 += r0[i] * m;
                s1 += r1[i] * m;
                s2 += r2[i] * m;
                s3 += r3[i] * m;
            }
            double *const to = out + t * width + b;
            store(to, s0);
            store(to + width, s1);
            store(to + 2 * width, s2);
            store(to + 3 * width, s3);
        }
    }
    for (; t < n; ++t) {
        for (int b = 0; b < width; b += kLanes4) {
            Lanes4 s = by[t] * load(shared + b);
            for (int i = 0; i < n_inner; ++i) {
                s += x[t * width + i] * load(matrix + static_cast<std::int64_t>(i) * width + b);
            }
            store(out + t * width + b, s);
        }
    }
}

FORECASTING_CLONES
void eliminate(const double *g, int size, int width, double *u) {
    std::copy(g, g + static_cast<std::int64_t>(size) * width, u);
    for (int p = 0; p < size; ++p) {
        const double *const pivot = u + static_cast<std::int64_t>(p) * width;
        const double over = 1.0 / pivot[p];
        for (int i = p + 1; i < size; ++i) {
            double *const row = u + static_cast<std::int64_t>(i) * width;
            const double ratio = pivot[i] * over;
            for (int b = i / kLanes4 * kLanes4; b < width; b += kLanes4) {
                store(row + b, load(row + b) - ratio * load(pivot + b));
            }
        }
    }
}

FORECASTING_CLONES
void substitute(const double *u, int u_width, int size, double *rows, int width) {
    for (int p = 0; p < size; ++p) {
        const double *const pivot = u + static_cast<std::int64_t>(p) * u_width;
        const double over = 1.0 / pivot[p];
        const double *const from = rows + static_cast<std::int64_t>(p) * width;
        for (int i = p + 1; i < size; ++i) {
            const double ratio = pivot[i] * over;
            double *const row = rows + static_cast<std::int64_t>(i) * width;
            for (int b = 0; b < width; b += kLanes4) store(row + b, load(row + b) - ratio * load(from + b));
        }
    }
}

FORECASTING_CLONES
double dot(const double *a, const double *b, std::int64_t n) { return dot_lanes(a, b, n); }

FORECASTING_CLONES
void project_rows(const double *x, std::int64_t n, int width, const double *by, double *out) {
    for (std::int64_t t = 0; t < n; ++t) out[t] = dot_lanes(x + t * width, by, width);
}

}  // namespace forecasting::arima
