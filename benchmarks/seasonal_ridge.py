"""SeasonalRidge on daily, weekly and hourly data: errors, and milliseconds a series for nine windows.

``FORECASTING_DATA=folder python -m benchmarks seasonal_ridge``. The folder holds ``nn5_daily``,
``swiss_cards_category_channel``, ``walmart_weekly`` and ``vic_elec`` as long parquet files; what is not there
is left out. Fifteen seconds.
"""

from __future__ import annotations

import os
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import forecasting as fc
from forecasting.features.days import universal_days
from forecasting.kernels import seasonal_ridge as kernel

DAILY, WEEKLY, HOURLY = (7, 365.25), 365.25 / 7, (24, 168)


def read(folder: Path, name: str) -> pd.DataFrame | None:
    """Return ``unique_id, ds, y``, or None where the file is absent."""
    path = folder / f"{name}.parquet"
    if not path.exists():
        print(f"skipped: {name}, no such file in FORECASTING_DATA")
        return None
    frame = pd.read_parquet(path)
    if name == "vic_elec":
        frame = frame.set_index("ds")["y"].resample("h").sum().rename_axis("ds").reset_index()
        return frame.assign(unique_id="demand")
    frame = frame[["unique_id", "ds", "y"]].sort_values(["unique_id", "ds"])
    length = frame.groupby("unique_id")["ds"].transform("size")
    frame = frame[length == length.max()]
    if name == "walmart_weekly":
        frame = frame[frame["unique_id"].isin(frame["unique_id"].unique()[::24])]
    return frame


def errors(name: str, frame: pd.DataFrame, season: object, m: int, **schedule: object) -> None:
    """Print errors with and without logarithms and the calendar."""
    daily = m == 7
    models: dict[str, fc.Forecaster] = {
        "log=None": fc.SeasonalRidge(season),
        "log=False": fc.SeasonalRidge(season, log=False),
    }
    if daily:
        models["calendar=False"] = fc.SeasonalRidge(season, calendar=False)
    began = time.perf_counter()
    bt = fc.backtest(frame, models, season_length=m, progress=False, **schedule)
    seconds = time.perf_counter() - began
    table = bt.summary(metrics=["MASE", "sMAPE", "WAPE"])
    print(f"{name}: {frame['unique_id'].nunique()} series, {schedule}, {seconds:.1f} s")
    print(table.to_string(), "\n")


def milliseconds(n: int, season: tuple[float, ...], h: int, n_series: int, daily: bool) -> float:
    """Return the best of nine times that a series of n rows takes, nine windows each."""
    rng = np.random.default_rng(0)
    y = np.exp(5 + 0.1 * rng.standard_normal((n_series, n)))
    begin = n * np.arange(n_series)
    stops = begin[:, None] + n - h * np.arange(8, -1, -1)
    days = universal_days(np.arange(10_000, 10_000 + n).astype("M8[D]")) if daily else None
    seasons = kernel.seasons_of(season)
    design = kernel.Design(seasons) if days is None else kernel.Design(seasons, days, 10_000)
    times = []
    for _ in range(9):
        began = time.perf_counter()
        kernel.fit(
            y.ravel(),
            begin,
            stops,
            design,
            first=np.full(n_series, 10_000),
            X=np.empty((y.size, 0)),
            logs="positive",
            horizon=h,
            origins=8,
            least=3,
        )
        times.append(time.perf_counter() - began)
    return 1000 * min(times) / n_series


def main() -> int:
    """Print the tables."""
    warnings.simplefilter("ignore")
    folder = Path(os.environ.get("FORECASTING_DATA", "."))
    tasks = {
        "nn5_daily": (DAILY, 7, {"h": 56, "n_windows": 1}),
        "swiss_cards_category_channel": (DAILY, 7, {"h": 28, "n_windows": 6, "step_size": 28}),
        "walmart_weekly": (WEEKLY, 52, {"h": 13, "n_windows": 3, "step_size": 13}),
        "vic_elec": (HOURLY, 24, {"h": 48, "n_windows": 40, "step_size": 600, "window": 960}),
    }
    for name, (season, m, schedule) in tasks.items():
        frame = read(folder, name)
        if frame is not None:
            errors(name, frame, season, m, **schedule)
    print("nine windows, ms a series    alone    16 that share their days")
    for n, season, h, daily in (
        (735, DAILY, 28, True),
        (1700, DAILY, 28, True),
        (960, HOURLY, 48, False),
        (143, (WEEKLY,), 13, False),
    ):
        alone, shared = (milliseconds(n, season, h, count, daily) for count in (1, 16))
        print(f"n = {n:4d}, {season!s:20s} {alone:8.2f} {shared:8.2f}")
    return 0


if __name__ == "__main__":
    main()
