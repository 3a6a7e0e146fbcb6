"""Columns that are known for any date, past or future."""

from forecasting.features.calendar_features import calendar_features
from forecasting.features.days import universal_days

__all__ = ["calendar_features", "universal_days"]
