"""ARIMA as users meet it."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import forecasting as fc
from forecasting.errors import NotFittedError
from forecasting.kernels import arima as kernel
from forecasting.models.arima.common import smallest_root
from forecasting.testing.case import contract_panel

AIRLINE = fc.ARIMA(12, order=(0, 1, 1), seasonal_order=(0, 1, 1))


def one(y: np.ndarray, freq: str = "MS") -> pd.Series:
    return pd.Series(y, index=pd.date_range("2010-01-01", periods=len(y), freq=freq))


def wavy(n: int = 84, seed: int = 0) -> np.ndarray:
    t, rng = np.arange(n), np.random.default_rng(seed)
    return 50 + 0.3 * t + 5 * np.sin(2 * np.pi * t / 12) + np.cumsum(rng.normal(size=n))


def run(data: object, model: fc.Forecaster, **settings: object) -> fc.Backtest:
    usual: dict[str, object] = {"h": 4, "n_windows": 5, "step_size": 2, "season_length": 1}
    return fc.backtest(data, {"it": model}, **{**usual, **settings})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: fc.ARIMA(seasonal_order=(0, 1, 1)), "needs season_length, for instance 12"),
        (lambda: fc.ARIMA(order=(1, 1)), "three whole numbers"),
        (lambda: fc.ARIMA(order=(1, -1, 0)), "at least 0"),
        (lambda: fc.ARIMA(12, constant=True), "leave constant out"),
        (lambda: fc.ARIMA(0), "season_length must be"),
        (lambda: fc.ARIMA(constant="drift"), "True, False or None"),
        (lambda: fc.ARIMA(m=12), "season_length"),
        (lambda: fc.AutoARIMA(12, max_order=(5, 3, 5)), "name the order with ARIMA"),
        (lambda: fc.AutoARIMA(12, search="all"), "'stepwise' or 'exhaustive'"),
    ],
)
def test_an_impossible_model_is_refused_with_what_to_type(make: object, says: str) -> None:
    with pytest.raises(fc.ArgumentError, match=says):
        make()  # type: ignore[operator]


def test_the_first_argument_is_the_season_and_makes_a_seasonal_model() -> None:
    seasonal = fc.ARIMA(12).fit(one(wavy())).parameters()
    assert seasonal["method"].tolist() == ["ARIMA(1,1,1)(0,1,1)[12]"]
    plain = fc.ARIMA(12, seasonal_order=(0, 0, 0)).fit(one(wavy())).parameters()
    assert plain["method"].tolist() == ["ARIMA(1,1,1)"]


def test_the_airline_model_has_its_known_numbers() -> None:
    y = one(np.log(pd.read_csv("data/air_passengers.csv")["y"].to_numpy(float)))
    row = AIRLINE.fit(y).parameters().iloc[0]
    # R 4.2: arima(log(AirPassengers), c(0, 1, 1), seasonal = c(0, 1, 1))
    assert_allclose([row["ma_1"], row["sma_1"]], [-0.402, -0.557], atol=1e-3)
    assert_allclose(row["loglik"], 244.70, atol=0.01)


def test_parameters_agree_with_one_another() -> None:
    row = fc.ARIMA(12, (2, 0, 1), (0, 1, 1), constant=True).fit(one(wavy())).parameters().iloc[0]
    n, k = 72, 6
    assert row["method"] == "ARIMA(2,0,1)(0,1,1)[12] with drift"
    assert row["n_obs"] == n
    assert_allclose(row["aic"], -2 * row["loglik"] + 2 * k)
    assert_allclose(row["aicc"], row["aic"] + 2 * k * (k + 1) / (n - k - 1))
    assert_allclose(row["bic"], -2 * row["loglik"] + k * np.log(n))
    ar = np.abs(np.roots([-row["ar_2"], -row["ar_1"], 1.0])).min()
    assert_allclose(row["ar_root"], ar)
    ma = min(1 / abs(row["ma_1"]), (1 / abs(row["sma_1"])) ** (1 / 12))
    assert_allclose(row["ma_root"], ma)


def test_the_smallest_root_is_infinite_without_coefficients() -> None:
    assert smallest_root(np.zeros((2, 0))).tolist() == [np.inf, np.inf]
    assert smallest_root(np.array([[0.5, 0.0], [0.0, 0.0]])).tolist() == [2.0, np.inf]


@pytest.mark.parametrize(
    ("y", "model", "expected"),
    [
        (np.full(30, 5.0), fc.ARIMA(), 5.0),
        (np.full(30, 5.0), fc.ARIMA(order=(1, 0, 0)), 5.0),
        (np.zeros(40), fc.ARIMA(12), 0.0),
        (np.full(40, 1e-300), fc.ARIMA(12), 1e-300),
        (np.full(30, 1e18), fc.ARIMA(order=(0, 1, 1), constant=True), 1e18),
        (np.full(30, 5.0), fc.AutoARIMA(12), 5.0),
        (np.full(4, -1e-300), fc.AutoARIMA(), -1e-300),
    ],
)
def test_a_constant_series_goes_on_without_error(
    y: np.ndarray, model: fc.Forecaster, expected: float
) -> None:
    with pytest.warns(fc.CalibrationWarning, match="zero width"):
        found = model.fit(one(y)).predict(3, level=80)
    for column in ("mean", "lo-80", "hi-80"):
        assert_allclose(found[column], expected, rtol=1e-12)


def test_a_line_and_a_season_that_repeats_are_continued_exactly() -> None:
    t = np.arange(48)
    line = fc.ARIMA(order=(1, 1, 1), constant=True).fit(one(3.0 + 0.25 * t)).predict(3)
    assert_allclose(line, [15.0, 15.25, 15.5], rtol=1e-12)
    season = fc.ARIMA(12).fit(one(10.0 + t % 12)).predict(12)
    assert_allclose(season, 10.0 + np.arange(12), rtol=1e-12)


@pytest.mark.parametrize(
    "y",
    [
        np.arange(60.0) ** 2,
        np.r_[np.zeros(30), np.ones(30)],
        np.r_[np.ones(40), 1e6, np.ones(19)],
        1e-300 * wavy(60),
        1e18 * wavy(60),
        np.tile([0.0, 0.0, 0.0, 7.0], 15),
        np.exp(np.arange(60.0)),
        np.cumsum(np.cumsum(wavy(60))),
    ],
)
@pytest.mark.parametrize(
    "model",
    [
        fc.ARIMA(),
        fc.ARIMA(12),
        fc.ARIMA(4, (2, 0, 2), (1, 0, 1)),
        fc.ARIMA(order=(0, 2, 2)),
        fc.AutoARIMA(12),
        fc.AutoARIMA(4),
    ],
)
def test_odd_series_give_finite_forecasts_or_a_failure(y: np.ndarray, model: fc.Forecaster) -> None:
    bt = run(one(y), model, n_windows=3)
    told = set(bt.failures["cutoff"])
    found = bt.forecasts[~bt.forecasts["cutoff"].isin(told)]
    assert np.isfinite(found["mean"]).all()
    assert len(told) + found["cutoff"].nunique() == 3


def test_missing_values_are_integrated_out() -> None:
    y = wavy()
    y[[5, 30, 31, 50, 83]] = np.nan
    fitted = AIRLINE.fit(one(y))
    assert fitted.parameters()["n_obs"].tolist() == [84 - 13 - 5]
    gaps = fitted.predict(3, level=80)
    full = AIRLINE.fit(one(wavy())).predict(3, level=80)
    assert_allclose(gaps["mean"], full["mean"], rtol=0.05)
    # One more step to the last value that was seen.
    width = [(f["hi-80"] - f["lo-80"]).iloc[0] for f in (gaps, full)]
    assert width[0] > 1.2 * width[1]


def test_a_series_that_cannot_be_fitted_costs_itself_only() -> None:
    data = contract_panel()
    short = data[
        (data["unique_id"] != "s2") | (data["ds"] > data["ds"].max() - pd.DateOffset(months=20))
    ]
    bt = run(short, AIRLINE)
    assert set(bt.failures["unique_id"]) == {"s2"}
    assert set(bt.failures["code"]) == {"SHORT"}
    assert "needs at least 18" in bt.failures["message"].iloc[0]


@pytest.mark.parametrize("refit", [False, 2])
def test_without_a_refit_parameters_stay_and_the_forecast_conditions_on_all_values(
    refit: bool | int,
) -> None:
    bt = run(contract_panel(), AIRLINE, refit=refit, n_windows=4)
    assert bt.failures.empty
    found = bt.parameters.groupby("unique_id")["loglik"].nunique()
    assert set(found) == {1 if refit is False else 2}


def test_moved_on_the_forecast_is_that_of_the_same_parameters_on_all_values() -> None:
    y = wavy(90)
    bt = run(one(y), AIRLINE, refit=False, n_windows=3, step_size=4)
    row = bt.parameters.iloc[0]
    last = bt.forecasts[bt.forecasts["cutoff"] == bt.forecasts["cutoff"].max()]
    order = kernel.Order((0, 1, 1), (0, 1, 1), 12)
    record, _, _ = kernel.evaluate(y[:86], order, row[["ma_1", "sma_1"]].to_numpy(float))
    mean, _ = kernel.project(record[None], order, y, np.array([0]), np.array([86]), 4)
    assert_allclose(last["mean"], mean[0], rtol=1e-10)


def test_intervals_hold_as_often_as_they_say() -> None:
    rng = np.random.default_rng(11)
    frames = []
    for i in range(120):
        e = rng.normal(size=130)
        y = 20 + np.cumsum(0.2 + e - 0.5 * np.r_[0, e[:-1]])
        dates = pd.date_range("2010-01-01", periods=130, freq="MS")
        frames.append(pd.DataFrame({"unique_id": f"s{i}", "ds": dates, "y": y}))
    model = fc.ARIMA(order=(0, 1, 1), constant=True)
    bt = run(pd.concat(frames), model, h=6, n_windows=2, step_size=6, level=80)
    held = bt.forecasts["y"].between(bt.forecasts["lo-80"], bt.forecasts["hi-80"]).mean()
    assert 0.75 < held < 0.84


def test_the_docstring_holds_the_mathematics() -> None:
    assert "-2 log L = n log(S / n) + log|Z'Z|" in (fc.ARIMA.__doc__ or "")


# --- the choice of the order ------------------------------------------------------------------------------


def simulated(phi: float, theta: float, n: int = 300, seed: int = 0) -> np.ndarray:
    e = np.random.default_rng(seed).normal(size=n)
    y = np.zeros(n)
    for t in range(1, n):
        y[t] = phi * y[t - 1] + e[t] + theta * e[t - 1]
    return y


def test_the_order_of_a_simulated_series_is_found_again() -> None:
    found = [
        fc.AutoARIMA().fit(one(100 + simulated(0.4, 0.0, 200, seed))).parameters().iloc[0]
        for seed in range(8)
    ]
    assert sum(row["method"] == "ARIMA(1,0,0) with mean" for row in found) >= 4
    assert all("ARIMA" in row["contender_1"] for row in found)


def test_the_contenders_are_what_fits_of_their_orders_give() -> None:
    y = one(wavy(110))
    row = fc.AutoARIMA(12).fit(y).parameters().iloc[0]
    last = row["aicc"]
    for j in (1, 2, 3):
        numbers = [int(n) for n in re.findall(r"\d+", row[f"contender_{j}"].split("[")[0])]
        numbers += [0] * (6 - len(numbers))
        model = fc.ARIMA(
            12, tuple(numbers[:3]), tuple(numbers[3:]), "with" in row[f"contender_{j}"]
        )
        alone = model.fit(y).parameters()["aicc"].iloc[0]
        assert row[f"contender_{j}_aicc"] == pytest.approx(alone, abs=0.05)
        assert row[f"contender_{j}_aicc"] >= last - 0.05
        last = row[f"contender_{j}_aicc"]


def test_a_search_of_all_orders_finds_no_less_than_the_stepwise_one() -> None:
    y = one(wavy(96, seed=3))
    limits = {"max_order": (2, 2, 2), "max_seasonal_order": (1, 1, 1)}
    stepwise = fc.AutoARIMA(12, **limits).fit(y).parameters()["aicc"].iloc[0]  # type: ignore[arg-type]
    whole = fc.AutoARIMA(12, search="exhaustive", **limits).fit(y).parameters()["aicc"].iloc[0]  # type: ignore[arg-type]
    assert whole <= stepwise + 0.05


def test_the_limits_hold_and_roots_stay_away_from_the_circle() -> None:
    data = pd.concat(
        [
            one(wavy(90, seed))
            .rename("y")
            .rename_axis("ds")
            .reset_index()
            .assign(unique_id=f"s{seed}")
            for seed in range(12)
        ]
    )
    model = fc.AutoARIMA(12, max_order=(2, 1, 2), max_seasonal_order=(1, 1, 1))
    table = run(data, model, n_windows=3).parameters
    assert not {"ar_3", "ma_3", "sar_2", "sma_2"} & set(table)
    assert (table[["ar_root", "ma_root"]] >= 1.0099).all(axis=None)


def test_missing_values_do_not_stop_the_search() -> None:
    y = wavy(100)
    y[[7, 40, 41, 42, 80, 98]] = np.nan
    row = fc.AutoARIMA(12).fit(one(y)).parameters().iloc[0]
    assert np.isfinite(row["aicc"])
    assert row["n_obs"] < 100 - 6 + 1


def test_a_short_series_gets_a_small_model() -> None:
    found = run(one(wavy(12)), fc.AutoARIMA(12), n_windows=3, step_size=1, h=2)
    assert found.failures.empty
    assert np.isfinite(found.forecasts["mean"]).all()


def test_a_search_of_all_orders_is_every_order_fitted_alone() -> None:
    for seed in (3, 4):
        y = one(wavy(80, seed=seed))
        model = fc.AutoARIMA(
            12, max_order=(1, 2, 1), max_seasonal_order=(1, 1, 1), search="exhaustive"
        )
        chosen = model.fit(y).explain().iloc[0]
        d, seasonal_d = int(chosen["d"]), int(chosen["D"])
        found = []
        for p, q, seasonal_p, seasonal_q, constant in itertools.product((0, 1), repeat=5):
            if constant and d + seasonal_d > 1:
                continue
            order = ((p, d, q), (seasonal_p, seasonal_d, seasonal_q), bool(constant))
            row = fc.ARIMA(12, *order).fit(y).parameters().iloc[0]
            if min(row["ar_root"], row["ma_root"]) >= 1.01:
                found.append((row["aicc"], row["method"]))
        assert len(found) >= 8
        assert chosen["method"] == min(found)[1]
        assert_allclose(chosen["aicc"], min(found)[0], atol=0.02)


def test_a_box_cox_transformation_goes_around_the_choice() -> None:
    y = one(pd.read_csv("data/air_passengers.csv")["y"].to_numpy(float))
    bt = run(y, fc.Transformed(fc.AutoARIMA(12), fc.BoxCox(0.0)), n_windows=3, h=12, level=80)
    by_hand = run(np.log(y), fc.AutoARIMA(12), n_windows=3, h=12, level=80)
    assert bt.failures.empty
    for column in ("lo-80", "hi-80"):  # quantiles go through the transformation as they are
        assert_allclose(bt.forecasts[column], np.exp(by_hand.forecasts[column]), rtol=1e-9)
    free = run(y, fc.Transformed(fc.AutoARIMA(12), fc.BoxCox()), n_windows=3, h=12)
    assert free.failures.empty
    error = (free.forecasts["y"] - free.forecasts["mean"]).abs().mean()
    plain = run(y, fc.AutoARIMA(12), n_windows=3, h=12).forecasts
    assert error < (plain["y"] - plain["mean"]).abs().mean() * 1.05


# --- drift ------------------------------------------------------------------------------------------------


def test_drift_is_the_constant_of_one_difference_by_its_name() -> None:
    y = one(wavy())
    for model in (
        fc.ARIMA(order=(0, 1, 1), drift=True),
        fc.ARIMA(order=(0, 1, 1), constant=True, drift=True),
    ):
        other = fc.ARIMA(order=(0, 1, 1), constant=True)
        assert model.fit(y).predict(5).equals(other.fit(y).predict(5))
    row = fc.ARIMA(12, (1, 0, 0), (0, 1, 0), drift=True).fit(y).parameters().iloc[0]
    assert row["method"] == "ARIMA(1,0,0)(0,1,0)[12] with drift"
    assert_allclose(row["drift"], row["constant"] / 12)
    row = fc.ARIMA(order=(0, 1, 1), drift=False).fit(y).parameters().iloc[0]
    assert np.isnan(row["drift"])
    assert np.isnan(row["constant"])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"order": (1, 0, 0), "drift": True}, "a constant is a level"),
        ({"order": (0, 2, 1), "drift": True}, "leave drift out"),
        ({"order": (0, 1, 1), "drift": True, "constant": False}, "leave one out"),
        ({"order": (0, 1, 1), "drift": "yes"}, "drift must be True"),
    ],
)
def test_a_drift_that_cannot_be_is_refused(settings: dict[str, object], says: str) -> None:
    with pytest.raises(fc.ArgumentError, match=says):
        fc.ARIMA(**settings)  # type: ignore[arg-type]


# --- explain ----------------------------------------------------------------------------------------------


def panel_of(*values: np.ndarray) -> pd.DataFrame:
    return pd.concat(
        one(y).rename("y").rename_axis("ds").reset_index().assign(unique_id=f"s{i}")
        for i, y in enumerate(values)
    )


def test_explain_has_the_chosen_order_first_and_what_the_others_lose() -> None:
    data = panel_of(wavy(90, 0), wavy(90, 1), np.full(90, 3.0))
    model = fc.AutoARIMA(12).fit(data)
    table, rows = model.explain(), model.parameters().set_index("unique_id")
    assert table["unique_id"].drop_duplicates().tolist() == ["s0", "s1", "s2"]
    for unique_id, part in table.groupby("unique_id"):
        assert part["chosen"].tolist() == [True] + [False] * (len(part) - 1)
        assert part["method"].iloc[0] == rows.loc[unique_id, "method"]
        if unique_id == "s2":
            assert len(part) == 1
            assert "nothing was left" in table.attrs["why"][unique_id]
            continue
        assert_allclose(part["aicc"].iloc[0], rows.loc[unique_id, "aicc"])
        assert_allclose(part["difference"], part["aicc"] - part["aicc"].iloc[0])
        assert (part["difference"].diff()[2:] >= 0).all()
        assert part["method"].iloc[1] == rows.loc[unique_id, "contender_1"]
        why = table.attrs["why"][unique_id]
        assert why.startswith(f"{part['method'].iloc[0]} has the least AICc, ")
        assert f"less than {part['method'].iloc[1]}" in why


def test_explain_of_one_series_is_its_part_of_all() -> None:
    model = fc.AutoARIMA(12).fit(panel_of(wavy(90, 0), wavy(90, 1)))
    whole, part = model.explain(), model.explain("s1")
    assert part.equals(whole[whole["unique_id"] == "s1"].reset_index(drop=True))
    with pytest.raises(fc.ArgumentError, match="there is no series s7"):
        model.explain("s7")
    with pytest.raises(NotFittedError):
        fc.AutoARIMA(12).explain()


def test_explain_leaves_out_series_that_failed_and_says_so_of_one() -> None:
    gone = wavy(90)
    gone[3:] = np.nan
    with pytest.warns(fc.FailureWarning, match="s1: SHORT"):
        model = fc.AutoARIMA(12).fit(panel_of(wavy(90), gone))
    assert set(model.explain()["unique_id"]) == {"s0"}
    with pytest.raises(fc.ArgumentError, match="could not be fitted"):
        model.explain("s1")
