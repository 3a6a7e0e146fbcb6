"""The door: data of any shape in, a checked :class:`~forecasting.panel.Panel` out, once.

Problems of the frame stop here, with an error that names column, id, time, count and what to type.
Problems of one series (gaps, missing values) travel on and become failures of that series.
"""

from __future__ import annotations

from typing import Literal, TypedDict

import numpy as np
import pandas as pd

from forecasting._typing import FloatArray, IntArray
from forecasting.calendar import FreqLike
from forecasting.errors import (
    ArgumentError,
    InputError,
    RegressorError,
    TimeColumnError,
    check_keywords,
    one_of,
    plural,
    show_id,
    show_ids,
    show_time,
    tell,
)
from forecasting.oddities import say_odd_values, say_stale
from forecasting.panel import Panel
from forecasting.regressors import Regressors, align, align_future, split_columns
from forecasting.rows import (
    OnDuplicate,
    check_grid,
    check_steps,
    filled,
    read_rows,
    without_duplicates,
)
from forecasting.shapes import Columns, read_shape


class FrameOptions(TypedDict, total=False):
    """Keyword arguments of everything that reads a frame; see :func:`as_panel`."""

    id_col: str
    time_col: str
    target_col: str
    date_format: str | None
    on_duplicate: OnDuplicate
    drop_trailing_na: bool
    complete_until: object
    as_of: object
    end: Literal["any", "common"]


class DataOptions(FrameOptions, total=False):
    """Keyword arguments of everything that reads data; see :func:`as_panel`."""

    freq: FreqLike


def as_panel(
    data: object,
    *,
    X: Regressors | None = None,
    freq: FreqLike = None,
    id_col: str = "unique_id",
    time_col: str = "ds",
    target_col: str = "y",
    date_format: str | None = None,
    on_duplicate: OnDuplicate = "error",
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
        ``"D"``, ``"W-MON"``, ``"MS"``, ``"15min"``, ..., an int for integer time, or every period
        end of a calendar of one's own. Inferred when None; every row is checked against it either
        way.
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
        The run's clock; rows after it are an error. Nothing here reads the clock of the machine.
    end : {"any", "common"}
        ``"common"`` raises if the series do not all end at the same time.

    Returns
    -------
    Panel

    Raises
    ------
    InputError
        One of its subclasses, for problems of the frame.

    Notes
    -----
    Missing values at the start of a series are dropped, with a warning; in a wide frame, where a
    shorter series can only be written so, without one. Missing values elsewhere stay, and fail that
    series in forecasters that cannot take them.
    """
    check_keywords(unknown, tuple(DataOptions.__annotations__), "reading data")
    if not one_of(end, "any", "common"):
        raise ArgumentError(f"end must be 'any' or 'common', got {end!r}")
    if isinstance(data, Panel):
        return data if X is None else align(data, _declared(X))
    columns = read_shape(data, id_col, time_col, target_col)
    rows = read_rows(columns, freq, date_format)
    check_grid(rows)
    rows = without_duplicates(rows, on_duplicate)
    check_steps(rows)
    panel = filled(rows)
    del rows  # as large as the panel, and of no more use
    _check_as_of(panel, as_of)
    panel = _completed(panel, complete_until)
    panel = _without_missing_ends(panel, drop_trailing_na, columns)
    say_stale(panel, end)
    say_odd_values(panel)
    if X is None:
        return panel
    return align(panel, split_columns(_declared(X), columns.frame, columns.shape), date_format)


def _declared(X: object) -> Regressors:
    if not isinstance(X, Regressors):
        raise RegressorError(
            "X must say the role of its columns: X=Regressors(known_future=frame), past_only= or "
            "static="
        )
    return X


def known_ahead(panel: Panel, X: Regressors | pd.DataFrame | None, h: int) -> FloatArray | None:
    """Return the known-future regressors of the next ``h`` steps, (n_series, h, p), or None."""
    return align_future(panel, X, h)


# --- where series begin and end -------------------------------------------------------------------


def _check_as_of(panel: Panel, as_of: object) -> None:
    if as_of is None:
        return
    late = np.flatnonzero(panel.end > panel.calendar.latest(as_of))
    if len(late):
        last = panel.calendar.times(panel.end[late[:1]])[0]
        raise TimeColumnError(
            f"{plural(len(late), 'series', 'series')} with rows after as_of={as_of}, first "
            f"{show_id(panel.ids[late[0]])}, until {show_time(last)}; drop them, df = df[df["
            f"{panel.shape.time_col!r}] <= as_of], or move as_of=",
            column=panel.shape.time_col,
            n_bad=len(late),
            ids=panel.ids[late[:10]],
        )


def _completed(panel: Panel, until: object) -> Panel:
    if until is None:
        return panel
    keep = np.clip(panel.calendar.latest(until) - panel.start + 1, 0, panel.lengths)
    _say_dropped(panel, panel.lengths - keep, f"after complete_until={until}")
    return _cut(panel, panel.offsets[:-1], panel.offsets[:-1] + keep)


def _without_missing_ends(panel: Panel, drop_trailing: bool, columns: Columns) -> Panel:
    """Drop missing values before the first, and if asked after the last, that was observed."""
    missing = np.isnan(panel.values)
    if not missing.any():
        return panel
    lo, hi = panel.offsets[:-1], panel.offsets[1:]
    observed = np.append(np.flatnonzero(~missing), len(missing))
    first_seen = np.searchsorted(observed, lo)
    after_seen = np.searchsorted(observed, hi)
    some = after_seen > first_seen  # a series without any value stays whole, and fails as such
    first = np.where(some, observed[first_seen], lo)
    if not columns.pad_nan:
        _say_dropped(panel, first - lo, "with a missing value at the start")
    last = hi
    if drop_trailing:
        last = np.where(some, observed[np.maximum(after_seen - 1, 0)] + 1, hi)
        _say_dropped(panel, hi - last, "with a missing value at the end")
    return _cut(panel, first, last)


def _cut(panel: Panel, lo: IntArray, hi: IntArray) -> Panel:
    if np.array_equal(lo, panel.offsets[:-1]) and np.array_equal(hi, panel.offsets[1:]):
        return panel
    keep = np.flatnonzero(hi > lo)
    if len(keep) == 0:
        raise InputError("no rows are left; move complete_until= to a later time")
    return panel.cut(keep, lo[keep], hi[keep])


def _say_dropped(panel: Panel, dropped: IntArray, which: str) -> None:
    touched = np.flatnonzero(dropped > 0)
    gone = np.flatnonzero(dropped >= panel.lengths)
    if len(touched):
        whole = f"; nothing is left of {show_ids(panel.ids[gone])}" if len(gone) else ""
        tell(
            f"dropped {plural(int(dropped.sum()), 'row')} {which}, of "
            f"{plural(len(touched), 'series', 'series')}: {show_ids(panel.ids[touched])}{whole}"
        )
