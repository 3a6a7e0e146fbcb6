"""Weighted empirical quantiles of the kernel: by hand, against plain numpy, and on simulated demand."""

import numpy as np
import pytest

from forecasting.errors import ArgumentError
from forecasting.kernels.threads import using_threads
from forecasting.kernels.weighted_quantiles import forecast

ALPHAS = (0.002, 0.006, 0.015, 0.04)
nan = np.nan


def one(y, h, probs, **settings):
    y = np.asarray(y, float)
    found = forecast(
        y, np.array([0]), np.array([[len(y)]]), h, probs, **{"alphas": ALPHAS, **settings}
    )
    return found.weights[0, 0], found.mean[0, 0], found.quantiles[0, 0]


def plain(y, h, probs, *, season_length=1, alphas=ALPHAS, season_weights=(1.0,), longest=900):
    """The formulas, a weight a value and a sort a curve."""
    y = np.asarray(y, float)[-longest:]
    scored = max(1, min(28, len(y) // 8))
    curves = [(a, s) for a in alphas for s in season_weights]

    def curve(alpha, factor, stop, target, wanted):
        t = np.arange(stop)
        w = (1 - alpha) ** (len(y) - 1.0 - t) * np.where((t - target) % season_length, 1.0, factor)
        t = t[~np.isnan(y[:stop])]
        t = t[np.argsort(y[t], kind="stable")]
        if len(t) == 0:
            return None, None
        cumulated = np.cumsum(w[t]) / w[t].sum()
        at = [int(np.argmax(cumulated >= p - 1e-12)) for p in wanted]
        return y[t][at], np.average(y[t], weights=w[t])

    scores = (np.arange(20) * 2 + 1) / 40
    losses = np.zeros(len(curves))
    for j in range(4, 0, -1):
        origin = len(y) - j * scored
        for target in range(origin, origin + scored):
            for c, (alpha, factor) in enumerate(curves):
                q, _ = curve(alpha, factor, origin, target, scores)
                if q is not None and not np.isnan(y[target]):
                    e = y[target] - q
                    losses[c] += np.mean(np.maximum(scores * e, (scores - 1) * e))
    weights = (losses / losses.mean() + 0.05) ** -8.0
    weights /= weights.sum()
    mean, found = np.zeros(h), np.zeros((h, len(probs)))
    for step in range(h):
        for weight, (alpha, factor) in zip(weights, curves, strict=True):
            q, centre = curve(alpha, factor, len(y), len(y) + step, probs)
            mean[step] += weight * centre
            found[step] += weight * q
    return weights, mean, found


def test_quantiles_and_mean_by_hand():
    y = [4.0, 1.0, 3.0, 1.0, 3.0, 4.0, 1.0, 3.0]  # weights 1, 2, 4, ..., 128 over 255
    _, mean, found = one(y, 1, (0.2, 0.28, 0.8, 0.9), alphas=(0.5,))
    ones, threes, fours = 2 + 8 + 64, 4 + 16 + 128, 1 + 32  # 74, 148, 33
    assert found[0].tolist() == [1.0, 1.0, 3.0, 4.0]
    assert mean[0] == pytest.approx((ones + 3 * threes + 4 * fours) / 255, rel=1e-14)


def test_the_same_season_weighs_more_by_hand():
    y = [0.0, 6.0] * 4  # of eight equal weights, the four of the season count three times
    _, mean, found = one(
        y, 3, (0.2, 0.3, 0.8), alphas=(0.0,), season_length=2, season_weights=(3.0,)
    )
    assert mean == pytest.approx([1.5, 4.5, 1.5])
    assert found.tolist() == [[0.0, 0.0, 6.0], [0.0, 6.0, 6.0], [0.0, 0.0, 6.0]]


def test_without_forgetting_the_order_of_the_past_does_not_matter():
    rng = np.random.default_rng(0)
    y, probs = rng.poisson(2.0, 200).astype(float), (0.01, 0.1, 0.5, 0.77, 0.99)
    _, mean, found = one(y, 1, probs, alphas=(0.0,))
    np.testing.assert_array_equal(found[0], np.quantile(y, probs, method="inverted_cdf"))
    _, again, shuffled = one(rng.permutation(y), 1, probs, alphas=(0.0,))
    np.testing.assert_array_equal(shuffled, found)
    np.testing.assert_allclose([again[0], mean[0]], y.mean(), rtol=1e-13)


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize(("m", "n"), [(1, 8), (1, 90), (7, 70), (7, 300), (12, 40), (50, 130)])
def test_forecasts_are_those_of_the_plain_formulas(m, n, missing):
    rng = np.random.default_rng(n)
    for y in (rng.poisson(2.0, n) * (rng.random(n) < 0.5) * 1.0, rng.gamma(2.0, 3.0, n)):
        y[:-1][rng.random(n - 1) < missing] = nan
        settings = {"season_length": m, "season_weights": (1.0, 3.0) if m > 1 else (1.0,)}
        probs = (0.001, 0.1, 0.5, 0.9, 0.975)
        found, expected = one(y, 16, probs, **settings), plain(y, 16, probs, **settings)
        for got, wanted in zip(found, expected, strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-8)


def test_what_lies_further_back_than_counts_changes_no_bit():
    y = np.random.default_rng(1).poisson(1.0, 1000).astype(float)
    whole = one(y, 9, (0.1, 0.9), season_length=7, season_weights=(1.0, 3.0))
    part = one(y[100:], 9, (0.1, 0.9), season_length=7, season_weights=(1.0, 3.0))
    for a, b in zip(whole, part, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_window_has_the_bits_it_has_alone_whatever_the_company_and_the_threads():
    rng = np.random.default_rng(2)
    y = rng.poisson(1.0, 300) + rng.random(300) * (np.arange(300) > 200)
    starts = np.array([0, 90, 200])
    stops = np.minimum(starts[:, None] + np.arange(0, 110, 9), np.array([90, 200, 300])[:, None])
    kept = {"alphas": ALPHAS, "season_length": 7, "season_weights": (1.0, 3.0)}
    with using_threads(3):
        found = forecast(y, starts, stops, 10, (0.1, 0.9), **kept)
    assert np.isnan(found.mean[:, 0]).all()
    for i, k in np.ndindex(*stops.shape):
        if k:
            alone = one(y[starts[i] : stops[i, k]], 10, (0.1, 0.9), **kept)
            for whole, single in zip(found, alone, strict=True):
                np.testing.assert_array_equal(whole[i, k], single)


@pytest.mark.parametrize(
    ("rate", "share"), [(0.3, 1.0), (1.5, 1.0), (8.0, 1.0), (2.0, 0.2), (6.0, 0.4)]
)
def test_quantiles_hold_what_they_say_of_simulated_demand(rate, share):
    rng = np.random.default_rng(int(100 * rate + share))
    n_series, n, h = 200, 735, 28
    y = rng.poisson(rate, (n_series, n + h)) * (rng.random((n_series, n + h)) < share) * 1.0
    probs = np.array([0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975])
    starts = np.arange(n_series) * (n + h)
    kept = {"alphas": ALPHAS, "season_length": 7, "season_weights": (1.0, 3.0)}
    q = forecast(y.ravel(), starts, starts[:, None] + n, h, probs, **kept).quantiles[:, 0]
    truth = y[:, n:, None]
    assert (np.diff(q, axis=-1) >= 0).all()
    assert (q >= 0).all()
    below, up_to = (truth < q - 0.5).mean(axis=(0, 1)), (truth <= q + 0.5).mean(axis=(0, 1))
    assert (below <= probs + 0.012).all()
    assert (up_to >= probs - 0.012).all()
    inside = ((truth >= q[..., :1]) & (truth <= q[..., -1:])).mean()
    assert 0.94 < inside
    best = np.quantile(
        rng.poisson(rate, 200_000) * (rng.random(200_000) < share), probs, method="inverted_cdf"
    )

    def pinball(quantiles):
        return np.maximum(probs * (truth - quantiles), (probs - 1) * (truth - quantiles)).mean()

    assert pinball(q) < 1.03 * pinball(best)


def test_the_season_is_found_and_one_that_is_not_there_is_not():
    rng = np.random.default_rng(4)
    rate = np.tile([0.1, 0.1, 0.1, 0.1, 0.1, 6.0, 9.0], 100)
    kept = {"alphas": ALPHAS, "season_length": 7}
    weights, mean, _ = one(rng.poisson(rate), 7, (0.5,), season_weights=(1.0, 3.0), **kept)
    assert weights[1::2].sum() > 0.6
    assert mean[5:].min() > 1.6 * mean[:5].max()  # three times among nine
    weights, mean, _ = one(rng.poisson(rate), 7, (0.5,), season_weights=(1.0, 50.0), **kept)
    assert weights[1::2].sum() > 0.99
    assert mean[5:].min() > 7 * mean[:5].max()
    flat, *_ = one(rng.poisson(2.0, 700), 7, (0.5,), season_weights=(1.0, 3.0), **kept)
    assert 0.4 < flat[1::2].sum() < 0.55


def test_after_a_break_what_forgets_fast_has_the_weight():
    rng = np.random.default_rng(5)
    y = np.concatenate([rng.poisson(1.0, 500), rng.poisson(12.0, 120)])
    weights, mean, _ = one(y, 1, (0.5,))
    assert weights[-1] > 0.7
    assert mean[0] > 9


@pytest.mark.parametrize("scale", [1e-300, 1e18, 1e300])
def test_forecasts_scale_with_the_data(scale):
    y = np.random.default_rng(6).gamma(2.0, 1.0, 80)
    for got, wanted in zip(
        one(y * scale, 3, (0.1, 0.9))[1:], one(y, 3, (0.1, 0.9))[1:], strict=True
    ):
        np.testing.assert_allclose(got / scale, wanted, rtol=1e-9)


@pytest.mark.parametrize("value", [0.0, 3.0, -1e18, 1e-300])
def test_a_constant_is_forecast_to_stay(value):
    weights, mean, found = one(np.full(20, value), 3, (0.01, 0.99))
    np.testing.assert_array_equal(weights, 0.25)
    np.testing.assert_allclose(mean, value, rtol=1e-13)
    np.testing.assert_allclose(found, value, rtol=1e-13)


def test_demand_long_ago_still_has_a_distribution():
    y = np.append(np.random.default_rng(0).poisson(3.0, 100) * 1.0, np.full(780, nan))
    _, mean, found = one(y, 1, (0.1, 0.5, 0.9), alphas=(0.9,))
    assert 0 < found[0, 0] <= found[0, 1] <= found[0, 2] < 12
    assert np.isfinite(mean).all()


def test_numbers_that_cannot_be_are_refused():
    with pytest.raises(ArgumentError, match="at least 1"):
        one([1.0, 2.0], 0, (0.5,))
    with pytest.raises(ArgumentError, match="at least 1"):
        one([1.0, 2.0], 1, (0.5,), alphas=())
