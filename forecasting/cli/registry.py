"""Forecasters by name: what ``--models`` takes, and how its text becomes a forecaster.

A name stands for a forecaster with the parameters one would start with, the season taken from the data.
``ets(model='MAM')`` changes some of them, ``SeasonalNaive(7)`` names a class, and ``weekly=snaive(7)``
gives the result a name of its own. Values are Python literals; nothing is ever evaluated.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import importlib
import importlib.util
import inspect
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from forecasting.automatic.forecaster import AutoForecaster
from forecasting.base import Forecaster
from forecasting.cli.exits import OK, USAGE, stop
from forecasting.cli.text import WIDTH, aligned, say
from forecasting.compose.stl import STLForecaster
from forecasting.errors import ArgumentError, nearest
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
from forecasting.models.prophet import Prophet
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

Build = Callable[..., Forecaster]
DEFAULT_MODELS = ("naive", "snaive", "ets", "theta")


@dataclass(frozen=True)
class Entry:
    """One name of ``--models``.

    Attributes
    ----------
    says : str
        What it is, in a line.
    build : callable
        Makes the forecaster; a class of ours, or a function with the same manners.
    usual : callable of the season length
        Keyword arguments one would start with.
    needs : str
        Package that must be installed for it, beside those that always are.
    """

    says: str
    build: Build
    usual: Callable[[int], dict[str, Any]] = lambda m: {}
    needs: str = ""


def _season(m: int) -> dict[str, Any]:
    return {"season_length": m}


def _year(m: int) -> dict[str, Any]:
    year, window = {7: (364, 28), 24: (168, 72), 52: (52, 8)}.get(m, (m, max(m // 4, 1)))
    return {"season_length": year, "window": window}


def _ets(m: int) -> dict[str, Any]:
    return {
        "season_length": m,
        "trend": "add",
        "damped": True,
        "seasonal": "add" if m > 1 else None,
    }


def _arima(m: int) -> dict[str, Any]:
    return {"season_length": m, "seasonal_order": (0, 1, 1) if m > 1 else (0, 0, 0)}


def _seasons(m: int) -> dict[str, Any]:
    usual = {7: (7, 365.25), 24: (24, 168), 48: (48, 336), 52: 365.25 / 7}
    return {"season_length": usual.get(m, m)}


def _stl(m: int) -> dict[str, Any]:
    return {"season_length": m, "forecaster": RandomWalkWithDrift()}


def _ridge(**arguments: Any) -> Forecaster:
    from sklearn.linear_model import Ridge

    return LagRegression(Ridge(), **arguments)


def _lightgbm(**arguments: Any) -> Forecaster:
    from lightgbm import LGBMRegressor

    return LagRegression(
        LGBMRegressor(n_estimators=100, learning_rate=0.1, verbose=-1), **arguments
    )


def _differenced(m: int) -> dict[str, Any]:
    return {"season_length": m, "differences": (1,)}


def _sktime(path: str) -> Build:
    """Return what builds the sktime forecaster of a class that is named here, by nobody else."""

    def build(**arguments: Any) -> Forecaster:
        module, _, name = path.rpartition(".")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=FutureWarning, module="sktime")
            return Sktime(getattr(importlib.import_module(module), name)(**arguments))

    return build


def _structural(m: int) -> dict[str, Any]:
    return {"level": "lltrend", **({"seasonal": m} if m > 1 else {})}


MODELS: dict[str, Entry] = {
    "auto": Entry(
        "the default: several methods weighted by their errors in a backtest",
        AutoForecaster,
        _season,
    ),
    "naive": Entry("the last value", Naive),
    "snaive": Entry("the value one season ago", SeasonalNaive, _season),
    "snaive-drift": Entry(
        "the value one season ago plus the mean seasonal change", SeasonalNaiveDrift, _season
    ),
    "drift": Entry("the line from the first value to the last", RandomWalkWithDrift),
    "average": Entry("the mean of all values", HistoricAverage),
    "window-average": Entry(
        "the mean of the last window", WindowAverage, lambda m: {"window_size": max(m, 4)}
    ),
    "seasonal-average": Entry(
        "the mean of the last three seasons, each at its place",
        SeasonalWindowAverage,
        lambda m: {"season_length": m, "n_seasons": 3},
    ),
    "year-ago": Entry("the value a year ago at the level of today", YearAgo, _year),
    "ses": Entry("simple exponential smoothing", SES),
    "holt": Entry("Holt's linear trend", Holt),
    "holt-winters": Entry("Holt's trend and a season", HoltWinters, _season),
    "ets": Entry("exponential smoothing, the model chosen at each cutoff", ETS, _season),
    "auto-ets": Entry("the same under its name in other libraries", AutoETS, _season),
    "averaged-ets": Entry(
        "the weighted mean of all exponential smoothing models", AveragedETS, _season
    ),
    "aggregated-ets": Entry(
        "averaged-ets of season means times the shape of a season",
        AggregatedETS,
        lambda m: {"season_length": m if m > 1 else 7},
    ),
    "statsmodels-ets": Entry(
        "exponential smoothing, damped trend (statsmodels)", StatsmodelsETS, _ets
    ),
    "theta": Entry(
        "the Theta method with a chosen theta and a moving line", DynamicOptimizedTheta, _season
    ),
    "dotm": Entry("the same under its name in the literature", DynamicOptimizedTheta, _season),
    "otm": Entry("the Theta method with a chosen theta", OptimizedTheta, _season),
    "stm": Entry("the standard Theta method, theta = 2", Theta, _season),
    "dstm": Entry("the standard Theta method with a moving line", DynamicTheta, _season),
    "auto-theta": Entry("the best of the Theta family at each cutoff", AutoTheta, _season),
    "statsmodels-theta": Entry("the Theta method (statsmodels)", StatsmodelsTheta, _season),
    "arima": Entry("ARIMA (1,1,1)(0,1,1) by exact maximum likelihood", ARIMA, _season),
    "auto-arima": Entry("ARIMA, the order chosen at each cutoff", AutoARIMA, _season),
    "ar-ridge": Entry(
        "autoregression of seasonal differences, shrunk by ridge", AutoRegressiveRidge, _season
    ),
    "statsmodels-arima": Entry("ARIMA (1,1,1)(0,1,1) (statsmodels)", StatsmodelsARIMA, _arima),
    "seasonal-ridge": Entry(
        "regression on several seasons, holidays and regressors", SeasonalRidge, _seasons
    ),
    "stl": Entry("seasonal decomposition by loess, then the drift", STLForecaster, _stl),
    "prophet": Entry("Prophet: trend with breaks, seasons, holidays", Prophet),
    "ridge": Entry("ridge regression on lags, one for all series", _ridge, _differenced),
    "lightgbm": Entry(
        "boosted trees on lags, one for all series", _lightgbm, _differenced, "lightgbm"
    ),
    "sktime-naive": Entry(
        "sktime's NaiveForecaster",
        _sktime("sktime.forecasting.naive.NaiveForecaster"),
        lambda m: {"sp": m},
    ),
    "sktime-theta": Entry(
        "sktime's ThetaForecaster",
        _sktime("sktime.forecasting.theta.ThetaForecaster"),
        lambda m: {"sp": m},
    ),
    "sktime-stl": Entry(
        "sktime's STLForecaster",
        _sktime("sktime.forecasting.trend.STLForecaster"),
        lambda m: {"sp": m},
    ),
    "sktime-structural": Entry(
        "sktime's UnobservedComponents: local linear trend and season",
        _sktime("sktime.forecasting.structural.UnobservedComponents"),
        _structural,
    ),
    "croston": Entry("Croston, for intermittent demand", Croston),
    "croston-sba": Entry("Croston with the Syntetos-Boylan correction", CrostonSBA),
    "tsb": Entry("Teunter-Syntetos-Babai, for demand that may die out", TSB),
    "adida": Entry("aggregate, smooth, disaggregate", ADIDA),
    "weighted-quantiles": Entry(
        "weighted empirical quantiles, for intermittent demand", WeightedQuantiles, _season
    ),
    "imapa": Entry("ADIDA over several aggregation levels", IMAPA),
}
#: Classes by their own name, with their own defaults; the season is filled in where a class has one.
CLASSES: dict[str, type[Forecaster]] = {
    e.build.__name__: e.build
    for e in MODELS.values()
    if isinstance(e.build, type) and issubclass(e.build, Forecaster)
}


def list_models(arguments: argparse.Namespace) -> int:
    """Write what ``--models`` takes; the exit code is 0."""
    rows = [
        {
            "name": name,
            "class": entry.build.__name__ if inspect.isclass(entry.build) else "",
            "what it is": entry.says + (f" [needs {entry.needs}]" if entry.needs else ""),
        }
        for name, entry in MODELS.items()
    ]
    say(aligned(pd.DataFrame(rows), cell_width=WIDTH))
    say(
        "\nThe season is that of the data (--season-length says another). Arguments go in brackets, a name of"
    )
    say('your own in front:  --models naive "ets(model=\'MAM\')" weekly="SeasonalNaive(7)"')
    return OK


def build_models(texts: Sequence[str], season_length: int) -> dict[str, Forecaster]:
    """Return forecasters by name from the words after ``--models``.

    Raises
    ------
    Stop
        With exit code 2 for a word that is no forecaster, or arguments that it does not take.
    """
    made: dict[str, Forecaster] = {}
    for text in texts:
        label, call = split_label(text)
        if label in made:
            stop(
                USAGE,
                f"--models: {label!r} is there twice; name one of them, for instance other={call}",
            )
        made[label] = build_model(call, season_length)
    return made


def split_label(text: str) -> tuple[str, str]:
    """Return ``("weekly", "snaive(7)")`` for ``"weekly=snaive(7)"``, and the text twice without a label."""
    match = re.fullmatch(r"\s*([\w.-]+)\s*=\s*(.+)", text, flags=re.DOTALL)
    return (match[1], match[2]) if match else (text.strip(), text.strip())


def build_model(text: str, season_length: int) -> Forecaster:
    """Return the forecaster that a text such as ``"ets"`` or ``"ets(model='MAM')"`` stands for."""
    name, args, given = parse_call(text)
    entry = MODELS.get(name)
    if entry is not None:
        build, usual = entry.build, entry.usual(season_length)
        if entry.needs and importlib.util.find_spec(entry.needs) is None:
            stop(
                USAGE, f"--models {name} needs the package {entry.needs}: pip install {entry.needs}"
            )
    elif name in CLASSES:
        build = CLASSES[name]
        usual = _season(season_length) if _has_season(CLASSES[name]) else {}
    else:
        stop(USAGE, _unknown(name))
    if args:
        usual.pop("season_length", None)  # the first positional argument of every class that has it
    try:
        return build(*args, **{**usual, **given})
    except (ArgumentError, TypeError, ValueError) as error:
        stop(USAGE, f"--models {text}: {error}")


def _has_season(kind: Any) -> bool:
    return "season_length" in {field.name for field in dataclasses.fields(kind)}


def parse_call(text: str) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    """Return name, positional and keyword arguments of a call whose values are literals."""
    name, bracket, rest = text.partition("(")
    if not bracket:
        return text.strip(), (), {}
    try:
        # Names may hold a hyphen, which Python's do not: parse the arguments behind a name of ours.
        call = ast.parse(f"f({rest.strip()}", mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            raise ValueError
        args = tuple(ast.literal_eval(a) for a in call.args)
        keywords = {str(k.arg): ast.literal_eval(k.value) for k in call.keywords if k.arg}
        if len(keywords) != len(call.keywords):
            raise ValueError
    except (SyntaxError, ValueError):
        stop(USAGE, f"--models {text}: write it as name(argument=value, ...) with plain values")
    return name.strip(), args, keywords


def _unknown(name: str) -> str:
    if name.endswith((".csv", ".parquet")) or "/" in name:
        return f"--models: {name} looks like a file; write files before --models"
    hint = nearest(name, [*MODELS, *CLASSES])
    return f"--models: there is no forecaster {name!r}.{hint} `forecasting models` lists them"


__all__ = [
    "CLASSES",
    "DEFAULT_MODELS",
    "MODELS",
    "Entry",
    "build_model",
    "build_models",
    "list_models",
]
