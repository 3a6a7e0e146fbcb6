"""Leaks that lie in the data are named: which column, how early, in how many series."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecasting import Regressors, as_panel, audit
from forecasting.auditing.causes import find_causes
from forecasting.disguise import find_disguises
from forecasting.testing import contract_panel
from forecasting.testing.planted import LastValue

DATA = contract_panel(48, 3)
BY_ID = DATA.groupby("unique_id")["y"]
H = 3

pytestmark = pytest.mark.filterwarnings("ignore::forecasting.errors.DataWarning")


def causes(reach=H, data=DATA, **roles):
    columns = {role: DATA[["unique_id", "ds"]].assign(x=x) for role, x in roles.items()}
    panel = as_panel(data, X=Regressors(**columns) if columns else None)
    return find_causes(panel, [int(panel.end.max()) - 12], reach)


def random_column(seed=0):
    return np.random.default_rng(seed).standard_normal(len(DATA))


@pytest.mark.parametrize("shift", [-2, -1, 0, 1, 5])
def test_a_known_future_regressor_that_is_the_target_is_named_with_its_shift(shift):
    (cause,) = causes(known_future=BY_ID.shift(-shift))
    said = "y" if shift == 0 else f"y shifted by {shift}"
    early = "1 step" if H + shift == 1 else f"{H + shift} steps"
    assert f"'x' equals {said} in 3 series (s0, s1, s2): known {early} early" in cause.detail
    assert ("target in disguise", "x", "known_future", shift, 3) == (
        cause.what, cause.column, cause.role, cause.shift, cause.n_series,
    )  # fmt: skip


@pytest.mark.parametrize("lag", [3, 4])
def test_a_lag_of_the_target_that_is_known_in_time_is_no_leak(lag):
    assert [] == causes(known_future=BY_ID.shift(lag))


def test_a_past_only_regressor_leaks_only_if_it_runs_ahead():
    assert [] == causes(past_only=DATA["y"])
    assert [] == causes(past_only=BY_ID.shift(1))
    (cause,) = causes(past_only=BY_ID.shift(-1))
    assert "past_only regressor 'x' equals y shifted by 1" in cause.detail
    assert "known 1 step early" in cause.detail


def test_a_scaled_and_a_noisy_target_are_named_for_what_they_are():
    (scaled,) = causes(known_future=-0.01 * DATA["y"] + 7)
    (noisy,) = causes(known_future=DATA["y"] + 0.05 * random_column())
    assert "'x' is a multiple of y" in scaled.detail
    assert "'x' correlates above 0.999 with y" in noisy.detail


def test_a_disguise_in_one_series_of_three_is_named_with_that_series():
    x = np.where(DATA["unique_id"] == "s1", DATA["y"], random_column())
    (cause,) = causes(known_future=x)
    assert "in 1 series (s1)" in cause.detail


def test_what_only_trends_with_the_target_is_no_disguise():
    steep = DATA.assign(y=1000.0 * np.arange(len(DATA)) + random_column())
    x = DATA[["unique_id", "ds"]].assign(t=np.arange(len(DATA)), noise=random_column(1))
    assert [] == find_disguises(as_panel(steep, X=Regressors(known_future=x)))


def test_a_regressor_that_becomes_the_target_after_the_cutoff_was_delivered_early():
    late = DATA["ds"] > DATA["ds"].max() - pd.DateOffset(months=12)
    (cause,) = causes(known_future=np.where(late, DATA["y"], random_column()))
    assert "actuals delivered early" == cause.what
    assert "after 2020-12-01 only, known_future regressor 'x' equals y" in cause.detail


def test_rows_after_the_end_that_most_series_share_are_rows_of_the_future():
    data = contract_panel(48, 6)
    late = data["ds"] > data["ds"].max() - pd.DateOffset(months=2)
    (cause,) = causes(data=data[~late | (data["unique_id"] == "s4")])
    assert (
        "y of 1 series has 2 rows after 2021-10-01, where 5 of 6 series end, first s4"
        in cause.detail
    )


def test_rows_after_the_clock_of_the_run_are_a_leak_and_no_error():
    certificate = audit(LastValue(), DATA, h=H, oracles="O1", as_of="2021-10-15")
    assert not certificate.passed
    assert ["rows of the future"] == [cause.what for cause in certificate.causes]
    assert "has 6 rows after as_of=2021-10-15" in certificate.causes[0].detail


def test_a_leak_in_the_data_fails_the_certificate_though_every_oracle_passes():
    X = Regressors(known_future=DATA[["unique_id", "ds"]].assign(x=DATA["y"]))
    certificate = audit(LastValue(), DATA, h=H, X=X)
    assert "failed" not in set(certificate.table["verdict"])
    assert not certificate.passed
    assert "1 leak in the data" in certificate.headline
    assert "target in disguise: known_future regressor 'x' equals y" in repr(certificate)
