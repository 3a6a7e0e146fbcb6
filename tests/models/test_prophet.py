"""The Prophet adapter against the library itself, and what the library does not guard."""

import logging
import pickle
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.backtesting import backtest
from forecasting.errors import ArgumentError, NonPositiveError, SeriesError, ShortSeriesError
from forecasting.models.prophet import HolidayCalendar, Prophet, Seasonality, wall_clock
from forecasting.regressors import Regressors
from forecasting.testing import contract_panel, parametrize_forecasters

T = np.arange(96)
NOISE = np.random.default_rng(0).normal(0, 4, 96)


@pytest.fixture(scope="module")
def sales() -> pd.Series:
    """Eight years of months: trend, growing season, noise."""
    y = (100 + 2 * T) * (1 + 0.3 * np.sin(T * np.pi / 6)) + NOISE
    return pd.Series(y, index=pd.date_range("2010-01-01", periods=96, freq="MS"))


@pytest.fixture(scope="module")
def daily() -> pd.Series:
    """A hundred days with a weekly season and a jump on the last day of each month."""
    ds = pd.date_range("2024-01-01", periods=100, freq="D")
    t = np.arange(100)
    y = 50 + 0.1 * t + 5 * np.sin(2 * np.pi * t / 7) + 20 * ds.is_month_end + NOISE.mean()
    return pd.Series(y + np.resize(NOISE, 100) / 4, index=ds)


def library(data, h, *, setup=None, X=None, n_samples=0, **kwargs):
    """The library, called as its manual says: its forecast of the next ``h`` steps."""
    from prophet import Prophet as Library

    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = Library(uncertainty_samples=n_samples, interval_width=0.8, **kwargs)
            if setup is not None:
                setup(model)
            table = pd.DataFrame({"ds": data.index, "y": data.to_numpy()})
            ahead = pd.DataFrame(
                {"ds": pd.date_range(data.index[-1], periods=h + 1, freq=data.index.freq)[1:]}
            )
            for name, values in (X or {}).items():
                table[name], ahead[name] = values[: len(data)], values[len(data) :]
            return model.fit(table).predict(ahead)
    finally:
        logging.disable(logging.NOTSET)


# --- the library's numbers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kwargs",
    [
        {},
        {"seasonality_mode": "multiplicative", "changepoint_prior_scale": 0.5},
        {"growth": "flat"},
    ],
    ids=str,
)
def test_mean_is_the_library_s_and_the_interval_is_to_the_noise_of_its_draws(sales, kwargs):
    state = np.random.get_state()  # noqa: NPY002
    expected = library(sales, 12, n_samples=5_000, **kwargs)
    np.random.set_state(state)  # noqa: NPY002
    found = Prophet(n_samples=5_000, **kwargs).fit(sales).predict(12, level=80)
    np.testing.assert_allclose(found["mean"], expected["yhat"], rtol=1e-10)
    width = (expected["yhat_upper"] - expected["yhat_lower"]).to_numpy()
    np.testing.assert_allclose(found["hi-80"] - found["lo-80"], width, rtol=0.08)


def test_logistic_growth_is_the_library_s(sales):
    bounds = {"cap": np.full(108, 600.0), "floor": np.full(108, 20.0)}
    kwargs = {"growth": "logistic", "changepoint_prior_scale": 0.5}
    expected = library(sales, 12, X=bounds, n_samples=5_000, **kwargs)
    ours = Prophet(cap=600, floor=20, n_samples=5_000, **kwargs)
    found = ours.fit(sales).predict(12, level=80)
    np.testing.assert_allclose(found["mean"], expected["yhat"], rtol=1e-10)
    width = (expected["yhat_upper"] - expected["yhat_lower"]).to_numpy()
    np.testing.assert_allclose(found["hi-80"] - found["lo-80"], width, rtol=0.08)


def test_seasons_holidays_and_country_are_the_library_s(daily):
    paydays = pd.DataFrame(
        {"holiday": "payday", "ds": pd.date_range("2024-01-31", periods=8, freq="ME")}
    )

    def setup(model):
        model.add_seasonality("month", 30.5, 3)
        model.add_country_holidays("US")

    expected = library(daily, 40, holidays=paydays, setup=setup)
    before = paydays.copy()
    ours = Prophet(
        holidays=paydays, country_holidays="US", seasonalities=(Seasonality("month", 30.5, 3),)
    )
    found = ours.fit(daily).predict(40)
    np.testing.assert_allclose(found, expected["yhat"], rtol=1e-10)
    pd.testing.assert_frame_equal(before, paydays)
    payday = found.index.is_month_end
    assert found[payday].min() > found[~payday].max()


def test_regressors_are_matched_by_name_whatever_they_are_called(daily):
    x = np.random.default_rng(1).normal(size=110)
    y = daily + 10 * x[:100]
    ds = pd.date_range("2024-01-01", periods=110, freq="D")
    # "trend" is a name that the library reserves for itself.
    X = pd.DataFrame({"ds": ds, "trend": x, "other": x**2})
    expected = library(
        y.asfreq("D"), 10, X={"a": x, "b": x**2},
        setup=lambda model: [model.add_regressor("a"), model.add_regressor("b")],
    )  # fmt: skip
    fitted = Prophet().fit(y, X=Regressors(known_future=X[:100]))
    found = fitted.predict(10, X=X[["other", "trend", "ds"]][100:])
    np.testing.assert_allclose(found, expected["yhat"], rtol=1e-10)


# --- what the library does not guard ------------------------------------------------------------------


def test_a_short_horizon_is_the_head_of_a_long_one_to_the_bit(sales):
    fitted = Prophet().fit(sales)
    long = fitted.predict(130, level=(80, 95))
    for h in (1, 5, 63, 64, 65):
        pd.testing.assert_frame_equal(fitted.predict(h, level=(80, 95)), long[:h], check_exact=True)


@pytest.mark.parametrize("value", [5.0, 0.0, 1e18, -1e-300])
def test_a_constant_is_forecast_by_itself(value):
    y = pd.Series([value] * 24, index=pd.date_range("2020-01-01", periods=24, freq="MS"))
    assert Prophet().fit(y).predict(3).tolist() == [value] * 3


@pytest.mark.parametrize("power", [-900, 60])
def test_forecasts_scale_with_the_data(sales, power):
    expected = Prophet().fit(sales).predict(6).to_numpy()
    found = (
        Prophet().fit(pd.Series(np.ldexp(sales.to_numpy(), power), index=sales.index)).predict(6)
    )
    np.testing.assert_array_equal(np.ldexp(found.to_numpy(), -power), expected)


def test_missing_values_are_left_out(sales):
    holes = sales.copy()
    holes.iloc[[3, 40]] = np.nan
    expected = library(holes, 6)["yhat"]
    np.testing.assert_allclose(Prophet().fit(holes).predict(6), expected, rtol=1e-10)


def test_fewer_than_two_values_are_refused():
    ds = pd.date_range("2020-01-01", periods=3, freq="D")
    with pytest.raises(ShortSeriesError, match="has 1 observation, needs at least 2"):
        Prophet().fit(pd.Series([1.0, np.nan, np.nan], index=ds), drop_trailing_na=False)


def test_values_above_the_cap_or_below_the_floor_are_a_failure(sales):
    over = int((sales > 250).sum())
    with pytest.raises(SeriesError, match=f"{over} values above cap=250"):
        Prophet("logistic", cap=250).fit(sales)
    with pytest.raises(SeriesError, match="below floor=90"):
        Prophet("logistic", cap=900, floor=90).fit(sales)


def test_a_multiplicative_season_refuses_negative_values(sales):
    with pytest.raises(NonPositiveError, match="96 values below zero"):
        Prophet(seasonality_mode="multiplicative").fit(-sales)
    mixed = Prophet(seasonalities=(Seasonality("month", 30.5, 3, mode="multiplicative"),))
    with pytest.raises(NonPositiveError):
        mixed.fit(-sales)


def test_integer_time_is_an_error_that_says_what_to_do():
    y = pd.DataFrame({"unique_id": "a", "ds": np.arange(30), "y": np.arange(30.0)})
    with pytest.raises(ArgumentError, match="integer time"):
        Prophet().fit(y)


def test_zoned_times_are_read_on_the_wall_clock(daily):
    zoned = daily.tz_localize("Europe/Berlin")
    expected = Prophet().fit(daily).predict(5).to_numpy()
    np.testing.assert_array_equal(Prophet().fit(zoned).predict(5).to_numpy(), expected)
    summer = pd.date_range("2024-07-01 12:00", periods=2, freq="h", tz="Europe/Berlin")
    assert [12, 13] == wall_clock(summer).hour.tolist()
    assert [pd.Timestamp("2024-01-01")] == list(wall_clock(pd.PeriodIndex(["2024-01"], freq="M")))


def test_without_a_refit_the_estimates_are_extrapolated(sales):
    bt = backtest(sales, {"it": Prophet()}, h=3, n_windows=2, refit=False, progress=False)
    expected = Prophet().fit(sales[:90]).predict(6)[3:]
    found = bt.forecasts.query("cutoff == cutoff.max()")["mean"]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"growth": "cubic"}, "linear, flat or logistic"),
        ({"growth": "logistic"}, "belong together"),
        ({"cap": 3.0}, "belong together"),
        ({"growth": "logistic", "cap": 1.0, "floor": 2.0}, "above floor"),
        ({"seasonality_mode": "both"}, "additive or multiplicative"),
        ({"holidays": "US"}, "country_holidays"),
        ({"holidays": pd.DataFrame({"ds": ["2024-01-01"]})}, "no column 'holiday'"),
        ({"country_holidays": "Atlantis"}, "two-letter code"),
        ({"changepoint_prior_scale": 0.0}, "positive"),
        ({"changepoint_range": 1.5}, "changepoint_range"),
        ({"n_samples": 3}, "n_samples"),
        ({"seasonalities": (Seasonality("a", 3, 1), Seasonality("a", 5, 1))}, "twice"),
        ({"interval_width": 0.9}, "interval_width"),
    ],
    ids=str,
)
def test_arguments_that_cannot_be_are_refused(kwargs, message):
    with pytest.raises(ArgumentError, match=message):
        Prophet(**kwargs)


def test_forecasters_with_the_same_holidays_are_equal_and_print_briefly():
    days = pd.DataFrame({"holiday": ["a", "b"], "ds": ["2024-01-01", "2024-02-01"]})
    one, two = Prophet(holidays=days), Prophet(holidays=days.copy())
    assert one == two
    assert hash(one) == hash(two)
    assert one != Prophet(holidays=days[:1])
    assert "<2 holidays>" in repr(one)
    assert isinstance(one.holidays, HolidayCalendar)


# --- what stays inside --------------------------------------------------------------------------------


def test_a_fit_leaves_no_files_no_log_lines_and_no_global_state(
    sales, caplog, capfd, tmp_path, monkeypatch
):
    import cmdstanpy

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    Prophet().fit(sales)
    # The library makes this folder when it is imported; called directly it leaves files there.
    before = set(Path(cmdstanpy._TMPDIR).rglob("*"))
    random, filters = np.random.get_state()[1].copy(), list(warnings.filters)  # noqa: NPY002
    names = ("cmdstanpy", "prophet", "prophet.models")
    levels = [(logging.getLogger(n).disabled, logging.getLogger(n).level) for n in names]
    caplog.set_level(logging.DEBUG)
    capfd.readouterr()
    Prophet().fit(sales).predict(6, level=80)
    assert [] == list(tmp_path.iterdir())
    assert before == set(Path(cmdstanpy._TMPDIR).rglob("*"))
    np.testing.assert_array_equal(random, np.random.get_state()[1])  # noqa: NPY002
    assert filters == warnings.filters
    assert levels == [(logging.getLogger(n).disabled, logging.getLogger(n).level) for n in names]
    assert caplog.records == []
    assert ("", "") == tuple(capfd.readouterr())


def test_import_and_first_fit_print_nothing_and_making_one_loads_nothing():
    code = (
        "import sys, pandas as pd\n"
        "from forecasting.models.prophet import Prophet\n"
        "made = Prophet()\n"
        "assert not {'prophet', 'cmdstanpy'} & set(sys.modules)\n"
        "y = pd.Series([1.0, 3, 2, 4], index=pd.date_range('2024-01-01', periods=4))\n"
        "made.fit(y).predict(2)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ("", "") == (run.stdout, run.stderr)


def test_a_fitted_forecaster_is_small_and_survives_pickling(sales):
    fitted = Prophet().fit(sales)
    packed = pickle.dumps(fitted)
    assert len(packed) < 100_000
    expected = fitted.predict(6, level=80)
    pd.testing.assert_frame_equal(pickle.loads(packed).predict(6, level=80), expected)


@pytest.mark.nightly  # minutes: a fit takes a tenth of a second, and every oracle makes hundreds
@parametrize_forecasters([Prophet(weekly=False)], data=contract_panel(30, 2), h=2)
def test_contract(forecaster_check):
    forecaster_check()
