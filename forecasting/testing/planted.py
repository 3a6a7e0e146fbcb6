"""Forecasters that cheat on purpose, so that one can see the audit fail.

Never forecast with these. ``PLANTED`` has one of each; ``python -m benchmarks leak_matrix`` prints
which oracle catches which, and the tests demand that each is caught and that each oracle catches one.
"""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from forecasting._typing import BoolArray, FloatArray
from forecasting.answer import Answer, empty_answer
from forecasting.backtesting import audit
from forecasting.base import Forecaster, GlobalForecaster, LocalForecaster, PanelFuture
from forecasting.compose.booster import Boost, PanelBooster
from forecasting.compose.boosting import Corrector, Lessons
from forecasting.compose.record import Record
from forecasting.compose.weighted import WeightedEnsemble
from forecasting.distribution import Normal, Point
from forecasting.errors import ShortSeriesError
from forecasting.models.naive import Naive, WindowAverage
from forecasting.panel import Panel
from forecasting.series import Future, History
from forecasting.testing.case import contract_panel
from forecasting.windows import Windows


@dataclass(frozen=True)
class LastValue(LocalForecaster):
    """Honest: the last value."""

    def _fit(self, history: History) -> Any:
        return float(history.y[-1])

    def _predict(self, state: Any, future: Future) -> FloatArray:
        return np.full(future.h, state)


@dataclass(frozen=True)
class _Peeking(LastValue):
    """Answers all windows at once, and so has the panel of all of them in its hands."""

    def _forecast_windows(self, windows: Windows, probs: tuple[float, ...]) -> Answer:
        answer = empty_answer(windows, probs)
        mean = np.zeros((windows.n_series, windows.n_windows, windows.h))
        for i in range(windows.n_series):
            for k in range(windows.n_windows):
                mean[i, k] = self._cheat(windows, i, k)
        answer.put_all(windows, Point(mean), probs)
        return answer

    def _cheat(self, windows: Windows, i: int, k: int) -> float:
        return _last(windows, i, k)


def _last(windows: Windows, i: int, k: int) -> float:
    return float(windows.panel.values[windows.hi[i, k] - 1])


def _next(windows: Windows, i: int, k: int) -> float:
    row = min(int(windows.hi[i, k]), int(windows.panel.offsets[i + 1]) - 1)
    return float(windows.panel.values[row])


class NextValue(_Peeking):
    """Adds 1 % of the next true value."""

    def _cheat(self, windows: Windows, i: int, k: int) -> float:
        return _last(windows, i, k) + 0.01 * _next(windows, i, k)


class WholeMean(_Peeking):
    """Scales by the mean of the whole frame."""

    def _cheat(self, windows: Windows, i: int, k: int) -> float:
        return float(np.nanmean(windows.panel.values))


class CountsRows(_Peeking):
    """Uses only how many rows there are in all."""

    def _cheat(self, windows: Windows, i: int, k: int) -> float:
        return float(len(windows.panel.values))


class RankInHistory(_Peeking):
    """Rank of the last value in the full history."""

    def _cheat(self, windows: Windows, i: int, k: int) -> float:
        return float((windows.panel.series(i) < _last(windows, i, k)).sum())


class NeighbourFuture(_Peeking):
    """The last row that the panel has of the first series."""

    def _cheat(self, windows: Windows, i: int, k: int) -> float:
        return float(windows.panel.series(0)[-1])


class FillsBackwards(_Peeking):
    """Takes missing values, and fills them from the rows behind the cutoff."""

    handles_missing = True

    def _fit(self, history: History) -> Any:
        return float(history.y[~np.isnan(history.y)][-1])

    def _cheat(self, windows: Windows, i: int, k: int) -> float:
        at = int(windows.hi[i, k]) - 1
        y = windows.panel.values[at : windows.panel.offsets[i + 1]]
        observed = y[~np.isnan(y)]
        return float(observed[0]) if len(observed) else 0.0


@dataclass(frozen=True)
class ClassCache(LastValue):
    """Remembers between windows, in the class."""

    seen: ClassVar[list[float]] = []

    def _fit(self, history: History) -> Any:
        self.seen.append(float(history.y[-1]))
        return float(np.mean(self.seen))


@dataclass(frozen=True)
class Unseeded(LastValue):
    """Adds noise that nobody seeded."""

    def _predict(self, state: Any, future: Future) -> FloatArray:
        noise = 1e-6 * np.random.default_rng().standard_normal(future.h)
        return np.full(future.h, state) + noise


class NeighbourValue(_Peeking):
    """The value before the first of the series, which is another one's: a lag that is too long."""

    def _cheat(self, windows: Windows, i: int, k: int) -> float:
        return float(windows.panel.values[windows.panel.offsets[i] - 1])


class Positional(_Peeking):
    """The place of the series decides."""

    def _cheat(self, windows: Windows, i: int, k: int) -> float:
        return float(i)


class WritesIntoTraining(_Peeking):
    """Lifts the lock of the training data and writes into it, once."""

    def _cheat(self, windows: Windows, i: int, k: int) -> float:
        values = windows.panel.values
        while isinstance(values.base, np.ndarray):
            values = values.base
        values.setflags(write=True)
        values[0] = 77.0
        return _last(windows, i, k)


# --- of our own ---------------------------------------------------------------------------------------


class NameMatters(_Peeking):
    """The length of the id decides."""

    def _cheat(self, windows: Windows, i: int, k: int) -> float:
        return float(len(str(windows.panel.ids[i])))


@dataclass(frozen=True)
class HorizonMatters(LastValue):
    """Spreads the last value over the horizon."""

    def _predict(self, state: Any, future: Future) -> FloatArray:
        return np.full(future.h, state) / future.h


@dataclass(frozen=True)
class HashOrder(LastValue):
    """The hash of a text decides, which each process draws anew."""

    def _predict(self, state: Any, future: Future) -> FloatArray:
        return np.full(future.h, state + hash("forecast") % 1_000_003)


class PastOnlyPeek(_Peeking):
    """Adds the next value of a past-only regressor."""

    def _cheat(self, windows: Windows, i: int, k: int) -> float:
        past = windows.panel.covariates.past
        row = min(int(windows.hi[i, k]), int(windows.panel.offsets[i + 1]) - 1)
        return _last(windows, i, k) + (float(past[row, 0]) if past.shape[1] else 0.0)


class IntervalFromFuture(_Peeking):
    """An honest mean; the width of the interval is the next error."""

    def _forecast_windows(self, windows: Windows, probs: tuple[float, ...]) -> Answer:
        answer = super()._forecast_windows(windows, ())
        answer.probs, shape = probs, (windows.n_series, windows.n_windows, windows.h)
        answer.quantiles = np.full((*shape, len(probs)), np.nan)
        width = np.ones(shape)
        for i in range(windows.n_series):
            for k in range(windows.n_windows):
                error = _next(windows, i, k) - _last(windows, i, k)
                width[i, k] += abs(error) if np.isfinite(error) else 0.0
        answer.put_all(windows, Normal(answer.mean, width), probs)
        return answer


class ParameterFromFuture(_Peeking):
    """An honest forecast; the parameter it claims to stand on is chosen on the whole series."""

    def _forecast_windows(self, windows: Windows, probs: tuple[float, ...]) -> Answer:
        answer = super()._forecast_windows(windows, probs)
        best = [float(np.nanmax(windows.panel.series(i))) for i in range(windows.n_series)]
        answer.parameters = {"best": np.repeat(np.array(best)[:, None], windows.n_windows, axis=1)}
        return answer


class FailsByFuture(_Peeking):
    """An honest forecast; refuses the windows after which the series will rise far."""

    def _forecast_windows(self, windows: Windows, probs: tuple[float, ...]) -> Answer:
        answer = super()._forecast_windows(windows, probs)
        for i, k in np.argwhere(windows.active).tolist():
            if _next(windows, i, k) > 2 * _last(windows, i, k):
                answer.fail(
                    i, k, "fit", ShortSeriesError(needed=1000, got=int(windows.lengths[i, k]))
                )
        return answer


class FillsGapsBackwards(_Peeking):
    """Fills the steps without a row alone, and from behind the cutoff."""

    handles_missing = True

    def _cheat(self, windows: Windows, i: int, k: int) -> float:
        at, stop = int(windows.hi[i, k]) - 1, int(windows.panel.offsets[i + 1])
        gaps = windows.panel.gaps
        if gaps is None or not gaps[at]:
            return float(np.nan_to_num(windows.panel.values[at]))
        later = windows.panel.values[at:stop]
        later = later[~np.isnan(later)]
        return float(later[0]) if len(later) else 0.0


@dataclass(frozen=True)
class ReadsCallersFrame(LastValue):
    """Finds the caller's frame on the stack, keeps it, and takes its last row when it predicts."""

    def _fit(self, history: History) -> Any:
        return _callers_frame(), float(history.y[-1])

    def _predict(self, state: Any, future: Future) -> FloatArray:
        frame, last = state
        value = last if frame is None else float(frame.iloc[-1].to_numpy()[-1])
        return np.full(future.h, value)


def _callers_frame() -> pd.DataFrame | None:
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        data = frame.f_locals.get("data")
        if isinstance(data, pd.DataFrame):
            return data
    return None


class _Forgetful(float):
    """A number that is not itself when it is taken back."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (float, (0.0,))


@dataclass(frozen=True)
class LosesItsState(LastValue):
    """What was learned is not there when a saved forecaster is taken back."""

    def _fit(self, history: History) -> Any:
        return _Forgetful(history.y[-1])


@dataclass(frozen=True)
class ComparesTestSeries(GlobalForecaster):
    """A global forecaster: the mean of the series that are asked for, not of those it learned from."""

    def _fit(self, panel: Panel, rng: np.random.Generator) -> Any:
        return float(panel.values.mean())

    def _predict(self, state: Any, panel: Panel, future: PanelFuture) -> FloatArray:
        return np.full((panel.n_series, future.h), state + float(panel.values.mean()))


@dataclass(frozen=True)
class TrainsOnce(PanelBooster):
    """A panel booster whose trees learned once, from the past errors of every window of the backtest."""

    def _taught(
        self, windows: Windows, wanted: BoolArray, residuals: bool
    ) -> Iterator[tuple[int, Record, Boost]]:
        past = [
            (k, record, self._lessons(windows, k, wanted[:, k], past, record))
            for k, past, record in self.forecaster._replay(windows, wanted)
        ]
        boost = self._judged(_joined([lessons for *_, lessons in past]), np.random.default_rng(0))
        for k, record, lessons in past:
            if residuals and boost.model is not None:
                record = self._corrected(record, lessons, boost.model, windows)
            yield k, record, boost


def _joined(parts: Sequence[Lessons]) -> Lessons:
    columns = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in dataclasses.fields(Lessons)
        if field.name != "at"
    }
    series, origin, step = (np.concatenate(at) for at in zip(*(p.at for p in parts), strict=True))
    return Lessons(at=(series, origin, step), **columns)


@dataclass(frozen=True)
class _Median:
    """Stands for trees: expects the median of all errors everywhere."""

    value: float

    def predict(self, x: FloatArray, /) -> FloatArray:
        return np.full(len(x), self.value)


@dataclass(frozen=True)
class BoosterTrainedOnce(TrainsOnce):
    """A panel booster that learned once, from the past errors of every window of the backtest."""

    least_series = 2
    least_cells = 10

    def _regress(self, x: FloatArray, target: FloatArray, seed: int) -> Corrector:
        return _Median(float(np.median(target)))


#: Planted faults by name: the eleven of the table of requirements first.
PLANTED: dict[str, Forecaster] = {
    type(forecaster).__name__: forecaster
    for forecaster in (
        NextValue(),
        WholeMean(),
        CountsRows(),
        RankInHistory(),
        NeighbourFuture(),
        FillsBackwards(),
        ClassCache(),
        Unseeded(),
        NeighbourValue(),
        Positional(),
        WritesIntoTraining(),
        NameMatters(),
        HorizonMatters(),
        HashOrder(),
        PastOnlyPeek(),
        IntervalFromFuture(),
        ParameterFromFuture(),
        FailsByFuture(),
        FillsGapsBackwards(),
        ReadsCallersFrame(),
        LosesItsState(),
        ComparesTestSeries(),
        BoosterTrainedOnce(
            WeightedEnsemble((Naive(), WindowAverage(3)), horizon=2),
            least_gain=-math.inf,
        ),
    )
}


def leak_matrix(faults: Mapping[str, Forecaster] = PLANTED) -> pd.DataFrame:
    """Return the verdict of every oracle on every fault: faults down, oracles across."""
    certificate = audit(faults, contract_panel(48, 4), h=2, cutoffs=["2021-08-01"], n_series=4)
    wide = certificate.table.pivot(index="model", columns="oracle", values="verdict")
    return wide.reindex(index=list(faults), columns=list(certificate.tried.oracles))
