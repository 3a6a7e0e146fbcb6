"""The rows of a frame, sorted by series and time, and the checks that concern the whole frame."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from forecasting._typing import BoolArray, FloatArray, IntArray
from forecasting.calendar import (
    Calendar,
    FreqLike,
    blocks,
    find_calendar,
    looks_like,
    off_grid_hint,
)
from forecasting.columns import read_ids, read_target
from forecasting.errors import (
    ArgumentError,
    DuplicateRowsError,
    FrequencyError,
    TimeColumnError,
    one_of,
    plural,
    show_id,
    show_time,
)
from forecasting.frequency import EPOCH_WEEKDAY, DaySteps
from forecasting.panel import Panel, no_covariates
from forecasting.shapes import Columns
from forecasting.times import Times, read_times

OnDuplicate = Literal["error", "sum", "mean", "first", "last"]

#: A single jump of more steps than this, and of ten times the length of the series, is an error.
LARGEST_JUMP = 1000
#: Filling gaps may add this many rows at most.
LARGEST_FILL = 2_000_000
#: Rows without a Saturday or Sunday after which daily data is taken for business days.
ROWS_TO_MISS_WEEKENDS = 10


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows sorted by series, then time; equal times keep the order in which they came.

    Attributes
    ----------
    codes : array of int, shape (n,)
        The series of each row, a position in ``ids``.
    ordinals : array of int, shape (n,)
        Its time on the calendar.
    order : array of int, shape (n,), or None
        The row of the data that each row was; None if the data was sorted.
    """

    codes: IntArray
    ids: pd.Index
    times: Times
    ordinals: IntArray
    on_grid: BoolArray
    y: FloatArray
    order: IntArray | None
    calendar: Calendar
    columns: Columns

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def begins(self) -> BoolArray:
        """Which rows are the first of their series."""
        return np.concatenate(([True], self.codes[1:] != self.codes[:-1]))

    def doubles(self) -> BoolArray:
        """Return which rows repeat the series and time of the row before."""
        same = (self.codes[1:] == self.codes[:-1]) & (self.ordinals[1:] == self.ordinals[:-1])
        return np.concatenate(([False], same))

    def take(self, rows: IntArray | BoolArray) -> Rows:
        """Return these rows, in order."""
        return dataclasses.replace(
            self,
            codes=self.codes[rows],
            times=self.times.take(rows),
            ordinals=self.ordinals[rows],
            on_grid=self.on_grid[rows],
            y=self.y[rows],
            order=np.arange(len(self))[rows] if self.order is None else self.order[rows],
        )

    def place(self, row: int) -> str:
        """Return where a row is: ``"store_7 @ 2024-01-11"``."""
        when = self.calendar.times(self.ordinals[row : row + 1])[0]
        return f"{show_id(self.ids[self.codes[row]])} @ {show_time(when)}"


def read_rows(columns: Columns, freq: FreqLike, date_format: str | None) -> Rows:
    """Read the three columns, sort the rows, and place them on a calendar.

    Raises
    ------
    InputError
        If a column cannot be read, or no frequency can be seen.
    """
    shape = columns.shape
    codes, ids = read_ids(columns.unique_id, shape.id_col)
    times = read_times(columns.ds, shape.time_col, date_format)
    y = read_target(columns.y, shape.target_col)
    order = _order(codes, times, len(ids))
    if order is not None:
        codes, times, y = codes[order], times.take(order), y[order]
    calendar = find_calendar(times, codes[1:] == codes[:-1], freq, shape.time_col)
    ordinals, on_grid = calendar.ordinals(times)
    return Rows(codes, ids, times, ordinals, on_grid, y, order, calendar, columns)


def _order(codes: IntArray, times: Times, n_series: int) -> IntArray | None:
    """Return the stable order by series and time, or None if the rows have it."""
    axis = times.instants
    change = codes[1:] != codes[:-1]
    rising = bool(((axis[1:] >= axis[:-1]) | change).all())
    heads = np.flatnonzero(np.concatenate(([True], change)))
    if not rising or len(heads) > n_series:
        return _sorted_rows(codes, axis.view(np.int64), n_series)
    # One sorted block for each series, as files mostly are: move blocks, not rows.
    blocks = np.argsort(codes[heads])
    if (blocks[1:] > blocks[:-1]).all():
        return None
    lengths = np.diff(np.append(heads, len(codes)))[blocks]
    begins = np.cumsum(lengths) - lengths
    order: IntArray = np.arange(len(codes)) + np.repeat(heads[blocks] - begins, lengths)
    return order


def _sorted_rows(codes: IntArray, axis: IntArray, n_series: int) -> IntArray:
    low = int(axis.min())
    span = int(axis.max()) - low + 1
    if n_series * span < 2**63:  # one key sorts twice as fast as two
        return np.argsort(codes.astype(np.int64) * span + (axis - low), kind="stable")
    return np.lexsort((axis, codes))


def check_grid(rows: Rows) -> None:
    """Refuse rows whose time is not on the calendar."""
    if rows.on_grid.all():
        return
    off = np.flatnonzero(~rows.on_grid)
    series = np.unique(rows.codes[off])
    wrong = rows.times.take(off)
    hint = off_grid_hint(wrong, rows.calendar, rows.columns.shape.time_col)
    raise FrequencyError(
        f"{plural(len(off), 'row')} of {len(rows):,} in {_of(series, rows)} fall outside freq "
        f"{rows.calendar.freq!r}{_furthest(rows, off)}; first "
        f"{show_id(rows.ids[rows.codes[off[0]]])} @ "
        f"{show_time(pd.Index(wrong.wall)[0])}; {hint}",
        column=rows.columns.shape.time_col,
        n_bad=len(off),
        ids=rows.ids[series[:10]],
    )


def _of(series: IntArray, rows: Rows) -> str:
    return f"{len(series):,} of {len(rows.ids):,} series"


def _furthest(rows: Rows, off: IntArray) -> str:
    if rows.times.kind == "integer":
        return ""
    axis = rows.times.on_axis(rows.calendar.frequency)[off]
    steps = rows.calendar.frequency.times(rows.ordinals[off], rows.calendar.unit)
    return f", by up to {show_time(pd.Timedelta(np.abs(axis - steps).max()))}"


def without_duplicates(rows: Rows, how: str) -> Rows:
    """Return one row per series and time.

    Raises
    ------
    DuplicateRowsError
        If there are two and ``how`` is ``"error"``.
    """
    if not one_of(how, "error", "sum", "mean", "first", "last"):
        raise ArgumentError(
            f"on_duplicate must be 'error', 'sum', 'mean', 'first' or 'last', got {how!r}"
        )
    double = rows.doubles()
    if not double.any():
        return rows
    if how == "error":
        raise _duplicate_error(rows, double)
    first = np.flatnonzero(~double)
    last = np.append(first[1:], len(rows)) - 1
    kept = rows.take(last if how == "last" else first)
    if how in ("first", "last"):
        return kept
    total = np.add.reduceat(rows.y, first)
    return dataclasses.replace(kept, y=total / (last - first + 1) if how == "mean" else total)


def _duplicate_error(rows: Rows, double: BoolArray) -> DuplicateRowsError:
    shape = rows.columns.shape
    found = np.flatnonzero(double)
    at = int(found[0])
    a, b = rows.y[at - 1], rows.y[at]
    values = (
        "values equal"
        if a == b or (np.isnan(a) and np.isnan(b))
        else f"values differ: {a:g} vs {b:g}"
    )
    keys = [shape.id_col, shape.time_col] if shape.has_ids else [shape.time_col]
    hint = f"drop with df.drop_duplicates({keys}), or add them up with on_duplicate='sum'"
    when = rows.calendar.times(rows.ordinals[at : at + 1])[0]
    clock = rows.calendar.tz is None and rows.calendar.frequency.on_the_clock
    if clock and isinstance(when, pd.Timestamp) and when.hour <= 3:
        hint = (
            f"this looks like a daylight-saving fall-back hour ({when:%Y-%m-%d %H:%M}): keep the "
            f"time zone or use UTC, pd.to_datetime(..., utc=True). If it is not, {hint}"
        )
    both = np.unique(np.concatenate((found - 1, found)))[:10]
    origin = both if rows.order is None else rows.order[both]
    series = np.unique(rows.codes[found])
    what = f"({', '.join(keys)}) pair" if shape.has_ids else f"{shape.time_col} value"
    if not shape.has_ids and len(found) > 1:
        hint = (
            f"there is no column {shape.id_col!r}, so all rows are one series: if they are several, say "
            f"which column names them, id_col=. If they are one, {hint}"
        )
    return DuplicateRowsError(
        f"{plural(len(found), f'duplicated {what}')} in {_of(series, rows)}; first {rows.place(at)}, "
        f"rows {origin[0]} and {origin[1]} ({values}); {hint}",
        column=shape.time_col,
        n_bad=len(found),
        ids=rows.ids[series[:10]],
        rows=pd.DataFrame(
            {
                "row": origin,
                shape.id_col: rows.ids[rows.codes[both]],
                shape.time_col: rows.calendar.times(rows.ordinals[both]),
                shape.target_col: rows.y[both],
            }
        ),
    )


def check_steps(rows: Rows) -> None:
    """Refuse jumps to placeholder dates, series on a coarser step, and weekdays read as days."""
    begins = rows.begins
    if _has_every_step(rows, begins):
        return
    steps = np.diff(rows.ordinals, prepend=rows.ordinals[0])
    steps[begins] = 1
    first = np.flatnonzero(begins)
    _check_jump(rows, steps)
    _check_coarse(rows, steps, first)
    if steps.max() >= 3:  # from a Friday to a Monday
        _check_weekends(rows)


def _has_every_step(rows: Rows, begins: BoolArray) -> bool:
    ordinals = rows.ordinals
    return all(
        ((ordinals[1:][part] - ordinals[:-1][part] == 1) | begins[1:][part]).all()
        for part in blocks(len(rows) - 1)
    )


def _check_jump(rows: Rows, steps: IntArray) -> None:
    at = int(np.argmax(steps))
    series = rows.codes[at]
    length = int(np.count_nonzero(rows.codes == series))
    if steps[at] <= max(LARGEST_JUMP, 10 * length):
        return
    name = rows.columns.shape.time_col
    before = rows.place(at - 1).rsplit(" @ ", 1)[1]
    raise TimeColumnError(
        f"{rows.place(at)}: jumps {steps[at]:,} steps of freq {rows.calendar.freq!r} from {before}; "
        f"is one of the two a placeholder? Drop it, df = df[df[{name!r}] < ...]",
        column=name,
        n_bad=1,
        ids=[rows.ids[series]],
    )


def coarser(rows: Rows, steps: IntArray, first: IntArray) -> list[int]:
    """Return the series that are regular on a coarser step: weeks among days, months read as days.

    ``steps`` are the distances to the row before, 1 at the rows ``first`` of each series.
    """
    lengths = np.diff(np.append(first, len(rows)))
    inner = steps.copy()
    inner[first] = np.iinfo(np.int64).max
    least = np.minimum.reduceat(inner, first)
    found = []
    for series in np.flatnonzero((least > 1) & (lengths >= 4)).tolist():
        own = steps[first[series] + 1 : first[series] + lengths[series]]
        usual = own[own <= 1.3 * least[series]]  # months are 28 to 31 days, or 4 and 5 weeks
        if len(usual) >= 0.75 * len(own) and (len(usual) == len(own) or len(own) >= 6):
            found.append(series)
    return found


def _check_coarse(rows: Rows, steps: IntArray, first: IntArray) -> None:
    coarse = coarser(rows, steps, first)
    if not coarse:
        return
    lengths = np.diff(np.append(first, len(rows)))
    begin = int(first[coarse[0]])
    codes = rows.codes[first[coarse]]
    lone = rows.times.take(slice(begin, begin + int(lengths[coarse[0]])))
    found, freq, who = looks_like(lone), rows.calendar.freq, show_id(rows.ids[codes[0]])
    share = f"({_of(codes, rows)} {'is' if len(coarse) == 1 else 'are'} coarser)"
    if found == freq:  # regular to the eye, but on no calendar that has a name
        message = (
            f"{who} has no two neighbouring steps of freq {freq!r} {share}: say the true freq=, "
            "or list every period end of a calendar of your own (4-4-5), freq=pd.DatetimeIndex([...])"
        )
    elif len(coarse) == len(first):
        message = f"{who} looks like freq {found!r}, not {freq!r} {share}; say freq={found!r}"
    else:
        message = (
            f"{who} looks like freq {found!r}, the data has {freq!r} {share}; forecast the two "
            f"apart, or bring the finer part to {found!r} with aggregate(part, freq={found!r})"
        )
    raise FrequencyError(
        message,
        column=rows.columns.shape.time_col,
        ids=rows.ids[codes[:10]],
        n_bad=len(coarse),
    )


def _check_weekends(rows: Rows) -> None:
    frequency = rows.calendar.frequency
    if (
        not isinstance(frequency, DaySteps)
        or frequency.step != 1
        or len(rows) < ROWS_TO_MISS_WEEKENDS
    ):
        return
    parts = (slice(0, 100), slice(100, None))  # a weekend is found at once, where there is one
    if any(((rows.ordinals[part] + EPOCH_WEEKDAY) % 7 >= 5).any() for part in parts):
        return
    held = ~np.isnan(rows.y) if rows.columns.pad_nan else np.ones(len(rows), bool)
    over = (np.diff(rows.ordinals[held]) >= 3) & (np.diff(rows.codes[held]) == 0)
    n = np.count_nonzero(held)
    if over.any() and n >= ROWS_TO_MISS_WEEKENDS:
        raise FrequencyError(
            f"no Saturday or Sunday in {n:,} rows of {rows.columns.shape.time_col}, but "
            "freq is 'D': type freq='B' (business days)",
            column=rows.columns.shape.time_col,
        )


def filled(rows: Rows) -> Panel:
    """Return the panel of checked rows; steps of the calendar without a row become NaN.

    Raises
    ------
    TimeColumnError
        If that would add more than :data:`LARGEST_FILL` rows.
    """
    first = np.flatnonzero(rows.begins)
    last = np.append(first[1:], len(rows)) - 1
    start = rows.ordinals[first]
    lengths = rows.ordinals[last] - start + 1
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    y, gaps = rows.y, None
    holes = int(offsets[-1]) - len(y)
    if holes:
        if holes > LARGEST_FILL:
            raise TimeColumnError(
                f"freq {rows.calendar.freq!r} has {holes:,} steps without a row, in {len(y):,} "
                "rows; say the true freq=, or add the rows up to a coarser step first: round the times, "
                "df[...].dt.floor('h'), and pass on_duplicate='sum'",
                column=rows.columns.shape.time_col,
            )
        at = rows.ordinals + np.repeat(offsets[:-1] - start, last - first + 1)
        y = np.full(int(offsets[-1]), np.nan)
        y[at] = rows.y
        gaps = np.ones(len(y), dtype=bool)
        gaps[at] = False
    ids = rows.ids if len(first) == len(rows.ids) else rows.ids[rows.codes[first]]
    covariates = no_covariates(len(y), len(ids))
    return Panel(y, offsets, start, ids, rows.calendar, covariates, gaps, rows.columns.shape)
