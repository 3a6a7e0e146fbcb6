// The door between Python and the kernels: typed arrays in, a filled array out, the GIL released between.
// Ranges and shapes are checked by the Python face; nothing here looks at a Python object.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "intermittent.hpp"

namespace nb = nanobind;
using nb::literals::operator""_a;

namespace {

using Values = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Starts = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Stops = nb::ndarray<const std::int64_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Out = nb::ndarray<double, nb::ndim<3>, nb::c_contig, nb::device::cpu>;

using Kernel = void (*)(const forecasting::Windows &, double, double, double *);
using BoundedKernel = void (*)(const forecasting::Windows &, forecasting::Bounds, double *);

forecasting::Windows windows(const Values &values, const Starts &starts, const Stops &stops) {
    return {values.data(), starts.data(), stops.data(), static_cast<std::int64_t>(stops.shape(0)),
            static_cast<std::int64_t>(stops.shape(1))};
}

template <Kernel kernel>
void call(Values values, Starts starts, Stops stops, double first, double second, Out out) {
    const forecasting::Windows w = windows(values, starts, stops);
    double *target = out.data();
    nb::gil_scoped_release without_gil;
    kernel(w, first, second, target);
}

template <BoundedKernel kernel>
void call(Values values, Starts starts, Stops stops, double low, double high, Out out) {
    const forecasting::Windows w = windows(values, starts, stops);
    double *target = out.data();
    nb::gil_scoped_release without_gil;
    kernel(w, {low, high}, target);
}

}  // namespace

NB_MODULE(_kernels, m) {
    m.doc() = "Compiled numerics: arrays in, arrays filled. Use the typed faces in forecasting.kernels.";
    const auto add = [&m](const char *name, auto function) {
        m.def(name, function, "values"_a.noconvert(), "starts"_a.noconvert(), "stops"_a.noconvert(),
              "first"_a, "second"_a, "out"_a.noconvert());
    };
    add("croston", &call<&forecasting::croston>);
    add("tsb", &call<&forecasting::tsb>);
    add("croston_optimised", &call<&forecasting::croston_optimised>);
    add("adida", &call<&forecasting::adida>);
    add("imapa", &call<&forecasting::imapa>);
    add("ses_optimised", &call<&forecasting::ses_optimised>);
}
