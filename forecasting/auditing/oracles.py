"""Every oracle by its number and name, and what one says of a forecaster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from forecasting.auditing import fitting, leaks, repeats
from forecasting.auditing.outcome import Comparison
from forecasting.auditing.trial import NotApplicableError, Trial
from forecasting.errors import ArgumentError, nearest

Verdict = Literal["passed", "failed", "not applicable"]


@dataclass(frozen=True)
class Oracle:
    """A change that must not change a forecast.

    Attributes
    ----------
    id, name : str
        ``O1`` and ``future_scaled``.
    fault : str
        What is wrong with a forecaster that fails.
    """

    id: str
    name: str
    fault: str
    run: Callable[[Trial], Iterator[Comparison]]

    @property
    def what(self) -> str:
        """What is changed, in a sentence."""
        return " ".join((self.run.__doc__ or "").split())


@dataclass(frozen=True)
class Finding:
    """What an oracle says of one forecaster."""

    oracle: str
    name: str
    model: str
    verdict: Verdict
    reason: str = ""
    n_compared: int = 0
    first_difference: str = ""


_PAST = "a forecast saw past its cutoff"

ORACLES: tuple[Oracle, ...] = (
    Oracle("O1", "future_scaled", f"{_PAST} (values after it were scaled)", leaks.future_scaled),
    Oracle("O1b", "future_random", f"{_PAST} (values after it were replaced)", leaks.future_random),
    Oracle("O2", "future_missing", f"{_PAST} (values after it were NaN)", leaks.future_missing),
    Oracle("O3", "future_absent", f"{_PAST} (rows after it were deleted)", leaks.future_absent),
    Oracle("O3b", "future_longer", f"{_PAST} (rows were appended)", leaks.future_longer),
    Oracle(
        "O4",
        "missing_at_cutoff",
        "a missing value at the cutoff was filled from the future",
        leaks.missing_at_cutoff,
    ),
    Oracle(
        "O4b",
        "gaps_and_ragged_ends",
        "a gap at the cutoff was filled from the future, or the end of a series was seen",
        leaks.gaps_and_ragged_ends,
    ),
    Oracle("O5", "rerun", "a second run differs", repeats.rerun),
    Oracle("O5b", "new_process", "a run in another process differs", repeats.other_process),
    Oracle("O6", "subset", "the company of other series matters", repeats.subset),
    Oracle("O7", "row_order", "the order of rows or series matters", repeats.row_order),
    Oracle("O8", "renamed", "the names of the series matter", repeats.renamed),
    Oracle("O9", "neighbour_shift", "a neighbour's values were used", repeats.neighbour_shift),
    Oracle("O9b", "neighbour_future", "a neighbour's future was used", leaks.neighbour_future),
    Oracle(
        "O10", "other_models", "other models matter, or the data is changed", repeats.other_models
    ),
    Oracle(
        "O11",
        "past_only_regressor",
        "a past-only regressor was seen beyond the cutoff",
        leaks.past_only_regressor,
    ),
    Oracle(
        "O12", "short_is_head_of_long", "h changes the first steps", fitting.short_is_head_of_long
    ),
    Oracle("O13", "save_load", "a forecaster taken back differs", fitting.save_load),
    Oracle(
        "O14",
        "input_untouched",
        "fit changes the caller's data, or keeps a view of it",
        fitting.input_untouched,
    ),
)

#: What ``backtest(audit="leak")`` asks: nothing may be seen past a cutoff.
LEAK_ORACLES = ("O1", "O1b", "O2", "O3", "O3b", "O4", "O4b")


def choose_oracles(chosen: Sequence[str] | str | None) -> tuple[Oracle, ...]:
    """Return oracles by number or name; all of them for None.

    Raises
    ------
    ArgumentError
        If there is no such oracle, or none is named.
    """
    if chosen is None:
        return ORACLES
    words = [chosen] if isinstance(chosen, str) else list(chosen)
    known = {word: oracle for oracle in ORACLES for word in (oracle.id, oracle.name)}
    for word in words:
        if word not in known:
            raise ArgumentError(
                f"there is no oracle {word!r}; there are {', '.join(o.id for o in ORACLES)}."
                f"{nearest(str(word), known)}"
            )
    if not words:
        raise ArgumentError("oracles is empty; name at least one, or leave it out for all")
    asked = {known[word].id for word in words}
    return tuple(oracle for oracle in ORACLES if oracle.id in asked)


def judge(oracle: Oracle, trial: Trial) -> Finding:
    """Return what an oracle says of a forecaster; whatever it raises is a verdict too."""
    n, code = 0, ""
    try:
        for comparison in oracle.run(trial):
            n, code = n + comparison.n, code or comparison.code
            if comparison.difference:
                return _finding(oracle, trial, "failed", oracle.fault, n, comparison.difference)
    except NotApplicableError as error:
        return _finding(oracle, trial, "not applicable", str(error))
    except (Exception, SystemExit) as error:  # any author's code: it is what the verdict is about
        first = str(error).partition("\n")[0]
        said = f"the undisturbed run went well, this one raised {type(error).__name__}: {first}"
        return _finding(oracle, trial, "failed", oracle.fault, n, said)
    if n == 0:
        return _finding(oracle, trial, "not applicable", f"there is no forecast to compare: {code}")
    return _finding(oracle, trial, "passed", "", n)


def _finding(
    oracle: Oracle, trial: Trial, verdict: Verdict, reason: str, n: int = 0, difference: str = ""
) -> Finding:
    return Finding(oracle.id, oracle.name, trial.name, verdict, reason, n, difference)
