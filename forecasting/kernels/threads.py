"""How many threads the kernels may use: set by whoever runs them, read by their faces."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

_THREADS: ContextVar[int] = ContextVar("forecasting_kernel_threads", default=1)


def n_threads() -> int:
    """Return how many threads a kernel may use here; it changes time, never bits."""
    return _THREADS.get()


@contextlib.contextmanager
def using_threads(n: int) -> Iterator[None]:
    """Let kernels that are called inside use ``n`` threads."""
    token = _THREADS.set(n)
    try:
        yield
    finally:
        _THREADS.reset(token)
