"""What Spark computed becomes rows of the lake in one commit, or leaves nothing behind."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from perennial.lake import files
from perennial.lake.changes import between
from perennial.lake.foreign import ForeignTable, adopt, swap
from perennial.lake.spark.cluster import Cluster, SparkError, SparkUnavailable
from perennial.lake.spark.writing import write
from perennial.lake.storage import entries
from perennial.lake.tables import ConcurrentCommit, Table

SCHEMA = pl.Schema(
    {
        "chunk": pl.String(),
        "person_id": pl.String(),
        "spend": pl.Decimal(18, 2),
        "decile": pl.Int16(),
        "last": pl.Datetime("us", "UTC"),
    }
)
MOMENT = datetime(2017, 12, 31, 23, 59, 59, 999999, UTC)
PEOPLE = "values ('a', 1.5, 1, timestamp '2017-12-31 23:59:59.999999'), ('b', null, 2, null) as t(p, s, d, l)"


@pytest.fixture
def table(tmp_path: Path) -> Table:
    made = Table(str(tmp_path), "value/v", partition="chunk")
    files.create(made, SCHEMA)
    return made


def _write(spark: Cluster, table: Table, query: str, partition: str = "c1") -> list[files.DataFile]:
    with spark.session() as session:
        return write(session.sql(query), spark, table, partition)


def _data(table: Table) -> list[str]:
    return [entry.path for entry in entries(table.uri) if not entry.path.startswith("_delta_log")]


def test_rows_become_visible_in_one_commit_with_the_types_of_the_table(spark, table):
    query = f"select d as decile, p as person_id, s as spend, l as last from {PEOPLE}"
    written = _write(spark, table, query)
    assert table.scan().collect().is_empty()
    before = table.version()
    swap(table, written, "c1")
    rows = table.scan().sort("person_id").collect()
    assert rows.rows() == [("c1", "a", Decimal("1.50"), 1, MOMENT), ("c1", "b", None, 2, None)]
    assert rows.schema == SCHEMA
    assert table.version() == before + 1
    assert between(table, before).collect().height == 2
    assert sorted(_data(table)) == sorted(file.path for file in written)


def test_only_the_partition_is_replaced(spark, table):
    swap(table, _write(spark, table, "select 'a' as person_id"), "c1")
    swap(table, _write(spark, table, "select 'b' as person_id", "c2"), "c2")
    swap(table, _write(spark, table, "select 'c' as person_id"), "c1")
    assert sorted(table.scan().select("chunk", "person_id").collect().rows()) == [("c1", "c"), ("c2", "b")]


def test_of_two_writers_of_a_partition_one_has_to_try_again(sail, table):
    since = table.version()
    first, second = (_write(sail, table, f"select '{who}' as person_id") for who in "ab")
    swap(table, first, "c1", since)
    with pytest.raises(ConcurrentCommit):
        swap(table, second, "c1", since)
    assert table.scan().collect()["person_id"].to_list() == ["a"]
    assert _data(table) == [file.path for file in first]


def test_nothing_is_a_valid_result(spark, table):
    swap(table, _write(spark, table, "select 'a' as person_id"), "c1")
    swap(table, _write(spark, table, "select 'a' as person_id where false"), "c1")
    assert table.scan().collect().is_empty()
    assert table.partitions() == []


def test_a_value_that_does_not_fit_fails_and_leaves_nothing(spark, table):
    with pytest.raises((SparkError, SparkUnavailable)):
        _write(spark, table, "select cast(id + 30000 as bigint) as decile from range(5000)")
    assert _data(table) == []


def test_columns_that_the_table_does_not_have_are_refused(sail, table):
    with pytest.raises(SparkError, match="value/v has no nonsense; it has person_id, spend, decile, last"):
        _write(sail, table, "select 1 as nonsense")


def test_a_place_that_only_spark_sees_is_explained(sail, table, tmp_path_factory):
    elsewhere = Cluster(sail.url, str(tmp_path_factory.mktemp("elsewhere")))
    with pytest.raises(SparkError, match=r"nothing is to be seen in .*; both must be the same place"):
        _write(elsewhere, table, "select 'a' as person_id")


def test_files_with_other_types_are_not_adopted(table):
    folder = Path(table.uri, "there/chunk=c1")
    folder.mkdir(parents=True)
    pl.DataFrame({"person_id": [1]}).write_parquet(folder / "a.parquet")
    with pytest.raises(
        ForeignTable, match=r"value/v: there/chunk=c1/a.parquet has person_id Int64; expected"
    ):
        adopt(table, "there")
