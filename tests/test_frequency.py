"""Frequencies and calendars: ordinals and times are a bijection, and agree with pandas."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting import SeasonalNaive, as_panel
from forecasting.calendar import Calendar
from forecasting.errors import FrequencyError
from forecasting.frequency import ListedTimes, parse_frequency, parse_period

ALIASES = (
    "s", "15s", "min", "5min", "15min", "30min", "h", "2h", "6h", "D", "2D", "10D", "B",
    "W-SUN", "W-MON", "W-WED", "W-SAT", "2W-FRI", "MS", "ME", "2MS", "QS-JAN", "QS-FEB", "QS-MAR",
    "QE-DEC", "QE-JAN", "QE-NOV", "YS-JAN", "YS-JUL", "YE-DEC", "YE-FEB", "YE-MAR",
)  # fmt: skip
ZONES = (
    None,
    "UTC",
    "Europe/Berlin",
    "US/Eastern",
    "America/Sao_Paulo",
    "Asia/Beirut",
    "Asia/Tokyo",
)
STARTS = st.datetimes(pd.Timestamp("1975-01-01"), pd.Timestamp("2075-01-01"))


def local(index, zone, on_the_clock):
    """Put times into a zone as the package does: elapsed below a day, else wall clock."""
    if zone is None:
        return index
    if on_the_clock:
        return index.tz_localize("UTC").tz_convert(zone)
    first = np.ones(len(index), dtype=bool)
    return index.tz_localize(zone, nonexistent="shift_forward", ambiguous=first)


@pytest.mark.parametrize("alias", ALIASES)
@settings(max_examples=25)
@given(start=STARTS, zone=st.sampled_from(ZONES), n=st.integers(1, 180))
def test_times_of_ordinals_are_those_of_pandas_and_round_trip(alias, start, zone, n):
    frequency = parse_frequency(alias)
    index = pd.date_range(pd.Timestamp(start).floor("D"), periods=n, freq=alias, unit="ns")
    wall = index.to_numpy()
    bound = frequency.bind(wall[:1])
    ordinals = bound.ordinals(wall)
    np.testing.assert_array_equal(ordinals, ordinals[0] + np.arange(n))
    np.testing.assert_array_equal(bound.times(ordinals, "ns"), wall)
    calendar = Calendar(
        bound, "datetime", "ns", None if zone is None else pd.Timestamp(0, tz=zone).tz
    )
    expected = local(index, zone, frequency.on_the_clock)
    assert calendar.times(ordinals).tolist() == expected.tolist()


@pytest.mark.parametrize("alias", ALIASES)
@pytest.mark.parametrize("zone", ZONES)
def test_the_forecast_continues_the_dates_of_the_data(alias, zone):
    whole = pd.date_range("2018-09-01", periods=90, freq=alias)
    times = local(whole, zone, parse_frequency(alias).on_the_clock)
    y = pd.Series(np.arange(80.0), index=times[:80])
    got = SeasonalNaive(1).fit(y, freq=alias).predict(10)
    assert got.index.tolist() == times[80:].tolist()
    assert got.index.dtype == times.dtype


@pytest.mark.parametrize("alias", ALIASES)
def test_the_frequency_is_found_without_being_said(alias):
    times = pd.date_range("2018-09-01", periods=60, freq=alias)
    y = pd.Series(1.0, index=times)
    assert as_panel(y).calendar.times(np.arange(3)).tolist() == (
        as_panel(y, freq=alias).calendar.times(np.arange(3)).tolist()
    )
    # One stray in sixty is named as stray and does not change what is found.
    stray = y.set_axis(times.delete(30).insert(30, times[30] + (times[31] - times[30]) / 4))
    if alias != "s":
        with pytest.raises(FrequencyError, match="1 row of 60 "):
            as_panel(stray)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("alias", ["h", "D", "B", "W-MON", "ME", "QS-FEB", "YE-FEB"])
def test_the_unit_of_the_times_changes_nothing(alias, unit):
    wall = pd.date_range("2020-01-01", periods=50, freq=alias).to_numpy()
    bound = parse_frequency(alias).bind(wall[:5])
    same = bound.bind(wall.astype(f"M8[{unit}]"))
    np.testing.assert_array_equal(bound.ordinals(wall), same.ordinals(wall.astype(f"M8[{unit}]")))
    assert same.times(np.arange(3), unit).dtype == np.dtype(f"M8[{unit}]")


@pytest.mark.parametrize(
    ("alias", "expected"),
    [("h", 24), ("15min", 96), ("D", 7), ("B", 5), ("W-MON", 52), ("MS", 12), ("ME", 12),
     ("QS-JAN", 4), ("YE-DEC", 1), ("2D", 1), ("4W", 13), ("8h", 3), ("7h", 24), ("90min", 16)],
)  # fmt: skip
def test_the_usual_season(alias, expected):
    assert parse_frequency(alias).season_length == expected


@pytest.mark.parametrize(
    ("text", "first", "expected"),
    [("1d", "2024-01-03", "D"), ("1w", "2024-01-01", "W-MON"), ("1mo", "2024-01-01", "MS"),
     ("1q", "2024-02-01", "QS-FEB"), ("1y", "2024-01-01", "YS-JAN"), ("15m", "2024-01-01", "15min"),
     ("24h", "2024-01-01", "D"), ("60min", "2024-01-01", "60min")],
)  # fmt: skip
def test_names_of_polars_are_read(text, first, expected):
    assert parse_frequency(text).bind(np.array([first], "M8[us]")).alias == expected


@pytest.mark.parametrize(
    "alias", ["M", "Q-DEC", "Q-JAN", "Y-MAR", "W-WED", "W-SUN", "D", "h", "min"]
)
def test_periods_and_their_starts_are_a_bijection(alias):
    periods = pd.period_range("2020-01-01", periods=50, freq=alias)
    starts = periods.to_timestamp(how="start").to_numpy()
    bound = parse_period(alias).bind(starts[:1])
    ordinals = bound.ordinals(starts)
    np.testing.assert_array_equal(np.diff(ordinals), np.ones(49))
    np.testing.assert_array_equal(bound.times(ordinals, "ns"), starts.astype("M8[ns]"))


@pytest.mark.parametrize(
    "alias", ["W-SUN", "W-MON", "MS", "ME", "QE-DEC", "QS-JAN", "YE-MAR", "YS-JAN"]
)
def test_the_period_that_holds_a_day_is_that_of_pandas_resample(alias):
    days = pd.date_range("2019-12-01", "2022-02-01", freq="D")
    expected = pd.Series(1.0, index=days).resample(alias).sum()
    bound = parse_frequency(alias).bind(days[:1].to_numpy())
    found = pd.Series(np.ones(len(days))).groupby(bound.periods(days.to_numpy())).sum()
    assert bound.times(found.index.to_numpy(), "ns").astype("M8[D]").tolist() == (
        expected.index.to_numpy().astype("M8[D]").tolist()
    )
    assert found.tolist() == expected.tolist()


def test_a_listed_calendar_counts_its_own_periods():
    listed = np.array(["2024-01-27", "2024-02-24", "2024-03-30"], dtype="M8[ns]")
    calendar = ListedTimes(listed)
    assert calendar.ordinals(listed).tolist() == [0, 1, 2]
    off = np.array(["2024-01-20", "2024-02-25"], dtype="M8[ns]")
    assert calendar.on_grid(off, calendar.ordinals(off)).tolist() == [False, False]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-02-29", 0),
        ("2024-03-30", 0),
        ("2024-03-31", 1),
        ("2024-02-28", -1),
        ("2024-04-01", 1),
    ],
)
def test_the_latest_step_that_is_over(value, expected):
    ends = pd.Series(1.0, index=pd.date_range("2024-02-29", periods=5, freq="ME"))
    calendar = as_panel(ends).calendar
    assert calendar.latest(value) - calendar.at("2024-02-29") == expected


def test_times_beyond_the_unit_are_refused_and_not_wrapped():
    hours = parse_frequency("h").bind(np.array(["2262-04-11"], "M8[ns]"))
    last = hours.ordinals(np.array(["2262-04-11"], "M8[ns]"))
    with pytest.raises(FrequencyError, match=r"beyond what datetime64\[ns\] can hold"):
        hours.times(last + 100, "ns")
