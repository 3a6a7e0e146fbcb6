"""fill_gaps: every way by hand, only the past where it says so, and the same kind comes back."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from forecasting import SeasonalNaive, as_panel, fill_gaps
from forecasting.errors import ArgumentError, GapError, StaleSeriesWarning

DAYS = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-05", "2024-01-06"])
NAN = float("nan")


@pytest.fixture
def gappy():
    """1 2 . . 5 6"""
    return pd.DataFrame({"unique_id": "a", "ds": DAYS, "y": [1.0, 2.0, 5.0, 6.0]})


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("zero", [1.0, 2.0, 0.0, 0.0, 5.0, 6.0]),
        (7, [1.0, 2.0, 7.0, 7.0, 5.0, 6.0]),
        ("forward", [1.0, 2.0, 2.0, 2.0, 5.0, 6.0]),
        ("interpolate", [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        (None, [1.0, 2.0, NAN, NAN, 5.0, 6.0]),
    ],
)
def test_each_way_by_hand(gappy, how, expected):
    got = fill_gaps(gappy, how=how)
    np.testing.assert_array_equal(got["y"], expected)
    assert got["ds"].tolist() == pd.date_range("2024-01-01", periods=6).tolist()
    assert list(got.columns) == ["unique_id", "ds", "y"]


def test_seasonal_takes_the_season_before_also_where_that_was_filled(gappy):
    got = fill_gaps(gappy, how="seasonal", season_length=2)
    assert got["y"].tolist() == [1.0, 2.0, 1.0, 2.0, 5.0, 6.0]
    long = pd.concat([gappy[:2], gappy[3:].assign(ds=pd.Timestamp("2024-01-09"))])
    got = fill_gaps(long, how="seasonal", season_length=2, freq="D")
    assert got["y"].tolist() == [1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 6.0]


def test_seasonal_without_a_season_before_stays_missing(gappy):
    got = fill_gaps(gappy, how="seasonal", season_length=4)
    np.testing.assert_array_equal(got["y"], [1.0, 2.0, NAN, NAN, 5.0, 6.0])


@pytest.mark.parametrize("how", ["zero", "forward", "seasonal", 3.5])
def test_filling_from_the_past_does_not_see_what_comes_after(how):
    rng = np.random.default_rng(0)
    days = pd.date_range("2024-01-01", periods=60)
    data = pd.DataFrame({"unique_id": "a", "ds": days, "y": rng.normal(size=60)})
    data = data.drop([9, 21, 22, 23, 41])
    for cut in (15, 24, 40):
        head = data[data["ds"] < days[cut]]
        poisoned = data.copy()
        poisoned.loc[poisoned["ds"] >= days[cut], "y"] = 1e9
        whole, other = fill_gaps(data, how=how), fill_gaps(poisoned, how=how)
        until = int((head["ds"].max() - days[0]).days) + 1
        expected = fill_gaps(head, how=how)["y"].to_numpy()
        np.testing.assert_array_equal(expected, whole["y"].to_numpy()[:until])
        np.testing.assert_array_equal(expected, other["y"].to_numpy()[:until])


def test_interpolate_looks_ahead_as_its_docstring_warns(gappy):
    later = gappy.assign(y=[1.0, 2.0, 50.0, 6.0])
    assert fill_gaps(later, how="interpolate")["y"].iloc[2] == 18.0
    assert "looks ahead" in fill_gaps.__doc__


def test_missing_values_are_filled_like_missing_rows(gappy):
    data = pd.DataFrame({"unique_id": "a", "ds": pd.date_range("2024-01-01", periods=4)})
    got = fill_gaps(data.assign(y=[1.0, NAN, 3.0, NAN]), how="forward")
    assert got["y"].tolist() == [1.0, 1.0, 3.0, 3.0]


def test_no_value_crosses_from_one_series_to_the_next():
    data = pd.DataFrame(
        {
            "unique_id": list("aabbb"),
            "ds": pd.to_datetime(["2024-01-01", "2024-01-02", *DAYS[[0, 2, 3]]]),
            "y": [1.0, NAN, 3.0, 5.0, NAN],
        }
    )
    with pytest.warns(StaleSeriesWarning):
        got = fill_gaps(data, how="interpolate", freq="D")
    np.testing.assert_array_equal(got["y"], [1.0, NAN, 3.0, 3.5, 4.0, 4.5, 5.0, NAN])


@pytest.mark.filterwarnings("ignore::forecasting.errors.StaleSeriesWarning")
def test_extend_brings_every_series_to_one_end(gappy):
    short = gappy.iloc[:2].assign(unique_id="b")
    got = fill_gaps(pd.concat([gappy, short]), how="zero", extend=True)
    assert got.groupby("unique_id")["ds"].max().nunique() == 1
    assert got.loc[got["unique_id"] == "b", "y"].tolist() == [1.0, 2.0, 0.0, 0.0, 0.0, 0.0]


@pytest.mark.filterwarnings("ignore::forecasting.errors.StaleSeriesWarning")
def test_extending_by_millions_of_rows_is_refused():
    late = pd.DataFrame({"unique_id": "late", "ds": [900_000, 900_001], "y": 1.0})
    early = pd.DataFrame({"unique_id": np.repeat(list("abc"), 2), "ds": [0, 1] * 3, "y": 1.0})
    with pytest.raises(GapError, match="2,700,000 rows"):
        fill_gaps(pd.concat([late, early]), how="zero", extend=True)


def test_whole_numbers_stay_whole_where_nothing_is_missing(gappy):
    data = gappy.astype({"y": "int32"})
    assert fill_gaps(data, how="zero")["y"].dtype == np.int32
    assert fill_gaps(data, how=None)["y"].dtype == np.float64


def test_other_columns_are_kept_and_missing_in_new_rows(gappy):
    data = gappy.assign(promo=[1.0, 0.0, 1.0, 0.0]).sample(frac=1, random_state=0)
    got = fill_gaps(data, how="zero")
    np.testing.assert_array_equal(got["promo"], [1.0, 0.0, NAN, NAN, 1.0, 0.0])


def test_the_kind_that_came_in_comes_back(gappy):
    y = gappy.set_index("ds")["y"].rename("sales")
    got = fill_gaps(y, how="zero")
    assert isinstance(got, pd.Series)
    assert (got.name, got.index.name, len(got)) == ("sales", "ds", 6)
    wide = gappy.pivot(index="ds", columns="unique_id", values="y")
    assert fill_gaps(wide, how="zero")["a"].tolist() == got.tolist()
    stacked = fill_gaps(gappy.set_index(["unique_id", "ds"]), how="zero")
    assert stacked["y"].tolist() == got.tolist()
    frame = pl.DataFrame({c: gappy[c].tolist() for c in gappy}).with_columns(
        pl.col("ds").cast(pl.Date)
    )
    filled = fill_gaps(frame, how="zero")
    assert filled.schema == frame.schema
    assert filled["y"].to_list() == got.tolist()


def test_what_the_messages_advise_works(gappy):
    with pytest.raises(GapError, match=r"fill_gaps\(data, how=\.\.\.\)"):
        SeasonalNaive(1).fit(gappy)
    SeasonalNaive(1).fit(fill_gaps(gappy, how="forward"))
    assert as_panel(fill_gaps(gappy, how="zero")).gaps is None


@pytest.mark.parametrize("how", ["backward", True, "Zero"])
def test_an_unknown_way_is_refused(gappy, how):
    with pytest.raises(ArgumentError, match="how must be 'zero', 'forward'"):
        fill_gaps(gappy, how=how)


def test_seasonal_needs_a_season():
    data = pd.DataFrame({"ds": [1, 2, 4], "y": 1.0})
    with pytest.raises(ArgumentError, match="say season_length="):
        fill_gaps(data, how="seasonal")
    with pytest.raises(ArgumentError, match="at least 1"):
        fill_gaps(data, how="seasonal", season_length=0)
