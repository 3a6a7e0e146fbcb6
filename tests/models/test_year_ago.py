"""The year ago: by hand, with missing values, and where no ratio exists."""

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.errors import ArgumentError, FailureWarning, MissingTargetError, ShortSeriesError
from forecasting.testing.case import quietly

nan = np.nan


def series(values):
    return pd.Series(np.asarray(values, float), pd.date_range("2024-01-01", periods=len(values)))


def forecast(values, h=3, **settings):
    return (
        fc.YearAgo(**{"season_length": 3, "window": 2, **settings}).fit(series(values)).predict(h)
    )


def test_the_last_year_comes_again_at_the_level_of_today():
    y = [1.0, 2.0, 3.0, 2.0, 4.0]  # the level doubled: (2 + 4) / (1 + 2)
    assert forecast(y, h=7).tolist() == [6.0, 4.0, 8.0, 6.0, 4.0, 8.0, 6.0]


@pytest.mark.parametrize(("now", "ratio"), [(100.0, 3.0), (0.01, 1 / 3)])
def test_the_ratio_stays_within_a_third_and_three(now, ratio):
    y = np.array([1.0, 1.0, 5.0, now, now])
    np.testing.assert_allclose(forecast(y), np.array([5.0, now, now]) * ratio, rtol=1e-15)


@pytest.mark.parametrize("y", [[-1.0, -3.0, 4.0, 0.0, 2.0], [0.0, 0.0, 4.0, 3.0, 3.0]])
def test_where_a_sum_is_not_positive_the_difference_is_added(y):
    assert forecast(y).tolist() == [7.0, y[3] + 3.0, y[4] + 3.0]


def test_levels_are_measured_where_both_values_are_there():
    y = [9.0, 2.0, 3.0, nan, 4.0]  # one pair: 4 / 2; the nan of last year lies between 3 and 4
    assert forecast(y).tolist() == [6.0, 7.0, 8.0]


def test_without_a_pair_the_series_is_a_failure_and_the_others_stand():
    data = pd.DataFrame({"a": [1.0, nan, 3.0, nan, 5.0], "b": [1.0, 1.0, 1.0, 1.0, 1.0]})
    long = data.assign(ds=np.arange(5)).melt("ds", var_name="unique_id", value_name="y")
    with pytest.warns(FailureWarning):
        table = fc.YearAgo(3, window=2).fit(long, freq=1).predict(1)
    assert table["mean"].tolist()[1] == 1.0
    with pytest.raises(
        MissingTargetError, match="none of the last 2 values has one 3 steps earlier"
    ):
        fc.YearAgo(3, window=2)._fit(fc.History(data["a"].to_numpy(), 0, None, None, None))


def test_too_short_a_history_names_what_is_needed():
    with pytest.raises(ShortSeriesError, match="has 4 observations, needs at least 5"):
        forecast([1.0, 2.0, 3.0, 4.0])


def test_a_backtest_answers_what_each_window_would_alone_with_values_missing():
    rng = np.random.default_rng(3)
    y = rng.gamma(2.0, 5.0, (3, 60))
    y[:, 1:][rng.random((3, 59)) < 0.2] = nan
    long = (
        pd.DataFrame(y.T).assign(ds=np.arange(60)).melt("ds", var_name="unique_id", value_name="y")
    )
    kept = {"h": 9, "n_windows": 6, "step_size": 3, "freq": 1, "progress": False}
    bt = fc.backtest(long, fc.YearAgo(7, window=14), **kept)
    for (uid, cutoff), part in bt.forecasts.groupby(["unique_id", "cutoff"]):
        past = long[(long["unique_id"] == uid) & (long["ds"] <= cutoff)]
        alone = quietly(fc.YearAgo(7, window=14).fit, past, freq=1).predict(9)
        np.testing.assert_array_equal(part["mean"], alone["mean"])
    assert np.isfinite(bt.forecasts["mean"]).all()


@pytest.mark.parametrize("scale", [1e-300, 1e18, 1e300])
def test_forecasts_scale_with_the_data(scale):
    y = np.array([1.0, 2.0, 3.0, 2.5, 4.0])
    np.testing.assert_allclose(forecast(y * scale) / scale, forecast(y), rtol=1e-12)


@pytest.mark.parametrize("wrong", [{"season_length": 0}, {"window": 2.5}])
def test_lengths_are_whole_numbers(wrong):
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        fc.YearAgo(**wrong)
