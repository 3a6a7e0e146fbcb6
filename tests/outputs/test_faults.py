"""Every write, sync and rename fails in turn: what is published is the old output or the new one, whole."""

from __future__ import annotations

import errno
import functools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import forecasting as fc
from forecasting.backtesting import Backtest
from forecasting.cli import exits, main, pictures, replay
from forecasting.files import DiskWriteError

SHORT = "short write"
FAILURES = [errno.ENOSPC, errno.EIO, SHORT]


@pytest.fixture(scope="module")
def runs() -> tuple[Backtest, Backtest]:
    days = pd.date_range("2024-01-01", periods=40)
    y = np.arange(40.0) % 7
    frame = pd.concat([pd.DataFrame({"unique_id": i, "ds": days, "y": y + 1}) for i in "ab"])
    models = {"naive": fc.Naive(), "snaive": fc.SeasonalNaive(7)}
    return fc.backtest(frame, models, h=3), fc.backtest(frame, models, h=5, level=80)


@pytest.mark.parametrize(
    "how", [errno.EIO, *(pytest.param(h, marks=pytest.mark.nightly) for h in (errno.ENOSPC, SHORT))]
)
def test_a_saved_backtest_is_the_old_or_the_new_one(nth_fault, runs, how) -> None:
    calls = nth_fault(runs[0].save, runs[1].save, how)
    assert {"open", "write", "fsync", "exchange", "mkdir", "chmod", "unlink", "rmdir"} <= set(calls)


@pytest.mark.nightly
def test_a_disk_that_cannot_exchange_names_has_the_old_or_the_new_one_as_well(
    nth_fault, disk, runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "exchanges", False)
    calls = nth_fault(runs[0].save, runs[1].save, errno.EIO)
    assert calls.count("rename") == 2


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Two series of six weeks, as a file."""
    days = pd.date_range("2024-01-01", periods=42)
    y = np.arange(42.0) % 7
    frame = pd.concat([pd.DataFrame({"unique_id": i, "ds": days, "y": y + 1}) for i in "ab"])
    frame.to_csv(tmp_path / "table.csv", index=False)
    return tmp_path / "table.csv"


@pytest.fixture
def ends_with(monkeypatch: pytest.MonkeyPatch):
    """Run the command line; an end with the code of a write that failed raises as the writer does."""

    def run(*words: object) -> None:
        code = main([str(w) for w in words])
        if code in (exits.CANNOT_WRITE, exits.CANNOT_CREATE):
            raise DiskWriteError(f"ended with {code}")
        assert code == 0

    return run


@pytest.mark.parametrize(
    "how", [errno.ENOSPC, *(pytest.param(h, marks=pytest.mark.nightly) for h in FAILURES[1:])]
)
def test_forecast_of_the_command_line_writes_all_or_nothing(
    nth_fault, ends_with, table: Path, how: int | str
) -> None:
    def forecast(h: int):
        words = ("forecast", table, "--h", h, "--model", "naive", "--output")
        return lambda target: ends_with(*words, target)

    calls = nth_fault(forecast(3), forecast(4), how)
    published = calls.index("exchange")
    assert 6 == calls[:published].count("fsync")  # five files and their folder, before it is shown
    assert 1 == calls[published:].count("fsync")  # the folder that it lies in


@pytest.mark.parametrize(
    ("how", "stride"),
    [
        (errno.ENOSPC, 40),
        pytest.param(errno.ENOSPC, 1, marks=pytest.mark.nightly),
        pytest.param(errno.EIO, 3, marks=pytest.mark.nightly),
        pytest.param(SHORT, 3, marks=pytest.mark.nightly),
    ],
)
def test_backtest_of_the_command_line_writes_all_or_nothing(
    nth_fault, ends_with, runs, table: Path, how, stride: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Computed and drawn once, because seconds differ between runs; written anew for each failure."""
    by_h = {bt.facts.h: bt for bt in runs}
    monkeypatch.setattr(replay, "error_tables", functools.cache(replay.error_tables))
    axes = Figure(figsize=(1, 1)).subplots()
    monkeypatch.setattr(replay, "backtest", lambda *_, h, **__: by_h[h])
    monkeypatch.setattr(replay, "backtest_page", lambda *_, **__: "<html></html>")
    monkeypatch.setattr(pictures, "_pictures", lambda bt: {"errors": lambda: axes})

    def backtest(h: int):
        words = ("backtest", table, "--h", h, "--quiet", "--models", "naive", "--output")
        return lambda target: ends_with(*words, target)

    calls = nth_fault(backtest(3), backtest(5), how, stride)
    assert calls.count("fsync") > 25
