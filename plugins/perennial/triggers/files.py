"""Paths and a deadline in, an event once all of them lead to files, or once it is too late."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent


class FilesTrigger(BaseTrigger):
    """Look for files again and again, without holding a worker.

    :param patterns: (path or glob or URI, Airflow connection of its object store or None)
    :param until: when to give up, in seconds since 1970
    :param seconds: how often to look
    """

    def __init__(self, patterns: Sequence[Sequence[str | None]], until: float, seconds: float = 30.0) -> None:
        super().__init__()
        # As lists, which is what comes back from where triggers are stored.
        self.patterns = [[pattern, connection] for pattern, connection in patterns]
        self.until, self.seconds = until, seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        arguments = {"patterns": self.patterns, "until": self.until, "seconds": self.seconds}
        return ("perennial.triggers.files.FilesTrigger", arguments)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        while missing := await asyncio.to_thread(missing_of, self.patterns):
            # What is there decides, not the clock: a late triggerer must not overlook files.
            if time.time() >= self.until:
                break
            await asyncio.sleep(self.seconds)
        yield TriggerEvent({"missing": missing})


def missing_of(patterns: Sequence[Sequence[str | None]]) -> list[str]:
    """Those patterns that lead to no file."""
    from perennial.operators.storage import storage_options
    from perennial.signals.reading import SourceMissing, find

    missing = []
    for pattern, connection in patterns:
        try:
            find(str(pattern), storage_options(connection))
        except SourceMissing:
            missing.append(str(pattern))
    return missing
