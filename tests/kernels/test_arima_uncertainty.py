"""What estimating an ARIMA model adds to its variances: hand cases, a second implementation, coverage."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from kernels.test_arima import covariance, polynomials, walk
from numpy.testing import assert_allclose, assert_array_equal
from scipy.signal import lfilter

import forecasting as fc
from forecasting.kernels import arima
from forecasting.kernels.arima import Column, Order

H = 8


def fitted(y: np.ndarray, order: Order) -> tuple[np.ndarray, np.ndarray]:
    """Return the record of a fit, and its variance ratios."""
    at, n = np.array([0]), np.array([len(y)])
    record = arima.fit(y, at, n[:, None], order)[0]
    return record[0], arima.variance_ratio(record, order, y, at, n, H)[0]


def test_a_mean_of_n_values_adds_one_nth_of_a_variance() -> None:
    _, ratio = fitted(walk(50), Order((0, 0, 0), constant=True))
    assert_allclose(ratio, 1 + 1 / 50, rtol=1e-10)


def test_a_drift_adds_h_over_n_to_a_random_walk() -> None:
    _, ratio = fitted(walk(50), Order((0, 1, 0), constant=True))
    assert_allclose(ratio, 1 + np.arange(1, H + 1) / 49, rtol=1e-10)


def coefficients_of(r: np.ndarray) -> np.ndarray:
    """Return the autoregression of partial autocorrelations (Durbin-Levinson)."""
    a = np.zeros(0)
    for last in r:
        a = np.append(a - last * a[::-1], last)
    return a


def partial_of(a: np.ndarray) -> np.ndarray:
    r = []
    while len(a):
        r.append(a[-1])
        a = (a[:-1] + a[-1] * a[-2::-1]) / (1 - a[-1] ** 2)
    return np.array(r[::-1])


def by_hand(y: np.ndarray, order: Order, record: np.ndarray) -> np.ndarray:
    """Return the ratios without a constant by the delta method, written again."""
    sizes, sign = order.sizes, np.repeat([1.0, -1.0, 1.0, -1.0], order.sizes)
    cuts, k = np.cumsum(sizes)[:-1], sum(sizes)
    at = sign * record[Column.COEFFICIENTS :][:k]
    z = np.concatenate([partial_of(part) for part in np.split(at, cuts)])

    def there(z: np.ndarray) -> np.ndarray:
        return np.concatenate([coefficients_of(part) for part in np.split(z, cuts)])

    def ahead(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        moved, c = record.copy(), sign * there(z)
        moved[Column.COEFFICIENTS :][:k] = c
        mean, _ = arima.project(moved[None], order, y, np.array([0]), np.array([len(y)]), H)
        phi, theta = polynomials(order, c)
        for lag in [1] * order.order[1] + [order.season_length] * order.seasonal[1]:
            phi = np.convolve(phi, np.eye(1, lag + 1)[0] - np.eye(1, lag + 1, lag)[0])
        return mean[0], lfilter(theta, phi, np.eye(1, H)[0])

    step = 1e-5 * np.eye(k)
    jacobian = np.array([(there(z + s) - there(z - s)) / 2e-5 for s in step]).T
    matrix = arima.evaluate(y, order, record[Column.COEFFICIENTS :][:k])[2]
    matrix = sign[:, None] * matrix * sign
    spread = np.linalg.inv(0.5 * jacobian.T @ matrix @ jacobian + 3 * np.eye(k))
    up, down = zip(*((ahead(z + s), ahead(z - s)) for s in step), strict=True)
    n = record[Column.COUNT]
    sigma2 = record[Column.RMS] ** 2 * n / (n - k)
    by_mean = np.array([(u[0] - d[0]) / 2e-5 for u, d in zip(up, down, strict=True)])
    by_psi = np.array([(u[1] - d[1]) / 2e-5 for u, d in zip(up, down, strict=True)])
    added = np.einsum("ih,ij,jh->h", by_mean, spread, by_mean) / sigma2
    added += np.cumsum(np.einsum("ih,ij,jh->h", by_psi, spread, by_psi))
    sd = arima.project(record[None], order, y, np.array([0]), np.array([len(y)]), H)[1][0]
    ratio: np.ndarray = 1 + added * sigma2 / sd**2
    return ratio


@pytest.mark.parametrize(
    "order",
    [
        Order((1, 0, 0)),
        Order((2, 1, 1)),
        Order((0, 2, 2)),
        Order((1, 1, 1), (0, 1, 1), 12),
        Order((2, 0, 1), (1, 1, 0), 12),
        Order((1, 0, 2), (2, 0, 1), 4),
    ],
)
def test_the_ratio_is_that_of_the_delta_method_written_again(order: Order) -> None:
    y = walk(90, seed=4) - 10
    record, ratio = fitted(y, order)
    assert (ratio > 1.0005).all()
    assert_allclose(ratio - 1, by_hand(y, order, record) - 1, rtol=2e-3, atol=1e-6)


def test_the_mean_of_an_autoregression_adds_its_generalised_least_squares_variance() -> None:
    y, order = walk(60), Order((1, 0, 0), constant=True)
    record, ratio = fitted(y, order)
    phi = record[Column.COEFFICIENTS]
    shifted = record.copy()
    shifted[[Column.CONSTANT, Column.MEAN]] = 0.0
    plain = Order((1, 0, 0))
    at, n = np.array([0]), np.array([60])
    without = arima.variance_ratio(shifted[None], plain, y - record[Column.MEAN], at, n, H)[0]
    inverse = np.linalg.inv(covariance(plain, np.array([phi]), 60))
    steps = np.arange(1, H + 1)
    known = np.cumsum(phi ** (2 * (steps - 1)))
    expected = (1 - phi**steps) ** 2 / inverse.sum() / known
    # sigma^2 of the plain record has a degree of freedom more; of what is added most is over sigma^2.
    others = (without - 1) * (60 - 2) / (60 - 1)
    assert_allclose(ratio - 1, expected + others, rtol=1e-2)


@pytest.mark.parametrize("n", [60, 400, 3000])
def test_what_estimation_adds_goes_with_one_over_n(n: int) -> None:
    e = np.random.default_rng(1).normal(size=n + 1)
    y = lfilter([1.0], [1.0, -0.6], e[1:])
    _, ratio = fitted(y, Order((1, 0, 0), constant=True))
    assert 0.5 < (ratio.max() - 1) * n < 8


@pytest.mark.parametrize(
    "y",
    [np.full(40, 5.0), np.arange(40.0), np.r_[np.zeros(30), 1e6, np.zeros(9)], 1e-300 * walk(40)],
)
@pytest.mark.parametrize("order", [Order((1, 1, 1)), Order((2, 0, 2), constant=True)])
def test_the_ratio_of_odd_series_is_finite_and_at_least_one(y: np.ndarray, order: Order) -> None:
    _, ratio = fitted(y, order)
    assert np.isfinite(ratio).all()
    assert (ratio >= 1).all()


def test_a_ratio_has_the_same_bits_in_any_batch_and_at_any_horizon() -> None:
    order, y = Order((1, 1, 1), (0, 1, 1), 12), walk(90)
    starts, stops = np.array([0, 0, 0]), np.array([70, 80, 90])
    records = arima.fit(y, np.array([0]), stops[None], order)[0]
    together = arima.variance_ratio(records, order, y, starts, stops, H)
    for i in range(3):
        alone = arima.variance_ratio(records[i : i + 1], order, y, starts[:1], stops[i : i + 1], 3)
        assert_array_equal(alone[0], together[i, :3])


def test_short_histories_are_covered_as_often_as_they_say() -> None:
    n, h, series = 36, 6, 600
    e = np.random.default_rng(2).normal(size=(series, n + h + 100))
    y = lfilter([1.0], [1.0, -1.4, 0.7], e)[:, 100:]
    frame = pd.DataFrame(
        {
            "unique_id": np.repeat(np.arange(series), n),
            "ds": np.tile(np.arange(n), series),
            "y": y[:, :n].ravel(),
        }
    )
    found = fc.ARIMA(order=(2, 0, 0)).fit(frame, freq=1).predict(h, level=(80, 95))
    truth = y[:, n:].ravel()
    held = [truth.clip(found[f"lo-{p}"], found[f"hi-{p}"]) == truth for p in (80, 95)]
    assert 0.75 < np.mean(held[0]) < 0.84  # 73 as if parameters were known
    assert 0.925 < np.mean(held[1]) < 0.97
