"""Take the season out by STL, forecast what is left with any local forecaster, put the season back."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from forecasting._typing import AnyArray, BoolArray, FloatArray, IntArray
from forecasting.answer import Answer, empty_answer
from forecasting.base import LocalForecaster
from forecasting.compose.members import Learned, learn
from forecasting.distribution import Distribution, as_distribution
from forecasting.errors import ArgumentError, OverflowedError
from forecasting.fits import Cells, cells_of, spread
from forecasting.kernels.mathematics import STL, documented
from forecasting.kernels.stl import Components, decompose, total
from forecasting.modelfile.errors import demand
from forecasting.series import Entropy, Future, History
from forecasting.windows import Windows


@dataclass(frozen=True, eq=False)
class Shifted(Distribution):
    """A distribution moved by a known amount at each step, shape (h,)."""

    base: Distribution
    shift: FloatArray

    @property
    def mean(self) -> FloatArray:
        moved: FloatArray = self.base.mean + self.shift
        return moved

    def quantiles(self, probs: Sequence[float]) -> FloatArray | None:
        found = self.base.quantiles(probs)
        return None if found is None else found + self.shift[:, None]


@dataclass(frozen=True, eq=False)
class StlState:
    """One window: its season, what its member has seen and learned.

    Attributes
    ----------
    season : array of float, shape (n,)
        Sum of the seasons, from ordinal ``start`` on.
    last : tuple of array, each of shape (m,)
        The last of each season.
    seen : History
        Without the season.
    """

    season: FloatArray
    last: tuple[FloatArray, ...]
    start: int
    seen: History
    member: Any

    def season_at(self, ordinals: IntArray) -> FloatArray:
        """Return the seasonal component; after its end its last season is repeated."""
        at = ordinals - self.start
        n = len(self.season)
        inside = self.season[np.minimum(at, n - 1)]
        return np.where(at < n, inside, _repeated(self.last, at - n))


@dataclass(frozen=True, eq=False)
class StlFit:
    """All series of a panel: their seasons, shape (P, n_rows), NaN where there is none; the member's fit."""

    seasons: FloatArray
    member: Learned


@dataclass(frozen=True, eq=False)
class _Shown:
    """What a member learned at n cells of a grid, for its parameters to be shown there."""

    learned: Any
    cells: Cells
    shape: tuple[int, int]


@documented(STL)
@dataclass(frozen=True)
class STLForecaster(LocalForecaster):
    """Seasonal-trend decomposition by loess, and a forecaster for the rest.

    ``y_t = s_t + r_t``, ``s`` the seasonal component. ``forecaster`` forecasts ``r``; the last season of
    ``s`` is repeated and added. Intervals are the member's, moved by the season (the uncertainty of the
    season is not in them); a member without any is calibrated.

    Parameters
    ----------
    season_length : int or sequence of int
        Steps in a season, at least 2. Several, ascending: ``(24, 168)`` for hours of the day and of the
        week.
    forecaster : LocalForecaster
        For the series without its season: ``DynamicOptimizedTheta()``, ``Holt(damped=True)``.
    seasonal : int or "periodic"
        Length of the loess window over the same point of successive seasons; odd, at least 7. Longer, the
        season changes less from cycle to cycle; ``"periodic"``: not at all.
    robust : bool
        Give outliers less weight.

    Notes
    -----
    Needs two (of the longest) seasons; missing values are failures. ``refit=False`` keeps the season, if
    the member can move on. A multiplicative season is an additive one of logarithms:
    ``Transformed(STLForecaster(12, Holt()), Log())``.

    Examples
    --------
    >>> import pandas as pd
    >>> from forecasting import RandomWalkWithDrift
    >>> y = pd.Series([1.0, 2.0, 6.0] * 3, index=pd.date_range("2024-01-01", periods=9, freq="D"))
    >>> STLForecaster(3, RandomWalkWithDrift()).fit(y).predict(4).tolist()
    [1.0, 2.0, 6.0, 1.0]
    """

    season_length: int | Sequence[int]
    forecaster: LocalForecaster
    seasonal: int | Literal["periodic"] = 13
    robust: bool = False

    def __post_init__(self) -> None:
        if not _is_whole(self.season_length, 2):
            object.__setattr__(self, "season_length", _as_lengths(self.season_length))
        width = self.seasonal
        if not isinstance(self.forecaster, LocalForecaster):
            raise ArgumentError(
                f"forecaster must be a local forecaster of this package, got {self.forecaster!r}; "
                "for instance RandomWalkWithDrift()"
            )
        if width != "periodic" and (not _is_whole(width, 7) or width % 2 == 0):
            raise ArgumentError(
                f"seasonal must be an odd number of at least 7, or 'periodic', got {width!r}"
            )

    @property
    def _lengths(self) -> tuple[int, ...]:
        lengths = self.season_length
        return tuple(lengths) if isinstance(lengths, Sequence) else (lengths,)

    @property
    def min_observations(self) -> int:
        return int(max(2 * self._lengths[-1], self.forecaster.min_observations))

    @property
    def at_once(self) -> bool:
        return self.forecaster.at_once

    def check_refit(self, windows: Windows) -> None:
        self.forecaster.check_refit(windows)

    def _decompose(self, values: FloatArray, lo: IntArray, hi: IntArray) -> Components:
        return decompose(values, lo, hi, self._lengths, seasonal=self.seasonal, robust=self.robust)

    # --- window by window -----------------------------------------------------------------------------

    def _fit(self, history: History) -> StlState:
        y = history.y
        found = self._decompose(y, np.array([0]), np.array([len(y)]))
        with np.errstate(over="ignore"):
            season = total(found.seasons)
            seen = _with_y(history, y - season)
        if not np.isfinite(seen.y).all():
            raise _overflow()
        last = tuple(s[-m:] for s, m in zip(found.seasons, self._lengths, strict=True))
        return StlState(season, last, history.start, seen, self.forecaster._fit(seen))

    def _update(self, state: StlState, history: History) -> StlState:
        ordinals = np.arange(history.start, history.end + 1)
        seen, member = _with_y(history, history.y - state.season_at(ordinals)), self.forecaster
        moved = member._update(state.member, seen) if member.estimates else member._fit(seen)
        return dataclasses.replace(state, seen=seen, member=moved)

    def _predict(self, state: StlState, future: Future) -> Distribution:
        if future.entropy is not None:  # the member's is that of what it has seen
            seed, seen = future.entropy.seed, state.seen
            future = dataclasses.replace(future, entropy=Entropy(seed, seen.y, seen.start))
        rest = as_distribution(self.forecaster._predict(state.member, future))
        return Shifted(rest, state.season_at(future.cutoff + future.steps))

    # --- all at once ----------------------------------------------------------------------------------

    def _forecast_windows(self, windows: Windows, probs: tuple[float, ...]) -> Answer:
        refitted = np.array_equal(windows.fit_at, np.arange(windows.n_windows))
        if not self.at_once or not refitted or not windows.active.any():
            return self._loop(windows, probs)
        cells = cells_of(windows.active)
        found = self._decompose(windows.panel.values, windows.lo[cells], windows.hi[cells])
        inner, broken = _without(windows.apart(cells), found.seasons)
        answer = empty_answer(windows, probs)
        rest = self.forecaster.uncalibrated(inner, probs)
        self._put(rest, found.seasons, found.offsets[1:], cells, answer)
        for w in np.flatnonzero(broken).tolist():
            answer.fail(int(cells[0][w]), int(cells[1][w]), "fit", _overflow())
        return answer

    def _put(
        self, rest: Answer, seasons: FloatArray, ends: IntArray, cells: Cells, answer: Answer
    ) -> None:
        """Put the member's forecasts, (n, 1), at ``cells``, the seasons that end at ``ends``, (n,), added."""
        h = answer.mean.shape[2]
        ahead = np.zeros((len(ends), h))
        for season, m in zip(seasons, self._lengths, strict=True):
            ahead += season[ends[:, None] - m + np.arange(h) % m]
        with np.errstate(over="ignore"):  # what is infinite is a failure soon
            answer.mean[cells] = rest.mean[:, 0] + ahead
            answer.quantiles[cells] = rest.quantiles[:, 0] + ahead[..., None]
        answer.own[cells] = rest.own[:, 0]
        for f in rest.failures:
            i, k = int(cells[0][f.series]), int(cells[1][f.series])
            answer.fail(i, k, f.stage, f.error)
        shape = answer.own.shape
        answer.parameters.update(
            {name: spread(column, cells, shape) for name, column in rest.parameters.items()}
        )
        answer.learned = _Shown(rest.learned, cells, shape)

    def _learn(self, windows: Windows, failed: Answer) -> Any:
        if not self.at_once:
            return super()._learn(windows, failed)
        series = np.flatnonzero(windows.active[:, 0])
        lo, hi = windows.lo[series, 0], windows.hi[series, 0]
        found = self._decompose(windows.panel.values, lo, hi)
        seasons = np.full((len(self._lengths), len(windows.panel.values)), np.nan)
        at = np.arange(found.offsets[-1]) + np.repeat(lo - found.offsets[:-1], hi - lo)
        seasons[:, at] = found.seasons
        inner, broken = _without(windows, seasons)
        for i in np.flatnonzero(broken).tolist():
            failed.fail(i, 0, "fit", _overflow())
        member = learn(self.forecaster, inner)
        for f in member.failed.failures:
            failed.fail(f.series, f.window, f.stage, f.error)
        return StlFit(seasons, member)

    def _recall(self, learned: Any, windows: Windows, probs: tuple[float, ...]) -> Answer:
        if not isinstance(learned, StlFit):
            return super()._recall(learned, windows, probs)
        answer = empty_answer(windows, probs)
        if windows.active.any():  # so one series has two seasons, and none is indexed out of bounds
            inner, _ = _without(windows, learned.seasons)
            rest = learned.member.answer(inner, probs)
            cells = cells_of(np.ones_like(windows.active))
            self._put(rest, learned.seasons, windows.panel.offsets[1:], cells, answer)
        return answer

    def _describe(self, learned: Any) -> dict[str, AnyArray]:
        if isinstance(learned, StlFit):
            return self.forecaster._describe(learned.member.state)
        if isinstance(learned, _Shown):
            known = self.forecaster._describe(learned.learned)
            return {n: spread(c, learned.cells, learned.shape) for n, c in known.items()}
        return {}

    # --- model files ----------------------------------------------------------------------------------

    def _pack(self, learned: Any) -> Any:
        if not isinstance(learned, StlFit):
            return None
        kept = self.forecaster._keep(learned.member.state, learned.member.failed)
        return {"seasons": learned.seasons, "member": kept}

    def _unpack(self, packed: Any, windows: Windows) -> StlFit:
        seasons = packed["seasons"]
        shape = (len(self._lengths), len(windows.panel.values))
        right = isinstance(seasons, np.ndarray) and seasons.dtype == np.float64
        demand(right and seasons.shape == shape, "the seasons are those of another panel")
        long_enough = windows.lengths[windows.active] >= self.min_observations
        demand(long_enough.all(), "a series is shorter than two seasons")
        inner, broken = _without(windows, seasons)
        demand(not broken.any(), "a season is not finite")
        member = self.forecaster
        return StlFit(seasons, Learned(member, *member._restore(packed["member"], inner)))

    def _again(self, kept: Any) -> tuple[str, ...]:
        if kept is None:
            return super()._again(kept)
        return self.forecaster._again(kept["learned"]["member"])


def _without(windows: Windows, seasons: FloatArray) -> tuple[Windows, BoolArray]:
    """Return one window a series without its seasons, and which of them overflowed, (n_series,)."""
    with np.errstate(over="ignore"):
        rest = windows.panel.values - total(seasons)
    bad = np.append(0, np.cumsum(~np.isfinite(rest)))
    broken = windows.active[:, 0] & (bad[windows.hi[:, 0]] > bad[windows.lo[:, 0]])
    panel = dataclasses.replace(windows.panel, values=rest)
    return dataclasses.replace(windows, panel=panel).only(~broken[:, None]), broken


def _repeated(last: tuple[FloatArray, ...], after: IntArray) -> FloatArray:
    """Return the sum of the last seasons, repeated; ``after`` is 0 at the first step after their end."""
    total = np.zeros(after.shape)
    for season in last:
        total += season[after % len(season)]
    return total


def _overflow() -> OverflowedError:
    return OverflowedError("the values are too large for a season to be taken out")


def _is_whole(value: object, least: int) -> bool:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return whole and value >= least  # type: ignore[operator]


def _as_lengths(value: object) -> tuple[int, ...]:
    lengths: list[Any] = []
    if isinstance(value, Sequence) and not isinstance(value, str):
        lengths = list(value)
    whole = bool(lengths) and all(_is_whole(m, 2) for m in lengths)
    if not whole or any(a >= b for a, b in itertools.pairwise(lengths)):
        raise ArgumentError(
            f"season_length must be a whole number of at least 2, or several that ascend, got {value!r}"
        )
    return tuple(int(m) for m in lengths)


def _with_y(history: History, y: FloatArray) -> History:
    y = np.ascontiguousarray(y)
    y.flags.writeable = False
    return dataclasses.replace(history, y=y)
