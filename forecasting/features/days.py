"""Days that many countries keep, and the ends of a month, as columns of zeros and ones."""

from __future__ import annotations

import numpy as np

from forecasting._typing import AnyArray, FloatArray, IntArray

#: (month, day): Christmas, New Year and Epiphany, and holidays of many countries that never move.
FIXED = (
    *((12, 24), (12, 25), (12, 26), (12, 31), (1, 1)),
    *((1, 2), (1, 6), (5, 1), (8, 1), (11, 1)),
)
#: Days after Easter Sunday: Maundy Thursday to Easter Monday, Ascension and its morrow, Pentecost, Whit Monday.
EASTER_OFFSETS = (-3, -2, -1, 0, 1, 39, 40, 49, 50)
#: Days at either end of a month that have a column.
MONTH_ENDS = 3
UNIVERSAL = (
    *(f"{month:02d}-{day:02d}" for month, day in FIXED),
    *(f"easter{offset:+d}" for offset in EASTER_OFFSETS),
    *(f"month_day_{j + 1}" for j in range(MONTH_ENDS)),
    *(f"month_day_last_{j + 1}" for j in range(MONTH_ENDS)),
)


def as_days(dates: AnyArray) -> AnyArray:
    """Return dates as ``datetime64[D]``, the time of day dropped."""
    return dates.astype("M8[D]")


def easter(years: IntArray) -> AnyArray:
    """Return Easter Sunday of Gregorian years, shape (n,), ``datetime64[D]``.

    The computus of J. Meeus (1991), *Astronomical Algorithms*, chapter 8.

    Examples
    --------
    >>> easter(np.array([2024, 2025])).astype(str).tolist()
    ['2024-03-31', '2025-04-20']
    """
    y = np.asarray(years, dtype=np.int64)
    golden, (century, within) = y % 19, np.divmod(y, 100)
    leaps, odd = np.divmod(century, 4)
    shift = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leaps - shift + 15) % 30
    fours, rest = np.divmod(within, 4)
    weekday = (32 + 2 * odd + 2 * fours - epact - rest) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = np.divmod(epact + weekday - 7 * late + 114, 31)
    first = ((y - 1970) * 12 + month - 1).astype("M8[M]").astype("M8[D]")
    found: AnyArray = first + day
    return found


def month_position(days: AnyArray) -> tuple[IntArray, IntArray]:
    """Return the place of each day in its month, from the first and from the last, both counted from 1."""
    month = days.astype("M8[M]")
    from_first = (days - month.astype("M8[D]")).astype(np.int64) + 1
    from_last = ((month + 1).astype("M8[D]") - days).astype(np.int64)
    return from_first, from_last


def universal_days(dates: AnyArray) -> FloatArray:
    """Return a column of zeros and ones for each of :data:`UNIVERSAL`, shape (n, 25)."""
    days = as_days(dates)
    from_first, from_last = month_position(days)
    year = days.astype("M8[Y]").astype(np.int64) + 1970
    month = days.astype("M8[M]").astype(np.int64) % 12 + 1
    after_easter = (days - easter(year)).astype(np.int64)
    columns = [
        *((month == m) & (from_first == d) for m, d in FIXED),
        *(after_easter == offset for offset in EASTER_OFFSETS),
        *(from_first == j + 1 for j in range(MONTH_ENDS)),
        *(from_last == j + 1 for j in range(MONTH_ENDS)),
    ]
    return np.ascontiguousarray(np.stack(columns, axis=1), dtype=np.float64)
