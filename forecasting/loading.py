"""Reading model files: the one place where a file becomes a forecaster.

What a file can name is listed here. It chooses from the list; it adds nothing to it.
"""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from forecasting.answer import empty_answer
from forecasting.automatic.forecaster import AutoForecaster
from forecasting.base import Fitted, Forecaster
from forecasting.compose.booster import PanelBooster
from forecasting.compose.calibrate import Calibrated
from forecasting.compose.ensemble import Ensemble
from forecasting.compose.fallback import Fallback
from forecasting.compose.stl import STLForecaster
from forecasting.compose.transform import BoxCox, Difference, Log, Transformed
from forecasting.compose.weighted import WeightedEnsemble
from forecasting.compose.zeros import SkipZeros
from forecasting.distribution import ask
from forecasting.errors import ArgumentError, FrequencyError, tell
from forecasting.modelfile.container import read
from forecasting.modelfile.errors import ModelFileError, as_corrupt, demand
from forecasting.modelfile.panels import decode_panel
from forecasting.modelfile.signature import describe_data, library_versions
from forecasting.modelfile.values import decode, make_lookup
from forecasting.models.arima import ARIMA, AutoARIMA
from forecasting.models.autoregression import AutoRegressiveRidge
from forecasting.models.intermittent import ADIDA, IMAPA, TSB, Croston, CrostonSBA
from forecasting.models.naive import (
    HistoricAverage,
    Naive,
    RandomWalkWithDrift,
    SeasonalNaive,
    SeasonalNaiveDrift,
    SeasonalWindowAverage,
    WindowAverage,
)
from forecasting.models.prophet import HolidayCalendar, Prophet, Seasonality
from forecasting.models.regression import LagRegression
from forecasting.models.seasonal_ridge import SeasonalRidge
from forecasting.models.sktime import Sktime
from forecasting.models.smoothing.aggregated import AggregatedETS
from forecasting.models.smoothing.averaged import AveragedETS
from forecasting.models.smoothing.ets import ETS, SES, AutoETS, Holt, HoltWinters
from forecasting.models.smoothing.theta import (
    AutoTheta,
    DynamicOptimizedTheta,
    DynamicTheta,
    OptimizedTheta,
    Theta,
)
from forecasting.models.statsmodels import StatsmodelsARIMA, StatsmodelsETS, StatsmodelsTheta
from forecasting.models.weighted_quantiles import WeightedQuantiles
from forecasting.models.year_ago import YearAgo
from forecasting.panel import Panel
from forecasting.presenting import present
from forecasting.windows import final_window

#: Classes of ours by the name a file has for them, which stays whatever becomes of the class.
CLASSES: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        *(Naive, SeasonalNaive, RandomWalkWithDrift, HistoricAverage, WindowAverage),
        *(SeasonalWindowAverage, Croston, CrostonSBA, TSB, ADIDA, IMAPA),
        *(SeasonalNaiveDrift, YearAgo, AutoRegressiveRidge, WeightedQuantiles),
        *(SES, Holt, HoltWinters, ETS, AutoETS, ARIMA, AutoARIMA),
        AggregatedETS,
        AveragedETS,
        SeasonalRidge,
        *(Theta, OptimizedTheta, DynamicTheta, DynamicOptimizedTheta, AutoTheta),
        *(
            StatsmodelsARIMA,
            StatsmodelsETS,
            StatsmodelsTheta,
            Prophet,
            Seasonality,
            HolidayCalendar,
        ),
        *(
            LagRegression,
            Sktime,
            STLForecaster,
            Ensemble,
            WeightedEnsemble,
            Fallback,
            Calibrated,
            SkipZeros,
            AutoForecaster,
        ),
        PanelBooster,
        *(Transformed, Log, BoxCox, Difference),
    )
}

#: Regressors that need not be handed over, by the module of ours to say where each is.
REGRESSORS: dict[str, tuple[str, ...]] = {
    "sklearn.linear_model": (
        *("LinearRegression", "Ridge", "Lasso", "ElasticNet", "BayesianRidge", "HuberRegressor"),
        *("QuantileRegressor", "PoissonRegressor", "TweedieRegressor"),
    ),
    "sklearn.ensemble": (
        *("RandomForestRegressor", "ExtraTreesRegressor", "GradientBoostingRegressor"),
        "HistGradientBoostingRegressor",
    ),
    "sklearn.tree": ("DecisionTreeRegressor",),
    "sklearn.neighbors": ("KNeighborsRegressor",),
    "sklearn.svm": ("SVR", "LinearSVR"),
    "sklearn.neural_network": ("MLPRegressor",),
    "sklearn.preprocessing": ("StandardScaler", "MinMaxScaler", "RobustScaler"),
    "sklearn.impute": ("SimpleImputer",),
    "sklearn.pipeline": ("Pipeline",),
    "lightgbm": ("LGBMRegressor",),
}

#: Libraries that a class of ours estimates with.
LIBRARY = {
    **dict.fromkeys(("StatsmodelsARIMA", "StatsmodelsETS", "StatsmodelsTheta"), "statsmodels"),
    "PanelBooster": "lightgbm",
    "Prophet": "prophet",
    "Sktime": "sktime",
}


def load(path: str | os.PathLike[str], *, classes: Sequence[type] = ()) -> Any:
    """Read a forecaster that :meth:`Forecaster.save` wrote; nothing in the file can run.

    Parameters
    ----------
    path : str or path
    classes : sequence of type
        Classes of your own, or of other libraries, that the file may name: your forecasters, sktime's.
        The common regressors of scikit-learn and LightGBM need not be given.

    Returns
    -------
    Forecaster
        Fitted if it was fitted; its forecasts, intervals and failures have the same bits.

    Raises
    ------
    UnsafeModelFileError
        For a pickle or an archive, which is not opened.
    CorruptModelFileError
        If the file is damaged or edited. The digest is checked before anything is parsed.
    VersionMismatchError
        If only a later version of this package can read it. Every version reads the formats before it.
    ModelFileError
        If there is no such file, or it names a class that was not handed over.

    Notes
    -----
    The digest finds damage, not malice: who can write the file can make it forecast anything, or ask for
    an estimate that takes long. It cannot run code, write, or import.

    Examples
    --------
    >>> import tempfile, pandas as pd
    >>> from forecasting import SeasonalNaive
    >>> y = pd.Series([1.0, 2.0, 3.0], index=pd.date_range("2024-01-01", periods=3, freq="D"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     load(SeasonalNaive(3).fit(y).save(folder + "/sales.model")).predict(2).tolist()
    [1.0, 2.0]
    """
    lookup = make_lookup(CLASSES, _regressor, _checked(classes))
    content, news = read(path), ""
    with as_corrupt(str(path)):
        forecaster = decode(content["recipe"], lookup)
        demand(isinstance(forecaster, Forecaster), "it holds no forecaster")
        if content["fitted"] is not None:
            fitted = _fitted(forecaster, content["fitted"], content["signature"])
            object.__setattr__(forecaster, "_fitted", fitted)
            news = _other_versions(forecaster, content)
    if news:
        tell(news)
    return forecaster


def _checked(classes: Sequence[type]) -> Sequence[type]:
    if isinstance(classes, type):
        raise ArgumentError(f"classes takes a list, classes=[{classes.__name__}]")
    for cls in classes:
        if not isinstance(cls, type):
            raise ArgumentError(
                f"classes holds the classes themselves, got {str(cls)[:60]!r}; type classes=[MyForecaster]"
            )
    return classes


def _regressor(name: str) -> type | None:
    """Return a regressor of the table; its library is imported from where the table says it is."""
    top, _, short = name.partition(".")
    for module, names in REGRESSORS.items():
        if short in names and module.partition(".")[0] == top:
            try:
                found: type = getattr(importlib.import_module(module), short)
            except ImportError as error:
                raise ModelFileError(
                    f"the file holds a {short} and {top} is not installed; pip install "
                    f"{'scikit-learn' if top == 'sklearn' else top}"
                ) from error
            return found
    return None


def _fitted(forecaster: Forecaster, tree: dict[str, Any], signature: dict[str, Any]) -> Fitted:
    panel, seed = decode_panel(tree["panel"]), tree["seed"]
    demand(type(seed) is int, "the seed is no whole number")
    demand(signature["data"] == describe_data(panel), "its signature is that of other data")
    _try_to_present(panel)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fit said it all
        learned, failed = forecaster._restore(tree["kept"], final_window(panel, 1, seed))
    return Fitted(panel, learned, failed, seed)


def _try_to_present(panel: Panel) -> None:
    """Make an empty forecast table, so that a panel whose table cannot be made is found now."""
    windows = final_window(panel, 1, 0)
    try:
        present(panel, empty_answer(windows, ()), ask((), None), 1)
    except ModuleNotFoundError as error:
        raise ModelFileError(
            f"the data came as a frame of {panel.shape.backend} and {error.name} is not installed; "
            f"pip install {error.name}"
        ) from error
    except FrequencyError:  # a calendar that ends here: predict says so, as it did before
        return


def _other_versions(forecaster: Forecaster, content: dict[str, Any]) -> str:
    """Return what to say if something was estimated again by a library of another version."""
    again = forecaster._again(content["fitted"]["kept"])
    before, now = content["signature"]["made_by"], library_versions()
    demand(isinstance(before, dict), "it does not say what made it")
    used = {"numpy", "scipy", *_libraries(content["recipe"])}
    changed = [
        f"{name} {now[name]} instead of {before[name]}"
        for name in sorted(used & now.keys() & before.keys())
        if now[name] != before[name]
    ]
    if not again or not changed:
        return ""
    return (
        f"{', '.join(again)} was estimated again with {', '.join(changed)}: forecasts may differ from "
        "those of the forecaster that was saved; to keep the bits, keep the versions"
    )


def _libraries(tree: Any) -> Iterator[str]:
    if isinstance(tree, list):
        for item in tree:
            yield from _libraries(item)
    elif isinstance(tree, dict):
        if "$object" in tree:
            yield tree["$object"].partition(".")[0]
        elif tree.get("$class") in LIBRARY:
            yield LIBRARY[tree["$class"]]
        for item in tree.values():
            yield from _libraries(item)
