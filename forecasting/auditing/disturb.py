"""Panels that differ from a panel in what an oracle wants changed, and in nothing else.

Every function is pure. ``pivot`` is the ordinal of a cutoff; the future is what lies after it.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from forecasting._typing import BoolArray, FloatArray, IntArray
from forecasting.panel import Covariates, Panel
from forecasting.regressors import Regressors


def after(panel: Panel, pivot: int) -> BoolArray:
    """Return which rows lie after a cutoff, shape (n_rows,)."""
    return np.asarray(panel.row_ordinals() > pivot)


def of_series(panel: Panel, series: BoolArray) -> BoolArray:
    """Return which rows belong to the series marked, shape (n_rows,)."""
    return np.repeat(series, panel.lengths)


def scaled(panel: Panel, rows: BoolArray) -> Panel:
    """Return the panel with these values times 3 plus 500."""
    return with_values(panel, np.where(rows, panel.values * 3 + 500, panel.values))


def moved(panel: Panel, rows: BoolArray) -> Panel:
    """Return the panel with 10,000 added to these values."""
    return with_values(panel, np.where(rows, panel.values + 10_000.0, panel.values))


def replaced(panel: Panel, rows: BoolArray, rng: np.random.Generator) -> Panel:
    """Return the panel with random signed numbers for these values."""
    return with_values(panel, np.where(rows, 1000 * rng.standard_normal(len(rows)), panel.values))


def emptied(panel: Panel, rows: BoolArray) -> Panel:
    """Return the panel with these values missing."""
    return with_values(panel, np.where(rows, np.nan, panel.values))


def with_values(panel: Panel, values: FloatArray) -> Panel:
    """Return the panel with another target."""
    return dataclasses.replace(panel, values=values)


def truncated(panel: Panel, pivot: int, ahead: int) -> Panel:
    """Return the panel without rows after a cutoff.

    Where there are known-future regressors, the rows of ``ahead`` steps stay for them alone: the
    target in them is missing.
    """
    ahead = ahead if panel.covariates.known_names else 0
    kept = ending(panel, np.full(panel.n_series, pivot + ahead, dtype=np.int64))
    return emptied(kept, after(kept, pivot))


def ending(panel: Panel, last: IntArray) -> Panel:
    """Return the panel with series that end at ``last``, shape (n_series,), or before."""
    hi = panel.offsets[:-1] + np.clip(last - panel.start + 1, 0, panel.lengths)
    kept = np.flatnonzero(hi > panel.offsets[:-1])
    return panel.cut(kept, panel.offsets[kept], hi[kept])


def extended(panel: Panel, n: int, pivot: int) -> Panel:
    """Return the panel with ``n`` rows appended to every series that goes on after a cutoff.

    Appended are multiples of 7 as the target, and the last values again as regressors.
    """
    added = np.where(panel.end > pivot, n, 0)
    lengths = panel.lengths + added
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    place = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
    own = np.repeat(panel.lengths, lengths)
    source = np.repeat(panel.offsets[:-1], lengths) + np.minimum(place, own - 1)
    new = place >= own
    covariates = panel.covariates
    return dataclasses.replace(
        panel,
        values=np.where(new, 7.0 * (place - own), panel.values[source]),
        offsets=offsets,
        gaps=None if panel.gaps is None else panel.gaps[source] & ~new,
        covariates=dataclasses.replace(
            covariates, known=covariates.known[source], past=covariates.past[source]
        ),
    )


def holed(panel: Panel, at: int) -> Panel:
    """Return the panel with the value at one time missing in every series."""
    return emptied(panel, np.asarray(panel.row_ordinals() == at))


def gapped(panel: Panel, pivot: int) -> Panel:
    """Return the panel without the rows of a cutoff and the step before, in every second series."""
    ordinals = panel.row_ordinals()
    second = of_series(panel, np.arange(panel.n_series) % 2 == 0)
    # The first row of a series cannot be a gap: the series would start later.
    inside = ordinals > np.repeat(panel.start, panel.lengths)
    rows = second & inside & (ordinals > pivot - 2) & (ordinals <= pivot)
    gaps = rows if panel.gaps is None else rows | panel.gaps
    return dataclasses.replace(emptied(panel, rows), gaps=gaps)


def ragged(panel: Panel, pivot: int, ahead: int) -> Panel:
    """Return the panel with series that end 0, 1 and 2 steps after a cutoff, in turn, or later.

    Where there are known-future regressors every series keeps ``ahead`` steps for them.
    """
    least = pivot + (ahead if panel.covariates.known_names else 0)
    return ending(panel, least + np.arange(panel.n_series, dtype=np.int64) % 3)


def renamed(panel: Panel) -> Panel:
    """Return the panel with longer ids in the same order."""
    return dataclasses.replace(panel, ids=pd.Index([f"x-{i}" for i in panel.ids], dtype=object))


def with_past(panel: Panel, past: FloatArray, names: tuple[str, ...]) -> Panel:
    """Return the panel with other past-only regressors, shape (n_rows, q)."""
    covariates = dataclasses.replace(panel.covariates, past=past, past_names=names)
    return dataclasses.replace(panel, covariates=covariates)


def as_frames(panel: Panel) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return a panel as the long frame it could have come from, and the options to read it again.

    A step that had no row has none; regressors are frames of their own.
    """
    shape, covariates = panel.shape, panel.covariates
    keys = pd.DataFrame(
        {
            shape.id_col: panel.ids.repeat(panel.lengths),
            shape.time_col: panel.calendar.times(panel.row_ordinals()),
        }
    )
    there = slice(None) if panel.gaps is None else ~panel.gaps
    frame = keys.assign(**{shape.target_col: panel.values})[there].reset_index(drop=True)
    integer = panel.calendar.kind == "integer"
    options: dict[str, Any] = {
        "freq": int(panel.calendar.freq) if integer else panel.calendar.frequency,
        "id_col": shape.id_col,
        "time_col": shape.time_col,
        "target_col": shape.target_col,
    }
    if covariates.known_names or covariates.past_names or covariates.static_names:
        options["X"] = _regressors(keys, panel.ids, covariates, shape.id_col)
    return frame, options


def _regressors(
    keys: pd.DataFrame, ids: pd.Index, covariates: Covariates, id_col: str
) -> Regressors:
    def beside(names: tuple[str, ...], values: FloatArray) -> pd.DataFrame | None:
        return (
            pd.concat([keys, pd.DataFrame(values, columns=list(names))], axis=1) if names else None
        )

    static = pd.DataFrame(covariates.static, columns=list(covariates.static_names))
    static.insert(0, id_col, ids)
    return Regressors(
        known_future=beside(covariates.known_names, covariates.known),
        past_only=beside(covariates.past_names, covariates.past),
        static=static if covariates.static_names else None,
    )
