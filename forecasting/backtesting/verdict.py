"""One sentence about a backtest: who won, by how much, is it sure, what failed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecasting.comparison import compare
from forecasting.errors import plural
from forecasting.metrics import summarise

if TYPE_CHECKING:
    from forecasting.backtesting.result import Backtest

#: A model is ranked if at most this share more of its forecasts failed than of the best one's.
RANKED_UP_TO = 0.01


@dataclass(frozen=True)
class Verdict:
    """The outcome of a backtest in numbers; ``str()`` of it is a headline for people.

    Attributes
    ----------
    winner : str or None
        Model with the lowest mean loss; None if nothing could be scored.
    rival : str or None
        What it is compared with: the baseline, or the runner-up if the baseline won.
    difference, lo, hi : float
        Loss of the winner minus that of the rival, and its 95 % bootstrap interval.
    win_rate : float
        Share of series on which the winner has the lower loss.
    """

    metric: str
    winner: str | None = None
    loss: float = np.nan
    rival: str | None = None
    rival_loss: float = np.nan
    difference: float = np.nan
    lo: float = np.nan
    hi: float = np.nan
    win_rate: float = np.nan
    size: str = ""
    troubles: str = ""
    complete: bool = True
    audit: str = ""

    @property
    def sure(self) -> bool:
        """True if the interval of the difference excludes zero."""
        return bool(self.hi < 0)

    def __str__(self) -> str:
        lines = [self.size]
        if not self.complete:
            lines.append(
                "INCOMPLETE: the run was interrupted; what follows stands on what was finished."
            )
        lines.append(self._outcome())
        if self.troubles:
            lines.append(self.troubles)
        if self.audit:
            lines.append(self.audit)
        return "\n".join(lines)

    def _outcome(self) -> str:
        if self.winner is None:
            return "Nothing could be scored: no window has a forecast of every model and an actual beside it."
        said = f"{self.winner} has the lowest {self.metric}, {self.loss:.4g}"
        if self.rival is None:
            return f"{said}."
        if np.isfinite(self.rival_loss) and self.rival_loss > 0:
            percent = 100 * (1 - self.loss / self.rival_loss)
            said += f", {percent:.1f} % below {self.rival} ({self.rival_loss:.4g})"
        if not np.isfinite(self.lo):
            return f"{said}; too few windows and series to say how sure that is."
        sure = "sure" if self.sure else "not sure"
        return (
            f"{said}. That is {sure}: the 95 % interval of the difference is {self.lo:.3g} to {self.hi:.3g}, "
            f"and it won on {100 * self.win_rate:.0f} % of the series."
        )


def verdict_of(bt: Backtest) -> Verdict:
    """Return the verdict of a backtest.

    Models are ranked on the forecasts that all of them made: the mean over what each could do would
    favour the one that fails where it is hard.
    """
    metric = bt.main_metric
    unranked = _unranked(bt.summary(metrics=["MAE"]))
    shared, dropped = _shared(bt, unranked)
    outcome = Verdict(
        metric,
        size=_size(bt),
        troubles=_troubles(bt, unranked, dropped),
        complete=bt.complete,
        audit="" if bt.certificate is None else bt.certificate.headline,
    )
    if shared.empty:
        return outcome
    losses = summarise(shared, bt.scales, metrics=[metric])[metric].dropna()
    if losses.empty:
        return outcome
    losses = losses.sort_values(kind="stable")
    winner, rivals = str(losses.index[0]), [str(m) for m in losses.index[1:]]
    outcome = dataclasses.replace(outcome, winner=winner, loss=float(losses.iloc[0]))
    if not rivals:
        return outcome
    rival = bt.facts.baseline if bt.facts.baseline in rivals else rivals[0]
    row = compare(shared, bt.scales, model=winner, baseline=rival, metric=metric).iloc[0]
    return dataclasses.replace(
        outcome,
        rival=rival,
        rival_loss=float(losses[rival]),
        difference=float(row["difference"]),
        lo=float(row["difference_lo"]),
        hi=float(row["difference_hi"]),
        win_rate=float(row["win_rate"]),
    )


def _shared(bt: Backtest, unranked: dict[str, float]) -> tuple[pd.DataFrame, int]:
    """Return the forecasts of ranked models where all of them have one, and how many windows that cost."""
    found = bt.forecasts[~bt.forecasts["model"].isin(list(unranked))]
    keys = ["unique_id", "cutoff"]
    lost = found.loc[found["mean"].isna(), keys].drop_duplicates()
    if lost.empty:
        return found, 0
    kept = found.merge(lost.assign(lost=True), on=keys, how="left")
    return kept[kept["lost"].isna()].drop(columns="lost"), len(lost)


def _size(bt: Backtest) -> str:
    facts, n = bt.facts, len(bt.facts.cutoffs)
    taking_part = bt.forecasts["unique_id"].nunique()
    return (
        f"{plural(len(facts.models), 'model')} x {plural(taking_part, 'series', 'series')} x "
        f"{plural(n, 'cutoff')} ({_days(facts.cutoffs)}) x {plural(facts.h, 'step')}, "
        f"freq {facts.freq}."
    )


def _days(cutoffs: tuple[str, ...]) -> str:
    """First and last cutoff; midnight is a date."""
    first, last = (c.removesuffix(" 00:00:00") for c in (cutoffs[0], cutoffs[-1]))
    return first if first == last else f"{first} to {last}"


def _unranked(table: pd.DataFrame) -> dict[str, float]:
    """Return the models that failed too often to be ranked, with the share that failed.

    Too often is more than :data:`RANKED_UP_TO` above the model that failed least: what no model could
    forecast is nobody's fault.
    """
    share = table["n_failed"] / (table["n_failed"] + table["n_forecasts"])
    bad = share[share > share.min() + RANKED_UP_TO]
    return {str(m): float(v) for m, v in bad.items()}


def _troubles(bt: Backtest, unranked: dict[str, float], dropped: int) -> str:
    parts = [
        f"{model} is not ranked, {100 * share:.1f} % of its forecasts failed"
        for model, share in unranked.items()
    ]
    if dropped:
        parts.append(
            f"{dropped:,} windows that not every ranked model forecast are left out of this"
        )
    fits = len(bt.forecasts) // max(bt.facts.h, 1)
    lost = bt.failures[bt.failures["stage"] != "interval"]
    withheld = len(bt.failures) - len(lost)
    if len(lost):
        worst = lost["code"].value_counts()
        parts.append(
            f"{len(lost):,} of {fits:,} forecasts failed ({', '.join(f'{c} {n}' for c, n in worst.items())}), "
            "see .failures"
        )
    if withheld:
        parts.append(f"{withheld:,} intervals were withheld, see .failures")
    if len(bt.skipped):
        n = bt.skipped["unique_id"].nunique()
        parts.append(
            f"{plural(n, 'series', 'series')} could not take part at some cutoffs "
            f"({len(bt.skipped):,} in all), see .skipped"
        )
    return ". ".join(parts) + ("." if parts else "")
