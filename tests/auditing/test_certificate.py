"""The certificate says what was tried, keeps, and goes with the backtest."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from forecasting import (
    Backtest,
    Naive,
    Regressors,
    SeasonalNaive,
    audit,
    backtest,
    backtest_to_store,
    load_certificate,
)
from forecasting.auditing import CertificateFileError
from forecasting.errors import ArgumentError, HorizonError, InputError, LevelError, WindowError
from forecasting.report.from_backtest import backtest_page
from forecasting.testing import contract_panel
from forecasting.testing.planted import IntervalFromFuture, LastValue, NextValue, Positional

DATA = contract_panel(48, 4)


@pytest.fixture(scope="module")
def certificate():
    models = {"honest": LastValue(), "peeks": NextValue()}
    return audit(models, DATA, h=2, oracles=["O1", "O4", "subset"], n_series=3, seed=5)


def test_the_table_has_a_row_for_each_oracle_and_model(certificate):
    table = certificate.table
    assert [
        "oracle",
        "name",
        "model",
        "verdict",
        "reason",
        "n_compared",
        "first_difference",
    ] == list(table)
    assert ["O1", "O4", "O6"] * 2 == table["oracle"].tolist()
    assert ["passed", "not applicable", "passed", "failed", "not applicable", "passed"] == (
        table["verdict"].tolist()
    )


def test_a_failed_oracle_names_series_cutoff_step_and_both_values(certificate):
    row = certificate.table.query("verdict == 'failed'").iloc[0]
    assert "a forecast saw past its cutoff" in row["reason"]
    assert row["first_difference"].startswith(
        "6 of 6 values of mean in the forecasts changed, first s"
    )
    assert " at cutoff 2021-05-01" in row["first_difference"]
    assert " became " in row["first_difference"]


def test_the_certificate_says_what_was_tried(certificate):
    tried = certificate.tried
    assert {"honest": "LastValue()", "peeks": "NextValue()"} == tried.models
    assert ("2021-05-01", "2021-07-01", "2021-09-01") == tried.cutoffs
    assert (3, 4, 2, 5) == (len(tried.ids), tried.n_series, tried.h, tried.seed)
    assert "Values after the cutoff times 3 plus 500." == tried.oracles["O1"]
    assert {"python", "numpy", "pandas"} <= set(tried.versions)
    assert len(tried.fingerprint) == 16


def test_the_first_line_is_the_verdict(certificate):
    assert repr(certificate).startswith(
        "Leak audit FAILED: 1 failed (peeks); 3 oracles x 2 models on 3 of 4 series and 3 cutoffs, "
    )
    assert "<td>FAILED</td>" in certificate._repr_html_()


def test_html_of_a_certificate_is_escaped():
    shown = audit({"<b>": NextValue()}, DATA, h=2, oracles="O1")._repr_html_()
    assert "&lt;b&gt;" in shown
    assert "<b>" not in shown


def test_a_certificate_is_read_back_equal(certificate, tmp_path):
    path = certificate.save(tmp_path / "certificate.json")
    assert certificate == load_certificate(path)
    assert 1 == json.loads(certificate.to_json())["format"]


@pytest.mark.parametrize("text", ["", "[]", '{"format": 2}', '{"format": 1}'])
def test_what_is_no_certificate_is_refused(text, tmp_path):
    path = tmp_path / "certificate.json"
    path.write_text(text)
    with pytest.raises(CertificateFileError):
        load_certificate(path)


# --- arguments ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        ({"oracles": ["O99"]}, ArgumentError, "no oracle 'O99'; there are O1, O1b"),
        ({"oracles": ["subsets"]}, ArgumentError, "Did you mean 'subset'"),
        ({"oracles": []}, ArgumentError, "oracles is empty"),
        ({"cutoffs": []}, WindowError, "cutoffs is empty"),
        ({"cutoffs": ["2021-08-03"]}, ArgumentError, "2021-08-03"),
        ({"n_series": 0}, ArgumentError, "n_series"),
        ({"seed": -1}, ArgumentError, "seed"),
        ({"h": 0}, HorizonError, "h must be"),
        ({"h": 48}, WindowError, "feasible is 47"),
        ({"level": 200}, LevelError, "200"),
        ({"gap": -1}, WindowError, "gap"),
        ({"refit": "no"}, WindowError, "refit"),
        ({"horizon": 2}, ArgumentError, "Here it is called h"),
    ],
    ids=str,
)
def test_a_broken_argument_is_an_error(wrong, error, says):
    with pytest.raises(error, match=says):
        audit(LastValue(), DATA, **{"h": 2, "oracles": "O1", **wrong})


def test_broken_data_is_an_error():
    with pytest.raises(InputError):
        audit(LastValue(), pd.concat([DATA, DATA.iloc[:1]]), h=2)


# --- with a backtest ----------------------------------------------------------------------------------


def audited(models, data=DATA, **settings):
    settings = {"h": 2, "n_windows": 3, "audit": "leak", "progress": False, **settings}
    return backtest(data, models, **settings)


def test_a_backtest_audits_a_sample_of_itself():
    bt = audited({"naive": Naive(), "seasonal": SeasonalNaive(12)}, level=80)
    assert bt.certificate.passed
    assert (3, 2) == (len(bt.certificate.tried.ids), len(bt.certificate.tried.cutoffs))
    assert ["O1", "O1b", "O2", "O3", "O3b", "O4", "O4b", "O6"] == list(bt.certificate.tried.oracles)


def test_a_backtest_without_audit_has_no_certificate_and_the_same_forecasts():
    plain, other = (audited(Naive(), audit=audit) for audit in (None, "leak"))
    assert plain.certificate is None
    pd.testing.assert_frame_equal(plain.forecasts, other.forecasts, check_exact=True)


@pytest.mark.parametrize("peeks", [NextValue(), IntervalFromFuture()], ids=repr)
def test_a_backtest_of_a_forecaster_that_peeks_says_so_in_its_headline(peeks):
    bt = audited({"naive": Naive(), "peeks": peeks}, level=80)
    assert "Leak audit FAILED" in repr(bt)
    assert "(peeks)" in repr(bt)
    assert {"peeks"} == set(bt.certificate.table.query("verdict == 'failed'")["model"])
    assert "Leak audit FAILED" in backtest_page(bt)


def test_the_sample_must_be_what_the_whole_delivered():
    data = contract_panel(48, 8)  # the sample leaves series out, which moves the others up
    table = audited(Positional(), data).certificate.table
    assert ["O6"] == table.query("verdict == 'failed'")["oracle"].tolist()


@pytest.mark.parametrize(
    "settings",
    [{"refit": False}, {"refit": 2}, {"gap": 1}, {"window": 20}, {"partial": "keep"},
     {"quantiles": (0.1, 0.9)}, {"n_windows": 1}, {"cutoffs": ["2021-08-01"], "n_windows": None}],
    ids=str,
)  # fmt: skip
def test_an_honest_backtest_passes_whatever_its_settings(settings):
    assert audited(SeasonalNaive(12), **settings).certificate.passed


def test_a_backtest_with_regressors_is_audited_with_them():
    x = DATA[["unique_id", "ds"]].assign(x=range(len(DATA)))
    bt = audited(Naive(), X=Regressors(known_future=x))
    assert bt.certificate.passed
    with pytest.warns(UserWarning, match="in disguise"):
        leaky = audited(Naive(), X=Regressors(known_future=x.assign(x=DATA["y"])))
    assert not leaky.certificate.passed


def test_the_certificate_is_saved_and_loaded_with_the_backtest(tmp_path):
    bt = audited(Naive())
    assert bt.certificate == Backtest.load(bt.save(tmp_path / "bt")).certificate


def test_a_folder_without_a_certificate_still_loads(tmp_path):
    assert Backtest.load(audited(Naive(), audit=None).save(tmp_path / "bt")).certificate is None


@pytest.mark.parametrize("wrong", ["leaks", True, 1])
def test_there_is_no_other_audit(wrong):
    with pytest.raises(ArgumentError, match="audit must be 'leak' or None"):
        audited(Naive(), audit=wrong)


def test_a_backtest_that_streams_has_no_audit_and_says_so(tmp_path):
    with pytest.raises(ArgumentError, match="backtest_to_store has no argument 'audit'"):
        backtest_to_store(DATA, Naive(), store=tmp_path / "store", h=2, audit="leak")
