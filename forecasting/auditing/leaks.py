"""Leak oracles: change what lies after a cutoff, and demand the same bits at it and before.

The undisturbed run and the disturbed one both go on to the end of the data, so that a forecaster that
looks past its cutoff has something to see there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from forecasting._typing import BoolArray
from forecasting.auditing import disturb
from forecasting.auditing.outcome import Comparison, compare
from forecasting.auditing.trial import NotApplicableError, Trial
from forecasting.panel import Panel

#: Rows that are appended, and a value that no regressor has.
APPENDED, ABSURD = 30, -1e6


def _disturbed(trial: Trial, change: Callable[[Panel, int], Panel]) -> Iterator[Comparison]:
    for pivot in trial.pivots.tolist():
        got = trial.outcome(change(trial.panel, pivot))
        yield compare(trial.expected(pivot), trial.before(got, pivot))


def future_scaled(trial: Trial) -> Iterator[Comparison]:
    """Values after the cutoff times 3 plus 500."""
    return _disturbed(trial, lambda p, pivot: disturb.scaled(p, disturb.after(p, pivot)))


def future_random(trial: Trial) -> Iterator[Comparison]:
    """Values after the cutoff replaced by random signed ones."""

    def change(panel: Panel, pivot: int) -> Panel:
        return disturb.replaced(panel, disturb.after(panel, pivot), trial.rng(1))

    return _disturbed(trial, change)


def future_missing(trial: Trial) -> Iterator[Comparison]:
    """Values after the cutoff poisoned with NaN."""
    return _disturbed(trial, lambda p, pivot: disturb.emptied(p, disturb.after(p, pivot)))


def future_absent(trial: Trial) -> Iterator[Comparison]:
    """Rows after the cutoff deleted."""
    for pivot in trial.pivots.tolist():
        got = trial.outcome(disturb.truncated(trial.panel, pivot, trial.reach), until=pivot)
        yield compare(trial.expected(pivot), got)


def future_longer(trial: Trial) -> Iterator[Comparison]:
    """30 rows appended to every series."""
    last = int(trial.cutoffs[-1])
    if not trial.on_calendar(int(trial.panel.end.max()) + APPENDED):
        raise NotApplicableError("the listed calendar ends before the rows that would be appended")
    got = trial.outcome(disturb.extended(trial.panel, APPENDED, last))
    yield compare(trial.expected(), trial.before(got))


def missing_at_cutoff(trial: Trial) -> Iterator[Comparison]:
    """NaN at the cutoff, values after it scaled; catches back-filling."""
    for pivot in trial.pivots.tolist():
        holed = disturb.holed(trial.panel, pivot)
        yield _at_pivot(trial, holed, disturb.scaled(holed, disturb.after(holed, pivot)), pivot)


def gaps_and_ragged_ends(trial: Trial) -> Iterator[Comparison]:
    """Gaps up to the cutoff in every second series; values after it scaled, ends made ragged."""
    for pivot in trial.pivots.tolist():
        gapped = disturb.gapped(trial.panel, pivot)
        changed = disturb.scaled(gapped, disturb.after(gapped, pivot))
        yield _at_pivot(trial, gapped, disturb.ragged(changed, pivot, trial.reach), pivot)


def neighbour_future(trial: Trial) -> Iterator[Comparison]:
    """The future of every second series moved by 10,000; the others must not change."""
    touched = every_second(trial.panel)
    ids = trial.panel.ids[~touched].tolist()
    for pivot in trial.pivots.tolist():
        rows = disturb.of_series(trial.panel, touched) & disturb.after(trial.panel, pivot)
        got = trial.outcome(disturb.moved(trial.panel, rows))
        yield compare(trial.expected(pivot, ids=ids), trial.before(got, pivot, ids=ids))


def past_only_regressor(trial: Trial) -> Iterator[Comparison]:
    """Past-only regressors changed after the cutoff; a random one where there is none."""
    panel = trial.panel
    names, past = panel.covariates.past_names, panel.covariates.past
    if not names:
        names = ("a past-only regressor",)
        past = trial.rng(2).standard_normal((len(panel.values), 1))
    given = disturb.with_past(panel, past, names)
    for pivot in trial.pivots.tolist():
        later = disturb.after(panel, pivot)[:, None]
        changed = disturb.with_past(panel, np.where(later, ABSURD, past), names)
        yield _at_pivot(trial, given, changed, pivot)


def every_second(panel: Panel) -> BoolArray:
    """Return a mark on every second series, the first among them.

    Raises
    ------
    NotApplicableError
        If there is only one.
    """
    if panel.n_series < 2:
        raise NotApplicableError("there is only one series, it has no neighbour")
    return np.asarray(np.arange(panel.n_series) % 2 == 0)


def _at_pivot(trial: Trial, plain: Panel, changed: Panel, pivot: int) -> Comparison:
    """Compare a panel with the same one changed after the pivot, at the pivot alone."""
    at = trial.time(pivot)
    expected, got = (trial.outcome(panel) for panel in (plain, changed))
    return compare(expected.at(since=at, until=at), got.at(since=at, until=at))
