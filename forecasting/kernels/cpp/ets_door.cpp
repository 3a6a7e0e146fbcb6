#include <algorithm>
#include <vector>

#include "door.hpp"
#include "ets_fit.hpp"
#include "ets_search.hpp"

namespace forecasting::door {
namespace {

using nb::literals::operator""_a;

using Four = Array<const double, 1>;

void fit(Values values, Starts starts, Stops stops, int season_length, std::uint32_t models, Four lower,
         Four upper, bool tied, int criterion, double anchor_ratio, double tolerance, double margin, bool every,
         std::int64_t n_threads, Array<double, 3> out) {
    ets::Options options{};
    options.season_length = season_length;
    options.models = models;
    std::copy(lower.data(), lower.data() + 4, options.lower);
    std::copy(upper.data(), upper.data() + 4, options.upper);
    options.tied = tied;
    options.criterion = static_cast<ets::Criterion>(criterion);
    options.anchor_ratio = anchor_ratio;
    options.tolerance = tolerance;
    options.margin = margin;
    options.every = every;
    const Windows w = windows(values, starts, stops);
    double *target = out.data();
    nb::gil_scoped_release without_gil;
    ets::fit(w, options, n_threads, target);
}

template <class Matrix>
ets::Records shape(const Matrix &records, int season_length) {
    return {static_cast<std::int64_t>(records.shape(0)), static_cast<std::int64_t>(records.shape(1)),
            season_length};
}

void project(Array<const double, 2> records, int season_length, Array<double, 2> mean, Array<double, 2> sd) {
    const double *from = records.data();
    const ets::Records all = shape(records, season_length);
    const auto h = static_cast<std::int64_t>(mean.shape(1));
    double *to = mean.data(), *spread = sd.data();
    nb::gil_scoped_release without_gil;
    ets::project(from, all, h, to, spread);
}

void advance(Array<double, 2> records, int season_length, Values values, Starts lo, Starts hi) {
    ets::advance(records.data(), shape(records, season_length), values.data(), lo.data(), hi.data());
}

// Weights of groups of candidates, one group a row of `weights`.
void weigh(Array<const double, 2> records, int season_length, int criterion, double temperature,
           Array<double, 2> weights) {
    ets::Records all = shape(records, season_length);
    all.n = static_cast<std::int64_t>(weights.shape(0));
    ets::weigh(records.data(), all, static_cast<std::int64_t>(weights.shape(1)),
               static_cast<ets::Criterion>(criterion), temperature, weights.data());
}

void mix(Array<const double, 2> records, int season_length, Array<const double, 2> weights,
         Array<double, 2> mean, Array<double, 2> sd) {
    ets::Records all = shape(records, season_length);
    all.n = static_cast<std::int64_t>(weights.shape(0));
    const double *from = records.data(), *w = weights.data();
    const auto group = static_cast<std::int64_t>(weights.shape(1)), h = static_cast<std::int64_t>(mean.shape(1));
    double *to = mean.data(), *spread = sd.data();
    nb::gil_scoped_release without_gil;
    ets::mix(from, w, all, group, h, to, spread);
}

// One evaluation, for tests: the objective at z, its gradient and its matrix. Returns the objective.
double evaluate(Values values, int model, int season_length, Values z, Array<double, 1> gradient,
                Array<double, 2> matrix) {
    const ets::Model f = ets::make_model(model, season_length);
    ets::Point at;
    at.shape(f);
    std::copy(z.data(), z.data() + f.size, at.z.begin());
    std::vector<double> work(static_cast<std::size_t>(ets::pass_size(f)));
    const auto stop = static_cast<std::int64_t>(values.shape(0));
    ets::pass(f, at.z.data(), values.data(), &stop, 1, &at.sums, work.data());
    ets::read_sums(f, at.sums, at);
    std::copy(at.gradient.begin(), at.gradient.end(), gradient.data());
    std::copy(at.matrix.begin(), at.matrix.end(), matrix.data());
    return at.objective;
}

// The filter alone: one-step means, and the states after the last value. Returns false if there is no path.
bool smooth(Values values, int model, int season_length, double alpha, double beta, double gamma, double phi,
            Array<double, 1> state, Array<double, 1> means) {
    const ets::Model f = ets::make_model(model, season_length);
    return ets::filter(f, alpha, beta, gamma, phi, values.data(), static_cast<std::int64_t>(values.shape(0)), 0,
                       state.data(), means.data());
}

}  // namespace

void add_ets(nb::module_ &m) {
    m.def("ets_fit", &fit, "values"_a.noconvert(), "starts"_a.noconvert(), "stops"_a.noconvert(),
          "season_length"_a, "models"_a, "lower"_a.noconvert(), "upper"_a.noconvert(), "tied"_a, "criterion"_a,
          "anchor_ratio"_a, "tolerance"_a, "margin"_a, "every"_a, "n_threads"_a, "out"_a.noconvert());
    m.def("ets_project", &project, "records"_a.noconvert(), "season_length"_a, "mean"_a.noconvert(),
          "sd"_a.noconvert());
    m.def("ets_weigh", &weigh, "records"_a.noconvert(), "season_length"_a, "criterion"_a, "temperature"_a,
          "weights"_a.noconvert());
    m.def("ets_mix", &mix, "records"_a.noconvert(), "season_length"_a, "weights"_a.noconvert(),
          "mean"_a.noconvert(), "sd"_a.noconvert());
    m.def("ets_advance", &advance, "records"_a.noconvert(), "season_length"_a, "values"_a.noconvert(),
          "lo"_a.noconvert(), "hi"_a.noconvert());
    m.def("ets_evaluate", &evaluate, "values"_a.noconvert(), "model"_a, "season_length"_a,
          "z"_a.noconvert(), "gradient"_a.noconvert(), "matrix"_a.noconvert());
    m.def("ets_smooth", &smooth, "values"_a.noconvert(), "model"_a, "season_length"_a, "alpha"_a, "beta"_a,
          "gamma"_a, "phi"_a, "state"_a.noconvert(), "means"_a.noconvert());
}

}  // namespace forecasting::door
