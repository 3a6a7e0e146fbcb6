"""The command line: files in, a folder out, and an exit code that says how it ended."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.cli import main, replay
from forecasting.cli.flags import in_flags
from forecasting.cli.registry import CLASSES, MODELS, build_model

IDS_THAT_ARE_TEXT = ["0742", "NA", "null", "1E5", "TRUE", "=1+1", "-2", "a,b", "ü"]
PLAIN = ("naive", "snaive")


@pytest.fixture
def daily() -> pd.DataFrame:
    """Two series of eight weeks with a weekly season."""
    days = pd.date_range("2024-01-01", periods=56)
    rng = np.random.default_rng(0)
    week = np.tile([5.0, 6, 7, 8, 12, 15, 3], 8)
    parts = [pd.DataFrame({"unique_id": i, "ds": days, "y": week + rng.random(56)}) for i in "ab"]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture
def file(daily: pd.DataFrame, tmp_path: Path) -> Path:
    path = tmp_path / "sales.csv"
    daily.to_csv(path, index=False)
    return path


@pytest.fixture
def with_pictures() -> None:
    """Ask for real pictures."""


@pytest.fixture(autouse=True)
def few_pictures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures take seconds; they are drawn only where a test is about them."""
    if "with_pictures" not in request.fixturenames:
        monkeypatch.setattr(replay, "write_pictures", lambda bt, folder: folder.mkdir())
        monkeypatch.setattr(replay, "backtest_page", lambda bt, title: "<html></html>")


def backtest(*words: object, models: Any = PLAIN) -> int:
    return main(["backtest", *map(str, words), "--models", *models])


def error_of(capsys: pytest.CaptureFixture[str]) -> str:
    text = capsys.readouterr().err
    assert len(text.strip().splitlines()) <= 2
    assert "Traceback" not in text
    return text


# --- backtest ---------------------------------------------------------------------------------------


def test_backtest_writes_everything_and_says_where(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], with_pictures: None
) -> None:
    out = tmp_path / "out"
    assert backtest(file, "--h", 7, "--n-windows", 3, "--level", 80, "--output", out) == 0
    said = capsys.readouterr().out
    assert f"Written to {out}/" in said
    assert "snaive has the lowest MASE" in said
    assert max(len(line) for line in said.splitlines() if str(out) not in line) <= 100
    names = {p.name for p in out.iterdir()}
    for table in (
        "forecasts",
        "errors",
        "errors_by_step",
        "failures",
        "skipped",
        "timings",
        "warnings",
    ):
        assert {f"{table}.parquet", f"{table}.csv"} <= names
    assert {"summary.html", "run.json", "plots"} <= names
    assert {p.suffix for p in (out / "plots").iterdir()} == {".png"}
    run = json.loads((out / "run.json").read_text())
    on_disk = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    assert set(run["files"]) == on_disk - {"run.json"}


def test_the_folder_is_a_backtest_that_can_be_loaded(
    daily: pd.DataFrame, file: Path, tmp_path: Path
) -> None:
    assert backtest(file, "--h", 7, "--n-windows", 2, "--output", tmp_path / "out") == 0
    models = {"naive": fc.Naive(), "snaive": fc.SeasonalNaive(7)}
    expected = fc.backtest(daily, models, h=7, n_windows=2)
    pd.testing.assert_frame_equal(
        expected.summary(), fc.Backtest.load(tmp_path / "out").summary(), check_exact=True
    )


def test_floats_in_csv_read_back_with_the_same_bits(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert backtest(file, "--h", 7, "--output", out) == 0
    expected = pd.read_parquet(out / "forecasts.parquet")
    read = pd.read_csv(out / "forecasts.csv", float_precision="round_trip")
    assert np.array_equal(expected["mean"].to_numpy(), read["mean"].to_numpy())
    assert np.array_equal(expected["y"].to_numpy(), read["y"].to_numpy())


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_ids_keep_their_text(daily: pd.DataFrame, tmp_path: Path, kind: str) -> None:
    one = daily[daily["unique_id"] == "a"]
    frame = pd.concat([one.assign(unique_id=i) for i in IDS_THAT_ARE_TEXT], ignore_index=True)
    path = tmp_path / f"data.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    assert backtest(path, "--h", 7, "--output", tmp_path / "out") == 0
    found = pd.read_parquet(tmp_path / "out" / "forecasts.parquet")["unique_id"]
    assert set(IDS_THAT_ARE_TEXT) == set(found)


def test_text_in_csv_is_no_formula(daily: pd.DataFrame, tmp_path: Path) -> None:
    frame = daily.replace({"unique_id": {"a": "=1+1", "b": "-2"}})
    frame.to_parquet(tmp_path / "data.parquet")
    assert backtest(tmp_path / "data.parquet", "--h", 7, "--output", tmp_path / "out") == 0
    for path in (tmp_path / "out").glob("*.csv"):
        cells = pd.read_csv(path, dtype=str, keep_default_na=False)
        for column in cells.columns.intersection(["unique_id", "model", "message"]):
            assert not cells[column].str.startswith(("=", "+", "-", "@", "\t", "\r")).any()
    read = pd.read_csv(tmp_path / "out" / "forecasts.csv")
    assert {"'=1+1", "'-2"} == set(read["unique_id"])


def test_several_files_without_ids_are_named_after_their_file(
    daily: pd.DataFrame, tmp_path: Path
) -> None:
    for name, part in daily.groupby("unique_id"):
        part[["ds", "y"]].to_csv(tmp_path / f"shop-{name}.csv", index=False)
    out = tmp_path / "out"
    assert backtest(tmp_path / "shop-*.csv", "--h", 7, "--output", out) == 0
    found = pd.read_parquet(out / "forecasts.parquet")
    assert {"shop-a", "shop-b"} == set(found["unique_id"])


def test_other_column_names_and_european_numbers_are_read(
    daily: pd.DataFrame, tmp_path: Path
) -> None:
    frame = daily.rename(columns={"unique_id": "shop", "ds": "day", "y": "sold"})
    frame["day"] = frame["day"].dt.strftime("%d.%m.%Y")
    path = tmp_path / "data.csv"
    frame.to_csv(path, index=False, sep=";", decimal=",")
    names = ["--id-col", "shop", "--time-col", "day", "--target-col", "sold"]
    how = ["--sep", ";", "--decimal", ",", "--date-format", "%d.%m.%Y"]
    assert backtest(path, "--h", 7, *names, *how, "--output", tmp_path / "out") == 0
    found = pd.read_parquet(tmp_path / "out" / "forecasts.parquet")
    expected = daily.loc[daily["unique_id"] == "a", "y"].to_numpy()[-7:]
    assert np.array_equal(expected, found.loc[found["model"] == "naive", "y"].to_numpy()[:7])


def test_a_model_that_failed_often_stands_last_however_small_its_error() -> None:
    days = pd.date_range("2024-01-01", periods=100)
    wave = pd.DataFrame(
        {"unique_id": "long", "ds": days, "y": np.tile(np.arange(45.0) % 7, 3)[:100]}
    )
    frame = pd.concat([wave, wave.tail(40).assign(unique_id="short")])
    models = {"perfect": fc.SeasonalNaive(45), "naive": fc.Naive()}
    bt = fc.backtest(frame, models, h=7, season_length=1)
    assert 0.0 == bt.summary().loc["perfect", "MASE"]
    assert ["naive", "perfect"] == replay.shown_errors(bt)["model"].tolist()


def test_a_date_format_reads_times_that_look_like_integers(
    daily: pd.DataFrame, tmp_path: Path
) -> None:
    path, out = tmp_path / "data.csv", tmp_path / "out"
    daily.assign(ds=daily["ds"].dt.strftime("%Y%m%d")).to_csv(path, index=False)
    assert backtest(path, "--h", 7, "--date-format", "%Y%m%d", "--output", out) == 0
    assert pd.Timestamp("2024-02-25") == pd.read_parquet(out / "forecasts.parquet")["ds"].max()


def test_a_parquet_and_a_csv_file_are_read_together(daily: pd.DataFrame, tmp_path: Path) -> None:
    daily[daily["unique_id"] == "a"].to_parquet(tmp_path / "a.parquet")
    daily[daily["unique_id"] == "b"].to_csv(tmp_path / "b.csv", index=False)
    out = tmp_path / "out"
    assert backtest(tmp_path / "[ab].*", "--h", 7, "--output", out) == 0
    assert {"a", "b"} == set(pd.read_parquet(out / "forecasts.parquet")["unique_id"])


@pytest.mark.parametrize(("text", "says"), [("1", "int64"), ("1.2.2024", "--date-format")])
def test_files_whose_times_do_not_go_together_are_named(
    daily: pd.DataFrame,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    says: str,
) -> None:
    daily.to_parquet(tmp_path / "a.parquet")
    (tmp_path / "b.csv").write_text(f"unique_id,ds,y\nc,{text},1\n")
    assert backtest(tmp_path / "[ab].*", "--h", 7, "--output", tmp_path / "out") == 65
    said = error_of(capsys)
    assert "b.csv" in said
    assert "a.parquet" in said
    assert says in said


@pytest.mark.parametrize(
    ("how", "expected"), [("sum", 6.0), ("mean", 3.0), ("first", 2.0), ("last", 4.0)]
)
def test_duplicates_become_what_was_said(tmp_path: Path, how: str, expected: float) -> None:
    days = pd.date_range("2024-01-01", periods=20).repeat(2)
    frame = pd.DataFrame({"unique_id": "a", "ds": days, "y": np.tile([2.0, 4.0], 20)})
    frame.to_csv(tmp_path / "data.csv", index=False)
    out = tmp_path / "out"
    assert backtest(tmp_path / "data.csv", "--h", 2, "--on-duplicate", how, "--output", out) == 0
    assert {expected} == set(pd.read_parquet(out / "forecasts.parquet")["y"])


@pytest.mark.parametrize(
    ("how", "expected"), [("zero", 0.0), ("forward", 9.0), ("seasonal", 3.0), ("interpolate", 9.5)]
)
def test_gaps_are_filled_as_was_said(tmp_path: Path, how: str, expected: float) -> None:
    # The row of the 11th is not there; a week before it, on the 4th, stands 3; beside it 9 and 10.
    days = pd.date_range("2024-01-01", periods=11)
    y = [0.0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    frame = pd.DataFrame({"unique_id": "a", "ds": [*days[:10], days[10] + days.freq], "y": y})
    frame.to_csv(tmp_path / "data.csv", index=False)
    out = tmp_path / "out"
    words = ["--h", 2, "--freq", "D", "--fill-gaps", how, "--output", out]
    assert backtest(tmp_path / "data.csv", *words, models=["naive"]) == 0
    assert [expected, 10.0] == pd.read_parquet(out / "forecasts.parquet")["y"].tolist()


@pytest.mark.filterwarnings("always::forecasting.errors.DataWarning")
def test_rows_after_complete_until_and_missing_ends_are_dropped(
    daily: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = daily.assign(y=daily["y"].where(daily["ds"] < "2024-02-20"))
    frame.to_csv(tmp_path / "data.csv", index=False)
    words = ["--h", "3", "--model", "naive", "--output", str(tmp_path / "out")]
    mends = ["--complete-until", "2024-02-22", "--drop-trailing-na"]
    assert main(["forecast", str(tmp_path / "data.csv"), *words, *mends]) == 0
    found = pd.read_parquet(tmp_path / "out" / "forecasts.parquet")
    assert pd.Timestamp("2024-02-20") == found["ds"].min()
    assert "after --complete-until 2024-02-22" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("python", "shell"),
    [
        ("say date_format='%d/%m/%Y' or so", "say --date-format %d/%m/%Y or so"),
        ("Say id_col=, time_col=, target_col= if", "Say --id-col, --time-col, --target-col if"),
        ("Use freq='MS' (QS, YS)", "Use --freq MS (QS, YS)"),
        ("is it freq='W-MON'?", "is it --freq W-MON?"),
        ("target_col='units sold'", "--target-col 'units sold'"),
        (
            "drop with df.drop_duplicates(['unique_id', 'ds']), or add them up with "
            "on_duplicate='sum'",
            "drop with --on-duplicate first, or add them up with --on-duplicate sum",
        ),
        ("fill_gaps(data, how='zero'), or 'forward', 'seasonal'",
         "--fill-gaps zero, or forward, seasonal"),
        ("fill_gaps(df, how='forward')", "--fill-gaps forward"),
        ("fill_gaps(...)", "--fill-gaps HOW"),
        ("move complete_until= to", "move --complete-until to"),
        ("drop_trailing_na=True, if", "--drop-trailing-na, if"),
        ("freq=pd.DatetimeIndex([...])", "freq=pd.DatetimeIndex([...])"),
    ],
)  # fmt: skip
def test_words_of_python_are_shown_as_flags(python: str, shell: str) -> None:
    assert shell == in_flags(python)


def test_an_error_names_flags(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "data.csv"
    path.write_text("unique_id,ds,y\na,2024-01-01,1\na,2024-01-01,2\na,2024-01-02,3\n")
    assert backtest(path, "--h", 1, "--output", tmp_path / "out") == 65
    said = error_of(capsys)
    assert "--on-duplicate sum" in said
    assert "drop_duplicates" not in said


# --- how it ends ------------------------------------------------------------------------------------


def test_too_many_failures_end_with_3_and_are_written(
    daily: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    holed = daily.drop(index=daily.index[30])
    path = tmp_path / "data.csv"
    holed.to_csv(path, index=False)
    out = tmp_path / "out"
    assert backtest(path, "--h", 7, "--output", out) == 3
    assert "2 of 4 forecasts failed" in error_of(capsys)
    assert pd.read_csv(out / "failures.csv")["code"].tolist() == ["GAP", "GAP"]
    assert backtest(path, "--h", 7, "--output", out, "--fail-over", 0.5) == 0


@pytest.mark.parametrize("word", ["backtest", "forecast"])
@pytest.mark.parametrize("ys", [["1"] * 3, [""] * 30], ids=["short", "empty"])
def test_not_a_single_forecast_ends_with_65_and_says_why(
    word: str, ys: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = pd.date_range("2024-01-01", periods=len(ys)).strftime("%Y-%m-%d")
    rows = "".join(f"{i},{d},{y}\n" for i in "ab" for d, y in zip(days, ys, strict=True))
    (tmp_path / "data.csv").write_text("unique_id,ds,y\n" + rows)
    out = tmp_path / "out"
    model = ["--models" if word == "backtest" else "--model", "snaive(7)"]
    words = ["--h", "1", "--output", str(out), "--fail-over", "1", *model]
    assert main([word, str(tmp_path / "data.csv"), *words]) == 65
    said = capsys.readouterr().err
    if word == "backtest":
        assert "not a single forecast" in said
        assert {"a", "b"} == set(pd.read_csv(out / "failures.csv")["unique_id"])
    else:
        assert ("needs at least 7" if "1" in ys else "are missing") in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["backtest"], "the following arguments are required"),
        (["frobnicate"], "invalid choice"),
        (["backtest", "{file}", "--h", "0", "--output", "{out}"], "h"),
        (["backtest", "{file}", "--h", "7", "--output", "{out}", "--models", "snaiv"], "'snaive'"),
        (["backtest", "--h", "7", "--output", "{out}", "{file}", "--models", "b.csv"], "a file"),
        (
            ["backtest", "{file}", "--h", "7", "--output", "{out}", "--models", "ets(x=open('/'))"],
            "plain values",
        ),
        (["backtest", "{file}", "--h", "7", "--output", "{out}", "--models", "snaive(0)"], "at least 1"),
        (["backtest", "{file}", "--h", "7", "--output", "{out}", "--baseline", "ets2"], "baseline"),
        (["backtest", "{file}", "--h", "70", "--output", "{out}"], "h"),
    ],
)  # fmt: skip
def test_a_wrong_command_line_ends_with_2(
    words: list[str], says: str, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main([w.format(file=file, out=out) for w in words]) == 2
    assert says in error_of(capsys)
    assert not out.exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("unique_id;ds;y\na;2024-01-01;1\n", "--sep ';'"),
        ("unique_id,ds,y\na,2024-01-01,1\na,2024-01-01,2\n", "2024-01-01"),
        ("unique_id,ds,y\na,2024-01-01,x\na,2024-01-02,2\n", "y"),
        ("unique_id,ds,sold\na,2024-01-01,1\n", "'y'"),
        ("unique_id,ds,y\na,2024-01-01,1\na,2024-01-02,2,3,4\n", "not a CSV file"),
    ],
)
def test_data_that_cannot_be_read_end_with_65(
    text: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "data.csv"
    path.write_text(text)
    assert backtest(path, "--h", 1, "--output", tmp_path / "out") == 65
    assert says in error_of(capsys)
    assert not (tmp_path / "out").exists()


def test_a_damaged_parquet_file_ends_with_65(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data.parquet").write_bytes(b"PAR1 and nothing more")
    assert backtest(tmp_path / "data.parquet", "--h", 1, "--output", tmp_path / "out") == 65
    assert "not a parquet file" in error_of(capsys)


def test_bytes_that_are_not_utf8_end_with_65(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data.csv").write_bytes("unique_id,ds,y\nÄ,2024-01-01,1\n".encode("latin-1"))
    assert backtest(tmp_path / "data.csv", "--h", 1, "--output", tmp_path / "out") == 65
    assert "not UTF-8" in error_of(capsys)


def test_a_file_that_is_not_there_ends_with_66(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert backtest(tmp_path / "no.csv", "--h", 1, "--output", tmp_path / "out") == 66
    assert "is not there" in error_of(capsys)


def test_a_folder_with_other_things_in_it_is_never_replaced(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "home"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    assert backtest(file, "--h", 7, "--output", out) == 73
    assert "thesis.txt" in error_of(capsys)
    assert (out / "thesis.txt").read_text() == "years of work"


def test_an_earlier_output_is_replaced_unless_something_was_put_there(
    file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert backtest(file, "--h", 7, "--output", out) == 0
    assert backtest(file, "--h", 3, "--output", out) == 0
    assert json.loads((out / "run.json").read_text())["h"] == 3
    (out / "notes.txt").write_text("mine")
    assert backtest(file, "--h", 5, "--output", out) == 73
    assert json.loads((out / "run.json").read_text())["h"] == 3


def test_a_disk_that_fills_up_ends_with_74_and_leaves_what_was_there(
    file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "out"
    assert backtest(file, "--h", 7, "--output", out) == 0
    capsys.readouterr()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(replay, "write_run", full)
    assert backtest(file, "--h", 3, "--output", out) == 74
    assert "No space left" in error_of(capsys)
    assert json.loads((out / "run.json").read_text())["h"] == 7
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_ctrl_c_writes_what_is_finished_and_ends_with_130(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fc.RandomWalkWithDrift, "_forecast_windows", interrupt)
    out = tmp_path / "out"
    assert backtest(file, "--h", 7, "--output", out, models=["snaive", "drift"]) == 130
    assert "marked incomplete" in error_of(capsys)
    assert json.loads((out / "run.json").read_text())["complete"] is False
    assert set(pd.read_parquet(out / "failures.parquet")["code"]) == {"INTERRUPTED"}


def test_sigterm_ends_with_143(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def terminate(*_: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(fc.RandomWalkWithDrift, "_forecast_windows", terminate)
    out = tmp_path / "out"
    assert backtest(file, "--h", 7, "--output", out, models=["snaive", "drift"]) == 143
    assert (out / "summary.html").exists()


def test_debug_shows_where_an_error_comes_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data.csv").write_text("unique_id,ds,y\na,2024-01-01,x\n")
    backtest(tmp_path / "data.csv", "--h", 1, "--output", tmp_path / "out", "--debug")
    assert "Traceback" in capsys.readouterr().err


# --- the other words --------------------------------------------------------------------------------


def test_forecast_writes_what_predict_answers(
    daily: pd.DataFrame, file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ["--h", "3", "--model", "snaive", "--level", "80", "--output", str(out)]
    assert main(["forecast", str(file), *words]) == 0
    expected = fc.SeasonalNaive(7).fit(daily).predict(3, level=80)
    found = pd.read_parquet(out / "forecasts.parquet")
    assert expected["unique_id"].tolist() == found["unique_id"].tolist()
    assert np.array_equal(
        expected[["mean", "lo-80", "hi-80"]].to_numpy(),
        found[["mean", "lo-80", "hi-80"]].to_numpy(),
    )


def test_forecast_ends_with_3_when_a_series_failed(
    daily: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    daily.drop(index=daily.index[30]).to_csv(tmp_path / "data.csv", index=False)
    words = ["--h", "3", "--model", "snaive", "--output", str(tmp_path / "out")]
    assert main(["forecast", str(tmp_path / "data.csv"), *words]) == 3
    assert "1 of 2 series failed" in error_of(capsys)
    assert pd.read_csv(tmp_path / "out" / "failures.csv")["code"].tolist() == ["GAP"]


def test_check_says_what_is_odd_and_how_to_mend_it(
    daily: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    daily.drop(index=daily.index[30]).to_csv(tmp_path / "data.csv", index=False)
    assert main(["check", str(tmp_path / "data.csv")]) == 0
    said = capsys.readouterr().out
    assert "gap" in said
    assert "--fill-gaps zero" in said


def test_check_finds_nothing_in_clean_data(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(file)]) == 0
    assert "Nothing odd in 112 rows." in capsys.readouterr().out


def test_models_lists_every_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in MODELS)
    assert max(map(len, said.splitlines())) <= 100


@pytest.mark.parametrize("name", [*MODELS])
def test_every_name_makes_a_forecaster(name: str) -> None:
    if MODELS[name].needs:
        pytest.importorskip(MODELS[name].needs, reason="an extra")
    assert isinstance(build_model(name, 12), fc.Forecaster)
    if name not in ("stl", "holt-winters"):  # which need a season
        assert isinstance(build_model(name, 1), fc.Forecaster)


def test_arguments_change_the_usual_ones() -> None:
    assert build_model("snaive", 12) == fc.SeasonalNaive(12)
    assert build_model("snaive(7)", 12) == fc.SeasonalNaive(7)
    assert build_model("SeasonalNaive(season_length=7)", 12) == fc.SeasonalNaive(7)
    assert build_model("seasonal-average(n_seasons=2)", 12) == fc.SeasonalWindowAverage(12, 2)
    assert "SeasonalNaive" in CLASSES


def test_help_names_every_exit_code() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "forecasting", "--help"], capture_output=True, text=True, check=True
    )
    for code in (0, 2, 3, 65, 66, 73, 74, 130, 143):
        assert f"  {code}  " in done.stdout
    assert done.stderr == ""


def test_the_command_line_loads_nothing_heavy() -> None:
    script = (
        "import sys, forecasting.cli\n"
        "heavy = {'matplotlib', 'prophet', 'sktime', 'statsmodels', 'sklearn', 'lightgbm', 'arch'}\n"
        "sys.stderr.write(' '.join(sorted(heavy & set(sys.modules))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stderr.strip())
