// Is there a season, and which: the autocorrelation test and the classical decomposition.
#pragma once

#include <cstdint>
#include <vector>

#include "theta.hpp"

namespace forecasting::theta {

class Seasonal {
  public:
    // Decompose x[0:n] if there is a season, and write the adjusted series to y (which may be x). Leaves m
    // indices, 1 or 0 where there is none. Reads up to three places behind x[n - 1].
    Season adjust(const double *x, std::int64_t n, const Options &options, double *y, double *indices);

  private:
    bool significant(const double *x, std::int64_t n, int m);
    bool decompose(const double *x, std::int64_t n, int m, Season kind, double *indices);

    std::vector<double> work_{}, lags_{}, counts_{};
};

}  // namespace forecasting::theta
