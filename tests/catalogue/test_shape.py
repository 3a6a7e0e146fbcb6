"""Section S of the catalogue: size and shape, and the kind that came in comes back out."""

import time

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from forecasting import Naive, SeasonalNaive, as_panel, backtest
from forecasting.errors import (
    ArgumentError,
    ColumnNameError,
    DataWarning,
    EmptyInputError,
    FailureWarning,
    FrequencyError,
    InputTypeError,
    ShortSeriesError,
    TargetTypeError,
)


def test_S01_no_rows_stop(df, stops):
    stops(df.iloc[:0], EmptyInputError, "0 rows")


def test_S02_one_row_shows_no_frequency(df, stops):
    """The forecast of one row has no date until ``freq`` is said; then the model decides."""
    stops(df.iloc[:1], FrequencyError, "no series has two rows", "freq='D'")
    with pytest.raises(ShortSeriesError, match="a: has 1 observation, needs at least 7"):
        SeasonalNaive(7).fit(df.iloc[:1], freq="D")


def test_S03_two_rows_have_a_forecast_and_no_interval(df):
    with pytest.warns(FailureWarning, match="NO_RESIDUALS"):
        got = Naive().fit(df.iloc[:2]).predict(1, level=80)
    assert got["mean"].tolist() == [df["y"].iloc[1]]
    assert got[["lo-80", "hi-80"]].isna().all(axis=None)


@pytest.mark.filterwarnings("ignore::forecasting.errors.StaleSeriesWarning")
@pytest.mark.parametrize(("case", "rows"), [("S04", 5), ("S05", 1)])
def test_S04_S05_a_short_series_fails_alone(df, costs, case, rows):
    data = df.drop(range(rows, 60))
    failures = costs(data, "SHORT", f"has {rows} observation", "needs at least 7")
    assert failures["n_obs"].tolist() == [rows]


def test_S06_many_short_series_are_one_warning_and_a_table():
    n = 20_000
    short = pd.DataFrame({"unique_id": np.arange(n), "ds": pd.Timestamp("2024-02-29"), "y": 1.0})
    long = pd.DataFrame({"unique_id": n, "ds": pd.date_range("2024-01-01", periods=60), "y": 1.0})
    data = pd.concat([short, long])
    began = time.process_time()
    with pytest.warns(FailureWarning, match="20,000 of 20,001 series failed") as said:
        model = SeasonalNaive(7).fit(data)
    assert len(said) == 1
    assert len(model.failures) == n
    assert Naive().fit(data).predict(1)["mean"].eq(1.0).all()
    assert time.process_time() - began < 5


def test_S07_one_row_with_a_level_has_no_interval_and_says_why(df, says):
    with says(FailureWarning, "NO_RESIDUALS", "have no prediction interval", "the mean stands"):
        got = Naive().fit(df.iloc[:1], freq="D").predict(1, level=90)
    assert got["mean"].notna().all()
    assert got[["lo-90", "hi-90"]].isna().all(axis=None)


@pytest.mark.parametrize("value", [0, 7.0, -1, True, "7", None])
def test_S08_season_length_is_checked_when_it_is_given(refuses, value):
    refuses(lambda: SeasonalNaive(value), ArgumentError, "season_length", repr(value))


def test_S09_an_id_in_the_index_is_pointed_out(df, stops):
    words = ("found index level unique_id", "reset_index()")
    stops(df.set_index("unique_id"), ColumnNameError, *words)


def test_S09_columns_in_two_levels_are_pointed_out(df, stops):
    columns = pd.MultiIndex.from_product([["x"], df.columns])
    stops(df.set_axis(columns, axis=1), ColumnNameError, "MultiIndex", "flatten")


def test_S09_a_MultiIndex_of_series_and_time_is_the_shape_of_sktime(df, forecast):
    """The catalogue wants an error; the frame of sktime is one of the shapes that are read."""
    got = forecast(df.set_index(["unique_id", "ds"]))
    assert got.index.names == ["unique_id", "ds"]
    assert got["y"].tolist() == forecast(df)["mean"].tolist()


@pytest.mark.parametrize("data", [None, [1.0, 2.0], {"y": [1.0]}, "sales.csv"])
def test_S10_what_is_no_frame_is_named(stops, data):
    what = "None" if data is None else type(data).__name__
    stops(data, InputTypeError, "must be a DataFrame", f"got {what}")


def test_S10_an_array_is_told_that_it_has_no_times(stops):
    stops(np.arange(9.0), InputTypeError, "has no times", "pd.Series(values, index=pd.date_range(")


def test_S10_no_models_are_refused(df, refuses):
    refuses(lambda: backtest(df, [], h=2), ArgumentError, "models is empty")


# --- the kind that came in comes back out -------------------------------------------------------------


def wide(df):
    return df.pivot(index="ds", columns="unique_id", values="y")


def test_a_wide_frame_comes_back_wide_in_its_order_of_columns(df, forecast):
    data = wide(df)[["b", "a"]]
    got = forecast(data)
    assert list(got.columns) == ["b", "a"]
    assert (got.index.name, got.columns.name) == ("ds", "unique_id")
    expected = forecast(df)
    np.testing.assert_array_equal(got["a"], expected.loc[expected["unique_id"] == "a", "mean"])


def test_a_wide_frame_with_levels_has_a_column_for_each(df, forecast):
    got = forecast(wide(df), level=(80,))
    assert list(got.columns) == [(c, i) for c in ("mean", "lo-80", "hi-80") for i in "ab"]


def test_a_wide_frame_may_hold_series_that_begin_later(df, forecast):
    data = wide(df)
    data.iloc[:20, 1] = np.nan
    assert forecast(data).notna().all(axis=None)
    assert as_panel(data).lengths.tolist() == [60, 40]


def test_a_wide_frame_with_text_names_the_column(df, stops):
    stops(wide(df).assign(region="north"), TargetTypeError, "column 'region'")


@pytest.mark.parametrize("index", ["datetime", "period", "integer"])
def test_a_Series_comes_back_as_a_Series_with_its_name(df, forecast, index):
    y = df["y"].iloc[:60].rename("sales")
    times = {
        "datetime": pd.DatetimeIndex(df["ds"].iloc[:60], name="day"),
        "period": pd.period_range("2024-01-01", periods=60, freq="D", name="day"),
        "integer": pd.RangeIndex(60, name="day"),
    }
    got = forecast(y.set_axis(times[index]), 3)
    assert isinstance(got, pd.Series)
    assert (got.name, got.index.name) == ("sales", "day")
    assert type(got.index) in (type(times[index]), pd.Index)
    assert got.tolist() == forecast(df, 3)["mean"].iloc[:3].tolist()


def test_a_Series_with_levels_comes_back_as_a_frame(df, forecast):
    got = forecast(df.iloc[:60].set_index("ds")["y"], 3, level=(80,))
    assert list(got.columns) == ["mean", "lo-80", "hi-80"]
    assert isinstance(got.index, pd.DatetimeIndex)


def test_the_frame_of_sktime_comes_back_with_its_names(df, forecast):
    for names in (["store", "day"], [None, None]):
        data = df.set_index(["unique_id", "ds"]).rename_axis(index=names)
        got = forecast(data)
        assert list(got.index.names) == names
        assert list(got.columns) == ["y"]


def test_one_series_without_an_id_column_comes_back_without_one(df, forecast):
    got = forecast(df.iloc[:60][["ds", "y"]])
    assert list(got.columns) == ["ds", "mean"]


def test_columns_of_other_names_come_back_with_them(df, forecast):
    data = df.rename(columns={"unique_id": "store", "ds": "day", "y": "sales"})
    got = forecast(data, id_col="store", time_col="day", target_col="sales")
    assert list(got.columns) == ["store", "day", "mean"]


@pytest.mark.parametrize("dated", [True, False])
def test_polars_comes_back_as_polars_with_its_dtypes(df, forecast, dated):
    data = pl.DataFrame(
        {"unique_id": df["unique_id"].tolist(), "ds": df["ds"].to_numpy(), "y": df["y"].to_numpy()}
    )
    if dated:
        data = data.with_columns(pl.col("ds").cast(pl.Date))
    got = forecast(data)
    assert got.schema == pl.Schema(
        {"unique_id": pl.String(), "ds": data.schema["ds"], "mean": pl.Float64()}
    )
    assert got["mean"].to_list() == forecast(df)["mean"].tolist()


def test_an_arrow_table_comes_back_as_one(df, forecast):
    got = forecast(pa.Table.from_pandas(df, preserve_index=False))
    assert isinstance(got, pa.Table)
    assert got.column_names == ["unique_id", "ds", "mean"]


@pytest.mark.parametrize("shape", ["long", "wide", "series", "multiindex", "polars"])
def test_the_data_of_the_caller_is_not_touched(df, forecast, shape):
    data = {
        "long": df,
        "wide": wide(df),
        "series": df.iloc[:60].set_index("ds")["y"],
        "multiindex": df.set_index(["unique_id", "ds"]),
        "polars": pl.DataFrame({"ds": df["ds"].to_numpy()[:60], "y": df["y"].to_numpy()[:60]}),
    }[shape]
    before = data.clone() if shape == "polars" else data.copy(deep=True)
    forecast(data, level=(80,))
    assert before.equals(data)


def test_a_change_to_the_frame_after_fit_changes_no_forecast(df):
    model = SeasonalNaive(7).fit(df)
    expected = model.predict(7)
    df.loc[:, "y"] = 0.0
    pd.testing.assert_frame_equal(expected, model.predict(7), check_exact=True)


def test_a_horizon_far_beyond_the_history_is_said(df, says):
    with says(DataWarning, "h=500 is 8.3x the longest history (60 rows)"):
        SeasonalNaive(7).fit(df).predict(500)
