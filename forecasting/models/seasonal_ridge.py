"""Regression on seasons, the calendar and regressors, whitened by exponential smoothing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from forecasting._typing import AnyArray, IntArray
from forecasting.batch import BatchForecaster
from forecasting.calendar import Calendar
from forecasting.errors import (
    ArgumentError,
    ForecastingError,
    NonPositiveError,
    OverflowedError,
    ShortSeriesError,
    check_count,
)
from forecasting.features.days import UNIVERSAL, universal_days
from forecasting.fits import Ahead, Fits, Projection, Rows
from forecasting.frequency import BusinessDays, DaySteps
from forecasting.kernels import seasonal_ridge as kernel
from forecasting.kernels.mathematics import SEASONAL_RIDGE, documented
from forecasting.kernels.seasonal_ridge import Column, Design, Outcome

#: Origins inside a window that the weights are judged at.
ORIGINS = 8

LEAST = 3


@documented(SEASONAL_RIDGE)
@dataclass(frozen=True)
class SeasonalRidge(BatchForecaster):
    """Ridge regression on several seasons, the calendar and known-future regressors, with a smoothed level.

    For daily, hourly and weekly data: two or more seasons at once, one of which need not be a whole number of
    steps, and holidays. 21 pairs of a smoothing weight and a penalty are averaged by how well they forecast a
    few stretches of the history. Intervals are conformal. Missing values are skipped; so is a row in which a
    regressor is missing.

    Parameters
    ----------
    season_length : float or tuple of float
        Steps in each season; 1 is none: ``(7, 365.25)`` for days, ``(24, 168)`` for hours, ``365.25 / 7`` for
        weeks.
    log : bool, optional
        Regress the logarithm of y, which must be positive; ``None``: where all values of the training part are.
    calendar : bool
        Whether daily data (``D`` and ``B``) get a column for each of 25 days: Christmas and New Year, fixed
        holidays, days around Easter, the first and last three of a month.
        :func:`~forecasting.features.calendar_features` makes those of a country.
    horizon : int, optional
        Steps ahead that the 21 pairs are judged on, from up to eight origins half as far apart. By default
        four seasons of at most 7 steps, two of at most 24, a quarter of a longer one; of the shortest season.

    Notes
    -----
    Needs three values; a season that was not seen long enough has no effect. Known-future regressors, ``X``,
    are columns like the others, scaled to variance one.

    ``parameters()`` tells ``n_obs``, ``log``, the mean ``alpha`` and ``penalty`` under the weights, ``sigma``
    (of one step, in logarithms if ``log``), ``strength`` (1 - var(errors) / var(errors + regression)) and
    ``judged``, how many values the weights were judged on.

    Examples
    --------
    >>> import pandas as pd
    >>> y = pd.Series([1.0, 2, 3, 4] * 10, index=pd.date_range("2024-01-01", periods=40, freq="D"))
    >>> SeasonalRidge(4, log=False).fit(y).predict(4).round(1).tolist()
    [1.0, 2.0, 3.0, 4.0]
    """

    handles_missing: ClassVar[bool] = True

    season_length: float | tuple[float, ...]
    log: bool | None = None
    calendar: bool = True
    horizon: int | None = None

    def __post_init__(self) -> None:
        given = self._periods
        numbers = all(
            isinstance(p, (int, float, np.number)) and not isinstance(p, bool) for p in given
        )
        if not given or not numbers or not all(1 <= p < math.inf for p in given):
            raise ArgumentError(
                "season_length is a number of steps, at least 1, or a tuple of them, (7, 365.25); got "
                f"{self.season_length!r}"
            )
        if len(set(given)) < len(given):
            raise ArgumentError(f"a season is given twice in season_length={self.season_length!r}")
        for name in ("log", "calendar"):
            value = getattr(self, name)
            if not isinstance(value, bool) and not (name == "log" and value is None):
                raise ArgumentError(
                    f"{name} must be True or False{', or None' * (name == 'log')}; got {value!r}"
                )
        if self.horizon is not None:
            check_count(self.horizon, "horizon")

    @property
    def _periods(self) -> tuple[float, ...]:
        given = self.season_length
        return tuple(given) if isinstance(given, (tuple, list)) else (given,)

    @property
    def min_observations(self) -> int:
        return LEAST

    @property
    def _judged_steps(self) -> int:
        if self.horizon is not None:
            return int(self.horizon)
        shortest = min(self._periods)
        return max(round(shortest * (4 if shortest <= 7 else 2 if shortest <= 24 else 0.25)), 1)

    def _design(self, calendar: Calendar, first: IntArray, lengths: IntArray) -> Design:
        """Return the columns of rows ``first`` to ``first + lengths``."""
        seasons = kernel.seasons_of(self._periods)
        frequency = calendar.frequency
        daily = isinstance(frequency, BusinessDays) or (
            isinstance(frequency, DaySteps) and frequency.step == 1
        )
        if not self.calendar or not daily or calendar.kind == "integer" or first.size == 0:
            return Design(seasons)
        begin, end = int(first.min()), int((first + lengths).max())
        ordinals = np.arange(begin, max(end, begin + 1), dtype=np.int64)
        return Design(seasons, universal_days(frequency.times(ordinals, "s")), begin)

    # --- hooks --------------------------------------------------------------------------------------

    def _estimate(self, rows: Rows, starts: IntArray, stops: IntArray) -> Fits:
        longest = np.maximum(stops.max(axis=1, initial=0) - starts, 0)
        records = kernel.fit(
            rows.values,
            starts,
            stops,
            self._design(rows.calendar, rows.first, longest),
            first=rows.first,
            X=rows.X,
            logs="positive" if self.log is None else "always" if self.log else "never",
            horizon=self._judged_steps,
            origins=ORIGINS,
            least=LEAST,
        )
        return Fits({"records": records}, records[..., Column.OUTCOME].astype(np.int64))

    def _advance(self, fits: Fits, rows: Rows, lo: IntArray, hi: IntArray) -> Fits:
        first = rows.first[:, None] + 0 * lo
        design = self._design(rows.calendar, first, np.maximum(hi - lo, 0))
        records = kernel.advance(fits["records"], design, rows.values, rows.X, lo, hi, first)
        return Fits({"records": records}, records[..., Column.OUTCOME].astype(np.int64))

    def _project(self, fits: Fits, ahead: Ahead) -> Projection:
        design = self._design(ahead.calendar, ahead.first, np.full_like(ahead.first, ahead.h))
        return Projection(kernel.project(fits["records"], design, ahead.first, ahead.X, ahead.h))

    def _is_sound(self, fits: Fits, lengths: IntArray) -> bool:
        if set(fits.columns) != {"records"}:
            return False
        seasonal = len(kernel.seasons_of(self._periods).period)
        return any(
            kernel.are_sound(fits["records"], lengths, seasonal + days)
            for days in ((0, len(UNIVERSAL)) if self.calendar else (0,))
        )

    def _trouble(self, code: int) -> ForecastingError:
        if code == Outcome.TOO_SHORT:
            return ShortSeriesError(
                f"has fewer than {LEAST} rows without a missing value", needed=LEAST, got=0
            )
        if code == Outcome.NOT_POSITIVE:
            return NonPositiveError(
                "has values of zero or less, which have no logarithm; take log=False, or log=None"
            )
        return OverflowedError(
            "the values or the regressors are too large for a double; rescale them"
        )

    def _parameters(self, fits: Fits) -> dict[str, AnyArray]:
        records = fits["records"]
        weights = records[..., Column.WEIGHTS : Column.WEIGHTS + len(kernel.ALPHAS)]
        alpha = np.zeros(fits.shape)
        for j, a in enumerate(kernel.ALPHAS):
            alpha += a * weights[..., j]
        return {
            "n_obs": records[..., Column.COUNT],
            "log": records[..., Column.LOGGED] > 0,
            "alpha": alpha,
            "penalty": records[..., Column.PENALTY],
            "sigma": records[..., Column.SIGMA],
            "strength": records[..., Column.STRENGTH],
            "judged": records[..., Column.JUDGED],
        }
