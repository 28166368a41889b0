"""A snapshot's files out for engines that read Parquet but not our log; the files that they wrote, adopted.

Such an engine is given paths, and writes into a new folder of the table that no snapshot refers to. One
commit then makes its files rows of the table, as if we had written them.
"""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from urllib.parse import unquote

import polars as pl

from perennial.errors import TerminalError
from perennial.lake import files, storage
from perennial.lake.files import DataFile
from perennial.lake.history import files_at, partition_of
from perennial.lake.tables import Table

READERS = 16
"""Footers at a time."""


class ForeignTable(TerminalError):
    """Another engine's features are in use, and a table's files alone are not its rows any more."""


@dataclass(frozen=True)
class Part:
    """Files of a snapshot that have the same columns, with the same types, and one partition."""

    partition: str | None
    schema: pl.Schema
    """What is in the files: the column of the partition is not."""
    paths: list[str]
    """Below the table's root."""


def parts(table: Table, version: int, *, by_partition: bool = True) -> list[Part]:
    """A snapshot's files; without `by_partition`, those of all partitions are put together."""
    if version < 0:
        return []
    features = set(table.open(version).protocol().reader_features or ()) & {
        "deletionVectors",
        "columnMapping",
    }
    if features:
        raise ForeignTable(
            f"{table.name}: {', '.join(sorted(features))} in use, so its files alone are not its rows; "
            "rewrite it without, or read it with Polars"
        )
    # The log writes special characters of folders as a URL does.
    found = [replace(file, path=unquote(file.path)) for file in files_at(table, version)]
    with ThreadPoolExecutor(READERS) as pool:
        schemas = list(pool.map(lambda file: _schema(table, file.path), found))
    groups: dict[tuple[str | None, tuple[tuple[str, str], ...]], Part] = {}
    for file, schema in zip(found, schemas, strict=True):
        partition = file.partition if by_partition else None
        key = partition, tuple((name, str(kind)) for name, kind in schema.items())
        groups.setdefault(key, Part(partition, schema, [])).paths.append(file.path)
    return sorted(groups.values(), key=lambda part: (part.partition or "", part.paths))


def adopt(table: Table, folder: str) -> list[DataFile]:
    """The files with rows that another engine wrote into a folder of the table; a later commit shows them.

    Whatever else it left there, such as markers and empty files, is removed. Raises `ForeignTable` where a
    file has columns that the table does not have, or of another type.
    """
    wanted = {name: kind for name, kind in table.scan().collect_schema().items() if name != table.partition}
    adopted, rest = [], []
    for entry in storage.entries(table.uri, folder):
        rows = _rows(table, entry.path) if entry.path.endswith(".parquet") else 0
        if not rows:
            rest.append(entry.path)
            continue
        schema = dict(_schema(table, entry.path))
        if not schema.items() <= wanted.items():
            raise ForeignTable(f"{table.name}: {entry.path} has {_told(schema)}; expected {_told(wanted)}")
        partition, statistics = partition_of(entry.path, table.partition), json.dumps({"numRecords": rows})
        adopted.append(DataFile(entry.path, partition, entry.size, statistics))
    storage.remove(table.uri, rest)
    return adopted


def abandon(table: Table, folder: str) -> None:
    """Remove what another engine wrote, where nothing of it was committed."""
    storage.remove(table.uri, [entry.path for entry in storage.entries(table.uri, folder)])


def swap(table: Table, added: Sequence[DataFile], partition: str | None, since: int | None = None) -> int:
    """Put files in place of those of one partition, or of the table, in one commit; returns the snapshot.

    Raises `ConcurrentCommit`, and removes the files, where another writer replaced the same rows after
    snapshot `since`, which is the newest unless given.
    """
    since = table.version() if since is None else since
    gone = [file.path for file in files_at(table, since) if file.partition == partition]
    try:
        # Where nothing is removed, only the number tells two writers of the same partition apart.
        mark = (f"swap {partition or table.name}", since + 1)
        return files.commit(table, added, since, [mark], gone)
    except BaseException:
        files.discard(table, added)
        raise


def _schema(table: Table, path: str) -> pl.Schema:
    return pl.scan_parquet(f"{table.uri}/{path}", hive_partitioning=False, glob=False).collect_schema()


def _rows(table: Table, path: str) -> int:
    rows = pl.scan_parquet(f"{table.uri}/{path}", hive_partitioning=False, glob=False).select(pl.len())
    return int(rows.collect().item())


def _told(schema: dict[str, pl.DataType]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in schema.items())
