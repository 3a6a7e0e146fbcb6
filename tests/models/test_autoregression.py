"""The ridge autoregression as a forecaster: regressors, failures, files."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.errors import ArgumentError, NonPositiveError, ShortSeriesError
from forecasting.testing.case import contract_panel, quietly

X = fc.Regressors(known_future=["promo"])


def promoted(n_series=6, n=96, effect=0.4):
    """Monthly sales that a promotion raises by ``effect`` in the logarithm."""
    frames = []
    for i in range(n_series):
        rng = np.random.default_rng(i)
        t, promo = np.arange(n), (rng.random(n) < 0.3) * 1.0
        z = 4 + 0.2 * np.sin(np.pi * t / 6) + 0.004 * t + effect * promo + rng.normal(0, 0.03, n)
        ds = pd.date_range("2016-01-01", periods=n, freq="MS")
        frames.append(
            pd.DataFrame({"unique_id": f"s{i}", "ds": ds, "y": np.exp(z), "promo": promo})
        )
    return pd.concat(frames, ignore_index=True)


def mae(bt):
    return float((bt.forecasts["y"] - bt.forecasts["mean"]).abs().mean())


def test_a_planted_effect_is_found_and_the_forecasts_are_better_for_it():
    data = promoted()
    kept = {"h": 6, "n_windows": 4, "progress": False}
    with_it = fc.backtest(data, fc.AutoRegressiveRidge(12), X=X, **kept)
    without = fc.backtest(data.drop(columns="promo"), fc.AutoRegressiveRidge(12), **kept)
    assert mae(with_it) < 0.5 * mae(without)
    effects = with_it.parameters["regressor_1"].to_numpy()
    assert np.all(np.abs(effects - 0.4) < 0.08)


def test_a_regressor_beyond_the_horizon_changes_no_bit_and_one_within_it_does():
    data = promoted(2)
    cutoff = np.sort(data["ds"].unique())[-12]
    kept = {"h": 3, "cutoffs": [cutoff], "progress": False}
    expected = fc.backtest(data, fc.AutoRegressiveRidge(12), X=X, **kept).forecasts
    beyond = data.assign(
        promo=data["promo"].where(data["ds"] <= cutoff + pd.DateOffset(months=3), 9.0)
    )
    found = fc.backtest(beyond, fc.AutoRegressiveRidge(12), X=X, **kept).forecasts
    np.testing.assert_array_equal(found["mean"], expected["mean"])
    within = data.assign(promo=data["promo"].where(data["ds"] <= cutoff, 9.0))
    found = fc.backtest(within, fc.AutoRegressiveRidge(12), X=X, **kept).forecasts
    assert (found["mean"].to_numpy() > expected["mean"].to_numpy()).all()


@pytest.mark.parametrize("settings", [{}, {"refit": 3}, {"refit": False}, {"window": 40}])
def test_all_windows_at_once_are_the_loop_with_regressors(settings):
    class Looped(fc.AutoRegressiveRidge):
        def _forecast_windows(self, windows, probs):
            return self._loop(windows, probs)

    data = promoted(3, 72)
    kept = {"h": 14, "n_windows": 5, "step_size": 1, "progress": False, "X": X, **settings}
    fast = quietly(fc.backtest, data, fc.AutoRegressiveRidge(12), **kept).forecasts
    slow = quietly(fc.backtest, data, Looped(12), **kept).forecasts
    assert np.isfinite(fast["mean"]).all()
    np.testing.assert_array_equal(fast["mean"], slow["mean"])


def test_fit_and_predict_with_regressors_come_back_from_a_file(tmp_path):
    data = promoted(2)
    ahead = data.groupby("unique_id").tail(4)[["unique_id", "ds", "promo"]]
    past = data.drop(ahead.index)
    model = fc.AutoRegressiveRidge(12).fit(past, X=X)
    again = fc.load(model.save(tmp_path / "ar.model"))
    expected = model.predict(4, X=ahead, level=80)
    pd.testing.assert_frame_equal(again.predict(4, X=ahead, level=80), expected)


def test_records_of_a_file_that_no_fit_leaves_are_refused():
    model = fc.AutoRegressiveRidge(12).fit(contract_panel())
    fits, lengths = model._fitted.learned, np.array([[72], [67], [62]])
    assert model._is_sound(fits, lengths)
    for column, value in ((1, 2.0), (2, 80.0), (2, 0.5), (0, 1.0)):
        record = fits["record"].copy()
        record[1, 0, column] = value
        broken = type(fits)({**fits.columns, "record": record}, fits.trouble)
        assert not model._is_sound(broken, lengths)
    narrow = type(fits)({**fits.columns, "record": fits["record"][..., :-1]}, fits.trouble)
    assert not model._is_sound(narrow, lengths)


def test_too_short_and_not_positive_are_failures_with_what_is_needed():
    y = pd.Series(np.arange(1.0, 29.0), pd.date_range("2020-01-01", periods=28, freq="MS"))
    with pytest.raises(ShortSeriesError, match="has 28 observations, needs at least 29"):
        fc.AutoRegressiveRidge(12).fit(y)
    assert fc.AutoRegressiveRidge().min_observations == 8
    with pytest.raises(NonPositiveError, match="use log=False"):
        fc.AutoRegressiveRidge(log=True).fit(y - 3)
    assert fc.AutoRegressiveRidge().fit(y - 3).parameters()["log"].tolist() == [0.0]


def test_a_window_that_moved_past_rows_unseen_does_not_go_on_as_if_nothing_were_missing():
    y = np.random.default_rng(0).gamma(9.0, 10.0, 60)
    y[30:34] = np.nan
    frame = pd.DataFrame({"unique_id": "a", "ds": np.arange(60), "y": y})
    kept = {"h": 1, "n_windows": 35, "step_size": 1, "freq": 1, "progress": False}
    bt = quietly(fc.backtest, frame, fc.AutoRegressiveRidge(), window=12, refit=False, **kept)
    codes = dict(zip(bt.failures["cutoff"], bt.failures["code"], strict=True))
    assert 29 not in codes
    assert codes[33] == "MISSING"
    assert codes[50] == "MODEL"


@pytest.mark.parametrize("wrong", [{"season_length": 0}, {"n_lags": 0}, {"log": 1}, {"log": "yes"}])
def test_arguments_are_checked(wrong):
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        fc.AutoRegressiveRidge(**wrong)
