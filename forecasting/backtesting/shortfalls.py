"""What a backtest says of intervals that held too few of the values that came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd

from forecasting._typing import IntArray
from forecasting.answer import Answer
from forecasting.backtesting.tasks import Notes
from forecasting.base import Forecaster
from forecasting.errors import CalibrationWarning
from forecasting.held import inside, shortfall


def note_shortfalls(
    forecasts: pd.DataFrame,
    answers: Mapping[str, Answer],
    models: Mapping[str, Forecaster],
    cutoffs: IntArray,
    h: int,
    notes: dict[str, Notes],
) -> None:
    """Add a warning to the notes of each model whose intervals were too narrow."""
    shape = (len(answers), -1, h)
    apart = min(float(np.diff(cutoffs).min(initial=h)) / h, 1.0)
    levels = [c.removeprefix("lo-") for c in forecasts.columns if c.startswith("lo-")]
    n_series, y = forecasts["unique_id"].nunique(), forecasts["y"].to_numpy().reshape(shape)
    low, high = (
        {level: forecasts[f"{side}-{level}"].to_numpy().reshape(shape) for level in levels}
        for side in ("lo", "hi")
    )
    for k, (name, answer) in enumerate(answers.items()):
        shares = {float(level): inside(y[k], low[level][k], high[level][k]) for level in levels}
        own = answer.own.any() and not models[name]._replays
        typed = repr(models[name]) if own else None
        found = shortfall(shares, typed, n_series, apart)
        if found is not None:
            notes.setdefault(name, Counter())[CalibrationWarning, found] += 1
