"""Bringing data to a coarser calendar, or to fewer series."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, Unpack

import numpy as np
import pandas as pd

from forecasting._typing import BoolArray, FloatArray, IntArray
from forecasting.calendar import Calendar, FreqLike
from forecasting.errors import (
    ColumnNameError,
    FrequencyError,
    check_choice,
    plural,
    show_id,
    show_ids,
    tell,
)
from forecasting.frequency import Frequency, IntegerSteps, parse_frequency, parse_period
from forecasting.panel import Panel
from forecasting.reading import FrameOptions, as_panel
from forecasting.shapes import read_shape, restore

How: TypeAlias = Literal["sum", "mean", "min", "max", "first", "last"]
Incomplete: TypeAlias = Literal["drop", "keep", "nan"]


def aggregate(
    data: object,
    *,
    freq: FreqLike = None,
    how: How = "sum",
    by: str | Sequence[str] | None = None,
    incomplete: Incomplete = "drop",
    **options: Unpack[FrameOptions],
) -> Any:
    """Return the data on a coarser calendar, or summed over groups of series, or both.

    Parameters
    ----------
    data : DataFrame, Series, polars or Arrow table
        As for :func:`forecasting.as_panel`; ``freq`` of the data itself is inferred.
    freq : str or int, optional
        Of the result, for instance ``"W-SUN"`` (weeks from Monday to Sunday, dated by the Sunday
        that ends them, as in pandas), ``"MS"``, ``"QE"``. None keeps the calendar.
    how : {"sum", "mean", "min", "max", "first", "last"}
        What becomes of the values of one period.
    by : str or sequence of str, optional
        Columns of a long frame that group the series: ``by="region"`` gives one series per region.
        Each series must have one value of it. Two columns are joined, ``"north/shoes"``.
    incomplete : {"drop", "keep", "nan"}
        What becomes of a first or last period that the data does not cover: a sum over three days is
        no week. Said in a warning every time.
    **options
        ``id_col, time_col, target_col, date_format, on_duplicate``: see :func:`forecasting.as_panel`.

    Returns
    -------
    DataFrame or Series
        Of the kind that came in; columns id, time and target. A period with a missing value inside
        is NaN: a sum without it would look like a sum.

    Raises
    ------
    FrequencyError
        If ``freq`` is not coarser than the data.
    ColumnNameError
        If ``by`` names a column that is not there, or that changes within a series.

    Examples
    --------
    >>> import pandas as pd
    >>> y = pd.Series(range(14), index=pd.date_range("2024-01-01", periods=14, freq="D"))
    >>> aggregate(y, freq="W-SUN").tolist()
    [21.0, 70.0]
    """
    check_choice(how, "how", ("sum", "mean", "min", "max", "first", "last"))
    check_choice(incomplete, "incomplete", ("drop", "keep", "nan"))
    panel = as_panel(data, **options)
    groups, ids = _groups(panel, _frame(data, options), by)
    calendar = panel.calendar if freq is None else _coarse_calendar(panel.calendar, panel, freq)
    period, expected = _periods(panel, calendar)
    if freq is not None and expected.max(initial=0) <= 1:
        raise FrequencyError(
            f"freq={freq!r} is not coarser than {panel.calendar.freq!r}, the freq of the data; "
            "say a coarser one"
        )
    values, ordinals, codes = _reduced(panel, groups, period, how)
    keep = _edges_complete(panel, groups, period, expected, codes, ordinals, ids, incomplete)
    values = np.where(keep, values, np.nan) if incomplete == "nan" else values
    if incomplete == "drop":
        values, ordinals, codes = values[keep], ordinals[keep], codes[keep]
    long = pd.DataFrame(
        {
            panel.shape.id_col: ids[codes],
            panel.shape.time_col: calendar.times(ordinals),
            panel.shape.target_col: values,
        }
    )
    shape = panel.shape if by is None else dataclasses.replace(panel.shape, id_dtype=None)
    return restore(long, shape)


def _frame(data: object, options: FrameOptions) -> pd.DataFrame | None:
    names = ("id_col", "unique_id"), ("time_col", "ds"), ("target_col", "y")
    keys = [str(options.get(option, usual)) for option, usual in names]
    return read_shape(data, keys[0], keys[1], keys[2]).frame


def _groups(
    panel: Panel, frame: pd.DataFrame | None, by: str | Sequence[str] | None
) -> tuple[IntArray, pd.Index]:
    """Return the group of each series, and the ids of the groups."""
    if by is None:
        return np.arange(panel.n_series), panel.ids
    names = [by] if isinstance(by, str) else list(by)
    id_col = panel.shape.id_col
    missing = [n for n in names if frame is None or n not in frame.columns]
    if frame is None or missing or id_col not in frame.columns:
        raise ColumnNameError(
            f"by={by!r} names columns of a long frame; not there: {', '.join(missing) or id_col}"
        )
    table = frame[[id_col, *names]].drop_duplicates()
    again = table[id_col].duplicated()
    if again.any():
        raise ColumnNameError(
            f"{', '.join(names)} changes within series {show_id(table[id_col][again].iloc[0])}; "
            "group by columns that do not",
            column=names[0],
        )
    rows = table.set_index(id_col).loc[panel.ids]
    label = rows[names[0]] if len(names) == 1 else rows[names].astype(str).agg("/".join, axis=1)
    codes, found = pd.factorize(label, sort=True)
    if (codes < 0).any():
        lost = panel.ids[np.flatnonzero(codes < 0)]
        raise ColumnNameError(
            f"{', '.join(names)} is null for {show_ids(lost)}; fill it in", column=names[0]
        )
    return np.asarray(codes, dtype=np.int64), pd.Index(found, name=id_col)


def _coarse_calendar(fine: Calendar, panel: Panel, freq: FreqLike) -> Calendar:
    frequency = _target(fine, freq)
    start = panel.start.min(keepdims=True)
    if isinstance(frequency, IntegerSteps):
        phase = int(fine.frequency.times(start, "int")[0]) % frequency.step
        return Calendar(dataclasses.replace(frequency, phase=phase), "integer", "int")
    first = _stamps(fine, start, frequency).astype("M8[D]").astype(f"M8[{fine.unit}]")
    period_freq = None
    if fine.kind == "period":
        period_freq = str(freq).replace("E", "", 1) if "E-" in str(freq) else str(freq).rstrip("ES")
    return Calendar(frequency.bind(first), fine.kind, fine.unit, fine.tz, period_freq)


def _target(fine: Calendar, freq: FreqLike) -> Frequency:
    if isinstance(freq, Frequency):
        return freq
    if fine.kind == "integer":
        if isinstance(freq, bool) or not isinstance(freq, (int, np.integer)) or freq < 1:
            raise FrequencyError(f"integer times need an int of at least 1 as freq=, got {freq!r}")
        return IntegerSteps(int(freq))
    if not isinstance(freq, str):
        raise FrequencyError(f"freq must be a text like 'W-SUN' or 'MS', got {freq!r}")
    named = parse_period(freq) if fine.kind == "period" else None
    return named or parse_frequency(freq)


def _stamps(fine: Calendar, ordinals: IntArray, coarse: Frequency) -> Any:
    """Return times as what the coarse frequency counts on: wall clock, or UTC below a day."""
    if fine.kind == "integer":
        return fine.frequency.times(ordinals, "int")
    times = fine.times(ordinals)
    if isinstance(times, pd.PeriodIndex):
        times = times.to_timestamp(how="start")
    index = pd.DatetimeIndex(times)
    if index.tz is not None:
        index = index.tz_convert("UTC") if coarse.on_the_clock else index
        index = index.tz_localize(None)
    return index.to_numpy()


def _periods(panel: Panel, coarse: Calendar) -> tuple[IntArray, IntArray]:
    """Return the period of each row, and how many steps that period has on the fine calendar."""
    fine = panel.calendar
    low, high = int(panel.start.min()), int(panel.end.max())
    if coarse is fine:
        period = panel.row_ordinals()
        return period, np.ones_like(period)

    def periods(first: int, last: int) -> IntArray:
        ordinals = np.arange(first, last + 1, dtype=np.int64)
        return coarse.frequency.periods(_stamps(fine, ordinals, coarse.frequency))

    inner = periods(low, high)
    margin = 1
    while periods(low - margin, low - margin)[0] == inner[0]:
        margin *= 2
    ahead = 1
    while periods(high + ahead, high + ahead)[0] == inner[-1]:
        ahead *= 2
    steps = periods(low - margin, high + ahead)
    found, size = np.unique(steps, return_counts=True)
    row = panel.row_ordinals() - low
    period = inner[row]
    return period, size[np.searchsorted(found, period)]


def _reduced(
    panel: Panel, groups: IntArray, period: IntArray, how: How
) -> tuple[FloatArray, IntArray, IntArray]:
    """Return the value, period and group of every (group, period)."""
    group = np.repeat(groups, panel.lengths)
    order = np.lexsort((period, group))
    y, group, period = panel.values[order], group[order], period[order]
    new = np.concatenate(([True], (group[1:] != group[:-1]) | (period[1:] != period[:-1])))
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(y)) - 1
    if how in ("first", "last"):
        values = y[first if how == "first" else last]
    else:
        reduce = {"min": np.minimum, "max": np.maximum}.get(how, np.add)
        values = reduce.reduceat(y, first)
        values = values / (last - first + 1) if how == "mean" else values
    return values, period[first], group[first]


def _edges_complete(
    panel: Panel,
    groups: IntArray,
    period: IntArray,
    expected: IntArray,
    codes: IntArray,
    ordinals: IntArray,
    ids: pd.Index,
    incomplete: Incomplete,
) -> BoolArray:
    """Return which (group, period) cells are covered by every series of the group that has rows there.

    A series covers all periods but its first and its last, which are compared with the calendar.
    """
    keep = np.ones(len(codes), dtype=bool)
    place = pd.MultiIndex.from_arrays([codes, ordinals])
    lo, hi = panel.offsets[:-1], panel.offsets[1:] - 1
    for rows in (lo, hi):
        have = _rows_of_period(panel, period, rows)
        bad = np.flatnonzero(have < expected[rows])
        keep[place.get_indexer(pd.MultiIndex.from_arrays([groups[bad], period[rows[bad]]]))] = False
    lost = np.flatnonzero(~keep)
    if len(lost):
        done = {"drop": "dropped", "keep": "kept", "nan": "set to NaN"}[incomplete]
        touched = np.unique(codes[lost])
        tell(
            f"{plural(len(lost), 'first or last period', 'first or last periods')} of "
            f"{plural(len(touched), 'series', 'series')} ({show_ids(ids[touched])}) not covered "
            f"by the data: {done} (incomplete={incomplete!r})"
        )
    return keep


def _rows_of_period(panel: Panel, period: IntArray, rows: IntArray) -> IntArray:
    """Return how many rows of its series share the period of each of these rows."""
    change = np.concatenate(([True], period[1:] != period[:-1]))
    change[panel.offsets[:-1]] = True
    first = np.flatnonzero(change)
    size = np.diff(np.append(first, len(period)))
    return np.asarray(size[np.searchsorted(first, rows, side="right") - 1])
