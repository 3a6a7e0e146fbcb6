// The ragged batch that every kernel reads, and the one pass that answers all its windows.
#pragma once

#include <cstdint>
#include <limits>

namespace forecasting {

// S series, K windows each, over one flat array. Window (i, k) sees values[starts[i] : stops[i, k]).
// stops ascend along k, so a pass over a series meets them in order and never reads past the one it answers.
struct Windows {
    const double *values;
    const std::int64_t *starts;  // (S)
    const std::int64_t *stops;   // (S, K)
    std::int64_t n_series;       // S
    std::int64_t n_stops;        // K
};

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Feed each series once, oldest value first, to a fresh copy of `blank`, and write answer() at every stop.
// State needs: void see(double y), and void answer(double *out) const-or-not filling `width` numbers.
// A window without a value answers NaN. out: (S, K, width).
template <class State>
void sweep(const Windows &w, const State &blank, std::int64_t width, double *out) {
    for (std::int64_t i = 0; i < w.n_series; ++i) {
        State state = blank;
        std::int64_t position = w.starts[i];
        for (std::int64_t k = 0; k < w.n_stops; ++k) {
            const std::int64_t stop = w.stops[i * w.n_stops + k];
            for (; position < stop; ++position) state.see(w.values[position]);
            double *cell = out + (i * w.n_stops + k) * width;
            if (stop > w.starts[i]) {
                state.answer(cell);
            } else {
                for (std::int64_t c = 0; c < width; ++c) cell[c] = kNaN;
            }
        }
    }
}

}  // namespace forecasting
