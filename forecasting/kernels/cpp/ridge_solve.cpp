#include "ridge_solve.hpp"

#include <algorithm>
#include <cmath>

#include "clones.hpp"

namespace forecasting::ridge {
namespace {

constexpr double kNoise = 1e-13;  // a pivot below this share of its diagonal is rounding noise

}  // namespace

FORECASTING_CLONES
void add_products(const double *__restrict rows, int n_rows, int p, int width, double *__restrict upper) {
    if (n_rows == kBlock) {
        const double *__restrict a = rows, *__restrict b = a + width, *__restrict c = b + width,
                                *__restrict d = c + width, *__restrict e = d + width, *__restrict f = e + width,
                                *__restrict g = f + width, *__restrict h = g + width;
        for (int i = 0; i < p; ++i) {
            const double ai = a[i], bi = b[i], ci = c[i], di = d[i], ei = e[i], fi = f[i], gi = g[i], hi = h[i];
            double *__restrict to = upper + static_cast<std::int64_t>(i) * width;
            for (int j = i; j < p; ++j) {
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
        const double *__restrict row = rows + static_cast<std::int64_t>(r) * width;
        for (int i = 0; i < p; ++i) {
            const double at = row[i];
            double *__restrict to = upper + static_cast<std::int64_t>(i) * width;
            for (int j = i; j < p; ++j) to[j] += at * row[j];
        }
    }
}

FORECASTING_CLONES
void factorise(double *__restrict upper, int p, int width, double *__restrict inverse) {
    for (int k = 0; k < p; ++k) inverse[k] = upper[static_cast<std::int64_t>(k) * width + k];  // the diagonal, until its turn comes
    for (int first = 0; first < p; first += kBlock) {
        const int last = std::min(first + kBlock, p);
        for (int k = first; k < last; ++k) {
            double *__restrict own = upper + static_cast<std::int64_t>(k) * width;
            for (int r = first; r < k; ++r) {
                const double *__restrict from = upper + static_cast<std::int64_t>(r) * width;
                const double times = from[k];
                for (int j = k; j < p; ++j) own[j] -= times * from[j];
            }
            const double pivot = own[k];
            const bool in = pivot > kNoise * inverse[k] && pivot < HUGE_VAL;
            const double root = in ? std::sqrt(pivot) : 0.0;
            inverse[k] = in ? 1.0 / root : std::isnan(pivot) ? pivot : 0.0;
            const double scale = inverse[k];
            for (int j = k; j < p; ++j) own[j] *= scale;
        }
        if (last - first < kBlock) break;
        const double *__restrict a = upper + static_cast<std::int64_t>(first) * width, *__restrict b = a + width, *__restrict c = b + width,
                                *__restrict d = c + width, *__restrict e = d + width, *__restrict f = e + width,
                                *__restrict g = f + width, *__restrict h = g + width;
        for (int i = last; i < p; ++i) {
            const double ai = a[i], bi = b[i], ci = c[i], di = d[i], ei = e[i], fi = f[i], gi = g[i], hi = h[i];
            double *__restrict to = upper + static_cast<std::int64_t>(i) * width;
            for (int j = i; j < p; ++j) {
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
void solve(const double *__restrict upper, const double *__restrict inverse, int p, int width,
           double *__restrict g) {
    for (int k = 0; k < p; ++k) {
        const double *__restrict row = upper + static_cast<std::int64_t>(k) * width;
        const double value = g[k] * inverse[k];
        g[k] = value;
        for (int j = k + 1; j < p; ++j) g[j] -= value * row[j];
    }
    for (int k = p - 1; k >= 0; --k) {
        const double *__restrict row = upper + static_cast<std::int64_t>(k) * width;
        double even = g[k], odd = 0.0;
        int j = k + 1;
        for (; j + 1 < p; j += 2) {
            even -= row[j] * g[j];
            odd -= row[j + 1] * g[j + 1];
        }
        if (j < p) even -= row[j] * g[j];
        g[k] = (even + odd) * inverse[k];
    }
}

}  // namespace forecasting::ridge
