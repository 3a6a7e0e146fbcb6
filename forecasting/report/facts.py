"""What the page is made of: plain facts of a run, and its tables."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How the loss of one model differs from that of another, on cells that both have forecast.

    Attributes
    ----------
    model, other : str
    difference : float
        Mean of loss(model) - loss(other); negative where ``model`` is better.
    lower, upper : float
        Interval of the difference; NaN if it was not computed.
    level : float
        Of that interval, in percent.
    win_rate : float
        Share of series, 0 to 1, on which ``model`` has the smaller mean loss; NaN if unknown.
    """

    model: str
    other: str
    difference: float
    lower: float = float("nan")
    upper: float = float("nan")
    level: float = 95.0
    win_rate: float = float("nan")

    @property
    def sure(self) -> bool | None:
        """Whether the interval leaves out zero; None if there is no interval."""
        if self.lower != self.lower or self.upper != self.upper:  # NaN
            return None
        return not self.lower <= 0.0 <= self.upper

    def turned(self) -> Verdict:
        """Return the same comparison, seen from the other model."""
        return Verdict(
            model=self.other,
            other=self.model,
            difference=-self.difference,
            lower=-self.upper,
            upper=-self.lower,
            level=self.level,
            win_rate=1.0 - self.win_rate,
        )


def verdicts_of(comparison: pd.DataFrame, *, level: float = 95.0) -> tuple[Verdict, ...]:
    """Return one verdict a row of what :func:`forecasting.comparison.compare` returned.

    Parameters
    ----------
    comparison : DataFrame
        ``model, baseline, difference, difference_lo, difference_hi, win_rate``, one row a model.
    level : float, default 95
        That the interval was made with, in percent.
    """
    return tuple(
        Verdict(
            model=str(row["model"]),
            other=str(row["baseline"]),
            difference=float(row["difference"]),
            lower=float(row["difference_lo"]),
            upper=float(row["difference_hi"]),
            level=level,
            win_rate=float(row["win_rate"]),
        )
        for row in comparison.to_dict("records")
    )


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a reader must know of a run beside its tables.

    Attributes
    ----------
    title : str
        Heading of the page.
    metric : str
        Column of the summary that decides who won.
    baseline : str or None
    n_series : int
        Series handed in, those that were skipped included.
    h : int
    verdicts : tuple of Verdict
        Comparisons that are there, see :func:`verdicts_of`; the headline looks for winner against
        baseline, and for winner against the second.
    settings, versions : tuple of (name, text)
        Shown as they are, in this order.
    fingerprint : str
        Of the data.
    created : str
        A time, as text, or nothing: the page itself never looks at the clock.
    incomplete : bool
        The run was interrupted; the page says so at the top.
    warning : str
        What else the page says at the top: an audit that failed.
    """

    title: str
    metric: str
    h: int
    n_series: int
    baseline: str | None = None
    verdicts: tuple[Verdict, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    versions: tuple[tuple[str, str], ...] = ()
    fingerprint: str = ""
    created: str = ""
    incomplete: bool = False
    warning: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Frames:
    """The tables of a run. Summaries have their groups as columns or as index.

    Attributes
    ----------
    forecasts : DataFrame
        The tidy table.
    summary : DataFrame
        By model: metrics, ``n_forecasts``, ``n_failed`` and so on.
    by_step, by_series : DataFrame
        By model and step, by model and unique_id; they hold the metric of the headline.
    by_cutoff : DataFrame, optional
        By model and cutoff.
    history : DataFrame, optional
        ``unique_id, ds, y``.
    comparison, timings : DataFrame, optional
        Shown as they are.
    failures : DataFrame, optional
        ``unique_id, model, cutoff, stage, code, message``: one row a failed window.
    skipped : DataFrame, optional
        Series and windows that could not take part, one row each.
    """

    forecasts: pd.DataFrame
    summary: pd.DataFrame
    by_step: pd.DataFrame
    by_series: pd.DataFrame
    by_cutoff: pd.DataFrame | None = None
    history: pd.DataFrame | None = None
    comparison: pd.DataFrame | None = None
    timings: pd.DataFrame | None = None
    failures: pd.DataFrame | None = None
    skipped: pd.DataFrame | None = None


def flat(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its index, if it says anything, as columns."""
    return table.reset_index() if any(name is not None for name in table.index.names) else table


__all__ = ["Facts", "Frames", "Verdict", "flat", "verdicts_of"]
