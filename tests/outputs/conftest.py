"""A disk that fails at the n-th call, and what a folder holds."""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import io
import itertools
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from forecasting import files

#: Short writes are no error: whoever writes must go on with the rest.
SHORT, KILL = "short write", "SIGKILL"
#: Calls whose failure always costs the output. The others also happen where they cost nothing: a parent
#: folder that is there already, what is removed afterwards.
COSTLY = ("open", "write", "fsync", "chmod", "exchange", "rename")
#: Where removing fails, something stays; the next run removes it.
REMOVAL = ("unlink", "rmdir", "open folder")


class Disk:
    """Counts what is done to the files below a folder; the n-th call fails in the way that is asked for.

    Files are opened as Python does, above a raw file of our own, so that buffers, text layers, pandas
    and pyarrow meet the failure where a real disk would show it to them.
    """

    #: False for a kernel or file system that cannot exchange two names.
    exchanges = True

    def __init__(self, root: Path, n: int, how: int | str) -> None:
        self.root, self.n, self.how = str(root), n, how
        self.calls: list[str] = []

    @property
    def failed(self) -> str | None:
        """The call that failed, if as many were made."""
        return self.calls[self.n - 1] if len(self.calls) >= self.n else None

    def step(self, call: str) -> bool:
        """Count a call; fail, or say that the write is to be short."""
        self.calls.append(call)
        if len(self.calls) != self.n:
            return False
        if self.how == KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == SHORT:
            return call == "write"
        assert isinstance(self.how, int)
        raise OSError(self.how, os.strerror(self.how))

    def holds(self, path: object) -> bool:
        """Return whether a path lies below the folder."""
        is_path = isinstance(path, (str, bytes, os.PathLike))
        return is_path and os.fsdecode(path).startswith(self.root)

    @contextlib.contextmanager
    def mounted(self) -> Iterator[Disk]:
        with pytest.MonkeyPatch.context() as patch:
            for module in (builtins, io):
                patch.setattr(module, "open", self._open)
            for name in ("mkdir", "rmdir", "unlink", "rename", "replace", "fsync", "chmod"):
                patch.setattr(os, name, self._counted(name, getattr(os, name)))
            patch.setattr(os, "open", self._counted("open folder", os.open))
            patch.setattr(files, "_renameat2", lambda: self._exchange if self.exchanges else None)
            yield self

    def _counted(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(target: Any, *rest: Any, **options: Any) -> Any:
            if self.holds(target) or isinstance(target, int) or options.get("dir_fd") is not None:
                self.step(name)
            return real(target, *rest, **options)

        return call

    def _exchange(self, *names: Any) -> int:
        try:
            self.step("exchange")
        except OSError as error:
            ctypes.set_errno(error.errno or 0)
            return -1
        return _RENAMEAT2(*names)

    def _open(self, path: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
        if not self.holds(path):
            return _OPEN(path, mode, *rest, **options)
        self.step("open")
        if "r" in mode:
            return _OPEN(path, mode, *rest, **options)
        binary = io.BufferedWriter(_Raw(path, mode.replace("b", "").replace("t", ""), self))
        if "b" in mode:
            return binary
        text = {k: v for k, v in options.items() if k in ("encoding", "errors", "newline")}
        return io.TextIOWrapper(binary, **text)


_OPEN = io.open
_RENAMEAT2 = files._renameat2()
assert _RENAMEAT2 is not None


class _Raw(io.FileIO):
    def __init__(self, path: Any, mode: str, disk: Disk) -> None:
        super().__init__(path, mode)
        self._disk = disk

    def write(self, data: Any) -> int:
        if self._disk.step("write"):
            return super().write(memoryview(data)[: max(1, len(data) // 2)])
        return super().write(data)


Snapshot = dict[str, bytes]


def contents(folder: Path) -> Snapshot:
    """Return every file below a folder with its bytes."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def restore(snapshot: Snapshot, folder: Path) -> None:
    """Make a folder hold these files and nothing else."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in snapshot.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


@pytest.fixture
def nth_fault(tmp_path: Path, disk: type[Disk]) -> Callable[..., list[str]]:
    """Run a writer with the first call failing, then the second, ..., until a run has no failure.

    Before each run an old output is in place. After each the target is whole, old or new, and nothing
    else is left beside it; where something is, a run without failures removes it and gives the reference
    bytes. Returns the calls. A ``stride`` leaves calls out.
    """

    def loop(
        write: Callable[[Path], object],
        rewrite: Callable[[Path], object],
        how: int | str,
        stride: int = 1,
    ) -> list[str]:
        target = tmp_path / "place" / "out"
        write(target)
        old = contents(target)
        rewrite(target)
        new = contents(target)
        assert old != new
        for n in itertools.count(1, stride):
            restore(old, target)
            with disk(target.parent, n, how).mounted() as used:
                raised = _raises_write_error(lambda: rewrite(target))
            got = contents(target)
            said = f"{how} at call {n}, {used.failed}"
            assert got in (old, new), said
            left = [p.name for p in target.parent.iterdir() if p != target]
            assert raised or got == new, f"{said}: lost, and nothing was said"
            assert not raised or used.failed is not None, said
            assert raised or how == SHORT or used.failed not in COSTLY, f"{said}: nothing was said"
            assert left == [] or used.failed in REMOVAL, said
            if left or n % 20 == 1 or used.failed is None:
                rewrite(target)
                assert contents(target) == new, said
                assert [p.name for p in target.parent.iterdir()] == [target.name], said
            if used.failed is None:
                return used.calls
        raise AssertionError("never without a failure")

    return loop


def _raises_write_error(run: Callable[[], object]) -> bool:
    try:
        run()
    except files.DiskWriteError:
        return True
    return False


@pytest.fixture
def disk() -> type[Disk]:
    return Disk
