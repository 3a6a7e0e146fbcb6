"""Files in: CSV and parquet, one or many. Ids keep their text; a number keeps every bit."""

from __future__ import annotations

import csv
import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pandas.api.types import is_datetime64_any_dtype, is_string_dtype

from forecasting.cli.exits import DATA, NO_INPUT, USAGE, stop

# What pandas takes for a missing number by itself. "NA" and "null" are ids like any other in the column of
# ids: Namibia's country code is NA.
MISSING = ["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "#N/A", "<NA>"]
PARQUET, TEXT = (".parquet", ".pq"), (".csv", ".tsv", ".txt")


@dataclass(frozen=True)
class Dialect:
    """How CSV files are written, and which of their columns hold the ids."""

    id_col: str = "unique_id"
    sep: str = ","
    decimal: str = "."
    time_col: str = "ds"
    date_format: str | None = None


def find_files(patterns: Sequence[str]) -> list[Path]:
    """Return the files that names and patterns stand for, each once, in the order given."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        # A file that is there by that very name comes before a pattern: "sales[1].csv".
        names = [pattern] if Path(pattern).exists() else sorted(glob.glob(pattern, recursive=True))
        files = [Path(name) for name in names if not Path(name).is_dir()]
        if not files:
            kind = "is a folder" if names else "is not there, and matches no file"
            hint = f"; its files are {pattern.rstrip('/')}/*.csv or *.parquet" if names else ""
            stop(NO_INPUT, f"{pattern} {kind}{hint}")
        found.update(dict.fromkeys(files))
    return list(found)


def read_files(patterns: Sequence[str], dialect: Dialect) -> pd.DataFrame:
    """Return the rows of all files, one below the other.

    A file without a column of ids is one series. If there are several, each is named after its file.
    """
    files = find_files(patterns)
    frames = {path: read_file(path, dialect) for path in files}
    if len(files) > 1:
        frames = {path: _named(frame, path, dialect) for path, frame in frames.items()}
        _same_columns(frames)
        frames = _same_times(frames, dialect)
    return (
        pd.concat(list(frames.values()), ignore_index=True) if len(files) > 1 else frames[files[0]]
    )


def _named(frame: pd.DataFrame, path: Path, dialect: Dialect) -> pd.DataFrame:
    if dialect.id_col in frame.columns:
        return frame
    named = frame.copy()
    named.insert(0, dialect.id_col, path.stem)
    return named


def _same_columns(frames: dict[Path, pd.DataFrame]) -> None:
    first, *others = frames
    for path in others:
        different = set(frames[first].columns) ^ set(frames[path].columns)
        if different:
            stop(DATA, f"{path} and {first} have different columns: {sorted(map(str, different))}")


def _same_times(frames: dict[Path, pd.DataFrame], dialect: Dialect) -> dict[Path, pd.DataFrame]:
    """Return the frames with text read as time stamps, where another file has time stamps."""
    name = dialect.time_col
    stamped = [p for p, f in frames.items() if name in f and is_datetime64_any_dtype(f[name])]
    if not stamped or len(stamped) == len(frames):
        return frames
    read = {
        p: f if p in stamped else _stamped(p, f, stamped[0], dialect) for p, f in frames.items()
    }
    zones = {getattr(f[name].dtype, "tz", None) for f in read.values()}
    if len(zones) > 1:
        stop(
            DATA,
            f"the files have times of different zones in {name!r}: {sorted(map(str, zones))} (None: "
            "without a zone); bring them to one",
        )
    return read


def _stamped(path: Path, frame: pd.DataFrame, other: Path, dialect: Dialect) -> pd.DataFrame:
    name = dialect.time_col
    if not is_string_dtype(frame[name]):
        kind = frame[name].dtype
        stop(
            DATA, f"{path} has {kind} in {name!r}, {other} has time stamps; bring them to one kind"
        )
    try:
        times = pd.to_datetime(frame[name], format=dialect.date_format or "ISO8601")
    except ValueError as error:
        reason = str(error).splitlines()[0]
        stop(
            DATA,
            f"{path} has text in {name!r} that cannot be read as time stamps, which {other} has: "
            f"{reason}; say --date-format",
        )
    return frame.assign(**{name: times})


def read_file(path: Path, dialect: Dialect) -> pd.DataFrame:
    """Return the rows of one file; its kind is read from its name."""
    kind = path.suffix.lower()
    if kind not in (*PARQUET, *TEXT):
        stop(USAGE, f"{path}: the name must end in .csv or .parquet, to say what is in it")
    return _read_parquet(path) if kind in PARQUET else _read_csv(path, dialect)


def _read_parquet(path: Path) -> pd.DataFrame:
    from pyarrow import ArrowException

    try:
        return pd.read_parquet(path)
    except OSError as error:
        stop(DATA, f"{path} cannot be read: {error.strerror or error}")
    except (ArrowException, ValueError) as error:
        stop(DATA, f"{path} is not a parquet file, or not whole: {str(error).splitlines()[0]}")


def _read_csv(path: Path, dialect: Dialect) -> pd.DataFrame:
    try:
        sep = "\t" if path.suffix.lower() == ".tsv" and dialect.sep == "," else dialect.sep
        columns = _header(path, sep)
        # 20230101 is a number to pandas, and a date only to who was told its format.
        as_text = [dialect.id_col] + [dialect.time_col] * (dialect.date_format is not None)
        return pd.read_csv(
            path,
            sep=sep,
            decimal=dialect.decimal,
            dtype=dict.fromkeys(as_text, str),
            keep_default_na=False,
            na_values={c: MISSING for c in columns if c != dialect.id_col},
            float_precision="round_trip",
            encoding="utf-8-sig",
            low_memory=False,  # a column has one type, however long the file is
        )
    except UnicodeDecodeError as error:
        stop(DATA, f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8")
    except pd.errors.ParserError as error:
        stop(DATA, f"{path} is not a CSV file with one kind of row: {str(error).splitlines()[0]}")
    except OSError as error:
        stop(DATA, f"{path} cannot be read: {error.strerror or error}")


def _header(path: Path, sep: str) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        columns = next(csv.reader(file, delimiter=sep), [])
    if not any(columns):
        stop(DATA, f"{path} is empty")
    if len(columns) == 1 and sep == "," and (";" in columns[0] or "\t" in columns[0]):
        type_this = "--sep ';' (and --decimal , if numbers are written so)"
        stop(
            DATA,
            f"{path} has one column, {columns[0]!r}; its separator is not a comma, type {type_this}",
        )
    return columns


__all__ = ["Dialect", "find_files", "read_file", "read_files"]
