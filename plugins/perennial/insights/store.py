"""Arrow tables in, rows of the PostgreSQL store out: copied, and put in place in one transaction."""

from datetime import date
from types import TracebackType

import adbc_driver_postgresql.dbapi
import pyarrow as pa
from adbc_driver_manager import DatabaseError, OperationalError

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


class StoreUnavailable(TransientError):
    """PostgreSQL cannot be reached, or ended the transaction: nothing of it was kept."""


class StoreTransaction:
    """One transaction on the store: all that is done in it becomes visible at once, or not at all."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> "StoreTransaction":
        try:
            self._connection = adbc_driver_postgresql.dbapi.connect(self._url)
        except (OperationalError, DatabaseError) as error:
            raise StoreUnavailable(f"the store cannot be reached: {error}") from error
        self._cursor = self._connection.cursor()
        self._execute("SET TIME ZONE 'UTC'")
        self._execute(LOCK)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._connection.commit()
        finally:
            self._cursor.close()
            self._connection.close()

    def create(self, models: list[Model]) -> None:
        """Create what is missing: the schema, the logs, and each model's table."""
        for statement in LOGS.strip().split(";\n"):
            self._execute(statement)
        for model in models:
            self._execute(ddl(model))

    def put(self, model: Model, rows: pa.Table, days: pa.Table | None) -> None:
        """Put rows in place of those of the same days, or of the whole table."""
        target = f"{SCHEMA}.{model.name}"
        if days is None:
            self._execute(f"DELETE FROM {target}")
        else:
            self._stage("days", days)
            self._execute(f"DELETE FROM {target} WHERE date_key IN (SELECT date_key FROM staged_days)")
        if rows.num_rows:
            self._stage("rows", rows)
            names = ", ".join(model.columns)
            casts = ", ".join(f"{name}::{type_}" for name, type_ in model.columns.items())
            self._execute(f"INSERT INTO {target} ({names}) SELECT {casts} FROM staged_rows")

    def checkpoint(self, process: str) -> int:
        """The source's snapshot that the last successful refresh of a table had seen; -1 if none."""
        self._execute(
            f"SELECT last_snapshot_id FROM {SCHEMA}.checkpoint_log "
            "WHERE process_name = $1 AND process_status = 'SUCCESSFUL' "
            "ORDER BY process_timestamp DESC, last_snapshot_id DESC LIMIT 1",
            (process,),
        )
        row = self._cursor.fetchone()
        return -1 if row is None or row[0] is None else int(row[0])

    def set_checkpoint(self, process: str, snapshot: int) -> None:
        """Log that a table was refreshed up to a snapshot of its source."""
        self._execute(
            f"INSERT INTO {SCHEMA}.checkpoint_log VALUES ($1, 'SUCCESSFUL', $2, now())",
            (process, snapshot),
        )

    def set_processed(self, process: str, day: date) -> None:
        """Log that all tables hold a day, for every merge policy."""
        self._execute(
            f"INSERT INTO {SCHEMA}.adwh_lkup_process_delta_log "
            f"SELECT $1, 'SUCCESSFUL', $2, merge_policy_id FROM {SCHEMA}.adwh_dim_merge_policies "
            "ON CONFLICT DO NOTHING",
            (process, day),
        )

    def _stage(self, name: str, rows: pa.Table) -> None:
        self._execute(f"DROP TABLE IF EXISTS staged_{name}")
        self._cursor.adbc_ingest(f"staged_{name}", rows, mode="create", temporary=True)

    def _execute(self, statement: str, parameters: tuple[object, ...] | None = None) -> None:
        try:
            self._cursor.execute(statement, parameters)
        except OperationalError as error:
            raise StoreUnavailable(f"the store ended the refresh: {error}") from error


def ddl(model: Model) -> str:
    """The statement that creates a model's table where it is missing."""
    columns = ", ".join(f"{name} {type_}" for name, type_ in model.columns.items())
    key = ", ".join(model.primary_key)
    return f"CREATE TABLE IF NOT EXISTS {SCHEMA}.{model.name} ({columns}, PRIMARY KEY ({key}))"
