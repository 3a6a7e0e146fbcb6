"""Whole seasons counted back from a cutoff: their means, and the shape of a season."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from forecasting._typing import BoolArray, FloatArray, IntArray

#: The shape of a season comes from this many whole seasons; each weighs this share of the one after it. Both
#: were chosen by a prototype on daily bank withdrawals and card sales.
N_SEASONS, FADE = 12, 0.9
#: Windows whose last seasons are looked at together.
TOGETHER = 1024


class Season(NamedTuple):
    """The shape of a season at each window: (W, m), then (W,) each."""

    shape: FloatArray
    noise: FloatArray
    ratios: BoolArray
    n_whole: IntArray


def season_means(seasons: FloatArray) -> FloatArray:
    """Return the means of seasons (n, m), NaN where a value is missing; one sum a season, in its order."""
    found: FloatArray = _row_sums(seasons) / seasons.shape[1]
    return found


def _row_sums(table: FloatArray) -> FloatArray:
    """Return sums along the last axis, added up from the first on, so that no row's bits depend on others."""
    total = np.zeros(table.shape[:-1])
    for p in range(table.shape[-1]):
        total += table[..., p]
    return total


def groups(
    values: FloatArray, starts: IntArray, lengths: IntArray, m: int
) -> tuple[tuple[IntArray, IntArray, IntArray, IntArray], IntArray, IntArray, FloatArray]:
    """Return the season means of all windows; those of a series that end at one place of a season share theirs.

    Returns
    -------
    at : four arrays of int, shape (W,)
        Series, window, group and column of each window that has a season.
    begin : array of int, shape (G,)
    end : array of int, shape (G, C)
        Ascending along C; the windows of a group are its last columns.
    means : array of float
    """
    cells, blocks, ends = [], [], []
    begin: list[int] = []
    length = 0
    for i, row in enumerate(lengths):
        known = np.flatnonzero(row >= m)
        for phase in np.unique(row[known] % m).tolist():
            windows = known[row[known] % m == phase]
            seasons = row[windows] // m
            first, longest = int(starts[i]) + phase, int(seasons[-1])
            blocks.append(values[first : first + longest * m].reshape(longest, m))
            cells.append((i, windows, len(begin)))
            begin.append(length)
            ends.append(length + seasons)
            length += longest
    most = max((len(end) for end in ends), default=1)
    table = np.repeat(np.array(begin, dtype=np.int64)[:, None], most, axis=1)
    at: list[tuple[IntArray, ...]] = []
    for (i, windows, group), end in zip(cells, ends, strict=True):
        columns = np.arange(most - len(end), most)
        table[group, columns] = end
        at.append((np.full_like(windows, i), windows, np.full_like(windows, group), columns))
    means = season_means(np.concatenate(blocks)) if blocks else np.empty(0)
    s, w, g, c = (np.concatenate([_NONE, *(part[j] for part in at)]) for j in range(4))
    return (s, w, g, c), np.array(begin, dtype=np.int64), table, means


_NONE = np.empty(0, dtype=np.int64)


def season_shapes(values: FloatArray, begin: IntArray, end: IntArray, m: int) -> Season:
    """Return the shape of a season at windows ``values[begin:end]``."""
    parts = [
        _someseason_shapes(values, begin[at : at + TOGETHER], end[at : at + TOGETHER], m)
        for at in range(0, len(begin), TOGETHER)
    ]
    return Season(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _someseason_shapes(values: FloatArray, begin: IntArray, end: IntArray, m: int) -> Season:
    ages = np.arange(N_SEASONS)
    first = end[:, None] - (ages + 1) * m  # (W, seasons), the latest first
    inside = first >= begin[:, None]
    blocks = values[np.maximum(first, 0)[..., None] + np.arange(m)] if len(values) >= m else None
    if blocks is None:
        blocks = np.full((*first.shape, m), np.nan)
    blocks = np.where(inside[..., None], blocks, np.nan)
    means = season_means(blocks.reshape(-1, m)).reshape(first.shape)
    whole = ~np.isnan(means)
    blocks = np.where(whole[..., None], blocks, 1.0)
    ratios: BoolArray = np.all(blocks > 0, axis=(1, 2))
    level = np.where(whole, means, 1.0)[..., None]
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        parts = np.where(ratios[:, None, None], blocks / level, blocks - level)
        weights = np.where(whole, FADE**ages, 0.0)
        weights = weights / _row_sums(weights)[:, None]
        weighted = np.where(whole[..., None], weights[..., None] * parts, 0.0)
        shape = _row_sums(np.moveaxis(weighted, 1, -1))  # (W, m)
        off = np.where(whole[..., None], parts - shape[:, None], 0.0)
        unit = np.abs(off).max(axis=(1, 2))
        scaled = off / np.where(unit > 0, unit, 1.0)[:, None, None]  # squares that do not vanish
        squares = _row_sums(weights * _row_sums(scaled * scaled))
        shared = _row_sums(weights * weights)
        variance = squares / ((m - 1) * (1 - shared)) * (1 - 1 / m) * (1 + shared)
        noise = unit * np.sqrt(variance)
    return Season(shape, noise, ratios, whole.sum(axis=1))
