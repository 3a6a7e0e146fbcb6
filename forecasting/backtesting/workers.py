"""Worker processes that can be ended: a forecaster that hangs or dies costs its own cells.

Each process is served by a thread of ours, which sends it tasks, reads the answers, and watches its pulse.
The process of a forecaster that gives no sign of life within the time limit is killed with all its
children; what it was at fails, and what is left of the batch goes on in a new one.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import IO, TypeAlias

import cloudpickle
import numpy as np

from forecasting.answer import empty_answer
from forecasting.backtesting.tasks import (
    Solved,
    Task,
    TimedOutError,
    WorkerDiedError,
    fail_all,
    unsendable,
)
from forecasting.backtesting.wire import Beat, Pulse, receive, send
from forecasting.backtesting.worker import command
from forecasting.errors import ForecastingError
from forecasting.pulse import NO_WINDOW
from forecasting.windows import Windows

#: How often the pulse of a worker is looked at, in seconds.
TICK = 0.05
#: What a worker may take, beside the time limit, to start and to import what its forecasters need.
START = 60.0
#: How long a worker may take to end by itself (to remove what it keeps on disk), in seconds.
GRACE = 5.0
#: Folders of temporary files, one a run, named after the process that made them.
SCRATCH = "forecasting-workers-"
#: Bits must not depend on cores: BLAS and OpenMP take these when they are loaded.
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)

#: What a task came to: it, its answer, and the warnings.
Done: TypeAlias = tuple[Task, Solved]


class _EndedError(Exception):
    """A worker was killed for its silence, or died; ``beat`` is the last that was seen of it."""

    def __init__(self, beat: Beat, error: ForecastingError) -> None:
        super().__init__(str(error))
        self.beat = beat
        self.error = error


@dataclass(frozen=True, eq=False)
class _Job:
    """Tasks of one forecaster that are sent together; ``again`` if a worker died on the first once."""

    tasks: list[Task]
    again: bool = False


def run_in_workers(
    tasks: list[Task],
    windows: Windows,
    probs: tuple[float, ...],
    n_jobs: int,
    timeout: float | None,
) -> Iterator[Done]:
    """Yield the tasks as they are answered, in pieces; every cell that was asked for is in one piece.

    ``timeout`` is the longest that one series and window (of a forecaster that answers all windows at
    once: one task) may take, in seconds.
    """
    jobs = deque(_Job(task.pieces()) for task in tasks)
    crew = _Crew(windows, probs, timeout, jobs, min(n_jobs, len(jobs)), n_jobs)
    yield from crew.run()


@dataclass(eq=False)
class _Crew:
    """The threads, their worker processes, and the jobs that are left."""

    windows: Windows
    probs: tuple[float, ...]
    timeout: float | None
    jobs: deque[_Job]
    n_workers: int
    n_jobs: int
    done: SimpleQueue[Done | BaseException | None] = field(default_factory=SimpleQueue)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> Iterator[Done]:
        """Start the threads, yield what they send, and leave no process and no file behind."""
        with scratch_folder() as scratch:
            threads = [
                threading.Thread(target=self._serve, args=(scratch / str(n),), daemon=True)
                for n in range(self.n_workers)
            ]
            for thread in threads:
                thread.start()
            try:
                ended = 0
                while ended < len(threads):
                    item = self.done.get()
                    if isinstance(item, BaseException):
                        raise item
                    if item is None:
                        ended += 1
                    else:
                        yield item
            finally:
                self.stopped.set()
                for thread in threads:
                    thread.join()

    def _serve(self, scratch: Path) -> None:
        """Work off jobs in one worker process after another, until none is left."""
        worker: _Worker | None = None
        try:
            own: deque[_Job] = deque()
            while (job := self._next(own)) is not None:
                request = self._packed(job)
                if request is None:
                    continue
                worker = worker or _Worker(scratch, self.n_jobs, self.stopped)
                if not self._finish(job, request, worker, own):
                    worker.kill()
                    worker = None
        except BaseException as error:  # raised in the thread that waits
            self.done.put(error)
        finally:
            if worker is not None:
                worker.close()
            self.done.put(None)

    def _next(self, own: deque[_Job]) -> _Job | None:
        if self.stopped.is_set():
            return None
        if own:
            return own.popleft()
        try:
            return self.jobs.popleft()
        except IndexError:
            return None

    def _packed(self, job: _Job) -> bytes | None:
        """Return a job as bytes; where it cannot be sent, its cells have failed."""
        try:
            parts = [(task, task.cut(self.windows)) for task in job.tasks]
            packed: bytes = cloudpickle.dumps((parts, self.probs))
        except (pickle.PicklingError, TypeError, AttributeError, RecursionError) as error:
            for task in job.tasks:
                self._fail(task, unsendable(error))
            return None
        return packed

    def _finish(self, job: _Job, request: bytes, worker: _Worker, own: deque[_Job]) -> bool:
        """Send a job and pass on its answers; return False if the worker ended, with the rest in ``own``."""
        answered = 0
        try:
            worker.ask(request)
            for task in job.tasks:
                reply = pickle.loads(worker.answer(self.timeout))  # from our own child
                if isinstance(reply, ForecastingError):
                    for one in job.tasks:
                        self._fail(one, reply)
                    return True
                self.done.put((task, reply))
                answered += 1
        except _EndedError as ended:
            if not self.stopped.is_set():
                own.extendleft(reversed(self._rest(job, answered, ended)))
            return False
        return True

    def _rest(self, job: _Job, at: int, ended: _EndedError) -> list[_Job]:
        """Return what is left of a job whose worker ended at a task; what it ended on has failed."""
        task, rest = job.tasks[at], job.tasks[at + 1 :]
        later = [_Job(rest)] if rest else []
        again = isinstance(ended.error, WorkerDiedError)
        if again and not (job.again and at == 0):
            return [_Job([task], again=True), *later]
        named = task.loops and ended.beat.task == at and ended.beat.window != NO_WINDOW
        return [*self._without(task, ended.beat.window if named else None, ended.error), *later]

    def _without(self, task: Task, window: int | None, error: ForecastingError) -> list[_Job]:
        """Fail the window that a worker ended on, with those that share its estimate; unknown, ask for less."""
        if window is not None:
            block = self.windows.fit_at[task.columns]
            hit = np.tile(block == block[window], (len(task.series), 1))
            self._fail(task.only(hit), error)
            left = task.only(~hit)
            return [_Job([left], again=True)] if left.size(self.windows) else []
        parts = task.by_estimate(self.windows) if task.forecaster.is_local else [task]
        if len(parts) == 1:
            self._fail(task, error)
            return []
        if len(task.series) > 1:
            parts = [one for one in task.by_series() if one.size(self.windows)]
        return [_Job([part], again=True) for part in parts]

    def _fail(self, task: Task, error: ForecastingError) -> None:
        part = task.cut(self.windows)
        answer = empty_answer(part, self.probs)
        fail_all(answer, part, error)
        self.done.put((task, (answer, Counter())))


class _Worker:
    """One worker process: its pipes, its pulse, its folder of temporary files."""

    def __init__(self, scratch: Path, n_jobs: int, stopped: threading.Event) -> None:
        self.scratch, self.stopped = scratch, stopped
        scratch.mkdir(exist_ok=True)
        self.pulse = Pulse.new()
        self.process = subprocess.Popen(
            command(self.pulse, memory_of_machine() // n_jobs),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **ONE_THREAD, "TMPDIR": str(scratch)},
            pass_fds=(self.pulse.descriptor,),
            start_new_session=True,
        )
        self.last = 0
        self.requests: IO[bytes] = _open(self.process.stdin)
        self.replies: IO[bytes] = _open(self.process.stdout)

    def ask(self, request: bytes) -> None:
        """Send a job."""
        self.last = self.pulse.read().number
        try:
            send(self.requests, request)
        except OSError as error:  # it died before it could read
            raise self._died() from error

    def answer(self, timeout: float | None) -> bytes:
        """Return the next answer.

        Raises
        ------
        _EndedError
            If the worker gave no sign of life for ``timeout`` seconds, died, or the run was stopped.
        """
        ready = select.poll()
        ready.register(self.replies, select.POLLIN)
        seen, since = self.pulse.read(), time.monotonic()
        while not ready.poll(1000 * TICK):
            if self.stopped.is_set():
                raise _EndedError(seen, TimedOutError("the run was stopped"))
            now = self.pulse.read()
            if now != seen:
                seen, since = now, time.monotonic()
            elif timeout is not None and time.monotonic() - since > timeout + (
                0.0 if now.number > self.last else START
            ):
                text = f"no answer within the time limit of {timeout:g} s; raise timeout= if it is only slow"
                raise _EndedError(seen, TimedOutError(text))
        message = receive(self.replies)
        if message is None:
            raise self._died()
        return message

    def _died(self) -> _EndedError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(GRACE)
        how = self.process.returncode
        name = f"signal {signal.Signals(-how).name}" if how and how < 0 else f"exit code {how}"
        return _EndedError(
            self.pulse.read(),
            WorkerDiedError(f"the process died on this forecast, twice ({name})"),
        )

    def close(self) -> None:
        """Let the process end by itself, and see that it does."""
        with contextlib.suppress(OSError):
            self.requests.close()
        if not self.stopped.is_set():
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(GRACE)
        self.kill()

    def kill(self) -> None:
        """End the process and its children, and remove what they left on disk."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for pipe in (self.requests, self.replies):
            with contextlib.suppress(OSError):
                pipe.close()
        self.pulse.close()
        shutil.rmtree(self.scratch, ignore_errors=True)


def _open(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise OSError("a worker process has no pipes")
    return pipe


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a folder for the temporary files of this run; sweep those of runs that were killed."""
    root = Path(tempfile.gettempdir())
    for left in root.glob(f"{SCRATCH}*"):
        pid = left.name.removeprefix(SCRATCH).split("-")[0]
        if pid.isdigit() and not _alive(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{SCRATCH}{os.getpid()}-", dir=root))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def memory_of_machine() -> int:
    """Return how many bytes of memory there are, or what the container may use."""
    most = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):
            most = min(most, int(Path(path).read_text(encoding="ascii")))
    return most
