"""Tasks that wait for what others send in; those that wait too long, called back from it, out.

One look a second at all of them costs far less than a timer for each.
"""

import asyncio
import time
from collections.abc import Awaitable
from typing import Any

LOOK = 1.0


class Deadlines:
    """Of waits that may take the same time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._waiting: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._looks = False

    async def wait(self, until: Awaitable[Any]) -> Any:
        """What it gives; `TimeoutError` if it takes longer than allowed, by up to a second more."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can wait")
        self._waiting[task] = time.monotonic()
        if not self._looks:
            self._looks = True
            asyncio.get_running_loop().call_later(min(LOOK, self.seconds), self._look)
        try:
            return await until
        except asyncio.CancelledError:
            if task not in self._late:
                raise
            task.uncancel()
            raise TimeoutError from None
        finally:
            del self._waiting[task]
            self._late.discard(task)

    def _look(self) -> None:
        latest = time.monotonic() - self.seconds
        for task, begun in self._waiting.items():
            if begun < latest and task not in self._late:
                self._late.add(task)
                task.cancel()
        self._looks = bool(self._waiting)
        if self._looks:
            asyncio.get_running_loop().call_later(min(LOOK, self.seconds), self._look)
