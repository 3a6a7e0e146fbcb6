"""Every version reads the files of all versions before it, to the same forecasts."""

from __future__ import annotations

import importlib.util
import json
import warnings
from pathlib import Path

import pytest
import sklearn
from numpy.testing import assert_allclose
from packaging.version import Version

import forecasting as fc
from forecasting.errors import FailureWarning
from forecasting.modelfile.errors import ModelFileError

GOLDEN = Path(__file__).parents[1] / "golden"
EXPECTED = json.loads((GOLDEN / "model_format1.json").read_text(encoding="utf-8"))


def loaded(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the libraries of the day it was written are gone
        return fc.load(GOLDEN / f"model_format1_{name}.model")


def assert_as_expected(name, table):
    want = EXPECTED[name]
    assert want["columns"] == [str(c) for c in table.columns]
    assert want["ids"] == table.iloc[:, 0].tolist()
    assert want["times"] == table.iloc[:, 1].astype(str).tolist()
    mean = [float("nan") if value is None else value for value in want["mean"]]
    assert_allclose(table["mean"], mean, rtol=1e-12 if name == "kept" else 1e-9)


def test_estimates_of_format_1_forecast_what_they_did():
    forecaster = loaded("kept")
    with pytest.warns(FailureWarning):
        forecaster.predict(3, level=80)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_as_expected("kept", forecaster.predict(3))
    failures = forecaster.failures[["unique_id", "stage", "code", "message"]]
    assert EXPECTED["failures"] == failures.to_numpy().tolist()
    assert 5 == fc.read_signature(GOLDEN / "model_format1_kept.model")["seed"]


def test_a_recipe_of_format_1_forecasts_what_it_did():
    spec = importlib.util.spec_from_file_location("model_files", GOLDEN / "model_files.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    ahead = script.months()[2]
    written = fc.read_signature(GOLDEN / "model_format1_again.model")["made_by"]
    if Version(sklearn.__version__) < Version(written["sklearn"]):
        with pytest.raises(ModelFileError, match=r"LinearRegression .* takes no tol; install"):
            loaded("again")
        return
    assert_as_expected("again", loaded("again").predict(3, X=ahead))


def test_golden_files_are_small():
    assert all(file.stat().st_size < 20_000 for file in GOLDEN.glob("*.model"))
