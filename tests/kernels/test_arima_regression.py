"""Regression with ARIMA errors: against a dense likelihood, central differences, and R."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kernels.test_arima import STRUCTURES, covariance, differenced, walk
from numpy.testing import assert_allclose, assert_array_equal
from scipy.linalg import solve_triangular

from forecasting.errors import ArgumentError
from forecasting.kernels import arima
from forecasting.kernels.arima import Column, Order, Outcome

ROOT = Path(__file__).parents[2]
GOLDEN = pd.read_csv(
    ROOT / "tests/golden/arima_regression.csv", comment="#", float_precision="round_trip"
)
FITS = {
    key: {what: part["value"].to_numpy() for what, part in table.groupby("what")}
    for key, table in GOLDEN.groupby(["unique_id", "model"])
}
FIXED = {key: fit for key, fit in FITS.items() if key[1] != "auto"}
H = 14


def regressors(n: int) -> np.ndarray:
    """Return the pulse and the wave of tests/golden/arima_regression.R."""
    t = np.arange(1, n + 1)
    return np.column_stack([(t * t % 11 == 4) * 1.0, 10 + 3 * np.sin(0.9 * t) + np.cos(t * t / 50)])


def series() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return values and regressors, those of the steps ahead included."""
    table = pd.read_parquet(ROOT / "data/m3_monthly.parquet")
    found = {}
    for unique_id in GOLDEN["unique_id"].unique():
        y = table.loc[table["unique_id"] == unique_id, "y"].to_numpy(float)
        X = regressors(len(y))
        y = y + np.abs(np.diff(y)).mean() * (2 * X[:, 0] + 0.5 * X[:, 1])
        found[unique_id] = (y[:-H], X)
    return found


SERIES = series()


def order_of(model: str) -> Order:
    p, d, q, seasonal_p, seasonal_d, seasonal_q = (int(digit) for digit in model[:6])
    return Order((p, d, q), (seasonal_p, seasonal_d, seasonal_q), 12, model.endswith("c"), 0, 2)


def dense(y: np.ndarray, order: Order, at: np.ndarray, X: np.ndarray) -> tuple[float, np.ndarray]:
    """Return -2 log L and the linear coefficients, constant first, by generalised least squares."""
    w = differenced(y, order)
    columns = [differenced(x, order) for x in X.T]
    if order.constant:
        columns = [np.ones(len(w)), *columns]
    root = np.linalg.cholesky(covariance(order, at, len(w)))
    z = solve_triangular(root, np.array(columns).T, lower=True)
    v = solve_triangular(root, w, lower=True)
    b = np.linalg.lstsq(z, v, rcond=None)[0]
    rest, n = v - z @ b, len(w)
    log_det = 2 * np.sum(np.log(np.diag(root)))
    return float(n * np.log(rest @ rest / n) + log_det + n * (1 + np.log(2 * np.pi))), b


@pytest.mark.parametrize(("order", "coefficients"), STRUCTURES)
def test_likelihood_slopes_and_gradient_are_those_of_generalised_least_squares(
    order: Order, coefficients: list[float]
) -> None:
    order, at = dataclasses.replace(order, regressors=2), np.array(coefficients)
    rng = np.random.default_rng(0)
    X = np.column_stack([1e5 + 1e4 * rng.normal(size=90), rng.random(90) < 0.1])
    y = walk() + X @ [1e-4, 3.0]
    record, gradient, _ = arima.evaluate(y, order, at, X)
    expected, b = dense(y, order, at, X)
    assert_allclose(record[Column.OBJECTIVE], expected, rtol=1e-10)
    assert_allclose(arima.slopes(record, order), b[-2:], rtol=1e-8)
    if order.constant:
        assert_allclose(record[Column.MEAN], b[0], rtol=1e-8)
    for i in range(len(at)):
        step = 1e-5 * np.eye(len(at))[i]
        up, down = (arima.evaluate(y, order, at + s, X)[0] for s in (step, -step))
        slope = (up[Column.OBJECTIVE] - down[Column.OBJECTIVE]) / 2e-5
        assert_allclose(gradient[i], slope, rtol=1e-6, atol=1e-5)


def test_a_regressor_beside_a_missing_value_may_be_anything() -> None:
    order, at = Order((1, 1, 1), (0, 1, 1), 12, regressors=2), np.array([0.4, -0.5, -0.6])
    y, X = walk(), regressors(90)
    y[[20, 21, 60]] = np.nan
    seen = arima.evaluate(y, order, at, X)[0]
    for other in (np.nan, 1e3, -5.0):
        X[[20, 21, 60]] = other
        assert_allclose(arima.evaluate(y, order, at, X)[0], seen, rtol=1e-9)


def test_the_exact_likelihood_is_that_of_r_at_its_parameters() -> None:
    assert len(FIXED) >= 50
    for (unique_id, model), fit in FIXED.items():
        (y, X), order = SERIES[unique_id], order_of(model)
        k = sum(order.sizes)
        # R's constant and slopes are at its optimum, so that they are the ones of least squares.
        record, _, _ = arima.evaluate(y, order, fit["coef"][:k], X[: len(y)])
        found = -0.5 * record[Column.OBJECTIVE]
        assert found >= fit["exact"][0] - 1e-8 * abs(fit["exact"][0]), (unique_id, model)
        assert_allclose(found, fit["exact"][0], atol=1e-3, err_msg=f"{unique_id} {model}")
        plain = Order(order.order, order.seasonal, 12)
        line = X[: len(y)] @ fit["coef"][-2:]
        if order.constant:
            each = fit["coef"][k] / max(order.lost, 1)
            line = line + each * (np.arange(len(y)) if order.lost else 1.0)
        record, _, _ = arima.evaluate(y - line, plain, fit["coef"][:k])
        assert_allclose(-0.5 * record[Column.OBJECTIVE], fit["exact"][0], rtol=1e-8)


def test_the_optimum_is_no_worse_than_that_of_r() -> None:
    for (unique_id, model), fit in FIXED.items():
        (y, X), order = SERIES[unique_id], order_of(model)
        stops = np.array([[len(y)]])
        ours = arima.fit(y, np.array([0]), stops, order, regressors=X[: len(y)])[0, 0]
        gain = -0.5 * ours[Column.OBJECTIVE] - fit["exact"][0]
        assert gain > -1e-3, (unique_id, model)


def choice(unique_id: str, stops: list[int]) -> np.ndarray:
    y, X = SERIES[unique_id]
    limits = Order((5, 2, 5), (2, 1, 2), 12, contenders=3, regressors=2)
    records: np.ndarray = arima.choose(
        y, np.array([0]), np.array([stops]), limits, regressors=X[: len(y)]
    )[0]
    return records


def test_differences_are_those_of_r_and_the_choice_is_seldom_worse() -> None:
    same, worse, ids = 0, 0, GOLDEN["unique_id"].unique()
    for unique_id in ids:
        record = choice(unique_id, [len(SERIES[unique_id][0])])[0]
        theirs = FITS[unique_id, "auto"]["order"].astype(int)
        ours = record[Column.P : Column.CONSTANT + 1].astype(int)
        assert_array_equal(ours[[1, 4]], theirs[[1, 4]], err_msg=unique_id)
        same += (ours == theirs).all()
        n, k = record[Column.COUNT], ours[[0, 2, 3, 5, 6]].sum() + 3
        aicc = record[Column.OBJECTIVE] + 2 * k + 2 * k * (k + 1) / (n - k - 1)
        worse += aicc > FITS[unique_id, "auto"]["chosen"][1] + 0.01
    assert same >= 0.7 * len(ids)
    assert worse <= 0.2 * len(ids)


def test_a_window_has_the_same_bits_whatever_the_others_are() -> None:
    unique_id = GOLDEN["unique_id"].iloc[0]
    (y, X), order = SERIES[unique_id], order_of("111011")
    stops = [len(y) - 9, len(y) - 4, len(y)]
    together = choice(unique_id, stops)
    fits = arima.fit(y, np.array([0]), np.array([stops]), order, regressors=X[: len(y)])[0]
    for k, stop in enumerate(stops):
        assert_array_equal(choice(unique_id, [stop])[0], together[k])
        alone = arima.fit(y[:stop], np.array([0]), np.array([[stop]]), order, regressors=X[:stop])
        assert_array_equal(alone[0, 0], fits[k])


def outcome(X: np.ndarray, order: Order, n: int = 90) -> int:
    order = dataclasses.replace(order, regressors=X.shape[1])
    records = arima.fit(walk(n), np.array([0]), np.array([[n]]), order, regressors=X)
    return int(records[0, 0, Column.OUTCOME])


T = np.arange(90.0)
NOISE = np.random.default_rng(5).normal(size=90)


@pytest.mark.parametrize(
    ("columns", "order", "which"),
    [
        ([np.full(90, 0.1)], Order((1, 0, 0), constant=True), 0),
        ([NOISE, 2 * NOISE + 1], Order((1, 0, 0), constant=True), 1),
        ([NOISE, 0.1 * T], Order((0, 1, 1), constant=True), 1),
        ([1e9 + 0.1 * T], Order((0, 2, 1)), 0),
        ([T % 12], Order((0, 0, 1), (0, 1, 1), 12), 0),
        ([NOISE, NOISE**2, NOISE * (1 - NOISE)], Order((0, 1, 1)), 2),
        ([np.zeros(90)], Order((0, 0, 0)), 0),
    ],
)
def test_a_redundant_regressor_is_blamed(
    columns: list[np.ndarray], order: Order, which: int
) -> None:
    assert arima.blamed(outcome(np.column_stack(columns), order)) == (which, False)


def test_a_trend_a_level_and_a_tiny_regressor_are_not_redundant_where_they_are_not() -> None:
    for column in (0.1 * T, 1e6 + NOISE, 1e-200 * NOISE, 1e200 * NOISE, (T > 80) * 1.0):
        order = Order((1, 0, 0), constant=True)
        assert outcome(np.column_stack([column]), order) == Outcome.FITTED
    assert outcome(np.column_stack([0.1 * T]), Order((0, 1, 1))) == Outcome.FITTED


def test_a_missing_regressor_is_blamed_from_its_row_on() -> None:
    order, X = Order((1, 0, 1), constant=True, regressors=2), regressors(90)
    X[50, 1] = np.nan
    records = arima.fit(walk(), np.array([0]), np.array([[50, 51, 90]]), order, regressors=X)
    codes = records[0, :, Column.OUTCOME].astype(int)
    assert codes[0] == Outcome.FITTED
    assert [arima.blamed(code) for code in codes[1:].tolist()] == [(1, True), (1, True)]


def test_differences_are_fewer_where_they_would_leave_nothing_of_a_regressor() -> None:
    y = np.cumsum(np.cumsum(NOISE)) + 100 * (T % 12)
    limits = Order((2, 2, 2), (1, 1, 1), 12, contenders=3, regressors=1)
    for column, place in ((T, Column.D), (T % 12, Column.SEASONAL_D)):
        at, stops = np.array([0]), np.array([[90]])
        free = arima.choose(y, at, stops, limits, regressors=NOISE[:, None] ** 2)[0, 0]
        held = arima.choose(y, at, stops, limits, regressors=column[:, None])[0, 0]
        assert free[place] >= 1
        assert held[place] == 0


def test_regressors_of_another_shape_are_refused() -> None:
    with pytest.raises(ArgumentError, match="shape"):
        arima.evaluate(walk(), Order((1, 0, 0), regressors=2), np.array([0.1]), T[:, None])
