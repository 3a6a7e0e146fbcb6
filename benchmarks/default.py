"""The default forecaster beside its peers on the same windows: errors, calibration, CPU time.

``python -m benchmarks default``, or with choices ``python -m benchmarks.default --panels m3_monthly
--ours AutoForecaster,AutoETS``. Peers: statsforecast (AutoETS, DynamicOptimizedTheta, AutoCES, MSTL,
AutoARIMA), FLAIR, a global LightGBM of mlforecast, Prophet; the slow ones on every k-th window, and then ours
is compared with them on those windows alone. ``FORECASTING_PEER_FORECASTS`` names a folder in which their
forecasts are kept with their CPU seconds, and looked for; without it all are made again, half an hour of
one core. ``FORECASTING_BENCH_DATA`` names the folder of the panels that are no competition.

Everything is scored by ``forecasting.metrics``: sMAPE, MASE, SQL, MSIS and coverage are means over series of
their means over windows and steps; WAPE is pooled; MASE, SQL and MSIS are in units of the in-sample seasonal
naive at the panel's season length. SQL is the mean over the nine deciles: with the bounds of the 95 % interval
among the quantiles it would be a tenth lower, and no figure of others could be held against it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

import forecasting as fc
from benchmarks import default_goals as goals
from benchmarks.default_panels import HELD_OUT, AbsentError, Panel, load, names
from benchmarks.default_peers import QUANTILES
from benchmarks.side_by_side import ONE_THREAD, peer_python
from forecasting.metrics import seasonal_naive_scale, summarise

#: Ours, by name: season length and horizon of the panel -> forecaster.
OURS: dict[str, Callable[[int, int], fc.Forecaster]] = {
    "AutoForecaster": lambda m, h: fc.AutoForecaster(m),
    "told-the-horizon": lambda m, h: fc.AutoForecaster(m, horizon=h),
    "boosted": lambda m, h: fc.AutoForecaster(m, booster=True),
    "AutoETS": lambda m, h: fc.AutoETS(m if m <= 24 else 1),
    "DynamicOptimizedTheta": lambda m, h: fc.DynamicOptimizedTheta(m),
    "SeasonalNaive": lambda m, h: fc.SeasonalNaive(m),
}
#: The cheap ones first, so that a run that is stopped has something to compare with.
PEERS = (
    "FLAIR",
    "DynamicOptimizedTheta",
    "LightGBM",
    "MSTL",
    "Prophet",
    "AutoETS",
    "AutoCES",
    "AutoARIMA",
)
#: Most windows of a panel that a slow peer is run on, by season length; it is left out where none is named.
MOST: dict[str, dict[int, int]] = {
    "AutoCES": {1: 200, 4: 150, 12: 100, 7: 28, 52: 20, 24: 8},
    "AutoARIMA": {1: 60, 4: 30, 12: 20, 7: 4},
    "Prophet": {7: 24, 12: 24, 52: 24, 24: 8},
}
METRICS = ("sMAPE", "MASE", "WAPE", "SQL", "MSIS-95", "coverage-80", "coverage-95")
NO_DECILES = ("lo-95", "hi-95", "q-0.025", "q-0.975")
BOUNDS = {"lo-80": 0.1, "hi-80": 0.9, "lo-95": 0.025, "hi-95": 0.975}


@dataclass(frozen=True, eq=False)
class Cut:
    """A panel cut into windows, with the scales of its series."""

    panel: Panel
    seen: pd.DataFrame  # task, unique_id, cutoff, ds, y
    asked: pd.DataFrame  # and step
    scales: pd.DataFrame  # unique_id, cutoff, mae, mse

    @property
    def tasks(self) -> list[str]:
        """Windows by name, in order."""
        return sorted(self.asked["task"].unique())


def cut(panel: Panel) -> Cut:
    """Cut a panel, and take the scale of each window from what is seen in it."""
    seen, asked = panel.windows()
    seen = seen.sort_values(["task", "ds"], ignore_index=True)
    bounds = seen.groupby("task", sort=True).agg(
        unique_id=("unique_id", "first"), cutoff=("cutoff", "first"), n=("y", "size")
    )
    hi = bounds["n"].cumsum().to_numpy()
    mae, mse = seasonal_naive_scale(seen["y"].to_numpy(), hi - bounds["n"].to_numpy(), hi, panel.m)
    scales = bounds[["unique_id", "cutoff"]].assign(mae=mae, mse=mse).reset_index(drop=True)
    return Cut(panel, seen, asked, scales)


def every_kth(peer: str, panel: Panel, n: int) -> int | None:
    """Return k: a peer is run on every k-th of n windows. None: not at all.

    k shares no factor with the number of cutoffs, so that all of them are met.
    """
    if (peer == "MSTL" and not panel.seasons) or (peer == "Prophet" and panel.freq == 1):
        return None
    if peer not in MOST:
        return 1
    if panel.m not in MOST[peer]:
        return None
    k = math.ceil(n / MOST[peer][panel.m])
    while k > 1 and math.gcd(k, len(panel.cutoffs)) > 1:
        k += 1
    return k


def their_forecasts(
    at: Cut, peers: list[str], python: str | None, folder: Path
) -> dict[str, tuple[pd.DataFrame, dict[str, float]]]:
    """Return table and facts of each peer: those that are kept, and, with ``python``, the others."""
    panel = at.panel
    place = folder / panel.name
    place.mkdir(parents=True, exist_ok=True)
    told = {"name": panel.name, "h": panel.h, "m": panel.m, "seasons": panel.seasons}
    told |= {"letter": panel.letter, "freq": panel.freq}
    hashes = pd.util.hash_pandas_object(at.seen, index=False).to_numpy().tobytes()
    jobs, wanted = [], {}
    for peer in peers:
        k = every_kth(peer, panel, len(at.tasks))
        if k is None:
            continue
        key = json.dumps(told | {"every": k}).encode()
        digest = hashlib.sha256(hashes + key).hexdigest()
        table, facts = place / f"{peer}.parquet", place / f"{peer}.json"
        wanted[peer] = (table, facts, digest)
        if not (facts.is_file() and json.loads(facts.read_text())["digest"] == digest):
            jobs.append({"peer": peer, "every": k, "digest": digest})
            jobs[-1] |= {"table": str(table), "facts": str(facts)}
    if jobs and python is not None:
        with tempfile.TemporaryDirectory() as temporary:
            seen, spec = Path(temporary) / "seen.parquet", Path(temporary) / "spec.json"
            at.seen.to_parquet(seen)
            content = json.dumps(told | {"seen": str(seen), "jobs": jobs})
            spec.write_text(content, encoding="utf-8")
            script = str(Path(__file__).with_name("default_peers.py"))
            subprocess.run([python, script, str(spec)], check=True, env=os.environ | ONE_THREAD)
    found = {}
    for peer, (table, path, digest) in wanted.items():
        facts = json.loads(path.read_text()) if path.is_file() else {"digest": ""}
        if facts["digest"] == digest:
            found[peer] = (tidy(at, pd.read_parquet(table), peer), facts)
    return found


def tidy(at: Cut, table: pd.DataFrame, model: str) -> pd.DataFrame:
    """Return a forecast table as the metrics read it: ``task, step, mean, 0.025 ..`` beside the truth."""
    joined = at.asked.merge(table, on=["task", "step"], validate="one_to_one")
    joined = joined.rename(columns={str(q): f"q-{q}" for q in QUANTILES})
    for bound, q in BOUNDS.items():
        joined[bound] = joined[f"q-{q}"]
    return joined.assign(model=model)


def our_forecasts(at: Cut, forecaster: fc.Forecaster) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return ours for all windows, by ``fc.backtest`` in one thread, and its CPU seconds.

    Where it makes no forecast the seasonal naive stands in, as it does for the peers, and is counted.
    """
    panel = at.panel
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = fc.backtest(
            panel.frame,
            {"ours": forecaster},
            h=panel.h,
            cutoffs=list(panel.cutoffs),
            window=panel.window or "expanding",
            partial="keep",
            quantiles=QUANTILES,
            season_length=panel.m,
            freq=panel.freq,
            progress=False,
        ).forecasts
    cpu = time.process_time() - start
    names = {f"q-{q:g}": str(q) for q in QUANTILES}
    table = at.asked[["task", "step", "unique_id", "cutoff"]].merge(
        found.rename(columns=names)[["unique_id", "cutoff", "step", "mean", *names.values()]],
        on=["unique_id", "cutoff", "step"],
        how="left",
        validate="one_to_one",
    )
    absent = table["task"].isin(table.loc[table["mean"].isna(), "task"])
    last = at.seen.groupby("task")["y"].apply(lambda y: y.to_numpy()[-panel.m :])
    at_step = zip(table.loc[absent, "task"], table.loc[absent, "step"], strict=True)
    table.loc[absent, "mean"] = [last[task][(s - 1) % len(last[task])] for task, s in at_step]
    n_failed = table.loc[absent, "task"].nunique()
    facts = {"cpu": cpu, "tasks": len(at.tasks), "failed": n_failed}
    return tidy(at, table.drop(columns=["unique_id", "cutoff"]), "ours"), facts


def scores(at: Cut, table: pd.DataFrame) -> dict[str, float]:
    """Return the metrics of one model's table."""
    deciles = table.drop(columns=list(NO_DECILES))
    others = [name for name in METRICS if name != "SQL"]
    found = summarise(table, at.scales, metrics=others, undefined=False).iloc[0]
    sql = summarise(deciles, at.scales, metrics="SQL", undefined=False)["SQL"].iloc[0]
    return {name: float(sql if name == "SQL" else found[name]) for name in METRICS}


@dataclass(frozen=True, eq=False)
class Result:
    """A panel's outcome: ours, and every peer with ours on the windows that it ran on."""

    at: Cut
    ours: pd.DataFrame
    facts: dict[str, float]
    score: dict[str, float]
    peers: pd.DataFrame  # index peer: metrics, windows, failed, ms, "MASE %", "SQL %"

    @property
    def full(self) -> pd.DataFrame:
        """Peers that ran on all windows."""
        return self.peers[self.peers["windows"] == len(self.at.tasks)]


def row_of(at: Cut, table: pd.DataFrame, facts: dict[str, float]) -> dict[str, float]:
    """Return a model's row: how many windows, its metrics, CPU milliseconds for each window."""
    n = facts["tasks"]
    return {
        "windows": n,
        "failed": facts["failed"],
        **scores(at, table),
        "ms": 1000 * facts["cpu"] / n,
    }


def compare(
    at: Cut,
    ours: tuple[pd.DataFrame, dict[str, float]],
    theirs: dict[str, tuple[pd.DataFrame, dict[str, float]]],
) -> Result:
    """Hold ours against each peer, on the windows of that peer."""
    mine = row_of(at, *ours)
    rows = {}
    for peer, (table, facts) in theirs.items():
        here = ours[0][ours[0]["task"].isin(table["task"])]
        there = row_of(at, table, facts)
        same = mine if len(here) == len(ours[0]) else scores(at, here)
        share = {f"{name} %": 100 * (same[name] / there[name] - 1) for name in ("MASE", "SQL")}
        rows[peer] = there | share
    score = {name: mine[name] for name in (*METRICS, "ms")}
    columns = ["windows", "failed", *METRICS, "ms", "MASE %", "SQL %"]
    return Result(at, *ours, score, pd.DataFrame.from_dict(rows, orient="index", columns=columns))


def told(result: Result, name: str) -> str:
    """Return a panel's table as text: ours first."""
    mine = pd.DataFrame([row_of(result.at, result.ours, result.facts)], index=[f"{name} (ours)"])
    table = pd.concat([mine, result.peers.sort_values("MASE")]) if len(result.peers) else mine
    counts = dict.fromkeys(("windows", "failed"), "{:.0f}".format)
    digits = dict.fromkeys(("MASE %", "SQL %"), "{:+.1f}".format)
    wide = dict.fromkeys(("coverage-80", "coverage-95", "ms"), "{:.1f}".format)
    form = dict.fromkeys(METRICS, "{:.3f}".format) | counts | digits | wide
    panel = result.at.panel
    title = f"\n{panel.name}: h = {panel.h}, m = {panel.m}, cutoffs: {len(panel.cutoffs)}"
    return title + "\n" + table.to_string(formatters=form, na_rep="-")


def main(arguments: list[str] | None = None) -> int:
    """Print a table for each panel, then what ours is worth over all of them."""
    parser = argparse.ArgumentParser(prog="benchmarks.default", description=__doc__.split("\n")[0])
    parser.add_argument("--panels", help="comma-separated; all by default")
    parser.add_argument("--ours", default="AutoForecaster", help="comma-separated, of OURS")
    parser.add_argument("--peers", default=",".join(PEERS), help="comma-separated, of PEERS")
    parser.add_argument("--held-out", action="store_true", help="the panels to look at once")
    parser.add_argument("--kept-only", action="store_true", help="run no peer that is not kept")
    chosen = parser.parse_args(arguments)
    panels = chosen.panels.split(",") if chosen.panels else names(chosen.held_out)
    ours = [name for name in chosen.ours.split(",") if name]
    python = peer_python()
    if python is None:
        print("no environment with the peers; `make bench` sets one up in .venv-peers")
    results: dict[str, dict[str, Result]] = {name: {} for name in ours}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(os.environ.get("FORECASTING_PEER_FORECASTS", temporary))
        folder.mkdir(parents=True, exist_ok=True)
        for panel in panels:
            if panel in HELD_OUT and not chosen.held_out:
                print(f"\n{panel}: is held out; --held-out looks at it")
                continue
            try:
                at = cut(load(panel, python, folder))
            except AbsentError as error:
                print(f"\n{panel}: skipped, {error}")
                continue
            runs = None if chosen.kept_only else python
            theirs = their_forecasts(at, chosen.peers.split(","), runs, folder)
            for name in ours:
                mine = our_forecasts(at, OURS[name](at.panel.m, at.panel.h))
                results[name][panel] = compare(at, mine, theirs)
                print(told(results[name][panel], name), flush=True)
    for name, found in results.items():
        if found:
            print(f"\n=== {name}\n" + goals.summary(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
