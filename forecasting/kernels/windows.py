"""What every kernel that answers windows checks of its arrays."""

from __future__ import annotations

import numpy as np

from forecasting._typing import FloatArray, IntArray
from forecasting.errors import ArgumentError


def check_windows(values: FloatArray, starts: IntArray, stops: IntArray) -> None:
    """Raise :class:`ArgumentError` unless ``values[starts[i]:stops[i, k]]`` are windows, stops ascending."""
    if values.ndim != 1 or starts.ndim != 1 or stops.ndim != 2 or len(starts) != len(stops):
        raise ArgumentError(
            "windows need values of shape (n,), starts of shape (S,) and stops of shape (S, K); "
            f"got {values.shape}, {starts.shape} and {stops.shape}."
        )
    for name, edges in (("starts", starts), ("stops", stops)):
        if edges.size and (edges.min() < 0 or edges.max() > len(values)):
            raise ArgumentError(
                f"{name} must lie within 0 and {len(values)}, the number of values; "
                f"got {edges.min()} to {edges.max()}."
            )
    if (np.diff(stops, axis=1) < 0).any():
        raise ArgumentError(
            "stops must ascend along each series; sort them with np.sort(stops, axis=1)."
        )
