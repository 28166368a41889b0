"""Frames in, atomic commits to a Delta table out; snapshots of it back as LazyFrames.

A table is a folder (or an object-store prefix) under the lake's root, named `<area>/<name>`. Each write is
one commit: readers see all of it or nothing, and a process killed before the commit leaves only files that
no snapshot refers to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
from deltalake import (
    CommitProperties,
    DeltaTable,
    PostCommitHookProperties,
    Transaction,
    write_deltalake,
)
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from perennial.errors import TerminalError, TransientError
from perennial.lake import handles
from perennial.lake.listing import listed
from perennial.lake.versions import refuse_newer
from perennial.lake.written import note

CommitTransaction = tuple[str, int]
"""An application's name and a number that only grows: committed together with the data."""
CONFIGURATION = {
    "delta.checkpointInterval": "50",
    "delta.logRetentionDuration": "interval 8 days",
    "delta.deletedFileRetentionDuration": "interval 7 days",
}
"""Of every table: how long a snapshot can be read again at the least, and how often its log is summed up."""
HOOKS = PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)
"""After each commit. Old log entries are left to maintenance: to look for them lists the whole log."""
RETRIES = 15
"""Of a commit that meets another which does not concern it."""


class TableMissing(TerminalError):
    """A table is read before anything was written to it."""


class ConcurrentCommit(TransientError):
    """Another writer committed a conflicting change first; the same write may succeed now."""


@dataclass(frozen=True)
class Table:
    """One Delta table.

    `partition` names the column that lays out the folders: writes replace whole partitions, and incremental
    readers ask which of them changed.
    """

    root: str
    name: str
    partition: str | None = None
    schema: pl.Schema | None = None
    """Where it is declared, the table reads as empty before the first commit; of a table that evolves,
    columns that were declared after a snapshot are null in it."""
    evolves: bool = False
    """Whether rows may bring columns that the table does not have yet: what documents decide changes."""

    @property
    def uri(self) -> str:
        """Where the table lies."""
        return f"{self.root.rstrip('/')}/{self.name}"

    def exists(self) -> bool:
        """Whether anything was ever committed."""
        return bool(DeltaTable.is_deltatable(self.uri))

    def version(self) -> int:
        """The newest snapshot's id; -1 before the first commit."""
        version = handles.newest(self.uri)
        if version is None:
            try:
                version = int(self.open().version())
            except TableMissing:
                return -1
            handles.remember(self.uri, version)
        return version

    def scan(self, version: int | None = None) -> pl.LazyFrame:
        """A snapshot as a LazyFrame: the newest, or the one with that id."""
        if self.schema is not None and not self.exists():
            return pl.LazyFrame(schema=self.schema)
        rows = pl.scan_delta(self.open(version))
        if self.schema is None or not self.evolves:
            return rows
        later = self.schema.keys() - rows.collect_schema().keys()
        return rows.with_columns(pl.lit(None, self.schema[name]).alias(name) for name in later)

    def append(
        self, rows: pl.DataFrame, transactions: Sequence[CommitTransaction] = (), since: int | None = None
    ) -> int:
        """Add rows in one commit; returns the new snapshot's id.

        With `since`, a snapshot's id (-1: the table was not there), `ConcurrentCommit` is raised if a commit
        after that snapshot carries the name of one of these transactions.
        """
        for _ in range(0 if transactions or since is not None else RETRIES):
            try:
                return self._write(rows, mode="append")
            except ConcurrentCommit:
                # Rows that depend on nothing are as good on top of whatever the other one did.
                continue
        return self._write(rows, mode="append", transactions=transactions, since=since)

    def replace(self, rows: pl.DataFrame, key: date | str | None = None) -> int:
        """Put rows in place of one partition, or of the whole table, in one commit; returns the snapshot.

        No rows is a valid content: the partition is then empty.
        """
        if self.partition is None:
            return self._replace_all(rows)
        if key is None:
            raise TerminalError(f"{self.name}: say which {self.partition} to replace")
        return self.replace_where(rows, self.partition, key)

    def replace_where(
        self,
        rows: pl.DataFrame,
        column: str,
        value: date | str | int,
        transactions: Sequence[CommitTransaction] = (),
        since: int | None = None,
    ) -> int:
        """Put rows in place of those that hold `value` in `column`, in one commit; returns the snapshot."""
        if not self.exists():
            try:
                return self._write(rows, mode="error", transactions=transactions)
            except ConcurrentCommit:
                # Somebody else made the table meanwhile: what they put there stays.
                if since is not None:
                    raise
        literal = str(value).replace("'", "''")
        predicate = f"{column} = '{literal}'"
        return self._write(
            rows, mode="overwrite", predicate=predicate, transactions=transactions, since=since
        )

    def _replace_all(self, rows: pl.DataFrame) -> int:
        for _ in range(RETRIES):
            before = self.version()
            try:
                return self._write(rows, mode="overwrite", since=None if before < 0 else before, retries=0)
            except ConcurrentCommit:
                # The Delta library would leave compacted files where they are: they are not those it removes.
                if before < 0 or not self._only_stored_anew(before):
                    raise
        raise ConcurrentCommit(f"{self.name}: it was compacted {RETRIES} times meanwhile")

    def _only_stored_anew(self, before: int) -> bool:
        from perennial.lake.history import commits

        since = commits(self, before, self.version())
        return not any(file.is_change for each in since for file in (*each.added, *each.removed))

    def transaction(self, application: str) -> int:
        """The last number that this application committed; -1 if none."""
        if not self.exists():
            return -1
        number = self.look(self.version()).transaction_version(application)
        return -1 if number is None else number

    def partitions(self, version: int | None = None) -> list[str]:
        """The partitions that hold rows in the newest snapshot, or in that one, as text, sorted."""
        if not self.exists():
            return []
        found = listed(self.open(version), self.partition).filter(pl.col("rows") > 0)
        return found["key"].unique().sort().to_list()

    def counts(self) -> dict[str, int]:
        """How many rows each partition holds, by the log alone."""
        if not self.exists():
            return {}
        keys = listed(self.open(), self.partition).group_by("key")
        return dict(keys.agg(pl.col("rows").sum()).iter_rows())

    def open(self, version: int | None = None) -> DeltaTable:
        """The table as the Delta library sees it, at its newest snapshot or at the one with that id."""
        refuse_newer(self.root)
        try:
            return DeltaTable(self.uri, version=version)
        except TableNotFoundError as error:
            if self.exists():
                raise
            raise TableMissing(
                f"lake table {self.name} is empty: nothing was written to {self.uri} yet"
            ) from error

    def look(self, version: int) -> DeltaTable:
        """The table as of a snapshot, cheaper than `open` for who commits often: for a look, not to keep."""
        return handles.look(self.uri, version)

    def _write(
        self,
        rows: pl.DataFrame,
        *,
        transactions: Sequence[CommitTransaction] = (),
        since: int | None = None,
        retries: int = RETRIES,
        **how: Any,
    ) -> int:
        refuse_newer(self.root, writing=True)
        if since == -1:
            how["mode"] = "error" if how["mode"] == "append" else how["mode"]
        if self.evolves:
            how["schema_mode"] = "merge"
        target = self.uri if since is None or since < 0 else self.open(since)
        try:
            write_deltalake(
                target,
                rows,
                partition_by=self.partition,
                configuration=CONFIGURATION,
                commit_properties=properties(transactions, retries),
                post_commithook_properties=HOOKS,
                **how,
            )
        except (CommitFailedError, FileExistsError) as error:
            raise ConcurrentCommit(f"{self.name}: {error}") from error
        except DeltaError as error:
            if how["mode"] == "error" and self.exists():
                raise ConcurrentCommit(f"{self.name}: {error}") from error
            raise
        version = self.version()
        note(self.uri, version)
        return version


def properties(transactions: Sequence[CommitTransaction], retries: int = RETRIES) -> CommitProperties:
    """What goes with a commit: the applications' numbers, and how many others it may meet."""
    return CommitProperties(
        app_transactions=[Transaction(*each) for each in transactions] or None, max_commit_retries=retries
    )
