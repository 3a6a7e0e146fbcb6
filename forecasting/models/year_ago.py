"""The same time last year, at the level of today: for daily, weekly and hourly data with a long season."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from forecasting._typing import AnyArray, FloatArray, IntArray
from forecasting.answer import Answer, empty_answer
from forecasting.base import LocalForecaster
from forecasting.distribution import Distribution, Point
from forecasting.errors import MissingTargetError, check_count
from forecasting.fits import cells_of
from forecasting.series import Future, History
from forecasting.windows import Windows

#: How far the level of two years may lie apart: a larger ratio is a break in the series, not growth.
LARGEST_RATIO = 3.0


@dataclass(frozen=True)
class YearAgo(LocalForecaster):
    r"""The value a year ago times what the level has become since: ``r y_{T + h - L k}``.

    .. math:: r = \min\Big(3, \max\Big(\tfrac13,
              \frac{\sum_{j=0}^{w-1} y_{T-j}}{\sum_{j=0}^{w-1} y_{T-j-L}}\Big)\Big),
              \qquad k = \lceil h / L \rceil .

    Where one of the sums is not positive there is no ratio; the mean of the differences
    ``y_{T-j} - y_{T-j-L}`` is added instead. Beyond a year the same forecasts come again, the ratio is not
    applied twice. Intervals are conformal.

    Parameters
    ----------
    season_length : int
        ``L``, the steps in a year: 364 keeps the day of the week, 52 for weeks; 168 is a week of hours.
    window : int
        ``w``, the steps by which the levels are measured; whole weeks keep out the day of the week.

    Notes
    -----
    Needs ``L + w`` values. The sums run over the pairs of which both values are there; without a pair the
    series is a failure. A value that was missing a year ago is read off the line between its neighbours,
    before the first and behind the last value off these.

    Examples
    --------
    >>> import pandas as pd
    >>> y = pd.Series([1.0, 2.0, 3.0, 2.0, 4.0], index=pd.date_range("2024-01-01", periods=5, freq="D"))
    >>> YearAgo(3, window=2).fit(y).predict(4).tolist()
    [6.0, 4.0, 8.0, 6.0]
    """

    handles_missing: ClassVar[bool] = True
    estimates: ClassVar[bool] = False

    season_length: int = 364
    window: int = 28

    def __post_init__(self) -> None:
        check_count(self.season_length, "season_length")
        check_count(self.window, "window")

    @property
    def min_observations(self) -> int:
        return int(self.season_length) + int(self.window)

    def _fit(self, history: History) -> Any:
        n = np.array([len(history)], dtype=np.int64)
        _, _, pairs = self._levels(history.y, n)
        if pairs[0] == 0:
            raise self._no_pair()
        return history.y

    def _predict(self, state: Any, future: Future) -> Distribution:
        n = np.array([len(state)], dtype=np.int64)
        return Point(self._forecasts(state, 0 * n, n, future.steps)[0])

    def _forecast_windows(self, windows: Windows, probs: tuple[float, ...]) -> Answer:
        answer = empty_answer(windows, probs)
        cells = cells_of(windows.active)
        if len(cells[0]) == 0:
            return answer
        y, lo, hi = windows.panel.values, windows.lo[cells], windows.hi[cells]
        steps = np.arange(1, windows.h + 1, dtype=np.int64)
        answer.mean[cells] = self._forecasts(y, lo, hi, steps)
        _, _, pairs = self._levels(y, hi)
        for j in np.flatnonzero(pairs == 0).tolist():
            answer.fail(int(cells[0][j]), int(cells[1][j]), "fit", self._no_pair())
        return answer

    def _forecasts(self, y: FloatArray, lo: IntArray, hi: IntArray, steps: IntArray) -> FloatArray:
        """Return the forecasts after n windows ``y[lo:hi]``, shape (n, h)."""
        ratio, shift, _ = self._levels(y, hi)
        rows = (hi - self.season_length)[:, None] + (steps - 1) % self.season_length  # (n, h)
        past = y[rows]
        for j in np.flatnonzero(np.isnan(past).any(axis=1)).tolist():
            seen = y[lo[j] : hi[j]]
            there = np.flatnonzero(~np.isnan(seen))
            past[j] = np.interp(rows[j] - lo[j], there, seen[there])
        found: FloatArray = past * ratio[:, None] + shift[:, None]
        return found

    def _levels(self, y: FloatArray, hi: IntArray) -> tuple[FloatArray, FloatArray, AnyArray]:
        """Return ratio and shift of the level since a year ago before rows ``hi``, and the pairs seen."""
        rows = (hi - self.window)[:, None] + np.arange(self.window)  # (n, w)
        now, then = y[rows], y[rows - self.season_length]
        paired = ~(np.isnan(now) | np.isnan(then))
        count = paired.sum(axis=1)
        share = 1.0 / np.maximum(count, 1)
        now_mean = (np.where(paired, now, 0.0) * share[:, None]).sum(axis=1)
        then_mean = (np.where(paired, then, 0.0) * share[:, None]).sum(axis=1)
        grows = (now_mean > 0) & (then_mean > 0)
        ratio = np.ones(len(hi))
        with np.errstate(over="ignore"):
            np.divide(now_mean, then_mean, out=ratio, where=grows)
        shift = np.where(grows, 0.0, now_mean - then_mean)
        return np.clip(ratio, 1 / LARGEST_RATIO, LARGEST_RATIO), shift, count

    def _no_pair(self) -> MissingTargetError:
        return MissingTargetError(
            f"none of the last {self.window} values has one {self.season_length} steps earlier: one or the "
            "other is missing; fill them in (forecasting.fill_gaps) or use a longer window"
        )
