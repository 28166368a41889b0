"""A snapshot of a table of the lake in, a Spark DataFrame with its rows out; no Delta library on Spark.

Spark is given the paths of the snapshot's Parquet files, and each column is cast to the type that the table
has now: files that were written when it was another, or missing, are read as Polars reads them.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING

import polars as pl

from perennial.lake.foreign import Part, parts
from perennial.lake.spark.cluster import Cluster
from perennial.lake.spark.types import ddl, literal, quoted, spark_type
from perennial.lake.tables import Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

DERIVED: Mapping[str, str] = {"event_date": "to_date(event_time)"}
"""How a partition's column, which no file holds, follows from others; else there is one scan a partition."""


def scan(
    session: "SparkSession",
    cluster: Cluster,
    table: Table,
    version: int | None = None,
    partition: str | None = None,
) -> "DataFrame":
    """A snapshot's rows: those of the newest, or of the one with that id; all, or those of one partition."""
    version = table.version() if version is None else version
    schema = table.scan(version if version >= 0 else None).collect_schema()
    apart = partition is not None or (table.partition is not None and table.partition not in DERIVED)
    found = [
        part
        for part in parts(table, version, by_partition=apart)
        if partition is None or part.partition == partition
    ]
    if not found:
        return session.createDataFrame([], ddl(schema))
    frames = [
        scan_files(session, cluster, table, part.paths).selectExpr(*_columns(table, schema, part))
        for part in found
    ]
    return reduce(lambda left, right: left.unionAll(right), frames)


def scan_files(session: "SparkSession", cluster: Cluster, table: Table, paths: Sequence[str]) -> "DataFrame":
    """The rows of files of a table that have the same columns, whether they are committed or not."""
    # Folders are not partitions to Spark: ours need not stand directly below the root.
    reader = session.read.option("recursiveFileLookup", "true")
    return reader.parquet(*(f"{cluster.path(table)}/{path}" for path in paths))


def _columns(table: Table, schema: pl.Schema, part: Part) -> list[str]:
    return [_column(table, name, kind, part) for name, kind in schema.items()]


def _column(table: Table, name: str, kind: pl.DataType, part: Part) -> str:
    if name == table.partition:
        value = DERIVED.get(name) or ("null" if part.partition is None else literal(part.partition))
    elif name not in part.schema:
        value = "null"
    elif part.schema[name] == kind:
        return quoted(name)
    else:
        value = quoted(name)
    return f"cast({value} as {spark_type(kind)}) as {quoted(name)}"
