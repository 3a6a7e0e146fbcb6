"""Seasonal ARIMA, of a given order or of one that is chosen, by exact maximum likelihood at every cutoff."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from forecasting._typing import AnyArray, FloatArray, IntArray
from forecasting.batch import BatchForecaster
from forecasting.errors import (
    ArgumentError,
    ForecastingError,
    ModelError,
    ShortSeriesError,
    check_count,
)
from forecasting.fits import ANALYTIC, CONFORMAL, Ahead, Fits, Projection, Rows
from forecasting.kernels import arima as kernel
from forecasting.kernels import mathematics
from forecasting.kernels.arima import Column, Order, Outcome

#: A variance explodes when one standard deviation is this many times the range of the history.
EXPLODED_RANGES = 3.0


class _ARIMA(BatchForecaster):
    """What a fixed order and a searched one share: records and the values of their windows."""

    handles_missing: ClassVar[bool] = True

    @property
    @abc.abstractmethod
    def _limits(self) -> Order:
        """The largest orders that records hold."""

    @abc.abstractmethod
    def _records(self, values: FloatArray, starts: IntArray, stops: IntArray) -> FloatArray:
        """Return the record of every window."""

    # --- hooks --------------------------------------------------------------------------------------

    def _estimate(self, rows: Rows, starts: IntArray, stops: IntArray) -> Fits:
        records = self._records(rows.values, starts, stops)
        past = np.empty(stops.shape, dtype=object)
        for i, start in enumerate(starts.tolist()):
            for k, stop in enumerate(stops[i].tolist()):
                past[i, k] = rows.values[
                    start : max(stop, start)
                ]  # views: the forecast looks at them again
        return Fits(
            {"records": records, "values": past}, records[..., Column.OUTCOME].astype(np.int64)
        )

    def _advance(self, fits: Fits, rows: Rows, lo: IntArray, hi: IntArray) -> Fits:
        past = np.empty(fits.shape, dtype=object)
        for i, k in np.ndindex(*fits.shape):
            past[i, k] = np.concatenate([fits["values"][i, k], rows.values[lo[i, k] : hi[i, k]]])
        return Fits({"records": fits["records"], "values": past}, fits.trouble)

    def _project(self, fits: Fits, ahead: Ahead) -> Projection:
        records = fits["records"].reshape(-1, fits["records"].shape[-1])
        past = fits["values"].ravel().tolist()
        ends = np.cumsum([0, *map(len, past)])
        mean, sd = kernel.project(
            records, self._limits, np.concatenate(past), ends[:-1], ends[1:], ahead.h
        )
        span = records[:, Column.RANGE]
        with np.errstate(invalid="ignore", over="ignore"):
            wide = ~(sd[:, -1] <= EXPLODED_RANGES * span) & (span > 0)
        shape = (*fits.shape, ahead.h)
        how = np.where(wide, CONFORMAL, ANALYTIC).reshape(fits.shape)
        return Projection(mean.reshape(shape), sd.reshape(shape), how)

    def _trouble(self, code: int) -> ForecastingError:
        if code == Outcome.TOO_SHORT:
            needed = self.min_observations
            return ShortSeriesError(
                f"has too few values that are not missing; {type(self).__name__} needs {needed}",
                needed=needed,
                got=0,
            )
        if code == Outcome.TOO_MANY_MISSING:
            return ModelError(
                "has more than a thousand missing values; fill the gaps (forecasting.fill_gaps), or begin "
                "after the longest one"
            )
        return ModelError(
            f"{type(self).__name__} has no likelihood here: too much is missing for the differences (no "
            "value of some month, say), or the values are too large; take fewer differences or fill the gaps"
        )

    def _parameters(self, fits: Fits) -> dict[str, AnyArray]:
        records, limits = fits["records"], self._limits
        n, objective = records[..., Column.COUNT], records[..., Column.OBJECTIVE]
        order = records[..., Column.P : Column.CONSTANT]
        constant = records[..., Column.CONSTANT]
        size = order[..., [0, 2, 3, 5]].sum(axis=-1) + constant
        k = size + 1.0
        with np.errstate(divide="ignore", over="ignore"):
            table: dict[str, AnyArray] = {
                "method": described(
                    records[..., Column.P : Column.CONSTANT + 1], limits.season_length
                ),
                "n_obs": n,
                "sigma2": records[..., Column.RMS] ** 2 * n / (n - size),
                "loglik": -0.5 * objective,
                "aic": objective + 2 * k,
                "aicc": objective + 2 * k + 2 * k * (k + 1) / (n - k - 1),
                "bic": objective + k * np.log(n),
            }
        table["constant"] = np.where(constant > 0, records[..., Column.MEAN], np.nan)
        factors = dict(
            zip(("ar", "ma", "sar", "sma"), kernel.coefficients(records, limits), strict=True)
        )
        table["ar_root"] = np.minimum(
            smallest_root(factors["ar"]),
            smallest_root(factors["sar"]) ** (1 / limits.season_length),
        )
        table["ma_root"] = np.minimum(
            smallest_root(-factors["ma"]),
            smallest_root(-factors["sma"]) ** (1 / limits.season_length),
        )
        for (name, values), of in zip(factors.items(), (0, 2, 3, 5), strict=True):
            for j in range(values.shape[-1]):
                table[f"{name}_{j + 1}"] = np.where(order[..., of] > j, values[..., j], np.nan)
        return table


def describe(order: IntArray, season_length: int) -> str:
    """Return ``ARIMA(1,1,1)(0,1,1)[12] with drift`` for p, d, q, P, D, Q and whether there is a constant."""
    p, d, q, *seasonal, constant = order.tolist()
    text = f"ARIMA({p},{d},{q})"
    if any(seasonal):
        text += f"({','.join(map(str, seasonal))})[{season_length}]"
    if constant:
        text += " with mean" if d + seasonal[1] == 0 else " with drift"
    return text


def described(orders: FloatArray, season_length: int) -> AnyArray:
    """Return the names of orders, shape (..., 7), as objects of shape (...); None for one that is NaN."""
    names = np.full(orders.shape[:-1], None, dtype=object)
    for at in np.ndindex(names.shape):
        if not np.isnan(orders[at]).any():
            names[at] = describe(orders[at].astype(np.int64), season_length)
    return names


def smallest_root(coefficients: FloatArray) -> FloatArray:
    """Return the smallest modulus of a root of ``1 - c_1 B - ... - c_k B^k``, infinite without coefficients.

    ``coefficients`` has the shape (..., k); the answer the shape (...).
    """
    k = coefficients.shape[-1]
    if k == 0:
        return np.full(coefficients.shape[:-1], np.inf)
    companion = np.zeros((*coefficients.shape, k))
    companion[..., 0, :] = coefficients
    companion[..., range(1, k), range(k - 1)] = 1.0
    with np.errstate(divide="ignore"):
        smallest: FloatArray = 1.0 / np.abs(np.linalg.eigvals(companion)).max(axis=-1)
    return smallest


@mathematics.documented(mathematics.ARIMA)
@dataclass(frozen=True)
class ARIMA(_ARIMA):
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

    Notes
    -----
    Needs ``d + D m`` values to difference, and after that two more than the estimated numbers (coefficients,
    constant, variance), or one more than ``p + P m - q - Q m``. Missing values are integrated out, exactly.
    Intervals are Gaussian with the exact variance at the estimated parameters; where one standard deviation
    exceeds three times the range of the history they are conformal, and ``interval`` among the parameters says
    so. ``refit=False`` keeps the parameters and conditions on the new values. Where nothing is left of the
    differenced series it goes on as it is, with variance 0.

    ``parameters()``: method, n_obs (differenced values that are not missing), sigma2, loglik, aic, aicc, bic,
    constant, ar_root and ma_root (the smallest modulus of a root; 1 is a unit root), ar_1, ..., ma_1, ...
    (``w_t = e_t + ma_1 e_{t-1}``), sar_1, ..., sma_1, ....

    Regressors are not used.

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

    def __post_init__(self) -> None:
        check_count(self.season_length, "season_length")
        check_order(self.order, "order")
        if self.seasonal_order is not None:
            check_order(self.seasonal_order, "seasonal_order")
        if any(self._seasonal) and self.season_length == 1:
            raise ArgumentError(
                f"seasonal_order={self.seasonal_order!r} needs season_length, for instance 12"
            )
        if self.constant not in (None, False, True):
            raise ArgumentError(f"constant must be True, False or None, got {self.constant!r}")
        differences = self.order[1] + self._seasonal[1]
        if self.constant and differences > 1:
            raise ArgumentError(
                f"with d + D = {differences} a constant is a trend of that degree, which explodes; "
                "leave constant out"
            )

    @property
    def _seasonal(self) -> tuple[int, int, int]:
        if self.seasonal_order is not None:
            return self.seasonal_order
        return (0, 1, 1) if self.season_length > 1 else (0, 0, 0)

    @property
    def _limits(self) -> Order:
        seasonal = self._seasonal
        flat = self.order[1] + seasonal[1] == 0
        return Order(
            self.order,
            seasonal,
            int(self.season_length) if any(seasonal) else 1,
            flat if self.constant is None else bool(self.constant),
        )

    @property
    def min_observations(self) -> int:
        return self._limits.n_needed

    def _records(self, values: FloatArray, starts: IntArray, stops: IntArray) -> FloatArray:
        return kernel.fit(values, starts, stops, self._limits)


@mathematics.documented(mathematics.ARIMA)
@dataclass(frozen=True)
class AutoARIMA(_ARIMA):
    """Seasonal ARIMA whose differences and order are chosen anew at every cutoff (Hyndman and Khandakar 2008).

    Parameters
    ----------
    season_length : int
        Steps in a season; 1 without a season.
    max_order : (int, int, int)
        The largest ``(p, d, q)``.
    max_seasonal_order : (int, int, int)
        The largest ``(P, D, Q)``; ``D`` is at most 1.
    search : {"stepwise", "all"}
        Look at the neighbours of the best order until none is better, or at every order within the limits.

    Notes
    -----
    Needs four values that are not missing. Otherwise as :class:`ARIMA`; regressors are not used. A constant is
    tried where ``d + D`` is at most 1.

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
    search: Literal["stepwise", "all"] = "stepwise"

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
        if self.search not in ("stepwise", "all"):
            raise ArgumentError(f"search must be 'stepwise' or 'all', got {self.search!r}")

    @property
    def _limits(self) -> Order:
        m = int(self.season_length)
        seasonal = self.max_seasonal_order if m > 1 else (0, 0, 0)
        return Order(self.max_order, seasonal, m, contenders=kernel.N_CONTENDERS)

    @property
    def min_observations(self) -> int:
        return Order((0, 0, 0), constant=True).n_needed

    def _records(self, values: FloatArray, starts: IntArray, stops: IntArray) -> FloatArray:
        return kernel.choose(
            values, starts, stops, self._limits, stepwise=self.search == "stepwise"
        )

    def _parameters(self, fits: Fits) -> dict[str, AnyArray]:
        table, limits = super()._parameters(fits), self._limits
        others = kernel.contenders(fits["records"], limits)
        d = fits["records"][..., [Column.D, Column.SEASONAL_D]]
        for j in range(limits.contenders):
            other = others[..., j, :]
            p, q, seasonal_p, seasonal_q, constant, aicc = np.moveaxis(other, -1, 0)
            order = [p, d[..., 0], q, seasonal_p, d[..., 1], seasonal_q, constant]
            table[f"contender_{j + 1}"] = described(np.stack(order, -1), limits.season_length)
            table[f"contender_{j + 1}_aicc"] = aicc
        return table


def check_order(order: object, name: str) -> None:
    """Raise :class:`ArgumentError` unless ``order`` is three whole numbers, none negative."""
    if not isinstance(order, tuple) or len(order) != 3:
        raise ArgumentError(f"{name} must be a tuple of three whole numbers, got {order!r}")
    for number in order:
        check_count(number, name, least=0)
