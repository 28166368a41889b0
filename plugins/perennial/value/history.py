"""What changed from day to day in; the values of any computed day out.

Days lie in chunks: the first day of a chunk is whole, each later one holds only the rows that changed. Who
reads a day takes the newest row of each key up to it. A chunk is never rewritten: a day that is computed
again gets a chunk of its own, and the table of days says which one counts.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import chain

import polars as pl

from perennial.errors import TerminalError
from perennial.lake import files
from perennial.lake.files import DataFile
from perennial.lake.tables import Table
from perennial.lake.value import VALUE_DAYS
from perennial.threads import ahead
from perennial.value.deciles import KEYS
from perennial.value.definition import ValueDefinition
from perennial.value.windows import touched

LONGEST = 31
"""Days of a chunk, at the most."""
ADDED = "value/added"
"""The name of commits that add a day to a chunk."""
HEAVIEST = 2
"""Changed rows of a chunk for each row of its first day: a day costs at most three whole ones to read."""


class ValueMissing(TerminalError):
    """Values of a day are asked for that were not computed, or not as the document now says."""


@dataclass(frozen=True)
class Snapshots:
    """Of the table of days, and of that of values; -1 if it is not there."""

    days: int
    values: int


@dataclass(frozen=True)
class History:
    """The values of one definition, over the days."""

    table: Table
    days: Table
    late: Table
    definition: ValueDefinition

    def read(self, as_of: date) -> pl.LazyFrame:
        """The rows of a day, with a column `as_of`. Raises `ValueMissing`."""
        chunk = self._chunk(as_of)
        if chunk is None:
            known = self.computed()["as_of"].to_list()
            raise ValueMissing(
                f"value {self.definition.name} was not computed as of {as_of}; it was for {len(known)} days"
                + (f", {known[0]} to {known[-1]}" if known else "")
                + ": run the Dag recompute_days for it"
            )
        rows = self.table.scan().filter(pl.col("chunk") == chunk, pl.col("as_of") <= as_of)
        newest = rows.sort("as_of").unique(KEYS, keep="last")
        return (
            newest.filter(pl.any_horizontal(pl.exclude(*KEYS, "chunk", "as_of").is_not_null()))
            .with_columns(as_of=pl.lit(as_of))
            .drop("chunk")
        )

    def computed(self) -> pl.DataFrame:
        """The days that can be read, each with what it was computed from, in order."""
        mine = self.days.scan().filter(definition=self.definition.name)
        return mine.sort("step").unique("as_of", keep="last").sort("as_of").collect()

    def stale(self, days: pl.DataFrame | None = None) -> list[date]:
        """The computed days that would be others now: late events, or another document."""
        known = self.computed() if days is None else days
        late = self.late.scan().filter(definition=self.definition.name).collect()
        found = []
        for row in known.iter_rows(named=True):
            newer = late.filter(pl.col("ledger") > row["ledger"])["day"].unique()
            other = row["fingerprint"] != self.definition.fingerprint
            if other or (len(newer) and touched(self.definition, newer, row["as_of"])):
                found.append(row["as_of"])
        return found

    def is_current(self, as_of: date) -> bool:
        """Whether a day was computed, and would give the same again."""
        known = self.computed().filter(as_of=as_of)
        return bool(known.height) and not self.stale(known)

    def prepare(self, schema: pl.Schema) -> None:
        """Make the table, or give it columns that it does not have yet."""
        files.create(self.table, schema)
        have = self.table.scan().collect_schema()
        for name, dtype in schema.items():
            if have[name] != dtype:
                raise TerminalError(
                    f"value {self.definition.name}: {name} was {have[name]} and would be {dtype}: the table "
                    f"{self.table.name} keeps its types. Give the metric another name"
                )

    def begin(self) -> Snapshots:
        """Take away chunks that no day needs; returns what there is before days are computed."""
        self._forget()
        return Snapshots(self.days.version(), self.table.version())

    def write(self, frames: Iterable[pl.DataFrame]) -> list[DataFile]:
        """Write rows, with `chunk` and `as_of`, that nobody sees yet; more are made meanwhile."""

        def prepared() -> Iterator[pl.DataFrame]:
            known = None
            for frame in frames:
                if frame.schema != known:
                    self.prepare(frame.schema)
                    known = frame.schema
                yield frame

        written = ahead(prepared(), partial(files.write, self.table), 1)
        return list(chain.from_iterable(written))

    def commit(
        self, written: Sequence[DataFile], days: pl.DataFrame, since: Snapshots, *, added: bool = False
    ) -> None:
        """Make rows visible, and say which days they are: (as_of, chunk, whole, rows, ledger).

        `added`: to a chunk that was there. Raises `ConcurrentCommit` if another run has computed days of this
        definition, or added to a chunk, since then.
        """
        step = since.days + 1
        if written:
            version = since.values if added else self.table.version()
            files.commit(self.table, written, version, [(ADDED, step)] if added else [])
        named = days.with_columns(
            definition=pl.lit(self.definition.name),
            fingerprint=pl.lit(self.definition.fingerprint),
            step=pl.lit(step, pl.Int64),
        )
        guard = (f"value/{self.definition.name}", step)
        self.days.append(named.select(*VALUE_DAYS), transactions=[guard], since=since.days)

    def continues(self, as_of: date) -> str | None:
        """The chunk to which a day may be added, as what changed since the day before; None for a new one."""
        every = self.days.scan().filter(definition=self.definition.name).collect()
        before = self.computed().filter(as_of=as_of - timedelta(days=1))
        if before.is_empty() or self.stale(before):
            return None
        chunk = every.filter(chunk=before["chunk"][0])
        whole = chunk.filter("whole")["rows"].sum()
        light = chunk.filter(~pl.col("whole"))["rows"].sum() <= HEAVIEST * whole
        # Nothing of the chunk may reach beyond the day before: its later days would see these rows. They may
        # be of a run that was killed before it could say which day they are.
        rows = self.table.scan().filter(pl.col("chunk") == before["chunk"][0], pl.col("as_of") >= as_of)
        last = chunk["as_of"].max() == as_of - timedelta(days=1) and rows.head(1).collect().is_empty()
        return before["chunk"][0] if last and light and chunk.height < LONGEST else None

    def _chunk(self, as_of: date) -> str | None:
        known = self.computed().filter(as_of=as_of)
        return known["chunk"][0] if known.height else None

    def _forget(self) -> None:
        """Take away chunks that no day refers to any more; what others are writing was never referred to."""
        if not self.table.exists():
            return
        every = self.days.scan().filter(definition=self.definition.name).collect()
        unneeded = set(every["chunk"]) - set(self.computed()["chunk"])
        version = self.table.version()
        unused = [path for path, part in files.parts(self.table, version).items() if part in unneeded]
        if unused:
            files.commit(self.table, [], version, [], unused)
