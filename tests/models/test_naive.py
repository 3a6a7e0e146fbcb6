"""The naive family: values by hand, variances of the book, extremes."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

import forecasting as fc
from forecasting.errors import ArgumentError, FailureWarning


def series(values, freq="D"):
    index = pd.date_range("2024-01-01", periods=len(values), freq=freq)
    return pd.Series(np.asarray(values, dtype=float), index=index)


Y = series([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0])


def sd_of(forecaster, df, h=3):
    table = forecaster.fit(Y).predict(h, level=80)
    return ((table["hi-80"] - table["lo-80"]) / 2 / student.ppf(0.9, df)).to_numpy()


def test_naive_interval_grows_with_the_root_of_the_step():
    changes = np.diff(Y.to_numpy())
    sigma = np.sqrt(np.mean(changes**2))
    np.testing.assert_allclose(sd_of(fc.Naive(), 9), sigma * np.sqrt([1, 2, 3]), rtol=1e-12)


def test_seasonal_naive_interval_grows_with_the_season():
    sigma = np.sqrt(np.mean((Y.to_numpy()[2:] - Y.to_numpy()[:-2]) ** 2))
    expected = sigma * np.sqrt([1, 1, 2])
    np.testing.assert_allclose(sd_of(fc.SeasonalNaive(2), 8), expected, rtol=1e-12)


def test_drift_is_the_line_through_first_and_last_and_its_interval_that_of_the_book():
    forecast = fc.RandomWalkWithDrift().fit(Y).predict(2)
    assert forecast.tolist() == [3.0, 3.0]
    errors = np.diff(Y.to_numpy()) - 0.0
    sigma = np.sqrt(np.sum(errors**2) / 8)
    h = np.array([1, 2, 3])
    expected = sigma * np.sqrt(h * (1 + h / 9))
    np.testing.assert_allclose(sd_of(fc.RandomWalkWithDrift(), 8), expected, rtol=1e-12)


def test_average_interval_is_that_of_a_new_observation():
    expected = np.std(Y, ddof=1) * np.sqrt(1 + 1 / 10)
    np.testing.assert_allclose(sd_of(fc.HistoricAverage(), 9), [expected] * 3, rtol=1e-12)


def test_window_averages_by_hand():
    assert fc.WindowAverage(4).fit(Y).predict(2).tolist() == [4.0, 4.0]
    assert fc.SeasonalWindowAverage(2, 3).fit(Y).predict(3).tolist() == [
        (5 + 2 + 5) / 3,
        (9 + 6 + 3) / 3,
        (5 + 2 + 5) / 3,
    ]


@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1e12, 1e150, 1e290])
@pytest.mark.parametrize(
    "forecaster",
    [
        fc.Naive(),
        fc.SeasonalNaive(2),
        fc.SeasonalNaiveDrift(2),
        fc.RandomWalkWithDrift(),
        fc.HistoricAverage(),
    ],
    ids=repr,
)
def test_forecasts_and_intervals_scale_with_the_data(forecaster, scale):
    one = forecaster.fit(Y).predict(3, level=80).to_numpy()
    scaled = forecaster.fit(Y * scale).predict(3, level=80).to_numpy()
    np.testing.assert_allclose(scaled / scale, one, rtol=1e-9)


def test_too_few_residuals_withhold_the_interval():
    assert fc.Naive().fit(Y[:3]).predict(1).tolist() == [4.0]
    with pytest.warns(FailureWarning, match="NO_RESIDUALS"):
        table = fc.Naive().fit(Y[:3]).predict(1, level=80)
    assert table["mean"].tolist() == [4.0]
    assert table["lo-80"].isna().all()


@pytest.mark.parametrize("wrong", [0, -1, 7.0, "7", True, None])
def test_a_season_is_a_whole_number(wrong):
    with pytest.raises(ArgumentError, match="season_length must be a whole number"):
        fc.SeasonalNaive(wrong)


LOCAL = [
    fc.Naive(),
    fc.SeasonalNaive(3),
    fc.SeasonalNaiveDrift(3),
    fc.SeasonalWindowAverage(3, 2),
    fc.RandomWalkWithDrift(),
    fc.WindowAverage(3),
    fc.HistoricAverage(),
]


def beside(values, last="2024-02-09"):
    """Return Y and another series, which ends at ``last``."""
    other = pd.Series(values, index=pd.date_range(end=last, periods=len(values)))
    frames = [s.rename("y").rename_axis("ds").reset_index() for s in (series(Y.to_numpy()), other)]
    return pd.concat([f.assign(unique_id=name) for f, name in zip(frames, "ab", strict=True)])


@pytest.mark.parametrize("forecaster", LOCAL, ids=lambda f: type(f).__name__)
def test_fuzz_a_series_that_begins_after_the_last_cutoff_costs_the_others_nothing(forecaster):
    data = beside([1.0, 2.0], last=Y.index[-1])
    bt = fc.backtest(data, forecaster, h=3, level=80, partial="keep")
    alone = fc.backtest(data[data["unique_id"] == "a"], forecaster, h=3, level=80)
    columns = ["mean", "lo-80", "hi-80"]
    np.testing.assert_array_equal(bt.forecasts[columns], alone.forecasts[columns])
    assert bt.skipped[["unique_id", "reason"]].to_numpy().tolist() == [["b", "not started"]]


@pytest.mark.parametrize("value", [np.inf, 1.7e308])
@pytest.mark.parametrize("forecaster", LOCAL, ids=lambda f: type(f).__name__)
def test_fuzz_numbers_without_bound_fail_their_series_without_a_word_of_numpy(forecaster, value):
    data = beside([value] * 10, last=Y.index[-1])
    bt = fc.backtest(data, forecaster, h=2, level=80)
    assert set(bt.failures["code"]) <= {"NON_FINITE", "OVERFLOW", "LEVEL"}
    assert len(bt.warnings) == 0
    assert bt.forecasts.query("unique_id == 'a'")["mean"].notna().all()


def test_seasonal_drift_adds_the_mean_seasonal_change_once_per_season():
    y = series([10.0, 20.0, 13.0, 21.0, 14.0])  # changes of the season: 3, 1, 1
    c = 5 / 3
    expected = [21 + c, 14 + c, 21 + 2 * c, 14 + 2 * c]
    got = fc.SeasonalNaiveDrift(2).fit(y).predict(4)
    np.testing.assert_allclose(got, expected, rtol=1e-15)


def test_seasonal_drift_knows_that_its_drift_is_an_estimate():
    errors = Y.to_numpy()[2:] - Y.to_numpy()[:-2]
    sigma = np.std(errors, ddof=1)
    k = np.array([1, 1, 2])
    expected = sigma * np.sqrt(k * (1 + k / 8))
    np.testing.assert_allclose(sd_of(fc.SeasonalNaiveDrift(2), 7), expected, rtol=1e-12)


def test_seasonal_drift_without_a_season_is_the_random_walk_with_drift():
    one = fc.SeasonalNaiveDrift(1).fit(Y).predict(4, level=80).to_numpy()
    other = fc.RandomWalkWithDrift().fit(Y).predict(4, level=80).to_numpy()
    np.testing.assert_allclose(one, other, rtol=1e-12)
