"""The result of a backtest: frames, plain facts, and the questions one asks of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from forecasting import comparison, metrics
from forecasting.auditing import Certificate, certificate_from
from forecasting.backtesting.plots import Plots
from forecasting.backtesting.storage import read_frames, save_frames
from forecasting.backtesting.verdict import Verdict, verdict_of
from forecasting.errors import ArgumentError, nearest
from forecasting.metrics.groups import Weights
from forecasting.panel import Panel
from forecasting.plotting import coverage_table

FRAMES = (
    "forecasts", "scales", "failures", "skipped", "timings", "warnings", "parameters", "history",
)  # fmt: skip
#: Frames that a folder of an earlier version may lack.
LATER = ("parameters",)


def _no_parameters() -> pd.DataFrame:
    return pd.DataFrame(columns=["model", "unique_id", "cutoff"])


@dataclass(frozen=True)
class Facts:
    """How a backtest was run: what one needs to run it again and get the same bytes."""

    models: dict[str, str]
    baseline: str
    h: int
    cutoffs: tuple[str, ...]
    step_size: int | None
    window: int | None
    gap: int
    refit: bool | int
    level: tuple[float, ...]
    quantiles: tuple[float, ...]
    season_length: int
    seed: int
    freq: str
    n_series: int
    n_rows: int
    fingerprint: str
    versions: dict[str, str]
    timeout: float | None = None
    complete: bool = True


@dataclass(frozen=True, eq=False)
class Backtest:
    """What every model forecast at every cutoff, beside what happened.

    Attributes
    ----------
    forecasts : DataFrame
        ``model, unique_id, cutoff, ds, step, y, mean, lo-80, hi-80, ...``; one row a forecast value.
    failures : DataFrame
        ``unique_id, model, cutoff, stage, code, message, n_obs``; exactly one row for each (series,
        model, cutoff) with a NaN in ``forecasts``.
    skipped : DataFrame
        ``unique_id, cutoff, reason``: series that could not take part at a cutoff.
    scales : DataFrame
        ``unique_id, cutoff, mae, mse`` of the training part: what MASE and RMSSE divide by.
    timings : DataFrame
        ``model, n_forecasts, seconds, ms_per_forecast``, calibration included.
    warnings : DataFrame
        ``model, category, message, n``: what the forecasters warned of, in worker processes too.
    parameters : DataFrame
        ``model, unique_id, cutoff`` and a column for each parameter: what each forecast stands on, of
        the models that show it. Without a refit at a cutoff these are the estimates that were carried
        there; what failed has no row.
    facts : Facts
        Settings, versions, seed and data fingerprint.
    certificate : Certificate or None
        What the leak audit found, ``backtest(..., audit="leak")``.
    """

    forecasts: pd.DataFrame
    scales: pd.DataFrame
    failures: pd.DataFrame
    skipped: pd.DataFrame
    timings: pd.DataFrame
    warnings: pd.DataFrame
    facts: Facts
    parameters: pd.DataFrame = dataclasses.field(default_factory=_no_parameters, repr=False)
    panel: Panel | None = dataclasses.field(default=None, repr=False)
    stored_history: pd.DataFrame | None = dataclasses.field(default=None, repr=False)
    certificate: Certificate | None = dataclasses.field(default=None, repr=False)

    @property
    def complete(self) -> bool:
        """False if the run was interrupted."""
        return self.facts.complete

    @property
    def history(self) -> pd.DataFrame:
        """The series themselves: ``unique_id, ds, y``."""
        if self.stored_history is not None:
            return self.stored_history
        if self.panel is None:
            raise ArgumentError("this backtest was made without its history")
        panel = self.panel
        return pd.DataFrame(
            {
                "unique_id": panel.ids.repeat(panel.lengths),
                "ds": panel.calendar.times(panel.row_ordinals()),
                "y": panel.values,
            }
        )

    def summary(
        self,
        *,
        by: str | Sequence[str] = "model",
        metrics: str | Sequence[str] | None = None,
        weights: Weights | None = None,
        groups: pd.DataFrame | pd.Series | None = None,
    ) -> pd.DataFrame:
        """Return the error table: one row per group, one column per metric.

        Parameters
        ----------
        by : str or sequence of str
            ``"model"``, ``"step"``, ``"cutoff"``, ``"unique_id"``, or a column of ``groups``; several
            at once. ``model`` is always among them.
        metrics : str or sequence of str, optional
            Names of ``forecasting.METRICS``; the usual ones by default.
        weights : mapping or Series of unique_id to weight, optional
            Volume or money, for the mean over series.
        groups : DataFrame keyed by ``unique_id``, or Series indexed by it, optional
            Segments: ``summary(by="region", groups=stores[["unique_id", "region"]])``.

        Returns
        -------
        DataFrame
            Sorted as the models were given. ``n_failed`` and ``n_missing_actual`` count what the
            metrics do not stand on.
        """
        return _metrics_summary(self.with_groups(groups), self, by, metrics, weights)

    def coverage(self, by: str | Sequence[str] = "step") -> pd.DataFrame:
        """Return how often the truth fell inside the intervals, by model, ``by`` and level.

        See :func:`forecasting.plotting.coverage_table`: observed coverage, the band in which 95 % of them would
        lie if the level held, mean width, counts. ``by="model"`` alone, or several columns at once.
        """
        keys = ["model", *([by] if isinstance(by, str) else by)]
        return coverage_table(self.forecasts, by=list(dict.fromkeys(keys)))

    def losses(self, metrics: str | Sequence[str] | None = None) -> pd.DataFrame:
        """Return the loss of every observation: what every table is a group-by of."""
        return _losses(self, metrics)

    def compare(
        self,
        model: str | None = None,
        *,
        baseline: str | None = None,
        metric: str | None = None,
        by: str | None = None,
        weights: Weights | None = None,
        seed: int = 0,
    ) -> pd.DataFrame:
        """Compare models with the baseline, paired by series and window.

        Returns
        -------
        DataFrame
            One row per model (and step, ``by="step"``): mean difference of the loss (negative: better
            than the baseline), its bootstrap interval, Diebold-Mariano p-value, share of series won.
            See :func:`forecasting.comparison.compare` for the columns and what each assumes.
        """
        return comparison.compare(
            self.forecasts,
            self.scales,
            baseline=self._known(baseline or self.facts.baseline),
            model=None if model is None else self._known(model),
            metric=metric or self.main_metric,
            by=by,
            weights=weights,
            seed=seed,
        )

    @property
    def main_metric(self) -> str:
        """MASE, or MAE where no series has a scale (constant or too short)."""
        return "MASE" if (self.scales["mae"] > 0).any() else "MAE"

    def ranks(self, metric: str | None = None) -> comparison.Ranks:
        """Return mean ranks over series with the critical difference (Friedman, Nemenyi)."""
        return comparison.ranks(self.forecasts, self.scales, metric=metric or self.main_metric)

    def model_confidence_set(self, metric: str | None = None, *, seed: int = 0) -> pd.DataFrame:
        """Return the models that cannot be told from the best (Hansen, Lunde and Nason 2011)."""
        return comparison.model_confidence_set(
            self.forecasts, self.scales, metric=metric or self.main_metric, seed=seed
        )

    @property
    def verdict(self) -> Verdict:
        """Who won, by how much, is it sure, what failed; ``str()`` of it is the headline."""
        return verdict_of(self)

    @property
    def plot(self) -> Plots:
        """Pictures: ``.plot.forecasts("store_7")``, ``.plot.errors(by="step")``, ``.plot.coverage()``, ..."""
        return Plots(self)

    def save(self, folder: str | Path) -> Path:
        """Write the backtest to a folder (parquet and JSON), whole or not at all; return its path."""
        return save_frames(self.frames(), self.stored_facts(), Path(folder))

    def stored_facts(self) -> dict[str, Any]:
        """Return the facts as plain values, with the certificate if there is one: what is saved."""
        facts = dataclasses.asdict(self.facts)
        audited = self.certificate
        return facts if audited is None else {**facts, "certificate": audited.as_dict()}

    def frames(self) -> dict[str, pd.DataFrame]:
        """Return every table by name: what is saved."""
        return {name: getattr(self, name) for name in FRAMES}

    @classmethod
    def load(cls, folder: str | Path) -> Backtest:
        """Read a backtest that ``save`` wrote; every number has the same bits.

        Raises
        ------
        BacktestFileError
            If a file is missing, or was written by a later format.
        """
        frames, facts = read_frames(Path(folder), FRAMES, may_lack=LATER)
        known = {f.name for f in dataclasses.fields(Facts)}
        values: dict[str, Any] = {k: v for k, v in facts.items() if k in known}
        for name in ("cutoffs", "level", "quantiles"):
            values[name] = tuple(values[name])
        return cls(
            frames["forecasts"],
            frames["scales"],
            frames["failures"],
            frames["skipped"],
            frames["timings"],
            frames["warnings"],
            Facts(**values),
            parameters=frames.get("parameters", _no_parameters()),
            stored_history=frames["history"],
            certificate=certificate_from(facts["certificate"]) if "certificate" in facts else None,
        )

    def __repr__(self) -> str:
        return f"{self.verdict}\n\n{self._headline_table().to_string(float_format=_four_digits)}"

    def _repr_html_(self) -> str:
        lines = "".join(
            f"<p>{line}</p>" for line in _escaped(str(self.verdict)).splitlines() if line
        )
        return lines + self._headline_table().to_html(float_format=_four_digits)

    def _headline_table(self) -> pd.DataFrame:
        table = self.summary()
        seconds = self.timings.set_index("model")["seconds"]
        return table.assign(seconds=seconds.reindex(table.index).to_numpy())

    def _known(self, model: str) -> str:
        if model not in self.facts.models:
            raise ArgumentError(
                f"there is no model {model!r}; there are {list(self.facts.models)}."
                f"{nearest(model, self.facts.models)}"
            )
        return model

    def with_groups(self, groups: pd.DataFrame | pd.Series | None) -> pd.DataFrame:
        """Return the forecasts with the columns of ``groups`` beside them."""
        if groups is None:
            return self.forecasts
        table = (
            groups.to_frame().rename_axis("unique_id").reset_index()
            if isinstance(groups, pd.Series)
            else groups
        )
        if "unique_id" not in table.columns or table["unique_id"].duplicated().any():
            raise ArgumentError("groups needs one row per unique_id, with a column unique_id")
        return self.forecasts.merge(table, on="unique_id", how="left", validate="many_to_one")


def _metrics_summary(
    forecasts: pd.DataFrame,
    bt: Backtest,
    by: str | Sequence[str],
    names: str | Sequence[str] | None,
    weights: Weights | None,
) -> pd.DataFrame:
    baseline = bt.facts.baseline if len(bt.facts.models) > 1 else None
    return metrics.summarise(
        forecasts, bt.scales, by=by, metrics=names, weights=weights, baseline=baseline
    )


def _losses(bt: Backtest, names: str | Sequence[str] | None) -> pd.DataFrame:
    return metrics.losses(bt.forecasts, bt.scales, metrics=names)


def _four_digits(value: float) -> str:
    return f"{value:.4g}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
