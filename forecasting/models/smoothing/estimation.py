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

#: Added to the diagonal of an information matrix, relative to its largest entry: directions that the values
#: say nothing about are those that have faded from the last state.
RIDGE = 1e-10
#: Windows that are worked on together: some 10 MB.
TOGETHER = 512
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
    count = np.minimum(count, LONG)
    free = np.flatnonzero(np.array(estimated) & (True, trend, m > 0))
    ratio = np.empty((len(count), h))
    for begin in range(0, len(count), TOGETHER):
        at = slice(begin, begin + TOGETHER)
        linear = _Linear(weights[at], phi[at], trend, m)
        with np.errstate(over="ignore", invalid="ignore"):
            ratio[at] = _ratio(linear, count[at], free, linear.ahead(h))
    return np.where(np.isfinite(ratio), np.maximum(ratio, 1.0), 1.0)


class _Linear:
    """The additive model of each window: states level, slope, seasons (the next one first)."""

    def __init__(self, weights: FloatArray, phi: FloatArray, trend: bool, m: int) -> None:
        self.phi, self.trend, self.m = phi[:, None], trend, m
        self.gains = np.zeros((len(phi), 2 + m))
        self.gains[:, :2] = weights[:, :2]
        if m:
            self.gains[:, -1] = weights[:, 2]

    def first_states(self) -> FloatArray:
        """Return a basis of the first states, one a row: level, slope, seasons that sum to zero."""
        m = self.m
        basis = np.eye(2 + m)[[0, 1] if self.trend else [0]]
        seasons = np.zeros((max(m - 1, 0), 2 + m))
        for j in range(m - 1):
            seasons[j, 2 + j], seasons[j, -1] = 1.0, -1.0
        return np.concatenate([basis, seasons])

    def fed(self, free: IntArray) -> FloatArray:
        """Return the state that each weight feeds, one a row."""
        states: FloatArray = np.eye(2 + self.m)[np.array([0, 1, 1 + self.m])[free]]
        return states

    def seen(self, state: FloatArray) -> FloatArray:
        """Return ``w'x`` of states (w, p, size)."""
        mean: FloatArray = state[..., 0] + self.phi * state[..., 1]
        return mean + state[..., 2] if self.m else mean

    def step(self, state: FloatArray) -> FloatArray:
        """Return ``D x`` of states (w, p, size)."""
        after = np.empty_like(state)
        after[..., 1] = self.phi * state[..., 1]
        after[..., 0] = state[..., 0] + after[..., 1]
        if self.m:
            after[..., 2:-1], after[..., -1] = state[..., 3:], state[..., 2]
        after -= self.seen(state)[..., None] * self.gains[:, None, :]
        return after

    def step_back(self, state: FloatArray, seen: FloatArray) -> FloatArray:
        """Return ``D'x + w seen`` of states (w, p, size) and numbers (w, p)."""
        pull = seen - (state @ self.gains[:, :, None])[..., 0]
        after = np.empty_like(state)
        after[..., 0] = state[..., 0] + pull
        after[..., 1] = self.phi * (state[..., 0] + state[..., 1] + pull)
        if self.m:
            after[..., 3:], after[..., 2] = state[..., 2:-1], state[..., -1] + pull
        return after

    def ahead(self, h: int) -> FloatArray:
        """Return ``a_h``, what the last state adds to the mean of each step, shape (w, h, size)."""
        ahead = np.zeros((len(self.phi), h, 2 + self.m))
        ahead[..., 0] = 1.0
        if self.trend:
            ahead[..., 1] = np.cumsum(self.phi ** np.arange(1, h + 1), axis=1)
        for step in range(h if self.m else 0):
            ahead[:, step, 2 + step % self.m] = 1.0
        return ahead


def _ratio(linear: _Linear, count: IntArray, free: IntArray, ahead: FloatArray) -> FloatArray:
    seen, last, products = _first_columns(linear, count)
    inverse = _inverse(products)
    reach = ahead @ last.transpose(0, 2, 1)  # what first states are to the forecast, (w, h, p)
    carried = reach @ inverse
    added: FloatArray = (carried * reach).sum(axis=-1)
    shock = ahead @ linear.gains[:, :, None]
    known = _up_to(shock[..., 0] ** 2)
    if len(free):
        information, effect = _weights(linear, count, free, ahead, seen, inverse, carried)
        spread = _inverse(information)
        added = added + (spread[:, None] * effect).reshape(*added.shape, -1).sum(axis=-1)
        fed = ahead @ linear.fed(free).T
        added = added + _up_to(((fed @ spread) * fed).sum(axis=-1)) - 1.0
    ratio: FloatArray = 1.0 + added / known
    return ratio


def _up_to(square: FloatArray) -> FloatArray:
    """Return ``1 + sum of the squares of the steps before``, shape (w, h)."""
    before = np.zeros_like(square)
    np.cumsum(square[:, :-1], axis=1, out=before[:, 1:])
    return 1.0 + before


def _first_columns(linear: _Linear, count: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the columns of the first states, (n, w, p), ``D^n`` of each, and the columns' products."""
    basis = linear.first_states()
    state = np.broadcast_to(basis, (len(count), *basis.shape)).copy()
    seen = np.zeros((int(count.max(initial=0)), len(count), len(basis)))
    products = np.zeros((len(count), len(basis), len(basis)))
    for t in range(len(seen)):
        here = count > t
        seen[t] = np.where(here[:, None], linear.seen(state), 0.0)
        products += seen[t][:, :, None] * seen[t][:, None, :]
        state = np.where(here[:, None, None], linear.step(state), state)
    return seen, state, products


def _weights(
    linear: _Linear,
    count: IntArray,
    free: IntArray,
    ahead: FloatArray,
    seen: FloatArray,
    inverse: FloatArray,
    carried: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return the information on the weights, (w, k, k), and their mean squared effect, (w, h, k, k).

    Walks back from the last value: ``power`` is ``D^b`` of the states that the weights feed, ``cross`` how the
    columns of the first states go with an error ``b`` steps before the end.
    """
    fed = linear.fed(free)
    windows, k = len(count), len(free)
    power = np.broadcast_to(fed, (windows, *fed.shape)).copy()
    cross = np.zeros((windows, seen.shape[2], ahead.shape[2]))
    information = np.zeros((windows, k, k))
    effect = np.zeros((windows, ahead.shape[1], k, k))
    rows = np.arange(windows)
    for b in range(len(seen)):
        here = (count > b).astype(np.float64)
        at = linear.seen(power)
        shared = cross @ fed.T  # (w, p, k)
        alike = shared.transpose(0, 2, 1) @ inverse @ shared
        left = np.maximum(count - 1 - b, 0)
        information += left[:, None, None] * at[:, :, None] * at[:, None, :]
        information -= here[:, None, None] * alike
        reach = ahead @ power.transpose(0, 2, 1) - carried @ shared  # (w, h, k)
        reach *= here[:, None, None]
        effect += reach[..., :, None] * reach[..., None, :]
        power = linear.step(power)
        cross = linear.step_back(cross, seen[np.maximum(count - 1 - b, 0), rows])
    return information, effect


def _inverse(matrix: FloatArray) -> FloatArray:
    """Return the inverses of symmetric positive matrices, (w, p, p), each scaled to a unit diagonal first."""
    scale = np.sqrt(np.maximum(np.diagonal(matrix, axis1=1, axis2=2), 1e-12))
    scaled = matrix / (scale[:, :, None] * scale[:, None, :])
    inverse = np.linalg.inv(scaled + RIDGE * np.eye(matrix.shape[-1]))
    found: FloatArray = inverse / (scale[:, :, None] * scale[:, None, :])
    return found
