"""Requests in, recorded before they are made and when they are answered, many at a time.

Each method is one transaction. What a crash leaves in between, the next run sees.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, LiteralString

import polars as pl
import psycopg

from perennial.activation.refusals import Part, Removal

BatchKind = Literal["upsert", "removal"]
Outcome = Literal["submitted", "done", "refused", "abandoned", "failed"]


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


class RequestLog:
    """The requests of one activation to one destination."""

    def __init__(self, connection: psycopg.Connection, destination: str, activation: str) -> None:
        self._connection = connection
        self.destination, self.activation = destination, activation
        self._flow = {"destination": destination, "activation": activation}

    def intend_upserts(self, run_id: int, parts: Sequence[Part]) -> list[int]:
        """Record, before the requests, that these rows of a plan are sent; a batch's id for each part."""
        with self._connection.transaction():
            ids = self._begin_batches(run_id, "upsert", [part.size for part in parts])
            self._connection.execute(
                "CREATE TEMP TABLE intended (batch_id bigint, audience text, key text, person_id text,"
                " payload_hash text) ON COMMIT DROP"
            )
            # One query over all parts: with one for each, small requests would wait for this thread.
            sizes = pl.Series([part.size for part in parts])
            numbers = pl.Series(ids, dtype=pl.Int64).repeat_by(sizes).explode()
            columns = numbers.alias("batch_id"), "audiences", "key", "person_id", "payload_hash"
            rows = pl.concat(part.rows for part in parts).select(*columns)
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

    @contextmanager
    def room(self, most: int | None) -> Iterator[int | None]:
        """How many more jobs the provider takes, all activations with the connection together.

        Nobody else begins any before the block is over. What has not ended after a day does not count: its
        run is gone, and the provider's job with it.
        """
        if most is None:
            yield None
            return
        with self._connection.transaction():
            self._run("SELECT pg_advisory_xact_lock(hashtextextended(%(destination)s || '/jobs', 0))")
            row = self._run(
                "SELECT count(*) FROM activation.batch JOIN activation.run USING (run_id)"
                " WHERE destination = %(destination)s AND batch.state IN ('intended', 'submitted')"
                " AND batch.updated_at > now() - interval '1 day'"
            ).fetchone()
            yield max(0, most - (int(row[0]) if row else 0))

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
