"""The model confidence set: which models may be the best one."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Literal

import numpy as np
import pandas as pd

from forecasting._typing import FloatArray, IntArray
from forecasting.comparison.bootstrap import choose_block_length
from forecasting.comparison.pairing import Pairs, pair
from forecasting.errors import ArgumentError
from forecasting.metrics.groups import add_up

Over = Literal["unique_id", "cutoff"]


def model_confidence_set(
    forecasts: pd.DataFrame,
    scales: pd.DataFrame | None = None,
    *,
    metric: str = "MASE",
    level: float = 90,
    over: Over | None = None,
    block_length: int | None = None,
    n_resamples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the models that cannot be told from the best one.

    Hansen, Lunde & Nason (2011, doi:10.3982/ECTA5771), range statistic, by ``arch.bootstrap.MCS``.
    Models are put out one by one, the worst first, for as long as a bootstrap rejects that those
    left are equally good.

    Parameters
    ----------
    forecasts, scales, metric
        As in :func:`compare`. Only cells that all models have forecast count.
    level : float
        In percent: the set holds the best model with at least this probability. 90 is a size of
        0.10.
    over : {"unique_id", "cutoff"}, optional
        What is resampled. ``"unique_id"``: the mean loss of each series, drawn one by one; asks
        which model is best for other series like these. ``"cutoff"``: the loss averaged over
        series, one per cutoff, drawn in blocks; asks which would have been best at other times. By
        default whichever there are more of.
    block_length : int, optional
        Over cutoffs: successive windows that are drawn together, by default
        ``lags + 1``, from 12 on at least ``round(n_cutoffs ** (1/3))``, as in :func:`compare`. Over series:
        1.
    n_resamples, seed : int
        Of the bootstrap; the generator is local.

    Returns
    -------
    DataFrame
        Indexed by model, best first: ``loss`` (mean over what is resampled), ``p_value`` (the
        smallest size at which the model is put out), ``in_set`` (p_value > 1 - level/100).
        ``.attrs``: ``over``, ``n``, ``n_dropped`` (cells), ``block_length``.

    Raises
    ------
    ArgumentError
        Fewer than two models, fewer than four series or cutoffs to resample, or a metric that
        cannot be compared.

    Notes
    -----
    *Assumes* stationary losses over cutoffs, or independent series. A large set is not proof of
    equal models: with few cutoffs it may hold all of them. Models whose losses are identical stand
    or fall together.
    """
    if not 0 < level < 100:
        raise ArgumentError(f"level is a percentage between 0 and 100, got {level!r}; try level=90")
    pairs = pair(forecasts, scales, metric)
    if len(pairs.models) < 2:
        raise ArgumentError("a model confidence set needs at least two models, there is one")
    used = np.flatnonzero(pairs.complete(range(len(pairs.models))))
    over = over or _larger(pairs, used)
    losses = _mean_losses(pairs, used, over)
    if len(losses) < 4:
        raise ArgumentError(
            f"a model confidence set over {over} needs at least 4, there are {len(losses)}; "
            "use more windows (n_windows=) or more series"
        )
    length = _block_length(pairs, used, over, block_length, len(losses))
    names = [str(i) for i in range(len(pairs.models))]
    p_values = _p_values(losses, names, length, n_resamples, seed)
    result = pd.DataFrame(
        {"loss": losses.mean(axis=0), "p_value": p_values, "in_set": p_values > 1 - level / 100},
        index=pd.Index(pairs.models, name="model"),
    ).sort_values("loss", kind="stable")
    result.attrs |= {
        "over": over,
        "n": len(losses),
        "n_dropped": int(pairs.series.size - used.size),
        "block_length": length,
    }
    return result


def _larger(pairs: Pairs, used: IntArray) -> Over:
    n_series, n_cutoffs = np.unique(pairs.series[used]).size, np.unique(pairs.cutoff[used]).size
    return "unique_id" if n_series > n_cutoffs else "cutoff"


def _mean_losses(pairs: Pairs, used: IntArray, over: Over) -> FloatArray:
    """Return mean losses, (series or cutoffs, models); a series counts once in each cutoff."""
    n_cutoffs = len(pairs.table.cutoff.labels)
    slot = pairs.series[used] * n_cutoffs + pairs.cutoff[used]
    unit = pairs.series[used] if over == "unique_id" else slot
    columns = [_means(unit, pairs.losses[used, i]) for i in range(len(pairs.models))]
    table = np.stack(columns, axis=1)
    if over == "unique_id":
        return table
    cutoff = np.unique(slot) % n_cutoffs
    return np.stack([_means(cutoff, table[:, i]) for i in range(table.shape[1])], axis=1)


def _means(codes: IntArray, values: FloatArray) -> FloatArray:
    """Return the mean of the values of each code that occurs, codes ascending."""
    _, position = np.unique(codes, return_inverse=True)
    position = position.reshape(-1).astype(np.int64)
    size = int(position.max(initial=-1)) + 1
    return add_up(position, values, size) / np.bincount(position, minlength=size)


def _block_length(pairs: Pairs, used: IntArray, over: Over, asked: int | None, n: int) -> int:
    if over == "unique_id":
        return 1
    return choose_block_length(asked, max(int(pairs.lags[used].max(initial=0)), 0), n)


def _p_values(
    losses: FloatArray, names: list[str], block_length: int, n_resamples: int, seed: int
) -> FloatArray:
    """Return the p-value of every model; identical columns are tested once and share theirs."""
    from arch.bootstrap import MCS

    distinct, first, twin = np.unique(
        losses.T, axis=0, return_index=True, return_inverse=True
    )  # (d, n), (d,), (k,)
    if len(distinct) == 1:
        return np.ones(losses.shape[1])
    kept: list[Hashable] = [names[i] for i in first]
    # arch cannot put out one of two models that tie exactly in its statistic (mirrored losses do):
    # a relative 1e-12 per column decides, far below anything that a loss can say.
    frame = pd.DataFrame(distinct.T * (1 + 1e-12 * np.arange(len(kept))), columns=kept)
    # A pair that differs by a constant has (nearly) no variance: its huge statistic rightly puts
    # out the worse of the two first; the division is not worth a warning.
    with np.errstate(divide="ignore", invalid="ignore"):
        mcs = MCS(
            frame,
            size=0.1,  # only decides `included`, which is not used: every p-value is reported
            reps=n_resamples,
            block_size=block_length,
            method="R",
            bootstrap="circular",
            seed=np.random.default_rng(seed),
        )
        mcs.compute()
    found: Any = mcs.pvalues["Pvalue"]
    return np.array([float(found[name]) for name in kept])[twin.reshape(-1)]
