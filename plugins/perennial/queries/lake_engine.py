"""One statement over the lake in, its rows out, piece by piece: DuckDB in memory, cut off from all else."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from perennial.queries.catalog import LakeTables
from perennial.queries.errors import QueryError
from perennial.queries.lake_statement import Statement, explained, read
from perennial.queries.limits import Limits
from perennial.queries.results import Column, kind_of
from perennial.queries.snapshots import plain
from perennial.queries.tokens import quoted, tokens

_AS_TEXT = re.compile(r"\b(INTERVAL|UNION|BIT|VARIANT|GEOMETRY|TIME WITH TIME ZONE|TIME_NS|BIGNUM|ENUM)\b")
"""Types that Arrow's readers do not take."""
BATCH = 10_000
SHARE = 0.7
"""Of the process's memory that is DuckDB's; the rest is the readers' and Python's."""
_TABLES = """SELECT * FROM "the lake's tables" ORDER BY "schema", "table" """


def connect(limits: Limits) -> duckdb.DuckDBPyConnection:
    """A database in memory that reaches no file, no network and no extension."""
    connection = duckdb.connect(
        config={
            "enable_external_access": "false",
            "autoload_known_extensions": "false",
            "autoinstall_known_extensions": "false",
            "allow_community_extensions": "false",
            "python_enable_replacements": "false",
            "temp_directory": "",
            "threads": str(limits.threads),
            "memory_limit": f"{int(limits.megabytes * SHARE)}MB",
        }
    )
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET errors_as_json = true")
    connection.execute("SET lock_configuration = true")
    return connection


class LakeEngine:
    """Statements over one lake; what one of them makes (`CREATE TEMP TABLE`) the next ones see."""

    def __init__(self, tables: LakeTables, macros: Path | None, limits: Limits) -> None:
        """
        :param macros: a folder of SQL files, each of which defines functions
        """
        self.connection = connect(limits)
        self._tables = tables
        self._seen: set[str] = set()
        self._made: set[str] = set()
        for file in sorted(macros.glob("*.sql")) if macros else ():
            self.connection.execute(file.read_text(encoding="utf-8"))
        rows = self.connection.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() WHERE NOT internal"
        ).fetchall()
        self.macros = {str(name) for (name,) in rows}

    def run(self, sql: str, parameters: Mapping[str, Any]) -> tuple[list[Column], Iterator[pl.DataFrame]]:
        """The columns of a statement's result, and its rows. Raises `QueryError` about places of `sql`."""
        written = plain(_without_end(sql), parameters)
        try:
            text = written.sql
            if is_show_tables(text):
                text = _TABLES
                self._register("the lake's tables", self._listed())
            statement = read(self.connection, text, self.macros)
            for relation in written.relations:
                if relation.name not in self._seen:
                    self._register(relation.name, self._tables.relation(relation))
            known = {relation.name for relation in written.relations} | self._made | {"the lake's tables"}
            for named in statement.tables:
                if len(named.path) == 1 and named.path[0] in known:
                    continue
                self._view(self._tables.find(named))
            return self._rows(statement)
        except QueryError as error:
            # What a clause says of itself has its place already.
            if error.kind == "snapshot" or error.place is None:
                raise
            raise error.at(written.rewriting.original(error.place)) from None

    def make(self, name: str, sql: str, parameters: Mapping[str, Any]) -> None:
        """Keep the rows of a statement under a name, for the statements that follow."""
        columns, pieces = self.run(sql, parameters)
        found = [*pieces]
        rows = pl.concat(found, how="vertical_relaxed") if found else pl.DataFrame()
        self._register(name, rows.rename({f"c{i}": column.name for i, column in enumerate(columns)}).lazy())
        self._made.add(name)

    def interrupt(self) -> None:
        """Stop what runs; it raises `QueryError`. For another thread."""
        self.connection.interrupt()

    def close(self) -> None:
        """Give everything back."""
        self.connection.close()

    def _rows(self, statement: Statement) -> tuple[list[Column], Iterator[pl.DataFrame]]:
        sql = statement.sql
        if not statement.is_select:
            return self._explained(sql)
        prefix = "DESCRIBE FROM (\n"
        try:
            described = self.connection.execute(f"{prefix}{sql}\n)").fetchall()
        except duckdb.Error as error:
            raise explained(error, sql, len(prefix)) from None
        columns = [Column(row[0], row[1], kind_of(row[1])) for row in described]
        casts = ["::VARCHAR" if _AS_TEXT.search(column.type) else "" for column in columns]
        # Numbered names: two columns of a result may be called the same.
        select = ", ".join(f"#{i + 1}{cast} AS c{i}" for i, cast in enumerate(casts))
        prefix = f"SELECT {select} FROM (\n"
        return columns, self._pieces(f"{prefix}{sql}\n)", sql, len(prefix.encode()))

    def _pieces(self, text: str, sql: str, prefix: int) -> Iterator[pl.DataFrame]:
        try:
            reader = self.connection.sql(text).to_arrow_reader(BATCH)
            yield _frame(reader.schema.empty_table())
            for batch in reader:
                yield _frame(batch)
        except (duckdb.Error, OSError) as error:
            raise explained(error, sql, prefix) from None

    def _explained(self, sql: str) -> tuple[list[Column], Iterator[pl.DataFrame]]:
        try:
            rows = self.connection.execute(sql).fetchall()
        except duckdb.Error as error:
            raise explained(error, sql) from None
        texts = pl.DataFrame({"c0": [row[-1] for row in rows]}, schema={"c0": pl.String})
        return [Column("plan", "VARCHAR", "nominal")], iter([texts])

    def _view(self, name: str) -> None:
        """Put a table of the lake in place, under its schema's name."""
        if name in self._seen:
            return
        schema, _, table = name.partition("/")
        inner = f"lake {name}"
        self._register(inner, self._tables.rows(name))
        self._seen.add(name)
        self.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
        self.connection.execute(f"CREATE VIEW {quoted(schema)}.{quoted(table)} AS FROM {quoted(inner)}")

    def _register(self, name: str, rows: pl.LazyFrame) -> None:
        self.connection.register(name, rows)
        self._seen.add(name)

    def _listed(self) -> pl.LazyFrame:
        rows = [name.partition("/")[::2] for name in self._tables.names]
        return pl.LazyFrame(rows, schema={"schema": pl.String, "table": pl.String}, orient="row")


def is_show_tables(sql: str) -> bool:
    """Whether a statement asks for the list of tables."""
    return [token.text.upper() for token in tokens(sql)] == ["SHOW", "TABLES"]


def _without_end(sql: str) -> str:
    """A statement without the semicolons at its end."""
    found = tokens(sql)
    while found and found[-1].says(";"):
        found.pop()
    return sql[: found[-1].end] if found else ""


def _frame(batch: Any) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(batch))
