"""Forecasters that hold forecasters: hand cases, what fails, and who answered."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

import forecasting as fc
from forecasting.errors import ArgumentError, FailureWarning


def series(values):
    index = pd.date_range("2024-01-01", periods=len(values), freq="D")
    return pd.Series(np.asarray(values, dtype=float), index=index)


Y = series([2.0, 4.0, 3.0, 7.0, 5.0, 9.0, 8.0, 12.0])


# --- Ensemble -------------------------------------------------------------------------------------


def test_mean_median_and_weights_by_hand():
    members = (fc.Naive(), fc.HistoricAverage(), fc.WindowAverage(2))  # 12, 6.25, 10
    assert fc.Ensemble(members).fit(Y).predict(1).tolist() == pytest.approx([28.25 / 3])
    assert fc.Ensemble(members, how="median").fit(Y).predict(1).tolist() == [10.0]
    weighted = fc.Ensemble(members, weights=(2, 0, 2)).fit(Y).predict(1)
    assert weighted.tolist() == [11.0]


def test_quantiles_are_averaged_where_every_member_has_its_own():
    members = (fc.Naive(), fc.HistoricAverage())
    both = fc.Ensemble(members).fit(Y).predict(2, level=80)
    parts = [m.fit(Y).predict(2, level=80) for m in members]
    pd.testing.assert_frame_equal(both, (parts[0] + parts[1]) / 2)


def test_an_ensemble_with_a_point_member_is_calibrated_on_its_own_errors():
    ensemble = fc.Ensemble((fc.Naive(), fc.WindowAverage(1)))  # both are the last value
    y = series(np.cumsum([0.0, 1, 2, 3, 4, 5]))
    table = ensemble.fit(y).predict(1, level=80)
    assert table.to_numpy().tolist() == [[15.0, 10.0, 20.0]]


def test_a_member_that_fails_fails_the_ensemble_under_its_name():
    data = pd.DataFrame({"unique_id": ["a"] * 8 + ["b"] * 3, "y": 1.0})
    data["ds"] = [*pd.date_range("2024-01-01", periods=8), *pd.date_range("2024-01-06", periods=3)]
    with pytest.warns(FailureWarning, match=r"b: SHORT, SeasonalNaive\(season_length=7\): has 3"):
        table = fc.Ensemble((fc.Naive(), fc.SeasonalNaive(7))).fit(data).predict(1)
    assert table["mean"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"forecasters": (fc.Naive(),)}, "at least two"),
        ({"forecasters": (fc.Naive(), fc.Naive), "how": "mean"}, "holds forecasters, got Naive"),
        ({"forecasters": (fc.Naive(), fc.Naive()), "how": "mode"}, "how must be"),
        ({"forecasters": (fc.Naive(), fc.Naive()), "weights": (1,)}, "1 weights for 2"),
        ({"forecasters": (fc.Naive(), fc.Naive()), "weights": (-1, 2)}, "at least 0"),
        (
            {"forecasters": (fc.Naive(), fc.Naive()), "weights": (1, 2), "how": "median"},
            "a median has none",
        ),
    ],
)
def test_an_ensemble_that_cannot_be_is_refused_at_once(arguments, said):
    with pytest.raises(ArgumentError, match=said):
        fc.Ensemble(**arguments)


# --- Fallback -------------------------------------------------------------------------------------


@pytest.fixture
def mixed():
    short = pd.DataFrame(
        {"unique_id": "short", "ds": pd.date_range("2024-01-26", periods=5), "y": 2.0}
    )
    short["y"] += np.arange(5)
    t = np.arange(30)
    long = pd.DataFrame(
        {"unique_id": "long", "ds": pd.date_range("2024-01-01", periods=30), "y": t % 7 + 0.1 * t}
    )
    return pd.concat([long, short])


def test_the_output_names_who_answered(mixed):
    table = fc.Fallback((fc.SeasonalNaive(7), fc.Naive())).fit(mixed).predict(2)
    assert dict(zip(table["unique_id"], table["served_by"], strict=True)) == {
        "long": "SeasonalNaive(season_length=7)",
        "short": "Naive()",
    }


def test_in_a_backtest_each_cell_is_served_by_the_first_that_can(mixed):
    models = {"safe": fc.Fallback((fc.SeasonalNaive(7), fc.Naive())), "naive": fc.Naive()}
    bt = fc.backtest(mixed, models, h=1, n_windows=2)
    served = bt.forecasts.groupby(["model", "unique_id"], observed=True)["served_by"].agg(set)
    assert served["safe", "short"] == {"Naive()"}
    assert served["safe", "long"] == {"SeasonalNaive(season_length=7)"}
    assert served["naive", "long"] == {"naive"}
    assert len(bt.failures) == 0


def test_each_cell_equals_the_forecaster_that_served_it(mixed):
    both = fc.Fallback((fc.SeasonalNaive(7), fc.WindowAverage(1))).fit(mixed).predict(3, level=50)
    alone = fc.SeasonalNaive(7).fit(mixed[mixed["unique_id"] == "long"]).predict(3, level=50)
    got = both[both["unique_id"] == "long"].drop(columns="served_by").reset_index(drop=True)
    pd.testing.assert_frame_equal(got, alone, check_exact=True)


def test_when_all_fail_the_failure_of_the_first_is_reported(mixed):
    safe = fc.Fallback((fc.SeasonalNaive(60), fc.SeasonalNaive(50)))
    bt = fc.backtest(mixed, {"safe": safe}, h=1)
    assert bt.failures["message"].unique().tolist() == [
        "has 29 observations, needs at least 60",
        "has 4 observations, needs at least 60",
    ]


# --- Calibrated -----------------------------------------------------------------------------------


def test_calibrated_replaces_the_models_own_intervals():
    own = fc.Naive().fit(Y).predict(1, level=50)
    calibrated = fc.Calibrated(fc.Naive(), n_windows=4).fit(Y).predict(1, level=50)
    # The four latest changes are 2, 4, 1, 4 (absolute); rank ceil(5 * 0.5) = 3, so 4.
    assert calibrated.to_numpy().tolist() == [[12.0, 8.0, 16.0]]
    assert own["hi-50"].tolist() != calibrated["hi-50"].tolist()


# --- Transformed ----------------------------------------------------------------------------------


def test_log_with_bias_correction_is_the_mean_of_the_log_normal():
    inner = fc.Naive().fit(np.log(Y)).predict(2, level=80)
    sd = (inner["hi-80"] - inner["mean"]) / student.ppf(0.9, len(Y) - 1)
    table = fc.Transformed(fc.Naive(), fc.Log()).fit(Y).predict(2, level=80)
    np.testing.assert_allclose(table["mean"], np.exp(inner["mean"] + sd**2 / 2), rtol=1e-12)
    np.testing.assert_allclose(table["hi-80"], np.exp(inner["hi-80"]), rtol=1e-12)


def test_without_bias_correction_it_is_the_median():
    median = fc.Transformed(fc.Naive(), fc.Log(), bias_correction=False).fit(Y).predict(2)
    assert median.tolist() == pytest.approx([12.0, 12.0])


def test_box_cox_finds_the_lambda_of_scipy_and_its_mean_lies_above_the_median():
    from scipy import stats

    y = np.exp(np.random.default_rng(0).normal(3, 0.5, 300))
    expected = stats.boxcox(y)[1]
    assert fc.BoxCox().fit(y) == pytest.approx(expected, abs=1e-4)
    corrected = fc.Transformed(fc.HistoricAverage(), fc.BoxCox(0.0)).fit(series(y)).predict(1)
    z = np.log(y)
    exact = np.exp(z.mean() + z.var(ddof=1) * (1 + 1 / len(z)) / 2)
    assert corrected.iloc[0] == pytest.approx(exact, rel=2e-3)  # 200 slices of the distribution


@pytest.mark.parametrize("refit", [True, False])
def test_regressors_are_differenced_as_the_values_are(refit):
    rng, ds = np.random.default_rng(5), pd.date_range("2015-01-01", periods=90, freq="MS")
    X = pd.DataFrame({"ds": ds, "x": rng.normal(size=90)})
    y = 100 + 50 * X["x"] + np.cumsum(rng.normal(size=90))
    data = pd.DataFrame({"unique_id": "a", "ds": ds, "y": y})
    models = {
        "outside": fc.Transformed(fc.ARIMA(order=(0, 0, 1), constant=False), fc.Difference()),
        "inside": fc.ARIMA(order=(0, 1, 1), constant=False),
    }
    run = {"h": 6, "n_windows": 3, "refit": refit, "progress": False}
    bt = fc.backtest(data, models, X=fc.Regressors(known_future=X), **run)
    means = bt.forecasts.pivot(index=["cutoff", "step"], columns="model", values="mean")
    np.testing.assert_allclose(means["outside"], means["inside"], rtol=1e-5)
    assert (bt.forecasts["y"] - bt.forecasts["mean"]).abs().mean() < 5


def test_difference_is_undone_exactly():
    seasonal = fc.Transformed(fc.HistoricAverage(), fc.Difference(7))
    y = series(np.arange(28.0))
    assert seasonal.fit(y).predict(9).tolist() == list(np.arange(28.0, 37.0))


def test_a_transform_that_does_not_exist_is_a_failure_of_its_series():
    data = pd.concat([Y.rename("a"), (Y - 5).rename("b")], axis=1)
    with pytest.warns(FailureWarning, match="b: NON_POSITIVE, 4 values of zero or less"):
        wide = fc.Transformed(fc.Naive(), fc.Log()).fit(data).predict(1)
    assert wide["a"].notna().all()
    assert wide["b"].isna().all()


def test_transformed_refuses_a_global_forecaster_and_anything_else():
    with pytest.raises(ArgumentError, match="holds forecasters, got str"):
        fc.Transformed("naive", fc.Log())
    with pytest.raises(ArgumentError, match="transform must be"):
        fc.Transformed(fc.Naive(), "log")


def test_a_transformed_forecaster_with_nothing_to_estimate_moves_on_without_a_refit():
    models = {"log": fc.Transformed(fc.Naive(), fc.Log())}
    kept = fc.backtest(Y, models, h=1, n_windows=3, refit=False)
    again = fc.backtest(Y, models, h=1, n_windows=3)
    pd.testing.assert_frame_equal(kept.forecasts, again.forecasts, check_exact=True)


def test_a_fallback_that_withholds_its_interval_has_one_failure(mixed):
    safe = fc.Fallback((fc.SeasonalNaive(14), fc.Naive()))
    bt = fc.backtest(mixed, {"safe": safe}, h=2, level=80)
    short = bt.forecasts[bt.forecasts["unique_id"] == "short"]
    assert short["mean"].notna().all()
    assert short["lo-80"].isna().all()
    assert bt.failures[["unique_id", "stage"]].to_numpy().tolist() == [["short", "interval"]]


def test_members_are_given_as_one_tuple():
    with pytest.raises(ArgumentError, match="takes its forecasters as one tuple"):
        fc.Ensemble(fc.Naive(), "mean")
