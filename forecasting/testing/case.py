"""What a check runs on, and how two runs are compared bit by bit."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecasting.auditing import Settings, Trial, make_trial, new_process
from forecasting.auditing.trial import Elsewhere, quietly
from forecasting.backtesting import Backtest, backtest
from forecasting.base import Forecaster
from forecasting.reading import as_panel

#: Levels of the checks: 80 needs four past errors only, so short panels will do.
LEVELS = (50, 80)
#: Relative difference allowed between the all-windows answer and the loop.
TOLERANCE = 1e-9


class ContractError(AssertionError):
    """A forecaster breaks the contract; the message says which part, and where."""


@dataclass(frozen=True, eq=False)
class Case:
    """What a check runs on: a forecaster, a long frame, a horizon, cutoffs, a trial for the oracles."""

    forecaster: Forecaster
    data: pd.DataFrame
    h: int
    cutoffs: tuple[Any, ...]
    baseline: Backtest
    trial: Trial

    def run(self, **changes: Any) -> Backtest:
        """Run the backtest of the case, with something changed."""
        return _run(self.forecaster, self.data, self.h, self.cutoffs, **changes)


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
    first = _run(forecaster, frame, h, cutoffs)
    if first.forecasts["mean"].isna().all():
        why = first.failures["message"].iloc[0]
        raise ContractError(
            f"{forecaster!r} cannot forecast the contract's panel at all: {why}; pass data="
        )
    return Case(forecaster, frame, h, cutoffs, first, _trial(forecaster, frame, h, cutoffs[:2]))


def _run(
    forecaster: Forecaster, data: pd.DataFrame, h: int, cutoffs: Sequence[Any], **changes: Any
) -> Backtest:
    settings: dict[str, Any] = {"h": h, "cutoffs": cutoffs, **SETTINGS, **changes}
    bt: Backtest = quietly(backtest, data, {"it": forecaster}, **settings)
    return bt


def _trial(forecaster: Forecaster, data: pd.DataFrame, h: int, cutoffs: Sequence[Any]) -> Trial:
    """Return a trial that compares two cutoffs, and changes what lies after the second."""
    panel = quietly(as_panel, data)
    compared = np.array([panel.calendar.at(c) for c in cutoffs], dtype=np.int64)
    replay = functools.partial(backtest, **SETTINGS)
    settings = Settings(h, level=LEVELS)
    return make_trial(
        "it", forecaster, panel, compared, replay, settings, in_another_process, compared[1:]
    )


def in_another_process(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function in a process that all checks share; it ends by itself when nothing is asked."""
    return _other_process()(function, *args)


@functools.cache
def _other_process() -> Elsewhere:
    return contextlib.ExitStack().enter_context(new_process(idle=10.0))


def numbers(bt: Backtest) -> pd.DataFrame:
    """Return what a backtest forecast, without the truth."""
    return bt.forecasts.drop(columns=["y", "model"]).reset_index(drop=True)


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
