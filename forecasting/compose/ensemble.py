"""``Ensemble``: the mean, median or weighted mean of several forecasters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from forecasting._typing import FloatArray
from forecasting.answer import Answer, empty_answer
from forecasting.base import Forecaster
from forecasting.compose.members import Ask, Composite, as_members
from forecasting.errors import ArgumentError, ModelError
from forecasting.windows import Windows


@dataclass(frozen=True)
class Ensemble(Composite):
    """Combine members step by step: ``sum_j w_j f_j``, or the median of the ``f_j``.

    If every member has a distribution of its own, quantiles are combined the same way as means
    (averaging quantiles, Lichtendahl, Grushka-Cockayne and Winkler 2013, Manag. Sci. 59, 1594-1611);
    otherwise intervals are calibrated on the past errors of the ensemble itself. Where a member fails
    the ensemble fails, under that member's name: it never goes on with the others in silence.

    Parameters
    ----------
    forecasters : sequence of Forecaster
        At least two.
    how : {"mean", "median"}
    weights : sequence of float, optional
        One a member, not negative; divided by their sum. Only with ``how="mean"``.

    Examples
    --------
    >>> import pandas as pd
    >>> from forecasting import HistoricAverage, Naive
    >>> y = pd.Series([1.0, 2.0, 6.0], index=pd.date_range("2024-01-01", periods=3, freq="D"))
    >>> Ensemble((Naive(), HistoricAverage())).fit(y).predict(1).tolist()
    [4.5]
    """

    forecasters: Sequence[Forecaster]
    how: Literal["mean", "median"] = "mean"
    weights: Sequence[float] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "forecasters", as_members(self.forecasters, "Ensemble"))
        if self.how not in ("mean", "median"):
            raise ArgumentError(f"how must be 'mean' or 'median', got {self.how!r}")
        if self.weights is not None:
            object.__setattr__(self, "weights", tuple(float(w) for w in self.weights))
            self._check_weights(np.asarray(self.weights))

    def _check_weights(self, weights: FloatArray) -> None:
        if self.how == "median":
            raise ArgumentError("weights go with how='mean'; a median has none")
        if len(weights) != len(self.forecasters):
            raise ArgumentError(f"{len(weights)} weights for {len(self.forecasters)} forecasters")
        if not np.isfinite(weights).all() or (weights < 0).any() or weights.sum() <= 0:
            raise ArgumentError(
                f"weights must be numbers of at least 0, not all 0, got {self.weights}"
            )

    @property
    def members(self) -> tuple[Forecaster, ...]:
        return tuple(self.forecasters)

    def _combine(self, ask: Sequence[Ask], windows: Windows, probs: tuple[float, ...]) -> Answer:
        parts = [one(windows, probs) for one in ask]
        answer = empty_answer(windows, probs)
        answer.mean = self._centre([part.mean for part in parts])
        if probs:
            answer.own = np.logical_and.reduce([part.own for part in parts])
            answer.quantiles = self._centre([part.quantiles for part in parts])
        answer.seconds = np.sum([part.seconds for part in parts], axis=0)
        for member, part in zip(self.members, parts, strict=True):
            failed = answer.failed()
            for f in part.failures:
                if f.stage != "interval" and not failed[f.series, f.window]:
                    answer.fail(f.series, f.window, f.stage, in_member(member, f.error))
        return answer

    def _centre(self, parts: Sequence[FloatArray]) -> FloatArray:
        if self.how == "median":
            return np.asarray(np.median(parts, axis=0))
        shares = np.ones(len(parts)) if self.weights is None else np.asarray(self.weights)
        total = np.zeros(parts[0].shape)
        for share, part in zip(shares / shares.sum(), parts, strict=True):
            total += share * part
        return total


def in_member(member: Forecaster, error: Exception) -> ModelError:
    """Return the failure of a member as the failure of what holds it, under the same code."""
    wrapped = ModelError(f"{member!r}: {error}")
    wrapped.code = getattr(error, "code", ModelError.code)  # type: ignore[misc]
    return wrapped
