"""aggregate: against pandas resample, with first and last periods told apart from whole ones."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from forecasting import aggregate
from forecasting.errors import ArgumentError, ColumnNameError, DataWarning, FrequencyError


@pytest.fixture
def days():
    """Two whole weeks from Monday to Sunday, and a Monday: 1, 2, ..., 15."""
    ds = pd.date_range("2024-01-01", periods=15)
    return pd.DataFrame({"unique_id": "a", "ds": ds, "y": np.arange(1.0, 16.0)})


@pytest.mark.filterwarnings("ignore::forecasting.errors.DataWarning")
@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("sum", [28.0, 77.0]),
        ("mean", [4.0, 11.0]),
        ("min", [1.0, 8.0]),
        ("max", [7.0, 14.0]),
        ("first", [1.0, 8.0]),
        ("last", [7.0, 14.0]),
    ],
)
def test_each_way_by_hand(days, how, expected):
    got = aggregate(days, freq="W-SUN", how=how)
    assert got["y"].tolist() == expected
    assert got["ds"].tolist() == [pd.Timestamp("2024-01-07"), pd.Timestamp("2024-01-14")]


def test_a_part_of_a_period_is_dropped_and_said(days):
    with pytest.warns(DataWarning, match=r"1 first or last period of 1 series \(a\).*dropped"):
        got = aggregate(days, freq="W-SUN")
    assert len(got) == 2


@pytest.mark.parametrize(("incomplete", "expected"), [("keep", 15.0), ("nan", np.nan)])
def test_a_part_of_a_period_may_be_kept_or_marked(days, incomplete, expected):
    with pytest.warns(DataWarning, match=f"incomplete='{incomplete}'"):
        got = aggregate(days, freq="W-SUN", incomplete=incomplete)
    np.testing.assert_array_equal(got["y"], [28.0, 77.0, expected])


def test_a_whole_number_of_periods_needs_no_warning(days):
    assert aggregate(days[:14], freq="W-SUN")["y"].tolist() == [28.0, 77.0]


@pytest.mark.parametrize(
    ("fine", "coarse"),
    [("D", "W-SUN"), ("D", "W-WED"), ("D", "MS"), ("D", "ME"), ("MS", "QS-JAN"), ("MS", "QE-DEC"),
     ("ME", "YE-DEC"), ("MS", "YS-JUL"), ("h", "D"), ("15min", "h"), ("QS-JAN", "YS-JAN"), ("B", "MS")],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::forecasting.errors.DataWarning")
def test_every_calendar_agrees_with_pandas_resample(fine, coarse):
    ds = pd.date_range("2020-01-01", periods=500 if fine != "15min" else 300, freq=fine)
    y = pd.Series(np.random.default_rng(0).normal(size=len(ds)), index=ds)
    expected = y.resample(coarse).sum()
    got = aggregate(y, freq=coarse, incomplete="keep")
    assert got.index.tolist() == expected.index.tolist()
    np.testing.assert_allclose(got, expected, atol=1e-12)


def test_a_missing_day_makes_its_week_missing_and_not_a_smaller_sum(days):
    got = aggregate(days[:14].drop([3]), freq="W-SUN")
    np.testing.assert_array_equal(got["y"], [np.nan, 77.0])


@pytest.mark.filterwarnings("ignore::forecasting.errors.StaleSeriesWarning")
def test_each_series_has_its_own_first_and_last_period(days):
    late = days.iloc[3:14].assign(unique_id="b")
    with pytest.warns(DataWarning, match=r"2 first or last periods of 2 series \(a, b\)"):
        got = aggregate(pd.concat([days, late]), freq="W-SUN")
    assert got.values.tolist() == [
        ["a", pd.Timestamp("2024-01-07"), 28.0],
        ["a", pd.Timestamp("2024-01-14"), 77.0],
        ["b", pd.Timestamp("2024-01-14"), 77.0],
    ]


def test_by_adds_series_up(days):
    a, b, c = (days[:14].assign(unique_id=i, region=r) for i, r in zip("abc", "xxz", strict=True))
    data = pd.concat([a, b, c])
    daily = aggregate(data, by="region")
    assert daily["unique_id"].unique().tolist() == ["x", "z"]
    assert daily["y"].tolist() == [2.0 * v for v in range(1, 15)] + [1.0 * v for v in range(1, 15)]
    weekly = aggregate(data, by="region", freq="W-SUN")
    assert weekly["y"].tolist() == [56.0, 154.0, 28.0, 77.0]


def test_by_two_columns_joins_their_values(days):
    data = days[:14].assign(region="north", shop=7)
    assert aggregate(data, by=["region", "shop"])["unique_id"].unique().tolist() == ["north/7"]


def test_by_refuses_columns_that_are_not_there_or_change(days):
    with pytest.raises(ColumnNameError, match="region"):
        aggregate(days, by="region")
    with pytest.raises(ColumnNameError, match="changes within series a"):
        aggregate(days.assign(region=np.arange(15) % 2), by="region")
    with pytest.raises(ColumnNameError, match="is null for a"):
        aggregate(days.assign(region=None), by="region")


def test_days_are_those_of_the_zone():
    """A day of 23 and a day of 25 hours are whole days."""
    for first in ("2024-03-30", "2024-10-26"):
        hours = pd.date_range(first, pd.Timestamp(first) + pd.Timedelta("3D"), freq="h",
                              tz="Europe/Berlin", inclusive="left")  # fmt: skip
        y = pd.Series(1.0, index=hours)
        got = aggregate(y, freq="D")
        assert sorted(got.tolist()) in ([23.0, 24.0, 24.0], [24.0, 24.0, 25.0])
        assert str(got.index.tz) == "Europe/Berlin"


def test_periods_and_whole_numbers_keep_their_kind():
    months = pd.Series(1.0, index=pd.period_range("2020-01", periods=24, freq="M"))
    got = aggregate(months, freq="Q")
    assert got.index.dtype == pd.PeriodDtype("Q")
    assert got.index.astype(str).tolist()[:2] == ["2020Q1", "2020Q2"]
    numbers = pd.DataFrame({"ds": np.arange(10, 22), "y": 1.0})
    assert aggregate(numbers, freq=4).values.tolist() == [[10.0, 4.0], [14.0, 4.0], [18.0, 4.0]]


def test_the_kind_that_came_in_comes_back(days):
    y = days[:14].set_index("ds")["y"]
    assert aggregate(y, freq="W-SUN").name == "y"
    wide = days[:14].pivot(index="ds", columns="unique_id", values="y")
    assert aggregate(wide, freq="W-SUN")["a"].tolist() == [28.0, 77.0]
    frame = pl.DataFrame({c: days[c].tolist()[:14] for c in days})
    got = aggregate(frame, freq="W-SUN")
    assert isinstance(got, pl.DataFrame)
    assert got["y"].to_list() == [28.0, 77.0]


@pytest.mark.parametrize("freq", ["D", "h"])
def test_a_calendar_that_is_not_coarser_is_refused(days, freq):
    with pytest.raises(FrequencyError, match=f"freq='{freq}' is not coarser than 'D'"):
        aggregate(days, freq=freq)


def test_unknown_words_are_refused(days):
    with pytest.raises(ArgumentError, match="how must be one of 'sum'"):
        aggregate(days, freq="W-SUN", how="median")
    with pytest.raises(ArgumentError, match="incomplete must be one of"):
        aggregate(days, freq="W-SUN", incomplete="warn")
    with pytest.raises(FrequencyError, match="freq must be a text"):
        aggregate(days, freq=7)
