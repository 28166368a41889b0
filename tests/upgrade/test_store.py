"""Stores that earlier releases made are brought to the present one's shape, and lose no row on the way."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from perennial import store_schemas, upgrade
from perennial.activation.ledger import open_ledger

pytestmark = pytest.mark.store
HERE = Path(__file__).parent
BEFORE = {
    "the first ledger": HERE.parent / "activation/store_before.sql",
    "8e095db": HERE / "store_before.sql",
}
SHAPE = """
SELECT 'column', table_schema, table_name, column_name,
    data_type || is_nullable || coalesce(column_default, '')
FROM information_schema.columns WHERE table_schema = ANY(%(names)s)
UNION ALL
SELECT 'constraint', connamespace::regnamespace::text, conrelid::regclass::text, conname,
    pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace::regnamespace::text = ANY(%(names)s)
UNION ALL
SELECT 'index', schemaname, tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = ANY(%(names)s)
UNION ALL
SELECT 'view', schemaname, viewname, '', definition FROM pg_views WHERE schemaname = ANY(%(names)s)
"""
TABLES = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY(%(names)s)"
NAMES = {"names": [*store_schemas.VERSIONS]}


def emptied(url: str) -> None:
    with psycopg.connect(url) as connection:
        for name in (*store_schemas.VERSIONS, "perennial"):
            connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(name)))


def shape(url: str) -> set[tuple[str, ...]]:
    with psycopg.connect(url) as connection:
        return set(connection.execute(SHAPE, NAMES).fetchall())


def rows(url: str) -> dict[str, list[dict[str, Any]]]:
    """Of each table, its rows by column."""
    found: dict[str, list[dict[str, Any]]] = {}
    with psycopg.connect(url) as connection:
        for schema, table in connection.execute(TABLES, NAMES).fetchall():
            there = connection.execute(sql.SQL("TABLE {}").format(sql.Identifier(schema, table)))
            names = [column.name for column in there.description or ()]
            found[f"{schema}.{table}"] = [dict(zip(names, row, strict=True)) for row in there]
    return found


@pytest.fixture(scope="module")
def fresh(store_url):
    """The shape of a store that this release has made."""
    emptied(store_url)
    upgrade.store(store_url)
    return shape(store_url)


@pytest.mark.parametrize("before", BEFORE)
def test_a_store_of_an_earlier_release_becomes_one_of_this_release(before, fresh, store_url, capsys):
    emptied(store_url)
    with psycopg.connect(store_url) as connection:
        connection.execute(BEFORE[before].read_bytes())
    was, held = shape(store_url), rows(store_url)
    assert sum(map(len, held.values())) >= 4
    assert upgrade.main(["--check", "--store", store_url]) == 1
    assert "store, activation: version 0 -> 1" in capsys.readouterr().out
    assert shape(store_url) == was != fresh, "a check changes nothing"
    upgrade.store(store_url)
    assert shape(store_url) == fresh
    assert upgrade.store(store_url) == [], "it can be repeated"
    now = rows(store_url)
    for table, kept in held.items():
        columns = {*kept[0]} if kept else set()
        assert [{name: row[name] for name in columns} for row in now[table]] == kept, table
    with open_ledger(store_url, "esp", "email") as ledger:
        assert "a@example.com" in ledger.rows()["key"].to_list()


def test_a_store_that_a_newer_release_has_migrated_is_refused_and_left_alone(
    fresh, store_url, capsys, monkeypatch
):
    with psycopg.connect(store_url) as connection:
        connection.execute("UPDATE perennial.schema_version SET version = 9 WHERE name = 'campaigns'")
    with (
        psycopg.connect(store_url) as connection,
        pytest.raises(
            store_schemas.StoreIsNewer, match=r"campaigns is of version 9, and this release .* up to 1"
        ),
    ):
        store_schemas.migrate(connection, "campaigns", "CREATE TABLE campaigns.never (n int)")
    assert not any(name == "never" for _, _, name, *_ in shape(store_url))
    assert upgrade.main(["--store", store_url]) == 1
    assert "run the newer release" in capsys.readouterr().err
    with psycopg.connect(store_url) as connection:
        connection.execute("UPDATE perennial.schema_version SET version = 1 WHERE name = 'campaigns'")


def test_every_schema_has_a_version_and_is_upgraded():
    assert upgrade.schemas().keys() == store_schemas.VERSIONS.keys()


def test_whoever_changes_a_schema_raises_its_version():
    """Where this fails, raise the version in `store_schemas`, and write the new pair here."""
    found = {
        name: (
            store_schemas.VERSIONS[name],
            sha256(" ".join("\n".join(tables).split()).encode()).hexdigest()[:16],
        )
        for name, tables in upgrade.schemas().items()
    }
    assert found == {
        "activation": (1, "938ad13cab273363"),
        "alerts": (1, "414fb3fc27a0a4e2"),
        "campaigns": (1, "3dacaa5f9c10c891"),
        "dashboards": (1, "deb666e5c426a94a"),
        "privacy": (1, "9768dbc2e92df996"),
        "queries": (1, "f021ea1b1903aaf4"),
    }
