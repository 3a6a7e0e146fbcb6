"""Damaged and edited model files: an error of ours, or a forecaster that forecasts; nothing else, ever."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import forecasting as fc

sys.path.insert(0, str(Path(__file__).parent))

from edits import Tally, edited, edited_inside, sample_files, signed

OURS = {"MODEL_FILE", "MODEL_FILE_UNSAFE", "MODEL_FILE_CORRUPT", "MODEL_FILE_VERSION"}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return sample_files(tmp_path_factory.mktemp("models"))


@pytest.fixture
def tally(tmp_path):
    return Tally(tmp_path)


def forecasts_of(data, path):
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fc.load(path).predict(2, level=50)


def within_bounds(tally):
    assert tally.slowest < 1.0
    assert tally.grown < 200


@pytest.mark.parametrize("name", ["naive", "ets"])
def test_X02_every_seventh_byte_flipped_is_found(files, tally, name):  # noqa: N802
    data = files[name]
    for at in range(0, len(data), 7):
        damaged = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
        assert tally.try_one(damaged) == "MODEL_FILE_CORRUPT", at
    within_bounds(tally)


def test_X02_a_file_cut_short_anywhere_is_found(files, tally):  # noqa: N802
    data = files["theta"]
    assert {"MODEL_FILE_CORRUPT"} == {tally.try_one(data[:n]) for n in range(0, len(data), 61)}


def test_edited_bytes_are_found_or_change_nothing(files, tally, tmp_path):
    rng = np.random.default_rng(0)
    for data in files.values():
        expected = forecasts_of(data, tmp_path / "whole.model")
        for _ in range(30):
            assert tally.try_one(edited(data, rng), expected) in {*OURS, "equal"}
    within_bounds(tally)


def test_signed_edits_give_our_error_or_forecasts(files, tally):
    rng = np.random.default_rng(1)
    for data in files.values():
        for _ in range(12):
            tally.try_one(signed(edited(data, rng)) if len(data) > 64 else data)
        for _ in range(36):
            tally.try_one(edited_inside(data, rng))
    within_bounds(tally)
    assert tally.counts["forecasts"] > 20, "the edits no longer reach what lies behind the digest"


@pytest.mark.nightly
def test_every_byte_of_a_small_file_flipped_is_found(files, tally):
    data = files["naive"]
    for at in range(len(data)):
        damaged = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
        assert tally.try_one(damaged) == "MODEL_FILE_CORRUPT", at
    within_bounds(tally)


@pytest.mark.nightly
def test_every_byte_flipped_and_signed_gives_our_error_or_forecasts(files, tally):
    for name in ("naive", "theta"):
        data = files[name]
        for at in range(len(data)):
            tally.try_one(signed(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]))
    within_bounds(tally)


@pytest.mark.nightly
def test_ten_thousand_edited_files_give_our_error_or_forecasts(files, tally, tmp_path):
    rng = np.random.default_rng(2)
    for data in files.values():
        expected = forecasts_of(data, tmp_path / "whole.model")
        for _ in range(300):
            assert tally.try_one(edited(data, rng), expected) in {*OURS, "equal"}
        for _ in range(350):
            tally.try_one(signed(edited(data, rng)))
        for _ in range(650):
            tally.try_one(edited_inside(data, rng))
    within_bounds(tally)
    assert 10_000 <= sum(tally.counts.values())
