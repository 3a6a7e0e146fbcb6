"""Whether intervals held what they promise: on processes with a known answer, and the warning where not."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

import forecasting as fc
from forecasting.distribution import StudentT, student_quantiles
from forecasting.held import (
    FEW_TRIALS,
    TRIALS,
    inside,
    shortfall,
    too_narrow,
    trial_windows,
    truth_of,
)
from forecasting.reading import as_panel
from forecasting.windows import final_window

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "generators.py"
TOLERANCE, FLOOR = 2.5, 10.0


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generators", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["generators"] = module
    spec.loader.exec_module(module)
    return module


GENERATORS = _load()
PROCESSES = {process.name: process for process in GENERATORS.PROCESSES}
#: Statsmodels' own interval, which takes its parameters as known; and slopes that cannot be told from none
#: in 60 values (see decisions/intervals.md).
SHORT = ("AR(1), 0.7", "ETS(AAN), fast slope", "ETS(AAdN)")
MATCHES = [
    (name, forecaster)
    for name, process in PROCESSES.items()
    if name not in SHORT
    for forecaster in process.matches
]


def panel(y: np.ndarray) -> pd.DataFrame:
    n, t = y.shape
    ids = np.repeat([f"s{i:05d}" for i in range(n)], t)
    return pd.DataFrame({"unique_id": ids, "ds": np.tile(np.arange(1, t + 1), n), "y": y.ravel()})


def observe(process, forecaster, n_series, n=60, h=6, seed=3):
    """Return coverage at 80 and 95 percent, two standard errors of each, and the warnings."""
    y = GENERATORS.draw(process, n_series, n + h, seed)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = forecaster.fit(panel(y[:, :n]), freq=1).predict(h, level=(80, 95))
    found = []
    for level in (80, 95):
        low, high = (
            table[f"{side}-{level}"].to_numpy().reshape(n_series, h) for side in ("lo", "hi")
        )
        share = 100 * inside(y[:, n:], low, high)
        assert not np.isnan(share).any()
        found.append((share.mean(), 2 * share.std() / np.sqrt(n_series)))
    return found, [w for w in caught if issubclass(w.category, fc.CalibrationWarning)]


@pytest.mark.parametrize(
    ("name", "forecaster"), MATCHES, ids=[f"{n}-{type(f).__name__}" for n, f in MATCHES]
)
def test_a_forecaster_covers_its_own_process(name, forecaster) -> None:
    (at80, at95), warned = observe(PROCESSES[name], forecaster, 300 if "MAM" in name else 1000)
    assert abs(at80[0] - 80) <= TOLERANCE + at80[1], at80
    assert abs(at95[0] - 95) <= TOLERANCE + at95[1], at95
    assert warned == []


@pytest.mark.slow
@pytest.mark.parametrize("n", [36, 60, 120])
@pytest.mark.parametrize("name", ["white noise", "random walk", "ETS(ANN)", "ETS(AAA), m = 4"])
def test_a_forecaster_covers_its_own_process_at_other_lengths(name, n) -> None:
    for forecaster in PROCESSES[name].matches:
        (at80, at95), _ = observe(PROCESSES[name], forecaster, 5000, n=n)
        assert abs(at80[0] - 80) <= TOLERANCE + at80[1], (forecaster, at80)
        assert abs(at95[0] - 95) <= TOLERANCE + at95[1], (forecaster, at95)


@pytest.mark.parametrize(
    ("name", "forecaster"),
    [
        ("ETS(AAN), fast slope", fc.SES()),
        ("growing noise", fc.SES()),
        ("growing noise", fc.DynamicOptimizedTheta()),
        ("ETS(AAA), m = 12", fc.SES()),
    ],
)
def test_intervals_far_too_narrow_are_warned_of(name, forecaster) -> None:
    covered, warned = observe(PROCESSES[name], forecaster, 400)
    assert min(covered[0][0] - 80, covered[1][0] - 95) < -FLOOR
    assert len(warned) == 1
    assert "too narrow" in str(warned[0].message)
    assert f"type Calibrated({forecaster!r})" in str(warned[0].message)


def test_what_the_warning_says_to_type_covers() -> None:
    process = PROCESSES["growing noise"]
    covered, _ = observe(process, fc.Calibrated(fc.SES()), 400)
    assert covered[0][0] > 70
    assert covered[1][0] > 85


def test_intervals_from_past_errors_are_not_told_to_come_from_past_errors() -> None:
    ensemble = fc.WeightedEnsemble([fc.SES(), fc.Naive()], horizon=6, n_origins=2)
    process = PROCESSES["ETS(AAN), fast slope"]
    _, warned = observe(process, ensemble, 400)
    why = (
        "they come from past errors, which were smaller: look for a break, or give a longer history"
    )
    assert [str(one.message).rpartition("; ")[2] for one in warned] == [why]
    data = panel(GENERATORS.draw(process, 100, 60))
    with pytest.warns(fc.CalibrationWarning, match=why):
        fc.backtest(data, ensemble, h=6, n_windows=3, freq=1, level=(80, 95), progress=False)


# --- the check ----------------------------------------------------------------------------------------------


def test_the_share_inside_leaves_out_what_is_not_known() -> None:
    truth = np.array([[1.0, 2.0, np.nan], [np.nan, np.nan, np.nan], [5.0, 0.0, 0.0]])
    low, high = np.zeros((3, 3)), np.array([[1.0, 1.0, 9.0], [1.0, 1.0, 1.0], [1.0, np.nan, 1.0]])
    np.testing.assert_array_equal(inside(truth, low, high), [0.5, np.nan, 0.5])


@pytest.mark.parametrize("level", [50, 80, 95])
@pytest.mark.parametrize("n", [30, 200, 900])
def test_too_narrow_is_the_binomial_tail_and_five_points(level, n) -> None:
    least = int(binom.ppf(0.001, n, level / 100))  # P(X < least) < 0.001 <= P(X <= least)
    rare = np.arange(n) < least - 1
    usual = np.arange(n) < least
    assert too_narrow(rare.astype(float), level) == (100 * rare.mean() <= level - 5)
    assert not too_narrow(usual.astype(float), level)
    assert not too_narrow(np.where(rare, 1.0, np.nan), level)
    assert not too_narrow(np.full(n, np.nan), level)


def test_windows_that_overlap_count_less() -> None:
    share = (np.arange(60) < 36).astype(float)  # 60 % of 80
    assert too_narrow(share, 80)
    assert not too_narrow(share, 80, apart=1 / 6)


def test_a_level_that_held_is_not_named() -> None:
    shares = {80.0: np.repeat([1.0, 0.0], 50), 95.0: np.ones(100)}
    said = shortfall(shares, "SES(alpha=None)", 12)
    assert said == (
        "prediction intervals of 80 % held 50.0 % of the values of 100 past forecasts of 12 series: too "
        "narrow; for intervals from past errors type Calibrated(SES(alpha=None))"
    )
    assert "look for a break" in (shortfall(shares, None, 1) or "")
    assert shortfall({95.0: np.ones(100)}, None, 1) is None


@pytest.mark.parametrize(("n_series", "k", "used"), [(9, None, 0), (10, 10, 10), (700, 3, 234)])
def test_trials_are_past_windows_of_a_sample_of_series(n_series, k, used) -> None:
    y = np.arange(60.0) + 1000 * np.arange(n_series)[:, None]
    trial = trial_windows(final_window(as_panel(panel(y), freq=1), 3, 0))
    if k is None:
        assert trial is None
        return
    assert trial is not None
    assert trial.active.shape == (used, k)
    truth = truth_of(trial)
    np.testing.assert_array_equal(truth[0, -1], [57, 58, 59])
    np.testing.assert_array_equal(truth[-1, 0] % 1000, np.arange(3) + 60 - 3 * k)
    assert trial.lengths.max() == 57


def test_a_trial_has_at_least_half_of_the_history() -> None:
    trial = trial_windows(final_window(as_panel(panel(np.zeros((20, 12))), freq=1), 4, 0))
    assert trial is not None
    assert trial.active.sum(axis=0)[-1] == 20
    assert trial.lengths[trial.active].min() >= 6


@dataclass(frozen=True)
class Sure(fc.LocalForecaster):
    """The last value, and a tenth of the width it should have."""

    def _fit(self, history):
        return history.y[-1], np.diff(history.y).std()

    def _predict(self, state, future):
        last, sd = state
        return fc.Normal(np.full(future.h, last), 0.1 * sd * np.sqrt(future.steps))


def test_a_backtest_warns_of_a_forecaster_that_is_too_sure_and_of_no_other() -> None:
    data = panel(GENERATORS.draw(PROCESSES["random walk"], 30, 60))
    with pytest.warns(
        fc.CalibrationWarning, match=r"sure: .*of 90 past forecasts.*Calibrated\(Sure\(\)\)"
    ):
        bt = fc.backtest(
            data, {"sure": Sure(), "naive": fc.Naive()}, h=3, n_windows=3, freq=1, level=(80, 95)
        )
    assert bt.warnings[["model", "category", "n"]].values.tolist() == [
        ["sure", "CalibrationWarning", 1]
    ]


def test_coverage_by_step_is_one_call() -> None:
    data = panel(GENERATORS.draw(PROCESSES["random walk"], 40, 60))
    bt = fc.backtest(data, fc.Naive(), h=3, n_windows=4, freq=1, level=(80, 95))
    table = bt.coverage()
    assert list(table.columns) == [
        *["model", "step", "level", "coverage", "band_lo", "band_hi", "width", "n", "n_windows"]
    ]
    assert table["step"].tolist() == [1, 2, 3, 1, 2, 3]
    assert (table["n"] == 160).all()
    one = bt.forecasts[bt.forecasts["step"] == 2]
    hit = ((one["lo-80"] <= one["y"]) & (one["y"] <= one["hi-80"])).mean()
    row = table[(table["step"] == 2) & (table["level"] == 80)].iloc[0]
    assert row["coverage"] == pytest.approx(100 * hit)
    assert row["width"] == pytest.approx((one["hi-80"] - one["lo-80"]).mean())
    assert bt.coverage("model")["n_windows"].tolist() == [160, 160]


# --- Student's t ----------------------------------------------------------------------------------------------


def test_quantiles_of_an_estimated_deviation_are_students_and_in_the_end_gaussian() -> None:
    # R 4.2: qt(c(.1, .975), 5) is -1.475884 2.570582
    got = student_quantiles((0.1, 0.975), np.array([5.0, np.inf]))
    np.testing.assert_allclose(got[0], [-1.475884, 2.570582], atol=1e-6)
    np.testing.assert_allclose(got[1], [-1.281552, 1.959964], atol=1e-6)
    forecast = StudentT(np.array([1.0, 2.0]), np.array([1.0, 3.0]), np.array(5.0))
    np.testing.assert_allclose(forecast.interval(95)[1], [3.570582, 9.711745], atol=1e-5)


def test_a_forecaster_that_replays_its_past_is_tried_on_fewer_past_forecasts() -> None:
    """Its trial else costs three times its fit."""
    ds = pd.date_range("2015-01-01", periods=60, freq="MS")
    y = np.random.default_rng(0).normal(50, 3, (400, 60)).ravel()
    data = pd.DataFrame(
        {"unique_id": np.repeat(np.arange(400), 60), "ds": np.tile(ds, 400), "y": y}
    )
    windows = final_window(as_panel(data), 6, 0)
    for forecaster, most in ((fc.SES(), 900), (fc.AutoForecaster(), 75)):
        trial = trial_windows(windows, FEW_TRIALS if forecaster._replays else TRIALS)
        assert trial is not None
        assert 0.6 * most <= trial.active.sum() <= most
        assert trial.n_windows >= 3
