"""Section A of the catalogue: structure and missing values. A15 (revised input) is part of the runs."""

import numpy as np
import pandas as pd
import pytest

from forecasting import SeasonalNaive, as_panel, check
from forecasting.errors import (
    AllMissingError,
    ArgumentError,
    DataWarning,
    DuplicateRowsError,
    GapError,
    InputError,
    StaleSeriesWarning,
    TimeColumnError,
)


def test_A00_control_is_forecast_and_a_rerun_gives_the_same_bits(df, forecast):
    first, again = forecast(df, level=(80,)), forecast(df, level=(80,))
    assert first["mean"].notna().all()
    pd.testing.assert_frame_equal(first, again, check_exact=True)


def test_A01_exact_duplicates_stop_before_any_fit(df, stops):
    data = pd.concat([df, df.iloc[[10]]]).sort_values(["unique_id", "ds"])
    error = stops(
        data,
        DuplicateRowsError,
        "1 duplicated (unique_id, ds) pair in 1 of 2 series",
        "first a @ 2024-01-11, rows 10 and 11 (values equal)",
        "df.drop_duplicates(['unique_id', 'ds'])",
    )
    assert (error.n_bad, error.ids, error.column) == (1, ("a",), "ds")
    assert error.rows["row"].tolist() == [10, 11]


def test_A02_duplicates_in_conflict_show_both_values(df, stops):
    twin = df.iloc[[10]].assign(y=9999.0)
    error = stops(
        pd.concat([df, twin], ignore_index=True), DuplicateRowsError, "values differ", "vs 9999"
    )
    assert error.rows["row"].tolist() == [10, 120], "rows are those of the caller's frame"


@pytest.mark.parametrize(
    ("how", "expected"), [("sum", 12.0), ("mean", 6.0), ("first", 5.0), ("last", 7.0)]
)
def test_A02_an_aggregation_by_name_is_the_only_way_to_accept_duplicates(df, how, expected):
    df = df.assign(y=5.0)
    twin = df.iloc[[59]].assign(y=7.0)
    panel = as_panel(pd.concat([df, twin]), on_duplicate=how)
    assert panel.series(0)[-1] == expected
    assert len(panel.values) == 120


def test_A02_an_unknown_aggregation_is_refused(df, refuses):
    refuses(lambda: as_panel(df, on_duplicate="drop"), ArgumentError, "on_duplicate", "'drop'")


@pytest.mark.parametrize("case", ["A03 shuffled", "A04 reversed"])
def test_A03_A04_the_order_of_rows_changes_no_bit(df, forecast, case):
    data = df.sample(frac=1, random_state=0) if "A03" in case else df.iloc[::-1]
    before = data.copy()
    expected, got = forecast(df, level=(80,)), forecast(data, level=(80,))
    pd.testing.assert_frame_equal(expected, got, check_exact=True)
    pd.testing.assert_frame_equal(before, data)


def test_A05_a_gap_fails_its_series_alone(df, costs):
    costs(
        df.drop([20, 21, 22]),
        "GAP",
        "3 missing steps (2024-01-21 to 2024-01-23) at freq D",
        "fill_gaps",
    )


def test_A05_a_gap_in_the_only_series_is_an_error(df):
    with pytest.raises(GapError, match="3 missing steps"):
        SeasonalNaive(7).fit(df.iloc[:60].drop([20, 21, 22]))


def test_A06_a_series_that_ends_early_is_forecast_from_its_own_end_and_named(df, says):
    """The catalogue wants a column ``origin``; the times of the rows say it, the warning names it."""
    data = df.drop([57, 58, 59])
    with says(StaleSeriesWarning, "1 of 2 series end before 2024-02-29: a; a by 3 steps"):
        got = SeasonalNaive(7).fit(data).predict(7)
    first = got.groupby("unique_id")["ds"].min()
    assert first.tolist() == [pd.Timestamp("2024-02-27"), pd.Timestamp("2024-03-01")]
    assert len(got) == 14


def test_A06_end_common_makes_it_an_error(df, stops):
    error = stops(df.drop([57, 58, 59]), InputError, "end='common'", "a by 3 steps", end="common")
    assert error.ids == ("a",)


def test_A07_leading_missing_values_are_trimmed_and_said(df, says):
    data = df.copy()
    data.loc[[0, 1, 2], "y"] = np.nan
    with says(DataWarning, "dropped 3 rows with a missing value at the start, of 1 series: a"):
        got = SeasonalNaive(7).fit(data).predict(7)
    assert got["mean"].notna().all()


def test_A08_missing_values_inside_fail_that_series(df, costs):
    data = df.copy()
    data.loc[[20, 21], "y"] = np.nan
    costs(data, "MISSING", "2 missing values, first 2024-01-21", "fill_gaps(data, how=...)")


def test_A09_missing_values_at_the_end_ask_about_the_final_period(df, costs):
    data = df.copy()
    data.loc[[58, 59], "y"] = np.nan
    costs(data, "MISSING", "the last 2 values are missing: is the final period complete?")


@pytest.mark.filterwarnings("ignore::forecasting.errors.StaleSeriesWarning")
def test_A09_drop_trailing_na_moves_the_origin_back_and_says_so(df):
    data = df.copy()
    data.loc[[58, 59], "y"] = np.nan
    with pytest.warns(DataWarning, match="dropped 2 rows with a missing value at the end"):
        got = SeasonalNaive(7).fit(data, drop_trailing_na=True).predict(1)
    assert got["ds"].tolist() == [pd.Timestamp("2024-02-28"), pd.Timestamp("2024-03-01")]


def test_A10_a_series_without_any_value_fails_alone(df, costs):
    data = df.copy()
    data.loc[:59, "y"] = np.nan
    costs(data, "ALL_MISSING", "all 60 values")


def test_A10_if_no_series_has_a_value_the_call_raises(df):
    with pytest.raises(AllMissingError, match="a: all 60 values"):
        SeasonalNaive(7).fit(df.assign(y=np.nan))


@pytest.mark.parametrize(("row", "value", "sign"), [(20, np.inf, "+inf"), (59, -np.inf, "-inf")])
def test_A11_A12_an_infinite_value_fails_that_series(df, costs, row, value, sign):
    data = df.copy()
    data.loc[row, "y"] = value
    day = data.loc[row, "ds"].date()
    costs(data, "NON_FINITE", f"1 infinite value: {day} ({sign})")


def test_A13_a_null_time_stops(df, stops):
    data = df.copy()
    data.loc[20, "ds"] = pd.NaT
    error = stops(data, TimeColumnError, "1 null timestamp in ds (row 20)", "dropna")
    assert (error.n_bad, error.column) == (1, "ds")


def test_A14_complete_until_drops_the_unfinished_period_and_says_so(df, says):
    """No clock in library code: the run says until when its data is complete."""
    with says(
        DataWarning, "dropped 2 rows after complete_until=2024-02-28 10:00, of 2 series: a, b"
    ):
        got = SeasonalNaive(7).fit(df, complete_until="2024-02-28 10:00").predict(1)
    assert got["ds"].unique().tolist() == [pd.Timestamp("2024-02-29")]


def test_A14_a_last_period_that_looks_incomplete_everywhere_is_said(df, says):
    data = df.copy()
    data.loc[[59, 119], "y"] *= 0.4
    with says(
        DataWarning, "the last period, 2024-02-29, looks incomplete in 2 of 2", "complete_until="
    ):
        SeasonalNaive(7).fit(data)
    assert check(data)["what"].tolist() == ["incomplete last period"] * 2


def test_A14_one_series_of_many_that_falls_is_no_incomplete_period(df, forecast):
    data = pd.concat([df, df.assign(unique_id=df["unique_id"] + "2")], ignore_index=True)
    data.loc[59, "y"] *= 0.4
    forecast(data)


def test_A14_complete_until_before_all_data_is_refused(df):
    with (
        pytest.warns(DataWarning, match="nothing is left of a, b"),
        pytest.raises(InputError, match="no rows are left; move complete_until="),
    ):
        as_panel(df, complete_until="2020-01-01")
