"""Forecasters whose kernel estimates every window of a batch of series in one call.

An author writes three hooks on arrays, ``_estimate``, ``_project`` and ``_trouble``; the contract of a
:class:`~forecasting.base.LocalForecaster` follows: ``fit`` and ``predict`` of 100,000 series without a
loop, a backtest in one call, and window by window, which is what the tests hold beside it. What is
learned at a window must be a function of its training values alone, bit for bit.
"""

from __future__ import annotations

import abc
import dataclasses
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from forecasting._typing import AnyArray, BoolArray, FloatArray, IntArray
from forecasting.answer import Answer, checked_shape, empty_answer
from forecasting.base import LocalForecaster
from forecasting.distribution import Deferred, Distribution, Point, Samples, StudentT
from forecasting.errors import ArgumentError, CalibrationWarning, ForecastingError, tell
from forecasting.fits import (
    ANALYTIC,
    CONFORMAL,
    EMPTY,
    FITTED,
    INTERVALS,
    Ahead,
    Cells,
    Fits,
    Projection,
    Rows,
    cells_of,
    spread,
)
from forecasting.modelfile.errors import demand
from forecasting.series import Future, History
from forecasting.windows import Windows, first_of_block

EXPLODES = "the variance of a forecast explodes with the horizon; its interval comes from past errors instead"


@dataclass(frozen=True, eq=False)
class State:
    """One fitted window, a grid of 1 x 1, and the ordinal of the last value that it has seen."""

    fits: Fits
    end: int


class BatchForecaster(LocalForecaster):
    """A local forecaster whose kernel estimates every window of a batch of series in one call."""

    # --- the hooks of an author -----------------------------------------------------------------------

    @abc.abstractmethod
    def _estimate(self, rows: Rows, starts: IntArray, stops: IntArray) -> Fits:
        """Return what is learned from each window ``rows.values[starts[i]:stops[i, k]]``.

        Parameters
        ----------
        rows : Rows
            Values, and the regressors and times of the same rows.
        starts : array of int, shape (S,)
        stops : array of int, shape (S, K)
            Ascending along K. A window with ``stops <= starts`` is empty; its fit is never read.
        """

    @abc.abstractmethod
    def _project(self, fits: Fits, ahead: Ahead) -> Projection:
        """Return the forecasts of ``ahead.h`` steps from a grid of any size; every window was fitted."""

    @abc.abstractmethod
    def _trouble(self, code: int) -> ForecastingError:
        """Return the error that a trouble code stands for."""

    def _trouble_of(self, fits: Fits, i: int, k: int) -> ForecastingError:
        """Return the error of window (i, k); for troubles that need more than their code to be told."""
        return self._trouble(int(fits.trouble[i, k]))

    def _advance(self, fits: Fits, rows: Rows, lo: IntArray, hi: IntArray) -> Fits:
        """Return fits whose states moved over ``rows.values[lo[i, k]:hi[i, k]]``, without estimating.

        Optional: needed for ``refit=False`` and ``refit=k``. Moving twice must give the bits of moving
        once over both parts. A window that cannot move gets a trouble code.
        """
        raise NotImplementedError

    def _uncertainty(self, fits: Fits, h: int) -> tuple[FloatArray, FloatArray]:
        """Return what the parameters being estimates does to ``_project``'s standard deviation.

        Asked for only where an interval is. By default nothing is estimated.

        Returns
        -------
        factor : array of float, shape (S, K, h)
            By which the standard deviation is multiplied.
        df : array of float, shape (S, K)
            Degrees of freedom of ``sigma``; the quantiles are those of Student's t. Infinite: Gaussian.
        """
        return np.ones((*fits.shape, h)), np.full(fits.shape, np.inf)

    def _paths(self, fits: Fits, i: int, k: int, future: Future) -> Samples:
        """Return simulated paths of window (i, k); needed where ``_project`` says SIMULATED.

        Draw from ``future.rng()`` step by step, so that a shorter horizon is the head of a longer one.
        """
        raise NotImplementedError

    def _parameters(self, fits: Fits) -> dict[str, AnyArray]:
        """Return what ``parameters()`` shows: name to numbers or text, shape (S, K); all were fitted."""
        return {}

    def _is_sound(self, fits: Fits, lengths: IntArray) -> bool:
        """Return whether the kernel could have left these fits, in all that it relies on.

        Optional: a model file then keeps them, and ``load`` need not estimate again. The fits come from
        a file that anybody may have written; every window in them was fitted, on ``lengths`` rows, and
        both have the shape of one grid.
        """
        raise NotImplementedError

    # --- window by window -----------------------------------------------------------------------------

    @final
    def _fit(self, history: History) -> State:
        stops = np.array([[len(history)]], dtype=np.int64)
        fits = self._estimate(_rows_of(history), np.zeros(1, dtype=np.int64), stops)
        return State(self._fitted_or_raise(fits), history.end)

    @final
    def _update(self, state: State, history: History) -> State:
        n = len(history)
        lo = max(n - (history.end - state.end), 0)
        fits = self._advance(state.fits, _rows_of(history, lo), np.array([[lo]]), np.array([[n]]))
        return State(self._fitted_or_raise(fits), history.end)

    @final
    def _predict(self, state: State, future: Future) -> Distribution:
        found = self._project(state.fits, _ahead_of(future))
        mean = found.mean[0, 0]
        how = ANALYTIC if found.how is None else int(found.how[0, 0])
        if found.sd is None:
            return Point(mean)
        if how == CONFORMAL:
            return Deferred(mean, lambda: _exploding(mean))
        sd = found.sd[0, 0] if how == ANALYTIC else None

        def work_out() -> Distribution:
            factor, df = self._uncertainty(state.fits, future.h)
            if sd is not None:
                return StudentT(mean, sd * factor[0, 0], df[0, 0])
            paths = self._paths(state.fits, 0, 0, future)
            return _widened(paths, mean, factor[0, 0], float(df[0, 0]), future)

        return Deferred(mean, work_out, sd)

    def _fitted_or_raise(self, fits: Fits) -> Fits:
        if fits.trouble[0, 0] != FITTED:
            raise self._trouble_of(fits, 0, 0)
        return fits

    # --- all at once ----------------------------------------------------------------------------------

    def check_refit(self, windows: Windows) -> None:
        moves = type(self)._advance is not BatchForecaster._advance
        if not moves and not _refits_everywhere(windows):
            raise ArgumentError(
                f"{type(self).__name__} cannot move on without a refit (it has no _advance hook); "
                "use refit=True"
            )

    def _forecast_windows(self, windows: Windows, probs: tuple[float, ...]) -> Answer:
        answer = empty_answer(windows, probs)
        fits = self._learn(windows, answer)
        if fits is not None:
            self._put_forecasts(fits, windows, answer)
        answer.learned = fits
        return answer

    def _learn(self, windows: Windows, failed: Answer) -> Fits | None:
        if not windows.active.any():
            return None
        try:
            fits = self._fit_windows(windows)
        except BaseException as error:  # any author's code: it costs this batch only
            _fail_all(failed, cells_of(windows.active), "fit", error)
            return None
        for i, k in zip(*np.nonzero(fits.trouble > FITTED), strict=True):
            failed.fail(int(i), int(k), "fit", self._trouble_of(fits, int(i), int(k)))
        return fits

    def _recall(self, learned: Any, windows: Windows, probs: tuple[float, ...]) -> Answer:
        answer = empty_answer(windows, probs)
        if learned is not None:
            self._put_forecasts(learned.only(windows.active), windows, answer)
        return answer

    def _pack(self, learned: Any) -> Any:
        if type(self)._is_sound is BatchForecaster._is_sound:
            return None
        fits, cells = _fitted_part(learned)
        whole = fits.spread(
            cells, learned.shape
        )  # what was not fitted holds chance: not to be written
        return {"columns": whole.columns, "trouble": learned.trouble}

    def _unpack(self, packed: Any, windows: Windows) -> Fits:
        fits = Fits(dict(packed["columns"]), packed["trouble"])
        arrays = (fits.trouble, *fits.columns.values())
        demand(all(isinstance(array, np.ndarray) for array in arrays), "estimates are no arrays")
        shape = windows.active.shape
        demand(all(array.shape[:2] == shape for array in arrays), "estimates of other series")
        demand(fits.trouble.dtype == np.int64, "the troubles are no whole numbers")
        known, cells = _fitted_part(fits)
        lengths = windows.lengths[cells].reshape(known.shape)
        demand(self._is_sound(known, lengths), f"no {type(self).__name__} has such estimates")
        return fits

    def _describe(self, learned: Any) -> dict[str, AnyArray]:
        if not isinstance(learned, Fits):
            return {}
        known, cells = _fitted_part(learned)
        if len(cells[0]) == 0:
            return {}
        found = {name: _shown(column) for name, column in self._parameters(known).items()}
        if known is learned:
            return found
        return {name: spread(column, cells, learned.shape) for name, column in found.items()}

    def _ahead_of_fits(
        self, fits: Fits, windows: Windows, answer: Answer
    ) -> tuple[Fits, Cells, Ahead]:
        """Return the fitted windows that can be asked ahead, n x 1, where they lie, and what is asked."""
        known, cells = _fitted_part(fits)
        regressors = []
        if windows.known.shape[1]:
            lacking = np.zeros(fits.shape, dtype=bool)
            for i, k in zip(*cells, strict=True):
                try:
                    regressors.append(windows.known_ahead(int(i), int(windows.hi[i, k])))
                except ForecastingError as error:
                    answer.fail(int(i), int(k), "data", error)
                    lacking[i, k] = True
            if lacking.any():
                cells = cells_of((fits.trouble == FITTED) & ~lacking)
                known = fits.take(cells)
        panel = windows.panel
        X = np.stack(regressors) if regressors else np.empty((len(cells[0]), windows.h, 0))
        first = panel.start[cells[0]] + windows.hi[cells] - panel.offsets[cells[0]]
        shape = known.shape
        ahead = Ahead(
            windows.h,
            first.reshape(shape),
            panel.calendar,
            X.reshape(*shape, windows.h, X.shape[-1]),
            panel.covariates.known_names,
        )
        return known, cells, ahead

    def _put_forecasts(self, fits: Fits, windows: Windows, answer: Answer) -> None:
        """Put the forecasts of all fitted windows into an answer, with quantiles where it wants them."""
        known, cells, ahead = self._ahead_of_fits(fits, windows, answer)
        n = len(cells[0])
        if n == 0:
            return
        try:
            found = self._project(known, ahead)
            what = "forecasts (series, windows, steps)"
            mean = checked_shape(found.mean, (*known.shape, windows.h), what).reshape(n, windows.h)
        except BaseException as error:  # any author's code: it costs this batch only
            _fail_all(answer, cells, "predict", error)
            return
        answer.mean[cells] = mean
        if not answer.probs or found.sd is None:
            return
        how = np.zeros(n, dtype=np.int8) if found.how is None else found.how.ravel()
        interval = np.full(fits.shape, None, dtype=object)
        interval[cells] = np.array(INTERVALS, dtype=object)[how]
        answer.parameters["interval"] = interval
        finite = np.isfinite(mean).all(axis=1)  # the others are failures soon
        own = np.flatnonzero(finite & (how != CONFORMAL))
        try:
            factor, df = self._uncertainty(fits.take((cells[0][own], cells[1][own])), windows.h)
        except BaseException as error:  # any author's code: it costs this batch only
            _fail_all(answer, cells, "predict", error)
            return
        analytic = how[own] == ANALYTIC
        rows = own[analytic]
        at = (cells[0][rows], cells[1][rows])
        sd = found.sd.reshape(n, windows.h)[rows]
        with np.errstate(over="ignore", invalid="ignore"):
            student = StudentT(mean[rows], sd * factor[analytic, 0], df[analytic, 0])
            answer.quantiles[at] = student.quantiles(answer.probs)
        answer.own[at] = True
        bare = dataclasses.replace(windows, known=windows.known[:, :0])  # paths need no regressor
        for j in np.flatnonzero(~analytic).tolist():
            i, k = int(cells[0][own[j]]), int(cells[1][own[j]])
            self._put_paths(fits, i, k, bare, answer, factor[j, 0], float(df[j, 0]))
        for _ in range(int(np.count_nonzero(finite & (how == CONFORMAL)))):
            tell(EXPLODES, CalibrationWarning)

    def _put_paths(
        self,
        fits: Fits,
        i: int,
        k: int,
        windows: Windows,
        answer: Answer,
        factor: FloatArray,
        df: float,
    ) -> None:
        try:
            future = windows.future(i, k)
            paths = self._paths(fits, i, k, future)
            wide = _widened(paths, answer.mean[i, k], factor, df, future)
            answer.quantiles[i, k] = wide.quantiles(answer.probs)
            answer.own[i, k] = True
        except BaseException as error:  # any author's code: it costs this cell only
            answer.fail(i, k, "predict", error)

    # --- which windows are estimated, which moved on -----------------------------------------------------

    def _fit_windows(self, windows: Windows) -> Fits:
        """Return what is known at every active window: estimated there, or moved on from where it was."""
        if _refits_everywhere(windows):
            return self._estimate_at(windows, windows.active)
        return self._move_on(windows, self._estimate_first(windows))

    def _estimate_at(self, windows: Windows, wanted: BoolArray) -> Fits:
        """Return the fits of the windows that are wanted; the grid is empty elsewhere."""
        if windows.window is not None:  # no two windows begin at the same row
            cells = cells_of(wanted)
            found = self._estimate(
                _rows(windows, cells[0], windows.lo[cells]),
                windows.lo[cells],
                windows.hi[cells][:, None],
            )
            return found.spread(cells, wanted.shape)
        starts = windows.panel.offsets[:-1]
        stops = np.where(wanted, windows.hi, starts[:, None])
        if (np.diff(stops, axis=1) >= 0).all():
            rows = _rows(windows, np.arange(windows.n_series), starts)
            return self._estimate(rows, starts, stops).only(wanted)
        series = np.flatnonzero(wanted.any(axis=1))
        order = np.argsort(wanted[series], axis=1, kind="stable")  # the wanted last, in time order
        order = order[:, -int(wanted.sum(axis=1).max()) :]
        at = (np.broadcast_to(series[:, None], order.shape), order)
        begin = starts[series]
        found = self._estimate(_rows(windows, series, begin), begin, stops[at])
        real = wanted[at]
        return found.take(cells_of(real)).spread((at[0][real], at[1][real]), wanted.shape)

    def _estimate_first(self, windows: Windows) -> Fits:
        """Return a grid with an estimate at the first window of each block of windows that share one.

        First is the first at which the series takes part; where it cannot be fitted, the next is tried.
        """
        wanted = first_of_block(windows.active, windows.fit_at)
        left = windows.active & ~wanted
        found = self._estimate_at(windows, wanted)
        cells = cells_of(wanted)
        fits = found.take(cells).spread(cells, wanted.shape)
        while True:
            again = wanted & (found.trouble != FITTED)
            left = left & _whole_block(again, windows.fit_at)
            if not left.any():
                return fits
            wanted = first_of_block(left, windows.fit_at)
            left = left & ~wanted
            found = self._estimate_at(windows, wanted)
            cells = cells_of(wanted)
            fits.place(cells, found.take(cells))

    def _move_on(self, windows: Windows, fits: Fits) -> Fits:
        """Fill the other active windows of a grid, each from the one before it in its block."""
        lo, hi = windows.lo, windows.hi
        last = np.full(windows.n_series, -1)
        for k in range(windows.n_windows):
            if k == 0 or windows.fit_at[k] != windows.fit_at[k - 1]:
                last[:] = -1
            moves = windows.active[:, k] & (fits.trouble[:, k] == EMPTY) & (last >= 0)
            series = np.flatnonzero(moves)
            if len(series):
                before = (series, last[series])
                first = np.maximum(hi[before], lo[series, k])
                rows = _rows(windows, series, first)
                moved = self._advance(fits.take(before), rows, first[:, None], hi[series, k, None])
                fits.place((series, np.full(len(series), k)), moved)
            last[fits.trouble[:, k] == FITTED] = k
        return fits


def _refits_everywhere(windows: Windows) -> bool:
    return np.array_equal(windows.fit_at, np.arange(windows.n_windows))


def _whole_block(marked: BoolArray, fit_at: IntArray) -> BoolArray:
    """Return every window of a block in which one is marked."""
    _, block = np.unique(fit_at, return_inverse=True)
    hit = np.zeros((len(marked), int(block.max()) + 1), dtype=bool)
    rows, columns = np.nonzero(marked)
    hit[rows, block[columns]] = True
    return hit[:, block]


def _rows(windows: Windows, series: IntArray, begin: IntArray) -> Rows:
    """Return the rows of a panel; the call's series are ``series``, which start at rows ``begin``."""
    panel = windows.panel
    first = panel.start[series] + begin - panel.offsets[series]
    covariates = panel.covariates
    return Rows(panel.values, first, panel.calendar, covariates.known, covariates.known_names)


def _rows_of(history: History, at: int = 0) -> Rows:
    first = np.array([history.start + at])
    return Rows(history.y, first, history.calendar, history.X, history.X_names)


def _ahead_of(future: Future) -> Ahead:
    first = np.array([[future.cutoff + 1]])
    return Ahead(future.h, first, future.calendar, future.X[None, None], future.X_names)


def _fitted_part(fits: Fits) -> tuple[Fits, Cells]:
    """Return the windows that were fitted, as they lie if that is all of them, and where they lie."""
    cells = fits.fitted()
    return (fits if len(cells[0]) == fits.trouble.size else fits.take(cells)), cells


def _fail_all(answer: Answer, cells: Cells, stage: str, error: BaseException) -> None:
    for i, k in zip(*cells, strict=True):
        answer.fail(int(i), int(k), stage, error)


def _shown(column: AnyArray) -> AnyArray:
    """Return a parameter as text (object) or float64: one type, whatever stands beside it in a table."""
    return column.astype(object if column.dtype.kind in "OUS" else np.float64, copy=False)


def _widened(
    paths: Samples, mean: FloatArray, factor: FloatArray, df: float, future: Future
) -> Samples:
    """Return paths as far from the mean as estimated parameters let them be, each with a sigma of its own."""
    if np.isinf(df) and (factor == 1).all():  # nothing was estimated
        return paths
    stretch = np.ones(len(paths.draws))
    if np.isfinite(df):
        stretch = np.sqrt(df / future.rng().spawn(1)[0].chisquare(df, len(stretch)))
    return Samples(mean + factor * stretch[:, None] * (paths.draws - mean))


def _exploding(mean: FloatArray) -> Distribution:
    tell(EXPLODES, CalibrationWarning)
    return Point(mean)
