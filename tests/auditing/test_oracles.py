"""Every planted fault is caught, every oracle can fail, and an honest forecaster passes them all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

import forecasting as fc
from forecasting import audit
from forecasting.auditing import ORACLES
from forecasting.testing import contract_panel
from forecasting.testing.planted import PLANTED, LastValue, leak_matrix

DATA = contract_panel(48, 4)
CUTOFF = ["2021-08-01"]

# The oracles that are meant for each fault: cheap, and enough that every oracle fails on one.
MEANT = {
    "NextValue": ["O1", "O1b", "O2", "O3"],
    "WholeMean": ["O1", "O9b"],
    "CountsRows": ["O3", "O3b"],
    "RankInHistory": ["O1b"],
    "NeighbourFuture": ["O9b"],
    "FillsBackwards": ["O4"],
    "ClassCache": ["O5"],
    "Unseeded": ["O5", "O5b"],
    "NeighbourValue": ["O6", "O9"],
    "Positional": ["O6", "O7"],
    "WritesIntoTraining": ["O10"],
    "NameMatters": ["O8"],
    "HorizonMatters": ["O12"],
    "HashOrder": ["O5b"],
    "PastOnlyPeek": ["O11"],
    "IntervalFromFuture": ["O1"],
    "ParameterFromFuture": ["O1"],
    "FailsByFuture": ["O1"],
    "FillsGapsBackwards": ["O4b"],
    "ReadsCallersFrame": ["O7", "O14"],
    "LosesItsState": ["O13"],
    "ComparesTestSeries": ["O6"],
    "BoosterTrainedOnce": ["O1", "O2", "O3b"],
}

# X: failed, .: passed, -: has nothing to ask. Columns as ORACLES: O1 O1b O2 O3 O3b O4 O4b O5 O5b O6 O7
# O8 O9 O9b O10 O11 O12 O13 O14.
MATRIX = {
    "NextValue": "XXXX.-X............",
    "WholeMean": "XXXXX-X..X..XX.....",
    "CountsRows": "...XX-X..X.........",
    "RankInHistory": "XXXXX-X............",
    "NeighbourFuture": "XXXXX-X..XX.XX.....",
    "FillsBackwards": ".....XX............",
    "ClassCache": "XXXXX-XX.XXXXXXXXXX",
    "Unseeded": "XXXXX-XXXXXXXXXXXXX",
    "NeighbourValue": "XXXXX-X..XX.XX.....",
    "Positional": ".....-...XX........",
    "WritesIntoTraining": ".....-........X..X.",
    "NameMatters": ".....-.....X.......",
    "HorizonMatters": ".....-..........X..",
    "HashOrder": ".....-..X..........",
    "PastOnlyPeek": ".....-.........X...",
    "IntervalFromFuture": "XXXX.-X............",
    "ParameterFromFuture": "XXXXX-X............",
    "FailsByFuture": "XX...-X............",
    "FillsGapsBackwards": "......X............",
    "ReadsCallersFrame": ".....-..X.X.......X",
    "LosesItsState": ".....-...........X.",
    "ComparesTestSeries": ".....-...X..-......",
    "BoosterTrainedOnce": "XXXXX-X..-..-X.....",
}
MARKS = {"failed": "X", "passed": ".", "not applicable": "-"}


def run(forecaster, *oracles, data=DATA, **settings):
    settings = {"h": 2, "cutoffs": CUTOFF, "n_series": 4, **settings}
    return audit({"it": forecaster}, data, oracles=oracles or None, **settings)


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_caught_by_the_oracles_meant_for_it(fault):
    table = run(PLANTED[fault], *MEANT[fault]).table
    assert dict.fromkeys(MEANT[fault], "failed") == dict(
        zip(table["oracle"], table["verdict"], strict=True)
    )


def test_every_oracle_is_meant_for_some_fault_and_every_fault_for_some_oracle():
    assert list(MEANT) == list(MATRIX) == list(PLANTED)
    assert {o.id for o in ORACLES} == {oracle for oracles in MEANT.values() for oracle in oracles}


@pytest.mark.nightly  # 23 faults x 19 oracles
def test_the_matrix_of_oracles_and_faults_is_the_one_that_is_written_here():
    PLANTED["ClassCache"].seen.clear()  # what earlier tests left, which a new process does not have
    matrix = leak_matrix()
    assert list(matrix.columns) == [o.id for o in ORACLES]
    marks = {fault: "".join(MARKS[v] for v in row) for fault, row in zip(
        matrix.index, matrix.to_numpy(), strict=True)}  # fmt: skip
    assert marks == MATRIX


@pytest.mark.parametrize(
    "honest",
    [
        LastValue(),
        fc.AutoETS(12),
        fc.LagRegression(LinearRegression(), lags=(1, 2, 12)),
        fc.Fallback((fc.SeasonalNaive(60), fc.Naive())),
    ],
    ids=lambda f: type(f).__name__,
)
def test_an_honest_forecaster_passes(honest):
    certificate = run(honest)
    assert certificate.passed
    assert set(certificate.table["oracle"]) == {o.id for o in ORACLES}


def test_an_oracle_without_a_forecast_to_compare_does_not_pass():
    certificate = run(fc.Naive(), "O4", "O1")
    assert {"O1": "passed", "O4": "not applicable"} == dict(
        zip(certificate.table["oracle"], certificate.table["verdict"], strict=True)
    )
    assert "MISSING" in certificate.table["reason"][1]


def test_a_forecaster_that_cannot_forecast_gets_no_verdict():
    certificate = run(fc.SeasonalNaive(60))
    assert {"not applicable"} == set(certificate.table["verdict"])
    assert not certificate.passed
    assert "without a verdict" in certificate.headline


def test_a_forecaster_that_raises_is_a_verdict_of_its_own_and_leaves_the_others_theirs():
    class Raises(LastValue):
        def _fit(self, history):
            raise RuntimeError("no")

    models = {"bad": Raises(), "good": LastValue()}
    table = audit(models, DATA, h=2, oracles=["O1", "O6"], n_series=2).table
    assert ["not applicable"] * 2 + ["passed"] * 2 == table["verdict"].tolist()


def test_one_series_has_no_neighbours():
    one = DATA[DATA["unique_id"] == "s0"]
    table = run(LastValue(), "O6", "O9", data=one).table
    assert {"not applicable"} == set(table["verdict"])


# Those that date rows: truncated, appended, ragged, a frame and back, predicted from.
DATED = ("O1", "O3", "O3b", "O4b", "O7", "O12", "O14")


def test_integer_time_with_a_step_is_audited_too():
    together = DATA.groupby("unique_id").cumcount(ascending=False)
    data = DATA.assign(ds=(48 - together) * 7)
    assert {"passed"} == set(run(LastValue(), *DATED, data=data, cutoffs=[294]).table["verdict"])


def test_time_zones_are_audited_too():
    data = DATA.assign(ds=DATA["ds"].dt.tz_localize("Europe/Zurich"))
    found = run(LastValue(), *DATED, data=data, cutoffs=["2021-08-01"])
    assert {"passed"} == set(found.table["verdict"])


def test_a_listed_calendar_is_audited_as_far_as_it_goes():
    listed = pd.DatetimeIndex(np.sort(DATA["ds"].unique()))
    table = run(LastValue(), *DATED, freq=listed).table.set_index("oracle")
    assert ["O3b"] == list(table.index[table["verdict"] != "passed"])
    assert "the listed calendar ends" in table.loc["O3b", "reason"]


def test_the_same_audit_gives_the_same_certificate():
    one, other = (run(LastValue(), "O1", "O7", n_series=2) for _ in range(2))
    assert one.to_json() == other.to_json()
    assert len(one.tried.ids) == 2
