"""Each fact that later code relies on, edited alone in a file whose digest fits: refused, by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.modelfile import container
from forecasting.modelfile.errors import as_corrupt
from forecasting.modelfile.panels import decode_panel


def frame():
    days = pd.date_range("2024-01-01", periods=30)
    wave = 50 + 9 * np.sin(np.arange(30)) + np.arange(30) % 4
    parts = [
        pd.DataFrame({"unique_id": i, "ds": days, "y": wave * (k + 1)}) for k, i in enumerate("ab")
    ]
    return pd.concat(parts, ignore_index=True)


def gapped(step=7):
    data = frame()
    return data[data["ds"] != data["ds"][step]]


def waves():
    days = pd.date_range("2024-01-01", periods=30)
    return pd.DataFrame({"ds": days, "x": np.cos(np.arange(30.0)), "a": np.arange(30) % 5 * 1.0})


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    """Return what some files hold, and the folder they are in."""
    folder = tmp_path_factory.mktemp("models")
    data, X = frame(), fc.Regressors(past_only=frame().assign(x=1.0).drop(columns="y"))
    listed = pd.date_range("2024-01-01", periods=40)
    fits = {
        "ets": fc.AutoETS(7).fit(gapped()),
        "theta": fc.Theta(7).fit(data),
        "naive": fc.Naive().fit(data, X=X),
        "weeks": fc.Naive().fit(data[data["ds"].isin(data["ds"][:30:7])], freq="7D"),
        "listed": fc.Naive().fit(data, freq=listed),
        "hours": fc.Naive().fit(data.assign(ds=data["ds"].dt.tz_localize("Europe/Zurich"))),
        "wide": fc.Naive().fit(data.pivot(index="ds", columns="unique_id", values="y")),
        "levels": fc.Naive().fit(data.astype({"unique_id": "category"})),
        "whole": fc.Naive().fit(data.assign(ds=(data["ds"] - data["ds"].min()).dt.days)),
        "both": fc.Ensemble((fc.Theta(7), fc.SES())).fit(data),
        "arima": fc.ARIMA(7, (1, 0, 1), (0, 1, 1), True).fit(gapped()),
        "choice": fc.AutoARIMA().fit(data),
        "regression": fc.ARIMA(order=(1, 0, 0)).fit(data, X=fc.Regressors(known_future=waves())),
    }
    short = pd.concat([data, data.tail(2).assign(unique_id="c")])
    with pytest.warns(fc.FailureWarning):
        fits["failed"] = fc.Theta(7).fit(short)
    return {name: fit.save(folder / f"{name}.model") for name, fit in fits.items()}


def put(*place_and_value):
    """Return an edit that puts a value at a place of the tree."""
    *place, key, value = place_and_value

    def edit(tree):
        for step in place:
            tree = tree[step]
        tree[key] = value(tree[key]) if callable(value) else value

    return edit


PANEL = ("fitted", "panel")
CALENDAR = (*PANEL, "calendar")
SHAPE = (*PANEL, "shape")
KEPT = ("fitted", "kept", "learned", "columns")


def record(column, value):
    def edit(records):
        records = records.copy()
        records[..., column] = value
        return records

    return edit


def shifted(by, at=0):
    def edit(array):
        array = array.copy()
        array[at] += by
        return array

    return edit


EDITS = {
    "offsets down": ("naive", put(*PANEL, "offsets", np.array([0, 60, 60]))),
    "offsets from 1": ("naive", put(*PANEL, "offsets", shifted(1))),
    "offsets beyond": ("naive", put(*PANEL, "offsets", shifted(1, -1))),
    "offsets of floats": ("naive", put(*PANEL, "offsets", np.array([0.0, 30.0, 60.0]))),
    "values in two dimensions": ("naive", put(*PANEL, "values", lambda v: v.reshape(2, 30))),
    "one start too many": ("naive", put(*PANEL, "start", np.array([0, 0, 0]))),
    "a start before all time": ("naive", put(*PANEL, "start", shifted(-(2**62)))),
    "a start on no date": ("naive", put(*PANEL, "start", shifted(2**50))),
    "gaps with values": ("naive", put(*PANEL, "gaps", np.ones(60, dtype=bool))),
    "gaps of other length": ("ets", put(*PANEL, "gaps", lambda g: g[1:])),
    "an id twice": ("naive", put(*PANEL, "ids", "texts", container.Texts(["a", "a"]))),
    "an id too few": ("naive", put(*PANEL, "ids", "texts", container.Texts(["a"]))),
    "no ids": ("naive", put(*PANEL, "ids", None)),
    "a regressor too many": ("naive", put(*PANEL, "names", 1, ["x", "z"])),
    "a regressor twice": ("naive", put(*PANEL, "names", lambda n: [["x"], ["x"], []])),
    "regressors of fewer rows": ("naive", put(*PANEL, "past", lambda x: x[1:])),
    "a step of no days": ("weeks", put(*CALENDAR, "with", "step", 0)),
    "a phase beyond the step": ("weeks", put(*CALENDAR, "with", "phase", 7)),
    "a time beyond the day": ("weeks", put(*CALENDAR, "with", "time_of_day", 10**15)),
    "a frequency of none": ("weeks", put(*CALENDAR, "frequency", "Fortnights")),
    "a fact too many": ("weeks", put(*CALENDAR, "with", "extra", 1)),
    "a unit of none": ("weeks", put(*CALENDAR, "unit", "weeks")),
    "whole numbers as dates": ("whole", put(*CALENDAR, "kind", "datetime")),
    "listed times in disorder": (
        "listed",
        put(*CALENDAR, "with", "listed", lambda v: v[::-1].copy()),
    ),
    "listed times too few": ("listed", put(*CALENDAR, "with", "listed", lambda v: v[:29].copy())),
    "a zone on no map": ("hours", put(*CALENDAR, "zone", "Europe/Atlantis")),
    "a zone outside": ("hours", put(*CALENDAR, "zone", "../../etc/passwd")),
    "a period without a kind": ("naive", put(*CALENDAR, "period", "M")),
    "two columns of one name": ("naive", put(*SHAPE, "id_col", "ds")),
    "a frame of no kind": ("naive", put(*SHAPE, "kind", "cube")),
    "a library of none": ("naive", put(*SHAPE, "backend", "os")),
    "one series that is two": ("naive", put(*SHAPE, "has_ids", False)),
    "wide without columns": ("wide", put(*SHAPE, "columns", None)),
    "wide without its ids": ("wide", put(*SHAPE, "columns", "texts", container.Texts(["a", "z"]))),
    "levels without the ids": (
        "levels",
        put(*SHAPE, "id_dtype", "levels", "texts", container.Texts(["z"])),
    ),
    "a model of none": ("ets", put(*KEPT, "records", record(1, 99.0))),
    "a model it does not try": ("theta", put(*KEPT, "record", record(1, 3.0))),
    "a huge model": ("ets", put(*KEPT, "records", record(1, 1e300))),
    "more values than there are": ("ets", put(*KEPT, "records", record(2, 31.0))),
    "fewer values than parameters": ("ets", put(*KEPT, "records", record(2, 1.0))),
    "a season of no kind": ("theta", put(*KEPT, "record", record(12, 3.0))),
    "a negative count": ("theta", put(*KEPT, "record", record(2, -5.0))),
    "half a value": ("theta", put(*KEPT, "record", record(2, 9.5))),
    "an outcome that is none": ("theta", put(*KEPT, "record", record(0, 1.0))),
    "a narrower record": ("theta", put(*KEPT, "record", lambda r: r[..., :-1].copy())),
    "records of one series": ("theta", put(*KEPT, "record", lambda r: r[:1].copy())),
    "records of another name": (
        "theta",
        put(*KEPT, lambda columns: {"x": columns["record"]}),
    ),
    "an order beyond the largest": ("choice", put(*KEPT, "records", record(1, 6.0))),
    "half an order": ("arima", put(*KEPT, "records", record(3, 0.5))),
    "a negative order": ("arima", put(*KEPT, "records", record(1, -1.0))),
    "an order of nothing": ("arima", put(*KEPT, "records", record(1, np.nan))),
    "more than differences leave": ("arima", put(*KEPT, "records", record(8, 24.0))),
    "fewer than coefficients": ("arima", put(*KEPT, "records", record(8, 5.0))),
    "an error below zero": ("arima", put(*KEPT, "records", record(10, -1.0))),
    "a coefficient that is none": ("arima", put(*KEPT, "records", record(13, np.nan))),
    "a record of no width": ("arima", put(*KEPT, "records", lambda r: r[..., 0].copy())),
    "slopes of no records": ("regression", put(*KEPT, "records", record(-1, 7.0))),
    "slopes of another regressor": (
        "regression",
        put(*KEPT, lambda c: {k.replace("beta_x", "beta_z"): v for k, v in c.items()}),
    ),
    "slopes of none": ("regression", put(*KEPT, lambda c: {"records": c["records"]})),
    "troubles of floats": ("theta", put("fitted", "kept", "learned", "trouble", lambda t: t * 1.0)),
    "a member too few": ("both", put("fitted", "kept", "learned", lambda parts: parts[:1])),
    "a failure of no series": ("failed", put("fitted", "kept", "failed", "series", np.array([9]))),
    "a failure of no kind": ("failed", put("fitted", "kept", "failed", "which", np.array([9]))),
    "a failure at no stage": ("failed", put("fitted", "kept", "failed", "kinds", 0, 0, "never")),
    "a failure with facts": ("failed", put("fitted", "kept", "failed", "kinds", 0, 3, {"args": 1})),
    "a seed of text": ("naive", put("fitted", "seed", "7")),
    "a signature of other data": ("naive", put("signature", "data", "n_rows", 61)),
    "a signature of another target": ("naive", put("signature", "data", "target", "x")),
    "a parameter of none": ("ets", put("recipe", "with", "n_jobs", 2)),
    "a parameter that cannot be": ("ets", put("recipe", "with", "season_length", -7)),
    "a transform for a forecaster": ("ets", put("recipe", {"$class": "Log", "with": {}})),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_refused(trees, tmp_path, name):
    file, edit = EDITS[name]
    tree = container.read(trees[file])
    whole = tmp_path / "whole.model"
    whole.write_bytes(b"".join(container.pack(tree)))
    fc.load(whole)  # unedited it is fine, so it is the edit that is refused
    edit(tree)
    path = tmp_path / "edited.model"
    path.write_bytes(b"".join(container.pack(tree)))
    with pytest.raises(fc.CorruptModelFileError) as caught:
        fc.load(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert message.endswith("ave the forecaster again")


PANELS = list(EDITS)[: list(EDITS).index("a model of none")]


@pytest.mark.parametrize("name", PANELS)
def test_an_edited_panel_is_refused_whatever_the_signature_says(trees, name):
    file, edit = EDITS[name]
    tree = container.read(trees[file])
    edit(tree)
    with pytest.raises(fc.CorruptModelFileError), as_corrupt("it"):
        decode_panel(tree["fitted"]["panel"])


def test_failures_are_those_of_the_file(trees, tmp_path):
    tree = container.read(trees["failed"])
    tree["fitted"]["kept"]["failed"]["kinds"][0][1:3] = ["NO_RESIDUALS", "as the file has it"]
    path = tmp_path / "edited.model"
    path.write_bytes(b"".join(container.pack(tree)))
    failures = fc.load(path).failures
    assert [("c", "NO_RESIDUALS", "as the file has it")] == list(
        failures[["unique_id", "code", "message"]].itertuples(index=False, name=None)
    )


def test_gaps_come_back(trees):
    loaded = fc.load(trees["ets"])._fitted.panel
    assert 2 == loaded.gaps.sum()
    assert np.isnan(loaded.values[loaded.gaps]).all()
