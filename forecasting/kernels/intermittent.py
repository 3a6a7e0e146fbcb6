"""Intermittent demand: Croston, SBA, TSB, ADIDA, IMAPA for every window of a ragged batch at once.

All functions share their first arguments and their manner.

values : (n,) float64
    All series, one after the other.
starts : (S,) int64
    Where series ``i`` begins in ``values``.
stops : (S, K) int64
    Window ``k`` of series ``i`` sees ``values[starts[i]:stops[i, k]]``. Stops ascend along ``K``,
    so one pass over a series answers all its windows; what is answered at a stop depends on nothing
    behind it, bit for bit. For windows of a fixed length give each its own start and one stop.

The answer is (S, K) float64: the mean demand per period expected after the stop, the same for every
step ahead. *Demand* is any value other than zero (a negative one counts, with its sign).

* No demand up to the stop: 0.
* No value up to the stop (``stops <= starts``): NaN.
* NaN among the values: NaN from there on. Infinite values: NaN or infinite.

Smoothed quantities start at the first value that they see, so early answers lean on it. Croston's
interval is counted from the first period, not from the first demand. Both are the conventions of
statsforecast, whose results tests/golden/intermittent.json holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecasting._typing import AnyArray, FloatArray, IntArray
from forecasting.errors import ArgumentError
from forecasting.kernels import _kernels
from forecasting.kernels.windows import check_windows

if TYPE_CHECKING:
    from forecasting.kernels._kernels import Kernel

Bounds = tuple[float, float]

OPTIMISED_BOUNDS: Bounds = (0.1, 0.3)
"""Where smoothing weights are searched, as in statsforecast: low, because sparse data teach
slowly."""


def croston(
    values: FloatArray, starts: IntArray, stops: IntArray, *, alpha: float = 0.1
) -> FloatArray:
    r"""Croston's method: mean demand size over mean interval, each smoothed at every demand.

    At a demand :math:`y_t \ne 0`, :math:`q_t` periods after the one before,

    .. math:: z \leftarrow z + \alpha (y_t - z), \qquad p \leftarrow p + \alpha (q_t - p),
              \qquad \hat y = z / p .

    Between demands nothing changes. Dividing by an estimate biases the answer upwards, by up to the
    share :math:`\alpha / (2 - \alpha)` for rare demand; :func:`croston_sba` corrects it.

    Parameters
    ----------
    values, starts, stops
        The windows; see the module.
    alpha : float in (0, 1]
        Weight of the newest size and the newest interval.

    Returns
    -------
    (S, K) float64
        Demand per period.

    Raises
    ------
    ArgumentError
        When ``alpha`` lies outside (0, 1], or the arrays do not fit one another.

    References
    ----------
    J. D. Croston (1972), Forecasting and stock control for intermittent demands, Operational
    Research Quarterly 23(3), 289-303, doi:10.1057/jors.1972.50.

    Examples
    --------
    >>> y = np.array([0.0, 2.0, 0.0, 0.0, 4.0, 0.0])
    >>> croston(y, np.array([0]), np.array([[1, 2, 6]]))
    array([[0.        , 1.        , 1.04761905]])
    """
    _check_weight("alpha", alpha)
    return _answer(_kernels.croston, values, starts, stops, alpha, alpha)[..., 0]


def croston_sba(
    values: FloatArray, starts: IntArray, stops: IntArray, *, alpha: float = 0.1
) -> FloatArray:
    r"""Croston's method with the correction of Syntetos and Boylan: :math:`(1 - \alpha/2) \, z/p`.

    The factor removes most of the upward bias that comes from dividing by an estimate; it is 0.95
    at the default weight. Parameters, returns and errors as in :func:`croston`.

    References
    ----------
    A. A. Syntetos, J. E. Boylan (2005), The accuracy of intermittent demand estimates,
    International Journal of Forecasting 21(2), 303-314, doi:10.1016/j.ijforecast.2004.10.001.
    """
    return (1.0 - alpha / 2.0) * croston(values, starts, stops, alpha=alpha)


def croston_optimised(
    values: FloatArray, starts: IntArray, stops: IntArray, *, bounds: Bounds = OPTIMISED_BOUNDS
) -> FloatArray:
    """Croston's method with the weights of size and interval chosen by least squares at every stop.

    Each of the two weights minimises the one-step squared error of its own smoothing over the
    demands up to the stop (:func:`ses_optimised`). Parameters, returns and errors as in
    :func:`croston`; ``bounds`` as in :func:`ses_optimised`.
    """
    _check_bounds(bounds)
    return _answer(_kernels.croston_optimised, values, starts, stops, *bounds)[..., 0]


def tsb(
    values: FloatArray,
    starts: IntArray,
    stops: IntArray,
    *,
    alpha_d: float = 0.1,
    alpha_p: float = 0.1,
) -> FloatArray:
    r"""Teunter, Syntetos and Babai: mean demand size times probability of a demand.

    The probability is smoothed in *every* period, so that the forecast falls while demand stays
    away,

    .. math:: p_t = p_{t-1} + \alpha_p (1[y_t \ne 0] - p_{t-1}), \qquad
              z \leftarrow z + \alpha_d (y_t - z) \text{ at a demand}, \qquad \hat y = p_t z .

    Parameters
    ----------
    values, starts, stops
        The windows; see the module.
    alpha_d, alpha_p : float in (0, 1]
        Weight of the newest demand size, and of the newest period.

    Returns
    -------
    (S, K) float64
        Demand per period.

    Raises
    ------
    ArgumentError
        When a weight lies outside (0, 1], or the arrays do not fit one another.

    References
    ----------
    R. H. Teunter, A. A. Syntetos, M. Z. Babai (2011), Intermittent demand: linking forecasting to
    inventory obsolescence, European Journal of Operational Research 214(3), 606-615,
    doi:10.1016/j.ejor.2011.05.018.

    Examples
    --------
    >>> y = np.array([0.0, 2.0, 0.0, 0.0])
    >>> tsb(y, np.array([0]), np.array([[2, 4]]), alpha_d=0.1, alpha_p=0.5)
    array([[1.  , 0.25]])
    """
    _check_weight("alpha_d", alpha_d)
    _check_weight("alpha_p", alpha_p)
    return _answer(_kernels.tsb, values, starts, stops, alpha_d, alpha_p)[..., 0]


def adida(
    values: FloatArray, starts: IntArray, stops: IntArray, *, bounds: Bounds = OPTIMISED_BOUNDS
) -> FloatArray:
    """Aggregate, forecast, disaggregate: exponential smoothing of sums over blocks, spread evenly.

    A block is as long as the mean interval between demands, rounded half to even. Blocks are
    counted back from the stop; the oldest values that fill no block are left out. The sums are
    smoothed with an optimised weight (:func:`ses_optimised`), and the forecast of a block is
    divided by its length.

    Parameters, returns and errors as in :func:`croston`; ``bounds`` as in :func:`ses_optimised`.

    References
    ----------
    K. Nikolopoulos, A. A. Syntetos, J. E. Boylan, F. Petropoulos, V. Assimakopoulos (2011), An
    aggregate-disaggregate intermittent demand approach (ADIDA) to forecasting, Journal of the
    Operational Research Society 62(3), 544-554, doi:10.1057/jors.2010.32.
    """
    _check_bounds(bounds)
    return _answer(_kernels.adida, values, starts, stops, *bounds)[..., 0]


def imapa(
    values: FloatArray, starts: IntArray, stops: IntArray, *, bounds: Bounds = OPTIMISED_BOUNDS
) -> FloatArray:
    """Mean of the :func:`adida` forecasts over all block lengths from 1 to the mean interval.

    Parameters, returns and errors as in :func:`croston`; ``bounds`` as in :func:`ses_optimised`.
    The work for one stop grows as n log(interval).

    References
    ----------
    F. Petropoulos, N. Kourentzes (2015), Forecast combinations for intermittent demand, Journal of
    the Operational Research Society 66(6), 914-924, doi:10.1057/jors.2014.62.
    """
    _check_bounds(bounds)
    return _answer(_kernels.imapa, values, starts, stops, *bounds)[..., 0]


def ses_optimised(
    values: FloatArray, starts: IntArray, stops: IntArray, *, bounds: Bounds = (0.0, 1.0)
) -> tuple[FloatArray, FloatArray]:
    r"""Simple exponential smoothing, the weight chosen anew at every stop by least squares.

    .. math:: l_1 = y_1, \quad l_t = l_{t-1} + \alpha (y_t - l_{t-1}), \quad
              \alpha = \arg\min \sum_{t=2}^{n} (y_t - l_{t-1})^2 .

    Sixteen weights spread over the bounds are tried at once, then sixteen around the best, eight
    times: to 1e-7 of the bounds' width, with no start value and no dependence on later data. Where
    the sum of squares does not depend on the weight (one or two values, a constant series) it is
    the middle of the bounds.

    Parameters
    ----------
    values, starts, stops
        The windows; see the module.
    bounds : (low, high) with 0 <= low < high <= 1
        Where the weight is searched.

    Returns
    -------
    level : (S, K) float64
        The forecast after the stop, in units of ``values``.
    alpha : (S, K) float64
        The weight.

    Raises
    ------
    ArgumentError
        When the bounds are not ordered within [0, 1], or the arrays do not fit one another.
    """
    _check_bounds(bounds)
    both = _answer(_kernels.ses_optimised, values, starts, stops, *bounds, width=2)
    return both[..., 0], both[..., 1]


def _answer(
    kernel: Kernel,
    values: AnyArray,
    starts: AnyArray,
    stops: AnyArray,
    first: float,
    second: float,
    *,
    width: int = 1,
) -> FloatArray:
    """Check the arrays once, allocate the answer and let the kernel fill it."""
    flat = np.ascontiguousarray(values, dtype=np.float64)
    begin = np.ascontiguousarray(starts, dtype=np.int64)
    end = np.ascontiguousarray(stops, dtype=np.int64)
    check_windows(flat, begin, end)
    out = np.empty((*end.shape, width))  # (S, K, width)
    kernel(flat, begin, end, first, second, out)
    return out


def _check_weight(name: str, weight: float) -> None:
    if not 0.0 < weight <= 1.0:
        raise ArgumentError(
            f"{name} is a smoothing weight in (0, 1]; got {weight!r}, try {name}=0.1."
        )


def _check_bounds(bounds: Bounds) -> None:
    low, high = bounds
    if not 0.0 <= low < high <= 1.0:
        raise ArgumentError(
            f"bounds are two smoothing weights, 0 <= low < high <= 1; got {bounds!r}, "
            f"try bounds={OPTIMISED_BOUNDS}."
        )
