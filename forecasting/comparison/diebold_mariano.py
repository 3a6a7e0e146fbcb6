"""The Diebold-Mariano test of equal accuracy, with the small-sample correction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting._typing import FloatArray


@dataclass(frozen=True)
class DieboldMariano:
    """Outcome of the test.

    Attributes
    ----------
    statistic : float
        Negative when the first model has the smaller loss. NaN when the test cannot be made.
    p_value : float
        Two-sided. NaN when the test cannot be made.
    lags : int
        Autocovariances used.
    note : str
        Why the numbers are NaN, or that the variance had to be estimated differently; else empty.
    """

    statistic: float
    p_value: float
    lags: int
    note: str = ""


def diebold_mariano(difference: FloatArray, *, lags: int = 0) -> DieboldMariano:
    r"""Test whether the mean of a loss differential is zero.

    .. math:: DM = \sqrt{\frac{n + 1 - 2h + h(h-1)/n}{n}}\;\frac{\bar d}{\sqrt{\hat V / n}},
              \qquad \hat V = \hat\gamma_0 + 2\sum_{j=1}^{h-1}\hat\gamma_j

    held against Student's t with n - 1 degrees of freedom, :math:`h - 1` = ``lags``,
    :math:`\hat\gamma_j = \frac1n \sum_t (d_t - \bar d)(d_{t-j} - \bar d)`.

    Parameters
    ----------
    difference : (n,) float array
        Loss of the first model minus loss of the second, in order of time, one per cutoff.
    lags : int
        Lags over which the differences are correlated because their windows overlap: h - 1 for
        h-step forecasts from every period; 0 when the windows do not overlap.

    Notes
    -----
    *Assumes* a stationary loss differential with autocorrelation only up to ``lags``; two given
    forecasts, not two models nested in one another. With fewer than about ten cutoffs the power is
    small, and with many lags the size is off: see the interval as well.

    Where :math:`\hat V \le 0` (the plain sum can be, with lags) the Bartlett weights
    :math:`1 - j/h` (Newey & West 1987), whose sum cannot be negative, take over, and ``note`` says
    so. Where the differences do not vary at all, with fewer than two of them, or with as many lags
    as there are differences less one, there is no test: NaN and a note, never p = 0.

    Diebold & Mariano 1995, doi:10.1080/07350015.1995.10524599; Harvey, Leybourne & Newbold 1997,
    doi:10.1016/S0169-2070(96)00719-4.

    Examples
    --------
    >>> import numpy as np
    >>> test = diebold_mariano(np.array([1.0, 3.0, 2.0, 2.0]))
    >>> round(test.statistic, 4), round(test.p_value, 4)
    (4.899, 0.0163)
    """
    d = np.asarray(difference, dtype=np.float64)
    n, h = d.size, lags + 1
    if n < 2:
        return DieboldMariano(np.nan, np.nan, lags, f"{n} window(s): no variance to test against")
    if h >= n:
        why = f"windows overlap over {lags} lags and there are only {n}"
        return DieboldMariano(np.nan, np.nan, lags, why)
    centred = d - d.mean()
    gamma = np.array([centred[j:] @ centred[: n - j] for j in range(h)]) / n
    if gamma[0] <= (8 * np.finfo(np.float64).eps * np.abs(d).max()) ** 2:
        return DieboldMariano(np.nan, np.nan, lags, "the differences do not vary")
    note, variance = "", gamma[0] + 2 * gamma[1:].sum()
    if variance <= 1e-12 * gamma[0]:
        note = "variance not positive: Bartlett weights"
        variance = gamma[0] + 2 * ((1 - np.arange(1, h) / h) * gamma[1:]).sum()
    correction = (n + 1 - 2 * h + h * (h - 1) / n) / n
    statistic = float(np.sqrt(correction) * d.mean() / np.sqrt(variance / n))
    return DieboldMariano(statistic, _two_sided(statistic, n - 1), lags, note)


def _two_sided(statistic: float, freedom: int) -> float:
    from scipy.special import stdtr

    return float(2 * stdtr(freedom, -abs(statistic)))
