"""The public contract of a forecaster, as checks that anybody can run on their own class.

``check_forecaster(MyForecaster())`` runs every check and raises with all that failed;
``parametrize_forecasters([...])`` makes a pytest test of each. What is checked: a forecast does not
change by one bit when anything after its cutoff changes, nor with the order of rows and series, a rerun
in another process, the names or the company of the other series (the oracles of ``forecasting.audit``);
nor with the number of processes; intervals nest; fitting forgets and leaves global state alone;
answering all windows at once equals answering them one by one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from forecasting.base import Forecaster
from forecasting.errors import ForecastingError
from forecasting.testing import behaviour, oracles
from forecasting.testing.case import Case, ContractError, contract_panel, make_case

if TYPE_CHECKING:
    import pytest

#: Every check by name.
CONTRACT: dict[str, Callable[[Case], None]] = oracles.CHECKS | behaviour.CHECKS


def check_forecaster(
    forecaster: Forecaster,
    *,
    data: pd.DataFrame | None = None,
    h: int = 4,
    skip: Sequence[str] = (),
) -> pd.DataFrame:
    """Run the whole contract on one forecaster.

    Parameters
    ----------
    forecaster : Forecaster
    data : DataFrame, optional
        A long frame ``unique_id, ds, y`` with at least ``2 h + 3`` times beyond what the forecaster
        needs; 72 months of three series by default.
    h : int
        Horizon of the checks.
    skip : sequence of str
        Names of checks to leave out; say why in your test.

    Returns
    -------
    DataFrame
        ``check, what, seconds``: what was checked.

    Raises
    ------
    ContractError
        With every check that failed.
    """
    case = make_case(forecaster, data, h)
    rows, broken = [], []
    for name, check in CONTRACT.items():
        if name in skip:
            continue
        began = time.perf_counter()
        try:
            check(case)
        except (ContractError, ForecastingError) as error:
            broken.append(f"- {name}: {error}")
        what = " ".join((check.__doc__ or "").split("\n\n")[0].split())
        rows.append({"check": name, "what": what, "seconds": time.perf_counter() - began})
    if broken:
        raise ContractError(
            f"{forecaster!r} breaks the contract in {len(broken)} places:\n" + "\n".join(broken)
        )
    return pd.DataFrame(rows)


def parametrize_forecasters(
    forecasters: Sequence[Forecaster], *, data: pd.DataFrame | None = None, h: int = 4
) -> pytest.MarkDecorator:
    """Return a pytest decorator: one test per forecaster and check.

    Examples
    --------
    ::

        @parametrize_forecasters([SeasonalMean(12)])
        def test_contract(forecaster_check):
            forecaster_check()
    """
    import pytest

    cases: dict[int, Case] = {}

    def run(at: int, check: Callable[[Case], None]) -> None:
        if at not in cases:
            cases[at] = make_case(forecasters[at], data, h)
        check(cases[at])

    params = [
        pytest.param(lambda at=at, check=check: run(at, check), id=f"{forecaster!r}-{name}")
        for at, forecaster in enumerate(forecasters)
        for name, check in CONTRACT.items()
    ]
    return pytest.mark.parametrize("forecaster_check", params)


__all__ = [
    "CONTRACT",
    "Case",
    "ContractError",
    "check_forecaster",
    "contract_panel",
    "make_case",
    "parametrize_forecasters",
]
