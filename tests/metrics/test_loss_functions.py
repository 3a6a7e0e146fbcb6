"""Losses: hand cases, signs, factors, and what is undefined."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.metrics import loss_functions as lf

NAN = np.nan


def array(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def test_error_is_actual_minus_forecast() -> None:
    np.testing.assert_array_equal([-2.0, 3.0, NAN], lf.error(array(10, 3, NAN), array(12, 0, 1)))


def test_absolute_and_squared_error_lose_the_sign() -> None:
    y, mean = array(10, 3), array(12, 0)
    np.testing.assert_array_equal([2.0, 3.0], lf.absolute_error(y, mean))
    np.testing.assert_array_equal([4.0, 9.0], lf.squared_error(y, mean))


def test_percentage_error_is_undefined_at_zero_even_when_right() -> None:
    y, mean = array(50, -50, 0, 0), array(60, -60, 1, 0)
    np.testing.assert_allclose([20, 20, NAN, NAN], lf.absolute_percentage_error(y, mean))


def test_symmetric_percentage_error_runs_from_0_to_200() -> None:
    y, mean = array(100, 100, 10, 0, 0, 1e308), array(100, 50, -10, 5, 0, 1e308)
    got = lf.symmetric_absolute_percentage_error(y, mean)
    np.testing.assert_allclose([0, 200 / 3, 200, 200, NAN, 0], got)


def test_pinball_has_no_factor_two() -> None:
    np.testing.assert_allclose([1.8, 0.2], lf.pinball(array(10, 10), array(8, 12), 0.9))
    np.testing.assert_allclose([1.0], lf.pinball(array(10), array(8), 0.5))


def test_quantile_score_of_the_median_is_the_absolute_error() -> None:
    y, median = array(10, 3), array(8, 7)
    got = lf.quantile_score(y, median[:, None], array(0.5))
    np.testing.assert_allclose(lf.absolute_error(y, median), got)


def test_mean_pinball_counts_every_quantile_once() -> None:
    quantiles = np.array([[8.0, 12.0]])  # pinball 0.2 and 0.2 at (0.1, 0.9) for y = 10
    np.testing.assert_allclose([0.2], lf.mean_pinball(array(10), quantiles, array(0.1, 0.9)))
    np.testing.assert_allclose([0.4], lf.quantile_score(array(10), quantiles, array(0.1, 0.9)))


def test_one_missing_quantile_makes_the_row_undefined() -> None:
    quantiles = np.array([[NAN, 12.0]])
    for loss in (lf.mean_pinball, lf.quantile_score, lf.crps_from_quantiles):
        assert np.isnan(loss(array(10), quantiles, array(0.1, 0.9))).all()


def test_interval_score_charges_two_over_alpha_for_a_miss() -> None:
    y, lo, hi = array(5, 12, -1, NAN), array(0, 0, 0, 0), array(10, 10, 10, 10)
    np.testing.assert_allclose([10, 30, 20, NAN], lf.interval_score(y, lo, hi, 80))
    np.testing.assert_allclose([10, 90, 50, NAN], lf.interval_score(y, lo, hi, 95))


@given(
    y=st.floats(-1e6, 1e6),
    centre=st.floats(-1e6, 1e6),
    half=st.floats(0, 1e6),
    level=st.sampled_from([50.0, 80.0, 95.0, 99.5]),
)
def test_interval_score_is_the_sum_of_two_pinball_losses(
    y: float, centre: float, half: float, level: float
) -> None:
    lo, hi, alpha = centre - half, centre + half, 1 - level / 100
    two = lf.pinball(array(y), array(lo), alpha / 2) + lf.pinball(
        array(y), array(hi), 1 - alpha / 2
    )
    got = lf.interval_score(array(y), array(lo), array(hi), level)
    np.testing.assert_allclose(two * 2 / alpha, got, rtol=1e-9, atol=1e-6)


def test_coverage_counts_the_bounds_as_inside_and_in_percent() -> None:
    y = array(0, 10, 10.1, NAN)
    got = lf.covered(y, np.zeros(4), np.full(4, 10.0), 80)
    np.testing.assert_array_equal([100, 100, 0, NAN], got)


def test_a_missing_bound_is_neither_inside_nor_outside() -> None:
    assert np.isnan(lf.covered(array(5), array(NAN), array(10), 80)).all()
    assert np.isnan(lf.covered(array(5), array(0), array(NAN), 80)).all()


def test_width_is_missing_where_the_actual_is() -> None:
    np.testing.assert_array_equal(
        [10, NAN], lf.width(array(1, NAN), array(0, 0), array(10, 10), 80)
    )


@pytest.mark.parametrize(
    ("probabilities", "percent"),
    [
        (np.arange(1, 100) / 100, -0.0),
        (np.arange(1, 20) / 20, -0.4),
        (np.arange(1, 10) / 10, -1.5),
        (array(0.025, 0.1, 0.5, 0.9, 0.975), -11.8),
        (array(0.025, 0.1, 0.9, 0.975), -43.5),
    ],
)
def test_crps_is_as_far_off_as_the_docstring_says(
    probabilities: np.ndarray, percent: float
) -> None:
    from scipy.special import ndtri

    y = ndtri((np.arange(20_001) + 0.5) / 20_001)
    quantiles = np.broadcast_to(ndtri(probabilities), (y.size, probabilities.size))
    score = lf.crps_from_quantiles(y, quantiles, probabilities).mean()
    assert percent == pytest.approx(100 * (score * np.sqrt(np.pi) - 1), abs=0.06)


@pytest.mark.parametrize("shift", [-0.3, 0.3])
def test_proper_scores_are_smallest_at_the_truth(shift: float) -> None:
    from scipy.special import ndtri

    y = ndtri((np.arange(5001) + 0.5) / 5001)
    probabilities = array(0.1, 0.5, 0.9)
    true = np.broadcast_to(ndtri(probabilities), (y.size, 3))
    for loss in (lf.mean_pinball, lf.quantile_score, lf.crps_from_quantiles):
        right = loss(y, true, probabilities).mean()
        assert right < loss(y, true + shift, probabilities).mean()
        assert right < loss(y, true * (1 + shift), probabilities).mean()
    right = lf.interval_score(y, true[:, 0], true[:, 2], 80).mean()
    assert right < lf.interval_score(y, true[:, 0] * (1 + shift), true[:, 2], 80).mean()


def test_overflow_is_infinite_and_silent() -> None:
    assert np.isinf(lf.squared_error(array(1e200), array(-1e200))).all()
