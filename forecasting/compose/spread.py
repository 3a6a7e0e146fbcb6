"""How wide the intervals of a combination are: from its own past errors, from a bundled model, or both.

Two estimates of the same thing, the quantiles of ``(y - mean) / s0`` at step ``h``, with
``s0 = sqrt(d1 dm)``, ``d1 = mean |y_t - y_{t-1}|`` and ``dm = mean |y_t - y_{t-m}|``:

``conformal``
    Errors at earlier origins, ``u = |error| / s0``. With the profile ``g_h`` (the panel's mean of ``u`` at step
    ``h``, each held at 20 times the median of ``u`` over the usual growth) and the series' own size
    ``s_i = (sum u / g + c) / (n + c)``, ``c = H / 4``, the scores are ``z = u / (g_h s_i)``, ``s_i`` taken
    without the origin of the score and its neighbours: a score that helped to scale itself is too small. The
    half-width of level ``L`` is ``s0 s_i g_h`` times the ``L`` quantile of all ``z`` (split conformal, Lei et
    al. 2018, *J. Am. Stat. Assoc.* 113, 1094-1111, with local scales). Not pooled, a series has its own ``z``
    alone, ``g`` grows by the power by which its errors do (:func:`_power`), and ``c`` counts for its mean of
    ``u / g`` instead of 1.

``scale``
    ``log sigma_h = log s0 + x_h' b``: sixteen features of the history, of the past errors and of how far the
    members differ, with coefficients ``b`` that were fitted on the test errors of public competitions, and
    quantile multipliers beside them; ``scale_model.json`` says on which. Past errors of adjacent
    origins all share the last months, so that intervals from them alone are too narrow; the model knows by how
    much errors outgrow them.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib import resources
from statistics import NormalDist
from typing import Any

import numpy as np

from forecasting._typing import BoolArray, FloatArray, IntArray
from forecasting.compose.weighting import row_sum, steady_mean

FEATURES = (
    "one",
    "trust * log(backtest / s0)",
    "1 - trust",
    "log(d1 / s0)",
    "log(recent / s0)",
    "log(dispersion_h / s0 + 0.02)",
    "log h",
    "log h * log(backtest / s0)",
    "log h * log(d1 / s0)",
    "log(difference_h / s0)",
    "log n - 4",
    "[m = 4]",
    "[m >= 12]",
    "log h * [m = 4]",
    "log h * [m >= 12]",
    "[m = 1] * trust",
)
#: How errors grow with the step where nothing is known of it: ``((h + 1) / 2)^0.4``.
GROWTH = 0.4
#: Steps behind which nothing is known of the usual growth: the competitions that it is from forecast so far.
FARTHEST = 24
#: Origins whose errors grow as usual, beside those that were seen.
PRIOR = 4.0
#: Errors count in the profile of a panel as at most this many times their median.
WILD = 20.0
#: What sizes that overflow are held at: unknown they are not.
LARGEST = float(np.finfo(np.float64).max)
#: Errors that weigh as much as what is known without them.
TRUST = 30.0


@dataclass(frozen=True, eq=False)
class Sizes:
    """What the history says of the size of changes, one row a series; positive."""

    s0: FloatArray  # (S,)
    d1: FloatArray  # (S,)
    recent: FloatArray  # (S,)
    seasonal: FloatArray  # (S, h): median |y_t - y_{t-l}|, l the least multiple of m of at least h
    n: FloatArray  # (S,)


@np.errstate(over="ignore")
def sizes(y: FloatArray, m: int, h: int) -> tuple[float, float, float, FloatArray, float]:
    """Return ``s0, d1, recent, seasonal, n`` of one history; NaN is a missing value."""
    s0, d1, floor = unit(y, m)
    n = int(np.count_nonzero(np.isfinite(y)))
    recent = max(_or(_mean_abs(y[-max(3 * m, 8) - 1 :], 1), d1), floor)
    seasonal = np.empty(h)
    found: dict[int, float] = {}
    for step in range(1, h + 1):
        lag = min(m * -(-step // m), max((len(y) - 1) // m, 1) * m)
        if lag not in found:
            found[lag] = _median_abs(y, lag)
        value = found[lag]
        seasonal[step - 1] = max(value if np.isfinite(value) else s0, floor)
    return s0, d1, recent, seasonal, float(n)


@np.errstate(over="ignore")
def unit(y: FloatArray, m: int) -> tuple[float, float, float]:
    """Return ``s0``, ``d1`` and the least size that is told from rounding, all positive."""
    known = np.abs(y[np.isfinite(y)])
    floor = 1e-9 * float(known.max(initial=0.0)) or 1e-300
    d1 = _mean_abs(y, 1)
    dm = _mean_abs(y, m) if len(y) > m else d1
    if np.isnan(d1) and np.isnan(dm):
        d1 = _mean_abs(y[np.isfinite(y)], 1)  # no two neighbours: what comes next to each other
    d1, dm = max(_or(d1, dm), floor), max(_or(dm, d1), floor)
    return float(np.sqrt(d1) * np.sqrt(dm)), d1, floor


def _or(value: float, other: float) -> float:
    return value if np.isfinite(value) else (other if np.isfinite(other) else 0.0)


def differences(y: FloatArray, lag: int) -> FloatArray:
    """Return ``|y_t - y_{t-lag}|`` where both are known; infinite where it overflows."""
    if len(y) <= lag:
        return y[:0]
    change = np.abs(y[lag:] - y[:-lag])
    return np.asarray(change[~np.isnan(change)])


def mean_size(values: FloatArray) -> float:
    """Return the mean of sizes, NaN of none; the largest number there is where it overflows."""
    return min(float(values.mean()), LARGEST) if len(values) else np.nan


def _mean_abs(y: FloatArray, lag: int) -> float:
    return mean_size(differences(y, lag))


def _median_abs(y: FloatArray, lag: int) -> float:
    change = differences(y, lag)
    return min(float(np.median(change)), LARGEST) if len(change) else np.nan


def design(known: Sizes, residuals: FloatArray, dispersion: FloatArray, m: int) -> FloatArray:
    """Return the features of the scale model.

    Parameters
    ----------
    known : Sizes
    residuals : array of float, shape (S, O, H)
        Errors at earlier origins; NaN where there is none.
    dispersion : array of float, shape (S, h)
        Mean absolute difference of the members from their combination.

    Returns
    -------
    array of float, shape (S, h, 16)
    """
    n_series, h = dispersion.shape
    s0 = known.s0
    count, size = backtest_size(residuals, s0)
    trust = count / (count + TRUST)
    log_h = np.log(np.arange(1, h + 1, dtype=np.float64))
    backtest, first = np.log(size / s0), np.log(known.d1 / s0)
    quarterly, monthly = float(m == 4), float(m >= 12)
    x = np.empty((n_series, h, len(FEATURES)))
    x[..., 0] = 1.0
    x[..., 1] = (trust * backtest)[:, None]
    x[..., 2] = (1 - trust)[:, None]
    x[..., 3] = first[:, None]
    x[..., 4] = np.log(known.recent / s0)[:, None]
    x[..., 5] = np.log(dispersion / s0[:, None] + 0.02)
    x[..., 6] = log_h
    x[..., 7] = log_h * backtest[:, None]
    x[..., 8] = log_h * first[:, None]
    x[..., 9] = np.log(known.seasonal / s0[:, None])
    x[..., 10] = (np.log(known.n) - 4)[:, None]
    x[..., 11] = quarterly
    x[..., 12] = monthly
    x[..., 13] = log_h * quarterly
    x[..., 14] = log_h * monthly
    x[..., 15] = (trust * float(m == 1))[:, None]
    return x


def backtest_size(residuals: FloatArray, s0: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return how many past errors there are, and their size at step one.

    The size is ``(sum |e| / growth + 2.4 s0) / (n + 3)``.
    """
    growth = growth_of(residuals.shape[-1])
    seen = np.isfinite(residuals)
    count = seen.sum(axis=(1, 2)).astype(np.float64)
    total = row_sum(np.where(seen, np.abs(residuals) / growth, 0.0), 2)
    size: FloatArray = (total + 2.4 * s0) / (count + 3.0)
    return count, size


def growth_of(h: int, power: float | FloatArray = GROWTH) -> FloatArray:
    """Return how errors usually grow with the step, shape (..., h)."""
    steps = np.arange(1, h + 1, dtype=np.float64)
    found: FloatArray = ((steps + 1.0) / 2.0) ** power
    return found


# --- the bundled model --------------------------------------------------------------------------------------


@functools.cache
def scale_model() -> dict[str, Any]:
    """Return the bundled scale model: coefficients, multipliers and where they come from."""
    text = resources.files("forecasting.compose").joinpath("scale_model.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def scale_widths(x: FloatArray, s0: FloatArray, probs: FloatArray) -> FloatArray:
    """Return the distance of quantiles from the mean by the bundled model, shape (S, h, len(probs))."""
    model = scale_model()
    logs = np.zeros(x.shape[:2])
    for j, coefficient in enumerate(
        model["coefficients"]
    ):  # in order: no sum of BLAS has these bits
        logs += x[..., j] * coefficient
    with np.errstate(over="ignore"):
        sigma = s0[:, None] * np.exp(logs)
    found: FloatArray = sigma[..., None] * multipliers(
        np.array(model["probabilities"]), np.array(model["multipliers"]), probs
    )
    return found


def multipliers(have: FloatArray, values: FloatArray, probs: FloatArray) -> FloatArray:
    """Return symmetric quantiles at any probability: linear between those there are, on a normal scale."""
    normal = NormalDist()
    at = np.array([0.0, *(normal.inv_cdf(float(p)) for p in have)])
    size = np.array([0.0, *values])
    asked = np.array([normal.inv_cdf(float(p)) for p in probs])
    inside = np.interp(np.abs(asked), at, size)
    beyond = size[-1] * np.abs(asked) / at[-1]
    found: FloatArray = np.sign(asked) * np.where(np.abs(asked) > at[-1], beyond, inside)
    return found


# --- past errors --------------------------------------------------------------------------------------------


def conformal_widths(
    residuals: FloatArray, s0: FloatArray, h: int, m: int, probs: FloatArray, pooled: bool
) -> FloatArray:
    """Return the distance of quantiles from the mean by past errors, shape (S, h, len(probs)).

    NaN where there are no past errors: of the panel if ``pooled``, else of the series.
    """
    size = np.abs(residuals) / s0[:, None, None]
    seen = np.isfinite(size)
    if pooled:
        profile = _profile(size)
        steps = extended(profile, h, m)[None]
    else:
        power = _power(size)[:, None]
        profile = growth_of(size.shape[-1], power)[:, None]
        steps = growth_of(h, power)
    relative = np.where(seen, size / profile, 0.0)
    prior = residuals.shape[-1] / 4.0
    level = 1.0 if pooled else _own_level(relative, seen)
    total, count = row_sum(relative), seen.sum(axis=2).astype(np.float64)  # (S, O)
    own = (row_sum(total) + prior * level) / (row_sum(count) + prior)
    left_total = row_sum(total)[:, None] - _around(total)
    left_count = row_sum(count)[:, None] - _around(count)
    without = (np.maximum(left_total, 0.0) + prior * np.atleast_1d(level)[:, None]) / (
        left_count + prior
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        scores = np.where(seen, relative / without[..., None], np.nan)
    levels = np.abs(2 * probs - 1)
    if pooled:
        width = _quantiles(scores.ravel()[None], levels)  # (1, P)
    else:
        width = _quantiles(scores.reshape(len(scores), -1), levels)
    reach = np.minimum(own[:, None] * width, _most(relative, seen, level, levels))
    found: FloatArray = s0[:, None, None] * steps[..., None] * reach[:, None] * np.sign(probs - 0.5)
    return found


def _most(
    relative: FloatArray, seen: BoolArray, level: float | FloatArray, levels: FloatArray
) -> FloatArray:
    """Return the largest width of each series at each level, (S, P), over profile and unit.

    An origin at which all went wrong makes the size of its series large and its own scores larger still: their
    product is of an error that was never made. Of n errors the largest stands, as for :func:`_quantiles`, for
    ``n / (n + 1)``, and is that of n later ones to within 8 / n.
    """
    count = seen.sum(axis=(1, 2))[:, None]
    top = np.maximum(relative.max(axis=(1, 2)), level)[:, None] * (1.0 + 8.0 / np.maximum(count, 1))
    return np.asarray(np.where(count > 0, top * np.maximum(_beyond(levels, count), 1.0), np.inf))


def _power(size: FloatArray) -> FloatArray:
    """Return by which power of the step errors (..., O, H) grow, shape (...), between 0 and 0.4.

    Second half of the steps against the first, over the origins that have both and :data:`PRIOR` more.
    """
    half = size.shape[-1] // 2
    if half < 4:
        return np.full(size.shape[:-2], GROWTH)
    early, late = steady_mean(size[..., :half], axis=-1), steady_mean(size[..., half:], axis=-1)
    both = (early > 0.0) & (late > 0.0)
    n = both.sum(axis=-1)
    early, late = (np.where(both, part, 0.0).sum(axis=-1) for part in (early, late))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.log(late / early) / np.log(3.0)
    found = np.where(n > 0, np.clip(found, 0.0, GROWTH), GROWTH)
    return np.asarray((n * found + PRIOR * GROWTH) / (n + PRIOR))


def _profile(size: FloatArray) -> FloatArray:
    """Return the mean error of each step in a panel, shape (H,), in units of ``s0``; never zero."""
    # All series of an origin share its months: of a panel, too, it is one origin.
    by_origin = np.where(np.isfinite(size).any(axis=0), steady_mean(size, axis=0), np.nan)
    usual = growth_of(size.shape[-1], _power(by_origin))
    usual[FARTHEST:] = usual[:FARTHEST][-1]
    flat = size.reshape(-1, size.shape[-1])
    count = np.isfinite(flat).sum(axis=0)
    if count.sum() == 0:
        return usual
    # One series whose unit says nothing of its errors must not be the profile of all.
    most = WILD * float(np.nanmedian(flat / usual))
    if most > 0.0:
        flat = np.minimum(flat, most * usual)
    found = steady_mean(flat, axis=0)
    overall = float(steady_mean((flat / usual).ravel(), axis=0))
    # A step seen a few times leans on the usual growth.
    mixed: FloatArray = (count * found + 8.0 * overall * usual) / (count + 8.0)
    return np.maximum(mixed, 1e-12)


def _own_level(relative: FloatArray, seen: np.ndarray[Any, Any]) -> FloatArray:
    """Return the mean relative error of each series, shape (S,); 1 where there is none."""
    count = seen.sum(axis=(1, 2))
    found: FloatArray = np.where(count > 0, row_sum(relative, 2) / np.maximum(count, 1), 1.0)
    return found


def _around(values: FloatArray) -> FloatArray:
    """Return each origin's value plus those of its neighbours, shape (S, O); its own where there are few."""
    found = values.copy()
    if values.shape[1] >= 4:
        found[:, 1:] += values[:, :-1]
        found[:, :-1] += values[:, 1:]
    return found


def _quantiles(scores: FloatArray, levels: FloatArray) -> FloatArray:
    """Return the ``ceil((n + 1) level)``-th smallest score of each row.

    Of n scores the largest stands for the level ``n / (n + 1)``; what lies beyond it grows from there like
    the quantiles of a normal distribution.
    """
    ordered = np.sort(scores, axis=1)  # NaN last
    count = np.isfinite(ordered).sum(axis=1)[:, None]
    rank: IntArray = np.ceil(np.round((count + 1) * levels[None], 9)).astype(np.int64)
    at = np.clip(rank - 1, 0, np.maximum(count - 1, 0))
    found = np.take_along_axis(ordered, at, axis=1)
    if (rank > count).any():
        found = np.where(rank > count, found * _beyond(levels, count), found)
    return np.asarray(np.where(levels[None] == 0, 0.0, np.where(count > 0, found, np.nan)))


def _beyond(levels: FloatArray, count: IntArray) -> FloatArray:
    """Return how much wider a level (P,) is than the largest of ``count`` (S, 1) normal scores, (S, P)."""
    from scipy.special import ndtri

    largest = ndtri((1 + count / (count + 1)) / 2)
    return np.asarray(ndtri((1 + levels[None]) / 2) / np.where(count > 0, largest, 1.0))


def extended(profile: FloatArray, h: int, m: int) -> FloatArray:
    """Return a profile of H steps for ``h``: its head, or its last season grown on behind its end.

    It grows with the power of the step by which its second half did, between 0 and 0.4.
    """
    n = len(profile)
    if h <= n:
        return profile[:h]
    power = GROWTH
    if n >= 8:
        early, late = float(profile[: n // 2].mean()), float(profile[n // 2 :].mean())
        power = float(np.clip(np.log(late / early) / np.log(3.0), 0.0, GROWTH))
    season = m if m <= n // 2 else 1
    steps = np.arange(n + 1, h + 1)
    like = (
        n - season + (steps - n - 1) % season
    )  # the same phase of the last season, counted from 0
    tail: FloatArray = profile[like] * (steps / (like + 1.0)) ** power
    return np.concatenate([profile, tail])
