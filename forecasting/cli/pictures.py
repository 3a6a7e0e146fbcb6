"""PNG files of a run."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from forecasting.backtesting import Backtest

DPI = 120
#: Characters of a file name that come from a model's name.
SLUG = 60


def write_pictures(bt: Backtest, folder: Path) -> list[str]:
    """Draw what a backtest has to show into ``folder``; return the names of the files."""
    folder.mkdir()
    drawn = []
    for name, draw in _pictures(bt).items():
        _save(draw(), folder / f"{name}.png")
        drawn.append(f"{name}.png")
    return drawn


def _pictures(bt: Backtest) -> dict[str, Callable[[], Any]]:
    metric, winner = bt.main_metric, bt.verdict.winner
    pictures: dict[str, Callable[[], Any]] = {}
    if winner is not None:
        pictures["errors-by-step"] = lambda: bt.plot.errors("step", metric)
        if len(bt.facts.cutoffs) > 1:
            pictures["errors-by-cutoff"] = lambda: bt.plot.errors("cutoff", metric)
        pictures["errors-by-series"] = lambda: bt.plot.errors("unique_id", metric)
        if bt.facts.level:
            pictures["coverage"] = bt.plot.coverage
            pictures["coverage-by-step"] = lambda: bt.plot.coverage(by="step")
        if _can_rank(bt, metric):
            pictures["ranks"] = bt.plot.ranks
        typical = typical_series(bt, winner, metric)
        pictures["forecasts"] = lambda: bt.plot.forecasts(typical, panels=True)
        pictures[f"residuals-{_slug(winner)}"] = lambda: bt.plot.residuals(winner)
    return pictures


def typical_series(bt: Backtest, model: str, metric: str) -> object:
    """Return the series on which a model's error is the middle one."""
    own = bt.summary(by="unique_id", metrics=metric)[metric].xs(model, level="model").dropna()
    return own.sort_values(kind="stable").index[(len(own) - 1) // 2]


def _can_rank(bt: Backtest, metric: str) -> bool:
    """Ranks need two models and two series on which all models have an error."""
    table = bt.summary(by="unique_id", metrics=metric)[metric].unstack("model")
    return table.shape[1] > 1 and int(np.isfinite(table).all(axis=1).sum()) > 1


def _slug(name: str) -> str:
    """Return a name of a model as a part of a file name, whatever it is: no path, not too long."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", name)[:SLUG].strip("-.") or "model"


def _save(drawn: Any, path: Path) -> None:
    import matplotlib.pyplot as plt

    first = np.asarray(drawn, dtype=object).ravel()[0]
    figure = first.figure
    # The time and the version would make every run write other bytes.
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=DPI, metadata={"Software": None})
    plt.close(figure)
    path.write_bytes(picture.getvalue())


__all__ = ["typical_series", "write_pictures"]
