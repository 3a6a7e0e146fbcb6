"""The pictures of the page, as SVG that is the same for the same numbers."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecasting.plotting import (
    Looks,
    coverage_table,
    errors_table,
    forecasts_table,
    plot_coverage,
    plot_coverage_by_step,
    plot_errors,
    plot_forecasts,
)
from forecasting.plotting.errors import badness, best_of
from forecasting.plotting.forecasts import interval_columns
from forecasting.report.facts import Facts, Frames, flat
from forecasting.report.headline import Standing
from forecasting.report.markup import figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LARGEST_SVG = 150_000  # bytes; a picture of more points is smaller as a raster
DPI = 120
# Text as outlines: the page looks the same on a phone that lacks the font.
STYLE = {"svg.hashsalt": "forecasting", "svg.fonttype": "path"}


def draw(paint: Callable[[Axes], object], *, width: float = 8.0, height: float = 4.0) -> str:
    """Draw on Axes of ``width`` x ``height`` inches; return the picture as a data URI.

    The style of the user is set aside while it is drawn, and there again afterwards.
    """
    import matplotlib.style
    from matplotlib.figure import Figure

    with matplotlib.style.context(["default", STYLE]), warnings.catch_warnings():
        # An id in a script that the font lacks is drawn as boxes; the caption has it in full.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        sheet = Figure(figsize=(width, height), layout="constrained")
        paint(sheet.subplots())
        vectors = _saved(sheet, "svg", {"Date": None})
        if len(vectors) <= LARGEST_SVG:
            return "data:image/svg+xml;base64," + base64.b64encode(vectors).decode("ascii")
        return "data:image/png;base64," + base64.b64encode(
            _saved(sheet, "png", {"Software": None})
        ).decode("ascii")


def _saved(sheet: Figure, form: str, metadata: dict[str, None]) -> bytes:
    buffer = io.BytesIO()
    sheet.savefig(buffer, format=form, dpi=DPI, metadata=metadata)
    return buffer.getvalue()


def errors_by(frame: pd.DataFrame | None, by: str, facts: Facts, looks: Looks) -> str:
    """Return the picture of the headline's metric by step, cutoff or series."""
    if frame is None or not len(frame):
        return ""
    table = errors_table(frame, by=by, metric=facts.metric)
    if not np.isfinite(table[facts.metric].to_numpy(dtype=np.float64, na_value=np.nan)).any():
        return ""
    height = 4.0
    if by == "unique_id":
        height = max(1.4 + 0.25 * table["unique_id"].nunique(), 1.2 + 0.22 * len(looks))
    uri = draw(lambda ax: plot_errors(table, ax=ax, looks=looks), height=height)
    name = "series" if by == "unique_id" else by
    return figure(uri, f"{facts.metric} of each model by {name}")


def coverage(forecasts: pd.DataFrame, looks: Looks) -> list[str]:
    """Return the pictures of coverage, if there are intervals and actuals to judge them by."""
    levels = interval_columns(forecasts.columns)
    if not levels:
        return []
    table = coverage_table(forecasts)
    if not table["n"].any():
        return []
    height = 1.8 + 0.34 * len(looks) if len(levels) <= 3 else 5.0
    uri = draw(lambda ax: plot_coverage(table, ax=ax, looks=looks), height=height)
    pictures = [figure(uri, "Observed coverage of each model against the nominal level")]
    by_step = coverage_table(forecasts, by=("model", "step"))
    if by_step["step"].nunique() > 1:
        uri = draw(lambda ax: plot_coverage_by_step(by_step, ax=ax, looks=looks))
        pictures.append(figure(uri, "Observed coverage of each model by step"))
    return pictures


def examples(frames: Frames, facts: Facts, order: Standing, looks: Looks) -> list[str]:
    """Return forecasts for three series, typical, best and worst: the winner and its measure.

    Its measure is the baseline, or the second model if the baseline won or there is none.
    """
    names = list(dict.fromkeys(n for n in (order.winner, facts.baseline) if n is not None))
    if len(names) == 1:  # the baseline won, or there is none
        names += order.names[1:2]
    pictures = []
    for role, unique_id, value in chosen_series(frames, facts, order):
        there = frames.forecasts["model"].astype(str)[frames.forecasts["unique_id"] == unique_id]
        models = [name for name in names if name in set(there)]
        table = forecasts_table(
            frames.forecasts, frames.history, unique_id=unique_id, models=models
        )
        uri = draw(_painter(table, names[0], looks), height=3.4)
        caption = f"{role}: {unique_id} ({facts.metric} of {names[0]}: {value:.3g})."
        pictures.append(figure(uri, f"Forecasts of series {unique_id}", caption))
    return pictures


def _painter(table: pd.DataFrame, winner: str, looks: Looks) -> Callable[[Axes], object]:
    own = {name: looks[name] for name in table["model"].dropna().unique()}
    return lambda ax: plot_forecasts(table, ax=ax, looks=own, intervals=(winner,))


def chosen_series(frames: Frames, facts: Facts, order: Standing) -> list[tuple[str, object, float]]:
    """Choose the series with the middle, the smallest and the largest error of the winner.

    Returns
    -------
    list of (role, unique_id, value)
        At most three, each series once; ties go to the series that comes first in the table.
    """
    table = flat(frames.by_series)
    own = table[(table["model"].astype(str) == order.winner) & table[facts.metric].notna()]
    if not len(own):
        return []
    bad = badness(own[facts.metric], facts.metric, best_of(facts.metric))
    own = own.loc[bad.sort_values(kind="stable").index]
    places = {
        "A typical series": (len(own) - 1) // 2,
        f"Where {order.winner} did best": 0,
        f"Where {order.winner} did worst": len(own) - 1,
    }
    chosen: dict[int, str] = {}
    for role, place in places.items():
        chosen.setdefault(place, role)
    return [
        (role, own["unique_id"].iloc[place], float(own[facts.metric].iloc[place]))
        for place, role in chosen.items()
    ]


__all__ = ["chosen_series", "coverage", "draw", "errors_by", "examples"]
