"""Reading the id and target columns of any dtype, without guessing."""

from __future__ import annotations

import decimal
import unicodedata
import warnings
from typing import Any

import numpy as np
import pandas as pd

from forecasting._typing import FloatArray, IntArray
from forecasting.errors import DataWarning, IdError, TargetTypeError, plural, show_id, show_ids

# Above this a float64 no longer holds every whole number.
EXACT = 2**53


def read_target(column: pd.Series, name: str) -> FloatArray:
    """Return a target column as float64 with NaN for nulls; always a copy.

    Raises
    ------
    TargetTypeError
        For text, bool, complex, dates, and decimals that float64 cannot hold.
    """
    dtype = column.dtype
    if pd.api.types.is_bool_dtype(dtype):
        raise TargetTypeError(
            f"column {name!r} is bool; type df[{name!r}].astype(float) if that is intended", column=name
        )
    if pd.api.types.is_complex_dtype(dtype):
        raise TargetTypeError(
            f"column {name!r} is complex; forecast df[{name!r}].to_numpy().real or .imag", column=name
        )
    if _is_decimal(dtype) or pd.api.types.is_object_dtype(dtype):
        return _from_objects(column, name)
    if not pd.api.types.is_numeric_dtype(dtype):
        return _refuse_text(column, name)
    values: FloatArray = column.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    if pd.api.types.is_integer_dtype(dtype) and len(values) and np.nanmax(np.abs(values)) > EXACT:
        warnings.warn(
            f"column {name!r} holds integers above 2**53, which float64 rounds", DataWarning, stacklevel=5
        )
    return values


def _is_decimal(dtype: Any) -> bool:
    return isinstance(dtype, pd.ArrowDtype) and "decimal" in str(dtype)


def _from_objects(column: pd.Series, name: str) -> FloatArray:
    objects = column.to_numpy(dtype=object)
    null = np.asarray(pd.isna(objects))
    values = np.full(len(objects), np.nan)
    for row in np.flatnonzero(~null):
        value = objects[row]
        number = isinstance(value, (int, float, np.integer, np.floating, decimal.Decimal))
        if not number or isinstance(value, (bool, np.bool_)):
            _refuse_value(value, int(row), name)
        values[row] = float(value)
        if isinstance(value, decimal.Decimal) and value.is_finite():
            exponent = value.as_tuple().exponent
            if abs(int(value.scaleb(-min(0, int(exponent))))) > EXACT:
                raise TargetTypeError(
                    f"column {name!r}: {value} (row {row}) has more digits than float64 holds exactly; "
                    "round it or type .astype(float) to accept the rounding",
                    column=name,
                )
    return values


def _refuse_text(column: pd.Series, name: str) -> FloatArray:
    if pd.api.types.is_string_dtype(column.dtype):
        row = int(np.flatnonzero(column.notna().to_numpy())[0]) if column.notna().any() else 0
        _refuse_value(column.iloc[row], row, name)
    raise TargetTypeError(f"column {name!r} holds {column.dtype} values, not numbers", column=name)


def _refuse_value(value: object, row: int, name: str) -> None:
    what = "bool" if isinstance(value, (bool, np.bool_)) else type(value).__name__
    raise TargetTypeError(
        f"column {name!r} holds {what}, first {value!r} (row {row}); make it numbers yourself, for "
        f"instance df[{name!r}] = pd.to_numeric(df[{name!r}]): signs, points and commas are not guessed",
        column=name,
        n_bad=1,
    )


def read_ids(column: pd.Series, name: str) -> tuple[IntArray, pd.Index]:
    """Return the code of every row, and the sorted ids the codes point to.

    Raises
    ------
    IdError
        For nulls, empty text, ids that are neither text nor numbers, and ids that collide as text.
    """
    raw_codes, uniques = pd.factorize(column, use_na_sentinel=True)
    if (raw_codes < 0).any():
        rows = np.flatnonzero(raw_codes < 0)
        raise IdError(
            f"{plural(len(rows), 'row')} {'has' if len(rows) == 1 else 'have'} a null {name} "
            f"(first row {rows[0]}); name them or drop them with df.dropna(subset=[{name!r}])",
            column=name,
            n_bad=len(rows),
        )
    ids = pd.Index(uniques)
    if isinstance(ids, pd.CategoricalIndex):
        ids = pd.Index(ids.categories[ids.codes])
    ids = ids.rename(name)
    check_ids(ids, name)
    order = np.argsort(ids.to_numpy(), kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    identity = np.array_equal(order, np.arange(len(order)))
    codes: IntArray = np.asarray(raw_codes if identity else rank[raw_codes], dtype=np.int64)
    return codes, ids[order]


def check_ids(ids: pd.Index, name: str) -> None:
    """Raise :class:`IdError` for ids that cannot be ids; warn of ids that look alike."""
    if pd.api.types.is_bool_dtype(ids.dtype) or isinstance(ids, pd.MultiIndex):
        raise IdError(f"{name} must be text or numbers, got {ids.dtype}", column=name)
    if pd.api.types.is_numeric_dtype(ids.dtype):
        return
    if not (pd.api.types.is_object_dtype(ids.dtype) or pd.api.types.is_string_dtype(ids.dtype)):
        raise IdError(f"{name} must be text or numbers, got {ids.dtype}; use .astype(str)", column=name)
    values = ids.tolist()
    texts = [v for v in values if isinstance(v, str)]
    _refuse_kinds(values, texts, name)
    if "" in texts:
        raise IdError(f'{name} has an empty text "" as id; give that series a name', column=name)
    spaced = [t for t in texts if t != t.strip()]
    if spaced:
        warnings.warn(
            f"{plural(len(spaced), 'id')} of {name} begin or end with a space, first {spaced[0]!r}",
            DataWarning,
            stacklevel=6,
        )
    odd = [t for t in texts if not t.isascii()]
    if odd and len({unicodedata.normalize("NFC", t) for t in odd}) < len(odd):
        warnings.warn(
            f"ids of {name} look the same but differ in their unicode form (NFC): {show_ids(odd)}",
            DataWarning,
            stacklevel=6,
        )


def _refuse_kinds(values: list[Any], texts: list[str], name: str) -> None:
    if len(texts) == len(values):
        return
    for value in values:
        if not isinstance(value, (str, int, float, np.integer, np.floating)) or isinstance(value, bool):
            raise IdError(
                f"{name} must be text or numbers: got the {type(value).__name__} {show_id(value)}; for a "
                "hierarchy join its levels, df['a'] + '/' + df['b']",
                column=name,
            )
    other = {str(v): v for v in values if not isinstance(v, str)}
    both = [t for t in texts if t in other]
    if both:
        twin = other[both[0]]
        raise IdError(
            f"ids {twin} ({type(twin).__name__}) and {both[0]!r} (str) of {name} are the same as text; "
            f"type df[{name!r}] = df[{name!r}].astype(str) if they are one series",
            column=name,
            ids=both,
        )
    if texts:
        raise IdError(
            f"{name} mixes text and numbers; type df[{name!r}] = df[{name!r}].astype(str)", column=name
        )
