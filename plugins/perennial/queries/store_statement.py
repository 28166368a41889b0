"""SQL of the store in; the same statement with numbered parameters out, or why it is refused.

PostgreSQL itself keeps a query from writing: its role may only read the schema `insights`, in a transaction
that is read-only. What is refused here besides, by the statement's tokens, is what such a role could still
do: run several statements, call functions that act (end connections, take locks, sleep, read files), and look
into the server's own tables. Which functions act, PostgreSQL says: those that it declares volatile.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import psycopg

from perennial.queries.errors import Place, QueryError
from perennial.queries.rewriting import Rewriting
from perennial.queries.tokens import Token, tokens

_READING = ("SELECT", "WITH", "VALUES", "TABLE")
_HARMLESS = {"random", "random_normal", "gen_random_uuid", "uuidv4", "uuidv7", "clock_timestamp", "timeofday"}
_ALLOWED = {"pg_typeof", "pg_size_pretty"}
_REACHING = ("lo_", "inet_", "current_setting", "dblink", "ts_stat", "version", "table_to_xml",
             "query_to_xml", "schema_to_xml", "database_to_xml", "cursor_to_xml")  # fmt: skip
_VOLATILE = (
    "SELECT DISTINCT proname::text FROM pg_catalog.pg_proc WHERE proname = ANY(%s) AND provolatile = 'v'"
)
_DESCRIBE = """
SELECT column_name::text AS column_name, data_type::text AS column_type,
       col_description(format('%I.%I', table_schema, table_name)::regclass, ordinal_position) AS comment
FROM information_schema.columns
WHERE table_schema = current_schema() AND table_name = $1
ORDER BY ordinal_position
"""
_SHOW = """
SELECT c.relname::text AS "table", obj_description(c.oid, 'pg_class') AS title
FROM pg_catalog.pg_class AS c
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
ORDER BY 1
"""
READ_ONLY = "Queries read: SELECT, WITH, VALUES, SHOW TABLES, DESCRIBE table or EXPLAIN."


@dataclass(frozen=True)
class StoreStatement:
    """What is sent to PostgreSQL."""

    rewriting: Rewriting
    sql: str
    values: list[Any]
    """Of $1, $2, ..."""
    calls: dict[str, Token]
    """What may be called, by name: `check_calls` has to be asked."""
    is_cursor: bool
    """Whether its rows can be read piece by piece; an explanation is short."""


def read(sql: str, parameters: Mapping[str, Any]) -> StoreStatement:
    """One statement that reads. Raises `QueryError` where it is anything else."""
    found = _one(sql)
    own = _own(found)
    if own is not None:
        return StoreStatement(Rewriting(sql), own[0], own[1], {}, is_cursor=False)
    first = next((token for token in found if not token.says("(")), found[0])
    is_cursor = not first.says("EXPLAIN")
    if first.says("EXPLAIN"):
        first = _explained(found)
    if not first.says(*_READING):
        hint = "Files, settings and other sessions are out of reach. " + READ_ONLY
        raise QueryError("refused", f"{first.text.upper()} is not allowed here.", hint, first.place)
    _refuse_names(found)
    rewriting, numbers = Rewriting(sql), dict[str, int]()
    for token in found:
        if token.kind == "parameter":
            name = token.text[1:]
            if name not in parameters:
                message = f"The parameter ${name} has no value."
                raise QueryError("parameter", message, "Give it one.", token.place)
            rewriting.replace(token.place, f"${numbers.setdefault(name, len(numbers) + 1)}")
    text = rewriting.result[: len(rewriting.result) - (len(sql) - found[-1].end)]
    return StoreStatement(rewriting, text, [parameters[name] for name in numbers], _calls(found), is_cursor)


def check_calls(connection: psycopg.Connection[Any], calls: Mapping[str, Token]) -> None:
    """Raise `QueryError` where a statement calls a function that acts."""
    names = [name for name in calls if name not in _HARMLESS]
    acting = {row[0] for row in connection.execute(_VOLATILE, (names,))} if names else set()
    for name in names:
        if name in acting or name.startswith(_REACHING):
            raise QueryError(
                "refused",
                f"The function {name} is not allowed here.",
                "It does more than compute: it waits, locks, or reaches out of the query.",
                calls[name].place,
            )


def _one(sql: str) -> list[Token]:
    found = tokens(sql)
    while found and found[-1].says(";"):
        found.pop()
    if not found:
        raise QueryError("syntax", "There is no query yet.", "Write a SELECT.")
    for index, token in enumerate(found):
        if token.says(";"):
            hint = "Take away what follows the semicolon, or run it by itself."
            raise QueryError("refused", "One statement at a time.", hint, Place(token.start, found[-1].end))
        prefix = token.text[:2].upper()
        if prefix == "U&" and token.kind in ("quoted", "string"):
            raise QueryError("refused", "U& is not allowed here.", "Write the letters.", token.place)
        # The second part of such a text would be read with the escapes of the first.
        escaped = token.kind == "string" and prefix[:1] == "E"
        if escaped and index + 1 < len(found) and found[index + 1].text.startswith("'"):
            raise QueryError("refused", "Join texts with ||.", place=found[index + 1].place)
    return found


def _own(found: list[Token]) -> tuple[str, list[Any]] | None:
    """The statements that PostgreSQL does not have, in its own words."""
    if len(found) == 2 and found[0].says("SHOW") and found[1].says("TABLES"):
        return _SHOW, []
    if found[0].says("DESCRIBE", "DESC") and found[-1].kind in ("word", "quoted") and len(found) in (2, 4):
        return _DESCRIBE, [found[-1].name]
    return None


def _explained(found: list[Token]) -> Token:
    """The first word of what is explained."""
    index = 1
    while index < len(found) and found[index].says("ANALYZE", "ANALYSE", "VERBOSE"):
        index += 1
    if index == 1 and len(found) > 1 and found[1].says("(") and not found[2].says("(", *_READING):
        while index < len(found) and not found[index].says(")"):
            index += 1
        index += 1
    while index < len(found) and found[index].says("("):
        index += 1
    if index >= len(found):
        raise QueryError("syntax", "There is nothing to explain.", "Write EXPLAIN SELECT ...", found[0].place)
    return found[index]


def _refuse_names(found: list[Token]) -> None:
    for token in found:
        if token.kind not in ("word", "quoted"):
            continue
        if (
            token.name.startswith("pg_") and token.name not in _ALLOWED
        ) or token.name == "information_schema":
            raise QueryError(
                "refused",
                f"{token.name} is the server's own.",
                "Queries read the schema insights; SHOW TABLES and DESCRIBE say what it has.",
                token.place,
            )


def _calls(found: list[Token]) -> dict[str, Token]:
    calls: dict[str, Token] = {}
    for token, following in pairwise(found):
        if token.kind in ("word", "quoted") and following.says("("):
            calls.setdefault(token.name, token)
    return calls
