"""Lines, one a model, and the names beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecasting._typing import FloatArray
from forecasting.plotting.style import (
    ACTUAL,
    GREY,
    TEXT_SIZE,
    Look,
    Looks,
    column_values,
    plain,
    time_values,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

MARKED_UP_TO = 40  # points in a line; beyond, markers run into one another


def draw_lines(
    ax: Axes, table: pd.DataFrame, x: str, y: str, looks: Looks
) -> dict[str, Line2D | None]:
    """Draw column ``y`` over column ``x``, one line a model; None for a model without values."""
    lines: dict[str, Line2D | None] = {}
    for name, look in looks.items():
        own = table[table["model"] == name].sort_values(x)
        ys = column_values(own, y)
        line = ax.plot(
            time_values(own[x]),
            ys,
            color=look.colour,
            linestyle=look.line,
            marker=look.marker,
            markersize=4.5 if len(own) <= MARKED_UP_TO else 0,
            linewidth=1.6,
            label=plain(name),
        )[0]
        lines[name] = line if np.isfinite(ys).any() else None
    return lines


def spread(targets: FloatArray, gap: float) -> FloatArray:
    """Move positions as little as possible until neighbours are ``gap`` apart, inside [0, 1].

    Least squares under ``p[i + 1] - p[i] >= gap``, by pooling adjacent violators. Where the
    positions cannot fit, the gap shrinks until they do.

    Parameters
    ----------
    targets : array (n,)
        Wanted positions, ascending.
    gap : float
        Least distance of neighbours.

    Returns
    -------
    array (n,)
        Positions, ascending.
    """
    n = len(targets)
    if n < 2:
        return np.clip(targets, 0.0, 1.0)
    gap = min(gap, 1.0 / (n - 1))
    blocks: list[tuple[float, int]] = []  # (mean, size) of targets - gap * i
    for value in targets - gap * np.arange(n):
        mean, size = float(value), 1
        while blocks and blocks[-1][0] > mean:
            before, n_before = blocks.pop()
            mean = (before * n_before + mean * size) / (n_before + size)
            size += n_before
        blocks.append((mean, size))
    pooled = np.repeat([b[0] for b in blocks], [b[1] for b in blocks])
    placed: FloatArray = np.clip(pooled, 0.0, 1.0 - gap * (n - 1)) + gap * np.arange(n)
    return placed


def label_ends(ax: Axes, lines: Mapping[str, Line2D | None], looks: Looks) -> None:
    """Write each name to the right of the plot, beside the end of its line.

    A model without a single finite value has no line; it is named at the foot as "no values", so
    that nothing is missing in silence.

    Parameters
    ----------
    ax : Axes
        Its y limits are frozen.
    lines : mapping of str to Line2D or None
        The line whose last finite point is named; None for a model without values.
    looks : mapping of str to Look
    """
    ends: list[tuple[float, float, str]] = []
    for name, line in lines.items():
        if line is not None:
            xs, ys = np.asarray(line.get_xdata(orig=False)), np.asarray(line.get_ydata())
            last = np.flatnonzero(np.isfinite(ys))[-1]
            ends.append((float(xs[last]), float(ys[last]), name))
    silent = [name for name, line in lines.items() if line is None]
    ax.set_ylim(*ax.get_ylim())
    to_axes = ax.transData + ax.transAxes.inverted()
    heights = [float(to_axes.transform((x, y))[1]) for x, y, _ in ends]
    order = np.argsort(heights, kind="stable")
    size, gap = _size_and_gap(ax, len(ends) + len(silent))
    wanted = np.concatenate([np.full(len(silent), -1.0), np.asarray(heights)[order]])
    places = spread(wanted, gap)
    for place, name in zip(places, silent, strict=False):
        ax.text(
            1.05,
            place,
            f"{plain(name)}: no values",
            transform=ax.transAxes,
            fontsize=size,
            va="center",
            color=GREY,
            style="italic",
            parse_math=False,
        )
    for place, i in zip(places[len(silent) :], order, strict=True):
        _name_beside(ax, ends[i], float(place), looks[ends[i][2]], size)


def _size_and_gap(ax: Axes, n: int) -> tuple[float, float]:
    """Return the font size for ``n`` names one above the other, and their distance (axes units)."""
    figure = ax.get_figure()
    dpi = figure.dpi if figure is not None else 72.0
    points = max(ax.bbox.height / dpi * 72.0, 1.0)
    size = float(np.clip(points / (1.25 * max(n, 1)), 5.5, TEXT_SIZE))
    return size, 1.3 * size / points


def _name_beside(
    ax: Axes, end: tuple[float, float, str], place: float, look: Look, size: float
) -> None:
    ax.annotate(
        plain(end[2]),
        xy=end[:2],
        xycoords="data",
        xytext=(1.05, place),
        textcoords="axes fraction",
        fontsize=size,
        color=ACTUAL,
        va="center",
        annotation_clip=False,
        parse_math=False,
        arrowprops={
            "arrowstyle": "-",
            "color": look.colour,
            "linewidth": 0.8,
            "alpha": 0.8,
            "relpos": (0.0, 0.5),
            "shrinkA": 1.0,
            "shrinkB": 2.0,
        },
    )


def name_markers(ax: Axes, looks: Looks, *, empty: Sequence[str] = ()) -> None:
    """Put a legend of markers to the right of the plot, in the order of ``looks``.

    Parameters
    ----------
    ax : Axes
    looks : mapping of str to Look
    empty : sequence of str
        Models that have nothing in the picture; the legend says so.
    """
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=look.colour, marker=look.marker, linestyle="none")
        for look in looks.values()
    ]
    legend = ax.legend(
        handles,
        ["model"] * len(handles),  # real names below: one that begins with "_" would be dropped
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        frameon=False,
        fontsize=TEXT_SIZE,
        handletextpad=0.3,
    )
    for text, name in zip(legend.get_texts(), looks, strict=True):
        text.set_parse_math(False)
        text.set_text(plain(name) + (": no values" if name in empty else ""))
