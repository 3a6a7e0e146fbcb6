"""Regressors that are the target in disguise: equal to it, scaled, or some steps early.

Levels that trend together correlate whatever they are, so a regressor is suspected only if its first
differences follow those of the target as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from forecasting._typing import BoolArray, FloatArray, IntArray
from forecasting.panel import Panel

#: Correlation with the target above which a regressor is suspected to be the target in disguise.
SUSPICIOUS = 0.999
#: Steps by which the target is moved, backwards and forwards, before it is compared.
SHIFTS = tuple(range(-5, 6))
#: Pairs of values below which a correlation says nothing.
FEWEST_PAIRS = 6
#: Relative difference below which two columns are the same numbers.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Disguise:
    """A regressor that is the target.

    Attributes
    ----------
    column, role : str
    how : str
        ``"equals"``, ``"is a multiple of"`` (plus a constant), or ``"correlates above 0.999 with"``.
    shift : int
        Steps by which it runs ahead: its value at ``t`` tells the target at ``t + shift``.
    series : array of int
        The series in which it does.
    """

    column: str
    role: str
    how: str
    shift: int
    series: IntArray

    @property
    def target(self) -> str:
        """The target as it is found in the column: ``y``, or ``y shifted by 1``."""
        return "y" if self.shift == 0 else f"y shifted by {self.shift}"


def find_disguises(panel: Panel, shifts: Sequence[int] = SHIFTS) -> list[Disguise]:
    """Return the regressors that follow the target at some shift, in at least one series.

    Per series and shift, the correlation of ``x[t]`` with ``y[t + shift]`` and of their differences.
    The shift that the most series show is named; of equals, the one nearest to none.
    """
    found = []
    for column, role, x in dated_columns(panel):
        best: Disguise | None = None
        for shift in sorted(shifts, key=lambda s: (abs(s), s)):
            match = _at_shift(panel, column, role, x, shift)
            if match is not None and (best is None or len(match.series) > len(best.series)):
                best = match
        if best is not None:
            found.append(best)
    return found


def dated_columns(panel: Panel) -> Iterator[tuple[str, str, FloatArray]]:
    """Yield (name, role, values) of every regressor that has a value a row."""
    covariates = panel.covariates
    for names, role, values in (
        (covariates.known_names, "known_future", covariates.known),
        (covariates.past_names, "past_only", covariates.past),
    ):
        for j, name in enumerate(names):
            yield name, role, values[:, j]


def _at_shift(panel: Panel, column: str, role: str, x: FloatArray, shift: int) -> Disguise | None:
    suspects, exact, equal = [], [], []
    for i in range(panel.n_series):
        rows = slice(int(panel.offsets[i]), int(panel.offsets[i + 1]))
        ahead, own = _pairs(x[rows], panel.values[rows], shift)
        if not _follow(ahead, own):
            continue
        suspects.append(i)
        exact.append(_affine(ahead, own))
        equal.append(_close(ahead, own))
    if not suspects:
        return None
    how = f"correlates above {SUSPICIOUS} with"
    if all(exact):
        how = "equals" if all(equal) else "is a multiple of"
    return Disguise(column, role, how, shift, np.array(suspects, dtype=np.int64))


def _pairs(x: FloatArray, y: FloatArray, shift: int) -> tuple[FloatArray, FloatArray]:
    """Return ``x[t]`` and ``y[t + shift]`` where both are there; NaN elsewhere."""
    n = max(len(y) - abs(shift), 0)
    a, b = (x[:n], y[shift:]) if shift >= 0 else (x[-shift:], y[:n])
    both = np.isfinite(a) & np.isfinite(b)
    return np.where(both, a, np.nan), np.where(both, b, np.nan)


def _follow(x: FloatArray, y: FloatArray) -> bool:
    return _correlation(x, y) > SUSPICIOUS and _correlation(np.diff(x), np.diff(y)) > SUSPICIOUS


def _correlation(x: FloatArray, y: FloatArray) -> float:
    """Return the absolute correlation; 0 where there are too few pairs or one does not vary."""
    both: BoolArray = np.isfinite(x) & np.isfinite(y)
    if both.sum() < FEWEST_PAIRS:
        return 0.0
    a, b = x[both] - x[both].mean(), y[both] - y[both].mean()
    scale = max(np.abs(x[both]).max(), 1e-300), max(np.abs(y[both]).max(), 1e-300)
    if np.abs(a).max() <= ROUNDING * scale[0] or np.abs(b).max() <= ROUNDING * scale[1]:
        return 0.0
    a, b = a / np.abs(a).max(), b / np.abs(b).max()
    return abs(float(a @ b)) / float(np.sqrt((a @ a) * (b @ b)))


def _affine(x: FloatArray, y: FloatArray) -> bool:
    both = np.isfinite(x)
    a, b = x[both], y[both]
    slope = float((a - a.mean()) @ (b - b.mean())) / float((b - b.mean()) @ (b - b.mean()))
    return _close(a, a.mean() + slope * (b - b.mean()))


def _close(x: FloatArray, y: FloatArray) -> bool:
    both = np.isfinite(x)
    return bool(np.abs(x[both] - y[both]).max() <= ROUNDING * np.abs(x[both]).max())
