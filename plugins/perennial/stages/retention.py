"""Documents of retention in; what they would take away and who would miss it, or what they took, out."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

import polars as pl
import psycopg
from psycopg import sql

from perennial.documents import load_all
from perennial.insights.model import Model, load_models
from perennial.insights.structure import SCHEMA
from perennial.lake import retention
from perennial.lake.deletion import delete
from perennial.lake.maintenance import tables
from perennial.lake.retention import Retention
from perennial.stages.lateness import forget, note_arrivals
from perennial.stages.needs import needs
from perennial.stages.value_ledgers import refresh_ledgers
from perennial.stages.workspace import Workspace
from perennial.store_schemas import has_table

STORE = "store/"
TRAIL = "privacy.trail"


@dataclass(frozen=True)
class Expiry:
    """What a document takes out of a table."""

    table: str
    document: str
    before: date
    rows: int
    days: int | None
    missed_by: tuple[str, ...] = ()
    """What looks at days that go, and the document does not name: then nothing goes."""
    also: tuple[str, ...] = ()
    """Tables of the store that are made from these days: the next refresh takes them out there, too."""


def plan(workspace: Workspace, store_url: str, today: date) -> list[Expiry]:
    """What the documents would take away as of a day, table by table; what is not old enough is left out."""
    documents = load_all(workspace.settings.include / "retention", Retention)
    models = load_models(workspace.settings.include / "sql" / "insights")
    wanted = [*needs(workspace, today)]
    found = []
    for document in documents.values():
        before = today - timedelta(days=document.keep_days)
        for name in tables(workspace.lake.root):
            if document.holds(name) and (old := retention.old(workspace.lake.named(name), before)):
                missing = {
                    need.by for table, need in wanted
                    if table == name and (need.since is None or need.since < before)
                }  # fmt: skip
                also = tuple(model.name for model in models.values() if _made_from(model, name))
                missed_by = tuple(sorted(missing - {*document.despite}))
                found.append(Expiry(name, document.name, before, old.rows, old.days, missed_by, also))
        found += _in_store(store_url, document, before, models)
    return sorted(found, key=lambda each: (each.table, each.document))


def apply(workspace: Workspace, store_url: str, today: date) -> list[Expiry]:
    """Take away what the plan says and nobody misses; returns the plan, with the rows that went."""
    planned, done = plan(workspace, store_url, today), []
    for each in planned:
        if each.missed_by:
            done.append(each)
        elif each.table.startswith(STORE):
            done.append(replace(each, rows=_delete(store_url, workspace, each)))
        else:
            done.append(replace(each, rows=_expire(workspace, each)))
    return done


def _made_from(model: Model, table: str) -> bool:
    named = {source.replace("profiles/*", "profiles/snapshot") for source in model.source}
    return model.update == "days" and (table in named or f"{table.partition('/')[0]}/*" in model.source)


def _expire(workspace: Workspace, each: Expiry) -> int:
    table = workspace.lake.named(each.table)
    if not each.table.startswith("events/"):
        return retention.expire(table, each.before)
    # What goes by a rule was not late: days that were computed from it stay as they are.
    late, dataset = workspace.lake.value_late, each.table.partition("/")[2]
    note_arrivals(workspace)
    refresh_ledgers(workspace)
    noted = late.version()
    known = late.scan().collect()
    rows = retention.expire(table, each.before)
    forget(workspace, dataset, each.before)
    refresh_ledgers(workspace)
    if late.version() != noted:
        newest = dict(known.group_by("definition").agg(pl.col("ledger").max()).iter_rows())
        for name in workspace.value:
            fresh = pl.col("ledger") > newest.get(name, -1)
            delete(late, (pl.col("definition") == name) & fresh & (pl.col("day") < each.before))
    return rows


def _in_store(url: str, document: Retention, before: date, models: dict[str, Model]) -> Iterator[Expiry]:
    with psycopg.connect(url) as connection:
        for name, (relation, day) in _by_days(models).items():
            if not document.holds(name) or not has_table(connection, relation.as_string(connection)):
                continue
            query = sql.SQL("SELECT count(*) FROM {} WHERE {} < %s").format(relation, day)
            row = connection.execute(query, (before,)).fetchone()
            if row and row[0]:
                yield Expiry(name, document.name, before, row[0], None)


def _delete(url: str, workspace: Workspace, each: Expiry) -> int:
    models = load_models(workspace.settings.include / "sql" / "insights")
    relation, day = _by_days(models)[each.table]
    with psycopg.connect(url) as connection:
        query = sql.SQL("DELETE FROM {} WHERE {} < %s").format(relation, day)
        return connection.execute(query, (each.before,)).rowcount


def _by_days(models: dict[str, Model]) -> dict[str, tuple[sql.Identifier, sql.Identifier]]:
    """The tables of the store that are kept by days, and the column with the day."""
    found = {
        f"{STORE}{model.name}": (sql.Identifier(SCHEMA, model.name), sql.Identifier(model.day))
        for model in models.values()
        if model.update == "days" and model.stored == "table"
    }
    return found | {f"{STORE}{TRAIL}": (sql.Identifier(*TRAIL.split(".")), sql.Identifier("at"))}
