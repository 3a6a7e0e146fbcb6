"""Forecast many series with many methods, and know which of them would have been right.

>>> import forecasting as fc
>>> fc.SeasonalNaive(12)
SeasonalNaive(season_length=12)
"""

from forecasting.aggregating import aggregate
from forecasting.as_sktime import as_sktime
from forecasting.auditing import Certificate, load_certificate
from forecasting.automatic.forecaster import AutoForecaster
from forecasting.backtesting import Backtest, StoredBacktest, audit, backtest, backtest_to_store
from forecasting.base import Forecaster, GlobalForecaster, LocalForecaster
from forecasting.compose.booster import PanelBooster
from forecasting.compose.calibrate import Calibrated
from forecasting.compose.ensemble import Ensemble
from forecasting.compose.fallback import Fallback
from forecasting.compose.stl import STLForecaster
from forecasting.compose.transform import BoxCox, Difference, Log, Transformed
from forecasting.compose.weighted import WeightedEnsemble
from forecasting.compose.zeros import SkipZeros
from forecasting.distribution import Distribution, Normal, Point, Quantiles, Samples
from forecasting.errors import (
    ArgumentError,
    CalibrationWarning,
    DataWarning,
    FailureWarning,
    ForecastingError,
    InputError,
    NonPositiveError,
    SeriesError,
    ShortSeriesError,
)
from forecasting.features.calendar_features import calendar_features
from forecasting.filling import fill_gaps
from forecasting.loading import load
from forecasting.metrics import METRICS
from forecasting.modelfile.errors import (
    CorruptModelFileError,
    ModelFileError,
    UnsafeModelFileError,
    UnsavableError,
    VersionMismatchError,
)
from forecasting.modelfile.signature import read_signature
from forecasting.models.arima import ARIMA, AutoARIMA
from forecasting.models.autoregression import AutoRegressiveRidge
from forecasting.models.intermittent import ADIDA, IMAPA, TSB, Croston, CrostonSBA
from forecasting.models.naive import (
    HistoricAverage,
    Naive,
    RandomWalkWithDrift,
    SeasonalNaive,
    SeasonalNaiveDrift,
    SeasonalWindowAverage,
    WindowAverage,
)
from forecasting.models.prophet import Prophet
from forecasting.models.regression import LagRegression
from forecasting.models.seasonal_ridge import SeasonalRidge
from forecasting.models.sktime import Sktime
from forecasting.models.smoothing.aggregated import AggregatedETS
from forecasting.models.smoothing.averaged import AveragedETS
from forecasting.models.smoothing.ets import ETS, SES, AutoETS, Holt, HoltWinters
from forecasting.models.smoothing.theta import (
    AutoTheta,
    DynamicOptimizedTheta,
    DynamicTheta,
    OptimizedTheta,
    Theta,
)
from forecasting.models.statsmodels import StatsmodelsARIMA, StatsmodelsETS, StatsmodelsTheta
from forecasting.models.weighted_quantiles import WeightedQuantiles
from forecasting.models.year_ago import YearAgo
from forecasting.panel import Panel
from forecasting.quality import check
from forecasting.reading import as_panel
from forecasting.regressors import Regressors
from forecasting.series import Future, History

__all__ = [
    "ADIDA",
    "ARIMA",
    "ETS",
    "IMAPA",
    "METRICS",
    "SES",
    "TSB",
    "AggregatedETS",
    "ArgumentError",
    "AutoARIMA",
    "AutoETS",
    "AutoForecaster",
    "AutoRegressiveRidge",
    "AutoTheta",
    "AveragedETS",
    "Backtest",
    "BoxCox",
    "Calibrated",
    "CalibrationWarning",
    "Certificate",
    "CorruptModelFileError",
    "Croston",
    "CrostonSBA",
    "DataWarning",
    "Difference",
    "Distribution",
    "DynamicOptimizedTheta",
    "DynamicTheta",
    "Ensemble",
    "FailureWarning",
    "Fallback",
    "Forecaster",
    "ForecastingError",
    "Future",
    "GlobalForecaster",
    "HistoricAverage",
    "History",
    "Holt",
    "HoltWinters",
    "InputError",
    "LagRegression",
    "LocalForecaster",
    "Log",
    "ModelFileError",
    "Naive",
    "NonPositiveError",
    "Normal",
    "OptimizedTheta",
    "Panel",
    "PanelBooster",
    "Point",
    "Prophet",
    "Quantiles",
    "RandomWalkWithDrift",
    "Regressors",
    "STLForecaster",
    "Samples",
    "SeasonalNaive",
    "SeasonalNaiveDrift",
    "SeasonalRidge",
    "SeasonalWindowAverage",
    "SeriesError",
    "ShortSeriesError",
    "SkipZeros",
    "Sktime",
    "StatsmodelsARIMA",
    "StatsmodelsETS",
    "StatsmodelsTheta",
    "StoredBacktest",
    "Theta",
    "Transformed",
    "UnsafeModelFileError",
    "UnsavableError",
    "VersionMismatchError",
    "WeightedEnsemble",
    "WeightedQuantiles",
    "WindowAverage",
    "YearAgo",
    "aggregate",
    "as_panel",
    "as_sktime",
    "audit",
    "backtest",
    "backtest_to_store",
    "calendar_features",
    "check",
    "fill_gaps",
    "load",
    "load_certificate",
    "read_signature",
]
