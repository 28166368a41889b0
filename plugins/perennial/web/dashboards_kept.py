"""Dashboards that people make in the UI, as the store keeps them: every version, by whom, and when.

The schema `dashboards` is the owner's; the role that dashboards read with does not see it. A version is never
changed: a deletion is a version without a document, and what was restored is a new one.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from perennial.errors import TerminalError
from perennial.queries.store_statement import check_calls
from perennial.queries.tokens import Token
from perennial.store_pool import UNREACHABLE, StorePool
from perennial.web.store import StoreUnavailable

SCHEMA = """
CREATE SCHEMA IF NOT EXISTS dashboards;
CREATE TABLE IF NOT EXISTS dashboards.versions (
    name text NOT NULL,
    version integer NOT NULL,
    document jsonb,
    saved_at timestamptz NOT NULL DEFAULT now(),
    saved_by text NOT NULL,
    PRIMARY KEY (name, version)
);
COMMENT ON COLUMN dashboards.versions.document IS 'null: deleted';
"""


class OvertakenError(TerminalError):
    """Somebody else has saved since the version that a change was made upon."""


@dataclass(frozen=True)
class Version:
    """A dashboard as it was saved once; without a document, it was deleted."""

    name: str
    version: int
    document: dict[str, Any] | None
    saved_at: datetime
    saved_by: str


class Shelf:
    """The dashboards of one store.

    :param conninfo: called at the first use; the owner's connection to the store
    """

    def __init__(self, conninfo: Callable[[], str]) -> None:
        self._pool = StorePool(conninfo, "dashboards", SCHEMA, most=3)

    def listed(self) -> list[Version]:
        """The newest version of each dashboard that is not deleted, by name.

        :raises StoreError: the store did not answer.
        """
        with self._connection() as connection, connection.cursor(row_factory=class_row(Version)) as cursor:
            newest = cursor.execute(
                "SELECT DISTINCT ON (name) * FROM dashboards.versions ORDER BY name, version DESC"
            )
            return [version for version in newest if version.document is not None]

    def newest(self, name: str) -> Version | None:
        """The newest version of a dashboard, which may be its deletion; None if there never was one."""
        found = self.history(name, limit=1)
        return found[0] if found else None

    def history(self, name: str, limit: int = 500) -> list[Version]:
        """The versions of a dashboard, the newest first."""
        with self._connection() as connection, connection.cursor(row_factory=class_row(Version)) as cursor:
            return cursor.execute(
                "SELECT * FROM dashboards.versions WHERE name = %s ORDER BY version DESC LIMIT %s",
                (name, limit),
            ).fetchall()

    def save(self, name: str, document: dict[str, Any] | None, before: int, by: str) -> Version:
        """Keep a version that follows upon the version `before` (0: there is none); None deletes.

        :raises OvertakenError: `before` is not the newest version; nothing is kept.
        """
        with self._connection() as connection, connection.cursor(row_factory=class_row(Version)) as cursor:
            # Of two who save at once, the key of the table lets one through.
            kept = cursor.execute(
                """
                INSERT INTO dashboards.versions (name, version, document, saved_by)
                SELECT %(name)s, %(before)s + 1, %(document)s::jsonb, %(by)s
                WHERE %(before)s = (
                    SELECT coalesce(max(version), 0) FROM dashboards.versions WHERE name = %(name)s
                )
                ON CONFLICT DO NOTHING
                RETURNING *
                """,
                {
                    "name": name,
                    "before": before,
                    "by": by,
                    "document": None if document is None else json.dumps(document),
                },
            ).fetchone()
        if kept is None:
            raise OvertakenError(self._overtaken(name))
        return kept

    def refuse_acts(self, calls: Mapping[str, Token]) -> None:
        """Raise `QueryError` where functions that a statement calls do more than compute."""
        with self._connection() as connection:
            check_calls(connection, calls)

    def close(self) -> None:
        """Give the connections back."""
        self._pool.close()

    def _overtaken(self, name: str) -> str:
        newest = self.newest(name)
        if newest is None:
            return f"There is no dashboard {name} any more."
        did = "deleted" if newest.document is None else "saved"
        return (
            f"{newest.saved_by} has {did} this dashboard meanwhile (version {newest.version}, "
            f"{newest.saved_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC). Nothing was changed: reload to see it."
        )

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Any]]:
        try:
            with self._pool.connection() as connection:
                yield connection
        except UNREACHABLE as error:
            raise StoreUnavailable(
                "unreachable",
                "The store cannot be reached, and dashboards are kept there.",
                "Check that PostgreSQL runs, and the connection perennial_store.",
            ) from error
