"""Errors by step, by cutoff, by series (the worst ones), by model or by any other column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pandas as pd

from forecasting.errors import ArgumentError, plural
from forecasting.metrics.catalogue import parse
from forecasting.plotting.labels import draw_lines, label_ends, name_markers
from forecasting.plotting.style import (
    ACTUAL,
    Looks,
    column_values,
    complete,
    dress,
    dress_time,
    is_time,
    need_columns,
    new_axes,
    plain,
    remember,
    show_time,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Best: TypeAlias = Literal["low", "high", "zero", "nominal", "neither"]
Scale: TypeAlias = Literal["auto", "linear", "log"]

# Beyond this ratio of largest to smallest value a linear axis shows only the worst model.
LOG_FROM = 40.0
FEW = 12  # ticks that fit beside one another
WORDS = {"step": "step", "cutoff": "cutoff", "unique_id": "series", "model": "model"}
MEANING = {
    "low": "lower is better",
    "high": "higher is better",
    "zero": "nearer to zero is better",
    "nominal": "nearer to the nominal level is better",
    "neither": "neither high nor low is good in itself",
}


def errors_table(
    summary: pd.DataFrame,
    *,
    by: str = "step",
    metric: str = "MASE",
    best: Best | None = None,
    top: int = 20,
    order_by: str | None = None,
) -> pd.DataFrame:
    """Take the numbers of one picture out of an error summary.

    Parameters
    ----------
    summary : DataFrame
        One row per ``model`` and ``by`` (as columns or as index), one column per metric: what
        ``summary(by=["model", by])`` of a backtest returns.
    by : str, default "step"
        "step", "cutoff", "unique_id", "model", or any other column of ``summary``.
    metric : str, default "MASE"
        The column to draw.
    best : {"low", "high", "zero", "nominal", "neither"}, optional
        What a good value is. Default: what the catalogue of metrics says, "low" for a metric that
        it does not know. "nominal" reads the level from the name: 80 for ``coverage-80``.
    top : int, default 20
        With ``by="unique_id"``, only so many series: the worst ones.
    order_by : str, optional
        The model whose errors say which series are worst. Default: the model with the best mean
        over the series, so that the picture shows where the winner fails. Ties keep the order of
        the summary. Series for which this model has no value come last.

    Returns
    -------
    DataFrame
        ``model``, ``by``, ``metric`` and ``best``; for series also ``rank`` (1 = worst),
        ``ordered_by`` (that model) and ``n_series`` (of how many).

    Raises
    ------
    ArgumentError
        If a column is missing, a pair (model, by) is there twice, or ``order_by`` is unknown.
    """
    keys = ["model"] if by == "model" else ["model", by]
    flat = summary.reset_index() if any(n in keys for n in summary.index.names) else summary
    need_columns(flat, [*keys, metric], "The summary")
    if flat.duplicated(keys).any():
        raise ArgumentError(
            f"The summary has several rows for one model and {by}. Hand in summary(by={keys!r})."
        )
    best = best_of(metric) if best is None else best
    table = flat[[*keys, metric]].copy()
    table["model"] = table["model"].astype(str)
    table["best"] = best
    if by == "unique_id":
        return _worst(table, metric, best, top, order_by)
    return table.reset_index(drop=True)


def best_of(metric: str) -> Best:
    """Return what a good value of a metric is, "low" for one that the catalogue does not know."""
    try:
        return parse(metric)[0].best
    except ArgumentError:
        return "low"  # a column of the user's own


def badness(values: pd.Series, metric: str, best: Best) -> pd.Series:
    """Return numbers that grow as a metric gets worse: the metric, its negative or a distance."""
    if best == "high":
        return -values
    if best == "zero":
        return values.abs()
    return (values - nominal(metric)).abs() if best == "nominal" else values


def nominal(metric: str) -> float:
    """Return the level in the name of a metric, in percent: 80 for ``coverage-80``.

    Raises
    ------
    ArgumentError
        If the name does not end in a level.
    """
    try:
        return float(metric.rpartition("-")[2])
    except ValueError:
        raise ArgumentError(
            f"{metric!r} names no level; a metric with best='nominal' is called like coverage-80."
        ) from None


def _worst(
    table: pd.DataFrame, metric: str, best: Best, top: int, order_by: str | None
) -> pd.DataFrame:
    if top < 1:
        raise ArgumentError(f"top={top}: at least one series must be shown.")
    bad = badness(table[metric], metric, best)
    if order_by is None:
        means = bad.groupby(table["model"], sort=False).mean()
        order_by = str(means.idxmin()) if means.notna().any() else str(table["model"].iloc[0])
    own = (table["model"] == order_by).to_numpy()
    if not own.any():
        known = ", ".join(table["model"].unique())
        raise ArgumentError(f"There is no model {order_by!r} in the summary. There are: {known}.")
    ordered = bad[own].sort_values(ascending=False, kind="stable", na_position="last").index
    ids = table.loc[ordered, "unique_id"].tolist()
    ids += [i for i in table["unique_id"].unique() if i not in set(ids)]
    rank = {unique_id: i + 1 for i, unique_id in enumerate(ids)}
    table = table.assign(
        rank=table["unique_id"].map(rank).astype(np.int64), ordered_by=order_by, n_series=len(ids)
    )
    return table[table["rank"] <= top].sort_values("rank", kind="stable", ignore_index=True)


def plot_errors(
    table: pd.DataFrame,
    *,
    ax: Axes | None = None,
    looks: Looks | None = None,
    scale: Scale = "auto",
) -> Axes:
    """Draw an error table: lines over steps and times, dots for series, models and segments.

    Parameters
    ----------
    table : DataFrame
        What :func:`errors_table` returned.
    ax : Axes, optional
        Where to draw; a new figure without it.
    looks : mapping of str to Look, optional
        See :func:`looks_for`.
    scale : {"auto", "linear", "log"}
        Of the axis of the metric. "auto" takes the logarithm if all values are positive and the
        largest is 40 times the smallest; the axis says so.

    Returns
    -------
    Axes
        One line a model; ``numbers(ax)`` is ``table``.
    """
    by, metric = _by_and_metric(table)
    looks = complete(looks, table["model"].unique())
    log = _is_log(table[metric], scale)
    ordered = by in ("step", "cutoff") or is_time(table[by]) or table[by].dtype.kind == "f"
    if ordered and table[by].nunique() == 1:
        # One point is no line: a row for each model says it better.
        at = f"at the only {by}, {show_time(table[by].iloc[0])}"
        ax = _plot_dots(table, "model", metric, ax, looks, log=log, at=at)
    elif ordered:
        ax = _plot_lines(table, by, metric, new_axes(ax), looks, log=log)
    else:
        ax = _plot_dots(table, by, metric, ax, looks, log=log)
    remember(ax, table)
    return ax


def _by_and_metric(table: pd.DataFrame) -> tuple[str, str]:
    need_columns(table, ("model", "best"), "The error table")
    own = [str(c) for c in table.columns]
    before = own[: own.index("best")]
    return (before[-2], before[-1]) if len(before) > 1 else ("model", before[-1])


def _is_log(values: pd.Series, scale: Scale) -> bool:
    finite = values[np.isfinite(values)]
    if scale != "auto" or not len(finite):
        return scale == "log"
    return bool(finite.min() > 0 and finite.max() > LOG_FROM * finite.min())


def _axis_name(metric: str, *, log: bool) -> str:
    return f"{metric} (logarithmic scale)" if log else metric


def _plot_lines(
    table: pd.DataFrame, by: str, metric: str, ax: Axes, looks: Looks, *, log: bool
) -> Axes:
    from matplotlib.ticker import MaxNLocator

    lines = draw_lines(ax, table, by, metric, looks)
    if log:
        ax.set_yscale("log")
    _reference(ax, table, metric, horizontal=True)
    if is_time(table[by]):
        label = f"{by} (last {dress_time(ax, table[by])} seen)"
    else:
        places = np.unique(column_values(table, by))
        if by == "cutoff" and len(places) <= FEW:
            ax.set_xticks(places)
        else:
            ax.xaxis.set_major_locator(MaxNLocator(nbins=FEW, integer=True))
        label = "step (periods after the cutoff)" if by == "step" else by
    best = str(table["best"].iloc[0]) if len(table) else "low"
    over = {"step": "series and cutoffs", "cutoff": "series and steps"}.get(by, "its forecasts")
    subtitle = f"{MEANING[best]}; each line is one model, over all {over}"
    dress(
        ax,
        f"{metric} by {WORDS.get(by, by)}",
        subtitle,
        x=label,
        y=_axis_name(metric, log=log),
    )
    label_ends(ax, lines, looks)
    return ax


def _plot_dots(
    table: pd.DataFrame,
    by: str,
    metric: str,
    ax: Axes | None,
    looks: Looks,
    *,
    log: bool,
    at: str = "by model",
) -> Axes:
    if by == "model":
        table = _best_first(table, metric)
    groups = list(dict.fromkeys(table[by]))
    ax = new_axes(ax, height=max(2.2, 1.3 + 0.25 * len(groups)))
    place = {group: i for i, group in enumerate(groups)}
    rows = table[by].map(place).to_numpy(dtype=np.float64)
    spans = table.groupby(by, observed=True)[metric].agg(["min", "max"]).loc[groups]
    ax.hlines(np.arange(len(groups)), spans["min"], spans["max"], color="#CCCCCC", linewidth=1.2)
    for name, look in looks.items():
        own = (table["model"] == name).to_numpy()
        ax.plot(
            column_values(table[own], metric),
            rows[own],
            color=look.colour,
            marker=look.marker,
            linestyle="none",
            markersize=6,
            label=plain(name),
        )
    if log:
        ax.set_xscale("log")
    _reference(ax, table, metric, horizontal=False)
    ax.set_yticks(np.arange(len(groups)), [plain(g) for g in groups], parse_math=False)
    ax.set_ylim(len(groups) - 0.4, -0.6)
    title, subtitle = _dots_title(table, by, metric, at)
    dress(ax, title, subtitle, x=_axis_name(metric, log=log))
    ax.grid(visible=False, axis="y")
    if by != "model":
        empty = [
            n
            for n in looks
            if not np.isfinite(column_values(table[table["model"] == n], metric)).any()
        ]
        name_markers(ax, looks, empty=empty)
    return ax


def _best_first(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    best: Best = table["best"].iloc[0]
    order = badness(table[metric], metric, best).sort_values(kind="stable", na_position="last")
    ordered: pd.DataFrame = table.loc[order.index]
    return ordered


def _dots_title(table: pd.DataFrame, by: str, metric: str, at: str) -> tuple[str, str]:
    best = MEANING[str(table["best"].iloc[0])] if len(table) else ""
    if by == "model":
        return f"{metric} {at}", f"{best}; best model first; a row without a dot has no value"
    if by != "unique_id":
        return f"{metric} by {by}", f"{best}; each dot is one model"
    n, of = table["unique_id"].nunique(), int(table["n_series"].iloc[0])
    who = plain(table["ordered_by"].iloc[0])
    title = f"The {plural(n, 'series', 'series')} with the worst {metric}, of {of:,}"
    if n == of:
        title = f"{metric} of {'' if of == 1 else 'all '}{plural(of, 'series', 'series')}"
    return title, f"{best}; worst for {who} first; each dot is one model"


def _reference(ax: Axes, table: pd.DataFrame, metric: str, *, horizontal: bool) -> None:
    """Draw the line that a value is judged against, where there is one."""
    best = str(table["best"].iloc[0]) if len(table) else "low"
    if best in ("low", "neither"):
        return
    at = nominal(metric) if best == "nominal" else 0.0
    draw = ax.axhline if horizontal else ax.axvline
    draw(at, color=ACTUAL, linewidth=1.0, linestyle=(0, (4, 3)), label="reference")


__all__ = ["Best", "Scale", "badness", "best_of", "errors_table", "nominal", "plot_errors"]
