"""The door out: answers as frames of the kind that came in, and failures as tables and warnings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from forecasting.answer import Answer, Failure
from forecasting.distribution import Asked
from forecasting.errors import (
    CalibrationWarning,
    FailureWarning,
    NoResidualsError,
    plural,
    show_id,
    show_ids,
    tell,
)
from forecasting.panel import Panel
from forecasting.shapes import restore
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
    long = pd.DataFrame(table)
    if panel.shape.kind == "multiindex":
        long = long.rename(columns={"mean": panel.shape.target_col})
    frame = restore(long, panel.shape)
    if isinstance(frame, (pd.DataFrame, pd.Series)) and answer.failures:
        frame.attrs["failures"] = [_facts(f, panel) for f in answer.failures]
    return frame


# --- failures -------------------------------------------------------------------------------------


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
    withheld = all(isinstance(f.error, NoResidualsError) for f in answer.failures)
    if n_failed == panel.n_series and not withheld:  # a mean without its interval is an answer
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
    rest = f"; and {len(new) - 3:,} more" if len(new) > 3 else ""
    what = "have no prediction interval" if withheld else f"failed in {stage}"
    where = ".failures" if stage == "fit" else ".attrs['failures'] of the forecast"
    rest_stands = "" if withheld else f"; the others are forecast. All are listed in {where}"
    tell(
        f"{n_failed:,} of {plural(panel.n_series, 'series', 'series')} {what} "
        f"({'; '.join(shown)}{rest}){rest_stands}",
        FailureWarning,
    )


def warn_about_horizon(h: int, panel: Panel) -> None:
    """Warn when the horizon is several times the history."""
    longest = int(panel.lengths.max())
    if h > 2 * longest:
        tell(f"h={h} is {h / longest:.1f}x the longest history ({plural(longest, 'row')})")


def _warn_of_zero_width(panel: Panel, answer: Answer, asked: Asked) -> None:
    if not asked.level:
        return
    lo, hi = answer.quantiles[:, 0, :, -2], answer.quantiles[:, 0, :, -1]
    flat = np.flatnonzero((hi == lo).all(axis=1))
    if len(flat):
        tell(
            f"{plural(len(flat), 'series', 'series')} with prediction intervals of zero width "
            "(ZERO_VARIANCE), because their past moved never or too seldom to show: "
            f"{show_ids(panel.ids[flat])}; is the history constant?",
            CalibrationWarning,
        )
