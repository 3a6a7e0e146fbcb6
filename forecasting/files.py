"""Writing folders that appear whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from forecasting.errors import ForecastingError

#: Files that list, under "files", what an output of ours consists of.
LISTINGS = ("run.json", "facts.json")


class DiskWriteError(ForecastingError, OSError):
    """A file could not be written; what was there before is intact."""

    code = "DISK_WRITE"


@contextlib.contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``target`` that takes its place when the block ends well.

    An earlier output that was there is replaced as a whole; if the block raises, nothing of the new one
    stays and the old one is untouched. A folder that holds anything else is never replaced.

    Raises
    ------
    DiskWriteError
        If the folder cannot be written, is a file, or holds a file that no earlier output lists.
    """
    target = target.resolve()  # through links: what they point to is replaced, not they
    if target.exists() and not target.is_dir():
        raise DiskWriteError(f"{target} is a file; name a folder")
    strange = strange_file(target)
    if strange is not None:
        raise DiskWriteError(
            f"{target} holds {strange}, which is not of an earlier output, and the folder would be "
            "replaced as a whole; name another"
        )
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


def strange_file(folder: Path) -> str | None:
    """Return the first file of a folder that no listing of an earlier output names, if there is one."""
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir())
    listed = {name for listing in LISTINGS for name in _listed(folder / listing)}
    return next((name for name in files if name not in listed), None)


def _listed(listing: Path) -> set[str]:
    try:
        names = json.loads(listing.read_text(encoding="utf-8"))["files"]
        return {listing.name, *map(str, names)}
    except (OSError, ValueError, KeyError, TypeError):  # not there, or not one of ours
        return set()


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
