"""Backtests larger than memory: the same numbers, a part at a time."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from forecasting import (
    SES,
    ArgumentError,
    LagRegression,
    Naive,
    SeasonalNaive,
    StoredBacktest,
    backtest,
    backtest_to_store,
)
from forecasting.errors import UnknownKeywordError
from forecasting.testing import contract_panel

MODELS = {"naive": Naive(), "ses": SES(), "snaive": SeasonalNaive(12)}
RUN = {"h": 4, "n_windows": 3, "level": (50, 80), "progress": False}


@pytest.fixture(scope="module")
def data():
    frame = contract_panel(n_series=7)
    frame.loc[(frame["unique_id"] == "s3") & (frame["ds"] == "2020-01-01"), "y"] = np.nan
    return frame


@pytest.fixture(scope="module")
def whole(data):
    return backtest(data, MODELS, **RUN)


@pytest.fixture(scope="module")
def stored(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("streaming") / "store"
    return backtest_to_store(data, MODELS, store=folder, series_at_once=3, **RUN)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"by": "step"},
        {"by": ["cutoff", "step"]},
        {"by": "unique_id", "metrics": ["MASE", "WAPE", "skill", "coverage"]},
        {"metrics": ["OWA", "WAPE", "RMSE", "skill-MAE"]},
        {"weights": {f"s{i}": float(i) for i in range(7)}},
        {
            "by": "region",
            "groups": pd.Series(list("aabbbcc"), [f"s{i}" for i in range(7)], name="region"),
        },
    ],
    ids=str,
)
def test_a_summary_in_parts_is_that_of_the_whole(whole, stored, asked):
    expected, got = whole.summary(**asked), stored.summary(**asked)
    pd.testing.assert_frame_equal(
        expected.reset_index().astype({"model": str}),
        got.reset_index().astype({"model": str}),
        rtol=1e-12,
        check_dtype=False,
        check_categorical=False,
    )


def test_the_parts_are_backtests_and_make_up_the_whole(whole, stored):
    parts = list(stored.parts())
    assert [part.forecasts["unique_id"].nunique() for part in parts] == [3, 3, 1]
    order = ["model", "unique_id", "cutoff", "step"]
    together = pd.concat([part.forecasts.astype({"model": str}) for part in parts])
    pd.testing.assert_frame_equal(
        together.sort_values(order).reset_index(drop=True),
        whole.forecasts.astype({"model": str}).sort_values(order).reset_index(drop=True),
        check_exact=True,
    )
    keys = ["unique_id", "model", "cutoff"]
    assert sorted(map(str, stored.failures[keys].values.tolist())) == sorted(
        map(str, whole.failures[keys].values.tolist())
    )
    assert parts[0].plot.errors(by="step") is not None


def test_the_whole_can_be_collected_and_resumed_from(whole, stored, data, monkeypatch):
    monkeypatch.setattr("forecasting.backtesting.running.solve", None)  # calling it would fail
    for again in (stored.collect(), backtest(data, MODELS, store=stored.folder, **RUN)):
        pd.testing.assert_frame_equal(again.forecasts, whole.forecasts, check_exact=True)


def test_it_says_what_it_is(stored):
    assert isinstance(stored, StoredBacktest)
    assert "3 models x 7 series x 3 cutoffs, 252 forecast values" in repr(stored)


def test_memory_is_that_of_a_part(tmp_path):
    rng = np.random.default_rng(0)
    n, length = 400, 40
    data = pd.DataFrame(
        {
            "unique_id": np.repeat([f"s{i:03d}" for i in range(n)], length),
            "ds": np.tile(pd.date_range("2020-01-01", periods=length, freq="MS"), n),
            "y": 100 + rng.standard_normal(n * length),
        }
    )
    settings = {"h": 12, "n_windows": 12, "step_size": 1, "level": (80, 95), "progress": False}
    stored = backtest_to_store(data, Naive(), store=tmp_path / "s", series_at_once=20, **settings)

    def peak(call):
        tracemalloc.start()
        try:
            call()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(stored.summary) < 0.3 * peak(backtest(data, Naive(), **settings).summary)


def test_what_learns_from_all_series_is_refused_by_name(data, tmp_path):
    with pytest.raises(ArgumentError, match="ridge learns from all series at once"):
        backtest_to_store(data, {"ridge": LagRegression(Ridge())}, store=tmp_path / "s", **RUN)
    with pytest.raises(ArgumentError, match="series_at_once"):
        backtest_to_store(data, Naive(), store=tmp_path / "s", series_at_once=0, **RUN)
    with pytest.raises(UnknownKeywordError, match="Here it is called h"):
        backtest_to_store(data, Naive(), store=tmp_path / "s", horizon=3)
