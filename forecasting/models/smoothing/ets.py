"""Exponential smoothing: SES, Holt, Holt-Winters, ETS and its selection, refitted exactly at every cutoff."""

from __future__ import annotations

import abc
import re
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from forecasting._typing import AnyArray, FloatArray, IntArray
from forecasting.batch import BatchForecaster
from forecasting.distribution import Samples
from forecasting.errors import (
    ArgumentError,
    ForecastingError,
    ModelError,
    NonPositiveError,
    ShortSeriesError,
    check_count,
)
from forecasting.fits import ANALYTIC, CONFORMAL, SIMULATED, Ahead, Fits, Projection, Rows
from forecasting.kernels import ets as kernel
from forecasting.kernels import mathematics
from forecasting.kernels.ets import Column, Outcome
from forecasting.models.smoothing.estimation import variance_ratio
from forecasting.series import Future

#: A variance explodes when one standard deviation is this many times the range of the history, or, of a
#: multiplicative season, this many times the level.
EXPLODED_RANGES, EXPLODED_LEVELS = 3.0, 1.0

N_PATHS = 1000

Bounds = Literal["narrow", "usual"]
Criterion = Literal["aicc", "aic", "bic"]


class _ExponentialSmoothing(BatchForecaster):
    """What all of them share: candidates, bounds and a season are said by the properties below."""

    handles_missing: ClassVar[bool] = True

    @property
    @abc.abstractmethod
    def _models(self) -> tuple[str, ...]:
        """Candidates, names of ``kernels.ets.MODELS``."""

    @property
    def _season(self) -> int:
        """Season length of the kernel: 1 where no candidate has a season."""
        return 1

    @property
    def _bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        return kernel.LOWER, kernel.UPPER

    @property
    def _criterion(self) -> str:
        return "aicc"

    @property
    def min_observations(self) -> int:
        return min(kernel.n_needed(name, self._season) for name in self._models)

    # --- hooks --------------------------------------------------------------------------------------

    def _estimate(self, rows: Rows, starts: IntArray, stops: IntArray) -> Fits:
        lower, upper = self._bounds
        records = kernel.fit(
            rows.values,
            starts,
            stops,
            season_length=self._season,
            models=self._models,
            lower=lower,
            upper=upper,
            criterion=self._criterion,
        )
        return Fits({"records": records}, records[..., Column.OUTCOME].astype(np.int64))

    def _advance(self, fits: Fits, rows: Rows, lo: IntArray, hi: IntArray) -> Fits:
        records = kernel.advance(fits["records"], self._season, rows.values, lo, hi)
        return Fits({"records": records}, records[..., Column.OUTCOME].astype(np.int64))

    def _project(self, fits: Fits, ahead: Ahead) -> Projection:
        records = fits["records"]
        mean, sd = kernel.project(records, self._season, ahead.h)
        season = records[..., Column.MODEL].astype(np.int64) % 3
        ratios = season == kernel.SEASONS.index("M")
        with np.errstate(invalid="ignore", over="ignore"):
            wide = ~(sd[..., -1] <= EXPLODED_RANGES * records[..., Column.RANGE])
        wide[ratios] = ~(_relative_sd(records[ratios], self._season, ahead.h) <= EXPLODED_LEVELS)
        how = np.where(wide, CONFORMAL, np.where(ratios, SIMULATED, ANALYTIC))
        how[records[..., Column.RANGE] == 0] = (
            ANALYTIC  # a constant history: no error was ever made
        )
        sd[ratios & (records[..., Column.RANGE] == 0)] = 0.0
        return Projection(mean, sd, how)

    def _uncertainty(self, fits: Fits, h: int) -> tuple[FloatArray, FloatArray]:
        records = fits["records"].reshape(-1, fits["records"].shape[-1])
        factor, df = widening(records, self._season, self._bounds, h)
        return factor.reshape(*fits.shape, h), df.reshape(fits.shape)

    def _paths(self, fits: Fits, i: int, k: int, future: Future) -> Samples:
        record, m = fits["records"][i, k], self._season
        name = kernel.MODELS[int(record[Column.MODEL])]
        alpha, beta, gamma, phi = _smoothing(record)
        level, trend, *season = kernel.last_states(record, m).tolist()
        sigma = float(_relative_sigma(record[None], m)[0])
        errors = sigma * future.rng().standard_normal((future.h, N_PATHS))  # step by step
        levels, trends = np.full(N_PATHS, level), np.full(N_PATHS, trend)
        seasons = [np.full(N_PATHS, s) for s in season[:m]]
        paths = np.empty((N_PATHS, future.h))
        for step, error in enumerate(errors):
            at = step % m
            q = levels + phi * trends if name[1] != "N" else levels
            paths[:, step] = q * seasons[at] * (1.0 + error)
            levels = q * (1.0 + alpha * error)
            trends = phi * trends + beta * q * error
            seasons[at] = seasons[at] * (1.0 + gamma * error)
        return Samples(paths)

    def _is_sound(self, fits: Fits, lengths: IntArray) -> bool:
        return set(fits.columns) == {"records"} and kernel.are_sound(
            fits["records"], lengths, self._season, self._models
        )

    def _trouble(self, code: int) -> ForecastingError:
        if code == Outcome.TOO_SHORT:
            needed = self.min_observations
            return ShortSeriesError(
                f"has too few values that are not missing; {_named(self._models)} needs {needed}",
                needed=needed,
                got=0,
            )
        if code == Outcome.NOT_POSITIVE:
            return NonPositiveError(
                "has values of zero or less; a multiplicative error or season needs y > 0: take a model "
                "with additive ones, for instance model='AZZ' or seasonal='additive'"
            )
        return ModelError(
            f"{_named(self._models)} has no path that keeps its level and season positive; "
            "take a model with additive error and season"
        )

    def _parameters(self, fits: Fits) -> dict[str, AnyArray]:
        records, m = fits["records"], self._season
        number = records[..., Column.MODEL].astype(np.int64)
        n, objective = records[..., Column.COUNT], records[..., Column.OBJECTIVE]
        size = np.array([kernel.n_parameters(name, m) for name in kernel.MODELS])[number]
        k = size + 1.0
        with np.errstate(divide="ignore"):
            aicc = objective + 2 * k + 2 * k * (k + 1) / (n - k - 1)
        table: dict[str, AnyArray] = {
            "method": np.array(kernel.MODELS, dtype=object)[number],
            "n_obs": n,
            **{name: records[..., Column.ALPHA + j] for j, name in enumerate(SMOOTHING)},
            "sigma": records[..., Column.RMS] * np.sqrt(n / (n - size)),
            "loglik": -0.5 * objective,
            "aic": objective + 2 * k,
            "aicc": aicc,
            "bic": objective + k * np.log(n),
        }
        first, last = kernel.first_states(records, m), kernel.last_states(records, m)
        trend, season = number % 9 // 3 > 0, number % 3 > 0
        for states, mark in ((first, "0"), (last, "")):
            table[f"level{mark}"] = states[..., 0]
            table[f"trend{mark}"] = np.where(trend, states[..., 1], np.nan)
            for j in range(m if m > 1 else 0):
                table[f"season{mark}_{j + 1}"] = np.where(season, states[..., 2 + j], np.nan)
        return table


SMOOTHING = ("alpha", "beta", "gamma", "phi")


def _smoothing(record: FloatArray) -> tuple[float, float, float, float]:
    alpha, beta, gamma, phi = record[Column.ALPHA : Column.ALPHA + 4].tolist()
    missing = np.isnan([beta, gamma, phi])
    return (
        alpha,
        0.0 if missing[0] else beta,
        0.0 if missing[1] else gamma,
        1.0 if missing[2] else phi,
    )


def _relative_sigma(records: FloatArray, m: int) -> FloatArray:
    """Return the standard deviation of ``e_t / mu_t``, shape (n,), of models with a multiplicative season."""
    number = records[:, Column.MODEL].astype(np.int64)
    rms = np.where(number >= 9, records[:, Column.RMS], records[:, Column.RATIO_RMS])
    size = np.array([kernel.n_parameters(name, m) for name in kernel.MODELS])[number]
    n = records[:, Column.COUNT]
    sigma: FloatArray = rms * np.sqrt(n / (n - size))
    return sigma


def _relative_sd(records: FloatArray, m: int, h: int) -> FloatArray:
    """Return roughly the standard deviation at step ``h`` in levels: errors add up as in an additive model."""
    sigma = _relative_sigma(records, m)
    alpha, beta, gamma, phi = records[:, Column.ALPHA : Column.ALPHA + 4].T
    beta, gamma, phi = np.nan_to_num(beta), np.nan_to_num(gamma), np.where(np.isnan(phi), 1.0, phi)
    total, power, added = np.ones(len(records)), np.ones(len(records)), np.zeros(len(records))
    for j in range(1, h):
        power = power * phi
        added = added + power
        total += (alpha + beta * added + (gamma if j % m == 0 else 0.0)) ** 2
    return sigma * np.sqrt(total)


def widening(
    records: FloatArray, m: int, bounds: tuple[tuple[float, ...], tuple[float, ...]], h: int
) -> tuple[FloatArray, FloatArray]:
    """Return what estimated parameters do to standard deviations, (n, h), and degrees of freedom, (n,)."""
    lower, upper = bounds
    estimated = [low < high for low, high in zip(lower[:3], upper[:3], strict=True)]
    number = records[:, Column.MODEL].astype(np.int64)
    factor, df = np.ones((len(records), h)), np.full(len(records), np.inf)
    for model in np.unique(number).tolist():
        name, rows = kernel.MODELS[model], np.flatnonzero(number == model)
        count = records[rows, Column.COUNT].astype(np.int64)
        weights = np.nan_to_num(records[rows, Column.ALPHA : Column.ALPHA + 3])
        phi = records[rows, Column.ALPHA + 3]
        ratio = variance_ratio(
            weights,
            np.where(np.isnan(phi), 1.0, phi),
            count,
            h,
            trend=name[1] == "A",
            season_length=1 if name[-1] == "N" else m,
            estimated=estimated,
        )
        factor[rows] = np.sqrt(ratio)
        df[rows] = count - kernel.n_parameters(name, m)
    return factor, df


def _named(models: tuple[str, ...]) -> str:
    return models[0] if len(models) == 1 else "exponential smoothing"


def _fixed(
    lower: tuple[float, ...], upper: tuple[float, ...], **given: float | None
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return bounds that hold the given smoothing parameters where they are."""
    low, high = list(lower), list(upper)
    for name, value in given.items():
        if value is not None:
            low[SMOOTHING.index(name)] = high[SMOOTHING.index(name)] = float(value)
    return tuple(low), tuple(high)


def check_bounds(bounds: object) -> None:
    if bounds not in ("narrow", "usual"):
        raise ArgumentError(f"bounds must be 'narrow' or 'usual', got {bounds!r}")


def _check_smoothing(value: object, name: str) -> None:
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if value is not None and (not number or not 0 < float(value) <= 1):  # type: ignore[arg-type]
        raise ArgumentError(f"{name} must be in (0, 1], or None to be estimated; got {value!r}")


@mathematics.documented(mathematics.ETS)
@dataclass(frozen=True)
class SES(_ExponentialSmoothing):
    """Simple exponential smoothing: a level that follows the data, ``l <- l + alpha (y - l)``.

    The model ANN; ``alpha`` and the first level minimise the sum of squared one-step errors. The variance is
    ``sigma^2 (1 + (h - 1) alpha^2)`` times what estimating both adds; quantiles are Student's t. Missing values
    are skipped.

    Parameters
    ----------
    alpha : float, optional
        Smoothing weight in (0, 1]; estimated within [0.0001, 0.9999] by default.

    Examples
    --------
    >>> import pandas as pd
    >>> y = pd.Series([3.0, 5, 4, 6, 5, 7], index=pd.date_range("2024-01-01", periods=6, freq="D"))
    >>> SES(alpha=0.5).fit(y).predict(2).round(3).tolist()
    [6.015, 6.015]
    """

    alpha: float | None = None

    def __post_init__(self) -> None:
        _check_smoothing(self.alpha, "alpha")

    @property
    def _models(self) -> tuple[str, ...]:
        return ("ANN",)

    @property
    def _bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        return _fixed(kernel.LOWER, kernel.UPPER, alpha=self.alpha)


@mathematics.documented(mathematics.ETS)
@dataclass(frozen=True)
class Holt(_ExponentialSmoothing):
    """Holt's linear trend, or a damped one: a level and a slope that follow the data.

    The model AAN (AAdN), estimated by least squares of the one-step errors; ``beta <= alpha``. Intervals are
    analytic. Missing values are skipped.

    Parameters
    ----------
    damped : bool
        Let the slope fade by ``phi`` each step, ``phi`` in [0.8, 0.98].
    alpha, beta, phi : float, optional
        Smoothing weights of level and slope, and the damping; estimated by default.
    bounds : {"narrow", "usual"}
        Whether ``beta <= 0.2`` besides ``beta <= alpha``; see :class:`ETS`.

    Examples
    --------
    >>> import pandas as pd
    >>> y = pd.Series([3.0, 5, 4, 6, 7, 7, 9], index=pd.date_range("2024-01-01", periods=7, freq="D"))
    >>> Holt().fit(y).predict(2).round(2).tolist()
    [9.43, 10.32]
    """

    damped: bool = False
    alpha: float | None = None
    beta: float | None = None
    phi: float | None = None
    bounds: Bounds = "narrow"

    def __post_init__(self) -> None:
        check_bounds(self.bounds)
        for name in ("alpha", "beta", "phi"):
            _check_smoothing(getattr(self, name), name)
        if self.phi is not None and not self.damped:
            raise ArgumentError("phi damps the slope; add damped=True")

    @property
    def _models(self) -> tuple[str, ...]:
        return ("AAdN",) if self.damped else ("AAN",)

    @property
    def _bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        lower, upper = bounds_of(self.bounds, 1)
        return _fixed(lower, upper, alpha=self.alpha, beta=self.beta, phi=self.phi)


@mathematics.documented(mathematics.ETS)
@dataclass(frozen=True)
class HoltWinters(_ExponentialSmoothing):
    """Holt-Winters: level, slope and season, additive or multiplicative, by least squares.

    The path of AAA (AAdA) or of a multiplicative season around the same trend; what is minimised is the sum
    of squared one-step errors, as in R's ``hw``. Intervals are analytic for an additive season and simulated
    with relative errors for a multiplicative one. Missing values are skipped.

    Parameters
    ----------
    season_length : int
        Steps in a season, at least 2.
    seasonal : {"additive", "multiplicative"}
        Multiplicative needs positive values.
    damped : bool
        Let the slope fade by ``phi`` each step.
    bounds : {"narrow", "usual"}
        Whether ``beta <= 0.2 / season_length`` besides ``beta <= alpha``; see :class:`ETS`.
    """

    season_length: int
    seasonal: Literal["additive", "multiplicative"] = "additive"
    damped: bool = False
    bounds: Bounds = "narrow"

    def __post_init__(self) -> None:
        check_bounds(self.bounds)
        check_count(self.season_length, "season_length", least=2)
        if self.seasonal not in ("additive", "multiplicative"):
            raise ArgumentError(
                f"seasonal must be 'additive' or 'multiplicative', got {self.seasonal!r}"
            )

    @property
    def _models(self) -> tuple[str, ...]:
        return (f"A{'Ad' if self.damped else 'A'}{self.seasonal[0].upper()}",)

    @property
    def _season(self) -> int:
        return int(self.season_length)

    @property
    def _bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        return bounds_of(self.bounds, self._season)


@mathematics.documented(mathematics.ETS)
@dataclass(frozen=True)
class ETS(_ExponentialSmoothing):
    """Exponential smoothing in state space form by maximum likelihood; Z lets a criterion choose.

    Parameters
    ----------
    season_length : int
        Steps in a season; 1 without a season.
    model : str
        Error (A, M, Z), trend (N, A, Ad, Z) and season (N, A, M, Z): ``"AAdA"``, ``"MAM"``, ``"ZZZ"``. Z
        stands for all; of an additive error around a multiplicative season only if it is asked for by name.
    damped : bool, optional
        Whether an A or Z trend is damped; None lets a Z be either, and an A not.
    criterion : {"aicc", "aic", "bic"}
        What chooses among several models.
    bounds : {"narrow", "usual"}
        ``"usual"``: 0.0001 <= beta <= alpha, 0.0001 <= gamma <= 1 - alpha, the region of the literature and
        of R. ``"narrow"``, the default: besides beta <= 0.2 / season_length, which keeps exact likelihood
        from trends that chase the last values (decisions/smoothing.md has the table).

    Notes
    -----
    Needs three values more than a model has parameters. Models with a multiplicative component take part
    where all values are positive. Missing values are skipped. Gaussian intervals have the analytic variance;
    with a multiplicative season they come from 1,000 simulated paths. Where one standard deviation exceeds
    three times the range of the history (with a multiplicative season, the level) the interval is conformal,
    and ``interval`` among the parameters says so. ``refit=False`` keeps parameters and moves the states on.

    An expanding backtest costs little more than one fit; a sliding window shares nothing with the one before
    and costs a search each. The cost of a pass grows with the square of the season length.

    ``parameters()``: method, n_obs, alpha, beta, gamma, phi, sigma, loglik, aic, aicc, bic; the states before
    the first value level0, trend0, season0_1 (used first), ...; after the last value level, trend, season_1
    (used next), ....

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> t = np.arange(48)
    >>> y = pd.Series(10 + t % 4 + 0.1 * t, index=pd.date_range("2020-01-01", periods=48, freq="MS"))
    >>> ETS(4, "AAA").fit(y).predict(4).round(2).tolist()
    [14.8, 15.9, 17.0, 18.1]
    """

    season_length: int = 1
    model: str = "ZZZ"
    damped: bool | None = None
    criterion: Criterion = "aicc"
    bounds: Bounds = "narrow"

    def __post_init__(self) -> None:
        check_count(self.season_length, "season_length")
        candidates(self.model, self.damped, self.season_length)
        if self.criterion not in kernel.CRITERIA:
            raise ArgumentError(
                f"criterion must be one of {kernel.CRITERIA}, got {self.criterion!r}"
            )
        check_bounds(self.bounds)

    @property
    def _models(self) -> tuple[str, ...]:
        return candidates(self.model, self.damped, self.season_length)

    @property
    def _season(self) -> int:
        seasonal = any(name[-1] != "N" for name in self._models)
        return int(self.season_length) if seasonal else 1

    @property
    def _bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        return bounds_of(self.bounds, self._season)

    @property
    def _criterion(self) -> str:
        return self.criterion


@mathematics.documented(mathematics.ETS)
@dataclass(frozen=True)
class AutoETS(_ExponentialSmoothing):
    """The exponential smoothing model with the least criterion, chosen anew at every cutoff.

    All 15 stable combinations of error, trend and season are candidates (without a season where
    ``season_length`` is 1); those with a multiplicative component where all values are positive, each where the
    history is long enough. ``parameters()`` says what was chosen where, see :class:`ETS`.

    Parameters
    ----------
    season_length : int
        Steps in a season; 1 without a season.
    criterion : {"aicc", "aic", "bic"}
    bounds : {"narrow", "usual"}
        See :class:`ETS`.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> y = pd.Series(np.arange(30.0), index=pd.date_range("2024-01-01", periods=30, freq="D"))
    >>> AutoETS().fit(y).predict(2).round(6).tolist()
    [30.0, 31.0]
    """

    season_length: int = 1
    criterion: Criterion = "aicc"
    bounds: Bounds = "narrow"

    def __post_init__(self) -> None:
        ETS(self.season_length, criterion=self.criterion, bounds=self.bounds)

    @property
    def _models(self) -> tuple[str, ...]:
        return candidates("ZZZ", None, self.season_length)

    @property
    def _season(self) -> int:
        return int(self.season_length)

    @property
    def _bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        return bounds_of(self.bounds, self._season)

    @property
    def _criterion(self) -> str:
        return self.criterion


def bounds_of(bounds: Bounds, season_length: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return least and largest alpha, beta, gamma, phi; narrow ones keep ``beta <= 0.2 / season_length``."""
    alpha, beta, gamma, phi = kernel.UPPER
    if bounds == "narrow":
        beta = min(beta, kernel.LOWER[1] + 0.2 / season_length)
    return kernel.LOWER, (alpha, beta, gamma, phi)


def candidates(model: str, damped: bool | None, season_length: int) -> tuple[str, ...]:
    """Return the models that a name with Z stands for.

    Raises
    ------
    ArgumentError
        If there is none.
    """
    parts = re.fullmatch(r"([AMZ])(N|Ad|A|Z)([NAMZ])", model) if isinstance(model, str) else None
    if parts is None:
        hint = (
            " A multiplicative trend is not among them: its forecasts explode."
            if isinstance(model, str) and re.fullmatch(r"[AMZ]Md?[NAMZ]", model)
            else ""
        )
        raise ArgumentError(
            "model names error (A, M, Z), trend (N, A, Ad, Z) and season (N, A, M, Z), for instance 'AAdA' or "
            f"'ZZZ'; got {model!r}.{hint}"
        )
    error, trend, season = parts.groups()
    if season in "AM" and season_length == 1:
        raise ArgumentError(f"{model} has a season; it needs season_length, for instance 12")
    if trend == "N" and damped:
        raise ArgumentError(f"damped=True damps a trend; {model} has none")
    if trend == "Ad" and damped is False:
        raise ArgumentError(f"{model} is damped; leave damped out, or write A for its trend")
    trends = {
        "N": ("N",),
        "Ad": ("Ad",),
        "A": ("Ad",) if damped else ("A",),
        "Z": {None: ("N", "A", "Ad"), False: ("N", "A"), True: ("Ad",)}[damped],
    }[trend]
    seasons = (season,) if season != "Z" else ("N",) if season_length == 1 else ("N", "A", "M")
    errors = (error,) if error != "Z" else ("A", "M")
    asked = [e + t + s for e in errors for t in trends for s in seasons]
    if "Z" in (error, season):
        asked = [name for name in asked if name in kernel.STABLE]
    return tuple(asked)
