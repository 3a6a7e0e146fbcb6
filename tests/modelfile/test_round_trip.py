"""A loaded forecaster is the one that was saved: forecasts, intervals, failures, ids, calendars."""

from __future__ import annotations

import datetime
import warnings
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import forecasting as fc
from forecasting.errors import ArgumentError, DataWarning, FailureWarning
from forecasting.loading import CLASSES
from forecasting.modelfile.values import foreign_classes
from forecasting.models.prophet import Seasonality
from forecasting.testing import contract_panel, parametrize_forecasters

HEAVY = [
    fc.LagRegression(Ridge(), strategy="direct"),
    fc.LagRegression(make_pipeline(StandardScaler(), Ridge(0.5)), lags=(1, 12), differences=(1,)),
    fc.STLForecaster(12, fc.Transformed(fc.Holt(damped=True), fc.Log())),
    fc.Ensemble((fc.AutoTheta(12), fc.LagRegression(Ridge()), fc.Calibrated(fc.SES()))),
    fc.Fallback((fc.Transformed(fc.AutoETS(12), fc.Log()), fc.Naive())),
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "it.model"


def reload(forecaster, path, **given):
    return fc.load(forecaster.save(path), **given)


def assert_same(saved, loaded, h=3, X=None):
    for asked in ({"level": (50, 80)}, {"quantiles": (0.3, 0.9)}, {}):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            before, after = saved.predict(h, X=X, **asked), loaded.predict(h, X=X, **asked)
        assert type(before) is type(after)
        if isinstance(before, (pd.DataFrame, pd.Series)):
            same = (
                pd.testing.assert_frame_equal
                if isinstance(before, pd.DataFrame)
                else pd.testing.assert_series_equal
            )
            same(before, after, check_exact=True)
        else:
            assert before.equals(after)


@pytest.mark.parametrize("forecaster", HEAVY, ids=repr)
def test_what_is_estimated_again_has_the_same_bits(forecaster, path):
    fitted = forecaster.fit(contract_panel())
    loaded = reload(fitted, path)
    assert repr(fitted) == repr(loaded)
    assert_same(fitted, loaded)


@pytest.mark.slow
@pytest.mark.parametrize(
    "forecaster",
    [
        fc.StatsmodelsTheta(12),
        fc.StatsmodelsETS(12, trend="add", seasonal="add"),
        fc.StatsmodelsARIMA(12, (1, 0, 0), (0, 1, 0)),
        fc.Prophet(
            seasonalities=(Seasonality("quarter", 91.3, 2),),
            holidays=pd.DataFrame({"holiday": ["new year"], "ds": ["2022-01-01"]}),
        ),
    ],
    ids=lambda f: type(f).__name__,
)
def test_adapters_are_estimated_again_with_the_same_bits(forecaster, path):
    fitted = forecaster.fit(contract_panel(n_series=2))
    loaded = reload(fitted, path)
    assert [type(forecaster).__name__] == fc.read_signature(path)["estimated_again"]
    assert_same(fitted, loaded)


@pytest.mark.filterwarnings("ignore:The default of config:FutureWarning")
def test_a_forecaster_of_sktime_is_handed_over(path):
    from sktime.forecasting.naive import NaiveForecaster

    fitted = fc.Sktime(NaiveForecaster(sp=12)).fit(contract_panel())
    fitted.save(path)
    with pytest.raises(fc.ModelFileError, match=r"classes=\[NaiveForecaster\]"):
        fc.load(path)
    assert_same(fitted, fc.load(path, classes=[NaiveForecaster]))


def test_lightgbm_is_estimated_again_with_the_same_bits(path):
    lightgbm = pytest.importorskip("lightgbm")
    model = lightgbm.LGBMRegressor(n_estimators=9, verbosity=-1)
    fitted = fc.LagRegression(model, lags=(1, 2, 12)).fit(contract_panel())
    assert_same(fitted, reload(fitted, path))


def test_an_unfitted_forecaster_comes_back_unfitted(path):
    recipe = fc.Ensemble((fc.Naive(), fc.Transformed(fc.SES(0.3), fc.BoxCox(0.5))), weights=(1, 2))
    loaded = reload(recipe, path)
    assert recipe == loaded
    with pytest.raises(fc.ForecastingError, match="not fitted"):
        loaded.predict(1)


def test_failures_come_back_with_stage_code_and_message(path):
    data = contract_panel(n_series=4)
    short = data[data["unique_id"] == "s0"].tail(3)
    holed = data[data["unique_id"] == "s1"].copy()
    holed.loc[holed.index[5], "y"] = np.nan
    rest = data[data["unique_id"].isin(["s2", "s3"])]
    frame = pd.concat([short, holed, rest])
    for forecaster in (fc.DynamicOptimizedTheta(), fc.SeasonalNaive(12), fc.AutoETS()):
        with pytest.warns(FailureWarning):
            fitted = forecaster.fit(frame)
        loaded = reload(fitted, path)
        assert len(fitted.failures) >= 1
        pd.testing.assert_frame_equal(fitted.failures, loaded.failures)
        assert_same(fitted, loaded)


def test_what_was_estimated_is_kept_and_not_estimated_again(path, monkeypatch):
    fitted = fc.Ensemble((fc.AutoETS(12), fc.Theta(12), fc.ARIMA(12), fc.AutoARIMA(12))).fit(
        contract_panel()
    )
    expected = fitted.predict(3)
    fitted.save(path)

    def never(*args, **kwargs):
        raise AssertionError("estimated again")

    for kind in (fc.AutoETS, fc.Theta, fc.ARIMA, fc.AutoARIMA):
        monkeypatch.setattr(kind, "_estimate", never)
    pd.testing.assert_frame_equal(expected, fc.load(path).predict(3), check_exact=True)


def test_the_table_of_parameters_comes_back(path):
    fitted = fc.AutoETS(12).fit(contract_panel())
    pd.testing.assert_frame_equal(fitted.parameters(), reload(fitted, path).parameters())


@dataclass(frozen=True)
class LastTimes(fc.LocalForecaster):
    """The last value times a number, of the user's own."""

    factor: float = 2.0
    table: tuple[tuple[str, float], ...] = (("a", float("inf")),)

    def _fit(self, history):
        return history.y[-1] * self.factor + history.rng().normal()

    def _predict(self, state, future):
        return np.full(future.h, state)


def test_a_forecaster_of_ones_own_is_handed_over(path):
    fitted = fc.Calibrated(LastTimes(np.float64(1.5))).fit(contract_panel(), seed=7)
    assert (LastTimes,) == foreign_classes(fitted)
    fitted.save(path)
    with pytest.raises(fc.ModelFileError, match=r"load\(path, classes=\[LastTimes\]\)"):
        fc.load(path)
    loaded = fc.load(path, classes=[LastTimes])
    assert LastTimes(1.5) == loaded.forecaster
    assert_same(fitted, loaded)


def test_two_classes_of_one_name_are_refused(path):
    other = type("LastTimes", (LastTimes,), {})
    with pytest.raises(ArgumentError, match="two classes LastTimes"):
        fc.load(path, classes=[LastTimes, other])


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (max, r"a builtin_function"),
        (fc.Naive, "the class Naive"),
        (pd.DataFrame(), "a DataFrame"),
        ((1.0, [np.datetime64("2024-01-01", "ns")]), r"factor\[1\]\[0\] is a datetime64"),
        (pd.Timestamp("2024-01-01", tz="Europe/Zurich"), "a Timestamp"),
        (np.array([object()]), "an array of dtype object"),
        (frozenset((1,)), "a frozenset"),
        (1j, "a complex"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_saved_is_named_and_leaves_no_file(path, value, what):
    with pytest.raises(fc.UnsavableError, match=what):
        LastTimes(factor=value).save(path)
    assert not path.exists()


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -(2**70),
        float("-inf"),
        "\ud800\0",
        (1, [2.5, ("a",)]),
        {"a": (1,), 2: None},
        pd.Timestamp("2024-02-29 12:00:00.123456789"),
        fc.Log(2.0),
    ],
    ids=repr,
)
def test_plain_parameters_come_back_equal(path, value):
    loaded = fc.load(LastTimes(factor=value).save(path), classes=[LastTimes])
    assert value == loaded.factor
    assert type(value) is type(loaded.factor)


def test_an_array_among_the_parameters_comes_back(path):
    weights = np.arange(6, dtype=">i4").reshape(2, 3)
    loaded = fc.load(LastTimes(factor=weights).save(path), classes=[LastTimes])
    assert weights.tolist() == loaded.factor.tolist()


def test_a_parameter_that_names_a_place_on_the_disk_is_refused(path, tmp_path):
    cached = make_pipeline(StandardScaler(), Ridge(), memory=str(tmp_path))
    with pytest.raises(fc.UnsavableError, match="memory="):
        fc.LagRegression(cached).save(path)


@parametrize_forecasters([LastTimes(1.0)])
def test_ones_own_forecaster_is_under_the_contract(forecaster_check):
    forecaster_check()


# --- ids and shapes ----------------------------------------------------------------------------------------


def long(ids, ds=None):
    times = pd.date_range("2024-01-01", periods=8) if ds is None else ds
    parts = [
        pd.DataFrame(
            {"unique_id": [i] * len(times), "ds": times, "y": np.arange(len(times)) + 1.0 + j}
        )
        for j, i in enumerate(ids)
    ]
    return pd.concat(parts, ignore_index=True)


STRANGE = ["../../etc/cron.d/x", "CON", "a" * 300, "nul\0in", "a/b", "=1+1", "Ä\u0308\u20ac"]


def test_X04_ids_of_any_text_come_back(path):  # noqa: N802 - the id of its case
    for ids in (STRANGE, ["a", "b"]):
        data = long(ids)
        data["unique_id"] = data["unique_id"].astype(object)
        fitted = fc.Naive().fit(data)
        assert_same(fitted, reload(fitted, path))
    assert [path] == list(path.parent.iterdir())


@pytest.mark.parametrize(
    "dtype",
    [
        *("int64", "int16", "uint64", "float64", "Int64", "Float32"),
        *("str", "object", "category", "string[python]", "string[pyarrow]"),
    ],
)
def test_ids_of_every_kind_come_back_as_they_were(path, dtype):
    data = long([3, 1, 20])
    if dtype in ("str", "object", "category") or dtype.startswith("string"):
        data["unique_id"] = data["unique_id"].astype(str)
    fitted = fc.Naive().fit(data.astype({"unique_id": dtype}))
    loaded = reload(fitted, path)
    assert fitted._fitted.panel.ids.dtype == loaded._fitted.panel.ids.dtype
    assert_same(fitted, loaded)


def test_an_id_dtype_that_cannot_be_kept_is_named(path):
    import pyarrow

    data = long([1, 2]).astype({"unique_id": pd.ArrowDtype(pyarrow.int64())})
    with pytest.raises(fc.UnsavableError, match=r"int64\[pyarrow\].*astype\(str\)"):
        fc.Naive().fit(data).save(path)


def test_frames_of_every_shape_come_back(path):
    frame = long(["b", "a"])
    wide = frame.pivot(index="ds", columns="unique_id", values="y")[["b", "a"]]
    levels = pd.CategoricalDtype(["b", "a", "none"], ordered=True)
    shapes = [
        frame.rename(columns={"unique_id": "shop", "ds": "day", "y": "sold"}),
        wide,
        wide.rename_axis(columns=None).set_axis([2019, 2020], axis=1),
        wide["a"].rename(("a", 1)),
        frame[frame["unique_id"] == "a"].drop(columns="unique_id"),
        frame.set_index(["unique_id", "ds"]),
        frame.astype({"unique_id": levels}),
    ]
    names = {"id_col": "shop", "time_col": "day", "target_col": "sold"}
    for data in shapes:
        fitted = fc.HistoricAverage().fit(data, **(names if "shop" in data else {}))
        assert_same(fitted, reload(fitted, path))


@pytest.mark.parametrize("backend", ["polars", "pyarrow"])
def test_frames_of_other_libraries_come_back(path, backend):
    library = pytest.importorskip(backend)
    table = library.from_pandas(long(["a", "b"])) if backend == "polars" else None
    data = table if table is not None else library.Table.from_pandas(long(["a", "b"]))
    fitted = fc.Naive().fit(data)
    assert_same(fitted, reload(fitted, path))


# --- calendars ---------------------------------------------------------------------------------------------

FREQUENCIES = [
    "s",
    "15min",
    "h",
    "6h",
    "D",
    "3D",
    "B",
    "W-MON",
    "2W-FRI",
    "MS",
    "ME",
    "QS-FEB",
    "YE-JUN",
]


@pytest.mark.parametrize("freq", FREQUENCIES)
@pytest.mark.parametrize("unit", ["s", "ns"])
def test_every_frequency_and_unit_comes_back(path, freq, unit):
    times = pd.date_range("2023-01-02 09:30", periods=8, freq=freq).as_unit(unit)
    fitted = fc.Naive().fit(long(["a"], times))
    assert_same(fitted, reload(fitted, path))


@pytest.mark.parametrize(
    "zone",
    [
        *("Europe/Zurich", "UTC", "America/Argentina/Salta", ZoneInfo("Asia/Kolkata")),
        datetime.timezone(datetime.timedelta(hours=-3, minutes=-30)),
    ],
    ids=str,
)
def test_every_zone_comes_back(path, zone):
    if isinstance(zone, ZoneInfo) and not isinstance(_zone_of_pandas(str(zone)), ZoneInfo):
        pytest.skip("this pandas keeps named zones as pytz, which it does not take for the same")
    for freq in ("h", "D"):
        times = pd.date_range("2024-03-28", periods=8, freq=freq, tz=zone)
        fitted = fc.Naive().fit(long(["a"], times))
        assert_same(fitted, reload(fitted, path), h=5)


def _zone_of_pandas(name):
    return pd.DatetimeTZDtype("ns", name).tz


def test_periods_integers_and_listed_times_come_back(path):
    listed = pd.DatetimeIndex(
        ["2024-01-28", "2024-02-25", "2024-03-31", "2024-04-28", "2024-05-26"]
    )
    cases = [
        (pd.period_range("2024-01", periods=6, freq="M"), None),
        (pd.period_range("2024Q1", periods=6, freq="Q-MAR"), None),
        (np.arange(6) * 5 + 2, None),
        (listed[:3], listed),
        (listed, listed),  # no time is left to forecast
    ]
    for times, freq in cases:
        fitted = fc.Naive().fit(long(["a"], times), freq=freq)
        loaded = reload(fitted, path)
        if len(times) == 5:
            with pytest.raises(fc.InputError, match="listed calendar ends"):
                loaded.predict(1)
        else:
            assert_same(fitted, loaded, h=1)


# --- the signature -----------------------------------------------------------------------------------------


def with_regressors():
    data = contract_panel(60, 2)
    rng = np.random.default_rng(5)
    keys = data[["unique_id", "ds"]]
    X = fc.Regressors(
        known_future=keys.assign(price=rng.normal(size=len(data))),
        past_only=keys.assign(visits=rng.normal(size=len(data))),
        static=pd.DataFrame({"unique_id": ["s0", "s1"], "size": [1.0, 2.0]}),
    )
    last = data["ds"].max()
    ahead = pd.date_range(last, periods=4, freq="MS")[1:]
    future = pd.concat(
        [pd.DataFrame({"unique_id": i, "ds": ahead, "price": 0.5}) for i in ("s0", "s1")]
    )
    return data, X, future


def test_the_signature_says_what_predict_will_demand(path):
    data, X, future = with_regressors()
    fitted = fc.LagRegression(Ridge(), past_lags=(3,)).fit(data, X=X, seed=11)
    loaded = reload(fitted, path)
    assert_same(fitted, loaded, X=future)
    said = fc.read_signature(path)
    assert said["data"] == {
        "n_series": 2,
        "n_rows": 115,
        "id": {"column": "unique_id", "dtype": "str"},
        "time": {
            "column": "ds",
            "kind": "datetime",
            "freq": "MS",
            "zone": None,
            "cutoffs": ["2022-12-01", "2022-12-01"],
        },
        "target": "y",
        "regressors": {"known_future": ["price"], "past_only": ["visits"], "static": ["size"]},
    }
    assert (11, True, ["LagRegression"]) == tuple(
        said[name] for name in ("seed", "fitted", "estimated_again")
    )
    assert (
        fitted._fitted.panel.fingerprint == said["fingerprint"] == loaded._fitted.panel.fingerprint
    )
    assert fitted.min_observations == said["min_observations"]


def test_predict_after_load_demands_the_same_regressors(path):
    data, X, future = with_regressors()
    loaded = reload(fc.LagRegression(Ridge(), past_lags=(3,)).fit(data, X=X), path)
    with pytest.raises(fc.InputError, match="price"):
        loaded.predict(3)
    with pytest.raises(fc.InputError, match="lacks 'price'"):
        loaded.predict(3, X=future.rename(columns={"price": "cost"}))
    with pytest.raises(fc.InputError, match="lacks 2 rows"):
        loaded.predict(3, X=future[future["ds"] < future["ds"].max()])


def test_the_level_that_past_errors_carry_is_in_the_signature(path):
    fc.Croston().fit(long(["a", "b"])).save(path)  # 8 values: 7 past errors of step 1
    assert 87.5 == fc.read_signature(path)["calibrated_level"]
    loaded = fc.load(path)
    assert loaded.predict(1, level=87.5).notna().all(axis=None)
    with pytest.raises(fc.ForecastingError, match=r"level 87\.6 needs 8 past forecasts"):
        loaded.predict(1, level=87.6)


def test_another_version_of_a_library_is_told_only_where_it_matters(path, monkeypatch):
    import sklearn

    kept = fc.AutoETS(12).fit(contract_panel()).save(path.with_name("kept.model"))
    again = fc.LagRegression(Ridge()).fit(contract_panel()).save(path)
    monkeypatch.setattr(sklearn, "__version__", "99.1")
    fc.load(kept)
    with pytest.warns(
        DataWarning, match=r"LagRegression was estimated again with sklearn 99\.1 instead"
    ):
        fc.load(again)


def test_every_forecaster_of_the_package_has_a_name_in_files():
    public = {
        name
        for name in fc.__all__
        if isinstance(cls := getattr(fc, name), type) and issubclass(cls, fc.Forecaster)
    }
    public -= {"Forecaster", "LocalForecaster", "GlobalForecaster"}
    assert public <= set(CLASSES)
