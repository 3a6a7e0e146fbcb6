"""Signs of life: whoever runs a forecaster hears which window it is at.

A worker process writes them where its parent reads them, to tell a forecaster that works from one that
hangs, and to name the window it hung at.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar

#: Stands for "somewhere in this task": no single window, or one that is calibrated on.
NO_WINDOW = -1

_LISTENER: ContextVar[Callable[[int], None] | None] = ContextVar("forecasting_pulse", default=None)


def beat(window: int) -> None:
    """Say that work on a window begins."""
    listener = _LISTENER.get()
    if listener is not None:
        listener(window)


@contextlib.contextmanager
def heard_by(listener: Callable[[int], None] | None) -> Iterator[None]:
    """Let ``listener`` hear the beats of what runs inside."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


@contextlib.contextmanager
def window_unnamed() -> Iterator[None]:
    """Beats inside say that something is done, not at which window: its windows are not the caller's."""
    listener = _LISTENER.get()
    with heard_by(None if listener is None else lambda _: listener(NO_WINDOW)):
        yield
