"""Naive forecasters: the baselines every other forecaster must beat.

Notation of Hyndman and Athanasopoulos (2021), *Forecasting: Principles and Practice*, 3rd ed., sections
5.2 and 5.5: ``y_1..y_T`` the history, ``m`` the season length, ``h`` the lead time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from forecasting._typing import FloatArray, IntArray
from forecasting.answer import Answer, empty_answer
from forecasting.base import LocalForecaster
from forecasting.distribution import Distribution, Point, StudentT
from forecasting.errors import check_count
from forecasting.series import Future, History
from forecasting.windows import Windows


def rms_of_slices(errors: FloatArray, lo: IntArray, hi: IntArray, lost: int = 0) -> FloatArray:
    """Return ``sqrt(sum(e^2) / (n - lost))`` over slices ``errors[lo:hi]``, n = hi - lo.

    NaN where fewer than three degrees of freedom are left. Very large and very small errors are scaled
    by a power of two first, which changes no bit otherwise.
    """
    count = np.maximum(hi - lo, 0)
    enough = count - lost >= 3
    if not enough.any():
        return np.full(lo.shape, np.nan)
    with np.errstate(over="ignore", under="ignore"):
        squares = np.append(errors * errors, 0.0)
        bounds = np.stack([np.where(enough, lo, 0), np.where(enough, hi, 1)], axis=-1)
        total = np.add.reduceat(squares, bounds.ravel())[::2].reshape(lo.shape)
    extreme = enough & ~((total > 1e-280) & (total < 1e300))
    result: FloatArray = np.full(lo.shape, np.nan)
    result[enough] = np.sqrt(total[enough] / (count - lost)[enough])
    for cell in zip(*np.nonzero(extreme), strict=True):
        part = errors[lo[cell] : hi[cell]]
        scale = 2.0 ** np.frexp(np.abs(part).max())[1] if np.abs(part).max() > 0 else 1.0
        result[cell] = scale * np.sqrt(np.sum((part / scale) ** 2) / (count[cell] - lost))
    return result


def _rms(errors: FloatArray, lost: int = 0) -> float:
    return float(rms_of_slices(errors, np.array([0]), np.array([len(errors)]), lost)[0])


def _rms_around(changes: FloatArray, slope: FloatArray, lo: IntArray, hi: IntArray) -> FloatArray:
    """Return the root mean square of ``changes[lo:hi] - slope``, one degree of freedom lost; all (S, K)."""
    sigma = np.full(lo.shape, np.nan)
    length = np.maximum(hi - lo, 0)
    for k in range(lo.shape[1]):  # the slope differs by window, so the errors do too
        first = np.concatenate(([0], np.cumsum(length[:, k])))
        at = np.arange(first[-1]) + np.repeat(lo[:, k] - first[:-1], length[:, k])
        errors = changes[at] - np.repeat(slope[:, k], length[:, k])
        sigma[:, k] = rms_of_slices(errors, first[:-1], first[1:], lost=1)
    return sigma


def _student(mean: FloatArray, sd: FloatArray, df: IntArray | int) -> StudentT:
    """Return the forecast whose ``sigma`` has ``df`` degrees of freedom; without three it has no width."""
    return StudentT(mean, sd, np.maximum(np.asarray(df, dtype=np.float64), 1.0))


class _Baseline(LocalForecaster):
    """Nothing is estimated: the forecast is read off the history, for all windows at once."""

    estimates: ClassVar[bool] = False

    def _forecast_windows(self, windows: Windows, probs: tuple[float, ...]) -> Answer:
        answer = empty_answer(windows, probs)
        if windows.active.any():
            # Cells that are not active may be empty or infinite: let them read the rows of one that is
            # active, their answer is dropped.
            cell = np.unravel_index(int(np.argmax(windows.active)), windows.active.shape)
            hi = np.where(windows.active, windows.hi, windows.hi[cell])
            lo = np.where(windows.active, windows.lo, windows.lo[cell])
            steps = np.arange(1, windows.h + 1, dtype=np.int64)
            with np.errstate(invalid="ignore", over="ignore"):
                forecast = self._at_once(windows.panel.values, lo, hi, steps, bool(probs))
            answer.put_all(windows, forecast, probs)
        return answer

    def _at_once(
        self, y: FloatArray, lo: IntArray, hi: IntArray, steps: IntArray, spread: bool
    ) -> Distribution:
        """Return the forecasts of all windows ``y[lo:hi]``, arrays (S, K, h)."""
        raise NotImplementedError


@dataclass(frozen=True)
class Naive(_Baseline):
    """The last value: ``y_T``, with variance ``sigma^2 h`` of a random walk.

    ``sigma`` is the root mean square of the one-step changes; its quantiles are those of Student's t with as
    many degrees of freedom. With fewer than three changes the interval is withheld.

    Examples
    --------
    >>> import pandas as pd
    >>> y = pd.Series([3.0, 5.0, 4.0], index=pd.date_range("2024-01-01", periods=3, freq="D"))
    >>> Naive().fit(y).predict(2).tolist()
    [4.0, 4.0]
    """

    def _fit(self, history: History) -> Any:
        return history.y[-1], _rms(np.diff(history.y)), len(history)

    def _predict(self, state: Any, future: Future) -> Distribution:
        last, sigma, n = state
        return _student(np.full(future.h, last), sigma * np.sqrt(future.steps), n - 1)

    def _at_once(
        self, y: FloatArray, lo: IntArray, hi: IntArray, steps: IntArray, spread: bool
    ) -> Distribution:
        mean = np.repeat(y[hi - 1][..., None], len(steps), axis=-1)
        if not spread:
            return Point(mean)
        sigma = rms_of_slices(np.diff(y), lo, hi - 1)
        return _student(mean, sigma[..., None] * np.sqrt(steps), hi - lo - 1)


@dataclass(frozen=True)
class SeasonalNaive(_Baseline):
    """The value one season ago: ``y_{T + h - m(k + 1)}`` with ``k = floor((h - 1) / m)``.

    Variance ``sigma^2 (k + 1)``, ``sigma`` the root mean square of ``y_t - y_{t-m}``; quantiles of Student's t
    with ``T - m`` degrees of freedom.

    Parameters
    ----------
    season_length : int
        Steps in a season, at least 1.

    Examples
    --------
    >>> import pandas as pd
    >>> y = pd.Series([1.0, 2.0, 3.0, 4.0], index=pd.date_range("2024-01-01", periods=4, freq="D"))
    >>> SeasonalNaive(2).fit(y).predict(3).tolist()
    [3.0, 4.0, 3.0]
    """

    season_length: int

    def __post_init__(self) -> None:
        check_count(self.season_length, "season_length")

    @property
    def min_observations(self) -> int:
        return int(self.season_length)

    def _fit(self, history: History) -> Any:
        m = self.season_length
        return history.y[-m:], _rms(history.y[m:] - history.y[:-m]), len(history) - m

    def _predict(self, state: Any, future: Future) -> Distribution:
        season, sigma, n = state
        done = (future.steps - 1) // self.season_length
        mean = season[(future.steps - 1) % self.season_length]
        return _student(mean, sigma * np.sqrt(done + 1), n)

    def _at_once(
        self, y: FloatArray, lo: IntArray, hi: IntArray, steps: IntArray, spread: bool
    ) -> Distribution:
        m = self.season_length
        rows = (hi - m)[..., None] + (steps - 1) % m
        mean = y[np.maximum(rows, 0)]
        if not spread:
            return Point(mean)
        sigma = (
            rms_of_slices(y[m:] - y[:-m], lo, hi - m) if len(y) > m else np.full(lo.shape, np.nan)
        )
        return _student(mean, sigma[..., None] * np.sqrt((steps - 1) // m + 1), hi - lo - m)


@dataclass(frozen=True)
class RandomWalkWithDrift(_Baseline):
    """The line through the first and the last value: ``y_T + h (y_T - y_1) / (T - 1)``.

    Variance ``sigma^2 h (1 + h / (T - 1))`` with ``sigma^2 = sum((y_t - y_{t-1} - c)^2) / (T - 2)`` and
    ``c`` the drift; quantiles of Student's t with ``T - 2`` degrees of freedom.

    Examples
    --------
    >>> import pandas as pd
    >>> y = pd.Series([1.0, 5.0, 3.0], index=pd.date_range("2024-01-01", periods=3, freq="D"))
    >>> RandomWalkWithDrift().fit(y).predict(2).tolist()
    [4.0, 5.0]
    """

    @property
    def min_observations(self) -> int:
        return 2

    def _fit(self, history: History) -> Any:
        y = history.y
        slope = (y[-1] - y[0]) / (len(y) - 1)
        return y[-1], slope, _rms(np.diff(y) - slope, lost=1), len(y)

    def _predict(self, state: Any, future: Future) -> Distribution:
        last, slope, sigma, n = state
        h = future.steps
        return _student(last + h * slope, sigma * np.sqrt(h * (1 + h / (n - 1))), n - 2)

    def _at_once(
        self, y: FloatArray, lo: IntArray, hi: IntArray, steps: IntArray, spread: bool
    ) -> Distribution:
        n = hi - lo
        slope = (y[hi - 1] - y[lo]) / np.maximum(n - 1, 1)
        mean = y[hi - 1][..., None] + steps * slope[..., None]
        if not spread:
            return Point(mean)
        sigma = _rms_around(np.diff(y), slope, lo, hi - 1)
        ratio = steps / np.maximum(n - 1, 1)[..., None]
        return _student(mean, sigma[..., None] * np.sqrt(steps * (1 + ratio)), n - 2)


@dataclass(frozen=True)
class SeasonalNaiveDrift(_Baseline):
    """The value one season ago, moved on by the mean seasonal change: ``y_{T + h - m k} + k c``.

    ``k = floor((h - 1) / m) + 1`` counts the seasons ahead, ``c`` is the mean of the ``n = T - m`` changes
    ``y_t - y_{t-m}``. Variance ``sigma^2 k (1 + k / n)``, ``sigma^2 = sum((y_t - y_{t-m} - c)^2) / (n - 1)``;
    quantiles of Student's t with ``n - 1`` degrees of freedom. With ``m = 1`` it is
    :class:`RandomWalkWithDrift`. Needs one value more than a season.

    Parameters
    ----------
    season_length : int
        Steps in a season, at least 1.

    Examples
    --------
    >>> import pandas as pd
    >>> y = pd.Series([1.0, 2.0, 3.0, 6.0], index=pd.date_range("2024-01-01", periods=4, freq="D"))
    >>> SeasonalNaiveDrift(2).fit(y).predict(3).tolist()
    [6.0, 9.0, 9.0]
    """

    season_length: int

    def __post_init__(self) -> None:
        check_count(self.season_length, "season_length")

    @property
    def min_observations(self) -> int:
        return int(self.season_length) + 1

    def _fit(self, history: History) -> Any:
        m = self.season_length
        changes = history.y[m:] - history.y[:-m]
        n = len(changes)
        drift = _means(changes, np.array([0]), np.array([n]))[0]
        return history.y[-m:], drift, _rms(changes - drift, lost=1), n

    def _predict(self, state: Any, future: Future) -> Distribution:
        season, drift, sigma, n = state
        done = (future.steps - 1) // self.season_length + 1
        mean = season[(future.steps - 1) % self.season_length] + done * drift
        return _student(mean, sigma * np.sqrt(done * (1 + done / n)), n - 1)

    def _at_once(
        self, y: FloatArray, lo: IntArray, hi: IntArray, steps: IntArray, spread: bool
    ) -> Distribution:
        m = self.season_length
        changes, n = y[m:] - y[:-m], hi - lo - m
        drift = _means(changes, lo, hi - m)
        done = (steps - 1) // m + 1
        rows = (hi - m)[..., None] + (steps - 1) % m
        mean = y[rows] + done * drift[..., None]
        if not spread:
            return Point(mean)
        sigma = _rms_around(changes, drift, lo, hi - m)
        sd = sigma[..., None] * np.sqrt(done * (1 + done / n[..., None]))
        return _student(mean, sd, n - 1)


@dataclass(frozen=True)
class HistoricAverage(_Baseline):
    """The mean of the whole history, with variance ``s^2 (1 + 1 / T)``.

    ``s`` is the sample standard deviation (divisor T - 1); quantiles of Student's t with as many degrees of
    freedom.

    Examples
    --------
    >>> import pandas as pd
    >>> y = pd.Series([1.0, 5.0, 3.0], index=pd.date_range("2024-01-01", periods=3, freq="D"))
    >>> HistoricAverage().fit(y).predict(1).tolist()
    [3.0]
    """

    def _fit(self, history: History) -> Any:
        mean = _means(history.y, np.array([0]), np.array([len(history)]))[0]
        return mean, _rms(history.y - mean, lost=1), len(history)

    def _predict(self, state: Any, future: Future) -> Distribution:
        mean, sigma, n = state
        sd = np.full(future.h, sigma * np.sqrt(1 + 1 / n))
        return _student(np.full(future.h, mean), sd, n - 1)

    def _at_once(
        self, y: FloatArray, lo: IntArray, hi: IntArray, steps: IntArray, spread: bool
    ) -> Distribution:
        centre = _means(y, lo, hi)
        mean = np.repeat(centre[..., None], len(steps), axis=-1)
        if not spread:
            return Point(mean)
        sigma = np.array(
            [_rms(y[lo[cell] : hi[cell]] - centre[cell], lost=1) for cell in np.ndindex(lo.shape)]
        ).reshape(lo.shape)
        sd = sigma * np.sqrt(1 + 1 / (hi - lo))
        return _student(mean, np.repeat(sd[..., None], len(steps), axis=-1), hi - lo - 1)


@dataclass(frozen=True)
class WindowAverage(_Baseline):
    """The mean of the last ``window_size`` values; intervals are conformal.

    Parameters
    ----------
    window_size : int
        At least 1.
    """

    window_size: int

    def __post_init__(self) -> None:
        check_count(self.window_size, "window_size")

    @property
    def min_observations(self) -> int:
        return int(self.window_size)

    def _fit(self, history: History) -> Any:
        n = len(history)
        return _means(history.y, np.array([n - self.window_size]), np.array([n]))[0]

    def _predict(self, state: Any, future: Future) -> Distribution:
        return Point(np.full(future.h, state))

    def _at_once(
        self, y: FloatArray, lo: IntArray, hi: IntArray, steps: IntArray, spread: bool
    ) -> Distribution:
        centre = _means(y, np.maximum(hi - self.window_size, 0), hi)
        return Point(np.repeat(centre[..., None], len(steps), axis=-1))


@dataclass(frozen=True)
class SeasonalWindowAverage(_Baseline):
    """The mean of the last ``n_seasons`` values at the same point of the season; conformal intervals.

    Parameters
    ----------
    season_length : int
    n_seasons : int
        Seasons that are averaged, at least 1.
    """

    season_length: int
    n_seasons: int = 3

    def __post_init__(self) -> None:
        check_count(self.season_length, "season_length")
        check_count(self.n_seasons, "n_seasons")

    @property
    def min_observations(self) -> int:
        return int(self.season_length * self.n_seasons)

    def _fit(self, history: History) -> Any:
        m, k = self.season_length, self.n_seasons
        return history.y[-m * k :].reshape(k, m).mean(axis=0)

    def _predict(self, state: Any, future: Future) -> Distribution:
        return Point(state[(future.steps - 1) % self.season_length])

    def _at_once(
        self, y: FloatArray, lo: IntArray, hi: IntArray, steps: IntArray, spread: bool
    ) -> Distribution:
        m, k = self.season_length, self.n_seasons
        first = (hi - m * k)[..., None, None] + np.arange(k)[:, None] * m
        rows = first + ((steps - 1) % m)  # (S, K, k, h)
        return Point(y[np.maximum(rows, 0)].mean(axis=-2))


def _means(y: FloatArray, lo: IntArray, hi: IntArray) -> FloatArray:
    """Return the mean of every slice ``y[lo:hi]``."""
    padded = np.append(y, 0.0)
    bounds = np.stack([lo, np.maximum(hi, lo + 1)], axis=-1)
    total = np.add.reduceat(padded, bounds.ravel())[::2].reshape(lo.shape)
    mean: FloatArray = total / (hi - lo)
    return mean
