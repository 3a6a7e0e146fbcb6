"""AggregatedETS: written out season by season as the second implementation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import forecasting as fc
from forecasting.fits import Fits
from forecasting.testing.case import quietly

WEEK = np.array([0.8, 0.9, 1.0, 1.0, 1.1, 1.3, 0.9])


def days(y: np.ndarray) -> pd.Series:
    return pd.Series(y, index=pd.date_range("2024-01-01", periods=len(y), freq="D"))


def spend(n: int = 150, seed: int = 0) -> np.ndarray:
    rng, t = np.random.default_rng(seed), np.arange(n)
    level = 100 + np.cumsum(rng.normal(size=n)) + 0.1 * t
    return level * WEEK[t % 7] * (1 + 0.05 * rng.normal(size=n))


def by_hand(y: np.ndarray, m: int, h: int, multiplicative: bool) -> np.ndarray:
    """Season means from the end, their forecast, and the shape; a line a step."""
    seasons = []
    end = len(y)
    while end >= m:
        seasons.insert(0, y[end - m : end])
        end -= m
    means = [float(np.mean(s)) for s in seasons]
    index = pd.date_range("2000-01-01", periods=len(means), freq="D")
    ahead = fc.AveragedETS().fit(pd.Series(means, index=index)).predict(h // m + 1).to_numpy()
    shape, total = np.zeros(m), 0.0
    for k, (season, mean) in enumerate(zip(seasons[::-1][:12], means[::-1][:12], strict=True)):
        if np.isnan(mean):
            continue
        shape += 0.9**k * (season / mean if multiplicative else season - mean)
        total += 0.9**k
    shape /= total
    steps = [(ahead[j // m], shape[j % m]) for j in range(h)]
    return np.array([a * s if multiplicative else a + s for a, s in steps])


@pytest.mark.parametrize("n", [35, 41, 80, 150])
def test_the_forecast_is_that_of_season_means_times_the_shape(n):
    y = spend(n, n)
    found = fc.AggregatedETS(7).fit(days(y)).predict(17).to_numpy()
    assert_allclose(found, by_hand(y, 7, 17, multiplicative=True), rtol=1e-9)


def test_where_a_value_is_not_positive_the_shape_is_added():
    y = spend()
    y[-20] = 0.0
    it = fc.AggregatedETS(7).fit(days(y))
    assert it.parameters()["shape"].tolist() == ["additive"]
    assert_allclose(it.predict(17), by_hand(y, 7, 17, multiplicative=False), rtol=1e-9)
    y[-20], y[3] = 50.0, -1.0  # older than twelve seasons
    assert fc.AggregatedETS(7).fit(days(y)).parameters()["shape"].tolist() == ["multiplicative"]


def test_a_season_with_a_missing_value_is_missing_as_a_whole():
    y = spend(80)
    y[[30, 70]] = np.nan
    it = fc.AggregatedETS(7).fit(days(y))
    assert it.parameters()["n_obs"].tolist() == [80 // 7 - 2]
    assert_allclose(it.predict(9), by_hand(y, 7, 9, multiplicative=True), rtol=1e-9)


def test_the_shape_of_ratios_has_the_mean_one_and_begins_with_the_next_step():
    y = spend(100)
    row = fc.AggregatedETS(7).fit(days(y)).parameters().iloc[0]
    shape = row[[f"season_{p}" for p in range(1, 8)]].to_numpy(float)
    assert_allclose(shape.mean(), 1.0)
    assert np.corrcoef(shape, np.roll(WEEK, -(100 % 7)))[0, 1] > 0.9


@pytest.mark.parametrize("factor", [1e-300, 1e200])
def test_tiny_and_huge_units_change_the_unit_only(factor):
    y = spend(90)
    usual = fc.AggregatedETS(7).fit(days(y)).predict(9, level=80).to_numpy()
    scaled = fc.AggregatedETS(7).fit(days(y * factor)).predict(9, level=80).to_numpy()
    assert_allclose(scaled / factor, usual, rtol=1e-4)


def test_too_few_whole_seasons_are_told_with_the_number_needed():
    assert fc.AggregatedETS(7).min_observations == 35
    with pytest.raises(fc.ForecastingError, match="35"):
        fc.AggregatedETS(7).fit(days(spend(34)))
    y = spend(60)
    y[-50:-4] = np.nan
    with pytest.raises(fc.ForecastingError, match="whole seasons of 7"):
        fc.AggregatedETS(7).fit(days(y))


def test_a_cutoff_inside_a_season_asks_the_same_as_one_alone():
    y = days(spend(120, 5))
    settings = {"h": 9, "n_windows": 11, "step_size": 1, "season_length": 7}
    bt = fc.backtest(y, {"it": fc.AggregatedETS(7)}, **settings)
    for cutoff, part in bt.forecasts.groupby("cutoff"):
        alone = fc.AggregatedETS(7).fit(y[:cutoff]).predict(9).to_numpy()
        assert_array_equal(part["mean"].to_numpy(), alone)


def test_without_a_refit_the_level_moves_on_by_whole_seasons_and_the_shape_stays():
    y = days(spend(120, 6))
    it = fc.AggregatedETS(7)
    bt = quietly(
        fc.backtest, y, {"it": it}, h=3, n_windows=6, step_size=3, season_length=7, refit=False
    ).forecasts
    cutoffs = sorted(bt["cutoff"].unique())
    first = it.fit(y[: cutoffs[0]]).predict(21).to_numpy()
    means = {c: p["mean"].to_numpy() for c, p in bt.groupby("cutoff")}
    assert_allclose(means[cutoffs[1]], first[3:6])  # no season is whole yet
    assert_allclose(means[cutoffs[2]][0], first[6])
    later = means[cutoffs[3]]  # nine steps on: one season is whole, the next two days are in
    assert abs(later / first[9:12] - 1).min() > 1e-6
    assert_allclose(later / later[0], first[9:12] / first[9])


@pytest.mark.parametrize("multiplicative", [True, False])
def test_intervals_hold_what_they_say_where_the_model_is_true(multiplicative):
    rng = np.random.default_rng(8)
    n = 150
    frames = []
    for i in range(n):
        level = np.repeat(100 + np.cumsum(2 * rng.normal(size=22)), 7)
        noise = 8 * rng.normal(size=154)
        y = level * np.tile(WEEK, 22) + noise if multiplicative else level + noise - 100
        ds = pd.date_range("2024-01-01", periods=154, freq="D")
        frames.append(pd.DataFrame({"unique_id": f"s{i:03d}", "ds": ds, "y": y}))
    bt = quietly(
        fc.backtest,
        pd.concat(frames),
        {"it": fc.AggregatedETS(7)},
        h=14,
        n_windows=1,
        season_length=7,
        level=(80,),
    )
    f = bt.forecasts
    hit = ((f["y"] >= f["lo-80"]) & (f["y"] <= f["hi-80"])).mean()
    assert 0.76 < hit < 0.88


def test_columns_of_a_file_that_no_fit_could_leave_are_refused():
    it = fc.AggregatedETS(7)
    fits = it.fit(days(spend(60)))._fitted.learned
    lengths = np.array([[60]])
    assert it._is_sound(fits, lengths)
    for name, value in (("since", 7.0), ("since", 0.5), ("since", np.nan)):
        wrong = Fits({**fits.columns, name: np.full((1, 1), value)}, fits.trouble)
        assert not it._is_sound(wrong, lengths)
    short = Fits({**fits.columns, "shape": fits["shape"][..., :6]}, fits.trouble)
    assert not it._is_sound(short, lengths)
    assert not it._is_sound(fits, np.array([[50]]))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: fc.AggregatedETS(1), "at least 2"),
        (lambda: fc.AggregatedETS(7, errors="A"), "'all' or 'additive'"),
        (lambda: fc.AggregatedETS(7, temperature=-1), "above 0"),
    ],
)
def test_an_impossible_setting_is_refused_with_what_to_type(make, says):
    with pytest.raises(fc.ArgumentError, match=says):
        make()
