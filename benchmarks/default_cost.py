"""CPU milliseconds for a series of the default forecaster: fit, backtest inside, quantiles; one thread.

``python -m benchmarks.default_cost [NAME ...]``: names of ``benchmarks.default.OURS``, the default one without.
For each frequency one panel, at most a hundred of its series, as seen at the last cutoff: frame in, table of
forecasts with eleven quantiles out, in a process of its own. A figure is the median of three, after a first
series that warms up.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.default import OURS, cut
from benchmarks.default_goals import COST, verdict
from benchmarks.default_panels import AbsentError, load
from benchmarks.default_peers import QUANTILES
from benchmarks.side_by_side import our_side, peer_python

PANELS = (
    "m3_yearly",
    "m3_quarterly",
    "m3_monthly",
    "nn5_daily",
    "walmart_weekly",
    "vic_elec_hourly",
)
MOST_SERIES = 100
SETUP = """
import pandas as pd
from benchmarks.default import OURS
df = pd.read_parquet({path!r})
def go(df):
    model = OURS[{name!r}]({m}, {h}).fit(df, freq={freq!r})
    return model.predict({h}, quantiles={quantiles})
go(df[df["unique_id"] == df["unique_id"].iloc[0]])
"""


def milliseconds(panel: str, name: str, folder: Path, runs: int = 3) -> tuple[float, int, str]:
    """Return CPU milliseconds for a series, the number of series, FLAIR's letter of the frequency."""
    at = cut(load(panel, peer_python(), folder))
    last = at.seen[at.seen["cutoff"] == at.panel.cutoffs[-1]]
    ids = sorted(last["unique_id"].unique())
    ids = ids[:: -(-len(ids) // MOST_SERIES)]
    path = folder / "seen.parquet"
    last.loc[last["unique_id"].isin(ids), ["unique_id", "ds", "y"]].to_parquet(path)
    told = {"path": str(path), "name": name, "m": at.panel.m, "freq": at.panel.freq}
    setup = SETUP.format(**told, h=at.panel.h, quantiles=QUANTILES)
    side = our_side(name, setup, "out = go(df)")
    cpu = median(side.run()["cpu"] for _ in range(runs))
    return 1000 * cpu / len(ids), len(ids), at.panel.letter


def main(arguments: list[str] | None = None) -> int:
    """Print a line for each frequency."""
    for name in arguments or [next(iter(OURS))]:
        print(f"{name}: CPU milliseconds for a series")
        with tempfile.TemporaryDirectory() as temporary:
            for panel in PANELS:
                try:
                    spent, n, letter = milliseconds(panel, name, Path(temporary))
                except AbsentError as error:
                    print(f"{panel}: skipped, {error}")
                    continue
                print(verdict(f"{panel}, {n} series", spent, COST[letter]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
