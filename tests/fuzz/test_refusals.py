"""Whatever is handed in, an error is ours: it has a code, and speaks of columns and ids, not of numpy."""

import re

import pandas as pd
import pytest
from fuzz.panels import ODD_CELLS, cases, fuzz, strange_frames
from hypothesis import given
from hypothesis import strategies as st

from forecasting import Naive, Regressors, as_panel, backtest, check, fill_gaps
from forecasting.errors import ForecastingError

pytestmark = pytest.mark.filterwarnings(
    "ignore::forecasting.errors.DataWarning", "ignore::DeprecationWarning"
)

INSIDES = re.compile(
    r"broadcast|reindex|NoneType|axis 0|Traceback|KeyError|IndexError|ndarray|dtype\(|unhashable|<class|"
    r"object at 0x|pandas\._libs|cannot convert|got an unexpected"
)


def tried(call):
    """Call; an error of ours passes if a person can read it, any other goes on."""
    try:
        return call()
    except ForecastingError as error:
        refused = error
    text = str(refused)
    assert refused.code not in ("", "ERROR")
    assert not INSIDES.search(text), text
    assert len(text) > 20
    assert not text.endswith((" ", ":"))
    return None


@fuzz(150)
@given(strange_frames())
def test_a_strange_frame_is_read_or_refused_in_our_words(frame):
    panel = tried(lambda: as_panel(frame))
    tried(lambda: check(frame))
    if panel is not None:
        assert len(panel.values) == panel.offsets[-1]
        tried(lambda: Naive().fit(frame).predict(2))
        tried(lambda: backtest(frame, Naive(), h=1, level=80))
        tried(lambda: fill_gaps(frame, how="forward"))


VALUES = st.one_of(
    ODD_CELLS, st.integers(-3, 9), st.sampled_from(("", "D", "x", (), [], {}, (80,), [80, 95], 0.5))
)


@fuzz(100)
@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys((
        "n_windows", "cutoffs", "step_size", "window", "gap", "refit", "partial", "level", "quantiles",
        "baseline", "season_length", "timeout", "seed", "X", "freq", "id_col", "time_col", "target_col",
        "on_duplicate", "complete_until", "as_of", "end",
    ), VALUES)),
    st.one_of(st.just(2), VALUES),
)  # fmt: skip
def test_a_strange_argument_is_taken_or_refused_in_our_words(arguments, h):
    frame = pd.DataFrame(
        {"unique_id": "a", "ds": pd.date_range("2024-01-01", periods=20), "y": range(20)}
    )
    arguments = dict(list(arguments.items())[:2])  # more would hide one another
    tried(lambda: backtest(frame, Naive(), h=h, **arguments))


@fuzz(60)
@given(VALUES, VALUES, VALUES)
def test_a_strange_call_of_fit_and_predict_is_refused_in_our_words(h, level, quantiles):
    frame = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=20), "y": range(20)})
    fitted = Naive().fit(frame)
    tried(lambda: fitted.predict(h))
    tried(lambda: fitted.predict(1, level=level))
    tried(lambda: fitted.predict(1, quantiles=quantiles))
    tried(lambda: fill_gaps(frame, how=level, season_length=h))
    tried(lambda: check(frame, season_length=h, freq=level))


@fuzz(60)
@given(
    cases(most=2, length=(8, 12), holes=False),
    strange_frames(),
    st.sampled_from(("known_future", "past_only", "static")),
)
def test_strange_regressors_are_taken_or_refused_in_our_words(case, frame, role):
    frame = frame.to_frame() if isinstance(frame, pd.Series) else frame
    frame = frame.rename(columns={"y": "x"})
    tried(lambda: as_panel(case.frame, X=Regressors(**{role: frame}), freq=case.freq))
