"""Section T of the catalogue: time stamps, frequencies, zones. T05 to T10, T19: see the decision 015."""

import datetime
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from forecasting import SeasonalNaive, aggregate, as_panel
from forecasting.errors import (
    ArgumentError,
    DuplicateRowsError,
    FailureWarning,
    FrequencyError,
    StaleSeriesWarning,
    TimeColumnError,
)


def one(ds, y=None):
    return pd.DataFrame(
        {"unique_id": "a", "ds": ds, "y": np.arange(len(ds)) * 1.0 if y is None else y}
    )


def test_T01_a_time_zone_comes_back(df, forecast):
    data = df.assign(ds=df["ds"].dt.tz_localize("UTC"))
    got = forecast(data)
    assert got["ds"].dtype == data["ds"].dtype
    assert got["ds"].iloc[0] == pd.Timestamp("2024-03-01", tz="UTC")


def test_T02_days_stay_at_midnight_over_a_change_of_the_clock(forecast):
    days = pd.date_range("2024-03-01", "2024-03-28", tz="Europe/Berlin")
    got = forecast(one(days), 7)
    expected = pd.date_range("2024-03-29", periods=7, tz="Europe/Berlin")  # 31 March has 23 hours
    assert got["ds"].tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("zone", "first", "missing"),
    [
        ("America/Sao_Paulo", "2018-10-20", "2018-11-04"),
        ("Asia/Beirut", "2022-03-10", "2022-03-27"),
    ],
)
@pytest.mark.parametrize("inside", [True, False])
def test_T02_a_midnight_that_the_clock_skips_is_an_hour_later(
    forecast, zone, first, missing, inside
):
    wall = pd.date_range(first, periods=25)
    days = wall.tz_localize(zone, nonexistent="shift_forward", ambiguous=np.ones(25, dtype=bool))
    skipped = int(np.argmax(days.hour == 1))
    assert str(days[skipped].date()) == missing
    cut = skipped + 3 if inside else skipped
    got = forecast(one(days[:cut]), 25 - cut)
    assert got["ds"].tolist() == days[cut:].tolist()


def test_T03_hours_are_elapsed_time_so_that_the_long_day_has_both_one_o_clocks(forecast):
    hours = pd.date_range("2024-11-01", "2024-11-02 23:00", freq="h", tz="US/Eastern")
    got = forecast(one(hours), 5, model=SeasonalNaive(24))
    assert got["ds"].dt.hour.tolist() == [0, 1, 1, 2, 3]
    assert (got["ds"].diff().dropna() == pd.Timedelta("1h")).all()
    assert got["mean"].tolist() == [24.0, 25.0, 26.0, 27.0, 28.0], "the lag is 24 elapsed hours"


def test_T04_the_same_hours_without_their_zone_are_recognised(stops):
    hours = pd.date_range("2024-11-01", periods=100, freq="h", tz="US/Eastern").tz_localize(None)
    stops(
        one(hours),
        DuplicateRowsError,
        "looks like a daylight-saving fall-back hour (2024-11-03 01:00)",
        "keep the time zone or use UTC",
    )


@pytest.mark.parametrize("freq", ["D", None])
def test_T05_days_and_weeks_in_one_frame_stop(df, stops, freq):
    weeks = one(pd.date_range("2024-01-07", periods=20, freq="W-SUN")).assign(unique_id="w")
    error = stops(
        pd.concat([df, weeks]),
        FrequencyError,
        "w looks like freq 'W-SUN', the data has 'D' (1 of 3 series is coarser)",
        "aggregate(part, freq='W-SUN')",
        freq=freq,
    )
    assert error.ids == ("w",)


def test_T05_what_the_message_advises_works(df, forecast):
    weeks = one(pd.date_range("2024-01-14", periods=7, freq="W-SUN")).assign(unique_id="w")
    coarse = aggregate(df[df["ds"] < "2024-02-26"], freq="W-SUN")
    got = forecast(pd.concat([coarse, weeks]), 1, model=SeasonalNaive(1))
    assert got["unique_id"].tolist() == ["a", "b", "w"]


def test_T05_a_series_with_random_gaps_is_not_taken_for_another_frequency(df):
    """What sold on the 1st, 4th, 6th and 11th is a series with gaps: it fails alone."""
    sparse = df[(df["unique_id"] == "b") | df.index.isin([0, 3, 5, 10])]
    with (
        pytest.warns(FailureWarning, match="a: GAP, 7 missing steps"),
        pytest.warns(StaleSeriesWarning, match="a by 49 steps"),
    ):
        SeasonalNaive(1).fit(sparse)


def test_T06_month_ends_are_not_month_starts(stops):
    data = one(pd.date_range("2020-01-31", periods=36, freq="ME"))
    error = stops(data, FrequencyError, "ds are month ends", "Use freq='ME'", freq="MS")
    assert error.n_bad == 36


def test_T07_month_starts_are_not_month_ends(stops):
    data = one(pd.date_range("2020-01-01", periods=36, freq="MS"))
    stops(data, FrequencyError, "ds are month starts", "Use freq='MS'", freq="ME")


def test_T08_business_days_are_not_days(stops):
    data = one(pd.date_range("2024-01-01", periods=60, freq="B"))
    stops(data, FrequencyError, "no Saturday or Sunday in 60 rows", "freq='B'", freq="D")


def test_T09_days_are_not_business_days(stops):
    data = one(pd.date_range("2024-01-01", periods=60, freq="D"))
    error = stops(
        data, FrequencyError, "16 rows of 60 in 1 of 1 series fall outside freq 'B'", freq="B"
    )
    assert error.n_bad == 16


def test_T10_a_4_4_5_calendar_is_declared_by_its_period_ends(stops, forecast):
    ends = pd.Timestamp("2020-01-04") + pd.to_timedelta(np.cumsum([28, 28, 35] * 20), "D")
    data = one(ends[:56])
    stops(data, FrequencyError, "4-4-5", "freq=pd.DatetimeIndex([...])", freq="ME")
    stops(data, FrequencyError, "4-4-5", "freq=pd.DatetimeIndex([...])")
    got = forecast(data, 4, freq=ends, model=SeasonalNaive(3))
    assert got["ds"].tolist() == ends[56:].tolist()


def test_T10_a_listed_calendar_that_ends_too_soon_says_so():
    ends = pd.Timestamp("2020-01-04") + pd.to_timedelta(np.cumsum([28, 28, 35] * 20), "D")
    with pytest.raises(
        FrequencyError, match="the listed calendar ends at 2024-12-28, 3 steps before"
    ):
        SeasonalNaive(3).fit(one(ends), freq=ends).predict(3)


def test_T11_whole_numbers_are_times(df, forecast):
    data = df.assign(ds=np.tile(np.arange(60), 2))
    got = forecast(data, freq=1)
    assert got["ds"].tolist() == [*range(60, 67)] * 2
    assert got["ds"].dtype == np.int64


def test_T12_whole_numbers_are_not_days(df, stops):
    stops(df.assign(ds=np.tile(np.arange(60), 2)), FrequencyError, "integers", "freq=1", freq="D")


def test_T12_days_are_not_whole_numbers(df, stops):
    stops(df, FrequencyError, "freq=1 is an int", "time stamps", freq=1)


@pytest.mark.parametrize("freq", [None, "M", "ME", "MS"])
def test_T13_periods_come_back_as_periods(forecast, freq):
    months = pd.period_range("2020-01", periods=36, freq="M")
    options = {} if freq is None else {"freq": freq}
    got = forecast(one(months), 3, **options)
    assert got["ds"].dtype == pd.PeriodDtype("M")
    assert got["ds"].astype(str).tolist() == ["2023-01", "2023-02", "2023-03"]


@pytest.mark.parametrize("freq", ["Q-DEC", "Q-JAN", "Y-MAR", "W-WED", "D", "h"])
def test_T13_a_period_says_its_frequency_even_with_one_row(forecast, freq):
    period = pd.period_range("2020-01", periods=3, freq=freq)
    got = forecast(one(period[:1]), 2, model=SeasonalNaive(1))
    assert got["ds"].tolist() == period[1:].tolist()


def test_T14_ISO_text_is_read(df, forecast):
    data = df.assign(ds=df["ds"].dt.strftime("%Y-%m-%d"))
    assert forecast(data)["ds"].tolist() == forecast(df)["ds"].tolist()


def test_T15_other_text_stops_with_the_value(df, stops):
    data = df.assign(ds=df["ds"].dt.strftime("%d/%m/%Y"))
    error = stops(data, TimeColumnError, "first '01/01/2024' (row 0)", "date_format='%d/%m/%Y'")
    assert error.n_bad == 120


def test_T15_date_format_reads_it(df, forecast):
    data = df.assign(ds=df["ds"].dt.strftime("%d/%m/%Y"))
    got = forecast(data, date_format="%d/%m/%Y")
    assert got["ds"].tolist() == forecast(df)["ds"].tolist()


def test_T15_a_format_that_does_not_match_is_named(df, stops):
    data = df.assign(ds=df["ds"].dt.strftime("%d/%m/%Y"))
    words = ("13/01/2024", "date_format='%m/%d/%Y'")
    stops(data, TimeColumnError, *words, date_format="%m/%d/%Y")


def test_T15b_text_that_two_conventions_could_read_always_stops(stops):
    stops(one([f"{d:02d}/02/2024" for d in range(1, 13)]), TimeColumnError, "'01/02/2024'")


def test_T16_dates_written_as_whole_numbers_are_recognised(stops):
    days = pd.date_range("2024-01-01", periods=40).strftime("%Y%m%d").astype(int)
    stops(one(days), TimeColumnError, "yyyymmdd", "format='%Y%m%d'")
    months = pd.date_range("2019-11-01", periods=40, freq="MS").strftime("%Y%m").astype(int)
    stops(one(months), TimeColumnError, "yyyymm", "format='%Y%m'")


def test_T17_dates_without_time_are_read(df, forecast):
    data = df.assign(ds=[t.date() for t in df["ds"]])
    assert isinstance(data["ds"].iloc[0], datetime.date)
    assert forecast(data)["ds"].tolist() == forecast(df)["ds"].tolist()


def test_T18_the_last_of_February_stays_the_last_of_February(forecast):
    years = pd.to_datetime([f"{y}-02-{29 if y % 4 == 0 else 28}" for y in range(2009, 2024)])
    got = forecast(one(years), 5, model=SeasonalNaive(1))
    expected = ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]
    assert got["ds"].dt.strftime("%Y-%m-%d").tolist() == expected


def test_T19_stamps_off_the_grid_are_counted_with_the_largest_offset(df, stops):
    data = df.copy()
    data.loc[::5, "ds"] += pd.Timedelta("5h")
    stops(
        data,
        FrequencyError,
        "24 rows of 120 in 2 of 2 series fall outside freq 'D', by up to 0 days 05:00:00",
        "df['ds'].dt.normalize()",
    )


def test_T20_years_beyond_nanoseconds_keep_their_unit(forecast):
    years = np.arange("2240", "2270", dtype="M8[Y]").astype("M8[s]")
    got = forecast(one(years), 3, model=SeasonalNaive(1))
    assert got["ds"].dtype == np.dtype("M8[s]")
    assert got["ds"].dt.year.tolist() == [2270, 2271, 2272]


def test_T20_a_forecast_beyond_the_unit_says_which_unit_to_take():
    years = pd.Series(np.arange("2240", "2262", dtype="M8[Y]").astype("M8[ns]"))
    with pytest.raises(FrequencyError, match=r"beyond what datetime64\[ns\].*datetime64\[s\]"):
        SeasonalNaive(1).fit(one(years)).predict(3)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_T21_the_unit_of_time_comes_back(df, forecast, unit):
    data = df.assign(ds=df["ds"].astype(f"datetime64[{unit}]"))
    assert forecast(data)["ds"].dtype == np.dtype(f"M8[{unit}]")


def test_T22_a_placeholder_date_stops(df, stops):
    data = df.copy()
    data.loc[59, "ds"] = pd.Timestamp("2262-01-01")
    error = stops(
        data, TimeColumnError, "a @ 2262-01-01", "jumps 86,870 steps of freq 'D'", "placeholder"
    )
    assert error.ids == ("a",)


def test_T22_filling_is_capped(stops):
    after = pd.to_timedelta(np.tile([0, 1, 1000], 2100), unit="s")
    ids = np.repeat(np.arange(2100), 3)
    data = pd.DataFrame({"unique_id": ids, "ds": pd.Timestamp("2024-01-01") + after, "y": 1.0})
    stops(data, TimeColumnError, "2,095,800 steps without a row", "on_duplicate=", freq="s")


def test_T23_epoch_seconds_are_recognised(df, stops):
    data = df.assign(ds=df["ds"].astype("datetime64[s]").astype("int64"))
    stops(data, TimeColumnError, "time since 1970 in s", "unit='s'")


def test_T24_rows_after_as_of_stop(df, stops):
    """The clock of the run is an argument; without it nothing can be said, so nothing is."""
    words = ("2 series with rows after as_of=2024-02-20 12:00", "until 2024-02-29")
    stops(df, TimeColumnError, *words, as_of="2024-02-20 12:00")
    assert len(as_panel(df, as_of="2024-02-29").values) == 120


def test_T25_the_zone_of_the_host_and_its_hash_seed_change_no_bit():
    program = (
        "import pandas as pd, forecasting as fc\n"
        "ds = pd.date_range('2024-03-01', periods=40, tz='Europe/Berlin')\n"
        "df = pd.DataFrame({'unique_id': list('ab') * 20, 'ds': ds.repeat(1), 'y': range(40)})\n"
        "df = pd.concat([df.assign(unique_id='a'), df.assign(unique_id='b')])\n"
        "print(fc.SeasonalNaive(7).fit(df).predict(9, level=80).to_csv())"
    )
    answers = set()
    for zone, seed in (("UTC", "0"), ("Asia/Tokyo", "1")):
        env = {**os.environ, "TZ": zone, "PYTHONHASHSEED": seed, "LC_ALL": "C.UTF-8"}
        run = subprocess.run(
            [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True
        )
        answers.add(run.stdout)
    assert len(answers) == 1


# --- what a time may not be -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ds", "word"),
    [
        ([1.5] * 20, "float64"),
        ([True] * 20, "bool"),
        (pd.to_timedelta(range(20), unit="D"), "timedelta"),
        ([None] * 20, "null"),
        ([object()] * 20, "objects"),
        (["2024-01-01T00:00+01:00", "2024-01-02T00:00+02:00"] * 10, "time zones"),
    ],
)
def test_a_column_that_is_no_time_stops(stops, ds, word):
    stops(one(pd.Series(ds)), TimeColumnError, "ds", word)


def test_a_cutoff_that_is_no_time_of_the_data_is_refused(df):
    calendar = as_panel(df).calendar
    assert calendar.at("2024-01-02") == calendar.at(pd.Timestamp("2024-01-01")) + 1
    for value, word in (("x", "not a time"), (3, "not a time"), ("2024-01-02 05:00", "freq 'D'")):
        with pytest.raises(ArgumentError, match=word):
            calendar.at(value)


@pytest.mark.parametrize(("rows", "longest"), [(60, 1000), (150, 1500)])
def test_a_jump_is_refused_from_a_thousand_steps_and_ten_lengths_on(rows, longest):
    days = pd.date_range("2000-01-01", periods=rows - 1)
    for more in (0, 1):
        last = days[-1:] + pd.Timedelta(days=longest + more)
        data = pd.DataFrame({"ds": days.append(last), "y": 1.0})
        if more:
            with pytest.raises(
                TimeColumnError, match=f"jumps {longest + 1:,} steps .* from {days[-1]:%Y-%m-%d};"
            ):
                as_panel(data)
        else:
            assert len(as_panel(data).values) == rows - 1 + longest


@pytest.mark.parametrize(("weeks", "coarse"), [(4, False), (5, True)])
def test_a_series_is_coarser_from_six_steps_on_of_which_three_quarters_are_alike(weeks, coarse):
    sundays = pd.date_range("2024-01-07", periods=weeks + 1, freq="W").append(
        pd.DatetimeIndex([pd.Timestamp("2024-01-07") + pd.Timedelta(weeks=weeks + 2)])
    )
    days = pd.date_range("2024-01-01", sundays[-1])
    data = pd.concat(
        [
            pd.DataFrame({"unique_id": n, "ds": t, "y": 1.0})
            for n, t in (("d", days), ("w", sundays))
        ]
    )
    if coarse:
        with pytest.raises(FrequencyError, match="w looks like freq 'W-SUN', the data has 'D'"):
            as_panel(data)
    else:
        assert as_panel(data).gaps.sum() == 6 * weeks + 13
