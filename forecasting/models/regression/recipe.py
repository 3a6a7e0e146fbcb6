"""What a lag regression is made of, resolved against the calendar of a panel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from forecasting.errors import ArgumentError

Scale: TypeAlias = Literal["mean", "std"] | None
Strategy: TypeAlias = Literal["recursive", "direct"]

#: Without ``lags=``, seasons up to this length get every lag of a season.
LONGEST_FULL_SEASON = 24
#: Season lengths that are weeks: of five, six or seven days.
WEEKS = (5, 6, 7)


@dataclass(frozen=True)
class Recipe:
    """Lags, rolling means and differences, with nothing left to be chosen.

    Attributes
    ----------
    lags : tuple of int
        Lag ``l`` is the value ``l`` steps before the target.
    means : tuple of (int, int)
        ``(l, w)`` is the mean of the ``w`` values that end at lag ``l``.
    calendar : tuple of str
    differences : tuple of int
        Applied one after the other, undone in reverse.
    past_lags : tuple of int
        Lags of past-only regressors.
    centre : int or None
        Width of the mean before the target that is taken from lags and target.
    """

    lags: tuple[int, ...]
    means: tuple[tuple[int, int], ...]
    calendar: tuple[str, ...]
    differences: tuple[int, ...]
    past_lags: tuple[int, ...]
    centre: int | None
    scale: Scale

    @property
    def lost(self) -> int:
        """Rows at the head of a series that differencing takes."""
        return sum(self.differences)

    @property
    def memory(self) -> int:
        """How many differenced values before a target are looked at."""
        means = (lag + width - 1 for lag, width in self.means)
        return max(*self.lags, *means, self.centre or 1)

    def reach(self, past: bool) -> int:
        """Return how many rows before a target are needed; ``past`` if there are past-only columns."""
        return max(self.lost + self.memory, max(self.past_lags) if past else 0)


def season_lags(m: int) -> tuple[int, ...]:
    """Return the lags for a season of ``m`` steps.

    1 to ``m + 1``; of weeks (5 to 7 steps) the two, three and four weeks before as well; beyond 24 steps
    the last eight, ``m`` and ``m + 1``; (1, 2, 3) without a season. The lag ``m + 1`` shows how the last
    step changed a season ago: on M3 monthly it lowers the MASE of LightGBM from 0.985 to 0.913. Four
    weeks instead of one, with the mean of four weeks for a centre, lower it from 0.927 to 0.817 on NN5.
    """
    if m == 1:
        return (1, 2, 3)
    if m in WEEKS:
        return (*range(1, m + 2), 2 * m, 3 * m, 4 * m)
    return tuple(range(1, m + 2)) if m <= LONGEST_FULL_SEASON else (*range(1, 9), m, m + 1)


def season_centre(m: int) -> int:
    """Return how many values make the local mean: four weeks, a season, 3 without a season."""
    return 4 * m if m in WEEKS else max(m, 3)


def check_whole(value: object, name: str) -> int:
    """Return a whole number of at least 1, or raise :class:`ArgumentError`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ArgumentError(f"{name} holds whole numbers of at least 1, got {value!r}")
    return int(value)


def check_steps(given: Iterable[int] | int, name: str, *, least: int = 0) -> tuple[int, ...]:
    """Return whole numbers of at least 1 without repetition, or raise :class:`ArgumentError`."""
    found = tuple(check_whole(v, name) for v in ([given] if _one(given) else given))  # type: ignore[union-attr]
    if len(found) < least:
        raise ArgumentError(
            f"{name} is empty; give at least {least}, for instance {name}=(1, 2, 3)"
        )
    if name != "differences" and len(set(found)) < len(found):
        raise ArgumentError(f"{name} names a number twice: {found}")
    return found


def check_means(given: Sequence[int | tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return rolling means as (lag, width) pairs; a bare width ends at lag 1."""
    pairs: list[tuple[int, int]] = []
    for item in [given] if _one(given) else given:
        pair = (1, item) if _one(item) else tuple(item)  # type: ignore[arg-type]
        if len(pair) != 2:
            raise ArgumentError(f"rolling_means holds widths or (lag, width) pairs, got {item!r}")
        pairs.append((check_whole(pair[0], "rolling_means"), check_whole(pair[1], "rolling_means")))
    if len(set(pairs)) < len(pairs):
        raise ArgumentError(f"rolling_means names a mean twice: {tuple(pairs)}")
    return tuple(pairs)


def _one(given: object) -> bool:
    return isinstance(given, (int, float, np.number))
