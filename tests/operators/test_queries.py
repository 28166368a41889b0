"""Which interval a run of a scheduled query is about, however it was begun."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from perennial.operators.context import RunRefused
from perennial.operators.queries import interval


def context(run_after: datetime, **params: Any) -> Any:
    run = SimpleNamespace(data_interval_start=None, data_interval_end=None, run_after=run_after)
    return {"params": params, "dag_run": run}


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def test_a_scheduled_run_is_about_its_own():
    given = context(at(2018, 1, 1))
    given["dag_run"].data_interval_start, given["dag_run"].data_interval_end = (
        at(2017, 12, 31),
        at(2018, 1, 1),
    )
    assert interval(given, "0 0 * * *") == (at(2017, 12, 31), at(2018, 1, 1))


@pytest.mark.parametrize(
    ("cron", "begun", "expected"),
    [
        ("0 0 * * *", at(2018, 1, 2, 13), (at(2018, 1, 1), at(2018, 1, 2))),
        ("0 0 * * *", at(2018, 1, 2), (at(2018, 1, 1), at(2018, 1, 2))),
        ("0 * * * *", at(2018, 1, 2, 13, 5), (at(2018, 1, 2, 12), at(2018, 1, 2, 13))),
        ("0 0 1 * *", at(2018, 3, 15), (at(2018, 2, 1), at(2018, 3, 1))),
    ],
)
def test_a_run_by_hand_is_about_the_last_whole_one(cron, begun, expected):
    assert interval(context(begun), cron) == expected


def test_the_form_decides_if_it_is_filled_in():
    given = context(at(2018, 1, 2), interval_start="2017-12-01T00:00:00", interval_end="2017-12-31T00:00:00Z")
    assert interval(given, "0 0 * * *") == (at(2017, 12, 1), at(2017, 12, 31))


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2017-12-01", None, "go together"),
        ("2017-12-02", "2017-12-01", "is not before"),
        ("christmas", "2017-12-01", "is no moment"),
    ],
)
def test_a_strange_form_is_refused(start, end, said):
    with pytest.raises(RunRefused, match=said):
        interval(context(at(2018, 1, 2), interval_start=start, interval_end=end), "0 0 * * *")
