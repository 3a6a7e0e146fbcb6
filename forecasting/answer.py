"""What a forecaster answers to a set of windows: arrays, and a failure for every cell it could not do."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from forecasting._typing import AnyArray, BoolArray, FloatArray, IntArray
from forecasting.distribution import Distribution
from forecasting.errors import (
    ForecastingError,
    ModelContractError,
    ModelError,
    NoResidualsError,
    OutOfMemoryError,
    OverflowedError,
    ShortSeriesError,
)
from forecasting.pulse import beat
from forecasting.windows import Windows

#: Stages of a forecast, in order; ``interval`` failures leave the mean in place.
STAGES = ("data", "fit", "predict", "interval")


#: Relative crossing of quantiles that is rounding, not a mistake.
CROSSING = 1e-9


@dataclass(frozen=True)
class Failure:
    """One (series, window) cell that has no forecast, or no interval, and why."""

    series: int
    window: int
    stage: str
    error: ForecastingError


class Cells(Protocol):
    """Forecasts of cells, however these are laid out: an :class:`Answer`, or part of a stored one."""

    @property
    def mean(self) -> FloatArray: ...
    @property
    def quantiles(self) -> FloatArray: ...
    @property
    def own(self) -> BoolArray: ...
    @property
    def seconds(self) -> FloatArray: ...
    @property
    def served_by(self) -> AnyArray | None: ...
    @property
    def parameters(self) -> dict[str, AnyArray]: ...


@dataclass(eq=False)
class Answer:
    """Forecasts for every cell of a :class:`~forecasting.windows.Windows`.

    Attributes
    ----------
    mean : array of float, shape (n_series, n_windows, h)
        NaN in cells that are not active or failed.
    quantiles : array of float, shape (n_series, n_windows, h, n_probs)
    own : array of bool, shape (n_series, n_windows)
        Cells whose quantiles the forecaster gave itself; the others are calibrated.
    served_by : array of object, shape (n_series, n_windows), or None
        Which member answered, where the forecaster is one that can hand over.
    seconds : array of float, shape (n_series, n_windows)
        Time spent on a cell.
    learned : object, or None
        What the forecaster learned at the cells, where it can show it as ``parameters``.
    parameters : dict of str to array, shape (n_series, n_windows)
        Numbers or text, without meaning in cells that are not active or failed.
    """

    mean: FloatArray
    quantiles: FloatArray
    own: BoolArray
    seconds: FloatArray
    probs: tuple[float, ...] = ()
    failures: list[Failure] = field(default_factory=list)
    served_by: AnyArray | None = None
    learned: Any = None
    parameters: dict[str, AnyArray] = field(default_factory=dict)

    def failed(self) -> BoolArray:
        """Return which cells have a failure that leaves no mean, shape (n_series, n_windows)."""
        failed = np.zeros(self.mean.shape[:2], dtype=bool)
        for failure in self.failures:
            if failure.stage != "interval":
                failed[failure.series, failure.window] = True
        return failed

    def too_short(self) -> BoolArray:
        """Return which cells failed because their history is too short, shape (n_series, n_windows)."""
        short = np.zeros(self.mean.shape[:2], dtype=bool)
        for failure in self.failures:
            if failure.stage != "interval" and failure.error.code == ShortSeriesError.code:
                short[failure.series, failure.window] = True
        return short

    def settled(self) -> BoolArray:
        """Return which cells have a failure of any stage, an interval that was withheld included."""
        settled = np.zeros(self.mean.shape[:2], dtype=bool)
        for failure in self.failures:
            settled[failure.series, failure.window] = True
        return settled

    def fail(self, i: int, k: int, stage: str, error: BaseException) -> None:
        """Record that a cell failed; its numbers become NaN."""
        if stage != "interval":
            self.mean[i, k] = np.nan
        self.quantiles[i, k] = np.nan
        self.failures.append(Failure(i, k, stage, as_failure(error)))

    def put(self, i: int, k: int, forecast: Distribution, probs: tuple[float, ...]) -> None:
        """Keep the forecast of one cell.

        Raises
        ------
        ModelContractError
            If it has the wrong number of steps or is not finite.
        """
        h = self.mean.shape[2]
        mean = checked_shape(forecast.mean, (h,), "steps")
        _refuse_non_finite(mean)
        self.mean[i, k] = mean
        found = forecast.quantiles(probs) if probs else None
        if found is not None:
            self.quantiles[i, k] = checked_shape(
                found, (h, len(probs)), "quantiles (steps, levels)"
            )
            self.own[i, k] = True

    def put_window(
        self, series: IntArray, k: int, forecast: Distribution, probs: tuple[float, ...]
    ) -> None:
        """Keep the forecasts of one window of several series; arrays have shape (n_series, h).

        Raises
        ------
        ModelContractError
            If there are not as many series or steps.
        """
        shape = (len(series), self.mean.shape[2])
        mean = checked_shape(forecast.mean, shape, "forecasts (series, steps)")
        found = forecast.quantiles(probs) if probs else None
        if found is not None:
            what = "quantiles (series, steps, levels)"
            self.quantiles[series, k] = checked_shape(found, (*shape, len(probs)), what)
            self.own[series, k] = True
        self.mean[series, k] = mean

    def put_all(self, windows: Windows, forecast: Distribution, probs: tuple[float, ...]) -> None:
        """Keep the forecasts of all active cells at once; arrays have shape (S, K, h)."""
        active = windows.active & ~self.failed()
        self.mean[active] = np.asarray(forecast.mean, dtype=np.float64)[active]
        if probs:
            with np.errstate(
                invalid="ignore", over="ignore"
            ):  # an infinite mean fails its own cell
                found = forecast.quantiles(probs)
            if found is not None:
                self.quantiles[active] = found[active]
                self.own |= active

    def place(self, at: tuple[Any, ...], part: Cells, here: tuple[Any, ...]) -> None:
        """Copy the cells ``here`` of a part to the cells ``at``; failures are left to the caller."""
        self.mean[at] = part.mean[here]
        self.quantiles[at] = part.quantiles[here]
        self.own[at] = part.own[here]
        self.seconds[at] = part.seconds[here]
        if part.served_by is not None:
            if self.served_by is None:
                self.served_by = np.full(self.mean.shape[:2], None, dtype=object)
            self.served_by[at] = part.served_by[here]
        for name, column in part.parameters.items():
            if name not in self.parameters:
                nothing = None if column.dtype == object else np.nan
                self.parameters[name] = np.full(self.mean.shape[:2], nothing, dtype=column.dtype)
            self.parameters[name][at] = column[here]

    def check(self, windows: Windows) -> None:
        """Turn every active cell that is not finite and not yet a failure into a failure."""
        finite = np.isfinite(self.mean).all(axis=2)
        for i, k in zip(*np.nonzero(windows.active & ~finite & ~self.failed()), strict=True):
            try:
                _refuse_non_finite(self.mean[i, k])
            except ForecastingError as error:
                self.fail(int(i), int(k), "predict", error)
        if not self.probs:
            return
        known = np.isfinite(self.quantiles).all(axis=(2, 3))
        crossing = np.zeros_like(known)
        with np.errstate(invalid="ignore", over="ignore"):
            for lower, upper in itertools.pairwise(np.argsort(self.probs)):
                high = self.quantiles[..., upper]
                gap = high - self.quantiles[..., lower]
                crossing |= (gap < -CROSSING * np.abs(high)).any(axis=2)
        bad = self.own & (crossing | ~known) & ~self.settled()
        for i, k in zip(*np.nonzero(bad & windows.active), strict=True):
            self.fail(int(i), int(k), "interval", _bad_quantiles(self.quantiles[i, k]))


def checked_shape(found: Any, shape: tuple[int, ...], what: str) -> FloatArray:
    """Return what a forecaster answered as an array of float64.

    Raises
    ------
    ModelContractError
        If it has another shape, or complex numbers.
    """
    if np.iscomplexobj(found):
        raise ModelContractError("returned complex numbers")
    array = np.asarray(found, dtype=np.float64)
    if array.shape != shape:
        raise ModelContractError(f"returned {_size(array.shape)} {what}, expected {_size(shape)}")
    return array


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "one number for all"


def _bad_quantiles(quantiles: FloatArray) -> ForecastingError:
    if np.isnan(quantiles).all():  # how a distribution says that it does not know its own width
        return NoResidualsError(
            "the forecaster knows no width for its interval, as with too few past errors, so it is NaN; "
            "the mean stands"
        )
    if not np.isfinite(quantiles).all():
        return ModelContractError("returned quantiles that are not finite")
    return ModelContractError(
        "returned quantiles that cross: a lower probability has a higher value (a negative spread?)"
    )


def empty_answer(windows: Windows, probs: tuple[float, ...]) -> Answer:
    """Return an answer with nothing in it yet."""
    shape = (windows.n_series, windows.n_windows)
    return Answer(
        mean=np.full((*shape, windows.h), np.nan),
        quantiles=np.full((*shape, windows.h, len(probs)), np.nan),
        own=np.zeros(shape, dtype=bool),
        seconds=np.zeros(shape),
        probs=probs,
    )


def active_cells(windows: Windows) -> Iterator[tuple[int, int]]:
    """Yield the active cells, series by series, windows in time order."""
    for i, k in zip(*np.nonzero(windows.active), strict=True):
        beat(int(k))
        yield int(i), int(k)


def as_failure(error: BaseException) -> ForecastingError:
    """Return an error of ours for what a forecaster raised, be it made to end a process.

    Raises
    ------
    KeyboardInterrupt
        If that is what it is: Ctrl-C is nobody's failure, and ends the run.
    """
    if isinstance(error, KeyboardInterrupt):
        raise error
    if isinstance(error, ForecastingError):
        return error
    if isinstance(error, MemoryError):
        return OutOfMemoryError("the forecaster asked for more memory than there is")
    if isinstance(error, (OverflowError, FloatingPointError)):
        return OverflowedError(f"the numbers are too large for this forecaster ({error})")
    text = text_of(error)
    if isinstance(error, ValueError) and "read-only" in text:
        return ModelContractError(
            f"wrote into its input, which is read-only ({text}); let the hook work on a copy, y.copy()"
        )
    return ModelError(f"the forecaster raised {type(error).__name__}{text and f': {text}'}")


def text_of(error: BaseException) -> str:
    """Return the text of an error that somebody else wrote, whose own ``str`` may fail."""
    try:
        return str(error)
    except Exception as broken:
        return f"(its text cannot be shown: {type(broken).__name__})"


def _refuse_non_finite(mean: FloatArray) -> None:
    bad = np.flatnonzero(~np.isfinite(mean))
    if len(bad) == 0:
        return
    if np.isinf(mean[bad]).any():
        raise OverflowedError(f"the forecast is infinite at step {bad[0] + 1} of {len(mean)}")
    raise ModelContractError(
        f"returned NaN at {len(bad)} of {len(mean)} steps, first at step {bad[0] + 1}"
    )
