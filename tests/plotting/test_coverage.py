"""Coverage against the nominal level."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import ArgumentError
from forecasting.plotting import (
    coverage_table,
    numbers,
    plot_coverage,
    plot_coverage_by_step,
)

Maker = Callable[..., Any]


def small() -> pd.DataFrame:
    """Two series: a inside 1 of 2 (one actual missing), b inside 1 of 1."""
    return pd.DataFrame(
        {
            "model": "m",
            "unique_id": ["a", "a", "a", "b"],
            "cutoff": [10, 10, 20, 10],
            "ds": [11, 12, 21, 11],
            "step": [1, 2, 1, 1],
            "y": [1.0, 5.0, np.nan, 2.0],
            "mean": 1.0,
            "lo-80": [1.0, 0.0, 0.0, 0.0],
            "hi-80": [2.0, 2.0, 2.0, 2.0],
        }
    )


def test_coverage_is_averaged_inside_series_and_then_over_series() -> None:
    row = coverage_table(small()).iloc[0]
    assert (row["level"], row["coverage"]) == (80.0, 75.0)
    assert (row["n"], row["n_windows"]) == (3, 2)


def test_the_band_is_that_of_the_binomial_distribution() -> None:
    # R 4.3: qbinom(c(.025, .975), 20, .8) / 20 gives 0.60 0.95
    frame = pd.concat([small().iloc[[0]].assign(cutoff=i) for i in range(20)])
    row = coverage_table(frame).iloc[0]
    np.testing.assert_allclose([60.0, 95.0], [row["band_lo"], row["band_hi"]])


def test_a_model_without_intervals_has_no_coverage_and_no_band() -> None:
    frame = pd.concat([small(), small().assign(model="none", **{"lo-80": np.nan})])
    row = coverage_table(frame).set_index("model").loc["none"]
    assert (row["n"], row["n_windows"]) == (0, 0)
    assert np.isnan(row[["coverage", "band_lo", "band_hi"]].astype(float)).all()


def test_each_dot_is_the_coverage_in_the_table(make_run: Maker) -> None:
    table = coverage_table(make_run().forecasts)
    ax = plot_coverage(table)
    dots = {c.get_label(): c.get_offsets() for c in ax.collections if c.get_label().endswith("%")}
    for level in (80.0, 95.0):
        own = table[table["level"] == level]["coverage"]
        np.testing.assert_allclose(own, dots[f"{level:g} %"][:, 0])
        np.testing.assert_array_equal(np.arange(6), dots[f"{level:g} %"][:, 1])
    pd.testing.assert_frame_equal(table, numbers(ax))


def test_a_model_without_intervals_keeps_its_row(make_run: Maker) -> None:
    run = make_run(models=["a", "b"])
    run.forecasts.loc[run.forecasts["model"] == "b", ["lo-80", "lo-95"]] = np.nan
    ax = plot_coverage(coverage_table(run.forecasts))
    ax.figure.canvas.draw()
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b (none)"]


def test_many_levels_are_a_curve_for_each_model(make_run: Maker) -> None:
    run = make_run(models=["a", "b"], levels=(10, 30, 50, 70, 90))
    table = coverage_table(run.forecasts)
    ax = plot_coverage(table)
    lines = {line.get_label(): line for line in ax.lines}
    assert set(lines) == {"nominal", "a", "b"}
    own = table[table["model"] == "b"]
    np.testing.assert_array_equal(own["level"], lines["b"].get_xdata())
    np.testing.assert_array_equal(own["coverage"], lines["b"].get_ydata())


@pytest.mark.parametrize(("level", "used"), [(None, 80.0), (95, 95.0)])
def test_by_step_one_level_is_drawn(make_run: Maker, level: Any, used: float) -> None:
    table = coverage_table(make_run().forecasts, by=("model", "step"))
    ax = plot_coverage_by_step(table, level=level)
    own = table[table["level"] == used].reset_index(drop=True)
    pd.testing.assert_frame_equal(own, numbers(ax))
    drawn = next(line for line in ax.lines if line.get_label() == "ets")
    np.testing.assert_array_equal(own[own["model"] == "ets"]["coverage"], drawn.get_ydata())
    assert ax.get_title(loc="left") == f"Coverage of the {used:g} % prediction interval by step"


def test_a_single_step_and_a_single_model_can_be_drawn(make_run: Maker) -> None:
    run = make_run(ids=["a"], models=["only"], h=1, n_windows=1, kind="integers")
    plot_coverage(coverage_table(run.forecasts)).figure.canvas.draw()
    by_step = coverage_table(run.forecasts, by=("model", "step"))
    plot_coverage_by_step(by_step).figure.canvas.draw()
    assert by_step["n_windows"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: coverage_table(f.drop(columns=["lo-80"])), r"level=\(80, 95\)"),
        (lambda f: coverage_table(f, by=("step",)), "lacks 'model'"),
        (lambda f: coverage_table(f.drop(columns="y")), "no column 'y'"),
        (lambda f: plot_coverage(coverage_table(f, by=("model", "step"))), "plot_coverage_by_step"),
        (lambda f: plot_coverage_by_step(coverage_table(f)), "no column 'step'"),
        (
            lambda f: plot_coverage_by_step(coverage_table(f, by=("model", "step")), level=90),
            "no level 90.*80",
        ),
    ],
)
def test_what_cannot_be_drawn_is_said(call: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        call(small())
