"""Where time is cut: cutoffs, training rows and what is asked. Nothing else in the package cuts time.

A backtest has one calendar of cutoffs for the whole panel. :class:`Windows` holds, for each series and
cutoff, the rows that a model may see; its panel ends at the last cutoff, so the truth is not there to
be seen.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting._typing import BoolArray, FloatArray, IntArray
from forecasting.errors import (
    AllMissingError,
    GapError,
    HorizonError,
    MissingTargetError,
    NonFiniteError,
    RegressorError,
    SeriesError,
    ShortSeriesError,
    WindowError,
    plural,
    show_time,
)
from forecasting.panel import Covariates, Panel
from forecasting.series import Entropy, Future, History


@dataclass(frozen=True, eq=False)
class Windows:
    """Training windows of a panel, and the horizon that is asked after each.

    Attributes
    ----------
    panel : Panel
        Ends at the last cutoff.
    cutoffs : array of int, shape (n_series, n_windows)
        Ordinal of the last time that may be seen. The distances between columns are the same for
        every series.
    lo, hi : array of int, shape (n_series, n_windows)
        The training part of series ``i`` at cutoff ``k`` is ``panel.values[lo[i, k]:hi[i, k]]``.
    active : array of bool, shape (n_series, n_windows)
        Which cells are to be forecast.
    h : int
        Steps asked for after the cutoff (gap included).
    fit_at : array of int, shape (n_windows,)
        The window whose estimate window ``k`` uses: ``k`` itself where everything is refitted.
    known, known_offsets
        Known-future regressors by row of their own ragged layout, which starts where the series
        starts and may reach beyond the cutoff.
    """

    panel: Panel
    cutoffs: IntArray
    lo: IntArray
    hi: IntArray
    active: BoolArray
    h: int
    fit_at: IntArray
    known: FloatArray
    known_offsets: IntArray
    window: int | None = None
    seed: int = 0

    @property
    def n_series(self) -> int:
        """Number of series."""
        return int(self.lo.shape[0])

    @property
    def n_windows(self) -> int:
        """Number of windows."""
        return int(self.lo.shape[1])

    @property
    def lengths(self) -> IntArray:
        """Training rows, shape (n_series, n_windows)."""
        return self.hi - self.lo

    def history(self, i: int, k: int) -> History:
        """Return the past of series ``i`` at window ``k``."""
        lo, hi = int(self.lo[i, k]), int(self.hi[i, k])
        panel, covariates = self.panel, self.panel.covariates
        return History(
            y=panel.values[lo:hi],
            start=int(panel.start[i]) + lo - int(panel.offsets[i]),
            calendar=panel.calendar,
            X=covariates.known[lo:hi],
            past_X=covariates.past[lo:hi],
            X_names=covariates.known_names,
            past_X_names=covariates.past_names,
            static=tuple(zip(covariates.static_names, covariates.static[i].tolist(), strict=True)),
            seed=self.seed,
        )

    def future(self, i: int, k: int) -> Future:
        """Return what is asked of series ``i`` after window ``k``."""
        lo, hi = int(self.lo[i, k]), int(self.hi[i, k])
        panel = self.panel
        first = int(panel.start[i]) + lo - int(panel.offsets[i])
        return Future(
            h=self.h,
            cutoff=first + hi - lo - 1,
            calendar=panel.calendar,
            X=self.known_ahead(i, hi),
            X_names=panel.covariates.known_names,
            entropy=Entropy(self.seed, panel.values[lo:hi], first),
        )

    def known_ahead(self, i: int, row: int) -> FloatArray:
        """Return the known-future regressors of the ``h`` steps from row ``row`` on, shape (h, p)."""
        if self.known.shape[1] == 0:
            return np.empty(
                (self.h, 0)
            )  # h steps of nothing, also where the panel has no rows for them
        first = int(self.known_offsets[i]) + row - int(self.panel.offsets[i])
        ahead = self.known[first : min(first + self.h, int(self.known_offsets[i + 1]))]
        if len(ahead) < self.h:
            raise RegressorError(
                f"known-future regressors cover {len(ahead)} of the {self.h} steps after the cutoff"
            )
        if np.isnan(ahead).any():
            names = self.panel.covariates.known_names
            bad = [names[j] for j in np.flatnonzero(np.isnan(ahead).any(axis=0))]
            raise RegressorError(
                f"known-future regressor {', '.join(bad)} is missing after the cutoff"
            )
        return ahead

    def take(self, series: IntArray) -> Windows:
        """Return the windows of these series, with a compact panel."""
        panel = self.panel.take(series)
        shift = (panel.offsets[:-1] - self.panel.offsets[series])[:, None]
        lengths = np.diff(self.known_offsets)[series]
        rows = [
            self.known[self.known_offsets[i] : self.known_offsets[i + 1]] for i in series.tolist()
        ]
        return dataclasses.replace(
            self,
            panel=panel,
            cutoffs=self.cutoffs[series],
            lo=self.lo[series] + shift,
            hi=self.hi[series] + shift,
            active=self.active[series],
            known=np.concatenate(rows) if self.known.shape[1] and rows else self.known[:0],
            known_offsets=np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
        )

    def only(self, active: BoolArray) -> Windows:
        """Return the same windows with fewer cells asked for."""
        return dataclasses.replace(self, active=self.active & active)

    def columns(self, chosen: IntArray, *, standalone: bool = False) -> Windows:
        """Return these windows only; ``standalone`` lets each be estimated at itself."""
        place = {int(k): j for j, k in enumerate(chosen)}
        if standalone:
            fit_at = np.arange(len(chosen), dtype=np.int64)
        else:
            fit_at = np.array([place[int(self.fit_at[k])] for k in chosen], dtype=np.int64)
        return dataclasses.replace(
            self,
            cutoffs=self.cutoffs[:, chosen],
            lo=self.lo[:, chosen],
            hi=self.hi[:, chosen],
            active=self.active[:, chosen],
            fit_at=fit_at,
        )

    def training_panel(self, k: int) -> tuple[IntArray, Panel]:
        """Return the series active at window ``k`` and their training parts as a panel."""
        series = np.flatnonzero(self.active[:, k])
        return series, self.panel.cut(series, self.lo[series, k], self.hi[series, k])


# --- making them ------------------------------------------------------------------------------------


def check_horizon(h: object) -> int:
    """Return ``h`` as an int.

    Raises
    ------
    HorizonError
        If it is not a whole number of at least 1.
    """
    if isinstance(h, bool) or not isinstance(h, (int, np.integer)) or h < 1:
        raise HorizonError(f"h must be a whole number of steps of at least 1, got {h!r}")
    return int(h)


def whole_number(value: object, name: str, least: int) -> int:
    """Return a whole number of at least ``least``, or raise :class:`WindowError`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise WindowError(f"{name} must be a whole number of at least {least}, got {value!r}")
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
    lo, hi = _training_rows(seen, every, schedule.window)
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


def _training_rows(
    panel: Panel, cutoffs: IntArray, window: int | None
) -> tuple[IntArray, IntArray]:
    floor = panel.offsets[:-1, None]
    hi = floor + np.clip(cutoffs - panel.start[:, None] + 1, 0, panel.lengths[:, None])
    lo = np.broadcast_to(floor, hi.shape)
    return (lo if window is None else np.maximum(lo, hi - window)), hi


def final_window(panel: Panel, h: int, seed: int, ahead: FloatArray | None = None) -> Windows:
    """Return one window per series: all of it, and ``h`` steps after its own end.

    ``ahead`` are the known-future regressors of these steps, shape (n_series, h, p).
    """
    known, offsets = _with_future(panel.covariates, panel, ahead)
    return Windows(
        panel=panel,
        cutoffs=panel.end[:, None],
        lo=panel.offsets[:-1, None],
        hi=panel.offsets[1:, None],
        active=np.ones((panel.n_series, 1), dtype=bool),
        h=h,
        fit_at=np.zeros(1, dtype=np.int64),
        known=known,
        known_offsets=offsets,
        seed=seed,
    )


def _with_future(
    covariates: Covariates, panel: Panel, ahead: FloatArray | None
) -> tuple[FloatArray, IntArray]:
    if ahead is None or covariates.known.shape[1] == 0:
        return covariates.known, panel.offsets
    h = ahead.shape[1]
    series = np.arange(panel.n_series, dtype=np.int64)
    offsets = panel.offsets + h * np.arange(panel.n_series + 1, dtype=np.int64)
    known = np.empty((int(offsets[-1]), covariates.known.shape[1]))
    past = np.arange(len(panel.values)) + h * np.repeat(series, panel.lengths)
    known[past] = covariates.known
    future = offsets[1:, None] - h + np.arange(h)
    known[future.ravel()] = ahead.reshape(-1, ahead.shape[2])
    return known, offsets


def calibration_windows(windows: Windows, n: int, earlier: int = 0) -> tuple[Windows, IntArray]:
    """Return the windows before each window on whose errors its intervals are calibrated.

    For step ``s`` the errors come from the ``n`` latest cutoffs whose step ``s`` was seen by the
    outer cutoff: ``c - s - j``, ``j = 0..n - 1``. So a step's interval does not depend on the horizon.
    The inner windows are the union over outer windows of the cutoffs ``c - 1 ... c - h - n + 1``, as
    far back as the training part reaches, and ``earlier`` steps further for an estimate to be made.

    Returns
    -------
    inner : Windows
    back : array of int, shape (n_windows, h + n - 1)
        Column of ``inner`` that lies ``1 + b`` steps before outer window ``k``: ``back[k, b]``.
    """
    depth = windows.h + n - 1
    position = windows.cutoffs[0] - windows.cutoffs[0, -1]
    wanted = position[:, None] - 1 - np.arange(depth)
    distinct, back = np.unique(wanted, return_inverse=True)
    back = back.reshape(wanted.shape)
    if earlier:
        distinct, back = np.append(distinct[0] - earlier, distinct), back + 1
    cutoffs = windows.cutoffs[:, -1:] + distinct
    lo, hi = _training_rows(windows.panel, cutoffs, windows.window)
    needed = np.zeros(hi.shape, dtype=bool)
    for k in range(windows.n_windows):
        needed[:, back[k]] |= windows.active[:, k : k + 1]
        if earlier:
            needed[:, 0] |= windows.active[:, k]
    inner = dataclasses.replace(
        windows,
        cutoffs=cutoffs,
        lo=lo,
        hi=hi,
        active=needed & (cutoffs >= windows.panel.start[:, None]),
        fit_at=np.arange(len(distinct), dtype=np.int64),
    )
    return inner, back


# --- what a forecaster that needs clean numbers cannot take ------------------------------------------


def troubles(
    windows: Windows, handles_missing: bool, min_observations: int
) -> list[tuple[int, int, SeriesError]]:
    """Return the active cells whose training part cannot be used, each with its error."""
    panel = windows.panel
    missing = np.isnan(panel.values)
    infinite = np.isinf(panel.values)
    found: list[tuple[int, int, SeriesError]] = []
    if missing.any() or infinite.any():
        found = _bad_values(windows, missing, infinite, handles_missing)
    taken = {(i, k) for i, k, _ in found}
    short = windows.active & (windows.lengths < min_observations)
    for i, k in zip(*np.nonzero(short), strict=True):
        if (int(i), int(k)) not in taken:
            got = int(windows.lengths[i, k])
            found.append((int(i), int(k), ShortSeriesError(needed=min_observations, got=got)))
    return found


def _bad_values(
    windows: Windows, missing: BoolArray, infinite: BoolArray, handles_missing: bool
) -> list[tuple[int, int, SeriesError]]:
    def count(mask: BoolArray) -> IntArray:
        rows = np.flatnonzero(mask)
        return np.searchsorted(rows, windows.hi) - np.searchsorted(rows, windows.lo)

    n_missing, n_infinite = count(missing), count(infinite)
    all_missing = n_missing == windows.lengths
    bad = windows.active & (
        (n_infinite > 0) | all_missing | ((n_missing > 0) & (not handles_missing))
    )
    return [
        (int(i), int(k), _bad_cell(windows, int(i), int(k), missing, infinite))
        for i, k in zip(*np.nonzero(bad), strict=True)
    ]


def _bad_cell(
    windows: Windows, i: int, k: int, missing: BoolArray, infinite: BoolArray
) -> SeriesError:
    panel = windows.panel
    lo, hi = int(windows.lo[i, k]), int(windows.hi[i, k])
    first_ordinal = int(panel.start[i]) - int(panel.offsets[i])

    def when(row: int) -> str:
        return show_time(panel.calendar.times(np.array([first_ordinal + row]))[0])

    bad = lo + np.flatnonzero(infinite[lo:hi])
    if len(bad):
        sign = "+inf" if panel.values[bad[0]] > 0 else "-inf"
        message = (
            f"{plural(len(bad), 'infinite value')}: {when(bad[0])} ({sign}); replace or drop it"
        )
        return NonFiniteError(message, n_bad=len(bad))
    bad = lo + np.flatnonzero(missing[lo:hi])
    if len(bad) == hi - lo:
        return AllMissingError(f"all {plural(hi - lo, 'value')} up to the cutoff are missing")
    gap = panel.gaps is not None and bool(panel.gaps[bad].any())
    if gap and panel.gaps is not None:
        holes = bad[panel.gaps[bad]]
        return GapError(
            f"{plural(len(holes), 'missing step')} ({when(holes[0])} to {when(holes[-1])}) at freq "
            f"{panel.calendar.freq}; use fill_gaps(data, how=...) before",
            n_bad=len(holes),
        )
    tail = hi - 1 - int(lo + np.flatnonzero(~missing[lo:hi])[-1])
    if tail:
        return MissingTargetError(
            f"the last {plural(tail, 'value')} {'is' if tail == 1 else 'are'} missing: is the final "
            "period complete? Drop them (df.dropna) or pass drop_trailing_na=True",
            n_bad=len(bad),
        )
    return MissingTargetError(
        f"{plural(len(bad), 'missing value')}, first {when(bad[0])}; use fill_gaps(data, how=...) before, "
        "or a forecaster that handles missing values",
        n_bad=len(bad),
    )
