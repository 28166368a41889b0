"""Schemas of the store that hold what people and processes leave there: their SQL in, tables out.

Each has a version, which the store remembers. A store that a newer release has migrated is refused: what that
release keeps there, this one would not understand, and might spoil.
"""

from typing import Any

import psycopg
from psycopg.rows import tuple_row

from perennial.errors import TerminalError

VERSIONS = {"activation": 1, "alerts": 1, "campaigns": 1, "dashboards": 1, "privacy": 1, "queries": 1}
"""Raise a schema's number whenever its SQL changes; the SQL itself brings any older one up to date."""
REMEMBERED = """
CREATE SCHEMA IF NOT EXISTS perennial;
CREATE TABLE IF NOT EXISTS perennial.schema_version (
    name text PRIMARY KEY,
    version integer NOT NULL,
    migrated_at timestamptz NOT NULL DEFAULT now()
);
"""


class StoreIsNewer(TerminalError):
    """A newer release than this one has migrated the store."""


def migrate(connection: psycopg.Connection[Any], name: str, *tables: str) -> None:
    """Create a schema, and add what it lacks, by SQL that can be repeated, and by several at once.

    In the transaction of the caller, who commits. Raises `StoreIsNewer`, and has changed nothing then.
    """
    connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (f"{name}.schema",))
    wanted, known = VERSIONS[name], versions(connection).get(name, 0)
    if known > wanted:
        raise StoreIsNewer(
            f"the store's schema {name} is of version {known}, and this release of Perennial knows versions"
            f" up to {wanted}: run the newer release, or restore the store from the backup that was made"
            " before it was upgraded"
        )
    for text in tables:
        connection.execute(text.encode())
    if known < wanted:
        _remember(connection, name, wanted)


def versions(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """The schemas that the store has, as it remembers them; one of before versions were kept is not there."""
    if not has_table(connection, "perennial.schema_version"):
        return {}
    with connection.cursor(row_factory=tuple_row) as cursor:
        return dict(cursor.execute("SELECT name, version FROM perennial.schema_version").fetchall())


def has_table(connection: psycopg.Connection[Any], name: str) -> bool:
    """Whether a table is there, by its full name such as `activation.run`."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute("SELECT to_regclass(%s)", (name,)).fetchone()
    return row is not None and row[0] is not None


def _remember(connection: psycopg.Connection[Any], name: str, version: int) -> None:
    # Schemas are made side by side, and all of them make this table if it is not there.
    connection.execute("SELECT pg_advisory_xact_lock(hashtext('perennial.schema'))")
    connection.execute(REMEMBERED.encode())
    connection.execute(
        "INSERT INTO perennial.schema_version (name, version) VALUES (%s, %s) "
        "ON CONFLICT (name) DO UPDATE SET version = excluded.version, migrated_at = now()",
        (name, version),
    )
