"""Running oracles on models, on a sample of the data, and writing the certificate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forecasting._typing import IntArray
from forecasting.auditing.causes import find_causes
from forecasting.auditing.certificate import Certificate, Tried
from forecasting.auditing.oracles import LEAK_ORACLES, Finding, Oracle, choose_oracles, judge
from forecasting.auditing.outcome import CELL, Comparison, Replayed, compare, outcome_of
from forecasting.auditing.trial import (
    Elsewhere,
    NotApplicableError,
    Replay,
    Trial,
    new_process,
    own_copy,
)
from forecasting.base import Forecaster
from forecasting.errors import ArgumentError, InputError, WindowError, show_time
from forecasting.panel import Panel
from forecasting.versions import versions

#: Cutoffs that are audited where none are named.
USUAL_CUTOFFS = 3
#: A backtest audits one series in so many, this many at least, at so many of its cutoffs.
ONE_IN, FEWEST_SERIES, SAMPLED_CUTOFFS = 100, 3, 2


@dataclass(frozen=True, eq=False)
class Sample:
    """What an audit is run on.

    Attributes
    ----------
    panel : Panel
        All of the data.
    series : array of int
        Those that take part.
    cutoffs : array of int
        Ordinals, ascending.
    """

    panel: Panel
    series: IntArray
    cutoffs: IntArray

    @property
    def part(self) -> Panel:
        """The panel of the series that take part."""
        return self.panel.take(self.series)


def usual_cutoffs(panel: Panel, reach: int) -> IntArray:
    """Return three cutoffs near the end, as far apart as the horizon, in the later half of the data.

    Raises
    ------
    WindowError
        If the data is not longer than the horizon.
    """
    first, end = int(panel.start.min()), int(panel.end.max())
    found = end - 1 - reach * np.arange(USUAL_CUTOFFS, 0, -1, dtype=np.int64)
    found = found[found >= first + (end - first) // 2]
    if len(found):
        return found
    if end - reach < first:
        raise WindowError(
            f"the horizon (h and gap) of {reach} steps leaves no history in {end - first + 1}; the largest "
            f"feasible is {end - first}"
        )
    return np.array([end - reach], dtype=np.int64)


def pick_series(panel: Panel, cutoffs: IntArray, n: int, seed: int) -> IntArray:
    """Return ``n`` series, drawn from those that are there at all cutoffs where enough are."""
    there = np.flatnonzero((panel.start <= cutoffs[0]) & (panel.end > cutoffs[-1]))
    drawn_from = there if len(there) else np.arange(panel.n_series)
    rng = np.random.default_rng([seed, int(panel.fingerprint, 16)])
    return np.sort(rng.permutation(drawn_from)[:n])


def series_needed(forecasters: Iterable[Forecaster]) -> int:
    """Return how many series an audit must have, so that each forecaster does what it does with all."""
    return max((forecaster.min_series for forecaster in forecasters), default=1)


@dataclass(frozen=True)
class Settings:
    """How the forecasts that are audited are asked for."""

    h: int
    gap: int = 0
    level: tuple[float, ...] = ()
    seed: int = 0


def certify(
    models: Mapping[str, Forecaster],
    sample: Sample,
    replay: Replay,
    oracles: Sequence[Oracle],
    settings: Settings,
    *,
    as_of: object = None,
    delivered: Replayed | None = None,
) -> Certificate:
    """Ask every oracle about every model.

    Parameters
    ----------
    delivered : Replayed, optional
        The run that the certificate goes with: what it holds of the sample must be what the sample
        gives alone, for models that learn each series alone.

    Raises
    ------
    ArgumentError, InputError
        If the undisturbed run cannot be made at all: an argument or the data is broken.
    """
    asked = list(oracles) if delivered is None else [*oracles, delivered_oracle(delivered)]
    findings: list[Finding] = []
    with new_process() as elsewhere:
        for name, forecaster in models.items():
            trial = make_trial(
                name, forecaster, sample.part, sample.cutoffs, replay, settings, elsewhere
            )
            findings += ask(trial, asked)
    panel, cutoffs = sample.panel, sample.cutoffs
    causes = find_causes(panel, cutoffs.tolist(), settings.h + settings.gap, as_of)
    return Certificate(
        tuple(findings),
        tuple(causes),
        Tried(
            models={name: repr(forecaster) for name, forecaster in models.items()},
            oracles={oracle.id: oracle.what for oracle in asked},
            h=settings.h,
            gap=settings.gap,
            cutoffs=tuple(show_time(t) for t in panel.calendar.times(cutoffs)),
            ids=tuple(str(i) for i in panel.ids[sample.series]),
            n_series=panel.n_series,
            level=settings.level,
            seed=settings.seed,
            fingerprint=panel.fingerprint,
            versions=versions(),
        ),
    )


def certify_sample(
    models: Mapping[str, Forecaster],
    panel: Panel,
    cutoffs: IntArray,
    replay: Replay,
    settings: Settings,
    delivered: Replayed | None,
) -> Certificate:
    """Audit about one series in a hundred of a backtest, at two of its cutoffs, for leaks.

    Which, the seed and the data decide. A forecaster that learns from all series learns from those of
    the sample here, which has as many as it needs.
    """
    rng = np.random.default_rng([settings.seed, int(panel.fingerprint, 16), 1])
    some = np.sort(rng.permutation(cutoffs)[:SAMPLED_CUTOFFS])
    n = max(FEWEST_SERIES, -(-panel.n_series // ONE_IN), series_needed(models.values()))
    sample = Sample(panel, pick_series(panel, some, n, settings.seed), some)
    oracles = choose_oracles(LEAK_ORACLES)
    return certify(models, sample, replay, oracles, settings, delivered=delivered)


def make_trial(
    name: str,
    forecaster: Forecaster,
    panel: Panel,
    cutoffs: IntArray,
    replay: Replay,
    settings: Settings,
    elsewhere: Elsewhere,
    pivots: IntArray | None = None,
) -> Trial:
    """Return a trial on a panel of its own."""
    own = own_copy(panel)
    return Trial(
        name,
        forecaster,
        own,
        settings.h,
        settings.gap,
        cutoffs,
        cutoffs if pivots is None else pivots,
        replay,
        elsewhere,
        settings.seed,
        settings.level,
        own_copy(panel).fingerprint,
    )


def ask(trial: Trial, oracles: Sequence[Oracle]) -> list[Finding]:
    """Return what each oracle says of a forecaster.

    Raises
    ------
    ArgumentError, InputError
        If the undisturbed run cannot be made at all.
    """
    try:
        undisturbed = compare(trial.expected(), trial.expected())
    except (ArgumentError, InputError):
        raise
    except (Exception, SystemExit) as error:  # any author's code
        why = f"the undisturbed run raised {type(error).__name__}: {error}"
        return [Finding(o.id, o.name, trial.name, "failed", why, 0, why) for o in oracles]
    if undisturbed.n == 0:
        why = f"the undisturbed run has no forecast: {undisturbed.code}"
        return [Finding(o.id, o.name, trial.name, "not applicable", why) for o in oracles]
    return [judge(oracle, trial) for oracle in oracles]


def delivered_oracle(delivered: Replayed) -> Oracle:
    """Return the oracle that asks whether a run holds what its sample gives alone."""

    def run(trial: Trial) -> Iterator[Comparison]:
        """The sample alone, beside what the whole backtest delivered."""
        if not trial.forecaster.is_local:
            raise NotApplicableError("it learns from all series, and the sample has fewer")
        alone, whole = trial.expected(), outcome_of(delivered, trial.name)
        # Windows without all of their test values are kept here, and may be dropped there.
        cells = alone.cells.merge(whole.cells, on=list(CELL), how="inner")
        yield compare(whole.only(cells), alone.only(cells))

    return Oracle("O6", "delivered", "the company of other series matters", run)
