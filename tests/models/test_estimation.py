"""What estimation adds to a variance: against dense matrices, closed forms and regression."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from forecasting.models.smoothing.estimation import LONG, TOGETHER, variance_ratio


def dense(weights, phi, n, h, trend, m, estimated):
    """The same by n x n matrices: expected products of the columns, first states projected out."""
    m = m if m > 1 else 0
    size = 2 + m
    see = np.zeros(size)
    see[[0, 2] if m else [0]], see[1] = 1.0, phi
    move = np.zeros((size, size))
    move[0, 0], move[0, 1], move[1, 1] = 1.0, phi, phi
    for j in range(m):
        move[2 + j, 2 + (j + 1) % m] = 1.0
    gain = np.zeros(size)
    gain[0], gain[1] = weights[:2]
    if m:
        gain[-1] = weights[2]
    filtered = move - np.outer(gain, see)
    power = [np.eye(size)]
    for _ in range(n):
        power.append(power[-1] @ filtered)
    firsts = [np.eye(size)[0]] + [np.eye(size)[1]] * trend
    firsts += [np.eye(size)[2 + j] - np.eye(size)[-1] for j in range(m - 1)]
    first = np.array(firsts).T  # (size, p)
    fed = [j for j, on in zip((0, 1, size - 1), (True, trend, m > 0), strict=True) if on]
    fed = [j for j, free in zip(fed, estimated, strict=False) if free]
    known = np.array([see @ power[t] @ first for t in range(n)])  # (n, p)
    shifts = []  # column j of the design is shifts[j] @ e
    for j in fed:
        rows = np.zeros((n, n))
        for t in range(n):
            for s in range(t):
                rows[t, s] = (see @ power[t - 1 - s])[j]
        shifts.append(rows)
    hat = known @ np.linalg.pinv(known)
    rest = np.eye(n) - hat
    information = np.array([[np.trace(a.T @ rest @ b) for b in shifts] for a in shifts])
    cov = np.linalg.inv(information) if fed else np.zeros((0, 0))
    ratio, ahead, sum_known, sum_unsure = np.empty(h), np.eye(size), 1.0, 0.0
    for step in range(h):
        a = see @ ahead
        reach = a @ power[n] @ first
        added = reach @ np.linalg.pinv(known.T @ known) @ reach
        errors = []
        for j, rows in zip(fed, shifts, strict=True):
            own = np.array([(a @ power[n - 1 - s])[j] for s in range(n)])
            errors.append(own - reach @ np.linalg.pinv(known) @ rows)
        effect = np.array([[x @ y for y in errors] for x in errors]).reshape(len(fed), len(fed))
        added += np.trace(cov @ effect) + sum_unsure
        ratio[step] = 1 + added / sum_known
        sum_known += (a @ gain) ** 2
        sum_unsure += a[fed] @ cov @ a[fed]
        ahead = move @ ahead
    return ratio


@pytest.mark.parametrize(
    ("weights", "phi", "trend", "m"),
    [
        ((0.3, 0.0, 0.0), 1.0, False, 1),
        ((0.4, 0.1, 0.0), 1.0, True, 1),
        ((0.4, 0.2, 0.0), 0.9, True, 1),
        ((0.2, 0.0, 0.3), 1.0, False, 4),
        ((0.3, 0.05, 0.1), 1.0, True, 4),
        ((0.0001, 0.0001, 0.0001), 1.0, True, 4),
    ],
)
def test_it_is_what_dense_matrices_give(weights, phi, trend, m) -> None:
    got = variance_ratio(
        np.array([weights]), np.array([phi]), np.array([30]), 9, trend=trend, season_length=m
    )
    assert_allclose(got[0], dense(weights, phi, 30, 9, trend, m, (True,) * 3), rtol=1e-6)


def test_given_weights_are_not_uncertain() -> None:
    given = dense((0.4, 0.1, 0.0), 1.0, 30, 6, True, 1, (False, False))
    got = variance_ratio(
        np.array([[0.4, 0.1, 0.0]]),
        np.ones(1),
        np.array([30]),
        6,
        trend=True,
        season_length=1,
        estimated=(False, False, False),
    )
    assert_allclose(got[0], given, rtol=1e-6)


@pytest.mark.parametrize("n", [10, 60])
def test_without_smoothing_it_is_the_variance_of_a_regression_on_a_line_and_a_season(n) -> None:
    m, h = 4, 6
    t = np.arange(n + h)
    design = np.column_stack([t, *(t % m == j for j in range(m))]).astype(float)
    inverse = np.linalg.inv(design[:n].T @ design[:n])
    expected = 1 + np.einsum("hi,ij,hj->h", design[n:], inverse, design[n:])
    got = variance_ratio(
        np.zeros((1, 3)),
        np.ones(1),
        np.array([n]),
        h,
        trend=True,
        season_length=m,
        estimated=(False, False, False),
    )
    assert_allclose(got[0], expected, rtol=1e-6)


def test_a_random_walk_that_is_known_to_be_one_has_nothing_to_estimate() -> None:
    got = variance_ratio(
        np.array([[1.0, 0.0, 0.0]]),
        np.ones(1),
        np.array([40]),
        5,
        trend=False,
        season_length=1,
        estimated=(False, False, False),
    )
    assert_allclose(got[0], np.ones(5), atol=1e-12)


def test_a_window_gets_the_same_bits_alone_and_among_others() -> None:
    rng = np.random.default_rng(0)
    n = TOGETHER + 60
    weights = rng.uniform(0.0001, 1, (n, 3)) * [0.5, 0.05, 0.4]
    phi, count = rng.uniform(0.8, 1, n), rng.integers(20, LONG + 100, n)
    facts = {"trend": True, "season_length": 12}
    together = variance_ratio(weights, phi, count, 5, **facts)
    assert (together >= 1).all()
    for i in (0, 7, TOGETHER - 1, TOGETHER, n - 1):
        at = slice(i, i + 1)
        alone = variance_ratio(weights[at], phi[at], count[at], 5, **facts)
        assert_array_equal(alone[0], together[i])
        head = variance_ratio(weights[at], phi[at], count[at], 3, **facts)
        assert_allclose(head[0], together[i, :3], rtol=1e-13)


def test_where_first_states_grow_beyond_a_double_nothing_is_added() -> None:
    got = variance_ratio(
        np.array([[4.0, 0.0, 0.0]]), np.ones(1), np.array([400]), 3, trend=True, season_length=1
    )
    assert_array_equal(got, np.ones((1, 3)))


def test_no_window_at_all_is_no_error() -> None:
    nothing = np.empty((0, 3))
    got = variance_ratio(
        nothing, np.empty(0), np.empty(0, np.int64), 4, trend=True, season_length=1
    )
    assert got.shape == (0, 4)
