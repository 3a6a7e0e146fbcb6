#include "seasonal_ridge_pass.hpp"

#include <algorithm>
#include <cmath>

#include "lanes.hpp"

namespace forecasting::ridge {
namespace {

constexpr double kShortPenalty = 6.0;   // of a season that was not seen twice
constexpr double kFaded = 1e-30;        // of columns of about one: no sum knows it
constexpr double kConstant = 1e-24;     // a relative variance that is rounding noise

bool has(const std::vector<std::int64_t> &lengths, std::int64_t n) {
    return std::binary_search(lengths.begin(), lengths.end(), n);
}

}  // namespace

void Pass::run(Item *items, std::size_t n_items) {
    items_ = items;
    n_items_ = n_items;
    width_ = padded(p_ + static_cast<int>(n_items));
    length_ = 0;
    for (std::size_t i = 0; i < n_items; ++i) length_ = std::max(length_, items[i].length());
    lay_rows();
    for (std::size_t i = 0; i < n_items; ++i) prepare(items[i], p_ + static_cast<int>(i));
    std::vector<std::int64_t> events;
    for (std::size_t i = 0; i < n_items; ++i) {
        events.insert(events.end(), items[i].stops.begin(), items[i].stops.end());
        events.insert(events.end(), items[i].origins.begin(), items[i].origins.end());
    }
    std::sort(events.begin(), events.end());
    events.erase(std::unique(events.begin(), events.end()), events.end());
    for (int a = 0; a < kAlphas; ++a) sweep(a, events);
    for (std::size_t i = 0; i < n_items; ++i) {
        conclude(items[i]);
        items[i] = Item{};  // a batch may have many series
    }
}

void Pass::lay_rows() {
    const Item &any = *std::max_element(items_, items_ + n_items_, [](const Item &x, const Item &y) {
        return x.length() < y.length();
    });
    const std::int64_t start = batch_.w.starts[any.series];
    const int q = d_.n_regressors, before = d_.n_seasonal + d_.n_days;
    rows_.assign(size_of(length_ * width_), 0.0);
    seen_.assign(size_of(length_), 0);
    shifts_.assign(size_of(q), 0.0);
    scales_.assign(size_of(q), 0.0);
    bool begun = false;
    for (std::int64_t t = 0; t < length_; ++t) {
        double *row = rows_.data() + t * width_;
        const double *season = batch_.seasonal.data() + t * d_.n_seasonal;
        std::copy(season, season + d_.n_seasonal, row);
        if (d_.n_days > 0) {
            const double *day = d_.days + (batch_.first[any.series] + t - d_.first_day) * d_.n_days;
            std::copy(day, day + d_.n_days, row + d_.n_seasonal);
        }
        seen_[size_of(t)] = batch_.seen(start + t);
        if (!seen_[size_of(t)]) continue;
        const double *x = batch_.X + (start + t) * q;
        if (!begun) std::copy(x, x + q, shifts_.begin());
        begun = true;
        for (int j = 0; j < q; ++j) {
            const double off = x[j] - shifts_[size_of(j)];
            double &scale = scales_[size_of(j)];  // a power of two, set by the first change
            if (scale == 0.0 && off != 0.0 && std::isfinite(off)) {
                int exponent = 0;
                std::frexp(off, &exponent);
                scale = std::ldexp(1.0, std::min(1000, std::max(-1000, -exponent)));
            }
            row[before + j] = off * scale;
        }
    }
}

void Pass::prepare(Item &item, int place) {
    const std::int64_t n = item.length(), start = batch_.w.starts[item.series];
    const double *y = batch_.w.values + start;
    const Options &o = batch_.o;
    item.z.assign(size_of(n), 0.0);
    bool begun = false;
    for (std::int64_t t = 0; t < n; ++t) {
        if (!seen_[size_of(t)]) continue;
        const double z = item.logged ? std::log(y[t]) : y[t];
        if (!begun) item.shift = z;
        begun = true;
        item.z[size_of(t)] = z - item.shift;
        rows_[size_of(t * width_ + place)] = z - item.shift;
    }
    item.origins.clear();
    for (const std::int64_t stop : item.stops) {
        for (std::int64_t at = (stop - o.horizon) / o.stride * o.stride, left = o.origins;
             at >= o.horizon && left > 0; at -= o.stride, --left) {
            item.origins.push_back(at);
        }
    }
    std::sort(item.origins.begin(), item.origins.end());
    item.origins.erase(std::unique(item.origins.begin(), item.origins.end()), item.origins.end());
    item.errors.assign(item.origins.size() * kPairs, 0.0);
    item.judged.assign(item.origins.size(), 0);
    item.bounds.clear();
    double least = HUGE_VAL, most = -HUGE_VAL;
    std::int64_t t = 0;
    for (const std::int64_t origin : item.origins) {
        for (; t < origin; ++t) {
            if (!seen_[size_of(t)]) continue;
            least = std::min(least, y[t]);
            most = std::max(most, y[t]);
        }
        item.bounds.push_back(bounds_of(least, most));
        if (least > most) continue;  // nothing was seen: nothing to judge
        std::int64_t &judged = item.judged[item.bounds.size() - 1];
        for (std::int64_t s = origin; s < origin + o.horizon; ++s) judged += seen_[size_of(s)];
    }
    item.solved.assign(item.stops.size() * kPairs * size_of(p_), 0.0);
}

// Filter columns and values with one weight, and solve at every length that is asked for.
void Pass::sweep(int a, const std::vector<std::int64_t> &events) {
    gram_.assign(size_of(static_cast<std::int64_t>(p_) * width_), 0.0);
    block_.assign(size_of(kBlock * width_), 0.0);
    level_.assign(size_of(width_), 0.0);
    const int m = static_cast<int>(n_items_);
    int filled = 0;
    std::int64_t t = 0;
    for (const std::int64_t event : events) {
        for (; t < event; ++t) {
            if (!seen_[size_of(t)]) continue;
            double *to = block_.data() + filled * width_;
            const double *row = rows_.data() + t * width_;
            whiten(row, kAlpha[a], kFaded, p_, level_.data(), to);
            whiten(row + p_, kAlpha[a], 0.0, m, level_.data() + p_, to + p_);
            if (++filled == kBlock) {
                add_products(block_.data(), filled, p_, m, width_, gram_.data());
                filled = 0;
            }
        }
        add_products(block_.data(), filled, p_, m, width_, gram_.data());
        filled = 0;
        solve_at(a, event);
    }
}

void Pass::solve_at(int a, std::int64_t n) {
    choose_columns(n);
    asking_.clear();
    bool judging = false;
    for (std::size_t i = 0; i < n_items_; ++i) {
        const bool is_origin = has(items_[i].origins, n);
        if (is_origin || has(items_[i].stops, n)) asking_.push_back(i);
        judging = judging || is_origin;
    }
    if (judging) look_ahead(n);
    const int size = static_cast<int>(active_.size()), m = static_cast<int>(asking_.size());
    const int width = padded(size + m);
    factor_.resize(size_of(static_cast<std::int64_t>(size) * width));
    inverse_.resize(size_of(size));
    b_.resize(size_of(size));
    for (int l = 0; l < kLambdas; ++l) {
        for (int i = 0; i < size; ++i) {
            const double *from = gram_.data() + static_cast<std::int64_t>(active_[size_of(i)]) * width_;
            double *to = factor_.data() + static_cast<std::int64_t>(i) * width;
            for (int j = i; j < size; ++j) to[j] = from[active_[size_of(j)]];
            for (int j = 0; j < m; ++j) to[size + j] = from[size_of(p_) + asking_[size_of(j)]];
            to[i] += kLambda[l] * diagonal_[size_of(i)];
        }
        factorise(factor_.data(), size, m, width, inverse_.data());
        substitute(factor_.data(), inverse_.data(), size, m, width);
        for (int j = 0; j < m; ++j) {
            for (int c = 0; c < size; ++c) {
                b_[size_of(c)] = factor_[size_of(static_cast<std::int64_t>(c) * width + size + j)];
            }
            deliver(asking_[size_of(j)], n, a * kLambdas + l);
        }
    }
}

// Keep the coefficients b_ of one series where it has a window of n rows; judge them where that is an origin.
void Pass::deliver(std::size_t i, std::int64_t n, int pair) {
    Item &item = items_[i];
    if (has(item.origins, n)) {
        const auto place = std::lower_bound(item.origins.begin(), item.origins.end(), n);
        judge(item, place - item.origins.begin(), pair, level_[size_of(p_) + i]);
    }
    auto stop = std::lower_bound(item.stops.begin(), item.stops.end(), n);
    for (; stop != item.stops.end() && *stop == n; ++stop) {
        double *to = item.solved.data() + ((stop - item.stops.begin()) * kPairs + pair) * p_;
        for (std::size_t c = 0; c < active_.size(); ++c) to[active_[c]] = b_[c];
    }
}

// The active columns of the steps after an origin, one after the other: (active, horizon).
void Pass::look_ahead(std::int64_t n) {
    const std::int64_t h = batch_.o.horizon;
    ahead_.resize(active_.size() * size_of(h));
    for (std::int64_t s = 0; s < h; ++s) {
        const double *row = rows_.data() + (n + s) * width_;
        for (std::size_t c = 0; c < active_.size(); ++c) ahead_[c * size_of(h) + size_of(s)] = row[active_[c]];
    }
}

// The columns that a window of n rows has, and their penalties.
void Pass::choose_columns(std::int64_t n) {
    const int fixed = d_.n_seasonal + d_.n_days;
    active_.clear();
    diagonal_.clear();
    for (int c = 0; c < fixed; ++c) {
        if (static_cast<double>(n) < d_.needed[c] || !(gram_[size_of(c) * size_of(width_ + 1)] > 0.0)) continue;
        const double seasons = d_.grows[c] > 0.0 ? static_cast<double>(n) / d_.grows[c] : 2.0;
        active_.push_back(c);
        diagonal_.push_back(d_.penalty[c] * (1.0 + kShortPenalty * std::max(0.0, 2.0 - seasons)));
    }
    for (int c = fixed; c < p_; ++c) {  // as if each regressor had variance one
        double count = 0.0, sum = 0.0, squares = 0.0;
        for (std::int64_t t = 0; t < n; ++t) {
            if (!seen_[size_of(t)]) continue;
            const double x = rows_[size_of(t * width_ + c)];
            count += 1.0;
            sum += x;
            squares += x * x;
        }
        const double variance = squares / count - sum / count * (sum / count);
        if (!(variance > kConstant * (squares / count)) && !std::isnan(variance)) continue;
        active_.push_back(c);
        diagonal_.push_back(variance);
    }
}

// Add the absolute errors of the steps after an origin; b_ holds its coefficients.
void Pass::judge(Item &item, std::int64_t origin, int pair, double level) {
    const std::int64_t from = item.origins[size_of(origin)], h = batch_.o.horizon;
    const Bounds &bounds = item.bounds[size_of(origin)];
    if (item.judged[size_of(origin)] == 0) return;
    const double *y = batch_.w.values + batch_.w.starts[item.series] + from;
    for (std::size_t c = 0; c < active_.size(); ++c) level -= level_[size_of(active_[c])] * b_[c];
    means_.assign(size_of(h), level);
    for (std::size_t c = 0; c < active_.size(); ++c) add_scaled(ahead_.data() + c * size_of(h), b_[c], h, means_.data());
    double total = 0.0;
    for (std::int64_t s = 0; s < h; ++s) {
        if (!seen_[size_of(from + s)]) continue;
        double mean = means_[size_of(s)] + item.shift;
        if (item.logged) mean = std::exp(mean);
        total += std::fabs(y[s] - std::min(bounds.high, std::max(bounds.low, mean)));
    }
    item.errors[size_of(origin * kPairs + pair)] = std::isnan(total) ? HUGE_VAL : total;
}

void Pass::conclude(const Item &item) {
    const double *y = batch_.w.values + batch_.w.starts[item.series];
    const int q = d_.n_regressors;
    const Options &o = batch_.o;
    for (std::size_t cell = 0; cell < item.stops.size(); ++cell) {
        const std::int64_t n = item.stops[cell];
        double *record = batch_.record(item.series, item.cells[cell]);
        double least = HUGE_VAL, most = -HUGE_VAL;
        std::int64_t count = 0;
        for (std::int64_t t = 0; t < n; ++t) {
            if (!seen_[size_of(t)]) continue;
            least = std::min(least, y[t]);
            most = std::max(most, y[t]);
            ++count;
        }
        double errors[kPairs] = {}, weights[kPairs];
        std::int64_t judged = 0;
        for (std::int64_t at = (n - o.horizon) / o.stride * o.stride, left = o.origins;
             at >= o.horizon && left > 0; at -= o.stride, --left) {
            const auto place = std::lower_bound(item.origins.begin(), item.origins.end(), at);
            const auto origin = size_of(place - item.origins.begin());
            judged += item.judged[origin];
            for (int j = 0; j < kPairs; ++j) errors[j] += item.errors[origin * kPairs + size_of(j)];
        }
        weigh(errors, judged, weights);
        record[kJudged] = static_cast<double>(judged);
        const double *solved = item.solved.data() + cell * kPairs * size_of(p_);
        const Series series{rows_.data(), item.z.data(), seen_.data(), width_};
        const bool finite = finish(d_, series, n, solved, weights, work_, record);
        const Bounds bounds = bounds_of(least, most);
        record[kOutcome] = finite ? kFitted : kNotFinite;
        record[kCount] = static_cast<double>(count);
        record[kLength] = static_cast<double>(n);
        record[kLogged] = item.logged;
        record[kShift] = item.shift;
        record[kLow] = bounds.low;
        record[kHigh] = bounds.high;
        std::copy(shifts_.begin(), shifts_.end(), record + kCoefficients + p_);
        std::copy(scales_.begin(), scales_.end(), record + kCoefficients + p_ + q);
    }
}

}  // namespace forecasting::ridge
