"""The lake's rows and a model's query in, the rows of its table as a frame out: DuckDB, in process."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import duckdb
import polars as pl

from perennial.errors import TerminalError
from perennial.insights import lift
from perennial.insights.model import Lift, Model

# A stable signed 32-bit key made from a natural one.
SURROGATE = """
CREATE MACRO surrogate(natural_key) AS
    (('0x' || left(md5(natural_key), 8))::BIGINT - 2147483648)::INTEGER
"""
COLUMNS = {"refreshed": "date_key", "refreshed_as_of": "as_of", "refreshed_after": "date_key"}
"""What queries see of the days to give, and the column with the day."""
DAY_OF_PARTITION = {"as_of": "SELECT key - 1 FROM changed", "event_date": "SELECT key FROM changed"}
"""A table by `as_of` holds what was known at the end of the day before."""
_DAYS = re.compile(r"\bIN\s*\(\s*FROM\s+(refreshed|refreshed_as_of|refreshed_after)\s*\)", re.IGNORECASE)
DAY = timedelta(days=1)
LONGEST = 30
"""How many days after one that is refreshed a query sees as `refreshed_after`."""


class QueryError(TerminalError):
    """A model's query does not run, or does not give the columns that it declares."""


class Engine:
    """A DuckDB connection that sees the lake's rows, and small frames, under the names that queries use."""

    def __init__(self, relations: Mapping[str, pl.LazyFrame], completed: date | None) -> None:
        """`completed` is the day that this refresh makes complete, if it does."""
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        self.connection.execute(SURROGATE)
        for name, rows in relations.items():
            self.connection.register(name, rows)
        self._register("completed", "date_key", [completed] if completed else [])

    def days(self, model: Model, partition: str | None, keys: Sequence[date]) -> list[date]:
        """The days of a model that changed partitions of one of its sources touch."""
        self._register("changed", "key", keys)
        query = model.refreshed or DAY_OF_PARTITION[str(partition)]
        days = self._run(model, f"SELECT DISTINCT date_key FROM ({query}) AS days(date_key) ORDER BY 1")
        return days["date_key"].to_list()

    def rows(self, model: Model, days: Sequence[date] | None) -> pl.DataFrame:
        """What the model's query gives for those days, in the declared columns and types."""
        query = model.query
        if days is not None:
            after = {day + DAY * more for day in days for more in range(LONGEST + 1)}
            lists = {
                "refreshed": days,
                "refreshed_as_of": [day + DAY for day in days],
                "refreshed_after": sorted(after),
            }
            for name, column in COLUMNS.items():
                self._register(name, column, lists[name])
            query = _spelled_out(query, lists)
        if model.lift:
            self.connection.register("compared", self._compared(model, model.lift, query))
            query = "FROM compared"
        columns = ", ".join(f"CAST({name} AS {type_}) AS {name}" for name, type_ in model.columns.items())
        return self._run(model, f"SELECT {columns} FROM (\n{query}\n)")

    def _compared(self, model: Model, said: Lift, query: str) -> pl.DataFrame:
        """What sending brought the people whom the query gives."""
        people = self._run(model, query)
        by = [name for name in model.columns if name not in lift.COLUMNS]
        wanted = {lift.TREATED, *by, *said.outcomes, *said.strata}
        if missing := sorted(wanted - {*people.columns}):
            raise QueryError(
                f"include/sql/insights/{model.name}.sql: lift: the query has to give {', '.join(missing)}; "
                f"it gives {', '.join(people.columns)}"
            )
        return lift.lift(people.lazy(), said.outcomes, by, strata=said.strata)

    def close(self) -> None:
        self.connection.close()

    def _register(self, name: str, column: str, days: Sequence[date]) -> None:
        self.connection.register(name, pl.LazyFrame({column: days}, schema={column: pl.Date}))

    def _run(self, model: Model, query: str) -> pl.DataFrame:
        try:
            return pl.DataFrame(self.connection.sql(query).pl())
        except duckdb.Error as error:
            raise QueryError(f"include/sql/insights/{model.name}.sql: {error}") from error


def _spelled_out(query: str, lists: Mapping[str, Sequence[date]]) -> str:
    """The same query with the days as constants: only then the files of other days are not read."""

    def said(match: re.Match[str]) -> str:
        days = ", ".join(f"DATE '{day}'" for day in lists[match[1].lower()])
        return f"IN ({days})" if days else match[0]

    return _DAYS.sub(said, query)
