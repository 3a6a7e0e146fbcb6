"""The versions that a run depends on."""

from __future__ import annotations

import functools
import platform
from importlib import metadata

PACKAGES = (
    "forecasting", "numpy", "pandas", "scipy", "statsmodels", "prophet", "sktime", "lightgbm",
)  # fmt: skip


@functools.cache
def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def versions() -> dict[str, str]:
    """Return the versions that a run depends on."""
    return dict(_versions())
