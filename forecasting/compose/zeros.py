"""``SkipZeros``: forecast what is there when there is something, as if zeros had not been observed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecasting.answer import Answer
from forecasting.base import Forecaster
from forecasting.compose.members import Ask, Composite, check_member
from forecasting.errors import ArgumentError
from forecasting.windows import Windows


@dataclass(frozen=True)
class SkipZeros(Composite):
    """Take zeros for missing values: a closed shop, a machine that was down.

    The forecast is of days that are not zero. A few closed days then do not pull the season and the level of
    the others down, and logarithms exist. The forecaster inside must take missing values. Of a history with
    many zeros, which are demand, use :class:`WeightedQuantiles`.

    Parameters
    ----------
    forecaster : Forecaster

    Examples
    --------
    >>> import pandas as pd
    >>> from forecasting import SES
    >>> y = pd.Series([5.0, 5, 0, 5, 5, 0, 5, 5], index=pd.date_range("2024-01-01", periods=8, freq="D"))
    >>> SkipZeros(SES()).fit(y).predict(2).round(6).tolist()
    [5.0, 5.0]
    """

    forecaster: Forecaster

    def __post_init__(self) -> None:
        check_member(self.forecaster, "SkipZeros")
        if not self.forecaster.handles_missing:
            raise ArgumentError(
                f"{type(self.forecaster).__name__} does not take missing values, which zeros become"
            )

    @property
    def members(self) -> tuple[Forecaster, ...]:
        return (self.forecaster,)

    @property
    def min_observations(self) -> int:
        return self.forecaster.min_observations

    def _combine(self, ask: Sequence[Ask], windows: Windows, probs: tuple[float, ...]) -> Answer:
        return ask[0](_without_zeros(windows), probs)

    def _learn(self, windows: Windows, failed: Answer) -> Any:
        learned = super()._learn(_without_zeros(windows), failed)
        for f in learned[0].failed.failures:  # so that whoever holds this one knows at once
            failed.fail(f.series, f.window, f.stage, f.error)
        return learned

    def _unpack(self, packed: Any, windows: Windows) -> Any:
        return super()._unpack(packed, _without_zeros(windows))


def _without_zeros(windows: Windows) -> Windows:
    values = np.where(windows.panel.values == 0, np.nan, windows.panel.values)
    values.flags.writeable = False
    return dataclasses.replace(windows, panel=dataclasses.replace(windows.panel, values=values))
