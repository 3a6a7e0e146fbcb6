"""Backtests of random panels: where time is cut, what is conserved, what must not matter."""

import itertools
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fuzz.panels import TAME, Case, cases, fuzz, long_frame, shuffled
from hypothesis import assume, given
from hypothesis import strategies as st

from forecasting import (
    SES,
    TSB,
    Backtest,
    Croston,
    HistoricAverage,
    Holt,
    Naive,
    RandomWalkWithDrift,
    SeasonalNaive,
    SeasonalWindowAverage,
    Theta,
    WindowAverage,
    backtest,
)
from forecasting.errors import FrequencyError, WindowError

pytestmark = [
    pytest.mark.filterwarnings("ignore::forecasting.errors.DataWarning"),
    pytest.mark.filterwarnings("ignore::forecasting.errors.CalibrationWarning"),
]

CHEAP = {
    "naive": Naive(),
    "seasonal": SeasonalNaive(4),
    "drift": RandomWalkWithDrift(),
    "average": WindowAverage(3),
    "history": HistoricAverage(),
    "ses": SES(),
    "theta": Theta(),
    "croston": Croston(),
}
KEYS = ["model", "unique_id", "cutoff", "step"]


def run(case, models, frame=None, **schedule):
    """Backtest a case; schedules that do not fit are refused, and drawn again."""
    try:
        return backtest(case.frame if frame is None else frame, models, freq=case.freq, **schedule)
    except (WindowError, FrequencyError) as error:
        text = str(error)
        assume(not ("feasible" in text or "no series has data" in text or "no Saturday" in text))
        raise


def bits(frame):
    """Return the rows of a forecasts table by key, values as bytes."""
    columns = [c for c in frame.columns if c not in (*KEYS, "ds", "y")]
    values = frame[columns].to_numpy(dtype=float)
    keys = zip(*(frame[k].tolist() for k in KEYS), strict=True)
    return {key: row.tobytes() for key, row in zip(keys, values, strict=True)}


schedules = st.fixed_dictionaries(
    {"h": st.integers(1, 4), "n_windows": st.integers(1, 4), "gap": st.integers(0, 2)},
    optional={"step_size": st.integers(1, 5), "window": st.integers(1, 12)},
)


def slow_windows(case, h, n_windows, gap, step_size=None, window=None):
    """Return {(id, cutoff position): positions seen}, and the reasons of those that are skipped."""
    seen = {name: case.observed(name) for name in case.truth}
    last = max(max(rows) for rows in seen.values()) - gap - h
    cutoffs = [last - k * (step_size or h) for k in reversed(range(n_windows))]
    taking, skipped = {}, {}
    for name, cutoff in itertools.product(seen, cutoffs):
        first, end = min(seen[name]), max(seen[name])
        if cutoff < first:
            skipped[name, cutoff] = "not started"
        elif cutoff > end:
            skipped[name, cutoff] = "ended before the cutoff"
        elif cutoff + gap + h > end:
            skipped[name, cutoff] = "test part incomplete"
        else:
            shown = range(first, cutoff + 1)
            taking[name, cutoff] = shown[-window:] if window else shown
    return taking, skipped


@fuzz(40)
@given(cases(), schedules)
def test_the_calendar_is_true_and_series_take_part_as_a_loop_says(case, schedule):
    """G2: the history ends at the cutoff, the test part begins after it, step k is k periods later."""
    at = {name: [(p, float(p)) for p, _ in rows] for name, rows in case.truth.items()}
    positions = Case(case.freq, case.calendar, at, long_frame(case.calendar, at))
    bt = run(positions, {"last": Naive(), "first": WindowAverage(1)}, **schedule)
    taking, skipped = slow_windows(positions, **schedule)
    place = {when: p for p, when in enumerate(case.calendar)}
    expected = {
        (model, name, cutoff, schedule["gap"] + s + 1)
        for (name, cutoff), s in itertools.product(taking, range(schedule["h"]))
        for model in ("last", "first")
    }
    table = bt.forecasts
    found = [
        (model, name, place[cutoff], step)
        for model, name, cutoff, step in table[KEYS].itertuples(index=False, name=None)
    ]
    assert len(found) == len(set(found))
    assert set(found) == expected
    got = {(name, place[c]): why for name, c, why in bt.skipped.itertuples(index=False, name=None)}
    assert got == skipped
    for (_, name, cutoff, step), row in zip(found, table.itertuples(), strict=True):
        assert row.cutoff < row.ds
        assert place[row.ds] == cutoff + step
        rows = dict(at[name])
        assert row.y == rows.get(cutoff + step) or (np.isnan(row.y) and cutoff + step not in rows)
        if not np.isnan(row.mean):  # it saw the value at the cutoff, and none after it
            assert row.mean == cutoff


@fuzz(40)
@given(cases(), schedules, st.sampled_from(((), (80,))))
def test_every_forecast_is_a_number_or_has_one_failure(case, schedule, level):
    """G4."""
    bt = run(case, CHEAP, level=level, **schedule)
    taking, _ = slow_windows(case, **schedule)
    assert len(bt.forecasts) == len(taking) * len(CHEAP) * schedule["h"]
    missing = bt.forecasts[~np.isfinite(bt.forecasts["mean"])]
    cells = set(missing[["model", "unique_id", "cutoff"]].itertuples(index=False, name=None))
    assert len(missing) == len(cells) * schedule["h"]
    rows = bt.failures[bt.failures["stage"] != "calibrate"]
    failed = list(rows[["model", "unique_id", "cutoff"]].itertuples(index=False, name=None))
    assert set(failed) >= cells
    assert len(failed) == len(set(failed))
    assert all(bt.failures["code"])
    assert not set(bt.failures["code"]) & {"MODEL", "CONTRACT"}


@fuzz(30)
@given(
    cases(least=2, holes=False),
    st.sampled_from(("inf", "nan", "all nan", "huge", "short")),
    st.data(),
)
def test_one_bad_series_costs_one_series(case, harm, data):
    """G5: the others have the bits of a run without it."""
    bad = data.draw(st.sampled_from(list(case.truth)[1:]))
    mine = case.frame["unique_id"] == bad
    frame = case.frame.copy()
    where = frame.index[mine][data.draw(st.integers(0, int(mine.sum()) - 1))]
    if harm == "short":
        frame = frame[~mine | (frame.index == where)]
    else:
        value = {"inf": np.inf, "nan": np.nan, "all nan": np.nan, "huge": 1.7e308}[harm]
        frame.loc[mine if harm in ("all nan", "huge") else where, "y"] = value
    schedule = {"h": 2, "n_windows": 2, "level": (80,)}
    whole = run(case, CHEAP, frame=frame, **schedule)
    alone = run(case, CHEAP, frame=case.frame[~mine], **schedule)
    got, expected = bits(whole.forecasts), bits(alone.forecasts)
    assert {key: got[key] for key in expected} == expected
    assert not len(set(whole.failures["code"]) & {"MODEL", "CONTRACT"})


@fuzz(40)
@given(
    cases(),
    schedules,
    st.sampled_from(("scale", "nan", "inf", "drop", "reorder")),
    st.integers(0, 99),
)
def test_the_future_may_be_poisoned_and_the_bits_stay(case, schedule, poison, seed):
    """G1: with everything after the first cutoff turned, the forecasts there are the same."""
    before = run(case, CHEAP, level=(80,), **schedule)
    cutoff = before.forecasts["cutoff"].min()
    frame, rng = case.frame.copy(), np.random.default_rng(seed)
    later = frame["ds"] > cutoff
    if poison == "scale":
        frame.loc[later, "y"] = frame.loc[later, "y"] * 3 + 500
    elif poison == "drop":
        frame = frame[~later | (frame["ds"] == frame["ds"].max()) | (rng.random(len(frame)) < 0.5)]
    elif poison == "reorder":
        frame.loc[later, "y"] = rng.permutation(frame.loc[later, "y"])
    else:
        frame.loc[later, "y"] = {"nan": np.nan, "inf": np.inf}[poison]
    after = run(case, CHEAP, frame=frame, level=(80,), cutoffs=[cutoff], partial="keep",
                **{k: v for k, v in schedule.items() if k not in ("n_windows", "step_size")})  # fmt: skip
    got = bits(after.forecasts)
    expected = bits(before.forecasts[before.forecasts["cutoff"] == cutoff])
    assert {key: got[key] for key in expected} == expected


@fuzz(30)
@given(cases(least=2), schedules, st.integers(0, 99))
def test_neither_order_of_rows_nor_company_matters(case, schedule, seed):
    rng = np.random.default_rng(seed)
    whole = bits(run(case, CHEAP, level=(80,), **schedule).forecasts)
    turned = dict(reversed(CHEAP.items()))
    again = run(case, turned, frame=shuffled(case.frame, rng), level=(80,), **schedule)
    assert bits(again.forecasts) == whole
    first = next(iter(case.truth))  # it is there from the first step to the last
    alone = run(
        case, CHEAP, frame=case.frame[case.frame["unique_id"] == first], level=(80,), **schedule
    )
    assert bits(alone.forecasts) == {key: v for key, v in whole.items() if key[1] == first}


SCALING = {
    "naive": Naive(),
    "seasonal": SeasonalNaive(4),
    "seasonal average": SeasonalWindowAverage(4, 2),
    "drift": RandomWalkWithDrift(),
    "average": WindowAverage(3),
    "croston": Croston(),
    "tsb": TSB(0.1, 0.1),
    "theta": Theta(),
    "ses": SES(alpha=0.3),
    "holt": Holt(alpha=0.3, beta=0.1),
}


@fuzz(30)
@given(cases(values=TAME, length=(16, 40)), st.integers(-12, 12))
def test_forecasts_have_the_scale_of_the_data(case, exponent):
    """G9: c times the data is c times the forecasts and their bounds, to 1e-9."""
    c = 10.0**exponent
    schedule = {"h": 3, "n_windows": 2, "level": (80,)}
    plain = run(case, SCALING, **schedule)
    scaled = run(case, SCALING, frame=case.frame.assign(y=case.frame["y"] * c), **schedule)
    size = case.frame["y"].abs().max()
    for column in ("mean", "lo-80", "hi-80"):
        np.testing.assert_allclose(
            scaled.forecasts[column] / c, plain.forecasts[column], rtol=1e-9, atol=1e-12 * size
        )
    assert plain.failures["code"].tolist() == scaled.failures["code"].tolist()


@fuzz(30)
@given(
    cases(length=(16, 40)),
    st.lists(st.sampled_from((1, 10, 50, 75, 79.5, 80)), min_size=2, unique=True),
)
def test_intervals_are_nested_and_do_not_cross(case, levels):
    bt = run(case, CHEAP, h=3, n_windows=2, level=levels)
    table, texts = bt.forecasts, [f"{level:g}" for level in sorted(levels)]
    for inner, outer in itertools.pairwise(texts):
        known = table[f"lo-{outer}"].notna() & table[f"lo-{inner}"].notna()
        part = table[known]
        assert (part[f"lo-{outer}"] <= part[f"lo-{inner}"]).all()
        assert (part[f"lo-{inner}"] <= part[f"hi-{inner}"]).all()
        assert (part[f"hi-{inner}"] <= part[f"hi-{outer}"]).all()
    assert not np.isinf(table[[c for c in table if c[:3] in ("lo-", "hi-")]].to_numpy()).any()


@fuzz(20)
@given(cases(length=(16, 40)), st.integers(1, 5), st.integers(1, 5))
def test_a_longer_horizon_keeps_the_first_steps(case, h, more):
    for model in (Naive(), SeasonalNaive(4), SES(), Theta(), Croston()):
        try:
            fitted = model.fit(case.frame, freq=case.freq)
        except FrequencyError as error:
            assume("no Saturday" not in str(error))
            raise
        short, long = fitted.predict(h, level=(80,)), fitted.predict(h + more, level=(80,))
        first = long.groupby("unique_id", sort=False, observed=True).head(h).reset_index(drop=True)
        # Where the history is too short to calibrate the further steps, no interval is given at all.
        for column in ("lo-80", "hi-80"):
            short.loc[first[column].isna(), column] = np.nan
        pd.testing.assert_frame_equal(first, short, check_exact=True)


@fuzz(12)
@given(cases(), schedules)
def test_a_backtest_comes_back_from_disk_and_from_its_store_with_the_same_bits(case, schedule):
    with tempfile.TemporaryDirectory() as folder:
        models = {"naive": Naive(), "ses": SES()}
        first = run(case, models, level=(80,), store=Path(folder) / "store", **schedule)
        again = run(case, models, level=(80,), store=Path(folder) / "store", **schedule)
        loaded = Backtest.load(first.save(Path(folder) / "saved"))
    for name, frame in first.frames().items():
        pd.testing.assert_frame_equal(loaded.frames()[name], frame, check_exact=True)
        if name != "timings":
            pd.testing.assert_frame_equal(again.frames()[name], frame, check_exact=True)
    assert loaded.facts == first.facts
