"""ARIMA whose order is chosen at every cutoff."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from forecasting._typing import AnyArray, FloatArray, IntArray
from forecasting.errors import ArgumentError, check_count, show_id, show_ids
from forecasting.fits import Fits, Rows
from forecasting.kernels import arima as kernel
from forecasting.kernels import mathematics
from forecasting.kernels.arima import Column, Order
from forecasting.models.arima.common import Family, check_order, described


@mathematics.documented(mathematics.ARIMA)
@dataclass(frozen=True)
class AutoARIMA(Family):
    """Seasonal ARIMA whose differences and order are chosen anew at every cutoff (Hyndman and Khandakar 2008).

    Parameters
    ----------
    season_length : int
        Steps in a season; 1 without a season.
    max_order : (int, int, int)
        The largest ``(p, d, q)``.
    max_seasonal_order : (int, int, int)
        The largest ``(P, D, Q)``; ``D`` is at most 1.
    search : {"stepwise", "exhaustive"}
        Look at the neighbours of the best order until none is better, or at every order within the limits.

    Notes
    -----
    Needs four values that are not missing. Otherwise as :class:`ARIMA`, regressors included: with them, as in
    R, differences are chosen on the residuals of a least-squares regression. A constant is tried where
    ``d + D`` is at most 1.

    ``parameters()`` tells what :class:`ARIMA` tells, and why this order: ``contender_1``, ``contender_1_aicc``,
    ..., the next best orders that the search went to the bottom of. :meth:`explain` has them a row each.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> e = np.random.default_rng(1).normal(size=80)
    >>> y = pd.Series(np.cumsum(e), pd.date_range("2024-01-01", periods=80, freq="D"))
    >>> AutoARIMA().fit(y).parameters()["method"].tolist()
    ['ARIMA(0,1,0)']
    """

    season_length: int = 1
    max_order: tuple[int, int, int] = (5, 2, 5)
    max_seasonal_order: tuple[int, int, int] = (2, 1, 2)
    search: Literal["stepwise", "exhaustive"] = "stepwise"

    def __post_init__(self) -> None:
        check_count(self.season_length, "season_length")
        check_order(self.max_order, "max_order")
        check_order(self.max_seasonal_order, "max_seasonal_order")
        if self.max_order[1] > 2 or self.max_seasonal_order[1] > 1:
            raise ArgumentError(
                "more than two differences, or than one of the season, are not chosen; lower "
                f"max_order={self.max_order!r} or max_seasonal_order={self.max_seasonal_order!r}, or name "
                "the order with ARIMA"
            )
        if self.search not in ("stepwise", "exhaustive"):
            raise ArgumentError(f"search must be 'stepwise' or 'exhaustive', got {self.search!r}")

    @property
    def _limits(self) -> Order:
        m = int(self.season_length)
        seasonal = self.max_seasonal_order if m > 1 else (0, 0, 0)
        return Order(self.max_order, seasonal, m, contenders=kernel.N_CONTENDERS)

    @property
    def min_observations(self) -> int:
        return Order((0, 0, 0), constant=True).n_needed

    def _records(self, rows: Rows, starts: IntArray, stops: IntArray) -> FloatArray:
        limits = dataclasses.replace(self._limits, regressors=len(rows.X_names))
        stepwise = self.search == "stepwise"
        return kernel.choose(
            rows.values, starts, stops, limits, regressors=rows.X, stepwise=stepwise
        )

    def _parameters(self, fits: Fits) -> dict[str, AnyArray]:
        table, limits = super()._parameters(fits), self._limits_of(fits)
        others = kernel.contenders(fits["records"], limits)
        d = fits["records"][..., [Column.D, Column.SEASONAL_D]]
        for j in range(limits.contenders):
            other = others[..., j, :]
            p, q, seasonal_p, seasonal_q, constant, aicc = np.moveaxis(other, -1, 0)
            order = [p, d[..., 0], q, seasonal_p, d[..., 1], seasonal_q, constant]
            table[f"contender_{j + 1}"] = described(np.stack(order, -1), limits.season_length)
            table[f"contender_{j + 1}_aicc"] = aicc
        return table

    def explain(self, unique_id: object = None) -> pd.DataFrame:
        """Return the order that ``fit`` chose and the next best, with what they lose by AICc.

        Parameters
        ----------
        unique_id : optional
            One series; all of them by default.

        Returns
        -------
        DataFrame
            A row for each order, those of a series together and the best first: ``unique_id, method, p, d, q,
            P, D, Q, constant, aicc, difference`` (to the chosen) and ``chosen``. ``attrs["why"]`` says it in a
            line, by ``unique_id``.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ArgumentError
            If the series is not there, or could not be fitted.

        Notes
        -----
        Contenders are fitted to 0.01 in AICc while orders are compared, the chosen one to 1e-5. At most
        three are kept; orders that were foretold to end 2 or more above the best are given up on the way, and
        orders with a root near the unit circle are not admitted. In a backtest the same stand, a cutoff a row,
        in ``parameters`` under ``contender_1``, ....

        Examples
        --------
        >>> import numpy as np, pandas as pd
        >>> e = np.random.default_rng(1).normal(size=80)
        >>> y = pd.Series(np.cumsum(e), pd.date_range("2024-01-01", periods=80, freq="D"))
        >>> found = AutoARIMA().fit(y).explain()
        >>> found["method"].iloc[0], found["chosen"].tolist()
        ('ARIMA(0,1,0)', [True, False, False, False])
        """
        fitted = self._require_fitted()
        failed, ids = fitted.failed.failed()[:, 0], fitted.panel.ids
        series = np.flatnonzero(~failed)
        if unique_id is not None:
            series = np.flatnonzero(ids == unique_id)
            if len(series) == 0:
                raise ArgumentError(
                    f"there is no series {show_id(unique_id)}; there are {show_ids(ids)}"
                )
            if failed[series[0]]:
                raise ArgumentError(f"{show_id(unique_id)} could not be fitted; see failures")
        if len(series) == 0:
            raise ArgumentError("no series could be fitted; see failures")
        fits = fitted.learned.take((series, np.zeros(len(series), dtype=np.int64)))
        return explained(fits, self._limits_of(fits), ids[series])


def explained(fits: Fits, limits: Order, ids: pd.Index) -> pd.DataFrame:
    """Return the table of :meth:`AutoARIMA.explain` of n x 1 fits."""
    records = fits["records"][:, 0]
    others, k = kernel.contenders(records, limits), limits.contenders
    table = np.full((len(records), 1 + k, 8), np.nan)  # p, d, q, P, D, Q, constant, aicc
    table[:, 0, :7] = records[:, Column.P : Column.CONSTANT + 1]
    table[:, 0, 7] = kernel.aicc(records, limits)
    table[:, 1:, [0, 2, 3, 5, 6, 7]] = others
    seen = ~np.isnan(others[..., 0])
    table[:, 1:, [1, 4]] = np.where(seen[..., None], table[:, :1, [1, 4]], np.nan)
    names = described(table[..., :7], limits.season_length)
    difference = table[..., 7] - table[:, :1, 7]
    order = np.argsort(
        np.where(np.isnan(difference), np.inf, difference)[:, 1:], axis=1, kind="stable"
    )
    order = np.concatenate([np.zeros((len(order), 1), dtype=np.int64), order + 1], axis=1)
    at = (np.arange(len(order))[:, None], order)
    kept = np.concatenate([np.ones((len(order), 1), dtype=bool), seen], axis=1)[at]
    numbers = table[at][kept]
    found = pd.DataFrame(
        {
            "unique_id": np.repeat(ids, kept.sum(axis=1)),
            "method": names[at][kept],
            **{
                name: numbers[:, j].astype(np.int64)
                for j, name in enumerate(("p", "d", "q", "P", "D", "Q"))
            },
            "constant": numbers[:, 6] > 0,
            "aicc": numbers[:, 7],
            "difference": difference[at][kept],
            "chosen": np.broadcast_to(np.arange(1 + k) == 0, kept.shape)[kept],
        }
    )
    found.attrs["why"] = {
        i: why(names[row][order[row]], difference[row][order[row]], int(kept[row].sum()))
        for row, i in enumerate(ids)
    }
    return found


def why(names: AnyArray, difference: FloatArray, n: int) -> str:
    """Return a line that says why the first of ``n`` orders was chosen."""
    if n == 1:
        return f"{names[0]}: no other order came near, or nothing was left to explain"
    lead, gap = f"{names[0]} has the least AICc", difference[1]
    if gap < 0.01:
        return f"{lead}, as good as that of {names[1]}"
    near = int(np.count_nonzero(difference[1:n] < 2))
    close = f"; {near} within 2" if near > 1 else ""
    return f"{lead}, {gap:.2f} less than {names[1]}{close}"
