"""Arrow tables in, rows of the PostgreSQL store out: copied, and put in place in one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import polars as pl
import psycopg
from psycopg import sql

from perennial.errors import TransientError
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
CREATE TABLE IF NOT EXISTS {SCHEMA}.adwh_lkup_process_delta_log (
    process_name text NOT NULL,
    process_status text NOT NULL,
    process_date date NOT NULL,
    merge_policy_id integer NOT NULL,
    PRIMARY KEY (process_name, process_date, merge_policy_id)
);
"""
# One refresh at a time: a second one waits, and then starts from the checkpoint of the first.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('perennial.insights'))"
COMMENTS = f"""
SELECT relname, attname, description
FROM pg_description
JOIN pg_class ON pg_class.oid = objoid AND classoid = 'pg_class'::regclass
LEFT JOIN pg_attribute ON attrelid = objoid AND attnum = objsubid AND objsubid > 0
WHERE relnamespace = '{SCHEMA}'::regnamespace
"""
SLICE = 100_000
"""Rows that are written as text at a time, on their way into the store."""


class StoreUnavailable(TransientError):
    """PostgreSQL cannot be reached, or ended the transaction: nothing of it was kept."""


@contextmanager
def transaction(url: str) -> Iterator["StoreTransaction"]:
    """One transaction on the store: all that is done in it becomes visible at once, or not at all."""
    try:
        with psycopg.connect(url) as connection:
            connection.execute(LOCK)
            yield StoreTransaction(connection)
    except psycopg.OperationalError as error:
        raise StoreUnavailable(f"the store cannot be reached, or ended the refresh: {error}") from error


class StoreTransaction:
    """What a refresh does to the store."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def create(self, models: list[Model]) -> None:
        """Create what is missing: the schema, the logs, and each model's table, with its comments."""
        for statement in (LOGS, *map(ddl, models)):
            self._connection.execute(statement)
        known = {(table, column): text for table, column, text in self._connection.execute(COMMENTS)}
        for model in models:
            for place, text in comments(model).items():
                if known.get(place) != text:
                    self._connection.execute(_comment(*place, text))

    def put(self, model: Model, rows: pl.DataFrame, days: list[date] | None) -> None:
        """Put rows in place of those of the same days, or of the whole table."""
        target = sql.Identifier(SCHEMA, model.name)
        if days is None:
            self._connection.execute(sql.SQL("DELETE FROM {}").format(target))
        else:
            delete = sql.SQL("DELETE FROM {} WHERE date_key = ANY(%s)").format(target)
            self._connection.execute(delete, (days,))
        columns = sql.SQL(", ").join(map(sql.Identifier, model.columns))
        copy = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(target, columns)
        with self._connection.cursor().copy(copy) as into:
            for part in rows.iter_slices(SLICE):
                # Quoted, an empty text stays one; unquoted, nothing is NULL.
                into.write(part.write_csv(include_header=False, quote_style="non_numeric"))

    def checkpoint(self, process: str) -> int:
        """The source's snapshot that the last successful refresh of a table had seen; -1 if none."""
        row = self._connection.execute(
            f"SELECT last_snapshot_id FROM {SCHEMA}.checkpoint_log "
            "WHERE process_name = %s AND process_status = 'SUCCESSFUL' "
            "ORDER BY process_timestamp DESC, last_snapshot_id DESC LIMIT 1",
            (process,),
        ).fetchone()
        return -1 if row is None else int(row[0])

    def set_checkpoint(self, process: str, snapshot: int) -> None:
        """Log that a table was refreshed up to a snapshot of its source."""
        self._connection.execute(
            f"INSERT INTO {SCHEMA}.checkpoint_log VALUES (%s, 'SUCCESSFUL', %s, now())", (process, snapshot)
        )

    def set_processed(self, process: str, day: date) -> None:
        """Log that all tables hold a day, for every merge policy."""
        self._connection.execute(
            f"INSERT INTO {SCHEMA}.adwh_lkup_process_delta_log "
            f"SELECT %s, 'SUCCESSFUL', %s, merge_policy_id FROM {SCHEMA}.adwh_dim_merge_policies "
            "ON CONFLICT DO NOTHING",
            (process, day),
        )


def ddl(model: Model) -> str:
    """The statement that creates a model's table where it is missing."""
    columns = ", ".join(f"{name} {type_}" for name, type_ in model.columns.items())
    key = ", ".join(model.primary_key)
    return f"CREATE TABLE IF NOT EXISTS {SCHEMA}.{model.name} ({columns}, PRIMARY KEY ({key}))"


def comments(model: Model) -> dict[tuple[str, str | None], str]:
    """What its table (None) and its columns hold, for who browses the store."""
    columns: dict[tuple[str, str | None], str] = {
        (model.name, column): text for column, text in model.comments.items()
    }
    return {(model.name, None): model.title, **columns}


def _comment(table: str, column: str | None, text: str) -> sql.Composed:
    if column is None:
        where = sql.SQL("TABLE {}").format(sql.Identifier(SCHEMA, table))
    else:
        where = sql.SQL("COLUMN {}").format(sql.Identifier(SCHEMA, table, column))
    return sql.SQL("COMMENT ON {} IS {}").format(where, sql.Literal(text))
