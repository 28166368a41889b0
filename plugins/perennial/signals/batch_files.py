"""The rows of one batch in, piece by piece; all of them visible at once, in place of those it brought before.

A batch that comes again with the same rows changes nothing. Until `promote`, nobody sees anything.
"""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from perennial.lake import files
from perennial.lake.files import DataFile
from perennial.lake.tables import CommitTransaction, ConcurrentCommit, Table

GUARD = "signals/batch"
"""The name that every commit to a table of signals carries, so that two at once are noticed."""

ROWS, BYTES = 1_000_000, 256 << 20
"""How much is kept in memory before it is written."""


@dataclass
class BatchFiles:
    """What a batch writes to a table whose rows name their batch in the column `batch`."""

    table: Table
    batch: str
    ignore: tuple[str, ...] = ()
    """Columns in which rows may differ and still be the same."""
    dry_run: bool = False
    """Whether to write nothing at all."""
    written: list[DataFile] = field(default_factory=list)
    _schema: pl.Schema | None = None
    _waiting: list[pl.DataFrame] = field(default_factory=list)
    _promoted: bool = False

    def write(self, rows: pl.DataFrame) -> None:
        """Add a piece; one without rows says which columns the table has."""
        self._schema = rows.schema
        if not self.dry_run:
            self._waiting.append(rows)
            if sum(part.height for part in self._waiting) >= ROWS or _size(self._waiting) >= BYTES:
                self.flush()

    @property
    def schema(self) -> pl.Schema:
        """The columns of what was written; none before the first piece."""
        return self._schema or pl.Schema()

    def flush(self) -> None:
        """Write what waits: few large files are better than many small ones."""
        if self._waiting:
            self.written += files.write(self.table, pl.concat(self._waiting, how="diagonal"))
            self._waiting = []

    def before(self, version: int) -> pl.LazyFrame | None:
        """The rows that the batch brought earlier, as of a snapshot; None if it brought none."""
        if not files.holding(self.table, version, "batch", self.batch):
            return None
        rows = self.table.scan(version).filter(batch=self.batch)
        return None if rows.head(1).collect().is_empty() else rows

    def promote(self, version: int, transactions: tuple[CommitTransaction, ...] = ()) -> int:
        """Commit on top of snapshot `version`; returns the snapshot that holds the batch.

        Raises `ConcurrentCommit` where another batch was promoted meanwhile: nothing has changed then, and
        `promote` can be called again on top of a newer snapshot.
        """
        self.flush()
        if self._schema is not None:
            version = self._made(version, self._schema)
        before = self.before(version)
        rest: list[DataFile] = []
        removed: list[str] = []
        if before is not None:
            if self._same(before):
                self.discard()
                if not transactions:
                    return version
            else:
                removed = files.holding(self.table, version, "batch", self.batch)
                rest = self._rest(removed)
        if not (self.written or removed or transactions):
            return version
        guarded = [(GUARD, version + 1), *transactions]
        try:
            promoted = files.commit(self.table, [*self.written, *rest], version, guarded, removed)
        except BaseException:
            files.discard(self.table, rest)
            raise
        self._promoted = True
        return promoted

    def rewrite(self, kept: pl.LazyFrame) -> None:
        """Put other rows in place of all that was written so far."""
        rows = kept.collect()
        self.discard()
        self.write(rows)
        self.flush()

    def rows(self) -> pl.LazyFrame:
        """What was written so far."""
        self.flush()
        return files.scan(self.table, self.written)

    def discard(self) -> None:
        """Give up what was written, unless it is promoted."""
        if not self._promoted:
            files.discard(self.table, self.written)
        self.written, self._waiting = [], []

    def _made(self, version: int, schema: pl.Schema) -> int:
        """The snapshot to commit on top of, once the table is there and has the columns."""
        newest = files.create(self.table, schema)
        if version < 0 < newest:
            raise ConcurrentCommit(f"{self.table.name}: another batch made the table and wrote to it")
        return max(version, 0)

    def _rest(self, paths: list[str]) -> list[DataFile]:
        """What else stands in files that hold rows of the batch, as files of its own."""
        touched = [DataFile(path, _partition(path), 0, "") for path in paths]
        others = files.scan(self.table, touched).filter(pl.col("batch") != self.batch).collect()
        return files.write(self.table, others)

    def _same(self, before: pl.LazyFrame) -> bool:
        after = self.rows() if self.written else before.clear()
        columns = sorted(set(before.collect_schema().names()) - set(self.ignore))
        if columns != sorted(set(after.collect_schema().names()) - set(self.ignore)):
            return False
        return _fingerprint(before.select(columns)) == _fingerprint(after.select(columns))


def _size(parts: list[pl.DataFrame]) -> int:
    return sum(int(part.estimated_size()) for part in parts)


def _fingerprint(rows: pl.LazyFrame) -> tuple[int, int]:
    """The same for the same rows in any order; compared within one process alone."""
    count, total = 0, 0
    for piece in rows.collect_batches(chunk_size=1_000_000, maintain_order=False):
        count += piece.height
        total += int(piece.hash_rows().to_numpy().sum(dtype=np.uint64))
    return count, total % 2**64


def _partition(path: str) -> str | None:
    folder, _, _ = path.rpartition("/")
    return folder.partition("=")[2] or None
