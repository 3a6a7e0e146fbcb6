"""Forecasts over history: what is chosen, and what the Axes hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from forecasting.errors import ArgumentError
from forecasting.plotting import (
    forecasts_table,
    looks_for,
    numbers,
    plot_forecast_panels,
    plot_forecasts,
)
from forecasting.plotting.forecasts import interval_columns

Maker = Callable[..., Any]


def drawn(ax: Any, text: str) -> list[Any]:
    """Return the lines whose label begins with ``text``."""
    return [line for line in ax.lines if str(line.get_label()).startswith(text)]


def cutoffs_drawn(ax: Any) -> int:
    return sum(str(line.get_gid()).startswith("cutoff") for line in ax.lines)


def test_levels_come_in_ascending_order_and_in_pairs() -> None:
    names = ["lo-95", "hi-95", "lo-80", "hi-80", "lo-99.5", "hi-99.5", "lo-50", "q-0.1"]
    assert list(interval_columns(names)) == [80.0, 95.0, 99.5]


def test_the_cutoffs_chosen_by_default_do_not_overlap(make_run: Maker) -> None:
    run = make_run(ids=["a"], n_windows=20, step_size=3, h=12)
    table = forecasts_table(run.forecasts, run.history, unique_id="a")
    spans = table[table["part"] == "forecast"].groupby("cutoff")["ds"].agg(["min", "max"])
    assert len(spans) == 4
    assert (spans["min"].to_numpy()[1:] > spans["max"].to_numpy()[:-1]).all()
    assert spans["max"].max() == run.forecasts["ds"].max()


def test_cutoffs_models_and_past_can_be_chosen(make_run: Maker) -> None:
    run = make_run(ids=["a", "b"])
    cutoff = run.forecasts["cutoff"].min()
    table = forecasts_table(
        run.forecasts,
        run.history,
        unique_id="b",
        models=["theta", "ets"],
        cutoffs=[cutoff],
        context=5,
    )
    parts = table[table["part"] == "forecast"]
    past = table[table["part"] == "history"]
    assert parts["model"].unique().tolist() == ["theta", "ets"]
    assert parts["cutoff"].unique().tolist() == [cutoff]
    assert (past["ds"] <= cutoff).sum() == 5
    assert past["ds"].max() == parts["ds"].max()
    assert set(table["unique_id"]) == {"b"}


def test_without_a_history_the_actuals_of_the_forecasts_are_shown_once(make_run: Maker) -> None:
    run = make_run(ids=["a"], models=["x", "y"], n_windows=2, h=6)
    table = forecasts_table(run.forecasts, unique_id="a")
    assert (table["part"] == "history").sum() == 12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"unique_id": "stor_1"}, "no series 'stor_1'.*store_1"),
        ({"unique_id": "store_1", "models": ["etz"]}, "no model 'etz'.*ets"),
        ({"unique_id": "store_1", "cutoffs": ["1999-01-01"]}, "no cutoff '1999-01-01'"),
        ({"unique_id": "store_1", "cutoffs": 0}, "at least one cutoff"),
    ],
)
def test_what_is_not_there_is_named(
    make_run: Maker, arguments: dict[str, Any], message: str
) -> None:
    run = make_run(ids=["store_1", "store_2"])
    with pytest.raises(ArgumentError, match=message):
        forecasts_table(run.forecasts, run.history, **arguments)


def test_a_number_as_id_is_found_by_number_and_by_text(make_run: Maker) -> None:
    run = make_run(ids=[7, 8], models=["x"])
    by_number = forecasts_table(run.forecasts, run.history, unique_id=7)
    pd.testing.assert_frame_equal(
        by_number, forecasts_table(run.forecasts, run.history, unique_id="7")
    )


def test_the_axes_hold_every_forecast_and_hand_over_the_table(make_run: Maker) -> None:
    run = make_run(ids=["a"], n_windows=3)
    table = forecasts_table(run.forecasts, run.history, unique_id="a")
    ax = plot_forecasts(table)
    assert cutoffs_drawn(ax) == 3
    for model, own in table[table["part"] == "forecast"].groupby("model"):
        values = np.concatenate([line.get_ydata() for line in drawn(ax, f"{model} at")])
        np.testing.assert_array_equal(own.sort_values(["cutoff", "step"])["mean"], values)
    actual = table[table["part"] == "history"]
    np.testing.assert_array_equal(actual["y"], drawn(ax, "actual")[0].get_ydata())
    pd.testing.assert_frame_equal(table, numbers(ax))
    assert {"actual", *run.forecasts["model"]} == {
        t.get_text() for t in ax.texts if t.get_text() in {"actual", *run.forecasts["model"]}
    }
    assert ax.get_title(loc="left") == "a: forecasts at 3 cutoffs"


def test_intervals_are_shaded_for_one_model_and_not_for_several(make_run: Maker) -> None:
    run = make_run(ids=["a"], models=["x", "y"], n_windows=2)
    one = forecasts_table(run.forecasts, run.history, unique_id="a", models=["x"])
    two = forecasts_table(run.forecasts, run.history, unique_id="a")
    assert len(plot_forecasts(one).collections) == 4  # two cutoffs, two levels
    assert len(plot_forecasts(two).collections) == 0
    assert len(plot_forecasts(two, intervals=["y"]).collections) == 4
    assert len(plot_forecasts(two, intervals=True).collections) == 8


def test_a_band_reaches_from_lower_to_upper_bound(make_run: Maker) -> None:
    run = make_run(ids=["a"], models=["x"], n_windows=1, levels=(80.0,))
    table = forecasts_table(run.forecasts, run.history, unique_id="a")
    ys = plot_forecasts(table).collections[0].get_paths()[0].vertices[:, 1]
    assert (table["lo-80"].min(), table["hi-80"].max()) == (ys.min(), ys.max())


def test_each_panel_holds_one_model(make_run: Maker) -> None:
    run = make_run(ids=["a"], n_windows=2)
    table = forecasts_table(run.forecasts, run.history, unique_id="a")
    panels = plot_forecast_panels(table)
    assert [ax.get_title(loc="left") for ax in panels] == list(run.forecasts["model"].unique())
    assert [len(drawn(ax, f"{ax.get_title(loc='left')} at")) for ax in panels] == [2] * 6
    pd.testing.assert_frame_equal(table, numbers(panels))


def test_panels_can_be_drawn_on_given_axes_if_there_are_enough(make_run: Maker) -> None:
    run = make_run(ids=["a"], models=["x", "y"], n_windows=1)
    table = forecasts_table(run.forecasts, run.history, unique_id="a")
    axes = plt.figure().subplots(1, 3)
    assert list(plot_forecast_panels(table, axes=axes)) == list(axes[:2])
    with pytest.raises(ArgumentError, match="holds 1 Axes, and there are 2 models"):
        plot_forecast_panels(table, axes=axes[:1])


def test_a_model_that_failed_everywhere_is_named_and_the_others_drawn(make_run: Maker) -> None:
    run = make_run(ids=["a"], models=["good", "bad"], n_windows=2)
    run.forecasts.loc[run.forecasts["model"] == "bad", ["mean", "lo-80", "hi-80"]] = np.nan
    table = forecasts_table(run.forecasts, run.history, unique_id="a")
    ax = plot_forecasts(table)
    assert len(drawn(ax, "good at")) == 2
    assert drawn(ax, "bad at") == []
    assert "bad: no values" in [t.get_text() for t in ax.texts]
    panels = plot_forecast_panels(table)
    assert panels[1].get_title(loc="left") == "bad: no values"


def test_a_value_alone_between_gaps_gets_a_marker(make_run: Maker) -> None:
    run = make_run(ids=["a"], models=["x"], n_windows=1)
    run.forecasts.loc[run.forecasts["step"].isin([2, 4]), "mean"] = np.nan
    ax = plot_forecasts(forecasts_table(run.forecasts, run.history, unique_id="a"))
    assert drawn(ax, "x at")[0].get_marker() == "o"


def test_a_forecast_that_ran_away_does_not_flatten_the_rest(make_run: Maker) -> None:
    run = make_run(ids=["a"], models=["x"], n_windows=1)
    run.forecasts.loc[run.forecasts["step"] == 12, "mean"] = 1e9
    table = forecasts_table(run.forecasts, run.history, unique_id="a")
    ax = plot_forecasts(table)
    y = table["y"]
    assert ax.get_ylim()[1] < y.max() + 2 * (y.max() - y.min())
    assert any("what runs far out is cut" in t.get_text() for t in ax.texts)


@pytest.mark.parametrize("kind", ["months", "days", "berlin", "integers"])
@pytest.mark.parametrize("h", [1, 12])
def test_every_kind_of_time_can_be_drawn(make_run: Maker, kind: str, h: int) -> None:
    run = make_run(ids=["a"], models=["x"], n_windows=1, h=h, kind=kind)
    ax = plot_forecasts(forecasts_table(run.forecasts, run.history, unique_id="a"))
    ax.figure.canvas.draw()
    assert len(drawn(ax, "x at")[0].get_ydata()) == h
    words = {"berlin": "time (Europe/Berlin)", "integers": "time (number of the period)"}
    assert ax.get_xlabel() == words.get(kind, "time")


def test_the_clock_of_the_data_is_on_the_axis(make_run: Maker) -> None:
    run = make_run(ids=["a"], models=["x"], n_windows=1, kind="berlin", n=30, h=6)
    ax = plot_forecasts(forecasts_table(run.forecasts, run.history, unique_id="a"))
    assert str(ax.xaxis.get_major_locator().tz) == "Europe/Berlin"
    first = mpl.dates.num2date(ax.lines[0].get_xdata(orig=False)[0], tz="Europe/Berlin")
    assert first == run.history["ds"].iloc[0]


def test_twelve_models_are_all_named(make_run: Maker) -> None:
    names = [f"model_{i}" for i in range(12)]
    run = make_run(ids=["a"], models=names, n_windows=1)
    table = forecasts_table(run.forecasts, run.history, unique_id="a")
    assert set(names) < {t.get_text() for t in plot_forecasts(table).texts}
    assert len(plot_forecast_panels(table)) == 12


def test_names_that_look_like_formulas_or_private_are_drawn_as_they_are(make_run: Maker) -> None:
    run = make_run(ids=["$\\frac$"], models=["_m", "$x^"], n_windows=1)
    table = forecasts_table(run.forecasts, run.history, unique_id="$\\frac$")
    ax = plot_forecasts(table, looks=looks_for(["_m", "$x^"]))
    ax.figure.canvas.draw()
    assert {"_m", "$x^"} < {t.get_text() for t in ax.texts}
    assert ax.get_title(loc="left") == "$\\frac$: forecasts at 1 cutoff"


def test_it_draws_where_it_is_told_and_opens_no_figure(make_run: Maker) -> None:
    run = make_run(ids=["a"], models=["x"], n_windows=1)
    own = mpl.figure.Figure().subplots()
    table = forecasts_table(run.forecasts, run.history, unique_id="a")
    assert plot_forecasts(table, ax=own) is own
    assert plt.get_fignums() == []
