"""The collector's log in; who unsubscribed, where it counts before the next e-mail, out.

The log lands in the lake within the hour. Nobody who has unsubscribed waits for that: it is searched before
a campaign is sent, and again while it is. The position reached is committed together with what was found.
"""

import json
from datetime import UTC, datetime
from typing import Any

import psycopg

from perennial.campaigns.events import arrived
from perennial.campaigns.log import TOPIC
from perennial.campaigns.suppressions import suppress
from perennial.signals.log import FolderLog

READ_BYTES = 8 * 1024 * 1024


def absorb(log: FolderLog, connection: psycopg.Connection, now: datetime) -> int:
    """Take in what the log holds beyond the committed position; how many times somebody unsubscribed.

    What comes back of a message that was in doubt tells that it has arrived.
    """
    found = 0
    for partition in log.partitions(TOPIC):
        while True:
            records, offset = log.read(TOPIC, partition, _read_until(connection, partition), READ_BYTES)
            if not records:
                break
            events = [event for record in records for event in json.loads(record)["events"]]
            gone = [event for event in events if event["event"] == "unsubscribe"]
            with connection.transaction():
                for event in gone:
                    suppress(
                        connection, {event["email_sha256"]: _moment(event)}, "unsubscribe", event["campaign"]
                    )
                arrived(connection, sorted({event["message_id"] for event in events}), now)
                connection.execute(
                    "INSERT INTO campaigns.position AS p VALUES (%s, %s) ON CONFLICT (partition)"
                    " DO UPDATE SET read_until = greatest(p.read_until, excluded.read_until)",
                    (partition, offset),
                )
            found += len(gone)
    return found


def _read_until(connection: psycopg.Connection, partition: int) -> int:
    row = connection.execute(
        "SELECT read_until FROM campaigns.position WHERE partition = %s", (partition,)
    ).fetchone()
    return int(row[0]) if row else 0


def _moment(event: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(event["at"] / 1e6, UTC)
