"""Pairs: the losses of several models on the cells that all of them have forecast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecasting._typing import BoolArray, FloatArray, IntArray
from forecasting.errors import ArgumentError
from forecasting.metrics.summary import Column, observed_loss, select
from forecasting.metrics.table import Table, compress


@dataclass(frozen=True, eq=False)
class Pairs:
    """Losses side by side: a row per cell (series, cutoff, step), a column per model.

    Attributes
    ----------
    models : list
        Names, one per column, in their order of appearance.
    losses : (n, k) float array
        NaN where a model failed, has no row, or its loss is undefined.
    series, cutoff, step : (n,) int arrays
        Codes of the cells; ``table`` has their labels.
    lags : (n,) int array
        How many later cutoffs lie before the time that the cell forecasts: errors so many windows
        apart share part of the future, and are correlated even for perfect forecasts. -1: not known
        (no ``ds``).
    """

    table: Table
    models: list[Any]
    losses: FloatArray
    series: IntArray
    cutoff: IntArray
    step: IntArray
    lags: IntArray

    def complete(self, columns: Sequence[int]) -> BoolArray:
        """Return where all the given models have a loss, (n,)."""
        return np.asarray(np.isfinite(self.losses[:, list(columns)]).all(axis=1))


def pair(forecasts: pd.DataFrame, scales: pd.DataFrame | None, metric: str) -> Pairs:
    """Lay the losses of all models side by side.

    Raises
    ------
    ArgumentError
        The metric is not a mean of losses of which less is better (ME, WAPE, OWA, skill, coverage,
        width), or cannot be computed from these columns; a model has two rows for one cell.
    """
    table = Table(forecasts)
    loss = observed_loss(table, comparable(table, metric, scales=scales is not None), scales)
    n_models = len(table.model.labels)
    size = len(table.series.labels) * len(table.cutoff.labels) * len(table.step.labels)
    cell, keys = compress(table.cell, size)
    slot = cell * n_models + table.model.codes
    repeated = slot.size - np.unique(slot).size
    if repeated:
        raise ArgumentError(
            f"{repeated:,} rows repeat a model, unique_id, cutoff and step; "
            "keep one of each: forecasts.drop_duplicates(['model', 'unique_id', 'cutoff', 'step'])"
        )
    losses = np.full((keys.size, n_models), np.nan)
    losses.reshape(-1)[slot] = loss
    n_steps, n_cutoffs = max(len(table.step.labels), 1), max(len(table.cutoff.labels), 1)
    lags = np.full(keys.size, -1, dtype=np.int64)
    lags[cell] = _overlap(table)
    return Pairs(
        table=table,
        models=list(table.model.labels),
        losses=losses,
        series=keys // n_steps // n_cutoffs,
        cutoff=keys // n_steps % n_cutoffs,
        step=keys % n_steps,
        lags=lags,
    )


def comparable(table: Table, metric: str, *, scales: bool) -> Column:
    """Return the one column to compare on, or refuse."""
    columns = select(table, metric, scales=scales, baseline=None, relative=True)
    if len(columns) > 1:
        names = ", ".join(column.name for column in columns)
        raise ArgumentError(f"{metric} has one column per level; choose one of {names}")
    row = columns[0].metric
    if row.of:
        raise ArgumentError(f"{metric} is itself a comparison; compare on {' or '.join(row.of)}")
    if row.across == "pooled":
        raise ArgumentError(f"{metric} is one ratio over all series; compare on MAE, with weights")
    if row.best != "low":
        raise ArgumentError(
            f"{metric} is not a loss of which less is better; compare on MASE, MAE, RMSSE, CRPS, "
            "MSIS-95 ..."
        )
    return columns[0]


def _overlap(table: Table) -> IntArray:
    """Return how many later cutoffs lie before the ``ds`` of each row; -1 without ``ds``, (n,)."""
    if "ds" not in table.frame.columns:
        return np.full(len(table.frame), -1, dtype=np.int64)
    ds = pd.Index(table.frame["ds"])
    before = np.asarray(table.cutoff.labels.searchsorted(ds, side="left"), dtype=np.int64)
    later: IntArray = np.maximum(before - (table.cutoff.codes + 1), 0)
    return later
