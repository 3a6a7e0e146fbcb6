#include "seasonal_ridge.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "parallel.hpp"
#include "seasonal_ridge_pass.hpp"

namespace forecasting::ridge {
namespace {

// Sort the windows of a series by whether they are of logs; those that cannot be estimated are answered here.
void add_items(const Batch &batch, std::int64_t series, std::vector<Item> &items) {
    const Windows &w = batch.w;
    Item level, logs;
    level.series = logs.series = series;
    logs.logged = true;
    std::int64_t t = 0, count = 0;
    bool positive = true;
    for (std::int64_t k = 0; k < w.n_stops; ++k) {
        const std::int64_t n = w.stops[series * w.n_stops + k] - w.starts[series];
        double *record = batch.record(series, k);
        std::fill(record, record + batch.d.record(), kNaN);
        if (n <= 0) {
            record[kOutcome] = kEmpty;
            continue;
        }
        for (; t < n; ++t) {
            if (!batch.seen(w.starts[series] + t)) continue;
            ++count;
            positive = positive && w.values[w.starts[series] + t] > 0.0;
        }
        const bool logged = batch.o.logs == kAlways || (batch.o.logs == kIfPositive && positive);
        if (count < batch.o.least) {
            record[kOutcome] = kTooShort;
        } else if (logged && !positive) {
            record[kOutcome] = kNotPositive;
        } else {
            Item &item = logged ? logs : level;
            item.cells.push_back(k);
            item.stops.push_back(n);
        }
    }
    if (!level.stops.empty()) items.push_back(level);
    if (!logs.stops.empty()) items.push_back(logs);
}

using Key = std::pair<std::int64_t, std::vector<std::int64_t>>;

// What the design of an item depends on: the day it begins, the rows it lacks, the regressors of its own.
Key key_of(const Batch &batch, const Item &item) {
    if (batch.d.n_regressors > 0) return {item.series, {item.logged}};
    Key key{batch.d.n_days > 0 ? batch.first[item.series] : 0, {}};
    const std::int64_t start = batch.w.starts[item.series];
    for (std::int64_t t = 0; t < item.length(); ++t) {
        if (!batch.seen(start + t)) key.second.push_back(t);
    }
    return key;
}

}  // namespace

void seasonal_row(const Design &d, std::int64_t t, double *out) {
    constexpr double kTurn = 6.283185307179586;
    for (int c = 0; c < d.n_seasonal; ++c) {
        if (d.period[c] == 0.0) {
            out[c] = 1.0;
            continue;
        }
        const double at = std::fmod(static_cast<double>(d.harmonic[c]) * static_cast<double>(t), d.period[c]);
        const double angle = kTurn * (at / d.period[c]);
        out[c] = d.is_sine[c] ? std::sin(angle) : std::cos(angle);
    }
}

void fit(const Windows &w, const std::int64_t *first, const double *X, const Design &d, const Options &o,
         std::int64_t n_threads, double *out) {
    Batch batch{w, first, X, d, o, {}, out};
    std::vector<Item> items;
    for (std::int64_t i = 0; i < w.n_series; ++i) add_items(batch, i, items);
    std::map<Key, std::vector<Item>> groups;
    std::int64_t longest = 0;
    for (Item &item : items) {
        longest = std::max(longest, item.length());
        groups[key_of(batch, item)].push_back(std::move(item));
    }
    batch.seasonal.resize(size_of(longest * d.n_seasonal));
    for (std::int64_t t = 0; t < longest; ++t) seasonal_row(d, t, batch.seasonal.data() + t * d.n_seasonal);
    std::vector<std::pair<Item *, std::size_t>> chunks;
    for (auto &group : groups) {
        for (std::size_t i = 0; i < group.second.size(); i += kChunk) {
            chunks.emplace_back(group.second.data() + i, std::min(kChunk, group.second.size() - i));
        }
    }
    const auto make = [&] {
        return [pass = Pass(batch), &chunks](std::int64_t i) mutable {
            pass.run(chunks[size_of(i)].first, chunks[size_of(i)].second);
        };
    };
    parallel_for(static_cast<std::int64_t>(chunks.size()), n_threads, make);
}

}  // namespace forecasting::ridge
