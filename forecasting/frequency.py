"""Frequencies: bijections between whole numbers (ordinals) and the times of a regular calendar.

Everything inside the package counts time in ordinals: step ``k`` after ordinal ``o`` is ``o + k``.
A frequency knows how to turn times (``datetime64`` of any unit, without zone) into ordinals and
back. Its free constants (time of day, phase of a multiple) are the most common ones of a sample:
see ``bind``.
"""

from __future__ import annotations

import abc
import dataclasses
import math
import re
from dataclasses import dataclass

import numpy as np

from forecasting._typing import AnyArray, BoolArray, IntArray
from forecasting.errors import FrequencyError, nearest, tell

NS_PER = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
NS_PER_HOUR = 3600 * 10**9
NS_PER_DAY = 24 * NS_PER_HOUR
WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
# 1970-01-01 was a Thursday, three days after a Monday.
EPOCH_WEEKDAY = 3


def unit_of(times: AnyArray) -> str:
    """Return the unit of a ``datetime64`` array: s, ms, us or ns."""
    return str(np.datetime_data(times.dtype)[0])


def _days(times: AnyArray) -> IntArray:
    """Return days since 1970."""
    # Not divmod: numpy divides by a constant five times faster when it need not keep the rest.
    days: IntArray = times.view(np.int64) // (NS_PER_DAY // NS_PER[unit_of(times)])
    return days


def _times_of_day(times: AnyArray) -> IntArray:
    """Return the rest of the day in ns."""
    scale = NS_PER[unit_of(times)]
    rest: IntArray = (times.view(np.int64) - _days(times) * (NS_PER_DAY // scale)) * scale
    return rest


def _join_days(days: IntArray, time_of_day: int, unit: str) -> AnyArray:
    scale = NS_PER[unit]
    return _stamps(days, NS_PER_DAY // scale, time_of_day // scale, unit)


def _stamps(counts: IntArray, step: int, phase: int, unit: str) -> AnyArray:
    """Return ``counts * step + phase`` as ``datetime64[unit]``; a sum beyond int64 is an error."""
    limit = np.iinfo(np.int64).max // step - 1
    if len(counts) and max(int(counts.max()), -int(counts.min())) > limit:
        raise FrequencyError(
            f"a forecast date lies beyond what datetime64[{unit}] can hold; pass time stamps in a "
            "coarser unit, for instance df['ds'] = df['ds'].astype('datetime64[s]')"
        )
    stamps: AnyArray = (counts * step + phase).view(f"M8[{unit}]")
    return stamps


def most_common(values: IntArray) -> int:
    """Return the most common value; the least of those that are equally common."""
    found, counts = np.unique(values, return_counts=True)
    return int(found[np.argmax(counts)])


@dataclass(frozen=True)
class Frequency(abc.ABC):
    """A regular calendar; ``times(ordinals(t)) == t`` for every ``t`` on it."""

    @property
    @abc.abstractmethod
    def alias(self) -> str:
        """The name pandas has for it, for instance ``"W-MON"``."""

    @property
    @abc.abstractmethod
    def season_length(self) -> int:
        """Steps in the season that such data usually has (12 for months, 7 for days)."""

    @property
    def on_the_clock(self) -> bool:
        """True where a step is an elapsed time (hours), false for wall-clock days and longer."""
        return False

    def bind(self, sample: AnyArray) -> Frequency:
        """Return this frequency with the free constants that most of the sample (n,) has, n > 0."""
        return self

    @abc.abstractmethod
    def ordinals(self, times: AnyArray) -> IntArray:
        """Return the ordinal of each time; off-grid times get the step they fall into."""

    @abc.abstractmethod
    def times(self, ordinals: IntArray, unit: str) -> AnyArray:
        """Return the time of each ordinal, as ``datetime64[unit]``."""

    def periods(self, times: AnyArray) -> IntArray:
        """Return the ordinal of the period that holds each time: what it is aggregated into.

        It differs from :meth:`ordinals` where a period is dated by its last day.
        """
        return self.ordinals(times)

    def on_grid(self, times: AnyArray, ordinals: IntArray) -> BoolArray:
        """Return which times lie on the calendar."""
        same: BoolArray = self.times(ordinals, unit_of(times)) == times
        return same


@dataclass(frozen=True)
class IntegerSteps(Frequency):
    """Whole numbers 'every ``step``'; the time is the number itself."""

    step: int = 1
    phase: int = 0

    @property
    def alias(self) -> str:
        return str(self.step)

    @property
    def season_length(self) -> int:
        return 1

    def bind(self, sample: AnyArray) -> IntegerSteps:
        return dataclasses.replace(self, phase=most_common(sample % self.step))

    def ordinals(self, times: AnyArray) -> IntArray:
        if self.step == 1:
            return np.asarray(times, dtype=np.int64)
        return np.asarray((times - self.phase) // self.step, dtype=np.int64)

    def times(self, ordinals: IntArray, unit: str) -> AnyArray:
        return ordinals * self.step + self.phase

    def on_grid(self, times: AnyArray, ordinals: IntArray) -> BoolArray:
        same: BoolArray = self.times(ordinals, "") == times
        return same


@dataclass(frozen=True)
class ClockSteps(Frequency):
    """A fixed elapsed time below a day: seconds, minutes, hours and multiples."""

    step_ns: int
    name: str
    phase_ns: int = 0

    @property
    def alias(self) -> str:
        return self.name

    @property
    def season_length(self) -> int:
        # Steps that do not divide a day come round to the same hour after some days: 24 steps of 7 hours.
        return NS_PER_DAY // math.gcd(NS_PER_DAY, self.step_ns)

    @property
    def on_the_clock(self) -> bool:
        return True

    def bind(self, sample: AnyArray) -> ClockSteps:
        unit = unit_of(sample)
        phase = most_common(sample.view(np.int64) % self._in_unit(unit)[0])
        return dataclasses.replace(self, phase_ns=phase * NS_PER[unit])

    def _in_unit(self, unit: str) -> tuple[int, int]:
        scale = NS_PER[unit]
        return max(1, self.step_ns // scale), self.phase_ns // scale

    def ordinals(self, times: AnyArray) -> IntArray:
        step, phase = self._in_unit(unit_of(times))
        return np.asarray((times.view(np.int64) - phase) // step, dtype=np.int64)

    def times(self, ordinals: IntArray, unit: str) -> AnyArray:
        step, phase = self._in_unit(unit)
        return _stamps(ordinals, step, phase, unit)


@dataclass(frozen=True)
class DaySteps(Frequency):
    """Calendar days, weeks on an anchor, and multiples; counted on the wall clock."""

    step: int = 1
    phase: int | None = 0
    time_of_day: int = 0

    @property
    def alias(self) -> str:
        if self.step % 7 == 0 and self.phase is not None:
            weeks = self.step // 7
            anchor = WEEKDAYS[(self.phase + EPOCH_WEEKDAY) % 7]
            return f"{weeks if weeks > 1 else ''}W-{anchor}"
        return "D" if self.step == 1 else f"{self.step}D"

    @property
    def season_length(self) -> int:
        return {1: 7, 7: 52, 14: 26, 28: 13}.get(self.step, 1)

    def bind(self, sample: AnyArray) -> DaySteps:
        phase = most_common(_days(sample) % self.step) if self.phase is None else self.phase
        time_of_day = most_common(_times_of_day(sample))
        return dataclasses.replace(self, phase=phase, time_of_day=time_of_day)

    def ordinals(self, times: AnyArray) -> IntArray:
        days = _days(times)
        if self.step == 1:
            return days
        return np.asarray((days - (self.phase or 0)) // self.step, dtype=np.int64)

    def periods(self, times: AnyArray) -> IntArray:
        if self.step % 7:
            return self.ordinals(times)
        # As in pandas, a week is dated by the day that ends it: W-SUN is Monday to Sunday.
        return np.asarray((_days(times) - (self.phase or 0) + self.step - 1) // self.step)

    def times(self, ordinals: IntArray, unit: str) -> AnyArray:
        return _join_days(ordinals * self.step + (self.phase or 0), self.time_of_day, unit)


@dataclass(frozen=True)
class BusinessDays(Frequency):
    """Monday to Friday."""

    time_of_day: int = 0

    @property
    def alias(self) -> str:
        return "B"

    @property
    def season_length(self) -> int:
        return 5

    def bind(self, sample: AnyArray) -> BusinessDays:
        return dataclasses.replace(self, time_of_day=most_common(_times_of_day(sample)))

    def ordinals(self, times: AnyArray) -> IntArray:
        monday = _days(times) + EPOCH_WEEKDAY
        weeks = monday // 7
        weekday = monday - weeks * 7
        return np.asarray(weeks * 5 + np.minimum(weekday, 4), dtype=np.int64)

    def times(self, ordinals: IntArray, unit: str) -> AnyArray:
        weeks, weekday = np.divmod(ordinals, 5)
        return _join_days(weeks * 7 + weekday - EPOCH_WEEKDAY, self.time_of_day, unit)


@dataclass(frozen=True)
class MonthSteps(Frequency):
    """Months, quarters, years and multiples, dated at their first or last day.

    ``phase`` is the month (0 = January) modulo ``step`` in which a step is dated.
    """

    step: int = 1
    end: bool = False
    phase: int | None = 0
    time_of_day: int = 0

    @property
    def alias(self) -> str:
        side = "E" if self.end else "S"
        if self.step == 12 and self.phase is not None:
            return f"Y{side}-{MONTHS[self.phase]}"
        if self.step == 3 and self.phase is not None:
            month = self.phase + 9 if self.end else self.phase
            return f"Q{side}-{MONTHS[month]}"
        return f"{self.step if self.step > 1 else ''}M{side}"

    @property
    def season_length(self) -> int:
        return 12 // self.step if 12 % self.step == 0 else 1

    def bind(self, sample: AnyArray) -> MonthSteps:
        months = sample.astype("M8[M]").view(np.int64)
        phase = most_common(months % self.step) if self.phase is None else self.phase
        return dataclasses.replace(
            self, phase=phase, time_of_day=most_common(_times_of_day(sample))
        )

    def ordinals(self, times: AnyArray) -> IntArray:
        months = times.astype("M8[M]").view(np.int64)
        return np.asarray((months - (self.phase or 0)) // self.step, dtype=np.int64)

    def periods(self, times: AnyArray) -> IntArray:
        months = times.astype("M8[M]").view(np.int64)
        ahead = self.step - 1 if self.end else 0
        return np.asarray((months - (self.phase or 0) + ahead) // self.step)

    def times(self, ordinals: IntArray, unit: str) -> AnyArray:
        months = ordinals * self.step + (self.phase or 0) + int(self.end)
        days = months.view("M8[M]").astype("M8[D]").view(np.int64) - int(self.end)
        return _join_days(days, self.time_of_day, unit)


@dataclass(frozen=True, eq=False)
class ListedTimes(Frequency):
    """An explicit list of period ends, for instance a 4-4-5 calendar or trading days."""

    listed: AnyArray

    @property
    def alias(self) -> str:
        return "listed"

    @property
    def season_length(self) -> int:
        return 1

    def ordinals(self, times: AnyArray) -> IntArray:
        found = np.searchsorted(self.listed, times, side="right") - 1
        return np.asarray(np.maximum(found, 0), dtype=np.int64)

    def times(self, ordinals: IntArray, unit: str) -> AnyArray:
        if len(ordinals) and int(ordinals.max()) >= len(self.listed):
            last = np.datetime_as_string(self.listed[-1], unit="auto")
            raise FrequencyError(
                f"the listed calendar ends at {last}, "
                f"{int(ordinals.max()) - len(self.listed) + 1} steps before the forecast does; "
                "pass freq= with the future period ends included"
            )
        return self.listed[ordinals].astype(f"M8[{unit}]")


# --- names ----------------------------------------------------------------------------------------

_OLD = {"M": "ME", "Q": "QE", "A": "YE", "Y": "YE", "H": "h", "T": "min", "S": "s", "AS": "YS"}
# A polars week has no anchor: it is taken from the data.
_POLARS = {"d": "D", "w": "W*", "mo": "MS", "q": "Q*", "y": "Y*", "m": "min"}
_CLOCK = {"s": 10**9, "min": 60 * 10**9, "h": 3600 * 10**9}
KNOWN = ("s", "min", "h", "D", "B", "W", "MS", "ME", "QS", "QE", "YS", "YE")


def parse_frequency(text: str) -> Frequency:
    """Return the frequency with a pandas or polars name.

    Raises
    ------
    FrequencyError
        If the name is none of the known ones; the message says the nearest.
    """
    match = re.fullmatch(r"(\d*)([A-Za-z]+)(?:-([A-Za-z]{3}))?", text.strip())
    if match is None:
        raise _unknown(text)
    count, name, anchor = int(match[1] or 1), match[2], (match[3] or "").upper()
    if match[1] and name in _POLARS:
        name = _POLARS[name]
    elif name in _OLD:
        new = text.replace(name, _OLD[name], 1)
        tell(f"freq={text!r} is an old name; type freq={new!r}", DeprecationWarning)
        name = _OLD[name]
    frequency = _named(count, name, anchor) if count > 0 else None
    if frequency is None:
        raise _unknown(text)
    return frequency


def _named(count: int, name: str, anchor: str) -> Frequency | None:
    if name in _CLOCK and not anchor:
        step = count * _CLOCK[name]
        if step % NS_PER_DAY == 0:
            return DaySteps(step // NS_PER_DAY, phase=None if step > NS_PER_DAY else 0)
        return ClockSteps(step, f"{count if count > 1 else ''}{name}")
    if name == "D" and not anchor:
        return DaySteps(count, phase=0 if count == 1 else None)
    if name == "B" and count == 1 and not anchor:
        return BusinessDays()
    if name == "W*":
        return DaySteps(7 * count, phase=None)
    if name == "W" and anchor in ("", *WEEKDAYS):
        weekday = WEEKDAYS.index(anchor or "SUN")
        return DaySteps(7 * count, phase=(weekday - EPOCH_WEEKDAY) % 7 if count == 1 else None)
    if name[:1] in "MQY" and name[1:] in ("S", "E", "*") and anchor in ("", *MONTHS):
        return _months(count, name, anchor)
    return None


def _months(count: int, name: str, anchor: str) -> Frequency | None:
    step = {"M": 1, "Q": 3, "Y": 12}[name[0]] * count
    end = name[1] == "E"
    if name[0] == "M":
        return None if anchor else MonthSteps(step, end, phase=0 if step == 1 else None)
    if count > 1 or name[1] == "*":
        return MonthSteps(step, end, phase=None)
    default = "DEC" if end else "JAN"
    return MonthSteps(step, end, phase=MONTHS.index(anchor or default) % step)


_PERIODS = {"M": 1, "Q": 3, "Y": 12, "A": 12}


def parse_period(text: str) -> Frequency | None:
    """Return the frequency of the first moments of pandas periods (``"M"``), None if unknown."""
    match = re.fullmatch(r"(\d*)([A-Za-z]+)(?:-([A-Za-z]{3}))?", text)
    if match is None:
        return None
    count, name = int(match[1] or 1), match[2]
    if name[:1] in _PERIODS and name[1:] in ("", "E", "S"):
        return MonthSteps(_PERIODS[name[0]] * count, phase=None)
    if name == "W":
        return DaySteps(7 * count, phase=None)
    return _named(count, name, "")


def _unknown(text: str) -> FrequencyError:
    return FrequencyError(
        f"freq={text!r} is not a frequency.{nearest(text, KNOWN)} Known: {', '.join(KNOWN)}, "
        "with a count ('15min', '2W-FRI'), an anchor ('W-MON', 'QS-FEB'), an int for integer time, "
        "or a DatetimeIndex that lists every period end"
    )
