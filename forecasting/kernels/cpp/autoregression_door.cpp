#include "autoregression.hpp"
#include "door.hpp"

namespace forecasting::door {
namespace {

using nb::literals::operator""_a;
using autoregression::Options;
using Matrix = Array<const double, 2>;

void fit(Values values, Matrix regressors, Starts starts, Stops stops, int season_length, int n_lags, int logs,
         std::int64_t n_threads, Array<double, 3> out) {
    const Windows w = windows(values, starts, stops);
    const Options options{season_length, n_lags, logs, static_cast<int>(regressors.shape(1))};
    const double *x = regressors.data();
    double *to = out.data();
    nb::gil_scoped_release without_gil;
    autoregression::fit(w, x, options, n_threads, to);
}

void project(Matrix records, int season_length, int n_lags, Array<const double, 3> ahead, Array<double, 2> mean) {
    const Options options{season_length, n_lags, 0, static_cast<int>(ahead.shape(2))};
    const double *from = records.data(), *x = ahead.data();
    const auto n = static_cast<std::int64_t>(records.shape(0)), h = static_cast<std::int64_t>(mean.shape(1));
    double *to = mean.data();
    nb::gil_scoped_release without_gil;
    autoregression::project(from, n, options, x, h, to);
}

void advance(Array<double, 2> records, int season_length, int n_lags, Values values, Matrix regressors, Starts lo,
             Starts hi) {
    const Options options{season_length, n_lags, 0, static_cast<int>(regressors.shape(1))};
    double *to = records.data();
    const auto n = static_cast<std::int64_t>(records.shape(0));
    const double *y = values.data(), *x = regressors.data();
    const std::int64_t *first = lo.data(), *last = hi.data();
    nb::gil_scoped_release without_gil;
    autoregression::advance(to, n, options, y, x, first, last);
}

}  // namespace

void add_autoregression(nb::module_ &m) {
    m.def("autoregression_fit", &fit, "values"_a.noconvert(), "regressors"_a.noconvert(), "starts"_a.noconvert(),
          "stops"_a.noconvert(), "season_length"_a, "n_lags"_a, "logs"_a, "n_threads"_a, "out"_a.noconvert());
    m.def("autoregression_project", &project, "records"_a.noconvert(), "season_length"_a, "n_lags"_a,
          "ahead"_a.noconvert(), "mean"_a.noconvert());
    m.def("autoregression_advance", &advance, "records"_a.noconvert(), "season_length"_a, "n_lags"_a,
          "values"_a.noconvert(), "regressors"_a.noconvert(), "lo"_a.noconvert(), "hi"_a.noconvert());
}

}  // namespace forecasting::door
