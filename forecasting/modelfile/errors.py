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


class _ContradictionError(Exception):
    """Parts of a file do not fit one another."""


@contextlib.contextmanager
def as_corrupt(name: str) -> Iterator[None]:
    """Say of anything that goes wrong inside that the file ``name`` is not what ``save`` wrote.

    The checks name what they find. Behind them stand the constructors of forecasters, some of other
    libraries, which may raise anything at all for parameters that somebody has edited.
    """
    try:
        yield
    except ModelFileError:
        raise
    except _ContradictionError as error:
        raise CorruptModelFileError(
            f"{name} contradicts itself ({error}): it was edited. Save the forecaster again"
        ) from error
    except Exception as error:
        raise CorruptModelFileError(
            f"{name} has the form of a model file and holds what save() never writes: it was edited. Save "
            "the forecaster again"
        ) from error


def demand(holds: object, what: str) -> None:
    """Unless something holds that is true of every saved file, say that the file contradicts itself."""
    if not holds:
        raise _ContradictionError(what)
