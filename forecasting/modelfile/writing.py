"""Writing one file that appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from forecasting.files import DiskWriteError


def write_whole(path: str | os.PathLike[str], parts: Iterable[bytes | memoryview]) -> Path:
    """Write a file under a temporary name beside ``path``, sync it, and put it in its place.

    Whoever reads ``path`` sees the old file or the new one. A link at ``path`` is replaced, never
    written through. Folders above are made.

    Raises
    ------
    DiskWriteError
        If it cannot be written; what was there before is intact and nothing else stays.
    """
    target = Path(path)
    if target.is_dir():
        raise DiskWriteError(f"{target} is a folder; name a file")
    scratch = target.with_name(f".forecasting-{secrets.token_hex(8)}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with open(os.open(scratch, flags, 0o666), "wb") as file:  # as the user's umask has it
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(target)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise DiskWriteError(
            f"writing {str(target)!r} failed: {why}; what was there before is intact"
        ) from error
    finally:
        with contextlib.suppress(OSError, ValueError):
            scratch.unlink()
    _sync_folder(target.parent)
    return target


def _sync_folder(folder: Path) -> None:
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise DiskWriteError(
            f"the file is in place, but syncing {folder} failed ({error.strerror}): a power cut could "
            "undo it"
        ) from error
