"""Random panels as users have them, in long form and shuffled, beside the plain truth about them.

The truth is kept in lists and dicts that were made before any frame was, with the dates of pandas: what
the package reads can be held against it without asking the package.
"""

import decimal
import os
from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

FREQUENCIES = (
    "s", "min", "15min", "h", "D", "B", "W-MON", "W-SUN", "MS", "ME", "QS-JAN", "QE-DEC", "YS-JAN", "YE-DEC",
)  # fmt: skip
ON_THE_CLOCK = ("s", "min", "15min", "h")
ZONES = (None, "UTC", "Europe/Zurich", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
TEXT_IDS = (
    "a", "b", "A", "a b", "é", "e\u0301x", "商店", "🛒", "=1+1", "-2", "@x", "../etc", "nan", "None", "007",
    "7.0", "x" * 60, "a,b", 'say "hi"', "line\nbreak", "\u200bzero", "%s{}", "ß", "SS",
)  # fmt: skip
NUMBER_IDS = (0, -1, 7, 10, 9, 123_456_789_012, 2**53 + 1)

#: Every class of values: a number generator and a length to an array.
VALUES = {
    "ordinary": lambda rng, n: 100 + 10 * rng.normal(size=n),
    "constant": lambda rng, n: np.full(n, 42.0),
    "zeros": lambda rng, n: np.zeros(n),
    "tiny": lambda rng, n: 1e-300 * rng.uniform(1, 2, n),
    "huge": lambda rng, n: 1e18 * rng.uniform(1, 2, n),
    "negative": lambda rng, n: -50 - 5 * rng.normal(size=n),
    "intermittent": lambda rng, n: rng.poisson(3, n) * (rng.random(n) < 0.3) * 1.0,
    "outlier": lambda rng, n: np.where(np.arange(n) == n // 2, 1e9, 10 + rng.normal(size=n)),
    "growing": lambda rng, n: 1.3 ** np.arange(n) * rng.uniform(0.9, 1.1, n),
}
#: Classes of which no arithmetic in the usual size comes near the ends of float64.
TAME = ("ordinary", "constant", "zeros", "negative", "intermittent")
#: Examples of a property: few and always the same ones, or as many new ones as FUZZ_EXAMPLES says.
ASKED = os.environ.get("FUZZ_EXAMPLES")


def fuzz(examples=25):
    """Set how many examples a property has in the normal run; FUZZ_EXAMPLES=5000 is the nightly one."""
    return settings(
        max_examples=int(ASKED) if ASKED else examples,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.filter_too_much,
        ],
    )


@dataclass(frozen=True)
class Case:
    """A panel: ``truth[unique_id]`` lists ``(position, value)``, positions counting ``calendar``."""

    freq: str
    calendar: pd.DatetimeIndex
    truth: dict
    frame: pd.DataFrame = field(repr=False)

    def observed(self, name):
        """Return a dict of position to value of one series, missing values at its start left out."""
        rows = sorted(self.truth[name])
        while rows and np.isnan(rows[0][1]):
            rows = rows[1:]
        return dict(rows)


def calendar_of(freq, zone, start, n):
    """Return n dates as pandas counts them: hours pass, days and longer begin on the wall clock."""
    if freq in ON_THE_CLOCK:
        dates = pd.date_range(pd.Timestamp(start).floor("D"), periods=n, freq=freq)
        return dates if zone is None else dates.tz_localize("UTC").tz_convert(zone)
    dates = pd.date_range(start, periods=n, freq=freq)
    if zone is None:
        return dates
    first = np.ones(n, dtype=bool)
    return dates.tz_localize(zone, nonexistent="shift_forward", ambiguous=first)


def ids(least=1, most=4):
    """Draw distinct ids, all text or all numbers."""
    return st.one_of(
        st.lists(st.sampled_from(TEXT_IDS), min_size=least, max_size=most, unique=True),
        st.lists(st.sampled_from(NUMBER_IDS), min_size=least, max_size=most, unique=True),
    )


@st.composite
def cases(draw, least=1, most=4, length=(8, 40), holes=True, ragged=True, values=tuple(VALUES)):
    """Draw a panel. The first series is whole, so that the frequency can be seen and no step is lost."""
    freq = draw(st.sampled_from(FREQUENCIES))
    zone = draw(st.sampled_from(ZONES))
    start = draw(st.datetimes(pd.Timestamp("1995-01-01"), pd.Timestamp("2030-12-31")))
    n = draw(st.integers(*length))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    calendar = calendar_of(freq, zone, pd.Timestamp(start).floor("D"), n)
    truth = {}
    for i, name in enumerate(draw(ids(least, most))):
        kind = draw(st.sampled_from(values))
        first, last = 0, n
        if ragged and i:
            first = draw(st.integers(0, n // 3))
            last = n - draw(st.integers(0, n // 3))
        y = VALUES[kind](rng, last - first)
        keep = np.ones(last - first, dtype=bool)
        if holes and i:
            for _ in range(
                draw(st.integers(0, 2))
            ):  # steps without a row, never a first or last one
                at = draw(st.integers(1, last - first - 2))
                keep[at : min(at + draw(st.integers(1, 2)), last - first - 1)] = False
            if draw(st.booleans()):
                at = draw(st.integers(0, last - first - 2))
                y[at : at + draw(st.integers(1, 3))] = np.nan
                y[-1] = 1.0 if np.isnan(y[-1]) else y[-1]
        rows = [(first + j, float(v)) for j, v in enumerate(y) if keep[j]]
        if not any(rows[j][0] + 1 == rows[j + 1][0] for j in range(len(rows) - 1)):
            rows = [(first + j, float(v)) for j, v in enumerate(y)]
        truth[name] = rows
    return Case(freq, calendar, truth, shuffled(long_frame(calendar, truth), rng))


def long_frame(calendar, truth):
    """Return the rows in the order of the truth."""
    names = [name for name, rows in truth.items() for _ in rows]
    at = [position for rows in truth.values() for position, _ in rows]
    y = [value for rows in truth.values() for _, value in rows]
    return pd.DataFrame({"unique_id": names, "ds": calendar.take(at), "y": y})


def shuffled(frame, rng):
    return frame.iloc[rng.permutation(len(frame))].reset_index(drop=True)


# --- frames that nobody should hand in ----------------------------------------------------------------

ODD_CELLS = st.one_of(
    st.none(), st.booleans(), st.sampled_from((-(2**70), -5, 10**8, 2**40, 2**70)), st.floats(),
    st.text(max_size=3),
    st.binary(max_size=2), st.dates().map(str), st.datetimes(), st.complex_numbers(),
    st.tuples(st.integers()), st.decimals(allow_nan=False),
    st.sampled_from((pd.NaT, pd.NA, decimal.Decimal("NaN"), "01.02.2024", "2024-02-30", float("inf"))),
    st.sampled_from((pd.Period("2024-01", "M"), pd.Timestamp("2024-01-01", tz="UTC"))),
    st.just([1, 2]), st.just({"a": 1}),
)  # fmt: skip


@st.composite
def columns_of(draw, n, good):
    """Draw a column: mostly good cells with a few odd ones, or one kind of odd cell throughout."""
    kind = draw(
        st.sampled_from(("good", "one odd", "all odd", "same odd", "category", "arrow text"))
    )
    cells = list(good)
    if kind == "one odd":
        cells[draw(st.integers(0, n - 1))] = draw(ODD_CELLS)
    elif kind == "all odd":
        cells = draw(st.lists(ODD_CELLS, min_size=n, max_size=n))
    elif kind == "same odd":
        cells = [draw(ODD_CELLS)] * n
    elif kind == "category":
        return pd.Series(cells).astype("category")
    elif kind == "arrow text":
        return pd.Series([str(c) for c in cells], dtype="string[pyarrow]")
    return pd.Series(cells) if draw(st.booleans()) else pd.Series(cells, dtype=object)


@st.composite
def strange_frames(draw):
    """Draw a frame with the three columns, in which nearly anything may be wrong."""
    n = draw(st.integers(1, 12))
    days = list(pd.date_range("2024-01-01", periods=n))
    if draw(st.booleans()):
        days = [days[draw(st.integers(0, n - 1))] for _ in range(n)]
    frame = pd.DataFrame(index=range(n))
    for name, good in (("unique_id", ["a"] * n), ("ds", days), ("y", [float(i) for i in range(n)])):
        if draw(st.integers(0, 9)):
            frame[name] = draw(columns_of(n, good))
    change = draw(
        st.sampled_from(
            ("none", "none", "none", "index ds", "twice", "empty", "multi", "wide", "series")
        )
    )
    if not all(isinstance(cell, Hashable) for name in frame for cell in frame[name]):
        return frame  # pandas itself cannot make an index of it
    if change == "index ds" and "ds" in frame:
        frame = frame.set_index("ds")
    elif change == "twice" and "y" in frame:
        frame = pd.concat([frame, frame["y"]], axis=1)
    elif change == "empty":
        frame = frame.iloc[:0]
    elif change == "multi" and {"unique_id", "ds"} <= set(frame):
        frame = frame.set_index(["unique_id", "ds"])
    elif change == "wide" and {"ds", "y"} <= set(frame):
        frame = frame.drop(columns="unique_id", errors="ignore").set_index("ds")
    elif change == "series" and "y" in frame:
        return frame["y"]
    return frame
