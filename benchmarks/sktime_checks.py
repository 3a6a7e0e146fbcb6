"""sktime's own ``check_estimator``, in full, on forecasters of ours behind ``as_sktime``.

Run: ``python -m benchmarks.sktime_checks [NAME ...]``, names as in ``FORECASTERS`` below. Each is
checked as an instance; ``class`` checks the class with the parameters that it gives sktime for its
tests, five of our forecasters in one run. Without a name it takes everything. Prints how many
checks passed and failed, and the failed ones by name; the exit code is the number of runs with a
failure.

pytest must be installed: the checks are sktime's test suite.
"""

from __future__ import annotations

import platform
import sys
import time
import warnings
from collections.abc import Mapping

import pandas as pd
import sktime
from sktime.utils.estimator_checks import check_estimator

from forecasting import (
    Calibrated,
    Croston,
    Ensemble,
    Forecaster,
    HistoricAverage,
    Naive,
    RandomWalkWithDrift,
    SeasonalNaive,
    SeasonalWindowAverage,
    WindowAverage,
)
from forecasting.as_sktime import as_sktime

FORECASTERS: Mapping[str, Forecaster] = {
    "Naive": Naive(),
    "SeasonalNaive": SeasonalNaive(4),
    "RandomWalkWithDrift": RandomWalkWithDrift(),
    "HistoricAverage": HistoricAverage(),
    "WindowAverage": WindowAverage(3),
    "SeasonalWindowAverage": SeasonalWindowAverage(2, 2),
    "Croston": Croston(),
    "Ensemble": Ensemble((Naive(), HistoricAverage())),
    "Calibrated": Calibrated(RandomWalkWithDrift(), n_windows=8),
}
CLASS = "class"
KNOWN = (*FORECASTERS, CLASS)


def check(name: str) -> int:
    """Run the checks on one forecaster, or the class, print the figures, return how many failed."""
    began = time.perf_counter()
    subject = type(as_sktime(Naive())) if name == CLASS else as_sktime(FORECASTERS[name])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(subject, verbose=False)
    seconds = time.perf_counter() - began
    failed = {check: outcome for check, outcome in results.items() if str(outcome) != "PASSED"}
    print(
        f"{name}: {len(results) - len(failed)} passed, {len(failed)} failed, {seconds:.0f} s",
        flush=True,
    )
    for check, outcome in failed.items():
        print(f"  {check}: {type(outcome).__name__}: {str(outcome)[:200]}", flush=True)
    return len(failed)


def main(names: list[str]) -> int:
    """Check the named forecasters, or all."""
    unknown = [name for name in names if name not in KNOWN]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; known: {', '.join(KNOWN)}")
        return 2
    print(
        f"sktime {sktime.__version__}, pandas {pd.__version__}, Python {platform.python_version()}"
    )
    return sum(check(name) > 0 for name in names or KNOWN)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
