"""Adapter to Prophet: trend with changepoints, seasons, holidays and regressors.

The forecast is the library's. Around it: its log lines and its messages at import stay inside, the
optimiser's files are gone when a fit is, nothing is drawn from numpy's global state, and what the
library fits in silence (values above the cap, a multiplicative season on negative values) is a
failure.
"""

from __future__ import annotations

import importlib
import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from forecasting._typing import FloatArray
from forecasting.base import LocalForecaster
from forecasting.distribution import Deferred, Distribution, Samples
from forecasting.errors import (
    ArgumentError,
    MissingTargetError,
    NonPositiveError,
    SeriesError,
    ShortSeriesError,
    plural,
)
from forecasting.series import Future, History

Mode = Literal["additive", "multiplicative"]
MODES = ("additive", "multiplicative")
BLOCK = 64
HOLIDAY_COLUMNS = ("holiday", "ds", "lower_window", "upper_window", "prior_scale")


@dataclass(frozen=True)
class Seasonality:
    """A season of any length: a Fourier series of ``fourier_order`` pairs over ``period`` days.

    Parameters
    ----------
    name : str
    period : float
        Days, for instance 30.5.
    fourier_order : int
        At least 1; more follows faster changes.
    prior_scale : float, optional
        Larger lets it swing more; the forecaster's ``seasonality_prior_scale`` if not given.
    mode : {"additive", "multiplicative"}, optional
        The forecaster's ``seasonality_mode`` if not given.
    """

    name: str
    period: float
    fourier_order: int
    prior_scale: float | None = None
    mode: Mode | None = None

    def __post_init__(self) -> None:
        if not self.period > 0 or not self.fourier_order >= 1:
            raise ArgumentError(f"period and fourier_order must be positive, got {self!r}")
        if self.mode is not None and self.mode not in MODES:
            raise ArgumentError(f"mode must be 'additive' or 'multiplicative', got {self.mode!r}")


@dataclass(frozen=True)
class HolidayCalendar:
    """Rows of ``holiday, ds, lower_window, upper_window, prior_scale``, as values that compare."""

    rows: tuple[tuple[Any, ...], ...]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> HolidayCalendar:
        """Read a frame with ``holiday, ds`` and optionally windows and prior scale."""
        missing = [name for name in HOLIDAY_COLUMNS[:2] if name not in frame]
        if missing:
            raise ArgumentError(
                f"holidays has no column {missing[0]!r}; it needs holiday, ds and may have "
                "lower_window, upper_window (days around, for instance -1 and 1), prior_scale"
            )
        table = frame.reindex(columns=list(HOLIDAY_COLUMNS))
        table["ds"] = pd.to_datetime(table["ds"])
        if table[["holiday", "ds"]].isna().any(axis=None):
            raise ArgumentError("holidays has a row without a name or a day; drop it with dropna()")
        table = table.fillna({"lower_window": 0, "upper_window": 0})
        if (table["lower_window"] > 0).any() or (table["upper_window"] < 0).any():
            raise ArgumentError("holidays: lower_window must be 0 or less, upper_window 0 or more")
        # None, not NaN, where no prior scale is given: NaN would not equal itself.
        table = table.astype(object).where(table.notna(), None)
        return cls(tuple(table.itertuples(index=False, name=None)))

    def frame(self, prior_scale: float) -> pd.DataFrame:
        """Return the rows as a new frame, with every prior scale filled in."""
        table = pd.DataFrame(list(self.rows), columns=list(HOLIDAY_COLUMNS))
        table["prior_scale"] = [prior_scale if p is None else float(p) for *_, p in self.rows]
        return table

    def __repr__(self) -> str:
        return f"<{plural(len(self.rows), 'holiday')}>"


@dataclass(frozen=True)
class Prophet(LocalForecaster):
    """Prophet: ``y(t) = g(t) (1 + m(t)) + a(t) + e_t``, estimated by maximum a posteriori.

    ``g`` is a trend with changepoints, ``a`` and ``m`` are additive and multiplicative seasons,
    holidays and regressors. All known-future regressors of the panel are used, with the library's
    default priors.

    Intervals come from ``n_samples`` paths of the library's generative model: in each step of length
    ``d`` (in units of the training span) the slope changes with probability ``S d`` by a Laplace
    variate of the mean size of the past changes, ``S`` the number of changepoints; ``e_t`` is
    Gaussian. The paths are drawn here, step by step, so that a shorter horizon has the head of a
    longer one's. They know nothing of the uncertainty of seasons: expect 95 % intervals to cover
    less, or wrap the forecaster in ``Calibrated``.

    Parameters
    ----------
    growth : {"linear", "flat", "logistic"}
        Logistic growth needs ``cap``.
    cap, floor : float, optional
        Bounds of logistic growth, the same for every series; ``floor`` is 0 if not given. A series
        with values outside is a failure.
    n_changepoints : int
        Spread evenly over the first ``changepoint_range`` of the history.
    changepoint_range : float
        In (0, 1].
    changepoint_prior_scale, seasonality_prior_scale, holidays_prior_scale : float
        Larger follows the data more closely.
    yearly, weekly, daily : {"auto", True, False} or int
        Seasons; a number is the Fourier order. ``"auto"``: yearly from two years of history on,
        weekly from two weeks if steps are shorter than a week, daily from two days if steps are
        shorter than a day.
    seasonality_mode : {"additive", "multiplicative"}
        A multiplicative season on a series with negative values is a failure.
    seasonalities : tuple of Seasonality
        More seasons.
    holidays : DataFrame, optional
        ``holiday, ds`` and optionally ``lower_window, upper_window`` (days), ``prior_scale``; past and
        future days.
    country_holidays : str, optional
        Two-letter code, for instance ``"US"``.
    n_samples : int
        Paths behind the intervals.

    Notes
    -----
    Times must be dates: integer time is an error. Zoned times are read on the wall clock. Missing
    values are left out; at least two must be there. ``refit=False`` keeps the estimates and
    extrapolates further. Files of the optimiser are removed with the fit.

    References
    ----------
    Taylor and Letham (2018), Forecasting at scale, *The American Statistician* 72, 37-45.
    """

    growth: Literal["linear", "flat", "logistic"] = "linear"
    cap: float | None = None
    floor: float | None = None
    n_changepoints: int = 25
    changepoint_range: float = 0.8
    changepoint_prior_scale: float = 0.05
    seasonality_prior_scale: float = 10.0
    holidays_prior_scale: float = 10.0
    yearly: bool | int | Literal["auto"] = "auto"
    weekly: bool | int | Literal["auto"] = "auto"
    daily: bool | int | Literal["auto"] = "auto"
    seasonality_mode: Mode = "additive"
    seasonalities: tuple[Seasonality, ...] = ()
    holidays: pd.DataFrame | HolidayCalendar | None = None
    country_holidays: str | None = None
    n_samples: int = 1000

    handles_missing: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.growth not in ("linear", "flat", "logistic"):
            raise ArgumentError(f"growth must be linear, flat or logistic, got {self.growth!r}")
        if self.seasonality_mode not in MODES:
            raise ArgumentError(
                f"seasonality_mode must be additive or multiplicative, got {self.seasonality_mode!r}"
            )
        self._check_bounds()
        self._check_numbers()
        names = [s.name for s in self.seasonalities]
        if len(set(names)) < len(names):
            raise ArgumentError(f"seasonalities has one name twice: {', '.join(names)}")
        if isinstance(self.holidays, pd.DataFrame):
            object.__setattr__(self, "holidays", HolidayCalendar.of(self.holidays))
        elif not isinstance(self.holidays, (HolidayCalendar, type(None))):
            raise ArgumentError(
                f"holidays must be a DataFrame, got {self.holidays!r}; a country goes to "
                "country_holidays"
            )
        if self.country_holidays is not None:
            _check_country(self.country_holidays)

    def _check_bounds(self) -> None:
        if (self.growth == "logistic") != (self.cap is not None):
            raise ArgumentError("growth='logistic' and cap= belong together; give both or neither")
        if self.floor is not None and self.cap is None:
            raise ArgumentError("floor= is for growth='logistic' with cap=")
        if self.cap is not None and not (self.floor or 0.0) < self.cap < np.inf:
            raise ArgumentError(f"cap={self.cap:g} must lie above floor={self.floor or 0.0:g}")

    def _check_numbers(self) -> None:
        for name in ("changepoint", "seasonality", "holidays"):
            scale = getattr(self, f"{name}_prior_scale")
            if not 0 < scale < np.inf:
                raise ArgumentError(f"{name}_prior_scale must be positive, got {scale!r}")
        if not 0 < self.changepoint_range <= 1:
            raise ArgumentError(
                f"changepoint_range must lie in (0, 1], got {self.changepoint_range}"
            )
        for name, least in (("n_changepoints", 0), ("n_samples", 100)):
            number = getattr(self, name)
            if isinstance(number, bool) or not isinstance(number, int) or number < least:
                raise ArgumentError(f"{name} must be a whole number of at least {least}")

    @property
    def min_observations(self) -> int:
        return 2

    @property
    def _multiplicative(self) -> bool:
        modes = [self.seasonality_mode, *(s.mode for s in self.seasonalities)]
        return "multiplicative" in modes

    # --- fitting ----------------------------------------------------------------------------------

    def _check_values(self, y: FloatArray) -> None:
        seen = y[~np.isnan(y)]
        if len(seen) < 2:
            raise ShortSeriesError(needed=2, got=len(seen), what="values that are not missing")
        if self._multiplicative and (seen < 0).any():
            raise NonPositiveError(
                f"has {plural(int((seen < 0).sum()), 'value')} below zero; a multiplicative season "
                "needs y >= 0"
            )
        if self.cap is not None:
            above, below = int((seen > self.cap).sum()), int((seen < (self.floor or 0.0)).sum())
            if above or below:
                raise SeriesError(
                    f"{plural(above, 'value')} above cap={self.cap:g} and {below} below "
                    f"floor={self.floor or 0.0:g}; logistic growth stays between them"
                )

    def _table(self, ds: pd.Index, X: FloatArray, names: tuple[str, ...]) -> pd.DataFrame:
        """Return the library's frame: wall-clock times, bounds, regressors under safe names."""
        table = pd.DataFrame({"ds": wall_clock(ds)})
        if self.cap is not None:
            table["cap"] = float(self.cap)
            table["floor"] = float(self.floor or 0.0)
        for j, name in enumerate(names):
            if np.isnan(X[:, j]).any():
                raise MissingTargetError(f"regressor {name!r} is missing in places; fill it before")
            table[_regressor(j)] = X[:, j]
        return table

    def _unfitted(self, n_regressors: int) -> Any:
        from prophet import Prophet as Library

        rows = self.holidays
        model = Library(
            growth=self.growth,
            n_changepoints=self.n_changepoints,
            changepoint_range=self.changepoint_range,
            yearly_seasonality=self.yearly,
            weekly_seasonality=self.weekly,
            daily_seasonality=self.daily,
            holidays=rows.frame(self.holidays_prior_scale)
            if isinstance(rows, HolidayCalendar)
            else None,
            seasonality_mode=self.seasonality_mode,
            seasonality_prior_scale=self.seasonality_prior_scale,
            holidays_prior_scale=self.holidays_prior_scale,
            changepoint_prior_scale=self.changepoint_prior_scale,
            uncertainty_samples=0,
        )
        for s in self.seasonalities:
            model.add_seasonality(s.name, s.period, s.fourier_order, s.prior_scale, s.mode)
        if self.country_holidays is not None:
            model.add_country_holidays(self.country_holidays)
        for j in range(n_regressors):
            model.add_regressor(_regressor(j))
        return model

    def _fit(self, history: History) -> Any:
        self._check_values(history.y)
        table = self._table(history.ds, history.X, history.X_names).assign(y=history.y)
        seed = int(history.rng().integers(1, 2**31))
        with quiet(), tempfile.TemporaryDirectory(prefix="forecasting-prophet-") as folder:
            model = self._unfitted(len(history.X_names))
            model.fit(table, seed=seed, output_dir=folder)
        # What is left is parameters and the frame; the backend and its files are not needed again.
        model.stan_backend = model.stan_fit = None
        model.fit_kwargs = {}
        return model

    def _update(self, state: Any, history: History) -> Any:
        self._check_values(history.y)
        return state  # dates carry the time: the estimates are extrapolated further

    # --- forecasting ------------------------------------------------------------------------------

    def _predict(self, state: Any, future: Future) -> Distribution:
        table = self._table(future.ds, future.X, future.X_names)
        # A matrix product may round a row differently in a matrix of another height: whole blocks of
        # rows make the head of a long forecast equal a short one to the bit.
        rows = np.minimum(np.arange(-(-future.h // BLOCK) * BLOCK), future.h - 1)
        with quiet():
            found = state.predict(table.iloc[rows].reset_index(drop=True)).iloc[: future.h]
        mean = found["yhat"].to_numpy(dtype=np.float64)
        return Deferred(mean, lambda: Samples(self._paths(state, future, found)))

    def _paths(self, model: Any, future: Future, found: pd.DataFrame) -> FloatArray:
        """Return draws of y, shape (n_samples, h), from the library's generative model."""
        rngs = future.rng().spawn(4)
        size = (future.h, self.n_samples)
        t = ((found["ds"] - model.start) / model.t_scale).to_numpy(dtype=np.float64)  # (h,)
        gaps = np.diff(t, prepend=1.0)  # the training span ends at 1
        deltas = model.params["delta"][0]
        size_of_change = np.abs(deltas).mean() + 1e-8 if self.growth != "flat" else 0.0
        chance = len(model.changepoints_t) * gaps[:, None]
        changes = np.where(
            rngs[0].random(size) < chance, rngs[1].laplace(0.0, 1.0, size) * size_of_change, 0.0
        )
        if self.growth == "logistic":
            moved = _logistic_moves(model, found, t, gaps, changes)
        else:
            # A change counts half in its own step: it comes somewhere within.
            slope = np.cumsum(changes, axis=0) - changes / 2
            moved = np.cumsum(slope * gaps[:, None], axis=0) * model.y_scale
        noise = (
            rngs[2].standard_normal(size) * np.ravel(model.params["sigma_obs"])[0] * model.y_scale
        )
        trend = found["trend"].to_numpy()[:, None] + moved
        draws = trend * (1 + found["multiplicative_terms"].to_numpy()[:, None])
        paths: FloatArray = (draws + found["additive_terms"].to_numpy()[:, None] + noise).T
        return paths


def _logistic_moves(
    model: Any, found: pd.DataFrame, t: FloatArray, gaps: FloatArray, changes: FloatArray
) -> FloatArray:
    """Return how far simulated logistic trends lie from their mean path, shape (h, n).

    At a change of the rate from ``k`` to ``k'`` at time ``s`` the offset moves to
    ``m + (s - m)(1 - k / k')``, which keeps the trend continuous.
    """
    deltas, points = model.params["delta"][0], model.changepoints_t
    rate, offset = float(np.ravel(model.params["k"])[0]), float(np.ravel(model.params["m"])[0])
    for delta, point in zip(deltas, points, strict=True):
        offset += (point - offset) * (1 - rate / (rate + delta))
        rate += delta
    k = np.full(changes.shape[1], rate)
    m = np.full(changes.shape[1], offset)
    height = (found["cap"] - found["floor"]).to_numpy(dtype=np.float64)
    moved = np.empty(changes.shape)
    for j in range(len(t)):
        after = k + changes[j]
        after = np.where(np.abs(after) < 1e-12, 1e-12, after)
        m = m + (t[j] - gaps[j] / 2 - m) * (1 - k / after)
        k = after
        with np.errstate(over="ignore"):
            path = height[j] / (1 + np.exp(-k * (t[j] - m)))
        moved[j] = path - path.mean()
    return moved


# --- the library kept inside ------------------------------------------------------------------------


def _regressor(j: int) -> str:
    return f"regressor_{j}"  # the library reserves many names that a column may have


def _check_country(country: str) -> None:
    with quiet():
        known = importlib.import_module("holidays").list_supported_countries()
    if country not in known:
        raise ArgumentError(
            f"country_holidays={country!r} is not known; use a two-letter code, for instance 'US', 'GB'"
        )


def wall_clock(ds: pd.Index) -> pd.DatetimeIndex:
    """Return times without zone, periods at their start.

    Raises
    ------
    ArgumentError
        For integer time.
    """
    if isinstance(ds, pd.PeriodIndex):
        return ds.to_timestamp(how="start")
    if not isinstance(ds, pd.DatetimeIndex):
        raise ArgumentError(
            "Prophet needs dates and this data has integer time; give ds as dates "
            "(pd.date_range), or use a forecaster that needs none"
        )
    return ds if ds.tz is None else ds.tz_localize(None)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the log lines, warnings and filters of Prophet and cmdstanpy inside."""
    names = ("cmdstanpy", "prophet", "prophet.plot", "prophet.models", "prophet.forecaster")
    loggers = [logging.getLogger(name) for name in names]
    before = [(logger.disabled, logger.level) for logger in loggers]
    try:
        for logger in loggers:
            logger.disabled = True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, (disabled, level) in zip(loggers, before, strict=True):
            logger.disabled = disabled
            logger.setLevel(level)
