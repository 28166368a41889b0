"""SQL of the lake in, as DuckDB itself reads it; which tables it names out, or why it is refused.

DuckDB's parser gives the whole statement as a tree. What is not reading (`SELECT`, `WITH`, `DESCRIBE`,
`SUMMARIZE`, `EXPLAIN`), and functions that reach out of the query, are refused by that tree, so that neither
comments nor quotes nor nesting hide anything.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

from perennial.queries.errors import Kind, Place, QueryError
from perennial.queries.rewriting import characters
from perennial.queries.tokens import tokens

_READING = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
_SOURCES = {"range", "generate_series", "unnest", "query_table", "json_each", "json_tree", "repeat_row"}
"""Functions that give tables and need nothing but their arguments."""
_HARMLESS = {"random", "uuid", "uuidv4", "uuidv7", "gen_random_uuid", "error"}
"""Functions with side effects that stay within the query."""
_REACHING = ("pg_", "has_", "inet_", "duckdb_", "json_execute", "json_serialize_plan",
             "current_setting", "getvariable", "getenv", "sleep", "write_log", "version", "current_query",
             "txid_", "session_user", "vector_type", "parse_duckdb_log")  # fmt: skip
"""Beginnings of the names of functions that tell or change something of the engine."""
_ALLOWED = {"pg_typeof", "pg_size_pretty"}
_NOWHERE = (1 << 63) - 1
READ_ONLY = "Queries read: SELECT, WITH, FROM, VALUES, DESCRIBE, SUMMARIZE, SHOW TABLES or EXPLAIN."


@dataclass(frozen=True)
class Named:
    """A table that a statement names, by the parts of its name."""

    path: tuple[str, ...]
    place: Place | None


@dataclass(frozen=True)
class Statement:
    """What is run, and what it reads."""

    sql: str
    tables: list[Named]
    is_select: bool
    """Whether it is a table that can be selected from again; an explanation is not."""


def read(connection: duckdb.DuckDBPyConnection, sql: str, macros: set[str]) -> Statement:
    """Parse one statement. Raises `QueryError`; places are those of `sql`.

    :param macros: names of our own functions; the tables that they are given count as named
    """
    text, offset, is_select = _one(connection, sql)
    tree = _tree(connection, text, offset)
    named, hidden = [], set()
    for node in _nodes(tree):
        kind, place = str(node.get("type", "")), _place(node, sql, offset)
        if kind.endswith("_NODE") and kind not in _READING:
            raise QueryError("refused", "Only reading is allowed inside of a query, too.", READ_ONLY, place)
        if "key" in node and isinstance(node.get("value"), dict) and "query_node" in node["value"]:
            hidden.add(node["key"].lower())
        if kind == "BASE_TABLE":
            if node.get("at_clause"):
                hint = "Write AS OF 30 after the table's name, with the number of a snapshot."
                raise QueryError("refused", "Snapshots are not asked for with AT.", hint, place)
            named.append(Named(tuple(node["qualified_name"]["path"]), place))
        elif kind == "SHOW_REF" and node.get("query") is None:
            raise QueryError("refused", "SHOW gives tables only.", "Write SHOW TABLES.", place)
        elif kind == "TABLE_FUNCTION":
            named += _source(node, macros, place, sql, offset)
        elif "function_name" in node:
            _refuse_function(str(node["function_name"]).lower(), place)
    tables = [each for each in named if len(each.path) > 1 or each.path[0].lower() not in hidden]
    return Statement(sql, tables, is_select)


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[str, int, bool]:
    """The text of the one statement without EXPLAIN, where that begins, and whether it gives a table."""
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise explained(error, sql) from None
    found = tokens(sql)
    if not statements or not found:
        raise QueryError("syntax", "There is no query yet.", "Write a SELECT.")
    if len(statements) > 1:
        after = next(index for index, token in enumerate(found) if token.says(";"))
        place = Place(found[after].start, found[-1].end)
        hint = "Take away what follows the semicolon, or run it by itself."
        raise QueryError("refused", "One statement at a time.", hint, place)
    if statements[0].type == duckdb.StatementType.EXPLAIN:
        begin = 1
        while begin < len(found) and found[begin].says("ANALYZE", "VERBOSE"):
            begin += 1
        if begin < len(found) and found[begin].says("(") and found[begin + 1].says("FORMAT", "ANALYZE"):
            begin = next(i for i in range(begin, len(found)) if found[i].says(")")) + 1
        if begin >= len(found):
            raise QueryError("syntax", "There is nothing to explain.", "Write EXPLAIN SELECT ...")
        return sql[found[begin].start :], found[begin].start, False
    if statements[0].type == duckdb.StatementType.MULTI:
        hint = "Write FROM table PIVOT (sum(value) FOR column IN ('a', 'b')), with the values that you want."
        raise QueryError("refused", "A PIVOT has to name its columns here.", hint, found[0].place)
    if statements[0].type != duckdb.StatementType.SELECT:
        said = found[0].text.upper()
        raise QueryError("refused", f"{said} is not allowed here.", READ_ONLY, found[0].place)
    return sql, 0, True


def _tree(connection: duckdb.DuckDBPyConnection, text: str, offset: int) -> dict[str, Any]:
    try:
        rows = connection.execute("SELECT json_serialize_sql($sql)", {"sql": text}).fetchall()
    except duckdb.Error as error:
        raise explained(error, "") from None
    tree: dict[str, Any] = json.loads(rows[0][0])
    if tree["error"]:
        raise QueryError("refused", "This is not allowed here.", READ_ONLY, Place(offset, offset + len(text)))
    return tree


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting += reversed(node.values())
        elif isinstance(node, list):
            waiting += reversed(node)


def _source(
    node: dict[str, Any], macros: set[str], place: Place | None, sql: str, offset: int
) -> Iterator[Named]:
    """The tables that a function in FROM is given by name."""
    function = str(node["function"].get("function_name", "")).lower()
    if function not in _SOURCES | macros:
        raise QueryError(
            "refused",
            f"{function} cannot be read from.",
            "Queries read the lake's tables (SHOW TABLES lists them), and no files, networks or settings.",
            place,
        )
    if function not in macros and function != "query_table":
        return
    given = node["function"].get("arguments", [])
    source = next((each for each in given if each["name"] == "source"), given[0] if given else {})
    named = source.get("expression", {})
    if named.get("class") == "COLUMN_REF":
        yield Named(tuple(named["column_names"]), _place(named, sql, offset))
    elif named.get("class") == "CONSTANT":
        # A name that is put together would be looked up where nobody sees it.
        text = str(named.get("literal", {}).get("text", ""))
        yield Named(tuple(text.replace('"', "").split(".")), _place(named, sql, offset))
    else:
        hint = "Name the table itself, such as events.transactions, or a CTE."
        raise QueryError("refused", f"{function} reads from a table.", hint, place)


def _refuse_function(name: str, place: Place | None) -> None:
    if name in _ALLOWED or name in _HARMLESS:
        return
    if name in acting_functions() or name.startswith(_REACHING):
        raise QueryError(
            "refused",
            f"The function {name} is not allowed here.",
            "It reaches out of the query: to settings, files, or the engine itself.",
            place,
        )


@cache
def acting_functions() -> frozenset[str]:
    """The functions that DuckDB says have side effects."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE has_side_effects"
        ).fetchall()
    return frozenset(name for (name,) in rows)


def _place(node: dict[str, Any], sql: str, offset: int) -> Place | None:
    """Where a node stands; DuckDB counts bytes of the text that it was given, which begins at `offset`."""
    start = node.get("query_location")
    if not isinstance(start, int) or start > _NOWHERE:
        return None
    before = len(sql[:offset].encode())
    return characters(sql, start + before, int(node.get("query_location_length", 1)))


def explained(error: Exception, sql: str, prefix: int = 0) -> QueryError:
    """DuckDB's error about a text, with its place there; needs `errors_as_json`.

    :param prefix: bytes that stood before the text
    """
    text = str(error)
    _, _, body = text.partition("{")
    try:
        values: dict[str, Any] = json.loads("{" + body)
    except ValueError:
        values = {"exception_message": text.partition("\n\nLINE ")[0]}
    message = str(values["exception_message"]).strip()
    start, length = -1, 1
    if "location" in values:
        start, length = (int(number) for number in json.loads(values["location"]))
    elif str(values.get("position", "")).isdigit():
        start = int(values["position"])
    place = characters(sql, start - prefix, length) if prefix <= start <= prefix + len(sql.encode()) else None
    first, _, rest = message.partition("\n")
    kind = _kind(text)
    return QueryError(kind, first.rstrip(".!") + ".", _hint(kind, rest), place)


def _kind(text: str) -> Kind:
    """By how DuckDB begins its message, since Arrow's readers pass on nothing else."""
    return next((kind for begin, kind in _KINDS.items() if text.startswith(begin)), "failed")


_KINDS: dict[str, Kind] = {
    "INTERRUPT": "timeout",
    "Out of Memory": "memory",
    "Permission": "refused",
    "Catalog": "missing",
    "Parser": "syntax",
    "Binder": "syntax",
    "Syntax": "syntax",
}


def _hint(kind: str, rest: str) -> str:
    if kind == "refused":
        return "Queries reach neither files nor networks nor settings."
    names = re.fullmatch(r"Candidate bindings: (.+)", " ".join(rest.split()))
    if names:
        return f"Did you mean {names[1].replace(chr(34), '')}?"
    return " ".join(rest.split())[:500]
