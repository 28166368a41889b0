"""Frames in, Parquet files of a table that nobody sees yet out; a later commit makes them visible at once.

Large batches are written this way: piece by piece, with Polars' own writer, and promoted in one commit.
"""

import json
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
from deltalake import DeltaTable, Schema
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, RemoveAction

from perennial.lake.tables import (
    CONFIGURATION,
    HOOKS,
    CommitTransaction,
    ConcurrentCommit,
    Table,
    properties,
)

WRITERS = 4
"""Files that are written at a time: a small one does not keep all cores busy."""
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


def write(table: Table, rows: pl.DataFrame) -> list[DataFile]:
    """Write rows as files of a table, one a partition; no rows, no file."""
    if table.partition is None:
        return [_write(table, rows, None)] if rows.height else []
    parts = rows.partition_by(table.partition, as_dict=True, include_key=False)
    keyed = {None if key is None else str(key): part for (key,), part in parts.items()}
    ordered = sorted(keyed.items(), key=lambda item: item[0] or "")
    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(lambda item: _write(table, item[1], item[0]), ordered))


def discard(table: Table, files: Iterable[DataFile]) -> None:
    """Remove files that were written and will not be committed; on an object store retention does it."""
    for file in files:
        if "://" not in table.uri:
            Path(table.uri, file.path).unlink(missing_ok=True)


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


def commit(
    table: Table,
    added: Sequence[DataFile],
    since: int,
    transactions: Sequence[CommitTransaction],
    removed: Sequence[str] = (),
) -> int:
    """Make files visible, and those at the paths `removed` invisible, in one commit; returns the snapshot.

    Raises `ConcurrentCommit` where a commit after snapshot `since` carries the name of one of the
    transactions, or touched what is removed.
    """
    opened, now = table.look(since), int(time.time() * 1000)
    actions: list[AddAction | RemoveAction] = [
        AddAction(
            file.path,
            file.size,
            {} if table.partition is None else {table.partition: file.partition},
            now,
            True,
            file.statistics,
        )
        for file in added
    ]
    actions += [RemoveAction(path, True, now) for path in removed]
    try:
        opened.create_write_transaction(
            actions,
            mode="append",
            schema=opened.schema(),
            partition_by=table.partition,
            commit_properties=properties(transactions),
            post_commithook_properties=HOOKS,
        )
    except CommitFailedError as error:
        raise ConcurrentCommit(f"{table.name}: {error}") from error
    return table.version()


def _write(table: Table, rows: pl.DataFrame, partition: str | None) -> DataFile:
    folder = "" if table.partition is None else f"{table.partition}={partition or NULL}/"
    path = f"{folder}{uuid4().hex}.parquet"
    target = f"{table.uri}/{path}"
    if "://" not in target:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
    size = _sink(rows, target)
    return DataFile(path, partition, size, _statistics(rows))


def _sink(rows: pl.DataFrame, target: str) -> int:
    if "://" not in target:
        rows.write_parquet(target, compression="zstd", compression_level=1, statistics=True)
        return Path(target).stat().st_size
    from io import BytesIO

    from obstore import put
    from obstore.store import from_url

    buffer = BytesIO()
    rows.write_parquet(buffer, compression="zstd", compression_level=1)
    base, _, name = target.rpartition("/")
    put(from_url(base), name, buffer.getvalue())
    return buffer.tell()


def _statistics(rows: pl.DataFrame) -> str:
    known = [name for name in SUMMED_UP if name in rows.columns]
    ends = (
        rows.select(
            *(pl.col(name).min().alias(f"min {name}") for name in known),
            *(pl.col(name).max().alias(f"max {name}") for name in known),
            *(pl.col(name).null_count().alias(f"nulls {name}") for name in known),
        ).row(0, named=True)
        if known
        else {}
    )
    return json.dumps(
        {
            "numRecords": rows.height,
            "minValues": {name: _text(ends[f"min {name}"]) for name in known},
            "maxValues": {name: _text(ends[f"max {name}"]) for name in known},
            "nullCount": {name: ends[f"nulls {name}"] for name in known},
        }
    )


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value


def _delta(schema: pl.Schema) -> Schema:
    return Schema.from_arrow(pl.DataFrame(schema=schema).to_arrow().schema)


def paths(table: Table, version: int) -> list[str]:
    """The paths of all files of a snapshot, below the table's root."""
    actions = pl.DataFrame(table.look(version).get_add_actions(flatten=True))
    return actions["path"].to_list() if actions.height else []


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
