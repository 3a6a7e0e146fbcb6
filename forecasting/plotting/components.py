"""What a combined forecast is made of: its components' forecasts, weights and past errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecasting._typing import AnyArray
from forecasting.plotting.forecasts import interval_columns
from forecasting.plotting.labels import label_ends
from forecasting.plotting.style import (
    ACTUAL,
    GREY,
    PALE,
    Look,
    dress,
    dress_time,
    looks_for,
    plain,
    remember,
    time_values,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Horizons of history beside the forecast.
CONTEXT = 2


def plot_components(
    history: pd.DataFrame,
    forecasts: pd.DataFrame,
    table: pd.DataFrame,
    *,
    title: str = "",
    axes: AnyArray | None = None,
) -> AnyArray:
    """Draw a combination over its components, and their weights beside their past errors.

    Parameters
    ----------
    history : DataFrame
        ``ds, y``.
    forecasts : DataFrame
        ``ds, mean``, intervals ``lo-<level>, hi-<level>``, and ``forecast_<component>``.
    table : DataFrame
        ``component, weight, error``; the last row is the combination.
    title : str
    axes : array of two Axes, optional
        A new figure without it.

    Returns
    -------
    array of Axes, (2,)
        Forecasts and weights; ``numbers`` of the first is ``forecasts``, of the second ``table``.
    """
    if axes is None:
        import matplotlib.pyplot as plt

        _, axes = plt.subplots(1, 2, figsize=(11.5, 4.4), layout="constrained", width_ratios=(7, 4))
    left, right = np.ravel(axes)[:2]
    components = table["component"].iloc[:-1].tolist()
    shown = [name for name in components if forecasts[f"forecast_{name}"].notna().any()]
    looks = looks_for(shown)
    recent = history.iloc[-CONTEXT * max(len(forecasts), 6) :]
    left.plot(time_values(recent["ds"]), recent["y"], color=ACTUAL, linewidth=1.1)
    x = time_values(forecasts["ds"])
    for j, (low, high) in enumerate(reversed(interval_columns(forecasts.columns).values())):
        left.fill_between(
            x, forecasts[low], forecasts[high], color=GREY, alpha=0.14 + 0.10 * j, linewidth=0
        )
    for name in shown:
        left.plot(
            x,
            forecasts[f"forecast_{name}"],
            color=looks[name].colour,
            linewidth=0.9,
            linestyle="--" if looks[name].line == "-" else ":",
        )
    mean = left.plot(x, forecasts["mean"], color=ACTUAL, linewidth=2.0)[0]
    label = dress_time(left, pd.concat([recent["ds"], forecasts["ds"]]))
    levels = " and ".join(f"{level:g}" for level in interval_columns(forecasts.columns))
    dress(
        left,
        title,
        f"thin: the past; thick: the combination, with intervals of {levels} %;\n"
        "dashed and dotted: its components, in the colours of their weights",
        x=label,
    )
    label_ends(left, {"combination": mean}, {"combination": Look(ACTUAL)})
    remember(left, forecasts)
    _draw_weights(right, table, looks)
    return np.array([left, right])


def _draw_weights(ax: Axes, table: pd.DataFrame, looks: dict[str, Look]) -> None:
    rows = table.iloc[:-1]
    at = np.arange(len(rows))[::-1]
    weights = rows["weight"].fillna(0.0).to_numpy(dtype=np.float64)
    colours = [looks[name].colour if name in looks else PALE for name in rows["component"]]
    bars = ax.barh(at, weights, color=colours, height=0.62)
    for bar, name in zip(bars, rows["component"], strict=True):
        if name in looks and looks[name].line != "-":  # its colour is taken: dotted on the left
            bar.set(hatch="....", edgecolor="white", linewidth=0)
    top = max(float(weights.max(initial=0.0)), 1e-9)
    for y, (_, row) in zip(at, rows.iterrows(), strict=True):
        known = np.isfinite(row["weight"])
        text = f"{row['weight'] * 100:.0f} %, error {row['error']:.2f}" if known else "left out"
        if known and not np.isfinite(row["error"]):
            text = f"{row['weight'] * 100:.0f} %, no error known"
        width = row["weight"] if known else 0.0
        ax.text(width + 0.02 * top, y, text, va="center", fontsize=8.5, color=GREY)
    ax.set_yticks(at, [plain(name) for name in rows["component"]])
    ax.set_xlim(0, 1.75 * top)
    error = table["error"].iloc[-1]
    own = f";\nof the combination {error:.2f}" if np.isfinite(error) else "\n"
    dress(ax, "Weights", f"error at earlier origins, in seasonal naive errors{own}", x="weight")
    ax.grid(False, axis="y")
    remember(ax, table)
