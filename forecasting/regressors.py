"""Regressors: their declared role, and their place beside the rows of a panel.

Every regressor is matched by key (id and time, or time alone, or id alone), never by position, and has
one of three roles. A known-future one (a holiday) is shown for the steps that are forecast; a past-only
one (yesterday's footfall) never beyond the cutoff; a static one (a region code) does not change.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from forecasting._typing import BoolArray, FloatArray, IntArray
from forecasting.calendar import Times, read_times
from forecasting.errors import DataWarning, RegressorError, plural, show_id, show_ids
from forecasting.panel import Covariates, Panel, Shape
from forecasting.shapes import to_pandas

Declared: TypeAlias = pd.DataFrame | Sequence[str] | None

#: Correlation with the target above which a regressor is suspected to be the target in disguise.
SUSPICIOUS = 0.999


@dataclass(frozen=True, eq=False)
class Regressors:
    """Regressors by role. Each role takes a frame, or the names of columns of the data itself.

    Parameters
    ----------
    known_future : DataFrame or sequence of str, optional
        Keyed by ``unique_id`` and ``ds``, or by ``ds`` alone if it holds for every series. Covers the
        history, and in a backtest every step that is forecast.
    past_only : DataFrame or sequence of str, optional
        Keyed alike; never shown after the cutoff.
    static : DataFrame or sequence of str, optional
        Keyed by ``unique_id``; one row per series.

    Examples
    --------
    >>> import pandas as pd
    >>> holidays = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=3), "holiday": [1, 0, 0]})
    >>> Regressors(known_future=holidays).names()
    ('holiday',)
    """

    known_future: Declared = None
    past_only: Declared = None
    static: Declared = None

    def names(self, keys: tuple[str, ...] = ("unique_id", "ds")) -> tuple[str, ...]:
        """Return the names of all regressors."""
        found: list[str] = []
        for part in (self.known_future, self.past_only, self.static):
            if part is not None:
                found.extend(c for c in part if c not in keys)
        return tuple(found)


def split_columns(X: Regressors, frame: pd.DataFrame | None, shape: Shape) -> Regressors:
    """Replace column names by the frames they stand for."""
    keys = [shape.id_col, shape.time_col] if shape.has_ids else [shape.time_col]
    return Regressors(
        _named(X.known_future, frame, keys, shape),
        _named(X.past_only, frame, keys, shape),
        _static_named(X.static, frame, shape),
    )


def _named(part: Declared, frame: pd.DataFrame | None, keys: list[str], shape: Shape) -> Declared:
    if part is None or isinstance(part, pd.DataFrame):
        return part
    return _columns(part, frame, keys, shape)


def _columns(
    part: Declared, frame: pd.DataFrame | None, keys: list[str], shape: Shape
) -> pd.DataFrame:
    names = [part] if isinstance(part, str) else list(part or ())
    if frame is None:
        raise RegressorError("regressors are named by column only for a long frame; pass frames instead")
    missing = [n for n in names if n not in frame.columns]
    if missing:
        found = ", ".join(map(repr, frame.columns[:12]))
        raise RegressorError(f"regressor column {missing[0]!r} is not in the data; found {found}")
    if shape.target_col in names:
        raise RegressorError(f"the target {shape.target_col!r} cannot be its own regressor")
    return frame[[*keys, *names]]


def _static_named(part: Declared, frame: pd.DataFrame | None, shape: Shape) -> Declared:
    if part is None or isinstance(part, pd.DataFrame):
        return part
    columns = _columns(part, frame, [shape.id_col], shape).drop_duplicates()
    if columns[shape.id_col].duplicated().any():
        twice = columns[shape.id_col][columns[shape.id_col].duplicated()].iloc[0]
        names = [c for c in columns.columns if c != shape.id_col]
        rows = columns[columns[shape.id_col] == twice]
        changing = [n for n in names if rows[n].nunique(dropna=False) > 1]
        raise RegressorError(
            f"static regressor {', '.join(changing)} changes over time for {show_id(twice)}; declare it "
            "past_only or known_future",
            ids=[twice],
        )
    return columns


def align(panel: Panel, X: Regressors, date_format: str | None = None) -> Panel:
    """Return the panel with regressors beside its rows; rows of X after the end are not kept.

    Raises
    ------
    RegressorError
        For missing ids, duplicate keys, columns that are not numbers, the target among them.
    """
    known, known_names = _by_row(panel, X.known_future, "known_future", date_format)
    past, past_names = _by_row(panel, X.past_only, "past_only", date_format)
    static, static_names = _by_series(panel, X.static)
    names = (*known_names, *past_names, *static_names)
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise RegressorError(f"regressor {twice[0]!r} is declared in two roles; give it one")
    _warn_of_disguise(panel, known, known_names, "known_future")
    covariates = Covariates(known, past, static, known_names, past_names, static_names)
    return dataclasses.replace(panel, covariates=covariates)


def align_future(
    panel: Panel, X: Regressors | pd.DataFrame | None, h: int
) -> FloatArray | None:
    """Return the known-future regressors of the ``h`` steps after each series, shape (n_series, h, p).

    Raises
    ------
    RegressorError
        If a column, a series, or a step is missing, twice or NaN; names the first (id, time).
    """
    names = panel.covariates.known_names
    if isinstance(X, Regressors):
        if X.past_only is not None:
            raise RegressorError("past_only regressors have no future; predict takes known_future only")
        given: Declared = X.known_future
    else:
        given = X
    if not names:
        if given is not None:
            warnings.warn("X is ignored: fit was called without known_future", DataWarning, stacklevel=4)
        return None
    if given is None or not isinstance(given, pd.DataFrame):
        raise RegressorError(
            f"fit had known-future regressors {', '.join(names)}; predict needs them for the next {h} steps, "
            "X=frame with id and time columns"
        )
    return _future_cells(panel, given, names, h)


def _future_cells(panel: Panel, frame: pd.DataFrame, names: tuple[str, ...], h: int) -> FloatArray:
    shape = panel.shape
    if shape.target_col in frame.columns:
        raise RegressorError(f"X holds the target {shape.target_col!r}: would that be a leak? Drop it")
    missing = [n for n in names if n not in frame.columns]
    if missing:
        raise RegressorError(f"X lacks {', '.join(map(repr, missing))}; it has {list(frame.columns)}")
    extra = [c for c in frame.columns if c not in (*names, shape.id_col, shape.time_col)]
    if extra:
        warnings.warn(f"X has columns that fit did not have, ignored: {extra}", DataWarning, stacklevel=5)
    rows = _rows(panel, frame[[c for c in frame.columns if c not in extra]], "known_future", None)
    cells = np.full((panel.n_series, h, len(names)), np.nan)
    filled = np.zeros((panel.n_series, h), dtype=bool)
    for series, ordinals, values in rows.each(panel, names):
        step = ordinals - panel.end[series] - 1
        inside = (step >= 0) & (step < h)
        cells[series[inside], step[inside]] = values[inside]
        filled[series[inside], step[inside]] = True
    if not filled.all():
        i, s = (int(v) for v in np.argwhere(~filled)[0])
        when = panel.calendar.times(panel.end[i : i + 1] + s + 1)[0]
        n_bad = int((~filled).sum())
        raise RegressorError(
            f"X lacks {plural(n_bad, 'row')} of the next {h} steps, first ({show_id(panel.ids[i])}, {when})",
            n_bad=n_bad,
            ids=panel.ids[(~filled).any(axis=1)][:10],
        )
    if np.isnan(cells).any():
        i, s, c = (int(v) for v in np.argwhere(np.isnan(cells))[0])
        when = panel.calendar.times(panel.end[i : i + 1] + s + 1)[0]
        raise RegressorError(
            f"X has a missing value in {names[c]!r}, first ({show_id(panel.ids[i])}, {when})",
            column=names[c],
        )
    return cells


# --- matching by key ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Rows:
    frame: pd.DataFrame
    codes: IntArray | None  # series of each row; None if the rows hold for every series
    ordinals: IntArray

    def each(
        self, panel: Panel, names: tuple[str, ...]
    ) -> list[tuple[IntArray, IntArray, FloatArray]]:
        """Return (series, ordinals, values) blocks; one for keyed rows, one a series otherwise."""
        values = np.column_stack([_numbers(self.frame[n], n) for n in names])
        if self.codes is not None:
            return [(self.codes, self.ordinals, values)]
        return [
            (np.full(len(self.ordinals), i), self.ordinals, values) for i in range(panel.n_series)
        ]


def _rows(panel: Panel, frame: pd.DataFrame, role: str, date_format: str | None) -> _Rows:
    shape = panel.shape
    if shape.time_col not in frame.columns:
        raise RegressorError(
            f"{role} regressors need the time column {shape.time_col!r}; found {list(frame.columns)}"
        )
    column = frame[shape.time_col].reset_index(drop=True)
    times = read_times(column, shape.time_col, date_format)
    if times.kind != panel.calendar.kind or (times.tz is None) != (panel.calendar.tz is None):
        raise RegressorError(
            f"times of {role} regressors are {times.kind}{'' if times.tz is None else ' with a zone'}, those "
            f"of the data {panel.calendar.kind}{'' if panel.calendar.tz is None else ' with a zone'}"
        )
    ordinals, on_grid = panel.calendar.ordinals(_in_unit(times, panel))
    if not on_grid.all():
        first = column.iloc[int(np.flatnonzero(~on_grid)[0])]
        raise RegressorError(
            f"{plural(int((~on_grid).sum()), 'row')} of {role} regressors are off freq "
            f"{panel.calendar.freq}, first {first}"
        )
    frame = frame.reset_index(drop=True)
    if shape.id_col not in frame.columns:
        _refuse_twice(pd.DataFrame({"o": ordinals}), role, column)
        return _Rows(frame, None, ordinals)
    codes = panel.ids.get_indexer(frame[shape.id_col])
    _refuse_twice(pd.DataFrame({"c": frame[shape.id_col], "o": ordinals}), role, column)
    unknown = codes < 0
    if unknown.any():
        strangers = frame[shape.id_col][unknown].unique()
        warnings.warn(
            f"{role} regressors of {plural(len(strangers), 'series', 'series')} not in the data are ignored: "
            f"{show_ids(strangers)}",
            DataWarning,
            stacklevel=6,
        )
    absent = np.setdiff1d(np.arange(panel.n_series), codes)
    if len(absent):
        raise RegressorError(
            f"{role} regressors lack {plural(len(absent), 'series', 'series')} of the data: "
            f"{show_ids(panel.ids[absent])}",
            n_bad=len(absent),
            ids=panel.ids[absent[:10]],
        )
    keep = np.flatnonzero(~unknown)
    return _Rows(frame.iloc[keep], np.asarray(codes[keep], dtype=np.int64), ordinals[keep])


def _in_unit(times: Times, panel: Panel) -> Times:
    if times.kind == "integer":
        return times
    unit = f"M8[{panel.calendar.unit}]"
    utc = None if times.utc is None else times.utc.astype(unit)
    return dataclasses.replace(times, wall=times.wall.astype(unit), utc=utc)


def _refuse_twice(keys: pd.DataFrame, role: str, times: pd.Series) -> None:
    twice = keys.duplicated().to_numpy()
    if twice.any():
        raise RegressorError(
            f"{role} regressors have {plural(int(twice.sum()), 'duplicate row')}, first at "
            f"{times.iloc[int(np.flatnonzero(twice)[0])]}; one row per series and time",
            n_bad=int(twice.sum()),
        )


def _by_row(
    panel: Panel, part: Declared, role: str, date_format: str | None
) -> tuple[FloatArray, tuple[str, ...]]:
    frame = _as_frame(part)
    if frame is None:
        return np.empty((len(panel.values), 0)), ()
    shape = panel.shape
    names = tuple(str(c) for c in frame.columns if c not in (shape.id_col, shape.time_col))
    if shape.target_col in names:
        raise RegressorError(f"{role} regressors hold the target {shape.target_col!r}: would that be a leak?")
    if not names:
        raise RegressorError(f"{role} regressors have no column beside the keys")
    matrix = np.full((len(panel.values), len(names)), np.nan)
    for series, ordinals, values in _rows(panel, frame, role, date_format).each(panel, names):
        inside: BoolArray = (ordinals >= panel.start[series]) & (ordinals <= panel.end[series])
        rows = panel.offsets[series] + ordinals - panel.start[series]
        matrix[rows[inside]] = values[inside]
    return matrix, names


def _by_series(panel: Panel, part: Declared) -> tuple[FloatArray, tuple[str, ...]]:
    frame = _as_frame(part)
    if frame is None:
        return np.empty((panel.n_series, 0)), ()
    id_col = panel.shape.id_col
    if id_col not in frame.columns:
        raise RegressorError(f"static regressors need the id column {id_col!r}")
    if frame[id_col].duplicated().any():
        twice = frame[id_col][frame[id_col].duplicated()].iloc[0]
        raise RegressorError(f"static regressors have two rows for {show_id(twice)}; one row per series")
    at = pd.Index(frame[id_col]).get_indexer(panel.ids)
    if (at < 0).any():
        raise RegressorError(
            f"static regressors lack {show_ids(panel.ids[at < 0])}", ids=panel.ids[at < 0][:10]
        )
    extra = len(frame) - panel.n_series
    if extra:
        warnings.warn(
            f"static regressors of {plural(extra, 'series', 'series')} not in the data are ignored",
            DataWarning,
            stacklevel=5,
        )
    names = tuple(str(c) for c in frame.columns if c != id_col)
    return np.column_stack([_numbers(frame[n], n)[at] for n in names]), names


def _as_frame(part: Declared) -> pd.DataFrame | None:
    if part is None:
        return None
    frame, _ = to_pandas(part)
    if isinstance(frame, pd.Series):
        raise RegressorError("regressors are a frame with key columns, not a Series")
    return frame


def _numbers(column: pd.Series, name: str) -> FloatArray:
    numeric = pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype)
    if not numeric or pd.api.types.is_complex_dtype(column.dtype):
        raise RegressorError(
            f"regressor {name!r} holds {column.dtype} values; make it numbers, for instance "
            f"pd.get_dummies(frame, columns=[{name!r}], dtype=float)",
            column=name,
        )
    values: FloatArray = column.to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isinf(values).any():
        raise RegressorError(f"regressor {name!r} holds an infinite value", column=name)
    return values


def _warn_of_disguise(panel: Panel, X: FloatArray, names: tuple[str, ...], role: str) -> None:
    y = panel.values
    for j, name in enumerate(names):
        both = np.isfinite(y) & np.isfinite(X[:, j])
        if both.sum() < 10:
            continue
        a, b = y[both] - y[both].mean(), X[both, j] - X[both, j].mean()
        size = float(np.sqrt((a @ a) * (b @ b)))
        if np.isfinite(size) and size > 0 and abs(float(a @ b)) / size > SUSPICIOUS:
            warnings.warn(
                f"{role} regressor {name!r} correlates with the target above {SUSPICIOUS}: is it the target "
                "in disguise? If it is not known in advance declare it past_only",
                DataWarning,
                stacklevel=6,
            )
