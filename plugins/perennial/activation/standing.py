"""The ledger in; how each activation stands, for a page: its last run, and what was refused, by reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, LiteralString

import psycopg

from perennial.store_schemas import has_table

LAST: LiteralString = """
SELECT DISTINCT ON (activation) activation, (as_of AT TIME ZONE 'UTC')::date, state, started_at, counts
FROM activation.run ORDER BY activation, as_of DESC
"""
REFUSED: LiteralString = """
SELECT activation, audience, coalesce(reason, ''), count(*)
FROM activation.delivery WHERE state = 'rejected'
GROUP BY activation, audience, reason ORDER BY activation, count(*) DESC, audience, reason
"""
ASKED: LiteralString = """
SELECT DISTINCT ON (activation) activation, approved, answered_by, asked_at
FROM activation.approval ORDER BY activation, asked_at DESC
"""
MOST = 200
"""Reasons that are listed of one activation."""


@dataclass(frozen=True)
class Refusal:
    """Rows that a destination refused alike."""

    audience: str
    reason: str
    rows: int


@dataclass
class Standing:
    """How one activation stands."""

    as_of: date | None = None
    """The day of its last run."""
    state: str = ""
    """`running` or `done`, of the last run."""
    started_at: datetime | None = None
    counts: Mapping[str, Any] = field(default_factory=dict)
    """What the last run reported."""
    refusals: list[Refusal] = field(default_factory=list)
    approval: str = ""
    """What became of the last question to a person, if there was one."""

    @property
    def refused(self) -> int:
        """How many rows are refused."""
        return sum(each.rows for each in self.refusals)


def standings(connection: psycopg.Connection) -> dict[str, Standing]:
    """Of every activation that was ever run, by name."""
    found: dict[str, Standing] = {}
    if not has_table(connection, "activation.approval"):
        return found
    for name, as_of, state, started_at, counts in connection.execute(LAST):
        found[name] = Standing(as_of, state, started_at, counts)
    for name, audience, reason, rows in connection.execute(REFUSED):
        refusals = found.setdefault(name, Standing()).refusals
        if len(refusals) < MOST:
            refusals.append(Refusal(audience, reason, rows))
    for name, approved, answered_by, _ in connection.execute(ASKED):
        said = "waits for an answer" if approved is None else "approved" if approved else "declined"
        found.setdefault(name, Standing()).approval = said + (f" by {answered_by}" if answered_by else "")
    return found
