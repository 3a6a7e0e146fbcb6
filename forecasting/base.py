"""The forecaster contract: ``fit`` and ``predict`` for users, two pure hooks for authors.

An author writes ``_fit(history) -> state`` and ``_predict(state, future) -> array | Distribution`` (a
:class:`LocalForecaster`), or the same for a whole panel (a :class:`GlobalForecaster`). Panels, intervals,
backtests and the public tests follow. A third hook, ``_forecast_windows``, may answer all windows of a
batch of series in one call; the contract tests demand that it answers what the loop would.
"""

from __future__ import annotations

import abc
import dataclasses
import os
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self, Unpack, final

import numpy as np
import pandas as pd

from forecasting._typing import AnyArray, FloatArray
from forecasting.answer import Answer, active_cells, as_failure, empty_answer
from forecasting.calibration import past_errors, set_conformal
from forecasting.conformal import USUAL_WINDOWS, level_of, windows_needed
from forecasting.distribution import Asked, Distribution, as_distribution, ask
from forecasting.errors import (
    ArgumentError,
    CalibrationWarning,
    ForecastingError,
    NotFittedError,
    check_keywords,
    tell,
    tell_all,
)
from forecasting.held import FEW_TRIALS, TRIALS, inside, shortfall, trial_windows, truth_of
from forecasting.modelfile.failures import decode_failures, encode_failures
from forecasting.modelfile.saving import Fit, save
from forecasting.panel import Panel
from forecasting.presenting import failures_frame, present, warn_about_failures, warn_about_horizon
from forecasting.pulse import window_unnamed
from forecasting.reading import DataOptions, as_panel, known_ahead
from forecasting.regressors import Regressors
from forecasting.schedule import check_horizon
from forecasting.series import Entropy, Future, History, PanelFuture, unmoved_generators
from forecasting.troubles import troubles
from forecasting.windows import Windows, calibration_windows, final_window


@dataclass(frozen=True, eq=False)
class Fitted:
    """What ``fit`` kept: the panel, the states, and the series that failed."""

    panel: Panel
    learned: Any
    failed: Answer
    seed: int


class Forecaster(abc.ABC):
    """A method that forecasts series; parameters are frozen, what was learned is kept beside them.

    Subclasses are frozen dataclasses that derive from :class:`LocalForecaster` or
    :class:`GlobalForecaster`.
    """

    #: True if the hooks accept NaN in the history (missing values and gaps).
    handles_missing: ClassVar[bool] = False

    #: Whether intervals come from a replay of its past: dear to try, and nothing that ``Calibrated`` would add.
    _replays: ClassVar[bool] = False

    _fitted: Fitted | None

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if dataclasses.is_dataclass(cls):
            known = [f.name for f in dataclasses.fields(cls) if f.init]
            check_keywords(kwargs, known, cls.__name__)
        made = super().__new__(cls)
        object.__setattr__(made, "_fitted", None)
        return made

    @property
    def min_observations(self) -> int:
        """The shortest history the forecaster takes."""
        return 1

    @property
    def min_series(self) -> int:
        """The fewest series from which it learns all that it can; an audit takes as many."""
        return 1

    @property
    def calibration_size(self) -> int:
        """Past forecasts that intervals are calibrated on, where the history allows."""
        return USUAL_WINDOWS

    @property
    def is_local(self) -> bool:
        """True if each series is forecast from its own past alone, so that series may be batched."""
        return False

    @property
    def at_once(self) -> bool:
        """True if all windows are answered in one call, so that large batches are fast."""
        return False

    # --- users ------------------------------------------------------------------------------------

    @final
    def fit(
        self,
        data: object,
        *,
        X: Regressors | None = None,
        seed: int = 0,
        **options: Unpack[DataOptions],
    ) -> Self:
        """Learn from a panel of series, forgetting what was learned before.

        Parameters
        ----------
        data : DataFrame, Series, polars or Arrow table, or Panel
            Long (``unique_id, ds, y``), wide, one series, or a sktime MultiIndex frame.
        X : Regressors, optional
            Regressors with their declared role.
        seed : int
            Seed of forecasters that draw random numbers.
        **options
            ``freq, id_col, time_col, target_col, date_format, drop_trailing_na, end``: see
            :func:`forecasting.as_panel`.

        Returns
        -------
        Self
            Itself, to be chained.

        Raises
        ------
        InputError
            If the frame cannot be read. Trouble with one series is a warning and a row of
            ``failures``, unless there is no other series.
        """
        object.__setattr__(self, "_fitted", None)
        panel = as_panel(data, X=X, **options)
        windows = final_window(panel, 1, seed)
        failed = self._blocked(windows, ())
        with warnings.catch_warnings(record=True) as caught, unmoved_generators():
            warnings.simplefilter("always")
            learned = self._learn(windows.only(~failed.failed()), failed)
        tell_all(caught)
        warn_about_failures(failed, panel, "fit")
        object.__setattr__(self, "_fitted", Fitted(panel, learned, failed, seed))
        return self

    @final
    def predict(
        self,
        h: int | None = None,
        *,
        X: Regressors | pd.DataFrame | None = None,
        level: Sequence[float] | float = (),
        quantiles: Sequence[float] | None = None,
        **unknown: object,
    ) -> Any:
        """Forecast the next ``h`` steps of every series; changes nothing.

        Parameters
        ----------
        h : int
            Steps after the end of each series.
        X : Regressors or DataFrame, optional
            Known-future regressors of these steps, matched by id and time.
        level : sequence of float
            Prediction intervals, in percent: ``level=(80, 95)`` gives ``lo-80, hi-80, ...``.
        quantiles : sequence of float
            Quantiles in (0, 1) instead of levels: columns ``q-0.1, ...``.

        Returns
        -------
        DataFrame or Series
            Of the kind that came in; long frames have ``unique_id, ds, mean`` and the intervals.
            Series that failed are NaN, named in a warning and in ``attrs["failures"]``.

        Raises
        ------
        NotFittedError, HorizonError, LevelError, RegressorError
        """
        check_keywords(unknown, ("h", "X", "level", "quantiles"), "predict")
        h = check_horizon(h)
        asked = ask(level, quantiles)
        fitted = self._require_fitted()
        ahead = known_ahead(fitted.panel, X, h)
        windows = final_window(fitted.panel, h, fitted.seed, ahead)
        with warnings.catch_warnings(record=True) as caught, unmoved_generators():
            warnings.simplefilter("always")
            answer = self._answer_after_fit(fitted, windows, asked.probs)
        tell_all(caught)
        if self.at_once and asked.level and answer.own.any():
            self._tell_of_past_intervals(windows.only(answer.own), asked)
        warn_about_horizon(h, fitted.panel)
        warn_about_failures(answer, fitted.panel, "predict", already=fitted.failed)
        return present(fitted.panel, answer, asked, h)

    @property
    def failures(self) -> pd.DataFrame:
        """Series that could not be fitted: ``unique_id, model, cutoff, stage, code, message, n_obs``."""
        fitted = self._require_fitted()
        return failures_frame(fitted.failed, final_window(fitted.panel, 1, 0), repr(self))

    @final
    def parameters(self) -> pd.DataFrame:
        """Return what ``fit`` estimated: ``unique_id`` and a column per parameter, one row a series.

        Series that failed have no row.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ArgumentError
            If the forecaster has no parameters to show.
        """
        fitted = self._require_fitted()
        found = self._describe(fitted.learned)
        if not found:
            raise ArgumentError(
                f"{type(self).__name__} has no table of parameters: it estimates none, or keeps them to itself"
            )
        series = np.flatnonzero(~fitted.failed.failed()[:, 0])
        columns = {name: column[series, 0] for name, column in found.items()}
        return pd.DataFrame({"unique_id": fitted.panel.ids[series], **columns})

    @final
    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the forecaster, fitted or not, into a file that :func:`forecasting.load` reads.

        The file is JSON and raw arrays; nothing in it can run. It holds the parameters and, after ``fit``,
        the data, the seed and the failures. What was estimated is kept where it is arrays: all of ours
        but ``LagRegression``, ``PanelBooster`` and ``Transformed``. These, the adapters to statsmodels,
        Prophet and sktime, and forecasters of your own are estimated again by ``load``, with the same bits
        under the same versions of the libraries.

        Parameters
        ----------
        path : str or path
            The file appears whole or not at all; an earlier one is replaced.

        Returns
        -------
        Path

        Raises
        ------
        UnsavableError
            If a parameter is a function or another object that is no number, text or frozen dataclass.
        DiskWriteError
            If the file cannot be written; what was there before is intact.
        """
        fit, fitted = None, self._fitted
        if fitted is not None:
            kept = self._keep(fitted.learned, fitted.failed)
            fit = Fit(fitted.panel, int(fitted.seed), kept, self._again(kept))
        return save(path, self, self.min_observations, fit)

    def _require_fitted(self) -> Fitted:
        if self._fitted is None:
            raise NotFittedError(f"{type(self).__name__} is not fitted; call fit(data) first")
        return self._fitted

    def _tell_of_past_intervals(self, windows: Windows, asked: Asked) -> None:
        """Warn if own intervals, made at earlier cutoffs, held too few of the values that came."""
        trial = trial_windows(windows, FEW_TRIALS if self._replays else TRIALS)
        if trial is None:
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of intervals that are thrown away
            past = self.uncalibrated(trial, asked.probs)
        cells = np.nonzero(past.own)
        truth = truth_of(trial)[cells]
        bounds = past.quantiles[cells]
        shares = {
            level: inside(truth, bounds[..., 2 * j], bounds[..., 2 * j + 1])
            for j, level in enumerate(asked.level)
        }
        typed = None if self._replays else repr(self)
        found = shortfall(shares, typed, len(np.unique(cells[0])))
        if found is not None:
            tell(found, CalibrationWarning)

    def _answer_after_fit(
        self, fitted: Fitted, windows: Windows, probs: tuple[float, ...]
    ) -> Answer:
        open_cells = windows.only(~fitted.failed.failed())
        answer = self._recall(fitted.learned, open_cells, probs)
        answer.check(open_cells)
        self._calibrate(open_cells, answer, probs)
        answer.failures.extend(fitted.failed.failures)
        return answer

    # --- the engine -------------------------------------------------------------------------------

    @final
    def answer(self, windows: Windows, probs: tuple[float, ...] = ()) -> Answer:
        """Forecast every active cell, quantiles included; each cell is finite or has a failure."""
        with unmoved_generators():
            answer = self.uncalibrated(windows, probs)
            self._calibrate(windows, answer, probs)
            try:
                answer.parameters = {**self._describe(answer.learned), **answer.parameters}
            except BaseException as error:  # any author's code: the forecasts stand
                tell(f"the parameters cannot be shown: {as_failure(error)}")
        answer.learned = None
        return answer

    @final
    def uncalibrated(self, windows: Windows, probs: tuple[float, ...] = ()) -> Answer:
        """Forecast every active cell, with quantiles only where the forecaster has its own."""
        blocked = self._blocked(windows, probs)
        open_cells = windows.only(~blocked.failed())
        try:
            answer = self._forecast_windows(open_cells, probs)
        except BaseException as error:  # any author's third hook: it costs this batch only
            answer = empty_answer(windows, probs)
            for i, k in active_cells(open_cells):
                answer.fail(i, k, "predict", error)
        answer.check(open_cells)
        answer.failures.extend(blocked.failures)
        return answer

    def check_refit(self, windows: Windows) -> None:  # noqa: B027 - most can keep estimates
        """Raise :class:`ArgumentError` if the schedule asks to keep estimates and this one cannot."""

    def _blocked(self, windows: Windows, probs: tuple[float, ...]) -> Answer:
        blocked = empty_answer(windows, probs)
        for i, k, error in troubles(windows, self.handles_missing, self.min_observations):
            blocked.fail(i, k, "data", error)
        return blocked

    def _describe(self, learned: Any) -> dict[str, AnyArray]:
        """Return the parameters that were learned by name, arrays (n_series, n_windows); none here."""
        return {}

    @abc.abstractmethod
    def _learn(self, windows: Windows, failed: Answer) -> Any:
        """Return what is learned from the one window of each series; failures go to ``failed``."""

    @abc.abstractmethod
    def _recall(self, learned: Any, windows: Windows, probs: tuple[float, ...]) -> Answer:
        """Return forecasts from what was learned."""

    @abc.abstractmethod
    def _forecast_windows(self, windows: Windows, probs: tuple[float, ...]) -> Answer:
        """Return forecasts for all active cells, each from its own training part alone."""

    # --- model files --------------------------------------------------------------------------------

    @final
    def _keep(self, learned: Any, failed: Answer) -> Any:
        """Return what was learned and what failed as plain values and arrays; None to learn it again."""
        packed = None if learned is None else self._pack(learned)
        return None if packed is None else {"learned": packed, "failed": encode_failures(failed)}

    @final
    def _restore(self, kept: Any, windows: Windows) -> tuple[Any, Answer]:
        """Return what was learned from the one window of each series, and what failed."""
        if kept is not None:
            failed = decode_failures(kept["failed"], windows)
            return self._unpack(kept["learned"], windows.only(~failed.failed())), failed
        failed = self._blocked(windows, ())
        return self._learn(windows.only(~failed.failed()), failed), failed

    def _pack(self, learned: Any) -> Any:
        """Return what was learned as plain values and arrays, or None to have it learned again."""
        return None

    def _unpack(self, packed: Any, windows: Windows) -> Any:
        """Return what ``_pack`` was given; check all that a kernel relies on."""
        raise NotImplementedError

    def _again(self, kept: Any) -> tuple[str, ...]:
        """Return the names of the forecasters that are estimated again from what ``_keep`` kept."""
        return () if kept is not None else (type(self).__name__,)

    # --- intervals of point forecasts ---------------------------------------------------------------

    def _calibrate(self, windows: Windows, answer: Answer, probs: tuple[float, ...]) -> None:
        todo = windows.only(~answer.own & ~answer.settled())
        if not probs or not todo.active.any():
            return
        n = max(self.calibration_size, *(windows_needed(level_of(p)) for p in probs))
        try:
            errors = self._past_errors(todo, n)
        except BaseException as error:  # any author's third hook: the means stand
            for i, k in active_cells(todo):
                answer.fail(i, k, "interval", error)
            return
        set_conformal(todo, answer, errors, probs)

    def _past_errors(self, windows: Windows, n: int) -> FloatArray:
        """Return the errors y - mean of the n latest past forecasts, shape (S, K, h, n)."""
        inner, back = calibration_windows(windows, n)
        blocked = self._blocked(inner, ())
        with window_unnamed():
            past = self._forecast_windows(inner.only(~blocked.failed()), ())
        return past_errors(windows, past.mean, back, n)


class LocalForecaster(Forecaster):
    """A forecaster that learns each series from its own past alone."""

    #: False if nothing is estimated, so that ``fit`` need only keep the data.
    estimates: ClassVar[bool] = True

    @abc.abstractmethod
    def _fit(self, history: History) -> Any:
        """Return the state learned from one series; pure."""

    @abc.abstractmethod
    def _predict(self, state: Any, future: Future) -> FloatArray | Distribution:
        """Return the forecast of ``future.h`` steps from a state; pure."""

    def _update(self, state: Any, history: History) -> Any:
        """Return the state moved to the end of a longer history, without estimating again."""
        raise NotImplementedError

    @property
    def is_local(self) -> bool:
        return True

    @property
    def at_once(self) -> bool:
        return type(self)._forecast_windows is not LocalForecaster._forecast_windows

    def check_refit(self, windows: Windows) -> None:
        every = np.arange(windows.n_windows)
        moves = type(self)._update is not LocalForecaster._update or not self.estimates
        if not moves and not np.array_equal(windows.fit_at, every):
            raise ArgumentError(
                f"{type(self).__name__} cannot move on without a refit (it has no _update hook); "
                "use refit=True"
            )

    def _again(self, kept: Any) -> tuple[str, ...]:
        return super()._again(kept) if self.estimates else ()

    def _past_errors(self, windows: Windows, n: int) -> FloatArray:
        rows = np.flatnonzero(windows.active.any(axis=1))
        if len(rows) == windows.n_series:
            return super()._past_errors(windows, n)
        found = np.full((*windows.active.shape, windows.h, n), np.nan)
        found[rows] = super()._past_errors(windows.take(rows), n)
        return found

    def _learn(self, windows: Windows, failed: Answer) -> Any:
        if not self.estimates:
            return None
        states: dict[int, Any] = {}
        for i, k in active_cells(windows):
            try:
                states[i] = self._fit(windows.history(i, k))
            except BaseException as error:  # any author's code: it costs this series only
                failed.fail(i, k, "fit", error)
        return states

    def _recall(self, learned: Any, windows: Windows, probs: tuple[float, ...]) -> Answer:
        if not self.estimates:
            return self._forecast_windows(windows, probs)
        answer = empty_answer(windows, probs)
        for i, k in active_cells(windows):
            try:
                forecast = self._predict(learned[i], windows.future(i, k))
                answer.put(i, k, as_distribution(forecast), probs)
            except BaseException as error:  # any author's code
                answer.fail(i, k, "predict", error)
        return answer

    def _forecast_windows(self, windows: Windows, probs: tuple[float, ...]) -> Answer:
        return self._loop(windows, probs)

    @final
    def _loop(self, windows: Windows, probs: tuple[float, ...]) -> Answer:
        """Fit and predict window by window: what every faster answer must equal."""
        answer = empty_answer(windows, probs)
        series, state, fitted_at = -1, None, -1
        for i, k in active_cells(windows):
            began, stage = time.perf_counter(), "fit"
            try:
                history, due = windows.history(i, k), int(windows.fit_at[k])
                if i != series or due > fitted_at or not self.estimates:
                    series, fitted_at = i, -1
                    state = self._fit(history)
                    fitted_at = k
                else:
                    state = self._update(state, history)
                stage = "predict"
                forecast = self._predict(state, windows.future(i, k))
                answer.put(i, k, as_distribution(forecast), probs)
            except BaseException as error:  # any author's code: it costs this cell only
                answer.fail(i, k, stage, error)
            answer.seconds[i, k] = time.perf_counter() - began
        return answer


class GlobalForecaster(Forecaster):
    """A forecaster that learns one model from all series."""

    @abc.abstractmethod
    def _fit(self, panel: Panel, rng: np.random.Generator) -> Any:
        """Return the state learned from all series; pure."""

    @abc.abstractmethod
    def _predict(self, state: Any, panel: Panel, future: PanelFuture) -> FloatArray | Distribution:
        """Return forecasts of ``future.h`` steps after the end of ``panel``, arrays (n_series, h)."""

    def _learn(self, windows: Windows, failed: Answer) -> Any:
        series, panel = windows.training_panel(0)
        try:
            return self._fit(panel, Entropy(windows.seed, panel.values, 0).rng("fit"))
        except BaseException as error:  # any author's code
            for i in series.tolist():
                failed.fail(i, 0, "fit", error)
            return None

    def _recall(self, learned: Any, windows: Windows, probs: tuple[float, ...]) -> Answer:
        answer = empty_answer(windows, probs)
        if windows.active.any():
            self._predict_window(learned, windows, 0, answer, probs)
        return answer

    def _forecast_windows(self, windows: Windows, probs: tuple[float, ...]) -> Answer:
        answer = empty_answer(windows, probs)
        state, fitted_at, broken = None, -1, None
        for k in range(windows.n_windows):
            series, panel = windows.training_panel(k)
            if len(series) == 0:
                continue
            began = time.perf_counter()
            if windows.fit_at[k] > fitted_at or fitted_at < 0:
                fitted_at, broken = k, None
                try:
                    state = self._fit(panel, Entropy(windows.seed, panel.values, 0).rng("fit"))
                except BaseException as error:  # any author's code
                    broken = as_failure(error)
            if broken is None:
                self._predict_window(state, windows, k, answer, probs)
            else:
                for i in series.tolist():
                    answer.fail(i, k, "fit", broken)
            answer.seconds[series, k] = (time.perf_counter() - began) / len(series)
        return answer

    def _predict_window(
        self, state: Any, windows: Windows, k: int, answer: Answer, probs: tuple[float, ...]
    ) -> None:
        ahead: dict[int, FloatArray] = {}
        for i in np.flatnonzero(windows.active[:, k]).tolist():
            try:
                ahead[i] = windows.known_ahead(i, int(windows.hi[i, k]))
            except ForecastingError as error:
                answer.fail(i, k, "data", error)
        series = np.array(list(ahead), dtype=np.int64)
        if len(series) == 0:
            return
        panel = windows.panel.cut(series, windows.lo[series, k], windows.hi[series, k])
        entropy = Entropy(windows.seed, panel.values, 0)
        future = PanelFuture(windows.h, np.stack(list(ahead.values())), entropy)
        try:
            forecast = as_distribution(self._predict(state, panel, future))
            answer.put_window(series, k, forecast, probs)
        except BaseException as error:  # any author's code
            for i in series.tolist():
                answer.fail(i, k, "predict", error)

    def _past_errors(self, windows: Windows, n: int) -> FloatArray:
        """As the local rule, but with few estimates, each made before all of its errors.

        Estimating a global model at each of ``h + n - 1`` inner cutoffs would multiply its cost. Steps
        ``(p / 2, p]``, p a power of two, share one estimate at ``c - p - n + 1``: all their errors
        are out of sample, and a step's interval does not depend on the horizon.
        """
        found = np.full((*windows.active.shape, windows.h, n), np.nan)
        for k in range(windows.n_windows):
            outer = windows.columns(np.array([k]), standalone=True)
            power = 1
            while power // 2 < windows.h:
                steps = np.arange(power // 2, min(power, windows.h))  # zero-based
                group = dataclasses.replace(outer, h=int(steps[-1]) + 1)
                part = self._frozen_errors(group, n, power - 1 - int(steps[-1]))
                found[:, k : k + 1, steps] = part[:, :, steps]
                power *= 2
        return found

    def _frozen_errors(self, windows: Windows, n: int, earlier: int) -> FloatArray:
        """Return past errors of one estimate, made ``earlier`` steps before the first inner cutoff."""
        inner, back = calibration_windows(windows, n, earlier)
        frozen = dataclasses.replace(inner, fit_at=np.zeros(inner.n_windows, dtype=np.int64))
        blocked = self._blocked(frozen, ())
        past = self._forecast_windows(frozen.only(~blocked.failed()), ())
        return past_errors(windows, past.mean, back, n)


__all__ = [
    "Asked",
    "Forecaster",
    "GlobalForecaster",
    "LocalForecaster",
    "PanelFuture",
]
