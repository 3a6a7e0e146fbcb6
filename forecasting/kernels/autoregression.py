"""Autoregression by ridge on (seasonal) differences, for every window of a ragged batch at once.

The formulas stand in :class:`forecasting.models.autoregression.AutoRegressiveRidge`. Here: arrays in, arrays
out. What is learned at a window is one *record*, a row of float64: the columns of :class:`Column`, a
coefficient per lag, one per regressor, the last values of ``z``, and the regressors of the last season.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from forecasting._typing import AnyArray, FloatArray, IntArray
from forecasting.errors import ArgumentError
from forecasting.kernels import _kernels
from forecasting.kernels.threads import n_threads
from forecasting.kernels.windows import check_windows

LEAST_ROWS = 4
"""Rows that the regression needs."""


class Logs(enum.IntEnum):
    """Whether ``z`` is the logarithm of the values."""

    NEVER = 0
    ALWAYS = 1
    WHERE_POSITIVE = 2


class Column(enum.IntEnum):
    """Places of a record; the same as in ``cpp/autoregression.hpp``."""

    OUTCOME = 0
    LOGS = 1
    COUNT = 2
    SCALE = 3
    PENALTY = 4
    SIGMA = 5
    LOWEST = 6
    HIGHEST = 7
    INTERCEPT = 8
    COEFFICIENTS = 9


class Outcome(enum.IntEnum):
    """Why a window has no fit."""

    EMPTY = -1
    FITTED = 0
    TOO_SHORT = 1
    NOT_FINITE = 2
    NOT_POSITIVE = 3
    BAD_REGRESSOR = 4


@dataclass(frozen=True)
class Shape:
    """The regression: its differences, lags and regressors.

    Parameters
    ----------
    season_length : int
        ``m``; the differences are ``z_t - z_{t-m}``.
    n_lags : int
        Lags ``1 .. n_lags``, ``m`` and ``m + 1``.
    n_regressors : int
    """

    season_length: int
    n_lags: int
    n_regressors: int = 0

    def __post_init__(self) -> None:
        if self.season_length < 1 or self.n_lags < 1 or self.n_regressors < 0:
            raise ArgumentError(
                f"a season has a step and a regression a lag at least; got {self!r}"
            )

    @property
    def lags(self) -> tuple[int, ...]:
        """The lags, ascending."""
        ends = {self.season_length, self.season_length + 1}
        return tuple(sorted({*range(1, self.n_lags + 1), *ends}))

    @property
    def n_needed(self) -> int:
        """Values that make the least rows."""
        return self.season_length + self.lags[-1] + LEAST_ROWS

    @property
    def regression(self) -> slice:
        """Places of the regressors' coefficients."""
        first = int(Column.COEFFICIENTS) + len(self.lags)
        return slice(first, first + self.n_regressors)

    @property
    def record_size(self) -> int:
        """Columns of a record."""
        m = self.season_length
        before = int(Column.COEFFICIENTS) + len(self.lags) + self.n_regressors
        return before + m + self.lags[-1] + m * self.n_regressors


def fit(
    values: FloatArray,
    starts: IntArray,
    stops: IntArray,
    shape: Shape,
    *,
    logs: Logs = Logs.WHERE_POSITIVE,
    regressors: FloatArray | None = None,
) -> FloatArray:
    """Fit each window ``values[starts[i]:stops[i, k]]``.

    Parameters
    ----------
    values : array of float, shape (n,)
        All series, one after the other, without missing values.
    starts : array of int, shape (S,)
    stops : array of int, shape (S, K)
        Ascending along K; ``stops <= starts`` is an empty window.
    shape : Shape
    logs : Logs
    regressors : array of float, shape (n, shape.n_regressors), optional
        Of the same rows as the values.

    Returns
    -------
    array of float, shape (S, K, shape.record_size)
        ``OUTCOME`` is 0, or says why there is no fit. What is in record (i, k) has the same bits whatever the
        other windows are and however many threads work.

    Raises
    ------
    ArgumentError
        If the arrays do not fit one another.

    Examples
    --------
    >>> y = 2.0 ** np.array([0.0, 1.0, 3.0, 4.0, 6.0, 7.0, 9.0, 10.0, 12.0])
    >>> records = fit(y, np.array([0]), np.array([[9]]), Shape(1, 1))
    >>> np.log2(project(records[0], Shape(1, 1), 2)).round()
    array([[13., 15.]])
    """
    flat = np.ascontiguousarray(values, dtype=np.float64)
    begin = np.ascontiguousarray(starts, dtype=np.int64)
    end = np.ascontiguousarray(stops, dtype=np.int64)
    check_windows(flat, begin, end)
    records = np.empty((*end.shape, shape.record_size))
    _kernels.autoregression_fit(
        flat,
        _columns(regressors, len(flat), shape),
        begin,
        end,
        season_length=shape.season_length,
        n_lags=shape.n_lags,
        logs=int(logs),
        n_threads=n_threads(),
        out=records,
    )
    return records


def project(
    records: FloatArray, shape: Shape, h: int, ahead: FloatArray | None = None
) -> FloatArray:
    """Return the forecasts of ``h`` steps, (..., h); ``ahead`` are their regressors, (..., h, q)."""
    flat = _flat(records, shape)
    q = shape.n_regressors
    x = np.empty((len(flat), h, 0)) if ahead is None else ahead.reshape(len(flat), h, -1)
    if x.shape[-1] != q:
        raise ArgumentError(f"the fit had {q} regressors, the steps ahead have {x.shape[-1]}")
    mean = np.empty((len(flat), h))
    _kernels.autoregression_project(
        flat,
        shape.season_length,
        shape.n_lags,
        np.ascontiguousarray(x, dtype=np.float64),
        mean,
    )
    return mean.reshape(*records.shape[:-1], h)


def advance(
    records: FloatArray,
    shape: Shape,
    values: FloatArray,
    lo: IntArray,
    hi: IntArray,
    regressors: FloatArray | None = None,
) -> FloatArray:
    """Return records that have seen ``values[lo:hi]`` too; the coefficients are kept."""
    moved = _flat(records, shape).copy()
    flat = np.ascontiguousarray(values, dtype=np.float64)
    first = np.ascontiguousarray(lo, dtype=np.int64).ravel()
    last = np.ascontiguousarray(hi, dtype=np.int64).ravel()
    check_windows(flat, first, last[:, None])
    if len(first) != len(moved):
        raise ArgumentError(f"{len(moved)} records move over {len(first)} windows")
    _kernels.autoregression_advance(
        moved,
        shape.season_length,
        shape.n_lags,
        flat,
        _columns(regressors, len(flat), shape),
        first,
        last,
    )
    return moved.reshape(records.shape)


def are_sound(records: AnyArray, lengths: IntArray, shape: Shape) -> bool:
    """Return whether :func:`fit` could have left these records of windows of ``lengths`` rows.

    Nothing in a record is an index; the numbers go into sums and products only.
    """
    if records.dtype != np.float64 or records.shape[-1] != shape.record_size:
        return False
    count = records[..., Column.COUNT]
    known = (records[..., Column.OUTCOME] == Outcome.FITTED) & np.isin(
        records[..., Column.LOGS], (0, 1)
    )
    return bool((known & (count > 0) & (count <= lengths) & (count % 1 == 0)).all())


def _flat(records: FloatArray, shape: Shape) -> FloatArray:
    if records.shape[-1] != shape.record_size:
        raise ArgumentError(
            f"records of {shape!r} have {shape.record_size} columns, got {records.shape[-1]}"
        )
    return np.ascontiguousarray(records.reshape(-1, records.shape[-1]), dtype=np.float64)


def _columns(regressors: FloatArray | None, n: int, shape: Shape) -> FloatArray:
    """Return the regressors of n rows, (n, q)."""
    x = np.empty((n, 0)) if regressors is None else regressors
    if x.shape != (n, shape.n_regressors):
        raise ArgumentError(f"regressors must have shape {(n, shape.n_regressors)}, got {x.shape}")
    return np.ascontiguousarray(x, dtype=np.float64)
