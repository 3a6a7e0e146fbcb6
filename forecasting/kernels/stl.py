"""Seasonal-trend decomposition by loess for many windows at once."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from forecasting._typing import FloatArray, IntArray
from forecasting.errors import ArgumentError
from forecasting.kernels import _kernels
from forecasting.kernels.threads import n_threads

Seasonal = int | Literal["periodic"]

#: Inner and outer iterations without and with robustness, those of R and statsmodels; Cleveland et al. find
#: (1990) that the inner loop converges within two.
ITERATIONS, ROBUST_ITERATIONS = (5, 0), (2, 15)


@dataclass(frozen=True, eq=False)
class Components:
    """Decompositions of W windows, one after the other.

    Attributes
    ----------
    offsets : array of int, shape (W + 1,)
        Window ``w`` is ``offsets[w]:offsets[w + 1]`` of the others.
    seasons : array of float, shape (P, n)
        One row per season length.
    trend : array of float, shape (n,)
    weights : array of float, shape (n,)
        Robustness weights in [0, 1]; 1 without ``robust``.
    """

    offsets: IntArray
    seasons: FloatArray
    trend: FloatArray
    weights: FloatArray


def decompose(
    values: FloatArray,
    lo: IntArray,
    hi: IntArray,
    season_lengths: Sequence[int],
    *,
    seasonal: Seasonal = 7,
    trend: int | None = None,
    low_pass: int | None = None,
    seasonal_degree: int = 1,
    trend_degree: int = 1,
    low_pass_degree: int = 1,
    seasonal_jump: int = 1,
    trend_jump: int = 1,
    low_pass_jump: int = 1,
    robust: bool = False,
    iterations: tuple[int, int] | None = None,
) -> Components:
    """Decompose ``values[lo[w]:hi[w]]`` into seasons, trend and remainder; see ``mathematics.STL``.

    Parameters
    ----------
    values : array of float, shape (n,)
    lo, hi : array of int, shape (W,)
        Each window has at least two of the longest season. One with NaN or infinity among its values
        becomes NaN.
    season_lengths : sequence of int
        Ascending, each at least 2. Several are taken out in turn, twice.
    seasonal : odd int of at least 3, or "periodic"
        Window over the same point of successive seasons; "periodic": a season that does not change.
    trend : odd int, optional
        Window of the trend; the least odd number of at least ``1.5 m / (1 - 1.5 / seasonal)``.
    low_pass : odd int, optional
        Window of the low-pass filter; the least odd number above m.
    seasonal_degree, trend_degree, low_pass_degree : 0 or 1
        Local constant or local line.
    seasonal_jump, trend_jump, low_pass_jump : int
        Each ``jump``-th point is smoothed, those between lie on a line.
    robust : bool
        Weigh outliers down, in fifteen outer iterations.
    iterations : two ints, optional
        Inner and outer iterations: (5, 0), or (2, 15) where ``robust``.

    Returns
    -------
    Components
        The bits of a window do not depend on the others, nor on the number of threads.

    Raises
    ------
    ArgumentError
    """
    flat = np.ascontiguousarray(values, dtype=np.float64)
    begin = np.ascontiguousarray(lo, dtype=np.int64)
    end = np.ascontiguousarray(hi, dtype=np.int64)
    inner, outer = iterations or (ROBUST_ITERATIONS if robust else ITERATIONS)
    if inner < 1 or outer < 0:
        raise ArgumentError(f"iterations are at least (1, 0), got {(inner, outer)}")
    rows = []
    for m in season_lengths:
        if m < 2:
            raise ArgumentError(f"a season has at least 2 steps, got {m}")
        smoothers = (
            (3 if seasonal == "periodic" else seasonal, seasonal_degree, seasonal_jump),
            (trend_window(m, seasonal) if trend is None else trend, trend_degree, trend_jump),
            (m + 1 + m % 2 if low_pass is None else low_pass, low_pass_degree, low_pass_jump),
        )
        for window, degree, jump in smoothers:
            if window < 3 or window % 2 == 0 or degree not in (0, 1) or jump < 1:
                raise ArgumentError(
                    "a smoother has an odd window of at least 3, degree 0 or 1 and a jump of at least 1; "
                    f"got {window}, {degree} and {jump}"
                )
        rows.append([m, *sum(smoothers, ()), inner, outer, seasonal == "periodic"])
    _check(flat, begin, end, season_lengths)
    offsets = np.concatenate(([0], np.cumsum(end - begin))).astype(np.int64)
    n = int(offsets[-1])
    found = Components(offsets, np.empty((len(rows), n)), np.empty(n), np.empty(n))
    _kernels.stl_decompose(
        flat,
        begin,
        end,
        offsets[:-1].copy(),
        np.array(rows, dtype=np.int64),
        n_threads(),
        found.seasons,
        found.trend,
        found.weights,
    )
    return found


def total(seasons: FloatArray) -> FloatArray:
    """Return the sum of seasons, (P, n), added in their order; the same bits for one value and for many."""
    found: FloatArray = seasons[0]
    for season in seasons[1:]:
        found = found + season
    return found


def trend_window(season_length: int, seasonal: Seasonal) -> int:
    """Return the least odd window at which the trend does not compete with the season.

    ``n_t >= 1.5 m / (1 - 1.5 / n_s)`` (Cleveland et al. 1990, section 3.6); ``1.5 m`` for a periodic season.
    """
    share = 0.0 if seasonal == "periodic" else 1.5 / seasonal
    window = int(np.ceil(1.5 * season_length / (1.0 - share)))
    return window + 1 - window % 2


def _check(values: FloatArray, lo: IntArray, hi: IntArray, season_lengths: Sequence[int]) -> None:
    if values.ndim != 1 or lo.ndim != 1 or lo.shape != hi.shape:
        raise ArgumentError(
            f"windows need values (n,), lo (W,) and hi (W,); got {values.shape}, {lo.shape} and {hi.shape}"
        )
    lengths = tuple(season_lengths)
    if not lengths or any(a >= b for a, b in itertools.pairwise(lengths)):
        raise ArgumentError(f"season lengths must ascend, got {lengths}")
    if len(lo) == 0:
        return
    if lo.min() < 0 or hi.max() > len(values):
        raise ArgumentError(
            f"windows must lie within 0 and {len(values)}; got {lo.min()} to {hi.max()}"
        )
    if (hi - lo).min() < 2 * max(lengths):
        raise ArgumentError(
            f"a window needs two seasons, {2 * max(lengths)} values; one has {(hi - lo).min()}"
        )
