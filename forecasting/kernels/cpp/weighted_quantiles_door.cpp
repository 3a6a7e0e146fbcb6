#include "door.hpp"
#include "weighted_quantiles.hpp"

namespace forecasting::door {
namespace {

using nb::literals::operator""_a;

void forecast(Values values, Starts starts, Stops stops, std::int64_t season_length, std::int64_t longest,
              Values alphas, Values season_weights, double floor, double power, Values probs, std::int64_t n_threads,
              Array<double, 3> weights, Array<double, 3> mean, Array<double, 4> found) {
    const Windows w = windows(values, starts, stops);
    const quantiles::Options options{season_length,
                                     longest,
                                     alphas.data(),
                                     static_cast<std::int64_t>(alphas.shape(0)),
                                     season_weights.data(),
                                     static_cast<std::int64_t>(season_weights.shape(0)),
                                     floor,
                                     power};
    const double *p = probs.data();
    const auto n_probs = static_cast<std::int64_t>(probs.shape(0)), h = static_cast<std::int64_t>(mean.shape(2));
    double *to_weights = weights.data(), *to_mean = mean.data(), *to = found.data();
    nb::gil_scoped_release without_gil;
    quantiles::forecast(w, options, h, p, n_probs, n_threads, to_weights, to_mean, to);
}

}  // namespace

void add_weighted_quantiles(nb::module_ &m) {
    m.def("weighted_quantiles", &forecast, "values"_a.noconvert(), "starts"_a.noconvert(), "stops"_a.noconvert(),
          "season_length"_a, "longest"_a, "alphas"_a.noconvert(), "season_weights"_a.noconvert(), "floor"_a, "power"_a,
          "probs"_a.noconvert(), "n_threads"_a, "weights"_a.noconvert(), "mean"_a.noconvert(), "found"_a.noconvert());
}

}  // namespace forecasting::door
