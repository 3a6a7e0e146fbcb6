// The kernels under AddressSanitizer and UndefinedBehaviorSanitizer, without Python: `make sanitize`.
// Ordinary, short, constant, missing and extreme series, every prefix a window, every model, two threads.
#include <cmath>
#include <cstdio>
#include <limits>
#include <vector>

#include "arima_fit.hpp"
#include "autoregression.hpp"
#include "ets_fit.hpp"
#include "intermittent.hpp"
#include "stl.hpp"
#include "seasonal_ridge.hpp"
#include "theta.hpp"
#include "weighted_quantiles.hpp"

using namespace forecasting;

namespace {

std::vector<std::vector<double>> series() {
    const int n = 60;
    std::vector<std::vector<double>> all(9, std::vector<double>(n));
    for (int t = 0; t < n; ++t) {
        const double wave = std::sin(t * 0.5236), noise = (t * 7919 % 101) / 50.5 - 1.0;
        all[0][t] = 100.0 + 0.5 * t + 10.0 * wave + noise;
        all[1][t] = 5.0;
        all[2][t] = 0.0;
        all[3][t] = t < 30 ? 0.0 : t;
        all[4][t] = t % 7 == 3 ? std::numeric_limits<double>::quiet_NaN() : 20.0 + wave;
        all[5][t] = 1e-300 * (2.0 + wave);
        all[6][t] = 1e300 * (1.5 + 0.4 * wave);
        all[7][t] = noise;
        all[8][t] = t == 40 ? 1e12 : 1.0 + 0.1 * wave;
    }
    return all;
}

}  // namespace

int main() {
    std::vector<double> values;
    std::vector<std::int64_t> starts, stops;
    const auto all = series();
    const auto n = static_cast<std::int64_t>(all[0].size());
    for (const auto &y : all) {
        const auto first = static_cast<std::int64_t>(values.size());
        starts.push_back(first);
        for (std::int64_t k = 0; k <= n; ++k) stops.push_back(first + k);
        values.insert(values.end(), y.begin(), y.end());
    }
    const Windows w{values.data(), starts.data(), stops.data(), static_cast<std::int64_t>(starts.size()), n + 1};
    for (const int m : {1, 4, 12}) {
        ets::Options options{};
        options.season_length = m;
        const double lower[4] = {1e-4, 1e-4, 1e-4, 0.8}, upper[4] = {0.9999, 0.0168, 0.9999, 0.98};
        for (int p = 0; p < 4; ++p) {
            options.lower[p] = lower[p];
            options.upper[p] = upper[p];
        }
        options.tied = true;
        options.tolerance = 1e-6;
        options.margin = 8.0;
        std::vector<double> records(stops.size() * static_cast<std::size_t>(ets::record_size(m)));
        const auto cells = static_cast<std::int64_t>(stops.size());
        std::vector<double> mean(stops.size() * 15), sd(mean.size());
        std::vector<std::int64_t> lo(stops.size(), 0), hi(stops.size(), 7);
        for (int q = -1; q < 18; ++q) {  // -1: all of them
            if (q >= 0 && m == 1 && q % 3 != 0) continue;
            options.models = q >= 0 ? 1U << q : m == 1 ? 0x9249U & 0x3FFFFU : 0x3FFFFU;
            for (const double ratio : {1.0, 1.5}) {
                options.anchor_ratio = ratio;
                ets::fit(w, options, 2, records.data());
                const ets::Records shape{cells, ets::record_size(m), m};
                ets::project(records.data(), shape, 15, mean.data(), sd.data());
                ets::advance(records.data(), shape, values.data(), lo.data(), hi.data());
            }
        }
        // All of them answered, 18 or 6, and mixed.
        const std::int64_t group = m == 1 ? 6 : 18;
        const auto answers = static_cast<std::size_t>(cells * group);
        options.every = true;
        options.margin = 30.0;
        records.resize(answers * static_cast<std::size_t>(ets::short_size(m)));
        std::vector<double> weights(answers);
        lo.assign(answers, 0);
        hi.assign(answers, 7);
        ets::Records shape{cells, ets::short_size(m), m};
        ets::fit(w, options, 2, records.data());
        ets::weigh(records.data(), shape, group, ets::Criterion::aicc, 8.0, weights.data());
        ets::mix(records.data(), weights.data(), shape, group, 15, mean.data(), sd.data());
        shape.n = cells * group;
        ets::advance(records.data(), shape, values.data(), lo.data(), hi.data());
    }
    for (const int m : {1, 4, 12}) {
        std::vector<double> records(stops.size() * static_cast<std::size_t>(theta::record_size(m)));
        const auto cells = static_cast<std::int64_t>(stops.size());
        std::vector<double> mean(stops.size() * 15), sd(mean.size());
        std::vector<std::int64_t> lo(stops.size(), 0), hi(stops.size(), 7);
        for (const int season : {theta::kAdditive, theta::kMultiplicative}) {
            for (const bool free_level : {false, true}) {
                theta::fit(w, {m, 0xFU, theta::kIfSignificant, season, free_level}, 2, records.data());
                theta::project(records.data(), cells, m, 15, mean.data(), sd.data());
                theta::advance(records.data(), cells, m, values.data(), lo.data(), hi.data());
            }
        }
    }
    std::vector<std::int64_t> lo, hi, offsets;
    std::int64_t total = 0;
    for (std::size_t i = 0; i < starts.size(); ++i)
        for (std::int64_t k = 24; k <= n; k += 5) {
            lo.push_back(starts[i]);
            hi.push_back(starts[i] + k);
            offsets.push_back(total);
            total += k;
        }
    std::vector<double> season(static_cast<std::size_t>(2 * total)), trend(static_cast<std::size_t>(total)), weights(trend);
    for (const int outer : {0, 3})
        for (const std::int64_t jump : {1, 4})
            for (const std::int64_t window : {3, 7, 101})
                for (const bool periodic : {false, true}) {
                    const stl::Options options{{window, 1, jump}, {window, 1, jump}, {window, 0, 1}, 2, outer, periodic};
                    stl::decompose(values.data(), lo.data(), hi.data(), offsets.data(), static_cast<std::int64_t>(lo.size()),
                                   {{4, options}, {12, options}}, 2, total, season.data(), trend.data(), weights.data());
                }
    const arima::Order orders[] = {{1, 1, 1, 0, 1, 1, 12, false}, {2, 0, 1, 1, 1, 0, 4, false},
                                   {3, 0, 0, 1, 0, 0, 4, true},   {0, 2, 2, 0, 0, 0, 1, false},
                                   {0, 1, 2, 0, 0, 2, 4, true},   {0, 0, 0, 0, 0, 0, 1, true},
                                   {1, 1, 1, 0, 1, 1, 12, false, 2}, {1, 0, 1, 0, 0, 0, 1, true, 2}};
    std::vector<double> regressors(2 * values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        regressors[2 * i] = std::cos(0.7 * static_cast<double>(i));
        regressors[2 * i + 1] = i % 97 == 60 ? kNaN : static_cast<double>(i * i % 7);
    }
    std::vector<std::int64_t> firsts;
    for (const std::int64_t first : starts) firsts.insert(firsts.end(), static_cast<std::size_t>(n) + 1, first);
    for (const arima::Order &order : orders) {
        const arima::Limits limits = arima::Limits::of(order);
        const auto width = static_cast<std::size_t>(limits.record_size());
        std::vector<double> records(stops.size() * width), chosen, mean, sd;
        std::vector<std::int64_t> from, to;
        arima::fit(w, regressors.data(), order, {1.5, 1e-5}, 2, records.data());
        for (std::size_t i = 0; i < stops.size(); ++i) {
            if (records[i * width] != 0.0) continue;
            chosen.insert(chosen.end(), records.begin() + static_cast<std::ptrdiff_t>(i * width),
                          records.begin() + static_cast<std::ptrdiff_t>((i + 1) * width));
            from.push_back(firsts[i]);
            to.push_back(stops[i]);
        }
        mean.resize(from.size() * 15);
        sd.resize(mean.size());
        arima::project(values.data(), from.data(), to.data(), chosen.data(), static_cast<std::int64_t>(from.size()),
                       limits, 15, 2, mean.data(), sd.data());
        arima::widen(values.data(), from.data(), to.data(), chosen.data(), static_cast<std::int64_t>(from.size()),
                     limits, 15, 2, sd.data());
    }
    for (const int m : {1, 4, 12}) {
        const arima::Limits limits{3, 2, 3, 2, 1, 2, m, 3, m == 4 ? 2 : 0};
        std::vector<double> records(stops.size() * static_cast<std::size_t>(limits.record_size()));
        for (const bool stepwise : {true, false}) {
            if (!stepwise && m == 12) continue;  // minutes
            const arima::Limits some = stepwise ? limits : arima::Limits{1, 2, 1, 1, 1, 1, m, 3, limits.regressors};
            arima::choose(w, regressors.data(), some, {1.25, 1e-5, 2.0, stepwise}, 2, records.data());
        }
    }
    const std::vector<double> promotion = [&] {
        std::vector<double> x(values.size() * 2);
        for (std::size_t t = 0; t < x.size(); ++t) x[t] = t % 2 == 0 ? static_cast<double>(t % 5) : 1.0;
        return x;
    }();
    for (const int m : {1, 4, 12}) {
        for (const int q : {0, 2}) {
            for (const int logs : {autoregression::kNever, autoregression::kAlways, autoregression::kWherePositive}) {
                const autoregression::Options options{m, 3, logs, q};
                std::vector<double> records(stops.size() * static_cast<std::size_t>(autoregression::record_size(options)));
                const auto cells = static_cast<std::int64_t>(stops.size());
                std::vector<double> mean(stops.size() * 15), ahead(mean.size() * static_cast<std::size_t>(q), 0.5);
                const std::vector<std::int64_t> lo(stops.size(), 0), hi(stops.size(), 7);
                autoregression::fit(w, promotion.data(), options, 2, records.data());
                autoregression::project(records.data(), cells, options, ahead.data(), 15, mean.data());
                autoregression::advance(records.data(), cells, options, values.data(), promotion.data(), lo.data(),
                                        hi.data());
            }
        }
    }
    const double alphas[] = {0.0, 0.04}, season_weights[] = {1.0, 3.0}, probs[] = {1e-9, 0.5, 1.0 - 1e-9};
    for (const int m : {1, 4, 70}) {
        const quantiles::Options options{m, 40, alphas, 2, season_weights, 2, 0.05, 8.0};
        std::vector<double> weights(stops.size() * 4), mean(stops.size() * 15), found(mean.size() * 3);
        quantiles::forecast(w, options, 15, probs, 3, 2, weights.data(), mean.data(), found.data());
    }
    const double period[] = {0, 4, 4, 4, 12.5, 12.5}, needed[] = {0, 0, 0, 0, 15, 15, 0}, grows[] = {0, 0, 0, 0, 12.5, 12.5, 0};
    const double penalty[] = {0, 2, 2, 4, 0.25, 0.25, 1};
    const std::int64_t harmonic[] = {0, 1, 1, 2, 1, 1}, is_sine[] = {0, 0, 1, 0, 0, 1};
    std::vector<double> days(static_cast<std::size_t>(n) + 40), regressor(values.size());
    for (std::size_t t = 0; t < days.size(); ++t) days[t] = t % 30 == 24;
    for (std::size_t t = 0; t < values.size(); ++t) regressor[t] = t % 50 == 7 ? std::nan("") : 1e5 + t % 11;
    const std::vector<std::int64_t> first(starts.size(), 100);
    for (const int q : {0, 1}) {
        const ridge::Design d{period, harmonic, is_sine, penalty, needed, grows, days.data(), 95, 6, 1, q};
        const auto width = static_cast<std::size_t>(d.record());
        std::vector<double> records(stops.size() * width), fitted;
        std::vector<std::int64_t> ahead;
        for (const ridge::Logs logs : {ridge::kNever, ridge::kAlways, ridge::kIfPositive}) {
            ridge::fit(w, first.data(), regressor.data(), d, {logs, 5, 2, 8, 3}, 2, records.data());
            for (std::size_t i = 0; i < stops.size(); ++i) {
                if (records[i * width] != 0.0) continue;
                fitted.insert(fitted.end(), records.begin() + static_cast<std::ptrdiff_t>(i * width),
                              records.begin() + static_cast<std::ptrdiff_t>((i + 1) * width));
                ahead.push_back(100 + static_cast<std::int64_t>(records[i * width + ridge::kLength]));
            }
        }
        const auto m = static_cast<std::int64_t>(ahead.size());
        const std::vector<std::int64_t> lo(ahead.size(), 0), hi(ahead.size(), 7);
        std::vector<double> mean(ahead.size() * 15), beside(mean.size(), 1e5);
        ridge::project(fitted.data(), m, ahead.data(), beside.data(), d, 15, mean.data());
        ridge::advance(fitted.data(), m, values.data(), regressor.data(), lo.data(), hi.data(), ahead.data(), d);
    }
    std::vector<double> demand(stops.size());
    croston_optimised(w, {0.1, 0.3}, demand.data());
    imapa(w, {0.1, 0.3}, demand.data());
    std::puts("clean");
    return 0;
}
