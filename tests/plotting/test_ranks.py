"""The rank diagram."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import ArgumentError
from forecasting.plotting import numbers, plot_ranks, ranks_table
from forecasting.plotting.ranks import groups_of

# Demsar (2006), table 6: mean ranks of four variants of C4.5 on 14 data sets. His critical
# differences are 1.25 at the level 0.05 and 1.12 at 0.10.
DEMSAR = pd.Series({"C4.5": 3.143, "C4.5+m": 2.000, "C4.5+cf": 2.893, "C4.5+m+cf": 1.964})


def bars(ax: Any) -> list[list[float]]:
    found = [line for line in ax.lines if line.get_label() == "cannot be told apart"]
    return [list(line.get_xdata()) for line in found]


@pytest.mark.parametrize(
    ("ranks", "critical", "expected"),
    [
        ([1.0, 2.0, 3.0], 0.5, []),
        ([1.0, 2.0, 3.0], 1.0, []),  # a difference as large as the critical one is a difference
        ([1.0, 2.0, 3.0], 1.5, [(0, 1), (1, 2)]),
        ([1.0, 2.0, 3.0], 9.0, [(0, 2)]),
        ([1.0, 1.0], 0.1, [(0, 1)]),
        ([1.0, 1.2, 1.4, 5.0, 5.1], 0.5, [(0, 2), (3, 4)]),
        ([1.0], 1.0, []),
    ],
)
def test_groups_are_the_longest_runs_within_the_critical_difference(
    ranks: list[float], critical: float, expected: list[tuple[int, int]]
) -> None:
    assert groups_of(np.array(ranks), critical) == expected


def test_models_that_share_a_letter_cannot_be_told_apart() -> None:
    table = ranks_table(pd.Series({"c": 3.0, "a": 1.0, "b": 2.0}), critical_difference=1.5, n=9)
    assert table["model"].tolist() == ["a", "b", "c"]
    assert table["groups"].tolist() == ["a", "ab", "b"]


@pytest.mark.parametrize(
    ("critical", "groups"), [(1.25, ["a", "a", "a", "a"]), (1.12, ["a", "a", "ab", "b"])]
)
def test_the_example_of_demsar_has_his_groups(critical: float, groups: list[str]) -> None:
    table = ranks_table(DEMSAR, critical_difference=critical, n=14)
    assert table["model"].tolist() == ["C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5"]
    assert table["groups"].tolist() == groups


def test_a_dot_stands_at_each_rank_and_a_bar_over_each_group() -> None:
    ranks = pd.Series({"a": 1.2, "b": 1.9, "c": 3.4, "d": 3.5})
    table = ranks_table(ranks, critical_difference=1.0, n=20)
    ax = plot_ranks(table)
    dots = sorted(line.get_xdata()[0] for line in ax.lines if len(line.get_xdata()) == 1)
    assert dots == [1.2, 1.9, 3.4, 3.5]
    assert [[round(x, 1) for x in bar] for bar in bars(ax)] == [[1.2, 1.9], [3.4, 3.5]]
    texts = [t.get_text() for t in ax.texts]
    assert {"a  1.20", "b  1.90", "c  3.40", "d  3.50", "critical difference 1.00"} < set(texts)
    assert ax.get_title(loc="left") == "Mean rank over 20 series"
    pd.testing.assert_frame_equal(table, numbers(ax))


def test_without_a_critical_difference_there_are_ranks_and_no_bars() -> None:
    ax = plot_ranks(ranks_table(DEMSAR, critical_difference=float("nan"), n=1))
    assert bars(ax) == []
    assert any("there is no critical difference" in t.get_text() for t in ax.texts)


def test_a_model_without_a_rank_is_named_last_and_in_no_group() -> None:
    table = ranks_table(pd.Series({"x": np.nan, "a": 1.0, "b": 1.5}), critical_difference=1, n=5)
    assert table["model"].tolist() == ["a", "b", "x"]
    assert table["groups"].tolist() == ["a", "a", ""]
    assert "x: no rank" in [t.get_text() for t in plot_ranks(table).texts]


@pytest.mark.parametrize("k", [1, 2, 12, 25])
def test_any_number_of_models_can_be_drawn(k: int) -> None:
    ranks = pd.Series({f"$m_{i}": 1.0 + i * 0.9 for i in range(k)})
    ax = plot_ranks(ranks_table(ranks, critical_difference=2.0, n=30))
    ax.figure.canvas.draw()
    assert sum(t.get_text().startswith("$m_") for t in ax.texts) == k


@pytest.mark.parametrize(
    ("ranks", "critical", "message"),
    [(pd.Series(dtype=float), 1.0, "no models"), (DEMSAR, -1.0, "cannot be negative")],
)
def test_what_cannot_be_ranked_is_said(ranks: Any, critical: float, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        ranks_table(ranks, critical_difference=critical, n=3)
