// One series as the fitters of its windows see it: scaled, differenced once an order of differences, and the
// record of a window.
#pragma once

#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "arima_fit.hpp"
#include "arima_pass.hpp"

namespace forecasting::arima {

// More unknowns than this, presample and missing values, are refused: a pass costs their number squared.
constexpr int kMostUnknown = 1200;

class Series {
public:
    Series(const Limits &limits, double anchor_ratio);

    // values[0:n), the first one not missing, and the regressors beside them; what is scaled and centred is so
    // by the values up to the anchor.
    void load(const double *values, const double *regressors, std::int64_t n, std::int64_t anchor);

    // The longest of a, a r, a r^2, ... that fits; shorter windows are their own.
    std::int64_t anchor_of(std::int64_t stop) const;

    std::int64_t n() const { return static_cast<std::int64_t>(y_.size()); }
    const double *y() const { return y_.data(); }
    std::int64_t seen(std::int64_t stop) const { return seen_[stop]; }
    const double *x() const { return x_.data(); }
    const Sample &sample(int d, int D);

    // Whether a regressor is missing in a window, or redundant beside the constant and the differences of an
    // order; such a window is written.
    bool regressors_fail(const Order &order, std::int64_t stop, double *out);

    // Whether a regressor is redundant: which, or -1.
    int redundant(const Order &order, std::int64_t stop);

    // The least-squares pass of the values around a constant and the regressors; false if there is none.
    bool regress(std::int64_t stop, Pass &pass);

    // Whether nothing but rounding is left of the window when it is differenced, and its mean taken if there is
    // one.
    bool flat(const Order &order, std::int64_t stop);

    void blank(Outcome why, double *out) const;
    void write_flat(const Order &order, std::int64_t stop, double *out);

    // The fit that a pass was last evaluated at.
    void write(const Order &order, const Pass &pass, const double *coefficients, double objective,
               std::int64_t stop, double *out);

private:
    void write_common(const Order &order, std::int64_t stop, double *out) const;

    Limits limits_;
    double anchor_ratio_;
    std::int64_t first_, anchor_ = 0, width_;
    int exponent_ = 0;
    std::vector<double> y_, lowest_, highest_, x_;
    std::vector<int> x_exponents_;
    std::int64_t lacking_at_ = 0;  // the first value beside which a regressor is missing, and which
    int lacking_ = 0;
    Pass plain_;
    std::vector<std::int64_t> seen_;
    std::map<std::pair<int, int>, Sample> samples_;
};

// Call block(values, anchor, lengths, out, anew) for every run of windows of one series that share an anchor;
// those that it names in `anew` get a block of their own, without an anchor. Values that are missing at the
// beginning are left out.
template <class Block>
void for_blocks(const Series &series, const double *values, const std::int64_t *stops, std::int64_t n_stops,
                std::int64_t width, double *out, const Block &block) {
    std::int64_t first = 0;
    while (n_stops > 0 && first < stops[n_stops - 1] && std::isnan(values[first])) ++first;
    for (std::int64_t k = 0; k < n_stops;) {
        if (stops[k] <= first) {
            series.blank(stops[k] <= 0 ? Outcome::empty : Outcome::too_short, out + k * width);
            ++k;
            continue;
        }
        const std::int64_t anchor = series.anchor_of(stops[k] - first);
        std::vector<std::int64_t> lengths, anew, none;
        std::int64_t end = k;
        for (; end < n_stops && series.anchor_of(stops[end] - first) == anchor; ++end) {
            lengths.push_back(stops[end] - first);
        }
        block(values + first, anchor, lengths, out + k * width, anew);
        for (const std::int64_t j : anew) {
            block(values + first, lengths[j], {lengths[j]}, out + (k + j) * width, none);
        }
        k = end;
    }
}

}  // namespace forecasting::arima
