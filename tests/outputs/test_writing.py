"""The writers by themselves: what is listed, what is refused, what is read back."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import stat
from pathlib import Path

import pandas as pd
import pytest

from forecasting import files
from forecasting.backtesting.storage import BacktestFileError, read_frames, save_frames
from forecasting.cli.exits import CANNOT_CREATE, Stop
from forecasting.cli.writing import check_target, write_csv, write_run, write_tables, write_text
from forecasting.files import (
    ATTEMPTS,
    OLD,
    PART,
    DiskWriteError,
    check_folder,
    probe,
    strange_file,
    sweep,
    whole_folder,
)

TABLE = pd.DataFrame({"unique_id": ["=é", "b"], "y": [0.1, 1 / 3]})
FACTS = {"note": "é", "models": ["naive"]}


def saved(folder: Path) -> Path:
    return save_frames({"forecasts": TABLE, "later": TABLE[:1]}, FACTS, folder)


def test_frames_and_facts_come_back_with_the_names_of_their_files(tmp_path: Path) -> None:
    frames, facts = read_frames(saved(tmp_path / "bt"), ["forecasts", "later"])
    pd.testing.assert_frame_equal(frames["forecasts"], TABLE, check_exact=True)
    assert facts == {"format": 1, "files": ["forecasts.parquet", "later.parquet"], **FACTS}
    text = (tmp_path / "bt" / "facts.json").read_text(encoding="utf-8")
    assert '"note": "é"' in text
    assert text.startswith('{\n  "format"')
    assert list(pd.read_parquet(tmp_path / "bt" / "forecasts.parquet").columns) == [
        "unique_id",
        "y",
    ]


def test_a_frame_that_may_lack_is_read_where_the_folder_lists_it(tmp_path: Path) -> None:
    folder = saved(tmp_path / "bt")
    assert set(read_frames(folder, ["forecasts", "later"], may_lack=["later"])[0]) == {
        "forecasts",
        "later",
    }
    older = save_frames({"forecasts": TABLE}, FACTS, tmp_path / "older")
    assert set(read_frames(older, ["forecasts", "later"], may_lack=["later"])[0]) == {"forecasts"}
    with pytest.raises(BacktestFileError, match=r"lacks later\.parquet"):
        read_frames(older, ["forecasts", "later"])
    facts = json.loads((older / "facts.json").read_text())
    del facts["files"]  # as the first version wrote it
    (older / "facts.json").write_text(json.dumps(facts))
    assert set(read_frames(older, ["forecasts", "later"], may_lack=["later"])[0]) == {"forecasts"}


@pytest.mark.parametrize(
    ("text", "said"),
    [("[1]", "has format None, this version reads format 1"), ('{"format": 0}', "has format 0"),
     ("{", "is not JSON"), ("{}", "has format None")],
)  # fmt: skip
def test_facts_of_another_kind_are_refused(tmp_path: Path, text: str, said: str) -> None:
    folder = saved(tmp_path / "bt")
    (folder / "facts.json").write_text(text)
    with pytest.raises(BacktestFileError, match=said) as caught:
        read_frames(folder, ["forecasts"])
    assert caught.value.code == "BACKTEST_FILE"
    (folder / "facts.json").unlink()
    with pytest.raises(BacktestFileError, match=r"no facts\.json"):
        read_frames(folder, ["forecasts"])


def test_run_json_lists_every_other_file_with_its_digest(tmp_path: Path) -> None:
    (tmp_path / "plots").mkdir()
    write_text("ä\n", tmp_path / "plots" / "page.html")
    write_tables({"t": TABLE}, tmp_path)
    write_run({"note": "é"}, tmp_path)
    text = (tmp_path / "run.json").read_bytes().decode("utf-8")
    assert text.startswith('{\n  "note": "é",')
    assert text.endswith("}\n")
    found = json.loads(text)["files"]
    assert sorted(found) == ["plots/page.html", "t.csv", "t.parquet"]
    for name, listed in found.items():
        data = (tmp_path / name).read_bytes()
        assert listed == {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    assert found["plots/page.html"]["bytes"] == 3
    assert strange_file(tmp_path) is None


def test_a_csv_file_has_no_index_and_ends_lines_the_same_way_everywhere(tmp_path: Path) -> None:
    table = TABLE.assign(when=pd.to_datetime(["2024-01-01", "2024-01-02"])).rename(
        columns={"y": "@y"}
    )
    table.index = pd.Index([5, 7])
    write_csv(table, tmp_path / "t.csv")
    expected = "unique_id,'@y,when\n'=é,0.1,2024-01-01\nb,0.3333333333333333,2024-01-02\n"
    assert (tmp_path / "t.csv").read_bytes() == expected.encode("utf-8")
    assert list(table.columns) == ["unique_id", "@y", "when"]
    assert table["unique_id"].tolist() == ["=é", "b"]


def test_a_target_is_checked_without_leaving_anything(tmp_path: Path) -> None:
    check_target(tmp_path / "new" / "out")
    assert list((tmp_path / "new").iterdir()) == []
    (tmp_path / "file").write_text("kept")
    with pytest.raises(Stop, match="is not a folder") as caught:
        check_target(tmp_path / "file")
    assert caught.value.code == CANNOT_CREATE
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter").write_text("kept")
    with pytest.raises(Stop, match="holds letter") as caught:
        check_target(tmp_path / "full")
    assert caught.value.code == CANNOT_CREATE
    with pytest.raises(Stop, match="cannot write there: File exists") as caught:
        check_target(tmp_path / "file" / "out")
    assert caught.value.code == CANNOT_CREATE
    probe(tmp_path / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "full", "new"]


def test_a_folder_is_written_beside_its_place_and_read_by_all(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "a" / "out") as scratch:
        assert scratch.parent == tmp_path / "a"
        assert scratch.name.startswith(".out.")
        assert scratch.name.endswith(PART)
        (scratch / "x").write_text("1")
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["out"]
    assert stat.S_IMODE((tmp_path / "a" / "out").stat().st_mode) == 0o755
    assert (tmp_path / "a" / "out" / "x").read_text() == "1"


def test_a_link_to_an_output_stays_and_what_it_points_to_is_replaced(tmp_path: Path) -> None:
    for version in ("1", "2"):
        with whole_folder(tmp_path / "link" if version == "2" else tmp_path / "out") as scratch:
            (scratch / "run.json").write_text('{"files": ["x"]}')
            (scratch / "x").write_text(version)
        if version == "1":
            (tmp_path / "link").symlink_to(tmp_path / "out")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "out" / "x").read_text() == "2"


def test_what_is_listed_in_either_listing_is_ours_and_nothing_else(tmp_path: Path) -> None:
    assert strange_file(tmp_path / "nothing") is None
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "a.png").write_text("")
    (tmp_path / "b").write_text("")
    assert strange_file(tmp_path) == "b"
    (tmp_path / "run.json").write_text('{"files": {"plots/a.png": {}}}')
    assert strange_file(tmp_path) == "b"
    (tmp_path / "facts.json").write_text('{"files": ["b"]}')
    assert strange_file(tmp_path) is None
    for text in ("[", "{}", "[]", '{"files": 3}'):
        (tmp_path / "facts.json").write_text(text)
        assert strange_file(tmp_path) == "b"


def test_a_file_and_a_mount_point_are_no_folder_to_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskWriteError, match="file is a file; name a folder"):
        check_folder(tmp_path / "file")
    with pytest.raises(DiskWriteError, match="/proc is a mount point"):
        check_folder(Path("/proc"))
    assert DiskWriteError.code == "DISK_WRITE"


@pytest.mark.parametrize(("end", "there", "left"), [
    (PART, True, ["out"]), (PART, False, []), (OLD, True, ["out"]), (OLD, False, ["out"]),
])  # fmt: skip
def test_what_killed_runs_left_is_swept_and_an_old_output_comes_back(
    tmp_path: Path, end: str, there: bool, left: list[str]
) -> None:
    (tmp_path / f".out.abcd_123{end}").mkdir()
    (tmp_path / f".out.abcd_123{end}" / "x").write_text("old")
    if there:
        (tmp_path / "out").mkdir()
    sweep(tmp_path / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == left
    assert (tmp_path / "out" / "x").exists() == (end == OLD and not there)


def test_an_error_says_what_failed_and_what_state_is_left(tmp_path: Path) -> None:
    with (
        pytest.raises(
            DiskWriteError,
            match=r"writing .*out failed: No space left.* \(elsewhere\); what was there",
        ),
        whole_folder(tmp_path / "out"),
    ):
        raise OSError(28, os.strerror(28), "elsewhere")
    with (
        pytest.raises(DiskWriteError, match=r"out failed: No space left on device; what was there"),
        whole_folder(tmp_path / "out") as scratch,
    ):
        raise OSError(28, os.strerror(28), str(scratch / "t.csv"))
    with pytest.raises(ZeroDivisionError), whole_folder(tmp_path / "out"):
        1 / 0  # noqa: B018
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_an_old_output_is_none(tmp_path: Path) -> None:
    (tmp_path / f".out.abcd_123{OLD}").write_text("kept")
    sweep(tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == [f".out.abcd_123{OLD}"]


@pytest.mark.parametrize(("number", "kind", "costs"), [
    (errno.EINVAL, stat.S_IFDIR, False), (errno.ENOTSUP, stat.S_IFDIR, False), (errno.EIO, stat.S_IFDIR, True),
    (errno.EINVAL, stat.S_IFREG, True),
])  # fmt: skip
def test_a_file_system_may_be_unable_to_sync_folders_and_must_sync_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: int, costs: bool
) -> None:
    def fsync(descriptor: int) -> None:
        if stat.S_IFMT(os.fstat(descriptor).st_mode) == kind:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fsync)
    refused = pytest.raises(DiskWriteError) if costs else contextlib.nullcontext()
    with refused, whole_folder(tmp_path / "out") as scratch:
        (scratch / "x").write_text("1")
    assert (tmp_path / "out").exists() == (not costs)


@pytest.mark.parametrize("lost", [ATTEMPTS - 1, ATTEMPTS])
def test_publishing_is_tried_ten_times_while_others_are_faster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    left, rename = [errno.EEXIST] * lost, os.rename

    def slow(source: Path, target: Path) -> None:
        if left:
            raise OSError(left.pop(), "another run has published")
        rename(source, target)

    monkeypatch.setattr(os, "rename", slow)
    refused = pytest.raises(DiskWriteError) if lost == ATTEMPTS else contextlib.nullcontext()
    with refused, whole_folder(tmp_path / "out") as scratch:
        (scratch / "x").write_text("1")
    assert (tmp_path / "out").exists() == (lost < ATTEMPTS)
    assert left == []


def test_where_names_cannot_be_exchanged_the_old_output_is_held_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("out", f".out.abcd_123{PART}"):
        (tmp_path / name).mkdir()
    (tmp_path / "out" / "x").write_text("old")
    rename, calls = os.rename, []

    def second_fails(source: Path, target: Path) -> None:
        calls.append(source)
        if len(calls) == 2:
            aside = os.open(tmp_path / f".out.abcd_123{OLD}", os.O_RDONLY)
            with pytest.raises(BlockingIOError):  # so that no other run sweeps it meanwhile
                fcntl.flock(aside, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.close(aside)
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        rename(source, target)

    monkeypatch.setattr(os, "rename", second_fails)
    monkeypatch.setattr(files, "_renameat2", lambda: None)
    with pytest.raises(OSError, match="Input/output error"):
        files.replace(tmp_path / f".out.abcd_123{PART}", tmp_path / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == [f".out.abcd_123{PART}", "out"]
    assert (tmp_path / "out" / "x").read_text() == "old"
