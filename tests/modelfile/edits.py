"""Edited model files, and what may become of them: an error of ours, or a forecaster that forecasts."""

from __future__ import annotations

import hashlib
import json
import resource
import time
import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd

import forecasting as fc
from forecasting.modelfile import container

LENGTHS = (0, -1, 1, 2**31, 2**63, 2**63 - 1, -(2**63))
NUMBERS = (np.nan, np.inf, -np.inf, -1.0, 0.0, 1e308, 5e-324, 2.0**53, 1e300)


def sample_files(folder) -> dict[str, bytes]:
    """Return small files of every kind of content: by state, by regressors, by shape of frame."""
    days = pd.date_range("2024-01-01", periods=30)
    wave = 50 + 9 * np.sin(np.arange(30)) + np.random.default_rng(1).normal(size=30)
    frame = pd.concat(
        [
            pd.DataFrame({"unique_id": i, "ds": days, "y": wave * (k + 1)})
            for k, i in enumerate("ab")
        ]
    )
    short = pd.concat([frame, frame[frame["unique_id"] == "a"].head(2).assign(unique_id="c")])
    past = fc.Regressors(past_only=frame[["unique_id", "ds"]].assign(x=1.0 + np.arange(60)))
    wide = frame.pivot(index="ds", columns="unique_id", values="y")
    zoned = frame.assign(ds=frame["ds"].dt.tz_localize("Europe/Zurich"))
    periods = frame.assign(
        ds=frame["ds"].dt.to_period("D"), unique_id=frame["unique_id"].astype("category")
    )
    listed = pd.DatetimeIndex(np.append(days, days[-1] + pd.to_timedelta([2, 5, 6], unit="D")))
    from sklearn.linear_model import Ridge

    fitted = {
        "naive": (fc.SeasonalNaive(7), frame, None),
        "ets": (fc.AutoETS(7), short, None),
        "theta": (fc.DynamicOptimizedTheta(7), short, None),
        "composite": (
            fc.Fallback((fc.HoltWinters(7, "multiplicative"), fc.Calibrated(fc.Naive()))),
            wide,
            None,
        ),
        "transformed": (fc.Transformed(fc.RandomWalkWithDrift(), fc.BoxCox(0.5)), zoned, None),
        "periods": (fc.STLForecaster(7, fc.SES()), periods, None),
        "listed": (
            fc.Ensemble((fc.Croston(), fc.TSB())),
            frame.set_index(["unique_id", "ds"]),
            None,
        ),
        "regression": (fc.LagRegression(Ridge(), lags=(1, 7), past_lags=(3,)), frame, past),
    }
    files = {}
    for name, (forecaster, data, X) in fitted.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            given = {"freq": listed} if name == "listed" else {}
            path = forecaster.fit(data, X=X, **given).save(folder / f"{name}.model")
        files[name] = path.read_bytes()
    return files


def signed(data: bytes) -> bytes:
    """Return a file with the digest that belongs to what it holds."""
    front = data[: container.UNSIGNED]
    digest = hashlib.sha256(front + data[container.PROLOGUE.size :]).digest()
    return front + digest + data[container.PROLOGUE.size :]


def edited(data: bytes, rng: np.random.Generator) -> bytes:
    """Return the file after one to three random edits of its bytes."""
    out = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(len(out)))
        size = int(rng.integers(1, 64))
        match int(rng.integers(6)):
            case 0:
                out[at] ^= 1 << int(rng.integers(8))
            case 1:
                out[at:at] = rng.bytes(size)
            case 2:
                del out[at : at + size]
            case 3:
                out[at:at] = out[at : at + size]
            case 4:
                place = 24 if rng.random() < 0.5 else at
                number = LENGTHS[int(rng.integers(len(LENGTHS)))]
                out[place : place + 8] = (number % 2**64).to_bytes(8, "little")
            case _:
                del out[at:]
        if not out:
            break
    return bytes(out)


def edited_inside(data: bytes, rng: np.random.Generator) -> bytes:
    """Return a well-formed, signed file in which one fact or a few numbers are others."""
    _, _, _, length, _ = container.PROLOGUE.unpack_from(data)
    header = json.loads(data[container.PROLOGUE.size : container.PROLOGUE.size + length])
    first = container.PROLOGUE.size + length + (-length % container.ALIGNMENT)
    arrays = bytearray(data[first:])
    if rng.random() < 0.5 and len(arrays) >= 8:
        for _ in range(int(rng.integers(1, 4))):
            at = 8 * int(rng.integers(len(arrays) // 8))
            if rng.random() < 0.5:
                number = NUMBERS[int(rng.integers(len(NUMBERS)))]
                arrays[at : at + 8] = np.float64(number).tobytes()
            else:
                number = LENGTHS[int(rng.integers(len(LENGTHS)))] % 2**64
                arrays[at : at + 8] = number.to_bytes(8, "little")
    else:
        places = list(_leaves(header))
        holder, key = places[int(rng.integers(len(places)))]
        holder[key] = _other(holder[key], rng)
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    front = container.PROLOGUE.pack(container.MAGIC, container.FORMAT, 0, len(text), bytes(32))
    pad = bytes(-len(text) % container.ALIGNMENT)
    return signed(front + text + pad + bytes(arrays))


def _leaves(tree) -> Iterator[tuple[dict | list, str | int]]:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        yield tree, key
        if isinstance(value, (dict, list)):
            yield from _leaves(value)


def _other(value, rng):
    choices = [
        None,
        True,
        0,
        -1,
        3,
        2**63,
        1.5,
        "",
        "x",
        "../../etc/passwd",
        [],
        {},
        [1, 2],
        {"$array": 0},
    ]
    choices += [
        {"$class": "Naive", "with": {}},
        {"$own": "os.system", "with": {}},
        {"$texts": [0, 1]},
    ]
    choices += [
        {"$object": "sklearn.Ridge", "with": {"alpha": -1}},
        {"$object": "os.system", "with": {}},
    ]
    if isinstance(value, int) and not isinstance(value, bool):
        choices += [value + 1, value - 1, value * 2, -value]
    return choices[int(rng.integers(len(choices)))]


class Tally:
    """What became of edited files; raises for anything that must not be."""

    def __init__(self, folder) -> None:
        self.path = folder / "edited.model"
        self.counts: dict[str, int] = {}
        self.slowest = 0.0
        self.before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def try_one(self, data: bytes, expected: pd.DataFrame | None = None) -> str:
        """Load and forecast; ``expected`` are the forecasts that it must have if it loads."""
        self.path.write_bytes(data)
        began = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                outcome = self._outcome(expected)
            except fc.ForecastingError as error:
                outcome = error.code
        self.slowest = max(self.slowest, time.process_time() - began)
        self.counts[outcome] = self.counts.get(outcome, 0) + 1
        return outcome

    def _outcome(self, expected: pd.DataFrame | None) -> str:
        loaded = fc.load(self.path)
        if loaded._fitted is None:
            return "unfitted"
        table = loaded.predict(2, level=50)
        assert isinstance(table, pd.DataFrame)
        if expected is not None:
            pd.testing.assert_frame_equal(expected, table, check_exact=True)
            return "equal"
        if not np.isfinite(table.select_dtypes("float").to_numpy()).all():
            assert table.attrs.get("failures"), "NaN without a failure"
        return "forecasts"

    @property
    def grown(self) -> float:
        """Megabytes by which the process grew."""
        return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - self.before) / 1024
