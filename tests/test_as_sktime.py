"""Forecasters of ours behind sktime's interface."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sktime.forecasting.model_selection import ForecastingGridSearchCV
from sktime.split import ExpandingWindowSplitter
from sktime.utils.estimator_checks import check_estimator

from forecasting.as_sktime import as_sktime, calendar_of
from forecasting.base import LocalForecaster
from forecasting.errors import ArgumentError, LevelError, RegressorError, UnknownKeywordError
from forecasting.models.naive import HistoricAverage, Naive, SeasonalNaive, WindowAverage

# sktime's checks that say most in the least time; `python -m benchmarks.sktime_checks` runs all.
QUICK_CHECKS = [
    "test_clone",
    "test_constructor",
    "test_cutoff",
    "test_deepcopy_fitted_predict",
    "test_different_fh_in_fit_and_predict_error_handling",
    "test_doctest_examples",
    "test_fh_attribute",
    "test_fh_not_passed_error_handling",
    "test_fit_does_not_overwrite_hyper_params",
    "test_fit_idempotent",
    "test_get_params",
    "test_get_test_params",
    "test_methods_have_no_side_effects",
    "test_non_state_changing_method_contract",
    "test_persistence_via_pickle",
    "test_predict_interval",
    "test_predict_quantiles",
    "test_predict_series_name_preserved",
    "test_raises_not_fitted_error",
    "test_save_estimators_to_file",
    "test_set_params",
    "test_set_params_sklearn",
    "test_update_predict_single",
    "test_update_with_exogenous_variables",
    "test_valid_object_tags",
    "test__y_when_refitting",
]


def series(n: int = 36, freq: str = "M", seed: int = 0) -> pd.Series:
    """Return a series on periods."""
    y = np.random.default_rng(seed).normal(20.0, 3.0, n)
    return pd.Series(y, index=pd.period_range("2020-01-01", periods=n, freq=freq), name="sales")


# --- doubles: forecasters of ours that show what reaches them


@dataclass(frozen=True)
class LastPlusStep(LocalForecaster):
    """The last value plus the lead time: it shows from where it counts. It estimates, in name."""

    def _fit(self, history):
        return history.y[-1]

    def _predict(self, state, future):
        return state + future.steps


@dataclass(frozen=True)
class Echo(LocalForecaster):
    """The first regressor that is known ahead."""

    def _fit(self, history):
        if history.X_names[0] != "7":
            raise RuntimeError(f"the regressors are {history.X_names}")

    def _predict(self, state, future):
        return future.X[:, 0]


@dataclass(frozen=True)
class Dice(LocalForecaster):
    """A random number, from the seed."""

    def _fit(self, history):
        return history.rng().normal()

    def _predict(self, state, future):
        return np.full(future.h, state)


@dataclass(frozen=True)
class LastSeen(LocalForecaster):
    """The last value that is not missing."""

    handles_missing = True

    def _fit(self, history):
        return history.y[~np.isnan(history.y)][-1]

    def _predict(self, state, future):
        return np.full(future.h, state)


# --- the same numbers


@pytest.mark.parametrize("freq", ["D", "h", "M", "Q-OCT", "W-SUN", "Y-DEC"])
@pytest.mark.parametrize("stamps", [False, True])
def test_forecasts_are_ours_at_the_times_of_sktime(freq, stamps):
    y = series(freq=freq)
    if stamps:
        y = y.set_axis(y.index.to_timestamp())
        y.index.freq = pd.infer_freq(y.index)
    ours = SeasonalNaive(5).fit(y).predict(8)
    found = as_sktime(SeasonalNaive(5)).fit(y).predict(fh=[2, 8])
    assert found.name == "sales"
    assert found.to_dict() == ours.iloc[[1, 7]].to_dict()


def test_an_absolute_horizon_means_these_times():
    y = series()
    times = pd.PeriodIndex(["2023-02", "2023-05"], freq="M")
    found = as_sktime(SeasonalNaive(12)).fit(y, fh=times).predict()
    assert found.to_dict() == {times[0]: y["2022-02"], times[1]: y["2022-05"]}


def test_integer_time_goes_in_steps_of_one():
    y = pd.Series([1.0, 2.0, 3.0], index=[4, 5, 6])
    assert as_sktime(Naive()).fit(y).predict(fh=[1, 3]).to_dict() == {7: 3.0, 9: 3.0}


def test_times_within_the_training_data_are_refused():
    with pytest.raises(NotImplementedError, match="in-sample"):
        as_sktime(Naive()).fit(series()).predict(fh=[0, 1])


def test_every_column_and_every_series_is_forecast():
    one = series()
    two = pd.DataFrame({"a": one, "b": -one})
    found = as_sktime(Naive()).fit(two).predict(fh=1)
    assert found.to_numpy().tolist() == [[one.iloc[-1], -one.iloc[-1]]]
    shops = pd.concat({("x", "s1"): two[["a"]], ("x", "s2"): two[["a"]] * 2})
    found = as_sktime(Naive()).fit(shops).predict(fh=[1])
    assert found["a"].tolist() == [one.iloc[-1], 2 * one.iloc[-1]]


# --- intervals


@pytest.mark.parametrize("model", [SeasonalNaive(4), WindowAverage(5)], ids=repr)
def test_intervals_are_our_levels(model):
    y = series()
    ours = model.fit(y).predict(3, level=(50, 80))[["lo-80", "hi-80", "lo-50", "hi-50"]]
    found = as_sktime(model).fit(y).predict_interval(fh=[1, 2, 3], coverage=[0.8, 0.5])
    assert_allclose(ours, found, rtol=1e-12)


def test_quantiles_come_in_the_order_they_were_asked_for():
    y = series()
    ours = SeasonalNaive(4).fit(y).predict(1, quantiles=(0.1, 0.7, 0.9))
    found = as_sktime(SeasonalNaive(4)).fit(y).predict_quantiles(fh=1, alpha=[0.9, 0.1, 0.7])
    assert found.columns.tolist() == [("sales", 0.9), ("sales", 0.1), ("sales", 0.7)]
    assert_allclose(ours[["q-0.9", "q-0.1", "q-0.7"]], found)


def test_too_short_a_history_for_an_interval_is_an_error_with_the_number():
    model = as_sktime(WindowAverage(5)).fit(series(n=10))
    assert len(model.predict(fh=[1])) == 1
    with pytest.raises(LevelError, match="level 90 needs 9 past forecasts"):
        model.predict_interval(fh=[1], coverage=0.9)


# --- regressors


def test_regressors_are_known_ahead_and_keep_their_names():
    y = series(n=6)
    times = pd.period_range(y.index[0], periods=9, freq="M")
    X = pd.DataFrame({7: np.arange(9.0), "other": 0.0}, index=times)
    model = as_sktime(Echo()).fit(y, X=X[:6])
    assert model.predict(fh=[1, 3], X=X[6:]).tolist() == [6.0, 8.0]


def test_regressors_that_do_not_reach_to_the_horizon_are_refused():
    y = series(n=6)
    times = pd.period_range(y.index[0], periods=9, freq="M")
    X = pd.DataFrame({7: np.arange(9.0)}, index=times)
    model = as_sktime(Echo()).fit(y, X=X[:6])
    with pytest.raises(RegressorError, match="X lacks 1 row of the next 3 steps"):
        model.predict(fh=[1, 3], X=X.iloc[[6, 8]])
    with pytest.raises(RegressorError, match="fit had known-future regressors 7"):
        model.predict(fh=[1])


# --- moving on


def test_update_with_new_parameters_learns_again():
    y = series()
    model = as_sktime(LastPlusStep()).fit(y[:30]).update(y[30:])
    assert model.predict(fh=[1]).to_dict() == {pd.Period("2023-01"): y.iloc[-1] + 1}


def test_update_without_new_parameters_answers_from_the_old_estimate_for_the_new_dates():
    y = series()
    model = as_sktime(LastPlusStep()).fit(y[:30]).update(y[30:], update_params=False)
    assert model.predict(fh=[1]).to_dict() == {pd.Period("2023-01"): y.iloc[29] + 7}


def test_update_of_one_that_estimates_nothing_answers_from_the_new_data():
    y = series()
    model = as_sktime(Naive()).fit(y[:30]).update(y[30:], update_params=False)
    assert model.predict(fh=[1]).tolist() == [y.iloc[-1]]


def test_update_carries_the_regressors_along():
    y = series(n=9)
    X = pd.DataFrame({7: np.arange(11.0)}, index=pd.period_range(y.index[0], periods=11, freq="M"))
    for params in (True, False):
        model = as_sktime(Echo()).fit(y[:5], X=X[:5])
        model.update(y[5:], X=X[5:9], update_params=params)
        assert model.predict(fh=[2], X=X[9:]).tolist() == [10.0]


def test_newer_data_count_where_both_have_a_time():
    y = series(n=6)
    model = as_sktime(HistoricAverage()).fit(y)
    model.update(y[4:] + 60)
    assert model.predict(fh=[1]).item() == pytest.approx(y.mean() + 20)


# --- a sktime object like any other


def test_parameters_of_the_forecaster_can_be_read_and_set():
    model = as_sktime(SeasonalNaive(4))
    assert model.get_params() == {
        "forecaster": SeasonalNaive(4),
        "forecaster__season_length": 4,
        "random_state": None,
    }
    model.set_params(forecaster__season_length=7, random_state=3)
    assert model.forecaster == SeasonalNaive(7)
    assert model.random_state == 3
    with pytest.raises(UnknownKeywordError, match="SeasonalNaive has no argument 'seasons'"):
        model.set_params(forecaster__seasons=2)


def test_parameters_deep_inside_can_be_set():
    @dataclass(frozen=True)
    class Holder(LocalForecaster):
        member: LocalForecaster

        def _fit(self, history):
            return self.member._fit(history)

        def _predict(self, state, future):
            return self.member._predict(state, future).mean

    model = as_sktime(Holder(SeasonalNaive(2)))
    assert model.get_params()["forecaster__member__season_length"] == 2
    model.set_params(forecaster__member__season_length=3)
    assert model.forecaster == Holder(SeasonalNaive(3))


@pytest.mark.filterwarnings("ignore:The default of config:FutureWarning")
def test_a_grid_search_of_sktime_finds_the_season():
    y = pd.Series(np.tile([1.0, 5.0, 2.0], 10), index=pd.RangeIndex(30))
    folds = ExpandingWindowSplitter(fh=[1, 2], initial_window=20, step_length=4)
    grid = {"forecaster__season_length": [2, 3]}
    found = ForecastingGridSearchCV(as_sktime(SeasonalNaive(4)), folds, grid).fit(y, fh=[1])
    assert found.best_params_ == {"forecaster__season_length": 3}
    assert found.predict().tolist() == [1.0]


def test_the_forecaster_that_was_given_is_not_fitted():
    ours = Naive()
    as_sktime(ours).fit(series())
    assert ours._fitted is None


def test_the_random_state_is_the_seed():
    y = series()
    ours = Dice().fit(y, seed=5).predict(1).item()
    assert as_sktime(Dice(), random_state=5).fit(y).predict(fh=1).item() == ours
    assert as_sktime(Dice(), random_state=6).fit(y).predict(fh=1).item() != ours


def test_missing_values_are_taken_by_those_that_take_them():
    y = series(n=6)
    y.iloc[5] = np.nan
    assert as_sktime(LastSeen()).fit(y).predict(fh=1).item() == y.iloc[4]
    with pytest.raises(ValueError, match="missing"):
        as_sktime(Naive()).fit(y)


def test_one_observation_shows_its_calendar():
    assert calendar_of(pd.period_range("2024-01", periods=1, freq="M")) == {"freq": "MS"}
    assert calendar_of(pd.date_range("2024-01-31", periods=1, freq="ME")) == {"freq": "ME"}
    assert calendar_of(pd.RangeIndex(1)) == {"freq": 1}
    y = series(n=1)
    assert as_sktime(Naive()).fit(y).predict(fh=[2]).to_dict() == {pd.Period("2020-03"): y.iloc[0]}


def test_anything_but_a_forecaster_of_ours_is_refused():
    with pytest.raises(ArgumentError, match="as_sktime takes a forecaster"):
        as_sktime("naive")


def test_pickle_is_read_by_a_process_that_never_made_one():
    y = series()
    kept = pickle.dumps(as_sktime(SeasonalNaive(12)).fit(y))
    code = (
        "import pickle, sys; model = pickle.loads(sys.stdin.buffer.read()); "
        "sys.stdout.write(str(float(model.predict(fh=[3]).iloc[0])))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], input=kept, capture_output=True, check=True
    )
    assert float(found.stdout) == y["2022-03"].item()


def test_sktime_is_imported_only_when_one_is_made():
    code = "import forecasting.as_sktime, forecasting.models.sktime, sys; sys.exit('sktime' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.filterwarnings("ignore")  # of sktime's test suite, which is full of them
def test_it_passes_the_checks_of_sktime():
    results = check_estimator(as_sktime(SeasonalNaive(4)), tests_to_run=QUICK_CHECKS, verbose=False)
    assert {name: outcome for name, outcome in results.items() if outcome != "PASSED"} == {}
    ran = {name.split("[")[0] for name in results}  # older versions of sktime lack a few
    assert len(ran) >= len(QUICK_CHECKS) - 3
