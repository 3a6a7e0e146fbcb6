"""Lag regression: one regressor, of any library, over the lags of all series."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import numpy as np

from forecasting._typing import FloatArray, IntArray
from forecasting.answer import Answer, as_failure, empty_answer
from forecasting.base import GlobalForecaster, PanelFuture
from forecasting.calendar import Calendar
from forecasting.errors import (
    ArgumentError,
    ForecastingError,
    ShortSeriesError,
    check_choice,
    nearest,
)
from forecasting.models.regression.dates import COLUMNS, usual_columns
from forecasting.models.regression.estimators import (
    Regressor,
    alone,
    check_regressor,
    predicted,
    trained,
)
from forecasting.models.regression.recipe import (
    Recipe,
    Scale,
    Strategy,
    check_means,
    check_steps,
    check_whole,
    season_centre,
    season_lags,
)
from forecasting.models.regression.table import Table, make_frontier, make_table, training_examples
from forecasting.panel import Panel
from forecasting.series import Entropy
from forecasting.troubles import troubles
from forecasting.windows import Windows

Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class Learned:
    """The regressors of one estimate.

    Attributes
    ----------
    models : dict of int
        By step; a recursive forecaster has one, at 1. A direct one estimates a further step when it is
        first asked for, from ``training``, which changes no answer.
    names : tuple of str
        The features, in the order of the columns.
    """

    models: dict[int, Regressor]
    names: tuple[str, ...]
    seed: int
    training: Panel


@dataclass(frozen=True)
class LagRegression(GlobalForecaster):
    """One regression over all series on lags, rolling means, calendar and regressors.

    With ``z`` the series differenced, centred and scaled, ``z_t = f(z_{t-1}, ..., z_{t-p}, x_t)``; one
    ``f`` for the whole panel. Recursive: each forecast becomes a lag of the next. Direct: a regressor
    for each step, ``z_{T+s} = f_s(z_T, ..., z_{T-p+1}, x_{T+s})``.

    Parameters
    ----------
    regressor : object with ``fit(X, y)`` and ``predict(X)``
        Copied before each fit, never changed. Where its ``random_state`` is None it is seeded; LightGBM
        is made deterministic, quiet and single-threaded where it was not told otherwise.
    season_length : int, optional
        Steps in a season; by default that of the calendar (1 for integer time).
    lags : sequence of int, optional
        Steps back from the target (from the first step, if direct). By default 1 to ``m + 1`` for a season
        of up to 24 steps, four weeks for days; see :func:`~.recipe.season_lags`.
    rolling_means : sequence of int or (int, int)
        ``w``, the mean of the last ``w`` values, or ``(lag, w)``, of the ``w`` values ending at that lag.
    calendar : "auto" or sequence of str
        Of minute, hour, dayofweek, day, day_from_end, dayofyear, week, month, quarter, year; ``"auto"``
        takes those that suit the frequency.
    differences : sequence of int
        ``(1,)`` for a trend, ``(12,)`` for a season, ``(12, 1)`` for both; undone in the forecast.
    centre : "auto", int or None
        Lags and target are taken relative to the mean of this many values before the target (before the
        first step, if direct), so that levels never seen can be forecast. ``"auto"``: a season (four
        weeks for days, 3 values without a season; never more than the lags reach), or None if the series
        is differenced.
    scale : {"std", "mean", None}
        Each series is divided by its standard deviation (and centred on its mean, where ``centre`` is
        None) or its mean absolute value, after differencing, in the training part alone.
    strategy : {"recursive", "direct"}
    past_lags : sequence of int
        Lags of past-only regressors, counted as ``lags`` are. A recursion cannot look at them after
        the cutoff: there the smallest must be at least ``h``.

    Raises
    ------
    ArgumentError
        For parameters out of range, or a regressor without ``fit`` and ``predict``.

    Notes
    -----
    A series needs ``sum(differences) + max(longest lag, centre) + 1`` values; a shorter one is a
    failure, neither trained on nor forecast. A series without spread is forecast at its centre. Missing
    values in ``X`` go to the regressor as NaN; missing values in ``y`` are not taken. The forecast of
    one series depends on which others are there, and through the order of the training rows, in the
    last bits, on the order of their ids: that is one model over all series. Intervals are conformal.

    References
    ----------
    Montero-Manso and Hyndman (2021), Principles and algorithms for forecasting groups of time series,
    *International Journal of Forecasting* 37, 1632-1653, doi:10.1016/j.ijforecast.2021.03.004.
    Ben Taieb, Bontempi, Atiya and Sorjamaa (2012), *Expert Systems with Applications* 39, 7067-7083,
    on recursive and direct strategies, doi:10.1016/j.eswa.2012.01.039.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.linear_model import LinearRegression
    >>> y = pd.Series(range(10), pd.date_range("2024-01-01", periods=10), dtype=float)
    >>> line = LagRegression(LinearRegression(), lags=(1,), calendar=(), differences=(1,))
    >>> line.fit(y).predict(3).tolist()
    [10.0, 11.0, 12.0]
    """

    regressor: Regressor
    season_length: int | None = field(default=None, kw_only=True)
    lags: Sequence[int] | None = field(default=None, kw_only=True)
    rolling_means: Sequence[int | tuple[int, int]] = field(default=(), kw_only=True)
    calendar: Literal["auto"] | Sequence[str] = field(default="auto", kw_only=True)
    differences: Sequence[int] = field(default=(), kw_only=True)
    centre: Literal["auto"] | int | None = field(default="auto", kw_only=True)
    scale: Scale = field(default="std", kw_only=True)
    strategy: Strategy = field(default="recursive", kw_only=True)
    past_lags: Sequence[int] = field(default=(1,), kw_only=True)

    def __post_init__(self) -> None:
        check_regressor(self.regressor)
        settled: dict[str, object] = {
            "rolling_means": check_means(self.rolling_means),
            "differences": check_steps(self.differences, "differences"),
            "past_lags": check_steps(self.past_lags, "past_lags", least=1),
        }
        if self.season_length is not None:
            check_whole(self.season_length, "season_length")
        if self.centre is not None and self.centre != "auto":
            check_whole(self.centre, "centre")
        if self.lags is not None:
            settled["lags"] = check_steps(self.lags, "lags", least=1)
        if self.calendar != "auto":
            settled["calendar"] = _check_calendar(self.calendar)
        for name, value in settled.items():
            object.__setattr__(self, name, value)
        check_choice(self.scale, "scale", ("mean", "std", None))
        check_choice(self.strategy, "strategy", ("recursive", "direct"))

    @property
    def min_observations(self) -> int:
        """The shortest history it takes, past-only regressors and the panel's season aside."""
        return self._recipe(None).reach(False) + 1

    # --- the hooks --------------------------------------------------------------------------------

    def _fit(self, panel: Panel, rng: np.random.Generator) -> Learned:
        table = make_table(panel, self._recipe(panel.calendar))
        return self._train(table, panel, panel.offsets[:-1], panel.offsets[1:], rng, (1,))

    def _predict(self, state: Learned, panel: Panel, future: PanelFuture) -> FloatArray:
        recipe = self._recipe(panel.calendar)
        recursive = self.strategy == "recursive"
        frontier = make_frontier(panel, recipe, future, recursive)
        if not recursive:
            self._train_missing(state, future.h)
        with alone(state.seed):
            for step in range(1, future.h + 1):
                model, at = (state.models[1], step) if recursive else (state.models[step], 1)
                frontier.put(step, at, predicted(model, frontier.features(step, at)))
        return frontier.forecasts()

    def _forecast_windows(self, windows: Windows, probs: tuple[float, ...]) -> Answer:
        """Answer all windows from one feature table; each is trained on its own rows of it."""
        answer = empty_answer(windows, probs)
        if not windows.active.any():
            return answer
        table = _attempt(lambda: make_table(windows.panel, self._recipe(windows.panel.calendar)))
        state: Learned | ForecastingError | None = None
        fitted_at = -1
        for k in range(windows.n_windows):
            series = np.flatnonzero(windows.active[:, k])
            if len(series) == 0:
                continue
            began = time.perf_counter()
            if state is None or windows.fit_at[k] > fitted_at:
                fitted_at, state = k, self._train_window(table, windows, k)
            if isinstance(state, Learned):
                self._predict_window(state, windows, k, answer, probs)
            else:
                for i in series.tolist():
                    answer.fail(i, k, "fit", state)
            answer.seconds[series, k] = (time.perf_counter() - began) / len(series)
        return answer

    def _blocked(self, windows: Windows, probs: tuple[float, ...]) -> Answer:
        """Find series too short for the lags, which here depend on the calendar of the panel."""
        blocked = empty_answer(windows, probs)
        past = windows.panel.covariates.past.shape[1] > 0
        needed = self._recipe(windows.panel.calendar).reach(past) + 1
        for i, k, error in troubles(windows, self.handles_missing, needed):
            blocked.fail(i, k, "data", error)
        return blocked

    # --- training ---------------------------------------------------------------------------------

    def _train_window(
        self, table: Table | ForecastingError, windows: Windows, k: int
    ) -> Learned | ForecastingError:
        if isinstance(table, ForecastingError):
            return table
        series, panel = windows.training_panel(k)
        lo, hi = windows.lo[series, k], windows.hi[series, k]
        rng = Entropy(windows.seed, panel.values, 0).rng("fit")
        steps = (1,) if self.strategy == "recursive" else tuple(range(1, windows.h + 1))
        return _attempt(lambda: self._train(table, panel, lo, hi, rng, steps))

    def _train(
        self,
        table: Table,
        panel: Panel,
        lo: IntArray,
        hi: IntArray,
        rng: np.random.Generator,
        steps: Sequence[int],
    ) -> Learned:
        state = Learned({}, table.names, int(rng.integers(2**31 - 1)), panel)
        for step in steps:
            state.models[step] = self._train_step(table, lo, hi, step, state.seed)
        return state

    def _train_missing(self, state: Learned, h: int) -> None:
        missing = [step for step in range(1, h + 1) if step not in state.models]
        if not missing:
            return
        panel = state.training
        table = make_table(panel, self._recipe(panel.calendar))
        for step in missing:
            state.models[step] = self._train_step(
                table, panel.offsets[:-1], panel.offsets[1:], step, state.seed
            )

    def _train_step(
        self, table: Table, lo: IntArray, hi: IntArray, step: int, seed: int
    ) -> Regressor:
        examples = training_examples(table, lo, hi, step)
        if len(examples.y) == 0:
            longest = int((hi - lo).max())
            raise ShortSeriesError(
                needed=table.reach + step, got=longest, what=f"to learn step {step} from"
            )
        # One seed a step: a shorter horizon is the head of a longer one.
        word = np.random.SeedSequence((seed, step)).generate_state(1)[0]
        return trained(self.regressor, examples.X, examples.y, int(word % (2**31 - 1)))

    # --- what it is made of -----------------------------------------------------------------------

    def _recipe(self, calendar: Calendar | None) -> Recipe:
        m = self.season_length or (1 if calendar is None else calendar.season_length)
        usual = () if calendar is None else usual_columns(calendar)
        lags = season_lags(m) if self.lags is None else tuple(self.lags)
        means = check_means(self.rolling_means)
        centre = self.centre
        if centre == "auto":
            longest = max(*lags, *(lag + width - 1 for lag, width in means), 1)
            centre = None if self.differences else min(season_centre(m), longest)
        return Recipe(
            lags=lags,
            means=means,
            calendar=usual if self.calendar == "auto" else tuple(self.calendar),
            differences=tuple(self.differences),
            past_lags=tuple(self.past_lags),
            centre=centre,
            scale=self.scale,
        )

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the features, in the order in which the fitted regressor has them."""
        return self._learned().names

    @property
    def fitted_regressor(self) -> Regressor:
        """The regressor of the last fit; for the first step, if direct."""
        return self._learned().models[1]

    def _learned(self) -> Learned:
        learned: Any = self._require_fitted().learned
        if not isinstance(learned, Learned):
            raise ArgumentError("no series could be fitted; see .failures")
        return learned


def _attempt(make: Callable[[], Made]) -> Made | ForecastingError:
    """Return what ``make()`` returns, or its error as one of ours: it costs these windows only."""
    try:
        return make()
    except Exception as error:  # any regressor's code
        return as_failure(error)


def _check_calendar(given: Sequence[str] | str) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else tuple(given)
    for name in names:
        if name not in COLUMNS:
            raise ArgumentError(
                f"calendar has no column {name!r}.{nearest(str(name), COLUMNS)} "
                f"It has: {', '.join(COLUMNS)}; or calendar='auto'"
            )
    return names
