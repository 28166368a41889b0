"""The provider's limits, kept by all processes with one connection together: calls are taken from the store.

Each takes a block of calls at a time, and gives back what it does not make within a moment: so looking at the
store is no bottleneck, and whoever dies takes no more with it than its block.
"""

import json
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from perennial.activation.destinations.base import Window
from perennial.activation.destinations.failures import UnavailableError
from perennial.activation.windows import Taken, block, hold

LONGEST_WAIT = 30.0
"""Seconds that a call waits by itself before it leaves the waiting to the caller."""


class Allowances:
    """What the activations with one connection may ask of its provider.

    :param url: the store
    :param destination: the connection
    """

    def __init__(self, url: str, destination: str) -> None:
        self._url, self.destination, self._lock = url, destination, threading.Lock()
        self._connection: psycopg.Connection | None = None

    def limiter(self, operation: str, windows: Sequence[Window]) -> "SharedLimiter":
        """The windows of one kind of call."""
        return SharedLimiter(self, operation, windows)

    def transaction(self, work: Callable[[psycopg.Connection], Any]) -> Any:
        """Work on the store in a transaction; one at a time."""
        with self._lock:
            try:
                if self._connection is None or self._connection.closed:
                    # What a crash of the server forgets is a moment's calls.
                    options = "-c synchronous_commit=off"
                    self._connection = psycopg.connect(self._url, autocommit=True, options=options)
                with self._connection.transaction():
                    return work(self._connection)
            except psycopg.OperationalError as error:
                raise UnavailableError(f"the store, for the limits of {self.destination}: {error}") from None


class SharedLimiter:
    """Waits before each call, so that no window is exceeded by all processes together."""

    def __init__(self, allowances: Allowances, operation: str, windows: Sequence[Window]) -> None:
        self._allowances, self._windows = allowances, sorted(windows, key=lambda each: each.seconds)
        self._flow = {"destination": allowances.destination, "operation": operation}
        self._lock = threading.Lock()
        self._left, self._ends, self._slots = 0, 0.0, [0] * len(windows)
        self._within = min(map(hold, windows), default=0.0)
        self._block = min(map(block, windows), default=0)

    def acquire(self) -> None:
        """Return when one more call is allowed. `UnavailableError` where that would be long."""
        if not self._windows:
            return
        with self._lock:
            while self._left == 0 or time.monotonic() > self._ends:
                begun = time.monotonic()
                wait = self._allowances.transaction(self._take)
                if wait == 0:
                    self._ends = begun + self._within
                    break
                if wait > LONGEST_WAIT:
                    which = f"{self._flow['destination']}, {self._flow['operation']}"
                    said = f"{which}: the provider's limit is used up for {wait:.0f} s"
                    raise UnavailableError(said, wait)
                time.sleep(wait)
            self._left -= 1

    def _take(self, connection: psycopg.Connection) -> float:
        """Give back what is left of the last block, and take another; seconds to wait, if there is none."""
        connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%(destination)s || '/' || %(operation)s, 1))",
            self._flow,
        )
        rows = connection.execute(
            "SELECT seconds, slots, extract(epoch FROM clock_timestamp())::float8"
            " FROM (SELECT 1) AS one LEFT JOIN activation.calls"
            " ON destination = %(destination)s AND operation = %(operation)s",
            self._flow,
        ).fetchall()
        kept, now = {seconds: slots for seconds, slots, _ in rows if seconds is not None}, rows[0][2]
        taken = [Taken.read(window, kept.get(window.seconds, {})) for window in self._windows]
        for each, slot in zip(taken, self._slots, strict=True):
            each.give_back(slot, self._left)
        self._left = 0
        wait = max(each.wait(now) for each in taken)
        if wait == 0:
            calls = min(self._block, *(each.room(now) for each in taken))
            self._slots = [each.take(now, calls, self._within) for each in taken]
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO activation.calls VALUES (%(destination)s, %(operation)s, %(seconds)s, %(slots)s)"
                " ON CONFLICT (destination, operation, seconds) DO UPDATE SET slots = excluded.slots",
                [
                    {**self._flow, "seconds": each.window.seconds, "slots": json.dumps(each.slots)}
                    for each in taken
                ],
            )
        if wait == 0:
            self._left = calls
        return wait
