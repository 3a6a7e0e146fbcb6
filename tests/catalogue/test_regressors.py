"""Section X of the catalogue (E01 to E15): regressors and static features."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import polars as pl
import pytest

from forecasting import LocalForecaster, Naive, Regressors, as_panel, backtest
from forecasting.errors import DataWarning, FailureWarning, RegressorError

H = 7


@dataclass(frozen=True)
class Linear(LocalForecaster):
    """Least squares on the known-future regressors, by name."""

    def _fit(self, history):
        design = np.column_stack([np.ones(len(history)), history.X])
        return np.linalg.lstsq(design, history.y, rcond=None)[0]

    def _predict(self, state, future):
        return np.column_stack([np.ones(future.h), future.X]) @ state


@pytest.fixture
def known(df):
    """Two regressors of the history and of the H steps after it, and a target made of them."""
    rng = np.random.default_rng(1)
    days = pd.date_range("2024-01-01", periods=60 + H)
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "unique_id": name,
                    "ds": days,
                    "x": rng.normal(size=60 + H),
                    "z": rng.normal(size=60 + H),
                }
            )
            for name in "ab"
        ],
        ignore_index=True,
    )


@pytest.fixture
def sales(df, known):
    both = df.merge(known, on=["unique_id", "ds"])
    noise = np.random.default_rng(2).normal(size=120)
    return df.assign(y=(10 + 3 * both["x"] - 2 * both["z"]).to_numpy() + noise)


@pytest.fixture
def ahead(known):
    return known[known["ds"] > "2024-02-29"].reset_index(drop=True)


@pytest.fixture
def model(sales, known):
    return Linear().fit(sales, X=Regressors(known_future=known))


@pytest.mark.parametrize("columns", [["z", "x"], ["x", "z"]])
@pytest.mark.parametrize("keys_first", [True, False])
def test_E01_columns_are_matched_by_name(model, ahead, columns, keys_first):
    keys = ["ds", "unique_id"]
    given = ahead[keys + columns if keys_first else columns + keys]
    pd.testing.assert_frame_equal(model.predict(H, X=ahead), model.predict(H, X=given))


def test_E01_the_order_in_the_history_changes_no_bit(sales, known, ahead, model):
    other = Linear().fit(sales, X=Regressors(known_future=known[["z", "ds", "unique_id", "x"]]))
    got, expected = other.predict(H, X=ahead)["mean"], model.predict(H, X=ahead)["mean"]
    np.testing.assert_allclose(got, expected, rtol=1e-12)  # least squares in another order


def test_E02_a_missing_column_is_listed(model, ahead, refuses):
    refuses(lambda: model.predict(H, X=ahead.drop(columns="z")), RegressorError, "X lacks 'z'")


def test_E02_no_X_at_all_is_asked_for(model, refuses):
    refuses(lambda: model.predict(H), RegressorError, "x, z", "X=frame")


def test_E03_an_extra_column_is_ignored_and_said(model, ahead, says):
    expected = model.predict(H, X=ahead)
    with says(DataWarning, "ignored: extra"):
        got = model.predict(H, X=ahead.assign(extra=1.0))
    pd.testing.assert_frame_equal(expected, got)


def test_E04_rows_are_matched_by_id_and_time(model, ahead):
    shuffled = ahead.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(model.predict(H, X=ahead), model.predict(H, X=shuffled))


def test_E05_a_missing_row_is_named_by_id_and_time(model, ahead, refuses):
    error = refuses(
        lambda: model.predict(H, X=ahead.drop(index=8)), RegressorError, "1 row", "(b, 2024-03-02)"
    )
    assert (error.n_bad, error.ids) == (1, ("b",))


def test_E06_rows_of_the_past_are_no_future(model, ahead, refuses):
    late = ahead.assign(ds=ahead["ds"] - pd.Timedelta("30D"))
    refuses(lambda: model.predict(H, X=late), RegressorError, "lacks 14 rows", "(a, 2024-03-01)")


def test_E07_rows_of_another_series_are_not_taken(model, ahead, refuses):
    strange = ahead.assign(unique_id=ahead["unique_id"].replace("b", "c"))
    error = refuses(
        lambda: model.predict(H, X=strange),
        RegressorError,
        "lack 1 series",
        ": b",
        "they have a, c",
    )
    assert error.ids == ("b",)


def test_E07_more_series_than_needed_are_ignored_and_said(model, ahead, says):
    more = pd.concat([ahead, ahead.assign(unique_id=ahead["unique_id"].replace("b", "c"))[7:]])
    with says(DataWarning, "not in the data are ignored: c"):
        model.predict(H, X=more)


def test_E08_a_missing_value_in_every_series_stops(model, ahead, refuses):
    ahead.loc[[2, 9], "x"] = np.nan
    words = ("2 missing values in 2 series", "'x' at (a, 2024-03-03)")
    refuses(lambda: model.predict(H, X=ahead), RegressorError, *words)


def test_E08_a_missing_value_in_one_series_fails_that_series(model, ahead):
    expected = model.predict(H, X=ahead)
    ahead.loc[2, "x"] = np.nan
    with (
        pytest.warns(DataWarning, match="1 missing value in 1 series"),
        pytest.warns(FailureWarning, match="a: REGRESSOR"),
    ):
        got = model.predict(H, X=ahead)
    assert got["mean"].isna().tolist() == [True] * H + [False] * H
    np.testing.assert_array_equal(got["mean"][H:], expected["mean"][H:])


def test_E09_the_target_in_the_future_frame_is_a_leak(model, ahead, refuses):
    refuses(lambda: model.predict(H, X=ahead.assign(y=1.0)), RegressorError, "'y'", "leak")


def test_E09_the_target_among_the_regressors_is_a_leak(sales, known, refuses):
    for X in (known.assign(y=1.0), ["y"]):
        call = lambda X=X: as_panel(sales, X=Regressors(known_future=X))  # noqa: E731
        refuses(call, RegressorError, "target", "'y'")


def test_E10_duplicate_rows_stop(model, ahead, refuses):
    twice = pd.concat([ahead, ahead.iloc[[3]]])
    words = ("1 duplicate row", "2024-03-04", "drop_duplicates")
    refuses(lambda: model.predict(H, X=twice), RegressorError, *words)


def test_E11_the_target_in_disguise_is_said(sales, known, says):
    disguise = known[["unique_id", "ds"]].assign(hidden=0.0)
    disguise.loc[disguise["ds"] <= "2024-02-29", "hidden"] = 2 * sales["y"].to_numpy() + 1
    with says(DataWarning, "'hidden' correlates with the target above 0.999", "past_only"):
        as_panel(sales, X=Regressors(known_future=disguise))


@dataclass(frozen=True)
class Peeking(LocalForecaster):
    """Forecasts the number of past-only rows it was shown beyond its own history."""

    def _fit(self, history):
        return len(history.past_X) - len(history)

    def _predict(self, state, future):
        return np.full(future.h, float(state + future.X.shape[1]))


def test_E11_a_past_only_regressor_is_never_shown_beyond_the_cutoff(sales):
    X = Regressors(past_only=sales.rename(columns={"y": "footfall"}))
    bt = backtest(sales, {"peek": Peeking()}, h=H, n_windows=3, X=X, progress=False)
    assert bt.forecasts["mean"].unique().tolist() == [0.0]


def test_E11_changing_a_past_only_regressor_after_the_cutoff_changes_no_bit(sales, known):
    def forecasts(frame):
        X = Regressors(past_only=frame)
        return backtest(sales, {"a": Peeking()}, h=H, n_windows=1, X=X, progress=False).forecasts

    poisoned = known.copy()
    poisoned.loc[poisoned["ds"] > "2024-02-22", ["x", "z"]] = 1e9
    pd.testing.assert_frame_equal(forecasts(known), forecasts(poisoned), check_exact=True)


def test_E11_predict_takes_no_past_only_regressors(model, ahead, refuses):
    X = Regressors(known_future=ahead, past_only=ahead)
    refuses(lambda: model.predict(H, X=X), RegressorError, "past_only", "known_future")


def test_E12_a_static_feature_that_changes_is_named(sales, refuses):
    data = sales.assign(size=np.arange(120.0))
    call = lambda: as_panel(data, X=Regressors(static=["size"]))  # noqa: E731
    error = refuses(call, RegressorError, "size changes over time for a", "past_only=")
    assert error.ids == ("a",)


def test_E12_static_columns_of_the_data_become_one_value_a_series(sales):
    data = sales.assign(size=np.repeat([3.0, 5.0], 60))
    panel = as_panel(data, X=Regressors(static=["size"]))
    assert panel.covariates.static.tolist() == [[3.0], [5.0]]
    assert panel.covariates.static_names == ("size",)


def test_E13_static_rows_that_are_missing_or_there_twice_stop(sales, refuses):
    static = pd.DataFrame({"unique_id": ["a", "b"], "size": [1.0, 2.0]})
    for frame, words in (
        (static[:1], ("lack 1 series", ": b")),
        (pd.concat([static, static[:1]]), ("two rows for a",)),
    ):
        call = lambda frame=frame: as_panel(sales, X=Regressors(static=frame))  # noqa: E731
        refuses(call, RegressorError, *words)


def test_E13_static_rows_of_other_series_are_ignored_and_said(sales, says):
    static = pd.DataFrame({"unique_id": ["c", "b", "a"], "size": [9.0, 2.0, 1.0]})
    with says(DataWarning, "static regressors of 1 series", "ignored: c"):
        panel = as_panel(sales, X=Regressors(static=static))
    assert panel.covariates.static.tolist() == [[1.0], [2.0]]


def test_E14_a_holiday_flag_must_cover_the_horizon(sales, refuses):
    holidays = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=60), "holiday": 0.0})
    model = Linear().fit(sales, X=Regressors(known_future=holidays))
    words = ("lacks 14 rows of the next 7 steps", "(a, 2024-03-01)")
    refuses(lambda: model.predict(H, X=holidays), RegressorError, *words)


def test_E15_categories_are_turned_into_numbers_by_their_owner(sales, known, refuses):
    """The catalogue wants "other" for a level not seen in training; levels are not encoded here."""
    text = known[["unique_id", "ds"]].assign(promo="yes")
    call = lambda: as_panel(sales, X=Regressors(known_future=text))  # noqa: E731
    error = refuses(call, RegressorError, "'promo'", "pd.get_dummies")
    assert error.column == "promo"


# --- and what else a key may look like ----------------------------------------------------------------


def test_a_regressor_by_time_alone_holds_for_every_series(sales):
    days = pd.date_range("2024-01-01", periods=60 + H)
    X = pd.DataFrame({"ds": days, "payday": (days.day == 25).astype(int)})
    panel = as_panel(sales, X=Regressors(known_future=X))
    expected = X["payday"].to_numpy()[:60]
    np.testing.assert_array_equal(panel.covariates.known[:, 0], np.tile(expected, 2))


def test_columns_of_the_data_are_declared_by_name(sales, known, ahead, model):
    data = sales.merge(known, on=["unique_id", "ds"])
    named = Linear().fit(data, X=Regressors(known_future=["x", "z"]))
    pd.testing.assert_frame_equal(model.predict(H, X=ahead), named.predict(H, X=ahead))


def test_the_role_must_be_declared(sales, known, refuses):
    refuses(lambda: as_panel(sales, X=known), RegressorError, "role", "known_future=")


def test_one_column_has_one_role(sales, known, refuses):
    X = Regressors(known_future=known, past_only=known)
    refuses(lambda: as_panel(sales, X=X), RegressorError, "'x' is declared in two roles")


def test_keys_in_the_index_and_frames_of_polars_are_keys_too(model, ahead):
    expected = model.predict(H, X=ahead)
    indexed = ahead.set_index(["unique_id", "ds"])
    arrow = pl.DataFrame({c: ahead[c].tolist() for c in ahead})
    pd.testing.assert_frame_equal(expected, model.predict(H, X=indexed))
    pd.testing.assert_frame_equal(expected, model.predict(H, X=arrow))


def test_rows_off_the_calendar_and_times_of_another_kind_stop(model, ahead, refuses):
    off = ahead.assign(ds=ahead["ds"] + pd.Timedelta("5h"))
    refuses(lambda: model.predict(H, X=off), RegressorError, "14 rows", "fall outside freq 'D'")
    zoned = ahead.assign(ds=ahead["ds"].dt.tz_localize("UTC"))
    refuses(lambda: model.predict(H, X=zoned), RegressorError, "datetime in UTC", "without zone")


def test_infinite_regressors_stop(model, ahead, refuses):
    ahead.loc[3, "x"] = np.inf
    refuses(lambda: model.predict(H, X=ahead), RegressorError, "'x'", "infinite", "row 3")


def test_missing_values_in_the_history_are_said(sales, known, says):
    known.loc[5, "x"] = np.nan
    with says(DataWarning, "1 value in the history, first 'x' at (a, 2024-01-06)"):
        as_panel(sales, X=Regressors(known_future=known))


def test_X_that_fit_did_not_have_is_ignored_and_said(sales, ahead, says):
    model = Naive().fit(sales)
    with says(DataWarning, "X is ignored"):
        model.predict(H, X=ahead)


def test_regressors_name_their_columns_in_the_order_of_the_roles(df):
    X = Regressors(
        known_future=df.rename(columns={"y": "x"}), past_only="footfall", static=["region"]
    )
    assert X.names() == ("x", "footfall", "region")
    assert Regressors().names() == ()


def test_the_columns_that_change_are_named_with_their_series(df):
    data = df.assign(size=1.0, region=0.0, kind=2.0)
    data.loc[data.index[-1], ["region", "kind"]] = 1.0
    with pytest.raises(
        RegressorError, match="static regressor region, kind changes over time for b"
    ) as caught:
        as_panel(data, X=Regressors(static=["size", "region", "kind"]))
    assert caught.value.column == "region"
    assert caught.value.ids == ("b",)


def test_a_regressor_need_not_know_the_steps_that_the_target_has_not(df):
    data = df.drop(index=[70, 71])
    X = data.assign(x=np.arange(len(data)) % 7).drop(columns="y")
    as_panel(data, X=Regressors(known_future=X), freq="D")
    with pytest.warns(
        DataWarning, match=r"miss 1 value in the history, first 'x' at \(b, 2024-01-10\)"
    ):
        as_panel(data, X=Regressors(past_only=X.drop(index=69)), freq="D")
