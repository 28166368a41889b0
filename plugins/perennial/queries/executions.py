"""Queries and their results as they are remembered in the store: whose, what, how it went, the rows.

The schema `queries` is the owner's; the role that dashboards and queries read with does not see it. What runs
where is written here, so that any server can show it, and cancel what another one runs.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import class_row

from perennial.queries.errors import QueryError
from perennial.queries.jobs import Dialect
from perennial.store_pool import UNREACHABLE, StorePool

State = Literal["queued", "running", "done", "failed", "cancelled"]
UNFINISHED = ("queued", "running")
SILENT_S = 30
"""After so long without a sign, the server of a query that runs is taken to have ended."""
QUEUED_S = 900
"""The same of a query that waits, and gives no sign."""
KEPT = "90 days"
"""How long a query is remembered."""
RESULTS_KEPT = "1 day"
"""How long its rows are."""
SCHEMA = """
CREATE SCHEMA IF NOT EXISTS queries;
CREATE TABLE IF NOT EXISTS queries.executions (
    id uuid PRIMARY KEY,
    owner text NOT NULL,
    dialect text NOT NULL,
    sql text NOT NULL,
    template text,
    parameters jsonb NOT NULL,
    state text NOT NULL,
    submitted_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    ended_at timestamptz,
    seen_at timestamptz NOT NULL DEFAULT now(),
    cancel_wanted boolean NOT NULL DEFAULT false,
    columns jsonb,
    rows bigint,
    truncated boolean,
    error jsonb,
    snapshots jsonb,
    peak_megabytes integer,
    result bytea
);
CREATE INDEX IF NOT EXISTS executions_by_owner ON queries.executions (owner, submitted_at DESC);
"""
_IS_SILENT = f"""
    seen_at < now() - make_interval(secs => CASE state WHEN 'queued' THEN {QUEUED_S} ELSE {SILENT_S} END)
"""
_COLUMNS = f"""
    id, owner, dialect, sql, template, parameters, state, submitted_at, started_at, ended_at, columns, rows,
    truncated, error, snapshots, peak_megabytes, result IS NOT NULL AS has_result,
    state IN ('queued', 'running') AND {_IS_SILENT} AS is_lost
"""


@dataclass(frozen=True)
class Remembered:
    """A query, without its rows."""

    id: UUID
    owner: str
    dialect: Dialect
    sql: str
    template: str | None
    parameters: dict[str, Any]
    state: State
    submitted_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    columns: list[dict[str, Any]] | None
    rows: int | None
    truncated: bool | None
    error: dict[str, Any] | None
    snapshots: dict[str, int] | None
    peak_megabytes: int | None
    has_result: bool
    is_lost: bool
    """Whether the server that ran it gives no sign any more."""


class Executions:
    """The queries of everybody; each function is given whose it is about.

    :param conninfo: called when the first query is remembered; the owner's connection to the store
    """

    def __init__(self, conninfo: Callable[[], str]) -> None:
        self._pool = StorePool(conninfo, "queries", SCHEMA)

    def begin(
        self,
        owner: str,
        dialect: Dialect,
        sql: str,
        parameters: Mapping[str, Any],
        template: str | None = None,
    ) -> UUID:
        """Remember a query that waits to be run, and forget what is old."""
        identifier = uuid4()
        with self._connection() as connection:
            connection.execute(
                "INSERT INTO queries.executions (id, owner, dialect, sql, parameters, template, state) "
                "VALUES (%s, %s, %s, %s, %s, %s, 'queued')",
                (identifier, owner, dialect, sql, json.dumps(dict(parameters)), template),
            )
            connection.execute(
                "DELETE FROM queries.executions WHERE submitted_at < now() - %s::interval", (KEPT,)
            )
            connection.execute(
                "UPDATE queries.executions SET result = NULL "
                "WHERE result IS NOT NULL AND submitted_at < now() - %s::interval",
                (RESULTS_KEPT,),
            )
        return identifier

    def unfinished(self, owner: str) -> int:
        """How many queries of somebody wait or run."""
        with self._connection() as connection:
            row = connection.execute(
                "SELECT count(*) FROM queries.executions WHERE owner = %s "
                f"AND state IN ('queued', 'running') AND NOT {_IS_SILENT}".encode(),
                (owner,),
            ).fetchone()
        return int(row[0]) if row else 0

    def beat(self, identifier: UUID) -> bool:
        """Say that a query runs; returns whether it is to be cancelled."""
        with self._connection() as connection:
            row = connection.execute(
                "UPDATE queries.executions SET state = 'running', seen_at = now(), "
                "started_at = coalesce(started_at, now()) "
                "WHERE id = %s AND state IN ('queued', 'running') RETURNING cancel_wanted",
                (identifier,),
            ).fetchone()
        return row is None or bool(row[0])

    def end(
        self,
        identifier: UUID,
        error: QueryError | None = None,
        columns: list[dict[str, Any]] | None = None,
        counts: Mapping[str, Any] | None = None,
        result: bytes | None = None,
    ) -> None:
        """Remember how a query ended."""
        state = "done" if error is None else "cancelled" if error.kind == "cancelled" else "failed"
        counts = counts or {}
        with self._connection() as connection:
            connection.execute(
                "UPDATE queries.executions SET state = %s, ended_at = now(), error = %s, columns = %s, "
                "rows = %s, truncated = %s, snapshots = %s, peak_megabytes = %s, result = %s WHERE id = %s",
                (
                    state,
                    None if error is None else json.dumps(error.as_dict()),
                    None if columns is None else json.dumps(columns),
                    counts.get("rows"),
                    counts.get("truncated"),
                    json.dumps(counts.get("snapshots", {})),
                    counts.get("peak_megabytes"),
                    result,
                    identifier,
                ),
            )

    def find(self, owner: str, identifier: UUID) -> Remembered | None:
        """A query of somebody."""
        with self._connection() as connection, connection.cursor(row_factory=class_row(Remembered)) as cursor:
            cursor.execute(
                f"SELECT {_COLUMNS} FROM queries.executions WHERE id = %s AND owner = %s".encode(),
                (identifier, owner),
            )
            return cursor.fetchone()

    def history(
        self, owner: str, search: str = "", before: datetime | None = None, most: int = 50
    ) -> list[Remembered]:
        """Somebody's queries, the newest first; `search` is a part of the text."""
        with self._connection() as connection, connection.cursor(row_factory=class_row(Remembered)) as cursor:
            cursor.execute(
                f"SELECT {_COLUMNS} FROM queries.executions WHERE owner = %(owner)s "
                "AND (%(search)s = '' OR position(lower(%(search)s) IN lower(sql)) > 0) "
                "AND (%(before)s::timestamptz IS NULL OR submitted_at < %(before)s) "
                "ORDER BY submitted_at DESC LIMIT %(most)s".encode(),
                {"owner": owner, "search": search, "before": before, "most": most},
            )
            return cursor.fetchall()

    def result(self, owner: str, identifier: UUID) -> bytes | None:
        """The rows of a query, as long as they are kept."""
        with self._connection() as connection:
            row = connection.execute(
                "SELECT result FROM queries.executions WHERE id = %s AND owner = %s", (identifier, owner)
            ).fetchone()
        return None if row is None or row[0] is None else bytes(row[0])

    def cancel(self, owner: str, identifier: UUID) -> None:
        """Ask whoever runs a query to stop it."""
        with self._connection() as connection:
            connection.execute(
                "UPDATE queries.executions SET cancel_wanted = true WHERE id = %s AND owner = %s",
                (identifier, owner),
            )

    def forget(self, owner: str, identifier: UUID) -> None:
        """Take a query out of somebody's history."""
        with self._connection() as connection:
            connection.execute(
                "DELETE FROM queries.executions WHERE id = %s AND owner = %s", (identifier, owner)
            )

    def close(self) -> None:
        """Give the connections back."""
        self._pool.close()

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Any]]:
        try:
            with self._pool.connection() as connection:
                yield connection
        except UNREACHABLE as error:
            raise QueryError(
                "unreachable",
                "The store cannot be reached, and queries are remembered there.",
                "Check that PostgreSQL runs, and the connection perennial_store.",
            ) from error
