"""ARIMA and AutoARIMA with regressors, as users meet them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import forecasting as fc

N, H = 96, 4
MODELS = [fc.ARIMA(12), fc.ARIMA(order=(1, 0, 1)), fc.AutoARIMA(12, max_order=(2, 1, 2))]
KNOWN = fc.Regressors(known_future=["promo", "price"])


def panel(seed: int = 0) -> pd.DataFrame:
    """Return three series whose promotions add 20 and whose price takes 3 a unit."""
    rng = np.random.default_rng(seed)
    frames = []
    for i in range(3):
        t = np.arange(N)
        promo, price = (rng.random(N) < 0.2) * 1.0, 5 + rng.normal(size=N)
        noise = np.cumsum(rng.normal(size=N)) + 4 * np.sin(2 * np.pi * t / 12)
        frame = {"unique_id": f"s{i}", "ds": pd.date_range("2015-01-01", periods=N, freq="MS")}
        frames.append(
            pd.DataFrame(
                {**frame, "y": 100 + noise + 20 * promo - 3 * price, "promo": promo, "price": price}
            )
        )
    return pd.concat(frames, ignore_index=True)


def run(data: pd.DataFrame, model: fc.Forecaster, **settings: object) -> fc.Backtest:
    usual: dict[str, object] = {"h": H, "n_windows": 4, "step_size": 3, "level": 80}
    return fc.backtest(data, {"it": model}, X=KNOWN, **{**usual, **settings})  # type: ignore[arg-type]


def split(data: pd.DataFrame, cutoff: pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
    ahead = data[(data["ds"] > cutoff) & (data["ds"] <= cutoff + pd.DateOffset(months=H))]
    return data[data["ds"] <= cutoff], ahead.drop(columns="y")


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_effects_are_found_and_carried_into_the_forecast(model: fc.Forecaster) -> None:
    data = panel()
    bt = run(data, model)
    assert bt.failures.empty
    assert_allclose(bt.parameters["beta_promo"], 20, atol=2)
    assert_allclose(bt.parameters["beta_price"], -3, atol=0.7)
    plain = fc.backtest(
        data[["unique_id", "ds", "y"]], {"it": model}, h=H, n_windows=4, step_size=3
    )
    errors = [(f["y"] - f["mean"]).abs().mean() for f in (bt.forecasts, plain.forecasts)]
    assert errors[0] < 0.6 * errors[1]


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_all_windows_at_once_are_fit_and_predict_at_each_cutoff(model: fc.Forecaster) -> None:
    data = panel()
    together = run(data, model, partial="drop").forecasts
    for cutoff, part in together.groupby("cutoff"):
        past, ahead = split(data, cutoff)
        alone = model.fit(past, X=KNOWN).predict(H, X=ahead, level=80)
        for column in ("mean", "lo-80", "hi-80"):
            assert_array_equal(part[column].to_numpy(), alone[column].to_numpy())


@pytest.mark.filterwarnings("ignore::forecasting.CalibrationWarning")  # of poisoned values
@pytest.mark.parametrize("model", MODELS, ids=repr)
@pytest.mark.parametrize("refit", [True, False])
def test_nothing_behind_the_steps_of_a_cutoff_changes_a_bit(
    model: fc.Forecaster, refit: bool
) -> None:
    data = panel()
    clean = run(data, model, refit=refit).forecasts
    first = clean["cutoff"].min()
    later = data["ds"] > first + pd.DateOffset(months=H)
    poisoned = data.copy()
    poisoned.loc[later, ["y", "promo", "price"]] = [1e6, -7.0, 1e9]
    poisoned.loc[later & (data["ds"].dt.month == 12), "price"] = 3.0
    found = run(poisoned, model, refit=refit).forecasts
    for frame in (clean, found):
        frame.sort_values(["unique_id", "cutoff", "ds"], inplace=True)
    here = (clean["cutoff"] == first).to_numpy()
    assert_array_equal(found.loc[here, "mean"], clean.loc[here, "mean"])
    assert_array_equal(found.loc[here, "lo-80"], clean.loc[here, "lo-80"])


def test_without_a_refit_slopes_stay() -> None:
    bt = run(panel(), fc.ARIMA(12), refit=False)
    assert bt.failures.empty
    assert (bt.parameters.groupby("unique_id")["beta_promo"].nunique() == 1).all()


def test_a_redundant_regressor_is_a_failures_row_that_names_it() -> None:
    data = panel()
    data.loc[data["unique_id"] == "s1", "price"] = 2.0
    for model in (fc.AutoARIMA(12), fc.ARIMA(12)):
        bt = run(data, model)
        assert set(bt.failures["unique_id"]) == {"s1"}
        assert bt.failures["message"].str.contains("'price' tells nothing").all()
        assert np.isfinite(bt.forecasts.loc[bt.forecasts["unique_id"] != "s1", "mean"]).all()


@pytest.mark.filterwarnings("ignore:known_future regressors miss")
@pytest.mark.parametrize("refit", [True, False])
def test_a_missing_regressor_is_a_failures_row_that_names_it(refit: bool) -> None:
    data = panel()
    at = data.index[data["unique_id"] == "s2"][N - 8]
    data.loc[at, "promo"] = np.nan
    bt = run(data, fc.ARIMA(12), refit=refit)
    told = bt.failures[bt.failures["stage"] == "fit"]
    assert set(bt.failures["unique_id"]) == {"s2"}
    assert told["message"].str.contains("'promo' is missing beside values").all()
    before = pd.Timestamp(data["ds"][at]) > told["cutoff"]
    assert len(told) > 0
    assert not before.any()


@pytest.mark.filterwarnings("ignore:known_future regressors miss")
def test_a_regressor_may_be_missing_where_the_value_is() -> None:
    data = panel()
    gone = (data["ds"].dt.year == 2017) & (data["ds"].dt.month == 3)
    data.loc[gone, ["y", "promo", "price"]] = np.nan
    bt = run(data, fc.ARIMA(12))
    assert bt.failures.empty
    assert_allclose(bt.parameters["beta_promo"], 20, atol=2)


def test_a_series_too_short_for_its_regressors_is_told() -> None:
    data = panel().groupby("unique_id").tail(17 + H)
    bt = run(data, fc.ARIMA(12, order=(0, 0, 1)), n_windows=1)
    assert set(bt.failures["code"]) == {"SHORT"}
    assert "one more for each regressor" in bt.failures["message"].iloc[0]


def test_sliding_windows_take_regressors() -> None:
    bt = run(panel(), fc.ARIMA(order=(1, 0, 0)), window=48)
    assert bt.failures.empty
    assert_allclose(bt.parameters["beta_promo"], 20, atol=2)


def test_a_model_file_keeps_what_was_estimated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = panel()
    past, ahead = split(data, data["ds"].sort_values().iloc[-3 * H - 1])
    past.loc[past.index[[5, 40]], "y"] = np.nan
    fitted = fc.AutoARIMA(12, max_order=(1, 1, 1)).fit(past, X=KNOWN)
    expected, explained = fitted.predict(H, X=ahead, level=80), fitted.explain()
    path = fitted.save(tmp_path / "it.model")

    def never(*_: object) -> None:
        raise AssertionError("estimated again")

    monkeypatch.setattr(fc.AutoARIMA, "_estimate", never)
    loaded = fc.load(path)
    assert loaded.predict(H, X=ahead, level=80).equals(expected)
    assert isinstance(loaded, fc.AutoARIMA)
    assert loaded.explain().equals(explained)


@pytest.mark.slow
@pytest.mark.parametrize("model", [MODELS[0], MODELS[2]], ids=repr)
def test_every_oracle_passes_with_regressors(model: fc.Forecaster) -> None:
    certificate = fc.audit({"it": model}, panel(), X=KNOWN, h=H, level=80)
    verdicts = certificate.table.set_index("name")["verdict"]
    assert certificate.passed, certificate
    assert (verdicts == "passed").sum() >= 12
