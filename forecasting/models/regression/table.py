"""The feature table of a panel: every row of every series at once, before any scaling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting._typing import FloatArray, IntArray
from forecasting.base import PanelFuture
from forecasting.errors import ArgumentError
from forecasting.models.regression.arrays import (
    HUGE,
    centre_and_scale,
    difference,
    later,
    nonzero,
    ragged_rows,
    rolling_mean,
    undo_difference,
)
from forecasting.models.regression.dates import date_columns
from forecasting.models.regression.recipe import Recipe
from forecasting.panel import Panel


def column_names(recipe: Recipe, panel: Panel) -> tuple[str, ...]:
    """Return the names of the features, in the order of the columns."""
    covariates = panel.covariates
    return (
        *(f"lag{lag}" for lag in recipe.lags),
        *(f"mean{width}_lag{lag}" for lag, width in recipe.means),
        *(f"{name}_lag{lag}" for name in covariates.past_names for lag in recipe.past_lags),
        *covariates.static_names,
        *recipe.calendar,
        *covariates.known_names,
    )


@dataclass(frozen=True, eq=False)
class Table:
    """Features by row of a panel, n rows.

    Attributes
    ----------
    z : array of float, shape (n,)
        The target, differenced.
    own : array of float, shape (a, n)
        Lags and rolling means of ``z`` before the row; to be centred and scaled.
    beside : array of float, shape (b, n)
        Lagged past-only columns, static columns.
    ahead : array of float, shape (c, n)
        What is known of the row's own time: calendar, known-future columns.
    local : array of float, shape (n,), or None
        Mean of the last ``recipe.centre`` values before the row.

    Rows so early that a lag would fall into another series hold nonsense; ``training_examples`` leaves
    them out.
    """

    recipe: Recipe
    z: FloatArray
    own: FloatArray
    beside: FloatArray
    ahead: FloatArray
    local: FloatArray | None
    names: tuple[str, ...]
    reach: int


@dataclass(frozen=True, eq=False)
class Examples:
    """Features (n, p), stored by column, and scaled targets (n,) of one training set."""

    X: FloatArray
    y: FloatArray


def make_table(panel: Panel, recipe: Recipe) -> Table:
    """Return the features of all rows of a panel."""
    covariates = panel.covariates
    with np.errstate(over="ignore", invalid="ignore"):
        z = difference(panel.values, recipe.differences)[-1]
        own = [later(z, lag) for lag in recipe.lags]
        own += [later(rolling_mean(z, width), lag) for lag, width in recipe.means]
        local = later(rolling_mean(z, recipe.centre), 1) if recipe.centre else None
    past = [later(column, lag) for column in covariates.past.T for lag in recipe.past_lags]
    static = np.repeat(covariates.static, panel.lengths, axis=0)
    dates = date_columns(panel.calendar, recipe.calendar, panel.row_ordinals())
    return Table(
        recipe=recipe,
        z=z,
        own=np.array(own),
        beside=np.array([*past, *static.T]).reshape(-1, len(z)),
        ahead=np.concatenate([dates.T, covariates.known.T]),
        local=local,
        names=column_names(recipe, panel),
        reach=recipe.reach(bool(past)),
    )


def training_examples(table: Table, lo: IntArray, hi: IntArray, step: int) -> Examples:
    """Return the examples whose target lies in ``lo[i] <= row < hi[i]``, ``step`` steps ahead.

    Scales are those of the slices; nothing at or after ``hi`` is read. ``step`` is 1 for a recursive
    model; for a direct one, lags are counted from the last value known ``step`` steps before the target.
    """
    recipe = table.recipe
    centre, scale, broken = centre_and_scale(table.z, lo + recipe.lost, hi, recipe.scale)
    count = np.maximum(hi - lo - table.reach - (step - 1), 0)
    rows, series = ragged_rows(lo + table.reach, np.where(broken, 0, count))
    targets = rows + (step - 1)
    a, b, c = len(table.own), len(table.beside), len(table.ahead)
    X = np.empty((a + b + c, len(rows)))
    for j in range(a):
        X[j] = table.own[j][rows]
    middle = centre[series] if table.local is None else table.local[rows]
    size = nonzero(scale)[series]
    X[:a] -= middle
    X[:a] /= size
    for j in range(b):
        X[a + j] = table.beside[j][rows]
    for j in range(c):
        X[a + b + j] = table.ahead[j][targets]
    return Examples(X.T, (table.z[targets] - middle) / size)


@dataclass(eq=False)
class Frontier:
    """The end of every series of a panel, from where forecasts grow step by step.

    Attributes
    ----------
    z : array of float, shape (n_series, memory + h)
        Differenced: the past, then the forecasts as they are put in.
    """

    recipe: Recipe
    z: FloatArray
    past: FloatArray  # (n_series, longest past lag, q)
    static: FloatArray
    ahead: FloatArray  # (n_series, h, c)
    tails: list[FloatArray]
    centre: FloatArray
    scale: FloatArray
    spoilt: FloatArray  # (n_series,): zero, or why there is no forecast: infinity, NaN

    def middle(self, at: int) -> FloatArray:
        """Return what lags and target of step ``at`` are centred on, shape (n_series,)."""
        width = self.recipe.centre
        return self.centre if width is None else self._mean(at, 1, width)

    def features(self, step: int, at: int) -> FloatArray:
        """Return the features (n_series, p) of the target ``step`` steps after the cutoff.

        ``at`` is the step whose place the lags are counted from: ``step`` itself, or 1 (direct).
        """
        recipe, here = self.recipe, self.recipe.memory + at - 1
        own = [self.z[:, here - lag] for lag in recipe.lags]
        own += [self._mean(at, lag, width) for lag, width in recipe.means]
        scaled = (np.array(own) - self.middle(at)) / nonzero(self.scale)
        past = [
            self.past[:, self.past.shape[1] - lag + at - 1, q]
            for q in range(self.past.shape[2])
            for lag in recipe.past_lags
        ]
        return np.column_stack([*scaled, *past, self.static, self.ahead[:, step - 1]])

    def put(self, step: int, at: int, values: FloatArray) -> None:
        """Keep what the regressor said (n_series,) of a step from features counted from ``at``.

        A series that has run away is put out of the way of the others, whose features stand beside it.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            found = values * self.scale + self.middle(at)
        lost = ~(np.abs(found) < HUGE)
        self.spoilt[lost] = np.where(np.isnan(found[lost]), np.nan, np.inf)
        self.z[:, self.recipe.memory + step - 1] = np.where(lost, 0.0, found)

    def _mean(self, at: int, lag: int, width: int) -> FloatArray:
        stop = self.recipe.memory + at - lag
        return rolling_mean(self.z[:, stop - width : stop], width)[:, -1]

    def forecasts(self) -> FloatArray:
        """Return the forecasts as values of the series, shape (n_series, h)."""
        changes = self.z[:, self.recipe.memory :]
        with np.errstate(over="ignore", invalid="ignore"):
            values = undo_difference(changes, self.tails[:-1], self.recipe.differences)
        return np.where(self.spoilt[:, None] == 0, values, self.spoilt[:, None])


def make_frontier(panel: Panel, recipe: Recipe, future: PanelFuture, recursive: bool) -> Frontier:
    """Return the frontier of a panel whose series are all long enough.

    Raises
    ------
    ArgumentError
        If a recursion would have to look at a past-only regressor after the cutoff.
    """
    covariates, h = panel.covariates, future.h
    has_past = covariates.past.shape[1] > 0
    if has_past and recursive and min(recipe.past_lags) < h:
        raise ArgumentError(
            f"past-only regressors with lag {min(recipe.past_lags)} are not known {h} steps ahead; use "
            f"past_lags={h} or more, or strategy='direct'"
        )
    ends = panel.offsets[1:, None]
    keep = recipe.lost + recipe.memory
    tail = panel.values[ends - keep + np.arange(keep)]  # (n_series, keep)
    with np.errstate(over="ignore", invalid="ignore"):
        tails = difference(tail, recipe.differences)
        z = difference(panel.values, recipe.differences)[-1]
    centre, scale, broken = centre_and_scale(
        z, panel.offsets[:-1] + recipe.lost, panel.offsets[1:], recipe.scale
    )
    path = np.zeros((panel.n_series, recipe.memory + h))
    path[:, : recipe.memory] = tails[-1][:, recipe.lost :]
    path[broken] = 0.0
    depth = max(recipe.past_lags) if has_past else 0
    ordinals = panel.end[:, None] + np.arange(1, h + 1)
    dates = date_columns(panel.calendar, recipe.calendar, ordinals)
    return Frontier(
        recipe=recipe,
        z=path,
        past=covariates.past[ends - depth + np.arange(depth)],
        static=covariates.static,
        ahead=np.concatenate([dates, future.X], axis=2),
        tails=tails,
        centre=centre,
        scale=scale,
        spoilt=np.where(broken, np.inf, 0.0),
    )
