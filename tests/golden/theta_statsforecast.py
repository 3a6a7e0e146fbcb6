"""Write theta_statsforecast.json: what statsforecast answers for the series of theta.csv.

Run with statsforecast installed (it is not needed by the tests):

    pip install statsforecast==2.1.1
    python tests/golden/theta_statsforecast.py

The series of data/m3_monthly.parquet in theta.csv are every fourth of the 48; ``m3.csv`` was written by

    d = pd.read_parquet("data/m3_monthly.parquet")
    d[d.unique_id.isin(d.unique_id.unique()[::4])][["unique_id", "y"]].to_csv("m3.csv", index=False)

Known differences, and why the tests allow for them:

* Its parameters come from Nelder-Mead with an iteration limit: a local, often unfinished optimum. The tests
  compare the objective at its parameters (never better than ours) and, at its parameters, its forecasts.
* AutoTheta takes the least objective of four unfinished searches, so that STM may win against OTM.
"""

from __future__ import annotations

import csv
import json
import platform
from pathlib import Path

import numpy as np
import statsforecast
from statsforecast.theta import auto_theta, forecast_theta

HERE = Path(__file__).parent
MODELS = {"STM": "STM", "OTM": "OTM", "DSTM": "DSTM", "DOTM": "DOTM", "auto": None}


def series() -> dict[str, tuple[np.ndarray, int]]:
    """Return values and season length of the series of theta.csv."""
    values: dict[str, list[float]] = {}
    season: dict[str, int] = {}
    with (HERE / "theta.csv").open() as lines:
        next(lines)
        for row in csv.DictReader(lines):
            if row["what"] == "y":
                values.setdefault(row["unique_id"], []).append(float(row["value"]))
            elif row["what"] == "season_length":
                season[row["unique_id"]] = int(row["value"])
    return {name: (np.array(y), season[name]) for name, y in values.items()}


def answer(y: np.ndarray, m: int, model: str | None, kind: str) -> dict[str, object]:
    """Fit one model and return parameters, objective and forecast."""
    fit = auto_theta(y, m, model=model, decomposition_type=kind)
    seasonal = bool(fit.get("decompose", False))
    kind = fit["decomposition_type"] if seasonal else "none"
    index = np.ones(m) if kind != "additive" else np.zeros(m)
    if seasonal:
        index = np.roll(fit["seas_forecast"]["mean"], len(y) % m)
    # The residuals are those of the adjusted series, times (plus, additive) the season of each value.
    errors = np.asarray(fit["residuals"])
    season = np.resize(index, len(y))
    errors = (
        errors / season if kind == "multiplicative" else errors - season if seasonal else errors
    )
    return {
        "model": fit["modeltype"],
        "alpha": float(fit["par"]["alpha"]),
        "theta": float(fit["par"]["theta"]),
        "first_level": float(fit["par"]["initial_smoothed"]),
        "objective": float((errors[3:] ** 2).sum()),
        "season": kind,
        "index": index.tolist(),
        "mean": forecast_theta(fit, 18)["mean"].tolist(),
    }


def main() -> None:
    """Fit every model to every series, with both decompositions, and write all of it down."""
    made = {
        name: {
            f"{key} {kind}": answer(y, m, model, kind)
            for key, model in MODELS.items()
            for kind in ("multiplicative", "additive")
        }
        for name, (y, m) in series().items()
    }
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    facts = {"statsforecast": statsforecast.__version__, **versions, "date": "2026-11-27"}
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps({"made with": facts, "series": made}, indent=1) + "\n")
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
