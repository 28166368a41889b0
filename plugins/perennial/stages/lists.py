"""Uploaded lists in; which profiles are on them, and how many identities lead to nobody, out."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from perennial.audiences.comparisons import Where
from perennial.audiences.definition import Audience
from perennial.audiences.lists import UploadedList, listed_column, unexpired
from perennial.identity.namespace import Namespace
from perennial.identity.people import PERSON
from perennial.identity.resolve import current
from perennial.lake.identity import NAME
from perennial.stages.profiles import newest
from perennial.stages.whose import naming
from perennial.stages.workspace import Workspace

UPLOADS = 100
"""Of a list, the newest that are shown."""


def namespace_of(workspace: Workspace, audience: str, content: UploadedList) -> Namespace:
    """By what people are named on an audience's list. Raises `RuleError`."""
    known = {name: each for name, each in workspace.namespaces.items() if each.links}
    if content.namespace not in known:
        message = f"there is no namespace {content.namespace} of people; there are {', '.join(known)}"
        raise Where(audience, "list.namespace").error(message)
    return known[content.namespace]


def with_lists(workspace: Workspace, people: pl.LazyFrame, audiences: Iterable[Audience]) -> pl.LazyFrame:
    """Profiles with what audiences that are lists ask of them: when each person was put on it last."""
    names = [each.name for each in audiences if each.list is not None]
    if not names:
        return people
    added = [
        pl.col("added_at").filter(pl.col("audience") == name).max().alias(listed_column(name))
        for name in names
    ]
    listed = entries(workspace, names).group_by(PERSON).agg(added)
    return people.join(listed, on=PERSON, how="left")


def entries(workspace: Workspace, names: Sequence[str]) -> pl.LazyFrame:
    """(audience, added_at, person_id) of all identities on some lists, expired or not."""
    listed, mapping = workspace.lake.lists.scan(), workspace.lake.identities.scan()
    listed = listed.filter(pl.col("audience").is_in([*names]))
    # Of who is who, only what is asked for is worked out.
    theirs = current(mapping.join(listed.select(NAME).unique(), on=NAME, how="semi"))
    if workspace.policy.stitching != "graph":
        theirs = theirs.clear()
    found = listed.join(theirs.select(*NAME, PERSON), on=NAME, how="left")
    person = pl.coalesce(PERSON, naming(workspace).alone())
    return found.select("audience", "added_at", person.alias(PERSON))


def about(workspace: Workspace, audience: str, content: UploadedList) -> dict[str, Any]:
    """How many identities a list has, how many of them lead to how many people, and what was uploaded.

    People are those who have a profile on the newest day; entries that have expired by then are not counted.
    """
    daily = newest(workspace)
    people = pl.LazyFrame(schema={PERSON: pl.String}) if daily is None else daily.scan(workspace)
    now = datetime.now(UTC) if daily is None else daily.midnight
    listed = entries(workspace, [audience]).filter(unexpired(content, now))
    joined = listed.join(people.select(PERSON, known=pl.lit(True)), on=PERSON, how="left")
    counts = joined.select(
        entries=pl.len(), found=pl.col("known").sum(), people=pl.col(PERSON).filter("known").n_unique()
    )
    uploads = workspace.lake.uploads.scan().filter(audience=audience)
    latest = uploads.drop("audience").sort("at", descending=True).head(UPLOADS)
    counted, shown = pl.collect_all([counts, latest], engine="streaming")
    return {**counted.row(0, named=True), "uploads": shown.to_dicts()}
