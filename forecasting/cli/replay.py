"""``forecasting backtest``."""

from __future__ import annotations

import argparse
import dataclasses
import shlex
import textwrap
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from forecasting.backtesting import Backtest, backtest
from forecasting.backtesting.storage import write_frames
from forecasting.backtesting.verdict import RANKED_UP_TO
from forecasting.cli import exits
from forecasting.cli.inputs import read_panel, season_of
from forecasting.cli.pictures import write_pictures
from forecasting.cli.registry import build_models
from forecasting.cli.text import WIDTH, aligned, decimals, percent, say, share, tell
from forecasting.cli.writing import check_target, write_csv, write_run, write_tables, write_text
from forecasting.errors import plural
from forecasting.files import whole_folder
from forecasting.report.from_backtest import backtest_page

#: Shown in the terminal in this order, as far as they are there and fit.
SHOWN = ("MASE", "skill", "RMSSE", "sMAPE", "MAE")
FORMATS = {
    "MASE": decimals, "RMSSE": decimals, "skill": share, "sMAPE": percent, "WAPE": percent,
    "seconds": percent,
}  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Run the backtest and write its folder; return the exit code."""
    check_target(arguments.output)
    panel = read_panel(arguments)
    season = season_of(panel, arguments)
    models = build_models(arguments.models, season)
    bt = backtest(
        panel,
        models,
        h=arguments.h,
        n_windows=arguments.n_windows,
        step_size=arguments.step_size,
        window="expanding" if arguments.window is None else arguments.window,
        gap=arguments.gap,
        level=arguments.level,
        baseline=arguments.baseline,
        season_length=season,
        n_jobs=arguments.n_jobs,
        timeout=arguments.timeout,
        store=arguments.store,
        seed=arguments.seed,
        progress=False if arguments.quiet else None,
    )
    write_output(bt, arguments.output, arguments.files, arguments.words)
    _report(bt, arguments.output)
    return _code(bt, arguments.fail_over)


def write_output(bt: Backtest, folder: Path, files: list[str], words: list[str]) -> None:
    """Write everything that a backtest has to say; the folder appears whole or not at all."""
    with whole_folder(folder) as scratch:
        # These files are those of Backtest.save, so that Backtest.load reads the folder.
        write_frames(bt.frames(), bt.stored_facts(), scratch)
        for name in ("forecasts", "failures", "skipped", "timings", "warnings"):
            write_csv(bt.frames()[name], scratch / f"{name}.csv")
        write_tables(error_tables(bt), scratch)
        write_pictures(bt, scratch / "plots")
        title = f"Backtest of {', '.join(files)}"
        write_text(backtest_page(bt, title=title), scratch / "summary.html")
        run_facts = {"command": shlex.join(["forecasting", *words]), "complete": bt.complete}
        write_run({**run_facts, **dataclasses.asdict(bt.facts)}, scratch)


def error_tables(bt: Backtest) -> dict[str, pd.DataFrame]:
    """Return the errors by model, and by model and step, cutoff, series; and the comparison."""
    tables = {"errors": bt.summary().reset_index()}
    for by in ("step", "cutoff", "unique_id"):
        name = "series" if by == "unique_id" else by
        tables[f"errors_by_{name}"] = bt.summary(by=by).reset_index()
    if len(bt.facts.models) > 1:
        tables["comparison"] = bt.compare()
    return tables


def _report(bt: Backtest, folder: Path) -> None:
    say("\n".join(textwrap.fill(line, WIDTH) for line in str(bt.verdict).splitlines()))
    say()
    say(aligned(shown_errors(bt), formats=_formats(bt)))
    say()
    say(f"Written to {folder}/")
    for name, what in CONTENTS.items():
        if (folder / name).exists():
            say(f"  {name:<22} {what}")


CONTENTS = {
    "summary.html": "all of it on one page: open this first",
    "errors.csv": "errors by model; errors_by_step.csv, _by_cutoff.csv, _by_series.csv",
    "comparison.csv": "each model against the baseline: is the difference sure?",
    "forecasts.csv": "every forecast beside what happened",
    "failures.csv": "what could not be forecast, and why; skipped.csv: who took no part",
    "plots": "the pictures as PNG",
    "run.json": "how it was run, and every file with its checksum",
}


def shown_errors(bt: Backtest) -> pd.DataFrame:
    """Return the error table as the terminal shows it: best first, models that are not ranked last."""
    table = bt.summary()
    unranked = table["n_failed"] > RANKED_UP_TO * (table["n_failed"] + table["n_forecasts"])
    covered = [c for c in table.columns if c.startswith("coverage-")]
    columns = [c for c in (*SHOWN, *covered) if c in table.columns]
    shown = table[columns].assign(failed=_failed(bt).reindex(table.index, fill_value=0))
    shown["seconds"] = bt.timings.set_index("model")["seconds"].reindex(table.index)
    shown = shown.sort_values(bt.main_metric, kind="stable")
    return shown.loc[unranked[shown.index].sort_values(kind="stable").index].reset_index()


def _formats(bt: Backtest) -> dict[str, Callable[[float], str]]:
    covered = {f"coverage-{level:g}": percent for level in bt.facts.level}
    return {**FORMATS, **covered}


def _failed(bt: Backtest) -> pd.Series:
    return bt.failures["model"].astype(str).value_counts()


def _code(bt: Backtest, fail_over: float) -> int:
    if not bt.complete:
        tell("forecasting: interrupted; what was finished is written, marked incomplete")
        return exits.INTERRUPTED
    if not bt.forecasts["mean"].notna().any():
        tell("forecasting: not a single forecast could be made; failures.csv, skipped.csv say why")
        return exits.DATA
    asked = len(bt.forecasts) // bt.facts.h
    failed = len(bt.failures)
    if failed > fail_over * asked:
        tell(
            f"forecasting: {failed:,} of {plural(asked, 'forecast')} failed or lack their interval, "
            f"more than --fail-over {fail_over:g} allows; failures.csv says why"
        )
        return exits.FAILED
    return exits.OK
