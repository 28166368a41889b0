"""The ledger in; which audiences an account's lists hold, and as of which day they were when, out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import psycopg


@dataclass(frozen=True)
class Kept:
    """What we keep in one account of a provider."""

    audiences: Mapping[str, frozenset[str]]
    """By the provider's id of a list."""
    runs: Sequence[tuple[datetime, date]]
    """When each run was done, and as of which day, in this order."""
    since: datetime | None
    """When the first run began: nothing of ours was sent to before."""

    def audience(self, lists: Collection[str]) -> str | None:
        """The one audience that these lists hold, all of them and nobody else."""
        found = {self.audiences.get(each, frozenset()) for each in lists}
        names = frozenset().union(*found) if found and frozenset() not in found else frozenset()
        return next(iter(names)) if len(names) == 1 else None

    def as_of(self, moment: datetime | None) -> date | None:
        """The day whose state the lists had at a moment."""
        done = [day for at, day in self.runs if moment is not None and at <= moment]
        return done[-1] if done else None


def kept(url: str, destination: str) -> Kept:
    """What the ledger at a URL says of the account behind an Airflow connection."""
    audiences: dict[str, set[str]] = {}
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT list_id, audience FROM activation.list WHERE destination = %s", (destination,)
        )
        for list_id, audience in found:
            audiences.setdefault(list_id, set()).add(audience)
        runs = connection.execute(
            "SELECT finished_at, (as_of AT TIME ZONE 'UTC')::date FROM activation.run"
            " WHERE destination = %s AND state = 'done' ORDER BY finished_at",
            (destination,),
        ).fetchall()
        first = connection.execute(
            "SELECT min(started_at) FROM activation.run WHERE destination = %s", (destination,)
        ).fetchone()
    sets = {list_id: frozenset(names) for list_id, names in audiences.items()}
    return Kept(sets, runs, first[0] if first else None)


def holding(url: str, destination: str, keys: Collection[str]) -> dict[str, set[str]]:
    """By key, of those that were ever sent to an account: in which audiences."""
    found: dict[str, set[str]] = {}
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT key, audience FROM activation.delivery WHERE destination = %s AND key = ANY(%s)",
            (destination, list(keys)),
        )
        for key, audience in rows:
            found.setdefault(key, set()).add(audience)
    return found
