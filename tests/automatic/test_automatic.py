"""``AutoForecaster``: which recipe a frequency gets, who forecasts a series, and that it says so truly."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

import forecasting as fc
from forecasting.errors import ArgumentError, RegressorError
from forecasting.testing.case import quietly

BASE = 50 + 10 * np.sin(np.arange(60) * np.pi / 6) + np.random.default_rng(0).normal(0, 2, 60)


def series(y, name="a", freq="MS", start="2015-01-01"):
    ds = pd.date_range(start, periods=len(y), freq=freq)
    return pd.DataFrame({"unique_id": name, "ds": ds, "y": np.asarray(y, dtype=float)})


def mixed(freq):
    """One of each kind: whole, late, with gaps, negative, constant, zero, intermittent, short, infinite."""
    rng = np.random.default_rng(1)
    kinds = {
        "plain": BASE,
        "gaps": np.where(np.arange(60) % 7 == 6, np.nan, BASE),
        "negative": BASE - 50,
        "constant": np.full(60, 3.0),
        "zero": np.zeros(60),
        "rare": np.where(rng.random(60) < 0.6, 0.0, BASE),
        "spike": np.where(np.arange(60) == 30, 9.0, 0.0),
        "one": BASE[:1],
        "two": BASE[:2],
        "three": BASE[:3],
        "born": [0.0, 0.0, 0.0, 5.0],
        "tiny": BASE * 1e-300,
        "huge": BASE * 1e18,
        "infinite": np.where(np.arange(60) == 20, np.inf, BASE),
        "ended": BASE[:40],
    }
    frames = [series(y, name, freq) for name, y in kinds.items()]
    late = series(BASE[:40], "late", freq)
    late["ds"] = frames[0]["ds"].to_numpy()[20:]
    return pd.concat([*frames, late], ignore_index=True)


# --- recipes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("freq", "recipe", "season", "component"),
    [
        ("YS", "short seasons", 1, "autoregression"),
        ("QS", "short seasons", 4, "stl_theta"),
        ("MS", "short seasons", 12, "stl_theta"),
        ("B", "days", 5, "weekly_ets"),
        ("D", "days", 7, "year_ago"),
        ("W-MON", "weeks", 52, "seasonal_naive"),
        ("h", "hours", 24, "seasonal_naive"),
        ("30min", "hours", 48, "seasonal_naive"),
        ("5min", "hours", 288, "seasonal_naive"),
        ("4h", "hours", 6, "seasonal_naive"),
        ("2MS", "short seasons", 6, "stl_theta"),
        ("4W", "short seasons", 13, "stl_theta"),
        ("2W", "long seasons", 26, "seasonal_naive"),
    ],
)
def test_a_frequency_has_its_season_and_its_recipe_and_parameters_say_so(
    freq, recipe, season, component
):
    told = quietly(fc.AutoForecaster().fit, series(BASE, freq=freq)).parameters()
    assert told["recipe"].tolist() == [recipe]
    assert told["season_length"].tolist() == [season]
    assert f"weight_{component}" in told
    assert ("weight_stl_theta" in told) == (recipe == "short seasons" and season > 1)


def test_the_season_is_what_is_said_and_whole_numbers_ask_for_it(tmp_path):
    counted = series(BASE).assign(ds=np.arange(60))
    with pytest.warns(fc.DataWarning, match="season_length=1"):
        auto = fc.AutoForecaster().fit(counted)
    assert auto.parameters()["season_length"].tolist() == [1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fc.load(auto.save(tmp_path / "auto.model"))  # it was said once
        told = fc.AutoForecaster(12).fit(counted).parameters()
    assert told["season_length"].tolist() == [12]
    daily = fc.AutoForecaster(season_length=12).fit(series(BASE, freq="D")).parameters()
    assert daily["recipe"].tolist() == ["short seasons"]
    with pytest.raises(ArgumentError, match="season_length"):
        fc.AutoForecaster(0)
    with pytest.raises(ArgumentError, match="pooled"):
        fc.AutoForecaster(pooled=False, booster=True)


@pytest.mark.parametrize(
    ("freq", "season", "recipe"),
    [
        ("h", 168, "hours"), ("h", 30, "long seasons"), ("D", 30, "long seasons"), ("D", 365, "long seasons"),
        ("D", 12, "short seasons"), ("MS", 6, "short seasons"), ("MS", 24, "long seasons"),
        (1, 7, "days"), (1, 52, "weeks"), (1, 24, "hours"), (1, 13, "short seasons"), (1, 100, "long seasons"),
    ],
)  # fmt: skip
def test_a_season_that_is_given_is_a_season_of_what_the_calendar_counts(freq, season, recipe):
    data = series(BASE, freq="D").assign(ds=np.arange(60)) if freq == 1 else series(BASE, freq=freq)
    assert quietly(fc.AutoForecaster(season).fit, data).parameters()["recipe"].tolist() == [recipe]


def test_quarter_hours_of_a_week_are_learned():
    rng, t = np.random.default_rng(2), np.arange(8 * 672)
    signal = 50 + 10 * np.sin(2 * np.pi * t / 96) + 4 * np.sin(2 * np.pi * t / 672)
    data = series((signal + rng.normal(size=len(t)))[: 7 * 672], freq="15min")
    found = fc.AutoForecaster().fit(data).predict(96)["mean"].to_numpy()
    assert np.abs(found - signal[7 * 672 :][:96]).mean() < 0.5  # the seasonal naive: 0.8


def test_the_horizon_says_how_far_days_are_backtested_and_months_do_not_ask():
    data = series(np.tile(BASE, 3), freq="D")
    counts = [
        fc.AutoForecaster(horizon=h).fit(data).parameters()["n_errors"].item() for h in (7, 14)
    ]
    # eight origins, half a horizon apart: the first sees half of its steps, the others all
    assert counts == [3 + 6 + 6 * 7, 7 + 7 * 14]
    months = fc.AutoForecaster(horizon=3).fit(series(BASE)).parameters()
    assert months["n_errors"].item() == 12 * 13 / 2


# --- who forecasts a series, and what is said of it --------------------------------------------------------

SERVED = {
    "rare": "WeightedQuantiles",
    "spike": "WeightedQuantiles",
    "one": "Naive",
    "two": "Naive",
    "infinite": None,
}


@pytest.mark.parametrize("freq", ["MS", "D"])
def test_every_series_of_a_mixed_panel_has_a_finite_forecast_or_a_failure_that_names_it(freq):
    data = mixed(freq)
    auto = quietly(fc.AutoForecaster().fit, data)
    frame = quietly(auto.predict, 6, level=(80, 95))
    by = frame.groupby("unique_id")
    means = by["mean"].apply(lambda part: np.isfinite(part).all())
    assert set(means.index[~means]) == {"infinite"}
    assert auto.failures[["unique_id", "code"]].to_numpy().tolist() == [["infinite", "NON_FINITE"]]
    served = by["served_by"].first()
    short = {"three": "Naive", "born": "Naive"} if freq == "MS" else {}
    for name in data["unique_id"].unique():
        expected = {**SERVED, **short}.get(name, "WeightedEnsemble")
        found = served[name] if isinstance(served[name], str) else None
        assert found == expected, name
    told = auto.parameters().set_index("unique_id")
    assert_array_equal(told["served_by"], served[told.index])
    weights = told.filter(like="weight_")
    combined = (told["served_by"] == "WeightedEnsemble").to_numpy()
    assert np.allclose(weights[combined].sum(axis=1), 1)
    assert weights[~combined].isna().all(axis=None)
    bounds = frame.dropna(subset=["lo-95"])
    assert not set(bounds["unique_id"]) & {"one", "infinite"}
    assert (bounds["lo-95"] <= bounds["lo-80"]).all()
    assert (bounds["lo-80"] <= bounds["hi-80"]).all()
    assert (bounds["hi-80"] <= bounds["hi-95"]).all()
    positive = bounds["unique_id"] != "negative"
    assert (bounds.loc[positive, "lo-95"] >= 0).all()
    assert (bounds.loc[~positive, "lo-95"] < 0).any()


def test_components_that_cannot_take_a_series_are_named():
    told = quietly(fc.AutoForecaster().fit, mixed("MS")).parameters().set_index("unique_id")
    assert told.loc["plain", "left_out"] == ""
    assert told.loc["negative", "left_out"] == "log_ets (NON_POSITIVE)"
    assert "theta (MISSING)" in told.loc["gaps", "left_out"]
    assert told.loc["rare", "left_out"] is None or pd.isna(told.loc["rare", "left_out"])
    named = {part.split(" (")[0] for part in told.loc["gaps", "left_out"].split(", ")}
    without = {c[7:] for c in told.filter(like="weight_") if pd.isna(told.loc["gaps", c])}
    assert named == without


def test_a_mixed_panel_warns_once_of_a_kind_and_never_of_arithmetic():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fc.AutoForecaster().fit(mixed("MS")).predict(3, level=95)
    assert not [w for w in caught if issubclass(w.category, RuntimeWarning)]
    assert len(caught) == len({(w.category, str(w.message)[:40]) for w in caught}) <= 5


def test_an_interval_without_width_is_told_of_what_hardly_ever_moved_too():
    spike = mixed("MS").query("unique_id == 'spike'")
    with pytest.warns(fc.CalibrationWarning, match="never or too seldom"):
        frame = fc.AutoForecaster().fit(spike).predict(3, level=80)
    assert (frame["mean"] > frame["hi-80"]).all()  # once in 60 months: in the mean, in no quantile


def test_series_that_are_rarely_sold_are_forecast_as_alone_by_weighted_quantiles():
    data = mixed("D")
    rare = data[data["unique_id"] == "rare"]
    mine = quietly(quietly(fc.AutoForecaster().fit, data).predict, 5, level=80)
    mine = mine[mine["unique_id"] == "rare"]
    alone = fc.WeightedQuantiles(7).fit(rare).predict(5, level=80)
    for column in ("mean", "lo-80", "hi-80"):
        assert_array_equal(mine[column], alone[column])


@pytest.mark.parametrize(("zeros", "who"), [(18, "WeightedEnsemble"), (19, "WeightedQuantiles")])
def test_more_than_three_zeros_in_ten_are_intermittent(zeros, who):
    y = BASE.copy()
    y[np.linspace(0, 59, zeros).astype(int)] = 0
    told = quietly(fc.AutoForecaster().fit, series(y)).parameters()
    assert told["served_by"].tolist() == [who]
    y[5] = -1.0
    told = quietly(fc.AutoForecaster().fit, series(y)).parameters()
    assert told["served_by"].tolist() == ["WeightedEnsemble"]


@pytest.mark.parametrize(
    ("freq", "closed"),
    [
        ("h", lambda t: t % 24 < 9), ("h", lambda t: t % 168 < 60),
        ("D", lambda t: t % 7 < 3), ("MS", lambda t: t % 12 > 6),
    ],
)  # fmt: skip
def test_a_shop_that_is_closed_at_regular_times_has_no_intermittent_demand(freq, closed):
    rng, t = np.random.default_rng(3), np.arange(672 if freq == "h" else 120)
    y = np.where(closed(t), 0.0, 100 + rng.normal(0, 5, len(t)))
    ahead = t[-1] + 1 + np.arange(12)
    found = quietly(fc.AutoForecaster().fit, series(y, freq=freq)).predict(12)
    assert set(found["served_by"]) == {"WeightedEnsemble"}
    assert np.abs(found["mean"] - np.where(closed(ahead), 0, 100)).mean() < 10
    rare = quietly(fc.AutoForecaster().fit, series(rng.permutation(y), freq=freq)).predict(1)
    assert set(rare["served_by"]) == {"WeightedQuantiles"}


def test_before_a_series_begins_to_sell_it_has_no_zeros():
    y = np.concatenate([np.zeros(48), 100 + np.random.default_rng(0).normal(0, 5, 24)])
    found = fc.AutoForecaster().fit(series(y)).predict(6)
    assert set(found["served_by"]) == {"WeightedEnsemble"}
    assert found["mean"].between(90, 115).all()


def test_a_series_is_intermittent_by_what_each_cutoff_has_seen():
    y = np.r_[np.random.default_rng(0).poisson(5, 60) + 1, np.zeros(40)]
    data = pd.concat([series(y, "off", "D"), series(np.tile(BASE, 2)[:100], "on", "D")])
    options = {"h": 1, "n_windows": 20, "progress": False}
    bt = quietly(fc.backtest, data, {"auto": fc.AutoForecaster()}, **options)
    off = bt.forecasts[bt.forecasts["unique_id"] == "off"].set_index("cutoff")["served_by"]
    seen = np.array(
        [len(data[(data["ds"] <= c) & (data["unique_id"] == "off")]) for c in off.index]
    )
    assert_array_equal(off == "WeightedQuantiles", (seen - 60) / seen > 0.3)
    assert off.nunique() == 2
    kept = quietly(fc.backtest, data, {"auto": fc.AutoForecaster()}, refit=False, **options)
    assert (kept.forecasts["served_by"] == "WeightedEnsemble").all()
    assert kept.failures.empty


# --- a backtest is what fit would have said ----------------------------------------------------------------


@pytest.mark.parametrize("freq", ["MS", "D"])
@pytest.mark.parametrize("pooled", [True, False])
def test_a_backtest_is_what_fit_and_predict_say_at_each_cutoff(freq, pooled):
    data = mixed(freq)
    data = data[~data["unique_id"].isin(["one", "two", "three", "born"])]
    auto = fc.AutoForecaster(pooled=pooled)
    bt = quietly(fc.backtest, data, {"auto": auto}, h=2, n_windows=3, level=80, progress=False)
    for cutoff, rows in bt.forecasts.groupby("cutoff"):
        seen = data[data["ds"] <= cutoff]
        alive = seen.groupby("unique_id")["ds"].max() == cutoff
        seen = seen[seen["unique_id"].isin(alive.index[alive])]
        fitted = quietly(auto.fit, seen)
        frame = quietly(fitted.predict, 2, level=80)
        for column in ("unique_id", "mean", "lo-80", "hi-80", "served_by"):
            left, right = rows[column].reset_index(drop=True), frame[column].reset_index(drop=True)
            pd.testing.assert_series_equal(left, right, check_names=False, check_exact=True)
        told = bt.parameters[bt.parameters["cutoff"] == cutoff].reset_index(drop=True)
        alone = fitted.parameters()
        told = told[told["unique_id"].isin(alone["unique_id"])].reset_index(drop=True)
        both = [c for c in alone if c in told]
        assert {"recipe", "season_length", "error", "n_errors"} <= set(both)
        for column in both:
            left, right = told[column], alone[column]
            pd.testing.assert_series_equal(left, right, check_dtype=False, check_exact=True)


def test_what_is_behind_a_cutoff_changes_nothing():
    data = mixed("D")
    data = data[data["unique_id"].isin(["plain", "gaps", "rare", "late", "negative"])]
    bt = fc.backtest(
        data, {"a": fc.AutoForecaster()}, h=2, n_windows=2, progress=False, audit="leak"
    )
    assert bt.certificate is not None
    assert bt.certificate.passed
    assert (bt.certificate.table["n_compared"] > 0).any()


def test_the_order_of_rows_and_the_names_of_series_change_no_bit():
    data = mixed("MS")
    first = quietly(quietly(fc.AutoForecaster().fit, data).predict, 3, level=95)
    shuffled = data.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(
        first, quietly(quietly(fc.AutoForecaster().fit, shuffled).predict, 3, level=95)
    )
    renamed = data.assign(unique_id=data["unique_id"].map(lambda name: name[::-1] + "x"))
    other = quietly(quietly(fc.AutoForecaster().fit, renamed).predict, 3, level=95)
    other["unique_id"] = other["unique_id"].map(lambda name: name[:-1][::-1])
    other = other.sort_values(["unique_id", "ds"], ignore_index=True)
    pd.testing.assert_frame_equal(first, other, check_dtype=False, check_exact=True)


# --- reasons ------------------------------------------------------------------------------------------------


def test_an_explanation_is_of_the_forecast_that_predict_gives():
    auto = quietly(fc.AutoForecaster().fit, mixed("MS"))
    found = quietly(auto.explain, "gaps", 4)
    whole = quietly(auto.predict, 4, level=95).query("unique_id == 'gaps'")
    assert_array_equal(found.forecasts["mean"], whole["mean"])
    assert_array_equal(found.forecasts["lo-95"], whole["lo-95"])
    assert "seasonal naive errors" in repr(found)


def test_an_explanation_asks_for_the_regressors_of_its_steps():
    rng, long = np.random.default_rng(4), pd.date_range("2015-01-01", periods=72, freq="MS")
    X = pd.DataFrame({"ds": long, "x": rng.normal(size=72)})
    y = series(50 + 5 * X["x"].to_numpy()[:60] + rng.normal(size=60))
    auto = fc.AutoForecaster().fit(y, X=fc.Regressors(known_future=X.head(60)))
    with pytest.raises(RegressorError, match="X="):
        auto.explain()
    found = auto.explain(h=12, X=X.tail(12))
    assert_array_equal(found.forecasts["mean"], auto.predict(12, X=X.tail(12))["mean"])
    found.plot()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("rare", "not forecast by a combination but by WeightedQuantiles"),
        ("two", "not forecast by a combination but by Naive"),
        ("infinite", "could not be fitted; see failures"),
    ],
)
def test_what_no_combination_forecasts_has_no_explanation(name, why):
    auto = quietly(fc.AutoForecaster().fit, mixed("MS"))
    with pytest.raises(ArgumentError, match=f"'{name}' (is )?{why}"):
        auto.explain(name)


def test_why_speaks_of_the_series_that_are_combined():
    auto = quietly(fc.AutoForecaster().fit, mixed("MS"))
    combined = (auto.parameters()["served_by"] == "WeightedEnsemble").sum()
    assert f"of {combined} series" in auto.why()
    rare = mixed("MS").query("unique_id in ['rare', 'spike']")
    assert "No series" in fc.AutoForecaster().fit(rare).why()


# --- files and frames ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("freq", ["MS", "D"])
def test_a_model_file_gives_the_same_bits_and_parameters(tmp_path, freq):
    auto = quietly(fc.AutoForecaster().fit, mixed(freq))
    loaded = quietly(fc.load, quietly(auto.save, tmp_path / "auto.model"))
    before, after = (quietly(f.predict, 4, level=(50, 95)) for f in (auto, loaded))
    pd.testing.assert_frame_equal(before, after, check_exact=True)
    pd.testing.assert_frame_equal(auto.parameters(), loaded.parameters(), check_exact=True)
    assert auto.why() == loaded.why()


def test_a_frame_of_polars_is_answered_in_polars():
    polars = pytest.importorskip("polars")
    data = series(BASE)
    mine = fc.AutoForecaster().fit(polars.from_pandas(data)).predict(3)
    assert isinstance(mine, polars.DataFrame)
    assert_array_equal(mine["mean"].to_numpy(), fc.AutoForecaster().fit(data).predict(3)["mean"])
