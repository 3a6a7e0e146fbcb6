"""Where time is cut: for each series and cutoff, the rows that a model may see and what is asked of it.

:class:`Windows` is what every forecaster is handed. Its panel ends at the last cutoff, so the truth is
not there to be seen. Which cutoffs there are is decided in ``schedule.py``; nothing else cuts time.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from forecasting._typing import BoolArray, FloatArray, IntArray
from forecasting.errors import RegressorError
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
        rows = []
        if self.known.shape[1]:
            ends = self.known_offsets
            rows = [self.known[ends[i] : ends[i + 1]] for i in series.tolist()]
        return dataclasses.replace(
            self,
            panel=panel,
            cutoffs=self.cutoffs[series],
            lo=self.lo[series] + shift,
            hi=self.hi[series] + shift,
            active=self.active[series],
            known=np.concatenate(rows) if rows else self.known[:0],
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

    def apart(self, cells: tuple[IntArray, IntArray]) -> Windows:
        """Return the training part of each cell as a series of its own, with one window, copied.

        For forecasters that change the values of a window before another one forecasts them. Ids come more
        than once.
        """
        i, lo, hi = cells[0], self.lo[cells], self.hi[cells]
        panel = self.panel.cut(i, lo, hi)
        known, known_offsets = self.known[:0], np.zeros(len(i) + 1, dtype=np.int64)
        if self.known.shape[1]:
            shift = self.known_offsets[i] - self.panel.offsets[i]
            first, last = lo + shift, np.minimum(hi + shift + self.h, self.known_offsets[i + 1])
            pairs = zip(first.tolist(), last.tolist(), strict=True)
            known = np.concatenate([self.known[a:b] for a, b in pairs])
            known_offsets[1:] = np.cumsum(last - first)
        return dataclasses.replace(
            self,
            panel=panel,
            cutoffs=self.cutoffs[cells][:, None],
            lo=panel.offsets[:-1, None],
            hi=panel.offsets[1:, None],
            active=np.ones((len(i), 1), dtype=bool),
            fit_at=np.zeros(1, dtype=np.int64),
            known=known,
            known_offsets=known_offsets,
            window=None,
        )

    def training_panel(self, k: int) -> tuple[IntArray, Panel]:
        """Return the series active at window ``k`` and their training parts as a panel."""
        series = np.flatnonzero(self.active[:, k])
        return series, self.panel.cut(series, self.lo[series, k], self.hi[series, k])


def training_rows(panel: Panel, cutoffs: IntArray, window: int | None) -> tuple[IntArray, IntArray]:
    """Return the rows ``lo`` to ``hi`` that each series may show at each cutoff, clipped to what it has."""
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
    lo, hi = training_rows(windows.panel, cutoffs, windows.window)
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


def origin_windows(
    windows: Windows, offsets: IntArray, h: int, wanted: BoolArray, least: int
) -> tuple[Windows, IntArray]:
    """Return the windows that end ``offsets`` steps before the wanted ones, asked for ``h`` steps.

    The inner panel has the rows of the outer one and nothing behind them. The known-future regressors of
    steps behind its end, and of steps where they are missing, repeat the last that is known, as what is
    forecast there is never looked at.

    Returns
    -------
    inner : Windows
        Active where the training part has at least ``least`` rows.
    back : array of int, shape (n_windows, n_offsets)
        Column of ``inner`` that lies ``offsets[j]`` steps before outer window ``k``: ``back[k, j]``.
    """
    position = windows.cutoffs[0] - windows.cutoffs[0, -1]
    distinct, back = np.unique(position[:, None] - offsets, return_inverse=True)
    back = back.reshape(len(position), len(offsets))
    cutoffs = windows.cutoffs[:, -1:] + distinct
    lo, hi = training_rows(windows.panel, cutoffs, windows.window)
    needed = np.zeros(hi.shape, dtype=bool)
    for k in range(windows.n_windows):
        needed[:, back[k]] |= wanted[:, k : k + 1]
    panel = windows.panel
    known = panel.covariates.known
    last = known[np.maximum(panel.offsets[1:] - 1, 0)] if known.shape[1] else None
    ahead = None if last is None else np.repeat(last[:, None], h, axis=1)
    rows, offsets_known = _with_future(panel.covariates, panel, ahead)
    rows = _carried_forward(rows, offsets_known)
    inner = dataclasses.replace(
        windows,
        cutoffs=cutoffs,
        lo=lo,
        hi=hi,
        active=needed & (hi - lo >= least),
        h=h,
        fit_at=np.arange(len(distinct), dtype=np.int64),
        known=rows,
        known_offsets=offsets_known,
    )
    return inner, back


def _carried_forward(rows: FloatArray, offsets: IntArray) -> FloatArray:
    """Return ragged rows (n, p) with the last known value where one is missing; zero before the first."""
    missing = np.isnan(rows)
    if not missing.any():
        return rows
    at = np.maximum.accumulate(np.where(missing, -1, np.arange(len(rows))[:, None]), axis=0)
    first = np.repeat(offsets[:-1], np.diff(offsets))[:, None]
    found: FloatArray = np.take_along_axis(rows, np.maximum(at, 0), axis=0)
    return np.where(at >= first, found, 0.0)


def first_of_block(active: BoolArray, fit_at: IntArray) -> BoolArray:
    """Return the first active window of each series in each block of windows with the same ``fit_at``."""
    first = np.zeros_like(active)
    done = np.zeros(len(active), dtype=bool)
    for k, at in enumerate(fit_at):
        if k == 0 or at != fit_at[k - 1]:
            done[:] = False
        first[:, k] = active[:, k] & ~done
        done |= active[:, k]
    return first


def bounds_of(windows: Windows) -> IntArray:
    """Return the first row of every training part and the row behind it, shape (S, K, 2); 0, 1 if empty."""
    some = windows.hi > windows.lo
    return np.stack([np.where(some, windows.lo, 0), np.where(some, windows.hi, 1)], axis=-1)


def extremes(windows: Windows) -> tuple[FloatArray, FloatArray]:
    """Return the least and the largest known value of every training part, shape (S, K)."""
    values = np.append(windows.panel.values, np.nan)
    bounds = bounds_of(windows)
    low = np.fmin.reduceat(values, bounds.ravel())[::2].reshape(windows.hi.shape)
    high = np.fmax.reduceat(values, bounds.ravel())[::2].reshape(windows.hi.shape)
    return low, high
