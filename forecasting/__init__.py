"""Forecast many series with many methods, and know which of them would have been right.

>>> import forecasting as fc
>>> fc.SeasonalNaive(12)
SeasonalNaive(season_length=12)
"""

from forecasting.backtesting import Backtest, backtest
from forecasting.base import Forecaster, GlobalForecaster, LocalForecaster
from forecasting.distribution import Distribution, Normal, Point, Quantiles, Samples
from forecasting.metrics import METRICS
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
    "METRICS",
    "Backtest",
    "Distribution",
    "Forecaster",
    "Future",
    "GlobalForecaster",
    "HistoricAverage",
    "History",
    "LocalForecaster",
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
    "WindowAverage",
    "as_panel",
    "backtest",
]
