"""The metric code gives the published errors of the M3 competition."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "m3_published.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("m3_published", SCRIPT)
    if spec is None or spec.loader is None:
        pytest.fail(f"cannot load {SCRIPT}")
    module = importlib.util.module_from_spec(spec)
    sys.modules["m3_published"] = module
    spec.loader.exec_module(module)
    return module


def test_published_rows_come_out_to_the_third_decimal(script: ModuleType) -> None:
    data = script.folder()
    if isinstance(data, str):
        pytest.skip(data)
    got = script.errors(data)
    assert 24 == len(got)
    for method, expected in script.PUBLISHED.items():
        assert list(expected) == got.loc[method, list(script.METRICS)].round(3).tolist()


def test_without_data_it_says_why_and_succeeds(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == script.main([str(tmp_path)])
    assert "skipped: " in capsys.readouterr().out
