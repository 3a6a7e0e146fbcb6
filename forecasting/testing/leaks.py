"""Leak oracles: change what lies after a cutoff, and demand the same bits at it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from forecasting.reading import as_panel
from forecasting.regressors import Regressors
from forecasting.testing.case import Case, numbers, same_bits, same_failures


def _disturb(case: Case, change: Callable[[pd.DataFrame, pd.Series], None], what: str) -> None:
    """Change what lies after the middle cutoff; it and the one before must not move.

    The panel of a backtest ends at its last cutoff, so there a model has no future to look at.
    """
    data = case.data.copy()
    change(data, case.after(case.cutoffs[1]))
    got = case.run(data)
    for cutoff in case.cutoffs[:2]:
        same_bits(numbers(case.baseline, cutoff), numbers(got, cutoff), what)
        same_failures(case.baseline, got, what, cutoff)


def check_future_scaled(case: Case) -> None:
    """O1: values after the cutoff times 3 plus 500."""

    def change(data: pd.DataFrame, later: pd.Series) -> None:
        data.loc[later, "y"] = data.loc[later, "y"] * 3 + 500

    _disturb(case, change, "a forecast saw past its cutoff (values after it were scaled)")


def check_future_random(case: Case) -> None:
    """O1b: values after the cutoff replaced by random signed ones."""

    def change(data: pd.DataFrame, later: pd.Series) -> None:
        data.loc[later, "y"] = 1000 * np.random.default_rng(1).standard_normal(int(later.sum()))

    _disturb(case, change, "a forecast saw past its cutoff (values after it were replaced)")


def check_future_missing(case: Case) -> None:
    """O2: values after the cutoff poisoned with NaN."""

    def change(data: pd.DataFrame, later: pd.Series) -> None:
        data.loc[later, "y"] = np.nan

    _disturb(case, change, "a forecast saw past its cutoff (values after it were NaN)")


def check_future_absent(case: Case) -> None:
    """O3: rows after the cutoff deleted."""
    for cutoff in case.cutoffs:
        got = case.run(case.data[~case.after(cutoff)], cutoffs=[cutoff])
        what = "a forecast saw past its cutoff (rows after it were deleted)"
        same_bits(numbers(case.baseline, cutoff), numbers(got, cutoff), what)


def check_future_longer(case: Case) -> None:
    """O3b: 30 rows appended to every series."""
    last = case.data["ds"].max()
    panel = as_panel(case.data)
    ahead = panel.calendar.times(np.arange(1, 31) + int(panel.end.max()))
    added = [
        pd.DataFrame({"unique_id": i, "ds": ahead, "y": 7.0 * np.arange(30)})
        for i in case.data.loc[case.data["ds"] == last, "unique_id"]
    ]
    got = case.run(pd.concat([case.data, *added], ignore_index=True))
    same_bits(numbers(case.baseline), numbers(got), "a forecast saw rows appended after its cutoff")


def check_missing_at_cutoff(case: Case) -> None:
    """O4: with NaN at the cutoff, values after it scaled; catches back-filling."""
    cutoff = case.cutoffs[0]
    holed = case.data.copy()
    holed.loc[holed["ds"] == cutoff, "y"] = np.nan
    scaled = holed.copy()
    scaled.loc[case.after(cutoff), "y"] = scaled.loc[case.after(cutoff), "y"] * 3 + 500
    a, b = case.run(holed), case.run(scaled)
    what = "a missing value at the cutoff was filled from the future"
    same_bits(numbers(a, cutoff), numbers(b, cutoff), what)
    same_failures(a, b, what, cutoff)


def check_neighbour_future(case: Case) -> None:
    """O9: the future of one series changed; the others must not move."""
    first, cutoff = case.data["unique_id"].iloc[0], case.cutoffs[0]
    data = case.data.copy()
    touched = case.after(cutoff) & (data["unique_id"] == first)
    data.loc[touched, "y"] += 10_000.0
    what = "a forecast used a neighbour's future"
    same_bits(numbers(case.baseline, cutoff), numbers(case.run(data), cutoff), what)


def check_past_only_regressor(case: Case) -> None:
    """O11: a past-only regressor changed after the cutoff."""
    cutoff = case.cutoffs[0]
    x = case.data[["unique_id", "ds"]].assign(
        x=np.random.default_rng(2).standard_normal(len(case.data))
    )
    changed = x.copy()
    changed.loc[case.after(cutoff), "x"] = -1e6
    a = case.run(X=Regressors(past_only=x))
    b = case.run(X=Regressors(past_only=changed))
    what = "a past-only regressor was seen beyond the cutoff"
    same_bits(numbers(a, cutoff), numbers(b, cutoff), what)


CHECKS = {
    name.removeprefix("check_"): check
    for name, check in list(globals().items())
    if name.startswith("check_")
}
