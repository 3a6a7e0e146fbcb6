"""README.md runs, and prints what it says it prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from forecasting.cli.exits import MEANINGS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(python|text)\n(.*?)^```$", README, flags=re.M | re.S)
END = "-- end of a text --"
SAY_END = f"print({END!r})"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def test_every_python_block_runs_and_prints_the_text_below_it(tmp_path: Path) -> None:
    # A file, because worker processes look a class up where it was defined.
    script = tmp_path / "readme.py"
    script.write_text("\n".join(b if kind == "python" else SAY_END for kind, b in BLOCKS))
    done = subprocess.run(
        [sys.executable, str(script)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)
    printed = done.stdout.split(END)[:-1]
    texts = [block for kind, block in BLOCKS if kind == "text"]
    assert len(texts) == len(printed) > 2
    for expected, got in zip(texts, printed, strict=True):
        assert_same_text(expected, got)


def assert_same_text(expected: str, got: str) -> None:
    """Same words; numbers may differ by 2 %, as optimisers do from one version to the next."""
    assert NUMBER.sub("#", expected).split() == NUMBER.sub("#", got).split()
    for one, other in zip(NUMBER.findall(expected), NUMBER.findall(got), strict=True):
        assert float(one) == pytest.approx(float(other), rel=0.02, abs=0.02)


def test_the_table_of_exit_codes_is_that_of_the_program() -> None:
    for code, means in MEANINGS.items():
        assert f"| {code} | {means} |" in README


def test_every_path_that_is_named_is_there() -> None:
    paths = set(re.findall(r"`([\w./-]+(?:/|\.(?:py|md|ipynb)))`", README))
    outputs = {"plots/"}
    places = (ROOT, ROOT / "forecasting")
    missing = {p for p in paths - outputs if not any((place / p).exists() for place in places)}
    assert missing == set()
