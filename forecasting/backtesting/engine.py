"""``backtest``: one calendar of cutoffs, every forecaster on every window, the truth joined afterwards."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import Literal, Unpack

from forecasting.backtesting.certifying import check_audit, with_certificate
from forecasting.backtesting.result import Backtest
from forecasting.backtesting.run import Models, prepare, run_all, tell_notes
from forecasting.backtesting.store import Store
from forecasting.errors import check_keywords
from forecasting.reading import DataOptions
from forecasting.regressors import Regressors

ARGUMENTS = (
    "h", "n_windows", "cutoffs", "step_size", "window", "gap", "refit", "partial", "level", "quantiles",
    "X", "baseline", "season_length", "n_jobs", "timeout", "store", "seed", "progress",
    "audit", *DataOptions.__annotations__,
)  # fmt: skip


def backtest(
    data: object,
    models: Models,
    *,
    h: int,
    n_windows: int | None = None,
    cutoffs: Sequence[object] | None = None,
    step_size: int | None = None,
    window: Literal["expanding"] | int = "expanding",
    gap: int = 0,
    refit: bool | int = True,
    partial: Literal["drop", "keep"] = "drop",
    level: Sequence[float] | float = (),
    quantiles: Sequence[float] | None = None,
    X: Regressors | None = None,
    baseline: str | None = None,
    season_length: int | None = None,
    n_jobs: int = 1,
    timeout: float | None = None,
    store: str | os.PathLike[str] | None = None,
    seed: int = 0,
    progress: bool | None = None,
    audit: Literal["leak"] | None = None,
    **options: Unpack[DataOptions],
) -> Backtest:
    """Replay history: at each cutoff every forecaster sees only what was known then, and is scored.

    The cutoffs are one calendar for the whole panel: ``cutoff_k = end - gap - h - (K - 1 - k) *
    step_size`` with ``end`` the last time of any series. Step ``s`` of a forecast is dated ``cutoff + s``;
    with a gap the steps are ``gap + 1 .. gap + h``. A series that has not started, has ended, or lacks
    part of its test values at a cutoff does not take part there and is named in ``.skipped``.

    Parameters
    ----------
    data : DataFrame, Series, polars or Arrow table, or Panel
        As for :func:`forecasting.as_panel`.
    models : dict of str to Forecaster, list of Forecaster, or Forecaster
        What is compared. A list is named by class.
    h : int
        Steps that are forecast at each cutoff.
    n_windows : int
        Number of cutoffs, 1 by default. Or ``cutoffs``: the times themselves, the last time that is seen.
    step_size : int, optional
        Steps between cutoffs; ``h`` by default, so that test parts do not overlap.
    window : "expanding" or int
        All of the past, or the last so many steps of it. Where weights or intervals stand on forecasts from
        earlier origins, each of these is made from as many steps before its origin.
    gap : int
        Steps between the cutoff and the first that is scored.
    refit : bool or int
        Refit at every cutoff (True), only at the first (False), or at every k-th.
    partial : {"drop", "keep"}
        What to do with windows whose test values are not all there yet.
    level, quantiles
        Prediction intervals in percent, ``(80, 95)``, or quantiles in (0, 1); not both.
    X : Regressors, optional
        Regressors with roles; past-only ones are never shown beyond the cutoff.
    baseline : str, optional
        The model that skill and comparisons are measured against; the first by default.
    season_length : int, optional
        Season of the scale of MASE and RMSSE; that of the frequency by default (1 for integer time).
    n_jobs : int
        Processes, or threads of compiled kernels; -1 for one a core. Changes time, never bits.
    timeout : float, optional
        Longest that a forecaster may take over one series and window, in seconds. Every task then runs
        in a worker process that is ended when it gives no sign of life for so long, compiled code
        included: the cell is a failure, code TIMEOUT. A forecaster that kills its process (WORKER_DIED)
        or asks for more than its share of memory (MEMORY) costs its own cells too. Without a limit this
        holds for ``n_jobs`` above 1 only.
    store : path, optional
        Folder in which finished forecasts are kept, found again by what they were computed from: the
        past of the series, the forecaster with its parameters and code, the versions. A run that was
        killed goes on where it was; a run with another month of data, one more model or another
        parameter computes what that touches. Several processes may share it. What failed for a reason
        that does not lie in the data is tried again.
    seed : int
        Seed of forecasters that draw random numbers.
    progress : bool, optional
        Show progress with an estimate; by default where somebody watches and it takes longer than a
        second.
    audit : "leak", optional
        Run a sample again with its future changed (about one series in a hundred, two cutoffs), and
        keep the verdict as ``.certificate``; see :func:`forecasting.audit`.
    **options
        ``freq, id_col, time_col, target_col, ...`` of :func:`forecasting.as_panel`.

    Returns
    -------
    Backtest

    Raises
    ------
    InputError
        If the data cannot be read. Trouble with one series is a row of ``.failures`` instead.
    WindowError, HorizonError, LevelError, ArgumentError
        For arguments that cannot be, with the largest that can.

    Notes
    -----
    Ctrl-C returns what is finished: ``.complete`` is False, and what is missing has the code INTERRUPTED
    in ``.failures``. With a ``store`` the same call goes on from there.

    Examples
    --------
    >>> import pandas as pd
    >>> from forecasting import Naive, SeasonalNaive, backtest
    >>> y = pd.Series(range(40), index=pd.date_range("2024-01-01", periods=40, freq="D"), dtype=float)
    >>> bt = backtest(y, {"naive": Naive(), "weekly": SeasonalNaive(7)}, h=2, n_windows=3)
    >>> bt.summary(metrics="MAE")["MAE"].tolist()
    [1.5, 7.0]
    """
    check_keywords(options, ARGUMENTS, "backtest")
    check_audit(audit)
    run = prepare(
        data, models, h=h, n_windows=n_windows, cutoffs=cutoffs, step_size=step_size, window=window,
        gap=gap, refit=refit, partial=partial, level=level, quantiles=quantiles, X=X, baseline=baseline,
        season_length=season_length, n_jobs=n_jobs, timeout=timeout, seed=seed, progress=progress,
        **options,
    )  # fmt: skip
    with contextlib.nullcontext() if store is None else Store.open(store) as opened:
        outcome = run_all(run, opened)
    result = run.answered(outcome)
    tell_notes(outcome.sorted_notes())
    return result if audit is None else with_certificate(result, run, backtest)
