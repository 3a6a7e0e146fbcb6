"""STL against R and statsmodels, and what must hold whatever the data."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from statsmodels.tsa.seasonal import MSTL, STL

from forecasting.errors import ArgumentError
from forecasting.kernels.stl import Components, decompose, total, trend_window
from forecasting.kernels.threads import using_threads

HERE = Path(__file__).parents[1] / "golden"


def read_r() -> dict[tuple[str, str], dict[str, np.ndarray]]:
    found: dict[tuple[str, str], dict[str, list[float]]] = {}
    with (HERE / "stl.csv").open() as lines:
        next(lines)
        for row in csv.DictReader(lines):
            of = found.setdefault((row["series"], row["case"]), {})
            for name in ("y", "season", "trend", "weight"):
                of.setdefault(name, []).append(float(row[name]))
    return {key: {k: np.array(v) for k, v in of.items()} for key, of in found.items()}


R = read_r()
#: What tests/golden/stl.R asks for.
CASES: dict[str, dict[str, Any]] = {
    "plain": {"seasonal": 7, "iterations": (2, 0)},
    "robust": {"seasonal": 13, "seasonal_degree": 0, "iterations": (1, 15)},
    "jumps": {"seasonal": 21, "iterations": (1, 15), "seasonal_jump": 3},
    "periodic": {"seasonal": "periodic", "iterations": (2, 0)},
    "periodic_robust": {"seasonal": "periodic", "iterations": (1, 15)},
}


def one(y: np.ndarray, *season_lengths: int, **words: Any) -> Components:
    return decompose(y, np.array([0]), np.array([len(y)]), season_lengths, **words)


def noisy(n: int, m: int, seed: int = 0) -> np.ndarray:
    """A line, a sine, noise and two outliers."""
    t, rng = np.arange(n), np.random.default_rng([n, m, seed])
    y = 100 + 0.3 * t + 10 * np.sin(2 * np.pi * t / m) + 3 * rng.standard_normal(n)
    y[[n // 2, n // 3]] += (80, -50)
    return y


@pytest.mark.parametrize(("series", "case"), R, ids=str)
def test_decomposition_is_that_of_r(series, case):
    expected, words = R[series, case], dict(CASES[case])
    m = 4 if series == "UKgas" else 12
    if case == "jumps":  # R's: a tenth of each window, rounded up
        words["trend_jump"] = -(-trend_window(m, 21) // 10)
        words["low_pass_jump"] = -(-(m + 1) // 10)
    found = one(expected["y"], m, **words)
    size = np.abs(expected["y"]).max()
    assert_allclose(found.seasons[0], expected["season"], rtol=0, atol=1e-11 * size)
    assert_allclose(found.trend, expected["trend"], rtol=0, atol=1e-11 * size)
    assert_allclose(found.weights, expected["weight"], rtol=0, atol=1e-9)


@pytest.mark.parametrize("robust", [False, True])
@pytest.mark.parametrize(
    ("n", "m", "seasonal", "trend", "degree", "jump"),
    [
        (84, 12, 7, None, 1, 1),
        (85, 12, 7, None, 1, 1),
        (133, 12, 13, 23, 0, 1),
        (60, 12, 7, None, 1, 1),  # fewer cycles than the window
        (36, 12, 3, 101, 1, 1),  # a trend window longer than the series
        (95, 12, 7, None, 1, 4),
        (131, 4, 9, 15, 0, 3),
        (200, 7, 35, None, 1, 2),
        (41, 3, 11, None, 1, 1),
        (300, 24, 7, None, 1, 5),
    ],
)
def test_decomposition_is_that_of_statsmodels(n, m, seasonal, trend, degree, jump, robust):
    y, few = noisy(n, m), min(jump, 2)
    expected = STL(
        y, period=m, seasonal=seasonal, trend=trend, robust=robust, seasonal_deg=degree,
        trend_deg=degree, low_pass_deg=degree, seasonal_jump=few, trend_jump=jump, low_pass_jump=few,
    ).fit()  # fmt: skip
    found = one(
        y, m, seasonal=seasonal, trend=trend, robust=robust, seasonal_degree=degree,
        trend_degree=degree, low_pass_degree=degree, seasonal_jump=few, trend_jump=jump,
        low_pass_jump=few,
    )  # fmt: skip
    assert_allclose(found.seasons[0], expected.seasonal, rtol=0, atol=1e-10)
    assert_allclose(found.trend, expected.trend, rtol=0, atol=1e-10)
    assert_allclose(found.weights, expected.weights, rtol=0, atol=1e-9)


@pytest.mark.parametrize("robust", [False, True])
def test_several_seasons_are_those_of_statsmodels(robust):
    t = np.arange(400)
    y = noisy(400, 7) + 6 * np.cos(2 * np.pi * t / 28)
    expected = MSTL(y, periods=(7, 28), windows=(7, 7), stl_kwargs={"robust": robust}).fit()
    found = one(y, 7, 28, robust=robust)
    assert_allclose(found.seasons, expected.seasonal.T, rtol=0, atol=1e-8)
    assert_allclose(found.trend, expected.trend, rtol=0, atol=1e-8)
    assert_allclose(total(found.seasons), expected.seasonal.sum(axis=1), rtol=0, atol=1e-8)


def test_an_outlier_weighs_nothing_and_leaves_the_season_alone():
    t = np.arange(96)
    clean = 50 + 0.2 * t + 8 * np.sin(2 * np.pi * t / 12) + np.random.default_rng(1).normal(size=96)
    spoilt = clean.copy()
    spoilt[40] += 500
    found = one(spoilt, 12, robust=True)
    assert found.weights[40] == 0
    # Not quite the clean one: there the value counts.
    assert np.abs(found.seasons - one(clean, 12, robust=True).seasons).max() < 3
    assert np.abs(one(spoilt, 12).seasons - one(clean, 12).seasons).max() > 100


def test_two_seasons_that_are_fitted_exactly_make_no_outliers():
    found = one(noisy(24, 12), 12, robust=True)
    assert_array_equal(found.weights, np.ones(24))
    expected = one(noisy(24, 12), 12, iterations=(32, 0)).seasons
    assert_allclose(found.seasons, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("robust", [False, True])
def test_a_window_has_the_same_bits_in_any_company(robust):
    y = noisy(150, 12)
    hi = np.array([150, 60, 97, 24, 150, 61, 96])
    lo = np.array([0, 0, 0, 0, 30, 3, 0])
    together = decompose(y, lo, hi, [4, 12], robust=robust)
    with using_threads(3):
        spread = decompose(y, lo, hi, [4, 12], robust=robust)
    for parts in ("seasons", "trend", "weights"):
        assert_array_equal(getattr(spread, parts), getattr(together, parts))
    for w in range(len(hi)):
        at = slice(together.offsets[w], together.offsets[w + 1])
        alone = one(y[lo[w] : hi[w]].copy(), 4, 12, robust=robust)
        assert_array_equal(together.seasons[:, at], alone.seasons)
        assert_array_equal(together.trend[at], alone.trend)
        assert_array_equal(together.weights[at], alone.weights)


def test_a_longer_window_after_a_shorter_one_has_the_bits_of_its_own():
    # On the way the lines at the ends become constants: their points spread too little for so long a series.
    y = noisy(1300, 2)
    hi = np.arange(300, 1300, 25)
    together = decompose(y, np.zeros_like(hi), hi, [2], trend=5, robust=True)
    flat = 0
    for w, n in enumerate(hi.tolist()):
        at = slice(together.offsets[w], together.offsets[w + 1])
        alone = one(y[:n].copy(), 2, trend=5, robust=True)
        assert_array_equal(together.trend[at], alone.trend)
        constant = one(np.arange(n) + y[:n] * 1e-9, 2, trend=5, iterations=(1, 0)).trend[0]
        flat += constant > 0.1
    assert 0 < flat < len(hi)
    expected = STL(y, period=2, seasonal=7, trend=5).fit()
    assert_allclose(one(y, 2, trend=5).trend, expected.trend, rtol=0, atol=1e-10)


@settings(max_examples=40)
@given(
    st.integers(2, 9),
    st.integers(0, 60),
    st.integers(0, 10_000),
    st.booleans(),
    st.sampled_from([3, 7, 21, "periodic"]),
    st.integers(-900, 900),
)
def test_scale_moves_nothing_and_a_shift_moves_the_trend(m, more, seed, robust, seasonal, power):
    y = noisy(2 * m + more, m, seed)
    found = one(y, m, robust=robust, seasonal=seasonal)
    scaled = one(np.ldexp(y, power), m, robust=robust, seasonal=seasonal)
    assert_array_equal(np.ldexp(scaled.seasons, -power), found.seasons)
    assert_array_equal(scaled.weights, found.weights)
    assert np.isfinite(found.seasons).all()
    assert ((found.weights >= 0) & (found.weights <= 1)).all()
    if not robust:
        shifted = one(y + 1000, m, seasonal=seasonal)
        assert_allclose(shifted.seasons, found.seasons, rtol=0, atol=1e-9)
        assert_allclose(shifted.trend, found.trend + 1000, rtol=0, atol=1e-9)


@pytest.mark.parametrize("robust", [False, True])
def test_a_line_is_all_trend(robust):
    t = np.arange(72.0)
    found = one(5 + 0.5 * t, 12, robust=robust)
    assert_allclose(found.trend, 5 + 0.5 * t, rtol=0, atol=1e-10)
    assert_allclose(found.seasons, np.zeros((1, 72)), rtol=0, atol=1e-10)


def test_a_periodic_season_is_the_same_in_every_cycle():
    season = one(noisy(90, 12), 12, seasonal="periodic", robust=True).seasons[0]
    assert_array_equal(season[12:], season[:-12])
    assert np.ptp(one(noisy(90, 12), 12).seasons[0].reshape(-1, 6)[::2], axis=0).max() > 1


def test_what_repeats_itself_is_its_level_and_its_season():
    found = one(np.tile([1.0, 2.0, 6.0], 8), 3, robust=True)
    assert_array_equal(found.seasons[0], np.tile([-2.0, -1.0, 3.0], 8))
    assert_array_equal(found.trend, np.full(24, 3.0))
    for value in (0.0, 0.1, -1e300):
        assert_array_equal(one(np.full(30, value), 7).seasons, np.zeros((1, 30)))
    longer = one(np.tile([1.0, 2.0, 3.0, 10.0], 8), 2, 4)
    assert_array_equal(longer.seasons[1], np.tile([-3.0, -2.0, -1.0, 6.0], 8))
    assert_array_equal(longer.seasons[0], np.zeros(32))


def test_a_value_that_is_not_finite_takes_its_own_window_only():
    y = noisy(60, 12)
    y[50] = np.nan
    found = decompose(y, np.array([0, 0]), np.array([48, 60]), [12])
    assert_array_equal(found.seasons[0, :48], one(y[:48].copy(), 12).seasons[0])
    for part in (found.seasons[0], found.trend, found.weights):
        assert np.isnan(part[48:]).all()


def test_the_trend_window_is_that_of_the_paper():
    assert [23, 15, 47] == [trend_window(m, 7) for m in (12, 7, 24)]
    assert [19, 11] == [trend_window(m, "periodic") for m in (12, 7)]


@pytest.mark.parametrize(
    ("lengths", "words", "message"),
    [
        ([1], {}, "at least 2 steps"),
        ([12, 4], {}, "ascend"),
        ([], {}, "ascend"),
        ([31], {}, "two seasons, 62 values; one has 60"),
        ([12], {"seasonal": 8}, "odd window"),
        ([12], {"trend": 1}, "odd window"),
        ([12], {"trend_jump": 0}, "jump of at least 1"),
        ([12], {"seasonal_degree": 2}, "degree 0 or 1"),
        ([12], {"iterations": (0, 2)}, "at least"),
    ],
)
def test_arguments_that_cannot_be_are_refused(lengths, words, message):
    with pytest.raises(ArgumentError, match=message):
        one(noisy(60, 12), *lengths, **words)


def test_windows_outside_the_values_are_refused():
    with pytest.raises(ArgumentError, match="within 0 and 60; got 0 to 61"):
        decompose(noisy(60, 12), np.array([0]), np.array([61]), [12])
