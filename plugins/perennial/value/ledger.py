"""Events in; partial sums by customer and day out, kept in the lake and mended where events arrive late.

The ledger lies by month and customer bucket: a run reads one bucket after the other, and a late event
costs the months that it touches. Its commits carry the snapshots of what it was made from.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from itertools import groupby

import narwhals as nw
import polars as pl
import polars_hash as plh

from perennial.lake import files
from perennial.lake.changes import between, removed, touched
from perennial.lake.files import DataFile
from perennial.lake.history import SnapshotExpired, SnapshotUnknown
from perennial.lake.reading import read
from perennial.lake.tables import Table
from perennial.value.definition import ValueDefinition
from perennial.value.entries import DAY, PERSON, ROWS, entries, partials_of
from perennial.value.partials import Partial
from perennial.value.windows import FIRST

MADE = "definition"
"""The transaction that says which definition a ledger was made for."""
Events = Callable[[Sequence[date] | None], pl.LazyFrame]
"""Gives the events of some days (UTC, by `event_date`), or all of them."""
Moves = Mapping[str, tuple[Table, Callable[[int], Sequence[date]]]]
"""By a name of ours, a table that says whose events are, or whose count, and which days have events of others
than at a snapshot."""
NOTHING: Moves = {}
Lookups = Mapping[str, tuple[Table, Callable[[], pl.LazyFrame]]]
"""The records that dimensions look up: their table, and what reads it."""


@dataclass(frozen=True)
class Ledger:
    """One definition's ledger. `perennial.value.days` reads it bucket by bucket."""

    table: Table
    definition: ValueDefinition
    rules: str = ""
    """What else decides what events say: where it changes, the ledger is made anew."""

    @property
    def buckets(self) -> int:
        """Into how many parts customers are divided."""
        return self.definition.customer_buckets

    def scan(self, bucket: int, first: date, end: date) -> pl.LazyFrame:
        """The entries of a bucket's customers, of the days from `first` to `end`, which is exclusive."""
        version = self.table.version()
        schema = self.table.scan(version).collect_schema()
        wanted = []
        for path, part in files.parts(self.table, version).items():
            month, _, number = part.rpartition(".")
            if int(number) == bucket and month_of(first) <= month <= month_of(end - timedelta(days=1)):
                wanted.append(path)
        inside = [name for name in schema.names() if name != "part"]
        if not wanted:
            return pl.LazyFrame(schema={name: schema[name] for name in inside})
        rows = read(self.table, schema, None, wanted).select(inside)
        return rows.filter(pl.col(DAY).is_between(first, end, closed="left"))

    def refresh(
        self,
        source: Table,
        events: Events,
        lookups: Lookups,
        late: Table,
        also: Callable[[list[date], int], list[date]],
        moves: Moves = NOTHING,
    ) -> list[date] | None:
        """Take in what came, went or changed; returns the days whose entries are others, None for all.

        `also` names further days whose events count otherwise when those of some days changed since a
        snapshot; `moves` those whose events became somebody else's. Days are written to `late` first. Raises
        `ConcurrentCommit` if others wrote to the ledger meanwhile.
        """
        snapshots = {f"source/{self.definition.dataset}": source.version()}
        snapshots |= {f"lookup/{name}": table.version() for name, (table, _) in lookups.items()}
        snapshots |= {name: table.version() for name, (table, _) in moves.items()}
        before = {name: self.table.transaction(name) for name in snapshots}
        # Read after their snapshots are known: what is newer than these is only looked at once more.
        known = {name: nw.from_native(rows()) for name, (_, rows) in lookups.items()}
        marks = [*snapshots.items(), (MADE, self._mark)]
        if self.is_made():
            if before == snapshots:
                return []
            since = self.table.version()
            try:
                days = self._touched(source, events, lookups, before, also, moves)
            except (SnapshotExpired, SnapshotUnknown):
                # Nobody can tell any more what changed: all days are looked at.
                days = self._all(events)
            return self._mend(events, known, days, since, marks, late)
        self._make(events, known, marks, late)
        return None

    def is_made(self) -> bool:
        """Whether there is a ledger, and one of this definition."""
        return self.table.transaction(MADE) == self._mark

    @property
    def _mark(self) -> int:
        fingerprint = f"{self.definition.ledger_fingerprint} {self.rules}".encode()
        return int(sha256(fingerprint).hexdigest()[:15], 16)

    def found(self, events: pl.LazyFrame) -> list[Partial]:
        """The partial columns of the definition's metrics over these events."""
        return partials_of(nw.from_native(events), self.definition)

    def _touched(
        self,
        source: Table,
        events: Events,
        lookups: Lookups,
        before: Mapping[str, int],
        also: Callable[[list[date], int], list[date]],
        moves: Moves,
    ) -> list[date]:
        start = before[f"source/{self.definition.dataset}"]
        dated = source.partition is not None
        keys = touched(source, start) if source.version() != start else []
        days = {date.fromisoformat(key) for key in keys} if dated else ({FIRST} if keys else set())
        if days and dated:
            days |= set(also(sorted(days), start))
        for dimension in self.definition.dimensions.values():
            if dimension.lookup is not None and dimension.by is not None:
                table, _ = lookups[dimension.lookup]
                columns = [dimension.by, dimension.column]
                renamed = _changed(table, before[f"lookup/{dimension.lookup}"], columns)
                if renamed.height:
                    hit = events(None).join(renamed.lazy(), on=dimension.by, how="semi")
                    of = pl.col("event_date") if dated else pl.lit(FIRST)
                    days |= set(hit.select(of.alias(DAY)).unique().collect()[DAY])
        for name, (table, moved) in moves.items():
            if table.version() != before[name]:
                others = set(moved(before[name]))
                days |= others | set(also(sorted(others), start) if others and dated else [])
        if self.definition.time_zone != "UTC" and dated:
            days = {day + timedelta(days=n) for day in days for n in (-1, 0, 1)}
        return sorted(days)

    def _all(self, events: Events) -> list[date]:
        """All days that have events, or had some."""
        days, rows = set[date]().union(*_months(events(None))), self.table.scan()
        if DAY in rows.collect_schema():
            days |= set(rows.select(DAY).unique().collect()[DAY])
        return sorted(days)

    def _note(self, late: Table, days: list[date], since: int) -> None:
        """Before the ledger changes: who is killed in between leaves a note too many, never one too few."""
        notes = {"definition": self.definition.name, "ledger": since + 1, "day": days}
        late.append(pl.DataFrame(notes, schema=late.schema))

    def _make(
        self, events: Events, known: Mapping[str, nw.LazyFrame], marks: list[tuple[str, int]], late: Table
    ) -> None:
        """All of it anew, month by month."""
        months = _months(events(None))
        if self.table.exists():
            self._note(late, self._all(events), self.table.version())
        since = files.recreate(self.table, self._rows(events, known, []).collect_schema(), [(MADE, 0)])
        written: list[DataFile] = []
        for days in months:
            written += self._write(self._rows(events, known, days))
        files.commit(self.table, written, since, marks, retries=0)

    def _mend(
        self,
        events: Events,
        known: Mapping[str, nw.LazyFrame],
        days: list[date],
        since: int,
        marks: list[tuple[str, int]],
        late: Table,
    ) -> list[date]:
        """Put entries of some days in place of those there are; returns the days on which they differ."""
        schema, paths = self.table.scan(since).collect_schema(), files.parts(self.table, since)
        renewed: list[tuple[list[date], pl.DataFrame, list[str]]] = []
        for month, group in groupby(days, month_of):
            touched_days = list(group)
            old = [path for path, part in paths.items() if part.rpartition(".")[0] == month]
            rows = self._rows(events, known, touched_days).select(schema.names()).cast(schema)
            fresh = rows.collect(engine="streaming")
            differing = _differing(fresh, self._kept(schema, old).filter(pl.col(DAY).is_in(touched_days)))
            if differing:
                renewed.append((differing, fresh.filter(pl.col(DAY).is_in(differing)), old))
        changed = [day for differing, _, _ in renewed for day in differing]
        if changed:
            self._note(late, changed, since)
        written: list[DataFile] = []
        for differing, fresh, old in renewed:
            kept = self._kept(schema, old).filter(~pl.col(DAY).is_in(differing))
            written += self._write(pl.concat([kept, fresh.lazy()]))
        replaced = [path for _, _, old in renewed for path in old]
        # The note names the snapshot that comes next: nobody else may take it.
        files.commit(self.table, written, since, marks, replaced, retries=0)
        return changed

    def _kept(self, schema: pl.Schema, paths: list[str]) -> pl.LazyFrame:
        """The entries in some files, with the part that each belongs to."""
        if not paths:
            return pl.LazyFrame(schema=schema)
        rows = read(self.table, schema, None, paths).with_columns(_part(self.buckets))
        return rows.select(schema.names())

    def _rows(self, events: Events, known: Mapping[str, nw.LazyFrame], days: list[date]) -> pl.LazyFrame:
        """The entries of some days, put together by customer, dimensions and day."""
        margin = [0] if self.definition.time_zone == "UTC" else [-1, 0, 1]
        frame = events(
            sorted({day + timedelta(days=n) for day in days for n in margin if day != FIRST or not n})
        )
        found = self.found(frame)
        single: pl.LazyFrame = nw.to_native(entries(nw.from_native(frame), self.definition, known))
        grouped = single.filter(pl.col(DAY).is_in(days)).group_by(PERSON, DAY, *self.definition.dimensions)
        put_together = grouped.agg(pl.col(ROWS).sum(), *(_combined(each) for each in found))
        return put_together.with_columns(_part(self.buckets))

    def _write(self, rows: pl.LazyFrame) -> list[DataFile]:
        frame = rows.collect(engine="streaming").sort("part", PERSON, *self.definition.dimensions, DAY)
        return files.write(self.table, frame)


def month_of(day: date) -> str:
    """The month of a day, as parts of the ledger are named by it."""
    return day.isoformat()[:7]


def bucket_of(person: pl.Expr, buckets: int) -> pl.Expr:
    """The part that a customer belongs to: a stable hash of their id."""
    if buckets == 1:
        return pl.lit(0)
    name = person.meta.output_name()
    hashed: pl.Expr = plh.col(name).cast(pl.String).nchash.xxh3_64(seed=0)  # type: ignore[attr-defined]
    return hashed % buckets


def _part(buckets: int) -> pl.Expr:
    number = bucket_of(pl.col(PERSON), buckets).cast(pl.String).str.zfill(3)
    return pl.concat_str(pl.col(DAY).dt.to_string("%Y-%m"), pl.lit("."), number).alias("part")


def _combined(partial: Partial) -> pl.Expr:
    column = pl.col(partial.name)
    match partial.combine:
        case "sum":
            return column.sum()
        case "min":
            return column.min()
        case "max":
            return column.max()
        case "last":
            at = pl.col(f"{partial.name}__at")
            return column.filter(at == at.max()).max()
        case "distinct":
            return column.drop_nulls().unique().sort()


def _differing(fresh: pl.DataFrame, old: pl.LazyFrame) -> list[date]:
    """The days on which two sets of entries are not the same."""
    before = old.collect(engine="streaming")
    days = sorted({*fresh[DAY], *before[DAY]})
    by_day = [frame.partition_by(DAY, as_dict=True) for frame in (fresh, before)]
    keys = [name for name in fresh.columns if fresh.schema[name] in (pl.String, pl.Date, pl.Int64)]
    return [
        day
        for day in days
        if (day,) not in by_day[0]
        or (day,) not in by_day[1]
        or not by_day[0][day,].sort(keys).equals(by_day[1][day,].sort(keys))
    ]


def _changed(table: Table, start: int, columns: list[str]) -> pl.DataFrame:
    """The keys of records that look up something else than they did at a snapshot."""
    if table.version() == start:
        return pl.DataFrame(schema={columns[0]: pl.String})
    came = between(table, start).select(columns).collect()
    went = removed(table, start).select(columns).collect()
    fresh = came.join(went, on=columns, how="anti", nulls_equal=True)
    gone = went.join(came, on=columns, how="anti", nulls_equal=True)
    return pl.concat([fresh, gone]).select(columns[0]).unique()


def _months(events: pl.LazyFrame) -> list[list[date]]:
    """All days that have events, and their neighbours, month by month."""
    if "event_date" not in events.collect_schema():
        return [[FIRST]]
    days = events.select(pl.col("event_date").unique()).collect()["event_date"].drop_nulls()
    around = sorted({day + timedelta(days=n) for day in days for n in (-1, 0, 1)})
    return [list(group) for _, group in groupby(around, month_of)]
