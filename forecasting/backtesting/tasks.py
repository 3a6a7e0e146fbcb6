"""Cutting a backtest into tasks, and running them here or in worker processes.

A task is one forecaster on a batch of series (local) or of windows (global). Batches change the time
a run takes, never its bits: a local forecaster sees one series at a time, a global one a whole panel.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from forecasting._typing import IntArray
from forecasting.answer import Answer, Failure, empty_answer
from forecasting.base import Forecaster
from forecasting.conformal import USUAL_WINDOWS
from forecasting.errors import ArgumentError, ForecastingError
from forecasting.kernels.threads import using_threads
from forecasting.windows import Windows

#: Forecast values in one batch of a forecaster that answers all windows at once (32 MB of float64).
CELLS_AT_ONCE = 4_000_000
#: Windows in one batch of a forecaster that estimates all windows at once: seconds of the slowest kernel.
WINDOWS_AT_ONCE = 10_000
#: A run is cut into about this many tasks per process, so that progress moves and work balances.
TASKS_PER_PROCESS = 16
#: Progress is shown for runs longer than this, in seconds.
PROGRESS_AFTER = 1.0


class InterruptedRunError(ForecastingError):
    """The run was interrupted before this cell was done."""

    code = "INTERRUPTED"


class WorkerDiedError(ForecastingError):
    """The process that computed this cell died."""

    code = "WORKER_DIED"


#: How often each warning came up: (category, text) -> count.
Notes: TypeAlias = Counter[tuple[type[Warning], str]]
Solved: TypeAlias = tuple[int, Answer, Notes]


@dataclass(frozen=True, eq=False)
class Task:
    """One forecaster on some series and windows of the backtest."""

    model: str
    forecaster: Forecaster
    series: IntArray
    columns: IntArray

    def cut(self, windows: Windows) -> Windows:
        """Return the task's own part of the windows, with nothing else in it."""
        part = windows
        if len(self.columns) < windows.n_windows:
            part = part.columns(self.columns)
        return part if len(self.series) == windows.n_series else part.take(self.series)


def plan(models: dict[str, Forecaster], windows: Windows, n_probs: int, n_jobs: int) -> list[Task]:
    """Return the tasks of a backtest, the models in turn, so that the estimate of progress is fair."""
    placed: list[tuple[float, Task]] = []
    for name, forecaster in models.items():
        own = [
            Task(name, forecaster, series, columns)
            for series, columns in _parts(forecaster, windows, n_probs, n_jobs)
        ]
        placed += [(j / len(own), task) for j, task in enumerate(own)]
    return [task for _, task in sorted(placed, key=lambda pair: pair[0])]


def _parts(
    forecaster: Forecaster, windows: Windows, n_probs: int, n_jobs: int
) -> list[tuple[IntArray, IntArray]]:
    """Return the series and windows of each task: batches of series, or windows of one estimate."""
    series, columns = _everything(windows)
    if not forecaster.is_local:
        return [(series, block) for block in _window_blocks(windows)]
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


def _window_blocks(windows: Windows) -> list[IntArray]:
    """Return the windows of each task of a global forecaster: those that share an estimate."""
    fits = np.unique(windows.fit_at)
    return [np.flatnonzero(windows.fit_at == at) for at in fits]


def solve(task: Task, part: Windows, probs: tuple[float, ...]) -> tuple[Answer, Notes]:
    """Run one task; return its answer and the warnings that came up, which processes would lose."""
    began = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught, _one_thread(task):
        warnings.simplefilter("always")
        answer = task.forecaster.answer(part, probs)
    _share_time(answer, part, time.perf_counter() - began)
    return answer, Counter((w.category, str(w.message)) for w in caught)


def run_tasks(
    tasks: list[Task],
    windows: Windows,
    probs: tuple[float, ...],
    n_jobs: int,
    progress: bool | None,
) -> tuple[dict[str, Answer], dict[str, Notes], bool]:
    """Run tasks and put their answers together.

    Returns
    -------
    answers : dict
        One answer for the whole backtest per model.
    notes : dict
        How often each warning came up, per model.
    complete : bool
        False if the run was interrupted; cells that were not done are failures, code INTERRUPTED.
    """
    answers = {task.model: empty_answer(windows, probs) for task in tasks}
    notes: dict[str, Notes] = {name: Counter() for name in answers}
    done = [False] * len(tasks)
    bar = _progress_bar(tasks, windows, progress)
    complete = True
    try:
        for at, answer, noted in _results(tasks, windows, probs, n_jobs):
            _merge(answers[tasks[at].model], tasks[at], answer)
            notes[tasks[at].model] += noted
            done[at] = True
            bar.set_postfix_str(tasks[at].model, refresh=False)
            bar.update(_size(tasks[at], windows))
    except KeyboardInterrupt:
        complete = False
    finally:
        bar.close()
    for task, finished in zip(tasks, done, strict=True):
        if not finished:
            error = InterruptedRunError("the run was interrupted before this forecast was made")
            _fail_task(answers[task.model], task, windows, error)
    return answers, notes, complete


def _size(task: Task, windows: Windows) -> int:
    return int(windows.active[_block(task)].sum())


def _merge(whole: Answer, task: Task, part: Answer) -> None:
    block = _block(task)
    whole.mean[block] = part.mean
    whole.quantiles[block] = part.quantiles
    whole.own[block] = part.own
    whole.seconds[block] = part.seconds
    if part.served_by is not None:
        if whole.served_by is None:
            whole.served_by = np.full(whole.mean.shape[:2], None, dtype=object)
        whole.served_by[block] = part.served_by
    for name, column in part.parameters.items():
        if name not in whole.parameters:
            nothing = None if column.dtype == object else np.nan
            whole.parameters[name] = np.full(whole.mean.shape[:2], nothing, dtype=column.dtype)
        whole.parameters[name][block] = column
    for f in part.failures:
        series, window = int(task.series[f.series]), int(task.columns[f.window])
        whole.failures.append(Failure(series, window, f.stage, f.error))


def _block(task: Task) -> tuple[slice, slice]:
    """Return where a task lies: neighbouring series, or neighbouring windows."""
    series, columns = task.series, task.columns
    return slice(series[0], series[-1] + 1), slice(columns[0], columns[-1] + 1)


def _fail_task(whole: Answer, task: Task, windows: Windows, error: ForecastingError) -> None:
    for i in task.series.tolist():
        for k in task.columns.tolist():
            if windows.active[i, k]:
                whole.fail(i, k, "fit", error)


# --- here, or in processes ------------------------------------------------------------------------


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


def _results(
    tasks: list[Task], windows: Windows, probs: tuple[float, ...], n_jobs: int
) -> Iterator[Solved]:
    # What answers all windows at once takes less time than a process needs to start.
    here = [
        j
        for j, t in enumerate(tasks)
        if n_jobs == 1 or (t.forecaster.at_once and t.forecaster.is_local)
    ]
    yield from _run_here([(j, tasks[j]) for j in here], windows, probs, n_jobs)
    away = sorted(set(range(len(tasks))) - set(here))
    if away:
        yield from _run_in_processes([(j, tasks[j]) for j in away], windows, probs, n_jobs)


def _run_here(
    tasks: list[tuple[int, Task]], windows: Windows, probs: tuple[float, ...], n_jobs: int
) -> Iterator[Solved]:
    for j, task in tasks:
        with using_threads(n_jobs):
            answer, notes = solve(task, task.cut(windows), probs)
        yield j, answer, notes


def _run_in_processes(
    tasks: list[tuple[int, Task]], windows: Windows, probs: tuple[float, ...], n_jobs: int
) -> Iterator[Solved]:
    import joblib
    from joblib.externals.loky.process_executor import BrokenProcessPool

    waiting = dict(tasks)
    pool = joblib.Parallel(
        n_jobs=n_jobs,
        backend="loky",
        return_as="generator_unordered",
        batch_size=1,
        max_nbytes=None,
    )
    calls = (joblib.delayed(_solve_away)(j, task, task.cut(windows), probs) for j, task in tasks)
    try:
        with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
            for j, answer, notes in pool(calls):
                del waiting[j]
                yield j, answer, notes
    except BrokenProcessPool:
        yield from _one_by_one(waiting, windows, probs)


def _one_by_one(
    waiting: dict[int, Task], windows: Windows, probs: tuple[float, ...]
) -> Iterator[Solved]:
    """A worker died and took the pool along: run what is left in a process each, and name the culprit."""
    from joblib.externals.loky import ProcessPoolExecutor
    from joblib.externals.loky.process_executor import BrokenProcessPool

    for j, task in waiting.items():
        part = task.cut(windows)
        try:
            with ProcessPoolExecutor(max_workers=1) as pool:
                yield pool.submit(_solve_away, j, task, part, probs).result()
        except BrokenProcessPool:
            answer = empty_answer(part, probs)
            error = WorkerDiedError(f"the process that ran {task.model} died on this batch, twice")
            _fail_task(answer, Task(task.model, task.forecaster, *_everything(part)), part, error)
            yield j, answer, Counter()


def _everything(windows: Windows) -> tuple[IntArray, IntArray]:
    return np.arange(windows.n_series), np.arange(windows.n_windows)


def _solve_away(j: int, task: Task, part: Windows, probs: tuple[float, ...]) -> Solved:
    return j, *solve(task, part, probs)


def _share_time(answer: Answer, windows: Windows, seconds: float) -> None:
    """Spread over the active cells what they did not measure themselves: calibration, overhead."""
    rest = seconds - float(answer.seconds.sum())
    if rest > 0 and windows.active.any():
        answer.seconds[windows.active] += rest / np.count_nonzero(windows.active)


def _one_thread(task: Task) -> Any:
    """Return a context in which BLAS and OpenMP use one thread, so that bits do not depend on cores."""
    if task.forecaster.at_once and task.forecaster.is_local:
        return contextlib.nullcontext()
    import threadpoolctl  # slow to look around, and our own kernels do not need it

    return threadpoolctl.threadpool_limits(1)


def _progress_bar(tasks: list[Task], windows: Windows, progress: bool | None) -> Any:
    from tqdm import tqdm

    shown = progress if progress is not None else _somebody_watches()
    return tqdm(
        total=sum(_size(task, windows) for task in tasks),
        desc="backtest",
        unit=" forecasts",
        delay=0 if progress else PROGRESS_AFTER,
        disable=not shown,
        dynamic_ncols=True,
        smoothing=0.1,
    )


def _somebody_watches() -> bool:
    return sys.stderr.isatty() or "ipykernel" in sys.modules
