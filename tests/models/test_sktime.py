"""Forecasters of sktime inside our contract: equal to sktime called directly, and well behaved."""

# ruff: noqa: NPY002 - the global random state is what some of these are about

from __future__ import annotations

import copy
import pickle
import random
import warnings
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression
from sktime.forecasting.base import BaseForecaster
from sktime.forecasting.compose import YfromX, make_reduction
from sktime.forecasting.naive import NaiveForecaster
from sktime.forecasting.theta import ThetaForecaster

from forecasting.as_sktime import as_sktime
from forecasting.errors import ArgumentError, FailureWarning, LevelError, MissingTargetError
from forecasting.frequency import parse_frequency
from forecasting.models.naive import Naive, SeasonalNaive, WindowAverage
from forecasting.models.sktime import Sktime, period_name, time_index
from forecasting.reading import as_panel
from forecasting.regressors import Regressors
from forecasting.schedule import Schedule, rolling_windows
from forecasting.testing import check_forecaster, contract_panel, parametrize_forecasters

# sktime announces a default of its next version whenever an object of it is made.
pytestmark = pytest.mark.filterwarnings("ignore:The default of config:FutureWarning")

# Every kind of frequency that has a name in pandas.
MONTHLY = ("MS", "ME", "2ME", "6MS", "24MS", "QS-FEB", "QS-JAN", "QE-DEC", "QE-OCT", "YS-JAN")
OTHERS = ("YE-JUN", "W-MON", "W-SUN", "2W-FRI", "D", "3D", "B", "h", "6h", "15min", "90min", "s")


def series(n: int = 48, freq: str = "MS", start: str = "2019-01-05 09:30", seed: int = 0):
    """Return a series that no method fits exactly."""
    y = np.random.default_rng(seed).normal(50.0, 5.0, n) + np.tile([0.0, 9.0, -4.0], n)[:n]
    return pd.Series(y, index=pd.date_range(start, periods=n, freq=freq))


def panel(**given):
    """Return two series as a long frame."""
    both = {"a": series(seed=1, **given), "b": series(seed=2, **given)}
    parts = [
        pd.DataFrame({"unique_id": i, "ds": y.index, "y": y.to_numpy()}) for i, y in both.items()
    ]
    return pd.concat(parts, ignore_index=True)


# --- doubles: sktime forecasters that misbehave in one way each


class Dice(BaseForecaster):
    """Draws from the global generators, and from its own if it has been given a state."""

    _tags: ClassVar = {"requires-fh-in-fit": False, "capability:insample": False}

    def __init__(self, random_state=None):
        self.random_state = random_state
        super().__init__()

    def _fit(self, y, X, fh):
        self.drawn_ = np.random.normal() + random.random()
        return self

    def _predict(self, fh, X):
        own = np.random.default_rng(self.random_state).normal()
        values = self.drawn_ + own + np.random.normal(size=len(fh))
        return pd.Series(values, index=fh.to_absolute_index(self.cutoff))


class Odd(BaseForecaster):
    """Refuses negative numbers, warns, and has quantiles that cross, or none, as it is told."""

    _tags: ClassVar = {"requires-fh-in-fit": False, "capability:pred_int": True}

    def __init__(self, quantiles=True):
        self.quantiles = quantiles
        super().__init__()

    def _fit(self, y, X, fh):
        if (y < 0).any():
            raise RuntimeError("negative numbers frighten me")
        warnings.warn("a method of mine will go away", FutureWarning, stacklevel=1)
        warnings.warn("the optimiser did not converge", RuntimeWarning, stacklevel=1)
        y.iloc[0] = -1e9  # writes into what it was given
        return self

    def _predict(self, fh, X):
        return pd.Series(0.0, index=fh.to_absolute_index(self.cutoff))

    def _predict_quantiles(self, fh, X, alpha):
        if not self.quantiles:
            raise NotImplementedError("not for these parameters")
        columns = pd.MultiIndex.from_product([[0], alpha])
        falling = [[-float(a) for a in alpha]] * len(fh)
        return pd.DataFrame(falling, index=fh.to_absolute_index(self.cutoff), columns=columns)


# --- the same numbers


@pytest.mark.parametrize("freq", ["MS", "QE-DEC", "W-MON", "D", "B", "h"])
def test_seasonal_naive_of_sktime_equals_ours(freq):
    y = series(freq=freq)
    ours = SeasonalNaive(12).fit(y).predict(15)
    theirs = Sktime(NaiveForecaster(strategy="last", sp=12)).fit(y).predict(15)
    pd.testing.assert_series_equal(ours, theirs)


@pytest.mark.parametrize("index", ["period", "datetime", "integer"])
def test_every_kind_of_index_gives_the_same_forecast(index):
    y = series(freq="D").tz_localize("America/Sao_Paulo")
    ours = SeasonalNaive(7).fit(y).predict(8)
    theirs = Sktime(NaiveForecaster(sp=7), index=index).fit(y).predict(8)
    pd.testing.assert_series_equal(ours, theirs)


def test_integer_time_in_steps_of_ten():
    y = pd.Series([1.0, 2.0, 3.0, 4.0], index=[10, 20, 30, 40])
    found = Sktime(NaiveForecaster(sp=2)).fit(y).predict(3)
    assert found.to_dict() == {50: 3.0, 60: 4.0, 70: 3.0}


def test_periods_come_in_and_go_out():
    y = pd.Series([1.0, 2.0, 3.0], index=pd.period_range("2024-01-01", periods=3, freq="W-SUN"))
    found = Sktime(NaiveForecaster()).fit(y).predict(1)
    assert found.index.equals(pd.period_range("2024-01-22", periods=1, freq="W-SUN"))


def test_theta_equals_sktime_called_directly_with_its_own_intervals():
    y = series(freq="MS")
    direct = ThetaForecaster(sp=12).fit(y.set_axis(y.index.to_period("M")))
    mean = direct.predict(fh=np.arange(1, 7))
    bounds = direct.predict_interval(fh=np.arange(1, 7), coverage=0.8).to_numpy()
    found = Sktime(ThetaForecaster(sp=12)).fit(y).predict(6, level=80)
    assert_array_equal(mean.to_numpy(), found["mean"])
    assert_allclose(bounds, found[["lo-80", "hi-80"]], rtol=1e-12)


@pytest.mark.parametrize("model", [SeasonalNaive(12), WindowAverage(5)], ids=repr)
def test_there_and_back_again_is_ours(model):
    data = panel()
    ours = model.fit(data).predict(4, level=(50, 80))
    back = Sktime(as_sktime(model)).fit(data).predict(4, level=(50, 80))
    pd.testing.assert_frame_equal(ours, back, rtol=1e-12)


def test_one_that_needs_the_horizon_is_fitted_when_it_is_known():
    y = pd.Series(np.arange(30.0), index=pd.period_range("2024-01", periods=30, freq="M"))
    direct = make_reduction(LinearRegression(), window_length=3, strategy="direct")
    found = Sktime(direct).fit(y).predict(3)
    assert_allclose([30.0, 31.0, 32.0], found)


def test_known_regressors_reach_it_by_name():
    times = pd.date_range("2024-01-01", periods=22, freq="D")
    x, z = np.random.default_rng(3).normal(size=(2, 22))
    y = pd.Series(2 * x[:20] - 3 * z[:20] + 1, index=times[:20])
    X = pd.DataFrame({"ds": times, "z": z, "x": x})
    model = Sktime(YfromX(LinearRegression())).fit(y, X=Regressors(known_future=X))
    other_order = X.loc[::-1, ["x", "ds", "z"]]
    assert_allclose(2 * x[20:] - 3 * z[20:] + 1, model.predict(2, X=other_order))


# --- intervals


def test_one_without_intervals_is_calibrated():
    y = series(n=60)
    model = Sktime(make_reduction(LinearRegression(), window_length=6)).fit(y)
    found = model.predict(2, level=80)
    assert_allclose(found["mean"] - found["lo-80"], found["hi-80"] - found["mean"])
    assert (found["hi-80"] > found["mean"]).all()


def test_too_few_windows_to_calibrate_are_refused():
    model = Sktime(make_reduction(LinearRegression(), window_length=6)).fit(series(n=12))
    with pytest.raises(LevelError, match="level 95 needs 19 past forecasts"):
        model.predict(2, level=95)


@pytest.mark.filterwarnings("ignore:the optimiser")
def test_quantiles_are_matched_by_probability_and_do_not_cross():
    found = Sktime(Odd()).fit(series().abs()).predict(1, quantiles=(0.9, 0.1, 0.5))
    assert found[["q-0.1", "q-0.5", "q-0.9"]].to_numpy().tolist() == [[-0.9, -0.5, -0.1]]


@pytest.mark.filterwarnings("ignore:the optimiser")
def test_one_that_breaks_its_promise_of_intervals_is_calibrated():
    y = pd.Series(np.full(40, 7.0), index=pd.period_range("2020-01", periods=40, freq="M"))
    found = Sktime(Odd(quantiles=False)).fit(y).predict(1, level=80)
    assert found.to_numpy().tolist() == [[0.0, -7.0, 7.0]]


# --- good manners


def test_the_object_of_the_user_is_not_touched():
    theirs = NaiveForecaster(sp=12)
    before = copy.deepcopy(theirs)
    Sktime(theirs).fit(panel()).predict(3)
    assert not theirs.is_fitted
    assert theirs == before


def test_global_random_states_are_put_back_and_do_not_matter():
    y, model = series(), Sktime(Dice())
    np.random.seed(1)
    random.seed(1)
    of_numpy, of_python = np.random.get_state()[1].copy(), random.getstate()
    first = model.fit(y).predict(3)
    assert_array_equal(of_numpy, np.random.get_state()[1])
    assert of_python == random.getstate()
    np.random.seed(2)
    random.seed(2)
    pd.testing.assert_series_equal(first, model.predict(3))
    pd.testing.assert_series_equal(first, model.fit(y).predict(3))


def test_an_open_random_state_is_set_from_the_seed_and_a_given_one_is_left():
    y = series()
    assert Sktime(Dice()).fit(y, seed=1).predict(1)[0:1].item() != pytest.approx(
        Sktime(Dice()).fit(y, seed=2).predict(1).item()
    )
    history = rolling_windows(as_panel(y), Schedule(h=1, n_windows=1).checked(), 0)[0].history(0, 0)
    assert Sktime(Dice())._fit(history).model.random_state is not None
    assert Sktime(Dice(random_state=5))._fit(history).model.random_state == 5


@pytest.mark.filterwarnings("ignore:the optimiser")
def test_what_fails_costs_its_own_series_only():
    data = panel()
    data.loc[data["unique_id"] == "a", "y"] *= -1
    with pytest.warns(
        FailureWarning, match="a: MODEL, the forecaster raised RuntimeError: negative"
    ):
        found = Sktime(Odd()).fit(data)
    assert found.predict(1)["mean"].isna().tolist() == [True, False]
    assert found.failures["code"].tolist() == ["MODEL"]


def test_notices_are_muted_and_warnings_about_the_numbers_pass():
    model = Sktime(Odd())
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        model.fit(series().abs())
    assert [str(w.message) for w in said] == ["the optimiser did not converge"]


def test_missing_values_reach_only_those_that_take_them():
    y = series(n=24)
    y.iloc[5] = np.nan
    assert Sktime(NaiveForecaster()).handles_missing
    assert Sktime(NaiveForecaster()).fit(y).predict(1).item() == y.iloc[-1]
    assert not Sktime(ThetaForecaster()).handles_missing
    with pytest.raises(MissingTargetError):
        Sktime(ThetaForecaster()).fit(y)


def test_a_backtest_without_refit_is_refused():
    schedule = Schedule(h=2, n_windows=2, refit=False).checked()
    windows, _, _ = rolling_windows(as_panel(series()), schedule, 0)
    with pytest.raises(ArgumentError, match="Sktime cannot move on without a refit"):
        Sktime(NaiveForecaster()).check_refit(windows)


def test_a_short_horizon_is_the_head_of_a_long_one():
    model = Sktime(ThetaForecaster(sp=12)).fit(series())
    pd.testing.assert_frame_equal(model.predict(3, level=80), model.predict(9, level=80).head(3))


@parametrize_forecasters([Sktime(as_sktime(SeasonalNaive(12)))])
def test_the_contract_is_kept(forecaster_check):
    forecaster_check()


@pytest.mark.slow
def test_the_contract_is_kept_by_one_of_sktime():
    check_forecaster(Sktime(NaiveForecaster(sp=12)), data=contract_panel(40, 2), h=2)


# --- a parameter like any other


def test_equal_parameters_make_equal_forecasters():
    assert Sktime(NaiveForecaster(sp=12)) == Sktime(NaiveForecaster(sp=12))
    assert hash(Sktime(NaiveForecaster(sp=12))) == hash(Sktime(NaiveForecaster(sp=12)))
    assert Sktime(NaiveForecaster(sp=12)) != Sktime(NaiveForecaster(sp=4))
    assert Sktime(NaiveForecaster()) != Sktime(NaiveForecaster(), index="integer")


def test_repr_is_one_line_that_says_what_was_given():
    assert repr(Sktime(NaiveForecaster(sp=12))) == "Sktime(NaiveForecaster(sp=12))"
    assert repr(Sktime(Dice(), index="integer")) == "Sktime(Dice(), index='integer')"


def test_a_fitted_one_survives_pickle():
    model = Sktime(NaiveForecaster(sp=12)).fit(series())
    again = pickle.loads(pickle.dumps(model))
    assert again == model
    pd.testing.assert_series_equal(model.predict(3), again.predict(3))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (NaiveForecaster, r"type Sktime\(NaiveForecaster\(\.\.\.\)\)"),
        (Naive(), "is a forecaster of this package; use it as it is"),
        (LinearRegression(), r"takes a forecaster of sktime, for instance .* got LinearRegression"),
    ],
)
def test_anything_but_an_instance_of_a_sktime_forecaster_is_refused(value, message):
    with pytest.raises(ArgumentError, match=message):
        Sktime(value)


def test_an_unknown_kind_of_index_is_refused():
    with pytest.raises(ArgumentError, match="index must be one of"):
        Sktime(NaiveForecaster(), index="dates")


# --- time as sktime sees it


@pytest.mark.parametrize("alias", [*MONTHLY, *OTHERS])
@pytest.mark.filterwarnings("ignore:Period:FutureWarning")
def test_steps_are_consecutive_periods(alias):
    times = pd.date_range("2019-01-05 09:30", periods=30, freq=alias)
    name = period_name(parse_frequency(alias).bind(times.to_numpy()[:1]))
    periods = times.to_period(name)
    assert (periods[1:] == periods[:-1] + 1).all()
    if name[:2] in ("W-", "Q-", "Y-"):  # they are dated where they start or end
        dated = times.normalize()
        assert (dated == periods.start_time).all() or (dated == periods.end_time.normalize()).all()


@pytest.mark.parametrize("kind", ["period", "datetime", "integer"])
def test_the_future_follows_the_past_without_a_seam(kind):
    calendar = as_panel(series(freq="W-MON")).calendar
    past, future = time_index(calendar, 5, 4, kind), time_index(calendar, 9, 2, kind)
    whole = time_index(calendar, 5, 6, kind)
    assert whole.tolist() == [*past.tolist(), *future.tolist()]


def test_sub_seconds_and_listed_calendars_become_integers():
    days = pd.DatetimeIndex(["2024-01-01", "2024-01-03", "2024-01-04", "2024-01-08", "2024-01-09"])
    y = pd.Series([1.0, 2.0, 3.0], index=days[:3])
    calendar = as_panel(y, freq=days).calendar
    assert time_index(calendar, 0, 3, "period").equals(pd.RangeIndex(3))
    assert Sktime(NaiveForecaster(sp=2)).fit(y, freq=days).predict(2).to_dict() == {
        days[3]: 2.0,
        days[4]: 3.0,
    }
