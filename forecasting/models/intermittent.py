"""Forecasters of intermittent demand: mostly zeros, now and then a sale.

All give one number for every step, the expected demand per period, and intervals by conformal
calibration. The recursions run in ``forecasting.kernels``: one forward pass answers every cutoff.
"""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from forecasting._typing import FloatArray, IntArray
from forecasting.answer import Answer, empty_answer
from forecasting.base import LocalForecaster
from forecasting.distribution import Distribution, Point
from forecasting.errors import ArgumentError
from forecasting.kernels import intermittent as kernel
from forecasting.series import Future, History
from forecasting.windows import Windows


def _check_weight(value: object, name: str) -> None:
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not number or not 0 < float(value) <= 1:  # type: ignore[arg-type]
        raise ArgumentError(f"{name} must be in (0, 1], got {value!r}")


class _Intermittent(LocalForecaster):
    estimates: ClassVar[bool] = False  # one pass over the data costs less than keeping its result

    @abc.abstractmethod
    def _demand(self, values: FloatArray, starts: IntArray, stops: IntArray) -> FloatArray:
        """Return demand per period after ``values[starts[i]:stops[i, k]]``, shape (rows, stops)."""

    def _fit(self, history: History) -> Any:
        n = np.array([[len(history)]], dtype=np.int64)
        return float(self._demand(history.y, np.zeros(1, dtype=np.int64), n)[0, 0])

    def _predict(self, state: Any, future: Future) -> Distribution:
        return Point(np.full(future.h, state))

    def _forecast_windows(self, windows: Windows, probs: tuple[float, ...]) -> Answer:
        if not np.isfinite(windows.panel.values).all():
            return self._loop(windows, probs)  # a NaN before a sliding window must not reach it
        answer = empty_answer(windows, probs)
        if windows.window is None:
            demand = self._demand(windows.panel.values, windows.panel.offsets[:-1], windows.hi)
        else:
            stops = windows.hi.reshape(-1, 1)
            demand = self._demand(windows.panel.values, windows.lo.ravel(), stops)
        mean = np.repeat(demand.reshape(*windows.hi.shape, 1), windows.h, axis=2)
        answer.put_all(windows, Point(mean), probs)
        return answer


@dataclass(frozen=True)
class Croston(_Intermittent):
    """Demand size over interval between demands, each smoothed: ``z_t / p_t``.

    After each demand ``z <- z + alpha (y - z)``, ``p <- p + alpha (interval - p)``; both start at their
    first observation. Croston (1972), Oper. Res. Q. 23, 289-303.

    Parameters
    ----------
    alpha : float
        Smoothing weight in (0, 1].

    Examples
    --------
    >>> import pandas as pd
    >>> y = pd.Series([0.0, 4.0, 0.0, 4.0], index=pd.date_range("2024-01-01", periods=4, freq="D"))
    >>> Croston().fit(y).predict(1).tolist()
    [2.0]
    """

    alpha: float = 0.1

    def __post_init__(self) -> None:
        _check_weight(self.alpha, "alpha")

    def _demand(self, values: FloatArray, starts: IntArray, stops: IntArray) -> FloatArray:
        return kernel.croston(values, starts, stops, alpha=self.alpha)


@dataclass(frozen=True)
class CrostonSBA(_Intermittent):
    """Croston's forecast times ``1 - alpha / 2``, which takes out most of its bias.

    Syntetos and Boylan (2005), Int. J. Forecasting 21, 303-314.

    Parameters
    ----------
    alpha : float
        Smoothing weight in (0, 1].
    """

    alpha: float = 0.1

    def __post_init__(self) -> None:
        _check_weight(self.alpha, "alpha")

    def _demand(self, values: FloatArray, starts: IntArray, stops: IntArray) -> FloatArray:
        return kernel.croston_sba(values, starts, stops, alpha=self.alpha)


@dataclass(frozen=True)
class TSB(_Intermittent):
    """Probability of a demand times its size, the first smoothed every period: it can die out.

    ``p <- p + alpha_p ([y != 0] - p)`` each period, ``z <- z + alpha_d (y - z)`` at demands; forecast
    ``p z``. Teunter, Syntetos and Babai (2011), Eur. J. Oper. Res. 214, 606-615.

    Parameters
    ----------
    alpha_d, alpha_p : float
        Smoothing weights of size and probability in (0, 1].
    """

    alpha_d: float = 0.1
    alpha_p: float = 0.1

    def __post_init__(self) -> None:
        _check_weight(self.alpha_d, "alpha_d")
        _check_weight(self.alpha_p, "alpha_p")

    def _demand(self, values: FloatArray, starts: IntArray, stops: IntArray) -> FloatArray:
        return kernel.tsb(values, starts, stops, alpha_d=self.alpha_d, alpha_p=self.alpha_p)


@dataclass(frozen=True)
class ADIDA(_Intermittent):
    """Aggregate to blocks of the mean interval between demands, smooth, disaggregate evenly.

    Nikolopoulos, Syntetos, Boylan, Petropoulos and Assimakopoulos (2011), J. Oper. Res. Soc. 62,
    544-554. The smoothing weight is the one in [0.1, 0.3] with the least squared one-step error.
    """

    def _demand(self, values: FloatArray, starts: IntArray, stops: IntArray) -> FloatArray:
        return kernel.adida(values, starts, stops)


@dataclass(frozen=True)
class IMAPA(_Intermittent):
    """The mean of ADIDA forecasts over every block length up to the mean interval between demands.

    Petropoulos and Kourentzes (2015), J. Oper. Res. Soc. 66, 914-924.
    """

    def _demand(self, values: FloatArray, starts: IntArray, stops: IntArray) -> FloatArray:
        return kernel.imapa(values, starts, stops)
