"""A forecast is a distribution; mean, quantiles and intervals are derived from it.

Each class holds arrays whose last axis are the steps: ``(h,)`` for one forecast, ``(..., h)`` for many.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from forecasting._typing import FloatArray
from forecasting.errors import LevelError, ModelContractError, plural, show_value


@dataclass(frozen=True, eq=False)
class Distribution(abc.ABC):
    """What a forecaster believes about the steps it was asked for."""

    @property
    @abc.abstractmethod
    def mean(self) -> FloatArray:
        """Expected value, shape (..., h)."""

    @abc.abstractmethod
    def quantiles(self, probs: Sequence[float]) -> FloatArray | None:
        """Return the quantiles, shape (..., h, len(probs)), or None if it has none."""

    def interval(self, level: float) -> tuple[FloatArray, FloatArray]:
        """Return the central prediction interval of ``level`` percent, each bound (..., h)."""
        tail = (100 - level) / 200
        found = self.quantiles((tail, 1 - tail))
        if found is None:
            raise LevelError(
                "a point forecast has no interval of its own; it is calibrated by predict"
            )
        return found[..., 0], found[..., 1]


@dataclass(frozen=True, eq=False)
class Point(Distribution):
    """A single number a step; it has no quantiles and is calibrated on past errors when asked."""

    value: FloatArray

    @property
    def mean(self) -> FloatArray:
        return self.value

    def quantiles(self, probs: Sequence[float]) -> None:
        return None


@dataclass(frozen=True, eq=False)
class Normal(Distribution):
    """Gaussian with this mean and standard deviation, both (..., h).

    ``quantile(p) = mean + sd * z_p`` with ``z_p`` the standard normal quantile.
    """

    loc: FloatArray
    sd: FloatArray

    @property
    def mean(self) -> FloatArray:
        return self.loc

    def quantiles(self, probs: Sequence[float]) -> FloatArray:
        return self.loc[..., None] + self.sd[..., None] * standard_normal_quantiles(probs)


@dataclass(frozen=True, eq=False)
class StudentT(Distribution):
    """Gaussian errors whose standard deviation is an estimate: ``(y - loc) / sd`` is Student's t.

    Parameters
    ----------
    loc, sd : array of float, shape (..., h)
    df : array of float, shape (...)
        Degrees of freedom of the estimate: its number of errors less the parameters.
    """

    loc: FloatArray
    sd: FloatArray
    df: FloatArray

    @property
    def mean(self) -> FloatArray:
        return self.loc

    def quantiles(self, probs: Sequence[float]) -> FloatArray:
        standard = student_quantiles(probs, self.df)[..., None, :]
        return self.loc[..., None] + self.sd[..., None] * standard


@dataclass(frozen=True, eq=False)
class Samples(Distribution):
    """Draws from the predictive distribution, shape (n, h); quantiles are linear between draws."""

    draws: FloatArray

    @property
    def mean(self) -> FloatArray:
        mean: FloatArray = self.draws.mean(axis=0)
        return mean

    def quantiles(self, probs: Sequence[float]) -> FloatArray:
        found: FloatArray = np.quantile(self.draws, list(probs), axis=0)
        return np.moveaxis(found, 0, -1)


@dataclass(frozen=True, eq=False)
class Quantiles(Distribution):
    """Quantiles at given probabilities, shape (..., h, len(probs)), and a mean, shape (..., h).

    Between the given probabilities the quantile is linear; beyond them it is not known and asking
    for it is an error. Crossing quantiles are sorted.
    """

    loc: FloatArray
    probs: tuple[float, ...]
    values: FloatArray

    @property
    def mean(self) -> FloatArray:
        return self.loc

    def quantiles(self, probs: Sequence[float]) -> FloatArray:
        have = np.asarray(self.probs)
        if min(probs) < have.min() - 1e-9 or max(probs) > have.max() + 1e-9:
            raise LevelError(
                f"quantiles {min(probs):g} to {max(probs):g} are asked for, the forecaster gives "
                f"{have.min():g} to {have.max():g}"
            )
        order = np.argsort(have)
        values = np.sort(self.values, axis=-1)
        at = np.clip(np.asarray(probs), have.min(), have.max())
        right = (
            np.clip(np.searchsorted(have[order], at), 1, len(have) - 1) if len(have) > 1 else None
        )
        if right is None:
            return np.repeat(values, len(probs), axis=-1)
        low, high = have[order][right - 1], have[order][right]
        share = (at - low) / (high - low)
        found: FloatArray = values[..., right - 1] * (1 - share) + values[..., right] * share
        return found


@dataclass(frozen=True, eq=False)
class Deferred(Distribution):
    """A mean at hand, shape (h,), and a distribution that is worked out only if quantiles are asked.

    For forecasters whose intervals cost more than their forecast: paths to be simulated, a second
    model to be estimated. ``work_out`` must give the same distribution every time. ``sd`` is a rough standard
    deviation, where there is one at once.
    """

    loc: FloatArray
    work_out: Callable[[], Distribution]
    sd: FloatArray | None = None

    @property
    def mean(self) -> FloatArray:
        return self.loc

    def quantiles(self, probs: Sequence[float]) -> FloatArray | None:
        return self.work_out().quantiles(probs)


def standard_normal_quantiles(probs: Sequence[float]) -> FloatArray:
    """Return the standard normal quantiles, shape (len(probs),)."""
    standard = NormalDist()
    return np.array([standard.inv_cdf(float(p)) for p in probs])


def student_quantiles(probs: Sequence[float], df: FloatArray) -> FloatArray:
    """Return quantiles of Student's t, shape (..., len(probs)); the normal ones where ``df`` is infinite."""
    from scipy.special import stdtrit

    freedom = np.asarray(df, dtype=np.float64)[..., None]
    found: FloatArray = stdtrit(np.where(np.isfinite(freedom), freedom, 1.0), np.asarray(probs))
    return np.where(np.isfinite(freedom), found, standard_normal_quantiles(probs))


def as_distribution(answer: Distribution | FloatArray | Sequence[float]) -> Distribution:
    """Return what a forecaster answered as a distribution; an array is a point forecast."""
    if isinstance(answer, Distribution):
        return answer
    if answer is None:  # numpy takes it for NaN
        raise _no_numbers(answer)
    try:
        array = np.asarray(answer)
        numbers = array if np.iscomplexobj(array) else array.astype(np.float64, copy=False)
    except (TypeError, ValueError) as error:
        raise _no_numbers(answer) from error
    return Point(numbers)  # complex ones are refused where their shape is


def _no_numbers(answer: object) -> ModelContractError:
    what = "nothing" if answer is None else f"a {type(answer).__name__} that is no array of numbers"
    return ModelContractError(f"returned {what}; return one number a step, or a Distribution")


# --- what users ask for -----------------------------------------------------------------------------


def check_level(level: Sequence[float] | float | None) -> tuple[float, ...]:
    """Return levels as sorted percentages in (0, 100).

    Raises
    ------
    LevelError
        For anything else, with what was probably meant.
    """
    given = _several(level)
    for value in given:
        number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or not 0 < value < 100:
            raise LevelError(f"levels are percentages in (0, 100): got {show_value(value)}")
        if value < 1:
            raise LevelError(f"level {value:g} < 1: did you mean {value * 100:g}?")
    if len(set(given)) < len(given):
        raise LevelError(f"level names one level {plural(2, 'time')}: {tuple(given)}")
    return tuple(sorted(float(v) for v in given))


def check_quantiles(quantiles: Sequence[float] | None) -> tuple[float, ...]:
    """Return quantile probabilities, sorted, each in (0, 1)."""
    given = _several(quantiles)
    for value in given:
        number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
        if not number or not 0 < value < 1:
            raise LevelError(f"quantiles are probabilities in (0, 1): got {show_value(value)}")
    if len(set(given)) < len(given):
        raise LevelError(f"quantiles names one probability twice: {tuple(given)}")
    return tuple(sorted(float(v) for v in given))


def _several(given: object) -> list[Any]:
    """Return one value, several or none as a list."""
    if given is None:
        return []
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        return [given]
    return list(given)


@dataclass(frozen=True)
class Asked:
    """Which probabilities a forecast is asked for, and the columns they become."""

    level: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()

    @property
    def probs(self) -> tuple[float, ...]:
        """Probabilities in the order of ``columns``."""
        tails = [p for level in self.level for p in (lower_tail(level), 1 - lower_tail(level))]
        return (*tails, *self.quantiles)

    @property
    def columns(self) -> tuple[str, ...]:
        """``lo-80, hi-80, ..., q-0.1, ...``."""
        pairs = [f"{side}-{level:g}" for level in self.level for side in ("lo", "hi")]
        return (*pairs, *(f"q-{p:g}" for p in self.quantiles))


def lower_tail(level: float) -> float:
    """Return the probability below the interval of ``level`` percent, rounded to be comparable."""
    return round((100 - level) / 200, 12)


def ask(level: Sequence[float] | float | None, quantiles: Sequence[float] | None = None) -> Asked:
    """Check and return what is asked for; ``level`` and ``quantiles`` are either-or."""
    asked = Asked(check_level(level), check_quantiles(quantiles))
    if asked.level and asked.quantiles:
        raise LevelError("give level= (percent) or quantiles= (0-1), not both")
    return asked
