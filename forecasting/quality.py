"""A look at data before it is forecast: what is odd, where it begins, and the line that mends "
"it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from forecasting._typing import BoolArray, FloatArray, IntArray
from forecasting.calendar import FreqLike, looks_like
from forecasting.errors import check_count, plural
from forecasting.oddities import OUTLIER, SEASONS, incomplete
from forecasting.rows import LARGEST_FILL, LARGEST_JUMP, Rows, coarser, filled, read_rows
from forecasting.shapes import read_shape

#: Share of zeros from which a series counts as intermittent.
INTERMITTENT = 0.5
#: A step between two levels of this ratio looks like another unit (cents among euros).
UNIT_RATIO = (80.0, 125.0)
#: Values whose medians are sought at once.
CHUNK = 2_000_000
COLUMNS = ("unique_id", "what", "n", "first", "detail", "mend")


@dataclass
class _Findings:
    """Blocks of the table, in the order in which they should be mended."""

    rows: Rows
    blocks: list[pd.DataFrame] = field(default_factory=list)

    def add(
        self,
        what: str,
        series: IntArray,
        n: IntArray,
        first: IntArray,
        detail: list[str] | str,
        mend: list[str] | str,
    ) -> None:
        """Add one row per series; ``first`` are ordinals."""
        if len(series) == 0:
            return
        self.blocks.append(
            pd.DataFrame(
                {
                    "unique_id": self.rows.ids[series],
                    "what": what,
                    "n": np.asarray(n, dtype=np.int64),
                    "first": self.rows.calendar.times(first),
                    "detail": detail,
                    "mend": mend,
                }
            )
        )

    def table(self) -> pd.DataFrame:
        if not self.blocks:
            empty = pd.DataFrame({name: [] for name in COLUMNS})
            return empty.astype({"what": str, "n": np.int64, "detail": str, "mend": str})
        return pd.concat(self.blocks, ignore_index=True)


def check(
    data: object,
    *,
    freq: FreqLike = None,
    id_col: str = "unique_id",
    time_col: str = "ds",
    target_col: str = "y",
    date_format: str | None = None,
    season_length: int | None = None,
) -> pd.DataFrame:
    """Return what is odd in the data, one row per series and kind, and the line that mends it.

    Parameters
    ----------
    data : DataFrame, Series, polars or Arrow table
        As for :func:`forecasting.as_panel`. Here duplicates, gaps and stray times are no errors.
    freq : str, int or DatetimeIndex, optional
        Inferred when None.
    season_length : int, optional
        Steps in a season; that of the frequency when None (7 for days, 12 for months).

    Returns
    -------
    DataFrame
        ``unique_id, what, n, first, detail, mend``. Empty if nothing is odd. ``what`` is one of

        - ``off calendar``: n rows whose time is not on the frequency; later checks leave them out
        - ``coarser``: a regular series on a coarser step than the others
        - ``jump``: a step to what looks like a placeholder date; later checks leave it out
        - ``duplicate``: n rows that repeat a time; later checks see the first
        - ``gap``: n steps without a row
        - ``all missing``, ``missing``, ``missing at the end``: n values that are missing
        - ``infinite``: n values that are infinite
        - ``short``: n observations, fewer than two seasons
        - ``stale``: it ends n steps before the last series
        - ``incomplete last period``: the last value is below 60 % of the usual one, and below each
          of the last four of its season
        - ``outlier``: n values more than 50 robust deviations (1.4826 MAD) from the median
        - ``units``: n values about a hundred times the rest: cents among euros?
        - ``constant``: n values, all the same
        - ``intermittent``: n zeros, at least half of the values

    Raises
    ------
    ArgumentError
        If ``season_length`` is no whole number of at least 1.
    InputError
        If the data cannot be read at all: columns are missing, ids or times are null, the target is
        not a number.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-05"])
    >>> df = pd.DataFrame({"unique_id": "a", "ds": days, "y": [1.0, 2.0, 3.0]})
    >>> check(df)[["unique_id", "what", "n"]].values.tolist()
    [['a', 'gap', 2], ['a', 'short', 3]]
    """
    if season_length is not None:
        check_count(season_length, "season_length")
    rows = read_rows(read_shape(data, id_col, time_col, target_col), freq, date_format)
    found = _Findings(rows)
    rows = _stray(found, rows)
    rows = _twice(found, rows)
    rows = _steps(found, rows)
    m = rows.calendar.season_length if season_length is None else season_length
    _missing(found, rows)
    _ends(found, rows, m)
    _values(found, rows)
    return found.table()


def _name(rows: Rows) -> str:
    return rows.columns.shape.time_col


def _stray(found: _Findings, rows: Rows) -> Rows:
    off = np.flatnonzero(~rows.on_grid)
    if len(off) == 0:
        return rows
    series, at, n = np.unique(rows.codes[off], return_index=True, return_counts=True)
    shown = pd.Index(rows.times.wall)[off[at]].astype(str)
    freq, time = rows.calendar.freq, _name(rows)
    found.add(
        "off calendar",
        series,
        n,
        rows.ordinals[off[at]],
        [f"not on freq {freq!r}, first {when}" for when in shown],
        f"df[{time!r}] = df[{time!r}].dt.normalize(), or say the true freq=",
    )
    return rows.take(rows.on_grid) if rows.on_grid.any() else rows


def _twice(found: _Findings, rows: Rows) -> Rows:
    double = rows.doubles()
    at = np.flatnonzero(double)
    series, first, n = np.unique(rows.codes[at], return_index=True, return_counts=True)
    before, after = rows.y[at[first] - 1], rows.y[at[first]]
    shape = rows.columns.shape
    keys = [shape.id_col, shape.time_col] if shape.has_ids else [shape.time_col]
    found.add(
        "duplicate",
        series,
        n,
        rows.ordinals[at[first]],
        [
            "the values are equal" if a == b else f"the values differ: {a:g} and {b:g}"
            for a, b in zip(before, after, strict=True)
        ],
        f"df.drop_duplicates({keys}), or on_duplicate='sum'",
    )
    return rows.take(~double) if len(at) else rows


def _steps(found: _Findings, rows: Rows) -> Rows:
    begins = rows.begins
    steps = np.diff(rows.ordinals, prepend=rows.ordinals[0])
    steps[begins] = 1
    if steps.max() <= 1:
        return rows
    first = np.flatnonzero(begins)
    slow = np.array(coarser(rows, steps, first), dtype=np.int64)
    lengths = np.diff(np.append(first, len(rows)))
    looks = [looks_like(rows.times.take(slice(first[s], first[s] + lengths[s]))) for s in slow]
    found.add(
        "coarser",
        rows.codes[first[slow]],
        lengths[slow],
        rows.ordinals[first[slow]],
        [f"looks like freq {name!r}, not {rows.calendar.freq!r}" for name in looks],
        "forecast it apart, or bring the others to its step, aggregate(part, freq=...)",
    )
    own = np.repeat(lengths, lengths)
    far = np.flatnonzero(steps > np.maximum(LARGEST_JUMP, 10 * own))
    time = _name(rows)
    found.add(
        "jump",
        rows.codes[far],
        np.ones(len(far), dtype=np.int64),
        rows.ordinals[far],
        [f"a step of {n:,} at once: a placeholder date?" for n in steps[far].tolist()],
        f"df = df[df[{time!r}] < ...]",
    )
    _gaps(found, rows, steps, first, np.isin(np.arange(len(first)), slow), far)
    return rows.take(_beside(rows, far)) if len(far) else rows


def _beside(rows: Rows, far: IntArray) -> BoolArray:
    """Return which rows are left when the shorter side of every jump is left out."""
    keep = np.ones(len(rows), dtype=bool)
    for at in far.tolist():
        own = np.flatnonzero(rows.codes == rows.codes[at])
        after = own >= at
        keep[own[after if 2 * np.count_nonzero(after) <= len(own) else ~after]] = False
    return keep


def _gaps(
    found: _Findings, rows: Rows, steps: IntArray, first: IntArray, slow: BoolArray, far: IntArray
) -> None:
    holes = steps - 1
    holes[far] = 0
    count = np.add.reduceat(holes, first)
    series = np.flatnonzero((count > 0) & ~slow)
    at = np.flatnonzero(holes > 0)
    at = at[np.searchsorted(at, first[series])]
    found.add(
        "gap",
        rows.codes[first[series]],
        count[series],
        rows.ordinals[at] - holes[at],
        [
            f"{plural(n, 'step')} of freq {rows.calendar.freq!r} without a row"
            for n in count[series].tolist()
        ],
        "fill_gaps(data, how='zero'), or 'forward', 'seasonal'",
    )


def _missing(found: _Findings, rows: Rows) -> None:
    first = np.flatnonzero(rows.begins)
    last = np.append(first[1:], len(rows)) - 1
    nan = np.isnan(rows.y)
    count = np.add.reduceat(nan, first, dtype=np.int64)
    length = last - first + 1
    whole = np.flatnonzero(count == length)
    found.add(
        "all missing",
        rows.codes[first[whole]],
        count[whole],
        rows.ordinals[first[whole]],
        "no value at all",
        "drop the series, or ask where it comes from",
    )
    seen = np.flatnonzero(~nan)
    tail = np.zeros(len(first), dtype=np.int64)
    if len(seen):
        tail = last - seen[np.maximum(np.searchsorted(seen, last, side="right") - 1, 0)]
    for what, n, mend in (
        ("missing", count - tail, "fill_gaps(data, how='zero'), or 'forward', 'seasonal'"),
        ("missing at the end", tail, "drop_trailing_na=True, if the final period is not complete"),
    ):
        series = np.flatnonzero((n > 0) & (count < length))
        start = first[series] if what == "missing" else last[series] - tail[series] + 1
        rows_at = np.flatnonzero(nan)
        at = rows_at[np.searchsorted(rows_at, start)] if len(series) else start
        share = 100 * n[series] / length[series]
        detail = [f"{x:.0f} % of its rows" for x in share]
        found.add(what, rows.codes[first[series]], n[series], rows.ordinals[at], detail, mend)
    infinite = np.flatnonzero(np.isinf(rows.y))
    series, at, n = np.unique(rows.codes[infinite], return_index=True, return_counts=True)
    found.add(
        "infinite",
        series,
        n,
        rows.ordinals[infinite[at]],
        [f"{rows.y[row]:+g}" for row in infinite[at].tolist()],
        f"df[{rows.columns.shape.target_col!r}].replace([np.inf, -np.inf], np.nan)",
    )


def _ends(found: _Findings, rows: Rows, m: int) -> None:
    first = np.flatnonzero(rows.begins)
    last = np.append(first[1:], len(rows)) - 1
    count = np.add.reduceat(~np.isnan(rows.y), first, dtype=np.int64)
    short = np.flatnonzero((count < max(2 * m, 4)) & (count > 0))
    found.add(
        "short",
        rows.codes[first[short]],
        count[short],
        rows.ordinals[first[short]],
        f"fewer than two seasons of {m}" if m > 1 else "fewer than 4",
        "a forecaster without a season, for instance Naive()",
    )
    lag = rows.ordinals[last].max() - rows.ordinals[last]
    late = np.flatnonzero(lag > 0)
    found.add(
        "stale",
        rows.codes[first[late]],
        lag[late],
        rows.ordinals[last[late]] + 1,
        [f"ends {plural(n, 'step')} before the last series" for n in lag[late].tolist()],
        "bring it up to date, drop it, or fill_gaps(data, how=..., extend=True)",
    )
    length = rows.ordinals[last] - rows.ordinals[first] + 1
    if length.sum() - len(rows) > LARGEST_FILL:
        return
    panel = filled(rows)
    low = np.flatnonzero(incomplete(panel))
    found.add(
        "incomplete last period",
        rows.codes[first[low]],
        np.ones(len(low), dtype=np.int64),
        rows.ordinals[last[low]],
        [f"{v:g}, lower than in each of the {SEASONS} seasons before" for v in rows.y[last[low]]],
        "complete_until=, the last time that is complete",
    )


def _values(found: _Findings, rows: Rows) -> None:
    finite = np.flatnonzero(np.isfinite(rows.y))
    if len(finite) == 0:
        return
    codes, y = rows.codes[finite], rows.y[finite]
    first = np.flatnonzero(np.concatenate(([True], codes[1:] != codes[:-1])))
    count = np.diff(np.append(first, len(y)))
    least, most = np.minimum.reduceat(y, first), np.maximum.reduceat(y, first)
    _outliers(found, rows, finite, first, count, (least < most) & (count >= 5))
    flat = np.flatnonzero((least == most) & (count >= 4))
    found.add(
        "constant",
        codes[first[flat]],
        count[flat],
        rows.ordinals[finite[first[flat]]],
        [f"always {v:g}" for v in y[first[flat]].tolist()],
        "nothing, if that is true; its intervals have no width",
    )
    zeros = np.add.reduceat(y == 0, first, dtype=np.int64)
    many = np.flatnonzero((zeros >= INTERMITTENT * count) & (least < most))
    at = np.flatnonzero(y == 0)
    found.add(
        "intermittent",
        codes[first[many]],
        zeros[many],
        rows.ordinals[finite[at[np.searchsorted(at, first[many])]]] if len(many) else first[many],
        [f"{100 * z / n:.0f} % zeros" for z, n in zip(zeros[many], count[many], strict=True)],
        "forecasters for it: CrostonSBA(), TSB(), ADIDA()",
    )


def _outliers(
    found: _Findings,
    rows: Rows,
    finite: IntArray,
    first: IntArray,
    count: IntArray,
    judged: BoolArray,
) -> None:
    y, codes = rows.y[finite], rows.codes[finite]
    place = np.repeat(np.arange(len(first)), count)
    with np.errstate(over="ignore"):
        middle = _medians(y, first, count)
        distance = np.abs(y - middle[place])
        spread = 1.4826 * _medians(distance, first, count)
        far = (distance > OUTLIER * spread[place]) & (spread[place] > 0) & judged[place]
    at = np.flatnonzero(far)
    series, start, n = np.unique(place[at], return_index=True, return_counts=True)
    unit = np.zeros(len(series), dtype=bool)
    for j, s in enumerate(series.tolist()):
        own = np.abs(y[at[start[j] : start[j] + n[j]]])
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = own / abs(middle[s])
        unit[j] = n[j] > 1 and bool(((ratio >= UNIT_RATIO[0]) & (ratio <= UNIT_RATIO[1])).all())
    for what, which, mend in (
        ("outlier", ~unit, "look at it; the data is used as it is"),
        ("units", unit, "divide these values by 100, if they are cents among euros"),
    ):
        chosen = at[start[which]]
        found.add(
            what,
            codes[chosen],
            n[which],
            rows.ordinals[finite[chosen]],
            [
                f"{value:g}, the median is {centre:g}"
                for value, centre in zip(y[chosen], middle[series[which]], strict=True)
            ],
            mend,
        )


def _medians(values: FloatArray, first: IntArray, count: IntArray) -> FloatArray:
    """Return the median of each run ``values[first : first + count]``."""
    medians = np.empty(len(first))
    for length in np.unique(count).tolist():  # series of one length at once
        same = np.flatnonzero(count == length)
        for part in np.array_split(same, 1 + len(same) * length // CHUNK):
            medians[part] = np.median(values[first[part, None] + np.arange(length)], axis=1)
    return medians
