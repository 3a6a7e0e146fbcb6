"""``AveragedETS``: the mean of all exponential smoothing models, weighted by how well they fit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from forecasting._typing import AnyArray, FloatArray, IntArray
from forecasting.batch import BatchForecaster
from forecasting.errors import (
    ArgumentError,
    ForecastingError,
    ModelError,
    ShortSeriesError,
    check_count,
)
from forecasting.fits import ANALYTIC, CONFORMAL, Ahead, Fits, Projection, Rows
from forecasting.kernels import ets as single
from forecasting.kernels import ets_average as kernel
from forecasting.kernels import mathematics
from forecasting.kernels.ets import Column, Outcome
from forecasting.models.smoothing.ets import (
    EXPLODED_RANGES,
    Bounds,
    bounds_of,
    candidates,
    check_bounds,
    widening,
)

#: A model whose AICc is further from the best than this many temperatures is left out: it would weigh less
#: than 0.024 of the best. At the usual temperature that is 30, which changed no error measure in the second
#: digit after the point on M3 and Tourism; 16 cost up to 0.2 %.
REACH = 3.75

Errors = Literal["all", "additive"]


@mathematics.documented(mathematics.ETS)
@dataclass(frozen=True)
class AveragedETS(BatchForecaster):
    """The mean of the exponential smoothing models, weighted by AICc, estimated anew at every cutoff.

    With ``d_j`` the AICc of model j less the least one and ``T`` the temperature::

        mean = sum_j w_j mean_j,      w_j proportional to exp(-d_j / T),      0 where d_j > 3.75 T

    ``T = 2`` gives the Akaike weights (Burnham and Anderson 2002, section 2.9). They stand for models that are
    compared once on plenty of values; a higher temperature asks more models, which forecasts better than any
    one of them (Kolassa 2011): over ten groups of M1, M3 and Tourism the Akaike weights are 1.3 % more accurate
    than the best model alone, and ``T = 8`` is 2.2 %.

    Parameters
    ----------
    season_length : int
        Steps in a season; 1 without a season.
    errors : {"all", "additive"}
        "all": the 15 stable combinations of error, trend and season (6 without a season), those with a
        multiplicative component where all values are positive. "additive": ANN, AAN, AAdN, ANA, AAA, AAdA;
        for logarithms, ``Transformed(AveragedETS(12, errors="additive"), Log())``.
    temperature : float
        Above 0; in units of AICc.
    bounds : {"narrow", "usual"}
        See :class:`ETS`.

    Notes
    -----
    Each model takes part where it has three values more than parameters. Missing values are skipped.
    ``refit=False`` keeps parameters and weights and moves the states on; a model whose path ceases to be
    positive, which it needs, drops out and leaves its weight to the others.

    Intervals are those of a Student distribution with the mean and the variance of the mixture::

        v_h = sum_j w_j (v_{j,h} + (mean_{j,h} - mean_h)^2)

    within the models plus between them. ``v_{j,h}`` is analytic. *Approximated*: with a multiplicative season
    it is exact for one season only and close beyond (Hyndman et al. 2008, section 6.4, class 3), where
    :class:`ETS` simulates; the shape is symmetric; what estimating the parameters adds, and the degrees of
    freedom, are those of the model of the largest weight. Where one standard deviation exceeds three times the
    range of the history the interval is conformal, and ``interval`` among the parameters says so.

    ``parameters()``: best (the model of the largest weight), n_obs, and weight_ANN, weight_AAN, ... for each
    candidate.

    References
    ----------
    S. Kolassa (2011), Combining exponential smoothing forecasts using Akaike weights, International Journal of
    Forecasting 27, 238-251, doi:10.1016/j.ijforecast.2010.04.006. K. P. Burnham, D. R. Anderson (2002), Model
    Selection and Multimodel Inference, Springer.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> y = pd.Series(np.arange(30.0), index=pd.date_range("2024-01-01", periods=30, freq="D"))
    >>> AveragedETS().fit(y).predict(2).round(3).tolist()
    [30.0, 31.0]
    """

    handles_missing: ClassVar[bool] = True

    season_length: int = 1
    errors: Errors = "all"
    temperature: float = 8.0
    bounds: Bounds = "narrow"

    def __post_init__(self) -> None:
        check_count(self.season_length, "season_length")
        if self.errors not in ("all", "additive"):
            raise ArgumentError(f"errors must be 'all' or 'additive', got {self.errors!r}")
        given = self.temperature
        number = isinstance(given, (int, float, np.number)) and not isinstance(given, bool)
        if not number or not 0 < given < math.inf:
            raise ArgumentError(
                f"temperature must be a number above 0, for instance 8; got {given!r}"
            )
        check_bounds(self.bounds)

    @property
    def min_observations(self) -> int:
        return min(single.n_needed(name, self._season) for name in self._models)

    @property
    def _models(self) -> tuple[str, ...]:
        error = "A" if self.errors == "additive" else "Z"
        found = candidates(f"{error}ZZ", None, self._season)
        return kernel.in_order([name for name in found if error == "Z" or name[-1] != "M"])

    @property
    def _season(self) -> int:
        return int(self.season_length)

    def _weights(self, records: FloatArray) -> FloatArray:
        return kernel.weights(records, self._season, float(self.temperature))

    # --- hooks --------------------------------------------------------------------------------------

    def _estimate(self, rows: Rows, starts: IntArray, stops: IntArray) -> Fits:
        lower, upper = bounds_of(self.bounds, self._season)
        records = kernel.fit(
            rows.values,
            starts,
            stops,
            season_length=self._season,
            models=self._models,
            lower=lower,
            upper=upper,
            margin=REACH * float(self.temperature),
        )
        return Fits({"records": records}, kernel.outcomes(records))

    def _advance(self, fits: Fits, rows: Rows, lo: IntArray, hi: IntArray) -> Fits:
        records = kernel.advance(fits["records"], self._season, rows.values, lo, hi)
        return Fits({"records": records}, kernel.outcomes(records))

    def _project(self, fits: Fits, ahead: Ahead) -> Projection:
        return self._mixture(fits["records"], ahead.h)

    def _mixture(self, records: FloatArray, h: int) -> Projection:
        shares = self._weights(records)
        mean, sd = kernel.mix(records, self._season, shares, h)
        span = _best(records, shares)[..., Column.RANGE]
        with np.errstate(invalid="ignore", over="ignore"):
            wide = ~(sd[..., -1] <= EXPLODED_RANGES * span)
        return Projection(mean, sd, np.where(wide & (span > 0), CONFORMAL, ANALYTIC))

    def _uncertainty(self, fits: Fits, h: int) -> tuple[FloatArray, FloatArray]:
        records = fits["records"]
        best = _best(records, self._weights(records))
        bounds = bounds_of(self.bounds, self._season)
        factor, df = widening(best.reshape(-1, best.shape[-1]), self._season, bounds, h)
        return factor.reshape(*fits.shape, h), df.reshape(fits.shape)

    def _is_sound(self, fits: Fits, lengths: IntArray) -> bool:
        return set(fits.columns) == {"records"} and kernel.are_sound(
            fits["records"], lengths, self._season, self._models
        )

    def _trouble(self, code: int) -> ForecastingError:
        if code == Outcome.TOO_SHORT:
            needed = self.min_observations
            return ShortSeriesError(
                "has too few values that are not missing; the average of exponential smoothing models needs "
                f"{needed}",
                needed=needed,
                got=0,
            )
        return ModelError(
            "none of the exponential smoothing models has a path that keeps its level and season positive; "
            "take errors='additive'"
        )

    def _parameters(self, fits: Fits) -> dict[str, AnyArray]:
        records = fits["records"]
        shares = self._weights(records)
        best = shares.argmax(axis=-1)
        return {
            "best": np.array(self._models, dtype=object)[best],
            "n_obs": _best(records, shares)[..., Column.COUNT],
            **{f"weight_{name}": shares[..., j] for j, name in enumerate(self._models)},
        }


def _best(records: FloatArray, shares: FloatArray) -> FloatArray:
    """Return the record of the largest weight, shape (..., columns)."""
    at = shares.argmax(axis=-1)[..., None, None]
    best: FloatArray = np.take_along_axis(records, at, axis=-2)[..., 0, :]
    return best
