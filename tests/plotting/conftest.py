"""A backtest that never ran: made-up tables with the columns, gaps and troubles of a real one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

MODELS = ("snaive", "ets", "theta", "prophet", "lag_gbm", "drift")
M = 12
Z = {80.0: 1.2816, 95.0: 1.96}


@dataclass(frozen=True)
class Run:
    """The tables of a backtest, as plain frames."""

    forecasts: pd.DataFrame
    history: pd.DataFrame

    def summary(self, by: Sequence[str]) -> pd.DataFrame:
        """Mean absolute error, mean error and coverage, by anything."""
        f = self.forecasts
        error = f["y"] - f["mean"]
        losses = f.assign(MAE=error.abs(), ME=error)
        if "lo-80" in f:
            there = f["y"].notna() & f["lo-80"].notna()
            inside = ((f["lo-80"] <= f["y"]) & (f["y"] <= f["hi-80"])).where(there)
            losses["coverage-80"] = 100.0 * inside.astype("float64")
        columns = [c for c in ("MAE", "ME", "coverage-80") if c in losses]
        return losses.groupby(list(by), sort=False, observed=True)[columns].mean()


def times(n: int, kind: str) -> pd.Index:
    """Return ``n`` times: months, days, berlin (hours across a clock change) or integers."""
    if kind == "integers":
        return pd.RangeIndex(1, n + 1)
    if kind == "months":
        return pd.date_range("2012-01-01", periods=n, freq="MS")
    if kind == "days":
        return pd.date_range("2021-01-01", periods=n, freq="D")
    return pd.date_range("2024-03-20", periods=n, freq="h", tz="Europe/Berlin")


def make(
    *,
    ids: Sequence[object] = tuple(f"store_{i}" for i in range(6)),
    models: Sequence[str] = MODELS,
    n: int = 120,
    h: int = 12,
    n_windows: int = 4,
    step_size: int | None = None,
    kind: str = "months",
    levels: Sequence[float] = (80.0, 95.0),
    seed: int = 7,
) -> Run:
    """Make series with level, trend and season, and forecasts whose errors grow with the step."""
    rng = np.random.default_rng(seed)
    index = times(n, kind)
    starts = n - h - np.arange(n_windows)[::-1] * (step_size or h)
    steps = np.arange(1, h + 1)
    parts, past = [], []
    for unique_id in ids:
        size = float(rng.lognormal(4, 0.8))
        truth = size * (
            1
            + 0.004 * np.arange(n)
            + 0.25 * np.sin(2 * np.pi * np.arange(n) / M)
            + 0.05 * rng.normal(size=n).cumsum() / 3
        )
        y = truth + 0.06 * size * rng.normal(size=n)
        past.append(pd.DataFrame({"unique_id": unique_id, "ds": index, "y": y}))
        for j, model in enumerate(models):
            noise = 0.05 * (1 + 0.25 * j)
            for start in starts:
                spread = size * noise * np.sqrt(1 + 0.25 * steps)
                mean = truth[start : start + h] + 0.7 * spread * rng.normal(size=h)
                own = {"model": model, "unique_id": unique_id, "cutoff": index[start - 1]}
                own |= {"ds": index[start : start + h], "step": steps, "y": y[start : start + h]}
                own |= {"mean": mean}
                for level in levels:
                    half = Z.get(level, 0.03 * level) * spread * 1.15
                    own |= {f"lo-{level:g}": mean - half, f"hi-{level:g}": mean + half}
                parts.append(pd.DataFrame(own))
    return Run(pd.concat(parts, ignore_index=True), pd.concat(past, ignore_index=True))


@pytest.fixture
def make_run() -> object:
    """Return the maker of made-up backtests."""
    return make


@pytest.fixture(autouse=True)
def _closed_figures() -> Iterator[None]:
    """Draw without a screen, and leave no figure and no setting behind."""
    plt.switch_backend("Agg")
    before = dict(mpl.rcParams)
    yield
    plt.close("all")
    assert dict(mpl.rcParams) == before
