"""The intervals of a combination at one window: which widths it takes, and what it says of them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

import numpy as np

from forecasting._typing import BoolArray, FloatArray
from forecasting.compose.record import Record
from forecasting.compose.spread import Sizes, conformal_widths, design, scale_widths, sizes
from forecasting.errors import show_ids, tell
from forecasting.windows import Windows

Intervals = Literal["conformal", "scale", "blend"]


@dataclass(frozen=True)
class Widths:
    """How far quantiles lie from the mean, by :mod:`forecasting.compose.spread`."""

    intervals: Intervals
    season_length: int
    pooled: bool

    def of(
        self,
        record: Record,
        windows: Windows,
        k: int,
        means: FloatArray,
        mean: FloatArray,
        probs: tuple[float, ...],
    ) -> FloatArray:
        """Return the distance of each quantile from the mean (S, h) of the members' (J, S, h), (S, h, P)."""
        at, s0, widths = np.array(probs), record.s0, []
        if self.intervals in ("conformal", "blend"):
            past = record.residuals
            widths.append(
                conformal_widths(past, s0, windows.h, self.season_length, at, self.pooled)
            )
        if self.intervals in ("scale", "blend") or self.modelled(record).any():
            widths.append(scale_widths(self.features(record, windows, k, means, mean), s0, at))
        if len(widths) == 1:
            return widths[0]
        both = np.stack(widths)  # where one knows nothing the other stands
        own = both[0] if self.intervals == "conformal" else both.mean(axis=0)
        return np.asarray(np.where(np.isnan(both[0]), both[1], own))

    def modelled(self, record: Record) -> BoolArray:
        """Return the series whose intervals should come from past errors of which there are none, (S,)."""
        n = np.isfinite(record.residuals).sum(axis=(1, 2))
        if self.pooled:
            n = np.full(len(n), n.sum())
        return np.asarray((n == 0) & (self.intervals == "conformal"))

    def features(
        self, record: Record, windows: Windows, k: int, means: FloatArray, mean: FloatArray
    ) -> FloatArray:
        """Return what the bundled model sees, shape (S, h, features)."""
        off = np.abs(means - mean)
        here = np.isfinite(off)
        dispersion = np.where(here, off, 0.0).sum(axis=0) / np.maximum(here.sum(axis=0), 1)
        known = dataclasses.replace(self._sizes(windows, k), s0=record.s0)
        return design(known, record.residuals, dispersion, self.season_length)

    def _sizes(self, windows: Windows, k: int) -> Sizes:
        m, h = self.season_length, windows.h
        rows = [
            sizes(windows.panel.values[windows.lo[i, k] : windows.hi[i, k]], m, h)
            if windows.active[i, k]
            else (1.0, 1.0, 1.0, np.ones(h), 1.0)
            for i in range(windows.n_series)
        ]
        s0, d1, recent, seasonal, n = zip(*rows, strict=True)
        return Sizes(np.array(s0), np.array(d1), np.array(recent), np.array(seasonal), np.array(n))


def say_modelled(windows: Windows, cells: BoolArray, least: int) -> None:
    """Warn of cells (S, K) whose intervals the bundled model makes; ``least`` rows would make past errors."""
    if cells.any():
        some = np.flatnonzero(cells.any(axis=1))
        tell(
            f"{len(some):,} of {windows.n_series:,} series ({show_ids(windows.panel.ids[some])}) have no "
            f"past errors to make intervals of, which need {least} rows: the bundled model of how errors "
            "grow makes them, and they may be too wide"
        )
