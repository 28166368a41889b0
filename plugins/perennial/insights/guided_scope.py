"""A table and what can be joined to it in; columns as SQL, checked, and the FROM that they need, out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import LiteralString

from psycopg import sql

from perennial.insights.catalogue import Catalogue, Column, Join
from perennial.insights.guided import GuideError

_NUMBERS = ("smallint", "integer", "bigint", "numeric", "decimal", "real", "double precision", "float")
_DAYS = ("date", "timestamp")


def is_number(column: Column) -> bool:
    """Whether a column can be added up."""
    return column.type.lower().startswith(_NUMBERS)


def is_day(column: Column) -> bool:
    """Whether a column holds days or moments."""
    return column.type.lower().startswith(_DAYS)


def quoted(*names: str) -> str:
    """Names as SQL, whatever is in them."""
    return sql.Identifier(*names).as_string(None)


def joined(separator: LiteralString, parts: list[str]) -> str:
    """Those parts that are there."""
    return separator.join(part for part in parts if part)


def indented(text: str) -> str:
    """The same, one level deeper."""
    return "\n".join(f"    {line}" for line in text.split("\n"))


@dataclass
class Once:
    """What is asked of a join of which one row meets several."""

    columns: dict[str, str] = field(default_factory=dict)
    """Expressions by the names that they have outside."""
    conditions: list[str] = field(default_factory=list)
    """Of which some row must be true."""


class Scope:
    """What one question can name; it notes which joins were used.

    :raises GuideError: the catalogue has no such table.
    """

    def __init__(self, table: str, catalogue: Catalogue) -> None:
        if table not in catalogue.tables:
            raise GuideError("table", f"there is no table {table}; there are {', '.join(catalogue.tables)}")
        self.table, self._catalogue = table, catalogue
        self._offered = {join.alias: join for join in catalogue.joins(table)}
        self._used: set[str] = set()

    def find(self, name: str, path: str) -> tuple[str, Column]:
        """A column as SQL, and what is known of it; its table is joined from now on."""
        alias, _, wanted = name.partition(".")
        if alias != self.table and alias not in self._offered:
            known = ", ".join([self.table, *self._offered])
            raise GuideError(path, f"{alias} cannot be joined to {self.table}; there are {known}")
        table = self._catalogue.tables[self.table if alias == self.table else self._offered[alias].table]
        column = next((each for each in table.columns if each.name == wanted), None)
        if column is None:
            known = ", ".join(each.name for each in table.columns)
            raise GuideError(path, f"{table.name} has no column {wanted}; it has {known}")
        self._use(alias)
        return quoted(alias, wanted), column

    def several(self, alias: str) -> str | None:
        """The first join on the way to a table of which one row meets several, if there is one."""
        found = None
        while alias != self.table:
            found = alias if self._offered[alias].many else found
            alias = self._offered[alias].left
        return found

    def clause(self, once: Mapping[str, Once]) -> str:
        """FROM with the joins that are used; rows without a partner stay.

        :param once: joins, each as one row for all rows that are equal in what is asked of them.
        """
        lines = [f"FROM {quoted(self.table)}"]
        for join in self._joins:
            root = self.several(join.alias)
            if root not in once:
                lines.append(_left_join(join))
            elif root == join.alias:
                lines.append(self._once(join, once[root]))
        return "\n".join(lines)

    def _once(self, join: Join, asked: Once) -> str:
        """A join of distinct rows, so that a row on the left meets each combination of values once."""
        keys = [f"{quoted(join.alias, right)} AS key_{n}" for n, (_, right) in enumerate(join.columns)]
        columns = [*keys, *(f"{expression} AS {quoted(name)}" for name, expression in asked.columns.items())]
        below = [
            _left_join(each) for each in self._joins if self.several(each.alias) == join.alias != each.alias
        ]
        where = f"WHERE {' AND '.join(asked.conditions)}" if asked.conditions else ""
        named = quoted(join.table) + ("" if join.alias == join.table else f" AS {quoted(join.alias)}")
        inner = joined(
            "\n", ["SELECT DISTINCT\n" + indented(",\n".join(columns)), f"FROM {named}", *below, where]
        )
        on = " AND ".join(
            f"{quoted(join.left, left)} = {quoted(join.alias)}.key_{n}"
            for n, (left, _) in enumerate(join.columns)
        )
        kind = "JOIN" if asked.conditions else "LEFT JOIN"
        return f"{kind} (\n{indented(inner)}\n) AS {quoted(join.alias)} ON {on}"

    @property
    def _joins(self) -> list[Join]:
        return [join for alias, join in self._offered.items() if alias in self._used]

    def _use(self, alias: str) -> None:
        while alias != self.table:
            self._used.add(alias)
            alias = self._offered[alias].left


def _left_join(join: Join) -> str:
    named = quoted(join.table) + ("" if join.alias == join.table else f" AS {quoted(join.alias)}")
    on = " AND ".join(
        f"{quoted(join.left, left)} = {quoted(join.alias, right)}" for left, right in join.columns
    )
    return f"LEFT JOIN {named} ON {on}"
