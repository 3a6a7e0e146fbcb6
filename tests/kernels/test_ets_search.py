"""Exponential smoothing: gradients, and that a window's fit is a function of its own values, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from forecasting.kernels import ets
from forecasting.kernels.ets import Column, Outcome
from forecasting.kernels.threads import using_threads


def wavy(n: int = 100, m: int = 12, seed: int = 0) -> np.ndarray:
    t, rng = np.arange(n), np.random.default_rng(seed)
    season = 1 + 0.2 * np.sin(2 * np.pi * t / max(m, 2))
    return (50 + 0.3 * t) * season + rng.normal(size=n)


def point(model: str, m: int, at: str, rng: np.random.Generator) -> np.ndarray:
    """Parameters inside the region, or on its bounds."""
    inside = at == "inside"
    alpha, ratios = 0.3 if inside else 0.25, model[-1] == "M"
    z = [alpha]
    if model[1] == "A":
        z.append(0.1 if inside else 1e-4 if ratios else alpha)  # the least, or beta = alpha
    if model[-1] != "N":
        z.append(0.2 if inside else 1e-4 if ratios else 1 - alpha)  # or gamma = 1 - alpha
    if "d" in model:
        z.append(0.9 if inside else 0.98)
    z.append(50.0)
    if model[1] == "A":
        z.append(0.3)
    if model[-1] != "N":
        size = m - 1
        z += list(rng.normal(size=size) if model[-1] == "A" else 1 + 0.05 * rng.normal(size=size))
    return np.array(z)


@pytest.mark.parametrize("at", ["inside", "on the bounds"])
@pytest.mark.parametrize("model", ets.MODELS)
def test_the_gradient_is_that_of_central_differences(model: str, at: str) -> None:
    for m in (1,) if model[-1] == "N" else (4, 12):
        y = wavy(60, m)
        y[[7, 20]] = np.nan
        z = point(model, m, at, np.random.default_rng(m))
        f, gradient, _ = ets.evaluate(y, model, m, z)
        assert np.isfinite(f)
        steps = 1e-5 * np.maximum(np.abs(z), 0.1)
        numeric = [
            (ets.evaluate(y, model, m, z + s)[0] - ets.evaluate(y, model, m, z - s)[0])
            / (2 * s.max())
            for s in np.diag(steps)
        ]
        assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-6 * (1 + np.abs(gradient).max()))


@pytest.mark.parametrize("model", ["AAdA", "MAM", "MNA"])
def test_the_matrix_is_that_of_the_scaled_errors(model: str) -> None:
    # f = n log r'r with r = e (A) or r = eps times the geometric mean of mu (M): 2n/S J'J is its Gauss-Newton.
    y, m = wavy(48, 4), 4
    z = point(model, m, "inside", np.random.default_rng(1))

    def residuals(z: np.ndarray) -> np.ndarray:
        names = [
            "alpha",
            *(["beta"] if model[1] == "A" else []),
            "gamma",
            *(["phi"] if "d" in model else []),
        ]
        given = dict(zip(names, z.tolist(), strict=False))
        rest = z[len(names) :]
        level, trend = rest[0], rest[1] if model[1] == "A" else 0.0
        seasons = rest[2:] if model[1] == "A" else rest[1:]
        last = (m if model[-1] == "M" else 0) - seasons.sum()
        mu, _ = ets.smooth(y, model, m, **given, state=np.array([level, trend, *seasons, last]))
        if model[0] == "A":
            return y - mu
        return (y - mu) / mu * np.exp(np.mean(np.log(mu)))

    steps = 1e-6 * np.maximum(np.abs(z), 0.1)
    jacobian = np.stack(
        [(residuals(z + s) - residuals(z - s)) / (2 * s.max()) for s in np.diag(steps)], axis=1
    )
    r = residuals(z)
    expected = 2 * len(y) / (r @ r) * jacobian.T @ jacobian
    _, _, matrix = ets.evaluate(y, model, m, z)
    assert_allclose(matrix, expected, rtol=1e-4, atol=1e-6 * np.abs(expected).max())


STOPS = np.array([[5, 19, 23, 24, 25, 35, 36, 37, 53, 54, 55, 80, 81, 82, 82, 100]])


def fit(y: np.ndarray, stops: np.ndarray, models: object = ets.STABLE, m: int = 12) -> np.ndarray:
    starts = np.zeros(len(stops), dtype=np.int64)
    return ets.fit(y, starts, stops, season_length=m, models=models)  # type: ignore[arg-type]


@pytest.mark.parametrize("models", [ets.STABLE, ("AAdA",), ("MAM",), ("ANN",)])
def test_all_windows_at_once_have_the_bits_of_each_alone(models: tuple[str, ...]) -> None:
    y = wavy()
    whole = fit(y, STOPS, models)
    assert (whole[0, -1, Column.OUTCOME], whole[0, 0, Column.OUTCOME]) == (
        0,
        0 if "ANN" in models else 1,
    )
    for k, stop in enumerate(STOPS[0]):
        assert_array_equal(whole[0, k], fit(y, np.array([[stop]]), models)[0, 0])


def test_what_lies_behind_a_stop_changes_no_bit() -> None:
    y = wavy()
    expected = fit(y, STOPS[:, :10])
    for future in (3 * y[54:] + 500, -y[54:], np.full(46, np.nan), np.full(46, np.inf)):
        changed = np.concatenate([y[:54], future])
        assert_array_equal(expected, fit(changed, STOPS[:, :10]))
        assert_array_equal(expected, fit(changed, STOPS)[:, :10])
    assert_array_equal(expected, fit(y[:54], STOPS[:, :10]))


def test_threads_change_no_bit() -> None:
    y = np.concatenate([wavy(seed=s) for s in range(6)])
    starts = 100 * np.arange(6)
    stops = starts[:, None] + np.array([60, 80, 100])
    one = ets.fit(y, starts, stops, season_length=12, models=ets.STABLE)
    with using_threads(3):
        assert_array_equal(one, ets.fit(y, starts, stops, season_length=12, models=ets.STABLE))


def test_a_search_from_an_anchor_is_seldom_worse_than_one_made_anew() -> None:
    y = [wavy(n, 12, seed) for seed, n in enumerate(range(60, 120, 3))]
    worse = 0
    for series in y:
        for model in ("ANA", "AAA", "MNM"):
            stop = np.array([[len(series)]])
            anchored = fit(series, stop, [model])[0, 0, Column.OBJECTIVE]
            starts = np.zeros(1, dtype=np.int64)
            anew = ets.fit(series, starts, stop, season_length=12, models=[model], anchor_ratio=1.0)
            worse += bool(anchored > anew[0, 0, Column.OBJECTIVE] + 0.01)
    assert worse <= 2  # of 60


@pytest.mark.parametrize(
    ("y", "outcome"),
    [
        (np.full(40, 5.0), Outcome.FITTED),
        (np.zeros(40), Outcome.FITTED),
        (np.array([1.0, 2.0]), Outcome.TOO_SHORT),
        (1e-300 * wavy(60), Outcome.FITTED),
        (1e18 * wavy(60), Outcome.FITTED),
        (np.arange(40.0), Outcome.FITTED),
        (np.where(np.arange(60) == 40, 1e12, wavy(60)), Outcome.FITTED),
        (np.concatenate([np.zeros(30), wavy(40)]), Outcome.FITTED),
        (-wavy(60), Outcome.FITTED),
    ],
)
def test_degenerate_series_give_a_finite_forecast_or_a_reason(
    y: np.ndarray, outcome: Outcome
) -> None:
    record = fit(y, np.array([[len(y)]]))[0, 0]
    assert record[Column.OUTCOME] == outcome
    mean, _ = ets.project(record, 12, 6)
    assert np.isfinite(mean).all() == (outcome == Outcome.FITTED)


def test_values_of_zero_or_less_leave_no_multiplicative_model() -> None:
    y = wavy(60) - 60.0
    assert fit(y, np.array([[60]]), ["MAM"])[0, 0, Column.OUTCOME] == Outcome.NOT_POSITIVE
    assert ets.MODELS[int(fit(y, np.array([[60]]))[0, 0, Column.MODEL])][0] == "A"


def test_a_power_of_two_scales_the_answer_exactly() -> None:
    y = wavy(80)
    one, big = fit(y, np.array([[80]]))[0, 0], fit(2.0**70 * y, np.array([[80]]))[0, 0]
    assert_array_equal(one[Column.ALPHA : Column.STATES], big[Column.ALPHA : Column.STATES])
    means = [ets.project(r, 12, 12)[0] for r in (one, big)]
    assert_array_equal(2.0**70 * means[0], means[1])
