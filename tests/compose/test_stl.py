"""STLForecaster against the library's own STL forecast, and exact cases."""

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.tsa.arima.model import ARIMA
from statsmodels.tsa.forecasting.stl import STLForecast
from statsmodels.tsa.seasonal import STL

from forecasting.backtesting import backtest
from forecasting.compose.stl import STLForecaster
from forecasting.errors import ArgumentError, ShortSeriesError
from forecasting.models.naive import Naive, RandomWalkWithDrift, WindowAverage
from forecasting.models.statsmodels import StatsmodelsARIMA, StatsmodelsTheta
from forecasting.testing import parametrize_forecasters


@pytest.fixture(scope="module")
def co2() -> pd.Series:
    """Monthly means of the atmospheric CO2 at Mauna Loa (ships with statsmodels), ppm, 84 months."""
    weekly = sm.datasets.co2.load_pandas().data["co2"]
    return weekly.resample("MS").mean().interpolate()[-84:]


def series(values):
    index = pd.date_range("2015-01-01", periods=len(values), freq="MS")
    return pd.Series(np.array(values, dtype=float), index=index)


@pytest.mark.parametrize("robust", [False, True])
def test_forecast_is_the_library_s_stl_forecast(co2, robust):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        library = STLForecast(
            co2.to_numpy(), ARIMA, model_kwargs={"order": (1, 1, 0)}, period=12, robust=robust
        )
        expected = library.fit().forecast(15)
    forecaster = STLForecaster(12, StatsmodelsARIMA(order=(1, 1, 0)), robust=robust)
    # Seasons agree to 1e-13 (tests/kernels/test_stl.py); where ARIMA's search ends differs by more.
    np.testing.assert_allclose(forecaster.fit(co2).predict(15), expected, rtol=1e-7)


def test_interval_is_the_member_s_moved_by_the_last_season(co2):
    season = np.asarray(STL(co2.to_numpy(), period=12).fit().seasonal)
    rest = Naive().fit(series(co2.to_numpy() - season)).predict(14, level=80)
    expected = rest.to_numpy() + np.tile(season[-12:], 2)[:14, None]
    found = STLForecaster(12, Naive()).fit(co2).predict(14, level=80)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_member_without_intervals_is_calibrated(co2):
    found = STLForecaster(12, WindowAverage(3)).fit(co2).predict(2, level=80)
    assert (found["lo-80"] < found["mean"]).all()
    assert (found["mean"] < found["hi-80"]).all()


@pytest.mark.parametrize("values", [[5.0] * 24, [0.0] * 24, [1.0, 2.0, 3.0, 6.0] * 6])
def test_what_repeats_itself_is_repeated(values):
    found = STLForecaster(4, RandomWalkWithDrift()).fit(series(values)).predict(5)
    assert found.tolist() == [*values[:4], values[0]]


@pytest.mark.parametrize("power", [-900, -40, 40, 900])
def test_forecasts_scale_with_the_data(co2, power):
    forecaster = STLForecaster(12, RandomWalkWithDrift())
    expected = forecaster.fit(co2).predict(6).to_numpy()
    moved = forecaster.fit(series(np.ldexp(co2.to_numpy(), power))).predict(6).to_numpy()
    np.testing.assert_array_equal(np.ldexp(moved, -power), expected)


def test_without_a_refit_the_season_stays_and_the_member_moves_on(co2):
    bt = backtest(
        co2, {"it": STLForecaster(12, Naive())}, h=2, n_windows=3, refit=False, progress=False
    )
    y = co2.to_numpy()
    season = np.asarray(STL(y[:78], period=12).fit().seasonal)[-12:]
    # The last cutoff lies 4 steps after the fit: the season at it is season[3], then season[4:6].
    expected = y[81] - season[3] + season[4:6]
    found = bt.forecasts.query("cutoff == cutoff.max()")["mean"]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_it_cannot_move_on_where_the_member_cannot(co2):
    with pytest.raises(ArgumentError, match="refit=True"):
        backtest(
            co2, {"it": STLForecaster(12, StatsmodelsTheta())}, h=2, n_windows=2, refit=False,
            progress=False,
        )  # fmt: skip


def test_less_than_two_seasons_are_refused():
    with pytest.raises(ShortSeriesError, match="needs at least 24"):
        STLForecaster(12, Naive()).fit(series(range(23)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, Naive()), "at least 2"),
        ((12, Naive), "for instance RandomWalkWithDrift"),
        ((12, Naive(), 8), "odd number"),
        ((12, Naive(), 5), "at least 7"),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        STLForecaster(*arguments)


@parametrize_forecasters([STLForecaster(12, RandomWalkWithDrift())])
def test_contract(forecaster_check):
    forecaster_check()
