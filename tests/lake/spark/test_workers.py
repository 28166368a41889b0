"""A cluster of several processes: all of them compute, and one that is killed costs nothing but time.

`PERENNIAL_SPARK_WORKERS=2` says that there is one, as `make test-spark` does.
"""

import json
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest
from spark_servers import HOST, WORKERS

from perennial.lake import files
from perennial.lake.foreign import swap
from perennial.lake.spark.cluster import Cluster
from perennial.lake.spark.reading import scan
from perennial.lake.spark.writing import write
from perennial.lake.storage import entries
from perennial.lake.tables import Table

pytestmark = pytest.mark.skipif(
    not WORKERS, reason="no cluster: PERENNIAL_SPARK_WORKERS=2, or make test-spark"
)
PEOPLE = 200_000


@pytest.fixture
def java(clusters: Callable[[str], Cluster]) -> Cluster:
    return clusters("java")


def executors(session: Any) -> dict[str, dict[str, Any]]:
    """The processes that compute, by their ids: what the server's page says of them."""
    port, application = (session.conf.get(f"spark.{name}") for name in ("ui.port", "app.id"))
    url = f"http://{HOST}:{port}/api/v1/applications/{application}/allexecutors"
    with urllib.request.urlopen(url) as answer:
        found = json.load(answer)
    return {each["id"]: each for each in found if each["id"] != "driver"}


def processes(session: Any) -> list[psutil.Process]:
    """The executors of this server, as the machine sees them."""
    mine = session.conf.get("spark.app.id")
    return [
        each
        for each in psutil.process_iter(["cmdline"])
        if mine in (line := each.info["cmdline"] or []) and any("ExecutorBackend" in word for word in line)
    ]


def test_every_worker_has_a_process_that_computes(java):
    with java.session() as session:
        assert session.conf.get("spark.master").startswith("spark://")
        before = {name: each["completedTasks"] for name, each in executors(session).items()}
        assert session.range(0, 1_000_000, 1, 16).selectExpr("sum(hash(id))").collect()
        after = {
            name: each["completedTasks"] for name, each in executors(session).items() if each["isActive"]
        }
        assert len(processes(session)) == len(after) == WORKERS
    assert all(after[name] > before.get(name, 0) for name in after)


def test_a_worker_that_is_killed_midway_costs_no_row(java, tmp_path: Path):
    sales = Table(str(tmp_path), "records/sales")
    value = Table(str(tmp_path), "value/v", partition="chunk")
    people = pl.DataFrame({"who": range(PEOPLE)}).with_columns(spend=pl.col("who") % 97)
    for first in range(0, PEOPLE, PEOPLE // 8):
        sales.append(people.slice(first, PEOPLE // 8))
    files.create(value, pl.Schema({"chunk": pl.String(), "who": pl.Int64(), "spend": pl.Int64()}))
    killed: list[int] = []
    with java.session() as session:
        done = threading.Event()

        def kill() -> None:
            before = sum(each["completedTasks"] for each in executors(session).values())
            while not done.is_set() and not killed:
                now = executors(session).values()
                if sum(each["completedTasks"] for each in now) > before + 2:
                    victim = processes(session)[0]
                    victim.kill()
                    killed.append(victim.pid)
                time.sleep(0.05)

        killer = threading.Thread(target=kill)
        killer.start()
        # Each row is computed for a while, so that there is a middle.
        slow = "aggregate(sequence(1, 12), 0L, (a, x) -> (a + x * who) % 1000003)"
        frame = scan(session, java, sales).repartition(16).selectExpr("who", f"spend + 0 * {slow} as spend")
        try:
            written = write(frame, java, value, "c1")
        finally:
            done.set()
            killer.join()
    swap(value, written, "c1")
    assert killed
    rows = value.scan().sort("who").collect()
    assert rows["who"].to_list() == [*range(PEOPLE)]
    assert rows["spend"].sum() == people["spend"].sum()
    data = [entry.path for entry in entries(value.uri) if not entry.path.startswith("_delta_log")]
    assert sorted(data) == sorted(file.path for file in written)
