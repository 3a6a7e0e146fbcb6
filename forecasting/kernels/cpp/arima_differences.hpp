// How often a series is differenced before a model is chosen: Hyndman and Khandakar (2008), as R's auto.arima
// does.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "stl.hpp"

namespace forecasting::arima {

class Differences {
public:
    // 1 if the season is strong, from y[0:n) of which none is missing, else 0.
    int seasonal(const double *y, std::int64_t n, int m);

    // The least number of differences, up to `most`, after which the KPSS test sees a level. NaN is left out.
    int plain(const double *y, std::int64_t n, int most);

private:
    double strength(const double *y, std::int64_t n, int m);

    int season_length_ = 0;  // of stl_
    std::optional<stl::Decomposition> stl_;
    std::vector<double> season_, trend_, weights_, part_, kept_;
};

}  // namespace forecasting::arima
