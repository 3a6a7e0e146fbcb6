"""What is worth drawing of one series: some cutoffs, and enough past to judge them by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from forecasting.errors import ArgumentError, nearest, show_ids
from forecasting.plotting.style import need_columns

KEYS = ("model", "unique_id", "cutoff", "ds", "step", "y", "mean")


def interval_columns(columns: Iterable[object]) -> dict[float, tuple[str, str]]:
    """Return level -> (lower, upper) column, ascending, for ``lo-80``, ``hi-80`` and so on."""
    names = {str(column) for column in columns}
    found = {}
    for name in names:
        level = name.removeprefix("lo-")
        if name.startswith("lo-") and f"hi-{level}" in names:
            found[float(level)] = (name, f"hi-{level}")
    return dict(sorted(found.items()))


def forecasts_table(
    forecasts: pd.DataFrame,
    history: pd.DataFrame | None = None,
    *,
    unique_id: object,
    models: Sequence[str] | None = None,
    cutoffs: int | Sequence[Any] = 4,
    context: int | None = None,
) -> pd.DataFrame:
    """Choose what is worth drawing of one series: a few cutoffs, and enough past to judge them.

    Parameters
    ----------
    forecasts : DataFrame
        The tidy table of a backtest: ``model, unique_id, cutoff, ds, step, y, mean`` and interval
        columns.
    history : DataFrame, optional
        ``unique_id, ds, y``: what was observed. Without it the actuals of ``forecasts`` are shown.
    unique_id : object
        The series.
    models : sequence of str, optional
        Only these models, in this order. Default: all, in the order of the table.
    cutoffs : int or sequence, default 4
        These cutoffs; or at most so many: the latest ones whose forecasts do not overlap.
    context : int, optional
        Observations shown before the first cutoff. Default: three horizons, at least 24.

    Returns
    -------
    DataFrame
        Column ``part`` is "history" (``ds, y``) or "forecast" (all columns of ``forecasts`` but
        quantiles).

    Raises
    ------
    ArgumentError
        If the series, a model or a cutoff is not in ``forecasts``.
    """
    need_columns(forecasts, KEYS, "The forecasts table")
    mine = forecasts[_is(forecasts["unique_id"], unique_id)]
    _check_there([unique_id], forecasts["unique_id"], "series")
    if models is not None:
        names = [str(model) for model in models]
        _check_there(names, mine["model"], "model")
        mine = mine[mine["model"].astype(str).isin(names)]
        rank = mine["model"].astype(str).map({name: i for i, name in enumerate(names)})
        mine = mine.loc[rank.sort_values(kind="stable").index]
    mine = mine[mine["cutoff"].isin(_choose_cutoffs(mine, cutoffs))]
    bounds = [c for pair in interval_columns(mine.columns).values() for c in pair]
    part = mine[[*KEYS, *bounds]].assign(part="forecast", model=mine["model"].astype(str))
    past = _history_shown(mine, history, unique_id, context)
    return pd.concat([past, part], ignore_index=True)[["part", *KEYS, *bounds]]


def _is(column: pd.Series, value: object) -> pd.Series:
    return column == value if value in set(column.unique()) else column.astype(str) == str(value)


def _check_there(wanted: Sequence[object], column: pd.Series, what: str) -> None:
    known = column.unique().tolist()
    texts = [str(k) for k in known]
    for value in wanted:
        if value not in known and str(value) not in texts:
            hint = nearest(str(value), texts) or f" There are: {show_ids(known)}."
            raise ArgumentError(f"There is no {what} {value!r} in the forecasts.{hint}")


def _choose_cutoffs(mine: pd.DataFrame, cutoffs: int | Sequence[Any]) -> list[Any]:
    if not isinstance(cutoffs, int):
        wanted = list(cutoffs)
        _check_there(wanted, mine["cutoff"], "cutoff")
        texts = {str(cutoff) for cutoff in wanted}
        return [c for c in mine["cutoff"].unique() if c in wanted or str(c) in texts]
    if cutoffs < 1:
        raise ArgumentError(f"cutoffs={cutoffs}: at least one cutoff must be shown.")
    ends = mine.groupby("cutoff", observed=True)["ds"].max()
    chosen: list[Any] = []
    for cutoff, end in reversed(list(ends.sort_index().items())):
        if len(chosen) < cutoffs and (not chosen or end <= chosen[-1]):
            chosen.append(cutoff)
    return chosen


def _history_shown(
    mine: pd.DataFrame, history: pd.DataFrame | None, unique_id: object, context: int | None
) -> pd.DataFrame:
    if history is None:
        past = mine[["unique_id", "ds", "y"]].drop_duplicates("ds")
    else:
        need_columns(history, ("unique_id", "ds", "y"), "The history table")
        past = history.loc[_is(history["unique_id"], unique_id), ["unique_id", "ds", "y"]]
    past = past.sort_values("ds", ignore_index=True)
    if history is not None and len(mine):
        n_before = int((past["ds"] <= mine["cutoff"].min()).sum())
        keep = max(3 * int(mine["step"].max()), 24) if context is None else context
        past = past.iloc[max(n_before - keep, 0) :]
        past = past[past["ds"] <= mine["ds"].max()]
    return past.assign(part="history")


__all__ = ["KEYS", "forecasts_table", "interval_columns"]
