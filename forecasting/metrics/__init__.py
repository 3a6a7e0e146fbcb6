"""Metrics: losses per observation, scales from the training part, one catalogue, any grouping."""

from forecasting.metrics.catalogue import METRICS, Metric
from forecasting.metrics.scales import seasonal_naive_scale
from forecasting.metrics.summary import losses as losses
from forecasting.metrics.summary import summarise, summarise_parts

__all__ = ["METRICS", "Metric", "losses", "seasonal_naive_scale", "summarise", "summarise_parts"]
