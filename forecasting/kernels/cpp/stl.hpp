// Seasonal-trend decomposition by loess (Cleveland, Cleveland, McRae and Terpenning 1990) of many windows. The
// mathematics and the conventions stand in forecasting/kernels/mathematics.py.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "stl_loess.hpp"

namespace forecasting::stl {

struct Options {
    Smoother seasonal, trend, low_pass;
    int inner, outer;
    bool periodic;  // the season is the mean of its cycles
};

// One season of STL: its length and its windows.
struct Season {
    std::int64_t length;
    Options options;
};

// Where a decomposition of n values is written.
struct Parts {
    double *season;   // (seasons, n), `stride` numbers from one season to the next
    std::int64_t stride;
    double *trend;    // (n)
    double *weights;  // (n): robustness, 1 is a value like the others
};

// The workspace of one thread; what it gives does not depend on what it did before.
class Decomposition {
public:
    explicit Decomposition(std::vector<Season> seasons) : seasons_(std::move(seasons)), loess_(seasons_.size()) {}

    // Decompose y[0:n), n at least two seasons. A value that is not finite makes all NaN.
    void decompose(const double *y, std::int64_t n, const Parts &to);

private:
    struct Smoothers {
        Loess seasonal, trend, low_pass;
    };

    void one_season(const Season &season, Smoothers &by, const double *y, std::int64_t n, const Parts &to,
                    double *out);
    void pass(const Season &season, Smoothers &by, const double *y, std::int64_t n, double *out, double *trend);
    void weigh(const double *y, std::int64_t n, const double *season, const Parts &to);

    std::vector<Season> seasons_;
    std::vector<Smoothers> loess_;
    std::vector<double> scaled_, rest_, cycles_, first_, second_, low_;
};

// Window w is values[lo[w]:hi[w]]; its parts are written from offsets[w] on. season: (seasons, total).
void decompose(const double *values, const std::int64_t *lo, const std::int64_t *hi, const std::int64_t *offsets,
               std::int64_t n_windows, const std::vector<Season> &seasons, std::int64_t n_threads, std::int64_t total,
               double *season, double *trend, double *weights);

}  // namespace forecasting::stl
