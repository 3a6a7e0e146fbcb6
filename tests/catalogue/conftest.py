"""What every case of the catalogue of bad inputs needs: the base frame, and what "right" means.

Each test bears the id of its case. A frame problem *stops* before any fit, with its class, its code and
a message that a tired person understands; a series problem *costs* one series, and the others get the
same bits as without it.
"""

import re
import warnings
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from forecasting import LocalForecaster, SeasonalNaive
from forecasting.errors import DataWarning, FailureWarning, ForecastingError

# Words of numpy and pandas, and of a stack trace: their place is not in a message to a user.
BANNED = re.compile(
    r"broadcast|reindex|NoneType|\baxis\b|Traceback|(Key|Index|Attribute|Type|Assertion)Error|ndarray|"
    r"dtype\(|\bshape \(|Float64Index|RangeIndex|Int64|cannot convert|could not convert|got an unexpected|"
    r"unhashable|<class|<function|object at 0x|nan\]|\bNaT\b|pandas\._libs|site-packages|\.py\b|"
    r"not subscriptable|has no attribute|positional argument|must have length|out of bounds|"
    r"truth value|inhomogeneous|unsupported operand|cannot reshape|invalid literal|zero-size|"
    r"numpy\.|np\.(?!isfinite)|Length mismatch|slice|array\(\["
)
# What an author's own code said is passed on; it stands behind these words.
QUOTED = re.compile(r"(the forecaster raised|its text cannot be shown:) .*", re.S)
# What to do is said with a verb of doing or a piece of code.
ADVICE = re.compile(
    r"=|\.\w+\(|\b(use|say|type|drop|call|give|make|rename|choose|check|did you)\b", re.I
)


@dataclass(frozen=True)
class Spy(LocalForecaster):
    """Counts how often it is fitted."""

    calls: list = field(default_factory=list)

    def _fit(self, history):
        self.calls.append(len(history))

    def _predict(self, state, future):
        return np.zeros(future.h)


def lint(message):
    message = QUOTED.sub(r"\1 it", message)
    assert not BANNED.search(message), message
    assert len(message) < 700, message
    assert not re.fullmatch("'[^']*'", message), f"the text of a KeyError: {message}"
    assert not message.endswith((" ", ":")), message


@pytest.fixture(autouse=True)
def every_message(monkeypatch):
    """Hold every message of ours that a case produces to the same rules, whether the case looks or not."""
    said = []
    init, warn = ForecastingError.__init__, warnings.warn

    def made(self, message, **facts):
        said.append(message)
        init(self, message, **facts)

    def warned(message, category=None, stacklevel=1, **options):
        if category is not None and category.__module__ == DataWarning.__module__:
            said.append(str(message))
        warn(message, category, stacklevel + 1, **options)

    monkeypatch.setattr(ForecastingError, "__init__", made)
    monkeypatch.setattr(warnings, "warn", warned)
    yield
    for message in said:
        lint(message)


@pytest.fixture
def df():
    """Two series of 60 days."""
    rng = np.random.default_rng(0)
    day = np.arange(60)
    frames = [
        pd.DataFrame(
            {
                "unique_id": name,
                "ds": pd.date_range("2024-01-01", periods=60, freq="D"),
                "y": 100 + 10 * np.sin(2 * np.pi * day / 7) + rng.normal(size=60),
            }
        )
        for name in "ab"
    ]
    return pd.concat(frames, ignore_index=True)


@pytest.fixture
def forecast():
    """Forecast without any warning."""

    def run(data, h=7, *, model=None, level=(), X=None, ahead=None, **options):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fitted = (model or SeasonalNaive(7)).fit(data, X=X, **options)
            return fitted.predict(h, level=level, X=ahead)

    return run


@pytest.fixture
def stops():
    """Assert that a frame problem stops before any fit, and return the error."""

    def run(data, kind, *words, **options):
        spy = Spy()
        with pytest.raises(kind) as caught:
            spy.fit(data, **options)
        assert spy.calls == [], "a forecaster was fitted before the frame was refused"
        error, message = caught.value, str(caught.value)
        assert type(error) is kind
        assert error.code == kind.code
        lint(message)
        assert ADVICE.search(message), f"says what, not what to do: {message}"
        for word in words:
            assert word in message, f"{word!r} is not in: {message}"
        return error

    return run


@pytest.fixture
def refuses():
    """Assert that a call refuses an argument, and return the error."""

    def run(call, kind, *words):
        with pytest.raises(kind) as caught:
            call()
        message = str(caught.value)
        assert type(caught.value) is kind
        lint(message)
        for word in words:
            assert word in message, f"{word!r} is not in: {message}"
        return caught.value

    return run


@pytest.fixture
def costs(df):
    """Assert that trouble costs the series "a" its forecast, and series "b" not a bit."""

    def run(data, code, *words, model=None, **options):
        model = model or SeasonalNaive(7)
        alone = data[data["unique_id"] == "b"]
        expected = type(model)(**_parameters(model)).fit(alone, **options).predict(7)
        with pytest.warns(FailureWarning) as said:
            fitted = model.fit(data, **options)
        got = fitted.predict(7)
        a, b = got[got["unique_id"] == "a"], got[got["unique_id"] == "b"]
        assert a["mean"].isna().all()
        np.testing.assert_array_equal(expected["mean"].to_numpy(), b["mean"].to_numpy())
        failures = fitted.failures
        assert [("a", "data", code)] == list(
            failures[["unique_id", "stage", "code"]].itertuples(index=False, name=None)
        )
        message = failures["message"].iloc[0]
        lint(message)
        for word in words:
            assert word in message, f"{word!r} is not in: {message}"
        text = str(next(w.message for w in said if w.category is FailureWarning))
        lint(text)
        assert code in text
        assert "1 of 2 series" in text
        return failures

    return run


def _parameters(model):
    return {name: getattr(model, name) for name in model.__dataclass_fields__}


@pytest.fixture
def says():
    """Expect exactly one warning of a kind, with these words, and nothing else."""

    class Says:
        def __init__(self, kind, *words):
            self.kind, self.words = kind, words

        def __enter__(self):
            self.caught = warnings.catch_warnings(record=True)
            self.log = self.caught.__enter__()
            warnings.simplefilter("always")

        def __exit__(self, *error):
            self.caught.__exit__(*error)
            if error[0] is not None:
                return
            assert [self.kind] == [w.category for w in self.log], [str(w.message) for w in self.log]
            message = str(self.log[0].message)
            lint(message)
            assert "/catalogue/test_" in self.log[0].filename, "points at the caller's line"
            for word in self.words:
                assert word in message, f"{word!r} is not in: {message}"

    return Says


@pytest.fixture(name="lint")
def lint_of_messages():
    return lint
