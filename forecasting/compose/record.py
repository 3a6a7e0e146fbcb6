"""What earlier origins taught a combination, and how it is kept in a model file."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecasting._typing import BoolArray, FloatArray
from forecasting.compose.members import Learned
from forecasting.modelfile.errors import demand


@dataclass(frozen=True, eq=False)
class Record:
    """What earlier origins taught about S series at one window.

    Attributes
    ----------
    weights, errors : array of float, shape (J, S)
        Errors are scaled by the seasonal naive error; NaN where a member made none.
    error : array of float, shape (S,)
        The combination's own, scaled alike.
    counts : array of float, shape (S,)
        Past forecasts behind the errors.
    residuals : array of float, shape (S, O, H)
        Errors of the combination; NaN where there is none.
    s0 : array of float, shape (S,)
        The size of changes, in which widths are measured.
    """

    weights: FloatArray
    errors: FloatArray
    error: FloatArray
    counts: FloatArray
    residuals: FloatArray
    s0: FloatArray

    @classmethod
    def nothing(cls, n_members: int, n_series: int, n_origins: int, horizon: int) -> Record:
        """Return what is known without an origin."""
        return cls(
            np.full((n_members, n_series), 1.0 / n_members),
            np.full((n_members, n_series), np.nan),
            np.full(n_series, np.nan),
            np.zeros(n_series),
            np.full((n_series, n_origins, horizon), np.nan),
            np.ones(n_series),
        )

    def where(self, chosen: BoolArray, other: Record) -> Record:
        """Return this record for the chosen series, and the other one's for the rest."""
        return Record(
            np.where(chosen, self.weights, other.weights),
            np.where(chosen, self.errors, other.errors),
            np.where(chosen, self.error, other.error),
            np.where(chosen, self.counts, other.counts),
            np.where(chosen[:, None, None], self.residuals, other.residuals),
            np.where(chosen, self.s0, other.s0),
        )

    def table(self, names: Sequence[str], lost: BoolArray) -> dict[str, FloatArray]:
        """Return what is shown, arrays (S,); members that were lost (J, S) have no weight."""
        share = np.where(lost, np.nan, self.weights)
        with np.errstate(invalid="ignore"):
            share = share / np.nansum(share, axis=0)
        return {
            **{f"weight_{name}": share[j] for j, name in enumerate(names)},
            **{f"error_{name}": self.errors[j] for j, name in enumerate(names)},
            "error": self.error,
            "n_errors": self.counts,
        }

    def packed(self) -> dict[str, FloatArray]:
        """Return what goes into a model file."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def unpacked(self, packed: Mapping[str, Any]) -> Record:
        """Return the record that a model file holds, of the shapes of this one."""
        arrays = []
        for field in dataclasses.fields(self):
            array, like = packed[field.name], getattr(self, field.name)
            demand(isinstance(array, np.ndarray), "weights are no arrays")
            demand(array.dtype == np.float64, "weights are no numbers")
            demand(array.shape == like.shape, "weights of other members")
            arrays.append(array)
        return Record(*arrays)


@dataclass(frozen=True, eq=False)
class Taught:
    """What ``fit`` kept: the members, and the record of the one window."""

    members: list[Learned]
    record: Record
