"""A ledger that an earlier release made is brought to the present one's shape, and keeps what it knows."""

from pathlib import Path

import psycopg
import pytest

from perennial.activation.ledger import migrate, open_ledger

pytestmark = pytest.mark.store
BEFORE = Path(__file__).parent / "store_before.sql"
SHAPE = """
SELECT 'column', table_name, column_name, data_type || is_nullable || coalesce(column_default, '')
FROM information_schema.columns WHERE table_schema = 'activation'
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'activation'::regnamespace
UNION ALL
SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'activation'
UNION ALL
SELECT 'view', viewname, '', definition FROM pg_views WHERE schemaname = 'activation'
"""


def shape(url: str) -> set[tuple[str, ...]]:
    with psycopg.connect(url) as connection:
        return set(connection.execute(SHAPE).fetchall())


@pytest.fixture
def url(store_url: str) -> str:
    """A store without a ledger."""
    with psycopg.connect(store_url) as connection:
        connection.execute("DROP SCHEMA IF EXISTS activation CASCADE")
    return store_url


def test_a_ledger_of_the_first_release_becomes_one_of_this_release(url):
    migrate(url)
    fresh = shape(url)
    with psycopg.connect(url) as connection:
        connection.execute("DROP SCHEMA activation CASCADE")
        connection.execute(BEFORE.read_bytes())
    before = shape(url)
    assert before != fresh
    migrate(url)
    assert shape(url) == fresh
    migrate(url)
    assert shape(url) == fresh, "it can be repeated"
    with open_ledger(url, "esp", "email") as ledger:
        assert ledger.rows()["key"].to_list() == ["a@example.com"]
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT state, request FROM activation.run").fetchall() == [("done", None)]
        assert connection.execute("SELECT state FROM activation.outcome").fetchall() == [("delivered",)]
        assert connection.execute("SELECT key FROM activation.suppression").fetchall() == [("b@example.com",)]
