"""The tidy forecasts table as arrays: codes for its keys, bounds by level, scales row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from forecasting._typing import BoolArray, FloatArray, IntArray
from forecasting.errors import ArgumentError, nearest
from forecasting.metrics.catalogue import Metric

KEYS = ("model", "unique_id", "cutoff", "step")


@dataclass(frozen=True, eq=False)
class Codes:
    """A column as whole numbers: ``labels[codes]`` gives it back."""

    codes: IntArray  # (n,), 0..len(labels) - 1
    labels: pd.Index[Any]


def encode(column: pd.Series[Any], *, sort: bool) -> Codes:
    """Return the codes of a column; a missing value is a label of its own, never dropped.

    Categories keep their order. Other labels are sorted where they can be, or stay in order of
    appearance (``sort=False``: models, whose order says something).
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        given = np.asarray(column.cat.codes, dtype=np.int64)
        labels = column.cat.categories
        if (given < 0).any():
            missing = pd.Index([None if labels.dtype == object else pd.NA], dtype=object)
            given, labels = np.where(given < 0, len(labels), given), labels.append(missing)
        codes, used = compress(given, len(labels))  # categories that do not occur are no labels
        return Codes(codes, labels if len(used) == len(labels) else labels.take(used))
    found, labels = pd.factorize(column, use_na_sentinel=False)
    codes = found.astype(np.int64)
    if sort:
        try:
            order = labels.argsort()
        except TypeError:  # labels of several types have no order: leave them as they came
            return Codes(codes, labels)
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        codes, labels = rank[codes], labels.take(order)
    return Codes(codes, labels)


def compress(key: IntArray, size: int) -> tuple[IntArray, IntArray]:
    """Return ``(codes, values)``: the distinct keys, ascending, and ``values[codes] == key``.

    ``size`` bounds the keys: 0 <= key < size. Small key spaces are counted, large ones sorted.
    """
    if size > 4 * key.size + 1024:
        values, codes = np.unique(key, return_inverse=True)
        return codes.reshape(-1).astype(np.int64), values
    seen = np.bincount(key, minlength=size) > 0
    values = np.flatnonzero(seen)
    position = np.cumsum(seen) - 1
    return position[key].astype(np.int64), values


def locate(wanted: IntArray, known: IntArray) -> IntArray:
    """Return the position of each wanted key among the distinct ``known``, -1 where it is not."""
    if known.size == 0:
        return np.full(wanted.shape, -1, dtype=np.int64)
    order = np.argsort(known, kind="stable")
    ordered = known[order]
    at = np.minimum(np.searchsorted(ordered, wanted), known.size - 1)
    return np.where(ordered[at] == wanted, order[at], -1)


@dataclass(frozen=True, eq=False)
class Table:
    """A tidy forecasts table, one row per model, series, cutoff and step, read when needed."""

    frame: pd.DataFrame

    def __post_init__(self) -> None:
        missing = [c for c in (*KEYS, "y", "mean") if c not in self.frame.columns]
        if missing:
            raise ArgumentError(
                f"the forecasts table has no column {', '.join(map(repr, missing))}; it needs "
                "model, unique_id, cutoff, step, y and mean, as in backtest(...).forecasts"
            )

    def numbers(self, name: str) -> FloatArray:
        """Return a column as float64, NaN for missing."""
        return self.frame[name].to_numpy(dtype=np.float64, na_value=np.nan)

    @cached_property
    def y(self) -> FloatArray:
        """Actuals, (n,)."""
        return self.numbers("y")

    @cached_property
    def mean(self) -> FloatArray:
        """Point forecasts, (n,)."""
        return self.numbers("mean")

    @cached_property
    def failed(self) -> BoolArray:
        """Where there is no (finite) forecast, (n,)."""
        return ~np.isfinite(self.mean)

    @cached_property
    def unknown(self) -> BoolArray:
        """Where there is no (finite) actual, (n,)."""
        return ~np.isfinite(self.y)

    @cached_property
    def answered(self) -> BoolArray:
        """Where both are there: the observations that metrics are made of, (n,)."""
        return ~(self.failed | self.unknown)

    @cached_property
    def model(self) -> Codes:
        """Models, in their order of appearance."""
        return encode(self.frame["model"], sort=False)

    @cached_property
    def series(self) -> Codes:
        """Series."""
        return encode(self.frame["unique_id"], sort=True)

    @cached_property
    def cutoff(self) -> Codes:
        """Cutoffs, ascending."""
        return encode(self.frame["cutoff"], sort=True)

    @cached_property
    def step(self) -> Codes:
        """Steps, ascending."""
        return encode(self.frame["step"], sort=True)

    @cached_property
    def levels(self) -> dict[str, float]:
        """Levels with both bounds, as they are written in the columns, ascending."""
        names = set(map(str, self.frame.columns))
        texts = [c[3:] for c in names if c.startswith("lo-") and "hi-" + c[3:] in names]
        found = {text: _number(text) for text in texts}
        kept = {text: level for text, level in found.items() if 0 < level < 100}
        return dict(sorted(kept.items(), key=lambda item: item[1]))

    @cached_property
    def quantile_columns(self) -> dict[float, str]:
        """Probability -> column, ascending: ``q-`` columns, and the bounds of the intervals.

        The mean is not taken for the median.
        """
        found: dict[float, str] = {}
        for text, level in self.levels.items():
            found[round((100 - level) / 200, 10)] = f"lo-{text}"
            found[round((100 + level) / 200, 10)] = f"hi-{text}"
        for column in map(str, self.frame.columns):
            if column.startswith("q-") and 0 < _number(column[2:]) < 1:
                found[round(_number(column[2:]), 10)] = column
        return dict(sorted(found.items()))

    @cached_property
    def cell(self) -> IntArray:
        """One key per (series, cutoff, step), the same for every model, (n,)."""
        n_cutoffs, n_steps = len(self.cutoff.labels), len(self.step.labels)
        return (self.series.codes * n_cutoffs + self.cutoff.codes) * n_steps + self.step.codes

    def model_code(self, name: object, what: str = "baseline") -> int:
        """Return the code of a model, or raise an ArgumentError that names the nearest one."""
        position = self.model.labels.get_indexer(pd.Index([name], dtype=object))[0]
        if position < 0:
            known = [str(label) for label in self.model.labels]
            hint = nearest(str(name), known) or f" There are: {', '.join(known)}."
            raise ArgumentError(f"{what} {str(name)!r} is not among the models.{hint}")
        return int(position)

    def rows_of(self, model: int) -> IntArray:
        """Return, for every row, the row of ``model`` for the same cell, -1 where none, (n,).

        Raises
        ------
        ArgumentError
            The model has two forecasts for one cell: there would be no telling which to compare
            with.
        """
        rows = np.flatnonzero(self.model.codes == model)
        keys = self.cell[rows]
        if np.unique(keys).size < keys.size:
            raise ArgumentError(
                f"{str(self.model.labels[model])!r} has {keys.size - np.unique(keys).size:,} rows "
                "more than one for the same unique_id, cutoff and step; keep one of each"
            )
        at = locate(self.cell, keys)
        return np.where(at < 0, -1, rows[at])

    def scale_rows(self, scales: pd.DataFrame) -> IntArray:
        """Return, for every row, the row of ``scales`` for its series and cutoff or -1, (n,)."""
        for name in ("unique_id", "cutoff"):
            if name not in scales.columns:
                raise ArgumentError(f"the scales table has no column {name!r}")
        series = self.series.labels.get_indexer(pd.Index(scales["unique_id"]))
        cutoff = self.cutoff.labels.get_indexer(pd.Index(scales["cutoff"]))
        n_cutoffs = len(self.cutoff.labels)
        used = np.flatnonzero((series >= 0) & (cutoff >= 0))
        keys = series[used].astype(np.int64) * n_cutoffs + cutoff[used]
        if np.unique(keys).size < keys.size:
            raise ArgumentError(
                "the scales table has more than one row for the same unique_id and cutoff; "
                "keep one: scales.drop_duplicates(['unique_id', 'cutoff'])"
            )
        at = locate(self.series.codes * n_cutoffs + self.cutoff.codes, keys)
        return np.where(at < 0, -1, used[at]) if used.size else at

    def scale(self, scales: pd.DataFrame, name: str, rows: IntArray) -> FloatArray:
        """Return the scale of every row; NaN (undefined) where unknown, zero or infinite, (n,)."""
        if name not in scales.columns:
            raise ArgumentError(f"the scales table has no column {name!r}")
        column = scales[name].to_numpy(dtype=np.float64, na_value=np.nan)
        value = (
            np.where(rows >= 0, column[rows], np.nan) if column.size else np.full(rows.size, np.nan)
        )
        return np.where(np.isfinite(value) & (value > 0), value, np.nan)

    def loss(self, metric: Metric, level: str | None) -> FloatArray:
        """Return the unscaled loss of a metric (at a level, for interval metrics), (n,)."""
        if metric.loss is None:
            raise ArgumentError(f"{metric.name} is made of other metrics: {', '.join(metric.of)}")
        if metric.needs == "interval":
            lo, hi = self.numbers(f"lo-{level}"), self.numbers(f"hi-{level}")
            return metric.loss(self.y, lo, hi, self.levels[str(level)])
        if metric.needs == "quantiles":
            names = self.quantile_columns.values()
            matrix = np.stack([self.numbers(name) for name in names], axis=1)  # (n, q)
            return metric.loss(self.y, matrix, np.array(list(self.quantile_columns)))
        return metric.loss(self.y, self.mean)


def _number(text: str) -> float:
    """Return a text as a number, NaN if it is none: a column ``lo-tide`` is not an interval."""
    try:
        return float(text)
    except ValueError:
        return float("nan")


def require_columns(table: Table, by: Sequence[str]) -> None:
    """Raise an ArgumentError for a ``by`` that is not a column, naming the nearest one."""
    columns = [str(c) for c in table.frame.columns]
    for name in by:
        if name not in columns:
            hint = nearest(name, columns) or f" There are: {', '.join(columns)}."
            raise ArgumentError(f"by={name!r} is not a column of the forecasts table.{hint}")
