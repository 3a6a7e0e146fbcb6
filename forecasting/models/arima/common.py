"""What a fixed order and a searched one share: records, the values of their windows, their tables."""

from __future__ import annotations

import abc
import dataclasses
from typing import Any, ClassVar

import numpy as np

from forecasting._typing import AnyArray, FloatArray, IntArray
from forecasting.batch import BatchForecaster
from forecasting.errors import (
    ArgumentError,
    ForecastingError,
    ModelError,
    RegressorError,
    ShortSeriesError,
    check_count,
)
from forecasting.fits import ANALYTIC, CONFORMAL, FITTED, Ahead, Fits, Projection, Rows
from forecasting.kernels import arima as kernel
from forecasting.kernels.arima import Column, Order, Outcome
from forecasting.modelfile.errors import demand
from forecasting.windows import Windows

#: A variance explodes when one standard deviation is this many times the range of the history.
EXPLODED_RANGES = 3.0
#: What stands before the name of a regressor where it names what the regressor is multiplied by.
BETA = "beta_"


class Family(BatchForecaster):
    """What a fixed order and a searched one share: records and the values of their windows."""

    handles_missing: ClassVar[bool] = True

    @property
    @abc.abstractmethod
    def _limits(self) -> Order:
        """The largest orders that records hold."""

    @abc.abstractmethod
    def _records(self, rows: Rows, starts: IntArray, stops: IntArray) -> FloatArray:
        """Return the record of every window."""

    def _limits_of(self, fits: Fits) -> Order:
        """Return the largest orders, and the number of regressors that these fits have."""
        return dataclasses.replace(self._limits, regressors=len(names_of(fits)))

    # --- hooks --------------------------------------------------------------------------------------

    def _estimate(self, rows: Rows, starts: IntArray, stops: IntArray) -> Fits:
        records = self._records(rows, starts, stops)
        trouble = records[..., Column.OUTCOME].astype(np.int64)
        at = records.shape[-1] - len(rows.X_names)
        slopes = {BETA + name: records[..., at + j] for j, name in enumerate(rows.X_names)}
        past = np.empty(stops.shape, dtype=object)
        for i, start in enumerate(starts.tolist()):
            for k, stop in enumerate(stops[i].tolist()):
                # Views, where nothing is regressed out: the forecast looks at them again.
                here = slice(start, max(stop, start))
                past[i, k] = without_regression(rows, here, records[i, k, at:], int(trouble[i, k]))
        return Fits({"records": records, "values": past, **slopes}, trouble)

    def _advance(self, fits: Fits, rows: Rows, lo: IntArray, hi: IntArray) -> Fits:
        past, trouble = np.empty(fits.shape, dtype=object), fits.trouble.copy()
        slopes = kernel.slopes(fits["records"], self._limits_of(fits))
        for i, k in np.ndindex(*fits.shape):
            here = slice(lo[i, k], hi[i, k])
            lacking = np.isnan(rows.X[here]) & ~np.isnan(rows.values[here])[:, None]
            if trouble[i, k] == FITTED and lacking.any():
                trouble[i, k] = Outcome.REGRESSOR + 2 * int(lacking.any(axis=0).argmax())
            new = without_regression(rows, here, slopes[i, k], int(trouble[i, k]))
            past[i, k] = np.concatenate([fits["values"][i, k], new])
        return Fits({**fits.columns, "values": past}, trouble)

    def _project(self, fits: Fits, ahead: Ahead) -> Projection:
        limits = self._limits_of(fits)
        records, values, starts, stops = flat(fits)
        mean, sd = kernel.project(records, limits, values, starts, stops, ahead.h)
        slopes = kernel.slopes(records, limits)
        for j in range(limits.regressors):
            mean += ahead.X[..., j].reshape(mean.shape) * slopes[:, j, None]
        span = records[:, Column.RANGE]
        with np.errstate(invalid="ignore", over="ignore"):
            wide = ~(sd[:, -1] <= EXPLODED_RANGES * span) & (span > 0)
        shape = (*fits.shape, ahead.h)
        how = np.where(wide, CONFORMAL, ANALYTIC).reshape(fits.shape)
        return Projection(mean.reshape(shape), sd.reshape(shape), how)

    def _uncertainty(self, fits: Fits, h: int) -> tuple[FloatArray, FloatArray]:
        limits, shape = self._limits_of(fits), fits.shape
        if 0 in shape:
            return super()._uncertainty(fits, h)
        ratio = kernel.variance_ratio(flat(fits)[0], limits, *flat(fits)[1:], h)
        records = fits["records"]
        df = records[..., Column.COUNT] - kernel.counted(records, limits) + 1
        exact = np.isnan(records[..., Column.OBJECTIVE])  # nothing was estimated
        return np.sqrt(ratio).reshape(*shape, h), np.where(exact, np.inf, df)

    # --- model files --------------------------------------------------------------------------------

    def _pack(self, learned: Any) -> Any:
        # The values are those of the panel: they are taken off it again.
        bare = {name: column for name, column in learned.columns.items() if name != "values"}
        return super()._pack(Fits(bare, learned.trouble))

    def _unpack(self, packed: Any, windows: Windows) -> Fits:
        known = super()._unpack(packed, windows)
        covariates = windows.panel.covariates
        rows = Rows(
            windows.panel.values,
            windows.panel.start,
            windows.panel.calendar,
            covariates.known,
            covariates.known_names,
        )
        demand(names_of(known) == list(rows.X_names), "slopes of other regressors")
        past = np.empty(known.shape, dtype=object)
        slopes = kernel.slopes(known["records"], self._limits_of(known))
        for i, k in np.ndindex(*known.shape):
            here = slice(int(windows.lo[i, k]), int(windows.hi[i, k]))
            past[i, k] = without_regression(rows, here, slopes[i, k], int(known.trouble[i, k]))
        return Fits({"values": past, **known.columns}, known.trouble)

    def _is_sound(self, fits: Fits, lengths: IntArray) -> bool:
        betas = [BETA + name for name in names_of(fits)]
        if list(fits.columns) != ["records", *betas]:
            return False
        limits, records = self._limits_of(fits), fits["records"]
        if not kernel.are_sound(records, lengths, limits):
            return False
        slopes = kernel.slopes(records, limits)
        return all(np.array_equal(fits[name], slopes[..., j]) for j, name in enumerate(betas))

    def _trouble_of(self, fits: Fits, i: int, k: int) -> ForecastingError:
        found = kernel.blamed(int(fits.trouble[i, k]))
        if found is None:
            return super()._trouble_of(fits, i, k)
        name, missing = names_of(fits)[found[0]], found[1]
        if missing:
            return RegressorError(
                f"regressor {name!r} is missing beside values that are not; fill it in, or begin after the gap",
                column=name,
            )
        return RegressorError(
            f"regressor {name!r} tells nothing here that differences, a constant and the regressors before it "
            "do not (it is constant, say, or the season itself); leave it out, or take fewer differences",
            column=name,
        )

    def _trouble(self, code: int) -> ForecastingError:
        if code == Outcome.TOO_SHORT:
            needed = self.min_observations
            return ShortSeriesError(
                f"has too few values that are not missing; {type(self).__name__} needs {needed}, and one more "
                "for each regressor",
                needed=needed,
                got=0,
            )
        if code == Outcome.TOO_MANY_MISSING:
            return ModelError(
                "has more than a thousand missing values; fill the gaps (forecasting.fill_gaps), or begin "
                "after the longest one"
            )
        return ModelError(
            f"{type(self).__name__} has no likelihood here: too much is missing for the differences (no "
            "value of some month, say), or the values are too large; take fewer differences or fill the gaps"
        )

    def _parameters(self, fits: Fits) -> dict[str, AnyArray]:
        records, limits = fits["records"], self._limits_of(fits)
        n, objective = records[..., Column.COUNT], records[..., Column.OBJECTIVE]
        order = records[..., Column.P : Column.CONSTANT]
        constant = records[..., Column.CONSTANT]
        k = kernel.counted(records, limits)
        size = k - 1
        with np.errstate(divide="ignore", over="ignore"):
            table: dict[str, AnyArray] = {
                "method": described(
                    records[..., Column.P : Column.CONSTANT + 1], limits.season_length
                ),
                "n_obs": n,
                "sigma2": records[..., Column.RMS] ** 2 * n / (n - size),
                "loglik": -0.5 * objective,
                "aic": objective + 2 * k,
                "aicc": objective + 2 * k + 2 * k * (k + 1) / (n - k - 1),
                "bic": objective + k * np.log(n),
            }
        table["constant"] = np.where(constant > 0, records[..., Column.MEAN], np.nan)
        differences = order[..., 1] + order[..., 4]
        steps = np.where(order[..., 4] == 1, limits.season_length, 1)
        table["drift"] = np.where(differences == 1, table["constant"] / steps, np.nan)
        factors = dict(
            zip(("ar", "ma", "sar", "sma"), kernel.coefficients(records, limits), strict=True)
        )
        table["ar_root"] = np.minimum(
            smallest_root(factors["ar"]),
            smallest_root(factors["sar"]) ** (1 / limits.season_length),
        )
        table["ma_root"] = np.minimum(
            smallest_root(-factors["ma"]),
            smallest_root(-factors["sma"]) ** (1 / limits.season_length),
        )
        for (name, values), of in zip(factors.items(), (0, 2, 3, 5), strict=True):
            for j in range(values.shape[-1]):
                table[f"{name}_{j + 1}"] = np.where(order[..., of] > j, values[..., j], np.nan)
        table |= {name: column for name, column in fits.columns.items() if name.startswith(BETA)}
        return table


def flat(fits: Fits) -> tuple[FloatArray, FloatArray, IntArray, IntArray]:
    """Return the records of a grid, one a row, and the values of their windows, with starts and stops."""
    records = fits["records"].reshape(-1, fits["records"].shape[-1])
    past = fits["values"].ravel().tolist()
    ends = np.cumsum([0, *map(len, past)])
    return records, np.concatenate(past), ends[:-1], ends[1:]


def names_of(fits: Fits) -> list[str]:
    """Return the names of the regressors of fits."""
    return [name.removeprefix(BETA) for name in fits.columns if name.startswith(BETA)]


def without_regression(rows: Rows, here: slice, slopes: FloatArray, trouble: int) -> FloatArray:
    """Return values less what regressors explain; a view where there are none, or where there is no fit."""
    y = rows.values[here]
    if trouble != FITTED:
        return y
    for j, slope in enumerate(slopes[: rows.X.shape[1]].tolist()):
        y = y - slope * rows.X[here, j]
    return y


def describe(order: IntArray, season_length: int) -> str:
    """Return ``ARIMA(1,1,1)(0,1,1)[12] with drift`` for p, d, q, P, D, Q and whether there is a constant."""
    p, d, q, *seasonal, constant = order.tolist()
    text = f"ARIMA({p},{d},{q})"
    if any(seasonal):
        text += f"({','.join(map(str, seasonal))})[{season_length}]"
    if constant:
        text += " with mean" if d + seasonal[1] == 0 else " with drift"
    return text


def described(orders: FloatArray, season_length: int) -> AnyArray:
    """Return the names of orders, shape (..., 7), as objects of shape (...); None for one that is NaN."""
    names = np.full(orders.shape[:-1], None, dtype=object)
    for at in np.ndindex(names.shape):
        if not np.isnan(orders[at]).any():
            names[at] = describe(orders[at].astype(np.int64), season_length)
    return names


def smallest_root(coefficients: FloatArray) -> FloatArray:
    """Return the smallest modulus of a root of ``1 - c_1 B - ... - c_k B^k``, infinite without coefficients.

    ``coefficients`` has the shape (..., k); the answer the shape (...).
    """
    k = coefficients.shape[-1]
    if k == 0:
        return np.full(coefficients.shape[:-1], np.inf)
    companion = np.zeros((*coefficients.shape, k))
    companion[..., 0, :] = coefficients
    companion[..., range(1, k), range(k - 1)] = 1.0
    with np.errstate(divide="ignore"):
        smallest: FloatArray = 1.0 / np.abs(np.linalg.eigvals(companion)).max(axis=-1)
    return smallest


def check_order(order: object, name: str) -> None:
    """Raise :class:`ArgumentError` unless ``order`` is three whole numbers, none negative."""
    if not isinstance(order, tuple) or len(order) != 3:
        raise ArgumentError(f"{name} must be a tuple of three whole numbers, got {order!r}")
    for number in order:
        check_count(number, name, least=0)
