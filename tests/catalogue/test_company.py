"""W08 to W11, W16, W18 and G5: a bad forecaster and a bad series cost their own cells, and nobody a bit."""

import random
import threading
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from forecasting import GlobalForecaster, LocalForecaster, Naive, Samples, SeasonalNaive, backtest
from forecasting.errors import ForecastingError

KEYS = ["unique_id", "cutoff", "step"]


def forecasts_of(bt, model):
    """Return what a model forecast, by series, cutoff and step."""
    rows = bt.forecasts[bt.forecasts["model"] == model].astype({"unique_id": object})
    return rows.drop(columns=["model", "y"]).set_index(KEYS).sort_index()


# --- what a forecaster may do wrong ------------------------------------------------------------------


class OwnError(ForecastingError):
    code = "OWN"


class Rude(BaseException):
    pass


class NoTextError(Exception):
    def __str__(self):
        raise RuntimeError("no text either")


def raise_unpicklable():
    error = OwnError("with a lock")
    error.lock = threading.Lock()
    raise error


def throws(error):
    raise error


def seeds():
    np.random.seed(0)  # noqa: NPY002 - the fault
    random.seed(0)
    np.seterr(all="raise")


def writes(history):
    history.y[:] = 0.0


def sorts(history):
    history.y.sort()


#: What a forecaster may do wrong in _fit, with the code it costs and a word of the message.
IN_FIT = {
    "raises": (lambda _: throws(ValueError("no luck")), "MODEL", "ValueError: no luck"),
    "own error": (lambda _: throws(OwnError("too quiet")), "OWN", "too quiet"),
    "unpicklable": (lambda _: raise_unpicklable(), "OWN", "with a lock"),
    "without text": (
        lambda _: throws(NoTextError()),
        "MODEL",
        "NoTextError: (its text cannot be shown",
    ),
    "exits": (lambda _: throws(SystemExit(3)), "MODEL", "SystemExit: 3"),
    "closes": (lambda _: throws(GeneratorExit()), "MODEL", "GeneratorExit"),
    "rude": (lambda _: throws(Rude("!")), "MODEL", "Rude: !"),
    "stops": (lambda _: throws(StopIteration()), "MODEL", "StopIteration"),
    "recursion": (lambda _: throws(RecursionError("deep")), "MODEL", "RecursionError"),
    "overflow": (lambda _: throws(OverflowError("1e999")), "OVERFLOW", "too large"),
    "writes": (writes, "CONTRACT", "wrote into its input, which is read-only"),
    "sorts": (sorts, "CONTRACT", "wrote into its input, which is read-only"),
}
#: What it may answer in _predict.
IN_PREDICT = {
    "short": (lambda h: np.zeros(h - 1), "CONTRACT", "returned 4 steps, expected 5"),
    "long": (lambda h: np.zeros(h + 1), "CONTRACT", "returned 6 steps, expected 5"),
    "square": (lambda h: np.zeros((h, h)), "CONTRACT", "returned 5 x 5 steps, expected 5"),
    "number": (lambda h: 7.0, "CONTRACT", "returned one number for all steps, expected 5"),
    "NaN": (lambda h: np.full(h, np.nan), "CONTRACT", "returned NaN at 5 of 5 steps"),
    "one NaN": (lambda h: np.r_[np.zeros(h - 1), np.nan], "CONTRACT", "first at step 5"),
    "inf": (lambda h: np.full(h, np.inf), "OVERFLOW", "infinite at step 1 of 5"),
    "nothing": (lambda h: None, "CONTRACT", "returned nothing; return one number"),
    "text": (lambda h: ["a"] * h, "CONTRACT", "returned a list that is no array of numbers"),
    "ragged": (lambda h: [[1.0], [1.0, 2.0]], "CONTRACT", "no array of numbers"),
    "complex": (lambda h: np.full(h, 1j), "CONTRACT", "returned complex numbers"),
    "frame": (lambda h: pd.DataFrame({"x": range(h)}), "CONTRACT", "returned 5 x 1 steps"),
}  # fmt: skip
HARMLESS = {"seeds": lambda _: seeds()}


@dataclass(frozen=True)
class Bad(LocalForecaster):
    """Misbehaves on series of which the first value is below a bound, in one of its hooks."""

    fault: str
    below: float = np.inf

    def _fit(self, history):
        if history.y[0] < self.below and self.fault in IN_FIT:
            IN_FIT[self.fault][0](history)
        if self.fault in HARMLESS:
            HARMLESS[self.fault](history)
        return float(history.y[-1]), history.y[0] < self.below

    def _predict(self, state, future):
        value, bad = state
        if bad and self.fault in IN_PREDICT:
            return IN_PREDICT[self.fault][0](future.h)
        return np.full(future.h, value)


@dataclass(frozen=True)
class Noise(LocalForecaster):
    """Draws as one should."""

    def _fit(self, history):
        return float(history.y[-1])

    def _predict(self, state, future):
        return Samples(state + 50 * future.rng().normal(size=(50, future.h)))


@dataclass(frozen=True)
class PanelMean(GlobalForecaster):
    """The mean of all series."""

    def _fit(self, panel, rng):
        return float(panel.values.mean())

    def _predict(self, state, panel, future):
        return np.full((panel.n_series, future.h), state)


@pytest.fixture
def sales(df):
    """The base frame; the first value of "a" is the lowest."""
    return df.assign(y=df["y"] + 10 * (df["unique_id"] == "b"))


@pytest.fixture
def bound(sales):
    return float(sales.groupby("unique_id")["y"].first().mean())


@pytest.fixture
def honest(sales):
    """Forecasts of the good models in a run without the bad one."""
    return backtest(sales, good_models(), h=5, n_windows=2, level=80)


def good_models():
    return {"naive": Naive(), "weekly": SeasonalNaive(7), "noise": Noise(), "panel": PanelMean()}


def check_costs_its_own_cells(bt, honest, bad, code, word, lint):
    """Series "a" of the bad model fails at each cutoff with one code; everything else has its bits."""
    assert [("a", "bad", code)] * 2 == list(
        bt.failures[["unique_id", "model", "code"]].itertuples(index=False, name=None)
    )
    for message in bt.failures["message"]:
        assert word in message
        lint(message)
    for model in good_models():
        pd.testing.assert_frame_equal(
            forecasts_of(honest, model), forecasts_of(bt, model), check_exact=True
        )
    own = forecasts_of(bt, "bad")["mean"]
    assert own.xs("a").isna().all()
    assert own.xs("b").notna().all()


@pytest.mark.parametrize("fault", IN_FIT)
def test_W08_W11_a_forecaster_that_raises_costs_its_own_cells(sales, bound, honest, lint, fault):
    _, code, word = IN_FIT[fault]
    bad = {**good_models(), "bad": Bad(fault, bound)}
    bt = backtest(sales, bad, h=5, n_windows=2, level=80)
    check_costs_its_own_cells(bt, honest, bad, code, word, lint)
    assert {"fit"} == set(bt.failures["stage"])


@pytest.mark.parametrize("fault", IN_PREDICT)
def test_W09_W10_a_wrong_answer_costs_its_own_cells(sales, bound, honest, lint, fault):
    _, code, word = IN_PREDICT[fault]
    bad = {**good_models(), "bad": Bad(fault, bound)}
    bt = backtest(sales, bad, h=5, n_windows=2, level=80)
    check_costs_its_own_cells(bt, honest, bad, code, word, lint)
    assert {"predict"} == set(bt.failures["stage"])


@pytest.mark.parametrize("fault", ["raises", "short", "writes", "exits"])
def test_W08_the_good_series_of_a_bad_model_are_those_of_a_run_without_the_bad_series(
    sales, bound, fault
):
    both = backtest(sales, Bad(fault, bound), h=5, n_windows=2, level=80)
    alone = backtest(
        sales[sales["unique_id"] == "b"], Bad(fault, bound), h=5, n_windows=2, level=80
    )
    b = forecasts_of(both, "Bad").xs("b", drop_level=False)
    pd.testing.assert_frame_equal(forecasts_of(alone, "Bad"), b, check_exact=True)


def test_W08_failures_are_counted_and_a_model_that_fails_often_is_not_ranked(sales, bound):
    bt = backtest(sales, {"naive": Naive(), "bad": Bad("raises", bound)}, h=5, n_windows=2)
    assert {"naive": 0, "bad": 10} == bt.summary()["n_failed"].to_dict()
    assert "naive" == bt.verdict.winner
    assert "bad is not ranked" in str(bt.verdict)


def test_W08_W11_worker_processes_change_no_code_and_no_bit(sales, bound, honest):
    faults = {**IN_FIT, **IN_PREDICT}
    bad = {
        f"bad {fault}": Bad(fault, bound)
        for fault in ("unpicklable", "exits", "rude", "writes", "NaN")
    }
    models = {**good_models(), **bad, "seeds": Bad("seeds")}
    bt = backtest(sales, models, h=5, n_windows=2, level=80, n_jobs=2)
    expected = [("a", model, faults[model[4:]][1]) for model in bad for _ in range(2)]
    found = bt.failures[["unique_id", "model", "code"]].itertuples(index=False, name=None)
    assert sorted(expected) == sorted(found)
    for model in good_models():
        pd.testing.assert_frame_equal(
            forecasts_of(honest, model), forecasts_of(bt, model), check_exact=True
        )


@dataclass(frozen=True)
class BadPanel(GlobalForecaster):
    """Misbehaves at every cutoff, for all series: it has one answer for them."""

    fault: str

    def _fit(self, panel, rng):
        if self.fault == "raises":
            raise Rude("!")
        if self.fault == "writes":
            panel.values[:] = 0.0
        return float(panel.values.mean())

    def _predict(self, state, panel, future):
        n, h = panel.n_series, future.h
        shapes = {"flat": (h,), "one row": (1, h), "transposed": (h, n), "fewer": (n - 1, h)}
        return np.full(shapes.get(self.fault, (n, h)), np.nan if self.fault == "NaN" else state)


@pytest.mark.parametrize(
    ("fault", "code", "word"),
    [
        ("raises", "MODEL", "Rude: !"),
        ("writes", "CONTRACT", "wrote into its input"),
        ("NaN", "CONTRACT", "returned NaN at 5 of 5 steps"),
        ("flat", "CONTRACT", "returned 5 forecasts (series, steps), expected 2 x 5"),
        ("one row", "CONTRACT", "returned 1 x 5 forecasts (series, steps), expected 2 x 5"),
        ("transposed", "CONTRACT", "returned 5 x 2 forecasts (series, steps), expected 2 x 5"),
        ("fewer", "CONTRACT", "returned 1 x 5 forecasts (series, steps), expected 2 x 5"),
    ],
)
def test_W10_a_forecaster_of_all_series_that_answers_for_others_costs_its_own_cells(
    sales, honest, lint, fault, code, word
):
    """Numbers are never spread over series that they were not meant for."""
    bt = backtest(sales, {**good_models(), "bad": BadPanel(fault)}, h=5, n_windows=2, level=80)
    assert [("bad", code)] * 4 == list(
        bt.failures[["model", "code"]].itertuples(index=False, name=None)
    )
    for message in bt.failures["message"]:
        assert word in message
        lint(message)
    for model in good_models():
        pd.testing.assert_frame_equal(
            forecasts_of(honest, model), forecasts_of(bt, model), check_exact=True
        )


@dataclass(frozen=True)
class BadHook(LocalForecaster):
    """Has a third hook, for all windows at once, that raises: always, or where it is calibrated on."""

    only_past: bool

    def _fit(self, history):
        return float(history.y[-1])

    def _predict(self, state, future):
        return np.full(future.h, state)

    def _forecast_windows(self, windows, probs):
        if not self.only_past or windows.n_windows > 2:
            raise IndexError("off by one")
        return self._loop(windows, probs)


@pytest.mark.parametrize(("only_past", "stage"), [(False, "predict"), (True, "interval")])
def test_W08_a_third_hook_that_raises_costs_its_own_cells(sales, honest, lint, only_past, stage):
    bt = backtest(sales, {**good_models(), "bad": BadHook(only_past)}, h=5, n_windows=2, level=80)
    assert [("bad", stage, "MODEL")] * 4 == list(
        bt.failures[["model", "stage", "code"]].itertuples(index=False, name=None)
    )
    assert only_past == forecasts_of(bt, "bad")["mean"].notna().all()
    for model in good_models():
        pd.testing.assert_frame_equal(
            forecasts_of(honest, model), forecasts_of(bt, model), check_exact=True
        )


def test_W11_a_forecaster_that_seeds_the_global_generators_changes_nobodys_bits(sales, honest):
    np.random.seed(7)  # noqa: NPY002 - the caller's own state
    random.seed(7)
    before = np.random.get_state()[1].tolist(), random.getstate(), np.geterr()  # noqa: NPY002
    bt = backtest(sales, {"bad": Bad("seeds"), **good_models()}, h=5, n_windows=2, level=80)
    Bad("seeds").fit(sales).predict(2)
    assert before == (np.random.get_state()[1].tolist(), random.getstate(), np.geterr())  # noqa: NPY002
    assert not len(bt.failures)
    for model in good_models():
        pd.testing.assert_frame_equal(
            forecasts_of(honest, model), forecasts_of(bt, model), check_exact=True
        )


@dataclass(frozen=True)
class CtrlC(LocalForecaster):
    """Ctrl-C at the second series."""

    def _fit(self, history):
        if history.y[0] > 105:
            raise KeyboardInterrupt
        return 0.0

    def _predict(self, state, future):
        return np.zeros(future.h)


def test_W16_ctrl_c_keeps_what_is_finished(sales, bound, honest):
    bt = backtest(sales, {**good_models(), "slow": CtrlC()}, h=5, n_windows=2, level=80)
    assert not bt.complete
    assert {"INTERRUPTED"} == set(bt.failures["code"])
    assert "slow" in set(bt.failures["model"])
    done = [m for m in good_models() if m not in set(bt.failures["model"])]
    assert done
    for model in done:
        pd.testing.assert_frame_equal(
            forecasts_of(honest, model), forecasts_of(bt, model), check_exact=True
        )


def test_W16_ctrl_c_goes_through_fit(sales):
    with pytest.raises(KeyboardInterrupt):
        CtrlC().fit(sales)


def test_W18_neither_company_nor_order_changes_a_bit(sales, honest):
    turned = dict(reversed(good_models().items()))
    shuffled = sales.sample(frac=1, random_state=3)
    again = backtest(shuffled, turned, h=5, n_windows=2, level=80)
    only_b = backtest(sales[sales["unique_id"] == "b"], Noise(), h=5, n_windows=2, level=80)
    other = backtest(sales, good_models(), h=5, n_windows=2, level=80, seed=1)
    for model in good_models():
        pd.testing.assert_frame_equal(
            forecasts_of(honest, model), forecasts_of(again, model), check_exact=True
        )
    b = forecasts_of(honest, "noise").xs("b", drop_level=False)
    pd.testing.assert_frame_equal(forecasts_of(only_b, "Noise"), b, check_exact=True)
    assert not forecasts_of(honest, "noise").equals(forecasts_of(other, "noise"))


POISONED = {
    "gap": lambda y: y.drop(index=[30, 31]),
    "missing": lambda y: y.assign(y=y["y"].where(y.index != 30)),
    "missing run": lambda y: y.assign(y=y["y"].where((y.index < 20) | (y.index > 40))),
    "missing end": lambda y: y.assign(y=y["y"].where(y.index < 54)),
    "nothing": lambda y: y.assign(y=np.nan),
    "inf": lambda y: y.assign(y=y["y"].mask(y.index == 30, np.inf)),
    "-inf": lambda y: y.assign(y=y["y"].mask(y.index == 30, -np.inf)),
    "short": lambda y: y.tail(12),
    "ended": lambda y: y.head(40),
    "huge": lambda y: y.assign(y=y["y"] * 1e306),
    "tiny": lambda y: y.assign(y=y["y"] * 1e-306),
    "zeros": lambda y: y.assign(y=0.0),
    "constant": lambda y: y.assign(y=5.0),
    "negative": lambda y: y.assign(y=-y["y"]),
    "outlier": lambda y: y.assign(y=y["y"].mask(y.index == 30, 1e12)),
}


@pytest.mark.filterwarnings("ignore::forecasting.errors.DataWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("poison", POISONED)
def test_G5_a_poisoned_series_changes_no_bit_of_the_others(df, poison):
    a = POISONED[poison](df[df["unique_id"] == "a"].reset_index(drop=True))
    rest = pd.concat([df[df["unique_id"] == "b"].assign(unique_id=i) for i in "bc"])
    models = {"naive": Naive(), "weekly": SeasonalNaive(7), "noise": Noise()}
    with_it = backtest(pd.concat([a, rest]), models, h=5, n_windows=2, level=80, freq="D")
    without = backtest(rest, models, h=5, n_windows=2, level=80, freq="D")
    for model in models:
        got = forecasts_of(with_it, model).loc[["b", "c"]]
        pd.testing.assert_frame_equal(forecasts_of(without, model), got, check_exact=True)
    assert {"a"} >= set(with_it.failures["unique_id"]) | set(with_it.skipped["unique_id"])
