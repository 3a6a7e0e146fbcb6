"""``AutoForecaster``: the default; a weighted combination that fits the data, and says why to believe it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
import pandas as pd

from forecasting._typing import AnyArray, BoolArray, FloatArray, IntArray
from forecasting.answer import Answer, empty_answer
from forecasting.automatic.recipes import Recipe, recipe
from forecasting.base import Forecaster
from forecasting.calendar import Calendar
from forecasting.compose.booster import PanelBooster
from forecasting.compose.explaining import Explanation, explanation, row_of, why
from forecasting.compose.members import Learned, learn
from forecasting.compose.record import Taught
from forecasting.compose.weighted import WeightedEnsemble
from forecasting.errors import ArgumentError, DataWarning, check_count, tell
from forecasting.modelfile.errors import demand
from forecasting.models.naive import Naive
from forecasting.models.weighted_quantiles import WeightedQuantiles
from forecasting.regressors import Regressors
from forecasting.windows import Windows, bounds_of, extremes, first_of_block

#: A history without negative values of which more than this share are zeros is intermittent.
ZEROS = 0.3
#: Zeros come at regular times if of their surprises a season leaves less than this share, seen three times.
SURPRISES, LEAST_SEASONS = 0.2, 3

#: What forecasts a series: the combination, the one for intermittent demand, or its last value.
COMBINATION, INTERMITTENT, LAST = 0, 1, 2


@dataclass(frozen=True, eq=False)
class AutoFit:
    """What ``fit`` kept: who forecasts each series, and what each of them learned."""

    kind: IntArray  # (S,)
    parts: tuple[Learned, ...]
    recipe: Recipe

    @property
    def too_short(self) -> BoolArray:
        """Series that nothing but their last value can forecast, shape (S,)."""
        _, taught, _ = _combination(self)
        lost = np.stack([one.failed.failed()[:, 0] for one in taught.members])
        some = np.stack([one.failed.too_short()[:, 0] for one in taught.members]).any(axis=0)
        demand = self.parts[INTERMITTENT].failed.too_short()[:, 0]
        return np.where(self.kind == COMBINATION, lost.all(axis=0) & some, demand)


@dataclass(frozen=True)
class AutoForecaster(Forecaster):
    """Forecast anything well without being told how: a combination whose weights come from a backtest.

    The season is taken from the frequency, and with it the components. Their names in ``parameters()``:

    * seasons up to 23 steps (years, quarters, months): ``ets``, exponential smoothing averaged over its
      models, and ``log_ets`` on logarithms; ``theta`` and ``dynamic_theta``; ``stl_theta``, a Theta of the
      seasonally adjusted series; ``autoregression``, shrunk by ridge; ``seasonal_drift``, the last season
      moved on;
    * days: ``log_ridge`` and ``ridge``, regressions on week, year and calendar; ``year_ago``, the same days a
      year ago at today's level; ``ets``, ``log_ets``, and ``weekly_ets`` of weekly means;
    * weeks: the regressions, ``year_ago``, ``seasonal_naive``, ``ets``, ``log_ets``, ``theta``,
      ``autoregression``;
    * hours and less: regressions on day and week, ``year_ago`` (the same hour a week ago), ``seasonal_naive``
      of a week, ``ets``, ``log_ets``, ``theta``;
    * any other long season, such as ``AutoForecaster(30)`` of days: as for weeks.

    They are weighted by :class:`WeightedEnsemble`: by their errors at earlier origins inside each window,
    from which the intervals come as well. Known-future regressors reach the components that can use them: the
    regressions and the autoregression.

    A series without negative values of which more than 30 % are zeros, counted from its first that is none and
    unless they come at regular times, is forecast by :class:`WeightedQuantiles` instead. A component that
    cannot take a series (logarithms of zeros, a short history) is left out of it and named; where all are, one
    of them for a short history, the last value stands in. The column ``served_by`` of a forecast says who made
    it: ``WeightedEnsemble``, ``PanelBooster`` (around it, with ``booster=True``), ``WeightedQuantiles`` or
    ``Naive``.

    Parameters
    ----------
    season_length : int, optional
        Steps in a season; None takes the usual one of the frequency: 12 months, 7 days, 52 weeks, 24 hours. A
        week of hours, 168, is forecast as its days are. Times that are whole numbers have none: give it.
    horizon : int, optional
        How far ahead days, weeks and hours are backtested for their weights: the ``h`` that you will ask for.
        None takes four weeks of days, 13 weeks, two days of hours, a quarter of another long season. Short
        seasons always take a season of months, two years of quarters, six years.
    pooled : bool
        Learn weights and intervals from the whole panel, True by default because one series says little
        about a component. With False a series has the same forecast whatever stands beside it.
    booster : bool
        Correct the combination by what its errors have in common over all series, where a gate finds that it
        pays: :class:`PanelBooster`, which needs the package ``lightgbm`` and at least 10 series. Made for
        panels of days; False by default because it takes up to six times as long, and on months it loses.

    Notes
    -----
    Where known-future regressors of the steps ahead are missing, the series fails. Past-only regressors are
    not used.

    ``parameters()``, one row a series: ``recipe`` and ``season_length``; ``served_by``;
    ``weight_<component>``, its share, NaN where it is left out; ``error_<component>``, its mean absolute error
    at the earlier origins over the in-sample seasonal naive one, NaN where it made none; ``error``, the
    combination's own; ``n_errors``, how many past forecasts that is, 0 for a series too short to be
    backtested, whose weights are the panel's; ``left_out``, who could not take the series and why. With
    ``booster=True`` also ``gate``, ``gain`` and ``gate_reason``. ``explain(unique_id)`` shows all of it for one
    series, ``why()`` for the panel in a sentence.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> t = np.arange(60)
    >>> y = pd.Series(50 + t % 12 + 0.5 * t, index=pd.date_range("2020-01-01", periods=60, freq="MS"))
    >>> AutoForecaster().fit(y).predict(3)["mean"].round(1).tolist()
    [80.0, 81.5, 83.0]
    """

    handles_missing: ClassVar[bool] = True
    _replays: ClassVar[bool] = True

    season_length: int | None = None
    horizon: int | None = None
    pooled: bool = True
    booster: bool = False

    def __post_init__(self) -> None:
        if self.booster and not self.pooled:
            raise ArgumentError("booster=True learns from the whole panel; leave out pooled=False")
        for name in ("season_length", "horizon"):
            if getattr(self, name) is not None:
                check_count(getattr(self, name), name)

    @property
    def is_local(self) -> bool:
        return not self.pooled

    @property
    def at_once(self) -> bool:
        return not self.booster

    @property
    def min_series(self) -> int:
        return 2 * PanelBooster.least_series if self.booster else 1

    def recipe(self, calendar: Calendar) -> Recipe:
        """Return what series on this calendar are forecast by."""
        if self.season_length is None and calendar.kind == "integer":
            tell(
                "the times are whole numbers, which have no usual season: AutoForecaster takes "
                "season_length=1; give season_length=12 for months, 7 for days, ...",
                DataWarning,
            )
        return self._made(calendar)

    def _made(self, calendar: Calendar) -> Recipe:
        m = calendar.season_length if self.season_length is None else self.season_length
        return recipe(int(m), calendar, self.horizon, self.pooled)

    def _forecasters(self, made: Recipe) -> tuple[Forecaster, Forecaster, Forecaster]:
        first = PanelBooster(made.ensemble) if self.booster else made.ensemble
        return first, WeightedQuantiles(made.season_length), Naive()

    # --- the contract -------------------------------------------------------------------------------------

    def _forecast_windows(self, windows: Windows, probs: tuple[float, ...]) -> Answer:
        if not windows.active.any():
            return empty_answer(windows, probs)
        made = self.recipe(windows.panel.calendar)
        members = self._forecasters(made)
        kind = _carried(intermittent(windows, made.seasons), windows)
        return self._merged(members, [one.uncalibrated for one in members], kind, windows, probs)

    def _learn(self, windows: Windows, failed: Answer) -> Any:
        made = self.recipe(windows.panel.calendar)
        members = self._forecasters(made)
        kind = intermittent(windows, made.seasons)[:, 0].astype(np.int64)
        parts = [
            learn(member, windows.only((kind == j)[:, None]))
            for j, member in enumerate(members[:LAST])
        ]
        parts.append(learn(members[LAST], windows))
        return AutoFit(kind, tuple(parts), made)

    def _recall(self, learned: Any, windows: Windows, probs: tuple[float, ...]) -> Answer:
        members = [part.member for part in learned.parts]
        ask = [part.answer for part in learned.parts]
        return self._merged(members, ask, learned.kind[:, None], windows, probs)

    def _merged(
        self,
        members: Sequence[Forecaster],
        ask: Sequence[Callable[[Windows, tuple[float, ...]], Answer]],
        kind: IntArray,
        windows: Windows,
        probs: tuple[float, ...],
    ) -> Answer:
        """Return each cell from the member of its kind (S, K); from the last one if it is too short for it."""
        answer = empty_answer(windows, probs)
        answer.served_by = np.full(windows.active.shape, None, dtype=object)
        left = np.zeros(windows.active.shape, dtype=bool)
        for j, one in enumerate(ask):
            mine = left if j == LAST else windows.active & (kind == j)
            part = one(windows.only(mine), probs)
            if j != LAST:
                short = mine & part.too_short()
                left |= short
                mine = mine & ~short
            cells = np.nonzero(mine)
            answer.place(cells, part, cells)
            answer.served_by[cells] = type(members[j]).__name__
            answer.failures.extend(f for f in part.failures if mine[f.series, f.window])
        answer.served_by[answer.failed()] = None
        if answer.probs and left.any():  # the last value knows nothing of signs
            positive = (left & (extremes(windows)[0] >= 0))[..., None, None]
            answer.quantiles = np.where(positive & (answer.quantiles < 0), 0.0, answer.quantiles)
        made = self._made(windows.panel.calendar)
        answer.parameters["recipe"] = np.full(windows.active.shape, made.name, dtype=object)
        answer.parameters["season_length"] = np.full(
            windows.active.shape, float(made.season_length)
        )
        return answer

    # --- what is shown --------------------------------------------------------------------------------------

    def _describe(self, learned: Any) -> dict[str, AnyArray]:
        if not isinstance(learned, AutoFit):
            return {}
        shape = (len(learned.kind), 1)
        made = learned.recipe
        table: dict[str, AnyArray] = {
            "recipe": np.full(shape, made.name, dtype=object),
            "season_length": np.full(shape, float(made.season_length)),
            "served_by": np.full(shape, None, dtype=object),
        }
        for j, part in enumerate(learned.parts[:LAST]):
            mine = learned.kind == j
            table["served_by"][mine, 0] = type(part.member).__name__
            for name, column in part.member._describe(part.state).items():
                nothing = None if column.dtype == object else np.nan
                table.setdefault(name, np.full(shape, nothing, dtype=column.dtype))
                table[name][mine] = column[mine]
        table["served_by"][learned.too_short, 0] = type(learned.parts[LAST].member).__name__
        return table

    def explain(
        self,
        unique_id: object = None,
        h: int | None = None,
        X: Regressors | pd.DataFrame | None = None,
    ) -> Explanation:
        """Return why a series is forecast as it is: weights, components' errors and forecasts.

        Parameters
        ----------
        unique_id : object
            The series; may be left out where there is one.
        h : int, optional
            Steps to show; as many as each earlier origin forecast, by default.
        X : Regressors or DataFrame, optional
            Known-future regressors of these steps, as in ``predict``.

        Returns
        -------
        Explanation
            ``.table``, ``.forecasts``, ``.plot()``; it shows itself in a notebook.

        Raises
        ------
        NotFittedError
        ArgumentError
            If there is no such series, or it has no combination: intermittent, too short.
        """
        fitted = self._require_fitted()
        i = row_of(fitted.panel.ids, unique_id)
        if fitted.failed.failed()[i, 0]:
            raise ArgumentError(f"series {fitted.panel.ids[i]!r} could not be fitted; see failures")
        if not _combined(fitted.learned)[i]:
            served = self._describe(fitted.learned)["served_by"][i, 0]
            raise ArgumentError(
                f"series {fitted.panel.ids[i]!r} is not forecast by a combination but by {served}; see "
                "parameters() and failures"
            )
        ensemble, taught, whole = _combination(fitted.learned)
        return explanation(ensemble, taught, fitted, i, h, X, whole)

    def why(self) -> str:
        """Return in a sentence why the forecasts of the panel are to be believed.

        How far the combination and its best component, known in hindsight, were off at the earlier origins of
        the series that it forecasts. The weights were made of the same errors; a backtest makes them anew
        inside every window, and is the number to report.
        """
        fitted = self._require_fitted()
        ensemble, taught, _ = _combination(fitted.learned)
        mine = _combined(fitted.learned) & ~fitted.failed.failed()[:, 0]
        if not mine.any():
            return "No series is forecast by a combination; parameters() says what each is forecast by."
        return why(ensemble, taught, mine)

    # --- model files ----------------------------------------------------------------------------------------

    def _pack(self, learned: Any) -> Any:
        kept = [part.member._keep(part.state, part.failed) for part in learned.parts]
        pairs = zip(learned.parts, kept, strict=True)
        names = [name for part, one in pairs for name in part.member._again(one)]
        return {"kind": learned.kind, "parts": kept, "again": list(dict.fromkeys(names))}

    def _unpack(self, packed: Any, windows: Windows) -> Any:
        kind = packed["kind"]
        demand(isinstance(kind, np.ndarray) and kind.dtype == np.int64, "kinds are no numbers")
        demand(kind.shape == (windows.n_series,), "kinds of other series")
        demand(bool(np.isin(kind, (COMBINATION, INTERMITTENT)).all()), "unknown kinds")
        made = self._made(windows.panel.calendar)
        members = self._forecasters(made)
        demand(len(packed["parts"]) == len(members), "estimates of other forecasters")
        parts = []
        for j, (member, kept) in enumerate(zip(members, packed["parts"], strict=True)):
            mine = np.ones(len(kind), dtype=bool) if j == LAST else kind == j
            parts.append(Learned(member, *member._restore(kept, windows.only(mine[:, None]))))
        return AutoFit(kind, tuple(parts), made)

    def _again(self, kept: Any) -> tuple[str, ...]:
        return tuple(kept["learned"]["again"]) if kept is not None else super()._again(kept)


def _combined(learned: AutoFit) -> BoolArray:
    """Return which series are forecast by the combination, shape (S,)."""
    return np.asarray((learned.kind == COMBINATION) & ~learned.too_short)


def _combination(learned: AutoFit) -> tuple[WeightedEnsemble, Taught, Learned]:
    """Return the ensemble, what it was taught, and the part that answers: it, or its booster."""
    part = learned.parts[COMBINATION]
    if isinstance(part.member, PanelBooster):
        return part.member.forecaster, part.state.taught, part
    return cast("WeightedEnsemble", part.member), part.state, part


def intermittent(windows: Windows, seasons: Sequence[int] = ()) -> BoolArray:
    """Return which histories are intermittent, shape (S, K).

    None negative, more than 30 % zeros since the first that is none, and these not such as a season predicts:
    a shop that is closed at night, or on three days of the week, has no intermittent demand.
    """
    values = np.append(windows.panel.values, np.nan)
    bounds = bounds_of(windows)

    def count(flags: BoolArray) -> IntArray:
        total = np.concatenate([[0], np.cumsum(flags)])
        found: IntArray = total[bounds[..., 1]] - total[bounds[..., 0]]
        return found

    known, zeros, negative = count(np.isfinite(values)), count(values == 0), count(values < 0)
    share = zeros / np.maximum(known, 1)
    # Nothing but zeros is no demand at all: the combination says so without a distribution.
    found: BoolArray = windows.active & (negative == 0) & (share > ZEROS) & (zeros < known)
    for i, k in zip(*np.nonzero(found), strict=True):
        y = values[bounds[i, k, 0] : bounds[i, k, 1]]
        y = y[int(np.argmax(y > 0)) :]
        idle = y[np.isfinite(y)] == 0
        found[i, k] = idle.mean() > ZEROS and not any(_is_regular(y == 0, y, m) for m in seasons)
    return found


def _is_regular(idle: BoolArray, y: FloatArray, season: int) -> bool:
    """Return whether a season says when there is nothing."""
    if season < 2 or len(y) < LEAST_SEASONS * season:
        return False
    place, there = np.arange(len(y)) % season, np.isfinite(y)
    total = np.bincount(place[there], minlength=season)
    often = np.bincount(place[there & idle], minlength=season)
    wrong = np.minimum(often, total - often).sum()
    return bool(wrong < SURPRISES * min(often.sum(), total.sum() - often.sum()))


def _carried(flags: BoolArray, windows: Windows) -> IntArray:
    """Return flags as they were at the window of each estimate, shape (S, K), as numbers."""
    found = np.zeros(flags.shape, dtype=np.int64)
    current = np.zeros(len(flags), dtype=np.int64)
    new = first_of_block(windows.active, windows.fit_at)
    for k in range(flags.shape[1]):
        current = np.where(new[:, k], flags[:, k], current)
        found[:, k] = current
    return found
