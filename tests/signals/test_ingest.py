"""Batches commit atomically, know what they brought, and leave the same tables when they come again."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from perennial.lake.catalog import Lake
from perennial.lake.changes import touched
from perennial.lake.erasure import ERASED, erased_people
from perennial.signals.batches import BatchError
from perennial.signals.dataset import Identity
from perennial.signals.erased import fingerprint
from perennial.signals.expressions import ExpressionError
from perennial.signals.ingest import TooManyBadRows, ingest
from perennial.signals.reading import FileUnreadable, SourceMissing

from .conftest import HEADER, line

NEXT_DAY = datetime(2017, 12, 26, tzinfo=UTC)
FEW = {name: ERASED[name] for name in ("namespace", "value_sha256", "erased_at")}
MONDAY, TUESDAY = date(2017, 12, 25), date(2017, 12, 26)


def contents(lake: Lake) -> pl.DataFrame:
    return lake.events("orders").scan().collect().sort("event_id")


def test_good_rows_go_to_the_lake_and_bad_ones_to_the_quarantine(lake, intake, orders, deliver):
    landing = deliver(line("o1"), line("o2"), line("o3", amount="ten"))
    report = ingest(intake, orders, landing, MONDAY)
    assert (report.read, report.accepted, report.duplicate, report.failed) == (3, 2, 0, 1)
    assert contents(lake)["order_id"].to_list() == ["o1", "o2"]
    quarantined = lake.quarantine("orders").scan().collect().row(0, named=True)
    assert quarantined["reasons"] == ["amount: not readable as its type"]
    assert quarantined["line"] == 4


def test_the_same_batch_again_changes_nothing(lake, intake, orders, deliver):
    landing = deliver(line("o1"), line("o1"), line("o2", amount="ten"))
    first = ingest(intake, orders, landing, MONDAY)
    version = lake.events("orders").version()
    again = ingest(intake, orders, landing, MONDAY)
    assert again == first
    assert lake.events("orders").version() == version
    assert lake.quarantine("orders").scan().collect().height == 1


def test_a_corrected_batch_replaces_what_it_brought(lake, intake, orders, deliver):
    ingest(intake, orders, deliver(line("o1"), line("o2", amount="ten")), MONDAY)
    report = ingest(intake, orders, deliver(line("o1"), line("o2", amount="12.00")), MONDAY)
    assert report.accepted == 2
    assert contents(lake)["order_id"].to_list() == ["o1", "o2"]
    assert lake.quarantine("orders").scan().collect().is_empty()


def test_an_event_that_another_batch_brought_is_not_taken_twice(lake, intake, orders, deliver):
    ingest(intake, orders, deliver(line("o1"), line("o2"), day=None), None)
    report = ingest(intake, orders, deliver(line("o2"), line("o3")), MONDAY)
    assert (report.accepted, report.duplicate) == (1, 1)
    assert contents(lake)["order_id"].to_list() == ["o1", "o2", "o3"]


def test_late_events_land_on_their_own_day(lake, intake, orders, deliver):
    ingest(intake, orders, deliver(line("o1")), MONDAY)
    before = lake.events("orders").version()
    ingest(intake, orders, deliver(line("late", at="2017-11-01 08:00:00"), day="2017-12-26"), TUESDAY)
    assert touched(lake.events("orders"), before) == ["2017-11-01"]


def test_too_many_bad_rows_refuse_the_whole_batch(lake, intake, orders, deliver):
    landing = deliver(line("o1"), line("o2", amount="x"), line("o3", amount="y"))
    with pytest.raises(TooManyBadRows, match="2 of 3 rows are bad, more than the 50%"):
        ingest(intake, orders, landing, MONDAY)
    assert not lake.events("orders").exists()
    assert lake.quarantine("orders").scan().collect().height == 2
    failed = intake.batches.find("orders-2017-12-25")
    assert (failed.status, failed.read, failed.accepted, failed.failed) == ("failed", 3, 0, 2)
    assert [error.code for error in failed.errors] == ["too_many_bad_rows", "row_refused"]
    assert failed.errors[1] == BatchError("row_refused", "amount: not readable as its type", 2)


def test_a_dry_run_counts_and_writes_nothing(lake, intake, orders, deliver):
    report = ingest(intake, orders, deliver(line("o1"), line("o2", amount="x")), MONDAY, dry_run=True)
    assert (report.accepted, report.failed) == (1, 1)
    assert not lake.events("orders").exists()
    assert not lake.quarantine("orders").exists()


def test_an_empty_day_is_a_day(lake, intake, orders, deliver):
    report = ingest(intake, orders, deliver(), MONDAY)
    assert report.read == 0
    assert contents(lake).is_empty()


def test_a_day_without_a_file_says_what_was_expected(lake, intake, orders, deliver):
    landing = deliver(line("o1"))
    with pytest.raises(SourceMissing, match=r"no file matches .*orders/2017-12-26\.csv"):
        ingest(intake, orders, landing, TUESDAY)


def test_keys_that_look_alike_when_joined_are_two_events(lake, intake, orders, deliver):
    parts = orders.model_copy(update={"key": ["order_id", "customer"]})
    loose = {**parts.columns, "customer": parts.columns["customer"].model_copy(update={"pattern": None})}
    lines = (line("a|b", customer="c"), line("a", customer="b|c"), line("a\\", customer="b"))
    report = ingest(intake, parts.model_copy(update={"columns": loose}), deliver(*lines), MONDAY)
    assert report.accepted == 3
    assert contents(lake)["event_id"].n_unique() == 3


def test_an_older_batch_of_records_that_comes_again_takes_nothing_back(lake, intake, orders, deliver):
    things = orders.model_copy(update={"kind": "record", "name": "things"})
    ingest(intake, things, deliver(line("o1", amount="1.00"), line("o2", amount="2.00"), day=None), None)
    ingest(intake, things, deliver(line("o2", amount="5.00"), day="2017-12-26"), TUESDAY)
    before = lake.records("things").version()
    for landing, day in ((deliver(day="2017-12-26"), None), (deliver(line("o2", amount="3.00")), MONDAY)):
        ingest(intake, things, landing, day)
    rows = lake.records("things").scan().collect().sort("order_id")
    assert [str(a) for a in rows["amount"]] == ["1.00", "5.00"]
    assert lake.records("things").version() == before


def test_records_keep_the_newest_row_of_a_key(lake, intake, orders, deliver):
    things = orders.model_copy(update={"kind": "record", "name": "things"})
    landing = deliver(line("o1", amount="1.00"), line("o2", amount="2.00"), day=None)
    ingest(intake, things, landing, None)
    report = ingest(intake, things, deliver(line("o2", amount="5.00"), line("o3")), MONDAY)
    rows = lake.records("things").scan().collect()
    assert report.accepted == 2
    assert [str(a) for a in rows.sort("order_id")["amount"]] == ["1.00", "5.00", "10.00"]


@pytest.mark.parametrize("kind", ["event", "record"])
def test_rows_of_an_erased_person_do_not_come_in_again(lake, intake, orders, deliver, kind):
    whose = [Identity(column="customer", namespace="customer")]
    mine = orders.model_copy(update={"kind": kind, "identities": whose})
    gone = {"namespace": "customer", "value_sha256": fingerprint("c2", "customer"), "erased_at": NEXT_DAY}
    erased_people(lake.root).append(pl.DataFrame([gone]).select(pl.col(n).cast(t) for n, t in FEW.items()))
    report = ingest(intake, mine, deliver(line("o1"), line("o2", customer="c2")), MONDAY)
    assert (report.read, report.accepted, report.failed) == (2, 1, 1)
    assert intake.batches.find(report.batch).errors[0].code == "person_erased"
    assert not lake.quarantine("orders").exists(), "nothing of the row is kept"
    late = line("o3", customer="c2", at="2017-12-27 10:00:00")
    back = ingest(intake, mine, deliver(late, day="2017-12-27"), date(2017, 12, 27))
    assert back.accepted == 1, "who comes back later is a new customer"


def test_a_document_that_does_not_fit_its_files_fails_the_batch(lake, intake, orders, tmp_path):
    wrong = orders.columns["pieces"].model_copy(update={"min": None, "expression": "amount + 1"})
    source = orders.source.model_copy(update={"daily": "{day}.parquet"})
    changed = {"columns": {**orders.columns, "pieces": wrong}, "source": source, "extra_columns": "ignore"}
    texts = {name: ["x"] for name in HEADER.split(",")}
    pl.DataFrame({**texts, "amount": [{"value": 1}]}).write_parquet(tmp_path / f"{MONDAY}.parquet")
    with pytest.raises(ExpressionError, match="no single value"):
        ingest(intake, orders.model_copy(update=changed), str(tmp_path), MONDAY)
    failed = intake.batches.find("orders-2017-12-25")
    assert (failed.status, failed.errors[0].code) == ("failed", "document_unfit")
    assert not lake.events("orders").exists()


def test_a_file_that_cannot_be_read_fails_the_batch(lake, intake, orders, deliver):
    whole = orders.model_copy(update={"source": orders.source.model_copy(update={"format": "parquet"})})
    with pytest.raises(FileUnreadable):
        ingest(intake, whole, deliver(line("o1")), MONDAY)
    failed = intake.batches.find("orders-2017-12-25")
    assert (failed.status, failed.errors[0].code) == ("failed", "file_unreadable")
    assert ingest(intake, orders, deliver(line("o1")), MONDAY).accepted == 1
