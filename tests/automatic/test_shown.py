"""What ``AutoForecaster`` says of itself: who forecasts a series, and why."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.errors import ArgumentError


@pytest.fixture(scope="module")
def auto() -> fc.AutoForecaster:
    rng = np.random.default_rng(3)
    days = pd.date_range("2024-01-01", periods=120, freq="D")
    y = {
        "long": 50 + 10 * (days.dayofweek == 5) + rng.normal(size=120),
        "rare": np.where(rng.random(120) < 0.2, 5.0, 0.0),
        "short": np.r_[np.full(118, np.nan), 4.0, 5.0],
    }
    frame = pd.concat([pd.DataFrame({"unique_id": i, "ds": days, "y": v}) for i, v in y.items()])
    return fc.AutoForecaster().fit(frame.dropna())


def test_parameters_name_who_forecasts_each_series_as_the_forecast_does(auto):
    said = auto.parameters().set_index("unique_id")["served_by"].to_dict()
    assert said == {"long": "WeightedEnsemble", "rare": "WeightedQuantiles", "short": "Naive"}
    forecast = auto.predict(1).set_index("unique_id")["served_by"].to_dict()
    assert forecast == said


def test_every_column_of_parameters_is_in_the_docstring(auto):
    for column in auto.parameters().columns.drop("unique_id"):
        start, _, component = column.partition("_")
        known = f"{start}_<component>" if start in ("weight", "error") and component else column
        assert f"``{known}``" in fc.AutoForecaster.__doc__
        if known != column:
            assert f"``{component}``" in fc.AutoForecaster.__doc__


@pytest.mark.parametrize(("unique_id", "by"), [("rare", "WeightedQuantiles"), ("short", "Naive")])
def test_a_series_without_a_combination_is_not_explained_by_one(auto, unique_id, by):
    with pytest.raises(ArgumentError, match=f"not forecast by a combination but by {by}"):
        auto.explain(unique_id)


def test_an_explanation_and_why_tell_what_parameters_do(auto):
    found = auto.explain("long")
    row = auto.parameters().set_index("unique_id").loc["long"]
    shown = found.table.set_index("component")
    assert shown.loc["combination", "error"] == row["error"]
    assert shown.loc["ridge", "weight"] == row["weight_ridge"]
    assert len(found.forecasts) == 28
    assert f"{row['error']:.3f} seasonal naive errors" in auto.why()


@pytest.mark.parametrize(("m", "freq"), [(12, "MS"), (7, "D"), (52, "W"), (24, "h")])
def test_every_component_is_named_in_the_docstring(m, freq):
    times = pd.date_range("2024-01-01", periods=3, freq=freq)
    panel = fc.as_panel(pd.Series([1.0, 2, 3], index=times))
    found = fc.AutoForecaster(season_length=m).recipe(panel.calendar)
    for name in found.ensemble.names:
        assert f"``{name}``" in fc.AutoForecaster.__doc__
