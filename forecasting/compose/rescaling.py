"""All windows of a batch forecaster on another scale: transformed once, asked once, brought back at once."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from forecasting._typing import AnyArray
from forecasting.answer import Answer, checked_shape
from forecasting.batch import BatchForecaster, State
from forecasting.distribution import Deferred, Distribution, Point, StudentT, as_distribution
from forecasting.fits import ANALYTIC, Cells, Fits, Projection, cells_of
from forecasting.windows import Windows

if TYPE_CHECKING:
    from forecasting.compose.transform import ElementwiseTransform

#: Windows that are brought back together: their means may take 200 quantiles of every step.
TOGETHER = 512


def on_new_scale(windows: Windows, transform: ElementwiseTransform, failed: Answer) -> Windows:
    """Return the same windows of transformed values; those that hold a value without one have failed.

    Such a value is missing on the new scale, so that windows that end before it do not see it.
    """
    values = windows.panel.values
    here = transform.exists(values) | np.isnan(values)
    rows = np.flatnonzero(~here)
    held = np.searchsorted(rows, windows.hi) - np.searchsorted(rows, windows.lo)
    impossible = windows.active & (held > 0)
    for i, k in zip(*np.nonzero(impossible), strict=True):
        try:
            transform.fit(values[windows.lo[i, k] : windows.hi[i, k]])
        except Exception as error:
            failed.fail(int(i), int(k), "fit", error)
    with np.errstate(all="ignore"):
        changed = transform.forward(np.where(here, values, np.nan), transform.fit(values[:0]))
    panel = dataclasses.replace(windows.panel, values=np.asarray(changed, dtype=np.float64))
    return dataclasses.replace(windows, panel=panel, active=windows.active & ~impossible)


def put_back(
    member: BatchForecaster,
    transform: ElementwiseTransform,
    bias_correction: bool,
    fits: Fits,
    windows: Windows,
    answer: Answer,
) -> None:
    """Put the forecasts of all fitted windows, brought back to the old scale, into an answer.

    ``windows`` hold the old values: what a simulation draws from is their past. A window whose interval is
    not analytic is asked for itself, as window by window.
    """
    known, cells, ahead = member._ahead_of_fits(fits, windows, answer)
    n = len(cells[0])
    if n == 0:
        return
    every = cells_of(np.ones(known.shape, dtype=bool))  # a whole grid where all windows were fitted
    first, X = ahead.first.reshape(n, 1), ahead.X.reshape(n, 1, *ahead.X.shape[2:])
    fitted = transform.fit(windows.panel.values[:0])

    def back(forecast: Distribution) -> Distribution:
        return transform.back(forecast, fitted, bias_correction)

    for begin in range(0, n, TOGETHER):
        part = slice(begin, begin + TOGETHER)
        at = (cells[0][part], cells[1][part])
        some = known.take((every[0][part], every[1][part]))
        asked = dataclasses.replace(ahead, first=first[part], X=X[part])
        try:
            found = member._project(some, asked)
            shape = (len(at[0]), 1, windows.h)
            checked_shape(found.mean, shape, "forecasts (series, windows, steps)")
            one_by_one = _put_analytic(member, back, some, found, at, answer)
        except BaseException as error:  # any author's code: it costs these windows only
            for i, k in zip(*at, strict=True):
                answer.fail(int(i), int(k), "predict", error)
            continue
        for j in one_by_one:
            i, k = int(at[0][j]), int(at[1][j])
            try:
                future = windows.future(i, k)
                state = State(some.at(int(j), 0), future.cutoff)
                forecast = back(as_distribution(member._predict(state, future)))
                answer.put(i, k, forecast, answer.probs)
            except BaseException as error:  # any author's code: it costs this cell only
                answer.fail(i, k, "predict", error)


def _put_analytic(
    member: BatchForecaster,
    back: Any,
    fits: Fits,
    found: Projection,
    at: Cells,
    answer: Answer,
) -> AnyArray:
    """Put what can be put at once, and return which windows cannot."""
    mean = np.asarray(found.mean, dtype=np.float64)[:, 0]
    h = mean.shape[1]
    if found.sd is None:
        with np.errstate(all="ignore"):  # what is not finite fails its own cell
            answer.mean[at] = back(Point(mean)).mean
        return np.empty(0, dtype=np.int64)
    sd = np.asarray(found.sd, dtype=np.float64)[:, 0]
    how = np.zeros(len(mean), dtype=np.int64) if found.how is None else found.how[:, 0]
    analytic = (how == ANALYTIC) & np.isfinite(sd).all(axis=1) & np.isfinite(mean).all(axis=1)
    rows = np.flatnonzero(analytic)
    if len(rows):

        def work_out() -> Distribution:
            part = fits.take((rows, np.zeros_like(rows)))
            factor, df = member._uncertainty(part, h)
            return StudentT(mean[rows], sd[rows] * factor[:, 0], df[:, 0])

        forecast = back(Deferred(mean[rows], work_out, sd[rows]))
        cells = (at[0][rows], at[1][rows])
        with np.errstate(all="ignore"):
            answer.mean[cells] = forecast.mean
            if answer.probs:
                answer.quantiles[cells] = forecast.quantiles(answer.probs)
                answer.own[cells] = True
    return np.flatnonzero(~analytic)
