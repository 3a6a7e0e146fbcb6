"""``WeightedEnsemble``: members weighted by the errors that each made at earlier origins."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from forecasting._typing import AnyArray, BoolArray, FloatArray, IntArray
from forecasting.answer import Answer, Failure, empty_answer
from forecasting.base import Forecaster
from forecasting.compose.ensemble import in_member
from forecasting.compose.explaining import Explanation, explanation, row_of, why
from forecasting.compose.members import Ask, Composite, as_members, learn
from forecasting.compose.record import Record, Taught
from forecasting.compose.spread import differences, mean_size, unit
from forecasting.compose.weighting import (
    Past,
    best_member,
    combine,
    shrunk_weights,
    within_reach,
)
from forecasting.compose.widths import Intervals, Widths, say_modelled
from forecasting.errors import (
    ArgumentError,
    RegressorError,
    ShortSeriesError,
    check_choice,
    check_count,
)
from forecasting.pulse import window_unnamed
from forecasting.regressors import Regressors
from forecasting.windows import Windows, extremes, first_of_block, origin_windows

Weights = Literal["backtest", "equal", "median", "select"]


@dataclass(frozen=True)
class WeightedEnsemble(Composite):
    """Combine forecasters, each weighted by its errors in a backtest of its own past.

    At every cutoff each member is refitted at ``n_origins`` earlier ones, ``step_size`` apart, and forecasts
    ``horizon`` steps from each; only what had been seen by the cutoff counts. With the mean absolute error
    ``E_j`` of member ``j`` (over the steps and origins that all members forecast),

        ``r_j = E_j / mean_j E_j``,  ``log s_j = lam log r_j + (1 - lam) P_j``,  ``w_j = s_j^-4 / sum s_j^-4``

    where ``lam = n / (n + 60)``, ``n`` the number of errors, and ``P_j`` the mean of ``log r_j`` over the panel
    (0 with ``pooled=False``). A series too short for any origin has the panel's weights; where all are, origins
    with less behind them count, if intervals do not stand on their errors. In a backtest all of
    it happens inside each window, on the past of that window alone.

    Intervals are symmetric around the mean, their widths come from the combination's own errors at these
    origins (``conformal``), from a bundled model of how errors grow (``scale``), or are the mean of the two
    (``blend``); see ``forecasting.compose.spread``. Where no series is long enough for an origin there are no
    own errors: the model stands in, and a warning says so. Members are held within three ranges of the history,
    and they and the quantiles at zero and above where the history is.

    Parameters
    ----------
    forecasters : sequence of Forecaster, or mapping of names to forecasters
        At least two, of any kind.
    names : sequence of str, optional
        What they are called in tables; a mapping has them, else the classes where these differ.
    weights : {"backtest", "equal", "median", "select"}
        ``equal`` and ``median`` need no errors, ``select`` takes the member with the least one.
    season_length : int
        Steps in a season: the unit of errors and intervals.
    horizon : int
        Steps that are forecast from each origin. The weights do not depend on the ``h`` that is asked for.
    n_origins, step_size : int
        The origins lie ``step_size, 2 step_size, ... n_origins step_size`` before the cutoff.
    intervals : {"conformal", "scale", "blend"}
    pooled : bool
        Learn weights and intervals from all series of the panel together. False keeps series apart: a
        series then has the same forecast whatever stands beside it, and a backtest may run in batches.
    on_failure : {"fail", "leave_out"}
        Where a member fails, the combination fails under its name; or goes on without it, and says so:
        its weight is NaN and ``left_out`` among the parameters names it. Where regressors of the steps
        ahead are lacking and a member fails, the combination fails either way.

    Notes
    -----
    ``parameters()``, one row a series: ``weight_<name>``, NaN for a member that was left out; ``error_<name>``
    and the combination's ``error``, mean absolute errors at the origins over the in-sample seasonal naive one,
    on the steps that all members forecast; ``n_errors``, how many these are, 0 where the series is too short
    for any origin; ``left_out``, who could not take the series and why. ``explain(unique_id)`` shows them for
    one series, with a picture; ``why()`` for the panel in a sentence.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from forecasting import HistoricAverage, Naive
    >>> y = pd.Series(np.arange(40.0), index=pd.date_range("2024-01-01", periods=40, freq="D"))
    >>> ensemble = WeightedEnsemble({"naive": Naive(), "average": HistoricAverage()}).fit(y)
    >>> ensemble.parameters()[["weight_naive", "weight_average"]].round(3).to_numpy().tolist()
    [[0.999, 0.001]]
    """

    _replays: ClassVar[bool] = True

    forecasters: Sequence[Forecaster] | Mapping[str, Forecaster]
    weights: Weights = "backtest"
    season_length: int = 1
    horizon: int = 12
    n_origins: int = 8
    step_size: int = 1
    intervals: Intervals = "conformal"
    pooled: bool = True
    on_failure: Literal["fail", "leave_out"] = "fail"
    names: Sequence[str] | None = None

    def __post_init__(self) -> None:
        given = self.forecasters
        if isinstance(given, Mapping):
            object.__setattr__(self, "names", tuple(str(name) for name in given))
            given = tuple(given.values())
        members = as_members(given, "WeightedEnsemble")
        object.__setattr__(self, "forecasters", members)
        names = _names(members) if self.names is None else tuple(self.names)
        if len(names) != len(members) or len(set(names)) < len(names):
            raise ArgumentError(
                f"{len(members)} forecasters need as many names, each once: {names}"
            )
        object.__setattr__(self, "names", names)
        check_choice(self.weights, "weights", ("backtest", "equal", "median", "select"))
        check_choice(self.intervals, "intervals", ("conformal", "scale", "blend"))
        check_choice(self.on_failure, "on_failure", ("fail", "leave_out"))
        for name in ("season_length", "horizon", "n_origins", "step_size"):
            check_count(getattr(self, name), name)

    @property
    def members(self) -> tuple[Forecaster, ...]:
        return tuple(self.forecasters)  # type: ignore[arg-type]

    @property
    def is_local(self) -> bool:
        return not self.pooled and super().is_local

    @property
    def least_history(self) -> int:
        """Rows that an origin must have behind it to count."""
        return max(9, min(2 * int(self.season_length) + 6, 30))

    @property
    def least_errors(self) -> int:
        """Rows from which on a series has past errors of its own."""
        return int(self.step_size) + self.least_history

    # --- what the past says -----------------------------------------------------------------------------

    @property
    def _offsets(self) -> IntArray:
        """Steps from each origin to the cutoff, shape (O,)."""
        return int(self.step_size) * np.arange(1, int(self.n_origins) + 1, dtype=np.int64)

    def _replay(self, windows: Windows, wanted: BoolArray) -> Iterator[tuple[int, Past, Record]]:
        """Yield the past of every wanted window and what it taught, column by column."""
        offsets = self._offsets
        least = self._least(windows, wanted)
        inner, back = origin_windows(windows, offsets, self.horizon, wanted, int(least.min()))
        with warnings.catch_warnings(), window_unnamed():
            warnings.simplefilter("ignore")  # of forecasts that nobody is given
            means = np.stack([member.uncalibrated(inner, ()).mean for member in self.members])
        low, high = extremes(inner)
        means = within_reach(means, low[None, ..., None], high[None, ..., None])
        steps = np.arange(1, self.horizon + 1)
        seen = steps <= offsets[:, None]  # (O, H)
        ahead = np.where(seen, steps - 1 - offsets[:, None], 0)
        values = windows.panel.values
        unknown = np.asarray(np.isnan(windows.panel.covariates.known).any(axis=1))
        for k in np.flatnonzero(wanted.any(axis=0)).tolist():
            rows = windows.hi[:, k, None, None] + ahead  # (S, O, H)
            behind = (inner.hi - inner.lo)[:, back[k]]  # (S, O)
            counts = wanted[:, k, None] & (behind >= least[:, k, None])
            inside = seen & (rows >= windows.lo[:, k, None, None]) & counts[..., None]
            truth = np.where(inside, values[np.where(inside, rows, 0)], np.nan)
            if unknown.any():  # a forecast that leans on a regressor that nobody knows says nothing
                lacking = inside & unknown[np.where(inside, rows, 0)]
                truth[np.logical_or.accumulate(lacking, axis=2)] = np.nan
            scale, s0 = self._scales(windows, k, wanted[:, k])
            past = Past(means[:, :, back[k]], truth, scale)
            yield k, past, self._record(past, s0)

    def _least(self, windows: Windows, wanted: BoolArray) -> IntArray:
        """Return the rows that an origin must have behind it to count, shape (S, K).

        A season and three steps do where no series that is asked would have an origin else, unless intervals
        are made of the few errors that come of it.
        """
        usual, fewest = self.least_history, max(int(self.season_length) + 3, 9)
        short = windows.hi - windows.lo - int(self.step_size) < usual
        if self.pooled:
            short = np.broadcast_to((short | ~wanted).all(axis=0), short.shape)
        return np.where(short & (self.intervals == "scale"), min(fewest, usual), usual)

    @np.errstate(over="ignore")
    def _scales(self, windows: Windows, k: int, wanted: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Return the seasonal naive error of each history, its mean size where that is zero; and ``s0``."""
        scale, s0 = np.ones(windows.n_series), np.ones(windows.n_series)
        m = int(self.season_length)
        for i in np.flatnonzero(wanted).tolist():
            y = windows.panel.values[windows.lo[i, k] : windows.hi[i, k]]
            size = mean_size(differences(y, m))
            if not size > 0.0:
                size = mean_size(np.abs(y[np.isfinite(y)]))
            scale[i], s0[i] = size if size > 0.0 else 1.0, unit(y, m)[0]
        return scale, s0

    @np.errstate(over="ignore", invalid="ignore")
    def _record(self, past: Past, s0: FloatArray) -> Record:
        errors, counts = past.errors(), past.counts
        if self.weights == "backtest":
            weights = shrunk_weights(errors, counts, self.pooled)
        elif self.weights == "select":
            weights = best_member(errors, counts, self.pooled)
        else:
            weights = np.full(errors.shape, 1.0 / len(errors))
        residuals = past.residuals(self._combined(past.means, weights))
        return Record(weights, errors, past.error_of(residuals), counts, residuals, s0)

    def _combined(self, means: FloatArray, weights: FloatArray) -> FloatArray:
        """Return the combination (S, ...) of the members' forecasts (J, S, ...) by weights (J, S)."""
        return combine(means, None if self.weights == "median" else weights)

    # --- the contract -----------------------------------------------------------------------------------

    def _learn(self, windows: Windows, failed: Answer) -> Any:
        members = [learn(member, windows) for member in self.members]
        record = next((found for *_, found in self._replay(windows, windows.active)), None)
        return Taught(members, record or self._nothing(windows.n_series))

    def _nothing(self, n_series: int) -> Record:
        return Record.nothing(len(self.members), n_series, int(self.n_origins), int(self.horizon))

    def _recall(self, learned: Any, windows: Windows, probs: tuple[float, ...]) -> Answer:
        ask = [Ask(one.member, one) for one in learned.members]
        return self._answer(ask, windows, probs, learned.record, {})

    def _combine(self, ask: Sequence[Ask], windows: Windows, probs: tuple[float, ...]) -> Answer:
        wanted = first_of_block(windows.active, windows.fit_at)
        found = {k: record for k, _, record in self._replay(windows, wanted)}
        return self._answer(ask, windows, probs, self._nothing(windows.n_series), found)

    def _answer(
        self,
        ask: Sequence[Ask],
        windows: Windows,
        probs: tuple[float, ...],
        current: Record,
        newer: dict[int, Record],
    ) -> Answer:
        answer, means = self._gather(ask, windows, probs)
        began = first_of_block(windows.active, windows.fit_at)
        modelled = np.zeros(windows.active.shape, dtype=bool)
        for k in range(windows.n_windows):
            current = newer[k].where(began[:, k], current) if k in newer else current
            mean = self._combined(means[:, :, k], current.weights)
            modelled[:, k] = self._put(current, windows, k, means[:, :, k], mean, answer)
        say_modelled(windows, modelled, self.least_errors)
        return answer

    @property
    def _widths(self) -> Widths:
        return Widths(self.intervals, int(self.season_length), bool(self.pooled))

    def _gather(
        self, ask: Sequence[Ask], windows: Windows, probs: tuple[float, ...]
    ) -> tuple[Answer, FloatArray]:
        """Return an answer that holds the failures alone, and the members' forecasts, shape (J, S, K, h)."""
        answer = empty_answer(windows, probs)
        if not windows.active.any():
            return answer, np.full((len(ask), *answer.mean.shape), np.nan)
        parts = [one(windows, ()) for one in ask]
        answer.seconds = np.sum([part.seconds for part in parts], axis=0)
        low, high = extremes(windows)
        means = np.stack([part.mean for part in parts])
        means = within_reach(means, low[None, ..., None], high[None, ..., None])
        self._put_failures(parts, windows, answer)
        return answer, means

    @np.errstate(over="ignore", invalid="ignore")
    def _put(
        self,
        record: Record,
        windows: Windows,
        k: int,
        means: FloatArray,
        mean: FloatArray,
        answer: Answer,
    ) -> BoolArray:
        """Put forecasts (S, h) of window ``k`` into an answer, with intervals and parameters.

        ``means`` (J, S, h) is what the members said. Nothing is put where a cell has failed. Returns the
        series (S,) of which the bundled model made intervals that should have come from past errors.
        """
        modelled = np.zeros(windows.n_series, dtype=bool)
        cells = windows.active[:, k] & ~answer.failed()[:, k]
        answer.mean[cells, k] = mean[cells]
        if answer.probs and cells.any():
            low, high = extremes(windows.columns(np.array([k]), standalone=True))
            widths = self._widths.of(record, windows, k, means, mean, answer.probs)
            constant = (low == high)[..., None] & np.isfinite(widths)
            widths = np.where(constant, 0.0, widths)  # nothing but rounding made them
            bounds = mean[..., None] + widths
            bounds = np.where((low >= 0)[..., None], np.maximum(bounds, 0.0), bounds)
            answer.quantiles[cells, k] = bounds[cells]
            answer.own[cells, k] = True
            modelled = cells & self._widths.modelled(record)
        lost = np.asarray(np.isnan(means).any(axis=2))
        self._put_parameters(record, lost, k, answer)
        return modelled

    def _put_failures(self, parts: Sequence[Answer], windows: Windows, answer: Answer) -> None:
        """Fail the cells in which a member failed, or all did; else name who was left out.

        Members are left out for what they cannot take, never because a regressor ahead is lacking: what
        the others would say then is another forecast than the one that was asked for.
        """
        lost = np.stack([part.failed() for part in parts])
        strict = self.on_failure == "fail"
        doomed = windows.active & (lost.any(axis=0) if strict else lost.all(axis=0))
        short = np.zeros_like(doomed)
        if not strict:
            if windows.known.shape[1]:
                _fail_what_lacks_regressors(windows, windows.active & lost.any(axis=0), answer)
                doomed |= answer.failed()
            # Of several reasons to fail a short history is the one to tell.
            short = doomed & np.stack([part.too_short() for part in parts]).any(axis=0)
            answer.parameters["left_out"] = np.full(windows.active.shape, "", dtype=object)
        for j, part in enumerate(parts):
            member, failed = self.members[j], answer.failed()
            for f in part.failures:
                if f.stage == "interval" or not windows.active[f.series, f.window]:
                    continue
                if doomed[f.series, f.window]:
                    if short[f.series, f.window] and f.error.code != ShortSeriesError.code:
                        continue
                    if not failed[f.series, f.window]:
                        answer.fail(f.series, f.window, f.stage, in_member(member, f.error))
                        failed[f.series, f.window] = True
                elif not strict:
                    self._name_left_out(answer.parameters["left_out"], j, f)

    def _name_left_out(self, said: AnyArray, j: int, failure: Failure) -> None:
        name = f"{self._names[j]} ({failure.error.code})"
        before = said[failure.series, failure.window]
        said[failure.series, failure.window] = f"{before}, {name}" if before else name

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(self.names or ())

    def _put_parameters(self, record: Record, lost: BoolArray, k: int, answer: Answer) -> None:
        for name, column in record.table(self._names, lost).items():
            nothing = np.full(answer.mean.shape[:2], np.nan)
            answer.parameters.setdefault(name, nothing)[:, k] = column

    def _describe(self, learned: Any) -> dict[str, AnyArray]:
        if not isinstance(learned, Taught):
            return {}
        lost = np.stack([one.failed.failed()[:, 0] for one in learned.members])
        table = learned.record.table(self._names, lost)
        shown: dict[str, AnyArray] = {name: column[:, None] for name, column in table.items()}
        if self.on_failure == "leave_out":
            shown["left_out"] = np.full((lost.shape[1], 1), "", dtype=object)
            for j, one in enumerate(learned.members):
                for f in one.failed.failures:
                    self._name_left_out(shown["left_out"], j, f)
        return shown

    def explain(
        self,
        unique_id: object = None,
        h: int | None = None,
        X: Regressors | pd.DataFrame | None = None,
    ) -> Explanation:
        """Return why a series is forecast as it is: weights, components' errors and forecasts.

        Parameters
        ----------
        unique_id : object
            The series; may be left out where there is one.
        h : int, optional
            Steps to show; as many as each earlier origin forecast, by default.
        X : Regressors or DataFrame, optional
            Known-future regressors of these steps, as in ``predict``.

        Raises
        ------
        NotFittedError
        ArgumentError
            If there is no such series, or it failed.
        """
        fitted = self._require_fitted()
        i = row_of(fitted.panel.ids, unique_id)
        if fitted.failed.failed()[i, 0]:
            raise ArgumentError(f"series {fitted.panel.ids[i]!r} could not be fitted; see failures")
        return explanation(self, fitted.learned, fitted, i, h, X)

    def why(self) -> str:
        """Return in a sentence how far the combination and its best member were off at the earlier origins.

        The best member is known in hindsight, and the weights were made of the same errors; a backtest of the
        combination, which makes weights anew inside every window, is the number to report.
        """
        fitted = self._require_fitted()
        return why(self, fitted.learned, ~fitted.failed.failed()[:, 0])

    # --- model files --------------------------------------------------------------------------------------

    def _pack(self, learned: Any) -> Any:
        return {"members": super()._pack(learned.members), **learned.record.packed()}

    def _unpack(self, packed: Any, windows: Windows) -> Any:
        record = self._nothing(windows.n_series).unpacked(packed)
        return Taught(super()._unpack(packed["members"], windows), record)

    def _again(self, kept: Any) -> tuple[str, ...]:
        if kept is not None:
            kept = {"learned": kept["learned"]["members"]}
        return super()._again(kept)


def _fail_what_lacks_regressors(windows: Windows, cells: BoolArray, answer: Answer) -> None:
    """Fail those of the cells whose steps ahead lack a known-future regressor."""
    for i, k in zip(*np.nonzero(cells), strict=True):
        try:
            windows.known_ahead(int(i), int(windows.hi[i, k]))
        except RegressorError as error:
            answer.fail(int(i), int(k), "data", error)


def _names(members: Sequence[Forecaster]) -> tuple[str, ...]:
    """Return short names: the class where that tells them apart, else the whole expression."""
    short = [type(member).__name__ for member in members]
    return tuple(short if len(set(short)) == len(short) else [repr(member) for member in members])
