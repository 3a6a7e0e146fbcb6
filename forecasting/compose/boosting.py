"""What a panel booster learns from, and how: features of past forecasts in, corrections out.

A cell is one forecast: a series, an origin and a step. What is said of it was known at its origin: the
forecasts of the members, the values up to the origin, the date of the target and what was known ahead of
it. Sizes are taken out: everything in the units of the series is divided by ``max(|level|, scale)``, its
recent mean or its seasonal naive error up to the origin, whichever is larger.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd

from forecasting._typing import FloatArray, IntArray
from forecasting.calendar import Calendar
from forecasting.errors import ModelError
from forecasting.frequency import ClockSteps, MonthSteps
from forecasting.windows import Windows


class Look(NamedTuple):
    """What of the past is shown, by season length.

    ``near`` latest seasons at the phase of the target, ``far`` fixed lags; ``recent`` and ``long`` are
    the steps of the level and of the longer level that it is compared with.
    """

    near: int
    far: tuple[int, ...]
    recent: int
    long: int


LOOKS = {
    5: Look(4, (), 20, 260),
    7: Look(4, (364, 371), 28, 364),
    24: Look(1, (168,), 72, 672),
    52: Look(0, (52, 53), 8, 52),
}


def look_of(m: int) -> Look:
    """Return what is shown for seasons of ``m`` steps."""
    return LOOKS.get(m, Look(2, (), max(m, 4), 3 * max(m, 4)))


class OriginSizes(NamedTuple):
    """Level, longer level and seasonal naive error up to each origin, arrays of one shape."""

    level: FloatArray
    long: FloatArray
    scale: FloatArray

    @property
    def size(self) -> FloatArray:
        """What errors are divided by: ``max(|level|, scale)``."""
        return size_of(self.level, self.scale)


@dataclass(frozen=True, eq=False)
class Cells:
    """N forecasts at one window, each from an origin of its series.

    Attributes
    ----------
    series, end, step : array of int, shape (N,)
        ``end`` is the row behind the last that is known at the origin, ``step`` counts from 1.
    means : array of float, shape (J, N)
        What the members said.
    combined : array of float, shape (N,)
    X : array of float, shape (N, p)
        Known-future regressors of the targets.
    sizes : OriginSizes
        At the origins, arrays (N,).
    """

    series: IntArray
    end: IntArray
    step: IntArray
    means: FloatArray
    combined: FloatArray
    X: FloatArray
    sizes: OriginSizes


@dataclass(frozen=True, eq=False)
class Lessons:
    """N past forecasts whose truth is known, in an order that ids do not decide.

    Attributes
    ----------
    fold : array of int, shape (N,)
        0 or 1, the same for all cells of a series.
    at : tuple of three arrays of int, shape (N,)
        Series, origin (0 is the latest) and step (0 is the first) of each.
    x : array of float, shape (N, F)
    error : array of float, shape (N,)
        ``truth - combination``.
    size, scale : array of float, shape (N,)
        What errors are divided by to be learned, and to be scored: the seasonal naive error, at least a
        hundredth of the size.
    """

    fold: IntArray
    at: tuple[IntArray, IntArray, IntArray]
    x: FloatArray
    error: FloatArray
    size: FloatArray
    scale: FloatArray

    def __len__(self) -> int:
        return len(self.error)

    @property
    def target(self) -> FloatArray:
        """Errors in units of the size, shape (N,)."""
        return self.error / self.size

    def only(self, chosen: np.ndarray[Any, Any]) -> Lessons:
        """Return the cells that are chosen."""
        series, origin, step = (part[chosen] for part in self.at)
        return Lessons(
            self.fold[chosen],
            (series, origin, step),
            self.x[chosen],
            self.error[chosen],
            self.size[chosen],
            self.scale[chosen],
        )


class Corrector(Protocol):
    """What was learned: features (n, F) to errors in units of the size (n,)."""

    def predict(self, x: FloatArray, /) -> Any:
        """Return the expected errors."""


# --- features -----------------------------------------------------------------------------------------------


def features(windows: Windows, k: int, cells: Cells, m: int, horizon: int) -> FloatArray:
    """Return what is known of each forecast at its origin, shape (N, F); NaN is not known.

    In this order: step / horizon, phase in the season, combination, scale, level over the longer level,
    each member less the combination, earlier values less the combination, calendar, regressors.
    """
    panel, look, step = windows.panel, look_of(m), cells.step
    level, long, scale = cells.sizes
    size = cells.sizes.size
    target = cells.end + step - 1  # the row of each
    ordinals = target + (panel.start - panel.offsets[:-1])[cells.series]
    lo = windows.lo[cells.series, k]

    def earlier(lags: IntArray | int) -> FloatArray:
        rows = target - lags
        known = (rows >= lo) & (rows < cells.end)
        values = np.where(known, panel.values[np.where(known, rows, 0)], np.nan)
        return np.asarray((values - cells.combined) / size)

    with np.errstate(all="ignore"):  # what overflows is not known
        columns = [
            step / horizon,
            ordinals % m,
            cells.combined / size,
            scale / size,
            level / size_of(long, scale),
            *((mean - cells.combined) / size for mean in cells.means),
            *(earlier(m * ((step - 1) // m + back)) for back in range(1, look.near + 1)),
            *(earlier(lag) for lag in look.far),
            *dates(panel.calendar, ordinals),
            *cells.X.T,
        ]
    found = np.empty((len(step), len(columns)))
    for j, column in enumerate(columns):
        found[:, j] = column
    found[~np.isfinite(found)] = np.nan
    return found


def size_of(level: FloatArray, scale: FloatArray) -> FloatArray:
    """Return ``max(|level|, scale)``, one where that is zero."""
    size = np.maximum(np.abs(level), scale)
    return np.where(size > 0, size, 1.0)


@np.errstate(over="ignore", invalid="ignore")
def origin_sizes(windows: Windows, k: int, series: IntArray, ends: IntArray, m: int) -> OriginSizes:
    """Return the sizes of series (n,) up to the rows ``ends`` (n, O), arrays (n, O).

    From the training part of window ``k`` up to the origin alone; zero where nothing is known.
    """
    look = look_of(m)
    level, long, scale = (np.zeros(ends.shape) for _ in range(3))
    for j, i in enumerate(series.tolist()):
        lo = int(windows.lo[i, k])
        y = windows.panel.values[lo : windows.hi[i, k]]
        at = np.clip(ends[j] - lo, 0, len(y))
        total, count = _running(y)
        for found, width in ((level, look.recent), (long, look.long)):
            back = np.maximum(at - width, 0)
            found[j] = _ratio(total[at] - total[back], count[at] - count[back])
        total, count = _running(np.abs(y[m:] - y[:-m]))
        at = np.clip(at - m, 0, len(total) - 1)
        scale[j] = _ratio(total[at], count[at])
    return OriginSizes(level, long, scale)


def _running(y: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return sum and number of the known values before each place, shape (n + 1,)."""
    known = np.isfinite(y)
    total = np.concatenate(([0.0], np.cumsum(np.where(known, y, 0.0))))
    return total, np.concatenate(([0], np.cumsum(known)))


def _ratio(total: FloatArray, count: IntArray) -> FloatArray:
    return np.where(count > 0, total / np.maximum(count, 1), 0.0)


def dates(calendar: Calendar, ordinals: IntArray) -> list[FloatArray]:
    """Return weekday, day of year, day, month, hour of targets as far as they suit the frequency."""
    if calendar.kind == "integer" or ordinals.size == 0:
        return []
    every, place = np.unique(ordinals, return_inverse=True)
    index = calendar.times(every)
    t = index.to_timestamp() if isinstance(index, pd.PeriodIndex) else pd.DatetimeIndex(index)
    if isinstance(calendar.frequency, MonthSteps):
        columns = [t.month]
    else:
        columns = [t.dayofweek, t.dayofyear, t.day, t.month]
        columns += [t.hour] if isinstance(calendar.frequency, ClockSteps) else []
    return [np.asarray(column, dtype=np.float64)[place] for column in columns]


def by_content(windows: Windows, k: int, series: IntArray) -> IntArray:
    """Return series in an order that their past at window ``k`` decides, not ids, places or units."""
    panel, keys = windows.panel, []
    for i in series.tolist():
        rows = slice(int(windows.lo[i, k]), int(windows.hi[i, k]))
        first = int(panel.start[i]) + rows.start - int(panel.offsets[i])
        digest = hashlib.blake2b(str(first).encode(), digest_size=16)
        y = panel.values[rows]
        _, exponent = np.frexp(np.fmax.reduce(np.abs(y), initial=0.0))
        digest.update(np.ldexp(y, -exponent).tobytes())
        digest.update(panel.covariates.known[rows].tobytes())
        keys.append(digest.digest())
    return series[sorted(range(len(keys)), key=keys.__getitem__)]


# --- learning -----------------------------------------------------------------------------------------------


def gradient_boosting(
    x: FloatArray, target: FloatArray, seed: int, n_rounds: int, learning_rate: float
) -> Corrector:
    """Return LightGBM trees for the least absolute error; one thread, the same bits every time.

    Ke et al. (2017), LightGBM: a highly efficient gradient boosting decision tree, *NeurIPS* 30.
    """
    try:
        import lightgbm
    except ImportError as error:
        raise ModelError("PanelBooster needs the package lightgbm: pip install lightgbm") from error
    params = {
        "objective": "l1",
        "num_leaves": 15,
        "learning_rate": learning_rate,
        "min_data_in_leaf": max(50, len(target) // 400),
        "feature_fraction": 0.6,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 10.0,
        "seed": seed,
        "deterministic": True,
        "force_col_wise": True,  # left free it times both ways, and the bits differ
        "num_threads": 1,
        "verbosity": -1,
    }
    found: Corrector = lightgbm.train(params, lightgbm.Dataset(x, target), n_rounds)
    return found


def trials(lessons: Lessons, offsets: IntArray) -> list[tuple[Lessons, Lessons]]:
    """Return the cells of earlier origins and of those that follow, split at a half and at three quarters.

    Of the earlier ones those alone whose target had been seen when the later ones begin. A split that has
    nothing to learn from, or no error to lower, is left out.
    """
    _, origin, step = lessons.at
    found = []
    for n_later in sorted({-(-len(offsets) // 2), max(len(offsets) // 4, 1)}, reverse=True):
        seen = step + 1 <= offsets[origin] - offsets[n_later - 1]
        early, late = lessons.only((origin >= n_later) & seen), lessons.only(origin < n_later)
        if len(early) and len(late) and scaled_error(late, 0.0) > 0:
            found.append((early, late))
    return found


def scaled_error(lessons: Lessons, correction: FloatArray | float) -> float:
    """Return the mean absolute error in units of the seasonal naive one after a correction."""
    return float(np.mean(np.abs(lessons.error - correction) / lessons.scale))
