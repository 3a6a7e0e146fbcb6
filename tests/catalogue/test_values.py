"""Sections B and V of the catalogue: types of the target, and values that strain arithmetic."""

import datetime
import decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.linear_model import LinearRegression

from forecasting import (
    HistoricAverage,
    Log,
    Naive,
    RandomWalkWithDrift,
    SeasonalNaive,
    Transformed,
    as_panel,
    check,
)
from forecasting.errors import (
    CalibrationWarning,
    DataWarning,
    FailureWarning,
    InputTypeError,
    OverflowedError,
    SeriesError,
    TargetTypeError,
)
from forecasting.models.prophet import Prophet
from forecasting.models.regression import LagRegression
from forecasting.models.statsmodels import StatsmodelsETS


def test_B01_numbers_as_text_stop_with_the_first_value(df, stops):
    data = df.assign(y=df["y"].round(2).astype(str))
    first = data["y"].iloc[0]
    error = stops(data, TargetTypeError, "column 'y'", f"first '{first}' (row 0)", "pd.to_numeric")
    assert error.column == "y"


def test_B02_decimals_become_the_same_floats(df, forecast):
    data = df.assign(y=[decimal.Decimal(f"{v:.2f}") for v in df["y"]])
    expected = forecast(df.assign(y=df["y"].round(2)))
    pd.testing.assert_frame_equal(expected, forecast(data), check_exact=True)


def test_B02_a_decimal_with_more_digits_than_float64_is_refused(df, stops):
    values = [decimal.Decimal("1.5")] * 119 + [decimal.Decimal("90071992547409930.01")]
    stops(df.assign(y=values), TargetTypeError, "90071992547409930.01 (row 119)", ".astype(float)")


def test_B03_one_text_among_numbers_is_named(df, stops):
    data = df.astype({"y": object})
    data.loc[20, "y"] = "n/a"
    stops(data, TargetTypeError, "column 'y'", "'n/a'", "(row 20)")


def test_B04_bool_is_no_number_without_being_asked(df, stops):
    stops(df.assign(y=df["y"] > 100), TargetTypeError, "bool", ".astype(float)")


def test_B04_one_bool_among_objects_is_named(df, stops):
    values = df["y"].astype(object)
    values.iloc[3] = True
    stops(df.assign(y=values), TargetTypeError, "bool", "(row 3)")


def test_B05_whole_numbers_beyond_2_to_53_are_float64_and_said(df, says):
    data = df.assign(y=2**62 + np.arange(120))
    with says(DataWarning, "120 integers above 2**53 (first in row 0)"):
        got = SeasonalNaive(7).fit(data).predict(1)
    assert got["mean"].iloc[0] == float(2**62 + 53)


@pytest.mark.parametrize(
    ("case", "dtype"),
    [
        ("B06", "float32"),
        ("B07", "float16"),
        ("B09", "Float64"),
        ("B10", "double[pyarrow]"),
        ("B14", "uint8"),
    ],
)
def test_B06_B07_B09_B10_B14_numbers_of_any_width_are_computed_in_float64(
    df, forecast, case, dtype
):
    whole = df.assign(y=(df["y"] + 100).round())  # exact in every one of these
    got = forecast(whole.astype({"y": dtype}))
    assert got["mean"].dtype == np.float64
    pd.testing.assert_frame_equal(forecast(whole), got, check_exact=True)


def test_B08_a_null_is_a_missing_value_like_NaN(df, costs):
    data = df.assign(y=df["y"].round().astype("Int64"))
    data.loc[20, "y"] = pd.NA
    costs(data, "MISSING", "1 missing value, first 2024-01-21")


def test_B11_arrow_time_stamps_are_read(df, forecast):
    data = df.astype({"ds": "timestamp[ns][pyarrow]"})
    expected, got = forecast(df), forecast(data)
    assert got["ds"].tolist() == expected["ds"].tolist()


@pytest.mark.parametrize("dtype", ["string[pyarrow]", "string", object, "category", "str"])
def test_B12_ids_come_back_in_the_dtype_they_had(df, forecast, dtype):
    data = df.astype({"unique_id": dtype})
    assert forecast(data)["unique_id"].dtype == data["unique_id"].dtype


def test_B13_complex_numbers_stop(df, stops):
    stops(df.assign(y=df["y"] + 1j), TargetTypeError, "complex", ".real")


def test_B15_arrow_decimals_keep_their_cents(df, forecast):
    data = df.assign(y=df["y"].round(2))
    exact = pd.array(
        [decimal.Decimal(f"{v:.2f}") for v in data["y"]], dtype=pd.ArrowDtype(pa.decimal128(12, 2))
    )
    pd.testing.assert_frame_equal(forecast(data), forecast(data.assign(y=exact)), check_exact=True)


def test_B16_a_polars_null_and_a_polars_NaN_are_both_missing(df):
    values = df["y"].astype(object).tolist()
    values[20], values[21] = None, float("nan")
    data = pl.DataFrame(
        {"unique_id": df["unique_id"].tolist(), "ds": df["ds"].to_numpy(), "y": pl.Series(values)}
    )
    panel = as_panel(data)
    assert np.flatnonzero(np.isnan(panel.values)).tolist() == [20, 21]


@pytest.mark.parametrize("freq", ["D", "1d"])
def test_B17_polars_takes_the_names_of_both_libraries(df, forecast, freq):
    data = pl.DataFrame(
        {"unique_id": df["unique_id"].tolist(), "ds": df["ds"].to_numpy(), "y": df["y"].to_numpy()}
    )
    got = forecast(data, freq=freq)
    assert isinstance(got, pl.DataFrame)
    assert got["mean"].to_list() == forecast(df)["mean"].tolist()


def test_B17_a_lazy_frame_asks_for_collect(df, stops):
    stops(pl.DataFrame({"y": [1.0]}).lazy(), InputTypeError, "call .collect() first")


def test_B18_text_dtype_and_unit_of_pandas_2_and_3_give_the_same_numbers(df, forecast):
    old = df.astype({"unique_id": object, "ds": "datetime64[ns]"})
    new = df.astype({"unique_id": "str", "ds": "datetime64[us]"})
    assert forecast(old)["mean"].tolist() == forecast(new)["mean"].tolist()


@pytest.mark.parametrize("text", ["1.234,56", "(12.50)", "1,234.56", "12,5", "€ 12"])
def test_B19_the_locale_of_a_number_is_never_guessed(df, stops, text):
    data = df.astype({"y": object})
    data["y"] = text
    stops(data, TargetTypeError, text, "not guessed")


def test_B20_cents_among_euros_are_shown_by_check(df):
    """Undetectable in general; ``check`` names values that are about a hundred times the rest."""
    data = df.copy()
    data.loc[[5, 6, 7], "y"] *= 100
    found = check(data)
    assert found[["unique_id", "what", "n"]].values.tolist() == [["a", "units", 3]]
    assert "100" in found["mend"].iloc[0]


@pytest.mark.parametrize("kind", ["timedelta", "date", "category"])
def test_a_target_that_is_no_number_stops(df, stops, kind):
    columns = {
        "timedelta": pd.to_timedelta(df["y"], unit="h"),
        "date": [datetime.date(2024, 1, 1)] * 120,
        "category": df["y"].round().astype("category"),
    }
    stops(df.assign(y=columns[kind]), TargetTypeError, "column 'y'")


# --- V: values ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("case", "value"), [("V01", 5.0), ("V02", 0.0)])
def test_V01_V02_a_constant_is_forecast_as_itself(df, forecast, case, value):
    assert forecast(df.assign(y=value))["mean"].unique().tolist() == [value]


def test_V03_many_zeros_are_forecast_and_shown_by_check(df, forecast):
    data = df.assign(y=np.where(np.arange(120) % 20 == 3, 7.0, 0.0))
    assert (forecast(data)["mean"] >= 0).all()
    assert check(data)["what"].unique().tolist() == ["intermittent"]


def test_V04_negative_values_are_fine(df, forecast):
    assert (forecast(df.assign(y=df["y"] - 205))["mean"] < 0).all()


@pytest.mark.parametrize("scale", [1e16, 1e-302, 1e300])
@pytest.mark.parametrize("model", [HistoricAverage(), RandomWalkWithDrift(), SeasonalNaive(7)])
def test_V05_V06_V07_forecasts_scale_with_the_data(df, forecast, model, scale):
    expected = forecast(df, model=model, level=(80,)).drop(columns=["unique_id", "ds"])
    got = forecast(df.assign(y=df["y"] * scale), model=model, level=(80,))
    np.testing.assert_allclose(got[expected.columns] / scale, expected, rtol=1e-9)


def test_V07_what_overflows_is_a_failure_with_that_name(df):
    with pytest.raises(OverflowedError, match="infinite"):
        HistoricAverage().fit(df.assign(y=df["y"] * 1e306)).predict(2)


def test_V08_an_outlier_is_said_and_kept(df, says):
    data = df.copy()
    data.loc[59, "y"] = 1e8
    with says(DataWarning, "1 series with a value more than 50 robust deviations off (OUTLIER): a"):
        got = Naive().fit(data).predict(1)
    assert got["mean"].iloc[0] == 1e8


def test_V10_a_transform_that_needs_positive_values_fails_that_series_alone(df):
    data = df.copy()
    data.loc[3, "y"] = -1.0
    model = Transformed(Naive(), Log())
    with pytest.warns(UserWarning, match="NON_POSITIVE"):
        model.fit(data)
    assert model.failures[["unique_id", "code"]].values.tolist() == [["a", "NON_POSITIVE"]]
    got = model.predict(1)
    assert got["mean"].isna().tolist() == [True, False]


def test_V02_an_interval_without_width_is_said(df, says):
    with says(CalibrationWarning, "zero width (ZERO_VARIANCE)", "a, b"):
        got = SeasonalNaive(7).fit(df.assign(y=0.0)).predict(1, level=80)
    assert (got["lo-80"] == got["hi-80"]).all()


def test_V09_a_global_model_scales_each_series_by_itself(df, forecast):
    model = LagRegression(LinearRegression(), lags=(1, 7), calendar=())
    scales = df["unique_id"].map({"a": 1e-5, "b": 1e10})
    data = df.assign(y=df["y"] * scales)
    past, truth = (
        data[df["ds"] < "2024-02-23"],
        data[df["ds"] >= "2024-02-23"].iloc[:7]["y"].to_numpy(),
    )

    def smape(mean):
        return float(np.mean(2 * np.abs(mean - truth) / (np.abs(mean) + np.abs(truth))))

    together = forecast(past, model=model)["mean"].to_numpy()[:7]
    alone = forecast(past[past["unique_id"] == "a"], model=model)["mean"].to_numpy()
    assert smape(together) < 2 * smape(alone)
    assert smape(together) < 0.05


@pytest.mark.parametrize("value", [0.0, -3.0])
def test_V10_a_multiplicative_model_fails_series_that_are_not_positive(df, value):
    data = df.copy()
    data.loc[3, "y"] = value
    with pytest.warns(FailureWarning, match="1 of 2 series failed in fit .a: NON_POSITIVE"):
        model = StatsmodelsETS(error="mul").fit(data)
    assert model.predict(1)["mean"].isna().tolist() == [True, False]


def test_V11_values_above_the_cap_of_a_logistic_trend_are_counted(df):
    with pytest.raises(SeriesError, match="60 values above cap=50"):
        Prophet("logistic", cap=50).fit(df)
