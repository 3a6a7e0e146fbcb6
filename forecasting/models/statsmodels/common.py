"""What the adapters to statsmodels share: exact repeats, magnitudes, warnings, argument checks."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from forecasting._typing import FloatArray
from forecasting.distribution import Distribution, Normal
from forecasting.errors import ArgumentError, EstimationWarning, NonPositiveError, plural, tell
from forecasting.series import Future

# Largest absolute values within these bounds are handed to the library as they are.
LEAST, MOST = 1e-2, 1e6


@dataclass(frozen=True, eq=False)
class Repeat:
    """The state of a history that repeats itself exactly: its last season."""

    season: FloatArray  # (m,), oldest first

    def forecast(self, future: Future) -> Distribution:
        """Return the season, repeated, with a standard deviation of zero."""
        return Normal(self.season[(future.steps - 1) % len(self.season)], np.zeros(future.h))


def repeats(y: FloatArray, m: int) -> Repeat | None:
    """Return the last ``m`` values if all earlier ones repeat them to rounding, else None."""
    seen = y[~np.isnan(y)] if m == 1 else y
    if len(seen) == 0:
        return None
    tolerance = 8 * np.finfo(float).eps * np.abs(seen).max()
    if m == 1 and np.ptp(seen) <= tolerance:
        return Repeat(seen[-1:])
    if len(y) >= 2 * m and np.all(np.abs(y[m:] - y[:-m]) <= tolerance):
        return Repeat(y[-m:])
    return None


def exponent_of(y: FloatArray) -> int:
    """Return the power of two by which ``y`` is divided: 0 for ordinary magnitudes."""
    largest = float(np.nanmax(np.abs(y)))
    if largest == 0 or LEAST <= largest <= MOST:
        return 0
    return int(np.frexp(largest)[1]) - 7  # then the largest lies in [64, 128)


def scaled(values: FloatArray, exponent: int) -> FloatArray:
    """Return ``values * 2**exponent`` as a new array; exact unless it over- or underflows."""
    with np.errstate(over="ignore", under="ignore"):
        result: FloatArray = np.ldexp(values, exponent)
    return result


@contextmanager
def library(forecaster: object = None) -> Iterator[None]:
    """Keep the library's warnings and filters inside; say if an optimiser did not converge."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
        from statsmodels.tools.sm_exceptions import ConvergenceWarning
    if forecaster is not None and any(issubclass(w.category, ConvergenceWarning) for w in caught):
        tell(
            "the optimiser stopped before it converged; the forecast stands on the best parameters found",
            EstimationWarning,
        )


def is_whole(value: object, least: int) -> bool:
    """Return whether ``value`` is a whole number of at least ``least``."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return whole and value >= least  # type: ignore[operator]


def check_season(season_length: object, seasonal: bool, how: str) -> None:
    """Raise :class:`ArgumentError` unless the season length and the model agree on a season."""
    if not is_whole(season_length, 1):
        raise ArgumentError(
            f"season_length must be a whole number of at least 1, got {season_length!r}"
        )
    if seasonal and season_length == 1:
        raise ArgumentError("a seasonal model needs season_length of at least 2, for instance 12")
    if not seasonal and season_length != 1:
        raise ArgumentError(
            f"season_length={season_length} would be ignored by a model without a season; "
            f"add {how}, or leave season_length out"
        )


def refuse_non_positive(y: FloatArray, what: str) -> None:
    """Raise :class:`NonPositiveError` if a value is zero or less."""
    bad = int(np.count_nonzero(y <= 0))
    if bad:
        raise NonPositiveError(f"has {plural(bad, 'value')} of zero or less; {what} needs y > 0")
