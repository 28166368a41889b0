"""The lake's tables and a model's query in, its rows as a frame out: DuckDB, in process."""

from collections.abc import Callable, Mapping
from datetime import date

import duckdb
import polars as pl

from perennial.errors import TerminalError
from perennial.insights.model import Model
from perennial.lake.tables import Table

# A stable signed 32-bit key made from a natural one.
SURROGATE = """
CREATE MACRO surrogate(natural_key) AS
    (('0x' || left(md5(natural_key), 8))::BIGINT - 2147483648)::INTEGER
"""
DAY_OF_PARTITION = {"as_of": "SELECT key - 1 FROM changed", "event_date": "SELECT key FROM changed"}
"""A table by `as_of` holds what was known at the end of the day before."""


View = Callable[[pl.LazyFrame], pl.LazyFrame]


class QueryError(TerminalError):
    """A model's query does not run, or does not give the columns that it declares."""


class Engine:
    """A DuckDB connection that sees snapshots of lake tables, and small frames, under their names."""

    def __init__(
        self,
        tables: Mapping[str, Table],
        frames: Mapping[str, pl.DataFrame],
        views: Mapping[str, View] | None = None,
    ) -> None:
        """`views` say how the rows of some tables are read; the others are read as they are."""
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute(SURROGATE)
        for name, table in tables.items():
            if table.exists() or table.schema is not None:
                rows = table.scan()
                self.connection.register(name, views[name](rows) if views and name in views else rows)
        for name, frame in frames.items():
            self._register(name, frame)

    def days(self, model: Model, source: Table, changed: list[str], as_of: date | None) -> list[date]:
        """The days of a model that the changed partitions touch, up to `as_of` where it is given."""
        keys = [date.fromisoformat(key) for key in changed]
        if as_of is not None and source.partition == "as_of":
            keys = sorted({key for key in keys if key <= as_of} | {as_of})
        self._register("changed", pl.DataFrame({"key": keys}, schema={"key": pl.Date}))
        query = model.refreshed or DAY_OF_PARTITION[str(source.partition)]
        days = self._run(model, f"SELECT DISTINCT date_key FROM ({query}) AS days(date_key) ORDER BY 1")
        return days["date_key"].to_list()

    def rows(self, model: Model, days: list[date] | None) -> pl.DataFrame:
        """What the model's query gives for those days, in the declared columns and types."""
        if days is not None:
            self._register("refreshed", pl.DataFrame({"date_key": days}, schema={"date_key": pl.Date}))
        columns = ", ".join(f"CAST({name} AS {type_}) AS {name}" for name, type_ in model.columns.items())
        return self._run(model, f"SELECT {columns} FROM (\n{model.query}\n)")

    def close(self) -> None:
        self.connection.close()

    def _register(self, name: str, frame: pl.DataFrame) -> None:
        self.connection.register(name, frame.lazy())

    def _run(self, model: Model, query: str) -> pl.DataFrame:
        try:
            return pl.DataFrame(self.connection.sql(query).pl())
        except duckdb.Error as error:
            raise QueryError(f"include/sql/insights/{model.name}.sql: {error}") from error
