"""Forecasts of one series at several cutoffs, drawn over what really happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecasting._typing import AnyArray, FloatArray
from forecasting.errors import ArgumentError, plural
from forecasting.plotting.forecasts import interval_columns
from forecasting.plotting.labels import label_ends
from forecasting.plotting.style import (
    ACTUAL,
    Look,
    Looks,
    complete,
    dress,
    dress_time,
    new_axes,
    plain,
    remember,
    time_values,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

HEADLINE_SIZE = 10.0


def plot_forecasts(
    table: pd.DataFrame,
    *,
    ax: Axes | None = None,
    looks: Looks | None = None,
    intervals: bool | Sequence[str] | None = None,
) -> Axes:
    """Draw the forecasts of one series at several cutoffs over its history, on one Axes.

    Parameters
    ----------
    table : DataFrame
        What :func:`forecasts_table` returned.
    ax : Axes, optional
        Where to draw; a new figure without it.
    looks : mapping of str to Look, optional
        See :func:`looks_for`.
    intervals : bool or sequence of str, optional
        Shade the prediction intervals of all models, of none, or of those named. Default: of one
        model, all its levels; of more, none, because bands on bands cannot be read: use
        :func:`plot_forecast_panels`.

    Returns
    -------
    Axes
        One line for the history, one a model and cutoff; ``numbers(ax)`` is ``table``.
    """
    ax = new_axes(ax, width=8.4)
    parts = table[table["part"] == "forecast"]
    looks = complete(looks, parts["model"].unique())
    shaded = _shaded(looks, intervals)
    lines: dict[str, Line2D | None] = {"actual": _draw_history(ax, table)}
    for name, look in looks.items():
        lines[name] = _draw_model(ax, parts[parts["model"] == name], look, shade=name in shaded)
    cut = _limit(ax, table, shaded)
    label = dress_time(ax, table["ds"])
    n_cutoffs = parts["cutoff"].nunique()
    title = f"{_series(table)}: forecasts at {plural(n_cutoffs, 'cutoff')}"
    dress(ax, title, _legend_line(parts, shaded, looks, cut=cut), x=label, y="y")
    label_ends(ax, lines, {"actual": Look(ACTUAL), **looks})
    remember(ax, table)
    return ax


def plot_forecast_panels(
    table: pd.DataFrame,
    *,
    axes: AnyArray | None = None,
    looks: Looks | None = None,
    n_columns: int = 2,
) -> AnyArray:
    """Draw one panel a model, each with its prediction intervals, all on the same scales.

    Parameters
    ----------
    table : DataFrame
        What :func:`forecasts_table` returned.
    axes : array of Axes, optional
        At least as many as there are models; a new figure without it.
    looks : mapping of str to Look, optional
        See :func:`looks_for`.
    n_columns : int, default 2
        Panels side by side in a new figure; three from nine models on.

    Returns
    -------
    array of Axes, (n_models,)
        ``numbers(axes)`` is ``table``.

    Raises
    ------
    ArgumentError
        If ``axes`` holds fewer Axes than there are models.
    """
    parts = table[table["part"] == "forecast"]
    looks = complete(looks, parts["model"].unique())
    panels = _panels(axes, max(len(looks), 1), 3 if len(looks) > 8 else n_columns)
    cut = False
    for ax, (name, look) in zip(panels, looks.items(), strict=False):
        own = parts[parts["model"] == name]
        _draw_history(ax, table)
        drawn = _draw_model(ax, own, look, shade=True)
        cut = _limit(ax, table, list(looks)) or cut
        dress_time(ax, table["ds"])
        dress(ax, plain(name) + ("" if drawn is not None else ": no values"))
        remember(ax, table)
    figure = panels[0].get_figure()
    if axes is None and figure is not None:
        cutoffs = plural(parts["cutoff"].nunique(), "cutoff")
        text = (
            f"{_series(table)}: forecasts of {plural(len(looks), 'model')} at {cutoffs}\n"
            f"{_legend_line(parts, list(looks), looks, cut=cut)}"
        )
        figure.suptitle(text, fontsize=HEADLINE_SIZE, x=0.01, ha="left", parse_math=False)
    return panels


def _panels(axes: AnyArray | None, n: int, n_columns: int) -> AnyArray:
    if axes is not None:
        flat = np.ravel(axes)
        if len(flat) < n:
            raise ArgumentError(f"axes= holds {len(flat)} Axes, and there are {n} models.")
        return flat[:n]
    import matplotlib.pyplot as plt

    n_columns = min(n, n_columns)
    n_rows = -(-n // n_columns)
    size = (4.4 * n_columns if n_columns > 1 else 7.6, 2.4 * n_rows + 0.5)
    grid = plt.subplots(
        n_rows, n_columns, figsize=size, layout="constrained", sharex=True, sharey=True
    )[1]
    panels = np.ravel(np.asarray(grid, dtype=object))
    for ax in panels[n:]:
        ax.remove()
    for ax in panels[max(n - n_columns, 0) : n]:
        ax.tick_params(labelbottom=True)  # a hole in the last row must not hide the dates above it
    return panels[:n]


def _series(table: pd.DataFrame) -> str:
    ids = table["unique_id"].unique()
    return plain(ids[0]) if len(ids) else "no series"


def _shaded(looks: Looks, intervals: bool | Sequence[str] | None) -> list[str]:
    if intervals is None:
        intervals = len(looks) == 1
    if isinstance(intervals, bool):
        return list(looks) if intervals else []
    return [name for name in intervals if name in looks]


def _legend_line(parts: pd.DataFrame, shaded: Sequence[str], looks: Looks, *, cut: bool) -> str:
    words = ["black: actual", "dotted: cutoff"]
    levels = [f"{level:g}" for level in interval_columns(parts.columns)]
    if shaded and levels:
        whose = "" if len(shaded) == len(looks) else f" of {', '.join(map(plain, shaded))}"
        words.append(f"shaded: {', '.join(levels)} % prediction intervals{whose}")
    if cut:
        words.append("what runs far out is cut")
    return "; ".join(words)


def _draw_history(ax: Axes, table: pd.DataFrame) -> Line2D | None:
    past = table[table["part"] == "history"]
    ys = past["y"].to_numpy(dtype=np.float64, na_value=np.nan)
    marker = "." if _has_lonely_point(ys) else ""
    line = ax.plot(
        time_values(past["ds"]), ys, color=ACTUAL, linewidth=1.3, marker=marker, zorder=3
    )[0]
    line.set_label("actual")
    return line if np.isfinite(ys).any() else None


def _draw_model(ax: Axes, own: pd.DataFrame, look: Look, *, shade: bool) -> Line2D | None:
    """Draw one model at each of its cutoffs; return the line of the latest one with values."""
    latest = None
    for cutoff, window in own.groupby("cutoff", observed=True, sort=True):
        window = window.sort_values("step")
        xs = time_values(window["ds"])
        ys = window["mean"].to_numpy(dtype=np.float64, na_value=np.nan)
        _mark_cutoff(ax, window["cutoff"])
        if not np.isfinite(ys).any():
            continue
        if shade:
            _shade(ax, xs, window, look)
        marker = look.marker if _has_lonely_point(ys) else ""
        latest = ax.plot(
            xs, ys, color=look.colour, linestyle=look.line, linewidth=1.7, marker=marker, ms=4
        )[0]
        latest.set_label(f"{plain(own['model'].iloc[0])} at {cutoff}")
    return latest


def _mark_cutoff(ax: Axes, cutoff: pd.Series) -> None:
    gid = f"cutoff {cutoff.iloc[0]}"
    if all(line.get_gid() != gid for line in ax.lines):
        x: Any = time_values(cutoff)[0]
        ax.axvline(x, color="#999999", linewidth=0.9, linestyle=":", gid=gid, zorder=1)


def _shade(ax: Axes, xs: AnyArray, window: pd.DataFrame, look: Look) -> None:
    levels = interval_columns(window.columns)
    for level, (lower, upper) in reversed(levels.items()):
        lo = window[lower].to_numpy(dtype=np.float64, na_value=np.nan)
        hi = window[upper].to_numpy(dtype=np.float64, na_value=np.nan)
        if len(xs) == 1:
            ax.vlines(xs, lo, hi, color=look.colour, alpha=0.35, linewidth=4)
            continue
        band = ax.fill_between(xs, lo, hi, color=look.colour, alpha=0.18, linewidth=0)
        band.set_label(f"{level:g} %")


def _has_lonely_point(ys: FloatArray) -> bool:
    """Tell whether a finite value has no finite neighbour: a line alone would not show it."""
    there = np.isfinite(ys)
    padded = np.concatenate([[False], there, [False]])
    return bool((there & ~padded[:-2] & ~padded[2:]).any())


def _limit(ax: Axes, table: pd.DataFrame, shaded: Sequence[str]) -> bool:
    """Keep a forecast that ran away from flattening all the rest; tell whether anything was cut."""
    bounds = [c for pair in interval_columns(table.columns).values() for c in pair]
    ys = _finite(table, ["y"])
    bands = _finite(table[table["model"].isin(list(shaded))], bounds)
    drawn = np.concatenate([_finite(table, ["y", "mean"]), bands])
    if not len(ys):
        return False
    span = float(np.ptp(ys)) or abs(float(ys[0])) or 1.0
    low, high = ys.min() - 1.5 * span, ys.max() + 1.5 * span
    shown = drawn[(drawn >= low) & (drawn <= high)]
    cut = len(shown) < len(drawn)
    bottom = low if drawn.min() < low else shown.min()
    top = high if drawn.max() > high else shown.max()
    margin = 0.05 * ((top - bottom) or span)
    ax.set_ylim(bottom - margin, top + margin)
    return cut


def _finite(table: pd.DataFrame, columns: Sequence[str]) -> FloatArray:
    values: FloatArray = table[list(columns)].to_numpy(dtype=np.float64, na_value=np.nan).ravel()
    return values[np.isfinite(values)]


__all__ = ["plot_forecast_panels", "plot_forecasts"]
