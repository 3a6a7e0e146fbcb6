"""STL against statsmodels, and what it is worth as a forecaster.

``python -m benchmarks.stl [FOLDER]``. First milliseconds a decomposition, one core, the least of many runs
(the machine may be busy). Then MASE of STL with a non-seasonal member, alone and as the third of a mean with
AutoETS and DynamicOptimizedTheta, which says whether an ensemble should have it: on the official windows of M3
and Tourism monthly, the last three years of US retail sales and the last six four-week spans of Swiss card
payments. FOLDER holds these as ``m3.parquet``, ``tourism.parquet``, ``us_retail_mrts.parquet``,
``swiss_cards_category_channel.parquet``. Not all of them may be given away with the project: without FOLDER
this part is left out.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

import forecasting as fc
from forecasting.kernels.stl import decompose

Split = tuple[pd.DataFrame, pd.DataFrame]
KEYS = ["unique_id", "ds", "y"]


def least(run: Callable[[], object], times: int) -> float:
    """Return the least milliseconds of a run."""
    walls = []
    for _ in range(times):
        began = time.perf_counter()
        run()
        walls.append(time.perf_counter() - began)
    return 1e3 * min(walls)


def speed() -> None:
    """Print milliseconds a decomposition, ours and statsmodels'."""
    from statsmodels.tsa.seasonal import STL

    rng = np.random.default_rng(0)
    for n, m in ((72, 12), (144, 12), (360, 12), (1672, 7), (1000, 24), (2000, 168)):
        t = np.arange(n)
        y = 100 + 0.3 * t + 10 * np.sin(2 * np.pi * t / m) + 3 * rng.standard_normal(n)
        copies = max(1, 400 // n)
        lo = n * np.arange(copies)
        many = np.tile(y, copies)
        for robust in (False, True):
            theirs = least(lambda y=y, m=m, r=robust: STL(y, period=m, robust=r).fit(), 5)  # type: ignore[misc]
            ours = least(
                lambda v=many, lo=lo, n=n, m=m, r=robust: decompose(v, lo, lo + n, [m], robust=r),  # type: ignore[misc]
                40,
            )
            kind = "robust" if robust else "plain"
            print(
                f"n = {n}, m = {m}, {kind}: {ours / copies:.3f} ms here, {theirs:.2f} ms in statsmodels, "
                f"{theirs * copies / ours:.0f}x"
            )


def by_date(data: pd.DataFrame, cutoffs: list[pd.Timestamp], span: pd.DateOffset) -> list[Split]:
    """Return the training and test part of each cutoff."""
    return [
        (data[data["ds"] <= c], data[(data["ds"] > c) & (data["ds"] <= c + span)]) for c in cutoffs
    ]


def panels(folder: Path) -> Iterator[tuple[str, int, int, list[Split]]]:
    """Yield name, season length, horizon and windows of each set."""
    for name in ("m3", "tourism"):
        data = pd.read_parquet(folder / f"{name}.parquet").query("m == 12")
        data = data.astype({"unique_id": str, "split": str})
        parts = [data.loc[data["split"] == part, KEYS] for part in ("train", "test")]
        yield f"{name}, monthly", 12, int(data["h"].iloc[0]), [(parts[0], parts[1])]
    data = pd.read_parquet(folder / "us_retail_mrts.parquet").query("adj == 'NSA'")[KEYS]
    data = data.astype({"unique_id": str})
    whole = data.groupby("unique_id")["y"].transform(lambda y: y.notna().all())
    data, end = data[whole], data["ds"].max()
    cutoffs = [end - pd.DateOffset(months=12 * k) for k in (3, 2, 1)]
    yield "US retail, monthly", 12, 12, by_date(data, cutoffs, pd.DateOffset(months=12))
    data = pd.read_parquet(folder / "swiss_cards_category_channel.parquet")[KEYS]
    data = data.astype({"unique_id": str}).sort_values(["unique_id", "ds"])
    spans = data.groupby("unique_id")["ds"].agg(["min", "max", "size"])
    days = (spans["max"] - spans["min"]).dt.days + 1
    data = data[data["unique_id"].isin(spans.index[days == spans["size"]])]  # no day is missing
    cutoffs = [data["ds"].max() - pd.DateOffset(days=28 * k) for k in range(6, 0, -1)]
    yield "Swiss cards, daily", 7, 28, by_date(data, cutoffs, pd.DateOffset(days=28))


def candidates(m: int) -> dict[str, fc.Forecaster]:
    """Return what is compared; the first two are the mean to which the others are added."""
    found: dict[str, fc.Forecaster] = {
        "AutoETS": fc.AutoETS(m),
        "DOTM": fc.DynamicOptimizedTheta(m),
    }
    members = (fc.Holt(damped=True), fc.AutoETS(1), fc.DynamicOptimizedTheta())
    for member, said in zip(members, ("damped Holt", "ETS", "DOTM"), strict=True):
        for robust in (False, True):
            for width in (7, 13, 21) if said == "DOTM" else (7, 13):
                kind = "robust STL" if robust else "STL"
                found[f"{kind}({width}) + {said}"] = fc.STLForecaster(m, member, width, robust)
    found["robust STL(periodic) + DOTM"] = fc.STLForecaster(m, members[2], "periodic", True)
    return found


def accuracy(folder: Path) -> None:
    """Print MASE and sMAPE of each candidate, and MASE of the mean with it."""
    for name, m, h, splits in panels(folder):
        truth = pd.concat([b.assign(k=k) for k, (_, b) in enumerate(splits)])
        truth = truth.set_index(["k", "unique_id", "ds"])["y"]
        scale = pd.concat(
            [
                a.groupby("unique_id")["y"].apply(lambda y, m=m: y.diff(m).abs().mean())
                for a, _ in splits
            ],
            keys=range(len(splits)),
            names=["k"],
        )
        n = len(scale)

        def mase(forecast: pd.Series, truth=truth, scale=scale) -> float:  # type: ignore[no-untyped-def]
            error = (truth - forecast).abs().groupby(level=[0, 1]).mean()
            return float((error / scale[scale > 0]).mean())

        print(f"\n{name}: {n} windows, m = {m}, h = {h}")
        base: list[pd.Series] = []
        for label, forecaster in candidates(m).items():
            began, parts = time.perf_counter(), []
            for k, (train, _) in enumerate(splits):
                parts.append(forecaster.fit(train).predict(h).assign(k=k))
            ms = 1e3 * (time.perf_counter() - began) / n
            found = (
                pd.concat(parts).set_index(["k", "unique_id", "ds"])["mean"].reindex(truth.index)
            )
            smape = float((200 * (truth - found).abs() / (truth.abs() + found.abs())).mean())
            line = f"{label:28} MASE {mase(found):.3f}  sMAPE {smape:5.2f}  {ms:6.2f} ms a window"
            if len(base) < 2:
                base.append(found)
                print(line)
                if len(base) == 2:
                    before = mase(sum(base) / 2)
                    print(f"{'mean of these two':28} MASE {before:.3f}")
                continue
            after = mase((base[0] + base[1] + found) / 3)
            change = 100 * (after / before - 1)
            print(f"{line}; mean of three {after:.3f} ({change:+.1f} %)", flush=True)


def main(words: list[str] | None = None) -> int:
    """Print both parts."""
    words = sys.argv[1:] if words is None else words
    speed()
    if not words:
        print("\naccuracy: left out, no folder with the data was named")
        return 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        accuracy(Path(words[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
