"""The door: data of any shape in, a checked :class:`~forecasting.panel.Panel` out, once.

Problems of the frame stop here, with an error that names column, id, time, count and what to type.
Problems of one series (gaps, missing values) travel on and become failures of that series.
"""

from __future__ import annotations

import warnings
from typing import Literal, TypedDict

import numpy as np
import pandas as pd

from forecasting._typing import BoolArray, FloatArray, IntArray
from forecasting.calendar import (
    Calendar,
    FreqLike,
    Times,
    find_calendar,
    looks_like,
    off_grid_hint,
    read_times,
)
from forecasting.columns import read_ids, read_target
from forecasting.errors import (
    ArgumentError,
    DataWarning,
    DuplicateRowsError,
    FrequencyError,
    InputError,
    RegressorError,
    StaleSeriesWarning,
    TimeColumnError,
    check_keywords,
    plural,
    show_id,
    show_ids,
)
from forecasting.frequency import EPOCH_WEEKDAY, BusinessDays, DaySteps
from forecasting.panel import Panel, no_covariates
from forecasting.regressors import Regressors, align, align_future, split_columns
from forecasting.shapes import Columns, read_shape

#: A single jump of more steps than this, and of ten times the length of the series, is an error.
LARGEST_JUMP = 1000
#: Filling gaps may add this many rows at most.
LARGEST_FILL = 2_000_000


class DataOptions(TypedDict, total=False):
    """Keyword arguments of everything that reads data; see :func:`as_panel`."""

    freq: FreqLike
    id_col: str
    time_col: str
    target_col: str
    date_format: str | None
    on_duplicate: Literal["error", "sum", "mean", "first", "last"]
    drop_trailing_na: bool
    complete_until: object
    as_of: object
    end: Literal["any", "common"]


def as_panel(
    data: object,
    *,
    X: Regressors | None = None,
    freq: FreqLike = None,
    id_col: str = "unique_id",
    time_col: str = "ds",
    target_col: str = "y",
    date_format: str | None = None,
    on_duplicate: Literal["error", "sum", "mean", "first", "last"] = "error",
    drop_trailing_na: bool = False,
    complete_until: object = None,
    as_of: object = None,
    end: Literal["any", "common"] = "any",
    **unknown: object,
) -> Panel:
    """Read and check data of any shape.

    Parameters
    ----------
    data : DataFrame, Series, polars or Arrow table, or Panel
        Long frame with columns ``unique_id, ds, y``; wide frame (a column a series, times in the
        index); Series; sktime MultiIndex frame. Rows may come in any order.
    X : Regressors, optional
        Regressors with their declared roles.
    freq : str, int or DatetimeIndex, optional
        ``"D"``, ``"W-MON"``, ``"MS"``, ``"15min"``, ..., an int for integer time, or every period end
        of a calendar of one's own. Inferred when None; every row is checked against it either way.
    id_col, time_col, target_col : str
        Names of the columns of a long frame. Without an id column the frame is one series.
    date_format : str, optional
        strptime format of times that are text and not ISO-8601.
    on_duplicate : {"error", "sum", "mean", "first", "last"}
        What to do with two rows of one series and time.
    drop_trailing_na : bool
        Drop missing values at the end of a series, and say so, instead of failing that series.
    complete_until : time, optional
        Drop rows after it, and say so: the last period of a nightly job is often incomplete.
    as_of : time, optional
        The run's clock; rows after it are an error.
    end : {"any", "common"}
        ``"common"`` raises if the series do not all end at the same time.

    Returns
    -------
    Panel

    Raises
    ------
    InputError
        One of its subclasses, for problems of the frame.
    """
    check_keywords(unknown, tuple(DataOptions.__annotations__), "reading data")
    if isinstance(data, Panel):
        return _again(data, X)
    columns = read_shape(data, id_col, time_col, target_col)
    codes, ids = read_ids(columns.unique_id, id_col)
    times = read_times(columns.ds, time_col, date_format)
    y = read_target(columns.y, target_col)
    codes, times, y = _sorted(codes, times, y)
    calendar, ordinals = _on_calendar(codes, ids, times, freq, time_col)
    codes, ordinals, y = _without_duplicates(codes, ids, ordinals, y, calendar, on_duplicate, columns)
    _check_steps(codes, ids, ordinals, times, calendar, time_col)
    panel = _filled(codes, ids, ordinals, y, calendar, columns)
    panel = _trimmed(panel, drop_trailing_na, complete_until, as_of, columns.pad_nan)
    _say_what_is_odd(panel, end)
    return _with_regressors(panel, X, columns, date_format)


def _again(panel: Panel, X: Regressors | None) -> Panel:
    if X is None:
        return panel
    return align(panel, X)


def _with_regressors(
    panel: Panel, X: Regressors | None, columns: Columns, date_format: str | None
) -> Panel:
    if X is None:
        return panel
    if not isinstance(X, Regressors):
        raise RegressorError(
            "X must say the role of its columns: X=Regressors(known_future=frame), past_only= or static="
        )
    return align(panel, split_columns(X, columns.frame, columns.shape), date_format)


def known_ahead(panel: Panel, X: Regressors | pd.DataFrame | None, h: int) -> FloatArray | None:
    """Return the known-future regressors of the next ``h`` steps, shape (n_series, h, p), or None."""
    return align_future(panel, X, h)


# --- the steps, in order ------------------------------------------------------------------------------


def _sorted(
    codes: IntArray, times: Times, y: FloatArray
) -> tuple[IntArray, Times, FloatArray]:
    axis = times.utc if times.utc is not None else times.wall
    same = codes[1:] == codes[:-1]
    if (codes[1:] >= codes[:-1]).all() and (~same | (axis[1:] >= axis[:-1])).all():
        return codes, times, y
    order = np.lexsort((axis, codes))
    return codes[order], times.take(order), y[order]


def _on_calendar(
    codes: IntArray, ids: pd.Index, times: Times, freq: FreqLike, name: str
) -> tuple[Calendar, IntArray]:
    calendar = find_calendar(times, codes[1:] == codes[:-1], freq, name)
    ordinals, on_grid = calendar.ordinals(times)
    if on_grid.all():
        return calendar, ordinals
    off = np.flatnonzero(~on_grid)
    wrong = times.take(off)
    first, series = wrong.wall[0], np.unique(codes[off])
    said = "freq" if freq is not None else "the inferred freq"
    raise FrequencyError(
        f"{plural(len(off), 'row')} of {len(codes):,} fall outside {said} {calendar.freq!r}, in "
        f"{plural(len(series), 'series', 'series')}; first {show_id(ids[codes[off[0]]])} @ {first}. "
        f"{off_grid_hint(wrong if len(off) < len(codes) else times, calendar.freq, on_grid)}",
        column=name,
        n_bad=len(off),
        ids=ids[series[:10]],
    )


def _without_duplicates(
    codes: IntArray,
    ids: pd.Index,
    ordinals: IntArray,
    y: FloatArray,
    calendar: Calendar,
    how: str,
    columns: Columns,
) -> tuple[IntArray, IntArray, FloatArray]:
    double = (codes[1:] == codes[:-1]) & (ordinals[1:] == ordinals[:-1])
    if not double.any():
        return codes, ordinals, y
    if how == "error":
        raise _duplicate_error(codes, ids, ordinals, y, calendar, np.flatnonzero(double), columns)
    if how not in ("sum", "mean", "first", "last"):
        raise ArgumentError(f"on_duplicate must be 'error', 'sum', 'mean', 'first' or 'last', got {how!r}")
    first = np.flatnonzero(np.concatenate(([True], ~double)))
    if how in ("first", "last"):
        keep = first if how == "first" else np.concatenate((first[1:], [len(codes)])) - 1
        return codes[keep], ordinals[keep], y[keep]
    total = np.add.reduceat(y, first)
    if how == "mean":
        total = total / np.diff(np.concatenate((first, [len(codes)])))
    return codes[first], ordinals[first], total


def _duplicate_error(
    codes: IntArray,
    ids: pd.Index,
    ordinals: IntArray,
    y: FloatArray,
    calendar: Calendar,
    double: IntArray,
    columns: Columns,
) -> DuplicateRowsError:
    at, shape = double[0], columns.shape
    when, who = calendar.times(ordinals[at : at + 1])[0], ids[codes[at]]
    same = y[at] == y[at + 1] or (np.isnan(y[at]) and np.isnan(y[at + 1]))
    values = "values equal" if same else f"values differ: {y[at]:g} vs {y[at + 1]:g}"
    keys = [shape.id_col, shape.time_col] if shape.has_ids else [shape.time_col]
    hint = f"drop them with df.drop_duplicates({keys}) or say on_duplicate='sum'"
    if calendar.tz is None and calendar.frequency.on_the_clock and pd.Timestamp(when).hour <= 3:
        hint = (
            f"this looks like a daylight-saving fall-back hour ({when}); keep the time zone "
            f"(tz_localize) or use UTC. Otherwise {hint}"
        )
    rows = np.flatnonzero((columns.unique_id.to_numpy() == who))[:0]
    series = np.unique(codes[double])
    return DuplicateRowsError(
        f"{plural(len(double), 'duplicated pair')} of ({', '.join(keys)}) in "
        f"{len(series):,} of {len(ids):,} series; first {show_id(who)} @ {when} ({values}); {hint}",
        column=shape.time_col,
        n_bad=len(double),
        ids=ids[series[:10]],
        rows=rows,
    )


def _check_steps(
    codes: IntArray,
    ids: pd.Index,
    ordinals: IntArray,
    times: Times,
    calendar: Calendar,
    name: str,
) -> None:
    """Refuse series of another frequency, jumps to placeholder dates, and weekdays read as days."""
    steps = np.diff(ordinals)
    steps[codes[1:] != codes[:-1]] = 1
    if not len(steps) or steps.max() == 1:
        return
    starts = np.flatnonzero(np.concatenate(([True], codes[1:] != codes[:-1])))
    lengths = np.diff(np.concatenate((starts, [len(codes)])))
    largest = int(np.argmax(steps))
    series = int(np.searchsorted(starts, largest, side="right")) - 1
    if steps[largest] > max(LARGEST_JUMP, 10 * lengths[series]):
        raise TimeColumnError(
            f"{show_id(ids[codes[largest]])}: one step jumps {steps[largest]:,} steps of freq "
            f"{calendar.freq}, to {calendar.times(ordinals[largest + 1 : largest + 2])[0]}; is it a "
            f"placeholder? Drop it, df = df[df[{name!r}] < ...]",
            column=name,
            n_bad=1,
            ids=[ids[codes[largest]]],
        )
    inner = np.where(codes[1:] != codes[:-1], np.iinfo(np.int64).max, np.diff(ordinals))
    least = np.minimum.reduceat(np.append(inner, np.iinfo(np.int64).max), starts)
    coarse = np.flatnonzero((least > 1) & (lengths >= 4))
    if len(coarse):
        at = int(starts[coarse[0]])
        rows = np.arange(at, at + int(lengths[coarse[0]]))
        found = looks_like(times, rows) if len(times.wall) == len(codes) else "coarser"
        raise FrequencyError(
            f"{show_id(ids[codes[at]])} looks like freq {found!r}, but the panel has "
            f"{calendar.freq!r} ({len(coarse):,} of {len(ids):,} series are coarser); split the frame by "
            "frequency, or use aggregate(...) to bring all to one",
            column=name,
            ids=ids[codes[starts[coarse[:10]]]],
            n_bad=len(coarse),
        )
    daily = isinstance(calendar.frequency, DaySteps) and calendar.frequency.step == 1
    if daily and len(ordinals) >= 10 and (((ordinals + EPOCH_WEEKDAY) % 7) < 5).all():
        raise FrequencyError(
            f"no Saturday or Sunday in {len(ordinals):,} rows of {name}: is it freq='B' (business days)?",
            column=name,
        )


def _filled(
    codes: IntArray,
    ids: pd.Index,
    ordinals: IntArray,
    y: FloatArray,
    calendar: Calendar,
    columns: Columns,
) -> Panel:
    first = np.flatnonzero(np.concatenate(([True], codes[1:] != codes[:-1])))
    last = np.concatenate((first[1:], [len(codes)])) - 1
    start = ordinals[first]
    lengths = ordinals[last] - start + 1
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    total = int(offsets[-1])
    gaps: BoolArray | None = None
    if total > len(y):
        if total - len(y) > LARGEST_FILL:
            raise TimeColumnError(
                f"the calendar of freq {calendar.freq!r} has {total - len(y):,} steps without a row; "
                "declare the true freq="
            )
        rows = offsets[codes] + ordinals - start[codes]
        values = np.full(total, np.nan)
        values[rows] = y
        gaps = np.ones(total, dtype=bool)
        gaps[rows] = False
        y = values
    covariates = no_covariates(len(y), len(ids))
    return Panel(y, offsets, start, ids, calendar, covariates, gaps, columns.shape)


def _trimmed(
    panel: Panel, drop_trailing_na: bool, complete_until: object, as_of: object, silent: bool
) -> Panel:
    lo, hi = panel.offsets[:-1].copy(), panel.offsets[1:].copy()
    if as_of is not None and int(panel.end.max()) > panel.calendar.at(as_of):
        late = int(np.argmax(panel.end))
        raise TimeColumnError(
            f"{show_id(panel.ids[late])} has rows after as_of={as_of}, the last "
            f"{panel.calendar.times(panel.end[late : late + 1])[0]}; drop them, or move as_of",
            column=panel.shape.time_col,
        )
    if complete_until is not None:
        keep = np.clip(panel.calendar.at(complete_until) - panel.start + 1, 0, panel.lengths)
        _say_trimmed(panel, panel.lengths - keep, f"rows after complete_until={complete_until}")
        hi = lo + keep
    missing = np.isnan(panel.values)
    if missing.any():
        observed = np.flatnonzero(~missing)
        at_lo = np.searchsorted(observed, lo)
        at_hi = np.searchsorted(observed, hi)
        some = at_hi > at_lo
        first = np.where(some, observed[np.minimum(at_lo, max(len(observed) - 1, 0))], lo) if len(observed) else lo
        if not silent:
            _say_trimmed(panel, first - lo, "missing values at the start")
        lo = first
        if drop_trailing_na and len(observed):
            final = np.where(some, observed[np.maximum(at_hi - 1, 0)] + 1, hi)
            _say_trimmed(panel, hi - final, "missing values at the end")
            hi = final
    if not (hi > lo).any():
        raise InputError("no rows are left after trimming; check complete_until")
    if np.array_equal(lo, panel.offsets[:-1]) and np.array_equal(hi, panel.offsets[1:]):
        return panel
    keep_series = np.flatnonzero(hi > lo)
    return panel.cut(keep_series, lo[keep_series], hi[keep_series])


def _say_trimmed(panel: Panel, dropped: IntArray, what: str) -> None:
    touched = np.flatnonzero(dropped > 0)
    if len(touched):
        warnings.warn(
            f"dropped {plural(int(dropped.sum()), 'row')} of {plural(len(touched), 'series', 'series')} "
            f"({show_ids(panel.ids[touched])}): {what}",
            DataWarning,
            stacklevel=5,
        )


def _say_what_is_odd(panel: Panel, end: str) -> None:
    last = int(panel.end.max())
    late = np.flatnonzero(panel.end < last)
    if len(late):
        lag = int((last - panel.end[late]).max())
        worst = late[int(np.argmax(last - panel.end[late]))]
        message = (
            f"{len(late):,} of {panel.n_series:,} series end before {panel.calendar.times(np.array([last]))[0]}: "
            f"{show_ids(panel.ids[late])}; {show_id(panel.ids[worst])} by {plural(lag, 'step')}"
        )
        if end == "common":
            raise InputError(f"{message}; end='common' asks for one end", ids=panel.ids[late[:10]])
        warnings.warn(f"{message}; each is forecast from its own end", StaleSeriesWarning, stacklevel=4)
    _say_outliers(panel)


def _say_outliers(panel: Panel) -> None:
    """Warn of single values a thousand times the rest and more than 50 robust deviations away."""
    size = np.abs(np.where(np.isfinite(panel.values), panel.values, 0.0))
    largest = np.maximum.reduceat(size, panel.offsets[:-1])
    with np.errstate(over="ignore"):
        rest = np.add.reduceat(size, panel.offsets[:-1]) - largest
    suspect = (panel.lengths >= 5) & (rest > 0) & (largest / 1000 > rest / np.maximum(panel.lengths - 1, 1))
    found = []
    for i in np.flatnonzero(suspect).tolist():
        y = panel.series(i)
        y = y[np.isfinite(y)]
        middle = np.median(y)
        spread = 1.4826 * np.median(np.abs(y - middle))
        if spread > 0 and np.abs(y - middle).max() > 50 * spread:
            found.append(panel.ids[i])
    if found:
        warnings.warn(
            f"{plural(len(found), 'series', 'series')} with a value more than 50 robust deviations off: "
            f"{show_ids(found)}; check(data) shows it. The data is not changed",
            DataWarning,
            stacklevel=5,
        )


__all__ = ["BusinessDays", "DataOptions", "as_panel", "known_ahead"]
