"""Folders out: parquet for machines, CSV for people and spreadsheets, and a list of what is in them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import is_datetime64_any_dtype, is_numeric_dtype

from forecasting.backtesting.storage import write_parquet
from forecasting.cli.exits import CANNOT_CREATE, stop
from forecasting.files import DiskWriteError, check_folder, probe

RUN = "run.json"
#: A cell that starts so is a formula to a spreadsheet, which runs it. A spreadsheet of a country with
#: decimal commas begins a new cell at each semicolon, quoted or not.
FORMULA = re.compile(r"(^|;)(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])")


def check_target(folder: Path) -> None:
    """Stop unless the folder can be made, or is an earlier output that may be replaced.

    Called before any work: nobody should wait ten minutes to hear that nothing can be written.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        stop(CANNOT_CREATE, f"--output {folder} is not a folder; name one that is not there yet")
    try:
        check_folder(folder.absolute())
        probe(folder.absolute())
    except DiskWriteError as error:
        stop(CANNOT_CREATE, f"--output: {error}")
    except OSError as error:
        stop(CANNOT_CREATE, f"--output {folder}: cannot write there: {error.strerror or error}")


def write_tables(tables: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write each table as parquet, text untouched, and as CSV, safe for spreadsheets."""
    for name, table in tables.items():
        write_parquet(table, folder / f"{name}.parquet")
        write_csv(table, folder / f"{name}.csv")


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a CSV file whose numbers read back with the same bits and whose text no spreadsheet runs.

    Text that begins, or goes on after a semicolon, with ``= + - @`` (also in full width), a tab, a
    carriage return or a line feed gets a single quote there; the parquet file beside it has the text as
    it was.
    """
    safe = table.copy(deep=False)
    for column in safe.columns:
        kind = safe[column].dtype
        if not (is_numeric_dtype(kind) or is_datetime64_any_dtype(kind)):
            safe[column] = pd.Series(
                [_safe(cell) for cell in safe[column]], safe.index, dtype=object
            )
    safe.columns = pd.Index([_safe(c) for c in safe.columns])
    safe.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")


def _safe(cell: object) -> object:
    return FORMULA.sub(r"\1'", cell) if isinstance(cell, str) else cell


def write_text(text: str, path: Path) -> None:
    """Write a text file as UTF-8."""
    path.write_text(text, encoding="utf-8", newline="\n")


def write_run(facts: Mapping[str, Any], folder: Path) -> None:
    """Write run.json: how it was run, and every other file with its size and SHA-256."""
    files = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        data = path.read_bytes()
        name = path.relative_to(folder).as_posix()
        files[name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    text = json.dumps({**facts, "files": files}, indent=2, ensure_ascii=False)
    write_text(text + "\n", folder / RUN)


__all__ = ["check_target", "write_csv", "write_run", "write_tables", "write_text"]
