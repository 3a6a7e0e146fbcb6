"""Reading the id and target columns of any dtype, without guessing."""

from __future__ import annotations

import decimal
import unicodedata
from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from forecasting._typing import AnyArray, FloatArray, IntArray
from forecasting.errors import IdError, TargetTypeError, plural, show_id, show_ids, tell

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
            f"column {name!r} is bool; use df[{name!r}].astype(float) if intended", column=name
        )
    if pd.api.types.is_complex_dtype(dtype):
        raise TargetTypeError(
            f"column {name!r} is complex; forecast df[{name!r}].to_numpy().real or .imag",
            column=name,
        )
    if pd.api.types.is_object_dtype(dtype) or "decimal" in str(dtype):
        return _from_objects(column.to_numpy(dtype=object), name)
    if not pd.api.types.is_numeric_dtype(dtype):
        raise _not_numbers(column, name)
    values: FloatArray = column.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    if pd.api.types.is_integer_dtype(dtype):
        _say_rounded(values, name)
    return values


def _say_rounded(values: FloatArray, name: str) -> None:
    if not len(values) or max(np.nanmax(values), -np.nanmin(values)) <= EXACT:
        return
    rows = np.flatnonzero(np.abs(values) > EXACT)
    tell(
        f"column {name!r} holds {plural(len(rows), 'integer')} above 2**53 (first in row "
        f"{rows[0]}), "
        "which float64 rounds; divide by a larger unit if every digit counts"
    )


def _from_objects(objects: AnyArray, name: str) -> FloatArray:
    kind = pd.api.types.infer_dtype(objects, skipna=True)
    if kind in ("floating", "integer", "mixed-integer-float", "empty"):
        values = np.asarray(
            pd.array(objects, dtype="Float64").to_numpy(np.float64, na_value=np.nan)
        )
        if kind == "integer":
            _say_rounded(values, name)
        return values
    null = np.asarray(pd.isna(objects))
    values = np.full(len(objects), np.nan)
    for row in np.flatnonzero(~null).tolist():
        values[row] = _number(objects[row], row, name)
    return values


def _number(value: object, row: int, name: str) -> float:
    if isinstance(value, decimal.Decimal):
        exponent = value.as_tuple().exponent  # a text for NaN and infinity
        if isinstance(exponent, int) and abs(value.scaleb(-min(0, exponent))) > EXACT:
            raise TargetTypeError(
                f"column {name!r}: {value} (row {row}) has more digits than float64 holds; round "
                f"it, or type df[{name!r}].astype(float) to accept the rounding",
                column=name,
                n_bad=1,
            )
        return float(value)
    real = isinstance(value, (int, float, np.integer, np.floating))
    if not real or isinstance(value, bool):
        raise _not_a_number(value, row, name)
    return float(value)  # type: ignore[arg-type]


def _not_numbers(column: pd.Series, name: str) -> TargetTypeError:
    there = np.flatnonzero(column.notna().to_numpy())
    if pd.api.types.is_string_dtype(column.dtype) and len(there):
        return _not_a_number(column.iloc[int(there[0])], int(there[0]), name)
    return TargetTypeError(
        f"column {name!r} holds {column.dtype} values, not numbers; name the column with the "
        "numbers, target_col=",
        column=name,
    )


def _not_a_number(value: object, row: int, name: str) -> TargetTypeError:
    what = "bool" if isinstance(value, (bool, np.bool_)) else type(value).__name__
    return TargetTypeError(
        f"column {name!r} holds {what}, first {show_id(repr(value))} (row {row}); make it "
        f"numbers, for instance df[{name!r}] = pd.to_numeric(df[{name!r}]). Signs, points and commas are not "
        "guessed",
        column=name,
        n_bad=1,
    )


def read_ids(column: pd.Series, name: str) -> tuple[AnyArray, pd.Index]:
    """Return the code of every row, and the sorted ids the codes point to.

    Ids sort by value if they are numbers, by code point if they are text.

    Raises
    ------
    IdError
        For nulls, empty text, ids that are neither text nor numbers, and ids that collide as text.
    """
    heads = _run_heads(column)
    part = column if heads is None else column.iloc[heads]
    try:
        raw, uniques = pd.factorize(part, use_na_sentinel=True)
    except TypeError as error:  # a list or a dict, which is no key
        raise IdError(no_key(part, name), column=name) from error
    if (raw < 0).any():
        raise _null_ids(column, name)
    if isinstance(uniques, pd.CategoricalIndex):  # levels without a row are no series
        ids = uniques.categories.take(uniques.codes).rename(name)
    else:
        ids = pd.Index(uniques, name=name, tupleize_cols=False)
    check_ids(ids, name)
    codes: AnyArray = np.asarray(raw, dtype=np.int32)  # half the memory; there are no 2**31 series
    del raw
    if not ids.is_monotonic_increasing:
        order = np.argsort(ids.to_numpy(), kind="stable")
        rank = np.empty(len(order), dtype=np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        codes, ids = rank[codes], ids.take(order)
    if heads is not None:
        codes = np.repeat(codes, np.diff(np.append(heads, len(column))))
    return codes, ids


def no_key(column: pd.Series, name: str) -> str:
    """Return what to say of ids among which is one that cannot be looked up: a list, a dict."""
    odd = next((v for v in column if not isinstance(v, Hashable)), None)
    what = "" if odd is None else f", got the {type(odd).__name__} {show_id(odd)}"
    return f"{name} must be text or numbers{what}; use df[{name!r}].astype(str)"


def _run_heads(column: pd.Series) -> IntArray | None:
    """Return the first row of every run of equal ids, or None if there are many runs.

    Frames usually hold one series after the other. Comparing neighbours is several times cheaper
    than hashing every id.
    """
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        values = column.cat.codes.to_numpy()
        changed = values[1:] != values[:-1]
    elif pd.api.types.is_integer_dtype(dtype) and isinstance(dtype, np.dtype):
        values = column.to_numpy()
        changed = values[1:] != values[:-1]
    elif isinstance(dtype, pd.StringDtype):
        array = column.array
        changed = np.asarray(pd.array(array[1:] != array[:-1], dtype="boolean").fillna(True))
    else:
        return None
    heads = np.flatnonzero(np.concatenate(([True], changed.astype(bool))))
    return heads if 4 * len(heads) < len(column) else None


def _null_ids(column: pd.Series, name: str) -> IdError:
    rows = np.flatnonzero(column.isna().to_numpy())
    return IdError(
        f"{plural(len(rows), 'row')} {'has' if len(rows) == 1 else 'have'} a null {name} "
        f"(first row {rows[0]}); name them, or drop them with df.dropna(subset=[{name!r}])",
        column=name,
        n_bad=len(rows),
    )


def check_ids(ids: pd.Index, name: str) -> None:
    """Raise :class:`IdError` for ids that cannot be ids; warn of ids that look alike."""
    dtype = ids.dtype
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype):
        return
    if not (pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype)):
        raise IdError(
            f"{name} must be text or numbers, got {dtype}; use df[{name!r}].astype(str)",
            column=name,
        )
    values = ids.tolist()
    texts = [v for v in values if isinstance(v, str)]
    if len(texts) < len(values):
        _refuse_kinds(values, texts, name)
    if "" in texts:
        raise IdError(f'{name} has an empty text "" as id; give that series a name', column=name)
    spaced = [t for t in texts if t != t.strip()]
    if spaced:
        tell(
            f"{plural(len(spaced), 'id')} of {name} with a space at the beginning or end, first "
            f"{spaced[0]!r}; drop it with df[{name!r}].str.strip()"
        )
    odd = [t for t in texts if not t.isascii()]
    forms = [unicodedata.normalize("NFC", t) for t in odd]
    if len(set(forms)) < len(forms):
        alike = [t for t, form in zip(odd, forms, strict=True) if forms.count(form) > 1]
        tell(
            f"ids of {name} that look the same are different text (their unicode form is not NFC): "
            f"{show_ids(alike)}; if they are one series, df[{name!r}].str.normalize('NFC')"
        )


def _refuse_kinds(values: list[Any], texts: list[str], name: str) -> None:
    for value in values:
        real = isinstance(value, (str, int, float, np.integer, np.floating))
        if not real or isinstance(value, bool):
            advice = (
                "join the levels of a hierarchy, df['id'] = df['a'] + '/' + df['b']"
                if isinstance(value, tuple)
                else f"use df[{name!r}].astype(str)"
            )
            raise IdError(
                f"{name} must be text or numbers, got the {type(value).__name__} {show_id(value)}; "
                f"{advice}",
                column=name,
            )
    other = {str(v): v for v in values if not isinstance(v, str)}
    both = [t for t in texts if t in other]
    if both:
        twin = other[both[0]]
        raise IdError(
            f"ids {twin} ({type(twin).__name__}) and {both[0]!r} (str) of {name} collide as text; "
            f"if they are one series, df[{name!r}] = df[{name!r}].astype(str)",
            column=name,
            ids=both,
        )
    if texts:
        raise IdError(
            f"{name} mixes text ({texts[0]!r}) and numbers ({next(iter(other))}); make all text, "
            f"df[{name!r}] = df[{name!r}].astype(str)",
            column=name,
        )
