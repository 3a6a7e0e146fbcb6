"""Reading a time column of any dtype that can be read without guessing."""

from __future__ import annotations

import datetime
import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from forecasting._typing import AnyArray, IntArray
from forecasting.errors import TimeColumnError, plural, show_value
from forecasting.frequency import Frequency, unit_of

#: Between 2001 and 2100, in seconds since 1970: where a whole number is likely to be an epoch time.
EPOCH_SECONDS = (10**9, 4_102_444_800)


@dataclass(frozen=True)
class Times:
    """A time column read: whole numbers or wall-clock ``datetime64``, and how they were written."""

    wall: AnyArray  # int64 or datetime64[unit], local time without zone
    kind: Literal["integer", "datetime", "period"]
    utc: AnyArray | None = None  # the same instants in UTC, where there is a zone
    tz: datetime.tzinfo | None = None
    period_freq: str | None = None

    def __len__(self) -> int:
        return len(self.wall)

    @property
    def unit(self) -> str:
        """``"int"``, or the unit of the time stamps: s, ms, us, ns."""
        return "int" if self.kind == "integer" else unit_of(self.wall)

    @property
    def instants(self) -> AnyArray:
        """What orders the rows: elapsed time where there is a zone, else the times themselves."""
        return self.wall if self.utc is None else self.utc

    def take(self, rows: AnyArray | slice) -> Times:
        """Return these rows."""
        utc = None if self.utc is None else self.utc[rows]
        return Times(self.wall[rows], self.kind, utc, self.tz, self.period_freq)

    def in_unit(self, unit: str) -> Times:
        """Return the same times in the unit of a calendar."""
        if self.kind == "integer":
            return self
        utc = None if self.utc is None else self.utc.astype(f"M8[{unit}]")
        return Times(self.wall.astype(f"M8[{unit}]"), self.kind, utc, self.tz, self.period_freq)

    def on_axis(self, frequency: Frequency) -> AnyArray:
        """Return what the frequency counts on: elapsed time for clock steps, else wall clock."""
        return self.instants if frequency.on_the_clock else self.wall


def read_times(column: pd.Series, name: str, date_format: str | None = None) -> Times:
    """Read a time column.

    Raises
    ------
    TimeColumnError
        For nulls, text that is not ISO-8601 (without ``date_format``), numbers that look like
        dates, and anything that is not a time.
    """
    dtype = column.dtype
    if isinstance(dtype, pd.PeriodDtype):
        _refuse_nulls(column, name)
        periods = pd.PeriodIndex(column)
        starts = periods.to_timestamp(how="start").to_numpy()
        return Times(starts, "period", period_freq=periods.freqstr)
    if pd.api.types.is_bool_dtype(dtype) or pd.api.types.is_float_dtype(dtype):
        _refuse_nulls(column, name)
        raise TimeColumnError(
            f"column {name!r} holds {dtype} values, first {show_value(column.iloc[0])}; use time stamps, "
            f"pd.to_datetime(df[{name!r}]), or whole numbers, df[{name!r}].astype(int)",
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
    rows = np.flatnonzero(column.isna().to_numpy())
    raise TimeColumnError(
        f"{plural(len(rows), 'null timestamp')} in {name} (row {rows[0]}); drop with "
        f"df.dropna(subset=[{name!r}]), or fill in the true time",
        column=name,
        n_bad=len(rows),
    )


def _whole_numbers(column: pd.Series, name: str) -> IntArray:
    values = column.to_numpy(dtype=np.int64)
    if len(values) == 0:
        return values
    low, high = int(values.min()), int(values.max())
    for text, format_, digits in (("yyyymmdd", "%Y%m%d", 100), ("yyyymm", "%Y%m", 1)):
        if 190_001 * digits <= low and high < 220_100 * digits and _are_dates(values, digits):
            raise TimeColumnError(
                f"integers in {name} look like {text} (first {values[0]}); read them with "
                f"df[{name!r}] = pd.to_datetime(df[{name!r}].astype(str), format={format_!r})",
                column=name,
            )
    for unit, factor in (("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)):
        if EPOCH_SECONDS[0] * factor <= low and high <= EPOCH_SECONDS[1] * factor:
            raise TimeColumnError(
                f"integers in {name} look like time since 1970 in {unit} (first {values[0]}); read "
                f"them with df[{name!r}] = pd.to_datetime(df[{name!r}], unit={unit!r})",
                column=name,
            )
    return values


def _are_dates(values: IntArray, digits: int) -> bool:
    month = values // digits % 100
    day = values % 100 if digits == 100 else np.ones_like(values)
    return bool(((month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all())


def _as_datetimes(column: pd.Series, name: str, date_format: str | None) -> pd.Series:
    if isinstance(column.dtype, pd.ArrowDtype):
        column = _from_arrow(column)
    dtype = column.dtype
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return column
    if not (pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype)):
        raise TimeColumnError(
            f"column {name!r} holds {dtype} values, not times; make them time stamps with "
            f"pd.to_datetime(df[{name!r}])",
            column=name,
        )
    if date_format is not None:
        return _parse(column, name, date_format)
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind == "string":
        return _parse(column, name, "ISO8601")
    if kind in ("date", "datetime"):
        return _parse(column, name, None)
    if kind == "period":
        raise TimeColumnError(
            f"column {name!r} holds periods as objects; type df[{name!r}] = "
            f"pd.PeriodIndex(df[{name!r}])",
            column=name,
        )
    there = column[column.notna()]
    held = (
        f"{kind} objects, first a {type(there.iloc[0]).__name__}"
        if len(there)
        else "nothing but nulls"
    )
    raise TimeColumnError(
        f"column {name!r} holds {held}; make them time stamps with pd.to_datetime(df[{name!r}])",
        column=name,
    )


def _from_arrow(column: pd.Series) -> pd.Series:
    text = str(column.dtype)
    if text.startswith("date"):
        column = column.astype("timestamp[s][pyarrow]")
    if text.startswith(("date", "timestamp")):
        return pd.Series(pd.DatetimeIndex(column))
    return column.astype(object)


def _parse(column: pd.Series, name: str, date_format: str | None) -> pd.Series:
    null = column.isna()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)  # what pandas 2 says of two zones
            parsed = pd.to_datetime(column, format=date_format, errors="coerce")
    except (ValueError, FutureWarning) as error:
        raise TimeColumnError(
            f"the times in {name} are in several time zones; bring them to one with "
            f"pd.to_datetime(df[{name!r}], utc=True)",
            column=name,
        ) from error
    bad = (parsed.isna() & ~null).to_numpy()
    if bad.any() or not pd.api.types.is_datetime64_any_dtype(parsed.dtype):
        row = int(np.argmax(bad))
        if date_format in (None, "ISO8601"):
            advice = "only ISO-8601 text is read without guessing; say date_format='%d/%m/%Y' or so"
        else:
            advice = f"it does not match date_format={date_format!r}"
        raise TimeColumnError(
            f"{plural(max(1, int(bad.sum())), 'value')} in {name} cannot be read as time, first "
            f"{column.iloc[row]!r} (row {row}); {advice}",
            column=name,
            n_bad=int(bad.sum()),
        )
    return parsed
