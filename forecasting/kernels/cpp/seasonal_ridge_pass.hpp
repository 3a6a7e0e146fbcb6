// One pass over a few series whose designs are the same: all their windows, estimated and judged.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "ridge_solve.hpp"
#include "seasonal_ridge.hpp"
#include "seasonal_ridge_window.hpp"

namespace forecasting::ridge {

constexpr std::size_t kChunk = kSides;  // series that one factor serves at a time

inline std::size_t size_of(std::int64_t n) { return static_cast<std::size_t>(n); }

// Some windows of one series that are estimated together: all of the log of the values, or none.
struct Item {
    std::int64_t series = 0;
    bool logged = false;
    std::vector<std::int64_t> cells;    // (c)
    std::vector<std::int64_t> stops;    // (c) rows of each window
    std::vector<std::int64_t> origins;  // lengths at which the pairs are judged, ascending
    std::vector<double> z, errors, solved;
    std::vector<std::int64_t> judged;   // (origins) values
    std::vector<Bounds> bounds;         // (origins)
    double shift = 0.0;
    std::int64_t length() const { return stops.back(); }
};

struct Batch {
    const Windows &w;
    const std::int64_t *first;
    const double *X;
    const Design &d;
    const Options &o;
    std::vector<double> seasonal;  // (longest, n_seasonal)
    double *out;

    bool seen(std::int64_t row) const {
        if (std::isnan(w.values[row])) return false;
        for (int j = 0; j < d.n_regressors; ++j) {
            if (std::isnan(X[row * d.n_regressors + j])) return false;
        }
        return true;
    }
    double *record(std::int64_t series, std::int64_t cell) const {
        return out + (series * w.n_stops + cell) * d.record();
    }
};

// Estimate the windows of a few series whose designs are the same, row by row, up to the end of the longest.
class Pass {
  public:
    explicit Pass(const Batch &batch) : batch_(batch), d_(batch.d), p_(batch.d.size()) {}
    void run(Item *items, std::size_t n_items);

  private:
    const Batch &batch_;
    const Design &d_;
    const int p_;
    int width_ = 0;  // of a row: its columns, then the values of each series
    Item *items_ = nullptr;
    std::size_t n_items_ = 0;
    std::int64_t length_ = 0;
    std::vector<double> rows_, gram_, factor_, block_, level_, inverse_, diagonal_, ahead_, means_, b_, work_;
    std::vector<double> shifts_, scales_;
    std::vector<char> seen_;
    std::vector<int> active_;
    std::vector<std::size_t> asking_;  // items

    void lay_rows();
    void prepare(Item &item, int place);
    void sweep(int a, const std::vector<std::int64_t> &events);
    void solve_at(int a, std::int64_t n);
    void deliver(std::size_t i, std::int64_t n, int pair);
    void look_ahead(std::int64_t n);
    void choose_columns(std::int64_t n);
    void judge(Item &item, std::int64_t origin, int pair, double level);
    void conclude(const Item &item);
};

}  // namespace forecasting::ridge
