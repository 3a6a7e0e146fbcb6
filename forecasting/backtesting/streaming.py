"""Backtests larger than memory: computed into a store, read and summed up from it part by part."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecasting.backtesting.engine import ARGUMENTS
from forecasting.backtesting.result import Backtest, Facts
from forecasting.backtesting.run import Models, Run, prepare, run_all, tell_notes
from forecasting.backtesting.running import progress_bar
from forecasting.backtesting.store import Store
from forecasting.errors import ArgumentError, check_count, check_keywords, plural
from forecasting.metrics import summarise_parts
from forecasting.metrics.groups import Weights, checked_weights


@dataclass(frozen=True, eq=False)
class StoredBacktest:
    """A backtest whose forecasts lie in a store; no more than one part of them is in memory.

    Made by :func:`forecasting.backtest_to_store`. ``parts()`` yields ordinary backtests of some series
    each, with everything that these can do; ``summary`` goes through them.
    """

    run: Run
    folder: str | os.PathLike[str]
    series_at_once: int

    @property
    def facts(self) -> Facts:
        """Settings, versions, seed and data fingerprint."""
        return self.run.facts

    @property
    def skipped(self) -> pd.DataFrame:
        """Series that could not take part at a cutoff: ``unique_id, cutoff, reason``."""
        return self.run.skipped

    @property
    def failures(self) -> pd.DataFrame:
        """Failures of all parts, as :attr:`Backtest.failures`; read anew each time."""
        return pd.concat([part.failures for part in self.parts()], ignore_index=True)

    def parts(self) -> Iterator[Backtest]:
        """Yield the backtest of ``series_at_once`` series after the other.

        What the store lacks (somebody removed it, or it failed for a passing reason) is computed again.
        """
        with Store.open(self.folder) as store:
            for run in parts_of(self.run, self.series_at_once):
                yield run.answered(run_all(run, store))

    def summary(
        self,
        *,
        by: str | Sequence[str] = "model",
        metrics: str | Sequence[str] | None = None,
        weights: Weights | None = None,
        groups: pd.DataFrame | pd.Series | None = None,
    ) -> pd.DataFrame:
        """Return the error table, as :meth:`Backtest.summary` does; one part is in memory at a time."""
        baseline = self.facts.baseline if len(self.run.models) > 1 else None
        tables = ((part.with_groups(groups), part.scales) for part in self.parts())
        return summarise_parts(
            (pair for pair in tables if len(pair[0])),
            by=by,
            metrics=metrics,
            weights=None if weights is None else self._checked(weights),
            baseline=baseline,
        )

    def collect(self) -> Backtest:
        """Return the whole in memory."""
        with Store.open(self.folder) as store:
            return self.run.answered(run_all(self.run, store))

    def _checked(self, weights: Weights) -> pd.Series:
        ids = self.run.panel.ids[np.flatnonzero(self.run.windows.active.any(axis=1))]
        return pd.Series(checked_weights(weights, ids), index=ids)

    def __repr__(self) -> str:
        run = self.run
        n = int(run.windows.active.sum()) * len(run.models)
        return (
            f"StoredBacktest: {plural(len(run.models), 'model')} x "
            f"{plural(run.panel.n_series, 'series', 'series')} x {plural(len(run.cutoffs), 'cutoff')}, "
            f"{n * run.schedule.h:,} forecast values in {os.fspath(self.folder)}; "
            ".summary() streams, .parts() yields backtests, .collect() reads everything"
        )


def parts_of(run: Run, size: int) -> Iterator[Run]:
    """Yield a run cut into blocks of series."""
    for first in range(0, run.panel.n_series, size):
        yield run.take(np.arange(first, min(first + size, run.panel.n_series)))


def backtest_to_store(
    data: object,
    models: Models,
    *,
    store: str | os.PathLike[str],
    series_at_once: int = 1_000,
    **settings: Any,
) -> StoredBacktest:
    """Run a backtest whose result need not fit in memory.

    The series are worked off in blocks; what is forecast goes to the store, from which
    ``backtest(..., store=store)`` resumes too.

    Parameters
    ----------
    data, models
        As for :func:`forecasting.backtest`; forecasters that learn from all series at once are refused.
    store : path
        Folder of the forecasts.
    series_at_once : int
        Series whose forecasts are in memory at a time.
    **settings
        ``h, n_windows, level, n_jobs, timeout, ...``: all other arguments of
        :func:`forecasting.backtest`.

    Returns
    -------
    StoredBacktest
        ``.summary()`` streams, ``.parts()`` yields ordinary backtests, ``.collect()`` reads it all.

    Raises
    ------
    ArgumentError
        If a forecaster learns from all series, or a setting cannot be.

    Notes
    -----
    Ctrl-C ends it; the same call goes on from there.

    Examples
    --------
    >>> import tempfile
    >>> from forecasting import Naive, SeasonalNaive, backtest_to_store
    >>> from forecasting.testing import contract_panel
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     stored = backtest_to_store(
    ...         contract_panel(), {"naive": Naive(), "snaive": SeasonalNaive(12)}, h=4, n_windows=3,
    ...         store=folder, series_at_once=2)
    ...     round(float(stored.summary(metrics="MASE").loc["snaive", "MASE"]), 3)
    0.906
    """
    check_keywords(settings, [w for w in ARGUMENTS if w != "audit"], "backtest_to_store")
    check_count(series_at_once, "series_at_once")
    progress = settings.pop("progress", None)
    run = prepare(data, models, progress=False, **settings)
    for name, forecaster in run.models.items():
        if not forecaster.is_local:
            raise ArgumentError(
                f"{name} learns from all series at once, so it cannot be run block by block; "
                "use backtest(..., store=...)"
            )
    bar = progress_bar(int(run.windows.active.sum()) * len(run.models), progress)
    with Store.open(store) as opened, bar:
        for part in parts_of(run, series_at_once):
            outcome = run_all(part, opened)
            tell_notes(outcome.sorted_notes())
            if not outcome.complete:
                raise KeyboardInterrupt
            bar.update(int(part.windows.active.sum()) * len(run.models))
    return StoredBacktest(run, store, series_at_once)
