"""The life of batches: steps in, the state of each batch out; a step that makes no sense is refused.

Every step is a row that is added to the lake's table `signals/batches`, under optimistic concurrency: of two
writers that would move the same batch from the same state, one is refused and looks again.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

import polars as pl

from perennial.errors import TerminalError
from perennial.lake.signals import BATCHES
from perennial.lake.tables import ConcurrentCommit, Table


class Status(StrEnum):
    """The states that a batch can be in."""

    LOADING = "loading"
    """Created; its files are being uploaded."""
    LOADED = "loaded"
    """All its files are there."""
    STAGING = "staging"
    """Its rows are being checked."""
    STAGED = "staged"
    """All rows are checked and written, but nobody sees them yet."""
    RETRYING = "retrying"
    """An earlier attempt did not come to its end; another one begins."""
    STALLED = "stalled"
    """Nothing has happened to it for a long time: a person should look."""
    SUCCESS = "success"
    """Its good rows are in the lake, visible to all, since one moment."""
    FAILED = "failed"
    """Nothing of it was taken; its errors say why."""
    INACTIVE = "inactive"
    """Its rows were taken back."""
    ABANDONED = "abandoned"
    """Created, but not completed in time."""
    ABORTED = "aborted"
    """Its sender changed their mind before it was complete."""
    DELETED = "deleted"
    """Its files are gone."""


NEXT: dict[Status, set[Status]] = {
    Status.LOADING: {Status.LOADED, Status.ABORTED, Status.ABANDONED, Status.FAILED},
    Status.LOADED: {Status.STAGING, Status.FAILED},
    Status.STAGING: {Status.STAGED, Status.RETRYING, Status.STALLED, Status.FAILED, Status.SUCCESS},
    Status.STAGED: {Status.SUCCESS, Status.RETRYING, Status.STALLED, Status.FAILED},
    Status.RETRYING: {Status.STAGED, Status.RETRYING, Status.STALLED, Status.FAILED, Status.SUCCESS},
    # Who was only slow goes on.
    Status.STALLED: {Status.RETRYING, Status.STAGED, Status.SUCCESS, Status.FAILED},
    Status.SUCCESS: {Status.STAGING, Status.INACTIVE},
    Status.FAILED: {Status.STAGING, Status.DELETED},
    Status.INACTIVE: {Status.STAGING, Status.DELETED},
    Status.ABANDONED: {Status.DELETED},
    Status.ABORTED: {Status.DELETED},
    Status.DELETED: set(),
}
"""Where each state leads."""
UNDER_WAY = (Status.STAGING, Status.STAGED, Status.RETRYING)
"""Somebody is at work on them, or was."""
PATIENCE = timedelta(hours=6)
"""After which a batch under way is one that a person should look at."""
ATTEMPTS = 20
GUARD = "signals/batches"
"""The name under which every step is committed, so that two at once are noticed."""


class TransitionRefused(TerminalError):
    """A batch cannot go from the state that it is in to the one that was asked for."""


class BatchUnknown(TerminalError):
    """There is no batch of that name."""


@dataclass(frozen=True)
class BatchError:
    """A kind of fault in a batch, and how many rows have it (None where that is not known)."""

    code: str
    description: str
    rows: int | None = None


@dataclass(frozen=True)
class Batch:
    """What is known of a batch; read = accepted + duplicate + failed, unless it failed as a whole."""

    batch: str
    dataset: str
    source: str
    """`files` of the landing zone, `upload`, `stream` or `replay`."""
    day: date | None
    """Whose files it took; None for a history, an upload, a stream."""
    status: Status
    at: datetime
    """When it came into this state."""
    step: int = 0
    files: int = 0
    bytes: int = 0
    read: int = 0
    accepted: int = 0
    duplicate: int = 0
    failed: int = 0
    errors: tuple[BatchError, ...] = ()

    def row(self) -> dict[str, Any]:
        """As a row of the lake's table."""
        return asdict(self)


class Batches:
    """All batches of a lake."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find(self, batch: str) -> Batch | None:
        """A batch as it is now; None if there is none of that name."""
        return self._find(batch, self._table.version())

    def steps(self, batch: str) -> list[Batch]:
        """The batch at every step of its life, the oldest first."""
        rows = self._table.scan().filter(batch=batch).sort("step").collect()
        return [_batch(row) for row in rows.iter_rows(named=True)]

    def current(self) -> pl.LazyFrame:
        """All batches as they are now, in the shape of the lake's table."""
        return self._table.scan().filter(pl.col("step") == pl.col("step").max().over("batch"))

    def create(self, new: Batch) -> Batch:
        """Begin a batch's life; `TransitionRefused` if there is one of that name."""
        return self._step(new.batch, lambda now: self._fresh(now, new))

    def move(self, batch: str, to: Status, at: datetime, **facts: Any) -> Batch:
        """Bring a batch into another state, with what is known of it by then.

        Raises `BatchUnknown`, and `TransitionRefused` where its state does not lead there.
        """

        def moved(now: Batch | None) -> Batch:
            if now is None:
                raise BatchUnknown(f"there is no batch {batch}")
            if to not in NEXT[now.status]:
                allowed = ", ".join(sorted(NEXT[now.status])) or "nothing"
                raise TransitionRefused(
                    f"batch {batch} is {now.status} and cannot become {to}; what can follow: {allowed}"
                )
            return replace(now, status=to, at=at, step=now.step + 1, **facts)

        return self._step(batch, moved)

    def begin(self, new: Batch) -> Batch:
        """Start an attempt to take a batch, whatever became of earlier ones."""

        def begun(now: Batch | None) -> Batch:
            if now is None:
                return replace(new, status=Status.STAGING)
            to = Status.STAGING if Status.STAGING in NEXT[now.status] else Status.RETRYING
            if to not in NEXT[now.status]:
                raise TransitionRefused(f"batch {now.batch} is {now.status}: it cannot be taken")
            return replace(now, status=to, at=new.at, step=now.step + 1, errors=())

        return self._step(new.batch, begun)

    def record(self, done: Sequence[Batch]) -> None:
        """Log batches that begin and end in one step, such as those of a stream."""
        if done:
            self._append(done, self._table.version())

    def stall(self, now: datetime, after: timedelta = PATIENCE) -> list[str]:
        """Mark the batches under way to which nothing has happened for so long; returns their names."""
        waiting = self.current().filter(
            pl.col("status").is_in([str(each) for each in UNDER_WAY]), pl.col("at") <= now - after
        )
        names = waiting.select("batch").collect()["batch"].sort().to_list()
        for name in names:
            self.move(name, Status.STALLED, now)
        return names

    @staticmethod
    def _fresh(now: Batch | None, new: Batch) -> Batch:
        if now is not None:
            raise TransitionRefused(f"there is a batch {new.batch} already; it is {now.status}")
        return new

    def _step(self, batch: str, decide: Any) -> Batch:
        for attempt in range(ATTEMPTS):
            version = self._table.version()
            step: Batch = decide(self._find(batch, version))
            try:
                self._append([step], version)
            except ConcurrentCommit:
                if attempt == ATTEMPTS - 1:
                    raise
            else:
                return step
        raise AssertionError("unreachable")

    def _append(self, steps: Sequence[Batch], version: int) -> None:
        rows = pl.DataFrame([step.row() for step in steps], schema=BATCHES)
        self._table.append(rows, transactions=[(GUARD, version + 1)], since=version)

    def _find(self, batch: str, version: int) -> Batch | None:
        if version < 0:
            return None
        rows = self._table.scan(version).filter(batch=batch).sort("step").tail(1).collect()
        return None if rows.is_empty() else _batch(rows.row(0, named=True))


def _batch(row: dict[str, Any]) -> Batch:
    errors = tuple(BatchError(**error) for error in row.pop("errors") or ())
    return Batch(**{**row, "status": Status(row["status"])}, errors=errors)
