"""Which components a default forecast is made of, by how long a season is and what its steps are."""

from __future__ import annotations

from dataclasses import dataclass

from forecasting.base import Forecaster, LocalForecaster
from forecasting.calendar import Calendar
from forecasting.compose.stl import STLForecaster
from forecasting.compose.transform import Log, Transformed
from forecasting.compose.weighted import WeightedEnsemble
from forecasting.compose.widths import Intervals
from forecasting.compose.zeros import SkipZeros
from forecasting.frequency import BusinessDays, ClockSteps, DaySteps, IntegerSteps, ListedTimes
from forecasting.models.autoregression import AutoRegressiveRidge
from forecasting.models.naive import SeasonalNaive, SeasonalNaiveDrift
from forecasting.models.seasonal_ridge import SeasonalRidge
from forecasting.models.smoothing.aggregated import AggregatedETS
from forecasting.models.smoothing.averaged import AveragedETS
from forecasting.models.smoothing.theta import DynamicOptimizedTheta, OptimizedTheta
from forecasting.models.year_ago import YearAgo

#: Seasons up to this length are estimated state by state: months, quarters, 13 periods of four weeks.
LONGEST_SHORT_SEASON = 23
#: Steps in a day up to which exponential smoothing keeps a state for each: half hours.
LONGEST_STATES = 48
#: Seasons that are weeks of days, a year of weeks, a day of hours, where the times are whole numbers.
WEEKS, YEARS, DAYS = (5, 6, 7), (52, 53), (24, 48, 96)


@dataclass(frozen=True)
class Recipe:
    """A combination for data of one kind.

    Attributes
    ----------
    name : str
        ``"short seasons"``, ``"days"``, ``"weeks"``, ``"hours"`` or ``"long seasons"``.
    season_length : int
    ensemble : WeightedEnsemble
    """

    name: str
    season_length: int
    ensemble: WeightedEnsemble

    @property
    def seasons(self) -> tuple[int, ...]:
        """Every season in steps, a week of hours included."""
        m = self.season_length
        return (m, 7 * m) if self.name == "hours" else (m,)


def recipe(
    season_length: int, calendar: Calendar | None, horizon: int | None, pooled: bool
) -> Recipe:
    """Return what data with this season are forecast by; the calendar says what the season is a season of."""
    m, frequency = season_length, IntegerSteps() if calendar is None else calendar.frequency
    counted = isinstance(frequency, (IntegerSteps, ListedTimes))
    day = m if counted and m in DAYS else 0
    if isinstance(frequency, ClockSteps):
        day = frequency.season_length
    if day > 1 and m in (day, 7 * day):
        return _hours(day, horizon, pooled)
    days = frequency.step if isinstance(frequency, DaySteps) else 0
    daily = isinstance(frequency, BusinessDays) or days == 1
    if (daily or counted) and m in WEEKS:
        return _days(m, horizon, pooled)
    if m <= LONGEST_SHORT_SEASON:
        return _short(m, pooled)
    if (days == 7 or counted) and m in YEARS:
        return _long("weeks", m, 365.25 / 7, horizon, pooled)
    return _long("long seasons", m, float(m), horizon, pooled)


def _on_logs(forecaster: LocalForecaster) -> Forecaster:
    return Transformed(forecaster, Log(), bias_correction=False)


def _short(m: int, pooled: bool) -> Recipe:
    members: dict[str, Forecaster] = {
        "ets": AveragedETS(m),
        "log_ets": _on_logs(AveragedETS(m, errors="additive")),
        "dynamic_theta": DynamicOptimizedTheta(m),
        "theta": OptimizedTheta(m),
        "autoregression": AutoRegressiveRidge(m),
        "seasonal_drift": SeasonalNaiveDrift(m),
    }
    if m > 1:
        members["stl_theta"] = STLForecaster(m, DynamicOptimizedTheta())
    n = 6 if m == 1 else 8 if m <= 4 else 12
    return Recipe(
        "short seasons",
        m,
        WeightedEnsemble(
            members,
            season_length=m,
            horizon=n,
            n_origins=n,
            intervals="scale",
            pooled=pooled,
            on_failure="leave_out",
        ),
    )


def _strided(
    name: str, members: dict[str, Forecaster], m: int, h: int, intervals: Intervals, pooled: bool
) -> Recipe:
    return Recipe(
        name,
        m,
        WeightedEnsemble(
            members,
            season_length=m,
            horizon=h,
            n_origins=8,
            step_size=max(h // 2, 1),
            intervals=intervals,
            pooled=pooled,
            on_failure="leave_out",
        ),
    )


def _days(m: int, horizon: int | None, pooled: bool) -> Recipe:
    periods = (float(m), 365.25 * m / 7)
    members = {
        "log_ridge": SkipZeros(SeasonalRidge(periods, log=True)),
        "ridge": SeasonalRidge(periods, log=False),
        "year_ago": YearAgo(52 * m, 4 * m),
        "ets": AveragedETS(m),
        "log_ets": SkipZeros(_on_logs(AveragedETS(m, errors="additive"))),
        "weekly_ets": AggregatedETS(m),
    }
    return _strided("days", members, m, horizon or 4 * m, "conformal", pooled)


def _long(name: str, m: int, year: float, horizon: int | None, pooled: bool) -> Recipe:
    members = {
        "log_ridge": SeasonalRidge(year, log=True),
        "ridge": SeasonalRidge(year, log=False),
        "year_ago": YearAgo(m, 8),
        "seasonal_naive": SeasonalNaive(m),
        "ets": AveragedETS(1),
        "log_ets": _on_logs(AveragedETS(1, errors="additive")),
        "theta": DynamicOptimizedTheta(1),
        "autoregression": AutoRegressiveRidge(1, n_lags=6),
    }
    return _strided(name, members, m, horizon or m // 4, "blend", pooled)


def _hours(m: int, horizon: int | None, pooled: bool) -> Recipe:
    week, h = 7 * m, horizon or 2 * m
    ets: LocalForecaster = AveragedETS(m)
    log_ets: LocalForecaster = AveragedETS(m, errors="additive")
    if m > LONGEST_STATES:  # states for so many steps take seconds a series, and know no better
        ets = STLForecaster(m, AveragedETS())
        log_ets = STLForecaster(m, AveragedETS(errors="additive"))
    members: dict[str, Forecaster] = {
        "log_ridge": SeasonalRidge((m, week), log=True, horizon=2 * m),
        "ridge": SeasonalRidge((m, week), log=False, horizon=2 * m),
        "year_ago": YearAgo(week, 3 * m),
        "seasonal_naive": SeasonalNaive(week),
        "ets": ets,
        "log_ets": _on_logs(log_ets),
        "theta": DynamicOptimizedTheta(m),
    }
    return _strided("hours", members, m, h, "blend", pooled)
