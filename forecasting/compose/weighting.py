"""Weights of a combination from the errors that its members made at earlier origins: arrays in, arrays out.

A member ``j`` made the mean absolute error ``E_ij`` on series ``i``, in units of the series' seasonal naive
error, over ``n_i`` forecasts whose truth is known. Its relative error is
``r_ij = (E_ij + 0.001) / (mean_j E_ij + 0.001)``. Few forecasts say little about one series, so its log is
shrunk towards the mean over the panel, and the weight falls with the fourth power of the error:

    ``log s_ij = lam_i log r_ij + (1 - lam_i) mean_i log r_ij``,   ``lam_i = n_i / (n_i + 60)``
    ``w_ij = s_ij^-4 / sum_j s_ij^-4``

Weights that fall with a power of the error: Bates and Granger (1969), *Oper. Res. Q.* 20, 451-468; why
estimated weights need shrinkage: Clemen (1989), *Int. J. Forecasting* 5, 559-583.
"""

from __future__ import annotations

import functools
import warnings
from dataclasses import dataclass

import numpy as np

from forecasting._typing import BoolArray, FloatArray

#: How fast a weight falls with the error, and how many errors weigh as much as the panel.
POWER, SHRINKAGE = 4.0, 60.0
#: Added to scaled errors, so that an error of zero leaves a ratio.
FLOOR = 1e-3


@dataclass(frozen=True, eq=False)
class Past:
    """What J members said at O earlier origins about H steps of S series, and what came.

    Attributes
    ----------
    means : array of float, shape (J, S, O, H)
        NaN where a member has no forecast.
    truth : array of float, shape (S, O, H)
        NaN where the value is missing or lies behind the cutoff.
    scale : array of float, shape (S,)
        What errors are measured in; positive.
    """

    means: FloatArray
    truth: FloatArray
    scale: FloatArray

    @functools.cached_property
    def usable(self) -> BoolArray:
        """Cells that count: known, and forecast by every member that forecasts this series at all."""
        here = np.isfinite(self.means)
        takes_part = here.any(axis=(2, 3), keepdims=True)
        whole = (here | ~takes_part).all(axis=0) & takes_part.any(axis=0)
        return np.isfinite(self.truth) & whole

    @property
    def counts(self) -> FloatArray:
        """Number of cells that count, shape (S,)."""
        return np.asarray(self.usable.sum(axis=(1, 2)), dtype=np.float64)

    def errors(self) -> FloatArray:
        """Return the scaled mean absolute error of each member, shape (J, S); NaN where there is none."""
        off = np.abs(self.means - self.truth) / self.scale[:, None, None]
        with np.errstate(invalid="ignore"):
            total = row_sum(np.where(self.usable, off, 0.0), 2)
            found: FloatArray = total / self.counts
        return found

    def error_of(self, residuals: FloatArray) -> FloatArray:
        """Return the scaled mean absolute error behind residuals, shape (S,); NaN where there is none."""
        off = np.where(self.usable, np.abs(residuals), 0.0) / self.scale[:, None, None]
        with np.errstate(invalid="ignore"):
            found: FloatArray = row_sum(off, 2) / self.counts
        return found

    def residuals(self, combined: FloatArray) -> FloatArray:
        """Return ``truth - combined`` in the units of the data, shape (S, O, H); NaN where none counts."""
        return np.where(self.usable, self.truth - combined, np.nan)


def shrunk_weights(errors: FloatArray, counts: FloatArray, pooled: bool) -> FloatArray:
    """Return weights from scaled errors.

    Parameters
    ----------
    errors : array of float, shape (J, S)
        NaN where a member has none.
    counts : array of float, shape (S,)
        Number of errors behind each.
    pooled : bool
        Shrink towards the panel; else towards equal weights.

    Returns
    -------
    array of float, shape (J, S)
        Sums of one; a member without errors has the weight that the panel gives it.
    """
    known = np.isfinite(errors)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a series without any error
        typical = np.nanmean(np.where(known, errors, np.nan), axis=0)
    own = np.log((errors + FLOOR) / (typical + FLOOR))
    panel = np.zeros(len(errors)) if not pooled else steady_mean(own, axis=1)
    trust = counts / (counts + SHRINKAGE)
    shrunk = np.where(known, trust * own, 0.0) + np.where(known, 1 - trust, 1.0) * panel[:, None]
    raw = np.exp(-POWER * (shrunk - shrunk.min(axis=0)))
    weights: FloatArray = raw / raw.sum(axis=0)
    return weights


def best_member(errors: FloatArray, counts: FloatArray, pooled: bool) -> FloatArray:
    """Return weights of one for the member with the least error, of a tie the first, shape (J, S)."""
    weights = shrunk_weights(errors, counts, pooled)  # decides where a series has no errors
    order = np.where(np.isfinite(errors).any(axis=0), np.nan_to_num(errors, nan=np.inf), -weights)
    chosen = np.zeros_like(weights)
    chosen[np.argmin(order, axis=0), np.arange(weights.shape[1])] = 1.0
    return chosen


def combine(means: FloatArray, weights: FloatArray | None) -> FloatArray:
    """Return the weighted mean, or without weights the median, of the members that have a forecast.

    Parameters
    ----------
    means : array of float, shape (J, S, ...)
        NaN where a member has none.
    weights : array of float, shape (J, S)

    Returns
    -------
    array of float, shape (S, ...)
        NaN where no member has one. Where those that have one weigh nothing, their plain mean.
    """
    here = np.isfinite(means)
    if weights is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            return np.asarray(np.nanmedian(np.where(here, means, np.nan), axis=0))
    shape = (*weights.shape, *(1,) * (means.ndim - 2))
    share = np.where(here, weights.reshape(shape), 0.0)
    share = np.where(share.sum(axis=0) > 0, share, here)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        total = np.where(here, share * means, 0.0).sum(axis=0) / share.sum(axis=0)
    return np.where(here.any(axis=0), total, np.nan)


def row_sum(values: FloatArray, n_axes: int = 1) -> FloatArray:
    """Return the sum over the last axes, added in order: the same bits whatever stands beside a row."""
    flat = values.reshape(*values.shape[:-n_axes], -1)
    total: FloatArray = np.cumsum(flat, axis=-1)[..., -1]
    return total


def steady_mean(values: FloatArray, axis: int) -> FloatArray:
    """Return the mean of what is not NaN, with the same bits in whatever order it stands; 0 of nothing."""
    ordered = np.sort(values, axis=axis)  # NaN last
    known = np.isfinite(ordered)
    count = known.sum(axis=axis)
    total = np.cumsum(np.where(known, ordered, 0.0), axis=axis).take(-1, axis=axis)
    mean: FloatArray = np.where(count > 0, total / np.maximum(count, 1), 0.0)
    return mean


def within_reach(
    means: FloatArray, low: FloatArray, high: FloatArray, ranges: float = 3.0
) -> FloatArray:
    """Return forecasts held within ``[low - ranges (high - low), high + ranges (high - low)]``.

    Of a history without negative values they are held at zero and above.
    """
    with np.errstate(over="ignore"):
        span = ranges * (high - low)
        least = np.where(low >= 0, np.maximum(low - span, 0.0), low - span)
        return np.clip(means, least, high + span)
