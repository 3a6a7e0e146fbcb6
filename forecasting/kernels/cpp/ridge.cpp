#include "ridge.hpp"

#include <algorithm>
#include <cmath>

#include "clones.hpp"

namespace forecasting::ridge {
namespace {

FORECASTING_INLINE Lanes4 load(const double *x) {
    Lanes4 v;
    std::memcpy(&v, x, sizeof v);
    return v;
}
FORECASTING_INLINE void store(double *x, Lanes4 v) { std::memcpy(x, &v, sizeof v); }

// gram += x'x, slope += x'y.
FORECASTING_CLONES void add_rows(const double *__restrict x, const double *__restrict y, std::int64_t n_rows,
                                 int d, int width, double *__restrict gram, double *__restrict slope) {
    for (std::int64_t t = 0; t < n_rows; ++t) {
        const double *const row = x + t * width;
        for (int c = 0; c < width; c += kLanes4) {
            const Lanes4 block = load(row + c);
            for (int i = 0; i < d; ++i) store(gram + i * width + c, load(gram + i * width + c) + row[i] * block);
            store(slope + c, load(slope + c) + y[t] * block);
        }
    }
}

// out_t = H'x_t.
FORECASTING_CLONES void turn_rows(const double *__restrict x, std::int64_t n_rows, int d, int width,
                                  const double *__restrict turn, double *__restrict out) {
    for (std::int64_t t = 0; t < n_rows; ++t) {
        for (int c = 0; c < width; c += kLanes4) {
            Lanes4 sum{};
            for (int i = 0; i < d; ++i) sum += x[t * width + i] * load(turn + i * width + c);
            store(out + t * width + c, sum);
        }
    }
}

// Sums of squared leave-one-out errors, one a penalty. Per column three numbers a penalty: the factor of L, 1 / D,
// and the right-hand side L^-1 H'X'y over D, where T + penalty = L D L'.
FORECASTING_CLONES void leave_one_out(const double *__restrict rows, const double *__restrict y,
                                      std::int64_t n_rows, int d, int width, const double *__restrict factors,
                                      double *__restrict sums) {
    Lanes4 total[kBlocks] = {};
    for (std::int64_t t = 0; t < n_rows; ++t) {
        Lanes4 v[kBlocks] = {}, mean[kBlocks] = {}, leverage[kBlocks] = {};
        for (int j = 0; j < d; ++j) {
            const double q = rows[t * width + j];
            const double *const f = factors + j * 3 * kPenaltyLanes;
            for (int b = 0; b < kBlocks; ++b) {
                v[b] = q - load(f + b * kLanes4) * v[b];
                leverage[b] += v[b] * v[b] * load(f + kPenaltyLanes + b * kLanes4);
                mean[b] += v[b] * load(f + 2 * kPenaltyLanes + b * kLanes4);
            }
        }
        for (int b = 0; b < kBlocks; ++b) {
            const Lanes4 error = (y[t] - mean[b]) / (1.0 - leverage[b]);
            total[b] += error * error;
        }
    }
    for (int b = 0; b < kBlocks; ++b) store(sums + b * kLanes4, total[b]);
}

}  // namespace

// gram_ = H T H': reflections take the columns one by one to what a tridiagonal matrix has (Golub and Van Loan,
// Matrix Computations, section 8.3.1). turn_ is H.
void Fitter::tridiagonal(int d, int width) {
    double *const a = gram_.data(), *const turn = turn_.data();
    std::fill(turn_.begin(), turn_.end(), 0.0);
    for (int i = 0; i < d; ++i) turn[i * width + i] = 1.0;
    for (int k = 0; k + 2 < d; ++k) {
        double below = 0.0;
        for (int i = k + 2; i < d; ++i) below += a[i * width + k] * a[i * width + k];
        const double head = a[(k + 1) * width + k];
        off_[k] = head;
        if (below == 0.0) continue;
        const double norm = std::sqrt(head * head + below);
        off_[k] = head > 0.0 ? -norm : norm;
        double *const v = v_.data(), *const w = w_.data();
        for (int i = k + 1; i < d; ++i) v[i] = a[i * width + k];
        v[k + 1] -= off_[k];
        const double beta = 2.0 / (v[k + 1] * v[k + 1] + below);
        double both = 0.0;
        for (int i = k + 1; i < d; ++i) {
            double sum = 0.0;
            for (int j = k + 1; j < d; ++j) sum += a[i * width + j] * v[j];
            w[i] = beta * sum;
            both += w[i] * v[i];
        }
        for (int i = k + 1; i < d; ++i) w[i] -= 0.5 * beta * both * v[i];
        for (int i = k + 1; i < d; ++i) {
            for (int j = k + 1; j < d; ++j) a[i * width + j] -= v[i] * w[j] + w[i] * v[j];
        }
        for (int i = 0; i < d; ++i) {
            double sum = 0.0;
            for (int j = k + 1; j < d; ++j) sum += turn[i * width + j] * v[j];
            sum *= beta;
            for (int j = k + 1; j < d; ++j) turn[i * width + j] -= sum * v[j];
        }
    }
    if (d > 1) off_[d - 2] = a[(d - 1) * width + d - 2];
    for (int i = 0; i < d; ++i) diagonal_[i] = a[i * width + i];
}

Choice Fitter::fit(const double *x, const double *y, std::int64_t n_rows, int d, double *coefficients) {
    const int width = padded(d);
    const auto size = static_cast<std::size_t>(width);
    gram_.assign(size * size, 0.0);
    slope_.assign(size, 0.0);
    turn_.resize(size * size);
    for (std::vector<double> *const each : {&diagonal_, &off_, &v_, &w_}) each->assign(size, 0.0);
    rows_.resize(static_cast<std::size_t>(n_rows) * size);
    factors_.resize(size * 3 * kPenaltyLanes);

    add_rows(x, y, n_rows, d, width, gram_.data(), slope_.data());
    tridiagonal(d, width);
    turn_rows(x, n_rows, d, width, turn_.data(), rows_.data());
    double *const right = w_.data();  // H'X'y
    for (int j = 0; j < d; ++j) {
        right[j] = 0.0;
        for (int i = 0; i < d; ++i) right[j] += turn_[i * width + j] * slope_[i];
    }

    double penalties[kPenaltyLanes];
    for (int p = 0; p < kPenaltyLanes; ++p) {
        penalties[p] = p == 0 ? 0.1 : p < kPenalties ? 2.5 * penalties[p - 1] : penalties[p - 1];
        double pivot = diagonal_[0] + penalties[p], forward = right[0];
        for (int j = 0; j < d; ++j) {
            double *const f = factors_.data() + j * 3 * kPenaltyLanes;
            f[p] = 0.0;
            if (j > 0) {
                const double factor = off_[j - 1] / pivot;
                pivot = diagonal_[j] + penalties[p] - factor * off_[j - 1];
                forward = right[j] - factor * forward;
                f[p] = factor;
            }
            f[kPenaltyLanes + p] = 1.0 / pivot;
            f[2 * kPenaltyLanes + p] = forward / pivot;
        }
    }
    double sums[kPenaltyLanes];
    leave_one_out(rows_.data(), y, n_rows, d, width, factors_.data(), sums);
    const int best = static_cast<int>(std::min_element(sums, sums + kPenalties) - sums);

    double *const turned = v_.data();
    for (int j = d - 1; j >= 0; --j) {
        const double *const f = factors_.data() + j * 3 * kPenaltyLanes + best;
        turned[j] = f[2 * kPenaltyLanes];
        if (j + 1 < d) turned[j] -= f[3 * kPenaltyLanes] * turned[j + 1];
    }
    for (int i = 0; i < d; ++i) {
        coefficients[i] = 0.0;
        for (int j = 0; j < d; ++j) coefficients[i] += turn_[i * width + j] * turned[j];
    }
    return {penalties[best], std::sqrt(sums[best] / static_cast<double>(n_rows))};
}

}  // namespace forecasting::ridge
