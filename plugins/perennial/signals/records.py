"""Good rows of a record dataset in, the newest row of each key in the table out."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import polars as pl

from perennial.lake import files
from perennial.lake.tables import CommitTransaction, ConcurrentCommit, Table
from perennial.signals.batch_files import GUARD
from perennial.signals.dataset import Dataset
from perennial.signals.erased import without_erased
from perennial.signals.events import ATTEMPTS, TooBusyError

HELD_AT = "held_at"
"""The column that says as of when a record held: of two rows of a key, the later one is what is known."""


@dataclass
class RecordLanding:
    """The records of one batch on their way into the table."""

    dataset: Dataset
    batch: str
    table: Table
    held_at: datetime
    """Of rows that do not say it themselves."""
    people_erased: pl.DataFrame = field(default_factory=pl.DataFrame)
    """Whose records from before their erasure are not kept; as `without_erased` takes it."""
    erased: int = 0
    """Rows that were left out for that reason."""
    _good: list[pl.DataFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._version = self.table.version()

    def take(self, good: pl.DataFrame) -> None:
        """Take rows with the dataset's columns, and `held_at` where each has its own."""
        if HELD_AT not in good.columns:
            good = good.with_columns(pl.lit(self.held_at).cast(pl.Datetime("us", "UTC")).alias(HELD_AT))
        good, gone = without_erased(good, self.dataset, self.people_erased)
        self.erased += gone.height
        self._good.append(good.with_columns(batch=pl.lit(self.batch)))
        self._look_again()

    @property
    def accepted(self) -> int:
        """Rows that say something new."""
        return self._fresh.height if self._good else 0

    @property
    def duplicate(self) -> int:
        """Rows that are known already, or were when something newer became known."""
        return sum(part.height for part in self._good) - self.accepted

    def fresh(self) -> pl.LazyFrame:
        """The rows that say something new, not visible to anybody yet."""
        return self._fresh.lazy() if self._good else pl.LazyFrame()

    def promote(self, transactions: tuple[CommitTransaction, ...] = ()) -> None:
        """Put the rows in place of those with their keys, in one commit, unless they stand there already."""
        for _ in range(ATTEMPTS):
            try:
                self._upsert(transactions)
            except ConcurrentCommit:
                self._version = self.table.version()
                self._look_again()
                continue
            return
        raise TooBusyError(f"{self.batch}: {ATTEMPTS} times another batch was faster; try again")

    def discard(self) -> None:
        """Give up; nothing was written."""

    def _look_again(self) -> None:
        self.__dict__.pop("_fresh", None)

    @cached_property
    def _fresh(self) -> pl.DataFrame:
        """Rows that say something new, and not something older than what is known from other batches."""
        rows = pl.concat(self._good).sort(HELD_AT, maintain_order=True)
        fresh = rows.unique(self.dataset.key, keep="last", maintain_order=True)
        if self._version >= 0:
            others = self.table.scan(self._version).filter(pl.col("batch") != self.batch).collect()
            same = [*self.dataset.columns]
            fresh = fresh.join(others, on=same, how="anti", nulls_equal=True, maintain_order="left")
            newer = fresh.join(others.select(*self.dataset.key, known=HELD_AT), on=self.dataset.key)
            newer = newer.filter(pl.col("known") > pl.col(HELD_AT))
            fresh = fresh.join(newer, on=self.dataset.key, how="anti", maintain_order="left")
        return fresh

    def _upsert(self, transactions: tuple[CommitTransaction, ...]) -> None:
        if not self._good:
            return
        version = files.create(self.table, self._fresh.schema)
        if self._version < 0 and version == 0:
            self._version = 0
        before = self.table.scan(self._version).collect()
        rest = before.join(self._fresh, on=self.dataset.key, how="anti", maintain_order="left")
        after = pl.concat([rest, self._fresh], how="diagonal_relaxed").sort(self.dataset.key)
        guarded = [(GUARD, self._version + 1), *transactions]
        if self._same(before, after):
            if transactions:
                files.commit(self.table, [], self._version, guarded)
            return
        written = files.write(self.table, after)
        try:
            files.commit(self.table, written, self._version, guarded, files.paths(self.table, self._version))
        except BaseException:
            files.discard(self.table, written)
            raise

    def _same(self, before: pl.DataFrame, after: pl.DataFrame) -> bool:
        if set(before.columns) != set(after.columns):
            return False
        return before.select(after.columns).sort(self.dataset.key).equals(after)
