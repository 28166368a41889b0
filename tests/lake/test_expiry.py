"""Quarantined rows are kept for a limited time; what belongs to rows that are still there stays."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from perennial.lake.catalog import Lake
from perennial.lake.expiry import expire_batches, expire_quarantine
from perennial.lake.signals import BATCHES, CORRECTIONS, QUARANTINE, RESOLUTIONS

TODAY = date(2026, 11, 24)


@pytest.fixture
def lake(root: str) -> Lake:
    return Lake(root)


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def frame(schema: pl.Schema, rows: list[dict]) -> pl.DataFrame:
    return pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC)


def ids(table) -> list[str]:
    return sorted(table.scan().collect()["id"])


def test_old_rows_go_with_what_belongs_to_them(lake):
    ages = {"old": 31, "last day": 30, "new": 1}
    found = [{"id": name, "raw": "{}", "quarantined_on": days_ago(days)} for name, days in ages.items()]
    lake.quarantine("orders").append(frame(QUARANTINE, found))
    lake.quarantine("visits").append(frame(QUARANTINE, [{"id": "other", "quarantined_on": days_ago(90)}]))
    for table, schema in ((lake.corrections, CORRECTIONS), (lake.resolutions, RESOLUTIONS)):
        notes = [{"id": name, "at": at(days_ago(1))} for name in (*ages, "other")]
        table.append(frame(schema, [*notes, {"id": "of a row that came just now", "at": at(TODAY)}]))
    expected = {
        "quarantine/orders": 1, "quarantine/visits": 1, "signals/corrections": 2, "signals/resolutions": 2
    }  # fmt: skip
    assert expire_quarantine(lake, TODAY, dry_run=True)["quarantine/orders"] == 1
    assert ids(lake.quarantine("orders")) == ["last day", "new", "old"]
    assert expire_quarantine(lake, TODAY) == expected
    assert ids(lake.quarantine("orders")) == ["last day", "new"]
    assert ids(lake.quarantine("visits")) == []
    assert ids(lake.corrections) == ["last day", "new", "of a row that came just now"]
    assert ids(lake.resolutions) == ["last day", "new", "of a row that came just now"]
    assert expire_quarantine(lake, TODAY) == {}
    assert expire_quarantine(lake, TODAY, days=0)["quarantine/orders"] == 2


def test_a_batch_goes_with_all_its_steps_once_nothing_happens_to_it(lake):
    steps = [("done", 400), ("done", 399), ("revived", 400), ("revived", 10), ("new", 1)]
    rows = [{"batch": name, "step": n, "at": at(days_ago(days))} for n, (name, days) in enumerate(steps)]
    lake.batches.append(frame(BATCHES, rows))
    assert expire_batches(lake, TODAY, dry_run=True) == {"signals/batches": 2}
    assert expire_batches(lake, TODAY) == {"signals/batches": 2}
    assert sorted(lake.batches.scan().collect()["batch"]) == ["new", "revived", "revived"]
    assert expire_batches(lake, TODAY) == {}


def test_an_empty_lake_has_nothing_that_is_old(lake):
    assert expire_quarantine(lake, TODAY) == {}
    assert expire_batches(lake, TODAY) == {}
