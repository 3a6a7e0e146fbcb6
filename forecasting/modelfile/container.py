"""The bytes of a model file: a prologue, one JSON text, and the arrays it speaks of.

======  ======  =====================================================================
offset  bytes   what
======  ======  =====================================================================
0       16      ``b"\\x93forecasting\\r\\n\\x1a\\n"``
16      4       format, an unsigned whole number; this and all below little-endian
20      4       zero
24      8       length of the JSON text in bytes
32      32      SHA-256 of everything else, these 32 bytes left out
64              the JSON text, ``{"arrays": [...], "content": ...}``
                zeros up to a multiple of 64, then the arrays, each so aligned
======  ======  =====================================================================

The prologue is the same in every format there will be, so that damage is told from a format of the
future. Nothing is parsed before the digest agrees. The digest finds damage; it is no signature: who can
write the file can write a digest, and all that follows holds for such a file too.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import os
import stat
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from forecasting._typing import AnyArray
from forecasting.modelfile.errors import (
    CorruptModelFileError,
    ModelFileError,
    UnsafeModelFileError,
    UnsavableError,
    VersionMismatchError,
    as_corrupt,
    demand,
)

#: Written by this version. It reads this one and, of those to come, all earlier ones.
FORMAT: Final = 1

MAGIC: Final = b"\x93forecasting\r\n\x1a\n"
PROLOGUE: Final = struct.Struct("<16sIIQ32s")
UNSIGNED: Final = PROLOGUE.size - 32  # the part of the prologue before the digest
ALIGNMENT: Final = 64

MAX_HEADER: Final = 16 << 20
MAX_ARRAYS: Final = 4096
MAX_FILE: Final = 16 << 30

DTYPES: Final = frozenset(
    (
        *("|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f4", "<f8"),
        *("<M8[s]", "<M8[ms]", "<M8[us]", "<M8[ns]"),
    )
)

#: First bytes of files that run code when they are read, or that unpack to any size.
UNSAFE: Final = {
    "a pickle": tuple(b"\x80" + bytes([protocol]) for protocol in range(2, 6)),
    "a zip archive (joblib, torch, numpy, keras)": (b"PK\x03\x04", b"PK\x05\x06"),
    "compressed (joblib, pickle)": (
        *(b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x04\x22\x4d\x18", b"\x28\xb5\x2f\xfd"),
        *(b"x\x01", b"x\x5e", b"x\x9c", b"x\xda", b"ZF"),
    ),
    "a numpy or HDF5 file": (b"\x93NUMPY", b"\x89HDF"),
}


class Texts(list[str]):
    """Many texts that travel as two arrays, so that the JSON text stays short."""


def pack(content: Any) -> list[bytes | memoryview]:
    """Return the file, in parts, of a tree of dicts, lists, plain values, arrays and :class:`Texts`."""
    arrays: list[AnyArray] = []
    tree = _with_references(content, arrays)
    header = _header(tree, arrays)
    body: list[bytes | memoryview] = [header, bytes(-len(header) % ALIGNMENT)]
    for array in arrays:
        body += [array.reshape(-1).view(np.uint8).data, bytes(-array.nbytes % ALIGNMENT)]
    front = PROLOGUE.pack(MAGIC, FORMAT, 0, len(header), bytes(32))[:UNSIGNED]
    digest = hashlib.sha256(front)
    for part in body:
        digest.update(part)
    return [front + digest.digest(), *body]


def read(path: str | os.PathLike[str]) -> Any:
    """Return the tree that :func:`pack` was given.

    Raises
    ------
    ModelFileError
        One of its subclasses; the message says what to do.
    """
    file = Path(path)
    return unpack(_bytes_of(file), str(file))


def unpack(data: bytes, name: str) -> Any:
    """Return the tree of a file with these bytes; ``name`` is what messages call it."""
    _refuse_other_kinds(data, name)
    length = _checked_prologue(data, name)
    with as_corrupt(name):
        header = json.loads(
            data[PROLOGUE.size : PROLOGUE.size + length].decode("ascii"), parse_constant=_no_number
        )
        demand(isinstance(header, dict), "its JSON is no object")
        first = PROLOGUE.size + length + (-length % ALIGNMENT)
        return _resolved(header["content"], _read_arrays(header["arrays"], data, first))


# --- writing --------------------------------------------------------------------------------------------


def _header(tree: Any, arrays: list[AnyArray]) -> bytes:
    if len(arrays) > MAX_ARRAYS:
        raise UnsavableError(
            f"the forecaster takes {len(arrays):,} arrays, a model file holds {MAX_ARRAYS:,}; save the "
            "forecasters inside one by one"
        )
    places, offset = [], 0
    for array in arrays:
        places.append({"dtype": array.dtype.str, "shape": array.shape, "offset": offset})
        offset += array.nbytes + (-array.nbytes % ALIGNMENT)
    text = json.dumps({"arrays": places, "content": tree}, allow_nan=False, separators=(",", ":"))
    if len(text) > MAX_HEADER or offset > MAX_FILE - MAX_HEADER - 2 * ALIGNMENT:
        raise UnsavableError(
            f"the model file would have {len(text):,} bytes of JSON and {offset:,} of arrays; it may have "
            f"{MAX_HEADER:,} and {MAX_FILE:,}. Fit and save fewer series at a time"
        )
    return text.encode("ascii")


def _with_references(value: Any, arrays: list[AnyArray]) -> Any:
    if isinstance(value, np.ndarray):
        little = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("<"))
        if little.dtype.str not in DTYPES:
            raise UnsavableError(f"an array of dtype {value.dtype} cannot be kept; make it numbers")
        arrays.append(little)
        return {"$array": len(arrays) - 1}
    if isinstance(value, Texts):
        encoded = [text.encode("utf-8", "surrogatepass") for text in value]
        ends = np.cumsum([len(text) for text in encoded], dtype=np.int64)
        blob = np.frombuffer(b"".join(encoded), dtype=np.uint8)
        return {"$texts": [_with_references(part, arrays)["$array"] for part in (blob, ends)]}
    if isinstance(value, Mapping):
        return {key: _with_references(item, arrays) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_references(item, arrays) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": repr(value)}
    return value


# --- reading --------------------------------------------------------------------------------------------


def _bytes_of(file: Path) -> bytes:
    try:
        info = file.stat()
        if stat.S_ISDIR(info.st_mode):
            raise ModelFileError(
                f"{file} is a folder; give the file that save() wrote. A saved backtest is read with "
                "Backtest.load(folder)"
            )
        if not stat.S_ISREG(info.st_mode):
            raise ModelFileError(f"{file} is no regular file; give the file that save() wrote")
        if info.st_size > MAX_FILE:
            raise CorruptModelFileError(
                f"{file} has {info.st_size:,} bytes, a model file at most {MAX_FILE:,}; it is none"
            )
        return file.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        if isinstance(error, ModelFileError):
            raise
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ModelFileError(f"cannot read {str(file)!r}: {why}") from error


def _refuse_other_kinds(data: bytes, name: str) -> None:
    if data.startswith(MAGIC):
        return
    kind = next((kind for kind, starts in UNSAFE.items() if data.startswith(starts)), None)
    if kind is None and data[:1] in (b"(", b"c", b"]", b"}") and data.rstrip().endswith(b"."):
        kind = "a pickle"
    if kind is not None:
        raise UnsafeModelFileError(
            f"{name} is {kind}: to open it could run whatever its author put in, so it was not "
            "opened, and there is no switch for it. Where it came from, fit again and write a model "
            "file with forecaster.save(path)"
        )
    raise CorruptModelFileError(
        f"{name} does not begin like a model file; give a file that forecaster.save(path) wrote"
    )


def _checked_prologue(data: bytes, name: str) -> int:
    """Return the length of the JSON text, once the digest agrees and the format is one we read."""
    if len(data) < PROLOGUE.size:
        raise _damaged(name, f"it ends after {len(data)} bytes")
    _, format_, _, length, digest = PROLOGUE.unpack_from(data)
    found = hashlib.sha256(data[:UNSIGNED])
    found.update(memoryview(data)[PROLOGUE.size :])
    if found.digest() != digest:
        raise _damaged(name, "its SHA-256 is not the one it was saved with")
    if format_ > FORMAT:
        raise VersionMismatchError(
            f"{name} has format {format_}, this version of forecasting reads formats up to {FORMAT}; "
            "install a later one, pip install -U forecasting, or save the forecaster with this one"
        )
    if format_ < 1 or length > min(MAX_HEADER, len(data) - PROLOGUE.size):
        raise _damaged(name, "its format or the length of its JSON cannot be")
    return int(length)


def _damaged(name: str, why: str) -> CorruptModelFileError:
    return CorruptModelFileError(
        f"{name} is damaged: {why}. Copy it again (in binary mode), or save the forecaster again"
    )


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")


def _read_arrays(places: Any, data: bytes, first: int) -> list[AnyArray]:
    """Return writable copies of the arrays, which must fill the rest of the file one after the other."""
    demand(isinstance(places, list) and len(places) <= MAX_ARRAYS, "it lists too many arrays")
    arrays, offset, rest = [], 0, len(data) - first
    for place in places:
        shape, dtype = place["shape"], place["dtype"]
        demand(dtype in DTYPES, f"an array has dtype {str(dtype)[:20]!r}")
        demand(
            isinstance(shape, list) and len(shape) <= 4 and all(type(n) is int for n in shape),
            "the shape of an array is not a few whole numbers",
        )
        demand(all(0 <= n < 2**48 for n in shape), "an array has an impossible shape")
        size = math.prod(shape) * np.dtype(dtype).itemsize
        demand(place["offset"] == offset and offset + size <= rest, "an array lies elsewhere")
        kept = np.frombuffer(data, np.uint8, size, first + offset).copy()
        demand(dtype != "|b1" or not (kept > 1).any(), "a truth value is neither 0 nor 1")
        arrays.append(kept.view(dtype).reshape(shape))
        offset += size + (-size % ALIGNMENT)
    demand(offset == max(rest, 0), "there are bytes that belong to no array")
    return arrays


def _resolved(value: Any, arrays: list[AnyArray]) -> Any:
    if isinstance(value, list):
        return [_resolved(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    if "$array" in value:
        return arrays[_place(value["$array"])]
    if "$texts" in value:
        blob, ends = (arrays[_place(number)] for number in value["$texts"])
        return _texts(blob, ends)
    if "$float" in value:
        demand(value["$float"] in ("nan", "inf", "-inf"), "a number is none")
        return float(value["$float"])
    return {key: _resolved(item, arrays) for key, item in value.items()}


def _place(number: Any) -> int:
    demand(type(number) is int and number >= 0, "an array is referred to by no number")
    return int(number)


def _texts(blob: AnyArray, ends: AnyArray) -> Texts:
    demand(blob.dtype == np.uint8 and ends.dtype == np.int64 and ends.ndim == 1, "texts are none")
    edges = np.concatenate(([0], ends))
    demand((np.diff(edges) >= 0).all() and edges[-1] == blob.size, "texts overlap")
    whole, at = blob.tobytes(), edges.tolist()
    return Texts(
        whole[begin:end].decode("utf-8", "surrogatepass") for begin, end in itertools.pairwise(at)
    )
