"""check: one row per series and kind, and it does not stop at what it is asked to list."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from forecasting import check
from forecasting.errors import ColumnNameError, IdError

DAYS = pd.date_range("2024-01-01", periods=60)


def one(name="a", y=None, ds=DAYS):
    values = 100 + np.random.default_rng(0).normal(size=len(ds)) if y is None else y
    return pd.DataFrame({"unique_id": name, "ds": ds, "y": values})


def kinds(data, **options):
    return check(data, **options)[["unique_id", "what", "n"]].values.tolist()


def test_nothing_odd_is_an_empty_table_with_the_same_columns():
    found = check(one())
    assert list(found.columns) == ["unique_id", "what", "n", "first", "detail", "mend"]
    assert len(found) == 0


def test_a_gap_has_its_length_and_its_first_missing_time():
    found = check(one().drop([20, 21, 22, 30]))
    assert found[["what", "n"]].values.tolist() == [["gap", 4]]
    assert found["first"].tolist() == [pd.Timestamp("2024-01-21")]
    assert "fill_gaps(data, how=" in found["mend"].iloc[0]


def test_duplicates_are_listed_and_do_not_stop():
    data = pd.concat([one(), one().iloc[[10, 11]].assign(y=7.0)])
    found = check(data)
    assert found[["what", "n"]].values.tolist() == [["duplicate", 2]]
    assert found["first"].tolist() == [pd.Timestamp("2024-01-11")]
    assert "the values differ" in found["detail"].iloc[0]


def test_stray_times_are_listed_and_left_out():
    data = one()
    data.loc[[5, 6], "ds"] += pd.Timedelta("5h")
    assert kinds(data) == [["a", "off calendar", 2], ["a", "gap", 2]]


def test_a_placeholder_date_is_a_jump_and_not_a_gap_of_centuries():
    data = one()
    data.loc[59, "ds"] = pd.Timestamp("2262-01-01")
    found = check(data)
    assert found[["what", "n"]].values.tolist() == [["jump", 1]]
    assert found["first"].tolist() == [pd.Timestamp("2262-01-01")]


def test_a_placeholder_before_the_data_is_left_out_at_that_side():
    data = one()
    data.loc[0, "ds"] = pd.Timestamp("1900-01-01")
    assert kinds(data) == [["a", "jump", 1]]


def test_a_series_on_a_coarser_step_is_named_with_its_frequency():
    weeks = one("w", ds=pd.date_range("2023-06-04", "2024-02-25", freq="W-SUN"))
    found = check(pd.concat([one(), weeks]))
    assert found["what"].tolist() == ["coarser", "stale"]
    assert "looks like freq 'W-SUN', not 'D'" in found["detail"].iloc[0]


def test_missing_values_inside_and_at_the_end_are_two_kinds():
    data = one()
    data.loc[[3, 4, 59], "y"] = np.nan
    found = check(data)
    assert found[["what", "n"]].values.tolist() == [["missing", 2], ["missing at the end", 1]]
    assert found["first"].tolist() == [pd.Timestamp("2024-01-04"), pd.Timestamp("2024-02-29")]


def test_a_series_without_any_value_is_only_that():
    assert kinds(one(y=np.nan)) == [["a", "all missing", 60]]


def test_infinite_values_are_counted():
    data = one()
    data.loc[[5, 7], "y"] = [np.inf, -np.inf]
    assert kinds(data) == [["a", "infinite", 2]]


def test_short_is_fewer_than_two_seasons():
    assert kinds(one().iloc[:13]) == [["a", "short", 13]]
    assert kinds(one().iloc[:14]) == []
    assert kinds(one(), season_length=31) == [["a", "short", 60]]


def test_a_stale_series_has_its_lag():
    found = check(pd.concat([one(), one("b").iloc[:50]]))
    assert found[["unique_id", "what", "n"]].values.tolist() == [["b", "stale", 10]]
    assert found["first"].tolist() == [pd.Timestamp("2024-02-20")]


def test_a_last_period_below_each_of_the_last_four_of_its_season():
    data = one()
    data.loc[59, "y"] = 58.0
    assert ["a", "incomplete last period", 1] in kinds(data)
    data.loc[59, "y"] = 62.0
    assert ["a", "incomplete last period", 1] not in kinds(data)


def test_outliers_are_50_robust_deviations_from_the_median():
    y = np.tile([9.0, 10.0, 11.0, 10.0], 15)  # median 10, median deviation 1, sd 1.4826
    y[7] = 10 + 50 * 1.4826 + 0.1
    found = check(one(y=y))
    assert found[["what", "n", "first"]].values.tolist() == [
        ["outlier", 1, pd.Timestamp("2024-01-08")]
    ]
    y[7] = 10 + 50 * 1.4826 - 0.1
    assert kinds(one(y=y)) == []


def test_constant_and_intermittent_are_said():
    zeros = np.where(np.arange(60) % 3 == 1, 4.0, 0.0)
    data = pd.concat([one("c", y=5.0), one("i", y=zeros)])
    found = check(data)
    assert found[["unique_id", "what", "n"]].values.tolist() == [
        ["c", "constant", 60],
        ["i", "intermittent", 40],
    ]
    assert found["detail"].tolist() == ["always 5", "67 % zeros"]


def test_several_kinds_and_series_are_one_table_with_the_dtype_of_the_ids():
    data = pd.concat([one(3, y=5.0), one(20).drop([7, 9]), one(100).iloc[:8]])
    found = check(data)
    assert found["unique_id"].dtype == np.int64
    assert found.groupby("unique_id")["what"].apply(list).to_dict() == {
        3: ["constant"],
        20: ["gap"],
        100: ["short", "stale"],
    }


@pytest.mark.parametrize("shape", ["wide", "series", "polars", "multiindex"])
def test_any_shape_is_looked_at(shape):
    data = one().drop([20, 21])
    shaped = {
        "wide": data.pivot(index="ds", columns="unique_id", values="y"),
        "series": data.set_index("ds")["y"].rename("a"),
        "polars": pl.DataFrame({c: data[c].tolist() for c in data}),
        "multiindex": data.set_index(["unique_id", "ds"]),
    }[shape]
    assert kinds(shaped) == [["a", "gap", 2]]


def test_what_cannot_be_read_is_an_error_as_at_the_door():
    with pytest.raises(ColumnNameError):
        check(one().drop(columns="y"))
    with pytest.raises(IdError):
        check(one().assign(unique_id=None))


def test_the_data_is_not_touched():
    data = one().sample(frac=1, random_state=0)
    before = data.copy()
    check(data)
    pd.testing.assert_frame_equal(before, data)
