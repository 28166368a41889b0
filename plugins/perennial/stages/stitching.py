"""Rows of all datasets in, as far as they are new; who is who, and what happened to people, out.

What identities occur together is kept in a table of links, and people are resolved from those links that
changed: a run that is killed in between is continued by the next.
"""

from collections import Counter
from datetime import UTC, datetime
from hashlib import sha256

import polars as pl

from perennial.identity.links import Columns, links, unusable
from perennial.identity.resolve import Naming, current, ends, resolve
from perennial.lake.changes import between, removed
from perennial.lake.history import SnapshotExpired, SnapshotUnknown
from perennial.lake.identity import LINKS, NAME
from perennial.lake.tables import Table
from perennial.stages.whose import identities_of, naming, there
from perennial.stages.workspace import Workspace

RESOLVED, RULES = "links", "rules"
"""Transactions of the table of who is who: the snapshot of links and the documents that it was made from."""
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""When rows were seen that do not say when."""


def stitch(workspace: Workspace, now: datetime) -> dict[str, int]:
    """Bring who is who up to date; returns how many identities changed hands, how many of each event, and how
    many rows have a value that names nobody. Without documents of namespaces and profiles there is nothing to
    find out.
    """
    if not workspace.namespaces or not workspace.profiles:
        return {}
    counts = Counter(_settle(workspace, now))
    for name in workspace.datasets:
        if columns := _linking(workspace, name):
            counts.update(unusable=_gather(workspace, name, columns))
    counts.update(_settle(workspace, now))
    return {name: count for name, count in counts.items() if count}


def _linking(workspace: Workspace, name: str) -> Columns:
    """The identities of a dataset, by column, if its rows can link any."""
    columns = identities_of(workspace, name)
    used = [each for each in columns.values() if workspace.namespaces[each].links]
    digests = {each.sha256_of for each in workspace.namespaces.values()}
    return columns if len(used) > 1 or digests & set(used) else {}


def _gather(workspace: Workspace, name: str, columns: Columns) -> int:
    """Add the links of a dataset's new rows; returns in how many of them an identity names nobody."""
    table, found = workspace.table(name), workspace.lake.links
    version, since = table.version(), found.transaction(name)
    if version == since:
        return 0
    rows, anew = _new(table, since, keeps=workspace.dataset(name).kind == "record")
    schema, columns = rows.collect_schema(), there(columns, rows)
    time = next((pl.col(each) for each in ("event_time", "held_at") if each in schema), pl.lit(LONG_AGO))
    fresh = (
        links(rows, name, columns, workspace.namespaces, time)
        .collect(engine="streaming")
        .select(LINKS.names())
    )
    marks = [(name, version)]
    if anew:
        found.replace_where(fresh, "dataset", name, marks)
    else:
        found.append(fresh, marks)
    return sum(unusable(rows, columns, workspace.namespaces).values())


def _new(table: Table, since: int, *, keeps: bool) -> tuple[pl.LazyFrame, bool]:
    """Rows that came since a snapshot; or all of them and True, where links may have to be taken back.

    A record that says something else now leaves its old links (`keeps`): the person was known by them.
    """
    try:
        if keeps or removed(table, since).head(1).collect().is_empty():
            return between(table, since), False
    except (SnapshotExpired, SnapshotUnknown):
        if keeps:
            return table.scan(), False
    return table.scan(), True


def _settle(workspace: Workspace, now: datetime) -> dict[str, int]:
    """Resolve the people whom changed links reach."""
    lake, names = workspace.lake, naming(workspace)
    found, mapping, events = lake.links, lake.identities, lake.identity_events
    version, rules = found.version(), _fingerprint(names)
    done = mapping.transaction(RESOLVED) if mapping.transaction(RULES) == rules else -1
    if version in (-1, done):
        return {}
    before = current(mapping.scan())
    touched = _reached(found, done, before)
    known = [pl.col(end).is_in([*names.namespaces]) for end in ("left_namespace", "right_namespace")]
    linked, reached = found.scan(version).filter(*known), touched.collect(engine="streaming")
    resolution = resolve(linked, reached, before, names, now, mapping.version() + 1)
    happened = _first_time(resolution.events, events)
    if events.transaction(RESOLVED) != version or events.transaction(RULES) != rules:
        events.append(happened, [(RESOLVED, version), (RULES, rules)])
    mapping.append(resolution.mapping, [(RESOLVED, version), (RULES, rules)])
    counted = happened.group_by("event").len().sort("event")
    return {"identities": resolution.mapping.height, **dict(counted.iter_rows())}


def _reached(links: Table, done: int, before: pl.LazyFrame) -> pl.LazyFrame:
    """The identities at links that came or went since a snapshot; all of them, if nobody can tell."""
    try:
        if done != -1:
            return ends(pl.concat([between(links, done), removed(links, done)]))
    except (SnapshotExpired, SnapshotUnknown):
        pass
    return pl.concat([ends(links.scan()), before.select(NAME)]).unique()


def _first_time(happened: pl.DataFrame, events: Table) -> pl.DataFrame:
    """Without refusals that were told before: whoever is looked at again has the same ones."""
    told = events.scan().filter(event="refused").collect()
    link = [*NAME, "other_namespace", "other_value", "reason"]
    refused = happened.filter(event="refused").join(told, on=link, how="anti")
    return pl.concat([happened.filter(pl.col("event") != "refused"), refused])


def _fingerprint(names: Naming) -> int:
    """Changes with whatever could make others of people."""
    said = {"title", "description"}
    documents = [each.model_dump_json(exclude=said) for _, each in sorted(names.namespaces.items())]
    return int(sha256(" ".join([*documents, names.home, str(names.most)]).encode()).hexdigest()[:15], 16)
