"""What a person, or a program that serves forecasts, wants to know of a model file before it is loaded."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from typing import Any

import numpy as np
import pandas as pd

from forecasting.errors import show_time
from forecasting.modelfile.container import read
from forecasting.modelfile.errors import as_corrupt, demand
from forecasting.panel import Panel

#: Libraries whose version can change a forecast that ``load`` estimates again.
LIBRARIES = ("numpy", "scipy", "pandas", "statsmodels", "sklearn", "lightgbm", "prophet", "sktime")


def read_signature(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a model file says of itself, without loading it.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    dict
        ``forecaster`` (its repr), ``fitted``, ``min_observations``, ``made_by`` (versions). If it is fitted
        also ``seed``, ``fingerprint`` of the data, ``estimated_again`` (the forecasters that ``load`` has
        to estimate again), ``calibrated_level`` (up to which past errors of the shortest series carry an
        interval of step 1; one with a distribution of its own takes any), and ``data``: ``n_series,
        n_rows``, ``id`` (column, dtype), ``time`` (column, kind, freq, zone, first and last cutoff),
        ``target``, ``regressors`` by role.

    Raises
    ------
    ModelFileError
        As :func:`forecasting.load`.
    """
    content = read(path)
    with as_corrupt(str(path)):
        found: dict[str, Any] = content["signature"]
        demand(isinstance(found, dict), "it has no signature")
        return found


def made_by() -> dict[str, str]:
    """Return the versions of this package, Python, and the libraries that are loaded."""
    try:
        own = metadata.version("forecasting")
    except metadata.PackageNotFoundError:
        own = "not installed"
    return {"forecasting": own, "python": platform.python_version(), **library_versions()}


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that are loaded."""
    loaded = {name: sys.modules[name] for name in LIBRARIES if name in sys.modules}
    return {name: str(vars(module).get("__version__", "?")) for name, module in loaded.items()}


def describe_data(panel: Panel) -> dict[str, Any]:
    """Return the part of a signature that follows from the panel alone."""
    calendar, shape, covariates = panel.calendar, panel.shape, panel.covariates
    ends = calendar.times(np.array([panel.end.min(), panel.end.max()]))
    return {
        "n_series": panel.n_series,
        "n_rows": len(panel.values),
        "id": {"column": shape.id_col if shape.has_ids else None, "dtype": _dtype(panel.ids)},
        "time": {
            "column": shape.time_col,
            "kind": calendar.kind,
            "freq": calendar.freq,
            "zone": None if calendar.tz is None else str(calendar.tz),
            "cutoffs": [show_time(end) for end in ends],
        },
        "target": shape.target_col,
        "regressors": {
            "known_future": list(covariates.known_names),
            "past_only": list(covariates.past_names),
            "static": list(covariates.static_names),
        },
    }


def _dtype(ids: pd.Index[Any]) -> str:
    """Return the name of a dtype, the same whatever pandas calls its text."""
    return "str" if ids.dtype == object else str(ids.dtype)


def highest_level(panel: Panel, min_observations: int) -> float:
    """Return the level up to which the past errors of the shortest series carry an interval of step 1.

    ``n`` errors carry ``100 n / (n + 1)`` percent, rounded down to a tenth.
    """
    n = max(0, int(panel.lengths.min()) - min_observations)
    return 1000 * n // (n + 1) / 10
