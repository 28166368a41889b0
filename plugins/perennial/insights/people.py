"""Profiles of several merge policies in, by what each person is known out: what facts of identities count."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from perennial.identity.people import PERSON
from perennial.lake.identity import NAME
from perennial.lake.tables import Table

PEOPLE = pl.Schema(
    {
        "merge_policy": pl.String(),
        "is_default": pl.Boolean(),
        "as_of": pl.Date(),
        PERSON: pl.String(),
        "namespaces": pl.List(pl.String()),
        "count_of_identities": pl.Int64(),
    }
)
"""One row a person, day and merge policy; the namespaces are sorted, and each is there once."""


@dataclass(frozen=True)
class Policy:
    """A merge policy's profiles."""

    table: Table
    person: str
    """The namespace of `person_id`: all that is known of those whose identities nobody noted."""
    is_default: bool = False


def people_by_policy(policies: Mapping[str, Policy]) -> pl.LazyFrame:
    """Everyone of every day, by the policies' names, as `PEOPLE`."""
    found = [_people(name, policy) for name, policy in policies.items() if policy.table.exists()]
    return pl.concat([pl.LazyFrame(schema=PEOPLE), *found])


def _people(name: str, policy: Policy) -> pl.LazyFrame:
    rows = policy.table.scan()
    if "identities" not in rows.collect_schema():
        rows = rows.with_columns(identities=pl.lit(None, pl.List(pl.Struct(dict.fromkeys(NAME, pl.String)))))
    known = pl.col("identities").list.eval(pl.element().struct.field(NAME[0])).list.unique().list.sort()
    return rows.select(
        merge_policy=pl.lit(name),
        is_default=pl.lit(policy.is_default),
        as_of="as_of",
        person_id=PERSON,
        namespaces=pl.coalesce(known, pl.lit([policy.person], pl.List(pl.String))),
        count_of_identities=pl.coalesce(pl.col("identities").list.len(), 1).cast(pl.Int64),
    )
