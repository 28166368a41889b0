"""Each day of a year, advanced to from the one before, is that day computed from nothing but the events.

By default days of three months are compared; `PERENNIAL_LONG=1` compares all of them.
"""

import os
from datetime import date, timedelta
from pathlib import Path

import narwhals as nw
import polars as pl
import pytest
from expected import deciles_in_sql

from perennial.sandbox.sources import DAYS
from perennial.stages.signals import ingest_batch
from perennial.stages.value import Range, compute_days, history, plan, refresh_ledgers
from perennial.stages.workspace import Workspace
from perennial.value.deciles import KEYS, deciles
from perennial.value.entries import partials_of
from perennial.value.money import as_money, scales
from perennial.value.windows import days_between

from .conftest import NOW, workspace

NAME = "customer_value"
FIRST, LAST = date(2017, 1, 2), date(2018, 1, 1)
LONG = bool(os.environ.get("PERENNIAL_LONG"))
MONTHS = list(range(12)) if LONG else [0, 6, 11]
"""Which ranges of the plan are computed."""


def compared(days: Range) -> list[date]:
    """All days of a range; or some, the last one and the end of a month among them."""
    every = days_between(days.first, days.last)
    some = {*every[::10], every[-1], *(day for day in every if (day + timedelta(days=1)).day == 1)}
    return every if LONG else sorted(some)


@pytest.fixture(scope="module")
def year(landing: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """All purchases of the year, and customers ranked as of its days."""
    made = workspace(tmp_path_factory.mktemp("year"), landing)
    for name in ("products", "transactions"):
        ingest_batch(made, name, None, NOW)
    for day in DAYS:
        ingest_batch(made, "transactions", day, NOW)
    refresh_ledgers(made)
    for days in ranges(made):
        compute_days(made, days)
    return made


def ranges(made: Workspace) -> list[Range]:
    """The ranges of days that are computed."""
    every = plan(made, FIRST, LAST)
    return [every[month] for month in MONTHS]


@pytest.fixture(scope="module")
def sources(year: Workspace) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """The events and the products, in memory."""
    return year.rows("transactions").collect().lazy(), year.rows("products").collect().lazy()


def scratch(year: Workspace, sources: tuple[pl.LazyFrame, pl.LazyFrame], day: date) -> pl.DataFrame:
    definition, (events, products) = year.value[NAME], sources
    money = scales(definition, partials_of(nw.from_native(events), definition))
    return as_money(deciles(events, definition, day, {"products": products}), money).sort(KEYS).collect()


def kept(year: Workspace, day: date) -> pl.DataFrame:
    return history(year, NAME).read(day).sort(KEYS).collect()


def test_days_are_planned_a_month_at_a_time_and_none_is_left_out(year):
    every = plan(year, FIRST, LAST)
    assert [day for days in every for day in days_between(days.first, days.last)] == days_between(FIRST, LAST)
    assert len(every) == 12
    past = history(year, NAME)
    assert past.computed()["as_of"].to_list() == [
        day for days in ranges(year) for day in days_between(days.first, days.last)
    ]
    assert past.stale() == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize("month", MONTHS)
def test_a_day_that_was_advanced_to_is_the_day_from_scratch_bit_for_bit(year, sources, month):
    for day in compared(plan(year, FIRST, LAST)[month]):
        expected = scratch(year, sources, day)
        assert kept(year, day).select(expected.columns).equals(expected), day


@pytest.mark.parametrize("day", [date(2017, 1, 31), date(2017, 7, 31), LAST])
def test_another_engine_gives_the_same_ranks(year, day):
    windows = year.value[NAME].windows()
    for lookback, months in windows.items():
        ours = kept(year, day).filter(lookback=lookback).sort("dimension", "dimension_value", "person_id")
        columns = [
            "person_id",
            "dimension",
            "dimension_value",
            "spend",
            "baskets",
            "spend_decile",
            "baskets_decile",
        ]
        assert ours.select(columns).rows() == deciles_in_sql(day, months).rows()
