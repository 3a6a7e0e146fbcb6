"""Failures as plain values and arrays, and back as errors of the same class, code and message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from forecasting.answer import STAGES, Answer, Failure, empty_answer
from forecasting.errors import ForecastingError, _rebuild
from forecasting.modelfile.errors import demand
from forecasting.windows import Windows

#: What is kept of an error beside its class, code and message.
FACTS = ("column", "n_bad", "needed", "got")


def encode_failures(failed: Answer) -> dict[str, Any]:
    """Return the failures of an answer to one window; many series with one message cost one message."""
    kinds: dict[tuple[Any, ...], int] = {}
    which = [kinds.setdefault(_kind(f), len(kinds)) for f in failed.failures]
    return {
        "series": np.array([f.series for f in failed.failures], dtype=np.int64),
        "which": np.array(which, dtype=np.int64),
        "kinds": [[*kind[:3], dict(kind[3:])] for kind in kinds],
    }


def _kind(failure: Failure) -> tuple[Any, ...]:
    error = failure.error
    facts = [
        (name, vars(error)[name]) for name in FACTS if isinstance(vars(error).get(name), (str, int))
    ]
    return (failure.stage, error.code, str(error), *facts)


def decode_failures(tree: dict[str, Any], windows: Windows) -> Answer:
    """Return an answer to one window that has these failures and nothing else."""
    failed = empty_answer(windows, ())
    series, which, kinds = tree["series"], tree["which"], tree["kinds"]
    for numbers, below in ((series, windows.n_series), (which, len(kinds))):
        demand(
            isinstance(numbers, np.ndarray) and numbers.dtype == np.int64, "failures of no series"
        )
        demand(numbers.shape == series.shape and numbers.ndim == 1, "the number of failures")
        demand(((numbers >= 0) & (numbers < below)).all(), "failures of no series")
    classes = dict(_classes(ForecastingError))
    for i, j in zip(series.tolist(), which.tolist(), strict=True):
        stage, code, message, facts = kinds[j]
        demand(stage in STAGES and isinstance(code, str) and isinstance(message, str), "a failure")
        demand(facts.keys() <= set(FACTS), "the facts of a failure")
        demand(
            all(isinstance(fact, (str, int)) for fact in facts.values()), "the facts of a failure"
        )
        failed.fail(i, 0, stage, _error(classes, code, message, facts))
    return failed


def _error(
    classes: dict[str, type[ForecastingError]], code: str, message: str, facts: dict[str, Any]
) -> ForecastingError:
    empty = {"column": None, "n_bad": None, "ids": (), "rows": None}
    own = {} if code in classes else {"code": code}
    return _rebuild(classes.get(code, ForecastingError), message, {**empty, **facts, **own})


def _classes(base: type[ForecastingError]) -> Iterator[tuple[str, type[ForecastingError]]]:
    """Yield our errors by code; the last of a code counts, so the class that names it comes last."""
    for cls in base.__subclasses__():
        if cls.__module__.partition(".")[0] == "forecasting":
            yield from _classes(cls)
    yield base.code, base
