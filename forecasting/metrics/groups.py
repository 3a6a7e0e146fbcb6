"""Which rows of the forecasts table belong together, and the averages over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from forecasting._typing import BoolArray, FloatArray, IntArray
from forecasting.errors import ArgumentError, show_ids, tell
from forecasting.metrics.table import Codes, Table, compress, encode, require_columns

Weights: TypeAlias = "Mapping[Any, float] | pd.Series[Any]"


def series_weights(table: Table, weights: Weights | None) -> FloatArray:
    """Return one weight per series code."""
    labels = table.series.labels
    return np.ones(len(labels)) if weights is None else checked_weights(weights, labels)


def checked_weights(weights: Weights, labels: pd.Index[Any]) -> FloatArray:
    """Return the weight of each series.

    Raises
    ------
    ArgumentError
        If they are no mapping, or missing, negative, all zero or there twice.
    """
    if not isinstance(weights, (Mapping, pd.Series)):
        raise ArgumentError(
            f"weights must map unique_id to a number, {{'store_7': 2.0}}, got {weights!r}"
        )
    given = (
        weights if isinstance(weights, pd.Series) else pd.Series(dict(weights), dtype=np.float64)
    )
    if not given.index.is_unique:
        raise ArgumentError("weights name a unique_id twice")
    at = given.index.get_indexer(pd.Index(labels))
    if (at < 0).any():
        absent = labels[at < 0]
        raise ArgumentError(
            f"weights are missing for {len(absent):,} series: {show_ids(absent)}; "
            "give each a weight (0 leaves it out)",
            ids=absent,
        )
    strange = given.index.difference(pd.Index(labels))
    if len(strange):
        tell(f"weights of series that are not in the forecasts are ignored: {show_ids(strange)}")
    value = given.to_numpy(dtype=np.float64, na_value=np.nan)[at]
    bad = ~(np.isfinite(value) & (value >= 0))
    if bad.any() or not value.any():
        raise ArgumentError(
            "weights must be finite, at least 0 and not all 0: "
            + (f"bad for {show_ids(labels[bad])}" if bad.any() else "they are all 0")
        )
    return value


@dataclass(frozen=True, eq=False)
class Groups:
    """Which group each row is in, and which (group, series) pair."""

    index: pd.Index[Any]
    group: IntArray  # (n,) 0..G-1
    pair: IntArray  # (n,) 0..P-1
    pair_group: IntArray  # (P,)
    pair_series: IntArray  # (P,)

    @classmethod
    def of(cls, table: Table, by: str | Sequence[str]) -> Groups:
        names = [by] if isinstance(by, str) else list(dict.fromkeys(by))
        names = names if "model" in names else ["model", *names]
        require_columns(table, names)
        known = {"unique_id": "series", "model": "model", "cutoff": "cutoff", "step": "step"}
        parts = [
            getattr(table, known[name]) if name in known else encode(table.frame[name], sort=True)
            for name in names
        ]
        group, index = combine(parts, names)
        n_series = len(table.series.labels)
        pair, pairs = compress(group * n_series + table.series.codes, len(index) * n_series)
        return cls(index, group, pair, pairs // max(n_series, 1), pairs % max(n_series, 1))

    def count(self, rows: BoolArray) -> IntArray:
        """Return the number of true rows in each group, (G,)."""
        return np.bincount(self.group[rows], minlength=len(self.index)).astype(np.int64)

    def sums_over_series(
        self, inside: FloatArray, weights: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return the sums whose ratio is the weighted mean over the known pairs of each group, (G,)."""
        weight = np.where(np.isnan(inside), 0.0, weights[self.pair_series])
        total = add_up(self.pair_group, weight, len(self.index))
        value = np.where(weight > 0, inside, 0.0)  # an infinite mean stays one: it is not left out
        return add_up(self.pair_group, weight * value, len(self.index)), total


def combine(parts: list[Codes], names: list[str]) -> tuple[IntArray, pd.Index[Any]]:
    """Return group codes and the index of the groups that occur, in the order of the labels."""
    key, size = parts[0].codes, max(len(parts[0].labels), 1)
    group, values = compress(key, size)
    columns = [values]
    for part in parts[1:]:
        width = max(len(part.labels), 1)
        group, values = compress(group * width + part.codes, columns[0].size * width)
        columns = [c[values // width] for c in columns] + [values % width]
    labels = [part.labels.take(column) for part, column in zip(parts, columns, strict=True)]
    if len(names) == 1:
        return group, pd.Index(labels[0], name=names[0])
    return group, pd.MultiIndex.from_arrays(labels, names=names)


def add_up(codes: IntArray, values: FloatArray, size: int) -> FloatArray:
    """Return the sum of the values of each code, (size,)."""
    return np.bincount(codes, values, size).astype(np.float64, copy=False)


def divide(above: FloatArray, below: FloatArray | IntArray) -> FloatArray:
    """Divide; NaN, not infinity, where there is nothing below."""
    with np.errstate(over="ignore"):
        return np.asarray(above / np.where(below == 0, np.nan, below))
