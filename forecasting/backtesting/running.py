"""Running the tasks of a backtest, here or in worker processes, and putting the answers together."""

from __future__ import annotations

import contextlib
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecasting._typing import BoolArray
from forecasting.answer import Answer, Failure, empty_answer
from forecasting.backtesting.tasks import InterruptedRunError, Notes, Task, fail_all, solve
from forecasting.backtesting.workers import Done, run_in_workers
from forecasting.errors import ArgumentError
from forecasting.kernels.threads import using_threads
from forecasting.windows import Windows

#: Progress is shown for runs longer than this, in seconds.
PROGRESS_AFTER = 1.0


@dataclass(frozen=True)
class Means:
    """How a backtest is run; changes time and what a bad forecaster costs, never bits.

    ``n_jobs`` processes (threads, of a kernel); with a ``timeout``, in seconds, everything runs in
    processes that can be ended.
    """

    n_jobs: int = 1
    timeout: float | None = None
    progress: bool | None = None

    def checked(self) -> Means:
        """Return the same with -1 processes as one a core.

        Raises
        ------
        ArgumentError
            If ``n_jobs`` or ``timeout`` is not a number that can be.
        """
        return Means(check_n_jobs(self.n_jobs), check_timeout(self.timeout), self.progress)


def check_n_jobs(n_jobs: object) -> int:
    """Return the number of processes; -1 means one per core.

    Raises
    ------
    ArgumentError
        If it is 0 or below -1.
    """
    if (
        isinstance(n_jobs, bool)
        or not isinstance(n_jobs, (int, np.integer))
        or n_jobs == 0
        or n_jobs < -1
    ):
        raise ArgumentError(
            f"n_jobs must be a number of processes of at least 1, or -1 for all, got {n_jobs!r}"
        )
    return int(n_jobs) if n_jobs > 0 else len(os.sched_getaffinity(0))


def check_timeout(timeout: object) -> float | None:
    """Return the time limit in seconds, None for none.

    Raises
    ------
    ArgumentError
        If it is not a positive number.
    """
    if timeout is None:
        return None
    if (
        isinstance(timeout, bool)
        or not isinstance(timeout, (int, float, np.number))
        or not 0 < timeout < 1e9
    ):
        raise ArgumentError(
            f"timeout must be a number of seconds above 0, or None for no limit, got {timeout!r}"
        )
    return float(timeout)


@dataclass(eq=False)
class Outcome:
    """What the tasks of a backtest came to.

    ``answers`` and ``notes`` (how often each warning came up) per model; ``complete`` is False if the
    run was interrupted: cells that were not done are then failures, code INTERRUPTED.
    """

    answers: dict[str, Answer]
    notes: dict[str, Notes]
    done: dict[str, BoolArray]
    complete: bool = True

    @classmethod
    def empty(cls, models: list[str], windows: Windows, probs: tuple[float, ...]) -> Outcome:
        """Return the outcome of nothing yet."""
        return cls(
            {name: empty_answer(windows, probs) for name in models},
            {name: Counter() for name in models},
            {name: np.logical_not(windows.active) for name in models},
        )

    def sorted_notes(self) -> dict[str, Notes]:
        """Return the warnings in an order that does not depend on which process was first."""
        return {
            name: Counter(
                dict(sorted(found.items(), key=lambda item: (item[0][0].__name__, item[0][1])))
            )
            for name, found in self.notes.items()
        }

    def add(self, task: Task, answer: Answer, notes: Notes, windows: Windows) -> int:
        """Put the answer of a task in its place; return how many cells it had."""
        rows, columns = task.cells(windows)
        at = task.series[rows], task.columns[columns]
        self.answers[task.model].place(at, answer, (rows, columns))
        for f in answer.failures:
            series, window = int(task.series[f.series]), int(task.columns[f.window])
            self.answers[task.model].failures.append(Failure(series, window, f.stage, f.error))
        self.notes[task.model] += notes
        self.done[task.model][at] = True
        return len(rows)


def run_tasks(
    tasks: list[Task],
    windows: Windows,
    probs: tuple[float, ...],
    means: Means,
    outcome: Outcome,
    keep: Callable[[Task, Answer, Notes], None] | None = None,
) -> None:
    """Run tasks and add them to an outcome; ``keep(task, answer, notes)`` is told of each piece."""
    bar = progress_bar(sum(task.size(windows) for task in tasks), means.progress)
    try:
        for task, (answer, notes) in _results(tasks, windows, probs, means, keep is not None):
            if keep is not None:
                keep(task, answer, notes)
            bar.set_postfix_str(task.model, refresh=False)
            bar.update(outcome.add(task, answer, notes, windows))
    except KeyboardInterrupt:
        outcome.complete = False
    finally:
        bar.close()
    if not outcome.complete:
        how = "; the same store= goes on where it ended" if keep is not None else ""
        error = InterruptedRunError(f"the run was interrupted before this forecast was made{how}")
        for name, answer in outcome.answers.items():
            fail_all(answer, windows.only(~outcome.done[name]), error)


def _results(
    tasks: list[Task], windows: Windows, probs: tuple[float, ...], means: Means, in_pieces: bool
) -> Iterator[Done]:
    # What answers all windows at once takes less time than a process needs to start.
    here = [
        task
        for task in tasks
        if means.timeout is None
        and (means.n_jobs == 1 or (task.forecaster.at_once and task.forecaster.is_local))
    ]
    for task in here:
        with using_threads(means.n_jobs), _one_thread(task):
            for piece in task.pieces() if in_pieces else [task]:
                yield piece, solve(piece, piece.cut(windows), probs)
    taken = set(map(id, here))
    away = [task for task in tasks if id(task) not in taken]
    if away:
        yield from run_in_workers(away, windows, probs, means.n_jobs, means.timeout)


def _one_thread(task: Task) -> Any:
    """Return a context in which BLAS and OpenMP use one thread, so that bits do not depend on cores."""
    if task.forecaster.at_once and task.forecaster.is_local:
        return contextlib.nullcontext()
    import threadpoolctl  # slow to look around, and our own kernels do not need it

    return threadpoolctl.threadpool_limits(1)


def progress_bar(total: int, progress: bool | None) -> Any:
    """Return a bar of forecasts with an estimate, shown where somebody watches."""
    from tqdm import tqdm

    shown = progress if progress is not None else _somebody_watches()
    return tqdm(
        total=total,
        desc="backtest",
        unit=" forecasts",
        delay=0 if progress else PROGRESS_AFTER,
        disable=not shown,
        dynamic_ncols=True,
        smoothing=0.1,
    )


def _somebody_watches() -> bool:
    watched = sys.stderr is not None and sys.stderr.isatty()  # None: a service without a terminal
    return watched or "ipykernel" in sys.modules
