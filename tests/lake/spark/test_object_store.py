"""A lake in an object store, read and written by Spark under its own name for it."""

from pathlib import Path

import polars as pl
from spark_servers import running_spark

from perennial.lake.foreign import swap
from perennial.lake.spark.cluster import Cluster
from perennial.lake.spark.reading import scan
from perennial.lake.spark.writing import write
from perennial.lake.tables import Table


def test_spark_reads_and_writes_where_we_do(pyspark, object_store, tmp_path: Path):
    sales, value = Table(object_store, "records/sales"), Table(object_store, "value/v", partition="chunk")
    sales.append(pl.DataFrame({"who": ["a", "b"], "spend": [3, 4]}))
    value.append(pl.DataFrame({"who": ["old"], "spend": [1], "chunk": ["c1"]}))
    # The server finds the store through the same environment.
    with running_spark("sail", tmp_path) as url:
        cluster = Cluster(url)
        assert cluster.path(sales) == object_store.replace("s3://", "s3a://") + "/records/sales"
        with cluster.session() as session:
            doubled = scan(session, cluster, sales).selectExpr("who", "spend * 2 as spend")
            swap(value, write(doubled, cluster, value, "c1"), "c1")
    assert value.scan().sort("who").select("who", "spend").collect().rows() == [("a", 6), ("b", 8)]
