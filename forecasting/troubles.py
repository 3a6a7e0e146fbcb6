"""What a training part may not hold: missing, infinite, too few values. Each is a failure of its cell."""

from __future__ import annotations

import numpy as np

from forecasting._typing import BoolArray, IntArray
from forecasting.errors import (
    AllMissingError,
    GapError,
    MissingTargetError,
    NonFiniteError,
    SeriesError,
    ShortSeriesError,
    plural,
    show_time,
)
from forecasting.windows import Windows


def troubles(
    windows: Windows, handles_missing: bool, min_observations: int
) -> list[tuple[int, int, SeriesError]]:
    """Return the active cells whose training part cannot be used, each with its error."""
    panel = windows.panel
    missing = np.isnan(panel.values)
    infinite = np.isinf(panel.values)
    found: list[tuple[int, int, SeriesError]] = []
    if missing.any() or infinite.any():
        found = _bad_values(windows, missing, infinite, handles_missing)
    taken = {(i, k) for i, k, _ in found}
    short = windows.active & (windows.lengths < min_observations)
    for i, k in zip(*np.nonzero(short), strict=True):
        if (int(i), int(k)) not in taken:
            got = int(windows.lengths[i, k])
            found.append((int(i), int(k), ShortSeriesError(needed=min_observations, got=got)))
    return found


def _bad_values(
    windows: Windows, missing: BoolArray, infinite: BoolArray, handles_missing: bool
) -> list[tuple[int, int, SeriesError]]:
    def count(mask: BoolArray) -> IntArray:
        rows = np.flatnonzero(mask)
        return np.searchsorted(rows, windows.hi) - np.searchsorted(rows, windows.lo)

    n_missing, n_infinite = count(missing), count(infinite)
    all_missing = n_missing == windows.lengths
    bad = windows.active & (
        (n_infinite > 0) | all_missing | ((n_missing > 0) & (not handles_missing))
    )
    return [
        (int(i), int(k), _bad_cell(windows, int(i), int(k), missing, infinite))
        for i, k in zip(*np.nonzero(bad), strict=True)
    ]


def _bad_cell(
    windows: Windows, i: int, k: int, missing: BoolArray, infinite: BoolArray
) -> SeriesError:
    panel = windows.panel
    lo, hi = int(windows.lo[i, k]), int(windows.hi[i, k])
    first_ordinal = int(panel.start[i]) - int(panel.offsets[i])

    def when(row: int) -> str:
        return show_time(panel.calendar.times(np.array([first_ordinal + row]))[0])

    bad = lo + np.flatnonzero(infinite[lo:hi])
    if len(bad):
        sign = "+inf" if panel.values[bad[0]] > 0 else "-inf"
        message = (
            f"{plural(len(bad), 'infinite value')}: {when(bad[0])} ({sign}); replace or drop it"
        )
        return NonFiniteError(message, n_bad=len(bad))
    bad = lo + np.flatnonzero(missing[lo:hi])
    if len(bad) == hi - lo:
        return AllMissingError(f"all {plural(hi - lo, 'value')} up to the cutoff are missing")
    gap = panel.gaps is not None and bool(panel.gaps[bad].any())
    if gap and panel.gaps is not None:
        holes = bad[panel.gaps[bad]]
        return GapError(
            f"{plural(len(holes), 'missing step')} ({when(holes[0])} to {when(holes[-1])}) at freq "
            f"{panel.calendar.freq}; use fill_gaps(data, how=...) before",
            n_bad=len(holes),
        )
    tail = hi - 1 - int(lo + np.flatnonzero(~missing[lo:hi])[-1])
    if tail:
        return MissingTargetError(
            f"the last {plural(tail, 'value')} {'is' if tail == 1 else 'are'} missing: is the final "
            "period complete? Drop them (df.dropna) or pass drop_trailing_na=True",
            n_bad=len(bad),
        )
    return MissingTargetError(
        f"{plural(len(bad), 'missing value')}, first {when(bad[0])}; use fill_gaps(data, how=...) before, "
        "or a forecaster that handles missing values",
        n_bad=len(bad),
    )
