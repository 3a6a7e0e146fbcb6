"""Regressors: their declared role, and their place beside the rows of a panel.

Every regressor is matched by key (id and time, or time alone, or id alone), never by position, and
has one of three roles. A known-future one (a holiday) is shown for the steps that are forecast; a
past-only one (yesterday's footfall) never beyond the cutoff; a static one (a region code) does not
change.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from forecasting._typing import BoolArray, FloatArray, IntArray
from forecasting.columns import no_key
from forecasting.disguise import SUSPICIOUS
from forecasting.errors import RegressorError, plural, show_id, show_ids, show_time, tell
from forecasting.panel import Covariates, Panel, Shape
from forecasting.shapes import SupportsArrow, to_pandas
from forecasting.times import read_times

Declared: TypeAlias = pd.DataFrame | Sequence[str] | None


@dataclass(frozen=True, eq=False)
class Regressors:
    """Regressors by role. Each role takes a frame, or the names of columns of the data itself.

    Parameters
    ----------
    known_future : DataFrame or sequence of str, optional
        Keyed by ``unique_id`` and ``ds``, or by ``ds`` alone if it holds for every series. Covers
        the history, and in a backtest every step that is forecast.
    past_only : DataFrame or sequence of str, optional
        Keyed alike; never shown after the cutoff.
    static : DataFrame or sequence of str, optional
        Keyed by ``unique_id``; one row per series.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.date_range("2024-01-01", periods=3)
    >>> holidays = pd.DataFrame({"ds": days, "holiday": [1, 0, 0]})
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
            columns = [part] if isinstance(part, str) else part
            if columns is not None:
                found.extend(str(c) for c in columns if c not in keys)
        return tuple(found)


def split_columns(X: Regressors, frame: pd.DataFrame | None, shape: Shape) -> Regressors:
    """Replace column names by the frames they stand for, and frames of other libraries by "
    "pandas."""
    keys = [shape.id_col, shape.time_col] if shape.has_ids else [shape.time_col]
    static = _framed(X.static, frame, [shape.id_col], shape)
    if static is not None and not _is_frame(X.static):
        static = _once_a_series(static, shape.id_col)
    return Regressors(
        _framed(X.known_future, frame, keys, shape),
        _framed(X.past_only, frame, keys, shape),
        static,
    )


def _is_frame(part: Declared) -> bool:
    return isinstance(part, (pd.DataFrame, pd.Series, SupportsArrow))


def _framed(
    part: Declared, frame: pd.DataFrame | None, keys: list[str], shape: Shape
) -> pd.DataFrame | None:
    if part is None or _is_frame(part):
        return _as_frame(part, shape)
    names = [part] if isinstance(part, str) else list(part)
    if frame is None:
        raise RegressorError(
            "regressors are named by column only for a long frame; pass frames, "
            "X=Regressors(known_future=frame)"
        )
    missing = [n for n in names if n not in frame.columns]
    if missing:
        found = ", ".join(map(repr, frame.columns[:12]))
        raise RegressorError(f"regressor column {missing[0]!r} is not in the data; found {found}")
    if shape.target_col in names:
        raise RegressorError(
            f"the target {shape.target_col!r} cannot be its own regressor; leave it out of X"
        )
    return frame[[*keys, *names]]


def _once_a_series(columns: pd.DataFrame, id_col: str) -> pd.DataFrame:
    columns = columns.drop_duplicates()
    again = columns[id_col].duplicated()
    if again.any():
        twice = columns[id_col][again].iloc[0]
        rows = columns[columns[id_col] == twice].drop(columns=id_col)
        changing = [str(n) for n in rows.columns if rows[n].nunique(dropna=False) > 1]
        raise RegressorError(
            f"static regressor {', '.join(changing)} changes over time for {show_id(twice)}; "
            "declare it past_only= or known_future=",
            column=changing[0] if changing else None,
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


def align_future(panel: Panel, X: Regressors | pd.DataFrame | None, h: int) -> FloatArray | None:
    """Return the known-future regressors of the ``h`` steps after each series, (n_series, h, p).

    Raises
    ------
    RegressorError
        If a column, a series, or a step is missing, twice or NaN; names the first (id, time).
    """
    names = panel.covariates.known_names
    if isinstance(X, Regressors):
        if X.past_only is not None:
            raise RegressorError(
                "past_only regressors have no future; predict takes known_future only"
            )
        given: Declared = X.known_future
    else:
        given = X
    if not names:
        if given is not None:
            tell("X is ignored: fit was called without X=Regressors(known_future=...)")
        return None
    frame = _as_frame(given, panel.shape) if _is_frame(given) else None
    if frame is None:
        raise RegressorError(
            f"fit had known-future regressors {', '.join(names)}; predict needs them for the next {h} "
            "steps: X=frame with the id and time columns"
        )
    return _future_cells(panel, frame, names, h)


def _future_cells(panel: Panel, frame: pd.DataFrame, names: tuple[str, ...], h: int) -> FloatArray:
    shape = panel.shape
    if shape.target_col in frame.columns:
        raise RegressorError(
            f"X holds the target column {shape.target_col!r}: a leak? Drop it, "
            f"X.drop(columns={shape.target_col!r})"
        )
    missing = [n for n in names if n not in frame.columns]
    if missing:
        raise RegressorError(
            f"X lacks {', '.join(map(repr, missing))}, which fit had; it has "
            f"{list(frame.columns)}. Add "
            "the column for the steps ahead"
        )
    extra = [str(c) for c in frame.columns if c not in (*names, shape.id_col, shape.time_col)]
    if extra:
        tell(f"X has columns that fit did not have, ignored: {', '.join(extra)}")
    rows = _rows(panel, frame.drop(columns=extra), "known_future", None)
    cells = np.full((panel.n_series, h, len(names)), np.nan)
    filled = np.zeros((panel.n_series, h), dtype=bool)
    for series, ordinals, values in rows.each(panel, names):
        step = ordinals - panel.end[series] - 1
        inside = (step >= 0) & (step < h)
        cells[series[inside], step[inside]] = values[inside]
        filled[series[inside], step[inside]] = True
    if not filled.all():
        n_bad = int((~filled).sum())
        raise RegressorError(
            f"X lacks {plural(n_bad, 'row')} of the next {h} steps, first "
            f"{_cell(panel, ~filled)}; give "
            "one row for every series and step that is forecast",
            n_bad=n_bad,
            ids=panel.ids[np.flatnonzero((~filled).any(axis=1))[:10]],
        )
    _refuse_missing(panel, cells, names)
    return cells


def _cell(panel: Panel, which: BoolArray) -> str:
    """Return the first true cell of (n_series, h) as text: ``(b, 2024-03-02)``."""
    i, s = (int(v) for v in np.argwhere(which)[0])
    when = panel.calendar.times(panel.end[i : i + 1] + s + 1)[0]
    return f"({show_id(panel.ids[i])}, {show_time(when)})"


def _refuse_missing(panel: Panel, cells: FloatArray, names: tuple[str, ...]) -> None:
    """Refuse missing values in every series; in some only, they fail those when forecast."""
    missing = np.isnan(cells)  # (n_series, h, p)
    touched = missing.any(axis=(1, 2))
    if not touched.any():
        return
    column = names[int(np.argmax(missing.any(axis=(0, 1))))]
    message = (
        f"X has {plural(int(missing.sum()), 'missing value')} in "
        f"{plural(int(touched.sum()), 'series', 'series')}"
        f", first in {column!r} at {_cell(panel, np.asarray(missing.any(axis=2)))}; fill in what "
        "will be known then"
    )
    if touched.all():
        raise RegressorError(message, column=column, n_bad=int(missing.sum()))
    tell(message)


# --- matching by key ------------------------------------------------------------------------------


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
            f"{role} regressors need the time column {shape.time_col!r}; found {list(frame.columns)}. "
            f"Rename it, X.rename(columns={{...: {shape.time_col!r}}})"
        )
    column = frame[shape.time_col].reset_index(drop=True)
    times = read_times(column, shape.time_col, date_format)
    ours, theirs = (
        f"{kind}{' without zone' if tz is None else f' in {tz}'}"
        for kind, tz in ((panel.calendar.kind, panel.calendar.tz), (times.kind, times.tz))
    )
    if (times.kind, times.tz is None) != (panel.calendar.kind, panel.calendar.tz is None):
        raise RegressorError(
            f"times of {role} regressors are {theirs}, those of the data {ours}; make them alike"
        )
    ordinals, on_grid = panel.calendar.ordinals(times.in_unit(panel.calendar.unit))
    if not on_grid.all():
        first = column.iloc[int(np.flatnonzero(~on_grid)[0])]
        raise RegressorError(
            f"{plural(int((~on_grid).sum()), 'row')} of {role} regressors fall outside freq "
            f"{panel.calendar.freq!r}, first {first}; give one row a step"
        )
    frame = frame.reset_index(drop=True)
    if shape.id_col not in frame.columns:
        _refuse_twice(pd.DataFrame({"o": ordinals}), role, column)
        return _Rows(frame, None, ordinals)
    codes = _looked_up(panel.ids, frame[shape.id_col], role)
    _refuse_twice(pd.DataFrame({"c": frame[shape.id_col], "o": ordinals}), role, column)
    absent = np.setdiff1d(np.arange(panel.n_series), codes)
    if len(absent):
        raise RegressorError(
            f"{role} regressors lack {plural(len(absent), 'series', 'series')} of the data: "
            f"{show_ids(panel.ids[absent])}; they have {show_ids(frame[shape.id_col].unique())}",
            n_bad=len(absent),
            ids=panel.ids[absent[:10]],
        )
    unknown = codes < 0
    if unknown.any():
        _say_strangers(frame[shape.id_col][unknown].unique().tolist(), role)
    keep = np.flatnonzero(~unknown)
    return _Rows(frame.iloc[keep], np.asarray(codes[keep], dtype=np.int64), ordinals[keep])


def _looked_up(ids: pd.Index, column: pd.Series, role: str) -> IntArray:
    """Return the position of each id of a column, -1 where it is not there."""
    try:
        return np.asarray(ids.get_indexer(pd.Index(column, tupleize_cols=False)), dtype=np.int64)
    except TypeError as error:  # a list or a dict, which is no key
        said = no_key(column, str(column.name))
        raise RegressorError(f"ids of {role} regressors: {said}") from error


def _say_strangers(ids: Sequence[object], role: str) -> None:
    tell(
        f"{role} regressors of {plural(len(ids), 'series', 'series')} that are not in the data are "
        f"ignored: {show_ids(ids)}"
    )


def _refuse_twice(keys: pd.DataFrame, role: str, times: pd.Series) -> None:
    twice = keys.duplicated().to_numpy()
    if twice.any():
        raise RegressorError(
            f"{role} regressors have {plural(int(twice.sum()), 'duplicate row')}, first at "
            f"{times.iloc[int(np.flatnonzero(twice)[0])]}; drop them, X.drop_duplicates([...])",
            n_bad=int(twice.sum()),
        )


def _by_row(
    panel: Panel, part: Declared, role: str, date_format: str | None
) -> tuple[FloatArray, tuple[str, ...]]:
    shape = panel.shape
    frame = _as_frame(part, shape)
    if frame is None:
        return np.empty((len(panel.values), 0)), ()
    names = tuple(str(c) for c in frame.columns if c not in (shape.id_col, shape.time_col))
    if shape.target_col in names:
        raise RegressorError(
            f"{role} regressors hold the target {shape.target_col!r}: a leak? Drop it from X"
        )
    if not names:
        raise RegressorError(f"{role} regressors have no column beside the keys")
    matrix = np.full((len(panel.values), len(names)), np.nan)
    for series, ordinals, values in _rows(panel, frame, role, date_format).each(panel, names):
        inside: BoolArray = (ordinals >= panel.start[series]) & (ordinals <= panel.end[series])
        rows = panel.offsets[series] + ordinals - panel.start[series]
        matrix[rows[inside]] = values[inside]
    _say_missing(panel, matrix, names, role)
    return matrix, names


def _say_missing(panel: Panel, matrix: FloatArray, names: tuple[str, ...], role: str) -> None:
    missing = np.isnan(matrix)
    if panel.gaps is not None:
        missing[panel.gaps] = False  # the target has no row there either, which is said elsewhere
    if not missing.any():
        return
    row, column = (int(v) for v in np.argwhere(missing)[0])
    series = int(np.searchsorted(panel.offsets, row, side="right")) - 1
    when = panel.calendar.times(panel.start[series : series + 1] + row - panel.offsets[series])[0]
    tell(
        f"{role} regressors miss {plural(int(missing.sum()), 'value')} in the history, first "
        f"{names[column]!r} at ({show_id(panel.ids[series])}, {show_time(when)}); they are shown "
        "to forecasters as "
        "NaN"
    )


def _by_series(panel: Panel, part: Declared) -> tuple[FloatArray, tuple[str, ...]]:
    frame = _as_frame(part, panel.shape)
    if frame is None:
        return np.empty((panel.n_series, 0)), ()
    id_col = panel.shape.id_col
    if id_col not in frame.columns:
        raise RegressorError(
            f"static regressors need the id column {id_col!r}; found {list(frame.columns)}. "
            f"Rename it, X.rename(columns={{...: {id_col!r}}})"
        )
    _looked_up(panel.ids, frame[id_col], "static")
    if frame[id_col].duplicated().any():
        twice = frame[id_col][frame[id_col].duplicated()].iloc[0]
        raise RegressorError(
            f"static regressors have two rows for {show_id(twice)}; one row a series: "
            f"X.drop_duplicates([{id_col!r}])",
            ids=[twice],
        )
    at = pd.Index(frame[id_col]).get_indexer(panel.ids)
    if (at < 0).any():
        raise RegressorError(
            f"static regressors lack {plural(int((at < 0).sum()), 'series', 'series')} of the "
            f"data: {show_ids(panel.ids[at < 0])}; add a row for each",
            ids=panel.ids[at < 0][:10],
        )
    strangers = np.setdiff1d(np.arange(len(frame)), at)
    if len(strangers):
        _say_strangers(frame[id_col].iloc[strangers].tolist(), "static")
    names = tuple(str(c) for c in frame.columns if c != id_col)
    return np.column_stack([_numbers(frame[n], n)[at] for n in names]), names


def _as_frame(part: object, shape: Shape) -> pd.DataFrame | None:
    """Return a frame with key columns; keys in the index become columns."""
    if part is None:
        return None
    frame, _ = to_pandas(part)
    if isinstance(frame, pd.Series):
        raise RegressorError(
            "regressors are a frame with key columns, not a Series; type X.to_frame()"
        )
    if len(frame) == 0:
        raise RegressorError("regressors have 0 rows: check the query or filter that made them")
    keys = [shape.id_col, shape.time_col][-frame.index.nlevels :]
    timed = isinstance(frame.index, (pd.DatetimeIndex, pd.PeriodIndex, pd.MultiIndex))
    if shape.time_col not in frame.columns and (timed or frame.index.name == shape.time_col):
        frame = frame.rename_axis(index=keys).reset_index()
    return frame


def _numbers(column: pd.Series, name: str) -> FloatArray:
    numeric = pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(
        column.dtype
    )
    if not numeric or pd.api.types.is_complex_dtype(column.dtype):
        raise RegressorError(
            f"regressor {name!r} holds {column.dtype} values; make it numbers, "
            f"pd.get_dummies(X, columns=[{name!r}], dtype=float)",
            column=name,
        )
    values: FloatArray = column.to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isinf(values).any():
        row = int(np.flatnonzero(np.isinf(values))[0])
        raise RegressorError(
            f"regressor {name!r} holds an infinite value, first in row {row}; replace it",
            column=name,
        )
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
            tell(
                f"{role} regressor {name!r} correlates with the target above {SUSPICIOUS}: is it "
                "the target in disguise? If it is not known in advance, declare it past_only="
            )
