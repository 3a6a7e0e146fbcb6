"""Folders of parquet and JSON: written whole or not at all, read back with the same bits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from forecasting.errors import InputError
from forecasting.files import whole_folder

FORMAT = 1


class BacktestFileError(InputError):
    """A folder does not hold a backtest of a format that this version reads."""

    code = "BACKTEST_FILE"


def save_frames(frames: Mapping[str, pd.DataFrame], facts: Mapping[str, Any], folder: Path) -> Path:
    """Write frames as parquet and facts as JSON; the folder appears whole or not at all."""
    with whole_folder(folder) as scratch:
        write_frames(frames, facts, scratch)
    return folder


def write_frames(
    frames: Mapping[str, pd.DataFrame], facts: Mapping[str, Any], folder: Path
) -> None:
    """Write the files of a backtest into an existing folder."""
    for name, frame in frames.items():
        write_parquet(frame, folder / f"{name}.parquet")
    files = [f"{name}.parquet" for name in frames]  # what a later save may replace
    text = json.dumps({"format": FORMAT, "files": files, **facts}, indent=2, ensure_ascii=False)
    (folder / "facts.json").write_text(text, encoding="utf-8")


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a parquet file, through a file of Python so that its errors are Python's."""
    with path.open("wb") as file:
        frame.to_parquet(file, index=False)


def read_frames(
    folder: Path, names: Sequence[str], *, may_lack: Sequence[str] = ()
) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """Return the frames and the facts that :func:`save_frames` wrote.

    A frame of ``may_lack`` is left out where the folder does not say that it has one.

    Raises
    ------
    BacktestFileError
        If a file is missing, or was written by a later format.
    """
    facts = _read_facts(folder)
    written = facts.get("files", ())
    names = [n for n in names if n not in may_lack or f"{n}.parquet" in written]
    missing = [n for n in names if not (folder / f"{n}.parquet").is_file()]
    if missing:
        raise BacktestFileError(f"{folder} lacks {missing[0]}.parquet; it is not a whole backtest")
    return {name: pd.read_parquet(folder / f"{name}.parquet") for name in names}, facts


def _read_facts(path: Path) -> dict[str, Any]:
    file = path / "facts.json"
    if not file.is_file():
        raise BacktestFileError(f"{path} has no facts.json; give the folder that bt.save() wrote")
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BacktestFileError(f"{file} is not JSON: {error}") from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        found = facts.get("format") if isinstance(facts, dict) else None
        raise BacktestFileError(f"{file} has format {found}, this version reads format {FORMAT}")
    return facts
