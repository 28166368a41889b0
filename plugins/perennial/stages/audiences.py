"""Profiles and events in, members of all audiences as of a day out."""

from datetime import UTC, date, datetime

import polars as pl

from perennial.audiences import membership
from perennial.audiences.evaluation import evaluate, published
from perennial.audiences.happenings import Events
from perennial.identity.people import PERSON
from perennial.lake.audiences import EVALUATIONS
from perennial.stages.whose import people_of
from perennial.stages.workspace import Workspace


def evaluate_audiences(workspace: Workspace, as_of: date) -> pl.DataFrame:
    """Evaluate all published audiences; returns (audience, status, people)."""
    lake, version = workspace.lake, workspace.lake.profiles.version()
    people = lake.profiles.scan(version).filter(as_of=as_of)
    now = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC)
    members = evaluate(people, events_of(workspace), workspace.audiences, workspace.consents, now)
    rows = membership.store(lake.membership, members, as_of)
    sizes = dict(members.group_by("audience").len().iter_rows())
    evaluated = [
        {"audience": name, "definition_hash": each.definition_hash, "size": sizes.get(name, 0),
         "profiles": version, "at": datetime.now(UTC), "as_of": as_of}
        for name, each in published(workspace.audiences).items()
    ]  # fmt: skip
    lake.evaluations.replace(pl.DataFrame(evaluated, schema=EVALUATIONS), as_of)
    return rows.group_by("audience", "status").agg(people=pl.len()).sort("audience", "status")


def events_of(workspace: Workspace) -> Events:
    """What rules can speak of: the events of datasets, and the responses to what was sent."""

    def events(dataset: str) -> pl.LazyFrame:
        if dataset == workspace.lake.email_events.name.rpartition("/")[2]:
            return workspace.lake.email_events.scan()
        if not workspace.table(dataset).exists():
            columns = {name: column.dtype for name, column in workspace.dataset(dataset).columns.items()}
            return pl.LazyFrame(schema={PERSON: pl.String(), **columns})
        return people_of(workspace, dataset)

    return events
