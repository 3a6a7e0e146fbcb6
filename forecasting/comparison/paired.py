"""The paired comparison of models with a baseline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecasting._typing import BoolArray, FloatArray
from forecasting.comparison.bootstrap import bootstrap_interval, choose_block_length
from forecasting.comparison.diebold_mariano import DieboldMariano, diebold_mariano
from forecasting.comparison.pairing import Pairs, pair
from forecasting.errors import ArgumentError
from forecasting.metrics.groups import Weights, add_up, divide, series_weights


def compare(
    forecasts: pd.DataFrame,
    scales: pd.DataFrame | None = None,
    *,
    baseline: str,
    model: str | None = None,
    metric: str = "MASE",
    by: str | None = None,
    weights: Weights | None = None,
    level: float = 95,
    n_resamples: int = 1000,
    block_length: int | None = None,
    lags: int | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare models with a baseline on the cells that both have forecast.

    Everything is paired by series, cutoff and step: a cell where either failed, or the loss is
    undefined, is dropped for both and counted.

    Parameters
    ----------
    forecasts, scales
        As in :func:`forecasting.metrics.summarise`; ``ds`` is used to see which windows overlap.
    baseline : str
        The model to compare with.
    model : str, optional
        One model; all others by default.
    metric : str
        A metric of which less is better, a mean over series: MASE, MAE, RMSSE, CRPS, MSIS-95. For
        RMSE and RMSSE it is the *squared* (scaled) error that is compared, without the root.
    by : {None, "step"}
        One row per model, or one per model and step.
    weights : mapping or Series of unique_id -> weight, optional
        As in ``summarise``. The win rate counts series, not weights.
    level : float
        Of the bootstrap interval, in percent.
    n_resamples, seed : int
        Of the bootstrap; the generator is local.
    block_length : int, optional
        Successive windows that are drawn together; by default enough to hold the overlap,
        ``lags + 1``, from 12 cutoffs on at least ``round(n_cutoffs ** (1/3))``; at most half of them.
    lags : int, optional
        Overlap of the windows for the Diebold-Mariano test, in windows; by default the number of
        later cutoffs that come before the time forecast, from ``ds`` and ``cutoff``: h - 1 for
        step_size=1, 0 for step_size >= h.

    Returns
    -------
    DataFrame
        One row per model (and step):

        - ``model, baseline, metric`` and ``step``;
        - ``loss``, ``baseline_loss``: mean over series of the mean inside each, on the pairs;
        - ``difference = loss - baseline_loss``: negative when the model is better;
        - ``difference_lo, difference_hi``: percentile interval of a bootstrap that draws series and
          blocks of successive windows, both with replacement;
        - ``win_rate``: share of series in which the model has the smaller mean loss, ties half;
        - ``dm_statistic, dm_p, dm_lags, dm_note``: Diebold-Mariano test with the
          Harvey-Leybourne-Newbold correction, on the differences averaged over series (and steps),
          one per cutoff;
        - ``n_pairs, n_dropped`` (cells), ``n_series, n_cutoffs``.

    Raises
    ------
    ArgumentError
        Unknown model, baseline or metric; a metric that cannot be compared; a ``by``, ``level``,
        ``n_resamples``, ``block_length`` or ``lags`` that cannot be; no ``ds`` and no ``lags``.

    Notes
    -----
    *What is assumed.* The interval takes series to be drawn independently of one another (series
    that move together make it too narrow in that direction; shocks common to a window are caught
    by drawing windows) and the differences to be stationary over cutoffs. Its deviations are
    stretched for small samples (:func:`forecasting.comparison.bootstrap.expansion`). Measured at
    level=95 with no true difference (1000 runs each): 94 % with one series and 3 windows, 99 %
    with 6, 95 % with 12, 24, 50 and 100; 100 % with 50 series and 6 windows, since drawing both
    ways errs on the wide side (Owen 2007, doi:10.1214/07-AOAS122). But 89 % with 50 windows whose
    differences have a correlation of 0.5 that no overlap explains (and the Diebold-Mariano test
    at 5 % then rejects 26 %): give a longer ``block_length`` and ``lags``. With one cutoff the
    interval speaks of other series at the same time only, with one series of other times only;
    with one of each it is NaN.

    The Diebold-Mariano test: see :func:`diebold_mariano`. Its average over series is one time
    series: it takes no credit for the number of series. None of the numbers is corrected for the
    number of models compared; for that see :func:`ranks` and :func:`model_confidence_set`.
    """
    _check(by, level, n_resamples, block_length, lags)
    pairs = pair(forecasts, scales, metric)
    base = pairs.table.model_code(baseline)
    others = [i for i in range(len(pairs.models)) if i != base]
    chosen = others if model is None else [pairs.table.model_code(model, "model")]
    weight = series_weights(pairs.table, weights)
    rows: list[dict[str, Any]] = []
    for i in chosen:
        for step, cells in _parts(pairs, by):
            duel = _Duel(pairs, i, base, cells, weight)
            head = {"model": pairs.models[i], "baseline": pairs.models[base], "metric": metric}
            head |= {} if by is None else {"step": step}
            rows.append(head | duel.row(level, n_resamples, block_length, lags, seed))
    return pd.DataFrame(rows)


def _parts(pairs: Pairs, by: str | None) -> Iterator[tuple[Any, BoolArray]]:
    if by is None:
        yield None, np.ones(pairs.series.size, dtype=np.bool_)
        return
    for code, label in enumerate(pairs.table.step.labels):
        yield label, pairs.step == code


@dataclass(frozen=True, eq=False)
class _Duel:
    """Two models on some of the cells."""

    pairs: Pairs
    model: int
    baseline: int
    cells: BoolArray
    weights: FloatArray

    def row(
        self, level: float, n_resamples: int, block_length: int | None, lags: int | None, seed: int
    ) -> dict[str, Any]:
        """Return the numbers of one row of the comparison."""
        pairs = self.pairs
        used = self.cells & pairs.complete([self.model, self.baseline])
        mine, theirs = pairs.losses[used, self.model], pairs.losses[used, self.baseline]
        series = pairs.series[used]
        overlap = _lags(pairs, used, lags)
        count, total = self._grid(used, np.ones(mine.size)), self._grid(used, mine - theirs)
        test = _test_over_cutoffs(total, count, self.weights, overlap)
        draw = choose_block_length(block_length, overlap, int((count.sum(axis=0) > 0).sum()))
        lo, hi = _interval(total, count, self.weights, level, n_resamples, draw, seed)
        loss, baseline_loss = (self._mean(series, values) for values in (mine, theirs))
        return {
            "loss": loss,
            "baseline_loss": baseline_loss,
            "difference": self._mean(series, mine - theirs),
            "difference_lo": lo,
            "difference_hi": hi,
            "win_rate": self._win_rate(series, mine, theirs),
            "dm_statistic": test.statistic,
            "dm_p": test.p_value,
            "dm_lags": test.lags,
            "dm_note": test.note,
            "n_pairs": int(used.sum()),
            "n_dropped": int((self.cells & ~used).sum()),
            "n_series": int((count.sum(axis=1) > 0).sum()),
            "n_cutoffs": int((count.sum(axis=0) > 0).sum()),
        }

    def _grid(self, used: BoolArray, values: FloatArray) -> FloatArray:
        """Return sums per series and cutoff, (series, cutoffs)."""
        shape = len(self.pairs.table.series.labels), len(self.pairs.table.cutoff.labels)
        slot = self.pairs.series[used] * shape[1] + self.pairs.cutoff[used]
        return add_up(slot, values, shape[0] * shape[1]).reshape(shape)

    def _by_series(self, series: Any, values: FloatArray) -> FloatArray:
        size = self.weights.size
        return divide(add_up(series, values, size), np.bincount(series, minlength=size))

    def _mean(self, series: Any, values: FloatArray) -> float:
        inside = self._by_series(series, values)
        known = ~np.isnan(inside) & (self.weights > 0)
        total = self.weights[known].sum()
        return float(self.weights[known] @ inside[known] / total) if total > 0 else float("nan")

    def _win_rate(self, series: Any, mine: FloatArray, theirs: FloatArray) -> float:
        a, b = self._by_series(series, mine), self._by_series(series, theirs)
        known = ~np.isnan(a)
        if not known.any():
            return float("nan")
        return float(np.mean((a < b)[known] + 0.5 * (a == b)[known]))


def _test_over_cutoffs(
    total: FloatArray, count: FloatArray, weights: FloatArray, lags: int
) -> DieboldMariano:
    """Average the differences over series, one number per cutoff, and test them."""
    weight = np.where(count > 0, weights[:, None], 0.0)
    inside = total / np.where(count > 0, count, 1.0)
    known = weight.sum(axis=0) > 0
    means = (weight * inside).sum(axis=0)[known] / weight.sum(axis=0)[known]
    return diebold_mariano(means, lags=lags)


def _interval(
    total: FloatArray,
    count: FloatArray,
    weights: FloatArray,
    level: float,
    n_resamples: int,
    block_length: int,
    seed: int,
) -> tuple[float, float]:
    rows, columns = count.sum(axis=1) > 0, count.sum(axis=0) > 0
    if rows.sum() < 2 and columns.sum() < 2:
        return float("nan"), float("nan")
    return bootstrap_interval(
        total[rows][:, columns],
        count[rows][:, columns],
        weights[rows],
        level=level,
        block_length=block_length,
        n_resamples=n_resamples,
        seed=seed,
    )


def _lags(pairs: Pairs, used: BoolArray, lags: int | None) -> int:
    if lags is not None:
        return lags
    found = int(pairs.lags[used].max(initial=0))
    if found < 0 or (used.any() and pairs.lags[used].min() < 0):
        raise ArgumentError(
            "the forecasts table has no column 'ds', so there is no telling which windows overlap: "
            "pass lags= (h - 1 for step_size=1, 0 for step_size >= h)"
        )
    return found


def _check(
    by: str | None, level: float, n_resamples: int, block_length: int | None, lags: int | None
) -> None:
    if by not in (None, "step"):
        raise ArgumentError(f"by must be None or 'step', got {by!r}")
    if not 0 < level < 100:
        raise ArgumentError(f"level is a percentage between 0 and 100, got {level!r}; try level=95")
    if n_resamples < 100:
        raise ArgumentError(f"n_resamples must be at least 100, got {n_resamples!r}")
    if block_length is not None and block_length < 1:
        raise ArgumentError(f"block_length must be at least 1 window, got {block_length!r}")
    if lags is not None and lags < 0:
        raise ArgumentError(f"lags must be at least 0, got {lags!r}")
