"""What every log of the stream must do, asked of the folder and of Kafka alike."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from perennial.signals.log import LogGapError, StreamLog, open_log
from perennial.signals.log.folders import FolderLog

HERE = Path(__file__).parent
PLUGINS = HERE.parents[2] / "plugins"
MUCH = 64 * 1024 * 1024
_names = count()


@dataclass(frozen=True)
class Place:
    """Where a log is."""

    spool: Path
    url: str = ""

    def open(self) -> StreamLog:
        return open_log(self.spool, self.url or None)

    def write_in_process(self, name: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, str(HERE / "writing.py"), str(self.spool), self.url, name],
            env={**os.environ, "PYTHONPATH": str(PLUGINS)},
            stdout=subprocess.PIPE,
            text=True,
        )


@pytest.fixture(params=["folder", "kafka"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty log whose topics have, in Kafka, three partitions."""
    if request.param == "folder":
        return Place(tmp_path)
    cluster = request.getfixturevalue("kafka")
    prefix = f"test{next(_names)}"
    for topic in ("orders", "numbers"):
        cluster.make(f"{prefix}.{topic}", 3)
    return Place(tmp_path, f"kafka://{cluster.brokers}/{prefix}?partitions=0")


@pytest.fixture
def log(place: Place) -> StreamLog:
    return place.open()


def everything(log: StreamLog, topic: str, max_bytes: int = MUCH) -> Iterator[bytes]:
    """All records of a topic, partition by partition."""
    for partition in log.partitions(topic):
        offset = 0
        while True:
            records, offset = log.read(topic, partition, offset, max_bytes)
            if not records:
                break
            yield from records


def test_what_was_appended_is_read_byte_for_byte(log: StreamLog) -> None:
    records = [b"one", b"", bytes(range(256)), b"\n\r\x00" * 1000]
    writer = log.writer("orders")
    writer.append(records[:2])
    writer.append(records[2:])
    writer.close()
    assert sorted(everything(log, "orders")) == sorted(records)


def test_a_reader_goes_on_from_any_offset(log: StreamLog) -> None:
    writer = log.writer("orders")
    for number in range(50):
        writer.append([b"%d" % number])
    for partition in log.partitions("orders"):
        records, end = log.read("orders", partition, 0, MUCH)
        found: list[bytes] = []
        offset = 0
        while offset != end:
            part, offset = log.read("orders", partition, offset, 1)
            assert part, "at least one record, however few bytes were asked for"
            assert log.read("orders", partition, offset, MUCH)[0] == records[len(found) + len(part) :]
            found += part
        assert found == records
        assert log.read("orders", partition, end, MUCH) == ([], end)
    writer.close()


def test_nothing_written_is_nothing_read(log: StreamLog) -> None:
    assert list(everything(log, "orders")) == []
    assert log.partitions("never") == []


def test_topics_are_apart(log: StreamLog) -> None:
    for topic in ("orders", "numbers"):
        writer = log.writer(topic)
        writer.append([topic.encode()])
        writer.close()
    assert list(everything(log, "orders")) == [b"orders"]
    assert list(everything(log, "numbers")) == [b"numbers"]


def test_big_records(log: StreamLog) -> None:
    record = os.urandom(4 * 1024 * 1024)
    writer = log.writer("orders")
    writer.append([record, b"small"])
    writer.close()
    assert sorted(everything(log, "orders", max_bytes=1000)) == sorted([record, b"small"])


def test_writers_write_at_the_same_time(place: Place) -> None:
    def write(name: int) -> None:
        writer = place.open().writer("orders")
        for number in range(0, 100, 10):
            writer.append([b"%d %d" % (name, number + each) for each in range(10)])
        writer.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    expected = sorted(b"%d %d" % (name, number) for name in range(4) for number in range(100))
    assert sorted(everything(place.open(), "orders")) == expected


def test_killed_writers_leave_what_they_acknowledged(place: Place) -> None:
    acknowledged: list[bytes] = []
    for name in ("first", "second"):
        process = place.write_in_process(name)
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(100)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.read().splitlines()
        process.wait()
        acknowledged += [b"%s %d" % (name.encode(), int(line)) for line in lines]
    found = list(everything(place.open(), "numbers"))
    assert len(found) == len(set(found)), "none twice"
    assert set(acknowledged) <= set(found), "none lost"
    assert len(found) <= len(acknowledged) + 2, "and none invented"


def test_a_trimmed_log_goes_on(tmp_path: Path) -> None:
    log = FolderLog(tmp_path, segment_bytes=1000)
    writer = log.writer("orders")
    offsets = [writer.append([b"%d" % number * 100]) for number in range(100)]
    middle = offsets[49]
    assert isinstance(middle, int)
    freed = log.trim("orders", 0, middle)
    assert middle - 1400 < freed <= middle, "whole files only"
    with pytest.raises(LogGapError, match=f"the log begins at {freed}"):
        log.read("orders", 0, 0, MUCH)
    writer.append([b"after"])
    writer.close()
    log.writer("orders").close()
    assert list(_from(log, middle)) == [*(b"%d" % number * 100 for number in range(50, 100)), b"after"]
    assert log.trim("orders", 0, 10**9) > 0
    assert list(log.spool.glob("orders/0/*.log")) != [], "the newest file stays, whatever is asked"


def _from(log: StreamLog, offset: int) -> Iterator[bytes]:
    while True:
        records, offset = log.read("orders", 0, offset, MUCH)
        if not records:
            return
        yield from records


def test_the_end_moves_when_records_come(log: StreamLog) -> None:
    writer = log.writer("orders")
    ends = {p: log.end("orders", p) for p in log.partitions("orders")}
    writer.append([b"one"])
    moved = {p: log.end("orders", p) for p in log.partitions("orders")}
    assert sum(moved.values()) > sum(ends.values())
    assert all(log.read("orders", p, moved[p], MUCH) == ([], moved[p]) for p in moved)
    writer.close()
