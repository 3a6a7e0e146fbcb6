"""Rolling-origin arithmetic: closed forms, hand cases, and a property over random panels."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting import Naive, Regressors, as_panel, backtest
from forecasting.errors import HorizonError, WindowError
from forecasting.schedule import ENDED, INCOMPLETE, NOT_STARTED, Schedule, rolling_windows
from forecasting.windows import calibration_windows, final_window


def daily(lengths, *, end="2024-03-31"):
    frames = []
    for name, (n, late) in lengths.items():
        last = pd.Timestamp(end) - pd.Timedelta(days=late)
        ds = pd.date_range(end=last, periods=n)
        frames.append(pd.DataFrame({"unique_id": name, "ds": ds, "y": np.arange(n, dtype=float)}))
    return pd.concat(frames, ignore_index=True)


def cut(data, **schedule):
    panel = as_panel(data)
    return panel, *rolling_windows(panel, Schedule(**schedule).checked(), seed=0)


def test_cutoffs_are_counted_back_from_the_end():
    panel, _, cutoffs, _ = cut(daily({"a": (60, 0)}), h=7, n_windows=3, step_size=5)
    expected = pd.DatetimeIndex(["2024-03-14", "2024-03-19", "2024-03-24"])
    assert list(panel.calendar.times(cutoffs)) == list(expected)


def test_a_gap_moves_the_cutoff_back_and_steps_keep_counting_from_it():
    bt = backtest(daily({"a": (60, 0)}), Naive(), h=2, gap=3)
    assert bt.forecasts["step"].tolist() == [4, 5]
    assert bt.forecasts["cutoff"].unique() == [pd.Timestamp("2024-03-26")]
    assert bt.forecasts["ds"].tolist() == [pd.Timestamp("2024-03-30"), pd.Timestamp("2024-03-31")]
    assert bt.forecasts["y"].tolist() == [58.0, 59.0]
    assert bt.forecasts["mean"].tolist() == [54.0, 54.0]


def test_step_size_is_h_unless_said():
    _, _, cutoffs, _ = cut(daily({"a": (60, 0)}), h=6, n_windows=4)
    assert np.diff(cutoffs).tolist() == [6, 6, 6]


def test_a_sliding_window_shows_only_its_length():
    _, windows, _, _ = cut(daily({"a": (60, 0), "b": (10, 0)}), h=2, n_windows=2, window=7)
    assert windows.lengths.tolist() == [[7, 7], [6, 7]]
    assert windows.history(0, 1).y.tolist() == [51.0, 52.0, 53.0, 54.0, 55.0, 56.0, 57.0]


@pytest.mark.filterwarnings("ignore::forecasting.errors.StaleSeriesWarning")
def test_series_that_cannot_take_part_are_named_with_the_reason():
    data = daily({"a": (60, 0), "late": (8, 0), "ended": (40, 20), "ending": (50, 2)})
    _, windows, _, skipped = cut(data, h=4, n_windows=3)
    reasons = {(r.unique_id, str(r.cutoff.date())): r.reason for r in skipped.itertuples()}
    assert reasons == {
        ("late", "2024-03-19"): NOT_STARTED,
        ("late", "2024-03-23"): NOT_STARTED,
        ("ended", "2024-03-19"): ENDED,
        ("ended", "2024-03-23"): ENDED,
        ("ended", "2024-03-27"): ENDED,
        ("ending", "2024-03-27"): INCOMPLETE,
    }
    assert windows.active.sum() + len(skipped) == 4 * 3


@pytest.mark.parametrize(
    ("length", "h", "gap", "step_size", "fitting"),
    [(57, 7, 0, 7, 8), (56, 7, 0, 7, 7), (58, 7, 1, 7, 8), (12, 3, 2, 4, 2), (11, 3, 2, 4, 2),
     (10, 3, 2, 4, 2), (9, 3, 2, 4, 1), (6, 3, 2, 4, 1), (5, 3, 2, 4, 0), (4, 3, 2, 4, 0)],
)  # fmt: skip
def test_as_many_windows_fit_as_the_message_says(length, h, gap, step_size, fitting):
    data, schedule = daily({"a": (length, 0)}), {"h": h, "gap": gap, "step_size": step_size}
    if fitting:
        _, windows, cutoffs, _ = cut(data, n_windows=fitting, **schedule)
        assert len(cutoffs) == fitting
        assert windows.lengths[0, 0] >= 1
    said = f"the data has {length}; the largest feasible n_windows is {fitting}$"
    with pytest.raises(WindowError, match=said):
        cut(data, n_windows=fitting + 1, **schedule)


@pytest.mark.filterwarnings("ignore::forecasting.errors.StaleSeriesWarning")
def test_partial_keep_forecasts_what_cannot_be_scored_yet():
    data = daily({"a": (60, 0), "ending": (50, 2)})
    bt = backtest(data, Naive(), h=4, partial="keep")
    ending = bt.forecasts[bt.forecasts["unique_id"] == "ending"]
    assert ending["y"].isna().tolist() == [False, False, True, True]
    assert bt.summary(metrics="MAE")["n_missing_actual"].tolist() == [2]


def test_the_models_panel_ends_at_the_last_cutoff():
    panel, windows, cutoffs, _ = cut(daily({"a": (60, 0), "b": (20, 0)}), h=5, n_windows=2)
    assert windows.panel.end.max() == cutoffs.max() == panel.end.max() - 5


@pytest.mark.parametrize("h", [0, -1, 2.5, "7", True, None])
def test_h_must_be_a_whole_number(h):
    with pytest.raises(HorizonError, match="whole number"):
        Schedule(h=h).checked()


@pytest.mark.parametrize(
    "wrong", [{"n_windows": 0}, {"step_size": 0}, {"step_size": -1}, {"gap": -1}, {"window": 0}]
)
def test_counts_must_be_whole_numbers(wrong):
    with pytest.raises(WindowError, match=next(iter(wrong))):
        Schedule(h=2, **wrong).checked()


def test_cutoffs_may_be_given_in_any_order_and_must_lie_on_the_calendar():
    data = daily({"a": (60, 0)})
    bt = backtest(data, Naive(), h=2, cutoffs=["2024-03-20", "2024-03-10"])
    assert [str(c.date()) for c in bt.forecasts["cutoff"].unique()] == ["2024-03-10", "2024-03-20"]
    with pytest.raises(ValueError, match="does not lie on freq 'D'"):
        backtest(data, Naive(), h=2, cutoffs=["2024-03-20 12:00"])
    with pytest.raises(WindowError, match="twice"):
        backtest(data, Naive(), h=2, cutoffs=["2024-03-20", "2024-03-20"])


def test_every_window_is_refitted_unless_said():
    schedule = Schedule(h=1).checked()
    assert schedule.fit_schedule(3).tolist() == [0, 1, 2]
    with pytest.raises(dataclasses.FrozenInstanceError):
        schedule.refit = False


def test_a_series_takes_part_from_the_cutoff_at_which_it_begins():
    _, windows, _, skipped = cut(daily({"a": (60, 0), "new": (6, 0)}), h=5, n_windows=2)
    assert windows.active.tolist() == [[True, True], [False, True]]
    assert windows.lengths[1, 1] == 1
    assert skipped["reason"].tolist() == [NOT_STARTED]


def test_cutoffs_that_no_series_can_be_tested_at_are_refused_with_what_the_data_covers():
    with pytest.raises(
        WindowError, match=r"any of the 1 cutoff: the data covers 2024-02-01.* to 2024-03-31"
    ):
        cut(daily({"a": (60, 0)}), h=2, cutoffs=["2024-03-30"])


def test_refit_every_k_windows_names_the_window_of_the_estimate():
    schedule = Schedule(h=1, refit=3).checked()
    assert schedule.fit_schedule(7).tolist() == [0, 0, 0, 3, 3, 3, 6]
    assert Schedule(h=1, refit=False).checked().fit_schedule(3).tolist() == [0, 0, 0]


def test_calibration_windows_end_before_the_target_of_their_step():
    _, windows, _, _ = cut(daily({"a": (60, 0)}), h=3, n_windows=2, step_size=2)
    inner, back = calibration_windows(windows, n=4)
    for k in range(2):
        for b in range(back.shape[1]):
            assert inner.cutoffs[0, back[k, b]] == windows.cutoffs[0, k] - 1 - b
    assert inner.active.all()


@pytest.mark.filterwarnings("ignore::forecasting.errors.StaleSeriesWarning")
@settings(max_examples=60)
@given(
    lengths=st.lists(st.tuples(st.integers(2, 40), st.integers(0, 15)), min_size=1, max_size=5),
    h=st.integers(1, 6),
    n_windows=st.integers(1, 4),
    step_size=st.integers(1, 7),
    gap=st.integers(0, 3),
)
def test_train_ends_at_the_cutoff_and_test_begins_after_it(lengths, h, n_windows, step_size, gap):
    data = daily({f"s{i}": pair for i, pair in enumerate(lengths)})
    try:
        bt = backtest(
            data, Naive(), h=h, n_windows=n_windows, step_size=step_size, gap=gap, freq="D"
        )
    except WindowError:
        return
    f = bt.forecasts
    assert (f["ds"] == f["cutoff"] + pd.to_timedelta(f["step"], unit="D")).all()
    assert (f["step"] > gap).all()
    assert len(f) == h * f.groupby(["unique_id", "cutoff"], observed=True).ngroups
    truth = data.set_index(["unique_id", "ds"])["y"]
    assert (truth.loc[list(zip(f["unique_id"], f["ds"], strict=True))].to_numpy() == f["y"]).all()
    last = truth.loc[list(zip(f["unique_id"], f["cutoff"], strict=True))].to_numpy()
    assert (last == f["mean"]).all()  # Naive: the value at the cutoff, so it saw exactly up to it
    assert len(bt.skipped) + f.groupby(["unique_id", "cutoff"], observed=True).ngroups == (
        data["unique_id"].nunique() * len(bt.facts.cutoffs)
    )


def test_series_that_are_taken_keep_their_own_regressors():
    data = daily({"a": (30, 0), "b": (20, 3), "c": (12, 0)})
    X = data.assign(x=np.arange(len(data), dtype=float), w=1.0).drop(columns="y")
    with pytest.warns(UserWarning, match="end before"):
        panel = as_panel(data, X=Regressors(known_future=X))
    windows, _, _ = rolling_windows(
        panel, Schedule(h=2, n_windows=2, partial=True).checked(), seed=0
    )
    part = windows.take(np.array([2, 0]))
    for j, i in enumerate((2, 0)):
        for k in range(2):
            np.testing.assert_array_equal(part.history(j, k).X, windows.history(i, k).X)
            np.testing.assert_array_equal(part.future(j, k).X, windows.future(i, k).X)
    assert windows.future(2, 1).X[:, 0].tolist() == [60.0, 61.0]
    assert windows.take(np.array([2, 0])).known_offsets.tolist() == [0, 12, 42]


def test_the_window_of_fit_and_predict_is_all_of_each_series():
    data = daily({"a": (4, 0), "b": (3, 0)})
    X = data.assign(x=np.arange(7.0)).drop(columns="y")
    panel = as_panel(data, X=Regressors(known_future=X))
    ahead = np.array([[[10.0], [11.0]], [[20.0], [21.0]]])
    windows = final_window(panel, 2, 5, ahead)
    assert windows.cutoffs.tolist() == panel.end[:, None].tolist()
    assert (windows.lo.tolist(), windows.hi.tolist()) == ([[0], [4]], [[4], [7]])
    assert (windows.active.tolist(), windows.fit_at.tolist()) == ([[True], [True]], [0])
    assert (windows.h, windows.seed, windows.n_series, windows.n_windows) == (2, 5, 2, 1)
    assert windows.known.ravel().tolist() == [0, 1, 2, 3, 10, 11, 4, 5, 6, 20, 21]
    assert windows.known_offsets.tolist() == [0, 6, 11]
    assert [windows.future(i, 0).X.ravel().tolist() for i in (0, 1)] == [[10, 11], [20, 21]]
    assert windows.history(1, 0).X.ravel().tolist() == [4, 5, 6]


def test_of_a_series_that_begins_after_the_last_cutoff_nothing_is_there_to_be_seen():
    _, windows, _, _ = cut(daily({"a": (30, 0), "new": (4, 0)}), h=4, n_windows=2, step_size=1)
    assert windows.panel.lengths.tolist() == [26, 0]
    assert windows.active.tolist() == [[True, True], [False, False]]
