"""A process and the table that it follows in; what came since it last succeeded out, each time it runs.

How far each process has come stands in the lake's table `lake/checkpoints`, to which rows are only ever
added. A run that fails, or is killed, adds none: the next one reads the same rows again, and some more.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from perennial.errors import TerminalError
from perennial.lake import changes
from perennial.lake.changes import HEAD
from perennial.lake.tables import Table

CHECKPOINTS = pl.Schema(
    {
        "process_name": pl.String(),
        "process_status": pl.String(),
        "last_snapshot_id": pl.String(),
        "process_timestamp": pl.Datetime("us", "UTC"),
    }
)
"""How far each process had come at the start of each of its successful runs; a null snapshot is `HEAD`."""
SUCCESSFUL = "SUCCESSFUL"
TICK = timedelta(microseconds=1)


def checkpoint_log(root: str) -> Table:
    """The log of all processes that follow tables of the lake at `root`."""
    return Table(root, "lake/checkpoints", schema=CHECKPOINTS)


@dataclass(frozen=True)
class Delta:
    """What a run is to take in: everything in (start, end]."""

    table: Table
    start: int
    """The snapshot up to which the process has come; `HEAD` in its first run."""
    end: int
    fallback: bool = False

    def rows(self) -> pl.LazyFrame:
        """The rows that came, in the shape of the table. Raises `SnapshotExpired` unless `fallback`."""
        return changes.between(self.table, self.start, self.end, fallback=self.fallback)

    def removed(self) -> pl.LazyFrame:
        """The rows that are no longer there."""
        return changes.removed(self.table, self.start, self.end)

    def touched(self) -> list[str]:
        """The partitions whose rows differ, those of late rows among them."""
        return changes.touched(self.table, self.start, self.end, fallback=self.fallback)


@dataclass(frozen=True)
class IncrementalReader:
    """Reads a table in the steps of one process: first all of it, then what has come since."""

    process: str
    table: Table

    def position(self) -> int:
        """The snapshot up to which the process has come; `HEAD` before its first success."""
        return self._last(self._log.version())[0]

    @contextmanager
    def delta(self, now: datetime, *, fallback: bool = False) -> Iterator[Delta]:
        """What came since the last success. Leave the block without an error, and it is the new checkpoint.

        `now` is when the run began. Where the rows are written to a table, insert them by key (`missing_in`):
        a run that was killed after it wrote and before its checkpoint is repeated. Raises `SnapshotExpired`
        if the process was away for longer than snapshots are kept; with `fallback`, it begins anew with all
        that the earliest one holds. Raises `ConcurrentCommit` if another run of this process was faster.
        """
        version = self._log.version()
        start, last_at = self._last(version)
        delta = Delta(self.table, start, self.table.version(), fallback)
        # Nobody is to compute half of a run before it turns out that its start has expired.
        delta.touched()
        yield delta
        at = now if last_at is None else max(now, last_at + TICK)
        row = {
            "process_name": self.process,
            "process_status": SUCCESSFUL,
            "last_snapshot_id": None if delta.end == HEAD else str(delta.end),
            "process_timestamp": at,
        }
        guard = f"checkpoint/{self.process}"
        self._log.append(
            pl.DataFrame([row], schema=CHECKPOINTS), transactions=[(guard, version + 1)], since=version
        )

    @property
    def _log(self) -> Table:
        return checkpoint_log(self.table.root)

    def _last(self, version: int) -> tuple[int, datetime | None]:
        if version < 0:
            return HEAD, None
        mine = self._log.scan(version).filter(process_name=self.process, process_status=SUCCESSFUL)
        rows = mine.sort("process_timestamp").tail(1).collect()
        if rows.is_empty():
            return HEAD, None
        row: dict[str, Any] = rows.row(0, named=True)
        snapshot = row["last_snapshot_id"]
        if snapshot is not None and not snapshot.isdigit():
            raise TerminalError(
                f"{self._log.name}: the last checkpoint of {self.process} is {snapshot!r}; expected a number"
            )
        return HEAD if snapshot is None else int(snapshot), row["process_timestamp"]


def missing_in(rows: pl.LazyFrame, target: Table, key: list[str]) -> pl.LazyFrame:
    """Those of the rows whose key the target does not hold yet, one for each key."""
    unique = rows.unique(key, keep="first", maintain_order=True)
    if not target.exists():
        return unique
    return unique.join(target.scan().select(key), on=key, how="anti", nulls_equal=True)
