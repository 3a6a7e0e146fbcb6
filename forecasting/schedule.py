"""The rolling origin: one calendar of cutoffs for the whole panel, and who takes part at each."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting._typing import IntArray
from forecasting.errors import HorizonError, WindowError, plural, show_value
from forecasting.panel import Panel
from forecasting.windows import Windows, training_rows

#: A horizon beyond is a slip: a time stamp, a number in another unit.
MOST_STEPS = 10_000_000


def check_horizon(h: object) -> int:
    """Return ``h`` as an int.

    Raises
    ------
    HorizonError
        If it is not a whole number from 1 to :data:`MOST_STEPS`.
    """
    if isinstance(h, bool) or not isinstance(h, (int, np.integer)) or h < 1:
        raise HorizonError(f"h must be a whole number of steps of at least 1, got {show_value(h)}")
    if h > MOST_STEPS:
        raise HorizonError(f"h={h:,} is more than {MOST_STEPS:,} steps; forecast on a coarser step")
    return int(h)


def whole_number(value: object, name: str, least: int) -> int:
    """Return a whole number of at least ``least``, or raise :class:`WindowError`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise WindowError(
            f"{name} must be a whole number of at least {least}, got {show_value(value)}"
        )
    return int(value)


@dataclass(frozen=True)
class Schedule:
    """The rolling origin: which cutoffs, how far, on what history, refitted how often."""

    h: int
    n_windows: int | None = None
    cutoffs: Sequence[object] | None = None
    step_size: int | None = None
    window: int | None = None
    gap: int = 0
    refit: bool | int = True
    partial: bool = False

    def checked(self) -> Schedule:
        """Return the schedule with its numbers checked and defaults filled in."""
        h = check_horizon(self.h)
        if self.n_windows is not None and self.cutoffs is not None:
            raise WindowError("give n_windows= or cutoffs=, not both")
        n_windows = self.n_windows
        if self.cutoffs is None:
            n_windows = whole_number(1 if n_windows is None else n_windows, "n_windows", 1)
        elif len(self.cutoffs) == 0:
            raise WindowError("cutoffs is empty; give at least one time")
        return dataclasses.replace(
            self,
            h=h,
            n_windows=n_windows,
            step_size=h if self.step_size is None else whole_number(self.step_size, "step_size", 1),
            window=None if self.window is None else whole_number(self.window, "window", 1),
            gap=whole_number(self.gap, "gap", 0),
            refit=self.refit
            if isinstance(self.refit, bool)
            else whole_number(self.refit, "refit (True, False or every k windows)", 1),
        )

    def cutoff_ordinals(self, panel: Panel) -> IntArray:
        """Return the cutoffs of the whole panel, ascending, shape (n_windows,).

        With ``n_windows=K`` the last test part ends with the panel:
        ``cutoff_k = end - gap - h - (K - 1 - k) * step_size``.
        """
        if self.cutoffs is not None:
            found = sorted({panel.calendar.at(c) for c in self.cutoffs})
            if len(found) < len(self.cutoffs):
                raise WindowError("cutoffs names the same time twice")
            return np.array(found, dtype=np.int64)
        n, step = self.n_windows or 1, self.step_size or self.h
        last = int(panel.end.max()) - self.gap - self.h
        first = last - (n - 1) * step
        earliest = int(panel.start.min())
        if first < earliest:
            feasible = (last - earliest) // step + 1 if last >= earliest else 0
            longest = int(panel.end.max()) - earliest + 1
            raise WindowError(
                f"n_windows={n} with h={self.h}, step_size={step}, gap={self.gap} needs "
                f"{1 + self.gap + self.h + (n - 1) * step} steps, the data has {longest}; "
                f"the largest feasible n_windows is {feasible}"
            )
        return first + step * np.arange(n, dtype=np.int64)

    def fit_schedule(self, n_windows: int) -> IntArray:
        """Return, for each window, the window at which its model is estimated."""
        every = np.arange(n_windows, dtype=np.int64)
        if self.refit is True:
            return every
        if self.refit is False:
            return np.zeros(n_windows, dtype=np.int64)
        return every - every % self.refit


NOT_STARTED, ENDED, INCOMPLETE = "not started", "ended before the cutoff", "test part incomplete"


def rolling_windows(
    panel: Panel, schedule: Schedule, seed: int
) -> tuple[Windows, IntArray, pd.DataFrame]:
    """Cut a panel by a checked schedule.

    Returns
    -------
    windows : Windows
        Its panel ends at the last cutoff; cells of series that cannot take part are not active.
    cutoffs : array of int, shape (n_windows,)
    skipped : DataFrame
        ``unique_id, cutoff, reason``: one row per series and cutoff that does not take part.
    """
    cutoffs = schedule.cutoff_ordinals(panel)
    start, end = panel.start[:, None], panel.end[:, None]
    not_started, ended = cutoffs < start, cutoffs > end
    incomplete = (cutoffs + schedule.gap + schedule.h > end) & ~ended
    skip = not_started | ended | (incomplete & (not schedule.partial))
    if skip.all():
        raise WindowError(
            f"no series has data before and after any of the {plural(len(cutoffs), 'cutoff')}: the data "
            f"covers {panel.calendar.times(np.array([panel.start.min()]))[0]} to "
            f"{panel.calendar.times(np.array([panel.end.max()]))[0]}"
        )
    reach = np.clip(cutoffs.max() - panel.start + 1, 0, panel.lengths)
    seen = panel.cut(np.arange(panel.n_series), panel.offsets[:-1], panel.offsets[:-1] + reach)
    every = np.broadcast_to(cutoffs, skip.shape)
    lo, hi = training_rows(seen, every, schedule.window)
    windows = Windows(
        panel=seen,
        cutoffs=every,
        lo=lo,
        hi=hi,
        active=~skip,
        h=schedule.gap + schedule.h,
        fit_at=schedule.fit_schedule(len(cutoffs)),
        known=panel.covariates.known,
        known_offsets=panel.offsets,
        window=schedule.window,
        seed=seed,
    )
    reasons = np.where(not_started, NOT_STARTED, np.where(ended, ENDED, INCOMPLETE))
    which, at = np.nonzero(skip)
    skipped = pd.DataFrame(
        {
            "unique_id": panel.ids[which],
            "cutoff": panel.calendar.times(cutoffs)[at],
            "reason": reasons[which, at],
        }
    )
    return windows, cutoffs, skipped
