"""``backtest``: one calendar of cutoffs, every forecaster on every window, the truth joined afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias, Unpack

import numpy as np

from forecasting.backtesting.result import Backtest, Facts
from forecasting.backtesting.resuming import Resume
from forecasting.backtesting.running import Means, Outcome, run_tasks
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
from forecasting.backtesting.versions import versions
from forecasting.base import Forecaster
from forecasting.distribution import ask
from forecasting.errors import (
    ArgumentError,
    WindowError,
    check_count,
    check_keywords,
    nearest,
    tell,
    times,
)
from forecasting.reading import DataOptions, as_panel
from forecasting.regressors import Regressors
from forecasting.schedule import Schedule, rolling_windows
from forecasting.windows import Windows

Models: TypeAlias = Forecaster | Sequence[Forecaster] | Mapping[str, Forecaster]

RESERVED = frozenset(
    ("unique_id", "ds", "y", "cutoff", "step", "model", "mean", "served_by", "index", "")
)
ARGUMENTS = (
    "h", "n_windows", "cutoffs", "step_size", "window", "gap", "refit", "partial", "level", "quantiles",
    "X", "baseline", "season_length", "n_jobs", "timeout", "store", "seed", "progress",
    *DataOptions.__annotations__,
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
        All of the past, or the last so many steps of it.
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
    named = check_models(models)
    chosen = check_baseline(baseline, named)
    asked = ask(level, quantiles)
    means = Means(n_jobs, timeout, progress).checked()
    check_count(seed, "seed", least=0)
    if cutoffs is not None and step_size is not None:
        raise WindowError("cutoffs are given one by one; step_size= goes with n_windows=")
    if cutoffs is not None and (isinstance(cutoffs, str) or not isinstance(cutoffs, Iterable)):
        cutoffs = [cutoffs]
    schedule = Schedule(
        h, n_windows, cutoffs, step_size, check_window(window), gap, refit, check_partial(partial)
    ).checked()
    panel = as_panel(data, X=X, **options)
    windows, times, skipped = rolling_windows(panel, schedule, seed)
    for forecaster in named.values():
        forecaster.check_refit(windows)
    season = panel.calendar.season_length if season_length is None else season_length
    outcome = run_all(named, windows, asked.probs, means, store)
    answers, notes = outcome.answers, outcome.sorted_notes()
    _say(notes)
    return Backtest(
        forecasts=forecasts_frame(panel, windows, times, schedule, answers, asked),
        scales=scales_frame(panel, windows, times, season),
        failures=all_failures(answers, windows),
        skipped=skipped,
        timings=timings_frame(answers, windows),
        warnings=warnings_frame(notes),
        parameters=parameters_frame(panel, windows, times, answers),
        panel=panel,
        facts=Facts(
            models={name: repr(forecaster) for name, forecaster in named.items()},
            baseline=chosen,
            h=schedule.h,
            cutoffs=tuple(str(t).removesuffix(" 00:00:00") for t in panel.calendar.times(times)),
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
            complete=outcome.complete,
        ),
    )


def run_all(
    models: dict[str, Forecaster],
    windows: Windows,
    probs: tuple[float, ...],
    means: Means,
    folder: str | os.PathLike[str] | None,
) -> Outcome:
    """Answer every active cell: from the store what it has, by computing what is left."""
    outcome = Outcome.empty(list(models), windows, probs)
    if folder is None:
        tasks = plan(models, windows, len(probs), means.n_jobs)
        run_tasks(tasks, windows, probs, means, outcome)
        return outcome
    with Store.open(folder) as store:
        resume = Resume(store, models, windows, probs, versions())
        resume.recall(outcome)
        wanted = {name: ~done for name, done in outcome.done.items()}
        tasks = plan(models, windows, len(probs), means.n_jobs, wanted)
        run_tasks(tasks, windows, probs, means, outcome, resume.keep)
    return outcome


def _say(notes: dict[str, Notes]) -> None:
    """Pass on what came up while forecasting, once each, with the model and how often."""
    for model, found in notes.items():
        for (category, message), n in found.items():
            tell(f"{model}: {message}{times(n)}", category)


# --- arguments ----------------------------------------------------------------------------------------


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
    if baseline not in models:
        raise ArgumentError(
            f"baseline {baseline!r} is not among the models {list(models)}.{nearest(str(baseline), models)}"
        )
    return baseline


def check_window(window: object) -> int | None:
    """Return the length of a sliding window, None for an expanding one."""
    if window == "expanding":
        return None
    if isinstance(window, (int, np.integer)) and not isinstance(window, bool) and window >= 1:
        return int(window)
    raise WindowError(
        f"window must be 'expanding' or a number of steps of at least 1, got {window!r}"
    )


def check_partial(partial: object) -> bool:
    """Return whether windows with part of their test values are kept."""
    if partial not in ("drop", "keep"):
        raise ArgumentError(f"partial must be 'drop' or 'keep', got {partial!r}")
    return partial == "keep"
