"""From words to a panel: what backtest, forecast and check share."""

from __future__ import annotations

import argparse

import pandas as pd

from forecasting.cli.reading import Dialect, read_files
from forecasting.filling import fill_gaps
from forecasting.panel import Panel
from forecasting.reading import DataOptions, as_panel


def read_rows(arguments: argparse.Namespace) -> pd.DataFrame:
    """Return the rows of the files that were named."""
    dialect = Dialect(
        arguments.id_col,
        arguments.sep,
        arguments.decimal,
        time_col=arguments.time_col,
        date_format=arguments.date_format,
    )
    return read_files(arguments.files, dialect)


def options(arguments: argparse.Namespace) -> DataOptions:
    """Return what was said about columns and calendar."""
    return DataOptions(
        freq=arguments.freq,
        id_col=arguments.id_col,
        time_col=arguments.time_col,
        target_col=arguments.target_col,
        date_format=arguments.date_format,
    )


def read_panel(arguments: argparse.Namespace) -> Panel:
    """Return the series of the files that were named, mended as was said."""
    said = options(arguments)
    mended = said.copy()
    mended["on_duplicate"] = arguments.on_duplicate
    mended["complete_until"] = arguments.complete_until
    mended["drop_trailing_na"] = arguments.drop_trailing_na
    rows = read_rows(arguments)
    if arguments.fill_gaps is None:
        return as_panel(rows, **mended)
    season = arguments.season_length
    filled = fill_gaps(rows, how=arguments.fill_gaps, season_length=season, **mended)
    said["date_format"] = None  # times are no longer text
    return as_panel(filled, **said)


def season_of(panel: Panel, arguments: argparse.Namespace) -> int:
    """Return the season length that was said, or that of the frequency."""
    said = arguments.season_length
    return panel.calendar.season_length if said is None else int(said)
