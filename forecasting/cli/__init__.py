"""The command line: ``forecasting backtest | forecast | check | models``."""

from forecasting.cli.app import main

__all__ = ["main"]
