"""What is odd in a panel: series that end early, outliers, last periods that look incomplete."""

from __future__ import annotations

import numpy as np

from forecasting._typing import BoolArray, IntArray
from forecasting.errors import (
    InputError,
    StaleSeriesWarning,
    plural,
    show_id,
    show_ids,
    show_time,
    tell,
)
from forecasting.panel import Panel

#: Robust deviations (1.4826 times the median absolute one) beyond which a value is an outlier.
OUTLIER = 50.0
#: A last value below this share of the usual one at the same point of the season looks incomplete.
INCOMPLETE = 0.6
#: Seasons that the last value is compared with.
SEASONS = 4


def stale(panel: Panel) -> IntArray:
    """Return how many steps each series ends before the last one, shape (n_series,)."""
    lag: IntArray = panel.end.max() - panel.end
    return lag


def outliers(panel: Panel) -> IntArray:
    """Return the series with a value more than :data:`OUTLIER` robust deviations from the median.

    Only series whose largest value is also a thousand times the mean of the rest are looked at: on
    a hundred thousand series the medians would cost more than reading them.
    """
    size = np.abs(panel.values)
    size[~np.isfinite(size)] = 0.0
    largest = np.maximum.reduceat(size, panel.offsets[:-1])
    with np.errstate(over="ignore", invalid="ignore"):
        rest = np.add.reduceat(size, panel.offsets[:-1]) - largest
        mean = rest / np.maximum(panel.lengths - 1, 1)
        suspect = (panel.lengths >= 5) & (rest > 0) & (largest / 1000 > mean)
    found = [i for i in np.flatnonzero(suspect).tolist() if len(far_rows(panel, i))]
    return np.array(found, dtype=np.int64)


def far_rows(panel: Panel, i: int) -> IntArray:
    """Return the positions in series ``i`` of its outliers, the furthest first."""
    y = panel.series(i)
    seen = y[np.isfinite(y)]
    if len(seen) < 5:
        return np.empty(0, dtype=np.int64)
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.abs(y - np.median(seen))
        spread = 1.4826 * np.median(np.abs(seen - np.median(seen)))
        far = np.flatnonzero(np.isfinite(y) & (distance > OUTLIER * spread) & (spread > 0))
    return np.asarray(far[np.argsort(-distance[far], kind="stable")], dtype=np.int64)


def incomplete(panel: Panel) -> BoolArray:
    """Return which series end with a value that looks like a part of a period.

    It is less than :data:`INCOMPLETE` times the median of the :data:`SEASONS` values one, two, ...
    seasons before, and less than each of them: a daily sum taken at ten in the morning. Series that
    are shorter, or not positive there, are not judged.
    """
    m = panel.calendar.season_length
    rows = panel.offsets[1:, None] - 1 - m * np.arange(SEASONS + 1)
    long = panel.lengths > m * SEASONS
    values = panel.values[np.maximum(rows, 0)]
    last, usual = values[:, 0], values[:, 1:]
    with np.errstate(over="ignore", invalid="ignore"):  # the mean of two huge values is infinite
        low = (last < INCOMPLETE * np.median(usual, axis=1)) & (last < usual.min(axis=1))
    return np.asarray(long & low & (usual > 0).all(axis=1) & (last >= 0))


def say_stale(panel: Panel, end: str) -> None:
    """Warn of series that end before the others; with ``end="common"`` that is an error."""
    lag = stale(panel)
    late = np.flatnonzero(lag)
    if not len(late):
        return
    worst = int(np.argmax(lag))
    last = panel.calendar.times(panel.end.max(keepdims=True))[0]
    message = (
        f"{len(late):,} of {panel.n_series:,} series end before {show_time(last)}: "
        f"{show_ids(panel.ids[late])}; "
        f"{show_id(panel.ids[worst])} by {plural(int(lag[worst]), 'step')}"
    )
    if end == "common":
        raise InputError(
            f"{message}. end='common' asks for one end: complete them, or drop end=",
            ids=panel.ids[late[:10]],
            n_bad=len(late),
        )
    tell(f"{message}. Each is forecast from its own end", StaleSeriesWarning)


def say_odd_values(panel: Panel) -> None:
    """Warn of outliers, and of a last period that most series show as incomplete."""
    found = outliers(panel)
    if len(found):
        tell(
            f"{plural(len(found), 'series', 'series')} with a value more than {OUTLIER:g} robust "
            f"deviations off (OUTLIER): {show_ids(panel.ids[found])}; check(data) shows where. "
            "The data is used as it is"
        )
    low = incomplete(panel)
    # One series in many may well fall by half; a job that ran too early hits them together.
    if 2 * np.count_nonzero(low) > panel.n_series:
        when = panel.calendar.times(panel.end.max(keepdims=True))[0]
        tell(
            f"the last period, {show_time(when)}, looks incomplete in {np.count_nonzero(low):,} of "
            f"{panel.n_series:,} series: below {INCOMPLETE:.0%} of the usual value; leave it out "
            "with complete_until=, the last time that is complete"
        )
