"""The published errors of the M3 competition, recomputed with our metrics from its forecasts.

Run: ``python -m benchmarks.m3_published [FOLDER]``, or name the folder in
``FORECASTING_BENCH_DATA``. It holds ``m3.parquet`` (unique_id, ds, y, split, m) and
``m3_forecasts.parquet`` (method, unique_id, step, yhat). The published forecasts have no licence to
be copied into this project, so without the folder there is nothing to run, and the script says so.

The convention that gives the published numbers (sMAPE as in Makridakis & Hibon 2000):

- sMAPE from 0 to 200, MAPE in percent, averaged inside each series, then over the 3003 series
  (pooling all 37,014 forecasts instead gives 13.051 / 18.098 for Theta, not 12.762 / 17.416);
- MASE scaled by the in-sample *seasonal* naive MAE, m = 1 yearly, 4 quarterly, 12 monthly, and 1
  for 'Other' (the lag-1 naive MAE for all gives 2.212 for Theta, not 1.395).

The methods AAM1 and AAM2 forecast 2184 of the series: ``n_forecasts`` says so, their row is not one
to hold against the others.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.metrics import seasonal_naive_scale, summarise

FOLDER_VARIABLE = "FORECASTING_BENCH_DATA"
FILES = ("m3.parquet", "m3_forecasts.parquet")
METRICS = ("sMAPE", "MAPE", "MASE")
PUBLISHED = {"THETA": (12.762, 17.416, 1.395), "ForecastPro": (13.056, 17.998, 1.467)}


def folder(argument: str | None = None) -> Path | str:
    """Return the folder with the data, or a sentence that says why there is none."""
    name = argument or os.environ.get(FOLDER_VARIABLE)
    if not name:
        return f"{FOLDER_VARIABLE} is not set: no folder with {' and '.join(FILES)}"
    missing = [file for file in FILES if not (Path(name) / file).is_file()]
    return f"{name} holds no {' and no '.join(missing)}" if missing else Path(name)


def scales_of(train: pd.DataFrame) -> pd.DataFrame:
    """Return the scales table of the training parts, each with the season length of its series."""
    train = train.sort_values(["unique_id", "ds"], kind="stable")
    values = train["y"].to_numpy(dtype=np.float64)
    ids, starts = np.unique(
        train["unique_id"].to_numpy(dtype=object).astype(str), return_index=True
    )
    ends = np.append(starts[1:], len(train))
    season = train["m"].to_numpy()[starts]
    mae, mse = np.full(len(ids), np.nan), np.full(len(ids), np.nan)
    for m in np.unique(season):
        some = season == m
        mae[some], mse[some] = seasonal_naive_scale(values, starts[some], ends[some], int(m))
    return pd.DataFrame({"unique_id": ids, "cutoff": 0, "mae": mae, "mse": mse})


def errors(data: Path) -> pd.DataFrame:
    """Return sMAPE, MAPE and MASE of every method, mean over series."""
    m3, published = (pd.read_parquet(data / file) for file in FILES)
    test = m3[m3["split"] == "test"].sort_values(["unique_id", "ds"], kind="stable")
    test = test.assign(step=test.groupby("unique_id").cumcount() + 1)
    table = published.rename(columns={"method": "model", "yhat": "mean"}).merge(
        test[["unique_id", "step", "y"]],
        on=["unique_id", "step"],
        how="left",
        validate="many_to_one",
    )
    table["cutoff"] = 0  # one origin: the end of each training part
    return summarise(table, scales_of(m3[m3["split"] == "train"]), metrics=METRICS)


def main(arguments: list[str]) -> int:
    """Print the table, and whether the two published rows come out to the third decimal."""
    data = folder(arguments[0] if arguments else None)
    if isinstance(data, str):
        print(f"skipped: {data}")
        return 0
    table = errors(data)
    print(table.sort_values("MASE").round(3).to_string())
    wrong = 0
    for method, expected in PUBLISHED.items():
        row = table.index.get_loc(method)
        got = tuple(float(table[name].to_numpy()[row]) for name in METRICS)
        same = all(f"{a:.3f}" == f"{b:.3f}" for a, b in zip(got, expected, strict=True))
        wrong += not same
        print(f"{method}: published {expected}, here {tuple(round(v, 3) for v in got)}", end="")
        print(": the same" if same else ": DIFFERENT")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
