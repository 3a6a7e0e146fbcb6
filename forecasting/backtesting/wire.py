"""What parent and worker process share: frames of bytes over pipes, and a pulse in shared memory."""

from __future__ import annotations

import mmap
import os
import struct
from dataclasses import dataclass
from typing import IO

_LENGTH = struct.Struct("<Q")
_PULSE = struct.Struct("<Qqq")


def send(pipe: IO[bytes], message: bytes) -> None:
    """Write one message, its length first."""
    pipe.write(_LENGTH.pack(len(message)))
    pipe.write(message)
    pipe.flush()


def receive(pipe: IO[bytes]) -> bytes | None:
    """Return the next message, or None where the other side has closed the pipe or died."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    body = pipe.read(length)
    return body if len(body) == length else None


@dataclass(frozen=True)
class Beat:
    """The last sign of life: its number, the task of the message, and its window (-1: no single one)."""

    number: int
    task: int
    window: int


class Pulse:
    """A few bytes of memory that a worker writes and its parent reads, also after the worker's death."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, _PULSE.size)

    @classmethod
    def new(cls) -> Pulse:
        """Return a pulse in memory that a child process can be handed."""
        descriptor = os.memfd_create("forecasting-pulse")
        os.ftruncate(descriptor, _PULSE.size)
        return cls(descriptor)

    def write(self, beat: Beat) -> None:
        """Leave a sign of life."""
        self._memory[:] = _PULSE.pack(beat.number, beat.task, beat.window)

    def read(self) -> Beat:
        """Return the last sign of life."""
        return Beat(*_PULSE.unpack(self._memory[:]))

    def close(self) -> None:
        """Give the memory back."""
        self._memory.close()
        os.close(self.descriptor)
