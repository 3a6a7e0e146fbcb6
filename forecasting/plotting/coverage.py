"""Do the intervals hold what they promise? Observed coverage against the nominal level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecasting.errors import ArgumentError, plural
from forecasting.metrics import losses, summarise
from forecasting.plotting.forecasts import KEYS
from forecasting.plotting.labels import draw_lines, label_ends
from forecasting.plotting.style import (
    ACTUAL,
    MARKERS,
    PALE,
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

BAND = 0.95
MANY_LEVELS = 4
PREFIX = "coverage-"


def coverage_table(forecasts: pd.DataFrame, *, by: Sequence[str] = ("model",)) -> pd.DataFrame:
    r"""Compare the share of actuals inside the prediction intervals with their nominal level.

    Coverage of level L is the metric ``coverage-L`` of the catalogue: :math:`lo \le y \le hi`,
    averaged inside each series, then over series. Cells without an actual, a forecast or a bound
    take no part; ``n`` counts those that do.

    The band is where 95 % of observed coverages would lie if the level held and windows were
    independent draws: quantiles 0.025 and 0.975 of Binomial(n_windows, L) / n_windows. The steps of
    one window move together, so a window (one series at one cutoff) counts once. Series move
    together too; the true band is then wider.

    Parameters
    ----------
    forecasts : DataFrame
        The tidy table of a backtest, with ``lo-80``, ``hi-80`` and so on.
    by : sequence of str, default ("model",)
        Columns to group by, among them "model": ("model", "step") gives coverage by step.

    Returns
    -------
    DataFrame
        ``by``, ``level`` (percent), ``coverage``, ``band_lo``, ``band_hi`` (all three percent),
        ``width`` (mean of hi - lo, in the unit of the series), ``n`` (cells), ``n_windows``. Coverage is NaN
        where n = 0.

    Raises
    ------
    ArgumentError
        If there are no interval columns, a column is missing or ``by`` lacks "model".
    """
    keys = list(by)
    need_columns(forecasts, [*KEYS, *keys], "The forecasts table")
    if "model" not in keys:
        raise ArgumentError(f"by={keys!r} lacks 'model': the intervals of each model are judged.")
    summary = summarise(
        forecasts, by=keys, metrics=["coverage", "width"], undefined=False
    ).reset_index()
    covered = losses(forecasts, metrics="coverage")
    windows = list(dict.fromkeys([*keys, "unique_id", "cutoff"]))
    parts = []
    for column in [str(c) for c in summary.columns if str(c).startswith(PREFIX)]:
        level = column.removeprefix(PREFIX)
        names = {column: "coverage", f"width-{level}": "width"}
        part = summary[[*keys, *names]].rename(columns=names)
        part.insert(len(keys), "level", float(level))
        used = forecasts.loc[covered[f"covered-{level}"].notna().to_numpy(), windows]
        parts.append(_count(part, used, keys))
    table = pd.concat(parts, ignore_index=True)
    table["model"] = table["model"].astype(str)
    return _with_band(table)


def _count(part: pd.DataFrame, used: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Add how many cells, and how many windows, a coverage stands on."""
    for name, rows in {"n": used, "n_windows": used.drop_duplicates()}.items():
        counts = rows.groupby(keys, observed=True).size().rename(name)
        part = part.join(counts, on=keys)
        part[name] = part[name].fillna(0).astype(np.int64)
    return part


def _with_band(table: pd.DataFrame) -> pd.DataFrame:
    from scipy.stats import binom

    n = table["n_windows"].to_numpy()
    share = table["level"].to_numpy(dtype=np.float64) / 100.0
    edges = []
    for q in ((1.0 - BAND) / 2.0, (1.0 + BAND) / 2.0):
        counts = binom.ppf(q, np.maximum(n, 1), share)
        edges.append(np.where(n > 0, 100.0 * counts / np.maximum(n, 1), np.nan))
    at = list(table.columns).index("coverage")
    table.insert(at + 1, "band_lo", edges[0])
    table.insert(at + 2, "band_hi", edges[1])
    return table


def plot_coverage(
    table: pd.DataFrame, *, ax: Axes | None = None, looks: Looks | None = None
) -> Axes:
    """Draw observed coverage against the nominal level.

    Up to three levels: one row a model, one dot a level, a dashed line where the dots should be.
    More levels: nominal level from left to right, observed coverage upwards, one line a model.

    Parameters
    ----------
    table : DataFrame
        ``coverage_table(forecasts)``.
    ax : Axes, optional
        Where to draw; a new figure without it.
    looks : mapping of str to Look, optional
        See :func:`looks_for`.

    Returns
    -------
    Axes
        ``numbers(ax)`` is ``table``.

    Raises
    ------
    ArgumentError
        If a model and level is there more than once (``by`` held more than the model).
    """
    need_columns(table, ("model", "level", "coverage", "n_windows"), "The coverage table")
    if table.duplicated(["model", "level"]).any():
        raise ArgumentError("This is coverage by more than the model: use plot_coverage_by_step.")
    looks = complete(looks, table["model"])
    if table["level"].nunique() < MANY_LEVELS:
        ax = _plot_rows(table, ax, looks)
    else:
        ax = _plot_curves(table, new_axes(ax, width=6.4, height=5.0), looks)
    remember(ax, table)
    return ax


def _windows(table: pd.DataFrame) -> str:
    low, high = int(table["n_windows"].min()), int(table["n_windows"].max())
    return plural(high, "window") if low == high else f"{low:,} to {high:,} windows"


def _plot_rows(table: pd.DataFrame, ax: Axes | None, looks: Looks) -> Axes:
    names = list(looks)
    ax = new_axes(ax, height=1.7 + 0.34 * len(names))
    rows = table["model"].map({name: i for i, name in enumerate(names)}).to_numpy(dtype=np.float64)
    ax.hlines(rows, table["band_lo"], table["band_hi"], color=PALE, linewidth=11, zorder=1)
    levels = sorted(table["level"].unique())
    for i, level in enumerate(levels):
        own = (table["level"] == level).to_numpy()
        colours = [looks[name].colour for name in table["model"][own]]
        ax.axvline(level, color=ACTUAL, linewidth=1.0, linestyle=(0, (4, 3)), zorder=2)
        ax.scatter(
            table["coverage"][own],
            rows[own],
            c=colours,
            marker=MARKERS[i],
            s=46,
            zorder=3,
            clip_on=False,
            label=f"{level:g} %",
        )
        ax.annotate(
            f"{level:g} %",
            xy=(level, 0.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 4),
            textcoords="offset points",
            ha="right" if i % 2 == 0 else "left",
            fontsize=9,
        )
    ax.set_yticks(np.arange(len(names)), _row_names(table, names), parse_math=False)
    ax.set_ylim(len(names) - 0.1, -0.6)
    _percent_limits(ax, table)
    shapes = ", ".join(f"{_shape(i)} for {level:g} %" for i, level in enumerate(levels))
    subtitle = (
        f"a {shapes}; each should lie on the dashed line of its level\n"
        f"grey: where 95 % of them would lie if so ({_windows(table)}, taken as independent)"
    )
    dress(
        ax,
        "How often the actual fell inside the prediction interval",
        subtitle,
        x="observed coverage (percent of forecasts)",
    )
    ax.grid(visible=False, axis="y")
    return ax


def _shape(i: int) -> str:
    return ("circle", "square", "triangle", "diamond")[i]


def _row_names(table: pd.DataFrame, names: list[str]) -> list[str]:
    there = set(table["model"][table["coverage"].notna()])
    return [plain(name) + ("" if name in there else " (none)") for name in names]


def _percent_limits(ax: Axes, table: pd.DataFrame) -> None:
    low = _lowest(table)
    ax.set_xlim(max(min(low - 5.0, 70.0), -2.0), 101.0)


def _plot_curves(table: pd.DataFrame, ax: Axes, looks: Looks) -> Axes:
    ax.plot([0, 100], [0, 100], color=ACTUAL, linewidth=1.0, linestyle=(0, (4, 3)), label="nominal")
    widest = table.loc[table.groupby("level")["n_windows"].idxmin()].sort_values("level")
    ax.fill_between(
        widest["level"], widest["band_lo"], widest["band_hi"], color=PALE, linewidth=0, zorder=0
    )
    lines = draw_lines(ax, table, "level", "coverage", looks)
    ax.set_xlim(0, 100)
    ax.set_ylim(0, 100)
    subtitle = (
        "below the dashed line: intervals too narrow; above: too wide\n"
        f"grey: 95 % band around it ({_windows(table)}, taken as independent)"
    )
    dress(
        ax,
        "Observed coverage against the nominal level",
        subtitle,
        x="nominal level (percent)",
        y="observed coverage (percent)",
    )
    label_ends(ax, lines, looks)
    return ax


def plot_coverage_by_step(
    table: pd.DataFrame,
    *,
    level: float | None = None,
    ax: Axes | None = None,
    looks: Looks | None = None,
) -> Axes:
    """Draw observed coverage of one level over the steps of the horizon, one line a model.

    Parameters
    ----------
    table : DataFrame
        ``coverage_table(forecasts, by=("model", "step"))``.
    level : float, optional
        In percent. Default: the lowest there is.
    ax : Axes, optional
        Where to draw; a new figure without it.
    looks : mapping of str to Look, optional
        See :func:`looks_for`.

    Returns
    -------
    Axes
        ``numbers(ax)`` are the rows of ``table`` of this level.

    Raises
    ------
    ArgumentError
        If there is no column ``step`` or the level is not in the table.
    """
    need_columns(table, ("model", "step", "level", "coverage"), "The coverage table")
    levels = sorted(table["level"].unique())
    chosen = levels[0] if level is None else float(level)
    if chosen not in levels:
        known = ", ".join(f"{known:g}" for known in levels)
        raise ArgumentError(f"There is no level {chosen:g} in the table. There are: {known}.")
    table = table[table["level"] == chosen].reset_index(drop=True)
    looks = complete(looks, table["model"])
    ax = new_axes(ax)
    _draw_steps(ax, table, chosen, looks)
    remember(ax, table)
    return ax


def _draw_steps(ax: Axes, table: pd.DataFrame, level: float, looks: Looks) -> None:
    from matplotlib.ticker import MaxNLocator

    widest = table.loc[table.groupby("step")["n_windows"].idxmin()].sort_values("step")
    ax.fill_between(
        widest["step"], widest["band_lo"], widest["band_hi"], color=PALE, linewidth=0, zorder=0
    )
    ax.axhline(level, color=ACTUAL, linewidth=1.0, linestyle=(0, (4, 3)), label="nominal")
    lines = draw_lines(ax, table, "step", "coverage", looks)
    low = _lowest(table)
    ax.set_ylim(max(low - 4.0, -2.0), 101.5)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=12, integer=True))
    subtitle = (
        "below the dashed line: intervals too narrow; above: too wide\n"
        f"grey: 95 % band around it ({_windows(table)} a step, taken as independent)"
    )
    dress(
        ax,
        f"Coverage of the {level:g} % prediction interval by step",
        subtitle,
        x="step (periods after the cutoff)",
        y="observed coverage (percent)",
    )
    label_ends(ax, lines, looks)


def _lowest(table: pd.DataFrame) -> float:
    return float(np.nanmin([column_values(table, c) for c in ("coverage", "band_lo", "level")]))


__all__ = ["coverage_table", "plot_coverage", "plot_coverage_by_step"]
