"""Which shape the data has: long, wide, one series, sktime MultiIndex; pandas, polars or Arrow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast, runtime_checkable

import numpy as np
import pandas as pd

from forecasting._typing import IntArray
from forecasting.errors import ColumnNameError, EmptyInputError, InputTypeError, nearest
from forecasting.panel import Shape

OUTPUT_NAMES = ("mean", "cutoff", "step", "model", "served_by")


@runtime_checkable
class SupportsArrow(Protocol):
    """Anything with the Arrow PyCapsule interface: polars, pyarrow, duckdb, cuDF, ..."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


@dataclass(frozen=True)
class Columns:
    """The three columns of a panel in long form, and what else the frame had."""

    unique_id: pd.Series
    ds: pd.Series
    y: pd.Series
    frame: pd.DataFrame | None
    shape: Shape
    pad_nan: bool = False  # wide frames hold NaN where a shorter series has no row


def to_pandas(data: object) -> tuple[pd.DataFrame | pd.Series, Literal["pandas", "polars", "arrow"]]:
    """Return a frame or series of pandas, and which library the data came from.

    Raises
    ------
    InputTypeError
        If it is none of the kinds that can be read.
    """
    if isinstance(data, (pd.DataFrame, pd.Series)):
        return data, "pandas"
    module = type(data).__module__.split(".")[0]
    if type(data).__name__ == "LazyFrame":
        raise InputTypeError("data is a lazy frame; call .collect() first")
    if isinstance(data, SupportsArrow):
        import pyarrow  # noqa: PLC0415 - heavy, and only needed for data that is not pandas

        table = pyarrow.table(cast(Any, data))
        return table.to_pandas(), ("polars" if module == "polars" else "arrow")
    what = "None" if data is None else f"{type(data).__module__}.{type(data).__name__}"
    raise InputTypeError(
        f"data must be a pandas DataFrame or Series, a polars or Arrow table, got {what}; "
        "type pd.DataFrame({'unique_id': ..., 'ds': ..., 'y': ...})"
    )


def read_shape(data: object, id_col: str, time_col: str, target_col: str) -> Columns:
    """Return the columns of data of any shape.

    Raises
    ------
    ColumnNameError
        If a column is missing or there twice, with the columns that were found.
    EmptyInputError
        If there are no rows.
    """
    frame, backend = to_pandas(data)
    if len(frame) == 0:
        raise EmptyInputError("data has 0 rows; nothing can be forecast from it")
    names = (id_col, time_col, target_col)
    if isinstance(frame, pd.Series):
        return _from_series(frame, names, backend)
    if isinstance(frame.columns, pd.MultiIndex):
        raise ColumnNameError(
            "the columns are a MultiIndex; flatten them, df.columns = ['_'.join(c) for c in df.columns]"
        )
    if isinstance(frame.index, pd.MultiIndex) and time_col not in frame.columns:
        return _from_multiindex(frame, names)
    if time_col in frame.columns or id_col in frame.columns:
        return _from_long(frame, names, backend)
    if isinstance(frame.index, (pd.DatetimeIndex, pd.PeriodIndex)) or frame.index.name == time_col:
        return _from_wide(frame, names)
    raise _missing(frame, (time_col, target_col))


def _from_series(
    y: pd.Series, names: tuple[str, str, str], backend: Literal["pandas", "polars", "arrow"]
) -> Columns:
    if isinstance(y.index, pd.MultiIndex):
        return _from_multiindex(y.to_frame(), names)
    ids = pd.Series(np.zeros(len(y), dtype=np.int64))
    times = pd.Series(y.index).reset_index(drop=True)
    shape = Shape("series", *names, has_ids=False, backend=backend)
    return Columns(ids, times, y.reset_index(drop=True), None, shape)


def _from_long(
    frame: pd.DataFrame, names: tuple[str, str, str], backend: Literal["pandas", "polars", "arrow"]
) -> Columns:
    id_col, time_col, target_col = names
    for name in names:
        times_there = int((frame.columns == name).sum())
        if times_there > 1:
            raise ColumnNameError(f"column {name!r} appears {times_there} times", column=name)
    if id_col in (frame.index.names or ()):
        raise ColumnNameError(f"found index level {id_col}: call reset_index() first", column=id_col)
    if time_col not in frame.columns or target_col not in frame.columns:
        raise _missing(frame, (time_col, target_col))
    clash = [c for c in frame.columns if c in OUTPUT_NAMES and c not in names]
    if clash:
        raise ColumnNameError(
            f"column {clash[0]!r} has the name of an output column; rename it, "
            f"df.rename(columns={{{clash[0]!r}: {clash[0] + '_in'!r}}})",
            column=str(clash[0]),
        )
    has_ids = id_col in frame.columns
    ids = frame[id_col] if has_ids else pd.Series(np.zeros(len(frame), dtype=np.int64))
    shape = Shape("long", *names, has_ids=has_ids, backend=backend)
    return Columns(ids, frame[time_col], frame[target_col], frame, shape)


def _from_wide(frame: pd.DataFrame, names: tuple[str, str, str]) -> Columns:
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise ColumnNameError(f"column {twice!r} appears twice; each column is one series")
    n_times, n_series = frame.shape
    codes: IntArray = np.repeat(np.arange(n_series), n_times)
    ids = pd.Series(frame.columns).take(codes).reset_index(drop=True)
    times = pd.Series(frame.index).take(np.tile(np.arange(n_times), n_series)).reset_index(drop=True)
    y = pd.concat([frame[c] for c in frame.columns], ignore_index=True)
    return Columns(ids, times, y, None, Shape("wide", *names), pad_nan=True)


def _from_multiindex(frame: pd.DataFrame, names: tuple[str, str, str]) -> Columns:
    id_col, time_col, target_col = names
    if frame.index.nlevels != 2:
        raise ColumnNameError(
            f"the index has {frame.index.nlevels} levels, expected (series, time); for a hierarchy call "
            "reset_index() and join the upper levels into one id"
        )
    numeric = [c for c in frame.columns if pd.api.types.is_numeric_dtype(frame[c].dtype)]
    column = target_col if target_col in frame.columns else frame.columns[0]
    if len(frame.columns) != 1 and target_col not in frame.columns:
        raise ColumnNameError(
            f"the frame has {len(frame.columns)} columns ({', '.join(map(str, numeric[:5]))}); "
            f"say which is the target, target_col={numeric[0] if numeric else '...'!r}"
        )
    levels = [
        name if name is not None else other
        for name, other in zip(frame.index.names, (id_col, time_col), strict=True)
    ]
    ids = pd.Series(frame.index.get_level_values(0)).reset_index(drop=True)
    times = pd.Series(frame.index.get_level_values(1)).reset_index(drop=True)
    shape = Shape("multiindex", str(levels[0]), str(levels[1]), str(column))
    return Columns(ids, times, frame[column].reset_index(drop=True), None, shape)


def _missing(frame: pd.DataFrame, wanted: tuple[str, ...]) -> ColumnNameError:
    missing = [c for c in wanted if c not in frame.columns]
    found = ", ".join(repr(c) for c in frame.columns[:12])
    levels = [str(n) for n in frame.index.names if n is not None]
    if levels:
        hint = f" Found index level {levels[0]}: call reset_index()."
    else:
        hint = nearest(missing[0], [str(c) for c in frame.columns]) if missing else ""
        hint = hint or " Say id_col=, time_col=, target_col= if they have other names."
    return ColumnNameError(
        f"missing column {', '.join(repr(m) for m in missing)}; found {found or 'none'}.{hint}",
        column=missing[0] if missing else None,
    )
