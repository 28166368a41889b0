"""A day that was advanced to equals the day computed from scratch, bit for bit."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import narwhals as nw
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from purchases import EVERY_METRIC, PRODUCTS, definition, purchases

from perennial.value.days import changes
from perennial.value.deciles import KEYS, deciles
from perennial.value.definition import ValueDefinition
from perennial.value.entries import entries, partials_of
from perennial.value.windows import days_between


@dataclass
class InMemory:
    """Entries of events, divided by customer."""

    rows: pl.LazyFrame
    buckets: int

    def scan(self, bucket: int, first: date, end: date) -> pl.LazyFrame:
        mine = pl.col("person_id").str.slice(1).cast(pl.Int64) % self.buckets == bucket
        return self.rows.filter(mine, pl.col("day").is_between(first, end, closed="left"))


def ledger(rows: pl.DataFrame, document: ValueDefinition, buckets: int) -> InMemory:
    found = entries(nw.from_native(rows.lazy()), document, {"products": nw.from_native(PRODUCTS.lazy())})
    return InMemory(nw.to_native(found), buckets)


def standings(
    rows: pl.DataFrame, document: ValueDefinition, days: list[date], buckets: int
) -> Iterator[tuple[date, pl.DataFrame]]:
    """Each day's rows, put together from what changed."""
    found = partials_of(nw.from_native(rows.lazy()), document)
    parts = [
        part.with_columns(
            as_of=pl.lit(each.as_of), dimension=pl.lit(each.grouping), lookback=pl.lit(each.lookback)
        )
        for each in changes(ledger(rows, document, buckets), document, found, days)
        for part in each.rows
    ]
    every = pl.concat(parts)
    for day in days:
        newest = every.filter(pl.col("as_of") <= day).sort("as_of").unique(KEYS, keep="last")
        yield day, newest.drop("as_of").filter(pl.any_horizontal(pl.exclude(KEYS).is_not_null()))


def scratch(rows: pl.DataFrame, document: ValueDefinition, day: date) -> pl.DataFrame:
    found: pl.LazyFrame = deciles(rows.lazy(), document, day, {"products": PRODUCTS.lazy()})
    return found.collect()


LONG = bool(os.environ.get("PERENNIAL_LONG"))
SEMANTICS = st.sampled_from(["trailing", "adjacent", "cumulative"])
FIRST_DAYS = st.dates(date(2017, 8, 1), date(2018, 1, 5)) | st.sampled_from(
    [date(2017, 11, 25), date(2017, 9, 27)]
)


@pytest.mark.parametrize("align", ["day", "month"])
@settings(max_examples=40 if LONG else 4)
@given(rows=purchases, first=FIRST_DAYS, semantics=SEMANTICS, buckets=st.sampled_from([1, 3]))
def test_consecutive_days_equal_days_from_scratch(align, rows, first, semantics, buckets):
    document = definition(
        metrics=EVERY_METRIC, semantics=semantics, align=align, buckets=4, lookbacks=[1, 2, "lifetime"]
    )
    days = days_between(first, first + timedelta(days=9))
    for day, ours in standings(rows, document, days, buckets):
        if day in (days[0], days[4], days[-1]):
            expected = scratch(rows, document, day).sort(KEYS)
            assert ours.select(expected.columns).sort(KEYS).equals(expected)


@settings(max_examples=40 if LONG else 5)
@given(rows=purchases, first=FIRST_DAYS)
def test_every_day_of_two_months_equals_itself_from_scratch(rows, first):
    document = definition(lookbacks=[1, "lifetime"])
    for day, ours in standings(rows, document, days_between(first, first + timedelta(days=60)), 1):
        if day.day in (1, 14, 29):
            expected = scratch(rows, document, day).sort(KEYS)
            assert ours.select(expected.columns).sort(KEYS).equals(expected)
