"""A session in our own process, where a full PySpark is installed: in a process that has one."""

import os
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from spark_servers import WORKERS, missing, spark_python

from perennial.lake.spark.cluster import Cluster
from perennial.lake.tables import Table
from perennial.settings import REPOSITORY

CODE = """
import sys
from perennial.lake import files
from perennial.lake.foreign import swap
from perennial.lake.spark.cluster import Cluster
from perennial.lake.spark.reading import scan
from perennial.lake.spark.writing import write
from perennial.lake.tables import Table

table = Table(sys.argv[1], "records/sales")
settings = {"spark.sql.shuffle.partitions": "1", "spark.executor.memory": "600m", "spark.cores.max": "2"}
cluster = Cluster(sys.argv[2], settings=settings)
with cluster.session() as session:
    assert {name: session.conf.get(name) for name in settings} == settings
    assert session.conf.get("spark.sql.session.timeZone") == "UTC"
    doubled = scan(session, cluster, table).selectExpr("who", "spend * 2 as spend", "at")
    swap(table, write(doubled, cluster, table), None)
"""


@pytest.fixture(params=["local[2]", "spark://"])
def url(request: pytest.FixtureRequest, clusters: Callable[[str], Cluster]) -> str:
    """Computing in that process itself, or on the workers of a cluster."""
    if reason := missing("java"):
        pytest.skip(reason)
    if request.param == "local[2]":
        return "local[2]"
    if not WORKERS:
        pytest.skip("no cluster: PERENNIAL_SPARK_WORKERS=2, or make test-spark")
    with clusters("java").session() as session:
        return str(session.conf.get("spark.master"))


def test_a_session_of_ones_own_reads_and_writes_the_lake(url, tmp_path: Path):
    table = Table(str(tmp_path), "records/sales")
    times = pl.Series("at", ["2018-01-01T00:00:00.000001Z"] * 2).str.to_datetime("%+", time_zone="UTC")
    table.append(pl.DataFrame({"who": ["a", "b"], "spend": [3, 4], "at": times}))
    # Their PySpark, and everything else from our environment.
    ours = [str(REPOSITORY / "plugins"), sysconfig.get_path("purelib")]
    code = f"import sys; sys.path += {ours!r}\n{CODE}"
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"}
    done = subprocess.run(
        [spark_python(), "-c", code, tmp_path, url],
        env=environment,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    rows = table.scan().sort("who").collect()
    assert rows["spend"].to_list() == [6, 8]
    assert rows["at"].to_list() == times.to_list()
