"""Errors by step, cutoff, series and model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import ArgumentError
from forecasting.plotting import errors_table, looks_for, numbers, plot_errors

Maker = Callable[..., Any]
NAN = float("nan")


def line(ax: Any, label: str) -> Any:
    return next(found for found in ax.lines if found.get_label() == label)


def by_series(values: dict[str, list[float]]) -> pd.DataFrame:
    rows = [
        {"model": model, "unique_id": f"s{i}", "MASE": value}
        for model, own in values.items()
        for i, value in enumerate(own)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("by", ["step", "cutoff"])
def test_each_model_is_a_line_of_the_numbers_in_the_table(make_run: Maker, by: str) -> None:
    summary = make_run().summary(["model", by])
    table = errors_table(summary, by=by, metric="MAE")
    ax = plot_errors(table)
    for model in table["model"].unique():
        expected = summary.loc[model, "MAE"].sort_index()
        np.testing.assert_array_equal(expected, line(ax, model).get_ydata())
    assert ax.get_title(loc="left") == f"MAE by {by}"
    assert set(table["model"]) <= {t.get_text() for t in ax.texts}
    pd.testing.assert_frame_equal(table, numbers(ax))


def test_a_summary_with_columns_does_as_well_as_one_with_an_index(make_run: Maker) -> None:
    summary = make_run().summary(["model", "step"])
    pd.testing.assert_frame_equal(
        errors_table(summary, metric="MAE"), errors_table(summary.reset_index(), metric="MAE")
    )


def test_the_worst_series_are_those_of_the_model_that_is_best_on_the_whole() -> None:
    summary = by_series({"poor": [9.0, 1.0, 9.0], "good": [1.0, 3.0, 2.0]})
    table = errors_table(summary, by="unique_id", top=2)
    assert table["unique_id"].tolist() == ["s1", "s1", "s2", "s2"]
    assert table["rank"].tolist() == [1, 1, 2, 2]
    assert set(table["ordered_by"]) == {"good"}
    assert set(table["n_series"]) == {3}


def test_series_can_be_ordered_by_any_model_and_those_without_a_value_come_last() -> None:
    summary = by_series({"a": [1.0, NAN, 5.0], "b": [1.0, 2.0, 3.0]})
    table = errors_table(summary, by="unique_id", order_by="a")
    assert table["unique_id"].unique().tolist() == ["s2", "s0", "s1"]


@pytest.mark.parametrize(
    ("metric", "best", "worst"),
    [("skill", None, "s0"), ("ME", None, "s1"), ("coverage-80", None, "s0"), ("mine", "low", "s2")],
)
def test_worst_means_what_the_metric_says(metric: str, best: Any, worst: str) -> None:
    values = {"skill": [-1, 0, 1], "ME": [0, -9, 5], "coverage-80": [40, 79, 95], "mine": [1, 2, 3]}
    summary = by_series({"a": [float(v) for v in values[metric]]}).rename(columns={"MASE": metric})
    table = errors_table(summary, by="unique_id", metric=metric, best=best)
    assert table["unique_id"].iloc[0] == worst


def test_the_dots_of_a_series_stand_in_its_row() -> None:
    summary = by_series({"a": [1.0, 2.0, 3.0], "b": [4.0, NAN, 6.0]})
    ax = plot_errors(errors_table(summary, by="unique_id", metric="MASE", top=3))
    assert [t.get_text() for t in ax.get_yticklabels()] == ["s2", "s1", "s0"]
    assert line(ax, "a").get_xdata().tolist() == [3.0, 2.0, 1.0]
    assert line(ax, "a").get_ydata().tolist() == [0.0, 1.0, 2.0]
    np.testing.assert_array_equal([6.0, NAN, 4.0], line(ax, "b").get_xdata())
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the worst at the top
    assert ax.get_title(loc="left") == "MASE of all 3 series"


def test_twenty_of_thirty_series_are_shown_and_the_title_says_so(make_run: Maker) -> None:
    run = make_run(ids=[f"s{i}" for i in range(30)], models=["a", "b"], n_windows=1)
    summary = run.summary(["model", "unique_id"])
    ax = plot_errors(errors_table(summary, by="unique_id", metric="MAE"))
    assert len(ax.get_yticklabels()) == 20
    assert ax.get_title(loc="left") == "The 20 series with the worst MAE, of 30"


def test_a_model_without_values_is_in_the_legend_and_said_to_have_none() -> None:
    summary = by_series({"a": [1.0, 2.0], "_b": [NAN, NAN]})
    ax = plot_errors(errors_table(summary, by="unique_id"))
    ax.figure.canvas.draw()
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["a", "_b: no values"]


def test_by_model_the_best_comes_first(make_run: Maker) -> None:
    summary = pd.DataFrame({"model": ["a", "b", "c"], "MASE": [2.0, NAN, 1.0]})
    ax = plot_errors(errors_table(summary, by="model"))
    assert [t.get_text() for t in ax.get_yticklabels()] == ["c", "a", "b"]
    assert line(ax, "c").get_xdata().tolist() == [1.0]


@pytest.mark.parametrize("by", ["step", "cutoff"])
def test_a_single_point_is_a_row_of_dots_and_not_a_line(make_run: Maker, by: str) -> None:
    run = make_run(ids=["a"], h=1, n_windows=1)
    ax = plot_errors(errors_table(run.summary(["model", by]), by=by, metric="MAE"))
    assert len(ax.get_yticklabels()) == 6
    assert ax.get_title(loc="left").startswith(f"MAE at the only {by}, ")


def test_a_few_cutoffs_without_dates_are_the_ticks(make_run: Maker) -> None:
    run = make_run(ids=["a"], n_windows=3, kind="integers")
    ax = plot_errors(errors_table(run.summary(["model", "cutoff"]), by="cutoff", metric="MAE"))
    assert ax.get_xticks().tolist() == [84.0, 96.0, 108.0]


def test_a_segment_is_drawn_as_rows(make_run: Maker) -> None:
    run = make_run()
    run.forecasts["region"] = run.forecasts["unique_id"].map(lambda i: "NS"[int(i[-1]) % 2])
    ax = plot_errors(errors_table(run.summary(["model", "region"]), by="region", metric="MAE"))
    assert [t.get_text() for t in ax.get_yticklabels()] == ["N", "S"]


@pytest.mark.parametrize(
    ("values", "scale", "expected"),
    [
        ([1.0, 39.0], "auto", "linear"),
        ([1.0, 41.0], "auto", "log"),
        ([0.0, 99.0], "auto", "linear"),
        ([1.0, 2.0], "log", "log"),
        ([1.0, 99.0], "linear", "linear"),
        ([NAN, NAN], "auto", "linear"),
    ],
)
def test_a_logarithmic_axis_only_where_one_model_dwarfs_the_others(
    values: list[float], scale: Any, expected: str
) -> None:
    summary = pd.DataFrame({"model": ["a", "a"], "step": [1, 2], "MASE": values})
    ax = plot_errors(errors_table(summary), scale=scale)
    assert ax.get_yscale() == expected
    assert ("logarithmic" in ax.get_ylabel()) == (expected == "log")


@pytest.mark.parametrize(("metric", "at"), [("ME", 0.0), ("skill", 0.0), ("coverage-80", 80.0)])
def test_there_is_a_line_where_the_value_should_be(metric: str, at: float) -> None:
    summary = pd.DataFrame({"model": "a", "step": [1, 2], metric: [1.0, 2.0]})
    ax = plot_errors(errors_table(summary, metric=metric))
    assert list(line(ax, "reference").get_ydata()) == [at, at]


def test_the_baseline_is_grey_and_dashed(make_run: Maker) -> None:
    run = make_run()
    looks = looks_for(run.forecasts["model"].unique(), baseline="snaive")
    table = errors_table(run.summary(["model", "step"]), metric="MAE")
    found = line(plot_errors(table, looks=looks), "snaive")
    assert (found.get_color(), found.get_linestyle()) == ("#767676", "--")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"by": "unique_id", "metric": "MASEE"}, "no column 'MASEE'.*'MASE'"),
        ({"by": "cutoff"}, "no column 'cutoff'"),
        ({"by": "model"}, "several rows for one model"),
        ({"by": "unique_id", "top": 0}, "at least one series"),
        ({"by": "unique_id", "order_by": "z"}, "no model 'z'"),
        ({"by": "unique_id", "best": "nominal"}, "names no level"),
    ],
)
def test_what_cannot_be_drawn_is_said(arguments: dict[str, Any], message: str) -> None:
    summary = by_series({"a": [1.0, 2.0]})
    with pytest.raises(ArgumentError, match=message):
        errors_table(summary, **arguments)


def test_the_summary_is_left_as_it_was(make_run: Maker) -> None:
    summary = make_run().summary(["model", "unique_id"])
    before = summary.copy()
    plot_errors(errors_table(summary, by="unique_id", metric="MAE"))
    pd.testing.assert_frame_equal(before, summary)
