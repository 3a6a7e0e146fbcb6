"""The backtest: replay history, refit at every cutoff, score, and say which forecaster was right."""

from forecasting.backtesting.audited import audit
from forecasting.backtesting.engine import backtest
from forecasting.backtesting.result import Backtest, Facts
from forecasting.backtesting.streaming import StoredBacktest, backtest_to_store

__all__ = ["Backtest", "Facts", "StoredBacktest", "audit", "backtest", "backtest_to_store"]
