#include "door.hpp"
#include "theta.hpp"

namespace forecasting::door {
namespace {

using nb::literals::operator""_a;

void fit(Values values, Starts starts, Stops stops, int season_length, std::uint32_t models, int deseasonalise,
         int decomposition, bool free_level, std::int64_t n_threads, Array<double, 3> out) {
    const Windows w = windows(values, starts, stops);
    double *target = out.data();
    nb::gil_scoped_release without_gil;
    theta::fit(w, {season_length, models, deseasonalise, decomposition, free_level}, n_threads, target);
}

void project(Array<const double, 2> records, int season_length, Array<double, 2> mean, Array<double, 2> sd) {
    const double *from = records.data();
    const auto n = static_cast<std::int64_t>(records.shape(0)), h = static_cast<std::int64_t>(mean.shape(1));
    double *to = mean.data(), *spread = sd.data();
    nb::gil_scoped_release without_gil;
    theta::project(from, n, season_length, h, to, spread);
}

void advance(Array<double, 2> records, int season_length, Values values, Starts lo, Starts hi) {
    double *to = records.data();
    const auto n = static_cast<std::int64_t>(records.shape(0));
    const double *from = values.data();
    const std::int64_t *first = lo.data(), *last = hi.data();
    nb::gil_scoped_release without_gil;
    theta::advance(to, n, season_length, from, first, last);
}

double filter(Values values, int model, double alpha, double omega, double first_level, Array<double, 1> means,
              Array<double, 1> record) {
    return theta::filter(values.data(), static_cast<std::int64_t>(values.shape(0)), model, alpha, omega,
                         first_level, means.data(), record.data());
}

}  // namespace

void add_theta(nb::module_ &m) {
    m.def("theta_fit", &fit, "values"_a.noconvert(), "starts"_a.noconvert(), "stops"_a.noconvert(),
          "season_length"_a, "models"_a, "deseasonalise"_a, "decomposition"_a,
          "free_level"_a, "n_threads"_a, "out"_a.noconvert());
    m.def("theta_project", &project, "records"_a.noconvert(), "season_length"_a, "mean"_a.noconvert(),
          "sd"_a.noconvert());
    m.def("theta_advance", &advance, "records"_a.noconvert(), "season_length"_a, "values"_a.noconvert(),
          "lo"_a.noconvert(), "hi"_a.noconvert());
    m.def("theta_filter", &filter, "values"_a.noconvert(), "model"_a, "alpha"_a, "omega"_a, "first_level"_a,
          "means"_a.noconvert(), "record"_a.noconvert());
}

}  // namespace forecasting::door
