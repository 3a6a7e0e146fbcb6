"""From a forecaster to a model file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecasting.modelfile.container import pack
from forecasting.modelfile.panels import encode_panel
from forecasting.modelfile.signature import describe_data, highest_level, made_by
from forecasting.modelfile.values import encode
from forecasting.modelfile.writing import write_whole
from forecasting.panel import Panel


@dataclass(frozen=True, eq=False)
class Fit:
    """What is kept of a fit.

    Attributes
    ----------
    kept : tree of plain values and arrays, or None
        What was learned; None if ``load`` is to learn it again from the panel.
    again : tuple of str
        The forecasters that ``load`` is to estimate again.
    """

    panel: Panel
    seed: int
    kept: Any
    again: tuple[str, ...]


def save(
    path: str | os.PathLike[str], forecaster: Any, min_observations: int, fit: Fit | None
) -> Path:
    """Write a forecaster, a frozen dataclass of any class, and what is kept of its fit."""
    recipe = encode(forecaster, type(forecaster).__name__)
    signature: dict[str, Any] = {
        "forecaster": repr(forecaster),
        "fitted": fit is not None,
        "min_observations": min_observations,
        "made_by": made_by(),
    }
    fitted = None
    if fit is not None:
        signature["estimated_again"] = list(fit.again)
        signature["data"] = describe_data(fit.panel)
        signature["seed"] = fit.seed
        signature["fingerprint"] = fit.panel.fingerprint
        signature["calibrated_level"] = highest_level(fit.panel, min_observations)
        fitted = {"panel": encode_panel(fit.panel), "seed": fit.seed, "kept": fit.kept}
    return write_whole(path, pack({"signature": signature, "recipe": recipe, "fitted": fitted}))
