"""Records of many requests in; one write and one fsync for all that wait, and leave to answer, out."""

import asyncio
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from threading import Thread

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
        self._writing = False
        self._loop = asyncio.get_running_loop()
        self._groups: SimpleQueue[list[Waiting] | None] = SimpleQueue()
        self._idle = asyncio.Event()
        self._idle.set()
        self._thread = Thread(target=self._work, name="commit", daemon=True)
        self._thread.start()

    def append(self, records: Sequence[bytes]) -> "asyncio.Future[None]":
        """A future that is done when the records are durable; `Refused` with 503 where they are not."""
        future = self._loop.create_future()
        self._waiting.append((records, future))
        if not self._writing:
            self._writing = True
            self._idle.clear()
            # Not at once: other requests that have come by now join the group.
            self._loop.call_soon(self._next)
        return future

    async def close(self) -> None:
        """Write what waits, then let go of the log."""
        await self._idle.wait()
        self._groups.put(None)
        self._thread.join()
        if self._writer is not None:
            self._writer.close()

    def _next(self) -> None:
        group, self._waiting = self._waiting, []
        self._groups.put(group)

    def _work(self) -> None:
        while (group := self._groups.get()) is not None:
            begun = time.perf_counter()
            failure: Exception | None = None
            try:
                if self._writer is None:
                    self._writer = self._open()
                self._writer.append([record for records, _ in group for record in records])
            except Exception as error:
                failure = error
            self._loop.call_soon_threadsafe(self._written, group, failure, time.perf_counter() - begun)

    def _written(self, group: list[Waiting], failure: Exception | None, seconds: float) -> None:
        self._metrics.committed(len(group), seconds)
        for _, future in group:
            if future.done():
                continue
            if failure is None:
                future.set_result(None)
            else:
                future.set_exception(_told(failure))
        if self._waiting:
            self._next()
        else:
            self._writing = False
            self._idle.set()


def _told(failure: Exception) -> Exception:
    """What the requests learn of it; a fault of ours stays what it is."""
    if isinstance(failure, PerennialError | OSError):
        return busy(f"the log does not take it now: {failure}", 5)
    return failure
