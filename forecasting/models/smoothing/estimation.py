r"""What estimating the parameters adds to the variance of a forecast by exponential smoothing.

The analytic variance of a step takes smoothing weights and first states as known. They are estimated from
the same ``n`` values, and with few of them that is a large part of the error. In the additive model

.. math:: y_t = w'x_{t-1} + e_t, \quad x_t = F x_{t-1} + g e_t, \quad D = F - g w'

a change of the first state moves the one-step means by :math:`w'D^{t-1}`, and a change of weight ``j`` by
:math:`\sum_{s<t} w'D^{t-1-s} \iota_j e_s`, with :math:`\iota_j` the state that the weight feeds. These are the
columns of a least-squares problem. Their expected products, those of the weights after the first states
were regressed out of them, are its information matrix; what it leaves open reaches the forecast
:math:`a_h'x_n` as in a regression (the delta method; Ansley and Kohn 1986, Biometrika 73, 467-473). The
weights are also what the errors to come add up with, so the expected square of :math:`a_j'g` is its square
plus its variance. Everything is a function of the weights, the season and ``n``: the values themselves are
not needed, and ``sigma`` drops out of the ratio.

``phi`` counts as known: how much it matters depends on the slopes the series had, and its bounds are tight.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecasting._typing import FloatArray, IntArray

#: Least eigenvalue of an information matrix of unit diagonal: directions that the values say less about are
#: those that have faded from the last state.
RIDGE = 1e-10
#: Windows that are worked on together: at most some 40 MB with a season of twelve.
TOGETHER = 1024
#: Longer windows are taken to be this long. What estimation adds to the variance is then about the number of
#: parameters over 400, one per cent for four.
LONG = 400


def variance_ratio(
    weights: FloatArray,
    phi: FloatArray,
    count: IntArray,
    h: int,
    *,
    trend: bool,
    season_length: int,
    estimated: Sequence[bool] = (True, True, True),
) -> FloatArray:
    """Return by how much estimation multiplies the variance of each step.

    Parameters
    ----------
    weights : array of float, shape (w, 3)
        alpha, beta, gamma; zero for what the model does not have.
    phi : array of float, shape (w,)
        Damping; 1 where there is none.
    count : array of int, shape (w,)
        Values that the parameters were estimated from, at least 1.
    h : int
    trend : bool
        Whether there is a slope.
    season_length : int
        1 without a season.
    estimated : three bools
        Which weights were estimated rather than given.

    Returns
    -------
    array of float, shape (w, h)
        At least 1; 1 where the powers of ``D`` overflow.
    """
    m = season_length if season_length > 1 else 0
    n = np.minimum(count, LONG)
    free = np.flatnonzero(np.array(estimated) & (True, trend, m > 0))
    ratio = np.empty((h, len(n)))
    for begin in range(0, len(n), TOGETHER):
        at = slice(begin, begin + TOGETHER)
        linear = _Linear(weights[at], phi[at], trend, m)
        with np.errstate(over="ignore", invalid="ignore"):
            ratio[:, at] = _ratio(linear, n[at], free, h)
    return np.where(np.isfinite(ratio), np.maximum(ratio, 1.0), 1.0).T


class _Linear:
    """The additive model of each window: states level, slope, seasons (the next one first).

    Arrays of states have the shape (size, p, w): windows last, so that each operation is one on long rows, and
    the bits of a window do not depend on the others.
    """

    def __init__(self, weights: FloatArray, phi: FloatArray, trend: bool, m: int) -> None:
        self.phi, self.trend, self.m = phi, trend, m
        self.gains = np.zeros((2 + m, len(phi)))
        self.gains[:2] = weights[:, :2].T
        if m:
            self.gains[-1] = weights[:, 2]

    def first_states(self) -> FloatArray:
        """Return a basis of the first states, (size, p): level, slope, seasons that sum to zero."""
        m = self.m
        basis = np.zeros((2 + m, 1 + self.trend + max(m - 1, 0)))
        for j in range(1 + self.trend):
            basis[j, j] = 1.0
        for j in range(m - 1):
            basis[2 + j, 1 + self.trend + j], basis[-1, 1 + self.trend + j] = 1.0, -1.0
        return basis

    def fed(self, free: IntArray) -> IntArray:
        """Return the state that each weight feeds."""
        states: IntArray = np.array([0, 1, 1 + self.m])[free]
        return states

    def seen(self, state: FloatArray) -> FloatArray:
        """Return ``w'x``, shape (p, w)."""
        mean: FloatArray = state[0] + self.phi * state[1]
        return mean + state[2] if self.m else mean

    def step(self, state: FloatArray) -> FloatArray:
        """Return ``D x``."""
        after = np.empty_like(state)
        np.multiply(self.phi, state[1], out=after[1])
        np.add(state[0], after[1], out=after[0])
        if self.m:
            after[2:-1], after[-1] = state[3:], state[2]
        seen = self.seen(state)
        for j in (0, 1, -1) if self.m else (0, 1):
            after[j] -= self.gains[j] * seen
        return after

    def step_back(self, state: FloatArray, seen: FloatArray) -> FloatArray:
        """Return ``D'x + w seen``."""
        pull = seen - self.gains[0] * state[0] - self.gains[1] * state[1]
        if self.m:
            pull -= self.gains[-1] * state[-1]
        after = np.empty_like(state)
        np.add(state[0], pull, out=after[0])
        after[1] = self.phi * (after[0] + state[1])
        if self.m:
            after[3:] = state[2:-1]
            np.add(state[-1], pull, out=after[2])
        return after

    def ahead(self, state: FloatArray, h: int) -> FloatArray:
        """Return ``a_h'x``, what a last state adds to the mean of each step, shape (h, p, w)."""
        reach = np.empty((h, *state.shape[1:]))
        faded = np.zeros_like(self.phi)
        for step in range(h):
            faded = self.phi * (1.0 + faded)
            np.add(state[0], faded * state[1], out=reach[step])
            if self.m:
                reach[step] += state[2 + step % self.m]
        return reach


def _ratio(linear: _Linear, n: IntArray, free: IntArray, h: int) -> FloatArray:
    """Return the ratio of each step, shape (h, w)."""
    seen, last, products = _first_columns(linear, n)
    whiten = _root_of_inverse(products)
    carried = _rows_times(linear.ahead(last, h), whiten)  # what first states are to the forecast
    added = (carried * carried).sum(axis=1)
    known = _up_to(linear.ahead(linear.gains[:, None], h)[:, 0] ** 2)
    if len(free):
        for t in range(len(seen)):
            seen[t] = _rows_times(seen[t][None], whiten)[0]
        information, effect = _weights(linear, n, free, seen, carried)
        spread = _root_of_inverse(information)  # (k, k, w)
        covariance = (spread[:, None] * spread[None]).sum(axis=2)
        added += (covariance * effect).sum(axis=(1, 2))
        unit = np.zeros((len(linear.gains), len(free), len(n)))
        unit[linear.fed(free), np.arange(len(free))] = 1.0
        unsure = _rows_times(linear.ahead(unit, h), spread)
        added += _up_to((unsure * unsure).sum(axis=1)) - 1.0
    ratio: FloatArray = 1.0 + added / known
    return ratio


def _up_to(square: FloatArray) -> FloatArray:
    """Return ``1 + sum of the squares of the steps before``, shape (h, w)."""
    before = np.zeros_like(square)
    np.cumsum(square[:-1], axis=0, out=before[1:])
    return 1.0 + before


def _rows_times(rows: FloatArray, matrix: FloatArray) -> FloatArray:
    """Return the products of rows (r, p, w) and matrices (p, q, w), shape (r, q, w)."""
    found = np.zeros((rows.shape[0], matrix.shape[1], rows.shape[2]))
    for j in range(rows.shape[1]):
        found += rows[:, j, None] * matrix[j]
    return found


def _first_columns(linear: _Linear, n: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the columns of the first states, (n, p, w), zero after the end, their ``D^n``, their products."""
    basis = linear.first_states()
    state = np.repeat(basis[..., None], len(n), axis=-1)
    last = state
    seen = np.zeros((int(n.max(initial=0)), basis.shape[1], len(n)))
    products = np.zeros((basis.shape[1], basis.shape[1], len(n)))
    for t in range(len(seen)):
        seen[t] = np.where(n > t, linear.seen(state), 0.0)
        products += seen[t][:, None] * seen[t]
        state = linear.step(state)
        last = np.where(n > t, state, last)
    return seen, last, products


def _weights(
    linear: _Linear, n: IntArray, free: IntArray, seen: FloatArray, carried: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the information on the weights, (k, k, w), and their mean squared effect, (h, k, k, w).

    Walks back from the last value: ``power`` is ``D^b`` of the states that the weights feed, ``cross`` how the
    columns of the first states, whitened, go with an error ``b`` steps before the end.
    """
    fed, k, windows = linear.fed(free), len(free), np.arange(len(n))
    power = np.zeros((len(linear.gains), k, len(n)))
    power[fed, np.arange(k)] = 1.0
    cross = np.zeros((len(linear.gains), seen.shape[1], len(n)))
    information = np.zeros((k, k, len(n)))
    effect = np.zeros((len(carried), k, k, len(n)))
    for b in range(len(seen)):
        here, left = (n > b).astype(np.float64), np.maximum(n - 1 - b, 0)
        at, shared = linear.seen(power), cross[fed] * here  # (k, w), (k, p, w)
        information += left * at[:, None] * at - (shared[:, None] * shared).sum(axis=2)
        reach = linear.ahead(power, len(carried)) * here
        for j in range(shared.shape[1]):
            reach -= carried[:, j, None] * shared[:, j]
        effect += reach[:, :, None] * reach[:, None]
        power = linear.step(power)
        cross = linear.step_back(cross, seen[left, :, windows].T)
    return information, effect


def _root_of_inverse(matrix: FloatArray) -> FloatArray:
    """Return R with ``R R' = `` the inverse of each symmetric positive matrix, (p, p, w); NaN if not finite."""
    scale = np.sqrt(np.maximum(np.diagonal(matrix).T, 1e-12))  # (p, w)
    scaled = (matrix / (scale[:, None] * scale)).transpose(2, 0, 1)
    finite = np.isfinite(scaled).all(axis=(1, 2))
    values, vectors = np.linalg.eigh(np.where(finite[:, None, None], scaled, np.eye(len(scale))))
    root: FloatArray = (vectors / np.sqrt(np.maximum(values, RIDGE))[:, None]).transpose(1, 2, 0)
    root /= scale[:, None]
    root[..., ~finite] = np.nan
    return root
