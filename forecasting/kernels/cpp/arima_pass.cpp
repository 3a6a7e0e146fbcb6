#include "arima_pass.hpp"

#include <algorithm>
#include <cmath>

#include "arima_rows.hpp"
#include "lanes.hpp"

namespace forecasting::arima {
namespace {

constexpr double kUnitRoot = 1e-14;  // 1 - r^2 of a partial autocorrelation
constexpr double kSingular = 1e-13;  // a pivot this small, of its diagonal, is rounding
constexpr double kExact = 1e-14;     // squared errors this small, of what they are a rest of, are rounding
constexpr double kRounding = 1e-13;  // differences this small, of the values, are rounding

std::size_t size_of(std::int64_t n) { return static_cast<std::size_t>(n); }

}  // namespace

bool Pass::load(const Order &order, const Sample &sample, std::int64_t stop) {
    order_ = order;
    sample_ = &sample;
    const std::int64_t differenced = stop - order.lost();
    n_missing_ = sample.n_missing(stop);
    n_ = differenced - n_missing_;
    if (n_ < order.needs()) return false;
    span_ = order.ar_span();
    n_presample_ = order.ma_span();
    n_unknown_ = n_presample_ + n_missing_;
    n_inner_ = n_unknown_ + order.n_linear();
    width_ = padded(n_inner_ + 1);
    rows_ = differenced + n_presample_;
    const auto cells = size_of(rows_ * width_);
    const auto beyond = size_of(static_cast<std::int64_t>(std::max(span_, n_presample_)) * width_);
    x_.resize(cells);
    v_.resize(cells);
    bar_x_.resize(cells + beyond);
    bar_v_.resize(cells + beyond);
    const auto square = size_of(static_cast<std::int64_t>(n_inner_ + 1) * width_);
    gram_.resize(square);
    upper_.resize(square);
    inverse_.resize(square);
    solution_.resize(size_of(width_));
    levels_.resize(size_of(static_cast<std::int64_t>(span_) * span_));
    bar_levels_.resize(levels_.size());
    f_.resize(size_of(span_));
    bar_f_.resize(f_.size());
    scaled_.resize(size_of(std::max<std::int64_t>(rows_, span_)));
    coefficients_.resize(size_of(order.n_arma()));
    return true;
}

// The best linear predictors of x_t from all t values before it, t < span, and the variance f_t of what is
// left.
bool Pass::step_down() {
    const int span = span_;
    if (span == 0) return true;
    std::vector<double> &a = path_;
    a.assign(size_of(span), 0.0);
    for (const Term &term : ar_) a[term.lag - 1] += term.weight;
    double f = 1.0;
    const double *above = a.data();
    for (int k = span; k >= 1; --k) {
        const double r = above[k - 1], left = 1.0 - r * r;
        if (!(left > kUnitRoot)) return false;
        double *const to = levels_.data() + static_cast<std::int64_t>(k - 1) * span;
        for (int i = 0; i < k - 1; ++i) to[i] = (above[i] + r * above[k - 2 - i]) / left;
        f /= left;
        f_[k - 1] = f;
        above = to;
    }
    return f < kInfinity;
}

void Pass::forward() {
    const int width = width_, inner = n_inner_;
    double *const x = x_.data();
    std::fill(x_.begin(), x_.end(), 0.0);
    for (int i = 0; i < n_presample_; ++i) x[static_cast<std::int64_t>(i) * width + i] = 1.0;
    double *const first = x + static_cast<std::int64_t>(n_presample_) * width;
    const std::int64_t n = rows_ - n_presample_;
    const double centre = order_.constant ? sample_->centre : 0.0;
    for (std::int64_t t = 0; t < n; ++t) {
        first[t * width + inner] = sample_->w[t] - centre;
        if (order_.constant) first[t * width + n_unknown_] = -1.0;
    }
    const int n_x = order_.regressors;
    for (std::int64_t t = 0; t < n && n_x > 0; ++t) {
        double *const to = first + t * width + inner - n_x;
        for (int j = 0; j < n_x; ++j) {
            to[j] = (order_.constant ? sample_->x_centres[j] : 0.0) - sample_->x[t * n_x + j];
        }
    }
    for (const Sample::Effect &effect : sample_->effects) {
        if (effect.row >= n) break;
        first[effect.row * width + n_presample_ + effect.missing] += effect.weight;
    }
    recurse(first, width, n, width, ma_.data(), static_cast<int>(ma_.size()));
    const std::int64_t head = std::min<std::int64_t>(span_, rows_);
    for (std::int64_t t = 0; t < head; ++t) scaled_[t] = 1.0 / std::sqrt(f_[t]);
    predict_head(x, v_.data(), head, width, levels_.data(), span_, scaled_.data());
    double *const rest = v_.data() + head * width;
    std::fill(rest, v_.data() + rows_ * width, 0.0);
    filter(x + head * width, rest, width, rows_ - head, width, ar_.data(), static_cast<int>(ar_.size()));
}

bool Pass::eliminate() {
    const int size = n_inner_ + 1, width = width_;
    cross(v_.data(), size, width, v_.data(), width, rows_, true, gram_.data());
    arima::eliminate(gram_.data(), size, width, upper_.data());
    const auto at = [&](const std::vector<double> &g, int i) {
        return g[static_cast<std::int64_t>(i) * width + i];
    };
    for (int i = 0; i < n_inner_; ++i) {
        if (!(at(upper_, i) > kSingular * at(gram_, i))) return false;
    }
    squares_ = at(upper_, n_inner_);
    const double least = kExact * at(gram_, n_inner_);
    exact_ = !(squares_ > least);
    if (exact_) squares_ = least;
    return squares_ > 0.0 && squares_ < kInfinity;
}

double Pass::mean() const {
    if (!order_.constant) return 0.0;
    double mean = solution_[n_unknown_] + sample_->centre;
    for (int j = 0; j < order_.regressors; ++j) mean -= slope(j) * sample_->x_centres[j];
    return mean;
}

int Pass::redundant() const {
    const int first = n_inner_ - order_.regressors, n_x = order_.regressors;
    const std::int64_t rows = rows_ - n_presample_, last = rows + order_.lost() - 1;
    for (int i = 0; i < n_inner_; ++i) {
        const double pivot = upper_[diagonal(i)];
        double least = kSingular * gram_[diagonal(i)];
        if (i >= first) {
            const double rounding = kRounding * static_cast<double>(1 << (order_.d + order_.D)) *
                                    sample_->x_sizes[last * n_x + i - first];
            least = std::max(least, static_cast<double>(rows) * rounding * rounding);
        }
        if (!(pivot > least)) return i < first ? -1 : i - first;
    }
    return -1;
}

double Pass::value(const double *coefficients) {
    const double *const ar = coefficients, *const ma = ar + order_.p, *const far_ar = ma + order_.q,
                        *const far_ma = far_ar + order_.P;
    std::copy(coefficients, coefficients + order_.n_arma(), coefficients_.begin());
    multiply(ar, order_.p, far_ar, order_.P, order_.m, ar_);
    multiply(ma, order_.q, far_ma, order_.Q, order_.m, ma_);
    if (!step_down()) return kInfinity;
    forward();
    if (!eliminate()) return kInfinity;
    double f = static_cast<double>(n_) * std::log(squares_ / static_cast<double>(n_));
    for (int i = 0; i < n_unknown_; ++i) f += std::log(upper_[diagonal(i)]);
    for (int t = 0; t < span_ && t < rows_; ++t) f += std::log(f_[t]);
    std::fill(solution_.begin(), solution_.end(), 0.0);
    solution_[n_inner_] = 1.0;
    for (int i = n_inner_ - 1; i >= 0; --i) {
        const double *const row = upper_.data() + static_cast<std::int64_t>(i) * width_;
        double sum = 0.0;
        for (int j = i + 1; j <= n_inner_; ++j) sum += row[j] * solution_[j];
        solution_[i] = -sum / row[i];
    }
    return f < kInfinity ? f : kInfinity;
}

// 2 (Z'Z)^-1 of the unknown columns, rows of `width`, zero elsewhere.
void Pass::invert() {
    const int size = n_unknown_, width = width_;
    std::vector<double> &rows = inner_;
    rows.assign(size_of(static_cast<std::int64_t>(size) * width), 0.0);
    for (int i = 0; i < size; ++i) rows[static_cast<std::int64_t>(i) * width + i] = 1.0;
    substitute(upper_.data(), width, size, rows.data(), width);
    for (int i = 0; i < size; ++i) {
        double *const row = rows.data() + static_cast<std::int64_t>(i) * width;
        const double by = std::sqrt(2.0 / upper_[static_cast<std::int64_t>(i) * width + i]);
        for (int j = 0; j <= i; ++j) row[j] *= by;
    }
    cross(rows.data(), size, width, rows.data(), width, size, false, inverse_.data());
}

// Derivatives by the weight of every term.
void Pass::adjoint(double *by_ar_term, double *by_ma_term) {
    const int width = width_;
    const std::int64_t head = std::min<std::int64_t>(span_, rows_);
    const double scale = 2.0 * static_cast<double>(n_) / squares_;
    double *const lambda = bar_v_.data(), *const bar_x = bar_x_.data();
    for (std::int64_t t = 0; t < rows_; ++t) scaled_[t] = scale * path_[t];
    spread_rows(v_.data(), rows_, width, n_unknown_, inverse_.data(), scaled_.data(), solution_.data(), lambda);
    std::fill(bar_v_.begin() + rows_ * width, bar_v_.end(), 0.0);
    std::fill(bar_x_.begin(), bar_x_.end(), 0.0);
    std::fill(bar_levels_.begin(), bar_levels_.end(), 0.0);
    std::fill(bar_f_.begin(), bar_f_.end(), 0.0);
    for (std::int64_t t = 0; t < head; ++t) {
        double *const row = lambda + t * width;
        const double f = f_[t];
        bar_f_[t] = 1.0 / f - dot(row, v_.data() + t * width, width) / (2.0 * f);
        const double by = 1.0 / std::sqrt(f);
        for (int j = 0; j < width; ++j) row[j] *= by;
        if (t >= n_presample_) {
            for (int j = 0; j < width; ++j) bar_x[t * width + j] += row[j];
        }
        for (std::int64_t i = 1; i <= t; ++i) {
            const auto at = size_of(t * span_ + i - 1);
            bar_levels_[at] = -dot(row, x_.data() + (t - i) * width, width);
            if (t - i < n_presample_) continue;
            const double level = levels_[at];
            double *const to = bar_x + (t - i) * width;
            for (int j = 0; j < width; ++j) to[j] -= level * row[j];
        }
        std::fill(row, row + width, 0.0);
    }
    const std::int64_t rest = (rows_ - head) * width;
    dots(lambda + head * width, x_.data() + head * width, width, rest, ar_.data(), static_cast<int>(ar_.size()),
         by_ar_term);
    for (std::size_t k = 0; k < ar_.size(); ++k) by_ar_term[k] = -by_ar_term[k];
    if (ma_.empty()) return;
    const std::int64_t n = rows_ - n_presample_;
    filter(lambda + (rows_ - 1) * width, bar_x + (rows_ - 1) * width, -width, n, width, ar_.data(),
           static_cast<int>(ar_.size()));
    recurse(bar_x + (rows_ - 1) * width, -width, n, width, ma_.data(), static_cast<int>(ma_.size()));
    const std::int64_t first = static_cast<std::int64_t>(n_presample_) * width;
    dots(bar_x + first, x_.data() + first, width, n * width, ma_.data(), static_cast<int>(ma_.size()),
         by_ma_term);
}

// Through the step-down, from the short predictors back to the whole polynomial.
void Pass::step_down_adjoint(double *by_lag) {
    const int span = span_;
    std::vector<double> full(size_of(span), 0.0);
    for (const Term &term : ar_) full[term.lag - 1] += term.weight;
    for (int k = 1; k <= span; ++k) {
        const double *const a = k == span ? full.data() : levels_.data() + static_cast<std::int64_t>(k) * span;
        double *const bar = k == span ? by_lag : bar_levels_.data() + static_cast<std::int64_t>(k) * span;
        const double *const below = levels_.data() + static_cast<std::int64_t>(k - 1) * span;
        const double *const bar_below = bar_levels_.data() + static_cast<std::int64_t>(k - 1) * span;
        const double r = a[k - 1], left = 1.0 - r * r;
        const double f = k == span ? 1.0 : f_[k];
        double bar_r = bar_f_[k - 1] * f * 2.0 * r / (left * left);
        if (k < span) bar_f_[k] += bar_f_[k - 1] / left;
        for (int i = 0; i < k - 1; ++i) {
            const double y = bar_below[i];
            bar[i] += y / left;
            bar[k - 2 - i] += r * y / left;
            bar_r += y * (a[k - 2 - i] + 2.0 * r * below[i]) / left;
        }
        bar[k - 1] += bar_r;
    }
}

// d v_t / d coefficient at the presample values and mean of the solution, one lane a coefficient. In the first
// rows the derivative of the predictors by autoregressive coefficients is left out.
void Pass::sensitivities() {
    const int p = order_.p, q = order_.q, P = order_.P, Q = order_.Q, m = order_.m, K = order_.n_arma();
    const int lanes = padded(K);
    const double *const ar = coefficients_.data(), *const ma = ar + p, *const far_ar = ma + q,
                        *const far_ma = far_ar + P;
    std::vector<double> &x = scaled_;  // x_t at the solution
    project_rows(x_.data(), rows_, width_, solution_.data(), x.data());
    // What multiplies coefficient i of a factor is x, less what the other factor makes of it, i steps before.
    std::vector<double> &force = forced_;
    const auto less = [&](const double *other, int n_other, int step) {
        force.assign(x.begin(), x.begin() + rows_);
        for (int j = 0; j < n_other; ++j) {
            const std::int64_t lag = static_cast<std::int64_t>(j + 1) * step;
            for (std::int64_t t = lag; t < rows_; ++t) force[t] -= other[j] * x[t - lag];
        }
    };
    const auto enter = [&](std::vector<double> &rows, int column, std::int64_t lag, std::int64_t from) {
        for (std::int64_t t = std::max(lag, from); t < rows_; ++t) rows[t * lanes + column] += force[t - lag];
    };
    const std::int64_t head = std::min<std::int64_t>(span_, rows_);
    std::vector<double> &out = across_;
    out.assign(size_of(rows_ * lanes), 0.0);
    less(far_ar, P, m);
    for (int i = 0; i < p; ++i) enter(out, i, i + 1, 0);
    less(ar, p, 1);
    for (int j = 0; j < P; ++j) enter(out, p + q + j, static_cast<std::int64_t>(j + 1) * m, 0);
    for (double &value : out) value = -value;
    if (q + Q > 0) {
        moved_.assign(size_of(rows_ * lanes), 0.0);
        less(far_ma, Q, m);
        for (int i = 0; i < q; ++i) enter(moved_, p + i, i + 1, n_presample_);
        less(ma, q, 1);
        for (int j = 0; j < Q; ++j)
            enter(moved_, p + q + P + j, static_cast<std::int64_t>(j + 1) * m, n_presample_);
        recurse(moved_.data() + static_cast<std::int64_t>(n_presample_) * lanes, lanes, rows_ - n_presample_,
                lanes, ma_.data(), static_cast<int>(ma_.size()));
        filter(moved_.data() + head * lanes, out.data() + head * lanes, lanes, rows_ - head, lanes, ar_.data(),
               static_cast<int>(ar_.size()));
    }
    // The first rows: whitened by short predictors, scaled.
    unit_.assign(size_of(head), 1.0);
    if (q + Q > 0) {
        force.resize(size_of(std::max<std::int64_t>(head, 1) * lanes));
        predict_head(moved_.data(), force.data(), head, lanes, levels_.data(), span_, unit_.data());
        for (std::int64_t i = 0; i < head * lanes; ++i) out[i] += force[i];
    }
    for (std::int64_t t = 0; t < head; ++t) {
        const double by = 1.0 / std::sqrt(f_[t]);
        for (int i = 0; i < lanes; ++i) out[t * lanes + i] *= by;
    }
}

void Pass::gradient(double *gradient, double *matrix) {
    const int K = order_.n_arma(), lanes = padded(K), width = width_;
    path_.resize(size_of(std::max<std::int64_t>(rows_, span_)));
    project_rows(v_.data(), rows_, width, solution_.data(), path_.data());
    invert();
    std::vector<double> by_ar(ar_.size(), 0.0), by_ma(ma_.size(), 0.0), by_lag(size_of(span_), 0.0);
    adjoint(by_ar.data(), by_ma.data());
    if (span_ > 0) step_down_adjoint(by_lag.data());
    for (std::size_t k = 0; k < ar_.size(); ++k) by_ar[k] += by_lag[ar_[k].lag - 1];
    std::fill(gradient, gradient + K, 0.0);
    const auto collect = [&](const std::vector<Term> &terms, const std::vector<double> &by, int at_near,
                             int at_far) {
        for (std::size_t k = 0; k < terms.size(); ++k) {
            const Term &term = terms[k];
            const auto near = at_near + term.near, far = at_far + term.far;
            if (term.far < 0) {
                gradient[near] += by[k];
            } else if (term.near < 0) {
                gradient[far] += by[k];
            } else {
                gradient[near] -= coefficients_[far] * by[k];
                gradient[far] -= coefficients_[near] * by[k];
            }
        }
    };
    const int p = order_.p, q = order_.q, P = order_.P;
    collect(ar_, by_ar, 0, p + q);
    collect(ma_, by_ma, p, p + q + P);
    if (K == 0) return;
    sensitivities();
    const double scale = 2.0 * static_cast<double>(n_) / squares_;
    inner_.resize(size_of(static_cast<std::int64_t>(n_inner_ + lanes) * lanes));
    double *const pulled = inner_.data(), *const squares = pulled + static_cast<std::int64_t>(n_inner_) * lanes;
    cross(across_.data(), K, lanes, across_.data(), lanes, rows_, false, squares);
    cross(v_.data(), n_inner_, width, across_.data(), lanes, rows_, false, pulled);
    substitute(upper_.data(), width, n_inner_, pulled, lanes);
    for (int i = 0; i < K; ++i) {
        for (int j = i; j < K; ++j) {
            double sum = squares[i * lanes + j];
            for (int u = 0; u < n_inner_; ++u) {
                sum -= pulled[u * lanes + i] * pulled[u * lanes + j] /
                       upper_[static_cast<std::int64_t>(u) * width + u];
            }
            matrix[i * K + j] = matrix[j * K + i] = scale * sum;
        }
    }
}

void Pass::ahead(std::int64_t h, double centre, double *mean, double *open) const {
    const int lost = order_.lost(), width = width_;
    const std::int64_t reach = std::max({span_, n_presample_, 1}), n = rows_ - n_presample_ + lost;
    // Rows of x and of y, by column: what is known of the past, then the steps.
    std::vector<double> x(size_of((reach + h) * width), 0.0), y(size_of((lost + h) * width), 0.0), u;
    const std::int64_t kept = std::min(reach, rows_);
    std::copy(x_.end() - kept * width, x_.end(), x.begin() + (reach - kept) * width);
    for (int i = 0; i < lost; ++i) y[i * width + n_inner_] = sample_->y[n - lost + i];
    for (int j = 0; j < n_missing_; ++j) {
        const std::int64_t at = sample_->missing[j] - (n - lost);
        if (at >= 0) y[at * width + n_presample_ + j] = 1.0;
    }
    recurse(x.data() + reach * width, width, h, width, ar_.data(), static_cast<int>(ar_.size()));
    const int lanes = padded(static_cast<int>(h));
    u.assign(size_of(static_cast<std::int64_t>(n_inner_ + 1) * lanes), 0.0);
    for (std::int64_t step = 0; step < h; ++step) {
        double *const row = y.data() + (lost + step) * width, *const from = x.data() + (reach + step) * width;
        for (int j = 0; j < width; ++j) row[j] = from[j];
        for (const Term &term : ma_) {
            for (int j = 0; j < width; ++j) row[j] -= term.weight * from[j - term.lag * width];
        }
        row[n_inner_] += centre;
        if (order_.constant) row[n_unknown_] += 1.0;
        for (int k = 1; k <= lost; ++k) {
            const double weight = sample_->weights[k];
            if (weight == 0.0) continue;
            for (int j = 0; j < width; ++j) row[j] -= weight * row[j - k * width];
        }
        mean[step] = dot(row, solution_.data(), width);
        for (int i = 0; i < n_inner_; ++i) u[i * lanes + step] = row[i];
    }
    substitute(upper_.data(), width, n_inner_, u.data(), lanes);
    for (std::int64_t step = 0; step < h; ++step) {
        double sum = 0.0;
        for (int i = 0; i < n_inner_; ++i)
            sum += u[i * lanes + step] * u[i * lanes + step] / upper_[diagonal(i)];
        open[step] = sum;
    }
}

}  // namespace forecasting::arima
