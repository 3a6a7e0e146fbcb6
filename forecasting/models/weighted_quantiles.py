"""Empirical quantiles of the past, the recent past and the same season weighing more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from forecasting._typing import FloatArray, IntArray
from forecasting.answer import Answer, empty_answer
from forecasting.base import LocalForecaster
from forecasting.distribution import Distribution
from forecasting.errors import ArgumentError, check_count
from forecasting.kernels import weighted_quantiles as kernel
from forecasting.series import Future, History
from forecasting.windows import Windows

#: Shortest history: a step after each of four inner origins, and as many before the first.
LEAST = 8


@dataclass(frozen=True)
class WeightedQuantiles(LocalForecaster):
    r"""The weighted empirical distribution of the past, for intermittent demand and counts.

    A curve has the quantiles of the values seen, the one at ``t`` with the weight

    .. math:: (1 - \alpha)^{T - t} \, \big(s \text{ if } t \equiv T + h \pmod m, \text{ else } 1\big),

    that is :math:`Q(p) = \min\{y : \sum_{y_t \le y} w_t \ge p \sum w_t\}`. The forecast is an average of the
    curves of every ``alpha`` and every ``s``, at each ``p`` with the same weights

    .. math:: \omega_c \propto (L_c / \bar L + 0.05)^{-8},

    ``L_c`` the mean pinball loss of curve ``c`` at the probabilities 0.025, 0.075, ..., 0.975 after four inner
    origins. ``mean`` is the expected value: the same average of the weighted means.

    Parameters
    ----------
    season_length : int
        ``m``; 1 without a season, where ``s`` has no meaning.
    alphas : sequence of float
        Rates of forgetting, in [0, 1).
    season_weights : sequence of float
        ``s``, positive: how much more a value at the same point of the season weighs.

    Notes
    -----
    The last 900 steps count; those with a missing value are skipped. The inner origins lie 28, 56, 84 and 112
    steps before the end, and the steps up to the next are scored; where the history is shorter than 224
    steps, they are an eighth of it apart. Needs eight values.

    Quantiles never cross and lie within the values seen: they are not negative where these are not, and
    beyond the largest value nothing is expected. Any probability may be asked for. There is no trend, and
    with the usual ``s`` of 3 half a season: add a larger one (30) where the season is most of what there is.

    Examples
    --------
    >>> import pandas as pd
    >>> y = pd.Series([0.0, 0, 2, 0, 0, 0, 1, 0] * 4, pd.date_range("2024-01-01", periods=32, freq="D"))
    >>> WeightedQuantiles().fit(y).predict(1, quantiles=(0.5, 0.8, 0.95)).round(2).to_numpy().tolist()
    [[0.37, 0.0, 1.0, 2.0]]
    """

    handles_missing: ClassVar[bool] = True
    estimates: ClassVar[bool] = False  # one pass over the data costs less than keeping its result

    season_length: int = 1
    alphas: Sequence[float] = (0.002, 0.006, 0.015, 0.04)
    season_weights: Sequence[float] = (1.0, 3.0)

    def __post_init__(self) -> None:
        check_count(self.season_length, "season_length")
        object.__setattr__(self, "alphas", _numbers(self.alphas, "alphas"))
        object.__setattr__(self, "season_weights", _numbers(self.season_weights, "season_weights"))
        if not all(0 <= alpha < 1 for alpha in self.alphas):
            raise ArgumentError(f"alphas must lie in [0, 1), got {self.alphas}")
        if not all(0 < weight < np.inf for weight in self.season_weights):
            raise ArgumentError(f"season_weights must be positive, got {self.season_weights}")

    @property
    def min_observations(self) -> int:
        return LEAST

    def _ahead(
        self,
        values: FloatArray,
        starts: IntArray,
        stops: IntArray,
        h: int,
        probs: Sequence[float],
    ) -> kernel.Found:
        return kernel.forecast(
            values,
            starts,
            stops,
            h,
            probs,
            season_length=int(self.season_length),
            alphas=self.alphas,
            season_weights=self.season_weights if self.season_length > 1 else (1.0,),
        )

    def _fit(self, history: History) -> Any:
        return history.y

    def _predict(self, state: Any, future: Future) -> Distribution:
        return _Empirical(self, state, future.h)

    def _forecast_windows(self, windows: Windows, probs: tuple[float, ...]) -> Answer:
        answer = empty_answer(windows, probs)
        stops = np.where(windows.active, windows.hi, windows.lo)
        if windows.window is None:
            stops = np.maximum.accumulate(stops, axis=1)
            starts = windows.panel.offsets[:-1]
        else:
            stops, starts = stops.reshape(-1, 1), windows.lo.ravel()
        found = self._ahead(windows.panel.values, starts, stops, windows.h, probs)
        shape = (*windows.hi.shape, windows.h)
        active = windows.active
        answer.mean[active] = found.mean.reshape(shape)[active]
        if probs:
            answer.quantiles[active] = found.quantiles.reshape(*shape, len(probs))[active]
            answer.own |= active
        return answer


@dataclass(frozen=True, eq=False)
class _Empirical(Distribution):
    """The averaged curves after one history."""

    forecaster: WeightedQuantiles
    y: FloatArray
    h: int

    @property
    def mean(self) -> FloatArray:
        mean: FloatArray = self._ahead(()).mean[0, 0]
        return mean

    def quantiles(self, probs: Sequence[float]) -> FloatArray:
        found: FloatArray = self._ahead(probs).quantiles[0, 0]
        return found

    def _ahead(self, probs: Sequence[float]) -> kernel.Found:
        stops = np.array([[len(self.y)]], dtype=np.int64)
        return self.forecaster._ahead(self.y, np.zeros(1, dtype=np.int64), stops, self.h, probs)


def _numbers(given: object, name: str) -> tuple[float, ...]:
    """Return one number or several as a tuple."""
    try:
        found = tuple(float(x) for x in np.atleast_1d(np.asarray(given, dtype=np.float64)))
    except (TypeError, ValueError):
        found = ()
    if not found:
        raise ArgumentError(f"{name} takes a tuple of numbers, got {given!r}")
    return found
