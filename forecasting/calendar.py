"""The calendar of a panel: a frequency, and how its times were written (zone, unit, period).

A :class:`Calendar` turns the time column into ordinals and ordinals back into the same kind of
times. Days and longer steps are counted on the wall clock of their zone (midnight stays midnight
over a daylight-saving change); hours and shorter steps are counted as elapsed time.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from forecasting._typing import AnyArray, BoolArray, IntArray
from forecasting.errors import ArgumentError, FrequencyError
from forecasting.frequency import (
    EPOCH_WEEKDAY,
    NS_PER,
    NS_PER_DAY,
    NS_PER_HOUR,
    WEEKDAYS,
    BusinessDays,
    ClockSteps,
    DaySteps,
    Frequency,
    IntegerSteps,
    ListedTimes,
    MonthSteps,
    most_common,
    parse_frequency,
    parse_period,
)
from forecasting.times import Times, read_times

FreqLike: TypeAlias = str | int | pd.DatetimeIndex | Frequency | None

# How many rows are enough to see the frequency; every row is checked against it afterwards.
#: Rows that are worked on at a time, so that what is in between stays in the cache.
BLOCK = 1 << 17
ROWS_TO_INFER = 20_000


def blocks(n: int) -> Iterator[slice]:
    """Yield slices of at most :data:`BLOCK` rows that cover ``n`` rows."""
    for first in range(0, n, BLOCK):
        yield slice(first, min(first + BLOCK, n))


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
        ordinals = np.empty(len(axis), dtype=np.int64)
        on_grid = np.empty(len(axis), dtype=bool)
        for part in blocks(len(axis)):  # the steps in between are several times as large
            ordinals[part] = self.frequency.ordinals(axis[part])
            on_grid[part] = self.frequency.on_grid(axis[part], ordinals[part])
        if times.tz is not None and not self.frequency.on_the_clock and not on_grid.all():
            # A wall-clock time that a daylight-saving change skipped is written an hour later.
            off = np.flatnonzero(~on_grid)
            shifted = pd.DatetimeIndex(self.times(ordinals[off])).tz_convert("UTC")
            on_grid[off] = shifted.tz_localize(None).to_numpy() == times.instants[off]
        return ordinals, on_grid

    def at(self, value: object) -> int:
        """Return the ordinal of one time on the calendar, for instance a cutoff.

        Raises
        ------
        ArgumentError
            If it cannot be read or does not lie on the calendar.
        """
        times = self._read(value)
        ordinals, on_grid = self.ordinals(times)
        if not on_grid[0]:
            near = self.times(ordinals)[0]
            raise ArgumentError(
                f"{value!r} does not lie on freq {self.freq!r}; the step around it is {near}"
            )
        return int(ordinals[0])

    def latest(self, value: object) -> int:
        """Return the ordinal of the last time on the calendar that is not after ``value``.

        Raises
        ------
        ArgumentError
            If it cannot be read as a time.
        """
        times = self._read(value)
        ordinals, on_grid = self.ordinals(times)
        step = self.frequency.times(ordinals, self.unit)
        after = not on_grid[0] and bool((step > times.on_axis(self.frequency))[0])
        return int(ordinals[0]) - after

    def _read(self, value: object) -> Times:
        if self.kind == "integer":
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
                raise ArgumentError(
                    f"{value!r} is not a time of this data, whose times are integers"
                )
            return Times(np.array([value], dtype=np.int64), "integer")
        try:
            if self.kind == "period":
                period = pd.Period(value, self.period_freq)  # type: ignore[arg-type]
                return read_times(pd.Series(pd.PeriodIndex([period])), "time").in_unit(self.unit)
            stamp = pd.Timestamp(value)  # type: ignore[arg-type]
        except (ValueError, TypeError) as error:
            raise ArgumentError(
                f"{value!r} is not a time of this data; give text, '2024-01-31', or a Timestamp"
            ) from error
        if isinstance(value, (int, float, np.number)) or pd.isna(stamp):  # a number is no date
            raise ArgumentError(f"{value!r} is not a time of this data; give text or a Timestamp")
        if self.tz is not None:
            stamp = stamp.tz_localize(self.tz) if stamp.tz is None else stamp.tz_convert(self.tz)
        elif stamp.tz is not None:
            raise ArgumentError(f"{value!r} has a time zone, the data has none; drop the zone")
        return read_times(pd.Series([stamp]), "time").in_unit(self.unit)


# --- which frequency ------------------------------------------------------------------------------


def find_calendar(times: Times, within: BoolArray, freq: FreqLike, name: str) -> Calendar:
    """Return the calendar that was declared, or the one the times show.

    Parameters
    ----------
    times : Times
        Sorted by series, then time, shape (n,), n > 0.
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
    pairs = np.flatnonzero(within[:ROWS_TO_INFER])
    if freq is not None:
        frequency = _declared(times, freq, name)
    else:
        if len(pairs) == 0:  # many short series come first
            pairs = np.flatnonzero(within)[:ROWS_TO_INFER]
        frequency = _inferred(times, pairs, name)
    sample = times.on_axis(frequency)[:ROWS_TO_INFER]
    return Calendar(frequency.bind(sample), times.kind, times.unit, times.tz, times.period_freq)


def _declared(times: Times, freq: FreqLike, name: str) -> Frequency:
    if isinstance(freq, (int, np.integer)) and not isinstance(freq, bool):
        if times.kind != "integer":
            raise FrequencyError(
                f"freq={freq} is an int, but {name} holds time stamps; use freq='D' or the like",
                column=name,
            )
        if freq < 1:
            raise FrequencyError(f"freq={freq} must be at least 1; type freq=1")
        return IntegerSteps(int(freq))
    if times.kind == "integer":
        raise FrequencyError(
            f"{name} holds integers, but freq={freq!r} is a calendar frequency; use freq=1, or "
            f"make them time stamps with pd.to_datetime(df[{name!r}])",
            column=name,
        )
    if isinstance(freq, pd.DatetimeIndex):
        if not freq.is_monotonic_increasing or not freq.is_unique or len(freq) == 0:
            raise FrequencyError("the listed calendar must be sorted, without repetition; sort it")
        return ListedTimes(freq.tz_localize(None).to_numpy().astype(f"M8[{times.unit}]"))
    if isinstance(freq, Frequency):
        return freq
    if not isinstance(freq, str):
        raise FrequencyError(
            f"freq={freq!r} is no frequency; say freq='D', an int or a DatetimeIndex"
        )
    if times.kind == "period":  # "M" and "ME" mean the same for periods, which have no day
        return parse_period(freq) or parse_frequency(freq)
    return parse_frequency(freq)


def _inferred(times: Times, pairs: IntArray, name: str) -> Frequency:
    """Return the frequency that the steps from rows ``pairs`` to ``pairs + 1`` show."""
    named = parse_period(times.period_freq) if times.period_freq is not None else None
    if named is not None:
        return named
    if len(pairs) == 0:
        raise FrequencyError(
            f"no series has two rows, so {name} shows no frequency; say freq='D' or the like",
            column=name,
        )
    if times.kind == "integer":
        steps = times.wall[pairs + 1] - times.wall[pairs]
        return IntegerSteps(max(1, int(np.gcd.reduce(steps))))
    here, there = (times.wall[rows].astype("M8[D]") for rows in (pairs, pairs + 1))
    for end in (False, True):
        shift = np.timedelta64(int(end), "D")
        months = (there + shift).astype("M8[M]")
        steps = (months - (here + shift).astype("M8[M]")).view(np.int64)
        # Nearly all, so that a stray row is named as stray and does not change the frequency.
        if np.mean((months.astype("M8[D]") == there + shift) & (steps > 0)) > 0.8:
            return _month_steps(steps, end)
    return _day_or_clock_steps(times, pairs, here, there)


def _usual_step(steps: IntArray) -> int:
    """Return the most common step; one where the others are not multiples of it."""
    steps = steps[steps > 0]
    if len(steps) == 0:
        return 1
    usual = most_common(steps)
    return usual if np.mean(steps % usual == 0) > 0.8 else 1


def _month_steps(steps: IntArray, end: bool) -> Frequency:
    step = _usual_step(steps)
    return MonthSteps(step, end, phase=None if step > 1 else 0)


def _day_or_clock_steps(
    times: Times, pairs: IntArray, here: AnyArray, there: AnyArray
) -> Frequency:
    axis, scale = times.instants, NS_PER[times.unit]
    elapsed = (axis[pairs + 1] - axis[pairs]).view(np.int64)
    moved = elapsed[elapsed > 0]
    step_ns = most_common(moved) * scale if len(moved) else NS_PER_DAY
    if step_ns < 23 * NS_PER_HOUR:  # a day is 23 hours long once a year
        return _clock(step_ns)
    days = (there - here).view(np.int64)
    step = _usual_step(days)
    if step != 1:
        return DaySteps(step, phase=None)
    weekdays = (there.view(np.int64) + EPOCH_WEEKDAY) % 7
    skips_weekends = (days >= 3).any() and not (weekdays >= 5).any()
    return BusinessDays() if skips_weekends else DaySteps(1)


def _clock(step_ns: int) -> ClockSteps:
    for name, size in (("h", NS_PER_HOUR), ("min", NS_PER_HOUR // 60), ("s", 10**9)):
        if step_ns % size == 0:
            count = step_ns // size
            return ClockSteps(step_ns, f"{count if count > 1 else ''}{name}")
    return ClockSteps(step_ns, f"{step_ns}ns")


# --- words for messages ---------------------------------------------------------------------------


def looks_like(times: Times) -> str:
    """Return the name of the frequency that the rows of one series show."""
    try:
        frequency = _inferred(times, np.arange(len(times) - 1), "ds")
    except FrequencyError:
        return "nothing in particular"
    return frequency.bind(times.on_axis(frequency)).alias


def off_grid_hint(times: Times, calendar: Calendar, name: str) -> str:
    """Return what to type about these times, which do not lie on the calendar."""
    freq, frequency = calendar.freq, calendar.frequency
    if times.kind == "integer":
        return "say freq=1, or the step that the integers really have"
    if isinstance(frequency, ListedTimes):
        return "add them to the listed calendar, freq=pd.DatetimeIndex([...])"
    days = times.wall.astype("M8[D]")
    months = times.wall.astype("M8[M]")
    if isinstance(frequency, MonthSteps):
        if ((months + 1).astype("M8[D]") - 1 == days).all() and not frequency.end:
            return (
                f"{name} are month ends; freq={freq} expects month starts. Use freq='ME' (QE, YE)"
            )
        if (months.astype("M8[D]") == days).all() and frequency.end:
            return (
                f"{name} are month starts; freq={freq} expects month ends. Use freq='MS' (QS, YS)"
            )
        return (
            f"bring them to the month with df[{name!r}].dt.to_period('M').dt.to_timestamp(), or "
            "declare a calendar of your own (4-4-5) by its period ends, freq=pd.DatetimeIndex([...])"
        )
    if isinstance(frequency, BusinessDays):
        return "Saturdays or Sundays are there: is it freq='D'?"
    weekdays = np.unique((days.view(np.int64) + EPOCH_WEEKDAY) % 7)
    if isinstance(frequency, DaySteps) and frequency.step == 7 and len(weekdays) == 1:
        day = WEEKDAYS[int(weekdays[0])]
        return f"they are all on {day}: is it freq='W-{day}'?"
    if isinstance(frequency, DaySteps) and frequency.step > 27 and frequency.step % 7:
        return (
            "are these months, dated on another day than the first or last? Bring them to the "
            f"first with df[{name!r}].dt.to_period('M').dt.to_timestamp()"
        )
    floor = f".dt.floor({freq!r})" if frequency.on_the_clock else ".dt.normalize()"
    return f"round them, df[{name!r}] = df[{name!r}]{floor}, or say the true freq="
