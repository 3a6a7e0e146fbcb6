"""Comparison: pairs, the Diebold-Mariano test, the bootstrap, ranks and the confidence set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.comparison import (
    compare,
    critical_difference,
    diebold_mariano,
    model_confidence_set,
    ranks,
)
from forecasting.comparison.bootstrap import (
    block_counts,
    bootstrap_interval,
    choose_block_length,
    expansion,
)
from forecasting.comparison.ranking import friedman
from forecasting.errors import ArgumentError

GOLDEN = Path(__file__).parent / "golden" / "dm_test.csv"
NAN = np.nan


def table(
    errors: dict[str, np.ndarray], *, step_size: int | None = None, first: int = 10
) -> pd.DataFrame:
    """Build a forecasts table from errors of shape (series, cutoffs, steps); actuals are 0."""
    parts = []
    for model, error in errors.items():
        series, cutoffs, steps = np.indices(error.shape)
        cutoff = first + cutoffs * (step_size or error.shape[2])
        parts.append(
            pd.DataFrame(
                {
                    "model": model,
                    "unique_id": np.char.add("s", series.ravel().astype(str)),
                    "cutoff": cutoff.ravel(),
                    "ds": (cutoff + steps + 1).ravel(),
                    "step": (steps + 1).ravel(),
                    "y": 0.0,
                    "mean": -error.ravel(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def errors(
    seed: int, shape: tuple[int, int, int] = (5, 8, 3), **scale: float
) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {model: size * rng.normal(size=shape) for model, size in scale.items()}


# --- the Diebold-Mariano test ---------------------------------------------------------------------


def noise(n: int, seed: int) -> np.ndarray:
    """The generator of tests/golden/dm_test.R (Park & Miller 1988)."""
    values = []
    for _ in range(n):
        seed = 16807 * seed % 2147483647
        values.append(seed / 2147483647 - 0.5)
    return np.array(values)


def golden_difference(n: int, h: int, power: int) -> np.ndarray:
    smooth = [np.convolve(noise(n + h - 1, seed), np.ones(h), mode="valid") for seed in (1, 2)]
    return np.abs(smooth[0]) ** power - np.abs(0.2 + 1.1 * smooth[1]) ** power


def golden_rows(variance: str) -> list[tuple[int, int, int, float, float]]:
    frame = pd.read_csv(GOLDEN, comment="#")
    chosen = frame[(frame["variance"] == variance) & (frame["fell_back"] == 0)]
    columns = ["n", "h", "power", "statistic", "p_value"]
    return list(chosen[columns].itertuples(index=False, name=None))


@pytest.mark.parametrize(("n", "h", "power", "statistic", "p_value"), golden_rows("acf"))
def test_diebold_mariano_equals_r_forecast(
    n: int, h: int, power: int, statistic: float, p_value: float
) -> None:
    got = diebold_mariano(golden_difference(n, h, power), lags=h - 1)
    assert statistic == pytest.approx(got.statistic, rel=1e-10)
    assert p_value == pytest.approx(got.p_value, rel=1e-10)
    assert (h - 1, "") == (got.lags, got.note)


@pytest.mark.parametrize("lags", [0, 1, 3])
def test_diebold_mariano_equals_statsmodels_where_their_variances_agree(lags: int) -> None:
    pytest.importorskip("statsmodels", "0.15", reason="diebold_mariano_test came with 0.15")
    from statsmodels.tsa import stattools

    difference = golden_difference(40, 1, 2)
    theirs = stattools.diebold_mariano_test(
        difference,
        difference,
        np.zeros(40),
        lags=lags,
        harvey_adj=True,
        horizon=lags + 1,
        criterion=lambda _, forecast: forecast,
    )
    if lags == 0:
        ours = diebold_mariano(difference)
        assert theirs.statistic == pytest.approx(ours.statistic, rel=1e-10)
        assert theirs.pvalue == pytest.approx(ours.p_value, rel=1e-10)
        return
    # With lags theirs has Bartlett weights: ours where the plain variance is not positive.
    alternating = np.where(np.arange(40) % 2, 1.0, -1.0) + 0.01 * difference
    ours = diebold_mariano(alternating, lags=lags)
    theirs = stattools.diebold_mariano_test(
        alternating,
        alternating,
        np.zeros(40),
        lags=lags,
        harvey_adj=True,
        horizon=lags + 1,
        criterion=lambda _, forecast: forecast,
    )
    assert "variance not positive: Bartlett weights" == ours.note
    assert theirs.statistic == pytest.approx(ours.statistic, rel=1e-8)


def test_diebold_mariano_by_hand() -> None:
    got = diebold_mariano(np.array([1.0, 3.0, 2.0, 2.0]))
    # mean 2, gamma_0 = 0.5, variance of the mean 0.125, correction (4 + 1 - 2) / 4
    assert np.sqrt(0.75) * 2 / np.sqrt(0.125) == pytest.approx(got.statistic, rel=1e-14)


@pytest.mark.parametrize(
    ("difference", "lags", "why"),
    [
        ([], 0, "0 window"),
        ([1.0], 0, "1 window"),
        ([2.0, 2.0, 2.0], 0, "do not vary"),
        ([0.0, 0.0, 0.0], 0, "do not vary"),
        ([0.1, 0.1, 0.1], 0, "do not vary"),
        ([1.0, 2.0, 3.0], 2, "there are only 3"),
        ([1.0, 2.0, 3.0], 7, "there are only 3"),
    ],
)
def test_without_a_variance_there_is_no_test(difference: list[float], lags: int, why: str) -> None:
    got = diebold_mariano(np.array(difference), lags=lags)
    assert np.isnan(got.statistic)
    assert np.isnan(got.p_value)
    assert why in got.note


def test_diebold_mariano_rejects_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    p_values = [diebold_mariano(rng.normal(size=8)).p_value for _ in range(2000)]
    assert 0.05 == pytest.approx(np.mean(np.array(p_values) < 0.05), abs=0.015)


# --- the paired comparison ------------------------------------------------------------------------


def test_compare_by_hand() -> None:
    mine = np.array([[[1.0, 3.0], [2.0, 2.0]], [[5.0, 5.0], [5.0, 9.0]]])
    base = np.array([[[2.0, 2.0], [4.0, 4.0]], [[4.0, 4.0], [4.0, 4.0]]])
    got = compare(table({"base": base, "mine": mine}), baseline="base", metric="MAE")
    assert 1 == len(got)
    row = got.iloc[0]
    assert ["mine", "base", "MAE"] == row[["model", "baseline", "metric"]].tolist()
    assert [4.0, 3.5, 0.5, 0.5] == row[["loss", "baseline_loss", "difference", "win_rate"]].tolist()
    assert [8, 0, 2, 2] == row[["n_pairs", "n_dropped", "n_series", "n_cutoffs"]].tolist()
    # averaged over series: (0 + 1) / 2 and (-2 + 3) / 2: they do not vary
    assert "the differences do not vary" == row["dm_note"]
    assert row["difference_lo"] < 0.5 < row["difference_hi"]


def test_ties_count_half_in_the_win_rate() -> None:
    one = np.ones((4, 2, 1))
    other = np.array([1.0, 1.0, 2.0, 0.5])[:, None, None] * one
    got = compare(table({"base": one, "other": other}), baseline="base", metric="MAE")
    assert (0.5 + 0.5 + 0 + 1) / 4 == got.loc[0, "win_rate"]


def test_a_cell_that_one_failed_is_dropped_for_both_and_counted() -> None:
    both = errors(1, base=1.0, mine=1.0)
    frame = table(both)
    frame.loc[3, "mean"] = NAN  # base
    frame.loc[len(frame) - 1, "mean"] = NAN  # mine
    frame.loc[(frame["unique_id"] == "s1") & (frame["step"] == 1), "y"] = NAN
    got = compare(frame, baseline="base", metric="MAE").iloc[0]
    assert 2 + 8 == got["n_dropped"]
    assert 5 * 8 * 3 - 10 == got["n_pairs"]
    kept = frame.pivot(index=["unique_id", "cutoff", "step"], columns="model", values=["mean", "y"])
    kept = kept.dropna()["mean"].abs()
    inside = (kept["mine"] - kept["base"]).groupby("unique_id").mean()
    assert inside.mean() == pytest.approx(got["difference"])


def test_a_row_that_is_not_there_is_dropped_like_a_failure() -> None:
    frame = table(errors(1, base=1.0, mine=1.0)).iloc[1:]
    got = compare(frame, baseline="base", metric="MAE").iloc[0]
    assert [1, 119] == got[["n_dropped", "n_pairs"]].tolist()


def test_all_models_are_compared_unless_one_is_named() -> None:
    frame = table(errors(2, base=1.0, x=1.0, y=2.0))
    assert ["x", "y"] == compare(frame, baseline="base", metric="MAE")["model"].tolist()
    one = compare(frame, baseline="base", model="y", metric="MAE")
    assert ["y"] == one["model"].tolist()
    assert one.loc[0, "difference_lo"] > 0


def test_by_step_has_a_row_per_step_and_uses_its_own_overlap() -> None:
    frame = table(errors(3, (4, 9, 3), base=1.0, mine=1.2), step_size=1)
    got = compare(frame, baseline="base", metric="MAE", by="step")
    assert [1, 2, 3] == got["step"].tolist()
    assert [0, 1, 2] == got["dm_lags"].tolist()
    whole = compare(frame, baseline="base", metric="MAE")
    assert 2 == whole.loc[0, "dm_lags"]
    apart = compare(table(errors(3, base=1.0, mine=1.2)), baseline="base", metric="MAE")
    assert 0 == apart.loc[0, "dm_lags"]
    assert 1 == compare(frame, baseline="base", metric="MAE", lags=1).loc[0, "dm_lags"]


def test_overlap_is_read_from_time_stamps_too() -> None:
    frame = table(errors(3, (4, 9, 3), base=1.0, mine=1.2), step_size=2)
    start = pd.Timestamp("2024-01-01", tz="Europe/Zurich")
    for column in ("cutoff", "ds"):
        frame[column] = start + pd.to_timedelta(frame[column], unit="D")
    got = compare(frame, baseline="base", metric="MAE", by="step")
    assert [0, 0, 1] == got["dm_lags"].tolist()


def test_the_test_is_made_on_the_mean_over_series_per_cutoff() -> None:
    both = errors(4, base=1.0, mine=1.5)
    got = compare(table(both), baseline="base", metric="MAE").iloc[0]
    difference = (np.abs(both["mine"]) - np.abs(both["base"])).mean(axis=(0, 2))
    expected = diebold_mariano(difference)
    assert expected.statistic == pytest.approx(got["dm_statistic"])
    assert expected.p_value == pytest.approx(got["dm_p"])


def test_scaled_and_squared_losses_are_compared_by_their_scale() -> None:
    both = errors(4, base=1.0, mine=1.5)
    frame = table(both)
    scales = frame[["unique_id", "cutoff"]].drop_duplicates().assign(mae=2.0, mse=8.0)
    mae = compare(frame, scales, baseline="base", metric="MAE").loc[0, "difference"]
    assert mae / 2 == pytest.approx(compare(frame, scales, baseline="base").loc[0, "difference"])
    squared = (both["mine"] ** 2 - both["base"] ** 2).mean() / 8
    got = compare(frame, scales, baseline="base", metric="RMSSE").loc[0, "difference"]
    assert squared == pytest.approx(got)


def test_weights_move_the_mean_but_not_the_win_rate() -> None:
    base = np.ones((2, 4, 1))
    mine = np.array([2.0, 0.5])[:, None, None] * base
    frame = table({"base": base, "mine": mine})
    got = compare(frame, baseline="base", metric="MAE", weights={"s0": 3.0, "s1": 1.0}).iloc[0]
    assert [(3 * 1 - 0.5) / 4, 0.5] == got[["difference", "win_rate"]].tolist()


def test_the_seed_decides_and_the_global_generator_is_left_alone() -> None:
    frame = table(errors(5, base=1.0, mine=1.1))
    before = np.random.get_state()[1].tolist()  # noqa: NPY002 - to see that nobody touched it
    a, b, c = (compare(frame, baseline="base", metric="MAE", seed=s) for s in (1, 1, 2))
    assert before == np.random.get_state()[1].tolist()  # noqa: NPY002
    pd.testing.assert_frame_equal(a, b)
    assert a.loc[0, "difference_lo"] != c.loc[0, "difference_lo"]
    turned = frame.sample(frac=1.0, random_state=0)
    d = compare(turned, baseline="base", metric="MAE", seed=1)
    assert a.loc[0, "difference_lo"] == pytest.approx(d.loc[0, "difference_lo"], rel=1e-12)


def test_one_series_with_one_cutoff_has_no_interval() -> None:
    got = compare(table(errors(6, (1, 1, 4), base=1.0, mine=1.0)), baseline="base", metric="MAE")
    assert got[["difference_lo", "difference_hi", "dm_p"]].isna().all(axis=None)
    assert "1 window" in got.loc[0, "dm_note"]


def test_nothing_in_common_is_nan_with_counts() -> None:
    frame = table(errors(6, (2, 2, 1), base=1.0, mine=1.0))
    frame.loc[frame["model"] == "mine", "mean"] = NAN
    got = compare(frame, baseline="base", metric="MAE").iloc[0]
    assert [0, 4, 0, 0] == got[["n_pairs", "n_dropped", "n_series", "n_cutoffs"]].tolist()
    assert np.isnan(got["difference"])
    assert np.isnan(got["win_rate"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"baseline": "bas"}, "Did you mean 'base'"),
        ({"model": "min"}, "model 'min' is not among the models. Did you mean 'mine'"),
        ({"metric": "ME"}, "not a loss of which less is better"),
        ({"metric": "WAPE"}, "one ratio over all series"),
        ({"metric": "OWA"}, "compare on sMAPE or MASE"),
        ({"metric": "coverage-80"}, "not a loss"),
        ({"metric": "MSIS"}, "choose one of MSIS-80, MSIS-95"),
        ({"by": "cutoff"}, "by must be None or 'step'"),
        ({"level": 0}, "percentage"),
        ({"n_resamples": 9}, "at least 100"),
        ({"block_length": 0}, "at least 1 window"),
        ({"lags": -1}, "at least 0"),
    ],
)
def test_what_cannot_be_compared_is_refused(arguments: dict[str, object], message: str) -> None:
    frame = table(errors(7, base=1.0, mine=1.0))
    for level in (80, 95):
        frame[f"lo-{level}"], frame[f"hi-{level}"] = -1.0, 1.0
    scales = frame[["unique_id", "cutoff"]].drop_duplicates().assign(mae=2.0, mse=8.0)
    with pytest.raises(ArgumentError, match=message):
        compare(frame, scales, **({"baseline": "base", "metric": "MAE"} | arguments))


def test_repeated_rows_and_a_missing_ds_are_refused() -> None:
    frame = table(errors(7, base=1.0, mine=1.0))
    with pytest.raises(ArgumentError, match="drop_duplicates"):
        compare(pd.concat([frame, frame.iloc[:2]]), baseline="base", metric="MAE")
    with pytest.raises(ArgumentError, match="pass lags="):
        compare(frame.drop(columns="ds"), baseline="base", metric="MAE")
    assert 1 == len(compare(frame.drop(columns="ds"), baseline="base", metric="MAE", lags=0))


# --- the bootstrap --------------------------------------------------------------------------------


def test_blocks_draw_every_window_equally_often_and_together() -> None:
    counts = block_counts(6, 2, 20_000, np.random.default_rng(0))
    assert (6, 20_000) == counts.shape
    assert (counts.sum(axis=0) == 6).all()
    np.testing.assert_allclose(np.ones(6), counts.mean(axis=1), atol=0.03)
    neighbours = np.corrcoef(counts)
    assert neighbours[0, 1] > 0 > neighbours[0, 3]
    whole = block_counts(5, 5, 10, np.random.default_rng(0))
    assert (whole == 1).all()


@pytest.mark.parametrize(
    ("asked", "lags", "n", "expected"),
    [
        (None, 0, 6, 1),
        (None, 0, 3, 1),
        (None, 0, 27, 3),
        (None, 4, 24, 5),
        (None, 9, 6, 3),
        (7, 0, 6, 3),
        (1, 3, 6, 1),
    ],
)
def test_blocks_hold_the_overlap_but_at_most_half_of_the_windows(
    asked: int | None, lags: int, n: int, expected: int
) -> None:
    assert expected == choose_block_length(asked, lags, n)


def test_small_samples_are_stretched_and_large_ones_are_not() -> None:
    assert np.sqrt(6 / 4) * 4.302653 / 1.959964 == pytest.approx(expansion(6, 2, 95), rel=1e-6)
    assert 1.0 == pytest.approx(expansion(100_000, 1, 95), abs=1e-4)
    assert 1.0 == expansion(1, 1, 95)


def test_a_constant_difference_has_no_width() -> None:
    total = np.full((3, 4), 2.0)
    got = bootstrap_interval(
        total, np.ones((3, 4)), np.ones(3), level=95, block_length=2, n_resamples=200, seed=0
    )
    assert (2.0, 2.0) == pytest.approx(got)


def test_the_interval_does_not_depend_on_how_the_work_is_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    total, count = rng.normal(size=(7, 5)), np.ones((7, 5))
    whole, parts = [], []
    for chunk, into in ((2_000_000, whole), (70, parts)):
        monkeypatch.setattr("forecasting.comparison.bootstrap.CHUNK", chunk)
        into += bootstrap_interval(
            total, count, np.ones(7), level=95, block_length=1, n_resamples=300, seed=3
        )
    assert whole == pytest.approx(parts, rel=1e-12)


def test_the_interval_is_wide_enough_with_few_series() -> None:
    rng = np.random.default_rng(2)
    hits = 0
    for seed in range(300):
        lo, hi = bootstrap_interval(
            rng.normal(size=(4, 1)),
            np.ones((4, 1)),
            np.ones(4),
            level=90,
            block_length=1,
            n_resamples=200,
            seed=seed,
        )
        hits += lo <= 0 <= hi
    assert 0.90 == pytest.approx(hits / 300, abs=0.06)


def test_the_interval_holds_its_level_with_few_windows() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for seed in range(300):
        shared = rng.normal(size=6)  # a shock common to all series of a window
        total = 0.5 * rng.normal(size=(10, 6)) + shared
        lo, hi = bootstrap_interval(
            total,
            np.ones((10, 6)),
            np.ones(10),
            level=95,
            block_length=2,
            n_resamples=200,
            seed=seed,
        )
        hits += lo <= 0 <= hi
    assert hits >= 0.93 * 300


# --- ranks ----------------------------------------------------------------------------------------

# AUC of C4.5, C4.5+m, C4.5+cf, C4.5+m+cf on 14 data sets: table 6 of Demsar 2006. He ranks the two
# 0.975 of the data set 'voting' 2 and 3, by digits that are not printed: hence 0.97501.
DEMSAR = np.array(
    [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.97501, 0.975],
        [0.957, 0.978, 0.946, 0.970],
    ]
)


def test_friedman_gives_the_ranks_and_statistic_of_demsar() -> None:
    statistic, _, mean = friedman(1 - DEMSAR)
    assert [3.143, 2.000, 2.893, 1.964] == mean.round(3).tolist()
    ties = sum(float(t**3 - t) for row in DEMSAR for t in np.unique(row, return_counts=True)[1])
    correction = 1 - ties / (14 * 4 * 15)
    assert 9.28 == pytest.approx(statistic * correction, abs=0.005)


def test_friedman_equals_scipy() -> None:
    from scipy.stats import friedmanchisquare

    theirs = friedmanchisquare(*DEMSAR.T)
    statistic, p_value, _ = friedman(1 - DEMSAR)
    assert theirs.statistic == pytest.approx(statistic)
    assert theirs.pvalue == pytest.approx(p_value)


@pytest.mark.parametrize(
    ("level", "values"),
    [
        (95, [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]),
        (90, [1.645, 2.052, 2.291, 2.459, 2.589, 2.693, 2.780, 2.855, 2.920]),
    ],
)
def test_critical_values_are_those_of_demsar(level: float, values: list[float]) -> None:
    for k, q in enumerate(values, start=2):
        got = critical_difference(k, 10, level=level) / np.sqrt(k * (k + 1) / 60)
        assert q == pytest.approx(got, abs=0.0011)  # table 5a, cut or rounded at the third digit


def test_ranks_of_a_table() -> None:
    loss = np.array([[1.0, 2.0, 3.0], [1.0, 1.0, 5.0], [4.0, 2.0, 9.0]])  # (series, models)
    frame = table({name: loss[:, i, None, None] for i, name in enumerate("abc")})
    got = ranks(frame, metric="MAE")
    assert {"b": (2 + 1.5 + 1) / 3, "a": (1 + 1.5 + 2) / 3, "c": 3.0} == got.mean_ranks.to_dict()
    assert critical_difference(3, 3) == got.critical_difference
    assert (3, 0, 95) == (got.n_series, got.n_dropped, got.level)


def test_ranks_use_the_cells_that_all_have_and_count_the_series_that_fall_out() -> None:
    frame = table(errors(8, (4, 3, 2), a=1.0, b=2.0, c=3.0))
    frame.loc[(frame["model"] == "b") & (frame["unique_id"] == "s2"), "mean"] = NAN
    frame.loc[(frame["model"] == "c") & (frame["cutoff"] == 10), "mean"] = NAN
    got = ranks(frame, metric="MAE")
    assert (3, 1) == (got.n_series, got.n_dropped)
    kept = frame[(frame["unique_id"] != "s2") & (frame["cutoff"] != 10)]
    inside = kept["mean"].abs().groupby([kept["unique_id"], kept["model"]]).mean().unstack()
    expected = inside.rank(axis=1).mean()
    np.testing.assert_allclose(expected[got.mean_ranks.index], got.mean_ranks)


def test_ranks_that_cannot_be_are_refused() -> None:
    with pytest.raises(ArgumentError, match="at least two models"):
        ranks(table(errors(8, a=1.0)), metric="MAE")
    frame = table(errors(8, a=1.0, b=1.0))
    with pytest.raises(ArgumentError, match="no series in which every model"):
        ranks(frame.assign(mean=NAN), metric="MAE")
    with pytest.raises(ArgumentError, match="percentage"):
        ranks(frame, metric="MAE", level=100)


def test_ties_everywhere_have_no_friedman_statistic() -> None:
    one = np.ones((3, 2, 1))
    got = ranks(table({"a": one, "b": one}), metric="MAE")
    assert [1.5, 1.5] == got.mean_ranks.tolist()
    assert np.isnan(got.p_value)


# --- the model confidence set ---------------------------------------------------------------------


def test_the_set_holds_the_good_and_not_the_bad() -> None:
    frame = table(errors(9, (60, 4, 2), good=1.0, same=1.0, bad=2.0))
    got = model_confidence_set(frame, metric="MAE")
    assert ["bad"] == got.index[~got["in_set"]].tolist()
    assert 1.0 == got["p_value"].max()
    assert ("unique_id", 60, 0, 1) == tuple(
        got.attrs[k] for k in ("over", "n", "n_dropped", "block_length")
    )


def test_the_set_over_cutoffs_averages_series_first() -> None:
    both = errors(10, (3, 30, 2), a=1.0, b=3.0)
    got = model_confidence_set(table(both), metric="MAE")
    assert ("cutoff", 30, 3) == tuple(got.attrs[k] for k in ("over", "n", "block_length"))
    assert np.abs(both["a"]).mean() == pytest.approx(got.loc["a", "loss"])
    assert ["a"] == got.index[got["in_set"]].tolist()
    assert (
        "unique_id"
        == model_confidence_set(
            table(errors(10, (5, 9, 2), a=1.0, b=3.0)), metric="MAE", over="unique_id"
        ).attrs["over"]
    )


def test_identical_and_mirrored_models_stand_together() -> None:
    loss = np.arange(1.0, 21.0)[:, None, None]
    frame = table({"a": loss, "twin": loss, "mirror": loss[::-1], "worse": loss + 5})
    got = model_confidence_set(frame, metric="MAE")
    assert got.loc["a", "p_value"] == got.loc["twin", "p_value"]
    assert got.loc[["a", "twin", "mirror"], "in_set"].all()
    assert not got.loc["worse", "in_set"]
    same = model_confidence_set(table({"a": loss, "b": loss}), metric="MAE")
    assert [1.0, 1.0] == same["p_value"].tolist()


def test_the_set_is_seeded() -> None:
    frame = table(errors(11, (30, 2, 1), a=1.0, b=1.1, c=1.2))
    a, b = (model_confidence_set(frame, metric="MAE", seed=4) for _ in range(2))
    pd.testing.assert_frame_equal(a, b)


def test_a_set_of_too_little_is_refused() -> None:
    with pytest.raises(ArgumentError, match="at least 4, there are 3"):
        model_confidence_set(table(errors(12, (3, 2, 1), a=1.0, b=1.0)), metric="MAE")
    with pytest.raises(ArgumentError, match="at least two models"):
        model_confidence_set(table(errors(12, a=1.0)), metric="MAE")
    with pytest.raises(ArgumentError, match="percentage"):
        model_confidence_set(table(errors(12, a=1.0, b=1.0)), metric="MAE", level=0)
