"""The public contract of a forecaster, as checks that anybody can run on their own class.

``check_forecaster(MyForecaster())`` runs every check and raises with all that failed;
``parametrize_forecasters([...])`` makes a pytest test of each. What is checked: a forecast does not
change by one bit when anything after its cutoff changes (leak oracles), nor with the order of rows and
series, the number of processes, a rerun, the names or the company of the other series; a short horizon
is the head of a long one; intervals nest; the caller's data stays untouched; answering all windows at
once equals answering them one by one.
"""

from __future__ import annotations

import copy
import pickle
import random
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecasting._typing import FloatArray
from forecasting.backtesting import Backtest, backtest
from forecasting.base import Forecaster, LocalForecaster
from forecasting.errors import ForecastingError
from forecasting.models.naive import Naive
from forecasting.reading import as_panel
from forecasting.regressors import Regressors
from forecasting.windows import Schedule, rolling_windows

if TYPE_CHECKING:
    import pytest

#: Levels of the checks: 80 needs four past errors only, so short panels will do.
LEVELS = (50, 80)
#: Relative difference allowed between the all-windows answer and the loop.
TOLERANCE = 1e-9


class ContractError(AssertionError):
    """A forecaster breaks the contract; the message says which part, and where."""


@dataclass(frozen=True, eq=False)
class Case:
    """What a check runs on: a forecaster, a long frame, a horizon, three cutoffs."""

    forecaster: Forecaster
    data: pd.DataFrame
    h: int
    cutoffs: tuple[Any, ...]
    baseline: Backtest

    def run(self, data: pd.DataFrame | None = None, **changes: Any) -> Backtest:
        """Run the backtest of the case, with something changed."""
        settings: dict[str, Any] = {"h": self.h, "cutoffs": self.cutoffs, **SETTINGS, **changes}
        bt: Backtest = _quietly(
            backtest, self.data if data is None else data, {"it": self.forecaster}, **settings
        )
        return bt

    def after(self, cutoff: Any) -> pd.Series:
        """Return which rows lie after a cutoff."""
        later: pd.Series = self.data["ds"] > cutoff
        return later


SETTINGS: dict[str, Any] = {
    "level": LEVELS,
    "partial": "keep",
    "progress": False,
    "season_length": 1,
}


def contract_panel(n: int = 72, n_series: int = 3, freq: str = "MS") -> pd.DataFrame:
    """Return a small panel of positive, seasonal, trending series of different lengths."""
    frames = []
    for i in range(n_series):
        rng = np.random.default_rng([i, n])
        t = np.arange(n - 5 * i)
        season = 1 + 0.2 * np.sin(2 * np.pi * (t + i) / 12)
        y = 100 * (i + 1) * season * (1 + 0.004 * t) + 5 * rng.standard_normal(len(t))
        ds = pd.date_range("2018-01-01", periods=n, freq=freq)[-len(t) :]
        frames.append(pd.DataFrame({"unique_id": f"s{i}", "ds": ds, "y": y}))
    return pd.concat(frames, ignore_index=True)


def make_case(forecaster: Forecaster, data: pd.DataFrame | None = None, h: int = 4) -> Case:
    """Return a case with its undisturbed run."""
    frame = contract_panel() if data is None else data.reset_index(drop=True)
    times = np.sort(frame["ds"].unique())
    cutoffs = tuple(pd.Index(times[[-2 * h - 2, -h - 2, -h - 1]]))
    case = Case(forecaster, frame, h, cutoffs, None)  # type: ignore[arg-type]
    first = case.run()
    if first.forecasts["mean"].isna().all():
        why = first.failures["message"].iloc[0]
        raise ContractError(
            f"{forecaster!r} cannot forecast the contract's panel at all: {why}; pass data="
        )
    return Case(forecaster, frame, h, cutoffs, first)


# --- comparing ----------------------------------------------------------------------------------------


def _quietly(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*args, **kwargs)


def _numbers(bt: Backtest, cutoff: Any = None, ids: Iterable[Any] | None = None) -> pd.DataFrame:
    frame = bt.forecasts.drop(columns=["y", "model"])
    if cutoff is not None:
        frame = frame[frame["cutoff"] == cutoff]
    if ids is not None:
        frame = frame[frame["unique_id"].isin(list(ids))]
    return frame.reset_index(drop=True)


def _same_bits(expected: pd.DataFrame, got: pd.DataFrame, what: str) -> None:
    """Raise unless every forecast and interval has the same bits."""
    if len(expected) != len(got):
        raise ContractError(f"{what}: {len(expected)} forecasts became {len(got)}")
    for column in expected.columns:
        if column in ("unique_id", "cutoff", "ds", "step", "served_by"):
            continue
        a, b = expected[column].to_numpy(float), got[column].to_numpy(float)
        different = np.flatnonzero(a.view(np.int64) != b.view(np.int64))
        different = different[~(np.isnan(a[different]) & np.isnan(b[different]))]
        if len(different):
            row = expected.iloc[different[0]]
            raise ContractError(
                f"{what}: {len(different)} of {len(a)} values of {column} changed, first {row['unique_id']} at "
                f"cutoff {row['cutoff']} step {row['step']}: {a[different[0]]!r} became {b[different[0]]!r}"
            )


def _same_failures(expected: Backtest, got: Backtest, what: str, cutoff: Any) -> None:
    columns = ["unique_id", "cutoff", "stage", "code", "message", "n_obs"]
    a = expected.failures[expected.failures["cutoff"] == cutoff][columns]
    b = got.failures[got.failures["cutoff"] == cutoff][columns]
    if a.astype(str).to_numpy().tolist() != b.astype(str).to_numpy().tolist():
        raise ContractError(f"{what}: the failures at cutoff {cutoff} changed")


# --- leak oracles -------------------------------------------------------------------------------------


def _disturb(case: Case, change: Callable[[pd.DataFrame, pd.Series], None], what: str) -> None:
    """Change what lies after the middle cutoff; it and the one before must not move.

    The panel of a backtest ends at its last cutoff, so there a model has no future to look at.
    """
    data = case.data.copy()
    change(data, case.after(case.cutoffs[1]))
    got = case.run(data)
    for cutoff in case.cutoffs[:2]:
        _same_bits(_numbers(case.baseline, cutoff), _numbers(got, cutoff), what)
        _same_failures(case.baseline, got, what, cutoff)


def check_future_scaled(case: Case) -> None:
    """O1: values after the cutoff times 3 plus 500."""

    def change(data: pd.DataFrame, later: pd.Series) -> None:
        data.loc[later, "y"] = data.loc[later, "y"] * 3 + 500

    _disturb(case, change, "a forecast saw past its cutoff (values after it were scaled)")


def check_future_random(case: Case) -> None:
    """O1b: values after the cutoff replaced by random signed ones."""

    def change(data: pd.DataFrame, later: pd.Series) -> None:
        data.loc[later, "y"] = 1000 * np.random.default_rng(1).standard_normal(int(later.sum()))

    _disturb(case, change, "a forecast saw past its cutoff (values after it were replaced)")


def check_future_missing(case: Case) -> None:
    """O2: values after the cutoff poisoned with NaN."""

    def change(data: pd.DataFrame, later: pd.Series) -> None:
        data.loc[later, "y"] = np.nan

    _disturb(case, change, "a forecast saw past its cutoff (values after it were NaN)")


def check_future_absent(case: Case) -> None:
    """O3: rows after the cutoff deleted."""
    for cutoff in case.cutoffs:
        got = case.run(case.data[~case.after(cutoff)], cutoffs=[cutoff])
        what = "a forecast saw past its cutoff (rows after it were deleted)"
        _same_bits(_numbers(case.baseline, cutoff), _numbers(got, cutoff), what)


def check_future_longer(case: Case) -> None:
    """O3b: 30 rows appended to every series."""
    last = case.data["ds"].max()
    panel = as_panel(case.data)
    ahead = panel.calendar.times(np.arange(1, 31) + int(panel.end.max()))
    added = [
        pd.DataFrame({"unique_id": i, "ds": ahead, "y": 7.0 * np.arange(30)})
        for i in case.data.loc[case.data["ds"] == last, "unique_id"]
    ]
    got = case.run(pd.concat([case.data, *added], ignore_index=True))
    _same_bits(
        _numbers(case.baseline), _numbers(got), "a forecast saw rows appended after its cutoff"
    )


def check_missing_at_cutoff(case: Case) -> None:
    """O4: with NaN at the cutoff, values after it scaled; catches back-filling."""
    cutoff = case.cutoffs[0]
    holed = case.data.copy()
    holed.loc[holed["ds"] == cutoff, "y"] = np.nan
    scaled = holed.copy()
    scaled.loc[case.after(cutoff), "y"] = scaled.loc[case.after(cutoff), "y"] * 3 + 500
    a, b = case.run(holed), case.run(scaled)
    what = "a missing value at the cutoff was filled from the future"
    _same_bits(_numbers(a, cutoff), _numbers(b, cutoff), what)
    _same_failures(a, b, what, cutoff)


def check_neighbour_future(case: Case) -> None:
    """O9: the future of one series changed; the others must not move."""
    first, cutoff = case.data["unique_id"].iloc[0], case.cutoffs[0]
    data = case.data.copy()
    touched = case.after(cutoff) & (data["unique_id"] == first)
    data.loc[touched, "y"] += 10_000.0
    what = "a forecast used a neighbour's future"
    _same_bits(_numbers(case.baseline, cutoff), _numbers(case.run(data), cutoff), what)


def check_past_only_regressor(case: Case) -> None:
    """O11: a past-only regressor changed after the cutoff."""
    cutoff = case.cutoffs[0]
    x = case.data[["unique_id", "ds"]].assign(
        x=np.random.default_rng(2).standard_normal(len(case.data))
    )
    changed = x.copy()
    changed.loc[case.after(cutoff), "x"] = -1e6
    a = case.run(X=Regressors(past_only=x))
    b = case.run(X=Regressors(past_only=changed))
    what = "a past-only regressor was seen beyond the cutoff"
    _same_bits(_numbers(a, cutoff), _numbers(b, cutoff), what)


# --- reproducibility ------------------------------------------------------------------------------------


def check_rerun(case: Case) -> None:
    """O5: the same run again."""
    _same_bits(_numbers(case.baseline), _numbers(case.run()), "a second run differs")


def check_processes(case: Case) -> None:
    """G3: two worker processes."""
    _same_bits(
        _numbers(case.baseline), _numbers(case.run(n_jobs=2)), "n_jobs=2 differs from n_jobs=1"
    )


def check_row_order(case: Case) -> None:
    """O7: rows shuffled."""
    shuffled = case.data.sample(frac=1, random_state=3)
    _same_bits(_numbers(case.baseline), _numbers(case.run(shuffled)), "the order of rows matters")


def check_renamed(case: Case) -> None:
    """O8: ids renamed, their order kept."""
    data = case.data.assign(unique_id="x-" + case.data["unique_id"].astype(str))
    _same_bits(_numbers(case.baseline), _numbers(case.run(data)), "the names of the series matter")


def check_subset(case: Case) -> None:
    """O6: fewer series, for forecasters that learn each series alone."""
    if not case.forecaster.is_local:
        return
    kept = sorted(case.data["unique_id"].unique())[1:]
    got = case.run(case.data[case.data["unique_id"].isin(kept)])
    _same_bits(
        _numbers(case.baseline, ids=kept), _numbers(got), "the company of other series matters"
    )


def check_other_models(case: Case) -> None:
    """O10: another model before and after; catches writing into the shared input."""
    other = Naive()
    settings: dict[str, Any] = {"h": case.h, "cutoffs": case.cutoffs, **SETTINGS}
    runs = [
        _quietly(backtest, case.data, models, **settings)
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
        _same_bits(first, second, f"the order of models matters to {name!r}")


# --- fit and predict ------------------------------------------------------------------------------------


def _fit_predict(
    case: Case, h: int, data: pd.DataFrame | None = None, **asked: Any
) -> pd.DataFrame:
    fresh = copy.deepcopy(case.forecaster)
    fitted = _quietly(fresh.fit, case.data if data is None else data)
    table: pd.DataFrame = _quietly(fitted.predict, h, **asked)
    return table


def check_short_is_head_of_long(case: Case) -> None:
    """O12: a shorter horizon gives the head of a longer one, intervals too."""
    short = _fit_predict(case, case.h, level=LEVELS)
    long = _fit_predict(case, 2 * case.h, level=LEVELS)
    head = long.groupby("unique_id", sort=False).head(case.h).reset_index(drop=True)
    _same_bits(
        short.assign(cutoff=0, step=0), head.assign(cutoff=0, step=0), "h changes the first steps"
    )


def check_predict_twice(case: Case) -> None:
    """Predicting changes nothing."""
    fitted = _quietly(copy.deepcopy(case.forecaster).fit, case.data)
    first = _quietly(fitted.predict, case.h, level=LEVELS)
    second = _quietly(fitted.predict, case.h, level=LEVELS)
    _same_bits(
        first.assign(cutoff=0, step=0), second.assign(cutoff=0, step=0), "a second predict differs"
    )


def check_fit_forgets(case: Case) -> None:
    """A refit forgets what was fitted before."""
    other = case.data.assign(y=case.data["y"] * 2 + 50)
    used = _quietly(copy.deepcopy(case.forecaster).fit, other)
    _quietly(used.predict, case.h)
    refitted = _quietly(_quietly(used.fit, case.data).predict, case.h)
    fresh = _fit_predict(case, case.h)
    what = "fit remembers an earlier fit"
    _same_bits(fresh.assign(cutoff=0, step=0), refitted.assign(cutoff=0, step=0), what)


def check_intervals_nest(case: Case) -> None:
    """lo-80 <= lo-50 <= hi-50 <= hi-80, with no NaN that has no failure."""
    frame = case.baseline.forecasts.dropna(subset=["lo-50", "lo-80"])
    bounds = frame[["lo-80", "lo-50", "hi-50", "hi-80"]].to_numpy(float)
    slack = 1e-12 * np.abs(bounds).max(initial=0.0)
    if (np.diff(bounds, axis=1) < -slack).any():
        raise ContractError("intervals do not nest: a higher level must hold a lower one")
    if len(case.baseline.failures) == 0 and len(frame) < len(case.baseline.forecasts):
        raise ContractError("an interval is NaN and has no row in failures")


def check_input_untouched(case: Case) -> None:
    """G7: the caller's frame is the same afterwards, and changing it after fit changes nothing."""
    data = case.data.copy()
    fitted = _quietly(copy.deepcopy(case.forecaster).fit, data)
    if not data.equals(case.data):
        raise ContractError("fit changed the caller's data")
    before = _quietly(fitted.predict, case.h)
    data["y"] = -1.0
    after = _quietly(fitted.predict, case.h)
    what = "fit keeps a view of the caller's data"
    _same_bits(before.assign(cutoff=0, step=0), after.assign(cutoff=0, step=0), what)


def check_parameters_stay(case: Case) -> None:
    """Fitting changes no parameter; the forecaster survives pickling (worker processes)."""
    shown = repr(case.forecaster)
    fitted = _quietly(copy.deepcopy(case.forecaster).fit, case.data)
    if repr(fitted) != shown:
        raise ContractError(f"fit changed the parameters: {shown} became {fitted!r}")
    again = pickle.loads(pickle.dumps(case.forecaster))
    if repr(again) != shown:
        raise ContractError("pickling changes the forecaster")


def check_global_state(case: Case) -> None:
    """The global random generators and the warning filters are left as they were."""
    numpy_before, python_before = np.random.get_state(), random.getstate()  # noqa: NPY002 - looked at only
    filters = list(warnings.filters)
    case.forecaster.answer(_windows(case), (0.1, 0.9))
    numpy_after = np.random.get_state()  # noqa: NPY002
    if repr(numpy_before) != repr(numpy_after) or random.getstate() != python_before:
        raise ContractError("the global random state was changed; use history.rng()")
    if list(warnings.filters) != filters:
        raise ContractError("the global warning filters were changed")


# --- all windows at once --------------------------------------------------------------------------------


def _windows(case: Case) -> Any:
    schedule = Schedule(case.h, cutoffs=case.cutoffs, partial=True).checked()
    return rolling_windows(_quietly(as_panel, case.data), schedule, seed=0)[0]


def check_windows_one_by_one(case: Case) -> None:
    """The all-windows answer equals that of each window alone, and the loop of _fit and _predict."""
    windows, probs = _windows(case), (0.1, 0.9)
    whole = _quietly(case.forecaster.uncalibrated, windows, probs)
    for k in range(windows.n_windows):
        alone = _quietly(case.forecaster.uncalibrated, windows.columns(np.array([k])), probs)
        _close(whole.mean[:, k], alone.mean[:, 0], "all windows at once differ from each alone")
        _close(
            whole.quantiles[:, k], alone.quantiles[:, 0], "quantiles at once differ from each alone"
        )
    if isinstance(case.forecaster, LocalForecaster):
        loop = _quietly(case.forecaster._loop, windows, probs)
        _close(
            whole.mean, loop.mean, "_forecast_windows differs from the loop of _fit and _predict"
        )
        _close(
            whole.quantiles, loop.quantiles, "quantiles of _forecast_windows differ from the loop"
        )


def _close(expected: FloatArray, got: FloatArray, what: str) -> None:
    both = np.isfinite(expected) & np.isfinite(got)
    off = np.abs(expected - got) > TOLERANCE * np.maximum(np.abs(expected), 1e-300)
    if (np.isnan(expected) != np.isnan(got)).any() or (off & both).any():
        worst = float(np.nanmax(np.abs(expected - got), initial=0.0))
        raise ContractError(f"{what}, by up to {worst:.3g}")


CONTRACT: dict[str, Callable[[Case], None]] = {
    name.removeprefix("check_"): check
    for name, check in list(globals().items())
    if name.startswith("check_")
}


# --- for users ------------------------------------------------------------------------------------------


def check_forecaster(
    forecaster: Forecaster,
    *,
    data: pd.DataFrame | None = None,
    h: int = 4,
    skip: Sequence[str] = (),
) -> pd.DataFrame:
    """Run the whole contract on one forecaster.

    Parameters
    ----------
    forecaster : Forecaster
    data : DataFrame, optional
        A long frame ``unique_id, ds, y`` with at least ``2 h + 3`` times beyond what the forecaster
        needs; 72 months of three series by default.
    h : int
        Horizon of the checks.
    skip : sequence of str
        Names of checks to leave out; say why in your test.

    Returns
    -------
    DataFrame
        ``check, what, seconds``: what was checked.

    Raises
    ------
    ContractError
        With every check that failed.
    """
    case = make_case(forecaster, data, h)
    rows, broken = [], []
    for name, check in CONTRACT.items():
        if name in skip:
            continue
        began = time.perf_counter()
        try:
            check(case)
        except (ContractError, ForecastingError) as error:
            broken.append(f"- {name}: {error}")
        what = (check.__doc__ or "").strip().splitlines()[0]
        rows.append({"check": name, "what": what, "seconds": time.perf_counter() - began})
    if broken:
        raise ContractError(
            f"{forecaster!r} breaks the contract in {len(broken)} places:\n" + "\n".join(broken)
        )
    return pd.DataFrame(rows)


def parametrize_forecasters(
    forecasters: Sequence[Forecaster], *, data: pd.DataFrame | None = None, h: int = 4
) -> pytest.MarkDecorator:
    """Return a pytest decorator: one test per forecaster and check.

    Examples
    --------
    ::

        @parametrize_forecasters([SeasonalMean(12)])
        def test_contract(forecaster_check):
            forecaster_check()
    """
    import pytest

    cases: dict[int, Case] = {}

    def run(at: int, check: Callable[[Case], None]) -> None:
        if at not in cases:
            cases[at] = make_case(forecasters[at], data, h)
        check(cases[at])

    params = [
        pytest.param(lambda at=at, check=check: run(at, check), id=f"{forecaster!r}-{name}")
        for at, forecaster in enumerate(forecasters)
        for name, check in CONTRACT.items()
    ]
    return pytest.mark.parametrize("forecaster_check", params)
