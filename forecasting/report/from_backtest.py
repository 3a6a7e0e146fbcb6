"""The page of a backtest: its frames and facts, put where :func:`html_summary` wants them."""

from __future__ import annotations

from forecasting.backtesting import Backtest
from forecasting.errors import ArgumentError
from forecasting.report.facts import Facts, Frames, Verdict, verdicts_of
from forecasting.report.summary import html_summary


def backtest_page(bt: Backtest, *, title: str = "Backtest", created: str = "") -> str:
    """Return the one-page HTML summary of a backtest; write it as UTF-8.

    Parameters
    ----------
    bt : Backtest
    title : str
        Heading of the page.
    created : str
        A time as text, if the page shall name one; nothing here reads the clock.

    Returns
    -------
    str
        HTML that needs no other file. The same backtest gives the same bytes.
    """
    metric = bt.main_metric
    frames = Frames(
        forecasts=bt.forecasts,
        summary=bt.summary(),
        by_step=bt.summary(by="step", metrics=metric),
        by_series=bt.summary(by="unique_id", metrics=metric),
        by_cutoff=bt.summary(by="cutoff", metrics=metric) if len(bt.facts.cutoffs) > 1 else None,
        history=bt.history,
        comparison=bt.compare() if len(bt.facts.models) > 1 else None,
        timings=bt.timings,
        failures=bt.failures,
        skipped=bt.skipped,
    )
    return html_summary(_facts(bt, frames, title, metric, created), frames)


def _facts(bt: Backtest, frames: Frames, title: str, metric: str, created: str) -> Facts:
    run = bt.facts
    settings = {
        **{f"model {name}": text for name, text in run.models.items()},
        "frequency": run.freq,
        "season of the scale": str(run.season_length),
        "step size": str(run.step_size),
        "window": "expanding" if run.window is None else str(run.window),
        "gap": str(run.gap) if run.gap else "",
        "refit": _refit(run.refit),
        "level": ", ".join(f"{level:g} %" for level in run.level),
        "seed": str(run.seed),
        "rows": f"{run.n_rows:,}",
        "leak audit": "" if bt.certificate is None else bt.certificate.headline,
    }
    return Facts(
        title=title,
        metric=metric,
        h=run.h,
        n_series=run.n_series,
        baseline=run.baseline,
        verdicts=_verdicts(bt, frames, metric),
        settings=tuple((name, value) for name, value in settings.items() if value),
        versions=tuple(run.versions.items()),
        fingerprint=run.fingerprint,
        created=created,
        incomplete=not run.complete,
        warning="" if bt.certificate is None or bt.certificate.passed else bt.certificate.headline,
    )


def _refit(refit: bool | int) -> str:
    if refit is True:
        return "at every cutoff"
    return f"at every {refit}. cutoff" if refit else "at the first cutoff only"


def _verdicts(bt: Backtest, frames: Frames, metric: str) -> tuple[Verdict, ...]:
    """Each model against the baseline, and the best against the second."""
    if frames.comparison is None:
        return ()
    found = verdicts_of(frames.comparison)
    order = [str(m) for m in frames.summary[metric].dropna().sort_values(kind="stable").index]
    if len(order) < 2 or bt.facts.baseline in order[:2]:
        return found
    try:
        return found + verdicts_of(bt.compare(order[0], baseline=order[1], metric=metric))
    except ArgumentError:  # the two have no forecast in common
        return found


__all__ = ["backtest_page"]
