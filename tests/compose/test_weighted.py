"""``WeightedEnsemble``: weights from its own past against a loop by hand; intervals, failures, reasons."""

import json
import warnings
from dataclasses import dataclass
from importlib import resources
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import forecasting as fc
from forecasting.base import LocalForecaster
from forecasting.compose.spread import FEATURES, conformal_widths, extended, multipliers, sizes
from forecasting.compose.weighting import (
    Past,
    best_member,
    combine,
    shrunk_weights,
    steady_mean,
    within_reach,
)
from forecasting.errors import ArgumentError
from forecasting.testing.case import quietly


@pytest.fixture(scope="module")
def panel():
    """Six monthly series of 60 values with a season and noise of different size."""
    rng = np.random.default_rng(11)
    t = np.arange(60)
    frames = []
    for i in range(6):
        y = 100 + 10 * i + 0.3 * i * t + 12 * np.sin(t * np.pi / 6) + rng.normal(0, 2 + i, 60)
        ds = pd.date_range("2019-01-01", periods=60, freq="MS")
        frames.append(pd.DataFrame({"unique_id": f"s{i}", "ds": ds, "y": y}))
    return pd.concat(frames, ignore_index=True)


MEMBERS = {
    "drift": fc.RandomWalkWithDrift(),
    "snaive": fc.SeasonalNaive(12),
    "mean": fc.HistoricAverage(),
}


# --- weights ----------------------------------------------------------------------------------------------


def by_hand(y, m, horizon, n_origins, step_size):
    """Return scaled errors of the members and how many there are, with a loop and nothing shared."""
    total, count = dict.fromkeys(MEMBERS, 0.0), 0
    for j in range(1, n_origins + 1):
        past, future = y[: -j * step_size], y[-j * step_size :][:horizon]
        low, high = past.min(), past.max()
        for name, member in MEMBERS.items():
            series = pd.Series(
                past, index=pd.date_range("2019-01-01", periods=len(past), freq="MS")
            )
            forecast = member.fit(series).predict(len(future)).to_numpy()
            reach = 3 * (high - low)
            forecast = np.clip(forecast, max(low - reach, 0.0), high + reach)
            total[name] += np.abs(forecast - future).sum()
        count += len(future)
    scale = np.abs(y[m:] - y[:-m]).mean()
    return np.array(list(total.values())) / count / scale, count


def test_weights_are_those_of_a_loop_by_hand(panel):
    y = panel.loc[panel["unique_id"] == "s3", "y"].to_numpy()
    errors, n = by_hand(y, 12, horizon=5, n_origins=4, step_size=2)
    ratio = (errors + 1e-3) / (errors.mean() + 1e-3)
    expected = ratio ** (-4 * n / (n + 60))
    ensemble = fc.WeightedEnsemble(
        MEMBERS, season_length=12, horizon=5, n_origins=4, step_size=2, pooled=False
    )
    told = ensemble.fit(panel).parameters().set_index("unique_id").loc["s3"]
    assert told["n_errors"] == n == 2 + 4 + 5 + 5
    assert_allclose([told[f"error_{name}"] for name in MEMBERS], errors, rtol=1e-12)
    weights = [told[f"weight_{name}"] for name in MEMBERS]
    assert_allclose(weights, expected / expected.sum(), rtol=1e-12)


def test_the_panel_pulls_the_weights_of_a_series_towards_its_mean(panel):
    settings = {"season_length": 12, "horizon": 2, "n_origins": 2}
    alone = fc.WeightedEnsemble(MEMBERS, pooled=False, **settings).fit(panel).parameters()
    pooled = fc.WeightedEnsemble(MEMBERS, **settings).fit(panel).parameters()
    columns = [f"error_{name}" for name in MEMBERS]
    errors = alone[columns].to_numpy().T
    logs = np.log((errors + 1e-3) / (errors.mean(axis=0) + 1e-3))
    trust = 3 / 63  # one error at the nearer origin, two at the other
    shrunk = trust * logs + (1 - trust) * logs.mean(axis=1, keepdims=True)
    expected = np.exp(-4 * shrunk)
    weights = pooled[[f"weight_{name}" for name in MEMBERS]].to_numpy().T
    assert_allclose(weights, expected / expected.sum(axis=0), rtol=1e-10)


def test_a_series_too_short_to_look_back_has_the_weights_of_the_panel(panel):
    short = panel[(panel["unique_id"] == "s0")].tail(14).assign(unique_id="young")
    both = pd.concat([panel, short], ignore_index=True)
    ensemble = fc.WeightedEnsemble(MEMBERS, season_length=12)
    told = quietly(ensemble.fit, both).parameters().set_index("unique_id")
    assert told.loc["young", "n_errors"] == 0
    logs = np.log(told[[f"error_{n}" for n in MEMBERS]].dropna().to_numpy() + 1e-3)
    logs -= np.log(np.exp(logs).mean(axis=1, keepdims=True))
    expected = np.exp(-4 * logs.mean(axis=0))
    found = told.loc["young", [f"weight_{n}" for n in MEMBERS]].to_numpy(dtype=float)
    assert_allclose(found, expected / expected.sum(), rtol=1e-9)


def test_where_all_are_too_short_for_an_origin_a_season_and_three_steps_behind_it_do(panel):
    panel = panel.assign(y=panel["y"] + 80 * (panel["ds"].dt.month % 2))
    short = panel.groupby("unique_id").tail(18)
    members = {"seasonal": fc.SeasonalNaive(12), "naive": fc.Naive()}
    build = {"season_length": 12, "n_origins": 12, "intervals": "scale"}
    alone = fc.WeightedEnsemble(members, **build).fit(short).parameters()
    assert (
        alone["n_errors"] == 1 + 2 + 3
    ).all()  # 15 rows behind the origin: three of them have so many
    assert (alone["weight_seasonal"] > 0.5).all()
    beside = pd.concat([short, panel[panel["unique_id"] == "s0"].assign(unique_id="long")])
    told = fc.WeightedEnsemble(members, **build).fit(beside).parameters().set_index("unique_id")
    assert (told["n_errors"].drop("long") == 0).all()
    apart = fc.WeightedEnsemble(members, **build, pooled=False).fit(beside).parameters()
    assert (apart["n_errors"] > 0).all()
    # The origins that a short window of a backtest may use are not those of a longer one beside it.
    ds = np.sort(panel["ds"].unique())
    run = {"h": 1, "cutoffs": [ds[24], ds[34]], "level": (), "progress": False}
    bt = fc.backtest(panel, {"it": fc.WeightedEnsemble(members, **build)}, **run)
    for cutoff, rows in bt.parameters.groupby("cutoff"):
        seen = panel[panel["ds"] <= cutoff]
        fitted = fc.WeightedEnsemble(members, **build).fit(seen).parameters()
        assert_array_equal(rows["n_errors"], fitted["n_errors"])


def test_a_window_of_a_backtest_is_weighted_by_the_past_of_that_window_alone(panel):
    ensemble = fc.WeightedEnsemble(MEMBERS, season_length=12, horizon=4, n_origins=3)
    bt = fc.backtest(panel, {"w": ensemble}, h=3, n_windows=4, step_size=2, progress=False)
    for cutoff, told in bt.parameters.groupby("cutoff"):
        alone = ensemble.fit(panel[panel["ds"] <= cutoff]).parameters()
        for column in alone.columns[1:]:
            assert_array_equal(told[column].to_numpy(dtype=float), alone[column], err_msg=column)


def test_without_a_refit_the_weights_stay(panel):
    ensemble = fc.WeightedEnsemble(MEMBERS, season_length=12, horizon=4, n_origins=3)
    bt = fc.backtest(panel, {"w": ensemble}, h=3, n_windows=4, refit=False, progress=False)
    for _, told in bt.parameters.groupby("unique_id"):
        assert told["weight_snaive"].nunique() == 1


def test_select_takes_the_member_with_the_least_error(panel):
    ensemble = fc.WeightedEnsemble(MEMBERS, "select", 12).fit(panel)
    told = ensemble.parameters()
    errors = told[[f"error_{name}" for name in MEMBERS]].to_numpy()
    weights = told[[f"weight_{name}" for name in MEMBERS]].to_numpy()
    assert_array_equal(weights, errors == errors.min(axis=1, keepdims=True))
    best = fc.SeasonalNaive(12).fit(panel).predict(3)
    chosen = errors.argmin(axis=1) == 1
    assert chosen.any()
    mine = ensemble.predict(3)["mean"].to_numpy().reshape(6, 3)
    assert_array_equal(mine[chosen], best["mean"].to_numpy().reshape(6, 3)[chosen])


@pytest.mark.parametrize(("weights", "how"), [("equal", "mean"), ("median", "median")])
def test_equal_and_median_are_those_of_the_plain_ensemble(panel, weights, how):
    mine = fc.WeightedEnsemble(MEMBERS, weights, 12).fit(panel).predict(4)["mean"]
    plain = fc.Ensemble(tuple(MEMBERS.values()), how).fit(panel).predict(4)["mean"]
    assert_allclose(mine, plain, rtol=1e-13)


def test_only_errors_that_all_members_made_are_compared():
    means = np.array([[[[1.0, 2.0]]], [[[1.5, np.nan]]]])
    past = Past(means, np.array([[[1.0, 9.0]]]), np.ones(1))
    assert past.counts.tolist() == [1.0]
    assert past.errors()[:, 0].tolist() == [0.0, 0.5]


def test_a_member_that_never_answered_takes_no_errors_from_the_others():
    means = np.array([[[[1.0, 2.0]]], [[[np.nan, np.nan]]]])
    past = Past(means, np.array([[[2.0, 4.0]]]), np.ones(1))
    errors = past.errors()
    assert errors[0, 0] == 1.5
    assert np.isnan(errors[1, 0])
    assert_allclose(shrunk_weights(errors, past.counts, pooled=False)[:, 0], [0.5, 0.5])


def test_a_perfect_member_takes_nearly_all_and_nothing_divides_by_zero():
    weights = shrunk_weights(np.array([[0.0], [1.0]]), np.array([1e6]), pooled=False)
    assert weights[0, 0] > 0.999
    assert_allclose(shrunk_weights(np.zeros((2, 1)), np.array([5.0]), pooled=False), 0.5)


def test_select_without_any_error_takes_what_the_panel_prefers():
    errors = np.array([[1.0, np.nan], [0.5, np.nan]])
    chosen = best_member(errors, np.array([10.0, 0.0]), pooled=True)
    assert chosen.tolist() == [[0.0, 0.0], [1.0, 1.0]]


def test_a_combination_goes_on_where_those_that_answered_weigh_nothing():
    means = np.array([[[np.nan]], [[3.0]], [[5.0]]])
    assert combine(means, np.array([[1.0], [0.0], [0.0]])).tolist() == [[4.0]]
    assert np.isnan(combine(means * np.nan, np.ones((3, 1)))).all()


def test_a_combination_goes_on_with_the_members_that_answered():
    means = np.array([[[1.0, np.nan]], [[3.0, 5.0]]])
    assert combine(means, np.array([[0.75], [0.25]])).tolist() == [[1.5, 5.0]]
    assert combine(means, None).tolist() == [[2.0, 5.0]]


def test_the_mean_has_the_same_bits_in_any_order():
    values = np.random.default_rng(0).normal(size=1001)
    assert steady_mean(values, 0) == steady_mean(values[::-1].copy(), 0)
    assert_allclose(steady_mean(np.append(values, np.nan), 0), values.mean())


def test_forecasts_are_held_within_three_ranges_and_above_zero():
    held = within_reach(np.array([-90.0, 5.0, 99.0]), np.array(1.0), np.array(11.0))
    assert held.tolist() == [0.0, 5.0, 41.0]
    held = within_reach(np.array([-90.0, 99.0]), np.array(-1.0), np.array(9.0))
    assert held.tolist() == [-31.0, 39.0]


# --- members of any kind, and members that fail --------------------------------------------------------------


@dataclass(frozen=True)
class LastPlus(LocalForecaster):
    """Somebody's forecaster: two hooks and nothing else."""

    plus: float = 0.0

    def _fit(self, history):
        return history.y[-1]

    def _predict(self, state, future):
        return np.full(future.h, state + self.plus)


def test_forecasters_of_anybody_are_weighted(panel):
    ensemble = fc.WeightedEnsemble({"good": LastPlus(), "bad": LastPlus(500.0)}).fit(panel)
    told = ensemble.parameters()
    assert (told["weight_good"] > 0.95).all()
    assert (told["error_good"] < told["error_bad"]).all()


def test_a_member_that_fails_fails_the_whole_under_its_name_or_is_left_out_by_name(panel):
    young = panel[panel["unique_id"] == "s1"].tail(10).assign(unique_id="young")
    both = pd.concat([panel, young], ignore_index=True)
    members = {"naive": fc.Naive(), "snaive": fc.SeasonalNaive(12)}
    strict = quietly(fc.WeightedEnsemble(members, season_length=12).fit, both)
    frame = quietly(strict.predict, 2)
    assert set(frame.loc[frame["mean"].isna(), "unique_id"]) == {"young"}
    loose = fc.WeightedEnsemble(members, season_length=12, on_failure="leave_out")
    bt = quietly(fc.backtest, both, {"w": loose}, h=1, n_windows=1, progress=False)
    told = bt.parameters.set_index("unique_id")
    assert told.loc["young", "left_out"] == "snaive (SHORT)"
    assert np.isnan(told.loc["young", "weight_snaive"])
    assert told.loc["young", "weight_naive"] == 1.0
    assert (told.drop("young")["left_out"] == "").all()
    assert bt.failures.empty


def test_a_series_that_no_member_can_take_fails_and_costs_nothing_else(panel):
    bad = panel[panel["unique_id"] == "s1"].assign(unique_id="bad")
    bad.loc[bad.index[30], "y"] = np.inf
    both = pd.concat([panel, bad], ignore_index=True)
    ensemble = fc.WeightedEnsemble(MEMBERS, season_length=12, on_failure="leave_out")
    with_it = quietly(quietly(ensemble.fit, both).predict, 3)
    without = ensemble.fit(panel).predict(3)
    good = with_it[with_it["unique_id"] != "bad"]["mean"].to_numpy()
    assert_array_equal(good, without["mean"].to_numpy())
    assert with_it.loc[with_it["unique_id"] == "bad", "mean"].isna().all()


@dataclass(frozen=True)
class NotOn(LocalForecaster):
    """Perfect on a line, and fails on histories of one length."""

    length: int = 60

    def _fit(self, history):
        if len(history) == self.length:
            raise ValueError("not today")
        return history.y[-1], history.y[-1] - history.y[-2]

    def _predict(self, state, future):
        return state[0] + state[1] * future.steps


def test_of_several_reasons_to_fail_a_short_history_is_the_one_that_is_told():
    short = pd.Series([1.0, 2.0, 4.0], pd.date_range("2024-01-01", periods=3))
    members = (NotOn(3), fc.SeasonalNaive(7))
    ensemble = fc.WeightedEnsemble(members, on_failure="leave_out").fit(short)
    with pytest.raises(fc.ForecastingError, match="SeasonalNaive") as raised:
        ensemble.predict(1)
    assert raised.value.code == "SHORT"


@pytest.mark.parametrize("weights", ["backtest", "select"])
def test_where_the_member_that_is_preferred_fails_the_others_go_on(weights):
    line = pd.Series(np.arange(60.0), pd.date_range("2024-01-01", periods=60))
    members = {"best": NotOn(), "naive": fc.Naive(), "drift": fc.RandomWalkWithDrift()}
    ensemble = fc.WeightedEnsemble(members, weights, on_failure="leave_out").fit(line)
    told = ensemble.parameters().iloc[0]
    assert told["error_best"] < 1e-9
    assert told["left_out"] == "best (MODEL)"
    forecast = ensemble.predict(2)
    assert forecast.between(59, 61.01).all()


def test_what_fit_left_out_is_told_by_name(panel):
    young = panel[panel["unique_id"] == "s1"].tail(10).assign(unique_id="young")
    both = pd.concat([panel, young], ignore_index=True)
    members = {"naive": fc.Naive(), "snaive": fc.SeasonalNaive(12)}
    loose = fc.WeightedEnsemble(members, season_length=12, on_failure="leave_out")
    told = quietly(loose.fit, both).parameters().set_index("unique_id")["left_out"]
    assert told["young"] == "snaive (SHORT)"
    assert (told.drop("young") == "").all()


def with_regressor(panel, lacking=()):
    keys = panel[["unique_id", "ds"]]
    x = np.random.default_rng(5).normal(size=len(panel))
    frame = keys.assign(x=np.where(keys["ds"].isin(pd.to_datetime(list(lacking))), np.nan, x))
    return fc.Regressors(known_future=frame)


REGRESSED = fc.WeightedEnsemble(
    {"ridge": fc.AutoRegressiveRidge(12), "ets": fc.SES(), "snaive": fc.SeasonalNaive(12)},
    season_length=12,
    horizon=6,
    n_origins=4,
    on_failure="leave_out",
)


def test_a_regressor_that_is_lacking_ahead_fails_the_series_and_is_not_worked_around(panel):
    """What is left, a seasonal naive, would be another forecast than the one that was asked for."""
    bt = quietly(
        fc.backtest,
        panel,
        {"w": REGRESSED},
        h=2,
        n_windows=2,
        X=with_regressor(panel, ["2023-12-01"]),
        progress=False,
    )
    later = bt.forecasts["cutoff"] == bt.forecasts["cutoff"].max()
    assert bt.forecasts.loc[later, "mean"].isna().all()
    assert bt.forecasts.loc[~later, "mean"].notna().all()
    assert set(bt.failures["code"]) == {"REGRESSOR"}
    assert set(bt.failures["stage"]) == {"data"}


def test_a_regressor_that_was_lacking_costs_the_errors_that_lean_on_it_alone(panel):
    """A step before and steps behind it; whether it stands before or behind the cutoff."""
    X = with_regressor(panel, ["2023-09-01"])
    whole = quietly(fc.backtest, panel, {"w": REGRESSED}, h=1, n_windows=8, X=X, progress=False)
    told = whole.parameters.set_index(["unique_id", "cutoff"])
    for cutoff, n in (("2023-07-01", 10), ("2023-09-01", 6), ("2023-11-01", 1)):
        seen = panel[panel["ds"] <= cutoff]
        keys = X.known_future[X.known_future["ds"] <= cutoff]
        alone = quietly(REGRESSED.fit, seen, X=fc.Regressors(known_future=keys)).parameters()
        assert alone["n_errors"].tolist() == [n] * 6
        there = told.xs(pd.Timestamp(cutoff), level="cutoff")
        for column in ("n_errors", "error", "error_ridge", "weight_ets", "weight_snaive"):
            assert_array_equal(there[column].to_numpy(dtype=float), alone[column], err_msg=column)


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(ArgumentError, match="weights must be one of"):
        fc.WeightedEnsemble(MEMBERS, "best")
    with pytest.raises(ArgumentError, match="as many names"):
        fc.WeightedEnsemble(tuple(MEMBERS.values()), names=("a", "b"))
    with pytest.raises(ArgumentError, match="n_origins"):
        fc.WeightedEnsemble(MEMBERS, n_origins=0)


# --- intervals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("intervals", "slack"), [("conformal", 9), ("scale", 12), ("blend", 9)])
def test_intervals_hold_about_what_they_promise_and_never_cross(intervals, slack):
    rng = np.random.default_rng(3)
    walks = 200 + rng.normal(0, 1, (150, 90)).cumsum(axis=1)
    ds = pd.date_range("2015-01-01", periods=90, freq="MS")
    frame = pd.DataFrame(
        {"unique_id": np.repeat(np.arange(150), 90), "ds": np.tile(ds, 150), "y": walks.ravel()}
    )
    members = {"naive": fc.Naive(), "drift": fc.RandomWalkWithDrift(), "ses": fc.SES()}
    ensemble = fc.WeightedEnsemble(members, intervals=intervals)
    # The bundled model learned from other data: on pure random walks its 80 % hold 70, and a warning says so.
    bt = quietly(
        fc.backtest, frame, {"w": ensemble}, h=8, n_windows=1, level=(80, 95), progress=False
    )
    rows = bt.forecasts
    for level in (80, 95):
        inside = (rows["y"] >= rows[f"lo-{level}"]) & (rows["y"] <= rows[f"hi-{level}"])
        assert abs(100 * inside.mean() - level) < slack
    assert (rows["lo-95"] <= rows["lo-80"]).all()
    assert (rows["hi-80"] <= rows["hi-95"]).all()


def test_bounds_of_what_was_never_negative_are_not_negative(panel):
    small = panel.assign(y=np.maximum(panel["y"] - panel["y"].min(), 0.0))
    frame = fc.WeightedEnsemble(MEMBERS, season_length=12).fit(small).predict(12, level=99)
    assert (frame["lo-99"] >= 0).all()
    assert (frame["lo-99"] == 0).any()


@pytest.mark.parametrize(
    "wild",
    [
        np.tile([1e308, -1e308], 30),  # differences overflow
        np.tile([9.0, 1.0, 2.0], 20),  # nothing changes over 12 steps: a unit that is nearly zero
    ],
    ids=["overflow", "periodic"],
)
def test_one_wild_series_does_not_widen_the_intervals_of_the_others(panel, wild):
    wild = panel[panel["unique_id"] == "s0"].assign(unique_id="wild", y=wild)
    members = {name: MEMBERS[name] for name in ("drift", "mean")}
    ensemble = fc.WeightedEnsemble(members, season_length=12)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        alone = ensemble.fit(panel).predict(3, level=95)
        beside = quietly(ensemble.fit(pd.concat([panel, wild])).predict, 3, level=95)
    beside = beside[beside["unique_id"] != "wild"]
    ratio = (beside["hi-95"] - beside["lo-95"]).to_numpy() / (alone["hi-95"] - alone["lo-95"])
    assert ratio.between(0.5, 3).all()


@pytest.mark.parametrize("intervals", ["conformal", "scale", "blend"])
@pytest.mark.parametrize("value", [0.0, 3.0])
def test_what_never_moved_has_an_interval_without_width_and_that_is_told(intervals, value):
    flat = pd.Series(np.full(40, value), pd.date_range("2024-01-01", periods=40))
    ensemble = fc.WeightedEnsemble(MEMBERS, season_length=12, intervals=intervals).fit(flat)
    with pytest.warns(fc.CalibrationWarning, match="ZERO_VARIANCE"):
        frame = ensemble.predict(4, level=(80, 95))
    assert_array_equal(frame["hi-95"], frame["lo-95"])
    assert_array_equal(frame["hi-95"], frame["mean"])


def test_of_few_scores_a_higher_level_is_still_wider():
    """Of 8 scores the largest stands for 8/9; a level beyond it goes on as that of a normal."""
    residuals = np.arange(1.0, 9.0).reshape(1, 8, 1)
    probs = np.array([0.5 + 4 / 9, 0.95, 0.975, 0.995])
    found = conformal_widths(residuals, np.ones(1), 1, 1, probs, pooled=False)[0, 0]
    normal = NormalDist()
    expected = [normal.inv_cdf(p) / normal.inv_cdf(probs[0]) for p in probs]
    assert_allclose(found / found[0], expected, rtol=1e-12)


def test_a_score_is_scaled_without_the_origin_it_belongs_to():
    """One series, one wild origin: its own scores must not shrink because it is wild."""
    residuals = np.ones((1, 6, 4))
    residuals[0, 2] = 50.0
    wide = conformal_widths(residuals, np.ones(1), 4, 1, np.array([0.975]), pooled=False)
    calm = conformal_widths(np.ones((1, 6, 4)), np.ones(1), 4, 1, np.array([0.975]), pooled=False)
    naive_score = 50.0 / residuals.mean()
    own = residuals.mean()
    ratio = wide[0, :, 0] / (naive_score * own * calm[0, :, 0] / calm[0, 0, 0])
    assert_allclose(ratio, 4 / 3)  # of 24 errors the largest, and a third: no error was larger


def test_behind_the_steps_that_were_tried_the_last_season_goes_on():
    profile = np.array([1.0, 2.0] * 4)
    assert_array_equal(extended(profile, 3, 2), profile[:3])
    assert_allclose(
        extended(profile, 11, 2)[8:], [1.0, 2.0, 1.0]
    )  # it did not grow, so it does not
    grows = np.arange(1.0, 9.0) ** 0.3
    found = extended(grows, 16, 1)
    assert (np.diff(found) > 0).all()
    assert found[-1] < grows[-1] * 2**0.4 + 1e-9


@pytest.mark.parametrize(("power", "expected"), [(0.0, 0.4 / 3), (0.4, 0.4)])
def test_the_errors_of_a_series_alone_grow_as_they_did(power, expected):
    """Beside eight origins four more count as usual: a third of the usual power stays."""
    steps = np.arange(1, 29)
    residuals = np.tile(((steps + 1) / 2) ** power, (1, 8, 1))
    found = conformal_widths(residuals, np.ones(1), 56, 7, np.array([0.9]), pooled=False)[0, :, 0]
    growth = np.log(found / found[0]) / np.log((np.arange(1, 57) + 1) / 2 + (np.arange(56) == 0))
    assert_allclose(growth[1:], expected, atol=0.03)


@pytest.mark.parametrize("h", [48, 2880])
def test_errors_that_do_not_grow_have_an_even_interval_however_far_it_reaches(h):
    found = conformal_widths(np.ones((1, 8, h)), np.ones(1), h, 24, np.array([0.9]), pooled=True)
    assert_allclose(found[0, :, 0], 1.0, atol=0.15)


def test_a_series_without_past_errors_has_the_width_of_the_bundled_model_and_that_is_told(panel):
    short = panel.groupby("unique_id").tail(19)
    models = {"naive": fc.Naive(), "mean": fc.HistoricAverage()}
    build = {"season_length": 7, "horizon": 28, "n_origins": 8, "step_size": 14}
    with pytest.warns(fc.DataWarning, match=r"6 of 6 series .* need.* 34 rows: the bundled model"):
        found = fc.WeightedEnsemble(models, **build).fit(short).predict(3, level=80)
    modelled = (
        fc.WeightedEnsemble(models, **build, intervals="scale").fit(short).predict(3, level=80)
    )
    pd.testing.assert_frame_equal(found, modelled)
    with warnings.catch_warnings():
        warnings.simplefilter("error", fc.DataWarning)  # of two lengths the long one has errors
        both = pd.concat([short, panel.assign(unique_id="long " + panel["unique_id"])])
        fc.WeightedEnsemble(models, **build).fit(both).predict(3, level=80)


def test_without_past_errors_a_conformal_width_is_not_known():
    nothing = np.full((2, 3, 4), np.nan)
    found = conformal_widths(nothing, np.ones(2), 4, 1, np.array([0.9]), pooled=True)
    assert np.isnan(found).all()


def test_multipliers_are_symmetric_and_rise():
    have, values = np.array([0.6, 0.8, 0.975]), np.array([0.26, 0.95, 2.73])
    probs = np.linspace(0.001, 0.999, 201)
    found = multipliers(have, values, probs)
    assert_allclose(found, -found[::-1], atol=1e-12)
    assert (np.diff(found) > 0).all()
    assert_allclose(multipliers(have, values, have), values)


def test_the_unit_of_a_series_without_two_neighbours_is_that_of_what_comes_next_to_each_other():
    y = np.full(12, np.nan)
    y[::3] = [1.0, 3.0, 2.0, 6.0]
    assert sizes(y, 4, 1)[:2] == pytest.approx((7 / 3, 7 / 3))


def test_sizes_of_a_hand_case():
    y = np.array([1.0, 3.0, 2.0, 6.0, np.nan, 7.0])
    s0, d1, recent, seasonal, n = sizes(y, 2, 3)
    assert d1 == pytest.approx((2 + 1 + 4) / 3)
    assert s0 == pytest.approx(np.sqrt(d1 * (1 + 3 + 1) / 3))
    assert recent == pytest.approx(d1)
    assert seasonal.tolist() == [1.0, 1.0, 4.0]
    assert n == 5


def test_the_bundled_model_says_where_it_comes_from():
    text = resources.files("forecasting.compose").joinpath("scale_model.json").read_text("utf-8")
    model = json.loads(text)
    assert model["features"] == list(FEATURES)
    assert len(model["coefficients"]) == len(FEATURES)
    assert model["provenance"]["script"] == "benchmarks/scale_model.py"
    assert sum(model["provenance"]["series"].values()) == 5315


# --- explanations ---------------------------------------------------------------------------------------------


def test_an_explanation_shows_weights_errors_and_forecasts(panel):
    ensemble = fc.WeightedEnsemble(MEMBERS, season_length=12).fit(panel)
    found = ensemble.explain("s2", 6)
    assert found.table["component"].tolist()[-1] == "combination"
    assert found.table["weight"].iloc[:-1].sum() == pytest.approx(1.0)
    assert found.table["weight"].iloc[:-1].is_monotonic_decreasing
    assert len(found.forecasts) == 6
    shares = found.table.set_index("component")["weight"]
    mixed = sum(shares[name] * found.forecasts[f"forecast_{name}"] for name in MEMBERS)
    assert_allclose(found.forecasts["mean"], mixed, rtol=1e-12)
    whole = ensemble.predict(6, level=95).query("unique_id == 's2'")
    assert_array_equal(found.forecasts["hi-95"], whole["hi-95"])
    assert "seasonal naive errors" in repr(found)
    assert "<table" in found._repr_html_()


def test_the_picture_of_an_explanation_holds_its_numbers(panel):
    pytest.importorskip("matplotlib").use("Agg")
    found = fc.WeightedEnsemble(MEMBERS, season_length=12).fit(panel).explain("s0")
    axes = found.plot()
    pd.testing.assert_frame_equal(fc.plotting.numbers(axes[0]), found.forecasts)
    assert [bar.get_width() for bar in axes[1].patches] == found.table["weight"].iloc[:-1].tolist()
    from matplotlib import pyplot as plt

    plt.close(axes[0].get_figure())


def test_no_text_of_the_picture_is_cut_off_and_no_component_looks_like_another(panel):
    pytest.importorskip("matplotlib").use("Agg")
    from matplotlib import pyplot as plt

    members = {
        f"window {n}": fc.WindowAverage(n) for n in range(1, 9)
    }  # more than there are colours
    axes = fc.WeightedEnsemble(members, season_length=12).fit(panel).explain("s0").plot()
    figure = axes[0].get_figure()
    figure.canvas.draw()
    for text in (*axes[0].texts, *axes[1].texts):
        assert text.get_window_extent().x1 <= figure.bbox.x1
    bars = [(bar.get_facecolor(), bar.get_hatch()) for bar in axes[1].patches]
    lines = [(line.get_color(), line.get_linestyle()) for line in axes[0].lines[1:-1]]
    assert len(set(bars)) == len(set(lines)) == 8
    plt.close(figure)


def test_an_explanation_shows_as_many_steps_as_were_backtested_and_members_as_one_types_them(panel):
    members = {"skip": fc.SkipZeros(fc.SES()), "seasonal": fc.SeasonalNaive(12), "last": fc.Naive()}
    found = fc.WeightedEnsemble(members, season_length=12, horizon=5).fit(panel).explain("s0")
    assert len(found.forecasts) == 5
    typed = found.table.set_index("component")["forecaster"]
    assert typed["skip"] == "SkipZeros(SES())"
    assert (typed["seasonal"], typed["last"]) == ("SeasonalNaive(12)", "Naive()")


def test_why_says_what_the_mean_errors_are_and_that_the_best_member_is_known_in_hindsight(panel):
    ensemble = fc.WeightedEnsemble(MEMBERS, season_length=12).fit(panel)
    table = ensemble.parameters()
    means = table.filter(like="error_").mean()
    best = means.idxmin()
    wins = 100 * (table["error"] <= table[best]).mean()
    assert ensemble.why() == (
        f"Backtested from 8 earlier origins on the past of {len(table)} of {len(table)} series, the "
        f"combination was off by {table['error'].mean():.3f} seasonal naive errors, the best single "
        f"component in hindsight, {best.removeprefix('error_')}, by {means[best]:.3f}; the combination "
        f"was at least as good as it on {wins:.0f} % of the series."
    )


def test_why_holds_each_member_against_the_combination_where_it_could_forecast(panel):
    """One series with a negative value takes no logarithm from what is said of the others."""
    values = panel["y"].where(panel["unique_id"] != "s0", panel["y"] - panel["y"].mean())
    log = fc.Transformed(fc.SeasonalNaive(12), fc.Log())
    members = {"log": log, "mean": fc.HistoricAverage(), "last": fc.Naive()}
    ensemble = fc.WeightedEnsemble(members, season_length=12, on_failure="leave_out")
    fitted = ensemble.fit(panel.assign(y=values))
    table = fitted.parameters()
    some = table[table["error_log"].notna()]
    assert len(some) == len(table) - 1
    wins = 100 * (some["error"] <= some["error_log"]).mean()
    log_error, error = some["error_log"].mean(), some["error"].mean()
    assert (
        f"in hindsight, log, by {log_error:.3f} (the combination {error:.3f} on the {len(some)} that it can "
        f"take); the combination was at least as good as it on {wins:.0f} % of these series."
    ) in fitted.why()


@pytest.mark.parametrize(("weights", "whose"), [("backtest", "the panel's"), ("median", "equal")])
def test_an_explanation_of_a_short_series_says_whose_weights_it_has(panel, weights, whose):
    short = pd.concat([panel, panel.tail(14).assign(unique_id="short")])
    fitted = fc.WeightedEnsemble(MEMBERS, weights=weights, season_length=12).fit(short)
    assert f"the components have {whose} weights" in repr(fitted.explain("short"))


def test_an_explanation_names_the_series_it_lacks(panel):
    ensemble = fc.WeightedEnsemble(MEMBERS).fit(panel)
    with pytest.raises(ArgumentError, match="say which"):
        ensemble.explain()
    with pytest.raises(ArgumentError, match="no series 's9'"):
        ensemble.explain("s9")
