"""What was sent to whom, kept in PostgreSQL (schema `campaigns`), so that nobody is sent the same twice.

Each method is one transaction. A message is recorded before the mail server is given it, and again with
what the server said. A message of which only the first is recorded is in doubt: it is told, and sent again
only when somebody says so. Who is suppressed is not recorded as being sent to, however late that became
known.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, LiteralString

import polars as pl
import psycopg

from perennial import store_schemas
from perennial.campaigns.events import tell
from perennial.campaigns.outcomes import Outcome
from perennial.campaigns.suppressions import suppress
from perennial.errors import TransientError

SCHEMA = Path(__file__).with_name("schema.sql")
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=15), timedelta(hours=4)
"""Between attempts of a message that was deferred; each is twice as long as the one before."""


class CampaignBusyError(TransientError):
    """Another run sends the same campaign."""


@dataclass(frozen=True)
class Intended:
    """A message that may be given to the mail server now."""

    message_id: str
    audience: str
    as_of: date


def migrate(url: str) -> None:
    """Create the schema `campaigns` where it is missing; can be repeated, and by several at once."""
    with psycopg.connect(url) as connection:
        store_schemas.migrate(connection, "campaigns", SCHEMA.read_text("utf-8"))


@contextmanager
def open_ledger(url: str, campaign: str) -> Iterator["Ledger"]:
    """The ledger of one campaign; `CampaignBusyError` where another run has it."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (f"campaigns/{campaign}",)
        ).fetchone()
        if not row or not row[0]:
            raise CampaignBusyError(f"another run sends the campaign {campaign}")
        yield Ledger(connection, campaign)


class Ledger:
    """Reads and writes of one campaign."""

    def __init__(self, connection: psycopg.Connection, campaign: str) -> None:
        self.connection, self.campaign = connection, campaign

    def recover(self, now: datetime) -> int:
        """Put in doubt what an earlier run left in the middle; how many those are."""
        return self._run(
            "UPDATE campaigns.message SET state = 'doubtful', updated_at = %(now)s,"
            " reason = 'the run ended while it was being sent'"
            " WHERE campaign = %(campaign)s AND state = 'sending'",
            now=now,
        ).rowcount

    def replay(self, now: datetime) -> int:
        """Have what is in doubt sent again: to some it will be the second time. How many those are."""
        return self._run(
            "UPDATE campaigns.message SET state = 'deferred', next_attempt_at = %(now)s,"
            " updated_at = %(now)s, reason = 'it was in doubt, and is sent again'"
            " WHERE campaign = %(campaign)s AND state = 'doubtful'",
            now=now,
        ).rowcount

    def done(self, now: datetime) -> pl.DataFrame:
        """Who needs no message now: (person_id, email_sha256)."""
        rows = self._run(
            "SELECT person_id, email_sha256 FROM campaigns.message WHERE campaign = %(campaign)s"
            " AND NOT (state = 'deferred' AND next_attempt_at <= %(now)s)",
            now=now,
        ).fetchall()
        return pl.DataFrame(rows, schema={"person_id": pl.String, "email_sha256": pl.String}, orient="row")

    def intend(
        self,
        message_id: str,
        person_id: str,
        email_sha256: str,
        audience: str,
        as_of: date,
        now: datetime,
        domain: str | None = None,
    ) -> Intended | None:
        """Record that a message is about to be sent; None where the person has it, or may not get it.

        One that was deferred keeps its id: whoever has got it nevertheless can tell that it is the same.
        """
        row = self._run(
            "INSERT INTO campaigns.message AS m (message_id, campaign, person_id, email_sha256, audience,"
            " as_of, state, attempts, created_at, updated_at, domain)"
            " SELECT %(id)s::uuid, %(campaign)s, %(person)s, %(sha256)s, %(audience)s, %(as_of)s, 'sending',"
            " 1, %(now)s, %(now)s, %(domain)s::text"
            " WHERE NOT EXISTS (SELECT FROM campaigns.suppression WHERE email_sha256 = %(sha256)s)"
            " AND NOT EXISTS (SELECT FROM campaigns.message WHERE campaign = %(campaign)s"
            " AND email_sha256 = %(sha256)s AND person_id <> %(person)s)"
            " ON CONFLICT (campaign, person_id) DO UPDATE SET state = 'sending', attempts = m.attempts + 1,"
            " email_sha256 = excluded.email_sha256, domain = excluded.domain,"
            " updated_at = excluded.updated_at, next_attempt_at = NULL"
            " WHERE m.state = 'deferred' AND m.next_attempt_at <= %(now)s"
            " RETURNING message_id, audience, as_of",
            id=message_id, person=person_id, sha256=email_sha256, audience=audience, as_of=as_of, now=now,
            domain=domain,
        ).fetchone()  # fmt: skip
        return Intended(str(row[0]), row[1], row[2]) if row else None

    def conclude(self, message_id: str, outcome: Outcome, now: datetime) -> None:
        """Record what the mail server said, what is to be told of it, and whom not to send to any more."""
        with self.connection.transaction():
            row = self._run(
                "UPDATE campaigns.message SET state = %(state)s, status = %(status)s, reason = %(reason)s,"
                " next_attempt_at = CASE WHEN %(state)s = 'deferred' THEN %(now)s::timestamptz"
                " + least(%(first)s::interval * power(2, greatest(attempts - 1, 0)), %(longest)s::interval)"
                " END, updated_at = %(now)s WHERE message_id = %(id)s::uuid RETURNING attempts, email_sha256",
                id=message_id, state=outcome.state, status=outcome.status, reason=outcome.reason,
                first=FIRST_WAIT, longest=LONGEST_WAIT, now=now,
            ).fetchone()  # fmt: skip
            if row is None:
                return  # The person was erased meanwhile.
            tell(self.connection, message_id, f"{message_id}/{row[0]}", outcome, now)
            if outcome.state == "bounced":
                suppress(self.connection, {row[1]: now}, "bounce", self.campaign)

    def release(self, message_id: str, now: datetime) -> None:
        """Record that a message was not given to the mail server after all."""
        self._run(
            "UPDATE campaigns.message SET state = 'deferred', next_attempt_at = %(now)s,"
            " updated_at = %(now)s, attempts = attempts - 1, reason = 'the mail server was not there'"
            " WHERE message_id = %(id)s::uuid",
            id=message_id, now=now,
        )  # fmt: skip

    def expire(self, now: datetime) -> int:
        """Give up what is still deferred when the campaign is over; how many those are."""
        with self.connection.transaction():
            rows = self._run(
                "UPDATE campaigns.message SET state = 'expired', updated_at = %(now)s, next_attempt_at = NULL"
                " WHERE campaign = %(campaign)s AND state = 'deferred' RETURNING message_id, attempts",
                now=now,
            ).fetchall()
            for message_id, attempts in rows:
                if attempts:
                    tell(self.connection, str(message_id), f"{message_id}/expired", Outcome.expired(), now)
        return len(rows)

    def counts(self) -> dict[str, int]:
        """How many messages are in which state."""
        rows = self._run(
            "SELECT state, count(*) FROM campaigns.message WHERE campaign = %(campaign)s"
            " GROUP BY state ORDER BY state"
        )
        return {state: int(count) for state, count in rows}

    def _run(self, query: LiteralString, **values: Any) -> psycopg.Cursor:
        return self.connection.execute(query, {"campaign": self.campaign, **values})
