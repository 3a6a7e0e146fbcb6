"""The one-page summary of a backtest: a single HTML file that needs nothing else."""

from forecasting.report.facts import Facts, Frames, Verdict, verdicts_of
from forecasting.report.summary import html_summary

__all__ = ["Facts", "Frames", "Verdict", "html_summary", "verdicts_of"]
