"""Pictures of a backtest, tables first: each is drawn from a small table and hands it over.

For each picture there is a pair: ``<name>_table(frames...)`` returns the numbers, ``plot_<name>``
draws them and returns Axes, and :func:`numbers` gives the table back from the Axes::

    table = errors_table(summary, by="step", metric="MASE")
    ax = plot_errors(table)
    numbers(ax)  # the same table

All of them take plain pandas frames, draw on ``ax`` when it is given, change no global setting,
and never show or save anything. Colours are those of Okabe and Ito, and markers or line styles
differ where colours repeat.
"""

from forecasting.plotting.coverage import coverage_table, plot_coverage, plot_coverage_by_step
from forecasting.plotting.errors import errors_table, plot_errors
from forecasting.plotting.fans import plot_forecast_panels, plot_forecasts
from forecasting.plotting.forecasts import forecasts_table
from forecasting.plotting.ranks import plot_ranks, ranks_table
from forecasting.plotting.residuals import acf_table, plot_residuals, residuals_table
from forecasting.plotting.style import Look, Looks, looks_for, numbers

__all__ = [
    "Look",
    "Looks",
    "acf_table",
    "coverage_table",
    "errors_table",
    "forecasts_table",
    "looks_for",
    "numbers",
    "plot_coverage",
    "plot_coverage_by_step",
    "plot_errors",
    "plot_forecast_panels",
    "plot_forecasts",
    "plot_ranks",
    "plot_residuals",
    "ranks_table",
    "residuals_table",
]
