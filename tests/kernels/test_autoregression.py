"""The ridge autoregression of the kernel, against one of numpy that leaves rows out one by one."""

import numpy as np
import pytest

from forecasting.errors import ArgumentError
from forecasting.kernels import autoregression as kernel
from forecasting.kernels.autoregression import Column, Logs, Outcome, Shape
from forecasting.kernels.threads import using_threads

PENALTIES = 0.1 * 2.5 ** np.arange(10)


def plain(y, shape, h, *, log=True, x=None, explicit=True):
    """Forecast with numpy: explicit refits without each row, or the eigenvalues of the Gram matrix."""
    m, lags = shape.season_length, shape.lags
    z = np.log(y) if log else np.asarray(y, float)
    w = z[m:] - z[:-m]
    scale = np.sqrt(np.mean(w**2))
    u, longest = w / scale, lags[-1]
    columns = [u[longest - lag : len(u) - lag] for lag in lags]
    q = shape.n_regressors
    if q:
        dx = x[m : len(y)] - x[: len(y) - m]
        x_scale = np.sqrt(np.mean(dx**2, axis=0))
        columns += list((dx / x_scale)[longest:].T)
    X, target = np.column_stack([*columns, np.ones(len(u) - longest)]), u[longest:]
    size = X.shape[1]

    def press(penalty):
        if explicit:
            errors = []
            for t in range(len(X)):
                rest = np.delete(X, t, axis=0)
                gram = rest.T @ rest + penalty * np.eye(size)
                errors.append(
                    target[t] - X[t] @ np.linalg.solve(gram, rest.T @ np.delete(target, t))
                )
            return np.mean(np.square(errors))
        values, vectors = np.linalg.eigh(X.T @ X)
        turned = X @ vectors
        fitted = turned @ (turned.T @ target / (values + penalty))
        return np.mean(((target - fitted) / (1 - turned**2 @ (1 / (values + penalty)))) ** 2)

    scores = [press(penalty) for penalty in PENALTIES]
    penalty = PENALTIES[int(np.argmin(scores))]
    b = np.linalg.solve(X.T @ X + penalty * np.eye(size), X.T @ target)
    z, w = list(z), list(w)
    for step in range(h):
        move = b[-1] * scale + sum(c * w[-lag] for c, lag in zip(b, lags, strict=False))
        if q:
            t = len(y) + step
            move += (x[t] - x[t - m]) / x_scale * scale @ b[len(lags) : -1]
        z.append(z[-m] + move)
        w.append(move)
    found = np.array(z[-h:])
    return (np.exp(found) if log else found), penalty, scale * np.sqrt(min(scores))


def one(y, shape, **settings):
    return kernel.fit(y, np.array([0]), np.array([[len(y)]]), shape, **settings)


def wave(n, m, seed, noise=0.05):
    rng = np.random.default_rng(seed)
    season = np.tile(rng.normal(0, 0.2, m), n // m + 1)[:n]
    return np.exp(3 + season + np.cumsum(rng.normal(0.002, noise, n)))


@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize(
    ("m", "n_lags", "n"), [(1, 3, 40), (1, 6, 104), (4, 4, 44), (12, 6, 72), (7, 9, 60), (2, 1, 12)]
)
def test_forecasts_are_those_of_refitting_without_each_row(m, n_lags, n, log):
    y, shape = wave(n, m, n), Shape(m, n_lags)
    records = one(y, shape, logs=Logs(log))
    expected, penalty, sigma = plain(y, shape, 20, log=log)
    np.testing.assert_allclose(kernel.project(records, shape, 20)[0, 0], expected, rtol=1e-9)
    np.testing.assert_allclose(records[0, 0, Column.PENALTY], penalty, rtol=1e-14)
    np.testing.assert_allclose(records[0, 0, Column.SIGMA], sigma, rtol=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_every_penalty_is_found_where_it_is_the_best(seed):
    y, shape = wave(300, 12, seed, noise=(0.001, 0.3)[seed % 2]), Shape(12, 6)
    expected, penalty, _ = plain(y, shape, 30, explicit=False)
    records = one(y, shape)
    np.testing.assert_allclose(records[0, 0, Column.PENALTY], penalty, rtol=1e-14)
    np.testing.assert_allclose(kernel.project(records, shape, 30)[0, 0], expected, rtol=1e-8)


@pytest.mark.parametrize("q", [1, 3])
def test_regressors_are_further_columns_of_the_ridge(q):
    rng = np.random.default_rng(q)
    x = rng.normal(0, 10.0 ** rng.integers(-3, 4, q), (80, q))
    y, shape = wave(60, 4, q) * np.exp(0.3 * x[:60, 0] / x[:, 0].std()), Shape(4, 4, q)
    expected, penalty, _ = plain(y, shape, 15, x=x)
    records = one(y, shape, regressors=x[:60])
    assert records[0, 0, Column.PENALTY] == pytest.approx(penalty)
    found = kernel.project(records, shape, 15, x[None, None, 60:75])[0, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_four_rows_are_enough_and_three_are_not():
    shape = Shape(2, 2)
    assert (shape.lags, shape.n_needed) == ((1, 2, 3), 9)
    y = wave(20, 2, 0)
    records = kernel.fit(y, np.array([0]), np.array([[0, 8, 9]]), shape)
    outcomes = [Outcome.EMPTY, Outcome.TOO_SHORT, Outcome.FITTED]
    assert records[0, :, Column.OUTCOME].tolist() == outcomes
    expected, *_ = plain(y[:9], shape, 3)
    np.testing.assert_allclose(kernel.project(records[:, 2:], shape, 3)[0, 0], expected, rtol=1e-9)


def test_a_window_has_the_bits_it_has_alone_whatever_the_company_and_the_threads():
    rng = np.random.default_rng(8)
    y = np.concatenate([wave(n, 4, n) for n in (50, 90, 70)])
    y[70] = -1.0  # the second series has logarithms up to here
    x = rng.normal(size=(len(y), 2))
    starts, ends = np.array([0, 50, 140]), np.array([50, 140, 210])
    stops = np.minimum(starts[:, None] + np.arange(10, 100, 4), ends[:, None])
    shape = Shape(4, 3, 2)
    with using_threads(3):
        all_of_them = kernel.fit(y, starts, stops, shape, regressors=x)
    for i, k in np.ndindex(*stops.shape):
        part = slice(starts[i], stops[i, k])
        alone = one(y[part], shape, regressors=x[part])
        np.testing.assert_array_equal(all_of_them[i, k].view(np.int64), alone[0, 0].view(np.int64))
    assert set(all_of_them[1, :, Column.LOGS]) == {0.0, 1.0}


def test_moving_on_is_having_been_there_and_twice_is_once():
    y, x, shape = wave(60, 4, 1), np.random.default_rng(1).normal(size=(80, 1)), Shape(4, 3, 1)
    first = one(y[:40], shape, regressors=x[:40])
    at = np.array([[40]]), np.array([[50]]), np.array([[60]])
    once = kernel.advance(first, shape, y, at[0], at[2], x[:60])
    twice = kernel.advance(first, shape, y, at[0], at[1], x[:60])
    twice = kernel.advance(twice, shape, y, at[1], at[2], x[:60])
    np.testing.assert_array_equal(once, twice)
    later = one(y, shape, regressors=x[:60])
    kept = [
        *range(Column.INTERCEPT, shape.regression.stop),
        Column.SCALE,
        Column.PENALTY,
        Column.SIGMA,
    ]
    later[..., kept] = first[..., kept]
    np.testing.assert_array_equal(once, later)


def test_what_has_no_logarithm_is_said_and_left_out_where_it_need_not_be():
    y, shape = np.append(wave(40, 1, 0), [0.0, 5.0]), Shape(1, 3)
    assert one(y, shape, logs=Logs.ALWAYS)[0, 0, Column.OUTCOME] == Outcome.NOT_POSITIVE
    records = one(y, shape, logs=Logs.WHERE_POSITIVE)
    np.testing.assert_array_equal(records, one(y, shape, logs=Logs.NEVER))
    before = one(y[:40], shape)
    moved = kernel.advance(before, shape, y, np.array([[40]]), np.array([[41]]))
    assert moved[0, 0, Column.OUTCOME] == Outcome.NOT_POSITIVE


def test_an_explosion_is_caught_at_what_the_past_allows():
    y, shape = 2.0 ** (1.35 ** np.arange(24)), Shape(1, 3)
    paths = kernel.project(one(y, shape), shape, 60)[0, 0]
    assert paths.max() == pytest.approx(y.max() * np.exp(2.0))
    levels = kernel.project(one(y, shape, logs=Logs.NEVER), shape, 60)[0, 0]
    assert levels.max() <= y.max() + 3 * np.ptp(y)
    assert np.isfinite(levels).all()


@pytest.mark.parametrize("scale", [1e-300, 1e18, 1e300])
def test_forecasts_scale_with_the_data(scale):
    y, shape = wave(50, 4, 2), Shape(4, 4)
    for logs in (Logs.NEVER, Logs.ALWAYS):
        expected = kernel.project(one(y, shape, logs=logs), shape, 9)
        found = kernel.project(one(y * scale, shape, logs=logs), shape, 9)
        np.testing.assert_allclose(found / scale, expected, rtol=1e-9)


def test_levels_shift_with_the_data():
    y, shape = wave(50, 4, 2), Shape(4, 4)
    expected = kernel.project(one(y, shape, logs=Logs.NEVER), shape, 9) + 1000.0
    found = kernel.project(one(y + 1000.0, shape, logs=Logs.NEVER), shape, 9)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("value", [0.0, 5.0, -3.0, 1e-300, 1e300])
def test_a_constant_stays(value):
    shape = Shape(4, 4)
    records = one(np.full(40, value), shape)
    np.testing.assert_allclose(kernel.project(records, shape, 6), value, rtol=1e-13)


@pytest.mark.parametrize(("bad", "outcome"), [(np.inf, "NOT_FINITE"), (np.nan, "NOT_FINITE")])
def test_what_is_not_finite_has_no_fit(bad, outcome):
    y = wave(40, 1, 0)
    y[20] = bad
    assert one(y, Shape(1, 3))[0, 0, Column.OUTCOME] == Outcome[outcome]
    x = np.full((40, 1), bad)
    outcome = one(wave(40, 1, 0), Shape(1, 3, 1), regressors=x)[0, 0, Column.OUTCOME]
    assert outcome == Outcome.BAD_REGRESSOR


def test_arrays_that_do_not_fit_are_refused():
    y, shape = wave(40, 1, 0), Shape(1, 3)
    with pytest.raises(ArgumentError, match="regressors must have shape"):
        one(y, shape, regressors=np.ones((39, 0)))
    records = one(y, shape)
    with pytest.raises(ArgumentError, match="have 16 columns, got 15"):
        kernel.project(records[..., 1:], Shape(1, 3), 2)
    with pytest.raises(ArgumentError, match="the fit had 0 regressors, the steps ahead have 1"):
        kernel.project(records, shape, 2, np.ones((1, 1, 2, 1)))
    with pytest.raises(ArgumentError, match="1 records move over 2 windows"):
        kernel.advance(records, shape, y, np.array([0, 0]), np.array([1, 1]))
    with pytest.raises(ArgumentError, match="at least"):
        Shape(0, 3)
