"""What a task left beyond tables that documents describe; what it is made from, out.

The store, destinations, queries and matches: each operator of these asks for its own part.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from perennial.activation.definition import Activation
from perennial.campaigns.definition import Campaign
from perennial.insights.model import load_models
from perennial.lake.written import Written
from perennial.lineage import destinations, insights, sql, tables
from perennial.lineage.model import Dataset, Derivation, lake
from perennial.matching.definition import load_match
from perennial.queries.scheduled import find
from perennial.responses.log import FOLDER
from perennial.stages.campaigns import load_campaigns
from perennial.stages.lineage import Made, fields_of, in_lake
from perennial.stages.responses import connections
from perennial.stages.workspace import Workspace


def in_store(workspace: Workspace, rows: Mapping[str, int | None]) -> dict[Dataset, Made]:
    """The tables of the star schema to which rows were written."""
    models = load_models(workspace.settings.include / "sql" / "insights")
    written = [models[name] for name in rows if name in models]
    known = {each for made in insights.relations(workspace).values() for each in made if each.place == "lake"}
    columns = {each: [*found] for each in known if (found := fields_of(workspace, each))}
    return {
        insights.table(model): Made(derivation, model.columns, rows[model.name])
        for model, derivation in insights.derivations(workspace, written, columns)
    }


def sent(workspace: Workspace, activation: Activation, rows: int | None) -> dict[Dataset, Made]:
    """What an activation brought to its destination."""
    derivation = destinations.activated(workspace, activation)
    return {
        destinations.destination(activation): Made(derivation, dict.fromkeys(derivation.columns, ""), rows)
    }


def mailed(workspace: Workspace, counts: Mapping[str, Mapping[str, Any]]) -> dict[Dataset, Made]:
    """What campaigns sent; `counts` are their reports, by name."""
    found, campaigns = {}, load_campaigns(workspace.settings.include)
    for name, report in counts.items():
        campaign, rows = campaigns.get(name), report.get("sent", 0)
        if isinstance(campaign, Campaign) and rows:
            there, derivation = destinations.mailed(workspace, campaign)
            found[there] = Made(derivation, dict.fromkeys(derivation.columns, ""), rows)
    return found


def landed_responses(workspace: Workspace, written: Written) -> dict[Dataset, Made]:
    """What recipients did, as posts of webhooks and our own links told it."""
    sources = [Dataset("spool", FOLDER), Dataset("store", "campaigns.event")]
    return dict(_made_by(workspace, written, Derivation(also=frozenset(sources))))


def answered(workspace: Workspace, written: Written, counts: Mapping[str, Any]) -> dict[Dataset, Made]:
    """What recipients did, as providers told it who were asked; `counts` are by connection."""
    kinds = {name: kind for kind, names in connections(workspace).items() for name in names}
    asked = [Dataset("elsewhere", f"{kinds[name]}://{name}/responses") for name in counts if name in kinds]
    return dict(_made_by(workspace, written, Derivation(also=frozenset(asked))))


def recomputed(workspace: Workspace, written: Written, counts: Mapping[str, Any]) -> dict[Dataset, Made]:
    """What days of the past were computed again; of the star schema, how many rows is not known."""
    every = load_models(workspace.settings.include / "sql" / "insights") if counts.get("insights") else ()
    return {**in_lake(workspace, written), **in_store(workspace, dict.fromkeys(every))}


def matched(workspace: Workspace, name: str, written: Written) -> dict[Dataset, Made]:
    """The pairs of a match."""
    match = load_match(workspace.settings.include / "matches" / f"{name}.yaml")
    return dict(_made_by(workspace, written, tables.matched(workspace, match)))


def queried(
    workspace: Workspace, name: str, written: Written, read: Mapping[str, object]
) -> dict[Dataset, Made]:
    """The table of a scheduled query; `read` are the tables of the lake that it read."""
    query = find(workspace.settings.include, name)
    if query.dialect == "store":
        return dict(_made_by(workspace, written, Derivation()))
    relations = {each.replace("/", "."): (lake(each),) for each in read}
    columns = {each.replace("/", "."): [*(fields_of(workspace, lake(each)) or {})] for each in read}
    found = sql.derivation(query.sql, relations, columns)
    derivation = Derivation(found.columns, also=frozenset(lake(each) for each in read))
    return dict(_made_by(workspace, written, derivation))


def _made_by(
    workspace: Workspace, written: Written, derivation: Derivation
) -> Iterator[tuple[Dataset, Made]]:
    for dataset, made in in_lake(workspace, written).items():
        yield dataset, Made(derivation, made.fields, made.rows, made.bytes)
