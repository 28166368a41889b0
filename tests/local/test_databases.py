"""The owner writes, the reader reads the schema `insights` and can do nothing else."""

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from perennial.local import databases
from perennial.local.postgres import Server

pytestmark = pytest.mark.store


@pytest.fixture(scope="module")
def filled(store_url: str) -> None:
    with psycopg.connect(store_url) as connection:
        connection.execute("CREATE TABLE insights.fact AS SELECT 1 AS n")
        connection.execute("CREATE TABLE activation.ledger AS SELECT 1 AS n")


@pytest.mark.usefixtures("filled")
def test_reader_sees_tables_made_after_the_grant(store_reader_url: str) -> None:
    with psycopg.connect(store_reader_url) as connection:
        assert connection.execute("SELECT n FROM fact").fetchall() == [(1,)]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO insights.fact VALUES (2)",
        "UPDATE insights.fact SET n = 2",
        "DELETE FROM insights.fact",
        "TRUNCATE insights.fact",
        "DROP TABLE insights.fact",
        "CREATE TABLE insights.mine (n int)",
        "CREATE TABLE public.mine (n int)",
        "CREATE SCHEMA mine",
        "CREATE TEMPORARY TABLE mine (n int)",
        "SELECT * FROM activation.ledger",
        "COPY insights.fact TO '/tmp/stolen'",
        "COPY insights.fact TO PROGRAM 'cat'",
        "SELECT pg_read_file('PG_VERSION')",
    ],
)
def test_reader_cannot(store_reader_url: str, statement: str) -> None:
    with psycopg.connect(store_reader_url, autocommit=True) as connection:
        # The read-only default alone would not hold anyone back: a session may lift it.
        connection.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


def test_reader_is_read_only_by_default_and_bounded(store_reader_url: str) -> None:
    with psycopg.connect(store_reader_url) as connection:
        shown = {
            name: connection.execute(f"SHOW {name}".encode()).fetchone()
            for name in ("transaction_read_only", "statement_timeout")
        }
    assert shown == {"transaction_read_only": ("on",), "statement_timeout": ("30s",)}


def test_reader_cannot_enter_other_databases(postgres_server: Server, store_reader_url: str) -> None:
    databases.prepare_database(postgres_server.conninfo(), "closed")
    databases.prepare_database(postgres_server.conninfo(), "closed")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(store_reader_url, dbname="closed")


def test_preparing_again_sets_the_passwords(
    postgres_server: Server, store_passwords: databases.Passwords, store_url: str
) -> None:
    databases.prepare_roles(postgres_server.conninfo(), databases.Passwords("other-owner", "other-reader"))
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(store_url)
    databases.prepare_roles(postgres_server.conninfo(), store_passwords)
    with psycopg.connect(store_url) as connection:
        row = connection.execute("SELECT rolconnlimit FROM pg_roles WHERE rolname = %s", (databases.READER,))
        assert row.fetchone() == (databases.READER_CONNECTIONS,)


def test_an_administrator_who_is_no_superuser_can_prepare_a_store(postgres_server: Server) -> None:
    """Managed PostgreSQL has no superuser for its customers."""
    with psycopg.connect(postgres_server.conninfo(), autocommit=True) as connection:
        connection.execute("CREATE ROLE manager LOGIN CREATEDB CREATEROLE PASSWORD 'managers-password'")
        connection.execute(
            f"GRANT {databases.OWNER}, {databases.READER} TO manager WITH ADMIN OPTION".encode()
        )
    manager = make_conninfo(postgres_server.url("manager", "managers-password", "postgres"))
    databases.prepare_store(manager, "managed")
    with psycopg.connect(manager, dbname="managed") as connection:
        owner = connection.execute(
            "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'insights'"
        )
        assert owner.fetchone() == (databases.OWNER,)
