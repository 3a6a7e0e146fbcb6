"""Scales: how hard a series was to forecast in training, for errors that compare across series."""

from __future__ import annotations

import numpy as np

from forecasting._typing import FloatArray, IntArray
from forecasting.errors import ArgumentError


def seasonal_naive_scale(
    values: FloatArray, lo: IntArray, hi: IntArray, season_length: int
) -> tuple[FloatArray, FloatArray]:
    r"""Return the in-sample seasonal-naive MAE and MSE of many training parts at once.

    .. math:: \mathrm{mae} = \frac{1}{n}\sum_{t=l+m}^{u-1} |y_t - y_{t-m}|, \qquad
              \mathrm{mse} = \frac{1}{n}\sum_{t=l+m}^{u-1} (y_t - y_{t-m})^2

    over the n pairs of which both values are known. The scale of MASE (Hyndman & Koehler 2006,
    doi:10.1016/j.ijforecast.2006.03.001; m = ``season_length`` as in M4) and of RMSSE (M5).

    Parameters
    ----------
    values : (total,) float array
        All series of a ragged panel, one after the other. NaN is a missing value.
    lo, hi : int arrays of one shape, any shape
        Training part ``values[lo:hi]``, usually (series, cutoffs). A part never reaches beyond its
        slice: the first pair is ``(values[lo], values[lo + m])``.
    season_length : int
        m >= 1, in steps.

    Returns
    -------
    mae, mse : float arrays of the shape of ``lo``
        NaN without a single pair; 0 for a series that repeats itself exactly (the metric that
        divides by it is then undefined, and counted). ``mse`` is infinite where squares pass 1e308;
        ``mae`` is not.

    Raises
    ------
    ArgumentError
        ``season_length`` below 1, shapes that differ, or a slice outside ``values``.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.array([1.0, 2.0, 4.0, 7.0, 100.0, 90.0])  # two series: 4 and 2 values
    >>> seasonal_naive_scale(y, np.array([0, 0, 4]), np.array([3, 4, 6]), 1)[0]
    array([ 1.5,  2. , 10. ])
    """
    values = np.asarray(values, dtype=np.float64)
    lo, hi = np.asarray(lo, dtype=np.int64), np.asarray(hi, dtype=np.int64)
    _check(values, lo, hi, season_length)
    m = int(season_length)
    if values.size <= m or lo.size == 0:
        return np.full(lo.shape, np.nan), np.full(lo.shape, np.nan)
    first, last = lo.ravel(), hi.ravel() - m  # pairs (t, t + m) for t in [first, last)
    with np.errstate(over="ignore", invalid="ignore"):
        distance = np.abs(values[m:] - values[:-m])
        known = ~np.isnan(distance)
        distance[~known] = 0.0
        count = _slice_reduce(np.add, known.astype(np.float64), first, last)
        pairs = np.where(count > 0, count, np.nan)
        mae = _slice_reduce(np.add, distance, first, last) / pairs
        mse = _slice_reduce(np.add, np.square(distance), first, last) / pairs
    for i in np.flatnonzero(np.isinf(mae)):  # the sum overflowed: hardly ever; the mean may not
        mae[i] = _mean_of_large(distance[first[i] : last[i]], count[i])
    return mae.reshape(lo.shape), mse.reshape(lo.shape)


def _mean_of_large(distance: FloatArray, count: float) -> float:
    """Return the mean of numbers whose sum passes the largest float."""
    top = float(distance.max())
    return float((distance / top).sum() / count * top) if np.isfinite(top) else float(np.inf)


def _slice_reduce(
    operation: np.ufunc, values: FloatArray, first: IntArray, last: IntArray
) -> FloatArray:
    """Reduce ``values[first:last]`` for every slice by itself; 0 for an empty one.

    ``reduceat`` on interleaved bounds reduces each slice alone (and throws away what lies between).
    A running sum over the whole panel would be shorter, but a series of 1e12 would then cost its
    neighbour its digits.
    """
    result = np.zeros(first.size)
    some = np.flatnonzero(last > first)
    if some.size == 0:
        return result
    bounds = np.empty(2 * some.size, dtype=np.int64)
    bounds[0::2], bounds[1::2] = first[some], last[some]
    padded = np.append(values, 0.0)  # reduceat wants every bound inside the array, also the end
    result[some] = operation.reduceat(padded, bounds)[0::2]
    return result


def _check(values: FloatArray, lo: IntArray, hi: IntArray, season_length: int) -> None:
    if isinstance(season_length, bool) or int(season_length) != season_length or season_length < 1:
        raise ArgumentError(
            f"season_length must be a whole number of at least 1, got {season_length!r}"
        )
    if lo.shape != hi.shape:
        raise ArgumentError(f"lo and hi must have one shape, got {lo.shape} and {hi.shape}")
    outside = int(((lo < 0) | (hi > values.size)).sum())
    if outside:
        raise ArgumentError(
            f"{outside} of {lo.size} training parts reach outside the {values.size} values"
        )
