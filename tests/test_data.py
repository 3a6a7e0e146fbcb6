"""The data that comes along: described, small, licensed, and remade by its script."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

DATA = Path(__file__).parents[1] / "data"
FILES = sorted(p.name for p in DATA.iterdir() if p.suffix in (".parquet", ".csv"))
LARGEST = 600_000


@pytest.mark.parametrize("name", FILES)
def test_every_file_stands_in_the_readme_and_is_small(name: str) -> None:
    assert f"| `{name}` |" in (DATA / "README.md").read_text()
    assert (DATA / name).stat().st_size < LARGEST


def test_the_licences_of_the_competition_data_lie_beside_it() -> None:
    for name, title in (
        ("LGPL", "GNU LESSER GENERAL PUBLIC LICENSE"),
        ("GPL", "GNU GENERAL PUBLIC"),
    ):
        assert title in (DATA / f"LICENSE-{name}-3.0.txt").read_text()


@pytest.mark.parametrize(
    ("name", "series", "length"),
    [
        ("m3_monthly.parquet", 48, 144),
        ("m3_monthly_dated.parquet", 48, 144),
        ("tourism_monthly.parquet", 36, 333),
        ("card_spend.parquet", 24, 1096),
    ],
)
def test_a_panel_is_complete_and_sorted(name: str, series: int, length: int) -> None:
    frame = pd.read_parquet(DATA / name)
    assert list(frame.columns) == ["unique_id", "ds", "y"]
    assert (frame.groupby("unique_id").size() == length).all()
    assert frame["unique_id"].nunique() == series
    assert not frame.duplicated(["unique_id", "ds"]).any()
    assert frame.groupby("unique_id")["ds"].is_monotonic_increasing.all()
    assert np.isfinite(frame["y"]).all()


def test_the_dated_copy_holds_the_numbers_of_the_counted_one() -> None:
    counted = pd.read_parquet(DATA / "m3_monthly.parquet")
    dated = pd.read_parquet(DATA / "m3_monthly_dated.parquet")
    month = (dated["ds"].dt.year - 2001) * 12 + dated["ds"].dt.month
    assert_frame_equal(counted, dated.assign(ds=month.astype("int64")))


def test_the_parts_of_the_synthetic_series_multiply_to_their_mean() -> None:
    truth = pd.read_parquet(DATA / "card_spend_truth.parquet").set_index(["unique_id", "ds"])
    product = truth.drop(columns="mean").astype(float).prod(axis=1)
    np.testing.assert_allclose(truth["mean"], product, rtol=1e-6)


def test_the_synthetic_series_scatter_around_their_mean() -> None:
    y = pd.read_parquet(DATA / "card_spend.parquet").set_index(["unique_id", "ds"])["y"]
    truth = pd.read_parquet(DATA / "card_spend_truth.parquet").set_index(["unique_id", "ds"])
    ratio = y.groupby("unique_id").sum() / truth["mean"].groupby("unique_id").sum()
    assert ratio.drop("jewellery/south").between(0.97, 1.03).all()
    assert 0.8 < ratio["jewellery/south"] < 1.2
    assert 0.09 < (y["jewellery/south"] > 0).mean() < 0.15


def test_the_script_writes_the_synthetic_files_that_are_stored(tmp_path: Path) -> None:
    script = tmp_path / "make_card_spend.py"
    shutil.copy(DATA / script.name, script)
    runpy.run_path(str(script), run_name="__main__")
    for name in FILES:
        if name.startswith("card_spend"):
            read = pd.read_parquet if name.endswith(".parquet") else pd.read_csv
            # Other versions of numpy may round the last bit otherwise.
            assert_frame_equal(
                read(tmp_path / name), read(DATA / name), rtol=1e-6, check_dtype=False
            )
