"""The Theta family: exponential smoothing around a line, each window solved exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from forecasting._typing import AnyArray, FloatArray, IntArray
from forecasting.batch import BatchForecaster
from forecasting.errors import (
    ArgumentError,
    ForecastingError,
    OverflowedError,
    SeriesError,
    check_count,
)
from forecasting.fits import Ahead, Fits, Projection, Rows
from forecasting.kernels import theta as kernel
from forecasting.kernels.mathematics import THETA, documented
from forecasting.kernels.theta import Column, Outcome
from forecasting.models.smoothing.estimation import variance_ratio

DESEASONALIZE = {"test": "test", True: "always", False: "never"}


class _Theta(BatchForecaster):
    """What the members share; ``models`` are the candidates, the least objective wins."""

    models: ClassVar[tuple[str, ...]]

    season_length: int
    decomposition: Literal["multiplicative", "additive"]
    deseasonalize: Literal["test"] | bool
    initial_level: Literal["first", "estimated"]

    def __post_init__(self) -> None:
        check_count(self.season_length, "season_length")
        if self.decomposition not in kernel.SEASONS[1:]:
            raise ArgumentError(
                f"decomposition must be 'multiplicative' or 'additive', got {self.decomposition!r}"
            )
        if self.deseasonalize is not True and self.deseasonalize not in ("test", False):
            raise ArgumentError(
                f"deseasonalize must be 'test', True or False, got {self.deseasonalize!r}"
            )
        if self.initial_level not in ("first", "estimated"):
            raise ArgumentError(
                f"initial_level must be 'first' or 'estimated', got {self.initial_level!r}"
            )

    @property
    def _free_level(self) -> bool:
        return self.initial_level == "estimated"

    @property
    def min_observations(self) -> int:
        """One error more than there are parameters, after those that the objective leaves out."""
        most = max(kernel.n_parameters(model, self._free_level) for model in self.models)
        return kernel.BURN_IN + most + 1

    def _estimate(self, rows: Rows, starts: IntArray, stops: IntArray) -> Fits:
        records = kernel.fit(
            rows.values,
            starts,
            stops,
            season_length=int(self.season_length),
            models=self.models,
            deseasonalise=DESEASONALIZE[self.deseasonalize],
            decomposition=self.decomposition,
            free_level=self._free_level,
        )
        return Fits({"record": records}, records[..., Column.OUTCOME].astype(np.int64))

    def _advance(self, fits: Fits, rows: Rows, lo: IntArray, hi: IntArray) -> Fits:
        moved = kernel.advance(fits["record"], int(self.season_length), rows.values, lo, hi)
        return Fits({"record": moved}, fits.trouble)

    def _project(self, fits: Fits, ahead: Ahead) -> Projection:
        mean, sd = kernel.project(fits["record"], int(self.season_length), ahead.h)
        return Projection(mean, sd)

    def _is_sound(self, fits: Fits, lengths: IntArray) -> bool:
        return set(fits.columns) == {"record"} and kernel.are_sound(
            fits["record"], lengths, int(self.season_length), self.models
        )

    def _uncertainty(self, fits: Fits, h: int) -> tuple[FloatArray, FloatArray]:
        """The member is taken as smoothing around a free line; an index is a mean of ``n / m`` values."""
        record = fits["record"].reshape(-1, fits["record"].shape[-1])
        alpha, count = record[:, Column.ALPHA], record[:, Column.COUNT].astype(np.int64)
        ratio = variance_ratio(
            np.stack([alpha, 0 * alpha, 0 * alpha], axis=1),
            np.ones(len(record)),
            count,
            h,
            trend=True,
            season_length=1,
            estimated=(True, False, False),
        )
        index = np.where(record[:, Column.SEASON] > 0, self.season_length / count, 0.0)
        ratio += index[:, None] / (1.0 + np.arange(h) * alpha[:, None] ** 2)
        model = record[:, Column.MODEL].astype(np.int64)
        size = [kernel.n_parameters(name, self._free_level) for name in kernel.MODELS]
        df = count - kernel.BURN_IN - np.array(size)[model]
        return np.sqrt(ratio).reshape(*fits.shape, h), np.maximum(df, 1.0).reshape(fits.shape)

    def _trouble(self, code: int) -> ForecastingError:
        if code == Outcome.NOT_FINITE:
            return OverflowedError(
                "the level or the slope of the line is too large for a double; rescale the series"
            )
        return SeriesError(f"the window has fewer than {self.min_observations} values")

    def _parameters(self, fits: Fits) -> dict[str, AnyArray]:
        record = fits["record"]
        model = record[..., Column.MODEL].astype(np.int64)
        found: dict[str, AnyArray] = {
            "method": np.array(kernel.MODELS, dtype=object)[model],
            "alpha": record[..., Column.ALPHA],
            "theta": kernel.thetas(record),
            "first_level": record[..., Column.FIRST_LEVEL],
            "level": record[..., Column.LEVEL],
            "intercept": record[..., Column.INTERCEPT],
            "slope": record[..., Column.SLOPE],
            "sse": record[..., Column.SSE],
            "sigma": record[..., Column.SIGMA],
            "n_obs": record[..., Column.COUNT],
            "seasonal": record[..., Column.SEASON] > 0,
        }
        if self.season_length > 1:
            for j in range(self.season_length):
                found[f"season_{j + 1}"] = record[..., Column.INDICES + j]
        return found


@documented(THETA)
@dataclass(frozen=True)
class Theta(_Theta):
    """The standard Theta method (STM): smoothing with half the slope of the line as drift.

    Half the line through the history (theta = 0), half an exponential smoothing of what bends twice as much
    (theta = 2). Needs five values (six with an estimated level);
    missing values are failures.

    Parameters
    ----------
    season_length : int
        Steps in a season; 1 without.
    decomposition : {"multiplicative", "additive"}
        How the season is taken out. Additive is taken instead where a value is not positive or an index
        falls below 0.01.
    deseasonalize : {"test"} or bool
        ``"test"``: where the autocorrelation at the season is significant at 10 %, which is looked for in
        seasons of four steps or more. ``True``: always. Histories of less than two seasons stay as they
        are.
    initial_level : {"first", "estimated"}
        ``"first"``: the first level is such that the first mean is the first value. ``"estimated"``: it is a
        parameter, as in the paper and in statsforecast. That fits better and forecasts worse where the
        history is short: MASE of the M3 yearly series 2.609 against 2.575 (:class:`DynamicOptimizedTheta`).

    Notes
    -----
    ``Backtest.parameters`` tells ``method, alpha, theta, first_level, level, intercept, slope, sse,
    sigma, n_obs, seasonal`` and the indices ``season_1, ...``, counted from the first value of the
    training part; all 1 (0 in an additive decomposition) where there is no season.

    Examples
    --------
    >>> import pandas as pd
    >>> y = pd.Series([3.0, 4, 6, 5, 8, 7, 9, 10], pd.date_range("2024-01-01", periods=8, freq="MS"))
    >>> Theta().fit(y).predict(2).round(2).tolist()
    [10.0, 10.48]
    """

    models: ClassVar[tuple[str, ...]] = ("STM",)

    season_length: int = 1
    decomposition: Literal["multiplicative", "additive"] = "multiplicative"
    deseasonalize: Literal["test"] | bool = "test"
    initial_level: Literal["first", "estimated"] = "first"


@documented(THETA)
@dataclass(frozen=True)
class OptimizedTheta(_Theta):
    """The Theta method with theta chosen with the weight and the level (OTM).

    theta says how much of the line's slope is drift, ``1 - 1 / theta`` between 0 and 1. Needs six values (seven
    with an estimated level); missing values are failures.

    Parameters
    ----------
    season_length, decomposition, deseasonalize, initial_level
        As in :class:`Theta`.
    """

    models: ClassVar[tuple[str, ...]] = ("OTM",)

    season_length: int = 1
    decomposition: Literal["multiplicative", "additive"] = "multiplicative"
    deseasonalize: Literal["test"] | bool = "test"
    initial_level: Literal["first", "estimated"] = "first"


@documented(THETA)
@dataclass(frozen=True)
class DynamicTheta(_Theta):
    """The standard Theta method around a line that moves on with the data (DSTM).

    The line at each step is that of the values seen so far, also among the forecasts. Needs five values (six
    with an estimated level); missing values are failures.

    Parameters
    ----------
    season_length, decomposition, deseasonalize, initial_level
        As in :class:`Theta`.
    """

    models: ClassVar[tuple[str, ...]] = ("DSTM",)

    season_length: int = 1
    decomposition: Literal["multiplicative", "additive"] = "multiplicative"
    deseasonalize: Literal["test"] | bool = "test"
    initial_level: Literal["first", "estimated"] = "first"


@documented(THETA)
@dataclass(frozen=True)
class DynamicOptimizedTheta(_Theta):
    """The Theta method with a chosen theta and a line that moves on (DOTM).

    The best of the family in the M3 competition's data (Fiorucci et al. 2016). Needs six values (seven with
    an estimated level); missing values are failures.

    Parameters
    ----------
    season_length, decomposition, deseasonalize, initial_level
        As in :class:`Theta`.
    """

    models: ClassVar[tuple[str, ...]] = ("DOTM",)

    season_length: int = 1
    decomposition: Literal["multiplicative", "additive"] = "multiplicative"
    deseasonalize: Literal["test"] | bool = "test"
    initial_level: Literal["first", "estimated"] = "first"


@documented(THETA)
@dataclass(frozen=True)
class AutoTheta(_Theta):
    """The member of the Theta family with the least squared one-step error.

    A choice between :class:`OptimizedTheta` and :class:`DynamicOptimizedTheta`: the standard members are these
    with theta = 2 and cannot have less. Needs six values (seven with an estimated level); missing values are
    failures.

    Parameters
    ----------
    season_length, decomposition, deseasonalize, initial_level
        As in :class:`Theta`.
    """

    models: ClassVar[tuple[str, ...]] = ("OTM", "DOTM")

    season_length: int = 1
    decomposition: Literal["multiplicative", "additive"] = "multiplicative"
    deseasonalize: Literal["test"] | bool = "test"
    initial_level: Literal["first", "estimated"] = "first"
