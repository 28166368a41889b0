"""Audiences as of a moment in; whom to look at again since the last time, and what is known of them, out.

Something is new of people: rows of theirs came or went, or a moment has passed a value that a rule compares
with it. It is better to look at too many than at too few.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256

import polars as pl

from perennial.audiences.crossings import Crossing, crossings
from perennial.audiences.definition import Audience
from perennial.audiences.evaluation import all_blocks
from perennial.audiences.happenings import Events, datasets_of, records_of
from perennial.audiences.rules import Rule
from perennial.identity.people import PERSON
from perennial.lake.changes import between, removed
from perennial.lake.history import SnapshotExpired, SnapshotUnknown
from perennial.lake.tables import CommitTransaction, Table
from perennial.stages.audiences import RESPONSES, events_of
from perennial.stages.lists import with_lists
from perennial.stages.live_profiles import live_profiles
from perennial.stages.profiles import Daily
from perennial.stages.referred import with_records
from perennial.stages.whose import people_of, rows_of
from perennial.stages.workspace import Workspace

NOW, DEFINITIONS = "now", "definitions"
"""Transactions of the table of live memberships: until when, and by which definitions they were found."""


@dataclass(frozen=True)
class Watch:
    """Audiences that are to be brought up to a moment."""

    workspace: Workspace
    audiences: Mapping[str, Audience]
    daily: Daily
    now: datetime

    @cached_property
    def rules(self) -> list[Rule]:
        """All that members are asked for."""
        consents = self.workspace.consents
        return [rule for each in self.audiences.values() for _, rule in all_blocks(each, consents)]

    @cached_property
    def followed(self) -> dict[str, Table]:
        """The tables of events that rules speak of, by the names of their datasets."""
        lake = self.workspace.lake
        named = {
            name: lake.email_events if name == RESPONSES else self.workspace.table(name)
            for name in sorted(datasets_of(self.rules))
        }
        return {name: table for name, table in named.items() if table.exists()}

    @cached_property
    def referred(self) -> list[Table]:
        """The tables of records that events are asked about."""
        return [self.workspace.table(name) for name in records_of(self.rules)]

    @cached_property
    def marks(self) -> list[CommitTransaction]:
        """How far everything has been read, once this run is committed."""
        tables = [*self.followed.values(), self.workspace.lake.live_profiles, *self.referred]
        if any(each.list for each in self.audiences.values()):
            tables.append(self.workspace.lake.lists)
        tables.append(self.workspace.lake.bot_marks)
        consents = self.workspace.consents
        said = [f"{name} {each.definition_hash}" for name, each in sorted(self.audiences.items())]
        said += [f"{name} {each.rule.model_dump_json()}" for name, each in sorted(consents.items())]
        fingerprint = int(sha256("\n".join(said).encode()).hexdigest()[:15], 16)
        return [
            *((table.name, table.version()) for table in tables),
            (self.workspace.lake.profiles.name, self.daily.snapshot),
            (DEFINITIONS, fingerprint),
            (NOW, int(self.now.timestamp() * 1_000_000)),
        ]

    def due(self, log: Table) -> pl.Series | None:
        """Whom to look at again, rather too many than too few; None for everybody."""
        marks = dict(self.marks)
        lake = self.workspace.lake
        # Tables of lists, of bots, and of what events refer to, do not tell by person what changed.
        anybody = [table.name for table in (lake.profiles, lake.lists, lake.bot_marks, *self.referred)]
        whole = {*anybody, DEFINITIONS} & {*marks}
        last = log.transaction(NOW)
        if last < 0 or last > marks[NOW] or any(log.transaction(name) != marks[name] for name in whole):
            return None
        before = datetime.fromtimestamp(last / 1_000_000, UTC)
        try:
            nobody = pl.LazyFrame(schema={PERSON: pl.String})
            found = pl.concat([nobody, *self._touched(log, marks), *self._passed(before)])
            return found.drop_nulls().unique().collect(engine="streaming")[PERSON]
        except (SnapshotExpired, SnapshotUnknown):
            return None

    def _touched(self, log: Table, marks: Mapping[str, int]) -> Iterator[pl.LazyFrame]:
        """Of whom rows came or went."""
        for name, table in self.followed.items():
            since, until = log.transaction(table.name), marks[table.name]
            if since != until:
                rows = pl.concat([between(table, since, until), removed(table, since, until)])
                yield self._people(name, rows)
        live = self.workspace.lake.live_profiles
        since, until = log.transaction(live.name), marks[live.name]
        if since != until:
            yield between(live, since, until).select(PERSON)

    def _passed(self, before: datetime) -> Iterator[pl.LazyFrame]:
        """Of whom a moment passed a value that a rule compares with it."""
        by_dataset: dict[str | None, list[Crossing]] = {}
        for crossing in crossings(self.rules):
            by_dataset.setdefault(crossing.dataset, []).append(crossing)
        for name, some in by_dataset.items():
            if name is not None and name not in self.followed:
                continue
            rows = self.profiles() if name is None else self._rows(name, some)
            schema = rows.collect_schema()
            hit = rows.filter(pl.any_horizontal(each.passed(schema, before, self.now) for each in some))
            yield hit.select(PERSON) if name is None else self._people(name, hit)

    def _rows(self, name: str, some: list[Crossing]) -> pl.LazyFrame:
        """A dataset's events, with what they refer to where a moment may pass that."""
        rows, asked = self.followed[name].scan(), {each.column.rpartition(".")[0] for each in some} - {""}
        return with_records(self.workspace, name, rows, sorted(asked)) if asked else rows

    def profiles(self, people: pl.Series | None = None) -> pl.LazyFrame:
        """What is asked of everybody, or of some people."""
        known = live_profiles(self.workspace, self.daily, people)
        return with_lists(self.workspace, known, self.audiences.values())

    def _people(self, name: str, rows: pl.LazyFrame) -> pl.LazyFrame:
        named = people_of(self.workspace, name, rows=rows) if name in self.workspace.datasets else rows
        return named.select(PERSON)

    def events(self, people: pl.Series | None) -> Events:
        """What rules can speak of, of everybody or of some people."""
        every = events_of(self.workspace)
        if people is None:
            return every

        def theirs(name: str, *records: str) -> pl.LazyFrame:
            if name in self.workspace.datasets and name in self.followed:
                rows = rows_of(self.workspace, name, people, self.workspace.rows(name))
                return with_records(self.workspace, name, rows, records)
            return every(name, *records).filter(pl.col(PERSON).is_in(people.implode()))

        return theirs
