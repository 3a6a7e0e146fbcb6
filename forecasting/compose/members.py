"""What forecasters that hold forecasters share: fitting the members, and asking each for its answer."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from forecasting.answer import Answer
from forecasting.base import Forecaster
from forecasting.errors import ArgumentError
from forecasting.windows import Windows


@dataclass(frozen=True, eq=False)
class Learned:
    """What one member learned, and the series that failed."""

    member: Forecaster
    state: Any
    failed: Answer

    def answer(self, windows: Windows, probs: tuple[float, ...]) -> Answer:
        """Return the member's forecasts, with quantiles only where it has its own."""
        open_cells = windows.only(~self.failed.failed())
        answer = self.member._recall(self.state, open_cells, probs)
        answer.check(open_cells)
        answer.failures.extend(
            f for f in self.failed.failures if windows.active[f.series, f.window]
        )
        return answer


class Composite(Forecaster):
    """A forecaster made of members; each judges for itself what data it can take."""

    handles_missing: ClassVar[bool] = True

    @property
    @abc.abstractmethod
    def members(self) -> tuple[Forecaster, ...]:
        """The forecasters inside."""

    @property
    def is_local(self) -> bool:
        return all(m.is_local for m in self.members)

    @property
    def at_once(self) -> bool:
        return all(m.at_once for m in self.members)

    @property
    def min_series(self) -> int:
        return max(m.min_series for m in self.members)

    def check_refit(self, windows: Windows) -> None:
        for member in self.members:
            member.check_refit(windows)

    @abc.abstractmethod
    def _combine(self, ask: Sequence[Ask], windows: Windows, probs: tuple[float, ...]) -> Answer:
        """Return one answer from the members, each of which ``ask[j]`` asks."""

    def _learn(self, windows: Windows, failed: Answer) -> Any:
        return [learn(member, windows) for member in self.members]

    def _recall(self, learned: Any, windows: Windows, probs: tuple[float, ...]) -> Answer:
        return self._combine([Ask(one.member, one) for one in learned], windows, probs)

    def _pack(self, learned: Any) -> Any:
        return [one.member._keep(one.state, one.failed) for one in learned]

    def _unpack(self, packed: Any, windows: Windows) -> Any:
        pairs = zip(self.members, packed, strict=True)
        return [Learned(member, *member._restore(kept, windows)) for member, kept in pairs]

    def _again(self, kept: Any) -> tuple[str, ...]:
        parts = [None] * len(self.members) if kept is None else kept["learned"]
        pairs = zip(self.members, parts, strict=True)
        return tuple(dict.fromkeys(name for member, part in pairs for name in member._again(part)))

    def _forecast_windows(self, windows: Windows, probs: tuple[float, ...]) -> Answer:
        return self._combine([Ask(member) for member in self.members], windows, probs)


@dataclass(frozen=True, eq=False)
class Ask:
    """Asks one member: from what it learned, or window by window."""

    member: Forecaster
    learned: Learned | None = None

    def __call__(self, windows: Windows, probs: tuple[float, ...]) -> Answer:
        if self.learned is None:
            return self.member.uncalibrated(windows, probs)
        return self.learned.answer(windows, probs)

    def calibrated(self, windows: Windows, probs: tuple[float, ...]) -> Answer:
        """Return the answer with intervals, calibrated where the member has none of its own."""
        answer = self(windows, probs)
        self.member._calibrate(windows, answer, probs)
        return answer


def learn(member: Forecaster, windows: Windows) -> Learned:
    """Fit one member on the one window of each series."""
    failed = member._blocked(windows, ())
    state = member._learn(windows.only(~failed.failed()), failed)
    return Learned(member, state, failed)


def as_members(members: object, where: str) -> tuple[Forecaster, ...]:
    """Return two or more members as a tuple, or say how they are given."""
    if isinstance(members, Forecaster) or not isinstance(members, Iterable):
        raise ArgumentError(f"{where} takes its forecasters as one tuple, {where}((Naive(), ...))")
    found = tuple(members)
    for member in found:
        check_member(member, where)
    if len(found) < 2:
        raise ArgumentError(f"{where} needs at least two forecasters, got {len(found)}")
    return found


def check_member(member: object, where: str) -> None:
    """Raise :class:`ArgumentError` unless ``member`` is a forecaster."""
    if not isinstance(member, Forecaster):
        what = member.__name__ if isinstance(member, type) else type(member).__name__
        raise ArgumentError(f"{where} holds forecasters, got {what}; make an instance")


__all__ = ["Ask", "Composite", "Learned", "check_member", "learn"]
