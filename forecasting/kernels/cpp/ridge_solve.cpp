#include "ridge_solve.hpp"

#include <algorithm>
#include <cmath>

#include "clones.hpp"

namespace forecasting::ridge {
namespace {

constexpr double kNoise = 1e-13;  // a pivot below this share of its diagonal is rounding noise

}  // namespace

FORECASTING_CLONES
void add_products(const double *__restrict rows, int n_rows, int p, int m, int width, double *__restrict upper) {
    const std::int64_t w = width;
    const int columns = p + m;
    if (n_rows == kBlock) {
        const double *__restrict a = rows, *__restrict b = a + w, *__restrict c = b + w, *__restrict d = c + w,
                                *__restrict e = d + w, *__restrict f = e + w, *__restrict g = f + w,
                                *__restrict h = g + w;
        for (int i = 0; i < p; ++i) {
            const double ai = a[i], bi = b[i], ci = c[i], di = d[i], ei = e[i], fi = f[i], gi = g[i], hi = h[i];
            double *__restrict to = upper + i * w;
            for (int j = i; j < columns; ++j) {
                double sum = to[j];
                sum += ai * a[j];
                sum += bi * b[j];
                sum += ci * c[j];
                sum += di * d[j];
                sum += ei * e[j];
                sum += fi * f[j];
                sum += gi * g[j];
                sum += hi * h[j];
                to[j] = sum;
            }
        }
        return;
    }
    for (int r = 0; r < n_rows; ++r) {
        const double *__restrict row = rows + r * w;
        for (int i = 0; i < p; ++i) {
            const double at = row[i];
            double *__restrict to = upper + i * w;
            for (int j = i; j < columns; ++j) to[j] += at * row[j];
        }
    }
}

FORECASTING_CLONES
void factorise(double *__restrict upper, int p, int m, int width, double *__restrict inverse) {
    const std::int64_t w = width;
    const int columns = p + m;
    for (int k = 0; k < p; ++k) inverse[k] = upper[k * w + k];  // the diagonal, until its turn comes
    for (int first = 0; first < p; first += kBlock) {
        const int last = std::min(first + kBlock, p);
        for (int k = first; k < last; ++k) {
            double *__restrict own = upper + k * w;
            for (int r = first; r < k; ++r) {
                const double *__restrict from = upper + r * w;
                const double times = from[k];
                for (int j = k; j < columns; ++j) own[j] -= times * from[j];
            }
            const double pivot = own[k];
            const bool in = pivot > kNoise * inverse[k] && pivot < HUGE_VAL;
            const double scale = in ? 1.0 / std::sqrt(pivot) : std::isnan(pivot) ? pivot : 0.0;
            inverse[k] = scale;
            for (int j = k; j < columns; ++j) own[j] *= scale;
        }
        if (last - first < kBlock) break;
        const double *__restrict a = upper + first * w, *__restrict b = a + w, *__restrict c = b + w,
                                *__restrict d = c + w, *__restrict e = d + w, *__restrict f = e + w,
                                *__restrict g = f + w, *__restrict h = g + w;
        for (int i = last; i < p; ++i) {
            const double ai = a[i], bi = b[i], ci = c[i], di = d[i], ei = e[i], fi = f[i], gi = g[i], hi = h[i];
            double *__restrict to = upper + i * w;
            for (int j = i; j < columns; ++j) {
                double rest = to[j];
                rest -= ai * a[j];
                rest -= bi * b[j];
                rest -= ci * c[j];
                rest -= di * d[j];
                rest -= ei * e[j];
                rest -= fi * f[j];
                rest -= gi * g[j];
                rest -= hi * h[j];
                to[j] = rest;
            }
        }
    }
}

FORECASTING_CLONES
void substitute(double *__restrict upper, const double *__restrict inverse, int p, int m, int width) {
    const std::int64_t w = width;
    for (int k = p - 1; k >= 0; --k) {
        double *__restrict row = upper + k * w;
        if (m == 1) {  // the same sums in the same order, in registers
            double even = 0.0, odd = 0.0;
            int j = k + 1;
            for (; j + 1 < p; j += 2) {
                even += row[j] * upper[j * w + p];
                odd += row[j + 1] * upper[(j + 1) * w + p];
            }
            if (j < p) even += row[j] * upper[j * w + p];
            row[p] = (row[p] - (even + odd)) * inverse[k];
            continue;
        }
        double even[kSides] = {}, odd[kSides] = {};
        int j = k + 1;
        for (; j + 1 < p; j += 2) {
            const double *__restrict here = upper + j * w + p, *__restrict there = here + w;
            const double times = row[j], next = row[j + 1];
            for (int i = 0; i < m; ++i) {
                even[i] += times * here[i];
                odd[i] += next * there[i];
            }
        }
        if (j < p) {
            for (int i = 0; i < m; ++i) even[i] += row[j] * upper[j * w + p + i];
        }
        for (int i = 0; i < m; ++i) row[p + i] = (row[p + i] - (even[i] + odd[i])) * inverse[k];
    }
}

FORECASTING_CLONES
void add_scaled(const double *__restrict from, double times, std::int64_t n, double *__restrict to) {
    for (std::int64_t i = 0; i < n; ++i) to[i] += from[i] * times;
}

FORECASTING_CLONES
void whiten(const double *__restrict row, double alpha, double least, std::int64_t n, double *__restrict level,
            double *__restrict error) {
    for (std::int64_t i = 0; i < n; ++i) {
        error[i] = row[i] - level[i];
        const double moved = level[i] + alpha * error[i];
        level[i] = std::fabs(moved) < least ? 0.0 : moved;
    }
}

}  // namespace forecasting::ridge
