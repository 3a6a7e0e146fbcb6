"""A backtest that audits a sample of itself."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

from forecasting.auditing import Settings, certify_sample
from forecasting.backtesting.result import Backtest
from forecasting.backtesting.run import Run
from forecasting.errors import ArgumentError


def check_audit(audit: object) -> None:
    """Raise :class:`ArgumentError` for an audit there is not."""
    if audit not in (None, "leak"):
        raise ArgumentError(f"audit must be 'leak' or None, got {audit!r}")


def with_certificate(result: Backtest, run: Run, backtest: Callable[..., Backtest]) -> Backtest:
    """Return a result with its certificate; one that was interrupted stays without."""
    if not result.complete:
        return result
    facts = run.facts
    replay = functools.partial(
        backtest,
        level=facts.level,
        quantiles=facts.quantiles or None,
        window="expanding" if facts.window is None else facts.window,
        gap=facts.gap,
        refit=facts.refit,
        seed=facts.seed,
        timeout=facts.timeout,
        season_length=run.season_length,
        partial="keep",
        progress=False,
    )
    settings = Settings(facts.h, facts.gap, facts.level, facts.seed)
    # Without a refit at every cutoff, what is forecast at some depends on which there are.
    delivered = result if facts.refit is True else None
    certificate = certify_sample(run.models, run.panel, run.cutoffs, replay, settings, delivered)
    return dataclasses.replace(result, certificate=certificate)
