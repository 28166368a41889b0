"""The lake's root in; its tables as SQL names them, with their columns and rows, out."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import polars as pl
from deltalake.exceptions import DeltaError

from perennial.errors import TerminalError
from perennial.lake import changes
from perennial.lake.catalog import Lake
from perennial.lake.history import SnapshotExpired, SnapshotUnknown, snapshots
from perennial.lake.maintenance import tables
from perennial.lake.tables import Table
from perennial.queries.errors import QueryError
from perennial.queries.lake_statement import Named
from perennial.queries.snapshots import Relation


@dataclass(frozen=True)
class Described:
    """A table, as the schema browser shows it."""

    schema: str
    name: str
    columns: list[tuple[str, str]]
    """Names and types."""
    snapshot: int | None = None
    comment: str = ""


class LakeTables:
    """The tables of a lake by the names that SQL gives them: `events.transactions` is `events/transactions`.

    :param pinned: snapshots at which tables are read, by name; the others are read at their newest
    """

    def __init__(self, root: str, pinned: Mapping[str, int] | None = None) -> None:
        self._root, self._pinned = root, dict(pinned or {})
        self._names: list[str] | None = None
        self.read: dict[str, int] = {}
        """Which snapshot of each table was read, by name."""

    @property
    def names(self) -> list[str]:
        """Of all tables that were ever written."""
        if self._names is None:
            self._names = tables(self._root)
        return self._names

    def find(self, named: Named) -> str:
        """The table's name in the lake. Raises `QueryError` where there is none, with what is close."""
        said = ".".join(named.path)
        if len(named.path) == 2:
            wanted = "/".join(named.path)
            found = next((each for each in self.names if each.lower() == wanted.lower()), None)
            if found is not None:
                return found
            if self._declared(wanted) is not None:
                return wanted
        close = get_close_matches(said, [name.replace("/", ".") for name in self.names], 3, 0.5)
        same = [name.replace("/", ".") for name in self.names if name.partition("/")[2] == said]
        meant = ", ".join(dict.fromkeys([*same, *close]))
        hint = f"Did you mean {meant}?" if meant else "SHOW TABLES lists what there is."
        raise QueryError("missing", f"The lake has no table {said}.", hint, named.place)

    def rows(self, name: str) -> pl.LazyFrame:
        """A table's rows, at the snapshot that is pinned or at its newest."""
        table = self.table(name)
        if not table.exists():
            return table.scan()
        self.read[name] = self._pinned[name] if name in self._pinned else table.version()
        return table.scan(self.read[name])

    def relation(self, relation: Relation) -> pl.LazyFrame:
        """What a snapshot clause asks for. Raises `QueryError` where the snapshot cannot be read."""
        named = Named(tuple(relation.table.split("/")), relation.place)
        table = self.table(self.find(named))
        end = relation.end
        if end == changes.TAIL:
            end = self._pinned[table.name] if table.name in self._pinned else table.version()
        if end != changes.HEAD:
            self.read[table.name] = max(end, self.read.get(table.name, end))
        try:
            if relation.is_history:
                return snapshots(table).lazy()
            if end == changes.HEAD:
                return table.scan().clear()
            if relation.start == changes.HEAD and not relation.or_earliest:
                return changes.as_of(table, end)
            return changes.between(table, relation.start, end, fallback=relation.or_earliest)
        except (SnapshotExpired, SnapshotUnknown) as error:
            can = isinstance(error, SnapshotExpired)
            hint = "Add OR EARLIEST to begin there." if can else "history_meta lists the snapshots."
            raise QueryError("snapshot", str(error), hint, relation.place) from None

    def table(self, name: str) -> Table:
        """The table of that name, with the column by which it is laid out."""
        declared = self._declared(name)
        table = Table(self._root, name)
        if not table.exists():
            return declared if declared is not None else table
        partitions = table.open().metadata().partition_columns
        return Table(self._root, name, partition=partitions[0] if partitions else None)

    def describe(self) -> list[Described]:
        """All tables with their columns, in the order of their names."""
        found = []
        for name in self.names:
            schema, _, rest = name.partition("/")
            try:
                table = self.table(name)
                columns = [(each, said(dtype)) for each, dtype in table.scan().collect_schema().items()]
                found.append(Described(schema, rest, columns, table.version()))
            except DeltaError:
                continue
        return found

    def _declared(self, name: str) -> Table | None:
        """A table that reads as empty before anything was written to it."""
        try:
            table = Lake(self._root).named(name)
        except TerminalError:
            return None
        return table if table.schema is not None else None


def said(dtype: pl.DataType) -> str:
    """A type as SQL calls it."""
    if isinstance(dtype, pl.Decimal):
        return f"decimal({dtype.precision},{dtype.scale})"
    if isinstance(dtype, pl.Datetime):
        return "timestamp" if dtype.time_zone is None else "timestamptz"
    if isinstance(dtype, pl.List):
        return f"{said(dtype.inner)}[]"  # type: ignore[arg-type]
    if isinstance(dtype, pl.Struct):
        return "struct(" + ", ".join(f"{each.name} {said(each.dtype)}" for each in dtype.fields) + ")"  # type: ignore[arg-type]
    return _TYPES.get(type(dtype) if isinstance(dtype, pl.DataType) else dtype, str(dtype).lower())


_TYPES: dict[object, str] = {
    pl.String: "varchar",
    pl.Int8: "tinyint",
    pl.Int16: "smallint",
    pl.Int32: "integer",
    pl.Int64: "bigint",
    pl.UInt32: "uinteger",
    pl.UInt64: "ubigint",
    pl.Float32: "float",
    pl.Float64: "double",
    pl.Boolean: "boolean",
    pl.Date: "date",
    pl.Time: "time",
    pl.Binary: "blob",
}
