"""Any sktime forecaster inside our contract.

sktime (Löning, Bagnall, Ganesh, Kazakov, Lines and Király 2019, arXiv:1909.07872) keeps
parameters and what was learned in one object that changes. Here the user's object is a parameter:
every fit works on a clone of it, and nothing of it is kept between series.
"""

from __future__ import annotations

import contextlib
import functools
import random
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from forecasting._typing import FloatArray
from forecasting.base import Forecaster, LocalForecaster
from forecasting.calendar import Calendar
from forecasting.distribution import Distribution
from forecasting.errors import ArgumentError, LevelError
from forecasting.frequency import (
    MONTHS,
    BusinessDays,
    ClockSteps,
    DaySteps,
    Frequency,
    MonthSteps,
)
from forecasting.series import Future, History

IndexKind: TypeAlias = Literal["period", "datetime", "integer"]
INDEX_KINDS = ("period", "datetime", "integer")


@dataclass(frozen=True)
class Sktime(LocalForecaster):
    """A forecaster of sktime: any object with sktime's ``fit(y, X, fh)`` and ``predict(fh, X)``.

    The object is cloned for each fit and never changed. Its own intervals are used where it says
    that it has them (tag ``capability:pred_int``); otherwise its point forecasts are calibrated
    like any other. Missing values reach it only if it says that it takes them
    (``capability:missing_values``). Regressors that are known ahead become sktime's ``X``, by
    name.

    A parameter ``random_state`` that is None, also of a component, is set from the seed of the run;
    NumPy's and Python's global generators are seeded for the call and put back afterwards.

    Parameters
    ----------
    forecaster : sktime forecaster
        An instance, for instance ``NaiveForecaster(sp=12)``, with the parameters that sktime has
        for it.
    index : {"period", "datetime", "integer"}
        What sktime sees as time. Periods work with nearly all of its forecasters, while many refuse
        time stamps of one frequency or another (with pandas 3, ``NaiveForecaster(sp=12)`` cannot
        take month starts). Take "datetime" for one that needs time stamps; a zone is dropped,
        hours and shorter steps are then UTC, days and longer ones the wall clock. Integer time
        and listed calendars are integers always.

    Raises
    ------
    ArgumentError
        If ``forecaster`` is not an instance of a sktime forecaster.

    Notes
    -----
    sktime has no way to move every forecaster on without estimating again (for many, ``update``
    with ``update_params=False`` moves the cutoff and nothing else), so a backtest needs
    ``refit=True``.

    A forecaster that must know the horizon when it is fitted (tag ``requires-fh-in-fit``) is fitted
    in ``predict``; its forecast of a step may then depend on how many were asked for.

    Examples
    --------
    >>> import pandas as pd
    >>> from sktime.forecasting.naive import NaiveForecaster
    >>> y = pd.Series([3.0, 5.0, 4.0], index=pd.date_range("2024-01-01", periods=3, freq="D"))
    >>> Sktime(NaiveForecaster()).fit(y).predict(2).tolist()
    [4.0, 4.0]
    """

    forecaster: Any
    _: KW_ONLY
    index: IndexKind = "period"

    def __post_init__(self) -> None:
        check_sktime_forecaster(self.forecaster)
        if self.index not in INDEX_KINDS:
            raise ArgumentError(f"index must be one of {INDEX_KINDS}, got {self.index!r}")

    def __repr__(self) -> str:
        index = "" if self.index == "period" else f", index={self.index!r}"
        return f"Sktime({' '.join(repr(self.forecaster).split())}{index})"

    def __hash__(self) -> int:
        # sktime's objects compare by their parameters, which their repr shows, but have no hash.
        return hash(repr(self))

    @property
    def handles_missing(self) -> bool:  # type: ignore[override]  # it depends on the instance here
        """True if the sktime forecaster says that it takes missing values."""
        return _tag(self.forecaster, "capability:missing_values", "handles-missing-data")

    def _fit(self, history: History) -> _Learned:
        rng = history.rng()
        seed = int(rng.integers(2**31))
        with alone(rng):
            index = time_index(history.calendar, history.start, len(history), self.index)
            # A copy, because sktime may write into what it is given and the history is read-only.
            # Without a name, because a name costs NaiveForecaster a tenth of its time.
            y = pd.Series(history.y.copy(), index=index)
            X = as_frame(history.X, history.X_names, index)
            model = self.forecaster.clone()
            if self._open_states:
                model.set_params(**dict.fromkeys(self._open_states, seed))
            if self._waits_for_horizon:
                return _Learned(model, y, X)
            return _Learned(model.fit(y=y, X=X), None, None)

    # Both are looked up once, not for each fit.

    @functools.cached_property
    def _waits_for_horizon(self) -> bool:
        return _tag(self.forecaster, "requires-fh-in-fit")

    @functools.cached_property
    def _open_states(self) -> tuple[str, ...]:
        """The parameters named ``random_state``, also of components, that are None."""
        return tuple(
            name
            for name, value in self.forecaster.get_params().items()
            if value is None and name.split("__")[-1] == "random_state"
        )

    def _predict(self, state: _Learned, future: Future) -> Distribution:
        with alone(future.rng()):
            index = time_index(future.calendar, future.cutoff + 1, future.h, self.index)
            X = as_frame(future.X, future.X_names, index)
            model = state.model
            if state.y is not None:
                model = model.clone().fit(y=state.y, X=state.X, fh=future.steps)
            mean = np.ravel(model.predict(fh=future.steps, X=X)).astype(np.float64)
        return _OwnQuantiles(mean, model, future, X)


@dataclass(frozen=True, eq=False)
class _Learned:
    """A fitted sktime forecaster, or one that waits for the horizon, with its data."""

    model: Any
    y: pd.Series | None
    X: pd.DataFrame | None


@dataclass(frozen=True, eq=False)
class _OwnQuantiles(Distribution):
    """Quantiles that a fitted sktime forecaster is asked for when they are needed."""

    loc: FloatArray
    model: Any
    future: Future
    X: pd.DataFrame | None

    @property
    def mean(self) -> FloatArray:
        return self.loc

    def quantiles(self, probs: Sequence[float]) -> FloatArray | None:
        """Return the quantiles, shape (h, len(probs)); None if the forecaster has none.

        Its tag says so, but not all of them keep that promise for all their parameters; and
        one of ours inside (``as_sktime``) may have too few windows. Both are then calibrated by
        the base, which says what is wrong if it cannot either. Crossing quantiles are sorted.
        """
        if not _tag(self.model, "capability:pred_int"):
            return None
        alpha = [float(p) for p in probs]
        try:
            with alone(self.future.rng()):
                table = self.model.predict_quantiles(fh=self.future.steps, X=self.X, alpha=alpha)
        except (NotImplementedError, LevelError):
            return None
        by_prob = np.argsort(np.asarray(table.columns.get_level_values(-1), dtype=np.float64))
        rising = np.sort(table.to_numpy(dtype=np.float64)[:, by_prob], axis=1)
        found: FloatArray = rising[:, np.argsort(np.argsort(alpha))]
        return found


def check_sktime_forecaster(value: object) -> None:
    """Raise :class:`ArgumentError` unless ``value`` is an instance of a sktime forecaster."""
    if isinstance(value, Forecaster):
        raise ArgumentError(f"{value!r} is a forecaster of this package; use it as it is")
    from sktime.forecasting.base import BaseForecaster  # heavy; the user has it loaded

    if isinstance(value, BaseForecaster):
        return
    if isinstance(value, type):
        raise ArgumentError(f"Sktime takes an instance; type Sktime({value.__name__}(...))")
    raise ArgumentError(
        f"Sktime takes a forecaster of sktime, for instance NaiveForecaster(sp=12), got {value!r}"
    )


def _tag(model: Any, name: str, former: str | None = None) -> bool:
    """Return a tag of a sktime object, under its name of today or its former one."""
    found = model.get_tag(name, None, raise_error=False)
    if found is None and former is not None:
        found = model.get_tag(former, False, raise_error=False)
    return bool(found)


@contextlib.contextmanager
def alone(rng: np.random.Generator) -> Iterator[None]:
    """Seed the global random generators and mute notices of change; put both back afterwards.

    Notices are ``FutureWarning`` and ``DeprecationWarning``: they speak to those who maintain this
    file. Warnings about the numbers, for instance of an optimiser that did not converge, are passed
    on at the end. They are recorded meanwhile, because sktime itself resets the filters.
    """
    of_numpy, of_python = np.random.get_state(), random.getstate()  # noqa: NPY002 - put back below
    seed = int(rng.integers(2**32))
    np.random.seed(seed)  # noqa: NPY002 - sktime and what it wraps draw from it
    random.seed(seed)
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            yield
    finally:
        np.random.set_state(of_numpy)  # noqa: NPY002
        random.setstate(of_python)
    for warning in said:
        if not issubclass(warning.category, (FutureWarning, DeprecationWarning)):
            warnings.warn(warning.message, warning.category, stacklevel=1)


# --- time as sktime sees it -----------------------------------------------------------------------


def time_index(calendar: Calendar, first: int, n: int, kind: IndexKind) -> pd.Index:
    """Return the times of ``n`` steps from ordinal ``first`` on, regular in the eyes of pandas.

    Parameters
    ----------
    calendar : Calendar
    first : int
    n : int
    kind : {"period", "datetime", "integer"}
        Integers are the ordinals themselves, and stand in where pandas has no name for the
        frequency.
    """
    ordinals = np.arange(first, first + n, dtype=np.int64)
    if kind == "period" and calendar.kind == "period" and _consecutive(calendar):
        return calendar.times(ordinals)
    name = None if kind == "integer" else period_name(calendar.frequency)
    if name is None or calendar.kind == "integer":
        return pd.RangeIndex(first, first + n)
    # Without the zone: wall clock for days and longer, UTC for hours and shorter, both regular.
    raw = calendar.frequency.times(ordinals, calendar.unit)
    if kind == "period":
        return pd.DatetimeIndex(raw).to_period(name)
    if not calendar.frequency.on_the_clock:
        raw = raw.astype("M8[D]").astype(raw.dtype)  # sktime loses days that are not at midnight
    return pd.DatetimeIndex(raw, freq=calendar.frequency.alias)


def _consecutive(calendar: Calendar) -> bool:
    """Return whether a step of the calendar is the next period, not for instance every second."""
    two = calendar.times(np.arange(2, dtype=np.int64))
    return bool(two[1] == two[0] + 1)


def period_name(frequency: Frequency) -> str | None:
    """Return the pandas name of the periods whose consecutive ones are the steps of a frequency.

    A week is named after the weekday it is dated on, a quarter and a year after their last month.
    None if there is no such name.
    """
    match frequency:
        case BusinessDays() | DaySteps():
            return frequency.alias
        case ClockSteps(name=name):
            return None if name.endswith("ns") else name
        case MonthSteps(step=step, end=end, phase=phase) if step in (3, 12):
            last = (phase or 0) if end else (phase or 0) + step - 1
            return f"{'Q' if step == 3 else 'Y'}-{MONTHS[last % 12]}"
        case MonthSteps(step=step):
            return f"{step}M"
    return None


def as_frame(X: FloatArray, names: tuple[str, ...], index: pd.Index) -> pd.DataFrame | None:
    """Return regressors (n, p) as a frame, or None if there are none."""
    if not names:
        return None
    return pd.DataFrame(X.copy(), index=index, columns=list(names))
