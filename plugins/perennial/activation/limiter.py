"""Windows of calls in; a wait before each call out, so that no window is ever exceeded by this process."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from perennial.activation.destinations.base import Window


class Waits(Protocol):
    """Something that a call waits for."""

    def acquire(self) -> None:
        """Return when one more call is allowed, and count it."""


class Shared(Protocol):
    """Limits that several processes keep together."""

    def limiter(self, operation: str, windows: Sequence[Window]) -> Waits:
        """What a kind of call waits for."""

    def room(self, most: int) -> AbstractContextManager[None]:
        """What is entered for each of so many requests that may be under way."""


class Limiter:
    """Sliding windows, exact: a call waits until each window has room for it."""

    def __init__(
        self,
        windows: Iterable[Window],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._windows = [(window, deque[float](maxlen=window.calls)) for window in windows]
        self._clock, self._sleep, self._lock = clock, sleep, threading.Lock()

    def acquire(self) -> None:
        """Return when one more call is allowed, and count it."""
        with self._lock:
            now = self._clock()
            waits = [
                calls[0] + window.seconds - now
                for window, calls in self._windows
                if len(calls) == window.calls
            ]
            if waits and max(waits) > 0:
                self._sleep(max(waits))
                now = self._clock()
            for _, calls in self._windows:
                calls.append(now)
