"""What became of messages in, on its way to the lake; written in the transaction that changes their state.

The landing of responses takes events from here, as it takes those that the collector's log holds.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg

from perennial.campaigns.outcomes import Outcome

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MOST = 20_000
"""Events that are taken at a time."""


def arrived(connection: psycopg.Connection, message_ids: Sequence[str], now: datetime) -> int:
    """Record that messages in doubt have arrived after all: something came back of them. How many."""
    rows = connection.execute(
        "UPDATE campaigns.message SET state = 'sent', reason = 'it was in doubt, and has arrived',"
        " updated_at = %(now)s WHERE state = 'doubtful' AND message_id = ANY(%(ids)s::uuid[])"
        " RETURNING message_id, attempts",
        {"now": now, "ids": list(message_ids)},
    ).fetchall()
    for message_id, attempts in rows:
        tell(connection, str(message_id), f"{message_id}/{attempts}", Outcome.sent(""), now)
    return len(rows)


def tell(connection: psycopg.Connection, message_id: str, stem: str, outcome: Outcome, at: datetime) -> None:
    """Have the events of an outcome land in the lake, each once by the stem of its id."""
    said = {"bounce": (outcome.bounce_class, outcome.status)}
    events: Sequence[tuple[Any, ...]] = [
        (f"{stem}/{event}", message_id, event, *said.get(event, (None, None)), at) for event in outcome.events
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO campaigns.event (event_id, message_id, event, bounce_class, status, at)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            events,
        )


def waiting(connection: psycopg.Connection) -> list[dict[str, Any]]:
    """Events that have not landed, the oldest first, in the form that the collector gives its own."""
    rows = connection.execute(
        "SELECT e.event_id, e.event, e.bounce_class, e.status AS bounce_reason,"
        " (extract(epoch FROM e.at) * 1000000)::bigint AS at, m.message_id::text AS message_id, m.campaign,"
        " m.audience, m.as_of::text AS as_of, m.email_sha256, m.domain"
        " FROM campaigns.event e JOIN campaigns.message m USING (message_id)"
        " WHERE NOT e.landed ORDER BY e.at, e.event_id LIMIT %s",
        (MOST,),
    )
    return [dict(zip((column.name for column in rows.description or ()), row, strict=True)) for row in rows]


def domains(connection: psycopg.Connection, message_ids: Sequence[str]) -> dict[str, str]:
    """What follows the @ of the addresses of these messages; the collector's links do not say it."""
    rows = connection.execute(
        "SELECT message_id::text, domain FROM campaigns.message"
        " WHERE message_id = ANY(%s::uuid[]) AND domain IS NOT NULL",
        ([each for each in message_ids if UUID.fullmatch(each)],),
    )
    return dict(rows.fetchall())


def landed(connection: psycopg.Connection, event_ids: Sequence[str]) -> None:
    """Record that these events are in the lake."""
    connection.execute(
        "UPDATE campaigns.event SET landed = true WHERE event_id = ANY(%s)", (list(event_ids),)
    )
