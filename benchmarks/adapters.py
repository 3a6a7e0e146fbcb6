"""What an adapter costs over the library it calls: CPU time of fit and forecast, side by side.

    python -m benchmarks.adapters [name ...]

Each row times the library as its manual calls it (a plain array, point forecast of 12 steps) and our
forecaster on the same series, in turns; the figure is the median over rounds of the smaller cost per
fit. The aim is a ratio of at most 1.10. Add a row to ``CASES`` for another adapter.
"""

from __future__ import annotations

import logging
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
import pandas as pd

from forecasting.base import Forecaster
from forecasting.compose.stl import STLForecaster
from forecasting.models.prophet import Prophet
from forecasting.models.statsmodels import StatsmodelsARIMA, StatsmodelsETS, StatsmodelsTheta

H = 12


@dataclass(frozen=True)
class Case:
    """One adapter, and the library called directly on the same series."""

    name: str
    forecaster: Forecaster
    library: Callable[[pd.Series], object]
    rounds: int = 9


def monthly(n: int = 96) -> pd.Series:
    """Return a trending, seasonal series of months."""
    rng = np.random.default_rng(0)
    t = np.arange(n)
    y = (100 + 2 * t) * (1 + 0.3 * np.sin(t * np.pi / 6)) + rng.normal(0, 4, n)
    return pd.Series(y, index=pd.date_range("2010-01-01", periods=n, freq="MS"))


def ets(y: pd.Series) -> object:
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    model = ETSModel(
        y.to_numpy(), trend="add", damped_trend=True, seasonal="add", seasonal_periods=12
    )
    return model.fit(disp=False).forecast(H)


def simple(y: pd.Series) -> object:
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    return ETSModel(y.to_numpy()).fit(disp=False).forecast(H)


def theta(y: pd.Series) -> object:
    from statsmodels.tsa.forecasting.theta import ThetaModel

    return ThetaModel(y.to_numpy(), period=12).fit().forecast(H)


def arima(y: pd.Series) -> object:
    from statsmodels.tsa.arima.model import ARIMA

    return ARIMA(y.to_numpy(), order=(1, 1, 1)).fit().forecast(H)


def stl_arima(y: pd.Series) -> object:
    from statsmodels.tsa.arima.model import ARIMA
    from statsmodels.tsa.forecasting.stl import STLForecast

    model = STLForecast(y.to_numpy(), ARIMA, model_kwargs={"order": (1, 1, 0)}, period=12)
    return model.fit().forecast(H)


def prophet(y: pd.Series) -> object:
    from prophet import Prophet as Library

    model = Library().fit(pd.DataFrame({"ds": y.index, "y": y.to_numpy()}))
    ahead = pd.date_range(y.index[-1], periods=H + 1, freq="MS")[1:]
    return model.predict(pd.DataFrame({"ds": ahead}))


def prophet_without_draws(y: pd.Series) -> object:
    from prophet import Prophet as Library

    model = Library(uncertainty_samples=0).fit(pd.DataFrame({"ds": y.index, "y": y.to_numpy()}))
    ahead = pd.date_range(y.index[-1], periods=H + 1, freq="MS")[1:]
    return model.predict(pd.DataFrame({"ds": ahead}))


CASES = [
    Case("ETS(A,N,N)", StatsmodelsETS(), simple, 25),
    Case("ETS(A,Ad,A)", StatsmodelsETS(12, trend="add", damped=True, seasonal="add"), ets),
    Case("Theta", StatsmodelsTheta(12), theta, 25),
    Case("ARIMA(1,1,1)", StatsmodelsARIMA(), arima),
    Case("STL + ARIMA(1,1,0)", STLForecaster(12, StatsmodelsARIMA(order=(1, 1, 0)), 7), stl_arima),
    Case("Prophet, its draws too", Prophet(), prophet),
    Case("Prophet, mean alone", Prophet(), prophet_without_draws),
]


def cpu() -> float:
    """Return CPU seconds of this process and of its children (Prophet's optimiser is one)."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def spend(call: Callable[[], object], n: int) -> tuple[float, float]:
    """Return wall and CPU seconds per call over ``n`` calls."""
    began, burnt = time.perf_counter(), cpu()
    for _ in range(n):
        call()
    return (time.perf_counter() - began) / n, (cpu() - burnt) / n


def ours(forecaster: Forecaster, windows: object) -> Callable[[], object]:
    """Return what the engine does with one series: fit, predict, keep the answer."""
    return lambda: forecaster.answer(windows)  # type: ignore[arg-type]


def main(names: list[str]) -> None:
    from forecasting.reading import as_panel
    from forecasting.windows import final_window

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    y = monthly()
    windows = final_window(as_panel(y), H, 0)
    libraries = " ".join(f"{n} {version(n)}" for n in ("statsmodels", "prophet", "numpy", "pandas"))
    print(
        f"{libraries}; python {sys.version.split()[0]}; {os.cpu_count()} cores; n = {len(y)}, h = {H}"
    )
    print(f"{'':26}{'library':>12}{'adapter':>12}{'ratio':>8}{'  CPU ratio':>11}")
    for case in CASES:
        if names and not any(name.lower() in case.name.lower() for name in names):
            continue
        mine, theirs = ours(case.forecaster, windows), lambda case=case: case.library(y)
        mine(), theirs()  # imports and first calls
        n = max(1, int(0.05 / spend(theirs, 1)[0]))
        pairs = [(spend(theirs, n), spend(mine, n)) for _ in range(case.rounds)]
        wall = [min(pair[side][0] for pair in pairs) for side in (0, 1)]
        burnt = [statistics.median(pair[side][1] for pair in pairs) for side in (0, 1)]
        print(
            f"{case.name:26}{wall[0] * 1e3:9.2f} ms{wall[1] * 1e3:9.2f} ms"
            f"{wall[1] / wall[0]:8.2f}{burnt[1] / max(burnt[0], 1e-9):11.2f}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
