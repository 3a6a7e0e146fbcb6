"""Exponential smoothing by maximum likelihood, for every window of a ragged batch at once.

The mathematics, in the notation of Hyndman, Koehler, Ord and Snyder (2008), stand in
:data:`forecasting.kernels.mathematics.ETS`. Here: arrays in, arrays out.

A model is named by error (A, M), trend (N, A, Ad) and season (N, A, M): ``"MAdM"``. What is learned at a
window is one *record*, a row of float64 with the columns of :class:`Column`, then ``l_0, b_0, s_0 ..
s_{m-1}`` and ``l_n, b_n`` and the seasonal states after the last value, the one that is used next first.
``s_j`` is the state that is first used at time ``j`` (counted from 0).
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

import numpy as np

from forecasting._typing import AnyArray, FloatArray, IntArray
from forecasting.errors import ArgumentError
from forecasting.kernels import _kernels
from forecasting.kernels.threads import n_threads
from forecasting.kernels.windows import check_windows

ERRORS, TRENDS, SEASONS = ("A", "M"), ("N", "A", "Ad"), ("N", "A", "M")

MODELS: tuple[str, ...] = tuple(e + t + s for e in ERRORS for t in TRENDS for s in SEASONS)
"""All 18 models; the number of a model is its place."""

UNSTABLE = ("ANM", "AAM", "AAdM")
"""An additive error around a multiplicative season: dividing it by a season near zero explodes
(Hyndman et al. 2008, section 2.5)."""

STABLE: tuple[str, ...] = tuple(name for name in MODELS if name not in UNSTABLE)
"""The 15 that selection considers."""

CRITERIA = ("aicc", "aic", "bic")

LOWER = (1e-4, 1e-4, 1e-4, 0.8)
"""Least alpha, beta, gamma, phi; those of R's ``forecast::ets``."""

UPPER = (0.9999, 0.9999, 0.9999, 0.98)
"""Largest alpha, beta, gamma, phi."""

ANCHOR_RATIO = 1.5
TOLERANCE = 1e-5
MARGIN = 8.0


class Column(enum.IntEnum):
    """Places of a record; the same as in ``cpp/ets_fit.hpp``."""

    OUTCOME = 0
    MODEL = 1
    COUNT = 2
    OBJECTIVE = 3
    RMS = 4
    RATIO_RMS = 5
    RANGE = 6
    ALPHA = 7
    BETA = 8
    GAMMA = 9
    PHI = 10
    STATES = 11


class Outcome(enum.IntEnum):
    """Why a window has no fit."""

    EMPTY = -1
    FITTED = 0
    TOO_SHORT = 1
    NOT_POSITIVE = 2
    NO_PATH = 3


def record_size(season_length: int) -> int:
    """Return the number of columns of a record."""
    return int(Column.STATES) + 2 * (2 + season_length)


def n_parameters(model: str, season_length: int) -> int:
    """Return how many numbers are estimated: smoothing parameters and free first states."""
    trend, season = model[1:-1], model[-1]
    smoothing = 1 + (trend != "N") + (trend == "Ad") + (season != "N")
    return smoothing + 1 + (trend != "N") + (season_length - 1 if season != "N" else 0)


def n_needed(model: str, season_length: int) -> int:
    """Return how many values a model needs: AICc is finite, and one more."""
    return n_parameters(model, season_length) + 3


def fit(
    values: FloatArray,
    starts: IntArray,
    stops: IntArray,
    *,
    season_length: int,
    models: Sequence[str],
    lower: Sequence[float] = LOWER,
    upper: Sequence[float] = UPPER,
    tied: bool = True,
    criterion: str = "aicc",
    anchor_ratio: float = ANCHOR_RATIO,
    tolerance: float = TOLERANCE,
    margin: float = MARGIN,
) -> FloatArray:
    """Fit each window by maximum likelihood; with several models, the one with the least criterion.

    Parameters
    ----------
    values : array of float, shape (n,)
        All series, one after the other. NaN is a missing value: it is skipped, and the states follow their
        trend.
    starts : array of int, shape (S,)
    stops : array of int, shape (S, K)
        Window ``k`` of series ``i`` is ``values[starts[i]:stops[i, k]]``; stops ascend along K.
        ``stops <= starts`` is an empty window.
    season_length : int
    models : sequence of str
        Candidates, from :data:`MODELS`.
    lower, upper : four floats
        Bounds of alpha, beta, gamma, phi.
    tied : bool
        Keep beta <= alpha and gamma <= 1 - alpha besides.
    criterion : {"aicc", "aic", "bic"}
    anchor_ratio : float
        A window is at most this many times longer than the prefix at which its search begins; 1 searches
        anew in every window. See :data:`forecasting.kernels.mathematics.ETS`, "Anchors".
    tolerance : float
        An optimum is left when less than this is expected to be gained in -2 log L.
    margin : float
        A model whose criterion is expected to be worse than the best by more is not polished.

    Returns
    -------
    array of float, shape (S, K, record_size(season_length))
        Records. What is in record (i, k) has the same bits whatever the other windows are and however many
        threads work.

    Raises
    ------
    ArgumentError
        If the arrays do not fit one another.
    """
    flat = np.ascontiguousarray(values, dtype=np.float64)
    begin = np.ascontiguousarray(starts, dtype=np.int64)
    end = np.ascontiguousarray(stops, dtype=np.int64)
    check_windows(flat, begin, end)
    records = np.empty((*end.shape, record_size(season_length)))
    _kernels.ets_fit(
        flat,
        begin,
        end,
        season_length=season_length,
        models=sum(1 << _number(name) for name in models),
        lower=np.array(lower, dtype=np.float64),
        upper=np.array(upper, dtype=np.float64),
        tied=tied,
        criterion=CRITERIA.index(criterion),
        anchor_ratio=anchor_ratio,
        tolerance=tolerance,
        margin=margin,
        every=False,
        n_threads=n_threads(),
        out=records,
    )
    return records


def project(records: FloatArray, season_length: int, h: int) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of the next ``h`` steps, each (..., h).

    The mean is the path without errors. The standard deviation is NaN for a multiplicative season, where it
    has no closed form. ``sigma^2`` is the sum of squared errors over n less the number of estimated
    parameters (smoothing and first states), as in R.
    """
    flat = np.ascontiguousarray(records.reshape(-1, records.shape[-1]))
    mean, sd = np.empty((len(flat), h)), np.empty((len(flat), h))
    _kernels.ets_project(flat, season_length, mean, sd)
    shape = (*records.shape[:-1], h)
    return mean.reshape(shape), sd.reshape(shape)


def advance(
    records: FloatArray, season_length: int, values: FloatArray, lo: IntArray, hi: IntArray
) -> FloatArray:
    """Return records whose last states have moved over ``values[lo:hi]``, parameters kept."""
    moved = np.ascontiguousarray(records.reshape(-1, records.shape[-1])).copy()
    _kernels.ets_advance(
        moved,
        season_length,
        np.ascontiguousarray(values, dtype=np.float64),
        np.ascontiguousarray(lo, dtype=np.int64).ravel(),
        np.ascontiguousarray(hi, dtype=np.int64).ravel(),
    )
    return moved.reshape(records.shape)


def are_sound(
    records: AnyArray, lengths: IntArray, season_length: int, models: Sequence[str]
) -> bool:
    """Return whether :func:`fit` could have left these records of windows of ``lengths`` rows.

    It looks at all that is indexed or counted by. Level, trend, season and weights may be any
    numbers: they go into sums and products only.
    """
    if records.dtype != np.float64 or records.shape[-1] != record_size(season_length):
        return False
    number, count = records[..., Column.MODEL], records[..., Column.COUNT]
    if not np.isin(number, [_number(name) for name in models]).all():
        return False
    sizes = np.array([n_parameters(name, season_length) for name in MODELS])
    fitted = records[..., Column.OUTCOME] == Outcome.FITTED
    enough = (count > sizes[number.astype(np.int64)]) & (count <= lengths) & (count % 1 == 0)
    return bool((fitted & enough).all())


def evaluate(
    y: FloatArray, model: str, season_length: int, z: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    """Return -2 log L (without constants) at ``z``, its gradient and its Gauss-Newton matrix.

    Parameters
    ----------
    y : array of float, shape (n,)
    z : array of float, shape (n_parameters,)
        ``alpha (beta) (gamma) (phi) l_0 (b_0) s_0 .. s_{m-2}``, without what the model does not have.

    Returns
    -------
    objective : float
        Infinite where a mean, level or season that must be positive is not.
    gradient : array, shape (p,)
    matrix : array, shape (p, p)
    """
    size = n_parameters(model, season_length)
    point = np.ascontiguousarray(z, dtype=np.float64)
    if point.shape != (size,):
        raise ArgumentError(f"{model} has {size} parameters, got an array of shape {point.shape}")
    gradient, matrix = np.empty(size), np.empty((size, size))
    series = np.ascontiguousarray(y, dtype=np.float64)
    objective = _kernels.ets_evaluate(
        series, _number(model), season_length, point, gradient, matrix
    )
    return objective, gradient, matrix


def smooth(
    y: FloatArray,
    model: str,
    season_length: int,
    *,
    alpha: float,
    beta: float = 0.0,
    gamma: float = 0.0,
    phi: float = 1.0,
    state: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return the one-step means of a filter with given parameters, and the states after the last value.

    ``state`` is ``l_0, b_0, s_0 .. s_{m-1}``; in the answer season ``s_j`` still lies at ``j``, the remainder
    of the times at which it is used.
    """
    after = np.array(state, dtype=np.float64)
    series = np.ascontiguousarray(y, dtype=np.float64)
    means = np.empty(len(series))
    number = _number(model)
    if not _kernels.ets_smooth(
        series, number, season_length, alpha, beta, gamma, phi, after, means
    ):
        means[:] = np.nan
    return means, after


def first_states(records: AnyArray, season_length: int) -> AnyArray:
    """Return ``l_0, b_0, s_0 .. s_{m-1}`` of records, shape (..., 2 + m)."""
    return records[..., Column.STATES : Column.STATES + 2 + season_length]


def last_states(records: AnyArray, season_length: int) -> AnyArray:
    """Return ``l_n, b_n`` and the seasonal states, the next one first, shape (..., 2 + m)."""
    return records[..., Column.STATES + 2 + season_length :]


def _number(model: str) -> int:
    if model not in MODELS:
        raise ArgumentError(f"there is no model {model!r}; there are {', '.join(MODELS)}")
    return MODELS.index(model)
