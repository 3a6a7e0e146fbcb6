"""What can be typed."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from forecasting.cli.exits import MEANINGS, USAGE, stop
from forecasting.cli.registry import DEFAULT_MODELS

MODELS_HELP = (
    "forecasters by name (`forecasting models` lists them), with arguments if you like: "
    'ets, "ets(model=\'MAM\')", "SeasonalNaive(7)", weekly="snaive(7)"'
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        stop(USAGE, f"{message}\ntype `{self.prog} --help`")


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = _Parser(
        prog="forecasting",
        description="Which of several forecasters would have been right on these series, and by how much?",
        epilog=_epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    words = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=_Parser
    )
    _backtest(
        _word(words.add_parser, "backtest", "replay history and score forecasters against it")
    )
    _forecast(
        _word(words.add_parser, "forecast", "forecast what comes after the end of each series")
    )
    _check(
        _word(words.add_parser, "check", "say what is odd in the data, and what to type to mend it")
    )
    _debug(_word(words.add_parser, "models", "list the forecasters that --models takes"))
    return parser


def _word(
    add: Callable[..., argparse.ArgumentParser], name: str, says: str
) -> argparse.ArgumentParser:
    return add(
        name,
        help=says,
        description=says[0].upper() + says[1:] + ".",
        epilog=_epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _epilog() -> str:
    codes = "\n".join(f"  {code:>3}  {means}" for code, means in MEANINGS.items())
    return f"exit codes:\n{codes}"


def _backtest(parser: argparse.ArgumentParser) -> None:
    _data(parser)
    _mending(parser)
    run = parser.add_argument_group("the backtest")
    _horizon(run)
    run.add_argument("--n-windows", type=int, default=1, metavar="K", help="cutoffs (default 1)")
    run.add_argument("--step-size", type=int, metavar="N", help="steps between cutoffs (default h)")
    run.add_argument(
        "--window", type=int, metavar="N", help="train on the last N steps (default: all)"
    )
    run.add_argument(
        "--gap", type=int, default=0, metavar="N", help="steps between cutoff and forecast"
    )
    run.add_argument(
        "--models", nargs="+", default=list(DEFAULT_MODELS), metavar="MODEL", help=MODELS_HELP
    )
    run.add_argument(
        "--baseline", metavar="NAME", help="model that the others are measured against"
    )
    _intervals(run)
    run.add_argument("--n-jobs", type=int, default=1, metavar="N", help="processes; -1: one a core")
    run.add_argument(
        "--timeout",
        type=float,
        metavar="SECONDS",
        help="longest one forecaster may take over one series and cutoff; no limit by default",
    )
    run.add_argument(
        "--store",
        type=Path,
        metavar="FOLDER",
        help="keep finished forecasts there, and go on from what it has: after a kill, or with more data",
    )
    _seed(run)
    _output(parser)


def _forecast(parser: argparse.ArgumentParser) -> None:
    _data(parser)
    _mending(parser)
    run = parser.add_argument_group("the forecast")
    _horizon(run)
    run.add_argument("--model", required=True, metavar="MODEL", help=MODELS_HELP)
    _intervals(run)
    _seed(run)
    _output(parser)


def _check(parser: argparse.ArgumentParser) -> None:
    _data(parser)
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER", help="write the table there as well"
    )
    _debug(parser)


def _data(parser: argparse.ArgumentParser) -> None:
    data = parser.add_argument_group("the data")
    data.add_argument("files", nargs="+", metavar="FILE", help="CSV or parquet; patterns too")
    data.add_argument("--id-col", default="unique_id", metavar="NAME", help="(default unique_id)")
    data.add_argument("--time-col", default="ds", metavar="NAME", help="(default ds)")
    data.add_argument("--target-col", default="y", metavar="NAME", help="(default y)")
    data.add_argument(
        "--freq", type=_int_or_text, metavar="F", help="D, W-MON, MS, 15min, ... (default: found)"
    )
    data.add_argument("--date-format", metavar="FMT", help="of times that are not ISO: %%d.%%m.%%Y")
    data.add_argument("--sep", default=",", metavar="C", help="between the cells of a CSV file")
    data.add_argument("--decimal", default=".", metavar="C", help="decimal mark in a CSV file")
    data.add_argument(
        "--season-length",
        type=int,
        metavar="M",
        help="steps in a season (default: that of the frequency)",
    )


def _mending(parser: argparse.ArgumentParser) -> None:
    mend = parser.add_argument_group("mending the data, before anything is forecast")
    mend.add_argument(
        "--on-duplicate", choices=("error", "sum", "mean", "first", "last"), default="error",
        help="what two rows of one series and time become (default error)",
    )  # fmt: skip
    mend.add_argument(
        "--fill-gaps", choices=("zero", "forward", "seasonal", "interpolate"),
        help="fill steps without a row and missing values; interpolate looks ahead: errors of a "
        "cutoff inside a gap look smaller than they will be",
    )  # fmt: skip
    mend.add_argument("--complete-until", metavar="TIME", help="drop the rows after it")
    mend.add_argument(
        "--drop-trailing-na", action="store_true", help="drop missing values at the end of a series"
    )


def _horizon(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--h", type=int, required=True, metavar="H", help="steps to forecast")


def _intervals(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--level", type=float, nargs="+", action="extend", default=[], metavar="P",
        help="prediction intervals, in percent: --level 80 95",
    )  # fmt: skip


def _seed(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of forecasters that draw numbers"
    )


def _output(parser: argparse.ArgumentParser) -> None:
    out = parser.add_argument_group("what comes out")
    out.add_argument(
        "--output", type=Path, required=True, metavar="FOLDER",
        help="appears whole or not at all; an earlier output there is replaced",
    )  # fmt: skip
    out.add_argument(
        "--fail-over", type=_share, default=0.01, metavar="SHARE",
        help="exit with 3 if a larger share of the forecasts failed (default 0.01)",
    )  # fmt: skip
    out.add_argument("--quiet", action="store_true", help="no progress")
    _debug(parser)


def _debug(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")


def _share(text: str) -> float:
    value = float(text)
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"is a share between 0 and 1, got {text}")
    return value


def _int_or_text(text: str) -> int | str:
    return int(text) if text.isdigit() else text
