"""Ids and columns as plain values and arrays, and back with the dtype they had."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from forecasting.modelfile.container import DTYPES, Texts
from forecasting.modelfile.errors import UnsavableError, demand

#: Numbers with a mask, by the name of their dtype; there are no nulls among ids.
MASKED = (
    *(f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)),
    *("Float32", "Float64"),
)


def encode_index(index: pd.Index, what: str) -> dict[str, Any]:
    """Return an index without nulls as plain values and arrays.

    Raises
    ------
    UnsavableError
        For a dtype that cannot be kept; the message names it.
    """
    tree = {"name": encode_name(index.name)}
    dtype = index.dtype
    if isinstance(index, pd.CategoricalIndex):
        levels = encode_index(index.categories, what)
        codes = np.asarray(index.codes, dtype=np.int64)
        return {**tree, "levels": levels, "codes": codes, "ordered": bool(index.ordered)}
    if isinstance(dtype, pd.StringDtype):
        na = "NA" if dtype.na_value is pd.NA else "nan"
        return {**tree, "texts": Texts(index.tolist()), "storage": dtype.storage, "na": na}
    if isinstance(dtype, np.dtype) and dtype.newbyteorder("<").str in DTYPES and dtype.kind != "M":
        return {**tree, "numbers": index.to_numpy()}
    if str(dtype) in MASKED:
        return {**tree, "numbers": index.to_numpy(dtype=str(dtype).lower()), "dtype": str(dtype)}
    values = index.tolist()
    if pd.api.types.is_object_dtype(dtype) and all(isinstance(v, str) for v in values):
        return {**tree, "texts": Texts(values)}
    if pd.api.types.is_object_dtype(dtype):
        return {**tree, "objects": [encode_name(v) for v in values]}
    raise UnsavableError(
        f"{what} have dtype {dtype}, which a model file cannot keep; make them text or whole numbers, "
        "df['unique_id'] = df['unique_id'].astype(str)"
    )


def decode_index(tree: dict[str, Any]) -> pd.Index:
    """Return the index that :func:`encode_index` wrote."""
    name = decode_name(tree["name"])
    if "levels" in tree:
        levels, codes = decode_index(tree["levels"]), tree["codes"]
        demand(isinstance(codes, np.ndarray) and codes.dtype == np.int64, "the codes of the ids")
        made = pd.Categorical.from_codes(codes, levels, ordered=tree["ordered"])
        return pd.CategoricalIndex(made, name=name)
    if "texts" in tree:
        texts = tree["texts"]
        demand(isinstance(texts, Texts), "texts that are none")
        dtype = _text_dtype(tree["storage"], tree["na"]) if "storage" in tree else object
        return _index(list(texts), dtype, name)
    if "objects" in tree:
        values = [decode_name(value) for value in tree["objects"]]
        return _index(values, object, name)
    numbers = tree["numbers"]
    demand(isinstance(numbers, np.ndarray) and numbers.ndim == 1, "numbers that are none")
    if "dtype" not in tree:
        return _index(numbers, numbers.dtype, name)
    demand(tree["dtype"] in MASKED, "a dtype that there is not")
    return _index(numbers, tree["dtype"], name)


def _index(values: Any, dtype: Any, name: Hashable) -> pd.Index:
    made: pd.Index = pd.Index(values, dtype=dtype, name=name, tupleize_cols=False)
    return made


def _text_dtype(storage: Any, na: Any) -> Any:
    """Return the dtype of texts; before pandas 3, where those of NaN are new or not there, ``object``."""
    demand(storage in ("python", "pyarrow") and na in ("nan", "NA"), "a dtype of text there is not")
    if na == "NA":
        return pd.StringDtype(storage)
    if int(pd.__version__.partition(".")[0]) < 3:
        return object
    return pd.StringDtype(storage, na_value=np.nan)


def encode_name(name: Hashable) -> Any:
    """Return the name of an index or series as a plain value."""
    if isinstance(name, (np.bool_, np.integer, np.floating)):
        name = name.item()
    if isinstance(name, (bool, int, float, str, type(None))):
        return name
    if isinstance(name, pd.Timestamp) and name.tz is None:
        return {"$time": name.isoformat(), "unit": name.unit}
    if type(name) is tuple:
        return {"$tuple": [encode_name(part) for part in name]}
    raise UnsavableError(
        f"a column or index is named {name!r}, a {type(name).__name__}, which a model file cannot keep; "
        "rename it to text"
    )


def decode_name(tree: Any) -> Hashable:
    """Return the name that :func:`encode_name` wrote."""
    match tree:
        case bool() | int() | float() | str() | None:
            return tree
        case {"$time": str(text), "unit": ("s" | "ms" | "us" | "ns") as unit}:
            return pd.Timestamp(text).as_unit(unit)
        case {"$tuple": list(parts)} if all(not isinstance(p, dict) for p in parts):
            return tuple(parts)
    demand(False, "a name that is none")
    return None
