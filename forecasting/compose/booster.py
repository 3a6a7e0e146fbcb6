"""``PanelBooster``: gradient boosting on the errors of a combination, over all series, where that pays."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from forecasting._typing import AnyArray, BoolArray, FloatArray
from forecasting.answer import Answer, as_failure
from forecasting.base import Forecaster
from forecasting.compose.boosting import (
    Cells,
    Corrector,
    Lessons,
    OriginSizes,
    by_content,
    features,
    gradient_boosting,
    origin_sizes,
    scaled_error,
    trials,
)
from forecasting.compose.members import Ask, Composite, learn
from forecasting.compose.record import Record, Taught
from forecasting.compose.weighted import WeightedEnsemble
from forecasting.compose.weighting import Past, within_reach
from forecasting.compose.widths import say_modelled
from forecasting.errors import ArgumentError, ForecastingError, check_count, plural
from forecasting.series import Entropy
from forecasting.windows import Windows, extremes, first_of_block

#: Errors of a series that hardly moves are scored in this part of its size: else it alone is the gate.
LEAST_SCALE = 0.01


@dataclass(frozen=True, eq=False)
class Boost:
    """What the gate decided at one window, and what corrects forecasts where it is open."""

    reason: str
    gain: float = math.nan
    model: Corrector | None = None
    error: ForecastingError | None = None


@dataclass(frozen=True, eq=False)
class Boosted:
    """What ``fit`` kept: what the ensemble learned, and the boost."""

    taught: Taught
    boost: Boost


@dataclass(frozen=True)
class PanelBooster(Composite):
    """Correct a combination by what its past errors have in common over all series of the panel.

    At every cutoff the ensemble replays its own past. With the forecasts ``f`` of that replay whose truth
    ``y`` had been seen by the cutoff, boosted trees learn ``(y - f) / u``, ``u`` the size of the series, from
    what was known at each origin; the forecast becomes ``f + share * u * g(x)``. A cutoff's trees learn from
    that cutoff's past alone: never from the errors of a later window of the same backtest.

    A gate decides at every cutoff whether it pays: trees that learned from the earlier origins, of targets
    seen before the later ones begin, must lower the scaled absolute error at the later ones by ``least_gain``
    percent, in the mean of two trials: split at a half and at three quarters of the origins. Else, and with
    fewer than 10 series or 500 past forecasts, the forecast is the ensemble's, bit for bit.

    Intervals are made the ensemble's way from the errors of boosted past forecasts, each half of the series
    corrected by trees that learned from the other half.

    Parameters
    ----------
    forecaster : WeightedEnsemble
        Its ``horizon``, ``n_origins`` and ``step_size`` say which past forecasts there are to learn from.
    n_rounds : int
        Trees.
    learning_rate : float
        In (0, 1].
    share : float
        In (0, 1]: how much of the expected error is corrected.
    least_gain : float
        Percent; ``-math.inf`` boosts whatever the gate finds.

    Raises
    ------
    ArgumentError
        For another forecaster, or parameters out of range.

    Notes
    -----
    Needs the package ``lightgbm``. ``parameters()`` has those of the ensemble, ``gate`` (on, off), ``gain`` in
    percent and ``gate_reason``. The forecast of one series depends on which others are there; not on their
    ids or order. A model file keeps no trees: ``load`` learns again, with the same bits under the same
    versions.

    References
    ----------
    Ke et al. (2017), LightGBM: a highly efficient gradient boosting decision tree, *NeurIPS* 30.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from forecasting import Naive, HistoricAverage
    >>> y = pd.Series(np.arange(40.0), index=pd.date_range("2024-01-01", periods=40, freq="D"))
    >>> booster = PanelBooster(WeightedEnsemble({"naive": Naive(), "average": HistoricAverage()}))
    >>> booster.fit(y).parameters()[["gate", "gate_reason"]].to_numpy().tolist()
    [['off', '1 series, 10 are needed']]
    """

    forecaster: WeightedEnsemble
    n_rounds: int = 150
    learning_rate: float = 0.04
    share: float = 0.5
    least_gain: float = 0.5

    _replays: ClassVar[bool] = True

    #: Fewer series or past forecasts teach nothing that holds for all.
    least_series: ClassVar[int] = 10
    least_cells: ClassVar[int] = 500

    def __post_init__(self) -> None:
        if not isinstance(self.forecaster, WeightedEnsemble):
            raise ArgumentError(
                f"PanelBooster boosts a WeightedEnsemble, got {type(self.forecaster).__name__}; "
                "PanelBooster(WeightedEnsemble((Naive(), ...)))"
            )
        check_count(self.n_rounds, "n_rounds")
        for name in ("learning_rate", "share"):
            if not 0 < getattr(self, name) <= 1:
                raise ArgumentError(f"{name} must lie in (0, 1], got {getattr(self, name)!r}")
        if math.isnan(self.least_gain):
            raise ArgumentError("least_gain is a number of percent, got NaN")

    @property
    def members(self) -> tuple[Forecaster, ...]:
        return self.forecaster.members

    @property
    def is_local(self) -> bool:
        return False

    @property
    def min_series(self) -> int:
        """Series that give it enough past forecasts to learn from, even if half of them have none."""
        ensemble = self.forecaster
        each = int(np.minimum(ensemble._offsets, ensemble.horizon).sum())
        return max(super().min_series, 2 * self.least_series, -(-2 * self.least_cells // each))

    # --- learning -------------------------------------------------------------------------------------------

    def _taught(
        self, windows: Windows, wanted: BoolArray, residuals: bool
    ) -> Iterator[tuple[int, Record, Boost]]:
        """Yield what each wanted window learned from its own past, column by column."""
        boost, trained_at = Boost(""), -1
        for k, past, record in self.forecaster._replay(windows, wanted):
            lessons = self._lessons(windows, k, wanted[:, k], past, record)
            fresh = trained_at < 0 or windows.fit_at[k] > trained_at  # else series that came later
            if fresh:
                boost, trained_at = self._judged(lessons, _rng(windows, lessons, "boost")), k
            if residuals and boost.model is not None:
                record = self._corrected(record, lessons, None if fresh else boost.model, windows)
            yield k, record, boost

    def _lessons(
        self, windows: Windows, k: int, wanted: BoolArray, past: Past, record: Record
    ) -> Lessons:
        """Return the past forecasts of window ``k`` whose truth it knows."""
        ensemble, m = self.forecaster, int(self.forecaster.season_length)
        series = by_content(windows, k, np.flatnonzero(wanted & past.usable.any(axis=(1, 2))))
        ends = windows.hi[series, k][:, None] - ensemble._offsets
        whole = origin_sizes(windows, k, series, ends, m)
        error = record.residuals[series]
        with np.errstate(all="ignore"):
            usable = np.isfinite(error / whole.size[..., None])
        place, origin, step = np.nonzero(usable)
        end = ends[place, origin]
        means = past.means[:, series]
        cells = Cells(
            series[place],
            end,
            step + 1,
            means[:, usable],
            ensemble._combined(means, record.weights[:, series])[usable],
            windows.panel.covariates.known[end + step],
            OriginSizes(*(part[place, origin] for part in whole)),
        )
        size = cells.sizes.size
        return Lessons(
            fold=place % 2,
            at=(cells.series, origin, step),
            x=features(windows, k, cells, m, int(ensemble.horizon)),
            error=error[usable],
            size=size,
            scale=np.maximum(past.scale[cells.series], LEAST_SCALE * size),
        )

    @np.errstate(over="ignore", invalid="ignore")
    def _judged(self, lessons: Lessons, rng: np.random.Generator) -> Boost:
        """Return trees if the gate lets them through, else why not."""
        try:
            return self._weighed(lessons, rng)
        except BaseException as error:  # another library's code: it costs these windows only
            return Boost("", error=as_failure(error))

    def _weighed(self, lessons: Lessons, rng: np.random.Generator) -> Boost:
        n_series = len(np.unique(lessons.at[0]))
        if n_series < self.least_series:
            return Boost(f"{plural(n_series, 'series', 'series')}, {self.least_series} are needed")
        if len(lessons) < self.least_cells:
            return Boost(f"{plural(len(lessons), 'past forecast')}, {self.least_cells} are needed")
        gains = []
        for early, late in trials(lessons, self.forecaster._offsets):
            trees = self._regress(early.x, early.target, _seed(rng))
            left = scaled_error(late, self._correction(trees, late)) / scaled_error(late, 0.0)
            gains.append(100 * (1 - left))
        if not gains:
            return Boost("there are no earlier origins to learn from, or no later errors to lower")
        gain = sum(gains) / len(gains)
        if not gain >= self.least_gain:
            return Boost(f"a gain of {gain:.2f} %, {self.least_gain:g} are needed", gain)
        model = self._regress(lessons.x, lessons.target, _seed(rng))
        return Boost(f"a gain of {gain:.2f} %", gain, model)

    def _regress(self, x: FloatArray, target: FloatArray, seed: int) -> Corrector:
        return gradient_boosting(x, target, seed, int(self.n_rounds), float(self.learning_rate))

    def _correction(self, model: Corrector, lessons: Lessons) -> FloatArray:
        found: FloatArray = self.share * lessons.size * np.asarray(model.predict(lessons.x))
        return found

    def _corrected(
        self, record: Record, lessons: Lessons, model: Corrector | None, windows: Windows
    ) -> Record:
        """Return the record with the errors of boosted forecasts, by trees that saw other series alone.

        ``model`` is one that did; None trains one for each half.
        """
        residuals, rng = record.residuals.copy(), _rng(windows, lessons, "boost by halves")
        for fold in (0, 1):
            own = lessons.only(lessons.fold == fold)
            other = lessons.only(lessons.fold != fold)
            if not len(own) or (model is None and not len(other)):
                continue
            trees = model or self._regress(other.x, other.target, _seed(rng))
            residuals[own.at] = own.error - self._correction(trees, own)
        return dataclasses.replace(record, residuals=residuals)

    # --- the contract ---------------------------------------------------------------------------------------

    def _learn(self, windows: Windows, failed: Answer) -> Any:
        members = [learn(member, windows) for member in self.members]
        found = next(self._taught(windows, windows.active, True), None)
        if found is None:
            nothing = self.forecaster._nothing(windows.n_series)
            return Boosted(Taught(members, nothing), Boost("no series"))
        _, record, boost = found
        if boost.error is not None:
            for i in np.flatnonzero(windows.active[:, 0]).tolist():
                failed.fail(i, 0, "fit", boost.error)
        return Boosted(Taught(members, record), boost)

    def _recall(self, learned: Any, windows: Windows, probs: tuple[float, ...]) -> Answer:
        taught = learned.taught
        ask = [Ask(one.member, one) for one in taught.members]
        return self._answer(ask, windows, probs, iter([(0, taught.record, learned.boost)]))

    def _combine(self, ask: Sequence[Ask], windows: Windows, probs: tuple[float, ...]) -> Answer:
        wanted = first_of_block(windows.active, windows.fit_at)
        return self._answer(ask, windows, probs, self._taught(windows, wanted, bool(probs)))

    def _answer(
        self,
        ask: Sequence[Ask],
        windows: Windows,
        probs: tuple[float, ...],
        taught: Iterator[tuple[int, Record, Boost]],
    ) -> Answer:
        ensemble = self.forecaster
        answer, means = ensemble._gather(ask, windows, probs)
        if not windows.active.any():
            return answer
        began = time.perf_counter()
        found = {k: (record, boost) for k, record, boost in taught}
        spent = (time.perf_counter() - began) / int(windows.active.sum())
        answer.seconds[windows.active] += spent
        record, boost = ensemble._nothing(windows.n_series), Boost("")
        newly = first_of_block(windows.active, windows.fit_at)
        modelled = np.zeros(windows.active.shape, dtype=bool)
        for k in range(windows.n_windows):
            if k in found:
                record, boost = found[k][0].where(newly[:, k], record), found[k][1]
            mean = ensemble._combined(means[:, :, k], record.weights)
            if boost.error is not None:
                for i in np.flatnonzero(windows.active[:, k] & ~answer.failed()[:, k]).tolist():
                    answer.fail(i, k, "fit", boost.error)
            elif boost.model is not None:
                mean = self._boosted(boost.model, windows, k, means[:, :, k], mean, answer)
            modelled[:, k] = ensemble._put(record, windows, k, means[:, :, k], mean, answer)
            for name, value in _shown(boost).items():
                column = _column(value, answer.mean.shape[:2])
                answer.parameters.setdefault(name, column)[:, k] = value
        say_modelled(windows, modelled, ensemble.least_errors)
        return answer

    def _boosted(
        self,
        model: Corrector,
        windows: Windows,
        k: int,
        means: FloatArray,
        mean: FloatArray,
        answer: Answer,
    ) -> FloatArray:
        """Return corrected forecasts (S, h) of window ``k``; a regressor that is lacking fails its cell."""
        ahead: dict[int, FloatArray] = {}
        for i in np.flatnonzero(windows.active[:, k] & ~answer.failed()[:, k]).tolist():
            try:
                ahead[i] = windows.known_ahead(i, int(windows.hi[i, k]))
            except ForecastingError as error:
                answer.fail(i, k, "data", error)
        if not ahead:
            return mean
        series, m = np.array(list(ahead), dtype=np.int64), int(self.forecaster.season_length)
        ends = windows.hi[series, k]
        n, h = len(series), windows.h
        whole = origin_sizes(windows, k, series, ends[:, None], m)
        cells = Cells(
            np.repeat(series, h),
            np.repeat(ends, h),
            np.tile(np.arange(1, h + 1), n),
            means[:, series].reshape(-1, n * h),
            mean[series].ravel(),
            np.concatenate(list(ahead.values())),
            OriginSizes(*(np.repeat(part[:, 0], h) for part in whole)),
        )
        x = features(windows, k, cells, m, int(self.forecaster.horizon))
        expected = np.asarray(model.predict(x)).reshape(n, h)
        with np.errstate(all="ignore"):
            moved = mean[series] + self.share * whole.size * expected
        bounds = extremes(windows.columns(np.array([k]), standalone=True))
        low, high = (bound[series] for bound in bounds)
        boosted = mean.copy()
        boosted[series] = within_reach(moved, low, high)
        return boosted

    def _tell_of_past_intervals(self, windows: Windows, asked: Any) -> None:
        """Say nothing: these intervals are past errors already, and a trial would train many times."""

    def _describe(self, learned: Any) -> dict[str, AnyArray]:
        if not isinstance(learned, Boosted):
            return {}
        table = self.forecaster._describe(learned.taught)
        shape = (len(learned.taught.record.counts), 1)
        return table | {name: _column(v, shape) for name, v in _shown(learned.boost).items()}

    # --- model files ----------------------------------------------------------------------------------------

    def _pack(self, learned: Any) -> Any:
        return None  # the parser of trees is not made for files that anybody may have written

    def _again(self, kept: Any) -> tuple[str, ...]:
        return (type(self).__name__,)


def _column(value: str | float, shape: tuple[int, ...]) -> AnyArray:
    return np.full(shape, value, dtype=object if isinstance(value, str) else float)


def _shown(boost: Boost) -> dict[str, str | float]:
    gate = "off" if boost.model is None else "on"
    return {"gate": gate, "gain": boost.gain, "gate_reason": boost.reason}


def _rng(windows: Windows, lessons: Lessons, purpose: str) -> np.random.Generator:
    return Entropy(windows.seed, lessons.target, 0).rng(purpose)


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31 - 1))
