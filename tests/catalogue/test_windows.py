"""W01 to W07, W12 to W20: the windows of a backtest. What cannot be is refused with what can."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from forecasting import LagRegression, LocalForecaster, Naive, backtest
from forecasting.errors import ArgumentError, LevelError, StaleSeriesWarning, WindowError
from forecasting.testing import ContractError, check_forecaster


def test_W01_too_many_windows_say_how_many_there_can_be(df, refuses):
    words = ("n_windows=60", "the data has 60", "largest feasible n_windows is 8")
    refuses(lambda: backtest(df, Naive(), h=7, n_windows=60), WindowError, *words)
    assert 8 == len(backtest(df, Naive(), h=7, n_windows=8).facts.cutoffs)


@pytest.mark.parametrize(
    ("case", "wrong"),
    [
        ("W02", {"n_windows": 0}),
        ("W02", {"n_windows": -1}),
        ("W02", {"n_windows": 2.0}),
        ("W02", {"step_size": -1}),
        ("W03", {"step_size": 0}),
    ],
)
def test_W02_W03_counts_of_windows_are_whole_numbers_of_at_least_1(df, refuses, case, wrong):
    ((name, value),) = wrong.items()
    words = (name, "at least 1", repr(value))
    refuses(lambda: backtest(df, Naive(), h=3, **wrong), WindowError, *words)


def test_W04_steps_longer_than_the_horizon_leave_days_without_a_forecast(df):
    bt = backtest(df, Naive(), h=3, n_windows=3, step_size=10)
    a = bt.forecasts[bt.forecasts["unique_id"] == "a"]
    assert [pd.Timedelta(days=10)] * 2 == list(pd.Series(a["cutoff"].unique()).diff()[1:])
    assert 9 == a["ds"].nunique()
    assert (3, 10) == (bt.facts.h, bt.facts.step_size)


@pytest.mark.filterwarnings("ignore::forecasting.errors.StaleSeriesWarning")
def test_W05_cutoffs_are_days_that_all_series_share(df):
    """A series that ended is reported, and never forecast from a neighbour's future."""
    ragged = df[(df["unique_id"] == "a") | (df["ds"] < "2024-02-10")]
    models = {"naive": Naive(), "panel": LagRegression(LinearRegression(), lags=(1,))}
    bt = backtest(ragged, models, h=5, n_windows=4, step_size=7)
    assert 4 == len(bt.facts.cutoffs)
    b = bt.skipped[bt.skipped["unique_id"] == "b"]
    assert ["ended before the cutoff"] * 3 == b["reason"].tolist()
    taken = bt.forecasts[bt.forecasts["unique_id"] == "b"]
    assert (taken["ds"] < "2024-02-10").all()
    first = taken["cutoff"].min()
    changed = ragged.assign(y=ragged["y"].where(ragged["ds"] <= first, 1e6))
    again = backtest(changed, models, h=5, n_windows=4, step_size=7)
    for model in models:
        before, after = (
            r.forecasts[(r.forecasts["model"] == model) & (r.forecasts["cutoff"] == first)]
            for r in (bt, again)
        )
        before, after = before.drop(columns="y"), after.drop(columns="y")
        assert 10 == len(before)
        pd.testing.assert_frame_equal(before, after, check_exact=True)


def test_W06_a_short_series_takes_part_where_it_can(df):
    short = df[(df["unique_id"] == "a") | (df["ds"] >= "2024-02-18")]
    bt = backtest(short, Naive(), h=7, n_windows=3)
    assert {"a": 3, "b": 1} == bt.forecasts.groupby("unique_id", observed=True)[
        "cutoff"
    ].nunique().to_dict()
    assert [("b", "not started")] * 2 == list(
        bt.skipped[["unique_id", "reason"]].itertuples(index=False, name=None)
    )


def test_W07_a_gap_before_the_cutoff_fails_and_moves_no_step(df):
    holed = df.drop(index=[50, 51])
    bt = backtest(holed, Naive(), h=7, freq="D")
    failed = bt.failures[["unique_id", "model", "stage", "code"]]
    assert [("a", "Naive", "data", "GAP")] == list(failed.itertuples(index=False, name=None))
    assert (
        bt.forecasts["ds"] == bt.forecasts["cutoff"] + pd.to_timedelta(bt.forecasts["step"], "D")
    ).all()


def test_W12_a_change_to_the_frame_after_the_run_changes_no_result(df):
    bt = backtest(df, Naive(), h=5)
    before = bt.forecasts.copy(), bt.history.copy()
    df["y"] = 0.0
    pd.testing.assert_frame_equal(before[0], bt.forecasts, check_exact=True)
    pd.testing.assert_frame_equal(before[1], bt.history, check_exact=True)


@dataclass(frozen=True)
class Peeks(LocalForecaster):
    """Would like to see the future: takes what lies behind its history in memory."""

    def _fit(self, history):
        whole = history.y if history.y.base is None else history.y.base
        return float(whole[-1])

    def _predict(self, state, future):
        return np.full(future.h, state)


def test_W13_a_forecaster_that_leaks_is_named(df):
    with pytest.raises(ContractError, match="future"):
        check_forecaster(Peeks())


def test_W14_a_last_window_that_is_not_complete_is_left_out_or_marked(df):
    early = df.drop(index=[55, 56, 57, 58, 59])
    with pytest.warns(StaleSeriesWarning):
        dropped = backtest(early, Naive(), h=7)
    assert [("a", "test part incomplete")] == list(
        dropped.skipped[["unique_id", "reason"]].itertuples(index=False, name=None)
    )
    with pytest.warns(StaleSeriesWarning):
        kept = backtest(early, Naive(), h=7, partial="keep")
    a = kept.forecasts[kept.forecasts["unique_id"] == "a"]
    assert [False] * 2 + [True] * 5 == a["y"].isna().tolist()
    assert 5 == kept.summary()["n_missing_actual"].item()


@dataclass(frozen=True)
class Last(LocalForecaster):
    """The last value; cannot move on without an estimate, and knows no distribution."""

    def _fit(self, history):
        return float(history.y[-1])

    def _predict(self, state, future):
        return np.full(future.h, state)


@pytest.mark.parametrize("refit", [False, 2])
def test_W15_estimates_are_kept_only_by_forecasters_that_can_move_on(df, refuses, refit):
    words = ("Last cannot move on without a refit", "use refit=True")
    refuses(lambda: backtest(df, Last(), h=2, n_windows=3, refit=refit), ArgumentError, *words)


def test_W19_a_level_that_the_past_cannot_calibrate_is_withheld_with_the_number_it_needs(
    df, refuses
):
    few = df[df["ds"] < "2024-01-06"]
    words = ("level 95 needs 19 past forecasts", "ask for level")
    refuses(lambda: Last().fit(few).predict(1, level=95), LevelError, *words)
    bt = backtest(few, Last(), h=1, level=95)
    assert {("interval", "LEVEL")} == set(
        bt.failures[["stage", "code"]].itertuples(index=False, name=None)
    )
    assert bt.forecasts["mean"].notna().all()
    assert bt.forecasts["lo-95"].isna().all()


def test_W20_a_series_too_short_for_the_lags_is_a_failure_and_has_no_forecast(df):
    short = df[(df["unique_id"] == "a") | (df["ds"] >= "2024-02-20")]
    bt = backtest(short, LagRegression(LinearRegression(), lags=(1, 7, 14)), h=2)
    assert [("b", "SHORT")] == list(
        bt.failures[["unique_id", "code"]].itertuples(index=False, name=None)
    )
    assert bt.forecasts[bt.forecasts["unique_id"] == "b"]["mean"].isna().all()
    assert bt.forecasts[bt.forecasts["unique_id"] == "a"]["mean"].notna().all()
