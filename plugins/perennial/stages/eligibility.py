"""An audience in; some of its members, and why somebody is one of them or not, out."""

from datetime import date
from typing import Any

import polars as pl

from perennial.audiences.evaluation import in_order, published
from perennial.audiences.explanation import Explanation, explain
from perennial.audiences.membership import ENTERED, EXITED, qualified
from perennial.identity.people import PERSON
from perennial.stages.audiences import events_of
from perennial.stages.estimates import newest_profiles, titles_of
from perennial.stages.lists import with_lists
from perennial.stages.workspace import Workspace

SOME = 20
"""Members that are shown."""


def why(workspace: Workspace, name: str, person: str) -> tuple[Explanation | None, date]:
    """Why somebody is in an audience or is not, as of the newest profiles; None for who has none.

    Raises `RuleError`.
    """
    audience = workspace.audiences[name]
    daily = newest_profiles(workspace, audience)
    order = in_order({**published(workspace.audiences), name: audience}, workspace.consents, [name])
    people = with_lists(workspace, daily.scan(workspace), order)
    events, titles = events_of(workspace), titles_of(workspace)
    found = explain(person, people, events, order, workspace.consents, daily.midnight, titles)
    return found, daily.day


def some_members(workspace: Workspace, name: str) -> list[dict[str, Any]]:
    """Members of the last day on which the audience was evaluated, those who came last first.

    Each has person_id, status, as_of, first_qualified and last_qualified.
    """
    table = workspace.lake.membership
    if not table.exists():
        return []
    mine = table.scan().filter(audience=name)
    if (day := mine.select(pl.col("as_of").max()).collect().item()) is None:
        return []
    now = mine.filter(pl.col("status") != EXITED, as_of=day)
    entered_first = now.sort(pl.col("status") != ENTERED, PERSON)
    some = entered_first.select(PERSON).head(SOME).collect()[PERSON]
    rows = qualified(mine.filter(pl.col(PERSON).is_in(some.implode())), day)
    return rows.drop("audience").sort("last_qualified", PERSON, descending=[True, False]).collect().to_dicts()


def memberships(workspace: Workspace, person: str) -> pl.DataFrame:
    """All audiences that somebody is in, or was in: audience, and as `qualified` gives them.

    Those they are in come first, then those they were in last.
    """
    table = workspace.lake.membership
    if not table.exists():
        schema = {"audience": pl.String, "status": pl.String}
        dates = ("as_of", "first_qualified", "last_qualified")
        return pl.DataFrame(schema={**schema, **dict.fromkeys(dates, pl.Date)})
    found = qualified(table.scan().filter(pl.col(PERSON) == person), date.max).drop(PERSON)
    left = pl.col("status") == EXITED
    return found.sort(left, "last_qualified", "audience", descending=[False, True, False]).collect()
