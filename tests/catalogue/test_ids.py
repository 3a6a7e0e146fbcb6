"""Section I of the catalogue: ids and names of columns."""

import numpy as np
import pandas as pd
import pytest

from forecasting import Naive, SeasonalNaive, as_panel, backtest
from forecasting.errors import (
    ArgumentError,
    ColumnNameError,
    DataWarning,
    DuplicateRowsError,
    IdError,
)


def renamed(df, a, b):
    ids = np.empty(len(df), dtype=object)
    ids[:60], ids[60:] = [a] * 60, [b] * 60
    return df.assign(unique_id=pd.Series(ids, dtype=object))


def boxed(df, a, b):
    """Ids that pandas would spread over rows."""
    ids = np.empty(len(df), dtype=object)
    for row in range(len(df)):
        ids[row] = a if row < 60 else b
    return df.assign(unique_id=pd.Series(ids, dtype=object))


def test_I01_a_level_without_rows_is_no_series(df, forecast):
    data = df.assign(unique_id=pd.Categorical(df["unique_id"], categories=["b", "zzz", "a"]))
    got = forecast(data)
    assert got["unique_id"].unique().tolist() == ["a", "b"]
    assert got["unique_id"].dtype == data["unique_id"].dtype


@pytest.mark.parametrize("null", [None, np.nan, pd.NA])
def test_I02_null_ids_stop_with_their_count(df, stops, null):
    error = stops(
        renamed(df, null, "b"), IdError, "60 rows have a null unique_id", "(first row 0)", "dropna"
    )
    assert (error.n_bad, error.column) == (60, "unique_id")


def test_I03_float_ids_with_NaN_stop(df, stops):
    stops(renamed(df, 1.0, np.nan).astype({"unique_id": float}), IdError, "60 rows have a null")


def test_I04_ids_that_collide_as_text_stop(df, stops):
    stops(renamed(df, 1, "1"), IdError, "ids 1 (int) and '1' (str)", "collide as text")


def test_I04_text_and_numbers_do_not_mix(df, stops):
    stops(renamed(df, 1, "b"), IdError, "mixes text ('b') and numbers (1)", "astype(str)")


def test_I05_ids_that_look_the_same_are_kept_and_said(df, says):
    data = renamed(df, "caf\u00e9", "cafe\u0301")
    with says(DataWarning, "look the same", "NFC"):
        got = SeasonalNaive(7).fit(data).predict(1)
    assert got["unique_id"].tolist() == ["cafe\u0301", "caf\u00e9"]


@pytest.mark.parametrize("name", ["../../x", "=1+1", "'; DROP TABLE", "a\x00b", "\U0001f4a5"])
def test_I06_any_text_is_an_id(df, forecast, name):
    assert name in forecast(renamed(df, name, "b"))["unique_id"].tolist()


def test_I07_an_empty_id_stops(df, stops):
    stops(renamed(df, "", "b"), IdError, '""', "give that series a name")


def test_I07_a_space_at_the_edge_is_said(df, says):
    with says(DataWarning, "1 id of unique_id with a space", "' b'", ".str.strip()"):
        SeasonalNaive(7).fit(renamed(df, "a", " b"))


@pytest.mark.parametrize(
    ("a", "b", "what"),
    [
        (("x", 1), ("x", 2), "tuple"),
        (pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02"), "unique_id"),
        (True, False, "bool"),
        (frozenset({1}), frozenset({2}), "frozenset"),
    ],
)
def test_I08_ids_are_text_or_numbers(df, stops, a, b, what):
    stops(boxed(df, a, b), IdError, "unique_id must be text or numbers", what)


def test_I08_dates_as_a_column_of_ids_stop(df, stops):
    stops(df.assign(unique_id=df["ds"]), IdError, "must be text or numbers", ".astype(str)")


@pytest.mark.parametrize(("a", "b"), [(10, 2), (10.5, 2.5)])
def test_I09_numbers_are_ids_and_sort_as_numbers(df, forecast, a, b):
    data = renamed(df, a, b).astype({"unique_id": type(a)})
    got = forecast(data, 1)
    assert got["unique_id"].tolist() == [b, a]
    assert got["unique_id"].dtype == data["unique_id"].dtype
    assert got["mean"].tolist() == forecast(df, 1)["mean"].tolist()[::-1]


def test_I10_other_columns_have_no_role_and_no_effect(df, forecast):
    """Only declared regressors are used; other columns are ignored, whatever their name."""
    data = df.assign(SeasonalNaive=1.0, yhat=2.0, region="north")
    pd.testing.assert_frame_equal(forecast(df), forecast(data), check_exact=True)


@pytest.mark.parametrize("name", ["mean", "lo-80", "hi-99.5", "q-0.1", "cutoff", "model"])
def test_I10_a_column_with_the_name_of_an_output_stops(df, stops, name):
    stops(df.assign(**{name: 1.0}), ColumnNameError, repr(name), "rename")


def test_I11_two_columns_of_one_name_stop(df, stops):
    data = df.assign(z=1.0).set_axis(["unique_id", "ds", "y", "y"], axis=1)
    stops(data, ColumnNameError, "column 'y' appears 2 times")


@pytest.mark.parametrize("missing", ["y", "ds"])
def test_I12_a_missing_column_is_named_with_those_found(df, stops, missing):
    error = stops(df.drop(columns=missing), ColumnNameError, f"missing column '{missing}'", "found")
    assert error.column == missing


def test_I12_a_near_name_is_offered(df, stops):
    stops(df.rename(columns={"y": "Y"}), ColumnNameError, "Did you mean 'Y'?", "target_col=")


def test_I13_the_index_of_a_long_frame_has_no_meaning(df, forecast):
    odd = df.set_axis([7] * 120, axis=0)
    pd.testing.assert_frame_equal(forecast(df), forecast(odd), check_exact=True)


def test_I14_rows_sorted_by_time_give_the_same_bits(df, forecast):
    data = df.sort_values("ds", kind="stable")
    pd.testing.assert_frame_equal(forecast(df), forecast(data), check_exact=True)


@pytest.mark.parametrize("name", ["ds", "unique_id"])
def test_I15_a_model_may_not_have_the_name_of_a_key(df, refuses, name):
    refuses(lambda: backtest(df, {name: Naive()}, h=2), ArgumentError, name, "reserved")


def test_I16_models_are_rows_so_that_no_name_can_collide_with_an_interval(df):
    models = {"A": Naive(), "A-lo-90": SeasonalNaive(7)}
    table = backtest(df, models, h=2, level=(90,), progress=False).forecasts
    assert table.groupby("model", observed=True)["lo-90"].count().to_dict() == {
        "A": 4,
        "A-lo-90": 4,
    }


@pytest.mark.parametrize("name", ["NA", "null", "0742", "1E5", "TRUE", "nan", "None"])
def test_I17_text_that_looks_like_something_else_stays_text(df, forecast, name):
    """Reading files is the command line's; what is text when it arrives stays that text."""
    assert forecast(renamed(df, name, "b"))["unique_id"].unique().tolist() == sorted([name, "b"])


def test_I18_two_models_of_one_name_stop(df, refuses):
    refuses(lambda: backtest(df, [Naive(), Naive()], h=2), ArgumentError, "unique", "'Naive'")


def test_X08_a_long_id_is_cut_in_messages(df, stops):
    long = "x" * 300
    data = renamed(df, long, "b")
    message = str(stops(pd.concat([data, data.iloc[[0]]]), DuplicateRowsError))
    assert "x" * 41 not in message
    assert as_panel(data).ids.tolist() == ["b", long]
