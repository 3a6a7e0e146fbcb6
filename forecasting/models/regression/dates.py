"""Calendar columns: what the date of a target says about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from forecasting._typing import FloatArray, IntArray
from forecasting.calendar import Calendar
from forecasting.errors import ArgumentError
from forecasting.frequency import BusinessDays, ClockSteps, DaySteps, MonthSteps

#: Each column by name. ``day_from_end`` is 0 on the last day of a month, so that paydays at either
#: end of a month are found in months of any length. Monday is 0, ISO weeks are 1 to 53.
COLUMNS: dict[str, Callable[[pd.DatetimeIndex], object]] = {
    "minute": lambda t: t.minute,
    "hour": lambda t: t.hour,
    "dayofweek": lambda t: t.dayofweek,
    "day": lambda t: t.day,
    "day_from_end": lambda t: t.days_in_month - t.day,
    "dayofyear": lambda t: t.dayofyear,
    "week": lambda t: t.isocalendar()["week"],
    "month": lambda t: t.month,
    "quarter": lambda t: t.quarter,
    "year": lambda t: t.year,
}

_DAYS = ("dayofweek", "day", "day_from_end", "month")
_MINUTES_PER_HOUR_NS = 3600 * 10**9


def usual_columns(calendar: Calendar) -> tuple[str, ...]:
    """Return the calendar columns that suit a frequency; none for integer time and years."""
    frequency = calendar.frequency
    if isinstance(frequency, ClockSteps):
        inside_hour = frequency.step_ns < _MINUTES_PER_HOUR_NS
        return ("minute", "hour", *_DAYS) if inside_hour else ("hour", *_DAYS)
    if isinstance(frequency, DaySteps):
        return ("week",) if frequency.step >= 7 else _DAYS
    if isinstance(frequency, BusinessDays):
        return _DAYS
    if isinstance(frequency, MonthSteps) and frequency.step < 12:
        return ("month",)
    return ()


def date_columns(calendar: Calendar, names: Sequence[str], ordinals: IntArray) -> FloatArray:
    """Return calendar columns of these ordinals, shape (\\*ordinals.shape, len(names)).

    Dates are read on the wall clock of the calendar's zone; periods count by their first day.

    Raises
    ------
    ArgumentError
        If time is counted by integers, which have no date.
    """
    if not names or ordinals.size == 0:
        return np.empty((*ordinals.shape, len(names)))
    if calendar.kind == "integer":
        raise ArgumentError(
            f"calendar={tuple(names)} needs dates, and the time of this data are integers; "
            "use calendar=()"
        )
    first, last = int(ordinals.min()), int(ordinals.max())
    if last - first < ordinals.size:
        every, place = np.arange(first, last + 1, dtype=np.int64), ordinals - first
    else:
        every, place = np.unique(ordinals, return_inverse=True)
        place = place.reshape(ordinals.shape)
    index = calendar.times(every)
    dates = index.to_timestamp() if isinstance(index, pd.PeriodIndex) else pd.DatetimeIndex(index)
    columns = [np.asarray(COLUMNS[name](dates), dtype=np.float64) for name in names]
    return np.column_stack(columns)[place]
