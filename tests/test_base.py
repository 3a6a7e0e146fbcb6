"""The forecaster contract as users and authors meet it."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from forecasting import (
    GlobalForecaster,
    HistoricAverage,
    LocalForecaster,
    Naive,
    Normal,
    SeasonalNaive,
    WindowAverage,
    backtest,
)
from forecasting.errors import (
    ArgumentError,
    FailureWarning,
    LevelError,
    NotFittedError,
    ShortSeriesError,
    UnknownKeywordError,
)


@dataclass(frozen=True)
class SeasonalMean(LocalForecaster):
    """The example of the README."""

    season_length: int
    n_seasons: int = 3

    def _fit(self, history):
        m, k = self.season_length, self.n_seasons
        if len(history) < m * k:
            raise ShortSeriesError(needed=m * k, got=len(history))
        return history.y[-m * k :].reshape(k, m).mean(axis=0)

    def _predict(self, state, future):
        return state[(future.steps - 1) % self.season_length]


def series(values, start="2024-01-01", freq="D"):
    return pd.Series(
        np.asarray(values, dtype=float), index=pd.date_range(start, periods=len(values), freq=freq)
    )


def panel(**values):
    return pd.concat(
        [
            pd.DataFrame(
                {"unique_id": k, "ds": pd.date_range("2024-01-01", periods=len(v)), "y": v}
            )
            for k, v in values.items()
        ],
        ignore_index=True,
    )


def test_predict_before_fit_says_to_fit():
    with pytest.raises(NotFittedError, match=r"Naive is not fitted; call fit\(data\) first"):
        Naive().predict(1)


def test_a_word_of_another_library_gets_ours():
    with pytest.raises(UnknownKeywordError, match="Here it is called season_length"):
        SeasonalNaive(sp=12)
    with pytest.raises(UnknownKeywordError, match="Here it is called id_col"):
        Naive().fit(panel(a=[1.0, 2.0]), item_id="a")
    with pytest.raises(UnknownKeywordError, match="Here it is called step_size"):
        backtest(panel(a=[1.0, 2.0]), Naive(), h=1, stride=1)


def test_parameters_are_frozen_and_compare_by_value():
    assert SeasonalNaive(12) == SeasonalNaive(12)
    with pytest.raises(AttributeError):
        SeasonalNaive(12).season_length = 7


def test_one_bad_series_costs_one_series():
    data = panel(bad=[1.0, np.nan, 3.0], good=[1.0, 2.0, 3.0])
    with pytest.warns(FailureWarning, match=r"1 of 2 series failed in fit \(bad: MISSING"):
        fitted = Naive().fit(data)
    table = fitted.predict(2)
    assert table["mean"].isna().tolist() == [True, True, False, False]
    assert table.attrs["failures"][0]["code"] == "MISSING"
    assert fitted.failures[["unique_id", "stage", "code"]].to_numpy().tolist() == [
        ["bad", "data", "MISSING"]
    ]


def test_when_every_series_fails_the_first_failure_is_raised():
    with pytest.raises(ShortSeriesError, match="has 3 observations, needs at least 7"):
        SeasonalNaive(7).fit(series([1, 2, 3]))


def test_an_exception_of_the_author_is_a_failure_with_its_type_and_text():
    @dataclass(frozen=True)
    class Broken(LocalForecaster):
        def _fit(self, history):
            if history.y[0] > 5:
                raise ZeroDivisionError("no luck")
            return 0.0

        def _predict(self, state, future):
            return np.zeros(future.h)

    bt = backtest(panel(a=[9.0] * 9, b=[1.0] * 9), Broken(), h=2)
    assert bt.failures[["unique_id", "code", "message"]].to_numpy().tolist() == [
        ["a", "MODEL", "the forecaster raised ZeroDivisionError: no luck"]
    ]


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (np.zeros(1), "CONTRACT", "returned 1 steps, expected 2"),
        (np.array([1.0, np.nan]), "CONTRACT", "returned NaN at 1 of 2 steps, first at step 2"),
        (np.array([np.inf, 1.0]), "OVERFLOW", "infinite at step 1 of 2"),
        (np.zeros((2, 2)), "CONTRACT", "returned 2 x 2 steps, expected 2"),
    ],
)
def test_a_wrong_answer_is_a_contract_failure(answer, code, said):
    @dataclass(frozen=True)
    class Wrong(LocalForecaster):
        def _fit(self, history):
            return None

        def _predict(self, state, future):
            return answer

    bt = backtest(panel(a=[1.0] * 9), Wrong(), h=2)
    assert bt.failures["code"].tolist() == [code]
    assert said in bt.failures["message"][0]
    assert bt.forecasts["mean"].isna().all()


def test_conformal_interval_by_hand():
    # Step 1 of WindowAverage(1): |changes| 1, 2, 3, 4 before the cutoff; rank ceil(5 * 0.8) = 4.
    y = series([0, 1, 3, 6, 10])
    table = WindowAverage(1).fit(y).predict(1, level=80)
    assert table.to_numpy().tolist() == [[10.0, 6.0, 14.0]]


def test_interval_refuses_when_windows_are_too_few():
    with pytest.raises(
        LevelError, match=r"level 95 needs 19 past forecasts .* gives 4; ask for level 80"
    ):
        WindowAverage(1).fit(series([0, 1, 3, 6, 10])).predict(1, level=95)


def test_a_withheld_interval_keeps_the_mean_and_has_one_failure():
    data = panel(short=list(np.arange(30.0)), long=list(np.arange(30.0) ** 1.5))
    data = data[(data["unique_id"] == "long") | (data["y"] > 25)]
    bt = backtest(data, WindowAverage(2), h=1, level=80)
    short = bt.forecasts[bt.forecasts["unique_id"] == "short"]
    assert short["mean"].notna().all()
    assert short["lo-80"].isna().all()
    assert bt.failures[["unique_id", "stage", "code"]].to_numpy().tolist() == [
        ["short", "interval", "LEVEL"]
    ]


def test_quantiles_and_levels_agree():
    y = series(np.sin(np.arange(60)))
    by_level = HistoricAverage().fit(y).predict(3, level=80)
    by_quantile = HistoricAverage().fit(y).predict(3, quantiles=[0.1, 0.5, 0.9])
    np.testing.assert_array_equal(by_level["lo-80"], by_quantile["q-0.1"])
    np.testing.assert_allclose(by_quantile["q-0.5"], by_quantile["mean"], rtol=1e-12)
    with pytest.raises(LevelError, match="not both"):
        HistoricAverage().fit(y).predict(3, level=80, quantiles=[0.1])


def test_the_authors_example_gets_panels_intervals_and_backtest_for_free():
    data = panel(a=np.tile([1.0, 5.0, 9.0], 12), b=np.tile([2.0, 4.0, 6.0], 12))
    bt = backtest(data, SeasonalMean(3), h=3, n_windows=2, level=80)
    np.testing.assert_array_equal(bt.forecasts["mean"], bt.forecasts["y"])
    np.testing.assert_array_equal(bt.forecasts["lo-80"], bt.forecasts["y"])


def test_refit_false_needs_an_update_hook_and_says_so():
    data = panel(a=np.arange(30.0))
    with pytest.raises(ArgumentError, match="cannot move on without a refit"):
        backtest(data, SeasonalMean(3), h=2, n_windows=3, refit=False)


def test_refit_every_k_keeps_the_estimate_and_moves_the_state():
    fits = []

    @dataclass(frozen=True)
    class Counting(LocalForecaster):
        def _fit(self, history):
            fits.append(len(history))
            return len(history), history.y[-1]

        def _update(self, state, history):
            return state[0], history.y[-1]

        def _predict(self, state, future):
            return np.full(future.h, state[0] * 1000 + state[1])

    bt = backtest(panel(a=np.arange(20.0)), Counting(), h=1, n_windows=5, refit=2)
    assert fits == [15, 17, 19]
    assert bt.forecasts["mean"].tolist() == [15014.0, 15015.0, 17016.0, 17017.0, 19018.0]


@dataclass(frozen=True)
class PanelMean(GlobalForecaster):
    """The mean over all series, times the last value's sign."""

    def _fit(self, panel, rng):
        return float(panel.values.mean())

    def _predict(self, state, panel, future):
        return np.full((panel.n_series, future.h), state)


def test_a_global_forecaster_learns_from_all_series():
    table = PanelMean().fit(panel(a=[1.0, 3.0], b=[5.0, 7.0])).predict(2)
    assert table["mean"].tolist() == [4.0] * 4


def test_global_intervals_do_not_depend_on_the_horizon():
    rng = np.random.default_rng(0)
    data = panel(a=rng.normal(size=80), b=rng.normal(size=80))
    fitted = PanelMean().fit(data)
    short, long = fitted.predict(3, level=80), fitted.predict(7, level=80)
    head = long.groupby("unique_id").head(3).reset_index(drop=True)
    pd.testing.assert_frame_equal(short, head, check_exact=True)


def test_global_refit_schedule_fits_once_per_group():
    fitted_on = []

    @dataclass(frozen=True)
    class Counting(GlobalForecaster):
        def _fit(self, panel, rng):
            fitted_on.append(len(panel.values))
            return 0.0

        def _predict(self, state, panel, future):
            return np.zeros((panel.n_series, future.h))

    backtest(panel(a=np.arange(20.0), b=np.arange(20.0)), Counting(), h=1, n_windows=4, refit=2)
    assert fitted_on == [32, 36]


def test_random_numbers_come_from_the_content_and_the_seed():
    @dataclass(frozen=True)
    class Noise(LocalForecaster):
        def _fit(self, history):
            return history.rng().normal()

        def _predict(self, state, future):
            return np.full(future.h, state) + future.rng().normal(size=future.h)

    y = panel(a=[1.0, 2.0, 4.0], twin=[1.0, 2.0, 4.0], other=[1.0, 2.0, 5.0])
    table = Noise().fit(y).predict(1).set_index("unique_id")["mean"]
    assert table["a"] == table["twin"] != table["other"]
    assert table["a"] == Noise().fit(y).predict(1)["mean"][0]
    assert table["a"] != Noise().fit(y, seed=1).predict(1)["mean"][0]


def test_a_horizon_much_longer_than_the_history_is_said():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Naive().fit(series([1, 2, 3])).predict(50)
    assert "h=50 is 16.7x the longest history" in str(caught[0].message)


def test_predict_names_our_word_for_another_library_s():
    fitted = Naive().fit(series([1, 2, 3, 4]))
    with pytest.raises(UnknownKeywordError, match="Here it is called h"):
        fitted.predict(fh=3)
    with pytest.raises(LevelError, match="got '80'"):
        fitted.predict(1, level="80")


def test_quantiles_that_cross_are_a_contract_failure_of_the_interval():
    @dataclass(frozen=True)
    class Negative(LocalForecaster):
        def _fit(self, history):
            return 0.0

        def _predict(self, state, future):
            return Normal(np.zeros(future.h), -np.ones(future.h))

    bt = backtest(panel(a=[1.0] * 9), Negative(), h=2, level=80)
    assert bt.failures[["stage", "code"]].to_numpy().tolist() == [["interval", "CONTRACT"]]
    assert bt.forecasts["lo-80"].isna().all()
    assert bt.forecasts["mean"].tolist() == [0.0, 0.0]


def test_an_author_who_exits_costs_the_cell_and_not_the_process():
    @dataclass(frozen=True)
    class Exits(LocalForecaster):
        def _fit(self, history):
            raise SystemExit(3)

        def _predict(self, state, future):
            return np.zeros(future.h)

    bt = backtest(panel(a=[1.0] * 9), {"exits": Exits(), "naive": Naive()}, h=2)
    assert bt.failures["message"].tolist() == ["the forecaster raised SystemExit: 3"]
