"""Movement between ranks is that between two days as they are kept, however they were computed."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from purchases import events, moment, purchases
from value.shop import Shop, shop

from perennial.lake.tables import TableMissing
from perennial.stages.value import Range, compute_days, compute_value, history
from perennial.stages.value_ledgers import refresh_ledgers
from perennial.value.order import Ranks
from perennial.value.recording import month_before, movement

DECEMBER, NEW_YEAR = date(2017, 12, 1), date(2018, 1, 1)


def ranks(*values: int) -> Ranks:
    return np.array(values, dtype=np.int16)


@pytest.mark.parametrize(
    ("day", "since"),
    [
        (date(2017, 12, 2), DECEMBER),
        (date(2017, 12, 31), DECEMBER),
        (NEW_YEAR, DECEMBER),
        (DECEMBER, date(2017, 11, 1)),
        (date(2018, 1, 2), NEW_YEAR),
    ],
)
def test_a_day_is_compared_with_the_midnight_at_which_its_month_began(day, since):
    assert month_before(day) == since


def test_each_pair_of_ranks_is_counted_and_who_never_had_one_is_not():
    moved = movement(ranks(1, 1, 2, 0, 0, 3), ranks(1, 1, 1, 2, 0, 0))
    assert moved.rows() == [(None, 2, 1), (1, 1, 2), (2, 1, 1), (3, None, 1)]


def test_who_is_known_no_more_has_left():
    assert movement(ranks(1, 2, 2), ranks(2)).rows() == [(1, 2, 1), (2, None, 2)]


def test_of_nobody_there_is_no_movement():
    assert movement(ranks(), ranks()).is_empty()
    assert movement(ranks(0), ranks(0)).is_empty()


def moved(made: Shop, day: date) -> Counter[tuple]:
    """What is recorded of a day: how many customers, by metric, lookback and both ranks."""
    try:
        rows = made.workspace.lake.value_movement("value").scan().filter(as_of=day).collect()
    except TableMissing:
        return Counter()
    assert set(rows["since"]) <= {month_before(day)}
    keys = rows.select("metric", "lookback", "from_decile", "to_decile").rows()
    return Counter(dict(zip(keys, rows["customers"], strict=True)))


def expected(made: Shop, day: date) -> Counter[tuple]:
    """The same, from what is read of the two days."""
    past = history(made.workspace, "value")
    before, after = (
        past.read(each).filter(dimension="overall").collect() for each in (month_before(day), day)
    )
    both = before.join(after, on=["person_id", "lookback"], how="full", coalesce=True)
    found: Counter[tuple] = Counter()
    for metric in made.workspace.value["value"].metrics:
        pairs = both.select("lookback", f"{metric}_decile", f"{metric}_decile_right").rows()
        found.update((metric, *pair) for pair in pairs if pair[1:] != (None, None))
    return found


@settings(max_examples=4, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(rows=purchases, first=st.integers(-3, 3), pieces=st.lists(st.integers(1, 20), min_size=2, max_size=4))
def test_movement_is_that_between_two_days_as_they_are_read(rows, first, pieces):
    with TemporaryDirectory() as folder:
        made = shop(Path(folder), dimensions={}, lookbacks=[1, 3], customer_buckets=2)
        made.deliver(rows)
        refresh_ledgers(made.workspace)
        begin = day = DECEMBER + timedelta(days=first)
        for count in pieces:
            compute_days(made.workspace, Range(day, day + timedelta(days=count - 1)))
            day += timedelta(days=count)
        for each in (begin + timedelta(days=n) for n in range((day - begin).days)):
            assert moved(made, each) == (expected(made, each) if month_before(each) >= begin else Counter())


def test_a_month_whose_beginning_was_not_computed_has_no_movement(tmp_path):
    made = shop(tmp_path, lookbacks=["lifetime"])
    made.deliver(events(("c", "b", "p1", "1.00", moment(2017, 11, 5))))
    compute_value(made.workspace, date(2017, 12, 31))
    assert moved(made, date(2017, 12, 31)) == Counter()
    compute_value(made.workspace, NEW_YEAR)
    compute_value(made.workspace, date(2018, 1, 2))
    assert moved(made, date(2018, 1, 2)) == {("spend", "lifetime", 1, 1): 1, ("baskets", "lifetime", 1, 1): 1}


def test_who_has_bought_nothing_since_long_before_has_left(tmp_path):
    made = shop(tmp_path, lookbacks=[1], metrics={"spend": {"sum": "amount"}})
    made.deliver(events(("c", "b", "p1", "1.00", moment(2017, 11, 5))))
    for day in (DECEMBER, date(2017, 12, 31)):
        compute_value(made.workspace, day)
    assert moved(made, date(2017, 12, 31)) == {("spend", "1m", 1, None): 1}


def test_who_came_into_a_lookback_that_had_nobody_came_from_no_rank(tmp_path):
    made = shop(tmp_path, lookbacks=[1, 3], metrics={"spend": {"sum": "amount"}})
    made.deliver(
        events(
            ("c", "b", "p1", "1.00", moment(2017, 10, 5)),
            ("c", "b2", "p1", "1.00", moment(2017, 12, 5)),
        )
    )
    for day in (DECEMBER, date(2017, 12, 31)):
        compute_value(made.workspace, day)
    assert moved(made, date(2017, 12, 31)) == {("spend", "1m", None, 1): 1, ("spend", "3m", 1, 1): 1}


def test_a_day_of_another_document_is_not_compared_with(tmp_path):
    rows = events(("c", "b", "p1", "1.00", moment(2017, 10, 5)))
    before = shop(tmp_path, lookbacks=[3], metrics={"spend": {"sum": "amount"}})
    before.deliver(rows)
    compute_value(before.workspace, DECEMBER)
    after = shop(tmp_path, lookbacks=[1, 3], metrics={"spend": {"sum": "amount"}})
    compute_value(after.workspace, date(2017, 12, 31))
    assert moved(after, date(2017, 12, 31)) == Counter()
