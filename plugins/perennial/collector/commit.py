"""Records of many requests in; one write and one fsync for all that wait, and leave to answer, out."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from perennial.collector.metrics import Metrics
from perennial.collector.refusals import busy
from perennial.errors import PerennialError
from perennial.signals.log import Writer

Waiting = tuple[Sequence[bytes], "asyncio.Future[None]"]


class GroupCommit:
    """The log of one topic, written by a thread of its own; what comes meanwhile is the next group."""

    def __init__(self, open_writer: Callable[[], Writer], metrics: Metrics) -> None:
        """The writer is opened at the first record, and again as often as that fails."""
        self._open, self._metrics = open_writer, metrics
        self._writer: Writer | None = None
        self._waiting: list[Waiting] = []
        self._thread = ThreadPoolExecutor(1, "commit")
        self._task: asyncio.Task[None] | None = None

    def append(self, records: Sequence[bytes]) -> "asyncio.Future[None]":
        """A future that is done when the records are durable; `Refused` with 503 where they are not."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._waiting.append((records, future))
        if self._task is None:
            self._task = loop.create_task(self._work())
        return future

    async def close(self) -> None:
        """Write what waits, then let go of the log."""
        if self._task is not None:
            await self._task
        self._thread.shutdown()
        if self._writer is not None:
            self._writer.close()

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            group, self._waiting = self._waiting, []
            begun = time.perf_counter()
            failure: Exception | None = None
            try:
                await loop.run_in_executor(self._thread, self._write, group)
            except Exception as error:
                failure = error
            self._metrics.committed(len(group), time.perf_counter() - begun)
            for _, future in group:
                if future.done():
                    continue
                if failure is None:
                    future.set_result(None)
                else:
                    future.set_exception(_told(failure))
        self._task = None

    def _write(self, group: Sequence[Waiting]) -> None:
        if self._writer is None:
            self._writer = self._open()
        self._writer.append([record for records, _ in group for record in records])


def _told(failure: Exception) -> Exception:
    """What the requests learn of it; a fault of ours stays what it is."""
    if isinstance(failure, PerennialError | OSError):
        return busy(f"the log does not take it now: {failure}", 5)
    return failure
