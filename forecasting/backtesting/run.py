"""A backtest that is ready to run: what is asked of which models, on which windows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, Unpack

import numpy as np
import pandas as pd

from forecasting._typing import IntArray
from forecasting.backtesting.result import Backtest, Facts
from forecasting.backtesting.resuming import Resume
from forecasting.backtesting.running import Means, Outcome, run_tasks
from forecasting.backtesting.shortfalls import note_shortfalls
from forecasting.backtesting.store import Store
from forecasting.backtesting.tables import (
    all_failures,
    forecasts_frame,
    parameters_frame,
    scales_frame,
    timings_frame,
    warnings_frame,
)
from forecasting.backtesting.tasks import Notes, plan
from forecasting.base import Forecaster
from forecasting.distribution import Asked, ask
from forecasting.errors import ArgumentError, WindowError, check_count, nearest, one_of, tell, times
from forecasting.panel import Panel
from forecasting.reading import DataOptions, as_panel
from forecasting.regressors import Regressors
from forecasting.schedule import Schedule, rolling_windows
from forecasting.versions import versions
from forecasting.windows import Windows

Models: TypeAlias = Forecaster | Sequence[Forecaster] | Mapping[str, Forecaster]

RESERVED = frozenset(
    ("unique_id", "ds", "y", "cutoff", "step", "model", "mean", "served_by", "index", "")
)


@dataclass(frozen=True, eq=False)
class Run:
    """One backtest, prepared; ``windows`` are cut from ``panel`` at ``cutoffs`` (ordinals)."""

    models: dict[str, Forecaster]
    baseline: str
    asked: Asked
    schedule: Schedule
    panel: Panel
    windows: Windows
    cutoffs: IntArray
    skipped: pd.DataFrame
    season_length: int
    means: Means
    facts: Facts

    def take(self, series: IntArray) -> Run:
        """Return the same run of some series."""
        panel = self.panel.take(series)
        return dataclasses.replace(
            self,
            panel=panel,
            windows=self.windows.take(series),
            skipped=self.skipped[self.skipped["unique_id"].isin(panel.ids)],
        )

    def answered(self, outcome: Outcome) -> Backtest:
        """Return the result; the truth is joined here, and intervals it shows too narrow are noted."""
        panel, windows, cutoffs, answers = self.panel, self.windows, self.cutoffs, outcome.answers
        forecasts = forecasts_frame(panel, windows, cutoffs, self.schedule, answers, self.asked)
        note_shortfalls(forecasts, answers, self.models, cutoffs, self.schedule.h, outcome.notes)
        return Backtest(
            forecasts=forecasts,
            scales=scales_frame(panel, windows, cutoffs, self.season_length),
            failures=all_failures(answers, windows),
            skipped=self.skipped,
            timings=timings_frame(answers, windows),
            warnings=warnings_frame(outcome.sorted_notes()),
            parameters=parameters_frame(panel, windows, cutoffs, answers),
            panel=panel,
            facts=dataclasses.replace(self.facts, complete=outcome.complete),
        )


def prepare(
    data: object,
    models: Models,
    *,
    h: int,
    n_windows: int | None = None,
    cutoffs: Sequence[object] | None = None,
    step_size: int | None = None,
    window: object = "expanding",
    gap: int = 0,
    refit: bool | int = True,
    partial: str = "drop",
    level: Sequence[float] | float = (),
    quantiles: Sequence[float] | None = None,
    X: Regressors | None = None,
    baseline: str | None = None,
    season_length: int | None = None,
    n_jobs: int = 1,
    timeout: float | None = None,
    seed: int = 0,
    progress: bool | None = None,
    **options: Unpack[DataOptions],
) -> Run:
    """Check the arguments of :func:`forecasting.backtest`, read the data, and cut the windows."""
    named = check_models(models)
    chosen = check_baseline(baseline, named)
    asked = ask(level, quantiles)
    means = Means(n_jobs, timeout, progress).checked()
    check_count(seed, "seed", least=0)
    if season_length is not None:
        check_count(season_length, "season_length")
    schedule = _checked(
        Schedule(
            h,
            n_windows,
            cutoffs,
            step_size,
            check_window(window),
            gap,
            refit,
            check_partial(partial),
        )
    )
    panel = as_panel(data, X=X, **options)
    windows, at, skipped = rolling_windows(panel, schedule, seed)
    for forecaster in named.values():
        forecaster.check_refit(windows)
    season = panel.calendar.season_length if season_length is None else season_length
    facts = Facts(
        models={name: repr(forecaster) for name, forecaster in named.items()},
        baseline=chosen,
        h=schedule.h,
        cutoffs=tuple(str(t).removesuffix(" 00:00:00") for t in panel.calendar.times(at)),
        step_size=schedule.step_size,
        window=schedule.window,
        gap=schedule.gap,
        refit=schedule.refit,
        level=asked.level,
        quantiles=asked.quantiles,
        season_length=season,
        seed=seed,
        freq=panel.calendar.freq,
        n_series=panel.n_series,
        n_rows=len(panel.values),
        fingerprint=panel.fingerprint,
        versions=versions(),
        timeout=means.timeout,
    )
    return Run(named, chosen, asked, schedule, panel, windows, at, skipped, season, means, facts)


def _checked(schedule: Schedule) -> Schedule:
    cutoffs = schedule.cutoffs
    if cutoffs is not None and schedule.step_size is not None:
        raise WindowError("cutoffs are given one by one; step_size= goes with n_windows=")
    if cutoffs is not None and (isinstance(cutoffs, str) or not isinstance(cutoffs, Iterable)):
        schedule = dataclasses.replace(schedule, cutoffs=[cutoffs])
    return schedule.checked()


def run_all(run: Run, store: Store | None = None) -> Outcome:
    """Answer every active cell: from the store what it has, by computing what is left."""
    models, windows, probs = run.models, run.windows, run.asked.probs
    outcome = Outcome.empty(list(models), windows, probs)
    if store is None:
        tasks = plan(models, windows, len(probs), run.means.n_jobs)
        run_tasks(tasks, windows, probs, run.means, outcome)
        return outcome
    resume = Resume(store, models, windows, probs, versions())
    resume.recall(outcome)
    wanted = {name: ~done for name, done in outcome.done.items()}
    tasks = plan(models, windows, len(probs), run.means.n_jobs, wanted)
    run_tasks(tasks, windows, probs, run.means, outcome, resume.keep)
    return outcome


def tell_notes(notes: dict[str, Notes]) -> None:
    """Pass on what came up while forecasting, once each, with the model and how often."""
    for model, found in notes.items():
        for (category, message), n in found.items():
            tell(f"{model}: {message}{times(n)}", category)


# --- arguments ---


def check_models(models: Models) -> dict[str, Forecaster]:
    """Return models by name.

    Raises
    ------
    ArgumentError
        If there is none, a name is used twice or reserved, or something is not a forecaster.
    """
    pairs: list[tuple[str, Forecaster]]
    if isinstance(models, Forecaster):
        pairs = [(type(models).__name__, models)]
    elif isinstance(models, Mapping):
        pairs = list(models.items())
    elif isinstance(models, Sequence) and not isinstance(models, str):
        pairs = [(type(m).__name__, m) for m in models]
    else:
        raise ArgumentError(
            f"models must be forecasters, for instance {{'naive': Naive()}}, got {type(models).__name__}"
        )
    if not pairs:
        raise ArgumentError(
            "models is empty; give at least one forecaster, for instance {'naive': Naive()}"
        )
    named: dict[str, Forecaster] = {}
    for name, forecaster in pairs:
        if isinstance(forecaster, type):
            raise ArgumentError(
                f"model {name!r} is a class; make an instance, {forecaster.__name__}(...)"
            )
        if not isinstance(forecaster, Forecaster):
            raise ArgumentError(
                f"model {name!r} is a {type(forecaster).__name__}, not a forecaster of this package; "
                "Sktime(...) takes those of sktime"
            )
        if not isinstance(name, str) or name in RESERVED:
            raise ArgumentError(f"model name {name!r} is reserved; choose another")
        if name in named:
            raise ArgumentError(
                f"model names must be unique, {name!r} is there twice; pass a dict of names"
            )
        named[name] = forecaster
    return named


def check_baseline(baseline: str | None, models: dict[str, Forecaster]) -> str:
    """Return the baseline's name; the first model by default."""
    if baseline is None:
        return next(iter(models))
    if not one_of(baseline, *models):
        raise ArgumentError(
            f"baseline {baseline!r} is not among the models {list(models)}.{nearest(str(baseline), models)}"
        )
    return baseline


def check_window(window: object) -> int | None:
    """Return the length of a sliding window, None for an expanding one."""
    if one_of(window, "expanding"):
        return None
    if isinstance(window, (int, np.integer)) and not isinstance(window, bool) and window >= 1:
        return int(window)
    raise WindowError(
        f"window must be 'expanding' or a number of steps of at least 1, got {window!r}"
    )


def check_partial(partial: object) -> bool:
    """Return whether windows with part of their test values are kept."""
    if not one_of(partial, "drop", "keep"):
        raise ArgumentError(f"partial must be 'drop' or 'keep', got {partial!r}")
    return partial == "keep"
