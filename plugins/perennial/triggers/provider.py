"""A provider's jobs, or a moment until which it is to be left alone, in; an event when there is work, out."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from perennial.errors import PerennialError


class ProviderTrigger(BaseTrigger):
    """Wait for a provider without holding a worker.

    :param kind: of the destination
    :param connection: the Airflow connection of the provider's account
    :param jobs: what the provider works on; one after the other is looked at until all have ended
    :param until: the moment before which nothing is asked, in seconds since 1970
    :param latest: when to give up waiting for jobs
    :param seconds: how often to look
    """

    def __init__(
        self,
        kind: str,
        connection: str,
        jobs: Sequence[str] = (),
        until: float = 0.0,
        latest: float = float("inf"),
        seconds: float = 15.0,
    ) -> None:
        super().__init__()
        self.kind, self.connection, self.jobs = kind, connection, list(jobs)
        self.until, self.latest, self.seconds = until, latest, seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        names = ("kind", "connection", "jobs", "until", "latest", "seconds")
        arguments = {name: getattr(self, name) for name in names}
        return ("perennial.triggers.provider.ProviderTrigger", arguments)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        await asyncio.sleep(max(0.0, self.until - time.time()))
        ended = 0
        for job in self.jobs:
            while not (is_over := await asyncio.to_thread(self._finished, job)):
                if time.time() + self.seconds > self.latest:
                    break
                await asyncio.sleep(self.seconds)
            ended += is_over
        yield TriggerEvent({"ended": ended})

    def _finished(self, job: str) -> bool:
        from perennial.hooks.destinations import destination
        from perennial.operators.stage import store_url

        try:
            return destination(self.kind, self.connection, store_url()).finished(job)
        except PerennialError:
            # Whatever it is, the task meets it too, and says so.
            return True
