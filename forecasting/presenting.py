"""The door out: answers as frames of the kind that came in, and failures as tables and warnings."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

from forecasting.answer import Answer, Failure
from forecasting.distribution import Asked
from forecasting.errors import (
    CalibrationWarning,
    DataWarning,
    FailureWarning,
    plural,
    show_id,
    show_ids,
)
from forecasting.panel import Panel, Shape
from forecasting.windows import Windows

FAILURE_COLUMNS = ("unique_id", "model", "cutoff", "stage", "code", "message", "n_obs")


def present(panel: Panel, answer: Answer, asked: Asked, h: int) -> Any:
    """Return one forecast per series as a frame of the kind the panel came from."""
    steps = panel.end[:, None] + np.arange(1, h + 1)
    table: dict[str, Any] = {
        panel.shape.id_col: panel.ids.repeat(h),
        panel.shape.time_col: panel.calendar.times(steps.ravel()),
        "mean": answer.mean[:, 0].ravel(),
    }
    for j, column in enumerate(asked.columns):
        table[column] = answer.quantiles[:, 0, :, j].ravel()
    if answer.served_by is not None:
        table["served_by"] = np.repeat(answer.served_by[:, 0], h)
    _warn_of_zero_width(panel, answer, asked)
    frame = _shaped(pd.DataFrame(table), panel.shape, asked)
    if isinstance(frame, (pd.DataFrame, pd.Series)) and answer.failures:
        frame.attrs["failures"] = [_facts(f, panel) for f in answer.failures]
    return frame


def _shaped(table: pd.DataFrame, shape: Shape, asked: Asked) -> Any:
    id_col, time_col = shape.id_col, shape.time_col
    if shape.kind == "series":
        one = table.drop(columns=id_col).set_index(time_col)
        one.index.name = None
        return _backend(one["mean"].rename(None) if one.shape[1] == 1 else one, shape)
    if shape.kind == "wide":
        wide = table.pivot(index=time_col, columns=id_col)
        wide.index.name, wide.columns.names = None, [None] * wide.columns.nlevels
        return wide["mean"] if set(table) == {id_col, time_col, "mean"} else wide
    if shape.kind == "multiindex":
        stacked = table.set_index([id_col, time_col])
        return stacked.rename(columns={"mean": shape.target_col})
    return _backend(table if shape.has_ids else table.drop(columns=id_col), shape)


def _backend(frame: Any, shape: Shape) -> Any:
    if shape.backend == "pandas":
        return frame
    import pyarrow  # noqa: PLC0415 - heavy, and only needed for data that is not pandas

    table = pyarrow.Table.from_pandas(frame, preserve_index=False)
    if shape.backend == "arrow":
        return table
    import polars  # noqa: PLC0415 - the user's data is polars, so it is loaded already

    return polars.from_arrow(table)


# --- failures -----------------------------------------------------------------------------------------


def failures_frame(answer: Answer, windows: Windows, model: str) -> pd.DataFrame:
    """Return failures as a table: ``unique_id, model, cutoff, stage, code, message, n_obs``."""
    found = sorted(answer.failures, key=lambda f: (f.series, f.window))
    series = np.array([f.series for f in found], dtype=np.int64)
    window = np.array([f.window for f in found], dtype=np.int64)
    panel = windows.panel
    return pd.DataFrame(
        {
            "unique_id": panel.ids[series],
            "model": np.full(len(found), model, dtype=object),
            "cutoff": panel.calendar.times(windows.cutoffs[series, window]),
            "stage": [f.stage for f in found],
            "code": [f.error.code for f in found],
            "message": [str(f.error) for f in found],
            "n_obs": windows.lengths[series, window],
        },
        columns=list(FAILURE_COLUMNS),
    )


def _facts(failure: Failure, panel: Panel) -> dict[str, Any]:
    return {
        "unique_id": panel.ids[failure.series],
        "stage": failure.stage,
        "code": failure.error.code,
        "message": str(failure.error),
    }


def warn_about_failures(
    answer: Answer, panel: Panel, stage: str, already: Answer | None = None
) -> None:
    """Name series that failed in a warning; if every one did, raise the first failure."""
    if not answer.failures:
        return
    n_failed = len({f.series for f in answer.failures})
    if n_failed == panel.n_series:
        first = min(answer.failures, key=lambda f: f.series)
        if panel.shape.kind != "series" and panel.shape.has_ids:
            first.error.args = (f"{show_id(panel.ids[first.series])}: {first.error}",)
        raise first.error
    new = answer.failures
    if already is not None:
        known = {f.series for f in already.failures}
        new = [f for f in answer.failures if f.series not in known]
    if not new:
        return
    shown = [f"{show_id(panel.ids[f.series])}: {f.error.code}, {f.error}" for f in new[:3]]
    rest = f"; and {len(new) - 3} more" if len(new) > 3 else ""
    warnings.warn(
        f"{n_failed:,} of {plural(panel.n_series, 'series', 'series')} failed in {stage} ({'; '.join(shown)}{rest})",
        FailureWarning,
        stacklevel=3,
    )


def warn_about_horizon(h: int, panel: Panel) -> None:
    """Warn when the horizon is several times the history."""
    longest = int(panel.lengths.max())
    if h > 2 * longest:
        warnings.warn(
            f"h={h} is {h / longest:.1f}x the longest history ({plural(longest, 'row')})",
            DataWarning,
            stacklevel=3,
        )


def _warn_of_zero_width(panel: Panel, answer: Answer, asked: Asked) -> None:
    if not asked.level:
        return
    lo, hi = answer.quantiles[:, 0, :, -2], answer.quantiles[:, 0, :, -1]
    flat = np.flatnonzero((hi - lo == 0).all(axis=1))
    if len(flat):
        warnings.warn(
            f"{plural(len(flat), 'series', 'series')} with prediction intervals of zero width, because no past "
            f"error was ever made (a constant history?): {show_ids(panel.ids[flat])}",
            CalibrationWarning,
            stacklevel=4,
        )
