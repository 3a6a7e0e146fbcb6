"""What a task came to, as bytes and back: a JSON header and raw arrays, nothing that could run."""

from __future__ import annotations

import builtins
import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecasting import errors
from forecasting._typing import AnyArray, BoolArray, FloatArray
from forecasting.answer import Answer
from forecasting.backtesting.tasks import Notes
from forecasting.errors import ForecastingError


class StoredError(ForecastingError):
    """A failure that was read from a store: the message and the code are those of the first run."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.__dict__["code"] = code  # that of the error it stands for


@dataclass(frozen=True, eq=False)
class Record:
    """The answer of one task, cell by cell.

    ``keys[j]`` is the unit of the cells ``starts[j]:starts[j + 1]``; arrays have one row per cell.
    """

    keys: tuple[str, ...]
    starts: tuple[int, ...]
    mean: FloatArray  # (n, h)
    quantiles: FloatArray  # (n, h, n_probs)
    own: BoolArray  # (n,)
    seconds: FloatArray  # (n,)
    served_by: AnyArray | None  # (n,)
    parameters: dict[str, AnyArray]  # (n,) each
    failures: list[tuple[int, str, str, str]]  # cell, stage, code, message
    notes: list[tuple[str, str, int]]  # category, message, count

    @property
    def size(self) -> int:
        """Number of cells."""
        return len(self.own)


def record_of(
    keys: list[str], counts: list[int], answer: Answer, at: tuple[Any, Any], notes: Notes
) -> Record:
    """Return the cells ``at`` of an answer as a record; ``counts[j]`` of them are of ``keys[j]``."""
    place = {cell: n for n, cell in enumerate(zip(*(a.tolist() for a in at), strict=True))}
    return Record(
        keys=tuple(keys),
        starts=tuple(np.concatenate(([0], np.cumsum(counts))).tolist()),
        mean=answer.mean[at],
        quantiles=answer.quantiles[at],
        own=answer.own[at],
        seconds=answer.seconds[at],
        served_by=None if answer.served_by is None else answer.served_by[at],
        parameters={name: column[at] for name, column in answer.parameters.items()},
        failures=[
            (place[f.series, f.window], f.stage, f.error.code, str(f.error))
            for f in answer.failures
            if (f.series, f.window) in place
        ],
        notes=[(category.__name__, text, n) for (category, text), n in notes.items()],
    )


def counted(notes: list[tuple[str, str, int]]) -> Notes:
    """Return stored warnings as they are counted; a category that is not known here keeps its name."""
    found: Notes = Counter()
    for name, text, n in notes:
        found[_category(name), text] += n
    return found


def _category(name: str) -> type[Warning]:
    known = getattr(errors, name, getattr(builtins, name, None))
    if isinstance(known, type) and issubclass(known, Warning):
        return known
    return type(name, (UserWarning,), {})


# --- bytes ------------------------------------------------------------------------------------------

ARRAYS = ("mean", "quantiles", "own", "seconds")


def encode(record: Record) -> tuple[bytes, bytes]:
    """Return a record as its header and its body."""
    arrays = {name: getattr(record, name) for name in ARRAYS}
    texts: dict[str, list[Any]] = {}
    for name, column in record.parameters.items():
        if column.dtype == object:
            texts[name] = column.tolist()
        else:
            arrays[f"parameter {name}"] = column
    head = {
        "keys": record.keys,
        "starts": record.starts,
        "served_by": None if record.served_by is None else record.served_by.tolist(),
        "failures": record.failures,
        "notes": record.notes,
        "parameters": list(record.parameters),
        "texts": texts,
        "arrays": {name: (a.dtype.str, a.shape) for name, a in arrays.items()},
    }
    body = b"".join(np.ascontiguousarray(a).tobytes() for a in arrays.values())
    return json.dumps(head).encode(), body


def keys_of(header: bytes) -> list[str]:
    """Return the keys of a record from its header."""
    return list(json.loads(header)["keys"])


def decode(header: bytes, body: bytes) -> Record:
    """Return the record of a header and a body.

    Raises
    ------
    ValueError, KeyError, TypeError
        If they do not fit one another.
    """
    head = json.loads(header)
    arrays, first = {}, 0
    for name, (kind, shape) in head["arrays"].items():
        if kind not in ("<f8", "|b1"):
            raise ValueError(f"an array of type {kind}")
        dtype = np.dtype(kind)
        count = int(np.prod(shape))
        arrays[name] = np.frombuffer(body, dtype, count, first).reshape(shape)
        first += count * dtype.itemsize
    parameters = {}
    for name in head["parameters"]:
        text = head["texts"].get(name)
        column = arrays[f"parameter {name}"] if text is None else np.array(text, dtype=object)
        parameters[name] = column
    return Record(
        keys=tuple(head["keys"]),
        starts=tuple(head["starts"]),
        served_by=None if head["served_by"] is None else np.array(head["served_by"], dtype=object),
        failures=[(int(c), str(s), str(code), str(m)) for c, s, code, m in head["failures"]],
        notes=[(str(c), str(m), int(n)) for c, m, n in head["notes"]],
        parameters=parameters,
        **{name: arrays[name] for name in ARRAYS},
    )
