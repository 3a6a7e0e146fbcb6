#include "bounded_step.hpp"

#include <algorithm>
#include <cmath>

#include "clones.hpp"

namespace forecasting {
namespace {

// Added to the diagonal of a matrix scaled to ones there: normal equations are no more accurate than that.
constexpr double kRidge = 1e-11;
constexpr double kSingular = 1e-13;  // a pivot this small, of ones, is rounding

double dot(const double *a, const double *b, int n) {
    double sum = 0.0;
    for (int i = 0; i < n; ++i) sum += a[i] * b[i];
    return sum;
}

// Solve the small system `a x = b` in place by elimination with row pivots; false if it is singular.
bool solve_small(int n, double a[kMaxBounded][kMaxBounded], double *b) {
    for (int c = 0; c < n; ++c) {
        int best = c;
        for (int i = c + 1; i < n; ++i) {
            if (std::fabs(a[i][c]) > std::fabs(a[best][c])) best = i;
        }
        if (!(std::fabs(a[best][c]) > 1e-13)) return false;
        if (best != c) {
            std::swap_ranges(a[c], a[c] + n, a[best]);
            std::swap(b[c], b[best]);
        }
        for (int i = c + 1; i < n; ++i) {
            const double ratio = a[i][c] / a[c][c];
            for (int j = c; j < n; ++j) a[i][j] -= ratio * a[c][j];
            b[i] -= ratio * b[c];
        }
    }
    for (int c = n - 1; c >= 0; --c) {
        for (int j = c + 1; j < n; ++j) b[c] -= a[c][j] * b[j];
        b[c] /= a[c][c];
    }
    return true;
}

// Minimise r'x + x'Cx/2 under the constraints: a primal active-set method from x = 0, which is feasible, so
// that whatever stops it leaves a feasible x. `inverse` is that of C.
void constrained_minimum(int n, const double c[kMaxBounded][kMaxBounded],
                         const double inverse[kMaxBounded][kMaxBounded], const double *r,
                         const Constraint *constraints, int n_constraints, double *x) {
    int held[kMaxBounded];
    int n_held = 0;
    std::fill(x, x + n, 0.0);
    for (int round = 0; round < 30; ++round) {
        double g[kMaxBounded], moved[kMaxBounded];  // gradient at x, and -C^-1 g
        for (int i = 0; i < n; ++i) g[i] = r[i] + dot(c[i], x, n);
        for (int i = 0; i < n; ++i) moved[i] = -dot(inverse[i], g, n);
        double force[kMaxBounded] = {0.0, 0.0, 0.0, 0.0};  // multipliers of the constraints that are held
        if (n_held > 0) {
            double across[kMaxBounded][kMaxBounded], pull[kMaxBounded][kMaxBounded];
            for (int h = 0; h < n_held; ++h) {
                for (int i = 0; i < n; ++i) pull[h][i] = dot(inverse[i], constraints[held[h]].a, n);
            }
            for (int h = 0; h < n_held; ++h) {
                for (int k = 0; k < n_held; ++k) across[h][k] = dot(constraints[held[h]].a, pull[k], n);
                force[h] = dot(constraints[held[h]].a, moved, n);
            }
            if (!solve_small(n_held, across, force)) {
                --n_held;  // the last one taken depends on the others
                continue;
            }
            for (int h = 0; h < n_held; ++h) {
                for (int i = 0; i < n; ++i) moved[i] -= force[h] * pull[h][i];
            }
        }
        double share = 1.0;
        int blocking = -1;
        for (int k = 0; k < n_constraints; ++k) {
            if (std::find(held, held + n_held, k) != held + n_held) continue;
            const double rate = dot(constraints[k].a, moved, n);
            if (!(rate > 1e-14)) continue;
            const double room = std::max(0.0, constraints[k].room - dot(constraints[k].a, x, n));
            if (room < share * rate) {
                share = room / rate;
                blocking = k;
            }
        }
        for (int i = 0; i < n; ++i) x[i] += share * moved[i];
        if (blocking >= 0 && n_held < n) {
            held[n_held++] = blocking;
            continue;
        }
        if (blocking >= 0) return;  // a corner
        const int weakest = static_cast<int>(std::min_element(force, force + n_held) - force);
        if (n_held == 0 || !(force[weakest] < -1e-12)) return;
        std::copy(held + weakest + 1, held + n_held, held + weakest);
        --n_held;
    }
}

// Replace a symmetric positive definite matrix by its inverse (Gauss-Jordan); false if it is not.
bool invert(int n, double a[kMaxBounded][kMaxBounded]) {
    for (int p = 0; p < n; ++p) {
        if (!(a[p][p] > kSingular)) return false;
        const double over = 1.0 / a[p][p];
        a[p][p] = 1.0;
        for (int j = 0; j < n; ++j) a[p][j] *= over;
        for (int i = 0; i < n; ++i) {
            if (i == p) continue;
            const double ratio = a[i][p];
            a[i][p] = 0.0;
            for (int j = 0; j < n; ++j) a[i][j] -= ratio * a[p][j];
        }
    }
    return true;
}

}  // namespace

// The free parameters are eliminated from [M g; g' 0] in the order free, bounded, gradient. What is left is the
// same problem in the bounded ones, and in the corner minus twice what the free ones gain by themselves.
FORECASTING_CLONES
double bounded_step(int size, int n_bounded, const double *__restrict matrix,
                    const double *__restrict gradient, const Constraint *constraints, int n_constraints,
                    double *__restrict step, double *__restrict work) {
    const int k = n_bounded, n_free = size - k, n = size + 1, stride = padded(n);
    double *const scale = work;           // (size), to a unit diagonal
    double *const rows = scale + size;    // (n, stride), upper triangle
    for (int i = 0; i < size; ++i) {
        const double d = matrix[i * size + i];
        scale[i] = d > 0.0 ? 1.0 / std::sqrt(d) : 0.0;
    }
    for (int i = 0; i < n_free; ++i) {
        double *const row = rows + i * stride;
        const double *const from = matrix + (k + i) * size + k;
        const double by = scale[k + i];
        for (int j = i; j < n_free; ++j) row[j] = from[j] * by * scale[k + j];
        for (int b = 0; b < k; ++b) row[n_free + b] = matrix[b * size + k + i] * by * scale[b];
        row[size] = gradient[k + i] * by;
        row[i] += by > 0.0 ? kRidge : 1.0;
        for (int j = n; j < stride; ++j) row[j] = 0.0;
    }
    for (int b = 0; b < k; ++b) {
        double *const row = rows + (n_free + b) * stride;
        for (int j = b; j < k; ++j) row[n_free + j] = matrix[b * size + j] * scale[b] * scale[j];
        row[size] = gradient[b] * scale[b];
        row[n_free + b] += scale[b] > 0.0 ? kRidge : 1.0;
        for (int j = n; j < stride; ++j) row[j] = 0.0;
    }
    std::fill(rows + size * stride, rows + n * stride, 0.0);
    for (int p = 0; p < n_free; ++p) {
        const double *__restrict const pivot = rows + p * stride;
        if (!(pivot[p] > kSingular)) return -1.0;
        const double over = 1.0 / pivot[p];
        for (int i = p + 1; i < n; ++i) {
            double *__restrict const row = rows + i * stride;
            const double ratio = pivot[i] * over;
            // From whole lanes on: what lies below the diagonal is never read.
            for (int j = i / kLanes4 * kLanes4; j < stride; ++j) row[j] -= ratio * pivot[j];
        }
    }
    double decrease = -0.5 * rows[size * stride + size];
    double x[kMaxBounded] = {0.0, 0.0, 0.0, 0.0};
    if (k > 0) {
        double c[kMaxBounded][kMaxBounded], inverse[kMaxBounded][kMaxBounded], r[kMaxBounded];
        for (int i = 0; i < k; ++i) {
            const double *const row = rows + (n_free + i) * stride;
            for (int j = i; j < k; ++j) c[i][j] = c[j][i] = inverse[i][j] = inverse[j][i] = row[n_free + j];
            r[i] = row[size];
        }
        if (!invert(k, inverse)) return -1.0;
        Constraint scaled[4 * kMaxBounded];
        for (int q = 0; q < n_constraints; ++q) {
            scaled[q].room = constraints[q].room;
            for (int i = 0; i < k; ++i) scaled[q].a[i] = constraints[q].a[i] * scale[i];
        }
        constrained_minimum(k, c, inverse, r, scaled, n_constraints, x);
        for (int i = 0; i < k; ++i) {
            decrease -= x[i] * (r[i] + 0.5 * dot(c[i], x, k));
            step[i] = scale[i] * x[i];
        }
    }
    double *const d = step + k;
    for (int i = n_free - 1; i >= 0; --i) {
        const double *const row = rows + i * stride;
        double sum = row[size];
        for (int b = 0; b < k; ++b) sum += row[n_free + b] * x[b];
        for (int j = i + 1; j < n_free; ++j) sum += row[j] * d[j];
        d[i] = -sum / row[i];
    }
    for (int i = 0; i < n_free; ++i) d[i] *= scale[k + i];
    return decrease;
}

}  // namespace forecasting
