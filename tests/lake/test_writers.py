"""Several processes write to the same tables at once, and leave what they leave one after the other."""

import os
import subprocess
import sys
from contextlib import suppress

import lake_writers
import polars as pl
from lake_writers import ROUNDS, SHARED, WRITERS, frame
from polars.testing import assert_frame_equal
from s3_server import EVERYWHERE

from perennial.lake import files
from perennial.lake.deletion import delete
from perennial.lake.tables import ConcurrentCommit, Table
from perennial.settings import REPOSITORY


def run_at_once(root: str) -> None:
    paths = os.pathsep.join(str(REPOSITORY / folder) for folder in ("plugins", "tests"))
    writers = [
        subprocess.Popen(
            [sys.executable, "-m", "lake_writers", root, str(number)],
            env={**os.environ, "PYTHONPATH": paths},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(WRITERS)
    ]
    try:
        for _ in range(ROUNDS):
            for each in writers:
                assert each.stdout is not None
                assert each.stdout.readline() == "ready\n"
            for each in writers:
                assert each.stdin is not None
                each.stdin.write("go\n")
                each.stdin.flush()
        for each in writers:
            _, errors = each.communicate(timeout=240)
            assert each.returncode == 0, errors
    finally:
        for each in writers:
            each.kill()


def rows(table: Table) -> pl.DataFrame:
    found = table.scan().collect()
    return found.select(sorted(found.columns)).sort(sorted(found.columns))


def values(table: Table) -> list[int]:
    return sorted(table.scan().collect()["v"])


@EVERYWHERE
def test_nothing_is_lost_or_doubled_where_all_write_at_once(root, tmp_path):
    at_once, in_turn = f"{root}/at_once", f"{tmp_path}/in_turn"
    run_at_once(at_once)
    for number in range(WRITERS):
        lake_writers.work(in_turn, number)
    expected = lake_writers.tables(in_turn)
    for name, table in lake_writers.tables(at_once).items():
        assert_frame_equal(rows(table), rows(expected[name]))
    shared = expected["events"].scan().filter(event_date=SHARED).collect()
    assert shared.height == WRITERS * ROUNDS


def test_a_commit_that_is_answered_with_an_error_counts_once(s3_server, object_store):
    """The store has written the log's entry, and says that it has failed: asked again, it has it already."""
    s3_server.make("shaky-lake")
    table = Table("s3://shaky-lake", "events/sales", partition="event_date")
    for value in range(3):
        table.append(frame(SHARED, value, value))
    assert values(table) == [0, 1, 2]
    # Who cannot tell its own commit from another's says that another was faster; then it is there, once.
    with suppress(ConcurrentCommit):
        table.replace_where(frame(SHARED, 2, 7), "writer", 2)
    assert values(table) == [0, 1, 7]
    with suppress(ConcurrentCommit):
        files.commit(table, files.write(table, frame(SHARED, 0, 8)), table.version(), [("batch", 1)])
    assert values(table) == [0, 1, 7, 8]
    assert table.transaction("batch") == 1
    with suppress(ConcurrentCommit):
        delete(table, pl.col("v") == 0)
    assert values(table) == [1, 7, 8]
