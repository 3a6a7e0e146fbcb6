"""AveragedETS: a loop over single models is the second implementation of its weights and means."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import forecasting as fc
from forecasting.kernels import ets, ets_average
from forecasting.kernels.ets import Column
from forecasting.kernels.threads import using_threads
from forecasting.models.smoothing.ets import bounds_of

DATA = Path(__file__).parents[2] / "data"
ADDITIVE = ("ANN", "ANA", "AAN", "AAA", "AAdN", "AAdA")


def one(y: np.ndarray) -> pd.Series:
    return pd.Series(y, index=pd.date_range("2015-01-01", periods=len(y), freq="MS"))


def wavy(n: int = 72, seed: int = 0) -> np.ndarray:
    t, rng = np.arange(n), np.random.default_rng(seed)
    return (50 + 0.3 * t) * (1 + 0.2 * np.sin(2 * np.pi * t / 12)) + rng.normal(size=n)


def alone(y: np.ndarray, m: int, model: str) -> np.ndarray:
    """The record of one model, by the kernel that fits it alone; bounds are those of the season."""
    lower, upper = bounds_of("narrow", m)
    begin, end = np.zeros(1, dtype=np.int64), np.array([[len(y)]])
    return ets.fit(y, begin, end, season_length=m, models=(model,), lower=lower, upper=upper)


def loop(y: pd.Series, m: int, models: tuple[str, ...], temperature: float, h: int) -> tuple:
    """Weights by name and the mean, model by model."""
    aicc, paths = [], []
    for name in models:
        record = alone(y.to_numpy(), m, name)
        k, n = ets.n_parameters(name, m) + 1, len(y)
        aicc.append(record[0, 0, Column.OBJECTIVE] + 2 * k + 2 * k * (k + 1) / (n - k - 1))
        paths.append(ets.project(record, m, h)[0][0, 0])
    far = np.array(aicc) - min(aicc)
    w = np.where(far <= 3.75 * temperature, np.exp(-far / temperature), 0.0)
    w /= w.sum()
    return dict(zip(models, w, strict=True)), w @ np.array(paths)


def shares(row: pd.DataFrame) -> dict[str, float]:
    return {
        name.removeprefix("weight_"): row[name].iloc[0]
        for name in row.columns
        if name.startswith("weight_")
    }


# --- weights and means ----------------------------------------------------------------------------------


@pytest.mark.parametrize("errors", ["all", "additive"])
@pytest.mark.parametrize("temperature", [2.0, 8.0])
def test_weights_and_means_are_those_of_a_loop_over_single_models(errors, temperature):
    models = ets.STABLE if errors == "all" else ADDITIVE
    for seed in range(2):
        y = one(wavy(90, seed))
        it = fc.AveragedETS(12, errors=errors, temperature=temperature).fit(y)
        weights, mean = loop(y, 12, models, temperature, 14)
        found = shares(it.parameters())
        assert set(found) == set(models)
        assert_allclose([found[name] for name in weights], list(weights.values()), atol=1e-9)
        assert_allclose(it.predict(14).to_numpy(), mean, rtol=1e-9)


def test_real_series_have_the_weights_and_means_of_a_loop():
    data = pd.read_parquet(DATA / "m3_monthly_dated.parquet")
    for name in data["unique_id"].unique()[::8]:
        y = data[data["unique_id"] == name].set_index("ds")["y"]
        y.index = pd.DatetimeIndex(y.index, freq="MS")
        it = fc.AveragedETS(12).fit(y)
        weights, mean = loop(y, 12, ets.STABLE, 8.0, 18)
        found = shares(it.parameters())
        assert_allclose([found[model] for model in weights], list(weights.values()), atol=1e-9)
        assert_allclose(it.predict(18).to_numpy(), mean, rtol=1e-9)


def test_without_a_season_six_models_take_part_or_three():
    assert list(shares(fc.AveragedETS().fit(one(wavy())).parameters())) == [
        *("ANN", "AAN", "AAdN", "MNN", "MAN", "MAdN")
    ]
    additive = fc.AveragedETS(errors="additive").fit(one(wavy()))
    assert list(shares(additive.parameters())) == ["ANN", "AAN", "AAdN"]


def test_seasonal_models_weigh_as_the_aicc_of_ets_says():
    y = one(wavy())
    found = shares(fc.AveragedETS(12).fit(y).parameters())
    aicc = {
        name: fc.ETS(12, name).fit(y).parameters()["aicc"].iloc[0]
        for name, w in found.items()
        if w > 0 and name[-1] != "N"
    }
    assert len(aicc) >= 3
    least = min(aicc.values())
    relative = {name: np.exp(-(value - least) / 8) for name, value in aicc.items()}
    most = max(found[name] for name in aicc)
    for name, expected in relative.items():
        assert_allclose(found[name] / most, expected, rtol=1e-9)


def test_a_cold_average_is_the_selected_model():
    y = one(wavy(seed=3))
    cold = fc.AveragedETS(12, temperature=1e-6).fit(y)
    chosen = fc.AutoETS(12).fit(y)
    assert cold.parameters()["best"].tolist() == chosen.parameters()["method"].tolist()
    assert_allclose(cold.predict(12), chosen.predict(12), rtol=1e-6)


def test_models_that_need_positive_values_weigh_nothing_where_one_is_not():
    y = wavy()
    y[40] = 0.0
    found = shares(fc.AveragedETS(12).fit(one(y)).parameters())
    assert all(w == 0.0 for name, w in found.items() if "M" in name)
    assert_allclose(sum(found.values()), 1.0)


def test_a_constant_series_has_one_model_and_no_width():
    row = fc.AveragedETS(12).fit(one(np.full(40, 7.0)))
    assert max(shares(row.parameters()).values()) == 1.0
    with pytest.warns(fc.errors.CalibrationWarning, match="zero width"):
        assert (row.predict(3, level=80).to_numpy() == 7.0).all()


@pytest.mark.parametrize("factor", [1e-300, 1e200])
def test_tiny_and_huge_units_change_the_unit_only(factor):
    y = wavy()
    usual = fc.AveragedETS(12).fit(one(y)).predict(14, level=80).to_numpy()
    scaled = fc.AveragedETS(12).fit(one(y * factor)).predict(14, level=80).to_numpy()
    assert_allclose(scaled / factor, usual, rtol=1e-4)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: fc.AveragedETS(12, errors="multiplicative"), "'all' or 'additive'"),
        (lambda: fc.AveragedETS(12, temperature=0), "above 0, for instance 8"),
        (lambda: fc.AveragedETS(12, temperature=float("nan")), "above 0, for instance 8"),
        (lambda: fc.AveragedETS(0), "whole number of at least 1"),
        (lambda: fc.AveragedETS(12, bounds="wide"), "'narrow' or 'usual'"),
    ],
)
def test_an_impossible_average_is_refused_with_what_to_type(make, says):
    with pytest.raises(fc.ArgumentError, match=says):
        make()


def test_too_short_a_series_is_told_what_is_needed():
    with pytest.raises(fc.ForecastingError, match="5"):
        fc.AveragedETS(12).fit(one(np.array([1.0, 2.0, 3.0, 4.0])))


# --- intervals ------------------------------------------------------------------------------------------


def records_of(y: np.ndarray, models: tuple[str, ...], m: int = 12) -> np.ndarray:
    lower, upper = bounds_of("narrow", m)
    stops = np.array([[len(y)]])
    return ets_average.fit(
        y,
        np.zeros(1, dtype=np.int64),
        stops,
        season_length=m,
        models=models,
        lower=lower,
        upper=upper,
        margin=1e9,
    )


def test_the_variance_is_that_within_the_models_and_between_them():
    y, models = wavy(), ("ANA", "AAN", "MAA")
    records = records_of(y, models)
    w = np.array([0.5, 0.2, 0.3])
    means, spreads = [], []
    for name in models:
        mean, sd = ets.project(alone(y, 12, name), 12, 15)
        means.append(mean[0, 0])
        spreads.append(sd[0, 0])
    mu, sd = np.array(means), np.array(spreads)
    expected = w @ (sd**2 + (mu - w @ mu) ** 2)
    mean, found = ets_average.mix(records, 12, w.reshape(1, 1, 3), 15)
    assert_allclose(mean[0, 0], w @ mu)
    assert_allclose(found[0, 0], np.sqrt(expected))


def test_a_window_without_a_fit_has_no_forecast():
    records = records_of(np.array([1.0, 2.0, 3.0]), ("ANN", "MNN"))
    assert ets_average.outcomes(records).tolist() == [[ets.Outcome.TOO_SHORT]]
    mean, sd = ets_average.mix(records, 12, ets_average.weights(records, 12, 8.0), 2)
    assert np.isnan(mean).all()
    assert np.isnan(sd).all()


@pytest.mark.parametrize("model", ["MNM", "MAM", "MAdM"])
def test_around_a_multiplicative_season_the_variance_is_that_of_simulated_paths(model):
    y = wavy() * np.exp(0.08 * np.random.default_rng(5).normal(size=72))
    record = records_of(y, (model,))
    row = record[0, 0, 0]
    mean, sd = ets_average.mix(record, 12, np.ones((1, 1, 1)), 24)
    n, rng = 200_000, np.random.default_rng(1)
    k = ets.n_parameters(model, 12)
    sigma = row[Column.RMS] * np.sqrt(72 / (72 - k))
    alpha = row[Column.ALPHA]
    beta, gamma = np.nan_to_num(row[[Column.BETA, Column.GAMMA]])
    phi = 1.0 if np.isnan(row[Column.PHI]) else row[Column.PHI]
    level, trend, *season = (np.full(n, s) for s in row[Column.STATES :])
    for step in range(24):
        q = level + phi * trend
        e = sigma * rng.normal(size=n)
        path = q * season[step % 12] * (1 + e)
        assert_allclose(path.mean(), mean[0, 0, step], rtol=0.01)
        assert_allclose(path.std(), sd[0, 0, step], rtol=0.02)
        level, trend = q * (1 + alpha * e), phi * trend + beta * q * e
        season[step % 12] = season[step % 12] * (1 + gamma * e)


# --- windows --------------------------------------------------------------------------------------------


def test_all_windows_at_once_have_the_bits_of_each_alone():
    values = np.concatenate([wavy(80, 1), wavy(95, 2) - 60.0])
    values[[30, 120]] = np.nan
    starts = np.array([0, 80])
    stops = np.array([[0, 26, 40, 41, 60, 80], [90, 112, 130, 131, 150, 175]])
    lower, upper = bounds_of("narrow", 12)
    settings = {
        "season_length": 12,
        "models": ets.STABLE,
        "lower": lower,
        "upper": upper,
        "margin": 30.0,
    }
    with using_threads(2):
        together = ets_average.fit(values, starts, stops, **settings)
    for i in range(2):
        for k in range(6):
            alone = ets_average.fit(
                values[: stops[i, k]], starts[i : i + 1], stops[i : i + 1, k : k + 1], **settings
            )
            assert_array_equal(together[i, k], alone[0, 0])


def test_without_a_refit_every_model_moves_on_under_its_weight():
    y = one(wavy(80, 7))
    settings = {"h": 3, "n_windows": 4, "step_size": 3, "season_length": 1, "refit": False}
    found = fc.backtest(y, {"it": fc.AveragedETS(12)}, **settings).forecasts
    first = shares(fc.AveragedETS(12).fit(y.iloc[:-12]).parameters())
    parts = {
        name: fc.backtest(y, {"it": fc.ETS(12, name)}, **settings).forecasts["mean"]
        for name, w in first.items()
        if w > 0
    }
    expected = sum(first[name] * part for name, part in parts.items())
    assert_allclose(found["mean"], expected, rtol=1e-6)


def test_a_model_whose_path_ceases_to_be_positive_leaves_its_weight_to_the_others():
    y = np.abs(wavy(60, 4))
    stay = records_of(y, ("ANN", "MAN"))
    later = np.array([-500.0, -800.0])
    moved = ets_average.advance(stay, 12, later, np.array([[0]]), np.array([[2]]))
    assert ets_average.fitted(moved).tolist() == [[[True, False]]]
    assert ets_average.weights(moved, 12, 8.0).tolist() == [[[1.0, 0.0]]]
    assert ets_average.outcomes(moved).tolist() == [[0]]


def test_records_of_a_file_that_no_fit_could_leave_are_refused():
    it = fc.AveragedETS(12)
    records = records_of(wavy(), it._models)
    lengths = np.array([[72]])
    assert ets_average.are_sound(records, lengths, 12, it._models)
    for column, value in (
        (Column.MODEL, 17.0),
        (Column.COUNT, 3.0),
        (Column.COUNT, 73.0),
        (Column.OBJECTIVE, np.nan),
    ):
        wrong = records.copy()
        wrong[0, 0, 2, column] = value
        assert not ets_average.are_sound(wrong, lengths, 12, it._models)
    assert not ets_average.are_sound(records[..., :-1], lengths, 12, it._models)
    other = dataclasses.replace(it, errors="additive")
    assert not ets_average.are_sound(records, lengths, 12, other._models)
