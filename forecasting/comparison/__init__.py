"""Comparison of forecasters: paired by series and window, with what is sure and what is not."""

from forecasting.comparison.confidence_set import model_confidence_set
from forecasting.comparison.diebold_mariano import DieboldMariano, diebold_mariano
from forecasting.comparison.paired import compare
from forecasting.comparison.ranking import Ranks, critical_difference, ranks

__all__ = [
    "DieboldMariano",
    "Ranks",
    "compare",
    "critical_difference",
    "diebold_mariano",
    "model_confidence_set",
    "ranks",
]
