"""The Theta method of statsmodels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from forecasting._typing import FloatArray
from forecasting.base import LocalForecaster
from forecasting.distribution import Deferred, Distribution, Normal
from forecasting.errors import ArgumentError, check_choice
from forecasting.models.statsmodels.common import (
    Repeat,
    check_season,
    exponent_of,
    library,
    refuse_non_positive,
    repeats,
    scaled,
)
from forecasting.series import Future, History


@dataclass(frozen=True)
class StatsmodelsTheta(LocalForecaster):
    """The Theta method, ``statsmodels`` ``ThetaModel``: half a trend line, half simple smoothing.

    Intervals are the library's: Gaussian with variance
    ``sigma^2 (1 + (h - 1)(1 + (alpha - 1)^2))``, ``sigma^2`` from an ARIMA(0,1,1) with drift fitted
    to the series with its season. That grows faster than the ``sigma^2 (1 + (h - 1) alpha^2)`` of
    simple smoothing: expect wide intervals. The second model costs several times the first and is
    fitted only if intervals are asked for.

    Parameters
    ----------
    season_length : int
        Steps in a season; 1 without a season.
    deseasonalize : bool
        Take the season out before (if a test finds one, see ``use_test``).
    use_test : bool
        Only if the autocorrelation at the season is significant at 10 %.
    method : {"auto", "add", "mul"}
        Kind of season; ``"auto"`` is multiplicative if all values are positive.
    theta : float
        At least 1; 2 is the classical method.

    Notes
    -----
    Needs two seasons and four values. Missing values are failures, as are values of zero or less
    with ``method="mul"``. It cannot move on without a refit.

    References
    ----------
    Assimakopoulos and Nikolopoulos (2000), *International Journal of Forecasting* 16, 521-530;
    Hyndman and Billah (2003), *International Journal of Forecasting* 19, 287-290.
    """

    season_length: int = 1
    deseasonalize: bool = True
    use_test: bool = True
    method: Literal["auto", "add", "mul"] = "auto"
    theta: float = 2.0

    def __post_init__(self) -> None:
        check_choice(self.method, "method", ("auto", "add", "mul"))
        check_season(self.season_length, self._seasonal, "deseasonalize=True")
        if not self.theta >= 1:
            raise ArgumentError(f"theta must be at least 1, got {self.theta!r}")

    @property
    def _seasonal(self) -> bool:
        return self.deseasonalize and self.season_length != 1

    @property
    def min_observations(self) -> int:
        return int(max(4, 2 * self.season_length))

    def _fit(self, history: History) -> Any:
        if self._seasonal and self.method == "mul":
            refuse_non_positive(history.y, "a multiplicative season")
        same = repeats(history.y, self.season_length) or repeats(history.y, 1)
        if same is not None:
            return same
        exponent = exponent_of(history.y)
        with library(self):
            from statsmodels.tsa.forecasting.theta import ThetaModel

            model = ThetaModel(
                scaled(history.y, -exponent),
                period=self.season_length,
                deseasonalize=self._seasonal,
                use_test=self.use_test,
                method=self.method,
            )
            return model.fit(), exponent

    def _predict(self, state: Any, future: Future) -> Distribution:
        if isinstance(state, Repeat):
            return state.forecast(future)
        results, exponent = state
        with library():
            mean = np.asarray(results.forecast(future.h, theta=self.theta))
        return Deferred(scaled(mean, exponent), lambda: self._normal(results, exponent, mean))

    def _normal(self, results: Any, exponent: int, mean: FloatArray) -> Normal:
        one_sd = 0.31731050786291415  # two-sided probability beyond one standard deviation
        with library(self):
            bounds = results.prediction_intervals(len(mean), theta=self.theta, alpha=one_sd)
        sd = (bounds["upper"].to_numpy() - bounds["lower"].to_numpy()) / 2
        return Normal(scaled(mean, exponent), scaled(sd, exponent))
