"""The stream's log in, an event whenever messages have come out: the stream's Dag runs when there is work."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from perennial.settings import Settings


class MessagesTrigger(BaseEventTrigger):
    """Look at the ends of the log's partitions, and fire when one has moved since the last event.

    Messages that come while nobody looks are noticed at the next look: the Dag takes all that is there.

    :param seconds: how often to look; many messages in between make one event
    """

    def __init__(self, seconds: float = 30.0) -> None:
        super().__init__()
        self.seconds = seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return ("perennial.triggers.messages.MessagesTrigger", {"seconds": self.seconds})

    async def run(self) -> AsyncIterator[TriggerEvent]:
        known: dict[str, int] = {}
        while True:
            ends = await asyncio.to_thread(_ends, Settings.from_env())
            moved = sorted(place for place, end in ends.items() if end > known.get(place, 0))
            known = ends
            if moved:
                yield TriggerEvent({"partitions": moved})
            await asyncio.sleep(self.seconds)


def _ends(settings: Settings) -> dict[str, int]:
    """Where the next record of each partition will stand, of every dataset that takes messages."""
    from perennial.documents import load_all
    from perennial.signals.dataset import Dataset
    from perennial.signals.log import open_log

    log = open_log(settings.spool, settings.stream_log)
    datasets = load_all(settings.include / "datasets", Dataset)
    streams = [name for name, document in datasets.items() if document.source.stream]
    return {f"{name}/{p}": log.end(name, p) for name in streams for p in log.partitions(name)}
