"""The store a backtest resumes from: a folder of records, found again by what they were computed from.

Every process appends to a segment of its own, so several may share a store. A record is a line of JSON and
raw arrays behind their lengths and a digest; what a killed process left unfinished is not a record.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from forecasting._typing import IntArray
from forecasting.backtesting.records import Record, decode, encode, keys_of
from forecasting.errors import DataWarning, InputError, tell
from forecasting.files import DiskWriteError

FORMAT = 1
MARKER = "store.json"
SUFFIX = ".segment"
#: A name with a dot in front is a marker that another process is about to rename.
SEGMENTS = f"[!.]*{SUFFIX}"
#: Length of header and body, digest of both.
_HEAD = struct.Struct("<QQ32s")
#: A header longer than this is none of ours.
MOST_BYTES = 1 << 30


class StoreError(InputError):
    """A folder is not a store, or of a format that this version does not read."""

    code = "STORE"


@dataclass(frozen=True)
class Place:
    """Where a unit lies: a record of a segment, and its number in it."""

    segment: Path
    offset: int
    number: int


@dataclass(eq=False)
class Store:
    """A folder of records, opened; ``with`` closes the segment that it writes to.

    The index holds 24 bytes per unit: the head of its key, sorted, and where it lies. The rest of the
    key is compared when the record is read.
    """

    folder: Path
    segments: list[Path] = field(default_factory=list)
    heads: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, dtype=np.uint64))
    lies_at: IntArray = field(default_factory=lambda: np.empty((0, 3), dtype=np.int64))
    _segment: BinaryIO | None = None
    _broken: bool = False

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> Store:
        """Open a store, or make one where nothing is yet.

        Raises
        ------
        StoreError
            If the folder holds something else, or a later format.
        DiskWriteError
            If it cannot be made.
        """
        path = Path(folder)
        try:
            path.mkdir(parents=True, exist_ok=True)
            text = _marker(path)
        except OSError as error:
            raise DiskWriteError(f"cannot use {path} as a store: {error.strerror}") from error
        try:
            found = json.loads(text)
        except ValueError as error:
            raise StoreError(f"{path / MARKER} is not JSON; name a new folder as store=") from error
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise StoreError(
                f"{path} is a store of another format, this version reads format {FORMAT}; "
                "name a new folder"
            )
        return cls(path).look()

    def look(self) -> Store:
        """Read which units there are, those that other processes added since included."""
        self.segments = sorted(self.folder.glob(SEGMENTS))
        heads = [np.empty(0, dtype=np.uint64)]
        lies_at = [np.empty((0, 3), dtype=np.int64)]
        for at, segment in enumerate(self.segments):
            for offset, header in _headers(segment):
                try:
                    found = _heads(keys_of(header))
                except (ValueError, KeyError, TypeError):
                    break
                heads.append(found)
                numbers = np.arange(len(found))
                lies_at.append(np.column_stack([np.full((len(found), 2), (at, offset)), numbers]))
        together = np.concatenate(heads)
        order = np.argsort(together, kind="stable")
        self.heads, self.lies_at = together[order], np.concatenate(lies_at)[order]
        return self

    def find(self, keys: list[str]) -> list[Place | None]:
        """Return where units lie, None where they are not there."""
        wanted = _heads(keys)
        at = np.searchsorted(self.heads, wanted)
        there = at < len(self.heads)
        there[there] = self.heads[at[there]] == wanted[there]
        return (
            [
                Place(self.segments[lies[0]], *lies[1:]) if found else None
                for found, lies in zip(
                    there.tolist(), self.lies_at[np.where(there, at, 0)].tolist(), strict=True
                )
            ]
            if len(self.heads)
            else [None] * len(keys)
        )

    def read(self, segment: Path, offset: int) -> Record | None:
        """Return a record, or None where its bytes are not those that were written."""
        try:
            with segment.open("rb") as file:
                file.seek(offset)
                head, body, digest = _HEAD.unpack(file.read(_HEAD.size))
                payload = file.read(head + body)
            if len(payload) != head + body or _digest(payload) != digest:
                return None
            return decode(payload[:head], payload[head:])
        except (OSError, struct.error, ValueError, KeyError, TypeError):
            return None

    def write(self, record: Record) -> None:
        """Append a record; where the disk refuses, warn once and go on without the store."""
        if self._broken:
            return
        header, body = encode(record)
        payload = header + body
        try:
            if self._segment is None:
                name = f"{os.getpid()}-{secrets.token_hex(8)}{SUFFIX}"
                self._segment = (self.folder / name).open("xb", buffering=0)
            _write_whole(
                self._segment, _HEAD.pack(len(header), len(body), _digest(payload)) + payload
            )
        except OSError as error:
            self._broken = True
            tell(
                f"the store {self.folder} cannot be written ({error.strerror}); the result is complete, but "
                "what comes from now on would be computed again",
                DataWarning,
            )

    def close(self) -> None:
        """Bring what was written to the disk."""
        if self._segment is not None:
            with contextlib.suppress(OSError):
                os.fsync(self._segment.fileno())
            self._segment.close()
            self._segment = None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _marker(folder: Path) -> str:
    """Return what the marker of a store says; a folder without anything in it gets one."""
    marker = folder / MARKER
    if not marker.exists():
        if any(path.suffix != SUFFIX for path in folder.iterdir() if path != marker):
            raise StoreError(f"{folder} holds something else; name a new folder as store=")
        scratch = folder / f".{secrets.token_hex(8)}{SUFFIX}"
        scratch.write_text(json.dumps({"format": FORMAT}), encoding="utf-8")
        scratch.replace(marker)
    return marker.read_text(encoding="utf-8")


def _write_whole(file: BinaryIO, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]


def _headers(segment: Path) -> Iterator[tuple[int, bytes]]:
    """Yield offset and header of each whole record; what a killed process left half written ends it."""
    size = segment.stat().st_size
    with segment.open("rb") as file:
        offset = 0
        while offset + _HEAD.size <= size:
            head, body, _ = _HEAD.unpack(file.read(_HEAD.size))
            end = offset + _HEAD.size + head + body
            if end > size or head > MOST_BYTES:
                return
            yield offset, file.read(head)
            file.seek(end)
            offset = end


def _heads(keys: list[str]) -> NDArray[np.uint64]:
    """Return the first 64 bits of hexadecimal keys."""
    return np.array([int(key[:16], 16) for key in keys], dtype=np.uint64)


def _digest(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=32).digest()
