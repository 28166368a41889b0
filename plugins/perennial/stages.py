"""The stages of the round trip: each reads its documents and the lake, computes, and commits its tables.

Operators and tests call these. A stage is a function of the documents, the lake and `as_of` (a day: all that
was before its midnight, UTC, is seen); run again, it leaves the same tables.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from perennial.audiences import membership
from perennial.audiences.definition import Audience
from perennial.documents import Document, load_all
from perennial.insights.model import Process, load_models
from perennial.insights.refresh import RefreshReport, refresh
from perennial.lake.catalog import Lake
from perennial.lake.tables import Table
from perennial.profiles.build import build, identities, remember
from perennial.profiles.definition import ProfileDefinition
from perennial.settings import Settings
from perennial.signals.dataset import Dataset
from perennial.signals.ingest import BatchReport, ingest
from perennial.value.deciles import deciles
from perennial.value.definition import ValueDefinition


@dataclass(frozen=True)
class Workspace:
    """The documents and the lake of one deployment."""

    settings: Settings

    @cached_property
    def lake(self) -> Lake:
        return Lake(self.settings.lake)

    @cached_property
    def datasets(self) -> dict[str, Dataset]:
        return load_all(self.settings.include / "datasets", Dataset)

    @cached_property
    def value(self) -> dict[str, ValueDefinition]:
        return load_all(self.settings.include / "value", ValueDefinition)

    @cached_property
    def profiles(self) -> dict[str, ProfileDefinition]:
        return load_all(self.settings.include / "profiles", ProfileDefinition)

    @cached_property
    def audiences(self) -> dict[str, Audience]:
        return load_all(self.settings.include / "audiences", Audience)

    def table(self, dataset: str) -> Table:
        """The lake's table of a dataset."""
        event = self.datasets[dataset].kind == "event"
        return self.lake.events(dataset) if event else self.lake.records(dataset)


def ingest_batch(
    workspace: Workspace, dataset: str, day: date | None, *, dry_run: bool = False
) -> BatchReport:
    """Take a dataset's files of a day, or its history if no day is given."""
    document = workspace.datasets[dataset]
    return ingest(workspace.lake, document, workspace.settings.landing, day, dry_run=dry_run)


def compute_value(workspace: Workspace, as_of: date) -> dict[str, int]:
    """Rank all customers by every value document; returns the rows per document."""
    rows = {}
    for name, definition in workspace.value.items():
        lookups = {d.lookup for d in definition.dimensions.values() if d.lookup}
        ranked = deciles(
            workspace.table(definition.dataset).scan(),
            definition,
            as_of,
            {lookup: workspace.table(lookup).scan() for lookup in lookups},
        ).collect()
        workspace.lake.value(name).replace(ranked.with_columns(as_of=pl.lit(as_of)), as_of)
        rows[name] = ranked.height
    return rows


def build_profiles(workspace: Workspace, as_of: date) -> int:
    """Build everyone's profile, and the identities that lead to it; returns the number of people."""
    for definition in workspace.profiles.values():
        people = build(
            definition,
            workspace.datasets,
            {name: workspace.table(name).scan() for name in definition.events},
            {name: workspace.table(name).scan() for name in definition.attributes},
            {name: workspace.lake.value(name).scan().filter(as_of=as_of) for name in definition.value},
            as_of,
        ).collect()
        remember(workspace.lake.identities, identities(people.lazy(), definition).collect())
        workspace.lake.profiles.replace(people.with_columns(as_of=pl.lit(as_of)), as_of)
    return people.height


def evaluate_audiences(workspace: Workspace, as_of: date) -> pl.DataFrame:
    """Evaluate all audiences; returns (audience, status, people)."""
    people = workspace.lake.profiles.scan().filter(as_of=as_of)
    members = membership.evaluate(people, workspace.audiences)
    rows = membership.store(workspace.lake.membership, members, as_of)
    return rows.group_by("audience", "status").agg(people=pl.len()).sort("audience", "status")


def refresh_insights(
    workspace: Workspace, store_url: str, process: Process, as_of: date | None = None
) -> RefreshReport:
    """Refresh the star schema: of a day, or of the responses that arrived."""
    lake = workspace.lake
    tables = {name: workspace.table(name) for name in workspace.datasets}
    tables |= {name: lake.value(name) for name in workspace.value}
    tables |= {"profiles": lake.profiles, "membership": lake.membership, "email_events": lake.email_events}
    described: dict[str, Iterable[Document]] = {
        "audience_definitions": workspace.audiences.values(),
        "profile_definitions": workspace.profiles.values(),
    }
    frames = {
        name: pl.DataFrame([d.model_dump(include={"name", "title", "description"}) for d in documents])
        for name, documents in described.items()
    }
    models = load_models(workspace.settings.include / "sql" / "insights")
    return refresh(store_url, lake, models, tables, frames, process, as_of)
