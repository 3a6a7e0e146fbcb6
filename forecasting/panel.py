"""The one shape inside: a ragged panel of series on one calendar.

Series ``i`` is ``values[offsets[i]:offsets[i + 1]]``; its first row lies at ordinal ``start[i]`` of the
calendar and the rows follow without a hole, so no time column is stored. A step of the calendar that
had no row is NaN, and marked in ``gaps``. Panels are made at the door (``reading.py``), validated there
once, and are read-only from then on.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from forecasting._typing import BoolArray, FloatArray, IntArray
from forecasting.calendar import Calendar


@dataclass(frozen=True)
class Shape:
    """How the data came in, so that it can go out the same way."""

    kind: Literal["long", "wide", "series", "multiindex"] = "long"
    id_col: str = "unique_id"
    time_col: str = "ds"
    target_col: str = "y"
    has_ids: bool = True
    backend: Literal["pandas", "polars", "arrow"] = "pandas"
    #: Names of the index levels, and of the Series, where the data had them.
    index_names: tuple[Hashable, ...] = (None, None)
    series_name: Hashable = None
    #: Columns of a wide frame, in their order; dtypes that the panel does not keep by itself.
    columns: pd.Index | None = field(default=None, compare=False)
    id_dtype: object = field(default=None, compare=False)
    dates: bool = False


@dataclass(frozen=True, eq=False)
class Covariates:
    """Regressors aligned to the rows of a panel, by role.

    Attributes
    ----------
    known : array of float, shape (n_rows, p)
        Known-future columns. ``known_names`` has their p names.
    past : array of float, shape (n_rows, q)
        Past-only columns.
    static : array of float, shape (n_series, r)
        One value per series.
    """

    known: FloatArray
    past: FloatArray
    static: FloatArray
    known_names: tuple[str, ...] = ()
    past_names: tuple[str, ...] = ()
    static_names: tuple[str, ...] = ()


def no_covariates(n_rows: int, n_series: int) -> Covariates:
    """Return the empty regressors of a panel."""
    return Covariates(np.empty((n_rows, 0)), np.empty((n_rows, 0)), np.empty((n_series, 0)))


@dataclass(frozen=True, eq=False)
class Panel:
    """Ragged panel of ``n_series`` series, ``n_rows`` values in all.

    Attributes
    ----------
    values : array of float, shape (n_rows,)
        The target; NaN where it is missing.
    offsets : array of int, shape (n_series + 1,)
    start : array of int, shape (n_series,)
        Ordinal of the first row of each series on the calendar.
    ids : pandas.Index, shape (n_series,)
        Sorted: numbers by value, text by code point.
    calendar : Calendar
    covariates : Covariates
    gaps : array of bool, shape (n_rows,), or None
        True where the calendar has a step and the data had no row.
    """

    values: FloatArray
    offsets: IntArray
    start: IntArray
    ids: pd.Index
    calendar: Calendar
    covariates: Covariates
    gaps: BoolArray | None = None
    shape: Shape = field(default_factory=Shape)

    def __post_init__(self) -> None:
        covariates = (self.covariates.known, self.covariates.past, self.covariates.static)
        for array in (self.values, self.offsets, self.start, *covariates):
            array.setflags(write=False)

    @property
    def n_series(self) -> int:
        """Number of series."""
        return len(self.start)

    @property
    def lengths(self) -> IntArray:
        """Rows of each series, shape (n_series,)."""
        return np.diff(self.offsets)

    @property
    def end(self) -> IntArray:
        """Ordinal of the last row of each series, shape (n_series,)."""
        return self.start + self.lengths - 1

    def series(self, i: int) -> FloatArray:
        """Return the values of series ``i``."""
        return self.values[self.offsets[i] : self.offsets[i + 1]]

    @functools.cached_property
    def fingerprint(self) -> str:
        """Sixteen hex digits that change when a value, a time, an id or a regressor changes."""
        digest = hashlib.blake2b(digest_size=8)
        for array in (self.values, self.offsets, self.start):
            digest.update(np.ascontiguousarray(array).tobytes())
        digest.update("\x1f".join(map(str, self.ids.tolist())).encode())
        digest.update(self.calendar.freq.encode())
        covariates = self.covariates
        for array in (covariates.known, covariates.past, covariates.static):
            digest.update(np.ascontiguousarray(array).tobytes())
        names = (covariates.known_names, covariates.past_names, covariates.static_names)
        digest.update(repr(names).encode())
        return digest.hexdigest()

    def row_ordinals(self) -> IntArray:
        """Return the ordinal of every row, shape (n_rows,)."""
        first_row = np.repeat(self.offsets[:-1] - self.start, self.lengths)
        return np.arange(len(self.values), dtype=np.int64) - first_row

    def take(self, series: Sequence[int] | IntArray) -> Panel:
        """Return a compact panel of these series, in this order."""
        chosen = np.asarray(series, dtype=np.int64)
        return self.cut(chosen, self.offsets[chosen], self.offsets[chosen + 1])

    def cut(self, series: IntArray, lo: IntArray, hi: IntArray) -> Panel:
        """Return a compact copy of rows ``lo[j]`` to ``hi[j]`` (exclusive) of each ``series[j]``."""
        lengths = hi - lo
        offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
        whole = len(series) > 0 and (lo[1:] == hi[:-1]).all()
        rows: slice | IntArray = (
            slice(int(lo[0]), int(hi[-1])) if whole else _rows(lo, lengths, offsets)
        )
        covariates = self.covariates
        return dataclasses.replace(
            self,
            values=self.values[rows],
            offsets=offsets,
            start=self.start[series] + (lo - self.offsets[series]),
            ids=self.ids[series],
            covariates=dataclasses.replace(
                covariates,
                known=covariates.known[rows],
                past=covariates.past[rows],
                static=covariates.static[series],
            ),
            gaps=None if self.gaps is None else self.gaps[rows],
        )

    def __repr__(self) -> str:
        n_series = f"{self.n_series:,} series"
        if self.n_series == 0:
            return "Panel(empty)"
        first, last = self.calendar.times(np.array([self.start.min(), self.end.max()]))
        return (
            f"Panel({n_series}, {len(self.values):,} rows, freq {self.calendar.freq}, "
            f"{first} to {last}, {self.lengths.min():,}-{self.lengths.max():,} rows a series)"
        )


def _rows(lo: IntArray, lengths: IntArray, offsets: IntArray) -> IntArray:
    return np.arange(offsets[-1], dtype=np.int64) + np.repeat(lo - offsets[:-1], lengths)
