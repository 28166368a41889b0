"""Work that threads do: items in, their results out in the same order.

Time is gained where the work is done outside of Python: by Polars, by NumPy on whole columns, by a disk.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
WORKERS = 2
PATIENCE = 0.1
"""Seconds after which a full queue is tried again: who takes from it may have given up."""


def side_by_side(items: Sequence[T], work: Callable[[T], R]) -> list[R]:
    """The results of `work` on a few items at once."""
    if len(items) < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(work, items))


def ahead(given: Iterable[T], work: Callable[[T], R], most: int) -> Generator[R, None, None]:
    """The results of `work`, at most so many ahead; an error of either comes out at its place."""
    queue: Queue[Future[R] | None] = Queue(most)
    stopped = Event()

    def put(item: Future[R] | None) -> None:
        while not stopped.is_set():
            try:
                queue.put(item, timeout=PATIENCE)
            except Full:
                continue
            return

    def read() -> None:
        try:
            for item in given:
                put(pool.submit(work, item))
                if stopped.is_set():
                    return
        except BaseException as error:
            failed: Future[R] = Future()
            failed.set_exception(error)
            put(failed)
        put(None)

    with ThreadPoolExecutor(WORKERS) as pool:
        reader = Thread(target=read, daemon=True)
        reader.start()
        try:
            while (future := queue.get()) is not None:
                yield future.result()
        finally:
            stopped.set()
            _empty(queue)
            reader.join()


def _empty(queue: Queue[Future[R] | None]) -> None:
    try:
        while True:
            queue.get_nowait()
    except Empty:
        return
