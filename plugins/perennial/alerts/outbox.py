"""Notices in, kept in PostgreSQL (schema `alerts`) until each of their channels has taken them.

A notice is recorded before it is sent. What was not taken is tried again, at growing intervals, for a day.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from perennial import store_schemas
from perennial.alerts.notice import Channel, Notice

SCHEMA = Path(__file__).with_name("schema.sql")
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(hours=2)
"""Between attempts; each wait is twice as long as the one before."""
PATIENCE = timedelta(days=1)
"""After which nobody tries any more."""
LEASE = timedelta(minutes=2)
"""For which a delivery is left to whoever makes it."""
KEPT = timedelta(days=90)
Send = Callable[[Channel, Notice], None]
"""Gives a channel a notice; raises if it did not take it."""


@dataclass(frozen=True)
class Kept:
    """A notice as the page shows it."""

    notice_id: int
    notice: Notice
    at: datetime
    seen_at: datetime | None
    seen_by: str | None
    delivered: list[str] = field(default_factory=list)
    """The channels that have taken it."""
    waiting: list[str] = field(default_factory=list)
    undelivered: list[str] = field(default_factory=list)
    """Those that never took it, and why."""


def migrate(url: str) -> None:
    """Create the schema `alerts` where it is missing; can be repeated, and by several at once."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        store_schemas.migrate(connection, "alerts", SCHEMA.read_text("utf-8"))


class Outbox:
    """Reads and writes; each method is one transaction, but `deliver`, which is one a delivery."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def put(self, notice: Notice, channels: Sequence[Channel], now: datetime) -> bool:
        """Keep a notice and where it goes; False if it is known already."""
        with self.connection.transaction():
            row = self.connection.execute(
                "INSERT INTO alerts.notice (key, event, dag_id, run_id, said, detail, link, amount, at)"
                " VALUES (%(key)s, %(event)s, %(dag)s, %(run)s, %(text)s, %(detail)s, %(link)s, %(amount)s,"
                " %(now)s) ON CONFLICT (key) DO NOTHING RETURNING notice_id",
                {**asdict(notice), "now": now},
            ).fetchone()
            if row is None:
                return False
            for channel in channels:
                self.connection.execute(
                    "INSERT INTO alerts.delivery (notice_id, kind, connection, address, next_attempt_at)"
                    " VALUES (%s, %s, %s, %s, %s)",
                    (row[0], channel.kind, channel.connection, channel.to, now),
                )
        return True

    def deliver(self, send: Send, now: datetime, key: str | None = None) -> dict[str, int]:
        """Send what is due, or of it one notice; how many were `delivered`, `waiting`, `given_up`."""
        counts = {"delivered": 0, "waiting": 0, "given_up": 0}
        for row in self._due(now, key):
            notice, channel = _notice(row), Channel(row["kind"], row["connection"], row["address"])
            problem, state = "", "delivered"
            try:
                send(channel, notice)
            except Exception as error:  # whatever a channel does, the others are served
                problem = f"{type(error).__name__}: {error}"[:500]
                state = "given_up" if now - row["at"] > PATIENCE else "waiting"
            counts[state] += 1
            wait = min(FIRST_WAIT * 2 ** row["attempts"], LONGEST_WAIT)
            self.connection.execute(
                "UPDATE alerts.delivery SET state = %s, attempts = attempts + 1, problem = %s,"
                " next_attempt_at = %s"
                " WHERE notice_id = %s AND kind = %s AND connection = %s AND address = %s",
                (state, problem, now + wait, row["notice_id"], channel.kind, channel.connection, channel.to),
            )
        return counts

    def see(self, by: str, now: datetime, notice_id: int | None = None) -> int:
        """Say that somebody has seen a notice, or all of them; returns how many were new."""
        return self.connection.execute(
            "UPDATE alerts.notice SET seen_at = %s, seen_by = %s"
            " WHERE seen_at IS NULL AND (%s::bigint IS NULL OR notice_id = %s)",
            (now, by, notice_id, notice_id),
        ).rowcount

    def newest(self, limit: int) -> list[Kept]:
        """Notices, those that nobody has seen first, of them trouble, then the newest."""
        if not self._is_there():
            return []
        with self.connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(
                "SELECT * FROM alerts.notice ORDER BY seen_at IS NOT NULL,"
                " seen_at IS NULL AND event IN ('start', 'success'), at DESC, notice_id DESC LIMIT %s",
                (limit,),
            ).fetchall()
            found = {
                row["notice_id"]: Kept(
                    row["notice_id"], _notice(row), row["at"], row["seen_at"], row["seen_by"]
                )
                for row in rows
            }
            deliveries = cursor.execute(
                "SELECT * FROM alerts.delivery WHERE notice_id = ANY(%s) ORDER BY kind, connection, address",
                ([*found],),
            ).fetchall()
        for row in deliveries:
            kept, channel = found[row["notice_id"]], Channel(row["kind"], row["connection"], row["address"])
            where = {"delivered": kept.delivered, "waiting": kept.waiting}.get(row["state"], kept.undelivered)
            where.append(channel.name + (f" ({row['problem']})" if row["problem"] else ""))
        return [*found.values()]

    def unseen(self) -> int:
        """How many notices nobody has seen."""
        if not self._is_there():
            return 0
        row = self.connection.execute("SELECT count(*) FROM alerts.notice WHERE seen_at IS NULL").fetchone()
        return int(row[0]) if row else 0

    def forget(self, now: datetime) -> int:
        """Remove notices that are old; returns how many."""
        return self.connection.execute("DELETE FROM alerts.notice WHERE at < %s", (now - KEPT,)).rowcount

    def _due(self, now: datetime, key: str | None) -> list[dict[str, Any]]:
        """What is to be sent now. It is nobody else's for a while: two at once send nothing twice."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(
                "WITH due AS (SELECT d.ctid AS place FROM alerts.delivery d JOIN alerts.notice n USING"
                " (notice_id) WHERE d.state = 'waiting' AND d.next_attempt_at <= %(now)s"
                " AND (%(key)s::text IS NULL OR n.key = %(key)s) FOR UPDATE OF d SKIP LOCKED)"
                " UPDATE alerts.delivery d SET next_attempt_at = %(later)s FROM alerts.notice n"
                " WHERE d.ctid IN (SELECT place FROM due) AND n.notice_id = d.notice_id"
                " RETURNING n.*, d.kind, d.connection, d.address, d.attempts",
                {"now": now, "later": now + LEASE, "key": key},
            ).fetchall()

    def _is_there(self) -> bool:
        return store_schemas.has_table(self.connection, "alerts.delivery")


def _notice(row: dict[str, Any]) -> Notice:
    return Notice(
        row["key"],
        row["event"],
        row["dag_id"],
        row["run_id"],
        row["said"],
        row["detail"],
        row["link"],
        row["amount"],
    )
