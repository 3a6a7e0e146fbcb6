"""STLForecaster against the library's own STL forecast, and exact cases."""

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.tsa.arima.model import ARIMA
from statsmodels.tsa.forecasting.stl import STLForecast
from statsmodels.tsa.seasonal import MSTL, STL

from forecasting import Regressors, load, read_signature
from forecasting.backtesting import backtest
from forecasting.batch import BatchForecaster
from forecasting.compose.stl import StlFit, STLForecaster
from forecasting.compose.transform import Log, Transformed
from forecasting.errors import ArgumentError, ShortSeriesError
from forecasting.fits import Fits, Projection
from forecasting.modelfile.errors import CorruptModelFileError, as_corrupt
from forecasting.models.naive import Naive, RandomWalkWithDrift, WindowAverage
from forecasting.models.smoothing.ets import ETS, Holt
from forecasting.models.smoothing.theta import DynamicOptimizedTheta
from forecasting.models.statsmodels import StatsmodelsARIMA, StatsmodelsTheta
from forecasting.reading import as_panel
from forecasting.schedule import Schedule, rolling_windows
from forecasting.testing import contract_panel, parametrize_forecasters
from forecasting.windows import final_window


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
    forecaster = STLForecaster(12, StatsmodelsARIMA(order=(1, 1, 0)), 7, robust)
    # Seasons agree to 1e-13 (tests/kernels/test_stl.py); where ARIMA's search ends differs by more.
    np.testing.assert_allclose(forecaster.fit(co2).predict(15), expected, rtol=1e-7)


def test_interval_is_the_member_s_moved_by_the_last_season(co2):
    season = np.asarray(STL(co2.to_numpy(), period=12, seasonal=13).fit().seasonal)
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
    season = np.asarray(STL(y[:78], period=12, seasonal=13).fit().seasonal)[-12:]
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
        ((12, Naive(), "fixed"), "or 'periodic'"),
        (((12, 4), Naive()), "ascend"),
        (((4, 4), Naive()), "ascend"),
        (((1, 4), Naive()), "at least 2"),
        (((), Naive()), "at least 2"),
        (("12", Naive()), "at least 2"),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        STLForecaster(*arguments)


# --- all windows at once ---------------------------------------------------------------------------------


class Slope(BatchForecaster):
    """y = b X: a kernel that looks at the regressors of its rows and of its steps."""

    def _estimate(self, rows, starts, stops):
        slope = np.empty(stops.shape)
        for i, k in np.ndindex(stops.shape):
            at = slice(starts[i], stops[i, k])
            x = rows.X[at, 0]
            # The first ordinal, too: a row handed over in the wrong place is seen.
            slope[i, k] = x @ rows.values[at] / (x @ x) + 1e-3 * rows.first[i]
        return Fits({"slope": slope}, np.zeros(stops.shape, dtype=np.int64))

    def _project(self, fits, ahead):
        mean = fits["slope"][..., None] * ahead.X[..., 0] + 1e-3 * ahead.first[..., None]
        return Projection(mean, np.ones_like(mean))

    def _trouble(self, code):
        raise NotImplementedError


def windows_of(panel, h=3, **schedule):
    return rolling_windows(panel, Schedule(h, partial=True, **schedule).checked(), seed=7)[0]


def assert_at_once_is_the_loop(forecaster, windows, probs=(0.1, 0.9)):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loop, found = forecaster._loop(windows, probs), forecaster.uncalibrated(windows, probs)
    np.testing.assert_array_equal(found.mean, loop.mean)
    np.testing.assert_array_equal(found.quantiles, loop.quantiles)
    np.testing.assert_array_equal(found.own, loop.own)
    assert np.isfinite(found.mean[windows.active]).any()
    told = [
        sorted((f.series, f.window, f.stage, str(f.error)) for f in a.failures)
        for a in (found, loop)
    ]
    assert told[0] == told[1]


@pytest.mark.parametrize("window", [None, 40])
@pytest.mark.parametrize(
    "forecaster",
    [
        STLForecaster(12, RandomWalkWithDrift(), robust=True),
        STLForecaster(6, ETS(12, "MAM"), "periodic"),  # draws paths
        STLForecaster((4, 12), DynamicOptimizedTheta(), 13),
    ],
    ids=repr,
)
def test_all_windows_at_once_have_the_bits_of_the_loop(forecaster, window):
    panel = as_panel(contract_panel())
    windows = windows_of(panel, n_windows=4, step_size=2, window=window)
    assert forecaster.at_once
    assert_at_once_is_the_loop(forecaster, windows)


@pytest.mark.parametrize("window", [None, 30])
def test_the_member_sees_the_regressors_and_times_of_its_window(window):
    data = contract_panel(60, 2)
    t = data.groupby("unique_id").cumcount()
    X = Regressors(data[["unique_id", "ds"]].assign(x=2.0 + np.sin(t) + 0.01 * t))
    windows = windows_of(as_panel(data, X=X), n_windows=3, window=window)
    assert_at_once_is_the_loop(STLForecaster(12, Slope()), windows)


def test_what_fails_at_once_fails_in_the_loop():
    huge = np.where(np.arange(60) % 12 == 5, 1.7e308, -1.7e308) * (1 - 0.004 * np.arange(60))
    data = contract_panel(60, 2).query("unique_id == 's0'")
    data = pd.concat([data, data.assign(unique_id="huge", y=huge)], ignore_index=True)
    windows = windows_of(as_panel(data), n_windows=2)
    forecaster = STLForecaster(12, Naive())
    assert_at_once_is_the_loop(forecaster, windows)
    failed = forecaster.uncalibrated(windows, ()).failures
    assert {("OVERFLOW", "fit")} == {(f.error.code, f.stage) for f in failed}


def test_a_member_that_fails_is_the_failure_of_its_window():
    data = contract_panel(60, 2)
    data.loc[data.unique_id.eq("s1"), "y"] -= 300
    windows = windows_of(as_panel(data), n_windows=2)
    forecaster = STLForecaster(12, ETS(12, "MNM"))
    found = forecaster.uncalibrated(windows, ())
    assert {(1, 0), (1, 1)} == {(f.series, f.window) for f in found.failures}
    assert_at_once_is_the_loop(forecaster, windows)


def test_a_season_that_is_kept_equals_the_loop_without_a_refit():
    panel = as_panel(contract_panel())
    for refit in (False, 2):
        windows = windows_of(panel, n_windows=4, refit=refit)
        assert_at_once_is_the_loop(STLForecaster(12, Holt(damped=True)), windows)


def test_several_seasons_are_repeated_each_at_its_own_length(co2):
    y = co2.to_numpy() + np.tile([0.0, 2.0, -1.0], 28)
    season = MSTL(y, periods=(3, 12), windows=(13, 13)).fit().seasonal
    expected = (
        y[-1]
        - season[-1].sum()
        + np.tile(season[-12:, 1], 2)[:14]
        + np.tile(season[-3:, 0], 5)[:14]
    )
    found = STLForecaster([3, 12], Naive()).fit(series(y)).predict(14)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_parameters_are_the_member_s():
    data = contract_panel(60, 2)
    forecaster = STLForecaster(12, Holt())
    fitted = forecaster.fit(data)
    assert ["s0", "s1"] == fitted.parameters()["unique_id"].tolist()
    bt = backtest(data, {"it": forecaster}, h=3, n_windows=2, progress=False)
    last = bt.parameters.query("cutoff == cutoff.max()")
    cut = forecaster.fit(data[data.ds <= last["cutoff"].iloc[0]]).parameters()
    np.testing.assert_array_equal(last["alpha"], cut["alpha"])


def test_a_model_file_keeps_what_was_estimated(tmp_path):
    kept = STLForecaster((4, 12), Holt()).fit(contract_panel(60, 2))
    path = kept.save(tmp_path / "it.model")
    assert read_signature(path)["estimated_again"] == []
    pd.testing.assert_frame_equal(kept.predict(5, level=80), load(path).predict(5, level=80))


def test_a_model_file_whose_seasons_contradict_its_panel_is_refused():
    fitted = STLForecaster(12, Holt()).fit(contract_panel(60, 2))
    windows = final_window(fitted._fitted.panel, 1, 0)
    packed = fitted._pack(fitted._fitted.learned)
    assert isinstance(fitted._unpack(packed, windows), StlFit)
    spoilt = packed["seasons"].copy()
    spoilt[0, 3] = np.nan
    for wrong in (packed["seasons"][:, 1:], packed["seasons"].astype(np.float32), spoilt, None):
        with (
            pytest.raises(CorruptModelFileError, match=r"another panel|not finite"),
            as_corrupt("it.model"),
        ):
            fitted._unpack({**packed, "seasons": wrong}, windows)
    with (
        pytest.raises(CorruptModelFileError, match="shorter than two seasons"),
        as_corrupt("it.model"),
    ):
        STLForecaster(31, Holt())._unpack(packed, windows)


def test_a_multiplicative_season_is_one_of_logarithms():
    t = np.arange(60)
    y = series(100 * 1.01**t * np.tile([1.0, 2.0, 0.5, 1.0], 15))
    forecaster = Transformed(STLForecaster(4, RandomWalkWithDrift()), Log(), bias_correction=False)
    expected = 100 * 1.01 ** np.arange(60, 68) * np.tile([1.0, 2.0, 0.5, 1.0], 2)
    np.testing.assert_allclose(forecaster.fit(y).predict(8), expected, rtol=1e-3)


@pytest.mark.parametrize("values", [1e-300, 1e18])
def test_extreme_values_give_finite_forecasts(values):
    noise = np.random.default_rng(3).normal(size=48)
    found = (
        STLForecaster(4, RandomWalkWithDrift(), robust=True)
        .fit(series(values * (2 + noise)))
        .predict(4)
    )
    assert np.isfinite(found).all()
    assert (found != 0).all()


@parametrize_forecasters(
    [
        STLForecaster(12, RandomWalkWithDrift()),
        STLForecaster((4, 12), Holt(damped=True), 13, robust=True),
        STLForecaster(12, WindowAverage(3), "periodic"),
    ]
)
def test_contract(forecaster_check):
    forecaster_check()
