"""Profiles and events in, members of all audiences as of a day out."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache

import polars as pl

from perennial.audiences import membership
from perennial.audiences.costs import Rows, costs
from perennial.audiences.definition import Audience
from perennial.audiences.evaluation import in_order, matched, published
from perennial.audiences.happenings import Events
from perennial.audiences.soundness import evaluate_sound
from perennial.identity.people import PERSON
from perennial.lake.audiences import EVALUATIONS
from perennial.stages.lists import with_lists
from perennial.stages.profiles import profiles_of
from perennial.stages.referred import with_records
from perennial.stages.whose import people_of
from perennial.stages.workspace import Workspace

RESPONSES = "email_events"
"""The responses to what was sent, which are of no dataset."""


def evaluate_audiences(workspace: Workspace, as_of: date) -> pl.DataFrame:
    """Evaluate all published audiences; returns (audience, status, people).

    One that cannot be evaluated has no members as of this day. Its failure is recorded; it stops no other.
    """
    lake, version = workspace.lake, workspace.lake.profiles.version()
    people = profiles_of(workspace, as_of, version)
    now = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC)
    begun, events = time.perf_counter(), events_of(workspace)
    every = published(workspace.audiences)
    asked = with_lists(workspace, people, every.values())
    members, wrong = evaluate_sound(asked, events, every, workspace.consents, now)
    seconds = time.perf_counter() - begun
    sound = {name: each for name, each in every.items() if name not in wrong}
    height = people.select(pl.len()).collect().item()
    cost = costs(sound.values(), workspace.consents, now, height, _rows(workspace))
    sizes = dict.fromkeys(sound, 0) | dict(members.group_by("audience").len().iter_rows())
    said = [{"audience": name, "definition_hash": each.definition_hash} for name, each in every.items()]
    found = {
        name: {"size": sizes[name], "rows": cost[name].rows, "seconds": seconds * cost[name].share}
        for name in sound
    } | {name: {"failure": failure} for name, failure in wrong.items()}
    run = {"profiles": version, "at": datetime.now(UTC), "as_of": as_of}
    # First of all: without its failure, an audience that has no members would look as if all had left it.
    rows = [{**each, **found[each["audience"]], **run} for each in said]
    lake.evaluations.replace(pl.DataFrame(rows, schema=EVALUATIONS), as_of)
    stored = membership.store(lake.membership, members, as_of, membership.failed(lake.evaluations))
    return stored.group_by("audience", "status").agg(people=pl.len()).sort("audience", "status")


def failures(workspace: Workspace, as_of: date) -> dict[str, str]:
    """What is wrong with the audiences that could not be evaluated as of a day."""
    rows = workspace.lake.evaluations.scan().filter(pl.col("failure").is_not_null(), as_of=as_of)
    return dict(rows.select("audience", "failure").collect().iter_rows())


def asked(
    workspace: Workspace,
    people: pl.LazyFrame,
    known: Mapping[str, Audience],
    names: Sequence[str],
    now: datetime,
) -> pl.LazyFrame:
    """(person_id, a column for each of these audiences, and for those that they speak of): who is in it.

    `known` are the audiences that may be spoken of. Raises `RuleError`.
    """
    order = in_order(known, workspace.consents, names)
    listed = with_lists(workspace, people, order)
    return matched(listed, events_of(workspace), order, workspace.consents, now)


def events_of(workspace: Workspace) -> Events:
    """What rules can speak of: the events of datasets, and the responses to what was sent."""

    def events(dataset: str, *records: str) -> pl.LazyFrame:
        if dataset == RESPONSES:
            return workspace.lake.email_events.scan()
        if not workspace.table(dataset).exists():
            columns = {name: column.dtype for name, column in workspace.dataset(dataset).columns.items()}
            return with_records(
                workspace, dataset, pl.LazyFrame(schema={PERSON: pl.String(), **columns}), records
            )
        return with_records(workspace, dataset, people_of(workspace, dataset), records)

    return events


def _rows(workspace: Workspace) -> Rows:
    """Counts rows by the log of the lake, without reading any: events lie in folders by day."""

    @cache
    def by_day(dataset: str) -> dict[date, int]:
        table = workspace.lake.email_events if dataset == RESPONSES else workspace.table(dataset)
        return {date.fromisoformat(day): rows for day, rows in table.counts().items()}

    return lambda read: sum(
        rows for day, rows in by_day(read.dataset).items() if read.first <= day <= read.last
    )
