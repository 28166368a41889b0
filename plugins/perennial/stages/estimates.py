"""A rule in; who would be in an audience of it now, exactly, out. Nothing is written."""

import time
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from perennial.audiences.comparisons import RuleError, Where, kind_of
from perennial.audiences.definition import Audience, blocks
from perennial.audiences.evaluation import published
from perennial.audiences.rules import Condition
from perennial.audiences.sentence import described
from perennial.identity.people import PERSON
from perennial.stages.audiences import asked
from perennial.stages.profiles import Daily, newest
from perennial.stages.workspace import Workspace

SAMPLE = 8
"""Profiles that are shown of those who meet a rule."""
COLUMNS = 5
"""What is shown of each of them."""
USUAL = ["first_seen", "last_seen", "email"]
"""What is shown where the rule itself names too little."""


@dataclass(frozen=True)
class Estimate:
    """Who meets a rule as of a day; counted, not extrapolated."""

    size: int
    people: int
    as_of: date
    snapshot: int
    """Of the table of profiles."""
    seconds: float
    definition_hash: str
    sentence: str
    namespaces: list[dict[str, Any]]
    """How many members have an identity in each namespace."""
    sample: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "share": self.size / self.people if self.people else 0.0}


def estimate(workspace: Workspace, audience: Audience) -> Estimate:
    """Who would be in an audience, as of the newest day of profiles. Raises `RuleError`."""
    begun, daily = time.perf_counter(), newest_profiles(workspace, audience)
    people = daily.scan(workspace)
    members = _matching(workspace, audience, people, daily.midnight).filter(audience.name).select(PERSON)
    who, total = pl.collect_all([members, people.select(pl.len())], engine="streaming")
    theirs = people.join(who.lazy(), on=PERSON, how="semi")
    shown = theirs.select(_shown(audience, people.collect_schema())).head(SAMPLE)
    parts = pl.collect_all([_namespaces(theirs), shown], engine="streaming")
    titles = {name: each.title for name, each in workspace.namespaces.items()}
    return Estimate(
        who.height,
        total.item(),
        daily.day,
        daily.snapshot,
        time.perf_counter() - begun,
        audience.definition_hash,
        described(audience, titles_of(workspace)),
        [row | {"title": titles.get(row["namespace"], row["namespace"])} for row in parts[0].to_dicts()],
        parts[1].to_dicts(),
    )


def check(workspace: Workspace, audience: Audience) -> None:
    """Compile a rule against the profiles and events that there are. Raises `RuleError`."""
    if (daily := newest(workspace)) is not None:
        _matching(workspace, audience, daily.scan(workspace), daily.midnight).collect_schema()


def newest_profiles(workspace: Workspace, audience: Audience) -> Daily:
    """The profiles that an audience is asked of now. Raises `RuleError` where there are none."""
    if (daily := newest(workspace)) is None:
        raise RuleError(Where(audience.name), "there are no profiles yet: run the Dag profiles first")
    return daily


def titles_of(workspace: Workspace) -> dict[str, str]:
    """What datasets and audiences are called."""
    datasets = {name: each.title for name, each in workspace.datasets.items()}
    return datasets | {name: each.title for name, each in workspace.audiences.items()}


def _matching(workspace: Workspace, audience: Audience, people: pl.LazyFrame, now: datetime) -> pl.LazyFrame:
    """Everybody, and whether they are in the audience, and in those that it speaks of."""
    known = {**published(workspace.audiences), audience.name: audience}
    return asked(workspace, people, known, [audience.name], now)


def _namespaces(people: pl.LazyFrame) -> pl.LazyFrame:
    if "identities" not in people.collect_schema():
        return pl.LazyFrame(schema={"namespace": pl.String, "people": pl.UInt32})
    each = people.select(PERSON, "identities").explode("identities")
    named = each.select(PERSON, namespace=pl.col("identities").struct.field("namespace")).drop_nulls()
    return named.group_by("namespace").agg(people=pl.col(PERSON).n_unique()).sort("people", descending=True)


def _shown(audience: Audience, schema: pl.Schema) -> list[str]:
    every = blocks(audience.condition, Where(""))
    named = [each.attribute for _, each in every if isinstance(each, Condition)]
    named += [audience.top.by] if audience.top else []
    plain = [name for name in (*named, *USUAL) if name in schema and kind_of(schema[name]) != "other"]
    return list(dict.fromkeys([PERSON, *plain]))[: COLUMNS + 1]
