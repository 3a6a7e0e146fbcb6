"""Rank diagram: which models can be told apart by their mean ranks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecasting._typing import FloatArray
from forecasting.errors import ArgumentError, plural
from forecasting.plotting.style import (
    ACTUAL,
    GREY,
    TEXT_SIZE,
    Looks,
    column_values,
    complete,
    dress,
    need_columns,
    new_axes,
    plain,
    remember,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def groups_of(mean_ranks: FloatArray, critical_difference: float) -> list[tuple[int, int]]:
    """Return the largest runs of models whose mean ranks differ by less than the critical one.

    Parameters
    ----------
    mean_ranks : array (k,)
        Ascending.
    critical_difference : float
        Two models can be told apart if their mean ranks differ by at least this much.

    Returns
    -------
    list of (first, last)
        Positions, both included; runs of one model and runs inside other runs are left out.
    """
    runs: list[tuple[int, int]] = []
    for first, rank in enumerate(mean_ranks):
        last = int(np.searchsorted(mean_ranks, rank + critical_difference, side="left")) - 1
        if last > first and (not runs or last > runs[-1][1]):
            runs.append((first, last))
    return runs


def ranks_table(mean_ranks: pd.Series, *, critical_difference: float, n: int) -> pd.DataFrame:
    """Order models by mean rank and mark those that cannot be told apart.

    Parameters
    ----------
    mean_ranks : Series
        Mean rank by model (the index), 1 = best. Models with NaN come last, in no group.
    critical_difference : float
        For instance of the Nemenyi test. NaN (it is not defined): no groups.
    n : int
        Series (or blocks) that were ranked.

    Returns
    -------
    DataFrame
        ``model, mean_rank, groups, critical_difference, n``, best first. Models that share a letter
        in ``groups`` cannot be told apart.

    Raises
    ------
    ArgumentError
        If the critical difference is negative or there are no models.

    References
    ----------
    Demsar (2006), Statistical comparisons of classifiers over multiple data sets, JMLR 7, 1-30.
    """
    if not len(mean_ranks):
        raise ArgumentError("There are no models to rank.")
    if critical_difference < 0:
        raise ArgumentError(f"critical_difference={critical_difference}: it cannot be negative.")
    ordered = mean_ranks.astype(np.float64).sort_values(kind="stable", na_position="last")
    finite = column_values(ordered.dropna().to_frame("rank"), "rank")
    runs = [] if np.isnan(critical_difference) else groups_of(finite, critical_difference)
    letters = [
        "".join(chr(ord("a") + g % 26) for g, (i, j) in enumerate(runs) if i <= k <= j)
        for k in range(len(ordered))
    ]
    return pd.DataFrame(
        {
            "model": [str(model) for model in ordered.index],
            "mean_rank": ordered.to_numpy(),
            "groups": letters,
            "critical_difference": float(critical_difference),
            "n": int(n),
        }
    )


def plot_ranks(table: pd.DataFrame, *, ax: Axes | None = None, looks: Looks | None = None) -> Axes:
    """Draw the critical difference diagram: mean ranks, and bars over models nobody can tell apart.

    Best model on the left. The better half is named on the left, best first; the worse half on the
    right, worst first.

    Parameters
    ----------
    table : DataFrame
        What :func:`ranks_table` returned.
    ax : Axes, optional
        Where to draw; a new figure without it.
    looks : mapping of str to Look, optional
        See :func:`looks_for`.

    Returns
    -------
    Axes
        ``numbers(ax)`` is ``table``.

    References
    ----------
    Demsar (2006), figure 1.
    """
    need_columns(table, ("model", "mean_rank", "groups", "critical_difference", "n"), "The ranks")
    looks = complete(looks, table["model"])
    ranks = column_values(table, "mean_rank")
    critical = float(table["critical_difference"].iloc[0])
    runs = [] if np.isnan(critical) else groups_of(ranks[np.isfinite(ranks)], critical)
    first_row = 0.9 + 0.35 * len(runs)
    bottom = first_row + 0.75 * (-(-len(ranks) // 2) - 1) + 0.5
    ax = new_axes(ax, height=1.5 + 0.34 * (bottom + 1.2))
    ax.set_xlim(1.0, max(float(len(ranks)), 2.0))
    ax.set_ylim(bottom, -1.5)
    _draw_ruler(ax, critical)
    for i, (first, last) in enumerate(runs):
        _draw_group(ax, ranks[first], ranks[last], 0.5 + 0.35 * i)
    _draw_names(ax, table, ranks, looks, first_row)
    n = int(table["n"].iloc[0])
    title = f"Mean rank over {plural(n, 'series', 'series')}"
    dress(ax, title, _subtitle(critical, len(runs), len(ranks)))
    _dress_axis(ax, len(ranks))
    remember(ax, table)
    return ax


def _subtitle(critical: float, n_runs: int, n_models: int) -> str:
    words = "; a black bar joins models that cannot be told apart"
    if np.isnan(critical):
        words = "; there is no critical difference"
    elif n_models == 1:
        words = ""
    elif not n_runs:
        words = "; all models can be told apart"
    return f"left is better, 1 = best on every series{words}"


def _dress_axis(ax: Axes, n_models: int) -> None:
    ax.spines[["left", "right", "bottom"]].set_visible(False)
    ax.spines["top"].set_visible(True)
    ax.spines["top"].set_position(("data", 0.0))
    ax.xaxis.tick_top()
    ax.set_xticks(np.arange(1, n_models + 1, max(1, n_models // 12)))
    ax.set_yticks([])
    ax.grid(visible=False)


def _draw_ruler(ax: Axes, critical: float) -> None:
    """Draw the critical difference as a ruler above the axis, cut where the axis ends."""
    if np.isnan(critical):
        return
    end = min(1.0 + critical, ax.get_xlim()[1])
    ax.plot([1.0, end], [-1.05, -1.05], color=ACTUAL, linewidth=1.2, marker="|", ms=8)
    ax.lines[-1].set_label("critical difference")
    ax.lines[-1].set_clip_on(False)
    ax.annotate(
        f"critical difference {critical:.2f}",
        xy=(end, -1.05),
        xytext=(6, 0) if end < ax.get_xlim()[1] else (-6, 8),
        textcoords="offset points",
        ha="left" if end < ax.get_xlim()[1] else "right",
        va="center",
        fontsize=TEXT_SIZE,
    )


def _draw_group(ax: Axes, first: float, last: float, row: float) -> None:
    pad = 0.006 * (ax.get_xlim()[1] - ax.get_xlim()[0])
    ax.plot(
        [first - pad, last + pad],
        [row, row],
        color=ACTUAL,
        linewidth=4.0,
        solid_capstyle="butt",
        clip_on=False,
        zorder=4,
        label="cannot be told apart",
    )


def _draw_names(
    ax: Axes, table: pd.DataFrame, ranks: FloatArray, looks: Looks, first_row: float
) -> None:
    n_left = -(-len(ranks) // 2)
    left, right = ax.get_xlim()
    for i, (name, rank) in enumerate(zip(table["model"], ranks, strict=True)):
        on_left = i < n_left
        row = first_row + 0.75 * (i if on_left else len(ranks) - 1 - i)
        edge = left if on_left else right
        there = bool(np.isfinite(rank))
        if there:
            look = looks[name]
            ax.plot([rank, rank, edge], [0, row, row], color=look.colour, linewidth=1.3)
            ax.lines[-1].set(label=plain(name), clip_on=False, solid_joinstyle="miter")
            ax.plot([rank], [0], color=look.colour, marker=look.marker, ms=6, clip_on=False)
            ax.lines[-1].set_zorder(5)
        text = f"{plain(name)}  {rank:.2f}" if there else f"{plain(name)}: no rank"
        ax.annotate(
            text,
            xy=(edge, row),
            xytext=(-5 if on_left else 5, 0),
            textcoords="offset points",
            ha="right" if on_left else "left",
            va="center",
            fontsize=TEXT_SIZE,
            color=ACTUAL if there else GREY,
            parse_math=False,
        )


__all__ = ["groups_of", "plot_ranks", "ranks_table"]
