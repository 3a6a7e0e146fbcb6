"""Which shape the data has: long, wide, one series, sktime MultiIndex; pandas, polars or Arrow."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, cast, runtime_checkable

import numpy as np
import pandas as pd

from forecasting._typing import IntArray
from forecasting.columns import read_target
from forecasting.errors import (
    ArgumentError,
    ColumnNameError,
    EmptyInputError,
    InputTypeError,
    nearest,
)
from forecasting.panel import Shape

Backend: TypeAlias = Literal["pandas", "polars", "arrow"]
Names: TypeAlias = tuple[str, str, str]

#: Names of the columns of a forecast: a column of the data with one of them would be lost.
OUTPUT_NAME = re.compile(r"mean|cutoff|step|model|served_by|(lo|hi|q)-\d+(\.\d+)?")


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


def to_pandas(data: object) -> tuple[pd.DataFrame | pd.Series, Backend]:
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
        import pyarrow

        table = pyarrow.table(cast(Any, data))
        return table.to_pandas(), ("polars" if module == "polars" else "arrow")
    if isinstance(data, np.ndarray):
        raise InputTypeError(
            "data must be a DataFrame or Series, got an array of numpy, which has no times; type "
            "pd.Series(values, index=pd.date_range('2024-01-01', periods=len(values), freq='D'))"
        )
    what = "None" if data is None else f"{module}.{type(data).__name__}"
    what = what.removeprefix("builtins.")
    raise InputTypeError(
        f"data must be a DataFrame or Series (pandas, polars, Arrow), got {what}; "
        "type pd.DataFrame({'unique_id': ..., 'ds': ..., 'y': ...})"
    )


def read_shape(data: object, id_col: str, time_col: str, target_col: str) -> Columns:
    """Return the columns of data of any shape.

    Raises
    ------
    ArgumentError
        If a name is not text.
    ColumnNameError
        If a column is missing or there twice, with the columns that were found.
    EmptyInputError
        If there are no rows.
    """
    for option, given in (("id_col", id_col), ("time_col", time_col), ("target_col", target_col)):
        if not isinstance(given, str):
            raise ArgumentError(f"{option} must be the name of a column, text, got {given!r}")
    frame, backend = to_pandas(data)
    if len(frame) == 0:
        raise EmptyInputError("data has 0 rows: check the query or filter that made it")
    names = (id_col, time_col, target_col)
    if isinstance(frame, pd.Series):
        return _from_series(frame, names)
    if isinstance(frame.columns, pd.MultiIndex):
        raise ColumnNameError(
            "the columns are a MultiIndex; flatten them, "
            "df.columns = ['_'.join(map(str, c)) for c in df.columns]"
        )
    if isinstance(frame.index, pd.MultiIndex) and time_col not in frame.columns:
        return _from_multiindex(frame, names)
    if time_col in frame.columns or id_col in frame.columns:
        return _from_long(frame, names, backend)
    if isinstance(frame.index, (pd.DatetimeIndex, pd.PeriodIndex)) or frame.index.name == time_col:
        return _from_wide(frame, names)
    raise _missing(frame, (time_col, target_col))


def _from_series(y: pd.Series, names: Names) -> Columns:
    if isinstance(y.index, pd.MultiIndex):
        column = y.name if y.name is not None else names[2]
        return _from_multiindex(y.to_frame(column), (*names[:2], str(column)))
    own = y.name if isinstance(y.name, str) and y.name else names[2]
    ids = _alone(len(y), own)
    shape = Shape("series", *names, has_ids=False, index_names=(y.index.name,), series_name=y.name)
    return Columns(ids, _column(y.index), y.reset_index(drop=True), None, shape)


def _column(index: pd.Index) -> pd.Series:
    return pd.Series(index).reset_index(drop=True)


def _alone(n_rows: int, name: str) -> pd.Series:
    """Return the ids of data that is one series and has none: its own name."""
    return pd.Series(pd.Categorical.from_codes(np.zeros(n_rows, dtype=np.int8), pd.Index([name])))


def _from_long(frame: pd.DataFrame, names: Names, backend: Backend) -> Columns:
    id_col, time_col, target_col = names
    for name in names:
        often = int((frame.columns == name).sum())
        if often > 1:
            raise ColumnNameError(
                f"column {name!r} appears {often} times; rename or drop all but one", column=name
            )
    if id_col in (frame.index.names or ()):
        raise ColumnNameError(
            f"found index level {id_col}: call df.reset_index() first", column=id_col
        )
    if time_col not in frame.columns or target_col not in frame.columns:
        raise _missing(frame, (time_col, target_col))
    clash = [c for c in frame.columns if OUTPUT_NAME.fullmatch(str(c)) and c not in names]
    if clash:
        raise ColumnNameError(
            f"column {clash[0]!r} has the name of an output column; rename it, "
            f"df.rename(columns={{{clash[0]!r}: {str(clash[0]) + '_in'!r}}})",
            column=str(clash[0]),
        )
    has_ids = id_col in frame.columns
    ids = frame[id_col] if has_ids else _alone(len(frame), target_col)
    shape = Shape("long", *names, has_ids=has_ids, backend=backend)
    if has_ids and isinstance(ids.dtype, pd.CategoricalDtype):
        shape = dataclasses.replace(shape, id_dtype=ids.dtype)
    if backend != "pandas" and pd.api.types.infer_dtype(frame[time_col].head(1)) == "date":
        shape = dataclasses.replace(shape, dates=True)
    return Columns(ids, frame[time_col], frame[target_col], frame, shape)


def _from_wide(frame: pd.DataFrame, names: Names) -> Columns:
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise ColumnNameError(
            f"column {twice!r} appears twice; each column is one series: rename one",
            column=str(twice),
        )
    n_times, n_series = frame.shape
    codes: IntArray = np.repeat(np.arange(n_series), n_times)
    ids = _column(frame.columns.take(codes))
    times = _column(frame.index.take(np.tile(np.arange(n_times), n_series)))
    plain = all(isinstance(d, np.dtype) and d.kind == "f" for d in frame.dtypes)
    if plain:
        y = pd.Series(frame.to_numpy(dtype=np.float64).ravel(order="F"))
    else:
        y = pd.Series(np.concatenate([read_target(frame[c], str(c)) for c in frame.columns]))
    shape = Shape("wide", *names, index_names=tuple(frame.index.names), columns=frame.columns)
    return Columns(ids, times, y, None, shape, pad_nan=True)


def _from_multiindex(frame: pd.DataFrame, names: Names) -> Columns:
    if frame.index.nlevels != 2:
        raise ColumnNameError(
            f"the index has {frame.index.nlevels} levels, expected (series, time); for a "
            "hierarchy call df.reset_index() and join the upper levels into one id"
        )
    target = names[2]
    if target not in frame.columns and len(frame.columns) != 1:
        numeric = [c for c in frame.columns if pd.api.types.is_numeric_dtype(frame[c].dtype)]
        raise ColumnNameError(
            f"the frame has {len(frame.columns)} columns "
            f"({', '.join(map(str, frame.columns[:5]))}); "
            f"say which is the target, target_col={numeric[0] if numeric else '...'!r}"
        )
    column = target if target in frame.columns else frame.columns[0]
    levels = [
        str(other if name is None else name)
        for name, other in zip(frame.index.names, names[:2], strict=True)
    ]
    keys = (levels[0], levels[1], str(column))
    shape = Shape("multiindex", *keys, index_names=tuple(frame.index.names))
    ids, times = (_column(frame.index.get_level_values(i)) for i in (0, 1))
    return Columns(ids, times, frame[column].reset_index(drop=True), None, shape)


def _missing(frame: pd.DataFrame, wanted: tuple[str, ...]) -> ColumnNameError:
    missing = [c for c in wanted if c not in frame.columns]
    found = ", ".join(repr(c) for c in frame.columns[:12]) or "none"
    levels = [str(n) for n in frame.index.names if n is not None]
    if levels:
        hint = f"Found index level {levels[0]}: call df.reset_index() first"
    elif isinstance(frame.index, pd.DatetimeIndex):
        hint = f"The index holds times: type df.rename_axis({wanted[0]!r}).reset_index()"
    else:
        hint = nearest(missing[0], [str(c) for c in frame.columns]).strip()
        hint = f"{hint} Say id_col=, time_col=, target_col= if they have other names".strip()
    return ColumnNameError(
        f"missing column {', '.join(repr(m) for m in missing)}; found {found}. {hint}",
        column=missing[0] if missing else None,
    )


# --- and back -------------------------------------------------------------------------------------


def to_backend(frame: Any, shape: Shape) -> Any:
    """Return a pandas frame as the library of the data has it."""
    if shape.backend == "pandas":
        return frame
    import pyarrow

    table = pyarrow.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    if shape.dates and shape.time_col in frame.columns:
        at = table.schema.get_field_index(shape.time_col)
        table = table.set_column(at, shape.time_col, table.column(at).cast(pyarrow.date32()))
    if shape.backend == "arrow":
        return table
    import polars

    return polars.from_arrow(table)


def restore(long: pd.DataFrame, shape: Shape) -> Any:
    """Return a long frame (id, time, values) in the shape and library of the data.

    A Series and a wide frame hold one column of values; with more, the result is a frame with a
    column (level) for each.
    """
    id_col, time_col = shape.id_col, shape.time_col
    values = [c for c in long.columns if c not in (id_col, time_col)]
    if shape.kind == "series":
        one = long.drop(columns=id_col).set_index(time_col)
        one.index.name = shape.index_names[0]
        if len(values) > 1:
            return one
        alone = one[values[0]]
        alone.name = shape.series_name
        return alone
    if shape.kind == "wide":
        return _wide(long, shape, values)
    if shape.id_dtype is not None:
        long = long.assign(**{id_col: long[id_col].astype(cast(Any, shape.id_dtype))})
    if shape.kind == "multiindex":
        stacked = long.set_index([id_col, time_col])
        stacked.index.names = list(shape.index_names)
        return stacked
    return to_backend(long if shape.has_ids else long.drop(columns=id_col), shape)


def _wide(long: pd.DataFrame, shape: Shape, values: list[str]) -> pd.DataFrame:
    wide = long.pivot(index=shape.time_col, columns=shape.id_col, values=values)
    wide.index.name = shape.index_names[0]
    if shape.columns is not None:  # in the order that came in
        there = shape.columns[shape.columns.isin(long[shape.id_col])]
        pairs = pd.MultiIndex.from_product([values, there], names=[None, shape.columns.name])
        wide = wide.reindex(columns=pairs)
    if len(values) > 1:
        return wide
    one: pd.DataFrame = wide[[values[0]]].droplevel(0, axis=1)
    one.columns.name = None if shape.columns is None else shape.columns.name
    return one
