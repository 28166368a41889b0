"""Rows of a scheduled query in; a table of the lake, in which each run's rows stand once, out."""

from collections.abc import Sequence

import polars as pl
from deltalake import write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from perennial.errors import TerminalError
from perennial.lake.tables import CONFIGURATION, HOOKS, ConcurrentCommit, Table, properties
from perennial.lake.versions import refuse_newer
from perennial.lake.written import note
from perennial.queries.scheduled import RUN_KEY, Mode


class OutputRefused(TerminalError):
    """The rows do not fit the table that they are for."""


def write(root: str, name: str, rows: pl.DataFrame, mode: Mode, key: Sequence[str], run: str) -> int:
    """Put a run's rows where its query says, in one commit; returns the table's snapshot.

    `create` and `append` replace the rows that the same run has left before, `upsert` those with the same
    key, `overwrite` all of them: whatever is run again leaves the same rows. Raises `OutputRefused`, and
    `ConcurrentCommit` where another writer was faster.

    :param run: what this run is about, such as its interval
    """
    table, rows = Table(root, name, evolves=True), storable(rows)
    refuse_newer(root, writing=True)
    try:
        if mode == "overwrite":
            return _overwrite(table, rows)
        if mode == "upsert":
            return _upsert(table, rows, key)
        return _append(table, rows, run, may_create=mode == "create")
    except CommitFailedError as error:
        raise ConcurrentCommit(f"{name}: {error}") from error
    except DeltaError as error:
        raise OutputRefused(
            f"{name}: the rows do not fit the table ({error}). Give the columns the types that they have "
            "there, or choose another output"
        ) from error


def storable(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows in the types that the lake has; raises `OutputRefused` where a column has no name of its own."""
    if len(set(map(str.lower, rows.columns))) < rows.width:
        raise OutputRefused(f"two columns have the same name: {', '.join(rows.columns)}. Give each an alias")
    return rows.select(_storable(name, dtype) for name, dtype in rows.schema.items())


def _storable(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(dtype, pl.Datetime):
        column = column.dt.cast_time_unit("us")
        return column if dtype.time_zone is None else column.dt.convert_time_zone("UTC")
    if isinstance(dtype, pl.Null | pl.Categorical | pl.Enum | pl.Time):
        return column.cast(pl.String)
    if isinstance(dtype, pl.UInt8 | pl.UInt16 | pl.UInt32 | pl.UInt64):
        return column.cast(pl.Int64)
    if isinstance(dtype, pl.Map):
        raise OutputRefused(f"{name} is a map, which the lake has no type for. Write map_entries({name})")
    return column


def _overwrite(table: Table, rows: pl.DataFrame) -> int:
    write_deltalake(
        table.uri,
        rows,
        mode="overwrite",
        schema_mode="overwrite",
        configuration=CONFIGURATION,
        commit_properties=properties((), 0),
        post_commithook_properties=HOOKS,
    )
    return _noted(table)


def _append(table: Table, rows: pl.DataFrame, run: str, *, may_create: bool) -> int:
    if RUN_KEY in rows.columns:
        raise OutputRefused(f"{RUN_KEY} is the column by which runs are told apart: call yours otherwise")
    if not table.exists():
        if not may_create:
            raise OutputRefused(
                f"there is no table {table.name} to append to; `mode: create` makes it with the first run"
            )
    elif rows.is_empty() and table.scan().filter(pl.col(RUN_KEY) == run).head(1).collect().is_empty():
        return table.version()
    return table.replace_where(rows.with_columns(pl.lit(run).alias(RUN_KEY)), RUN_KEY, run)


def _upsert(table: Table, rows: pl.DataFrame, key: Sequence[str]) -> int:
    if missing := sorted(set(key) - set(rows.columns)):
        raise OutputRefused(
            f"the key {', '.join(missing)} is no column of the result: {', '.join(rows.columns)}"
        )
    if rows.select(key).is_duplicated().any():
        raise OutputRefused(f"several rows have the same key ({', '.join(key)}): group by it")
    if not table.exists():
        return table.append(rows, since=-1)
    same = " AND ".join(f'target."{name}" IS NOT DISTINCT FROM source."{name}"' for name in key)
    merge = table.open().merge(rows, same, source_alias="source", target_alias="target", merge_schema=True)
    merge.when_matched_update_all().when_not_matched_insert_all().execute()
    return _noted(table)


def _noted(table: Table) -> int:
    version = table.version()
    note(table.uri, version)
    return version
