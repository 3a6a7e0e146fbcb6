"""ARIMA whose order is chosen at every cutoff."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

import numpy as np

from forecasting._typing import AnyArray, FloatArray, IntArray
from forecasting.errors import ArgumentError, check_count
from forecasting.fits import Fits, Rows
from forecasting.kernels import arima as kernel
from forecasting.kernels import mathematics
from forecasting.kernels.arima import Column, Order
from forecasting.models.arima.common import Family, check_order, described


@mathematics.documented(mathematics.ARIMA)
@dataclass(frozen=True)
class AutoARIMA(Family):
    """Seasonal ARIMA whose differences and order are chosen anew at every cutoff (Hyndman and Khandakar 2008).

    Parameters
    ----------
    season_length : int
        Steps in a season; 1 without a season.
    max_order : (int, int, int)
        The largest ``(p, d, q)``.
    max_seasonal_order : (int, int, int)
        The largest ``(P, D, Q)``; ``D`` is at most 1.
    search : {"stepwise", "exhaustive"}
        Look at the neighbours of the best order until none is better, or at every order within the limits.

    Notes
    -----
    Needs four values that are not missing. Otherwise as :class:`ARIMA`, regressors included: with them, as in
    R, differences are chosen on the residuals of a least-squares regression. A constant is tried where
    ``d + D`` is at most 1.

    ``parameters()`` tells what :class:`ARIMA` tells, and why this order: ``contender_1``, ``contender_1_aicc``,
    ..., the next best orders that the search went to the bottom of.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> e = np.random.default_rng(1).normal(size=80)
    >>> y = pd.Series(np.cumsum(e), pd.date_range("2024-01-01", periods=80, freq="D"))
    >>> AutoARIMA().fit(y).parameters()["method"].tolist()
    ['ARIMA(0,1,0)']
    """

    season_length: int = 1
    max_order: tuple[int, int, int] = (5, 2, 5)
    max_seasonal_order: tuple[int, int, int] = (2, 1, 2)
    search: Literal["stepwise", "exhaustive"] = "stepwise"

    def __post_init__(self) -> None:
        check_count(self.season_length, "season_length")
        check_order(self.max_order, "max_order")
        check_order(self.max_seasonal_order, "max_seasonal_order")
        if self.max_order[1] > 2 or self.max_seasonal_order[1] > 1:
            raise ArgumentError(
                "more than two differences, or than one of the season, are not chosen; lower "
                f"max_order={self.max_order!r} or max_seasonal_order={self.max_seasonal_order!r}, or name "
                "the order with ARIMA"
            )
        if self.search not in ("stepwise", "exhaustive"):
            raise ArgumentError(f"search must be 'stepwise' or 'exhaustive', got {self.search!r}")

    @property
    def _limits(self) -> Order:
        m = int(self.season_length)
        seasonal = self.max_seasonal_order if m > 1 else (0, 0, 0)
        return Order(self.max_order, seasonal, m, contenders=kernel.N_CONTENDERS)

    @property
    def min_observations(self) -> int:
        return Order((0, 0, 0), constant=True).n_needed

    def _records(self, rows: Rows, starts: IntArray, stops: IntArray) -> FloatArray:
        limits = dataclasses.replace(self._limits, regressors=len(rows.X_names))
        stepwise = self.search == "stepwise"
        return kernel.choose(
            rows.values, starts, stops, limits, regressors=rows.X, stepwise=stepwise
        )

    def _parameters(self, fits: Fits) -> dict[str, AnyArray]:
        table, limits = super()._parameters(fits), self._limits_of(fits)
        others = kernel.contenders(fits["records"], limits)
        d = fits["records"][..., [Column.D, Column.SEASONAL_D]]
        for j in range(limits.contenders):
            other = others[..., j, :]
            p, q, seasonal_p, seasonal_q, constant, aicc = np.moveaxis(other, -1, 0)
            order = [p, d[..., 0], q, seasonal_p, d[..., 1], seasonal_q, constant]
            table[f"contender_{j + 1}"] = described(np.stack(order, -1), limits.season_length)
            table[f"contender_{j + 1}_aicc"] = aicc
        return table
