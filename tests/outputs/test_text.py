"""Where text meets the outside: CSV, file names, links, streams that are closed or full."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.cli import main, pictures
from forecasting.cli.reading import Dialect, read_file
from forecasting.cli.writing import write_csv
from forecasting.files import DiskWriteError, whole_folder

TEXT = [
    "0742",
    "NA",
    "null",
    "NaN",
    "1E5",
    "TRUE",
    "1,5",
    'a"b',
    "ü",
    " x ",
    "2024-01-01",
    "two\nlines",
]
FORMULAS = [
    "=1+1",
    "+cmd",
    "-2",
    "@x",
    "\tx",
    "\r=1",
    "\n=1",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    "a;=1+1",
    ";-2",
]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    days = pd.date_range("2024-01-01", periods=30).strftime("%Y-%m-%d")
    rows = "".join(f"{i},{d},{n}\n" for i in "ab" for n, d in enumerate(days))
    (tmp_path / "table.csv").write_text("unique_id,ds,y\n" + rows)
    return tmp_path / "table.csv"


def words(table: Path, target: object, command: str = "forecast") -> list[str]:
    model = "--model" if command == "forecast" else "--models"
    return [command, str(table), "--h", "2", model, "naive", "--output", str(target)]


# --- CSV --------------------------------------------------------------------------------------------


def test_I17_ids_that_look_like_something_else_come_back_as_they_were(tmp_path: Path) -> None:
    write_csv(pd.DataFrame({"unique_id": TEXT, "y": 1.0}), tmp_path / "t.csv")
    assert TEXT == read_file(tmp_path / "t.csv", Dialect())["unique_id"].tolist()


@pytest.mark.parametrize("dtype", [object, "str", "category", "string[pyarrow]"])
def test_X05_no_cell_of_text_begins_a_formula(tmp_path: Path, dtype: str) -> None:
    """A spreadsheet may take the comma or the semicolon for the end of a cell."""
    frame = pd.DataFrame({"unique_id": pd.Series(FORMULAS, dtype=dtype), "=y": -1.5})
    write_csv(frame, tmp_path / "t.csv")
    read = pd.read_csv(tmp_path / "t.csv", dtype=str, lineterminator="\n")
    ids = [i.replace("'", "") for i in read["unique_id"]]
    assert [i.replace("\r", "") for i in FORMULAS] == [i.replace("\r", "") for i in ids]
    for cell in [*read["unique_id"], *read.columns[1:]]:
        for part in cell.split(";"):
            assert not part.startswith(tuple("=+-@\t\r\n＝＋－＠")), repr(cell)
    assert ["-1.5"] * len(FORMULAS) == read["'=y"].tolist()


def test_R16_numbers_read_back_with_the_same_bits(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=2000) * 10.0 ** rng.integers(-300, 300, size=2000)
    numbers = np.concatenate([numbers, [0.1 + 0.2, 5e-324, -0.0, 2.0**53 + 2, np.inf, np.nan]])
    write_csv(pd.DataFrame({"y": numbers}), tmp_path / "t.csv")
    again = read_file(tmp_path / "t.csv", Dialect())["y"].to_numpy()
    np.testing.assert_array_equal(numbers.view(np.uint64), again.view(np.uint64))


def test_every_CSV_file_is_written_by_one_function() -> None:
    package = Path(fc.__file__).parent
    callers = [
        p.relative_to(package).as_posix()
        for p in package.rglob("*.py")
        if ".to_csv(" in p.read_text()
    ]
    assert ["cli/writing.py"] == callers


# --- names and links --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["../../etc/cron.d/x", "/etc/x", "CON", "a/b\\c", "x" * 300, "\0", "..", "", "série été"],
)
def test_X04_a_picture_is_named_by_a_slug_that_is_no_path(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"residuals-{pictures._slug(name)}.png"
    path.write_bytes(b"")
    assert [path] == list(tmp_path.iterdir())
    assert path.name.isascii()


def test_X04_ids_and_models_of_any_text_name_no_file(table: Path, tmp_path: Path) -> None:
    bad = "../../x/\0" + "y" * 300
    frame = read_file(table, Dialect()).replace({"unique_id": {"a": bad}})
    frame["ds"] = pd.to_datetime(frame["ds"])
    (tmp_path / "pictures").mkdir()
    bt = fc.backtest(frame, {f"../{bad}": fc.Naive()}, h=2)
    before = set(tmp_path.rglob("*"))
    drawn = pictures.write_pictures(bt, tmp_path / "pictures" / "plots")
    new = set(tmp_path.rglob("*")) - before
    assert {tmp_path / "pictures" / "plots" / name for name in drawn} < new
    assert all(p.is_relative_to(tmp_path / "pictures" / "plots") for p in new)


@pytest.mark.parametrize("name", ["t.csv", "plots"])
def test_X07_a_link_in_an_old_output_is_neither_followed_nor_removed(
    name: str, tmp_path: Path
) -> None:
    """To a file or to a folder, under a name of ours or not."""

    def write() -> None:
        with whole_folder(tmp_path / "out") as scratch:
            (scratch / "run.json").write_text('{"files": ["t.csv"]}')

    write()
    (tmp_path / "dear").mkdir()
    (tmp_path / "dear" / "letter").write_text("kept")
    aim = tmp_path / "dear" if name == "plots" else tmp_path / "dear" / "letter"
    (tmp_path / "out" / name).symlink_to(aim)
    with pytest.raises(DiskWriteError, match=rf"holds {name}, which is not of an earlier output"):
        write()
    assert (tmp_path / "dear" / "letter").read_text() == "kept"
    assert (tmp_path / "out" / name).is_symlink()


def test_X07_an_output_that_is_a_link_is_refused_by_the_command_line(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert main(words(table, tmp_path / "link")) == 73
    assert "is not a folder" in capsys.readouterr().err


def test_what_somebody_puts_into_an_output_while_the_new_one_is_written_is_not_lost(
    tmp_path: Path,
) -> None:
    def write_while_somebody_takes_notes() -> None:
        with whole_folder(tmp_path / "out") as scratch:
            (scratch / "run.json").write_text('{"files": []}')
            (tmp_path / "out" / "notes.txt").write_text("mine")

    (tmp_path / "out").mkdir()
    with pytest.raises(DiskWriteError, match=r"holds notes\.txt"):
        write_while_somebody_takes_notes()
    assert (tmp_path / "out" / "notes.txt").read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


# --- before any work --------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["forecast", "backtest"])
@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("/proc/out", "cannot write there"),
        ("/proc", "mount point"),
        ("{file}/out", "cannot write there"),
        ("{file}", "not a folder"),
    ],
)
def test_R03_a_target_that_cannot_be_written_is_told_before_anything_is_read(
    command: str, target: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    missing = tmp_path / "not-there.csv"  # if it were looked for first, the end would be 66
    place = target.format(file=tmp_path / "file")
    assert main(words(missing, place, command)) == 73
    said = capsys.readouterr().err
    assert says in said
    assert place in said


def test_R03_parents_that_are_missing_are_made(table: Path, tmp_path: Path) -> None:
    assert main(words(table, tmp_path / "a" / "b" / "out")) == 0
    assert (tmp_path / "a" / "b" / "out" / "run.json").is_file()


def test_saving_where_nothing_can_be_written_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    frame = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=9), "y": 1.0})
    bt = fc.backtest(frame.set_index("ds")["y"], fc.Naive(), h=1)
    with pytest.raises(DiskWriteError, match=r"File exists \(.*/file\); what was there before"):
        bt.save(tmp_path / "file" / "out")


# --- streams ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("streams", ["<&- >&- 2>&-", ">/dev/full 2>/dev/full"])
@pytest.mark.parametrize("command", ["forecast", "check"])
def test_R13_closed_and_full_streams_cost_no_output(
    streams: str, command: str, table: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out"
    line = (
        words(table, target)
        if command == "forecast"
        else ["check", str(table), "--output", str(target)]
    )
    shell = f'exec "$@" {streams}'
    done = subprocess.run(
        ["bash", "-c", shell, "bash", sys.executable, "-m", "forecasting", *line], check=False
    )
    assert done.returncode == 0
    listed = json.loads((target / "run.json").read_text())["files"]
    assert {p.name for p in target.iterdir()} == {"run.json", *listed}


def test_R13_what_a_library_prints_into_a_closed_stream_does_not_land_in_a_file(
    table: Path, tmp_path: Path
) -> None:
    """With stdout closed its number would go to the next file that is opened."""
    code = (
        "import os, sys; from forecasting.cli import forecast, main; "
        "real = forecast.write_tables; "
        "forecast.write_tables = lambda t, f: [os.write(n, b'noise') for n in (1, 2)] and real(t, f); "
        f"sys.exit(main({words(table, tmp_path / 'out')!r}))"
    )
    shell = 'exec "$@" <&- >&- 2>&-'
    done = subprocess.run(["bash", "-c", shell, "bash", sys.executable, "-c", code], check=False)
    assert done.returncode == 0
    assert main(words(table, tmp_path / "quiet")) == 0
    for name in ("forecasts.csv", "forecasts.parquet"):
        assert (tmp_path / "quiet" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()


def test_a_backtest_shows_no_progress_on_a_closed_stream(table: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from forecasting.cli import main, replay; "
        "replay.write_pictures = lambda bt, folder: folder.mkdir(); "
        "replay.backtest_page = lambda bt, title: ''; "
        f"sys.exit(main({words(table, tmp_path / 'out', 'backtest')!r}))"
    )
    shell = 'exec "$@" 2>&-'
    done = subprocess.run(
        ["bash", "-c", shell, "bash", sys.executable, "-c", code], check=False, capture_output=True
    )
    assert done.returncode == 0
    assert os.path.exists(tmp_path / "out" / "run.json")
