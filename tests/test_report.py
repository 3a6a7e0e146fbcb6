"""The one-page HTML summary."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from forecasting.comparison import compare
from forecasting.errors import ArgumentError
from forecasting.metrics import summarise
from forecasting.plotting import looks_for
from forecasting.report import Facts, Frames, Verdict, html_summary, verdicts_of
from forecasting.report.headline import headline, standing
from forecasting.report.markup import number_format, table, text
from forecasting.report.pictures import chosen_series, draw, examples

NAN = float("nan")
EVIL = ("<script>alert(1)</script>", "=1+1", '"><img src=x onerror=y>', "a & b", "$\\frac$")
FACTS = Facts(
    title="Backtest of sales.csv",
    metric="MASE",
    h=4,
    n_series=6,
    baseline="snaive",
    settings=(("refit", "at every cutoff"), ("seed", "0")),
    versions=(("forecasting", "0.1.0"),),
    fingerprint="sha256:abc",
)
NOISE = {"snaive": 2.0, "ets": 1.0, "theta": 1.5}


class Page(HTMLParser):
    """A page taken apart: its tags, and the text that a reader sees."""

    VOID = ("meta", "img")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def make_forecasts(ids: tuple[str, ...] = ("a", "b", "c", *EVIL), n_windows: int = 3) -> Any:
    """Forecasts of three models with intervals, and the history they were made from."""
    rng = np.random.default_rng(1)
    index, h = pd.date_range("2020-01-01", periods=40, freq="MS"), FACTS.h
    parts, past = [], []
    for unique_id in ids:
        y = 20 + rng.normal(size=40).cumsum()
        past.append(pd.DataFrame({"unique_id": unique_id, "ds": index, "y": y}))
        for model, noise in NOISE.items():
            for start in range(40 - n_windows * h, 40, h):
                mean = y[start : start + h] + noise * rng.normal(size=h)
                own = {"model": model, "unique_id": unique_id, "cutoff": index[start - 1]}
                own |= {"ds": index[start : start + h], "step": range(1, h + 1)}
                own |= {"y": y[start : start + h], "mean": mean}
                own |= {"lo-80": mean - 1.3 * noise, "hi-80": mean + 1.3 * noise}
                parts.append(pd.DataFrame(own))
    return pd.concat(parts, ignore_index=True), pd.concat(past, ignore_index=True)


def frames_of(forecasts: pd.DataFrame, history: pd.DataFrame | None = None, **more: Any) -> Frames:
    scales = forecasts[["unique_id", "cutoff"]].drop_duplicates().assign(mae=2.0, mse=6.0)

    def summary(*by: str) -> pd.DataFrame:
        baseline = "snaive" if "snaive" in set(forecasts["model"]) else None
        return summarise(forecasts, scales, by=by, baseline=baseline)

    return Frames(
        forecasts=forecasts,
        summary=summary("model"),
        by_step=summary("model", "step"),
        by_series=summary("model", "unique_id"),
        by_cutoff=summary("model", "cutoff"),
        history=history,
        **more,
    )


@pytest.fixture(scope="module")
def frames() -> Frames:
    return frames_of(*make_forecasts())


@pytest.fixture(scope="module")
def html(frames: Frames) -> str:
    return html_summary(FACTS, frames)


def first_words(facts: Facts, frames: Frames) -> str:
    """Return the sentences of the headline, without drawing the page."""
    return " ".join(headline(facts, frames, standing(facts, frames)))


def words(facts: Facts, frames: Frames) -> str:
    """Make a page and return the text of it."""
    return Page(html_summary(facts, frames)).words


def test_the_page_is_well_formed_and_needs_nothing_from_anywhere(html: str) -> None:
    page = Page(html)
    assert page.open == []
    assert {"script", "link", "iframe", "object"}.isdisjoint(name for name, _ in page.tags)
    for image in page.all("img"):
        assert str(image["src"]).startswith("data:image/svg+xml;base64,")
        assert image["alt"]
    assert re.findall(r"url\(|@import|https?://", html) == []
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in page.all(
        "meta"
    )
    assert len(html) < 1_500_000


def test_the_pictures_are_sound_and_hold_no_outside_reference(html: str) -> None:
    pictures = re.findall(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", html)
    assert len(pictures) == 8  # step, cutoff, series; three examples; coverage twice
    for picture in pictures:
        root = ElementTree.fromstring(base64.b64decode(picture))
        links = [v for e in root.iter() for k, v in e.attrib.items() if k.endswith("href")]
        assert all(link.startswith("#") for link in links)


def test_ids_are_escaped_and_still_there(html: str) -> None:
    assert "<script" not in html
    assert "onerror=y>" not in html
    failed = pd.DataFrame({"unique_id": list(EVIL), "model": "ets", "code": "X", "message": "<b>"})
    shown = table(failed)
    for evil in EVIL:
        assert text(evil) in shown
    assert Page(shown).words.count("<b>") == 5


def test_the_same_input_gives_the_same_bytes_whatever_the_style_of_the_user(
    frames: Frames, html: str
) -> None:
    with mpl.rc_context({"axes.facecolor": "black", "font.size": 30}):
        before = dict(mpl.rcParams)
        assert html_summary(FACTS, frames) == html
        assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == []


def test_the_headline_says_who_won_and_by_how_much(frames: Frames, html: str) -> None:
    mase = frames.summary["MASE"]
    skill = 100 * (1 - mase["ets"] / mase["snaive"])
    expected = (
        f"ets was best, with a MASE of {mase['ets']:.3f}: {skill:.1f} % less error than the "
        f"baseline snaive ({mase['snaive']:.3f})."
    )
    assert expected in Page(html).words


@pytest.mark.parametrize(
    ("lower", "upper", "said"),
    [
        (
            -0.3,
            -0.1,
            "larger than chance would give (95 % interval −0.300 to −0.100, without zero)",
        ),
        (-0.3, 0.1, "it is not sure, chance alone could give this difference"),
        (NAN, NAN, "a mean difference of −0.200, without an interval."),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_the_headline_says_whether_it_is_sure(
    frames: Frames, lower: float, upper: float, said: str, turned: bool
) -> None:
    verdict = Verdict(
        model="ets", other="snaive", difference=-0.2, lower=lower, upper=upper, win_rate=0.75
    )
    verdict = verdict.turned() if turned else verdict
    page = first_words(replace(FACTS, verdicts=(verdict,)), frames)
    assert "Against the baseline snaive: " in page
    assert said in page
    assert "It was better on 75 % of the series." in page


def test_without_a_comparison_the_page_claims_nothing(html: str) -> None:
    assert "Is it sure? That was not computed" in html


def test_what_compare_returns_becomes_verdicts(frames: Frames) -> None:
    comparison = compare(frames.forecasts, baseline="snaive", metric="MAE", n_resamples=100)
    verdicts = verdicts_of(comparison)
    assert {v.model for v in verdicts} == {"ets", "theta"}
    row = comparison[comparison["model"] == "ets"].iloc[0]
    ets = next(v for v in verdicts if v.model == "ets")
    assert (ets.difference, ets.lower) == (row["difference"], row["difference_lo"])
    assert ets.sure is True


def test_a_baseline_that_wins_is_not_hidden() -> None:
    frames = frames_of(*make_forecasts(("a", "b")))
    page = first_words(replace(FACTS, baseline="ets"), frames)
    assert "No model beat the baseline ets" in page
    assert "next is theta" in page


def test_failures_are_counted_by_model_and_listed() -> None:
    forecasts, history = make_forecasts(("a", "b"))
    bad = (forecasts["model"] == "ets") & (forecasts["unique_id"] == "a")
    forecasts.loc[bad, ["mean", "lo-80", "hi-80"]] = NAN
    failures = forecasts[bad].drop_duplicates("cutoff")[["unique_id", "model", "cutoff"]]
    failures = failures.assign(stage="fit", code="SHORT", message="has 3 observations")
    skipped = pd.DataFrame({"unique_id": [f"z{i}" for i in range(14)], "reason": "no data"})
    page = words(FACTS, frames_of(forecasts, history, failures=failures, skipped=skipped))
    assert "12 of 72 forecasts failed (16.7 %): ets 12." in page
    assert "the winner is one of them" in page
    assert "3 failed windows." in page
    assert "14 entries on what could not take part; the first 10." in page
    assert "z9" in page
    assert "z10" not in page
    assert "14 windows or series could not take part." in page


@pytest.mark.parametrize(
    ("n_failed", "shown"),
    [(1, "less than 0.1"), (4, "0.1"), (3999, "more than 99.9"), (4000, "100")],
)
def test_a_few_failures_are_never_rounded_away(n_failed: int, shown: str) -> None:
    mean = np.where(np.arange(4000) < n_failed, NAN, 1.0)
    forecasts = pd.DataFrame({"model": "a", "mean": mean})
    summary = pd.DataFrame({"model": ["a"], "MASE": [1.0]})
    few = Frames(forecasts=forecasts, summary=summary, by_step=summary, by_series=summary)
    assert f"failed ({shown} %)" in first_words(FACTS, few)


def test_when_nothing_failed_or_was_interrupted_the_page_says_so(html: str) -> None:
    assert "interrupted" not in html
    assert "All 288 forecasts were made; none failed." in html
    assert "Nothing failed, and every series took part." in html


def test_when_all_failed_there_is_a_page_and_no_winner() -> None:
    forecasts, history = make_forecasts(("a",))
    forecasts[["mean", "lo-80", "hi-80"]] = NAN
    page = words(FACTS, frames_of(forecasts, history))
    assert "No model has a MASE: nothing can be said about who is best." in page
    assert "36 of 36 forecasts failed (100 %)" in page


def test_one_model_one_series_one_cutoff_integers_and_no_history() -> None:
    forecasts, _ = make_forecasts(("a",), n_windows=1)
    forecasts = forecasts[forecasts["model"] == "ets"].assign(cutoff=36, ds=[37, 38, 39, 40])
    forecasts = forecasts.drop(columns=["lo-80", "hi-80"])
    facts = replace(FACTS, baseline=None, n_series=1, incomplete=True)
    page = words(facts, frames_of(forecasts))
    assert "This run was interrupted" in page
    assert "1 model × 1 series × 1 cutoff × 4 steps" in page
    assert "no other model took part" in page
    assert "Do the intervals hold?" not in page


def test_the_best_of_each_column_is_bold(frames: Frames, html: str) -> None:
    best = frames.summary["MASE"].min()
    assert f"<b>{best:.3f}</b>" in html
    assert html.count("snaive (baseline)") == 2
    assert '<td class="num">0.0 %</td>' in html  # skill of the baseline


def test_how_it_was_run_is_there(html: str) -> None:
    words = Page(html).words
    for fact in ("at every cutoff", "sha256:abc", "forecasting 0.1.0", "2022-04-01", "snaive"):
        assert fact in words
    assert "mean absolute error in units of the in-sample seasonal-naive MAE" in words


def test_served_by_and_comparison_and_timings_are_shown() -> None:
    forecasts, history = make_forecasts(("a", "b"))
    forecasts["served_by"] = np.where(forecasts["model"] == "ets", "naive", None)
    comparison = compare(forecasts, baseline="snaive", metric="MAE", n_resamples=100)
    timings = pd.DataFrame({"model": ["ets"], "seconds": [1.25]})
    page = words(FACTS, frames_of(forecasts, history, comparison=comparison, timings=timings))
    assert "Forecasts by the model that really answered." in page
    assert "difference_lo" in page
    assert "1.250" in page


def test_the_examples_are_typical_best_and_worst() -> None:
    frames = frames_of(*make_forecasts(("a", "b", "c", "d", "e")))
    order = standing(FACTS, frames)
    own = frames.by_series.loc["ets", "MASE"].sort_values()
    chosen = chosen_series(frames, FACTS, order)
    assert [unique_id for _, unique_id, _ in chosen] == [own.index[2], own.index[0], own.index[-1]]
    assert [value for _, _, value in chosen] == [own.iloc[2], own.iloc[0], own.iloc[-1]]


def test_the_winner_is_shown_beside_the_baseline_or_else_the_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frames, drawn = frames_of(*make_forecasts(("a",))), []

    def listen(table: pd.DataFrame, **_: Any) -> None:
        drawn.append(table["model"].dropna().unique().tolist())

    monkeypatch.setattr("forecasting.report.pictures.plot_forecasts", listen)
    for baseline in ("snaive", "ets", None):
        facts = replace(FACTS, baseline=baseline)
        looks = looks_for(NOISE, baseline=baseline)
        examples(frames, facts, standing(facts, frames), looks)
    assert drawn == [["ets", "snaive"], ["ets", "theta"], ["ets", "theta"]]


def test_a_script_that_the_font_lacks_does_not_stop_the_page() -> None:
    assert draw(lambda ax: ax.set_title("売上")).startswith("data:image/svg+xml;base64,")


def test_a_picture_of_very_many_points_is_a_raster_and_small() -> None:
    values = np.random.default_rng(0).normal(size=(2000, 12))
    picture = draw(lambda ax: ax.plot(values, marker="o"))
    assert picture.startswith("data:image/png;base64,")
    assert len(picture) < 400_000
    assert picture == draw(lambda ax: ax.plot(values, marker="o"))


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([1.0, 250.0, NAN], ["1", "250", "–"]),
        ([0.12345, -1.5], ["0.123", "−1.500"]),
        ([99.5, 1.25], ["99.50", "1.25"]),
        ([12345.6, 1.2], ["12,346", "1"]),
        ([1e15], ["1.000e+15"]),
        ([], []),
    ],
)
def test_numbers_of_a_column_have_the_same_decimals(values: list[float], shown: list[str]) -> None:
    show = number_format(values)
    assert [show(value) for value in values] == shown


def test_characters_that_cannot_be_seen_are_left_out() -> None:
    assert text("a\u202e\x00\ud800b\n c") == "ab c"


def test_a_summary_without_the_metric_is_refused(frames: Frames) -> None:
    with pytest.raises(ArgumentError, match="no column 'OWA'"):
        html_summary(replace(FACTS, metric="OWA"), frames)
