"""Frames in, rows of the PostgreSQL store out: copied, and put in place in one transaction."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date

import polars as pl
import psycopg
from psycopg import sql

from perennial.errors import TerminalError, TransientError
from perennial.insights import catalogue, structure
from perennial.insights.model import Model
from perennial.insights.structure import SCHEMA
from perennial.store_schemas import has_table

# One refresh at a time: a second one waits, and then starts from the checkpoint of the first.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('perennial.insights'))"
SLICE = 100_000
"""Rows that are written as text at a time, on their way into the store."""
MANY = 10_000
"""Rows after which PostgreSQL is told to look at a table again, rather than to plan by what it was."""


class StoreUnavailable(TransientError):
    """PostgreSQL cannot be reached, or ended the transaction: nothing of it was kept."""


class KeyRepeated(TerminalError):
    """A query gives two rows with the same key, or two names have the same surrogate id."""


@contextmanager
def transaction(url: str) -> Iterator["StoreTransaction"]:
    """One transaction on the store: all that is done in it becomes visible at once, or not at all."""
    try:
        with psycopg.connect(url, options=f"-c search_path={SCHEMA}") as connection:
            connection.execute(LOCK)
            yield StoreTransaction(connection)
    except psycopg.OperationalError as error:
        raise StoreUnavailable(f"the store cannot be reached, or ended the refresh: {error}") from error


class StoreTransaction:
    """What a refresh does to the store."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def create(self, models: Sequence[Model], refreshed: Collection[str]) -> set[str]:
        """Bring the schema to what is declared; returns which tables have to be filled anew."""
        anew = structure.create(self._connection, models, refreshed)
        catalogue.write(self._connection, catalogue.describe(models))
        return anew

    def put(self, model: Model, rows: pl.DataFrame, days: Sequence[date] | None) -> None:
        """Put rows in place of what the model's `update` says: everything, the same days, or keys."""
        target = sql.Identifier(SCHEMA, model.name)
        if model.update == "keys":
            staged = sql.Identifier("pg_temp", "staged")
            like = sql.SQL("CREATE TEMPORARY TABLE staged (LIKE {}) ON COMMIT DROP").format(target)
            self._connection.execute(like)
            self._copy(staged, model, rows)
            self._connection.execute(_merge(model, target, staged))
            self._connection.execute(sql.SQL("DROP TABLE {}").format(staged))
        elif days is None:
            self._connection.execute(sql.SQL("DELETE FROM {}").format(target))
            self._copy(target, model, rows)
        else:
            day = sql.Identifier(model.day)
            delete = sql.SQL("DELETE FROM {} WHERE {} = ANY(%s)").format(target, day)
            self._connection.execute(delete, (list(days),))
            self._copy(target, model, rows)

    def look(self, model: Model) -> None:
        """Tell the planner what a table holds now."""
        self._connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(SCHEMA, model.name)))

    def has(self, model: Model) -> bool:
        """Whether the model's table is there."""
        return has_table(self._connection, f"{SCHEMA}.{model.name}")

    def days(self, model: Model) -> set[date]:
        """The days that a table has rows of."""
        query = sql.SQL("SELECT DISTINCT {} FROM {}")
        found = self._connection.execute(
            query.format(sql.Identifier(model.day), sql.Identifier(SCHEMA, model.name))
        )
        return {day for (day,) in found if day is not None}

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

    def set_filled(self, model: Model) -> None:
        """Note that all rows of a table are by its definition as it is now."""
        structure.remember(self._connection, model)

    def _copy(self, target: sql.Identifier, model: Model, rows: pl.DataFrame) -> None:
        columns = sql.SQL(", ").join(map(sql.Identifier, model.columns))
        copy = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(target, columns)
        try:
            with self._connection.cursor().copy(copy) as into:
                for part in rows.iter_slices(SLICE):
                    # Quoted, an empty text stays one; unquoted, nothing is NULL.
                    into.write(part.write_csv(include_header=False, quote_style="non_numeric"))
        except psycopg.errors.UniqueViolation as error:
            raise KeyRepeated(
                f"include/sql/insights/{model.name}.sql gives two rows with the same "
                f"({', '.join(model.primary_key)}): {error.diag.message_detail} If the query is right, two "
                "names have the same 32-bit id by chance: give one of them another name"
            ) from error


def _merge(model: Model, target: sql.Identifier, staged: sql.Identifier) -> sql.Composed:
    names = [sql.Identifier(name) for name in model.columns]
    told = [name for name in model.columns if name not in model.primary_key]
    assign = sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in told)
    update = sql.SQL("DO UPDATE SET {}").format(assign) if told else sql.SQL("DO NOTHING")
    return sql.SQL("INSERT INTO {} SELECT {} FROM {} ON CONFLICT ({}) {}").format(
        target,
        sql.SQL(", ").join(names),
        staged,
        sql.SQL(", ").join(map(sql.Identifier, model.primary_key)),
        update,
    )
