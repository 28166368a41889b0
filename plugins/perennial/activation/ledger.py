"""What was delivered, kept in PostgreSQL (schema `activation`), so that every change is delivered once.

Each method is one transaction, over as many requests as there are. A request is recorded as intended before
it is made, with its job's id soon after that is known, and with its outcome; what a crash leaves in between,
the next run sees.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, LiteralString

import polars as pl
import psycopg

from perennial import store_schemas
from perennial.activation import holdout
from perennial.activation.destinations.base import Suppression
from perennial.activation.ranges import EVERY_KEY, KeyRange
from perennial.activation.request_log import RequestLog
from perennial.errors import TransientError

SCHEMA = [Path(__file__).parent / name for name in ("schema.sql", "limits.sql")]
Replay = Literal["rejected", "all"]


class LedgerBusyError(TransientError):
    """Another run of the same activation is under way."""


def migrate(url: str) -> None:
    """Create the schema `activation` where it is missing; can be repeated, and by several at once."""
    with psycopg.connect(url) as connection:
        store_schemas.migrate(connection, "activation", *(path.read_text("utf-8") for path in SCHEMA))


@contextmanager
def open_ledger(url: str, destination: str, activation: str, patience: float = 300.0) -> Iterator["Ledger"]:
    """The ledger of one activation in one destination, held by nobody else; `patience` in seconds."""
    with (
        psycopg.connect(url, autocommit=True) as connection,
        psycopg.connect(url, autocommit=True) as reading,
    ):
        connection.execute("SELECT set_config('lock_timeout', %s, false)", (f"{int(patience * 1000)}ms",))
        try:
            connection.execute(
                "SELECT pg_advisory_lock(hashtextextended(%s, 0))", (f"{destination}/{activation}",)
            )
        except psycopg.errors.LockNotAvailable:
            raise LedgerBusyError(f"another run of {activation} to {destination} is under way") from None
        yield Ledger(connection, destination, activation, reading)


class Ledger(RequestLog):
    """Reads and writes of one activation in one destination.

    What was delivered is read over a connection of its own, so that it can be while something is sent.
    """

    def __init__(
        self, connection: psycopg.Connection, destination: str, activation: str, reading: psycopg.Connection
    ) -> None:
        super().__init__(connection, destination, activation)
        self._reading = reading

    @property
    def connection(self) -> psycopg.Connection:
        """What the lock on this activation hangs on."""
        return self._connection

    def last_as_of(self) -> datetime | None:
        """The newest day that a run began to send."""
        row = self._run(
            "SELECT max(as_of) FROM activation.run WHERE destination = %(destination)s"
            " AND activation = %(activation)s"
        ).fetchone()
        return row[0] if row else None

    def begin(self, as_of: datetime) -> int:
        """Record that a run for this day begins, or begins again; its id."""
        row = self._run(
            "INSERT INTO activation.run (destination, activation, as_of, state)"
            " VALUES (%(destination)s, %(activation)s, %(as_of)s, 'running')"
            " ON CONFLICT (destination, activation, as_of)"
            " DO UPDATE SET state = 'running', started_at = now(), finished_at = NULL RETURNING run_id",
            as_of=as_of,
        ).fetchone()
        return int(row[0]) if row else 0

    def finish(self, run_id: int, counts: Mapping[str, Any]) -> None:
        """Record that everything of a run has its outcome."""
        self._run(
            "UPDATE activation.run SET state = 'done', counts = %(counts)s, finished_at = now()"
            " WHERE run_id = %(run_id)s",
            run_id=run_id, counts=json.dumps(counts),
        )  # fmt: skip

    def rows(self, within: KeyRange = EVERY_KEY) -> pl.DataFrame:
        """What was delivered to the keys of a range: audience, key, payload_hash, state."""
        query: LiteralString = (
            "COPY (SELECT audience, key, payload_hash, state FROM activation.outcome"
            " WHERE destination = %(destination)s AND activation = %(activation)s"
        )
        if within.first is not None:
            query += ' AND key >= %(first)s COLLATE "C"'
        if within.end is not None:
            query += ' AND key < %(end)s COLLATE "C"'
        query += ") TO STDOUT (FORMAT csv)"
        values = {**self._flow, "first": within.first, "end": within.end}
        with self._reading.cursor() as cursor, cursor.copy(query, values) as copy:
            content = b"".join(bytes(part) for part in copy)
        schema = dict.fromkeys(("audience", "key", "payload_hash", "state"), pl.String)
        return (
            pl.read_csv(content, has_header=False, schema=schema) if content else pl.DataFrame(schema=schema)
        )

    def rejected(self) -> int:
        """How many memberships the destination refused as they were."""
        row = self._run(
            "SELECT count(*) FROM activation.outcome WHERE destination = %(destination)s"
            " AND activation = %(activation)s AND state = 'rejected'"
        ).fetchone()
        return int(row[0]) if row else 0

    def lists(self) -> dict[str, tuple[str, str]]:
        """For each audience: its list's id, and the name that we gave it last."""
        rows = self._run(
            "SELECT audience, list_id, name FROM activation.list WHERE destination = %(destination)s"
            " AND activation = %(activation)s"
        )
        return {audience: (list_id, name) for audience, list_id, name in rows}

    def remember_list(self, audience: str, list_id: str, name: str) -> None:
        """Record the list of an audience."""
        self._run(
            "INSERT INTO activation.list"
            " VALUES (%(destination)s, %(activation)s, %(audience)s, %(list_id)s, %(name)s)"
            " ON CONFLICT (destination, activation, audience)"
            " DO UPDATE SET list_id = excluded.list_id, name = excluded.name",
            audience=audience, list_id=list_id, name=name,
        )  # fmt: skip

    def behind(self, as_of: datetime) -> str:
        """Why nothing is to be sent as of a day, if so: a backfill never rolls a destination back."""
        last = self.last_as_of()
        if last is None or as_of >= last:
            return ""
        return f"the destination already has the state of {last.isoformat()}; an older day is not sent"

    def assignments(self) -> pl.DataFrame:
        """Who is sent what this activation sends, and who is held out, as `holdout.SCHEMA`."""
        return holdout.recorded(self._connection, self.activation)

    def assign(self, as_of: datetime, assigned: pl.DataFrame) -> None:
        """Record the arms of those who qualified for the first time; those that are known stay."""
        holdout.record(self._connection, self.activation, as_of, assigned)

    def replace_suppressions(self, suppressions: Iterable[Suppression]) -> None:
        """Put what the destination says now in place of what it said before; first sight is kept."""
        with self._connection.transaction():
            self._stage("suppressed", "key text, kind text", ((each.key, each.kind) for each in suppressions))
            self._run(
                "DELETE FROM activation.suppression s WHERE destination = %(destination)s AND NOT EXISTS"
                " (SELECT FROM suppressed n WHERE n.key = s.key AND n.kind = s.kind)"
            )
            self._run(
                "INSERT INTO activation.suppression (destination, key, kind)"
                " SELECT DISTINCT %(destination)s, key, kind FROM suppressed ON CONFLICT DO NOTHING"
            )

    def reopen(self, run_id: int, what: Replay, request: str) -> None:
        """Have the plan send again what was rejected, or everything; once for each `request` of a run."""
        states = ["rejected"] if what == "rejected" else ["rejected", "delivered"]
        with self._connection.transaction():
            asked = self._run(
                "UPDATE activation.run SET request = %(request)s WHERE run_id = %(run_id)s"
                " AND request IS DISTINCT FROM %(request)s RETURNING 1",
                run_id=run_id, request=request,
            )  # fmt: skip
            if asked.fetchone():
                # Nothing that is wanted is like this; what is there is still known to be there.
                self._run(
                    "UPDATE activation.delivery d SET payload_hash = '', updated_at = now()"
                    " FROM activation.outcome o WHERE o.destination = %(destination)s"
                    " AND o.activation = %(activation)s AND o.state = ANY(%(states)s)"
                    " AND (d.destination, d.activation, d.audience, d.key)"
                    " = (o.destination, o.activation, o.audience, o.key)",
                    states=states,
                )
