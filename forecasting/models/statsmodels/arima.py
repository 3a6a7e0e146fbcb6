"""Seasonal ARIMA of statsmodels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from forecasting._typing import FloatArray
from forecasting.base import LocalForecaster
from forecasting.distribution import Distribution, Normal
from forecasting.errors import ArgumentError, ShortSeriesError, check_choice
from forecasting.models.statsmodels.common import (
    Repeat,
    check_season,
    exponent_of,
    is_whole,
    library,
    repeats,
    scaled,
)
from forecasting.series import Future, History


@dataclass(frozen=True, eq=False)
class ArimaState:
    """Parameters and data, divided by ``2**exponent``; the filter runs again when needed."""

    y: FloatArray
    X: FloatArray
    end: int
    exponent: int
    params: FloatArray


@dataclass(frozen=True)
class StatsmodelsARIMA(LocalForecaster):
    """Seasonal ARIMA with regressors by exact maximum likelihood, ``statsmodels`` ``ARIMA``.

    Gaussian, with the mean and standard error of the Kalman filter (parameter uncertainty is not
    in it). Known-future regressors enter as a regression with ARIMA errors. Missing values are
    filtered over.

    Parameters
    ----------
    season_length : int
        Steps in a season; 1 without a season.
    order : (int, int, int)
        ``(p, d, q)``: autoregressive lags, differences, moving-average lags.
    seasonal_order : (int, int, int)
        ``(P, D, Q)``, the same at the season.
    trend : {None, "n", "c", "t", "ct"}
        Constant and line. None is a constant if nothing is differenced, else none.
    max_iterations : int
        Of the optimiser; 50 is the library's.

    Notes
    -----
    Needs ``d + D m`` values to difference and after that one more than the longest lag and than the
    number of parameters. ``refit=False`` keeps the parameters and filters on.

    References
    ----------
    Durbin and Koopman (2012), *Time Series Analysis by State Space Methods*, 2nd ed., ch. 3, 7.
    """

    season_length: int = 1
    order: tuple[int, int, int] = (1, 1, 1)
    seasonal_order: tuple[int, int, int] = (0, 0, 0)
    trend: Literal["n", "c", "t", "ct"] | None = None
    max_iterations: int = 50

    handles_missing: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name, order in (("order", self.order), ("seasonal_order", self.seasonal_order)):
            if not _is_order(order):
                raise ArgumentError(
                    f"{name} must be a tuple of three whole numbers of at least 0, got {order!r}"
                )
        check_season(
            self.season_length, any(self.seasonal_order), "seasonal_order, for instance (0, 1, 1)"
        )
        check_choice(self.trend, "trend", (None, "n", "c", "t", "ct"))
        differences = self.order[1] + self.seasonal_order[1]
        lowest = {"c": 0, "ct": 0, "t": 1}.get(self.trend or "n", differences)
        if lowest < differences:
            raise ArgumentError(
                f"trend={self.trend!r} is differenced away by d + D = {differences}; "
                "leave trend out"
            )
        if not is_whole(self.max_iterations, 1):
            raise ArgumentError(
                f"max_iterations must be a whole number of at least 1, got {self.max_iterations!r}"
            )

    @property
    def min_observations(self) -> int:
        return self._needed(0)

    def _needed(self, n_regressors: int) -> int:
        (p, d, q), (P, D, Q), m = self.order, self.seasonal_order, self.season_length
        constant = self.trend is None and d + D == 0
        parameters = (
            p + q + P + Q + 1 + n_regressors + constant + len((self.trend or "").strip("n"))
        )
        return int(d + D * m + max(p + P * m, q + Q * m, parameters) + 1)

    def _model(self, y: FloatArray, X: FloatArray) -> Any:
        from statsmodels.tsa.arima.model import ARIMA

        season = self.season_length if any(self.seasonal_order) else 0
        exog = X if X.shape[1] else None
        return ARIMA(y, exog, self.order, (*self.seasonal_order, season), self.trend)

    def _fit(self, history: History) -> Repeat | ArimaState:
        seen, needed = int(np.count_nonzero(~np.isnan(history.y))), self._needed(history.X.shape[1])
        if seen < needed:
            raise ShortSeriesError(needed=needed, got=seen, what="values that are not missing")
        same = repeats(history.y, 1)
        if same is not None:
            return same
        exponent = exponent_of(history.y)
        y, X = scaled(history.y, -exponent), np.array(history.X)
        with library(self):
            # To forecast needs neither the filter's matrices nor the parameters' covariance.
            params = self._model(y, X).fit(
                method_kwargs={"maxiter": self.max_iterations},
                cov_type="none",
                low_memory=True,
                return_params=True,
            )
        return ArimaState(y, X, history.end, exponent, np.asarray(params))

    def _update(self, state: Repeat | ArimaState, history: History) -> Repeat | ArimaState:
        if isinstance(state, Repeat):
            return self._fit(history)  # nothing was estimated yet
        first = len(history) - (history.end - state.end)
        return ArimaState(
            np.concatenate([state.y, scaled(history.y[first:], -state.exponent)]),
            np.concatenate([state.X, history.X[first:]]),
            history.end,
            state.exponent,
            state.params,
        )

    def _predict(self, state: Repeat | ArimaState, future: Future) -> Distribution:
        if isinstance(state, Repeat):
            return state.forecast(future)
        with library():
            results = self._model(state.y, state.X).filter(state.params, cov_type="none")
            ahead = results.get_forecast(future.h, exog=future.X if future.X.shape[1] else None)
            mean, sd = np.asarray(ahead.predicted_mean), np.asarray(ahead.se_mean)
        return Normal(scaled(mean, state.exponent), scaled(sd, state.exponent))


def _is_order(order: object) -> bool:
    return isinstance(order, tuple) and len(order) == 3 and all(is_whole(n, 0) for n in order)
