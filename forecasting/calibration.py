"""From past errors of a forecaster to the quantiles of its point forecasts."""

from __future__ import annotations

import numpy as np

from forecasting._typing import FloatArray, IntArray
from forecasting.answer import Answer
from forecasting.conformal import half_width, level_of, too_few
from forecasting.errors import ForecastingError
from forecasting.windows import Windows


def past_errors(windows: Windows, means: FloatArray, back: IntArray, n: int) -> FloatArray:
    """Return the errors of inner forecasts, shape (S, K, h, n); NaN where there is none.

    Error ``j`` of step ``s`` belongs to the target ``c - j`` and the inner cutoff ``c - j - s``.
    """
    values, floor = windows.panel.values, windows.panel.offsets[:-1]
    found = np.full((*windows.active.shape, windows.h, n), np.nan)
    for k in range(windows.n_windows):
        rows = windows.hi[:, k, None] - 1 - np.arange(n)
        truth = np.where(rows >= floor[:, None], values[np.maximum(rows, 0)], np.nan)
        for s in range(windows.h):
            found[:, k, s] = truth - means[:, back[k, s : s + n], s]
    found[~windows.active] = np.nan
    return found


def set_conformal(
    windows: Windows, answer: Answer, errors: FloatArray, probs: tuple[float, ...]
) -> None:
    """Fill the quantiles of the active cells from past errors; too few is an interval failure."""
    cells = np.nonzero(windows.active)
    wanted = np.abs(errors[cells])  # (cells, h, n)
    flat = wanted.reshape(-1, wanted.shape[2])
    refused: dict[tuple[int, int], ForecastingError] = {}
    for j, prob in enumerate(probs):
        level = level_of(prob)
        width, count = half_width(flat, level)
        width = width.reshape(wanted.shape[:2])
        side = -1.0 if prob < 0.5 else 1.0
        answer.quantiles[..., j][cells] = answer.mean[cells] + side * width
        least = count.reshape(wanted.shape[:2]).min(axis=1)
        for cell in np.flatnonzero(np.isnan(width).any(axis=1)):
            key = (int(cells[0][cell]), int(cells[1][cell]))
            refused[key] = too_few(level, int(least[cell]))
    for (i, k), error in refused.items():
        answer.fail(i, k, "interval", error)
