"""Any forecaster of ours as a forecaster of sktime, for its pipelines, tuners and evaluation.

sktime is imported when the first one is made, not before.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import warnings
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from forecasting._typing import FloatArray
from forecasting.base import Forecaster, LocalForecaster
from forecasting.errors import ArgumentError, ModelContractError
from forecasting.models.naive import (
    HistoricAverage,
    Naive,
    RandomWalkWithDrift,
    SeasonalNaive,
    WindowAverage,
)
from forecasting.reading import DataOptions
from forecasting.regressors import Regressors

CLASS_NAME = "AsSktime"


def as_sktime(forecaster: Forecaster, *, random_state: int | None = None) -> Any:
    """Return a sktime forecaster that fits and predicts with one of ours.

    It passes sktime's ``check_estimator``. Many series and many columns are spread over copies by
    sktime itself, one a series; so a :class:`~forecasting.GlobalForecaster` learns each series
    alone there.

    Parameters
    ----------
    forecaster : Forecaster
        Its parameters are reached as ``forecaster__season_length`` and the like, for instance in
        the grid of sktime's tuners.
    random_state : int, optional
        Our ``seed``. None is 0: the forecasts are the same every time either way.

    Returns
    -------
    sktime.forecasting.base.BaseForecaster

    Raises
    ------
    ArgumentError
        If ``forecaster`` is not a forecaster of this package.

    Notes
    -----
    - ``predict_interval`` and ``predict_quantiles`` give what ``level=`` and ``quantiles=`` do: the
      distribution of the model where it has one, conformal intervals otherwise, and an error that
      says how many windows are needed where the history is too short for them.
    - ``X`` is known ahead, and must cover every step up to the last one asked for. A forecaster
      without a use for it ignores it.
    - There are no forecasts within the training data (tag ``capability:insample``).
    - ``update(update_params=False)`` moves the cutoff: a forecaster that estimates nothing answers
      from the new data, any other from its old estimate, for the new dates.
    - Integer time goes in steps of 1, as everywhere in sktime.

    Examples
    --------
    >>> import pandas as pd
    >>> from forecasting import SeasonalNaive
    >>> y = pd.Series([1.0, 2.0, 3.0, 4.0], index=pd.period_range("2024-01", periods=4, freq="M"))
    >>> as_sktime(SeasonalNaive(2)).fit(y).predict(fh=[1, 3]).tolist()
    [3.0, 3.0]
    """
    if not isinstance(forecaster, Forecaster):
        raise ArgumentError(
            f"as_sktime takes a forecaster, for instance Naive(), got {forecaster!r}"
        )
    return _face()(forecaster, random_state=random_state)


def __getattr__(name: str) -> Any:
    # Pickle looks the class up by name in this module; it exists from the first look on.
    if name == CLASS_NAME:
        return _face()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@functools.cache
def _face() -> type:
    """Return the class: our methods over sktime's base class, which is imported here."""
    from sktime.forecasting.base import BaseForecaster  # heavy: only who asks for it pays

    # Older versions of sktime have another name for this tag.
    missing = "capability:missing_values"
    spelled = missing if missing in BaseForecaster.get_class_tags() else "handles-missing-data"
    body = {"__module__": __name__, "__doc__": _Face.__doc__, "_missing_tag": spelled}
    return type(CLASS_NAME, (_Face, BaseForecaster), body)


class _Face:
    """A forecaster of the package ``forecasting`` behind sktime's interface.

    Parameters
    ----------
    forecaster : Forecaster
    random_state : int, optional
        Seed; None is 0.

    Examples
    --------
    >>> import pandas as pd
    >>> from forecasting import Naive
    >>> from forecasting.as_sktime import as_sktime
    >>> y = pd.Series([3.0, 5.0, 4.0], index=pd.period_range("2024-01", periods=3, freq="M"))
    >>> as_sktime(Naive()).fit(y).predict(fh=[1, 2]).tolist()
    [4.0, 4.0]
    """

    _tags: ClassVar[dict[str, object]] = {
        "authors": "the authors of forecasting",
        "maintainers": "the authors of forecasting",
        "y_inner_mtype": "pd.Series",
        "X_inner_mtype": "pd.DataFrame",
        "requires-fh-in-fit": False,
        "capability:insample": False,
        "capability:pred_int": True,
        "capability:pred_int:insample": False,
        "capability:non_contiguous_X": False,
        "capability:categorical_in_X": False,
        "capability:update": True,
        "capability:random_state": True,
        "property:randomness": "derandomized",
    }
    _missing_tag: ClassVar[str]

    # What sktime's base class holds; the data only where it is told to remember them, so that what
    # is needed of them is kept here.
    _cutoff: pd.Index
    _y: Any = None
    _X: Any = None
    set_tags: Any

    def __init__(self, forecaster: Forecaster, random_state: int | None = None) -> None:
        self.forecaster = forecaster
        self.random_state = random_state
        with warnings.catch_warnings():
            # sktime 1.2 announces another default of "remember_data"; both are fine here.
            warnings.simplefilter("ignore", FutureWarning)
            super().__init__()
        self.set_tags(**{self._missing_tag: forecaster.handles_missing})

    # --- the hooks of sktime ----------------------------------------------------------------------

    def _fit(self, y: pd.Series, X: pd.DataFrame | None, fh: Any) -> Self:
        self._y_seen, self._x_seen = y, X
        self._learn()
        return self

    def _update(
        self, y: pd.Series, X: pd.DataFrame | None = None, update_params: bool = True
    ) -> Self:
        self._y_seen = followed_by(self._y_seen, y)
        if self._x_seen is not None and X is not None:
            self._x_seen = followed_by(self._x_seen, X)
        estimates = not isinstance(self.forecaster, LocalForecaster) or self.forecaster.estimates
        if update_params or not estimates:
            self._learn()
        return self

    def _learn(self) -> None:
        learner = copy.copy(self.forecaster)  # the parameter stays as it was given, not fitted
        X = None if self._x_seen is None else Regressors(known_future=keyed(self._x_seen))
        seed = 0 if self.random_state is None else int(self.random_state)
        y = self._y_seen
        self._learned = learner.fit(y, X=X, seed=seed, **calendar_of(y.index))
        self._learned_at = self._cutoff

    def _predict(self, fh: Any, X: pd.DataFrame | None) -> pd.Series:
        found = self._ask(fh, X, ())
        return pd.Series(found[:, 0], index=self._times(fh), name=self._y_seen.name)

    def _predict_quantiles(
        self, fh: Any, X: pd.DataFrame | None, alpha: list[float]
    ) -> pd.DataFrame:
        probs = sorted({float(a) for a in alpha})
        found = self._ask(fh, X, tuple(probs))[:, 1:]
        wanted = found[:, [probs.index(float(a)) for a in alpha]]
        name = 0 if self._y_seen.name is None else self._y_seen.name
        columns = pd.MultiIndex.from_product([[name], alpha])
        return pd.DataFrame(wanted, index=self._times(fh), columns=columns)

    def _times(self, fh: Any) -> pd.Index:
        times: pd.Index = fh.to_absolute_index(self._cutoff)
        return times

    def _ask(self, fh: Any, X: pd.DataFrame | None, probs: tuple[float, ...]) -> FloatArray:
        """Return mean and quantiles at the times of ``fh``, shape (len(fh), 1 + n_probs)."""
        # Counted from where the forecaster learned, which an update may have left behind.
        steps = fh.to_absolute(self._cutoff).to_relative(self._learned_at)
        h = int(max(steps.to_numpy()))
        if X is not None and self._x_seen is not None:
            X = followed_by(self._x_seen, X)
        known = None if X is None else keyed(X)
        answer = self._learned.predict(h, X=known, quantiles=probs)
        table = answer.to_frame() if isinstance(answer, pd.Series) else answer
        times = self._times(fh)
        rows = table.index.get_indexer(times)
        if (rows < 0).any():
            raise ModelContractError(
                f"sktime counts {times[rows < 0][0]} among the next {h} steps, but on the calendar "
                f"of the data they are {table.index[0]} to {table.index[-1]}"
            )
        values: FloatArray = table.to_numpy(dtype=np.float64)[rows]
        return values

    # --- parameters -------------------------------------------------------------------------------

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters; with ``deep`` also those of the forecaster, by ``__``."""
        params: dict[str, Any] = {
            "forecaster": self.forecaster,
            "random_state": self.random_state,
        }
        return params | (nested(self.forecaster, "forecaster") if deep else {})

    def set_params(self, **params: Any) -> Self:
        """Set parameters, also ``forecaster__season_length`` and the like, and forget the fit."""
        start = "forecaster__"
        inner = {k.removeprefix(start): v for k, v in params.items() if k.startswith(start)}
        outer = {k: v for k, v in params.items() if not k.startswith(start)}
        if inner:
            outer["forecaster"] = replaced(outer.get("forecaster", self.forecaster), inner)
        super().set_params(**outer)  # type: ignore[misc]  # of sktime's base class
        return self

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Return parameters for sktime's own tests."""
        return [
            {"forecaster": Naive()},
            {"forecaster": SeasonalNaive(4), "random_state": 1},
            {"forecaster": RandomWalkWithDrift()},
            {"forecaster": HistoricAverage()},
            {"forecaster": WindowAverage(3)},
        ]


# --- between the two ------------------------------------------------------------------------------


def calendar_of(index: pd.Index) -> DataOptions:
    """Return what our reader should be told about the times of a series of sktime."""
    if pd.api.types.is_integer_dtype(index.dtype):
        return {"freq": 1}
    if len(index) > 1:
        return {}  # the times show it
    if isinstance(index, pd.PeriodIndex):
        several = pd.period_range(index[0], periods=3, freq=index.freq)
        return {"freq": pd.infer_freq(several.to_timestamp())}
    return {"freq": index.freqstr} if isinstance(index, pd.DatetimeIndex) else {}


def keyed(X: pd.DataFrame) -> pd.DataFrame:
    """Return regressors of sktime, times in the index, as ours, times in the column ``ds``."""
    frame = X.set_axis([str(c) for c in X.columns], axis=1)
    frame.insert(0, "ds", X.index)
    return frame.reset_index(drop=True)


def followed_by(old: Any, new: Any) -> Any:
    """Return data with newer data after it; where both have a time, the newer counts."""
    both = pd.concat([old, new])
    return both[~both.index.duplicated(keep="last")].sort_index()


def nested(forecaster: Any, prefix: str) -> dict[str, Any]:
    """Return the parameters of a forecaster and of those in it, as ``prefix__name``."""
    found: dict[str, Any] = {}
    if dataclasses.is_dataclass(forecaster):
        for field in dataclasses.fields(forecaster):
            value = getattr(forecaster, field.name)
            found[f"{prefix}__{field.name}"] = value
            if isinstance(value, Forecaster):
                found |= nested(value, f"{prefix}__{field.name}")
    return found


def replaced(forecaster: Any, changes: dict[str, Any]) -> Any:
    """Return a forecaster with other parameters, of those in it by ``name__parameter``."""
    direct = {name: value for name, value in changes.items() if "__" not in name}
    deeper: dict[str, dict[str, Any]] = {}
    for name, value in changes.items():
        if "__" in name:
            member, _, rest = name.partition("__")
            deeper.setdefault(member, {})[rest] = value
    for member, inner in deeper.items():
        direct[member] = replaced(direct.get(member, getattr(forecaster, member)), inner)
    return dataclasses.replace(forecaster, **direct)
