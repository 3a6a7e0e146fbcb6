"""Forecasters that cheat on purpose: each must be caught, and by the check that is meant for it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from forecasting import LocalForecaster, Naive, SeasonalNaive
from forecasting.answer import empty_answer
from forecasting.distribution import Point
from forecasting.testing import CONTRACT, ContractError, check_forecaster, make_case


@dataclass(frozen=True)
class _Base(LocalForecaster):
    """Honest in the loop: the last value."""

    def _fit(self, history):
        return history.y[-1]

    def _predict(self, state, future):
        return np.full(future.h, state)

    def _forecast_windows(self, windows, probs):
        answer = empty_answer(windows, probs)
        mean = np.zeros((windows.n_series, windows.n_windows, windows.h))
        for i in range(windows.n_series):
            for k in range(windows.n_windows):
                mean[i, k] = self._cheat(windows, i, k)
        answer.put_all(windows, Point(mean), probs)
        return answer

    def _cheat(self, windows, i, k):
        return windows.panel.values[windows.hi[i, k] - 1]


class NextValue(_Base):
    """Adds 1 % of the next true value."""

    def _cheat(self, windows, i, k):
        row = min(windows.hi[i, k], windows.panel.offsets[i + 1] - 1)
        return windows.panel.values[windows.hi[i, k] - 1] + 0.01 * windows.panel.values[row]


class WholeMean(_Base):
    """Scales by the mean of the whole frame."""

    def _cheat(self, windows, i, k):
        return np.nanmean(windows.panel.values)


class CountsRows(_Base):
    """Uses only how many rows there are in all."""

    def _cheat(self, windows, i, k):
        return float(len(windows.panel.values))


class RankInHistory(_Base):
    """Rank of the last value in the full history."""

    def _cheat(self, windows, i, k):
        y = windows.panel.series(i)
        return float((y < windows.panel.values[windows.hi[i, k] - 1]).sum())


class NeighbourFuture(_Base):
    """The last row that the panel has of the first series."""

    def _cheat(self, windows, i, k):
        return windows.panel.series(0)[-1]


class NeighbourValue(_Base):
    """The value of the series before it, as a lag that is longer than the series would give."""

    def _cheat(self, windows, i, k):
        return windows.panel.values[windows.panel.offsets[i] - 1]


class Positional(_Base):
    """The number of the series decides."""

    def _cheat(self, windows, i, k):
        return float(i)


class NameMatters(LocalForecaster):
    """The length of the id decides, through the panel."""

    def _fit(self, history):
        return 0.0

    def _predict(self, state, future):
        return np.zeros(future.h)

    def _forecast_windows(self, windows, probs):
        answer = empty_answer(windows, probs)
        name = np.array([len(str(i)) for i in windows.panel.ids], dtype=float)
        mean = np.broadcast_to(name[:, None, None], (*windows.active.shape, windows.h))
        answer.put_all(windows, Point(mean), probs)
        return answer


@dataclass(frozen=True)
class ClassCache(LocalForecaster):
    """Remembers between windows, in the class."""

    seen: ClassVar[list] = []

    def _fit(self, history):
        self.seen.append(history.y[-1])
        return float(np.mean(self.seen))

    def _predict(self, state, future):
        return np.full(future.h, state)


@dataclass(frozen=True)
class Unseeded(LocalForecaster):
    """Adds noise that nobody seeded."""

    def _fit(self, history):
        return history.y[-1]

    def _predict(self, state, future):
        return np.full(future.h, state) + 1e-6 * np.random.default_rng().standard_normal(future.h)


@dataclass(frozen=True)
class GlobalSeed(LocalForecaster):
    """Draws from the global generator."""

    def _fit(self, history):
        return history.y[-1] + 0 * np.random.standard_normal()  # noqa: NPY002 - the fault itself

    def _predict(self, state, future):
        return np.full(future.h, state)


@dataclass(frozen=True)
class HorizonMatters(LocalForecaster):
    """Spreads the last value over the horizon."""

    def _fit(self, history):
        return history.y[-1]

    def _predict(self, state, future):
        return np.full(future.h, state) / future.h


@dataclass(frozen=True)
class KeepsMemory(LocalForecaster):
    """Keeps what an earlier fit found, on itself."""

    def _fit(self, history):
        previous = getattr(self, "_previous", 0.0)
        object.__setattr__(self, "_previous", float(history.y[-1]))
        return history.y[-1] + previous

    def _predict(self, state, future):
        return np.full(future.h, state)


@dataclass(frozen=True)
class FillsBackwards(LocalForecaster):
    """Takes missing values, and fills them from the rows behind the cutoff."""

    handles_missing = True

    def _fit(self, history):
        return history.y[~np.isnan(history.y)][-1]

    def _predict(self, state, future):
        return np.full(future.h, state)

    def _forecast_windows(self, windows, probs):
        answer = empty_answer(windows, probs)
        mean = np.zeros((windows.n_series, windows.n_windows, windows.h))
        for i in range(windows.n_series):
            y, start = windows.panel.series(i), windows.panel.offsets[i]
            for k in range(windows.n_windows):
                at = windows.hi[i, k] - start - 1
                observed = y[at:][~np.isnan(y[at:])] if np.isnan(y[at]) else y[at : at + 1]
                mean[i, k] = observed[0] if len(observed) else 0.0
        answer.put_all(windows, Point(mean), probs)
        return answer


PLANTED = {
    "future_scaled": [NextValue(), WholeMean(), RankInHistory(), NeighbourFuture()],
    "future_absent": [CountsRows()],
    "future_missing": [NextValue(), WholeMean()],
    "missing_at_cutoff": [FillsBackwards()],
    "neighbour_future": [NeighbourFuture(), WholeMean()],
    "subset": [Positional(), CountsRows(), NeighbourValue()],
    "renamed": [NameMatters()],
    "rerun": [ClassCache(), Unseeded()],
    "processes": [Unseeded()],
    "predict_twice": [Unseeded()],
    "global_state": [GlobalSeed()],
    "short_is_head_of_long": [HorizonMatters()],
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
