"""What ``python -m benchmarks`` runs can be imported: a figure that nobody can measure again is none."""

import importlib

import pytest

from benchmarks.__main__ import BENCHMARKS, TAKE_WORDS


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_can_be_imported(name):
    assert callable(importlib.import_module(f"benchmarks.{name}").main)


def test_what_takes_words_is_a_benchmark():
    assert set(TAKE_WORDS) <= set(BENCHMARKS)
