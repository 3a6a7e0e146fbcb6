"""Forecast with every forecaster and print one hash each: the child process of test_reproducible.py.

``python everything.py '{"n_jobs": 2, "rows": "shuffled", "models": "reversed", "which": "quick"}'``
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import locale
import math
import sys
import warnings

import numpy as np
import pandas as pd

import forecasting as fc


def quick():
    """Forecasters by name: ours, and the adapters that answer in milliseconds."""
    from sklearn.linear_model import Ridge
    from sktime.forecasting.naive import NaiveForecaster

    members = (fc.Naive(), fc.SeasonalNaive(12), fc.WindowAverage(3))
    return [
        *members,
        fc.HistoricAverage(),
        fc.RandomWalkWithDrift(),
        fc.SeasonalNaiveDrift(12),
        fc.YearAgo(12, window=6),
        fc.SeasonalWindowAverage(12, 2),
        fc.Croston(),
        fc.CrostonSBA(),
        fc.TSB(),
        fc.ADIDA(),
        fc.IMAPA(),
        fc.SES(),
        fc.Holt(damped=True),
        fc.HoltWinters(12, "multiplicative"),
        fc.ETS(12, "MAM"),
        fc.AutoETS(12),
        fc.AveragedETS(12),
        fc.AggregatedETS(12),
        fc.Theta(12),
        fc.OptimizedTheta(12),
        fc.DynamicTheta(12),
        fc.DynamicOptimizedTheta(12),
        fc.AutoTheta(12),
        fc.ARIMA(12, order=(1, 1, 1)),
        fc.AutoARIMA(12),
        fc.AutoRegressiveRidge(12),
        fc.WeightedQuantiles(12),
        fc.SeasonalRidge((12, 24)),
        fc.Ensemble(members),
        fc.Fallback((fc.SeasonalNaive(60), fc.Naive())),
        fc.Calibrated(fc.Naive(), n_windows=8),
        fc.WeightedEnsemble(members, season_length=12, intervals="blend"),
        fc.SkipZeros(fc.SES()),
        fc.AutoForecaster(),
        fc.Transformed(fc.SeasonalNaive(12), fc.Log()),
        fc.STLForecaster(12, fc.Naive()),
        fc.STLForecaster((4, 12), fc.Holt(damped=True), 13, robust=True),
        fc.LagRegression(Ridge(), lags=(1, 2, 12)),
        fc.StatsmodelsTheta(12),
        fc.Sktime(NaiveForecaster(sp=12)),
    ]


def slow():
    """The adapters that take their time, and a regression that could use threads."""
    from lightgbm import LGBMRegressor

    return [
        fc.StatsmodelsETS(),
        fc.StatsmodelsARIMA(order=(1, 1, 0)),
        fc.LagRegression(LGBMRegressor(n_estimators=20, min_child_samples=5), lags=(1, 2, 12)),
        fc.Prophet(weekly=False),
        boosted(),
    ]


class PanelBooster(fc.PanelBooster):
    """Learns from the few series that there are."""

    least_series, least_cells = 4, 100


def boosted():
    """A booster whose gate is open."""
    ensemble = fc.WeightedEnsemble((fc.Naive(), fc.SeasonalNaive(12)), season_length=12)
    return PanelBooster(ensemble, n_rounds=20, least_gain=-math.inf)


def data() -> pd.DataFrame:
    """Four positive, seasonal series of 44 to 50 months."""
    frames = []
    for i in range(4):
        n = 50 - 2 * i
        rng, t = np.random.default_rng(i), np.arange(n)
        y = 100 * (1 + i + 0.01 * t) * (1 + 0.2 * np.sin(np.pi * t / 6)) + rng.standard_normal(n)
        ds = pd.date_range("2020-01-01", periods=50, freq="MS")[-n:]
        frames.append(pd.DataFrame({"unique_id": f"s{i}", "ds": ds, "y": y}))
    return pd.concat(frames, ignore_index=True)


def arranged(frame: pd.DataFrame, how: str) -> pd.DataFrame:
    """Return the rows in another order."""
    if how == "shuffled":
        return frame.sample(frac=1, random_state=7)
    if how == "series backwards":
        return frame.sort_values(["unique_id", "ds"], ascending=[False, True])
    return frame


def fingerprint(bt: fc.Backtest, model: str) -> str:
    """Return the hash of all that a model forecast, estimated and failed."""
    digest = hashlib.sha256()
    keys = ["unique_id", "cutoff"]
    for name, order in (("forecasts", [*keys, "step"]), ("parameters", keys), ("failures", keys)):
        frame = getattr(bt, name)
        own = frame[frame["model"] == model].drop(columns="model").sort_values(order)
        for column in sorted(own.columns):
            values = own[column]
            if values.isna().all():
                continue  # there because another model has it
            digest.update(f"|{name}.{column}|".encode())
            numbers = values.dtype.kind in "fi"
            digest.update(
                values.to_numpy().tobytes() if numbers else repr(values.tolist()).encode()
            )
    return digest.hexdigest()[:16]


def main(settings: dict[str, object]) -> dict[str, str]:
    """Return a hash per forecaster."""
    with contextlib.suppress(locale.Error):  # where the machine does not have it
        locale.setlocale(locale.LC_ALL, "")
    warnings.simplefilter("ignore")
    which = quick() if settings.get("which") == "quick" else [*quick(), *slow()]
    models = {repr(forecaster): forecaster for forecaster in which}
    if settings.get("models") == "reversed":
        models = dict(reversed(models.items()))
    bt = fc.backtest(
        arranged(data(), str(settings.get("rows", ""))),
        models,
        h=2,
        n_windows=2,
        level=80,
        n_jobs=int(settings.get("n_jobs", 1)),
        progress=False,
    )
    return {name: fingerprint(bt, name) for name in sorted(models)}


if __name__ == "__main__":
    json.dump(main(json.loads(sys.argv[1])), sys.stdout)
