"""How a run ends: one exit code per kind of ending, as schedulers and shell scripts read them."""

from __future__ import annotations

from typing import NoReturn

from forecasting.errors import ArgumentError, ForecastingError, InputError
from forecasting.files import DiskWriteError

OK, USAGE, FAILED, DATA, NO_INPUT, CANNOT_CREATE, CANNOT_WRITE = 0, 2, 3, 65, 66, 73, 74
INTERRUPTED, TERMINATED = 130, 143

#: Shown by --help. 65 to 74 are those of sysexits.h, 130 and 143 those of a shell (128 + signal).
MEANINGS = {
    OK: "done",
    USAGE: "the command line cannot be right",
    FAILED: "done and written, but more forecasts failed than --fail-over allows",
    DATA: "no series in the data, or not a single forecast made: the message or failures.csv says why",
    NO_INPUT: "a file is not there",
    CANNOT_CREATE: "the output folder is not ours to write: checked before any work",
    CANNOT_WRITE: "writing failed; what was there before is intact",
    INTERRUPTED: "Ctrl-C: what was finished is written, marked incomplete",
    TERMINATED: "SIGTERM: as for Ctrl-C",
}


class Stop(Exception):  # noqa: N818 - not an error of the program, but its end
    """Ends the run with a message of a line or two and an exit code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def stop(code: int, message: str) -> NoReturn:
    """End the run."""
    raise Stop(code, message)


def code_of(error: ForecastingError) -> int:
    """Return the exit code of an error of ours."""
    if isinstance(error, DiskWriteError):
        return CANNOT_WRITE
    if isinstance(error, ArgumentError):
        return USAGE
    return DATA if isinstance(error, InputError) else FAILED
