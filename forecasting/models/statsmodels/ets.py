"""Exponential smoothing (ETS) of statsmodels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from forecasting._typing import FloatArray
from forecasting.base import LocalForecaster
from forecasting.distribution import Deferred, Distribution, Normal, Samples
from forecasting.errors import ArgumentError, check_choice
from forecasting.models.statsmodels.common import (
    Repeat,
    check_season,
    exponent_of,
    is_whole,
    library,
    refuse_non_positive,
    repeats,
    scaled,
)
from forecasting.series import Future, History

Kind = Literal["add", "mul"]


@dataclass(frozen=True, eq=False)
class EtsState:
    """A fitted model with its data, divided by ``2**exponent``."""

    y: FloatArray
    end: int
    exponent: int
    sigma: float
    results: Any


@dataclass(frozen=True)
class StatsmodelsETS(LocalForecaster):
    """Exponential smoothing in state space form, ``statsmodels`` ``ETSModel``.

    Without a multiplicative component the forecast is Gaussian with the exact variance
    ``sigma^2 (1 + c_1^2 + ... + c_{h-1}^2)``, ``c_j`` the response after j steps to a unit error;
    with one, intervals come from ``n_samples`` simulated paths, drawn step by step, so that a
    shorter horizon has the head of a longer one's. The mean is the library's: the path without errors.
    ``sigma^2`` is the mean squared residual (divisor n).

    Parameters
    ----------
    season_length : int
        Steps in a season; 1 without a season.
    error : {"add", "mul"}
    trend, seasonal : {None, "add", "mul"}
    damped : bool
        Damp the trend.
    initialization : {"estimated", "heuristic"}
        How the states before the first value are found.
    n_samples : int
        Paths behind the intervals of models with a multiplicative component.

    Notes
    -----
    Needs two seasons and two values more than it has parameters; shorter histories, missing values
    and, for multiplicative components, values of zero or less are failures. ``refit=False`` keeps
    the smoothing parameters, first states and sigma and smooths on.

    References
    ----------
    Hyndman, Koehler, Ord and Snyder (2008), *Forecasting with Exponential Smoothing*, ch. 2, 6.
    """

    season_length: int = 1
    error: Kind = "add"
    trend: Kind | None = None
    damped: bool = False
    seasonal: Kind | None = None
    initialization: Literal["estimated", "heuristic"] = "estimated"
    n_samples: int = 1000

    def __post_init__(self) -> None:
        check_choice(self.error, "error", ("add", "mul"))
        check_choice(self.trend, "trend", (None, "add", "mul"))
        check_choice(self.seasonal, "seasonal", (None, "add", "mul"))
        check_choice(self.initialization, "initialization", ("estimated", "heuristic"))
        check_season(self.season_length, self.seasonal is not None, "seasonal='add'")
        if self.damped and self.trend is None:
            raise ArgumentError("damped=True damps a trend; add trend='add'")
        if not is_whole(self.n_samples, 100):
            raise ArgumentError(
                f"n_samples must be a whole number of at least 100, got {self.n_samples!r}"
            )

    @property
    def min_observations(self) -> int:
        smoothing = 1 + (self.trend is not None) + (self.seasonal is not None) + self.damped
        first = 1 + (self.trend is not None) + (self.season_length - 1)
        cycles = 2 * self.season_length if self.seasonal is not None else 0
        # The library's heuristic for first states reads a trend off ten values or two cycles.
        heuristic = 10 if self.initialization == "heuristic" else 0
        return int(max(cycles, smoothing + first + 2, heuristic))

    @property
    def _multiplicative(self) -> bool:
        return "mul" in (self.error, self.trend, self.seasonal)

    def _model(self, y: FloatArray) -> Any:
        from statsmodels.tsa.exponential_smoothing.ets import ETSModel

        return ETSModel(
            y,
            error=self.error,
            trend=self.trend,
            damped_trend=self.damped,
            seasonal=self.seasonal,
            seasonal_periods=self.season_length if self.seasonal is not None else None,
            initialization_method=self.initialization,
        )

    def _fit(self, history: History) -> Repeat | EtsState:
        if self._multiplicative:
            refuse_non_positive(history.y, "a multiplicative component")
        same = repeats(history.y, self.season_length)
        if same is not None:
            return same
        exponent = exponent_of(history.y)
        y = scaled(history.y, -exponent)
        with library(self):
            results = self._model(y).fit(disp=False)
            return EtsState(y, history.end, exponent, float(np.sqrt(results.scale)), results)

    def _update(self, state: Repeat | EtsState, history: History) -> Repeat | EtsState:
        if isinstance(state, Repeat):
            return self._fit(history)  # nothing was estimated yet
        fresh = history.y[len(history) - (history.end - state.end) :]
        if len(fresh) == 0:
            return state
        if self._multiplicative:
            refuse_non_positive(fresh, "a multiplicative component")
        y = np.concatenate([state.y, scaled(fresh, -state.exponent)])
        with library():
            results = self._model(y).smooth(state.results.params)
            return EtsState(y, history.end, state.exponent, state.sigma, results)

    def _predict(self, state: Repeat | EtsState, future: Future) -> Distribution:
        if isinstance(state, Repeat):
            return state.forecast(future)
        if not self._multiplicative:
            return _linear_forecast(state, future)
        with library():
            mean = state.results.forecast(future.h)
        return Deferred(scaled(mean, state.exponent), lambda: self._paths(state, future))

    def _paths(self, state: EtsState, future: Future) -> Samples:
        errors = state.sigma * future.rng().standard_normal((future.h, self.n_samples))
        with library():
            paths = state.results.simulate(
                future.h, anchor="end", repetitions=self.n_samples, random_errors=errors
            )
        return Samples(scaled(paths, state.exponent).T)


def _linear_forecast(state: EtsState, future: Future) -> Normal:
    """Return mean and variance from two paths: without errors, and with a unit error at step 1."""
    errors = np.zeros((future.h, 2))
    errors[0, 1] = 1.0
    with library():
        paths = state.results.simulate(
            future.h, anchor="end", repetitions=2, random_errors=errors
        )  # (h, 2)
    response = paths[:, 1] - paths[:, 0]
    sd = state.sigma * np.sqrt(np.cumsum(response**2))
    return Normal(scaled(paths[:, 0], state.exponent), scaled(sd, state.exponent))
