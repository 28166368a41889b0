"""When an activation sends, as its document says."""

from datetime import date

import pytest
from pydantic import ValidationError

from perennial.activation.timing import Timed


def test_by_default_it_follows_the_evaluation_for_ever() -> None:
    assert Timed().cron is None
    assert Timed().pause(date(2017, 1, 1)) == ""


@pytest.mark.parametrize(("schedule", "cron"), [("daily", "0 0 * * *"), ("30 6 * * 1-5", "30 6 * * 1-5")])
def test_it_may_have_times_of_its_own(schedule: str, cron: str) -> None:
    assert Timed(schedule=schedule).cron == cron


@pytest.mark.parametrize("schedule", ["often", "61 6 * * *", "0 6 * *", "0 0 6 * * *"])
def test_a_schedule_that_nobody_understands_is_refused(schedule: str) -> None:
    with pytest.raises(ValidationError, match=r"after_evaluation, hourly, .* or five fields of cron"):
        Timed(schedule=schedule)


def test_the_end_is_exclusive() -> None:
    timed = Timed(start=date(2018, 1, 4), end=date(2018, 1, 11))
    assert timed.pause(date(2018, 1, 3)) == "it begins on 2018-01-04"
    assert timed.pause(date(2018, 1, 4)) == timed.pause(date(2018, 1, 10)) == ""
    assert timed.pause(date(2018, 1, 11)) == "it ended with 2018-01-10"
    with pytest.raises(ValidationError, match="end is exclusive"):
        Timed(start=date(2018, 1, 4), end=date(2018, 1, 4))
