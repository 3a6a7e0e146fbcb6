"""The Theta family: a second implementation, brute force, golden values of two programs, invariants."""

from __future__ import annotations

import csv
import doctest
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize_scalar

from forecasting.errors import ArgumentError
from forecasting.kernels import theta as kernel
from forecasting.kernels.theta import MODELS, Column, Outcome
from forecasting.kernels.threads import using_threads

HERE = Path(__file__).parents[1] / "golden"
STATSFORECAST = json.loads((HERE / "theta_statsforecast.json").read_text())["series"]


def read_r() -> dict[str, dict[str, np.ndarray]]:
    found: dict[str, dict[str, list[float]]] = {}
    with (HERE / "theta.csv").open() as lines:
        next(lines)
        for row in csv.DictReader(lines):
            of = found.setdefault(row["unique_id"], {})
            of.setdefault(row["what"], []).append(float(row["value"]))
    return {name: {k: np.array(v) for k, v in of.items()} for name, of in found.items()}


R = read_r()


def fit_one(y: Any, m: int = 1, model: str = "DOTM", **words: str) -> np.ndarray:
    """Record of one series, fitted at its end."""
    y = np.asarray(y, dtype=float)
    made = kernel.fit(
        y, np.array([0]), np.array([[len(y)]]), season_length=m, models=[model], **words
    )
    return made[0, 0]


def wave(n: int, seed: int = 0, *, level: float = 50.0, slope: float = 0.2) -> np.ndarray:
    rng = np.random.default_rng(seed)
    season = 8 * np.sin(2 * np.pi * np.arange(n) / 12)
    return level + slope * np.arange(n) + season + rng.normal(0, 2, n).cumsum()


# --- a second implementation, straight from the recursions of the paper (t counts from 1)


def line(y: np.ndarray) -> tuple[float, float]:
    slope, intercept = np.polyfit(np.arange(1, len(y) + 1), y, 1)
    return float(intercept), float(slope)


def slow(
    y: np.ndarray, model: str, alpha: float, theta: float, first_level: float, h: int = 0
) -> np.ndarray:
    """One-step means of y, then the path without errors of h more."""
    n, level, omega = len(y), first_level, 1 - 1 / theta
    dynamic = model in ("DSTM", "DOTM")
    intercept, slope = (y[0], 0.0) if dynamic else line(y)
    mean, means = 0.0, []
    for t in range(1, n + h + 1):
        w = (1 - alpha) ** (t - 1)
        mu = level + omega * (w * intercept + (1 - w * (1 - alpha)) / alpha * slope)
        means.append(mu)
        value = y[t - 1] if t <= n else mu
        level = alpha * value + (1 - alpha) * level
        if dynamic and t > 1:
            slope = ((t - 2) * slope + 6 / t * (value - mean)) / (t + 1)
        mean = ((t - 1) * mean + value) / t
        if dynamic:
            intercept = mean - (t + 1) / 2 * slope
    return np.array(means)


def objective(y: np.ndarray, model: str, alpha: float, theta: float, first_level: float) -> float:
    return float(((y - slow(y, model, alpha, theta, first_level))[3:] ** 2).sum())


def least(y: np.ndarray, model: str, alpha: float) -> float:
    """Least objective at a weight: three filters show how the errors depend on level and omega."""
    at = [y - slow(y, model, alpha, t, l0) for t, l0 in ((1, 0.0), (1, 1.0), (1e300, 0.0))]
    base, by_level, by_omega = at[0][3:], (at[0] - at[1])[3:], (at[0] - at[2])[3:]

    def given_omega(omega: float) -> float:
        e = base - omega * by_omega
        return float(((e - by_level * (by_level @ e) / (by_level @ by_level)) ** 2).sum())

    if model in ("STM", "DSTM"):
        return given_omega(0.5)
    return float(
        minimize_scalar(given_omega, bounds=(0, 1), method="bounded", options={"xatol": 1e-12}).fun
    )


def slow_season(y: np.ndarray, m: int, kind: str) -> np.ndarray:
    """Indices of the classical decomposition, the index of the first value first."""
    half = m // 2
    weights = np.r_[0.5, np.ones(m - 1), 0.5] / m if m % 2 == 0 else np.ones(m) / m
    trend = np.full(len(y), np.nan)
    trend[half : len(y) - half] = np.convolve(y, weights, mode="valid")
    rest = y / trend if kind == "multiplicative" else y - trend
    index = np.array([np.nanmean(rest[j::m]) for j in range(m)])
    return index / index.mean() if kind == "multiplicative" else index - index.mean()


def slow_is_seasonal(y: np.ndarray, m: int) -> bool:
    z = y - y.mean()
    r = np.array([z[k:] @ z[: len(z) - k] for k in range(1, m + 1)]) / (z @ z)
    return bool(abs(r[-1]) > 1.6448536269514722 * np.sqrt((1 + 2 * (r[:-1] ** 2).sum()) / len(y)))


def adjusted(y: np.ndarray, record: np.ndarray) -> np.ndarray:
    season = np.resize(record[Column.INDICES :], len(y))
    return y / season if record[Column.SEASON] == 2 else y - season if record[Column.SEASON] else y


def parameters(record: np.ndarray) -> tuple[float, float, float]:
    return record[Column.ALPHA], kernel.thetas(record), record[Column.FIRST_LEVEL]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("n", [6, 9, 30, 120])
def test_filter_objective_and_forecast_are_those_of_the_recursions(model, n):
    y = wave(n)
    record = fit_one(y, 1, model)
    expected = slow(y, model, *parameters(record), h=9)
    means, after = kernel.smooth(
        y,
        model,
        alpha=record[Column.ALPHA],
        theta=kernel.thetas(record),
        first_level=record[Column.FIRST_LEVEL],
    )
    scale = np.abs(expected).max()  # the first level may be huge where it hardly matters
    assert_allclose(means, expected[:n], rtol=1e-9, atol=1e-12 * scale)
    assert_allclose(record[Column.SSE], ((y - expected[:n])[3:] ** 2).sum(), rtol=1e-9, atol=1e-20)
    mean, _ = kernel.project(record, 1, 9)
    assert_allclose(mean, expected[n:], rtol=1e-10)
    assert_allclose(kernel.project(after, 1, 9)[0], mean, rtol=1e-10)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("seed", range(6))
def test_no_weight_of_a_fine_grid_and_no_polish_of_it_is_better(model, seed):
    y = wave(24 + 12 * seed, seed, slope=[0.0, 0.3, 3.0, -0.5, 0.0, 0.1][seed])
    record = fit_one(y, 1, model)
    grid = np.linspace(0.1, 0.99, 150)
    sums = np.array([least(y, model, alpha) for alpha in grid])
    at = int(sums.argmin())
    around = (grid[max(at - 1, 0)], grid[min(at + 1, len(grid) - 1)])
    polished = minimize_scalar(
        lambda alpha: least(y, model, alpha),
        bounds=around,
        method="bounded",
        options={"xatol": 1e-9},
    )
    best = min(float(polished.fun), float(sums.min()))
    assert record[Column.SSE] <= best * (1 + 1e-8)
    assert_allclose(record[Column.SSE], best, rtol=1e-6)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("seed", range(4))
def test_with_a_level_that_is_not_free_the_first_mean_is_the_first_value(model, seed):
    y = wave(20 + 20 * seed, seed)
    record = kernel.fit(y, np.array([0]), np.array([[len(y)]]), models=[model], free_level=False)[
        0, 0
    ]
    expected = slow(y, model, *parameters(record), h=5)
    assert_allclose(expected[0], y[0], rtol=1e-12)
    assert_allclose(record[Column.SSE], ((y - expected[: len(y)])[3:] ** 2).sum(), rtol=1e-9)
    assert_allclose(kernel.project(record, 1, 5)[0], expected[len(y) :], rtol=1e-10)
    freedom = len(y) - 3 - kernel.n_parameters(model, free_level=False)
    assert_allclose(record[Column.SIGMA], np.sqrt(record[Column.SSE] / freedom), rtol=1e-12)

    start = y[0] if model in ("DSTM", "DOTM") else sum(line(y))

    def at(alpha: float, omega: float) -> float:
        return objective(y, model, alpha, 1 / (1 - omega), y[0] - omega * start)

    omegas = [0.5] if model in ("STM", "DSTM") else np.linspace(0, 0.99999, 40)
    best = min(at(alpha, omega) for alpha in np.linspace(0.1, 0.99, 60) for omega in omegas)
    assert record[Column.SSE] <= best * (1 + 1e-8)
    assert record[Column.SSE] >= fit_one(y, 1, model)[Column.SSE] * (1 - 1e-9)


def brute_variance(record: np.ndarray, h: int) -> np.ndarray:
    """Variance by sending a unit error through the slow recursions at each step ahead."""
    model = MODELS[int(record[Column.MODEL])]
    n, dynamic = int(record[Column.COUNT]), model in ("DSTM", "DOTM")
    alpha, omega = record[Column.ALPHA], record[Column.OMEGA]

    def path(shock_at: int) -> np.ndarray:
        level = record[Column.LEVEL]
        intercept, slope, mean = (record[c] for c in (Column.INTERCEPT, Column.SLOPE, Column.MEAN))
        values = []
        for t in range(n + 1, n + h + 1):
            w = (1 - alpha) ** (t - 1)
            mu = level + omega * (w * intercept + (1 - w * (1 - alpha)) / alpha * slope)
            value = mu + (1.0 if t - n - 1 == shock_at else 0.0)
            values.append(value)
            level = alpha * value + (1 - alpha) * level
            if dynamic:
                slope = ((t - 2) * slope + 6 / t * (value - mean)) / (t + 1)
                mean = ((t - 1) * mean + value) / t
                intercept = mean - (t + 1) / 2 * slope
        return np.array(values)

    still = path(-1)
    return np.sum([(path(j) - still) ** 2 for j in range(h)], axis=0)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("n", [8, 40])
def test_variance_is_that_of_errors_sent_through_the_recursions(model, n):
    y = wave(n, 3)
    record = fit_one(y, 1, model)
    _, sd = kernel.project(record, 1, 12)
    sigma = np.sqrt(record[Column.SSE] / (n - 3 - kernel.n_parameters(model)))
    assert_allclose(record[Column.SIGMA], sigma, rtol=1e-12)
    assert_allclose(sd, sigma * np.sqrt(brute_variance(record, 12)), rtol=1e-8)
    if model in ("STM", "OTM"):
        growth = 1 + np.arange(12) * record[Column.ALPHA] ** 2
        assert_allclose(sd, sigma * np.sqrt(growth), rtol=1e-12)


@pytest.mark.parametrize("m", [2, 3, 4, 5, 7, 12, 24])
@pytest.mark.parametrize("kind", ["multiplicative", "additive"])
def test_season_is_the_classical_decomposition(m, kind):
    rng = np.random.default_rng(m)
    for n in (2 * m + 1, 5 * m, 6 * m + m // 2):
        y = 100 + np.arange(n) + np.resize(rng.normal(0, 20, m), n) + rng.normal(0, 1, n)
        if n < 4:
            continue
        record = fit_one(y, m, "STM", deseasonalise="always", decomposition=kind)
        assert record[Column.SEASON] == ["none", "additive", "multiplicative"].index(kind)
        assert_allclose(record[Column.INDICES :], slow_season(y, m, kind), rtol=1e-9, atol=1e-9)
        found = fit_one(y, m, "STM", decomposition=kind)[Column.SEASON] > 0
        assert found == (m >= 4 and slow_is_seasonal(y, m))


def test_season_becomes_additive_where_a_value_is_not_positive_or_an_index_too_small():
    y = np.resize([10.0, 200.0, 300.0, 400.0], 40) + np.arange(40)
    assert fit_one(y, 4)[Column.SEASON] == 2
    assert fit_one(y - 10, 4)[Column.SEASON] == 1  # a zero
    assert fit_one(np.resize([1e-3, 2.0, 3.0, 4.0], 40), 4)[Column.SEASON] == 1


def test_season_is_not_looked_for_where_there_is_less_than_two_of_them():
    y = np.resize([1.0, 5.0, 9.0, 2.0], 40)
    for n, season in ((7, 0), (8, 0), (20, 2)):
        assert fit_one(y[:n], 4)[Column.SEASON] == season
    assert fit_one(y[:7], 4, deseasonalise="always")[Column.SEASON] == 0
    assert fit_one(y, 4, deseasonalise="never")[Column.SEASON] == 0


# --- golden values


@pytest.mark.parametrize("name", R)
def test_filter_gives_what_r_gives_at_its_parameters(name):
    r = R[name]
    y, m, alpha = r["y"], int(r["season_length"][0]), float(r["alpha"][0])
    record = fit_one(y, m, "STM")
    assert (record[Column.SEASON] > 0) == bool(r["seasonal"][0])
    assert_allclose(record[Column.INDICES :], r["index"], rtol=1e-12)
    z, first = adjusted(y, record), float(r["first_level"][0])
    # R's fitted values are those of smoothing without a line: theta = 1.
    fitted, _ = kernel.smooth(z, "OTM", alpha=alpha, theta=1.0, first_level=first)
    assert_allclose(fitted, r["fitted"], rtol=1e-8)
    # R leaves out what is left of the line's start: (a + b) w^n / 2.
    _, after = kernel.smooth(z, "STM", alpha=alpha, theta=2.0, first_level=first)
    start = 0.5 * (1 - alpha) ** len(y) * sum(line(z))
    season = np.resize(np.roll(r["index"], -(len(y) % m)), 18)
    assert_allclose((kernel.project(after, 1, 18)[0] - start) * season, r["mean"], rtol=1e-8)


@pytest.mark.parametrize("name", STATSFORECAST)
@pytest.mark.parametrize("kind", ["multiplicative", "additive"])
@pytest.mark.parametrize("model", [*MODELS, "auto"])
def test_objective_is_never_worse_than_that_of_statsforecast(name, model, kind):
    theirs, y = STATSFORECAST[name][f"{model} {kind}"], R[name]["y"]
    m = int(R[name]["season_length"][0])
    models = MODELS if model == "auto" else [model]
    ends = np.array([[len(y)]])
    record = kernel.fit(y, np.array([0]), ends, season_length=m, models=models, decomposition=kind)[
        0, 0
    ]
    assert kernel.SEASONS[int(record[Column.SEASON])] == theirs["season"]
    if theirs["season"] != "none":
        assert_allclose(record[Column.INDICES :], theirs["index"], rtol=1e-9, atol=1e-9)
    assert record[Column.SSE] <= theirs["objective"] * (1 + 1e-8)

    means, after = kernel.smooth(
        adjusted(y, record),
        theirs["model"],
        alpha=theirs["alpha"],
        theta=theirs["theta"],
        first_level=theirs["first_level"],
    )
    sum_of_squares = ((adjusted(y, record) - means)[3:] ** 2).sum()
    assert_allclose(sum_of_squares, theirs["objective"], rtol=1e-8)
    mean, season = (
        kernel.project(after, 1, 18)[0],
        np.resize(np.roll(record[Column.INDICES :], -(len(y) % m)), 18),
    )
    mean = (
        mean * season
        if record[Column.SEASON] == 2
        else mean + season
        if record[Column.SEASON]
        else mean
    )
    assert_allclose(mean, theirs["mean"], rtol=1e-8)


def test_of_four_models_the_least_objective_is_kept():
    y = R["N1879"]["y"]
    each = {model: fit_one(y, 12, model)[Column.SSE] for model in MODELS}
    record = kernel.fit(y, np.array([0]), np.array([[len(y)]]), season_length=12, models=MODELS)[
        0, 0
    ]
    assert record[Column.SSE] == min(each.values())
    assert each["OTM"] <= each["STM"]
    assert each["DOTM"] <= each["DSTM"]


# --- windows


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("threads", [1, 3])
def test_a_window_has_the_same_bits_alone_and_among_others(model, threads):
    series = [wave(60, 1), wave(90, 2), R["AirPassengers"]["y"], wave(45, 4)]
    values = np.concatenate(series)
    starts = np.r_[0, np.cumsum([len(y) for y in series])[:-1]]
    stops = starts[:, None] + np.array([[5, 25, 41, 45]])
    with using_threads(threads):
        together = kernel.fit(values, starts, stops, season_length=12, models=[model])
    for i, y in enumerate(series):
        for k, n in enumerate((5, 25, 41, 45)):
            assert_array_equal(together[i, k], fit_one(y[:n], 12, model))
    values[stops[:, -1].max() :] = np.nan  # what lies behind the last stop is not read


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("m", [1, 12])
def test_moving_on_is_filtering_further_with_the_same_parameters(model, m):
    y = R["AirPassengers"]["y"]
    record = fit_one(y[:100], m, model)
    moved = kernel.advance(record, m, y, np.array([100]), np.array([125]))
    assert moved[Column.COUNT] == 125
    season = np.resize(record[Column.INDICES :], 144)
    z = y / season if record[Column.SEASON] == 2 else y
    if model in ("DSTM", "DOTM"):
        expected = slow(z[:125], model, *parameters(record), h=6)[125:]
    else:  # the line stays that of the first hundred values
        level, alpha, omega = record[Column.LEVEL], record[Column.ALPHA], record[Column.OMEGA]
        for value in z[100:125]:
            level = alpha * value + (1 - alpha) * level
        drift = omega * record[Column.SLOPE]
        gone = (1 - alpha) ** 125
        first = level + omega * (
            gone * record[Column.INTERCEPT]
            + (1 - gone * (1 - alpha)) / alpha * record[Column.SLOPE]
        )
        expected = first + drift * np.arange(6)
    mean, _ = kernel.project(moved, m, 6)
    assert_allclose(
        mean, expected * (season[125:131] if record[Column.SEASON] == 2 else 1), rtol=1e-9
    )


# --- corners


CORNERS = {
    "constant": np.full(30, 7.3),
    "zeros": np.zeros(30),
    "one spike": np.r_[np.zeros(20), 5.0, np.zeros(9)],
    "last value": np.r_[np.full(29, 3.0), 4.0],
    "exact line": 5.0 + 2.0 * np.arange(30),
    "tiny": 1e-300 * wave(30),
    "subnormal": 5e-324 * np.round(wave(30)),
    "large": 1e18 * wave(30),
    "huge": 1e300 * wave(30),
    "negative": -wave(30),
    "alternating": np.resize([-1.0, 1.0], 30),
    "exploding": np.exp(np.arange(30.0)),
    "wide range": np.resize([1e-300, 1e300], 30),
    "nearly constant": 1e6 + 1e-9 * np.arange(30),
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("m", [1, 4, 12])
@pytest.mark.parametrize("name", CORNERS)
def test_a_corner_has_a_finite_forecast(model, m, name):
    y = CORNERS[name]
    record = fit_one(y, m, model)
    assert record[Column.OUTCOME] == Outcome.FITTED
    mean, sd = kernel.project(record, m, 12)
    assert np.isfinite(mean).all()
    assert np.isfinite(sd).all()
    assert (sd >= 0).all()
    assert np.abs(mean).max() <= 20 * np.abs(y).max()


@pytest.mark.parametrize("model", MODELS)
def test_a_constant_and_a_line_are_continued(model):
    for level in (7.3, 0.0, -1e-9, 1e12):
        record = fit_one(np.full(25, level), 4, model)
        mean, sd = kernel.project(record, 4, 5)
        assert_allclose(mean, level, rtol=1e-9)
        assert_allclose(sd, 0, atol=1e-9 * abs(level))
    record = fit_one(3.0 + 2.0 * np.arange(40), 1, "OTM")
    assert_allclose(kernel.project(record, 1, 3)[0], [83, 85, 87], rtol=1e-3)


def test_windows_without_a_fit_say_why():
    y = np.r_[wave(20), np.nan, wave(9), np.inf, wave(9)]
    starts = np.array([0, 0, 15, 25])
    stops = np.array([[0], [3], [22], [40]])
    records = kernel.fit(y, starts, stops, season_length=4)
    assert records[:, 0, Column.OUTCOME].tolist() == [
        Outcome.EMPTY,
        Outcome.TOO_SHORT,
        Outcome.NOT_FINITE,
        Outcome.NOT_FINITE,
    ]
    assert np.isnan(kernel.project(records, 4, 3)[0]).all()


def test_words_and_arrays_that_do_not_fit_are_refused():
    y, zero, end = wave(20), np.array([0]), np.array([[20]])
    with pytest.raises(ArgumentError, match="'STM'"):
        kernel.fit(y, zero, end, models=["theta"])
    with pytest.raises(ArgumentError, match="decomposition"):
        kernel.fit(y, zero, end, decomposition="loess")
    with pytest.raises(ArgumentError, match="deseasonalise"):
        kernel.fit(y, zero, end, deseasonalise="maybe")
    with pytest.raises(ArgumentError, match="season_length"):
        kernel.fit(y, zero, end, season_length=0)
    with pytest.raises(ArgumentError, match="stops"):
        kernel.fit(y, zero, np.array([[21]]))
    with pytest.raises(ArgumentError, match="4 values"):
        kernel.smooth(y[:3], "STM", alpha=0.5, theta=2.0, first_level=1.0)


# --- invariants


@settings(max_examples=60)
@given(
    st.lists(st.integers(-1000, 1000), min_size=7, max_size=60),
    st.sampled_from(MODELS),
    st.sampled_from([1, 4]),
    st.integers(-200, 200),
)
def test_a_power_of_two_scales_every_bit(y, model, m, power):
    base, scaled = (
        fit_one(y, m, model),
        fit_one(np.ldexp(np.array(y, dtype=float), power), m, model),
    )
    for column in (Column.ALPHA, Column.OMEGA, Column.SEASON):
        assert base[column] == scaled[column]
    for a, b in zip(kernel.project(base, m, 6), kernel.project(scaled, m, 6), strict=True):
        assert_allclose(np.ldexp(a, power), b, rtol=1e-14, atol=0)
    assert_array_equal(np.ldexp(base[Column.LEVEL], power), scaled[Column.LEVEL])


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.sampled_from(MODELS), st.floats(0.01, 1000), st.floats(-1e3, 1e3))
def test_scale_and_shift_carry_over(seed, model, factor, shift):
    # The line and the smoothing follow a shift of the data; a multiplicative season would not.
    y = wave(40, seed)
    base, moved = fit_one(y, 1, model), fit_one(factor * (y + shift), 1, model)
    size = factor * (np.abs(y).max() + abs(shift))
    assert_allclose(moved[Column.SSE], factor**2 * base[Column.SSE], rtol=1e-9)
    expected = factor * (kernel.project(base, 1, 6)[0] + shift)
    assert_allclose(kernel.project(moved, 1, 6)[0], expected, atol=1e-5 * size)


def test_examples():
    assert doctest.testmod(kernel).failed == 0
