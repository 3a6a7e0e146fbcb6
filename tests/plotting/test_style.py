"""Looks, names at the ends of lines, and the numbers behind an Axes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.errors import ArgumentError
from forecasting.metrics import summarise
from forecasting.plotting import (
    coverage_table,
    errors_table,
    forecasts_table,
    looks_for,
    numbers,
    plot_coverage,
    plot_errors,
    plot_forecasts,
    plot_residuals,
    residuals_table,
)
from forecasting.plotting.labels import draw_lines, label_ends, spread
from forecasting.plotting.style import complete, plain, show_time, time_values


def test_importing_the_plots_does_not_import_matplotlib() -> None:
    code = (
        "import forecasting.plotting, forecasting.report, sys; print('matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_twenty_four_models_and_a_baseline_all_look_different() -> None:
    looks = looks_for([f"m{i}" for i in range(24)] + ["base"], baseline="base")
    assert len({(k.colour, k.line, k.marker) for k in looks.values()}) == 25


def test_a_model_keeps_its_look_when_fewer_models_are_drawn() -> None:
    looks = looks_for(["a", "b", "c"], baseline="a")
    assert complete(looks, ["c"]) == {"c": looks["c"]}


def test_a_model_without_a_look_gets_one_that_is_not_taken() -> None:
    looks = looks_for(["a", "b"])
    new = complete(looks, ["b", "z"])
    assert new["b"] == looks["b"]
    assert new["z"] not in looks.values()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\n b\t c", "a b c"),
        ("x" * 50, "x" * 39 + "…"),
        ("a\u202eb\x00", "ab"),
        ("", "(empty)"),
        (742, "742"),
    ],
)
def test_a_name_becomes_one_line_that_can_be_seen(name: object, shown: str) -> None:
    assert plain(name) == shown


def test_a_clock_is_shown_only_where_it_says_something() -> None:
    shown = [
        show_time(pd.Timestamp("2024-03-01")),
        show_time(pd.Timestamp("2024-03-01 06:30")),
        show_time(7),
    ]
    assert shown == ["2024-03-01", "2024-03-01 06:30", "7"]


def test_times_with_a_zone_are_drawn_in_universal_time() -> None:
    ds = pd.Series(pd.to_datetime(["2024-03-31 01:30"]).tz_localize("Europe/Berlin"))
    assert time_values(ds).tolist() == [pd.Timestamp("2024-03-31 00:30").to_pydatetime()]


def test_periods_and_numbers_can_be_drawn() -> None:
    periods = pd.Series(pd.period_range("2024-01", periods=1, freq="M"))
    assert time_values(periods)[0] == np.datetime64("2024-01-01")
    assert time_values(pd.Series([1, 2])).tolist() == [1.0, 2.0]


def test_names_that_are_far_apart_stay_where_they_are() -> None:
    np.testing.assert_allclose([0.1, 0.5, 0.9], spread(np.array([0.1, 0.5, 0.9]), 0.1))


def test_names_at_the_same_height_are_moved_apart_around_it() -> None:
    np.testing.assert_allclose([0.4, 0.5, 0.6], spread(np.array([0.5, 0.5, 0.5]), 0.1))


@given(st.lists(st.floats(-1, 2), min_size=1, max_size=30), st.floats(0.001, 0.5))
def test_names_never_touch_and_never_leave_the_plot(targets: list[float], gap: float) -> None:
    placed = spread(np.sort(np.asarray(targets)), gap)
    least = min(gap, 1 / max(len(targets) - 1, 1))
    assert (np.diff(placed) >= least - 1e-9).all()
    assert placed.min() >= -1e-9
    assert placed.max() <= 1 + 1e-9


def test_a_model_without_values_is_named_and_said_to_have_none() -> None:
    table = pd.DataFrame({"model": ["a", "a", "b"], "x": [1, 2, 1], "v": [1.0, 2.0, np.nan]})
    looks = looks_for(["a", "b"])
    ax = plt.figure().add_subplot()
    label_ends(ax, draw_lines(ax, table, "x", "v", looks), looks)
    assert {text.get_text() for text in ax.texts} == {"a", "b: no values"}


def test_a_name_stands_beside_the_last_value_that_is_there() -> None:
    table = pd.DataFrame({"model": "a", "x": [1, 2, 3], "v": [1.0, 2.0, np.nan]})
    looks = looks_for(["a"])
    ax = plt.figure().add_subplot()
    label_ends(ax, draw_lines(ax, table, "x", "v", looks), looks)
    assert ax.texts[0].xy == (2.0, 2.0)


def test_foreign_axes_have_no_numbers() -> None:
    with pytest.raises(ArgumentError, match="hand in what a plot"):
        numbers(plt.figure().add_subplot())


@pytest.mark.parametrize("by", ["step", "cutoff", "unique_id"])
def test_categories_are_drawn_like_texts(make_run: Callable[..., Any], by: str) -> None:
    run = make_run(ids=["b", "a"], models=["y", "x"], n_windows=2)
    kinds = {"model": "category", "unique_id": "category"}
    coded = run.forecasts.astype(kinds)
    coded["model"] = coded["model"].cat.add_categories(["unused"])
    past = run.history.astype({"unique_id": "category"})
    drawn = []
    for forecasts, history in ((run.forecasts, run.history), (coded, past)):
        summary = summarise(forecasts, by=["model", by], metrics="MAE")
        axes = [
            plot_errors(errors_table(summary, by=by, metric="MAE")),
            plot_forecasts(forecasts_table(forecasts, history, unique_id="a")),
            plot_coverage(coverage_table(forecasts)),
            plot_residuals(residuals_table(forecasts, model="x"))[0, 0],
        ]
        drawn.append([sorted(map(str, (line.get_ydata() for line in ax.lines))) for ax in axes])
    assert drawn[0] == drawn[1]
