"""The tables of a backtest, made of answers; the truth is joined here, after every model has answered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from forecasting._typing import IntArray
from forecasting.answer import Answer
from forecasting.backtesting.tasks import Notes
from forecasting.distribution import Asked
from forecasting.errors import ModelContractError
from forecasting.metrics.scales import seasonal_naive_scale
from forecasting.panel import Panel
from forecasting.presenting import failures_frame
from forecasting.schedule import Schedule
from forecasting.windows import Windows


def forecasts_frame(
    panel: Panel,
    windows: Windows,
    cutoffs: IntArray,
    schedule: Schedule,
    answers: dict[str, Answer],
    asked: Asked,
) -> pd.DataFrame:
    """Return the tidy table; the truth is joined here, after every model has answered."""
    series, window = np.nonzero(windows.active)
    steps = np.arange(schedule.gap + 1, schedule.gap + schedule.h + 1)
    target = (cutoffs[window] - panel.start[series])[
        :, None
    ] + steps  # (cells, h), row of the series
    known = target < panel.lengths[series, None]
    rows = panel.offsets[series, None] + np.where(known, target, 0)
    truth = np.where(known, panel.values[rows], np.nan)
    distinct, at = np.unique(cutoffs[:, None] + steps, return_inverse=True)
    when = panel.calendar.times(distinct)
    n_models, h = len(answers), schedule.h
    columns: dict[str, Any] = {
        "model": pd.Categorical.from_codes(
            np.repeat(np.arange(n_models), truth.size), categories=pd.Index(list(answers))
        ),
        "unique_id": panel.ids.take(np.tile(series.repeat(h), n_models)),
        "cutoff": panel.calendar.times(cutoffs).take(np.tile(window.repeat(h), n_models)),
        "ds": when.take(np.tile(at.reshape(-1, h)[window].ravel(), n_models)),
        "step": np.tile(steps, len(series) * n_models),
        "y": np.tile(truth.ravel(), n_models),
        "mean": np.concatenate(
            [a.mean[series, window, schedule.gap :].ravel() for a in answers.values()]
        ),
    }
    for j, name in enumerate(asked.columns):
        columns[name] = np.concatenate(
            [a.quantiles[series, window, schedule.gap :, j].ravel() for a in answers.values()]
        )
    if any(a.served_by is not None for a in answers.values()):
        columns["served_by"] = np.concatenate(
            [_served(name, a, series, window).repeat(h) for name, a in answers.items()]
        )
    frame = pd.DataFrame(columns, copy=False)
    _check_conservation(frame, answers)
    return frame


def _served(name: str, answer: Answer, series: IntArray, window: IntArray) -> Any:
    if answer.served_by is None:
        return np.full(len(series), name, dtype=object)
    return answer.served_by[series, window]


def _check_conservation(frame: pd.DataFrame, answers: dict[str, Answer]) -> None:
    """Cells expected = finite + NaN, and every NaN cell has exactly one failure of its own."""
    for name, answer in answers.items():
        cells = {(f.series, f.window) for f in answer.failures}
        if len(cells) < len(answer.failures):
            raise ModelContractError(f"{name} has two failures for one series and cutoff")
    missing = np.isnan(frame["mean"].to_numpy())
    expected = sum(int(answer.failed().sum()) for answer in answers.values())
    steps = frame["step"].nunique() or 1
    if int(missing.sum()) != expected * steps:
        raise ModelContractError(
            f"{int(missing.sum())} forecasts are NaN and {expected * steps} have a failure; they must agree"
        )


def scales_frame(panel: Panel, windows: Windows, cutoffs: IntArray, season: int) -> pd.DataFrame:
    """Return ``unique_id, cutoff, mae, mse`` of the seasonal naive on each training part."""
    series, window = np.nonzero(windows.active)
    lo, hi = windows.lo[series, window], windows.hi[series, window]
    mae, mse = seasonal_naive_scale(windows.panel.values, lo, hi, season)
    return pd.DataFrame(
        {
            "unique_id": panel.ids.take(series),
            "cutoff": panel.calendar.times(cutoffs).take(window),
            "mae": mae,
            "mse": mse,
        }
    )


def parameters_frame(
    panel: Panel, windows: Windows, cutoffs: IntArray, answers: dict[str, Answer]
) -> pd.DataFrame:
    """Return ``model, unique_id, cutoff`` and every parameter that some model shows; NaN for the others."""
    cells = {
        name: np.nonzero(windows.active & ~answer.failed())
        for name, answer in answers.items()
        if answer.parameters
    }
    sizes = [len(cells[name][0]) if name in cells else 0 for name in answers]
    none = np.empty(0, dtype=np.int64)
    series = np.concatenate([none, *(at[0] for at in cells.values())])
    window = np.concatenate([none, *(at[1] for at in cells.values())])
    columns: dict[str, Any] = {
        "model": pd.Index(list(answers)).repeat(sizes),
        "unique_id": panel.ids.take(series),
        "cutoff": panel.calendar.times(cutoffs).take(window),
    }
    stops = np.cumsum(sizes)
    for (name, answer), size, stop in zip(answers.items(), sizes, stops, strict=True):
        for parameter, values in answer.parameters.items():
            if parameter not in columns:
                nothing = None if values.dtype == object else np.nan
                columns[parameter] = np.full(len(series), nothing, dtype=values.dtype)
            columns[parameter][stop - size : stop] = values[cells[name]]
    return pd.DataFrame(columns, copy=False)


def all_failures(answers: dict[str, Answer], windows: Windows) -> pd.DataFrame:
    """Return the failures of all models, one row per series, model and cutoff."""
    failing = [name for name, answer in answers.items() if answer.failures] or list(answers)[:1]
    frames = [failures_frame(answers[name], windows, name) for name in failing]
    return pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]


def timings_frame(answers: dict[str, Answer], windows: Windows) -> pd.DataFrame:
    """Return seconds per model: in all, and per forecast of one series at one cutoff."""
    rows = []
    for name, answer in answers.items():
        seconds, n = float(answer.seconds.sum()), int(windows.active.sum())
        rows.append(
            {
                "model": name,
                "n_forecasts": n,
                "seconds": seconds,
                "ms_per_forecast": 1e3 * seconds / n,
            }
        )
    return pd.DataFrame(rows)


def warnings_frame(notes: dict[str, Notes]) -> pd.DataFrame:
    """Return ``model, category, message, n`` of every warning that came up while forecasting."""
    rows = [
        (model, category.__name__, message, n)
        for model, found in notes.items()
        for (category, message), n in found.items()
    ]
    return pd.DataFrame(rows, columns=["model", "category", "message", "n"])
