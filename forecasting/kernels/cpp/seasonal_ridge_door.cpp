#include "door.hpp"
#include "ridge_solve.hpp"
#include "seasonal_ridge.hpp"

namespace forecasting::door {
namespace {

using nb::literals::operator""_a;

using Numbers = Array<const double, 1>;
using Table = Array<const double, 2>;

ridge::Design design(const Numbers &period, const Starts &harmonic, const Starts &is_sine, const Numbers &penalty,
                     const Numbers &needed, const Numbers &grows, const Table &days, std::int64_t first_day,
                     std::size_t n_regressors) {
    return {period.data(),
            harmonic.data(),
            is_sine.data(),
            penalty.data(),
            needed.data(),
            grows.data(),
            days.data(),
            first_day,
            static_cast<int>(period.shape(0)),
            static_cast<int>(days.shape(1)),
            static_cast<int>(n_regressors)};
}

void fit(Values values, Starts starts, Stops stops, Starts first, Table X, Numbers period, Starts harmonic,
         Starts is_sine, Numbers penalty, Numbers needed, Numbers grows, Table days, std::int64_t first_day, int logs,
         std::int64_t horizon, std::int64_t stride, std::int64_t origins, std::int64_t least, std::int64_t n_threads,
         Array<double, 3> out) {
    const Windows w = windows(values, starts, stops);
    const ridge::Design d =
        design(period, harmonic, is_sine, penalty, needed, grows, days, first_day, X.shape(1));
    const ridge::Options o{static_cast<ridge::Logs>(logs), horizon, stride, origins, least};
    nb::gil_scoped_release without_gil;
    ridge::fit(w, first.data(), X.data(), d, o, n_threads, out.data());
}

void project(Table records, Starts first, Array<const double, 3> X, Numbers period, Starts harmonic, Starts is_sine,
             Numbers penalty, Numbers needed, Numbers grows, Table days, std::int64_t first_day,
             Array<double, 2> mean) {
    const ridge::Design d =
        design(period, harmonic, is_sine, penalty, needed, grows, days, first_day, X.shape(2));
    nb::gil_scoped_release without_gil;
    ridge::project(records.data(), static_cast<std::int64_t>(records.shape(0)), first.data(), X.data(), d,
                   static_cast<std::int64_t>(mean.shape(1)), mean.data());
}

void advance(Array<double, 2> records, Values values, Table X, Starts lo, Starts hi, Starts first, Numbers period,
             Starts harmonic, Starts is_sine, Numbers penalty, Numbers needed, Numbers grows, Table days,
             std::int64_t first_day) {
    const ridge::Design d =
        design(period, harmonic, is_sine, penalty, needed, grows, days, first_day, X.shape(1));
    nb::gil_scoped_release without_gil;
    ridge::advance(records.data(), static_cast<std::int64_t>(records.shape(0)), values.data(), X.data(), lo.data(),
                   hi.data(), first.data(), d);
}

}  // namespace

void add_seasonal_ridge(nb::module_ &m) {
    m.def("seasonal_ridge_fit", &fit, "values"_a.noconvert(), "starts"_a.noconvert(), "stops"_a.noconvert(),
          "first"_a.noconvert(), "X"_a.noconvert(), "period"_a.noconvert(), "harmonic"_a.noconvert(),
          "is_sine"_a.noconvert(), "penalty"_a.noconvert(), "needed"_a.noconvert(), "grows"_a.noconvert(),
          "days"_a.noconvert(), "first_day"_a, "logs"_a, "horizon"_a, "stride"_a, "origins"_a, "least"_a,
          "n_threads"_a, "out"_a.noconvert());
    m.def("seasonal_ridge_project", &project, "records"_a.noconvert(), "first"_a.noconvert(), "X"_a.noconvert(),
          "period"_a.noconvert(), "harmonic"_a.noconvert(), "is_sine"_a.noconvert(), "penalty"_a.noconvert(),
          "needed"_a.noconvert(), "grows"_a.noconvert(), "days"_a.noconvert(), "first_day"_a, "mean"_a.noconvert());
    m.def("seasonal_ridge_advance", &advance, "records"_a.noconvert(), "values"_a.noconvert(), "X"_a.noconvert(),
          "lo"_a.noconvert(), "hi"_a.noconvert(), "first"_a.noconvert(), "period"_a.noconvert(),
          "harmonic"_a.noconvert(), "is_sine"_a.noconvert(), "penalty"_a.noconvert(), "needed"_a.noconvert(),
          "grows"_a.noconvert(), "days"_a.noconvert(), "first_day"_a);
}

}  // namespace forecasting::door
