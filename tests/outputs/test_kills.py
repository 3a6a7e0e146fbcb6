"""SIGKILL at the n-th call, and at any time: readers never see a part, and the next run tidies up."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from forecasting import files
from forecasting.backtesting.storage import read_frames, save_frames
from forecasting.cli.writing import write_run, write_tables
from forecasting.files import whole_folder

N_ROWS = 2_000


def write_version(target: Path, version: int) -> None:
    """Write an output of ours in which every number is the version."""
    with whole_folder(target) as scratch:
        write_tables({"table": pd.DataFrame({"v": [version] * N_ROWS})}, scratch)
        write_run({"version": version}, scratch)


def forked(run: Callable[[], object]) -> int:
    """Run something in a child process; return its number."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 on: this process has threads
        child = os.fork()
    if child == 0:
        try:
            run()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    return child


def ended(child: int) -> int:
    """Wait for a child; return its exit code, or minus the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def read_version(target: Path) -> int:
    """Return the version of an output, each file of which must be there with its bytes."""
    while True:
        listing = json.loads((target / "run.json").read_bytes())
        try:
            for name, facts in listing["files"].items():
                data = (target / name).read_bytes()
                assert facts["sha256"] == hashlib.sha256(data).hexdigest(), name
        except (OSError, AssertionError):
            if json.loads((target / "run.json").read_bytes()) == listing:
                raise
            continue  # another version was published meanwhile
        return int(listing["version"])


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.001)


def test_a_run_killed_at_any_call_leaves_the_old_or_the_new_output(
    tmp_path: Path, disk: type
) -> None:
    target = tmp_path / "place" / "out"
    write_version(target, 0)
    for n in range(1, 200):
        before = read_version(target)

        def run(n: int = n) -> None:
            with disk(target.parent, n, "SIGKILL").mounted():
                write_version(target, n)

        code = ended(forked(run))
        assert read_version(target) in (before, n)
        if code == 0:
            break
        assert code == -signal.SIGKILL
        if len(list(target.parent.iterdir())) > 1:
            write_version(target, -n)
        assert [p.name for p in target.parent.iterdir()] == ["out"], f"call {n}: not tidied up"
    assert n > 20


def test_a_saved_backtest_that_is_killed_can_be_loaded(tmp_path: Path, disk: type) -> None:
    target = tmp_path / "place" / "bt"
    frame = pd.DataFrame({"x": [1.5]})
    save_frames({"a": frame}, {"version": 0}, target)
    for n in range(1, 100):

        def run(n: int = n) -> None:
            with disk(target.parent, n, "SIGKILL").mounted():
                save_frames({"a": frame}, {"version": n}, target)

        code = ended(forked(run))
        frames, facts = read_frames(target, ["a"])
        assert 1.5 == frames["a"]["x"].item()
        if code == 0:
            assert facts["version"] == n
            return
    raise AssertionError("never without a kill")


@contextlib.contextmanager
def polled(target: Path) -> Iterator[list[object]]:
    """Read an output over and over while the block runs; yield what was seen, errors included."""
    seen: list[object] = []
    stop = threading.Event()

    def poll() -> None:
        while not stop.is_set():
            try:
                seen.append(read_version(target))
            except Exception as error:
                seen.append(error)

    reader = threading.Thread(target=poll)
    reader.start()
    try:
        yield seen
    finally:
        stop.set()
        reader.join()


@pytest.mark.parametrize("kills", [10, pytest.param(50, marks=pytest.mark.nightly)])
def test_kills_at_random_times_never_show_a_part(tmp_path: Path, kills: int) -> None:
    target, rng = tmp_path / "place" / "out", random.Random(kills)
    write_version(target, 0)
    with polled(target) as seen:
        for kill in range(kills):

            def run(first: int = (kill + 1) * 1_000_000) -> None:
                for version in itertools.count(first):
                    write_version(target, version)

            child = forked(run)
            until(lambda first=(kill + 1) * 1_000_000: read_version(target) >= first)
            time.sleep(rng.uniform(0.0, 0.1))
            os.kill(child, signal.SIGKILL)
            assert ended(child) == -signal.SIGKILL
    errors = [s for s in seen if not isinstance(s, int)]
    assert errors == []
    assert len(set(seen)) > kills // 2  # it did write, and was read
    write_version(target, -1)
    assert read_version(target) == -1
    assert [p.name for p in target.parent.iterdir()] == ["out"]


def test_without_the_exchange_of_names_an_old_output_moved_aside_comes_back(
    tmp_path: Path, disk: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel or file system without renameat2: killed between two renames, repaired by the next run."""
    monkeypatch.setattr(disk, "exchanges", False)
    target = tmp_path / "place" / "out"
    write_version(target, 0)
    absent = 0
    for n in range(1, 200):

        def run(n: int = n) -> None:
            with disk(target.parent, n, "SIGKILL").mounted() as used:
                write_version(target, n)
                assert "exchange" not in used.calls

        before = read_version(target)
        code = ended(forked(run))
        if not target.exists():
            absent += 1
            files.sweep(target)
            assert read_version(target) == before
        assert read_version(target) in (before, n)
        files.sweep(target)
        assert [p.name for p in target.parent.iterdir()] == ["out"]
        if code == 0:
            break
        assert code == -signal.SIGKILL
    assert absent == 1


def test_a_folder_that_another_process_is_writing_is_left_alone(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "out") as theirs:
        (theirs / "run.json").write_text('{"files": []}')
        assert ended(forked(lambda: write_version(tmp_path / "out", 1))) == 0
        assert theirs.exists()
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_what_other_programs_left_there_is_left_alone(tmp_path: Path) -> None:
    others = [".out.swp", ".out.abc", f".out.too.{'a' * 8}{files.PART}", "out2"]
    for name in others:
        (tmp_path / name).mkdir()
    write_version(tmp_path / "out", 1)
    assert sorted([*others, "out"]) == sorted(p.name for p in tmp_path.iterdir())


def test_a_link_in_the_place_of_a_scratch_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "dear").mkdir()
    (tmp_path / "dear" / "letter").write_text("kept")
    (tmp_path / f".out.{'a' * 8}{files.PART}").symlink_to(tmp_path / "dear")
    write_version(tmp_path / "out", 1)
    assert (tmp_path / "dear" / "letter").read_text() == "kept"


def test_two_runs_at_once_publish_one_of_their_outputs(tmp_path: Path) -> None:
    target = tmp_path / "place" / "out"
    target.parent.mkdir()

    def run(first: int) -> None:
        for version in range(first, first + 20):
            write_version(target, version)

    children = [forked(lambda first=first: run(first)) for first in (0, 100)]
    assert [ended(child) for child in children] == [0, 0]
    assert read_version(target) in (19, 119)
    assert [p.name for p in target.parent.iterdir()] == ["out"]


def test_R02_a_full_disk_ends_with_74_and_leaves_the_old_output(tmp_path: Path) -> None:
    """A limit on the size of files, which the kernel enforces."""
    days = pd.date_range("2024-01-01", periods=60).strftime("%Y-%m-%d")
    rows = "".join(f"{i},{d},{n}\n" for i in range(9) for n, d in enumerate(days))
    (tmp_path / "table.csv").write_text("unique_id,ds,y\n" + rows)
    target = tmp_path / "place" / "out"
    write_version(target, 7)
    words = ["forecast", "table.csv", "--h", "50", "--model", "naive", "--output", str(target)]
    limit = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (4096, 4096)); "
    code = f"{limit}import sys; from forecasting.cli import main; sys.exit(main({words!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 74, done.stderr
    assert "File too large; what was there before is intact" in done.stderr
    assert read_version(target) == 7
    assert [p.name for p in target.parent.iterdir()] == ["out"]
