// One window after its candidates are solved: weights, the mean of the coefficients, what is left for the levels.
#pragma once

#include <cstdint>
#include <vector>

#include "seasonal_ridge.hpp"

namespace forecasting::ridge {

// The rows of a series, one after the other: its design, what is regressed, and whether it is there.
struct Series {
    const double *rows;  // (n, width)
    const double *z;     // (n), less the shift
    const char *seen;    // (n)
    int width;
};

// Where a forecast is cut: three ranges beyond the values that were seen, and at zero if none was negative.
struct Bounds {
    double low, high;
};
Bounds bounds_of(double least, double most);

// Write the weights of the 21 pairs from their mean absolute errors; equal ones where nothing was judged.
void weigh(const double *errors, std::int64_t judged, double *weights);

// From coefficients (kPairs, size) and weights to a record without its head; returns whether all is finite.
bool finish(const Design &d, const Series &s, std::int64_t n, const double *coefficients, const double *weights,
            std::vector<double> &work, double *record);

}  // namespace forecasting::ridge
