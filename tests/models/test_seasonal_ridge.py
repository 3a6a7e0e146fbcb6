"""SeasonalRidge: what the kernel learns reaches the user; the calendar, regressors, logs, files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import forecasting as fc
from forecasting.errors import ArgumentError
from forecasting.features.days import universal_days
from forecasting.kernels import seasonal_ridge as kernel
from forecasting.kernels.seasonal_ridge import Column, Design, seasons_of
from forecasting.testing import check_forecaster
from forecasting.testing.case import contract_panel

WEEK = np.array([100.0, 110, 120, 130, 140, 160, 90])


def weeks(n, first="2021-01-04", noise=2.0, seed=0):
    """Days with a weekday and noise, positive."""
    rng = np.random.default_rng(seed)
    y = np.tile(WEEK, n // 7 + 1)[:n] + noise * rng.standard_normal(n)
    return pd.Series(y, pd.date_range(first, periods=n, freq="D"))


def test_forecast_is_that_of_the_kernel():
    y = weeks(500)
    ordinal = (y.index[0] - pd.Timestamp(0)).days
    days = universal_days((ordinal + np.arange(510)).astype("M8[D]"))
    design = Design(seasons_of((7, 365.25)), days, ordinal)
    (record,) = kernel.fit(
        y.to_numpy(),
        np.array([0]),
        np.array([[500]]),
        design,
        first=np.array([ordinal]),
        X=np.empty((500, 0)),
        logs="positive",
        horizon=28,
        origins=8,
        least=3,
    )
    mean = kernel.project(record, design, np.array([ordinal + 500]), np.empty((1, 10, 0)), 10)
    model = fc.SeasonalRidge((7, 365.25)).fit(y)
    assert_array_equal(model.predict(10), mean[0])
    (row,) = model.parameters().to_dict("records")
    assert (row["n_obs"], row["log"], row["judged"]) == (500, 1.0, 8 * 28)
    assert row["sigma"] == record[0, Column.SIGMA]
    assert row["strength"] > 0.9
    assert 0.01 <= row["alpha"] <= 0.75
    assert 0.3 <= row["penalty"] <= 30


def test_christmas_comes_again():
    y = weeks(7 * 154, first="2021-01-04")  # to 17 December 2023
    for date in ("12-25", "12-26", "01-01"):
        y[y.index.strftime("%m-%d") == date] = 10.0
    with_days, without = (
        fc.SeasonalRidge((7, 365.25), log=False, calendar=calendar).fit(y).predict(18)
        for calendar in (True, False)
    )
    closed = ["2023-12-25", "2023-12-26", "2024-01-01"]
    assert (with_days[closed] < 45).all()
    assert (without[closed] > 60).all()
    assert_allclose(with_days["2023-12-18":"2023-12-23"], WEEK[:6], atol=6)


@pytest.mark.parametrize("freq", ["W-SUN", "h", "MS"])
def test_only_days_have_a_calendar(freq):
    y = weeks(80).set_axis(pd.date_range("2020-12-20", periods=80, freq=freq))
    fitted = (
        fc.SeasonalRidge(7, calendar=calendar).fit(y).predict(9) for calendar in (True, False)
    )
    assert_array_equal(next(fitted), next(fitted))


def test_whole_numbers_have_no_calendar():
    frame = pd.DataFrame({"unique_id": "a", "ds": np.arange(80), "y": weeks(80).to_numpy()})
    expected = fc.SeasonalRidge(7, calendar=False).fit(weeks(80)).predict(9)
    assert_array_equal(fc.SeasonalRidge(7).fit(frame).predict(9)["mean"], expected)


def test_a_promotion_raises_the_days_that_it_will_cover():
    y = weeks(210)
    promotion = np.random.default_rng(2).integers(0, 2, 224).astype(float)
    y += 40 * promotion[:210]
    X = pd.DataFrame(
        {"ds": pd.date_range(y.index[0], periods=224, freq="D"), "promotion": promotion}
    )
    fitted = fc.SeasonalRidge(7, log=False).fit(y, X=fc.Regressors(known_future=X))
    found = fitted.predict(14, X=X).to_numpy()
    assert_allclose(found, np.tile(WEEK, 2) + 40 * promotion[210:], atol=6)


def test_windows_of_a_backtest_see_the_regressors_of_their_own_steps():
    y = weeks(150)
    promotion = np.random.default_rng(2).integers(0, 2, 150).astype(float)
    y += 40 * promotion
    X = fc.Regressors(known_future=pd.DataFrame({"ds": y.index, "promotion": promotion}))
    bt = fc.backtest(
        y, {"ridge": fc.SeasonalRidge(7)}, h=7, n_windows=3, step_size=7, X=X, progress=False
    )
    found = bt.forecasts.set_index("ds")["mean"]
    assert_allclose(found, y[found.index], atol=12)
    at = pd.Timestamp(y.index[142 - 7])
    alone = fc.SeasonalRidge(7).fit(y[:at], X=fc.Regressors(known_future=X.known_future[:136]))
    expected = alone.predict(7, X=X.known_future[136:])
    cutoff = bt.forecasts[bt.forecasts["cutoff"] == at]
    assert len(cutoff) == 7
    assert_array_equal(cutoff["mean"], expected)


def test_missing_values_are_skipped():
    y = weeks(140)
    holes = y.copy()
    holes.iloc[[3, 50, 51, 52, 139]] = np.nan
    found = fc.SeasonalRidge(7).fit(holes).predict(7)
    assert_allclose(found, WEEK, atol=4)


def test_logs_are_taken_where_values_are_positive():
    y = weeks(140)
    nothing = y.copy()
    nothing.iloc[10] = 0.0
    assert fc.SeasonalRidge(7).fit(y).parameters()["log"].tolist() == [1.0]
    assert fc.SeasonalRidge(7).fit(nothing).parameters()["log"].tolist() == [0.0]
    with pytest.raises(fc.NonPositiveError, match="log=False"):
        fc.SeasonalRidge(7, log=True).fit(nothing)


def test_levels_are_shifted_and_logs_are_scaled():
    y = weeks(140)
    level, log = fc.SeasonalRidge(7, log=False), fc.SeasonalRidge(7)
    assert_allclose(level.fit(y + 1e4).predict(5), level.fit(y).predict(5) + 1e4, rtol=1e-10)
    assert_allclose(log.fit(y * 1e9).predict(5), log.fit(y).predict(5) * 1e9, rtol=1e-10)


def test_a_long_season_waits_for_enough_of_it():
    y = weeks(200)
    short = fc.SeasonalRidge(7).fit(y).predict(9)
    assert_array_equal(fc.SeasonalRidge((365.25, 7)).fit(y).predict(9), short)
    assert_array_equal(fc.SeasonalRidge((7, 168)).fit(y).predict(9), short)


def test_intervals_are_conformal():
    found = fc.SeasonalRidge(7).fit(weeks(140, noise=5.0)).predict(7, level=80)
    width = (found["hi-80"] - found["lo-80"]) / 2
    assert_allclose(width.mean(), 1.28 * 5.0, rtol=0.35)


def test_a_file_keeps_the_estimates(tmp_path, monkeypatch):
    y = weeks(140)
    fitted = fc.SeasonalRidge((7, 30.5), horizon=10).fit(y)
    path = fitted.save(tmp_path / "ridge.model")
    monkeypatch.setattr(kernel, "fit", None)  # loading estimates nothing
    again = fc.load(path)
    assert again == fitted
    assert_array_equal(again.predict(9), fitted.predict(9))


def test_without_a_refit_the_level_follows_and_the_season_stays():
    y = weeks(280)
    y.iloc[140:] += 200.0
    schedule = {"h": 7, "n_windows": 20, "step_size": 7, "progress": False}
    bt = fc.backtest(y, {"ridge": fc.SeasonalRidge(7, log=False)}, refit=False, **schedule)
    assert len(bt.failures) == 0
    last = bt.forecasts[bt.forecasts["cutoff"] == bt.forecasts["cutoff"].max()]
    assert_allclose(last["mean"], WEEK + 200, atol=15)


@pytest.mark.parametrize("season", [(), 0.5, "7", (7, "x"), (7, 7), (7, np.inf), True])
def test_a_season_that_is_none_is_refused(season):
    with pytest.raises(ArgumentError, match="season"):
        fc.SeasonalRidge(season)


@pytest.mark.parametrize("words", [{"log": "yes"}, {"calendar": None}, {"horizon": 0}])
def test_an_argument_of_another_kind_is_refused(words):
    with pytest.raises(ArgumentError, match=next(iter(words))):
        fc.SeasonalRidge(7, **words)


@pytest.mark.slow
def test_days_keep_the_contract_with_their_calendar():
    checked = check_forecaster(fc.SeasonalRidge((7, 30.5)), data=contract_panel(freq="D"))
    assert len(checked) == 26
