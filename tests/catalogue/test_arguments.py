"""Sections H, L and F of the catalogue: horizon, levels, frequencies and other arguments."""

import math

import numpy as np
import pandas as pd
import pytest

from forecasting import Naive, SeasonalNaive, as_panel, backtest
from forecasting.errors import (
    ArgumentError,
    CalibrationWarning,
    FrequencyError,
    HorizonError,
    LevelError,
    NotFittedError,
    UnknownKeywordError,
)


@pytest.fixture
def fitted(df):
    return SeasonalNaive(7).fit(df)


@pytest.mark.parametrize(
    ("case", "h"),
    [
        ("H01", 0),
        ("H02", -1),
        ("H03", 2.5),
        ("H04", "7"),
        ("H05", [1, 3]),
        ("H06", True),
        ("H09", None),
        ("H03", 7.0),
        ("H03", math.nan),
    ],
)
def test_H01_to_H06_H09_a_horizon_is_a_whole_number_of_at_least_1(fitted, refuses, case, h):
    """H05: a list of steps is refused; ask for the largest and take the rows of ``step``."""
    error = refuses(lambda: fitted.predict(h), HorizonError, "h must be a whole number", repr(h))
    assert isinstance(error, TypeError)
    assert isinstance(error, ValueError)


def test_H07_a_horizon_beyond_the_history_is_forecast_and_its_interval_widens(df):
    with pytest.warns(UserWarning, match="h=500 is 8.3x the longest history"):
        got = Naive().fit(df).predict(500, level=80).query("unique_id == 'a'")
    assert (got["hi-80"] - got["lo-80"]).is_monotonic_increasing


@pytest.mark.parametrize("kind", [np.int64, np.int8, np.uint16])
def test_H08_whole_numbers_of_numpy_are_whole_numbers(fitted, kind):
    pd.testing.assert_frame_equal(fitted.predict(7), fitted.predict(kind(7)))


@pytest.mark.parametrize(
    ("case", "level", "words"),
    [
        ("L01", [150], ["levels are percentages in (0, 100): got 150"]),
        ("L02", [-5], ["got -5"]),
        ("L03", [0], ["got 0"]),
        ("L04", [100], ["got 100"]),
        ("L06", [80, 80], ["80"]),
        ("L07", [0.9], ["0.9 < 1: did you mean 90?"]),
        ("L01", [math.nan], ["got nan"]),
        ("L01", [True], ["got True"]),
        ("L01", ["80"], ["got '80'"]),
        ("L01", [np.float64(150)], ["got 150.0"]),
    ],
)
def test_L01_to_L07_levels_are_percentages(fitted, refuses, case, level, words):
    refuses(lambda: fitted.predict(7, level=level), LevelError, *words)


def test_L05_levels_in_any_order_give_nested_intervals_in_one_order(fitted):
    got = fitted.predict(7, level=[95, 80])
    assert list(got.columns)[3:] == ["lo-80", "hi-80", "lo-95", "hi-95"]
    ordered = got[["lo-95", "lo-80", "mean", "hi-80", "hi-95"]].to_numpy()
    assert (np.diff(ordered, axis=1) >= 0).all()
    pd.testing.assert_frame_equal(got, fitted.predict(7, level=(80, 95)))


def test_L08_an_interval_without_width_comes_with_its_reason(df, says):
    model = SeasonalNaive(7).fit(df.assign(y=5.0))
    with says(CalibrationWarning, "ZERO_VARIANCE"):
        got = model.predict(7, level=80)
    assert (got["lo-80"] == got["hi-80"]).all()


@pytest.mark.parametrize("level", [[], (), None])
def test_L09_no_level_is_no_interval(fitted, level):
    assert list(fitted.predict(7, level=level).columns) == ["unique_id", "ds", "mean"]


@pytest.mark.parametrize(
    ("freq", "words"),
    [
        ("xyz", ["freq='xyz' is not a frequency", "Known: s, min, h, D"]),
        ("w-monday", ["is not a frequency"]),
        ("MSS", ["Did you mean 'MS'?"]),
        ("0D", ["is not a frequency"]),
        ("", ["is not a frequency"]),
        (7.5, ["freq=7.5 is no frequency"]),
    ],
)
def test_F01_an_unknown_frequency_stops_with_the_nearest(df, stops, freq, words):
    stops(df, FrequencyError, *words, freq=freq)


def test_F02_days_are_not_hours(df, stops):
    stops(df, FrequencyError, "a looks like freq 'D', not 'h'", "say freq='D'", freq="h")


def test_F03_without_freq_it_is_found_and_kept(df, stops):
    assert as_panel(df).calendar.freq == "D"
    weeks = df.assign(
        ds=df["ds"].where(df["unique_id"] == "a", df["ds"] + (df["ds"] - df["ds"][0]))
    )
    stops(weeks, FrequencyError, "b looks like freq '2D', the data has 'D'")


@pytest.mark.parametrize(
    ("old", "new"), [("M", "ME"), ("Q", "QE"), ("A", "YE"), ("H", "h"), ("T", "min")]
)
def test_F04_old_names_are_taken_with_one_warning_of_ours(says, old, new):
    times = pd.date_range("2020-01-31" if new[-1] == "E" else "2020-01-01", periods=20, freq=new)
    data = pd.DataFrame({"unique_id": "a", "ds": times, "y": 1.0})
    with says(DeprecationWarning, f"freq='{old}' is an old name; type freq='{new}'"):
        SeasonalNaive(1).fit(data, freq=old)


@pytest.mark.parametrize("n_jobs", [0, -5, 2.5, True, "2"])
def test_F05_n_jobs_is_a_number_of_processes(df, refuses, n_jobs):
    call = lambda: backtest(df, {"naive": Naive()}, h=2, n_jobs=n_jobs)  # noqa: E731
    refuses(call, ArgumentError, "n_jobs", repr(n_jobs))


def test_F06_predict_before_fit_says_so(refuses):
    refuses(lambda: Naive().predict(3), NotFittedError, "call fit(data) first")


@pytest.mark.parametrize(
    ("word", "ours"), [("frequency", "freq"), ("item_id", "id_col"), ("target", "target_col")]
)
def test_a_word_of_another_library_is_answered_with_ours(df, refuses, word, ours):
    call = lambda: Naive().fit(df, **{word: "x"})  # noqa: E731
    refuses(call, UnknownKeywordError, repr(word), f"called {ours}")


def test_an_unknown_end_is_refused(df, refuses):
    refuses(lambda: as_panel(df, end="all"), ArgumentError, "'any' or 'common'", "'all'")
