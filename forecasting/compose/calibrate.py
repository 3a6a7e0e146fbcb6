"""``Calibrated``: prediction intervals from past errors, whatever the forecaster says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.answer import Answer
from forecasting.base import Forecaster
from forecasting.compose.members import Ask, Composite, check_member
from forecasting.conformal import USUAL_WINDOWS
from forecasting.errors import ArgumentError, check_count
from forecasting.windows import Windows

#: More past forecasts than any interval asks for: 99.98 percent needs half as many.
MOST_WINDOWS = 10_000


@dataclass(frozen=True)
class Calibrated(Composite):
    """Replace a forecaster's own intervals by split conformal ones.

    The half-width of step ``s`` is the ``ceil((n + 1) level)``-th smallest of the ``n`` latest absolute
    errors that the forecaster made at that step before the cutoff. See ``forecasting.conformal``.

    Parameters
    ----------
    forecaster : Forecaster
    n_windows : int
        Past forecasts whose errors are used, where the history allows; a level that needs more
        takes more (4 for 80 %, 9 for 90 %, 19 for 95 %).

    Examples
    --------
    >>> import pandas as pd
    >>> from forecasting import Naive
    >>> y = pd.Series([0.0, 1.0] * 6, index=pd.date_range("2024-01-01", periods=12, freq="D"))
    >>> Calibrated(Naive()).fit(y).predict(2, level=80).to_numpy().tolist()
    [[1.0, 0.0, 2.0], [1.0, 1.0, 1.0]]
    """

    forecaster: Forecaster
    n_windows: int = USUAL_WINDOWS

    def __post_init__(self) -> None:
        check_member(self.forecaster, "Calibrated")
        check_count(self.n_windows, "n_windows")
        if (
            self.n_windows > MOST_WINDOWS
        ):  # room is made for all of them, whatever the history gives
            raise ArgumentError(f"n_windows is at most {MOST_WINDOWS:,}, got {self.n_windows:,}")

    @property
    def members(self) -> tuple[Forecaster, ...]:
        return (self.forecaster,)

    @property
    def calibration_size(self) -> int:
        return int(self.n_windows)

    def _combine(self, ask: Sequence[Ask], windows: Windows, probs: tuple[float, ...]) -> Answer:
        answer = ask[0](windows, ())
        answer.quantiles = np.full((*answer.mean.shape, len(probs)), np.nan)
        return answer
