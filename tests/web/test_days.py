"""The day that is shown: the wanted one, or the last before it that is there."""

from datetime import date

import pytest

from perennial.web.days import pick
from perennial.web.selections import Selection

DAYS = [date(2017, 12, 31), date(2017, 12, 24), date(2017, 12, 30)]


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        (None, 31),
        (date(2017, 12, 30), 30),
        (date(2017, 12, 28), 24),
        (date(2018, 5, 1), 31),
        (date(2016, 1, 1), 24),
    ],
)
def test_the_wanted_day_or_the_last_before_it(wanted: date | None, shown: int) -> None:
    assert pick(DAYS, wanted).shown == date(2017, 12, shown)


def test_steps_lead_to_days_that_are_there() -> None:
    days = pick(DAYS, date(2017, 12, 30))
    assert (days.before, days.after, days.latest) == (
        date(2017, 12, 24),
        date(2017, 12, 31),
        date(2017, 12, 31),
    )
    assert pick(DAYS, None).after is None


@pytest.mark.parametrize(
    ("period", "first"), [(1, date(2017, 12, 31)), (7, date(2017, 12, 25)), (0, date(1, 1, 1))]
)
def test_a_period_includes_its_last_day(period: int, first: date) -> None:
    assert Selection(date(2017, 12, 31), period, {}).parameters["from_day"] == first


def test_a_period_cannot_reach_before_the_calendar() -> None:
    assert Selection(date(1, 1, 5), 365, {}).parameters["from_day"] == date(1, 1, 1)
