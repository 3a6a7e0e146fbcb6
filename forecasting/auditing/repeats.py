"""Reproducibility oracles: reruns, processes, order, names and company change no bit."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Iterator

import numpy as np

from forecasting._typing import BoolArray, FloatArray
from forecasting.auditing import disturb
from forecasting.auditing.leaks import every_second
from forecasting.auditing.outcome import Comparison, bits_differ, compare
from forecasting.auditing.trial import NotApplicableError, Trial, quietly
from forecasting.base import GlobalForecaster, PanelFuture
from forecasting.distribution import as_distribution
from forecasting.models.naive import Naive
from forecasting.panel import Panel
from forecasting.series import Entropy


def rerun(trial: Trial) -> Iterator[Comparison]:
    """The same run again."""
    yield compare(trial.expected(), trial.before(trial.outcome(trial.panel)))


def other_process(trial: Trial) -> Iterator[Comparison]:
    """The same run in a new process, with another hash seed."""
    plain = dataclasses.replace(trial, elsewhere=_nowhere)
    try:
        pickle.dumps(trial.forecaster)
        got = trial.elsewhere(_run, plain)
    except (pickle.PicklingError, AttributeError, ImportError, TypeError) as error:
        raise NotApplicableError(f"it cannot be sent to another process: {error}") from error
    yield compare(trial.expected(), trial.before(got))


def _run(trial: Trial) -> object:
    return trial.outcome(trial.panel)


def _nowhere(*_: object) -> object:
    raise NotApplicableError("this is the other process")


def subset(trial: Trial) -> Iterator[Comparison]:
    """Without every second series; a global forecaster learns from all, and forecasts half."""
    others = ~every_second(trial.panel)
    if not trial.forecaster.is_local:
        yield _half_is_forecast(trial, others)
        return
    got = trial.outcome(trial.panel.take(np.flatnonzero(others)))
    ids = trial.panel.ids[others].tolist()
    yield compare(trial.expected(ids=ids), trial.before(got))


def _half_is_forecast(trial: Trial, half: BoolArray) -> Comparison:
    forecaster, last = trial.forecaster, int(trial.cutoffs[-1])
    if not isinstance(forecaster, GlobalForecaster):
        raise NotApplicableError("its members learn from all series, and are not asked for half")
    here = np.flatnonzero((trial.panel.start <= last) & (trial.panel.end >= last))
    known = trial.panel.ids[half]
    panel = disturb.ending(trial.panel.take(here), np.full(len(here), last))
    chosen = np.flatnonzero(panel.ids.isin(known))
    state = quietly(forecaster._fit, panel, Entropy(trial.seed, panel.values, 0).rng("fit"))
    ahead = np.zeros((panel.n_series, trial.h, len(panel.covariates.known_names)))
    whole = _means(forecaster, state, panel, ahead, trial)[chosen]
    part = _means(forecaster, state, panel.take(chosen), ahead[chosen], trial)
    different = bits_differ(whole, part)
    n = int(np.isfinite(whole).sum())
    if different.any():
        i, step = (int(v) for v in np.argwhere(different)[0])
        return Comparison(
            n,
            f"the forecast of {panel.ids[chosen[i]]} step {step + 1} is {float(whole[i, step])!r} beside "
            f"all series and {float(part[i, step])!r} beside half of them",
        )
    return Comparison(n)


def _means(
    forecaster: GlobalForecaster, state: object, panel: Panel, ahead: FloatArray, trial: Trial
) -> FloatArray:
    future = PanelFuture(trial.h, ahead, Entropy(trial.seed, panel.values, 0))
    return as_distribution(quietly(forecaster._predict, state, panel, future)).mean


def row_order(trial: Trial) -> Iterator[Comparison]:
    """Rows of a long frame shuffled; for local forecasters the series too."""
    frame, options = disturb.as_frames(trial.panel)
    order = trial.rng(3).permutation(len(frame))
    got = trial.outcome(frame.iloc[order], **options)
    in_order = trial.outcome(frame, **options)
    yield compare(trial.before(in_order), trial.before(got))
    if trial.forecaster.is_local:
        backwards = np.arange(trial.panel.n_series)[::-1]
        got = trial.outcome(trial.panel.take(backwards))
        yield compare(trial.expected(), trial.before(got))


def renamed(trial: Trial) -> Iterator[Comparison]:
    """Series renamed."""
    panel = disturb.renamed(trial.panel)
    back = dict(zip(panel.ids, trial.panel.ids, strict=True))
    same = {i: i for i in trial.panel.ids}
    got = trial.before(trial.outcome(panel)).renamed(back)
    yield compare(trial.expected().renamed(same), got)


def neighbour_shift(trial: Trial) -> Iterator[Comparison]:
    """Every second series moved by 10,000; the others must not change."""
    if not trial.forecaster.is_local:
        raise NotApplicableError("it learns from all series, so that neighbours matter")
    touched = every_second(trial.panel)
    ids = trial.panel.ids[~touched].tolist()
    rows = disturb.of_series(trial.panel, touched)
    got = trial.outcome(disturb.moved(trial.panel, rows))
    yield compare(trial.expected(ids=ids), trial.before(got, ids=ids))


def other_models(trial: Trial) -> Iterator[Comparison]:
    """Another model before and after it; the data is the same afterwards."""
    other = dataclasses.replace(trial, name="the other", forecaster=Naive())
    alone = {trial.name: trial.expected(), other.name: other.expected()}
    pair = {trial.name: trial.forecaster, other.name: other.forecaster}
    for models in (pair, dict(reversed(pair.items()))):
        for one in (trial, other):
            got = one.outcome(trial.panel, others=models)
            comparison = compare(alone[one.name], one.before(got))
            if comparison.difference:
                yield Comparison(comparison.n, f"beside another model, {comparison.difference}")
                return
            yield comparison
    if dataclasses.replace(trial.panel).fingerprint != trial.fingerprint:
        yield Comparison(1, "the data that was handed in was changed")
