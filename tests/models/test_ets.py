"""SES, Holt, Holt-Winters, ETS and AutoETS as users meet them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.stats import t as student

import forecasting as fc
from forecasting.kernels import ets as kernel
from forecasting.models.smoothing.ets import candidates
from forecasting.testing.case import contract_panel


def one(y: np.ndarray, freq: str = "MS") -> pd.Series:
    return pd.Series(y, index=pd.date_range("2015-01-01", periods=len(y), freq=freq))


def wavy(n: int = 72, seed: int = 0) -> np.ndarray:
    t, rng = np.arange(n), np.random.default_rng(seed)
    return (50 + 0.3 * t) * (1 + 0.2 * np.sin(2 * np.pi * t / 12)) + rng.normal(size=n)


def run(data: object, model: fc.Forecaster, **settings: object) -> fc.Backtest:
    usual: dict[str, object] = {"h": 4, "n_windows": 5, "step_size": 2, "season_length": 1}
    return fc.backtest(data, {"it": model}, **{**usual, **settings})  # type: ignore[arg-type]


# --- names ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "damped", "m", "expected"),
    [
        ("ANA", None, 12, ("ANA",)),
        ("AAdA", None, 12, ("AAdA",)),
        ("AAA", True, 12, ("AAdA",)),
        ("AAM", None, 12, ("AAM",)),
        ("ZZZ", None, 12, kernel.STABLE),
        ("ZZZ", None, 1, ("ANN", "AAN", "AAdN", "MNN", "MAN", "MAdN")),
        ("AZN", False, 12, ("ANN", "AAN")),
        ("AZZ", True, 12, ("AAdN", "AAdA")),
        ("MNZ", None, 12, ("MNN", "MNA", "MNM")),
    ],
)
def test_a_name_stands_for_its_candidates(
    model: str, damped: bool | None, m: int, expected: tuple[str, ...]
) -> None:
    assert candidates(model, damped, m) == expected


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: fc.ETS(12, "MMM"), "its forecasts explode"),
        (lambda: fc.ETS(12, "auto"), "error \\(A, M, Z\\), trend"),
        (lambda: fc.ETS(1, "ANA"), "needs season_length, for instance 12"),
        (lambda: fc.ETS(12, "ANA", damped=True), "ANA has none"),
        (lambda: fc.ETS(12, "AAdA", damped=False), "is damped"),
        (lambda: fc.ETS(0), "whole number of at least 1"),
        (lambda: fc.ETS(12, criterion="mse"), "aicc"),
        (lambda: fc.AutoETS(12, bounds="wide"), "'narrow' or 'usual'"),
        (lambda: fc.HoltWinters(1), "at least 2"),
        (lambda: fc.HoltWinters(12, "mul"), "'additive' or 'multiplicative'"),
        (lambda: fc.SES(alpha=1.5), "in \\(0, 1\\]"),
        (lambda: fc.Holt(phi=0.9), "add damped=True"),
        (lambda: fc.AutoETS(sp=12), "season_length"),
    ],
)
def test_an_impossible_model_is_refused_with_what_to_type(make: object, says: str) -> None:
    with pytest.raises(fc.ArgumentError, match=says):
        make()  # type: ignore[operator]


def test_the_docstrings_hold_the_mathematics() -> None:
    for cls in (fc.SES, fc.Holt, fc.HoltWinters, fc.ETS, fc.AutoETS):
        assert "mu_t = q_t + s" in (cls.__doc__ or "")
        assert "doi:10.1007/978-3-540-71918-2" in (cls.__doc__ or "")


# --- fits -------------------------------------------------------------------------------------------------


def test_a_given_weight_is_kept() -> None:
    found = fc.Holt(alpha=0.4, beta=0.1).fit(one(wavy())).parameters()
    assert found[["alpha", "beta"]].to_numpy().tolist() == [[0.4, 0.1]]


def test_parameters_agree_with_one_another() -> None:
    y = wavy()
    row = fc.ETS(12, "AAdA").fit(one(y)).parameters().iloc[0]
    n, k = 72, 18
    assert (row["method"], row["n_obs"]) == ("AAdA", n)
    assert_allclose(row["aic"], -2 * row["loglik"] + 2 * k)
    assert_allclose(row["aicc"], row["aic"] + 2 * k * (k + 1) / (n - k - 1))
    assert_allclose(row["bic"], -2 * row["loglik"] + k * np.log(n))
    first = row[[f"season0_{j}" for j in range(1, 13)]].to_numpy(float)
    assert_allclose(first.sum(), 0, atol=1e-9)
    state = np.array([row["level0"], row["trend0"], *first])
    weights = {name: float(row[name]) for name in ("alpha", "beta", "gamma", "phi")}
    means, after = kernel.smooth(y, "AAdA", 12, **weights, state=state)
    assert_allclose(row["loglik"], -n / 2 * np.log(np.sum((y - means) ** 2)), rtol=1e-9)
    assert_allclose(row["sigma"], np.sqrt(np.sum((y - means) ** 2) / (n - k + 1)), rtol=1e-9)
    assert_allclose([row["level"], row["trend"]], after[:2])
    assert_allclose(row[[f"season_{j}" for j in range(1, 13)]].to_numpy(float), after[2:])


def test_the_criterion_chooses_what_single_fits_would() -> None:
    agreed = 0
    for seed in range(8):
        y = one(wavy(84, seed))
        chosen = fc.AutoETS(12).fit(y).parameters().iloc[0]
        single = {
            name: fc.ETS(12, name).fit(y).parameters()["aicc"].iloc[0] for name in kernel.STABLE
        }
        assert chosen["aicc"] <= min(single.values()) + 0.5
        agreed += chosen["method"] == min(single, key=single.__getitem__)
    assert agreed >= 7


def test_missing_values_are_skipped() -> None:
    y = wavy()
    y[[5, 30, 31, 50]] = np.nan
    fitted = fc.ETS(12, "AAA").fit(one(y))
    assert fitted.parameters()["n_obs"].tolist() == [68]
    assert np.isfinite(fitted.predict(12)).all()


@pytest.mark.parametrize("model", ["MNN", "MAdA"])
@pytest.mark.parametrize("factor", [2.0**-990, 2.0**600])
def test_the_width_of_relative_errors_has_the_unit_of_the_values(model: str, factor: float) -> None:
    y = wavy()
    usual = fc.ETS(12, model).fit(one(y)).predict(6, level=80).to_numpy()
    scaled = fc.ETS(12, model).fit(one(y * factor)).predict(6, level=80).to_numpy()
    assert_allclose(scaled / factor, usual, rtol=1e-9)


# --- the backtest -------------------------------------------------------------------------------------------


def test_a_series_that_cannot_be_fitted_costs_itself_only() -> None:
    data = contract_panel()
    data.loc[data["unique_id"] == "s1", "y"] -= 300.0
    short = data[
        (data["unique_id"] != "s2") | (data["ds"] > data["ds"].max() - pd.DateOffset(months=20))
    ]
    bt = run(short, fc.ETS(12, "MAM"))
    codes = bt.failures.groupby("unique_id")["code"].unique().map(list).to_dict()
    assert codes == {"s1": ["NON_POSITIVE"], "s2": ["SHORT"]}
    alone = run(short[short["unique_id"] == "s0"], fc.ETS(12, "MAM"))
    both = bt.forecasts.loc[bt.forecasts["unique_id"] == "s0", "mean"]
    assert both.tolist() == alone.forecasts["mean"].tolist()


@pytest.mark.parametrize("refit", [False, 2])
def test_without_a_refit_parameters_stay_and_states_move(refit: bool | int) -> None:
    bt = run(contract_panel(), fc.ETS(12, "AAA"), refit=refit, n_windows=4)
    assert bt.failures.empty
    of_one = bt.parameters[bt.parameters["unique_id"] == "s0"]
    assert of_one["alpha"].nunique() == (1 if refit is False else 2)
    assert of_one["level"].nunique() == 4


@pytest.mark.parametrize("settings", [{"window": 48}, {"gap": 2}, {"window": 40, "refit": 2}])
def test_other_schedules_lose_nothing(settings: dict[str, object]) -> None:
    bt = run(contract_panel(), fc.AutoETS(12), **settings)
    assert bt.failures.empty
    assert bt.forecasts["mean"].notna().all()
    assert len(bt.parameters) == 15


def test_parameters_at_a_cutoff_do_not_change_with_the_future() -> None:
    data = contract_panel()
    before = run(data, fc.AutoETS(12)).parameters
    cutoff = before["cutoff"].unique()[2]
    data.loc[data["ds"] > cutoff, "y"] *= 1.3
    after = run(data, fc.AutoETS(12)).parameters
    pd.testing.assert_frame_equal(
        before[before["cutoff"] <= cutoff], after[after["cutoff"] <= cutoff], check_exact=True
    )


# --- intervals ----------------------------------------------------------------------------------------------


def test_the_interval_of_simple_smoothing_by_hand() -> None:
    """With the weight given, the first level is a mean of errors that fade: it adds w^2n / sum w^2t."""
    n, w = 60, 0.9
    fitted = fc.SES(alpha=1 - w).fit(one(np.random.default_rng(3).normal(size=n)))
    row = fitted.parameters().iloc[0]
    wide = fitted.predict(5, level=95)
    known = 1 + np.arange(5) * (1 - w) ** 2
    level = w ** (2 * n) / np.sum(w ** (2.0 * np.arange(n)))
    half = student.ppf(0.975, n - 2) * row["sigma"] * np.sqrt(known + level)
    assert_allclose(wide["hi-95"] - wide["mean"], half, rtol=1e-8)


def test_the_variance_of_relative_errors_is_that_of_simulated_paths() -> None:
    fitted = fc.ETS(12, "MAA").fit(one(wavy()))
    row = fitted.parameters().iloc[0]
    wide = fitted.predict(14, level=95)
    factor, df = fitted._uncertainty(fitted._fitted.learned, 14)  # the test is of what lies below
    sd = (wide["hi-95"] - wide["mean"]).to_numpy() / student.ppf(0.975, df[0, 0]) / factor[0, 0]
    rng, n = np.random.default_rng(0), 200_000
    level, trend = np.full(n, row["level"]), np.full(n, row["trend"])
    seasons = [np.full(n, row[f"season_{j}"]) for j in range(1, 13)]
    for step in range(14):
        mu = level + trend + seasons[step % 12]
        e = mu * row["sigma"] * rng.standard_normal(n)
        assert_allclose(np.std(mu + e), sd[step], rtol=0.02)
        level, trend = level + trend + row["alpha"] * e, trend + row["beta"] * e
        seasons[step % 12] = seasons[step % 12] + row["gamma"] * e


def test_a_multiplicative_season_is_simulated_the_same_each_time_and_without_its_horizon() -> None:
    fitted = fc.ETS(12, "MNM").fit(one(wavy()))
    short, long = fitted.predict(3, level=(50, 90)), fitted.predict(9, level=(50, 90))
    pd.testing.assert_frame_equal(short, long.head(3), check_exact=True, check_freq=False)
    assert (long["lo-90"] < long["lo-50"]).all()
    assert (long["hi-50"] < long["hi-90"]).all()


def test_an_exploding_variance_is_answered_by_past_errors_and_named() -> None:
    data = contract_panel(84)
    wild = np.exp(0.9 * np.random.default_rng(0).normal(size=84).cumsum())
    data.loc[data["unique_id"] == "s0", "y"] = wild
    with pytest.warns(fc.CalibrationWarning, match="explodes"):
        bt = run(data, fc.ETS(12, "MNN"), h=8, level=80)
    how = bt.parameters.groupby("unique_id")["interval"].unique().map(list).to_dict()
    assert how == {"s0": ["conformal"], "s1": ["analytic"], "s2": ["analytic"]}
    assert np.isfinite(bt.forecasts["hi-80"]).all()
    assert "explodes" in bt.warnings["message"].iloc[0]
