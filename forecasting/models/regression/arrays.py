"""Differences, rolling means, ragged rows and scales, without a loop over series.

Every number depends on the values it is made of and on nothing beside them (not on where they lie in a
larger array), so that features made once for all windows equal those made window by window.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecasting._typing import BoolArray, FloatArray, IntArray
from forecasting.models.regression.recipe import Scale

#: Standard deviations below this share of the mean absolute value are rounding, not spread.
ROUNDING = 1e-9
#: Beyond this a sum of a few hundred values can leave the range of float64.
HUGE = 1e300


def later(values: FloatArray, steps: int) -> FloatArray:
    """Return values moved ``steps`` places to the right along the last axis, zeros before them."""
    moved = np.zeros_like(values)
    if steps < values.shape[-1]:
        moved[..., steps:] = values[..., : values.shape[-1] - steps]
    return moved


def difference(values: FloatArray, differences: Sequence[int]) -> list[FloatArray]:
    """Return the values and each level of differencing, ``z_t = x_t - x_{t-d}``, all of one shape.

    The first ``sum(differences)`` places along the last axis are not differences of anything.
    """
    levels = [values]
    for d in differences:
        levels.append(levels[-1] - later(levels[-1], d))
    return levels


def undo_difference(
    changes: FloatArray, tails: Sequence[FloatArray], differences: Sequence[int]
) -> FloatArray:
    """Return the values whose last differences are ``changes``, shape (n, h).

    ``tails[j]`` ends with the history of level ``j`` of :func:`difference`, shape (n, at least d).
    """
    for tail, d in zip(reversed(tails), reversed(differences), strict=True):
        path = np.concatenate([tail[:, tail.shape[1] - d :], changes], axis=1)
        for j in range(changes.shape[1]):
            path[:, d + j] += path[:, j]
        changes = path[:, d:]
    return changes


def rolling_mean(values: FloatArray, width: int) -> FloatArray:
    """Return the mean of the ``width`` values that end at each place of the last axis.

    Summed by doubling, in log2(width) passes and always in the same order. The first ``width - 1``
    places are not means of anything.
    """
    block, size = values, 1
    total, covered = np.zeros_like(values), 0
    while True:
        if width & size:
            total = total + later(block, covered)
            covered += size
        if covered == width:
            mean: FloatArray = total / width
            return mean
        block = block + later(block, size)
        size *= 2


def ragged_rows(first: IntArray, count: IntArray) -> tuple[IntArray, IntArray]:
    """Return rows ``first[i], first[i] + 1, ...`` (``count[i]`` of them) and the series of each."""
    series = np.repeat(np.arange(len(first), dtype=np.int64), count)
    before = np.cumsum(count) - count
    rows = np.arange(len(series), dtype=np.int64) + (first - before)[series]
    return rows, series


def centre_and_scale(
    z: FloatArray, lo: IntArray, hi: IntArray, how: Scale
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Return what is taken from each slice ``z[lo:hi]`` and what it is divided by, shape (n,) each.

    ``"mean"``: nothing, and the mean absolute value; ``"std"``: the mean, and the root mean square
    about it; None: nothing, and one. The scale of a slice of zeros, or without spread, is zero: such a
    series is forecast at its centre. The third array marks slices that the arithmetic cannot hold.
    """
    rows, series = ragged_rows(lo, hi - lo)
    n = hi - lo
    starts = np.cumsum(n) - n
    broken = ~(np.maximum.reduceat(np.abs(z[rows]), starts) < HUGE)
    part = np.where(broken[series], 0.0, z[rows])
    level = np.add.reduceat(np.abs(part), starts) / n
    if how is None:
        return np.zeros(len(lo)), np.ones(len(lo)), broken
    if how == "mean":
        return np.zeros(len(lo)), level, broken
    mean = np.add.reduceat(part, starts) / n
    relative = (part - mean[series]) / nonzero(level)[series]  # squares of which cannot overflow
    spread = np.sqrt(np.add.reduceat(relative * relative, starts) / n)
    return mean, np.where(spread > ROUNDING, spread, 0.0) * level, broken


def nonzero(scale: FloatArray) -> FloatArray:
    """Return scales to divide by: one where the scale is zero."""
    return np.where(scale == 0, 1.0, scale)
