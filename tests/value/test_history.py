"""Computed days are kept as what changed: whoever reads one gets all of it, and knows whether it holds."""

from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import pytest
from purchases import events, moment
from value.killing import killed_before
from value.shop import Shop, shop

from perennial.errors import TerminalError
from perennial.lake.tables import ConcurrentCommit
from perennial.stages.value import Range, compute_days, compute_value, history
from perennial.stages.value_ledgers import refresh_ledgers
from perennial.value.deciles import KEYS
from perennial.value.history import ValueMissing

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
    chunk, since = past.continues(next_day), past.begin()
    rows = past.table.scan().filter(person_id="c1").with_columns(as_of=pl.lit(next_day)).collect()
    days = pl.DataFrame(
        {"as_of": [next_day], "chunk": chunk, "whole": False, "rows": rows.height, "ledger": 1}
    )
    past.commit(past.write([rows]), days, since, added=True)
    with pytest.raises(ConcurrentCommit):
        past.commit(past.write([rows.with_columns(person_id=pl.lit("c2"))]), days, since, added=True)
    assert past.table.scan().filter(person_id="c2", as_of=next_day).collect().is_empty()


def recorded(made: Shop, day: date) -> pl.DataFrame:
    return history(made.workspace, "value").read(day).sort(KEYS).collect()


def same(made: Shop, day: date) -> bool:
    expected = made.scratch(day)
    return recorded(made, day).select(expected.columns).equals(expected)


def chunks(made: Shop) -> dict[date, str]:
    """In which chunk each day is."""
    known = history(made.workspace, "value").computed()
    return dict(zip(known["as_of"], known["chunk"], strict=True))


def test_a_day_that_continues_a_chunk_stores_what_changed(two_days):
    next_day = DAY + timedelta(days=1)
    compute_value(two_days.workspace, next_day)
    assert len(set(chunks(two_days).values())) == 1
    assert same(two_days, next_day)
    assert same(two_days, DAY)
    before, after = (recorded(two_days, day).drop("as_of") for day in (DAY, next_day))
    differ = after.join(before, on=after.columns, how="anti", nulls_equal=True)
    gone = before.join(after, on=KEYS, how="anti")
    assert (differ.height, gone.height) == (1 + 3 * 2, 8), "one climbs over another; eight leave a month"
    rows = history(two_days.workspace, "value").table.scan().filter(as_of=next_day).collect()
    assert rows.height == differ.height + gone.height


def test_a_day_on_which_nothing_changes_stores_nothing(tmp_path):
    made = shop(tmp_path, lookbacks=["lifetime"])
    made.deliver(events(("c", "b", "p1", "1.00", moment(2017, 12, 1))))
    for day in (DAY, DAY + timedelta(days=1)):
        compute_value(made.workspace, day)
    table = history(made.workspace, "value").table
    assert table.scan().select(pl.col("as_of").unique()).collect()["as_of"].to_list() == [DAY]
    assert same(made, DAY + timedelta(days=1))


def test_a_day_that_is_computed_again_lies_apart_and_later_ones_read_the_same(two_days):
    later = [DAY + timedelta(days=n) for n in (1, 2)]
    compute_days(two_days.workspace, Range(*later))
    before = {day: recorded(two_days, day) for day in later}
    compute_days(two_days.workspace, Range(DAY, DAY))
    compute_days(two_days.workspace, Range(later[0], later[0]))
    found = chunks(two_days)
    assert found[later[0]] != found[later[1]]
    assert all(recorded(two_days, day).equals(before[day]) for day in later)
    # A day never goes on where a later one of the same chunk would see its rows.
    compute_value(two_days.workspace, later[1] + timedelta(days=1))
    assert all(recorded(two_days, day).equals(before[day]) for day in later)


def test_chunks_that_no_day_needs_are_taken_away_with_the_next_one(two_days):
    old = chunks(two_days)[DAY]
    for _ in range(2):
        compute_days(two_days.workspace, Range(DAY, DAY))
    kept = history(two_days.workspace, "value").table.partitions()
    assert old not in kept
    assert chunks(two_days)[DAY] in kept
    assert same(two_days, DAY)


def test_days_that_a_late_event_touches_are_stale_and_others_are_not(tmp_path):
    made = shop(tmp_path, lookbacks=[1], dimensions={})
    made.deliver(events(("c", "b", "p1", "1.00", moment(2017, 12, 1))))
    refresh_ledgers(made.workspace)
    compute_days(made.workspace, Range(DAY, DAY + timedelta(days=40)))
    made.deliver(events(("c", "b", "p1", "1.00", moment(2018, 1, 10, 12))))
    refresh_ledgers(made.workspace)
    past = history(made.workspace, "value")
    assert past.stale() == [date(2018, 1, 11) + timedelta(days=n) for n in range(31)]
    assert past.is_current(date(2018, 1, 10))
    assert not past.is_current(date(2018, 1, 11))
    assert not past.is_current(date(2018, 3, 1)), "it was never computed"


@pytest.mark.parametrize(("changed", "other"), [({"buckets": 4}, True), ({"title": "Worth"}, False)])
def test_another_document_makes_all_days_stale_another_title_none(two_days, changed, other):
    two_days.write(dimensions={}, **changed)
    refresh_ledgers(two_days.workspace)
    past = history(two_days.workspace, "value")
    assert past.stale() == ([DAY] if other else [])


def test_a_day_that_was_not_computed_is_explained(two_days):
    past = history(two_days.workspace, "value")
    said = "value was not computed as of 2018-02-01; it was for 1 days, 2018-01-01 to 2018-01-01: run the Dag"
    with pytest.raises(ValueMissing, match=said):
        past.read(date(2018, 2, 1))


def test_before_any_day_there_is_none_to_name(tmp_path):
    made = shop(tmp_path)
    with pytest.raises(ValueMissing, match="it was for 0 days: run the Dag recompute_days for it"):
        history(made.workspace, "value").read(DAY)


def test_a_metric_that_becomes_something_else_needs_another_name(two_days):
    two_days.write(dimensions={}, metrics={"spend": {"most_recent": "product"}})
    with pytest.raises(TerminalError, match=r"value: spend was .* and would be String: .* Give the"):
        compute_value(two_days.workspace, DAY)


def test_records_are_of_no_day_whatever_times_they_name(tmp_path):
    made = shop(tmp_path, dimensions={}, lookbacks=[1, "lifetime"])
    document = tmp_path / "include/datasets/sales.yaml"
    document.write_text(document.read_text().replace("kind: event", "kind: record"))
    made.workspace.lake.records("sales").replace(events(("c", "b", "p1", "5.00", moment(2018, 6, 1))))
    compute_value(made.workspace, DAY)
    value = history(made.workspace, "value").read(DAY).select("lookback", "spend").collect()
    assert value.rows() == [("lifetime", Decimal("5.00"))]


def test_metrics_come_and_go(tmp_path):
    made = shop(tmp_path, dimensions={}, metrics={"spend": {"sum": "amount"}, "lines": {"count": "*"}})
    made.deliver(events(("c", "b", "p1", "5.00", moment(2017, 12, 5))))
    compute_value(made.workspace, DAY)
    made.write(dimensions={}, metrics={"spend": {"sum": "amount"}, "baskets": {"count_distinct": "basket"}})
    compute_value(made.workspace, DAY)
    value = history(made.workspace, "value").read(DAY).filter(lookback="1m")
    assert value.select("spend", "baskets", "lines").collect().rows() == [(Decimal("5.00"), 1, None)]
