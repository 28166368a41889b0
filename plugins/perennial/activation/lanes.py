"""Work in, done by a few threads; its results in groups out, for the one thread that records them."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")
LINGER = 0.1
"""Seconds for which results are gathered: what is not recorded when a process dies, is done again."""


class Lanes(Generic[T]):
    """As many threads as work may be under way at a time; what is begun waits in line for them."""

    def __init__(self, width: int, linger: float = LINGER) -> None:
        self._pool = ThreadPoolExecutor(width, thread_name_prefix="send")
        self._done = SimpleQueue[tuple[T, Future[Any]]]()
        self._under_way: set[Future[Any]] = set()
        self._linger = linger

    def __len__(self) -> int:
        """How much is begun and has not come out of `done`."""
        return len(self._under_way)

    def begin(self, token: T, work: Callable[..., Any], *arguments: Any) -> None:
        """Put work in line; it comes out of `done` with its token."""
        future = self._pool.submit(work, *arguments)
        self._under_way.add(future)
        future.add_done_callback(lambda ended: self._done.put((token, ended)))

    def done(self) -> list[tuple[T, Future[Any]]]:
        """What has ended since the last call: at least one piece of work, and more if more come soon."""
        found = [self._done.get()]
        until = time.monotonic() + self._linger
        while len(found) < len(self._under_way):
            try:
                found.append(self._done.get(timeout=max(0.0, until - time.monotonic())))
            except Empty:
                break
        self._under_way.difference_update(future for _, future in found)
        return found

    def stop(self) -> None:
        """Begin nothing that is still in line; it comes out as cancelled."""
        for future in self._under_way:
            future.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, each made while the one before it is made use of."""
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        following = pool.submit(lambda: [*islice(items, 1)])
        while found := following.result():
            following = pool.submit(lambda: [*islice(items, 1)])
            yield found[0]
