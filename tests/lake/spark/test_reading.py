"""A table's snapshots as Spark sees them: the rows that Polars sees, whatever their files look like."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable
from polars.testing import assert_frame_equal

from perennial.lake import files
from perennial.lake.foreign import ForeignTable
from perennial.lake.maintenance import Policy, compact
from perennial.lake.spark.cluster import Cluster
from perennial.lake.spark.reading import scan
from perennial.lake.tables import Table

WIDE = pl.Schema(
    {
        "event_time": pl.Datetime("us", "UTC"),
        "event_date": pl.Date(),
        "n": pl.Int64(),
        "small": pl.Int16(),
        "amount": pl.Decimal(18, 2),
        "share": pl.Float64(),
        "name": pl.String(),
        "known": pl.Boolean(),
        "tags": pl.List(pl.String()),
        "place": pl.Struct({"city": pl.String(), "zip code": pl.Int32()}),
        "odd `name`": pl.String(),
    }
)
ROWS = pl.DataFrame(
    [
        [datetime(2017, 12, 31, 23, 59, 59, 999999, UTC), date(2017, 12, 31), 2**60, 7, Decimal("1.10"), 0.1,
         "é'x", True, ["a", "b"], {"city": "Ulm", "zip code": 89073}, "y"],
        [datetime(2018, 1, 1, tzinfo=UTC), date(2018, 1, 1), *[None] * 9],
        [datetime(1969, 1, 1, tzinfo=UTC), date(1969, 1, 1), -1, -7, Decimal("-9999999999999999.99"), -1e300,
         "", False, [], {"city": None, "zip code": None}, "z"],
    ],
    schema=WIDE,
    orient="row",
)  # fmt: skip


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(str(tmp_path / "lake"), "events/sales", partition="event_date")


def read(spark: Cluster, table: Table, version: int | None = None) -> pl.DataFrame:
    with spark.session() as session:
        return pl.DataFrame(scan(session, spark, table, version).toArrow())


def assert_same(spark: Cluster, table: Table, version: int | None = None) -> None:
    """Spark's rows are those of Polars, value by value and type by type."""
    expected = table.scan(version).collect()
    assert_frame_equal(read(spark, table, version), expected, check_row_order=False)


def test_all_types_are_read_as_polars_reads_them(spark, table):
    table.append(ROWS)
    assert_same(spark, table)


def test_older_snapshots_can_be_read(spark, table):
    first = table.append(ROWS.head(1))
    table.append(ROWS.tail(2))
    table.replace(ROWS.head(0), date(2017, 12, 31))
    assert [read(spark, table, each).height for each in (first, first + 1, first + 2)] == [1, 3, 2]


def test_files_from_before_a_column_was_there_or_was_wider_are_read(spark, table):
    files.create(table, WIDE)
    old = ROWS.select("event_time", "event_date", pl.col("n").cast(pl.Int32, strict=False), "name")
    old = old.with_columns(pl.col("event_time").dt.replace_time_zone(None))
    for rows in (old, ROWS):
        files.commit(table, files.write(table, rows), table.version(), [])
    assert_same(spark, table)
    assert read(spark, table)["n"].null_count() == 3


def test_compacted_files_are_read(spark, table):
    for row in range(3):
        table.append(ROWS.slice(row, 1))
    compact(table, "2018-01-01", Policy())
    assert_same(spark, table)


def test_a_partition_that_does_not_follow_from_other_columns_is_read(spark, tmp_path):
    table = Table(str(tmp_path), "value/v", partition="chunk")
    table.append(pl.DataFrame({"chunk": ["2018-01-01.a1", "2018-02-01.b2", None], "n": [1, 2, 3]}))
    assert_same(spark, table)


@pytest.mark.parametrize("emptied", [False, True])
def test_an_empty_table_has_its_columns(spark, tmp_path, emptied):
    table = Table(str(tmp_path), "records/r", schema=pl.Schema({"id": pl.String(), "n": pl.Int64()}))
    if emptied:
        table.append(pl.DataFrame({"id": ["a"], "n": [1]}))
        table.replace(pl.DataFrame(schema=table.schema))
    assert_same(spark, table)


def test_the_lake_may_have_another_name_there(sail, table, tmp_path):
    table.append(ROWS)
    (tmp_path / "mounted").symlink_to(tmp_path / "lake")
    elsewhere = Table(str(tmp_path / "mounted"), table.name, table.partition)
    assert read(Cluster(sail.url, str(tmp_path / "mounted")), table).height == 3
    assert Cluster("sc://x", "abfss://lake@account/").path(table) == "abfss://lake@account/events/sales"
    assert Cluster("sc://x").path(elsewhere) == f"file://{tmp_path}/mounted/events/sales"
    assert Cluster("sc://x").path(Table("s3://bucket/lake", "a/b")) == "s3a://bucket/lake/a/b"


def test_a_table_whose_files_are_not_its_rows_is_refused(sail, tmp_path):
    table = Table(str(tmp_path), "records/r")
    DeltaTable.create(
        table.uri,
        files._delta(pl.Schema({"id": pl.String()})),
        configuration={"delta.enableDeletionVectors": "true"},
        raise_if_key_not_exists=False,
    )
    with pytest.raises(ForeignTable, match="records/r: deletionVectors in use"):
        read(sail, table)
