"""Why a combination forecasts a series as it does: weights, past errors and forecasts of its components."""

from __future__ import annotations

import dataclasses
import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecasting._typing import AnyArray, BoolArray
from forecasting.answer import empty_answer
from forecasting.base import Fitted
from forecasting.compose.members import Learned
from forecasting.errors import ArgumentError, plural, show_id
from forecasting.plotting.components import plot_components
from forecasting.reading import known_ahead
from forecasting.regressors import Regressors
from forecasting.schedule import check_horizon
from forecasting.windows import final_window

if TYPE_CHECKING:
    from forecasting.compose.record import Record, Taught
    from forecasting.compose.weighted import WeightedEnsemble

#: Bounds of the intervals that are shown, of 80 and of 95 percent.
TAILS = (0.1, 0.9, 0.025, 0.975)


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a series is forecast as it is; shows itself as a sentence and a table.

    Attributes
    ----------
    unique_id : object
    sentence : str
        Why to believe it.
    table : DataFrame
        ``component, weight, error, forecaster``, the heaviest first, then the combination; ``error`` is
        the mean absolute error at the earlier origins over the in-sample seasonal naive one. A component
        that was left out has no weight.
    forecasts : DataFrame
        ``ds, mean, lo-80, hi-80, lo-95, hi-95`` and ``forecast_<component>``.
    history : DataFrame
        ``ds, y``.
    """

    unique_id: object
    sentence: str
    table: pd.DataFrame
    forecasts: pd.DataFrame
    history: pd.DataFrame

    def plot(self, axes: AnyArray | None = None) -> AnyArray:
        """Draw forecasts of the components and the combination, and the weights beside their errors."""
        title = f"{show_id(self.unique_id)}: what its forecast is made of"
        return plot_components(self.history, self.forecasts, self.table, title=title, axes=axes)

    def __repr__(self) -> str:
        return (
            f"{show_id(self.unique_id)}. {self.sentence}\n\n{self._shown().to_string(index=False)}"
        )

    def _repr_html_(self) -> str:
        name, text = html.escape(show_id(self.unique_id)), html.escape(self.sentence)
        return f"<p><b>{name}</b>. {text}</p>{self._shown().to_html(index=False)}"

    def _shown(self) -> pd.DataFrame:
        return self.table.round({"weight": 3, "error": 3})


def explanation(
    ensemble: WeightedEnsemble,
    taught: Taught,
    fitted: Fitted,
    i: int,
    h: int | None,
    X: Regressors | pd.DataFrame | None,
    answers: Learned | None = None,
) -> Explanation:
    """Return the explanation of series ``i`` of a panel that an ensemble was fitted on.

    ``X`` are known-future regressors of the steps. ``answers`` is who forecasts, where that is not the ensemble
    itself but something around it.

    Raises
    ------
    ForecastingError
        What the forecast failed for.
    """
    panel = fitted.panel
    steps = check_horizon(ensemble.horizon if h is None else h)
    only = np.zeros((panel.n_series, 1), dtype=bool)
    only[i] = True
    windows = final_window(panel, steps, fitted.seed, known_ahead(panel, X, steps)).only(only)
    by = answers or Learned(ensemble, taught, empty_answer(windows, ()))
    whole = by.answer(windows, TAILS)
    for failure in whole.failures:
        if failure.stage != "interval":
            raise failure.error
    times = panel.calendar.times(panel.end[i] + np.arange(1, steps + 1, dtype=np.int64))
    lo80, hi80, lo95, hi95 = whole.quantiles[i, 0].T
    forecasts = pd.DataFrame(
        {
            "ds": times,
            "mean": whole.mean[i, 0],
            "lo-80": lo80,
            "hi-80": hi80,
            "lo-95": lo95,
            "hi-95": hi95,
        }
    )
    means = np.stack([one.answer(windows, ()).mean for one in taught.members])
    for name, mean in zip(ensemble._names, means, strict=True):
        forecasts[f"forecast_{name}"] = mean[i, 0]
    sentence = _sentence_of_one(ensemble, taught.record, i)
    if answers is not None and answers.member is not ensemble:
        correction = whole.mean[i, 0] - ensemble._combined(means[:, :, 0], taught.record.weights)[i]
        if np.abs(correction).max() > 1e-9 * np.abs(whole.mean[i, 0]).max():
            forecasts["correction"] = correction
            who, size = type(answers.member).__name__, np.abs(correction).mean()
            sentence += f" {who} then corrects it, by {size:.3g} a step in the mean."
    lo, hi = int(panel.offsets[i]), int(panel.offsets[i + 1])
    ordinals = panel.start[i] + np.arange(hi - lo, dtype=np.int64)
    history = pd.DataFrame({"ds": panel.calendar.times(ordinals), "y": panel.values[lo:hi]})
    table = _table(ensemble, taught, i)
    return Explanation(panel.ids[i], sentence, table, forecasts, history)


def _table(ensemble: WeightedEnsemble, taught: Taught, i: int) -> pd.DataFrame:
    shown = ensemble._describe(taught)
    names = list(ensemble._names)
    table = pd.DataFrame(
        {
            "component": names,
            "weight": [shown[f"weight_{name}"][i, 0] for name in names],
            "error": [shown[f"error_{name}"][i, 0] for name in names],
            "forecaster": [_shortly(member) for member in ensemble.members],
        }
    ).sort_values("weight", ascending=False, kind="stable", na_position="last")
    whole = pd.DataFrame(
        {
            "component": ["combination"],
            "weight": [1.0],
            "error": [taught.record.error[i]],
            "forecaster": [type(ensemble).__name__],
        }
    )
    return pd.concat([table, whole], ignore_index=True)


def _shortly(value: object) -> str:
    """Return a forecaster as one would type it: without what is as by default."""
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return repr(value)
    said = []
    for field in dataclasses.fields(value):
        own = getattr(value, field.name)
        if field.default is dataclasses.MISSING or field.name == "season_length":
            said.append(_shortly(own))
        elif repr(own) != repr(field.default):
            said.append(f"{field.name}={_shortly(own)}")
    return f"{type(value).__name__}({', '.join(said)})"


def _sentence_of_one(ensemble: WeightedEnsemble, record: Record, i: int) -> str:
    n = int(record.counts[i])
    if n == 0:
        panel = ensemble.pooled and ensemble.weights in ("backtest", "select")
        where = "the panel's" if panel else "equal"
        return f"Too short to be backtested: the components have {where} weights."
    names = list(ensemble._names)
    errors = np.where(np.isfinite(record.errors[:, i]), record.errors[:, i], np.inf)
    best, own = int(np.argmin(errors)), float(record.error[i])
    return (
        f"Forecast from {plural(ensemble.n_origins, 'earlier origin')} on its own past "
        f"({plural(n, 'value')}), the combination was off by {own:.2f} seasonal naive errors; the best of "
        f"{plural(len(names), 'component')} in hindsight, {names[best]}, by {errors[best]:.2f}."
    )


def why(ensemble: WeightedEnsemble, taught: Taught, chosen: BoolArray) -> str:
    """Return in one sentence why the forecasts of the chosen series are to be believed."""
    record = taught.record
    known = chosen & (record.counts > 0)
    n, total = int(known.sum()), int(chosen.sum())
    if n == 0:
        return f"None of {plural(total, 'series', 'series')} is long enough to be backtested."
    own = record.error[known]
    names = list(ensemble._names)
    text = (
        f"Backtested from {plural(ensemble.n_origins, 'earlier origin')} on the past of {n:,} of "
        f"{plural(total, 'series', 'series')}, the combination was off by {own.mean():.3f} seasonal "
        "naive errors"
    )
    # Against each component on the series that it could take: the combination of these alone.
    errors = record.errors[:, known]
    there = np.isfinite(errors)
    better = np.where(there, errors - own, 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    most = 2 * there.sum(axis=1) > n  # who can take less than half is no choice for the panel
    if not most.any():
        return text + "."
    best = int(np.argmin(np.where(most, better, np.inf)))
    mine, of = there[best], int(there[best].sum())
    wins = float((own <= errors[best])[mine].mean())
    alone, which = "", "the"
    if of < n:
        alone, which = (
            f" (the combination {own[mine].mean():.3f} on the {of:,} that it can take)",
            "these",
        )
    return (
        f"{text}, the best single component in hindsight, {names[best]}, by {errors[best, mine].mean():.3f}"
        f"{alone}; the combination was at least as good as it on {100 * wins:.0f} % of "
        f"{which} series."
    )


def row_of(ids: pd.Index, unique_id: object) -> int:
    """Return the row of a series; None stands for the only one.

    Raises
    ------
    ArgumentError
        If there is no such series, or several and none is named.
    """
    if unique_id is None:
        if len(ids) == 1:
            return 0
        raise ArgumentError(f"there are {len(ids):,} series; say which, for instance {ids[0]!r}")
    at = int(ids.get_indexer(pd.Index([unique_id]))[0])
    if at < 0:
        raise ArgumentError(f"there is no series {unique_id!r}; the first is {ids[0]!r}")
    return at
