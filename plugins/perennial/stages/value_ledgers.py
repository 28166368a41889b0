"""Events in, as they come, come late or go; each customer's sums of every day out."""

from collections.abc import Sequence
from datetime import date
from functools import partial

import polars as pl

from perennial.documents import DocumentError
from perennial.identity.people import PERSON
from perennial.lake.changes import removed
from perennial.lake.history import SnapshotExpired, SnapshotUnknown
from perennial.stages import value_spark
from perennial.stages.whose import customers, marked_days, moved_days
from perennial.stages.workspace import Workspace
from perennial.value.definition import ValueDefinition
from perennial.value.ledger import Ledger


def refresh_ledgers(workspace: Workspace) -> dict[str, int | None]:
    """Take what came, or came late, into the ledgers; returns how many days changed, None for all."""
    counts: dict[str, int | None] = {}
    for name, definition in workspace.value.items():
        _found_once(workspace, definition)
        dataset = definition.dataset
        lookups = {d.lookup: (workspace.table(d.lookup), partial(workspace.rows, d.lookup))
                   for d in definition.dimensions.values() if d.lookup}  # fmt: skip

        def events(
            days: Sequence[date] | None, dataset: str = dataset, identity: str = definition.identity
        ) -> pl.LazyFrame:
            rows = customers(workspace, dataset, identity)
            if days is None or workspace.table(dataset).partition is None:
                return rows
            return rows.filter(pl.col("event_date").is_in(list(days)))

        def also(days: list[date], since: int, dataset: str = dataset) -> list[date]:
            return _counted_with(workspace, dataset, days, since)

        if definition.engine == "spark":
            if definition.identity == PERSON:
                raise DocumentError(
                    f"value {name}: identity: {PERSON} needs engine: polars; Spark does not know who is who"
                )
            workspace.refuse_on_spark(f"value {name}", dataset)
            counts[name] = len(value_spark.refresh(workspace, definition, also))
            continue
        moves = {"bots": (workspace.lake.bot_marks, partial(marked_days, workspace, dataset))}
        if definition.identity == PERSON:
            moves["moves"] = (workspace.lake.identities, partial(moved_days, workspace, dataset))
        touched = ledger(workspace, name).refresh(
            workspace.table(dataset),
            events,
            lookups,
            workspace.lake.value_late,
            also,
            moves,
        )
        counts[name] = None if touched is None else len(touched)
    return counts


def _found_once(workspace: Workspace, definition: ValueDefinition) -> None:
    """Refuse what would find several records for one event, and count it with each of them."""
    for name, dimension in definition.dimensions.items():
        if dimension.lookup is not None:
            key = workspace.dataset(dimension.lookup).key
            if key != [dimension.by]:
                raise DocumentError(
                    f"value {definition.name}: dimension {name} looks up {dimension.lookup} by "
                    f"{dimension.by}; by must be the key of that dataset, which is {', '.join(key) or 'none'}"
                )


def ledger(workspace: Workspace, name: str) -> Ledger:
    """The ledger of a value document."""
    definition = workspace.value[name]
    once = workspace.dataset(definition.dataset).once
    rules = " ".join(rule.model_dump_json() for rule in once)
    return Ledger(workspace.lake.ledger(name), definition, rules)


def _counted_with(workspace: Workspace, dataset: str, days: list[date], since: int) -> list[date]:
    """Further days whose events count, or not, by what came or went on these: see `once`."""
    document, table = workspace.dataset(dataset), workspace.table(dataset)
    found: set[date] = set()
    for rule in document.once:
        key = [rule.per, rule.key]
        keys = [table.scan().filter(pl.col("event_date").is_in(days)).select(key)]
        try:
            keys.append(removed(table, since).select(key))
        except (SnapshotExpired, SnapshotUnknown):
            return list(table.scan().select(pl.col("event_date").unique()).collect()["event_date"])
        hit = table.scan().join(pl.concat(keys).drop_nulls().unique(), on=key, how="semi")
        found |= set(hit.select(pl.col("event_date").unique()).collect()["event_date"])
    return sorted(found)
