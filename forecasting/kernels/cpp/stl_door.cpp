#include "door.hpp"
#include "stl.hpp"

namespace forecasting::door {
namespace {

using nb::literals::operator""_a;

// seasons: (P, 13), a row a season: its length; window, degree and jump of the seasonal, trend and low-pass
// smoother; inner and outer iterations; periodic or not.
void decompose(Values values, Starts lo, Starts hi, Starts offsets, Array<const std::int64_t, 2> seasons,
               std::int64_t n_threads, Array<double, 2> season, Array<double, 1> trend, Array<double, 1> weights) {
    std::vector<stl::Season> all;
    for (std::size_t i = 0; i < seasons.shape(0); ++i) {
        const std::int64_t *row = seasons.data() + i * seasons.shape(1);
        const auto smoother = [row](int at) {
            return stl::Smoother{row[at], static_cast<int>(row[at + 1]), row[at + 2]};
        };
        all.push_back({row[0],
                       {smoother(1), smoother(4), smoother(7), static_cast<int>(row[10]), static_cast<int>(row[11]),
                        row[12] != 0}});
    }
    const auto n_windows = static_cast<std::int64_t>(lo.shape(0)), total = static_cast<std::int64_t>(trend.shape(0));
    const double *from = values.data();
    const std::int64_t *first = lo.data(), *last = hi.data(), *at = offsets.data();
    double *to_season = season.data(), *to_trend = trend.data(), *to_weights = weights.data();
    nb::gil_scoped_release without_gil;
    stl::decompose(from, first, last, at, n_windows, all, n_threads, total, to_season, to_trend, to_weights);
}

}  // namespace

void add_stl(nb::module_ &m) {
    m.def("stl_decompose", &decompose, "values"_a.noconvert(), "lo"_a.noconvert(), "hi"_a.noconvert(),
          "offsets"_a.noconvert(), "seasons"_a.noconvert(), "n_threads"_a, "season"_a.noconvert(),
          "trend"_a.noconvert(), "weights"_a.noconvert());
}

}  // namespace forecasting::door
