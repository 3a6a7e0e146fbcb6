"""Forecasters that cheat on purpose: each must be caught, and by the check that is meant for it."""

from dataclasses import dataclass

import numpy as np
import pytest

from forecasting import LocalForecaster, Naive, SeasonalNaive
from forecasting.testing import CONTRACT, ContractError, check_forecaster, make_case
from forecasting.testing.planted import (
    ClassCache,
    CountsRows,
    FillsBackwards,
    FillsGapsBackwards,
    HashOrder,
    HorizonMatters,
    LosesItsState,
    NameMatters,
    NeighbourFuture,
    NeighbourValue,
    NextValue,
    PastOnlyPeek,
    Positional,
    RankInHistory,
    ReadsCallersFrame,
    Unseeded,
    WholeMean,
    WritesIntoTraining,
)


@dataclass(frozen=True)
class GlobalSeed(LocalForecaster):
    """Draws from the global generator."""

    def _fit(self, history):
        return history.y[-1] + 0 * np.random.standard_normal()  # noqa: NPY002 - the fault itself

    def _predict(self, state, future):
        return np.full(future.h, state)


@dataclass(frozen=True)
class KeepsMemory(LocalForecaster):
    """Keeps what an earlier fit found, on itself."""

    def _fit(self, history):
        previous = getattr(self, "_previous", 0.0)
        object.__setattr__(self, "_previous", float(history.y[-1]))
        return history.y[-1] + previous

    def _predict(self, state, future):
        return np.full(future.h, state)


PLANTED = {
    "future_scaled": [NextValue(), WholeMean(), RankInHistory(), NeighbourFuture()],
    "future_absent": [CountsRows()],
    "future_missing": [NextValue(), WholeMean()],
    "missing_at_cutoff": [FillsBackwards()],
    "gaps_and_ragged_ends": [FillsGapsBackwards()],
    "neighbour_future": [NeighbourFuture(), WholeMean()],
    "neighbour_shift": [NeighbourValue()],
    "subset": [Positional(), NeighbourValue()],
    "row_order": [Positional()],
    "renamed": [NameMatters()],
    "rerun": [ClassCache(), Unseeded()],
    "new_process": [HashOrder()],
    "other_models": [WritesIntoTraining()],
    "past_only_regressor": [PastOnlyPeek()],
    "short_is_head_of_long": [HorizonMatters()],
    "save_load": [LosesItsState()],
    "input_untouched": [ReadsCallersFrame()],
    "processes": [Unseeded()],
    "predict_twice": [Unseeded()],
    "global_state": [GlobalSeed()],
    "fit_forgets": [KeepsMemory()],
    "windows_one_by_one": [NextValue(), WholeMean()],
}


@pytest.mark.parametrize(
    ("check", "cheat"),
    [(check, cheat) for check, cheats in PLANTED.items() for cheat in cheats],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_planted_fault_is_caught_by_its_check(check, cheat):
    with pytest.raises(ContractError):
        CONTRACT[check](make_case(cheat))


def test_check_forecaster_names_every_broken_check_at_once():
    with pytest.raises(ContractError, match=r"(?s)future_scaled.*neighbour_future"):
        check_forecaster(WholeMean())


def test_writing_into_the_history_is_a_failure_and_leaves_the_next_model_alone():
    @dataclass(frozen=True)
    class Writes(LocalForecaster):
        def _fit(self, history):
            history.y[:] = 0.0
            return 0.0

        def _predict(self, state, future):
            return np.zeros(future.h)

    with pytest.raises(ContractError, match="cannot forecast the contract's panel at all"):
        make_case(Writes())


def test_an_honest_forecaster_passes_every_check():
    table = check_forecaster(SeasonalNaive(12))
    assert list(table["check"]) == list(CONTRACT)


def test_check_forecaster_leaves_out_what_it_is_told_to():
    assert "processes" not in set(check_forecaster(Naive(), skip=["processes"])["check"])
