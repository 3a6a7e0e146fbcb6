"""``Fallback``: the first forecaster that can answer does, and the output says which it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasting._typing import BoolArray
from forecasting.answer import Answer, Failure, empty_answer
from forecasting.base import Forecaster
from forecasting.compose.members import Ask, Composite, as_members
from forecasting.windows import Windows


@dataclass(frozen=True)
class Fallback(Composite):
    """Try forecasters in order, series by series and cutoff by cutoff.

    Forecast tables get a column ``served_by`` with the forecaster that answered. Where all fail, the
    failure of the first is reported.

    Parameters
    ----------
    forecasters : sequence of Forecaster
        At least two, the preferred first.

    Examples
    --------
    >>> import pandas as pd
    >>> from forecasting import Naive, SeasonalNaive
    >>> df = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=3), "y": [1.0, 2.0, 6.0]})
    >>> Fallback((SeasonalNaive(7), Naive())).fit(df).predict(1)["served_by"].tolist()
    ['Naive()']
    """

    forecasters: Sequence[Forecaster]

    def __post_init__(self) -> None:
        object.__setattr__(self, "forecasters", as_members(self.forecasters, "Fallback"))

    @property
    def members(self) -> tuple[Forecaster, ...]:
        return tuple(self.forecasters)

    def _combine(self, ask: Sequence[Ask], windows: Windows, probs: tuple[float, ...]) -> Answer:
        answer = empty_answer(windows, probs)
        answer.served_by = np.full(windows.active.shape, None, dtype=object)
        waiting, first = windows.active.copy(), dict[tuple[int, int], Failure]()
        for one in ask:
            part = one.calibrated(windows.only(waiting), probs)
            lost = part.failed()
            served = waiting & ~lost
            answer.mean[served] = part.mean[served]
            answer.quantiles[served] = part.quantiles[served]
            answer.own[served] = True  # calibrated by the member, if it had none of its own
            answer.served_by[served] = repr(one.member)
            answer.seconds += part.seconds
            for f in part.failures:
                if served[f.series, f.window]:
                    answer.failures.append(f)
                else:
                    first.setdefault((f.series, f.window), f)
            waiting &= lost
        answer.failures.extend(first[i, k] for i, k in zip(*_cells(waiting), strict=True))
        return answer


def _cells(mask: BoolArray) -> tuple[list[int], list[int]]:
    series, window = np.nonzero(mask)
    return series.tolist(), window.tolist()
