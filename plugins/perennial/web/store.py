"""The insights store, read-only: SQL and bound parameters in, rows out; failures that a page can explain."""

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from psycopg import errors
from psycopg_pool import ConnectionPool, PoolTimeout

from perennial.errors import PerennialError, TerminalError, TransientError
from perennial.web.parameters import parameters_of, to_placeholders

Kind = Literal["quantitative", "temporal", "nominal"]
Failure = Literal["unreachable", "missing", "denied", "timeout", "query"]

_QUANTITATIVE = {20, 21, 23, 26, 700, 701, 790, 1700}
_TEMPORAL = {1082, 1114, 1184}
# Possessive: comments can be told apart in one way only, or a row of them takes forever.
_READS = re.compile(
    r"(?:\s|--[^\n]*\n|(?>/\*.*?\*/))*+(SELECT|WITH|VALUES|TABLE)\b", re.IGNORECASE | re.DOTALL
)


class StoreError(PerennialError):
    """The store did not answer; `kind` says why, `hint` what to do."""

    def __init__(self, kind: Failure, message: str, hint: str) -> None:
        super().__init__(f"{message} {hint}")
        self.kind, self.message, self.hint = kind, message, hint


class StoreUnavailable(StoreError, TransientError):
    """Not reachable, or too busy: the same query may succeed later."""


class StoreRefused(StoreError, TerminalError):
    """The query cannot succeed until somebody changes something."""


@dataclass(frozen=True)
class Column:
    """One column of a result."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class Result:
    """Rows of a query, at most as many as were asked for."""

    columns: tuple[Column, ...]
    rows: list[tuple[Any, ...]]
    truncated: bool
    elapsed_ms: float


class Store:
    """A small pool of read-only connections to schema `insights`.

    :param conninfo: called when the first query runs; returns libpq's connection string.
    :param timeout_s: how long one statement may take.
    """

    def __init__(self, conninfo: Callable[[], str], timeout_s: float = 15, connect_s: float = 4) -> None:
        self._conninfo, self._timeout_s, self._connect_s = conninfo, timeout_s, connect_s
        self._pool: ConnectionPool | None = None
        self._opening = threading.Lock()

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None, limit: int = 5_000) -> Result:
        """Run one SELECT and read at most `limit` rows.

        :raises StoreUnavailable: no connection, or it took too long.
        :raises StoreRefused: a table that is missing, a right that is missing, SQL that is wrong.
        """
        start = time.monotonic()
        with _explained(), self._connections().connection() as connection, connection.cursor() as cursor:
            # PostgreSQL sends all rows of a statement before the first is read: so it is told how many.
            asked = f"{around(sql)}\nLIMIT {limit + 1}" if _READS.match(sql) else sql
            cursor.execute(*_bound(asked, parameters))
            rows = cursor.fetchmany(limit + 1)
            columns = _columns(cursor)
        elapsed_ms = (time.monotonic() - start) * 1000
        return Result(columns, rows[:limit], len(rows) > limit, elapsed_ms)

    def stream(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Iterator[tuple[Any, ...]]:
        """Yield the column names, then every row, in constant memory."""
        with (
            _explained(),
            self._connections().connection() as connection,
            connection.cursor("export") as cursor,
        ):
            cursor.itersize = 5_000
            cursor.execute(*_bound(sql, parameters))
            yield tuple(column.name for column in _columns(cursor))
            yield from cursor

    def close(self) -> None:
        """Give the connections back."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def _connections(self) -> ConnectionPool:
        with self._opening:
            if self._pool is None:
                self._pool = self._open()
            return self._pool

    def _open(self) -> ConnectionPool:
        settings = {
            "search_path": "insights",
            "default_transaction_read_only": "on",
            "statement_timeout": int(self._timeout_s * 1000),
        }
        return ConnectionPool(
            self._conninfo(),
            min_size=0,
            max_size=6,
            timeout=self._connect_s,
            max_idle=120,
            kwargs={
                "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
                "application_name": "perennial-web",
                "connect_timeout": 3,
            },
            check=ConnectionPool.check_connection,
            open=True,
        )


def around(sql: str) -> str:
    """A query as the table that another one selects from."""
    return f"SELECT *\nFROM (\n{sql.rstrip().rstrip(';')}\n) AS shown"


def _bound(sql: str, parameters: Mapping[str, Any] | None) -> tuple[bytes, dict[str, Any]]:
    bound = {name: (parameters or {})[name] for name in parameters_of(sql)}
    lists = {name for name, value in bound.items() if isinstance(value, list)}
    return to_placeholders(sql, lists).encode(), bound


def _columns(cursor: psycopg.Cursor[Any] | psycopg.ServerCursor[Any]) -> tuple[Column, ...]:
    def kind(oid: int) -> Kind:
        return "quantitative" if oid in _QUANTITATIVE else "temporal" if oid in _TEMPORAL else "nominal"

    return tuple(Column(column.name, kind(column.type_code)) for column in cursor.description or ())


class _explained:
    """Turn the driver's errors into ours, with what to do next."""

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        match error:
            case PoolTimeout():
                raise StoreUnavailable(
                    "unreachable",
                    "The insights store cannot be reached.",
                    "Check that PostgreSQL runs and what the connection perennial_store_reader points to.",
                ) from error
            case errors.UndefinedTable() | errors.InvalidSchemaName():
                raise StoreRefused(
                    "missing",
                    "Not computed yet.",
                    f"The store has no such table so far: {_first_line(error)}.",
                ) from error
            case errors.InsufficientPrivilege() | errors.ReadOnlySqlTransaction():
                raise StoreRefused(
                    "denied",
                    f"The store refused: {_first_line(error)}.",
                    "Readers may SELECT in schema insights, no more.",
                ) from error
            case errors.QueryCanceled():
                raise StoreUnavailable(
                    "timeout",
                    "The query took too long and was stopped.",
                    "Narrow the period, or make it cheaper.",
                ) from error
            case errors.OperationalError():
                raise StoreUnavailable(
                    "unreachable", "The insights store closed the connection.", "Try again in a moment."
                ) from error
            case psycopg.Error():
                raise StoreRefused(
                    "query",
                    f"The store did not understand the query: {_first_line(error)}.",
                    "Correct the widget's SQL.",
                ) from error


def _first_line(error: psycopg.Error) -> str:
    return (error.diag.message_primary or str(error)).splitlines()[0].rstrip(".")
