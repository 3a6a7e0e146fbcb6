"""Split conformal calibration: past errors of a forecaster become its prediction intervals.

For one step with absolute errors ``r_1..r_n`` of past forecasts the interval of level ``L`` percent is
``mean ± r_(k)``, the ``k``-th smallest error with ``k = ceil((n + 1) L / 100)``. If the errors are
exchangeable with the next one its coverage is at least ``L`` percent (Lei, G'Sell, Rinaldo, Tibshirani
and Wasserman 2018, J. Am. Stat. Assoc. 113, 1094-1111, section 2.2). Errors of overlapping windows are
correlated and drift, so with few windows the promise is approximate; the backtest's coverage shows it.
"""

from __future__ import annotations

import math

import numpy as np

from forecasting._typing import FloatArray, IntArray
from forecasting.errors import LevelError, plural

#: Windows that are used where the history allows, even if the level needs fewer.
USUAL_WINDOWS = 20


def windows_needed(level: float) -> int:
    """Return the least number of errors that can carry an interval of ``level`` percent.

    It is the smallest n with ``ceil((n + 1) level / 100) <= n``: 4 for 80, 9 for 90, 19 for 95.
    """
    # Rounded first, so that 95 gives 19 and not 20 by a hair of floating point.
    return math.ceil(round(level / (100 - level), 9))


def level_of(prob: float) -> float:
    """Return the central level, in percent, whose bound the quantile ``prob`` is."""
    return round(abs(2 * prob - 1) * 100, 9)


def half_width(errors: FloatArray, level: float) -> tuple[FloatArray, IntArray]:
    """Return the conformal half-width of each row of absolute errors, and how many errors it has.

    Parameters
    ----------
    errors : array of float, shape (rows, n)
        Absolute errors; NaN where there is none.
    level : float
        Percent.

    Returns
    -------
    width : array of float, shape (rows,)
        NaN in rows with fewer errors than :func:`windows_needed`.
    count : array of int, shape (rows,)
    """
    ordered = np.sort(errors, axis=1)  # NaN last
    count = np.count_nonzero(~np.isnan(errors), axis=1)
    if level == 0:
        return np.zeros(len(errors)), count
    rank = np.ceil(np.round((count + 1) * level / 100, 9)).astype(np.int64)
    enough = (rank <= count) & (count > 0)
    at = np.clip(rank - 1, 0, errors.shape[1] - 1)
    width = np.where(enough, ordered[np.arange(len(errors)), at], np.nan)
    return width, count


def too_few(level: float, got: int) -> LevelError:
    """Return the error that says how many windows a level needs."""
    needed = windows_needed(level)
    most = math.floor(got / (got + 1) * 100) if got else 0
    advice = f"ask for level {most} or less" if most else "ask for no level"
    return LevelError(
        f"level {level:g} needs {plural(needed, 'past forecast')} to calibrate on, the history gives {got}; "
        f"{advice}, or give a longer history"
    )
