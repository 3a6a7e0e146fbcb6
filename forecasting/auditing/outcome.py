"""What a run of a backtest came to, and how two runs are compared bit by bit."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from forecasting._typing import AnyArray, BoolArray

CELL = ("unique_id", "cutoff")
FAILED = (*CELL, "stage", "code", "n_obs", "message")


class Replayed(Protocol):
    """What oracles read of a backtest."""

    @property
    def forecasts(self) -> pd.DataFrame:
        """One row a forecast value."""

    @property
    def parameters(self) -> pd.DataFrame:
        """What each forecast stands on."""

    @property
    def failures(self) -> pd.DataFrame:
        """One row for each forecast that is missing."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """Forecasts, parameters and failures of one forecaster, sorted by series, cutoff and step."""

    forecasts: pd.DataFrame
    parameters: pd.DataFrame
    failures: pd.DataFrame

    def at(
        self,
        *,
        since: object = None,
        until: object = None,
        ids: Sequence[Hashable] | None = None,
        last_step: int | None = None,
    ) -> Outcome:
        """Return the part between two cutoffs, of some series, or of the first steps."""
        forecasts, parameters, failures = (
            _part(frame, since, until, ids)
            for frame in (self.forecasts, self.parameters, self.failures)
        )
        if last_step is not None:
            forecasts = forecasts[forecasts["step"] <= last_step]
        return Outcome(forecasts, parameters, failures)

    @property
    def cells(self) -> pd.DataFrame:
        """Series and cutoffs that were forecast, ``unique_id, cutoff``."""
        return self.forecasts[list(CELL)].drop_duplicates()

    def only(self, cells: pd.DataFrame) -> Outcome:
        """Return the part in these cells, ``unique_id, cutoff``."""
        return Outcome(
            *(
                frame.merge(cells, on=list(CELL), how="inner")
                for frame in (self.forecasts, self.parameters, self.failures)
            )
        )

    def renamed(self, names: Mapping[Any, Hashable]) -> Outcome:
        """Return the same with other ids; messages, which name them, are left out."""
        return Outcome(
            _sorted(_named(self.forecasts, names), (*CELL, "step")),
            _sorted(_named(self.parameters, names), CELL),
            _sorted(_named(self.failures, names), CELL).drop(columns="message"),
        )


@dataclass(frozen=True)
class Comparison:
    """How many numbers of two outcomes were compared, and the first that differs.

    ``code`` is the usual one of the failures, which says why there may be nothing to compare.
    """

    n: int
    difference: str = ""
    code: str = ""


def outcome_of(run: Replayed, model: str) -> Outcome:
    """Return what one model of a run came to; the truth and the times are left out."""
    forecasts, parameters, failures = (
        frame[frame["model"] == model].drop(columns="model")
        for frame in (run.forecasts, run.parameters, run.failures)
    )
    if "served_by" in forecasts and forecasts["served_by"].eq(model).all():
        forecasts = forecasts.drop(columns="served_by")  # there because another model has members
    shown = [c for c in parameters.columns if c in CELL or parameters[c].notna().any()]
    return Outcome(
        _sorted(forecasts.drop(columns=["y", "ds"]), (*CELL, "step")),
        _sorted(parameters[shown], CELL),
        _sorted(failures[list(FAILED)], CELL),
    )


def compare(expected: Outcome, got: Outcome) -> Comparison:
    """Compare the bits of two outcomes: forecasts, intervals, parameters and failures."""
    parts = (
        ("forecasts", expected.forecasts, got.forecasts, (*CELL, "step")),
        ("parameters", expected.parameters, got.parameters, CELL),
        ("failures", expected.failures, got.failures, CELL),
    )
    n = sum(int(a.drop(columns=list(k)).notna().to_numpy().sum()) for _, a, _, k in parts[:2])
    code = str(expected.failures["code"].mode().iloc[0]) if len(expected.failures) else ""
    for what, a, b, keys in parts:
        difference = _keys(a, b, keys, what) or _columns(a, b, keys, what)
        if difference:
            return Comparison(n, difference, code)
    return Comparison(n, "", code)


def bits_differ(a: AnyArray, b: AnyArray) -> BoolArray:
    """Return where two arrays of floats have other bits; one NaN is as good as another."""
    a, b = np.ascontiguousarray(a, dtype=np.float64), np.ascontiguousarray(b, dtype=np.float64)
    differ: BoolArray = (a.view(np.int64) != b.view(np.int64)) & ~(np.isnan(a) & np.isnan(b))
    return differ


def _keys(a: pd.DataFrame, b: pd.DataFrame, keys: Sequence[str], what: str) -> str:
    if len(a) != len(b):
        return f"{len(a)} rows of {what} became {len(b)}"
    for key in keys:
        other = a[key].to_numpy() != b[key].to_numpy()
        if other.any():
            at = int(np.flatnonzero(other)[0])
            return f"{what} of {_row(a, at, keys)} became those of {_row(b, at, keys)}"
    return ""


def _columns(a: pd.DataFrame, b: pd.DataFrame, keys: Sequence[str], what: str) -> str:
    columns = dict.fromkeys(c for c in (*a.columns, *b.columns) if c not in keys)
    for column in columns:
        was, now = _values(a, column), _values(b, column)
        if was.dtype.kind == "f" and now.dtype.kind == "f":
            different = bits_differ(was, now)
        else:
            different = np.array(
                [x != y for x, y in zip(_said(was), _said(now), strict=True)], dtype=bool
            )
        if different.any():
            at = int(np.flatnonzero(different)[0])
            return (
                f"{int(different.sum())} of {len(a)} values of {column} in the {what} changed, first "
                f"{_row(a, at, keys)}: {_shown(was[at])} became {_shown(now[at])}"
            )
    return ""


def _values(frame: pd.DataFrame, column: str) -> AnyArray:
    """Return a column; what is not there has no value in any row."""
    if column in frame.columns:
        return np.asarray(frame[column].to_numpy())
    return np.full(len(frame), np.nan)


def _said(values: AnyArray) -> list[str]:
    return [repr(v) for v in values.tolist()]


def _shown(value: object) -> str:
    return repr(value.item() if isinstance(value, np.generic) else value)


def _row(frame: pd.DataFrame, at: int, keys: Sequence[str]) -> str:
    row = frame.iloc[at]
    step = f" step {row['step']}" if "step" in keys else ""
    return f"{row['unique_id']} at cutoff {row['cutoff']}{step}"


def _part(
    frame: pd.DataFrame, since: object, until: object, ids: Sequence[Hashable] | None
) -> pd.DataFrame:
    if since is not None:
        frame = frame[frame["cutoff"] >= since]
    if until is not None:
        frame = frame[frame["cutoff"] <= until]
    if ids is not None:
        frame = frame[frame["unique_id"].isin(list(ids))]
    return frame


def _named(frame: pd.DataFrame, names: Mapping[Any, Hashable]) -> pd.DataFrame:
    return frame.assign(unique_id=pd.Index([names[i] for i in frame["unique_id"]]))


def _sorted(frame: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    return frame.sort_values(list(keys), kind="stable").reset_index(drop=True)
