"""Residual diagnostics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from forecasting.errors import ArgumentError
from forecasting.plotting import acf_table, numbers, plot_residuals, residuals_table
from forecasting.plotting.residuals import autocorrelation

Maker = Callable[..., Any]
NAN = float("nan")


def test_autocorrelation_of_a_small_series_is_that_by_hand() -> None:
    # errors 1 2 3 4, centred -1.5 -.5 .5 1.5; lag 1: (.75 - .25 + .75) / 5 * 4/3
    np.testing.assert_allclose([1.25 / 5 * 4 / 3], autocorrelation(np.array([[1.0, 2, 3, 4]]), 1))


def test_autocorrelation_skips_gaps_and_does_not_mix_series() -> None:
    alternating = np.array([[1.0, -1.0, NAN, -1.0, 1.0, -1.0], [9.0, 7.0, 9.0, 7.0, 9.0, 7.0]])
    assert autocorrelation(alternating, 1)[0] < -0.9


def test_autocorrelation_agrees_with_a_plain_loop() -> None:
    rng = np.random.default_rng(3)
    errors = rng.normal(size=(3, 40))
    errors[rng.random(errors.shape) < 0.2] = NAN
    means = np.nanmean(errors, axis=1)
    for lag, found in enumerate(autocorrelation(errors, 5), start=1):
        products = [
            (errors[s, t] - means[s]) * (errors[s, t + lag] - means[s])
            for s in range(3)
            for t in range(40 - lag)
            if np.isfinite(errors[s, t]) and np.isfinite(errors[s, t + lag])
        ]
        squares = (errors - means[:, None])[np.isfinite(errors)] ** 2
        assert found == pytest.approx(np.mean(products) / np.mean(squares))


@pytest.mark.parametrize("errors", [[[0.1] * 10], [[NAN] * 10], [[5.0] + [NAN] * 9]])
def test_autocorrelation_of_constant_or_missing_errors_is_undefined(errors: Any) -> None:
    assert np.isnan(autocorrelation(np.array(errors), 3)).all()


def test_an_error_is_the_actual_less_the_forecast(make_run: Maker) -> None:
    run = make_run(ids=["a", "b"], n_windows=2)
    run.forecasts.loc[run.forecasts["step"] == 3, "mean"] = NAN
    table = residuals_table(run.forecasts, model="ets", unique_id="a")
    assert len(table) == 2 * 11
    np.testing.assert_array_equal(table["y"] - table["mean"], table["error"])
    np.testing.assert_array_equal(table["error"], table["residual"])


def test_over_several_series_errors_are_made_comparable(make_run: Maker) -> None:
    table = residuals_table(make_run(ids=["a", "b"], n_windows=3).forecasts, model="ets")
    squares = (table["residual"] ** 2).groupby(table["unique_id"]).mean()
    np.testing.assert_allclose([1.0, 1.0], squares)


def test_a_series_without_any_error_has_residual_zero(make_run: Maker) -> None:
    run = make_run(ids=["a"], n_windows=2)
    run.forecasts["mean"] = run.forecasts["y"]
    assert set(residuals_table(run.forecasts, model="ets")["residual"]) == {0.0}


def test_perfect_forecasts_can_be_drawn(make_run: Maker) -> None:
    run = make_run(ids=["a"], models=["m"], n_windows=10, step_size=2, h=4)
    run.forecasts["mean"] = run.forecasts["y"]
    axes = plot_residuals(residuals_table(run.forecasts, model="m"))
    axes[0, 0].figure.canvas.draw()
    assert numbers(axes[1, 0])["acf"].isna().tolist() == [True, True, True]


def test_the_four_pictures_hold_the_residuals(make_run: Maker) -> None:
    run = make_run(ids=["a"], models=["m"], n_windows=30, step_size=2, h=6, n=150)
    table = residuals_table(run.forecasts, model="m", unique_id="a")
    axes = plot_residuals(table)
    assert axes.shape == (2, 2)
    over_time, histogram, acf, fitted = axes.flat
    np.testing.assert_array_equal(table["error"], over_time.lines[1].get_ydata())
    area = sum(p.get_height() * p.get_width() for p in histogram.patches)
    assert area == pytest.approx(1.0)
    np.testing.assert_array_equal(table["mean"], fitted.lines[1].get_xdata())
    np.testing.assert_array_equal(table["error"], fitted.lines[1].get_ydata())
    shown = numbers(acf)
    assert shown["lag"].tolist() == list(range(1, 11))
    np.testing.assert_array_equal(shown["acf"], acf.lines[0].get_ydata())
    pd.testing.assert_frame_equal(table, numbers(axes))


def test_the_autocorrelation_looks_at_the_first_step_from_cutoff_to_cutoff(make_run: Maker) -> None:
    run = make_run(ids=["a"], models=["m"], n_windows=24, step_size=2, h=6, n=150)
    table = residuals_table(run.forecasts, model="m")
    first = table[table["step"] == 1].sort_values("cutoff")["residual"].to_numpy()
    shown = acf_table(table, n_lags=4)
    np.testing.assert_allclose(autocorrelation(first[None, :], 4), shown["acf"])
    assert shown["band"].iloc[0] == pytest.approx(1.96 / np.sqrt(24), rel=1e-4)


def test_with_few_cutoffs_there_is_a_word_in_place_of_an_autocorrelation(make_run: Maker) -> None:
    table = residuals_table(make_run(ids=["a"], n_windows=5).forecasts, model="ets")
    ax = plot_residuals(table)[1, 0]
    assert len(numbers(ax)) == 0
    assert any("5 cutoffs" in t.get_text() and "at least 8" in t.get_text() for t in ax.texts)


@pytest.mark.parametrize("kind", ["integers", "berlin"])
def test_one_error_can_be_drawn(make_run: Maker, kind: str) -> None:
    run = make_run(ids=["a"], models=["m"], h=1, n_windows=1, kind=kind)
    axes = plot_residuals(residuals_table(run.forecasts, model="m"))
    axes[0, 0].figure.canvas.draw()
    assert len(axes[0, 0].lines[1].get_ydata()) == 1


def test_a_model_that_failed_everywhere_gives_empty_pictures_that_say_so(make_run: Maker) -> None:
    run = make_run(ids=["a"], models=["m"], n_windows=2)
    run.forecasts["mean"] = NAN
    axes = plot_residuals(residuals_table(run.forecasts, model="m"))
    figure = axes[0, 0].figure
    figure.canvas.draw()
    assert "There are no errors" in figure.get_suptitle()


def test_four_axes_are_needed_and_used(make_run: Maker) -> None:
    table = residuals_table(make_run(ids=["a"]).forecasts, model="ets")
    axes = plt.figure().subplots(1, 4)
    assert list(plot_residuals(table, axes=axes).flat) == list(axes)
    with pytest.raises(ArgumentError, match="holds 3 Axes, and there are 4"):
        plot_residuals(table, axes=axes[:3])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "etz"}, "no model 'etz'.*ets"),
        ({"model": "ets", "unique_id": "q"}, "no series 'q'"),
    ],
)
def test_what_is_not_there_is_named(
    make_run: Maker, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ArgumentError, match=message):
        residuals_table(make_run(ids=["a"]).forecasts, **arguments)
