"""Processes with a known answer: eighteen generators of series, and the forecaster that matches each.

``draw(process, n_series, length, seed)`` is an array (n_series, length). A match is the forecaster whose model
is the process; where there is none, no forecaster of ours claims to know it and intervals may be off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import forecasting as fc
from forecasting.base import Forecaster

Array = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int, int], Array]


@dataclass(frozen=True)
class Process:
    """A generator of series, its season, and what matches it."""

    name: str
    draw: Draw
    season_length: int = 1
    matches: tuple[Forecaster, ...] = ()


def draw(process: Process, n_series: int, length: int, seed: int = 0) -> Array:
    """Return independent series, shape (n_series, length)."""
    return process.draw(np.random.default_rng(seed), n_series, length)


def smoothed(
    *,
    alpha: float = 0.3,
    beta: float = 0.0,
    gamma: float = 0.0,
    phi: float = 1.0,
    level: float = 50.0,
    slope: float = 0.0,
    m: int = 1,
    swing: float = 0.0,
    relative: float = 0.0,
    noise: Callable[[np.random.Generator, tuple[int, int]], Array] | None = None,
) -> Draw:
    """Return exponential smoothing, its errors of unit variance, or ``relative`` with a season of factors."""

    def draws(rng: np.random.Generator, n_series: int, length: int) -> Array:
        e = (noise or np.random.Generator.standard_normal)(rng, (length, n_series))
        levels, slopes = np.full(n_series, level), np.full(n_series, slope)
        wave = swing * np.sin(2 * np.pi * np.arange(m) / m)
        seasons = [np.full(n_series, s + (1.0 if relative else 0.0)) for s in wave]
        y = np.empty((n_series, length))
        for t in range(length):
            j, base = t % m, levels + phi * slopes
            if relative:
                error = relative * e[t]
                y[:, t] = base * seasons[j] * (1 + error)
                levels, slopes = base * (1 + alpha * error), phi * slopes + beta * base * error
                seasons[j] = seasons[j] * (1 + gamma * error)
            else:
                y[:, t] = base + seasons[j] + e[t]
                levels, slopes = base + alpha * e[t], phi * slopes + beta * e[t]
                seasons[j] = seasons[j] + gamma * e[t]
        return y

    return draws


def _walk(drift: float) -> Draw:
    return lambda rng, s, t: 50 + np.cumsum(drift + rng.standard_normal((s, t)), axis=1)


def _first_order(rng: np.random.Generator, n_series: int, length: int) -> Array:
    e = rng.standard_normal((n_series, length))
    y = np.empty_like(e)
    y[:, 0] = e[:, 0] / np.sqrt(1 - 0.7**2)
    for t in range(1, length):
        y[:, t] = 0.7 * y[:, t - 1] + e[:, t]
    return 50 + y


def _seasonal_walk(m: int) -> Draw:
    def draws(rng: np.random.Generator, n_series: int, length: int) -> Array:
        y = 50 + 10 * np.sin(2 * np.pi * np.arange(length) / m) + np.zeros((n_series, 1))
        e = rng.standard_normal(y.shape)
        for t in range(length):
            y[:, t] = (y[:, t - m] if t >= m else y[:, t]) + e[:, t]
        return y

    return draws


def _heavy(rng: np.random.Generator, size: tuple[int, int]) -> Array:
    return rng.standard_t(4, size) / np.sqrt(2)


def _garch(rng: np.random.Generator, size: tuple[int, int]) -> Array:
    z, e, variance = rng.standard_normal(size), np.empty(size), np.ones(size[1])
    for t in range(size[0]):
        e[t] = np.sqrt(variance) * z[t]
        variance = 0.1 + 0.3 * e[t] ** 2 + 0.6 * variance
    return e


def _broken(rng: np.random.Generator, n_series: int, length: int) -> Array:
    y = smoothed(alpha=0.1)(rng, n_series, length)
    at = rng.integers(length // 2, 9 * length // 10, n_series)
    return y + 5 * (np.arange(length) >= at[:, None])


def _growing_noise(rng: np.random.Generator, n_series: int, length: int) -> Array:
    return 50 + rng.standard_normal((n_series, length)) * np.linspace(0.3, 2, length)


def _intermittent(rng: np.random.Generator, n_series: int, length: int) -> Array:
    sold = rng.random((n_series, length)) < 0.3
    return sold * (1 + rng.poisson(4, (n_series, length))).astype(np.float64)


PROCESSES = (
    Process(
        "white noise",
        lambda rng, s, t: 50 + rng.standard_normal((s, t)),
        1,
        (fc.HistoricAverage(), fc.SES()),
    ),
    Process("random walk", _walk(0.0), 1, (fc.Naive(),)),
    Process("walk with drift", _walk(0.3), 1, (fc.RandomWalkWithDrift(),)),
    Process("AR(1), 0.7", _first_order, 1, (fc.StatsmodelsARIMA(order=(1, 0, 0)),)),
    Process("ETS(ANN)", smoothed(), 1, (fc.SES(),)),
    Process("smoothing with drift", smoothed(slope=0.1), 1, (fc.Theta(deseasonalize=False),)),
    Process("ETS(AAN), slow slope", smoothed(alpha=0.4, beta=0.02, slope=0.3), 1, (fc.Holt(),)),
    Process("ETS(AAN), fast slope", smoothed(alpha=0.4, beta=0.1, slope=0.3), 1, (fc.Holt(),)),
    Process(
        "ETS(AAdN)",
        smoothed(alpha=0.4, beta=0.05, phi=0.9, slope=0.3),
        1,
        (fc.Holt(damped=True),),
    ),
    Process("seasonal walk, m = 4", _seasonal_walk(4), 4, (fc.SeasonalNaive(4),)),
    Process(
        "ETS(AAA), m = 4",
        smoothed(beta=0.01, gamma=0.1, slope=0.2, m=4, swing=3.0),
        4,
        (fc.HoltWinters(4),),
    ),
    Process(
        "ETS(AAA), m = 12",
        smoothed(beta=0.01, gamma=0.1, slope=0.2, m=12, swing=3.0),
        12,
        (fc.HoltWinters(12),),
    ),
    Process(
        "ETS(MAM), m = 4",
        smoothed(beta=0.01, gamma=0.1, slope=0.3, m=4, swing=0.2, relative=0.04),
        4,
        (fc.ETS(4, "MAM"),),
    ),
    Process("t(4) errors", smoothed(noise=_heavy)),
    Process("GARCH errors", smoothed(noise=_garch)),
    Process("level break", _broken),
    Process("growing noise", _growing_noise),
    Process("intermittent", _intermittent),
)
