"""Did intervals hold what they promise? Past forecasts whose truth is known, and a warning where they did not.

A window (one series at one cutoff) is one draw, because its steps move together. Intervals of level ``L`` are
called too narrow where the share of values inside is five points or more below ``L`` and so few would be
rarer than one in a thousand if the level held: the binomial tail, windows that overlap counted by the part
that does not. Series that share a shock are not independent draws; three cutoffs at least are looked at.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from forecasting._typing import FloatArray
from forecasting.errors import plural
from forecasting.windows import Windows, training_rows

#: Points below the level that are worth a word, and how rare they must be.
SHORT_BY, RARE = 5.0, 0.001
#: Past forecasts that are tried, fewer of a forecaster that is dear, and of how many series at least.
TRIALS, FEW_TRIALS, LEAST_SERIES = 900, 75, 10
LEAST_CUTOFFS, MOST_CUTOFFS = 3, 10


def trial_windows(windows: Windows, trials: int = TRIALS) -> Windows | None:
    """Return past windows whose ``h`` values were all seen: one, two, ... horizons before the end.

    Of a large panel, series at even distances; none where there are fewer than ten series. A window that
    has less than half of the history does not take part.
    """
    candidates = np.flatnonzero(windows.active.any(axis=1))
    if len(candidates) < LEAST_SERIES:
        return None
    chosen = candidates[:: -(-len(candidates) // (trials // LEAST_CUTOFFS))]
    some = windows.take(chosen)
    k = int(np.clip(trials // len(chosen), LEAST_CUTOFFS, MOST_CUTOFFS))
    cutoffs = some.cutoffs[:, -1:] - windows.h * np.arange(k, 0, -1)
    lo, hi = training_rows(some.panel, cutoffs, windows.window)
    return dataclasses.replace(
        some,
        cutoffs=cutoffs,
        lo=lo,
        hi=hi,
        active=hi - lo >= np.maximum(some.lengths[:, -1:] / 2, 1),
        fit_at=np.arange(k, dtype=np.int64),
    )


def truth_of(windows: Windows) -> FloatArray:
    """Return the ``h`` values after each trial window, shape (S, K, h); NaN where it is not active."""
    rows = windows.hi[..., None] + np.arange(windows.h)
    values = windows.panel.values[np.minimum(rows, len(windows.panel.values) - 1)]
    return np.where(windows.active[..., None], values, np.nan)


def inside(truth: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Return the share of the steps of each window whose value fell inside, NaN where nothing is known.

    Parameters
    ----------
    truth, low, high : array of float, shape (windows, h)

    Returns
    -------
    array of float, shape (windows,)
    """
    known = np.isfinite(truth) & np.isfinite(low) & np.isfinite(high)
    count = known.sum(axis=1)
    hits = (known & (low <= truth) & (truth <= high)).sum(axis=1)
    share: FloatArray = np.where(count > 0, hits / np.maximum(count, 1), np.nan)
    return share


def too_narrow(share: FloatArray, level: float, apart: float = 1.0) -> bool:
    """Return whether shares inside, one a window, are too few for a level in percent.

    ``apart`` is the part of a horizon between windows of a series, at most 1.
    """
    from scipy.special import bdtr

    share = share[~np.isnan(share)]
    if len(share) == 0:
        return False
    covered, draws = float(share.mean()), max(int(len(share) * apart), 1)
    rare = bool(bdtr(np.floor(covered * draws), draws, level / 100) < RARE)
    return rare and 100 * covered <= level - SHORT_BY


def shortfall(
    shares: Mapping[float, FloatArray], name: str | None, n_series: int, apart: float = 1.0
) -> str | None:
    """Return what to tell of the levels whose intervals were too narrow, None if there is none.

    Parameters
    ----------
    shares : dict of level to array, shape (windows,)
    name : str, or None
        The forecaster, as it is typed; None if its intervals come from past errors already.
    n_series : int
    """
    short = {level: s for level, s in shares.items() if too_narrow(s, level, apart)}
    if not short:
        return None
    levels = " and ".join(f"{level:g} %" for level in short)
    held = " and ".join(f"{100 * np.nanmean(s):.1f} %" for s in short.values())
    n = max(int(np.count_nonzero(~np.isnan(s))) for s in short.values())
    past = f"{plural(n, 'past forecast')} of {plural(n_series, 'series', 'series')}"
    advice = (
        "they come from past errors, which were smaller: look for a break, or give a longer history"
        if name is None
        else f"for intervals from past errors type Calibrated({name})"
    )
    return f"prediction intervals of {levels} held {held} of the values of {past}: too narrow; {advice}"
