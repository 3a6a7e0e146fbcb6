"""``AggregatedETS``: exponential smoothing of season means, times the shape of a season."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from forecasting._typing import AnyArray, FloatArray, IntArray
from forecasting.batch import BatchForecaster
from forecasting.errors import ForecastingError, ShortSeriesError, check_count
from forecasting.fits import FITTED, Ahead, Fits, Projection, Rows
from forecasting.kernels.ets import Outcome
from forecasting.models.smoothing.averaged import AveragedETS, Errors
from forecasting.models.smoothing.ets import Bounds
from forecasting.models.smoothing.seasons import N_SEASONS, groups, season_means, season_shapes


@dataclass(frozen=True)
class AggregatedETS(BatchForecaster):
    """Means over whole seasons by :class:`AveragedETS`, and a recency-weighted shape of the season.

    Seasons are counted back from the cutoff: the last one is the last ``m`` values. With ``a_j`` the mean of
    season j and ``y_{j,p}`` its values, p = 1, ..., m::

        shape    s_p = sum_k w_k y_{J-k,p} / a_{J-k},  w_k proportional to 0.9^k,  k = 0, ..., 11
        forecast y_{n+h} = a_{J+b} s_p,                b = floor((h - 1) / m) + 1,  p = (h - 1) mod m + 1

    where all values of these seasons are positive, otherwise with differences: ``s_p`` the mean of
    ``y - a``, added. ``a_{J+b}`` is the forecast of the season means by the weighted mean of exponential
    smoothing models without a season. For daily data with a weekly season whose level moves: noise of single
    days does not reach the level, and a shape needs few seasons.

    Parameters
    ----------
    season_length : int
        Steps in a season, at least 2.
    errors, temperature, bounds
        Of the :class:`AveragedETS` of the season means.

    Notes
    -----
    Needs five whole seasons (``min_observations`` is ``5 season_length``). A season in which a value is missing
    is missing as a whole: the smoothing skips it and the shape leaves it out; two of the last twelve must be
    whole.

    The variance of a step is that of its season's mean, by :class:`AveragedETS`, times ``s_p^2`` (ratios), plus
    that of a value around it, ``a^2 sigma^2 (1 - 1/m)(1 + sum w_k^2)`` (without ``a`` for differences), with
    ``sigma^2 = sum_k w_k sum_p (r_{k,p} - s_p)^2 / ((m - 1)(1 - sum w_k^2))`` of the ratios or differences
    ``r``. *Approximated*: the two are taken as independent, and sigma as the same at every place of the season.

    ``refit=False`` keeps the parameters, the weights and the shape; the level moves on with every season that
    is whole, counted from the cutoff of the estimate.

    ``parameters()``: best, n_obs (season means), weight_ANN, ... as :class:`AveragedETS`; ``shape``
    ("multiplicative" or "additive") and season_1, ..., season_m, the first step after the cutoff first.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> week = np.array([1.0, 1.0, 1.0, 1.0, 2.0, 3.0, 5.0])
    >>> y = pd.Series(np.tile(week, 8), index=pd.date_range("2024-01-01", periods=56, freq="D"))
    >>> AggregatedETS(7).fit(y).predict(7).round(6).tolist()
    [1.0, 1.0, 1.0, 1.0, 2.0, 3.0, 5.0]
    """

    handles_missing: ClassVar[bool] = True

    season_length: int = 7
    errors: Errors = "all"
    temperature: float = 8.0
    bounds: Bounds = "narrow"

    def __post_init__(self) -> None:
        check_count(self.season_length, "season_length", least=2)
        AveragedETS(1, self.errors, self.temperature, self.bounds)

    @property
    def min_observations(self) -> int:
        return int(self.season_length) * self._member.min_observations

    @property
    def _member(self) -> AveragedETS:
        return AveragedETS(1, self.errors, self.temperature, self.bounds)

    # --- hooks --------------------------------------------------------------------------------------

    def _estimate(self, rows: Rows, starts: IntArray, stops: IntArray) -> Fits:
        m, shape = int(self.season_length), stops.shape
        lengths = np.maximum(stops - starts[:, None], 0)
        at, begin, end, means = groups(rows.values, starts, lengths, m)
        found = self._member._estimate(_as_rows(rows, means, len(begin)), begin, end)
        trouble = np.where(lengths > 0, int(Outcome.TOO_SHORT), int(Outcome.EMPTY))
        records = np.full((*shape, *found["records"].shape[2:]), np.nan)
        series, window, group, column = at
        trouble[series, window] = found.trouble[group, column]
        records[series, window] = found["records"][group, column]
        season = season_shapes(
            rows.values,
            np.broadcast_to(starts[:, None], shape).ravel(),
            (starts[:, None] + lengths).ravel(),
            m,
        )
        trouble[(trouble == FITTED) & (season.n_whole.reshape(shape) < 2)] = int(Outcome.TOO_SHORT)
        return Fits(
            {
                "records": records,
                "shape": season.shape.reshape(*shape, m),
                "noise": season.noise.reshape(shape),
                "ratios": season.ratios.reshape(shape).astype(np.float64),
                "pending": np.full((*shape, m), np.nan),
                "since": np.zeros(shape),
            },
            trouble,
        )

    def _advance(self, fits: Fits, rows: Rows, lo: IntArray, hi: IntArray) -> Fits:
        m = int(self.season_length)
        pending, since = fits["pending"].copy(), fits["since"].copy()
        seasons, counts = [], np.zeros(lo.size, dtype=np.int64)
        for j, (i, k) in enumerate(np.ndindex(lo.shape)):
            kept = pending[i, k, : int(since[i, k])]
            values = np.concatenate((kept, rows.values[lo[i, k] : hi[i, k]]))
            counts[j] = len(values) // m
            whole = int(counts[j]) * m
            seasons.append(values[:whole].reshape(-1, m))
            since[i, k] = len(values) - whole
            pending[i, k] = np.nan
            pending[i, k, : len(values) - whole] = values[whole:]
        ends = np.cumsum(counts)
        moved = self._member._advance(
            _inner(fits),
            _as_rows(rows, season_means(np.concatenate(seasons)), len(lo)),
            (ends - counts).reshape(lo.shape),
            ends.reshape(lo.shape),
        )
        columns = {
            **fits.columns,
            "records": moved["records"],
            "pending": pending,
            "since": since,
        }
        return Fits(columns, moved.trouble)

    def _project(self, fits: Fits, ahead: Ahead) -> Projection:
        step = self._steps(fits, ahead.h)
        return Projection(step.mean, np.hypot(step.across, step.within), step.how)

    def _uncertainty(self, fits: Fits, h: int) -> tuple[FloatArray, FloatArray]:
        step = self._steps(fits, h)
        factor, df = self._member._uncertainty(_inner(fits), self._blocks(h))
        wide = np.take_along_axis(factor, step.block, axis=-1) * step.across
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.hypot(wide, step.within) / np.hypot(step.across, step.within)
        return np.where(np.isfinite(ratio), ratio, 1.0), df

    def _blocks(self, h: int) -> int:
        """Return how many seasons ahead ``h`` steps may reach, wherever in a season they begin."""
        m = int(self.season_length)
        return (m - 1 + h - 1) // m + 1

    def _steps(self, fits: Fits, h: int) -> _Steps:
        m = int(self.season_length)
        ahead = self._member._mixture(fits["records"], self._blocks(h))
        sd = np.zeros_like(ahead.mean) if ahead.sd is None else ahead.sd
        place = fits["since"].astype(np.int64)[..., None] + np.arange(h)  # (S, K, h)
        block = place // m
        level = np.take_along_axis(ahead.mean, block, axis=-1)
        spread = np.take_along_axis(sd, block, axis=-1)
        shape = np.take_along_axis(fits["shape"], place % m, axis=-1)
        ratios = fits["ratios"][..., None] == 1.0
        noise = np.broadcast_to(fits["noise"][..., None], level.shape)
        with np.errstate(over="ignore", invalid="ignore"):
            return _Steps(
                np.where(ratios, level * shape, level + shape),
                np.where(ratios, spread * np.abs(shape), spread),
                np.where(ratios, np.abs(level) * noise, noise),
                block,
                ahead.how,
            )

    def _is_sound(self, fits: Fits, lengths: IntArray) -> bool:
        m = int(self.season_length)
        sizes = {"shape": (m,), "noise": (), "ratios": (), "pending": (m,), "since": ()}
        if set(fits.columns) != {"records", *sizes}:
            return False
        if any(
            fits[name].dtype != np.float64 or fits[name].shape != (*fits.shape, *size)
            for name, size in sizes.items()
        ):
            return False
        since = fits["since"]
        whole = bool(((since >= 0) & (since < m) & (since % 1 == 0)).all())
        return whole and self._member._is_sound(_inner(fits), lengths // m)

    def _trouble(self, code: int) -> ForecastingError:
        if code == Outcome.TOO_SHORT:
            m = int(self.season_length)
            return ShortSeriesError(
                f"has too few whole seasons of {m} values; AggregatedETS needs "
                f"{self._member.min_observations}, two of them among the last {N_SEASONS}",
                needed=self.min_observations,
                got=0,
            )
        return self._member._trouble(code)

    def _parameters(self, fits: Fits) -> dict[str, AnyArray]:
        m, since = int(self.season_length), fits["since"].astype(np.int64)
        place = (since[..., None] + np.arange(m)) % m
        turned = np.take_along_axis(fits["shape"], place, axis=-1)
        return {
            **self._member._parameters(_inner(fits)),
            "shape": np.where(fits["ratios"] == 1, "multiplicative", "additive").astype(object),
            **{f"season_{p + 1}": turned[..., p] for p in range(m)},
        }


class _Steps(NamedTuple):
    """Each step, (S, K, h): its mean, the spread of its season's mean and around that, its season."""

    mean: FloatArray
    across: FloatArray
    within: FloatArray
    block: IntArray
    how: AnyArray | None


def _inner(fits: Fits) -> Fits:
    """Return the fits of the season means."""
    return Fits({"records": fits["records"]}, fits.trouble)


def _as_rows(rows: Rows, values: FloatArray, n: int) -> Rows:
    """Return season means as the rows of ``n`` series, without regressors."""
    nothing = np.empty((len(values), 0))
    first = np.zeros(n, dtype=np.int64)
    return dataclasses.replace(rows, values=values, first=first, X=nothing, X_names=())
