"""Group commit: nobody is told before the log has it, one write serves all that wait."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from threading import Event

import pytest

from perennial.collector.commit import GroupCommit
from perennial.collector.metrics import Metrics
from perennial.collector.refusals import Refused
from perennial.signals.log import LogUnwritableError, LogWriter, read


class Gated(LogWriter):
    """A log whose disk is as slow as a test wants it, and fails when told."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.open, self.fails, self.groups = Event(), False, list[int]()

    def append(self, records: Sequence[bytes]) -> int:
        assert self.open.wait(10)
        self.groups.append(len(records))
        if self.fails:
            raise LogUnwritableError("the disk is full")
        return super().append(records)


def test_all_that_wait_are_written_at_once(tmp_path: Path) -> None:
    log = Gated(tmp_path)

    async def main() -> None:
        commit = GroupCommit(lambda: log, Metrics())
        waiting = [commit.append([b"%d" % number]) for number in range(50)]
        await asyncio.sleep(0.05)
        waiting += [commit.append([b"%d" % number]) for number in range(50, 100)]
        await asyncio.sleep(0.05)
        assert not any(future.done() for future in waiting), "nobody is told before the disk has it"
        log.open.set()
        await asyncio.gather(*waiting)
        await commit.close()

    asyncio.run(main())
    assert log.groups == [50, 50]
    assert read(tmp_path)[0] == [b"%d" % number for number in range(100)]


def test_a_failure_reaches_all_of_its_group_and_no_other(tmp_path: Path) -> None:
    log = Gated(tmp_path)

    async def main() -> None:
        commit = GroupCommit(lambda: log, Metrics())
        log.open.set()
        log.fails = True
        for future in [commit.append([b"lost"]) for _ in range(3)]:
            with pytest.raises(Refused, match="the disk is full"):
                await future
        log.fails = False
        await commit.append([b"kept"])
        await commit.close()

    asyncio.run(main())
    assert read(tmp_path)[0] == [b"kept"]


def test_what_waits_when_it_stops_is_written(tmp_path: Path) -> None:
    async def main() -> None:
        commit = GroupCommit(lambda: LogWriter(tmp_path), Metrics())
        future = commit.append([b"late"])
        await commit.close()
        assert future.done()

    asyncio.run(main())
    assert read(tmp_path)[0] == [b"late"]
