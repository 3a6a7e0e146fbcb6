"""Which oracle of the leak audit catches which planted fault."""

from __future__ import annotations

from forecasting.auditing import ORACLES
from forecasting.testing.planted import PLANTED, leak_matrix

MARKS = {"failed": "X", "passed": ".", "not applicable": "-"}


def main() -> None:
    """Print the matrix, and what each oracle and each fault is."""
    marks = leak_matrix().replace(MARKS)
    print(marks.rename_axis(index=None, columns=None).to_string())
    caught, able = (marks == "X").any(axis=1), (marks == "X").any(axis=0)
    print(
        f"\nX caught, . passed, - nothing to ask. {caught.sum()} of {len(caught)} faults are caught;"
    )
    print(f"{able.sum()} of {len(able)} oracles catch at least one.\n")
    for oracle in ORACLES:
        print(f"{oracle.id:<5}{oracle.name:<22}{oracle.what}")
    print()
    for name, forecaster in PLANTED.items():
        print(f"{name:<22}{(type(forecaster).__doc__ or '').strip()}")


if __name__ == "__main__":
    main()
