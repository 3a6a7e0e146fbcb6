"""Lag regression: hand cases, the all-windows hook against the loop, leaks, scales, regressors."""

import dataclasses
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from forecasting.base import GlobalForecaster
from forecasting.errors import ArgumentError, DataWarning, FailureWarning
from forecasting.models.regression import LagRegression
from forecasting.models.regression.arrays import centre_and_scale, rolling_mean
from forecasting.models.regression.estimators import fresh
from forecasting.reading import as_panel
from forecasting.regressors import Regressors
from forecasting.schedule import Schedule, rolling_windows
from forecasting.testing import parametrize_forecasters

BARE = {"calendar": (), "centre": None, "scale": None}
LEAN = LagRegression(LinearRegression(), lags=(1,), **BARE)


class Recorder:
    """A regressor of no library: keeps what it is shown, and says a number."""

    seen: ClassVar[list] = []  # of every copy

    def __init__(self, says=0.0):
        self.says = says
        self.fitted = False

    def fit(self, X, y):
        self.fitted = True
        Recorder.seen.append(("fit", X.copy(), y.copy()))
        return self

    def predict(self, X):
        Recorder.seen.append(("predict", X.copy()))
        return np.full(len(X), self.says)


class Dice(Recorder):
    """A regressor that draws from the global generator."""

    def predict(self, X):
        return np.random.normal(size=len(X))  # noqa: NPY002 - that is the point


@pytest.fixture
def seen():
    Recorder.seen = []
    return Recorder.seen


def daily(values, start="2024-01-01", name="a"):
    ds = pd.date_range(start, periods=len(values), freq="D")
    return pd.DataFrame({"unique_id": name, "ds": ds, "y": np.asarray(values, dtype=float)})


def random_panel(n_series=5, n=60, freq="MS", seed=0):
    rng = np.random.default_rng(seed)
    frames = []
    for i in range(n_series):
        t = np.arange(n - 4 * i)
        y = 50 * (i + 1) + t + 10 * np.sin(2 * np.pi * t / 12) + rng.normal(size=len(t)) * 3
        ds = pd.date_range("2015-01-01", periods=n, freq=freq)[-len(t) :]
        frames.append(pd.DataFrame({"unique_id": f"s{i}", "ds": ds, "y": y}))
    return pd.concat(frames, ignore_index=True)


def windows_of(data, X=None, **schedule):
    return rolling_windows(as_panel(data, X=X), Schedule(**schedule).checked(), seed=3)[0]


def means(forecaster, data, h, **kwargs):
    return forecaster.fit(data, **kwargs).predict(h)["mean"].to_numpy()


# --- hand cases ---------------------------------------------------------------------------------------


def test_a_doubling_series_goes_on_doubling():
    data = daily(2.0 ** np.arange(8))
    expected = [256.0, 512.0, 1024.0]
    assert means(LEAN, data, 3) == pytest.approx(expected, rel=1e-12)
    direct = dataclasses.replace(LEAN, strategy="direct")
    assert means(direct, data, 3) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("scale", ["std", "mean", None])
@pytest.mark.parametrize("centre", ["auto", 1, None])
@pytest.mark.parametrize("strategy", ["recursive", "direct"])
def test_a_line_goes_on_whatever_it_is_centred_and_scaled_by(scale, centre, strategy):
    line = 3.0 * np.arange(30) + 7
    forecaster = LagRegression(
        LinearRegression(), lags=(1, 2), calendar=(), centre=centre, scale=scale, strategy=strategy
    )
    assert means(forecaster, daily(line), 4) == pytest.approx([97, 100, 103, 106], rel=1e-9)


def test_trees_continue_a_line_that_leaves_every_value_seen():
    line = pd.Series(100.0 + np.arange(60), pd.date_range("2020-01-01", periods=60, freq="MS"))
    found = LagRegression(RandomForestRegressor(5)).fit(line).predict(3)
    assert found.to_numpy() == pytest.approx([160, 161, 162], rel=1e-9)


def test_the_usual_centre_never_asks_for_more_history_than_the_lags(seen):
    y = np.array([1.0, 5.0, 3.0, 8.0])
    LagRegression(Recorder(), lags=(1, 2), calendar=(), scale=None).fit(daily(y))
    assert seen[0][1].tolist() == [[2.0, -2.0], [-1.0, 1.0]]
    assert seen[0][2].tolist() == [0.0, 4.0]


@pytest.mark.parametrize("differences", [(1,), (7,), (7, 1), (1, 1, 2)])
def test_differencing_is_undone_exactly(seen, differences):
    rng = np.random.default_rng(1)
    y = rng.integers(-1000, 1000, size=40).astype(float)
    z = y.copy()
    for d in differences:
        z = z[d:] - z[:-d]
    forecaster = LagRegression(Recorder(), lags=(1,), differences=differences, **BARE)
    found = means(forecaster, daily(y), 9)
    path = np.concatenate([y, found])
    for d in differences:
        path = path[d:] - path[:-d]
    assert path[-9:].tolist() == [0.0] * 9  # the recorder says that nothing changes
    assert seen[0][2].tolist() == z[1:].tolist()


def test_features_and_targets_are_those_of_the_hand(seen):
    data = pd.concat(
        [daily([1, 2, 4, 8, 16, 32]), daily([10, 20, 30, 40, 50], "2024-01-02", name="b")]
    )
    static = pd.DataFrame({"unique_id": ["a", "b"], "size": [7.0, 9.0]})
    past = data.assign(p=100 + data["y"])[["unique_id", "ds", "p"]]
    known = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=9), "k": np.arange(9.0)})
    X = Regressors(known_future=known, past_only=past, static=static)
    forecaster = LagRegression(
        Recorder(5.0),
        lags=(1, 3),
        rolling_means=(2, (2, 2)),
        past_lags=(2,),
        calendar=("dayofweek", "day_from_end"),
        centre=None,
        scale=None,
    ).fit(data, X=X)
    names = ("lag1", "lag3", "mean2_lag1", "mean2_lag2", "p_lag2", "size", "dayofweek")
    assert forecaster.feature_names == (*names, "day_from_end", "k")
    expected = [
        [4, 1, 3.0, 1.5, 102, 7, 3, 27, 3],
        [8, 2, 6.0, 3.0, 104, 7, 4, 26, 4],
        [16, 4, 12.0, 6.0, 108, 7, 5, 25, 5],
        [30, 10, 25.0, 15.0, 120, 9, 4, 26, 4],
        [40, 20, 35.0, 25.0, 130, 9, 5, 25, 5],
    ]
    assert seen[0][1].tolist() == expected
    assert seen[0][2].tolist() == [8, 16, 32, 40, 50]
    forecaster.predict(2, X=known)
    assert seen[1][1].tolist() == [
        [32, 8, 24.0, 12.0, 116, 7, 6, 24, 6],
        [50, 30, 45.0, 35.0, 140, 9, 6, 24, 6],
    ]
    assert seen[2][1].tolist() == [
        [5, 16, 18.5, 24.0, 132, 7, 0, 23, 7],
        [5, 40, 27.5, 45.0, 150, 9, 0, 23, 7],
    ]


def test_a_direct_regressor_sees_the_same_lags_at_every_step_and_the_date_of_its_target(seen):
    forecaster = LagRegression(
        Recorder(), lags=(1, 2), calendar=("day",), centre=None, scale=None, strategy="direct"
    )
    forecaster.fit(daily([1, 2, 4, 8, 16])).predict(2)
    assert [kind for kind, *_ in seen] == ["fit", "fit", "predict", "predict"]
    assert seen[0][1].tolist() == [[2, 1, 3], [4, 2, 4], [8, 4, 5]]
    assert seen[0][2].tolist() == [4, 8, 16]
    assert seen[1][1].tolist() == [[2, 1, 4], [4, 2, 5]]
    assert seen[1][2].tolist() == [8, 16]
    assert seen[2][1].tolist() == [[16, 8, 6]]
    assert seen[3][1].tolist() == [[16, 8, 7]]


def test_features_are_centred_on_the_values_before_and_divided_by_the_scale(seen):
    y = np.array([1.0, 3.0, 2.0, 8.0, 6.0])
    LagRegression(Recorder(), lags=(1,), calendar=(), centre=2, scale="mean").fit(daily(y))
    scale = y.mean()
    assert seen[0][1][:, 0] == pytest.approx((y[1:4] - [2.0, 2.5, 5.0]) / scale, rel=1e-15)
    assert seen[0][2] == pytest.approx((y[2:] - [2.0, 2.5, 5.0]) / scale, rel=1e-15)


@pytest.mark.parametrize("width", range(1, 12))
def test_rolling_means_are_means_wherever_the_values_lie(width):
    values = np.random.default_rng(width).normal(size=40)
    found = rolling_mean(values, width)[width - 1 :]
    assert found == pytest.approx([values[i : i + width].mean() for i in range(41 - width)])
    assert rolling_mean(values[7:], width)[width - 1 :].tolist() == found[7:].tolist()


def test_spread_that_is_only_rounding_is_none():
    z = np.array([0.1 + 0.2, 0.3, 0.1 + 0.2, 0.3, 1.0, 3.0])
    centre, scale, broken = centre_and_scale(z, np.array([0, 4]), np.array([4, 6]), "std")
    assert centre.tolist() == pytest.approx([0.3, 2.0])
    assert scale.tolist() == [0.0, 1.0]
    assert not broken.any()


# --- what each series is divided by -------------------------------------------------------------------


def test_multiplying_a_series_by_a_power_of_two_multiplies_its_forecast():
    data = random_panel()
    factor = data["unique_id"].map({f"s{i}": 2.0 ** (20 * i - 40) for i in range(5)})
    for settings in ({}, {"scale": "mean"}, {"differences": (1,)}, {"strategy": "direct"}):
        forecaster = LagRegression(Ridge(), **settings)
        plain = forecaster.fit(data).predict(6)
        scaled = forecaster.fit(data.assign(y=data["y"] * factor)).predict(6)
        ratio = (scaled["mean"] / plain["mean"]).groupby(scaled["unique_id"]).unique()
        assert [r.tolist() for r in ratio] == [[2.0 ** (20 * i - 40)] for i in range(5)]


def test_v09_series_of_very_different_size_are_each_forecast_well():
    shape = 10 + np.arange(48) % 7
    data = pd.concat([daily(1e-3 * shape, name="a"), daily(1e12 * shape, name="b")])
    expected = np.array([10 + np.arange(48, 55) % 7])
    table = LagRegression(Ridge(1e-6)).fit(data).predict(7)
    a, b = (table.loc[table["unique_id"] == i, "mean"].to_numpy() for i in "ab")
    assert a == pytest.approx(1e-3 * expected[0], rel=1e-3)
    assert b == pytest.approx(1e12 * expected[0], rel=1e-3)


def test_a_constant_series_stays_at_its_constant_beside_others():
    data = pd.concat(
        [random_panel(), random_panel(1).assign(unique_id="flat", y=5.0)], ignore_index=True
    )
    for settings in ({}, {"differences": (1,)}, {"centre": None}, {"strategy": "direct"}):
        table = LagRegression(RandomForestRegressor(3), **settings).fit(data).predict(3)
        assert table.loc[table["unique_id"] == "flat", "mean"].tolist() == [5.0, 5.0, 5.0]


def test_a_series_too_large_for_the_arithmetic_fails_alone():
    data = random_panel()
    huge = random_panel(1).assign(unique_id="huge")
    huge["y"] = np.where(np.arange(len(huge)) % 2, 1e302, -1e302)
    with pytest.warns(FailureWarning, match="huge"):
        table = LagRegression(Ridge()).fit(pd.concat([data, huge])).predict(3)
    assert [f["code"] for f in table.attrs["failures"]] == ["OVERFLOW"]
    beside = table.loc[table["unique_id"] != "huge", "mean"].tolist()
    assert beside == LagRegression(Ridge()).fit(data).predict(3)["mean"].tolist()


class Runaway(Recorder):
    """Multiplies what it sees, and knows no answer beyond a bound."""

    def predict(self, X):
        assert np.isfinite(X).all()
        return np.where(X[:, 0] < 0, np.nan, 1e30 * X[:, 0])


def test_a_series_whose_forecasts_run_away_fails_alone():
    values = {"calm": np.zeros(20), "lost": -np.arange(1.0, 21), "wild": np.arange(1.0, 21)}
    data = pd.concat([daily(y, name=name) for name, y in values.items()])
    fitted = LagRegression(Runaway(), lags=(1,), **BARE).fit(data)
    with pytest.warns(FailureWarning, match="wild"):
        table = fitted.predict(12)
    assert table["mean"][:12].tolist() == [0.0] * 12
    assert table["mean"][12:].isna().all()
    codes = {f["unique_id"]: f["code"] for f in table.attrs["failures"]}
    assert codes == {"lost": "CONTRACT", "wild": "OVERFLOW"}


# --- all windows at once ------------------------------------------------------------------------------

VARIANTS = [
    {},
    {"differences": (12, 1), "lags": (1, 2, 5), "rolling_means": (3, (2, 7))},
    {"scale": None, "centre": None},
    {"scale": "mean", "centre": 4, "strategy": "direct"},
    {"strategy": "direct", "differences": (1,)},
]


@pytest.mark.parametrize("schedule", [{}, {"window": 30}, {"refit": False}, {"refit": 2}])
@pytest.mark.parametrize("settings", VARIANTS)
def test_all_windows_at_once_have_the_bits_of_the_loop(settings, schedule):
    data = random_panel()
    past = data.assign(p=data["y"] ** 2)[["unique_id", "ds", "p"]]
    known = data.assign(k=np.cos(data["y"]))[["unique_id", "ds", "k"]]
    X = Regressors(known_future=known, past_only=past)
    windows = windows_of(data, X, h=4, n_windows=4, step_size=2, **schedule)
    forecaster = LagRegression(Ridge(), past_lags=(4, 6), **settings)
    blocked = forecaster._blocked(windows, ())
    windows = windows.only(~blocked.failed())
    at_once = forecaster._forecast_windows(windows, ())
    loop = GlobalForecaster._forecast_windows(forecaster, windows, ())
    assert np.isfinite(at_once.mean[windows.active]).all()
    assert windows.active.sum() >= 14
    assert np.array_equal(at_once.mean, loop.mean, equal_nan=True)


def test_a_window_sees_nothing_after_its_cutoff():
    data = random_panel()
    forecaster = LagRegression(Ridge(), past_lags=(4,))
    past = data.assign(p=data["y"] ** 2)[["unique_id", "ds", "p"]]
    windows = windows_of(data, Regressors(past_only=past), h=4, n_windows=3, step_size=3)
    first = forecaster.answer(windows).mean
    panel = windows.panel
    for k in range(3):
        later = np.arange(len(panel.values)) >= np.repeat(windows.hi[:, k], panel.lengths)
        values, shown = panel.values.copy(), panel.covariates.past.copy()
        values[later] = 1e9 * np.arange(later.sum())
        shown[later] = np.nan
        covariates = dataclasses.replace(panel.covariates, past=shown)
        poisoned = dataclasses.replace(panel, values=values, covariates=covariates)
        again = forecaster.answer(dataclasses.replace(windows, panel=poisoned)).mean
        assert np.array_equal(first[:, : k + 1], again[:, : k + 1])
        assert k == 2 or not np.array_equal(first[:, k + 1], again[:, k + 1])


def test_the_order_of_series_and_rows_changes_nothing():
    data = random_panel()
    shuffled = data.sample(frac=1, random_state=1)
    forecaster = LagRegression(RandomForestRegressor(4))
    assert means(forecaster, data, 3).tolist() == means(forecaster, shuffled, 3).tolist()


def test_a_model_of_an_earlier_cutoff_forecasts_later_ones_and_series_that_began_since():
    data = random_panel(3)
    late = data[data["unique_id"] == "s0"].tail(25).assign(unique_id="late")
    windows = windows_of(pd.concat([data, late]), h=2, n_windows=4, step_size=4, refit=False)
    answer = LagRegression(Ridge()).answer(windows)
    assert {(f.series, f.window, f.error.code) for f in answer.failures} == {(0, 0, "SHORT")}
    assert np.isfinite(answer.mean[0, 1:]).all()


def test_a_longer_horizon_begins_with_the_shorter_one():
    data = random_panel()
    for strategy in ("recursive", "direct"):
        fitted = LagRegression(RandomForestRegressor(3), strategy=strategy).fit(data)
        long = fitted.predict(6)
        short = fitted.predict(2)["mean"].tolist()
        assert long.groupby("unique_id").head(2)["mean"].tolist() == short


# --- short and broken ---------------------------------------------------------------------------------


def test_w20_a_series_too_short_for_its_lags_fails_and_teaches_nothing(seen):
    data = pd.concat([daily(np.arange(20)), daily(1000 + np.arange(4), "2024-01-17", name="b")])
    forecaster = LagRegression(Recorder(), lags=(1, 2, 3), differences=(1,), **BARE)
    assert forecaster.min_observations == 5
    with pytest.warns(FailureWarning, match="b"):
        table = forecaster.fit(data).predict(2)
    assert seen[0][1].max() < 100
    assert table["mean"].isna().tolist() == [False, False, True, True]
    assert forecaster.failures["code"].tolist() == ["SHORT"]
    assert "has 4 observations, needs at least 5" in forecaster.failures["message"].iloc[0]


def test_the_shortest_series_that_is_taken_is_one_row_of_training(seen):
    data = daily(np.arange(5.0))
    LagRegression(Recorder(), lags=(1, 2, 3), differences=(1,), **BARE).fit(data)
    assert seen[0][1].shape == (1, 3)


def test_usual_lags_and_length_follow_the_season_of_the_calendar():
    table = random_panel(freq="MS")
    fitted = LagRegression(LinearRegression()).fit(table)
    assert fitted.feature_names == (*(f"lag{i}" for i in range(1, 14)), "month")
    with pytest.raises(ArgumentError, match="season_length"):
        LagRegression(LinearRegression(), season_length=0)
    by_hand = LagRegression(LinearRegression(), season_length=4).fit(table)
    assert by_hand.feature_names == ("lag1", "lag2", "lag3", "lag4", "lag5", "month")
    weekly = daily(np.arange(70.0) ** 1.5).assign(
        ds=pd.date_range("2020-01-03", periods=70, freq="W-FRI")
    )
    assert LagRegression(LinearRegression()).fit(weekly).feature_names == (
        *(f"lag{i}" for i in (1, 2, 3, 4, 5, 6, 7, 8, 52, 53)),
        "week",
    )
    days = weekly.assign(ds=pd.date_range("2020-01-03", periods=70, freq="D"))
    assert LagRegression(LinearRegression()).fit(days).feature_names == (
        *(f"lag{i}" for i in (*range(1, 9), 14, 21, 28)),
        *("dayofweek", "day", "day_from_end", "month"),
    )
    numbered = weekly.assign(ds=range(70))
    assert LagRegression(LinearRegression()).fit(numbered).feature_names == ("lag1", "lag2", "lag3")


def test_a_direct_step_without_training_rows_is_a_failure_that_says_what_is_missing():
    forecaster = LagRegression(LinearRegression(), lags=(1,), strategy="direct", **BARE)
    fitted = forecaster.fit(daily(np.arange(5.0)))
    assert len(fitted.predict(4)) == 4
    with pytest.raises(ValueError, match="needs at least 6 to learn step 5 from"):
        fitted.predict(5)


def test_a_regressor_that_answers_with_the_wrong_number_of_values_is_named():
    class Wrong(Recorder):
        def predict(self, X):
            return np.zeros(len(X) + 1)

    with pytest.raises(ValueError, match=r"Wrong\.predict returned shape"):
        LagRegression(Wrong(), lags=(1,)).fit(daily(np.arange(9.0))).predict(1)


def test_missing_regressors_are_the_regressors_business():
    data = random_panel(2)
    past = data[["unique_id", "ds"]].assign(p=np.where(np.arange(len(data)) % 9, 1.0, np.nan))
    X = Regressors(past_only=past)
    with (
        pytest.warns(DataWarning, match="miss 13 values"),
        pytest.raises(ValueError, match="Ridge does not accept missing values"),
    ):
        LagRegression(Ridge(), past_lags=(3,)).fit(data, X=X).predict(2)


# --- regressors X -------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["recursive", "direct"])
def test_a_known_future_regressor_counts_at_the_time_of_the_target(strategy):
    rng = np.random.default_rng(0)
    known = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=46), "k": rng.normal(size=46)})
    forecaster = LagRegression(LinearRegression(), lags=(1,), strategy=strategy, **BARE)
    with pytest.warns(DataWarning, match="in disguise"):  # it is, here
        fitted = forecaster.fit(daily(3 * known["k"][:40] + 2), X=Regressors(known_future=known))
    found = fitted.predict(6, X=known[40:])["mean"].to_numpy()
    assert found == pytest.approx((3 * known["k"][40:] + 2).to_numpy(), rel=1e-9)


def test_a_past_only_regressor_counts_at_its_lag():
    x = np.random.default_rng(0).normal(size=60)
    y = np.concatenate([np.zeros(4), 5 * x[:-4]])
    data = daily(y)
    past = data[["unique_id", "ds"]].assign(p=x)
    expected = 5 * x[-4:]
    recursive = LagRegression(LinearRegression(), lags=(1,), past_lags=(4,), **BARE)
    found = means(recursive, data, 4, X=Regressors(past_only=past))
    assert found == pytest.approx(expected, rel=1e-9)
    direct = dataclasses.replace(recursive, strategy="direct", past_lags=(1, 2, 3, 4))
    found = means(direct, data, 4, X=Regressors(past_only=past))
    assert found == pytest.approx(expected, rel=1e-9)


def test_a_recursion_refuses_to_look_at_a_past_only_regressor_after_the_cutoff():
    data = random_panel(2)
    past = data[["unique_id", "ds"]].assign(p=np.sin(data["y"]))
    fitted = LagRegression(Ridge(), past_lags=(2, 5)).fit(data, X=Regressors(past_only=past))
    assert len(fitted.predict(2)) == 4
    with pytest.raises(ArgumentError, match="lag 2 are not known 3 steps ahead; use past_lags=3"):
        fitted.predict(3)


# --- dates --------------------------------------------------------------------------------------------


def test_calendar_columns_are_read_on_the_wall_clock_of_the_zone(seen):
    ds = pd.date_range("2024-02-28 22:00", periods=30, freq="h", tz="Europe/Berlin")
    data = pd.DataFrame({"ds": ds, "y": np.arange(30.0)})
    columns = ("hour", "day", "day_from_end", "dayofyear", "week", "quarter", "year")
    LagRegression(Recorder(), lags=(1,), calendar=columns, centre=None, scale=None).fit(
        data, freq="h"
    )
    assert seen[0][1][0, 1:].tolist() == [23, 28, 1, 59, 9, 1, 2024]
    assert seen[0][1][1, 1:].tolist() == [0, 29, 0, 60, 9, 1, 2024]


def test_periods_have_a_date_and_integers_have_none():
    line = pd.Series(np.arange(30.0), pd.period_range("2020-01", periods=30, freq="M"))
    assert LagRegression(Ridge()).fit(line).feature_names[-1] == "month"
    numbered = pd.DataFrame({"ds": range(30), "y": np.arange(30.0)})
    with pytest.raises(ArgumentError, match=r"use calendar=\(\)"):
        LagRegression(Ridge(), calendar=("month",)).fit(numbered).predict(1)


# --- regressors of other libraries --------------------------------------------------------------------


def test_the_regressor_that_was_handed_in_is_never_fitted():
    mine, theirs = Recorder(), Ridge()
    data = random_panel(2)
    LagRegression(mine).fit(data)
    fitted = LagRegression(theirs).fit(data)
    assert not mine.fitted
    assert "coef_" not in vars(theirs)
    assert fitted.fitted_regressor.coef_.shape == (len(fitted.feature_names),)


def test_a_regressor_left_without_a_seed_gets_one_and_the_seed_decides():
    data = random_panel()
    forecaster = LagRegression(RandomForestRegressor(3))
    first = means(forecaster, data, 2, seed=1).tolist()
    assert first == means(forecaster, data, 2, seed=1).tolist()
    assert first != means(forecaster, data, 2, seed=2).tolist()
    own = LagRegression(RandomForestRegressor(3, random_state=0))
    assert means(own, data, 2, seed=1).tolist() == means(own, data, 2, seed=2).tolist()


def test_nested_random_states_are_seeded_and_others_left():
    pipe = make_pipeline(StandardScaler(), RandomForestRegressor(3))
    assert fresh(pipe, 7).get_params()["randomforestregressor__random_state"] == 7
    assert pipe.get_params()["randomforestregressor__random_state"] is None
    assert fresh(RandomForestRegressor(random_state=1), 7).random_state == 1


def test_a_regressor_that_draws_from_the_global_generator_repeats_itself_and_leaves_it_alone():
    data = random_panel(2)
    before = repr(np.random.get_state())  # noqa: NPY002 - looked at only
    fitted = LagRegression(Dice()).fit(data)
    assert fitted.predict(3)["mean"].tolist() == fitted.predict(3)["mean"].tolist()
    assert repr(np.random.get_state()) == before  # noqa: NPY002


def test_lightgbm_is_quiet_and_the_number_of_threads_changes_no_bit(capfd):
    lightgbm = pytest.importorskip("lightgbm", reason="lightgbm is an extra")
    data = random_panel(12, 120)
    X = Regressors(
        past_only=data[["unique_id", "ds"]].assign(p=np.where(data["y"] > 99, 1, np.nan))
    )
    few = {"n_estimators": 20, "min_child_samples": 5}
    with pytest.warns(DataWarning, match="NaN"):
        one, two = (
            means(
                LagRegression(lightgbm.LGBMRegressor(n_jobs=n, **few), past_lags=(6,)), data, 6, X=X
            )
            for n in (None, 2)
        )
    assert one.tolist() == two.tolist()
    assert np.isfinite(one).all()
    assert "".join(capfd.readouterr()) == ""


def test_lightgbm_settings_of_the_user_stand():
    lightgbm = pytest.importorskip("lightgbm", reason="lightgbm is an extra")
    said = lightgbm.LGBMRegressor(n_jobs=3, force_row_wise=True, verbose=1, random_state=5)
    params = fresh(said, 7).get_params()
    assert (params["n_jobs"], params["random_state"], params["verbose"]) == (3, 5, 1)
    assert "force_col_wise" not in params
    assert params["deterministic"] is True
    unsaid = fresh(make_pipeline(lightgbm.LGBMRegressor()), 7).get_params()
    assert unsaid["lgbmregressor__n_jobs"] == 1
    assert unsaid["lgbmregressor__random_state"] == 7


# --- arguments ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"regressor": Ridge}, r"give an instance, Ridge\(\)"),
        ({"regressor": StandardScaler()}, "StandardScaler has no predict"),
        ({"lags": ()}, "lags is empty"),
        ({"lags": (0, 1)}, "at least 1, got 0"),
        ({"lags": (1, 1)}, "names a number twice"),
        ({"lags": (1.5,)}, "whole numbers"),
        ({"rolling_means": ((1, 2, 3),)}, r"\(lag, width\) pairs"),
        ({"differences": (True,)}, "differences holds whole numbers"),
        ({"past_lags": ()}, "past_lags is empty"),
        ({"centre": 0}, "centre holds whole numbers"),
        ({"calendar": ("mnth",)}, "Did you mean 'month'"),
        ({"scale": "max"}, "'mean', 'std', None, got 'max'"),
        ({"strategy": "dirrec"}, "'recursive', 'direct', got 'dirrec'"),
        ({"horizon": 3}, "horizon"),
    ],
)
def test_a_bad_argument_is_refused_with_what_to_type(settings, message):
    with pytest.raises(ArgumentError, match=message):
        LagRegression(**{"regressor": Ridge(), **settings})


def test_lists_and_single_numbers_are_taken_for_tuples():
    given = LagRegression(Ridge(), lags=[1, 2], differences=1, rolling_means=3, calendar="month")
    assert given.lags == (1, 2)
    assert given.differences == (1,)
    assert given.rolling_means == ((1, 3),)
    assert given.calendar == ("month",)


# --- the contract -------------------------------------------------------------------------------------


@parametrize_forecasters(
    [
        LagRegression(Ridge(), past_lags=(4,)),
        LagRegression(Ridge(), strategy="direct", differences=(1,), lags=(1, 2, 12)),
    ],
    h=2,
)
def test_contract(forecaster_check):
    forecaster_check()
