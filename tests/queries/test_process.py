"""Queries in processes of their own: results come out whole, and whatever a query does, it does to itself."""

import io
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from perennial.lake.catalog import Lake
from perennial.queries.errors import QueryError
from perennial.queries.jobs import Job
from perennial.queries.limits import LONGEST, Limits
from perennial.queries.process import Workers
from perennial.queries.results import Column, csv

FEW = Limits(seconds=20, megabytes=1_000, rows=100)
ENDLESS = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t"


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    """Processes, of which one waits."""
    workers = Workers()
    workers.warm_up()
    yield workers
    workers.close()


def answer(workers: Workers, lake: Lake, sql: str, **job: Any) -> tuple[dict, bytes, dict]:
    """Columns, content and counts of a job."""
    frames = [*workers.start(Job(sql, lake=lake.root, **{"limits": FEW, **job})).frames()]
    content = b"".join(frame.content for frame in frames if frame.kind == "D")
    return frames[0].values, content, frames[-1].values


def test_rows_come_with_columns_and_counts(workers, lake):
    sql = "SELECT * FROM events.transactions, range(20) WHERE 1 = $x"
    about, content, counts = answer(workers, lake, sql, parameters={"x": 1})
    assert [column["name"] for column in about["columns"]][:2] == ["event_id", "household_id"]
    assert pl.read_ipc_stream(content).height == 100
    assert counts["rows"] == 100
    assert counts["truncated"]
    assert counts["snapshots"] == {"events/transactions": 2}


def test_files_hold_every_row(workers, lake):
    whole = Limits(rows=None)
    sql = """SELECT i, '=1+1' AS "a b", [1, 2] AS l, TIMESTAMPTZ '2017-12-31 00:00Z' AS t
        FROM range(30000) t(i)"""
    _, content, counts = answer(workers, lake, sql, limits=whole, output="csv")
    lines = content.decode().splitlines()
    assert lines[0] == "i,a b,l,t"
    assert lines[1] == '0,\'=1+1,"[1, 2]",2017-12-31T00:00:00Z'
    assert len(lines) == 30_001
    assert counts["rows"] == 30_000
    _, content, _ = answer(workers, lake, sql, limits=whole, output="parquet")
    frame = pl.read_parquet(io.BytesIO(content))
    assert frame.columns == ["i", "a b", "l", "t"]
    assert frame["i"].sum() == sum(range(30_000))


def test_a_name_of_a_column_is_no_formula_either():
    """A PIVOT takes them from the data."""
    columns = [Column("=1+1", "INTEGER", "quantitative"), Column("a", "INTEGER", "quantitative")]
    assert b"".join(csv(columns, iter([]))) == b"'=1+1,a\n"


def test_a_query_without_end_is_stopped_when_its_time_is_over(workers, lake):
    began = time.monotonic()
    with pytest.raises(QueryError, match=r"longer than 1 seconds") as error:
        answer(workers, lake, ENDLESS, limits=Limits(seconds=1))
    assert error.value.kind == "timeout"
    assert error.value.hint
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT list(a.i * b.i) FROM range(100000) a(i), range(100000) b(i)",
        "SELECT repeat('x', 900000000) FROM range(3)",
    ],
)
def test_a_query_that_fills_the_memory_is_stopped(workers, lake, sql):
    with pytest.raises(QueryError, match="more than 600 MB of memory") as error:
        answer(workers, lake, sql, limits=Limits(seconds=30, megabytes=600))
    assert error.value.kind == "memory"


def test_a_result_that_is_too_large_to_show_is_refused(workers, lake):
    with pytest.raises(QueryError, match="more than 1 MB") as error:
        answer(workers, lake, "SELECT repeat('x', 100000) FROM range(50)",
               limits=Limits(rows=100, result_megabytes=1))  # fmt: skip
    assert error.value.kind == "size"


def test_a_query_can_be_cancelled(workers, lake):
    execution = workers.start(Job(ENDLESS, lake=lake.root, limits=FEW))
    threading.Timer(0.3, execution.cancel).start()
    with pytest.raises(QueryError) as error:
        [*execution.frames()]
    assert error.value.kind == "cancelled"


def test_a_process_takes_one_job_after_the_other_unless_something_went_wrong(lake):
    workers = Workers()
    answer(workers, lake, "SELECT 1")
    [kept] = workers._waiting
    with pytest.raises(QueryError):
        answer(workers, lake, "SELECT nothing")
    assert answer(workers, lake, "SELECT 2 AS x")[0]["columns"][0]["name"] == "x"
    assert workers._waiting == [kept]
    with pytest.raises(QueryError):
        answer(workers, lake, ENDLESS, limits=Limits(seconds=0.2))
    assert kept.poll() is not None
    workers.close()


def test_an_error_of_the_query_comes_as_it_is(workers, lake):
    with pytest.raises(QueryError) as error:
        answer(workers, lake, "SELECT nothing")
    assert error.value.kind == "syntax"
    assert error.value.place is not None


def test_deep_nesting_ends_no_more_than_the_query(workers, lake):
    sql = "SELECT " + "(" * 5_000 + "1" + ")" * 5_000
    with pytest.raises(QueryError) as error:
        answer(workers, lake, sql)
    assert error.value.kind in ("syntax", "failed")
    assert answer(workers, lake, "SELECT 1")[2]["rows"] == 1


def test_a_query_has_a_greatest_length(workers, lake):
    with pytest.raises(QueryError) as error:
        answer(workers, lake, "SELECT 1 --" + "x" * LONGEST)
    assert error.value.kind == "size"


def test_a_process_knows_no_secrets_and_ends_with_its_parent(lake, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "hunter2")
    monkeypatch.setenv("AIRFLOW_CONN_PERENNIAL_STORE", "hunter2")
    workers = Workers()
    execution = workers.start(Job(ENDLESS, lake=lake.root, limits=FEW))
    process = execution._process
    environment = Path(f"/proc/{process.pid}/environ").read_bytes()
    assert b"hunter2" not in environment
    assert os.readlink(f"/proc/{process.pid}/cwd") == "/"
    # What a killed parent leaves behind is a closed pipe.
    assert process.stdin is not None
    process.stdin.close()
    process.wait(timeout=30)
    workers.close()
