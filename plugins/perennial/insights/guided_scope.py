"""A table and what can be joined to it in; columns as SQL, checked, and the FROM that they need, out."""

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

    @property
    def multiplied(self) -> str | None:
        """The join that is used and makes several rows of one, if there is one."""
        return next((join.alias for join in self._joins if join.many), None)

    @property
    def clause(self) -> str:
        """FROM with the joins that are used; rows without a partner stay."""
        lines = [f"FROM {quoted(self.table)}"]
        for join in self._joins:
            named = quoted(join.table) + ("" if join.alias == join.table else f" AS {quoted(join.alias)}")
            on = " AND ".join(
                f"{quoted(join.left, left)} = {quoted(join.alias, right)}" for left, right in join.columns
            )
            lines.append(f"LEFT JOIN {named} ON {on}")
        return "\n".join(lines)

    @property
    def _joins(self) -> list[Join]:
        return [join for alias, join in self._offered.items() if alias in self._used]

    def _use(self, alias: str) -> None:
        while alias != self.table:
            self._used.add(alias)
            alias = self._offered[alias].left
