"""What one model sees of one series: its past as a :class:`History`, what is asked as a :class:`Future`."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting._typing import FloatArray, IntArray
from forecasting.calendar import Calendar


@dataclass(frozen=True, eq=False)
class Entropy:
    """Where random numbers come from: the seed of the run and what the model may see.

    The same history gives the same numbers, whatever the id, the order of the series, the number of
    processes or the other models; nothing global is touched.
    """

    seed: int
    y: FloatArray
    start: int

    def rng(self, purpose: str) -> np.random.Generator:
        """Return a fresh generator for one purpose."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(f"{self.seed}|{self.start}|{purpose}|".encode())
        digest.update(self.y.tobytes())
        return np.random.default_rng(int.from_bytes(digest.digest(), "little"))


@contextlib.contextmanager
def unmoved_generators() -> Iterator[None]:
    """Give the global generators of Python and numpy back as they were, whoever seeds or draws inside.

    What numpy does about overflow and division by zero is given back too.
    """
    state, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        with np.errstate():
            yield
    finally:
        random.setstate(state)
        np.random.set_state(legacy)  # noqa: NPY002


@dataclass(frozen=True, eq=False)
class History:
    """The past of one series up to a cutoff; arrays are read-only.

    Attributes
    ----------
    y : array of float, shape (n,)
    start : int
        Ordinal of ``y[0]`` on the calendar.
    X : array of float, shape (n, p)
        Known-future regressors, columns ``X_names``.
    past_X : array of float, shape (n, q)
        Past-only regressors, columns ``past_X_names``.
    static : dict of float
        One value per static regressor.
    """

    y: FloatArray
    start: int
    calendar: Calendar
    X: FloatArray
    past_X: FloatArray
    X_names: tuple[str, ...] = ()
    past_X_names: tuple[str, ...] = ()
    static: tuple[tuple[str, float], ...] = ()
    seed: int = 0

    def __len__(self) -> int:
        return len(self.y)

    @functools.cached_property
    def ds(self) -> pd.Index:
        """The times of ``y``, shape (n,)."""
        return self.calendar.times(np.arange(self.start, self.start + len(self.y), dtype=np.int64))

    @property
    def end(self) -> int:
        """Ordinal of the last value: the cutoff."""
        return self.start + len(self.y) - 1

    def rng(self) -> np.random.Generator:
        """Return the generator for fitting this history; the same every time."""
        return Entropy(self.seed, self.y, self.start).rng("fit")


@dataclass(frozen=True, eq=False)
class Future:
    """The steps that are asked for: 1 to ``h`` after the cutoff.

    Attributes
    ----------
    h : int
    cutoff : int
        Ordinal of the last time seen.
    X : array of float, shape (h, p)
        Known-future regressors, columns ``X_names``.
    """

    h: int
    cutoff: int
    calendar: Calendar
    X: FloatArray
    X_names: tuple[str, ...] = ()
    entropy: Entropy | None = None

    @functools.cached_property
    def steps(self) -> IntArray:
        """Lead times 1..h, shape (h,)."""
        return np.arange(1, self.h + 1, dtype=np.int64)

    @functools.cached_property
    def ds(self) -> pd.Index:
        """The times that are asked for, shape (h,)."""
        return self.calendar.times(self.cutoff + self.steps)

    def rng(self) -> np.random.Generator:
        """Return the generator for this forecast; the same every time.

        Draw paths as ``rng.normal(size=(h, n)).T``: step by step, so that a shorter horizon gives the
        head of a longer one.
        """
        entropy = self.entropy or Entropy(0, np.empty(0), self.cutoff)
        return entropy.rng("predict")


@dataclass(frozen=True, eq=False)
class PanelFuture:
    """The steps that are asked for after the end of each series of a panel.

    Attributes
    ----------
    h : int
    X : array of float, shape (n_series, h, p)
        Known-future regressors.
    """

    h: int
    X: FloatArray
    entropy: Entropy

    def rng(self) -> np.random.Generator:
        """Return the generator for this forecast; the same every time."""
        return self.entropy.rng("predict")
