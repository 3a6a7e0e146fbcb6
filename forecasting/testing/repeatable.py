"""Reproducibility: order, names, company, processes and reruns change no bit."""

from __future__ import annotations

from typing import Any

from forecasting.backtesting import backtest
from forecasting.models.naive import Naive
from forecasting.testing.case import SETTINGS, Case, numbers, quietly, same_bits


def check_rerun(case: Case) -> None:
    """O5: the same run again."""
    same_bits(numbers(case.baseline), numbers(case.run()), "a second run differs")


def check_processes(case: Case) -> None:
    """G3: two worker processes."""
    same_bits(numbers(case.baseline), numbers(case.run(n_jobs=2)), "n_jobs=2 differs from n_jobs=1")


def check_row_order(case: Case) -> None:
    """O7: rows shuffled."""
    shuffled = case.data.sample(frac=1, random_state=3)
    same_bits(numbers(case.baseline), numbers(case.run(shuffled)), "the order of rows matters")


def check_renamed(case: Case) -> None:
    """O8: ids renamed, their order kept."""
    data = case.data.assign(unique_id="x-" + case.data["unique_id"].astype(str))
    same_bits(numbers(case.baseline), numbers(case.run(data)), "the names of the series matter")


def check_subset(case: Case) -> None:
    """O6: fewer series, for forecasters that learn each series alone."""
    if not case.forecaster.is_local:
        return
    kept = sorted(case.data["unique_id"].unique())[1:]
    got = case.run(case.data[case.data["unique_id"].isin(kept)])
    same_bits(numbers(case.baseline, ids=kept), numbers(got), "the company of other series matters")


def check_other_models(case: Case) -> None:
    """O10: another model before and after; catches writing into the shared input."""
    other = Naive()
    settings: dict[str, Any] = {"h": case.h, "cutoffs": case.cutoffs, **SETTINGS}
    runs = [
        quietly(backtest, case.data, models, **settings)
        for models in (
            {"it": case.forecaster, "other": other},
            {"other": other, "it": case.forecaster},
        )
    ]
    for name in ("it", "other"):
        first, second = (
            r.forecasts[r.forecasts["model"] == name]
            .drop(columns=["y", "model"])
            .reset_index(drop=True)
            for r in runs
        )
        same_bits(first, second, f"the order of models matters to {name!r}")


CHECKS = {
    name.removeprefix("check_"): check
    for name, check in list(globals().items())
    if name.startswith("check_")
}
