"""The lake in, the star schema out: what changed since each table's checkpoint, in one transaction."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from perennial.insights.engine import DAY, Engine
from perennial.insights.model import Model, Process
from perennial.insights.store import MANY, StoreTransaction, transaction
from perennial.lake.changes import touched
from perennial.lake.history import SnapshotExpired, SnapshotUnknown
from perennial.lake.tables import Table

PROCESSED = "adwh_lkup_process_delta_log"
"""The table that says which days are complete."""
AT_ONCE = 5_000_000
"""Rows of a source whose days are computed together: memory is set by it, however many days there are."""

Follow = Callable[[str], Sequence[Table]]
"""The lake's tables that a `source` names."""
Relations = Callable[[], Mapping[str, pl.LazyFrame]]
"""What queries read, by the names that they use."""


@dataclass
class RefreshReport:
    """Rows written per table, and the most days that a table had to give."""

    rows: dict[str, int] = field(default_factory=dict)
    days: int = 0


def refresh(
    store_url: str,
    models: Mapping[str, Model],
    follow: Follow,
    relations: Relations,
    process: Process,
    as_of: date | None = None,
) -> RefreshReport:
    """Refresh the tables of a process; `as_of` adds its day and leaves out those after it.

    A day after it that was complete already is taken in again where it changed. A run that fails leaves the
    store and the checkpoints as they were.
    """
    taking_part = [model for model in models.values() if process in model.process and model.stored == "table"]
    report = RefreshReport()
    with transaction(store_url) as store:
        anew = store.create(list(models.values()), [model.name for model in taking_part])
        complete = store.days(models[PROCESSED]) if PROCESSED in models else set()
        # The snapshots to go up to are fixed before anything is read.
        sources = {model.name: _sources(store, model, follow) for model in taking_part}
        engine = Engine(relations(), as_of - DAY if as_of else None)
        try:
            run = _Run(store, engine, as_of, complete, report)
            for model in taking_part:
                run.refresh(model, sources[model.name], anew=model.name in anew)
        finally:
            engine.close()
    return report


def complete_days(store_url: str, models: Mapping[str, Model]) -> set[date]:
    """The days that daily refreshes have made complete."""
    with transaction(store_url) as store:
        known = PROCESSED in models and store.has(models[PROCESSED])
        return store.days(models[PROCESSED]) if known else set()


@dataclass(frozen=True)
class _Source:
    """A table whose changes a model follows: from which snapshot to which."""

    process: str
    table: Table
    start: int
    end: int

    @property
    def by_as_of(self) -> bool:
        """Whether its partitions hold what was known at the end of the day before."""
        return self.table.partition == "as_of"


def _sources(store: StoreTransaction, model: Model, follow: Follow) -> list[_Source]:
    tables = [table for name in model.source for table in follow(name)]
    named = [(f"{model.name}: {table.name}", table) for table in tables]
    return [_Source(process, table, store.checkpoint(process), table.version()) for process, table in named]


@dataclass(frozen=True)
class _Run:
    """One refresh."""

    store: StoreTransaction
    engine: Engine
    as_of: date | None
    complete: set[date]
    report: RefreshReport

    def refresh(self, model: Model, sources: Sequence[_Source], *, anew: bool) -> None:
        """Bring one table up to date, and note how far its sources were read."""
        written = 0
        if model.update == "whole":
            written = self._put(model, None)
        else:
            days = sorted(self._days(model, sources, anew))
            if not days:
                return self._note(model, sources, anew)
            self.report.days = max(self.report.days, len(days))
            for some in _portions(days, sources):
                written += self._put(model, some)
        self.report.rows[model.name] = written
        if written > MANY:
            self.store.look(model)
        return self._note(model, sources, anew)

    def _days(self, model: Model, sources: Sequence[_Source], anew: bool) -> set[date]:
        """Those of changed partitions; all, the table's own too, where it cannot be told what changed."""
        keys = None if anew else _touched(sources)
        days: set[date] = set()
        # One that follows what no document makes, such as predictions, has none.
        if not sources and model.refreshed:
            days |= {*self.engine.days(model, None, [])}
        for source in sources:
            changed = source.table.partitions() if keys is None else keys[source.process]
            wanted = {date.fromisoformat(key) for key in changed}
            if self.as_of is not None and source.by_as_of:
                wanted = {key for key in wanted if self._is_due(key - DAY)} | {self.as_of}
            days |= {*self.engine.days(model, source.table.partition, sorted(wanted))}
        if keys is None and model.update == "days":
            bound = any(source.by_as_of for source in sources)
            days |= {day for day in self.store.days(model) if not bound or self._is_due(day)}
        return days

    def _is_due(self, day: date) -> bool:
        """Whether a day is not after the run's, or was complete before."""
        return self.as_of is None or day < self.as_of or day in self.complete

    def _put(self, model: Model, days: list[date] | None) -> int:
        rows = self.engine.rows(model, days)
        self.store.put(model, rows, days)
        return rows.height

    def _note(self, model: Model, sources: Sequence[_Source], anew: bool) -> None:
        for source in sources:
            if source.end != source.start:
                self.store.set_checkpoint(source.process, source.end)
        if anew:
            self.store.set_filled(model)


def _touched(sources: Sequence[_Source]) -> dict[str, list[str]] | None:
    """The partitions that changed; None where snapshots have expired, so that nobody can tell."""
    try:
        return {each.process: touched(each.table, each.start, each.end) for each in sources}
    except (SnapshotExpired, SnapshotUnknown):
        return None


def _portions(days: list[date], sources: Sequence[_Source]) -> Iterator[list[date]]:
    """The days, as many at a time as memory has room for."""
    most = 0
    for source in sources if len(days) > 1 else ():
        counts = source.table.counts().values()
        most = max(most, max(counts, default=0))
    step = max(1, AT_ONCE // most) if most else len(days)
    for start in range(0, len(days), step):
        yield days[start : start + step]
