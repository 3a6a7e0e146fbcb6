"""Forecasters that estimate every window of a batch at once: against the loop, and what they show."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
import pytest

from forecasting import Backtest, Naive, Regressors, backtest
from forecasting.backtesting import tasks
from forecasting.batch import BatchForecaster
from forecasting.distribution import Samples
from forecasting.errors import (
    ArgumentError,
    CalibrationWarning,
    DataWarning,
    NonPositiveError,
    NotFittedError,
)
from forecasting.fits import ANALYTIC, CONFORMAL, SIMULATED, Fits, Projection
from forecasting.kernels.threads import n_threads
from forecasting.reading import as_panel
from forecasting.schedule import Schedule, rolling_windows
from forecasting.testing import parametrize_forecasters
from forecasting.testing.case import quietly

NOT_POSITIVE = 3


@dataclass(frozen=True)
class Smoothing(BatchForecaster):
    """Exponential smoothing with a fixed weight; the level is a line of numpy per value."""

    weight: float = 0.5
    how: Literal["analytic", "simulated", "conformal", "mixed", "point"] = "analytic"
    positive: bool = False
    calls: ClassVar[list[tuple[int, int, int]]] = []

    def _estimate(self, rows, starts, stops):
        assert (np.diff(stops, axis=1) >= 0).all()
        self.calls.append((*stops.shape, n_threads()))
        shape = stops.shape
        level, sse, n = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, np.int64)
        trouble = np.full(shape, -1)
        for i, k in zip(*np.nonzero(stops > starts[:, None]), strict=True):
            y = rows.values[starts[i] : stops[i, k]]
            level[i, k], sse[i, k] = y[0], 0.0
            n[i, k] = len(y)
            trouble[i, k] = NOT_POSITIVE if self.positive and (y <= 0).any() else 0
            self._smooth(level, sse, (i, k), y[1:])
        return Fits({"level": level, "sse": sse, "n": n}, trouble)

    def _smooth(self, level, sse, at, y):
        for value in y:
            error = value - level[at]
            level[at] += self.weight * error
            sse[at] += error * error

    def _advance(self, fits, rows, lo, hi):
        level, sse, n, trouble = (a.copy() for a in (*fits.columns.values(), fits.trouble))
        for at in np.ndindex(fits.shape):
            y = rows.values[lo[at] : hi[at]]
            self._smooth(level, np.zeros(fits.shape), at, y)  # sigma is kept
            if self.positive and (y <= 0).any():
                trouble[at] = NOT_POSITIVE
        return Fits({"level": level, "sse": sse, "n": n}, trouble)

    def _sigma(self, fits):
        return np.sqrt(fits["sse"] / np.maximum(fits["n"] - 1, 1))

    def _project(self, fits, ahead):
        h = ahead.h
        assert (fits.trouble == 0).all()
        mean = np.repeat(fits["level"][..., None], h, axis=-1)
        if self.how == "point":
            return Projection(mean)
        steps = np.arange(h)
        sd = self._sigma(fits)[..., None] * np.sqrt(1 + steps * self.weight**2)
        if self.how == "mixed":  # the digits of the level decide, window by window
            how = np.round(fits["level"] * 1000).astype(np.int64) % 3
        else:
            how = np.full(
                fits.shape,
                {"analytic": ANALYTIC, "simulated": SIMULATED, "conformal": CONFORMAL}[self.how],
            )
        return Projection(mean, sd, how)

    def _paths(self, fits, i, k, future):
        errors = future.rng().standard_normal((future.h, 200)) * self._sigma(fits)[i, k]
        return Samples(fits["level"][i, k] + errors.T)

    def _trouble(self, code):
        assert code == NOT_POSITIVE
        return NonPositiveError("needs positive values")

    def _parameters(self, fits):
        assert (fits.trouble == 0).all()
        text = np.where(fits["n"] > 20, "long", "short")
        return {"level": fits["level"], "n": fits["n"], "size": text}


class Stubborn(Smoothing):
    """Without a hook to move on."""

    _advance = BatchForecaster._advance


@parametrize_forecasters(
    [Smoothing(), *(Smoothing(0.3, how) for how in ("simulated", "conformal", "mixed", "point"))]
)
def test_contract(forecaster_check):
    forecaster_check()


# --- against the loop -------------------------------------------------------------------------------------

PROBS = (0.1, 0.9)


@pytest.fixture(scope="module")
def uneven():
    """Ten series that start and end at different times; one holds NaN, one infinity, one is negative."""
    rng = np.random.default_rng(5)
    frames = []
    for i in range(10):
        first, last = (0, 60) if i < 4 else (int(rng.integers(0, 45)), int(rng.integers(50, 61)))
        y = rng.normal(100, 10, last - first)
        y[{2: 33}.get(i, slice(0, 0))] = np.nan
        y[{3: 50}.get(i, slice(0, 0))] = np.inf
        y[{1: 20, 0: 46}.get(i, slice(0, 0))] = -5.0
        frames.append(pd.DataFrame({"unique_id": f"s{i}", "ds": np.arange(first, last), "y": y}))
    return pd.concat(frames, ignore_index=True)


def answers(forecaster, data, **settings):
    """Return the answer to all windows at once and that of the loop, on the cells that may be forecast."""
    panel = quietly(as_panel, data, freq=1)
    schedule = Schedule(**{"h": 3, "n_windows": 12, "step_size": 3, **settings}).checked()
    windows = rolling_windows(panel, schedule, seed=0)[0]
    windows = windows.only(~forecaster._blocked(windows, ()).failed())
    whole = quietly(forecaster._forecast_windows, windows, PROBS)
    return windows, whole, quietly(forecaster._loop, windows, PROBS)


@pytest.mark.parametrize("how", ["analytic", "mixed", "point"])
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("window", [None, 7, 2])
@pytest.mark.parametrize("refit", [True, False, 2, 5])
def test_all_windows_at_once_are_the_bits_of_the_loop(uneven, how, positive, window, refit):
    forecaster = Smoothing(0.4, how, positive)
    windows, whole, loop = answers(forecaster, uneven, refit=refit, window=window, gap=1)
    assert windows.active.sum() > 50
    np.testing.assert_array_equal(whole.mean, loop.mean)
    np.testing.assert_array_equal(whole.quantiles, loop.quantiles)
    np.testing.assert_array_equal(whole.own, loop.own)
    told = [
        sorted((f.series, f.window, f.stage, f.error.code) for f in answer.failures)
        for answer in (whole, loop)
    ]
    assert told[0] == told[1]
    assert bool(told[0]) == positive


def test_a_kernel_is_called_once_for_all_windows(uneven):
    Smoothing.calls.clear()
    quietly(backtest, uneven, Smoothing(), h=3, n_windows=12, step_size=3, freq=1, progress=False)
    assert [call[:2] for call in Smoothing.calls] == [(10, 12)]


def test_fit_of_many_series_is_one_call(uneven):
    whole = uneven[~uneven["unique_id"].isin(["s2", "s3"])]
    Smoothing.calls.clear()
    quietly(Smoothing().fit, whole, freq=1).predict(3, level=80)
    assert [call[:2] for call in Smoothing.calls] == [(8, 1)]


def test_a_series_that_fails_costs_no_other(uneven):
    fitted = quietly(Smoothing(positive=True).fit, uneven, freq=1)
    codes = fitted.failures.set_index("unique_id")["code"].to_dict()
    assert codes == {
        "s0": "NON_POSITIVE", "s1": "NON_POSITIVE", "s2": "MISSING", "s3": "NON_FINITE",
    }  # fmt: skip
    frame = quietly(fitted.predict, 2)
    assert set(frame.loc[frame["mean"].isna(), "unique_id"]) == set(codes)


def test_a_kernel_that_raises_costs_its_own_model_only(uneven):
    class Broken(Smoothing):
        def _estimate(self, rows, starts, stops):
            raise RuntimeError("out of luck")

    models = {"naive": Naive(), "broken": Broken()}
    bt = quietly(backtest, uneven, models, h=3, n_windows=2, freq=1, progress=False)
    broken = bt.failures[bt.failures["model"] == "broken"]
    assert broken["message"].str.contains("out of luck").any()
    means = bt.forecasts.set_index("model")["mean"]
    assert means["broken"].isna().all()
    assert means["naive"].notna().any()


def test_keeping_estimates_needs_a_hook_to_move_on(uneven):
    with pytest.raises(ArgumentError, match=r"it has no _advance hook.*refit=True"):
        quietly(backtest, uneven, Stubborn(), h=3, n_windows=2, freq=1, refit=False)


# --- intervals ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def even():
    rng = np.random.default_rng(6)
    n, t = 4, 60
    return pd.DataFrame(
        {
            "unique_id": np.repeat([f"s{i}" for i in range(n)], t),
            "ds": np.tile(np.arange(t), n),
            "y": rng.normal(100, 10, n * t),
        }
    )


def test_an_exploding_variance_is_told_once_with_the_number_of_forecasts(even, monkeypatch):
    monkeypatch.setattr(tasks, "WINDOWS_AT_ONCE", 4)
    with pytest.warns(CalibrationWarning, match=r"Smoothing: .*explodes.*\(8 times\)") as caught:
        bt = backtest(even, Smoothing(how="conformal"), h=3, n_windows=2, freq=1, level=80)
    assert len(caught) == 1
    assert bt.warnings[["category", "n"]].values.tolist() == [["CalibrationWarning", 8]]


class Unsure(Smoothing):
    """Twice as wide, with five degrees of freedom."""

    def _uncertainty(self, fits, h):
        return np.full((*fits.shape, h), 2.0), np.full(fits.shape, 5.0)


@pytest.mark.parametrize("how", ["analytic", "simulated"])
def test_estimated_parameters_widen_the_interval_and_leave_the_mean(even, how):
    settings = {"h": 3, "n_windows": 2, "freq": 1, "level": 80, "progress": False}
    sure = backtest(even, Smoothing(how=how), **settings).forecasts
    unsure = backtest(even, Unsure(how=how), **settings).forecasts
    np.testing.assert_array_equal(sure["mean"], unsure["mean"])
    ratio = (unsure["hi-80"] - unsure["lo-80"]) / (sure["hi-80"] - sure["lo-80"])
    # 2 qt(0.9, 5) / qnorm(0.9); the paths are 200 draws.
    np.testing.assert_allclose(
        ratio, 2 * 1.475884 / 1.281552, rtol=1e-6 if how == "analytic" else 0.3
    )


@pytest.mark.parametrize("how", ["analytic", "simulated"])
def test_the_loop_widens_as_the_batch_does(even, how):
    panel = as_panel(even, freq=1)
    windows, _, _ = rolling_windows(panel, Schedule(3, 2).checked(), 0)
    made = Unsure(how=how)
    np.testing.assert_array_equal(
        made._forecast_windows(windows, (0.1, 0.9)).quantiles,
        made._loop(windows, (0.1, 0.9)).quantiles,
    )


def test_an_uncertainty_that_raises_costs_the_forecasts_of_its_batch(even):
    class Broken(Smoothing):
        def _uncertainty(self, fits, h):
            raise RuntimeError("singular")

    bt = backtest(even, {"b": Broken(), "n": Naive()}, h=3, n_windows=2, freq=1, level=80)
    assert bt.failures["model"].unique().tolist() == ["b"]
    assert bt.failures["message"].str.contains("singular").all()
    assert bt.forecasts.set_index("model").loc["n", "hi-80"].notna().all()


def test_nothing_is_told_of_intervals_that_nobody_asked_for(even):
    bt = backtest(even, Smoothing(how="conformal"), h=3, n_windows=2, freq=1)
    assert len(bt.warnings) == 0


def test_intervals_of_an_exploding_variance_are_those_of_a_point_forecast(even):
    settings = {"h": 3, "n_windows": 2, "freq": 1, "level": 80, "progress": False}
    with pytest.warns(CalibrationWarning, match="explodes"):
        conformal = backtest(even, Smoothing(how="conformal"), **settings).forecasts
    pd.testing.assert_frame_equal(
        conformal, backtest(even, Smoothing(how="point"), **settings).forecasts
    )


def test_only_series_that_need_it_are_calibrated(even):
    class HighExplode(Smoothing):
        def _project(self, fits, ahead):
            found = super()._project(fits, ahead)
            how = np.where(fits["level"] > 500, CONFORMAL, ANALYTIC)
            return Projection(found.mean, found.sd, how)

    data = even.assign(y=even["y"] + 1000 * (even["unique_id"] == "s2"))
    Smoothing.calls.clear()
    with pytest.warns(CalibrationWarning, match="explodes") as caught:
        frame = HighExplode().fit(data, freq=1).predict(2, level=80)
    assert len(caught) == 1
    assert [call[0] for call in Smoothing.calls] == [4, 1]
    assert frame["lo-80"].notna().all()


# --- parameters ---------------------------------------------------------------------------------------------


def test_parameters_are_one_row_for_each_series(uneven):
    fitted = quietly(Smoothing(1.0, positive=True).fit, uneven, freq=1)
    frame = fitted.parameters()
    assert list(frame) == ["unique_id", "level", "n", "size"]
    assert list(frame["unique_id"]) == ["s4", "s5", "s6", "s7", "s8", "s9"]
    last = uneven.groupby("unique_id")["y"].last()
    assert frame["level"].tolist() == pytest.approx(last[frame["unique_id"]].tolist(), rel=1e-15)
    assert set(frame["size"]) == {"short", "long"}


def test_parameters_need_a_fit_and_something_to_show(even):
    with pytest.raises(NotFittedError, match="call fit"):
        Smoothing().parameters()
    with pytest.raises(ArgumentError, match="Naive has no table of parameters"):
        Naive().fit(even, freq=1).parameters()


def test_a_backtest_shows_the_parameters_of_every_fit(uneven, monkeypatch):
    monkeypatch.setattr(tasks, "WINDOWS_AT_ONCE", 9)
    models = {"naive": Naive(), "a": Smoothing(0.2), "b": Smoothing(0.9, positive=True)}
    bt = quietly(backtest, uneven, models, h=3, n_windows=4, freq=1, progress=False)
    done = bt.forecasts[bt.forecasts["mean"].notna() & (bt.forecasts["model"] != "naive")]
    keys = ["model", "unique_id", "cutoff"]
    done = done.astype({"model": "str"})
    pd.testing.assert_frame_equal(
        bt.parameters[keys], done[keys].drop_duplicates().reset_index(drop=True)
    )
    joined = done[done["step"] == 1].reset_index(drop=True)
    np.testing.assert_array_equal(bt.parameters["level"], joined["mean"])
    assert list(bt.parameters) == [*keys, "level", "n", "size"]


def test_models_with_other_parameters_share_one_table(even):
    class Named(Smoothing):
        def _parameters(self, fits):
            return {"n": fits["n"], "word": np.full(fits.shape, "yes")}

    models = {"a": Smoothing(), "b": Named()}
    frame = backtest(even, models, h=3, n_windows=2, freq=1, progress=False).parameters
    assert list(frame) == ["model", "unique_id", "cutoff", "level", "n", "size", "word"]
    by_model = frame.set_index("model")
    assert by_model.loc["b", ["level", "size"]].isna().all(axis=None)
    assert by_model.loc["a", "word"].isna().all()
    assert (by_model.loc["b", "word"] == "yes").all()
    assert by_model["n"].notna().all()


def test_a_table_of_parameters_that_breaks_leaves_the_forecasts(even):
    class Shy(Smoothing):
        def _parameters(self, fits):
            raise KeyError("alpha")

    with pytest.warns(
        DataWarning, match="parameters cannot be shown: the forecaster raised KeyError"
    ):
        bt = backtest(even, Shy(), h=3, freq=1, progress=False)
    assert bt.forecasts["mean"].notna().all()
    assert len(bt.parameters) == 0


@pytest.mark.parametrize("models", [{"it": Smoothing()}, {"naive": Naive()}])
def test_parameters_are_saved_and_loaded(even, models, tmp_path):
    bt = backtest(even, models, h=3, n_windows=2, freq=1, progress=False)
    again = Backtest.load(bt.save(tmp_path / "run"))
    pd.testing.assert_frame_equal(bt.parameters, again.parameters, check_exact=True)


def test_a_folder_without_parameters_is_read_if_it_never_had_them(even, tmp_path):
    folder = backtest(even, Smoothing(), h=3, freq=1, progress=False).save(tmp_path / "run")
    (folder / "parameters.parquet").unlink()
    with pytest.raises(ValueError, match=r"lacks parameters\.parquet"):
        Backtest.load(folder)
    facts = folder / "facts.json"
    facts.write_text(facts.read_text().replace('"parameters.parquet",', ""))
    assert list(Backtest.load(folder).parameters) == ["model", "unique_id", "cutoff"]


# --- threads, and batches -------------------------------------------------------------------------------------


def test_n_jobs_are_threads_of_the_kernel(even):
    Smoothing.calls.clear()
    one = backtest(even, Smoothing(), h=3, freq=1, progress=False)
    two = backtest(even, Smoothing(), h=3, freq=1, progress=False, n_jobs=2)
    assert [call[2] for call in Smoothing.calls] == [1, 2]
    assert n_threads() == 1
    pd.testing.assert_frame_equal(one.forecasts, two.forecasts)


def test_a_long_run_is_cut_into_batches_of_the_same_size(even, monkeypatch):
    monkeypatch.setattr(tasks, "WINDOWS_AT_ONCE", 9)
    Smoothing.calls.clear()
    backtest(even, Smoothing(), h=3, n_windows=3, freq=1, progress=False)
    assert [call[:2] for call in Smoothing.calls] == [(2, 3), (2, 3)]


def test_ctrl_c_between_batches_keeps_what_is_finished(even, monkeypatch):
    monkeypatch.setattr(tasks, "WINDOWS_AT_ONCE", 2)

    class Interrupts(Smoothing):
        def _project(self, fits, ahead):
            if len(self.calls) == 3:
                raise KeyboardInterrupt
            return super()._project(fits, ahead)

    Smoothing.calls.clear()
    bt = backtest(even, Interrupts(), h=3, n_windows=2, freq=1, progress=False)
    assert not bt.complete
    assert set(bt.failures["unique_id"]) == {"s2", "s3"}
    assert set(bt.parameters["unique_id"]) == {"s0", "s1"}


@dataclass(frozen=True)
class Beside(BatchForecaster):
    """The last value, the regressors of the step and what the hooks were told of the calendar."""

    def _estimate(self, rows, starts, stops):
        last = np.full(stops.shape, np.nan)
        begun = np.broadcast_to(rows.first[:, None], stops.shape).astype(float)
        slope = np.full(stops.shape, np.nan)
        trouble = np.full(stops.shape, -1)
        for at in zip(*np.nonzero(stops > starts[:, None]), strict=True):
            stop = stops[at]
            last[at], trouble[at] = rows.values[stop - 1], 0
            slope[at] = rows.X[starts[at[0]] : stop].sum() if rows.X_names else 0.0
        return Fits({"last": last, "begun": begun, "slope": slope}, trouble)

    def _advance(self, fits, rows, lo, hi):
        last, begun, slope = (a.copy() for a in fits.columns.values())
        for at in np.ndindex(fits.shape):
            last[at] = rows.values[hi[at] - 1]
            slope[at] += rows.X[lo[at] : hi[at]].sum()
        return Fits({"last": last, "begun": begun, "slope": slope}, fits.trouble.copy())

    def _project(self, fits, ahead):
        known = ahead.X.sum(axis=-1)
        span = (ahead.first - fits["begun"])[..., None]
        return Projection(fits["last"][..., None] + known + 0.01 * fits["slope"][..., None] + span)

    def _trouble(self, code):
        raise AssertionError(code)


@pytest.mark.parametrize("settings", [{}, {"refit": 3}, {"refit": False}, {"window": 7}])
def test_regressors_and_times_reach_the_hooks_of_every_window_as_they_reach_the_loop(
    uneven, settings
):
    frame = uneven.assign(promo=np.arange(len(uneven)) % 5 * 1.0)
    X = Regressors(known_future=["promo"])
    kept = {"h": 3, "n_windows": 5, "step_size": 1, "freq": 1, "progress": False, **settings}
    bt = quietly(backtest, frame, Beside(), X=X, **kept)

    class Looped(Beside):
        def _forecast_windows(self, windows, probs):
            return self._loop(windows, probs)

    slow = quietly(backtest, frame, Looped(), X=X, **kept)
    fast = bt.forecasts["mean"].to_numpy()
    assert np.isfinite(fast).any()
    np.testing.assert_allclose(fast, slow.forecasts["mean"].to_numpy(), rtol=1e-13)


def test_a_regressor_that_is_missing_ahead_costs_its_own_cells(even):
    frame = even.assign(promo=1.0)
    end = frame["ds"].max()
    frame.loc[(frame["unique_id"] == "s1") & (frame["ds"] == end), "promo"] = np.nan
    kept = {"h": 3, "n_windows": 2, "step_size": 3, "freq": 1, "progress": False}
    bt = quietly(backtest, frame, Beside(), X=Regressors(known_future=["promo"]), **kept)
    assert bt.failures[["unique_id", "cutoff", "code"]].to_numpy().tolist() == [
        ["s1", end - 3, "REGRESSOR"]
    ]
