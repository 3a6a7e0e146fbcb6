"""What the properties of this folder found, each in its plainest form."""

import decimal

import numpy as np
import pandas as pd
import pytest

from forecasting import Naive, Regressors, as_panel, backtest, check, fill_gaps
from forecasting.errors import (
    ArgumentError,
    HorizonError,
    IdError,
    LevelError,
    RegressorError,
    TimeColumnError,
    WindowError,
)

DAYS = pd.date_range("2024-01-01", periods=20)


@pytest.fixture
def df():
    return pd.DataFrame({"unique_id": "a", "ds": DAYS, "y": np.arange(20.0)})


def test_fuzz_quantiles_may_be_an_array_and_may_not_be_a_period(df):
    wanted = Naive().fit(df).predict(1, quantiles=np.array([0.1, 0.9]))
    assert list(wanted.columns) == ["unique_id", "ds", "mean", "q-0.1", "q-0.9"]
    for odd in (pd.Period("2024-01", "M"), b"x", True):
        with pytest.raises(LevelError, match="quantiles are probabilities"):
            Naive().fit(df).predict(1, quantiles=odd)
        with pytest.raises(LevelError, match="levels are percentages"):
            Naive().fit(df).predict(1, level=odd)


def test_fuzz_a_season_of_text_is_refused_before_anything_is_computed(df):
    with pytest.raises(ArgumentError, match="season_length must be a whole number"):
        check(df, season_length="7")
    with pytest.raises(ArgumentError, match="season_length must be a whole number"):
        backtest(df, Naive(), h=1, season_length="7")


@pytest.mark.parametrize("odd", [{"a": 1}, [1, 2]])
def test_fuzz_an_id_that_is_no_key_is_named(df, odd):
    with pytest.raises(IdError, match=f"got the {type(odd).__name__}"):
        as_panel(df.assign(unique_id=[odd] * 20))
    for role in ("static", "known_future", "past_only"):
        X = pd.DataFrame({"unique_id": [odd], "ds": DAYS[:1], "x": [1.0]})
        X = X.drop(columns="ds") if role == "static" else X
        with pytest.raises(RegressorError, match=f"got the {type(odd).__name__}"):
            as_panel(df, X=Regressors(**{role: X}))


def test_fuzz_regressors_without_a_row_are_refused_as_such(df):
    X = pd.DataFrame({"ds": [], "x": []})
    with pytest.raises(RegressorError, match="regressors have 0 rows"):
        as_panel(df, X=Regressors(known_future=X))


@pytest.mark.parametrize("name", ["id_col", "time_col", "target_col"])
def test_fuzz_the_name_of_a_column_is_text(df, name):
    with pytest.raises(ArgumentError, match=f"{name} must be the name of a column"):
        as_panel(df, **{name: None})


@pytest.mark.parametrize("odd", [pd.NA, np.array(["drop", "keep"]), {"a": 1}])
def test_fuzz_words_are_compared_with_text_alone(df, odd):
    with pytest.raises(WindowError, match="window must be"):
        backtest(df, Naive(), h=1, window=odd)
    with pytest.raises(ArgumentError, match="partial must be"):
        backtest(df, Naive(), h=1, partial=odd)
    with pytest.raises(ArgumentError, match="is not among the models"):
        backtest(df, Naive(), h=1, baseline=odd)
    with pytest.raises(ArgumentError, match="how must be"):
        fill_gaps(df, how=odd)
    with pytest.raises(ArgumentError, match="end must be"):
        as_panel(df, end=odd)
    with pytest.raises(ArgumentError, match="on_duplicate must be"):
        as_panel(df, on_duplicate=odd)


def test_fuzz_a_horizon_of_billions_is_a_slip(df):
    for call in (Naive().fit(df).predict, lambda h: backtest(df, Naive(), h=h)):
        with pytest.raises(HorizonError, match="h=24,643,272,391 is more than 10,000,000 steps"):
            call(24_643_272_391)


def test_fuzz_of_mixed_times_the_first_that_is_there_is_named(df):
    with pytest.raises(TimeColumnError, match="mixed-integer objects, first a int"):
        as_panel(df.assign(ds=[None, 1, *["x"] * 18]))
    with pytest.raises(TimeColumnError, match="holds nothing but nulls"):
        as_panel(
            df.assign(
                ds=pd.Series([None, pd.NA, decimal.Decimal("NaN")] + [None] * 17, dtype=object)
            )
        )
