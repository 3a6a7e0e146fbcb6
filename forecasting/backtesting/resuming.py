"""What of a backtest is in a store already, and what is added to it as tasks are done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forecasting._typing import IntArray
from forecasting.answer import Answer, Failure
from forecasting.backtesting.keys import Unit, cells_of, forecaster_key, units
from forecasting.backtesting.records import Record, StoredError, counted, record_of
from forecasting.backtesting.running import Outcome
from forecasting.backtesting.store import Place, Store
from forecasting.backtesting.tasks import Notes, Task
from forecasting.base import Forecaster
from forecasting.errors import InputError
from forecasting.windows import Windows


@dataclass(frozen=True, eq=False)
class _Model:
    """The units of one forecaster, and which one each cell is of (-1: none)."""

    units: list[Unit]
    unit_at: IntArray  # (n_series, n_windows)


class Resume:
    """Takes from a store what is there, and adds to it what is new.

    A failure that lies in the data is stored like a forecast. What failed for another reason (an error of
    the forecaster, a time limit, a dead process) is left out, with its task, and tried again.

    Raises
    ------
    UnstorableError
        If a forecaster cannot be told from another by its content.
    """

    def __init__(
        self,
        store: Store,
        models: Mapping[str, Forecaster],
        windows: Windows,
        probs: tuple[float, ...],
        versions: Mapping[str, str],
    ) -> None:
        self.store, self.windows, self.probs = store, windows, probs
        self.models = {
            name: self._units(forecaster, forecaster_key(forecaster, versions))
            for name, forecaster in models.items()
        }

    def _units(self, forecaster: Forecaster, key: str) -> _Model:
        found = list(units(forecaster, key, self.windows, self.probs))
        unit_at = np.full(self.windows.active.shape, -1, dtype=np.int64)
        for number, unit in enumerate(found):
            unit_at[cells_of(unit, self.windows.active)] = number
        return _Model(found, unit_at)

    def recall(self, outcome: Outcome) -> None:
        """Put into an outcome what the store has of it."""
        for name, model in self.models.items():
            wanted: dict[tuple[Path, int], list[tuple[Unit, Place]]] = defaultdict(list)
            places = self.store.find([unit.key for unit in model.units])
            for unit, place in zip(model.units, places, strict=True):
                if place is not None:
                    wanted[place.segment, place.offset].append((unit, place))
            for (segment, offset), found in wanted.items():
                record = self.store.read(segment, offset)
                if record is not None:
                    self._take(name, record, found, outcome)

    def _take(
        self, name: str, record: Record, found: list[tuple[Unit, Place]], outcome: Outcome
    ) -> None:
        if record.mean.shape[1:] != (self.windows.h,) or record.quantiles.shape[2:] != (
            len(self.probs),
        ):
            return
        answer = outcome.answers[name]
        taken = False
        for unit, place in found:
            at = cells_of(unit, self.windows.active)
            here = np.arange(record.starts[place.number], record.starts[place.number + 1])
            if record.keys[place.number] != unit.key or len(here) != len(at[0]):
                continue
            answer.place(at, record, (here,))
            for cell, stage, code, message in record.failures:
                if here[0] <= cell <= here[-1]:
                    series, window = (int(a[cell - here[0]]) for a in at)
                    answer.failures.append(
                        Failure(series, window, stage, StoredError(message, code))
                    )
            outcome.done[name][at] = True
            taken = True
        if taken:
            outcome.notes[name] += counted(record.notes)

    def keep(self, task: Task, answer: Answer, notes: Notes) -> None:
        """Add to the store what a task came to, unless something failed that may not fail again."""
        if not all(
            f.stage == "interval" or isinstance(f.error, InputError) for f in answer.failures
        ):
            return
        model = self.models[task.model]
        rows, columns = task.cells(self.windows)
        number = model.unit_at[task.series[rows], task.columns[columns]]
        order = np.argsort(number, kind="stable")
        distinct, counts = np.unique(number, return_counts=True)
        sizes = [len(cells_of(model.units[n], self.windows.active)[0]) for n in distinct.tolist()]
        if counts.tolist() != sizes:  # part of a unit, after another part of it hung
            return
        keys = [model.units[n].key for n in distinct.tolist()]
        at = rows[order], columns[order]
        self.store.write(record_of(keys, counts.tolist(), answer, at, notes))
