"""Error tables: hand cases, counts, weights, the baseline, and a slow second implementation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import ArgumentError
from forecasting.metrics import METRICS, losses, summarise
from forecasting.metrics.table import compress

NAN = np.nan


def table(rows: list[tuple[object, ...]]) -> pd.DataFrame:
    names = ["model", "unique_id", "cutoff", "step", "y", "mean"]
    return pd.DataFrame(rows, columns=names)


@pytest.fixture
def hand() -> pd.DataFrame:
    """Two models, two series: a has two steps, b one."""
    return table(
        [
            ("one", "a", 5, 1, 10.0, 12.0),
            ("one", "a", 5, 2, 20.0, 16.0),
            ("one", "b", 5, 1, 100.0, 90.0),
            ("two", "a", 5, 1, 10.0, 10.0),
            ("two", "a", 5, 2, 20.0, 18.0),
            ("two", "b", 5, 1, 100.0, 120.0),
        ]
    )


@pytest.fixture
def scales() -> pd.DataFrame:
    return pd.DataFrame(
        {"unique_id": ["b", "a"], "cutoff": [5, 5], "mae": [10.0, 2.0], "mse": [200.0, 5.0]}
    )


def random_table(seed: int, *, failures: bool = True) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    keys = pd.MultiIndex.from_product(
        [["m1", "m2", "m3"], [f"s{i}" for i in range(7)], [10, 12, 14], [1, 2, 3, 4]],
        names=["model", "unique_id", "cutoff", "step"],
    ).to_frame(index=False)
    actual = rng.gamma(2.0, 10.0, size=7 * 3 * 4)
    actual[rng.random(actual.size) < 0.05] = 0.0
    if failures:
        actual[rng.random(actual.size) < 0.1] = NAN
    keys["y"] = np.tile(actual, 3)
    keys["mean"] = rng.gamma(2.0, 10.0, size=len(keys))
    if failures:
        keys.loc[rng.random(len(keys)) < 0.1, "mean"] = NAN
    for level, half in ((80, 10.0), (95, 20.0)):
        keys[f"lo-{level}"], keys[f"hi-{level}"] = keys["mean"] - half, keys["mean"] + half
    frame = keys.sample(frac=1.0, random_state=seed).reset_index(drop=True)
    pairs = keys[["unique_id", "cutoff"]].drop_duplicates().reset_index(drop=True)
    pairs["mae"] = rng.uniform(1, 5, len(pairs))
    pairs["mse"] = rng.uniform(1, 25, len(pairs))
    pairs.loc[3, ["mae", "mse"]] = 0.0
    return frame, pairs.drop(index=5)


# --- by hand ------------------------------------------------------------------------------------


def test_a_metric_is_averaged_inside_each_series_first(hand: pd.DataFrame) -> None:
    got = summarise(hand, metrics=["ME", "MAE", "RMSE", "MAPE", "sMAPE"])
    assert ["one", "two"] == got.index.tolist()
    assert [(1 + 10) / 2, (1 - 20) / 2] == got["ME"].tolist()
    assert [(3 + 10) / 2, (1 + 20) / 2] == got["MAE"].tolist()
    np.testing.assert_allclose(
        [(np.sqrt(10) + 10) / 2, (np.sqrt(2) + 20) / 2], got["RMSE"], rtol=1e-15
    )
    np.testing.assert_allclose([15.0, 12.5], got["MAPE"], rtol=1e-15)
    a, b = (400 / 22 + 800 / 36) / 2, 2000 / 190
    assert (a + b) / 2 == pytest.approx(got.loc["one", "sMAPE"], rel=1e-14)


def test_wape_is_pooled_and_in_percent(hand: pd.DataFrame) -> None:
    got = summarise(hand, metrics="WAPE")["WAPE"]
    np.testing.assert_allclose([100 * 16 / 130, 100 * 22 / 130], got)


def test_scaled_metrics_divide_by_the_training_scale_of_the_cutoff(
    hand: pd.DataFrame, scales: pd.DataFrame
) -> None:
    got = summarise(hand, scales, metrics=["MASE", "RMSSE"])
    np.testing.assert_allclose([(1.5 + 1) / 2, (0.5 + 2) / 2], got["MASE"])
    one = (np.sqrt((4 / 5 + 16 / 5) / 2) + np.sqrt(100 / 200)) / 2
    assert one == pytest.approx(got.loc["one", "RMSSE"])


def test_owa_is_the_mean_of_two_ratios_and_skill_one_minus_one(
    hand: pd.DataFrame, scales: pd.DataFrame
) -> None:
    names = ["sMAPE", "MASE", "OWA", "skill", "skill-MAE", "MAE"]
    got = summarise(hand, scales, metrics=names, baseline="one")
    ratio = got.loc["two", ["sMAPE", "MASE", "MAE"]] / got.loc["one", ["sMAPE", "MASE", "MAE"]]
    assert (ratio["sMAPE"] + ratio["MASE"]) / 2 == pytest.approx(got.loc["two", "OWA"])
    assert 1 - ratio["MASE"] == pytest.approx(got.loc["two", "skill"])
    assert 1 - ratio["MAE"] == pytest.approx(got.loc["two", "skill-MAE"])
    assert [1.0, 0.0, 0.0] == got.loc["one", ["OWA", "skill", "skill-MAE"]].tolist()


def test_interval_metrics_have_a_column_per_level(hand: pd.DataFrame, scales: pd.DataFrame) -> None:
    hand[["lo-80", "hi-80"]] = np.column_stack([hand["mean"] - 3, hand["mean"] + 3])
    hand[["lo-95", "hi-95"]] = np.column_stack([hand["mean"] - 4, hand["mean"] + 4])
    got = summarise(hand, scales, metrics=["coverage", "width-80", "MSIS", "Winkler-95"])
    assert ["coverage-80", "coverage-95", "width-80", "MSIS-80", "MSIS-95", "Winkler-95"] == list(
        got.columns[:6]
    )
    one = got.loc["one"]
    assert [25.0, 50.0, 6.0] == one[["coverage-80", "coverage-95", "width-80"]].tolist()
    # MSIS-80: a: (6 + 6 + 10) / 2 / 2 = 4 (a miss by 1 costs 10), b: (6 + 70) / 10
    assert ((6 + 16) / 2 / 2 + (6 + 70) / 10) / 2 == pytest.approx(one["MSIS-80"])
    assert (8 + (8 + 40 * 6)) / 2 == pytest.approx(one["Winkler-95"])


def test_interval_bounds_are_quantiles_and_q_columns_join_them(
    hand: pd.DataFrame, scales: pd.DataFrame
) -> None:
    hand["lo-80"], hand["hi-80"] = hand["mean"] - 3, hand["mean"] + 3
    hand["q-0.5"] = hand["mean"]
    got = summarise(hand, scales, metrics=["pinball", "SQL", "CRPS"]).loc["one"]
    # per cell: pinball at 0.1, 0.5, 0.9 of (y - q)
    a1 = [0.1 * 1, 0.5 * 2, 0.1 * 5]  # y = 10, q = 9, 12, 15
    a2 = [0.1 * 7, 0.5 * 4, 0.9 * 1]  # y = 20, q = 13, 16, 19
    b1 = [0.1 * 13, 0.5 * 10, 0.9 * 7]  # y = 100, q = 87, 90, 93
    pinball = ((np.mean(a1) + np.mean(a2)) / 2 + np.mean(b1)) / 2
    assert pinball == pytest.approx(got["pinball"])
    sql = 2 * ((np.mean(a1) + np.mean(a2)) / 2 / 2 + np.mean(b1) / 10) / 2
    assert sql == pytest.approx(got["SQL"])
    weights = np.array([0.25, 0.4, 0.25])
    crps = 2 * ((weights @ a1 + weights @ a2) / 2 + weights @ b1) / 2
    assert crps == pytest.approx(got["CRPS"])


# --- counting -----------------------------------------------------------------------------------


def test_failed_and_unanswered_cells_are_counted_and_not_scored() -> None:
    frame = table(
        [
            ("m", "a", 1, 1, 10.0, NAN),
            ("m", "a", 1, 2, NAN, 3.0),
            ("m", "a", 1, 3, NAN, NAN),
            ("m", "a", 1, 4, 10.0, 9.0),
            ("m", "a", 1, 5, 10.0, np.inf),
        ]
    )
    got = summarise(frame, metrics=["MAE"]).loc["m"]
    assert [1.0, 2, 3, 1] == got[["MAE", "n_forecasts", "n_failed", "n_missing_actual"]].tolist()


def test_constant_training_part_makes_mase_undefined_and_counted(
    hand: pd.DataFrame, scales: pd.DataFrame
) -> None:
    scales.loc[scales["unique_id"] == "a", ["mae", "mse"]] = 0.0
    got = summarise(hand, scales, metrics=["MASE", "RMSSE", "MAE"])
    assert [1.0, 2.0] == got["MASE"].tolist()
    assert [2, 2] == got["MASE_undefined"].tolist()
    assert [2, 2] == got["RMSSE_undefined"].tolist()
    assert "MAE_undefined" not in got.columns
    assert {"MASE": 4, "RMSSE": 4, "MAE": 0} == got.attrs["undefined"]


def test_nothing_left_is_nan_never_zero(hand: pd.DataFrame, scales: pd.DataFrame) -> None:
    got = summarise(hand, scales.assign(mae=0.0), metrics=["MASE", "skill"], baseline="one")
    assert got[["MASE", "skill"]].isna().all(axis=None)
    assert [3, 3] == got["MASE_undefined"].tolist()
    assert [3, 3] == got["skill_undefined"].tolist()


def test_missing_scale_rows_are_undefined(hand: pd.DataFrame, scales: pd.DataFrame) -> None:
    got = summarise(hand, scales[scales["unique_id"] == "a"], metrics=["MASE"])
    assert [1, 1] == got["MASE_undefined"].tolist()
    got = summarise(hand, scales.iloc[:0], metrics=["MASE"])
    assert [3, 3] == got["MASE_undefined"].tolist()


def test_infinite_scale_is_undefined_not_a_perfect_score(
    hand: pd.DataFrame, scales: pd.DataFrame
) -> None:
    got = summarise(hand, scales.assign(mse=np.inf), metrics=["RMSSE"])
    assert got["RMSSE"].isna().all()


def test_zero_actuals_are_counted_for_percentages() -> None:
    frame = table([("m", "a", 1, 1, 0.0, 0.0), ("m", "a", 1, 2, 10.0, 9.0)])
    got = summarise(frame, metrics=["MAPE", "sMAPE", "WAPE"]).loc["m"]
    assert [10.0, 1, 1] == got[["MAPE", "MAPE_undefined", "sMAPE_undefined"]].tolist()
    got = summarise(frame.iloc[:1], metrics=["WAPE"]).loc["m"]
    assert np.isnan(got["WAPE"])
    assert got["WAPE_undefined"] == 1


def test_undefined_columns_can_be_forced_or_left_out(hand: pd.DataFrame) -> None:
    assert "MAE_undefined" in summarise(hand, metrics=["MAE"], undefined=True).columns
    zero = hand.assign(y=0.0)
    assert "MAPE_undefined" not in summarise(zero, metrics=["MAPE"], undefined=False).columns


def test_a_model_that_fails_where_it_is_hard_gains_no_skill() -> None:
    frame = table(
        [
            ("base", "a", 1, 1, 10.0, 11.0),
            ("base", "b", 1, 1, 10.0, 110.0),
            ("shy", "a", 1, 1, 10.0, 11.0),
            ("shy", "b", 1, 1, 10.0, NAN),
        ]
    )
    got = summarise(frame, metrics=["MAE", "skill-MAE"], baseline="base")
    assert got.loc["shy", "skill-MAE"] == 0.0
    assert got.loc["shy", "n_failed"] == 1


def test_a_baseline_that_fails_takes_the_cell_out_for_both() -> None:
    frame = table(
        [
            ("base", "a", 1, 1, 10.0, 12.0),
            ("base", "b", 1, 1, 10.0, NAN),
            ("mine", "a", 1, 1, 10.0, 11.0),
            ("mine", "b", 1, 1, 10.0, 110.0),
        ]
    )
    got = summarise(frame, metrics=["skill-MAE"], baseline="base").loc["mine"]
    assert [0.5, 1] == got[["skill-MAE", "skill-MAE_undefined"]].tolist()


def test_bounds_without_a_forecast_are_not_scored(hand: pd.DataFrame) -> None:
    hand["lo-80"], hand["hi-80"] = hand["mean"] - 3, hand["mean"] + 3
    hand.loc[1, "mean"] = NAN
    got = summarise(hand, metrics=["coverage", "width"]).loc["one"]
    assert [(100 + 0) / 2, 6.0, 1] == got[["coverage-80", "width-80", "n_failed"]].tolist()
    assert np.isnan(losses(hand, metrics=["coverage"]).loc[1, "covered-80"])


def test_a_forecast_without_bounds_is_undefined_for_intervals_only(hand: pd.DataFrame) -> None:
    hand["lo-80"], hand["hi-80"] = hand["mean"] - 3, hand["mean"] + 3
    hand.loc[1, "hi-80"] = NAN
    got = summarise(hand, metrics=["coverage", "MAE"]).loc["one"]
    assert [(3 + 10) / 2, 1] == got[["MAE", "coverage-80_undefined"]].tolist()


def test_an_infinite_loss_is_missing_in_the_table_of_losses() -> None:
    frame = table([("m", "a", 1, 1, 1e200, -1e200), ("m", "a", 1, 2, 1.0, 3.0)])
    np.testing.assert_array_equal([NAN, 4.0], losses(frame, metrics=["RMSE"])["squared_error"])
    assert [2.0, 1] == summarise(frame, metrics=["RMSE"]).loc[
        "m", ["RMSE", "RMSE_undefined"]
    ].tolist()


def test_overflowing_means_stay_infinite() -> None:
    frame = table([("m", "a", 1, k, 1e308, -0.5e308) for k in range(1, 4)])
    assert np.isinf(summarise(frame, metrics=["MAE"]).loc["m", "MAE"])


# --- grouping and weights -----------------------------------------------------------------------


def test_model_is_put_in_front_of_any_grouping(hand: pd.DataFrame) -> None:
    got = summarise(hand, by="step", metrics=["MAE"])
    assert ["model", "step"] == list(got.index.names)
    assert [("one", 1), ("one", 2), ("two", 1), ("two", 2)] == got.index.tolist()
    assert [(2 + 10) / 2, 4.0, (0 + 20) / 2, 2.0] == got["MAE"].tolist()


def test_groups_of_a_segment_keep_missing_values(hand: pd.DataFrame) -> None:
    hand["segment"] = ["x", "x", None, "x", "x", None]
    got = summarise(hand, by=["segment", "model"], metrics=["MAE"])
    assert 4 == len(got)
    assert [2, 2, 1, 1] == sorted(got["n_forecasts"], reverse=True)


@pytest.mark.parametrize("dtype", ["category", "object"])
def test_categories_and_text_give_the_same_table(hand: pd.DataFrame, dtype: str) -> None:
    other = hand.astype({"model": dtype, "unique_id": dtype})
    expected, got = (
        summarise(f, by=["model", "unique_id"], metrics=["MAE"]) for f in (hand, other)
    )
    assert expected["MAE"].tolist() == got["MAE"].tolist()
    assert expected.index.tolist() == got.index.tolist()


def test_categories_that_do_not_occur_are_no_models_and_no_series(
    hand: pd.DataFrame, scales: pd.DataFrame
) -> None:
    names = {"model": ["zero", "two", "one"], "unique_id": ["b", "a", "c"]}
    kinds = {name: pd.CategoricalDtype(values) for name, values in names.items()}
    frame = hand.astype(kinds)
    other = scales.astype({"unique_id": kinds["unique_id"]})
    got = summarise(frame, other, metrics=["MASE"], weights={"a": 1.0, "b": 1.0})
    assert ["two", "one"] == got.index.tolist()
    assert summarise(hand, scales, metrics=["MASE"])["MASE"].to_dict() == got["MASE"].to_dict()
    part = frame[frame["model"] == "one"]
    assert ["one"] == summarise(part, metrics=["MAE"]).index.tolist()


def test_missing_categories_are_a_group(hand: pd.DataFrame) -> None:
    hand["segment"] = pd.Categorical(["x", "x", None, "x", "x", None])
    got = summarise(hand, by=["segment"], metrics=["MAE"])
    assert [2, 1, 2, 1] == got["n_forecasts"].tolist()


def test_columns_that_only_look_like_bounds_are_left_alone(hand: pd.DataFrame) -> None:
    more = hand.assign(**{"lo-tide": 1.0, "hi-tide": 2.0, "q-factor": 3.0, "q-7": 1.0})
    assert list(summarise(hand).columns) == list(summarise(more).columns)


def test_whole_numbers_and_nullable_numbers_are_read(hand: pd.DataFrame) -> None:
    whole = hand.astype({"y": "int64", "mean": "int64"})
    nullable = hand.astype({"y": "Float64", "mean": "Float64"})
    nullable.loc[0, "mean"] = pd.NA
    assert summarise(hand, metrics=["MAE"]).equals(summarise(whole, metrics=["MAE"]))
    assert 1 == summarise(nullable, metrics=["MAE"]).loc["one", "n_failed"]


@pytest.mark.parametrize("factor", [1e-12, 1e-3, 1e12])
def test_scale_free_metrics_do_not_depend_on_the_unit(factor: float) -> None:
    frame, scales = random_table(4)
    numbers = ["y", "mean", "lo-80", "hi-80", "lo-95", "hi-95"]
    bigger = frame.assign(**{name: frame[name] * factor for name in numbers})
    wider = scales.assign(mae=scales["mae"] * factor, mse=scales["mse"] * factor**2)
    free = ["MASE", "RMSSE", "sMAPE", "MAPE", "WAPE", "MSIS", "SQL", "OWA", "skill"]
    scaled = ["ME", "MAE", "RMSE", "pinball", "CRPS", "Winkler", "width"]
    a = summarise(frame, scales, metrics=[*free, *scaled], baseline="m1")
    b = summarise(bigger, wider, metrics=[*free, *scaled], baseline="m1")
    for name in a.columns:
        unit = factor if name.split("-")[0] in scaled else 1.0
        np.testing.assert_allclose(a[name] * unit, b[name], rtol=1e-9, err_msg=name)


def test_models_keep_their_order_and_ids_their_text() -> None:
    frame = table([("z", "0742", 1, 1, 1.0, 2.0), ("a", "NA", 1, 1, 1.0, 2.0)])
    got = summarise(frame, by=["model", "unique_id"], metrics=["MAE"])
    assert [("z", "0742"), ("a", "NA")] == got.index.tolist()


def test_weights_by_series(hand: pd.DataFrame) -> None:
    got = summarise(hand, metrics=["MAE", "WAPE"], weights={"a": 3.0, "b": 1.0})
    assert (3 * 3 + 10) / 4 == got.loc["one", "MAE"]
    assert 100 * (3 * 6 + 10) / (3 * 30 + 100) == pytest.approx(got.loc["one", "WAPE"])
    series = pd.Series({"b": 0.0, "a": 1.0})
    assert 3.0 == summarise(hand, metrics=["MAE"], weights=series).loc["one", "MAE"]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"a": 1.0}, "missing for 1 series: b"),
        ({"a": 1.0, "b": -1.0}, "bad for b"),
        ({"a": 1.0, "b": NAN}, "bad for b"),
        ({"a": 0.0, "b": 0.0}, "they are all 0"),
    ],
)
def test_weights_that_cannot_be_are_refused(
    hand: pd.DataFrame, weights: dict[str, float], message: str
) -> None:
    with pytest.raises(ArgumentError, match=message):
        summarise(hand, metrics=["MAE"], weights=weights)


def test_time_stamps_match_across_units_and_zones(hand: pd.DataFrame) -> None:
    when = pd.Timestamp("2024-03-31", tz="Europe/Zurich")
    frame = hand.assign(cutoff=pd.Series([when] * 6).dt.as_unit("s"))
    scales = pd.DataFrame({"unique_id": ["a", "b"], "mae": 2.0, "mse": 4.0})
    scales["cutoff"] = pd.Series([when] * 2).dt.as_unit("ns")
    got = summarise(frame, scales, metrics=["MASE"])
    assert [(1.5 + 5) / 2, (0.5 + 10) / 2] == got["MASE"].tolist()


# --- a second implementation --------------------------------------------------------------------


@pytest.mark.parametrize("by", [["model"], ["model", "step"], ["model", "unique_id", "cutoff"]])
@pytest.mark.parametrize("seed", [0, 1])
def test_equals_a_plain_group_by(by: list[str], seed: int) -> None:
    frame, scales = random_table(seed)
    wide = frame.merge(scales, on=["unique_id", "cutoff"], how="left")
    wide.loc[wide["mae"] == 0, ["mae", "mse"]] = NAN
    error = wide["y"] - wide["mean"]
    wide["mase"], wide["rmsse"] = error.abs() / wide["mae"], error**2 / wide["mse"]
    wide["mape"] = (100 * error.abs() / wide["y"]).where(wide["y"] != 0)
    wide["cover"] = (wide["y"].between(wide["lo-80"], wide["hi-80"]) * 100.0).where(error.notna())
    keys = [*by, *(["unique_id"] if "unique_id" not in by else [])]
    inside = wide.groupby(keys)[["mase", "rmsse", "mape", "cover"]].mean()
    inside["rmsse"] = np.sqrt(inside["rmsse"])
    expected = inside.groupby(by).mean()
    got = summarise(frame, scales, by=by, metrics=["MASE", "RMSSE", "MAPE", "coverage-80"])
    got = got.sort_index()
    for name, column in zip(got.columns[:4], expected.columns, strict=True):
        np.testing.assert_allclose(expected[column], got[name], rtol=1e-12)
    assert (error.notna() & wide["mase"].isna()).sum() == got["MASE_undefined"].sum()


def test_the_order_of_rows_does_not_matter() -> None:
    frame, scales = random_table(3)
    turned = frame.iloc[::-1].reset_index(drop=True)
    a = summarise(frame, scales, by=["model", "cutoff"], baseline="m1").sort_index()
    b = summarise(turned, scales, by=["model", "cutoff"], baseline="m1").sort_index()
    pd.testing.assert_frame_equal(a, b, check_exact=False, rtol=1e-12)


def test_the_input_is_left_alone(hand: pd.DataFrame, scales: pd.DataFrame) -> None:
    before = hand.copy(deep=True), scales.copy(deep=True)
    summarise(hand, scales, baseline="one")
    losses(hand, scales)
    pd.testing.assert_frame_equal(before[0], hand)
    pd.testing.assert_frame_equal(before[1], scales)


# --- losses -------------------------------------------------------------------------------------


def test_losses_are_one_row_per_observation_in_the_same_order(
    hand: pd.DataFrame, scales: pd.DataFrame
) -> None:
    got = losses(hand, scales, metrics=["ME", "MASE", "RMSE", "OWA"])
    assert [
        *["model", "unique_id", "cutoff", "step", "error", "absolute_scaled_error"],
        *["squared_error", "symmetric_absolute_percentage_error"],
    ] == list(got.columns)
    assert [-2.0, 4.0, 10.0, 0.0, 2.0, -20.0] == got["error"].tolist()
    assert [1.0, 2.0, 1.0, 0.0, 1.0, 2.0] == got["absolute_scaled_error"].tolist()
    assert [4.0, 16.0, 100.0] == got["squared_error"].tolist()[:3]


def test_losses_carry_ds_and_a_column_per_level(hand: pd.DataFrame) -> None:
    hand["ds"] = hand["cutoff"] + hand["step"]
    hand["lo-80"], hand["hi-80"] = hand["mean"] - 3, hand["mean"] + 3
    got = losses(hand, metrics=["coverage"])
    assert ["model", "unique_id", "cutoff", "ds", "step", "covered-80"] == list(got.columns)
    assert [100.0, 0.0, 0.0] == got["covered-80"].tolist()[:3]


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metrics": ["MASEE"]}, "unknown metric 'MASEE'. Did you mean 'MASE'"),
        ({"metrics": ["nonsense-80"]}, "unknown metric"),
        ({"metrics": ["coverage"]}, r"level=\(80, 95\)"),
        ({"metrics": ["CRPS"]}, r"quantiles=\(0.1, 0.5, 0.9\)"),
        ({"metrics": ["MASE"]}, "pass scales="),
        ({"metrics": ["skill-MAE"]}, "compares with a baseline"),
        ({"metrics": ["MAE"], "by": "stp"}, "Did you mean 'step'"),
        ({"metrics": ["skill-MAE"], "baseline": "onne"}, "Did you mean 'one'"),
    ],
)
def test_what_cannot_be_computed_is_refused_with_the_way_out(
    hand: pd.DataFrame, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(ArgumentError, match=message):
        summarise(hand, **arguments)


def test_a_level_that_is_not_there_is_refused(hand: pd.DataFrame) -> None:
    hand["lo-80"], hand["hi-80"] = 0.0, 1.0
    with pytest.raises(ArgumentError, match="no level 90; there are 80"):
        summarise(hand, metrics=["coverage-90"])


def test_a_table_without_its_columns_is_refused(hand: pd.DataFrame) -> None:
    with pytest.raises(ArgumentError, match="no column 'cutoff', 'mean'"):
        summarise(hand.drop(columns=["cutoff", "mean"]))


def test_repeated_scales_and_baseline_rows_are_refused(
    hand: pd.DataFrame, scales: pd.DataFrame
) -> None:
    with pytest.raises(ArgumentError, match="more than one row"):
        summarise(hand, pd.concat([scales, scales]), metrics=["MASE"])
    with pytest.raises(ArgumentError, match="more than one"):
        summarise(pd.concat([hand, hand]), metrics=["skill-MAE"], baseline="one")


# --- the catalogue ------------------------------------------------------------------------------


def test_defaults_follow_what_is_there(hand: pd.DataFrame, scales: pd.DataFrame) -> None:
    counts = ["n_forecasts", "n_failed", "n_missing_actual"]
    assert ["MAE", "RMSE", "sMAPE", "WAPE", "ME", *counts] == list(summarise(hand).columns)
    hand["lo-80"], hand["hi-80"], hand["q-0.5"] = hand["mean"] - 3, hand["mean"] + 3, hand["mean"]
    got = summarise(hand, scales, baseline="one").columns
    assert [
        *["MASE", "RMSSE", "MAE", "RMSE", "sMAPE", "WAPE", "ME"],
        *["coverage-80", "width-80", "MSIS-80", "CRPS", "skill", *counts],
    ] == list(got)


def test_every_row_of_the_catalogue_can_be_computed() -> None:
    frame, scales = random_table(5, failures=False)
    got = summarise(frame, scales, metrics=list(METRICS), baseline="m1")
    assert np.isfinite(got.to_numpy(dtype=np.float64)).all()
    for name, row in METRICS.items():
        assert name == row.name
        assert bool(row.of) != (row.loss is not None)


def test_an_empty_table_gives_an_empty_summary(hand: pd.DataFrame) -> None:
    got = summarise(hand.iloc[:0], metrics=["MAE"])
    assert 0 == len(got)
    assert "MAE" in got.columns


def test_weights_that_fit_no_series_are_said_and_a_bare_number_is_refused():
    keys = {"model": "m", "unique_id": ["a", "b"], "cutoff": 0, "step": 1}
    f = pd.DataFrame({**keys, "y": 1.0, "mean": [1.0, 3.0]})
    with pytest.warns(UserWarning, match="not in the forecasts are ignored: zz"):
        table = summarise(f, metrics="MAE", weights={"a": 1.0, "b": 3.0, "zz": 9.0})
    assert table["MAE"].tolist() == [1.5]
    with pytest.raises(ArgumentError, match="weights must map unique_id to a number"):
        summarise(f, metrics="MAE", weights=3)


def test_labels_of_several_types_stay_in_the_order_in_which_they_came() -> None:
    keys = {"model": "m", "unique_id": "a", "cutoff": 0, "step": 1}
    f = pd.DataFrame({**keys, "y": 1.0, "mean": [2.0, 4.0, 3.0], "segment": ["x", 1, "x"]})
    got = summarise(f, by="segment", metrics="MAE")
    assert got.index.tolist() == [("m", "x"), ("m", 1)]
    assert got["MAE"].tolist() == [1.5, 3.0]


def test_keys_among_very_many_are_compressed_as_those_among_few() -> None:
    key = np.array([9_000_000, 3, 9_000_000, 7])
    for size in (9_000_001, 10**12):
        codes, values = compress(key, size)
        assert (codes.tolist(), values.tolist()) == ([2, 0, 2, 1], [3, 7, 9_000_000])
    codes, values = compress(np.array([4, 2, 4]), 5)
    assert (codes.tolist(), values.tolist()) == ([1, 0, 1], [2, 4])


def test_series_are_sorted_and_models_are_not() -> None:
    keys = {"model": ["z", "z", "a", "a"], "unique_id": ["b", "a"] * 2, "cutoff": 0, "step": 1}
    got = summarise(pd.DataFrame({**keys, "y": 1.0, "mean": 2.0}), by="unique_id", metrics="MAE")
    assert got.index.tolist() == [("z", "a"), ("z", "b"), ("a", "a"), ("a", "b")]


def test_a_segment_that_is_missing_everywhere_is_a_group() -> None:
    keys = {"model": "m", "unique_id": ["a", "b"], "cutoff": 0, "step": 1, "y": 1.0, "mean": 2.0}
    nowhere = pd.Categorical([None, None], categories=["x"])
    got = summarise(pd.DataFrame({**keys, "segment": nowhere}), by="segment", metrics="MAE")
    assert got["MAE"].tolist() == [1.0]
    assert got.index.get_level_values("segment").isna().all()
