"""Rows are taken away in one commit, and only the files that held them are written anew."""

import threading
from datetime import date

import polars as pl
import pytest
from s3_server import EVERYWHERE

from perennial.lake import storage
from perennial.lake.changes import removed, since
from perennial.lake.deletion import Deleted, delete
from perennial.lake.history import commits, files_at
from perennial.lake.tables import Table

from .test_changes import values
from .test_history import MONDAY, TUESDAY, rows


@pytest.fixture
def table(root: str) -> Table:
    return Table(root, "area/name", partition="day")


@EVERYWHERE
def test_only_files_with_such_rows_are_written_anew(table):
    table.append(pl.concat([rows(MONDAY, 1, 2), rows(TUESDAY, 3), rows(None, 2, 4)]))
    first = table.version()
    before = {file.path for file in files_at(table, first)}
    assert delete(table, pl.col("v") == 2) == Deleted(rows=2, files=2)
    assert values(table.scan()) == [1, 3, 4]
    assert len(before & {file.path for file in files_at(table, table.version())}) == 1
    assert values(removed(table, first)) == [2, 2]
    assert values(since(table, first)) == []


def test_a_table_without_such_rows_is_left_as_it_is(table):
    assert delete(table, pl.col("v") == 1) == Deleted()
    table.append(rows(MONDAY, 1))
    assert delete(table, pl.col("v") == 7) == Deleted()
    assert table.version() == 0


def test_rows_by_partition_and_rows_for_which_it_is_unknown(table):
    table.append(pl.concat([rows(MONDAY, 1), rows(None, 2)]))
    assert delete(table, pl.col("day") < date(2018, 1, 1)).rows == 1
    assert values(table.scan()) == [2]


@EVERYWHERE
def test_the_log_does_not_name_what_was_deleted(table):
    table.append(pl.DataFrame({"day": [MONDAY] * 3, "who": ["anna", "bert", "carl"]}))
    delete(table, pl.col("who") == "anna")
    log = f"_delta_log/{table.version():020d}.json"
    assert b"anna" not in storage.contents(table.uri, [log])[log]
    assert len(commits(table, 0, 1)[0].added) == 1


def test_appends_meanwhile_are_kept(table):
    table.append(rows(MONDAY, *range(20)))

    def append() -> None:
        for value in range(100, 120):
            table.append(rows(MONDAY, value))

    writer = threading.Thread(target=append)
    writer.start()
    for value in range(20):
        assert delete(table, pl.col("v") == value).rows == 1
    writer.join()
    assert values(table.scan()) == [*range(100, 120)]
