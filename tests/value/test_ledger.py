"""A ledger that was mended is the one that would be made anew, and no day that differs passes for current.

`PERENNIAL_LONG=1` tries many more histories.
"""

import os
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from purchases import EVERY_METRIC, events, moment, purchases
from value.killing import killed_before
from value.shop import ONCE, Shop, shop

from perennial.lake import files
from perennial.lake.tables import ConcurrentCommit, Table
from perennial.stages.value import Range, compute_days, history, plan
from perennial.stages.value_ledgers import ledger, refresh_ledgers
from perennial.value.deciles import KEYS
from perennial.value.ledger import Ledger

DOCUMENTS: dict[str, dict[str, Any]] = {
    "usual": {"lookbacks": [1, 3, "lifetime"]},
    "all metrics, in parts": {"metrics": EVERY_METRIC, "customer_buckets": 3, "lookbacks": [1, "lifetime"]},
    "another time zone": {"time_zone": "America/New_York", "lookbacks": [1, 3]},
    "counted once": {"once": ONCE, "lookbacks": [1, "lifetime"]},
    "months so far": {"semantics": "cumulative", "align": "month", "lookbacks": [1, 3]},
}
LONG_AGO, AFTER_ALL = date(1, 1, 1), date(2100, 1, 1)
DAYS = st.dates(date(2017, 8, 1), date(2018, 1, 20))
PRODUCT = st.sampled_from(["p1", "p2", "p3", "p9"])
EXAMPLES = 100 if os.environ.get("PERENNIAL_LONG") else 5
Rows = Callable[[], pl.LazyFrame]
KILLED = st.none() | st.integers(0, 4)
"""Before which of its commits a run is killed, if it is."""
STEPS = st.one_of(
    st.tuples(st.just("deliver"), purchases),
    st.tuples(st.just("deliver anew"), st.integers(0, 5), purchases),
    st.tuples(st.just("take back"), st.integers(0, 5)),
    st.tuples(st.just("correct"), PRODUCT, st.sampled_from(["A", "B", None])),
    st.tuples(st.just("forget"), PRODUCT),
    st.tuples(st.just("compute"), DAYS, st.integers(1, 4), KILLED),
    st.tuples(st.just("go on"), st.integers(1, 3), KILLED),
    st.tuples(st.just("refresh"), KILLED),
    st.tuples(st.just("compact")),
)


def entries(made: Ledger) -> pl.DataFrame:
    """All rows of a ledger, in order."""
    parts = [made.scan(n, LONG_AGO, AFTER_ALL) for n in range(made.buckets)]
    return pl.concat(parts).sort("person_id", "day", *made.definition.dimensions).collect()


def anew(made: Shop) -> pl.DataFrame:
    """The rows of the ledger as it is when it is made in one go."""
    workspace = made.workspace
    other = Ledger(Table(workspace.lake.root, f"other/{uuid4().hex}", "part"), workspace.value["value"])
    refresh(made, other)
    return entries(other)


def refresh(
    made: Shop, target: Ledger, sales: Rows | None = None, products: Rows | None = None
) -> list[date] | None:
    """Refresh one ledger, with other ways to read what it is made of."""
    workspace = made.workspace
    read = sales or partial(workspace.rows, "sales")
    lookups = {"products": (workspace.table("products"), products or partial(workspace.rows, "products"))}
    source, late = workspace.table("sales"), workspace.lake.value_late
    return target.refresh(source, lambda _: read(), lookups, late, lambda *_: [])


def recorded(made: Shop, day: date) -> pl.DataFrame:
    """What is kept of a computed day."""
    return history(made.workspace, "value").read(day).sort(KEYS).collect()


def same(made: Shop, day: date) -> bool:
    """Whether what is kept of a day is what it comes to from scratch."""
    expected = made.scratch(day)
    return recorded(made, day).select(expected.columns).equals(expected)


def computed(made: Shop) -> list[date]:
    return history(made.workspace, "value").computed()["as_of"].to_list()


def take(made: Shop, step: tuple[Any, ...]) -> None:
    """Let something happen."""
    match step:
        case "deliver", rows:
            made.deliver(rows)
        case "deliver anew", number, rows if made.batches:
            made.deliver(rows, sorted(made.batches)[number % len(made.batches)])
        case "take back", number if made.batches:
            made.take_back(sorted(made.batches)[number % len(made.batches)])
        case "correct", product, department:
            known = made.workspace.rows("products").filter(pl.col("product") != product).collect()
            row = {"product": [product], "department": [department]}
            made.correct(pl.concat([known, pl.DataFrame(row, schema=known.schema)]))
        case "forget", product:
            made.correct(made.workspace.rows("products").filter(pl.col("product") != product).collect())
        case "compute", first, count, commit:
            compute(made, first, count, commit)
        case "go on", count, commit if days := computed(made):
            for _ in range(count):
                compute(made, max(days) + timedelta(days=1), 1, commit)
                days = computed(made)
        case "refresh", commit:
            with killed_before(commit):
                refresh_ledgers(made.workspace)
        case ("compact",):
            made.compact()


def compute(made: Shop, first: date, count: int, commit: int | None = None) -> None:
    refresh_ledgers(made.workspace)
    with killed_before(commit):
        compute_days(made.workspace, Range(first, first + timedelta(days=count - 1)))


@pytest.mark.timeout(1800 if os.environ.get("PERENNIAL_LONG") else 300)
@pytest.mark.parametrize("document", DOCUMENTS)
@settings(max_examples=EXAMPLES, phases=[Phase.reuse, Phase.generate])
@given(first=purchases, steps=st.lists(STEPS, min_size=2, max_size=8))
def test_whatever_happens_days_that_pass_for_current_are_those_from_scratch(document, first, steps):
    with TemporaryDirectory() as folder:
        made = shop(Path(folder), **DOCUMENTS[document])
        made.deliver(first)
        for step in steps:
            take(made, step)
        refresh_ledgers(made.workspace)
        assert entries(ledger(made.workspace, "value")).equals(anew(made))
        stale = set(history(made.workspace, "value").stale())
        assert [day for day in computed(made) if day not in stale and not same(made, day)] == []
        for days in plan(made.workspace, LONG_AGO, AFTER_ALL, only_stale=True):
            compute_days(made.workspace, days)
        assert history(made.workspace, "value").stale() == []
        assert [day for day in computed(made) if not same(made, day)] == []


USUAL: dict[str, Any] = {"lookbacks": [1, 3, "lifetime"]}
DAY = date(2018, 1, 1)


def sold(
    *days: date, product: str = "p1", customer: str = "c1", amount: str = "5.00", basket: str = "b1"
) -> pl.DataFrame:
    """A purchase on each of some days."""
    return events(*((customer, basket, product, amount, moment(d.year, d.month, d.day, 12)) for d in days))


def current(made: Shop) -> list[date]:
    """The days that pass for current, all of which are what they are from scratch."""
    refresh_ledgers(made.workspace)
    assert entries(ledger(made.workspace, "value")).equals(anew(made))
    days = set(computed(made)) - set(history(made.workspace, "value").stale())
    assert [day for day in days if not same(made, day)] == []
    return sorted(days)


def test_what_came_while_the_document_was_another_makes_days_stale(tmp_path):
    made = shop(tmp_path, **USUAL)
    made.deliver(sold(date(2017, 12, 5)))
    compute(made, DAY, 1)
    made.write(**USUAL, metrics={"most": {"max": "amount"}})
    made.deliver(sold(date(2017, 12, 7)))
    refresh_ledgers(made.workspace)
    made.write(**USUAL)
    assert current(made) == []


def test_purchases_that_begin_to_count_once_make_days_stale(tmp_path):
    made = shop(tmp_path, **USUAL)
    made.deliver(sold(date(2017, 12, 5), date(2017, 12, 6)))
    compute(made, DAY, 1)
    made.write(**USUAL, once=ONCE)
    assert current(made) == []


def test_days_whose_purchases_all_went_are_seen_when_old_snapshots_are_gone(tmp_path):
    made = shop(tmp_path, **USUAL)
    made.deliver(sold(date(2017, 12, 5)))
    made.deliver(sold(date(2017, 12, 6)))
    compute(made, DAY, 1)
    made.take_back("b0")
    made.forget()
    assert current(made) == []


def test_products_that_are_no_more_are_seen_when_old_snapshots_are_gone(tmp_path):
    made = shop(tmp_path, **USUAL)
    made.deliver(sold(date(2017, 12, 5)))
    compute(made, DAY, 1)
    take(made, ("forget", "p1"))
    made.forget()
    assert current(made) == []


def test_a_purchase_before_the_counted_one_counts_in_its_place(tmp_path):
    made = shop(tmp_path, **USUAL, once=ONCE)
    made.deliver(sold(date(2017, 11, 20)))
    compute(made, date(2017, 12, 1), 40)
    made.deliver(sold(date(2017, 10, 5), amount="7.00"))
    refresh_ledgers(made.workspace)
    assert history(made.workspace, "value").read(DAY).collect().height
    assert current(made) == []
    made.take_back("b1")
    assert current(made) == []


def test_days_that_nothing_late_reaches_stay_current(tmp_path):
    made = shop(tmp_path, lookbacks=[1])
    made.deliver(sold(date(2017, 10, 5), date(2017, 12, 5)))
    for day in (date(2017, 10, 6), date(2017, 11, 5), date(2017, 11, 6), DAY):
        compute(made, day, 1)
    made.deliver(sold(date(2017, 10, 5)))
    assert current(made) == [date(2017, 11, 6), DAY]


def test_compaction_changes_nothing(tmp_path):
    made = shop(tmp_path, **USUAL)
    for _ in range(3):
        made.deliver(sold(date(2017, 12, 5)))
    compute(made, DAY, 1)
    made.compact()
    assert refresh_ledgers(made.workspace) == {"value": 0}
    assert current(made) == [DAY]


def test_a_correction_that_comes_while_the_ledger_is_made_is_not_overlooked(tmp_path):
    made = shop(tmp_path, **USUAL)
    made.deliver(sold(date(2017, 12, 5)))
    workspace = made.workspace

    def products() -> pl.LazyFrame:
        read = workspace.rows("products").collect()
        take(made, ("correct", "p1", "B"))
        return read.lazy()

    refresh(made, ledger(workspace, "value"), products=products)
    assert entries(ledger(workspace, "value"))["department"].to_list() == ["A"]
    refresh_ledgers(made.workspace)
    assert entries(ledger(workspace, "value"))["department"].to_list() == ["B"]


def test_who_writes_to_the_ledger_meanwhile_makes_it_try_again(tmp_path):
    made = shop(tmp_path, **USUAL)
    made.deliver(sold(date(2017, 12, 5)))
    compute(made, DAY, 1)
    made.deliver(sold(date(2017, 12, 6)))
    mended = ledger(made.workspace, "value")

    def sales() -> pl.LazyFrame:
        # As maintenance does, which changes no rows.
        files.commit(mended.table, [], mended.table.version(), [])
        return made.workspace.rows("sales")

    with pytest.raises(ConcurrentCommit):
        refresh(made, mended, sales=sales)
    compute(made, DAY, 1)
    assert current(made) == [DAY]
