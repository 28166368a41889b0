"""A Spark DataFrame in, files of a table that nobody sees yet out; `perennial.lake.foreign` commits them.

Spark's workers write, and this process lists what they wrote: both must see the lake, as `Cluster.path` says.
"""

from typing import TYPE_CHECKING
from uuid import uuid4

from perennial.lake.files import DataFile
from perennial.lake.foreign import abandon, adopt
from perennial.lake.spark.cluster import Cluster, SparkError
from perennial.lake.spark.types import quoted, spark_type
from perennial.lake.tables import Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def write(frame: "DataFrame", cluster: Cluster, table: Table, partition: str | None = None) -> list[DataFile]:
    """Compute a frame, and write it as files of one partition of a table that exists.

    Its columns, in any order, are cast to the table's types; those that it lacks are null. Raises
    `SparkError` if it has columns that the table does not have, or what Spark wrote is nowhere to be seen.
    """
    schema = {name: kind for name, kind in table.scan().collect_schema().items() if name != table.partition}
    if strange := set(frame.columns) - set(schema):
        raise SparkError(f"{table.name} has no {', '.join(sorted(strange))}; it has {', '.join(schema)}")
    columns = [
        f"cast({quoted(name)} as {spark_type(schema[name])}) as {quoted(name)}" for name in frame.columns
    ]
    folder = uuid4().hex
    if table.partition is not None:
        folder = f"{folder}/{table.partition}={partition}"
    try:
        target = f"{cluster.path(table)}/{folder}"
        written = frame.selectExpr(*columns)
        written.write.mode("error").option("compression", "zstd").parquet(target)
        found = adopt(table, folder)
        if not found and not written.isEmpty():
            raise SparkError(
                f"{table.name}: Spark wrote to {target}, and nothing is to be seen in {table.uri}/{folder}; "
                "both must be the same place: see `lake` in the extra of Spark's connection"
            )
    except BaseException:
        abandon(table, folder)
        raise
    return found
