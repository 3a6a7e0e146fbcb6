"""The catalogue of metrics: one row each, read by every table that the package makes.

A metric is a loss per observation, divided by a scale, averaged inside each series, then over
series::

    loss(y, forecast) / scale  ->  mean or root of the mean inside a series  ->  mean over series

A new metric is a function in ``loss_functions.py`` and a row here. Two kinds of rows differ: WAPE
is pooled (one sum over one sum), and a relative metric (OWA, skill) is made of ratios of other rows
to the same rows of the baseline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from forecasting._typing import FloatArray
from forecasting.errors import ArgumentError, nearest
from forecasting.metrics import loss_functions

Needs = Literal["mean", "interval", "quantiles"]
Scale = Literal["mae", "mse", "actual"]
Loss = Callable[..., FloatArray]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One row of the catalogue.

    Attributes
    ----------
    name : str
        As it is written in ``metrics=`` and heads its column. An interval metric has one column per
        level: ``coverage-80``, ``coverage-95``; both ``"coverage"`` and ``"coverage-80"`` can be
        asked for.
    doc : str
        What it says, in one line, with its unit.
    loss : callable or None
        ``(y, mean)``, ``(y, lo, hi, level)`` or ``(y, quantiles, probabilities)``, as ``needs``
        says. None for a relative metric.
    column : str
        Name of the (scaled) loss in the table of single observations.
    needs : {"mean", "interval", "quantiles"}
    scale : {None, "mae", "mse", "actual"}
        What the loss is divided by: nothing, a column of the scales table (known at the cutoff),
        or, pooled only, the size of the actuals.
    within : {"mean", "root mean"}
        How losses become one number inside a series.
    across : {"series", "pooled"}
        The (weighted) mean of the series' numbers, or one ratio of sums over all observations.
    best : {"low", "high", "zero", "nominal", "neither"}
        Which way is good: ``zero`` is a bias, ``nominal`` the level asked for, ``neither`` a
        description.
    of : tuple of str
        Relative metrics: the metrics whose ratios to the baseline's are averaged.
    finish : {"ratio", "one minus"}
        Relative metrics: the mean ratio itself, or 1 minus it.
    """

    name: str
    doc: str
    loss: Loss | None = None
    column: str = ""
    needs: Needs = "mean"
    scale: Scale | None = None
    within: Literal["mean", "root mean"] = "mean"
    across: Literal["series", "pooled"] = "series"
    best: Literal["low", "high", "zero", "nominal", "neither"] = "low"
    of: tuple[str, ...] = ()
    finish: Literal["ratio", "one minus"] = "ratio"


def _relative(name: str, of: tuple[str, ...], doc: str, skill: bool) -> Metric:
    if skill:
        return Metric(name=name, of=of, doc=doc, best="high", finish="one minus")
    return Metric(name=name, of=of, doc=doc, best="low", finish="ratio")


_ROWS = (
    Metric(
        name="ME",
        loss=loss_functions.error,
        column="error",
        best="zero",
        doc="mean error, y - mean: the bias, positive when forecasts are too low; unit of y",
    ),
    Metric(
        name="MAE",
        loss=loss_functions.absolute_error,
        column="absolute_error",
        doc="mean absolute error; unit of y",
    ),
    Metric(
        name="RMSE",
        loss=loss_functions.squared_error,
        column="squared_error",
        within="root mean",
        doc="root of the mean squared error of a series, then the mean over series; unit of y",
    ),
    Metric(
        name="MAPE",
        loss=loss_functions.absolute_percentage_error,
        column="absolute_percentage_error",
        doc="mean absolute error in percent of the actual; undefined where y is 0",
    ),
    Metric(
        name="sMAPE",
        loss=loss_functions.symmetric_absolute_percentage_error,
        column="symmetric_absolute_percentage_error",
        doc="symmetric mean absolute percentage error, 0-200 (M3, M4); undefined at y = mean = 0",
    ),
    Metric(
        name="WAPE",
        loss=loss_functions.absolute_error,
        column="absolute_error",
        scale="actual",
        across="pooled",
        doc="sum of |y - mean| in percent of the sum of |y|, pooled: large series count most",
    ),
    Metric(
        name="MASE",
        loss=loss_functions.absolute_error,
        column="absolute_scaled_error",
        scale="mae",
        doc="mean absolute error in units of the in-sample seasonal-naive MAE, known at the cutoff",
    ),
    Metric(
        name="RMSSE",
        loss=loss_functions.squared_error,
        column="squared_scaled_error",
        scale="mse",
        within="root mean",
        doc="root of the mean squared error in units of the in-sample seasonal-naive MSE (M5)",
    ),
    Metric(
        name="pinball",
        loss=loss_functions.mean_pinball,
        column="pinball_loss",
        needs="quantiles",
        doc="pinball loss, mean over the quantiles, without the factor 2; unit of y",
    ),
    Metric(
        name="SQL",
        loss=loss_functions.quantile_score,
        column="scaled_quantile_loss",
        needs="quantiles",
        scale="mae",
        doc="2 x pinball, mean over the quantiles, in units of the in-sample seasonal-naive MAE",
    ),
    Metric(
        name="CRPS",
        loss=loss_functions.crps_from_quantiles,
        column="crps",
        needs="quantiles",
        doc="continuous ranked probability score, approximated from the quantiles; unit of y",
    ),
    Metric(
        name="Winkler",
        loss=loss_functions.interval_score,
        column="interval_score",
        needs="interval",
        doc="interval (Winkler) score: width, and 2/alpha times the distance of a miss; unit of y",
    ),
    Metric(
        name="MSIS",
        loss=loss_functions.interval_score,
        column="scaled_interval_score",
        needs="interval",
        scale="mae",
        doc="mean interval score in units of the in-sample seasonal-naive MAE (M4)",
    ),
    Metric(
        name="coverage",
        loss=loss_functions.covered,
        column="covered",
        needs="interval",
        best="nominal",
        doc="share of actuals inside the closed interval, in percent like its level",
    ),
    Metric(
        name="width",
        loss=loss_functions.width,
        column="width",
        needs="interval",
        best="neither",
        doc="mean width of the interval; unit of y; narrow is good only at equal coverage",
    ),
    _relative(
        "OWA",
        ("sMAPE", "MASE"),
        "overall weighted average (M4): mean of the sMAPE and MASE ratios to the baseline's",
        skill=False,
    ),
    _relative(
        "skill",
        ("MASE",),
        "1 - MASE / MASE of the baseline: 0.1 is a tenth less error, negative is worse",
        skill=True,
    ),
    _relative("skill-MAE", ("MAE",), "1 - MAE / MAE of the baseline", skill=True),
    _relative("skill-CRPS", ("CRPS",), "1 - CRPS / CRPS of the baseline", skill=True),
)

METRICS: dict[str, Metric] = {row.name: row for row in _ROWS}


def parse(name: Any) -> tuple[Metric, str | None]:
    """Return the row for a name, and the level when the name ends in one (``"coverage-80"``).

    Raises
    ------
    ArgumentError
        The name is not in the catalogue; the message names the nearest one, or all.
    """
    text = str(name)
    if text in METRICS:
        return METRICS[text], None
    stem, _, level = text.rpartition("-")
    row = METRICS.get(stem)
    if row is not None and row.needs == "interval" and level:
        return row, level
    hint = nearest(text, METRICS) or f" Known are: {', '.join(METRICS)}."
    raise ArgumentError(f"unknown metric {text!r}.{hint}")


def needs_scales(rows: Iterable[Metric]) -> list[str]:
    """Return the names among ``rows`` that divide by a scale known at the cutoff."""
    return [
        row.name
        for row in rows
        if row.scale in ("mae", "mse") or any(METRICS[p].scale in ("mae", "mse") for p in row.of)
    ]
