"""What was delivered, kept in PostgreSQL (schema `activation`), so that every change is delivered once.

Each method is one transaction. A request is recorded as intended before it is made, with its job's id as
soon as that is known, and with its outcome; what a crash leaves in between, the next run sees.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, LiteralString

import polars as pl
import psycopg

from perennial.activation.destinations.base import Suppression
from perennial.errors import TransientError

SCHEMA = Path(__file__).parent / "schema.sql"
BatchKind = Literal["upsert", "removal"]
Outcome = Literal["done", "refused", "abandoned", "failed"]


class LedgerBusyError(TransientError):
    """Another run of the same activation is under way."""


@dataclass(frozen=True)
class Batch:
    """One request whose outcome is not recorded yet."""

    batch_id: int
    kind: BatchKind
    job: str | None
    """The destination's job; None: it is not known whether the request arrived."""


def migrate(url: str) -> None:
    """Create the schema `activation` where it is missing; can be repeated, and by several at once."""
    with psycopg.connect(url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('activation.schema'))")
        connection.execute(SCHEMA.read_bytes())


@contextmanager
def open_ledger(url: str, destination: str, activation: str, patience: float = 300.0) -> Iterator["Ledger"]:
    """The ledger of one activation in one destination, held by nobody else; `patience` in seconds."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT set_config('lock_timeout', %s, false)", (f"{int(patience * 1000)}ms",))
        try:
            connection.execute(
                "SELECT pg_advisory_lock(hashtextextended(%s, 0))", (f"{destination}/{activation}",)
            )
        except psycopg.errors.LockNotAvailable:
            raise LedgerBusyError(f"another run of {activation} to {destination} is under way") from None
        yield Ledger(connection, destination, activation)


class Ledger:
    """Reads and writes of one activation in one destination."""

    def __init__(self, connection: psycopg.Connection, destination: str, activation: str) -> None:
        self._connection = connection
        self.destination, self.activation = destination, activation
        self._flow = {"destination": destination, "activation": activation}

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

    def rows(self) -> pl.DataFrame:
        """What was delivered: audience, key, payload_hash, state."""
        query = (
            "COPY (SELECT audience, key, payload_hash, state FROM activation.delivery"
            " WHERE destination = %s AND activation = %s) TO STDOUT (FORMAT csv)"
        )
        with (
            self._connection.cursor() as cursor,
            cursor.copy(query, (self.destination, self.activation)) as copy,
        ):
            content = b"".join(bytes(part) for part in copy)
        schema = dict.fromkeys(("audience", "key", "payload_hash", "state"), pl.String)
        return (
            pl.read_csv(content, has_header=False, schema=schema) if content else pl.DataFrame(schema=schema)
        )

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

    def intend_upserts(self, run_id: int, rows: pl.DataFrame) -> int:
        """Record, before the request, that these rows of a plan are sent; the batch's id."""
        each = rows.explode("audiences").select("audiences", "key", "person_id", "payload_hash")
        with self._connection.transaction():
            batch_id = self._begin_batch(run_id, "upsert", rows.height)
            self._stage(
                "intended", "audience text, key text, person_id text, payload_hash text", each.iter_rows()
            )
            self._run(
                "INSERT INTO activation.delivery (destination, activation, audience, key, person_id,"
                " payload_hash, state, batch_id, as_of)"
                " SELECT %(destination)s, %(activation)s, i.audience, i.key, i.person_id, i.payload_hash,"
                " 'sending', %(batch_id)s, as_of FROM intended i, activation.run WHERE run_id = %(run_id)s"
                " ON CONFLICT (destination, activation, audience, key) DO UPDATE SET state = 'sending',"
                " person_id = excluded.person_id, payload_hash = excluded.payload_hash, reason = NULL,"
                " batch_id = excluded.batch_id, as_of = excluded.as_of, updated_at = now()",
                batch_id=batch_id, run_id=run_id,
            )  # fmt: skip
        return batch_id

    def intend_removals(self, run_id: int, audience: str, keys: Iterable[str]) -> int:
        """Record, before the request, that these people leave an audience's list; the batch's id."""
        wanted = list(keys)
        with self._connection.transaction():
            batch_id = self._begin_batch(run_id, "removal", len(wanted))
            self._run(
                "UPDATE activation.delivery d SET state = 'removing', batch_id = %(batch_id)s,"
                " as_of = r.as_of, updated_at = now() FROM activation.run r WHERE r.run_id = %(run_id)s"
                " AND d.destination = %(destination)s AND d.activation = %(activation)s"
                " AND d.audience = %(audience)s AND d.key = ANY(%(keys)s)",
                batch_id=batch_id, run_id=run_id, audience=audience, keys=wanted,
            )  # fmt: skip
        return batch_id

    def submitted(self, batch_id: int, job: str) -> None:
        """Record the destination's job of a request, before anyone waits for it."""
        self._run(
            "UPDATE activation.batch SET state = 'submitted', job = %(job)s, updated_at = now()"
            " WHERE batch_id = %(batch_id)s",
            batch_id=batch_id, job=job,
        )  # fmt: skip

    def keys(self, batch_id: int) -> list[str]:
        """Whom a request is about."""
        rows = self._run(
            "SELECT DISTINCT key FROM activation.delivery WHERE batch_id = %(batch_id)s", batch_id=batch_id
        )
        return [key for (key,) in rows]

    def close(self, batch_id: int, outcome: Outcome, rejected: Mapping[str, str] | None = None) -> None:
        """Record the outcome of a request, and the rows that were rejected, with their reasons.

        After `done` the other rows are delivered or removed; after any other outcome they stay unconfirmed,
        and the next plan sends them again.
        """
        with self._connection.transaction():
            self._stage("refused", "key text, reason text", (rejected or {}).items())
            self._run(
                "UPDATE activation.delivery d SET state = 'rejected', reason = r.reason, updated_at = now()"
                " FROM refused r WHERE d.batch_id = %(batch_id)s AND d.key = r.key",
                batch_id=batch_id,
            )
            if outcome == "done":
                self._run(
                    "UPDATE activation.delivery SET updated_at = now(),"
                    " state = CASE state WHEN 'sending' THEN 'delivered' ELSE 'removed' END"
                    " WHERE batch_id = %(batch_id)s AND state IN ('sending', 'removing')",
                    batch_id=batch_id,
                )
            self._run(
                "UPDATE activation.batch SET state = %(outcome)s, updated_at = now()"
                " WHERE batch_id = %(batch_id)s",
                batch_id=batch_id, outcome=outcome,
            )  # fmt: skip

    def open_batches(self) -> list[Batch]:
        """Requests without an outcome, in the order in which they were intended."""
        rows = self._run(
            "SELECT batch_id, kind, job FROM activation.batch JOIN activation.run USING (run_id)"
            " WHERE destination = %(destination)s AND activation = %(activation)s"
            " AND batch.state IN ('intended', 'submitted') ORDER BY batch_id"
        )
        return [Batch(*row) for row in rows]

    def _begin_batch(self, run_id: int, kind: BatchKind, rows: int) -> int:
        row = self._run(
            "INSERT INTO activation.batch (run_id, kind, state, rows)"
            " VALUES (%(run_id)s, %(kind)s, 'intended', %(rows)s) RETURNING batch_id",
            run_id=run_id, kind=kind, rows=rows,
        ).fetchone()  # fmt: skip
        return int(row[0]) if row else 0

    def _stage(self, name: LiteralString, columns: LiteralString, rows: Iterable[tuple[str, ...]]) -> None:
        """A temporary table for the transaction under way."""
        self._connection.execute(f"CREATE TEMP TABLE {name} ({columns}) ON COMMIT DROP")
        with self._connection.cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def _run(self, query: LiteralString, **values: Any) -> psycopg.Cursor:
        return self._connection.execute(query, {**self._flow, **values})
