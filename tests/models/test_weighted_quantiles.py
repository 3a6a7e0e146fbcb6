"""Weighted quantiles as a forecaster."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.errors import ArgumentError, ShortSeriesError
from forecasting.testing.case import quietly


def demand(n=120, n_series=4, missing=0.0):
    frames = []
    for i in range(n_series):
        rng = np.random.default_rng(i)
        y = rng.poisson(2.0, n) * (rng.random(n) < 0.4) * 1.0
        y[1:][rng.random(n - 1) < missing] = np.nan
        frames.append(pd.DataFrame({"unique_id": f"s{i}", "ds": np.arange(n), "y": y}))
    return pd.concat(frames, ignore_index=True)


@pytest.mark.parametrize("settings", [{}, {"window": 50}, {"refit": False}])
def test_all_windows_at_once_are_the_loop_with_values_missing(settings):
    class Looped(fc.WeightedQuantiles):
        def _forecast_windows(self, windows, probs):
            return self._loop(windows, probs)

    kept = {"h": 9, "n_windows": 4, "step_size": 2, "freq": 1, "level": (50, 80), "progress": False}
    data = demand(missing=0.2)
    fast = quietly(fc.backtest, data, fc.WeightedQuantiles(7), **kept, **settings).forecasts
    slow = quietly(fc.backtest, data, Looped(7), **kept, **settings).forecasts
    columns = ["mean", "lo-80", "lo-50", "hi-50", "hi-80"]
    assert np.isfinite(fast[columns].to_numpy()).all()
    np.testing.assert_array_equal(fast[columns], slow[columns])


def test_any_probability_may_be_asked_for_and_none_crosses_another():
    probs = (1e-6, 0.01, 0.333, 0.5, 0.77, 0.9, 0.999999)
    table = quietly(fc.WeightedQuantiles(7).fit, demand(), freq=1).predict(14, quantiles=probs)
    found = table.filter(like="q-").to_numpy()
    assert (np.diff(found, axis=1) >= 0).all()
    assert (found >= 0).all()


def test_the_mean_is_the_expected_value_not_the_median():
    y = pd.Series([0.0, 0.0, 0.0, 8.0] * 30, pd.date_range("2024-01-01", periods=120, freq="D"))
    table = fc.WeightedQuantiles().fit(y).predict(1, quantiles=(0.5,))
    assert table["q-0.5"].tolist() == [0.0]
    assert table["mean"].tolist() == pytest.approx([2.0], abs=0.2)


def test_lists_become_tuples_and_a_season_of_one_needs_no_season_weight():
    model = fc.WeightedQuantiles(1, alphas=[0.1], season_weights=5)
    assert (model.alphas, model.season_weights) == ((0.1,), (5.0,))
    plain = fc.WeightedQuantiles(1, alphas=(0.1,), season_weights=(1.0,))
    data = demand(40)
    pd.testing.assert_frame_equal(
        quietly(model.fit, data, freq=1).predict(3), quietly(plain.fit, data, freq=1).predict(3)
    )


def test_seven_values_are_too_few():
    y = pd.Series(np.arange(7.0), pd.date_range("2024-01-01", periods=7, freq="D"))
    with pytest.raises(ShortSeriesError, match="has 7 observations, needs at least 8"):
        fc.WeightedQuantiles().fit(y)


@pytest.mark.parametrize(
    "wrong",
    [
        {"season_length": 0},
        {"alphas": (1.0,)},
        {"alphas": ()},
        {"alphas": "fast"},
        {"season_weights": (0.0,)},
        {"season_weights": (np.inf,)},
    ],
)
def test_arguments_are_checked(wrong):
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        fc.WeightedQuantiles(**wrong)
