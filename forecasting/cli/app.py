"""``main``: parse, run, and turn whatever happens into an exit code and a plain line."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType

from forecasting.cli import check, exits, forecast, replay
from forecasting.cli.arguments import make_parser
from forecasting.cli.flags import in_flags
from forecasting.cli.registry import list_models
from forecasting.cli.text import tell
from forecasting.errors import ForecastingError

COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "backtest": replay.run,
    "forecast": forecast.run,
    "check": check.run,
    "models": list_models,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Words after ``forecasting``; those of the process by default.

    Returns
    -------
    int
        The exit code, see ``forecasting --help``.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    with _open_streams(), _signals() as ended, _plain_warnings():
        try:
            arguments = make_parser().parse_args(words)
            arguments.words = words
            code = COMMANDS[arguments.command](arguments)
        except SystemExit as asked_for_help:
            return int(asked_for_help.code or 0)
        except KeyboardInterrupt:
            tell("forecasting: interrupted; nothing was written")
            code = exits.INTERRUPTED
        except exits.Stop as end:
            tell(f"forecasting: {end}")
            code = end.code
        except ForecastingError as error:
            _show(error, debug)
            code = exits.code_of(error)
    return exits.TERMINATED if code == exits.INTERRUPTED and ended else code


def _show(error: ForecastingError, debug: bool) -> None:
    if debug:
        tell("".join(traceback.format_exception(error)).rstrip())
    tell(f"forecasting: {in_flags(str(error))}")


@contextmanager
def _open_streams() -> Iterator[None]:
    """Let closed standard streams, cron's ``>&-``, lead to nowhere.

    Their numbers would go to the next files that are opened, which are those of the output, and whatever
    a compiled library prints would land in them.
    """
    with ExitStack() as at_end:
        for number in range(3):
            try:
                os.fstat(number)
            except OSError:
                os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        for name in ("stdout", "stderr"):
            if getattr(sys, name) is None:
                stream = at_end.enter_context(open(os.devnull, "w", encoding="utf-8"))
                setattr(sys, name, stream)
                at_end.callback(setattr, sys, name, None)
        yield


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Take SIGTERM for a Ctrl-C, so that what is finished is written; yield the signals that came."""
    came: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        came.append(number)
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, end)
    except ValueError:  # not the main thread: no signals come here
        yield came
        return
    try:
        yield came
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Show a warning as one line, without the place in the code, and each only once."""
    said: set[str] = set()

    def show(message: Warning | str, *_: object, **__: object) -> None:
        text = f"warning: {in_flags(str(message))}"
        if text not in said:
            said.add(text)
            tell(text)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
