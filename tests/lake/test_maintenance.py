"""Maintenance leaves the rows as they are: fewer files, no lost row, and snapshots that stay readable."""

import os
import threading
import time
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from obstore import put
from s3_server import EVERYWHERE

from perennial.lake import storage
from perennial.lake.history import snapshots
from perennial.lake.maintenance import Policy, RetentionTooShort, crowded, found, maintain, tables
from perennial.lake.tables import Table

from .test_changes import values
from .test_history import MONDAY, TUESDAY, rows

NOTHING = Policy(retention=timedelta(0), force=True)


@pytest.fixture
def table(root: str) -> Table:
    return Table(root, "area/name", partition="day")


def age(table: Table, days: float, *, data: bool = True) -> None:
    """Make everything look as if it had been written so many days ago."""
    moment = time.time() - days * 86_400
    for file in Path(table.uri).rglob("*"):
        if file.is_file() and (data or file.parent.name == "_delta_log"):
            os.utime(file, (moment, moment))


@EVERYWHERE
def test_tables_are_found_by_their_logs(root):
    for name in ("events/a", "records/b"):
        Table(root, name).append(pl.DataFrame({"v": [1]}))
    for path in ("events/folder/other", "file"):
        put(storage.opened(root), path, b"")
    assert tables(root) == ["events/a", "records/b"]
    assert tables(f"{root}/none") == []


def test_a_found_table_knows_its_partition(table):
    table.append(rows(MONDAY, 1))
    assert found(table.root, table.name) == table


def test_only_crowded_partitions_are_compacted(table):
    for value in range(4):
        table.append(rows(MONDAY, value))
    for value in range(3):
        table.append(rows(TUESDAY, value))
    assert crowded(table, Policy()) == ["2017-12-25"]
    report = maintain(table, Policy())
    assert (report.partitions_compacted, report.files_before, report.files_after) == (1, 7, 4)
    assert values(table.scan()) == [0, 0, 1, 1, 2, 2, 3]
    version = table.version()
    assert maintain(table, Policy()).partitions_compacted == 0
    assert table.version() == version, "nothing to do is nothing done"


def test_tables_without_partitions_and_rows_without_one(root, table):
    flat = Table(root, "area/flat")
    for value in range(5):
        flat.append(pl.DataFrame({"v": [value]}))
        table.append(rows(None, value))
    for each in (flat, table):
        assert maintain(each, Policy()).files_after == 1
        assert values(each.scan()) == [0, 1, 2, 3, 4]


def test_a_dry_run_changes_nothing(table):
    for value in range(6):
        table.append(rows(MONDAY, value))
    table.replace(rows(MONDAY, *range(6)), MONDAY)
    for value in range(6):
        table.append(rows(MONDAY, value))
    before = storage.entries(table.uri)
    report = maintain(table, NOTHING, dry_run=True)
    assert (report.partitions_compacted, report.files_removed) == (1, 6)
    assert report.bytes_freed > 0
    assert before == storage.entries(table.uri)


def test_snapshots_within_the_retention_stay_readable(table):
    expected = []
    for value in range(8):
        table.append(rows(MONDAY, value))
        expected.append([*range(value + 1)])
    table.replace(rows(MONDAY, 100), MONDAY)
    maintain(table, Policy())
    assert snapshots(table).height == table.version() + 1
    for snapshot, before in enumerate(expected):
        assert values(table.scan(snapshot)) == before


@EVERYWHERE
def test_what_is_older_than_the_retention_goes(table):
    for value in range(5):
        table.append(rows(MONDAY, value))
    maintain(table, Policy())
    report = maintain(table, NOTHING)
    assert report.files_removed == 5
    assert report.bytes_freed > 0
    assert report.snapshots_kept == snapshots(table).height < table.version()
    assert values(table.scan()) == [0, 1, 2, 3, 4]


def test_a_retention_below_the_promise_must_be_forced():
    with pytest.raises(RetentionTooShort, match="below the 7 days"):
        Policy(retention=timedelta(days=6))
    assert Policy(retention=timedelta(days=6), force=True).retention == timedelta(days=6)


def test_what_killed_writers_left_is_removed_after_the_retention(table):
    table.append(rows(MONDAY, 1))
    folder = Path(table.uri) / "day=2017-12-25"
    data = next(folder.glob("*.parquet")).read_bytes()
    (folder / "old.parquet").write_bytes(data)
    age(table, 8)
    (folder / "new.parquet").write_bytes(data)
    assert maintain(table, Policy()).files_removed == 1
    assert not (folder / "old.parquet").exists()
    # Without the retention nobody could tell it from a file that is about to be committed.
    assert maintain(table, NOTHING).files_removed == 0
    assert (folder / "new.parquet").exists()
    assert values(table.scan()) == [1]


def test_old_log_entries_go_once_a_summary_stands_for_them(table):
    for value in range(60):
        table.append(rows(MONDAY, value))
    age(table, 31, data=False)
    report = maintain(table, Policy())
    assert report.log_entries_removed > 40
    assert values(table.scan()) == [*range(60)]
    kept = snapshots(table)["snapshot_id"].to_list()
    assert len(kept) == report.snapshots_kept
    for snapshot in kept:
        table.scan(snapshot).collect()


def test_readers_and_writers_go_on_while_tables_are_maintained(table):
    """Every read sees all rows that were appended before it began, and every replacement whole."""
    table.append(pl.concat([rows(MONDAY, 0), rows(TUESDAY, -1, -1)]))
    appended, stop, wrong = [0], threading.Event(), []

    def append() -> None:
        for value in range(1, 40):
            table.append(rows(MONDAY, value))
            appended.append(value)

    def read() -> None:
        while not stop.is_set():
            known = set(appended)
            seen = table.scan().collect()
            mine = seen.filter(day=MONDAY)["v"].to_list()
            if not known <= set(mine) or len(mine) != len(set(mine)):
                wrong.append(("appended", known, mine))
            if len(pair := seen.filter(day=TUESDAY)["v"].to_list()) != 2 or len(set(pair)) != 1:
                wrong.append(("replaced", set(), pair))

    def replace() -> None:
        for value in range(20):
            table.replace(rows(TUESDAY, value, value), TUESDAY)

    writers = [threading.Thread(target=work) for work in (append, replace)]
    reader = threading.Thread(target=read)
    for thread in (*writers, reader):
        thread.start()
    compacted = 0
    try:
        while any(thread.is_alive() for thread in writers):
            compacted += maintain(table, Policy()).partitions_compacted
    finally:
        stop.set()
        reader.join()
    assert wrong == []
    assert compacted > 0
    assert sorted(table.scan().filter(day=MONDAY).collect()["v"]) == [*range(40)]
    assert values(table.scan().filter(day=TUESDAY)) == [19, 19]
