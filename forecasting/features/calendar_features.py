"""Regressors that the calendar knows in advance: holidays of a country, paydays, the ends of a month."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Sequence
from typing import Any, Literal, Unpack

import numpy as np
import pandas as pd

from forecasting._typing import AnyArray, BoolArray, FloatArray, IntArray
from forecasting.calendar import Calendar
from forecasting.errors import ArgumentError, FrequencyError, check_count, nearest
from forecasting.features.days import as_days, month_position
from forecasting.frequency import (
    EPOCH_WEEKDAY,
    BusinessDays,
    DaySteps,
    IntegerSteps,
    ListedTimes,
)
from forecasting.panel import Panel
from forecasting.reading import DataOptions, as_panel

#: Days beyond both ends that are looked at, at least: a payday may be moved there, a holiday may lie there.
MARGIN = 70

Payday = Literal["last"] | int


def calendar_features(
    data: object,
    country: str | None = None,
    *,
    h: int = 0,
    subdivision: str | None = None,
    by_name: bool = False,
    lead: int = 1,
    lag: int = 1,
    paydays: Sequence[Payday] | Payday = (),
    month_ends: int = 3,
    **options: Unpack[DataOptions],
) -> pd.DataFrame:
    """Return known-future regressors for all times of the data and the ``h`` steps after.

    Steps of a day or less have zeros and ones, by the date (of the wall clock) on which they begin. Longer
    steps have the number of such days in them: a week is dated by the day that ends it, as in pandas.

    Parameters
    ----------
    data : DataFrame, Series, DatetimeIndex, PeriodIndex, polars or Arrow table, or Panel
        What will be forecast, or its times alone.
    country : str, optional
        Two-letter code, for instance ``"US"``; needs the package holidays, ``pip install
        "forecasting[holidays]"``. Without it there are no holidays.
    h : int
        Steps after the last time, so that the same frame serves ``predict``.
    subdivision : str, optional
        Code of a state, canton or region of the country, for instance ``"ZH"``.
    by_name : bool
        A column ``holiday_<name>`` for each holiday that occurs, instead of one column ``holiday``.
    lead, lag : int
        Columns ``holiday_lead_1, ...`` and ``holiday_lag_1, ...``: so many days before and after a holiday,
        days that are no holiday themselves.
    paydays : "last", int, or a sequence of them
        ``payday_last``: the last working day of the month. ``payday_25``: the 25th, or the last day of a
        shorter month; if that is no working day, the one before. Working days are Monday to Friday
        but for holidays.
    month_ends : int
        Columns ``month_day_1, ...`` and ``month_day_last_1, ...``: the first and the last days of a month.
    **options
        ``freq, id_col, time_col, ...``: see :func:`forecasting.as_panel`.

    Returns
    -------
    DataFrame
        The time column and one column of float a feature; a row for each step from the first time of any
        series to ``h`` steps after the last.

    Raises
    ------
    ArgumentError
        For a country or subdivision that is not known, and where no column is asked for.
    FrequencyError
        If the times are whole numbers or a listed calendar.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.date_range("2024-02-27", periods=3, freq="D")
    >>> calendar_features(days, h=2, month_ends=1, paydays="last").set_index("ds")["payday_last"].tolist()
    [0.0, 0.0, 1.0, 0.0, 0.0]
    """
    for name, count in (("h", h), ("lead", lead), ("lag", lag), ("month_ends", month_ends)):
        check_count(count, name, 0)
    asked = _checked_paydays(paydays)
    panel = _panel(data, options)
    calendar = panel.calendar
    if isinstance(calendar.frequency, (IntegerSteps, ListedTimes)):
        raise FrequencyError(
            f"calendar_features needs dates at a regular frequency; freq is {calendar.freq!r}"
        )
    first, last = int(panel.start.min()), int(panel.end.max()) + h
    times = calendar.times(np.arange(first, last + 1, dtype=np.int64))
    place, begin, end = _places(calendar, times, first)
    margin = max(MARGIN, lead + 1, lag + 1)
    days = np.arange(begin - margin, end + margin + 1, dtype="M8[D]")
    inner = slice(margin, len(days) - margin)
    columns, holiday = _holiday_columns(days, inner, country, subdivision, by_name, lead, lag)
    for payday in asked:
        columns[f"payday_{payday}"] = _paydays(days, payday, holiday)
    from_first, from_last = month_position(days)
    columns |= {f"month_day_{k}": from_first == k for k in range(1, month_ends + 1)}
    columns |= {f"month_day_last_{k}": from_last == k for k in range(1, month_ends + 1)}
    if not columns:
        raise ArgumentError(
            "no column is asked for; name a country, paydays=, or month_ends=3 or so"
        )
    return pd.DataFrame(
        {panel.shape.time_col: times}
        | {name: place(column[inner].astype(np.float64)) for name, column in columns.items()}
    )


def _holiday_columns(
    days: AnyArray,
    inner: slice,
    country: str | None,
    subdivision: str | None,
    by_name: bool,
    lead: int,
    lag: int,
) -> tuple[dict[str, BoolArray], BoolArray]:
    """Return the columns of holidays, and which days are one."""
    holiday = np.zeros(len(days), dtype=bool)
    if country is None:
        if subdivision is not None:
            raise ArgumentError(f"subdivision={subdivision!r} needs a country")
        return {}, holiday
    named = _holidays(country, subdivision, days)
    for found in named.values():
        holiday |= found
    columns = {"holiday": holiday}
    if by_name:
        columns = {f"holiday_{name}": v for name, v in named.items() if v[inner].any()}
    for k in range(1, lead + 1):
        columns[f"holiday_lead_{k}"] = ~holiday & np.roll(holiday, -k)
    for k in range(1, lag + 1):
        columns[f"holiday_lag_{k}"] = ~holiday & np.roll(holiday, k)
    return columns, holiday


def _panel(data: object, options: DataOptions) -> Panel:
    if isinstance(data, (pd.DatetimeIndex, pd.PeriodIndex)):
        unique = data.unique().sort_values()
        data = pd.Series(np.arange(len(unique), dtype=np.float64), index=unique)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of values: fit will say them
        return as_panel(data, **options)


def _places(calendar: Calendar, times: pd.Index, first: int) -> tuple[Any, Any, Any]:
    """Return what turns a column of days into one of steps, and the first and last of these days."""
    frequency = calendar.frequency
    starts = times.to_timestamp(how="start") if isinstance(times, pd.PeriodIndex) else times
    dates = as_days(pd.DatetimeIndex(starts).tz_localize(None).to_numpy())
    daily = isinstance(frequency, DaySteps) and frequency.step == 1
    if daily or frequency.on_the_clock or isinstance(frequency, BusinessDays):
        at = (dates - dates[0]).astype(np.int64)
        return (lambda column: column[at]), dates[0], dates[-1]
    around = frequency.times(np.array([first - 1, first + len(times)]), "s")
    days = np.arange(as_days(around)[0], as_days(around)[1] + 1)
    step = frequency.periods(days.astype("M8[s]")) - first
    inside = (step >= 0) & (step < len(times))

    def summed(column: FloatArray) -> FloatArray:
        total = np.bincount(step[inside], column[inside], minlength=len(times))
        return total.astype(np.float64)

    return summed, days[0], days[-1]


def _holidays(country: str, subdivision: str | None, days: AnyArray) -> dict[str, BoolArray]:
    """Return for each holiday by name on which days it falls."""
    try:
        library = importlib.import_module("holidays")
    except ImportError as error:
        raise ArgumentError(
            f'country={country!r} needs the package holidays: pip install "forecasting[holidays]"'
        ) from error
    known = library.list_supported_countries(include_aliases=True)
    if country not in known:
        raise ArgumentError(
            f"country={country!r} is not known; use a two-letter code, for instance 'US', 'CH'."
            f"{nearest(str(country).upper(), known)}"
        )
    years = (days[[0, -1]].astype("M8[Y]").astype(np.int64) + 1970).tolist()
    try:
        found = library.country_holidays(
            country, subdiv=subdivision, years=range(years[0], years[1] + 1)
        )
    except NotImplementedError as error:
        raise ArgumentError(
            f"subdivision={subdivision!r} of {country} is not known; there are "
            f"{', '.join(known[country]) or 'none'}"
        ) from error
    named: dict[str, BoolArray] = {}
    for date, text in sorted(found.items()):
        at = int((np.datetime64(date, "D") - days[0]).astype(np.int64))
        if 0 <= at < len(days):
            for name in text.split("; "):
                named.setdefault(name, np.zeros(len(days), dtype=bool))[at] = True
    return dict(sorted(named.items()))


def _checked_paydays(paydays: Sequence[Payday] | Payday) -> list[Payday]:
    given = [paydays] if isinstance(paydays, (str, int)) else list(paydays)
    for payday in given:
        whole = isinstance(payday, (int, np.integer)) and not isinstance(payday, bool)
        if payday != "last" and not (whole and 1 <= int(payday) <= 31):
            raise ArgumentError(
                f"a payday is 'last' or a day of the month, 1 to 31; got {payday!r}"
            )
    return list(dict.fromkeys(given))


def _paydays(days: AnyArray, payday: Payday, holiday: BoolArray) -> BoolArray:
    """Return on which days a payday falls, moved to the working day before where it must be."""
    weekday = (days.astype(np.int64) + EPOCH_WEEKDAY) % 7
    working = (weekday < 5) & ~holiday
    from_first, from_last = month_position(days)
    due: BoolArray = from_last == 1
    if payday != "last":
        due = (from_first == payday) | ((from_last == 1) & (from_first < payday))
    before: IntArray = np.maximum.accumulate(np.where(working, np.arange(len(days)), -1))
    moved = before[due]
    fallen = np.zeros(len(days), dtype=bool)
    fallen[moved[moved >= 0]] = True
    return fallen
