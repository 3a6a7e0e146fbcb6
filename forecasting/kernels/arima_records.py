"""What the kernel of ARIMA learns at a window, and what can be read off it.

What is learned at a window is one *record*, a row of float64 with the columns of :class:`Column`, then the
coefficients ``ar``, ``ma``, seasonal ``ar``, seasonal ``ma`` (``w_t = e_t + ma_1 e_{t-1}``), each padded
with zeros to the largest order; in a choice the next best orders; at last what each regressor is multiplied
by.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from forecasting._typing import AnyArray, FloatArray, IntArray

N_CONTENDERS = 3
MOST_UNKNOWN = 1200
"""Presample and missing values that a fit has at most; the same as in ``cpp/arima_series.hpp``."""
CONTENDER = ("p", "q", "P", "Q", "constant", "aicc")
"""What a record of a choice says of each of the next best orders, behind the coefficients."""


class Column(enum.IntEnum):
    """Places of a record; the same as in ``cpp/arima_fit.hpp``."""

    OUTCOME = 0
    P = 1
    D = 2
    Q = 3
    SEASONAL_P = 4
    SEASONAL_D = 5
    SEASONAL_Q = 6
    CONSTANT = 7
    COUNT = 8
    OBJECTIVE = 9
    RMS = 10
    RANGE = 11
    MEAN = 12
    COEFFICIENTS = 13


class Outcome(enum.IntEnum):
    """Why a window has no fit; from REGRESSOR on see :func:`blamed`."""

    EMPTY = -1
    FITTED = 0
    TOO_SHORT = 1
    TOO_MANY_MISSING = 2
    UNDETERMINED = 3
    REGRESSOR = 16


@dataclass(frozen=True)
class Order:
    """``(p, d, q)(P, D, Q)`` at a season length, with or without the mean of the differenced series."""

    order: tuple[int, int, int]
    seasonal: tuple[int, int, int] = (0, 0, 0)
    season_length: int = 1
    constant: bool = False
    contenders: int = 0  # of limits: next best orders that a record keeps
    regressors: int = 0

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """Number of ar, ma, seasonal ar and seasonal ma coefficients."""
        return self.order[0], self.order[2], self.seasonal[0], self.seasonal[2]

    @property
    def lost(self) -> int:
        """Values that differencing costs."""
        return self.order[1] + self.seasonal[1] * self.season_length

    @property
    def n_counted(self) -> int:
        """Estimated numbers, the variance among them."""
        return sum(self.sizes) + int(self.constant) + self.regressors + 1

    @property
    def n_needed(self) -> int:
        """Values that a fit needs: AICc is finite, and one more; the presample of the AR part is covered."""
        p, q, seasonal_p, seasonal_q = self.sizes
        reach = p + seasonal_p * self.season_length - q - seasonal_q * self.season_length + 1
        return self.lost + max(self.n_counted + 2, reach)

    @property
    def record_size(self) -> int:
        """Columns of a record with at most these orders."""
        fixed = int(Column.COEFFICIENTS) + sum(self.sizes)
        return fixed + len(CONTENDER) * self.contenders + self.regressors

    @property
    def numbers(self) -> IntArray:
        """p, d, q, P, D, Q."""
        return np.array([*self.order, *self.seasonal], dtype=np.int64)


def coefficients(records: AnyArray, limits: Order) -> tuple[AnyArray, AnyArray, AnyArray, AnyArray]:
    """Return ar, ma, seasonal ar and seasonal ma of records, each (..., largest order)."""
    ends = int(Column.COEFFICIENTS) + np.cumsum(limits.sizes)
    ar, ma, seasonal_ar, seasonal_ma = (
        records[..., end - size : end] for end, size in zip(ends, limits.sizes, strict=True)
    )
    return ar, ma, seasonal_ar, seasonal_ma


def slopes(records: AnyArray, limits: Order) -> AnyArray:
    """Return what regressors are multiplied by, shape (..., limits.regressors)."""
    return records[..., limits.record_size - limits.regressors : limits.record_size]


def aicc(records: AnyArray, limits: Order) -> FloatArray:
    """Return the corrected criterion of Akaike of records, shape (...); NaN of a fit without error."""
    n, k = records[..., Column.COUNT], counted(records, limits)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: FloatArray = records[..., Column.OBJECTIVE] + 2 * k * (1 + (k + 1) / (n - k - 1))
    return found


def counted(records: AnyArray, limits: Order) -> FloatArray:
    """Return how many numbers were estimated, the variance among them, shape (...)."""
    of = [Column.P, Column.Q, Column.SEASONAL_P, Column.SEASONAL_Q, Column.CONSTANT]
    found: FloatArray = records[..., of].sum(axis=-1) + limits.regressors + 1
    return found


def are_sound(records: AnyArray, lengths: IntArray, limits: Order) -> bool:
    """Return whether the kernel could have left these records of windows of ``lengths`` rows.

    It looks at all that is indexed or counted by, and that the numbers are finite.
    """
    if records.dtype != np.float64 or records.shape[2:] != (limits.record_size,):
        return False
    orders = records[..., Column.P : Column.CONSTANT + 1]
    if not ((orders >= 0) & (orders <= [*limits.numbers, 1]) & (orders % 1 == 0)).all():
        return False
    p, d, q, seasonal_p, seasonal_d, seasonal_q = np.moveaxis(orders[..., :6], -1, 0)
    m, n = limits.season_length, records[..., Column.COUNT]
    ar_span, ma_span = p + seasonal_p * m, q + seasonal_q * m
    estimated = ~np.isnan(records[..., Column.OBJECTIVE])
    enough = ~estimated | ((n > counted(records, limits)) & (n > ar_span - ma_span))
    count = (n > 0) & (n <= lengths - d - seasonal_d * m) & (n % 1 == 0) & enough
    numbers = records[..., Column.COUNT : Column.COEFFICIENTS + sum(limits.sizes)]
    numbers = np.delete(numbers, Column.OBJECTIVE - Column.COUNT, axis=-1)
    finite = np.isfinite(numbers).all(axis=-1) & np.isfinite(slopes(records, limits)).all(axis=-1)
    positive = (records[..., Column.RMS] >= 0) & (records[..., Column.RANGE] >= 0)
    fitted = records[..., Column.OUTCOME] == Outcome.FITTED
    return bool((fitted & count & finite & positive & (ma_span <= MOST_UNKNOWN)).all())


def blamed(code: int) -> tuple[int, bool] | None:
    """Return the regressor for which a window has no fit, and whether it is missing rather than redundant."""
    if code < Outcome.REGRESSOR:
        return None
    j, redundant = divmod(code - Outcome.REGRESSOR, 2)
    return j, not redundant


def contenders(records: AnyArray, limits: Order) -> AnyArray:
    """Return what records say of the next best orders, shape (..., limits.contenders, len(CONTENDER))."""
    begin = int(Column.COEFFICIENTS) + sum(limits.sizes)
    end = begin + len(CONTENDER) * limits.contenders
    return records[..., begin:end].reshape(*records.shape[:-1], limits.contenders, len(CONTENDER))
