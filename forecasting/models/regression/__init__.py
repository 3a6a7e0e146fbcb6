"""Lag regression: any regressor, one model over all series."""

from forecasting.models.regression.estimators import Regressor
from forecasting.models.regression.forecaster import LagRegression

__all__ = ["LagRegression", "Regressor"]
