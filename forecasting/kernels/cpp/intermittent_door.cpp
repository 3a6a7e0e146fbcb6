#include "door.hpp"
#include "intermittent.hpp"

namespace forecasting::door {
namespace {

using nb::literals::operator""_a;

using Out = Array<double, 3>;
using Kernel = void (*)(const Windows &, double, double, double *);
using BoundedKernel = void (*)(const Windows &, Bounds, double *);

template <Kernel kernel>
void call(Values values, Starts starts, Stops stops, double first, double second, Out out) {
    const Windows w = windows(values, starts, stops);
    double *target = out.data();
    nb::gil_scoped_release without_gil;
    kernel(w, first, second, target);
}

template <BoundedKernel kernel>
void call(Values values, Starts starts, Stops stops, double low, double high, Out out) {
    const Windows w = windows(values, starts, stops);
    double *target = out.data();
    nb::gil_scoped_release without_gil;
    kernel(w, {low, high}, target);
}

}  // namespace

void add_intermittent(nb::module_ &m) {
    const auto add = [&m](const char *name, auto function) {
        m.def(name, function, "values"_a.noconvert(), "starts"_a.noconvert(), "stops"_a.noconvert(),
              "first"_a, "second"_a, "out"_a.noconvert());
    };
    add("croston", &call<&croston>);
    add("tsb", &call<&tsb>);
    add("croston_optimised", &call<&croston_optimised>);
    add("adida", &call<&adida>);
    add("imapa", &call<&imapa>);
    add("ses_optimised", &call<&ses_optimised>);
}

}  // namespace forecasting::door
