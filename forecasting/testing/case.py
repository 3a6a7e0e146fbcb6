"""What a check runs on, and how two runs are compared bit by bit."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecasting.backtesting import Backtest, backtest
from forecasting.base import Forecaster

#: Levels of the checks: 80 needs four past errors only, so short panels will do.
LEVELS = (50, 80)
#: Relative difference allowed between the all-windows answer and the loop.
TOLERANCE = 1e-9


class ContractError(AssertionError):
    """A forecaster breaks the contract; the message says which part, and where."""


@dataclass(frozen=True, eq=False)
class Case:
    """What a check runs on: a forecaster, a long frame, a horizon, three cutoffs."""

    forecaster: Forecaster
    data: pd.DataFrame
    h: int
    cutoffs: tuple[Any, ...]
    baseline: Backtest

    def run(self, data: pd.DataFrame | None = None, **changes: Any) -> Backtest:
        """Run the backtest of the case, with something changed."""
        settings: dict[str, Any] = {"h": self.h, "cutoffs": self.cutoffs, **SETTINGS, **changes}
        bt: Backtest = quietly(
            backtest, self.data if data is None else data, {"it": self.forecaster}, **settings
        )
        return bt

    def after(self, cutoff: Any) -> pd.Series:
        """Return which rows lie after a cutoff."""
        later: pd.Series = self.data["ds"] > cutoff
        return later


SETTINGS: dict[str, Any] = {
    "level": LEVELS,
    "partial": "keep",
    "progress": False,
    "season_length": 1,
}


def contract_panel(n: int = 72, n_series: int = 3, freq: str = "MS") -> pd.DataFrame:
    """Return a small panel of positive, seasonal, trending series of different lengths."""
    frames = []
    for i in range(n_series):
        rng = np.random.default_rng([i, n])
        t = np.arange(n - 5 * i)
        season = 1 + 0.2 * np.sin(2 * np.pi * (t + i) / 12)
        y = 100 * (i + 1) * season * (1 + 0.004 * t) + 5 * rng.standard_normal(len(t))
        ds = pd.date_range("2018-01-01", periods=n, freq=freq)[-len(t) :]
        frames.append(pd.DataFrame({"unique_id": f"s{i}", "ds": ds, "y": y}))
    return pd.concat(frames, ignore_index=True)


def make_case(forecaster: Forecaster, data: pd.DataFrame | None = None, h: int = 4) -> Case:
    """Return a case with its undisturbed run."""
    frame = contract_panel() if data is None else data.reset_index(drop=True)
    times = np.sort(frame["ds"].unique())
    cutoffs = tuple(pd.Index(times[[-2 * h - 2, -h - 2, -h - 1]]))
    case = Case(forecaster, frame, h, cutoffs, None)  # type: ignore[arg-type]
    first = case.run()
    if first.forecasts["mean"].isna().all():
        why = first.failures["message"].iloc[0]
        raise ContractError(
            f"{forecaster!r} cannot forecast the contract's panel at all: {why}; pass data="
        )
    return Case(forecaster, frame, h, cutoffs, first)


def quietly(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*args, **kwargs)


def numbers(bt: Backtest, cutoff: Any = None, ids: Iterable[Any] | None = None) -> pd.DataFrame:
    frame = bt.forecasts.drop(columns=["y", "model"])
    if cutoff is not None:
        frame = frame[frame["cutoff"] == cutoff]
    if ids is not None:
        frame = frame[frame["unique_id"].isin(list(ids))]
    return frame.reset_index(drop=True)


def same_bits(expected: pd.DataFrame, got: pd.DataFrame, what: str) -> None:
    """Raise unless every forecast and interval has the same bits."""
    if len(expected) != len(got):
        raise ContractError(f"{what}: {len(expected)} forecasts became {len(got)}")
    for column in expected.columns:
        if column in ("unique_id", "cutoff", "ds", "step", "served_by"):
            continue
        a, b = expected[column].to_numpy(float), got[column].to_numpy(float)
        different = np.flatnonzero(a.view(np.int64) != b.view(np.int64))
        different = different[~(np.isnan(a[different]) & np.isnan(b[different]))]
        if len(different):
            row, (was, now) = expected.iloc[different[0]], (float(x[different[0]]) for x in (a, b))
            raise ContractError(
                f"{what}: {len(different)} of {len(a)} values of {column} changed, first {row['unique_id']} at "
                f"cutoff {row['cutoff']} step {row['step']}: {was!r} became {now!r}"
            )


def same_failures(expected: Backtest, got: Backtest, what: str, cutoff: Any) -> None:
    columns = ["unique_id", "cutoff", "stage", "code", "message", "n_obs"]
    a = expected.failures[expected.failures["cutoff"] == cutoff][columns]
    b = got.failures[got.failures["cutoff"] == cutoff][columns]
    if a.astype(str).to_numpy().tolist() != b.astype(str).to_numpy().tolist():
        raise ContractError(f"{what}: the failures at cutoff {cutoff} changed")
