"""Holidays, paydays and month ends on dates that can be looked up, before and after the end of the data."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

import forecasting as fc
from forecasting.errors import ArgumentError, FrequencyError

pytest.importorskip("holidays")


def features(first, n, country=None, **words):
    frame = fc.calendar_features(pd.date_range(first, periods=n, freq="D"), country, **words)
    return frame.set_index("ds")


def dates_of(column):
    return column.index[column == 1].strftime("%m-%d").tolist()


def test_holidays_of_the_united_states_in_2024():
    found = dates_of(features("2024-01-01", 366, "US")["holiday"])
    assert found == [
        *("01-01", "01-15", "02-19", "05-27", "06-19", "07-04"),
        *("09-02", "10-14", "11-11", "11-28", "12-25"),
    ]


def test_holidays_of_zurich_in_2024():
    found = features("2024-01-01", 366, "CH", subdivision="ZH")["holiday"]
    known = ["01-01", "03-29", "04-01", "05-01", "05-09", "05-20", "08-01", "12-25", "12-26"]
    assert set(known) <= set(dates_of(found))
    assert found.loc["2024-11-01"] == 0  # All Saints is kept in other cantons


def test_a_holiday_has_its_name():
    found = features("2023-12-01", 40, "US", by_name=True)
    assert found.loc["2023-12-25", "holiday_Christmas Day"] == 1
    assert found["holiday_Christmas Day"].sum() == 1
    assert found.loc["2024-01-01", "holiday_New Year's Day"] == 1
    assert "holiday" not in found


def test_the_days_before_and_after_a_holiday():
    found = features("2024-12-20", 10, "DE", lead=2, lag=1)
    assert dates_of(found["holiday"]) == ["12-25", "12-26"]
    assert dates_of(found["holiday_lead_1"]) == ["12-24"]  # the 25th is a holiday itself
    assert dates_of(found["holiday_lead_2"]) == ["12-23", "12-24"]
    assert dates_of(found["holiday_lag_1"]) == ["12-27"]


def test_the_days_around_a_holiday_reach_as_far_as_is_asked():
    days = pd.date_range("2024-01-01", periods=60)
    found = fc.calendar_features(days, "US", lead=100, lag=100, month_ends=0)
    long = fc.calendar_features(
        pd.date_range("2023-01-01", "2024-12-31"), "US", lead=100, lag=100, month_ends=0
    )
    expected = long[long["ds"].isin(days)].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected[found.columns])


def test_a_holiday_beyond_the_end_is_seen_coming():
    assert dates_of(features("2024-12-20", 5, "DE")["holiday_lead_1"]) == ["12-24"]
    assert dates_of(features("2025-01-02", 3, "DE")["holiday_lag_1"]) == ["01-02"]


def test_the_rows_after_the_data_are_those_of_longer_data():
    days = pd.date_range("2024-11-20", periods=60, freq="D")
    words = {"paydays": ("last", 25), "lead": 3, "lag": 2}
    ahead = fc.calendar_features(days[:20], "GB", h=40, **words)
    pd.testing.assert_frame_equal(ahead, fc.calendar_features(days, "GB", **words))


def test_paydays_move_to_the_working_day_before():
    found = features("2024-01-01", 366, "US", paydays=("last", 25, 31))
    assert dates_of(found["payday_last"]) == [
        *("01-31", "02-29", "03-29", "04-30", "05-31", "06-28"),
        *("07-31", "08-30", "09-30", "10-31", "11-29", "12-31"),
    ]
    assert dates_of(found["payday_25"])[:6] == [
        *("01-25", "02-23", "03-25", "04-25", "05-24", "06-25"),
    ]
    assert dates_of(found["payday_25"])[-1] == "12-24"  # Christmas
    assert_array_equal(found["payday_31"], found["payday_last"])


def test_a_payday_may_be_moved_into_the_month_before():
    found = features("2024-08-25", 12, paydays=1)
    assert dates_of(found["payday_1"]) == ["08-30"]  # the first of September 2024 is a Sunday


@pytest.mark.parametrize(("year", "ends"), [(2023, ["26", "27", "28"]), (2024, ["27", "28", "29"])])
def test_february_ends_with_its_own_last_days(year, ends):
    found = features(f"{year}-02-01", 31)
    last = [dates_of(found[f"month_day_last_{k}"])[0] for k in (3, 2, 1)]
    assert last == [f"02-{day}" for day in ends]
    assert dates_of(found["month_day_1"]) == ["02-01", "03-01"]


def test_hours_have_the_holiday_of_their_wall_clock():
    hours = pd.date_range("2024-12-24 22:00", periods=28, freq="h", tz="Europe/Zurich")
    found = fc.calendar_features(hours, "CH")
    assert (found["ds"] == hours).all()
    assert found["holiday"].to_numpy()[[0, 1, 2, 25]].tolist() == [0, 0, 1, 1]


def test_a_week_counts_its_days():
    weeks = pd.date_range("2024-12-22", periods=3, freq="W-SUN")
    found = fc.calendar_features(weeks, "DE", month_ends=1).set_index("ds")
    assert found["holiday"].tolist() == [0, 2, 1]  # 25 and 26 December; 1 January
    assert found["month_day_1"].tolist() == [0, 0, 1]


def test_a_month_counts_its_days_whichever_end_dates_it():
    for freq, first in (("MS", "2024-05-01"), ("ME", "2024-05-31")):
        found = fc.calendar_features(pd.date_range(first, periods=2, freq=freq), "DE", h=1)
        assert found["holiday"].tolist() == [3, 0, 0]  # Labour Day, Ascension, Whit Monday


def test_business_days_have_the_holiday_of_their_date():
    found = fc.calendar_features(pd.bdate_range("2024-12-23", periods=5), "DE")
    assert found["holiday"].tolist() == [0, 0, 1, 1, 0]


def test_periods_stay_periods():
    days = pd.period_range("2024-12-24", periods=3, freq="D")
    found = fc.calendar_features(days, "DE")
    assert found["ds"].tolist() == list(days)
    assert found["holiday"].tolist() == [0, 1, 1]


def test_the_frame_serves_fit_and_predict():
    days = pd.date_range("2021-01-01", "2023-12-20", freq="D")
    closed = fc.calendar_features(days, "US", h=14)
    week = np.array([100.0, 110, 120, 130, 140, 160, 90])
    y = np.tile(week, 200)[: len(days)] * (1 - 0.9 * closed["holiday"].to_numpy()[: len(days)])
    sales = pd.DataFrame({"store": "a", "day": days, "y": y})
    names = {"id_col": "store", "time_col": "day"}
    known = fc.calendar_features(sales, "US", h=14, **names)
    model = fc.SeasonalRidge(7, log=False, calendar=False)
    fitted = model.fit(sales, X=fc.Regressors(known_future=known), **names)
    found = fitted.predict(14, X=known).set_index("day")["mean"]
    assert found.loc["2023-12-25"] < 0.4 * found.loc["2023-12-27"]
    assert found.loc["2024-01-01"] < 0.4 * found.loc["2024-01-02"]


def test_what_cannot_be_answered_is_refused():
    days = pd.date_range("2024-01-01", periods=9, freq="D")
    with pytest.raises(ArgumentError, match="country='USX' is not known"):
        fc.calendar_features(days, "USX")
    with pytest.raises(ArgumentError, match="subdivision='QQ' of CH is not known; there are AG"):
        fc.calendar_features(days, "CH", subdivision="QQ")
    with pytest.raises(ArgumentError, match="needs a country"):
        fc.calendar_features(days, subdivision="ZH")
    with pytest.raises(ArgumentError, match="no column is asked for"):
        fc.calendar_features(days, month_ends=0)
    with pytest.raises(ArgumentError, match="a payday is 'last' or a day of the month"):
        fc.calendar_features(days, paydays=(25, 0))
    with pytest.raises(ArgumentError, match="h must be"):
        fc.calendar_features(days, h=-1)
    with pytest.raises(FrequencyError, match="needs dates"):
        fc.calendar_features(pd.Series([1.0, 2.0, 4.0]))


def test_without_the_package_it_says_what_to_type(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(ArgumentError, match=r"pip install \"forecasting\[holidays\]\""):
        fc.calendar_features(pd.date_range("2024-01-01", periods=9, freq="D"), "US")
