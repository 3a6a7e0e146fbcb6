"""``audit``: does any forecast move when something moves that it must not know of?"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Literal, Unpack

import numpy as np

from forecasting._typing import IntArray
from forecasting.auditing import (
    Certificate,
    Sample,
    Settings,
    certify,
    choose_oracles,
    pick_series,
    series_needed,
    usual_cutoffs,
)
from forecasting.backtesting.engine import backtest
from forecasting.backtesting.run import Models, check_models
from forecasting.distribution import ask
from forecasting.errors import WindowError, check_count, check_keywords
from forecasting.panel import Panel
from forecasting.reading import DataOptions, as_panel
from forecasting.regressors import Regressors
from forecasting.schedule import check_horizon, whole_number

ARGUMENTS = (
    "h", "oracles", "cutoffs", "n_series", "level", "X", "window", "gap", "refit", "timeout", "seed",
    *DataOptions.__annotations__,
)  # fmt: skip

#: Series that take part where nobody says how many.
USUAL_SERIES = 6


def audit(
    models: Models,
    data: object,
    *,
    h: int,
    oracles: Sequence[str] | str | None = None,
    cutoffs: Sequence[object] | None = None,
    n_series: int | None = None,
    level: Sequence[float] | float = (50, 80),
    X: Regressors | None = None,
    window: Literal["expanding"] | int = "expanding",
    gap: int = 0,
    refit: bool | int = True,
    timeout: float | None = None,
    seed: int = 0,
    **options: Unpack[DataOptions],
) -> Certificate:
    """Change what must not matter, and demand the same bits of every forecast.

    Each oracle runs the backtest again with something changed: values after a cutoff scaled, replaced,
    deleted or made missing, rows appended, a gap at the cutoff, series left out, shuffled, renamed,
    moved, another process, another horizon. Forecasts, quantiles, parameters and failures up to that
    cutoff must stay bit for bit. The data itself is searched for leaks that no forecaster can avoid:
    a regressor that is the target, rows of the future.

    Parameters
    ----------
    models : dict of str to Forecaster, list of Forecaster, or Forecaster
    data : DataFrame, Series, polars or Arrow table, or Panel
        As for :func:`forecasting.as_panel`.
    h : int
        Steps that are forecast.
    oracles : sequence of str, optional
        Numbers or names, ``("O1", "subset")``; all when None. ``forecasting.auditing.ORACLES`` lists
        them.
    cutoffs : sequence of times, optional
        Three near the end of the data by default. A forecaster that sees too little history there is
        not applicable, not passed.
    n_series : int, optional
        Series that take part, by default six, or as many as a forecaster needs to learn from all of them;
        which, the seed and the data decide. A forecaster that learns from all series learns from these.
    level : sequence of float
        Prediction intervals in percent that are compared too; ``()`` saves their calibration.
    X, window, gap, refit, timeout, seed
        As for :func:`forecasting.backtest`. With a ``timeout`` everything runs in worker processes, where
        a forecaster that writes into shared memory or remembers between runs harms, and shows, less.
    **options
        ``freq, id_col, time_col, target_col, ...`` of :func:`forecasting.as_panel`. With ``as_of``,
        rows after it are a leak in the certificate, not an error.

    Returns
    -------
    Certificate
        ``.passed``, ``.table`` (a row per oracle and model: verdict, reason, values compared, first
        difference), ``.causes``, ``.tried``, ``.to_json()``. A forecaster that leaks is a verdict.

    Raises
    ------
    InputError
        If the data cannot be read.
    WindowError, HorizonError, LevelError, ArgumentError
        For arguments that cannot be.

    Notes
    -----
    About 20 runs per model and as many again for each cutoff, of ``n_series`` series at one cutoff more
    than are audited; the last lies at the end of the data, so that there is a future to be seen.

    Examples
    --------
    >>> import pandas as pd
    >>> from forecasting import SeasonalNaive, audit
    >>> y = pd.Series(range(60), index=pd.date_range("2024-01-01", periods=60, freq="D"), dtype=float)
    >>> audit(SeasonalNaive(7), y, h=3, oracles=["O1", "O2", "O3"]).passed
    True
    """
    check_keywords(options, ARGUMENTS, "audit")
    named, chosen = check_models(models), choose_oracles(oracles)
    h, gap = check_horizon(h), whole_number(gap, "gap", 0)
    if n_series is None:
        n_series = max(USUAL_SERIES, series_needed(named.values()))
    check_count(n_series, "n_series")
    check_count(seed, "seed", least=0)
    asked = ask(level, None)
    as_of = options.pop("as_of", None)
    panel = as_panel(data, X=X, **options)
    at = usual_cutoffs(panel, h + gap) if cutoffs is None else _ordinals(panel, cutoffs)
    settings = Settings(h, gap, asked.level, seed)
    replay = functools.partial(
        backtest,
        level=asked.level,
        window=window,
        gap=gap,
        refit=refit,
        timeout=timeout,
        seed=seed,
        partial="keep",
        season_length=1,
        progress=False,
    )
    sample = Sample(panel, pick_series(panel, at, n_series, seed), at)
    return certify(named, sample, replay, chosen, settings, as_of=as_of)


def _ordinals(panel: Panel, cutoffs: Sequence[object]) -> IntArray:
    found = [cutoffs] if isinstance(cutoffs, str) else list(cutoffs)
    if not found:
        raise WindowError("cutoffs is empty; give at least one time, or leave it out for three")
    return np.unique(np.array([panel.calendar.at(c) for c in found], dtype=np.int64))
