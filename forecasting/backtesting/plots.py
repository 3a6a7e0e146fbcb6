"""``bt.plot``: the pictures of a backtest; ``forecasting.plotting.numbers(ax)`` gives their tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from forecasting import plotting

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from forecasting.backtesting.result import Backtest


class Plots:
    """The pictures of one backtest; every method takes ``ax=`` and returns the Axes."""

    def __init__(self, bt: Backtest) -> None:
        self._bt = bt

    def _looks(self) -> plotting.Looks:
        return plotting.looks_for(self._bt.facts.models, baseline=self._bt.facts.baseline)

    def forecasts(
        self,
        unique_id: object = None,
        *,
        models: Sequence[str] | None = None,
        cutoffs: int | Sequence[object] = 4,
        panels: bool = False,
        ax: Any = None,
    ) -> Any:
        """Draw forecasts with their intervals over the history of one series, at several cutoffs.

        ``unique_id`` defaults to the first series. On one Axes only the winner's intervals are drawn;
        ``panels=True`` gives each model an Axes, and its intervals.
        """
        bt = self._bt
        which = bt.forecasts["unique_id"].iloc[0] if unique_id is None else unique_id
        table = plotting.forecasts_table(
            bt.forecasts, bt.history, unique_id=which, models=models, cutoffs=cutoffs
        )
        if panels:
            return plotting.plot_forecast_panels(table, axes=ax, looks=self._looks())
        winner = bt.verdict.winner
        drawn = set(table["model"].dropna())
        shown = [winner] if winner is not None and winner in drawn else None
        return plotting.plot_forecasts(table, ax=ax, looks=self._looks(), intervals=shown)

    def errors(
        self, by: str = "step", metric: str | None = None, *, ax: Axes | None = None
    ) -> Axes:
        """Draw an error by ``"step"``, ``"cutoff"`` or ``"unique_id"`` (the twenty worst series)."""
        metric = metric or self._bt.main_metric
        table = plotting.errors_table(
            self._bt.summary(by=["model", by], metrics=metric), by=by, metric=metric
        )
        return plotting.plot_errors(table, ax=ax, looks=self._looks())

    def coverage(self, by: str = "model", *, ax: Axes | None = None) -> Axes:
        """Draw how often the truth fell inside the intervals, against their level; ``by="step"`` too."""
        if by == "step":
            table = plotting.coverage_table(self._bt.forecasts, by=("model", "step"))
            return plotting.plot_coverage_by_step(table, ax=ax, looks=self._looks())
        table = plotting.coverage_table(self._bt.forecasts)
        return plotting.plot_coverage(table, ax=ax, looks=self._looks())

    def ranks(self, metric: str | None = None, *, ax: Axes | None = None) -> Axes:
        """Draw mean ranks with the critical difference: joined models cannot be told apart."""
        found = self._bt.ranks(metric)
        table = plotting.ranks_table(
            found.mean_ranks, critical_difference=found.critical_difference, n=found.n_series
        )
        return plotting.plot_ranks(table, ax=ax, looks=self._looks())

    def residuals(
        self, model: str | None = None, unique_id: object = None, *, axes: Any = None
    ) -> Any:
        """Draw the one-step errors of a model: over time, their shape, autocorrelation, against fitted.

        ``model`` defaults to the winner.
        """
        model = model or self._bt.verdict.winner or next(iter(self._bt.facts.models))
        table = plotting.residuals_table(self._bt.forecasts, model=model, unique_id=unique_id)
        return plotting.plot_residuals(table, axes=axes)

    def __repr__(self) -> str:
        return (
            "Plots: .forecasts(unique_id), .errors(by=), .coverage(), .ranks(), .residuals(model)"
        )
