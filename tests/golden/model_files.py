"""Write the model files that every later version must read, and what they forecast.

Run once for a format, ``python tests/golden/model_files.py``, and never again for the same: made with
forecasting 0.1.0, numpy 2.4.6, pandas 3.0.6, scikit-learn 1.9.1 on 2026-11-28. ``model_format1_kept.model``
holds estimates, so its forecasts do not depend on any optimiser; those of ``model_format1_again.model`` are
estimated again, by least squares.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression

import forecasting as fc

FOLDER = Path(__file__).parent
H = 3


def days(n: int = 40) -> pd.DataFrame:
    """Return two daily series in Zurich over the change of clocks, one of two values, one with a gap."""
    ds = pd.date_range("2024-03-10", periods=n, tz="Europe/Zurich")
    t = np.arange(n)
    parts = []
    for k, i in enumerate(("0742", "Zürich/HB", "new", "gap")):
        y = 50.0 * (k + 1) + t + 8 * np.sin(2 * np.pi * t / 7) + (7 * t * (k + 3)) % 11 / 4
        parts.append(pd.DataFrame({"shop": i, "day": ds, "sold": y}))
    parts[2] = parts[2].tail(2)
    parts[3] = parts[3].drop(index=17)
    return pd.concat(parts, ignore_index=True)


def months() -> tuple[pd.DataFrame, fc.Regressors, pd.DataFrame]:
    """Return a panel of months with regressors of every role, and the ones known ahead."""
    ds = pd.date_range("2020-01-31", periods=33, freq="ME").as_unit("s")
    t = np.arange(33)
    frames = [
        pd.DataFrame({"unique_id": i, "ds": ds, "y": t + 5.0 * i + t * t % 7}) for i in (3, 12)
    ]
    data = pd.concat(frames, ignore_index=True)
    keys = data[["unique_id", "ds"]]
    price = keys.assign(price=np.cos(np.arange(66.0)))
    whole = price[keys["ds"] < ds[-H]].merge(keys, how="right").fillna({"price": 0.5})
    seen = data[data["ds"] < ds[-H]].reset_index(drop=True)
    X = fc.Regressors(
        known_future=whole[whole["ds"] < ds[-H]],
        past_only=seen[["unique_id", "ds"]].assign(visits=np.arange(len(seen)) % 5.0),
        static=pd.DataFrame({"unique_id": [3, 12], "size": [1.0, 4.0]}),
    )
    return seen, X, whole[whole["ds"] >= ds[-H]]


def main() -> None:
    """Write the files beside this script."""
    names = {"id_col": "shop", "time_col": "day", "target_col": "sold"}
    kept = fc.Ensemble(
        (fc.AutoETS(7), fc.DynamicOptimizedTheta(7), fc.SeasonalNaive(7)), weights=(2, 1, 1)
    )
    again = fc.LagRegression(
        LinearRegression(), lags=(1, 2, 12), past_lags=(H,), rolling_means=((2, 4),)
    )
    data, X, ahead = months()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kept.fit(days(), seed=5, **names).save(FOLDER / "model_format1_kept.model")
        again.fit(data, X=X).save(FOLDER / "model_format1_again.model")
        tables = {"kept": kept.predict(H), "again": again.predict(H, X=ahead)}
    expected = {
        name: {
            "columns": [str(c) for c in table.columns],
            "ids": table.iloc[:, 0].tolist(),
            "times": table.iloc[:, 1].astype(str).tolist(),
            "mean": [None if np.isnan(value) else value for value in table["mean"]],
        }
        for name, table in tables.items()
    }
    expected["failures"] = (
        kept.failures[["unique_id", "stage", "code", "message"]].to_numpy().tolist()
    )
    text = json.dumps(expected, indent=1, ensure_ascii=False)
    (FOLDER / "model_format1.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
