"""Error tables: any grouping of the forecasts table, by one code path."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from forecasting._typing import FloatArray, IntArray
from forecasting.errors import ArgumentError
from forecasting.metrics.catalogue import METRICS, Metric, needs_scales, parse
from forecasting.metrics.groups import Groups, Weights, add_up, divide, series_weights
from forecasting.metrics.table import Table


@dataclass(frozen=True)
class Column:
    """One column of an error table: a metric, and its level where it has one."""

    metric: Metric
    level: str | None = None

    @property
    def name(self) -> str:
        """Heading in a summary."""
        return self.metric.name + (f"-{self.level}" if self.level else "")

    @property
    def loss_name(self) -> str:
        """Heading in the table of losses."""
        return self.metric.column + (f"-{self.level}" if self.level else "")


def summarise(
    forecasts: pd.DataFrame,
    scales: pd.DataFrame | None = None,
    *,
    by: str | Sequence[str] = ("model",),
    metrics: str | Sequence[str] | None = None,
    weights: Weights | None = None,
    baseline: str | None = None,
    undefined: bool | None = None,
) -> pd.DataFrame:
    """Return a table of metrics, one row per group, from a tidy forecasts table.

    In each group a metric is first computed inside every series, over the windows and steps of the
    group, then averaged over series, so that a series counts once however long it is. Root mean
    squares are taken inside the series. WAPE alone is pooled. OWA and skill compare with the
    baseline *on the cells that both have forecast*, so a model that fails where it is hard does not
    gain by it.

    Parameters
    ----------
    forecasts : DataFrame
        One row per model, unique_id, cutoff and step, with ``y``, ``mean``, and perhaps ``lo-80``,
        ``hi-80``, ``q-0.1`` ...
    scales : DataFrame, optional
        ``unique_id, cutoff, mae, mse`` of the training part at each cutoff. Scaled metrics need it.
    by : str or sequence of str
        Columns of ``forecasts`` to group by: model, unique_id, cutoff, step, or any other (a
        segment). ``model`` is put in front where it is not among them. A missing value is a group
        of its own.
    metrics : str or sequence of str, optional
        Names in ``METRICS``; an interval metric gives one column per level, ``"coverage-80"`` asks
        for one. By default those that the columns at hand allow.
    weights : mapping or Series of unique_id -> weight, optional
        Weights of the mean over series (volume, money): at least 0, not all 0, one for each series.
    baseline : str, optional
        The model that OWA and skill are measured against.
    undefined : bool, optional
        Add ``<metric>_undefined``, the number of observations with a forecast and an actual for
        which the metric does not exist (a zero actual, a constant training part). By default only
        where it is not 0.

    Returns
    -------
    DataFrame
        Indexed by ``by``; a column per metric, then ``n_forecasts`` (forecasts made), ``n_failed``
        (forecasts that are NaN), ``n_missing_actual`` (made, but nothing to hold them against).
        Metrics stand on ``n_forecasts - n_missing_actual`` less the undefined ones; NaN where
        nothing is left. ``.attrs["undefined"]`` holds the totals, metric -> count.

    Raises
    ------
    ArgumentError
        Unknown metric, column, baseline or level; intervals, quantiles, scales or a baseline that a
        metric needs and that are not there; weights that are missing, negative or all zero.

    Examples
    --------
    >>> import pandas as pd
    >>> f = pd.DataFrame({"model": "naive", "unique_id": ["a", "a", "b"], "cutoff": 7,
    ...                   "step": [1, 2, 1], "y": [10.0, 12.0, 100.0], "mean": [11.0, 11.0, 110.0]})
    >>> summarise(f, metrics=["MAE", "ME"]).loc["naive"].tolist()
    [5.5, -5.0, 3.0, 0.0, 0.0]
    """
    table = Table(forecasts)
    columns = select(table, metrics, scales=scales is not None, baseline=baseline)
    sums = sums_of(table, scales, by, columns, series_weights(table, weights), baseline)
    return finish(sums, columns, undefined)


def summarise_parts(
    parts: Iterable[tuple[pd.DataFrame, pd.DataFrame | None]],
    *,
    by: str | Sequence[str] = ("model",),
    metrics: str | Sequence[str] | None = None,
    weights: pd.Series[float] | None = None,
    baseline: str | None = None,
) -> pd.DataFrame:
    """Return what :func:`summarise` returns, from tables that hold some of the series each.

    No more than one part is looked at at a time, so that a table larger than memory can be summed up.
    Equal to :func:`summarise` of the whole up to the order of summation (about 1e-15 relative).

    Parameters
    ----------
    parts : iterable of (forecasts, scales)
        Every series with all its rows in one part; every model in each.
    weights : Series of unique_id -> weight, optional
        Checked by the caller.
    by, metrics, baseline
        As in :func:`summarise`.
    """
    total: pd.DataFrame | None = None
    columns: list[Column] = []
    for forecasts, scales in parts:
        table = Table(forecasts)
        columns = select(table, metrics, scales=scales is not None, baseline=baseline)
        labels = table.series.labels
        weight: FloatArray = np.ones(len(labels))
        if weights is not None:
            weight = weights.reindex(labels).to_numpy().astype(np.float64)
        sums = sums_of(table, scales, by, columns, weight, baseline)
        total = sums if total is None else pd.concat([total, sums])
        names = list(range(total.index.nlevels))
        # Models stay in their order; what else there is to group by is sorted, as in one table.
        total = total.groupby(level=names, sort=False, observed=True, dropna=False).sum()
    if total is None:
        raise ArgumentError("there is nothing to sum up: no part has a forecast")
    order = list(dict.fromkeys(total.index.get_level_values("model")))
    ranks = {model: rank for rank, model in enumerate(order)}
    total = total.sort_index(
        key=lambda level: level.map(ranks.get) if level.name == "model" else level
    )
    return finish(total, columns, None)


def sums_of(
    table: Table,
    scales: pd.DataFrame | None,
    by: str | Sequence[str],
    columns: list[Column],
    weights: FloatArray,
    baseline: str | None,
) -> pd.DataFrame:
    """Return, per group, the sums that its metrics are ratios of, and the counts beside them."""
    groups = Groups.of(table, by)
    score = _Scorer(table, scales, groups, weights, baseline)
    found: dict[str, FloatArray | IntArray] = {}
    for column in columns:
        found |= score.sums(column)
    found["n_answered"] = groups.count(table.answered)
    found["n_forecasts"] = groups.count(~table.failed)
    found["n_failed"] = groups.count(table.failed)
    found["n_missing_actual"] = groups.count(~table.failed & table.unknown)
    return pd.DataFrame(found, index=groups.index)


def finish(sums: pd.DataFrame, columns: list[Column], undefined: bool | None) -> pd.DataFrame:
    """Return the error table of sums: the ratios, and how many observations they do not stand on."""
    values = {column.name: _value(sums, column) for column in columns}
    result = pd.DataFrame(values, index=sums.index)
    for name in ("n_forecasts", "n_failed", "n_missing_actual"):
        result[name] = sums[name]
    totals: dict[str, int] = {}
    for column in columns:
        count = sums["n_answered"].to_numpy() - sums[f"{column.name} defined"].to_numpy()
        if column.metric.of or column.metric.across == "pooled":
            count = np.where(np.isfinite(values[column.name]), count, sums["n_answered"])
        totals[column.name] = int(count.sum())
        if undefined or (undefined is None and count.any()):
            result[f"{column.name}_undefined"] = count
    result.attrs["undefined"] = totals
    return result


def _value(sums: pd.DataFrame, column: Column) -> FloatArray:
    """Return the metric of each group, (G,)."""

    def ratio(name: str, metric: Metric) -> FloatArray:
        value = divide(sums[f"{name} above"].to_numpy(), sums[f"{name} below"].to_numpy())
        return 100.0 * value if metric.across == "pooled" else value

    if not column.metric.of:
        return ratio(column.name, column.metric)
    ratios = []
    for part in column.metric.of:
        name, metric = f"{column.name} {part}", METRICS[part]
        ratios.append(divide(ratio(f"{name} mine", metric), ratio(f"{name} theirs", metric)))
    mean = np.mean(ratios, axis=0)
    return np.asarray(1.0 - mean if column.metric.finish == "one minus" else mean)


def losses(
    forecasts: pd.DataFrame,
    scales: pd.DataFrame | None = None,
    *,
    metrics: str | Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return the loss of every observation: what every error table is a group-by of.

    Parameters
    ----------
    forecasts, scales, metrics
        As in :func:`summarise`. OWA and skill stand for the losses that they are made of.

    Returns
    -------
    DataFrame
        ``model, unique_id, cutoff, ds, step`` (``ds`` where the table has it), in the order of the
        rows of ``forecasts``, and one column per loss, named in the catalogue (``Metric.column``):
        ``absolute_scaled_error``, ``covered-80`` ... A squared loss is not rooted here. NaN where
        the forecast failed, the actual is missing or the loss is undefined.
    """
    table = Table(forecasts)
    columns = select(table, metrics, scales=scales is not None, baseline=None, relative=True)
    keys = [k for k in ("model", "unique_id", "cutoff", "ds", "step") if k in forecasts.columns]
    result = forecasts.loc[:, keys].copy()
    for column in columns:
        for part in _parts(column):
            result[part.loss_name] = observed_loss(table, part, scales)
    return result


def observed_loss(table: Table, column: Column, scales: pd.DataFrame | None) -> FloatArray:
    """Return the scaled loss of every row, NaN where it failed, is unknown or undefined, (n,)."""
    value = table.loss(column.metric, column.level)
    if column.metric.scale in ("mae", "mse") and scales is not None:
        with np.errstate(over="ignore"):
            value = value / table.scale(scales, column.metric.scale, table.scale_rows(scales))
    return np.where(table.answered & np.isfinite(value), value, np.nan)


def select(
    table: Table,
    metrics: str | Sequence[str] | None,
    *,
    scales: bool,
    baseline: str | None,
    relative: bool = False,
) -> list[Column]:
    """Turn names into columns, one per level; refuse what cannot be computed."""
    names = _defaults(table, scales, baseline) if metrics is None else metrics
    columns: list[Column] = []
    for name in [names] if isinstance(names, str) else names:
        metric, level = parse(name)
        _refuse(table, metric, scales=scales, baseline=baseline is not None or relative)
        if metric.needs != "interval":
            columns.append(Column(metric))
        elif level is None:
            columns += [Column(metric, text) for text in table.levels]
        elif level in table.levels:
            columns.append(Column(metric, level))
        else:
            there = ", ".join(table.levels)
            raise ArgumentError(f"{name}: these forecasts have no level {level}; there are {there}")
    return list({column.name: column for column in columns}.values())


def _defaults(table: Table, scales: bool, baseline: str | None) -> list[str]:
    names = ["MASE", "RMSSE"] if scales else []
    names += ["MAE", "RMSE", "sMAPE", "WAPE", "ME"]
    if table.levels:
        names += ["coverage", "width", "MSIS" if scales else "Winkler"]
    if any(column.startswith("q-") for column in table.quantile_columns.values()):
        names += ["CRPS"]
    if baseline is not None:
        names += ["skill" if scales else "skill-MAE"]
    return names


def _refuse(table: Table, metric: Metric, *, scales: bool, baseline: bool) -> None:
    needs = {metric.needs, *(METRICS[part].needs for part in metric.of)}
    if "interval" in needs and not table.levels:
        raise ArgumentError(
            f"{metric.name} needs prediction intervals, and these forecasts have none: "
            "ask for them with level=(80, 95)"
        )
    if "quantiles" in needs and not table.quantile_columns:
        raise ArgumentError(
            f"{metric.name} needs quantiles, and these forecasts have none: "
            "ask for them with quantiles=(0.1, 0.5, 0.9) or level=(80, 95)"
        )
    if needs_scales([metric]) and not scales:
        raise ArgumentError(
            f"{metric.name} needs the scales of the training parts: pass scales= "
            "(unique_id, cutoff, mae, mse)"
        )
    if metric.of and not baseline:
        raise ArgumentError(
            f"{metric.name} compares with a baseline: name it, baseline='snaive' for instance"
        )


def _parts(column: Column) -> list[Column]:
    return [Column(METRICS[name]) for name in column.metric.of] or [column]


@dataclass(frozen=True, eq=False)
class _Scorer:
    """Computes columns, each loss once."""

    table: Table
    scales: pd.DataFrame | None
    groups: Groups
    weights: FloatArray  # (series,)
    baseline: str | None

    @cached_property
    def _baseline_rows(self) -> IntArray:
        return self.table.rows_of(self.table.model_code(self.baseline))

    @cached_property
    def _kept(self) -> dict[str, FloatArray]:
        return {}

    def _loss(self, column: Column) -> FloatArray:
        if column.loss_name not in self._kept:
            self._kept[column.loss_name] = observed_loss(self.table, column, self.scales)
        return self._kept[column.loss_name]

    def sums(self, column: Column) -> dict[str, FloatArray | IntArray]:
        """Return the sums above and below the line of a metric, and how many values are defined, (G,)."""
        if column.metric.of:
            return self._relative(column)
        loss = self._loss(column)
        above, below = self._aggregate(loss, column.metric)
        return {
            f"{column.name} above": above,
            f"{column.name} below": below,
            f"{column.name} defined": self.groups.count(np.isfinite(loss)),
        }

    def _aggregate(self, loss: FloatArray, metric: Metric) -> tuple[FloatArray, FloatArray]:
        """Add up losses, of which NaN are left out (and counted by the caller): (n,) -> (G,) twice."""
        ok, groups = np.isfinite(loss), self.groups
        value, n_pairs = np.where(ok, loss, 0.0), groups.pair_group.size
        if metric.across == "pooled":
            weight = self.weights[self.table.series.codes]
            size = np.where(ok, np.abs(self.table.y), 0.0)
            above = add_up(groups.group, weight * value, len(groups.index))
            return above, add_up(groups.group, weight * size, len(groups.index))
        total = add_up(groups.pair, value, n_pairs)
        inside = divide(total, np.bincount(groups.pair[ok], minlength=n_pairs))
        if metric.within == "root mean":
            inside = np.sqrt(inside)
        return groups.sums_over_series(inside, self.weights)

    def _relative(self, column: Column) -> dict[str, FloatArray | IntArray]:
        """As for a metric, of the model and of the baseline, both on the cells where both are defined."""
        found: dict[str, FloatArray | IntArray] = {}
        defined = np.ones(self.table.y.size, dtype=np.bool_)
        for part in column.metric.of:
            mine = self._loss(Column(METRICS[part]))
            rows = self._baseline_rows
            theirs = np.where(rows >= 0, mine[rows], np.nan)
            both = np.isfinite(mine) & np.isfinite(theirs)
            for whose, loss in (("mine", mine), ("theirs", theirs)):
                above, below = self._aggregate(np.where(both, loss, np.nan), METRICS[part])
                found[f"{column.name} {part} {whose} above"] = above
                found[f"{column.name} {part} {whose} below"] = below
            defined &= both
        found[f"{column.name} defined"] = self.groups.count(defined)
        return found
