"""Errors and warnings that speak to a person: what, where, how many, and what to type instead.

Every input error derives from :class:`InputError`, every bad argument from :class:`ArgumentError`;
both are ``ValueError``. Each carries a stable ``code``, and where it applies the ``column``, the
number of bad rows ``n_bad``, at most ten ``ids`` and a small frame of ``rows``. An error that
concerns one series never stops the others: it becomes a row of the failures table, under its
``code``.
"""

from __future__ import annotations

import difflib
import numbers
import pickle
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import numpy as np

MAX_IDS = 10
MAX_ID_LENGTH = 40

# Words of other libraries, and ours. Used for keyword arguments everywhere.
FOREIGN_WORDS = {
    "fh": "h",
    "horizon": "h",
    "steps": "h",
    "periods": "h",
    "prediction_length": "h",
    "forecast_horizon": "h",
    "n": "h",
    "sp": "season_length",
    "period": "season_length",
    "seasonal_periods": "season_length",
    "m": "season_length",
    "coverage": "level (percent, for instance level=(80, 95))",
    "interval_width": "level (percent, for instance level=(80, 95))",
    "alpha": "level or quantiles",
    "interval": "level (percent, for instance level=(80, 95))",
    "quantile_levels": "quantiles",
    "exog": "X",
    "X_df": "X",
    "future_covariates": "X",
    "past_covariates": "X",
    "known_covariates": "X",
    "stride": "step_size",
    "step_length": "step_size",
    "fold_stride": "step_size",
    "num_windows": "n_windows",
    "n_splits": "n_windows",
    "input_size": "window",
    "window_length": "window",
    "retrain": "refit",
    "item_id": "id_col",
    "timestamp": "time_col",
    "target": "target_col",
    "frequency": "freq",
}


def show_id(unique_id: object) -> str:
    """Return an id as text that fits in a message (at most 40 characters)."""
    text = str(unique_id)
    return text if len(text) <= MAX_ID_LENGTH else text[: MAX_ID_LENGTH - 1] + "…"


def show_ids(ids: Iterable[object], limit: int = 5) -> str:
    """Return the first few ids as text, and how many more there are."""
    everything = list(ids)
    shown = ", ".join(show_id(i) for i in everything[:limit])
    rest = len(everything) - limit
    return f"{shown} and {rest} more" if rest > 0 else shown


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the nearest known word, or an empty text."""
    lowered = {k.lower(): k for k in known}
    close = difflib.get_close_matches(word.lower(), list(lowered), n=1)
    return f" Did you mean {lowered[close[0]]!r}?" if close else ""


def show_value(value: object) -> str:
    """Return a value as somebody would type it: 1.5, not ``np.float64(1.5)``."""
    return repr(value.item() if isinstance(value, np.generic) else value)


def show_time(when: object) -> str:
    """Return a time as text; midnight is not spelled out."""
    return str(when).removesuffix(" 00:00:00")


def plural(count: int, noun: str, many: str | None = None) -> str:
    """Return ``"1 row"``, ``"2 rows"``, ``"1,204 rows"``."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def check_keywords(given: Iterable[str], known: Sequence[str], what: str) -> None:
    """Raise :class:`UnknownKeywordError` for a keyword that ``what`` does not take, with ours."""
    for word in given:
        if word in known:
            continue
        ours = FOREIGN_WORDS.get(word)
        if ours is not None and ours.split(" ")[0] in known:
            hint = f" Here it is called {ours}."
        else:
            hint = nearest(word, known) or (f" It takes: {', '.join(known)}." if known else "")
        raise UnknownKeywordError(f"{what} has no argument {word!r}.{hint}")


def one_of(value: object, *words: str) -> bool:
    """Return whether a value is one of these words; what cannot be compared with a word is not."""
    return isinstance(value, str) and value in words


def check_count(value: object, name: str, least: int = 1) -> None:
    """Raise :class:`ArgumentError` unless ``value`` is a whole number of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or int(value) < least:
        raise ArgumentError(
            f"{name} must be a whole number of at least {least}, got {show_value(value)}"
        )


def check_choice(value: object, name: str, choices: tuple[object, ...]) -> None:
    """Raise :class:`ArgumentError` unless ``value`` is one of the choices."""
    if value not in choices:
        raise ArgumentError(f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}")


class ForecastingError(ValueError):
    """Base of every error of this package."""

    code: ClassVar[str] = "ERROR"

    def __init__(
        self,
        message: str,
        *,
        column: str | None = None,
        n_bad: int | None = None,
        ids: Iterable[object] = (),
        rows: Any = None,
    ) -> None:
        super().__init__(message)
        self.column = column
        self.n_bad = n_bad
        self.ids = tuple(ids)[:MAX_IDS]
        self.rows = rows

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions cross process borders: rebuild from the message, then restore the facts. What an
        # author hung on an error of a class of theirs may not be able to travel; the error goes without.
        facts = {k: v for k, v in self.__dict__.items() if _can_travel(v)}
        return (_rebuild, (type(self), str(self), facts))


def _can_travel(fact: object) -> bool:
    try:
        pickle.dumps(fact)
    except Exception:  # any author's object
        return False
    return True


def _rebuild(cls: type[ForecastingError], message: str, facts: dict[str, Any]) -> ForecastingError:
    error = cls.__new__(cls)
    ValueError.__init__(error, message)
    error.__dict__.update(facts)
    return error


# --- the data -------------------------------------------------------------------------------------


class InputError(ForecastingError):
    """Something is wrong with the data that was handed in."""

    code = "INPUT"


class InputTypeError(InputError, TypeError):
    """The data is not of a kind that can be read as a panel of series."""

    code = "INPUT_TYPE"


class EmptyInputError(InputError):
    """There are no rows."""

    code = "EMPTY"


class ColumnNameError(InputError):
    """A column is missing, there twice, or has a name that the package needs."""

    code = "COLUMN"


class IdError(InputError):
    """An id is null, empty, of a type that cannot be an id, or two ids look the same."""

    code = "ID"


class TimeColumnError(InputError):
    """A time stamp is null, cannot be read, or lies where no time stamp can lie."""

    code = "TIME"


class TargetTypeError(InputError):
    """The target is not a number."""

    code = "TARGET_TYPE"


class DuplicateRowsError(InputError):
    """The same series has two rows for the same time."""

    code = "DUPLICATE"


class FrequencyError(InputError):
    """The time stamps do not lie on the calendar that was declared or found."""

    code = "FREQUENCY"


class RegressorError(InputError):
    """The regressors do not match the series, the times or their declared role."""

    code = "REGRESSOR"


# --- one series: these become rows of the failures table ------------------------------------------


class SeriesError(InputError):
    """Something is wrong with one series; the others go on."""

    code = "SERIES"


class GapError(SeriesError):
    """A series has steps of the calendar without a row."""

    code = "GAP"


class MissingTargetError(SeriesError):
    """A series has missing values where the forecaster needs numbers."""

    code = "MISSING"


class AllMissingError(SeriesError):
    """Nothing was observed in a series up to the cutoff."""

    code = "ALL_MISSING"


class NonFiniteError(SeriesError):
    """A series holds an infinite value."""

    code = "NON_FINITE"


class ShortSeriesError(SeriesError):
    """A series is shorter than a forecaster needs.

    Raise it from a forecaster as ``ShortSeriesError(needed=24, got=len(history))``.
    """

    code = "SHORT"

    def __init__(
        self, message: str | None = None, *, needed: int, got: int, what: str = ""
    ) -> None:
        why = f" {what}" if what else ""
        super().__init__(
            message or f"has {plural(got, 'observation')}, needs at least {needed}{why}", n_bad=1
        )
        self.needed = needed
        self.got = got


class NoResidualsError(SeriesError):
    """There are too few past errors to say how wide an interval must be; the mean stands."""

    code = "NO_RESIDUALS"


class NonPositiveError(SeriesError):
    """A forecaster or transform that needs positive values met zero or less."""

    code = "NON_POSITIVE"


class OverflowedError(SeriesError):
    """The numbers of a series are too large for the arithmetic of a forecaster."""

    code = "OVERFLOW"


class OutOfMemoryError(ForecastingError):
    """A forecaster asked for more memory than it may have."""

    code = "MEMORY"


class ModelError(ForecastingError):
    """A forecaster could not answer: it raised an error that is not ours."""

    code = "MODEL"


class ModelContractError(ForecastingError):
    """A forecaster answered with the wrong shape, NaN, infinity, or wrote into its input."""

    code = "CONTRACT"


# --- arguments ------------------------------------------------------------------------------------


class ArgumentError(ForecastingError):
    """An argument has a value that it cannot have."""

    code = "ARGUMENT"


class UnknownKeywordError(ArgumentError, TypeError):
    """A keyword that the call does not know, perhaps a word of another library."""

    code = "KEYWORD"


class HorizonError(ArgumentError, TypeError):
    """``h`` is not a whole number of steps of at least 1."""

    code = "HORIZON"


class LevelError(ArgumentError):
    """A level is not a percentage in (0, 100), or cannot be calibrated on so little history."""

    code = "LEVEL"


class WindowError(ArgumentError):
    """The backtest windows do not fit the data."""

    code = "WINDOW"


class NotFittedError(ForecastingError):
    """``predict`` was called before ``fit``."""

    code = "NOT_FITTED"


# --- warnings -------------------------------------------------------------------------------------


class DataWarning(UserWarning):
    """Something in the data is odd; the numbers stand, and this says on what."""


class StaleSeriesWarning(DataWarning):
    """Some series end before the others."""


class FailureWarning(DataWarning):
    """Some series could not be forecast; they are named in the failures table."""


class CalibrationWarning(UserWarning):
    """A prediction interval may not hold its level."""


def tell(message: str, category: type[Warning] = DataWarning) -> None:
    """Warn, and point at the line outside this package that led here."""
    level, frame = 1, sys._getframe(0)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(
        "forecasting."
    ):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def tell_all(caught: Iterable[warnings.WarningMessage]) -> None:
    """Pass on recorded warnings, each text once, with how often it came up."""
    for (category, text), n in Counter((w.category, str(w.message)) for w in caught).items():
        tell(f"{text}{times(n)}", category)


def times(n: int) -> str:
    """Return ``" (3 times)"``, or nothing for once."""
    return f" ({n:,} times)" if n > 1 else ""


class EstimationWarning(UserWarning):
    """An optimiser stopped before it converged; forecasts stand on the best parameters found."""
