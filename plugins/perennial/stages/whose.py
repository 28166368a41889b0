"""Datasets in; their rows with the person whose each is now, and which days became somebody else's, out."""

from datetime import date

import polars as pl

from perennial.documents import DocumentError
from perennial.identity.links import Columns
from perennial.identity.people import PERSON, owned, with_person
from perennial.identity.resolve import Naming, current
from perennial.identity.values import is_one_of, written
from perennial.lake.changes import HEAD, as_of, between
from perennial.lake.identity import NAME
from perennial.profiles.definition import ProfileDefinition
from perennial.stages.workspace import Workspace
from perennial.value.windows import FIRST


def people_of(
    workspace: Workspace,
    name: str,
    policy: ProfileDefinition | None = None,
    rows: pl.LazyFrame | None = None,
) -> pl.LazyFrame:
    """The rows of a dataset, all or these, each with the `person_id` whose it is now by a merge policy.

    Without one, by the default policy.
    """
    policy, rows = policy or workspace.policy, workspace.rows(name) if rows is None else rows
    columns = there(_telling(workspace, name), rows)
    return with_person(rows, columns, who(workspace, policy), naming(workspace, policy))


def _telling(workspace: Workspace, name: str) -> Columns:
    """The columns that tell whose a row is, the first that has a value: up to one that always has."""
    columns = {}
    for column, namespace in identities_of(workspace, name).items():
        if workspace.namespaces[namespace].links:
            columns[column] = namespace
            if workspace.dataset(name).columns[column].required:
                break
    if not columns:
        raise DocumentError(f"dataset {name} has no identities of people: its rows can belong to nobody")
    return columns


def customers(workspace: Workspace, name: str, identity: str) -> pl.LazyFrame:
    """A dataset's rows as value is computed from them, with the column that says whose they are."""
    rows = workspace.purchases(name)
    return people_of(workspace, name, rows=rows) if identity == PERSON else rows


def who(workspace: Workspace, policy: ProfileDefinition) -> pl.LazyFrame:
    """Who is who now; without stitching, everybody stands alone."""
    mapping = current(workspace.lake.identities.scan())
    return mapping if policy.stitching == "graph" else mapping.clear()


def naming(workspace: Workspace, policy: ProfileDefinition | None = None) -> Naming:
    """The rules by which people are told apart and named, by a merge policy or the default one."""
    policy = policy or workspace.policy
    return Naming(workspace.namespaces, policy.person, policy.most_identities)


def moved_days(workspace: Workspace, name: str, since: int) -> list[date]:
    """On which days a dataset has events that are others' than they were at a snapshot of who is who.

    Raises `SnapshotExpired` where that can no longer be told.
    """
    mapping, names = workspace.lake.identities, naming(workspace)
    came = between(mapping, since).select(NAME).unique()
    was = current(as_of(mapping, since)) if since != HEAD else mapping.scan().clear()
    now = current(mapping.scan().join(came, on=NAME, how="semi")).select(*NAME, "person_id")
    both = now.join(was.select(*NAME, was="person_id"), on=NAME, how="left")
    others = both.filter(pl.col("person_id") != pl.coalesce("was", names.alone())).collect()
    return _days(_naming(workspace, name, workspace.rows(name), others))


def marked_days(workspace: Workspace, name: str, since: int) -> list[date]:
    """On which days a dataset has events of visitors who were marked as bots, or let in, since a snapshot of
    the marks. Raises `SnapshotExpired` where that can no longer be told.
    """
    marks = workspace.lake.bot_marks
    was = as_of(marks, since) if since != HEAD else marks.scan().clear()
    both = pl.concat([marks.scan().select(NAME), was.select(NAME)])
    changed = both.group_by(NAME).len().filter(pl.col("len") == 1).select(NAME).collect()
    return _days(_naming(workspace, name, workspace.table(name).scan(), changed))


def _days(rows: pl.LazyFrame) -> list[date]:
    """On which days these rows are; records are of no day."""
    dated = "event_date" in rows.collect_schema()
    day = pl.col("event_date") if dated else pl.lit(FIRST, pl.Date)
    return rows.select(day.alias("day").unique()).collect()["day"].to_list()


def rows_of(workspace: Workspace, name: str, people: pl.Series, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Those of a dataset's rows that are these people's, with their `person_id`, by the default policy.

    Only rows that name one of them are looked at any closer.
    """
    everybody = pl.LazyFrame({PERSON: people})
    theirs = owned(everybody, who(workspace, workspace.policy), naming(workspace)).collect()
    some, columns = _naming(workspace, name, rows, theirs), there(_telling(workspace, name), rows)
    if len(columns) > 1:
        return people_of(workspace, name, rows=some).filter(pl.col(PERSON).is_in(people.implode()))
    # One column tells whose they are: they need not be asked again.
    ((column, namespace),) = columns.items()
    mine = theirs.filter(namespace=namespace).lazy().select(PERSON, __value="value")
    value = written(pl.col(column), workspace.namespaces[namespace])
    return some.with_columns(__value=value).join(mine, on="__value").drop("__value")


def _naming(workspace: Workspace, name: str, rows: pl.LazyFrame, identities: pl.DataFrame) -> pl.LazyFrame:
    """Those rows of a dataset that name one of these identities (namespace, value)."""
    hit = [pl.lit(False)]
    for column, namespace in there(identities_of(workspace, name), rows).items():
        theirs = identities.filter(namespace=namespace)["value"]
        hit.append(is_one_of(pl.col(column), workspace.namespaces[namespace], theirs))
    return rows.filter(pl.any_horizontal(hit))


def identities_of(workspace: Workspace, name: str) -> Columns:
    """The namespaces of a dataset's columns, the primary identity's first."""
    columns = {each.column: each.namespace for each in workspace.dataset(name).identities}
    unknown = sorted(set(columns.values()) - set(workspace.namespaces))
    if unknown:
        raise DocumentError(
            f"dataset {name}: no namespace {', '.join(unknown)}; {workspace.settings.include}/namespaces has "
            f"{[*workspace.namespaces]}"
        )
    return columns


def there(columns: Columns, rows: pl.LazyFrame) -> Columns:
    """Without those that a document has got lately, and the table does not have yet."""
    schema = rows.collect_schema()
    return {column: namespace for column, namespace in columns.items() if column in schema}
