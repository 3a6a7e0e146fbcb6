"""Transformed batch forecasters, all windows in one call: the loop window by window is the second answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import forecasting as fc
from forecasting.reading import as_panel
from forecasting.schedule import Schedule, rolling_windows
from forecasting.testing.case import quietly

PROBS = (0.1, 0.5, 0.9)


def panel(n: int = 60) -> pd.DataFrame:
    """Four series of one length; the second has a zero near its end, the third a negative first value."""
    t, frames = np.arange(n), []
    for i in range(4):
        rng = np.random.default_rng(i)
        y = (40 + 0.4 * t) * (1 + 0.2 * np.sin(np.pi * t / 2)) + rng.normal(size=n)
        if i == 1:
            y[n - 12] = 0.0
        if i == 2:
            y[0] = -3.0
        ds = pd.date_range("2015-01-01", periods=n, freq="MS")
        frames.append(pd.DataFrame({"unique_id": f"s{i}", "ds": ds, "y": y}))
    return pd.concat(frames, ignore_index=True)


def windows_of(data: pd.DataFrame, **schedule):
    settings = {"h": 5, "n_windows": 4, "step_size": 3, **schedule}
    return rolling_windows(as_panel(data), Schedule(**settings).checked(), seed=0)[0]


def told(answer) -> list[tuple[int, int, str, str]]:
    return sorted((f.series, f.window, f.stage, str(f.error)) for f in answer.failures)


MEMBERS = [
    fc.AveragedETS(4, errors="additive"),
    fc.ETS(4, "MAM"),  # simulated
    fc.Theta(4),
]


@pytest.mark.parametrize("schedule", [{}, {"window": 24}, {"refit": False}, {"refit": 2}])
@pytest.mark.parametrize(
    ("transform", "corrected"), [(fc.Log(), True), (fc.BoxCox(0.5), True), (fc.Log(1.0), False)]
)
@pytest.mark.parametrize("member", MEMBERS, ids=repr)
def test_all_windows_at_once_are_those_of_the_loop(member, corrected, transform, schedule):
    it = fc.Transformed(member, transform, bias_correction=corrected)
    assert it.at_once
    windows = windows_of(panel(), **schedule)
    at_once = quietly(it.uncalibrated, windows, PROBS)
    loop = quietly(it._loop, windows, PROBS)
    loop.check(windows)
    assert np.isfinite(at_once.mean).all(axis=2).sum() >= 8
    assert_allclose(at_once.mean, loop.mean, rtol=1e-12)
    assert_allclose(at_once.quantiles, loop.quantiles, rtol=1e-12)
    assert_array_equal(at_once.own, loop.own)
    assert told(at_once) == told(loop)


def test_a_value_without_a_logarithm_touches_no_earlier_window():
    it = fc.Transformed(fc.ETS(4, "AAA"), fc.Log())
    data = panel()
    whole = it.uncalibrated(windows_of(data, n_windows=6, step_size=2), PROBS)
    data.loc[data["y"] <= 0, "y"] = 1.0
    mended = it.uncalibrated(windows_of(data, n_windows=6, step_size=2), PROBS)
    failed = whole.failed()
    assert failed.tolist() == [
        [False] * 6,
        [False, False, True, True, True, True],
        [True] * 6,
        [False] * 6,
    ]
    assert_array_equal(whole.mean[~failed], mended.mean[~failed])
    assert_array_equal(whole.quantiles[~failed], mended.quantiles[~failed])
    assert {f.error.code for f in whole.failures} == {"NON_POSITIVE"}


def test_without_correction_the_forecast_is_the_exponential_of_that_of_logarithms():
    data = panel()
    data = data[~data["unique_id"].isin(["s1", "s2"])]
    logs = data.assign(y=np.log(data["y"]))
    member = fc.AveragedETS(4, errors="additive")
    it = fc.Transformed(member, fc.Log(), bias_correction=False).fit(data).predict(8, level=80)
    of_logs = member.fit(logs).predict(8, level=80)
    for column in ("mean", "lo-80", "hi-80"):
        assert_allclose(it[column], np.exp(of_logs[column]), rtol=1e-12)


def test_a_fit_that_fails_names_the_values_and_leaves_the_others():
    it = fc.Transformed(fc.ETS(4, "AAA"), fc.Log())
    quietly(it.fit, panel())
    assert it.failures["unique_id"].tolist() == ["s1", "s2"]
    assert it.failures["message"].str.contains("1 value of zero or less").all()
    found = quietly(it.predict, 3)
    assert found.groupby("unique_id")["mean"].apply(lambda v: v.notna().all()).tolist() == [
        *(True, False, False, True)
    ]


@pytest.mark.parametrize(
    "it",
    [
        fc.Transformed(fc.ETS(4), fc.BoxCox()),
        fc.Transformed(fc.ETS(4), fc.Difference(4)),
        fc.Transformed(fc.SeasonalNaive(4), fc.Log()),
    ],
    ids=repr,
)
def test_what_learns_from_a_history_or_has_no_kernel_goes_window_by_window(it):
    assert not it.at_once


def test_moving_on_without_a_refit_refuses_a_value_without_a_logarithm():
    y = panel()
    y = y[y["unique_id"] == "s1"].assign(y=lambda d: d["y"].replace(0.0, -1.0))
    it = fc.Transformed(fc.SeasonalNaive(4), fc.Log())  # by the loop
    bt = quietly(
        fc.backtest, y, {"it": it}, h=2, n_windows=4, step_size=2, season_length=4, refit=False
    )
    assert bt.failures["code"].unique().tolist() == ["NON_POSITIVE"]
