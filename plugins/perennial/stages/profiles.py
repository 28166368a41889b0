"""Events, records and value in, everyone's profile as of a day out."""

from datetime import date

import polars as pl

from perennial.documents import DocumentError
from perennial.profiles.build import build, identities, remember
from perennial.profiles.definition import ProfileDefinition
from perennial.stages.value import history
from perennial.stages.workspace import Workspace


def build_profiles(workspace: Workspace, as_of: date) -> int:
    """Build everyone's profile, and the identities that lead to it; returns the number of people."""
    definition = _only(workspace)
    people = build(
        definition,
        workspace.datasets,
        {name: workspace.rows(name) for name in definition.events},
        {name: workspace.rows(name) for name in definition.attributes},
        {name: history(workspace, name).read(as_of) for name in definition.value},
        as_of,
    ).collect()
    remember(workspace.lake.identities, identities(people.lazy(), definition).collect())
    workspace.lake.profiles.replace(people.with_columns(as_of=pl.lit(as_of)), as_of)
    return people.height


def _only(workspace: Workspace) -> ProfileDefinition:
    if len(workspace.profiles) != 1:
        raise DocumentError(
            f"{workspace.settings.include}/profiles: expected one document, found {[*workspace.profiles]}"
        )
    return next(iter(workspace.profiles.values()))
