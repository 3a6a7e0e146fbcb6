"""The panel booster: what it learns from, when its gate opens, and that no window learns from a later one."""

from __future__ import annotations

import math
import sys
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.compose.boosting import trials
from forecasting.compose.explaining import explanation
from forecasting.compose.members import Learned
from forecasting.errors import ArgumentError
from forecasting.reading import as_panel
from forecasting.schedule import Schedule, rolling_windows
from forecasting.testing import parametrize_forecasters
from forecasting.testing.planted import TrainsOnce

pytest.importorskip("lightgbm", reason="lightgbm is an extra")

MEMBERS = {"seasonal": fc.SeasonalNaive(7), "mean": fc.WindowAverage(7)}
ENSEMBLE = fc.WeightedEnsemble(MEMBERS, season_length=7, horizon=7, n_origins=8, step_size=7)
BOOSTER = fc.PanelBooster(ENSEMBLE, n_rounds=20, learning_rate=0.2)


def growing(n_series=12, n=120, seed=0):
    """Series that grow by 1 % a day, which no member knows of: what they have in common is the error."""
    frames = []
    for i in range(n_series):
        rng, t = np.random.default_rng([seed, i]), np.arange(n - i % 3)
        week = 1 + 0.2 * np.sin(2 * np.pi * (t + i) / 7)
        y = 50 * (i + 1) * 1.01**t * week * np.exp(0.02 * rng.standard_normal(len(t)))
        ds = pd.date_range("2024-01-01", periods=n, freq="D")[-len(t) :]
        frames.append(pd.DataFrame({"unique_id": f"s{i:02}", "ds": ds, "y": y}))
    return pd.concat(frames, ignore_index=True)


DATA = growing()


def run(models, data=DATA, **settings):
    settings = {"h": 7, "n_windows": 2, "level": (80, 95), "progress": False, **settings}
    return fc.backtest(data, models, **settings)


def of(bt, model, columns=("mean", "lo-80", "hi-95")):
    found = bt.forecasts[bt.forecasts["model"] == model]
    return found.sort_values(["unique_id", "cutoff", "step"])[list(columns)].to_numpy()


# --- the gate -------------------------------------------------------------------------------------------


def test_an_error_that_all_series_share_is_corrected_and_the_gate_says_what_it_gained():
    bt = run({"plain": ENSEMBLE, "boosted": BOOSTER})
    shown = bt.parameters.query("model == 'boosted'")
    assert set(shown["gate"]) == {"on"}
    assert (shown["gain"] > 5).all()
    assert shown["gate_reason"].str.match(r"a gain of \d+\.\d\d %").all()
    error = (
        (bt.forecasts["y"] - bt.forecasts["mean"])
        .abs()
        .groupby(bt.forecasts["model"], observed=True)
        .mean()
    )
    assert error["boosted"] < 0.75 * error["plain"]  # half of what is expected is corrected
    width = of(bt, "boosted", ["hi-80"]) - of(bt, "boosted", ["lo-80"])
    plain = of(bt, "plain", ["hi-80"]) - of(bt, "plain", ["lo-80"])
    assert 0 < width.mean() < 0.9 * plain.mean()  # intervals are of boosted errors


@pytest.mark.filterwarnings("ignore::forecasting.errors.CalibrationWarning")  # of a growth unseen
@pytest.mark.parametrize(
    ("data", "booster", "reason"),
    [
        (growing(9), BOOSTER, "9 series, 10 are needed"),
        (
            growing(10),
            fc.PanelBooster(fc.WeightedEnsemble(MEMBERS, season_length=7, horizon=7, n_origins=7)),
            "280 past forecasts, 500 are needed",
        ),
        (
            growing(),
            fc.PanelBooster(ENSEMBLE, least_gain=99),
            r"a gain of \d+\.\d\d %, 99 are needed",
        ),
        (
            growing(20),
            fc.PanelBooster(
                fc.WeightedEnsemble(
                    MEMBERS, season_length=7, horizon=30, n_origins=1, step_size=30
                ),
                least_gain=-99,
            ),
            "there are no earlier origins to learn from, or no later errors to lower",
        ),
    ],
)
def test_where_the_gate_is_shut_the_forecast_is_the_ensembles_own_and_it_says_why(
    data, booster, reason
):
    bt = run({"plain": booster.forecaster, "boosted": booster}, data)
    np.testing.assert_array_equal(of(bt, "plain"), of(bt, "boosted"))
    shown = bt.parameters.query("model == 'boosted'")
    assert set(shown["gate"]) == {"off"}
    assert shown["gate_reason"].str.fullmatch(reason).all()


def test_one_series_that_hardly_moves_does_not_shut_the_gate_for_all():
    """A correction of a thousandth of its level is millions of its seasonal naive errors."""
    still = DATA[DATA["unique_id"] == "s00"].assign(unique_id="still")
    still["y"] = 3 + 1e-9 * np.random.default_rng(1).standard_normal(len(still))
    shown = BOOSTER.fit(pd.concat([DATA, still])).parameters()
    assert set(shown["gate"]) == {"on"}
    assert (shown["gain"] > 5).all()


def test_errors_that_nothing_explains_open_no_gate():
    rng = np.random.default_rng(3)
    noise = DATA.assign(y=100 + rng.standard_normal(len(DATA)))
    best = fc.WeightedEnsemble((fc.HistoricAverage(), fc.WindowAverage(56)), "equal", 7, 7, 8, 7)
    shown = run({"it": fc.PanelBooster(best, n_rounds=20)}, noise).parameters
    assert set(shown["gate"]) == {"off"}
    assert (shown["gain"] < 0.5).all()


def test_a_trial_learns_from_no_target_that_lies_behind_its_first_later_origin():
    seen = []

    class Shows(fc.PanelBooster):
        def _judged(self, lessons, rng):
            seen.append((lessons, trials(lessons, self.forecaster._offsets)))
            return super()._judged(lessons, rng)

    run({"it": Shows(ENSEMBLE, n_rounds=1)}, n_windows=1)
    lessons, found = seen[0]
    offsets = 7 * np.arange(1, 9)
    target = lambda part: part.at[2] + 1 - offsets[part.at[1]]  # noqa: E731 - steps after the cutoff
    assert len(lessons) == 12 * 8 * 7
    assert target(lessons).max() == 0
    for (early, late), n_later in zip(found, (4, 2), strict=True):
        assert set(late.at[1]) == set(range(n_later))
        assert target(early).max() == -7 * n_later  # when the oldest of the later origins begins
        assert len(early) + len(late) == len(lessons)  # here no target lies in between


# --- what it learns from ---------------------------------------------------------------------------------


class Recorder(fc.PanelBooster):
    """Keeps what it is shown."""

    seen: ClassVar[list] = []

    def _regress(self, x, target, seed):
        Recorder.seen.append((x, target, seed))
        return super()._regress(x, target, seed)


def recorded(**changes):
    Recorder.seen = []
    run({"it": Recorder(ENSEMBLE, n_rounds=1, least_gain=-math.inf)}, n_windows=1, **changes)
    return Recorder.seen


def by_hand(y, i, offset, step, weights, n):
    """Return features and target of one past forecast from the series alone, by the book."""
    ds = pd.date_range("2024-01-01", periods=120, freq="D")[-len(y) - 7 :]
    end = n - offset  # rows known at the origin
    known, target = y[:end], y[end + step - 1]
    members = [known[-7:][(step - 1) % 7], known[-7:].mean()]
    combined = np.dot(weights, members)
    level, long = known[-28:].mean(), known[-364:].mean()
    scale = np.abs(known[7:] - known[:-7]).mean()
    size = max(level, scale)
    when = ds[end + step - 1]
    days = (when - pd.Timestamp("1970-01-01")).days
    seasons = [known[-7 * (back + 1) :][: 7][(step - 1) % 7] if len(known) >= 7 * (back + 1) else np.nan
               for back in range(4)]  # fmt: skip
    x = [
        step / 7, days % 7, combined / size, scale / size, level / max(long, scale),
        *((m - combined) / size for m in members),
        *((s - combined) / size for s in seasons),
        np.nan, np.nan,  # a year ago
        when.dayofweek, when.dayofyear, when.day, when.month,
    ]  # fmt: skip
    return np.array(x), (target - combined) / size


def test_features_and_targets_are_those_of_the_hand():
    x, target, _ = recorded()[2]  # the first two are the gate's
    bt = run({"plain": ENSEMBLE}, n_windows=1)
    shown = bt.parameters.set_index("unique_id")[["weight_seasonal", "weight_mean"]]
    expected = [], []
    for i, (name, part) in enumerate(DATA.groupby("unique_id")):
        y = part["y"].to_numpy()[:-7]
        for offset in range(7, 57, 7):
            for step in range(1, 8):
                row, t = by_hand(y, i, offset, step, shown.loc[name].to_numpy(), len(y))
                expected[0].append(row)
                expected[1].append(t)
    rows, targets = np.array(expected[0]), np.array(expected[1])
    assert x.shape == rows.shape == (12 * 8 * 7, 17)
    found, hand = np.argsort(target), np.argsort(targets)
    np.testing.assert_allclose(target[found], targets[hand], rtol=1e-9, atol=1e-12)
    rows[:, 1] += (x[found[0], 1] - rows[hand[0], 1]) % 7  # ordinals count from a day of their own
    rows[:, 1] %= 7
    np.testing.assert_allclose(x[found], rows[hand], rtol=1e-9, atol=1e-12)


def test_the_halves_are_trained_on_other_series_and_seeds_differ():
    half, most, whole, one, other = recorded()
    assert (len(half[1]), len(most[1])) == (12 * 4 * 7, 12 * 6 * 7)
    assert len(one[1]) + len(other[1]) == len(whole[1])
    assert not set(one[1]) & set(other[1])
    assert len({seed for *_, seed in (half, most, whole, one, other)}) == 5


def test_nothing_is_trained_for_intervals_that_nobody_asked_for():
    assert len(recorded(level=())) == 3


def test_a_regressor_that_explains_the_errors_is_used_and_its_lack_ahead_is_a_failure():
    rng = np.random.default_rng(5)
    promo = rng.random(len(DATA)) < 0.3
    data = DATA.assign(y=100.0 + rng.standard_normal(len(DATA)) + 30 * promo)
    X = DATA[["unique_id", "ds"]].assign(promo=promo.astype(float))
    booster = fc.PanelBooster(ENSEMBLE, n_rounds=60, learning_rate=0.1, share=1.0)
    bt = run({"plain": ENSEMBLE, "boosted": booster}, data, X=fc.Regressors(known_future=X))
    error = (
        (bt.forecasts["y"] - bt.forecasts["mean"])
        .abs()
        .groupby(bt.forecasts["model"], observed=True)
        .mean()
    )
    assert set(bt.parameters["gate"].dropna()) == {"on"}
    assert error["boosted"] < 0.5 * error["plain"]
    booster.fit(data, X=fc.Regressors(known_future=X))
    with pytest.raises(fc.ForecastingError, match="promo"):
        booster.predict(2)


# --- bits ----------------------------------------------------------------------------------------------


def test_ids_and_their_order_change_no_bit():
    before = run({"it": BOOSTER})
    turned = {f"s{i:02}": f"t{99 - i}" for i in range(12)}
    after = run({"it": BOOSTER}, DATA.assign(unique_id=DATA["unique_id"].map(turned)))
    back = {new: old for old, new in turned.items()}
    after.forecasts["unique_id"] = after.forecasts["unique_id"].map(back)
    np.testing.assert_array_equal(of(before, "it"), of(after, "it"))


def test_forecasts_scale_with_the_data():
    one = run({"it": BOOSTER})
    other = run({"it": BOOSTER}, DATA.assign(y=np.ldexp(DATA["y"].to_numpy(), 30)))
    np.testing.assert_array_equal(np.ldexp(of(one, "it"), 30), of(other, "it"))


@pytest.mark.parametrize("value", [0.0, 7.0, 1e-300, 1e18])
def test_constant_series_among_others_are_forecast_as_they_are(value):
    flat = DATA.loc[DATA["unique_id"].isin(["s00", "s01"])].assign(y=value)
    data = pd.concat([DATA.query("unique_id > 's01'"), flat])
    bt = run({"it": BOOSTER}, data)
    assert len(bt.failures) == 0
    found = bt.forecasts.query("unique_id <= 's01'")["mean"].to_numpy()
    assert (np.abs(found - value) <= 0.5 * value).all()


def test_a_saved_booster_learns_again_and_predicts_the_same(tmp_path):
    fitted = fc.PanelBooster(ENSEMBLE, n_rounds=20).fit(DATA, seed=4)
    assert set(fitted.parameters()["gate"]) == {"on"}
    path = fitted.save(tmp_path / "it.model")
    assert fc.read_signature(path)["estimated_again"] == ["PanelBooster"]
    loaded = fc.load(path)
    expected, found = (f.predict(9, level=80) for f in (fitted, loaded))
    pd.testing.assert_frame_equal(expected, found, check_exact=True)
    pd.testing.assert_frame_equal(fitted.parameters(), loaded.parameters(), check_exact=True)


@pytest.mark.filterwarnings("ignore::forecasting.errors.CalibrationWarning")  # of a growth unseen
def test_without_a_refit_the_trees_stay_and_series_that_come_later_are_corrected_by_them():
    data = growing(n=200)
    data = data[
        (data["unique_id"] != "s03") | (data["ds"] >= "2024-04-26")
    ]  # after the first cutoff
    settings = {"n_windows": 3, "step_size": 40, "refit": False}
    bt = run({"it": BOOSTER, "plain": ENSEMBLE}, data, **settings)
    assert bt.parameters.query("model == 'it'")["gain"].nunique() == 1  # one training
    of_newcomer = bt.forecasts.query("unique_id == 's03'").groupby("model", observed=True)
    for column in ("mean", "lo-80"):
        values = {model: part[column].to_numpy() for model, part in of_newcomer}
        assert len(values["it"]) == 14
        assert np.isfinite(values["it"]).all()
        assert (values["it"] > values["plain"]).all()


# --- leaks ---------------------------------------------------------------------------------------------


def test_the_audit_catches_trees_that_learned_once_from_all_windows():
    models = {"once": TrainsOnce(ENSEMBLE, n_rounds=5), "honest": BOOSTER}
    certificate = fc.audit(models, growing(24), h=7, oracles=["O1", "O2", "O3b"])
    assert len(certificate.tried.ids) == 20  # not six: it needs ten that can be learned from
    table = certificate.table.set_index(["model", "oracle"])
    assert set(table.loc["once", "verdict"]) == {"failed"}
    assert set(table.loc["honest", "verdict"]) == {"passed"}
    assert table.loc[("once", "O1"), "reason"].startswith("a forecast saw past its cutoff")
    assert not certificate.passed


def test_the_backtests_own_audit_catches_it_too_and_names_it():
    settings = {"n_windows": 2, "audit": "leak", "level": ()}
    bt = run({"once": TrainsOnce(ENSEMBLE, n_rounds=5)}, growing(24), **settings)
    assert len(bt.certificate.tried.ids) == 20
    assert not bt.certificate.passed
    assert "once" in bt.certificate.headline
    honest = run({"honest": BOOSTER}, growing(24), **settings)
    assert honest.certificate.passed


def test_trees_that_learn_once_give_other_forecasts_than_those_of_each_window():
    """The fault is there to be seen: a window asked alone has other forecasts than beside later ones."""
    panel = as_panel(DATA)
    windows = rolling_windows(panel, Schedule(7, n_windows=3).checked(), seed=0)[0]
    for booster, same in ((TrainsOnce(ENSEMBLE, n_rounds=5), False), (BOOSTER, True)):
        beside = booster.uncalibrated(windows).mean[:, 0]
        alone = booster.uncalibrated(windows.columns(np.array([0]))).mean[:, 0]
        assert np.array_equal(beside, alone) == same


# --- what goes wrong -------------------------------------------------------------------------------------


def test_without_lightgbm_it_fails_and_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(fc.ForecastingError, match="pip install lightgbm"):
        BOOSTER.fit(DATA)
    failures = run({"it": BOOSTER}).failures
    assert set(failures["stage"]) == {"fit"}
    assert failures["message"].str.contains("pip install lightgbm").all()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"forecaster": fc.Naive()}, "boosts a WeightedEnsemble, got Naive"),
        ({"n_rounds": 0}, "n_rounds"),
        ({"learning_rate": 0}, r"learning_rate must lie in \(0, 1\]"),
        ({"share": 1.5}, "share must lie"),
        ({"least_gain": math.nan}, "number of percent"),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments, said):
    with pytest.raises(ArgumentError, match=said):
        fc.PanelBooster(**{"forecaster": ENSEMBLE, **arguments})


@parametrize_forecasters([BOOSTER], data=DATA, h=4)
def test_contract(forecaster_check):
    forecaster_check()


def test_an_explanation_says_what_the_booster_corrects():
    booster = fc.PanelBooster(ENSEMBLE, n_rounds=5, least_gain=-math.inf).fit(DATA)
    fitted = booster._require_fitted()
    whole = Learned(booster, fitted.learned, fitted.failed)
    found = explanation(ENSEMBLE, fitted.learned.taught, fitted, 0, 7, None, whole)
    shares = found.table.set_index("component")["weight"]
    mixed = sum(shares[name] * found.forecasts[f"forecast_{name}"] for name in ENSEMBLE._names)
    assert found.forecasts["correction"].abs().max() > 0
    np.testing.assert_allclose(found.forecasts["mean"], mixed + found.forecasts["correction"])
    assert "PanelBooster then corrects it, by" in repr(found)
