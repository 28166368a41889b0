"""Each day of a year, advanced to from the one before, is that day computed from nothing but the events.

By default days of the first and the last month are compared; `PERENNIAL_LONG=1` compares all of them.
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
from perennial.stages.value import compute_days, history, plan
from perennial.stages.value_ledgers import refresh_ledgers
from perennial.stages.workspace import Workspace
from perennial.value.deciles import KEYS, deciles
from perennial.value.entries import partials_of
from perennial.value.money import as_money, scales
from perennial.value.windows import days_between

from .conftest import NOW, workspace

NAME = "customer_value"
FIRST, LAST = date(2017, 1, 2), date(2018, 1, 1)
LONG = bool(os.environ.get("PERENNIAL_LONG"))
MONTHS = list(range(12)) if LONG else [0, 11]
"""Which ranges of the plan are computed."""


@pytest.fixture(scope="module")
def year(landing: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """All purchases of the year, in the lake and in the ledger."""
    made = workspace(tmp_path_factory.mktemp("year"), landing)
    for name in ("products", "transactions"):
        ingest_batch(made, name, None, NOW)
    for day in DAYS:
        ingest_batch(made, "transactions", day, NOW)
    refresh_ledgers(made)
    return made


def computed(year: Workspace, month: int) -> list[date]:
    """The days of a range of the plan, computed in one pass unless they were."""
    planned = plan(year, FIRST, LAST)[month]
    days = days_between(planned.first, planned.last)
    if not set(days) <= {*history(year, NAME).computed()["as_of"]}:
        compute_days(year, planned)
    return days


def compared(days: list[date]) -> list[date]:
    """All of them; or some, the last one and the end of a month among them."""
    some = {*days[::10], days[-1], *(day for day in days if (day + timedelta(days=1)).day == 1)}
    return days if LONG else sorted(some)


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


def test_a_year_is_planned_a_month_at_a_time_and_no_day_is_left_out(year):
    every = plan(year, FIRST, LAST)
    assert [day for days in every for day in days_between(days.first, days.last)] == days_between(FIRST, LAST)
    assert len(every) == 12


@pytest.mark.timeout(600)
@pytest.mark.parametrize("month", MONTHS)
def test_a_day_that_was_advanced_to_is_the_day_from_scratch_bit_for_bit(year, sources, month):
    for day in compared(computed(year, month)):
        expected = scratch(year, sources, day)
        assert kept(year, day).select(expected.columns).equals(expected), day
    assert history(year, NAME).stale() == []


@pytest.mark.parametrize(("month", "day"), [(0, date(2017, 1, 31)), (11, LAST)])
def test_another_engine_gives_the_same_ranks(year, month, day):
    assert day in computed(year, month)
    names = [
        "person_id",
        "dimension",
        "dimension_value",
        "spend",
        "baskets",
        "spend_decile",
        "baskets_decile",
    ]
    for lookback, months in year.value[NAME].windows().items():
        ours = kept(year, day).filter(lookback=lookback).sort("dimension", "dimension_value", "person_id")
        assert ours.select(names).rows() == deciles_in_sql(day, months).rows()
