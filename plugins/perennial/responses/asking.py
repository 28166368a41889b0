"""Providers that have to be asked: what they tell, stretch by stretch, into the lake, each event once.

How far each of a provider's streams was read is committed together with its rows, so that a run that is
killed goes on where it was, and what it reads again lands once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import polars as pl

from perennial.lake.catalog import Lake
from perennial.lake.tables import Table
from perennial.responses.land import LandReport, fresh_of, people
from perennial.responses.shape import addressed

AROUND = timedelta(days=1)
"""By how much the times may differ that are told of the same event, by reports and webhooks."""
Position = Callable[[str], int]
"""How far a stream was read; below 1 where it was not."""
PRESUMED = "presumed"
"""A key of rows: nothing says that this was delivered, only that it was sent. What bounced was not."""


def delivery(send: Mapping[str, Any]) -> dict[str, Any]:
    """The delivery that a provider does not tell of: presumed of what was sent."""
    return {**send, "event_id": f"{send['event_id']}/delivered", "event_type": "delivered", PRESUMED: True}


@dataclass(frozen=True)
class Stretch:
    """Some of what a provider told."""

    rows: list[dict[str, Any]]
    """As `addressed` takes them."""
    reached: tuple[str, int] | None = None
    """A stream, and how far it is read when these and all rows before them are in the lake."""


class Reader(Protocol):
    """Asks one account."""

    @property
    def unclear(self) -> Mapping[str, str]:
        """Campaigns whose events are left at the provider, and why; known when all was read."""

    @property
    def pending(self) -> Sequence[str]:
        """Jobs that the provider still works on; what they tell is read another time."""

    def stretches(self, position: Position, now: datetime) -> Iterator[Stretch]:
        """What happened beyond the positions, of campaigns that went to our audiences."""


@dataclass(frozen=True)
class AskReport:
    """What an account told."""

    landed: LandReport = field(default_factory=LandReport)
    unclear: Mapping[str, str] = field(default_factory=dict)
    pending: Sequence[str] = ()

    def as_dict(self) -> dict[str, Any]:
        """As plain values."""
        pending = {"pending": list(self.pending)} if self.pending else {}
        return {**self.landed.as_dict(), "unclear": dict(self.unclear), **pending}


def ask(reader: Reader, account: str, lake: Lake, now: datetime) -> AskReport:
    """Land all that an account has to tell; `account` is by what the lake remembers how far that was."""
    events, identities, total = lake.email_events, people(lake), LandReport()
    received_at = int(now.timestamp() * 1_000_000)

    def position(stream: str) -> int:
        return events.transaction(f"{account}/{stream}")

    for stretch in reader.stretches(position, now):
        rows = [{**row, "received_at": received_at} for row in stretch.rows]
        responses = _told(rows, identities, events)
        fresh = fresh_of(responses, events, AROUND)
        reached = [(f"{account}/{stretch.reached[0]}", stretch.reached[1])] if stretch.reached else []
        if fresh.height or reached:
            events.append(fresh, reached)
        total += LandReport(
            received=responses.height,
            landed=fresh.height,
            repeated=responses.height - fresh.height,
            unknown_people=fresh["person_id"].null_count(),
        )
    return AskReport(total, reader.unclear, reader.pending)


def _told(rows: list[dict[str, Any]], identities: pl.LazyFrame, events: Table) -> pl.DataFrame:
    """The responses, with those deliveries that are presumed, of which it is not known that they bounced."""
    presumed = [row for row in rows if row.get(PRESUMED)]
    told = addressed([row for row in rows if not row.get(PRESUMED)], identities)
    if not presumed:
        return told
    maybe = addressed(presumed, identities)
    bounced = events.scan().filter(
        pl.col("event_type") == "bounced",
        pl.col("event_date") >= maybe["event_date"].min(),
        pl.col("provider").is_in(maybe["provider"].unique().to_list()),
    )
    both = pl.concat(
        [bounced.select("send_id").collect(), told.filter(event_type="bounced").select("send_id")]
    )
    return pl.concat([told, maybe.join(both, on="send_id", how="anti")])
