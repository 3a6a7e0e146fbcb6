"""Forecasts of the peers for one panel; runs in their environment, which lacks the package itself.

``python benchmarks/default_peers.py SPEC.json``: the file names the table of what is seen (``task,
unique_id, cutoff, ds, y``), what is asked for, and for each peer a sample of the tasks and the files to
write: a forecast table (``task, step, mean`` and a column for each quantile) and its facts (CPU seconds,
tasks, fits that failed, for which the seasonal naive stood in).
"""

from __future__ import annotations

import json
import logging
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

QUANTILES = (0.025, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.975)
LEVELS = {95: (0.025, 0.975), 80: (0.1, 0.9), 60: (0.2, 0.8), 40: (0.3, 0.7), 20: (0.4, 0.6)}
FLAIR_SAMPLES = 200
PROPHET_SAMPLES = 1000
LGBM = {
    "objective": "l1",
    "n_estimators": 300,
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_child_samples": 20,
    "subsample": 0.8,
    "subsample_freq": 1,
    "colsample_bytree": 0.8,
    "random_state": 0,
    "n_jobs": 1,
    "verbosity": -1,
}
#: Season length -> lags and features of the date.
LGBM_FEATURES: dict[int, tuple[list[int], list[str]]] = {
    1: ([1, 2, 3], []),
    4: ([1, 2, 3, 4, 5, 8], []),
    12: ([*range(1, 14), 24], []),
    52: ([1, 2, 3, 4, 8, 13, 52, 53], ["week"]),
    7: ([*range(1, 9), 14, 21, 28, 364], ["dayofweek", "day", "dayofyear", "month"]),
    24: ([1, 2, 3, 23, 24, 25, 48, 168], ["hour", "dayofweek"]),
}

Found = tuple[np.ndarray, np.ndarray | None]  # mean (h,), quantiles (h, q)


def of_levels(answer: Any, prefix: str, h: int) -> Found:
    """Return mean and quantiles of an answer in levels; the mean stands for the median."""
    mean = np.asarray(answer[prefix or "mean"], dtype=float)
    mark = f"{prefix}-" if prefix else ""
    if f"{mark}lo-95" not in answer:
        return mean, None
    table = np.empty((h, len(QUANTILES)))
    table[:, QUANTILES.index(0.5)] = mean
    for level, bounds in LEVELS.items():
        for side, bound in zip(("lo", "hi"), bounds, strict=True):
            table[:, QUANTILES.index(bound)] = np.asarray(answer[f"{mark}{side}-{level}"])
    return mean, table


def statsforecast(name: str, spec: dict[str, Any]) -> Any:
    """Return a function from values to a forecast, by one of statsforecast's models."""
    from statsforecast import models

    m, h = spec["m"], spec["h"]
    if name == "MSTL":
        model = models.MSTL(season_length=list(spec["seasons"]))
    elif name == "AutoETS":
        model = models.AutoETS(season_length=m if m <= 24 else 1)  # its own limit
    else:
        model = getattr(models, name)(season_length=m)

    def forecast(y: np.ndarray, ds: pd.Series) -> Found:
        return of_levels(model.forecast(y=y, h=h, level=sorted(LEVELS)), "", h)

    return forecast


def flair(spec: dict[str, Any]) -> Any:
    """Return a function from values to a forecast, by FLAIR: the median of samples is the point."""
    import flaircast

    def forecast(y: np.ndarray, ds: pd.Series) -> Found:
        paths = flaircast.forecast(y, spec["h"], spec["letter"], n_samples=FLAIR_SAMPLES, seed=0)
        return np.median(paths, axis=0), np.quantile(paths, QUANTILES, axis=0).T

    return forecast


def prophet(spec: dict[str, Any]) -> Any:
    """Return a function from values to a forecast, by Prophet as it comes: the median of samples."""
    import prophet as package

    for name in ("cmdstanpy", "prophet"):
        logging.getLogger(name).disabled = True

    def forecast(y: np.ndarray, ds: pd.Series) -> Found:
        np.random.seed(0)  # noqa: NPY002 - it knows no other
        model = package.Prophet(uncertainty_samples=PROPHET_SAMPLES)
        model.fit(pd.DataFrame({"ds": ds.to_numpy(), "y": y}))
        future = model.make_future_dataframe(spec["h"], freq=spec["freq"], include_history=False)
        paths = model.predictive_samples(future)["yhat"]  # (h, samples)
        return np.median(paths, axis=1), np.quantile(paths, QUANTILES, axis=1).T

    return forecast


def seasonal_naive(y: np.ndarray, m: int, h: int) -> Found:
    """Return the last season again and again (the last value, where there is none): the stand-in."""
    season = y[-m:] if len(y) >= m else y[-1:]
    return np.resize(season, h), None


def each(seen: pd.DataFrame, forecast: Any, spec: dict[str, Any]) -> tuple[pd.DataFrame, int]:
    """Forecast task by task; return the table and how many fits failed."""
    rows, failed = [], 0
    for task, part in seen.groupby("task", sort=True):
        y = part["y"].to_numpy(dtype=float)
        try:
            found = forecast(y, part["ds"])
            if not np.isfinite(found[0]).all():
                raise ValueError("the forecast is not finite")
        except Exception as error:  # whatever theirs raises
            failed += 1
            print(f"  {task}: {error!r:.100}", file=sys.stderr)
            found = seasonal_naive(y, spec["m"], spec["h"])
        rows.append(table_of(task, *found))
    return pd.concat(rows, ignore_index=True), failed


def table_of(task: Any, mean: np.ndarray, quantiles: np.ndarray | None) -> pd.DataFrame:
    """Return the rows of one task."""
    frame = pd.DataFrame({"task": task, "step": np.arange(1, len(mean) + 1), "mean": mean})
    for j, q in enumerate(QUANTILES):
        frame[str(q)] = np.nan if quantiles is None else quantiles[:, j]
    return frame


def lightgbm(seen: pd.DataFrame, spec: dict[str, Any]) -> tuple[pd.DataFrame, int]:
    """Train one model for each cutoff on all series; conformal intervals where series are long enough.

    Low frequencies are learnt as seasonal differences. That was chosen on the test windows, in its favour:
    first differences are 9 to 19 % worse in MASE on M3 and Tourism, monthly and quarterly.
    """
    from lightgbm import LGBMRegressor
    from mlforecast import MLForecast
    from mlforecast.target_transforms import Differences, LocalStandardScaler
    from mlforecast.utils import PredictionIntervals

    m, h = spec["m"], spec["h"]
    lags, features = LGBM_FEATURES[m]
    trend = [Differences([m])] if m in (1, 4, 12) else []
    tables = []
    for _, part in seen.groupby("cutoff", sort=True):
        shortest = int(part.groupby("task").size().min())
        model = MLForecast(
            {"LightGBM": LGBMRegressor(**LGBM)},
            freq=spec["freq"],
            lags=lags,
            date_features=features if spec["freq"] != 1 else [],
            target_transforms=[*trend, LocalStandardScaler()],
        )
        n = min(4, shortest // (2 * h))
        model.fit(
            part[["task", "ds", "y"]],
            id_col="task",
            static_features=[],
            dropna=False,
            prediction_intervals=PredictionIntervals(n_windows=n, h=h) if n >= 2 else None,
        )
        answer = model.predict(h, level=sorted(LEVELS) if n >= 2 else None)
        for task, rows in answer.groupby("task", sort=True):
            tables.append(table_of(task, *of_levels(rows, "LightGBM", h)))
    return pd.concat(tables, ignore_index=True), 0


def cpu() -> float:
    """Return CPU seconds of this process and of children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def run(seen: pd.DataFrame, job: dict[str, Any], spec: dict[str, Any]) -> None:
    """Warm up on one task, forecast the sample of a peer, write table and facts."""
    name = job["peer"]
    tasks = sorted(seen["task"].unique())
    part = seen[seen["task"].isin(tasks[:: job["every"]])]
    if name == "LightGBM":
        start = cpu()
        table, failed = lightgbm(part, spec)
    else:
        forecast = {"FLAIR": flair, "Prophet": prophet}.get(
            name, lambda spec: statsforecast(name, spec)
        )(spec)
        if name != "AutoARIMA":  # compiled long ago, and one fit may take half a minute
            each(part[part["task"] == part["task"].iloc[0]], forecast, spec)
        start = cpu()
        table, failed = each(part, forecast, spec)
    facts = {"cpu": cpu() - start, "tasks": part["task"].nunique(), "failed": failed}
    table.to_parquet(job["table"])
    Path(job["facts"]).write_text(json.dumps(facts | {"digest": job["digest"]}), encoding="utf-8")
    print(f"  {spec['name']} {name}: {facts}", file=sys.stderr, flush=True)


def main(path: str) -> None:
    """Run all jobs of a file; one that fails as a whole costs its own table only."""
    warnings.simplefilter("ignore")
    spec = json.loads(Path(path).read_text(encoding="utf-8"))
    seen = pd.read_parquet(spec["seen"])
    for job in spec["jobs"]:
        try:
            run(seen, job, spec)
        except Exception as error:  # whatever theirs raises
            print(f"  {spec['name']} {job['peer']} failed: {error!r:.300}", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1])
