"""Writing folders that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from forecasting.errors import ForecastingError


class DiskWriteError(ForecastingError, OSError):
    """A file could not be written; what was there before is intact."""

    code = "DISK_WRITE"


@contextlib.contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``target`` that takes its place when the block ends well.

    A folder that was there before is replaced as a whole; if the block raises, nothing of the new one
    stays and the old one is untouched.

    Raises
    ------
    DiskWriteError
        If the folder cannot be written, or something else than a folder is there.
    """
    target = target.absolute()
    if target.exists() and not target.is_dir():
        raise DiskWriteError(f"{target} is a file; name a folder")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise DiskWriteError(f"cannot write beside {target}: {error.strerror}") from error
    try:
        yield scratch
        _sync(scratch)
        _swap(scratch, target)
    except OSError as error:
        raise DiskWriteError(
            f"writing {target} failed: {error}; what was there before is intact"
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _sync(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def _swap(scratch: Path, target: Path) -> None:
    scratch.chmod(0o755)
    if not target.exists():
        scratch.rename(target)
        return
    old = scratch.with_name(scratch.name + ".old")
    target.rename(old)
    try:
        scratch.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
