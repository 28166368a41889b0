"""Any identity of a person in; all that is known of them, and since when, out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from perennial.audiences.happenings import TIME
from perennial.identity.people import PERSON
from perennial.identity.resolve import current, periods
from perennial.identity.values import comparable
from perennial.lake.identity import LEFT, NAME, RIGHT
from perennial.stages.audiences import events_of
from perennial.stages.eligibility import memberships
from perennial.stages.live_audiences import of_person
from perennial.stages.live_profiles import live_profiles
from perennial.stages.profiles import newest, newest_day
from perennial.stages.whose import naming
from perennial.stages.workspace import Workspace

EVENTS = 20
"""The newest of all datasets together."""


@dataclass(frozen=True)
class Person:
    """What the lake has of somebody. Frames may be empty."""

    person_id: str
    as_of: date | None
    attributes: dict[str, Any]
    """Of the newest profile: what is not empty."""
    identities: pl.DataFrame
    """namespace, value, since, dataset, first_seen, last_seen: which rows told of each, and when."""
    history: pl.DataFrame
    """as_of, and the ranks and values of each day that has a profile of them."""
    audiences: pl.DataFrame
    """As `memberships` gives them: in which audiences they are, or were, and when they came into each."""
    live: list[dict[str, Any]]
    """As `of_person` gives them: in which audiences they are, or were, as events come."""
    events: pl.DataFrame
    """dataset, event_time, what: the newest."""
    responses: pl.DataFrame
    """event_time, event_type, campaign_name, audience."""
    changes: pl.DataFrame
    """at, event, other_person, namespace, value, reason: merges, splits, and links that were refused."""


def find(workspace: Workspace, text: str) -> list[dict[str, str]]:
    """The people whom a text names in any namespace: (person_id, namespace, value) each."""
    names, rows = naming(workspace), []
    known = current(workspace.lake.identities.scan())
    for namespace in workspace.namespaces.values():
        if namespace.links:
            wanted = pl.select(comparable(pl.lit(text), namespace)).item()
            rows.append({"namespace": namespace.name, "value": wanted})
    asked = pl.DataFrame(rows, schema=dict.fromkeys(NAME, pl.String)).drop_nulls()
    linked = known.join(asked.lazy(), on=NAME, how="semi").select(PERSON, *NAME).collect()
    # Who has one identity only is in no link: their profile tells.
    alone = asked.select(names.alone().alias(PERSON), *NAME).join(linked, on=NAME, how="anti")
    people = _newest(workspace, alone[PERSON]).select(PERSON).unique()
    seen = alone.lazy().join(people, on=PERSON, how="semi").collect()
    return pl.concat([linked, seen]).unique(PERSON, maintain_order=True).to_dicts()


def person(workspace: Workspace, person_id: str) -> Person | None:
    """Somebody by their id; None if nothing is known of them."""
    lake, mine = workspace.lake, pl.col(PERSON) == person_id
    known = _newest(workspace, pl.Series([person_id])).collect()
    identities = _identities(workspace, person_id)
    if known.is_empty() and identities.is_empty():
        return None
    row = known.to_dicts()[0] if known.height else {}
    changes = lake.identity_events.scan().filter(mine | (pl.col("other_person") == person_id))
    responses = lake.email_events.scan().filter(mine).sort(TIME, descending=True).head(EVENTS)
    return Person(
        person_id,
        newest_day(workspace),
        {name: value for name, value in row.items() if _says_something(name, value)},
        identities,
        _history(workspace, mine),
        memberships(workspace, person_id),
        of_person(workspace, person_id),
        _events(workspace, person_id),
        responses.select(TIME, "event_type", "campaign_name", "audience").collect(),
        changes.sort("at", descending=True).collect(),
    )


def _newest(workspace: Workspace, people: pl.Series) -> pl.LazyFrame:
    """The profiles of some people, as of the newest day and with what is new since."""
    daily = newest(workspace)
    if daily is None:
        return pl.LazyFrame(schema={PERSON: pl.String})
    return live_profiles(workspace, daily, people)


def _says_something(name: str, value: Any) -> bool:
    return name not in (PERSON, "as_of", "identities") and value is not None and not isinstance(value, dict)


def _identities(workspace: Workspace, person_id: str) -> pl.DataFrame:
    """By what they are known now, and which rows told so."""
    mapping = periods(workspace.lake.identities.scan())
    mine = mapping.filter(pl.col(PERSON) == person_id, pl.col("until").is_null()).select(*NAME, "since")
    links = workspace.lake.links.scan()
    seen = [
        links.select("dataset", "first_seen", "last_seen", namespace=ends[0], value=ends[1])
        for ends in (LEFT, RIGHT)
    ]
    each = pl.concat(seen).join(mine, on=NAME, how="semi").group_by(*NAME, "dataset")
    told = each.agg(pl.col("first_seen").min(), pl.col("last_seen").max())
    return mine.join(told, on=NAME, how="left").sort(*NAME, "dataset").collect()


def _history(workspace: Workspace, mine: pl.Expr) -> pl.DataFrame:
    """Ranks, values and segments, day by day."""
    if not workspace.lake.profiles.exists():
        return pl.DataFrame(schema={"as_of": pl.Date})
    people = workspace.lake.profiles.scan()
    schema = people.collect_schema()
    plain = [name for name, dtype in schema.items() if not dtype.is_nested()]
    told = [name for name in plain if name.endswith("_decile") or name.startswith(("predicted_", "p_alive"))]
    told += [name for name in plain if schema[name].is_decimal() and name not in told]
    return people.filter(mine).select("as_of", *told).sort("as_of").collect()


def _events(workspace: Workspace, person_id: str) -> pl.DataFrame:
    """The newest events of all datasets, each in one line of text."""
    found = [pl.DataFrame(schema={"dataset": pl.String, TIME: pl.Datetime("us", "UTC"), "what": pl.String})]
    for name, rows in _datasets(workspace):
        theirs = rows.filter(pl.col(PERSON) == person_id).sort(TIME, descending=True).head(EVENTS).collect()
        names = {each.column for each in workspace.dataset(name).identities}
        hidden = {PERSON, TIME, *names, "batch", "event_id", "event_date", "held_at"}
        said = [column for column in theirs.columns if column not in hidden]
        lines = [
            ", ".join(f"{key} {row[key]}" for key in said if row[key] is not None)
            for row in theirs.to_dicts()
        ]
        found.append(
            theirs.select(dataset=pl.lit(name), event_time=TIME).with_columns(
                what=pl.Series(lines, dtype=pl.String)
            )
        )
    return pl.concat(found).sort(TIME, "dataset", descending=[True, False]).head(EVENTS)


def _datasets(workspace: Workspace) -> Iterator[tuple[str, pl.LazyFrame]]:
    events = events_of(workspace)
    for name, dataset in workspace.datasets.items():
        if dataset.kind == "event" and dataset.identities and workspace.table(name).exists():
            yield name, events(name)
