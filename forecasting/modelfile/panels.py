"""Panels as plain values and arrays, and back, with everything checked that later code relies on."""

from __future__ import annotations

import dataclasses
import datetime
import re
from typing import Any

import numpy as np
import pandas as pd

from forecasting.calendar import Calendar
from forecasting.frequency import (
    NS_PER_DAY,
    BusinessDays,
    ClockSteps,
    DaySteps,
    Frequency,
    IntegerSteps,
    ListedTimes,
    MonthSteps,
)
from forecasting.modelfile.errors import UnsavableError, demand
from forecasting.modelfile.indexes import decode_index, decode_name, encode_index, encode_name
from forecasting.panel import Covariates, Panel, Shape

FREQUENCIES: dict[str, type[Frequency]] = {
    cls.__name__: cls
    for cls in (IntegerSteps, ClockSteps, DaySteps, BusinessDays, MonthSteps, ListedTimes)
}
ZONE = re.compile(r"[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+){0,2}")
#: Ordinals beyond are no times of anything, and sums of them would leave int64.
FARTHEST = 2**61
ROLES = ("known", "past", "static")


def encode_panel(panel: Panel) -> dict[str, Any]:
    """Return a panel as plain values and arrays.

    Raises
    ------
    UnsavableError
        For dtypes and zones that cannot be kept; the message names them.
    """
    covariates = panel.covariates
    return {
        "values": panel.values,
        "offsets": panel.offsets,
        "start": panel.start,
        "gaps": panel.gaps,
        "ids": encode_index(panel.ids, "the ids"),
        "calendar": _encode_calendar(panel.calendar),
        "shape": _encode_shape(panel.shape),
        **{role: getattr(covariates, role) for role in ROLES},
        "names": [list(getattr(covariates, f"{role}_names")) for role in ROLES],
    }


def decode_panel(tree: dict[str, Any]) -> Panel:
    """Return the panel that :func:`encode_panel` wrote.

    Raises
    ------
    CorruptModelFileError
        If the parts do not fit one another.
    """
    values, offsets, start = tree["values"], tree["offsets"], tree["start"]
    _demand_array(values, np.float64, 1, "values")
    _demand_array(offsets, np.int64, 1, "offsets")
    _demand_array(start, np.int64, 1, "start")
    n_series = len(start)
    demand(n_series > 0 and len(offsets) == n_series + 1, "the number of series")
    demand(
        offsets[0] == 0 and offsets[-1] == len(values) and (np.diff(offsets) > 0).all(),
        "where series begin and end",
    )
    demand((np.abs(start.astype(np.float64)) < FARTHEST).all(), "when series begin")
    gaps = tree["gaps"]
    if gaps is not None:
        _demand_array(gaps, np.bool_, 1, "gaps")
        demand(len(gaps) == len(values), "the number of gaps")
        demand(np.isnan(values[gaps]).all(), "a gap has a value")
    ids = decode_index(tree["ids"])
    demand(len(ids) == n_series and ids.is_unique and not ids.hasnans, "the ids")
    panel = Panel(
        values=values,
        offsets=offsets,
        start=start,
        ids=ids,
        calendar=_decode_calendar(tree["calendar"]),
        covariates=_decode_covariates(tree, len(values), n_series),
        gaps=gaps,
        shape=_decode_shape(tree["shape"]),
    )
    _check_times(panel)
    _check_shape(panel)
    return panel


def _demand_array(array: Any, dtype: type, ndim: int, name: str) -> None:
    right = isinstance(array, np.ndarray) and array.dtype == dtype and array.ndim == ndim
    demand(right, f"{name} are no array of that kind")


def _decode_covariates(tree: dict[str, Any], n_rows: int, n_series: int) -> Covariates:
    parts, every = [], []
    for role, rows, names in zip(ROLES, (n_rows, n_rows, n_series), tree["names"], strict=True):
        _demand_array(tree[role], np.float64, 2, f"{role} regressors")
        demand(tree[role].shape == (rows, len(names)), f"the number of {role} regressors")
        demand(all(isinstance(name, str) for name in names), "the names of regressors")
        parts.append(tree[role])
        every.append(tuple(names))
    flat = [name for names in every for name in names]
    demand(len(set(flat)) == len(flat), "a regressor is there twice")
    return Covariates(*parts, *every)


# --- the calendar ---------------------------------------------------------------------------------------


def _encode_calendar(calendar: Calendar) -> dict[str, Any]:
    frequency = calendar.frequency
    name = type(frequency).__name__
    if FREQUENCIES.get(name) is not type(frequency):
        raise UnsavableError(
            f"the calendar counts by {name}, a frequency of your own; list its times instead, "
            "freq=pd.DatetimeIndex([...])"
        )
    return {
        "frequency": name,
        "with": {f.name: getattr(frequency, f.name) for f in dataclasses.fields(frequency)},
        "kind": calendar.kind,
        "unit": calendar.unit,
        "zone": _encode_zone(calendar.tz),
        "period": calendar.period_freq,
    }


def _encode_zone(tz: datetime.tzinfo | None) -> str | int | None:
    """Return the name of a zone, or the seconds of a fixed offset."""
    if tz is None:
        return None
    if isinstance(tz, datetime.timezone) and tz != datetime.UTC:
        return int(tz.utcoffset(None).total_seconds())
    name = str(tz)
    if ZONE.fullmatch(name) is None or str(_named_zone(name)) != name:
        raise UnsavableError(
            f"the time zone {name!r} has no name that can be kept; bring the times to one with, "
            "df['ds'] = df['ds'].dt.tz_convert('Europe/Zurich')"
        )
    return name


def _named_zone(name: str) -> datetime.tzinfo:
    """Return a zone as this version of pandas has it."""
    return pd.DatetimeTZDtype("ns", name).tz


def _decode_calendar(tree: dict[str, Any]) -> Calendar:
    cls, named = FREQUENCIES[tree["frequency"]], tree["with"]
    demand({f.name for f in dataclasses.fields(cls)} == named.keys(), "the frequency")
    frequency = cls(**named)
    _check_frequency(frequency)
    kind, unit, zone, period = tree["kind"], tree["unit"], tree["zone"], tree["period"]
    demand(kind in ("integer", "datetime", "period"), "the kind of time")
    demand((kind == "integer") == isinstance(frequency, IntegerSteps), "the kind of time")
    demand(unit in (("int",) if kind == "integer" else ("s", "ms", "us", "ns")), "the unit")
    demand(isinstance(period, str) == (kind == "period"), "the period")
    demand(zone is None or kind == "datetime", "the zone")
    tz: datetime.tzinfo | None = None
    if type(zone) is int:
        tz = datetime.timezone(datetime.timedelta(seconds=zone))
    elif zone is not None:
        demand(isinstance(zone, str) and ZONE.fullmatch(zone), "the zone")
        tz = _named_zone(zone)
    return Calendar(frequency, kind, unit, tz, period)


def _check_frequency(frequency: Frequency) -> None:
    """Check what the arithmetic relies on: steps of at least 1, phases within a step, a time of day."""
    if isinstance(frequency, ListedTimes):
        listed = frequency.listed
        demand(isinstance(listed, np.ndarray) and listed.dtype.kind == "M", "the listed calendar")
        demand(
            listed.ndim == 1 and len(listed) and not np.isnat(listed).any(), "the listed calendar"
        )
        demand((np.diff(listed.view(np.int64)) > 0).all(), "the listed calendar is not sorted")
        return
    facts = {f.name: getattr(frequency, f.name) for f in dataclasses.fields(frequency)}
    step = facts.get("step", facts.get("step_ns", 1))
    demand(type(step) is int and 1 <= step < 2**53, "the step of the calendar")
    for name, below in (("phase", step), ("phase_ns", step), ("time_of_day", NS_PER_DAY)):
        value = facts.get(name, 0)
        demand(type(value) is int and 0 <= value < below, f"the {name} of the calendar")
    demand(type(facts.get("end", False)) is bool, "the end of the calendar")
    demand(isinstance(facts.get("name", ""), str), "the name of the calendar")


def _check_times(panel: Panel) -> None:
    """Check that the first and last times exist, and are those of their ordinals."""
    ends = np.array([panel.start.min(), panel.end.max()])
    calendar = panel.calendar
    if isinstance(calendar.frequency, ListedTimes):
        demand(ends[0] >= 0 and ends[1] < len(calendar.frequency.listed), "the listed calendar")
    raw = calendar.frequency.times(ends, calendar.unit)
    demand((calendar.frequency.ordinals(raw) == ends).all(), "the times of the series")
    calendar.times(ends)


# --- how the data came in -------------------------------------------------------------------------------

PLAIN_FACTS = ("kind", "id_col", "time_col", "target_col", "has_ids", "backend", "dates")
KINDS = ("long", "wide", "series", "multiindex")


def _encode_shape(shape: Shape) -> dict[str, Any]:
    dtype = shape.id_dtype
    if dtype is not None and not isinstance(dtype, pd.CategoricalDtype):
        raise UnsavableError(
            f"ids of dtype {dtype} cannot be kept; use df['unique_id'].astype(str)"
        )
    levels = None
    if dtype is not None:
        levels = {"levels": encode_index(dtype.categories, "the ids"), "ordered": dtype.ordered}
    columns = shape.columns
    return {
        **{name: getattr(shape, name) for name in PLAIN_FACTS},
        "index_names": [encode_name(name) for name in shape.index_names],
        "series_name": encode_name(shape.series_name),
        "columns": None if columns is None else encode_index(columns, "the columns"),
        "id_dtype": levels,
    }


def _decode_shape(tree: dict[str, Any]) -> Shape:
    facts = {name: tree[name] for name in PLAIN_FACTS}
    demand(facts["kind"] in KINDS, "the kind of frame")
    demand(facts["backend"] in ("pandas", "polars", "arrow"), "the library of the frame")
    demand(type(facts["has_ids"]) is bool and type(facts["dates"]) is bool, "the kind of frame")
    keys = [facts["id_col"], facts["time_col"], facts["target_col"]]
    demand(all(isinstance(name, str) for name in keys), "the names of the columns")
    demand(keys[0] != keys[1], "the names of the columns")
    levels = tree["id_dtype"]
    dtype = None
    if levels is not None:
        demand(type(levels["ordered"]) is bool, "the levels of the ids")
        dtype = pd.CategoricalDtype(decode_index(levels["levels"]), levels["ordered"])
    return Shape(
        **facts,
        index_names=tuple(decode_name(name) for name in tree["index_names"]),
        series_name=decode_name(tree["series_name"]),
        columns=None if tree["columns"] is None else decode_index(tree["columns"]),
        id_dtype=dtype,
    )


def _check_shape(panel: Panel) -> None:
    shape = panel.shape
    alone = shape.kind == "series" or not shape.has_ids
    demand(not alone or panel.n_series == 1, "one series without ids")
    demand((shape.kind == "wide") == (shape.columns is not None), "the columns")
    if shape.columns is not None:
        demand(panel.ids.isin(shape.columns).all() and shape.columns.is_unique, "the columns")
    if isinstance(shape.id_dtype, pd.CategoricalDtype):
        demand(panel.ids.isin(shape.id_dtype.categories).all(), "the levels of the ids")
