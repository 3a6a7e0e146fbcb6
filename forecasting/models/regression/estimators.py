"""Regressors of other libraries: cloned for each fit, seeded, and made to repeat themselves."""

from __future__ import annotations

import contextlib
import copy
import random
import sys
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from forecasting._typing import FloatArray
from forecasting.errors import ArgumentError, ModelContractError


class Regressor(Protocol):
    """What a scikit-learn style regressor can do."""

    def fit(self, X: Any, y: Any) -> Any:
        """Learn from features (n, p) and targets (n,)."""

    def predict(self, X: Any) -> Any:
        """Return predictions (n,) of features (n, p)."""


def check_regressor(regressor: object) -> None:
    """Raise :class:`ArgumentError` unless this is an instance with ``fit`` and ``predict``."""
    if isinstance(regressor, type):
        raise ArgumentError(
            f"regressor is the class {regressor.__name__}; give an instance, {regressor.__name__}()"
        )
    lacking = [n for n in ("fit", "predict") if not callable(getattr(regressor, n, None))]
    if lacking:
        raise ArgumentError(
            f"regressor needs fit(X, y) and predict(X), as in scikit-learn; "
            f"{type(regressor).__name__} has no {' and no '.join(lacking)}"
        )


def fresh(regressor: Regressor, seed: int) -> Regressor:
    """Return an unfitted copy whose answer depends on its data and ``seed`` alone.

    Every ``random_state`` that was left None, nested ones too, becomes ``seed``. LightGBM is told to
    be deterministic, quiet and single-threaded where the user did not say otherwise, and to build
    histograms by column: left free it times both ways and takes the faster, and the bits differ.
    An object that is not scikit-learn's is copied as it is, and draws from seeded global generators.
    """
    if "sklearn" not in sys.modules:  # then it cannot be one of scikit-learn's
        return copy.deepcopy(regressor)
    from sklearn.base import BaseEstimator, clone

    if not isinstance(regressor, BaseEstimator):
        return copy.deepcopy(regressor)
    made: Any = clone(regressor)
    made.set_params(**_settled(made, made.get_params(deep=True), seed))
    unfitted: Regressor = made
    return unfitted


def _settled(made: object, params: dict[str, Any], seed: int) -> dict[str, Any]:
    settled = {
        name: seed
        for name, value in params.items()
        if name.rpartition("__")[2] == "random_state" and value is None
    }
    members = {"": made, **{f"{n}__": v for n, v in params.items()}}
    for prefix, member in members.items():
        if type(member).__module__.partition(".")[0] == "lightgbm":
            settled.update(_lightgbm(params, prefix))
    return settled


def _lightgbm(params: dict[str, Any], prefix: str) -> dict[str, Any]:
    def unsaid(*names: str) -> bool:
        return all(params.get(prefix + n) is None for n in names)

    settled: dict[str, Any] = {}
    if unsaid("n_jobs", "num_threads", "nthread"):
        settled[f"{prefix}n_jobs"] = 1
    if unsaid("verbosity", "verbose"):
        settled[f"{prefix}verbosity"] = -1
    if unsaid("deterministic"):
        settled[f"{prefix}deterministic"] = True
    if unsaid("force_row_wise", "force_col_wise"):
        settled[f"{prefix}force_col_wise"] = True
    return settled


@contextlib.contextmanager
def alone(seed: int) -> Iterator[None]:
    """Seed the global generators, for regressors that draw from them; put them back afterwards."""
    of_numpy, of_python = np.random.get_state(), random.getstate()  # noqa: NPY002 - put back below
    np.random.seed(seed)  # noqa: NPY002 - other libraries draw from it
    random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(of_numpy)  # noqa: NPY002
        random.setstate(of_python)


def trained(regressor: Regressor, X: FloatArray, y: FloatArray, seed: int) -> Regressor:
    """Return a fresh copy that has learned from features (n, p) and targets (n,)."""
    model = fresh(regressor, seed)
    with alone(seed):
        model.fit(X, y)
    return model


def predicted(model: Regressor, X: FloatArray) -> FloatArray:
    """Return the predictions of features (n, p), shape (n,).

    Raises
    ------
    ModelContractError
        If the regressor answers with another number of values.
    """
    answer = np.asarray(model.predict(X), dtype=np.float64)
    if answer.size != len(X):
        raise ModelContractError(
            f"{type(model).__name__}.predict returned shape {answer.shape} for {len(X)} rows"
        )
    return answer.reshape(-1)
