"""What passes between a batch forecaster and its kernel: rows in, fits kept, steps ahead, projections out.

A grid has a row for each of S series and a column for each of K windows.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from forecasting._typing import AnyArray, BoolArray, FloatArray, IntArray
from forecasting.calendar import Calendar

#: Trouble of a window that nobody asked for, and of one that was fitted; others are the kernel's own.
EMPTY, FITTED = -1, 0
#: Where the interval of a forecast comes from: a normal distribution, simulated paths, past errors.
ANALYTIC, SIMULATED, CONFORMAL = 0, 1, 2
INTERVALS = ("analytic", "simulated", "conformal")

Cells: TypeAlias = tuple[IntArray, IntArray]


@dataclass(frozen=True, eq=False)
class Fits:
    """What a kernel learned at each window of a grid of S x K windows.

    Attributes
    ----------
    columns : dict of str to array, each of shape (S, K) or (S, K, w)
    trouble : array of int, shape (S, K)
        0 where the window was fitted, -1 where there was none, else a code of the kernel.
    """

    columns: dict[str, AnyArray]
    trouble: IntArray

    def __getitem__(self, name: str) -> AnyArray:
        return self.columns[name]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the grid."""
        return self.trouble.shape[0], self.trouble.shape[1]

    def fitted(self) -> Cells:
        """Return the row and column of every window that was fitted."""
        return cells_of(self.trouble == FITTED)

    def at(self, i: int, k: int) -> Fits:
        """Return one window as a grid of 1 x 1."""
        return self.take((np.array([i]), np.array([k])))

    def take(self, cells: Cells) -> Fits:
        """Return n windows as a grid of n x 1; all of them in their order are the same grid."""
        at = (cells[0][:, None], cells[1][:, None])
        return Fits({name: column[at] for name, column in self.columns.items()}, self.trouble[at])

    def place(self, cells: Cells, part: Fits) -> None:
        """Write n windows, a grid of n x 1, into this grid."""
        for name, column in self.columns.items():
            column[cells] = part.columns[name][:, 0]
        self.trouble[cells] = part.trouble[:, 0]

    def spread(self, cells: Cells, shape: tuple[int, int]) -> Fits:
        """Return a larger grid that holds these n x 1 windows at ``cells``, and nothing elsewhere."""
        whole = Fits(
            {n: spread(c, cells, shape) for n, c in self.columns.items()},
            np.full(shape, EMPTY, dtype=np.int64),
        )
        whole.trouble[cells] = self.trouble[:, 0]
        return whole

    def only(self, active: BoolArray) -> Fits:
        """Return the same grid, empty where a window is not active."""
        if active.all():
            return self
        return dataclasses.replace(self, trouble=np.where(active, self.trouble, EMPTY))


def spread(column: AnyArray, cells: Cells, shape: tuple[int, int]) -> AnyArray:
    """Return an array (S, K, ...) that holds ``column``, (n, 1, ...), at ``cells``; NaN or None elsewhere."""
    text = column.dtype.kind in "OUS"
    filler: Any = None if text else np.nan if column.dtype.kind == "f" else 0
    whole = np.full((*shape, *column.shape[2:]), filler, dtype=object if text else column.dtype)
    whole[cells] = column[:, 0]
    return whole


@dataclass(frozen=True, eq=False)
class Rows:
    """The training rows of a batch: the values, and what stands beside them.

    Attributes
    ----------
    values : array of float, shape (n,)
        All series, one after the other. NaN only where the forecaster handles missing values, or outside
        every window.
    first : array of int, shape (S,)
        Ordinal on the calendar of the row at which series ``i`` of the call starts, ``starts[i]`` (of
        ``lo[i, 0]`` where a fit moves on).
    X : array of float, shape (n, p)
        Known-future regressors of the same rows, columns ``X_names``.
    """

    values: FloatArray
    first: IntArray
    calendar: Calendar
    X: FloatArray
    X_names: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Ahead:
    """The steps that are asked for after each window of a grid.

    Attributes
    ----------
    h : int
    first : array of int, shape (S, K)
        Ordinal on the calendar of the first step.
    X : array of float, shape (S, K, h, p)
        Known-future regressors of the steps, columns ``X_names``; never NaN.
    """

    h: int
    first: IntArray
    calendar: Calendar
    X: FloatArray
    X_names: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Projection:
    """Forecasts from fits.

    Attributes
    ----------
    mean : array of float, shape (S, K, h)
    sd : array of float, shape (S, K, h), or None
        Standard deviation; read where ``how`` is ANALYTIC. None: every interval is conformal.
    how : array of int, shape (S, K), or None
        ANALYTIC, SIMULATED or CONFORMAL: where the interval of a window comes from. CONFORMAL says that
        the variance explodes, which is told in a warning. None: all are ANALYTIC.
    """

    mean: FloatArray
    sd: FloatArray | None = None
    how: AnyArray | None = None


def cells_of(mask: BoolArray) -> Cells:
    """Return the rows and columns at which a mask (S, K) is true."""
    rows, columns = np.nonzero(mask)
    return rows.astype(np.int64, copy=False), columns.astype(np.int64, copy=False)
