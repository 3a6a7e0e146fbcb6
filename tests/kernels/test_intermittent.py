"""Intermittent demand: hand cases, a second implementation, golden values, invariants."""

from __future__ import annotations

import doctest
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from forecasting.errors import ArgumentError
from forecasting.kernels import intermittent as kernels

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "intermittent.json").read_text())
BOUNDED = ("croston_optimised", "adida", "imapa")
ALL = ("croston", "croston_sba", "tsb", *BOUNDED)


def answer(name: str, y: list[float] | np.ndarray, stops: list[int] | None = None, **given_: float):
    """Answer of a kernel for one series, at its end or at the stops."""
    y = np.asarray(y, dtype=float)
    ends = np.array([[len(y)] if stops is None else stops])
    return getattr(kernels, name)(y, np.array([0]), ends, **given_)[0]


# --- a second implementation, straight from the formulas, one series and one stop at a time


def smooth(x: list[float], alpha: float) -> float:
    level = x[0]
    for value in x[1:]:
        level = alpha * value + (1 - alpha) * level
    return level


def one_step_sse(x: list[float], alpha: float) -> float:
    return sum((x[t] - smooth(x[:t], alpha)) ** 2 for t in range(1, len(x)))


def demands(y: list[float]) -> tuple[list[float], list[float]]:
    places = [t for t, value in enumerate(y, start=1) if value != 0]
    intervals = [float(b - a) for a, b in zip([0, *places], places, strict=False)]
    return [y[t - 1] for t in places], intervals


def slow_croston(y: list[float], alpha: float) -> float:
    sizes, intervals = demands(y)
    return smooth(sizes, alpha) / smooth(intervals, alpha) if sizes else 0.0


def slow_tsb(y: list[float], alpha_d: float, alpha_p: float) -> float:
    sizes, _ = demands(y)
    happened = [float(value != 0) for value in y]
    return smooth(sizes, alpha_d) * smooth(happened, alpha_p) if sizes else 0.0


def slow_blocks(y: list[float], width: int, smoothed: Callable[[list[float]], float]) -> float:
    kept = y[len(y) % width :]
    return smoothed([sum(kept[i : i + width]) for i in range(0, len(kept), width)]) / width


def slow_imapa(y: list[float], smoothed: Callable[[list[float]], float]) -> float:
    _, intervals = demands(y)
    if not intervals:
        return 0.0
    widest = round(sum(intervals) / len(intervals))
    return sum(slow_blocks(y, k, smoothed) for k in range(1, widest + 1)) / widest


def slow_adida(y: list[float], smoothed: Callable[[list[float]], float]) -> float:
    _, intervals = demands(y)
    return slow_blocks(y, round(sum(intervals) / len(intervals)), smoothed) if intervals else 0.0


@st.composite
def demand(draw: st.DrawFn, min_size: int = 1) -> list[float]:
    """A series of zeros and sizes of 0.25 to 50 in quarters, of every sparsity."""
    size = st.integers(1, 200).map(lambda q: q / 4)
    share = draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
    value = st.floats(0, 1).flatmap(lambda u: size if u < share else st.just(0.0))
    return draw(st.lists(value, min_size=min_size, max_size=40))


@given(demand())
def test_croston_agrees_with_the_formula_at_every_stop(y: list[float]) -> None:
    stops = list(range(1, len(y) + 1))
    expected = [slow_croston(y[:n], 0.1) for n in stops]
    assert_allclose(answer("croston", y, stops), expected, rtol=1e-12)
    assert_allclose(answer("croston_sba", y, stops), 0.95 * np.array(expected), rtol=1e-12)


@given(demand(), st.floats(0.01, 1.0), st.floats(0.01, 1.0))
def test_tsb_agrees_with_the_formula_at_every_stop(y: list[float], d: float, p: float) -> None:
    stops = list(range(1, len(y) + 1))
    expected = [slow_tsb(y[:n], d, p) for n in stops]
    got = answer("tsb", y, stops, alpha_d=d, alpha_p=p)
    assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


@given(demand())
def test_aggregation_agrees_with_the_formula_when_the_weight_has_no_room(y: list[float]) -> None:
    # Bounds of almost no width fix the weight, so that only the aggregation is compared.
    bounds = (0.2, 0.2 + 1e-12)

    def smoothed(x: list[float]) -> float:
        return smooth(x, 0.2)

    n = len(y)
    args = (np.array(y), np.array([0]), np.array([[n]]))
    assert_allclose(kernels.adida(*args, bounds=bounds), slow_adida(y, smoothed), rtol=1e-9)
    assert_allclose(kernels.imapa(*args, bounds=bounds), slow_imapa(y, smoothed), rtol=1e-9)


@given(demand(min_size=3))
def test_optimised_weight_is_as_good_as_the_best_of_a_fine_grid(y: list[float]) -> None:
    level, alpha = kernels.ses_optimised(np.array(y), np.array([0]), np.array([[len(y)]]))
    best = min(one_step_sse(y, a) for a in np.linspace(0, 1, 31))
    assert one_step_sse(y, alpha.item()) <= best * (1 + 1e-9) + 1e-9
    assert level.item() == pytest.approx(smooth(y, alpha.item()), rel=1e-9, abs=1e-9)


# --- hand cases -------------------------------------------------------------------------


def test_croston_by_hand() -> None:
    # Sizes 2, 4: 2 + 0.1 * 2 = 2.2. Intervals 2, 3: 2 + 0.1 * 1 = 2.1.
    assert answer("croston", [0, 2, 0, 0, 4, 0]) == pytest.approx(2.2 / 2.1, rel=1e-15)


def test_tsb_falls_while_demand_stays_away() -> None:
    expected = [0.0, 2 * 0.5, 2 * 0.25, 2 * 0.125]
    assert_array_equal(answer("tsb", [0, 2, 0, 0], [1, 2, 3, 4], alpha_p=0.5), expected)


def test_adida_by_hand() -> None:
    # Demands at 2 and 5: mean interval 2.5, half to even 2; blocks 3, 0, 5. Smoothed with weight w:
    # 3, 3(1 - w), so that the squared errors are 9 + (2 + 3w)^2, least at the lower bound 0.1.
    expected = (0.9 * (0.9 * 3) + 0.1 * 5) / 2
    assert answer("adida", [0, 3, 0, 0, 5, 0]) == pytest.approx(expected, rel=1e-9)


def test_ses_takes_the_middle_of_the_bounds_when_every_weight_is_as_good() -> None:
    level, alpha = kernels.ses_optimised(
        np.array([1.0, 3.0]), np.array([0]), np.array([[1, 2]]), bounds=(0.1, 0.3)
    )
    assert_array_equal(alpha, [[0.2, 0.2]])
    assert_allclose(level, [[1.0, 1.4]], rtol=1e-15)


@pytest.mark.parametrize("name", ALL)
def test_no_demand_so_far_is_a_forecast_of_zero(name: str) -> None:
    assert_array_equal(answer(name, [0, 0, 0, 5], [1, 3]), [0.0, 0.0])


@pytest.mark.parametrize("name", ALL)
def test_constant_demand_in_every_period_is_forecast_as_it_is(name: str) -> None:
    factor = 0.95 if name == "croston_sba" else 1.0
    assert_allclose(answer(name, [7.0] * 9, [1, 2, 9]), factor * 7.0, rtol=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_a_window_without_values_answers_nan(name: str) -> None:
    y = np.array([1.0, 2.0, 3.0])
    got = getattr(kernels, name)(y, np.array([2]), np.array([[1, 2, 3]]))[0]
    assert_array_equal(np.isnan(got), [True, True, False])


@pytest.mark.parametrize("name", ALL)
def test_nan_spoils_what_comes_after_it_and_nothing_before(name: str) -> None:
    clean = answer(name, [2, 0, 3, 0, 4, 0], [1, 2, 3])
    spoiled = answer(name, [2, 0, 3, np.nan, 4, 0], [1, 2, 3, 4, 6])
    assert_array_equal(spoiled[:3], clean)
    assert_array_equal(np.isnan(spoiled[3:]), [True, True])


# --- golden values ----------------------------------------------------------------------


@pytest.mark.parametrize("series", GOLDEN["series"])
@pytest.mark.parametrize("name", ALL)
def test_agrees_with_statsforecast(name: str, series: str) -> None:
    case = GOLDEN["series"][series]
    weights = {"alpha_d": 0.2, "alpha_p": 0.05} if name == "tsb" else {}
    rtol = 1e-6 if name in BOUNDED else 1e-12
    assert_allclose(answer(name, case["y"], **weights), [case["mean"][name]], rtol=rtol)


# --- what never may change --------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_an_answer_never_depends_on_what_lies_behind_its_stop(name: str) -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(60) < 0.4) * rng.gamma(2, 3, 60)
    clean = answer(name, y, [10, 25, 40])
    for poison in (np.nan, np.inf, 1e300, -5.0, 0.0):
        y[40:] = poison
        assert_array_equal(answer(name, y, [10, 25, 40]), clean)


@pytest.mark.parametrize("name", ALL)
def test_all_windows_at_once_equal_each_window_alone(name: str) -> None:
    rng = np.random.default_rng(1)
    lengths = np.array([5, 30, 1, 64])
    y = (rng.random(lengths.sum()) < 0.3) * rng.gamma(2, 3, lengths.sum())
    starts = np.cumsum(lengths) - lengths
    stops = starts[:, None] + np.ceil(lengths[:, None] * np.array([[0.5, 0.5, 1.0]])).astype(int)
    together = getattr(kernels, name)(y, starts, stops)
    alone = [[answer(name, y[a:b])[0] for b in row] for a, row in zip(starts, stops, strict=True)]
    assert_array_equal(together, alone)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("unit", [2.0**-40, -1.0, 2.0**40])
def test_another_unit_scales_the_answer_to_the_bit(name: str, unit: float) -> None:
    # Powers of two scale without rounding, so the chosen weights must be the same bits as well.
    y = np.array(GOLDEN["series"]["half"]["y"])
    assert_array_equal(answer(name, unit * y), unit * answer(name, y))


def test_the_caller_keeps_its_arrays_whatever_their_type_and_layout() -> None:
    y = np.array([0, 2, 0, 0, 4, 0], dtype=np.int32)
    backwards = np.ascontiguousarray(y[::-1])[::-1]
    backwards.setflags(write=False)
    got = kernels.croston(backwards, np.array([0], dtype=np.int32), np.array([[6]], dtype=np.int8))
    assert_array_equal(got, answer("croston", y)[None])
    assert_array_equal(y, [0, 2, 0, 0, 4, 0])


def test_a_batch_of_no_series_or_no_stops_is_answered_by_an_empty_array() -> None:
    nothing = np.empty(0)
    none = np.empty(0, dtype=np.int64)
    assert kernels.imapa(nothing, none, np.empty((0, 3), dtype=np.int64)).shape == (0, 3)
    assert kernels.imapa(np.ones(4), np.array([0]), np.empty((1, 0), dtype=np.int64)).shape == (
        1,
        0,
    )


# --- arguments --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("starts", "stops", "message"),
    [
        ([0], [[4]], "stops must lie within 0 and 3"),
        ([-1], [[3]], "starts must lie within 0 and 3"),
        ([0], [[3, 2]], "stops must ascend"),
        ([0, 1], [[3]], "windows need values of shape"),
        ([0], [3], "windows need values of shape"),
    ],
)
def test_windows_that_do_not_fit_the_values_are_refused(
    starts: list[int], stops: list[int], message: str
) -> None:
    with pytest.raises(ArgumentError, match=message):
        kernels.croston(np.ones(3), np.array(starts), np.array(stops))


@pytest.mark.parametrize("alpha", [0.0, -0.1, 1.1, float("nan")])
def test_a_weight_outside_its_range_is_refused(alpha: float) -> None:
    for name, word in (("croston", "alpha"), ("tsb", "alpha_d"), ("tsb", "alpha_p")):
        with pytest.raises(ArgumentError, match=rf"^{word} is a smoothing weight in \(0, 1\]"):
            answer(name, [1.0], **{word: alpha})


@pytest.mark.parametrize("bounds", [(0.3, 0.1), (0.2, 0.2), (-0.1, 0.5), (0.5, 1.5)])
@pytest.mark.parametrize("name", [*BOUNDED, "ses_optimised"])
def test_bounds_that_are_not_ordered_weights_are_refused(
    name: str, bounds: tuple[float, float]
) -> None:
    with pytest.raises(ArgumentError, match="0 <= low < high <= 1"):
        getattr(kernels, name)(np.ones(2), np.array([0]), np.array([[2]]), bounds=bounds)


def test_the_examples_in_the_docstrings_run() -> None:
    outcome = doctest.testmod(kernels)
    assert outcome.attempted >= 4
    assert outcome.failed == 0
