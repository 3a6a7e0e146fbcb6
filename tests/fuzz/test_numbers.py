"""Metrics, scales and the arithmetic of windows, held against loops that anybody can read."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from fuzz.panels import cases, fuzz
from hypothesis import assume, given
from hypothesis import strategies as st

from forecasting import as_panel
from forecasting.errors import FrequencyError, WindowError
from forecasting.metrics import seasonal_naive_scale, summarise, summarise_parts
from forecasting.schedule import Schedule, rolling_windows
from forecasting.windows import calibration_windows

pytestmark = pytest.mark.filterwarnings("ignore::forecasting.errors.DataWarning")

NUMBERS = st.one_of(
    st.floats(-1e6, 1e6), st.sampled_from((0.0, 1.0, -1.0, math.nan, 1e-300, 1e150, -1e18))
)


@st.composite
def tables(draw, whole=True):
    """Draw a forecasts table with intervals and a median, and scales of more than its cells.

    ``whole`` tables have every cell of the first model.
    """
    series = draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True))
    steps = draw(st.integers(1, 3))
    cells = list(itertools.product(("m1", "m2"), series, (10, 20), range(1, steps + 1)))
    kept = draw(st.lists(st.booleans(), min_size=len(cells), max_size=len(cells)))
    truth, rows = {}, []
    for (model, name, cutoff, step), keep in zip(cells, kept, strict=True):
        y = truth.setdefault((name, cutoff, step), draw(NUMBERS))
        mean, a, b = draw(NUMBERS), draw(st.floats(0, 50)), draw(st.floats(0, 50))
        if keep or (model == "m1" and (whole or not rows)):
            rows.append((model, name, cutoff, step, y, mean, mean - a, mean + b, mean))
    columns = ["model", "unique_id", "cutoff", "step", "y", "mean", "lo-80", "hi-80", "q-0.5"]
    sizes = st.sampled_from((0.0, 2.0, 0.5, math.nan))
    scales = [
        (n, c, draw(sizes), draw(sizes))
        for n, c in itertools.product([*series, "zz"], (5, 10, 20, 30))
    ]
    weights = {name: draw(st.sampled_from((0.0, 1.0, 2.5))) for name in series}
    return (
        pd.DataFrame(rows, columns=columns),
        pd.DataFrame(scales, columns=["unique_id", "cutoff", "mae", "mse"]),
        weights,
    )


def plainly(frame):
    """Return the rows of a table with names that Python can say."""
    return frame.rename(columns={"lo-80": "lo", "hi-80": "hi", "q-0.5": "q"}).itertuples()


def pin(y, q, p):
    return p * (y - q) if y >= q else (1 - p) * (q - y)


def slow_loss(name, r, mae, mse):
    """Return one loss of one row, NaN where it does not exist."""
    if any(math.isnan(v) for v in (r.y, r.mean)):
        return math.nan
    e, lo, hi = r.y - r.mean, r.lo, r.hi
    three = ((lo, 0.1), (r.q, 0.5), (hi, 0.9))
    widths = {0.1: 0.25, 0.5: 0.4, 0.9: 0.25}
    wide = hi - lo + 10 * max(lo - r.y, 0) + 10 * max(r.y - hi, 0)
    scale, half = mae if mae > 0 else math.nan, abs(r.y) / 2 + abs(r.mean) / 2
    losses = {
        "ME": lambda: e,
        "MAE": lambda: abs(e),
        "RMSE": lambda: e * e,
        "MAPE": lambda: 100 * abs(e) / abs(r.y) if r.y else math.nan,
        "sMAPE": lambda: 100 * abs(e) / half if half else math.nan,
        "MASE": lambda: abs(e) / scale,
        "RMSSE": lambda: e * e / (mse if mse > 0 else math.nan),
        "coverage-80": lambda: 100.0 * (lo <= r.y <= hi),
        "width-80": lambda: hi - lo,
        "Winkler-80": lambda: wide,
        "MSIS-80": lambda: wide / scale,
        "pinball": lambda: sum(pin(r.y, q, p) for q, p in three) / 3,
        "SQL": lambda: 2 * sum(pin(r.y, q, p) for q, p in three) / 3 / scale,
        "CRPS": lambda: 2 * sum(widths[p] * pin(r.y, q, p) for q, p in three),
    }  # fmt: skip
    return losses[name]()


def mean_over_series(losses, weights, root):
    """Return the weighted mean over series of the mean inside each; ``losses`` are (id, loss)."""
    above = below = 0.0
    for name in sorted({n for n, _ in losses}):
        mine = [v for n, v in losses if n == name and math.isfinite(v)]
        if mine and weights[name] > 0:
            inside = math.fsum(mine) / len(mine)
            above += weights[name] * (math.sqrt(inside) if root else inside)
            below += weights[name]
    return above / below if below else math.nan


SLOW = ("ME", "MAE", "RMSE", "MAPE", "sMAPE", "MASE", "RMSSE", "coverage-80", "width-80", "Winkler-80",
        "MSIS-80", "pinball", "SQL", "CRPS")  # fmt: skip


@fuzz(60)
@given(tables(), st.sampled_from(("model", "step", "cutoff", "unique_id")), st.booleans())
def test_every_metric_is_what_a_loop_finds(drawn, by, weighted):
    frame, scales, weights = drawn
    if not weighted or not any(weights[n] for n in frame["unique_id"].unique()):
        weights = dict.fromkeys(weights, 1.0)
    with np.errstate(over="ignore"):
        got = summarise(frame, scales, by=by, metrics=[*SLOW, "WAPE"], weights=weights)
        parts = [(part, scales) for _, part in frame.groupby("unique_id")]
        summed = summarise_parts(parts, by=by, metrics=[*SLOW, "WAPE"], weights=pd.Series(weights))
    whole = got[summed.columns]
    summed = summed.reindex(got.index)
    size = np.nan_to_num(whole.abs().max().max(), nan=0.0)
    np.testing.assert_allclose(
        summed.astype(float), whole.astype(float), rtol=1e-9, atol=1e-13 * size
    )
    scale = {(n, c): (mae, mse) for n, c, mae, mse in scales.itertuples(index=False, name=None)}
    rows = list(plainly(frame))
    for key, line in got.iterrows():
        group = [
            r for r in rows if key == (r.model if by == "model" else (r.model, getattr(r, by)))
        ]
        for metric in SLOW:
            losses = [
                (r.unique_id, slow_loss(metric, r, *scale[r.unique_id, r.cutoff])) for r in group
            ]
            expected = mean_over_series(losses, weights, metric in ("RMSE", "RMSSE"))
            size = max([abs(v) for _, v in losses if math.isfinite(v)], default=0.0)
            assert line[metric] == pytest.approx(expected, rel=1e-9, abs=1e-13 * size, nan_ok=True)
            undefined = sum(not math.isfinite(v) for _, v in losses)
            gone = sum(math.isnan(r.y) or math.isnan(r.mean) for r in group)
            if f"{metric}_undefined" in got:
                assert line[f"{metric}_undefined"] == undefined - gone
            else:
                assert undefined == gone
        known = [r for r in group if not (math.isnan(r.y) or math.isnan(r.mean))]
        above = math.fsum(weights[r.unique_id] * abs(r.y - r.mean) for r in known)
        below = math.fsum(weights[r.unique_id] * abs(r.y) for r in known)
        expected = 100 * above / below if below else math.nan
        assert line["WAPE"] == pytest.approx(expected, rel=1e-9, nan_ok=True)
        assert line["n_forecasts"] == sum(not math.isnan(r.mean) for r in group)
        assert line["n_failed"] == sum(math.isnan(r.mean) for r in group)
        assert line["n_missing_actual"] == sum(
            math.isnan(r.y) and not math.isnan(r.mean) for r in group
        )


@fuzz(40)
@given(tables(whole=False))
def test_skill_and_owa_are_ratios_on_the_cells_that_both_have(drawn):
    frame, scales, _ = drawn
    got = summarise(frame, scales, metrics=["skill", "skill-MAE", "OWA"], baseline="m1")
    scale = {(n, c): (mae, mse) for n, c, mae, mse in scales.itertuples(index=False, name=None)}
    cell = {(r.model, r.unique_id, r.cutoff, r.step): r
            for r in plainly(frame)}  # fmt: skip

    def ratio(model, metric):
        pairs = []
        for (m, n, c, s), r in cell.items():
            other = cell.get(("m1", n, c, s))
            if m == model and other is not None:
                both = [slow_loss(metric, x, *scale[n, c]) for x in (r, other)]
                if all(map(math.isfinite, both)):
                    pairs.append((n, *both))
        ones = dict.fromkeys("abcd", 1.0)
        mine = mean_over_series([(n, a) for n, a, _ in pairs], ones, False)
        theirs = mean_over_series([(n, b) for n, _, b in pairs], ones, False)
        return mine / theirs if theirs and not math.isnan(theirs) else math.nan

    for model, line in got.iterrows():
        mase, mae, smape = (ratio(model, metric) for metric in ("MASE", "MAE", "sMAPE"))
        for name, expected in (
            ("skill", 1 - mase),
            ("skill-MAE", 1 - mae),
            ("OWA", (smape + mase) / 2),
        ):
            assert line[name] == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)


@fuzz(60)
@given(st.lists(NUMBERS, min_size=0, max_size=30), st.integers(1, 6), st.data())
def test_the_scale_is_the_mean_of_the_pairs_that_are_known(values, m, data):
    bound = st.integers(0, len(values))
    slices = data.draw(st.lists(st.tuples(bound, bound).map(sorted), max_size=6))
    lo, hi = (np.array([s[j] for s in slices], dtype=np.int64) for j in (0, 1))
    mae, mse = seasonal_naive_scale(np.array(values, dtype=float), lo, hi, m)
    for (a, b), one, two in zip(slices, mae, mse, strict=True):
        pairs = [values[t + m] - values[t] for t in range(a, b - m)]
        pairs = [d for d in pairs if not math.isnan(d)]
        if not pairs:
            assert math.isnan(one)
            assert math.isnan(two)
            continue
        assert one == pytest.approx(math.fsum(map(abs, pairs)) / len(pairs), rel=1e-12, abs=0)
        assert two == pytest.approx(
            math.fsum(d * d for d in pairs) / len(pairs), rel=1e-12, abs=1e-320
        )


def panel_of(case):
    try:
        return as_panel(case.frame, freq=case.freq)
    except FrequencyError as error:
        assume("no Saturday" not in str(error))
        raise


schedules = st.builds(
    Schedule,
    h=st.integers(1, 4),
    n_windows=st.integers(1, 5),
    step_size=st.none() | st.integers(1, 5),
    window=st.none() | st.integers(1, 10),
    gap=st.integers(0, 2),
    refit=st.booleans() | st.integers(1, 3),
)


@fuzz(40)
@given(cases(), schedules)
def test_windows_show_the_rows_that_a_loop_would(case, schedule):
    panel = panel_of(case)
    schedule = schedule.checked()
    longest = int(panel.end.max() - panel.start.min()) + 1
    before = schedule.gap + schedule.h
    fitting = sum(1 + before + k * schedule.step_size <= longest for k in range(longest))
    if schedule.n_windows > fitting:
        span = 1 + before + (schedule.n_windows - 1) * schedule.step_size
        said = f"needs {span} steps, the data has {longest}; the largest feasible n_windows is {fitting}$"
        with pytest.raises(WindowError, match=said):
            rolling_windows(panel, schedule, seed=0)
        return
    try:
        windows, cutoffs, _ = rolling_windows(panel, schedule, seed=0)
    except WindowError as error:
        assume("no series has data before and after" not in str(error))
        raise
    expected = [int(panel.end.max()) - schedule.gap - schedule.h - k * schedule.step_size
                for k in reversed(range(schedule.n_windows))]  # fmt: skip
    assert cutoffs.tolist() == expected
    assert windows.h == schedule.gap + schedule.h
    rows = {(i, o): v for i in range(panel.n_series)
            for o, v in zip(range(panel.start[i], panel.end[i] + 1), panel.series(i), strict=True)}  # fmt: skip
    fitted = 0
    for k, cutoff in enumerate(expected):
        every = {True: 1, False: 10**9}.get(schedule.refit, schedule.refit)
        fitted = k if k % every == 0 else fitted
        assert windows.fit_at[k] == fitted
        series, part = windows.training_panel(k)
        assert series.tolist() == [i for i in range(panel.n_series) if windows.active[i, k]]
        for j, i in enumerate(series.tolist()):
            shown = [o for o in range(panel.start[i], cutoff + 1) if (i, o) in rows]
            shown = shown[-schedule.window :] if schedule.window else shown
            history, future = windows.history(i, k), windows.future(i, k)
            values = [rows[i, o] for o in shown]
            np.testing.assert_array_equal(history.y, values)
            np.testing.assert_array_equal(part.series(j), values)
            assert (history.start, part.start[j], history.end) == (shown[0], shown[0], cutoff)
            assert (future.cutoff, future.h) == (cutoff, windows.h)
    half = windows.take(np.arange(panel.n_series)[::-1].copy())
    for i in range(panel.n_series):
        for k in np.flatnonzero(windows.active[i]):
            other = half.history(panel.n_series - 1 - i, k)
            np.testing.assert_array_equal(other.y, windows.history(i, k).y)
            assert other.start == windows.history(i, k).start


@fuzz(40)
@given(cases(length=(12, 40)), schedules, st.integers(1, 6), st.integers(0, 2))
def test_intervals_stand_on_the_latest_cutoffs_whose_step_was_seen(case, schedule, n, earlier):
    panel = panel_of(case)
    schedule = schedule.checked()
    try:
        windows, _, _ = rolling_windows(panel, schedule, seed=0)
    except WindowError:
        assume(False)
    inner, back = calibration_windows(windows, n, earlier)
    assert back.shape == (windows.n_windows, windows.h + n - 1)
    wanted = set()
    for i, k in itertools.product(range(windows.n_series), range(windows.n_windows)):
        for step in range(1, windows.h + 1):
            for j in range(n):  # the error of this step, at the cutoff ``step + j`` before
                column = back[k, step + j - 1]
                cutoff = windows.cutoffs[i, k] - step - j
                assert inner.cutoffs[i, column] == cutoff
                assert cutoff + step <= windows.cutoffs[i, k]
                if windows.active[i, k] and cutoff >= panel.start[i]:
                    wanted.add((i, int(column)))
        if earlier and windows.active[i, k]:
            assert inner.cutoffs[i, 0] == inner.cutoffs[i, 1] - earlier
            if inner.cutoffs[i, 0] >= panel.start[i]:
                wanted.add((i, 0))
    assert {(int(i), int(k)) for i, k in np.argwhere(inner.active)} == wanted
    for i, k in wanted:
        length = int(inner.cutoffs[i, k] - panel.start[i]) + 1
        assert inner.lengths[i, k] == min(length, schedule.window or length)
    assert inner.fit_at.tolist() == list(range(inner.n_windows))
