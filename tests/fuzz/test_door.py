"""What comes in at the door, held against lists and dicts: rows, shapes, duplicates, gaps, regressors."""

import math

import numpy as np
import pandas as pd
import pytest
from fuzz.panels import cases, fuzz, long_frame, shuffled
from hypothesis import assume, given
from hypothesis import strategies as st

from forecasting import Regressors, as_panel, check, fill_gaps
from forecasting.errors import FrequencyError
from forecasting.regressors import align_future

pytestmark = [
    pytest.mark.filterwarnings("ignore::forecasting.errors.DataWarning"),
]


def read(frame, case, **options):
    """Read a frame; a panel whose only rows miss every weekend is rightly refused as days."""
    try:
        return as_panel(frame, freq=case.freq, **options)
    except FrequencyError as error:
        assume("no Saturday or Sunday" not in str(error))
        raise


def rows_of(panel):
    """Return {id: {time: value}} with every step of the panel, gaps included."""
    times = list(panel.calendar.times(panel.row_ordinals()))
    found = {}
    for i, name in enumerate(panel.ids.tolist()):
        part = range(panel.offsets[i], panel.offsets[i + 1])
        found[name] = {times[r]: float(panel.values[r]) for r in part}
    return found


def same(a, b):
    return a == b or (math.isnan(a) and math.isnan(b))


def as_long(panel):
    at = panel.row_ordinals()
    keep = ~panel.gaps if panel.gaps is not None else slice(None)
    ids, times = panel.ids.repeat(panel.lengths)[keep], panel.calendar.times(at)[keep]
    return pd.DataFrame({"unique_id": ids, "ds": times, "y": panel.values[keep]})


@fuzz()
@given(cases())
def test_a_panel_holds_every_row_at_its_time_and_a_gap_where_there_was_none(case):
    panel = read(case.frame, case)
    found = rows_of(panel)
    assert set(found) == set(case.truth)
    for name in case.truth:
        seen = case.observed(name)
        first, last = min(seen), max(seen)
        steps = [case.calendar[p] for p in range(first, last + 1)]
        assert list(found[name]) == steps
        for p, step in zip(range(first, last + 1), steps, strict=True):
            assert same(found[name][step], seen.get(p, math.nan))
    gaps = 0 if panel.gaps is None else int(panel.gaps.sum())
    assert len(panel.values) - gaps == sum(len(case.observed(name)) for name in case.truth)


@fuzz()
@given(cases())
def test_a_panel_goes_out_to_a_frame_and_comes_in_again_as_it_was(case):
    panel = read(case.frame, case)
    again = read(as_long(panel), case)
    assert again.fingerprint == panel.fingerprint
    assert again.calendar == panel.calendar
    assert again.ids.equals(panel.ids)


@fuzz()
@given(cases(), st.integers(0, 99))
def test_the_order_of_rows_does_not_matter(case, seed):
    panel = read(case.frame, case)
    other = shuffled(case.frame, np.random.default_rng(seed))
    assert read(other, case).fingerprint == panel.fingerprint


@fuzz()
@given(cases(holes=False, ragged=False))
def test_long_wide_and_single_series_are_the_same_panel(case):
    long = as_panel(case.frame, freq=case.freq)
    wide = case.frame.pivot(index="ds", columns="unique_id", values="y")
    assert as_panel(wide, freq=case.freq).fingerprint == long.fingerprint
    for name, rows in case.truth.items():
        alone = as_panel(
            pd.Series([v for _, v in rows], index=case.calendar, name="y"), freq=case.freq
        )
        i = long.ids.get_loc(name)
        assert alone.values.tobytes() == long.series(i).tobytes()
        assert alone.start[0] == long.start[i]


@fuzz()
@given(cases(holes=False, length=(10, 40)))
def test_the_frequency_of_whole_series_is_seen(case):
    panel = as_panel(case.frame)
    seen = panel.calendar.times(panel.end.max() + np.arange(1, 4))
    more = pd.date_range(case.calendar[0].tz_localize(None), periods=len(case.calendar) + 3,
                         freq=case.freq)  # fmt: skip
    if case.calendar.tz is None:
        assert list(seen) == list(more[-3:])
    assert panel.fingerprint == as_panel(case.frame, freq=panel.calendar.freq).fingerprint


@fuzz()
@given(cases(length=(8, 20)), st.sampled_from(("sum", "mean", "first", "last")), st.data())
def test_duplicates_are_merged_as_was_said(case, how, data):
    assume(not any(math.isnan(v) for rows in case.truth.values() for _, v in rows))
    twice = data.draw(st.lists(st.integers(0, len(case.frame) - 1), min_size=1, max_size=5))
    extra = case.frame.iloc[twice].assign(y=np.arange(len(twice), dtype=float))
    frame = pd.concat([case.frame, extra], ignore_index=True)
    met = {}
    for name, when, value in frame.itertuples(index=False):
        met.setdefault((name, when), []).append(value)
    merge = {"sum": sum, "mean": lambda v: sum(v) / len(v), "first": lambda v: v[0],
             "last": lambda v: v[-1]}[how]  # fmt: skip
    found = rows_of(read(frame, case, on_duplicate=how))
    for (name, when), values in met.items():
        assert found[name][when] == pytest.approx(merge(values), rel=1e-12, abs=0)


def filled(values, how, m):
    """Fill a list the slow way."""
    y = list(values)
    for t, v in enumerate(values):
        if not math.isnan(v):
            continue
        before = [s for s in range(t) if not math.isnan(values[s])]
        after = [s for s in range(t + 1, len(values)) if not math.isnan(values[s])]
        if how == "zero":
            y[t] = 0.0
        elif how == "forward":
            y[t] = values[before[-1]] if before else math.nan
        elif how == "seasonal":
            y[t] = next(
                (values[s] for s in range(t - m, -1, -m) if not math.isnan(values[s])), math.nan
            )
        elif how == "interpolate" and before and after:
            a, b = before[-1], after[0]
            y[t] = values[a] + (values[b] - values[a]) * (t - a) / (b - a)
    return y


@fuzz(40)
@given(cases(), st.sampled_from(("zero", "forward", "interpolate", "seasonal", None)),
       st.integers(1, 5), st.booleans())  # fmt: skip
def test_gaps_are_filled_as_a_loop_would(case, how, m, extend):
    read(case.frame, case)
    out = fill_gaps(case.frame, how=how, season_length=m, extend=extend, freq=case.freq)
    assert out.duplicated(["unique_id", "ds"]).sum() == 0
    last_of_all = max(max(case.observed(name)) for name in case.truth)
    for name in case.truth:
        seen = case.observed(name)
        stop = last_of_all if extend else max(seen)
        values = [seen.get(p, math.nan) for p in range(min(seen), stop + 1)]
        part = out[out["unique_id"] == name]
        assert list(part["ds"]) == list(case.calendar[min(seen) : stop + 1])
        np.testing.assert_allclose(part["y"], filled(values, how, m), rtol=1e-12, atol=0)


@fuzz()
@given(cases())
def test_filling_twice_changes_nothing_more(case):
    read(case.frame, case)
    once = fill_gaps(case.frame, how="forward", freq=case.freq)
    pd.testing.assert_frame_equal(fill_gaps(once, how="forward", freq=case.freq), once)


@fuzz()
@given(cases())
def test_the_frame_of_the_caller_is_never_written_to(case):
    before = case.frame.copy(deep=True)
    panel = read(case.frame, case)
    check(case.frame, freq=case.freq)
    fill_gaps(case.frame, how="zero", freq=case.freq)
    pd.testing.assert_frame_equal(case.frame, before, check_exact=True)
    values = panel.values.copy()
    case.frame["y"] = -1.0
    np.testing.assert_array_equal(panel.values, values)


@fuzz()
@given(cases())
def test_check_counts_every_gap_and_every_missing_value(case):
    read(case.frame, case)
    found = check(case.frame, freq=case.freq)
    counted = {(r.unique_id, r.what): r.n for r in found.itertuples()}
    for name, rows in case.truth.items():
        at = [p for p, _ in rows]
        assert counted.get((name, "gap"), 0) == max(at) - min(at) + 1 - len(rows)
        missing = sum(math.isnan(v) for _, v in rows)
        assert (
            counted.get((name, "missing"), 0) + counted.get((name, "missing at the end"), 0)
            == missing
        )
        zeros, values = sum(v == 0 for _, v in rows), [v for _, v in rows if not math.isnan(v)]
        intermittent = zeros >= len(values) / 2 and len(set(values)) > 1
        assert counted.get((name, "intermittent"), 0) == (zeros if intermittent else 0)


@fuzz()
@given(cases(values=("ordinary", "negative")), st.data())
def test_regressors_are_matched_by_id_and_time(case, data):
    read(case.frame, case)
    h, keyed = data.draw(st.integers(1, 4)), data.draw(st.booleans())
    more = as_panel(case.frame, freq=case.freq)
    ahead = more.calendar.times(np.arange(more.start.min(), more.end.max() + h + 1))
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    names = list(case.truth) if keyed else [None]
    truth = {(name, when): float(rng.normal()) for name in names for when in ahead}
    rows = [(name, when, value) for (name, when), value in truth.items()]
    X = shuffled(pd.DataFrame(rows, columns=["unique_id", "ds", "price"]), rng)
    X["unique_id"] = X["unique_id"].astype(case.frame["unique_id"].dtype) if keyed else None
    if not keyed:
        X = X.drop(columns="unique_id")
    panel = as_panel(case.frame, X=Regressors(known_future=X, past_only=X.rename(columns={"price": "seen"})),
                     freq=case.freq)  # fmt: skip
    times = list(panel.calendar.times(panel.row_ordinals()))
    who = panel.ids.repeat(panel.lengths).tolist()
    expected = [truth[name if keyed else None, when] for name, when in zip(who, times, strict=True)]
    assert panel.covariates.known[:, 0].tolist() == expected
    assert panel.covariates.past[:, 0].tolist() == expected
    cells = align_future(panel, X, h)
    for i, name in enumerate(panel.ids.tolist()):
        when = panel.calendar.times(panel.end[i] + np.arange(1, h + 1))
        assert cells[i, :, 0].tolist() == [truth[name if keyed else None, t] for t in when]


@fuzz()
@given(cases(least=2, holes=False))
def test_a_value_changes_the_fingerprint_and_the_order_of_rows_does_not(case):
    panel = read(case.frame, case)
    turned = case.frame.copy()
    at = turned.index[0]
    turned.loc[at, "y"] = np.nextafter(turned.loc[at, "y"], np.inf)
    assert read(turned, case).fingerprint != panel.fingerprint
    assert read(long_frame(case.calendar, case.truth), case).fingerprint == panel.fingerprint
