"""What the default forecaster has to reach, and the lines that say whether it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

#: Panel, metric, most (or least and most) that is allowed. Measured with a prototype, then rounded up.
GOALS: tuple[tuple[str, str, float], ...] = (
    ("m3_yearly", "sMAPE", 16.0),
    ("m3_quarterly", "sMAPE", 9.2),
    ("m3_monthly", "sMAPE", 13.35),
    ("m3_other", "sMAPE", 4.45),
    ("m3_yearly", "MSIS-95", 22.0),
    ("m3_quarterly", "MSIS-95", 9.7),
    ("m3_monthly", "MSIS-95", 6.3),
    ("m3_other", "MSIS-95", 17.0),
    ("m3_yearly", "SQL", 2.13),
    ("m3_quarterly", "SQL", 0.90),
    ("m3_monthly", "SQL", 0.665),
    ("m3_other", "SQL", 1.53),
    ("tourism_yearly", "MASE", 2.65),
    ("tourism_quarterly", "MASE", 1.51),
    ("tourism_monthly", "MASE", 1.42),
    ("tourism_yearly", "MSIS-95", 19.0),
    ("tourism_quarterly", "MSIS-95", 13.0),
    ("tourism_monthly", "MSIS-95", 10.6),
    ("tourism_yearly", "SQL", 2.12),
    ("tourism_quarterly", "SQL", 1.23),
    ("tourism_monthly", "SQL", 1.14),
    ("m1_yearly", "MASE", 3.45),
    ("m1_quarterly", "MASE", 1.62),
    ("m1_monthly", "MASE", 1.035),
    ("m1_yearly", "MSIS-95", 40.0),
    ("m1_quarterly", "MSIS-95", 18.5),
    ("m1_monthly", "MSIS-95", 8.6),
    ("nn5_daily", "sMAPE", 19.9),
    ("nn5_daily", "MASE", 0.82),
    ("nn5_daily", "SQL", 0.67),
    ("swiss_cards_category_channel", "WAPE", 9.2),
    ("swiss_cards_category_channel", "SQL", 0.78),
    ("walmart_weekly", "WAPE", 8.6),
    ("walmart_weekly", "MSIS-95", 7.1),
    ("walmart_weekly", "SQL", 0.68),
    ("us_retail", "MASE", 1.12),
    ("us_retail", "SQL", 0.89),
)
#: Panels whose coverage of the 95 % interval has a band of its own, in percent.
CALIBRATED = ("m3_yearly", "m3_quarterly", "m3_monthly", "m3_other", "nn5_daily")
BAND, LEAST_COVERAGE = (93.0, 97.0), 88.0
MOST_BEHIND, LEAST_AHEAD = 3.0, 80.0  # percent of MASE; percent of panels
M3 = ("m3_yearly", "m3_quarterly", "m3_monthly", "m3_other")
M3_GOALS = {"all points sMAPE": 12.65, "series sMAPE": 12.35, "series MASE": 1.35}
#: FLAIR's letter of the frequency -> CPU milliseconds for a series, everything included.
COST = {"Y": 8.0, "Q": 8.0, "M": 20.0, "D": 80.0, "W": 30.0, "H": 120.0}


def whole_m3(results: Mapping[str, Any]) -> dict[str, float]:
    """Return the errors over all of M3: every point the same weight, and every series the same weight."""
    points = pd.concat([results[name].ours for name in M3])
    error = (points["y"] - points["mean"]).abs()
    smape = 200 * error / (points["y"].abs() + points["mean"].abs())
    sizes = [len(results[name].at.tasks) for name in M3]
    mean = {
        metric: float(np.average([results[name].score[metric] for name in M3], weights=sizes))
        for metric in ("sMAPE", "MASE")
    }
    return {
        "all points sMAPE": float(smape.mean()),
        "series sMAPE": mean["sMAPE"],
        "series MASE": mean["MASE"],
    }


def verdict(what: str, value: float, most: float, least: float = -np.inf) -> str:
    """Return one line: met or MISSED, the figure, what is demanded."""
    met = "met   " if least <= value <= most else "MISSED"
    bound = f"<= {most:g}" if least == -np.inf else f"{least:g} .. {most:g}"
    return f"{met} {what}: {value:.3f} ({bound})"


def summary(results: Mapping[str, Any]) -> str:
    """Return the goals, each met or missed, and what holds over all panels."""
    lines = [
        verdict(f"{panel} {metric}", results[panel].score[metric], most)
        for panel, metric, most in GOALS
        if panel in results
    ]
    if all(name in results for name in M3):
        found = whole_m3(results)
        lines += [verdict(f"M3 {name}", found[name], most) for name, most in M3_GOALS.items()]
    coverage = pd.Series({name: r.score["coverage-95"] for name, r in results.items()}).dropna()
    lines += [
        verdict(f"{name} cov95", coverage[name], BAND[1], BAND[0])
        for name in CALIBRATED
        if name in coverage.index
    ]
    n_met = sum(line.startswith("met") for line in lines)
    lines += ["", f"{n_met} of {len(lines)} met", *over_all(results, coverage), *cost(results)]
    return "\n".join(lines)


def over_all(results: Mapping[str, Any], coverage: pd.Series) -> list[str]:
    """Return how far ours is ahead of the best single peer, panel by panel, and the coverage."""
    lines, behind = ["", "MASE beside the best peer that ran on all windows:"], {}
    for name, result in results.items():
        if len(result.full):
            best = result.full["MASE"].idxmin()
            behind[name] = float(result.full.loc[best, "MASE %"])
            there = result.full.loc[best, "MASE"]
            text = f"{result.score['MASE']:.4f}, {best} {there:.4f}, {behind[name]:+.2f} %"
            lines.append(f"  {name}: {text}")
    if behind:
        ahead = 100 * float(np.mean([value < 0 for value in behind.values()]))
        worst = max(behind, key=lambda name: behind[name])
        lines += [
            verdict("panels ahead, percent", ahead, 100.0, LEAST_AHEAD),
            verdict(f"worst shortfall in percent, {worst}", behind[worst], MOST_BEHIND),
        ]
    sampled = [
        f"{name} {peer} {row['MASE %']:+.1f} % on {row['windows']:.0f}"
        for name, result in results.items()
        for peer, row in result.peers.drop(result.full.index).iterrows()
        if row["MASE %"] > 0
    ]
    lines.append("behind a peer on a sample of windows: " + ("; ".join(sampled) or "nowhere"))
    if len(coverage):
        least = str(coverage.idxmin())
        lines += [
            verdict("mean cov95", float(coverage.mean()), BAND[1], BAND[0]),
            verdict(f"least cov95, {least}", float(coverage.min()), 100.0, LEAST_COVERAGE),
        ]
    return lines


def cost(results: Mapping[str, Any]) -> list[str]:
    """Return CPU milliseconds for a window by frequency, one thread, backtest and all."""
    spent = pd.DataFrame(
        {
            "letter": [r.at.panel.letter for r in results.values()],
            "cpu": [r.facts["cpu"] for r in results.values()],
            "tasks": [r.facts["tasks"] for r in results.values()],
        }
    )
    total = spent.groupby("letter", sort=False).sum()
    lines = ["", "CPU milliseconds for a window, one thread:"]
    for letter, row in total.iterrows():
        lines.append(verdict(f"{letter}", 1000 * row["cpu"] / row["tasks"], COST[str(letter)]))
    return lines
