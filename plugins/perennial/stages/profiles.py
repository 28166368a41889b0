"""Events, records and value in, everyone's profile as of a day out."""

from datetime import date

import polars as pl

from perennial.documents import DocumentError
from perennial.identity.people import PERSON, names
from perennial.identity.resolve import current
from perennial.profiles.build import HELD_AT, build
from perennial.profiles.definition import ProfileDefinition
from perennial.stages.stitching import naming, people_of
from perennial.stages.value import history
from perennial.stages.workspace import Workspace
from perennial.value.lifetime.published import published_as_of
from perennial.value.rfm.segments import published


def build_profiles(workspace: Workspace, as_of: date) -> int:
    """Build everyone's profile; returns the number of people."""
    definition = _only(workspace)
    people = build(
        {name: people_of(workspace, name) for name in definition.events},
        {name: _attributes(workspace, name) for name in definition.attributes},
        {name: history(workspace, name).read(as_of) for name in definition.value if name in workspace.value},
        [_published(workspace, name, as_of) for name in definition.value if name not in workspace.value],
        as_of,
    ).collect()
    who = names(people.lazy(), current(workspace.lake.identities.scan()), naming(workspace)).collect()
    people = people.join(who, on=PERSON, how="left", maintain_order="left")
    workspace.lake.profiles.replace(people.with_columns(as_of=pl.lit(as_of)), as_of)
    return people.height


def _attributes(workspace: Workspace, name: str) -> pl.LazyFrame:
    """A dataset's columns but those that only say whose a row is."""
    dataset, rows = workspace.dataset(name), people_of(workspace, name)
    there = set(rows.collect_schema().names())
    own = [column for column in dataset.columns if column != dataset.identities[0].column and column in there]
    return rows.select(PERSON, *own, *({HELD_AT} & there - {*own}))


def _published(workspace: Workspace, name: str, as_of: date) -> pl.LazyFrame:
    """What a document of segments, or of predicted value, says of each person as of a day."""
    if name in workspace.lifetime:
        return published_as_of(workspace.lake.lifetime(name), as_of)
    if name in workspace.rfm:
        return published(workspace.lake.rfm(name).scan().filter(as_of=as_of), name)
    known = [*workspace.value, *workspace.rfm, *workspace.lifetime]
    raise DocumentError(f"a profile publishes value {name!r}; {workspace.settings.include}/value has {known}")


def _only(workspace: Workspace) -> ProfileDefinition:
    if len(workspace.profiles) != 1:
        raise DocumentError(
            f"{workspace.settings.include}/profiles: expected one document, found {[*workspace.profiles]}"
        )
    return next(iter(workspace.profiles.values()))
