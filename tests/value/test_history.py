"""Computed days are kept as what changed: whoever reads one gets all of it, and knows whether it holds."""

from datetime import date, timedelta

import polars as pl
import pytest
from purchases import events, moment
from value.killing import killed_before
from value.shop import Shop, shop

from perennial.lake.tables import ConcurrentCommit
from perennial.stages.value import compute_value, history, refresh_ledgers
from perennial.value.deciles import KEYS

DAY = date(2018, 1, 1)


def test_a_day_on_which_there_is_nobody_can_be_read(tmp_path):
    made = shop(tmp_path)
    made.deliver(events(("c", "b", "p1", "1.00", moment(2018, 2, 1))))
    compute_value(made.workspace, DAY)
    assert history(made.workspace, "value").read(DAY).collect().is_empty()


def test_the_last_customer_leaves_the_window(tmp_path):
    made = shop(tmp_path, lookbacks=[1])
    made.deliver(events(("c", "b", "p1", "1.00", moment(2017, 12, 1))))
    for day in (DAY, DAY + timedelta(days=1)):
        compute_value(made.workspace, day)
    past = history(made.workspace, "value")
    assert [past.read(day).collect().height for day in (DAY, DAY + timedelta(days=1))] == [2, 0]


@pytest.fixture
def two_days(tmp_path) -> Shop:
    """A day was computed; on it something was bought, so that the next one differs."""
    made = shop(tmp_path, dimensions={})
    made.deliver(events(*((f"c{n}", "b", "p1", "1.00", moment(2017, 12, 1)) for n in range(9))))
    compute_value(made.workspace, DAY)
    made.deliver(events(("c1", "b1", "p1", "5.00", moment(2018, 1, 1))), "late")
    return made


@pytest.mark.parametrize("commit", range(6))
def test_rows_of_a_run_that_was_killed_are_not_those_of_the_next_one(two_days, commit):
    next_day = DAY + timedelta(days=1)
    refresh_ledgers(two_days.workspace)
    with killed_before(commit):
        compute_value(two_days.workspace, next_day)
    two_days.take_back("late")
    compute_value(two_days.workspace, next_day)
    expected = two_days.scratch(next_day)
    found = history(two_days.workspace, "value").read(next_day).sort(KEYS).collect()
    assert found.select(expected.columns).equals(expected)


def test_of_two_runs_that_add_the_same_day_one_is_refused(two_days):
    past, next_day = history(two_days.workspace, "value"), DAY + timedelta(days=1)
    chunk, since = past.continues(next_day), past.now()
    rows = past.table.scan().filter(person_id="c1").with_columns(as_of=pl.lit(next_day)).collect()
    days = pl.DataFrame(
        {"as_of": [next_day], "chunk": chunk, "whole": False, "rows": rows.height, "ledger": 1}
    )
    past.commit(past.write([rows]), days, since, added=True)
    with pytest.raises(ConcurrentCommit):
        past.commit(past.write([rows.with_columns(person_id=pl.lit("c2"))]), days, since, added=True)
    assert past.table.scan().filter(person_id="c2", as_of=next_day).collect().is_empty()
