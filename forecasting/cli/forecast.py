"""``forecasting forecast``."""

from __future__ import annotations

import argparse
import shlex
import warnings
from typing import Any

import numpy as np
import pandas as pd

from forecasting.base import Forecaster
from forecasting.cli import exits
from forecasting.cli.inputs import read_panel, season_of
from forecasting.cli.registry import build_model, split_label
from forecasting.cli.text import aligned, say, tell
from forecasting.cli.writing import check_target, write_run, write_tables
from forecasting.errors import FailureWarning, plural
from forecasting.files import whole_folder

FAILURES = ("unique_id", "stage", "code", "message")
ROWS_SHOWN = 12


def run(arguments: argparse.Namespace) -> int:
    """Forecast and write the folder; return the exit code."""
    check_target(arguments.output)
    panel = read_panel(arguments)
    name, call = split_label(arguments.model)
    forecaster = build_model(call, season_of(panel, arguments))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FailureWarning)  # they are counted and written below
        forecaster.fit(panel, seed=arguments.seed)
        found = forecaster.predict(arguments.h, level=arguments.level)
    failures = pd.DataFrame(found.attrs.pop("failures", []), columns=list(FAILURES))
    with whole_folder(arguments.output) as scratch:
        write_tables({"forecasts": found, "failures": failures}, scratch)
        write_run(_facts(arguments, name, forecaster, panel.fingerprint), scratch)
    _report(arguments, name, found)
    if not found["mean"].notna().any():
        tell("forecasting: not a single forecast could be made; failures.csv says why")
        return exits.DATA
    return _code(len(failures), panel.n_series, arguments.fail_over)


def _facts(
    arguments: argparse.Namespace, name: str, forecaster: Forecaster, fingerprint: str
) -> dict[str, Any]:
    return {
        "command": shlex.join(["forecasting", *arguments.words]),
        "models": {name: repr(forecaster)},
        "h": arguments.h,
        "level": arguments.level,
        "seed": arguments.seed,
        "fingerprint": fingerprint,
    }


def _report(arguments: argparse.Namespace, name: str, found: pd.DataFrame) -> None:
    n_series = found[arguments.id_col].nunique() if arguments.id_col in found else 1
    finite = int(np.isfinite(found["mean"]).sum())
    say(
        f"{name}: {plural(n_series, 'series', 'series')} x {plural(arguments.h, 'step')}, "
        f"{plural(finite, 'value')} forecast."
    )
    say(aligned(found.head(ROWS_SHOWN)))
    if len(found) > ROWS_SHOWN:
        say(f"... and {plural(len(found) - ROWS_SHOWN, 'more row')}")
    say(f"\nWritten to {arguments.output}/: forecasts (.parquet, .csv), failures, run.json")


def _code(failed: int, n_series: int, fail_over: float) -> int:
    if failed > fail_over * n_series:
        tell(
            f"forecasting: {failed:,} of {plural(n_series, 'series', 'series')} failed or lack their "
            f"interval, more than --fail-over {fail_over:g} allows; failures.csv says why"
        )
        return exits.FAILED
    return exits.OK
