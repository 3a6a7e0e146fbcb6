"""Take the season out by STL, forecast what is left with any local forecaster, put the season back."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecasting._typing import FloatArray
from forecasting.base import LocalForecaster
from forecasting.distribution import Distribution, as_distribution
from forecasting.errors import ArgumentError
from forecasting.series import Future, History
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
    """The seasonal component, shape (n,), the ordinal of its first value, and the member's state."""

    seasonal: FloatArray
    start: int
    member: Any

    def season_at(self, ordinals: FloatArray | Any, m: int) -> FloatArray:
        """Return the seasonal component; after its end its last season is repeated."""
        at = np.asarray(ordinals) - self.start
        n = len(self.seasonal)
        return self.seasonal[np.where(at < n, at, n - m + (at - n) % m)]


@dataclass(frozen=True)
class STLForecaster(LocalForecaster):
    """Seasonal-trend decomposition by loess, and a forecaster for the rest.

    ``y_t = s_t + r_t``, ``s`` the seasonal component of STL (``statsmodels``). ``forecaster`` forecasts
    ``r``; the last season of ``s`` is repeated and added. Intervals are the member's, moved by the
    season (the uncertainty of the season is not in them); a member without any is calibrated.

    Parameters
    ----------
    season_length : int
        Steps in a season, at least 2.
    forecaster : LocalForecaster
        For the series without its season: ``RandomWalkWithDrift()``,
        ``StatsmodelsETS(trend="add", damped=True)``.
    seasonal : int
        Length of the loess window over the same point of successive seasons; odd, at least 7.
    robust : bool
        Give outliers less weight.

    Notes
    -----
    Needs two seasons; missing values are failures. ``refit=False`` keeps the season, if the member can
    move on.

    References
    ----------
    Cleveland, Cleveland, McRae and Terpenning (1990), *Journal of Official Statistics* 6, 3-73.
    """

    season_length: int
    forecaster: LocalForecaster
    seasonal: int = 7
    robust: bool = False

    def __post_init__(self) -> None:
        m, width = self.season_length, self.seasonal
        if not _is_whole(m, 2):
            raise ArgumentError(f"season_length must be a whole number of at least 2, got {m!r}")
        if not isinstance(self.forecaster, LocalForecaster):
            raise ArgumentError(
                f"forecaster must be a local forecaster of this package, got {self.forecaster!r}; "
                "for instance RandomWalkWithDrift()"
            )
        if not _is_whole(width, 7) or width % 2 == 0:
            raise ArgumentError(f"seasonal must be an odd number of at least 7, got {width!r}")

    @property
    def min_observations(self) -> int:
        return int(max(2 * self.season_length, self.forecaster.min_observations))

    def check_refit(self, windows: Windows) -> None:
        self.forecaster.check_refit(windows)

    def _seasonal(self, y: FloatArray) -> FloatArray:
        m = self.season_length
        largest = float(np.abs(y).max())
        if np.all(np.abs(y[m:] - y[:-m]) <= 8 * np.finfo(float).eps * largest):
            # Repeats itself exactly; loess would leave rounding errors for the member to model.
            return y - y[-m:].mean() if np.ptp(y) > 0 else np.zeros(len(y))
        exponent = int(np.frexp(largest)[1])
        with warnings.catch_warnings():
            from statsmodels.tsa.seasonal import STL

            fitted = STL(
                np.ldexp(y, -exponent), period=m, seasonal=self.seasonal, robust=self.robust
            ).fit()
        found: FloatArray = np.ldexp(np.asarray(fitted.seasonal), exponent)
        return found

    def _fit(self, history: History) -> StlState:
        seasonal = self._seasonal(history.y)
        return StlState(
            seasonal, history.start, self.forecaster._fit(_with_y(history, history.y - seasonal))
        )

    def _update(self, state: StlState, history: History) -> StlState:
        ordinals = np.arange(history.start, history.end + 1)
        rest = history.y - state.season_at(ordinals, self.season_length)
        seen, member = _with_y(history, rest), self.forecaster
        moved = member._update(state.member, seen) if member.estimates else member._fit(seen)
        return dataclasses.replace(state, member=moved)

    def _predict(self, state: StlState, future: Future) -> Distribution:
        rest = as_distribution(self.forecaster._predict(state.member, future))
        return Shifted(rest, state.season_at(future.cutoff + future.steps, self.season_length))


def _is_whole(value: object, least: int) -> bool:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return whole and value >= least  # type: ignore[operator]


def _with_y(history: History, y: FloatArray) -> History:
    y = np.ascontiguousarray(y)
    y.flags.writeable = False
    return dataclasses.replace(history, y=y)
