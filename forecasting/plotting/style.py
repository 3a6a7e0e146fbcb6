"""What every picture shares: colours for people who see colours differently, names that never fail
to draw, and the numbers behind an Axes.

Nothing here changes a global setting of matplotlib, and matplotlib is imported only when something
is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from forecasting._typing import AnyArray, FloatArray
from forecasting.errors import ArgumentError, nearest, show_id

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe & Ito (2008), "Color Universal Design". Black is kept for what happened, grey for the
# baseline; the yellow of the set is left out because it vanishes on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
LINES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D")
ACTUAL = "#222222"
GREY = "#767676"  # 4.5 : 1 on white, so it may carry text
PALE = "#E3E3E3"

TITLE_SIZE = 11.0
TEXT_SIZE = 9.0


@dataclass(frozen=True)
class Look:
    """How one model is drawn, the same in every picture."""

    colour: str
    line: str = "-"
    marker: str = "o"


Looks: TypeAlias = Mapping[str, Look]


def looks_for(models: Iterable[object], *, baseline: object | None = None) -> dict[str, Look]:
    """Give each model a colour, a line and a marker that no other model has (up to 24 models).

    Parameters
    ----------
    models : iterable
        Names in the order of the run; the same order gives the same looks. Doubles are dropped.
    baseline : str, optional
        This model is drawn in dashed grey, so that the eye takes it as the measure of the others.

    Returns
    -------
    dict of str to Look
        In the order of ``models``.
    """
    looks: dict[str, Look] = {}
    n_coloured = 0
    for name in dict.fromkeys(str(model) for model in models):
        if baseline is not None and name == str(baseline):
            looks[name] = Look(GREY, "--", "X")
            continue
        turn, colour = divmod(n_coloured, len(COLOURS))
        looks[name] = Look(COLOURS[colour], LINES[turn % 4], MARKERS[turn % 4])
        n_coloured += 1
    return looks


def complete(looks: Looks | None, models: Iterable[object]) -> dict[str, Look]:
    """Return the looks for ``models``: the given ones, and new ones for models that have none."""
    names = list(dict.fromkeys(str(model) for model in models))
    if looks is None:
        return looks_for(names)
    fresh = looks_for([*looks, *names])
    return {name: looks.get(name, fresh[name]) for name in names}


# --- the numbers behind a picture ---------------------------------------------------------------

_NUMBERS: WeakKeyDictionary[Any, pd.DataFrame] = WeakKeyDictionary()


def remember(ax: Axes, table: pd.DataFrame) -> None:
    """Keep the table that ``ax`` was drawn from for as long as ``ax`` lives."""
    _NUMBERS[ax] = table


def numbers(ax: Axes | AnyArray) -> pd.DataFrame:
    """Return the table that a picture of this package was drawn from.

    Parameters
    ----------
    ax : Axes or array of Axes
        What a ``plot_*`` function returned.

    Returns
    -------
    DataFrame
        A copy of the numbers: every point in the picture is a cell of it.

    Raises
    ------
    ArgumentError
        If ``ax`` was not drawn by one of the ``plot_*`` functions.
    """
    first = ax.flat[0] if isinstance(ax, np.ndarray) and ax.size else ax
    if isinstance(first, np.ndarray) or first not in _NUMBERS:
        raise ArgumentError(
            "There are no numbers for these Axes: hand in what a plot of this package returned."
        )
    return _NUMBERS[first].copy()


# --- Axes ---------------------------------------------------------------------------------------


def new_axes(ax: Axes | None, *, width: float = 7.6, height: float = 4.2) -> Axes:
    """Return ``ax``, or the Axes of a new figure of ``width`` x ``height`` inches."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def dress(ax: Axes, title: str, subtitle: str = "", *, x: str = "", y: str = "") -> None:
    """Set title, subtitle and axis labels, and take away what carries no meaning.

    Names of models and series go into these texts, so none of them is read as a formula.
    """
    lines = subtitle.count("\n") + 1 if subtitle else 0
    ax.set_title(
        title,
        loc="left",
        fontsize=TITLE_SIZE,
        fontweight="bold",
        pad=6.0 + 12.5 * lines,
        parse_math=False,
    )
    if subtitle:
        below = ax.annotate(
            subtitle,
            xy=(0.0, 1.0),
            xycoords="axes fraction",
            xytext=(0.0, 5.0),
            textcoords="offset points",
            fontsize=TEXT_SIZE,
            color="#444444",
            linespacing=1.15,
            parse_math=False,
        )
        below.set_in_layout(False)  # the title's pad holds its place; its width may not shrink ax
    ax.set_xlabel(x, parse_math=False)
    ax.set_ylabel(y, parse_math=False)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(True, axis="both", color="#EBEBEB", linewidth=0.8)
    ax.set_axisbelow(True)


def plain(name: object) -> str:
    """Return a name as one line of at most 40 visible characters."""
    text = show_id(" ".join(str(name).split()))
    return "".join(c for c in text if c.isprintable()) or "(empty)"


# --- time ---------------------------------------------------------------------------------------


def time_values(ds: pd.Series) -> AnyArray:
    """Return times as matplotlib draws them: numbers as they are, time stamps as naive UTC."""
    if isinstance(ds.dtype, pd.PeriodDtype):
        ds = ds.dt.to_timestamp()
    if isinstance(ds.dtype, pd.DatetimeTZDtype):
        ds = ds.dt.tz_convert("UTC").dt.tz_localize(None)
    if ds.dtype.kind == "M":
        return ds.to_numpy(dtype="datetime64[us]")
    return ds.to_numpy(dtype=np.float64, na_value=np.nan)


def dress_time(ax: Axes, ds: pd.Series) -> str:
    """Give the x axis ticks that suit ``ds``, and return its label."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.ticker import MaxNLocator

    if not is_time(ds):
        ax.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
        return "time (number of the period)"
    tz = ds.dtype.tz if isinstance(ds.dtype, pd.DatetimeTZDtype) else UTC
    locator = AutoDateLocator(tz=tz, minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    formatter = ConciseDateFormatter(locator, tz=tz)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(formatter)
    return f"time ({tz})" if isinstance(ds.dtype, pd.DatetimeTZDtype) else "time"


def is_time(ds: pd.Series) -> bool:
    """Tell whether a column holds time stamps (or periods) rather than numbers."""
    dtype = ds.dtype
    return isinstance(dtype, pd.PeriodDtype | pd.DatetimeTZDtype) or dtype.kind == "M"


def show_time(value: Any) -> str:
    """Return a time without the clock where the clock says midnight."""
    if not isinstance(value, pd.Timestamp):
        return str(value)
    return value.strftime("%Y-%m-%d" if value == value.normalize() else "%Y-%m-%d %H:%M")


# --- columns ------------------------------------------------------------------------------------


def need_columns(table: pd.DataFrame, columns: Sequence[str], what: str) -> None:
    """Raise :class:`ArgumentError` if ``table`` lacks one of ``columns``, naming the nearest."""
    for column in columns:
        if column not in table.columns:
            there = [str(c) for c in table.columns]
            raise ArgumentError(
                f"{what} has no column {column!r}.{nearest(column, there)} "
                f"It has: {', '.join(there)}."
            )


def column_values(table: pd.DataFrame, column: str) -> FloatArray:
    """Return a column as float64, NaN where it is missing."""
    values: FloatArray = table[column].to_numpy(dtype=np.float64, na_value=np.nan)
    return values
