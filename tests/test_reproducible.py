"""G3: the same input gives the same bits, whatever the processes, the order and the environment.

Each setting is a process of its own that runs every forecaster and prints a hash of each one's
forecasts, intervals, parameters and failures.
"""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import forecasting as fc

CHILD = Path(__file__).parent / "reproducible" / "everything.py"

PLAIN = {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C"}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
SETTINGS = {
    "two processes": ({"n_jobs": 2}, {}),
    "seven processes": ({"n_jobs": 7}, {}),
    "rows shuffled": ({"rows": "shuffled"}, {}),
    "series backwards": ({"rows": "series backwards"}, {}),
    "models backwards": ({"models": "reversed"}, {}),
    "hash seed 1": ({}, {"PYTHONHASHSEED": "1"}),
    "hash seed random": ({}, {"PYTHONHASHSEED": "random"}),
    "half an hour off": ({}, {"TZ": "Asia/Kolkata"}),
    "with summer time": ({}, {"TZ": "America/New_York"}),
    "another language": ({}, {"LC_ALL": "tr_TR.UTF-8"}),
    "one thread": ({}, dict.fromkeys(THREADS, "1")),
    "two threads": ({}, dict.fromkeys(THREADS, "2")),
}


def start(settings, environment):
    return subprocess.Popen(
        [sys.executable, str(CHILD), json.dumps(settings)],
        env={**os.environ, **PLAIN, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def hashes(child):
    printed, complaints = child.communicate(timeout=600)
    assert child.returncode == 0, complaints
    return json.loads(printed)


@pytest.fixture(scope="module")
def everything():
    return hashes(start({}, {}))


@pytest.mark.slow
def test_everything_changed_at_once_gives_the_same_bits():
    changed = {"n_jobs": 2, "rows": "shuffled", "models": "reversed", "which": "quick"}
    environment = {
        "PYTHONHASHSEED": "random",
        "TZ": "Asia/Kolkata",
        "LC_ALL": "C.UTF-8",
        **dict.fromkeys(THREADS, "2"),
    }
    plain, other = start({"which": "quick"}, {}), start(changed, environment)
    expected, got = hashes(plain), hashes(other)
    assert len(expected) > 25
    assert expected == got


@pytest.mark.nightly
@pytest.mark.parametrize("setting", SETTINGS)
def test_each_setting_alone_gives_the_same_bits(everything, setting):
    assert everything == hashes(start(*SETTINGS[setting]))


@pytest.mark.nightly
def test_every_forecaster_of_the_package_is_among_them(everything):
    classes = {
        name
        for name, value in vars(fc).items()
        if inspect.isclass(value)
        and issubclass(value, fc.Forecaster)
        and not inspect.isabstract(value)
    }
    assert classes == {name.partition("(")[0] for name in everything}
