"""Training scales: every slice by itself."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.errors import ArgumentError
from forecasting.metrics import seasonal_naive_scale

NAN = np.nan


def slow(values: np.ndarray, lo: int, hi: int, m: int) -> tuple[float, float]:
    """The definition, pair by pair."""
    pairs = [(values[t], values[t - m]) for t in range(lo + m, hi)]
    known = [a - b for a, b in pairs if not np.isnan(a - b)]
    if not known:
        return NAN, NAN
    return float(np.mean(np.abs(known))), float(np.mean(np.square(known)))


def test_by_hand_with_two_series() -> None:
    y = np.array([1.0, 2.0, 4.0, 7.0, 100.0, 90.0])
    mae, mse = seasonal_naive_scale(y, np.array([0, 0, 4]), np.array([3, 4, 6]), 1)
    np.testing.assert_allclose([1.5, 2.0, 10.0], mae)
    np.testing.assert_allclose([2.5, 14 / 3, 100.0], mse)


def test_lists_and_whole_numbers_are_taken_as_well() -> None:
    mae, mse = seasonal_naive_scale([1, 2, 4], [0], [3], 1)  # type: ignore[arg-type]
    assert (mae.tolist(), mse.tolist()) == ([1.5], [2.5])


def test_a_pair_with_a_missing_value_is_left_out() -> None:
    y = np.array([1.0, NAN, 4.0, 6.0])
    mae, mse = seasonal_naive_scale(y, np.array([0]), np.array([4]), 1)
    assert ([2.0], [4.0]) == (mae.tolist(), mse.tolist())


def test_no_pair_is_undefined_and_a_constant_is_zero() -> None:
    y = np.array([5.0, 5.0, 5.0, NAN, NAN])
    mae, mse = seasonal_naive_scale(y, np.array([0, 0, 3, 2]), np.array([3, 1, 5, 2]), 1)
    np.testing.assert_array_equal([0.0, NAN, NAN, NAN], mae)
    np.testing.assert_array_equal([0.0, NAN, NAN, NAN], mse)


def test_a_series_shorter_than_its_season_is_undefined() -> None:
    mae, _ = seasonal_naive_scale(np.arange(5.0), np.array([[0]]), np.array([[5]]), 12)
    assert (1, 1) == mae.shape
    assert np.isnan(mae).all()


@pytest.mark.parametrize("m", [1, 4, 12])
@pytest.mark.parametrize("seed", range(3))
def test_equals_the_definition_on_random_ragged_panels(m: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 40, size=25)
    offsets = np.r_[0, lengths.cumsum()]
    values = rng.normal(size=offsets[-1]) * 10.0 ** np.repeat(rng.integers(-9, 12, 25), lengths)
    values[rng.random(values.size) < 0.1] = NAN
    lo = np.repeat(offsets[:-1, None], 4, axis=1)
    hi = np.maximum(offsets[1:, None] - 3 * np.arange(4), lo)
    mae, mse = seasonal_naive_scale(values, lo, hi, m)
    expected = np.array(
        [[slow(values, lo[i, k], hi[i, k], m) for k in range(4)] for i in range(25)]
    )
    np.testing.assert_allclose(expected[..., 0], mae, rtol=1e-12)
    np.testing.assert_allclose(expected[..., 1], mse, rtol=1e-12)


def test_a_huge_neighbour_does_not_cost_a_digit() -> None:
    quiet = np.array([1.0, 1.1, 1.3, 1.2])
    alone, _ = seasonal_naive_scale(quiet, np.array([0]), np.array([4]), 1)
    values = np.r_[np.array([1e300, -1e300, 1e300]), quiet]
    beside, _ = seasonal_naive_scale(values, np.array([0, 3]), np.array([3, 7]), 1)
    assert alone[0] == beside[1]


def test_a_sum_beyond_the_largest_float_still_has_a_mean() -> None:
    y = np.array([1e306, -1e306] * 500)
    mae, mse = seasonal_naive_scale(y, np.array([0]), np.array([1000]), 1)
    assert mae[0] == pytest.approx(2e306)
    assert np.isinf(mse[0])


def test_slices_may_overlap_come_in_any_order_and_shape() -> None:
    y = np.arange(10.0) ** 2
    lo, hi = np.array([[5, 0], [3, 0]]), np.array([[10, 10], [6, 4]])
    mae, _ = seasonal_naive_scale(y, lo, hi, 2)
    expected = [
        [slow(y, a, b, 2)[0] for a, b in zip(r, s, strict=True)]
        for r, s in zip(lo, hi, strict=True)
    ]
    np.testing.assert_allclose(expected, mae)


@pytest.mark.parametrize("m", [0, -1, 1.5, True])
def test_a_season_that_cannot_be_is_refused(m: object) -> None:
    with pytest.raises(ArgumentError, match="season_length must be a whole number"):
        seasonal_naive_scale(np.arange(4.0), np.array([0]), np.array([4]), m)


def test_slices_outside_the_values_are_refused() -> None:
    with pytest.raises(ArgumentError, match="1 of 2 training parts reach outside the 4 values"):
        seasonal_naive_scale(np.arange(4.0), np.array([0, 0]), np.array([4, 5]), 1)
    with pytest.raises(ArgumentError, match="one shape"):
        seasonal_naive_scale(np.arange(4.0), np.array([0]), np.array([4, 4]), 1)
