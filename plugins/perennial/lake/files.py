"""Frames in, Parquet files of a table that nobody sees yet out; a later commit makes them visible at once.

Large batches are written this way: piece by piece, with Polars' own writer, and promoted in one commit.
"""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
from deltalake import DeltaTable, Schema, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, RemoveAction

from perennial.lake import storage
from perennial.lake.listing import listed
from perennial.lake.tables import (
    CONFIGURATION,
    HOOKS,
    RETRIES,
    CommitTransaction,
    ConcurrentCommit,
    Table,
    properties,
)
from perennial.lake.versions import refuse_newer
from perennial.lake.written import note

COMPRESSION: dict[str, Any] = {"compression": "lz4"}
"""Cheap to write, since files are written anew, and smaller, when maintenance compacts them."""
SUMMED_UP = ("batch", "event_time")
"""Columns whose least and greatest value stand in the log, so that readers can leave files out."""

NULL = "__HIVE_DEFAULT_PARTITION__"
"""How a folder is named that holds rows without a value in the partition's column."""


@dataclass(frozen=True)
class DataFile:
    """A Parquet file of a table."""

    path: str
    """Below the table's root."""
    partition: str | None
    size: int
    statistics: str


def write(table: Table, rows: pl.DataFrame, compression: Mapping[str, Any] = COMPRESSION) -> list[DataFile]:
    """Write rows as files of a table, one a partition; no rows, no file."""
    if rows.is_empty():
        return []
    key = table.partition
    if key is None:
        return [_write(table, rows, None, compression)]
    if rows.schema[key] == pl.Date and not storage.is_remote(table.uri):
        return _write_days(table, rows, key, compression)
    parts = rows.partition_by(key, as_dict=True, include_key=False).items()
    return [
        _write(table, part, None if value is None else str(value), compression) for (value,), part in parts
    ]


def discard(table: Table, files: Iterable[DataFile]) -> None:
    """Remove files that were written and will not be committed; on an object store retention does it.

    There nobody can be sure: a commit that was answered with an error may have been written all the same.
    """
    if not storage.is_remote(table.uri):
        storage.remove(table.uri, [file.path for file in files])


def scan(table: Table, files: Sequence[DataFile]) -> pl.LazyFrame:
    """The rows of files that are not committed yet, the partition's column included."""
    frames = []
    for file in files:
        frame = pl.scan_parquet(f"{table.uri}/{file.path}")
        if table.partition is not None:
            day = None if file.partition is None else date.fromisoformat(file.partition)
            frame = frame.with_columns(pl.lit(day, dtype=pl.Date).alias(table.partition))
        frames.append(frame)
    return pl.concat(frames, how="diagonal")


def create(table: Table, schema: pl.Schema) -> int:
    """Make an empty table with these columns where there is none; returns its newest snapshot's id."""
    refuse_newer(table.root, writing=True)
    if not table.exists():
        try:
            DeltaTable.create(
                table.uri,
                _delta(schema),
                mode="error",
                partition_by=table.partition,
                configuration=CONFIGURATION,
            )
        except (DeltaError, CommitFailedError, FileExistsError):
            if not table.exists():
                raise
    known = {field.name for field in table.look(table.version()).schema().fields}
    if fresh := [field for field in _delta(schema).fields if field.name not in known]:
        # Columns that the table does not have yet are optional ones.
        table.open().alter.add_columns(fresh)
    return table.version()


def recreate(table: Table, schema: pl.Schema, transactions: Sequence[CommitTransaction]) -> int:
    """Leave an empty table with these columns, whatever was there; returns the snapshot."""
    refuse_newer(table.root, writing=True)
    try:
        write_deltalake(
            table.uri,
            pl.DataFrame(schema=schema),
            mode="overwrite",
            schema_mode="overwrite",
            partition_by=table.partition,
            configuration=CONFIGURATION,
            # Files that are compacted meanwhile would stay: see `commit`.
            commit_properties=properties(transactions, 0),
            post_commithook_properties=HOOKS,
        )
    except CommitFailedError as error:
        raise ConcurrentCommit(f"{table.name}: {error}") from error
    return table.version()


def commit(
    table: Table,
    added: Sequence[DataFile],
    since: int,
    transactions: Sequence[CommitTransaction],
    removed: Sequence[str] = (),
    retries: int = RETRIES,
    *,
    is_change: bool = True,
) -> int:
    """Make files visible, and those at the paths `removed` invisible, in one commit; returns the snapshot.

    It is no change where the same rows are only stored in another way: who reads what is new overlooks it.
    Raises `ConcurrentCommit` where a commit after snapshot `since` carries the name of one of the
    transactions, or touched what is removed; without `retries`, where there is any commit after it.
    """
    if not removed or not retries:
        return _commit(table, added, since, transactions, removed, retries, is_change)
    numbers = _numbers(table, since, transactions)
    for _ in range(retries):
        try:
            return _commit(table, added, since, transactions, removed, 0, is_change)
        except ConcurrentCommit:
            since = table.version()
        # The Delta library does not mind if what is to be removed was compacted meanwhile, and would leave
        # its rows, which lie in another file by now.
        if gone := set(removed) - set(paths(table, since)):
            raise ConcurrentCommit(f"{table.name}: others have replaced {len(gone)} of the files meanwhile")
        if _numbers(table, since, transactions) != numbers:
            raise ConcurrentCommit(f"{table.name}: another has committed the same meanwhile")
    raise ConcurrentCommit(f"{table.name}: others keep committing")


def _numbers(table: Table, version: int, transactions: Sequence[CommitTransaction]) -> dict[str, int | None]:
    opened = table.look(version)
    return {name: opened.transaction_version(name) for name, _ in transactions}


def _commit(
    table: Table,
    added: Sequence[DataFile],
    since: int,
    transactions: Sequence[CommitTransaction],
    removed: Sequence[str],
    retries: int,
    is_change: bool,
) -> int:
    opened, now = table.look(since), int(time.time() * 1000)
    actions: list[AddAction | RemoveAction] = [
        AddAction(
            file.path,
            file.size,
            {} if table.partition is None else {table.partition: file.partition},
            now,
            is_change,
            file.statistics,
        )
        for file in added
    ]
    actions += [RemoveAction(path, is_change, now) for path in removed]
    try:
        opened.create_write_transaction(
            actions,
            mode="append",
            schema=opened.schema(),
            partition_by=table.partition,
            commit_properties=properties(transactions, retries),
            post_commithook_properties=HOOKS,
        )
    except CommitFailedError as error:
        raise ConcurrentCommit(f"{table.name}: {error}") from error
    version = table.version()
    note(table.uri, version)
    return version


def replace(table: Table, rows: pl.DataFrame, partitions: Iterable[str]) -> int:
    """Put rows in place of those of some partitions, in one commit; returns the snapshot."""
    create(table, rows.schema)
    version, replaced = table.version(), set(partitions)
    old = [path for path, partition in parts(table, version).items() if partition in replaced]
    return commit(table, write(table, rows), version, [], old)


def _write(
    table: Table, rows: pl.DataFrame, partition: str | None, compression: Mapping[str, Any]
) -> DataFile:
    value = NULL if partition is None else partition
    folder = "" if table.partition is None else f"{table.partition}={value}/"
    path = f"{folder}{uuid4().hex}.parquet"
    return DataFile(path, partition, _sink(rows, table.uri, path, compression), _statistics(rows)[0][1])


def _write_days(table: Table, rows: pl.DataFrame, key: str, compression: Mapping[str, Any]) -> list[DataFile]:
    """All days at once: the engine lays them out while it writes."""
    folder = uuid4().hex
    layout = pl.PartitionBy(
        f"{table.uri}/{folder}", key=key, include_key=False, approximate_bytes_per_file=None
    )
    rows.rechunk().lazy().sink_parquet(layout, mkdir=True, **compression)
    found = []
    for day, statistics in _statistics(rows, key):
        (file,) = Path(table.uri, folder, f"{key}={NULL if day is None else day}").iterdir()
        path = file.relative_to(table.uri).as_posix()
        found.append(DataFile(path, None if day is None else str(day), file.stat().st_size, statistics))
    return found


def _sink(rows: pl.DataFrame, uri: str, path: str, compression: Mapping[str, Any]) -> int:
    if not storage.is_remote(uri):
        target = Path(uri, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        rows.write_parquet(target, **compression)
        return target.stat().st_size
    from obstore import put

    buffer = BytesIO()
    rows.write_parquet(buffer, **compression)
    put(storage.opened(uri), path, buffer.getvalue())
    return buffer.tell()


def _statistics(rows: pl.DataFrame, key: str | None = None) -> list[tuple[Any, str]]:
    """What the log says of the rows of each file: how many, and the ends of some columns."""
    known = [name for name in SUMMED_UP if name in rows.columns]
    # The rows of one batch all name it: comparing texts would cost more than the rest.
    same = {name for name in known if rows.schema[name] == pl.String and rows[name].n_unique() == 1}
    ends = [
        pl.len().alias("rows"),
        *((pl.first(name) if name in same else pl.min(name)).alias(f"min {name}") for name in known),
        *((pl.first(name) if name in same else pl.max(name)).alias(f"max {name}") for name in known),
        *(pl.col(name).null_count().alias(f"nulls {name}") for name in known),
    ]
    every = rows.select(pl.lit(None).alias("key"), *ends) if key is None else rows.group_by(key).agg(ends)
    return [
        (
            row.get(key or "key"),
            json.dumps(
                {
                    "numRecords": row["rows"],
                    "minValues": {name: _text(row[f"min {name}"]) for name in known},
                    "maxValues": {name: _text(row[f"max {name}"]) for name in known},
                    "nullCount": {name: row[f"nulls {name}"] for name in known},
                }
            ),
        )
        for row in every.iter_rows(named=True)
    ]


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value


def _delta(schema: pl.Schema) -> Schema:
    return Schema.from_arrow(pl.DataFrame(schema=schema).to_arrow().schema)


def paths(table: Table, version: int) -> list[str]:
    """The paths of all files of a snapshot, below the table's root."""
    return listed(table.look(version), table.partition)["path"].to_list()


def parts(table: Table, version: int) -> dict[str, str]:
    """The files of a snapshot, each with the partition that it holds, as text."""
    return dict(listed(table.look(version), table.partition).select("path", "key").iter_rows())


def holding(table: Table, version: int, column: str, value: str) -> list[str]:
    """The paths of the files that may hold `value` in a text column, by what the log says of them."""
    if version < 0:
        return []
    actions = pl.DataFrame(table.look(version).get_add_actions(flatten=True))
    least, most = f"min.{column}", f"max.{column}"
    if least not in actions.columns:
        return actions["path"].to_list() if actions.height else []
    inside = (pl.col(least) <= value) & (pl.col(most) >= value)
    return actions.filter(inside.fill_null(True))["path"].to_list()
