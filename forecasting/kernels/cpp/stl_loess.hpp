// Loess along the columns of a table (Cleveland 1979), as STL uses it: evenly spaced points, so that weights by
// distance are the same from column to column and, but at the ends, from row to row.
#pragma once

#include <cstdint>
#include <vector>

namespace forecasting::stl {

// How a smoother works: the `window` nearest points, a local constant (degree 0) or line (1), each `jump`-th
// point smoothed and those between on a straight line.
struct Smoother {
    std::int64_t window;
    int degree;
    std::int64_t jump;
};

// Value p of n belongs to row p / columns, column p % columns; the last row may be shorter.
class Loess {
public:
    // Lay out the smoothing of n values. With `extend` each column is smoothed one step further at both ends,
    // as well. Nothing happens if the layout is the one before.
    void lay_out(const Smoother &smoother, std::int64_t n, std::int64_t columns, bool extend);

    // Take the robustness weights of the values, (n); null: all are 1.
    void weigh(const double *robustness);

    // Smooth y, (n). out: (n), or (columns + n + columns) if it was laid out to extend.
    void smooth(const double *y, double *out);

private:
    // A run of values that share weights by distance: that of value p are of p + offset, p + offset + columns, ...
    struct Run {
        std::int64_t first, count, offset, row, size, stride, nearest;
        double range;   // rows of the column less one
        double spread;  // variance of the rows, as they are weighted by distance
        bool line;      // degree 1, and more than one point
    };

    void add(double x, std::int64_t first, std::int64_t count, std::int64_t column, std::int64_t rows);
    bool stretch(std::int64_t n, std::int64_t rows);
    void lay_out_evenly(std::int64_t rows);
    void lay_out_by_columns(std::int64_t first_column, std::int64_t end_column, std::int64_t rows);
    void between(double *out) const;

    Smoother smoother_{0, 0, 0};
    std::int64_t n_ = 0, columns_ = 0;
    bool extend_ = false, even_ = false;
    const double *robustness_ = nullptr;
    std::vector<Run> runs_;
    // By run and place in the window: w, w d and w d^2 with d the signed distance, and the whole smoother where
    // nothing is weighed down.
    std::vector<double> weight_, first_moment_, second_moment_, plain_;
    // By value: the fit is keep sum(w y) + tilt sum(w d y); both are 0 where no weight is left.
    std::vector<double> keep_, tilt_, weighted_, sum_, moment_, square_;
    std::vector<std::int64_t> lost_, nearest_;
};

}  // namespace forecasting::stl
