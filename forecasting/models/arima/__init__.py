"""Seasonal ARIMA, of a given order or of one that is chosen, by exact maximum likelihood at every cutoff."""

from forecasting.models.arima.auto import AutoARIMA
from forecasting.models.arima.fixed import ARIMA

__all__ = ["ARIMA", "AutoARIMA"]
