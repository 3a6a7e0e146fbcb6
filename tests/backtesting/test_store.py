"""The store: what was computed is not computed again, and nothing stale is ever served."""

import errno
import functools
import json
import os
import random
import subprocess
import sys
import textwrap
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from forecasting import (
    SES,
    AutoETS,
    DataWarning,
    Ensemble,
    LagRegression,
    LocalForecaster,
    Naive,
    Regressors,
    backtest,
)
from forecasting.backtesting.keys import UnstorableError, forecaster_key
from forecasting.backtesting.store import SEGMENTS, Store, StoreError
from forecasting.files import DiskWriteError
from forecasting.testing import contract_panel

RUN = {"h": 4, "n_windows": 4, "step_size": 1, "progress": False}
LOG = "FORECASTING_TEST_LOG"


def note(what):
    """Add a line to the log of fits, which processes share."""
    with open(os.environ[LOG], "a") as file:  # O_APPEND: lines of two processes do not mix
        file.write(what + "\n")


@dataclass(frozen=True)
class Noted(LocalForecaster):
    """The mean of the last values; every fit leaves a line."""

    n: int = 3
    extra: object = None

    def _fit(self, history):
        note(f"{history.y[0]:.3f} {len(history)}")
        return history.y[-self.n :].mean()

    def _predict(self, state, future):
        return np.full(future.h, state)


@pytest.fixture
def data():
    return contract_panel()


@pytest.fixture
def log(tmp_path, monkeypatch):
    path = tmp_path / "log"
    path.touch()
    monkeypatch.setenv(LOG, str(path))

    def fits():
        lines = path.read_text().splitlines()
        path.write_text("")
        return len(lines)

    return fits


def same(expected, got):
    """The same bits in every table, but for the seconds it took."""
    for name, frame in expected.frames().items():
        if name != "timings":
            pd.testing.assert_frame_equal(frame, got.frames()[name], check_exact=True)
    assert got.facts == expected.facts


MODELS = {
    "naive": Naive(),
    "noted": Noted(),
    "ses": SES(),
    "ets": AutoETS(12),
    "mix": Ensemble((Naive(), AutoETS(12))),
    "ridge": LagRegression(Ridge()),
}


@pytest.mark.parametrize("refit", [True, False, 2])
@pytest.mark.parametrize("window", ["expanding", 50])
def test_a_second_run_computes_nothing_and_gives_the_same_bits(
    data, log, tmp_path, refit, window, monkeypatch
):
    models = {k: m for k, m in MODELS.items() if k != "noted" or refit is True}
    settings = {"refit": refit, "window": window, "level": (50, 80), **RUN}
    expected = backtest(data, models, **settings)
    log()
    same(expected, backtest(data, models, store=tmp_path / "store", **settings))
    assert log() > 0 or refit is not True
    with monkeypatch.context() as patched:
        patched.setattr("forecasting.backtesting.running.solve", None)  # calling it would fail
        same(expected, backtest(data, models, store=tmp_path / "store", **settings))
    assert log() == 0


def test_processes_fill_the_same_store(data, log, tmp_path):
    expected = backtest(data, MODELS, **RUN)
    log()
    for n_jobs in (2, 1):
        same(expected, backtest(data, MODELS, store=tmp_path / "store", n_jobs=n_jobs, **RUN))
    assert log() == 12


def test_another_month_of_data_costs_the_new_cutoff_only(data, log, tmp_path):
    keep = functools.partial(backtest, store=tmp_path / "store", h=4, step_size=1, progress=False)
    last = data["ds"].max()
    keep(data[data["ds"] < last], Noted(), n_windows=3)
    assert log() == 9
    got = keep(data, Noted(), n_windows=4)
    assert log() == 3
    same(backtest(data, Noted(), **RUN), got)


@pytest.mark.parametrize(
    ("changed", "fits"),
    [
        ({"models": {"noted": Noted(4)}}, 12),
        ({"models": {"other name": Noted()}}, 0),
        ({"models": {"noted": Noted(), "too": Noted(5)}}, 12),
        ({"h": 5, "cutoffs": 4}, 12),
        ({"seed": 1}, 12),
        ({"window": 40}, 12),
        ({"n_jobs": 2}, 0),
        ({"timeout": 60}, 0),
        ({"step_size": 2}, 6),
    ],
)
def test_what_is_changed_is_computed_again_and_nothing_else(data, log, tmp_path, changed, fits):
    settings = {**RUN, "models": {"noted": Noted()}}
    backtest(data, store=tmp_path / "store", **settings)
    assert log() == 12
    now = {**settings, **changed}
    if now.pop("cutoffs", None):
        now = {**now, "partial": "keep", "n_windows": None, "step_size": None}
        now["cutoffs"] = sorted(data["ds"].unique())[-8:-4]
    got = backtest(data, store=tmp_path / "store", **now)
    assert log() == fits
    same(backtest(data, **now), got)


def test_a_changed_value_costs_the_windows_that_see_it(data, log, tmp_path):
    backtest(data, Noted(), store=tmp_path / "store", **RUN)
    log()
    changed = data.copy()
    row = changed.index[(changed["unique_id"] == "s1") & (changed["ds"] == "2023-06-01")]
    changed.loc[row, "y"] += 1e-9  # the last that the second of the four cutoffs sees
    got = backtest(changed, Noted(), store=tmp_path / "store", **RUN)
    assert log() == 3
    same(backtest(changed, Noted(), **RUN), got)


def test_other_names_and_other_company_change_no_key(data, log, tmp_path):
    backtest(data, Noted(), store=tmp_path / "store", **RUN)
    log()
    renamed = data[data["unique_id"] != "s0"].assign(unique_id="x-" + data["unique_id"])
    same(
        backtest(renamed, Noted(), **RUN) if log() == 0 else None,
        backtest(renamed, Noted(), store=tmp_path / "store", **RUN),
    )
    assert log() == 8  # those of the run without a store


def test_regressors_are_part_of_what_a_forecast_may_see(data, tmp_path):
    x = data[["unique_id", "ds"]].assign(x=np.arange(len(data)) % 7.0)
    settings = {"store": tmp_path / "store", **RUN}
    model = LagRegression(Ridge())
    first = backtest(data, model, X=Regressors(known_future=x), **settings)
    other = x.assign(x=x["x"] * 2 + (x.index % 3))
    second = backtest(data, model, X=Regressors(known_future=other), **settings)
    assert not np.array_equal(first.forecasts["mean"], second.forecasts["mean"])
    same(backtest(data, model, X=Regressors(known_future=other), **RUN), second)


# --- code ---------------------------------------------------------------------------------------------

SCRIPT = """
import sys
from dataclasses import dataclass
import numpy as np
from forecasting import LocalForecaster, backtest
from forecasting.testing import contract_panel

FACTOR = {factor}

def helper(y):
    return y[-1] * FACTOR + {plus}

@dataclass(frozen=True)
class Mine(LocalForecaster):
    def _fit(self, history):
        print("fit", flush=True)
        return helper(history.y)
    def _predict(self, state, future):
        return np.full(future.h, state){comment}

bt = backtest(contract_panel(n_series=1), Mine(), h=2, n_windows=2, store=sys.argv[1])
print(repr(bt.forecasts["mean"].tolist()), flush=True)
"""


def run_script(folder, tmp_path, **parts):
    text = SCRIPT.format(**{"factor": 1, "plus": 0, "comment": "", **parts})
    path = tmp_path / "script.py"
    path.write_text(text)
    done = subprocess.run(
        [sys.executable, path, folder], capture_output=True, text=True, check=True, timeout=120
    )
    *fits, means = done.stdout.splitlines()
    return len(fits), means


def test_a_change_of_code_that_a_forecaster_calls_is_noticed(tmp_path):
    folder = tmp_path / "store"
    fits, means = run_script(folder, tmp_path)
    assert fits == 2
    assert run_script(folder, tmp_path) == (0, means)
    assert run_script(folder, tmp_path, comment="  # nothing changed") == (0, means)
    for part in ({"plus": 1}, {"factor": 2}):
        fits, changed = run_script(folder, tmp_path, **part)
        assert (fits, changed == means) == (2, False)


def test_parameters_are_told_apart_by_content():
    def key(extra):
        return forecaster_key(Noted(extra=extra), {"numpy": "1"})

    long = np.zeros(5000)
    other = long.copy()
    other[2500] = 1.0  # its repr is the same
    assert key(long) == key(np.zeros(5000))
    assert key(long) != key(other)
    assert key(Ridge(alpha=1.0)) == key(Ridge(alpha=1.0))
    assert key(Ridge(alpha=1.0)) != key(Ridge(alpha=2.0))
    assert key(lambda y: y + 1) != key(lambda y: y + 2)
    assert key({"a": {1, 2}}) == key({"a": {2, 1}})
    assert forecaster_key(Noted(), {"numpy": "1"}) != forecaster_key(Noted(), {"numpy": "2"})
    assert forecaster_key(Naive(), {}) == forecaster_key(Naive().fit(contract_panel()), {})


def test_a_forecaster_without_content_is_refused_before_any_fit(data, log, tmp_path):
    with open(os.devnull) as file, pytest.raises(UnstorableError, match="leave store= out"):
        backtest(data, Noted(extra=file), store=tmp_path / "store", **RUN)
    assert log() == 0


# --- failures, warnings -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moody(LocalForecaster):
    """Raises on one series; warns on another."""

    def _fit(self, history):
        note("fit")
        if 150 < history.y[0] < 260:
            raise RuntimeError("the library is not there")
        return history.y[-1]

    def _predict(self, state, future):
        return np.full(future.h, state)


def test_a_failure_that_lies_in_the_data_is_kept_and_any_other_is_tried_again(data, log, tmp_path):
    data.loc[(data["unique_id"] == "s2") & (data["ds"] == "2021-01-01"), "y"] = np.nan
    settings = {"store": tmp_path / "store", **RUN}
    expected = backtest(data, Moody(), **RUN)
    assert Counter(expected.failures["code"]) == {"MODEL": 4, "MISSING": 4}
    log()
    same(expected, backtest(data, Moody(), **settings))
    assert log() == 8
    same(expected, backtest(data, Moody(), **settings))
    assert log() == 4  # the series that raised


# --- interruptions ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CtrlC(Noted):
    """Is interrupted at the third series, once."""

    def _fit(self, history):
        if history.y[0] > 260 and not os.environ.get("GO_ON"):
            raise KeyboardInterrupt
        return super()._fit(history)


def test_a_run_that_was_interrupted_goes_on_where_it_was(data, log, tmp_path, monkeypatch):
    settings = {"store": tmp_path / "store", **RUN}
    first = backtest(data, CtrlC(), **settings)
    assert not first.complete
    assert first.failures["message"].str.contains("same store= goes on").all()
    done = log()
    assert done == 8
    monkeypatch.setenv("GO_ON", "yes")
    same(backtest(data, CtrlC(), **RUN), backtest(data, CtrlC(), **settings))
    assert log() == 12 + 4


KILLED = """
import os, sys, time
from dataclasses import dataclass
import numpy as np
from forecasting import LocalForecaster, Naive, AutoETS, backtest
from forecasting.testing import contract_panel

@dataclass(frozen=True)
class Slow(LocalForecaster):
    def _fit(self, history):
        with open(os.environ["LOG"], "a") as file:
            file.write("fit\\n")
        time.sleep(0.004)
        return history.y[-5:].mean()
    def _predict(self, state, future):
        return np.full(future.h, state) + 0.1 * future.rng().normal(size=future.h)

if __name__ == "__main__":
    os.environ["LOG"] = sys.argv[2]
    bt = backtest(
        contract_panel(n=90, n_series=12), {"naive": Naive(), "slow": Slow(), "ets": AutoETS(12)}, h=3,
        n_windows=4, level=(50,), store=sys.argv[1], n_jobs=int(sys.argv[3]), progress=False,
    )
    bt.save(sys.argv[4])
"""


def fits_of_one_series():
    """Windows of a series of KILLED, those that its intervals are calibrated on included."""
    return 4 + 3 * 4 + 19


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kills", "n_jobs"),
    [
        (2, 1),
        (2, 2),
        pytest.param(25, 1, marks=pytest.mark.nightly),
        pytest.param(25, 2, marks=pytest.mark.nightly),
    ],
)
def test_a_killed_run_loses_what_was_in_flight_and_nothing_else(tmp_path, kills, n_jobs):
    script = tmp_path / "killed.py"
    script.write_text(textwrap.dedent(KILLED))
    log, store = tmp_path / "log", tmp_path / "store"

    def start(folder, out, jobs=n_jobs):
        words = [sys.executable, script, tmp_path / folder, log, str(jobs), tmp_path / out]
        return subprocess.Popen([str(w) for w in words])

    assert start("reference store", "reference", 1).wait(120) == 0
    alone = len(log.read_text().splitlines())
    log.write_text("")
    rng = random.Random(f"{kills} {n_jobs}")
    killed = 0
    while killed < kills:
        before = _records(store)
        with start("store", "out") as process:
            try:
                end = time.monotonic() + 60
                while _records(store) == before and process.poll() is None:
                    assert time.monotonic() < end
                    time.sleep(0.005)
                time.sleep(rng.uniform(0, 0.1))
            finally:
                process.kill()
        if process.returncode == 0:
            break
        killed += 1
    assert start("store", "out").wait(120) == 0
    assert killed > 0
    fits = len(log.read_text().splitlines())
    assert fits <= alone + killed * n_jobs * fits_of_one_series()
    for path in sorted((tmp_path / "reference").iterdir()):
        if path.name != "timings.parquet":
            assert path.read_bytes() == (tmp_path / "out" / path.name).read_bytes(), path.name


def _records(folder):
    return sum(p.stat().st_size for p in folder.glob(SEGMENTS)) if folder.is_dir() else 0


def test_a_marker_that_another_process_is_writing_is_no_segment(data, log, tmp_path):
    store = tmp_path / "store"
    first = backtest(data, Noted(), store=store, **RUN)
    assert log() == 12
    (store / ".0123456789abcdef.segment").symlink_to(store / "renamed since")
    same(first, backtest(data, Noted(), store=store, **RUN))
    assert log() == 0


@pytest.mark.slow
def test_two_processes_share_a_store(tmp_path):
    script = tmp_path / "killed.py"
    script.write_text(textwrap.dedent(KILLED))
    words = [sys.executable, script, tmp_path / "store", tmp_path / "log", "1"]
    both = [subprocess.Popen([*map(str, words), str(tmp_path / out)]) for out in ("a", "b")]
    try:
        assert [p.wait(120) for p in both] == [0, 0]
    finally:
        for process in both:
            process.kill()
    for path in sorted((tmp_path / "a").iterdir()):
        if path.name != "timings.parquet":
            assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


# --- what the disk does -------------------------------------------------------------------------------


def test_bytes_that_are_not_those_that_were_written_are_computed_again(data, log, tmp_path):
    expected = backtest(data, Noted(), **RUN)
    log()
    backtest(data, Noted(), store=tmp_path / "store", **RUN)
    assert log() == 12
    (segment,) = (tmp_path / "store").glob("*.segment")
    whole = segment.read_bytes()
    rng = random.Random(0)
    for _ in range(40):
        edited = bytearray(whole)
        at = rng.randrange(len(edited))
        edited[at] ^= 1 << rng.randrange(8)
        cut = rng.choice([len(edited), rng.randrange(len(edited))])
        segment.write_bytes(edited[:cut])
        for other in (tmp_path / "store").glob("*.segment"):
            if other != segment:
                other.unlink()
        same(expected, backtest(data, Noted(), store=tmp_path / "store", **RUN))
        assert 0 < log() <= 12


def test_a_folder_that_holds_something_else_is_not_a_store(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(StoreError, match="holds something else"):
        Store.open(tmp_path)
    folder = tmp_path / "later"
    folder.mkdir()
    (folder / "store.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(StoreError, match="this version reads format 1"):
        Store.open(folder)
    (folder / "store.json").write_text("{")
    with pytest.raises(StoreError, match="not JSON"):
        Store.open(folder)
    with pytest.raises(DiskWriteError, match="cannot use"):
        Store.open(tmp_path / "letter.txt" / "store")


def test_a_full_disk_costs_the_store_and_not_the_result(data, log, tmp_path, monkeypatch):
    expected = backtest(data, Noted(), **RUN)
    log()

    def full(file, payload):
        file.write(payload[: len(payload) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("forecasting.backtesting.store._write_whole", full)
        with pytest.warns(DataWarning, match="cannot be written .No space left"):
            same(expected, backtest(data, Noted(), store=tmp_path / "store", **RUN))
    assert log() == 12
    same(expected, backtest(data, Noted(), store=Path(tmp_path / "store"), **RUN))
    assert log() == 12
