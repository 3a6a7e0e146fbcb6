"""``forecasting check``."""

from __future__ import annotations

import argparse

import pandas as pd

from forecasting.cli import exits
from forecasting.cli.flags import in_flags
from forecasting.cli.inputs import read_rows
from forecasting.cli.text import aligned, say
from forecasting.cli.writing import check_target, write_run, write_tables
from forecasting.errors import plural
from forecasting.files import whole_folder
from forecasting.quality import check

ROWS_SHOWN = 40


def run(arguments: argparse.Namespace) -> int:
    """Say what is odd in the data; that there is something odd is no failure of the command."""
    if arguments.output is not None:
        check_target(arguments.output)
    rows = read_rows(arguments)
    found = check(
        rows,
        freq=arguments.freq,
        id_col=arguments.id_col,
        time_col=arguments.time_col,
        target_col=arguments.target_col,
        date_format=arguments.date_format,
    )
    if arguments.output is not None:
        with whole_folder(arguments.output) as scratch:
            write_tables({"oddities": found}, scratch)
            write_run({"files_read": arguments.files}, scratch)
    _report(found, len(rows))
    return exits.OK


def _report(found: pd.DataFrame, n_rows: int) -> None:
    if not len(found):
        say(f"Nothing odd in {plural(n_rows, 'row')}.")
        return
    say(f"{plural(len(found), 'oddity', 'oddities')} in {plural(n_rows, 'row')}:")
    say(aligned(found.drop(columns="mend").head(ROWS_SHOWN)))
    if len(found) > ROWS_SHOWN:
        say(f"... and {len(found) - ROWS_SHOWN:,} more; --output FOLDER writes all of them")
    say("\nTo mend:")
    for what, mend in found[["what", "mend"]].drop_duplicates("what").itertuples(index=False):
        say(f"  {what}: {in_flags(mend)}")
