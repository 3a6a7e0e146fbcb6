"""Leaks that lie in the data, named for what they are.

An oracle changes what a forecaster must not see. It cannot tell that a regressor declared known in
advance is the target itself, or that one series already holds rows of the future: that takes a look
at the data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from forecasting.auditing.disturb import after
from forecasting.disguise import SUSPICIOUS, Disguise, find_disguises
from forecasting.errors import plural, show_id, show_ids, show_time
from forecasting.panel import Panel

#: A common end is one that at least this share of the series has.
COMMON = 0.8
#: Series below which nothing is said about a common end.
FEWEST_SERIES = 5


@dataclass(frozen=True)
class Cause:
    """A leak in the data.

    Attributes
    ----------
    what : str
        ``"target in disguise"``, ``"actuals delivered early"`` or ``"rows of the future"``.
    column, role : str
    shift : int
        Steps by which the column runs ahead of the target.
    n_series : int
    detail : str
        A sentence: column, shift, how many series, how early, and what to do.
    """

    what: str
    column: str
    role: str
    shift: int
    n_series: int
    detail: str


def find_causes(panel: Panel, cutoffs: list[int], reach: int, as_of: object = None) -> list[Cause]:
    """Return the leaks that lie in the data.

    Parameters
    ----------
    panel : Panel
    cutoffs : list of int
        Ordinals of the cutoffs, ascending.
    reach : int
        Steps from a cutoff to the last that is forecast: how far known-future regressors are shown.
    as_of : time, optional
        The run's clock.
    """
    return [
        *_disguised(panel, reach),
        *_early_actuals(panel, cutoffs[0], reach),
        *_future_rows(panel, as_of),
    ]


def _disguised(panel: Panel, reach: int) -> Iterator[Cause]:
    for found in find_disguises(panel):
        early = _steps_early(found, reach)
        if early > 0:
            yield _as_cause("target in disguise", found, panel, early, "")


def _steps_early(found: Disguise, reach: int) -> int:
    """Return how many steps after a cutoff the regressor shows the target; none is no leak."""
    return found.shift + (reach if found.role == "known_future" else 0)


def _early_actuals(panel: Panel, first: int, reach: int) -> Iterator[Cause]:
    """Yield known-future regressors that are the target after the first cutoff, and not before."""
    everywhere = {found.column for found in find_disguises(panel)}
    late = np.flatnonzero(panel.end > first)
    lo = panel.offsets[late] + np.clip(first + 1 - panel.start[late], 0, None)
    tail = panel.cut(late, lo, panel.offsets[late + 1])
    for found in find_disguises(tail):
        exact = found.how != f"correlates above {SUSPICIOUS} with"
        early = _steps_early(found, reach)
        if found.column not in everywhere and exact and early > 0:
            when = show_time(panel.calendar.times(np.array([first]))[0])
            yield _as_cause("actuals delivered early", found, tail, early, f"after {when} only, ")


def _as_cause(what: str, found: Disguise, panel: Panel, early: int, when: str) -> Cause:
    ids = show_ids(panel.ids[found.series])
    role = "leave it out" if found.role == "past_only" else "declare it past_only=, or leave it out"
    return Cause(
        what,
        found.column,
        found.role,
        found.shift,
        len(found.series),
        f"{when}{found.role} regressor {found.column!r} {found.how} {found.target} in "
        f"{plural(len(found.series), 'series', 'series')} ({ids}): known {plural(early, 'step')} early; "
        f"{role}",
    )


def _future_rows(panel: Panel, as_of: object) -> Iterator[Cause]:
    """Yield rows after the run's clock; without one, rows after the end that most series share."""
    if as_of is not None:
        last, whose = panel.calendar.latest(as_of), f"as_of={as_of}"
    else:
        ends, counts = np.unique(panel.end, return_counts=True)
        common = int(np.argmax(counts))
        if panel.n_series < FEWEST_SERIES or counts[common] < COMMON * panel.n_series:
            return
        last = int(ends[common])
        time = show_time(panel.calendar.times(ends[common : common + 1])[0])
        whose = f"{time}, where {counts[common]:,} of {panel.n_series:,} series end"
    late = np.flatnonzero(panel.end > last)
    if len(late):
        column = panel.shape.target_col
        yield Cause(
            "rows of the future",
            column,
            "target",
            0,
            len(late),
            f"{column} of {plural(len(late), 'series', 'series')} has "
            f"{plural(int(after(panel, last).sum()), 'row')} after {whose}, first "
            f"{show_id(panel.ids[late[0]])}: are they known already? Else drop them, complete_until=",
        )
