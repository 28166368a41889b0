"""Events in, as they come or come late; what each visitor did within minutes, by day, out."""

from datetime import date

import polars as pl

from perennial.bots.definition import BotDefinition
from perennial.bots.features import VISITOR, by_day, over_days
from perennial.documents import DocumentError
from perennial.identity.values import comparable
from perennial.lake import files
from perennial.lake.bots import VISITOR_DAYS
from perennial.lake.changes import touched
from perennial.lake.history import SnapshotExpired, SnapshotUnknown
from perennial.stages.workspace import Workspace

MADE = "definition"
"""The transaction that says which columns visitors' days were made from."""
MADE_FROM = ("dataset", "visitor", "user_agent", "page")
TOGETHER = 31
"""Days that are counted in one pass."""


def visitors(workspace: Workspace, definition: BotDefinition, as_of: date) -> pl.DataFrame:
    """What every visitor did before a day, one row each; days that changed are counted anew first."""
    refresh_days(workspace, definition)
    days = workspace.lake.visitor_days(definition.name).scan().filter(pl.col("event_date") < as_of)
    return over_days(days).sort(VISITOR).collect(engine="streaming")


def refresh_days(workspace: Workspace, definition: BotDefinition) -> list[str]:
    """Count the days anew on which events came or went since the last time; returns them."""
    check(workspace, definition)
    source, table = workspace.table(definition.dataset), workspace.lake.visitor_days(definition.name)
    marks = [(source.name, source.version()), (MADE, definition.mark(MADE_FROM))]
    if all(table.transaction(name) == number for name, number in marks):
        return []
    files.create(table, VISITOR_DAYS)
    since = table.version()
    changed = _changed(workspace, definition, dict(marks))
    written = []
    for first in range(0, len(changed), TOGETHER):
        days = [date.fromisoformat(day) for day in changed[first : first + TOGETHER]]
        counted = _counted(workspace, definition, days).collect(engine="streaming")
        written += files.write(table, counted)
    replaced = [path for path, day in files.parts(table, since).items() if day in {*changed}]
    files.commit(table, written, since, marks, replaced)
    return changed


def namespace_of(workspace: Workspace, definition: BotDefinition) -> str:
    """The namespace of a document's visitors."""
    identities = workspace.dataset(definition.dataset).identities
    return next(each.namespace for each in identities if each.column == definition.visitor)


def check(workspace: Workspace, definition: BotDefinition) -> None:
    """Refuse a document whose dataset is not one of events, or lacks what it names."""
    dataset, where = workspace.dataset(definition.dataset), f"bots {definition.name}"
    if dataset.kind != "event":
        raise DocumentError(f"{where}: dataset: {dataset.name} are records, and no events")
    for key in ("visitor", "user_agent", "page"):
        column = getattr(definition, key)
        if column is not None and column not in dataset.columns:
            known = ", ".join(dataset.columns)
            raise DocumentError(f"{where}: {key}: {dataset.name} has no column {column}; it has {known}")
    named = {each.column: each.namespace for each in dataset.identities}
    if named.get(definition.visitor) not in workspace.namespaces:
        raise DocumentError(
            f"{where}: visitor: {definition.visitor} is no identity of {dataset.name} in a namespace that is "
            f"described in include/namespaces; its identities are {', '.join(named) or 'none'}"
        )


def _changed(workspace: Workspace, definition: BotDefinition, marks: dict[str, int]) -> list[str]:
    source, table = workspace.table(definition.dataset), workspace.lake.visitor_days(definition.name)
    if table.transaction(MADE) == marks[MADE]:
        try:
            return touched(source, table.transaction(source.name))
        except (SnapshotExpired, SnapshotUnknown):
            pass
    return sorted({*source.partitions(), *table.partitions()})


def _counted(workspace: Workspace, definition: BotDefinition, days: list[date]) -> pl.LazyFrame:
    """Visitors' days of some days, in the columns of their table."""
    events = workspace.table(definition.dataset).scan().filter(pl.col("event_date").is_in(days))
    there, namespace = events.collect_schema(), workspace.namespaces[namespace_of(workspace, definition)]
    # Columns that the document has got lately, and the table does not have yet.
    lacking = [c for c in (definition.user_agent, definition.page) if c is not None and c not in there]
    events = events.with_columns(pl.lit(None, pl.String).alias(column) for column in lacking)
    named = events.with_columns(comparable(pl.col(definition.visitor), namespace).alias(VISITOR))
    counted = by_day(named, definition.page, definition.user_agent)
    return counted.select(pl.col(name).cast(kind) for name, kind in VISITOR_DAYS.items()).sort(
        "event_date", VISITOR
    )
