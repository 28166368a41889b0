"""What was delivered, kept in PostgreSQL (schema `activation`), so that every change is delivered once.

Each method is one transaction, over as many requests as there are. A request is recorded as intended before
it is made, with its job's id soon after that is known, and with its outcome; what a crash leaves in between,
the next run sees.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, LiteralString

import polars as pl
import psycopg

from perennial.activation import holdout
from perennial.activation.destinations.base import Suppression
from perennial.activation.refusals import Part, Removal
from perennial.errors import TransientError

SCHEMA = [Path(__file__).parent / name for name in ("schema.sql", "limits.sql")]
BatchKind = Literal["upsert", "removal"]
Outcome = Literal["submitted", "done", "refused", "abandoned", "failed"]
Replay = Literal["rejected", "all"]


class LedgerBusyError(TransientError):
    """Another run of the same activation is under way."""


@dataclass(frozen=True)
class Batch:
    """One request whose outcome is not recorded yet."""

    batch_id: int
    kind: BatchKind
    job: str | None
    """The destination's job; None: it is not known whether the request arrived."""


@dataclass(frozen=True)
class Answer:
    """What became of one request."""

    batch_id: int
    outcome: Outcome
    rejected: Mapping[str, str] = field(default_factory=dict)
    """The rows that were rejected, by key, with their reasons."""
    job: str | None = None
    """Of one that was `submitted`: the destination's job, which is waited for."""


def migrate(url: str) -> None:
    """Create the schema `activation` where it is missing; can be repeated, and by several at once."""
    with psycopg.connect(url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('activation.schema'))")
        for path in SCHEMA:
            connection.execute(path.read_bytes())


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
            "COPY (SELECT audience, key, payload_hash, state FROM activation.outcome"
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

    def intend_upserts(self, run_id: int, parts: Sequence[Part]) -> list[int]:
        """Record, before the requests, that these rows of a plan are sent; a batch's id for each part."""
        with self._connection.transaction():
            ids = self._begin_batches(run_id, "upsert", [part.size for part in parts])
            self._connection.execute(
                "CREATE TEMP TABLE intended (batch_id bigint, audience text, key text, person_id text,"
                " payload_hash text) ON COMMIT DROP"
            )
            rows = pl.concat(
                part.rows.select(pl.lit(batch_id), "audiences", "key", "person_id", "payload_hash")
                for batch_id, part in zip(ids, parts, strict=True)
            )
            copied = "COPY intended FROM STDIN (FORMAT csv)"
            with self._connection.cursor() as cursor, cursor.copy(copied) as copy:
                copy.write(rows.explode("audiences").write_csv(include_header=False))
            self._run(
                "INSERT INTO activation.delivery (destination, activation, audience, key, person_id,"
                " payload_hash, state, batch_id, as_of)"
                " SELECT %(destination)s, %(activation)s, i.audience, i.key, i.person_id, i.payload_hash,"
                " 'sending', i.batch_id, as_of FROM intended i, activation.run WHERE run_id = %(run_id)s"
                " ON CONFLICT (destination, activation, audience, key) DO UPDATE SET state = 'sending',"
                " person_id = excluded.person_id, payload_hash = excluded.payload_hash, reason = NULL,"
                " batch_id = excluded.batch_id, as_of = excluded.as_of, updated_at = now()",
                run_id=run_id,
            )
        return ids

    def intend_removals(self, run_id: int, parts: Sequence[Removal]) -> list[int]:
        """Record, before the requests, who leaves which audience's list; a batch's id for each part."""
        with self._connection.transaction():
            ids = self._begin_batches(run_id, "removal", [part.size for part in parts])
            leaving = (
                (batch_id, part.audience, key)
                for batch_id, part in zip(ids, parts, strict=True)
                for key in part.keys
            )
            self._stage("leaving", "batch_id bigint, audience text, key text", leaving)
            self._run(
                "UPDATE activation.delivery d SET state = 'removing', batch_id = l.batch_id,"
                " as_of = r.as_of, updated_at = now() FROM activation.run r, leaving l"
                " WHERE r.run_id = %(run_id)s AND d.destination = %(destination)s"
                " AND d.activation = %(activation)s AND d.audience = l.audience AND d.key = l.key",
                run_id=run_id,
            )
        return ids

    def record(self, answers: Sequence[Answer]) -> None:
        """Record what became of requests: their jobs, before anyone waits for them, or their outcomes.

        After `done` all rows but the rejected ones are delivered or removed; after any other outcome they
        stay unconfirmed, and the next plan sends them again.
        """
        rejected = [(each.batch_id, *row) for each in answers for row in each.rejected.items()]
        with self._connection.transaction():
            if rejected:
                self._stage("refused", "batch_id bigint, key text, reason text", rejected)
                self._run(
                    "UPDATE activation.delivery d SET state = 'rejected', reason = r.reason,"
                    " updated_at = now() FROM refused r WHERE d.batch_id = r.batch_id AND d.key = r.key"
                )
            self._run(
                "UPDATE activation.batch b SET state = a.state, job = coalesce(a.job, b.job),"
                " updated_at = now() FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(jobs)s::text[])"
                " AS a (batch_id, state, job) WHERE b.batch_id = a.batch_id",
                ids=[each.batch_id for each in answers],
                states=[each.outcome for each in answers],
                jobs=[each.job for each in answers],
            )

    def keys(self, batch_id: int) -> list[str]:
        """Whom a request is about."""
        rows = self._run(
            "SELECT DISTINCT key FROM activation.delivery WHERE batch_id = %(batch_id)s", batch_id=batch_id
        )
        return [key for (key,) in rows]

    def open_batches(self) -> list[Batch]:
        """Requests without an outcome, in the order in which they were intended."""
        rows = self._run(
            "SELECT batch_id, kind, job FROM activation.batch JOIN activation.run USING (run_id)"
            " WHERE destination = %(destination)s AND activation = %(activation)s"
            " AND batch.state IN ('intended', 'submitted') ORDER BY batch_id"
        )
        return [Batch(*row) for row in rows]

    def _begin_batches(self, run_id: int, kind: BatchKind, rows: list[int]) -> list[int]:
        found = self._run(
            "WITH id AS MATERIALIZED (SELECT n,"
            " nextval(pg_get_serial_sequence('activation.batch', 'batch_id')) AS batch_id"
            " FROM generate_series(1, cardinality(%(rows)s::int[])) n),"
            " made AS (INSERT INTO activation.batch (batch_id, run_id, kind, state, rows)"
            " OVERRIDING SYSTEM VALUE"
            " SELECT batch_id, %(run_id)s, %(kind)s, 'intended', (%(rows)s::int[])[n] FROM id)"
            " SELECT batch_id FROM id ORDER BY n",
            run_id=run_id, kind=kind, rows=rows,
        )  # fmt: skip
        return [batch_id for (batch_id,) in found]

    def _stage(self, name: LiteralString, columns: LiteralString, rows: Iterable[tuple[Any, ...]]) -> None:
        """A temporary table for the transaction under way."""
        self._connection.execute(f"CREATE TEMP TABLE {name} ({columns}) ON COMMIT DROP")
        with self._connection.cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def _run(self, query: LiteralString, **values: Any) -> psycopg.Cursor:
        return self._connection.execute(query, {**self._flow, **values})
