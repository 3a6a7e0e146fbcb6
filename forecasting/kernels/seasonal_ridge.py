"""Whitened seasonal ridge regression for every window of a ragged batch at once.

The mathematics stand in :data:`forecasting.kernels.mathematics.SEASONAL_RIDGE`. Here: arrays in, arrays out.

What is learned at a window is one *record*, a row of float64 with the columns of :class:`Column`, then the
coefficients of the seasonal columns (the first is the constant), of the days of the calendar and of the
regressors, then the shift and the scale of each regressor.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from forecasting._typing import AnyArray, FloatArray, IntArray
from forecasting.errors import ArgumentError
from forecasting.kernels import _kernels
from forecasting.kernels.threads import n_threads
from forecasting.kernels.windows import check_windows

ALPHAS = (0.01, 0.03, 0.07, 0.15, 0.3, 0.5, 0.75)
"""Weights of the smoothings that whiten, each with the three penalties of :data:`LAMBDAS`."""
LAMBDAS = (0.3, 3.0, 30.0)

DENSE = 24
"""A season of at most so many steps has an effect for each of them."""
FREE_PAIRS = 30
"""Pairs of a longer season that repeats a shorter one."""

LOGS = ("never", "always", "positive")


class Column(enum.IntEnum):
    """Places of a record; the same as in ``cpp/seasonal_ridge.hpp``."""

    OUTCOME = 0
    COUNT = 1
    LENGTH = 2
    LOGGED = 3
    SHIFT = 4
    LOW = 5
    HIGH = 6
    SIGMA = 7
    STRENGTH = 8
    JUDGED = 9
    PENALTY = 10
    WEIGHTS = 11
    LEVELS = 18
    RESTS = 25
    PHIS = 32
    COEFFICIENTS = 39


class Outcome(enum.IntEnum):
    """Why a window has no fit."""

    EMPTY = -1
    FITTED = 0
    TOO_SHORT = 1
    NOT_POSITIVE = 2
    NOT_FINITE = 3


@dataclass(frozen=True, eq=False)
class Seasons:
    """Seasonal columns, cosines and sines of ``2 pi k t / P``, and how each is penalised; shapes (c,).

    Attributes
    ----------
    period : array of float
        ``P``; 0 for the constant, which comes first.
    harmonic : array of int
        ``k``.
    is_sine : array of int
    penalty : array of float
    needed : array of float
        Rows that a window must have for the column.
    grows : array of float
        ``P`` where less than two seasons make the penalty larger, else 0.
    """

    period: FloatArray
    harmonic: IntArray
    is_sine: IntArray
    penalty: FloatArray
    needed: FloatArray
    grows: FloatArray


def seasons_of(periods: Sequence[float]) -> Seasons:
    """Return the columns of seasons, from the shortest to the longest.

    A whole period ``P <= 24`` has an effect for each step, all with the same penalty 1: written in cosines and
    sines, each pair has penalty ``P / 2``. A longer whole multiple of a period before has them too, up to
    :data:`FREE_PAIRS` pairs, from three seasons on. Any other has smooth pairs with penalty
    ``(0.2 + 0.05 k^2) (1 + 6 max(0, 2 - n / P))`` from 1.2 seasons on: 8 of a period above 100, else 10, and 16
    from four seasons on. A frequency that a shorter period has is not repeated.
    """
    rows: list[tuple[float, int, int, float, float, float]] = [(0.0, 0, 0, 0.0, 0.0, 0.0)]
    known: list[float] = []
    earlier: list[float] = []
    for period in sorted(periods):
        whole = float(period).is_integer()
        repeats = whole and any((period / p).is_integer() for p in earlier)
        dense = whole and (period <= DENSE or repeats)
        most = math.floor(period / 2) if dense else math.ceil(period / 2) - 1
        limit = (most if period <= DENSE else FREE_PAIRS) if dense else (8 if period > 100 else 16)
        for k in range(1, min(most, limit) + 1):
            if any(abs(k / period - f) < 1e-9 for f in known):
                continue
            known.append(k / period)
            if dense:
                needed = 0.0 if period <= DENSE else 3.0 * period
                penalty, grows = period / 2.0, 0.0
            else:
                needed = (4.0 if period <= 100 and k > 10 else 1.2) * period
                penalty, grows = 0.2 + 0.05 * k * k, float(period)
            if 2 * k == period:
                rows.append((float(period), k, 0, 2.0 * penalty, needed, grows))
            else:
                rows.extend((float(period), k, s, penalty, needed, grows) for s in (0, 1))
        earlier.append(float(period))
    table = np.array(rows, dtype=np.float64)
    whole_numbers = table[:, 1:3].astype(np.int64)
    return Seasons(
        np.ascontiguousarray(table[:, 0]),
        np.ascontiguousarray(whole_numbers[:, 0]),
        np.ascontiguousarray(whole_numbers[:, 1]),
        np.ascontiguousarray(table[:, 3]),
        np.ascontiguousarray(table[:, 4]),
        np.ascontiguousarray(table[:, 5]),
    )


def _no_days() -> FloatArray:
    return np.empty((0, 0))


@dataclass(frozen=True, eq=False)
class Design:
    """The columns of a regression.

    Attributes
    ----------
    seasons : Seasons
    days : array of float, shape (D, n_days)
        Columns of the calendar, one row a step from ordinal ``first_day`` on; each has penalty 1.
    first_day : int
    """

    seasons: Seasons
    days: FloatArray = field(default_factory=_no_days)
    first_day: int = 0

    @property
    def n_fixed(self) -> int:
        """Columns that are no regressors."""
        return len(self.seasons.period) + int(self.days.shape[1])

    def handed(self) -> dict[str, AnyArray]:
        """Return the arrays that the kernel takes."""
        n = self.days.shape[1]
        s, zeros = self.seasons, np.zeros(n)
        return {
            "period": s.period,
            "harmonic": s.harmonic,
            "is_sine": s.is_sine,
            "penalty": np.concatenate([s.penalty, np.ones(n)]),
            "needed": np.concatenate([s.needed, zeros]),
            "grows": np.concatenate([s.grows, zeros]),
            "days": np.ascontiguousarray(self.days, dtype=np.float64),
        }

    def check_days(self, first: IntArray, lengths: IntArray) -> None:
        """Raise :class:`ArgumentError` unless the calendar holds ``lengths`` rows from each ``first`` on."""
        if self.days.shape[1] == 0 or first.size == 0:
            return
        begin, end = int(first.min()), int((first + lengths).max())
        if begin < self.first_day or end > self.first_day + len(self.days):
            raise ArgumentError(
                f"the calendar holds ordinals {self.first_day} to {self.first_day + len(self.days) - 1}, "
                f"the rows are {begin} to {end - 1}; make it longer"
            )


def record_size(n_fixed: int, n_regressors: int) -> int:
    """Return the number of columns of a record."""
    return int(Column.COEFFICIENTS) + n_fixed + 3 * n_regressors


def fit(
    values: FloatArray,
    starts: IntArray,
    stops: IntArray,
    design: Design,
    *,
    first: IntArray,
    X: FloatArray,
    logs: str,
    horizon: int,
    origins: int,
    least: int,
) -> FloatArray:
    """Fit each window.

    Parameters
    ----------
    values : array of float, shape (n,)
        All series, one after the other; NaN is skipped.
    starts : array of int, shape (S,)
    stops : array of int, shape (S, K)
        Window ``k`` of series ``i`` is ``values[starts[i]:stops[i, k]]``; stops ascend along K.
        ``stops <= starts`` is an empty window.
    design : Design
    first : array of int, shape (S,)
        Ordinal of the row ``starts[i]``.
    X : array of float, shape (n, p)
        Regressors; a row with a NaN is skipped.
    logs : {"never", "always", "positive"}
        ``"positive"``: where all values of a window are.
    horizon : int
        Steps that the weights are judged on, from origins half as far apart.
    origins : int
        Origins at most.
    least : int
        Values that a window needs.

    Returns
    -------
    array of float, shape (S, K, record_size)
        Records. ``OUTCOME`` is 0, or says why there is no fit. What is in record (i, k) has the same bits
        whatever the other windows and series are and however many threads work.

    Raises
    ------
    ArgumentError
        If the arrays do not fit one another.
    """
    flat = np.ascontiguousarray(values, dtype=np.float64)
    begin = np.ascontiguousarray(starts, dtype=np.int64)
    end = np.ascontiguousarray(stops, dtype=np.int64)
    check_windows(flat, begin, end)
    ordinals = np.ascontiguousarray(first, dtype=np.int64)
    regressors = np.ascontiguousarray(X, dtype=np.float64)
    if ordinals.shape != begin.shape or regressors.ndim != 2 or len(regressors) != len(flat):
        raise ArgumentError(
            f"first has shape {ordinals.shape} and X {regressors.shape}; {begin.shape} and ({len(flat)}, p) "
            "are needed"
        )
    if logs not in LOGS or horizon < 1 or origins < 0 or least < 1:
        raise ArgumentError(
            f"logs={logs!r}, horizon={horizon}, origins={origins}, least={least}: logs is one of {LOGS}, "
            "the others are at least 1, 0 and 1"
        )
    longest = np.maximum(end.max(axis=1, initial=0) - begin, 0)
    design.check_days(ordinals, longest)
    records = np.empty((*end.shape, record_size(design.n_fixed, regressors.shape[1])))
    _kernels.seasonal_ridge_fit(
        flat,
        begin,
        end,
        ordinals,
        regressors,
        **design.handed(),
        first_day=design.first_day,
        logs=LOGS.index(logs),
        horizon=horizon,
        stride=max(horizon // 2, 1),
        origins=origins,
        least=least,
        n_threads=n_threads(),
        out=records,
    )
    return records


def project(
    records: FloatArray, design: Design, first: IntArray, X: FloatArray, h: int
) -> FloatArray:
    """Return the mean of the next ``h`` steps, shape (..., h).

    ``first`` (...) is the ordinal of the first step, ``X`` (..., h, p) holds the regressors.
    """
    flat = np.ascontiguousarray(records.reshape(-1, records.shape[-1]))
    ordinals = np.ascontiguousarray(first, dtype=np.int64).ravel()
    regressors = np.ascontiguousarray(X, dtype=np.float64).reshape(len(flat), h, X.shape[-1])
    _check_records(flat, design, regressors.shape[-1])
    design.check_days(ordinals, np.full(len(ordinals), h))
    mean = np.empty((len(flat), h))
    _kernels.seasonal_ridge_project(
        flat, ordinals, regressors, **design.handed(), first_day=design.first_day, mean=mean
    )
    return mean.reshape(*records.shape[:-1], h)


def advance(
    records: FloatArray,
    design: Design,
    values: FloatArray,
    X: FloatArray,
    lo: IntArray,
    hi: IntArray,
    first: IntArray,
) -> FloatArray:
    """Return records whose levels have moved over ``values[lo:hi]``; coefficients and weights are kept.

    ``first`` is the ordinal of the row ``lo``.
    """
    moved = np.ascontiguousarray(records.reshape(-1, records.shape[-1])).copy()
    _check_records(moved, design, X.shape[1])
    begin, end, ordinals = (
        np.ascontiguousarray(a, dtype=np.int64).ravel() for a in (lo, hi, first)
    )
    design.check_days(ordinals, np.maximum(end - begin, 0))
    _kernels.seasonal_ridge_advance(
        moved,
        np.ascontiguousarray(values, dtype=np.float64),
        np.ascontiguousarray(X, dtype=np.float64),
        begin,
        end,
        ordinals,
        **design.handed(),
        first_day=design.first_day,
    )
    return moved.reshape(records.shape)


def are_sound(records: AnyArray, lengths: IntArray, n_fixed: int) -> bool:
    """Return whether :func:`fit` could have left these records of windows of ``lengths`` rows.

    It looks at all that is counted by and at the width. Coefficients, levels and weights may be any
    numbers: they go into sums and products only.
    """
    spare = records.shape[-1] - record_size(n_fixed, 0)
    if records.dtype != np.float64 or spare < 0 or spare % 3:
        return False
    count, length = records[..., Column.COUNT], records[..., Column.LENGTH]
    known = (
        (records[..., Column.OUTCOME] == Outcome.FITTED)
        & np.isin(records[..., Column.LOGGED], (0.0, 1.0))
        & (count > 0)
        & (count <= length)
        & (count % 1 == 0)
        & (length == lengths)
    )
    return bool(known.all())


def _check_records(records: FloatArray, design: Design, n_regressors: int) -> None:
    size = record_size(design.n_fixed, n_regressors)
    if records.shape[-1] != size:
        raise ArgumentError(
            f"records have {records.shape[-1]} columns; {size} are needed for this design and "
            f"{n_regressors} regressors"
        )
