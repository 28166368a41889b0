"""Periods: which days each covers as of a day, how they are written, and what is no period."""

from datetime import date
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from perennial.web.days import ended, pick
from perennial.web.periods import Period, period_text, reach
from perennial.web.selections import Selection

DAY = date(2017, 12, 30)
READ: TypeAdapter[Any] = TypeAdapter(Period)


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [
        ("7", date(2017, 12, 24), DAY),
        (30, date(2017, 12, 1), DAY),
        ("0", date(1, 1, 1), DAY),
        ("this_month", date(2017, 12, 1), DAY),
        ("last_month", date(2017, 11, 1), date(2017, 11, 30)),
        ("this_year", date(2017, 1, 1), DAY),
        ("last_year", date(2016, 1, 1), date(2016, 12, 31)),
        ("2017-06-15", date(2017, 6, 15), DAY),
    ],
)
def test_a_period_covers_its_first_and_its_last_day(said: Any, first: date, last: date) -> None:
    assert reach(READ.validate_python(said), DAY) == (first, last)


@pytest.mark.parametrize("said", ["next_month", "-1", 36_601, True, "2017-02-30", ""])
def test_what_is_no_period_is_refused_with_what_is_one(said: Any) -> None:
    with pytest.raises(ValidationError, match="last_month"):
        READ.validate_python(said)


def test_of_a_month_that_is_over_its_last_day_is_shown_and_the_month_stays() -> None:
    days = ended(pick([date(2017, 11, 29), date(2017, 12, 1), DAY], None), "last_month")
    assert (days.shown, days.upon) == (date(2017, 11, 29), DAY)
    parameters = Selection(days.shown, "last_month", {}, days.upon).parameters
    assert parameters == {"day": date(2017, 11, 29), "from_day": date(2017, 11, 1)}
    assert ended(pick([DAY], None), "last_month").shown == date(2017, 11, 30), "which has nothing to show"
    assert ended(pick([DAY], None), "this_month").shown == DAY


def test_a_period_is_said_as_people_say_it() -> None:
    said = {30: "Last 30 days", 14: "Last 14 days", "last_month": "Last month"}
    assert {one: period_text(READ.validate_python(one)) for one in said} == said
    assert period_text(DAY, "30 Dec 2017") == "Since 30 Dec 2017"


def test_the_calendar_has_a_beginning() -> None:
    for period in ("last_month", "last_year", 365):
        assert reach(READ.validate_python(period), date(1, 1, 5))[0] == date(1, 1, 1)
