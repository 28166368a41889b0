"""SQL with snapshot clauses and parameters in; plain SQL, and which rows of which tables it reads, out.

`FROM events.transactions SINCE 12` reads the rows that came after snapshot 12, `AS OF 30` all rows as of
snapshot 30, `BETWEEN 10 AND 20` those that came in (10, 20]. A clause follows a table or its alias. `HEAD` is
before the first snapshot, `TAIL` the newest one, and a `$parameter` may stand for a number. With
`OR EARLIEST` an expired start is replaced by the earliest snapshot that can be read.
`history_meta('events.transactions')` is a table of the snapshots themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from perennial.lake.changes import HEAD, TAIL
from perennial.queries.errors import Place, QueryError
from perennial.queries.rewriting import Rewriting
from perennial.queries.tokens import Token, quoted, tokens

_ENDS_FROM = ("WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "WINDOW", "QUALIFY", "UNION", "EXCEPT",
              "INTERSECT", "SELECT")  # fmt: skip
_NO_ALIAS = (*_ENDS_FROM, "ON", "USING", "JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "ASOF",
             "ANTI", "SEMI", "POSITIONAL", "LATERAL", "TABLESAMPLE", "PIVOT", "UNPIVOT", "SNAPSHOT", "SINCE",
             "BETWEEN", "AS", "AT", "SAMPLE")  # fmt: skip


@dataclass(frozen=True)
class Relation:
    """Rows of a lake table: those that came in (start, end]; from HEAD on that is all as of `end`."""

    name: str
    """How the plain SQL calls it."""
    table: str
    """The name in the lake, such as `events/transactions`."""
    start: int = HEAD
    end: int = TAIL
    or_earliest: bool = False
    is_history: bool = False
    """Whether it is the list of the table's snapshots, and not its rows."""
    place: Place = field(default=Place(0, 0), compare=False)


@dataclass(frozen=True)
class Plain:
    """SQL without snapshot clauses and parameters."""

    rewriting: Rewriting
    relations: list[Relation]

    @property
    def sql(self) -> str:
        return self.rewriting.result


def plain(sql: str, parameters: Mapping[str, Any]) -> Plain:
    """Replace each snapshot clause by the name of a relation, and each parameter by its value.

    Raises `QueryError` where a clause is not complete, or a value is missing.
    """
    found = tokens(sql)
    relations: dict[str, Relation] = {}
    rewriting, tables = Rewriting(sql), set(_tables(found))
    for index, token in enumerate(found):
        if token.start < rewriting.done:
            continue
        if token.kind == "parameter":
            rewriting.replace(token.place, literal(_value(token, parameters)))
        elif index in tables and (read := _reference(sql, found, index, parameters)) is not None:
            relation, text = read
            rewriting.replace(relation.place, text)
            relations.setdefault(relation.name, relation)
    return Plain(rewriting, [*relations.values()])


def literal(value: Any) -> str:
    """A value as DuckDB reads it in a statement."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return f"({value})"
        case float():
            return f"'{value!r}'::DOUBLE"
        case datetime():
            return (
                f"TIMESTAMPTZ '{value.isoformat()}'" if value.tzinfo else f"TIMESTAMP '{value.isoformat()}'"
            )
        case date():
            return f"DATE '{value.isoformat()}'"
        case _:
            return "'" + str(value).replace("'", "''") + "'"


def _value(token: Token, parameters: Mapping[str, Any]) -> Any:
    name = token.text[1:]
    if name not in parameters:
        raise QueryError("parameter", f"The parameter ${name} has no value.", "Give it one.", token.place)
    return parameters[name]


def _tables(found: list[Token]) -> list[int]:
    """Where the references to tables begin, by position among the tokens."""
    begins, inside, reading = [], [], False
    for index, token in enumerate(found):
        if token.says("(", "[", "{"):
            inside.append(reading)
            reading = False
        elif token.says(")", "]", "}"):
            reading = inside.pop() if inside else False
        elif token.says("FROM", "JOIN"):
            distinct = index > 1 and found[index - 1].says("DISTINCT") and found[index - 2].says("IS", "NOT")
            reading = reading if distinct else True
        elif token.says(*_ENDS_FROM):
            reading = False
        before = found[index - 1] if index else None
        if (
            before is not None
            and token.kind in ("word", "quoted")
            and (before.says("FROM", "JOIN") or (before.says(",") and reading))
        ):
            begins.append(index)
    return begins


def _reference(
    sql: str, found: list[Token], first: int, parameters: Mapping[str, Any]
) -> tuple[Relation, str] | None:
    """A table with its clause, and the text in its place; None where there is no clause."""
    reader = _Reader(sql, found, first)
    parts = [reader.take().name]
    if parts == ["history_meta"] and reader.sees("("):
        return _history(reader, found[first])
    while reader.sees(".") and reader.index + 1 < len(found):
        reader.take()
        parts.append(reader.take().name)
    name_end = found[reader.index - 1].end
    alias = _alias(reader)
    clause = _clause(reader, parameters)
    if clause is None:
        return None
    if len(parts) != 2:
        said = sql[found[first].start : name_end]
        raise QueryError(
            "snapshot",
            f"A snapshot clause follows a table of the lake; {said} is none.",
            "Name it as area.table, such as events.transactions. Sub-queries and CTEs have no snapshots.",
            Place(found[first].start, name_end),
        )
    if alias is None:
        alias = _alias(reader)
    start, end, or_earliest = clause
    bounds = f"{_said(start)} to {_said(end)}{' or earliest' if or_earliest else ''}"
    label, table = f"{'.'.join(parts)} ({bounds})", "/".join(parts)
    place = Place(found[first].start, found[reader.index - 1].end)
    relation = Relation(label, table, start, end, or_earliest, place=place)
    return relation, f"{quoted(label)} AS {alias if alias is not None else quoted(parts[-1])}"


def _history(reader: "_Reader", first: Token) -> tuple[Relation, str]:
    reader.take()
    named = reader.take()
    if named.kind != "string" or not reader.sees(")"):
        raise QueryError(
            "snapshot",
            "history_meta takes the name of a table, in quotes.",
            "Write history_meta('events.transactions').",
            first.place,
        )
    last = reader.take()
    table = named.text.strip("'")
    label = f"snapshots of {table}"
    alias = _alias(reader)
    end = reader.found[reader.index - 1].end if alias is not None else last.end
    place = Place(first.start, end)
    relation = Relation(label, table.replace(".", "/", 1), is_history=True, place=place)
    return relation, f"{quoted(label)} AS {alias or 'history_meta'}"


class _Reader:
    """Tokens, one after the other."""

    def __init__(self, sql: str, found: list[Token], index: int) -> None:
        self.sql, self.found, self.index = sql, found, index

    def sees(self, *words: str, ahead: int = 0) -> bool:
        at = self.index + ahead
        return at < len(self.found) and self.found[at].says(*words)

    def take(self) -> Token:
        if self.index >= len(self.found):
            end = len(self.sql)
            raise QueryError("syntax", "The query ends too early.", place=Place(max(end - 1, 0), end))
        self.index += 1
        return self.found[self.index - 1]


def _alias(reader: _Reader) -> str | None:
    """An alias as it was written, if one follows; `AS OF 30` is none."""
    if reader.sees("AS") and not reader.sees("OF", ahead=1):
        reader.take()
        return reader.take().text
    following = reader.found[reader.index] if reader.index < len(reader.found) else None
    if following is not None and (
        following.kind == "quoted" or (following.kind == "word" and not following.says(*_NO_ALIAS))
    ):
        return reader.take().text
    return None


def _clause(reader: _Reader, parameters: Mapping[str, Any]) -> tuple[int, int, bool] | None:
    explicit = reader.sees("SNAPSHOT")
    if explicit:
        reader.take()
    if reader.sees("SINCE"):
        reader.take()
        start, end = _bound(reader, parameters), TAIL
    elif reader.sees("AS") and reader.sees("OF", ahead=1):
        reader.take(), reader.take()
        start, end = HEAD, _bound(reader, parameters)
    elif reader.sees("BETWEEN"):
        reader.take()
        start = _bound(reader, parameters)
        if not reader.sees("AND"):
            where = reader.found[reader.index - 1].place
            raise QueryError("syntax", "BETWEEN needs two snapshots.", "Write BETWEEN 10 AND 20.", where)
        reader.take()
        end = _bound(reader, parameters)
    elif explicit:
        where = reader.found[reader.index - 1].place
        hint = "Write SNAPSHOT SINCE 12, SNAPSHOT AS OF 30 or SNAPSHOT BETWEEN 10 AND 20."
        raise QueryError("syntax", "SNAPSHOT needs SINCE, AS OF or BETWEEN.", hint, where)
    else:
        return None
    or_earliest = reader.sees("OR") and reader.sees("EARLIEST", ahead=1)
    if or_earliest:
        reader.take(), reader.take()
    return start, end, or_earliest


def _bound(reader: _Reader, parameters: Mapping[str, Any]) -> int:
    token = reader.take()
    if token.says("HEAD", "TAIL"):
        return HEAD if token.says("HEAD") else TAIL
    value = _value(token, parameters) if token.kind == "parameter" else token.text
    text = str(value).strip()
    if token.kind == "parameter" and text.upper() in ("HEAD", "TAIL"):
        return HEAD if text.upper() == "HEAD" else TAIL
    if token.kind not in ("number", "parameter") or not text.isdigit():
        raise QueryError(
            "snapshot",
            f"{token.text} is no snapshot{f': {text!r}' if token.kind == 'parameter' else ''}.",
            "A snapshot is a whole number, HEAD or TAIL; history_meta('area.table') lists them.",
            token.place,
        )
    return int(text)


def _said(bound: int) -> str:
    return {HEAD: "HEAD", TAIL: "TAIL"}.get(bound, str(bound))
