"""Seasonal ARIMA of a given order by exact maximum likelihood."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from forecasting._typing import FloatArray, IntArray
from forecasting.errors import ArgumentError, check_count
from forecasting.fits import Rows
from forecasting.kernels import arima as kernel
from forecasting.kernels import mathematics
from forecasting.kernels.arima import Order
from forecasting.models.arima.common import Family, check_order


@mathematics.documented(mathematics.ARIMA)
@dataclass(frozen=True)
class ARIMA(Family):
    """Seasonal ARIMA of a given order by exact maximum likelihood, refitted at every cutoff.

    Parameters
    ----------
    season_length : int
        Steps in a season; 1 without a season.
    order : (int, int, int)
        ``(p, d, q)``: autoregressive lags, differences, moving-average lags.
    seasonal_order : (int, int, int), optional
        ``(P, D, Q)``, the same in seasons. None is ``(0, 1, 1)`` where ``season_length`` is more than 1, and no
        season else.
    constant : bool, optional
        Estimate the mean of the differenced series: the level of ``y`` where nothing is differenced, a drift
        where ``d + D`` is 1. None is a constant where nothing is differenced. With more differences there is
        none.
    drift : bool, optional
        ``constant`` by its name where ``d + D`` is 1, as ``include.drift`` of R; there the two say the same.

    Notes
    -----
    Needs ``d + D m`` values to difference, and after that two more than the estimated numbers (coefficients,
    constant, variance), or one more than ``p + P m - q - Q m``. Missing values are integrated out, exactly.
    Intervals have the exact variance and what estimating coefficients and constant adds, and are Student's t;
    where one standard deviation exceeds three times the range of the history they are conformal, and
    ``interval`` among the parameters says so. ``refit=False`` keeps the parameters and conditions on the new
    values. Where nothing is left of the differenced series it goes on as it is, with variance 0.

    ``parameters()``: method, n_obs (differenced values that are not missing), sigma2, loglik, aic, aicc, bic,
    constant, drift (the constant by step, where ``d + D`` is 1), ar_root and ma_root (the smallest modulus of a
    root; 1 is a unit root), ar_1, ..., ma_1, ... (``w_t = e_t + ma_1 e_{t-1}``), sar_1, ..., sma_1, ....

    Known-future regressors make it a regression with ARIMA errors: ``y = X b + errors``, ``b`` by generalised
    least squares at every cutoff (``beta_<name>`` among the parameters), one value more needed for each. With
    ``d + D > 0`` they are differenced like ``y``. A regressor that is missing beside a value, or of which
    differences, the constant and the other regressors leave nothing, is a failures row that names it. That
    ``b`` is estimated is in the degrees of freedom of ``sigma2`` only.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> y = pd.Series([3.0, 5, 4, 6, 5, 7, 6, 8], pd.date_range("2024-01-01", periods=8, freq="D"))
    >>> ARIMA(order=(1, 0, 0)).fit(y).parameters()["method"].tolist()
    ['ARIMA(1,0,0) with mean']
    >>> t = np.arange(48)
    >>> y = pd.Series(10 + t % 4 + 0.1 * t, pd.date_range("2020-01-01", periods=48, freq="MS"))
    >>> ARIMA(4, order=(0, 0, 0), seasonal_order=(0, 1, 0), constant=True).fit(y).predict(4).round(2).tolist()
    [14.8, 15.9, 17.0, 18.1]
    """

    season_length: int = 1
    order: tuple[int, int, int] = (1, 1, 1)
    seasonal_order: tuple[int, int, int] | None = None
    constant: bool | None = None
    drift: bool | None = None

    def __post_init__(self) -> None:
        check_count(self.season_length, "season_length")
        check_order(self.order, "order")
        if self.seasonal_order is not None:
            check_order(self.seasonal_order, "seasonal_order")
        if any(self._seasonal) and self.season_length == 1:
            raise ArgumentError(
                f"seasonal_order={self.seasonal_order!r} needs season_length, for instance 12"
            )
        for name in ("constant", "drift"):
            if getattr(self, name) not in (None, False, True):
                raise ArgumentError(
                    f"{name} must be True, False or None, got {getattr(self, name)!r}"
                )
        differences = self.order[1] + self._seasonal[1]
        if differences > 1 and (self.constant or self.drift):
            name = "constant" if self.constant else "drift"
            raise ArgumentError(
                f"with d + D = {differences} a constant is a trend of that degree, which explodes; "
                f"leave {name} out"
            )
        if self.drift and differences == 0:
            raise ArgumentError(
                "where nothing is differenced a constant is a level; difference once, order="
                f"{(self.order[0], 1, self.order[2])}, or make time a regressor, "
                "X=Regressors(known_future=...)"
            )
        both = None not in (self.constant, self.drift)
        if differences == 1 and both and self.constant != self.drift:
            raise ArgumentError(
                f"with d + D = 1 the constant is the drift, but constant={self.constant!r} and "
                f"drift={self.drift!r}; leave one out"
            )

    @property
    def _seasonal(self) -> tuple[int, int, int]:
        if self.seasonal_order is not None:
            return self.seasonal_order
        return (0, 1, 1) if self.season_length > 1 else (0, 0, 0)

    @property
    def _limits(self) -> Order:
        seasonal = self._seasonal
        differences = self.order[1] + seasonal[1]
        given = self.drift if self.constant is None and differences == 1 else self.constant
        return Order(
            self.order,
            seasonal,
            int(self.season_length) if any(seasonal) else 1,
            differences == 0 if given is None else bool(given),
        )

    @property
    def min_observations(self) -> int:
        return self._limits.n_needed

    def _records(self, rows: Rows, starts: IntArray, stops: IntArray) -> FloatArray:
        order = dataclasses.replace(self._limits, regressors=len(rows.X_names))
        return kernel.fit(rows.values, starts, stops, order, regressors=rows.X)
