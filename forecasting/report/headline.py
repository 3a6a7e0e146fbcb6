"""The first sentences: who won, by how much, is it sure, what failed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.errors import ArgumentError, plural
from forecasting.plotting.errors import badness, best_of
from forecasting.report.facts import Facts, Frames, Verdict, flat
from forecasting.report.markup import number_format


@dataclass(frozen=True, eq=False)
class Standing:
    """The models in order of the metric, best first; those without a value last."""

    table: pd.DataFrame
    metric: str

    @property
    def names(self) -> list[str]:
        """Models that have a value, best first."""
        return [str(name) for name in self.table["model"][self.table[self.metric].notna()]]

    @property
    def winner(self) -> str | None:
        """The model with the best value; None if no model has one."""
        return self.names[0] if self.names else None

    def value(self, name: str, column: str | None = None) -> float:
        """Return a number of a model, NaN where it is not there."""
        column = column or self.metric
        if column not in self.table.columns:
            return float("nan")
        own = self.table.loc[self.table["model"] == name, column]
        return float(own.iloc[0]) if len(own) else float("nan")


def standing(facts: Facts, frames: Frames) -> Standing:
    """Order the summary by the metric of the headline.

    Raises
    ------
    ArgumentError
        If the summary has no such column.
    """
    table = flat(frames.summary).copy()
    missing = [c for c in ("model", facts.metric) if c not in table.columns]
    if missing:
        raise ArgumentError(f"The summary has no column {missing[0]!r}; the headline needs it.")
    table["model"] = table["model"].astype(str)
    bad = badness(table[facts.metric], facts.metric, best_of(facts.metric))
    order = bad.sort_values(kind="stable", na_position="last").index
    return Standing(table.loc[order].reset_index(drop=True), facts.metric)


def headline(facts: Facts, frames: Frames, order: Standing) -> list[str]:
    """Return the sentences, the most important first."""
    if order.winner is None:
        words = f"No model has a {facts.metric}: nothing can be said about who is best."
        return [words, _failed(frames, None)]
    return [_who(facts, order), _sure(facts, order), _failed(frames, order.winner)]


def _who(facts: Facts, order: Standing) -> str:
    name, show = str(order.winner), number_format(order.table[order.metric])
    words = f"{name} was best, with a {facts.metric} of {show(order.value(name))}"
    if len(order.table) == 1:
        return (
            f"{name} has a {facts.metric} of {show(order.value(name))}; no other model took part."
        )
    if name == facts.baseline:
        words = f"No model beat the baseline {name}, which has a {facts.metric} of "
        words += show(order.value(name))
        if len(order.names) > 1:
            second = order.names[1]
            words += f"; next is {second} ({show(order.value(second))})"
        return words + "."
    if facts.baseline is not None and np.isfinite(order.value(facts.baseline)):
        words += f": {_gain(facts, order, name)} the baseline {facts.baseline}"
        words += f" ({show(order.value(facts.baseline))})"
    return words + "."


def _gain(facts: Facts, order: Standing, name: str) -> str:
    skill = order.value(name, "skill") if facts.metric == "MASE" else float("nan")
    if not np.isfinite(skill):
        base = order.value(str(facts.baseline))
        positive = best_of(facts.metric) == "low" and base > 0
        skill = 1.0 - order.value(name) / base if positive else float("nan")
    if not np.isfinite(skill):
        return "better than"
    return f"{100.0 * skill:.1f} % less error than"


def _sure(facts: Facts, order: Standing) -> str:
    name = str(order.winner)
    second = order.names[1] if len(order.names) > 1 else None
    said = []
    for other in dict.fromkeys([facts.baseline, second]):
        verdict = _find(facts.verdicts, name, other)
        if other is not None and other != name and verdict is not None:
            role = "the baseline " if other == facts.baseline else "the second, "
            said.append(_verdict(verdict, role))
    if not said and len(order.names) > 1:
        return "Is it sure? That was not computed: this page says what was, not what will be."
    return " ".join(said)


def _find(verdicts: tuple[Verdict, ...], name: str, other: str | None) -> Verdict | None:
    for verdict in verdicts:
        if (verdict.model, verdict.other) == (name, other):
            return verdict
        if (verdict.model, verdict.other) == (other, name):
            return verdict.turned()
    return None


def _verdict(verdict: Verdict, role: str) -> str:
    show = number_format([verdict.difference, verdict.lower, verdict.upper])
    against = f"Against {role}{verdict.other}: "
    share = ""
    if np.isfinite(verdict.win_rate):
        share = f" It was better on {100.0 * verdict.win_rate:.0f} % of the series."
    if verdict.sure is None:
        return (
            f"{against}a mean difference of {show(verdict.difference)}, without an interval.{share}"
        )
    span = f"{show(verdict.lower)} to {show(verdict.upper)}"
    if verdict.sure:
        sure = "the difference is larger than chance would give"
        return f"{against}{sure} ({verdict.level:g} % interval {span}, without zero).{share}"
    sure = "it is not sure, chance alone could give this difference"
    return f"{against}{sure} ({verdict.level:g} % interval {span}, with zero in it).{share}"


def _failed(frames: Frames, winner: str | None) -> str:
    f = frames.forecasts
    failed = ~np.isfinite(f["mean"].to_numpy(dtype=np.float64, na_value=np.nan))
    skipped = 0 if frames.skipped is None else len(frames.skipped)
    tail = f" {plural(skipped, 'window or series', 'windows or series')} could not take part."
    tail = tail if skipped else ""
    if not failed.any():
        return f"All {len(f):,} forecasts were made; none failed.{tail}"
    counts = f["model"].astype(str)[failed].value_counts(sort=False).sort_values(ascending=False)
    each = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    share = 100.0 * failed.mean()
    mind = (
        ", and the winner is one of them: the others were judged on more"
        if winner in counts
        else ""
    )
    return (
        f"{int(failed.sum()):,} of {len(f):,} forecasts failed ({_share(share)} %): {each}. "
        f"The numbers of these models leave the failed ones out{mind}.{tail}"
    )


def _share(percent: float) -> str:
    """Return a percentage that is neither 0 when something failed nor 100 when not all did."""
    if percent == 100.0:
        return "100"
    shown = f"{percent:.1f}"
    return {"0.0": "less than 0.1", "100.0": "more than 99.9"}.get(shown, shown)


__all__ = ["Standing", "headline", "standing"]
