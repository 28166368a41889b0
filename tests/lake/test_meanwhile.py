"""What others do to a table between a look at it and a commit: nothing is doubled, nothing comes back."""

from collections.abc import Callable

import deltalake
import polars as pl
import pytest
from s3_server import EVERYWHERE

from perennial.lake import files, tables
from perennial.lake.deletion import delete
from perennial.lake.history import files_at
from perennial.lake.maintenance import Policy, compact
from perennial.lake.tables import ConcurrentCommit, Table

from .test_changes import values
from .test_history import MONDAY, rows


@pytest.fixture
def table(root: str) -> Table:
    made = Table(root, "area/name", partition="day")
    for value in range(3):
        made.append(rows(MONDAY, value))
    return made


@pytest.fixture
def flat(root: str) -> Table:
    return Table(root, "area/flat")


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Has something happen once, when the next write has looked at its table and is about to begin."""
    write = deltalake.write_deltalake

    def arrange(action: Callable[[], object]) -> None:
        def later(*args, **kwargs):
            monkeypatch.setattr(tables, "write_deltalake", write)
            action()
            return write(*args, **kwargs)

        monkeypatch.setattr(tables, "write_deltalake", later)

    return arrange


@pytest.fixture
def looked_before(monkeypatch: pytest.MonkeyPatch) -> Callable[[deltalake.DeltaTable], None]:
    """Has the next one who opens a table see what it was like at an earlier look."""
    now = Table.open

    def arrange(look: deltalake.DeltaTable) -> None:
        looks = iter([look])
        monkeypatch.setattr(Table, "open", lambda *args: next(looks, None) or now(*args))

    return arrange


def test_what_was_compacted_meanwhile_is_not_replaced(table):
    before = table.version()
    doomed, written = files_at(table, before)[0].path, files.write(table, rows(MONDAY, 100))
    compact(table, str(MONDAY), Policy())
    with pytest.raises(ConcurrentCommit, match="area/name: others have replaced 1 of the files meanwhile"):
        files.commit(table, written, before, [], [doomed])
    assert values(table.scan()) == [0, 1, 2]


@EVERYWHERE
def test_of_two_who_compact_the_same_files_none_doubles_them(table, looked_before):
    look = table.open()
    compact(table, str(MONDAY), Policy())
    compacted = table.version()
    looked_before(look)
    compact(table, str(MONDAY), Policy())
    assert values(table.scan()) == [0, 1, 2]
    assert table.version() == compacted, "there was nothing left to do"


def test_what_is_deleted_while_files_are_compacted_stays_away(table, looked_before):
    look = table.open()
    delete(table, pl.col("v") == 1)
    looked_before(look)
    compact(table, str(MONDAY), Policy())
    assert values(table.scan()) == [0, 2]
    assert len(files_at(table, table.version())) == 1


def test_rows_that_came_meanwhile_stay(table):
    before = table.version()
    (doomed, *_), written = files_at(table, before), files.write(table, rows(MONDAY, 100))
    kept = {0, 1, 2} - set(
        files.scan(table, [files.DataFile(doomed.path, str(MONDAY), 0, "")]).collect()["v"]
    )
    table.append(rows(MONDAY, 3))
    files.commit(table, written, before, [("batch", 1)], [doomed.path])
    assert values(table.scan()) == sorted([*kept, 3, 100])


def test_the_same_is_committed_once(table):
    before = table.version()
    one, two, _ = (file.path for file in files_at(table, before))
    files.commit(table, [], before, [("batch", 1)], [one])
    with pytest.raises(ConcurrentCommit):
        files.commit(table, [], before, [("batch", 1)], [two])
    assert len(files_at(table, table.version())) == 2


def test_a_table_that_was_compacted_meanwhile_is_replaced_whole(flat, meanwhile):
    for value in range(3):
        flat.append(rows(MONDAY, value))
    meanwhile(lambda: compact(flat, None, Policy()))
    flat.replace(rows(MONDAY, 100))
    assert values(flat.scan()) == [100]


def test_a_table_that_changed_meanwhile_is_not_replaced(flat, meanwhile):
    flat.append(rows(MONDAY, 1))
    meanwhile(lambda: flat.append(rows(MONDAY, 2)))
    with pytest.raises(ConcurrentCommit):
        flat.replace(rows(MONDAY, 100))
    assert values(flat.scan()) == [1, 2]


def test_of_two_who_make_a_table_none_loses_rows(flat, meanwhile):
    meanwhile(lambda: flat.append(rows(MONDAY, 1)))
    flat.replace_where(rows(MONDAY, 2), "v", 2)
    assert values(flat.scan()) == [1, 2]
