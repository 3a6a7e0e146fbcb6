"""Cutting a backtest into tasks, and answering one.

A task is one forecaster on a batch of series (local) or of windows (global). Batches change the time
a run takes, never its bits: a local forecaster sees one series at a time, a global one a whole panel.
"""

from __future__ import annotations

import dataclasses
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from forecasting._typing import BoolArray, IntArray
from forecasting.answer import Answer
from forecasting.base import Forecaster, LocalForecaster
from forecasting.conformal import USUAL_WINDOWS
from forecasting.errors import ForecastingError
from forecasting.windows import Windows

#: Forecast values in one batch of a forecaster that answers all windows at once (32 MB of float64).
CELLS_AT_ONCE = 4_000_000
#: Windows in one batch of a forecaster that estimates all windows at once: seconds of the slowest kernel.
WINDOWS_AT_ONCE = 10_000
#: A run is cut into about this many tasks per process, so that progress moves and work balances.
TASKS_PER_PROCESS = 16


class InterruptedRunError(ForecastingError):
    """The run was interrupted before this cell was done."""

    code = "INTERRUPTED"


class WorkerDiedError(ForecastingError):
    """The process that computed this cell died."""

    code = "WORKER_DIED"


class TimedOutError(ForecastingError):
    """The forecaster did not answer within the time limit."""

    code = "TIMEOUT"


class UnsendableError(ForecastingError):
    """The forecaster cannot be sent to a worker process."""

    code = "UNSENDABLE"


#: How often each warning came up: (category, text) -> count.
Notes: TypeAlias = Counter[tuple[type[Warning], str]]
Solved: TypeAlias = tuple[Answer, Notes]


@dataclass(frozen=True, eq=False)
class Task:
    """One forecaster on some series and windows of the backtest, those of ``asked`` that are true.

    ``asked`` has shape (n_series, n_windows) of the task; None asks for every active cell.
    """

    model: str
    forecaster: Forecaster
    series: IntArray
    columns: IntArray
    asked: BoolArray | None = None

    def cut(self, windows: Windows) -> Windows:
        """Return the task's own part of the windows, with nothing else in it."""
        part = windows
        if len(self.columns) < windows.n_windows:
            part = part.columns(self.columns)
        if len(self.series) < windows.n_series:
            part = part.take(self.series)
        return part if self.asked is None else part.only(self.asked)

    def cells(self, windows: Windows) -> tuple[IntArray, IntArray]:
        """Return the cells that are asked for, by their place in the task."""
        active = windows.active[np.ix_(self.series, self.columns)]
        rows, columns = np.nonzero(active if self.asked is None else active & self.asked)
        return rows.astype(np.int64, copy=False), columns.astype(np.int64, copy=False)

    def size(self, windows: Windows) -> int:
        """Return how many cells are asked for."""
        return len(self.cells(windows)[0])

    @property
    def loops(self) -> bool:
        """True if series and windows are worked off one after the other, each on its own."""
        return isinstance(self.forecaster, LocalForecaster) and not self.forecaster.at_once

    def pieces(self) -> list[Task]:
        """Return what the task can be cut into without being slower: its series, where it loops over them."""
        if self.forecaster.is_local and not self.forecaster.at_once:
            return self.by_series()
        return [self]

    def by_series(self) -> list[Task]:
        """Return a task for each series."""
        return [
            dataclasses.replace(
                self,
                series=self.series[j : j + 1],
                asked=None if self.asked is None else self.asked[j : j + 1],
            )
            for j in range(len(self.series))
        ]

    def by_estimate(self, windows: Windows) -> list[Task]:
        """Return a task for each series and block of windows that share an estimate, of what is asked for."""
        parts = []
        for one in self.by_series():
            for block in np.unique(windows.fit_at[self.columns]):
                part = one.only((windows.fit_at[self.columns] == block)[None, :])
                if part.size(windows):
                    parts.append(part)
        return parts

    def only(self, asked: BoolArray) -> Task:
        """Return the task with fewer cells asked for."""
        return dataclasses.replace(self, asked=asked if self.asked is None else self.asked & asked)


def plan(
    models: dict[str, Forecaster],
    windows: Windows,
    n_probs: int,
    n_jobs: int,
    wanted: dict[str, BoolArray] | None = None,
) -> list[Task]:
    """Return the tasks of a backtest, the models in turn, so that the estimate of progress is fair.

    ``wanted`` says, per model, which of the active cells are still to be done: (n_series, n_windows).
    """
    placed: list[tuple[float, Task]] = []
    for name, forecaster in models.items():
        own = [
            Task(name, forecaster, series, columns)
            for series, columns in _parts(forecaster, windows, n_probs, n_jobs)
        ]
        if wanted is not None:
            own = _still_wanted(own, wanted[name])
        placed += [(j / len(own), task) for j, task in enumerate(own)]
    return [task for _, task in sorted(placed, key=lambda pair: pair[0])]


def _still_wanted(tasks: list[Task], wanted: BoolArray) -> list[Task]:
    """Return what of the tasks is wanted; whole series of a batch that are not wanted are left out."""
    left = []
    for task in tasks:
        asked = wanted[np.ix_(task.series, task.columns)]
        rows = asked.any(axis=1) if task.forecaster.is_local else np.full(len(asked), asked.any())
        if rows.any():
            some = None if asked[rows].all() else asked[rows]
            left.append(dataclasses.replace(task, series=task.series[rows], asked=some))
    return left


def _parts(
    forecaster: Forecaster, windows: Windows, n_probs: int, n_jobs: int
) -> list[tuple[IntArray, IntArray]]:
    """Return the series and windows of each task: batches of series, or windows of one estimate."""
    series, columns = np.arange(windows.n_series), np.arange(windows.n_windows)
    if not forecaster.is_local:
        blocks = window_blocks(windows)
        if forecaster.at_once:  # windows share work: as many at once as there is room for
            most = max(1, CELLS_AT_ONCE // (windows.n_series * windows.h * (1 + n_probs)))
            blocks = list(_grouped(blocks, most))
        return [(series, block) for block in blocks]
    size = _batch_size(forecaster, windows, n_probs, n_jobs)
    return [(series[i : i + size], columns) for i in range(0, len(series), size)]


def _batch_size(forecaster: Forecaster, windows: Windows, n_probs: int, n_jobs: int) -> int:
    if forecaster.at_once:
        # Calibration holds the past errors of every step beside the forecasts.
        cells = windows.n_windows * windows.h * (1 + n_probs) * (USUAL_WINDOWS if n_probs else 1)
        most = max(1, min(CELLS_AT_ONCE // cells, WINDOWS_AT_ONCE // windows.n_windows))
        n_batches = max(1, -(-windows.n_series // most))
        return max(1, -(-windows.n_series // n_batches))
    return max(1, -(-windows.n_series // (TASKS_PER_PROCESS * n_jobs)))


def window_blocks(windows: Windows) -> list[IntArray]:
    """Return the windows that share an estimate, block by block."""
    return [np.flatnonzero(windows.fit_at == at) for at in np.unique(windows.fit_at)]


def _grouped(blocks: list[IntArray], most: int) -> Iterator[IntArray]:
    """Yield blocks joined with their neighbours, none of more than ``most`` windows if it can be."""
    group: list[IntArray] = []
    for block in blocks:
        if group and sum(map(len, group)) + len(block) > most:
            yield np.concatenate(group)
            group = []
        group.append(block)
    yield np.concatenate(group)


def solve(task: Task, part: Windows, probs: tuple[float, ...]) -> Solved:
    """Run one task; return its answer and the warnings that came up, which processes would lose."""
    began = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        answer = task.forecaster.answer(part, probs)
    _share_time(answer, part, time.perf_counter() - began)
    return answer, Counter((w.category, str(w.message)) for w in caught)


def fail_all(answer: Answer, part: Windows, error: ForecastingError, stage: str = "fit") -> None:
    """Record that every active cell failed that has no failure yet."""
    for i, k in zip(*np.nonzero(part.active & ~answer.failed()), strict=True):
        answer.fail(int(i), int(k), stage, error)


def unsendable(error: Exception) -> UnsendableError:
    """Return the failure of a forecaster that a worker process cannot be handed."""
    return UnsendableError(
        f"the forecaster cannot be sent to a worker process ({type(error).__name__}: {error}); run it with "
        "n_jobs=1 and without timeout=, or define it where it can be imported and keep out of it what "
        "cannot be pickled"
    )


def _share_time(answer: Answer, windows: Windows, seconds: float) -> None:
    """Spread over the active cells what they did not measure themselves: calibration, overhead."""
    rest = seconds - float(answer.seconds.sum())
    if rest > 0 and windows.active.any():
        answer.seconds[windows.active] += rest / np.count_nonzero(windows.active)
