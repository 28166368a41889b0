"""Work that threads do ahead of who needs it: items in, their results out in the same order."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
WORKERS = 2
PATIENCE = 0.1
"""Seconds after which a full queue is tried again: who takes from it may have given up."""


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
