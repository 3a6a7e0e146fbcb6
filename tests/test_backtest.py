"""The engine and its result: conservation, reproducibility, interruption, files."""

import json
import os
import time
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting import LocalForecaster, Naive, SeasonalNaive, backtest
from forecasting.backtesting.storage import BacktestFileError
from forecasting.errors import ArgumentError


@pytest.fixture
def sales():
    rng = np.random.default_rng(0)
    t = np.arange(90)
    frames = [
        pd.DataFrame(
            {
                "unique_id": f"s{i:02d}",
                "ds": pd.date_range("2024-01-01", periods=90),
                "y": 100 + 20 * np.sin(2 * np.pi * t / 7 + i) + rng.normal(size=90),
            }
        )
        for i in range(6)
    ]
    return pd.concat(frames, ignore_index=True)


@pytest.fixture
def bt(sales):
    models = {"naive": Naive(), "weekly": SeasonalNaive(7)}
    return backtest(sales, models, h=7, n_windows=3, level=(80, 95))


def test_the_tidy_table_has_one_row_a_forecast_value(bt):
    assert len(bt.forecasts) == 2 * 6 * 3 * 7
    assert list(bt.forecasts.columns) == [
        "model", "unique_id", "cutoff", "ds", "step", "y", "mean", "lo-80", "hi-80", "lo-95", "hi-95",
    ]  # fmt: skip


def test_forecasts_of_a_backtest_equal_fit_and_predict_at_the_cutoff(sales, bt):
    cutoff = bt.forecasts["cutoff"].unique()[1]
    past = sales[sales["ds"] <= cutoff]
    expected = SeasonalNaive(7).fit(past).predict(7, level=(80, 95))
    got = bt.forecasts.query("model == 'weekly' and cutoff == @cutoff").reset_index(drop=True)
    for column in ("mean", "lo-80", "hi-95"):
        np.testing.assert_array_equal(got[column], expected[column])


def test_the_verdict_says_who_won_by_how_much_and_whether_it_is_sure(bt):
    assert bt.verdict.winner == "weekly"
    assert bt.verdict.rival == "naive"
    assert bt.verdict.sure
    assert "weekly has the lowest MASE" in repr(bt)
    assert "sure" in repr(bt)
    assert "<table" in bt._repr_html_()


def test_conservation_every_nan_has_exactly_one_failure(sales):
    sales.loc[(sales["unique_id"] == "s02") & (sales["ds"] == "2024-03-05"), "y"] = np.nan
    sales.loc[sales["unique_id"] == "s04", "ds"] += pd.Timedelta(days=80)
    with pytest.warns(UserWarning, match="end before"):
        bt = backtest(
            sales, {"naive": Naive(), "long": SeasonalNaive(60)}, h=5, n_windows=4, step_size=20
        )
    f = bt.forecasts
    nan = f[f["mean"].isna()].groupby(["model", "unique_id", "cutoff"], observed=True).size()
    failed = bt.failures.groupby(["model", "unique_id", "cutoff"]).size()
    assert (nan == 5).all()
    assert (failed == 1).all()
    assert {tuple(k) for k in nan.index} == {tuple(k) for k in failed.index}
    expected = 2 * 5 * (6 * 4 - len(bt.skipped))
    assert len(f) == expected


def test_models_may_be_one_a_list_or_a_dict(sales):
    assert list(backtest(sales, Naive(), h=1).facts.models) == ["Naive"]
    assert list(backtest(sales, [Naive(), SeasonalNaive(7)], h=1).facts.models) == [
        "Naive",
        "SeasonalNaive",
    ]


@pytest.mark.parametrize(
    ("models", "said"),
    [
        ([], "models is empty"),
        ([Naive(), Naive()], "must be unique, 'Naive' is there twice"),
        ({"ds": Naive()}, "'ds' is reserved"),
        ({"unique_id": Naive()}, "'unique_id' is reserved"),
        ({"a": Naive}, "is a class; make an instance"),
        ({"a": "naive"}, "not a forecaster"),
        ("naive", "models must be forecasters"),
    ],
)
def test_models_that_cannot_be_are_refused_before_any_fit(sales, models, said):
    with pytest.raises(ArgumentError, match=said):
        backtest(sales, models, h=1)


def test_an_unknown_baseline_names_the_nearest(sales):
    with pytest.raises(ArgumentError, match="Did you mean 'naive'"):
        backtest(sales, {"naive": Naive()}, h=1, baseline="niave")


@pytest.mark.parametrize("n_jobs", [0, -5, 1.5, True])
def test_n_jobs_is_a_number_of_processes(sales, n_jobs):
    with pytest.raises(ArgumentError, match="n_jobs"):
        backtest(sales, Naive(), h=1, n_jobs=n_jobs)


@dataclass(frozen=True)
class Slow(LocalForecaster):
    """The mean, by a loop, with a distribution that draws."""

    def _fit(self, history):
        return history.y.mean(), history.y.std()

    def _predict(self, state, future):
        mean, sd = state
        return fc.Samples(mean + sd * future.rng().normal(size=(future.h, 50)).T)


def test_processes_change_time_and_never_bits(sales):
    runs = [
        backtest(sales, {"slow": Slow(), "naive": Naive()}, h=3, n_windows=3, level=80, n_jobs=n)
        for n in (1, 2)
    ]
    pd.testing.assert_frame_equal(runs[0].forecasts, runs[1].forecasts, check_exact=True)


@dataclass(frozen=True)
class Interrupts(LocalForecaster):
    """Ctrl-C in the middle of the run."""

    def _fit(self, history):
        if history.y[0] > 115:
            raise KeyboardInterrupt
        return history.y[-1]

    def _predict(self, state, future):
        return np.full(future.h, state)


def test_ctrl_c_returns_what_is_finished_and_says_so(sales):
    bt = backtest(sales, {"naive": Naive(), "it": Interrupts()}, h=2, n_windows=2)
    assert not bt.complete
    assert "INCOMPLETE" in repr(bt)
    assert bt.forecasts.query("model == 'naive'")["mean"].notna().all()
    assert set(bt.failures["code"]) == {"INTERRUPTED"}
    assert bt.forecasts["mean"].isna().sum() == 2 * len(bt.failures)


@dataclass(frozen=True)
class Dies(LocalForecaster):
    """Takes the whole process down on one series."""

    def _fit(self, history):
        if history.y[0] > 115:
            os._exit(1)
        return history.y[-1]

    def _predict(self, state, future):
        return np.full(future.h, state)


def test_a_dead_worker_costs_its_own_batch(sales):
    bt = backtest(sales, {"naive": Naive(), "dies": Dies()}, h=2, n_windows=2, n_jobs=2)
    assert set(bt.failures["code"]) == {"WORKER_DIED"}
    assert 0 < bt.failures["unique_id"].nunique() < 6
    assert bt.forecasts.query("model == 'naive'")["mean"].notna().all()


def test_save_and_load_give_the_same_bits(bt, tmp_path):
    again = fc.Backtest.load(bt.save(tmp_path / "run"))
    for name, frame in bt.frames().items():
        pd.testing.assert_frame_equal(frame, again.frames()[name], check_exact=True)
    assert again.facts == bt.facts
    assert repr(again) == repr(bt)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run"]


def test_loading_something_else_says_what_is_missing(bt, tmp_path):
    with pytest.raises(BacktestFileError, match=r"no facts\.json"):
        fc.Backtest.load(tmp_path)
    folder = bt.save(tmp_path / "run")
    (folder / "scales.parquet").unlink()
    with pytest.raises(BacktestFileError, match=r"lacks scales\.parquet"):
        fc.Backtest.load(folder)
    (folder / "facts.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(BacktestFileError, match="format 99, this version reads format 1"):
        fc.Backtest.load(folder)


def test_saving_over_an_older_run_replaces_it_whole(bt, sales, tmp_path):
    bt.save(tmp_path / "run")
    other = backtest(sales, Naive(), h=2)
    other.save(tmp_path / "run")
    assert fc.Backtest.load(tmp_path / "run").facts == other.facts
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run"]


def test_a_save_that_fails_leaves_the_older_run(bt, tmp_path, monkeypatch):
    bt.save(tmp_path / "run")
    before = {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir()}

    def full_disk(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full_disk)
    with pytest.raises(OSError, match="what was there before is intact"):
        bt.save(tmp_path / "run")
    assert {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir()} == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run"]


def test_groups_make_segments(bt):
    region = pd.Series(
        {f"s{i:02d}": "north" if i < 2 else "south" for i in range(6)}, name="region"
    )
    table = bt.summary(by=["model", "region"], groups=region, metrics="MAE")
    assert table["n_forecasts"].to_dict() == {
        ("naive", "north"): 42, ("naive", "south"): 84, ("weekly", "north"): 42, ("weekly", "south"): 84,
    }  # fmt: skip


def test_timings_count_the_forecasts_and_their_seconds(sales):
    @dataclass(frozen=True)
    class Sleeps(LocalForecaster):
        def _fit(self, history):
            time.sleep(0.002)
            return 0.0

        def _predict(self, state, future):
            return np.zeros(future.h)

    timings = backtest(sales, Sleeps(), h=1, n_windows=2).timings.iloc[0]
    assert timings["n_forecasts"] == 12
    assert timings["seconds"] >= 12 * 0.002


def test_past_only_regressors_never_reach_beyond_the_cutoff(sales):
    seen = []

    @dataclass(frozen=True)
    class Looks(LocalForecaster):
        def _fit(self, history):
            seen.append((history.past_X[-1, 0], history.X.shape, len(history)))
            return 0.0

        def _predict(self, state, future):
            return future.X[:, 0]

    keys = sales[["unique_id", "ds"]]
    day = (sales["ds"] - sales["ds"].min()).dt.days.astype(float)
    X = fc.Regressors(known_future=keys.assign(day=day), past_only=keys.assign(visits=day))
    bt = backtest(sales, Looks(), h=2, n_windows=2, X=X)
    assert seen[:2] == [(85.0, (86, 1), 86), (87.0, (88, 1), 88)]
    assert bt.forecasts["mean"].tolist()[:4] == [86.0, 87.0, 88.0, 89.0]


def test_a_model_that_fails_often_is_not_ranked_and_the_verdict_says_so(sales):
    @dataclass(frozen=True)
    class Picky(LocalForecaster):
        def _fit(self, history):
            if history.y[0] < 110:
                raise ValueError("too hard for me")
            return history.y[-7:]

        def _predict(self, state, future):
            return state[(future.steps - 1) % 7]

    bt = backtest(sales, {"naive": Naive(), "picky": Picky()}, h=7, n_windows=2)
    assert bt.summary()["MASE"].idxmin() == "picky"
    assert bt.verdict.winner == "naive"
    assert "picky is not ranked, 66.7 % of its forecasts failed" in repr(bt)


def test_the_verdict_compares_models_where_all_of_them_forecast(sales):
    """A hard series that one model refuses, and a hole that fails every model on another."""
    sales.loc[sales["unique_id"] == "s00", "y"] *= np.random.default_rng(1).uniform(1, 50, 90)
    sales = sales.drop(index=sales.index[(sales["unique_id"] == "s05")][40])

    @dataclass(frozen=True)
    class Refuses(LocalForecaster):
        def _fit(self, history):
            if history.y.max() > 1000:
                raise ValueError("too wild")
            return history.y[-1] + 0.3

        def _predict(self, state, future):
            return np.full(future.h, state)

    sales["y"] = sales["y"].abs()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        bt = backtest(sales, {"naive": Naive(), "refuses": Refuses()}, h=7, n_windows=2)
    assert bt.verdict.winner == "naive"
    assert "refuses is not ranked" in str(bt.verdict)


def test_saving_into_a_folder_with_anything_else_is_refused(bt, tmp_path):
    thesis = tmp_path / "mine" / "thesis.txt"
    thesis.parent.mkdir()
    thesis.write_text("years of work")
    with pytest.raises(OSError, match=r"holds thesis\.txt, which is not of an earlier output"):
        bt.save(tmp_path / "mine")
    assert thesis.read_text() == "years of work"
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]


def test_saving_through_a_link_replaces_what_it_points_to(bt, tmp_path):
    bt.save(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    bt.save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "real"]


def test_one_time_may_be_given_as_the_only_cutoff(sales):
    for cutoff in ("2024-03-20", pd.Timestamp("2024-03-20")):
        assert backtest(sales, Naive(), h=2, cutoffs=cutoff).facts.cutoffs == ("2024-03-20",)
    with pytest.raises(ArgumentError, match="step_size= goes with n_windows="):
        backtest(sales, Naive(), h=2, cutoffs=["2024-03-20"], step_size=3)


@pytest.mark.parametrize("seed", ["a", None, -1, 1.5])
def test_a_seed_is_a_whole_number(sales, seed):
    with pytest.raises(ArgumentError, match="seed"):
        backtest(sales, Naive(), h=2, seed=seed)
