"""Several exponential smoothing models of one window, weighted by an information criterion.

:func:`fit` answers, for each window, one *short record* a candidate: the columns of
:class:`forecasting.kernels.ets.Column`, then ``l_n, b_n`` and the seasonal states after the last value, the
next one first (a record of :mod:`forecasting.kernels.ets` without the first states). Candidates lie in the
order of ``kernels.ets.MODELS``; one that is not within the margin has the outcome EMPTY.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecasting._typing import AnyArray, BoolArray, FloatArray, IntArray
from forecasting.kernels import _kernels
from forecasting.kernels.ets import (
    ANCHOR_RATIO,
    CRITERIA,
    MODELS,
    TOLERANCE,
    Column,
    Outcome,
    n_needed,
)
from forecasting.kernels.threads import n_threads
from forecasting.kernels.windows import check_windows


def short_size(season_length: int) -> int:
    """Return the number of columns of a short record."""
    return int(Column.STATES) + 2 + season_length


def in_order(models: Sequence[str]) -> tuple[str, ...]:
    """Return candidates in the order in which they are answered."""
    return tuple(name for name in MODELS if name in models)


def fit(
    values: FloatArray,
    starts: IntArray,
    stops: IntArray,
    *,
    season_length: int,
    models: Sequence[str],
    lower: Sequence[float],
    upper: Sequence[float],
    margin: float,
    tolerance: float = TOLERANCE,
) -> FloatArray:
    """Fit every candidate at each window whose AICc is within ``margin`` of the best.

    Each goes down from its own optima at the anchor as :func:`forecasting.kernels.ets.fit` does with that
    model alone, and ends where that ends; candidates that are not likely to come within the margin are given
    up on the way. So is one whose path from the anchor's optimum ceases to be positive, which it needs: alone,
    it would be searched anew (1 in 200 fits of short monthly series). A window searches for itself where
    the best candidate's anchor says nothing.

    Parameters
    ----------
    values, starts, stops, season_length, models, lower, upper, tolerance
        As for :func:`forecasting.kernels.ets.fit`.
    margin : float
        Largest AICc of a candidate less the least one.

    Returns
    -------
    array of float, shape (S, K, n_models, short_size(season_length))
        What is in (i, k) has the same bits whatever the other windows are and however many threads work.
    """
    flat = np.ascontiguousarray(values, dtype=np.float64)
    begin = np.ascontiguousarray(starts, dtype=np.int64)
    end = np.ascontiguousarray(stops, dtype=np.int64)
    check_windows(flat, begin, end)
    size = short_size(season_length)
    records = np.empty((*end.shape, len(models) * size))
    _kernels.ets_fit(
        flat,
        begin,
        end,
        season_length=season_length,
        models=sum(1 << MODELS.index(name) for name in models),
        lower=np.array(lower, dtype=np.float64),
        upper=np.array(upper, dtype=np.float64),
        tied=True,
        criterion=CRITERIA.index("aicc"),
        anchor_ratio=ANCHOR_RATIO,
        tolerance=tolerance,
        margin=margin,
        every=True,
        n_threads=n_threads(),
        out=records,
    )
    return records.reshape((*end.shape, len(models), size))


def outcomes(records: FloatArray) -> IntArray:
    """Return what came of each window, shape (S, K): FITTED if any candidate was, else why none was."""
    found = records[..., Column.OUTCOME]
    none: FloatArray = found.max(axis=-1)
    fitted = (found == Outcome.FITTED).any(axis=-1)
    return np.where(fitted, float(Outcome.FITTED), none).astype(np.int64)


def weights(records: FloatArray, season_length: int, temperature: float) -> FloatArray:
    """Return ``exp(-(AICc - min AICc) / temperature)`` divided by their sum, shape (..., n_models).

    0 where a candidate was not fitted.
    """
    found: FloatArray = np.empty(records.shape[:-1])
    _kernels.ets_weigh(
        _flat(records),
        season_length,
        CRITERIA.index("aicc"),
        temperature,
        found.reshape(-1, found.shape[-1]),
    )
    return found


def mix(
    records: FloatArray, season_length: int, shares: FloatArray, h: int
) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of the mixture at the next ``h`` steps, each (..., h).

    With ``mu_j`` and ``v_j`` of candidate j, ``mean = sum w_j mu_j`` and ``sd^2 = sum w_j (v_j + (mu_j -
    mean)^2)``. ``v_j`` is as in :func:`forecasting.kernels.ets.project`; around a multiplicative season it is
    that of class 3 of Hyndman et al. (2008, section 6.4), with ``q_h`` the mean without season and ``s`` the
    season: ``v_h = s^2 (theta_h (1 + sigma^2) (1 + gamma^2 sigma^2)^k - q_h^2)``, ``k = floor((h - 1) / m)``,
    exact for ``h <= m`` and close beyond.
    """
    rows = np.ascontiguousarray(shares).reshape(-1, shares.shape[-1])
    mean, sd = np.empty((len(rows), h)), np.empty((len(rows), h))
    _kernels.ets_mix(_flat(records), season_length, rows, mean, sd)
    shape = (*shares.shape[:-1], h)
    return mean.reshape(shape), sd.reshape(shape)


def advance(
    records: FloatArray, season_length: int, values: FloatArray, lo: IntArray, hi: IntArray
) -> FloatArray:
    """Return records whose states have moved over ``values[lo:hi]``, one stretch a window.

    A candidate whose path leaves the positive numbers, which it needs, drops out with the outcome NO_PATH.
    """
    n_models = records.shape[-2]
    moved = _flat(records).copy()
    _kernels.ets_advance(
        moved,
        season_length,
        np.ascontiguousarray(values, dtype=np.float64),
        np.repeat(np.asarray(lo, dtype=np.int64).ravel(), n_models),
        np.repeat(np.asarray(hi, dtype=np.int64).ravel(), n_models),
    )
    return moved.reshape(records.shape)


def fitted(records: AnyArray) -> BoolArray:
    """Return which candidates were fitted, shape (..., n_models)."""
    found: BoolArray = records[..., Column.OUTCOME] == Outcome.FITTED
    return found


def are_sound(
    records: AnyArray, lengths: IntArray, season_length: int, models: Sequence[str]
) -> bool:
    """Return whether :func:`fit` could have left these records of windows of ``lengths`` rows."""
    shape = (*lengths.shape, len(models), short_size(season_length))
    if records.dtype != np.float64 or records.shape != shape:
        return False
    known = fitted(records)
    if not known.any(axis=-1).all():
        return False
    number = np.array([MODELS.index(name) for name in models])
    least = np.array([n_needed(name, season_length) for name in models])
    count, objective = records[..., Column.COUNT], records[..., Column.OBJECTIVE]
    possible = (
        (records[..., Column.MODEL] == number)
        & (count >= least)
        & (count <= lengths[..., None])
        & (count % 1 == 0)
        & np.isfinite(objective)
    )
    return bool(possible[known].all())


def _flat(records: FloatArray) -> FloatArray:
    return np.ascontiguousarray(records.reshape(-1, records.shape[-1]))
