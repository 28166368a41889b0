"""Windows are the days that a person would count: checked against another library's months."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from purchases import definition

from perennial.value.windows import FIRST, Window, months_before, touched, windows


@given(day=st.dates(date(1990, 1, 1), date(2060, 1, 1)), months=st.integers(0, 40))
def test_months_are_taken_as_polars_takes_them(day, months):
    assert months_before(day, months) == pl.select(pl.lit(day).dt.offset_by(f"-{months}mo")).item()


def test_a_lookback_before_the_calendar_begins_with_it():
    assert months_before(date(2020, 1, 1), 999_999) == FIRST


def test_trailing_windows_end_at_the_day():
    found = windows(definition(lookbacks=[1, 12, "lifetime"]), date(2018, 3, 31))
    assert found == {
        "1m": Window(date(2018, 2, 28), date(2018, 3, 31)),
        "12m": Window(date(2017, 3, 31), date(2018, 3, 31)),
        "lifetime": Window(FIRST, date(2018, 3, 31)),
    }


def test_aligned_windows_leave_out_the_month_that_has_begun():
    found = windows(definition(lookbacks=[1, "lifetime"], align="month"), date(2018, 3, 31))
    assert found == {
        "1m": Window(date(2018, 2, 1), date(2018, 3, 1)),
        "lifetime": Window(FIRST, date(2018, 3, 1)),
    }


def test_cumulative_windows_are_those_of_the_published_query():
    # WHERE transactionDate < the first of this month less 0, 1 and 4 months.
    found = windows(definition(lookbacks=[1, 3, 6], align="month", semantics="cumulative"), date(2018, 7, 15))
    assert [window.end for window in found.values()] == [date(2018, 7, 1), date(2018, 6, 1), date(2018, 3, 1)]
    assert {window.start for window in found.values()} == {FIRST}


def test_adjacent_windows_lie_end_to_end_in_whichever_order_they_are_named():
    found = windows(definition(lookbacks=[6, 1, 3], semantics="adjacent"), date(2018, 7, 1))
    assert found == {
        "6m": Window(date(2017, 9, 1), date(2018, 3, 1)),
        "1m": Window(date(2018, 6, 1), date(2018, 7, 1)),
        "3m": Window(date(2018, 3, 1), date(2018, 6, 1)),
    }


@pytest.mark.parametrize(
    ("day", "counts"), [(date(2018, 6, 30), True), (date(2018, 7, 1), False), (date(2018, 5, 31), False)]
)
def test_a_day_touches_those_days_whose_windows_hold_it(day, counts):
    assert touched(definition(lookbacks=[1]), [day], date(2018, 7, 1)) is counts
