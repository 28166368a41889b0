"""The lake in, the star schema of a day, or of the responses that arrived, out."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

import polars as pl

from perennial.activation import flows, holdout
from perennial.activation.definition import Activation, load_activations
from perennial.documents import Document, DocumentError
from perennial.insights.engine import DAY
from perennial.insights.model import Process, load_models
from perennial.insights.people import Policy, people_by_policy
from perennial.insights.refresh import RefreshReport, complete_days, refresh
from perennial.lake.tables import Table
from perennial.responses.experiments import campaign_people
from perennial.signals.batches import Batches
from perennial.signals.once import once
from perennial.stages.whose import people_of
from perennial.stages.workspace import Workspace
from perennial.value.lifetime import relations as lifetime
from perennial.value.rfm.segments import described

NOBODY = {"audience": pl.String(), "person_id": pl.String(), "status": pl.String(), "as_of": pl.Date()}
"""Memberships before audiences were evaluated for the first time."""


def refresh_insights(
    workspace: Workspace, store_url: str, process: Process, as_of: date | None = None
) -> RefreshReport:
    """Refresh the tables of a process from everything that changed since the last time."""
    models = load_models(workspace.settings.include / "sql" / "insights")

    def follow(source: str) -> Sequence[Table]:
        return followed(workspace, source)

    def relations() -> Mapping[str, pl.LazyFrame]:
        activations = load_activations(workspace.settings.include)
        readable = {name: each for name, each in activations.items() if isinstance(each, Activation)}
        frames = {**documents(workspace), **flows.frames(readable, flows.runs(store_url))}
        found, arms = rows(workspace), holdout.assignments(store_url).lazy()
        people = campaign_people(found["email_events"], found["membership"], arms)
        lazy = {name: frame.lazy() for name, frame in frames.items()}
        return {**found, **lazy, "assignments": arms, "campaign_people": people}

    return refresh(store_url, models, follow, relations, process, as_of)


def unreadable(workspace: Workspace) -> dict[str, str]:
    """Activations that are left out of the refresh because their documents cannot be read, and why."""
    activations = load_activations(workspace.settings.include)
    return {name: str(each) for name, each in activations.items() if isinstance(each, DocumentError)}


def refresh_days(workspace: Workspace, store_url: str, days: Sequence[date]) -> list[RefreshReport]:
    """Refresh whatever changed, and make days complete that were not: the last does for all others."""
    known = complete_days(store_url, load_models(workspace.settings.include / "sql" / "insights"))
    built = set(workspace.lake.profiles.partitions())
    new = {day for day in days if day - DAY not in known and str(day) in built}
    wanted = sorted(new | {max(days)})
    return [refresh_insights(workspace, store_url, "daily", day) for day in wanted]


def followed(workspace: Workspace, source: str) -> Sequence[Table]:
    """The lake's tables that a model's `source` names."""
    lake = workspace.lake
    if source == "profiles/*":
        return [policy.table for policy in policies(workspace).values()]
    if source == "lifetime/*":
        return [lake.lifetime(name) for name in workspace.lifetime]
    return [lake.named(source)]


def policies(workspace: Workspace) -> dict[str, Policy]:
    """The profiles of every merge policy, by the names of their documents."""
    lake, default = workspace.lake, workspace.policy.name
    return {
        name: Policy(
            lake.profiles if name == default else lake.profiles_by(name), each.person, name == default
        )
        for name, each in workspace.profiles.items()
    }


def rows(workspace: Workspace) -> dict[str, pl.LazyFrame]:
    """The lake's tables, by the names that queries use; those that are not there yet are left out."""
    lake = workspace.lake
    tables = {f"{name}_by_decile": lake.value_by_decile(name) for name in workspace.value}
    tables |= {f"{name}_movement": lake.value_movement(name) for name in workspace.value}
    tables |= {name: lake.rfm(name) for name in workspace.rfm}
    tables |= lifetime.tables(lake, workspace.lifetime)
    tables |= {"profiles": lake.profiles, "membership": lake.membership, "evaluations": lake.evaluations}
    tables |= {"email_events": lake.email_events}
    tables |= {"bot_traffic": lake.bot_traffic, "bot_models": lake.bot_models}
    tables |= {name: lake.left_behind(name) for name in workspace.browsing}
    datasets = {name: (workspace.table(name), each) for name, each in workspace.datasets.items()}
    found = {name: once(table.scan(), each) for name, (table, each) in datasets.items() if _reads(table)}
    found |= {
        f"{name}_by_person": people_of(workspace, name, rows=found[name])
        for name in _theirs(workspace, found)
    }
    found |= {name: table.scan() for name, table in tables.items() if _reads(table)}
    if "membership" not in found:
        found["membership"] = pl.LazyFrame(schema=NOBODY)
    found["lifetime_scores"] = lifetime.scores(lake, workspace.lifetime)
    found["people_by_policy"] = people_by_policy(policies(workspace))
    return found


def _theirs(workspace: Workspace, found: Collection[str]) -> list[str]:
    """Those of the datasets that are there whose rows are people's."""

    def is_theirs(name: str) -> bool:
        named = [each.namespace for each in workspace.dataset(name).identities]
        return any(workspace.namespaces[each].links for each in named if each in workspace.namespaces)

    return [name for name in workspace.datasets if name in found and is_theirs(name)]


def documents(workspace: Workspace) -> dict[str, pl.DataFrame]:
    """What documents say, and what is told of batches, by the names that queries use."""
    default = workspace.policy.name
    merging = _described(workspace.profiles.values())
    return {
        "audience_definitions": _described(workspace.audiences.values()),
        "profile_definitions": merging.with_columns(is_default=pl.col("name") == default),
        "namespace_definitions": _described(workspace.namespaces.values(), "type"),
        "lifetime_definitions": _described(workspace.lifetime.values()),
        "batches": Batches(workspace.lake.batches).current().drop("errors").collect(),
        "quarantined": _quarantined(workspace),
        "rfm_segments": described(workspace.rfm),
        **lifetime.frames(workspace.lake, workspace.lifetime),
    }


def _reads(table: Table) -> bool:
    return table.schema is not None or table.exists()


def _described(documents: Iterable[Document], *more: str) -> pl.DataFrame:
    names = ("name", "title", "description", *more)
    said = [each.model_dump(include={*names}) for each in documents]
    return pl.DataFrame(said, schema=dict.fromkeys(names, pl.String()))


def _quarantined(workspace: Workspace) -> pl.DataFrame:
    """How many rows of each batch were set aside for each reason: (batch, reason, rows)."""
    schema = pl.Schema({"batch": pl.String(), "reason": pl.String(), "rows": pl.Int64()})
    counts = [pl.LazyFrame(schema=schema)]
    for name in workspace.datasets:
        table = workspace.lake.quarantine(name)
        if table.exists():
            reasons = table.scan().select("batch", reason="reasons").explode("reason")
            counts.append(reasons.group_by("batch", "reason").agg(rows=pl.len().cast(pl.Int64)))
    return pl.concat(counts).sort("batch", "reason").collect()
