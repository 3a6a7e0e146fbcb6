"""``Transformed``: forecast on another scale, and say on which scale the mean is a mean."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecasting._typing import BoolArray, FloatArray
from forecasting.answer import Answer, empty_answer
from forecasting.base import LocalForecaster
from forecasting.batch import BatchForecaster
from forecasting.compose.members import check_member
from forecasting.compose.rescaling import on_new_scale, put_back
from forecasting.distribution import (
    Deferred,
    Distribution,
    Normal,
    Point,
    StudentT,
    as_distribution,
)
from forecasting.errors import ArgumentError, NonPositiveError, check_count, plural
from forecasting.series import Future, History
from forecasting.windows import Windows

#: Probabilities over which the mean of a transformed distribution is averaged: 200 equal slices.
SLICES = tuple((np.arange(200) + 0.5) / 200)


class Transform(abc.ABC):
    """A one-to-one change of scale, fitted on the training part alone."""

    @property
    def lost(self) -> int:
        """Values at the start that the transform uses up."""
        return 0

    @abc.abstractmethod
    def fit(self, y: FloatArray) -> Any:
        """Return what the transform needs to know of the history, shape (n,)."""

    @abc.abstractmethod
    def forward(self, y: FloatArray, fitted: Any) -> FloatArray:
        """Return the values on the new scale, shape (n - lost,)."""

    @abc.abstractmethod
    def back(self, forecast: Distribution, fitted: Any, bias_correction: bool) -> Distribution:
        """Return a forecast on the new scale as one on the old."""


@dataclass(frozen=True, eq=False)
class Mapped(Distribution):
    """A distribution seen through an increasing function; quantiles map one to one.

    The mean is that of the mapped distribution (``bias_correction``), or the function of the mean,
    which for a symmetric distribution is the median.
    """

    inner: Distribution
    transform: ElementwiseTransform
    fitted: Any
    bias_correction: bool

    @property
    def mean(self) -> FloatArray:
        if self.bias_correction:
            corrected = self.transform.mean_of(self.inner, self.fitted)
            if corrected is not None:
                return corrected
        return self.transform.inverse(self.inner.mean, self.fitted)

    def quantiles(self, probs: Sequence[float]) -> FloatArray | None:
        found = self.inner.quantiles(probs)
        return None if found is None else self.transform.inverse(found, self.fitted)


class ElementwiseTransform(Transform):
    """A transform of each value by itself."""

    @property
    def is_given(self) -> bool:
        """True if ``fit`` learns nothing from the history and only looks whether the transform exists."""
        return False

    def exists(self, y: FloatArray) -> BoolArray:
        """Return for which values the transform exists."""
        return np.ones(y.shape, dtype=bool)

    @abc.abstractmethod
    def inverse(self, z: FloatArray, fitted: Any) -> FloatArray:
        """Return values on the old scale."""

    def mean_of(self, forecast: Distribution, fitted: Any) -> FloatArray | None:
        """Return the mean on the old scale, averaged over 200 quantiles; None for a point forecast."""
        found = forecast.quantiles(SLICES)
        return None if found is None else np.asarray(self.inverse(found, fitted).mean(axis=-1))

    def back(self, forecast: Distribution, fitted: Any, bias_correction: bool) -> Distribution:
        return Mapped(forecast, self, fitted, bias_correction)


@dataclass(frozen=True)
class Log(ElementwiseTransform):
    """``z = log(y + offset)``; ``y + offset`` must be positive.

    Parameters
    ----------
    offset : float
        At least 0.
    """

    offset: float = 0.0

    def __post_init__(self) -> None:
        if not self.offset >= 0:
            raise ArgumentError(f"offset must be at least 0, got {self.offset!r}")

    @property
    def is_given(self) -> bool:
        return True

    def exists(self, y: FloatArray) -> BoolArray:
        return np.asarray(~(y + self.offset <= 0))

    def fit(self, y: FloatArray) -> Any:
        bad = int(np.count_nonzero(~self.exists(y)))
        if bad:
            raise NonPositiveError(
                f"{plural(bad, 'value')} of {_least(-self.offset)}, whose logarithm does not exist; "
                "use Log(offset=...) or no transform",
                n_bad=bad,
            )

    def forward(self, y: FloatArray, fitted: Any) -> FloatArray:
        return np.asarray(np.log(y + self.offset))

    def inverse(self, z: FloatArray, fitted: Any) -> FloatArray:
        return np.asarray(np.exp(z) - self.offset)

    def mean_of(self, forecast: Distribution, fitted: Any) -> FloatArray | None:
        if not isinstance(forecast, (Normal, StudentT, Deferred)) or forecast.sd is None:
            return super().mean_of(forecast, fitted)
        if not np.isfinite(forecast.sd).all():
            return None
        # Mean of a log-normal, exp(mu + sigma^2 / 2); that of a logarithmic t does not exist.
        return np.asarray(np.exp(forecast.loc + forecast.sd**2 / 2) - self.offset)


def _least(value: float) -> str:
    return f"at most {value:g}" if value else "zero or less"


@dataclass(frozen=True)
class BoxCox(ElementwiseTransform):
    """``z = (y^lam - 1) / lam``, ``log y`` for ``lam = 0``; ``y`` must be positive.

    Box and Cox (1964), J. R. Stat. Soc. B 26, 211-252. Without ``lam`` it is the maximum-likelihood
    value of each training part, kept within [-1, 2].

    Parameters
    ----------
    lam : float, optional
    """

    lam: float | None = None

    @property
    def is_given(self) -> bool:
        return self.lam is not None

    def exists(self, y: FloatArray) -> BoolArray:
        return np.asarray(~(y <= 0))

    def fit(self, y: FloatArray) -> Any:
        bad = int(np.count_nonzero(~self.exists(y)))
        if bad:
            raise NonPositiveError(
                f"{plural(bad, 'value')} of zero or less, which Box-Cox cannot take", n_bad=bad
            )
        if self.lam is not None:
            return self.lam
        if np.ptp(y) == 0:
            return 1.0
        from scipy import stats

        scaled = y / np.exp(np.mean(np.log(y)))
        return float(
            np.clip(stats.boxcox_normmax(scaled, brack=(-1.0, 2.0), method="mle"), -1.0, 2.0)
        )

    def forward(self, y: FloatArray, fitted: Any) -> FloatArray:
        if fitted == 0:
            return np.asarray(np.log(y))
        return np.asarray((y**fitted - 1) / fitted)

    def inverse(self, z: FloatArray, fitted: Any) -> FloatArray:
        if fitted == 0:
            return np.asarray(np.exp(z))
        return np.asarray(np.maximum(fitted * z + 1, 0.0) ** (1 / fitted))


@dataclass(frozen=True)
class Difference(Transform):
    """``z_t = y_t - y_{t - lag}``; the forecast is added up from the last values.

    Known-future regressors are differenced as y is. The intervals of sums do not follow from those of their
    parts, so they are calibrated.

    Parameters
    ----------
    lag : int
        1 for changes, the season length for seasonal ones.
    """

    lag: int = 1

    def __post_init__(self) -> None:
        check_count(self.lag, "lag")

    @property
    def lost(self) -> int:
        return int(self.lag)

    def fit(self, y: FloatArray) -> Any:
        return y[-self.lag :].copy()

    def forward(self, y: FloatArray, fitted: Any) -> FloatArray:
        return y[self.lag :] - y[: -self.lag]

    def back(self, forecast: Distribution, fitted: Any, bias_correction: bool) -> Distribution:
        changes = forecast.mean
        level = np.empty(len(changes))
        for s in range(len(changes)):
            before = fitted[s] if s < self.lag else level[s - self.lag]
            level[s] = before + changes[s]
        return Point(level)


@dataclass(frozen=True)
class Transformed(LocalForecaster):
    """Forecast ``transform(y)`` with a local forecaster, and bring the forecast back.

    With our exponential smoothing, Theta and ARIMA and a transform that learns nothing (``Log``, ``BoxCox``
    with ``lam``) all windows are answered in one call.

    Parameters
    ----------
    forecaster : LocalForecaster
    transform : Transform
        :class:`Log`, :class:`BoxCox` or :class:`Difference`.
    bias_correction : bool
        True: the mean of the forecast on the old scale (for logs ``exp(mu + sigma^2 / 2)``). False:
        the transform of the mean, which is the median. A point forecast has no variance to correct
        by and stays the median.

    Raises
    ------
    NonPositiveError
        As a failure of the series, where the transform does not exist.

    Examples
    --------
    >>> import pandas as pd
    >>> from forecasting import RandomWalkWithDrift
    >>> y = pd.Series([1.0, 2.0, 4.0, 8.0], index=pd.date_range("2024-01-01", periods=4, freq="D"))
    >>> growth = Transformed(RandomWalkWithDrift(), Log(), bias_correction=False)
    >>> growth.fit(y).predict(2).round(6).tolist()
    [16.0, 32.0]
    """

    forecaster: LocalForecaster
    transform: Transform
    bias_correction: bool = True

    def __post_init__(self) -> None:
        check_member(self.forecaster, "Transformed")
        if not isinstance(self.forecaster, LocalForecaster):
            raise ArgumentError(
                f"Transformed takes a local forecaster, got {type(self.forecaster).__name__}; LagRegression "
                "has differences= and scale= of its own"
            )
        if not isinstance(self.transform, Transform):
            raise ArgumentError(
                f"transform must be Log(), BoxCox() or Difference(), got {self.transform!r}"
            )

    @property
    def min_observations(self) -> int:
        return self.forecaster.min_observations + self.transform.lost

    @property
    def handles_missing(self) -> bool:  # type: ignore[override]
        """True where the forecaster inside does, and values are transformed one by one as given."""
        return self.forecaster.handles_missing and _is_given(self.transform)

    def check_refit(self, windows: Windows) -> None:
        self.forecaster.check_refit(windows)

    @property
    def at_once(self) -> bool:
        return self._at_once() is not None

    def _at_once(self) -> tuple[BatchForecaster, ElementwiseTransform] | None:
        """Return what can answer all windows in one call: a batch forecaster on a scale that is given."""
        member, transform = self.forecaster, self.transform
        if isinstance(member, BatchForecaster) and isinstance(transform, ElementwiseTransform):
            return (member, transform) if transform.is_given else None
        return None

    def _learn(self, windows: Windows, failed: Answer) -> Any:
        pair = self._at_once()
        if pair is None:
            return super()._learn(windows, failed)
        return pair[0]._learn(on_new_scale(windows, pair[1], failed), failed)

    def _recall(self, learned: Any, windows: Windows, probs: tuple[float, ...]) -> Answer:
        pair = self._at_once()
        if pair is None:
            return super()._recall(learned, windows, probs)
        answer = empty_answer(windows, probs)
        if learned is not None:
            fits = learned.only(windows.active)
            put_back(*pair, self.bias_correction, fits, windows, answer)
        return answer

    def _forecast_windows(self, windows: Windows, probs: tuple[float, ...]) -> Answer:
        pair = self._at_once()
        if pair is None:
            return super()._forecast_windows(windows, probs)
        answer = empty_answer(windows, probs)
        fits = self._learn(windows, answer)
        if fits is not None:
            put_back(*pair, self.bias_correction, fits, windows, answer)
        return answer

    def _fit(self, history: History) -> Any:
        fitted = self.transform.fit(history.y)
        return fitted, self.forecaster._fit(self._changed(history, fitted)), self._last(history)

    def _predict(self, state: Any, future: Future) -> Distribution:
        fitted, inner, last = state
        if len(last):
            X = np.concatenate([last, future.X])
            future = dataclasses.replace(future, X=X[len(last) :] - X[: -len(last)])
        forecast = as_distribution(self.forecaster._predict(inner, future))
        return self.transform.back(forecast, fitted, self.bias_correction)

    def _update(self, state: Any, history: History) -> Any:
        fitted, inner, _ = state
        transform = self.transform
        if isinstance(transform, Difference):
            fitted = transform.fit(history.y)
        elif isinstance(transform, ElementwiseTransform) and not transform.exists(history.y).all():
            transform.fit(history.y)  # which says what is wrong
        changed = self._changed(history, fitted)
        if not self.forecaster.estimates:  # nothing to keep
            return fitted, self.forecaster._fit(changed), self._last(history)
        return fitted, self.forecaster._update(inner, changed), self._last(history)

    def _last(self, history: History) -> FloatArray:
        """Return the known-future regressors that those ahead are differenced with."""
        lost = self.transform.lost
        return history.X[len(history.X) - lost :].copy()

    def _changed(self, history: History, fitted: Any) -> History:
        lost = self.transform.lost
        y = self.transform.forward(history.y, fitted)
        y.setflags(write=False)
        X = history.X
        if lost:  # y = X b + u has the differences of X in its differences
            X = X[lost:] - X[:-lost]
            X.setflags(write=False)
        return dataclasses.replace(
            history,
            y=y,
            start=history.start + lost,
            X=X,
            past_X=history.past_X[lost:],
        )


def _is_given(transform: Transform) -> bool:
    return isinstance(transform, ElementwiseTransform) and transform.is_given
