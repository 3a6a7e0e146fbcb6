"""What an oracle runs on: one forecaster on one panel, at some cutoffs, with its undisturbed outcome."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np

from forecasting._typing import IntArray
from forecasting.auditing.outcome import Outcome, Replayed, outcome_of
from forecasting.base import Forecaster
from forecasting.errors import FrequencyError
from forecasting.panel import Panel


class Replay(Protocol):
    """A backtest whose settings are set, but for what an oracle changes."""

    def __call__(
        self,
        data: object,
        models: Mapping[str, Forecaster],
        /,
        *,
        h: int,
        cutoffs: Sequence[object],
        **options: Any,
    ) -> Replayed:
        """Run the models on the data at the cutoffs."""


#: Calls a function in a process that was started for it.
Elsewhere: TypeAlias = Callable[..., Any]


class NotApplicableError(Exception):
    """An oracle has nothing to ask of this forecaster on this data; the message says why."""


@dataclass(frozen=True, eq=False)
class Trial:
    """One forecaster on trial.

    Attributes
    ----------
    name : str
    forecaster : Forecaster
    panel : Panel
    h, gap : int
        Steps that are forecast, and steps between a cutoff and the first of them.
    cutoffs : array of int
        Ordinals of the cutoffs whose forecasts are compared, ascending. A further one at the end of
        the panel is run, so that the future is there to be seen.
    pivots : array of int
        Those of them after which the data is disturbed, one by one.
    replay : Replay
    elsewhere : callable
        ``elsewhere(function, *args)`` calls it in another process.
    seed : int
    level : tuple of float
    fingerprint : str
        That of the panel before anything was run on it.
    """

    name: str
    forecaster: Forecaster
    panel: Panel
    h: int
    gap: int
    cutoffs: IntArray
    pivots: IntArray
    replay: Replay
    elsewhere: Elsewhere
    seed: int = 0
    level: tuple[float, ...] = ()
    fingerprint: str = ""

    @property
    def reach(self) -> int:
        """Steps from a cutoff to the last that is forecast."""
        return self.gap + self.h

    @functools.cached_property
    def baseline(self) -> Outcome:
        """The outcome of the undisturbed run."""
        return self.outcome(self.panel)

    def outcome(
        self,
        data: object,
        *,
        until: int | None = None,
        h: int | None = None,
        others: Mapping[str, Forecaster] | None = None,
        **options: Any,
    ) -> Outcome:
        """Run the backtest on other data; ``until`` makes that cutoff the last one."""
        models = {self.name: self.forecaster} if others is None else others
        cutoffs = self.times(self.cutoffs_on(data, until))
        found = quietly(
            self.replay, data, models, h=self.h if h is None else h, cutoffs=cutoffs, **options
        )
        return outcome_of(found, self.name)

    def cutoffs_on(self, data: object, until: int | None = None) -> IntArray:
        """Return the cutoffs of a run: those compared, and one near the end of the data."""
        if until is not None:
            return self.cutoffs[self.cutoffs <= until]
        panel = data if isinstance(data, Panel) else self.panel
        last = int(self.cutoffs[-1])
        end = max(int(panel.end.max()), last)
        while end > last and not self.on_calendar(end + self.reach):
            end -= 1
        return np.unique(np.append(self.cutoffs, end))

    def on_calendar(self, ordinal: int) -> bool:
        """Return whether the calendar goes that far; one that was listed ends."""
        try:
            self.time(ordinal)
        except FrequencyError:
            return False
        return True

    def times(self, ordinals: IntArray) -> list[object]:
        """Return ordinals as times of the panel's calendar."""
        return list(self.panel.calendar.times(ordinals))

    def expected(self, pivot: int | None = None, **part: Any) -> Outcome:
        """Return the undisturbed outcome at the cutoffs up to a pivot, all compared by default."""
        return self.before(self.baseline, pivot, **part)

    def before(self, outcome: Outcome, pivot: int | None = None, **part: Any) -> Outcome:
        """Return the part of an outcome at the cutoffs up to a pivot, all compared by default."""
        last = int(self.cutoffs[-1]) if pivot is None else pivot
        return outcome.at(until=self.time(last), **part)

    def time(self, ordinal: int) -> object:
        """Return an ordinal as a time of the panel's calendar."""
        return self.times(np.array([ordinal]))[0]

    def rng(self, purpose: int) -> np.random.Generator:
        """Return a generator for one oracle; the same every time."""
        return np.random.default_rng([self.seed, purpose])


def own_copy(panel: Panel) -> Panel:
    """Return a panel that shares no array with another one, so that trials cannot meet."""
    covariates = panel.covariates
    return dataclasses.replace(
        panel,
        values=panel.values.copy(),
        offsets=panel.offsets.copy(),
        start=panel.start.copy(),
        gaps=None if panel.gaps is None else panel.gaps.copy(),
        covariates=dataclasses.replace(
            covariates,
            known=covariates.known.copy(),
            past=covariates.past.copy(),
            static=covariates.static.copy(),
        ),
    )


def quietly(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call without warnings: the undisturbed run has given them already."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*args, **kwargs)


@contextlib.contextmanager
def new_process(idle: float = 300.0) -> Iterator[Elsewhere]:
    """Yield a way to call functions in one process that is started for them, with its own hash seed.

    The process ends with the block, or after ``idle`` seconds without a call.
    """
    with contextlib.ExitStack() as stack:

        @functools.cache
        def pool() -> Any:
            from joblib.externals.loky import ProcessPoolExecutor  # slow, and often not needed

            environment = {"PYTHONHASHSEED": "20011"}
            return stack.enter_context(ProcessPoolExecutor(1, timeout=idle, env=environment))

        yield lambda function, *args: pool().submit(function, *args).result()
