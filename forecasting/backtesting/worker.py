"""The far side of a worker process: reads tasks, answers them one by one, ends with its parent.

Started by ``workers.py`` as ``python -c BOOT parent pulse bytes sys.path``; standard input brings tasks and
standard output takes answers, so what a forecaster prints goes to standard error.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import json
import os
import pickle
import resource
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from typing import IO

import numpy as np

from forecasting.answer import empty_answer, text_of
from forecasting.backtesting.tasks import (
    Notes,
    Solved,
    Task,
    fail_all,
    solve,
    unsendable,
    window_blocks,
)
from forecasting.backtesting.wire import Beat, Pulse, receive, send
from forecasting.errors import ModelError
from forecasting.pulse import heard_by
from forecasting.windows import Windows

BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[4]); "
    "from forecasting.backtesting.worker import main; main()"
)
#: prctl(2): the signal that a process gets when its parent dies.
PR_SET_PDEATHSIG = 1


def main() -> None:
    """Answer tasks until the pipe is closed."""
    parent, descriptor, most_bytes = (int(word) for word in sys.argv[1:4])
    _end_with(parent)
    _limit_memory(most_bytes)
    requests, replies = _take_over_pipes()
    pulse = Pulse(descriptor)
    home = os.getcwd()
    while (request := receive(requests)) is not None:
        for reply in answers(request, pulse):
            send(replies, reply)
        os.chdir(home)


def command(pulse: Pulse, most_bytes: int) -> list[str]:
    """Return the command line of a worker."""
    words = (os.getpid(), pulse.descriptor, most_bytes, json.dumps(sys.path))
    return [sys.executable, "-c", BOOT, *map(str, words)]


def answers(request: bytes, pulse: Pulse) -> Iterator[bytes]:
    """Yield the answer to each task of a request, pickled: ``(answer, notes)``."""
    tasks: list[tuple[Task, Windows]]
    try:
        tasks, probs = pickle.loads(request)  # from the parent process
    except Exception as error:  # a module that is not there, most often
        yield pickle.dumps(unsendable(error))
        return
    number = itertools.count(pulse.read().number + 1)
    for at, (task, part) in enumerate(tasks):
        pulse.write(Beat(next(number), at, -1))

        def at_window(window: int, at: int = at) -> None:
            pulse.write(Beat(next(number), at, window))

        with heard_by(at_window):
            solved = _solved(task, part, probs)
        yield _packed(solved, task, part, probs)


def _solved(task: Task, part: Windows, probs: tuple[float, ...]) -> Solved:
    try:
        return solve(task, part, probs)
    except BaseException as error:  # KeyboardInterrupt too: nobody sits at this keyboard
        blocks = [block for block in window_blocks(part) if part.active[:, block].any()]
        if len(blocks) == 1 or not task.forecaster.is_local:
            return _lost(task, part, probs, error)
    whole = empty_answer(part, probs)
    noted: Notes = Counter()
    for block in blocks:
        mask = np.zeros(part.active.shape, dtype=bool)
        mask[:, block] = True
        answer, notes = _solved(task, part.only(mask), probs)
        cells = np.nonzero(part.active & mask)
        whole.place(cells, answer, cells)
        whole.failures += answer.failures
        noted += notes
    return whole, noted


def _packed(solved: Solved, task: Task, part: Windows, probs: tuple[float, ...]) -> bytes:
    try:
        return pickle.dumps(solved)
    except Exception as error:  # a parameter that cannot be sent
        return pickle.dumps(_lost(task, part, probs, error))


def _lost(task: Task, part: Windows, probs: tuple[float, ...], error: BaseException) -> Solved:
    answer = empty_answer(part, probs)
    fail_all(
        answer,
        part,
        ModelError(f"the forecaster raised {type(error).__name__}: {text_of(error)}"),
        "predict",
    )
    notes: Notes = Counter()
    return answer, notes


def _take_over_pipes() -> tuple[IO[bytes], IO[bytes]]:
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, replies


def _end_with(parent: int) -> None:
    """Die with the parent, however it dies; and be the first that a machine out of memory kills."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


def _limit_memory(most_bytes: int) -> None:
    """Let an allocation beyond the worker's share of memory fail here, not in a neighbour."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, hard))
