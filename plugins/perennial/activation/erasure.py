"""Fingerprints of a person's identities in; the store without what was recorded of them, out.

A destination that still knows the person tells us their suppressions again: erase them there as well. That
somebody must not be sent campaigns any more stays, as the hash of their address and no more, so that they
are not sent any.
"""

from collections.abc import Collection
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from perennial.store_schemas import has_table

TABLES = {
    "activation.delivery": {"people": "person_id"},
    "activation.suppression": {"addresses": "key"},
    "activation.assignment": {"people": "person_id"},
    "campaigns.message": {"people": "person_id", "addresses": "email_sha256"},
    "activation.exported": {"people": "person_id"},
}
"""Who is named in which column: by a person's id, or, where that is not known, by their address."""
HASHED = {"email_sha256"}
"""Columns that hold no more than the fingerprint."""


def count(url: str, people: Collection[str], addresses: Collection[str]) -> dict[str, int]:
    """How many rows each table has of them; `people` and `addresses` are SHA-256 in hexadecimal digits."""
    found = {}
    with psycopg.connect(url) as connection:
        for table in _present(connection):
            query = sql.SQL("SELECT count(*) FROM {} WHERE {}").format(_name(table), _condition(table))
            row = connection.execute(query, _values(people, addresses)).fetchone()
            found[table] = int(row[0]) if row else 0
    return found


def rows(url: str, people: Collection[str], addresses: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    """The rows of them that each table has."""
    with psycopg.connect(url, row_factory=dict_row) as connection:
        found = {}
        for table in _present(connection):
            query = sql.SQL("SELECT * FROM {} WHERE {}").format(_name(table), _condition(table))
            found[table] = connection.execute(query, _values(people, addresses)).fetchall()
        return found


def erase(url: str, people: Collection[str], addresses: Collection[str]) -> None:
    """Remove these rows, and have the server overwrite where they stood."""
    with psycopg.connect(url, autocommit=True) as connection:
        for table in _present(connection):
            query = sql.SQL("DELETE FROM {} WHERE {}").format(_name(table), _condition(table))
            connection.execute(query, _values(people, addresses))
            connection.execute(sql.SQL("VACUUM {}").format(_name(table)))


def _present(connection: psycopg.Connection[Any]) -> list[str]:
    return [table for table in TABLES if has_table(connection, table)]


def _name(table: str) -> sql.Identifier:
    return sql.Identifier(*table.split("."))


def _condition(table: str) -> sql.Composed:
    digest = "encode(sha256(convert_to({}, 'UTF8')), 'hex')"
    parts = [
        sql.SQL(("{}" if column in HASHED else digest) + " = ANY({})").format(
            sql.Identifier(column), sql.Placeholder(kind)
        )
        for kind, column in TABLES[table].items()
    ]
    return sql.SQL(" OR ").join(parts)


def _values(people: Collection[str], addresses: Collection[str]) -> dict[str, list[str]]:
    return {"people": sorted(people), "addresses": sorted(addresses)}
