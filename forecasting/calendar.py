"""The calendar of a panel: a frequency, and how its times were written (zone, unit, period, integer).

A :class:`Calendar` turns the time column into ordinals and ordinals back into the same kind of times.
Days and longer steps are counted on the wall clock of their zone (midnight stays midnight over a
daylight-saving change); hours and shorter steps are counted as elapsed time.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from forecasting._typing import AnyArray, BoolArray, IntArray
from forecasting.errors import ArgumentError, FrequencyError, TimeColumnError, plural
from forecasting.frequency import (
    EPOCH_WEEKDAY,
    MONTHS,
    NS_PER,
    WEEKDAYS,
    BusinessDays,
    ClockSteps,
    DaySteps,
    Frequency,
    IntegerSteps,
    ListedTimes,
    MonthSteps,
    parse_frequency,
    unit_of,
)

FreqLike: TypeAlias = str | int | pd.DatetimeIndex | Frequency | None

# How many rows are enough to see the frequency; every row is checked against it afterwards.
ROWS_TO_INFER = 20_000


@dataclass(frozen=True)
class Times:
    """A time column read: whole numbers or wall-clock ``datetime64``, and how they were written."""

    wall: AnyArray  # int64 or datetime64[unit], local time without zone
    kind: Literal["integer", "datetime", "period"]
    utc: AnyArray | None = None  # the same instants in UTC, where there is a zone
    tz: datetime.tzinfo | None = None
    period_freq: str | None = None

    @property
    def unit(self) -> str:
        return "int" if self.kind == "integer" else unit_of(self.wall)

    def take(self, rows: AnyArray) -> Times:
        """Return these rows."""
        utc = None if self.utc is None else self.utc[rows]
        return Times(self.wall[rows], self.kind, utc, self.tz, self.period_freq)

    def on_axis(self, frequency: Frequency) -> AnyArray:
        """Return the axis the frequency counts on: elapsed time for clock steps, else wall clock."""
        return self.utc if self.utc is not None and frequency.on_the_clock else self.wall


@dataclass(frozen=True)
class Calendar:
    """Ordinals to times and back, in the kind, unit and zone of the data."""

    frequency: Frequency
    kind: Literal["integer", "datetime", "period"]
    unit: str = "ns"
    tz: datetime.tzinfo | None = None
    period_freq: str | None = None

    @property
    def freq(self) -> str:
        """The frequency as pandas writes it."""
        return self.frequency.alias

    @property
    def season_length(self) -> int:
        """Steps in the usual season of this frequency."""
        return self.frequency.season_length

    def times(self, ordinals: IntArray) -> pd.Index:
        """Return the times of ordinals (n,) as an index of the kind that came in."""
        ordinals = np.ascontiguousarray(ordinals, dtype=np.int64)
        raw = self.frequency.times(ordinals, self.unit)
        if self.kind == "integer":
            return pd.Index(raw)
        index = pd.DatetimeIndex(raw)
        if self.kind == "period":
            return index.to_period(self.period_freq)
        if self.tz is None:
            return index
        if self.frequency.on_the_clock:
            return index.tz_localize("UTC").tz_convert(self.tz)
        first_pass = np.ones(len(index), dtype=bool)
        return index.tz_localize(self.tz, nonexistent="shift_forward", ambiguous=first_pass)

    def ordinals(self, times: Times) -> tuple[IntArray, BoolArray]:
        """Return the ordinal of each time, and whether it lies on the calendar."""
        axis = times.on_axis(self.frequency)
        ordinals = self.frequency.ordinals(axis)
        on_grid = self.frequency.on_grid(axis, ordinals)
        if times.tz is not None and not self.frequency.on_the_clock and not on_grid.all():
            # A wall-clock time that a daylight-saving change skipped is written an hour later.
            off = np.flatnonzero(~on_grid)
            shifted = self.times(ordinals[off]).tz_convert("UTC").tz_localize(None)
            on_grid[off] = shifted.to_numpy() == (times.utc if times.utc is not None else axis)[off]
        return ordinals, on_grid

    def at(self, value: object) -> int:
        """Return the ordinal of one time, for instance a cutoff.

        Raises
        ------
        ArgumentError
            If it cannot be read or does not lie on the calendar.
        """
        try:
            column = pd.Series([value])
            if self.kind == "datetime" and self.tz is not None:
                stamp = pd.Timestamp(value)  # type: ignore[arg-type]
                column = pd.Series([stamp.tz_localize(self.tz) if stamp.tz is None else stamp])
                column = column.dt.tz_convert(self.tz)
            elif self.kind == "period" and not isinstance(value, pd.Period):
                column = pd.Series([pd.Period(value, self.period_freq)])  # type: ignore[arg-type]
            times = read_times(column, "cutoff")
        except ValueError as error:
            raise ArgumentError(f"{value!r} is not a time of this data: {error}") from error
        if (times.kind == "integer") != (self.kind == "integer"):
            raise ArgumentError(f"{value!r} is not a time of this data, whose times are {self.kind}")
        if self.kind != "integer":
            times = Times(
                times.wall.astype(f"M8[{self.unit}]"),
                times.kind,
                None if times.utc is None else times.utc.astype(f"M8[{self.unit}]"),
                times.tz,
            )
        ordinals, on_grid = self.ordinals(times)
        if not on_grid[0]:
            near = self.times(ordinals)[0]
            raise ArgumentError(f"{value!r} does not lie on freq {self.freq!r}; the nearest is {near}")
        return int(ordinals[0])


# --- reading a time column --------------------------------------------------------------------------


def read_times(column: pd.Series, name: str, date_format: str | None = None) -> Times:
    """Read a time column of any dtype that can be read without guessing.

    Raises
    ------
    TimeColumnError
        For nulls, text that is not ISO-8601 (without ``date_format``), numbers that look like
        dates, and anything that is not a time.
    """
    dtype = column.dtype
    if isinstance(dtype, pd.PeriodDtype):
        _refuse_nulls(column, name)
        index = pd.PeriodIndex(column)
        return Times(index.to_timestamp(how="start").to_numpy(), "period", period_freq=index.freqstr)
    if pd.api.types.is_bool_dtype(dtype) or pd.api.types.is_float_dtype(dtype):
        _refuse_nulls(column, name)
        raise TimeColumnError(
            f"column {name!r} holds {dtype} values, for instance {column.iloc[0]!r}; use time stamps "
            f"(pd.to_datetime) or whole numbers (df[{name!r}].astype(int))",
            column=name,
        )
    if pd.api.types.is_integer_dtype(dtype):
        _refuse_nulls(column, name)
        return Times(_whole_numbers(column, name), "integer")
    column = _as_datetimes(column, name, date_format)
    _refuse_nulls(column, name)
    index = pd.DatetimeIndex(column)
    if index.tz is None:
        return Times(index.to_numpy(), "datetime")
    utc = index.tz_convert("UTC").tz_localize(None).to_numpy()
    return Times(index.tz_localize(None).to_numpy(), "datetime", utc, index.tz)


def _refuse_nulls(column: pd.Series, name: str) -> None:
    if not column.hasnans:
        return
    null = column.isna().to_numpy()
    rows = np.flatnonzero(null)
    raise TimeColumnError(
        f"{plural(len(rows), 'null timestamp')} in {name} (row {rows[0]}); drop them with "
        f"df.dropna(subset=[{name!r}]) or mend them",
        column=name,
        n_bad=len(rows),
    )


def _whole_numbers(column: pd.Series, name: str) -> IntArray:
    values = column.to_numpy(dtype=np.int64)
    if len(values) == 0:
        return values
    low, high = int(values.min()), int(values.max())
    if 19_000_101 <= low and high <= 22_001_231:
        month, day = (values // 100) % 100, values % 100
        if ((month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all():
            raise TimeColumnError(
                f"integers in {name} look like yyyymmdd (first {low}); read them with "
                f"pd.to_datetime(df[{name!r}].astype(str), format='%Y%m%d')",
                column=name,
            )
    for unit, factor in (("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)):
        # Between 2001 and 2100, in seconds since 1970.
        if 10**9 * factor <= low and high <= 4_102_444_800 * factor:
            raise TimeColumnError(
                f"integers in {name} look like seconds since 1970 in unit {unit!r} (first {low}); "
                f"read them with pd.to_datetime(df[{name!r}], unit={unit!r})",
                column=name,
            )
    return values


def _as_datetimes(column: pd.Series, name: str, date_format: str | None) -> pd.Series:
    dtype = column.dtype
    if isinstance(dtype, pd.ArrowDtype):
        column = _from_arrow(column)
        dtype = column.dtype
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return column
    if not (pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype)):
        raise TimeColumnError(
            f"column {name!r} holds {dtype} values, not times; use pd.to_datetime", column=name
        )
    if date_format is not None:
        return _parse(column, name, date_format)
    kinds = {type(v) for v in column.to_numpy(dtype=object)[:1000] if v is not None and v == v}
    if kinds and all(issubclass(k, str) for k in kinds):
        return _parse(column, name, "ISO8601")
    if kinds and all(issubclass(k, datetime.date) for k in kinds):  # datetime is a date too
        return _parse(column, name, None)
    if kinds and all(issubclass(k, pd.Period) for k in kinds):
        raise TimeColumnError(
            f"column {name!r} holds periods as objects; type df[{name!r}] = "
            f"pd.PeriodIndex(df[{name!r}])",
            column=name,
        )
    shown = ", ".join(sorted(k.__name__ for k in kinds)) or "nothing but nulls"
    raise TimeColumnError(
        f"column {name!r} holds {shown}; use pd.to_datetime to make it time stamps", column=name
    )


def _from_arrow(column: pd.Series) -> pd.Series:
    if column.dtype.kind == "M":
        return pd.Series(pd.DatetimeIndex(column))
    if column.dtype.kind == "O" and "date" in str(column.dtype):
        return pd.Series(pd.DatetimeIndex(column.astype("timestamp[s][pyarrow]")))
    return column.astype(object) if column.dtype.kind not in "OU" else column.astype(str)


def _parse(column: pd.Series, name: str, date_format: str | None) -> pd.Series:
    null = column.isna()
    parsed = pd.to_datetime(column, format=date_format, errors="coerce")
    bad = parsed.isna() & ~null
    if not pd.api.types.is_datetime64_any_dtype(parsed.dtype) or bad.any():
        row = int(np.flatnonzero(bad.to_numpy())[0]) if bad.any() else 0
        if date_format in (None, "ISO8601"):
            advice = "only ISO-8601 text is read without guessing; say date_format='%d/%m/%Y'"
        else:
            advice = f"it does not match date_format={date_format!r}"
        raise TimeColumnError(
            f"{plural(max(1, int(bad.sum())), 'value')} in {name} cannot be read as time, first "
            f"{column.iloc[row]!r} (row {row}); {advice} or the like",
            column=name,
            n_bad=int(bad.sum()),
        )
    return parsed


# --- which frequency --------------------------------------------------------------------------------


def find_calendar(times: Times, within: BoolArray, freq: FreqLike, name: str) -> Calendar:
    """Return the calendar that was declared, or the one the times show.

    Parameters
    ----------
    times : Times
        Sorted by series, then time, shape (n,).
    within : array of bool, shape (n - 1,)
        Whether row ``i + 1`` belongs to the same series as row ``i``.
    freq : str, int, DatetimeIndex, Frequency or None
        Declared frequency; None infers it from the most common step.
    name : str
        The time column, for messages.

    Raises
    ------
    FrequencyError
        If the kind of ``freq`` does not fit the times, or nothing shows the frequency.
    """
    frequency = _declared(times, freq, name) if freq is not None else None
    if frequency is None:
        frequency = _inferred(times, within, name)
    bound = frequency.bind(times.on_axis(frequency)[:1])
    return Calendar(bound, times.kind, times.unit, times.tz, times.period_freq)


def _declared(times: Times, freq: FreqLike, name: str) -> Frequency:
    if isinstance(freq, (int, np.integer)) and not isinstance(freq, bool):
        if times.kind != "integer":
            raise FrequencyError(f"freq={freq} is an int, but {name} holds time stamps; use 'D' or the like")
        if freq < 1:
            raise FrequencyError(f"freq={freq} must be at least 1")
        return IntegerSteps(int(freq))
    if times.kind == "integer":
        raise FrequencyError(
            f"{name} holds integers, but freq={freq!r} is a calendar frequency; use freq=1 or time stamps",
            column=name,
        )
    if isinstance(freq, pd.DatetimeIndex):
        if not freq.is_monotonic_increasing or not freq.is_unique:
            raise FrequencyError("the listed calendar must be sorted and without repetition")
        return ListedTimes(freq.tz_localize(None).to_numpy().astype(f"M8[{times.unit}]"))
    if isinstance(freq, Frequency):
        return freq
    if isinstance(freq, str):
        return parse_frequency(freq)
    raise FrequencyError(f"freq must be a text like 'D', an int or a DatetimeIndex, got {freq!r}")


def _inferred(times: Times, within: BoolArray, name: str) -> Frequency:
    rows = slice(0, ROWS_TO_INFER)
    pairs = np.flatnonzero(within[rows])
    if len(pairs) == 0:
        raise FrequencyError(
            f"no series has two rows, so {name} shows no frequency; say freq='D' or the like", column=name
        )
    if times.kind == "integer":
        steps = times.wall[pairs + 1] - times.wall[pairs]
        return IntegerSteps(max(1, int(np.gcd.reduce(steps))))
    wall = times.wall
    months = wall[rows].astype("M8[M]")
    days = wall[rows].astype("M8[D]")
    starts, ends = months.astype("M8[D]") == days, (months + 1).astype("M8[D]") - 1 == days
    for is_end, dated in ((False, starts), (True, ends)):
        if dated.all():
            return _month_steps(months.view(np.int64), pairs, is_end)
    return _day_or_clock_steps(times, pairs, days)


def _most_common(steps: IntArray) -> int:
    found, counts = np.unique(steps[steps > 0], return_counts=True)
    return int(found[np.argmax(counts)]) if len(found) else 1


def _month_steps(months: IntArray, pairs: IntArray, end: bool) -> Frequency:
    inside = pairs[pairs + 1 < len(months)]
    step = _most_common(months[inside + 1] - months[inside]) if len(inside) else 1
    return MonthSteps(step, end, phase=None if step > 1 else 0)


def _day_or_clock_steps(times: Times, pairs: IntArray, days: AnyArray) -> Frequency:
    inside = pairs[pairs + 1 < len(days)]
    axis = times.utc if times.utc is not None else times.wall
    scale = NS_PER[times.unit]
    elapsed = (axis[inside + 1] - axis[inside]).view(np.int64)
    step_ns = _most_common(elapsed) * scale
    number = days.view(np.int64)
    whole_days = _most_common((number[inside + 1] - number[inside]) if len(inside) else number[:0])
    if step_ns < 23 * 3600 * 10**9:
        return _clock(step_ns)
    if whole_days == 1:
        weekday = (number + EPOCH_WEEKDAY) % 7
        crossings = np.count_nonzero(number[inside + 1] - number[inside] >= 3)
        if crossings >= 1 and not (weekday >= 5).any():
            return BusinessDays()
        return DaySteps(1)
    return DaySteps(whole_days, phase=None)


def _clock(step_ns: int) -> ClockSteps:
    for name, size in (("h", 3600 * 10**9), ("min", 60 * 10**9), ("s", 10**9)):
        if step_ns % size == 0:
            count = step_ns // size
            return ClockSteps(step_ns, f"{count if count > 1 else ''}{name}")
    return ClockSteps(step_ns, f"{step_ns}ns")


# --- does every series lie on it? -------------------------------------------------------------------


def looks_like(times: Times, rows: IntArray) -> str:
    """Return the name of the frequency that these rows of one series show, for messages."""
    part = times.take(rows)
    try:
        frequency = _inferred(part, np.ones(len(rows) - 1, dtype=bool), "ds")
    except FrequencyError:
        return "nothing in particular"
    return frequency.bind(part.on_axis(frequency)[:1]).alias


def off_grid_hint(times: Times, freq: str, off: BoolArray) -> str:
    """Return what to type when times do not lie on ``freq``."""
    if times.kind == "integer":
        return "say freq=1, or the step that the integers really have"
    days = times.wall.astype("M8[D]")
    months = times.wall.astype("M8[M]")
    at_end = ((months + 1).astype("M8[D]") - 1 == days).all()
    at_start = (months.astype("M8[D]") == days).all()
    if at_end and freq.endswith("S") or "S-" in freq and at_end:
        return f"ds are month ends; freq={freq} expects month starts. Use 'ME' (or 'QE', 'YE')"
    if at_start and ("E" in freq.split("-")[0]):
        return f"ds are month starts; freq={freq} expects month ends. Use 'MS' (or 'QS', 'YS')"
    if freq == "B":
        return "Saturdays or Sundays are there; is it freq='D'?"
    if freq.startswith(("M", "Q", "Y")):
        return (
            "a calendar of its own (4-4-5) is declared by listing its period ends: "
            "freq=pd.DatetimeIndex([...])"
        )
    if freq.startswith("W-"):
        weekdays = np.unique((days.view(np.int64) + EPOCH_WEEKDAY) % 7)
        if len(weekdays) == 1:
            return f"ds are all on {WEEKDAYS[int(weekdays[0])]}; say freq='W-{WEEKDAYS[int(weekdays[0])]}'"
    return f"round them (df['ds'].dt.floor({freq!r}) or .dt.normalize()) or say the true freq="


__all__ = [
    "MONTHS",
    "Calendar",
    "FreqLike",
    "Times",
    "find_calendar",
    "looks_like",
    "off_grid_hint",
    "read_times",
]
