"""What the log says of a table: its commits, and the snapshots that can still be read."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from deltalake import DeltaTable
from s3_server import EVERYWHERE

from perennial.lake import storage
from perennial.lake.history import SNAPSHOTS, commits, earliest, partition_of, snapshots
from perennial.lake.tables import Table

MONDAY, TUESDAY = date(2017, 12, 25), date(2017, 12, 26)


def rows(day: date | None, *values: int) -> pl.DataFrame:
    return pl.DataFrame({"day": [day] * len(values), "v": values}, schema={"day": pl.Date, "v": pl.Int64})


def expire(table: Table) -> None:
    """Remove every file that the newest snapshot does not need."""
    table.open().vacuum(0, dry_run=False, enforce_retention_duration=False, full=True)


def forget(table: Table, versions: Iterable[int]) -> None:
    """Remove entries of the log."""
    storage.remove(table.uri, [f"_delta_log/{version:020d}.json" for version in versions])


@pytest.fixture
def table(root: str) -> Table:
    return Table(root, "area/name", partition="day")


def test_a_table_that_was_never_written_has_no_snapshots(table):
    assert snapshots(table).is_empty()
    assert snapshots(table).schema == SNAPSHOTS
    assert earliest(table) == -1


def test_each_write_is_a_snapshot_with_a_parent(table):
    table.append(pl.concat([rows(MONDAY, 1, 2), rows(TUESDAY, 3)]))
    table.append(rows(MONDAY, 4))
    table.replace(rows(MONDAY, 5), MONDAY)
    found = snapshots(table)
    assert found["snapshot_id"].to_list() == [0, 1, 2]
    assert found["parent_id"].to_list() == [None, 0, 1]
    assert found["is_current"].to_list() == [False, False, True]
    assert found["rows_added"].to_list() == [3, 1, 1]
    assert found["rows_removed"].to_list() == [0, 0, 3]
    assert set(found["operation"]) == {"WRITE"}
    ages = [datetime.now(UTC) - at for at in found["at"]]
    assert all(timedelta(0) <= age < timedelta(minutes=5) for age in ages)


def test_commits_tell_partitions_and_whether_rows_changed(table):
    table.append(pl.concat([rows(MONDAY, 1), rows(None, 2)]))
    table.append(rows(MONDAY, 3))
    table.open().optimize.compact()
    first, second, third = commits(table, -1, table.version())
    assert {(file.partition, file.rows, file.is_change) for file in first.added} == {
        ("2017-12-25", 1, True),
        (None, 1, True),
    }
    assert [commit.snapshot for commit in commits(table, 0, 1)] == [second.snapshot] == [1]
    assert [(file.rows, file.is_change) for file in third.added] == [(2, False)]
    assert [file.is_change for file in third.removed] == [False, False]


def test_compaction_brings_no_rows(table):
    for value in range(3):
        table.append(rows(MONDAY, value))
    table.open().optimize.compact()
    assert snapshots(table).row(-1, named=True)["rows_added"] == 0


@EVERYWHERE
def test_a_snapshot_whose_files_are_gone_is_not_listed(table):
    table.append(rows(TUESDAY, 1))
    table.append(rows(MONDAY, 1))
    replaced = table.replace(rows(MONDAY, 2), MONDAY)
    expire(table)
    # The very first needs nothing but Tuesday's file, which is still there.
    assert snapshots(table)["snapshot_id"].to_list() == [0, replaced, replaced + 1, replaced + 2]
    for snapshot in snapshots(table)["snapshot_id"]:
        table.scan(snapshot).collect()
    with pytest.raises(FileNotFoundError):
        table.scan(1).collect()


@EVERYWHERE
def test_a_snapshot_whose_log_is_gone_is_not_listed(table):
    for value in range(4):
        table.append(rows(MONDAY, value))
    DeltaTable(table.uri, version=2).create_checkpoint()
    forget(table, range(3))
    found = snapshots(table)
    assert found["snapshot_id"].to_list() == [2, 3]
    assert found["rows_added"].to_list() == [None, 1]
    assert earliest(table) == 2
    assert table.scan(2).collect().height == 3


def test_rows_that_a_file_of_unknown_age_loses_are_counted(table):
    table.append(rows(MONDAY, 1, 2))
    table.append(rows(TUESDAY, 3))
    DeltaTable(table.uri).create_checkpoint()
    forget(table, [0])
    table.replace(rows(MONDAY), MONDAY)
    assert snapshots(table)["rows_removed"].to_list() == [0, 2]


@pytest.mark.parametrize(
    ("path", "partition"),
    [
        ("day=2017-12-25/a.parquet", "2017-12-25"),
        ("batch/day=2017-12-25/a.parquet", "2017-12-25"),
        ("day=a%20b/a.parquet", "a b"),
        ("day=__HIVE_DEFAULT_PARTITION__/a.parquet", None),
        ("a.parquet", None),
    ],
)
def test_folders_tell_the_partition(path, partition):
    assert partition_of(path, "day") == partition
    assert partition_of(path, None) is None
