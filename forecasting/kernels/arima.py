"""Seasonal ARIMA by exact maximum likelihood, for every window of a ragged batch at once.

The mathematics stand in :data:`forecasting.kernels.mathematics.ARIMA`. Here: arrays in, arrays out.

What is learned at a window is a record, see :mod:`forecasting.kernels.arima_records`.
"""

from __future__ import annotations

import numpy as np

from forecasting._typing import FloatArray, IntArray
from forecasting.errors import ArgumentError
from forecasting.kernels import _kernels
from forecasting.kernels.arima_records import (
    CONTENDER,
    N_CONTENDERS,
    Column,
    Order,
    Outcome,
    aicc,
    are_sound,
    blamed,
    coefficients,
    contenders,
    counted,
    slopes,
)
from forecasting.kernels.threads import n_threads
from forecasting.kernels.windows import check_windows

__all__ = [
    "CONTENDER",
    "N_CONTENDERS",
    "Column",
    "Order",
    "Outcome",
    "aicc",
    "are_sound",
    "blamed",
    "choose",
    "coefficients",
    "contenders",
    "counted",
    "evaluate",
    "fit",
    "project",
    "slopes",
    "variance_ratio",
]

ANCHOR_RATIO = 1.5
TOLERANCE = 1e-5
CHOICE_ANCHOR_RATIO = 1.25
MARGIN = 2.0


def fit(
    values: FloatArray,
    starts: IntArray,
    stops: IntArray,
    order: Order,
    *,
    regressors: FloatArray | None = None,
    anchor_ratio: float = ANCHOR_RATIO,
    tolerance: float = TOLERANCE,
) -> FloatArray:
    """Fit one order to each window by exact maximum likelihood.

    Parameters
    ----------
    values : array of float, shape (n,)
        All series, one after the other. NaN is a missing value: an unknown that is integrated out.
    starts : array of int, shape (S,)
    stops : array of int, shape (S, K)
        Window ``k`` of series ``i`` is ``values[starts[i]:stops[i, k]]``; stops ascend along K.
        ``stops <= starts`` is an empty window.
    order : Order
    regressors : array of float, shape (n, order.regressors), optional
        What the level of each value is regressed on. NaN only beside a value that is missing.
    anchor_ratio : float
        A window is at most this many times longer than the prefix at which its search begins; 1 searches
        anew in every window.
    tolerance : float
        An optimum is left when less than this is expected to be gained in -2 log L.

    Returns
    -------
    array of float, shape (S, K, order.record_size)
        Records. What is in record (i, k) has the same bits whatever the other windows are and however many
        threads work.

    Raises
    ------
    ArgumentError
        If the arrays do not fit one another.
    """
    flat = np.ascontiguousarray(values, dtype=np.float64)
    begin = np.ascontiguousarray(starts, dtype=np.int64)
    end = np.ascontiguousarray(stops, dtype=np.int64)
    check_windows(flat, begin, end)
    records = np.empty((*end.shape, order.record_size))
    _kernels.arima_fit(
        flat,
        beside(flat, regressors, order),
        begin,
        end,
        order=order.numbers,
        season_length=order.season_length,
        constant=order.constant,
        anchor_ratio=anchor_ratio,
        tolerance=tolerance,
        n_threads=n_threads(),
        out=records,
    )
    return records


def choose(
    values: FloatArray,
    starts: IntArray,
    stops: IntArray,
    limits: Order,
    *,
    regressors: FloatArray | None = None,
    stepwise: bool = True,
    anchor_ratio: float = CHOICE_ANCHOR_RATIO,
    tolerance: float = TOLERANCE,
    margin: float = MARGIN,
) -> FloatArray:
    """Choose differences and order of each window and fit it by exact maximum likelihood.

    Parameters
    ----------
    values, starts, stops
        As of :func:`fit`.
    limits : Order
        The largest orders.
    regressors : array of float, shape (n, limits.regressors), optional
        As of :func:`fit`. Differences are chosen on what least squares on them leave.
    stepwise : bool
        Search the neighbourhood of the best order; else try every order within the limits.
    anchor_ratio, tolerance : float
        As of :func:`fit`.
    margin : float
        Orders that are expected to stay worse than the best by more are given up on the way.

    Returns
    -------
    array of float, shape (S, K, limits.record_size)
        Records; see :func:`fit`. Behind the coefficients come ``limits.contenders`` times the numbers of
        :data:`CONTENDER`, NaN where there is none.
    """
    flat = np.ascontiguousarray(values, dtype=np.float64)
    begin = np.ascontiguousarray(starts, dtype=np.int64)
    end = np.ascontiguousarray(stops, dtype=np.int64)
    check_windows(flat, begin, end)
    records = np.empty((*end.shape, limits.record_size))
    _kernels.arima_choose(
        flat,
        beside(flat, regressors, limits),
        begin,
        end,
        limits=limits.numbers,
        season_length=limits.season_length,
        contenders=limits.contenders,
        anchor_ratio=anchor_ratio,
        tolerance=tolerance,
        margin=margin,
        stepwise=stepwise,
        n_threads=n_threads(),
        out=records,
    )
    return records


def project(
    records: FloatArray,
    limits: Order,
    values: FloatArray,
    starts: IntArray,
    stops: IntArray,
    h: int,
) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of the next ``h`` steps of windows, each (n, h).

    Parameters
    ----------
    records : array of float, shape (n, limits.record_size)
    limits : Order
        The largest orders that records hold, as :func:`fit` was told.
    values : array of float
    starts, stops : array of int, shape (n,)
        The values of window ``i`` are ``values[starts[i]:stops[i]]``: those that it was fitted to, or more,
        less the regression if there is one. The mean is without it, too.
    h : int

    Notes
    -----
    Exact at the parameters of the record: the mean given all values, and the variance of the errors to come and
    of what the values leave open of the time before them and of missing ones. ``sigma^2`` is
    ``S / (n - coefficients - constant)``. That the parameters are estimated is not in it.
    """
    flat = np.ascontiguousarray(records)
    mean, sd = np.empty((len(flat), h)), np.empty((len(flat), h))
    _kernels.arima_project(
        np.ascontiguousarray(values, dtype=np.float64),
        np.ascontiguousarray(starts, dtype=np.int64),
        np.ascontiguousarray(stops, dtype=np.int64),
        flat,
        limits.numbers,
        limits.season_length,
        limits.contenders,
        limits.regressors,
        n_threads(),
        mean,
        sd,
    )
    return mean, sd


def variance_ratio(
    records: FloatArray,
    limits: Order,
    values: FloatArray,
    starts: IntArray,
    stops: IntArray,
    h: int,
) -> FloatArray:
    """Return by how much estimating coefficients and constant multiplies the variances of :func:`project`.

    Parameters
    ----------
    records, limits, values, starts, stops, h
        As of :func:`project`.

    Returns
    -------
    array of float, shape (n, h)
        At least 1; 1 where nothing is left to explain. Slopes of regressors count as known.
    """
    flat = np.ascontiguousarray(records)
    ratio = np.empty((len(flat), h))
    _kernels.arima_widen(
        np.ascontiguousarray(values, dtype=np.float64),
        np.ascontiguousarray(starts, dtype=np.int64),
        np.ascontiguousarray(stops, dtype=np.int64),
        flat,
        limits.numbers,
        limits.season_length,
        limits.contenders,
        limits.regressors,
        n_threads(),
        ratio,
    )
    return ratio


def evaluate(
    y: FloatArray, order: Order, coefficients: FloatArray, regressors: FloatArray | None = None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return what there is at given coefficients.

    Parameters
    ----------
    y : array of float, shape (n,)
        Before differencing; the first value not missing.
    order : Order
    coefficients : array of float, shape (p + q + P + Q,)
        ``ar``, ``ma``, seasonal ``ar``, seasonal ``ma``, usual signs.
    regressors : array of float, shape (n, order.regressors), optional

    Returns
    -------
    record : array, shape (order.record_size,)
        ``-2 log L`` is infinite where the autoregression is not stationary.
    gradient : array, shape (p + q + P + Q,)
        Of ``-2 log L``.
    matrix : array, shape (p + q + P + Q, p + q + P + Q)
        Gauss-Newton.

    Raises
    ------
    ArgumentError
        If there are too few values or not as many coefficients as the order has.
    """
    size, sign = sum(order.sizes), np.repeat([1.0, -1.0, 1.0, -1.0], order.sizes)
    at = np.ascontiguousarray(sign * np.asarray(coefficients, dtype=np.float64))
    if at.shape != (size,):
        raise ArgumentError(f"{order} has {size} coefficients, got an array of shape {at.shape}")
    series = np.ascontiguousarray(y, dtype=np.float64)
    gradient, matrix = np.zeros(size), np.zeros((size, size))
    record = np.empty(order.record_size)
    _kernels.arima_evaluate(
        series,
        beside(series, regressors, order),
        order.numbers,
        order.season_length,
        order.constant,
        at,
        gradient,
        matrix,
        record,
    )
    if np.isnan(record[Column.OBJECTIVE]):
        raise ArgumentError(f"{order} needs {order.n_needed} values that are not missing")
    return record, sign * gradient, sign[:, None] * matrix * sign


def beside(values: FloatArray, regressors: FloatArray | None, order: Order) -> FloatArray:
    """Return regressors as the kernel takes them.

    Raises
    ------
    ArgumentError
        If they are not as many as the order says, or not beside the values.
    """
    shape = (len(values), order.regressors)
    if regressors is None:
        regressors = np.empty((len(values), 0))
    if regressors.shape != shape:
        raise ArgumentError(f"regressors must have the shape {shape}, got {regressors.shape}")
    return np.ascontiguousarray(regressors, dtype=np.float64)
