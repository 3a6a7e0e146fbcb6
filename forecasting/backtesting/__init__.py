"""The backtest: replay history, refit at every cutoff, score, and say which forecaster was right."""

from forecasting.backtesting.engine import backtest
from forecasting.backtesting.result import Backtest, Facts

__all__ = ["Backtest", "Facts", "backtest"]
