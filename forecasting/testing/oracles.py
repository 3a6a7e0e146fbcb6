"""The oracles of the leak audit as checks of the contract."""

from __future__ import annotations

from collections.abc import Callable

from forecasting.auditing import ORACLES, Oracle, judge
from forecasting.testing.case import Case, ContractError


def as_check(oracle: Oracle) -> Callable[[Case], None]:
    """Return a check that raises where an oracle fails; what is not applicable passes."""

    def check(case: Case) -> None:
        finding = judge(oracle, case.trial)
        if finding.verdict == "failed":
            raise ContractError(f"{finding.reason}: {finding.first_difference}")

    check.__doc__ = f"{oracle.id}: {oracle.what}"
    return check


CHECKS = {oracle.name: as_check(oracle) for oracle in ORACLES}
