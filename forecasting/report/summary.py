"""One page about one backtest, in one file."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecasting.errors import ArgumentError, plural
from forecasting.metrics import METRICS
from forecasting.metrics.catalogue import parse
from forecasting.plotting import looks_for
from forecasting.plotting.errors import badness, best_of
from forecasting.plotting.style import show_time
from forecasting.report import pictures
from forecasting.report.facts import Facts, Frames, flat
from forecasting.report.headline import Standing, headline, standing
from forecasting.report.markup import (
    box,
    definitions,
    page,
    paragraph,
    section,
    table,
    text,
)

ROWS_SHOWN = 10
COMPARED = (
    "model",
    "step",
    "loss",
    "baseline_loss",
    "difference",
    "difference_lo",
    "difference_hi",
    "win_rate",
    "dm_p",
    "n_pairs",
    "n_dropped",
)
COUNTS = ("n_forecasts", "n_failed", "n_missing_actual")


def html_summary(facts: Facts, frames: Frames) -> str:
    """Return a page on a backtest: one file, readable on paper and on a phone, no network needed.

    Who won and whether that is sure, the error table, pictures, what failed, how it was run, how to
    read it. The same input gives the same bytes (with the same version of matplotlib).

    Parameters
    ----------
    facts : Facts
    frames : Frames

    Returns
    -------
    str
        HTML; write it as UTF-8. Every name in it is escaped.

    Raises
    ------
    ArgumentError
        If the summary lacks the column ``model`` or the metric of the headline.
    """
    order = standing(facts, frames)
    in_order_of_run = frames.forecasts["model"].astype(str).unique()
    looks = looks_for([*in_order_of_run, *order.table["model"]], baseline=facts.baseline)
    interrupted = ["This run was interrupted: what follows stands on the part that was finished."]
    shown = [
        f"<h1>{text(facts.title)}</h1>",
        paragraph(_size(facts, frames), "meta"),
        box(interrupted, "warn") if facts.incomplete else "",
        box([facts.warning], "warn") if facts.warning else "",
        box([words for words in headline(facts, frames, order) if words], "lede"),
        section("Errors", *error_tables(facts, order)),
        section(
            "Where the errors are",
            pictures.errors_by(frames.by_step, "step", facts, looks),
            pictures.errors_by(frames.by_cutoff, "cutoff", facts, looks),
            pictures.errors_by(frames.by_series, "unique_id", facts, looks),
        ),
        section("Forecasts", *pictures.examples(frames, facts, order, looks)),
        section("Do the intervals hold?", *pictures.coverage(frames.forecasts, looks)),
        section("Compared with the baseline", _compared(frames.comparison)),
        section("What failed", *_failures(frames)),
        section("How it was run", *_how(facts, frames)),
        section("How to read this", *_reading(facts, order)),
    ]
    return page(facts.title, shown)


def _size(facts: Facts, frames: Frames) -> str:
    f = frames.forecasts
    parts = [
        plural(f["model"].nunique(), "model"),
        plural(facts.n_series, "series", "series"),
        plural(f["cutoff"].nunique(), "cutoff"),
        plural(facts.h, "step"),
    ]
    return " × ".join(parts) + (f"; {facts.created}" if facts.created else "")


def error_tables(facts: Facts, order: Standing) -> list[str]:
    """Return the errors of each model, best first, the best value of each column in bold.

    Two tables, so that both fit on a page: point forecasts with the counts, and intervals.
    """
    frame = order.table
    columns = [c for c in frame.columns if c not in ("model", *COUNTS) and not _is_count(c)]
    columns.sort(key=lambda c: (c != facts.metric, not c.startswith("skill")))
    spread = [c for c in columns if c != facts.metric and _known(c) and _needs_spread(c)]
    counts = [c for c in frame.columns if (c in COUNTS or _is_count(c)) and _says(frame, c)]
    point = [c for c in columns if c not in spread] + counts
    caption = f"Best first by {facts.metric}. Bold: the best of its column."
    tables = [_error_table(facts, frame, point, caption)]
    if spread:
        tables.append(_error_table(facts, frame, spread, "Intervals and quantiles, same order."))
    return tables


def _error_table(facts: Facts, frame: pd.DataFrame, columns: list[str], caption: str) -> str:
    shown = frame[["model", *columns]].copy()
    if facts.baseline is not None:
        mark = frame["model"] == facts.baseline
        shown["model"] = frame["model"].where(~mark, frame["model"] + " (baseline)")
    return table(
        shown,
        caption=caption,
        bold={c: _best_rows(frame[c], c) for c in columns},
        first=0,
        titles={c: parse(c)[0].doc for c in columns if _known(c)},
        percent=[c for c in columns if c.startswith("skill")],
    )


def _needs_spread(column: str) -> bool:
    row = parse(column)[0]
    return any(METRICS[name].needs != "mean" for name in (row.name, *row.of))


def _is_count(column: str) -> bool:
    return column.endswith("_undefined")


def _says(frame: pd.DataFrame, column: str) -> bool:
    """Tell whether a column of counts earns its place: forecasts made always, others if not 0."""
    return column == "n_forecasts" or bool((frame[column] != 0).any())


def _known(column: str) -> bool:
    try:
        parse(column)
    except ArgumentError:
        return False
    return True


def _best_rows(values: pd.Series, metric: str) -> list[int]:
    best = best_of(metric)
    if best == "neither" or not _known(metric) or len(values) < 2:
        return []
    bad = badness(values, metric, best).to_numpy(dtype=np.float64, na_value=np.nan)
    if not np.isfinite(bad).any():
        return []
    return [int(i) for i in np.flatnonzero(bad == np.nanmin(bad))]


def _compared(frame: pd.DataFrame | None) -> str:
    if frame is None or not len(frame):
        return ""
    frame = flat(frame)
    chosen = [c for c in COMPARED if c in frame.columns]
    words = "difference < 0: the model is better; dm_p: Diebold-Mariano test"
    return table(frame[chosen] if len(chosen) > 1 else frame, caption=words + ".")


def _failures(frames: Frames) -> list[str]:
    parts = []
    failures, skipped = frames.failures, frames.skipped
    if failures is not None and len(failures):
        keys = [c for c in ("model", "code") if c in failures.columns]
        counts = failures.groupby(keys, observed=True, sort=True).size().rename("windows")
        parts.append(table(counts.reset_index(), caption="Failed windows by model and cause."))
        parts.append(_first_rows(failures, "failed window"))
    if skipped is not None and len(skipped):
        parts.append(_first_rows(skipped, "entry", "entries", of=" on what could not take part"))
    if "served_by" in frames.forecasts.columns:
        served = frames.forecasts.groupby(["model", "served_by"], observed=True).size()
        if len(served):
            caption = "Forecasts by the model that really answered."
            parts.append(table(served.rename("forecasts").reset_index(), caption=caption))
    return parts or [paragraph("Nothing failed, and every series took part.")]


def _first_rows(frame: pd.DataFrame, noun: str, many: str | None = None, of: str = "") -> str:
    caption = plural(len(frame), noun, many) + of
    if len(frame) > ROWS_SHOWN:
        caption += f"; the first {ROWS_SHOWN}"
    return table(flat(frame.head(ROWS_SHOWN)), caption=caption + ".")


def _how(facts: Facts, frames: Frames) -> list[str]:
    cutoffs = sorted(frames.forecasts["cutoff"].unique())
    shown = [show_time(cutoff) for cutoff in cutoffs]
    if len(shown) > 12:
        shown = [*shown[:6], f"… {len(shown) - 12} more …", *shown[-6:]]
    pairs = [
        ("cutoffs", ", ".join(shown)),
        ("h", plural(facts.h, "step")),
        ("baseline", facts.baseline or "none"),
        *facts.settings,
        ("data fingerprint", facts.fingerprint or "not given"),
        ("versions", ", ".join(f"{name} {version}" for name, version in facts.versions)),
    ]
    parts = [definitions((name, value) for name, value in pairs if value)]
    if frames.timings is not None and len(frames.timings):
        parts.append(table(flat(frames.timings), caption="Time taken."))
    return parts


def _reading(facts: Facts, order: Standing) -> list[str]:
    words = (
        "At each cutoff every model saw only what was known up to that time, forecast the next "
        f"{plural(facts.h, 'step')}, and was then held against what really happened. "
        "An error is y - mean. A metric is computed inside each series and averaged over series, "
        "so that a long series counts no more than a short one. Skill is the share of the "
        "baseline's error that a model avoids; below zero it does worse. "
        "A difference is called sure if the interval around it leaves out zero; few cutoffs make "
        "wide intervals, and the future may differ from the past."
    )
    names = [c for c in order.table.columns if _known(c)]
    stems = dict.fromkeys(parse(c)[0].name for c in names)
    return [paragraph(words), definitions((name, METRICS[name].doc) for name in stems)]


__all__ = ["html_summary"]
