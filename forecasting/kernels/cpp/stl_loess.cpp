#include "stl_loess.hpp"

#include <algorithm>
#include <cmath>

#include "clones.hpp"
#include "lanes.hpp"

namespace forecasting::stl {
namespace {

constexpr double kInner = 0.001, kOuter = 0.999;  // shares of the half-width with weight 1 and without, as in netlib
constexpr double kFlat = 0.001;                   // least spread of the points, in ranges, for a line

double least_spread(double range) { return kFlat * range * kFlat * range; }

bool is_line(double spread, double range) { return spread > least_spread(range); }

double tricube(double distance, double half_width) {
    if (distance > kOuter * half_width) return 0.0;
    if (distance <= kInner * half_width) return 1.0;
    const double u = distance / half_width, v = 1.0 - u * u * u;
    return v * v * v;
}

// out[k][i] = sum_j w[k][j] y[i + j stride], i in [0, Block), for Rows rows of weights at once; terms are added in the
// order of j whatever the block.
template <int Rows, int Block>
FORECASTING_INLINE void block(const double *const *w, std::int64_t size, std::int64_t stride, const double *y,
                              double *const *out, std::int64_t at) {
    double sum[Rows][Block] = {};
    for (std::int64_t j = 0; j < size; ++j) {
        const double *from = y + at + j * stride;
        for (int k = 0; k < Rows; ++k)
            for (int i = 0; i < Block; ++i) sum[k][i] += w[k][j] * from[i];
    }
    for (int k = 0; k < Rows; ++k)
        for (int i = 0; i < Block; ++i) out[k][at + i] = sum[k][i];
}

// One value of a series (stride 1): four partial sums, so that additions need not wait for one another.
template <int Rows>
FORECASTING_INLINE void one(const double *const *w, std::int64_t size, const double *y, double *const *out) {
    for (int k = 0; k < Rows; ++k) {
        double sum[4] = {};
        std::int64_t j = 0;
        for (; j + 4 <= size; j += 4)
            for (int i = 0; i < 4; ++i) sum[i] += w[k][j + i] * y[j + i];
        for (int i = 0; j < size; ++j, ++i) sum[i] += w[k][j] * y[j];
        out[k][0] = (sum[0] + sum[2]) + (sum[1] + sum[3]);
    }
}

template <int Rows>
FORECASTING_INLINE void slide(const double *const *w, std::int64_t size, std::int64_t stride, const double *y,
                              std::int64_t count, double *const *out) {
    if (count == 1 && stride == 1) return one<Rows>(w, size, y, out);
    std::int64_t i = 0;
    for (; i + 16 <= count; i += 16) block<Rows, 16>(w, size, stride, y, out, i);
    for (; i + 4 <= count; i += 4) block<Rows, 4>(w, size, stride, y, out, i);
    for (; i < count; ++i) block<Rows, 1>(w, size, stride, y, out, i);
}

FORECASTING_CLONES
void slide_one(const double *w, std::int64_t size, std::int64_t stride, const double *y, std::int64_t count,
               double *out) {
    slide<1>(&w, size, stride, y, count, &out);
}

FORECASTING_CLONES
void slide_two(const double *const *w, std::int64_t size, std::int64_t stride, const double *y, std::int64_t count,
               double *const *out) {
    slide<2>(w, size, stride, y, count, out);
}

FORECASTING_CLONES
void slide_three(const double *const *w, std::int64_t size, std::int64_t stride, const double *y, std::int64_t count,
                 double *const *out) {
    slide<3>(w, size, stride, y, count, out);
}

// What the fit at a point takes of sum(w y) and of sum(w d y), from sum(w), sum(w d) and sum(w d^2). A line needs a
// spread of the points above `least`. In place: keep comes as the sum, tilt as the moment.
FORECASTING_CLONES
void solve(double *__restrict keep, double *__restrict tilt, const double *__restrict second, std::int64_t count,
           double least) {
    for (std::int64_t i = 0; i < count; ++i) {
        const double share = 1.0 / keep[i], centre = tilt[i] * share, spread = second[i] * share - centre * centre;
        const bool line = spread > least;
        const double slope = line ? centre / (line ? spread : 1.0) : 0.0;
        keep[i] = share * (1.0 + centre * slope);
        tilt[i] = -share * slope;
    }
}

}  // namespace

void Loess::lay_out(const Smoother &smoother, std::int64_t n, std::int64_t columns, bool extend) {
    robustness_ = nullptr;
    const std::int64_t rows = n / columns, longer = n % columns;
    const bool same = smoother.window == smoother_.window && smoother.degree == smoother_.degree &&
                      smoother.jump == smoother_.jump && columns == columns_ && extend == extend_;
    const bool even = smoother.jump == 1 && rows >= smoother.window;
    if (same && (n == n_ || (even && even_ && stretch(n, rows)))) return;
    smoother_ = smoother;
    n_ = n;
    columns_ = columns;
    extend_ = extend;
    even_ = even;
    runs_.clear();
    weight_.clear();
    first_moment_.clear();
    second_moment_.clear();
    plain_.clear();
    if (even) {
        lay_out_evenly(rows);
    } else {
        lay_out_by_columns(0, longer, rows + 1);
        lay_out_by_columns(longer, columns, rows);
    }
}

// Make an even layout one of n values, whose weights are the same: the long run is longer, and the ends lie elsewhere.
// False if a line would become a constant, or the reverse.
bool Loess::stretch(std::int64_t n, std::int64_t rows) {
    const auto range = static_cast<double>(rows - 1);
    for (const Run &run : runs_)
        if (is_line(run.spread, run.range) != is_line(run.spread, range)) return false;
    const auto middle = static_cast<std::size_t>(smoother_.window / 2 + (extend_ ? 1 : 0));
    runs_[middle].count += n - n_;
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        if (i > middle) runs_[i].first += n - n_;
        runs_[i].range = range;
    }
    n_ = n;
    return true;
}

// Add a run at row x of its columns, of which `column` is the first; all have as many rows.
void Loess::add(double x, std::int64_t first, std::int64_t count, std::int64_t column, std::int64_t rows) {
    if (count <= 0) return;
    const std::int64_t window = smoother_.window, size = std::min(window, rows);
    const std::int64_t left = std::clamp<std::int64_t>(static_cast<std::int64_t>(x) - window / 2, 0, rows - size);
    const std::int64_t right = left + size - 1;
    double half_width = std::max(x - static_cast<double>(left), static_cast<double>(right) - x);
    if (window > rows) half_width += static_cast<double>((window - rows) / 2);
    Run run{first, count, left * columns_ + column - first, static_cast<std::int64_t>(weight_.size()), size, columns_,
            std::clamp<std::int64_t>(static_cast<std::int64_t>(x), 0, rows - 1) * columns_ + column - first,
            static_cast<double>(rows - 1), 0.0, smoother_.degree > 0 && half_width > 0.0};
    double sum = 0.0, moment = 0.0, square = 0.0;
    for (std::int64_t j = left; j <= right; ++j) {
        const double d = static_cast<double>(j) - x, w = tricube(std::fabs(d), half_width);
        weight_.push_back(w);
        first_moment_.push_back(w * d);
        second_moment_.push_back(w * d * d);
        sum += w;
        moment += w * d;
        square += w * d * d;
    }
    const double centre = moment / sum, spread = square / sum - centre * centre;
    const bool line = run.line && is_line(spread, run.range);
    run.spread = spread;
    for (std::int64_t j = left; j <= right; ++j) {
        const double d = static_cast<double>(j) - x;
        const double tilt = line ? 1.0 - centre * (d - centre) / spread : 1.0;
        plain_.push_back(weight_[run.row + j - left] / sum * tilt);
    }
    runs_.push_back(run);
}

// Every row, and a whole window fits into every column: but for the ends of the columns there is one long run.
void Loess::lay_out_evenly(std::int64_t rows) {
    const std::int64_t half = smoother_.window / 2, m = columns_;
    for (std::int64_t r = extend_ ? -1 : 0; r < half; ++r) add(static_cast<double>(r), r * m, m, 0, rows);
    // The middle row of a column that is long enough for it; the offset is the same for all that follow.
    add(static_cast<double>(half), half * m, n_ - 2 * half * m, 0, rows);
    // From the end: the last value that a run begins with is row (rows - 1 - r) of the column it belongs to.
    for (std::int64_t r = half - 1; r >= (extend_ ? -1 : 0); --r) {
        const std::int64_t row = rows - 1 - r, first = n_ - (r + 1) * m;
        add(static_cast<double>(row), first, m, first - row * m, rows);
    }
}

void Loess::lay_out_by_columns(std::int64_t begin, std::int64_t end, std::int64_t rows) {
    const std::int64_t width = end - begin, m = columns_;
    if (width == 0) return;
    const std::int64_t jump = std::min(smoother_.jump, std::max<std::int64_t>(rows - 1, 1));
    const auto at = [&](std::int64_t row) {
        add(static_cast<double>(row), row * m + begin, width, begin, rows);
    };
    if (extend_) at(-1);
    for (std::int64_t row = 0; row < rows; row += jump) at(row);
    if ((rows - 1) % jump != 0) at(rows - 1);
    if (extend_) at(rows);
}

void Loess::weigh(const double *robustness) {
    robustness_ = robustness;
    if (robustness == nullptr) return;
    const std::int64_t margin = extend_ ? columns_ : 0;
    const auto size = static_cast<std::size_t>(n_ + 2 * margin);
    keep_.assign(size, 0.0);
    tilt_.assign(size, 0.0);
    sum_.resize(size);
    moment_.resize(size);
    weighted_.resize(static_cast<std::size_t>(n_));
    square_.resize(size);
    lost_.clear();
    nearest_.clear();
    for (const Run &run : runs_) {
        const double *from = robustness + run.first + run.offset;
        const std::int64_t at = margin + run.first;
        double *sum = &keep_[at];
        if (run.line) {
            const double *const w[] = {&weight_[run.row], &first_moment_[run.row], &second_moment_[run.row]};
            double *const out[] = {sum, &tilt_[at], &square_[at]};
            slide_three(w, run.size, run.stride, from, run.count, out);
        } else {
            slide_one(&weight_[run.row], run.size, run.stride, from, run.count, sum);
        }
        for (std::int64_t i = 0; i < run.count; ++i) {
            if (sum[i] > 0.0) continue;
            lost_.push_back(at + i);
            nearest_.push_back(run.first + i + run.nearest);
            sum[i] = 1.0;
        }
        if (run.line) {
            solve(sum, &tilt_[at], &square_[at], run.count, least_spread(run.range));
        } else {
            for (std::int64_t i = 0; i < run.count; ++i) sum[i] = 1.0 / sum[i];
        }
    }
}

void Loess::smooth(const double *y, double *out) {
    const std::int64_t margin = extend_ ? columns_ : 0;
    if (robustness_ == nullptr) {
        for (const Run &run : runs_)
            slide_one(&plain_[run.row], run.size, run.stride, y + run.first + run.offset, run.count,
                  out + margin + run.first);
        between(out);
        return;
    }
    for (std::int64_t p = 0; p < n_; ++p) weighted_[p] = robustness_[p] * y[p];
    for (const Run &run : runs_) {
        const double *from = weighted_.data() + run.first + run.offset;
        const std::int64_t at = margin + run.first;
        if (!run.line) {
            slide_one(&weight_[run.row], run.size, run.stride, from, run.count, &sum_[at]);
            for (std::int64_t p = at; p < at + run.count; ++p) out[p] = keep_[p] * sum_[p];
            continue;
        }
        const double *const w[] = {&weight_[run.row], &first_moment_[run.row]};
        double *const to[] = {&sum_[at], &moment_[at]};
        slide_two(w, run.size, run.stride, from, run.count, to);
        for (std::int64_t p = at; p < at + run.count; ++p) out[p] = keep_[p] * sum_[p] + tilt_[p] * moment_[p];
    }
    // Where no weight is left: the value itself; one step beyond a column, what was found at its end.
    for (std::size_t i = 0; i < lost_.size(); ++i) {
        const std::int64_t p = lost_[i] - margin;
        if (p == nearest_[i]) out[lost_[i]] = y[nearest_[i]];
    }
    for (std::size_t i = 0; i < lost_.size(); ++i)
        if (lost_[i] - margin != nearest_[i]) out[lost_[i]] = out[nearest_[i] + margin];
    between(out);
}

// Straight lines between the rows that were smoothed.
void Loess::between(double *out) const {
    if (smoother_.jump == 1) return;
    const std::int64_t m = columns_, margin = extend_ ? m : 0;
    for (std::int64_t column = 0; column < m && column < n_; ++column) {
        const std::int64_t last = (n_ - 1 - column) / m;
        const std::int64_t jump = std::min(smoother_.jump, std::max<std::int64_t>(last, 1));
        double *at = out + margin + column;
        for (std::int64_t row = 0; row < last; row += jump) {
            const std::int64_t end = std::min(row + jump, last);
            const double step = (at[end * m] - at[row * m]) / static_cast<double>(end - row);
            for (std::int64_t r = row + 1; r < end; ++r) at[r * m] = at[row * m] + step * static_cast<double>(r - row);
        }
    }
}

}  // namespace forecasting::stl
