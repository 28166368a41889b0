"""What was done with people's data in; the trail of it, and packages that wait to be fetched, out.

Both are in the store. The trail names nobody: it tells which request, by whom, when, and how many rows of
which tables. A package is all that is kept of a person, and is gone once it has expired or they are erased.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import psycopg
from psycopg.rows import class_row

from perennial import store_schemas

Kind = Literal["access", "download", "erasure", "retention"]
TABLES = Path(__file__).parent / "privacy.sql"
PAGE = 200
"""Entries that are shown."""


@dataclass(frozen=True)
class Entry:
    """One thing that was done."""

    at: datetime
    kind: Kind
    request: str
    asked_by: str | None
    """None where it was a schedule."""
    reason: str
    what: dict[str, Any]
    available: bool
    """Whether a package of the request can be fetched."""


def note(
    url: str,
    at: datetime,
    kind: Kind,
    request: str,
    by: str | None,
    what: Mapping[str, Any],
    reason: str = "",
) -> None:
    """Add to the trail; the same request is noted as often as it was made."""
    with _opened(url) as connection:
        connection.execute(
            "INSERT INTO privacy.trail (at, kind, request, asked_by, reason, what) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            (at, kind, request, by, reason, json.dumps(what)),
        )


def trail(url: str, now: datetime, most: int = PAGE) -> list[Entry]:
    """The newest entries, the newest first."""
    with psycopg.connect(url) as connection, connection.cursor(row_factory=class_row(Entry)) as cursor:
        if not store_schemas.has_table(connection, "privacy.package"):
            return []
        return cursor.execute(
            "SELECT at, kind, t.request, asked_by, reason, what, "
            "kind = 'access' AND coalesce(p.expires_at > %s, false) AS available "
            "FROM privacy.trail t LEFT JOIN privacy.package p USING (request) ORDER BY entry DESC LIMIT %s",
            (now, most),
        ).fetchall()


def keep(
    url: str, request: str, content: bytes, prints: Collection[str], expires_at: datetime, now: datetime
) -> None:
    """Keep a package until it expires, in place of the request's older one; others that have expired go.

    `prints` are the fingerprints of the identities whose package it is.
    """
    forget(url, now)
    with _opened(url) as connection:
        connection.execute(
            "INSERT INTO privacy.package (request, expires_at, prints, content) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (request) DO UPDATE SET expires_at = excluded.expires_at, "
            "prints = excluded.prints, content = excluded.content",
            (request, expires_at, sorted(prints), content),
        )


def fetch(url: str, request: str, now: datetime) -> bytes | None:
    """A package that has not expired."""
    with psycopg.connect(url) as connection:
        if not store_schemas.has_table(connection, "privacy.package"):
            return None
        found = connection.execute(
            "SELECT content FROM privacy.package WHERE request = %s AND expires_at > %s", (request, now)
        ).fetchone()
    return bytes(found[0]) if found else None


def forget(url: str, now: datetime) -> int:
    """Remove packages that have expired; returns how many."""
    with _opened(url) as connection:
        return connection.execute("DELETE FROM privacy.package WHERE expires_at <= %s", (now,)).rowcount


def withdraw(url: str, prints: Collection[str]) -> int:
    """Remove the packages of a person who is erased; returns how many."""
    with _opened(url) as connection:
        return connection.execute(
            "DELETE FROM privacy.package WHERE prints && %s", (sorted(prints),)
        ).rowcount


@contextmanager
def _opened(url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(url) as connection:
        store_schemas.migrate(connection, "privacy", TABLES.read_text("utf-8"))
        yield connection
