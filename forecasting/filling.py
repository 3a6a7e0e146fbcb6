"""Filling steps without a row, and missing values, from the past alone unless said otherwise."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal, TypeAlias, Unpack

import numpy as np
import pandas as pd

from forecasting._typing import FloatArray, IntArray
from forecasting.errors import ArgumentError, GapError, one_of
from forecasting.panel import Panel
from forecasting.reading import DataOptions, as_panel
from forecasting.rows import LARGEST_FILL
from forecasting.shapes import Columns, read_shape, restore

Fill: TypeAlias = Literal["zero", "forward", "interpolate", "seasonal"] | float | None


def fill_gaps(
    data: object,
    *,
    how: Fill,
    season_length: int | None = None,
    extend: bool = False,
    **options: Unpack[DataOptions],
) -> Any:
    """Return the data with a row for every step of its calendar, and missing values filled.

    Parameters
    ----------
    data : DataFrame, Series, polars or Arrow table
        As for :func:`forecasting.as_panel`.
    how : {"zero", "forward", "interpolate", "seasonal"}, float or None
        - ``"zero"`` or a number: that number. Right where no row means that nothing was sold.
        - ``"forward"``: the last value before. Uses only the past.
        - ``"seasonal"``: the value one season before, or two, ... Uses only the past.
        - ``"interpolate"``: the line between the values before and after. **It looks ahead**: a
          forecaster that is tested on a cutoff inside the gap has seen the value behind it, and its
          errors look smaller than they will be. Use it on history that no cutoff falls into.
        - None: NaN, so that only the rows are added.
    season_length : int, optional
        For ``"seasonal"``; that of the frequency when None.
    extend : bool
        Extend every series to the end of the longest.
    **options
        ``freq, id_col, time_col, target_col, date_format, on_duplicate``: see
        :func:`forecasting.as_panel`.

    Returns
    -------
    DataFrame or Series
        Of the kind that came in, rows sorted by id and time. Other columns of a long frame are kept,
        and missing in the rows that are new. Values before the first that was observed are dropped.

    Raises
    ------
    ArgumentError
        If ``how`` is unknown, or ``"seasonal"`` without a season.
    TimeColumnError
        If more than two million rows would be added.

    Examples
    --------
    >>> import pandas as pd
    >>> y = pd.Series([1.0, 4.0], index=pd.to_datetime(["2024-01-01", "2024-01-04"]))
    >>> fill_gaps(y, how="forward", freq="D").tolist()
    [1.0, 1.0, 1.0, 4.0]
    """
    value = _fill_value(how)
    columns = read_shape(
        data,
        options.get("id_col", "unique_id"),
        options.get("time_col", "ds"),
        options.get("target_col", "y"),
    )
    panel = as_panel(data, **options)
    if extend:
        panel = _extended(panel)
    y = panel.values.copy()
    missing = np.isnan(y)
    if value is not None:
        y[missing] = value
    elif how == "forward":
        y = _forward(panel, y)
    elif how == "interpolate":
        y = _interpolated(panel, y)
    elif how == "seasonal":
        y = _seasonal(panel, y, season_length)
    return _as_rows(panel, y, columns)


def _fill_value(how: object) -> float | None:
    if one_of(how, "zero"):
        return 0.0
    if isinstance(how, (int, float, np.number)) and not isinstance(how, bool):
        return float(how)
    if how is None or one_of(how, "forward", "interpolate", "seasonal"):
        return None
    raise ArgumentError(
        f"how must be 'zero', 'forward', 'interpolate', 'seasonal', a number or None, got {how!r}"
    )


def _extended(panel: Panel) -> Panel:
    """Return the panel with every series extended by NaN to the last end."""
    more = int((panel.end.max() - panel.end).sum())
    if more > LARGEST_FILL:
        raise GapError(f"extend=True would add {more:,} rows; drop the series that ended long ago")
    lengths = panel.end.max() - panel.start + 1
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    values = np.full(int(offsets[-1]), np.nan)
    values[panel.row_ordinals() + np.repeat(offsets[:-1] - panel.start, panel.lengths)] = (
        panel.values
    )
    return dataclasses.replace(panel, values=values, offsets=offsets, gaps=None)


def _edges(panel: Panel, y: FloatArray) -> tuple[IntArray, IntArray]:
    """Return, for each row, the observed row at or before and at or after it; -1 if there is "
    "none."""
    rows = np.arange(len(y))
    seen = ~np.isnan(y)
    lo = np.repeat(panel.offsets[:-1], panel.lengths)
    hi = np.repeat(panel.offsets[1:], panel.lengths)
    before = np.maximum.accumulate(np.where(seen, rows, -1))
    after = np.minimum.accumulate(np.where(seen, rows, len(y))[::-1])[::-1]
    return np.where(before >= lo, before, -1), np.where(after < hi, after, -1)


def _forward(panel: Panel, y: FloatArray) -> FloatArray:
    before, _ = _edges(panel, y)
    return np.where(before >= 0, y[before], np.nan)


def _interpolated(panel: Panel, y: FloatArray) -> FloatArray:
    before, after = _edges(panel, y)
    inside = np.isnan(y) & (before >= 0) & (after >= 0)
    rows, a, b = np.flatnonzero(inside), before[inside], after[inside]
    share = (rows - a) / (b - a)
    y[rows] = y[a] + (y[b] - y[a]) * share
    return y


def _seasonal(panel: Panel, y: FloatArray, season_length: int | None) -> FloatArray:
    m = panel.calendar.season_length if season_length is None else season_length
    if isinstance(m, bool) or not isinstance(m, (int, np.integer)) or m < 1:
        raise ArgumentError(f"season_length must be a whole number of at least 1, got {m!r}")
    if season_length is None and m == 1:
        raise ArgumentError(f"freq {panel.calendar.freq!r} has no usual season; say season_length=")
    floor = np.repeat(panel.offsets[:-1], panel.lengths)
    rows = np.flatnonzero(np.isnan(y))
    rows = rows[rows - m >= floor[rows]]
    while len(rows):  # once per season that the longest gap lasts
        y[rows] = y[rows - m]
        filled = ~np.isnan(y[rows])
        if not filled.any():
            break
        rows = rows[~filled]
    return y


def _as_rows(panel: Panel, y: FloatArray, columns: Columns) -> Any:
    shape = panel.shape
    long = pd.DataFrame(
        {
            shape.id_col: panel.ids.repeat(panel.lengths),
            shape.time_col: panel.calendar.times(panel.row_ordinals()),
            shape.target_col: _like(columns.y, y),
        }
    )
    if shape.kind == "long" and columns.frame is not None:
        long = _with_others(long, panel, columns.frame)
    return restore(long, shape)


def _like(column: pd.Series, y: FloatArray) -> Any:
    """Return whole numbers where whole numbers came in and nothing is missing."""
    whole = pd.api.types.is_integer_dtype(column.dtype) and bool((np.floor(y) == y).all())
    return pd.array(y).astype(column.dtype) if whole else y


def _with_others(long: pd.DataFrame, panel: Panel, frame: pd.DataFrame) -> pd.DataFrame:
    shape = panel.shape
    keys = [shape.id_col, shape.time_col] if shape.has_ids else [shape.time_col]
    others = [c for c in frame.columns if c not in (*keys, shape.target_col)]
    if not others:
        return long
    there = frame[[*keys, *others]].drop_duplicates(keys)
    if shape.id_dtype is not None:
        there = there.assign(**{shape.id_col: there[shape.id_col].astype(long[shape.id_col].dtype)})
    there = there.assign(
        **{shape.time_col: there[shape.time_col].astype(long[shape.time_col].dtype)}
    )
    return long.merge(there, on=keys, how="left")
