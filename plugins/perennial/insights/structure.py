"""The declared tables in, the store's schema as they say out: tables, views, indexes and comments."""

import hashlib
from collections.abc import Collection, Sequence

import psycopg
from psycopg import sql

from perennial.insights.model import Model

SCHEMA = "insights"
LOGS = f"""
CREATE SCHEMA IF NOT EXISTS {SCHEMA};
CREATE TABLE IF NOT EXISTS {SCHEMA}.checkpoint_log (
    process_name text NOT NULL,
    process_status text NOT NULL,
    last_snapshot_id bigint,
    process_timestamp timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS {SCHEMA}.definition_log (
    table_name text PRIMARY KEY,
    shape text NOT NULL,
    definition text
);
"""
COMMENTS = f"""
SELECT relname, attname, description
FROM pg_description
JOIN pg_class ON pg_class.oid = objoid AND classoid = 'pg_class'::regclass
LEFT JOIN pg_attribute ON attrelid = objoid AND attnum = objsubid AND objsubid > 0
WHERE relnamespace = '{SCHEMA}'::regnamespace
"""
RELATIONS = f"""
SELECT relname, relkind::text, array_agg(attname::text ORDER BY attnum)
FROM pg_class
JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
WHERE relnamespace = '{SCHEMA}'::regnamespace AND relkind IN ('r', 'v', 'i')
GROUP BY relname, relkind
"""
KINDS = {"r": "TABLE", "v": "VIEW"}


def create(connection: psycopg.Connection, models: Sequence[Model], refreshed: Collection[str]) -> set[str]:
    """Bring the schema to what is declared; returns which tables have to be filled anew, with all rows.

    Only what differs is touched: whoever reads a table waits for the end of the transaction if it is made
    anew. That happens to those alone that are about to be `refreshed`.
    """
    connection.execute(LOGS.encode())
    there = {name: (kind, columns) for name, kind, columns in connection.execute(RELATIONS.encode())}
    known = {name: said for name, *said in connection.execute(f"TABLE {SCHEMA}.definition_log".encode())}
    tables = [model for model in models if model.stored == "table"]
    views = [model for model in models if model.stored == "view"]
    doomed = {
        model.name
        for model in tables
        if model.name in refreshed and model.name in there and not _fits(model, there[model.name], known)
    }
    stale = {view.name for view in views if known.get(view.name, ["", ""])[1] != view.definition}
    if doomed:
        stale |= {view.name for view in views}
    for name in [*(stale & there.keys()), *doomed]:
        drop = sql.SQL(f"DROP {KINDS[there.pop(name)[0]]} {{}}")
        connection.execute(drop.format(sql.Identifier(SCHEMA, name)))
    missing = [model for model in models if model.name not in there]
    for model in missing:
        connection.execute(ddl(model).encode())
        remember(connection, model, filled=model.stored == "view")
    for name, statement in (each for model in tables for each in indexes(model).items()):
        if name not in there:
            connection.execute(statement.encode())
    _comment(connection, models)
    new = {model.name for model in missing}
    changed = {model.name for model in tables if known.get(model.name, ["", ""])[1] != model.definition}
    return (new | changed) & {model.name for model in tables}


def remember(connection: psycopg.Connection, model: Model, *, filled: bool = True) -> None:
    """Note how a table is made, and by which definition its rows are, once all of them are."""
    connection.execute(
        f"INSERT INTO {SCHEMA}.definition_log VALUES (%s, %s, %s) ON CONFLICT (table_name) "
        "DO UPDATE SET shape = excluded.shape, definition = excluded.definition",
        (model.name, repr(model.shape), model.definition if filled else None),
    )


def ddl(model: Model) -> str:
    """The statement that creates a model's table, or its view; `search_path` must lead to the schema."""
    if model.stored == "view":
        columns = ", ".join(f"CAST({name} AS {type_}) AS {name}" for name, type_ in model.columns.items())
        return f"CREATE VIEW {SCHEMA}.{model.name} AS SELECT {columns} FROM (\n{model.query}\n) AS given"
    columns = ", ".join(f"{name} {type_}" for name, type_ in model.columns.items())
    key = ", ".join(model.primary_key)
    return f"CREATE TABLE {SCHEMA}.{model.name} ({columns}, PRIMARY KEY ({key}))"


def indexes(model: Model) -> dict[str, str]:
    """The statements that create a model's indexes, by the indexes' names."""
    found = {}
    for columns in map(", ".join, model.indexes):
        name = f"{model.name[:50]}_{hashlib.sha256(columns.encode()).hexdigest()[:8]}"
        found[name] = f"CREATE INDEX {name} ON {SCHEMA}.{model.name} ({columns})"
    return found


def comments(model: Model) -> dict[tuple[str, str | None], str]:
    """What its table (None) and its columns hold, for who browses the store."""
    columns: dict[tuple[str, str | None], str] = {
        (model.name, column): text for column, text in model.comments.items()
    }
    return {(model.name, None): model.title, **columns}


def _fits(model: Model, found: tuple[str, list[str]], known: dict[str, list[str]]) -> bool:
    """Whether a table that is there is as the model says; of one that nobody noted, the columns tell."""
    kind, columns = found
    if kind != "r":
        return False
    return known[model.name][0] == repr(model.shape) if model.name in known else columns == [*model.columns]


def _comment(connection: psycopg.Connection, models: Sequence[Model]) -> None:
    known = {(table, column): text for table, column, text in connection.execute(COMMENTS.encode())}
    for model in models:
        for (table, column), text in comments(model).items():
            if known.get((table, column)) == text:
                continue
            on = sql.SQL("COLUMN" if column else "VIEW" if model.stored == "view" else "TABLE")
            place = sql.Identifier(SCHEMA, table, *([column] if column else []))
            connection.execute(sql.SQL("COMMENT ON {} {} IS {}").format(on, place, sql.Literal(text)))
