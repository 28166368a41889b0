"""The provider's limits, kept by all processes with one connection together, in the store.

Each takes a block of calls at a time, and gives back what it does not make within a moment: so looking at the
store is no bottleneck, and whoever dies takes no more with it than its block. It is the same with the places
of requests that are under way.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, LiteralString
from uuid import uuid4

import psycopg

from perennial.activation.destinations.base import Window
from perennial.activation.destinations.failures import UnavailableError
from perennial.activation.places import SLICE, Places
from perennial.activation.windows import Taken, block, hold

LONGEST_WAIT = 65.0
"""Seconds that a call waits by itself before it leaves the waiting to the caller: windows of a minute are
slept through, since whoever comes back works out anew what is to be sent."""
PAUSE = 0.1
"""Seconds between looks for a free place."""
UNDER_WAY = "under way"
"""Where the places are kept, beside the calls of operations."""
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
        self._room: SharedRoom | None = None

    def limiter(self, operation: str, windows: Sequence[Window]) -> "SharedLimiter":
        """The windows of one kind of call."""
        return SharedLimiter(self, operation, windows)

    def room(self, most: int) -> "SharedRoom":
        """The places of requests that are under way: one room for all clients of an account."""
        if self._room is None:
            self._room = SharedRoom(self, most)
        return self._room

    def change(self, operation: str, changed: Callable[[Mapping[str, Any], float], Any]) -> None:
        """Put something else in place of what is kept, by what it was and the store's time.

        Where another process was faster, it is all done again with what it left.
        """
        flow = {"destination": self.destination, "operation": operation}
        while True:
            row = self.execute(READ, flow).fetchone()
            if row is None:
                self.execute(BEGIN, flow)
                continue
            version, kept, now = row
            left = json.dumps(changed(kept, now))
            if self.execute(WRITE, {**flow, "version": version, "slots": left}).rowcount:
                return

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
        self._operation = operation
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
                    which = f"{self._allowances.destination}, {self._operation}"
                    said = f"{which}: the provider's limit is used up for {wait:.0f} s"
                    raise UnavailableError(said, wait)
                time.sleep(wait)
            self._left -= 1

    def _take(self) -> float:
        """Give back what is left of the last block, and take another; seconds to wait, if there is none."""
        found: tuple[float, int, list[int]] = (0.0, 0, self._slots)

        def taking(kept: Mapping[str, Any], now: float) -> dict[str, Any]:
            nonlocal found
            taken = [Taken.read(window, kept.get(f"{window.seconds:g}", {})) for window in self._windows]
            for each, slot in zip(taken, self._slots, strict=True):
                each.give_back(slot, self._left)
            calls, slots, wait = 0, self._slots, max(each.wait(now) for each in taken)
            if wait == 0:
                calls = min(self._block, *(each.room(now) for each in taken))
                slots = [each.take(now, calls, self._within) for each in taken]
            found = wait, calls, slots
            return {f"{each.window.seconds:g}": each.slots for each in taken}

        self._allowances.change(self._operation, taking)
        wait, self._left, self._slots = found
        return wait


class SharedRoom:
    """Entered for each request that is under way: no more of all processes are than the provider takes."""

    def __init__(self, allowances: Allowances, most: int) -> None:
        self._allowances, self._most, self._name = allowances, most, uuid4().hex
        self._changed = threading.Condition()
        self._lent, self._busy, self._waiting, self._most_wanted = 0, 0, 0, 0
        self._asked = float("-inf")

    def __enter__(self) -> None:
        """Return when there is a place. `UnavailableError` where that would be long."""
        until = time.monotonic() + LONGEST_WAIT
        with self._changed:
            self._waiting += 1
            try:
                while not self._has_place():
                    if time.monotonic() > until:
                        which = self._allowances.destination
                        said = f"{which}: others have as many requests under way as the provider takes"
                        raise UnavailableError(said, LONGEST_WAIT)
                    self._changed.wait(PAUSE)
            finally:
                self._waiting -= 1
            self._busy += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._busy -= 1
            if not self._busy and not self._waiting:
                self._asked, self._lent = float("-inf"), 0
                # The request is answered, whatever becomes of its place: that comes back by itself.
                with suppress(UnavailableError):
                    self._keep(lambda places, _: (places.leave(self._name), 0))
            self._changed.notify()

    def _has_place(self) -> bool:
        """Whether one is free, among those that are lent to us at this moment."""
        since = time.monotonic() - self._asked
        wanted = self._busy + self._waiting
        self._most_wanted = max(self._most_wanted, wanted)
        if since >= SLICE or (self._busy >= self._lent and since >= PAUSE):
            self._asked = time.monotonic()
            wants, self._most_wanted = min(self._most, self._most_wanted), wanted
            self._keep(lambda places, now: places.ask(self._name, self._busy, wants, now))
        return self._busy < self._lent

    def _keep(self, changed: Callable[[Places, float], tuple[Places, int]]) -> None:
        def keeping(kept: Mapping[str, Any], now: float) -> dict[str, Any]:
            places, self._lent = changed(Places.read(self._most, kept), now)
            return places.kept()

        self._allowances.change(UNDER_WAY, keeping)
