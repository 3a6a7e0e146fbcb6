"""What fit and predict promise, and all windows at once against one by one."""

from __future__ import annotations

import copy
import pickle
import random
import warnings
from typing import Any

import numpy as np

from forecasting._typing import FloatArray
from forecasting.auditing.trial import quietly
from forecasting.base import LocalForecaster
from forecasting.reading import as_panel
from forecasting.schedule import Schedule, rolling_windows
from forecasting.testing.case import LEVELS, TOLERANCE, Case, ContractError, numbers, same_bits


def check_processes(case: Case) -> None:
    """G3: two worker processes."""
    both = case.run(n_jobs=2)
    same_bits(numbers(case.baseline), numbers(both), "n_jobs=2 differs from n_jobs=1")


def check_predict_twice(case: Case) -> None:
    """Predicting changes nothing."""
    fitted = quietly(copy.deepcopy(case.forecaster).fit, case.data)
    first = quietly(fitted.predict, case.h, level=LEVELS)
    second = quietly(fitted.predict, case.h, level=LEVELS)
    same_bits(
        first.assign(cutoff=0, step=0), second.assign(cutoff=0, step=0), "a second predict differs"
    )


def check_fit_forgets(case: Case) -> None:
    """A refit forgets what was fitted before."""
    other = case.data.assign(y=case.data["y"] * 2 + 50)
    used = quietly(copy.deepcopy(case.forecaster).fit, other)
    quietly(used.predict, case.h)
    refitted = quietly(quietly(used.fit, case.data).predict, case.h)
    fresh = quietly(copy.deepcopy(case.forecaster).fit, case.data)
    what = "fit remembers an earlier fit"
    expected = quietly(fresh.predict, case.h)
    same_bits(expected.assign(cutoff=0, step=0), refitted.assign(cutoff=0, step=0), what)


def check_intervals_nest(case: Case) -> None:
    """lo-80 <= lo-50 <= hi-50 <= hi-80, with no NaN that has no failure."""
    frame = case.baseline.forecasts.dropna(subset=["lo-50", "lo-80"])
    bounds = frame[["lo-80", "lo-50", "hi-50", "hi-80"]].to_numpy(float)
    slack = 1e-12 * np.abs(bounds).max(initial=0.0)
    if (np.diff(bounds, axis=1) < -slack).any():
        raise ContractError("intervals do not nest: a higher level must hold a lower one")
    if len(case.baseline.failures) == 0 and len(frame) < len(case.baseline.forecasts):
        raise ContractError("an interval is NaN and has no row in failures")


def check_parameters_stay(case: Case) -> None:
    """Fitting changes no parameter; the forecaster survives pickling (worker processes)."""
    shown = repr(case.forecaster)
    fitted = quietly(copy.deepcopy(case.forecaster).fit, case.data)
    if repr(fitted) != shown:
        raise ContractError(f"fit changed the parameters: {shown} became {fitted!r}")
    again = pickle.loads(pickle.dumps(case.forecaster))
    if repr(again) != shown:
        raise ContractError("pickling changes the forecaster")


def check_global_state(case: Case) -> None:
    """The global random generators and the warning filters are left as they were."""
    numpy_before, python_before = np.random.get_state(), random.getstate()  # noqa: NPY002 - looked at only
    windows = _windows(case)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # to warn is allowed
        filters = list(warnings.filters)
        case.forecaster.uncalibrated(windows, (0.1, 0.9))  # `answer` would tidy up after it
        filters_after = list(warnings.filters)
    numpy_after = np.random.get_state()  # noqa: NPY002
    if repr(numpy_before) != repr(numpy_after) or random.getstate() != python_before:
        raise ContractError("the global random state was changed; use history.rng()")
    if filters_after != filters:
        raise ContractError("the global warning filters were changed")


# --- all windows at once --------------------------------------------------------------------------------


def _windows(case: Case) -> Any:
    schedule = Schedule(case.h, cutoffs=case.cutoffs, partial=True).checked()
    return rolling_windows(quietly(as_panel, case.data), schedule, seed=0)[0]


def check_windows_one_by_one(case: Case) -> None:
    """The all-windows answer equals that of each window alone, and the loop of _fit and _predict."""
    windows, probs = _windows(case), (0.1, 0.9)
    whole = quietly(case.forecaster.uncalibrated, windows, probs)
    for k in range(windows.n_windows):
        alone = quietly(case.forecaster.uncalibrated, windows.columns(np.array([k])), probs)
        _close(whole.mean[:, k], alone.mean[:, 0], "all windows at once differ from each alone")
        _close(
            whole.quantiles[:, k], alone.quantiles[:, 0], "quantiles at once differ from each alone"
        )
    if isinstance(case.forecaster, LocalForecaster):
        blocked = case.forecaster._blocked(windows, probs)  # too short, say: neither is asked
        loop = quietly(case.forecaster._loop, windows.only(~blocked.failed()), probs)
        _close(
            whole.mean, loop.mean, "_forecast_windows differs from the loop of _fit and _predict"
        )
        _close(
            whole.quantiles, loop.quantiles, "quantiles of _forecast_windows differ from the loop"
        )


def _close(expected: FloatArray, got: FloatArray, what: str) -> None:
    both = np.isfinite(expected) & np.isfinite(got)
    off = np.abs(expected - got) > TOLERANCE * np.maximum(np.abs(expected), 1e-300)
    if (np.isnan(expected) != np.isnan(got)).any():
        raise ContractError(f"{what}: one has a value where the other has none")
    if (off & both).any():
        worst = float(np.nanmax(np.abs(expected - got), initial=0.0))
        raise ContractError(f"{what}, by up to {worst:.3g}")


CHECKS = {
    name.removeprefix("check_"): check
    for name, check in list(globals().items())
    if name.startswith("check_")
}
