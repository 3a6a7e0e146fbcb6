"""Writing folders that appear whole or not at all."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import functools
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from forecasting.errors import ForecastingError

#: Files that list, under "files", what an output of ours consists of.
LISTINGS = ("run.json", "facts.json")
#: End of the name of a folder that is being written, and of an old output that makes room for a new one.
PART, OLD = ".forecasting-part", ".forecasting-old"
#: Times that publishing is tried while others publish to the same name.
ATTEMPTS = 10
AT_FDCWD, RENAME_EXCHANGE = -100, 2  # linux/fcntl.h, linux/fs.h


class DiskWriteError(ForecastingError, OSError):
    """A file could not be written; what was there before is intact."""

    code = "DISK_WRITE"


@contextlib.contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``target`` that takes its place when the block ends well.

    An earlier output that was there is replaced as a whole, in one step: whoever reads sees the old one
    or the new one. If the block raises, nothing of the new one stays and the old one is untouched. A
    folder that holds anything else is never replaced. What a killed run left beside ``target`` is
    removed.

    Raises
    ------
    DiskWriteError
        If the folder cannot be written, is a file, or holds a file that no earlier output lists.
    """
    target = target.resolve()  # through links: what they point to is replaced, not they
    with _as_write_error(target, "what was there before is intact"):
        check_folder(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target)
        scratch, lock = _make_scratch(target)
    try:
        with _as_write_error(target, "what was there before is intact"):
            yield scratch
            _sync(scratch)
            scratch.chmod(0o755)
            check_folder(target)  # minutes may have passed
            _publish(scratch, target)
        with _as_write_error(target, "the new output is in place, but a power cut could undo it"):
            _sync_one(target.parent)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)  # if it fails, the next run sweeps
        os.close(lock)


def check_folder(target: Path) -> None:
    """Raise :class:`DiskWriteError` unless ``target`` is free, or an earlier output that may be replaced.

    Raises
    ------
    DiskWriteError
        If it is a file, a mount point, or holds a file that no earlier output lists.
    """
    if target.exists() and not target.is_dir():
        raise DiskWriteError(f"{target} is a file; name a folder")
    if os.path.ismount(target):
        raise DiskWriteError(
            f"{target} is a mount point, which cannot be replaced as a whole; name a folder in it, "
            f"{target / 'output'}"
        )
    strange = strange_file(target)
    if strange is not None:
        raise DiskWriteError(
            f"{target} holds {strange}, which is not of an earlier output, and the folder would be "
            "replaced as a whole; name another"
        )


def probe(target: Path) -> None:
    """Raise ``OSError`` unless a folder can be made beside ``target``; parents are made."""
    target.parent.mkdir(parents=True, exist_ok=True)
    Path(_mkdtemp(target)).rmdir()


def strange_file(folder: Path) -> str | None:
    """Return the first file of a folder that no listing of an earlier output names, if there is one.

    A link is strange wherever it points: no output of ours has one.
    """
    found = sorted(p for p in folder.rglob("*") if p.is_symlink() or not p.is_dir())
    listed = {name for listing in LISTINGS for name in _listed(folder / listing)}
    names = ((p.relative_to(folder).as_posix(), p.is_symlink()) for p in found)
    return next((name for name, link in names if link or name not in listed), None)


def _listed(listing: Path) -> set[str]:
    try:
        text = listing.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return set()
    try:
        return {listing.name, *map(str, json.loads(text)["files"])}
    except (ValueError, KeyError, TypeError):  # not one of ours
        return set()


# --- scratch folders: one for each run, held by a lock that dies with its process -----------------------


def sweep(target: Path) -> None:
    """Tidy up beside ``target`` after runs that were killed.

    Folders that they were writing are removed; an old output that was moved aside comes back if
    ``target`` is not there. A process that lives holds a lock on its folder, wherever it runs: a
    process number would mean something else in another container. What cannot be locked or removed
    stays.
    """
    ours = re.compile(rf"\.{re.escape(target.name)}\.[a-z0-9_]{{8}}({PART}|{OLD})")
    left = [path for path in sorted(target.parent.iterdir()) if ours.fullmatch(path.name)]
    for path in left:
        with contextlib.suppress(OSError), contextlib.ExitStack() as held:
            lock = _open_folder(path)
            held.callback(os.close, lock)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.name.endswith(OLD) and not target.exists():
                os.rename(path, target)
            else:
                shutil.rmtree(path, ignore_errors=True)


def _make_scratch(target: Path) -> tuple[Path, int]:
    """Return a new folder and a descriptor that holds its lock."""
    while True:
        scratch = Path(_mkdtemp(target))
        try:
            lock = _open_folder(scratch)
        except FileNotFoundError:  # swept by another run before it was locked
            continue
        except OSError:
            scratch.rmdir()
            raise
        with contextlib.suppress(
            OSError
        ):  # a file system without locks: nobody can sweep it either
            fcntl.flock(lock, fcntl.LOCK_EX)
        if scratch.exists():
            return scratch, lock
        os.close(lock)


def _mkdtemp(target: Path) -> str:
    return tempfile.mkdtemp(prefix=f".{target.name}.", suffix=PART, dir=target.parent)


def _open_folder(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)


# --- to disk, and into place -----------------------------------------------------------------------------


def _sync(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        _sync_one(path)
    _sync_one(folder)


def _sync_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if not path.is_dir() or error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise  # some file systems cannot sync a folder, and do not need it
    finally:
        os.close(descriptor)


def _publish(scratch: Path, target: Path) -> None:
    """Rename ``scratch`` to ``target``, over whatever complete output is there at that moment."""
    for attempt in range(ATTEMPTS):
        try:
            if target.exists():
                replace(scratch, target)
            else:
                os.rename(scratch, target)
            return
        except OSError as error:  # another run has published, or taken away, in between
            raced = error.errno in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST)
            if not raced or not scratch.exists() or attempt == ATTEMPTS - 1:
                raise


def replace(scratch: Path, target: Path) -> None:
    """Let ``scratch`` take the name of ``target``, an older folder that is then at ``scratch`` or gone.

    In one step where the kernel and the file system can; else by way of a third name, with a moment in
    which ``target`` is not there.
    """
    swap = _renameat2()
    if swap is not None:
        names = (AT_FDCWD, os.fsencode(scratch), AT_FDCWD, os.fsencode(target))
        if swap(*names, RENAME_EXCHANGE) == 0:
            return
        number = ctypes.get_errno()
        if number not in (errno.ENOSYS, errno.EINVAL, errno.EPERM):
            raise OSError(number, os.strerror(number), str(target))
    _replace_in_two_steps(scratch, target)


def _replace_in_two_steps(scratch: Path, target: Path) -> None:
    aside = scratch.with_name(scratch.name.removesuffix(PART) + OLD)
    with contextlib.ExitStack() as held:
        lock = _open_folder(target)
        held.callback(os.close, lock)
        with contextlib.suppress(OSError):  # as for a folder that is being written
            fcntl.flock(lock, fcntl.LOCK_EX)
        os.rename(target, aside)
        try:
            os.rename(scratch, target)
        except OSError:
            os.rename(aside, target)
            raise
        shutil.rmtree(aside, ignore_errors=True)


@functools.cache
def _renameat2() -> Callable[[int, bytes, int, bytes, int], int] | None:
    try:
        found = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):  # before glibc 2.28, or another C library
        return None
    found.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
    found.restype = ctypes.c_int
    return found


@contextlib.contextmanager
def _as_write_error(target: Path, state: str) -> Iterator[None]:
    try:
        yield
    except DiskWriteError:
        raise
    except OSError as error:
        reason = str(error.strerror or error)
        if error.filename is not None and PART not in str(error.filename):
            reason += f" ({error.filename})"
        raise DiskWriteError(f"writing {target} failed: {reason}; {state}") from error
