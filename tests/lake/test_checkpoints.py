"""A process reads everything once, then what has come; a run that fails or is killed changes nothing."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from s3_server import EVERYWHERE

from perennial.lake.changes import HEAD
from perennial.lake.checkpoints import CHECKPOINTS, IncrementalReader, checkpoint_log, missing_in
from perennial.lake.history import SnapshotExpired
from perennial.lake.tables import ConcurrentCommit, Table
from perennial.settings import REPOSITORY

from .test_changes import values
from .test_history import MONDAY, TUESDAY, expire, rows

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def table(root: str) -> Table:
    return Table(root, "area/source", partition="day")


def logged(table: Table) -> list[tuple]:
    return checkpoint_log(table.root).scan().sort("process_timestamp").collect().rows()


@EVERYWHERE
def test_first_everything_then_what_has_come(table):
    reader = IncrementalReader("report", table)
    table.append(rows(MONDAY, 1, 2))
    assert reader.position() == HEAD
    with reader.delta(NOW) as delta:
        assert (delta.start, delta.end) == (HEAD, 0)
        assert values(delta.rows()) == [1, 2]
        assert delta.removed().collect().is_empty()
    table.append(rows(TUESDAY, 3))
    table.append(rows(MONDAY, 4))
    with reader.delta(NOW + timedelta(hours=1)) as delta:
        assert values(delta.rows()) == [3, 4]
        assert delta.touched() == ["2017-12-25", "2017-12-26"]
    with reader.delta(NOW + timedelta(hours=2)) as delta:
        assert values(delta.rows()) == []
        assert delta.touched() == []
    assert logged(table) == [
        ("report", "SUCCESSFUL", "0", NOW),
        ("report", "SUCCESSFUL", "2", NOW + timedelta(hours=1)),
        ("report", "SUCCESSFUL", "2", NOW + timedelta(hours=2)),
    ]


def test_what_comes_during_a_run_belongs_to_the_next_one(table):
    reader = IncrementalReader("report", table)
    table.append(rows(MONDAY, 1))
    with reader.delta(NOW) as delta:
        table.append(rows(MONDAY, 2))
        assert values(delta.rows()) == [1]
    with reader.delta(NOW) as delta:
        assert values(delta.rows()) == [2]


def test_a_failed_run_leaves_the_checkpoint(table):
    reader = IncrementalReader("report", table)
    table.append(rows(MONDAY, 1))
    with pytest.raises(ZeroDivisionError), reader.delta(NOW):
        _ = 1 / 0
    assert reader.position() == HEAD
    assert checkpoint_log(table.root).scan().collect().is_empty()


def test_processes_do_not_know_each_other(table):
    table.append(rows(MONDAY, 1))
    with IncrementalReader("one", table).delta(NOW):
        pass
    with IncrementalReader("two", table).delta(NOW) as delta:
        assert values(delta.rows()) == [1]


def test_a_row_of_another_status_or_without_a_snapshot_is_no_position(table):
    table.append(rows(MONDAY, 1))
    seeded = [("report", "SUCCESSFUL", None, NOW), ("report", "FAILED", "0", NOW + timedelta(hours=1))]
    checkpoint_log(table.root).append(pl.DataFrame(seeded, schema=CHECKPOINTS, orient="row"))
    assert IncrementalReader("report", table).position() == HEAD


def test_a_clock_that_goes_back_does_not_lose_the_newest_position(table):
    reader = IncrementalReader("report", table)
    table.append(rows(MONDAY, 1))
    with reader.delta(NOW):
        pass
    table.append(rows(MONDAY, 2))
    with reader.delta(NOW - timedelta(days=1)):
        pass
    assert reader.position() == 1


@EVERYWHERE
def test_of_two_runs_at_once_one_is_refused(table):
    table.append(rows(MONDAY, 1))
    reader = IncrementalReader("report", table)
    with reader.delta(NOW):
        pass
    with pytest.raises(ConcurrentCommit), reader.delta(NOW), reader.delta(NOW):
        pass
    # The runs of different processes do not stand in each other's way.
    with reader.delta(NOW), IncrementalReader("other", table).delta(NOW):
        pass


def test_an_expired_start_fails_or_begins_with_the_earliest(table):
    reader = IncrementalReader("report", table)
    table.append(rows(MONDAY, 1))
    with reader.delta(NOW):
        pass
    table.append(rows(MONDAY, 2))
    table.replace(rows(MONDAY, 1, 2, 3), MONDAY)
    expire(table)
    with pytest.raises(SnapshotExpired, match="snapshot 0 can no longer be read"), reader.delta(NOW):
        pytest.fail("the block must not be entered")
    assert reader.position() == 0
    with reader.delta(NOW, fallback=True) as delta:
        assert values(delta.rows()) == [1, 2, 3]
    assert reader.position() == table.version()


def test_insert_by_key_takes_each_key_once(root):
    target = Table(root, "area/target")
    incoming = pl.LazyFrame({"v": [1, 1, 2, None]})
    assert missing_in(incoming, target, ["v"]).collect()["v"].to_list() == [1, 2, None]
    target.append(pl.DataFrame({"v": [2, None]}, schema={"v": pl.Int64}))
    assert missing_in(incoming, target, ["v"]).collect()["v"].to_list() == [1]


# A process of its own takes in a delta, and kills itself at a place that it is told.
RUN = """
import os, signal, sys
from datetime import UTC, datetime
from perennial.lake.checkpoints import IncrementalReader, missing_in
from perennial.lake.tables import Table

root, place = sys.argv[1:]
source, target = Table(root, "area/source", partition="day"), Table(root, "area/target")
with IncrementalReader("copy", source).delta(datetime(2026, 11, 24, tzinfo=UTC)) as delta:
    new = missing_in(delta.rows(), target, ["v"]).collect()
    if place == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    target.append(new)
    if place == "between":
        os.kill(os.getpid(), signal.SIGKILL)
"""


def run(root: str, place: str) -> int:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "plugins")}
    return subprocess.run([sys.executable, "-c", RUN, root, place], env=environment, check=False).returncode


@pytest.mark.parametrize("place", ["before", "between"])
def test_killed_and_run_again_the_target_is_the_same(table, place):
    target = Table(table.root, "area/target")
    expected: list[int] = []
    for number in range(3):
        table.append(rows(MONDAY, 2 * number, 2 * number + 1))
        expected += [2 * number, 2 * number + 1]
        assert run(table.root, place) == -signal.SIGKILL
        assert IncrementalReader("copy", table).position() == number - 1
        assert run(table.root, "nowhere") == 0
        assert values(target.scan()) == expected
