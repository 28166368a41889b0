"""What is known of a table without opening it is what opening it would say."""

import threading

import polars as pl
import pytest
from s3_server import EVERYWHERE

from perennial.lake import storage
from perennial.lake.tables import Table

from .test_history import forget

pytestmark = EVERYWHERE


@pytest.fixture
def table(root: str) -> Table:
    return Table(root, "area/name")


def drop(table: Table) -> None:
    storage.remove(table.uri, [entry.path for entry in storage.entries(table.uri)])


def append(table: Table, value: int) -> int:
    return table.append(pl.DataFrame({"v": [value]}))


def test_commits_of_others_are_seen(table):
    assert table.version() == -1
    for value in range(3):
        assert append(table, value) == table.version() == value
    other = threading.Thread(target=append, args=(table, 3))
    other.start()
    other.join()
    assert table.version() == 3 == table.open().version()
    assert table.look(3).version() == 3
    assert table.look(1).version() == 1
    assert table.look(3).version() == 3


def test_a_table_that_was_made_anew_is_another_one(table):
    for value in range(3):
        append(table, value)
    assert table.version() == 2
    drop(table)
    assert table.version() == -1
    for value in range(5):
        append(table, value)
    drop(table)
    for value in range(3):
        append(table, value)
    assert table.version() == 2
    assert len(table.look(2).file_uris()) == 3


def test_what_is_known_survives_the_removal_of_old_entries(table):
    append(table, 0)
    assert table.look(table.version()).version() == 0
    other = threading.Thread(target=lambda: [append(table, value) for value in range(1, 4)])
    other.start()
    other.join()
    table.open().create_checkpoint()
    forget(table, range(3))
    assert table.version() == 3
    assert len(table.look(3).file_uris()) == 4
