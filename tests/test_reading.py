"""The door as a whole: whatever the shape and the order, one and the same panel comes in."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting import SeasonalNaive, as_panel
from forecasting.errors import DuplicateRowsError
from forecasting.panel import Panel

ALIASES = ("15min", "h", "D", "B", "W-MON", "MS", "ME", "QE-DEC", "YS-JAN")


@st.composite
def panels(draw):
    """Long frames of ragged series on one calendar, with missing values inside."""
    alias = draw(st.sampled_from(ALIASES))
    zone = draw(st.sampled_from([None, "UTC", "Europe/Berlin"]))
    ids = draw(st.lists(st.text("ab\u00e9 7/", min_size=1, max_size=4).map(lambda t: f"i{t}i"),
                        min_size=1, max_size=4, unique=True))  # fmt: skip
    whole = pd.date_range("2023-02-01", periods=40, freq=alias)
    whole = whole.tz_localize(zone, nonexistent="shift_forward", ambiguous="NaT")
    frames = []
    for name in ids:
        first, n = draw(st.integers(0, 8)), draw(st.integers(3, 30))
        values = draw(st.lists(st.floats(-1e6, 1e6), min_size=n, max_size=n))
        frames.append(
            pd.DataFrame({"unique_id": name, "ds": whole[first : first + n], "y": values})
        )
    return alias, pd.concat(frames, ignore_index=True)


def bits(panel):
    return (
        panel.values.tobytes(),
        panel.offsets.tolist(),
        panel.start.tolist(),
        panel.ids.tolist(),
        panel.calendar.freq,
    )


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=40)
@given(panels(), st.randoms(use_true_random=False))
def test_any_order_and_shape_of_the_same_rows_is_the_same_panel(case, random):
    alias, data = case
    expected = bits(as_panel(data, freq=alias))
    order = list(range(len(data)))
    random.shuffle(order)
    assert bits(as_panel(data.iloc[order], freq=alias)) == expected
    stacked = data.set_index(["unique_id", "ds"])
    assert bits(as_panel(stacked, freq=alias)) == expected
    wide = data.pivot(index="ds", columns="unique_id", values="y")
    ends = data.groupby("unique_id")["ds"].max()
    if ends.nunique() == 1:  # a wide frame writes NaN after the end of a series that ends early
        assert bits(as_panel(wide, freq=alias)) == expected
    assert bits(as_panel(wide, freq=alias, drop_trailing_na=True)) == expected
    if data["ds"].dt.tz is None:
        frame = pl.DataFrame({"unique_id": data["unique_id"].tolist(), "ds": data["ds"].to_numpy(),
                              "y": data["y"].to_numpy()})  # fmt: skip
        assert bits(as_panel(frame, freq=alias)) == expected


@pytest.mark.filterwarnings("ignore")
def test_what_pads_a_wide_frame_is_no_row_that_misses_a_weekend():
    week = pd.date_range("2023-02-06", "2023-02-10")  # Monday to Friday
    parts = [("a", week), ("b", week + pd.Timedelta(days=7))]
    long = pd.concat([pd.DataFrame({"unique_id": i, "ds": t, "y": 1.0}) for i, t in parts])
    wide = long.pivot(index="ds", columns="unique_id", values="y")
    assert bits(as_panel(wide, freq="D", drop_trailing_na=True)) == bits(as_panel(long, freq="D"))


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=40)
@given(panels())
def test_every_row_is_found_again_at_its_time(case):
    alias, data = case
    panel = as_panel(data, freq=alias)
    assert isinstance(panel, Panel)
    back = pd.Series(
        panel.values,
        index=[
            panel.ids.repeat(panel.lengths),
            panel.calendar.times(panel.row_ordinals()),
        ],
    )
    expected = data.set_index(["unique_id", "ds"])["y"].sort_index()
    pd.testing.assert_series_equal(back, expected, check_names=False, check_index_type=False)


def test_the_arrays_of_a_panel_are_read_only_and_its_own():
    y = np.arange(20.0)
    data = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=20), "y": y})
    panel = as_panel(data)
    assert not panel.values.flags.writeable
    assert not np.shares_memory(panel.values, data["y"].to_numpy())


def test_a_panel_passes_the_door_as_it_is():
    panel = as_panel(pd.Series([1.0, 2.0], index=pd.date_range("2024-01-01", periods=2)))
    assert as_panel(panel) is panel


def test_text_ids_sort_by_code_point_and_numbers_by_value():
    days = pd.date_range("2024-01-01", periods=2)

    def ids(names):
        frames = [pd.DataFrame({"unique_id": n, "ds": days, "y": 1.0}) for n in names]
        return as_panel(pd.concat(frames)).ids.tolist()

    assert ids(["b", "a10", "a9", "B", "\u00e9"]) == ["B", "a10", "a9", "b", "\u00e9"]
    assert ids([10, 9, -1]) == [-1, 9, 10]


def test_the_failure_of_a_series_without_ids_does_not_invent_one():
    y = pd.Series([1.0, np.nan, 3.0], index=pd.date_range("2024-01-01", periods=3), name="sales")
    with pytest.raises(ValueError, match=r"^1 missing value, first 2024-01-02"):
        SeasonalNaive(1).fit(y)
    assert as_panel(y).ids.tolist() == ["sales"]


def test_stacked_series_without_ids_are_told_that_an_id_column_is_missing():
    days = pd.date_range("2024-01-01", periods=5)
    stacked = pd.DataFrame({"ds": [*days, *days], "store": ["a"] * 5 + ["b"] * 5, "y": 1.0})
    with pytest.raises(
        DuplicateRowsError, match=r"5 duplicated ds values .* no column 'unique_id'.*id_col="
    ):
        as_panel(stacked)


def test_rows_over_centuries_of_nanoseconds_are_sorted_as_any():
    years = pd.date_range("1690-01-01", periods=560, freq="YS", unit="ns")
    frames = [pd.DataFrame({"unique_id": n, "ds": years, "y": np.arange(560.0)}) for n in "ab"]
    data = pd.concat(frames)
    assert bits(as_panel(data.sample(frac=1, random_state=0))) == bits(as_panel(data))
