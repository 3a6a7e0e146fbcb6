#include "arima_fit.hpp"
#include "arima_series.hpp"
#include "door.hpp"

namespace forecasting::door {
namespace {

using nb::literals::operator""_a;

using Orders = Array<const std::int64_t, 1>;
using Beside = Array<const double, 2>;

arima::Order order_of(const Orders &o, int season_length, bool constant, int regressors) {
    const auto at = [&](std::size_t i) { return static_cast<int>(o.data()[i]); };
    return {at(0), at(1), at(2), at(3), at(4), at(5), season_length, constant, regressors};
}

arima::Limits limits_of(const Orders &o, int season_length, int contenders, int regressors) {
    arima::Limits limits = arima::Limits::of(order_of(o, season_length, false, regressors));
    limits.contenders = contenders;
    return limits;
}

int width_of(const Beside &regressors) { return static_cast<int>(regressors.shape(1)); }

void fit(Values values, Beside regressors, Starts starts, Stops stops, Orders order, int season_length,
         bool constant, double anchor_ratio, double tolerance, std::int64_t n_threads, Array<double, 3> out) {
    const Windows w = windows(values, starts, stops);
    const arima::Order f = order_of(order, season_length, constant, width_of(regressors));
    const double *x = regressors.data();
    double *target = out.data();
    nb::gil_scoped_release without_gil;
    arima::fit(w, x, f, {anchor_ratio, tolerance}, n_threads, target);
}

void choose(Values values, Beside regressors, Starts starts, Stops stops, Orders limits, int season_length,
            int contenders, double anchor_ratio, double tolerance, double margin, bool stepwise,
            std::int64_t n_threads, Array<double, 3> out) {
    const Windows w = windows(values, starts, stops);
    const arima::Limits of = limits_of(limits, season_length, contenders, width_of(regressors));
    const double *x = regressors.data();
    double *target = out.data();
    nb::gil_scoped_release without_gil;
    arima::choose(w, x, of, {anchor_ratio, tolerance, margin, stepwise}, n_threads, target);
}

void project(Values values, Starts starts, Starts stops, Array<const double, 2> records, Orders limits,
             int season_length, int contenders, int n_regressors, std::int64_t n_threads, Array<double, 2> mean,
             Array<double, 2> sd) {
    const auto n = static_cast<std::int64_t>(records.shape(0)), h = static_cast<std::int64_t>(mean.shape(1));
    const arima::Limits of = limits_of(limits, season_length, contenders, n_regressors);
    const double *from = records.data(), *y = values.data();
    const std::int64_t *first = starts.data(), *last = stops.data();
    double *to = mean.data(), *spread = sd.data();
    nb::gil_scoped_release without_gil;
    arima::project(y, first, last, from, n, of, h, n_threads, to, spread);
}

void widen(Values values, Starts starts, Starts stops, Array<const double, 2> records, Orders limits,
           int season_length, int contenders, int n_regressors, std::int64_t n_threads,
           Array<double, 2> ratio) {
    const auto n = static_cast<std::int64_t>(records.shape(0)), h = static_cast<std::int64_t>(ratio.shape(1));
    const arima::Limits of = limits_of(limits, season_length, contenders, n_regressors);
    const double *from = records.data(), *y = values.data();
    const std::int64_t *first = starts.data(), *last = stops.data();
    double *to = ratio.data();
    nb::gil_scoped_release without_gil;
    arima::widen(y, first, last, from, n, of, h, n_threads, to);
}

// One evaluation at coefficients in the signs of 1 - c B: the record, whose objective is infinite where there
// is no likelihood, the gradient and the Gauss-Newton matrix.
void evaluate(Values values, Beside regressors, Orders order, int season_length, bool constant,
              Values coefficients, Array<double, 1> gradient, Array<double, 2> matrix, Array<double, 1> out) {
    const arima::Order f = order_of(order, season_length, constant, width_of(regressors));
    const auto n = static_cast<std::int64_t>(values.shape(0));
    arima::Series series(arima::Limits::of(f), 1.0);
    series.load(values.data(), regressors.data(), n, n);
    series.blank(arima::Outcome::too_short, out.data());
    arima::Pass pass;
    if (!pass.load(f, series.sample(f.d, f.D), n)) return;
    const double objective = pass.value(coefficients.data());
    out.data()[arima::kObjective] = objective;
    if (!(objective < arima::kInfinity)) return;
    series.write(f, pass, coefficients.data(), objective, n, out.data());
    pass.gradient(gradient.data(), matrix.data());
}

}  // namespace

void add_arima(nb::module_ &m) {
    m.def("arima_fit", &fit, "values"_a.noconvert(), "regressors"_a.noconvert(),
          "starts"_a.noconvert(), "stops"_a.noconvert(), "order"_a.noconvert(), "season_length"_a,
          "constant"_a, "anchor_ratio"_a, "tolerance"_a, "n_threads"_a, "out"_a.noconvert());
    m.def("arima_choose", &choose, "values"_a.noconvert(), "regressors"_a.noconvert(),
          "starts"_a.noconvert(), "stops"_a.noconvert(), "limits"_a.noconvert(), "season_length"_a,
          "contenders"_a, "anchor_ratio"_a, "tolerance"_a, "margin"_a, "stepwise"_a, "n_threads"_a, "out"_a.noconvert());
    m.def("arima_project", &project, "values"_a.noconvert(), "starts"_a.noconvert(), "stops"_a.noconvert(),
          "records"_a.noconvert(), "limits"_a.noconvert(), "season_length"_a, "contenders"_a, "n_regressors"_a,
          "n_threads"_a, "mean"_a.noconvert(), "sd"_a.noconvert());
    m.def("arima_widen", &widen, "values"_a.noconvert(), "starts"_a.noconvert(), "stops"_a.noconvert(),
          "records"_a.noconvert(), "limits"_a.noconvert(), "season_length"_a, "contenders"_a, "n_regressors"_a,
          "n_threads"_a, "ratio"_a.noconvert());
    m.def("arima_evaluate", &evaluate, "values"_a.noconvert(), "regressors"_a.noconvert(),
          "order"_a.noconvert(), "season_length"_a, "constant"_a, "coefficients"_a.noconvert(), "gradient"_a.noconvert(), "matrix"_a.noconvert(),
          "out"_a.noconvert());
}

}  // namespace forecasting::door
