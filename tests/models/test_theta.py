"""The forecasters of the Theta family: what the kernel learns reaches the user, and nothing else."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import t as student

import forecasting as fc
from forecasting.errors import ArgumentError
from forecasting.kernels import theta as kernel
from forecasting.kernels.theta import Column
from forecasting.models.smoothing.estimation import variance_ratio

MEMBERS = {
    fc.Theta: ["STM"],
    fc.OptimizedTheta: ["OTM"],
    fc.DynamicTheta: ["DSTM"],
    fc.DynamicOptimizedTheta: ["DOTM"],
    fc.AutoTheta: ["OTM", "DOTM"],
}


@pytest.fixture(scope="module")
def air():
    """Growing months with a season, positive."""
    t = np.arange(96)
    rng = np.random.default_rng(5)
    y = (100 + 2 * t) * (1 + 0.3 * np.sin(2 * np.pi * t / 12)) * np.exp(rng.normal(0, 0.03, 96))
    return pd.Series(y, pd.date_range("2016-01-01", periods=96, freq="MS"))


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("level", ["first", "estimated"])
def test_forecast_is_that_of_the_kernel(member, level, air):
    record = kernel.fit(
        air.to_numpy(),
        np.array([0]),
        np.array([[96]]),
        season_length=12,
        models=MEMBERS[member],
        free_level=level == "estimated",
    )
    mean, sd = kernel.project(record, 12, 5)
    found = member(12, initial_level=level).fit(air).predict(5, level=80)
    assert_array_equal(found["mean"], mean[0, 0])
    ratio = variance_ratio(
        np.array([[record[0, 0, Column.ALPHA], 0.0, 0.0]]),
        np.ones(1),
        np.array([96]),
        5,
        trend=True,
        season_length=1,
        estimated=(True, False, False),
    )
    assert record[0, 0, Column.SEASON] > 0
    ratio += 12 / 96 / (1 + np.arange(5) * record[0, 0, Column.ALPHA] ** 2)
    model = kernel.MODELS[int(record[0, 0, Column.MODEL])]
    t80 = student.ppf(0.9, 96 - 3 - kernel.n_parameters(model, level == "estimated"))
    assert_allclose(found["hi-80"] - found["mean"], t80 * sd[0, 0] * np.sqrt(ratio[0]), rtol=1e-9)


@pytest.mark.parametrize("member", MEMBERS)
def test_kept_parameters_move_on_with_the_data(member, air):
    long = pd.DataFrame({"unique_id": "a", "ds": air.index, "y": air.to_numpy()})
    kept = fc.backtest(long, {"m": member(12)}, h=3, n_windows=4, step_size=1, refit=False)
    again = fc.backtest(long, {"m": member(12)}, h=3, n_windows=4, step_size=1)
    at_first = [b.forecasts[b.forecasts["cutoff"] == air.index[-7]]["mean"] for b in (kept, again)]
    assert_array_equal(*at_first)
    record = kernel.fit(
        air.to_numpy(),
        np.array([0]),
        np.array([[90]]),
        season_length=12,
        models=MEMBERS[member],
        free_level=False,
    )[0]
    moved = kernel.advance(record, 12, air.to_numpy(), np.array([90]), np.array([93]))
    last = kept.forecasts[kept.forecasts["cutoff"] == air.index[-4]]["mean"]
    assert_array_equal(last, kernel.project(moved, 12, 3)[0][0])


def test_decomposition_and_deseasonalize_reach_the_kernel(air):
    test = fc.Theta(12).fit(air).predict(12)
    assert_array_equal(test, fc.Theta(12, deseasonalize=True).fit(air).predict(12))
    never = fc.Theta(12, deseasonalize=False).fit(air).predict(12)
    assert_array_equal(never, fc.Theta().fit(air).predict(12))
    assert not np.allclose(test, never)
    assert not np.allclose(test, fc.Theta(12, "additive").fit(air).predict(12))


def test_negative_values_take_an_additive_season(air):
    below = air - 300
    assert_array_equal(
        fc.Theta(12).fit(below).predict(12), fc.Theta(12, "additive").fit(below).predict(12)
    )


def test_what_was_learned_is_told_by_name(air):
    member = fc.AutoTheta(12)
    told = member.fit(air[:96]).parameters().iloc[0]
    assert told["method"] in ("OTM", "DOTM")
    assert told["seasonal"]
    assert told["n_obs"] == 96
    assert 0.1 <= told["alpha"] <= 0.99
    assert told["theta"] >= 1
    assert math.isclose(told["sigma"], math.sqrt(told["sse"] / (96 - 3 - 2)))
    seasons = [told[f"season_{j}"] for j in range(1, 13)]
    assert_allclose(np.mean(seasons), 1.0)
    assert "season_1" not in fc.Theta().fit(air[:96]).parameters()


def test_one_error_more_than_parameters_and_three_that_are_left_out_are_needed(air):
    for member, needed in (
        (fc.Theta(), 5),
        (fc.DynamicTheta(), 5),
        (fc.OptimizedTheta(), 6),
        (fc.AutoTheta(initial_level="estimated"), 7),
    ):
        assert member.min_observations == needed
        assert np.isfinite(member.fit(air[:needed]).predict(2)).all()
        with pytest.raises(fc.ShortSeriesError):
            member.fit(air[: needed - 1])


@pytest.mark.parametrize("member", MEMBERS)
def test_a_series_that_cannot_be_fitted_costs_only_itself(member, air):
    frame = pd.DataFrame(
        {"good": air, "gap": air.where(air.index != air.index[40]), "big": 1e300 * air, "one": 5.0}
    )
    with pytest.warns(fc.FailureWarning):
        fitted = member(12).fit(frame)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = fitted.predict(4)
    assert fitted.failures["unique_id"].tolist() == ["gap"]
    assert np.isfinite(found[["good", "big", "one"]]).all(axis=None)
    assert_allclose(found["one"], 5.0)
    assert_allclose(found["big"], 1e300 * found["good"], rtol=1e-9)


def test_arguments_that_make_no_sense_are_refused():
    with pytest.raises(ArgumentError, match="season_length"):
        fc.Theta(0)
    with pytest.raises(ArgumentError, match="season_length"):
        fc.Theta(12.5)
    with pytest.raises(ArgumentError, match="decomposition"):
        fc.Theta(12, "stl")
    with pytest.raises(ArgumentError, match="initial_level"):
        fc.Theta(12, initial_level=3.0)
    with pytest.raises(ArgumentError, match="deseasonalize"):
        fc.Theta(12, deseasonalize="always")


def test_intervals_cover_about_what_they_say():
    """Random walks with noise, the process of the model: 80 % intervals cover 75 to 85 %."""
    rng = np.random.default_rng(11)
    n, h, series = 80, 6, 400
    shocks = rng.normal(0, 1, (series, n + h))
    level = np.cumsum(np.c_[np.zeros((series, 1)), 0.4 * shocks[:, :-1]], axis=1)
    y = 50 + level + shocks
    values, starts = y[:, :n].ravel(), np.arange(series) * n
    for member, models in MEMBERS.items():
        record = kernel.fit(values, starts, starts[:, None] + n, models=models, free_level=False)
        mean, sd = kernel.project(record[:, 0], 1, h)
        covered = (np.abs(y[:, n:] - mean) <= 1.2815515655446004 * sd).mean()
        assert 0.75 <= covered <= 0.85, (member, covered)
