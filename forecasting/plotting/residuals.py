"""Residual diagnostics: is anything left in the errors that a better model could have used?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecasting._typing import AnyArray, FloatArray
from forecasting.errors import ArgumentError, nearest, plural
from forecasting.plotting.forecasts import KEYS
from forecasting.plotting.style import (
    ACTUAL,
    COLOURS,
    PALE,
    column_values,
    dress,
    dress_time,
    need_columns,
    plain,
    remember,
    time_values,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST_FOR_ACF = 8
WITHIN_95 = 1.959963984540054  # standard normal quantile of 0.975
PANELS = 4
SPARSE = 300  # dots that may be large and dark
COLOUR = COLOURS[0]


def autocorrelation(errors: FloatArray, n_lags: int) -> FloatArray:
    r"""Return the autocorrelation of several equally long rows, one error series a row.

    .. math:: r_k = \frac{\sum_{s,t} e_{s,t} e_{s,t+k}}{\sum_{s,t} e_{s,t}^2}
              \cdot \frac{N_0}{N_k}

    with each row centred on its own mean, sums over pairs where both errors are there, and
    :math:`N_k` the number of these pairs. The factor mends the loss of pairs at gaps and at the
    ends; with gaps, :math:`|r_k|` may exceed 1 by a little.

    Parameters
    ----------
    errors : array (n_series, n_times)
        NaN where there is none.
    n_lags : int
        Lags 1 to ``n_lags``.

    Returns
    -------
    array (n_lags,)
        NaN where there are no pairs or the errors are constant.
    """
    there = np.isfinite(errors)
    counts = there.sum(axis=1, keepdims=True)
    filled = np.where(there, errors, 0.0)
    centred = np.where(there, filled - filled.sum(axis=1, keepdims=True) / np.maximum(counts, 1), 0)
    # A constant row leaves rounding noise of its own size, which must not be divided by itself.
    total = float((centred**2).sum())
    if total <= 1e-24 * float((filled**2).sum()):
        return np.full(n_lags, np.nan)
    found = np.full(n_lags, np.nan)
    for lag in range(1, min(n_lags, errors.shape[1] - 1) + 1):
        n_pairs = int((there[:, :-lag] & there[:, lag:]).sum())
        if n_pairs:
            products = float((centred[:, :-lag] * centred[:, lag:]).sum())
            found[lag - 1] = products / total * int(there.sum()) / n_pairs
    return found


def residuals_table(
    forecasts: pd.DataFrame, *, model: str, unique_id: object | None = None
) -> pd.DataFrame:
    """Take the errors of one model, for one series or for all.

    Parameters
    ----------
    forecasts : DataFrame
        The tidy table of a backtest.
    model : str
    unique_id : object, optional
        One series. Default: all of them, each divided by the root mean square of its own errors, so
        that large series do not hide the small.

    Returns
    -------
    DataFrame
        ``model, unique_id, cutoff, ds, step, y, mean, error, scale, residual``: error = y - mean,
        residual = error / scale; scale is 1 for one series. Rows without an error are left out.

    Raises
    ------
    ArgumentError
        If the model or the series is not in the table.
    """
    need_columns(forecasts, KEYS, "The forecasts table")
    names = [str(name) for name in forecasts["model"].unique()]
    if str(model) not in names:
        hint = nearest(str(model), names)
        raise ArgumentError(f"There is no model {model!r} in the forecasts.{hint}")
    mine = forecasts[forecasts["model"].astype(str) == str(model)]
    if unique_id is not None:
        mine = mine[(mine["unique_id"] == unique_id) | (mine["unique_id"].astype(str) == unique_id)]
        if not len(mine):
            raise ArgumentError(f"There is no series {unique_id!r} in the forecasts of {model}.")
    table = mine[list(KEYS)].copy()
    table["model"] = table["model"].astype(str)
    table["error"] = table["y"] - table["mean"]
    table = table[np.isfinite(table["error"])]
    squares = (table["error"] ** 2).groupby(table["unique_id"], observed=True).transform("mean")
    table["scale"] = 1.0 if unique_id is not None else np.sqrt(squares)
    # All errors of a series zero: 0 / 0; its residuals are zero.
    table["residual"] = table["error"] / table["scale"].where(table["scale"] > 0, 1.0)
    result: pd.DataFrame = table.reset_index(drop=True)
    return result


def acf_table(table: pd.DataFrame, *, n_lags: int | None = None) -> pd.DataFrame:
    """Autocorrelation of the errors at the first step, from one cutoff to the next.

    Parameters
    ----------
    table : DataFrame
        What :func:`residuals_table` returned.
    n_lags : int, optional
        Default: a third of the cutoffs, at most 24.

    Returns
    -------
    DataFrame
        ``lag`` (in cutoffs), ``acf``, ``band``: errors of a good model leave [-band, band] at one
        lag in twenty (1.96 / sqrt(number of errors), series taken as independent). No rows if there
        are fewer than 8 cutoffs.
    """
    first = table[table["step"] == table["step"].min()] if len(table) else table
    wide = first.pivot(index="unique_id", columns="cutoff", values="residual").sort_index(axis=1)
    n = wide.shape[1]
    lags = min(n // 3, 24) if n_lags is None else n_lags
    if n < LEAST_FOR_ACF:
        lags = 0
    values = autocorrelation(wide.to_numpy(dtype=np.float64), lags) if lags else np.empty(0)
    band = WITHIN_95 / np.sqrt(max(len(first), 1))
    return pd.DataFrame({"lag": np.arange(1, lags + 1), "acf": values, "band": band})


def plot_residuals(table: pd.DataFrame, *, axes: AnyArray | None = None) -> AnyArray:
    """Draw four views of the errors of one model.

    Errors over time; their histogram beside the normal density of the same mean and standard
    deviation; the autocorrelation of the errors at the first step; errors against forecasts.

    Parameters
    ----------
    table : DataFrame
        What :func:`residuals_table` returned.
    axes : array of Axes, optional
        Four of them; a new figure of 2 x 2 without it.

    Returns
    -------
    array of Axes, (2, 2)
        ``numbers(axes)`` is ``table``; ``numbers(axes[1, 0])`` is :func:`acf_table` of it.

    Raises
    ------
    ArgumentError
        If ``axes`` does not hold four Axes.
    """
    need_columns(table, (*KEYS, "error", "residual"), "The table of residuals")
    panels, own = _four(axes)
    shown = "error" if (table["scale"] == 1.0).all() else "error / its scale"
    _over_time(panels[0], table, shown)
    _histogram(panels[1], table, shown)
    acf = acf_table(table)
    _correlation(panels[2], acf, table["cutoff"].nunique())
    _against_fitted(panels[3], table, shown)
    for ax in panels:
        remember(ax, table)
    remember(panels[2], acf)
    figure = panels[0].get_figure()
    if own and figure is not None:
        figure.suptitle(_headline(table), fontsize=10, x=0.01, ha="left", parse_math=False)
    return panels.reshape(2, 2)


def _four(axes: AnyArray | None) -> tuple[AnyArray, bool]:
    if axes is not None:
        panels = np.ravel(np.asarray(axes, dtype=object))
        if len(panels) != PANELS:
            raise ArgumentError(f"axes= holds {len(panels)} Axes, and there are 4 pictures.")
        return panels, False
    import matplotlib.pyplot as plt

    return np.ravel(plt.subplots(2, 2, figsize=(8.4, 5.8), layout="constrained")[1]), True


def _headline(table: pd.DataFrame) -> str:
    if not len(table):
        return "There are no errors: every forecast or every actual is missing."
    name, n_series = plain(table["model"].iloc[0]), table["unique_id"].nunique()
    whose = plain(table["unique_id"].iloc[0]) if n_series == 1 else f"{n_series:,} series"
    errors = plural(len(table), "error")
    note = "" if n_series == 1 else "; each series divided by the root mean square of its errors"
    return f"{name} on {whose}: {errors} (y - mean) at {plural(_cutoffs(table), 'cutoff')}{note}"


def _cutoffs(table: pd.DataFrame) -> int:
    return int(table["cutoff"].nunique())


def _cloud(ax: Axes, xs: AnyArray, ys: AnyArray) -> None:
    """Draw dots around zero, smaller and paler the more there are."""
    n = len(ys)
    ax.axhline(0.0, color=ACTUAL, linewidth=1.0)
    ax.plot(
        xs,
        ys,
        marker="o",
        linestyle="none",
        color=COLOUR,
        markeredgewidth=0,
        markersize=5.0 if n <= SPARSE else 2.5,
        alpha=float(np.clip(SPARSE / max(n, 1), 0.2, 0.8)),
    )


def _over_time(ax: Axes, table: pd.DataFrame, shown: str) -> None:
    _cloud(ax, time_values(table["ds"]), column_values(table, "residual"))
    label = dress_time(ax, table["ds"])
    dress(ax, "Over time: look for drift, change of width", x=label, y=shown)


def _histogram(ax: Axes, table: pd.DataFrame, shown: str) -> None:
    values = table["residual"].to_numpy(dtype=np.float64)
    if len(values):
        ax.hist(values, bins=_bins(values), density=True, color=COLOUR, alpha=0.55)
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    if spread > 0:
        xs = np.linspace(values.min() - spread, values.max() + spread, 200)
        z = (xs - values.mean()) / spread
        ys = np.exp(-0.5 * z**2) / (spread * np.sqrt(2.0 * np.pi))
        ax.plot(xs, ys, color=ACTUAL, linewidth=1.3, label="normal density")
    dress(ax, "Histogram: look for skew, long tails", x=shown, y="density")


def _bins(values: FloatArray) -> int:
    """Return the number of bins of Freedman and Diaconis (1981), between 5 and 60."""
    low, high = np.percentile(values, [25, 75])
    width = 2.0 * (high - low) / len(values) ** (1 / 3)
    return int(np.clip(np.ptp(values) / width, 5, 60)) if width > 0 else 5


def _correlation(ax: Axes, acf: pd.DataFrame, n_cutoffs: int) -> None:
    x = "lag (cutoffs; errors at the first step)"
    dress(ax, "Autocorrelation: look for long bars", x=x, y="correlation")
    if not len(acf):
        note = f"{plural(n_cutoffs, 'cutoff')}: an autocorrelation\nneeds at least {LEAST_FOR_ACF}"
        ax.text(0.5, 0.5, note, transform=ax.transAxes, ha="center", va="center", color="#444444")
        ax.set_xticks([])
        ax.set_yticks([])
        return
    values, band = column_values(acf, "acf"), float(acf["band"].iloc[0])
    ax.axhspan(-band, band, color=PALE, zorder=0)
    ax.vlines(acf["lag"], 0.0, values, color=COLOUR, linewidth=2.2)
    ax.plot(acf["lag"], values, color=COLOUR, marker="o", linestyle="none", ms=4)
    ax.axhline(0.0, color=ACTUAL, linewidth=1.0)
    ax.set_xticks(acf["lag"][:: max(1, len(acf) // 8)])
    top = float(np.abs(values[np.isfinite(values)]).max(initial=0.0))
    limit = max(0.6, 1.15 * top, 1.1 * band)
    ax.set_ylim(-limit, limit)


def _against_fitted(ax: Axes, table: pd.DataFrame, shown: str) -> None:
    xs = table["mean"] / table["scale"].where(table["scale"] > 0, 1.0)
    _cloud(ax, xs.to_numpy(), column_values(table, "residual"))
    one = table["unique_id"].nunique() <= 1
    label = "forecast (mean)" if one else "forecast (mean) / scale of the series"
    dress(ax, "Against forecast: look for funnel, slope", x=label, y=shown)


__all__ = ["acf_table", "autocorrelation", "plot_residuals", "residuals_table"]
