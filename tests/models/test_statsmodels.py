"""The adapters to statsmodels against the library itself, and what the library does not guard."""

import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.tools.sm_exceptions import ConvergenceWarning
from statsmodels.tsa.arima.model import ARIMA
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.forecasting.theta import ThetaModel

from forecasting.backtesting import backtest
from forecasting.errors import (
    ArgumentError,
    EstimationWarning,
    MissingTargetError,
    NonPositiveError,
    ShortSeriesError,
)
from forecasting.models.naive import Naive
from forecasting.models.statsmodels import StatsmodelsARIMA, StatsmodelsETS, StatsmodelsTheta
from forecasting.regressors import Regressors
from forecasting.testing import contract_panel, parametrize_forecasters

HOLT_WINTERS = StatsmodelsETS(12, trend="add", damped=True, seasonal="add")
MULTIPLICATIVE = StatsmodelsETS(12, error="mul", trend="add", seasonal="mul")
AIRLINE = StatsmodelsARIMA(4, order=(0, 1, 1), seasonal_order=(0, 1, 1))
FAST = [StatsmodelsETS(), StatsmodelsTheta(12), StatsmodelsARIMA(order=(1, 1, 0))]


@pytest.fixture(scope="module")
def co2() -> pd.Series:
    """Monthly means of the atmospheric CO2 at Mauna Loa (ships with statsmodels), ppm, 84 months."""
    weekly = sm.datasets.co2.load_pandas().data["co2"]
    return weekly.resample("MS").mean().interpolate()[-84:].rename("co2")


def series(values, start="2015-01-01"):
    index = pd.date_range(start, periods=len(values), freq="MS")
    return pd.Series(np.array(values, dtype=float), index=index)


def quiet(call, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*args, **kwargs)


def sd_of(table):
    """The standard deviation behind a Gaussian 80 % interval."""
    return (table["hi-80"] - table["lo-80"]).to_numpy() / 2 / 1.2815515655446004


# --- the library's numbers ----------------------------------------------------------------------------


def test_additive_ets_is_the_library_in_mean_and_exact_variance(co2):
    kwargs = {"trend": "add", "damped_trend": True, "seasonal": "add", "seasonal_periods": 12}
    fitted = quiet(ETSModel(co2.reset_index(drop=True), **kwargs).fit, disp=False)
    expected = fitted.get_prediction(84, 98)
    found = HOLT_WINTERS.fit(co2).predict(15, level=80)
    np.testing.assert_allclose(found["mean"], expected.predicted_mean, rtol=1e-10)
    np.testing.assert_allclose(sd_of(found), np.sqrt(expected.forecast_variance), rtol=1e-9)


def test_multiplicative_ets_has_the_library_s_mean_and_simulated_interval(co2):
    kwargs = {"error": "mul", "trend": "add", "seasonal": "mul", "seasonal_periods": 12}
    fitted = quiet(ETSModel(co2.to_numpy(), **kwargs).fit, disp=False)
    errors = np.sqrt(fitted.scale) * np.random.default_rng(1).standard_normal((12, 20_000))
    paths = fitted.simulate(12, anchor="end", repetitions=20_000, random_errors=errors)
    many = StatsmodelsETS(12, error="mul", trend="add", seasonal="mul", n_samples=20_000)
    found = many.fit(co2).predict(12, level=80)
    np.testing.assert_allclose(found["mean"], fitted.forecast(12), rtol=1e-10)
    expected = np.quantile(paths, 0.9, axis=1) - np.quantile(paths, 0.1, axis=1)
    np.testing.assert_allclose(found["hi-80"] - found["lo-80"], expected, rtol=0.04)


@pytest.mark.parametrize("method", ["auto", "add"])
def test_theta_is_the_library_in_mean_and_interval(co2, method):
    fitted = quiet(ThetaModel(co2.to_numpy(), period=12, method=method).fit)
    bounds = quiet(fitted.prediction_intervals, 15, alpha=0.2)
    found = StatsmodelsTheta(12, method=method).fit(co2).predict(15, level=80)
    np.testing.assert_allclose(found["mean"], fitted.forecast(15), rtol=1e-10)
    np.testing.assert_allclose(found["lo-80"], bounds["lower"], rtol=1e-10)
    np.testing.assert_allclose(found["hi-80"], bounds["upper"], rtol=1e-10)


def test_arima_is_the_library_in_mean_and_standard_error(co2):
    model = ARIMA(co2.to_numpy(), order=(0, 1, 1), seasonal_order=(0, 1, 1, 4))
    expected = quiet(model.fit).get_forecast(15)
    found = AIRLINE.fit(co2).predict(15, level=80)
    np.testing.assert_allclose(found["mean"], expected.predicted_mean, rtol=1e-10)
    np.testing.assert_allclose(sd_of(found), expected.se_mean, rtol=1e-8)


def test_arima_takes_known_future_regressors_by_name(co2):
    frame = pd.DataFrame({"unique_id": "a", "ds": co2.index, "y": co2.to_numpy()})
    x = np.random.default_rng(0).normal(size=96)
    ds = pd.date_range(co2.index[0], periods=96, freq="MS")
    X = pd.DataFrame({"unique_id": "a", "ds": ds, "z": x**2, "x": x})
    frame["y"] += 3 * x[:84]
    model = ARIMA(frame["y"].to_numpy(), exog=np.c_[x**2, x][:84], order=(1, 1, 0))
    expected = quiet(model.fit).forecast(12, exog=np.c_[x**2, x][84:])
    forecaster = StatsmodelsARIMA(order=(1, 1, 0))
    found = forecaster.fit(frame, X=Regressors(known_future=X[:84])).predict(
        12, X=X[["x", "ds", "z", "unique_id"]][84:]
    )
    np.testing.assert_allclose(found["mean"], expected, rtol=1e-8)


# --- moving on without estimating again ---------------------------------------------------------------


@pytest.mark.parametrize("window", ["expanding", 60])
def test_ets_without_a_refit_smooths_on_with_the_first_parameters(co2, window):
    bt = backtest(
        co2, {"it": StatsmodelsETS(trend="add")}, h=3, n_windows=3, refit=False, window=window,
        progress=False,
    )  # fmt: skip
    first = 0 if window == "expanding" else 84 - 9 - 60
    y = co2.to_numpy()
    params = quiet(ETSModel(y[first:75], trend="add").fit, disp=False).params
    expected = quiet(ETSModel(y[first:81], trend="add").smooth, params).forecast(3)
    found = bt.forecasts.query("cutoff == cutoff.max()")["mean"]
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_arima_without_a_refit_filters_on_with_the_first_parameters(co2):
    forecaster = StatsmodelsARIMA(order=(1, 1, 0))
    bt = backtest(co2, {"it": forecaster}, h=3, n_windows=3, refit=False, progress=False)
    y = co2.to_numpy()
    fitted = quiet(ARIMA(y[:75], order=(1, 1, 0)).fit)
    expected = quiet(fitted.append, y[75:81], refit=False).forecast(3)
    found = bt.forecasts.query("cutoff == cutoff.max()")["mean"]
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_theta_says_that_it_cannot_move_on_without_a_refit(co2):
    with pytest.raises(ArgumentError, match="refit=True"):
        backtest(co2, {"it": StatsmodelsTheta(12)}, h=3, n_windows=2, refit=False, progress=False)


# --- what the library does not guard ------------------------------------------------------------------

ALL = [
    *FAST,
    HOLT_WINTERS,
    AIRLINE,
    StatsmodelsETS(trend="add"),
    StatsmodelsTheta(4, use_test=False),
]


@pytest.mark.parametrize("forecaster", ALL, ids=repr)
@pytest.mark.parametrize("value", [5.0, 0.0, -1e-300, 1e18])
def test_a_constant_is_forecast_by_itself(forecaster, value):
    found = quiet(forecaster.fit(series([value] * 36)).predict, 4, level=80)
    assert found.to_numpy().tolist() == [[value] * 3] * 4


@pytest.mark.parametrize(
    "forecaster",
    [
        StatsmodelsTheta(4),
        StatsmodelsTheta(4, use_test=False),
        StatsmodelsETS(4, seasonal="add"),
        StatsmodelsETS(4, error="mul", seasonal="mul"),
    ],
    ids=repr,
)
def test_a_perfect_season_is_repeated(forecaster):
    found = forecaster.fit(series([1.0, 2.0, 3.0, 7.0] * 9 + [1.0])).predict(5)
    assert found.tolist() == [2.0, 3.0, 7.0, 1.0, 2.0]


@pytest.mark.parametrize("forecaster", [*FAST, MULTIPLICATIVE], ids=repr)
def test_extreme_magnitudes_give_the_same_forecast_scaled(forecaster, co2):
    def at(power):
        moved = series(np.ldexp(co2.to_numpy() - 300, power))
        found = quiet(forecaster.fit(moved).predict, 6, level=80)
        return np.ldexp(found.to_numpy(), -power)

    tiny, huge = at(-900), at(60)
    if forecaster is MULTIPLICATIVE:  # its paths are drawn from a seed that the values make
        tiny, huge = tiny[:, 0], huge[:, 0]
    np.testing.assert_array_equal(tiny, huge)
    assert 0 < tiny.min()
    assert tiny.max() < 200  # the history lies between 50 and 72


def test_ordinary_magnitudes_are_not_touched(co2):
    thousandfold = co2 * 1000  # up to 370,000
    expected = quiet(ETSModel(thousandfold.to_numpy()).fit, disp=False).forecast(3)
    np.testing.assert_allclose(
        quiet(StatsmodelsETS().fit, thousandfold).predict(3), expected, rtol=1e-10
    )


@pytest.mark.parametrize(
    ("forecaster", "needed"),
    [
        (StatsmodelsARIMA(12, seasonal_order=(0, 1, 1), max_iterations=2), 27),  # 13 and 13 + 1
        (StatsmodelsARIMA(), 5),
        (StatsmodelsARIMA(order=(0, 0, 0)), 3),  # mean and variance
        (HOLT_WINTERS, 24),
        (StatsmodelsETS(), 4),
        (StatsmodelsETS(4, trend="add", damped=True, seasonal="add"), 11),
        (StatsmodelsTheta(12), 24),
        (StatsmodelsTheta(), 4),
    ],
    ids=repr,
)
def test_a_short_series_is_refused_with_the_number_it_needs(forecaster, needed, co2):
    assert needed == forecaster.min_observations
    with pytest.raises(ShortSeriesError, match=f"needs at least {needed}"):
        forecaster.fit(series(co2.to_numpy()[: needed - 1])).predict(2)
    enough = quiet(forecaster.fit, series(co2.to_numpy()[:needed]))
    assert np.isfinite(enough.predict(2)).all()


def test_a_regressor_needs_one_more_value(co2):
    ds = pd.date_range("2015-01-01", periods=6, freq="MS")
    X = pd.DataFrame({"unique_id": "a", "ds": ds, "x": [1.0, 3, 2, 5, 4, 6]})
    frame = pd.DataFrame({"unique_id": "a", "ds": ds[:5], "y": co2.to_numpy()[:5]})
    with pytest.raises(ShortSeriesError, match="needs at least 6"):
        StatsmodelsARIMA().fit(frame, X=Regressors(known_future=X[:5]))


@pytest.mark.parametrize(
    "forecaster",
    [MULTIPLICATIVE, StatsmodelsETS(trend="mul"), StatsmodelsTheta(12, method="mul")],
    ids=repr,
)
@pytest.mark.parametrize("bad", [0.0, -1.0])
def test_multiplicative_models_refuse_zero_and_less(forecaster, bad, co2):
    with pytest.raises(NonPositiveError, match="1 value of zero or less"):
        forecaster.fit(series([*co2.to_numpy()[:40], bad]))


def test_missing_values_are_filtered_over_by_arima_and_refused_by_the_others(co2):
    holes = series(co2.to_numpy())
    holes.iloc[[0, 10, 11, 40]] = np.nan
    for forecaster in (StatsmodelsETS(), StatsmodelsTheta(12)):
        with pytest.raises(MissingTargetError):
            quiet(forecaster.fit, holes)
    expected = quiet(ARIMA(holes.iloc[1:].to_numpy(), order=(1, 1, 0)).fit).forecast(3)
    found = quiet(StatsmodelsARIMA(order=(1, 1, 0)).fit, holes).predict(3)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StatsmodelsETS(12), "would be ignored by a model without a season"),
        (lambda: StatsmodelsETS(seasonal="add"), "season_length of at least 2"),
        (lambda: StatsmodelsETS(damped=True), "add trend='add'"),
        (lambda: StatsmodelsETS(error="both"), "'add', 'mul'"),
        (lambda: StatsmodelsETS(0), "whole number of at least 1"),
        (lambda: StatsmodelsETS(n_samples=3), "at least 100"),
        (lambda: StatsmodelsARIMA(12), "seasonal_order"),
        (lambda: StatsmodelsARIMA(order=(1, 1)), "three whole numbers"),
        (lambda: StatsmodelsARIMA(order=(1, 1, 1), trend="c"), "differenced away"),
        (lambda: StatsmodelsARIMA(max_iterations=0), "max_iterations"),
        (lambda: StatsmodelsTheta(12, theta=0.5), "at least 1"),
        (lambda: StatsmodelsTheta(12, deseasonalize=False), "deseasonalize=True"),
        (lambda: StatsmodelsTheta(sp=12), "season_length"),
    ],
)
def test_arguments_that_cannot_be_are_refused_with_what_to_type(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


# --- what stays inside --------------------------------------------------------------------------------


def test_an_optimiser_that_stops_early_is_told_once_a_call_and_not_as_the_library_tells_it(co2):
    hasty = StatsmodelsARIMA(order=(2, 1, 2), max_iterations=1)
    data = pd.concat([co2.rename("a"), (co2 + 1).rename("b")], axis=1)
    with pytest.warns(EstimationWarning, match=r"before it converged.*\(2 times\)") as caught:
        hasty.fit(data)
    assert len(caught) == 1
    assert not any(issubclass(w.category, ConvergenceWarning) for w in caught)


def test_what_the_forecasters_warn_of_survives_worker_processes(co2):
    hasty = StatsmodelsARIMA(order=(2, 1, 2), max_iterations=1)
    with pytest.warns(EstimationWarning, match=r"^hasty: the optimiser"):
        bt = backtest(co2, {"hasty": hasty, "naive": Naive()}, h=2, n_windows=2, n_jobs=2)
    assert bt.warnings[["model", "category", "n"]].to_numpy().tolist() == [
        ["hasty", "EstimationWarning", 2]
    ]


def test_global_state_is_as_before(co2):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    filters = list(warnings.filters)
    for forecaster in (*FAST, MULTIPLICATIVE):
        forecaster.fit(co2).predict(3, level=80)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    assert filters == warnings.filters


def test_making_a_forecaster_loads_no_statsmodels():
    code = (
        "import sys; from forecasting.models.statsmodels import *; StatsmodelsETS(); "
        "from forecasting.compose.stl import STLForecaster; "
        "print(sorted(n for n in sys.modules if n.split('.')[0] in ('statsmodels', 'scipy')))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@parametrize_forecasters(FAST[:1], data=contract_panel(40, 2), h=2)
def test_contract(forecaster_check):
    forecaster_check()


@pytest.mark.slow
@parametrize_forecasters(
    [*FAST[1:], StatsmodelsETS(4, error="mul", seasonal="mul")], data=contract_panel(30, 2), h=2
)
def test_contract_of_the_slower_ones(forecaster_check):
    forecaster_check()
