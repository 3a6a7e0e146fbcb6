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

// `n_blocks` blocks of a row at once: to += sign * sum_k weight_k from[-lag_k rows], or + from itself first.
template <int n_blocks, bool whiten>
FORECASTING_INLINE void combine(double *to, const double *from, std::int64_t stride, const Term *terms,
                                int n_terms) {
    Lanes4 acc[n_blocks];
    for (int b = 0; b < n_blocks; ++b) {
        acc[b] = load(to + b * kLanes4);
        if (whiten) acc[b] += load(from + b * kLanes4);
    }
    for (int k = 0; k < n_terms; ++k) {
        const double weight = whiten ? -terms[k].weight : terms[k].weight;
        const double *const row = from - terms[k].lag * stride;
        for (int b = 0; b < n_blocks; ++b) acc[b] += weight * load(row + b * kLanes4);
    }
    for (int b = 0; b < n_blocks; ++b) store(to + b * kLanes4, acc[b]);
}

template <bool whiten>
FORECASTING_INLINE void combine_rows(double *to, const double *from, std::int64_t stride, std::int64_t n,
                                     int width, const Term *terms, int n_terms) {
    for (std::int64_t t = 0; t < n; ++t, to += stride, from += stride) {
        int b = 0;
        for (; b + 4 * kLanes4 <= width; b += 4 * kLanes4)
            combine<4, whiten>(to + b, from + b, stride, terms, n_terms);
        if (b + 2 * kLanes4 <= width) {
            combine<2, whiten>(to + b, from + b, stride, terms, n_terms);
            b += 2 * kLanes4;
        }
        if (b < width) combine<1, whiten>(to + b, from + b, stride, terms, n_terms);
    }
}

FORECASTING_CLONES
void recurse(double *x, std::int64_t stride, std::int64_t n, int width, const Term *terms, int n_terms) {
    combine_rows<false>(x, x, stride, n, width, terms, n_terms);
}

FORECASTING_CLONES
void filter(const double *x, double *out, std::int64_t stride, std::int64_t n, int width, const Term *terms,
            int n_terms) {
    combine_rows<true>(out, x, stride, n, width, terms, n_terms);
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
void dots(const double *a, const double *x, int width, std::int64_t n, const Term *terms, int n_terms,
          double *out) {
    int k = 0;
    for (; k + 2 <= n_terms; k += 2) {
        const double *const b = x - static_cast<std::int64_t>(terms[k].lag) * width;
        const double *const c = x - static_cast<std::int64_t>(terms[k + 1].lag) * width;
        Lanes4 b0 = {0, 0, 0, 0}, b1 = b0, c0 = b0, c1 = b0;
        std::int64_t i = 0;
        for (; i + 8 <= n; i += 8) {
            const Lanes4 a0 = load(a + i), a1 = load(a + i + 4);
            b0 += a0 * load(b + i);
            b1 += a1 * load(b + i + 4);
            c0 += a0 * load(c + i);
            c1 += a1 * load(c + i + 4);
        }
        for (; i < n; i += 4) {
            b0 += load(a + i) * load(b + i);
            c0 += load(a + i) * load(c + i);
        }
        out[k] = sum(b0 + b1);
        out[k + 1] = sum(c0 + c1);
    }
    for (; k < n_terms; ++k) out[k] = dot_lanes(a, x - static_cast<std::int64_t>(terms[k].lag) * width, n);
}

FORECASTING_CLONES
void project_rows(const double *x, std::int64_t n, int width, const double *by, double *out) {
    for (std::int64_t t = 0; t < n; ++t) out[t] = dot_lanes(x + t * width, by, width);
}

}  // namespace forecasting::arima
