"""Exponential smoothing and its relatives, estimated by our own kernels."""

from forecasting.models.smoothing.theta import (
    AutoTheta,
    DynamicOptimizedTheta,
    DynamicTheta,
    OptimizedTheta,
    Theta,
)

__all__ = [
    "AutoTheta",
    "DynamicOptimizedTheta",
    "DynamicTheta",
    "OptimizedTheta",
    "Theta",
]
