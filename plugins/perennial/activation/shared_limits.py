"""The provider's limits, kept by all processes with one connection together: calls are taken from the store.

Each takes a block of calls at a time, and gives back what it does not make within a moment: so looking at the
store is no bottleneck, and whoever dies takes no more with it than its block.
"""

import json
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

import psycopg

from perennial.activation.destinations.base import Window
from perennial.activation.destinations.failures import UnavailableError
from perennial.activation.windows import Taken, block, hold

LONGEST_WAIT = 65.0
"""Seconds that a call waits by itself before it leaves the waiting to the caller: windows of a minute are
slept through, since whoever comes back works out anew what is to be sent."""
BEGIN: LiteralString = (
    "INSERT INTO activation.calls (destination, operation) VALUES (%(destination)s, %(operation)s)"
    " ON CONFLICT DO NOTHING"
)
READ: LiteralString = (
    "SELECT version, slots, extract(epoch FROM clock_timestamp())::float8 FROM activation.calls"
    " WHERE destination = %(destination)s AND operation = %(operation)s"
)
WRITE: LiteralString = (
    "UPDATE activation.calls SET slots = %(slots)s, version = version + 1"
    " WHERE destination = %(destination)s AND operation = %(operation)s AND version = %(version)s"
)


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

    def execute(self, query: LiteralString, values: Mapping[str, Any]) -> psycopg.Cursor:
        """One statement, which is a transaction; one at a time."""
        with self._lock:
            try:
                if self._connection is None or self._connection.closed:
                    # What a crash of the server forgets is a moment's calls.
                    options = "-c synchronous_commit=off"
                    self._connection = psycopg.connect(self._url, autocommit=True, options=options)
                return self._connection.execute(query, values)
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
                wait = self._take()
                if wait == 0:
                    self._ends = begun + self._within
                    break
                if wait > LONGEST_WAIT:
                    which = f"{self._flow['destination']}, {self._flow['operation']}"
                    said = f"{which}: the provider's limit is used up for {wait:.0f} s"
                    raise UnavailableError(said, wait)
                time.sleep(wait)
            self._left -= 1

    def _take(self) -> float:
        """Give back what is left of the last block, and take another; seconds to wait, if there is none."""
        while True:
            row = self._allowances.execute(READ, self._flow).fetchone()
            if row is None:
                self._allowances.execute(BEGIN, self._flow)
                continue
            version, kept, now = row
            taken = [Taken.read(window, kept.get(f"{window.seconds:g}", {})) for window in self._windows]
            for each, slot in zip(taken, self._slots, strict=True):
                each.give_back(slot, self._left)
            calls, slots, wait = 0, self._slots, max(each.wait(now) for each in taken)
            if wait == 0:
                calls = min(self._block, *(each.room(now) for each in taken))
                slots = [each.take(now, calls, self._within) for each in taken]
            left = json.dumps({f"{each.window.seconds:g}": each.slots for each in taken})
            # Where another process was faster, it is all done again with what it left.
            if self._allowances.execute(WRITE, {**self._flow, "version": version, "slots": left}).rowcount:
                self._left, self._slots = calls, slots
                return wait
