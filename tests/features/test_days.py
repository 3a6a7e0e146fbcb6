"""Easter, fixed holidays and the ends of months, against dates that can be looked up."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from forecasting.features.days import UNIVERSAL, easter, month_position, universal_days


def days(*dates):
    return np.array(dates, dtype="M8[D]")


def on(date):
    """Return the names of the columns that are one on a date."""
    return [name for name, one in zip(UNIVERSAL, universal_days(days(date))[0], strict=True) if one]


def test_easter_sundays():
    expected = days(
        "1818-03-22", "1943-04-25", "1961-04-02", "1999-04-04", "2008-03-23", "2038-04-25"
    )
    assert_array_equal(easter(np.array([1818, 1943, 1961, 1999, 2008, 2038])), expected)


def test_easter_is_that_of_dateutil():
    dateutil = pytest.importorskip("dateutil.easter")
    years = np.arange(1900, 2200)
    assert_array_equal(easter(years), days(*(dateutil.easter(int(y)) for y in years)))


@pytest.mark.parametrize(
    ("date", "names"),
    [
        ("2023-12-25", ["12-25"]),
        ("2024-01-01", ["01-01", "month_day_1"]),
        ("2024-03-28", ["easter-3"]),
        ("2024-03-29", ["easter-2", "month_day_last_3"]),
        ("2024-05-09", ["easter+39"]),
        ("2008-05-01", ["05-01", "easter+39", "month_day_1"]),
        ("2024-05-20", ["easter+50"]),
        ("2024-08-01", ["08-01", "month_day_1"]),
        ("2024-06-15", []),
    ],
)
def test_a_date_has_its_columns(date, names):
    assert on(date) == names


def test_months_end_on_their_own_last_day():
    february = days(
        "2023-02-28", "2024-02-28", "2024-02-29", "1900-02-28", "2000-02-29", "2024-03-01"
    )
    from_first, from_last = month_position(february)
    assert_array_equal(from_first, [28, 28, 29, 28, 29, 1])
    assert_array_equal(from_last, [1, 2, 1, 1, 1, 31])
