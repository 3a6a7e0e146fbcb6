"""The ARIMA kernel against a dense Gaussian likelihood, central differences, and itself window by window."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.linalg import solve_triangular, toeplitz
from scipy.signal import lfilter

from forecasting.errors import ArgumentError
from forecasting.kernels import arima
from forecasting.kernels.arima import Column, Order, Outcome
from forecasting.kernels.threads import using_threads

#: Order, coefficients (ar, ma, seasonal ar, seasonal ma).
STRUCTURES = [
    (Order((1, 0, 1), constant=True), [0.5, 0.3]),
    (Order((1, 1, 1), (0, 1, 1), 12), [0.4, -0.5, -0.6]),
    (Order((2, 1, 2), (1, 1, 1), 12), [0.3, 0.2, -0.4, 0.1, 0.3, -0.5]),
    (Order((3, 0, 0), (1, 0, 0), 4, True), [0.3, 0.1, 0.2, 0.4]),
    (Order((0, 1, 3), (0, 0, 2), 4, True), [0.3, 0.2, -0.4, 0.3, 0.2]),
    (Order((5, 0, 5), (2, 0, 2), 4, True), [0.1] * 10 + [0.2, 0.1, -0.2, 0.1]),
    (Order((2, 0, 1), (2, 1, 0), 12), [0.5, -0.3, 0.4, 0.3, -0.2]),
    (Order((0, 2, 2)), [-0.9, 0.2]),
    (Order((1, 0, 0), (1, 1, 0), 12, True), [-0.4, -0.3]),
    (Order((4, 0, 1), (1, 0, 1), 4), [0.1, 0.2, 0.1, -0.2, 0.5, 0.3, 0.4]),  # lag 4 twice
    (Order((0, 0, 0), constant=True), []),
]
EDGES = [
    (Order((0, 1, 1), (0, 1, 1), 12), [-0.999999, -0.999999]),
    (Order((0, 2, 2)), [-1.999, 0.9990001]),
    (Order((1, 0, 1)), [0.999, -0.99]),
]


def walk(n: int = 90, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    season = 5 * np.sin(2 * np.pi * np.arange(n) / 12)
    return 10 + season + np.cumsum(rng.normal(size=n))


def differenced(y: np.ndarray, order: Order) -> np.ndarray:
    for _ in range(order.order[1]):
        y = y[1:] - y[:-1]
    for _ in range(order.seasonal[1]):
        y = y[order.season_length :] - y[: -order.season_length]
    return y


def polynomials(order: Order, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return phi*(B) and theta*(B), each from lag 0."""
    factors = np.split(np.asarray(coefficients, float), np.cumsum(order.sizes)[:-1])
    whole = []
    for near, far, sign in ((factors[0], factors[2], -1), (factors[1], factors[3], 1)):
        seasonal = np.zeros(len(far) * order.season_length + 1)
        seasonal[:: order.season_length] = [1, *(sign * far)]
        whole.append(np.convolve([1, *(sign * near)], seasonal))
    return whole[0], whole[1]


def covariance(order: Order, coefficients: np.ndarray, n: int) -> np.ndarray:
    """Return the covariance of n values in units of sigma^2, from 20,000 psi weights."""
    phi, theta = polynomials(order, coefficients)
    psi = lfilter(theta, phi, np.eye(1, 20_000)[0])
    return toeplitz([psi[: len(psi) - lag] @ psi[lag:] for lag in range(n)])


def dense(y: np.ndarray, order: Order, coefficients: np.ndarray) -> float:
    """Return -2 log L by Cholesky of the whole covariance."""
    w = differenced(y, order)
    n = len(w)
    root = np.linalg.cholesky(covariance(order, coefficients, n))
    v = solve_triangular(root, w, lower=True)
    if order.constant:
        one = solve_triangular(root, np.ones(n), lower=True)
        v = v - (one @ v) / (one @ one) * one
    log_det = 2 * np.sum(np.log(np.diag(root)))
    return float(n * np.log(v @ v / n) + log_det + n * (1 + np.log(2 * np.pi)))


def objective(y: np.ndarray, order: Order, coefficients: np.ndarray) -> float:
    return float(arima.evaluate(y, order, coefficients)[0][Column.OBJECTIVE])


@pytest.mark.parametrize(("order", "coefficients"), STRUCTURES)
def test_the_likelihood_is_that_of_the_dense_covariance(
    order: Order, coefficients: list[float]
) -> None:
    at = np.array(coefficients)
    assert_allclose(objective(walk(), order, at), dense(walk(), order, at), rtol=1e-10)


def test_missing_values_of_an_undifferenced_series_leave_the_density_of_the_others() -> None:
    order, at = Order((1, 0, 1), (1, 0, 0), 4), np.array([0.4, 0.3, 0.5])
    y = walk() - 10
    gone = [3, 17, 18, 19, 55, 88, 89]
    seen = np.setdiff1d(np.arange(len(y)), gone)
    root = np.linalg.cholesky(covariance(order, at, len(y))[np.ix_(seen, seen)])
    v, n = solve_triangular(root, y[seen], lower=True), len(seen)
    expected = n * np.log(v @ v / n) + 2 * np.sum(np.log(np.diag(root)))
    y[gone] = np.nan
    assert_allclose(objective(y, order, at), expected + n * (1 + np.log(2 * np.pi)), rtol=1e-10)


def test_missing_values_of_a_differenced_series_are_integrated_out_with_a_flat_prior() -> None:
    order, at = Order((0, 1, 1), (0, 1, 1), 4), np.array([-0.4, -0.5])
    y = walk(40)
    gone = [2, 11, 12, 39]
    effect = differenced(np.eye(40)[:, gone], order)
    w = differenced(np.where(np.isin(np.arange(40), gone), 0.0, y), order)
    root = np.linalg.cholesky(covariance(order, at, len(w)))
    v, z = solve_triangular(root, w, lower=True), solve_triangular(root, effect, lower=True)
    rest = v - z @ np.linalg.lstsq(z, v, rcond=None)[0]
    n = len(w) - len(gone)
    expected = n * np.log(rest @ rest / n) + 2 * np.sum(np.log(np.diag(root)))
    expected += np.linalg.slogdet(z.T @ z)[1] + n * (1 + np.log(2 * np.pi))
    y[gone] = np.nan
    assert_allclose(objective(y, order, at), expected, rtol=1e-10)


@pytest.mark.parametrize(("order", "coefficients"), STRUCTURES[:-1] + EDGES)
@pytest.mark.parametrize("missing", [(), (20, 21, 50)])
def test_the_gradient_is_that_of_central_differences(
    order: Order, coefficients: list[float], missing: tuple[int, ...]
) -> None:
    y, at = walk(seed=1), np.array(coefficients)
    y[list(missing)] = np.nan
    _, gradient, _ = arima.evaluate(y, order, at)
    by = 1e-6
    numeric = [
        (objective(y, order, at + step) - objective(y, order, at - step)) / (2 * by)
        for step in by * np.eye(len(at))
    ]
    assert_allclose(gradient, numeric, rtol=1e-5, atol=1e-5 * (1 + np.abs(numeric).max()))


def test_the_matrix_is_near_the_hessian_where_errors_are_small_and_values_many() -> None:
    order, at = Order((1, 0, 1)), np.array([0.6, 0.3])
    rng = np.random.default_rng(4)
    y = lfilter([1, 0.3], [1, -0.6], rng.normal(size=4000))
    _, _, matrix = arima.evaluate(y, order, at)
    by = 1e-4
    hessian = np.array(
        [
            (arima.evaluate(y, order, at + s)[1] - arima.evaluate(y, order, at - s)[1]) / (2 * by)
            for s in by * np.eye(2)
        ]
    )
    assert_allclose(matrix, hessian, rtol=0.1)


def test_forecasts_are_the_conditional_mean_and_variance_of_the_joint_density() -> None:
    order, at = Order((1, 0, 1), (0, 0, 1), 4), np.array([0.7, -0.4, -0.95])
    y, h = walk(60) - 10, 9
    y[[20, 57, 59]] = np.nan
    seen, ahead = np.flatnonzero(~np.isnan(y)), np.arange(60, 60 + h)
    joint = covariance(order, at, 60 + h)
    weights = np.linalg.solve(joint[np.ix_(seen, seen)], joint[np.ix_(seen, ahead)])
    record, _, _ = arima.evaluate(y, order, at)
    mean, sd = arima.project(record[None], order, y, np.array([0]), np.array([60]), h)
    assert_allclose(mean[0], y[seen] @ weights, rtol=1e-8)
    spread = np.diag(joint[np.ix_(ahead, ahead)] - joint[np.ix_(ahead, seen)] @ weights)
    sigma2 = record[Column.RMS] ** 2 * len(seen) / (len(seen) - 3)
    assert_allclose(sd[0] ** 2, sigma2 * spread, rtol=1e-8)


def panel() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    lengths = rng.integers(30, 100, size=12)
    y = [walk(n, seed) for seed, n in enumerate(lengths)]
    y[3][:4] = np.nan
    y[5][[20, 21, -1]] = np.nan
    starts = np.cumsum([0, *lengths[:-1]])
    stops = starts[:, None] + lengths[:, None] - np.arange(14)[::-1]
    return np.concatenate(y), starts, stops


@pytest.mark.parametrize(
    "order",
    [
        Order((1, 1, 1), (0, 1, 1), 12),
        Order((2, 0, 2), (1, 0, 0), 4, True),
        Order((1, 0, 0), constant=True),
    ],
)
def test_all_windows_at_once_equal_each_alone_bit_for_bit(order: Order) -> None:
    values, starts, stops = panel()
    whole = arima.fit(values, starts, stops, order)
    with using_threads(3):
        assert_array_equal(arima.fit(values, starts, stops, order), whole)
    for i, k in ((0, 0), (3, 5), (5, 13), (8, 2), (11, 13)):
        y = values[starts[i] : stops[i, k]].copy()
        alone = arima.fit(y, np.array([0]), np.array([[len(y)]]), order)[0, 0]
        assert_array_equal(alone, whole[i, k])


def test_nothing_behind_a_window_changes_a_bit_of_it() -> None:
    values, starts, stops = panel()
    order = Order((1, 1, 1), (0, 1, 1), 12)
    before = arima.fit(values, starts, stops, order)
    poisoned = values.copy()
    for i in range(len(starts)):
        poisoned[stops[i, 6] : stops[i, -1]] = 1e9
    after = arima.fit(poisoned, starts, stops, order)
    assert_array_equal(after[:, :7], before[:, :7])


def test_an_anchor_seldom_costs_likelihood() -> None:
    values = np.concatenate([walk(120, seed) for seed in range(30)])
    starts = 120 * np.arange(30)
    stops = starts[:, None] + np.array([90, 100, 110, 120])
    order = Order((1, 1, 1), (0, 1, 1), 12)
    shared, anew = (
        arima.fit(values, starts, stops, order, anchor_ratio=ratio)[..., Column.OBJECTIVE]
        for ratio in (arima.ANCHOR_RATIO, 1.0)
    )
    assert np.mean(shared > anew + 0.01) < 0.08


@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1.0, 1e18, 1e300])
def test_scale_by_a_power_of_two_changes_no_bit_and_any_scale_hardly_a_digit(scale: float) -> None:
    y, order = walk(), Order((1, 1, 1), (0, 1, 1), 12)
    start, stop = np.array([0]), np.array([[len(y)]])
    usual = arima.fit(y, start, stop, order)[0, 0]
    exact = arima.fit(y * 2.0**40, start, stop, order)[0, 0]
    assert_array_equal(exact[Column.COEFFICIENTS :], usual[Column.COEFFICIENTS :])
    scaled = arima.fit(y * scale, start, stop, order)[0, 0]
    assert_allclose(
        scaled[Column.COEFFICIENTS :], usual[Column.COEFFICIENTS :], rtol=1e-4, atol=1e-4
    )
    assert_allclose(scaled[Column.RMS] / scale, usual[Column.RMS], rtol=1e-6)


def test_a_window_without_a_fit_says_why() -> None:
    order = Order((1, 0, 0), constant=True)
    y = walk(20)
    stops = np.array([[0, 3, 4, 5, 20]])
    outcome = arima.fit(y, np.array([0]), stops, order)[0, :, Column.OUTCOME]
    assert order.n_needed == 5
    expected = [Outcome.EMPTY, Outcome.TOO_SHORT, Outcome.TOO_SHORT, Outcome.FITTED, Outcome.FITTED]
    assert outcome.tolist() == expected


def test_a_season_that_was_never_seen_leaves_the_fit_undetermined() -> None:
    y = walk(60)
    y[5::12] = np.nan
    record = arima.fit(y, np.array([0]), np.array([[60]]), Order((0, 0, 1), (0, 1, 0), 12))[0, 0]
    assert record[Column.OUTCOME] == Outcome.UNDETERMINED


def test_too_few_values_or_a_wrong_number_of_coefficients_are_refused() -> None:
    with pytest.raises(ArgumentError, match="needs 5 values"):
        arima.evaluate(walk(4), Order((1, 0, 0), constant=True), np.array([0.5]))
    with pytest.raises(ArgumentError, match="has 1 coefficients"):
        arima.evaluate(walk(), Order((1, 0, 0)), np.array([0.5, 0.1]))


# --- the choice of the order --------------------------------------------------------------------------------

LIMITS = Order((3, 2, 3), (1, 1, 1), 12, contenders=arima.N_CONTENDERS)


def test_a_choice_at_all_windows_equals_each_alone_and_knows_nothing_of_the_future() -> None:
    values, starts, stops = panel()
    whole = arima.choose(values, starts, stops, LIMITS)
    with using_threads(3):
        assert_array_equal(arima.choose(values, starts, stops, LIMITS), whole)
    for i, k in ((0, 0), (3, 5), (5, 13), (8, 2), (11, 13)):
        y = values[starts[i] : stops[i, k]].copy()
        alone = arima.choose(y, np.array([0]), np.array([[len(y)]]), LIMITS)[0, 0]
        assert_array_equal(alone, whole[i, k])
    poisoned = values.copy()
    for i in range(len(starts)):
        poisoned[stops[i, 6] : stops[i, -1]] = -1e9
    assert_array_equal(arima.choose(poisoned, starts, stops, LIMITS)[:, :7], whole[:, :7])


def test_the_record_of_a_choice_is_that_of_its_order() -> None:
    values, starts, stops = panel()
    records = arima.choose(values, starts, stops[:, -1:], LIMITS)[:, 0]
    for i, record in enumerate(records):
        numbers = record[Column.P : Column.CONSTANT].astype(int).tolist()
        order = Order(tuple(numbers[:3]), tuple(numbers[3:]), 12, bool(record[Column.CONSTANT]))
        y = values[starts[i] : stops[i, -1]]
        first = np.flatnonzero(~np.isnan(y))[0]
        found = [
            f[:n] for f, n in zip(arima.coefficients(record, LIMITS), order.sizes, strict=True)
        ]
        at, _, _ = arima.evaluate(y[first:], order, np.concatenate(found))
        assert_allclose(at[Column.OBJECTIVE], record[Column.OBJECTIVE], rtol=1e-10)
        assert_allclose(at[Column.MEAN], record[Column.MEAN], rtol=1e-6)


@pytest.mark.parametrize(
    ("y", "d", "seasonal"),
    [
        (np.sin(2 * np.pi * np.arange(120) / 12) * 10 + 0.1 * walk(120, 2), 0, 1),
        (np.cumsum(np.random.default_rng(0).normal(size=120)), 1, 0),
        (np.cumsum(np.cumsum(np.random.default_rng(1).normal(size=120))), 2, 0),
        (np.random.default_rng(2).normal(size=120), 0, 0),
    ],
)
def test_differences_are_those_that_the_series_was_made_with(
    y: np.ndarray, d: int, seasonal: int
) -> None:
    record = arima.choose(y, np.array([0]), np.array([[120]]), LIMITS)[0, 0]
    assert record[[Column.D, Column.SEASONAL_D]].tolist() == [d, seasonal]
