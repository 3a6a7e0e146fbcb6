"""Oracles of fit and predict: the head of a longer horizon, save and load, a caller who goes on."""

from __future__ import annotations

import copy
import pickle
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecasting.auditing import disturb
from forecasting.auditing.outcome import Comparison, bits_differ, compare
from forecasting.auditing.trial import NotApplicableError, Trial, quietly
from forecasting.base import Forecaster
from forecasting.loading import load
from forecasting.modelfile.errors import UnsavableError
from forecasting.modelfile.values import foreign_classes
from forecasting.panel import Panel
from forecasting.regressors import Regressors


def short_is_head_of_long(trial: Trial) -> Iterator[Comparison]:
    """A shorter horizon gives the head of a longer one, intervals too."""
    if trial.h == 1:
        raise NotApplicableError("the horizon is one step, which has no shorter one")
    short = (trial.h + 1) // 2
    got = trial.before(trial.outcome(trial.panel, h=short))
    yield compare(trial.expected(last_step=trial.gap + short), got)


def save_load(trial: Trial) -> Iterator[Comparison]:
    """A fitted forecaster, pickled and saved to a file, predicts the same when it is taken back."""
    seen, ahead = _last_history(trial)
    fitted = _fitted(trial, seen)
    expected = _predict(trial, fitted, ahead)
    refused = []
    for put_away in (pickled, saved):
        try:
            again = put_away(fitted)
        except (pickle.PicklingError, AttributeError, TypeError, UnsavableError) as error:
            refused.append(str(error))
            continue
        if repr(again) != repr(fitted):
            yield Comparison(1, f"{fitted!r} became {again!r} ({put_away.__name__})")
        if not again.failures.astype(str).equals(fitted.failures.astype(str)):
            yield Comparison(1, f"the failures of fit changed ({put_away.__name__})")
        yield _same(expected, _predict(trial, again, ahead))
    if len(refused) == 2:
        raise NotApplicableError(f"it cannot be put away: {refused[-1]}")


def pickled(fitted: Forecaster) -> Forecaster:
    """Return a fitted forecaster as it comes back from another process."""
    back: Forecaster = pickle.loads(pickle.dumps(fitted))
    return back


def saved(fitted: Forecaster) -> Forecaster:
    """Return a fitted forecaster as it comes back from its file."""
    with tempfile.TemporaryDirectory() as folder:
        path = fitted.save(Path(folder) / "it.model")
        back: Forecaster = quietly(load, path, classes=foreign_classes(fitted))
    return back


def input_untouched(trial: Trial) -> Iterator[Comparison]:
    """The caller's frames stay as they are, and changing them after fit changes no forecast."""
    seen, ahead = _last_history(trial)
    frame, options = disturb.as_frames(seen)
    given = copy.deepcopy((frame, options.get("X")))
    fitted = _fitted(trial, frame, **options)
    X = options.get("X")
    if not _equal(frame, given[0]) or not _equal_parts(X, given[1]):
        yield Comparison(1, "fit changed the caller's frame")
        return
    before = _predict(trial, fitted, ahead)
    for mine in (frame, *_parts(X)):
        for column in mine.columns:
            if mine[column].dtype.kind == "f":
                mine.loc[:, column] = -1.0
    yield _same(before, _predict(trial, fitted, ahead))


def _last_history(trial: Trial) -> tuple[Panel, pd.DataFrame | None]:
    """Return what is seen at the last cutoff, and the known-future regressors of the steps after it."""
    panel, last = trial.panel, int(trial.cutoffs[-1])
    known = panel.covariates.known_names
    reach = last + (trial.h if known else 0)
    here = panel.take(np.flatnonzero((panel.start <= last) & (panel.end >= reach)))
    if here.n_series == 0:
        raise NotApplicableError("no series reaches the last cutoff and the steps after it")
    seen = disturb.ending(here, np.full(here.n_series, last))
    if not known:
        return seen, None
    later = disturb.after(here, last) & (here.row_ordinals() <= reach)
    keys = {
        here.shape.id_col: here.ids.repeat(here.lengths)[later],
        here.shape.time_col: here.calendar.times(here.row_ordinals()[later]),
    }
    values = dict(zip(known, here.covariates.known[later].T, strict=True))
    return seen, pd.DataFrame({**keys, **values})


def _fitted(trial: Trial, data: object, **options: Any) -> Forecaster:
    fresh = copy.deepcopy(trial.forecaster)
    fitted: Forecaster = quietly(fresh.fit, data, seed=trial.seed, **options)
    return fitted


def _predict(trial: Trial, fitted: Forecaster, ahead: pd.DataFrame | None) -> pd.DataFrame:
    X = None if ahead is None else ahead.copy()
    table: pd.DataFrame = quietly(fitted.predict, trial.h, X=X, level=trial.level)
    return table


def _same(expected: pd.DataFrame, got: pd.DataFrame) -> Comparison:
    n = 0
    for column in expected.columns:
        if expected[column].dtype.kind != "f":
            continue
        was, now = expected[column].to_numpy(), got[column].to_numpy()
        different = bits_differ(was, now)
        n += int(np.isfinite(was).sum())
        if different.any():
            at = int(np.flatnonzero(different)[0])
            where = " ".join(str(v) for v in expected.iloc[at, :2])
            return Comparison(
                n,
                f"{int(different.sum())} of {len(was)} values of {column} changed, first {where}: "
                f"{float(was[at])!r} became {float(now[at])!r}",
            )
    return Comparison(n)


def _parts(X: object) -> list[pd.DataFrame]:
    if not isinstance(X, Regressors):
        return []
    parts = (X.known_future, X.past_only, X.static)
    return [part for part in parts if isinstance(part, pd.DataFrame)]


def _equal(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    return bool(one.equals(other))


def _equal_parts(one: object, other: object) -> bool:
    return all(map(_equal, _parts(one), _parts(other)))
