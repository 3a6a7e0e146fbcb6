"""The default forecaster's benchmark cuts windows where they should be, and scores as the metrics do."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

import forecasting as fc


@pytest.fixture(scope="module")
def modules() -> dict[str, ModuleType]:
    """Load the benchmark as its command does, from the root of the repository."""
    root = str(Path(__file__).parents[1])
    sys.path.insert(0, root)
    try:
        names = ("default", "default_goals", "default_panels", "default_peers")
        return {name: importlib.import_module(f"benchmarks.{name}") for name in names}
    finally:
        sys.path.remove(root)


def _frame(lengths: dict[str, int]) -> pd.DataFrame:
    """Return series that all end on the same day; a value is its distance to that day, from 1."""
    parts = [
        pd.DataFrame(
            {
                "unique_id": name,
                "ds": pd.date_range(end="2024-03-31", periods=n, freq="D"),
                "y": np.arange(n, 0, -1, dtype=float),
            }
        )
        for name, n in lengths.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _panel(modules: dict[str, ModuleType], frame: pd.DataFrame, n: int, **other: object) -> object:
    panels = modules["default_panels"]
    cutoffs = panels.last_cutoffs(frame["ds"], 3, n)
    return panels.Panel("days", frame, 3, 7, cutoffs, "D", "D", (7,), **other)


def test_cutoffs_lie_a_horizon_apart_and_the_last_leaves_one(
    modules: dict[str, ModuleType],
) -> None:
    frame = _frame({"a": 40})
    found = modules["default_panels"].last_cutoffs(frame["ds"], 3, 2)
    assert [pd.Timestamp("2024-03-25"), pd.Timestamp("2024-03-28")] == found


def test_a_window_sees_nothing_behind_its_cutoff_and_asks_for_the_next_h(
    modules: dict[str, ModuleType],
) -> None:
    panel = _panel(modules, _frame({"a": 40, "b": 30}), 2)
    seen, asked = panel.windows()
    assert (seen["ds"] <= seen["cutoff"]).all()
    assert {"a@0": 34, "a@1": 37, "b@0": 24, "b@1": 27} == seen.groupby("task").size().to_dict()
    assert [6.0, 5.0, 4.0] == asked.loc[asked["task"] == "a@0", "y"].tolist()
    assert [3.0, 2.0, 1.0] == asked.loc[asked["task"] == "b@1", "y"].tolist()
    assert [1, 2, 3] == asked.loc[asked["task"] == "b@1", "step"].tolist()


def test_a_bounded_window_sees_the_latest_values(modules: dict[str, ModuleType]) -> None:
    seen, _ = _panel(modules, _frame({"a": 40}), 2, window=10).windows()
    assert list(range(16, 6, -1)) == seen.loc[seen["task"] == "a@0", "y"].tolist()


def test_a_series_that_begins_late_or_ends_early_takes_no_part(
    modules: dict[str, ModuleType],
) -> None:
    frame = _frame({"a": 40, "late": 5})
    short = _frame({"early": 20}).query("ds <= '2024-03-30'")
    _, asked = _panel(modules, pd.concat([frame, short]), 2).windows()
    assert ["a@0", "a@1", "early@0", "late@1"] == sorted(asked["task"].unique())


def test_series_with_a_gap_a_missing_value_or_an_early_end_are_left_out(
    modules: dict[str, ModuleType],
) -> None:
    frame = _frame({"whole": 40, "late": 25, "short": 10, "gap": 40, "nan": 40, "early": 40})
    day = pd.Timestamp("2024-03-20")
    frame.loc[(frame["unique_id"] == "nan") & (frame["ds"] == day), "y"] = np.nan
    frame = frame[~((frame["unique_id"] == "gap") & (frame["ds"] == day))]
    frame = frame[~((frame["unique_id"] == "early") & (frame["ds"] > day))]
    kept = modules["default_panels"].without_gaps(frame, 20)
    assert ["late", "whole"] == sorted(kept["unique_id"].unique())


def test_a_missing_value_is_filled_from_the_season_before_else_behind(
    modules: dict[str, ModuleType],
) -> None:
    y = pd.Series([np.nan, 2.0, 3.0, np.nan, 5.0, np.nan])
    filled = modules["default_panels"].filled_by_season(y, 2)
    assert [3.0, 2.0, 3.0, 2.0, 5.0, 2.0] == filled.tolist()


def test_scores_agree_with_a_hand_case(modules: dict[str, ModuleType]) -> None:
    default = modules["default"]
    at = default.cut(_panel(modules, _frame({"a": 40}), 1))
    assert [7.0] == at.scales["mae"].tolist()  # |y_t - y_{t-7}| = 7 everywhere
    table = at.asked[["task", "step"]].assign(mean=[4.0, 2.0, 1.0])  # the truth is 3, 2, 1
    for q in modules["default_peers"].QUANTILES:
        table[str(q)] = table["mean"] + (q - 0.5)
    found = default.scores(at, default.tidy(at, table, "ours"))
    assert found["MASE"] == pytest.approx(1 / 3 / 7)
    assert found["sMAPE"] == pytest.approx(200 * (1 / 7) / 3)
    assert found["WAPE"] == pytest.approx(100 / 6)
    assert found["coverage-95"] == pytest.approx(200 / 3)
    assert found["MSIS-95"] == pytest.approx((3 * 0.95 + 40 * 0.525) / 3 / 7)
    # 2 x pinball of the nine deciles q: where the truth is the median, 2 x (q - .5)^2 below it and above
    # it; at the first step every quantile is too high, by 1 + q - .5, and costs 2 x (1 - q) of that.
    q = np.arange(1, 10) / 10
    centred = 2 * np.where(q < 0.5, q, 1 - q) * np.abs(q - 0.5)
    high = 2 * (1 - q) * (q + 0.5)
    assert found["SQL"] == pytest.approx((2 * centred.mean() + high.mean()) / 3 / 7)


def test_ours_by_backtest_is_ours_alone_and_a_peer_on_a_sample_meets_it_there(
    modules: dict[str, ModuleType],
) -> None:
    default = modules["default"]
    rng = np.random.default_rng(3)
    frame = _frame({"a": 60, "b": 50})
    frame["y"] = rng.normal(100, 10, len(frame))
    at = default.cut(_panel(modules, frame, 2))
    ours = default.our_forecasts(at, fc.SeasonalNaive(7))
    last = at.seen[at.seen["task"] == "b@0"]["y"].to_numpy()[-7:-4]
    assert last.tolist() == ours[0].loc[ours[0]["task"] == "b@0", "mean"].tolist()
    some = at.asked.loc[at.asked["task"] == "b@0", ["task", "step"]]
    table = some.assign(mean=100.0, **{str(q): 100.0 for q in modules["default_peers"].QUANTILES})
    theirs = {"flat": (default.tidy(at, table, "flat"), {"cpu": 1.0, "tasks": 1, "failed": 0})}
    result = default.compare(at, ours, theirs)
    y = at.asked.loc[at.asked["task"] == "b@0", "y"].to_numpy()
    expected = 100 * (np.abs(y - last).mean() / np.abs(y - 100).mean() - 1)
    assert result.peers.loc["flat", "MASE %"] == pytest.approx(expected)
    assert result.full.empty


def test_where_ours_makes_no_forecast_the_seasonal_naive_is_counted(
    modules: dict[str, ModuleType],
) -> None:
    class Refuses(fc.SeasonalNaive):
        @property
        def min_observations(self) -> int:
            return 50

    default = modules["default"]
    at = default.cut(_panel(modules, _frame({"a": 60, "b": 20}), 1))
    table, facts = default.our_forecasts(at, Refuses(7))
    assert facts["failed"] == 1
    assert [10.0, 9.0, 8.0] == table.loc[table["task"] == "b@0", "mean"].tolist()


@pytest.mark.parametrize(
    ("peer", "n", "k"), [("FLAIR", 900, 1), ("AutoETS", 900, 1), ("AutoARIMA", 84, 23)]
)
def test_a_slow_peer_runs_on_every_kth_window_at_all_cutoffs(
    modules: dict[str, ModuleType], peer: str, n: int, k: int
) -> None:
    panel = _panel(modules, _frame({"a": 60}), 6)
    assert k == modules["default"].every_kth(peer, panel, n)


def test_forecasts_of_a_peer_are_kept_until_what_it_saw_changes(
    modules: dict[str, ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    default, runs = modules["default"], []

    def run(command: list[str], **_: object) -> None:
        spec = json.loads(Path(command[-1]).read_text())
        seen = pd.read_parquet(spec["seen"])
        runs.append(sorted(seen["task"].unique()))
        for job in spec["jobs"]:
            rows = modules["default_peers"].table_of("a@0", np.array([3.0, 2.0, 1.0]), None)
            rows.to_parquet(job["table"])
            facts = {"cpu": 0.5, "tasks": 1, "failed": 0, "digest": job["digest"]}
            Path(job["facts"]).write_text(json.dumps(facts))

    monkeypatch.setattr(default.subprocess, "run", run)
    at = default.cut(_panel(modules, _frame({"a": 40}), 1))
    for _ in range(2):
        table, facts = default.their_forecasts(at, ["FLAIR"], "python", tmp_path)["FLAIR"]
        assert facts["cpu"] == 0.5
        assert [3.0, 2.0, 1.0] == table["mean"].tolist()
    assert [["a@0"]] == runs
    at.seen.loc[0, "y"] += 1.0
    assert {} == default.their_forecasts(at, ["FLAIR"], None, tmp_path)
    default.their_forecasts(at, ["FLAIR"], "python", tmp_path)
    assert len(runs) == 2


def test_a_goal_is_met_at_its_bound(modules: dict[str, ModuleType]) -> None:
    verdict = modules["default_goals"].verdict
    assert verdict("x", 2.0, 2.0).startswith("met")
    assert verdict("x", 2.1, 2.0).startswith("MISSED")
    assert verdict("x", 0.9, 2.0, 1.0).startswith("MISSED")
