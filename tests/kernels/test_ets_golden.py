"""Exponential smoothing against the forecast package of R: its filter, likelihood, forecasts and optimum."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from forecasting.kernels import ets
from forecasting.kernels.ets import Column

Z95 = 1.959963984540054
ROOT = Path(__file__).parents[2]
GOLDEN = pd.read_csv(ROOT / "tests/golden/ets.csv", comment="#", float_precision="round_trip")
FITS = {
    key: {what: part["value"].to_numpy() for what, part in table.groupby("what")}
    for key, table in GOLDEN.groupby(["unique_id", "fit", "model"])
}
#: R lets the path begin below zero here, where a relative error has no meaning; ours refuses such a path.
NEGATIVE = {("lynx", "MAN"), ("lynx", "MAdN")}
LEAST_SQUARES = {
    "ses": "ANN",
    "holt": "AAN",
    "holt-damped": "AAdN",
    "hw-additive": "AAA",
    "hw-multiplicative": "AAM",
}


def series() -> dict[str, np.ndarray]:
    classics = pd.read_csv(ROOT / "tests/golden/theta.csv", comment="#")
    m3 = pd.read_parquet(ROOT / "data/m3_monthly.parquet")
    y = {str(i): part["y"].to_numpy(float) for i, part in m3.groupby("unique_id")}
    for name in ("AirPassengers", "USAccDeaths", "lynx"):
        here = (classics["unique_id"] == name) & (classics["what"] == "y")
        y[name] = classics.loc[here, "value"].to_numpy()
    return y


SERIES = series()


def season(unique_id: str, model: str) -> int:
    return 1 if unique_id == "lynx" or model[-1] == "N" else 12


def padded(state: np.ndarray, m: int) -> np.ndarray:
    return np.concatenate([state, np.zeros(2 + m - len(state))])


def smoothing(fit: dict[str, np.ndarray]) -> dict[str, float]:
    usual = {"beta": 0.0, "gamma": 0.0, "phi": 1.0}
    return {"alpha": fit["alpha"][0]} | {k: float(fit.get(k, [v])[0]) for k, v in usual.items()}


def test_the_filter_gives_the_fitted_values_likelihood_and_variance_of_r() -> None:
    assert len(FITS) > 300
    for (unique_id, _, model), fit in FITS.items():
        y, m = SERIES[unique_id], season(unique_id, model)
        means, _ = ets.smooth(y, model, m, **smoothing(fit), state=padded(fit["state0"], m))
        if (unique_id, model) in NEGATIVE:
            assert np.isnan(means).all()
            continue
        errors = y - means if model[0] == "A" else (y - means) / means
        n = len(y)
        objective = n * np.log(np.sum(errors**2))
        if model[0] == "M":
            objective += 2 * np.sum(np.log(np.abs(means)))
        assert_allclose(-0.5 * objective, fit["loglik"][0], rtol=0, atol=1e-8)
        sigma2 = np.sum(errors**2) / (n - ets.n_parameters(model, m))
        assert_allclose(sigma2, fit["sigma2"][0], rtol=1e-8)
        if "fitted" in fit:
            assert_allclose(means, fit["fitted"], rtol=1e-8)


def test_the_forecasts_and_the_analytic_variance_are_those_of_r() -> None:
    for (unique_id, _, model), fit in FITS.items():
        m, n = season(unique_id, model), len(SERIES[unique_id])
        record = np.full(ets.record_size(m), np.nan)
        record[Column.OUTCOME], record[Column.MODEL] = 0, ets.MODELS.index(model)
        size = ets.n_parameters(model, m)
        record[Column.COUNT] = n
        record[Column.RMS] = np.sqrt(fit["sigma2"][0] * (n - size) / n)
        for at, name in enumerate(("alpha", "beta", "gamma", "phi")):
            if name in fit:
                record[Column.ALPHA + at] = fit[name][0]
        record[Column.STATES :] = np.tile(padded(fit["state"], m), 2)
        mean, sd = ets.project(record, m, 14)
        # With a multiplicative season R adds the covariance of level and season from step m + 1 on (class 3);
        # ours is the path without errors, as it says.
        # There it also adds the slope undamped (H1 of class3 is (1, 1)), so that MAdM cannot be compared.
        steps = 0 if model == "MAdM" else m if model[-1] == "M" else 14
        assert_allclose(mean[:steps], fit["mean"][:steps], rtol=1e-8)
        if fit["sim"][0] == 0:
            # R's class1 and class2 put gamma into the third state; without a trend that is the season before,
            # so that the error of step 1 comes back after m - 1 steps instead of m.
            steps = m - 1 if model[1:] == "NA" else 14
            ours, theirs = (mean + Z95 * sd)[:steps], fit["hi"][:steps]
            assert_allclose(ours, theirs, rtol=1e-6)


def best(unique_id: str, model: str) -> np.ndarray:
    y, m = SERIES[unique_id], season(unique_id, model)
    stops = np.array([[len(y)]])
    return ets.fit(y, np.array([0]), stops, season_length=m, models=[model])[0, 0]


@pytest.mark.parametrize("model", ets.STABLE)
def test_our_optimum_is_never_below_that_of_r(model: str) -> None:
    fits = {key: fit for key, fit in FITS.items() if key[1] == model}
    assert len(fits) >= 12
    for (unique_id, _, _), fit in fits.items():
        loglik = -0.5 * best(unique_id, model)[Column.OBJECTIVE]
        assert loglik >= fit["loglik"][0] - 1e-4, (unique_id, model, loglik, fit["loglik"][0])


@pytest.mark.parametrize("name", LEAST_SQUARES)
def test_the_least_squares_of_ses_holt_and_holt_winters_are_no_worse_than_those_of_r(
    name: str,
) -> None:
    fits = {key: fit for key, fit in FITS.items() if key[1] == name}
    assert len(fits) >= 10
    for (unique_id, _, model), fit in fits.items():
        y, m = SERIES[unique_id], season(unique_id, model)
        means, _ = ets.smooth(y, model, m, **smoothing(fit), state=padded(fit["state0"], m))
        ours = best(unique_id, LEAST_SQUARES[name])
        assert ours[Column.RMS] ** 2 * len(y) <= np.sum((y - means) ** 2) * (1 + 1e-6)
