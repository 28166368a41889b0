"""Databases, roles and schemas in a PostgreSQL server, embedded or not.

Every function takes an administrator's connection string and can be repeated. The owner writes. The reader,
for BI tools and the dashboards, sees the schema `insights` and nothing else, cannot write, and cannot bring
the server down with a query.
"""

from contextlib import suppress
from dataclasses import dataclass

import psycopg
from psycopg import sql

OWNER = "perennial"
READER = "perennial_reader"
STORE = "perennial"
AIRFLOW = "airflow"
READABLE_SCHEMA = "insights"
SCHEMAS = (READABLE_SCHEMA, "activation")
READER_SETTINGS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
    "search_path": READABLE_SCHEMA,
}
READER_ROOM = {"temp_file_limit": "2GB"}
"""What only a superuser can set: how much of the disk a query may fill on its way to a result."""
READER_CONNECTIONS = 40


@dataclass(frozen=True, repr=False)
class Passwords:
    """Of the two roles."""

    owner: str
    reader: str


def prepare_roles(administrator: str, passwords: Passwords) -> None:
    """Create or update the owner and the reader; `administrator` is a connection string to any database."""
    with psycopg.connect(administrator, autocommit=True) as connection:
        for role, password, limit in (
            (OWNER, passwords.owner, -1),
            (READER, passwords.reader, READER_CONNECTIONS),
        ):
            if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
                connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
            connection.execute(
                sql.SQL("ALTER ROLE {} LOGIN CONNECTION LIMIT {} PASSWORD {}").format(
                    sql.Identifier(role), sql.Literal(limit), sql.Literal(password)
                )
            )
        # A managed server's administrator is no superuser: only as a member of the owner's role can it make
        # databases and schemas for it.
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(OWNER)))
        for name, value in READER_SETTINGS.items():
            _set(connection, name, value)
        for name, value in READER_ROOM.items():
            # A managed server has its own guard against full disks.
            with suppress(psycopg.errors.InsufficientPrivilege):
                _set(connection, name, value)


def prepare_database(administrator: str, name: str) -> None:
    """Create a database of the owner's that no other role may enter."""
    with psycopg.connect(administrator, autocommit=True) as connection:
        if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", name):
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(OWNER))
            )
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))


def prepare_store(administrator: str, name: str = STORE) -> None:
    """Create a store: `prepare_database`, the schemas, and the reader's rights, also on tables to come."""
    prepare_database(administrator, name)
    owner, reader, readable = (sql.Identifier(each) for each in (OWNER, READER, READABLE_SCHEMA))
    with psycopg.connect(administrator, dbname=name) as connection:
        for schema in SCHEMAS:
            connection.execute(
                sql.SQL("CREATE SCHEMA IF NOT EXISTS {} AUTHORIZATION {}").format(
                    sql.Identifier(schema), owner
                )
            )
        for statement in (
            sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(name), reader),
            sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(readable, reader),
            sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}").format(readable, reader),
            sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} GRANT SELECT ON TABLES TO {}").format(
                owner, readable, reader
            ),
        ):
            connection.execute(statement)


def _set(connection: psycopg.Connection, name: str, value: str) -> None:
    statement = sql.SQL("ALTER ROLE {} SET {} = {}")
    connection.execute(statement.format(sql.Identifier(READER), sql.Identifier(name), sql.Literal(value)))


def _exists(connection: psycopg.Connection, query: str, name: str) -> bool:
    return connection.execute(query.encode(), (name,)).fetchone() is not None
