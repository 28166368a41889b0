"""Whoever is erased leaves no value: their entries and all their days go; those of others stay."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from purchases import events, moment
from value.shop import Shop, shop

from perennial.signals.erased import fingerprint
from perennial.stages.erasure import Request, erase
from perennial.stages.value import Range, compute_days, compute_value, history
from perennial.stages.value_ledgers import ledger, refresh_ledgers
from perennial.value.deciles import KEYS

FIRST = date(2018, 1, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(4)]
NEXT = FIRST + timedelta(days=4)
GONE = "customer-4711"
PROFILE = "title: People\nperson: customer\nevents: [sales]\n"


@pytest.fixture
def made(tmp_path: Path) -> Shop:
    """Four days in two chunks; somebody bought on three of them, in parts of months of their own."""
    made = shop(tmp_path, lookbacks=[1, "lifetime"], customer_buckets=2)
    (tmp_path / "include/profiles").mkdir()
    (tmp_path / "include/profiles/people.yaml").write_text(PROFILE)
    for n, day in enumerate((date(2017, 11, 5), date(2017, 12, 20), date(2018, 1, 2))):
        people = [GONE, *(f"c{m}" for m in range(12))]
        rows = [
            (p, f"b{n}", "p1", f"{m + 1}.00", moment(day.year, day.month, day.day))
            for m, p in enumerate(people)
        ]
        made.deliver(events(*rows))
    refresh_ledgers(made.workspace)
    compute_days(made.workspace, Range(DAYS[0], DAYS[2]))
    compute_days(made.workspace, Range(DAYS[3], DAYS[3]))
    compute_days(made.workspace, Range(DAYS[1], DAYS[1]))
    return made


def read(made: Shop, day: date) -> pl.DataFrame:
    return history(made.workspace, "value").read(day).sort(KEYS).collect()


def erased(made: Shop) -> None:
    now = datetime.now(UTC) + timedelta(days=2)
    request = Request("r", "customer", fingerprint(GONE, "customer"), "asked", now)
    certificate = erase(made.workspace, None, request, now)
    assert {"ledger/value", "value/value"} <= {each["place"] for each in certificate["removed"]}


def test_nothing_of_them_is_left_in_any_file_and_days_hold_the_others_as_they_were(made):
    before = {day: read(made, day) for day in DAYS}
    assert all(GONE in rows["person_id"] for rows in before.values())
    erased(made)
    for day, rows in before.items():
        assert read(made, day).equals(rows.filter(pl.col("person_id") != GONE))
    files = [file for file in Path(made.workspace.lake.root).rglob("*") if file.is_file()]
    values = [file for file in files if file.parts[-3] in ("value", "ledger") or "value" in file.parts]
    assert len(values) > 10
    assert not [file for file in files if "privacy" not in file.parts and GONE.encode() in file.read_bytes()]


def test_the_ledger_goes_on_and_the_next_day_is_that_from_scratch(made):
    erased(made)
    assert ledger(made.workspace, "value").is_made()
    assert refresh_ledgers(made.workspace) == {"value": 0}, "no day of the others differs"
    assert history(made.workspace, "value").stale() == []
    compute_value(made.workspace, NEXT)
    expected = made.scratch(NEXT)
    assert GONE not in expected["person_id"]
    assert read(made, NEXT).select(expected.columns).equals(expected)
