"""The Theta family, each model at its exact optimum, for every window of a ragged batch at once.

The mathematics, in the notation of Fiorucci et al. (2016), stand in
:data:`forecasting.kernels.mathematics.THETA`. Here: arrays in, arrays out.

What is learned at a window is one *record*, a row of float64 with the columns of :class:`Column`, then the
seasonal indices: index ``j`` belongs to the times ``j, j + m, ...`` counted from the start of the window.
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

MODELS = ("STM", "OTM", "DSTM", "DOTM")
"""Standard, optimised, dynamic standard and dynamic optimised; the number of a model is its place."""

DESEASONALISE = ("never", "always", "test")
SEASONS = ("none", "additive", "multiplicative")

BURN_IN = 3
"""Errors that the objective leaves out, as statsforecast does."""

ALPHA_BOUNDS = (0.1, 0.99)
"""Where the smoothing weight is searched, as in statsforecast; theta is searched in [1, 1e10]."""


class Column(enum.IntEnum):
    """Places of a record; the same as in ``cpp/theta.hpp``."""

    OUTCOME = 0
    MODEL = 1
    COUNT = 2
    ALPHA = 3
    OMEGA = 4
    FIRST_LEVEL = 5
    LEVEL = 6
    MEAN = 7
    INTERCEPT = 8
    SLOPE = 9
    SSE = 10
    SIGMA = 11
    SEASON = 12
    INDICES = 13


class Outcome(enum.IntEnum):
    """Why a window has no fit."""

    EMPTY = -1
    FITTED = 0
    TOO_SHORT = 1
    NOT_FINITE = 2


def record_size(season_length: int) -> int:
    """Return the number of columns of a record."""
    return int(Column.INDICES) + season_length


def n_parameters(model: str, free_level: bool = True) -> int:
    """Return how many numbers are estimated beside the line: the weight, first level and theta if free."""
    return 1 + free_level + (model in ("OTM", "DOTM"))


def fit(
    values: FloatArray,
    starts: IntArray,
    stops: IntArray,
    *,
    season_length: int = 1,
    models: Sequence[str] = ("DOTM",),
    deseasonalise: str = "test",
    decomposition: str = "multiplicative",
    free_level: bool = True,
) -> FloatArray:
    """Fit each window by least squares; with several models, the one with the least sum.

    Parameters
    ----------
    values : array of float, shape (n,)
        All series, one after the other, without missing values.
    starts : array of int, shape (S,)
    stops : array of int, shape (S, K)
        Window ``k`` of series ``i`` is ``values[starts[i]:stops[i, k]]``; stops ascend along K.
        ``stops <= starts`` is an empty window.
    season_length : int
        Steps in a season; 1 without.
    models : sequence of str
        Candidates, from :data:`MODELS`.
    deseasonalise : {"test", "always", "never"}
        ``"test"``: where the autocorrelation at the season is significant at 10 %, if the season has four
        steps or more. Windows shorter than two seasons are left as they are.
    decomposition : {"multiplicative", "additive"}
        Additive is taken instead where a value is not positive or an index falls below 0.01.
    free_level : bool
        Estimate the first level; else it is such that the first mean is the first value.

    Returns
    -------
    array of float, shape (S, K, record_size(season_length))
        Records. ``OUTCOME`` is 0, or says why there is no fit: fewer than four values, or values (or an
        answer) that are not finite. What is in record (i, k) has the same bits whatever the other windows
        are and however many threads work.

    Raises
    ------
    ArgumentError
        If the arrays do not fit one another, or a word is not among those listed.

    Examples
    --------
    >>> y = np.array([1.0, 3.0, 2.0, 4.0, 3.0, 5.0, 4.0, 6.0])
    >>> records = fit(y, np.array([0]), np.array([[8]]), models=["STM"])
    >>> float(records[0, 0, Column.OMEGA])
    0.5
    """
    flat = np.ascontiguousarray(values, dtype=np.float64)
    begin = np.ascontiguousarray(starts, dtype=np.int64)
    end = np.ascontiguousarray(stops, dtype=np.int64)
    check_windows(flat, begin, end)
    if season_length < 1:
        raise ArgumentError(f"season_length must be at least 1, got {season_length!r}")
    records = np.empty((*end.shape, record_size(season_length)))
    _kernels.theta_fit(
        flat,
        begin,
        end,
        season_length=season_length,
        models=sum(1 << place(name, MODELS, "model") for name in set(models)),
        deseasonalise=place(deseasonalise, DESEASONALISE, "deseasonalise"),
        decomposition=place(decomposition, SEASONS, "decomposition"),
        free_level=free_level,
        n_threads=n_threads(),
        out=records,
    )
    return records


def project(records: FloatArray, season_length: int, h: int) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of the next ``h`` steps, each (..., h)."""
    flat = np.ascontiguousarray(records.reshape(-1, records.shape[-1]))
    mean, sd = np.empty((len(flat), h)), np.empty((len(flat), h))
    _kernels.theta_project(flat, season_length, mean, sd)
    shape = (*records.shape[:-1], h)
    return mean.reshape(shape), sd.reshape(shape)


def advance(
    records: FloatArray, season_length: int, values: FloatArray, lo: IntArray, hi: IntArray
) -> FloatArray:
    """Return records whose states have moved over ``values[lo:hi]``; parameters and seasons are kept."""
    moved = np.ascontiguousarray(records.reshape(-1, records.shape[-1])).copy()
    _kernels.theta_advance(
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

    It looks at all that is indexed or counted by. Level, line, indices and weights may be any
    numbers: they go into sums and products only.
    """
    if records.dtype != np.float64 or records.shape[-1] != record_size(season_length):
        return False
    count = records[..., Column.COUNT]
    known = (
        (records[..., Column.OUTCOME] == Outcome.FITTED)
        & np.isin(records[..., Column.MODEL], [MODELS.index(name) for name in models])
        & np.isin(records[..., Column.SEASON], range(len(SEASONS)))
    )
    return bool((known & (count > 0) & (count <= lengths) & (count % 1 == 0)).all())


def smooth(
    y: FloatArray, model: str, *, alpha: float, theta: float, first_level: float
) -> tuple[FloatArray, FloatArray]:
    """Return the one-step means of a filter with given parameters, and the record after the last value.

    Nothing is estimated but the line of the static models. ``y`` has four values or more and no season.
    """
    series = np.ascontiguousarray(y, dtype=np.float64)
    if len(series) <= BURN_IN:
        raise ArgumentError(f"y needs {BURN_IN + 1} values, got {len(series)}")
    means, record = np.empty(len(series)), np.ones(record_size(1))
    _kernels.theta_filter(
        series, place(model, MODELS, "model"), alpha, 1.0 - 1.0 / theta, first_level, means, record
    )
    return means, record


def thetas(records: AnyArray) -> AnyArray:
    """Return theta = 1 / (1 - omega) of records."""
    found: AnyArray = 1.0 / (1.0 - records[..., Column.OMEGA])
    return found


def place(word: str, words: Sequence[str], name: str) -> int:
    """Return the place of a word in its list, or raise :class:`ArgumentError`."""
    if word not in words:
        raise ArgumentError(f"{name} must be one of {', '.join(map(repr, words))}; got {word!r}")
    return list(words).index(word)
