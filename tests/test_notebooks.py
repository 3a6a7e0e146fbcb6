"""The notebooks are stored as they ran: with their pictures, in order, without an error.

That they still run is shown by `make notebooks`, which executes them.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
LARGEST = 600_000  # bytes: a clone should not be mostly pictures


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def test_there_are_notebooks() -> None:
    assert [p.stem[:2] for p in NOTEBOOKS] == ["01", "02", "03", "04"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_was_run_from_top_to_bottom(path: Path) -> None:
    counts = [cell["execution_count"] for cell in cells(path, "code")]
    assert list(range(1, len(counts) + 1)) == counts


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_nothing_went_wrong_in_a_notebook(path: Path) -> None:
    outputs = [output for cell in cells(path, "code") for output in cell["outputs"]]
    assert [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_names_no_place_on_the_machine_that_ran_it(path: Path) -> None:
    assert re.findall(r"/(?:home|root|work|tmp|Users)/[\w./-]*", path.read_text()) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_is_small(path: Path) -> None:
    assert path.stat().st_size < LARGEST


def test_pictures_are_stored() -> None:
    kinds = [
        kind
        for path in NOTEBOOKS
        for cell in cells(path, "code")
        for output in cell["outputs"]
        for kind in output.get("data", {})
    ]
    assert kinds.count("image/png") >= 7
