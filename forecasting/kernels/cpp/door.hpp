// What every file of the door shares: the arrays that may come in. noconvert() at the bindings keeps a wrong
// type out instead of copying it; ranges and shapes are checked by the Python faces.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "windows.hpp"

namespace forecasting::door {

namespace nb = nanobind;

template <class T, int rank>
using Array = nb::ndarray<T, nb::ndim<rank>, nb::c_contig, nb::device::cpu>;

using Values = Array<const double, 1>;
using Starts = Array<const std::int64_t, 1>;
using Stops = Array<const std::int64_t, 2>;

inline Windows windows(const Values &values, const Starts &starts, const Stops &stops) {
    return {values.data(), starts.data(), stops.data(), static_cast<std::int64_t>(stops.shape(0)),
            static_cast<std::int64_t>(stops.shape(1))};
}

// One function a family of kernels; each lives beside its kernels, in a file of its own.
void add_intermittent(nb::module_ &m);
void add_ets(nb::module_ &m);
void add_theta(nb::module_ &m);
void add_arima(nb::module_ &m);
void add_autoregression(nb::module_ &m);
void add_stl(nb::module_ &m);
void add_weighted_quantiles(nb::module_ &m);
void add_seasonal_ridge(nb::module_ &m);

}  // namespace forecasting::door
