"""The declared tables in; what can be asked of the store out: tables, columns, and how they are joined.

The same is in the store, in `catalogue_tables`, `catalogue_columns` and `catalogue_foreign_keys`, for
programs that know nothing but the store.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import psycopg

from perennial.insights.model import Kind, Model
from perennial.insights.references import ForeignKey


@dataclass(frozen=True)
class Column:
    """One column."""

    name: str
    type: str
    """As PostgreSQL calls it."""
    comment: str = ""


@dataclass(frozen=True)
class Table:
    """One table or view of the store."""

    name: str
    title: str
    kind: Kind
    grain: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...]


@dataclass(frozen=True)
class Join:
    """A table that can be joined to what was joined before it, in the order in which joins are given."""

    alias: str
    """The table's name, with the column that leads to it where several do."""
    table: str
    left: str
    """The alias of the table that has the foreign key."""
    columns: tuple[tuple[str, str], ...]
    """Pairs of a column on the left, and one of this table."""
    many: bool
    """Whether one row may meet several of this table: sums over the left side then count it several times."""

    @property
    def on(self) -> str:
        """The condition, as SQL."""
        return " AND ".join(f"{self.left}.{left} = {self.alias}.{right}" for left, right in self.columns)


@dataclass(frozen=True)
class Catalogue:
    """All tables, by name."""

    tables: dict[str, Table]

    def of_kind(self, kind: Kind) -> list[Table]:
        """The facts, the dimensions or the lookups."""
        return [table for table in self.tables.values() if table.kind == kind]

    def joins(self, name: str) -> list[Join]:
        """What can be joined to a table by foreign keys, over other dimensions too, the nearest first."""
        found: list[Join] = []
        reached, level = {name}, [(name, name)]
        while level:
            keys = [
                (alias, key)
                for alias, table in level
                for key in self.tables[table].foreign_keys
                if key.table in self.tables and key.table not in reached
            ]
            times = Counter(key.table for _, key in keys)
            level = []
            for left, key in keys:
                alias = key.table if times[key.table] == 1 else f"{key.table}_{key.columns[0]}"
                pairs = tuple(zip(key.columns, key.referenced, strict=True))
                found.append(Join(alias, key.table, left, pairs, self._is_many(key)))
                level.append((alias, key.table))
            reached |= {table for _, table in level}
        return found

    def reach(self, table: str, column: str) -> str | None:
        """A column as questions about a table call it, of itself or of the nearest join that has it.

        :param column: its name, or `table.name` where only that table's is meant
        """
        of, _, name = column.rpartition(".")
        for alias, each in [(table, table), *((join.alias, join.table) for join in self.joins(table))]:
            if of in ("", each) and any(known.name == name for known in self.tables[each].columns):
                return f"{alias}.{name}"
        return None

    def _is_many(self, key: ForeignKey) -> bool:
        return not set(self.tables[key.table].primary_key) <= set(key.referenced)


def describe(models: Iterable[Model]) -> Catalogue:
    """What the declarations say."""
    return Catalogue({model.name: _table(model) for model in models})


def _table(model: Model) -> Table:
    columns = (Column(name, type_, model.comments.get(name, "")) for name, type_ in model.columns.items())
    return Table(
        model.name,
        model.title,
        model.kind,
        model.grain,
        tuple(columns),
        tuple(model.primary_key),
        tuple(model.foreign_keys),
    )


TABLES = """
CREATE TABLE IF NOT EXISTS catalogue_tables (
    table_name text PRIMARY KEY, position integer NOT NULL, title text NOT NULL, kind text NOT NULL,
    grain text NOT NULL, primary_key text[] NOT NULL
);
CREATE TABLE IF NOT EXISTS catalogue_columns (
    table_name text, column_name text, position integer NOT NULL, data_type text NOT NULL,
    comment text NOT NULL, PRIMARY KEY (table_name, column_name)
);
CREATE TABLE IF NOT EXISTS catalogue_foreign_keys (
    table_name text, column_names text[], referenced_table text, referenced_columns text[],
    position integer NOT NULL, PRIMARY KEY (table_name, column_names, referenced_table)
);
"""


def write(connection: psycopg.Connection, catalogue: Catalogue) -> None:
    """Put a catalogue into the store in place of the one that is there, if they differ."""
    connection.execute(TABLES)
    if read(connection) == catalogue:
        return
    connection.execute("DELETE FROM catalogue_tables")
    connection.execute("DELETE FROM catalogue_columns")
    connection.execute("DELETE FROM catalogue_foreign_keys")
    cursor = connection.cursor()
    for number, table in enumerate(catalogue.tables.values()):
        said = (table.name, number, table.title, table.kind, table.grain, list(table.primary_key))
        cursor.execute("INSERT INTO catalogue_tables VALUES (%s, %s, %s, %s, %s, %s)", said)
        cursor.executemany(
            "INSERT INTO catalogue_columns VALUES (%s, %s, %s, %s, %s)",
            [(table.name, each.name, n, each.type, each.comment) for n, each in enumerate(table.columns)],
        )
        cursor.executemany(
            "INSERT INTO catalogue_foreign_keys VALUES (%s, %s, %s, %s, %s)",
            [
                (table.name, list(key.columns), key.table, list(key.referenced), n)
                for n, key in enumerate(table.foreign_keys)
            ],
        )


def read(connection: psycopg.Connection) -> Catalogue:
    """The catalogue that the store has; `search_path` must lead to its schema."""
    columns: dict[str, list[Column]] = {}
    for table, *said in connection.execute(
        "SELECT table_name, column_name, data_type, comment FROM catalogue_columns ORDER BY position"
    ):
        columns.setdefault(table, []).append(Column(*said))
    keys: dict[str, list[ForeignKey]] = {}
    for table, names, other, referenced in connection.execute(
        "SELECT table_name, column_names, referenced_table, referenced_columns FROM catalogue_foreign_keys "
        "ORDER BY position"
    ):
        keys.setdefault(table, []).append(ForeignKey(tuple(names), other, tuple(referenced)))
    tables = connection.execute(
        "SELECT table_name, title, kind, grain, primary_key FROM catalogue_tables ORDER BY position"
    )
    return Catalogue(
        {
            name: Table(name, title, kind, grain, tuple(columns[name]), tuple(key), tuple(keys.get(name, ())))
            for name, title, kind, grain, key in tables
        }
    )
