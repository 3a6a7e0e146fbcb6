"""Losses: one number per observation, from the actual and what was forecast for it.

Pure functions of arrays. None of them averages, scales or warns: a loss that does not exist (an
actual of zero in a percentage error, a missing actual, a failed forecast) is NaN, and whoever
averages counts it. The error is always ``y - mean``: positive when the forecast was too low.
Percentages are 0-100.
"""

from __future__ import annotations

import numpy as np

from forecasting._typing import FloatArray

_quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore")


@_quiet
def error(y: FloatArray, mean: FloatArray) -> FloatArray:
    r"""Return the signed error :math:`e = y - \hat y`; positive when the forecast was too low.

    Parameters
    ----------
    y, mean : float arrays of one shape
        Actuals and point forecasts, in the unit of the series. NaN in either gives NaN.

    Examples
    --------
    >>> import numpy as np
    >>> error(np.array([10.0, np.nan]), np.array([12.0, 12.0]))
    array([-2., nan])
    """
    return np.subtract(y, mean)


@_quiet
def absolute_error(y: FloatArray, mean: FloatArray) -> FloatArray:
    r"""Return the absolute error :math:`|y - \hat y|`, in the unit of the series.

    Minimal in expectation at the median of what may come (Gneiting 2011,
    doi:10.1198/jasa.2011.r10138).
    """
    return np.abs(np.subtract(y, mean))


@_quiet
def squared_error(y: FloatArray, mean: FloatArray) -> FloatArray:
    r"""Return the squared error :math:`(y - \hat y)^2`, in the squared unit; NaN passes through.

    Minimal in expectation at the mean. Errors beyond 1e154 overflow to infinity, which counts as
    undefined.
    """
    return np.square(np.subtract(y, mean))


@_quiet
def absolute_percentage_error(y: FloatArray, mean: FloatArray) -> FloatArray:
    r"""Return :math:`100\,|y - \hat y| / |y|`, in percent; NaN where y is 0.

    Also for a perfect forecast: 0/0 is undefined, not good.

    Rewards forecasts that are too low: at most 100 for them, without bound for those that are too
    high (Hyndman & Koehler 2006, doi:10.1016/j.ijforecast.2006.03.001).
    """
    return 100.0 * _ratio(absolute_error(y, mean), np.abs(y))


@_quiet
def symmetric_absolute_percentage_error(y: FloatArray, mean: FloatArray) -> FloatArray:
    r"""Return :math:`200\,|y - \hat y| / (|y| + |\hat y|)`, in percent from 0 to 200.

    The definition of the M3 and M4 competitions (Makridakis & Hibon 2000,
    doi:10.1016/S0169-2070(00)00057-1). NaN where both are 0: 0/0 is not a perfect score.

    Notes
    -----
    M3 wrote the denominator without absolute values; its data are positive, and so are nearly all
    of its forecasts, so its tables are reproduced by this form.
    """
    halves = np.abs(y) / 2 + np.abs(mean) / 2  # halved first: no overflow near the largest float
    return 100.0 * _ratio(absolute_error(y, mean), halves)


@_quiet
def pinball(y: FloatArray, forecast: FloatArray, probability: FloatArray | float) -> FloatArray:
    r"""Return the pinball (quantile) loss *without* the factor 2 that some authors put in front.

    .. math:: \rho_\tau(y, q) = \max(\tau (y - q),\ (\tau - 1)(y - q))

    Parameters
    ----------
    y, forecast : float arrays that broadcast together
        Actual and forecast of the quantile, in the unit of the series.
    probability : float or array
        The level tau of the quantile, in (0, 1).

    Notes
    -----
    At tau = 0.5 it is half the absolute error. Minimal in expectation at the true quantile (Koenker
    & Bassett 1978, doi:10.2307/1913643).

    Examples
    --------
    >>> import numpy as np
    >>> pinball(np.array([10.0, 10.0]), np.array([8.0, 12.0]), 0.9)
    array([1.8, 0.2])
    """
    difference = np.subtract(y, forecast)
    return np.maximum(probability * difference, (probability - 1.0) * difference)


@_quiet
def mean_pinball(y: FloatArray, quantiles: FloatArray, probabilities: FloatArray) -> FloatArray:
    r"""Return the pinball loss averaged over the forecast quantiles, *without* a factor 2.

    Parameters
    ----------
    y : (n,) float array
    quantiles : (n, q) float array
        Forecasts of the quantiles, one column per probability. A NaN in a row makes the row NaN.
    probabilities : (q,) float array
        In (0, 1), ascending.
    """
    return np.asarray(pinball(y[:, None], quantiles, probabilities).mean(axis=1))  # (n, q) -> (n,)


@_quiet
def quantile_score(y: FloatArray, quantiles: FloatArray, probabilities: FloatArray) -> FloatArray:
    r"""Return *twice* the mean pinball loss, :math:`\frac{2}{q}\sum_i \rho_{\tau_i}(y, q_i)`.

    Twice, so that the median alone scores the absolute error: the numerator of SQL. Parameters as
    in :func:`mean_pinball`.
    """
    return 2.0 * mean_pinball(y, quantiles, probabilities)


@_quiet
def crps_from_quantiles(
    y: FloatArray, quantiles: FloatArray, probabilities: FloatArray
) -> FloatArray:
    r"""Approximate the continuous ranked probability score from a set of quantiles.

    .. math:: \mathrm{CRPS}(F, y) = 2\int_0^1 \rho_\tau(y, F^{-1}(\tau))\,d\tau
              \approx 2 \sum_i w_i\, \rho_{\tau_i}(y, q_i)

    by the trapezoidal rule: :math:`w_i = (\tau_{i+1} - \tau_{i-1}) / 2` with :math:`\tau_0 = 0`,
    :math:`\tau_{q+1} = 1`, where the loss vanishes. Unevenly spread quantiles get the weight that
    the integral gives them; a weighted sum of pinball losses is proper for the quantiles that it
    holds.

    Notes
    -----
    An *approximation* from below, in the unit of the series. For a right normal forecast, whose
    exact expected score is sigma / sqrt(pi), it gives: 99 quantiles -0.0 %, 19 quantiles (0.05 to
    0.95) -0.4 %, the nine deciles -1.5 %, the four bounds of level=(80, 95) with the median -12 %,
    the same four bounds without the median -43 %. So compare models on the *same* quantiles only,
    and ask for the median. Parameters as in :func:`mean_pinball`. Laio & Tamea 2007,
    doi:10.5194/hess-11-1267-2007; Gneiting & Ranjan 2011, doi:10.1198/jbes.2010.08110.
    """
    ends = np.concatenate([[0.0], probabilities, [1.0]])
    weights = (ends[2:] - ends[:-2]) / 2  # (q,)
    losses = pinball(y[:, None], quantiles, probabilities)  # (n, q)
    return np.asarray(2.0 * (losses * weights).sum(axis=1))


@_quiet
def interval_score(y: FloatArray, lo: FloatArray, hi: FloatArray, level: float) -> FloatArray:
    r"""Return the interval (Winkler) score of a central prediction interval: small is good.

    .. math:: (u - l) + \frac{2}{\alpha}\,(l - y)_+ + \frac{2}{\alpha}\,(y - u)_+, \qquad
              \alpha = 1 - \mathrm{level}/100

    Parameters
    ----------
    y, lo, hi : float arrays of one shape
        Actuals and bounds, in the unit of the series. A NaN in any gives NaN.
    level : float
        Nominal coverage in percent, in (0, 100).

    Notes
    -----
    Winkler 1972, doi:10.1080/01621459.1972.10481224; Gneiting & Raftery 2007, eq. 43,
    doi:10.1198/016214506000001437. Equals ``(pinball(lo) + pinball(hi)) * 2 / alpha``.

    Examples
    --------
    >>> import numpy as np
    >>> interval_score(np.array([5.0, 12.0]), np.array([0.0, 0.0]), np.array([10.0, 10.0]), 80)
    array([10., 30.])
    """
    # 100 - level first: 1 - 80/100 is not 0.2 in floating point, 20/100 is.
    penalty = 200.0 / (100.0 - level)
    below, above = np.maximum(lo - y, 0.0), np.maximum(y - hi, 0.0)
    return np.asarray((hi - lo) + penalty * below + penalty * above)


def covered(y: FloatArray, lo: FloatArray, hi: FloatArray, level: float) -> FloatArray:
    """Return 100 where the actual lies in the closed interval [lo, hi], else 0; NaN with any NaN.

    In percent, so that its mean reads like the ``level`` it is held against (which it does not
    depend on).
    """
    inside = np.where((lo <= y) & (y <= hi), 100.0, 0.0)
    missing = np.isnan(y) | np.isnan(lo) | np.isnan(hi)
    return np.asarray(np.where(missing, np.nan, inside))


@_quiet
def width(y: FloatArray, lo: FloatArray, hi: FloatArray, level: float) -> FloatArray:
    """Return ``hi - lo``, in the unit of the series; NaN where the actual is missing.

    The actual and the level play no part in the number; the actual only decides that coverage and
    width speak of the same observations.
    """
    return np.asarray(np.where(np.isnan(y), np.nan, hi - lo))


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Divide, with NaN (undefined) where the denominator is zero, instead of infinity."""
    return np.asarray(numerator / np.where(denominator == 0.0, np.nan, denominator))
