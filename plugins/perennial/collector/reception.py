"""What all requests of a collector share: limits, tokens, datasets, the logs that they end in."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from perennial.campaigns.log import TOPIC, tracking_log
from perennial.collector.bodies import Body
from perennial.collector.commit import GroupCommit
from perennial.collector.metrics import Metrics
from perennial.collector.pressure import Budget, Disk
from perennial.collector.refusals import Refused
from perennial.collector.settings import CollectorSettings
from perennial.collector.tokens import Token, Tokens
from perennial.documents import load_all
from perennial.responses.log import FOLDER, webhook_log
from perennial.signals.dataset import Dataset
from perennial.signals.log import FolderLog, open_log


class Reception:
    """One collector's."""

    def __init__(self, settings: CollectorSettings) -> None:
        """Read the documents and the tokens; `TerminalError` says which of them cannot be understood."""
        places, self.limits = settings.places, settings.limits
        self.settings = settings
        self.metrics = Metrics()
        self.budget = Budget(self.limits.waiting_bytes)
        self.tokens = Tokens(settings.tokens)
        self.datasets: dict[str, Dataset] = load_all(places.include / "datasets", Dataset)
        self.streams = {name for name, dataset in self.datasets.items() if dataset.source.stream}
        self._spool = Disk(places.spool, self.limits.free_bytes)
        self.staging = Disk(places.staging, self.limits.free_bytes)
        self._log = open_log(places.spool, places.stream_log)
        self._on_disk = places.stream_log is None
        self._commits: dict[str, GroupCommit] = {}

    def body(self, what: str, limit: int) -> Body:
        """A reader of bodies."""
        return Body(what, limit, self.budget, self.limits.body_seconds)

    def dataset(self, name: str, sender: Token, among: Sequence[str] | set[str]) -> Dataset:
        """The dataset that a request names; `Refused` with 404 if there is none, 403 if it is another's."""
        if name not in among:
            own = ", ".join(each for each in sorted(among) if sender.may_write(each)) or "none"
            raise Refused(
                404, "unknown_dataset", f"no such dataset takes this; those that this token may write: {own}"
            )
        if not sender.may_write(name):
            raise Refused(403, "forbidden", f"the token of {sender.name} may not write to dataset {name}")
        return self.datasets[name]

    def keep(self, topic: str, records: Sequence[bytes]) -> "asyncio.Future[None]":
        """A future that is done when the records are durable; `Refused` with 503 where they are not."""
        if self._on_disk:
            self._spool.check()
        commit = self._commits.get(topic)
        if commit is None:
            commit = self._commits[topic] = GroupCommit(lambda: self._log.writer(topic), self.metrics)
        return commit.append(records)

    def keep_webhook(self, provider: str, record: bytes) -> "asyncio.Future[None]":
        """The same for a post of a provider's webhook."""
        return self._keep_here(f"{FOLDER}/{provider}", webhook_log, provider, record)

    def keep_tracking(self, record: bytes) -> "asyncio.Future[None]":
        """The same for what comes back from campaigns."""
        return self._keep_here(TOPIC, tracking_log, TOPIC, record)

    def _keep_here(
        self, name: str, log: Callable[[Path], FolderLog], topic: str, record: bytes
    ) -> "asyncio.Future[None]":
        """On the disk, in a partition of this process' own; no dataset is called like `name`."""
        self._spool.check()
        commit = self._commits.get(name)
        if commit is None:
            folders = log(self.settings.places.spool)
            commit = self._commits[name] = GroupCommit(lambda: folders.writer(topic), self.metrics)
        return commit.append([record])

    def problems(self) -> list[str]:
        """Why messages would be refused, whoever sends them."""
        found = [self.tokens.problem] if self.tokens.problem else []
        for check in (self._spool.check, self.staging.check, lambda: self.budget.take(0)):
            try:
                check()
            except Refused as refused:
                found.append(refused.detail)
        return found

    async def close(self) -> None:
        """Write what waits, and let go of the logs."""
        for commit in self._commits.values():
            await commit.close()
