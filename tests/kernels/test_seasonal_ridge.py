"""Whitened seasonal ridge: a slow second implementation with dummies, and what must not change a bit."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from forecasting.errors import ArgumentError
from forecasting.features.days import universal_days
from forecasting.kernels import seasonal_ridge as kernel
from forecasting.kernels.seasonal_ridge import ALPHAS, LAMBDAS, Column, Design, Outcome, seasons_of
from forecasting.kernels.threads import using_threads

H, ORIGINS = 6, 3


def fit(y, stops, design=None, *, first=0, X=None, logs="never", horizon=H):
    """Fit windows of one series, shape (K, record)."""
    y = np.asarray(y, dtype=float)
    return kernel.fit(
        y,
        np.array([0]),
        np.array([stops]),
        Design(seasons_of((7,))) if design is None else design,
        first=np.array([first]),
        X=np.empty((len(y), 0)) if X is None else X,
        logs=logs,
        horizon=horizon,
        origins=ORIGINS,
        least=3,
    )[0]


def ahead(record, h, design=None, *, first=0, X=None):
    return kernel.project(
        record[None],
        Design(seasons_of((7,))) if design is None else design,
        np.array([first]),
        np.empty((1, h, 0)) if X is None else X[None],
        h,
    )[0]


# --- a second implementation ----------------------------------------------------------------------------


def innovations(column, alpha):
    """Return the errors of simple exponential smoothing from level 0, and its last level; NaN is skipped."""
    level, errors = 0.0, []
    for value in column:
        if np.isnan(value):
            continue
        errors.append(value - level)
        level += alpha * errors[-1]
    return np.array(errors), level


def estimate(z, columns, penalties, alpha, lam):
    """Return coefficients and the level of what they leave; rows of z that are NaN are skipped."""
    masked = np.where(np.isnan(z)[:, None], np.nan, columns)
    filtered = [innovations(c, alpha) for c in masked.T]
    errors, level = innovations(z, alpha)
    X = np.stack([e for e, _ in filtered], axis=1)
    b = np.linalg.lstsq(
        np.vstack([X, np.diag(np.sqrt(lam * penalties))]),
        np.concatenate([errors, np.zeros(len(penalties))]),
        rcond=None,
    )[0]
    return b, level - np.array([last for _, last in filtered]) @ b


def clipped(mean, y):
    least, most = np.nanmin(y), np.nanmax(y)
    low, high = least - 3 * (most - least), most + 3 * (most - least)
    return np.clip(mean, max(low, 0.0) if least >= 0 else low, high)


def slow_forecast(y, columns, penalties, h, *, log=False):
    """Return h steps after y; columns (n + h, p), penalties a function of the length."""
    n, there = len(y), np.log if log else np.asarray
    back = np.exp if log else np.asarray
    errors, judged = np.zeros((7, 3)), 0
    origins = [o for o in range(0, n - H + 1, H // 2) if o >= H][-ORIGINS:]
    for o in origins:
        truth = y[o : o + H]
        for i, alpha in enumerate(ALPHAS):
            for j, lam in enumerate(LAMBDAS):
                p = penalties(o)
                b, level = estimate(there(y[:o]), columns[:o, p >= 0], p[p >= 0], alpha, lam)
                mean = clipped(back(columns[o : o + H, p >= 0] @ b + level), y[:o])
                errors[i, j] += np.nansum(np.abs(truth - mean))
        judged += np.count_nonzero(~np.isnan(truth))
    weights = np.exp(-20 * (errors / errors.min() - 1)) if judged else np.ones((7, 3))
    weights /= weights.sum()
    p = penalties(n)
    use = p >= 0
    b = sum(
        weights[i, j] * estimate(there(y), columns[:n, use], p[use], alpha, lam)[0]
        for i, alpha in enumerate(ALPHAS)
        for j, lam in enumerate(LAMBDAS)
    )
    rest = there(y) - columns[:n, use] @ b
    mean = columns[n : n + h, use] @ b
    for i, alpha in enumerate(ALPHAS):
        level, offs = 0.0, []
        for value in rest:
            if not np.isnan(value):
                level += alpha * (value - level)
            offs.append(value - level)
        offs = np.array(offs)
        pair = ~np.isnan(offs[1:]) & ~np.isnan(offs[:-1])
        phi = np.sum((offs[1:] * offs[:-1])[pair]) / np.sum(offs[:-1][pair] ** 2)
        phi = 0.8 * np.clip(phi, -0.3, 0.9)
        seen = np.flatnonzero(~np.isnan(offs))[-1]
        steps = np.arange(1, h + 1) + n - 1 - seen
        mean = mean + weights[i].sum() * (level + phi**steps * offs[seen])
    return clipped(back(mean), y)


def dummies(n, m):
    return (np.arange(n)[:, None] % m == np.arange(m)).astype(float) - 1.0 / m


@pytest.fixture(scope="module")
def days():
    """Ten weeks with a weekday, a level that moves, and three values missing; positive."""
    rng = np.random.default_rng(3)
    week = np.array([1.0, 1.1, 1.2, 1.1, 1.5, 2.0, 0.6])
    y = np.exp(np.cumsum(rng.normal(0, 0.05, 70))) * np.tile(week, 10) * 50 + rng.normal(0, 2, 70)
    y[[17, 65, 69]] = np.nan
    return y


@pytest.mark.parametrize("log", [False, True])
def test_forecast_is_that_of_a_regression_on_dummies(days, log):
    columns = np.column_stack([np.ones(80), dummies(80, 7)])
    penalties = np.array([0.0] + 7 * [1.0])
    expected = slow_forecast(days, columns, lambda n: penalties, 10, log=log)
    (record,) = fit(days, [70], logs="positive" if log else "never")
    assert record[Column.OUTCOME] == Outcome.FITTED
    assert record[Column.JUDGED] == 3 * H - 2  # row 65 is missing in two of them
    assert_allclose(ahead(record, 10), expected, rtol=1e-9)


def test_forecast_with_a_smooth_season_days_and_a_regressor_is_that_of_the_slow_regression(days):
    n, h, first = 66, 5, 19_700
    t = np.arange(n + h)
    rng = np.random.default_rng(8)
    x = 1e4 + 30 * rng.standard_normal(n + h)
    calendar = universal_days((first + t).astype("M8[D]"))
    waves = [f(2 * np.pi * k * t / 40.5) for k in range(1, 17) for f in (np.cos, np.sin)]
    columns = np.column_stack([np.ones(n + h), dummies(n + h, 7), *waves, calendar, x - x[0]])
    k = np.repeat(np.arange(1, 17), 2)

    def penalties(rows):
        smooth = (0.2 + 0.05 * k**2) * (1 + 6 * max(0.0, 2 - rows / 40.5))
        smooth[(rows < 1.2 * 40.5) | (k > 10)] = -1.0
        seen = ~np.isnan(days[:rows])
        occurred = np.where(calendar[:rows][seen].any(axis=0), 1.0, -1.0)
        return np.concatenate([[0.0], np.ones(7), smooth, occurred, [np.var(x[:rows][seen])]])

    design = Design(seasons_of((7, 40.5)), calendar, first)
    (record,) = fit(days[:n], [n], design, first=first, X=x[:n, None])
    found = ahead(record, h, design, first=first + n, X=x[n:, None])
    assert_allclose(found, slow_forecast(days[:n], columns, penalties, h), rtol=1e-8)


# --- by hand ---------------------------------------------------------------------------------------------


def test_a_constant_series_stays_where_it_is():
    for value in (5.0, 0.0, -3.0, 1e-300, 1e18):
        (record,) = fit(np.full(40, value), [40])
        assert_array_equal(ahead(record, 9), np.full(9, value))


def test_a_strong_week_is_carried_on():
    week = np.array([10.0, 20, 30, 40, 50, 60, 200])
    (record,) = fit(np.tile(week, 60), [420])
    assert_allclose(ahead(record, 7), week, rtol=0.05)
    assert record[Column.STRENGTH] > 0.99


def test_forecasts_are_cut_three_ranges_beyond_the_values():
    x = np.zeros((60, 1))
    x[:50, 0] = np.tile([0.0, 1.0], 25)
    (record,) = fit(x[:, 0] * 10 + 5, [50], X=x)
    far = ahead(record, 2, X=np.array([[1e6], [-1e6]]))
    assert_array_equal(far, [45.0, 0.0])


def test_smooth_pairs_wait_for_enough_of_a_season():
    seasons = seasons_of((7, 365.25))
    assert len(seasons.period) == 1 + 6 + 16
    assert seasons.needed[-1] == 1.2 * 365.25
    y = np.random.default_rng(0).normal(100, 10, 450)
    design = Design(seasons)
    short, long = fit(y, [438, 439], design)
    coefficients = slice(Column.COEFFICIENTS + 7, None)
    assert_array_equal(short[coefficients], np.zeros(16))
    assert (long[coefficients] != 0).all()


def test_a_frequency_that_two_seasons_share_has_one_pair():
    seasons = seasons_of((24, 168))
    frequency = seasons.harmonic[1:] / seasons.period[1:]
    both = np.unique(np.round(frequency, 12), return_counts=True)[1]
    assert sorted(set(both.tolist())) == [1, 2]  # the others are a cosine and a sine
    assert len(seasons.period) == 1 + 23 + 2 * (30 - 4)


def test_the_log_is_taken_up_to_the_first_value_that_is_not_positive():
    y = np.r_[np.tile([3.0, 4, 5, 6, 7, 8, 9], 8), 0.0, 2.0]
    records = fit(y, [56, 57, 58], logs="positive")
    assert_array_equal(records[:, Column.LOGGED], [1.0, 0.0, 0.0])
    always = fit(y, [56, 57], logs="always")
    assert_array_equal(always[:, Column.OUTCOME], [Outcome.FITTED, Outcome.NOT_POSITIVE])
    assert_array_equal(always[0], records[0])


def test_too_few_values_are_told():
    y = np.r_[1.0, np.nan, 2.0, 3.0]
    assert_array_equal(
        fit(y, [0, 2, 3, 4])[:, Column.OUTCOME],
        [Outcome.EMPTY, Outcome.TOO_SHORT, Outcome.TOO_SHORT, Outcome.FITTED],
    )


# --- what must not change a bit ---------------------------------------------------------------------------


def batch(n_series=21, n=90):
    """Series that share days, that lack some, that are not positive; each of a length of its own."""
    rng = np.random.default_rng(11)
    rows = 20 + 3 * np.sin(2 * np.pi * np.arange(n) / 7) + rng.normal(0, 1, (n_series, n))
    rows[3, 40] = rows[4, 40] = rows[5, 80] = np.nan
    rows[6, 30] = -1.0
    lengths = n - np.arange(n_series) % 4
    stops = lengths[:, None] - np.array([30, 17, 4, 0])
    return rows, stops


def test_a_window_has_the_same_bits_alone_with_others_and_on_threads():
    rows, stops = batch()
    n = rows.shape[1]
    start = n * np.arange(len(rows))
    ordinals = 19_000 + np.arange(len(rows)) % 2
    design = Design(
        seasons_of((7, 30.4)), universal_days(np.arange(19_000, 19_200).astype("M8[D]")), 19_000
    )

    def run():
        return kernel.fit(
            rows.ravel(),
            start,
            start[:, None] + stops,
            design,
            first=ordinals,
            X=np.empty((rows.size, 0)),
            logs="positive",
            horizon=H,
            origins=ORIGINS,
            least=3,
        )

    together = run()
    with using_threads(3):
        assert_array_equal(run(), together)
    for i, k in np.ndindex(*stops.shape):
        seen = rows[i, : stops[i, k]]
        (alone,) = fit(seen, [len(seen)], design, first=ordinals[i], logs="positive")
        assert_array_equal(alone, together[i, k])


def test_moving_on_twice_is_moving_on_once(days):
    (record,) = fit(days[:40], [40])
    design, none = Design(seasons_of((7,))), np.empty((70, 0))

    def move(at, lo, hi):
        place = [np.array([v]) for v in (lo, hi, 0)]
        return kernel.advance(at[None], design, days, none, *place)[0]

    once = move(record, 40, 70)
    assert_array_equal(move(move(record, 40, 55), 55, 70), once)
    assert_array_equal(move(record, 40, 40), record)
    assert once[Column.LENGTH] == 70


@pytest.mark.parametrize("scale", [2.0**-40, 2.0**30])
def test_a_power_of_two_scales_forecasts_and_changes_no_other_bit(days, scale):
    (record,) = fit(days, [70])
    (scaled,) = fit(days * scale, [70])
    assert_array_equal(ahead(scaled, 8), ahead(record, 8) * scale)


def test_a_regressor_may_have_any_unit(days):
    x = np.random.default_rng(1).normal(0, 1, (78, 1))
    expected = None
    for unit, zero in ((1.0, 0.0), (1e9, -5.0), (1e-9, 2.0)):
        (record,) = fit(days, [70], X=unit * x[:70] + zero)
        found = ahead(record, 8, X=unit * x[70:] + zero)
        expected = found if expected is None else expected
        assert_allclose(found, expected, rtol=1e-5)


def test_a_constant_or_repeated_regressor_is_harmless(days):
    (plain,) = fit(days, [70])
    (constant,) = fit(days, [70], X=np.full((70, 1), 7.0))
    assert_array_equal(ahead(constant, 5, X=np.full((5, 1), 7.0)), ahead(plain, 5))
    x = np.random.default_rng(1).normal(0, 1, (75, 1))
    (twice,) = fit(days, [70], X=np.repeat(x[:70], 2, axis=1))
    assert np.isfinite(ahead(twice, 5, X=np.repeat(x[70:], 2, axis=1))).all()


def test_rows_without_a_regressor_are_skipped(days):
    y = days[:60]
    x = np.random.default_rng(1).normal(0, 1, (60, 1))
    lacking, missing = x.copy(), y.copy()
    lacking[20], missing[20] = np.nan, np.nan
    assert_array_equal(fit(y, [60], X=lacking), fit(missing, [60], X=x))


# --- the door ------------------------------------------------------------------------------------------------


def test_arrays_that_do_not_fit_are_refused(days):
    with pytest.raises(ArgumentError, match="X"):
        fit(days, [70], X=np.empty((3, 0)))
    with pytest.raises(ArgumentError, match="horizon=0"):
        fit(days, [70], horizon=0)
    short = Design(seasons_of((7,)), np.zeros((60, 2)), 100)
    with pytest.raises(ArgumentError, match="the calendar holds ordinals 100 to 159"):
        fit(days, [70], short, first=100)
    (record,) = fit(days, [70])
    with pytest.raises(ArgumentError, match=r"records have \d+ columns"):
        ahead(record, 3, short, first=100)


def test_edited_records_are_not_sound(days):
    records = fit(days, [70])[None]
    lengths, width = np.array([[70]]), len(seasons_of((7,)).period)
    assert kernel.are_sound(records, lengths, width)
    for column, value in (
        (Column.LENGTH, 71.0),
        (Column.COUNT, 0.5),
        (Column.COUNT, np.nan),
        (Column.LOGGED, 2.0),
        (Column.OUTCOME, 1.0),
    ):
        edited = records.copy()
        edited[..., column] = value
        assert not kernel.are_sound(edited, lengths, width)
    assert not kernel.are_sound(records[..., 1:], lengths, width)
    assert not kernel.are_sound(records.astype(np.float32), lengths, width)
