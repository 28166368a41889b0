"""One statement over the store in, its rows out, piece by piece: PostgreSQL, as a role that may only read."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import polars as pl
import psycopg
from psycopg import errors

from perennial.queries.errors import Kind, Place, QueryError
from perennial.queries.limits import Limits
from perennial.queries.results import Column, kind_of, plain
from perennial.queries.store_statement import StoreStatement, check_calls, read

BATCH = 5_000
_TYPES: dict[str, pl.DataType] = {
    "bool": pl.Boolean(),
    "int2": pl.Int16(),
    "int4": pl.Int32(),
    "int8": pl.Int64(),
    "oid": pl.Int64(),
    "float4": pl.Float64(),
    "float8": pl.Float64(),
    "date": pl.Date(),
    "time": pl.Time(),
    "timestamp": pl.Datetime("us"),
    "timestamptz": pl.Datetime("us", "UTC"),
}
_SCALE = 18
"""Digits that are kept of a number whose scale PostgreSQL leaves open, such as a mean."""


class StoreEngine:
    """Statements over the store, each in a read-only transaction of its own.

    :param conninfo: of the role that reads
    """

    def __init__(self, conninfo: str, limits: Limits) -> None:
        settings = {
            "search_path": "insights",
            "default_transaction_read_only": "on",
            "statement_timeout": f"{int(limits.seconds * 1000)}",
            "lock_timeout": "5000",
            "standard_conforming_strings": "on",
            # A query whose process was stopped is noticed, and ended, within a second.
            "client_connection_check_interval": "1000",
            "TimeZone": "UTC",
        }
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        try:
            self._connection = psycopg.connect(
                conninfo, options=options, application_name="perennial-query", connect_timeout=5
            )
        except psycopg.OperationalError as error:
            raise QueryError(
                "unreachable",
                "The store cannot be reached.",
                "Check that PostgreSQL runs, and the connection perennial_store_reader.",
            ) from error
        self._connection.read_only = True

    def run(self, sql: str, parameters: Mapping[str, Any]) -> tuple[list[Column], Iterator[pl.DataFrame]]:
        """The columns of a statement's result, and its rows. Raises `QueryError` about places of `sql`."""
        statement = read(sql, parameters)
        with _explained(statement, 0):
            check_calls(self._connection, statement.calls)
        cursor: Any
        if statement.is_cursor:
            cursor = psycopg.RawServerCursor(self._connection, "query")
            cursor.itersize, prefix = BATCH, len('DECLARE "query" CURSOR FOR ')
        else:
            cursor, prefix = psycopg.RawCursor(self._connection), 0
        with _explained(statement, prefix):
            cursor.execute(statement.sql.encode(), statement.values)
            columns = [_column(each) for each in cursor.description or ()]
        return columns, _pieces(cursor, columns, statement, prefix)

    def close(self) -> None:
        """End the session."""
        self._connection.close()

    def interrupt(self) -> None:
        """Stop what runs; for another thread."""
        self._connection.cancel()


def _pieces(
    cursor: Any, columns: Sequence[Column], statement: StoreStatement, prefix: int
) -> Iterator[pl.DataFrame]:
    schema: dict[str, pl.DataType] | None = None
    while True:
        with _explained(statement, prefix):
            rows = cursor.fetchmany(BATCH)
        if schema is None:
            schema = {f"c{i}": _dtype(column, i, rows) for i, column in enumerate(columns)}
        elif not rows:
            return
        values = zip(*rows, strict=True) if rows else ([] for _ in columns)
        yield pl.DataFrame(
            [
                pl.Series(name, [_fit(value, dtype) for value in each], dtype=dtype, strict=False)
                for (name, dtype), each in zip(schema.items(), values, strict=True)
            ]
        )


def _column(described: Any) -> Column:
    type_ = str(described.type_display)
    return Column(described.name, type_, kind_of(type_))


def _dtype(column: Column, index: int, rows: Sequence[Sequence[Any]]) -> pl.DataType:
    name = column.type.partition("(")[0]
    if name != "numeric":
        return _TYPES.get(name, pl.String())
    _, _, scale = column.type.rstrip(")").partition(",")
    if scale.isdigit():
        return pl.Decimal(38, int(scale))
    finite = [row[index] for row in rows if row[index] is not None and row[index].is_finite()]
    return pl.Decimal(38, min(max((_digits(value) for value in finite), default=0), _SCALE))


def _digits(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def _fit(value: Any, dtype: pl.DataType) -> Any:
    if value is None:
        return None
    if isinstance(dtype, pl.Decimal):
        if not value.is_finite() or value.adjusted() + dtype.scale >= 38:
            return None
        return round(value, dtype.scale)
    if isinstance(dtype, pl.String) and not isinstance(value, str):
        import json

        nested = isinstance(value, dict | list)
        return json.dumps(plain(value), ensure_ascii=False) if nested else str(plain(value))
    return value


@contextmanager
def _explained(statement: StoreStatement, prefix: int) -> Iterator[None]:
    """Turn the driver's errors into ours; `prefix` characters stand before what was written."""
    try:
        yield
    except errors.QueryCanceled as error:
        raise QueryError("timeout", "The query took too long and was stopped.", "") from error
    except (errors.ReadOnlySqlTransaction, errors.InsufficientPrivilege) as error:
        hint = "Queries may read the tables of the schema insights, no more."
        raise QueryError("refused", _said(error), hint, _place(error, statement, prefix)) from error
    except (errors.UndefinedTable, errors.InvalidSchemaName, errors.UndefinedFunction) as error:
        hint = error.diag.message_hint or "SHOW TABLES lists what there is."
        raise QueryError("missing", _said(error), hint, _place(error, statement, prefix)) from error
    except (errors.DiskFull, errors.OutOfMemory, errors.ConfigurationLimitExceeded) as error:
        hint = "Join on keys, filter earlier, or group before joining."
        raise QueryError("memory", "The store has no room for what lies between.", hint) from error
    except psycopg.OperationalError as error:
        raise QueryError("unreachable", "The store closed the connection.", "Try again.") from error
    except psycopg.Error as error:
        hint = error.diag.message_hint or ""
        state = error.sqlstate or ""
        raise QueryError(_kind(state), _said(error), hint, _place(error, statement, prefix)) from error


def _kind(state: str) -> Kind:
    """By SQLSTATE: 0A is what PostgreSQL does not do in this place, 42 what it does not understand."""
    if state.startswith("0A") or state == "42P11":
        return "refused"
    return "syntax" if state.startswith("42") else "failed"


def _said(error: psycopg.Error) -> str:
    text = (error.diag.message_primary or str(error)).splitlines()[0].rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."


def _place(error: psycopg.Error, statement: StoreStatement, prefix: int) -> Place | None:
    position = error.diag.statement_position
    if position is None:
        return None
    start = int(position) - 1 - prefix
    if not 0 <= start <= len(statement.sql):
        return None
    # PostgreSQL names the beginning: the word there is what it means.
    end = start + 1
    while end < len(statement.sql) and (statement.sql[end].isalnum() or statement.sql[end] in "_."):
        end += 1
    return statement.rewriting.original(Place(start, end))
