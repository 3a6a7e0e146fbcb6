"""Exponentially weighted empirical quantiles for every window of a ragged batch at once.

The formulas stand in :class:`forecasting.models.weighted_quantiles.WeightedQuantiles`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from forecasting._typing import FloatArray, IntArray
from forecasting.errors import ArgumentError
from forecasting.kernels import _kernels
from forecasting.kernels.threads import n_threads
from forecasting.kernels.windows import check_windows

LONGEST = 900
"""Rows before a cutoff that count."""
FLOOR, POWER = 0.05, 8.0
"""A curve weighs ``(loss / mean loss + floor)^-power``."""


class Found(NamedTuple):
    """Forecasts of a grid of windows, S x K.

    Attributes
    ----------
    weights : array of float, shape (S, K, C)
        Of the curves, in the order of the alphas, each with every season weight.
    mean : array of float, shape (S, K, h)
    quantiles : array of float, shape (S, K, h, P)
    """

    weights: FloatArray
    mean: FloatArray
    quantiles: FloatArray


def forecast(
    values: FloatArray,
    starts: IntArray,
    stops: IntArray,
    h: int,
    probs: Sequence[float],
    *,
    season_length: int = 1,
    alphas: Sequence[float],
    season_weights: Sequence[float] = (1.0,),
    longest: int = LONGEST,
) -> Found:
    """Return means and quantiles of the ``h`` steps after each window ``values[starts[i]:stops[i, k]]``.

    Parameters
    ----------
    values : array of float, shape (n,)
        All series, one after the other; NaN is skipped.
    starts : array of int, shape (S,)
    stops : array of int, shape (S, K)
        Ascending along K.
    h : int
    probs : sequence of float in (0, 1)
    season_length : int
    alphas : sequence of float in [0, 1)
        A value ``a`` steps before the last one has weight ``(1 - alpha)^a``.
    season_weights : sequence of float, positive
        Factor on the weight of values at the same point of the season as the step.
    longest : int
        Rows that count.

    Returns
    -------
    Found
        NaN where nothing was seen. The bits of window (i, k) are the same whatever the other windows are.

    Examples
    --------
    >>> y = np.array([4.0, 1.0, 3.0, 2.0])
    >>> forecast(y, np.array([0]), np.array([[4]]), 1, [0.25, 0.5, 0.9], alphas=[0.0]).quantiles
    array([[[[1., 2., 4.]]]])
    """
    flat = np.ascontiguousarray(values, dtype=np.float64)
    begin = np.ascontiguousarray(starts, dtype=np.int64)
    end = np.ascontiguousarray(stops, dtype=np.int64)
    check_windows(flat, begin, end)
    if min(h, season_length, longest, len(alphas), len(season_weights)) < 1:
        raise ArgumentError(
            "h, season_length, longest are at least 1, and so are the numbers of alphas and season_weights"
        )
    n_curves = len(alphas) * len(season_weights)
    found = Found(
        np.empty((*end.shape, n_curves)),
        np.empty((*end.shape, h)),
        np.empty((*end.shape, h, len(probs))),
    )
    _kernels.weighted_quantiles(
        flat,
        begin,
        end,
        season_length=season_length,
        longest=longest,
        alphas=np.array(alphas, dtype=np.float64),
        season_weights=np.array(season_weights, dtype=np.float64),
        floor=FLOOR,
        power=POWER,
        probs=np.array(probs, dtype=np.float64),
        n_threads=n_threads(),
        weights=found.weights,
        mean=found.mean,
        found=found.quantiles,
    )
    return found
