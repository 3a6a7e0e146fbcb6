"""What can be wrong with a model file, or with a forecaster that is to become one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from forecasting.errors import ArgumentError, InputError


class UnsavableError(ArgumentError):
    """A forecaster holds something that JSON and arrays cannot keep; the message names it."""

    code = "UNSAVABLE"


class ModelFileError(InputError):
    """A model file cannot be read."""

    code = "MODEL_FILE"


class UnsafeModelFileError(ModelFileError):
    """The file is of a kind whose reading can run code or unpack without bound; it was not opened."""

    code = "MODEL_FILE_UNSAFE"


class CorruptModelFileError(ModelFileError):
    """The file is not what ``save`` wrote: damaged, cut short, or edited."""

    code = "MODEL_FILE_CORRUPT"


class VersionMismatchError(ModelFileError):
    """The file has a format that only a later version of this package reads."""

    code = "MODEL_FILE_VERSION"


@contextlib.contextmanager
def as_corrupt(what: str) -> Iterator[None]:
    """Say of anything that goes wrong inside that ``what`` holds what no save writes.

    The checks name what they find. Behind them stand the constructors of forecasters, some of other
    libraries, which may raise anything at all for parameters that somebody has edited.
    """
    try:
        yield
    except (ModelFileError, UnsavableError):
        raise
    except Exception as error:
        raise CorruptModelFileError(
            f"{what} holds what no save writes ({type(error).__name__}: {str(error)[:200]}); save the "
            "forecaster again"
        ) from error


def demand(holds: object, what: str) -> None:
    """Raise :class:`CorruptModelFileError` unless something holds that is true of every saved file."""
    if not holds:
        raise CorruptModelFileError(
            f"the model file contradicts itself: {what}; save the forecaster again"
        )
