"""Worker processes: what hangs, dies or eats memory costs its own cells, and leaves nothing behind."""

import ctypes
import os
import re
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting import SES, ArgumentError, GlobalForecaster, LocalForecaster, Naive, backtest
from forecasting.answer import empty_answer
from forecasting.distribution import Point
from forecasting.testing import contract_panel

pytestmark = pytest.mark.slow  # each starts processes, and waits for a time limit

LIMIT = 1.5
RUN = {"h": 4, "n_windows": 4, "step_size": 1, "progress": False}
#: The history of the series s1 at the second of four cutoffs.
CUTOFF = pd.Timestamp("2023-06-01")


def sleeps():
    time.sleep(1000)


def spins():
    re.match(r"(a+)+$", "a" * 60 + "b")  # in C, and the interpreter's lock is held


def stops():
    os.kill(os.getpid(), signal.SIGSTOP)


def ignores_sigterm():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=time.sleep, args=(1000,)).start()
    time.sleep(1000)


def exits():
    os._exit(3)


def crashes():
    ctypes.string_at(0)


def eats_memory():
    kept = []
    while True:
        kept.append(np.empty(2**27))  # a gigabyte of addresses, never touched


def has_a_child():
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    time.sleep(1000)


class UnpicklableError(Exception):
    def __reduce__(self):
        raise TypeError("no")


def interrupts():
    raise KeyboardInterrupt


def raises_what_cannot_be_sent():
    raise UnpicklableError("mine")


@dataclass(frozen=True)
class Faulty(LocalForecaster):
    """The last value; on one series, at one cutoff, something worse."""

    fault: object = None

    def _fit(self, history):
        if self.fault is not None and 150 < history.y[0] < 260 and len(history) == 61:
            self.fault()
        Path(tempfile.gettempdir(), f"left-by-{os.getpid()}").touch()
        return history.y[-1]

    def _predict(self, state, future):
        return np.full(future.h, state)


FAULTS = [
    (sleeps, "TIMEOUT", "time limit of 1.5 s"),
    (spins, "TIMEOUT", "raise timeout="),
    (stops, "TIMEOUT", "time limit"),
    (ignores_sigterm, "TIMEOUT", "time limit"),
    (has_a_child, "TIMEOUT", "time limit"),
    (exits, "WORKER_DIED", "exit code 3"),
    (crashes, "WORKER_DIED", "SIGSEGV"),
    (eats_memory, "MEMORY", "more memory than there is"),
    (interrupts, "MODEL", "KeyboardInterrupt"),
    (raises_what_cannot_be_sent, "MODEL", "UnpicklableError: mine"),
]


@pytest.fixture(scope="module")
def data():
    return contract_panel()


@pytest.fixture(scope="module")
def honest(data):
    return backtest(data, {"naive": Naive(), "it": Faulty()}, **RUN).forecasts


def leftovers():
    """Child processes of this one, and temporary files of workers."""
    children = [
        path.parent.name
        for path in Path("/proc").glob("[0-9]*/stat")
        if (words := _read(path).rsplit(")", 1)[-1].split()) and words[1] == str(os.getpid())
    ]
    orphans = [
        p.parent.name for p in Path("/proc").glob("[0-9]*/cmdline") if b"sleep(1000)" in _bytes(p)
    ]
    files = [
        p.name for p in Path(tempfile.gettempdir()).glob(f"forecasting-workers-{os.getpid()}-*")
    ]
    return children + orphans + files


def _bytes(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _read(path):
    return _bytes(path).decode(errors="replace")


@pytest.mark.parametrize(
    ("fault", "code", "said"), FAULTS, ids=lambda p: getattr(p, "__name__", None)
)
def test_a_bad_cell_costs_itself_and_leaves_nothing(data, honest, fault, code, said):
    before = leftovers()
    began = time.monotonic()
    bt = backtest(data, {"naive": Naive(), "it": Faulty(fault)}, timeout=LIMIT, n_jobs=2, **RUN)
    assert time.monotonic() - began < LIMIT + 10
    (row,) = bt.failures.to_dict("records")
    assert (row["unique_id"], row["model"], row["cutoff"]) == ("s1", "it", CUTOFF)
    assert row["code"] == code
    assert said in row["message"]
    lost = (honest["model"] == "it") & (honest["unique_id"] == "s1") & (honest["cutoff"] == CUTOFF)
    assert bt.forecasts.loc[lost, "mean"].isna().all()
    pd.testing.assert_frame_equal(bt.forecasts[~lost], honest[~lost], check_exact=True)
    assert leftovers() == before


@dataclass(frozen=True)
class AtOnce(Faulty):
    """Answers all windows in one call, and gives no sign of life."""

    def _forecast_windows(self, windows, probs):
        answer = empty_answer(windows, probs)
        mean = np.zeros((*windows.active.shape, windows.h))
        for i, k in np.argwhere(windows.active):
            mean[i, k] = self._fit(windows.history(int(i), int(k)))
        answer.put_all(windows, Point(mean), probs)
        return answer


@pytest.mark.parametrize(("fault", "code"), [(sleeps, "TIMEOUT"), (exits, "WORKER_DIED")])
def test_what_answers_all_windows_at_once_is_asked_again_in_parts(data, honest, fault, code):
    bt = backtest(data, {"naive": Naive(), "it": AtOnce(fault)}, timeout=LIMIT, n_jobs=2, **RUN)
    assert bt.failures[["unique_id", "cutoff", "code"]].values.tolist() == [["s1", CUTOFF, code]]
    rest = bt.forecasts["mean"].notna()
    pd.testing.assert_frame_equal(bt.forecasts[rest], honest[rest], check_exact=True)


@dataclass(frozen=True)
class Moving(Faulty):
    """Keeps what was fitted first."""

    def _update(self, state, history):
        self._fit(history)  # where the fault is
        return state


@pytest.mark.parametrize("fault", [sleeps, exits, interrupts])
def test_windows_that_share_an_estimate_fail_together(data, fault):
    """The estimate of a block is made at its first window; it may not be made at a later one instead."""
    settings = {**RUN, "n_windows": 5, "refit": 2}
    expected = backtest(data, Moving(), **settings).forecasts
    bt = backtest(data, Moving(fault), timeout=LIMIT, **settings)
    assert set(bt.failures["unique_id"]) == {"s1"}
    assert CUTOFF in set(bt.failures["cutoff"])
    assert len(bt.failures) <= 2
    rest = bt.forecasts["mean"].notna()
    pd.testing.assert_frame_equal(bt.forecasts[rest], expected[rest], check_exact=True)


@dataclass(frozen=True)
class Whole(GlobalForecaster):
    """One model of all series, which hangs at one cutoff."""

    def _fit(self, panel, rng):
        if panel.lengths.max() == 66:
            time.sleep(1000)
        return float(np.mean(panel.values))

    def _predict(self, state, panel, future):
        return np.full((panel.n_series, future.h), state)


def test_a_panel_that_hangs_at_one_cutoff_fails_there_alone(data):
    bt = backtest(data, {"naive": Naive(), "it": Whole()}, timeout=LIMIT, **RUN)
    assert set(bt.failures["code"]) == {"TIMEOUT"}
    assert bt.failures["unique_id"].tolist() == ["s0", "s1", "s2"]
    assert bt.failures["cutoff"].nunique() == 1


def test_a_limit_that_nothing_exceeds_changes_no_bit(data):
    models = {"naive": Naive(), "ses": SES(), "it": Faulty()}
    settings = {"level": (50, 80), **RUN}
    free, limited = (backtest(data, models, timeout=t, **settings) for t in (None, 60))
    pd.testing.assert_frame_equal(free.forecasts, limited.forecasts, check_exact=True)
    pd.testing.assert_frame_equal(free.parameters, limited.parameters, check_exact=True)
    assert limited.facts.timeout == 60


def test_the_limit_counts_from_the_last_sign_of_life(data):
    @dataclass(frozen=True)
    class Steady(LocalForecaster):
        """Slow, and never slower than the limit."""

        def _fit(self, history):
            time.sleep(0.1)
            return history.y[-1]

        def _predict(self, state, future):
            return np.full(future.h, state)

    one = data[data["unique_id"] == "s0"]
    began = time.monotonic()
    bt = backtest(one, Steady(), h=4, level=80, timeout=1)
    assert time.monotonic() - began > 2
    assert bt.failures.empty


def test_a_forecaster_that_cannot_be_sent_says_why_and_costs_its_own_cells(data):
    bt = backtest(data, {"naive": Naive(), "it": Faulty(threading.Lock())}, timeout=30, **RUN)
    assert set(bt.failures["code"]) == {"UNSENDABLE"}
    assert bt.failures["message"].str.contains("n_jobs=1 and without timeout=").all()
    assert bt.forecasts.query("model == 'naive'")["mean"].notna().all()


@pytest.mark.parametrize("timeout", [0, -1, "10", True, float("inf"), float("nan")])
def test_a_time_limit_is_a_number_of_seconds(data, timeout):
    with pytest.raises(ArgumentError, match="timeout must be a number of seconds above 0"):
        backtest(data, Naive(), h=1, timeout=timeout)


SCRIPT = """
import sys, time
from dataclasses import dataclass
import numpy as np
from forecasting import LocalForecaster, backtest
from forecasting.testing import contract_panel

@dataclass(frozen=True)
class Hangs(LocalForecaster):
    def _fit(self, history):
        print("fitting", flush=True)
        time.sleep(1000)
    def _predict(self, state, future):
        return np.zeros(future.h)

backtest(contract_panel(), Hangs(), h=2, timeout=500, n_jobs=2)
"""


def test_workers_die_with_a_parent_that_is_killed_and_its_files_are_swept(tmp_path):
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT)],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,  # what workers print goes there
    ) as parent:
        assert b"fitting" in parent.stderr.readline()
        workers = _children(parent.pid)
        assert workers
        parent.send_signal(signal.SIGKILL)
    _wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
    (left,) = tmp_path.iterdir()
    assert left.name.startswith("forecasting-workers-")
    sweep = "from forecasting.backtesting.workers import scratch_folder as s\nwith s(): pass"
    subprocess.run([sys.executable, "-c", sweep], env=env, check=True)
    assert list(tmp_path.iterdir()) == []


def _children(parent):
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        words = _read(path).rsplit(")", 1)[-1].split()
        if words and words[1] == str(parent):
            found.append(int(path.parent.name))
    return found


def _wait_until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not come true in time"
        time.sleep(0.05)
