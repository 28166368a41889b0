"""A query and the tables that it may name in; from which of their columns each of its own comes, out.

What cannot be resolved is left out; where a query cannot be read at all, the tables that it names remain.
"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import Node, lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope

from perennial.lineage.model import Dataset, Derivation, How, Use

Relations = Mapping[str, tuple[Dataset, ...]]
"""By the names that queries use: the datasets that a relation is made from."""
Columns = Mapping[str, Sequence[str]]
"""By the same names, the columns of those relations that are a dataset as it is."""
logging.getLogger("sqlglot").setLevel(logging.ERROR)
"""It warns of whatever it cannot follow, and that is left out anyway."""
_WORSE: tuple[How, ...] = ("identity", "transformation", "aggregation")


def derivation(sql: str, relations: Relations, columns: Columns, dialect: str = "duckdb") -> Derivation:
    """How what a query gives is made."""
    try:
        tree = sqlglot.parse_one(sql, dialect=dialect)
    except SqlglotError:
        return Derivation(also=frozenset(_mentioned(sql, relations)))
    named = {each for table in tree.find_all(exp.Table) for each in relations.get(_name(table), ())}
    return Derivation(dict(_columns(tree, relations, columns, dialect)), also=frozenset(named))


def _columns(
    tree: exp.Expr, relations: Relations, columns: Columns, dialect: str
) -> Iterator[tuple[str, tuple[Use, ...]]]:
    schema: dict[str, object] = {}
    for name, known in columns.items():
        *path, table = name.split(".")
        inner = schema.setdefault(path[0], {}) if path else schema
        if isinstance(inner, dict):
            inner[table] = dict.fromkeys(known, "unknown")
    try:
        query = qualify(
            tree.copy(), schema=schema, dialect=dialect, validate_qualify_columns=False, identify=False
        )
        scope = build_scope(query)
    except (SqlglotError, AttributeError, KeyError, ValueError):
        return
    if scope is None or not isinstance(query, exp.Query):
        return
    for name in query.named_selects:
        try:
            found = tuple(
                dict.fromkeys(_uses(lineage(name, query, schema, dialect=dialect, scope=scope), relations))
            )
        except (SqlglotError, AttributeError, KeyError, ValueError):
            continue
        if found:
            yield name, found


def _uses(node: Node, relations: Relations, so_far: How = "identity") -> Iterator[Use]:
    if isinstance(node.expression, exp.Table):
        datasets = relations.get(_name(node.expression), ())
        column = node.name.rpartition(".")[2].strip('"')
        if len(datasets) == 1 and column != "*":
            yield Use(datasets[0], column, so_far)
        return
    here = _how(node.expression)
    how = here if _WORSE.index(here) > _WORSE.index(so_far) else so_far
    for each in node.downstream:
        yield from _uses(each, relations, how)


def _how(expression: exp.Expr) -> How:
    """What a query does with the columns of one of its own."""
    inner = expression.unalias() if isinstance(expression, exp.Alias) else expression
    if inner.find(exp.AggFunc):
        return "aggregation"
    return "identity" if isinstance(inner, exp.Column | exp.Query) else "transformation"


def _name(table: exp.Table) -> str:
    return ".".join(filter(None, (table.db, table.name)))


def _mentioned(sql: str, relations: Relations) -> Iterator[Dataset]:
    """The tables whose names stand behind FROM or JOIN."""
    for name in re.findall(r"\b(?:FROM|JOIN)\s+([\w.]+)", sql, re.IGNORECASE):
        yield from relations.get(name, ())
