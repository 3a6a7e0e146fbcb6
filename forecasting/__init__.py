"""Forecast many series with many methods, and know which of them would have been right.

>>> import forecasting as fc
>>> fc.SeasonalNaive(12)
SeasonalNaive(season_length=12)
"""

from forecasting.backtesting import Backtest, backtest
from forecasting.base import Forecaster, GlobalForecaster, LocalForecaster
from forecasting.compose.calibrate import Calibrated
from forecasting.compose.ensemble import Ensemble
from forecasting.compose.fallback import Fallback
from forecasting.compose.transform import BoxCox, Difference, Log, Transformed
from forecasting.distribution import Distribution, Normal, Point, Quantiles, Samples
from forecasting.metrics import METRICS
from forecasting.models.intermittent import ADIDA, IMAPA, TSB, Croston, CrostonSBA
from forecasting.models.naive import (
    HistoricAverage,
    Naive,
    RandomWalkWithDrift,
    SeasonalNaive,
    SeasonalWindowAverage,
    WindowAverage,
)
from forecasting.panel import Panel
from forecasting.reading import as_panel
from forecasting.regressors import Regressors
from forecasting.series import Future, History

__all__ = [
    "ADIDA",
    "IMAPA",
    "METRICS",
    "TSB",
    "Backtest",
    "BoxCox",
    "Calibrated",
    "Croston",
    "CrostonSBA",
    "Difference",
    "Distribution",
    "Ensemble",
    "Fallback",
    "Forecaster",
    "Future",
    "GlobalForecaster",
    "HistoricAverage",
    "History",
    "LocalForecaster",
    "Log",
    "Naive",
    "Normal",
    "Panel",
    "Point",
    "Quantiles",
    "RandomWalkWithDrift",
    "Regressors",
    "Samples",
    "SeasonalNaive",
    "SeasonalWindowAverage",
    "Transformed",
    "WindowAverage",
    "as_panel",
    "backtest",
]
