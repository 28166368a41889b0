"""Schemas of the store that hold what people and processes leave there: their SQL in, tables out."""

from typing import Any

import psycopg
from psycopg.rows import tuple_row


def migrate(connection: psycopg.Connection[Any], name: str, *tables: str) -> None:
    """Create a schema, and add what it lacks, by SQL that can be repeated, and by several at once.

    In the transaction of the caller, who commits.
    """
    connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (f"{name}.schema",))
    for text in tables:
        connection.execute(text.encode())


def has_table(connection: psycopg.Connection[Any], name: str) -> bool:
    """Whether a table is there, by its full name such as `activation.run`."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute("SELECT to_regclass(%s)", (name,)).fetchone()
    return row is not None and row[0] is not None
