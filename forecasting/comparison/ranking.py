"""Mean ranks over many series, and how far apart they must be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecasting._typing import FloatArray
from forecasting.comparison.pairing import pair
from forecasting.errors import ArgumentError
from forecasting.metrics.groups import add_up


@dataclass(frozen=True, eq=False)
class Ranks:
    """Mean ranks of models over series.

    Attributes
    ----------
    mean_ranks : Series
        Model -> mean rank, best (smallest) first; 1 is best in every series.
    critical_difference : float
        Nemenyi: two models whose mean ranks differ by less are not told apart at ``level``.
    statistic, p_value : float
        Friedman chi-square, corrected for ties, and its p-value; NaN with one series or where all
        tie.
    n_series, n_dropped : int
        Series ranked, and series left out because some model has no loss there that can be paired.
    metric : str
    level : float
        In percent.
    """

    mean_ranks: pd.Series[float]
    critical_difference: float
    statistic: float
    p_value: float
    n_series: int
    n_dropped: int
    metric: str
    level: float


def ranks(
    forecasts: pd.DataFrame,
    scales: pd.DataFrame | None = None,
    *,
    metric: str = "MASE",
    level: float = 95,
) -> Ranks:
    r"""Rank the models inside each series and average: with the critical difference of Nemenyi.

    In each series the models are ranked by their mean loss over the cells that *all* of them have
    forecast; ties share the mean rank.

    .. math:: CD = q_\alpha \sqrt{\frac{k (k + 1)}{6 N}}

    with k models, N series and :math:`q_\alpha` the quantile of the studentized range over
    :math:`\sqrt 2`.

    Parameters
    ----------
    forecasts, scales, metric
        As in :func:`compare`.
    level : float
        In percent; 95 is a familywise error of 5 % over all pairs of models.

    Raises
    ------
    ArgumentError
        Fewer than two models, no series in which all can be ranked, or a metric that cannot be
        compared.

    Notes
    -----
    *Assumes* that the series are independent of one another: on series that move together (regions
    of one country, categories of one shop) the critical difference is too small. Says nothing of
    how much better a model is: a model may win most series by a hair and lose the rest by much.

    Demsar 2006, "Statistical comparisons of classifiers over multiple data sets", JMLR 7, 1-30;
    Nemenyi 1963; Friedman 1937, doi:10.1080/01621459.1937.10503522.
    """
    if not 0 < level < 100:
        raise ArgumentError(f"level is a percentage between 0 and 100, got {level!r}; try level=95")
    pairs = pair(forecasts, scales, metric)
    k = len(pairs.models)
    if k < 2:
        raise ArgumentError(f"ranks need at least two models, there is {k}")
    used = pairs.complete(range(k))
    n_all = len(pairs.table.series.labels)
    count = np.bincount(pairs.series[used], minlength=n_all)
    kept = count > 0
    if not kept.any():
        raise ArgumentError("there is no series in which every model has a loss; see .failures")
    sums = [add_up(pairs.series[used], pairs.losses[used, i], n_all)[kept] for i in range(k)]
    table = np.stack(sums, axis=1) / count[kept, None]  # (series, models)
    statistic, p_value, mean = friedman(table)
    order = np.argsort(mean, kind="stable")
    names: list[Any] = [pairs.models[i] for i in order]
    return Ranks(
        mean_ranks=pd.Series(mean[order], index=pd.Index(names, name="model"), name="mean_rank"),
        critical_difference=critical_difference(k, len(table), level=level),
        statistic=statistic,
        p_value=p_value,
        n_series=len(table),
        n_dropped=n_all - len(table),
        metric=metric,
        level=level,
    )


def friedman(values: FloatArray) -> tuple[float, float, FloatArray]:
    r"""Return the Friedman chi-square, its p-value, and the mean ranks, of (blocks, models) losses.

    .. math:: \chi^2_F = \frac{12 N}{k (k + 1)} \sum_j \left(R_j - \frac{k + 1}{2}\right)^2 / C,
              \qquad C = 1 - \frac{\sum (t^3 - t)}{N k (k^2 - 1)}

    C corrects for ties (t values sharing a rank); chi-square with k - 1 degrees of freedom, a good
    approximation from about N > 10.
    """
    from scipy.special import chdtrc

    n, k = values.shape
    below = (values[:, :, None] > values[:, None, :]).sum(axis=2)  # how many are smaller
    equal = (values[:, :, None] == values[:, None, :]).sum(axis=2)  # itself included
    mean = (below + (equal + 1) / 2).mean(axis=0)
    # Every member of a tie of t adds t^2 - 1; t members make t^3 - t.
    correction = 1 - (equal.astype(np.float64) ** 2 - 1).sum() / (n * k * (k * k - 1))
    if n < 2 or correction <= 0:
        return float("nan"), float("nan"), mean
    statistic = 12 * n / (k * (k + 1)) * np.sum((mean - (k + 1) / 2) ** 2) / correction
    return float(statistic), float(chdtrc(k - 1, statistic)), mean


def critical_difference(n_models: int, n_series: int, *, level: float = 95) -> float:
    """Return Nemenyi's critical difference of mean ranks.

    Examples
    --------
    >>> round(critical_difference(4, 14), 3)  # q = 2.569 in table 5 of Demsar 2006
    1.254
    """
    from scipy.stats import studentized_range

    q = float(studentized_range.ppf(level / 100, n_models, np.inf)) / np.sqrt(2)
    return float(q * np.sqrt(n_models * (n_models + 1) / (6 * n_series)))
